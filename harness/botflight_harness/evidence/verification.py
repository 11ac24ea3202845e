"""Whether an entry says what its JSON says, and its JSON what the commit says."""

import re
from pathlib import Path

import orjson

from botflight_harness.evidence import repository
from botflight_harness.evidence.archive import digest
from botflight_harness.evidence.changelog import all_proofs
from botflight_harness.evidence.entry import Entry
from botflight_harness.evidence.markdown import EVIDENCE, HEADING, SEPARATOR, rendered

_NAMED = re.compile(re.escape(EVIDENCE) + r"`(?P<twin>[^`]+)`, sha256 (?P<digest>[0-9a-f]{64})")


def verify(text: Path, *, twin: Path | None = None, repository_folder: Path) -> list[str]:
    """Check the last entry of `text`, an entry or a log, and return what is wrong with it.

    `twin` is its JSON; without it the file that the entry names is looked for beside `text` and in
    build/evidence. The commit is looked for in the repository at `repository_folder`.
    """
    body = text.read_text("utf-8").removeprefix(HEADING).split(SEPARATOR)[-1].lstrip("\n")
    named = _NAMED.search(body)
    if named is None:
        return [f"{text}: its last entry names no JSON"]
    path = twin or _found(named["twin"], text, repository_folder)
    if path is None or not path.exists():
        return [f"{named['twin']} is not there; name it with --json"]
    data = path.read_bytes()
    if digest(data) != named["digest"]:
        return [f"{path} is not the file of this entry: its SHA-256 differs"]
    values = orjson.loads(data)
    entry = Entry.of(values)
    return [
        *_against_json(entry, body, str(values["status"]), twin=named["twin"], known_digest=named["digest"]),
        *_against_commit(entry, repository_folder),
    ]


def _found(name: str, text: Path, folder: Path) -> Path | None:
    places = (text.parent, folder / "build" / "evidence")
    return next((place / name for place in places if (place / name).exists()), None)


def _against_json(entry: Entry, body: str, status: str, *, twin: str, known_digest: str) -> list[str]:
    found = []
    if rendered(entry, twin=twin, digest=known_digest).rstrip("\n") != body.rstrip("\n"):
        found.append("the text differs from what its JSON says")
    if entry.status != status:
        found.append(f"the status should be {entry.status}: {'; '.join(entry.blockers)}")
    return found


def _against_commit(entry: Entry, folder: Path) -> list[str]:
    if not repository.contains(folder, entry.commit):
        return [f"commit {entry.commit} is not in the history of what is checked out"]
    paths = dict.fromkeys(proof.partition("::")[0] for proof in all_proofs(entry.changes))
    return [
        f"commit {entry.commit} has no {path}" for path in paths if not repository.has_file(folder, entry.commit, path)
    ]
