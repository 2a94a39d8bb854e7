"""`subscribers import`: a file of people into the table, each bad row named, the good ones kept."""

from __future__ import annotations

import sys
from collections import Counter as Tally
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.app import config_option
from newsletter.cli.frame import Counter, give, json_option, opened, plural, say, tell
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from newsletter.model.subscriber import Subscriber
    from newsletter.press import Press
    from newsletter.subscribe.people import BadRow, Remark, Row

MOST_SHOWN = 100  # bad rows on the screen; --json has them all
LARGEST = 512 * 1024**2  # bytes of a file: some ten million readers


@dataclass(slots=True)
class Summary:
    """What an import did."""

    results: Tally[str] = field(default_factory=Tally)
    bad: list[BadRow] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    suppressed: list[str] = field(default_factory=list)


@click.command("import", short_help="Read a CSV or JSON lines file of readers.")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--consent", default="", help="How they agreed; kept with each reader (default: file and line).")
@click.option("--dry-run", is_flag=True, help="Check the file; add nobody.")
@config_option
@json_option
def import_(file: Path, consent: str, dry_run: bool, as_json: bool) -> int:
    """Add the readers of FILE (`-`: stdin): CSV with a header, or JSON lines.

    The columns are email,name,topics,cadence,send_hour,timezone,locale in any order; only email is needed. Bad rows
    are named by line and left out, good ones are kept, and the exit code is then 1, so that a person looks.
    Whoever is known already is left as she is; whoever is suppressed stays suppressed.
    """
    data = _read(file)
    source = "stdin" if str(file) == "-" else file.name
    with opened() as press:
        summary = _import(press, data, source, consent, dry_run=dry_run)
    if as_json:
        give(_document(summary, dry_run=dry_run))
    else:
        _tell(summary, source, dry_run=dry_run)
    return 1 if summary.bad else 0


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        if file.stat().st_size > LARGEST:
            raise UsageError(f"{file} is larger than {LARGEST // 1024**2} MB.", cure="Split it into parts.")
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from None


def _import(press: Press, data: bytes, source: str, consent: str, *, dry_run: bool) -> Summary:
    from newsletter.subscribe.intake import read_people

    summary = Summary()
    rows = read_people(data, source=source, topics=[topic.slug for topic in press.config.topics])
    people = _good(rows, summary, press.clock.now(), consent)
    line = Counter("readers:")
    results = ((one, "good") for one in people) if dry_run else press.subscribers.add_many(people)
    for number, (one, result) in enumerate(results, 1):
        summary.results[result] += 1
        if result == "suppressed":
            summary.suppressed.append(one.email)
        if number % 1000 == 0:
            line.show(number)
    line.end()
    return summary


def _good(rows: Iterator[Row | BadRow | Remark], summary: Summary, now: datetime, consent: str) -> Iterator[Subscriber]:
    """The good rows' subscribers; all else goes into the summary on the way."""
    from newsletter.subscribe.people import BadRow, Remark

    for row in rows:
        if isinstance(row, BadRow):
            summary.bad.append(row)
        elif isinstance(row, Remark):
            summary.remarks.append(row.text)
        else:
            if row.note:
                summary.remarks.append(f"line {row.line}: {row.note}")
            one = row.subscriber
            yield replace(
                one,
                created_at=one.created_at or now,
                confirmed_at=one.confirmed_at or (now if one.status == "active" else None),
                consent=consent or one.consent,
            )


def _document(summary: Summary, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "added": summary.results["added"] + summary.results["good"],
        "known": summary.results["known"],
        "suppressed": summary.results["suppressed"],
        "bad": [{"line": row.line, "given": row.given, "reason": row.reason} for row in summary.bad],
        "remarks": summary.remarks,
    }


def _tell(summary: Summary, source: str, *, dry_run: bool) -> None:
    for remark in summary.remarks[:MOST_SHOWN]:
        tell(f"note: {remark}")
    for row in summary.bad[:MOST_SHOWN]:
        given = f" ({row.given})" if row.given else ""
        tell(f"{source} line {row.line}{given}: {row.reason}")
    if len(summary.bad) > MOST_SHOWN:
        tell(f"and {plural(len(summary.bad) - MOST_SHOWN, 'bad row')} more; --json names them all")
    for email in summary.suppressed[:MOST_SHOWN]:
        tell(f"note: {email} is suppressed and was not added")
    good = summary.results["added"] + summary.results["good"]
    words = [plural(good, "reader") + (" would be added" if dry_run else " added")]
    if summary.results["known"]:
        words.append(f"{summary.results['known']:,} known already and left as they are")
    if summary.results["suppressed"]:
        words.append(f"{summary.results['suppressed']:,} suppressed")
    if summary.bad:
        words.append(f"{plural(len(summary.bad), 'bad row')} left out")
    say(", ".join(words))
