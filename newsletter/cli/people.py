"""`subscribers`: the table of the people who are written to, and of those who never may be."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.app import config_option
from newsletter.cli.frame import give, json_option, opened, say, tell
from newsletter.cli.importing import import_
from newsletter.cli.returned import came_back, in_words
from newsletter.cli.tasting import taste
from newsletter.errors import BusyError, UsageError
from newsletter.model.subscriber import CADENCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from newsletter.model.subscriber import Subscriber
    from newsletter.press import Press

STATUSES = ("pending", "active", "left", "bounced", "complained", "expired")


@click.group("subscribers", short_help="The subscriber table: add, import, export, list and more.")
@config_option
def subscribers() -> None:
    """The people who are written to. Addresses are compared without case."""


subscribers.add_command(import_)
subscribers.add_command(taste)


def choices(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options with which a reader's choices are given; each is read as in an import."""
    for option in (
        click.option("--text-only", "text_only", flag_value="true", default="", help="Mail without HTML."),
        click.option("--locale", default="", metavar="CODE", help='Such as "en" or "pt_BR".'),
        click.option("--timezone", default="", metavar="ZONE", help='Such as "Europe/Berlin".'),
        click.option("--send-hour", "send_hour", default="", metavar="HOUR", help="0 to 23, her local hour."),
        click.option("--cadence", type=click.Choice(CADENCES), default=None),
        click.option("--topic", "topics", multiple=True, metavar="SLUG", help="May be given again; none: all."),
        click.option("--name", default="", help="Her name."),
    ):
        function = option(function)
    return function


@subscribers.command("add")
@click.argument("email")
@choices
@click.option("--again", is_flag=True, help="Add her though she left: she asked for it.")
@config_option
@json_option
def add(email: str, topics: tuple[str, ...], as_json: bool, again: bool, **given: str | None) -> None:
    """Add one reader, who is written to from now on: ask her first.

    Whoever is known already keeps her choices, but for those that are given here. Whoever left is added with --again
    only, so that nobody is mailed who said no.
    """
    from newsletter.subscribe.moves import move
    from newsletter.subscribe.people import RowError, remark_on, to_subscriber

    fields = {"email": email, "topics": ";".join(topics)} | {name: text or "" for name, text in given.items()}
    with opened() as press:
        now = press.clock.now()
        try:
            wanted = to_subscriber(fields, topics=[one.slug for one in press.config.topics], consent="added by hand")
        except RowError as error:
            raise UsageError(str(error)) from None
        new = press.subscribers.add(replace(wanted, created_at=now, confirmed_at=now))
        if new is None:
            known = press.subscribers.by_email(wanted.email)
            assert known is not None  # it was there a moment ago
            if not again:
                _not_who_left(press, known)
            new = move(replace(known, **_changes(wanted)), "add", at=now)
            if known.status != "active":  # what she agreed to before stays beside it
                consent = f"added by hand again {now:%Y-%m-%dT%H:%M:%SZ}"
                new = replace(new, consent=f"{known.consent}; {consent}" if known.consent else consent)
            if not press.subscribers.update(new, known):
                raise BusyError("She changed meanwhile, by her own hand.", cure="Look at her, then run it again.")
            back = new.status != known.status
            result = "added again" if back else "changed" if new != known else "known"
        else:
            result = "added"
    if note := remark_on(new):
        tell(f"note: {note}")
    if as_json:
        give({"result": result, "subscriber": person(new)})
    else:
        said = {"known": "nothing to do, known already:", "added again": "added again, and is written to from now on:"}
        say(f"{said.get(result, result)} {new.email}")


def _not_who_left(press: Press, known: Subscriber) -> None:
    """UsageError for a reader who left, also when somebody, maybe not she, asked since for her to come back."""
    if known.status != "left" and not (known.status == "pending" and known.confirmed_at is not None):
        return
    day = press.ledger.last_day("goodbye", [known.id]).get(known.id)
    raise UsageError(
        f"{known.email} left{f' on {day}' if day else ''} and is not mailed again without her own doing.",
        cure="She comes back by the sign-up page. If she asked you for it, say --again.",
    )


def _changes(wanted: Subscriber) -> dict[str, Any]:
    names = ("name", "topics", "cadence", "send_hour", "timezone", "locale", "text_only")
    return {name: value for name in names if (value := getattr(wanted, name)) not in (None, "", (), False)}


@subscribers.command("export")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write to this file.")
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option("--status", type=click.Choice(STATUSES), help="Only readers who stand so.")
@config_option
def export(out: Path | None, form: str, status: str | None) -> None:
    """Write all readers as CSV or JSON lines, in the form that `import` reads. The file holds addresses: guard it."""
    from newsletter.subscribe.intake import write_csv, write_jsonl

    write = write_csv if form == "csv" else write_jsonl
    with opened() as press:
        people = (one for one in press.subscribers.every() if status in (None, one.status))
        if out is None:
            for line in write(people):
                sys.stdout.buffer.write(line.encode())
            sys.stdout.buffer.flush()
            return
        try:
            with out.open("w", encoding="utf-8", newline="") as file:
                out.chmod(0o600)
                file.writelines(write(people))
        except OSError as error:
            raise UsageError(f"{out} cannot be written: {error.strerror}.", cure="Choose another --out.") from None
    tell(f"wrote {out}")


@subscribers.command("list")
@click.option("--status", type=click.Choice(STATUSES), help="Only readers who stand so.")
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@config_option
@json_option
def list_(status: str | None, limit: int | None, as_json: bool) -> None:
    """Show the readers, one a line."""
    with opened() as press:
        found = list(_some(press, status, limit))
        counts = dict(press.subscribers.counts())
    if as_json:
        give({"subscribers": [person(one) for one in found], "counts": counts})
        return
    for one in found:
        topics = ", ".join(one.topics) or "all topics"
        say(f"{one.email}  {one.status}, {one.cadence or 'default cadence'}, {topics}")
    tell(", ".join(f"{count:,} {name}" for name, count in sorted(counts.items())) or "there are no subscribers yet")


def _some(press: Press, status: str | None, limit: int | None) -> Iterator[Subscriber]:
    count = 0
    for one in press.subscribers.every():
        if status in (None, one.status):
            if limit is not None and count >= limit:
                return
            count += 1
            yield one


@subscribers.command("show")
@click.argument("email")
@config_option
@json_option
def show(email: str, as_json: bool) -> None:
    """Show all that is known of one reader."""
    with opened() as press:
        one = known(press, email)
        said = press.subscribers.said([one.id]).get(one.id, ())
        barred = bool(press.subscribers.suppressed([one.email]))
        back = came_back(press, one.id)
        own = press.subscribers.brought([one.id]).get(one.id, {})
    facts = person(one) | {
        "suppressed": barred,
        "feedback": [
            {"at": each.at.isoformat(), "verb": each.verb, "paper": each.paper_id, "topic": each.topic} for each in said
        ],
        "brought": [{"id": each.id, "title": each.title} for each in own.values()],
        "returns": [
            {"at": each.at.isoformat(), "what": each.what, "way": each.way, "signed": each.signed, "text": each.text}
            for each in back
        ],
    }
    if as_json:
        give(facts)
        return
    for name, value in facts.items():
        if name not in {"feedback", "brought", "returns"} and value not in (None, "", []):
            say(f"{name + ':':<14} {', '.join(value) if isinstance(value, list) else value}")
    for each in said:
        say(f"{'feedback:':<14} {each.at:%Y-%m-%d} {each.verb} {each.paper_id or each.topic}")
    for each_id, paper in own.items():
        say(f"{'brought:':<14} {each_id}  {paper.title}")
    for news in back:
        say(f"{'came back:':<14} {in_words(news)}")
    say("`newsletter why --subscriber " + one.email + "` says what she was sent, and why.")


@subscribers.command("remove")
@click.argument("email")
@config_option
@json_option
def remove(email: str, as_json: bool) -> None:
    """Take a reader off the list: she is not mailed again and may sign up again."""
    with opened() as press:
        one = known(press, email)
        press.subscribers.remove(one.email, at=press.clock.now())
    _did(as_json, "removed", one.email, "she is not mailed again, and may sign up again")


@subscribers.command("forget")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask; needed where nobody can be asked.")
@config_option
@json_option
def forget(email: str, yes: bool, as_json: bool) -> None:
    """Erase a reader and all that hangs on her, for good; only a keyed hash stays, so that she is never added again."""
    with opened() as press:
        one = known(press, email)
        if not yes and not sys.stdin.isatty():
            what = f"{one.email} was not erased: it is for good, and nobody is here to be asked."
            raise UsageError(what, cure="Say --yes if you mean it.")
        if not yes:
            click.confirm(f"Erase {one.email} for good?", abort=True, err=True)
        press.subscribers.forget(one.email, at=press.clock.now())
    _did(as_json, "forgotten", one.email, "only a keyed hash stays, so that the address is never written to")


@subscribers.command("suppress")
@click.argument("email")
@click.option("--reason", default="by hand", show_default=True)
@click.option("--lift", is_flag=True, help="Take the suppression back.")
@config_option
@json_option
def suppress(email: str, reason: str, lift: bool, as_json: bool) -> None:
    """Never write to an address, whether it is in the table or not."""
    from newsletter.subscribe.addresses import clean_name, parse_address

    address = parse_address(email)
    with opened() as press:
        if lift:
            if not press.subscribers.unsuppress(address):
                raise UsageError(f"{address} is not suppressed.")
        else:
            press.subscribers.suppress(address, clean_name(reason), at=press.clock.now())
    if lift:
        _did(as_json, "lifted", address, "the address may be added again")
    else:
        _did(as_json, "suppressed", address, "nothing is ever sent there")


def _did(as_json: bool, result: str, email: str, meaning: str) -> None:
    if as_json:
        give({"result": result, "email": email})
    else:
        say(f"{result} {email}: {meaning}")


def known(press: Press, email: str) -> Subscriber:
    """The reader of an address; UsageError when there is none."""
    from newsletter.subscribe.addresses import parse_address

    address = parse_address(email)
    one = press.subscribers.by_email(address)
    if one is None:
        barred = press.subscribers.suppressed([address])
        cure = "The address is suppressed." if barred else "`newsletter subscribers list` shows all."
        raise UsageError(f"{address} is not a subscriber.", cure=cure)
    return one


def person(one: Subscriber) -> dict[str, Any]:
    """A reader for programs."""
    return {
        "email": one.email,
        "name": one.name,
        "status": one.status,
        "topics": list(one.topics),
        "cadence": one.cadence,
        "send_hour": one.send_hour,
        "timezone": one.timezone,
        "locale": one.locale,
        "per_topic": one.per_topic,
        "text_only": one.text_only,
        "paused_until": one.paused_until.isoformat() if one.paused_until else None,
        "created_at": one.created_at.isoformat() if one.created_at else None,
        "confirmed_at": one.confirmed_at.isoformat() if one.confirmed_at else None,
        "consent": one.consent,
    }
