"""The docs do what they say: marked blocks run, commands and settings that they show exist, the site builds."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from newsletter.cli.app import cli
from newsletter.config_keys import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"(?ms)^(?P<in> *)(?P<mark><!-- run -->\n *)?```(?P<kind>\w*)\n(?P<text>.*?)^ *```$")
RUN = [page for page in PAGES if any(found["mark"] for found in FENCE.finditer(page.read_text("utf-8")))]


def blocks(page: Path) -> Iterator[tuple[str, bool, str]]:
    """(kind, marked to be run, text) of each fenced block."""
    for found in FENCE.finditer(page.read_text("utf-8")):
        yield found["kind"], bool(found["mark"]), textwrap.dedent(found["text"])


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_the_marked_blocks_of_a_page_run_one_after_the_other(page: Path, tmp_path: Path) -> None:
    """In a newsletter that `init` made, with the sample's papers for a source and one reader's list."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    shim = binaries / "newsletter"
    shim.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m newsletter "$@"\n', "utf-8")
    shim.chmod(0o755)
    papers = tmp_path / "papers.jsonl"
    today = subprocess.run(["date", "-u", "+%F"], capture_output=True, text=True, check=True).stdout.strip()
    lines = (ROOT / "newsletter" / "sample" / "papers.jsonl").read_text("utf-8").splitlines()[:12]
    rows = [{k: v for k, v in json.loads(line).items() if k in {"id", "title", "abstract"}} for line in lines]
    papers.write_text("\n".join(json.dumps(row | {"date": today}) for row in rows), "utf-8")
    home = tmp_path / "digest"
    environ = os.environ | {
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "BROWSER": "true",
        "NEWSLETTER_SOURCES": json.dumps([{"kind": "file", "path": str(papers)}]),
        "NEWSLETTER_RANKING__DENSE": "false",
    }
    prelude = f"newsletter init {home}\nnewsletter --config {home}/config.toml run --quiet\n"
    script = "".join(text for _, marked, text in blocks(page) if marked)
    (tmp_path / "readers.csv").write_text("email,name\nada@example.org,Ada\nbob@example.org,Bob\n")
    done = subprocess.run(
        ["bash", "-euxc", f"{prelude}\ncp readers.csv {home}\ncd {home}\n{script}"],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


UNKNOWN = click.Command("there is none of this name")


def command_lines(page: Path) -> Iterator[str]:
    """Every `newsletter ...` that stands alone in a block, without what a shell does around it."""
    for kind, _, text in blocks(page):
        if kind in {"", "sh", "bash"}:
            for line in text.replace("\\\n", " ").splitlines():
                for part in re.split(r"&&|;|\|\|?", line.partition("  #")[0]):
                    found = re.match(r"^\s*(?:[\w./$-]*/)?newsletter (.*)$", part)
                    if found and not re.search(r"\.\.\.|^\S*:|[─├]", found[1]):
                        yield found[1].partition(" > ")[0].partition(" # ")[0].strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_that_a_page_shows_is_one_that_there_is(page: Path) -> None:
    wrong = []
    for line in command_lines(page):
        words = shlex.split(re.sub(r"\$\([^)]*\)|\$\w+", "x", line.removesuffix("'")))  # of `sh -c '...'`
        group: click.Command = cli
        while words and words[0] == "--config":
            words = words[2:]
        try:
            while isinstance(group, click.Group) and words:
                found = group.get_command(click.Context(group), words[0])
                group, words = found or UNKNOWN, words[1:]
            group.make_context(group.name or "newsletter", list(words), parent=click.Context(cli, obj={}))
            wrong += [line] if group is UNKNOWN else []
        except (click.exceptions.Exit, click.BadParameter):
            pass  # --help, or a file that the example's reader has
        except click.UsageError as error:
            wrong.append(f"{line}: {error.message}")
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_that_a_page_shows_is_one_that_there_is(page: Path) -> None:
    known = {section.name: {key.name for key in section.keys} for section in SECTIONS}
    for name in [name for name in known if "." in name]:  # a list inside a section
        known[name.partition(".")[0]].add(name.partition(".")[2])
    wrong = []
    for kind, _, text in blocks(page):
        if kind == "toml" and re.search(r"(?m)^\[", text):
            for name, tables in tomllib.loads(text).items():
                for table in tables if isinstance(tables, list) else [tables]:
                    wrong += [f"[{name}] {key}" for key in table if key not in known.get(name, ())]
    assert wrong == []


def test_the_site_of_the_docs_builds_without_a_dead_link(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    made = "".join(path.read_text("utf-8") for path in tmp_path.rglob("*.html"))
    assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]*\.(?:js|css|woff2?)"', made)  # nothing from elsewhere
    assert "```" not in made  # a fence that was shown as text
    assert len(list(tmp_path.rglob("*.html"))) >= len(list((ROOT / "docs").rglob("*.md")))
