"""Dice and what they can show."""

from collections.abc import Mapping

#: The highest value of each; the lowest is 1 (https://core.telegram.org/bots/api#dice).
DICE: Mapping[str, int] = {"🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "🎰": 64}
