"""Lists of people as files: CSV and JSON lines in, of any spreadsheet's making; CSV and JSON lines out."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
import re
from typing import TYPE_CHECKING, Any

from newsletter.errors import UsageError
from newsletter.subscribe.encodings import encoding_of
from newsletter.subscribe.people import FIELDS, BadRow, Remark, Row, RowError, remark_on, to_subscriber

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from newsletter.model.subscriber import Subscriber
    from newsletter.subscribe.encodings import Encoding

_SYNONYMS = {
    "e_mail": "email",
    "email_address": "email",
    "e_mail_address": "email",
    "mail": "email",
    "full_name": "name",
    "topic": "topics",
    "frequency": "cadence",
    "hour": "send_hour",
    "time_zone": "timezone",
    "tz": "timezone",
    "language": "locale",
    "lang": "locale",
}
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_DANGEROUS = re.compile(r"'*[=+\-@\t\r]")
_MOST_LINES_OF_A_ROW = 10  # a quote that does not close within these was never meant to open
_HEADER_CURE = "Begin it with: email,name,topics,cadence,send_hour,timezone,locale (email alone is enough)."

Line = tuple[int, list[str]]


def read_people(
    data: bytes, *, source: str = "import", topics: Collection[str] | None = None
) -> Iterator[Row | BadRow | Remark]:
    """CSV or JSON lines, told apart by their first character. See `read_csv` and `read_jsonl`."""
    head = data[:64].lstrip(codecs.BOM_UTF8 + codecs.BOM_UTF16_LE + codecs.BOM_UTF16_BE + b"\x00 \t\r\n")
    read = read_jsonl if head.startswith(b"{") else read_csv
    return read(data, source=source, topics=topics)


def read_csv(
    data: bytes, *, source: str = "import", topics: Collection[str] | None = None
) -> Iterator[Row | BadRow | Remark]:
    """Rows of a CSV file in their order, one at a time; the good ones are good whatever stands beside them.

    The header names the columns in any order and case; unknown columns are remarked on and left out. The delimiter is
    a comma, a semicolon or a tab; the encoding UTF-8, UTF-16 or Windows-1252, with or without a byte order mark; a file
    of another encoding is refused, and the refusal names it.
    `topics` are the slugs that exist, None: any; `source` goes into the subscriber's consent with the line.
    Raises UsageError when there is no header with an email column, or when the bytes are of none of these encodings.
    """
    lines, encoding = _decode(data)
    if encoding.remark:
        yield Remark(encoding.remark)
    rows = _split(lines)
    first = next(rows, None)
    if first is None:
        raise UsageError("The file is empty.", cure=_HEADER_CURE)
    if isinstance(first, BadRow):
        raise UsageError(f"The header is not readable: {first.reason}", cure=_HEADER_CURE)
    columns, remarks = _header(first[1])
    yield from map(Remark, remarks)
    seen: dict[int, int] = {}
    if first[1][0].count("@") == 1 and columns == ["email"]:  # a bare list of addresses
        yield _row(first, columns, seen, source, topics)
    for row in rows:
        yield row if isinstance(row, BadRow) else _row(row, columns, seen, source, topics)


def read_jsonl(
    data: bytes, *, source: str = "import", topics: Collection[str] | None = None
) -> Iterator[Row | BadRow | Remark]:
    """Rows of JSON lines: one object a line with the fields of the CSV; `topics` may be a list."""
    lines, encoding = _decode(data)
    if encoding.remark:
        yield Remark(encoding.remark)
    seen: dict[int, int] = {}
    unknown: set[str] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fields, strange = _object(line)
        except RowError as error:
            yield BadRow(number, "", str(error))
            continue
        for name in strange - unknown:
            yield Remark(_unknown("field", name))
        unknown |= strange
        yield _subscriber(number, fields, seen, source, topics)


def write_csv(subscribers: Iterable[Subscriber]) -> Iterator[str]:
    """Lines of CSV (RFC 4180) that `read_csv` turns back into the same subscribers.

    A cell that a spreadsheet would run as a formula gets an apostrophe in front, which reading takes away (CWE-1236).
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(FIELDS)
    for subscriber in subscribers:
        writer.writerow([_guard(cell) for cell in _fields(subscriber).values()])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    if buffer.getvalue():
        yield buffer.getvalue()


def write_jsonl(subscribers: Iterable[Subscriber]) -> Iterator[str]:
    """One JSON object a line, empty fields left out."""
    for subscriber in subscribers:
        plain: dict[str, Any] = {name: text for name, text in _fields(subscriber).items() if text}
        if subscriber.topics:
            plain["topics"] = list(subscriber.topics)
        yield json.dumps(plain, ensure_ascii=False) + "\n"


def _fields(subscriber: Subscriber) -> dict[str, str]:
    return {name: _text(getattr(subscriber, name)) for name in FIELDS}


def _text(value: Any) -> str:
    if value is None or value is False:
        return ""
    if isinstance(value, tuple):
        return ";".join(value)
    if isinstance(value, bool | int | str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return str(value.isoformat())


def _guard(cell: str) -> str:
    return f"'{cell}" if _DANGEROUS.match(cell) else cell


def _unguard(cell: str) -> str:
    return cell[1:] if _GUARDED.match(cell) else cell


def _decode(data: bytes) -> tuple[Iterator[str], Encoding]:
    """The lines of the file, decoded as they are read, and its encoding."""
    found = encoding_of(data)
    return iter(io.TextIOWrapper(io.BytesIO(data), found.codec, errors=found.errors, newline="")), found


def _split(lines: Iterator[str]) -> Iterator[Line | BadRow]:
    """Rows as (line number, cells), blank ones left out. An open quote costs its own row and no other."""
    delimiter, number, ahead = "", 0, list[str]()
    while (line := ahead.pop(0) if ahead else next(lines, None)) is not None:
        number += 1
        if number == 1 and (hint := re.fullmatch(r"sep=(.)\s*", line)):  # what some spreadsheets write first
            delimiter = hint[1]
            continue
        if not line.strip(" \t\r\n,;"):
            continue
        delimiter = delimiter or _delimiter(line)
        block = [line]
        while block and sum(text.count('"') for text in block) % 2:
            more = ahead.pop(0) if ahead else next(lines, None)
            if more is None or len(block) >= _MOST_LINES_OF_A_ROW:
                ahead = [*block[1:], *([] if more is None else [more]), *ahead]
                yield BadRow(number, _short(line), "A quote is opened and not closed. Close it, or take it out.")
                block = []
                break
            block.append(more)
        if block:
            yield from _cells(block, number, delimiter)
            number += len(block) - 1


def _cells(block: list[str], number: int, delimiter: str) -> Iterator[Line | BadRow]:
    try:
        reader = csv.reader(block, delimiter=delimiter, skipinitialspace=True)
        for cells in reader:
            yield number + reader.line_num - len(block), [_unguard(cell) for cell in cells]
    except csv.Error as error:
        yield BadRow(number, _short(block[0]), f"The row is not readable: {error}.")


def _delimiter(header: str) -> str:
    bare = re.sub(r'"[^"]*"', "", header)
    return max((",", ";", "\t"), key=bare.count)


def _header(cells: list[str]) -> tuple[list[str], list[str]]:
    """Field names by column ("" for one to leave out), and what to remark."""
    cells = [cell.strip("\ufeff \t\r\n") for cell in cells]
    names = [re.sub(r"[\s\-.]+", "_", cell.lower()).strip("_") for cell in cells]
    names = [_SYNONYMS.get(name, name) for name in names]
    if len(cells) == 1 and cells[0].count("@") == 1:
        return ["email"], ["The file has no header; each line was read as an address."]
    if "email" not in names:
        raise UsageError("The first line is no header with a column email.", cure=_HEADER_CURE)
    for name in FIELDS:
        if names.count(name) > 1:
            raise UsageError(f"The header names {name} twice.", cure="Rename or remove one of the two columns.")
    remarks = [_unknown("column", cell) for cell, name in zip(cells, names, strict=True) if name not in FIELDS]
    return [name if name in FIELDS else "" for name in names], [text for text in remarks if text]


def _unknown(what: str, name: str) -> str:
    return f'The {what} "{_short(name)}" is not known and was left out.' if name else ""


def _row(
    row: Line, columns: list[str], seen: dict[int, int], source: str, topics: Collection[str] | None
) -> Row | BadRow:
    number, cells = row
    if any(cell.strip() for cell in cells[len(columns) :]):
        reason = f"The row has {len(cells)} cells and the header {len(columns)}. Quote cells that hold the delimiter."
        return BadRow(number, _short(cells[0]), reason)
    fields = {name: cell for name, cell in zip(columns, cells, strict=False) if name}
    return _subscriber(number, fields, seen, source, topics)


def _subscriber(
    number: int, fields: dict[str, str], seen: dict[int, int], source: str, topics: Collection[str] | None
) -> Row | BadRow:
    given = _short(fields.get("email", ""))
    if any("\ufffd" in text for text in fields.values()):
        return BadRow(number, given, "The row holds bytes that are no text. Save the file as UTF-8.")
    if any("\x00" in text for text in fields.values()):
        return BadRow(number, given, "The row holds a NUL character. Take it out.")
    try:
        subscriber = to_subscriber(fields, topics=topics, consent=f"{source} line {number}")
    except RowError as error:
        return BadRow(number, given, str(error))
    key = _digest(subscriber.email)
    if key in seen:
        return BadRow(number, given, f"The address is in line {seen[key]} already.")
    seen[key] = number
    return Row(number, subscriber, remark_on(subscriber))


def _digest(email: str) -> int:
    """64 bits in place of the address: a million rows are remembered in tens of megabytes."""
    return int.from_bytes(hashlib.blake2b(email.casefold().encode(), digest_size=8).digest())


def _object(line: str) -> tuple[dict[str, str], set[str]]:
    """One JSON object as text fields, and the names that are none of ours."""
    try:
        plain = json.loads(line)
    except (ValueError, RecursionError):
        raise RowError("The line is no JSON object.") from None
    if not isinstance(plain, dict):
        raise RowError("The line is no JSON object.")
    fields: dict[str, str] = {}
    for name, value in plain.items():
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            fields[name] = ";".join(value)
        elif isinstance(value, bool):
            fields[name] = str(value).lower()
        elif value is None or isinstance(value, str | int):
            fields[name] = "" if value is None else str(value)
        elif name in FIELDS:
            raise RowError(f"The field {name} holds neither text nor a number.")
    return {name: text for name, text in fields.items() if name in FIELDS}, plain.keys() - set(FIELDS)


def _short(text: str) -> str:
    shown = "".join(c if c.isprintable() else "?" for c in text.strip())
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
