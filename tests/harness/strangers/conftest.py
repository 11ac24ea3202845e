"""Bots of others, never changed. `fetch.py` brings them; where it was not run they are skipped, but in CI."""

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import telegram

CACHE = Path(__file__).resolve().parents[3] / "build" / "strangers"


def _at(path: Path) -> Path:
    if path.is_dir():
        return path
    words = f"{path.name} is not here: run python {Path(__file__).with_name('fetch.py')}"
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)


@pytest.fixture
def example() -> Callable[[str], ModuleType]:
    """Import one of PTB's own examples, from the source distribution of the version that is installed."""
    folder = _at(CACHE / f"python_telegram_bot-{telegram.__version__}" / "examples")

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"strangers_{name}", folder / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def grammy() -> Path:
    """The folder with node's modules in which grammY is."""
    if shutil.which("node") is None and not os.environ.get("CI"):
        pytest.skip("node is not here")
    return _at(CACHE / "grammy" / "node_modules")
