"""Judges SPF (RFC 7208): one record, read to its end within ten look-ups, that says no to strangers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.model.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MOST_LOOKUPS = 10  # RFC 7208 4.6.4
MOST_NAMES = 25  # read before the walk is given up: more are far beyond the limit
DOCS = "docs/delivery.md, DNS records"
_ASKING = frozenset({"include", "a", "mx", "ptr", "exists"})  # and redirect: what counts as a look-up
_KNOWN = _ASKING | {"all", "ip4", "ip6"}
_TERM = re.compile(r"([+?~-]?)([a-z][a-z0-9_.-]*)([:=/].*)?", re.IGNORECASE)


def shown(text: str, most: int = 160) -> str:
    """A stranger's record for a terminal: on one line, nothing but printable signs, cut when it is long."""
    plain = "".join(sign if sign.isprintable() else "?" for sign in text[: most + 1])
    return plain if len(text) <= most else f"{plain[:most]}..."


def spf_records(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are SPF: `v=spf1` by itself, or with a blank behind it (RFC 7208 4.5)."""
    return tuple(text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 "))


def gather_spf(domain: str, texts: Callable[[str], tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The TXT records of a domain and of all that its SPF record includes or points to."""
    seen: dict[str, tuple[str, ...]] = {}
    waiting = [domain]
    while waiting and len(seen) < MOST_NAMES:
        name = waiting.pop(0)
        if name not in seen:
            seen[name] = texts(name)
            waiting += [target for record in spf_records(seen[name]) for target in _targets(record)]
    return seen


def judge_spf(domain: str, seen: Mapping[str, tuple[str, ...]], *, relayed: bool = False) -> Iterator[Finding]:
    """What is wrong with the record of `domain`; `seen` is what `gather_spf` read.

    `relayed`: a provider sends for us and may put an envelope address of its own, so that a missing record is no
    more than a warning.
    """
    records, check = spf_records(seen.get(domain, ())), f"SPF of {domain}"
    if not records:
        cure = f'Add one TXT record at {domain}: "v=spf1 include:<your mail provider\'s name> ~all" ({DOCS}).'
        if relayed:
            cure += " Not needed if your provider puts its own envelope address on the mails."
        yield Finding(check, "warning" if relayed else "problem", "there is no record", cure)
        return
    if len(records) > 1:
        text = f"there are {len(records)} records, which counts as an error for every mail"
        cure = f'Make them one: a single "v=spf1" at {domain} with the terms of all, ending in ~all.'
        yield Finding(check, "problem", text, cure)
        return
    found = [*_broken(check, records[0]), *_reach(check, domain, seen), *_end(check, domain, records[0], seen)]
    yield from found or [Finding(check, "ok", shown(records[0]))]


def _broken(check: str, record: str) -> Iterator[Finding]:
    """Terms that nobody can read, or that are never read."""
    for term in record.split()[1:]:
        match = _TERM.fullmatch(term)
        # An unknown name with "=" is a modifier, which is skipped (RFC 7208 6); any other unknown term is an error.
        if match and (match[2].lower() in _KNOWN or (match[3] or "").startswith("=")):
            continue
        text = f'"{shown(term, 60)}" is no term of SPF, which spoils the whole record'
        yield Finding(check, "problem", text, "Correct or remove it; terms look like include:NAME, ip4:ADDRESS, mx, a.")
    names = [name for _, name, _ in _terms(record)]
    if "ptr" in names:
        yield Finding(
            check, "warning", "it uses ptr, which receivers skip (RFC 7208 5.5)", "Replace it by ip4: or ip6:."
        )
    if "all" in names and (late := [name for name in names[names.index("all") + 1 :] if name in _KNOWN]):
        text = f"{shown(late[0], 60)} stands behind all and is never read"
        yield Finding(check, "problem", text, "Move the term with all to the end of the record.")


def _reach(check: str, domain: str, seen: Mapping[str, tuple[str, ...]]) -> Iterator[Finding]:
    """Whether what it includes is there, and how many look-ups all that takes."""
    lookups, faults = _walk(domain, seen, ())
    for fault in dict.fromkeys(faults):
        yield Finding(check, "problem", fault, "Correct the name, or take it out of the record.")
    if lookups > MOST_LOOKUPS:
        text = f"it takes {lookups} look-ups or more; receivers give up after {MOST_LOOKUPS}, and the check fails"
        cure = "Take out providers that no longer send for you, or write ip4: and ip6: for a, mx and includes."
        yield Finding(check, "problem", text, cure)


def _walk(name: str, seen: Mapping[str, tuple[str, ...]], above: tuple[str, ...]) -> tuple[int, list[str]]:
    """(look-ups, faults) of a record and all below it; stops a little beyond the limit."""
    lookups, faults = 0, list[str]()
    (record,) = spf_records(seen[name])
    redirected = _all(record) is None
    lookups += sum(kind in _ASKING or (kind == "redirect" and redirected) for _, kind, _ in _terms(record))
    for target in _targets(record):
        if lookups > 2 * MOST_LOOKUPS:
            break
        if target == name or target in above:
            faults.append(f"{shown(target, 60)} includes itself")
        elif target in seen and len(spf_records(seen[target])) != 1:
            count = len(spf_records(seen[target]))
            faults.append(f"it includes {shown(target, 60)}, which has {count or 'no'} SPF record{'s'[: count > 1]}")
        elif target in seen:
            more, below = _walk(target, seen, (*above, name))
            lookups, faults = lookups + more, faults + below
    return lookups, faults


def _end(check: str, domain: str, record: str, seen: Mapping[str, tuple[str, ...]]) -> Iterator[Finding]:
    """What becomes of strangers: the term `all`, there or in the record that `redirect` points to."""
    followed: list[str] = []
    sign = _all(record)
    while sign is None and domain not in followed:
        followed.append(domain)
        domain = next((target for kind, target in _followed(record) if kind == "redirect"), "")
        records = spf_records(seen.get(domain, ()))
        if len(records) != 1:
            break
        record = records[0]
        sign = _all(record)
    if sign == "+":
        yield Finding(check, "problem", "it lets anybody send in your name (+all)", "End it with ~all or -all.")
    elif sign == "?" or sign is None:
        yield Finding(check, "warning", "it does not say no to strangers", "End it with ~all or -all.")
    elif len(followed) == 0 and not any(kind in _KNOWN and kind != "all" for _, kind, _ in _terms(record)):
        cure = "Name who sends for you in front of all, such as include:<your mail provider's name>."
        yield Finding(check, "problem", "it says that nobody may send for this domain", cure)


def _all(record: str) -> str | None:
    return next((sign or "+" for sign, kind, _ in _terms(record) if kind == "all"), None)


def _terms(record: str) -> list[tuple[str, str, str]]:
    """(qualifier, lower-case name, the rest with its `:`, `=` or `/`) of what can be read."""
    found = (_TERM.fullmatch(term) for term in record.split()[1:])
    return [(match[1], match[2].lower(), match[3] or "") for match in found if match]


def _followed(record: str) -> list[tuple[str, str]]:
    """(include or redirect, name), without those that hang on the mail itself (macros, RFC 7208 7)."""
    pairs = [
        (kind, rest[1:].lower().rstrip("."))
        for _, kind, rest in _terms(record)
        if (kind == "include" and rest.startswith(":")) or (kind == "redirect" and rest.startswith("="))
    ]
    return [(kind, target) for kind, target in pairs if target and "%" not in target]


def _targets(record: str) -> list[str]:
    """Names to read on; `redirect` does not count beside `all` (RFC 7208 6.1)."""
    whole = _all(record) is not None
    return [target for kind, target in _followed(record) if not (whole and kind == "redirect")]
