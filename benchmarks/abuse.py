"""What a stranger reaches: one victim's mails, links opened by scanners, forged links, and answers that tell nothing.

`python -m benchmarks.abuse`. All requests go over HTTP on loopback, to the application on a real database in a
temporary folder, with the sample week in it.
"""

from __future__ import annotations

import base64
import hashlib
import random
import re
import sqlite3
import string
import sys
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, get_args
from urllib.parse import urlencode

import numpy as np

from benchmarks.common import Row, options, report
from newsletter.model.subscriber import Subscriber
from newsletter.stages.cutting import cut_all
from newsletter.subscribe.links import Purpose, Signer
from newsletter.web.settings import WebSettings
from newsletter.web.stamps import Stamps
from tests.support.browsing import serving
from tests.support.website import Site, open_site, stamp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

HANDS = 8  # connections at once
DAYS = 5
SPELLINGS = ("victim@example.org", "VICTIM@Example.org", "v.i.ctim+papers@example.org", "victim+x{n}@example.org")
STATES = ("new", "pending", "active", "left", "expired", "bounced", "complained", "suppressed")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
KINDS: tuple[Purpose, ...] = ("confirm", "preferences", "unsubscribe", "feedback")
ALPHABET = string.ascii_letters + string.digits + "-_"
OPEN = WebSettings(
    trusted_proxies=("127.0.0.0/8",), answer_floor=timedelta(0), in_total=(10**9, timedelta(hours=1))
)  # the ceiling for all together is lifted, so that the limit of one address stands alone


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a stranger. `client` is who the trusted proxy says it is."""

    method: str
    path: str
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    client: str = "203.0.113.7"


@dataclass(frozen=True, slots=True)
class Seen:
    status: int
    body: bytes
    seconds: float


def main() -> None:
    given = options(__doc__ or "").parse_args()
    quick = given.quick
    with tempfile.TemporaryDirectory() as name:
        folder, rows = Path(name), list[Row]()
        parts: tuple[Callable[[], list[Row]], ...] = (
            lambda: flood(open_site(folder / "flood", settings=OPEN), 1000 if quick else 10_000),
            octets,
            lambda: forged(open_site(folder / "forged", settings=OPEN), 4 if quick else 1),
            lambda: answers(folder / "answers", 6 if quick else 60),
            lambda: scanners(open_site(folder / "scanners", settings=OPEN), 20 if quick else 1000, 2 if quick else 3),
        )
        for part in parts:
            found = part()
            for row in found:  # as they come: on a busy machine the whole takes half an hour
                sys.stderr.write(f"{row.measure}: {row.ours:g} {row.unit}\n")
            rows += found
    report(rows, given.json)


def flood(site: Site, count: int) -> list[Row]:
    """Sign-ups for one victim through every entrance, from as many networks, over five days; and the mails sent."""
    readers = [site.press.subscribers.add(Subscriber(email=f"r{n}@example.org")) for n in range(20)]
    pages = [f"/preferences/{site.press.signer.sign('preferences', one.id, 0)}" for one in readers if one]
    mails: list[int] = []
    statuses: Counter[int] = Counter()
    with serving(site.app) as base:
        for day in range(DAYS):
            stamp = stamp_of(call(base, [Call("GET", "/subscribe")])[0].body.decode())
            site.clock.move(timedelta(seconds=9))
            some = range(day * count // DAYS, (day + 1) * count // DAYS)
            statuses.update(one.status for one in call(base, [entrance(n, stamp, pages) for n in some]))
            mails.append(sum("victim" in to_line(mail).replace(".", "") for mail in site.send()))
            site.clock.move(timedelta(hours=25))
    site.store.close()
    taken = sum(many for status, many in statuses.items() if status in (200, 202))
    return [
        Row(f"{count:,} sign-ups for one victim: answered as accepted", taken, "answers"),
        Row("mails to the victim on the first day", mails[0], "mails", goal=1, met=mails[0] <= 1),
        Row("mails to the victim in all", sum(mails), "mails", goal=3, met=sum(mails) <= 3),
    ]


def entrance(n: int, stamp: str, pages: Sequence[str]) -> Call:
    """The nth try: form with a stamp, bare form, API, "send me my link", change of address; IPv4 and IPv6 networks."""
    email = SPELLINGS[n % 4].format(n=n)
    client = f"{10 + n // 60_000}.{n // 250 % 250}.{n % 250}.9" if n % 3 else f"2001:db8:{n:x}::9"
    match n % 5:
        case 0:
            return Call("POST", "/subscribe", urlencode({"email": email, "stamp": stamp}), (*FORM.items(),), client)
        case 1:
            return Call("POST", "/subscribe", urlencode({"email": email}), (*FORM.items(),), client)
        case 2:
            body = f'{{"email": "{email}"}}'
            return Call("POST", "/api/v1/subscriptions", body, (*JSON.items(),), client)
        case 3:
            return Call("POST", "/link", urlencode({"email": email}), (*FORM.items(),), client)
        case _:
            form = urlencode({"action": "address", "email": email})
            return Call("POST", pages[n % len(pages)], form, (*FORM.items(),), client)


def octets() -> list[Row]:
    """Each octet of a token of every purpose set to each other value, cut short and made longer, as the program reads
    it; the same for a form's stamp, letter by letter.
    """
    now, signer, stamps = datetime(2026, 11, 26, tzinfo=UTC), Signer(["one-secret"]), Stamps("one-secret")
    tried = accepted = 0
    for purpose in get_args(Purpose):
        token = signer.sign(purpose, 7, 1, extra="x", expires=now + timedelta(days=1))
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        wrong = [
            raw[:place] + bytes([value]) + raw[place + 1 :]
            for place in range(len(raw))
            for value in range(256)
            if value != raw[place]
        ]
        spelt = [base64.urlsafe_b64encode(one).decode().rstrip("=") for one in wrong]
        spelt += [token[:n] for n in range(len(token))] + [token + letter for letter in ALPHABET + "=."]
        others = [one for one in get_args(Purpose) if one != purpose]
        tried += len(spelt) + len(others)
        accepted += sum(signer.read(purpose, one, now) is not None for one in spelt)
        accepted += sum(signer.read(other, token, now) is not None for other in others)
    stamp, later = stamps.stamp(now), now + timedelta(minutes=1)
    forms = [one for one in changed(stamp) if one != stamp]
    tried, accepted = tried + len(forms), accepted + sum(stamps.fresh(one, later) for one in forms)
    return [Row(f"{tried:,} wrong tokens of every purpose: accepted", accepted, "tokens", goal=0, met=not accepted)]


def forged(site: Site, step: int) -> list[Row]:
    """Every character of each kind of link replaced by every other one; nothing may be accepted or change."""
    who = site.press.subscribers.add(Subscriber(email="ada@example.org"))
    asks = site.press.subscribers.add(Subscriber(email="eve@example.org", status="pending"))
    assert who is not None
    assert asks is not None
    before = dump(site)
    calls = []
    for kind in KINDS:
        token = site.press.signer.sign(kind, asks.id if kind == "confirm" else who.id, 0)
        bodies = {"preferences": "action=leave", "feedback": "paper=2511.12609&choice=more"}
        calls += [
            Call("POST", f"/{kind}/{one}", bodies.get(kind, ""), (*FORM.items(),)) for one in changed(token)[::step]
        ]
    with serving(site.app) as base:
        seen = call(base, calls)
    accepted = sum(one.status != 404 for one in seen)
    after = dump(site)
    site.store.close()
    return [
        Row(f"{len(seen):,} links with one wrong character: accepted", accepted, "links", goal=0, met=accepted == 0),
        Row("database changed by them", float(before != after), "", goal=0, met=before == after),
    ]


def changed(token: str) -> list[str]:
    return [
        token[:place] + letter + token[place + 1 :]
        for place in range(len(token))
        for letter in ALPHABET
        if letter != token[place]
    ]


def answers(folder: Path, samples: int) -> list[Row]:
    """For addresses of every standing: how many different pages, and how well time tells a new one from the others.

    A stranger who guesses by time is right in `AUC` of the pairs: 0.5 is a coin (Mann and Whitney 1947).
    """
    site = open_site(folder, settings=replace(OPEN, answer_floor=WebSettings().answer_floor))
    mover = site.press.subscribers.add(Subscriber(email="mover@example.org"))
    assert mover is not None
    page = f"/preferences/{site.press.signer.sign('preferences', mover.id, 0)}"
    ways: dict[str, Callable[[str], Call]] = {
        "form": lambda email: Call("POST", "/subscribe", urlencode({"email": email}), (*FORM.items(),)),
        "API": lambda email: Call("POST", "/api/v1/subscriptions", f'{{"email": "{email}"}}', (*JSON.items(),)),
        "link": lambda email: Call("POST", "/link", urlencode({"email": email}), (*FORM.items(),)),
        "new address": lambda email: Call(
            "POST", page, urlencode({"action": "address", "email": email}), (*FORM.items(),)
        ),
    }
    plan = [(way, state, n) for way in ways for state in STATES for n in range(samples)]
    random.Random(4).shuffle(plan)
    emails = [f"{state}-{way.replace(' ', '')}-{n}@example.org" for way, state, n in plan]
    for email, (_, state, _) in zip(emails, plan, strict=True):
        make(site, email, state)
    with serving(site.app) as base:
        calls = [
            replace(ways[way](email), client=f"10.{n // 250}.{n % 250}.1")
            for n, (email, (way, _, _)) in enumerate(zip(emails, plan, strict=True))
        ]
        seen = call(base, calls)
    site.store.close()
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    told: dict[str, set[tuple[int, bytes]]] = defaultdict(set)
    for (way, state, _), email, one in zip(plan, emails, seen, strict=True):
        times[way, state].append(one.seconds)
        told[way].add((one.status, one.body.replace(email.encode(), b"ADDRESS")))
    rows = []
    for way in ways:
        worst = max((auc(times[way, "new"], times[way, state]) for state in STATES[1:]), key=lambda x: abs(x - 0.5))
        rows.append(Row(f"{way}: different answers, {len(STATES)} standings", len(told[way]), "answers", goal=1))
        rows.append(Row(f"{way}: time tells new from known, worst AUC of {samples}", worst, ""))
    return [replace(row, met=row.ours <= 1) if row.goal else row for row in rows]


def make(site: Site, email: str, state: str) -> None:
    if state == "suppressed":
        site.press.subscribers.suppress(email, "asked", at=site.clock.now())
    elif state != "new":
        site.press.subscribers.add(Subscriber(email=email, status=state))  # type: ignore[arg-type] # of STATES


def auc(one: Sequence[float], other: Sequence[float]) -> float:
    a, b = np.array(one)[:, None], np.array(other)[None, :]
    return float((a > b).mean() + (a == b).mean() / 2)


def scanners(site: Site, readers: int, thorough: int) -> list[Row]:
    """Every link of a thousand digests opened by GET and HEAD: each by one of a hundred scanners, some by all."""
    people = (Subscriber(email=f"r{n}@example.org") for n in range(readers))
    for _ in site.press.subscribers.add_many(people):
        pass
    for _ in cut_all(site.press, site.clock.now(), day=site.clock.now().date()):
        pass
    site.send()
    mails = sorted((site.folder / "outbox").rglob("*.eml"))
    found = [links_of(path) for path in mails]
    visits = [(link, n) for n, links in enumerate(found) for link in links]
    visits += [(link, n) for links in found[:thorough] for link in links for n in range(100)]
    calls = [
        Call(method, link, headers=(("User-Agent", f"Scanner/{n % 100}"), ("Sec-Purpose", "prefetch")))
        for link, n in visits
        for method in ("GET", "HEAD")
    ]
    before, start = dump(site), time.perf_counter()
    with serving(site.app) as base:
        wrong = sum(one.status != 200 for one in call(base, calls, keep=False))
    took, after = time.perf_counter() - start, dump(site)
    site.store.close()
    return [
        Row(f"{len(calls):,} GET and HEAD over the links of {len(mails):,} mails: not 200", wrong, "answers"),
        Row("rows of the whole database changed by them", float(before != after), "", goal=0, met=before == after),
        Row("scanners answered", len(calls) / took, "requests/s"),
    ]


def links_of(mail: Path) -> list[str]:
    """The paths of all links to ourselves, in the text and in the HTML, and of List-Unsubscribe."""
    parsed = message_from_bytes(mail.read_bytes(), policy=policy.default)
    texts = [str(parsed["List-Unsubscribe"])]
    texts += [part.get_content() for part in parsed.walk() if part.get_content_maintype() == "text"]
    found = re.findall(r"http://localhost:8000(/[^\s\"'<>)]*)", " ".join(texts).replace("&amp;", "&"))
    return sorted(set(found))


def to_line(mail: str) -> str:
    return next(line for line in mail.splitlines() if line.startswith("To: ")).lower()


def dump(site: Site) -> str:
    """A hash of every row of every table."""
    with closing(sqlite3.connect(site.folder / "subscribers.db")) as line:
        return hashlib.sha256("\n".join(line.iterdump()).encode()).hexdigest()


def call(base: str, calls: Iterable[Call], *, keep: bool = True) -> list[Seen]:
    """The answers in order, over a few connections that stay open."""
    port = int(base.rpartition(":")[2])
    every = list(calls)

    def hand(first: int) -> list[Seen]:
        line = HTTPConnection("127.0.0.1", port, timeout=60)
        seen = []
        for one in every[first::HANDS]:
            headers = {**dict(one.headers), "X-Forwarded-For": one.client}
            start = time.perf_counter()
            line.request(one.method, one.path, one.body or None, headers)
            answer = line.getresponse()
            body = answer.read()
            seen.append(Seen(answer.status, body if keep else b"", time.perf_counter() - start))
        line.close()
        return seen

    with ThreadPoolExecutor(HANDS) as pool:
        parts = list(pool.map(hand, range(HANDS)))
    return [parts[n % HANDS][n // HANDS] for n in range(len(every))]


if __name__ == "__main__":
    main()
