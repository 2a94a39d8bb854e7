"""What came back of a reader's mails, for the pages that tell of her."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.model.returns import Evidence
    from newsletter.press import Press


def came_back(press: Press, number: int) -> tuple[Evidence, ...]:
    """What came back of her mails in the last 200 days: bounces, complaints, suspensions."""
    from newsletter.returns.decide import REMEMBERED

    if press.returns is None:
        return ()
    return press.returns.about([number], since=press.clock.now() - REMEMBERED).get(number, ())


def in_words(news: Evidence) -> str:
    doubt = "" if news.signed else " (not signed: it changed nothing)"
    return f"{news.at:%Y-%m-%d} {news.what} by {news.way}{doubt} {news.text}".rstrip()
