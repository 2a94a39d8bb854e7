"""A thousand readers, two runs at once, kills in the middle, a real SMTP server, and every message looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.support.house import BASE, ROOT, House
from tests.support.mail_rules import complaints
from tests.support.smtp_server import SmtpServer

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = ROOT / "newsletter" / "sample" / "papers.jsonl"
READERS = 300
CONFIG = f"""{BASE}postal_address = "1 Sample Street"
[[sources]]
kind = "file"
path = "{SAMPLE}"
[[topics]]
slug = "models"
name = "Models"
query = "language models reasoning training"
[[topics]]
slug = "vision"
name = "Vision"
query = "image and video generation"
"""
DAY = "2025-11-21"


def crowd(folder: Path, port: int) -> House:
    house = House(folder)
    house.write(
        f'{CONFIG}[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
        'connections = 4\nbounce_domain = "bounces.example.org"\n'
    )
    people = folder / "people.jsonl"
    rows = [
        {"email": f"reader{n}@example.net", "name": "Ünï “<b>”", "topics": [["models"], ["vision"], []][n % 3]}
        for n in range(READERS)
    ]
    people.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    house.ok("subscribers", "import", str(people))
    return house


def started(house: House) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "newsletter", "--config", str(house.folder / "config.toml"), "run", "--day", DAY]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_two_runs_at_once_mail_everybody_once_and_every_message_keeps_the_rules(tmp_path: Path) -> None:
    with SmtpServer() as server:
        house = crowd(tmp_path, server.port)
        runs = [started(house), started(house)]
        ends = [(run.communicate(timeout=100), run.returncode) for run in runs]

        assert [code for _, code in ends] == [0, 0], ends
        assert server.recipients == sorted(f"reader{n}@example.net" for n in range(READERS))
        assert server.faults == []
        wrong = Counter(
            complaint
            for one in server.accepted
            for complaint in complaints(one.data, recipient=one.recipient, envelope_from=one.sender)
        )
        assert wrong == Counter()
        assert len({one.data.split(b"Message-ID:")[1].split(b"\r\n")[0] for one in server.accepted}) == READERS


@pytest.mark.timeout(120)
def test_a_run_that_is_killed_again_and_again_loses_nobody(tmp_path: Path) -> None:
    with SmtpServer() as server:
        house = crowd(tmp_path, server.port)
        for wait in (0.7, 1.0, 1.3, 1.6):
            run = started(house)
            try:
                run.communicate(timeout=wait)
            except subprocess.TimeoutExpired:
                run.kill()
                run.communicate()
        last = started(house)
        out, err = last.communicate(timeout=100)

        assert last.returncode == 0, (out, err)
        assert set(server.recipients) == {f"reader{n}@example.net" for n in range(READERS)}
        assert len(server.recipients) - READERS <= 4 * 4 * 64  # kills, connections, the largest window
