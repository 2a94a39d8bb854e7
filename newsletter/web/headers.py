"""The headers that every answer wears, and those of pages that hold a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; frame-src 'self'"
)
CSP_PRIVATE = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def dress(response: Response, *, private: bool, cache: int = 0, https: bool = False) -> Response:
    """Set the security headers; a header that the handler set itself stays.

    `private` answers are kept by nobody, indexed by nobody and send no referrer (facts: token pages).
    """
    fixed = {
        "Content-Security-Policy": CSP_PRIVATE if private else CSP,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
        "Referrer-Policy": "no-referrer" if private else "strict-origin-when-cross-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if https:
        fixed["Strict-Transport-Security"] = "max-age=31536000"
    if private:
        fixed |= {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
    elif cache and response.status_code in (200, 304):
        fixed["Cache-Control"] = f"public, max-age={cache}"
    else:
        fixed["Cache-Control"] = "no-cache"
    for name, value in fixed.items():
        response.headers.setdefault(name, value)
    return response
