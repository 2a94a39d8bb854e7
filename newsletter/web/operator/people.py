"""The reader table by hand: look up, import with a report, export, suppress and lift."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from starlette.responses import StreamingResponse

from newsletter.errors import AddressError, UsageError
from newsletter.subscribe.addresses import parse_address
from newsletter.subscribe.intake import read_people, write_csv
from newsletter.subscribe.people import BadRow, Remark, Row
from newsletter.web.operator.session import page
from newsletter.web.words import about_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.responses import Response

    from newsletter.model.subscriber import Subscriber
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk

SHOWN = 200  # bad rows and suppressions on one page


def readers(desk: Desk, ask: Ask) -> Response:
    email = ask.wanted("email")
    who = desk.press.subscribers.by_email(email) if email else None
    return page(desk, ask, "readers.html.j2", email=email, who=who, counts=dict(desk.press.subscribers.counts()))


def take_in(desk: Desk, ask: Ask) -> Response:
    """Import a CSV or JSON lines file: good rows are kept, each bad one is reported by its line."""
    data = ask.files.get("file", b"")
    added = known = suppressed = 0
    bad: list[BadRow] = []
    remarks: list[str] = []
    problem = ""

    def good() -> Iterator[Subscriber]:
        for row in read_people(data, source=ask.first("source") or "operator page", topics=tuple(desk.topics)):
            if isinstance(row, Row):
                yield row.subscriber
            elif isinstance(row, Remark):
                remarks.append(row.text)
            else:
                bad.append(row)

    try:
        for _, outcome in desk.press.subscribers.add_many(good()):
            added += outcome == "added"
            known += outcome == "known"
            suppressed += outcome == "suppressed"
    except UsageError as error:
        problem = str(error)
    return page(
        desk,
        ask,
        "import.html.j2",
        status=400 if problem else 200,
        problem=problem,
        added=added,
        known=known,
        suppressed=suppressed,
        bad=bad[:SHOWN],
        bad_count=len(bad),
        remarks=remarks,
    )


def export(desk: Desk, ask: Ask) -> Response:  # noqa: ARG001 - every handler takes both
    """The table as CSV; cells that a spreadsheet would run are neutralised (CWE-1236)."""
    return StreamingResponse(
        write_csv(desk.press.subscribers.every()),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="subscribers.csv"'},
    )


def suppressions(desk: Desk, ask: Ask) -> Response:
    """GET lists hashes, reasons and dates; POST suppresses an address or lifts its suppression."""
    notice = problem = ""
    if ask.method == "POST":
        try:
            email = parse_address(ask.first("email"))
        except AddressError as error:
            problem = about_address(error)
        else:
            if ask.first("action") == "lift":
                lifted = desk.press.subscribers.unsuppress(email)
                notice = "The address may be written to again." if lifted else "The address was not suppressed."
            else:
                reason = ask.first("reason")[:100] or "by the operator"
                desk.press.subscribers.suppress(email, reason, at=desk.now())
                notice = "The address is not written to any more."
    rows = list(islice(desk.press.subscribers.suppressions(), SHOWN))
    return page(
        desk,
        ask,
        "suppressions.html.j2",
        status=400 if problem else 200,
        rows=rows,
        shown=SHOWN,
        notice=notice,
        problem=problem,
    )
