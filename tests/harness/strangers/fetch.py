"""Fetches the bots of others into build/strangers, where the tests look for them: they themselves reach no network.

Run it once: `python tests/harness/strangers/fetch.py`.
"""

import shutil
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

CACHE = Path(__file__).resolve().parents[3] / "build" / "strangers"
PTB = f"python_telegram_bot-{version('python-telegram-bot')}"
GRAMMY = "grammy@1.46.0"
FETCH_S = 300


def ptb_examples() -> None:
    """Unpack the examples that PTB's source distribution carries."""
    if (CACHE / PTB / "examples").is_dir():
        return
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation"]
    command += ["--no-binary", "python-telegram-bot", f"python-telegram-bot=={version('python-telegram-bot')}"]
    subprocess.run([*command, "--dest", str(CACHE)], check=True, timeout=FETCH_S)
    with tarfile.open(CACHE / f"{PTB}.tar.gz") as archive:
        archive.extractall(CACHE, filter="data")


def grammy() -> None:
    """Install grammY, without running anybody's scripts."""
    folder = CACHE / "grammy"
    npm = shutil.which("npm")
    if npm is None or (folder / "node_modules" / "grammy").is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)]
    subprocess.run([*command, GRAMMY], check=True, timeout=FETCH_S)


if __name__ == "__main__":
    CACHE.mkdir(parents=True, exist_ok=True)
    ptb_examples()
    grammy()
