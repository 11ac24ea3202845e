"""Who makes the files: the Protocol, and the local provider."""
