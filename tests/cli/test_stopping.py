"""Asked to stop while the world keeps silent: every command ends soon, and what it had done is written down."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter.patience import StoppedError, TooLateError, awaited
from tests.support.desk import newsletter

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CONFIG = """
[newsletter]
secret = "a secret of the tests, long enough"
[ranking]
dense = false
[[topics]]
slug = "all"
query = "papers"
[[sources]]
kind = "{kind}"
name = "papers"
{source}
[delivery]
transport = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
"""


@contextlib.contextmanager
def silent(came: threading.Event | None = None) -> Iterator[int]:
    """A server that takes connections and never says a word. `came`: set when somebody waits."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held = []

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    held.append(server.accept()[0])
                    if came is not None:
                        came.set()

        threading.Thread(target=take, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for one in held:
                one.close()


def stopped(folder: Path, *arguments: str, after: str, by: int = signal.SIGTERM) -> tuple[int, str, float]:
    """Start a command, stop it when a connection or a line says that it waits, and see how long it takes to end."""
    with subprocess.Popen(
        [sys.executable, "-m", "newsletter", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        said = ""
        while after not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        time.sleep(1.0)
        asked = time.monotonic()
        process.send_signal(by)
        try:
            rest, _ = process.communicate(timeout=25)
        finally:
            process.kill()
        return process.returncode, said + rest, time.monotonic() - asked


def list_of_papers(folder: Path) -> str:
    (folder / "papers.jsonl").write_text(
        '{"id": "p1", "title": "On papers and their readers", "abstract": "Papers.", "listed": "2026-01-05"}\n'
    )
    return 'path = "papers.jsonl"'


def test_a_run_that_waits_for_a_silent_mail_server_ends_soon_and_sends_later(tmp_path: Path) -> None:
    with silent() as port:
        config = CONFIG.format(kind="file", source=list_of_papers(tmp_path), port=port)
        (tmp_path / "config.toml").write_text(config)
        at = ["--config", str(tmp_path / "config.toml")]
        assert newsletter([*at, "subscribers", "add", "ada@example.org"]).code == 0
        code, said, took = stopped(tmp_path, "run", "--day", "2026-01-05", after="cut: 1 issue")
    assert took < 10, said
    assert code == 75, said
    assert "send: Stopped on request while waiting for the mail server. Run it again." in said
    assert "Traceback" not in said
    assert "run for 2026-01-05: partial" in newsletter([*at, "status"]).out


@pytest.mark.parametrize("command", ["run", "collect"])
def test_a_run_that_waits_for_a_silent_source_ends_soon(tmp_path: Path, command: str) -> None:
    came = threading.Event()
    with silent(came) as port:
        source = f'url = "http://127.0.0.1:{port}/feed"'
        (tmp_path / "config.toml").write_text(CONFIG.format(kind="feed", source=source, port=port))
        run = subprocess.Popen(
            [sys.executable, "-m", "newsletter", command],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        with run:
            assert came.wait(60)
            asked = time.monotonic()
            run.send_signal(signal.SIGTERM)
            try:
                said, _ = run.communicate(timeout=25)
            finally:
                run.kill()
    assert time.monotonic() - asked < 10
    assert run.returncode == 75
    assert "papers: it was not done when this run was asked to stop" in said
    assert "Traceback" not in said


def test_doctor_says_what_it_waits_for_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    came = threading.Event()
    with silent(came) as port:
        source = f'url = "http://127.0.0.1:{port}/feed"'
        (tmp_path / "config.toml").write_text(CONFIG.format(kind="feed", source=source, port=port))
        code, said, took = stopped(tmp_path, "doctor", after="asking papers: 30 seconds at most", by=signal.SIGINT)
    assert (code, took < 10) == (130, True), said
    assert "Traceback" not in said


def test_nobody_is_waited_for_longer_than_was_said() -> None:
    release = threading.Event()
    with pytest.raises(TooLateError, match="No answer from the moon within 0"):
        awaited(release.wait, what="the moon", most=0.3)
    with pytest.raises(StoppedError, match="Stopped on request while waiting for the moon"):
        awaited(release.wait, what="the moon", stop=lambda: True)
    release.set()
    assert awaited(lambda: 7, what="a number") == 7
    with pytest.raises(ZeroDivisionError):
        awaited(lambda: 1 // 0, what="a number")
