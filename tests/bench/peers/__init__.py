"""The bots that the service is measured beside. Each does one thing: it echoes a text with one sendMessage."""
