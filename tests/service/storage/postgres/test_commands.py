from __future__ import annotations

from pathlib import Path

import pytest

from botflight_service.__main__ import main


def test_the_storage_commands_work_on_it(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Migrate, check, export, and what was exported imported: each says that it is done."""
    archive, again = tmp_path / "archive.jsonl", tmp_path / "again.jsonl"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", postgres_url)

    codes = [
        main(["storage", *words.split()])
        for words in ("migrate", "check", f"export {archive}", f"import {archive}", f"export {again}")
    ]

    assert codes == [0] * 5
    assert archive.read_bytes() == again.read_bytes()
    assert "every invariant holds" in capsys.readouterr().out
