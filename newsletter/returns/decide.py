"""What is done about a reader when something came back: the one place where thresholds stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.model.returns import Evidence

SOFT_DAYS, SOFT_WINDOW = 5, timedelta(days=14)  # distinct days with a soft bounce, within how long
SOFT_ISSUES, LAST_ISSUES = 3, 5  # how many of the last issues
PROBE_AFTER = timedelta(days=7)
SUSPENSION = timedelta(days=45)  # after that a soft bounce is no probe's any more: a monthly issue is out by then
PROBE_STANDS = timedelta(days=3)  # a probe of which nothing came back for so long was accepted
REMEMBERED = timedelta(days=200)  # five issues of a monthly reader, and more

Issues = tuple[tuple[date, bool], ...]  # `Ledger.latest`: (day, True when the next hop took it), newest first


@dataclass(frozen=True, slots=True)
class Decision:
    """`event` is a move of the subscriber's status (`newsletter.subscribe.moves`), "" for none.

    `suppress`: never write to the address again, for this reason. `suspend_until`: no issue before that day, and the
    one of that day is the probe.
    """

    event: Literal["", "bounce", "complain", "leave"] = ""
    suppress: str = ""
    suspend_until: date | None = None
    why: str = ""


NOTHING = Decision()


def decide(news: Evidence, history: Sequence[Evidence], issues: Issues = ()) -> Decision:
    """What one piece of evidence changes, in the light of all that is known of the reader (`history` holds it too).

    Hard: suppressed at once. Complaint: left everything, suppressed. Blocked, and what was our fault: nothing, ever.
    Soft: counted once a day; on five days of fourteen, or for three of the last five issues, she is suspended for
    seven days; when the probe after that comes back as well, her status is `bounced`. Unsigned evidence: nothing.
    """
    if not news.signed:
        return NOTHING
    if news.what == "hard":
        return Decision("bounce", suppress=f"bounced: {news.text}"[:100], why="there is no such mailbox")
    if news.what == "complaint":
        return Decision("complain", suppress=f"complained: {news.text}"[:100], why="she complained")
    if news.what == "leave":
        return Decision("leave", why="she asked to leave")
    if news.what == "soft":
        return _decide_soft(news, history, issues)
    return NOTHING


def _decide_soft(news: Evidence, history: Sequence[Evidence], issues: Issues) -> Decision:
    known = standing_evidence(history, issues)
    suspended = suspension(known)
    if suspended is not None and news.at - suspended.at <= SUSPENSION:
        if news.day >= probe_day(suspended):  # before that, it is of an issue that was out already
            return Decision("bounce", why="the probe after a suspension came back too")
        return NOTHING
    days = {one.day for one in known if one.what == "soft"}
    near = {day for day in days if news.day - SOFT_WINDOW < day <= news.day}
    last = [day for day, _ in issues[:LAST_ISSUES]]
    lost = sum(day in days for day in last)
    if len(near) >= SOFT_DAYS or lost >= SOFT_ISSUES:
        until = news.at.date() + PROBE_AFTER
        why = f"soft bounces on {len(near)} days" if len(near) >= SOFT_DAYS else f"{lost} of {len(last)} issues lost"
        return Decision(suspend_until=until, why=why)
    return NOTHING


def standing_evidence(history: Sequence[Evidence], issues: Issues) -> list[Evidence]:
    """What still counts: signed, and after the latest acceptance.

    An acceptance is word from the far end. The next hop's 250 is none, since a relay takes everything; only what that
    same hop refused itself is cleared by what it took later.
    """
    signed = [one for one in history if one.signed]
    accepted = max((one.day for one in signed if one.what == "accepted"), default=None)
    taken = max((day for day, took in issues if took), default=None)
    return [
        one
        for one in signed
        if one.what in {"soft", "suspended"}
        and (accepted is None or one.day > accepted)
        and (one.way != "smtp" or taken is None or one.day > taken)
    ]


def suspension(known: Sequence[Evidence]) -> Evidence | None:
    """The suspension that is not over, if there is one."""
    return max((one for one in known if one.what == "suspended"), key=lambda one: one.at, default=None)


def probe_day(suspended: Evidence) -> date:
    """The first day whose issue is the probe."""
    return suspended.at.date() + PROBE_AFTER


def probe_stands(suspended: Evidence, history: Sequence[Evidence], issues: Issues, today: date) -> date | None:
    """The day of the probe that was taken long enough ago with nothing coming back, else None: it is still open."""
    first = probe_day(suspended)
    day = min((day for day, took in issues if took and day >= first), default=None)
    if day is None or today - day < PROBE_STANDS:
        return None
    back = any(one.signed and one.what in {"soft", "hard"} and one.day >= first for one in history)
    return None if back else day
