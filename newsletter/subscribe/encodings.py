"""In which encoding a list of people was written: UTF-8, UTF-16, Windows-1252, or one that must be named first."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

from newsletter.errors import UsageError

_PIECE = 1 << 16
_WORD = re.compile(rb"[^\s,;\"<>]*[\x80-\xff][^\s,;\"<>]*")
_WORDS = 2000  # words beyond ASCII that are looked at
_FITS = 0.6  # of the words must be of the alphabet that an encoding is named for
_ODD = 0.2  # of them may look odd before the file is taken for one of another encoding
_LETTER, _SMALL, _CAPITAL = "[A-Za-z\u00c0-\u00ffŠŒŽšœž]", "[a-zß-öø-ÿšœž]", "[À-ÖØ-ÞŠŒŽŸ]"
_SIGN = "[\u00a1-\u00a9\u00ac-\u00b6\u00b8\u00b9\u00bc-\u00bf\u00d7\u00f7]"
# What letters of other alphabets look like when they are read as Windows-1252.
_STRANGE = re.compile(
    "[\u0080-\uffff]{3}"  # three in a row
    f"|{_SMALL}{_CAPITAL}"  # a capital behind a small letter
    f"|{_LETTER}{_SIGN}|{_SIGN}{_LETTER}"  # a sign glued to a letter
    f"|{_LETTER}[\u2018\u201c\u201d\u201e\u2022\u2122]{_LETTER}"  # a quote within a word
    "|[\u0192\u2020\u2021\u02c6\u02dc\u2030\u2039\u201a\u201e\ufffd]"  # what no name holds, and no character at all
)
_INNER_CAPITAL = re.compile("aA")
# name, Python's codec, what most of its letters are called in Unicode. The first that fits best is named.
_OTHERS = (
    ("SHIFT_JIS", "cp932", ("HIRAGANA", "KATAKANA", "CJK")),
    ("EUC-JP", "euc_jp", ("HIRAGANA", "KATAKANA")),
    ("EUC-KR", "euc_kr", ("HANGUL SYLLABLE",)),
    ("WINDOWS-1251", "cp1251", ("CYRILLIC",)),
    ("KOI8-R", "koi8_r", ("CYRILLIC",)),
    ("WINDOWS-1253", "cp1253", ("GREEK",)),
    ("GB18030", "gb18030", ("CJK",)),
    ("BIG5", "big5", ("CJK",)),
    ("WINDOWS-1250", "cp1250", ("LATIN",)),
    ("MACINTOSH", "mac_roman", ("LATIN",)),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """Python's codec and its way with errors, and what a person should know of it."""

    codec: str
    errors: str
    remark: str = ""


def encoding_of(data: bytes) -> Encoding:
    """UTF-8, UTF-16, or Windows-1252 for a file of an old spreadsheet, which holds Latin-1 too.

    Raises UsageError for bytes that would be read as nonsense: an address book of nonsense names is worse than none.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Encoding("utf-16", "replace")
    if len(data) >= 4 and data[0] and not data[1] and data[2] and not data[3]:
        return Encoding("utf-16-le", "replace")
    if len(data) >= 4 and not data[0] and data[1] and not data[2] and data[3]:
        return Encoding("utf-16-be", "replace")
    if (bad := _first_bad(data)) is None:
        return Encoding("utf-8-sig", "strict")
    if any(byte > 0x7F for byte in data[len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0 : bad]):
        return Encoding("utf-8-sig", "replace")  # good UTF-8 before the first bad byte: a UTF-8 file with a bad row
    return _western(data)


def _first_bad(data: bytes) -> int | None:
    """Where the data stops to be UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    for start in range(0, len(data), _PIECE):
        piece = data[start : start + _PIECE]
        try:
            decoder.decode(piece, start + len(piece) >= len(data))
        except UnicodeDecodeError:
            break
    else:
        return None
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return None


def _western(data: bytes) -> Encoding:
    """Windows-1252, when its words look like words in it."""
    words = [found[0] for _, found in zip(range(_WORDS), _WORD.finditer(data), strict=False)]
    odd = [word for word in words if _STRANGE.search(word.decode("cp1252", "replace"))]
    if len(odd) > _ODD * len(words):
        line = data.count(b"\n", 0, data.index(odd[0])) + 1
        what, cure = _refusal(b" ".join(words), line)
        raise UsageError(what, cure=cure)
    example = words[0].decode("cp1252", "replace")[:40]
    return Encoding(
        "cp1252",
        "replace",
        f'The file is not UTF-8; it was read as Windows-1252 (Latin-1), such as "{example}". '
        "If this is not how it is written, save the file as UTF-8 and import it again.",
    )


def _refusal(words: bytes, line: int) -> tuple[str, str]:
    """What is wrong and the cure, with the encoding that the letters fit, if there is one."""
    found = max(((_fit(words, codec, kinds), name, codec) for name, codec, kinds in _OTHERS), key=lambda one: one[0])
    share, name, codec = found
    save = 'Save it as UTF-8 ("CSV UTF-8" in a spreadsheet)'
    if share < _FITS:
        return f"The file is not UTF-8, and line {line} makes no sense as Windows-1252.", f"{save} and import it again."
    example = words.decode(codec, "replace").split()[0][:20]
    return (
        f'The file is not UTF-8: line {line} looks like {name} ("{example}").',
        f"{save}, or: iconv -f {name} -t UTF-8 FILE > new.csv",
    )


def _fit(words: bytes, codec: str, kinds: tuple[str, ...]) -> float:
    """The share of words that are words of the alphabet which this encoding is for."""
    try:
        found = words.decode(codec).split()
    except UnicodeDecodeError:
        return 0.0
    return sum(_is_word(word, kinds) for word in found) / len(found) if found else 0.0


def _is_word(word: str, kinds: tuple[str, ...]) -> bool:
    """Letters of one alphabet, and no capital behind a small letter."""
    letters = [letter for letter in word if letter.isalpha() or not letter.isascii()]
    if _INNER_CAPITAL.search("".join("a" if one.islower() else "A" if one.isupper() else "-" for one in letters)):
        return False
    return all(unicodedata.name(letter, "").startswith(kinds) for letter in letters)
