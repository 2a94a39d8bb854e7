"""What any string from outside goes through before it may enter a mail: one line, printable, bounded."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

# Controls, lone surrogates, bidi marks that reorder their surroundings (embeddings, overrides, isolates),
# noncharacters (FDD0-FDEF) and the two signs that `slots` uses itself, tags and other invisible format characters.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ufff9-\ufffb\ufeff\u00ad"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\U0001d0f4\U0001d0f5\U000e0000-\U000e007f"
    + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(1, 17))
    + "]"
)
_ISOLATES = ("\u2068", "\u2069")  # UAX 9: first strong isolate, pop directional isolate
_AROUND_ISOLATES = re.compile(f"({'|'.join(_ISOLATES)})")
_BLANKS = re.compile(r"\s+")
_USUAL_LINK = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9/_.~?=&-]*)?\Z")
_USUAL_URI = re.compile(r"[A-Za-z0-9:/_.~?=&@%+-]+\Z")
_USUAL_LINE = re.compile(r"[!-~]+(?: [!-~]+)*\Z")
_URI_SAFE = "!#$%&'()*+,-./:;=?@[]_~"


def clean(text: str, limit: int = 0) -> str:
    """One line without anything that a mail, a header or XML cannot hold; at most `limit` characters (0: any).

    Blanks of every kind, line ends included, become single spaces; nothing is left at either end.
    """
    if _USUAL_LINE.match(text) and not 0 < limit < len(text):
        return text
    if limit:
        text = text[: 8 * limit]  # a title of 100,000 characters is not worth cleaning whole
    line = _BLANKS.sub(" ", _UNWANTED.sub("", _BLANKS.sub(" ", text))).strip()
    return shorten(line, limit) if limit else line


def subject_line(text: str, limit: int) -> str:
    """The same for a Subject, where a title stands apart from words that run the other way: between isolates.

    Only ours are left by then: what comes from outside was cleaned of its own.
    """
    if "\u2068" not in text:
        return clean(text, limit)
    line = "".join(part if part in _ISOLATES else clean(f"<{part}>")[1:-1] for part in _AROUND_ISOLATES.split(text))
    return shorten(line.strip(), limit) if limit else line.strip()


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut at the last blank of the second half, with an ellipsis where something went."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    blank = head.rfind(" ", limit // 2)
    return (head[:blank] if blank > 0 else head).rstrip(" ,;:-\u2013\u2014(") + "…"


def web_link(url: str) -> str:
    """The URL when it is http or https and has a host, with everything outside RFC 3986 percent-encoded; else empty."""
    if _USUAL_LINK.match(url):
        return url
    url = clean(url)
    if not url.lower().startswith(("http://", "https://")) or len(url) > 2000:
        return ""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return ""
    return quote(url, safe=_URI_SAFE) if host else ""


def header_uri(url: str) -> str:
    """A URI that can stand between angle brackets in a header (RFC 2369 section 2): ASCII without blanks."""
    return url if _USUAL_URI.match(url) else quote(_UNWANTED.sub("", url).strip(), safe=_URI_SAFE)
