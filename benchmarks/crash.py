"""Kill -9 and SIGTERM of `newsletter run` at random moments, alone and in pairs: who was lost, what was doubled.

Each round is a fresh house with its own readers, on SQLite or PostgreSQL, and a real SMTP server in a process of its
own, which writes every accepted message to a log before the client hears of it; a troubled one also stalls, hangs up,
answers late, greylists and loses its answers at every phase. After the last kill the runs go on until nothing is open.
`python -m benchmarks.crash --kills 50 --readers 1000`.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.common import Row, options, report
from newsletter.config import load_config
from newsletter.model.subscriber import Subscriber
from newsletter.send.drain import DrainPolicy
from newsletter.wiring import open_press
from tests.support import postgres

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "newsletter" / "sample" / "papers.jsonl"
CONNECTIONS, WINDOW = 4, 16
LEAVERS = 10  # readers who leave after the first kill
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
]


@dataclass(slots=True)
class Toll:
    """What the rounds of one case came to."""

    kills: int = 0
    lost: int = 0
    doubled: int = 0
    unanswered: int = 0  # mails that the server took without telling
    most_a_kill: float = 0.0
    mailed_who_left: int = 0
    miscounted: int = 0
    words: list[str] = field(default_factory=list)


def main() -> None:
    parser = options(__doc__ or "")
    parser.add_argument("--kills", type=int, default=50, help="a case")
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    arguments = parser.parse_args()
    kills, readers = (2, 200) if arguments.quick else (arguments.kills, arguments.readers)
    cases = [case for case in CASES if arguments.only in case.name]
    if arguments.quick:
        cases = [cases[0], cases[3 % len(cases)], cases[4 % len(cases)]]
    rows: list[Row] = []
    for case in cases:
        if case.database == "postgresql" and postgres.found() is None:
            print(f"{case.name}: skipped, {postgres.ABSENT}")
            continue
        toll = Toll()
        chance = random.Random(arguments.seed)
        while toll.kills < kills:
            with tempfile.TemporaryDirectory() as folder:
                one_round(Path(folder), case, readers, chance, toll, most=kills - toll.kills)
        rows += rows_of(case, toll, readers)
        print(f"{case.name}: {toll.kills} kills, {toll.lost} lost, {toll.doubled} doubled", file=sys.stderr)
    report(rows, arguments.json)
    sys.exit(0 if all(row.met is not False for row in rows) else 1)


def rows_of(case: Case, toll: Toll, readers: int) -> list[Row]:
    name = case.name
    rows = [
        Row(f"{name}: kills", toll.kills, f"of runs over {readers} readers"),
        Row(f"{name}: lost", toll.lost, "mails", goal=0, met=toll.lost == 0),
    ]
    if case.how is signal.SIGTERM:
        rows.append(Row(f"{name}: doubled", toll.doubled, "mails", goal=0, met=toll.doubled == 0))
    else:
        rows += [
            Row(f"{name}: doubled by kills", toll.doubled, "mails"),
            Row(
                f"{name}: doubled, most a killed process",
                toll.most_a_kill,
                "mails",
                goal=BOUND,
                met=toll.most_a_kill <= BOUND,
            ),
        ]
    if case.trouble:
        rows.append(Row(f"{name}: taken by the server untold", toll.unanswered, "mails"))
    rows += [
        Row(f"{name}: mailed after leaving", toll.mailed_who_left, "mails", goal=0, met=not toll.mailed_who_left),
        Row(f"{name}: counters beside the rows", toll.miscounted, "rounds", goal=0, met=not toll.miscounted),
    ]
    return rows


def one_round(folder: Path, case: Case, readers: int, chance: random.Random, toll: Toll, *, most: int) -> None:
    """One house: every other attempt is a pair of runs, both ended at a random moment."""
    with sink(folder, case.trouble, seed=chance.randrange(10**6)) as port:
        day = make_house(folder, case, readers, port)
        took = time.monotonic()
        list(start(folder, day, 1, wait=0.0))  # how long it takes to begin on this machine
        begins = time.monotonic() - took
        processes, left_at = 0, 0.0
        left: list[str] = []
        for attempt in range(min(most, 10)):
            started = list(start(folder, day, 1 + attempt % 2, wait=chance.uniform(0.5 * begins, 2.5 * begins)))
            alive = [process for process in started if process.poll() is None]
            end(started, case.how)
            toll.kills += bool(alive)
            processes += len(alive)
            if not left:
                left, left_at = some_leave(folder, readers)
            if not alive:
                break
        toll.kills += not processes  # a machine so fast that nothing was left to kill
        finish(folder, day)
        judge(folder, readers, toll, left, left_at, max(processes, 1))


def start(folder: Path, day: str, count: int, *, wait: float) -> Iterator[subprocess.Popen[bytes]]:
    """Runs side by side, left alone for `wait` seconds; 0: until they have started, by `--help`."""
    arguments = ["run", "--day", day] if wait else ["status"]
    command = [sys.executable, "-m", "newsletter", "--config", str(folder / "config.toml"), *arguments]
    quiet = subprocess.DEVNULL
    started = [subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet) for _ in range(count)]
    if wait:
        time.sleep(wait)
    else:
        started[0].wait()
    yield from started


def end(started: Sequence[subprocess.Popen[bytes]], how: signal.Signals) -> None:
    for process in started:
        process.send_signal(how)
    for process in started:
        process.wait(timeout=60)


def finish(folder: Path, day: str) -> None:
    """Run until nothing is open: retries come due, and a breaker that opened on a troubled server is tried again."""
    until = time.monotonic() + 240
    while time.monotonic() < until:
        for process in start(folder, day, 1, wait=0.1):
            process.wait(timeout=240)
        with open_press(load_config(folder / "config.toml")) as press:
            if press.ledger.next_due(now=press.clock.now()) is None:
                return
        time.sleep(0.5)
    raise SystemExit("mails were still open four minutes after the last kill")


def some_leave(folder: Path, readers: int) -> tuple[list[str], float]:
    """Readers who have no mail yet leave now."""
    got = {one["recipient"] for one in accepted(folder)}
    leave = [email for email in expected(readers) if email not in got][-LEAVERS:]
    with open_press(load_config(folder / "config.toml")) as press:
        for email in leave:
            press.subscribers.remove(email, at=press.clock.now())
    return leave, time.time()


def judge(folder: Path, readers: int, toll: Toll, left: list[str], left_at: float, processes: int) -> None:
    log = accepted(folder)
    got = Counter(one["recipient"] for one in log)
    untold = Counter(one["recipient"] for one in log if not one["answered"])
    toll.lost += len(set(expected(readers)) - set(got) - set(left))
    doubled = sum(max(count - 1 - untold[email], 0) for email, count in got.items())
    toll.doubled += doubled
    toll.most_a_kill = max(toll.most_a_kill, doubled / processes)
    toll.unanswered += untold.total()
    toll.mailed_who_left += sum(one["recipient"] in left and one["at"] > left_at for one in log)
    with open_press(load_config(folder / "config.toml")) as press:
        counts = press.ledger.counts(now=press.clock.now())
        sent = counts.get("sent", 0) + counts.get("uncertain", 0)
        whole = sent + counts.get("suppressed", 0)
    toll.miscounted += not (len(got) == sent and len(expected(readers)) - len(left) <= whole <= len(expected(readers)))


def accepted(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "accepted.jsonl").read_text("utf-8").splitlines()]


def expected(readers: int) -> list[str]:
    return [f"reader{n}@example.net" for n in range(readers)]


@contextmanager
def sink(folder: Path, trouble: float, *, seed: int) -> Iterator[int]:
    """A real SMTP server in its own process; its port."""
    port_file, log = folder / "port", folder / "accepted.jsonl"
    log.touch()
    command = [sys.executable, "-m", "tests.support.smtp_server", "--port-file", str(port_file), "--log", str(log)]
    if trouble:
        command += ["--trouble", f"{seed}:{trouble}"]
    server = subprocess.Popen(command, cwd=ROOT)
    try:
        for _ in range(200):
            if port_file.exists() and (text := port_file.read_text()).strip():
                yield int(text)
                return
            time.sleep(0.1)
        raise SystemExit("the SMTP server did not start")
    finally:
        server.kill()
        server.wait()


def make_house(folder: Path, case: Case, readers: int, port: int) -> str:
    """A newsletter of the bundled sample with so many readers; the day to run."""
    database = ""
    if case.database == "postgresql":
        server = postgres.found()
        assert server is not None
        database = f'database = "{server.create_database()}"\n'
    (folder / "config.toml").write_text(
        '[newsletter]\nfrom = "Papers <papers@example.org>"\nbase_url = "https://papers.example.org"\n'
        f'{database}[[sources]]\nkind = "file"\npath = "{SAMPLE}"\n'
        '[[topics]]\nslug = "models"\nname = "Models"\nquery = "language models reasoning training"\n'
        f'[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
        f'connections = {CONNECTIONS}\nretry = ["1s", "1s", "1s", "1s", "1s", "1s"]\n',
        "utf-8",
    )
    with open_press(load_config(folder / "config.toml")) as press:
        list(press.subscribers.add_many(Subscriber(email=email) for email in expected(readers)))
    days = sorted({json.loads(line)["listed"] for line in SAMPLE.read_text("utf-8").splitlines()})
    return str(days[-1])


if __name__ == "__main__":
    main()
