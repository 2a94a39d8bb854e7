"""`backtest`: past days ranked again, by one ranker or two side by side, measured by the votes that came later."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.frame import Day, command, give, json_option, opened, plural, say, tell
from newsletter.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

    from newsletter.backtest.report import Result


@command("backtest", short_help="The ranker against history, with metrics.")
@click.option("--from", "first", type=Day(), help="First day; else the first printed one.")
@click.option("--to", "last", type=Day(), help="Last day; else the last printed one.")
@click.option(
    "--ranker", default="default", show_default=True, help="A preset, or settings: trend_weight=1,dense=false."
)
@click.option("--against", default="", metavar="RANKER", help="A second ranker, measured on the same days.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="PAGE.html", help="Write a page too.")
@json_option
def backtest(first: date | None, last: date | None, ranker: str, against: str, out: Path | None, as_json: bool) -> None:
    """Rank past days as they were and compare with what later trended.

    Presets: default, words (no text model), topic (votes do not count), hot (votes count double), plain (no variety).
    """
    from newsletter.backtest.report import conclude, document, page
    from newsletter.stages.replaying import backtest as measure
    from newsletter.stages.replaying import days_between, replay

    if first is not None and last is not None and first > last:
        raise UsageError("--from is after --to.", cure="Turn them round.")
    rankers = [ranker, *([against] if against else [])]
    with opened() as press:
        days = days_between(press, first, last)
        rows = measure(press, days, rankers)
        result = conclude(rankers, days, rows, replay(press, days))
        name = press.config.newsletter.name
    if out is not None:
        _write(out, page(result, name))
    if as_json:
        give(document(result))
    else:
        _say(result)


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.", cure="Choose another --out.") from None
    tell(f"wrote {out}")


def _say(result: Result) -> None:
    from newsletter.backtest.measures import TITLES

    if not result.rows:
        say("No day with at least two papers in a topic in this range.")
        return
    measured = len({row.day for row in result.rows})
    say(f"{plural(measured, 'day')}, {plural(len(result.rows), 'topic of a day', 'topics of days')}; mean [95 %]")
    heads = [*result.rankers, *(["difference"] if result.gain else [])]
    say(f"{'':<10} " + "".join(f"{head[:24]:>26}" for head in heads))
    for name, title in TITLES.items():
        cells = [means[name] for means in result.means] + ([result.gain[name]] if result.gain else [])
        if not math.isnan(cells[0].mean):
            shown = [f"{one.mean:.3f} [{one.low:.3f}, {one.high:.3f}]" for one in cells]
            say(f"{title:<10} " + "".join(f"{cell:>26}" for cell in shown))
    differing = [one for one in result.replays if one.differs]
    if result.replays:
        same = len(result.replays) - len(differing)
        say(f"replay: {same} of {plural(len(result.replays), 'printed day')} come out again byte for byte")
    for one in differing:
        say(f"  {one.day} differs in its {', '.join(one.differs)}")
