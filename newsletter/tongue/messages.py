"""Every message that the program says to readers, found in templates and code, and how far a catalogue has them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from newsletter.tongue.catalogues import faults, translated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from babel.messages.catalog import Message

# By which names templates and code speak: one text, or one text and its plural.
_ONE, _COUNTED = ("_", "gettext", "say", "marked", "lost"), ("count", "ngettext", "marked_count")
_KEYWORDS: dict[str, Any] = dict.fromkeys(_ONE) | dict.fromkeys(_COUNTED, (1, 2))
_ROOMS = ("compose", "tongue", "web")
# Without dates and names: git knows them, and a file made anew is the same.
_HEADER = """\
# The newsletter's words in {name}. docs/writing-a-translation.md says how this file is kept.
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plural}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


@dataclass(frozen=True, slots=True)
class State:
    """How a catalogue stands against the messages. `wrong` are (message, what is wrong with its translation)."""

    language: str
    done: int
    missing: tuple[str, ...]
    unknown: tuple[str, ...]  # said nowhere any more
    wrong: tuple[tuple[str, str], ...]

    @property
    def total(self) -> int:
        return self.done + len(self.missing) + len(self.wrong)


def messages(folders: Iterable[Path], topics: Iterable[str] = ()) -> Catalog:
    """All messages: of the templates in these folders and of the code, and the names of topics."""
    found = Catalog(charset="utf-8")
    package = Path(__file__).resolve().parent.parent
    sources = [(folder, "templates", [("**.j2", "jinja2")]) for folder in folders if folder.is_dir()]
    sources += [(package / room, f"newsletter/{room}", [("**.py", "python")]) for room in _ROOMS]
    for folder, name, methods in sources:
        for file, _, text, comments, _ in extract_from_dir(folder, methods, {}, keywords=_KEYWORDS):
            found.add(text, locations=[(f"{name}/{file}", 0)], auto_comments=comments)
    for name in topics:
        found.add(name, locations=[("config.toml", 0)])
    return found


def state(catalogue: Catalog, wanted: Catalog) -> State:
    """What a catalogue lacks."""
    known = {message.id: message for message in catalogue if message.id}
    done, missing, wrong = 0, [], []
    for message in wanted:
        if not message.id:
            continue
        given = known.get(message.id)
        if given is None or not translated(given):
            missing.append(first(message))
        elif said := faults(given):
            wrong.append((first(message), "; ".join(said)))
        else:
            done += 1
    unknown = [first(message) for id_, message in known.items() if wanted.get(id_) is None]
    return State(str(catalogue.locale), done, tuple(missing), tuple(unknown), tuple(wrong))


def updated(catalogue: Catalog | None, wanted: Catalog, language: str) -> Catalog:
    """The catalogue with every message, those without a translation empty, and without those said nowhere."""
    fresh = Catalog(locale=language, charset="utf-8")
    known = {message.id: message for message in catalogue or () if message.id}
    for message in wanted:
        if message.id:
            given = known.get(message.id)
            fresh.add(message.id, given.string if given else None, locations=message.locations)
    return fresh


def write(catalogue: Catalog, path: Path) -> None:
    """The .po file, by message, so that a change shows as one."""
    locale = catalogue.locale
    assert locale is not None
    header = _HEADER.format(name=locale.english_name, language=locale, plural=catalogue.plural_forms)
    file = io.BytesIO()
    write_po(file, catalogue, width=120, sort_output=True, omit_header=True, include_lineno=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header.encode() + file.getvalue())


def first(message: Message) -> str:
    """A message's English text, of a plural the singular."""
    return message.id[0] if isinstance(message.id, tuple | list) else str(message.id)
