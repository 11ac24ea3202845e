import botflight_harness
from botflight_harness import telegram as door


def test_the_door_is_sorted_and_every_name_opens() -> None:
    """What outsiders use is listed once, in order, and can be had."""
    names = botflight_harness.__all__

    assert names == sorted(names)
    assert all(getattr(botflight_harness, name).__name__ == name for name in names)
    assert set(names) <= set(dir(botflight_harness))


def test_the_inner_door_is_sorted_too() -> None:
    """And complete."""
    assert door.__all__ == sorted(door.__all__)
    assert all(hasattr(door, name) for name in door.__all__)


def test_an_unknown_name_is_no_attribute() -> None:
    """As with any module."""
    assert not hasattr(botflight_harness, "Telepathy")
