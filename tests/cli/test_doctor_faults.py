"""doctor against seeded faults: each is found, with its cure, and a healthy set-up raises no alarm."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from newsletter.wiring import open_press
from tests.support.desk import Desk, newsletter
from tests.support.dns_server import txt
from tests.support.lab import PASSWORD, Fault, Lab, authority, findings, lab
from tests.support.smtp_server import ALL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["authority", "lab"]  # fixtures


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
    Fault("unknown domain", lambda lab: lab.zone.clear(), "DNS of lab.edu", "problem", "spelt right"),
)


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
    assert len(others) <= 1


def test_a_full_disk_is_found(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.desk("status")
    usage = shutil.disk_usage(lab.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10 * 1024**2))
    told = [one for one in findings(lab.examine()) if one["check"] == "database" and one["level"] == "problem"]
    assert "Only 10 MB are free" in told[0]["text"]
    assert "Free some space" in told[0]["cure"]


def test_a_slow_server_is_told_of_and_no_alarm(lab: Lab) -> None:
    lab.smtp = {"extensions": tuple(one for one in ALL if one not in {"PIPELINING", "CHUNKING", "SMTPUTF8"})}
    told = {one["check"]: one for one in findings(lab.examine())}
    assert told["SMTP extensions"]["level"] == "ok"
    assert "without PIPELINING and CHUNKING each mail waits for answers" in told["SMTP extensions"]["text"]
    assert "without SMTPUTF8 no mail to addresses like ünï@example.org" in told["SMTP extensions"]["text"]


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
