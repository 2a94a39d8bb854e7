"""The demo's folder is made afresh and never at the cost of anybody else's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from newsletter.errors import UsageError
from newsletter.sample.folder import MARKER, SAMPLE, prepare

if TYPE_CHECKING:
    from pathlib import Path


def listing(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_a_new_folder_holds_the_sample_and_its_settings(tmp_path: Path) -> None:
    out = prepare(tmp_path / "a" / "demo")

    assert listing(out) == {MARKER, "config.toml", "papers.jsonl"}
    assert (out / "papers.jsonl").read_bytes() == (SAMPLE / "papers.jsonl").read_bytes()


def test_a_folder_with_somebody_elses_files_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("ten years of work")

    with pytest.raises(UsageError, match="holds files that the demo did not make") as refused:
        prepare(tmp_path)

    assert refused.value.exit_code == 2
    assert listing(tmp_path) == {"thesis.tex"}


def test_the_next_demo_replaces_what_the_last_one_made_and_nothing_else(tmp_path: Path) -> None:
    out = prepare(tmp_path / "demo")
    for made in ("index.html", "subscribers.db", "subscribers.db-wal", "outbox/new/1.eml", "mails/a.html"):
        (out / made).parent.mkdir(parents=True, exist_ok=True)
        (out / made).write_text("from the last demo")
    (out / "notes.txt").write_text("mine")

    prepare(out)

    assert listing(out) == {MARKER, "config.toml", "papers.jsonl", "notes.txt"}


def test_settings_that_were_edited_in_the_demo_are_kept_aside(tmp_path: Path) -> None:
    out = prepare(tmp_path / "demo")
    (out / "config.toml").write_text("# my topics\n")

    prepare(out)
    prepare(out)

    assert (out / "config.toml.bak").read_text() == "# my topics\n"
    assert (out / "config.toml").read_bytes() == (SAMPLE / "config.toml").read_bytes()


def test_what_a_link_in_the_demos_folder_points_to_survives(tmp_path: Path) -> None:
    out = prepare(tmp_path / "demo")
    elsewhere = tmp_path / "real-outbox"
    elsewhere.mkdir()
    (elsewhere / "precious.eml").write_text("keep me")
    (out / "outbox").symlink_to(elsewhere)

    prepare(out)

    assert listing(out) == {MARKER, "config.toml", "papers.jsonl"}
    assert (elsewhere / "precious.eml").read_text() == "keep me"


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("not a folder")

    with pytest.raises(UsageError, match="is a file"):
        prepare(tmp_path / "demo")


def test_a_place_where_nothing_can_be_written_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="cannot write to"):
        prepare(tmp_path / "file" / "demo")
