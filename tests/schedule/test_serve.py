"""`serve` as a process: pages, heartbeat and drain together, and an end in seconds when it is asked to stop."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.sample.folder import SAMPLE
from tests.support.desk import Desk, newsletter

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_WEB = "import sys; sys.modules['uvicorn'] = None; from newsletter.cli import main; main()"


@contextmanager
def serving(folder: Path, *options: str, code: str = "") -> Iterator[subprocess.Popen[str]]:
    start = ["-c", code] if code else ["-m", "newsletter"]
    command = [sys.executable, *start, "--config", str(folder / "config.toml"), "serve", "--port", "0", *options]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def make(folder: Path) -> Desk:
    desk = Desk(folder)
    text = (folder / "config.toml").read_text("utf-8").replace(
        'kind = "huggingface"\nurl = "http://127.0.0.1:9"', f'kind = "file"\npath = "{SAMPLE / "papers.jsonl"}"'
    )  # fmt: skip
    (folder / "config.toml").write_text(text, "utf-8")
    return desk


def line_with(process: subprocess.Popen[str], words: str) -> str:
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if words in line:
            return line
    raise AssertionError(said)


def test_serve_shows_pages_sends_what_is_queued_and_ends_quietly_on_sigterm(tmp_path: Path) -> None:
    desk = make(tmp_path)
    with serving(tmp_path) as process:
        port = re.search(r":(\d+)/", line_with(process, "pages at"))
        assert port is not None
        with urllib.request.urlopen(f"http://127.0.0.1:{port[1]}/healthz", timeout=10) as answer:
            assert answer.status == 200
        line_with(process, "papers:")  # the first beat has collected

        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)

    assert (process.returncode, out) == (0, "")
    assert time.monotonic() - asked < 15
    assert "stopping" in err
    assert "Traceback" not in err
    runs = newsletter(["--config", str(tmp_path / "config.toml"), "status", "--json"]).json["runs"]
    assert {run["outcome"] for run in runs} == {"done"}
    assert desk.mails == []


def test_without_the_web_packages_serve_says_how_to_get_them_and_how_to_do_without(tmp_path: Path) -> None:
    make(tmp_path)
    with serving(tmp_path, code=WITHOUT_WEB) as process:
        _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert err == (
        "error: The web pages need a package that is not here: uvicorn.\n"
        "Install them: pip install 'trending-papers[web]'. "
        "Without pages: `newsletter serve --no-pages`, or `newsletter run` from cron.\n"
    )
    with serving(tmp_path, "--no-pages", code=WITHOUT_WEB) as process:
        line_with(process, "papers:")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, "Traceback" in err) == (0, False)


def test_a_port_that_is_taken_is_a_sentence_with_its_cure(tmp_path: Path) -> None:
    make(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serving(tmp_path, "--no-schedule", "--port", str(port)) as process:
            _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert err.splitlines() == [
        f"error: Pages cannot be served at 127.0.0.1:{port}: Address already in use.",
        "Is it running already? Choose another --port or --host.",
    ]
