"""KIE (kie.ai) as the provider: what it says on the wire, what it asks of us, and what becomes of its errors."""
