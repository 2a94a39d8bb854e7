"""What `doctor` finds: one thing that was tried, how it went, and the cure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried: `ok`, a `warning` that stops nothing, or a `problem` that does."""

    check: str
    level: Level
    text: str
    cure: str = ""
