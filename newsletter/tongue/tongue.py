"""One language to speak: a message by its English text, filled in, counted, with dates and numbers of the locale."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

PLACE = re.compile(r"\{([a-z_]+)\}")
_ISOLATE, _POP = "\u2068", "\u2069"  # UAX 9: first strong isolate, pop directional isolate


class Words(Protocol):
    """What `gettext.NullTranslations` and those with a catalogue have in common."""

    def gettext(self, message: str, /) -> str: ...
    def ngettext(self, msgid1: str, msgid2: str, n: int, /) -> str: ...


class Said(str):
    """Text that a tongue made: all of it runs in the tongue's direction."""

    __slots__ = ()


class _AsWritten:
    """English: the messages themselves."""

    def gettext(self, message: str, /) -> str:
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int, /) -> str:
        return msgid1 if n == 1 else msgid2


def marked(text: str) -> str:
    """The text as it is: says to the extractor that it is a message, where it stands in a table."""
    return text


def marked_count(one: str, many: str) -> tuple[str, str]:
    """The same for a message that counts."""
    return one, many


class Tongue:
    """Speaks one language. Placeholders are `{name}`; nothing else in braces is looked at.

    `locale` (CLDR, such as `de_AT`) writes dates and numbers. `language` (BCP 47, such as `de`) is what the words are
    in: English where there is no catalogue for the locale. `direction` is `ltr` or `rtl`, of the words.
    """

    def __init__(
        self, locale: str = "en", language: str = "en", words: Words | None = None, *, rtl: bool = False
    ) -> None:
        self.locale = locale
        self.language = language
        self.direction = "rtl" if rtl else "ltr"
        self._words: Words = words or _AsWritten()

    @property
    def date_language(self) -> str:
        """BCP 47, of dates."""
        return self.locale.replace("_", "-")

    def gettext(self, text: str) -> str:
        """The message in this language, not filled in."""
        return self._words.gettext(text)

    def ngettext(self, one: str, many: str, n: int) -> str:
        """The form for `n` of a message, not filled in."""
        return self._words.ngettext(one, many, n)

    def say(self, text: str, /, **values: object) -> Said:
        """A message, filled in. KeyError: a placeholder has no value."""
        return fill(self.gettext(text), self.values(values))

    def count(self, one: str, many: str, n: int, /, **values: object) -> Said:
        """The form for `n`, which is `{n}` in it."""
        return fill(self.ngettext(one, many, n), self.values({"n": n, **values}))

    def values(self, values: Mapping[str, object]) -> dict[str, str]:
        """As they stand in a sentence: numbers as the locale writes them, and from right to left each by itself.

        A Latin title in a Hebrew sentence would else turn the full stop and its neighbours round (UAX 9, 2.4).
        """
        return {name: self._value(value) for name, value in values.items()}

    def _value(self, value: object) -> str:
        if isinstance(value, int | float):
            return self.number(value)
        return self.apart(str(value)) if not isinstance(value, Said) else value

    def apart(self, text: str) -> str:
        """Text of unknown direction as a piece of its own in a sentence."""
        return f"{_ISOLATE}{text}{_POP}" if self.direction == "rtl" and text else text

    def number(self, value: float) -> str:
        """`1,234` or `1,234.5` in English; at most one place after the point."""
        if self.locale == "en":
            return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
        from babel.numbers import format_decimal  # noqa: PLC0415 - most say "en", and ranking needs none of it

        return format_decimal(round(value, 1), format="#,##0.#", locale=self.locale)

    def compact(self, value: int) -> str:
        """The same, shortened from ten thousand on: `12K`, `1.2万`."""
        if value < 10_000:
            return self.number(value)
        from babel.numbers import format_compact_decimal  # noqa: PLC0415

        return format_compact_decimal(value, fraction_digits=1, locale=self.locale)

    def date(self, day: date, form: str = "full") -> str:
        """A day as the locale writes it: `full`, `long`, `medium`, `short`, or a CLDR skeleton such as `MMMMd`."""
        from babel.dates import format_date, format_skeleton  # noqa: PLC0415

        if form in {"full", "long", "medium", "short"}:
            return format_date(day, form, locale=self.locale)
        return format_skeleton(form, day, locale=self.locale)

    def listed(self, items: Sequence[str]) -> Said:
        """`a`, `a and b`, `a, b and c`."""
        given = [self._value(item) for item in items]
        if len(given) < 2:
            return Said("".join(given))
        if self.language == "en":
            return Said(f"{', '.join(given[:-1])} and {given[-1]}")
        from babel.lists import format_list  # noqa: PLC0415

        return Said(format_list(given, locale=self.language.replace("-", "_")))


def fill(text: str, values: Mapping[str, str]) -> Said:
    return Said(PLACE.sub(lambda found: values[found[1]], text))


ENGLISH = Tongue()
