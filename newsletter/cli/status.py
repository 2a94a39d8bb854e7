"""`status`: what ran, what waits, what failed and which source is missing, in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from newsletter.cli.channels import gather as channels
from newsletter.cli.frame import command, give, json_option, opened, plural, say
from newsletter.cli.mission import note_document
from newsletter.cli.naming import named
from newsletter.health import has_answered, silent_sources
from newsletter.stages.lately import collectings, when_printed
from newsletter.stages.pacing import board, used
from newsletter.stages.relaying import relays

if TYPE_CHECKING:
    from newsletter.model.edition import Edition
    from newsletter.model.mail import Run, Standing
    from newsletter.press import Press
    from newsletter.stages.relaying import Relayed

STATE_WORDS = {
    "queued": "wait to be sent",
    "claimed": "are held by a worker",
    "sending": "are being sent",
    "sent": "were sent",
    "deferred": "were not taken yet and are tried again",
    "refused": "were refused for good",
    "uncertain": "got no answer after the whole mail was handed over (`send --resend-uncertain` sends it again)",
    "expired": "grew too old to send",
    "suppressed": "were held back: the reader left, or may not be written to",
    "cancelled": "were cancelled",
}
_ONE = {"wait": "waits", "are": "is", "were": "was", "have": "has"}
OPEN = ("queued", "claimed", "sending", "deferred", "uncertain")
SHOWN = 10
ASKED = 60


@command("status", short_help="Last runs, what is queued, what failed, in words.")
@json_option
def status(as_json: bool) -> None:
    """Last runs, the sources as they last answered, today's edition, and where the mail stands."""
    with opened() as press:
        facts = gather(press)
    if as_json:
        give(facts)
    else:
        _say(facts)


def gather(press: Press) -> dict[str, Any]:
    """All that `status` says, for programs."""
    now = press.clock.now()
    today = press.edition_day(now)
    runs = press.runs.last(limit=SHOWN)
    asked = collectings(press.runs, limit=ASKED)
    edition = press.editions.get(today)
    due = press.ledger.next_due(now=now)
    failed = press.ledger.standings(day=today, states=("refused", "uncertain", "deferred"), limit=SHOWN, now=now)
    readers = press.subscribers.get({one.delivery.subscriber_id for one in failed})
    return {
        "now": now.isoformat(timespec="seconds"),
        "day": today.isoformat(),
        "edition": _edition(edition, now) if edition else None,
        "papers": press.papers.count(),
        "subscribers": dict(press.subscribers.counts()),
        "mail": {
            "today": dict(press.ledger.counts(day=today, now=now)),
            "all": dict(press.ledger.counts(now=now)),
            "next_due": due.isoformat() if due else None,
            "warm_up": _warm_up(press, now),
            "providers": _providers(press, now),
            "relays": [_relay(one) for one in relays(press)],
            "trouble": [_trouble(one, _email(readers, one)) for one in failed],
        },
        "channels": channels(press),
        "sources": [_source(name, asked) for name in sorted(press.source_names)],
        "unanswered": [name for name in sorted(press.source_names) if _never(name, asked)],
        "runs": [_run(press, run) for run in runs],
    }


def _edition(edition: Edition, now: datetime) -> dict[str, Any]:
    return {
        "printed_at": edition.printed_at.isoformat(),
        "papers": _shown(edition),
        "text": when_printed(edition, now),
    }


def _shown(edition: Any) -> int:
    return len({pick.paper_id for pool in edition.pools for pick in pool.shown})


def _email(readers: Any, standing: Standing) -> str:
    reader = readers.get(standing.delivery.subscriber_id)
    return reader.email if reader else "a reader who was forgotten"


def _trouble(one: Standing, email: str) -> dict[str, Any]:
    reply = one.reply
    return {
        "reader": email,
        "day": one.delivery.day.isoformat(),
        "state": one.state,
        "attempts": one.attempts,
        "answer": " ".join(str(part) for part in (reply.code, reply.enhanced, reply.text) if part) if reply else "",
        "not_before": one.not_before.isoformat() if one.not_before else None,
    }


def _warm_up(press: Press, now: datetime) -> dict[str, int] | None:
    found = used(press, now)
    return None if found is None else {"sent": found[0], "most": found[1]}


def _providers(press: Press, now: datetime) -> list[dict[str, str]]:
    """Those that found us too fast."""
    known = pause.read() if (pause := board(press)) else {}
    return [
        {"provider": name, "until": datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds"), "text": said}
        for name, (until, said) in sorted(known.items())
        if until > now.timestamp()
    ]


def _relay(one: Relayed) -> dict[str, Any]:
    return {
        "relay": one.where,
        "state": "ok" if one.since is None else "out",
        "since": one.since.isoformat(timespec="seconds") if one.since else None,
        "until": one.until.isoformat(timespec="seconds") if one.until else None,
        "text": one.said,
    }


def _source(name: str, runs: tuple[Run, ...]) -> dict[str, Any]:
    """The source's last word: the newest run that spoke of it. `since`: of a failure, when it began."""
    for run in runs:
        said = [note for note in run.notes if note.subject == name]
        if said:
            worst = next((note for level in ("error", "warning") for note in said if note.level == level), said[0])
            text = worst.text if worst is said[0] else f"{said[0].text}; {worst.text}"
            state = {"error": "missing", "warning": "incomplete", "info": "ok"}[worst.level]
            at = run.started_at.isoformat(timespec="seconds")
            since = silent_sources(runs, [name]).get(name, (None,))[0]
            first = since.isoformat(timespec="seconds") if since else None
            return {"name": name, "state": state, "at": at, "since": first, "text": text}
    return {"name": name, "state": "never asked", "at": None, "since": None, "text": "no run has asked it yet"}


def _never(name: str, runs: tuple[Run, ...]) -> bool:
    """Whether all that was ever heard of a source are failures."""
    return name in silent_sources(runs, [name]) and len(runs) < ASKED and not has_answered(runs, name)


def _run(press: Press, run: Run) -> dict[str, Any]:
    return {
        "command": run.command,
        "day": run.day.isoformat(),
        "started_at": run.started_at.isoformat(timespec="seconds"),
        "finished_at": run.finished_at.isoformat(timespec="seconds") if run.finished_at else None,
        "outcome": run.outcome,
        "notes": [note_document(named(press, note)) for note in run.notes],
    }


def words_for(state: str, count: int) -> str:
    """`were sent`, and of one mail `was sent`."""
    words = STATE_WORDS.get(state, state)
    if count != 1:
        return words
    return " ".join(_ONE.get(word, word) for word in words.split(" "))


def _say(facts: dict[str, Any]) -> None:
    edition = facts["edition"]
    printed = f"{edition['text']}, {plural(edition['papers'], 'paper')}" if edition else None
    say(f"Edition of {facts['day']}: {printed or 'not printed yet'}")
    people = ", ".join(f"{count:,} {name}" for name, count in sorted(facts["subscribers"].items()))
    say(f"Readers: {people or 'none yet'}. Papers known: {facts['papers']:,}.")
    say()
    say("Sources")
    for source in facts["sources"]:
        when = f" ({_clock(source['at'])})" if source["at"] else ""
        when = f" since {_clock(source['since'])}" if source["since"] else when
        never = "it has never answered: " if source["name"] in facts["unanswered"] else ""
        say(f"  {source['name']}: {source['state']}{when}: {never}{source['text']}")
    if not facts["sources"]:
        say("  none: add [[sources]] to config.toml")
    say()
    say("Mail")
    _say_mail(facts["mail"])
    say()
    _say_channels(facts["channels"])
    say("Last runs")
    told: set[str] = set()
    for run in facts["runs"]:
        say(f"  {_clock(run['started_at'])} {run['command']} for {run['day']}: {run['outcome']}")
        lines = _lines(run["notes"])
        for line in lines:
            if line not in told:
                say(f"    {line}")
        troubles = {line for line in lines if line.startswith(("warning: ", "error: "))}
        if again := len(troubles & told):
            say(f"    and {plural(again, 'warning')} that a later run repeats")
        told |= troubles
    if not facts["runs"]:
        say("  nothing was run yet: newsletter run")


def _lines(notes: list[dict[str, str]]) -> list[str]:
    return [
        f"{'' if note['level'] == 'info' else note['level'] + ': '}{note['subject']}: {note['text']}"
        for note in notes
        if note["level"] != "info" or note["subject"] in {"edition", "cut", "send"}
    ]


def _say_mail(mail: dict[str, Any]) -> None:
    counts = {state: count for state, count in mail["today"].items() if count}
    for state, count in counts.items():
        say(f"  today {count:,} {words_for(state, count)}")
    older = {state: mail["all"].get(state, 0) - mail["today"].get(state, 0) for state in OPEN}
    for state, count in older.items():
        if count > 0:
            say(f"  of earlier days {count:,} {words_for(state, count)}")
    if not counts and not any(count > 0 for count in older.values()):
        say("  nothing was queued today")
    if mail["next_due"]:
        say(f"  the next is due at {_clock(mail['next_due'])}")
    _say_pace(mail)
    for one in mail["trouble"]:
        again = f", again after {_clock(one['not_before'])}" if one["not_before"] else ""
        say(
            f"  {one['reader']}: {one['state']} after {plural(one['attempts'], 'try', 'tries')}{again}: {one['answer']}"
        )


def _say_channels(channels: list[dict[str, Any]]) -> None:
    if not channels:
        return
    say("Channels")
    for one in channels:
        last = one["posts"][0] if one["posts"] else None
        say(f"  {one['name']}: {last['day'] + ' ' + last['text'] if last else 'nothing was posted yet'}")
    say()


def _say_pace(mail: dict[str, Any]) -> None:
    """The day's cap, providers that found us too fast, and each of several relays."""
    if (cap := mail["warm_up"]) is not None:
        say(f"  warm-up: {cap['sent']:,} of at most {cap['most']:,} issues of today have left")
    for one in mail["providers"]:
        say(f"  {one['provider']}: left alone until {_clock(one['until'])}, then slowly: {one['text']}")
    for one in mail["relays"]:
        if one["state"] == "out":
            again = f"left alone until {_clock(one['until'])}"
            say(f"  relay {one['relay']}: out since {_clock(one['since'])}, {again}: {one['text']}")
        else:
            say(f"  relay {one['relay']}: ok")


def _clock(iso: str) -> str:
    return f"{iso[:10]} {iso[11:16]} UTC"
