"""Other senders on the same sink: each sends one ready message many times, from a process of its own.

As a process: `python -m benchmarks.peers NAME PORT COUNT CONNECTIONS FILE` prints begin, end, CPU seconds and peak MB.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import smtplib
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.common import peak_mb
from benchmarks.sink import SMTP_SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
SENDER = "papers@example.org"


@dataclass(frozen=True, slots=True)
class Run:
    """One sender's run. Begin and end are of the monotonic clock, which all processes of a machine share."""

    messages: int
    begun: float
    ended: float
    cpu: float
    peak_mb: float

    @property
    def rate(self) -> float:
        return self.messages / (self.ended - self.begun)


def together(runs: list[Run]) -> Run:
    """Processes that ran side by side as one run; memory is of the largest."""
    return Run(
        sum(run.messages for run in runs),
        min(run.begun for run in runs),
        max(run.ended for run in runs),
        sum(run.cpu for run in runs),
        max(run.peak_mb for run in runs),
    )


def absent(name: str) -> str:
    """Why a peer cannot be run here; empty when it can."""
    if name == "smtp-source":
        return "" if SMTP_SOURCE else "no smtp-source (Postfix)"
    if name == "nodemailer":
        node = shutil.which("node")
        ask = [node or "false", "-e", "require('nodemailer')"]
        found = subprocess.run(ask, check=False, capture_output=True).returncode == 0
        return "" if found else "no nodemailer (npm install nodemailer, NODE_PATH)"
    module = name.lower()
    return "" if importlib.util.find_spec(module) else f"no {module} (pip install {module})"


def run_peer(name: str, port: int, count: int, connections: int, message: Path) -> Run:
    if name == "smtp-source":
        return _smtp_source(port, count, connections, message.stat().st_size)
    command = [sys.executable, "-m", "benchmarks.peers", name, str(port), str(count), str(connections), str(message)]
    if name == "nodemailer":
        command = ["node", "-e", NODEMAILER, str(port), str(count), str(connections), str(message)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise SystemExit(f"{name} failed: {done.stderr[-2000:]}")
    begun, ended, cpu, peak = json.loads(done.stdout)
    return Run(count, begun, ended, cpu, peak)


def _smtp_source(port: int, count: int, connections: int, size: int) -> Run:
    """With -d it keeps its connections, as we do."""
    assert SMTP_SOURCE is not None
    command = [SMTP_SOURCE, "-d", "-s", str(connections), "-m", str(count), "-l", str(size), f"127.0.0.1:{port}"]
    begun = time.monotonic()
    with subprocess.Popen(command) as process:
        _, status, used = os.wait4(process.pid, 0)
        ended = time.monotonic()
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit("smtp-source failed")
    return Run(count, begun, ended, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def with_smtplib(port: int, count: int, connections: int, data: bytes) -> None:
    def some(number: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.ehlo()
            for n in range(number, count, connections):
                client.sendmail(SENDER, [f"reader{n}@example.net"], data)

    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(some, range(connections)))


def with_aiosmtplib(port: int, count: int, connections: int, data: bytes) -> None:
    aiosmtplib: Any = importlib.import_module("aiosmtplib")

    async def some(number: int) -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            for n in range(number, count, connections):
                await client.sendmail(SENDER, [f"reader{n}@example.net"], data)

    async def all_of_them() -> None:
        await asyncio.gather(*(some(number) for number in range(connections)))

    asyncio.run(all_of_them())


def with_django(port: int, count: int, connections: int, data: bytes) -> None:
    """As its users send: an EmailMultiAlternatives for each reader over a kept connection."""
    settings: Any = importlib.import_module("django.conf").settings
    if not settings.configured:
        settings.configure(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port)
    mail: Any = importlib.import_module("django.core.mail")
    given: Any = message_from_bytes(data, policy=default)
    text, html = given.get_body(("plain",)).get_content(), given.get_body(("html",)).get_content()

    def some(number: int) -> None:
        with mail.get_connection() as connection:
            for n in range(number, count, connections):
                one = mail.EmailMultiAlternatives(given["Subject"], text, SENDER, [f"reader{n}@example.net"])
                one.attach_alternative(html, "text/html")
                connection.send_messages([one])

    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(some, range(connections)))


NODEMAILER = """
const fs = require('fs'), nodemailer = require('nodemailer');
const [port, count, connections] = process.argv.slice(1, 4).map(Number);
const raw = fs.readFileSync(process.argv[4]);
const pool = nodemailer.createTransport({host: '127.0.0.1', port, secure: false, ignoreTLS: true, pool: true,
  maxConnections: connections, maxMessages: Infinity});
const now = () => Number(process.hrtime.bigint()) / 1e9;
let next = 0, done = 0;
const begun = now(), used = process.cpuUsage();
function send() {
  if (next >= count) return;
  const to = `reader${next++}@example.net`;
  pool.sendMail({envelope: {from: 'papers@example.org', to: [to]}, raw}, (error) => {
    if (error) { console.error(error); process.exit(1); }
    if (++done === count) {
      const cpu = process.cpuUsage(used);
      console.log(JSON.stringify([begun, now(), (cpu.user + cpu.system) / 1e6, process.resourceUsage().maxRSS / 1024]));
      process.exit(0);
    }
    send();
  });
}
for (let n = 0; n < 2 * connections; n++) send();
"""

SENDERS: dict[str, Callable[[int, int, int, bytes], None]] = {
    "smtplib": with_smtplib,
    "aiosmtplib": with_aiosmtplib,
    "Django": with_django,
}
PEERS = ("smtp-source", "smtplib", "aiosmtplib", "nodemailer", "Django")


def main() -> None:
    name, port, count, connections, file = sys.argv[1:]
    data = Path(file).read_bytes()
    begun, used = time.monotonic(), time.process_time()
    SENDERS[name](int(port), int(count), int(connections), data)
    peak = peak_mb()
    print(json.dumps([begun, time.monotonic(), time.process_time() - used, peak]))


if __name__ == "__main__":
    main()
