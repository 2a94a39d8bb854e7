"""Double opt-in: nothing is mailed that nobody agreed to, and no answer tells who is known."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from newsletter.model.subscriber import Subscriber
from newsletter.tend import tend
from tests.support.website import link_in, stamp_of

if TYPE_CHECKING:
    from tests.support.website import Site

VICTIM = "ada@example.org"


def sign_up(site: Site, email: str = VICTIM, client: str = "203.0.113.7", **more: str) -> tuple[int, str]:
    browser = site.client(client)
    stamp = stamp_of(browser.get("/subscribe").text)
    site.clock.move(timedelta(seconds=5))
    answer = browser.post("/subscribe", data={"email": email, "stamp": stamp, **more})
    return answer.status_code, answer.text


def confirm(site: Site, mail: str) -> str:
    path = link_in(mail, "confirm")
    answer = site.client().post(path)
    assert answer.status_code == 200
    return path


def reader(site: Site, email: str = VICTIM) -> Subscriber:
    found = site.press.subscribers.by_email(email)
    assert found is not None
    return found


def test_a_reader_signs_up_confirms_and_keeps_the_proof_of_both(site: Site) -> None:
    status, page = sign_up(site, topics="vision", cadence="weekly", send_hour="6", timezone="Europe/Berlin")

    assert (status, "Look into your inbox" in page) == (200, True)
    asked = reader(site)
    assert (asked.status, asked.topics, asked.cadence, asked.send_hour, asked.timezone) == (
        "pending",
        ("vision",),
        "weekly",
        6,
        "Europe/Berlin",
    )
    (mail,) = site.send()
    assert "To: ada@example.org" in mail
    shown = site.client().get(link_in(mail, "confirm"))
    assert ("Yes, subscribe me" in shown.text, reader(site).status) == (True, "pending")

    confirm(site, mail)

    agreed = reader(site)
    assert agreed.status == "active"
    assert agreed.consent == ("sign-up page, web form v1, asked 2025-11-21T12:00:05Z, confirmed 2025-11-21T12:00:05Z")
    (welcome,) = site.send()
    assert link_in(welcome, "preferences")


def test_confirming_twice_says_the_same_and_mails_once(site: Site) -> None:
    sign_up(site)
    (mail,) = site.send()
    path = confirm(site, mail)
    assert len(site.send()) == 1

    again = site.client().post(path)

    assert (again.status_code, "You are in" in again.text, site.send()) == (200, True, [])


def test_new_pending_active_left_and_suppressed_addresses_get_the_same_bytes(site: Site) -> None:
    people, now = site.press.subscribers, site.clock.now()
    for name, status in [("pending", "pending"), ("active", "active"), ("left", "left"), ("bounced", "bounced")]:
        people.add(Subscriber(email=f"{name}@example.org", status=status))  # type: ignore[arg-type]
    people.suppress("gone@example.org", "asked", at=now)

    answers = {
        sign_up(site, f"{name}@example.org", f"198.51.{place}.1")
        for place, name in enumerate(["new", "pending", "active", "left", "bounced", "gone"])
    }

    assert len(answers) == 1
    kinds = sorted(line for mail in site.send() for line in mail.splitlines() if line.startswith("To: "))
    assert kinds == [f"To: {name}@example.org" for name in ("active", "left", "new", "pending")]


def test_an_address_that_is_none_is_told_so_and_nothing_is_kept(site: Site) -> None:
    for wrong in ["", "ada", "a@b", "ada@example.org\r\nBcc: eve@example.org", "ada@example.org, eve@example.org"]:
        status, page = sign_up(site, wrong)
        assert (status, 'role="alert"' in page) == (400, True), wrong

    assert (site.press.subscribers.counts(), site.send()) == ({}, [])


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("topics", "nope", "This topic is not offered here."),
        ("cadence", "hourly", "Choose how often from the list."),
        ("send_hour", "99", "Choose an hour from 0 to 23."),
        ("timezone", "Berlin", "This time zone is not known here."),
    ],
)
def test_a_choice_that_is_not_offered_is_named_and_nothing_is_kept(
    site: Site, name: str, value: str, told: str
) -> None:
    status, page = sign_up(site, **{name: value})

    assert (status, told in page, site.press.subscribers.counts(), site.send()) == (400, True, {}, [])


def test_a_victim_whose_address_is_typed_everywhere_gets_three_mails_in_all(site: Site) -> None:
    mails = 0
    for day in range(5):
        for place in range(12):
            client = site.client(f"10.{day}.{place}.9")
            variant = ["ada@example.org", "ADA@example.org", "a.d.a+x@example.org", "ada+news@example.org"][place % 4]
            client.post("/subscribe", data={"email": variant})
            client.post("/api/v1/subscriptions", json={"email": variant})
            client.post("/link", data={"email": variant})
        mails += len([mail for mail in site.send() if "a@example.org" in mail.lower()])
        site.clock.move(timedelta(hours=25))

    assert mails == 3


def test_one_network_is_told_to_wait_while_others_may_sign_up(site: Site) -> None:
    browser = site.client("203.0.113.50")
    answers = [browser.post("/subscribe", data={"email": f"r{n}@example.org"}) for n in range(12)]

    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
    assert answers[-1].headers["retry-after"] == "3600"
    neighbour = site.client("203.0.113.99").post("/subscribe", data={"email": "x@example.org"})
    elsewhere = site.client("198.51.100.1").post("/subscribe", data={"email": "x@example.org"})
    assert (neighbour.status_code, elsewhere.status_code) == (429, 200)


def test_a_robot_that_fills_the_trap_is_thanked_and_forgotten(site: Site) -> None:
    status, page = sign_up(site, website="https://spam.example")

    assert (status, "Look into your inbox" in page) == (200, True)
    assert (site.press.subscribers.counts(), site.send()) == ({}, [])


def test_the_mail_holds_nothing_that_the_person_who_typed_the_address_chose(site: Site) -> None:
    sign_up(site, timezone="Buy/Pills", cadence="BUY PILLS", name="Buy pills at evil.example")
    assert site.send() == []
    sign_up(site, topics="vision", name="Buy pills at evil.example", text="Buy pills")

    (mail,) = site.send()

    assert "pills" not in mail.lower()
    assert "evil" not in mail


def test_leaving_by_one_click_needs_no_cookie_may_be_repeated_and_is_never_refused(site: Site) -> None:
    sign_up(site)
    confirm(site, site.send()[0])
    path = link_in(site.send()[0], "unsubscribe")
    for _ in range(60):  # the sign-up limit of this network is used up
        site.client().post("/subscribe", data={"email": "b@example.org"})

    shown = site.client().get(path)
    assert (shown.status_code, reader(site).status) == (200, "active")
    body = {"List-Unsubscribe": "One-Click"}
    answers = [
        site.client().post(path, data=body, headers={"Origin": "https://mail.example"}),
        site.client().post(path, files={"List-Unsubscribe": (None, "One-Click")}),
        site.client().post(path, content=b"", headers={"Content-Type": "text/plain"}),
    ]

    assert [(one.status_code, "location" in one.headers, "set-cookie" in one.headers) for one in answers] == [
        (200, False, False)
    ] * 3
    assert reader(site).status == "left"


def test_a_confirmation_from_before_leaving_does_not_bring_a_reader_back(site: Site) -> None:
    sign_up(site)
    old = confirm(site, site.send()[0])
    leave = link_in(site.send()[0], "unsubscribe")
    site.client().post(leave, data={"List-Unsubscribe": "One-Click"})

    assert site.client().post(old).status_code == 404
    assert reader(site).status == "left"

    assert len(site.send()) == 1  # the goodbye
    sign_up(site, client="198.51.100.4")
    assert site.client().post(old).status_code == 404
    assert reader(site).status == "pending"
    confirm(site, site.send()[0])
    assert reader(site).status == "active"
    site.client().post(leave, data={"List-Unsubscribe": "One-Click"})
    assert reader(site).status == "left"  # the link of the first mail leaves still


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (
            "multipart/form-data; boundary=b",
            b'--b\nContent-Disposition: form-data; name="List-Unsubscribe"\n\nOne-Click',
        ),
        ("multipart/form-data", b"no boundary"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(300))),
        ("application/octet-stream", b"\x00\xff"),
        ("", b""),
    ],
)
def test_one_click_leaves_whatever_the_form_of_the_post(site: Site, kind: str, body: bytes) -> None:
    who = site.press.subscribers.add(Subscriber(email=VICTIM))
    assert who is not None
    leave = f"/unsubscribe/{site.press.signer.sign('unsubscribe', who.id, 0)}"

    answer = site.client().post(leave, content=body, headers={"Content-Type": kind} if kind else {})

    assert (answer.status_code, reader(site).status) == (200, "left")


def test_an_address_with_a_token_is_never_kept_or_told_whatever_is_asked_of_it(site: Site) -> None:
    for method, path in [("PUT", "/unsubscribe/x"), ("GET", "/unsubscribe/x/"), ("DELETE", "/preferences/x")]:
        headers = site.client().request(method, path).headers
        assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "no-referrer"), path


def test_who_asks_again_with_other_choices_gets_one_mail_and_the_last_choices(site: Site) -> None:
    sign_up(site, topics="vision", cadence="weekly")
    sign_up(site, topics="robotics", timezone="europe/berlin")

    (mail,) = site.send()
    confirm(site, mail)

    assert (reader(site).topics, reader(site).cadence, reader(site).timezone) == (("robotics",), None, "Europe/Berlin")


def test_a_form_that_is_refused_keeps_what_was_chosen_and_names_the_zone_that_was_meant(site: Site) -> None:
    status, page = sign_up(site, topics="vision", send_hour="6", timezone="Europe/Berln")

    assert (status, "Did you mean Europe/Berlin?" in page) == (400, True)
    assert 'value="vision" checked' in page
    assert '<option value="6" selected>' in page
    assert 'value="Europe/Berln" list="zones"' in page
    assert f'value="{VICTIM}"' in page


def test_who_left_by_mistake_comes_back_by_a_new_confirmation(site: Site) -> None:
    sign_up(site, topics="robotics")
    confirm(site, site.send()[0])
    leave = link_in(site.send()[0], "unsubscribe")
    site.client().post(leave)

    (goodbye,) = site.send()
    assert "Subject: You have left" in goodbye
    assert "Mail me a link to come back" in site.client().get(leave).text

    answer = site.client("198.51.100.5").post(leave, data={"action": "back"})

    assert (answer.status_code, reader(site).status, reader(site).topics) == (200, "pending", ("robotics",))
    confirm(site, site.send()[0])
    assert reader(site).status == "active"


@pytest.mark.parametrize("page", ["unsubscribe", "preferences"])
def test_who_left_is_mailed_her_way_back_though_a_stranger_typed_her_address_before(site: Site, page: str) -> None:
    sign_up(site)
    confirm(site, site.send()[0])
    welcome = site.send()[0]
    stranger = site.client("198.51.100.77")
    stranger.post("/link", data={"email": VICTIM})
    site.client().post(link_in(welcome, "unsubscribe"))
    site.send()

    answer = site.client().post(link_in(welcome, page), data={"action": "back"})

    (mail,) = site.send()
    assert (answer.status_code, "a mail with a link is on its way" in answer.text) == (200, True)
    assert "Subject: Confirm your subscription" in mail
    confirm(site, mail)
    assert reader(site).status == "active"


def test_a_way_back_says_when_no_further_mail_goes_out_and_opens_again(site: Site) -> None:
    sign_up(site)
    confirm(site, site.send()[0])
    leave = link_in(site.send()[0], "unsubscribe")
    site.client().post(leave)
    site.send()

    told = []
    for minutes in (0, 4, 2, 6, 6, 60 * 23 + 45):
        site.clock.move(timedelta(minutes=minutes))
        answer = site.client().post(leave, data={"action": "back"})
        told.append((answer.status_code, len(site.send()), answer.headers.get("Retry-After")))

    assert told == [(200, 1, None), (429, 0, "300"), (200, 1, None), (200, 1, None), (429, 0, None), (200, 1, None)]


def test_who_is_back_already_is_promised_no_mail(site: Site) -> None:
    sign_up(site)
    confirm(site, site.send()[0])
    welcome = site.send()[0]

    pages = [
        site.client().post(link_in(welcome, one), data={"action": "back"}) for one in ("unsubscribe", "preferences")
    ]

    assert [(page.status_code, "on its way" in page.text) for page in pages] == [(200, False), (200, False)]
    assert (reader(site).status, site.send()) == ("active", [])


def test_who_comes_back_keeps_the_links_of_her_old_mails_and_the_proof_of_each_consent(site: Site) -> None:
    sign_up(site, topics="robotics")
    first = site.send()[0]
    confirm(site, first)
    welcome = site.send()[0]
    old = link_in(welcome, "preferences")
    site.clock.move(timedelta(days=2))
    site.client().post(link_in(welcome, "unsubscribe"))
    site.clock.move(timedelta(days=1))
    site.client("198.51.100.5").post(link_in(welcome, "unsubscribe"), data={"action": "back"})

    assert site.client().post(link_in(first, "confirm")).status_code == 404  # of before she left
    confirm(site, site.send()[-1])

    assert site.client().get(old).status_code == 200
    assert reader(site).consent == (
        "sign-up page, web form v1, asked 2025-11-21T12:00:05Z, confirmed 2025-11-21T12:00:05Z; "
        "way back, web form v1, asked 2025-11-24T12:00:05Z, confirmed 2025-11-24T12:00:05Z"
    )
    words = site.client().get(f"{old}/data").json()["consent_texts"]["web form v1"]
    shown = site.client().get("/subscribe").text + site.client().get(link_in(first, "confirm")).text
    assert words[1] in shown


def test_who_left_and_was_asked_back_by_a_stranger_is_as_before_after_a_week(site: Site) -> None:
    sign_up(site, topics="robotics")
    confirm(site, site.send()[0])
    site.client().post(link_in(site.send()[0], "unsubscribe"))
    before = reader(site)
    site.clock.move(timedelta(days=3))
    sign_up(site, client="198.51.100.9", topics="vision")
    assert reader(site).status == "pending"

    site.clock.move(timedelta(days=8))
    tend(site.press)

    after = reader(site)
    assert (after.status, after.topics, after.confirmed_at) == ("left", before.topics, before.confirmed_at)
    assert after.consent.startswith(before.consent)


def test_who_comes_back_by_the_form_gets_what_she_chose_there_once_she_confirms(site: Site) -> None:
    sign_up(site, topics="robotics", cadence="weekly")
    confirm(site, site.send()[0])
    site.client().post(link_in(site.send()[0], "unsubscribe"))
    site.clock.move(timedelta(days=3))
    sign_up(site, client="198.51.100.9", topics="vision", send_hour="6")
    assert (reader(site).status, reader(site).topics) == ("pending", ("robotics",))

    confirm(site, site.send()[-1])

    back = reader(site)
    assert (back.status, back.email, back.topics, back.cadence, back.send_hour) == (
        "active",
        VICTIM,
        ("vision",),
        None,
        6,
    )


def test_who_comes_back_and_asks_twice_gets_one_mail_and_the_last_choices(site: Site) -> None:
    sign_up(site, topics="robotics", cadence="weekly")
    confirm(site, site.send()[0])
    site.client().post(link_in(site.send()[0], "unsubscribe"))
    site.clock.move(timedelta(days=3))
    sign_up(site, client="198.51.100.9", topics="vision", send_hour="6")
    sign_up(site, client="198.51.100.9", topics="language-models", send_hour="9")

    mails = site.send()
    confirm(site, mails[-1])

    back = reader(site)
    assert (back.status, back.topics, back.send_hour) == ("active", ("language-models",), 9)
    assert [mail for mail in mails if link_in(mail, "confirm")] == mails[-1:]


def test_a_goodbye_comes_once_to_who_was_a_reader_and_to_nobody_else(site: Site) -> None:
    people, now = site.press.subscribers, site.clock.now()
    for name, status in [("reader", "active"), ("asked", "pending"), ("left", "left"), ("cross", "complained")]:
        people.add(Subscriber(email=f"{name}@example.org", status=status))  # type: ignore[arg-type]
    people.add(Subscriber(email="blocked@example.org"))
    people.suppress("blocked@example.org", "asked", at=now)
    for who in list(people.every()):
        leave = f"/unsubscribe/{site.press.signer.sign('unsubscribe', who.id, who.generation)}"
        for _ in range(3):
            assert site.client().post(leave, data={"List-Unsubscribe": "One-Click"}).status_code == 200

    (mail,) = site.send()
    assert ("To: reader@example.org" in mail, "Auto-Submitted: auto-generated" in mail) == (True, True)
    assert ("List-Unsubscribe" in mail, site.send()) == (False, [])


def test_leaving_and_coming_back_without_an_end_mails_no_more_than_the_limits_let_through(site: Site) -> None:
    sign_up(site)
    confirm(site, site.send()[0])
    leave = link_in(site.send()[0], "unsubscribe")
    mails = []
    for _ in range(6):
        site.client().post(leave, data={"List-Unsubscribe": "One-Click"})
        site.client().post(leave, data={"action": "back"})
        mails += [line for mail in site.send() for line in mail.splitlines() if line.startswith("Subject: ")]

    assert mails == [
        "Subject: Confirm your subscription to Trending Papers"
    ]  # she is pending and not off the list any more: the goodbye is dropped


def test_send_me_my_link_mails_readers_only_and_says_the_same_to_all(site: Site) -> None:
    site.press.subscribers.add(Subscriber(email=VICTIM))

    pages = {site.client("198.51.100.6").post("/link", data={"email": one}).text for one in [VICTIM, "no@example.org"]}

    (mail,) = site.send()
    assert (len(pages), "To: ada@example.org" in mail) == (1, True)
    assert site.client().get(link_in(mail, "preferences")).status_code == 200


@pytest.mark.parametrize("kind", ["confirm", "preferences", "unsubscribe", "feedback"])
def test_every_changed_character_of_every_link_is_refused_alike(site: Site, kind: str) -> None:
    who = site.press.subscribers.add(Subscriber(email=VICTIM, status="pending" if kind == "confirm" else "active"))
    assert who is not None
    token = site.press.signer.sign(kind, who.id, who.generation)  # type: ignore[arg-type]
    browser = site.client()
    forged = {token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :] for place in range(len(token))}
    foreign = {site.press.signer.sign("bounce", who.id, 0), token[:-1], token + "A", "x", "%00", "a" * 3000}
    query = "?paper=2511.12609&choice=more"

    answers = {(browser.post(f"/{kind}/{one}{query}").status_code) for one in forged | foreign}
    pages = {browser.get(f"/{kind}/{one}{query}").text for one in sorted(forged | foreign)[:10]}

    assert (answers, len(pages)) == ({404}, 1)
    assert reader(site) == who
    assert site.press.subscribers.said([who.id]) in ({}, {who.id: ()})


def test_a_link_to_confirm_ends_after_a_week(site: Site) -> None:
    sign_up(site)
    (mail,) = site.send()
    site.clock.move(timedelta(days=7))

    assert site.client().post(link_in(mail, "confirm")).status_code == 404
    assert reader(site).status == "pending"


def test_a_sign_up_that_nobody_confirms_is_wiped_after_a_week_and_not_before(site: Site) -> None:
    sign_up(site)
    site.clock.move(timedelta(days=6))
    sign_up(site, client="198.51.100.9")  # a second mail: the week starts again
    site.clock.move(timedelta(days=6))
    tend(site.press)
    assert reader(site).status == "pending"

    site.clock.move(timedelta(days=2))
    tend(site.press)

    assert site.press.subscribers.by_email(VICTIM) is None


def test_scanners_that_open_every_link_change_nothing(site: Site) -> None:
    people = [site.press.subscribers.add(Subscriber(email=f"r{n}@example.org")) for n in range(20)]
    pending = site.press.subscribers.add(Subscriber(email="p@example.org", status="pending"))
    assert pending is not None
    before = list(site.press.subscribers.every())
    browser = site.client()
    links = [
        f"/{kind}/{site.press.signer.sign(kind, one.id, one.generation)}"  # type: ignore[arg-type]
        for one in [*people, pending]
        if one is not None
        for kind in ("confirm", "preferences", "unsubscribe", "feedback")
    ]

    for link in links:
        browser.get(f"{link}?paper=2511.12609&choice=less&List-Unsubscribe=One-Click&action=leave")
        browser.head(link)
        browser.options(link)
        browser.get(link, headers={"X-HTTP-Method-Override": "POST", "Sec-Purpose": "prefetch"})

    assert list(site.press.subscribers.every()) == before
    assert not any(site.press.subscribers.said([one.id]).get(one.id) for one in before)
    assert site.send() == []
