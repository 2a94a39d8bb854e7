"""The embedded default: each message becomes one `.eml` file in a valid maildir."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from typing import TYPE_CHECKING

from newsletter.errors import NewsletterError, RelayConfigError, RelayError
from newsletter.model.mail import Delivered, Reply
from newsletter.model.paper import Problem
from newsletter.send.signing import signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from newsletter.model.mail import Message, Outcome
    from newsletter.send.dkim import Signer

_MESSAGE_ID = re.compile(rb"^message-id:[^\r]*", re.IGNORECASE | re.MULTILINE)
FOR_NOW = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EIO, errno.EINTR})


class MaildirTransport:
    """Writes under `path`: `tmp/`, then (after fsync) renamed into `new/`, where a maildir reader finds it.

    A file's name is `<delivery id, ten digits>.<recipient>.<fingerprint>.eml`: it sorts in the order of the queue and
    is the same at every try, so that a message that is written again after a crash replaces itself. The octets are the
    message's own, CRLF line ends included (RFC 5322; mail programs open both forms), so a DKIM signature stays valid.
    """

    def __init__(self, path: Path, *, signers: Sequence[Signer] = ()) -> None:
        self._path, self._signers = path, signers

    def check(self) -> Problem | None:
        try:
            self._prepare()
            probe = self._path / "tmp" / f".check.{os.getpid()}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            failure = _failure(self._path, error)
            lasting = isinstance(failure, RelayConfigError)
            return Problem(f"maildir {self._path}", failure.what, failure.cure, lasting)
        return None

    def deliver(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        """Delivered for each, once its file is in place. RelayError: disk full; RelayConfigError: not writable."""
        try:
            self._prepare()
        except OSError as error:
            raise _failure(self._path, error) from error
        for unsigned in messages:
            message = signed(unsigned, self._signers)
            name = file_name(message)
            try:
                self._write(name, message.data)
            except OSError as error:
                raise _failure(self._path, error) from error
            yield Delivered(message.delivery_id, Reply(250, "2.0.0", f"written to new/{name}"))

    def close(self) -> None:
        """Nothing is held open."""

    def _prepare(self) -> None:
        for folder in ("tmp", "new", "cur"):
            (self._path / folder).mkdir(parents=True, exist_ok=True)

    def _write(self, name: str, data: bytes) -> None:
        temporary = self._path / "tmp" / f"{os.getpid()}.{name}"
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path / "new" / name)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        _sync_folder(self._path / "new")


def file_name(message: Message) -> str:
    """Sortable, readable, unique and stable for a delivery; only letters, digits and `.@+-_` of the recipient stay."""
    readable = "".join(c if c.isascii() and (c.isalnum() or c in "@+-_.") else "_" for c in message.recipient)[:80]
    # The Message-ID keeps apart two mails that share a number because the database was made anew beside an old outbox.
    found = _MESSAGE_ID.search(message.data[: message.data.find(b"\r\n\r\n")])
    mark = hashlib.blake2b((found[0] if found else b"") + message.recipient.encode(), digest_size=4).hexdigest()
    return f"{message.delivery_id:010d}.{readable}.{mark}.eml"


def _sync_folder(folder: Path) -> None:
    """The rename itself is durable only when the folder is (fsync(2))."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _failure(path: Path, error: OSError) -> NewsletterError:
    what = f"The outbox {path} cannot be written: {error.strerror or error}."
    if error.errno in FOR_NOW:
        return RelayError(what, cure="Free some space on that disk, then run this again; nothing was lost.")
    return RelayConfigError(what, cure="Set [delivery] path to a folder that this user may write to.")
