"""config.toml and the environment become one frozen Config; all problems are reported at once, each with its key."""

from __future__ import annotations

import dataclasses
import os
import secrets as random_secrets
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter.config_check import cross_check
from newsletter.config_keys import SECTIONS
from newsletter.config_places import redact_database
from newsletter.config_read import check_table, gather, read_toml
from newsletter.config_types import (
    Config,
    DeliveryConfig,
    NewsletterConfig,
    RankingConfig,
    RelayConfig,
    ReturnsConfig,
    ScheduleConfig,
    SignalConfig,
    SourceConfig,
)
from newsletter.config_values import rate_per_second, show_duration
from newsletter.errors import ConfigError, UsageError
from newsletter.model.mail import WarmUp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from newsletter.config_shape import Section

__all__ = [
    "Config",
    "DeliveryConfig",
    "NewsletterConfig",
    "RankingConfig",
    "RelayConfig",
    "ReturnsConfig",
    "ScheduleConfig",
    "SignalConfig",
    "SourceConfig",
    "effective",
    "ensure_secret",
    "environment",
    "load_config",
    "rate_per_second",
    "read_config",
]

REDACTED = "********"


def environment() -> Mapping[str, str]:
    """The process's environment; nobody else reads it."""
    return os.environ


def load_config(path: Path | None, environ: Mapping[str, str] | None = None) -> Config:
    """The settings of a file and the environment; `config.toml` of the working folder when no path is given.

    Raises UsageError when there is no such file, ConfigError with every problem of it. Nothing is written: a secret
    that does not exist yet is empty until `ensure_secret`.
    """
    path = path or Path("config.toml")
    return read_config(read_toml(path), environment() if environ is None else environ, path.absolute())


def read_config(given: dict[str, Any], environ: Mapping[str, str], path: Path) -> Config:
    """The settings from parsed TOML; `path` is the file they came from, its folder is where relative paths start."""
    found = gather(given, environ)
    values: dict[str, Any] = {}
    for section in SECTIONS:
        table = found.tables.get(section.name, [] if section.many else {})
        if section.many:
            values[section.name] = [check_table(found, section, n, one) for n, one in enumerate(table)]
        else:
            values[section.name] = check_table(found, section, 0, table)
    _read_secret(values["newsletter"], path.parent, found.problems)
    cross_check(found, values)
    if found.problems:
        raise ConfigError(tuple(found.problems), where=str(path))
    built = {section.attribute: _build(section, values[section.name]) for section in SECTIONS}
    return Config(folder=path.parent, **built)


def _build(section: Section, values: Any) -> Any:
    return tuple(section.record(**one) for one in values) if section.many else section.record(**values)


def _read_secret(values: dict[str, Any], folder: Path, problems: list[str]) -> None:
    """Fill in the secret from its file and check every secret's length."""
    where = "[newsletter] secret"
    if not values["secret"].strip() and values["secret_file"]:
        path = folder / Path(values["secret_file"]).expanduser()
        where = f"[newsletter] secret_file ({path})"
        try:
            values["secret"] = path.read_text("ascii")
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not plain text"
            problems.append(f"{where}: cannot be read: {why}. Check who may read it.")
            return
        if not values["secret"].strip():
            problems.append(f"{where}: is empty. Delete the file: a new secret is made at the next use.")
    if any(0 < len(one.strip()) < 16 for one in values["secret"].splitlines()):
        problems.append(
            f"{where}: is too short to be safe (not shown); at least 16 characters. "
            'Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )


def ensure_secret(config: Config) -> tuple[Config, Path | None]:
    """The configuration with a secret; makes the secret file (mode 0600) when there is none, and returns its path.

    Safe when several processes start at once: the first one's secret is everybody's.
    """
    if config.secrets:
        return config, None
    path = config.locate(config.newsletter.secret_file or "secret")
    part = path.with_name(f".{path.name}.{os.getpid()}")
    made: Path | None = path
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(random_secrets.token_urlsafe(32) + "\n")
        try:
            os.link(part, path)  # appears whole or not at all, and never replaces another's
        except FileExistsError:
            made = None
        finally:
            part.unlink()
        secret = path.read_text("ascii")
    except OSError as error:
        raise UsageError(
            f"The secret that signs links cannot be kept in {path}: {error.strerror}.",
            cure="Make the folder writable, or give NEWSLETTER_NEWSLETTER__SECRET in the environment.",
        ) from None
    return dataclasses.replace(config, newsletter=dataclasses.replace(config.newsletter, secret=secret)), made


def effective(config: Config) -> dict[str, Any]:
    """The settings as they are in force, by section and key as in config.toml, secrets redacted."""
    shown: dict[str, Any] = {}
    for section in SECTIONS:
        part = getattr(config, section.attribute)
        shown[section.name] = [_show(section, one) for one in part] if section.many else _show(section, part)
    return shown


def _show(section: Section, record: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for key in section.keys:
        value = getattr(record, key.attribute)
        if key.secret:
            value = REDACTED if value else ""
        if value is None and key.default == "":
            value = ""
        shown[key.name] = redact_database(value) if key.name == "database" else _plain(value)
    return shown


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return show_duration(value)
    if isinstance(value, WarmUp):
        return str(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
