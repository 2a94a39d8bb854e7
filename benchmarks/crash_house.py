"""One house under fire: its readers, its mail server, its runs, and what the server's log says afterwards."""

from __future__ import annotations

import bisect
import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from newsletter.config import load_config
from newsletter.model.subscriber import Subscriber
from newsletter.send.doubt import AGAIN, BEHIND
from newsletter.store.database import open_database
from newsletter.store.ledger_tables import deferrals, deliveries
from newsletter.wiring import open_press
from tests.support import postgres

if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "newsletter" / "sample" / "papers.jsonl"
CONNECTIONS, WINDOW = 4, 16
LEAVERS = 10  # readers who leave after the first kill
BUFFERED = 5.0  # seconds after a kill in which the server still takes what the dead had sent into its buffers
LATE = 0.5  # and as many in which it takes them after a connection that broke
LONGEST = 900.0  # seconds from the last kill until nothing is open
QUIET = subprocess.DEVNULL


@dataclass(slots=True)
class Toll:
    """What the rounds of one case came to."""

    kills: int = 0
    rounds: int = 0
    mails: int = 0
    lost: int = 0
    doubled: int = 0  # by kills
    in_doubt: int = 0  # by a connection that broke: the ledger had them as in doubt
    unexplained: int = 0  # neither
    unanswered: int = 0  # mails that the server took without telling
    most_a_kill: float = 0.0
    oldest: float = 0.0  # seconds from a server's 250 to the kill that had the mail sent again, at most
    mailed_who_left: int = 0
    miscounted: int = 0


@dataclass(slots=True)
class House:
    """A newsletter of the bundled sample in `folder`, its readers and the mail server's log."""

    folder: Path
    log: Path
    readers: int
    day: str
    kills: list[tuple[float, int]] = field(default_factory=list)  # when, and how many processes were killed
    left: list[str] = field(default_factory=list)
    left_at: float = 0.0

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "newsletter", "--config", str(self.config), *arguments]
        return subprocess.Popen(command, cwd=ROOT, stdout=QUIET, stderr=QUIET)

    def end(self, started: Sequence[subprocess.Popen[bytes]], how: signal.Signals) -> int:
        """End those that are still at work; how many those were."""
        alive = [process for process in started if process.poll() is None]
        for process in alive:
            process.send_signal(how)
        for process in started:
            process.wait(timeout=60)
        if alive:
            self.kills.append((time.time(), len(alive)))
        return len(alive)

    def is_open(self) -> bool:
        with open_press(load_config(self.config)) as press:
            return press.ledger.next_due(now=press.clock.now()) is not None

    def finish(self) -> None:
        """Run until nothing is open: retries come due, a breaker that opened on a troubled server is tried again."""
        until = time.monotonic() + LONGEST
        while time.monotonic() < until:
            self.start("run", "--day", self.day).wait(timeout=LONGEST)
            if not self.is_open():
                return
            time.sleep(0.5)
        raise SystemExit(f"mails were still open {LONGEST:g} s after the last kill")

    def some_leave(self) -> None:
        """Readers who have no mail yet leave now."""
        got = {one["recipient"] for one in self.accepted()}
        self.left = [email for email in self.expected() if email not in got][-LEAVERS:]
        with open_press(load_config(self.config)) as press:
            for email in self.left:
                press.subscribers.remove(email, at=press.clock.now())
        self.left_at = time.time()

    def accepted(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]

    def expected(self) -> list[str]:
        return [f"reader{n}@example.net" for n in range(self.readers)]

    def judge(self, toll: Toll) -> None:
        log, expected = self.accepted(), self.expected()
        got = {one["recipient"] for one in log}
        toll.rounds += 1
        toll.mails += len(log)
        toll.lost += len(set(expected) - got - set(self.left))
        toll.unanswered += sum(not one["answered"] for one in log)
        toll.mailed_who_left += sum(one["recipient"] in self.left and one["at"] > self.left_at for one in log)
        self._count_doubles(log, toll)
        with open_press(load_config(self.config)) as press:
            counts = press.ledger.counts(now=press.clock.now())
            sent = counts.get("sent", 0) + counts.get("uncertain", 0)
            whole = sent + counts.get("suppressed", 0)
        toll.miscounted += not (len(got) == sent and len(expected) - len(self.left) <= whole <= len(expected))

    def _count_doubles(self, log: list[dict[str, Any]], toll: Toll) -> None:
        """A mail that comes again is put down to the ledger's doubt, if it had one since (the connection broke before
        the 250 was read), one for each; else, when the client was told of it, to the first kill after that.
        """
        times: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for one in log:
            times[one["recipient"]].append(one)
        moments = [at for at, _ in self.kills]
        by_kill: Counter[int] = Counter()
        doubts = self._doubts()
        for email, takings in times.items():
            told: float | None = None
            ordered = sorted(takings, key=lambda one: float(one["at"]))
            open_doubts = [at for at in sorted(doubts.get(email, ())) if at >= ordered[0]["at"] - LATE]
            for again, one in enumerate(ordered):
                doubted = bool(again and open_doubts and open_doubts[0] <= one["at"] and open_doubts.pop(0))
                if told is not None:
                    place = bisect.bisect_left(moments, told)
                    if doubted:
                        toll.in_doubt += 1
                    elif place < len(moments) and moments[place] <= one["at"]:
                        by_kill[place] += 1
                        toll.oldest = max(toll.oldest, moments[place] - told)
                    elif place and told - moments[place - 1] <= BUFFERED:
                        by_kill[place - 1] += 1
                    else:
                        toll.unexplained += 1
                told = one["at"] if one["answered"] else told
        toll.doubled += by_kill.total()
        toll.most_a_kill = max([toll.most_a_kill, *(many / self.kills[place][1] for place, many in by_kill.items())])

    def _doubts(self) -> dict[str, list[float]]:
        """When the ledger had a reader's mail in doubt, by her address, in seconds since 1970."""
        config = load_config(self.config)
        database = open_database(config.database_url, folder=self.folder)
        joined = deferrals.join(deliveries, deferrals.c.delivery_id == deliveries.c.id)
        words = deferrals.c.text.startswith(AGAIN) | deferrals.c.text.startswith(BEHIND)
        with database.reading() as connection:
            found = connection.execute(
                select(deliveries.c.subscriber_id, deferrals.c.at).select_from(joined).where(words)
            ).all()
        database.engine.dispose()
        with open_press(config) as press:
            readers = press.subscribers.get({number for number, _ in found})
        doubts: dict[str, list[float]] = defaultdict(list)
        for number, at in found:
            doubts[readers[number].email].append(at / 1e6)
        return doubts


@contextmanager
def mail_server(log: Path, trouble: float, *, seed: int) -> Iterator[int]:
    """A real SMTP server in its own process, which logs each mail before the client hears of it; its port."""
    port_file = log.with_suffix(".port")
    log.touch()
    command = [sys.executable, "-m", "tests.support.smtp_server", "--port-file", str(port_file), "--log", str(log)]
    if trouble:
        command += ["--trouble", f"{seed}:{trouble}"]
    server = subprocess.Popen(command, cwd=ROOT)
    try:
        for _ in range(300):
            if port_file.exists() and (text := port_file.read_text()).strip():
                yield int(text)
                return
            time.sleep(0.1)
        raise SystemExit("the SMTP server did not start")
    finally:
        server.kill()
        server.wait()


def make_house(folder: Path, log: Path, *, readers: int, port: int, database: str = "", path: str = "") -> House:
    """`database`: an address, "postgresql" for a database of its own there, else SQLite in the folder. `path`: a
    maildir instead of the server at `port`.
    """
    line = f'database = "{database}"\n' if "://" in database else ""
    if database == "postgresql":
        server = postgres.found()
        assert server is not None
        line = f'database = "{server.create_database()}"\n'
    way = f'transport = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
    if path:
        way = f'transport = "maildir"\npath = "{path}"\n'
    (folder / "config.toml").write_text(
        '[newsletter]\nfrom = "Papers <papers@example.org>"\nbase_url = "https://papers.example.org"\n'
        f'{line}[[sources]]\nkind = "file"\npath = "{SAMPLE}"\n'
        '[[topics]]\nslug = "models"\nname = "Models"\nquery = "language models reasoning training"\n'
        f'[delivery]\n{way}connections = {CONNECTIONS}\nretry = ["1s", "1s", "1s", "1s", "1s", "1s"]\n',
        "utf-8",
    )
    days = sorted({json.loads(line)["listed"] for line in SAMPLE.read_text("utf-8").splitlines()})
    house = House(folder, log, readers, str(days[-1]))
    with open_press(load_config(house.config)) as press:
        list(press.subscribers.add_many(Subscriber(email=email) for email in house.expected()))
    return house
