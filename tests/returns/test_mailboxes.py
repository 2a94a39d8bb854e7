"""A mailbox of returns is only looked at until what it said is stored: the same for memory, Maildir and IMAP."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from newsletter.errors import RelayConfigError, RelayError
from newsletter.returns.intake.imap import Account, ImapMailbox
from newsletter.returns.intake.maildir import Maildir
from newsletter.returns.mime import LIMIT
from tests.support.fake_returns import FakeMailbox
from tests.support.imap_server import Post, imap_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from newsletter.ports import Mailbox

FIRST, SECOND, THIRD = b"Subject: 1\r\n\r\none", b"Subject: 2\r\n\r\ntwo", b"Subject: 3\r\n\r\n" + b"x" * LIMIT
Box = tuple["Mailbox", "Callable[[], list[bytes]]"]


def maildir(path: Path) -> Path:
    for inner in ("new", "cur", "tmp"):
        (path / inner).mkdir(parents=True)
    (path / "cur" / "100.a.host:2,S").write_bytes(FIRST)
    (path / "new" / "101.b.host").write_bytes(SECOND)
    (path / "new" / "102.c.host").write_bytes(THIRD)
    return path


def imap(post: Post, **more: str) -> ImapMailbox:
    account = Account("localhost", post.port, "none", "bounces", more.get("password", "right"))
    return ImapMailbox(account, folder=more.get("folder", "INBOX"), aside="Put aside")


@pytest.fixture(params=["memory", "maildir", "imap", "imap without UIDPLUS"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Box]:
    """The mailbox with three letters, and what lies aside."""
    if request.param == "memory":
        fake = FakeMailbox(FIRST, SECOND, THIRD[:LIMIT])
        yield fake, lambda: fake.aside
    elif request.param == "maildir":
        path = maildir(tmp_path / "Maildir")
        yield (
            Maildir(path, aside="Aside"),
            lambda: [one.read_bytes() for one in (path / ".Aside" / "cur").glob("*:2,*")],
        )
    else:
        post = Post({"INBOX": {3: FIRST, 5: SECOND, 8: THIRD}})
        if "without" in request.param:
            post.capabilities = "IMAP4rev1"
        with imap_server(post):
            yield imap(post), lambda: list(post.folders.get("Put aside", {}).values())


def test_letters_come_oldest_first_and_stay_until_they_are_finished(box: Box) -> None:
    mailbox, aside = box

    for _ in range(2):
        letters = list(mailbox.letters(limit=9))
        assert [one.data for one in letters] == [FIRST, SECOND, THIRD[:LIMIT]]
    assert [one.data for one in mailbox.letters(limit=2)] == [FIRST, SECOND]
    mailbox.finish([letters[0].name], [letters[1].name])

    assert ([one.data[:20] for one in mailbox.letters(limit=9)], aside()) == ([THIRD[:20]], [SECOND])
    mailbox.finish([letters[0].name, letters[2].name], [])  # the first is gone already
    mailbox.finish([], [])
    assert list(mailbox.letters(limit=9)) == []


def test_a_letter_that_another_reader_took_meanwhile_is_passed_by(tmp_path: Path) -> None:
    path = maildir(tmp_path / "Maildir")
    mailbox = Maildir(path, aside="Aside")
    letters = mailbox.letters(limit=9)
    assert next(letters).data == FIRST
    (path / "new" / "101.b.host").unlink()

    assert [one.data[:20] for one in letters] == [THIRD[:20]]
    mailbox.finish(["new/101.b.host"], ["new/101.b.host"])


def test_a_path_that_is_no_maildir_is_the_operators_to_mend(tmp_path: Path) -> None:
    with pytest.raises(RelayConfigError, match="no folder"):
        list(Maildir(tmp_path / "nowhere", aside="Aside").letters(limit=1))
    assert list(Maildir(tmp_path, aside="Aside").letters(limit=1)) == []  # a mail server makes `new` at the first mail


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_maildir_that_may_not_be_read_is_tried_again_later(tmp_path: Path) -> None:
    path = maildir(tmp_path / "Maildir")
    (path / "new" / "101.b.host").chmod(0)

    with pytest.raises(RelayError, match="cannot be read"):
        list(Maildir(path, aside="Aside").letters(limit=9))


def test_a_folder_that_was_made_anew_keeps_its_letters() -> None:
    with imap_server(Post({"INBOX": {1: FIRST}})) as post:
        mailbox = imap(post)
        (letter,) = mailbox.letters(limit=1)
        post.validity = 8
        mailbox.finish([letter.name], [])

        assert post.folders["INBOX"] == {1: FIRST}
        assert not any("STORE" in one for one in post.log)


def test_looking_leaves_no_mark() -> None:
    with imap_server(Post({"INBOX": {1: FIRST}})) as post:
        list(imap(post).letters(limit=1))

        assert [one.split(" ")[0] for one in post.log] == ["CAPABILITY", "LOGIN", "EXAMINE", "UID", "UID", "LOGOUT"]


@pytest.mark.parametrize(
    ("more", "error", "says"),
    [
        ({"password": "wrong"}, RelayConfigError, "refuses the login: .*wrong"),
        ({"folder": "Elsewhere"}, RelayConfigError, "has no folder Elsewhere"),
    ],
)
def test_a_wrong_login_or_folder_is_the_operators_to_mend(more: dict[str, str], error: type, says: str) -> None:
    with imap_server(Post({"INBOX": {}})) as post, pytest.raises(error, match=says):
        list(imap(post, **more).letters(limit=1))


def test_a_line_that_is_cut_is_tried_again_later() -> None:
    with (
        imap_server(Post({"INBOX": {1: FIRST}}, drop_after=3)) as post,
        pytest.raises(RelayError, match="does not answer"),
    ):
        list(imap(post).letters(limit=1))
    with pytest.raises(RelayError, match="does not answer"):
        list(imap(post).letters(limit=1))


def test_over_tls_only_the_named_server_gets_the_password() -> None:
    authority = trustme.CA()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(serving)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    with imap_server(Post({"INBOX": {1: FIRST}}), tls=serving) as post:
        account = Account("localhost", post.port, "tls", "bounces", "right")
        assert [one.data for one in ImapMailbox(account, folder="INBOX", aside="A", tls=trusting).letters(limit=1)] == [
            FIRST
        ]
        post.log.clear()
        with pytest.raises(RelayConfigError, match="certificate"):
            list(ImapMailbox(account, folder="INBOX", aside="A").letters(limit=1))
        assert post.log == []
    assert "right" not in repr(account)
