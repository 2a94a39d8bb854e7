"""Which days to ask a source for: missed ones first, and the newest again while they may still grow."""

from __future__ import annotations

from datetime import date, datetime, timedelta


def days_wanted(
    source_daily: bool,
    answered: frozenset[date],
    asof: datetime,
    *,
    lookback_days: int,
    horizon_days: int = 30,
) -> tuple[date, ...]:
    """Days to ask, oldest first, none after `asof`'s own (UTC).

    A source without days is asked for today. A first run asks for the lookback; a later one for every day since the
    first answered one (or the lookback, whichever is longer) that has no whole answer, at most `horizon_days` back,
    and for the newest two in any case.
    """
    today = asof.date()
    if not source_daily:
        return (today,)
    known = {day for day in answered if day <= today}
    oldest = today - timedelta(days=max(0, lookback_days))
    start = max(min([oldest, *known]), today - timedelta(days=max(1, horizon_days)))
    span = (start + timedelta(days=n) for n in range((today - start).days + 1))
    newest = {today, today - timedelta(days=1)}
    return tuple(day for day in span if day not in known or day in newest)
