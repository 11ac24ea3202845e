"""The application that a bot's own program would run, and how it would run it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from telegram.ext import Application, ApplicationBuilder

AnyApplication = Application[Any, Any, Any, Any, Any, Any]
AnyBuilder = ApplicationBuilder[Any, Any, Any, Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """What a program says of how it gets its updates, such as allowed_updates: the arguments of run_polling."""

    options: Mapping[str, Any]

    @property
    def allowed_updates(self) -> list[str] | None:
        """The kinds that the bot asks for; None leaves them as they were."""
        kinds = self.options.get("allowed_updates")
        return None if kinds is None else [str(kind) for kind in kinds]

    @property
    def drops_pending(self) -> bool:
        """Whether what waits at the start is thrown away."""
        return bool(self.options.get("drop_pending_updates"))

    def of(self, *names: str) -> dict[str, Any]:
        """Return the options of these names that were given."""
        return {name: self.options[name] for name in names if name in self.options}


def application_of(main: Callable[[], object]) -> AnyApplication:
    """Run a bot's `main` as far as its `run_polling` or `run_webhook`, and return the application that it would run.

        async with PTBHarness(application_of(my_bot.main), telegram):

    What it says of its updates there, such as `allowed_updates`, holds in the harness. Raises LookupError when
    `main` returns without running one.
    """
    built: list[AnyApplication] = []

    def note(application: AnyApplication, *_: object, **options: object) -> None:
        # It has slots and no room for more, so it becomes an instance of a subclass that knows.
        kind = type(application)
        application.__class__ = type(kind.__name__, (kind,), {"__slots__": (), "botflight_run": Run(options)})
        built.append(application)

    with patch.object(Application, "run_polling", note), patch.object(Application, "run_webhook", note):
        main()
    if not built:
        raise LookupError(f"{main.__qualname__} ran no application")
    return built[-1]


def run_of(application: AnyApplication) -> Run:
    """Return how the program of an application would run it."""
    run = getattr(application, "botflight_run", None)
    return run if isinstance(run, Run) else Run({})
