"""XML read with the standard library: no DTD is ever obeyed, and a broken document still gives its whole items."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONTROLS = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:x0*(?:[0-8bcBCefEF]|1[0-9a-fA-F])|0*(?:[0-8]|1[1246789]|2\d|3[01]));"
)
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,30});")
_BARE = re.compile(r"&(?!#\d{1,7};|#x[0-9a-fA-F]{1,6};|(?:amp|lt|gt|quot|apos);)")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")


class XmlError(Exception):
    """Not a document that we read: refused or beyond repair."""


@dataclass(frozen=True, slots=True)
class Document:
    """The root's attributes are lost when `broken` says what was wrong; `items` are whole in any case."""

    root: ET.Element | None
    items: tuple[ET.Element, ...]
    broken: str = ""
    lost: int = 0


class _NoDtd(ET.TreeBuilder):
    def doctype(self, name: str, *_: str | None) -> None:
        """Called by expat before it reads a single declaration of the DTD."""
        raise XmlError(f"it has a document type ({name[:20]}), which is refused: entities can be bombs")


def parse(body: bytes | str) -> ET.Element:
    """The root. Raises XmlError for a DTD (CWE-776, CWE-611) and for all that is not well-formed."""
    parser = ET.XMLParser(target=_NoDtd())  # noqa: S314 - what is dangerous in XML is its DTD, and that is refused
    try:
        parser.feed(body)
        root = parser.close()
    except (ET.ParseError, ValueError, LookupError, RecursionError) as error:
        raise XmlError(f"the XML is broken: {str(error)[:200]}") from None
    assert isinstance(root, ET.Element)
    return root


def document(body: bytes, item: str) -> Document:
    """All elements named `item` (`entry`, `item`), whatever their namespace and whatever is wrong around them."""
    if not body.strip():
        raise XmlError("the answer is empty")
    try:
        root = parse(body)
    except XmlError as error:
        if "refused" in str(error) or looks_like_html(body):
            raise XmlError("it is an HTML page, not a feed" if looks_like_html(body) else str(error)) from None
        return _salvage(body, item, str(error))
    return Document(root, tuple(element for element in root.iter() if local(element) == item))


def local(element: ET.Element) -> str:
    """The name without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def texts(element: ET.Element, *names: str) -> Iterator[str]:
    """The texts of the direct children with these local names, in document order."""
    for part in element:
        if local(part) in names:
            yield "".join(part.itertext())


def text(element: ET.Element, *names: str) -> str:
    """The first such text that is not blank, or empty."""
    return next((found for found in texts(element, *names) if found.strip()), "")


def looks_like_html(body: bytes) -> bool:
    """A page for people, such as a server sends in trouble, with 200 all the same."""
    head = body[:300].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").lower()
    return head.startswith((b"<!doctype html", b"<html"))


def _salvage(body: bytes, item: str, why: str) -> Document:
    """Each item on its own, in a root with the same namespaces: one bad item costs only itself."""
    line = _DECLARATION.sub("", _CONTROLS.sub(" ", _decoded(body)))
    opening = re.search(r"<(?![?!])([A-Za-z_][\w.:-]*)([^<>]*)>", line)
    if "<!DOCTYPE" in line or "<!ENTITY" in line or opening is None:
        raise XmlError(why)
    name, attributes = opening[1], opening[2].rstrip("/")
    opened = len(re.findall(rf"<{item}[\s>]", line))
    found: list[ET.Element] = []
    for block in re.finditer(rf"<{item}(?:\s[^<>]*)?>.*?</{item}\s*>", line, re.DOTALL):
        repaired = _BARE.sub("&amp;", _NAMED.sub(_character, block[0]))
        try:
            root = parse(f"<{name}{attributes}>{repaired}</{name}>")
        except XmlError:
            continue
        found.extend(part for part in root if local(part) == item)
    if not found:
        raise XmlError(why)
    return Document(None, tuple(found), why, max(0, opened - len(found)))


def _character(named: re.Match[str]) -> str:
    if named[1] in {"amp", "lt", "gt", "quot", "apos"}:
        return named[0]
    found = html.unescape(named[0])
    return named[0] if found == named[0] else html.escape(found)


def _decoded(body: bytes) -> str:
    if body[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return body.decode("utf-16", "replace")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        declared = _DECLARED.match(body)
        try:
            return body.decode(declared[1].decode("ascii") if declared else "latin-1", "replace")
        except LookupError:
            return body.decode("latin-1")
