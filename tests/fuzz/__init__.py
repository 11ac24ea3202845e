"""Whatever may come in, drawn at random and again by its seed: updates through the bot, requests to every address."""
