"""The command `botflight`: what it can do, and the way to each command. Nothing is loaded that is not asked for."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

EXIT_OK = 0
#: A person can mend it: the usage, a setting, a busy port, a store that cannot be used.
EXIT_MENDABLE = 2
#: What shells give to a process that Ctrl-C ended: 128 and the signal's number.
EXIT_INTERRUPTED = 130
#: Likewise for a reader that went away.
EXIT_PIPE_CLOSED = 141

_ABOUT = "A Telegram bot that sells AI generations, and proves that it charged once and lost nothing."
_EPILOG = """\
examples:
  botflight sandbox                    the bot beside a simulated Telegram: open the page that it names
  botflight check                      what is set, what is missing
  botflight serve                      the bot behind a webhook
  botflight COMMAND --help             what a command does and needs

Settings come from the environment, and from a file .env in the working directory.

exit codes: 0 fine, 2 something that you can mend (one line says what), 130 interrupted.
`botflight preflight` gives 1 for warnings."""


@dataclass(frozen=True, slots=True)
class Command:
    """A word on the command line, and the module whose `main(arguments)` does the rest and gives the exit code."""

    name: str
    module: str
    summary: str


COMMANDS = (
    Command("sandbox", "botflight_service.commands.sandbox", "the bot beside a simulated Telegram, with a chat page"),
    Command("serve", "botflight_service.commands.serve", "the bot behind a webhook: Telegram calls it"),
    Command("polling", "botflight_service.commands.polling", "the bot without a webhook: it asks Telegram"),
    Command("check", "botflight_service.commands.check", "what is set and what is missing; opens the store"),
    Command("preflight", "botflight_diagnostics.run_billing_preflight", "does the money hold together, and how to fix"),
    Command("storage", "botflight_service.commands.storage", "export, import, check or migrate the store"),
    Command("harness", "botflight_harness.__main__", "a simulated Telegram for a bot of yours, in any language"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (by default that of the process); the exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    command = next((known for known in COMMANDS if given and known.name == given[0]), None)
    try:
        return _page(given) if command is None else _entry(command)(given[1:])
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # `botflight ... | head`: what is left to write goes nowhere, and the interpreter is not to complain of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE_CLOSED


def _entry(command: Command) -> Callable[[Sequence[str]], int]:
    """What runs a command. Ends the process where an extra is not installed."""
    try:
        entry: Callable[[Sequence[str]], int] = import_module(command.module).main
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.startswith("botflight"):
            raise
        sys.stderr.write(
            f"botflight: {command.name} needs {missing.name}: install it with pip install 'botflight[service]'\n"
        )
        raise SystemExit(EXIT_MENDABLE) from None
    return entry


def _page(given: Sequence[str]) -> int:
    """The overview: asked for, or shown because no command was named."""
    parser = _parser()
    if not given:
        parser.print_help(sys.stderr)
        return EXIT_MENDABLE
    options = parser.parse_args(given)
    if options.version:
        sys.stdout.write(f"botflight {_version()}\n")
        return EXIT_OK
    parser.print_usage(sys.stderr)
    sys.stderr.write(f"botflight: {_unknown(options.command or '')}\n")
    return EXIT_MENDABLE


def _parser() -> argparse.ArgumentParser:
    width = max(len(command.name) for command in COMMANDS)
    listed = "\n".join(f"  {command.name:{width}}  {command.summary}" for command in COMMANDS)
    parser = argparse.ArgumentParser(
        prog="botflight",
        usage="botflight COMMAND [options]",
        description=f"{_ABOUT}\n\ncommands:\n{listed}",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="show the version and end")
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _unknown(word: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - for a slip alone

    close = get_close_matches(word, [command.name for command in COMMANDS], n=1)
    return f"there is no command {word!r}" + (f": did you mean {close[0]}?" if close else "")


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - its import takes as long as all the rest

    return version("botflight")


if __name__ == "__main__":
    sys.exit(main())
