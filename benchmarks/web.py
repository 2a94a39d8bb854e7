"""Pages a second, their slowest hundredth, sign-ups a second and memory, of `newsletter serve` as a process of its own.

The papers are made up from the words of the bundled sample: `python -m benchmarks.web`. The peer for the front page is
the same page as a file behind Python's http.server: what a static archive would cost on this machine. The peer for
search and paper pages is Datasette (`pip install datasette`, in an environment of its own) over the same SQLite file:
a server of pages from SQLite with templates, as ours. Its search is the bare BM25 query with twenty titles as a table;
ours adds meaning, and both pages hold what they usually do. Every question and paper is asked for once in a round, so
that no page comes out of a memory.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.common import Row, options, report
from newsletter.config import load_config
from newsletter.model.edition import Card, Edition, Part, Pick, Pool, Score
from newsletter.model.paper import Listing, Paper, Reading
from newsletter.stages.searching import make_vectors
from newsletter.wiring import open_press

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAMPLE = Path(__file__).resolve().parents[1] / "newsletter" / "sample" / "papers.jsonl"
DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
CLIENTS = 4
TOPICS = 5
SHOWN = 6


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of clients saw."""

    rate: float  # answers a second
    p99: float  # milliseconds
    wrong: int  # answers that were not the wanted status


PEER = {
    "databases": {
        "subscribers": {
            "queries": {
                "search": {
                    "sql": "select p.id, json_extract(p.document, '$.title') as title, p.day from paper_words "
                    "join papers p on p.seq = paper_words.rowid where paper_words match :q "
                    "order by bm25(paper_words, 4.0, 1.0, 2.0) limit 20"
                }
            }
        }
    }
}


def main() -> None:
    parser = options(__doc__ or "")
    parser.add_argument("--datasette", default=shutil.which("datasette"), help="the peer's command")
    arguments = parser.parse_args()
    papers, seconds, rounds = (10_000, 1.0, 3) if arguments.quick else (100_000, 5.0, 5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = make_house(folder, papers)
        with serving(folder) as (port, process):
            rows = pages(folder, port, words, papers, seconds, rounds, arguments.datasette)
            rows.append(sign_ups(port, 200 if arguments.quick else 1500))
            rows.append(Row("memory of the server", resident_mb(process), "MB"))
    report(rows, arguments.json)


def pages(
    folder: Path, port: int, words: list[str], papers: int, seconds: float, rounds: int, datasette: str | None
) -> list[Row]:
    (folder / "static").mkdir()
    (folder / "static" / "index.html").write_bytes(fetch(port, "/"))
    with peer(folder / "static") as static:
        pairs = [(load(port, ["/"], seconds), load(static, ["/"], seconds)) for _ in range(rounds)]
    rows, wrong = duel("front page", "the page as a file, http.server", pairs), sum(mine.wrong for mine, _ in pairs)
    chance = random.Random(1)
    with library(folder, datasette) as other:
        draws: dict[str, Callable[[], tuple[str, str]]] = {
            "search": lambda: asking(chance, words),
            "paper": lambda: reading(chance, papers),
        }
        for label, draw in draws.items():
            pairs = []
            for _ in range(rounds):
                ours, theirs = zip(*(draw() for _ in range(5000)), strict=True)
                mine = load(port, list(ours), seconds)
                pairs.append((mine, load(other, list(theirs), seconds) if other else mine))
            rows += duel(f"{label}, {papers:,} papers", "Datasette" if other else "", pairs)
            wrong += sum(mine.wrong for mine, _ in pairs)
    if not datasette:
        print("Datasette is not installed: its pages are not measured.")
    return [*rows, Row("answers that were not 200", wrong, "answers")]


def duel(label: str, name: str, pairs: list[tuple[Load, Load]]) -> list[Row]:
    """Medians of interleaved rounds, ours and the peer's."""
    ours = statistics.median(mine.rate for mine, _ in pairs)
    slow = statistics.median(mine.p99 for mine, _ in pairs)
    if not name:
        return [Row(label, ours, "pages/s"), Row(f"{label}, slowest hundredth", slow, "ms")]
    rate = statistics.median(other.rate for _, other in pairs)
    ratio = statistics.median(mine.rate / other.rate for mine, other in pairs)
    late = statistics.median(other.p99 for _, other in pairs)
    lag = statistics.median(other.p99 / mine.p99 for mine, other in pairs)
    return [
        Row(label, ours, "pages/s", name, rate, ratio),
        Row(f"{label}, slowest hundredth", slow, "ms", name, late, lag),
    ]


def asking(chance: random.Random, words: list[str]) -> tuple[str, str]:
    """A search, as ours and the peer's address."""
    query = "+".join(chance.sample(words, 2))
    return f"/search?q={query}", f"/subscribers/search?q={query}"


def reading(chance: random.Random, papers: int) -> tuple[str, str]:
    """One paper, as ours and the peer's address; rows are numbered from 1."""
    number = chance.randrange(papers)
    return f"/paper/{identifier(number)}", f"/subscribers/papers/{number + 1}"


def sign_ups(port: int, count: int) -> Row:
    """Different readers from different networks, by a form on another site."""
    done: list[int] = []

    def sign(first: int) -> None:
        line = HTTPConnection("127.0.0.1", port, timeout=30)
        for number in range(first, count, 40):
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Forwarded-For": f"10.{number >> 8 & 255}.{number & 255}.1",
            }
            line.request("POST", "/subscribe", f"email=r{number}%40example.org", headers)
            answer = line.getresponse()
            answer.read()
            done.append(answer.status)

    start = time.perf_counter()
    threads = [threading.Thread(target=sign, args=(first,)) for first in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - start
    return Row("sign-ups, each at least 0.25 s, 40 at once", done.count(200) / took, "sign-ups/s")


def load(port: int, paths: list[str], seconds: float) -> Load:
    """Closed-loop clients, each on one connection, for a time."""
    took: list[float] = []
    wrong: list[int] = []
    end = time.perf_counter() + seconds

    def client(offset: int) -> None:
        line = HTTPConnection("127.0.0.1", port, timeout=30)
        turn = offset
        while (start := time.perf_counter()) < end:
            line.request("GET", paths[turn % len(paths)])
            answer = line.getresponse()
            answer.read()
            took.append(time.perf_counter() - start)
            if answer.status != 200:
                wrong.append(answer.status)
            turn += 1

    threads = [threading.Thread(target=client, args=(offset * 7,)) for offset in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took.sort()
    return Load(len(took) / seconds, took[int(len(took) * 0.99)] * 1000 if took else 0.0, len(wrong))


def fetch(port: int, path: str) -> bytes:
    line = HTTPConnection("127.0.0.1", port, timeout=30)
    line.request("GET", path)
    return line.getresponse().read()


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    command = ["-m", "newsletter", "--config", str(folder / "config.toml"), "serve", "--no-schedule"]
    yield from started([sys.executable, *command, "--port", str(port)], port)


@contextmanager
def peer(folder: Path) -> Iterator[int]:
    port = free_port()
    command = ["-m", "http.server", "--protocol", "HTTP/1.1", "--bind", "127.0.0.1", "--directory", str(folder)]
    for ready, _ in started([sys.executable, *command, str(port)], port):
        yield ready


@contextmanager
def library(folder: Path, datasette: str | None) -> Iterator[int]:
    """Datasette over the same file; 0 where it is not installed."""
    if not datasette:
        yield 0
        return
    (folder / "datasette.json").write_text(json.dumps(PEER), "utf-8")
    port = free_port()
    command = [datasette, "serve", str(folder / "subscribers.db"), "--port", str(port)]
    for ready, _ in started([*command, "--metadata", str(folder / "datasette.json")], port):
        yield ready


def started(command: list[str], port: int) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The process once it takes connections, ended afterwards."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port, process
    finally:
        process.terminate()
        process.wait(15)


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


def resident_mb(process: subprocess.Popen[bytes]) -> float:
    """Resident memory of another process, from Linux's /proc; 0 elsewhere."""
    status = Path(f"/proc/{process.pid}/status")
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text("ascii")) if status.exists() else None
    return int(found[1]) / 1024 if found else 0.0


def identifier(number: int) -> str:
    return f"26{number // 50_000:02}.{number % 50_000:05}"


def make_house(folder: Path, papers: int) -> list[str]:
    """A configuration, stored papers and a printed edition; the words that the papers are made of."""
    chance = random.Random(20261120)
    words = sorted(set(re.findall(r"[a-z]{5,}", SAMPLE.read_text("utf-8").lower())))
    topics = "".join(f'[[topics]]\nslug = "topic-{n}"\nname = "Topic {n}"\n' for n in range(TOPICS))
    (folder / "config.toml").write_text(
        '[newsletter]\nfrom = "Papers <papers@example.org>"\nbase_url = "http://localhost:8000"\n'
        f'{topics}[web]\ntrusted_proxies = ["127.0.0.1/32"]\n',
        "utf-8",
    )
    with open_press(load_config(folder / "config.toml")) as press:
        for first in range(0, papers, 2000):
            some = [paper(number, words, chance) for number in range(first, min(first + 2000, papers))]
            listings = [Listing(one.id, "arxiv", DAY, "new", NOW) for one in some]
            readings = [Reading(one.id, "huggingface.upvotes", 3.0, NOW) for one in some]
            press.papers.keep(some, listings, readings, [], at=NOW)
        make_vectors(press)
        press.editions.print(edition([paper(number, words, chance) for number in range(TOPICS * SHOWN)]))
    return words


def paper(number: int, words: list[str], chance: random.Random) -> Paper:
    return Paper(
        id=identifier(number),
        arxiv_id=identifier(number),
        title=" ".join(chance.choices(words, k=9)).capitalize(),
        abstract=" ".join(chance.choices(words, k=150)).capitalize() + ".",
        authors=tuple(f"Ada {chance.choice(words).capitalize()}" for _ in range(5)),
        published=DAY,
        url=f"https://arxiv.org/abs/{identifier(number)}",
    )


def edition(papers: list[Paper]) -> Edition:
    picks = [
        Pick(
            one.id, f"topic-{n % TOPICS}", DAY, n // TOPICS + 1, Score((Part("trend", 1.0, "3 upvotes"),)), "3 upvotes"
        )
        for n, one in enumerate(papers)
    ]
    pools = tuple(
        Pool(f"topic-{n}", f"Topic {n}", SHOWN, tuple(pick for pick in picks if pick.topic == f"topic-{n}"))
        for n in range(TOPICS)
    )
    return Edition(DAY, NOW, pools, tuple(Card(one, DAY, 3) for one in papers))


if __name__ == "__main__":
    main()
