"""From the text of config.toml and the environment to one table of values, every problem noted on the way."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter.config_keys import DEFAULT_SOURCES, DEFAULT_TOPICS, SECTIONS
from newsletter.config_values import Wrong, describe, nearest
from newsletter.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter.config_shape import Key, Section

PREFIX = "NEWSLETTER_"
_LINE = re.compile(r"\(at line (\d+), column \d+\)")


@dataclass(slots=True)
class Findings:
    """The tables as given, where each value came from the environment, and what is wrong."""

    tables: dict[str, Any] = field(default_factory=dict)
    origin: dict[tuple[str, int, str], str] = field(default_factory=dict)  # (section, index, key) -> variable
    problems: list[str] = field(default_factory=list)

    def label(self, section: Section, index: int, key: str = "") -> str:
        head = f"[[{section.name}]] number {index + 1}" if section.many else f"[{section.name}]"
        source = self.origin.get((section.name, index, key))
        return f"{head} {key}".rstrip() + (f" (from {source})" if source else "")


def read_toml(path: Path) -> dict[str, Any]:
    """The file as TOML gives it. Raises UsageError when it is absent, ConfigError when it is no TOML."""
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            f"There is no {path.name} in {path.absolute().parent}.",
            cure="Make one with `newsletter init`, or name another with --config FILE.",
        ) from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder.", cure=f"Name the file in it: --config {path / 'config.toml'}") from None
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}.", cure="Check who owns it and who may read it."
        ) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            (f"line {line}: is not UTF-8. Save the file as UTF-8 in your editor.",), where=str(path)
        ) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError((_syntax(str(error), text),), where=str(path)) from None


def _syntax(message: str, text: str) -> str:
    lines = text.splitlines()
    found = _LINE.search(message)
    number = int(found[1]) if found else max(len(lines), 1)
    what = _LINE.sub("", message).replace("(at end of document)", "").strip()
    shown = lines[number - 1].strip()[:80] if number <= len(lines) else ""
    if re.search(r"pass(word)?|secret|token", shown, re.IGNORECASE):
        shown = shown.partition("=")[0] + "= ..."
    cure = "Text stands in quotes, lists in brackets, a section's name in brackets on a line of its own."
    return f"line {number}: is not TOML: {what}{f', in: {shown}' if shown else ''}. {cure}"


def gather(given: dict[str, Any], environ: Mapping[str, str]) -> Findings:
    """Lay the environment over the file, give absent lists their defaults, and note what does not belong."""
    found = Findings()
    known = {section.name: section for section in SECTIONS}
    for name, value in _lifted(given).items():
        if section := known.get(name):
            _take(found, section, value)
        else:
            found.problems.append(_unknown_section(name, value))
    for variable in sorted(environ):
        if variable.startswith(PREFIX):
            _overlay(found, variable, environ[variable])
    found.tables.setdefault("sources", [dict(one) for one in DEFAULT_SOURCES])
    found.tables.setdefault("topics", [dict(one) for one in DEFAULT_TOPICS])
    return found


def _lifted(given: dict[str, Any]) -> dict[str, Any]:
    """The tables in tables, `[[delivery.relays]]`, beside their section."""
    flat = dict(given)
    for section in SECTIONS:
        home, dot, name = section.name.partition(".")
        table = flat.get(home)
        if dot and isinstance(table, dict) and name in table:
            flat[home] = {key: value for key, value in table.items() if key != name}
            flat[section.name] = table[name]
    return flat


def _take(found: Findings, section: Section, value: Any) -> None:
    if section.many:
        if isinstance(value, list) and all(isinstance(one, dict) for one in value):
            found.tables[section.name] = [dict(one) for one in value]
            return
        cure = f"Write [[{section.name}]], with two brackets, before each one."
        found.problems.append(f"[{section.name}]: is a list of tables, not {describe(value)}. {cure}")
        found.tables[section.name] = []
    elif isinstance(value, dict):
        found.tables[section.name] = dict(value)
    else:
        cure = f"Write [{section.name}] once, with one bracket."
        found.problems.append(f"[{section.name}]: is one table, not {describe(value)}. {cure}")


def _unknown_section(name: str, value: Any) -> str:
    if isinstance(value, dict | list) and (meant := nearest(name, [section.name for section in SECTIONS])):
        return f"[{name}]: is not a section. Did you mean [{meant}]?"
    homes = [section.name for section in SECTIONS if section.key(name)]
    if homes and not isinstance(value, dict):
        return f"{name}: stands before any section. Put it under [{homes[0]}]."
    return f"[{name}]: is not a section. The sections are {', '.join(section.name for section in SECTIONS)}."


def _overlay(found: Findings, variable: str, text: str) -> None:
    """One variable: NEWSLETTER_SECTION__KEY, NEWSLETTER_SECTION__0__KEY, or NEWSLETTER_SECTION as a JSON list."""
    parts = variable.removeprefix(PREFIX).lower().split("__")
    if any(one.name == ".".join(parts[:2]) for one in SECTIONS):  # NEWSLETTER_DELIVERY__RELAYS__0__PASSWORD
        parts = [".".join(parts[:2]), *parts[2:]]
    section = next((one for one in SECTIONS if one.name == parts[0]), None)
    if section is None:
        if len(parts) > 1:  # without __ it is somebody else's: container services inject such names
            meant = nearest(parts[0], [one.name for one in SECTIONS])
            cure = f"Did you mean {PREFIX}{'__'.join([meant, *parts[1:]]).upper()}?" if meant else "Unset it."
            found.problems.append(f"{variable} (environment): {parts[0]} is not a section. {cure}")
        return
    if section.many and len(parts) == 1:
        _overlay_json(found, section, variable, text)
    elif section.many and len(parts) == 3 and parts[1].isdecimal():
        _overlay_item(found, section, (int(parts[1]), parts[2]), variable, text)
    elif not section.many and len(parts) == 2:
        table = found.tables.setdefault(section.name, {})
        _set(found, section, (0, parts[1]), variable, text, table)
    elif len(parts) > 1:
        form = f"{_stem(section)}__{'0__' if section.many else ''}KEY"
        found.problems.append(f"{variable} (environment): does not name a setting. Write it as {form}.")


def _stem(section: Section) -> str:
    return PREFIX + section.name.upper().replace(".", "__")


def _overlay_json(found: Findings, section: Section, variable: str, text: str) -> None:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        found.tables[section.name] = value
        return
    cure = f"Write a list of tables as JSON, or one setting: {_stem(section)}__0__KEY."
    found.problems.append(f"{variable} (environment): must be a JSON list of tables. {cure}")


def _overlay_item(found: Findings, section: Section, at: tuple[int, str], variable: str, text: str) -> None:
    items = found.tables.setdefault(section.name, [])
    if at[0] > len(items):
        text = f"there are only {len(items)} {section.name}. Count from 0, without a gap."
        found.problems.append(f"{variable} (environment): {text}")
        return
    if at[0] == len(items):
        items.append({})
    _set(found, section, at, variable, text, items[at[0]])


def _set(
    found: Findings, section: Section, at: tuple[int, str], variable: str, text: str, table: dict[str, Any]
) -> None:
    index, name = at
    of_file = section.key(name.removesuffix("_file"))
    if section.key(name) is None and name.endswith("_file") and of_file is not None and of_file.secret:
        name, text = of_file.name, _from_file(found, variable, text)
    if key := section.key(name):
        if text or not key.kind.blank_is_unset:
            table[name] = key.kind.read(text)
            found.origin[section.name, index, name] = variable
        return
    meant = nearest(name, [one.name for one in section.keys])
    stem = variable[: len(variable) - len(name)]
    cure = f"Did you mean {stem}{meant.upper()}?" if meant else "Unset it, or see docs/configuration.md."
    found.problems.append(f"{variable} (environment): {name} is not a setting of [{section.name}]. {cure}")


def _from_file(found: Findings, variable: str, path: str) -> str:
    """A secret as container services and systemd hand it over: the file that `..._FILE` names, without its line end."""
    try:
        return Path(path).read_text("utf-8").rstrip("\r\n") if path else ""
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        found.problems.append(f"{variable} (environment): {path} cannot be read: {why}. Check who may read it.")
        return ""


def check_table(found: Findings, section: Section, index: int, table: dict[str, Any]) -> dict[str, Any]:
    """One table's values by record field; a wrong value is noted and its default stands in."""
    for name in table:
        if section.key(name) is None:
            found.problems.append(_unknown_key(found, section, index, name))
    values: dict[str, Any] = {}
    for key in section.keys:
        if key.name in table:
            values[key.attribute] = _check(found, (section, index), key, table[key.name])
        else:
            if key.required:
                found.problems.append(f"{found.label(section, index)}: has no {key.name}. Add {key.name} = ....")
            values[key.attribute] = _default(key)
    return values


def _check(found: Findings, where: tuple[Section, int], key: Key, raw: Any) -> Any:
    try:
        return key.kind.parse(raw)
    except Wrong as wrong:
        given = "what was given (not shown)" if key.secret else wrong.given or describe(raw)
        line = f"{found.label(*where, key.name)}: {wrong.what}, not {given}. {wrong.cure}".rstrip()
        found.problems.append(line)
        return _default(key)


def _default(key: Key) -> Any:
    return None if key.default is None else key.kind.parse(key.default)


def _unknown_key(found: Findings, section: Section, index: int, name: str) -> str:
    label = found.label(section, index, name)
    if meant := nearest(name, [key.name for key in section.keys]):
        return f"{label}: is not a setting. Did you mean {meant}?"
    if home := next((one for one in SECTIONS if one.key(name)), None):
        bracket = f"[[{home.name}]]" if home.many else f"[{home.name}]"
        return f"{label}: is not a setting here. It belongs under {bracket}."
    return f"{label}: is not a setting. Take it out, or see docs/configuration.md for all there are."
