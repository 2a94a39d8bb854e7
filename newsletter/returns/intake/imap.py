"""An IMAP account: letters are looked at without a mark, and erased only when what they said is stored."""

from __future__ import annotations

import imaplib
import re
import ssl
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from newsletter.errors import RelayConfigError, RelayError
from newsletter.model.returns import Letter
from newsletter.returns.mime import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TIMEOUT = 30.0  # seconds without an octet
_AT_ONCE = 200  # numbers in one command: RFC 7162 section 4 asks for lines under 8192 octets


@dataclass(frozen=True, slots=True)
class Account:
    """Where and as whom to log in."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    username: str
    password: str = field(repr=False)


class ImapMailbox:
    """The port `Mailbox` over one folder (RFC 9051). A letter's name is UIDVALIDITY and UID: it never means another."""

    def __init__(self, account: Account, *, folder: str, aside: str, tls: ssl.SSLContext | None = None) -> None:
        self.name = f"imap {account.host}"
        self._account = account
        self._folder = folder
        self._aside = aside
        self._tls = tls

    def letters(self, *, limit: int) -> Iterator[Letter]:
        """EXAMINE and BODY.PEEK: not even the mark of having been seen is set."""
        with self._session() as imap:
            validity = self._select(imap, readonly=True)
            found = b" ".join(one for one in self._ask(imap, "SEARCH", "UNDELETED") if isinstance(one, bytes))
            for uid in found.decode("ascii", "replace").split()[:limit]:
                answer = self._ask(imap, "FETCH", uid, f"(BODY.PEEK[]<0.{LIMIT}>)")
                data = next((one[1] for one in answer if isinstance(one, tuple)), None)
                if data is not None:
                    yield Letter(f"{validity}.{uid}", data[:LIMIT])

    def finish(self, done: Sequence[str], aside: Sequence[str]) -> None:
        """In a session of its own; when the folder was made anew meanwhile, nothing is touched."""
        if not done and not aside:
            return
        with self._session() as imap:
            validity = self._select(imap, readonly=False)
            gone, kept = self._uids(done, validity), self._uids(aside, validity)
            if kept:
                with suppress(imaplib.IMAP4.error):  # it is there already
                    imap.create(_quoted(self._aside))
                for some in _portions(kept):
                    self._ask(imap, "COPY", some, _quoted(self._aside))
            uidplus = "UIDPLUS" in imap.capabilities
            for some in _portions(gone + kept):
                self._ask(imap, "STORE", some, "+FLAGS.SILENT", r"(\Deleted)")
                if uidplus:
                    self._ask(imap, "EXPUNGE", some)
            if not uidplus:
                imap.expunge()

    @staticmethod
    def _uids(names: Sequence[str], validity: str) -> list[str]:
        found = [name.partition(".") for name in names]
        return [uid for then, _, uid in found if then == validity and uid.isdigit()]

    def _select(self, imap: imaplib.IMAP4, *, readonly: bool) -> str:
        """Open the folder; its UIDVALIDITY."""
        status, answer = imap.select(_quoted(self._folder), readonly=readonly)
        if status != "OK":
            raise RelayConfigError(
                f"{self.name} has no folder {self._folder}: {_words(answer)}.", cure="Check `folder` of [[returns]]."
            )
        validity = imap.response("UIDVALIDITY")[1][0]
        return validity.decode("ascii", "replace") if isinstance(validity, bytes) else "0"

    def _ask(self, imap: imaplib.IMAP4, command: str, *arguments: str) -> list[bytes | tuple[bytes, ...]]:
        status, answer = imap.uid(command, *arguments)
        if status != "OK":
            raise RelayError(f"{self.name} refused {command}: {_words(answer)}.", cure="Run it again later.")
        return [one for one in answer if one is not None] or [b""]

    @contextmanager
    def _session(self) -> Iterator[imaplib.IMAP4]:
        """Connected and logged in; errors of the library leave as ours."""
        imap: imaplib.IMAP4 | None = None
        try:
            imap = self._connect()
            self._log_in(imap)
            yield imap
        except ssl.SSLCertVerificationError as error:
            raise RelayConfigError(
                f"{self.name} shows a certificate that is not valid: {error.verify_message}.",
                cure="Give `host` of [[returns]] as the certificate names it.",
            ) from error
        except (OSError, imaplib.IMAP4.error) as error:  # its `abort` is one of them
            raise RelayError(f"{self.name} does not answer: {_words([error])}.", cure="Run it again later.") from error
        finally:
            if imap is not None:
                with suppress(OSError, imaplib.IMAP4.error):
                    imap.logout()
                with suppress(OSError):
                    imap.shutdown()  # a logout that failed leaves the socket open

    def _connect(self) -> imaplib.IMAP4:
        account = self._account
        if account.security == "tls":
            return imaplib.IMAP4_SSL(account.host, account.port, ssl_context=self._context(), timeout=_TIMEOUT)
        imap = imaplib.IMAP4(account.host, account.port, timeout=_TIMEOUT)
        if account.security == "starttls":
            imap.starttls(self._context())
        return imap

    def _context(self) -> ssl.SSLContext:
        return self._tls or ssl.create_default_context()

    def _log_in(self, imap: imaplib.IMAP4) -> None:
        try:
            imap.login(self._account.username, self._account.password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise RelayConfigError(
                f"{self.name} refuses the login: {_words([error])}.",
                cure="Check `username` and `password` of [[returns]].",
            ) from None


def _portions(uids: list[str]) -> Iterator[str]:
    for start in range(0, len(uids), _AT_ONCE):
        yield ",".join(uids[start : start + _AT_ONCE])


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _words(answer: Sequence[object]) -> str:
    """What a server said, printable and short."""
    said = next((one for one in answer if one), "")
    if isinstance(said, BaseException):
        said = said.args[0] if said.args and not isinstance(said, OSError) else str(said)
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return re.sub(r"[^\x20-\x7e]+", " ", text).strip()[:200]
