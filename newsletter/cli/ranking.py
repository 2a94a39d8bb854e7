"""`rank`: the edition that would be printed, pick by pick, with the reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.frame import command, day_option, give, json_option, opened, plural, say, tell
from newsletter.errors import UsageError
from newsletter.stages.lately import when_printed

if TYPE_CHECKING:
    from datetime import date

    from newsletter.model.edition import Edition, Pick, Pool
    from newsletter.press import Press


@command("rank", short_help="Show the edition that would be printed.")
@day_option
@click.option("--topic", "topics", multiple=True, metavar="SLUG", help="Only this topic; may be given again.")
@click.option("--explain", is_flag=True, help="Show the parts of each score.")
@click.option("--again", is_flag=True, help="Rank anew although the day's edition is printed.")
@click.option(
    "--history", "span", metavar="30d", help="How many papers --topic would have given on each of so many days."
)
@json_option
def rank(
    day: date | None, topics: tuple[str, ...], explain: bool, again: bool, span: str | None, as_json: bool
) -> None:
    """Show the edition that would be printed for the day, or the printed one. Nothing is printed for good."""
    with opened() as press:
        _check_topics(press, topics)
        if span is not None:
            _history(press, day, topics, span, as_json=as_json)
            return
        edition, notes, printed, nothing = _edition(press, day, topics, again=again)
        when = when_printed(edition, press.clock.now()) if printed else "as it would be printed now"
    pools = [pool for pool in edition.pools if not topics or pool.slug in topics]
    if as_json:
        give(_document(edition, pools, printed=printed, notes=(*filter(None, [nothing]), *notes)))
        return
    say(f"Edition of {edition.day}, {when}{f': {nothing}' if nothing else ''}")
    for pool in pools if not nothing else ():
        say()
        say(f"{pool.name} ({pool.slug})")
        for pick in pool.picks if explain else pool.shown:
            _say_pick(edition, pick, explain=explain)
        if not pool.picks:
            say("  no paper fits")
        elif (more := len(pool.picks) - len(pool.shown)) and not explain:
            say(f"  and {plural(more, 'paper')} more in the pool, below the fold")
    for note in (*edition.notes, *notes):
        tell(f"note: {note}")


def _history(press: Press, day: date | None, topics: tuple[str, ...], span: str, *, as_json: bool) -> None:
    from newsletter.cli.history import history, read_span

    if not topics:
        raise UsageError("--history tries a topic.", cure="Name it: --topic SLUG.")
    history(press, topics, day or press.edition_day(press.clock.now()), read_span(span), as_json=as_json)


def _check_topics(press: Press, topics: tuple[str, ...]) -> None:
    known = [topic.slug for topic in press.config.topics]
    for slug in topics:
        if slug not in known:
            raise UsageError(f'There is no topic "{slug}".', cure=f"There are: {', '.join(known)}.")


def _edition(
    press: Press, day: date | None, topics: tuple[str, ...], *, again: bool
) -> tuple[Edition, tuple[str, ...], bool, str]:
    """The edition, what is to be noted, whether it is printed, and why there was nothing to weigh."""
    from newsletter.publish import moment
    from newsletter.stages.printing import draft, nothing_known

    asof = moment(press, day)
    day = day or press.edition_day(asof)
    printed = None if again else press.editions.get(day)
    if printed is not None and set(topics) <= {pool.slug for pool in printed.pools}:
        return printed, (), True, ""
    edition, notes = draft(press, day, asof)
    return edition, tuple(note.text for note in notes), False, nothing_known(press, edition, asof)


def _say_pick(edition: Edition, pick: Pick, *, explain: bool) -> None:
    from newsletter.compose.detex import detex
    from newsletter.rank.explain import explain_pick

    card = edition.card(pick.paper_id)
    title = detex(card.paper.title) if card else pick.paper_id
    say(f"{pick.rank:3}. {title}")
    up = f", {card.upvotes} upvotes" if card and card.upvotes is not None else ""
    say(f"     {pick.paper_id}, score {pick.score.total:.3f}{up}")
    for line in explain_pick(pick) if explain else (pick.why,):
        say(f"     {line}")


def _document(edition: Edition, pools: list[Pool], *, printed: bool, notes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "day": edition.day.isoformat(),
        "printed": printed,
        "printed_at": edition.printed_at.isoformat() if printed else None,
        "topics": [
            {
                "slug": pool.slug,
                "name": pool.name,
                "top": pool.top,
                "papers": [_pick(edition, pick) for pick in pool.picks],
            }
            for pool in pools
        ],
        "left_out": [{"id": out.paper_id, "topic": out.topic, "reason": out.reason} for out in edition.left_out],
        "notes": [*edition.notes, *notes],
    }


def _pick(edition: Edition, pick: Pick) -> dict[str, Any]:
    card = edition.card(pick.paper_id)
    return {
        "id": pick.paper_id,
        "rank": pick.rank,
        "title": card.paper.title if card else "",
        "url": card.paper.url if card else "",
        "upvotes": card.upvotes if card else None,
        "score": round(pick.score.total, 6),
        "parts": [{"name": part.name, "value": part.value, "detail": part.detail} for part in pick.score.parts],
        "why": pick.why,
        "marks": list(pick.marks),
    }
