"""For mkdocs: the pages beside docs/ (architecture, contributing, changelog) become pages of the site."""  # noqa: INP001 - a script, no package

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
BESIDE = ("ARCHITECTURE", "CONTRIBUTING", "CHANGELOG")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add them; links from them into docs/ lose that folder."""
    for name in BESIDE:
        text = (ROOT / f"{name}.md").read_text("utf-8").replace("](docs/", "](")
        files.append(File.generated(config, f"{name.lower()}.md", content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links to them lead to their pages here."""
    del page, config, files
    for name in BESIDE:
        markdown = markdown.replace(f"](../{name}.md", f"]({name.lower()}.md")
    return markdown
