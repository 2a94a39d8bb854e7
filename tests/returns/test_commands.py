"""From a mail that went out to the bounce that came back, on the command line."""

from __future__ import annotations

import email
from typing import TYPE_CHECKING

import pytest

from tests.support import returned_mail as mail
from tests.support.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    path = tmp_path / "config.toml"
    text = path.read_text("utf-8") + '[[returns]]\nkind = "maildir"\npath = "Bounces"\n'
    path.write_text(text, "utf-8")
    return made


def get(desk: Desk, data: bytes, name: str = "1.host") -> None:
    (desk.folder / "Bounces" / "new").mkdir(parents=True, exist_ok=True)
    (desk.folder / "Bounces" / "new" / name).write_bytes(data)


def test_a_mail_that_comes_back_ends_the_next_one(desk: Desk) -> None:
    for reader in (mail.ADA, "bob@example.org"):
        assert desk("subscribers", "add", reader).code == 0
    assert desk("run", "--json").json["sent"] == 2
    sent = next(one for one in desk.mails if mail.ADA in one.read_text())
    original = email.message_from_bytes(sent.read_bytes())["Message-ID"]
    get(desk, mail.postfix("papers@example.org", original=original))

    done = desk("tend")
    assert done.code == 0
    assert "1 read: 1 gone for good and suppressed" in done.out
    shown = desk("subscribers", "show", mail.ADA)
    assert "status:        bounced" in shown.out
    assert "came back:     2026-11-20 hard by dsn 550 5.1.1 <address> Recipient address rejected" in shown.out
    facts = desk("subscribers", "show", mail.ADA, "--json").json
    assert (facts["suppressed"], facts["returns"][0]["what"], facts["returns"][0]["signed"]) == (True, "hard", True)
    assert desk("subscribers", "show", "bob@example.org", "--json").json["returns"] == []
    why = desk("why", "--subscriber", mail.ADA).out
    assert "Last came back: 2026-11-20 hard by dsn 550 5.1.1 <address> Recipient address rejected" in why
    assert "came back" not in desk("why", "--subscriber", "bob@example.org").out
    assert desk("status").code == 0


def test_a_mailbox_that_is_not_there_is_said_with_its_cure(desk: Desk) -> None:
    done = desk("tend", "--json")

    assert done.code == 75
    assert any("Bounces is no folder" in note["text"] for note in done.json["notes"])
    findings = {one["check"]: one for one in desk("doctor", "--json").json["findings"]}
    assert findings["returns"]["level"] == "problem"
    get(desk, b"Subject: hello\r\n\r\n")
    findings = {one["check"]: one for one in desk("doctor", "--json").json["findings"]}
    assert findings["returns"]["text"].endswith("Bounces can be read and has mail for tend")
    assert [one.name for one in (desk.folder / "Bounces" / "new").iterdir()] == ["1.host"]


def test_what_nobody_signed_is_shown_with_that_word(desk: Desk) -> None:
    desk("subscribers", "add", mail.ADA)
    get(desk, mail.postfix("papers@example.org"))
    desk("tend")

    shown = desk("subscribers", "show", mail.ADA).out
    assert "hard by dsn (not signed: it changed nothing)" in shown
    assert "status:        active" in shown
    assert "came back" not in desk("why", "--subscriber", mail.ADA).out


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ('kind = "maildir"', "path: is empty"),
        ('kind = "imap"\nusername = "b"', "host: is empty"),
        ('kind = "imap"\nhost = "imap.example.org"', "username: is empty"),
        ('kind = "imap"\nhost = "imap.example.org"\nusername = "b"\nsecurity = "none"', "could be read on the way"),
        ('kind = "lmtp"\nport = 2424', "where is it to listen"),
        ('kind = "lmtp"\nhost = "127.0.0.1"', "port: is the one of IMAP servers"),
        ('kind = "maildir"\npath = "M"\naside = "../x"', "plain name of a folder"),
    ],
)
def test_a_mailbox_that_is_half_configured_is_a_mistake_with_a_cure(tmp_path: Path, table: str, problem: str) -> None:
    desk = Desk(tmp_path)
    path = tmp_path / "config.toml"
    path.write_text(f"{path.read_text('utf-8')}[[returns]]\n{table}\n", "utf-8")

    done = desk("tend")
    assert (done.code, problem in done.err) == (2, True)
