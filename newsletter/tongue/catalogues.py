"""Catalogues: .po files in a folder, the operator's over ours, read when a language is first spoken."""

from __future__ import annotations

import io
from gettext import GNUTranslations
from typing import TYPE_CHECKING

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from newsletter.errors import TemplateError
from newsletter.tongue.tongue import ENGLISH, PLACE, Tongue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from babel.messages.catalog import Catalog, Message

FOLDER = "locales"  # beside `email` and `web`, in each folder of templates
ENDING = ".po"


class Tongues:
    """The languages of some template folders, the operator's first. A locale without a catalogue is spoken to in
    English, with its own dates and numbers; a message without a translation is said in English.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = [folder / FOLDER for folder in folders]
        self._tongues: dict[str, Tongue] = {"en": ENGLISH} if not self._files("en") else {}
        self._named: dict[str, Tongue] = {}

    def of(self, name: str) -> Tongue:
        """The tongue of `de`, `pt-BR` or `zh_Hant`; English when there is no such language. Raises TemplateError."""
        found = self._named.get(name)
        if found is None:
            if len(self._named) > 512:  # what readers write is bounded, what strangers ask for in a URL is not
                self._named.clear()
            found = self._named[name] = self._of(str(read_locale(name)))
        return found

    def languages(self) -> tuple[str, ...]:
        """The languages that have a catalogue, and English, by code."""
        files = [path.stem for folder in self._folders if folder.is_dir() for path in folder.glob(f"*{ENDING}")]
        return tuple(sorted({"en", *(name for name in files if known(name))}))

    def catalogue(self, language: str) -> Catalog | None:
        """All that is said in a language; an operator's message takes the place of ours."""
        merged = None
        for path in reversed(self._files(language)):
            catalogue = read_catalogue(path)
            if merged is None:
                merged = catalogue
            else:
                for message in catalogue:
                    if message.id and translated(message):
                        merged.delete(message.id)  # assigning alone would keep the old words
                        merged[message.id] = message
        return merged

    def _files(self, language: str) -> list[Path]:
        return [path for folder in self._folders if (path := folder / f"{language}{ENDING}").is_file()]

    def _of(self, locale: str) -> Tongue:
        if locale not in self._tongues:
            language = next((one for one in candidates(locale) if self._files(one)), "en")
            self._tongues[locale] = self._speak(locale, language)
        return self._tongues[locale]

    def _speak(self, locale: str, language: str) -> Tongue:
        catalogue = self.catalogue(language)
        if catalogue is None:
            return Tongue(locale)
        rtl = Locale.parse(language).text_direction == "rtl"
        return Tongue(locale, language.replace("_", "-"), compiled(catalogue), rtl=rtl)


def compiled(catalogue: Catalog) -> GNUTranslations:
    """For looking up. A message with other placeholders than the English one is left out: it could not be filled in."""
    bad = [message.id for message in catalogue if message.id and faults(message)]
    for id_ in bad:
        catalogue.delete(id_)
    file = io.BytesIO()
    write_mo(file, catalogue)
    file.seek(0)
    return GNUTranslations(file)


def read_catalogue(path: Path) -> Catalog:
    """Raises TemplateError with file and line."""
    try:
        with path.open("rb") as file:
            return read_po(file, locale=path.stem, abort_invalid=True)
    except (PoFileError, ValueError, UnknownLocaleError) as error:
        line = f" line {error.lineno}" if isinstance(error, PoFileError) else ""
        raise TemplateError(
            f"{FOLDER}/{path.name}{line}: {error}.", cure="Correct it; docs/writing-a-translation.md says how."
        ) from error


def faults(message: Message) -> tuple[str, ...]:
    """What is wrong with a translation: placeholders that the English text has not, or that are missing.

    A plural may leave out `{n}`: "one paper".
    """
    if not translated(message):
        return ()
    originals = message.id if isinstance(message.id, tuple | list) else (message.id,)
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    wanted = {name for text in originals for name in PLACE.findall(text)}
    free = {"n"} if len(originals) > 1 else set()
    found = []
    for text in filter(None, strings):
        given = set(PLACE.findall(text))
        found += [f"lacks {{{name}}}" for name in sorted(wanted - given - free)]
        found += [f"has {{{name}}}, which the English text has not" for name in sorted(given - wanted)]
    return tuple(dict.fromkeys(found))


def translated(message: Message) -> bool:
    if isinstance(message.string, tuple | list):
        return all(message.string)
    return bool(message.string) and not message.fuzzy


def candidates(locale: str) -> Iterable[str]:
    """Names of catalogues for a locale, the most exact first: `zh_Hant_TW`, `zh_Hant`, `zh`."""
    parts = locale.split("_")
    return ["_".join(parts[:length]) for length in range(len(parts), 0, -1)]


def read_locale(name: str) -> Locale:
    """The locale of a name such as `de`, `pt-BR` or `zh_Hant`; English when there is no such language."""
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return Locale("en")


def known(name: str) -> bool:
    """Whether the CLDR has a locale of this name."""
    try:
        return str(Locale.parse(name)) == name
    except (UnknownLocaleError, ValueError, TypeError):
        return False
