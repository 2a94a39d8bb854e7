"""What a database complains of, as errors of ours: busy for now, or a person must look."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import exc

from newsletter.errors import BusyError, NewsletterError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

# https://www.sqlite.org/rescode.html, primary codes
_BUSY, _LOCKED, _READONLY, _IOERR, _CORRUPT, _FULL, _CANTOPEN, _NOTADB = 5, 6, 8, 10, 11, 13, 14, 26

_SQLITE = {
    _READONLY: ("cannot be written to", "Make the file and its folder writable for the user that runs newsletter."),
    _IOERR: ("cannot be read or written (input/output error)", "Check the disk, then run `newsletter doctor`."),
    _CORRUPT: ("is damaged", "Restore the last backup, or save what is left with `sqlite3 FILE .recover`."),
    _FULL: ("cannot grow: the disk is full", "Free some disk space; nothing half-written was kept."),
    _CANTOPEN: ("cannot be opened", "Its folder must exist and be writable for the user that runs newsletter."),
    _NOTADB: ("is not an SQLite database", "Point `[newsletter] database` at another file, or move this one away."),
}
_NO_ROOM = 256 * 1024  # bytes: less than a log and its index want

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_FULL_STATES = ("53100",)
_BUSY_STATES = ("25P03", "40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03", "53300")
_DAMAGED_STATES = ("XX001", "XX002")
_LASTING = ("password authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied")


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Errors of the library leave this block as BusyError or StoreError. `place` names the database."""
    try:
        yield
    except exc.TimeoutError as error:
        raise BusyError(f"No connection to {place} became free in time.", cure="Run it again later.") from error
    except exc.DBAPIError as error:
        raise _ours(error.orig, place) from error
    except sqlite3.Error as error:  # raised while a connection is set up, where SQLAlchemy does not wrap it
        raise _ours(error, place) from error


def _ours(original: BaseException | None, place: str) -> NewsletterError:
    if isinstance(original, sqlite3.Error):
        return _of_sqlite(original, place)
    return _of_postgresql(original, place)


def _of_sqlite(error: sqlite3.Error, place: str) -> NewsletterError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in {_BUSY, _LOCKED}:
        return BusyError(f"{place} is locked by another process.", cure="Run it again in a minute.")
    if code in {_IOERR, _FULL, _CANTOPEN} and (free := _free(place)) is not None and free < _NO_ROOM:
        what = f"{place} cannot be used: the disk is full ({free:,} bytes are free)."
        return StoreError(what, cure="Free some disk space; nothing half-written was kept.")
    if code in _SQLITE:
        what, cure = _SQLITE[code]
        return StoreError(f"{place} {what}.", cure=cure)
    return StoreError(f"{place}: {error}.", cure="Run `newsletter doctor`.")


def _free(place: str) -> int | None:
    """Bytes free where the file is. SQLite calls a full disk an input/output error when its log finds no room."""
    try:
        return shutil.disk_usage(Path(place).parent).free
    except OSError:
        return None


def _of_postgresql(error: BaseException | None, place: str) -> NewsletterError:
    state = getattr(error, "sqlstate", None) or ""
    # The primary message only: DETAIL may quote a row, and rows hold addresses.
    words = getattr(getattr(error, "diag", None), "message_primary", None) or str(error).split("\n", 1)[0]
    if state in _FULL_STATES:
        return StoreError(f"{place}: the disk is full.", cure="Free some disk space on the database server.")
    if state in _DAMAGED_STATES:
        return StoreError(f"{place} is damaged: {words}.", cure="Restore the last backup.")
    if state in _BUSY_STATES:
        return BusyError(f"{place} is busy: {words}.", cure="Run it again in a minute.")
    if state[:2] in {"28", "3D"} or (not state and any(sign in str(error) for sign in _LASTING)):
        return StoreError(f"{place} refuses us: {words}.", cure="Check user, password and name in the database URL.")
    if not state or state.startswith("08"):
        return BusyError(
            f"{place} does not answer: {words}.",
            cure="Check that the PostgreSQL server runs and that host and port are right, then run it again.",
        )
    return StoreError(f"{place}: {words}.", cure="Run `newsletter doctor`.")
