"""Servers that take mail as fast as they can: ours (sink.c, built when first asked for) and Postfix's smtp-sink."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).with_name("sink.c")
SMTP_SINK = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/libexec/postfix")
SMTP_SOURCE = shutil.which("smtp-source", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/libexec/postfix")


@dataclass(slots=True)
class Sink:
    """A running server; the counts are there once it has ended."""

    port: int
    process: subprocess.Popen[str] | None = None
    messages: int = 0
    octets: int = 0
    connections: int = 0
    seconds: float = 0.0  # from the first message to the last
    cpu: float = 0.0


def built() -> Path | None:
    """The compiled sink.c, kept in the temporary folder by what it was made from; None without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    name = f"newsletter-sink-{os.getuid()}-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]}"
    program = Path(tempfile.gettempdir()) / name
    if not program.exists():
        fresh = program.with_suffix(f".{os.getpid()}")
        subprocess.run([compiler, "-O2", "-o", fresh, SOURCE], check=True, timeout=60)
        fresh.replace(program)
    return program


@contextmanager
def sink(*, delay_ms: float = 0, without: str = "", log: Path | None = None) -> Iterator[Sink]:
    """Our sink; `without` is no-pipelining or no-chunking. Needs a C compiler."""
    program = built()
    if program is None:
        raise SystemExit("no C compiler here: benchmarks/sink.c cannot be built")
    command = [str(program), "-d", str(int(delay_ms * 1000))]
    command += ["-e", without] if without else []
    command += ["-l", str(log)] if log else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        running = Sink(int(process.stdout.readline()), process)
        try:
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            words = process.stdout.readline().split()
            process.wait(timeout=20)
    running.messages, running.octets, running.connections = (int(word) for word in words[:3])
    running.seconds, running.cpu = (float(word) for word in words[3:])


@contextmanager
def smtp_sink() -> Iterator[Sink]:
    """Postfix's; it offers PIPELINING and no CHUNKING, and tells no counts."""
    assert SMTP_SINK is not None
    port = free_port()
    # smtp-sink refuses to stay root
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [SMTP_SINK, *user, "-c", f"127.0.0.1:{port}", "1024"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            wait_for(port)
            yield Sink(port, process)
        finally:
            process.kill()
            process.wait(timeout=20)


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(port: int) -> None:
    """Until somebody listens there; two seconds at most."""
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise SystemExit("the sink did not start")
