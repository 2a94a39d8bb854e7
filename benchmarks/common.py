"""What every benchmark shares: options, interleaved timing, peak memory, and the table it writes."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Row:
    """One measure. `ratio` is the median of interleaved pairs, larger is better; None where no peer applies."""

    measure: str
    ours: float
    unit: str
    peer: str = ""
    peer_value: float | None = None
    ratio: float | None = None
    goal: float | None = None
    met: bool | None = None


def options(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="end within 45 seconds on two cores")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    return parser


def seconds(work: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def duel(ours: Callable[[], object], peer: Callable[[], object], *, rounds: int = 5) -> tuple[float, float, float]:
    """(median seconds of ours, of the peer, median of peer/ours) over interleaved rounds."""
    pairs = [(seconds(ours), seconds(peer)) for _ in range(rounds)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(b / a for a, b in pairs),
    )


def peak_mb() -> float:
    """Peak resident memory of this process so far, in MB.

    From /proc where there is one: ru_maxrss of a child counts what its parent held when it was started.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def machine() -> dict[str, object]:
    return {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}


def report(rows: Sequence[Row], file: Path | None) -> None:
    """Print the rows as a table and, when asked, write them as JSON."""
    show(rows)
    keep(rows, file)


def show(rows: Sequence[Row]) -> None:
    for row in rows:
        peer = f"  {row.peer} {row.peer_value:,.4g}  ratio {row.ratio:.2f}" if row.peer_value and row.ratio else ""
        goal = f"  goal {row.goal:g} {'met' if row.met else 'missed'}" if row.goal is not None else ""
        print(f"{row.measure:<44} {row.ours:>14,.4g} {row.unit}{peer}{goal}", flush=True)


def keep(rows: Sequence[Row], file: Path | None) -> None:
    if file is not None:
        document = {"machine": machine(), "rows": [asdict(row) for row in rows]}
        file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
