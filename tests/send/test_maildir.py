"""The embedded transport: mail as files that a person can open."""

from __future__ import annotations

import email
import email.policy
import mailbox
from typing import TYPE_CHECKING

import pytest

from newsletter.errors import RelayConfigError
from newsletter.model.mail import Delivered, Message, Reply
from newsletter.send.transports import open_transport
from newsletter.send.transports.maildir import MaildirTransport, file_name

if TYPE_CHECKING:
    from pathlib import Path

DATA = b"From: a@b.example\r\nMessage-ID: <digest.1@b.example>\r\nSubject: Papers\r\n\r\nHello.\r\n"


def test_each_mail_is_an_eml_file_in_a_valid_maildir(tmp_path: Path) -> None:
    transport = open_transport("maildir", path=tmp_path / "outbox")
    one = Message(7, "b@b.example", "ada@example.org", DATA)
    name = file_name(one)
    assert list(transport.deliver([one])) == [Delivered(7, Reply(250, "2.0.0", f"written to new/{name}"))]
    assert name.startswith("0000000007.ada@example.org.")
    assert name.endswith(".eml")
    assert (tmp_path / "outbox" / "new" / name).read_bytes() == DATA
    assert sorted(p.name for p in (tmp_path / "outbox").iterdir()) == ["cur", "new", "tmp"]
    assert list((tmp_path / "outbox" / "tmp").iterdir()) == []
    box = mailbox.Maildir(tmp_path / "outbox", factory=None)
    assert [m["Subject"] for m in box] == ["Papers"]


def test_a_mail_that_is_written_again_after_a_crash_replaces_itself(tmp_path: Path) -> None:
    one = Message(7, "b@b.example", "ada@example.org", DATA)
    for _ in range(2):
        assert len(list(MaildirTransport(tmp_path).deliver([one]))) == 1
    assert len(list((tmp_path / "new").iterdir())) == 1


def test_mails_of_a_database_that_was_made_anew_do_not_replace_older_ones(tmp_path: Path) -> None:
    older = Message(1, "b@b.example", "ada@example.org", DATA)
    newer = Message(1, "b@b.example", "ada@example.org", DATA.replace(b"digest.1", b"digest.2"))
    assert len(list(MaildirTransport(tmp_path).deliver([older, newer]))) == 2
    assert len(list((tmp_path / "new").iterdir())) == 2


def test_an_address_with_odd_characters_makes_a_harmless_file_name() -> None:
    name = file_name(Message(1, "", "../..\r\n/é:*@exämple.org", b""))
    assert "/" not in name
    assert name.isascii()


def test_a_path_that_is_a_file_is_a_configuration_error_with_a_cure(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("")
    transport = MaildirTransport(tmp_path / "outbox")
    problem = transport.check()
    assert problem is not None
    assert "[delivery] path" in problem.cure
    with pytest.raises(RelayConfigError, match="cannot be written"):
        list(transport.deliver([Message(1, "", "a@b.example", DATA)]))


def test_a_working_folder_has_no_problem_and_is_left_clean(tmp_path: Path) -> None:
    assert MaildirTransport(tmp_path / "deep" / "outbox").check() is None
    assert list((tmp_path / "deep" / "outbox" / "tmp").iterdir()) == []


def test_the_file_opens_with_the_standard_library(tmp_path: Path) -> None:
    list(MaildirTransport(tmp_path).deliver([Message(1, "", "a@b.example", DATA)]))
    [file] = (tmp_path / "new").iterdir()
    with file.open("rb") as handle:
        parsed = email.message_from_binary_file(handle, policy=email.policy.default)
    assert parsed.defects == []
    assert parsed["Message-ID"] == "<digest.1@b.example>"
