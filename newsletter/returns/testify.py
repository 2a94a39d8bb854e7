"""A returned mail, read, becomes evidence about readers whom we know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.model.returns import Evidence
from newsletter.returns.weigh import of_report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from newsletter.model.mail import Reply
    from newsletter.model.returns import Way
    from newsletter.returns.read import Returned
    from newsletter.returns.report import Report


def reader_of(key: str) -> int:
    """The subscriber's id in a `Delivery.key`."""
    return int(key.rpartition(".")[2])


def testify(
    returned: Returned,
    *,
    emails: Mapping[int, str],
    known: Mapping[str, int],
    judge: Callable[[str, Reply], str],
    at: datetime,
) -> tuple[Evidence, ...]:
    """Evidence of a bounce or a complaint: about one reader where a signature names her, else unsigned.

    `emails`: the addresses of the readers whom the keys name; `known`: ids by those of the named addresses, in lower
    case, that are readers'. A `delayed` mail gives nothing.
    """
    if not returned.keys:
        return _unsigned(returned, known, judge, at)
    key = returned.keys[0]
    reader = reader_of(key)
    email = emails.get(reader, "").lower()
    who = reader if reader in emails else 0
    if returned.sort == "complaint":
        text = returned.text or "complaint"
        return (Evidence(f"complaint:{key}", "complaint", "arf", at, who, key, True, text, returned.mail),)
    report = _hers(returned.reports, email)
    what = of_report(report, judge) if report else None
    if report is None or what is None:
        return ()
    # Her mail was forwarded, or she has another address by now: what is said there is not said of hers.
    elsewhere = bool(report.recipients) and email not in report.recipients
    if what == "hard" and (returned.guessed or elsewhere):
        what = "soft"
    way: Way = "words" if returned.guessed else "dsn"
    return (Evidence(f"dsn:{key}:{report.action}", what, way, at, who, key, True, _said(report), returned.mail),)


def _hers(reports: tuple[Report, ...], email: str) -> Report | None:
    """The report on her own address; of a list that she forwards to, the best news."""
    own = [one for one in reports if email and email in one.recipients]
    for action in ("delivered", "failed", "delayed"):
        found = next((one for one in own or reports if one.action == action), None)
        if found is not None:
            return found
    return None


def _unsigned(
    returned: Returned, known: Mapping[str, int], judge: Callable[[str, Reply], str], at: datetime
) -> tuple[Evidence, ...]:
    """Kept for a person to look at; it changes nothing."""
    if returned.sort == "complaint":
        who = next((known[one.lower()] for one in returned.named if one.lower() in known), 0)
        return (Evidence(f"loose:{returned.mail}", "complaint", "arf", at, who, text="unsigned", mail=returned.mail),)
    found = []
    way: Way = "words" if returned.guessed else "dsn"
    for number, report in enumerate(returned.reports):
        what = of_report(report, judge)
        if what is not None:
            who = next((known[one] for one in report.recipients if one in known), 0)
            key = f"loose:{returned.mail}:{number}"
            found.append(Evidence(key, what, way, at, who, text=_said(report), mail=returned.mail))
    return tuple(found)


def _said(report: Report) -> str:
    reply = report.reply
    return reply.text if reply.enhanced in reply.text else f"{reply.enhanced} {reply.text}".strip()[:300]
