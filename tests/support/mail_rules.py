"""A checker of our own for a message on the wire: the header and body rules of bulk mail, one complaint a breach."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from email.utils import getaddresses, parsedate_to_datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from email.message import EmailMessage

ONCE = ("Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "List-Id", "List-Unsubscribe", "Content-Type")
NEVER = ("Return-Path", "Bcc", "Received", "DKIM-Signature")
EXACT = {
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "Auto-Submitted": "auto-generated",
    "Precedence": "bulk",
    "MIME-Version": "1.0",
    "List-Post": "NO",
}


class Page(HTMLParser):
    """Links, images and forbidden elements of an HTML part."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.bad: list[str] = []
        self.text: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in {"script", "form", "base", "iframe", "object", "link", "input", "button"}:
            self.bad.append(tag)
        if tag in {"style", "title"}:
            self._silent += 1
        if tag == "a" and values.get("href"):
            self.links.append(values["href"] or "")
        self.loads += [values[name] or "" for name in ("src", "background", "srcset") if values.get(name)]
        self.bad += [name for name in values if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "title"}:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text.append(data)


def complaints(raw: bytes, *, recipient: str, envelope_from: str) -> list[str]:
    """What is wrong with one digest as a server took it; empty when every rule holds."""
    found = [*_octets(raw)]
    mail: EmailMessage = message_from_bytes(raw, policy=default)  # type: ignore[assignment, arg-type]
    found += [f"defect {defect!r}" for part in mail.walk() for defect in part.defects]
    found += [f"{name} stands {len(mail.get_all(name, []))} times" for name in ONCE if len(mail.get_all(name, [])) != 1]
    found += [f"{name} must not be there" for name in NEVER if mail[name] is not None]
    found += [f"{name}: {mail[name]}" for name, value in EXACT.items() if mail[name] != value]
    if abs(parsedate_to_datetime(mail["Date"]) - datetime.now(UTC)) > timedelta(days=1):
        found.append(f"Date {mail['Date']}")
    if [address for _, address in getaddresses([mail["To"]])] != [recipient]:
        found.append(f"To {mail['To']} is not {recipient}")
    if not re.fullmatch(r"<[A-Za-z0-9.+_-]+@[a-z0-9.-]+\.[a-z]+>", mail["Message-ID"]):
        found.append(f"Message-ID {mail['Message-ID']}")
    if not envelope_from:
        found.append("the null sender is for bounces")
    return [*found, *_unsubscribe(raw, recipient), *_body(mail)]


def _octets(raw: bytes) -> list[str]:
    lines = raw.split(b"\r\n")
    found = [f"line of {len(line)} octets" for line in lines if len(line) > 998]
    found += ["bare CR or LF"] if re.search(rb"(?<!\r)\n|\r(?!\n)", raw) else []
    found += ["an 8-bit octet"] if any(octet > 127 for octet in raw) else []
    head = raw.partition(b"\r\n\r\n")[0]
    found += [
        f"encoded word in {line[:30]!r}" for line in head.split(b"\r\n") if line.startswith(b"List-") and b"=?" in line
    ]
    return found


def _unsubscribe(raw: bytes, recipient: str) -> list[str]:
    head = re.sub(rb"\r\n[ \t]+", b" ", raw.partition(b"\r\n\r\n")[0]).decode("ascii")
    value = next(
        (line.partition(":")[2].strip() for line in head.split("\r\n") if line.startswith("List-Unsubscribe:")), ""
    )
    links = re.findall(r"<([^<>\s]+)>", value)
    found = [] if sum(link.startswith("https://") for link in links) == 1 else [f"List-Unsubscribe {value}"]
    found += ["https stands first"] if links and not links[0].startswith("https://") else []
    found += ["the address is in the link"] if any(recipient in link for link in links) else []
    return found


def _body(mail: EmailMessage) -> list[str]:
    if mail.get_content_type() != "multipart/alternative":
        return [f"content type {mail.get_content_type()}"]
    parts = [part.get_content_type() for part in mail.iter_parts()]
    if parts != ["text/plain", "text/html"]:
        return [f"parts {parts}"]
    text, html = (part.get_content() for part in mail.iter_parts())
    encoded = len(list(mail.iter_parts())[1].as_bytes())
    page = Page()
    page.feed(html)
    found = [f"HTML of {encoded} octets"] if encoded > 90_000 else []
    found += [f"forbidden in HTML: {what}" for what in page.bad]
    found += [f"loads {what}" for what in page.loads]
    found += [f"link {link}" for link in page.links if urlsplit(link).scheme not in {"http", "https", "mailto"}]
    found += [f"the text lacks {link}" for link in dict.fromkeys(page.links) if link not in text]
    found += [f"leftover {mark}" for mark in ("<mj-", "{%") if mark in html]
    found += [] if "/unsubscribe/" in html and "/unsubscribe/" in text else ["no link to leave"]
    return found
