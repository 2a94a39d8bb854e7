"""How many mails at once one mailbox provider is sent: a pure decider of additive increase, multiplicative decrease."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from newsletter.model.mail import Deferred, Delivered
from newsletter.send.verdict import cause_of

if TYPE_CHECKING:
    from newsletter.model.mail import Outcome

Signal = Literal["taken", "busy", "rate", "greylist", "relay", "other"]

STOP = 600.0  # seconds without a mail after a rate limit; Gmail asks for ten minutes after 4.7.28
STEP = 300.0  # and then one more at a time for each so many clean seconds
COOL = 300.0  # after a wave of greylisting
FIRST_REST, LONGEST_REST = 2.0, 60.0  # seconds after "too fast" from the relay itself, doubled each time
RECENT, WAVE = 20, 6  # greylisting is a wave when 30 % of the last answers were that

# Addresses of one provider under several domains; what is not here is a provider of its own.
_SAME = {
    "gmail.com": ("googlemail.com",),
    "outlook.com": ("hotmail.com", "live.com", "msn.com", "hotmail.co.uk", "hotmail.fr", "hotmail.de", "outlook.de"),
    "yahoo.com": ("ymail.com", "rocketmail.com", "aol.com", "yahoo.co.uk", "yahoo.fr", "yahoo.de", "yahoo.co.jp"),
    "icloud.com": ("me.com", "mac.com"),
    "gmx.net": ("gmx.de", "gmx.at", "gmx.ch", "web.de"),
    "proton.me": ("protonmail.com", "pm.me"),
    "qq.com": ("foxmail.com", "vip.qq.com"),
    "163.com": ("126.com", "yeah.net"),
    "mail.ru": ("bk.ru", "list.ru", "inbox.ru"),
    "yandex.ru": ("yandex.com", "ya.ru"),
}
_PROVIDERS = {domain: provider for provider, domains in _SAME.items() for domain in domains}


def provider_of(domain: str) -> str:
    """The provider of a recipient's domain (lower case): "gmail.com" for googlemail.com too."""
    return _PROVIDERS.get(domain, domain)


@dataclass(frozen=True, slots=True)
class Lane:
    """What one provider is sent at once. Times are seconds of one clock.

    `limit` in 1..most. `deaf`: answers to come of mails that left before the last cut, which say nothing new.
    `slow`: after a rate limit, `limit` grows by clean time and not by mails.
    """

    most: float
    limit: float
    not_before: float = 0.0
    slow: bool = False
    raised: float = 0.0
    deaf: int = 0
    rest: float = FIRST_REST
    recent: tuple[bool, ...] = ()

    def may_go(self, flying: int, now: float) -> bool:
        """Whether one more may leave while `flying` are under way."""
        return now >= self.not_before and flying < max(1, int(self.limit))

    def is_free(self, now: float) -> bool:
        """Whether nothing is left of what was learned: the lane may be forgotten."""
        return self.limit >= self.most and not self.slow and now >= self.not_before and not any(self.recent)


def heard(lane: Lane, signal: Signal, *, now: float, flying: int) -> Lane:
    """The lane after one answer; `flying`: how many others are still under way.

    The rules of congestion control (RFC 5681 3.1: up by one a round trip, down by half, once a round trip), and the
    pauses that mailbox providers ask for.
    """
    if signal in {"taken", "greylist"}:
        lane = replace(lane, recent=(*lane.recent, signal == "greylist")[-RECENT:])
    if signal == "taken":
        return _up(lane, now)
    if signal == "rate":
        return replace(
            lane, limit=1.0, not_before=now + STOP, slow=True, raised=now + STOP, deaf=flying, rest=FIRST_REST
        )
    if lane.deaf > 0 and signal != "other":
        return replace(lane, deaf=lane.deaf - 1)
    if signal == "busy":
        return _halved(lane, flying)
    if signal == "relay":
        rest = min(lane.rest, LONGEST_REST)
        return replace(_halved(lane, flying), not_before=max(lane.not_before, now + rest), rest=rest * 2)
    if signal == "greylist" and sum(lane.recent) >= WAVE:
        return replace(_halved(lane, flying), not_before=max(lane.not_before, now + COOL), recent=())
    return lane


def _up(lane: Lane, now: float) -> Lane:
    deaf = max(0, lane.deaf - 1)
    if not lane.slow:
        return replace(lane, limit=min(lane.most, lane.limit + 1 / lane.limit), deaf=deaf, rest=FIRST_REST)
    if now - lane.raised < STEP:
        return replace(lane, deaf=deaf)
    limit = min(lane.most, lane.limit + 1)
    return replace(lane, limit=limit, raised=now, slow=limit < lane.most, deaf=deaf)


def _halved(lane: Lane, flying: int) -> Lane:
    return replace(lane, limit=max(1.0, min(lane.limit, flying + 1) / 2), deaf=flying)


def signal_of(outcome: Outcome) -> Signal:
    """What an outcome says of our pace. "relay": the next hop itself finds us too fast (454, as Amazon SES says)."""
    if isinstance(outcome, Delivered):
        return "taken"
    if not isinstance(outcome, Deferred) or not outcome.reply.code:
        return "other"
    reply = outcome.reply
    if reply.code == 454:
        return "relay"
    cause = cause_of("rcpt", reply)
    if cause == "rate":
        return "rate"
    if cause == "busy" or reply.code == 421:
        return "busy"
    return "greylist" if cause == "greylist" else "other"
