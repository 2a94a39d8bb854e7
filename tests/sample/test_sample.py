"""The bundled sample obeys the rules that its README states."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

SAMPLE = Path(__file__).parents[2] / "newsletter" / "sample"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "ranking"
LINES = [json.loads(line) for line in (SAMPLE / "papers.jsonl").read_text(encoding="utf-8").splitlines()]
CONFIG = tomllib.loads((SAMPLE / "config.toml").read_text(encoding="utf-8"))
MONDAY = date(2025, 11, 17)
WEEK = [(MONDAY + timedelta(days=n)).isoformat() for n in range(7)]
KNOWN = {
    *("id", "title", "abstract", "authors", "published", "listed", "kind", "categories", "url", "pdf"),
    *("code", "project", "organization", "upvotes", "comments", "stars", "summary"),
}


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[start : start + length]) for start in range(len(found) - length + 1)}


def observations() -> dict[str, dict[str, object]]:
    with (SHARED / "early_obs.jsonl").open(encoding="utf-8") as rows:
        return {row["id"]: row for row in map(json.loads, rows) if row["day"] in WEEK}


def rows_of(name: str) -> dict[str, dict[str, object]]:
    wanted = {line["id"] for line in LINES}
    with (SHARED / name).open(encoding="utf-8") as rows:
        return {row["id"]: row for row in map(json.loads, rows) if row["id"] in wanted}


needs_data = pytest.mark.skipif(not SHARED.is_dir(), reason="the real papers of ../shared/data are not here")


def test_a_reader_of_the_sample_finds_sixty_two_papers_two_of_them_listed_twice() -> None:
    appearances = Counter(line["id"] for line in LINES)

    assert len(appearances) == 62
    assert {paper: n for paper, n in appearances.items() if n > 1} == {"2511.12609": 2, "2511.13612": 2}
    assert all(re.fullmatch(r"2511\.\d{5}", paper) for paper in appearances)
    assert len({(line["id"], line["listed"]) for line in LINES}) == len(LINES)


def test_the_week_has_five_lists_and_a_weekend_without_one() -> None:
    per_day = Counter(line["listed"] for line in LINES)

    assert per_day == {
        "2025-11-17": 11,
        "2025-11-18": 15,
        "2025-11-19": 12,
        "2025-11-20": 9,
        "2025-11-21": 17,
    }


def test_every_line_uses_only_the_names_that_a_file_source_reads() -> None:
    assert {name for line in LINES for name in line} <= KNOWN
    assert [line["id"] for line in LINES if not (line["title"] and line["abstract"] and line["authors"])] == []


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line['id']}-{line['listed']}")
def test_upvotes_never_fall_and_are_never_read_before_the_list_is_out(line: dict[str, object]) -> None:
    series = [(datetime.fromisoformat(at), value) for at, value in line["upvotes"]]  # type: ignore[attr-defined]
    times = [at for at, _ in series]
    values = [value for _, value in series]
    listed = date.fromisoformat(str(line["listed"]))

    assert values == sorted(values)
    assert times == sorted(set(times))
    assert listed <= times[0].date() <= times[-1].date() <= MONDAY + timedelta(days=6)
    assert date.fromisoformat(str(line["published"])) <= listed


def test_the_late_line_of_a_paper_goes_on_where_the_first_one_stopped() -> None:
    for twice in ("2511.12609", "2511.13612"):
        first, second = (line for line in LINES if line["id"] == twice)

        assert first["upvotes"][-1] < second["upvotes"][0]
        assert first["upvotes"][-1][1] <= second["upvotes"][0][1]

    assert [line.get("code", "") for line in LINES if line["id"] == "2511.13612"] == [
        "",
        "https://github.com/PRIME-RL/P1",
    ]


def test_every_link_is_a_web_address_and_the_abstract_page_is_made_from_the_id() -> None:
    links = [line[name] for line in LINES for name in ("url", "pdf", "code", "project") if name in line]

    assert [link for link in links if urlsplit(link).scheme not in ("http", "https") or not urlsplit(link).netloc] == []
    assert all(line["url"] == f"https://arxiv.org/abs/{line['id']}" for line in LINES)
    assert all(line["pdf"] == f"https://arxiv.org/pdf/{line['id']}" for line in LINES)


def test_a_synopsis_is_two_or_three_sentences_that_fit_on_a_card() -> None:
    def sentences(text: str) -> int:
        return len(re.findall(r"[.?!](?=\s|$)", text))

    odd = {
        line["id"]: (sentences(line["abstract"]), len(line["abstract"]))
        for line in LINES
        if not (2 <= sentences(line["abstract"]) <= 3 and 150 <= len(line["abstract"]) <= 460)
    }
    assert odd == {}


def test_the_quirks_of_real_lists_are_there() -> None:
    with_tex = {line["id"] for line in LINES if re.search(r"\$.*\$", line["title"])}
    with_tex_in_text = {line["id"] for line in LINES if re.search(r"\\[%\"a-z]", line["abstract"])}
    with_accents = {line["id"] for line in LINES if not "".join(line["authors"]).isascii()}

    assert with_tex == {"2511.08195", "2511.11332"}
    assert with_tex_in_text >= {"2511.13646", "2511.13648"}
    assert with_accents == {"2511.15586", "2511.16528", "2511.16624"}
    assert max(len(line["authors"]) for line in LINES) > 100
    assert min(line["upvotes"][0][1] for line in LINES) == 0


@pytest.mark.parametrize("topic", CONFIG["topics"], ids=lambda topic: topic["slug"])
def test_every_topic_of_the_demo_has_papers_that_name_it(topic: dict[str, list[str]]) -> None:
    keys = [" ".join(words(keyword)) for keyword in topic["keywords"]]
    papers = set()
    for line in LINES:
        text = f" {' '.join(words(line['title'] + ' ' + line['abstract']))} "
        if any(f" {key} " in text or f" {key}s " in text for key in keys):
            papers.add(line["id"])

    assert len(papers) >= 4


def test_the_readers_use_the_newsletter_in_three_different_ways() -> None:
    readers = tomllib.loads((SAMPLE / "readers.toml").read_text(encoding="utf-8"))["readers"]
    slugs = {topic["slug"] for topic in CONFIG["topics"]}

    assert [(reader["cadence"], len(reader.get("topics", ()))) for reader in readers] == [
        ("daily", 0),
        ("daily", 2),
        ("weekly", 0),
    ]
    assert {slug for reader in readers for slug in reader.get("topics", ())} <= slugs
    assert all(re.search(r"@example\.(org|net|com)$", reader["email"]) for reader in readers)


@pytest.mark.realdata
@needs_data
def test_no_synopsis_shares_six_words_in_a_row_with_the_authors_abstract() -> None:
    originals = rows_of("papers.jsonl")
    copied = {
        line["id"]: shared
        for line in LINES
        if (shared := runs(line["abstract"], 6) & runs(str(originals[line["id"]]["abstract"]), 6))
    }
    assert copied == {}


@pytest.mark.realdata
@needs_data
def test_the_one_count_that_was_observed_stands_in_every_series() -> None:
    observed = observations()
    series: dict[str, list[tuple[str, int]]] = {}
    for line in LINES:
        series.setdefault(line["id"], []).extend((at, value) for at, value in line["upvotes"])

    assert set(series) == set(observed)
    for paper, row in observed.items():
        seen = datetime.fromisoformat(str(row["day"])) + timedelta(hours=float(str(row["age_h"])))
        assert (f"{seen:%Y-%m-%dT%H:%M}:00Z", row["upvotes"]) in series[paper]


@pytest.mark.realdata
@needs_data
def test_titles_authors_and_dates_are_those_of_the_real_papers() -> None:
    originals, meta = rows_of("papers.jsonl"), rows_of("hf_meta.jsonl")

    for line in LINES:
        assert line["authors"] == originals[line["id"]]["authors"]
        assert words(line["title"].replace(r"\text", "")) == words(str(originals[line["id"]]["title"]))
        assert line["published"] == meta[line["id"]]["published"]
