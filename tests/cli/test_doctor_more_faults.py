"""doctor against what operators really meet: slips in names, logins, clocks, relays, files from other machines."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.lab import PASSWORD, Fault, Lab, authority, findings, lab

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["authority", "lab"]  # fixtures


def _edit(old: str, new: str) -> Callable[[Lab], None]:
    return lambda lab: lab.edit(old, new)


def _answers(**script: str) -> Callable[[Lab], None]:
    def spoil(lab: Lab) -> None:
        lab.smtp = {"script": script}

    return spoil


def _offsets(*minutes: float) -> Callable[[Lab], None]:
    def spoil(lab: Lab) -> None:
        lab.offsets = {f"{n}.example.org": timedelta(minutes=one) for n, one in enumerate(minutes)}

    return spoil


def _apart(lab: Lab) -> None:
    lab.ahead = timedelta(seconds=-95)


def _template(name: str) -> Callable[[Lab], None]:
    def spoil(lab: Lab) -> None:
        path = lab.folder / "mine" / name
        path.parent.mkdir(parents=True)
        path.write_text("<p>Ours</p>")
        lab.edit("[newsletter]", '[newsletter]\ntemplates = "mine"')

    return spoil


def _empty_folder(lab: Lab) -> None:
    (lab.folder / "mine").mkdir()
    lab.edit("[newsletter]", '[newsletter]\ntemplates = "mine"')


def _password(password: str) -> Callable[[Lab], None]:
    def spoil(lab: Lab) -> None:
        lab.login = True
        lab.edit('security = "starttls"', f'security = "starttls"\nusername = "papers"\npassword = "{password}"')
        (lab.folder / "config.toml").chmod(0o600)

    return spoil


def _stopped(lab: Lab) -> None:
    lab.desk("run")
    lab.desk.ahead(timedelta(days=2))


def _newer(lab: Lab) -> None:
    lab.desk("status")
    with sqlite3.connect(lab.folder / "subscribers.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()


FAULTS = (
    Fault("relay wants a login", _answers(mail="530 5.7.0 log in"), "envelope", "problem", "[delivery] username"),
    Fault(
        "relay refuses sender",
        _answers(mail="550 5.7.60 no right to send as this"),
        "envelope",
        "problem",
        "[newsletter] from",
    ),
    Fault("relay closed", _answers(rcpt="554 5.7.1 relay access denied"), "envelope", "problem", "mynetworks"),
    Fault("nobody at the sender", _answers(rcpt="550 5.1.1 no such user"), "envelope", "warning", "make that mailbox"),
    Fault("address blocked", _answers(banner="554 5.7.1 listed"), "delivery", "problem", "provider with a login"),
    Fault("port 465 as 587", _edit('security = "starttls"', 'security = "tls"'), "delivery", "problem", "starttls"),
    Fault("host misspelt", _edit('host = "localhost"', 'host = "smpt.invalid"'), "delivery", "problem", "host"),
    Fault("password with a line end", _password(PASSWORD + "\\n"), "login", "warning", "variable or file"),
    Fault("clock ahead", _offsets(130, 131, -2), "clock", "problem", "NTP", "130 minutes ahead of"),
    Fault("clock a little behind", _offsets(-20), "clock", "warning", "NTP", "20 minutes behind"),
    Fault("clock apart from the database's", _apart, "clock", "problem", "NTP", "95 s behind the database server's"),
    Fault("runs stopped", _stopped, "schedule", "problem", "cron", "still running?"),
    Fault("database of a newer version", _newer, "database", "problem", "newer version"),
    Fault(
        "no database folder",
        _edit("[newsletter]", '[newsletter]\ndatabase = "sqlite:///data/s.db"'),
        "database",
        "problem",
        "folder must exist",
    ),
    Fault(
        "no template folder",
        _edit("[newsletter]", '[newsletter]\ntemplates = "mine"'),
        "own templates",
        "warning",
        "Make it",
    ),
    Fault("empty template folder", _empty_folder, "own templates", "warning", "Put files there"),
    Fault(
        "template misnamed",
        _template("email/part/card.mjml.j2"),
        "own templates",
        "warning",
        "Call it email/parts/card.mjml.j2.",
    ),
    Fault(
        "template without its ending",
        _template("email/digest.mjml"),
        "own templates",
        "warning",
        "Call it email/digest.mjml.j2.",
    ),
    Fault(
        "template a floor too high",
        _template("foot.txt.j2"),
        "own templates",
        "warning",
        "Call it email/parts/foot.txt.j2.",
    ),
    Fault("catalogue misplaced", _template("locale/de.po"), "own templates", "warning", "Call it locales/de.po."),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_that_operators_meet_is_found_with_its_cure(lab: Lab, fault: Fault) -> None:
    fault.spoil(lab)
    done = lab.examine()
    told = [one for one in findings(done) if one["check"] == fault.check and one["level"] == fault.level]
    assert len(told) == 1, findings(done)
    assert fault.cure in told[0]["cure"] + told[0]["text"]
    assert fault.text in told[0]["text"]
    refused = fault.name == "password with a line end"  # the server does not know it either
    assert done.code == (1 if fault.level == "problem" or refused else 0)


def _with_marks(lab: Lab) -> None:
    """As a Windows editor saves it."""
    path = lab.folder / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))


def _own_parts(lab: Lab) -> None:
    """A part of one's own that another template includes, the two optional ones, a page, and what is no template."""
    folder = lab.folder / "mine"
    for name in ("email/parts", "web", "locales"):
        (folder / name).mkdir(parents=True)
    (folder / "email/parts/opening.mjml.j2").write_text('<mj-text>{% include "email/parts/ours.j2" %}</mj-text>')
    (folder / "email/parts/opening.txt.j2").write_text("\nHello\n")
    (folder / "email/parts/ours.j2").write_text("<p>Hello</p>")
    (folder / "web/style.css").write_text("body { color: black }")
    (folder / "locales/nl.po").write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n')
    (folder / "README.md").write_text("ours")
    lab.edit("[newsletter]", '[newsletter]\ntemplates = "mine"')


def _greylisting(lab: Lab) -> None:
    lab.smtp = {"script": {"rcpt": "450 4.2.0 greylisted"}}


@pytest.mark.parametrize(
    "change",
    [
        _with_marks,
        _own_parts,
        _greylisting,
        _offsets(1, -2, 400),
        _edit("https://papers.lab.edu", "https://papers.lab.edu/"),
    ],
    ids=["BOM and CRLF", "own templates", "greylisting", "one odd server clock", "trailing slash"],
)
def test_what_is_in_order_raises_no_alarm(lab: Lab, change: Callable[[Lab], Any]) -> None:
    change(lab)
    done = lab.examine()
    assert [one for one in findings(done) if one["level"] != "ok"] == []
    assert done.code == 0
