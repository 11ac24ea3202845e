"""What the processes of one run share: a folder of journals, and environment variables that lead to it."""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from botflight_harness.network.hook import ALLOW, JOURNAL
from botflight_harness.network.journal import Journal

#: The kernel's layers that the launcher put in place, by name.
LAYERS = "BOTFLIGHT_NETWORK_LAYERS"
#: Why a layer is missing.
REFUSED = "BOTFLIGHT_NETWORK_REFUSED"
#: `kernel`: refuse to run with less.
REQUIRE = "BOTFLIGHT_NETWORK_REQUIRE"
#: The worker of pytest-xdist that shall enter a namespace of its own as it starts.
ENTER = "BOTFLIGHT_NETWORK_ENTER"

VARIABLES = (ALLOW, JOURNAL, LAYERS, REFUSED, REQUIRE, ENTER)

#: The label of the process that the launcher starts; workers have theirs (gw0, gw1).
MAIN = "main"

#: The folder that brings the audit hook into child Pythons.
CHILD_FOLDER = Path(__file__).with_name("child")
_SUFFIX = ".jsonl"


class Accounted(NamedTuple):
    """What a process of pytest has shown: the journal up to a byte, the kernel's counter up to a number."""

    journal_bytes: int
    no_routes: int


class State(NamedTuple):
    """The folder of one run."""

    folder: Path

    @classmethod
    def create(cls) -> "State":
        """Make a folder. As root it is open to the users that tests may go on as."""
        # tempfile takes 2 ms to import.
        parent = Path(os.environ.get("TMPDIR") or os.environ.get("TEMP") or "/tmp")  # noqa: S108 - the name is random
        state = cls(parent / f"botflight-network-{os.urandom(8).hex()}")
        state.folder.mkdir(mode=0o700)
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            state.folder.chmod(0o755)
        state.prepare(MAIN)
        return state

    @classmethod
    def of(cls, journal: str) -> "State":
        """The folder in which a journal is."""
        return cls(Path(journal).parent)

    def prepare(self, label: str) -> str:
        """Make the journal of `label`, which users other than root may append to. Returns its path."""
        path = self.folder / f"{label}{_SUFFIX}"
        path.touch()
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            path.chmod(0o666)
        return str(path)

    def journal(self, label: str) -> Journal:
        """The journal of `label`."""
        return Journal(str(self.folder / f"{label}{_SUFFIX}"))

    def labels(self) -> list[str]:
        """Every process that has a journal, the first one first."""
        found = sorted(path.name.removesuffix(_SUFFIX) for path in self.folder.glob(f"*{_SUFFIX}"))
        return sorted(found, key=lambda label: label != MAIN)

    @property
    def socket(self) -> str:
        """Where the launcher takes the sockets of new namespaces."""
        return str(self.folder / "launcher.sock")

    def account(self, label: str, accounted: Accounted) -> None:
        """Note what was shown, for the launcher, which looks after the end as well."""
        values = {"journal_bytes": accounted.journal_bytes, "no_routes": accounted.no_routes}
        (self.folder / f"{label}.accounted").write_text(json.dumps(values))

    def accounted(self, label: str) -> Accounted | None:
        """Return what was shown, or nothing when the plugin never ran."""
        try:
            text = (self.folder / f"{label}.accounted").read_text()
        except FileNotFoundError:
            return None
        return Accounted(**json.loads(text))

    def remove(self) -> None:
        """Delete the folder."""
        with contextlib.suppress(OSError):
            for path in self.folder.iterdir():
                path.unlink()
            self.folder.rmdir()


def label_of(journal: str) -> str:
    """The label of a journal's path."""
    return Path(journal).name.removesuffix(_SUFFIX)


def with_child_folder(environment: Mapping[str, str]) -> str:
    """PYTHONPATH with the folder of the audit hook before whatever is there."""
    others = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]
    return os.pathsep.join([str(CHILD_FOLDER), *(entry for entry in others if entry != str(CHILD_FOLDER))])


def without_guard(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without what a guard around this process put there."""
    theirs = {*VARIABLES, "PYTEST_CURRENT_TEST"}
    kept = {
        name: value
        for name, value in environment.items()
        if name not in theirs and not name.startswith("PYTEST_XDIST_")
    }
    others = [entry for entry in kept.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != str(CHILD_FOLDER)]
    kept.pop("PYTHONPATH", None)
    return {**kept, "PYTHONPATH": os.pathsep.join(others)} if others else kept
