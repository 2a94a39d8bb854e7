"""Where templates and catalogues are looked for: the operator's own folder first, then ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.compose import default_template_folder

if TYPE_CHECKING:
    from pathlib import Path

    from newsletter.config import Config


def template_folders(config: Config) -> list[Path]:
    own = config.newsletter.templates
    return [*([config.locate(own)] if own else []), default_template_folder()]
