"""Run the proofs in full: `python -m tests.prove [NAME ...] [--seed N] [--runs N] [--run N]`."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.prove.alerts import ALERTS
from tests.prove.fuzz import FUZZ
from tests.prove.kills import KILLS
from tests.prove.knocking import KNOCKING
from tests.prove.mutants import MUTANTS
from tests.prove.power_cuts import POWER_CUTS
from tests.prove.proof import Proof, chances
from tests.prove.server_cuts import SERVER_CUTS
from tests.prove.stores import STORES
from tests.prove.weather import WEATHER

PROOFS: tuple[Proof, ...] = (
    *(*STORES, *KILLS, *POWER_CUTS, *SERVER_CUTS, *WEATHER),
    *(*ALERTS, *MUTANTS, *FUZZ, *KNOCKING),
)


async def prove(proof: Proof, *, seed: int, numbers: range) -> bool:
    """Run a proof and say how it went; whether the claim still stands."""
    counts: Counter[str] = Counter()
    started_s = time.monotonic()
    for number in numbers:
        with tempfile.TemporaryDirectory(prefix="prove-") as folder:
            # PostgreSQL's server is another user's where root starts it.
            os.chmod(folder, 0o755)  # noqa: PTH101, S103 - nothing else runs on this loop
            try:
                counts += await proof.run(chances(seed, proof.name, number), Path(folder))
            except AssertionError as error:
                _say("\n".join([f"{proof.name:16} FAILED in run {number}: {error}", *getattr(error, "__notes__", ())]))
                _say(f"{'':16} again: python -m tests.prove {proof.name} --seed {seed} --run {number}")
                return False
    did = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(counts.items()))
    _say(f"{proof.name:16} ok: {len(numbers)} runs, {did}, {time.monotonic() - started_s:.0f} s: {proof.claim}")
    return True


def _say(line: str) -> None:
    print(line, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(one.name for one in PROOFS)}")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="repeats what it gave before")
    parser.add_argument("--runs", type=int, help="instead of as many as are enough")
    parser.add_argument("--run", type=int, help="this one alone")
    return parser.parse_args()


def main() -> int:
    """Run the proofs that were asked for, or all."""
    arguments = _arguments()
    chosen = [proof for proof in PROOFS if not arguments.names or proof.name in arguments.names]
    _say(f"seed {arguments.seed}")
    results = []
    for proof in chosen:
        numbers = range(arguments.runs or proof.runs)
        if arguments.run is not None:
            numbers = range(arguments.run, arguments.run + 1)
        results.append(asyncio.run(prove(proof, seed=arguments.seed, numbers=numbers)))
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
