"""Ledger, composing and SMTP of personal mails of about 40 kB, end to end, against senders that do only the last of it.

Every contender runs in processes of its own with as many connections as we have, on the same sink, interleaved; peers
send one ready mail again and again. `python -m benchmarks.dispatch`; nodemailer is looked for in NODE_PATH.
"""

from __future__ import annotations

import statistics
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.common import Row, keep, options, show
from benchmarks.house import copy_of, cut_house, drained, processes
from benchmarks.peers import PEERS, Run, absent, run_peer, together
from benchmarks.postfix import absent as absent_postfix
from benchmarks.postfix import postfix
from benchmarks.sink import SMTP_SINK, Sink, built, sink, smtp_sink
from newsletter.config import load_config
from newsletter.model.mail import Message
from newsletter.stages.composing import render
from newsletter.wiring import open_press

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Contest:
    """One sink and one number of connections. `goals`: peer -> how many times faster we have to be."""

    name: str
    count: int
    connections: int
    without: str = ""
    delay_ms: float = 0
    server: str = "sink"  # or Postfix's "smtp-sink", or "postfix" itself
    workers: int = 0  # 0: as many as `newsletter send` takes
    peers: tuple[str, ...] = PEERS
    goals: tuple[tuple[str, float], ...] = ()
    fewer: int = 1  # slow peers send only so large a part


SLOW = frozenset({"smtplib", "aiosmtplib", "nodemailer", "Django"})
FASTER = (("smtp-source", 1.0), ("smtplib", 1.0), ("aiosmtplib", 1.0), ("nodemailer", 1.0), ("Django", 1.0))
FAR_PIPELINING = (("smtp-source", 3.8), ("smtplib", 3.8), ("aiosmtplib", 3.8), ("nodemailer", 1.9))
FAR_CHUNKING = (("smtp-source", 40.0), ("smtplib", 40.0), ("aiosmtplib", 40.0), ("nodemailer", 20.0))
RELAY = FASTER[1:4]  # smtp-source is no library
LINE = ("smtp-source", "smtplib", "aiosmtplib", "nodemailer")


def contests(*, quick: bool, count: int) -> list[Contest]:
    if quick:
        few = ("smtp-source", "smtplib")
        return [
            Contest("our sink, CHUNKING", count, 4, peers=few, goals=FASTER, fewer=4),
            Contest("our sink, PIPELINING", count, 4, "no-chunking", peers=few, goals=FASTER, fewer=4),
            Contest("20 ms, CHUNKING", 1000, 10, delay_ms=20, peers=few, goals=FAR_CHUNKING, fewer=16),
            Contest("20 ms, PIPELINING", 300, 10, "no-chunking", 20, peers=few, goals=FAR_PIPELINING, fewer=5),
        ]
    near = [
        Contest("our sink, CHUNKING", count, 4, goals=FASTER, fewer=40),
        Contest("our sink, PIPELINING", count, 4, "no-chunking", goals=FASTER, fewer=40),
        Contest("our sink, CHUNKING, one process", count, 4, workers=1, goals=FASTER, peers=("smtp-source",)),
        *(
            Contest(f"our sink, CHUNKING, {many} connections", count, many, goals=FASTER, peers=("smtp-source",))
            for many in (1, 10, 50)
        ),
        Contest("a real Postfix", count // 5, 10, server="postfix", goals=RELAY, fewer=4),
        Contest("Postfix's smtp-sink", count // 2, 4, server="smtp-sink", goals=FASTER, fewer=20),
    ]
    far = [
        Contest(
            f"{ms} ms, {'PIPELINING' if without else 'CHUNKING'}, {connections} connections",
            *(
                min(count, 200 + int(10_000 * connections * (2 if without else 20) / (2 * ms))),
                connections,
                without,
                ms,
            ),
            peers=LINE,
            goals=() if (ms, connections) != (20, 10) else FAR_PIPELINING if without else FAR_CHUNKING,
            fewer=12 if without else 120,  # so that each sends for some seconds
        )
        for ms in (1, 20, 50)
        for connections in (1, 10, 50)
        for without in ("", "no-chunking")
    ]
    return near + far


def main() -> None:
    parser = options(__doc__ or "")
    parser.add_argument("--messages", type=int, default=100_000, help="mails a run where nothing delays them")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--only", default=[""], nargs="+", help="contests whose name holds one of these, in this order")
    arguments = parser.parse_args()
    count = 4000 if arguments.quick else arguments.messages
    rounds = arguments.rounds or (3 if arguments.quick else 5)
    every = contests(quick=arguments.quick, count=count)
    chosen = list(dict.fromkeys(one for words in arguments.only for one in every if words in one.name))
    with tempfile.TemporaryDirectory() as name:
        house = Path(name) / "house"
        house.mkdir()
        most = max(one.count for one in chosen)
        cut_house(house, most + most // 20)  # some readers have nothing to read
        message = Path(name) / "message.eml"
        message.write_bytes(_one_mail(house))
        rows = [Row("size of a mail", message.stat().st_size / 1000, "kB")]
        show(rows)
        for contest in chosen:
            held = _held(contest, house, message, rounds)
            show(held)
            rows += held
            keep(rows, arguments.json)  # after each: a long run that is stopped has lost nothing


def _one_mail(house: Path) -> bytes:
    with copy_of(house, 1) as folder, open_press(load_config(folder / "config.toml")) as press:
        claim = press.ledger.claim("size", limit=1, now=press.clock.now(), lease=press.config.schedule.expire_after)
        assert claim is not None
        (mail,) = render(press, claim.deliveries)
        assert isinstance(mail, Message)
        return mail.data


def _held(contest: Contest, house: Path, message: Path, rounds: int) -> list[Row]:
    """The rows of one contest. Without a sink to hold it on it is named and skipped."""
    if lacking := _lacking(contest.server):
        print(f"{contest.name}: skipped, {lacking}")
        return []
    missing = {peer: why for peer in contest.peers if (why := absent(peer))}
    for peer, why in missing.items():
        print(f"{contest.name}: {peer} skipped, {why}")
    peers = [peer for peer in contest.peers if peer not in missing]
    ours: list[Run] = []
    starts: list[float] = []
    theirs: dict[str, list[Run]] = {peer: [] for peer in peers}
    for _ in range(rounds):
        with copy_of(house, contest.count) as folder, _sink_of(contest) as server:
            workers = contest.workers or processes(contest.count, contest.connections)
            run = together(drained(folder, server.port, contest.connections, workers=workers, share=True))
        if run.messages != contest.count:
            raise SystemExit(f"{contest.name}: {run.messages} of {contest.count} mails were sent")
        starts.append(run.ended - run.begun - server.seconds)
        ours.append(_timed(run, server))
        for peer in peers:
            some = max(contest.count // (contest.fewer if peer in SLOW or contest.delay_ms else 1), 50)
            with _sink_of(contest) as server:
                run = run_peer(peer, server.port, some, contest.connections, message)
            theirs[peer].append(_timed(run, server))
    start = Row(f"{contest.name}: before the first mail and after the last", statistics.median(starts), "s")
    return [*([] if contest.server != "sink" else [start]), *_rows(contest, ours, theirs)]


def _timed(run: Run, server: Sink) -> Run:
    """From the first mail to the last as the server saw them, where it says so: a start is a row of its own."""
    return replace(run, ended=run.begun + server.seconds) if server.seconds else run


def _lacking(server: str) -> str:
    """Why a server cannot be run here; empty when it can."""
    if server == "postfix":
        return absent_postfix()
    if server == "smtp-sink":
        return "" if SMTP_SINK else "no smtp-sink (Postfix)"
    return "" if built() else "no C compiler for benchmarks/sink.c"


@contextmanager
def _sink_of(contest: Contest) -> Iterator[Sink]:
    if contest.server == "postfix":
        with postfix() as running:
            yield running
        return
    opened = smtp_sink() if contest.server == "smtp-sink" else sink(delay_ms=contest.delay_ms, without=contest.without)
    with opened as running:
        yield running


def _rows(contest: Contest, ours: Sequence[Run], theirs: dict[str, list[Run]]) -> list[Row]:
    rate = statistics.median(run.rate for run in ours)
    cpu = statistics.median(run.cpu / run.messages * 1000 for run in ours)
    goals = dict(contest.goals)
    rows = [
        Row(f"{contest.name}: CPU s per 1,000", cpu, "s"),
        Row(f"{contest.name}: peak memory", max(run.peak_mb for run in ours), "MB a process"),
    ]
    for peer, runs in theirs.items():
        ratio = statistics.median(a.rate / b.rate for a, b in zip(ours, runs, strict=True))
        goal = goals.get(peer)
        theirs_rate = statistics.median(run.rate for run in runs)
        met = None if goal is None else ratio >= goal
        rows.append(Row(contest.name, rate, "msgs/s", peer, theirs_rate, ratio, goal, met))
        used = statistics.median(run.cpu / run.messages * 1000 for run in runs)
        if used:
            rows.append(Row(f"{contest.name}: CPU", cpu, "s per 1,000", peer, used, used / cpu))
    if not theirs:
        rows.append(Row(contest.name, rate, "msgs/s"))
    return rows


if __name__ == "__main__":
    main()
