"""Marks and slots: how one compiled document says where its pieces begin and where a reader's own values go.

Marks are between noncharacters of Unicode, slots between two signs of Byzantine musical notation (MRML writes
noncharacters in attributes as escapes of Rust, so slots need something printable). `text.clean` takes both out of
everything that comes from outside: no title can look like one.
"""

from __future__ import annotations

import re

from markupsafe import Markup

_MARK = re.compile("\ufdd0([a-z-]+)\ufdd1")
_LOOSE = re.compile("\\s*(\ufdd0[a-z-]+\ufdd1)\\s*")
SLOT = re.compile("\U0001d0f4([a-z_]+)\U0001d0f5")


def slot(name: str) -> str:
    """The place of a reader's value."""
    return f"\U0001d0f4{name}\U0001d0f5"


def mark(label: str) -> Markup:
    """The start of a piece; for templates that are compiled to be cut."""
    return Markup(f"\ufdd0{label}\ufdd1")  # noqa: S704 - labels are literals of the templates


def no_mark(label: str) -> str:  # noqa: ARG001 - the same shape as `mark`, for a render that is not cut
    """Nothing; for templates that are rendered whole."""
    return ""


def tighten(source: str) -> str:
    """Marks without the blanks beside them: between tags MJML drops blanks, beside a mark it would not."""
    return _LOOSE.sub(r"\1", source)


def cut(document: str) -> tuple[tuple[str, str], ...]:
    """The pieces of a document as (label, text), in order; what stands before the first mark has the label ``."""
    parts = _MARK.split(document)
    return (("", parts[0]), *zip(parts[1::2], parts[2::2], strict=True))
