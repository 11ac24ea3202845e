"""What each layer adds to an update, in instructions, drawn: `python -m tests.bench.waterfall`.

The service is greeted while its layers are taken off one by one (`tests.bench.layered`), and callgrind counts. Eight
updates are under way at a time, so that the process is never idle and commits are shared as they are under load. Beside
it stand the peers, which answer the same greeting and keep, log, count and trace nothing. `--record LABEL` keeps what
was measured in waterfall.json, and the picture in the documents is drawn of all that is kept there.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import orjson
from tests.bench import cost
from tests.bench.contender import ROOT, Contender, Running, run
from tests.bench.layered import LAYERS
from tests.bench.load import Load
from tests.bench.turn import Plan
from tests.bench.updates import AIOGRAM, BARE, BUILD, PTB, service

RECORD = Path(__file__).with_name("waterfall.json")
PICTURE = ROOT / "docs" / "images" / "waterfall.png"
FLOOR = "asgi"
_FLOOR_SAYS = "uvicorn, and an app that answers 200"
#: Of these on, an update has its message at the Bot API; below, its acknowledgement is all.
_ANSWERS = ("telegram", "store", "logs", "metrics", "traces")
_OUT = Path("on-top")
_PLAN = Plan(seconds=0, warm_up_s=0, connections=8, window=8, chats=40, folder=BUILD)
_BATCHES, _UPDATES = 4, 24
_FIRST_DEAF = 10_000_000
_LOWER_LIMIT_S = 60.0
_LOOK_EVERY_S = 0.05
_INK, _MUTED, _GRID = "#1f2328", "#6e7781", "#d8dee4"
_COLOURS = {
    FLOOR: "#8c959f",
    "web": "#57606a",
    "bot": "#0969da",
    "telegram": "#1b7c83",
    "store": "#9a6700",
    "logs": "#bc4c00",
    "metrics": "#bf3989",
    "traces": "#8250df",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """What was counted of one state of the service."""

    label: str
    #: Instructions an update with everything up to a layer, in the order in which they are put on.
    upto: dict[str, int]
    #: Instructions an update of those who do the echo alone.
    peers: dict[str, int]

    @property
    def steps(self) -> dict[str, tuple[int, int]]:
        """Of each layer: where it begins and what it adds, which is below nought where it spares the one before."""
        before, steps = 0, {}
        for name, total in self.upto.items():
            steps[name] = (before, total - before)
            before = total
        return steps

    @property
    def whole(self) -> int:
        """With every layer."""
        return next(reversed(self.upto.values()))

    def __str__(self) -> str:
        lines = [f"{self.label}: instructions an update"]
        lines += [f"  {name:10} {adds / 1e6:+7.3f} M  {says(name)}" for name, (_, adds) in self.steps.items()]
        lines += [f"  {'whole':10} {self.whole / 1e6:7.3f} M"]
        lines += [f"  {name} {total / 1e6:.3f} M, {total / self.whole:.2f}x" for name, total in self.peers.items()]
        return "\n".join(lines)


def says(layer: str) -> str:
    """What a layer is, in words."""
    return LAYERS.get(layer, _FLOOR_SAYS)


async def fall(label: str, *, peers: Sequence[Contender] = (PTB, AIOGRAM)) -> Fall:
    """Count every layer and peer. Raises NotCounted, DidNotStart."""
    floor = await _alone(BARE)
    upto = await _layers()
    return Fall(
        label=label,
        upto={FLOOR: floor} | dict(reversed(upto.items())),
        peers={peer.name: await _alone(peer) for peer in peers},
    )


async def _alone(contender: Contender) -> int:
    """Instructions of an update of somebody who is not ours to take apart."""
    async with cost.warm(cost.greeting_of(contender, _PLAN), cost.under_callgrind) as (load, bot):
        callgrind = cost.Callgrind(bot)
        await callgrind.begin()
        found = await callgrind.count(load, batches=_BATCHES, updates=_UPDATES)
        bot.process.kill()
    return found


async def _layers() -> dict[str, int]:
    """Instructions with everything on, and with one layer fewer each time."""
    plain = service("sqlite")
    whole = replace(plain, arguments=("-m", "tests.bench.layered", str(_OUT), *plain.arguments[2:]))
    upto: dict[str, int] = {}
    async with cost.warm(cost.greeting_of(whole, _PLAN), cost.under_callgrind) as (load, bot):
        callgrind = cost.Callgrind(bot)
        await callgrind.begin()
        # Below the call to the Bot API no message comes: there the acknowledgement is the end.
        deaf = Load(replace(load.target, answers=False, first=_FIRST_DEAF))
        for name in reversed(LAYERS):
            if upto:
                await _lower(bot, name)
            upto[name] = await callgrind.count(load if name in _ANSWERS else deaf, batches=_BATCHES, updates=_UPDATES)
            sys.stdout.write(f"up to {name}: {upto[name]:,}\n")
            sys.stdout.flush()
        bot.process.kill()
    return upto


async def _lower(bot: Running, name: str) -> None:
    """Take a layer off; then this one is on top."""
    bot.process.send_signal(signal.SIGUSR1)
    async with asyncio.timeout(_LOWER_LIMIT_S):
        while not (out := bot.folder / _OUT).exists() or out.read_text() != name:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(_LOOK_EVERY_S)


def draw(falls: Sequence[Fall], path: Path) -> None:
    """Draw states side by side, on one scale."""
    import matplotlib as mpl  # noqa: PLC0415 - of those who draw alone

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    names = list(falls[0].upto)
    widest = max(max(one.whole, *one.peers.values()) for one in falls) / 1e6
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 10, "text.color": _INK})
    figure, panels = plt.subplots(1, len(falls), sharey=True, squeeze=False, figsize=(3.4 + 4.6 * len(falls), 5.4))
    for panel, one in zip(panels[0], falls, strict=True):
        _draw_one(panel, one, names, widest)
    figure.suptitle("What an update costs, layer by layer", x=0.012, ha="left", fontsize=15, fontweight="bold")
    figure.text(
        0.012,
        0.905,
        "“hello” in a private chat, answered by the menu: millions of instructions, all threads, the kernel’s apart. "
        "Fewer is better.",
        color=_MUTED,
        fontsize=10,
    )
    figure.subplots_adjust(left=0.285, right=0.985, top=0.74, bottom=0.07, wspace=0.06)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=160, facecolor="white", bbox_inches="tight", pad_inches=0.2)
    plt.close(figure)


def _draw_one(panel: Any, one: Fall, names: Sequence[str], widest: float) -> None:
    rows = range(len(names))
    for row, name in zip(rows, names, strict=True):
        start, adds = (value / 1e6 for value in one.steps[name])
        panel.barh(row, adds, left=start, height=0.62, color=_COLOURS[name], zorder=3)
        end = max(start, start + adds)
        said = panel.text(end + widest * 0.012, row, f"{adds:+.2f}", va="center", fontsize=9.5, color=_INK, zorder=4)
        said.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.2})
        if row:
            panel.plot([start, start], [row - 1, row], color=_MUTED, linewidth=0.8, zorder=2)
    last = len(names)
    panel.barh(last, one.whole / 1e6, height=0.62, color=_INK, zorder=3)
    panel.text(
        one.whole / 1e6 + widest * 0.012, last, f"{one.whole / 1e6:.2f}", va="center", fontsize=9.5, fontweight="bold"
    )
    for name, total in one.peers.items():
        panel.axvline(total / 1e6, color=_MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        panel.text(
            total / 1e6,
            -0.72,
            f"{name}\n{total / 1e6:.2f}, echo only",
            fontsize=8.5,
            color=_MUTED,
            ha="right" if total / 1e6 > widest * 0.8 else "center",
            va="bottom",
        )
    panel.set_title(one.label, loc="left", fontsize=11, fontweight="bold", pad=34)
    panel.set_xlim(0, widest * 1.09)
    panel.set_ylim(last + 0.6, -0.7)
    panel.set_yticks([*rows, last], [*(f"{says(name)}" for name in names), "everything on"])
    panel.tick_params(axis="both", length=0, labelsize=9.5, labelcolor=_INK)
    panel.grid(axis="x", color=_GRID, linewidth=0.8, zorder=0)
    for side in ("top", "right", "bottom", "left"):
        panel.spines[side].set_visible(False)


def recorded(path: Path = RECORD) -> list[Fall]:
    """What was kept, oldest first."""
    return [Fall(**one) for one in orjson.loads(path.read_bytes())] if path.exists() else []


def record(one: Fall, path: Path = RECORD) -> list[Fall]:
    """Keep a state under its label, in the place of an older one of that label; all that is kept."""
    kept = recorded(path)
    labels = [old.label for old in kept]
    at = labels.index(one.label) if one.label in labels else len(kept)
    kept[at : at + 1] = [one]
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    path.write_bytes(orjson.dumps([asdict(state) for state in kept], option=options))
    return kept


def main(arguments: Sequence[str] | None = None) -> int:
    """Count, print and draw."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.waterfall", description=__doc__)
    parser.add_argument("--record", metavar="LABEL", help="keep what is measured under this name, and draw the picture")
    parser.add_argument("--draw", action="store_true", help="draw what is kept, and measure nothing")
    asked = parser.parse_args(arguments)
    if asked.draw:
        draw(recorded(), PICTURE)
        return 0
    if not cost.can_count_instructions():
        sys.stdout.write("there is no valgrind here: nothing counts instructions\n")
        return 1
    found = run(fall(asked.record or "now"))
    sys.stdout.write(f"{found}\n")
    if asked.record:
        draw(record(found), PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
