"""Text that came with markup in it, as one clean line: JATS, HTML, and either of them escaped, once or twice."""

from __future__ import annotations

import html
import re

from newsletter.collect import clean

ROUNDS = 3  # an abstract that went through two systems was escaped by both
_ANY = re.compile(r"<[^<>]{1,200}>")
# By name: in plain text "n <k and m> 3" is no element.
_NAMED = re.compile(
    r"</?(?:[a-z]+[:-][a-z:-]+|p|i|b|u|em|strong|italic|bold|underline|monospace|sub|sup|sc|sec|title|label|br|span|div"
    r"|a|ul|ol|li|list|table|tr|td|h[1-6])(?:\s[^<>]{0,200})?/?>",
    re.IGNORECASE,
)


def plain(value: object, limit: int, *, xml: bool = False) -> str:
    """`xml`: every `<` in it opens an element; else only those of names that stand for markup are taken for it."""
    if not isinstance(value, str):
        return ""
    text = value[: limit * 20]
    if xml:
        text = _ANY.sub(" ", text)
    for _ in range(ROUNDS):
        before, text = text, _NAMED.sub(" ", html.unescape(text))
        if text == before:
            break
    return clean.text(text, limit)
