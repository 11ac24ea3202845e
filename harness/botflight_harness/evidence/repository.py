"""What git says of the working copy."""

import subprocess
from collections.abc import Collection
from pathlib import Path


class RepositoryError(Exception):
    """Git cannot answer; the text is git's own."""


def head(folder: Path) -> str:
    """The commit that is checked out. Raises RepositoryError."""
    return _git(folder, "rev-parse", "HEAD").strip()


def uncommitted(folder: Path, *, but: Collection[str] = ()) -> list[str]:
    """The files that differ from the commit, new ones included, `but` some. Raises RepositoryError."""
    lines = _git(folder, "status", "--porcelain", "--untracked-files=all").splitlines()
    return sorted({line[3:] for line in lines} - set(but))


def contains(folder: Path, commit: str) -> bool:
    """Tell whether the commit is the one that is checked out or among those before it."""
    return _succeeds(folder, "merge-base", "--is-ancestor", commit, "HEAD")


def has_file(folder: Path, commit: str, path: str) -> bool:
    """Tell whether the commit has a file."""
    return _succeeds(folder, "cat-file", "-e", f"{commit}:{path}")


def _git(folder: Path, *words: str) -> str:
    ended = _run(folder, words)
    if ended.returncode:
        raise RepositoryError(ended.stderr.strip())
    return ended.stdout


def _succeeds(folder: Path, *words: str) -> bool:
    return _run(folder, words).returncode == 0


def _run(folder: Path, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    command = ["git", "-C", str(folder), *words]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - git
    except FileNotFoundError:
        raise RepositoryError("git is not installed") from None
