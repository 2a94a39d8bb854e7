"""What an operator may set about the web pages, with defaults that suit one small machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Limits are (how many, in which time). Empty secrets switch their entrance off."""

    operator_password: str = field(default="", repr=False)  # an argon2 hash; "" means no operator page
    operator_token: str = field(default="", repr=False)  # for the API: `Authorization: Bearer ...`
    trusted_proxies: tuple[str, ...] = ()  # networks whose X-Forwarded-For is believed
    per_client: tuple[int, timedelta] = (40, timedelta(minutes=10))
    per_client_bare: tuple[int, timedelta] = (10, timedelta(hours=1))  # forms without a fresh time token
    in_total: tuple[int, timedelta] = (2000, timedelta(hours=1))
    per_address: tuple[int, timedelta] = (1, timedelta(hours=24))
    per_address_ever: tuple[int, timedelta] = (3, timedelta(days=3650))
    per_way_back: tuple[tuple[int, timedelta], ...] = (  # behind her own link: none of a stranger's doing counts here
        (1, timedelta(minutes=5)),
        (3, timedelta(hours=24)),
        (10, timedelta(days=30)),  # counted anew once she confirms
    )
    confirm_within: timedelta = timedelta(days=7)
    answer_floor: timedelta = timedelta(milliseconds=250)  # answers about an address take this long, or a multiple
    body_limit: int = 64 * 1024
    body_time_limit: timedelta = timedelta(seconds=10)
    queue_time_limit: timedelta = timedelta(seconds=5)  # that a form waits for its turn while the database is locked
    login_tries: tuple[int, timedelta] = (5, timedelta(minutes=15))
    session: timedelta = timedelta(hours=12)
    hooks: HookSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSettings:
    """How each provider's reports are verified; a provider with an empty secret is answered 404."""

    ses_topics: tuple[str, ...] = ()  # allowed SNS topic ARNs
    mailgun_key: str = field(default="", repr=False)
    postmark_login: str = field(default="", repr=False)  # "user:password" of the hook's Basic auth
    sendgrid_key: str = field(default="", repr=False)  # the public key, base64 of DER
    fetch: Callable[[str], bytes] | None = None  # reads an SNS certificate or confirms a subscription
