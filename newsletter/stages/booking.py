"""An edition as an e-reader file, and the mail that carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.compose.epub import edition_epub, epub_mail
from newsletter.errors import NewsletterError
from newsletter.model.mail import Delivered, Dropped, Message
from newsletter.stages.folders import template_folders
from newsletter.stages.handing import hand_over
from newsletter.subscribe.addresses import parse_address
from newsletter.tongue.catalogues import Tongues

if TYPE_CHECKING:
    from collections.abc import Collection

    from newsletter.model.edition import Edition
    from newsletter.press import Press


def book_of(press: Press, edition: Edition, topics: Collection[str] = ()) -> bytes | None:
    """None when the edition shows no paper of these topics."""
    settings = press.config.newsletter
    folders = template_folders(press.config)
    return edition_epub(
        edition,
        newsletter=settings.name,
        base_url=settings.base_url,
        template_folders=folders,
        topics=topics,
        tongue=Tongues(folders).of(settings.locale),
    )


def mail_book(press: Press, edition: Edition, book: bytes, email: str) -> str:
    """Mail it at once, past the ledger, as `send --test` does: why it failed, or nothing."""
    address = parse_address(email)
    letterhead = press.letterhead
    subject = f"{press.config.newsletter.name}, {edition.day}"
    number = int(press.clock.now().timestamp() * 1000)
    data = epub_mail(
        book,
        name=f"{edition.day}.epub",
        sender=letterhead.sender,
        recipient=address,
        subject=subject,
        message_id=f"<epub.{number}@{letterhead.address.rpartition('@')[2]}>",
    )
    try:
        outcome = hand_over(press, Message(number, letterhead.address, address, data))
    except NewsletterError as error:
        return str(error)
    if isinstance(outcome, Delivered):
        return ""
    return outcome.text if isinstance(outcome, Dropped) else outcome.reply.text
