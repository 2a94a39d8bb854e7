"""The laws of the house that no linter knows: sizes, first lines, who prints, what the docs must mention."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "newsletter"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)
OURS = sorted({*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")})


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", OURS, ids=name)
def test_the_first_line_of_a_module_says_in_a_sentence_what_it_is_for(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]

    assert re.fullmatch(r'(?:"""|r""")[^"].*[.:?!](?:""")?|"""[^"]+', first), first


def test_a_module_is_one_room_of_about_300_lines() -> None:
    long = {name(path): count for path in MODULES if (count := len(path.read_text("utf-8").splitlines())) > 330}

    assert long == {}


def test_a_function_fits_on_a_screen() -> None:
    long = {}
    for path in MODULES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                doc = node.body[0] if ast.get_docstring(node) else None
                size = (node.end_lineno or 0) - node.lineno + 1
                size -= (doc.end_lineno or 0) - doc.lineno + 1 if doc else 0
                if size > 45:
                    long[f"{name(path)}:{node.name}"] = size

    assert long == {}


def test_only_the_command_line_prints() -> None:
    printing = [
        f"{name(path)}:{node.lineno}"
        for path in MODULES
        if "cli" not in path.relative_to(PACKAGE).parts
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]

    assert printing == []


def test_only_config_reads_the_environment() -> None:
    readers = [
        name(path)
        for path in MODULES
        if not path.relative_to(PACKAGE).as_posix().startswith(("config", "cli/"))
        and re.search(r"\bos\.(environ|getenv)\b", path.read_text("utf-8"))
    ]

    assert readers == []


def test_only_wiring_knows_the_adapters() -> None:
    adapters = re.compile(
        r"newsletter\.(send\.transports|send\.resolver|collect\.sources|collect\.signals|store|returns\.intake|channels)\b"
    )
    rooms = ("channels/", "collect/", "returns/", "send/", "store/")
    guests = [
        name(path)
        for path in MODULES
        if not (inside := path.relative_to(PACKAGE).as_posix()).startswith(rooms)
        and not re.fullmatch(r"wiring\w*\.py", inside)
        and any(adapters.match(node.module or "") for node in ast.walk(tree(path)) if isinstance(node, ast.ImportFrom))
    ]

    assert guests == []


def test_a_broad_handler_stands_only_at_a_process_edge_with_its_reason() -> None:
    unreasoned = [
        f"{name(path)}:{number}"
        for path in MODULES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"except( Exception| BaseException)?( as \w+)?:", line) and "# edge:" not in line
    ]

    assert unreasoned == []


def test_nothing_is_left_unfinished_and_nothing_is_mocked() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b|unittest" + r"\.mock|MagicMock")
    found = [
        f"{name(path)}:{number}"
        for path in OURS
        if path != Path(__file__)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if words.search(line)
    ]

    assert found == []


def test_no_committed_text_names_a_path_of_a_machine_or_a_registry() -> None:
    texts = [
        path
        for pattern in (
            "*.md",
            "*.toml",
            "*.txt",
            "Makefile",
            "docs/**/*.md",
            "deploy/**/*",
            ".ci/*",
            ".github/**/*.yml",
        )
        for path in ROOT.glob(pattern)
        if path.is_file()
    ]
    secret = re.compile(r"(?<![\w.])/(work|farm|root)/|pypi\.org|files\.pythonhosted|registry\.npmjs")
    found = [
        name(path) for path in [*texts, *OURS] if path != Path(__file__) and secret.search(path.read_text("utf-8"))
    ]

    assert found == []


def documentation() -> str:
    return "\n".join(path.read_text("utf-8") for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_the_docs_mention_every_command() -> None:
    from newsletter.cli import commands

    docs = documentation()

    assert [command for command in commands() if f"newsletter {command}" not in docs] == []


def test_the_plan_of_the_house_names_every_room() -> None:
    plan = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    rooms = {path.name for path in PACKAGE.iterdir() if not path.name.startswith(("_", "config"))}

    assert sorted(room for room in rooms if f"├── {room}" not in plan and f"└── {room}" not in plan) == []


def test_every_page_that_the_docs_name_is_there() -> None:
    named = {
        name
        for path in ROOT.glob("*.md")
        for name in re.findall(r"`((?:docs|deploy)/[\w./-]+)`", path.read_text("utf-8"))
    }

    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_the_docs_mention_every_template() -> None:
    docs = documentation()
    templates = [path for path in (ROOT / "templates").rglob("*") if path.is_file() and not path.name.startswith("_")]

    assert [name(path) for path in templates if path.name not in docs] == []


def test_the_dependencies_are_pinned_without_naming_a_host() -> None:
    pins = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = {re.split(r"==", pin)[0].lower().replace("_", "-").replace(".", "-") for pin in pins if "==" in pin}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for some in project["optional-dependencies"].values() for one in some)]
    names = {re.split(r"[\[<>=~ ;]", want)[0].lower().replace("_", "-").replace(".", "-") for want in wanted}

    assert [pin for pin in pins if "==" not in pin and not pin.startswith("#")] == []
    assert names - {"trending-papers"} - pinned == set()
