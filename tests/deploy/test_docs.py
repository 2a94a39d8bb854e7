"""The docs do what they say: marked blocks run, commands and settings that they show exist, the site builds."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from newsletter.cli.app import cli
from newsletter.config_keys import SECTIONS
from tests.support.sources_server import SourcesServer

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(
    r"(?ms)^(?P<in> *)(?:<!-- (?P<mark>run|file: [\w./-]+) -->\n *)?```(?P<kind>\w*)\n(?P<text>.*?)^ *```$"
)
RUN = [page for page in PAGES if any(found["mark"] == "run" for found in FENCE.finditer(page.read_text("utf-8")))]


def blocks(page: Path) -> Iterator[tuple[str, str, str]]:
    """(kind, mark, text) of each fenced block. The mark: `run`, or `file: NAME` of one that is written there."""
    for found in FENCE.finditer(page.read_text("utf-8")):
        yield found["kind"], found["mark"] or "", textwrap.dedent(found["text"])


def script_of(page: Path) -> str:
    """What the marked blocks do, in their order."""
    steps = []
    for _, mark, text in blocks(page):
        name = mark.removeprefix("file: ")
        if mark == "run":
            steps.append(text)
        elif mark:
            steps.append(f"mkdir -p $(dirname {name})\ncat > {name} <<'END OF FILE'\n{text}END OF FILE\n")
    return "".join(steps)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A newsletter that `init` made, with the sample's papers for a source, after its first run."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "bin").mkdir()
    shim = folder / "bin" / "newsletter"
    shim.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m newsletter "$@"\n', "utf-8")
    shim.chmod(0o755)
    today = datetime.now(UTC).date().isoformat()
    lines = (ROOT / "newsletter" / "sample" / "papers.jsonl").read_text("utf-8").splitlines()[:12]
    rows = [{k: v for k, v in json.loads(line).items() if k in {"id", "title", "abstract"}} for line in lines]
    (folder / "papers.jsonl").write_text("\n".join(json.dumps(row | {"date": today}) for row in rows), "utf-8")
    run_script("newsletter init digest\nnewsletter --config digest/config.toml run --quiet\n", folder, folder)
    (folder / "digest" / "readers.csv").write_text("email,name\nada@example.org,Ada\nbob@example.org,Bob\n", "utf-8")
    return folder


def run_script(script: str, folder: Path, made: Path) -> None:
    environ = os.environ | {
        "PATH": f"{made / 'bin'}:{os.environ['PATH']}",
        "BROWSER": "true",
        "NEWSLETTER_SOURCES": json.dumps([{"kind": "file", "path": str(made / "papers.jsonl")}]),
        "NEWSLETTER_RANKING__DENSE": "false",
    }
    done = subprocess.run(
        ["bash", "-euxc", script], cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_the_marked_blocks_of_a_page_run_one_after_the_other(page: Path, made: Path, tmp_path: Path) -> None:
    home = shutil.copytree(made / "digest", tmp_path / "digest")
    run_script(script_of(page).replace("/backups", str(tmp_path)), home, made)


ADVERTISED = """
import json, sys, tomllib
from pathlib import Path
project = tomllib.loads(Path("lab-source/pyproject.toml").read_text())["project"]
made = Path(f"lab-source/lab_source-{project['version']}.dist-info")
made.mkdir()
(made / "METADATA").write_text(f"Metadata-Version: 2.1\\nName: {project['name']}\\nVersion: {project['version']}\\n")
groups = project["entry-points"].items()
lines = [f"[{group}]\\n" + "".join(f"{k} = {v}\\n" for k, v in points.items()) for group, points in groups]
(made / "entry_points.txt").write_text("\\n".join(lines))
"""


def test_the_package_of_the_docs_brings_a_source(tmp_path: Path) -> None:
    """Written as the page has it, and advertised as an installer does it."""
    rows = [{"title": "A paper of the lab", "date": "2026-11-19"}, {"title": ""}]
    with SourcesServer() as server:
        server.world.pages["/papers.json"] = json.dumps(rows).encode()
        (tmp_path / "config.toml").write_text(f'[[sources]]\nkind = "lab"\nurl = "{server.url}/papers.json"\n', "utf-8")
        environ = os.environ | {"PYTHONPATH": f"{tmp_path}/lab-source:{ROOT}"}
        call = f"{sys.executable} -m newsletter"
        script = f"{script_of(ROOT / 'docs' / 'writing-a-source.md')}\n{sys.executable} advertise.py\n"
        (tmp_path / "advertise.py").write_text(ADVERTISED, "utf-8")
        script += f"{call} collect --day 2026-11-20\n{call} doctor --json > found.json || true\n"
        done = subprocess.run(
            ["bash", "-euc", script],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    assert "lab: 1 papers\npapers: 1 new" in done.stdout
    assert "warning: lab: entry 2: it has no title, or no day. It was left out.\n" in done.stderr
    told = {one["check"]: one["text"] for one in json.loads((tmp_path / "found.json").read_text())["findings"]}
    assert told["lab"] == "answers"


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
    for kind, mark, text in blocks(page):
        if kind == "toml" and "file: " not in mark and re.search(r"(?m)^\[", text):
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
