"""What a setting and a section of settings are, for the one list of all of them in `config_keys`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.config_values import Kind


@dataclass(frozen=True, slots=True)
class Key:
    """One setting. `default` is as TOML would give it; None: no default, the key may be absent (or must be given)."""

    name: str
    kind: Kind
    default: object
    doc: str
    field: str = ""  # of the record, when it is not the name
    secret: bool = False
    required: bool = False

    @property
    def attribute(self) -> str:
        return self.field or self.name


@dataclass(frozen=True, slots=True)
class Section:
    """A table of config.toml; `many` means `[[name]]`, as often as wanted."""

    name: str
    doc: str
    record: type
    keys: tuple[Key, ...]
    many: bool = False

    @property
    def attribute(self) -> str:
        """Of `Config`: `delivery_relays` for `[[delivery.relays]]`."""
        return self.name.replace(".", "_")

    def key(self, name: str) -> Key | None:
        return next((key for key in self.keys if key.name == name), None)
