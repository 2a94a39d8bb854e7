"""Every command with its one line of help and where it lives: nothing else is loaded to show `--help`."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """`module:attribute` of the click command, and what it does in one line."""

    where: str
    help: str


COMMANDS: dict[str, Entry] = {
    "demo": Entry("more:demo", "The whole day, offline, on the bundled sample."),
    "init": Entry("home:init", "Make a commented config.toml, a secret and an empty database."),
    "collect": Entry("mission:collect", "Ask the sources and signals; keep papers and readings."),
    "rank": Entry("ranking:rank", "Show the edition that would be printed."),
    "preview": Entry("look:preview", "Render a reader's mail without sending it."),
    "send": Entry("mission:send", "Cut and dispatch what is due."),
    "run": Entry("mission:run", "Collect, rank, cut, send: the command for cron."),
    "serve": Entry("serving:serve", "Web pages, the heartbeat and the local drain."),
    "worker": Entry("serving:worker", "Drain the queue beside others, on this machine or on many."),
    "site": Entry("site:site", "The archive as a static site, or an edition as an e-reader file."),
    "channels": Entry("channels:channels", "Chats and webhooks that get the edition too: list, show, test."),
    "subscribers": Entry("people:subscribers", "The subscriber table: add, import, export, list and more."),
    "search": Entry("searching:search", "Find papers by meaning and by word."),
    "why": Entry("why:why", "Why this day, reader or paper looks as it does."),
    "status": Entry("status:status", "Last runs, what is queued, what failed, in words."),
    "tend": Entry("mission:tend", "Bounces in, leases back, stale sign-ups out."),
    "backtest": Entry("replay:backtest", "The ranker against history, with metrics."),
    "doctor": Entry("doctor:doctor", "Try everything out before anything is sent."),
    "backup": Entry("keeping:backup", "Copy the SQLite database into a new file, while everything goes on."),
    "locales": Entry("locales:locales", "The languages it speaks, and what their catalogues lack."),
    "restore": Entry("keeping:restore", "Put a backup in the place of the SQLite database."),
    "upgrade": Entry("keeping:upgrade", "Bring the database up to this version, and say what was done."),
    "config": Entry("home:config", "The effective settings, secrets redacted."),
}


def commands() -> tuple[str, ...]:
    """The names of all commands, in the order of a day's work."""
    return tuple(COMMANDS)
