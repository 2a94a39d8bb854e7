"""An edition as an EPUB 3.3 file (https://www.w3.org/TR/epub-33/): a chapter for each topic, for e-readers."""

from __future__ import annotations

import io
import uuid
import zipfile
from datetime import UTC
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from newsletter.compose.posts import shelves_of
from newsletter.compose.templates import speaking
from newsletter.compose.text import clean
from newsletter.errors import TemplateError as OurTemplateError
from newsletter.tongue.tongue import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from newsletter.model.edition import Edition
    from newsletter.tongue.tongue import Tongue

_KIND = "application/epub+zip"


def edition_epub(
    edition: Edition,
    *,
    newsletter: str,
    base_url: str,
    template_folders: Sequence[Path],
    topics: Collection[str] = (),
    tongue: Tongue = ENGLISH,
) -> bytes | None:
    """The shown papers with their abstracts, the same bytes every time; None when there are none.

    Its own words, and why each paper is there, are in the language of `tongue`.

    Raises TemplateError when a template of `epub/` is broken.
    """
    shelves = shelves_of(edition, topics, tongue)
    if not shelves:
        return None
    name = clean(newsletter, 100)
    facts = {
        "title": f"{name}, {edition.day}",
        "newsletter": name,
        "day": edition.day.isoformat(),
        "identifier": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{base_url}/day/{edition.day}')}",
        "modified": f"{edition.printed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "shelves": shelves,
        "language": tongue.language,
        "direction": tongue.direction,
        "tongue": tongue,
    }
    render = _renderer(template_folders)
    files = {"META-INF/container.xml": render("container.xml.j2", facts)}
    files |= {f"book/{name}": render(f"{name}.j2", facts) for name in ("book.opf", "nav.xhtml")}
    files["book/book.css"] = render("book.css", {})
    for number, shelf in enumerate(shelves, 1):
        files[f"book/topic{number}.xhtml"] = render("topic.xhtml.j2", facts | {"shelf": shelf})
    return _zipped(files, edition)


def epub_mail(book: bytes, *, name: str, sender: str, recipient: str, subject: str, message_id: str) -> bytes:
    """A mail that carries the file, as e-readers with an address take it."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = sender, recipient, subject, message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(f"{subject}: the file is attached.\n")
    kind, _, subtype = _KIND.partition("/")
    mail.add_attachment(book, maintype=kind, subtype=subtype, filename=name)
    return mail.as_bytes()


def _renderer(folders: Sequence[Path]) -> Any:
    jinja = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([str(folder / "epub") for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def render(name: str, facts: Mapping[str, Any]) -> str:
        try:
            return jinja.get_template(name).render(speaking(facts, escaping=True))
        except TemplateError as error:
            cure = "Mend the template, or remove your copy of it."
            raise OurTemplateError(f"epub/{name} did not render: {error}", cure=cure) from error

    return render


def _zipped(files: Mapping[str, str], edition: Edition) -> bytes:
    """`mimetype` comes first and uncompressed (EPUB OCF 4.3.2); every file has the edition's date."""
    day = edition.day
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in {"mimetype": _KIND, **files}.items():
            entry = zipfile.ZipInfo(name, date_time=(max(day.year, 1980), day.month, day.day, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            book.writestr(entry, text.encode("utf-8"))
    return buffer.getvalue()
