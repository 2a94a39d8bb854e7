"""doctor renders the templates, so that a broken one is found before the list is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["digest.txt.j2", "notices/confirm.txt.j2"])
def test_doctor_names_the_template_that_does_not_render(tmp_path: Path, name: str) -> None:
    desk = Desk(tmp_path)
    assert [one for one in desk("doctor", "--json").json["findings"] if one["check"] == "templates"] == [
        {"check": "templates", "level": "ok", "text": "the built-in ones", "cure": ""}
    ]
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("[newsletter]", '[newsletter]\ntemplates = "mine"', 1))
    mine = tmp_path / "mine" / "email" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("{{ nobody_knows_this }}\n")

    (found,) = [one for one in desk("doctor", "--json").json["findings"] if one["check"] == "templates"]

    assert found["level"] == "problem"
    assert f"email/{name} line 1" in found["text"]


def test_a_preview_names_a_template_that_nothing_looks_for(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk("run")
    (tmp_path / "mine" / "email").mkdir(parents=True)
    (tmp_path / "mine" / "email" / "card.mjml.j2").write_text("<p>ours</p>")
    path = tmp_path / "config.toml"
    path.write_text(path.read_text("utf-8").replace("[newsletter]", '[newsletter]\ntemplates = "mine"'), "utf-8")
    done = desk("preview", "--format", "text")
    assert done.code == 0
    assert f"nothing looks for {tmp_path}/mine/email/card.mjml.j2. Call it email/parts/card.mjml.j2.\n" in done.err
