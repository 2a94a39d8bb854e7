"""`newsletter locales`: what is spoken, what is missing, and a catalogue to fill in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from newsletter.tongue.catalogues import read_catalogue
from tests.support.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def with_templates(desk: Desk) -> Path:
    path = desk.folder / "config.toml"
    path.write_text(path.read_text("utf-8").replace("[newsletter]", '[newsletter]\ntemplates = "mine"', 1), "utf-8")
    return desk.folder / "mine" / "locales"


def test_it_lists_the_languages_and_a_check_of_ours_finds_nothing(desk: Desk) -> None:
    done = desk("locales", "--check", "--json")

    assert done.code == 0
    listed = json.loads(done.out)
    assert [one["locale"] for one in listed["locales"]] == ["ar", "de", "es", "fr", "zh"]
    assert all(one["translated"] == listed["messages"] and not one["missing"] for one in listed["locales"])


def test_a_new_catalogue_holds_every_message_and_her_topics_and_the_check_counts_what_is_missing(desk: Desk) -> None:
    folder = with_templates(desk)

    made = desk("locales", "--update", "it")
    check = desk("locales", "--check")

    assert made.code == 0
    assert f"wrote {folder / 'it.po'}" in made.out
    assert 'msgid "Language models"' in (folder / "it.po").read_text("utf-8")
    assert check.code == 1
    assert "it       Italian              0 of" in check.out
    assert 'it: "read online" is not translated' in check.err


def test_an_update_keeps_what_is_translated_and_names_a_wrong_placeholder(desk: Desk) -> None:
    folder = with_templates(desk)
    folder.mkdir(parents=True)
    (folder / "it.po").write_text('msgid "Sent to {address}."\nmsgstr "Inviata a {adress}."\n', "utf-8")

    desk("locales", "--update", "it")

    kept = read_catalogue(folder / "it.po")["Sent to {address}."]
    assert kept.string == "Inviata a {adress}."
    assert 'it: "Sent to {address}." lacks {address}' in desk("locales", "--check").err


def test_a_language_that_does_not_exist_is_refused(desk: Desk) -> None:
    done = desk("locales", "--update", "klingon")

    assert done.code == 2
    assert 'There is no language "klingon".' in done.err
