"""`send --cancel` and `send --resend-uncertain`: what only a person decides about queued mail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from newsletter.cli.frame import give, opened, plural, say

if TYPE_CHECKING:
    from datetime import date

    from newsletter.press import Press


def decide(day: date | None, *, cancel: bool, dry_run: bool, as_json: bool) -> int:
    """Do the one or the other and say how many mails it was; nothing is cut or sent."""
    if dry_run:
        raise click.UsageError("--dry-run goes with neither --cancel nor --resend-uncertain.")
    if cancel and day is None:
        raise click.UsageError("--cancel needs --day: the day whose mail is not to be sent.")
    with opened() as press:
        count, text = _cancel(press, day) if cancel and day else _resend(press, day)
    if as_json:
        give({"command": "send", "day": day.isoformat() if day else None, "count": count, "text": text})
    else:
        say(text)
    return 0


def _cancel(press: Press, day: date) -> tuple[int, str]:
    now = press.clock.now()
    count = press.ledger.cancel(day=day, now=now)
    what = plural(count, "mail")
    names = [one.name for one in press.config.channels]
    if names and press.channel_ledger is not None:
        posts = press.channel_ledger.cancel(names, day, now=now, expires_at=now + timedelta(days=2))
        what += f" and {plural(posts, 'post')} to channels"
    return count, f"{what} of {day} cancelled; what a worker holds at this moment is still sent"


def _resend(press: Press, day: date | None) -> tuple[int, str]:
    now = press.clock.now()
    doubtful = [one for one in press.ledger.uncertain_since(now=now, every=True) if day in {None, one.day}]
    fresh = [one.id for one in doubtful if one.expires_at > now]
    count = press.ledger.resend(fresh, now=now, not_before=now, every=True)
    text = f"{plural(count, 'uncertain mail')} queued once more; `newsletter send` or `serve` sends them"
    old = len(doubtful) - len(fresh)
    return count, f"{text}; {old} are too old to send" if old else text
