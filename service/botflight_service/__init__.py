"""The bot that sells AI generations."""
