"""The digest in a real browser: narrow and wide, light and dark, read by axe, and not one request goes out."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.composing import ADA, by_id, card, composer, issue, links

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser

# Landmarks are for pages: a mail is an article inside a mail client's page.
_NOT_FOR_MAIL = {"region", "landmark-one-main", "page-has-heading-one"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no chromium on this machine to open the mail in")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


def digest() -> str:
    full = card(
        1,
        title="A very long title with a_very_long_word_that_does_not_end_before_the_screen_of_a_small_phone_does",
        summary="A summary.",
        summary_by="Hugging Face",
        code_url="https://code.example/1",
        withdrawn=True,
    )
    return (
        composer()
        .render(
            ADA,
            issue(("language", [full, card(2)]), ("vision", [card(3)]), more=3),
            by_id(full, card(2), card(3)),
            links(),
        )
        .html
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_digest_reads_well_at_every_width_and_asks_nothing_of_the_network(browser: Any, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    for width in (320, 600, 800):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.route("**/*", lambda route: route.abort())
        page.set_content(digest())

        found = axe.run(page).response["violations"]

        assert [one["id"] for one in found if one["id"] not in _NOT_FOR_MAIL] == []
        assert asked == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        context.close()


def test_in_the_dark_the_page_is_dark_and_the_text_is_light(browser: Any) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.set_content(digest())
    colour = "element => getComputedStyle(element).{}"

    assert page.locator(".sheet").first.evaluate(colour.format("backgroundColor")) == "rgb(27, 25, 23)"
    assert page.locator(".t a").first.evaluate(colour.format("color")) == "rgb(236, 230, 218)"
    assert page.locator(".under table").first.evaluate(colour.format("backgroundColor")) == "rgb(18, 17, 15)"
    context.close()
