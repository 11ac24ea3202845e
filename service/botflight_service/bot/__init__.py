"""The bot on top of python-telegram-bot: conversation, features, texts, and what goes out."""
