"""Small arithmetic of the ranker: standard scores, percentiles, rounding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIGITS = 6  # a part of a score keeps so many decimals, more than any two BLAS libraries differ by
SMALL = 20  # below so many papers mean and deviation say little, places say more


def standard(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard scores over the pool; a pool of fewer than SMALL is judged by places instead, at the same spread."""
    if len(scores) < SMALL:
        return (2 * percentile(scores) - 1) * float(np.sqrt(3.0))
    beside = scores - scores.sum() / len(scores)  # as `std` does it, without its checks: this is run for every reader
    spread = float(np.sqrt((beside * beside).sum() / len(scores)))
    return beside / spread if spread > 1e-9 else np.zeros(len(scores))


def softened(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard scores above 3 grow only by their logarithm: one rare word does not outweigh all else."""
    return np.where(scores > 3, 3 + np.log1p(np.maximum(scores - 3, 0)), scores)


def percentile(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each score's place in the pool, 0 to 1, ties shared; one half where all are equal."""
    count = len(scores)
    ordered = np.sort(scores)
    below = np.searchsorted(ordered, scores, side="left")
    through = np.searchsorted(ordered, scores, side="right")
    return (below + through) / (2.0 * max(1, count))


def tidy(value: float) -> float:
    """Rounded to DIGITS decimals, never minus zero: the same on every machine."""
    return round(float(value), DIGITS) + 0.0
