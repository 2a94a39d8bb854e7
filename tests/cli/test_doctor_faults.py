"""doctor against seeded faults: each is found, with its cure, and a healthy set-up raises no alarm."""

from __future__ import annotations

import shutil
import sqlite3
import ssl
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
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
from tests.support.smtp_server import ALL, SmtpServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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


def _write(lab: Lab, name: str, data: bytes, mode: int = 0o600) -> None:
    path = lab.folder / name
    path.write_bytes(data)
    path.chmod(mode)


def _damaged(lab: Lab) -> None:
    lab.desk("subscribers", "add", "ada@example.org")
    with sqlite3.connect(lab.folder / "subscribers.db") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    path = lab.folder / "subscribers.db"
    data = bytearray(path.read_bytes())
    data[8192:12288] = b"\xff" * 4096
    path.write_bytes(data)


def _run_ahead(lab: Lab) -> None:
    lab.desk.ahead(timedelta(days=3))
    lab.desk("run")
    lab.desk.ahead(-timedelta(days=3))


def _stale(lab: Lab) -> None:
    lab.desk("status")
    from newsletter.config import load_config

    with open_press(load_config(lab.folder / "config.toml", {}), clock=lab.desk.clock) as press:
        day = date(2026, 11, 2)
        press.papers.note_answer("huggingface", [day], {}, [])


def _silent(lab: Lab) -> None:
    lab.desk.source.failure = "503 for an hour"


def _template(lab: Lab) -> None:
    (lab.folder / "mine" / "email").mkdir(parents=True)
    (lab.folder / "mine" / "email" / "digest.mjml.j2").write_text("<mjml>{{ nothing.there }}")
    lab.edit("[newsletter]", '[newsletter]\ntemplates = "mine"')


def _login(lab: Lab) -> None:
    lab.login = True
    lab.edit('security = "starttls"', 'security = "starttls"\nusername = "papers"\npassword = "wrong"')


def _readable_password(lab: Lab) -> None:
    lab.login = True
    lab.edit('security = "starttls"', f'security = "starttls"\nusername = "papers"\npassword = "{PASSWORD}"')
    (lab.folder / "config.toml").chmod(0o644)


def _readable_key(lab: Lab) -> None:
    lab.edit("dense = false", 'dense = false\nembeddings_key = "sk-1"')
    (lab.folder / "config.toml").chmod(0o644)


def _zone(**changes: list[str] | None) -> Callable[[Lab], None]:
    """Names with their dots as double underlines, and the kind behind: `b__lab__edu_MX`."""

    def spoil(lab: Lab) -> None:
        for name, records in changes.items():
            place, _, kind = name.rpartition("_")
            key = (place.replace("__", ".").replace("DMARC", "_dmarc").replace("KEY", "s1._domainkey"), kind)
            assert key in lab.zone, key
            if records is None:
                del lab.zone[key]
            else:
                lab.zone[key] = records

    return spoil


def _ptr(lab: Lab, name: str = "") -> None:
    key = ("25.114.0.203.in-addr.arpa", "PTR")
    if name:
        lab.zone[key] = [name]
    else:
        del lab.zone[key]


def _set(**fields: Any) -> Callable[[Lab], None]:
    def spoil(lab: Lab) -> None:
        for name, value in fields.items():
            setattr(lab, name, value)

    return spoil


def _edit(old: str, new: str) -> Callable[[Lab], None]:
    return lambda lab: lab.edit(old, new)


def _expired(lab: Lab) -> None:
    now = datetime.now(UTC)
    lab.certificate = {"not_before": now - timedelta(days=9), "not_after": now - timedelta(days=1)}


def _channel(url: str) -> Callable[[Lab], None]:
    return _edit("[ranking]", f'[[channels]]\nkind = "slack"\nurl = "{url}"\n[ranking]')


NO_STARTTLS = {"tls": None}
FAULTS = (
    Fault("sample sender", _edit("papers@lab.edu", "papers@example.org"), "sender", "warning", "your own domain"),
    Fault(
        "local pages", _edit("https://papers.lab.edu", "http://localhost:8000"), "base_url", "warning", "public https"
    ),
    Fault("pages without TLS", _edit("https://", "http://"), "base_url", "problem", "RFC 8058"),
    Fault("no postal address", _edit("The lab, 1 Example Street", ""), "postal address", "problem", "the law asks"),
    Fault("pages down", _set(pages_up=False), "pages", "problem", "newsletter serve"),
    Fault("another site", _set(pages="<html>shop</html>"), "pages", "problem", "base_url"),
    Fault("clock off", _set(date=datetime(2026, 11, 20, 7, tzinfo=UTC)), "clock", "warning", "NTP", "120 minutes off"),
    Fault("clock gone back", _run_ahead, "clock", "problem", "NTP", "a run was made at"),
    Fault("secret readable", lambda lab: _write(lab, "secret", b"x" * 40, 0o644), "secret", "problem", "chmod 600"),
    Fault("key readable", _readable_key, "passwords", "warning", "[ranking] embeddings_key"),
    Fault("password readable", _readable_password, "passwords", "warning", "chmod 600"),
    Fault("database damaged", _damaged, "database", "problem", "backup"),
    Fault(
        "database readable",
        lambda lab: (lab.desk("status"), (lab.folder / "subscribers.db").chmod(0o644)),
        "database",
        "problem",
        "chmod 600",
    ),
    Fault("template broken", _template, "templates", "problem", "digest.mjml.j2", "nothing"),
    Fault("source down", _silent, "huggingface", "problem", "Look at its web site"),
    Fault("source stale", _stale, "huggingface lists", "warning", "format may have changed", "2026-11-02"),
    Fault("wrong port", _edit("port = 587", "port = 9"), "delivery", "problem", "host and port"),
    Fault("TLS from the start", _set(smtp={"implicit_tls": True}), "delivery", "problem", '"tls"'),
    Fault("no STARTTLS", _set(smtp=NO_STARTTLS), "delivery", "problem", "security"),
    Fault("expired certificate", _expired, "delivery", "problem", "certificate", "expired"),
    Fault("wrong host", _set(names=("other.lab.edu",)), "delivery", "problem", "host"),
    Fault("unknown issuer", _set(issuer=trustme.CA()), "delivery", "problem", "certificate"),
    Fault("login refused", _login, "delivery", "problem", "password"),
    Fault("small SIZE", _set(smtp={"extensions": ("SIZE 20000",)}), "SIZE", "problem", "message_size_limit"),
    Fault("no SPF", _zone(b__lab__edu_TXT=None), "SPF of b.lab.edu", "problem", "TXT record"),
    Fault(
        "two SPF",
        _zone(b__lab__edu_TXT=[txt("v=spf1 mx -all"), txt("v=spf1 -all")]),
        "SPF of b.lab.edu",
        "problem",
        "one",
    ),
    Fault("DKIM missing", _zone(KEY__lab__edu_TXT=None), "DKIM at s1._domainkey.lab.edu", "problem", "TXT record"),
    Fault(
        "another DKIM key",
        _zone(KEY__lab__edu_TXT=[txt("v=DKIM1; k=ed25519; p=AAAA")]),
        "DKIM at s1._domainkey.lab.edu",
        "problem",
        "TXT record",
    ),
    Fault("no DMARC", _zone(DMARC__lab__edu_TXT=None), "DMARC of lab.edu", "warning", "v=DMARC1"),
    Fault(
        "DMARC without policy",
        _zone(DMARC__lab__edu_TXT=[txt("v=DMARC1; rua=x")]),
        "DMARC of lab.edu",
        "problem",
        "p=none",
    ),
    Fault("bounces refused", _zone(b__lab__edu_MX=["0 ."]), "MX of b.lab.edu", "problem", "MX record"),
    Fault("bounces lost", _zone(b__lab__edu_MX=["5 gone.lab.edu."]), "MX of b.lab.edu", "problem", "A or AAAA"),
    Fault("no PTR", _ptr, "PTR of mail.lab.edu", "problem", "PTR record"),
    Fault(
        "PTR of another",
        lambda lab: _ptr(lab, "pool.isp.net."),
        "PTR of mail.lab.edu",
        "problem",
        "point at each other",
    ),
    Fault(
        "channel of a wrong shape",
        _channel("https://hooks.slack.com/x"),
        "channel slack",
        "problem",
        "docs/channels.md",
    ),
    Fault("DNS silent", lambda lab: lab.zone.clear(), "SPF of b.lab.edu", "problem", "TXT record"),
)


def findings(done: Result) -> list[dict[str, str]]:
    found: list[dict[str, str]] = done.json["findings"]
    return found


@pytest.mark.parametrize("login", [False, True])
def test_a_healthy_set_up_raises_no_alarm(lab: Lab, login: bool) -> None:
    if login:
        _login(lab)
        lab.edit("wrong", PASSWORD)
        lab.edit('bounce_domain = "b.lab.edu"\n', "")
        (lab.folder / "config.toml").chmod(0o600)
    lab.desk("run")
    done = lab.examine()
    assert [one for one in findings(done) if one["level"] != "ok"] == []
    assert (done.code, done.json["ok"]) == (0, True)
    told = {one["check"]: one["text"] for one in findings(done)}
    assert "offers PIPELINING, CHUNKING, 8BITMIME, SMTPUTF8; mails of up to 10.0 MB" in told["SMTP extensions"]
    assert told["pages"] == "https://papers.lab.edu shows this newsletter's pages"
    assert told.get("PTR of mail.lab.edu", "203.0.114.25 is mail.lab.edu") == "203.0.114.25 is mail.lab.edu"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_seeded_fault_is_found_with_its_cure(lab: Lab, fault: Fault) -> None:
    fault.spoil(lab)
    done = lab.examine()
    if fault.name == "database damaged" and "findings" not in done.json:
        assert "damaged" in done.json["error"]
        assert "backup" in done.json["cure"]
        return
    told = [one for one in findings(done) if one["check"] == fault.check and one["level"] == fault.level]
    assert len(told) == 1, findings(done)
    assert fault.cure in told[0]["cure"] + told[0]["text"]
    assert fault.text in told[0]["text"]
    assert (done.code, done.json["ok"]) == ((1, False) if fault.level == "problem" else (0, True))
    others = [one for one in findings(done) if one["level"] == "problem" and one["check"] != fault.check]
    assert len(others) <= (6 if fault.name == "DNS silent" else 1)


def test_a_full_disk_is_found(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.desk("status")
    usage = shutil.disk_usage(lab.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10 * 1024**2))
    told = [one for one in findings(lab.examine()) if one["check"] == "database" and one["level"] == "problem"]
    assert "Only 10 MB are free" in told[0]["text"]
    assert "Free some space" in told[0]["cure"]


def test_a_slow_server_is_told_of_and_no_alarm(lab: Lab) -> None:
    lab.smtp = {"extensions": tuple(one for one in ALL if one not in {"PIPELINING", "CHUNKING"})}
    told = {one["check"]: one for one in findings(lab.examine())}
    assert told["SMTP extensions"]["level"] == "ok"
    assert "without PIPELINING and CHUNKING each mail waits for answers" in told["SMTP extensions"]["text"]


def test_a_configuration_that_is_wrong_is_usage_with_its_cure(lab: Lab) -> None:
    lab.edit("postal_address", "postal_adress")
    done = lab.examine()
    assert done.code == 2
    assert "Did you mean postal_address?" in done.json["error"]


def test_a_test_mail_goes_out_when_it_is_asked_for(lab: Lab) -> None:
    told = {one["check"]: one for one in findings(lab.examine("--mail", "ada@lab.edu"))}
    assert (told["test mail"]["level"], told["test mail"]["text"][:26]) == ("ok", "handed over for ada@lab.edu"[:26])
    lab.smtp = {"script": {"rcpt": "550 5.7.1 not you"}}
    told = {one["check"]: one for one in findings(lab.examine("--mail", "ada@lab.edu"))}
    assert (told["test mail"]["level"], told["test mail"]["text"]) == ("problem", "not taken: 550 not you")
    assert "test mail" not in {one["check"] for one in findings(lab.examine())}


def test_a_database_that_cannot_be_opened_is_one_finding_among_the_others(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "subscribers.db").write_bytes(b"no database at all " * 500)
    done = desk("doctor")
    assert done.code == 1
    assert f"PROBLEM  database: {tmp_path}/subscribers.db is not an SQLite database.\n" in done.out
    for other in ("clock:", "templates:", "delivery:"):
        assert other in done.out
    assert (tmp_path / "subscribers.db").read_bytes() == b"no database at all " * 500


def test_a_password_in_a_configuration_of_another_name_is_found_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    other = (tmp_path / "config.toml").rename(tmp_path / "lab.toml")
    other.chmod(0o644)
    done = newsletter(["--config", str(other), "doctor", "--json"], open_press=desk.press)
    told = [one["text"] for one in findings(done) if one["check"] == "passwords"]
    assert told == [f"{other} holds [newsletter] secret, and other users of this machine may read it"]
