"""`collect`, `send`, `run` and `tend`: the mission and its stages, told as they happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.frame import (
    Counter,
    command,
    day_option,
    give,
    json_option,
    opened,
    quiet_option,
    say,
    stopping,
    tell,
    watcher,
)
from newsletter.cli.helping import helped, workers_option
from newsletter.cli.naming import named
from newsletter.cli.news import News

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from newsletter.model.mail import Note
    from newsletter.press import Press, Watch
    from newsletter.running import Report
    from newsletter.send.tally import Tally

_END = {
    "partial": "It did not all work out for now; running it again later is the cure.",
    "failed": "A person must look; running it again will not help by itself.",
}


@command("collect", short_help="Ask the sources and signals; keep papers and readings.")
@day_option
@quiet_option
@json_option
def collect(day: date | None, quiet: bool, as_json: bool) -> int:
    """Ask the sources and signals; keep papers and readings. A source that fails does not stop the others."""
    from newsletter import publish

    with opened() as press, stopping() as stop:
        news = News(press, quiet=quiet)
        watch = watcher(as_json=as_json, quiet=quiet)
        report = publish.collect(press, day, watch=news.only(watch), stop=stop)
        news.rest(watch, report)
        return _end(report, as_json=as_json)


@command("run", short_help="Collect, rank, cut, send: the command for cron.")
@day_option
@workers_option
@quiet_option
@json_option
def run(day: date | None, workers: int | None, quiet: bool, as_json: bool) -> int:
    """Collect, rank, cut, send. Safe to run twice, at once, and after a crash: what is done is not done again."""
    from newsletter import publish

    with opened(sends=True) as alone, stopping() as stop:
        press = helped(alone, workers, stop)
        news = News(press, quiet=quiet)
        watch, count = _watched(press, as_json=as_json, quiet=quiet)
        report = publish.run(press, day, watch=news.only(watch), progress=count, stop=stop)
        news.rest(watch, report)
        _tell_silent(press, report, news)
        return _end(report, as_json=as_json)


@command("send", short_help="Cut and dispatch what is due.")
@day_option
@click.option("--dry-run", is_flag=True, help="Say who would get what; write and send nothing.")
@click.option("--test", "test", metavar="EMAIL", help="Send the day's digest to this address only, at once.")
@click.option("--cancel", is_flag=True, help="Send nothing: give up what is queued of --day.")
@click.option("--resend-uncertain", "resend", is_flag=True, help="Queue mails once more that got no answer.")
@workers_option
@quiet_option
@json_option
def send(
    day: date | None,
    dry_run: bool,
    test: str | None,
    cancel: bool,
    resend: bool,
    workers: int | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Cut each reader's issue from the editions that are printed, and dispatch what is due."""
    from newsletter import publish
    from newsletter.cli.deciding import decide

    if cancel + resend + (test is not None) > 1:
        raise click.UsageError("--test, --cancel and --resend-uncertain exclude each other.")
    if cancel or resend:
        return decide(day, cancel=cancel, dry_run=dry_run, as_json=as_json)
    if test is not None:
        return _send_test(day, test, dry_run=dry_run, as_json=as_json)
    with opened(sends=not dry_run) as alone, stopping() as stop:
        press = helped(alone, workers, stop)
        news = News(press, quiet=quiet)
        watch, count = _watched(press, as_json=as_json, quiet=quiet)
        report = publish.send(press, day, dry_run=dry_run, watch=news.only(watch), progress=count, stop=stop)
        news.rest(watch, report)
        if dry_run:
            for note in report.notes:
                watch(note)
        return _end(report, as_json=as_json)


@command("tend", short_help="Bounces in, leases back, stale sign-ups out.")
@json_option
def tend(as_json: bool) -> int:
    """Keep the house in order: bounces and complaints in, leases back, stale sign-ups out, suspended readers probed.

    Safe at any time, twice, and at once with another. Exit code 75 when something could not be done for now.
    """
    from newsletter.tend import tend as tend_mission

    with opened() as press:
        notes = tend_mission(press, watch=watcher(as_json=as_json))
        if as_json:
            give({"command": "tend", "notes": [note_document(note) for note in notes]})
    return 75 if any(note.level == "error" for note in notes) else 0


def note_document(note: Note) -> dict[str, str]:
    return {"level": note.level, "subject": note.subject, "text": note.text}


def report_document(report: Report) -> dict[str, Any]:
    """A run's report for programs."""
    tally = report.tally
    return {
        "command": report.command,
        "day": report.day.isoformat(),
        "outcome": report.outcome,
        "edition": _edition_line(report),
        "cut": report.cut,
        "silent": report.silent,
        "sent": tally.sent if tally else 0,
        "deferred": tally.deferred if tally else 0,
        "refused": len(tally.refused) if tally else 0,
        "uncertain": tally.uncertain if tally else 0,
        "expired": tally.expired if tally else 0,
        "suppressed": tally.suppressed if tally else 0,
        "notes": [note_document(note) for note in report.notes],
    }


def _edition_line(report: Report) -> dict[str, Any] | None:
    if report.edition is None:
        return None
    pools = report.edition.pools
    return {
        "day": report.edition.day.isoformat(),
        "printed_at": report.edition.printed_at.isoformat(),
        "papers": {pool.slug: [pick.paper_id for pick in pool.shown] for pool in pools},
    }


def _end(report: Report, *, as_json: bool) -> int:
    if as_json:
        give(report_document(report))
    if report.outcome in _END:
        tell(_END[report.outcome])
    return report.exit_code


def _tell_silent(press: Press, report: Report, news: News) -> None:
    """Sources that gave nothing, as the last line that cron mails: the exit code is 0 while others answer."""
    from newsletter.health import has_answered, silent_sources
    from newsletter.stages.lately import collectings

    named_so = {note.subject for note in report.notes if note.level == "error"} & press.source_names
    fresh = {note.subject for note in report.notes if note.level == "error" and (news.is_new(note) or report.exit_code)}
    runs = collectings(press.runs, limit=60)
    for name, (since, _) in sorted(silent_sources(runs, named_so & fresh).items()):
        others = (
            "the edition came out of the others" if len(named_so) < len(press.source_names) else "no source answered"
        )
        last = f"its last answer was before {since:%Y-%m-%d %H:%M} UTC"
        if len(runs) < 60 and not has_answered(runs, name):
            last = "it has never answered"
        tell(f"{name} gave nothing; {last}; {others}")


def _watched(press: Press, *, as_json: bool, quiet: bool) -> tuple[Watch, Callable[[Tally], None]]:
    """Notes as they happen, and a count of mails on stderr while they leave, when somebody watches."""
    line = Counter("mails out:")
    watch = watcher(as_json=as_json, quiet=quiet)
    waiting = 0

    def note(one: Note) -> None:
        line.end()
        watch(named(press, one))

    def count(tally: Tally) -> None:
        nonlocal waiting
        if line.live:
            waiting = waiting or tally.done + _open_mails(press)
            line.show(tally.done, waiting)

    return note, count


def _open_mails(press: Press) -> int:
    counts = press.ledger.counts(now=press.clock.now())
    return sum(counts.get(state, 0) for state in ("queued", "claimed", "sending", "deferred"))


def _send_test(day: date | None, email: str, *, dry_run: bool, as_json: bool) -> int:
    from newsletter.model.edition import Silence
    from newsletter.model.mail import Deferred, Delivered
    from newsletter.publish import moment
    from newsletter.stages.previewing import send_test
    from newsletter.subscribe.addresses import parse_address

    address = parse_address(email)
    if dry_run:
        raise click.UsageError("--dry-run and --test exclude each other: `newsletter preview` renders without sending.")
    with opened(sends=True) as press:
        asof = moment(press, day)
        outcome = send_test(press, day or press.edition_day(asof), asof, address)
    if isinstance(outcome, Silence):
        text, code = f"nothing to send to {address}: {outcome.text}", 0
    elif isinstance(outcome, Delivered):
        text, code = f"sent to {address}", 0
    else:
        reply = outcome.reply if hasattr(outcome, "reply") else None
        answer = (
            " ".join(str(part) for part in (reply.code, reply.enhanced, reply.text) if part) if reply else "dropped"
        )
        text, code = f"not sent to {address}: {answer}", 75 if isinstance(outcome, Deferred) else 1
    if as_json:
        give({"address": address, "outcome": type(outcome).__name__.lower(), "text": text})
    else:
        (tell if code else say)(text)
    return code
