"""Past days ranked again as they were, and how well the picks match what readers of the sources chose later."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from newsletter.cli.frame import give, opened, plural, say

if TYPE_CHECKING:
    from datetime import date

    from newsletter.model.edition import Edition, Pool
    from newsletter.press import Press


def replay(first: date | None, last: date | None, *, as_json: bool) -> None:
    """Rank each printed day in the range anew and measure its topics against the votes that came later."""
    with opened() as press:
        days = [
            day for day in press.editions.days() if (first is None or day >= first) and (last is None or day <= last)
        ]
        rows = [row for day in days for row in _day(press, day)]
    summary = _means(rows)
    if as_json:
        give({"days": [day.isoformat() for day in days], "rows": rows, "mean": summary})
        return
    for row in rows:
        say(
            f"{row['day']}  {row['topic']:<24} nDCG {row['ndcg']:.3f} (by votes then {row['ndcg_by_votes']:.3f}), "
            f"precision {row['precision']:.2f}, of {plural(row['pool'], 'paper')}"
        )
    if summary:
        means = ", ".join(f"{name} {value:.3f}" for name, value in summary.items())
        say(f"mean over {plural(len(rows), 'topic')}: {means}")
    else:
        say("No printed day with at least two papers in a topic in this range.")


def _day(press: Press, day: date) -> list[dict[str, Any]]:
    from newsletter.publish import moment
    from newsletter.stages.printing import draft

    edition, _ = draft(press, day, moment(press, day))
    return [_measure(press, edition, pool) for pool in edition.pools if len(pool.picks) > 1]


def _measure(press: Press, edition: Edition, pool: Pool) -> dict[str, Any]:
    """The nDCG with gain log2(1 + votes), cut at the topic's `top`: Järvelin and Kekäläinen 2002, section 2."""
    later = {pick.paper_id: _votes(press, pick.paper_id) for pick in pool.picks}
    then = {card.paper.id: float(card.upvotes or 0) for card in edition.cards}
    ours = [pick.paper_id for pick in pool.picks]
    by_votes = sorted(ours, key=lambda paper: (-then.get(paper, 0.0), paper))
    best = sorted(ours, key=lambda paper: (-later[paper], paper))
    ideal = _gain(best, later, pool.top)
    return {
        "day": edition.day.isoformat(),
        "topic": pool.slug,
        "pool": len(pool.picks),
        "ndcg": _gain(ours, later, pool.top) / ideal if ideal else 0.0,
        "ndcg_by_votes": _gain(by_votes, later, pool.top) / ideal if ideal else 0.0,
        "precision": len({*ours[: pool.top]} & {*best[: pool.top]}) / min(pool.top, len(ours)),
    }


def _votes(press: Press, paper: str) -> float:
    return max((one.value for one in press.papers.readings(paper) if one.signal.endswith(".upvotes")), default=0.0)


def _gain(order: list[str], votes: dict[str, float], top: int) -> float:
    return sum(math.log2(1 + votes[paper]) / math.log2(place + 2) for place, paper in enumerate(order[:top]))


def _means(rows: list[dict[str, Any]]) -> dict[str, float]:
    names = ("ndcg", "ndcg_by_votes", "precision")
    return {name: sum(row[name] for row in rows) / len(rows) for name in names} if rows else {}
