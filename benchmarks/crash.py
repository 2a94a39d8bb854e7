"""Kill -9 of `newsletter run` at random moments, alone and in pairs: who was lost, what was doubled.

Each round is a fresh house with its own readers and a real SMTP server in a process of its own, which writes every
accepted message to a log before the client hears of it. `python -m benchmarks.crash --kills 50 --readers 1000`.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.common import Row, options, report
from newsletter.config import load_config
from newsletter.model.subscriber import Subscriber
from newsletter.wiring import open_press

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "newsletter" / "sample" / "papers.jsonl"
CONNECTIONS = 4


def main() -> None:
    parser = options(__doc__ or "")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    kills, readers = (6, 300) if arguments.quick else (arguments.kills, arguments.readers)
    chance = random.Random(arguments.seed)
    lost = doubled = done = 0
    worst = 0.0
    while done < kills:
        with tempfile.TemporaryDirectory() as folder:
            killed, gone, again = one_round(Path(folder), readers, chance, most=kills - done)
        done, lost, doubled = done + killed, lost + gone, doubled + again
        worst = max(worst, again / max(killed, 1))
    report(
        [
            Row("kills", done, f"of a run over {readers} readers"),
            Row("lost", lost, "mails", goal=0, met=lost == 0),
            Row("doubled", doubled, "mails"),
            Row("doubled, mean of the worst round", worst, "mails a kill"),
        ],
        arguments.json,
    )
    sys.exit(1 if lost else 0)


def one_round(folder: Path, readers: int, chance: random.Random, *, most: int) -> tuple[int, int, int]:
    """(kills, lost, doubled) of one house: every other attempt is a pair of runs, both killed."""
    with sink(folder) as port:
        day = make_house(folder, readers, port)
        killed = 0
        for attempt in range(min(most, 10)):
            started = [start(folder, day) for _ in range(1 + attempt % 2)]
            time.sleep(chance.uniform(0.3, 3.0))
            alive = [process for process in started if process.poll() is None]
            for process in started:
                process.kill()
                process.wait()
            killed += bool(alive)
            if not alive:
                break
        final = start(folder, day)
        if final.wait(timeout=300) != 0:
            raise SystemExit(f"the last run failed: {final.stderr.read().decode() if final.stderr else ''}")
    log = [json.loads(line) for line in (folder / "accepted.jsonl").read_text("utf-8").splitlines()]
    got = Counter(one["recipient"] for one in log)
    expected = {f"reader{n}@example.net" for n in range(readers)}
    return killed or 1, len(expected - set(got)), sum(got.values()) - len(got)


def start(folder: Path, day: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "newsletter", "--config", str(folder / "config.toml"), "run", "--day", day]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@contextmanager
def sink(folder: Path) -> Iterator[int]:
    """A real SMTP server in its own process; its port."""
    port_file, log = folder / "port", folder / "accepted.jsonl"
    log.touch()
    command = [sys.executable, "-m", "tests.support.smtp_server", "--port-file", str(port_file), "--log", str(log)]
    server = subprocess.Popen(command, cwd=ROOT)
    try:
        for _ in range(100):
            if port_file.exists() and (text := port_file.read_text()).strip():
                yield int(text)
                return
            time.sleep(0.1)
        raise SystemExit("the SMTP server did not start")
    finally:
        server.kill()
        server.wait()


def make_house(folder: Path, readers: int, port: int) -> str:
    """A newsletter of the bundled sample with so many readers; the day to run."""
    (folder / "config.toml").write_text(
        '[newsletter]\nfrom = "Papers <papers@example.org>"\nbase_url = "https://papers.example.org"\n'
        f'[[sources]]\nkind = "file"\npath = "{SAMPLE}"\n'
        '[[topics]]\nslug = "models"\nname = "Models"\nquery = "language models reasoning training"\n'
        f'[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
        f"connections = {CONNECTIONS}\n",
        "utf-8",
    )
    with open_press(load_config(folder / "config.toml")) as press:
        list(press.subscribers.add_many(Subscriber(email=f"reader{n}@example.net") for n in range(readers)))
    days = sorted({json.loads(line)["listed"] for line in SAMPLE.read_text("utf-8").splitlines()})
    return str(days[-1])


if __name__ == "__main__":
    main()
