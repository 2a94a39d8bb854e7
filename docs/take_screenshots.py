"""Takes the pictures of the docs from a fresh demo: `make screenshots`, with Debian's chromium and playwright."""  # noqa: INP001 - a script, no package

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from newsletter import demo

IMAGES = Path(__file__).parent / "images"
LIMIT = 250_000  # octets: a README is read on phones too


def main() -> None:
    """The 600 px digest of Tuesday in light colours, as the first reader got it, down to the third paper."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        report = demo.run(Path(folder) / "demo")
        scene = next(scene for scene in report.days[1].scenes if scene.mail is not None)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 600, "height": 1000}, color_scheme="light", device_scale_factor=1.25)
        page.goto((report.out / "mails" / f"{scene.stem}.light.html").as_uri())
        IMAGES.mkdir(exist_ok=True)
        end = page.locator("h3").nth(3).bounding_box() or {"y": 1000}  # above the fourth paper
        clip = {"x": 0, "y": 0, "width": 600, "height": end["y"] - 24}
        picture = page.screenshot(path=IMAGES / "digest.png", clip=clip, full_page=True, animations="disabled")
        browser.close()
    if len(picture) > LIMIT:
        sys.exit(f"docs/images/digest.png has {len(picture):,} octets, more than {LIMIT:,}: show less of the page.")


if __name__ == "__main__":
    main()
