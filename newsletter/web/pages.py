"""Templates become pages: a sandboxed, autoescaping, strict Jinja environment, and the files they link to."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jinja2
from babel import Locale
from jinja2.sandbox import ImmutableSandboxedEnvironment

from newsletter.compose import default_template_folder
from newsletter.errors import TemplateError
from newsletter.tongue.catalogues import Tongues
from newsletter.tongue.tongue import ENGLISH
from newsletter.web import words
from newsletter.web.speaking import FILTERS, carry, told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from newsletter.tongue.tongue import Tongue

STATIC = ("style.css", "zone.js", "icon.svg", "card.png")


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file; its address holds its hash, so browsers may keep it for ever."""

    name: str  # "style.1f2e3d4c5b6a.css"
    kind: str
    data: bytes


class Pages:
    """Renders `templates/web`; files in an operator's own folder come first."""

    def __init__(self, own: Path | None = None, **shared: Any) -> None:
        folders = ([own / "web", own] if own else []) + [default_template_folder() / "web"]
        self._jinja = ImmutableSandboxedEnvironment(
            loader=jinja2.FileSystemLoader([str(folder) for folder in folders]),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.assets = {name: _asset(folders, name) for name in STATIC}
        by_plain = {plain: f"/static/{asset.name}" for plain, asset in self.assets.items()}
        self._by_address = {asset.name: asset for asset in self.assets.values()}
        self._jinja.globals.update({"live": True, "sign_up_url": ""} | shared, static=by_plain, plural=words.plural)
        self._jinja.filters.update(FILTERS)
        self.tongues = Tongues([*([own] if own else []), default_template_folder()])
        self.languages = tuple((code, str(Locale.parse(code).display_name)) for code in self.tongues.languages())

    def render(self, name: str, values: Mapping[str, Any], tongue: Tongue = ENGLISH, carried: str = "") -> str:
        """The page as text; `carried` is the language that its links keep. Raises TemplateError for an operator's
        broken template.
        """
        try:
            made = self._jinja.get_template(name).render({**told(tongue, self.languages, carried), **values})
            return carry(made, carried) if carried else made
        except jinja2.TemplateError as error:
            raise TemplateError(
                f"The page {name} did not render: {error}", cure="Mend the template, or remove your copy of it."
            ) from error

    def asset(self, address: str) -> Asset | None:
        return self._by_address.get(address)


def _asset(folders: Sequence[Path], name: str) -> Asset:
    """The file from the first folder that has it."""
    data = next(folder / name for folder in folders if (folder / name).is_file()).read_bytes()
    stem, _, suffix = name.rpartition(".")
    kind = mimetypes.types_map.get(f".{suffix}", "text/plain")
    return Asset(f"{stem}.{hashlib.sha256(data).hexdigest()[:12]}.{suffix}", kind, data)
