# noqa: INP001 -- a script, not a package
"""Writes the reduced Bot API schema: names, types, required, limits and returns, and no prose.

The facts come from the schema that ships in aiogram's source distribution (MIT). Run it as
`python harness/schema/make_schema.py`, or give it an archive that you already have.
"""

import argparse
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

AIOGRAM = "aiogram==3.31.0"
TARGET = Path(__file__).resolve().parent.parent / "botflight_harness" / "telegram" / "schema.json"
SCHEMA_MEMBER = ".butcher/schema/schema.json"
SIZE_LIMIT_BYTES = 150_000

#: "1-4096 characters", "Values between 1-100", "List of 1-30 tasks", "must be between 60 and 86400".
COUNTED = re.compile(r"\b(\d+)-(\d+) (characters|bytes)\b", re.IGNORECASE)
LISTED = re.compile(r"list of (\d+)-(\d+) ", re.IGNORECASE)
BETWEEN = re.compile(r"(?:between (\d+)(?:-| and )(\d+)|[;,] (\d+)-(\d+)(?=[.;,]|$))")
RETURNING = re.compile(r"__returning__ = (.+)")
METHOD_NAME = re.compile(r'__api_method__ = "(\w+)"')
SUBTYPE = re.compile(r'<li><a href="#\w+">([A-Z]\w+)</a></li>')


def download(into: Path) -> Path:
    """Fetch the source distribution with pip, and return the archive's path."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--no-binary", "aiogram", "--no-build-isolation", "--dest", str(into), AIOGRAM]
    subprocess.run(command, check=True)  # noqa: S603 -- fixed arguments
    return next(into.glob("aiogram-*.tar.gz"))


def read_archive(archive: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the published schema, and the return type of each method as aiogram's classes declare it."""
    returns: dict[str, str] = {}
    schema: dict[str, Any] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            path = member.name.partition("/")[2]
            if path == SCHEMA_MEMBER:
                schema = json.load(_member(tar, member))
            elif re.fullmatch(r"aiogram/methods/\w+\.py", path):
                returns.update(_declared_return(_member(tar, member).read().decode()))
    return schema, returns


def _member(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Any:  # noqa: ANN401 -- tarfile's own reader
    reader = tar.extractfile(member)
    if reader is None:
        raise SystemExit(f"{member.name} is no file")
    return reader


def _declared_return(source: str) -> Iterator[tuple[str, str]]:
    method, returning = METHOD_NAME.search(source), RETURNING.search(source)
    if method and returning:
        yield method[1], python_type(returning[1])


def python_type(annotation: str) -> str:
    """Turn `list[Message]` or `Message | bool` into the notation of the schema file."""
    names = {"bool": "Boolean", "int": "Integer", "str": "String", "float": "Float"}
    annotation = re.sub(r"\s*\|\s*", "|", annotation.strip())
    annotation = re.sub(r"Result(\w+)Union", r"\1", annotation)
    annotation = re.sub(r"(?i)list\[(.+)\]", r"[\1]", annotation)
    return re.sub(r"\b(bool|int|str|float)\b", lambda found: names[found[1]], annotation)


def published_type(text: str) -> str:
    """Turn `Array of Array of Integer or String` into `[[Integer|String]]`."""
    if text.startswith("Array of "):
        return f"[{published_type(text.removeprefix('Array of '))}]"
    return "|".join(re.split(r", | or | and ", text))


def limit(description: str) -> str:
    """Return ` 1..4096 characters` and the like when the description names a limit."""
    if counted := COUNTED.search(description):
        return f" {counted[1]}..{counted[2]} {counted[3].lower()}"
    if listed := LISTED.search(description):
        return f" {listed[1]}..{listed[2]} items"
    if between := BETWEEN.search(description):
        low, high = (part for part in between.groups() if part is not None)
        return f" {low}..{high}"
    return ""


def field(annotation: Mapping[str, Any]) -> str:
    """Return one field as `Type`, `Type!` when required, with its limit behind."""
    required = "!" if annotation.get("required") else ""
    return published_type(annotation["type"]) + required + limit(annotation["description"])


def reduce(published: Mapping[str, Any], returns: Mapping[str, str]) -> dict[str, Any]:
    """Return the facts of the published schema."""
    methods: dict[str, Any] = {}
    types: dict[str, Any] = {}
    for entry in (child for section in published["items"] for child in section["children"]):
        name = entry["name"]
        fields = {annotation["name"]: field(annotation) for annotation in entry["annotations"]}
        if name[0].islower():
            methods[name] = [returns.get(name, "Boolean"), fields]
        elif fields:
            types[name] = fields
        else:
            types[name] = SUBTYPE.findall(entry["html_description"])
    api = published["api"]
    return {"version": api["version"], "released": api["release_date"], "methods": methods, "types": types}


def write(schema: Mapping[str, Any], target: Path) -> int:
    """Write one entry a line, so that a diff shows what changed. Return the size in bytes."""
    lines = [f'"version":"{schema["version"]}"', f'"released":"{schema["released"]}"']
    for part in ("methods", "types"):
        entries = (f'"{name}":{_compact(schema[part][name])}' for name in sorted(schema[part]))
        lines.append(f'"{part}":{{\n' + ",\n".join(entries) + "\n}")
    text = "{" + ",\n".join(lines) + "}\n"
    json.loads(text)
    if len(text) > SIZE_LIMIT_BYTES:
        raise SystemExit(f"{len(text)} bytes: the limit is {SIZE_LIMIT_BYTES}")
    target.write_text(text, encoding="utf-8")
    return len(text)


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def main() -> None:
    """Download, reduce and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", nargs="?", type=Path, help=f"the sdist of {AIOGRAM}; downloaded when left out")
    parser.add_argument("--target", type=Path, default=TARGET)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        published, returns = read_archive(arguments.archive or download(Path(directory)))
    schema = reduce(published, returns)
    size = write(schema, arguments.target)
    print(f"Bot API {schema['version']}: {len(schema['methods'])} methods, {len(schema['types'])} types, {size} bytes")  # noqa: T201 -- a command


if __name__ == "__main__":
    main()
