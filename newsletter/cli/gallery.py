"""`preview --serve`: the mail at three widths, light and dark, side by side, again whenever a template changes."""

from __future__ import annotations

import html
import webbrowser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from newsletter.cli.frame import tell
from newsletter.config import load_config
from newsletter.errors import NewsletterError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from newsletter.config import Config
    from newsletter.press import Press
    from newsletter.stages.previewing import Preview

    Opener = Callable[[Config], AbstractContextManager[Press]]

WIDTHS = (320, 600, 800)


class Gallery:
    """Renders on request with everything read anew, so that an edited template or setting shows at once."""

    def __init__(self, render: Callable[[Press], Preview | None], config: Path | None, opener: Opener) -> None:
        self._render = render
        self._config = config
        self._open = opener

    def answer(self, path: str) -> tuple[str, str]:
        """(content type, body) of one page: `/`, `/light`, `/dark`, `/text`, `/stamp`."""
        if path == "/":
            return "text/html", _INDEX
        if path == "/stamp":
            return "text/plain", str(self._stamp())
        try:
            with self._open(load_config(self._config)) as press:
                found = self._render(press)
        except NewsletterError as error:
            return "text/plain", f"error: {error.what}\n{error.cure}"
        if found is None:
            return "text/plain", "The issue is empty; the terminal says why."
        if path == "/text":
            return "text/plain", f"Subject: {found.rendered.subject}\n\n{found.rendered.text}"
        return "text/html", _in_scheme(found.rendered.html, "dark" if path == "/dark" else "light")

    def _stamp(self) -> float:
        """When the newest template or the configuration was changed."""
        from newsletter.compose import default_template_folder

        config = load_config(self._config)
        folders = [default_template_folder()]
        if config.newsletter.templates:
            folders.append(config.locate(config.newsletter.templates))
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        return max((path.stat().st_mtime for path in files), default=0.0)


def serve_gallery(gallery: Gallery, port: int, *, open_browser: bool) -> None:
    """Serve until Ctrl-C, on this machine only."""
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler_of(gallery))
    except OSError as error:
        cure = "Choose another --port, or --port 0 for a free one."
        raise UsageError(f"Port {port} cannot be used: {error.strerror}.", cure=cure) from None
    with server:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        tell(f"preview at {address}, Ctrl-C ends it")
        if open_browser:
            webbrowser.open(address)
        server.serve_forever()


def handler_of(gallery: Gallery) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = gallery.answer(self.path.partition("?")[0])
            data = body.encode()
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing: the page asks every second."""

    return Handler


def _in_scheme(page: str, scheme: str) -> str:
    """The page as a reader with this colour scheme sees it: its own media query is decided beforehand."""
    always, never = "@media all", "@media not all"
    other = "light" if scheme == "dark" else "dark"
    page = page.replace(f"@media (prefers-color-scheme: {scheme})", always)
    page = page.replace(f"@media (prefers-color-scheme: {other})", never)
    return page.replace("<head>", f"<head><meta name='color-scheme' content='{scheme} only'>", 1)


def _frame(scheme: str, width: int) -> str:
    title = html.escape(f"{scheme}, {width} pixels")
    style = f"width:{width}px;height:900px;border:1px solid #888;background:{'#111' if scheme == 'dark' else '#fff'}"
    frame = f'<iframe src="/{scheme}" title="{title}" style="{style}"></iframe>'
    return f"<figure><figcaption>{title}</figcaption>{frame}</figure>"


_INDEX = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Preview</title>
<style>body{{font:14px sans-serif;margin:1rem;background:#ddd}}figure{{display:inline-block;margin:0 1rem 1rem 0}}
iframe{{display:block}}</style></head><body><h1>Preview</h1>
{"".join(_frame(scheme, width) for scheme in ("light", "dark") for width in WIDTHS)}
<figure><figcaption>text</figcaption>
<iframe src="/text" title="text" style="width:700px;height:900px;border:1px solid #888;background:#fff"></iframe>
</figure>
<script>let last;setInterval(async()=>{{try{{const now=await(await fetch("/stamp")).text();
if(last!==undefined&&now!==last)for(const f of document.querySelectorAll("iframe"))f.contentWindow.location.reload();
last=now}}catch{{}}}},1000)</script></body></html>
"""
