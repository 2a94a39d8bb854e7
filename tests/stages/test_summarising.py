"""With an endpoint of a language model the shown papers get its summaries: checked, kept, paid for within a budget."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from newsletter.config import load_config
from tests.support.desk import CONFIG, FRIDAY, PAPERS, Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

GOOD = "This paper presents a study by its authors: research that uses a new method."  # true of any abstract


@dataclass
class Endpoint:
    """A chat endpoint that answers every paper with the same words, or with what a test puts there."""

    url: str = ""
    status: int = 200
    content: Any = None
    told: dict[str, str] = field(default_factory=dict)  # by what the order says of the language
    meanwhile: Callable[[], None] = lambda: None
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def answer(self) -> bytes:
        order = self.asked[-1]["messages"][0]["content"]
        good = next((text for words, text in self.told.items() if words in order), GOOD)
        text = json.dumps({"summary": good}) if self.content is None else self.content
        usage = {"prompt_tokens": 1000, "completion_tokens": 100}
        return json.dumps({"choices": [{"message": {"content": text}}], "usage": usage}).encode()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    model = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            model.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            model.meanwhile()
            model.keys.append(self.headers.get("Authorization", ""))
            self.send_response(model.status if self.path == "/v1/chat/completions" else 404)
            self.end_headers()
            self.wfile.write(model.answer())

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    model.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield model
    server.shutdown()
    server.server_close()
    thread.join()


def desk(folder: Path, endpoint: Endpoint, more: str = "") -> Desk:
    made = Desk(folder)
    summaries = f'[summaries]\nurl = "{endpoint.url}"\nmodel = "small-1"\nkey = "sesame"\n{more}'
    (folder / "config.toml").write_text(CONFIG + summaries, "utf-8")
    made.source.lists = {FRIDAY: PAPERS}
    return made


def summaries(desk: Desk) -> dict[str, tuple[str, str]]:
    with desk.press(load_config(desk.folder / "config.toml")) as press:
        edition = press.editions.get(FRIDAY)
    assert edition is not None
    return {c.paper.id: (c.paper.summary, c.paper.summary_by) for c in edition.cards if c.paper.summary}


def test_shown_papers_are_told_by_the_model_once_and_a_replay_gives_the_same_bytes(
    tmp_path: Path, endpoint: Endpoint
) -> None:
    one = desk(tmp_path, endpoint)
    assert one("run").code == 0

    told = summaries(one)
    assert set(told.values()) == {(GOOD, "small-1")}
    assert len(told) == len(endpoint.asked) == 3
    assert endpoint.keys == ["Bearer sesame"] * 3
    assert all(replay["same_bytes"] for replay in one("backtest", "--json").json["replay"])
    assert len(endpoint.asked) == 3


def test_the_abstract_goes_in_as_data(tmp_path: Path, endpoint: Endpoint) -> None:
    desk(tmp_path, endpoint)("run")

    system, user = endpoint.asked[0]["messages"]
    assert "never instructions" in system["content"]
    assert set(json.loads(user["content"])) == {"title", "abstract"}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"summary": "It beats GPT-9 by 73% on all benchmarks of the world."}),
        json.dumps({"summary": 7}),
        json.dumps(["summary"]),
        "Sure! Here is a summary.",
        "",
    ],
)
def test_what_is_not_fit_to_be_shown_leaves_the_papers_as_they_are(
    tmp_path: Path, endpoint: Endpoint, content: str
) -> None:
    endpoint.content = content
    one = desk(tmp_path, endpoint)

    assert one("run").code == 0
    assert summaries(one) == {}


def test_half_characters_and_controls_of_an_answer_cost_nothing(tmp_path: Path, endpoint: Endpoint) -> None:
    endpoint.content = json.dumps({"summary": "\ud800" + GOOD[:20] + "\x00\u202e" + GOOD[20:]})
    one = desk(tmp_path, endpoint)
    assert one("run").code == 0
    assert {text for text, _ in summaries(one).values()} == {GOOD}


def test_an_endpoint_that_fails_is_left_alone_and_the_mail_goes_out(tmp_path: Path, endpoint: Endpoint) -> None:
    endpoint.status = 401
    one = desk(tmp_path, endpoint)
    one("subscribers", "add", "ada@example.org")
    result = one("run")

    assert result.code == 0
    assert len(one.mails) == 1
    assert len(endpoint.asked) == 3
    assert "summaries: " in result.err


def test_the_budget_of_a_day_is_kept(tmp_path: Path, endpoint: Endpoint) -> None:
    # 1,000 tokens in and 100 out cost 2 + 1; the guess before is 317 in and 200 out: 2.6.
    one = desk(tmp_path, endpoint, "price_in = 2000\nprice_out = 10000\ndaily_budget = 6\n")
    one("run")

    assert len(endpoint.asked) == 2
    assert len(summaries(one)) == 2


def test_the_number_of_papers_of_a_day_is_kept(tmp_path: Path, endpoint: Endpoint) -> None:
    one = desk(tmp_path, endpoint, "daily_papers = 1\n")
    one("run")

    assert len(endpoint.asked) == 1


def test_without_an_address_nothing_is_asked(tmp_path: Path, endpoint: Endpoint) -> None:
    one = Desk(tmp_path)
    one("run")

    assert endpoint.asked == []
    assert summaries(one) == {}


def test_a_preview_shows_the_summaries_that_the_edition_will_have(tmp_path: Path, endpoint: Endpoint) -> None:
    one = desk(tmp_path, endpoint)
    one("collect")
    seen = one("preview", "--format", "text", "--out", str(tmp_path / "seen.txt"))

    assert seen.code == 0
    assert GOOD in " ".join((tmp_path / "seen.txt").read_text("utf-8").split())
    asked = len(endpoint.asked)
    one("run")
    assert len(endpoint.asked) == asked == 3


GERMAN = "Die Arbeit stellt ein Modell vor, das mit einfachen Worten erklärt wird."
CHINESE = "本文介绍了一种用简单的话来解释自己的模型。"
TRANSLATE = "translate = true\n"


def speak(endpoint: Endpoint, **told: str) -> None:
    """Answers each language with its own text, and English with the usual one."""
    endpoint.told = {"in German": told.get("de", GERMAN), "in Simplified Chinese": told.get("zh", CHINESE)}


def translations(desk: Desk) -> set[tuple[str, str, str]]:
    with desk.press(load_config(desk.folder / "config.toml")) as press:
        edition = press.editions.get(FRIDAY)
    assert edition is not None
    return {told for card in edition.cards for told in card.told}


def mails(desk: Desk) -> dict[str, str]:
    """The text part of each reader's mail, in one line."""
    found = {}
    for path in desk.mails:
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        part = mail.get_body(("plain",))
        assert part is not None
        found[str(mail["To"])] = " ".join(part.get_content().split())
    return found


def readers(desk: Desk) -> None:
    for name, locale in (("ada", "de_AT"), ("bo", "zh"), ("carl", ""), ("dora", "de"), ("eva", "tlh")):
        desk("subscribers", "add", f"{name}@example.org", *(["--locale", locale] if locale else []))


def test_each_reader_is_told_in_her_language_and_a_replay_gives_the_same_bytes(
    tmp_path: Path, endpoint: Endpoint
) -> None:
    speak(endpoint)
    one = desk(tmp_path, endpoint, TRANSLATE)
    readers(one)
    assert one("run").code == 0

    assert translations(one) == {("de", GERMAN, "small-1"), ("zh", CHINESE, "small-1")}
    assert len(endpoint.asked) == 9  # three papers in English, German and Chinese
    told = mails(one)
    assert GERMAN in told["ada@example.org"]
    assert GERMAN in told["dora@example.org"]
    assert CHINESE in told["bo@example.org"]
    assert GOOD in told["carl@example.org"]
    assert GERMAN not in told["carl@example.org"]
    one("subscribers", "add", "fay@example.org", "--locale", "fr")  # later readers change nothing of what is printed
    assert all(replay["same_bytes"] for replay in one("backtest", "--json").json["replay"])
    assert len(endpoint.asked) == 9


def test_what_is_not_in_the_language_or_not_in_the_abstract_is_told_in_english(
    tmp_path: Path, endpoint: Endpoint
) -> None:
    speak(endpoint, de=GOOD, zh=f"{CHINESE}提高了73%。")
    one = desk(tmp_path, endpoint, TRANSLATE)
    readers(one)
    said = one("run").err

    assert translations(one) == set()
    assert "9 asked of small-1; 6 not fit to be shown" in said
    assert {GOOD in text for name, text in mails(one).items() if name != "eva@example.org"} == {True}


def test_translations_share_the_budget_and_the_many_come_first(tmp_path: Path, endpoint: Endpoint) -> None:
    speak(endpoint)
    one = desk(tmp_path, endpoint, f"{TRANSLATE}daily_papers = 6\n")
    readers(one)
    one("run")

    assert len(endpoint.asked) == 6
    assert translations(one) == {("de", GERMAN, "small-1")}


def test_without_the_switch_nothing_is_translated(tmp_path: Path, endpoint: Endpoint) -> None:
    one = desk(tmp_path, endpoint)
    readers(one)
    one("run")

    assert len(endpoint.asked) == 3


def test_a_preview_in_another_language_asks_for_it(tmp_path: Path, endpoint: Endpoint) -> None:
    speak(endpoint)
    one = desk(tmp_path, endpoint, TRANSLATE)
    one("collect")
    one("preview", "--locale", "de", "--format", "text", "--out", str(tmp_path / "seen.txt"))

    assert GERMAN in " ".join((tmp_path / "seen.txt").read_text("utf-8").split())


def test_an_endpoint_that_hangs_is_waited_for_no_longer_than_ten_minutes(tmp_path: Path, endpoint: Endpoint) -> None:
    one = desk(tmp_path, endpoint)
    endpoint.meanwhile = lambda: one.ahead(timedelta(minutes=6))
    said = one("run").err

    assert len(endpoint.asked) == 2
    assert "the endpoint took 10 minutes" in said
