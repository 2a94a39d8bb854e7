"""Signatures that others verify, and that break when anything a reader relies on is changed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.config import load_config
from newsletter.errors import ConfigError
from newsletter.model.subscriber import Subscriber
from newsletter.send.dkim import Signer, load_signer, relaxed_body
from newsletter.send.signing import signed
from newsletter.send.transports.maildir import MaildirTransport
from tests.send.ledger import message
from tests.send.sending import send
from tests.support.desk import CONFIG, Desk
from tests.support.smtp_server import SmtpServer

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.model.mail import Message

MAIL = (
    b"From: Papers <papers@news.example>\r\nTo: ada@example.org\r\nSubject: Today's  papers,\r\n\tfolded\r\n"
    b"Date: Fri, 20 Nov 2026 08:00:00 +0000\r\nMessage-ID: <digest.1@news.example>\r\nMIME-Version: 1.0\r\n"
    b"List-Unsubscribe: <https://news.example/unsubscribe/abc>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"List-Id: Papers <papers.news.example>\r\nFeedback-ID: a:b:c:papers\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"\r\nHello  reader, \r\n\r\n.dot\r\n\r\n\r\n"
)


@pytest.fixture(scope="module", params=["rsa", "ed25519"])
def signer(request: pytest.FixtureRequest) -> Signer:
    if request.param == "rsa":
        return Signer("news.example", "s1", rsa.generate_private_key(public_exponent=65537, key_size=2048))
    return Signer("news.example", "s1", Ed25519PrivateKey.generate())


def verifies(data: bytes, *signers: Signer) -> bool:
    zone = dict(signer.record() for signer in signers)
    return bool(dkim.verify(data, dnsfunc=lambda name, timeout=5: zone.get(name.decode().rstrip("."), "").encode()))


def test_a_signed_mail_is_verified_by_another_implementation(signer: Signer) -> None:
    assert verifies(signer.sign(MAIL), signer)


def test_the_same_mail_gets_the_same_signature_at_every_try(signer: Signer) -> None:
    assert signer.sign(MAIL) == signer.sign(MAIL)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Hello", b"Hullo"),
        (b"Today's", b"Yesterday's"),
        (b"unsubscribe/abc", b"unsubscribe/xyz"),
        (b"One-Click", b"Two-Clicks"),
        (b"To: ada", b"To: eve"),
        (b"\r\nFrom:", b"\r\nFrom: Eve <eve@example.net>\r\nFrom:"),
        (b"\r\nSubject:", b"\r\nSubject: Free\r\nSubject:"),
        (b"\r\nDate:", b"\r\nDate: Sat, 21 Nov 2026 08:00:00 +0000\r\nDate:"),
        (b"\r\nList-Unsubscribe:", b"\r\nList-Unsubscribe: <https://evil.example/>\r\nList-Unsubscribe:"),
        (b"\r\nList-Unsubscribe-Post:", b"\r\nList-Unsubscribe-Post: x\r\nList-Unsubscribe-Post:"),
    ],
)
def test_a_change_of_what_readers_rely_on_breaks_the_signature(signer: Signer, old: bytes, new: bytes) -> None:
    changed = signer.sign(MAIL).replace(old, new, 1)
    assert changed != signer.sign(MAIL)
    assert not verifies(changed, signer)


def test_blanks_that_a_relay_may_change_do_not_break_it(signer: Signer) -> None:
    assert verifies(signer.sign(MAIL).replace(b"Hello  reader, \r\n", b"Hello reader,\r\n"), signer)


def test_no_line_of_the_signature_is_longer_than_78_octets(signer: Signer) -> None:
    head, _, _ = signer.sign(MAIL).partition(b"\r\nFrom:")
    assert max(map(len, head.split(b"\r\n"))) <= 78


def test_every_list_header_is_covered(signer: Signer) -> None:
    found = re.search(rb"h=([^;]*);", signer.sign(MAIL))
    assert found is not None
    names = re.sub(rb"\s", b"", found[1]).split(b":")
    for name in (b"from", b"subject", b"date", b"to", b"list-unsubscribe", b"list-unsubscribe-post"):
        assert names.count(name) == 2
    assert {b"list-id", b"message-id", b"feedback-id", b"mime-version", b"content-type"} <= set(names)


def test_two_keys_sign_one_mail() -> None:
    old = Signer("news.example", "rsa1", rsa.generate_private_key(public_exponent=65537, key_size=2048))
    new = Signer("news.example", "ed1", Ed25519PrivateKey.generate())
    one = signed(message(1, data=MAIL), [old, new])
    assert one.data.startswith(b"DKIM-Signature: v=1; a=rsa-sha256;")
    assert one.data.count(b"DKIM-Signature:") == 2
    assert verifies(one.data, old, new)


def test_what_arrives_over_either_transport_is_verified(signer: Signer, tmp_path: Path) -> None:
    with SmtpServer() as server:
        send(server, [message(1, data=MAIL)], signers=[signer])
    assert server.faults == []
    assert verifies(server.accepted[0].data, signer)
    list(MaildirTransport(tmp_path, signers=[signer]).deliver([message(1, data=MAIL)]))
    [file] = (tmp_path / "new").iterdir()
    assert file.read_bytes() == server.accepted[0].data


def encoded(data: bytes) -> Message:
    return replace(message(1, data=data), vetted=True, seven_bit=True)


@pytest.mark.parametrize("tail", [b"", b"\r\n", b"end", b"end\r\n", b"end\r\n\r\n", b"a=20\r\n=2E b\r\n"])
def test_an_encoded_mail_is_signed_as_it_stands_whatever_it_ends_with(signer: Signer, tail: bytes) -> None:
    data = MAIL.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + tail
    one = signed(encoded(data), [signer])
    assert verifies(one.data, signer)
    assert (one.vetted, one.seven_bit) == (True, True)
    assert not verifies(one.data + b"more\r\n", signer)


def test_every_mail_of_a_day_is_verified_with_either_key(signer: Signer, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    write(tmp_path / "dkim.pem", signer.key)
    config = CONFIG.replace("papers@lab.example.org", "papers@news.example")
    config = config.replace("[newsletter]", '[newsletter]\nbase_url = "https://news.example"')
    (tmp_path / "config.toml").write_text(f'{config}[delivery]\ndkim_selector = "s1"\ndkim_key = "dkim.pem"\n', "utf-8")
    with desk.press(load_config(tmp_path / "config.toml", {})) as press:
        for name in ("Ada", "Zoë Ælfgifu", "张伟", 'O"Neil =?utf-8?q?x?='):
            press.subscribers.add(Subscriber(email=f"r{len(name)}@example.org", name=name, created_at=desk.clock.now()))
    assert desk("run").code == 0
    mails = [path.read_bytes() for path in desk.mails]
    assert len(mails) == 4
    for data in mails:
        assert b"c=relaxed/simple;" in data
        assert verifies(data, signer)
        assert not verifies(data.replace(b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Never"), signer)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="ab .\t", max_size=6), max_size=6))
def test_every_body_is_made_relaxed_as_the_other_implementation_makes_it(lines: list[str]) -> None:
    body = "".join(f"{line}\r\n" for line in lines).encode()
    theirs = dkim.canonicalization.Relaxed.canonicalize_body(body)
    assert relaxed_body(body) == theirs


def write(path: Path, key: object, password: bytes | None = None) -> Path:
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)  # type: ignore[attr-defined]
    path.write_bytes(pem)
    return path


def test_keys_are_read_from_files(tmp_path: Path) -> None:
    for key in (rsa.generate_private_key(public_exponent=65537, key_size=1024), Ed25519PrivateKey.generate()):
        signer = load_signer(write(tmp_path / "key.pem", key), domain="news.example", selector="s1")
        assert verifies(signer.sign(MAIL), signer)


def test_a_key_file_that_will_not_do_says_why(tmp_path: Path) -> None:
    good = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    (tmp_path / "text.pem").write_text("hello")
    said = {
        tmp_path / "none.pem": "cannot be read",
        tmp_path / "text.pem": "not a private key in PEM form",
        write(tmp_path / "locked.pem", good, b"x"): "protected by a passphrase",
        write(tmp_path / "curve.pem", ec.generate_private_key(ec.SECP256R1())): "DKIM knows RSA and Ed25519",
    }
    for path, words in said.items():
        with pytest.raises(ConfigError, match=f"delivery.dkim_key: .*{words}"):
            load_signer(path, domain="news.example", selector="s1")
