"""The operator's login: an argon2 hash in the configuration, sessions in the database, CSRF tokens, a lockout."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from starlette.responses import Response

from newsletter.web.ask import prefix_of

if TYPE_CHECKING:
    from newsletter.web.ask import Ask
    from newsletter.web.desk import Desk, Handler

COOKIE = "operator"
SESSION = "session"
LONGEST_PASSWORD = 1024


def login(desk: Desk, ask: Ask) -> Response:
    """`/operator/login`: a wrong password costs one of five tries in a quarter of an hour, per network."""
    if not desk.settings.operator_password:
        return _not_set_up(desk)
    if ask.method != "POST":
        return _form(desk)
    many, window = desk.settings.login_tries
    key = f"login:{prefix_of(ask.client)}"
    asks = [(key, many, window), ("login", many * 10, window)]
    if desk.limits.take(asks, now=desk.now()) is not None:
        response = _form(desk, "Too many tries. Wait a quarter of an hour.", status=429)
        response.headers["Retry-After"] = str(int(window.total_seconds()))
        return response
    if not _right(desk.settings.operator_password, ask.first("password")):
        return _form(desk, "This is not the password.", status=403)
    desk.limits.clear(key)
    token = secrets.token_urlsafe(32)
    now = desk.now()
    desk.records.put(SESSION, _key(token), now.isoformat(), until=now + desk.settings.session)
    response = Response(status_code=303, headers={"Location": "/operator"})
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(desk.settings.session.total_seconds()),
        path="/operator",
        httponly=True,
        samesite="strict",
        secure=desk.secure,
    )
    return response


def logout(desk: Desk, ask: Ask) -> Response:
    token = ask.cookies.get(COOKIE, "")
    if token:
        desk.records.drop(SESSION, _key(token))
    response = Response(status_code=303, headers={"Location": "/operator/login"})
    response.delete_cookie(COOKIE, path="/operator", httponly=True, samesite="strict", secure=desk.secure)
    return response


def guarded(handler: Handler) -> Handler:
    """The handler for whoever is logged in; a POST must carry the session's CSRF token."""

    def answer(desk: Desk, ask: Ask) -> Response:
        token = ask.cookies.get(COOKIE, "")
        if not token or desk.records.get(SESSION, _key(token), now=desk.now()) is None:
            return _not_set_up(desk) if not desk.settings.operator_password else _form(desk, status=401)
        if ask.method == "POST" and not hmac.compare_digest(
            ask.first("csrf").encode(), desk.stamps.csrf(token).encode()
        ):
            return desk.lost("This form is out of date. Go back and load the page again.", status=403, title="Not done")
        return handler(desk, ask)

    return answer


def page(desk: Desk, ask: Ask, name: str, **values: Any) -> Response:
    """An operator's page, with the token that its forms need."""
    csrf = desk.stamps.csrf(ask.cookies.get(COOKIE, ""))
    return desk.page(f"operator/{name}", csrf=csrf, private=True, signup=False, scripts=False, **values)


def _right(known: str, given: str) -> bool:
    if len(given) > LONGEST_PASSWORD:
        return False
    try:
        return PasswordHasher().verify(known, given)
    except (Argon2Error, InvalidHashError):
        return False


def _key(token: str) -> str:
    """Sessions are stored by hash: who reads the database cannot log in."""
    return hashlib.sha256(token.encode()).hexdigest()


def _form(desk: Desk, problem: str = "", *, status: int = 200) -> Response:
    return desk.page(
        "operator/login.html.j2", status=status, problem=problem, private=True, signup=False, scripts=False
    )


def _not_set_up(desk: Desk) -> Response:
    return desk.lost(
        "The operator's page is off: no password is set. See docs/web.md.", title="There is no operator's page"
    )
