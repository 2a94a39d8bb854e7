"""`demo`: to see what it does before anybody is written to."""

from __future__ import annotations

from pathlib import Path

import click

from newsletter.cli.frame import command, give, json_option, say, tell


@command("demo", short_help="The whole day, offline, on the bundled sample.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default="demo", show_default=True, metavar="DIR"
)
@click.option("--open", "open_", is_flag=True, help="Show the page in the browser.")
@json_option
def demo(out: Path, open_: bool, as_json: bool) -> None:
    """Run the sample week offline: collect, rank, cut, and send to three sample readers' mailboxes.

    Writes their .eml files and an index.html that shows them, and says what was picked and why.
    """
    from newsletter.demo import run as run_sample

    report = run_sample(out, open_browser=open_, watch=lambda day: tell(f"{day} ..."))
    if as_json:
        give({"index": str(report.index), "mails": [str(path) for path in report.mails], "lines": list(report.lines)})
        return
    for line in report.lines:
        say(line)
    say()
    say(f"The mails, side by side: {report.index}")
