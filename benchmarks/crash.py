"""Kill -9 and SIGTERM at random moments, a database restarted under load, a full disk: who was lost, what was doubled.

Each round is a fresh house with its own readers, on SQLite or PostgreSQL, and a real SMTP server in a process of its
own, which writes every accepted message to a log before the client hears of it; a troubled one also stalls, hangs up,
answers late, greylists and loses its answers at every phase. Runs and workers are killed again and again, alone and in
pairs, each going on where the last one was left, until the round's mail is out; then the next round begins.
The long form, hours: `python -m benchmarks.crash --kills 200 --readers 20000`; with `--minutes 30` each case ends its
killing after that long, lets the mail of its last round out and judges it as any other.
"""

from __future__ import annotations

import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import crash_world
from benchmarks.common import Row, options, report
from benchmarks.crash_house import CONNECTIONS, WINDOW, Toll, mail_server, make_house
from newsletter.send.drain import DrainPolicy
from tests.support import postgres

if TYPE_CHECKING:
    import subprocess

    from benchmarks.crash_house import House

# What one killed process may double: all that is on the wire, and what was answered but not written down yet.
BOUND = CONNECTIONS * WINDOW + DrainPolicy().settle_rows


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    how: signal.Signals
    database: str
    trouble: float = 0.0


CASES = [
    Case("kill -9, SQLite", signal.SIGKILL, "sqlite"),
    Case("kill -9, SQLite, troubled server", signal.SIGKILL, "sqlite", 0.01),
    Case("kill -9, PostgreSQL", signal.SIGKILL, "postgresql"),
    Case("kill -9, PostgreSQL, troubled server", signal.SIGKILL, "postgresql", 0.01),
    Case("SIGTERM, SQLite", signal.SIGTERM, "sqlite"),
    Case("SIGTERM, PostgreSQL", signal.SIGTERM, "postgresql"),
    Case("SIGTERM, SQLite, troubled server", signal.SIGTERM, "sqlite", 0.01),
    Case("SIGTERM, PostgreSQL, troubled server", signal.SIGTERM, "postgresql", 0.01),
]


def main() -> None:
    parser = options(__doc__ or "")
    parser.add_argument("--kills", type=int, default=50, help="a case")
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=10**6, help="of killing, at most, a case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    arguments = parser.parse_args()
    kills, readers = (2, 200) if arguments.quick else (arguments.kills, arguments.readers)
    cases = [case for case in CASES if arguments.only in case.name]
    if arguments.quick:
        cases = [case for case in cases if case in {CASES[0], CASES[3], CASES[4]}]
    rows: list[Row] = []
    for case in cases:
        if case.database == "postgresql" and postgres.found() is None:
            print(f"{case.name}: skipped, {postgres.ABSENT}")
            continue
        toll = Toll()
        chance = random.Random(arguments.seed)
        until = time.monotonic() + 60 * arguments.minutes
        while toll.kills < kills and time.monotonic() < until:
            with tempfile.TemporaryDirectory() as folder:
                one_round(Path(folder), case, readers, chance, toll, most=kills - toll.kills, until=until)
            print(f"{case.name}: {toll}", file=sys.stderr, flush=True)
        rows += rows_of(case.name, toll, readers, case.how, case.trouble)
    if not arguments.quick:
        rows += crash_world.rows(readers, restarts=max(1, kills // 10), seed=arguments.seed, only=arguments.only)
    report(rows, arguments.json)
    sys.exit(0 if all(row.met is not False for row in rows) else 1)


def rows_of(name: str, toll: Toll, readers: int, how: signal.Signals, trouble: float) -> list[Row]:
    def none(what: str, many: int, unit: str = "mails") -> Row:
        return Row(f"{name}: {what}", many, unit, goal=0, met=many == 0)

    rows = [
        Row(f"{name}: kills", toll.kills, f"in {toll.rounds} rounds of {readers} readers, {toll.mails} mails"),
        none("lost", toll.lost),
    ]
    if how is signal.SIGTERM:
        rows.append(none("doubled", toll.doubled))
    else:
        most = "doubled, most a killed process"
        rows += [
            Row(f"{name}: doubled by kills", toll.doubled, "mails"),
            Row(f"{name}: {most}", toll.most_a_kill, "mails", goal=BOUND, met=toll.most_a_kill <= BOUND),
            Row(f"{name}: from a 250 to the kill that undid it, at most", toll.oldest, "s"),
        ]
    if trouble:
        rows += [
            Row(f"{name}: taken by the server untold", toll.unanswered, "mails"),
            Row(f"{name}: doubled after a broken connection", toll.in_doubt, "mails"),
        ]
    return [
        *rows,
        none("doubled outside any doubt", toll.unexplained + (0 if trouble else toll.in_doubt)),
        none("mailed after leaving", toll.mailed_who_left),
        none("counters beside the rows", toll.miscounted, "rounds"),
    ]


def one_round(
    folder: Path, case: Case, readers: int, chance: random.Random, toll: Toll, *, most: int, until: float
) -> None:
    """One house, killed until its mail is out, there were enough or the time is up: every other time a pair at once."""
    log = folder / "accepted.jsonl"
    with mail_server(log, case.trouble, seed=chance.randrange(10**6)) as port:
        house = make_house(folder, log, readers=readers, port=port, database=case.database)
        asked = time.monotonic()
        house.start("status").wait()
        begins = time.monotonic() - asked  # how long it takes to begin on this machine
        attempt = 0
        while len(house.kills) < most and time.monotonic() < until:
            started = some_start(house, attempt)
            some_time(house, started, chance, begins)
            house.end(started, case.how)
            attempt += 1
            if not house.left_at:
                house.some_leave()
            if attempt > 5 and not house.is_open():
                break
        toll.kills += max(len(house.kills), 1)  # a machine so fast that nothing was left to kill
        house.finish()
        house.judge(toll)


def some_time(house: House, started: list[subprocess.Popen[bytes]], chance: random.Random, begins: float) -> None:
    """Any moment from the start on, or, two times of three, one after the first mail has left."""
    if chance.random() < 1 / 3:
        time.sleep(chance.uniform(0.5 * begins, 2.5 * begins))
        return
    before, until = house.log.stat().st_size, time.monotonic() + 3 * begins + 10
    while house.log.stat().st_size == before and time.monotonic() < until:
        if all(process.poll() is not None for process in started):
            return
        time.sleep(0.01)
    time.sleep(chance.uniform(0.0, 0.8))


def some_start(house: House, attempt: int) -> list[subprocess.Popen[bytes]]:
    """Runs, which cut and send, and workers, which only send; alone and in pairs."""
    run, worker = ("run", "--day", house.day), ("worker", "--once")
    ways: list[list[tuple[str, ...]]] = [
        [run],
        [run, run],
        [run, worker],
        [worker],
        [worker, worker],
        [worker, run],
        [worker],
        [run, worker],
    ]
    return [house.start(*one) for one in ways[attempt % len(ways)]]


if __name__ == "__main__":
    main()
