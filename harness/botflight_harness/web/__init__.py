"""The chat page: people talk with a bot by hand, and a developer sees what happens behind it."""
