"""`newsletter serve` under a mix of readers while the database is locked, the disk full, the mail server gone.

`python -m benchmarks.soak --minutes 20` (as root, for the disk that fills: a small tmpfs). It stops by itself. What a
reader was told is done (signed up, confirmed, chosen, left) is looked for in the database and at the mail
server when all is over: what is missing there is lost.
"""

from __future__ import annotations

import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

from benchmarks.common import Row, options, report
from benchmarks.web import free_port, resident_mb
from newsletter.config import load_config
from newsletter.wiring import open_press
from tests.support.smtp_server import SmtpServer
from tests.support.website import open_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

READERS, BROWSERS = 10, 4
DISK_MB = 64
PAGES = (
    *("/", "/?by=trend", "/day/2025-11-20", "/week/2025-W47", "/topic/vision", "/archive", "/feed.atom"),
    *("/paper/2511.12609", "/search?q=reasoning", "/search?q=robots+that+see", "/api/v1/papers", "/subscribe"),
)
# One round: what happens, and how many of its seconds. The rest of a round is calm.
ROUND = (
    *(("calm", 20.0), ("database locked", 25.0), ("calm", 15.0), ("disk full", 25.0), ("calm", 15.0)),
    *(("mail server gone", 30.0), ("calm", 20.0), ("mail server busy", 25.0), ("calm", 15.0), ("killed", 10.0)),
)


@dataclass(slots=True)
class Story:
    """What readers saw and were promised. Written by many threads, each entry whole."""

    phase: str = "calm"
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)  # (phase, what the reader saw)
    bad: list[str] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=dict)
    promised: list[tuple[str, str, str]] = field(default_factory=list)  # (what, email, detail)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, phase: str, what: str, took: float, text: str = "") -> None:
        with self.lock:
            self.seen[phase, what] += 1
            self.slowest[phase] = max(self.slowest.get(phase, 0.0), took)
            if text:
                self.bad.append(f"{phase}: {text}")

    def promise(self, what: str, email: str, detail: str = "") -> None:
        with self.lock:
            self.promised.append((what, email, detail))


def main() -> None:
    parser = options(__doc__ or "")
    parser.add_argument("--minutes", type=float, default=20.0)
    given = parser.parse_args()
    seconds = 30.0 if given.quick else given.minutes * 60
    with tempfile.TemporaryDirectory() as name, small_disk(Path(name) / "disk") as (disk, small):
        report(soak(disk, seconds, small=small, quick=given.quick), given.json)


@contextmanager
def small_disk(folder: Path) -> Iterator[tuple[Path, bool]]:
    """A folder on a file system of its own that can be filled; an ordinary one where we may not mount."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    small = subprocess.run(command, check=False, capture_output=True).returncode == 0
    try:
        yield folder, small
    finally:
        if small:
            subprocess.run(["umount", "-l", str(folder)], check=False)


def soak(disk: Path, seconds: float, *, small: bool, quick: bool) -> list[Row]:
    folder, port, relay = disk / "house", free_port(), free_port()
    site = open_site(folder)
    site.store.close()
    config = (folder / "config.toml").read_text("utf-8")
    config = re.sub(r"(?s)\[delivery\].*?(?=\n\[|\Z)", "", config) + (
        f'\n[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {relay}\nsecurity = "none"\n'
        'retry = ["5s", "10s", "20s", "40s"]\n[web]\ntrusted_proxies = ["127.0.0.1/32"]\n'
    )
    (folder / "config.toml").write_text(config, "utf-8")
    story, over = Story(), threading.Event()
    world = World(folder, port, relay, small=small)
    with world:
        hands = [threading.Thread(target=browse, args=(port, story, over, n)) for n in range(BROWSERS)]
        hands += [threading.Thread(target=live, args=(port, story, over, world, n)) for n in range(READERS)]
        for hand in hands:
            hand.start()
        memory = trouble(world, story, seconds, quick=quick)
        over.set()
        for hand in hands:
            hand.join(60)
        settle(world, 25 if quick else 150)
    rows = [
        Row(f"{phase}: answers", sum(many for (one, _), many in story.seen.items() if one == phase), "answers")
        for phase in sorted({phase for phase, _ in story.seen})
    ]
    return [*rows, *judged(folder, story, world, memory)]


class World:
    """The server, its disk and its mail server, and what may befall them."""

    def __init__(self, folder: Path, port: int, relay: int, *, small: bool) -> None:
        self.folder, self.port, self.relay, self.small = folder, port, relay, small
        self.log = (folder.parent.parent / "serve.log").open("ab")
        self.mails: list[tuple[str, str, bytes]] = []  # (recipient, Message-ID, text)
        self.server: subprocess.Popen[bytes] | None = None
        self.sink: SmtpServer | None = None

    def __enter__(self) -> Self:
        self.post_opens()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.server is not None:
            self.server.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.server.wait(30)
        self.post_closes()
        self.log.close()

    def start(self) -> None:
        command = [sys.executable, "-m", "newsletter", "--config", str(self.folder / "config.toml"), "serve"]
        self.server = subprocess.Popen([*command, "--port", str(self.port)], stdout=self.log, stderr=self.log)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with suppress(OSError), closing(HTTPConnection("127.0.0.1", self.port, timeout=5)) as line:
                line.request("GET", "/robots.txt")
                line.getresponse().read()
                return
            time.sleep(0.2)

    def kill(self) -> None:
        assert self.server is not None
        self.server.kill()
        self.server.wait()

    def post_opens(self, *, busy: bool = False) -> None:
        script = {"mail": "451 4.3.2 busy, try later"} if busy else {}
        self.sink = SmtpServer(script=script, port=self.relay)  # type: ignore[arg-type] # phases as text
        self.sink.__enter__()

    def post_closes(self) -> None:
        if self.sink is not None:
            self.sink.stop()
            self.mails += [self._kept(one.recipient, one.data) for one in self.sink.accepted]
            self.sink = None

    def arrived(self) -> list[tuple[str, str, bytes]]:
        fresh = [self._kept(one.recipient, one.data) for one in self.sink.accepted] if self.sink else []
        return [*self.mails, *fresh]

    @staticmethod
    def _kept(recipient: str, data: bytes) -> tuple[str, str, bytes]:
        found = re.search(rb"(?im)^message-id:\s*(<[^>]+>)", data)
        return recipient, found[1].decode() if found else "", data.replace(b"=\r\n", b"")

    @contextmanager
    def locked(self) -> Iterator[None]:
        with closing(sqlite3.connect(self.folder / "subscribers.db", isolation_level=None, timeout=30)) as line:
            line.execute("BEGIN IMMEDIATE")
            yield
            line.execute("ROLLBACK")

    @contextmanager
    def full(self) -> Iterator[None]:
        ballast = self.folder.parent / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 65536)
        with suppress(OSError), ballast.open("ab", buffering=0) as file:
            while True:
                file.write(b"\0")
        try:
            yield
        finally:
            ballast.unlink()


def trouble(world: World, story: Story, seconds: float, *, quick: bool) -> float:
    """Rounds of faults until the time is over; the most memory that the server had, in MB."""
    end, most = time.monotonic() + seconds, 0.0
    shrink = seconds / sum(length for _, length in ROUND) if quick else 1.0
    while time.monotonic() < end:
        for phase, length in ROUND:
            if time.monotonic() >= end:
                break
            story.phase = phase
            pause: Callable[[], None] = lambda length=length: time.sleep(length * shrink)  # type: ignore[misc] # noqa: E731
            befall(world, phase, pause)
            story.phase = "calm"
            if world.server is not None and phase != "killed":
                most = max(most, resident_mb(world.server))
    return most


def befall(world: World, phase: str, pause: Callable[[], None]) -> None:
    if phase == "database locked":
        with world.locked():
            pause()
    elif phase == "disk full" and world.small:
        with world.full():
            pause()
    elif phase.startswith("mail server"):
        world.post_closes()
        if phase == "mail server busy":
            world.post_opens(busy=True)
        pause()
        world.post_closes()
        world.post_opens()
    elif phase == "killed":
        world.kill()
        world.start()
        pause()
    else:
        pause()


def ask(port: int, story: Story, method: str, path: str, form: dict[str, str] | None = None, client: str = "") -> str:
    """The page of a 200, else "". Notes what the reader saw; whatever is no friendly answer is kept word by word."""
    phase, start = story.phase, time.monotonic()
    headers = {"X-Forwarded-For": client or "203.0.113.9"}
    body = urlencode(form) if form is not None else None
    if body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        with closing(HTTPConnection("127.0.0.1", port, timeout=90)) as line:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            text = answer.read().decode("utf-8", "replace")
    except (OSError, HTTPException) as error:
        killed = "killed" in (phase, story.phase)
        story.note("killed" if killed else phase, "no answer", 0.0, "" if killed else f"{method} {path} {error!r}")
        return ""
    took = time.monotonic() - start
    if answer.status in (200, 202):
        story.note(phase, "200", took)
        return text
    friendly = answer.status in (429, 503) and answer.headers["Retry-After"] and "again" in text
    story.note(phase, str(answer.status), took, "" if friendly else f"{method} {path} {answer.status} {text[:200]}")
    return ""


def browse(port: int, story: Story, over: threading.Event, number: int) -> None:
    chance = random.Random(number)
    while not over.wait(chance.uniform(0.02, 0.3)):
        ask(port, story, "GET", chance.choice([*PAGES, f"/search?q=papers+about+{chance.randrange(10**6)}"]))


def live(port: int, story: Story, over: threading.Event, world: World, number: int) -> None:
    """Sign up, confirm, choose, half of them leave; then the next reader. Each asks again until she is heard."""
    chance, count = random.Random(100 + number), 0
    while not over.wait(0.1):
        count += 1
        email, client = f"r{number}-{count}@example.org", f"{11 + number}.{count // 250}.{count % 250}.1"

        def insist(path: str, form: dict[str, str], what: str, email: str = email, client: str = client) -> bool:
            for _ in range(40):
                if ask(port, story, "POST", path, form, client):
                    story.promise(what, email, form.get("topics", ""))
                    return True
                if over.wait(2):
                    break
            return False

        if not insist("/subscribe", {"email": email}, "signed up"):
            continue
        if not (confirm := mailed(world, over, email, "confirm")) or not insist(confirm, {}, "confirmed"):
            continue
        if not (choose := mailed(world, over, email, "preferences")):
            continue
        topic = chance.choice(["vision", "robotics", "agents"])
        insist(choose, {"action": "save", "topics": topic}, "chosen")
        if chance.random() < 0.5:
            insist(choose, {"action": "leave"}, "left")


def mailed(world: World, over: threading.Event, email: str, kind: str) -> str:
    """The path of a link in a mail to her, once it is there."""
    for _ in range(180):
        for recipient, _, text in world.arrived():
            found = re.search(rb"http://localhost:8000(/" + kind.encode() + rb"/[\w-]+)", text)
            if recipient == email and found:
                return found[1].decode()
        if over.wait(1):
            break
    return ""


def settle(world: World, seconds: float) -> None:
    """Wait until nothing is due any more."""
    end = time.monotonic() + seconds
    with open_press(load_config(world.folder / "config.toml")) as press:
        while time.monotonic() < end and press.ledger.next_due(now=press.clock.now()) is not None:
            time.sleep(1)


def judged(folder: Path, story: Story, world: World, memory: float) -> list[Row]:
    """What was promised and is not there."""
    with open_press(load_config(folder / "config.toml")) as press:
        people = {one.email: one for one in press.subscribers.every()}
    with closing(sqlite3.connect(folder / "subscribers.db")) as line:
        whole = line.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    mailed_to = {recipient for recipient, _, text in world.mails if b"/confirm/" in text}
    left = {email for what, email, _ in story.promised if what == "left"}
    lost = []
    for what, email, detail in story.promised:
        who = people.get(email)
        kept = (
            who is not None
            and {
                "signed up": email in mailed_to,
                "confirmed": who.status == ("left" if email in left else "active"),
                "chosen": who.topics == (detail,),
                "left": who.status == "left",
            }[what]
        )
        if not kept:
            lost.append(f"{what} {email} {who and who.status}")
    doubled = sum(many - 1 for many in Counter(name for _, name, _ in world.mails).values())
    for text in [*lost[:20], *story.bad[:20]]:
        sys.stderr.write(f"{text}\n")
    seen = story.seen
    rows = [Row("answers that a reader got", sum(seen.values()), "answers")]
    for (phase, what), many in sorted(seen.items()):
        if what != "200":
            rows.append(Row(f"{phase}: {what}", many, "answers"))
    rows += [Row(f"slowest answer, {phase}", took, "s") for phase, took in sorted(story.slowest.items())]
    return [
        *rows,
        Row(
            "answers that were neither done nor a 503 with a cure", len(story.bad), "answers", goal=0, met=not story.bad
        ),
        Row("things that readers were told are done", len(story.promised), "promises"),
        Row("of these lost", len(lost), "promises", goal=0, met=not lost),
        Row("mails that arrived", len(world.mails), "mails"),
        Row("of these twice", doubled, "mails"),
        Row("database whole", float(whole), "", goal=1, met=whole),
        Row("memory of the server, at most", memory, "MB"),
    ]


if __name__ == "__main__":
    main()
