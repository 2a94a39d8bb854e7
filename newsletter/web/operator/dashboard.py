"""How the newsletter is doing: readers, mails of the last editions, the queue, the last runs, and the switch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from time import monotonic
from typing import TYPE_CHECKING

from starlette.responses import Response

from newsletter.errors import NewsletterError
from newsletter.model.edition import Silence
from newsletter.stages.counting import READERS
from newsletter.stages.previewing import preview
from newsletter.stages.switch import pause, paused, resume
from newsletter.web.calendar import parse_day, week_of
from newsletter.web.operator.session import page
from newsletter.web.plot import bars, draw, tallest
from newsletter.web.words import plural, short_day

if TYPE_CHECKING:
    from datetime import date

    from newsletter.model.mail import DeliveryState
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk
    from newsletter.web.plot import Plot

DAYS, WEEKS, READER_DAYS = 14, 12, 90
STATES: tuple[DeliveryState, ...] = (
    "sent",
    "queued",
    "deferred",
    "refused",
    "uncertain",
    "suppressed",
    "expired",
    "cancelled",
)
AFTER = ("left", "bounced", "complained")
SHOWN = ("sent", *AFTER)  # columns of the table that stand there though all of them are empty
COUNTING = 2.0  # seconds that one view may count the ledger; of the days that it does not reach it shows what was known
FRAME_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'"


def dashboard(desk: Desk, ask: Ask) -> Response:
    """GET shows, POST pauses or resumes sending."""
    now = desk.now()
    if ask.method == "POST":
        if ask.first("action") == "pause":
            pause(desk.records, at=now)
        elif ask.first("action") == "resume":
            resume(desk.records)
    (mails, after), joined = _editions(desk), _joined(desk)
    told = [name for name in (*STATES, *AFTER) if name in SHOWN or any(dict(day).get(name) for _, day in mails)]
    return page(
        desk,
        ask,
        "dashboard.html.j2",
        people=dict(desk.press.subscribers.counts()),
        joined=bars(joined, width=640, height=120),
        joined_from=short_day(week_of(now.date() - timedelta(weeks=WEEKS - 1)).first),
        readers=_readers(desk),
        mails=bars(mails, width=640, height=120),
        most_mails=tallest(mails),
        after=bars(after, width=640, height=120),
        most_after=tallest(after),
        most_joined=tallest(joined),
        table=[
            (day, [dict((*counts, *came)).get(name, 0) for name in told])
            for (day, counts), (_, came) in zip(mails, after, strict=True)
        ],
        columns=told,
        kinds=STATES,
        fates=AFTER,
        queue=desk.counted.get("", lambda: dict(desk.press.ledger.counts(now=now).items()), now=now),
        next_due=desk.press.ledger.next_due(now=now),
        paused=paused(desk.records, now=now),
        runs=desk.press.runs.last(limit=5),
    )


def runs(desk: Desk, ask: Ask) -> Response:
    return page(desk, ask, "runs.html.j2", runs=desk.press.runs.last(limit=50))


def why(desk: Desk, ask: Ask) -> Response:
    """What became of one reader's mails of one day, in words."""
    email, day = ask.wanted("email"), parse_day(ask.wanted("day")) or desk.now().date()
    who = desk.press.subscribers.by_email(email) if email else None
    lines: list[str] = []
    if who is not None:
        lines.append(f"{who.status}; {who.consent or 'no proof of consent is stored'}")
        standing = desk.press.ledger.standing(kind="digest", day=day, subscriber_id=who.id, now=desk.now())
        if standing is not None:
            answer = f": {standing.reply.code} {standing.reply.text}" if standing.reply else ""
            lines.append(f"The digest is {standing.state} after {plural(standing.attempts, 'try', 'tries')}{answer}")
        lines += [one.text for one in desk.press.ledger.silences(day=day, subscriber_id=who.id)]
        if len(lines) == 1:
            lines.append("Nothing was cut for this reader on this day, and no reason is written down.")
    elif email:
        lines.append("No reader has this address.")
    return page(desk, ask, "why.html.j2", email=email, day=day, lines=lines)


def show_preview(desk: Desk, ask: Ask) -> Response:
    """The form, and a sandboxed frame that holds the mail."""
    email = ask.wanted("email")
    day = parse_day(ask.wanted("day")) or desk.press.edition_day(desk.now() + timedelta(days=1))
    return page(desk, ask, "preview.html.j2", email=email, day=day, asked="email" in ask.query)


def frame(desk: Desk, ask: Ask) -> Response:
    """The mail's HTML alone, under a policy that lets nothing in it act."""
    day = parse_day(ask.wanted("day")) or desk.press.edition_day(desk.now())
    try:
        seen = preview(desk.press, day, max(desk.now(), _end_of(day)), email=ask.wanted("email"))
    except NewsletterError as error:
        text = str(error)
    else:
        if not isinstance(seen, Silence):
            html = seen.rendered.html or desk.pages.render("operator/text_mail.html.j2", {"text": seen.rendered.text})
            return _framed(html)
        text = seen.text
        if seen.code == "empty-edition" and desk.library.get(day) is None:
            printed = desk.library.days()[-1:]
            text += " It is not printed yet: more papers may come with the next collection."
            text += f" The last printed day is {printed[0]}: choose it to see a mail." if printed else ""
    return _framed(desk.pages.render("operator/text_mail.html.j2", {"text": text}))


def _framed(html: str) -> Response:
    headers = {"Content-Security-Policy": FRAME_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return Response(html, media_type="text/html", headers=headers)


def _end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC)


Series = list[tuple[str, Sequence[tuple[str, int]]]]


def _editions(desk: Desk) -> tuple[Series, Series]:
    """Of the last editions, oldest first: (day, ((state, count), ...)) of their digests, and what came of them."""
    days, now, back = desk.library.days()[-DAYS:], desk.now(), desk.press.returns
    since = datetime.combine(days[0], time(), UTC) if days else now
    came = back.tally(since=since) if back is not None else {}
    mails: Series = []
    after: Series = []
    until = monotonic() + COUNTING
    tallies = {day: (_tally(desk, day, "digest", until), _tally(desk, day, "goodbye", until)) for day in reversed(days)}
    for day in days:
        counts, goodbyes = tallies[day]
        left = sum(goodbyes.values())
        mails.append((short_day(day), tuple((state, counts.get(state, 0)) for state in STATES)))
        told = (
            ("left", left),
            ("bounced", came.get((day, "hard"), 0)),
            ("complained", came.get((day, "complaint"), 0)),
        )
        after.append((short_day(day), told))
    return mails, after


def _tally(desk: Desk, day: date, kind: str, until: float) -> dict[str, int]:
    """The ledger's rows by state, a minute old at most; older or none when `until` is over: a million take a second."""
    now, key = desk.now(), f"{day} {kind}"
    known = desk.tallies.look(key, now=now)
    if known is None and monotonic() < until:
        known = desk.tallies.put(key, dict(desk.press.ledger.counts(day=day, kind=kind, now=now).items()), now=now)
    return known if known is not None else desk.tallies.look(key, now=now, stale=True) or {}


def _readers(desk: Desk) -> Plot | None:
    """How many active readers there were, day by day, as `tend` wrote it down."""
    today = desk.press.edition_day(desk.now())
    days = [today - timedelta(days=back) for back in reversed(range(READER_DAYS))]
    found = [(day, desk.records.get(READERS, day.isoformat(), now=desk.now())) for day in days]
    series = [(day.isoformat(), float(count)) for day, count in found if count is not None]
    return draw(series, width=640, height=120, what="Active readers")


def _joined(desk: Desk) -> list[tuple[str, Sequence[tuple[str, int]]]]:
    """(week, confirmed readers) of the last weeks; reads the whole table, so not more than every few minutes."""
    this = week_of(desk.now().date()).first
    counted = desk.joined.get("", lambda: _count_joined(desk), now=desk.now())
    weeks = [this - timedelta(weeks=back) for back in reversed(range(WEEKS))]
    return [(f"week of {short_day(one)}", (("joined", counted[one]),)) for one in weeks]


def _count_joined(desk: Desk) -> Counter[date]:
    return Counter(week_of(one.confirmed_at.date()).first for one in desk.press.subscribers.every() if one.confirmed_at)
