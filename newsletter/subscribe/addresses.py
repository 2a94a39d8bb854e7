"""Addresses: one strict reader of what people type, and the only normal form that is stored."""

from __future__ import annotations

import re
import unicodedata

from email_validator import EmailNotValidError, validate_email

from newsletter.errors import AddressError

# Anything that could end a header or a command line, hide in a display or join two addresses.
_FORBIDDEN = re.compile(
    r"[\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ud800-\udfff,;<>()\[\]\\\"|`]"
)
_DEAD_ENDS = ("invalid", "localhost")  # RFC 6761: nobody can be there. `.test` and `.local` may exist in a lab
_CURE = "Write it as name@example.org."


def parse_address(text: str) -> str:
    """The normal form of a mail address: no blanks around it, the domain in lower case, Unicode in NFC.

    Strict on purpose (RFC 5321 4.5.3.1: local part up to 64 octets, domain up to 255): no quoted local parts, no IP
    literals, no comments, nothing that could add a header or a recipient. A local part outside ASCII is allowed
    (RFC 6531); see `needs_smtputf8`. Whether the domain takes mail is not asked.
    Raises AddressError, whose `what` says what is wrong without the address in it.
    """
    address = unicodedata.normalize("NFC", text.strip(" \t"))
    if not address:
        raise AddressError("there is no address", cure=_CURE)
    if len(address) > 320:
        raise AddressError("it is longer than 254 characters", cure=_CURE)
    if found := _FORBIDDEN.search(address):
        raise AddressError(_name_forbidden(found.group()), cure=_CURE)
    local, at, domain = address.rpartition("@")
    if not at:
        raise AddressError("it has no @", cure=_CURE)
    if "." not in domain:
        raise AddressError("the part after the @ has no dot", cure=_CURE)
    top = domain.rpartition(".")[2].lower()
    if top in _DEAD_ENDS:
        raise AddressError(f"nobody can be reached at .{top}", cure=_CURE)
    within = top == "local"  # a house network's own names: as good as any other, which the library thinks not
    asked = f"{local}@{domain[: -len(top)]}test" if within else address
    try:
        checked = validate_email(asked, check_deliverability=False, strict=True, test_environment=True)
    except EmailNotValidError as error:
        raise AddressError(_plain(str(error)), cure=_CURE) from None
    domain = checked.ascii_domain.lower()
    if within:
        domain = domain.removesuffix("test") + "local"
    normal = f"{checked.local_part}@{domain}"
    if len(normal.encode()) > 254:  # RFC 5321 4.5.3.1.3: a path of 256 with its angle brackets
        raise AddressError("it is longer than 254 characters", cure=_CURE)
    return normal


def needs_smtputf8(address: str) -> bool:
    """True for an address that only a mail server with SMTPUTF8 (RFC 6531) can take."""
    return not address.isascii()


def clean_name(text: str, most: int = 200) -> str:
    """A reader's name as it may stand in a mail: one line, no controls or direction overrides, `most` characters."""
    folded = "".join(" " if c in "\t\r\n\x0b\x0c\u2028\u2029" else c for c in unicodedata.normalize("NFC", text))
    kept = "".join(c for c in folded if unicodedata.category(c) not in {"Cc", "Cs", "Co", "Cn"} and c not in _OVERRIDES)
    return " ".join(kept.split())[:most].rstrip()


_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\ufeff")


def _name_forbidden(character: str) -> str:
    if character in ",;":
        return "it holds a comma or semicolon: is this more than one address?"
    if character.isprintable() and character != " ":
        return f"it holds {character}, which no address here may"
    if character == " ":
        return "it holds a blank"
    return f"it holds the control character U+{ord(character):04X}"


def _plain(message: str) -> str:
    """The library's sentence, to be read after "the address is wrong: "."""
    short = message.rstrip(".").replace("The email address", "it").replace("An email address", "an address")
    return short[:1].lower() + short[1:]
