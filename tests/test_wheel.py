"""The wheel: what is in it, and that it lives beside a bot whose own folders are called as ours."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"botflight_service", "botflight_harness", "botflight_diagnostics"}
#: What a package holds besides Python.
DATA = {".txt", ".toml", ".json", ".html", ".css", ".js", ".svg", ".gz"}

pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as it is for release; the build backend is in the lock, so no network is needed."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    """The files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_top_level_holds_our_three_packages_and_nothing_else(names: list[str]) -> None:
    """A wheel with a top-level `service` or `harness` would shadow the folders of the bots that install it."""
    top = {name.partition("/")[0] for name in names}

    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_each_package_is_typed(package: str, names: list[str]) -> None:
    """Type checkers of those who install it believe the annotations."""
    assert f"{package}/py.typed" in names


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_every_file_of_data_is_in_the_wheel(package: str, names: list[str]) -> None:
    """What a package reads at run time travels with it."""
    source = ROOT / package.removeprefix("botflight_") / package
    data = [path.relative_to(source.parent).as_posix() for path in source.rglob("*") if path.suffix in DATA]

    assert set(data) <= set(names)


def test_no_test_no_cache_and_no_secret_is_in_the_wheel(names: list[str]) -> None:
    """Nothing but the packages."""
    assert not [name for name in names if "__pycache__" in name or ".env" in name or name.startswith("tests")]


def test_it_lives_beside_a_bot_with_folders_called_service_and_harness(wheel: Path, tmp_path: Path) -> None:
    """Both import, whichever comes first."""
    site, bot = tmp_path / "site", tmp_path / "bot"
    for folder in ("service", "harness", "diagnostics"):
        (bot / folder).mkdir(parents=True)
        (bot / folder / "__init__.py").write_text(f"NAME = 'the bot''s own {folder}'\n")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    script = (
        f"import sys; sys.path[:0] = [{str(bot)!r}, {str(site)!r}]\n"
        "import service, harness, diagnostics\n"
        "import botflight_service, botflight_harness, botflight_diagnostics\n"
        "for module in (service, harness, diagnostics, botflight_service, botflight_harness, botflight_diagnostics):\n"
        "    print(module.__file__)\n"
        "from botflight_service.__main__ import main; main(['--version'])\n"
    )

    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, cwd=bot, capture_output=True, text=True, check=True)

    lines = ended.stdout.splitlines()
    assert all(line.startswith(str(bot)) for line in lines[:3])
    assert all(line.startswith(str(site)) for line in lines[3:6])
    assert lines[6].startswith("botflight ")
