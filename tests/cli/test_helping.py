"""`newsletter send --workers N`: several processes on one SQLite ledger."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from newsletter.config import load_config
from newsletter.model.mail import NewDelivery
from newsletter.model.subscriber import Subscriber
from newsletter.wiring import open_press
from tests.support.smtp_server import SmtpServer

ROOT = Path(__file__).resolve().parents[2]


def test_several_processes_send_every_mail_once(tmp_path: Path) -> None:
    with SmtpServer() as server:
        (tmp_path / "config.toml").write_text(
            '[newsletter]\nfrom = "Papers <papers@example.org>"\nsecret = "long enough to be a secret"\n'
            f'[delivery]\ntransport = "smtp"\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
        )
        with open_press(load_config(tmp_path / "config.toml")) as press:
            list(press.subscribers.add_many(Subscriber(email=f"r{n}@example.net") for n in range(1500)))
            now = datetime.now(UTC)
            press.ledger.queue(
                (
                    NewDelivery("welcome", date(2026, 11, 20), n, "{}", now.replace(year=now.year + 1))
                    for n in range(1, 1501)
                ),
                at=now,
            )
        done = subprocess.run(
            [sys.executable, "-m", "newsletter", "send", "--workers", "3", "--json"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["sent"] == 1500
        assert server.recipients == sorted(f"r{n}@example.net" for n in range(1500))
        assert server.faults == []
