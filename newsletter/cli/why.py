"""`why`: why a day, a reader or a paper looks as it does."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.channels import gather as channels
from newsletter.cli.frame import command, day_option, give, json_option, opened, plural, say
from newsletter.cli.people import known
from newsletter.cli.returned import came_back, in_words
from newsletter.cli.status import words_for
from newsletter.model.paper import pasted_id
from newsletter.stages.lately import collectings, printings, when_printed

if TYPE_CHECKING:
    from datetime import date, datetime

    from newsletter.model.edition import Edition, Issue
    from newsletter.model.mail import Run, Standing
    from newsletter.model.subscriber import Subscriber
    from newsletter.press import Press

_SINGULAR = {
    "queued": "waits to be sent",
    "claimed": "is held by a worker",
    "sending": "is being sent",
    "sent": "was handed to the mail server",
    "deferred": "was not taken yet and is tried again",
    "refused": "was refused for good",
    "uncertain": "got no answer after the whole mail was handed over",
    "expired": "grew too old to send and was dropped",
    "suppressed": "was held back: the reader left meanwhile, or may not be written to",
    "cancelled": "was cancelled",
}


@command("why", short_help="Why this day, reader or paper looks as it does.")
@day_option
@click.option("--subscriber", "email", metavar="EMAIL", help="Why this reader got what she got, or nothing.")
@click.option("--paper", metavar="ID", help="Why this paper is in or out: its id or arXiv address.")
@json_option
def why(day: date | None, email: str | None, paper: str | None, as_json: bool) -> None:
    """Say why a day, a reader's issue or a paper looks as it does. Without --day: today."""
    from newsletter.publish import moment

    with opened() as press:
        asof = moment(press, day)
        on = day or press.edition_day(asof)
        if email is not None:
            facts = of_reader(press, known(press, email), asof, day, on, pasted_id(paper) if paper else "")
        elif paper is not None:
            facts = of_paper(press, pasted_id(paper), asof, on)
        else:
            facts = of_day(press, on)
    if as_json:
        give(facts)
    else:
        for line in facts["lines"]:
            say(line)


def of_day(press: Press, day: date) -> dict[str, Any]:
    """What became of a day: its edition, what each run said, where its mail stands, who got nothing and why."""
    edition = press.editions.get(day)
    runs = _runs(press, day)
    counts = {state: count for state, count in press.ledger.counts(day=day, now=press.clock.now()).items() if count}
    silent = Counter(silence.code for silence in press.ledger.silences(day=day))
    lines = [_edition_line(press, day, edition)]
    lines += [f"  {note}" for note in edition.notes] if edition else []
    if not runs:
        lines.append(f"No run was made for {day}. `newsletter run --day {day}` makes it up.")
    for run in runs:
        lines.append(f"{run.started_at:%Y-%m-%d %H:%M} UTC, {run.command}: {run.outcome}")
        lines += [
            f"  {'' if note.level == 'info' else note.level + ': '}{note.subject}: {note.text}" for note in run.notes
        ]
    lines += [f"Mail: {count:,} {words_for(state, count)}." for state, count in counts.items()]
    lines += _channel_lines(press, day)
    lines += [f"No mail for {plural(count, 'reader')}: {code}." for code, count in sorted(silent.items())]
    return {
        "day": day.isoformat(),
        "edition": edition.printed_at.isoformat() if edition else None,
        "mail": counts,
        "silent": dict(silent),
        "lines": lines,
    }


def _channel_lines(press: Press, day: date) -> list[str]:
    """What became of the day's posts."""
    return [
        f"Channel {one['name']}: {post['text']}."
        for one in channels(press)
        for post in one["posts"]
        if post["day"] == day.isoformat()
    ]


def _runs(press: Press, day: date) -> list[Run]:
    """The latest runs of a day; those that asked and printed are there however often mail was sent since."""
    found = {
        run.id: run
        for some in (
            press.runs.last(limit=10, day=day),
            collectings(press.runs, limit=5, day=day),
            printings(press.runs, limit=5, day=day),
        )
        for run in some
    }
    return sorted(found.values(), key=lambda run: run.id, reverse=True)


def _edition_line(press: Press, day: date, edition: Edition | None) -> str:
    if edition is not None:
        shown = len({pick.paper_id for pool in edition.pools for pick in pool.shown})
        topics = sum(bool(pool.picks) for pool in edition.pools)
        when = when_printed(edition, press.clock.now())
        return f"The edition of {day} was {when}: {plural(shown, 'paper')} in {plural(topics, 'topic')}."
    reasons = [
        note.text
        for run in printings(press.runs, limit=5, day=day)
        for note in run.notes
        if note.subject == "edition" and note.text.startswith("nothing printed")
    ]
    return f"There is no edition of {day}{': ' + reasons[0] if reasons else ''}."


def of_reader(
    press: Press, reader: Subscriber, asof: datetime, day: date | None, on: date, paper: str
) -> dict[str, Any]:
    """What one reader got, is about to get, or did not get, and why."""
    lines = [_who(press, reader)]
    if press.subscribers.suppressed([reader.email]):
        lines.append("Her address is suppressed: nothing is ever sent there.")
    if back := [news for news in came_back(press, reader.id) if news.signed]:
        lines.append(f"Last came back: {in_words(max(back, key=lambda news: news.at))}.")
    standing = _standing(press, reader, on)
    code = "mailed"
    if standing is not None:
        lines += _standing_lines(press, standing, paper)
        code = standing.state
    else:
        code, more = _silence_lines(press, reader, asof, day, on)
        lines += more
        if paper:
            lines += of_paper(press, paper, asof, on)["lines"]
    return {"day": on.isoformat(), "subscriber": reader.email, "code": code, "lines": lines}


def _who(press: Press, reader: Subscriber) -> str:
    defaults = press.reader_defaults
    hour = defaults.send_hour if reader.send_hour is None else reader.send_hour
    zone = reader.timezone or defaults.timezone
    topics = ", ".join(reader.topics) or "all topics"
    cadence = reader.cadence or defaults.cadence
    return f"{reader.email} is {reader.status}: {cadence} mail at {hour:02}:00 {zone}, {topics}."


def _standing(press: Press, reader: Subscriber, day: date) -> Standing | None:
    """Her digest of the day, or, for a weekly or monthly reader, of the period that the day lies in."""
    from newsletter.subscribe.calendar import slot_day

    now = press.clock.now()
    days = dict.fromkeys((day, slot_day(reader, day, press.reader_defaults)))
    found = (press.ledger.standing(kind="digest", day=one, subscriber_id=reader.id, now=now) for one in days if one)
    return next((standing for standing in found if standing is not None), None)


def _standing_lines(press: Press, standing: Standing, paper: str) -> list[str]:
    delivery = standing.delivery
    reply = standing.reply
    answer = " ".join(str(part) for part in (reply.code, reply.enhanced, reply.text) if part) if reply else ""
    when = f" at {standing.at:%Y-%m-%d %H:%M} UTC" if standing.at else ""
    lines = [f"Her issue of {delivery.day} {_SINGULAR[standing.state]}{when}{': ' + answer if answer else '.'}"]
    if standing.not_before:
        lines.append(f"  The next try is due at {standing.not_before:%Y-%m-%d %H:%M} UTC.")
    issue, editions = _issue(press, standing)
    for section in issue.sections:
        lines.append(f"  {section.name}")
        lines += [f"    {pick.paper_id}  {_title(editions, pick.paper_id)}" for pick in section.picks]
    if paper:
        lines += _paper_in_issue(press, issue, editions, paper)
    return lines


def _issue(press: Press, standing: Standing) -> tuple[Issue, tuple[Edition, ...]]:
    import json
    from datetime import date as day_of

    from newsletter.model.codec import issue_from_payload

    delivery = standing.delivery
    days = [day_of.fromisoformat(text) for text in json.loads(delivery.payload)["editions"]]
    editions = tuple(one for one in (press.editions.get(day) for day in days) if one is not None)
    issue = issue_from_payload(
        delivery.payload, subscriber_id=delivery.subscriber_id, day=delivery.day, editions=editions
    )
    return issue, editions


def _title(editions: tuple[Edition, ...], paper: str) -> str:
    from newsletter.compose.detex import detex

    cards = (edition.card(paper) for edition in reversed(editions))
    return next((detex(card.paper.title) for card in cards if card is not None), "")


def _paper_in_issue(press: Press, issue: Issue, editions: tuple[Edition, ...], paper: str) -> list[str]:
    from newsletter.rank.explain import explain_paper

    if paper in issue.paper_ids:
        return [f"{paper} is in it."]
    lines = [f"{paper} is not in it."]
    seen = press.ledger.seen([issue.subscriber_id]).get(issue.subscriber_id, frozenset())
    if paper in seen:
        lines.append("  She had it in an earlier issue, and nothing is sent twice.")
    for edition in editions:
        lines += [f"  {edition.day}: {line}" for line in explain_paper(edition, paper)]
    return lines


def _silence_lines(
    press: Press, reader: Subscriber, asof: datetime, day: date | None, on: date
) -> tuple[str, list[str]]:
    from newsletter.model.edition import Silence
    from newsletter.stages.cutting import cut_block

    recorded = press.ledger.silences(day=on, subscriber_id=reader.id)
    if recorded:
        return recorded[-1].code, [f"No issue for {on}: {recorded[-1].text}"]
    block = cut_block(press, [reader], asof, day=day)
    lines = []
    for silence in block.silences:
        lines.append(f"No issue for {on}: {silence.text}")
        if silence.code == "no-edition":
            lines.append(_edition_line(press, on, None))
    if block.issues:
        slot, issue = block.issues[0][1:]
        count = plural(len(issue.paper_ids), "paper")
        lines.append(f"Her issue of {slot.day} is not cut yet: the next run makes it, with {count}.")
    last = press.ledger.last_day("digest", [reader.id]).get(reader.id)
    lines.append(f"Her last issue was that of {last}." if last else "She has had no issue so far.")
    return next((one.code for one in block.silences if isinstance(one, Silence)), "not-cut-yet"), lines


def of_paper(press: Press, paper: str, asof: datetime, day: date) -> dict[str, Any]:
    """Where one paper stands in the day's edition, or why it is not there."""
    from newsletter.rank.explain import explain_paper
    from newsletter.stages.printing import draft

    found = press.papers.get([paper]).get(paper)
    lines = [f"{paper}: {found.title}" if found else f"{paper} is not known: no source has listed it so far."]
    if found:
        lines += [
            f"  listed by {one.source} on {one.day} ({one.kind}), first seen {one.at:%Y-%m-%d %H:%M} UTC"
            for one in press.papers.listings(paper)
        ]
        lines += _earlier(press, paper, day)
        edition = press.editions.get(day)
        if edition is None:
            edition, notes = draft(press, day, asof)
            lines.append(f"There is no edition of {day} yet. As it would be printed now:")
            lines += [f"  {note.text}" for note in notes]
        else:
            lines.append(f"In the edition of {day}, {when_printed(edition, press.clock.now())}:")
        lines += [f"  {line}" for line in explain_paper(edition, paper)]
        lines += _why_no_candidate(press, paper, edition, asof)
    return {"day": day.isoformat(), "paper": paper, "known": found is not None, "lines": lines}


def _earlier(press: Press, paper: str, day: date) -> list[str]:
    from newsletter.stages.printing import NEVER_TWICE

    for one in sorted((each for each in press.editions.days() if day - NEVER_TWICE <= each < day), reverse=True):
        edition = press.editions.get(one)
        if edition and any(pick.paper_id == paper for pool in edition.pools for pick in pool.shown):
            return [f"  shown in the edition of {one}, so it is not shown again"]
    return []


def _why_no_candidate(press: Press, paper: str, edition: Edition, asof: datetime) -> list[str]:
    """When the edition says nothing of it: was it too old, or seen only after the edition was printed?"""
    if any(pick.paper_id == paper for pool in edition.pools for pick in pool.picks) or any(
        out.paper_id == paper for out in edition.left_out
    ):
        return []
    listed = [one.at for one in press.papers.listings(paper)]
    if not listed:
        return []
    if press.editions.get(edition.day) and min(listed) > edition.printed_at:
        return ["  It came after the edition was printed, so it is a candidate of the next one."]
    from newsletter.config_values import show_duration

    lookback = press.config.ranking.lookback
    if max(listed) < asof - lookback:
        return [f"  It was last listed before the {show_duration(lookback)} that [ranking] lookback reaches back."]
    return []
