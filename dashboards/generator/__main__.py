"""Write everything that Grafana and Prometheus read: `python -m dashboards.generator`."""

from __future__ import annotations

from pathlib import Path

from dashboards.generator.alerts import alerts
from dashboards.generator.generation import GENERATION
from dashboards.generator.grafana import as_json
from dashboards.generator.money import MONEY
from dashboards.generator.overview import OVERVIEW
from dashboards.generator.panel import Board
from dashboards.generator.preflight import PREFLIGHT
from dashboards.generator.recordings import recordings
from dashboards.generator.rule import Pace, as_yaml
from dashboards.generator.telegram import TELEGRAM

FOLDER = Path(__file__).parents[1]
BOARDS: tuple[Board, ...] = (OVERVIEW, MONEY, TELEGRAM, GENERATION, PREFLIGHT)


def written(pace: Pace | None = None) -> dict[Path, str]:
    """What is to be in which file; with another pace, rules that live faster."""
    pace = pace or Pace()
    boards = {FOLDER / "grafana" / f"{board.name}.json": as_json(board) for board in BOARDS}
    rules = {"recordings.yaml": as_yaml([recordings(pace)]), "alerts.yaml": as_yaml(alerts(pace))}
    return boards | {FOLDER / "prometheus" / name: text for name, text in rules.items()}


if __name__ == "__main__":
    for path, text in written().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
