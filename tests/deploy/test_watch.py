"""What watches: alerts that come when they should, a dashboard of metrics that exist, logs and spans without people."""

from __future__ import annotations

import io
import json
import logging
import re
import shutil
import subprocess
import sys
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter.cli.logs import logging_watch
from newsletter.config import load_config
from newsletter.model.mail import Note
from tests.support.chats import Chat
from tests.support.desk import Desk
from tests.support.website import open_site

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "prometheus"
ROOT = FOLDER.parents[1]


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not on this machine")
@pytest.mark.parametrize(
    "check", [("check", "rules", "alerts.yml"), ("check", "config", "scrape.yml"), ("test", "rules", "alerts.test.yml")]
)
def test_prometheus_has_no_complaint_and_each_alert_comes_when_it_should(check: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *check], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", ["alerts.yml", "dashboard.json"])
def test_every_metric_that_is_watched_is_one_that_metrics_shows(tmp_path: Path, file: str) -> None:
    site = open_site(tmp_path / "site")
    shown = set(re.findall(r"(?m)^# TYPE (newsletter_\w+)", site.client().get("/metrics").text))
    shown |= {f"{name}_bucket" for name in shown}
    named = set(re.findall(r"\bnewsletter_[a-z_]+", (FOLDER / file).read_text("utf-8")))
    site.store.close()
    assert named - shown == set()
    assert len(named) >= 7


def test_metrics_tell_health_sources_runs_edition_and_posts_and_forget_what_is_over(tmp_path: Path) -> None:
    with Chat() as chat:
        desk = Desk(tmp_path)
        with (tmp_path / "config.toml").open("a", encoding="utf-8") as file:
            file.write(f'[[channels]]\nkind = "slack"\nname = "lab"\nurl = "{chat.of("slack")["url"]}"\n')
        chat.faults = [404]
        desk("run")
        desk.source.failure = "503"
        desk.ahead(timedelta(hours=2))
        desk("run")
    from newsletter.stages.alarming import watched

    with desk.press(load_config(tmp_path / "config.toml", {})) as press:
        seen = watched(press)
        told = [note.text for note in press.runs.last(limit=1)[0].notes]
    assert told
    assert (seen["sources"], dict(seen["posts"])) == ({"huggingface": False}, {("lab", "refused"): 1})
    assert seen["health"] == 1
    assert seen["runs"] == {"run": desk.clock.now().timestamp()}
    assert seen["edition"] == (desk.clock.now() - timedelta(hours=2)).timestamp()


def test_the_operator_hears_of_a_channel_that_refuses(tmp_path: Path) -> None:
    with Chat() as chat:
        desk = Desk(tmp_path)
        path = tmp_path / "config.toml"
        text = path.read_text("utf-8").replace("[newsletter]", '[newsletter]\noperator = "ops@example.org"')
        path.write_text(text + f'[[channels]]\nkind = "slack"\nname = "lab"\nurl = "{chat.of("slack")["url"]}"\n')
        chat.faults = [404]
        desk("run")
        desk.ahead(timedelta(hours=1))
        desk("run")
    (mail,) = desk.mails
    assert "channel lab refused the edition of 2026-11-20" in mail.read_text("utf-8")


LEAKS = (
    ("reader 17 refused: 550 5.1.1 <ada.lovelace@example.org>: user unknown", ["ada.lovelace"]),
    ("mailbox of ada+papers@example.org is full, try ada.lovelace@example.org", ["ada+papers", "ada.lovelace"]),
    ("554 ada=example.org@bounces.example.org rejected\r\nBcc: eve@example.org", ["ada=example", "eve@"]),
    ('relay said "Ada Lovelace" <ADA@EXAMPLE.ORG>', ["ADA@"]),
    ("\x1b[31mred\x1b[0m and a line\nbreak with ada@münchen.example", ["\x1b", "ada@"]),
)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_log_is_one_line_an_event_and_names_nobody(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path)
    path = tmp_path / "config.toml"
    path.write_text(path.read_text("utf-8").replace("[newsletter]", f'[newsletter]\nlog = "{form}"'), "utf-8")
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with desk.press(load_config(path, {})) as press:
        watch = logging_watch(press)
        for text, _ in LEAKS:
            watch(Note("warning", "send", text))
        logging.getLogger("somebody.else").error("for grace@example.org", exc_info=ValueError("of hopper@example.org"))
    lines = stream.getvalue().splitlines()
    logging.getLogger().handlers.clear()
    assert len(lines) == len(LEAKS) + 1
    for line, (_, secrets) in zip(lines, [*LEAKS, ("", ["grace", "hopper"])], strict=True):
        assert not [secret for secret in secrets if secret in line], line
        if form == "json":
            assert sorted(json.loads(line)) == ["at", "level", "subject", "text"]


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A collector of OpenTelemetry on loopback."""
    got: list[tuple[str, bytes]] = []

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Take) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", got
        server.shutdown()


_RUN = """
import os, sys
from pathlib import Path
from tests.support.desk import Desk
one = Desk(Path(sys.argv[1]))
endpoint = os.environ.pop("OTEL_EXPORTER_OTLP_ENDPOINT", "")
one("subscribers", "add", "ada.lovelace@example.org")
os.environ |= {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint} if endpoint else {}
done = one("run")
print(done.code, "opentelemetry.trace" in sys.modules)
"""


def run(folder: Path, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(folder)], cwd=ROOT, env={"PATH": "/usr/bin:/bin", **environ},
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout


def test_a_run_sends_spans_of_its_stages_where_they_are_wanted(
    tmp_path: Path, collector: tuple[str, list[tuple[str, bytes]]]
) -> None:
    url, got = collector
    assert run(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=url) == "0 True\n"
    every = b"".join(body for path, body in got if path == "/v1/traces")
    for name in (b"run", b"collect.sources", b"print", b"cut", b"dispatch", b"newsletter"):
        assert name in every
    for secret in (b"lovelace", b"example.org", b"language model"):
        assert secret not in every


def test_without_an_endpoint_nothing_is_loaded_or_sent(
    tmp_path: Path, collector: tuple[str, list[tuple[str, bytes]]]
) -> None:
    assert run(tmp_path) == "0 False\n"
    assert collector[1] == []
