"""Draws the picture that a shared link shows, `templates/web/card.png`: `python -m tests.support.social_card`."""

from __future__ import annotations

from tests.support.browsing import ARGUMENTS, CHROMIUM

WIDTH, HEIGHT = 1200, 630  # what Open Graph readers show whole
PICTURE = """<!doctype html><meta charset="utf-8"><style>
* { margin: 0; box-sizing: border-box }
body { width: 1200px; height: 630px; background: #fffdf8; color: #211d18; padding: 84px 90px; position: relative;
  font: 400 34px/1.4 sans-serif; overflow: hidden }
h1 { font: 600 92px/1.08 "Noto Serif", "DejaVu Serif", serif; margin-top: 46px; letter-spacing: -2px }
p { color: #5f574d; margin-top: 30px }
svg { display: block }
.line { position: absolute; left: 0; right: 0; bottom: 0 }
</style>
<svg viewBox="5 2 14 20" width="70" height="100"><path fill="#8c2b12" d="M5 2h10l4 4v16H5z"/>
<path fill="none" stroke="#fffdf8" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"
 d="M8 17l3-4 2 2 4-6"/></svg>
<h1>Trending papers,<br>once a day</h1>
<p>Picked by topic, each with the reason why</p>
<svg class="line" viewBox="0 0 1200 240" width="1200" height="240">
<path fill="#8c2b12" opacity=".10" d="M0 240V205L170 190 330 198 480 150 640 160 800 96 940 108 1080 40 1200 20V240z"/>
<path fill="none" stroke="#8c2b12" stroke-width="6" stroke-linejoin="round"
 d="M0 205L170 190 330 198 480 150 640 160 800 96 940 108 1080 40 1200 20"/></svg>"""


def main() -> None:
    from playwright.sync_api import sync_playwright

    from newsletter.compose import default_template_folder

    with sync_playwright() as machine:
        browser = machine.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_content(PICTURE)
        page.screenshot(path=default_template_folder() / "web" / "card.png")
        browser.close()


if __name__ == "__main__":
    main()
