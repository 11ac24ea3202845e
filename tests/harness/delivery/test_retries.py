from random import Random

from botflight_harness.delivery.retries import pause_ms


def test_the_pause_doubles_up_to_two_minutes() -> None:
    """At once, then 2, 4, 8 seconds and so on; from a minute on it is 60 to 120 at random."""
    random = Random(0)

    pauses = [pause_ms(failures, retry_after_s=None, random=random) for failures in range(1, 12)]

    assert pauses[:6] == [0, 2_000, 4_000, 8_000, 16_000, 32_000]
    assert all(60_000 <= pause < 120_000 for pause in pauses[6:])


def test_retry_after_is_honoured_up_to_an_hour() -> None:
    """Whatever the service asks beyond it."""
    random = Random(0)

    assert pause_ms(1, retry_after_s=1, random=random) == 1_000
    assert pause_ms(3, retry_after_s=90_000, random=random) == 3_600_000
