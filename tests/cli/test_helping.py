"""`newsletter send --workers N`: several processes on one SQLite ledger."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from newsletter.cli.helping import crew_size
from newsletter.config import load_config
from newsletter.model.mail import NewDelivery
from newsletter.model.subscriber import Subscriber
from newsletter.wiring import open_press
from tests.support.smtp_server import SmtpServer

ROOT = Path(__file__).resolve().parents[2]


# `newsletter` on two cores, where 300 mails are a long list.
SMALL = (
    "import newsletter.cli.helping as helping, os; helping.A_WORKER = 300; "
    "os.sched_getaffinity = lambda _: {0, 1}; from newsletter.cli import main; main()"
)


def make_list(folder: Path, server: SmtpServer, readers: int) -> None:
    """A configuration, and a welcome queued for each reader."""
    (folder / "config.toml").write_text(
        '[newsletter]\nfrom = "Papers <papers@example.org>"\nsecret = "long enough to be a secret"\n'
        f'[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
    )
    with open_press(load_config(folder / "config.toml")) as press:
        list(press.subscribers.add_many(Subscriber(email=f"r{n}@example.net") for n in range(readers)))
        now = datetime.now(UTC)
        end = now.replace(year=now.year + 1)
        rows = (NewDelivery("welcome", date(2026, 11, 20), n, "{}", end) for n in range(1, readers + 1))
        press.ledger.queue(rows, at=now)


def newsletter(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_several_processes_send_every_mail_once(tmp_path: Path) -> None:
    with SmtpServer() as server:
        make_list(tmp_path, server, 1500)
        done = newsletter(tmp_path, "-m", "newsletter", "send", "--workers", "3", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["sent"] == 1500
        assert server.recipients == sorted(f"r{n}@example.net" for n in range(1500))
        assert server.faults == []


@pytest.mark.parametrize(
    ("unclaimed", "cores", "connections", "relays", "rate", "size"),
    [
        (1_000_000, 4, 8, 0, None, 4),
        (1_000_000, 4, 3, 0, None, 3),
        (1_000_000, 4, 4, 2, None, 2),
        (25_000, 4, 8, 0, None, 2),
        (9_999, 4, 8, 0, None, 1),
        (0, 1, 1, 0, None, 1),
        (1_000_000, 4, 8, 0, 500.0, 1),
        (1_000_000, 4, 8, 0, 5_000.0, 4),
    ],
)
def test_a_long_queue_gets_as_many_processes_as_are_of_use(
    unclaimed: int, cores: int, connections: int, relays: int, rate: float | None, size: int
) -> None:
    assert crew_size(unclaimed, cores=cores, connections=connections, relays=relays, rate=rate) == size


def test_processes_that_come_by_themselves_share_the_connections(tmp_path: Path) -> None:
    """Two processes and 4 connections: never more than 4 are open, and one for each look at the server."""
    with SmtpServer() as server:
        make_list(tmp_path, server, 1200)
        done = newsletter(tmp_path, "-c", SMALL, "send", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["sent"] == 1200
        assert server.recipients == sorted(f"r{n}@example.net" for n in range(1200))
        assert 2 <= server.most_open <= 5
        assert server.faults == []
