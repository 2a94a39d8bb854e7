"""Takes the pictures of the docs from a fresh demo: `make screenshots`, with Debian's chromium and playwright."""  # noqa: INP001 - a script, no package

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from newsletter import demo
from newsletter.cli.gallery import Gallery, handler_of
from newsletter.cli.workroom import Workroom
from newsletter.wiring import open_press

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

IMAGES = Path(__file__).parent / "images"
LIMIT = 250_000  # octets: a README is read on phones too
LANGUAGES = ("zh", "ar", "fr")


def main() -> None:
    """Each picture from the sample week, so that anybody makes the same ones."""
    IMAGES.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        report = demo.run(Path(folder) / "demo")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        digest(browser, report)
        with workshop_of(report.out / "config.toml") as address:
            workshop(browser, f"{address}/?day={report.days[1].day}")
            languages(browser, address, f"day={report.days[1].day}")
        browser.close()
    for picture in sorted(IMAGES.glob("*.png")):
        if (size := picture.stat().st_size) > LIMIT:
            sys.exit(f"{picture.name} has {size:,} octets, more than {LIMIT:,}: show less of the page.")


def digest(browser: Browser, report: demo.Report) -> None:
    """The 600 px digest of Tuesday in light colours, as the first reader got it, its first two topics."""
    scene = next(scene for scene in report.days[1].scenes if scene.mail is not None)
    page = browser.new_page(viewport={"width": 600, "height": 1000}, color_scheme="light", device_scale_factor=1.25)
    page.goto((report.out / "mails" / f"{scene.stem}.light.html").as_uri())
    end = page.locator("h2").nth(2).bounding_box() or {"y": 1000}  # above the third topic
    clip = {"x": 0, "y": 0, "width": 600, "height": end["y"] - 16}
    page.screenshot(path=IMAGES / "digest.png", clip=clip, full_page=True, animations="disabled")


def workshop(browser: Browser, address: str) -> None:
    """The template workshop with all widths."""
    page = browser.new_page(viewport={"width": 1400, "height": 820}, color_scheme="light")
    page.goto(address)
    page.frame_locator('iframe[title="light, 800 pixels"]').locator("h3").first.wait_for()
    page.wait_for_timeout(1000)  # until the frames have their heights
    page.screenshot(path=IMAGES / "workshop.png", animations="disabled")


def languages(browser: Browser, address: str, asked: str) -> None:
    """The same mail in three languages on a phone."""
    page = browser.new_page(viewport={"width": 1040, "height": 620}, color_scheme="light")
    frames = "".join(
        f'<iframe src="{address}/mail?{asked}&locale={code}" title="{code}" width="330" height="620"></iframe>'
        for code in LANGUAGES
    )
    style = "body{margin:0;display:flex;gap:16px;padding:0 9px;background:#d8d0c0}iframe{border:0}"
    page.set_content(f"<style>{style}</style>{frames}")
    for code in LANGUAGES:
        page.frame_locator(f'iframe[title="{code}"]').locator("h3").first.wait_for()
    page.screenshot(path=IMAGES / "languages.png", animations="disabled")


@contextmanager
def workshop_of(config: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler_of(Gallery(Workroom(config, open_press)))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


if __name__ == "__main__":
    main()
