"""A newsletter set up in full, its DNS, mail server and pages on loopback: in order until a test spoils something."""

from __future__ import annotations

import ssl
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from newsletter.collect.answers import Failed, Fetched
from newsletter.collect.http import Http
from newsletter.press import Looked
from newsletter.send.dkim import load_signer
from newsletter.send.resolver import Resolver
from newsletter.send.transports import open_transport
from newsletter.send.transports.patience import Patience
from newsletter.wiring import open_press
from tests.support.desk import Desk, Result, newsletter
from tests.support.dns_server import DnsServer, Zone, txt
from tests.support.smtp_server import SmtpServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from newsletter.config import Config
    from newsletter.press import Press

QUICK = replace(Patience(), connect=3.0, banner=3.0)
PASSWORD = "a long password of papers"
CONFIG = """
[newsletter]
name = "Papers of the lab"
from = "Papers <papers@lab.edu>"
base_url = "https://papers.lab.edu"
postal_address = "The lab, 1 Example Street"
secret_file = "secret"
[[sources]]
kind = "huggingface"
url = "http://127.0.0.1:9"
[[topics]]
slug = "language-models"
keywords = ["language model"]
[ranking]
dense = false
[delivery]
transport = "smtp"
host = "localhost"
helo_name = "mail.lab.edu"
port = 587
security = "starttls"
bounce_domain = "b.lab.edu"
dkim_selector = "s1"
dkim_key = "dkim.pem"
"""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@dataclass
class Lab:
    """A set-up that is in order until somebody spoils it: its files, its DNS, its mail server and its pages."""

    folder: Path
    authority: trustme.CA
    desk: Desk
    zone: Zone = field(default_factory=dict)
    smtp: dict[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ("localhost",)
    certificate: dict[str, Any] = field(default_factory=dict)
    issuer: trustme.CA | None = None
    login: bool = False
    pages: str = '{"status": "ok"}'
    pages_up: bool = True
    date: datetime | None = None
    offsets: dict[str, timedelta] = field(default_factory=dict)  # this machine's clock against the sources'
    ahead: timedelta = timedelta(0)  # and against the database server's

    def edit(self, old: str, new: str) -> None:
        path = self.folder / "config.toml"
        text = path.read_text("utf-8")
        assert old in text, old
        path.write_text(text.replace(old, new), "utf-8")

    def examine(self, *more: str) -> Result:
        with ExitStack() as stack:
            server = stack.enter_context(SmtpServer(**self._smtp()))
            dns = stack.enter_context(DnsServer(self.zone))
            web = stack.enter_context(self._web())

            @contextmanager
            def seam(config: Config) -> Iterator[Press]:
                trusting = ssl.create_default_context()
                self.authority.configure_trust(trusting)
                delivery = config.delivery

                def transport() -> Any:
                    return open_transport(
                        "smtp",
                        host=delivery.host,
                        port=delivery.port if delivery.port != 587 else server.port,
                        security=delivery.security,
                        tls=trusting,
                        username=delivery.username,
                        password=delivery.password,
                        patience=QUICK,
                    )

                with open_press(config, clock=self.desk.clock) as press:
                    yield replace(
                        press,
                        sources=(self.desk.source,),
                        filling=frozenset(),
                        open_dns=lambda: Resolver(["127.0.0.1"], port=dns.port),
                        open_transport=transport,
                        look=lambda url: self._look(url, web),
                        clock_offsets=lambda: self.offsets,
                        clock_ahead=lambda: self.ahead,
                    )

            return newsletter(
                ["--config", str(self.folder / "config.toml"), "doctor", "--json", *more], open_press=seam
            )

    def _smtp(self) -> dict[str, Any]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (self.issuer or self.authority).issue_cert(*self.names, **self.certificate).configure_cert(context)
        return {"tls": context} | ({"users": {"papers": PASSWORD}} if self.login else {}) | self.smtp

    @contextmanager
    def _web(self) -> Iterator[str]:
        lab = self

        class Pages(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = lab.pages.encode()
                self.send_response_only(200)
                self.send_header("Date", f"{lab.date or lab.desk.clock.now():%a, %d %b %Y %H:%M:%S} GMT")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            yield f"http://127.0.0.1:{server.server_address[1] if self.pages_up else 9}"
            server.shutdown()

    @staticmethod
    def _look(url: str, web: str) -> Looked:
        """papers.lab.edu is this machine; the client is the real one."""
        http = Http(contact="papers@lab.edu")
        try:
            answer = http.session(web).get(url.replace("https://papers.lab.edu", web), tries=1)
        finally:
            http.close()
        if isinstance(answer, Fetched):
            return Looked(body=answer.body, date=answer.headers["date"])
        assert isinstance(answer, Failed)
        return Looked(answer.reason)


@pytest.fixture
def lab(tmp_path: Path, authority: trustme.CA) -> Lab:
    desk = Desk(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG, "utf-8")
    key = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "dkim.pem").write_bytes(key)
    name, value = load_signer(tmp_path / "dkim.pem", domain="lab.edu", selector="s1").record()
    zone: Zone = {
        ("lab.edu", "TXT"): [txt("v=spf1 mx -all")],
        ("b.lab.edu", "TXT"): [txt("v=spf1 mx -all")],
        ("lab.edu", "MX"): ["5 mail.lab.edu."],
        ("b.lab.edu", "MX"): ["5 mail.lab.edu."],
        ("mail.lab.edu", "A"): ["203.0.114.25"],
        ("25.114.0.203.in-addr.arpa", "PTR"): ["mail.lab.edu."],
        ("_dmarc.lab.edu", "TXT"): [txt("v=DMARC1; p=quarantine")],
        (name, "TXT"): [txt(value)],
    }
    return Lab(tmp_path, authority, desk, zone)


@dataclass(frozen=True)
class Fault:
    """What is spoilt, the finding that tells of it, and words of its cure."""

    name: str
    spoil: Callable[[Lab], object]
    check: str
    level: str
    cure: str
    text: str = ""


def findings(done: Result) -> list[dict[str, str]]:
    found: list[dict[str, str]] = done.json["findings"]
    return found
