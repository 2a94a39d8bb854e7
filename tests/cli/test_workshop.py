"""`preview --serve`: whoever works on a template sees at once what she changed, and what is wrong with it."""

from __future__ import annotations

import json
import shutil
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from newsletter.cli.gallery import Gallery, handler_of
from newsletter.cli.spam import read_report, spam_report
from newsletter.cli.workroom import Workroom
from newsletter.compose import default_template_folder
from tests.support.desk import FRIDAY, Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CARD = default_template_folder() / "email" / "parts" / "card.mjml.j2"


class Shop:
    """The workshop of a newsletter in a folder, with a folder of templates of its own."""

    def __init__(self, desk: Desk, address: str) -> None:
        self.desk = desk
        self.address = address
        self.card = desk.folder / "mine" / "email" / "parts" / "card.mjml.j2"

    def get(self, path: str, host: str = "", **query: str) -> str:
        asked = urllib.request.Request(f"{self.address}{path}?{urlencode({'day': str(FRIDAY)} | query)}")
        if host:
            asked.add_header("Host", host)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            assert answer.headers["Cache-Control"] == "no-store"
            return str(answer.read().decode())

    def facts(self, **query: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.get("/facts", **query))
        return found

    def send(self, to: str, header: str = "send", **query: str) -> str:
        asked = urllib.request.Request(
            f"{self.address}/send?{urlencode({'day': str(FRIDAY)} | query)}", data=to.encode(), method="POST"
        )
        asked.add_header("X-Workshop", header)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return str(json.loads(answer.read())["said"])

    def write_card(self, text: str) -> None:
        self.card.parent.mkdir(parents=True, exist_ok=True)
        self.card.write_text(text, "utf-8")


@contextmanager
def opened(folder: Path) -> Iterator[Shop]:
    desk = Desk(folder)
    path = folder / "config.toml"
    path.write_text(path.read_text().replace("[newsletter]", '[newsletter]\ntemplates = "mine"', 1))
    desk("collect")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler_of(Gallery(Workroom(path, desk.press)))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Shop(desk, f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened(tmp_path_factory.mktemp("shop")) as made:
        yield made


def test_a_mail_is_shown_in_light_and_dark_with_its_size_links_and_findings(shop: Shop) -> None:
    facts = shop.facts()

    assert facts["subject"] == "A language model that says why and 2 more"
    assert facts["lint"] == []
    assert sum(octets for _, octets in facts["size"]["shares"]) == facts["size"]["html"] < facts["clip"] == 102_400
    assert facts["size"]["mail"] == len(shop.get("/source").encode())
    assert {"url": "http://localhost:8000/day/2026-11-20", "label": "read online", "times": 2} in facts["size"]["links"]
    assert "@media all" in shop.get("/mail", scheme="dark")
    assert "prefers-color-scheme: dark" not in shop.get("/mail", scheme="light")


def test_a_template_file_that_nothing_looks_for_is_named_among_the_findings(tmp_path: Path) -> None:
    with opened(tmp_path) as shop:
        shop.write_card(CARD.read_text("utf-8"))
        shop.card.rename(shop.card.with_name("cards.mjml.j2"))
        assert shop.facts()["lint"] == [
            {
                "where": "email/parts/cards.mjml.j2",
                "what": "Nothing looks for a file of this name",
                "cure": "Call it email/parts/card.mjml.j2.",
            }
        ]


def test_any_topic_reader_language_and_kind_can_be_chosen(shop: Shop) -> None:
    shop.desk("subscribers", "add", "ada@example.org", "--topic", "vision", "--locale", "de")

    assert json.loads(shop.get("/choices"))["readers"] == ["ada@example.org"]
    assert shop.facts(topic="vision")["subject"] == "Segmentation of everything at once and 1 more"
    assert "Sie erhalten diese E-Mail" in shop.facts(reader="ada@example.org")["text"]
    assert '<html lang="ar" dir="rtl"' in shop.get("/mail", reader="ada@example.org", locale="ar")
    assert shop.facts(kind="confirm", locale="fr")["subject"] == "Confirmez votre abonnement à Trending Papers"
    assert "is not a subscriber" in shop.facts(reader="nobody@example.org")["error"]["what"]
    assert '"yesterday-ish" is not a day' in shop.facts(day="yesterday-ish")["error"]["what"]
    assert shop.facts(day="2020-01-01")["silence"].startswith("The edition of 2020-01-01 has no papers")


def test_one_file_in_her_folder_is_shown_at_once_and_the_stamp_tells(shop: Shop) -> None:
    before = shop.get("/stamp")
    shop.write_card('<div class="c"><p>Mine: {{ card.title }}</p></div>')

    assert shop.get("/stamp") != before
    assert "Mine: A language model that says why" in shop.get("/mail")
    shop.card.unlink()
    assert "Mine:" not in shop.get("/mail")
    assert shop.get("/stamp") == before


def test_a_broken_template_is_shown_with_its_file_line_and_neighbours_and_comes_back_by_itself(shop: Shop) -> None:
    shop.write_card('<div class="c">\n<p>{{ card.titel }}</p>\n</div>')

    error = shop.facts()["error"]

    assert "email/parts/card.mjml.j2 line 2" in error["what"]
    assert (error["file"], error["line"]) == (str(shop.card), 2)
    assert [2, "<p>{{ card.titel }}</p>"] in error["lines"]
    shop.card.unlink()
    assert shop.facts()["error"] is None


def test_a_broken_configuration_is_shown_and_comes_back_by_itself(shop: Shop) -> None:
    path = shop.desk.folder / "config.toml"
    whole = path.read_text()
    path.write_text(whole + "\n[delivery]\nport = 'x'\n")

    assert "[delivery] port: must be a whole number" in shop.facts()["error"]["what"]
    assert json.loads(shop.get("/choices"))["topics"] == []
    path.write_text(whole)
    assert shop.facts()["error"] is None


def test_images_can_be_switched_off(shop: Shop) -> None:
    shop.write_card('<div class="c"><img src="data:image/gif;base64,R0=" alt="A plot" />{{ card.title }}</div>')

    assert "<img" in shop.get("/mail")
    off = shop.get("/mail", images="off")
    assert "<img" not in off
    assert ">A plot</span>" in off
    shop.card.unlink()


def test_a_test_is_sent_by_post_from_the_page_only_and_only_her_own_links_go_to_a_reader(shop: Shop) -> None:
    shop.desk("subscribers", "add", "eve@example.org")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        shop.send("ada@example.net", header="")
    assert shop.desk.mails == []

    assert shop.send("me@example.net", reader="eve@example.org") == "Sent to me@example.net."
    assert "no @" in shop.send("nonsense")

    (mail,) = shop.desk.mails
    hers = shop.get("/source", reader="eve@example.org")
    token = next(line for line in hers.split("\r\n") if line.startswith("List-Unsubscribe:")).split("/")[-1]
    assert "To: me@example.net" in mail.read_text()
    assert token not in mail.read_text()


def test_a_foreign_name_that_points_at_this_machine_is_refused(shop: Shop) -> None:
    with pytest.raises(urllib.error.HTTPError, match="421"):
        shop.get("/facts", host="evil.example")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        shop.get("/../config.toml")


def test_spamassassins_report_is_read(shop: Shop) -> None:
    report = (
        "X-Spam-Status: No, score=-0.3 required=5.0 tests=A,\n\tB autolearn=no\n\nbody\n"
        "Content analysis details:   (-0.3 points, 5.0 required)\n\n"
        " pts rule name              description\n---- ---------------------- ------\n"
        "-1.0 MAILING_LIST_MULTI     Multiple indicators imply a widely-seen list\n"
        "                            manager\n"
        " 0.7 HTML_FONT_LOW_CONTRAST BODY: HTML font color similar\n"
    )

    assert read_report(report) == {
        "score": -0.3,
        "required": 5.0,
        "rules": [
            [-1.0, "MAILING_LIST_MULTI", "Multiple indicators imply a widely-seen list manager"],
            [0.7, "HTML_FONT_LOW_CONTRAST", "BODY: HTML font color similar"],
        ],
    }
    assert read_report("nothing") == {"said": "SpamAssassin gave no score."}


@pytest.mark.skipif(shutil.which("spamassassin") is None, reason="SpamAssassin is not installed here")
def test_the_digest_is_no_spam_to_spamassassin(shop: Shop) -> None:
    found = spam_report(shop.get("/source").encode())

    assert found["score"] < found["required"], found  # type: ignore[operator]


@pytest.mark.browser
def test_in_the_browser_the_page_changes_by_itself_breaks_by_itself_and_mends_by_itself(tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no chromium on this machine to open the workshop in")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with opened(tmp_path) as shop, playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{shop.address}/?day={FRIDAY}")
        frame = page.frame_locator('iframe[title="light, 600 pixels"]')
        frame.locator("h3").first.wait_for()
        assert page.locator("iframe").count() == 6

        shop.write_card('<div class="c"><h3>Changed by hand: {{ card.title }}</h3></div>')
        frame.get_by_text("Changed by hand: A language model").wait_for(timeout=15_000)

        shop.write_card("<p>{{ card.titel }}</p>\n<p>below</p>")
        page.locator("#error h2").get_by_text("card.mjml.j2 line 1").wait_for(timeout=15_000)
        assert page.locator("#error .here").inner_text().strip() == "1  <p>{{ card.titel }}</p>"
        lines = [page.locator("#error .line").nth(n).bounding_box() or {} for n in (0, 1)]
        assert lines[0]["y"] + lines[0]["height"] <= lines[1]["y"]
        assert lines[1]["x"] == lines[0]["x"]  # below it, and not out of sight beside it

        shop.card.unlink()
        frame.get_by_text("A language model that says why").first.wait_for(timeout=15_000)
        assert page.locator("#error").is_hidden()
        page.get_by_role("tab", name="Links").click()
        page.get_by_role("link", name="http://localhost:8000/topic/vision").wait_for(timeout=15_000)
        page.locator("[name=locale]").select_option("zh")
        page.get_by_role("tab", name="Text").click()
        page.get_by_text("在线阅读").first.wait_for(timeout=15_000)
        asked: list[str] = []
        page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
        page.wait_for_timeout(700)  # the question that was under way
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_timeout(1_200)
        assert asked == []  # nobody looks
        page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(300)
        assert asked[:1] == [f"{shop.address}/stamp"]
        assert said == []
        browser.close()
