"""A source of another package that does not open fails alone, and is named wherever an operator looks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.desk import newsletter

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = {
    "raises": "def open_source(**_):\n    raise OSError('no key for the lab')\n",
    "does not load": "import nothing_of_this_name\n",
    "lacks a method": "class open_source:\n    name = 'lab'\n    def __init__(self, **_): pass\n",
}
WORDS = {
    "raises": "cannot be opened: OSError: no key for the lab",
    "does not load": "cannot be opened: ModuleNotFoundError: No module named 'nothing_of_this_name'",
    "lacks a method": "has no `daily`",
}


@pytest.mark.parametrize("fault", PACKAGE)
def test_a_plug_in_that_does_not_open_costs_itself_alone(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, name = tmp_path / "package", f"lab_{fault.replace(' ', '_')}"
    made = package / f"{name}-1.0.dist-info"
    made.mkdir(parents=True)
    (package / f"{name}.py").write_text(PACKAGE[fault], "utf-8")
    (made / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
    (made / "entry_points.txt").write_text(f"[newsletter.sources]\nlab = {name}:open_source\n", "utf-8")
    monkeypatch.syspath_prepend(package)
    (tmp_path / "papers.jsonl").write_text('{"id": "a", "title": "A paper", "date": "2026-11-20"}\n', "utf-8")
    (tmp_path / "config.toml").write_text(
        '[ranking]\ndense = false\n[[sources]]\nkind = "file"\npath = "papers.jsonl"\n'
        '[[sources]]\nkind = "lab"\nname = "lab"\n',
        "utf-8",
    )

    def call(*arguments: str) -> tuple[int, str, str]:
        done = newsletter(["--config", str(tmp_path / "config.toml"), *arguments])
        return done.code, done.out, done.err

    why = f'the source "lab" of {name} {WORDS[fault]}'
    code, _, err = call("run", "--day", "2026-11-20")
    assert (code, err.count(f"error: lab: {why}")) == (0, 1), err
    code, out, _ = call("status")
    assert (code, "lab: missing since" in out, why in out) == (0, True, True), out
    told = {one["check"]: one for one in json.loads(call("doctor", "--json")[1])["findings"]}
    assert told["lab"]["level"] == "problem"
    assert why in told["lab"]["text"]
    assert "clock" in told  # doctor goes on
    assert call("send", "--day", "2026-11-20")[0] == 0
