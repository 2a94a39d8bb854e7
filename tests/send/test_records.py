"""DNS records are judged in words an operator can act on, and a stranger's record never breaks the judge."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import LaterError
from newsletter.model.finding import Finding
from newsletter.send.records import Sending, examine, reserved
from newsletter.send.resolver import Resolver
from tests.support.dns_server import DnsServer, Zone, txt

KEY = "MIIBIjANBgkqhkiG9w0BAQEFAAOC"
DKIM = ("s1._domainkey.lab.edu", f"v=DKIM1; k=rsa; p={KEY}")
OURS = Sending("lab.edu", "bounces.lab.edu", DKIM)
ENVELOPE = "bounces.lab.edu"


def healthy() -> Zone:
    return {
        ("lab.edu", "TXT"): [txt("a word for somebody else"), txt("v=spf1 mx -all")],
        ("lab.edu", "MX"): ["10 mx.lab.edu."],
        ("mx.lab.edu", "A"): ["192.0.2.1"],
        ("mx6.lab.edu", "AAAA"): ["2001:db8::1"],
        (ENVELOPE, "TXT"): [txt("v=spf1 include:spf.mail.net ", "ip4:192.0.2.0/24 ~all")],
        ("spf.mail.net", "TXT"): [txt("v=spf1 ip4:198.51.100.0/24 ?all")],
        (ENVELOPE, "MX"): ["20 mx.lab.edu.", "10 mx6.lab.edu."],
        (DKIM[0], "TXT"): [txt(DKIM[1][:20], DKIM[1][20:])],
        ("_dmarc.lab.edu", "TXT"): [txt("v=DMARC1; p=none; rua=mailto:dmarc@lab.edu")],
    }


def findings(zone: Zone, sending: Sending = OURS, **faults: frozenset[str]) -> list[Finding]:
    with DnsServer(zone, **faults) as server:
        return list(examine(sending, Resolver(["127.0.0.1"], port=server.port, each=0.6)))


def faults(zone: Zone, sending: Sending = OURS) -> list[tuple[str, str, str]]:
    found = [one for one in findings(zone, sending) if one.level != "ok"]
    assert all(one.cure for one in found)
    return [(one.check, one.level, one.text) for one in found]


def test_a_healthy_sender_has_no_fault() -> None:
    assert findings(healthy()) == [
        Finding(f"SPF of {ENVELOPE}", "ok", "v=spf1 include:spf.mail.net ip4:192.0.2.0/24 ~all"),
        Finding(f"DKIM at {DKIM[0]}", "ok", "it is the one of [delivery] dkim_key"),
        Finding("DMARC of lab.edu", "ok", "v=DMARC1; p=none; rua=mailto:dmarc@lab.edu"),
        Finding(f"MX of {ENVELOPE}", "ok", "mx6.lab.edu, mx.lab.edu"),
        Finding("MX of lab.edu", "ok", "mx.lab.edu"),
    ]


LONG = {f"i{n}.net": f"v=spf1 include:i{n + 1}.net a -all" for n in range(6)} | {"i6.net": "v=spf1 -all"}


@pytest.mark.parametrize(
    ("record", "level", "text"),
    [
        ([], "problem", "there is no record"),
        (["v=spf10 -all"], "problem", "there is no record"),
        (
            ["v=spf1 mx -all", "v=spf1 a -all"],
            "problem",
            "there are 2 records, which counts as an error for every mail",
        ),
        (["v=spf1 mx +all"], "problem", "it lets anybody send in your name (+all)"),
        (["v=spf1 mx all"], "problem", "it lets anybody send in your name (+all)"),
        (["v=spf1 mx ?all"], "warning", "it does not say no to strangers"),
        (["V=SPF1 MX"], "warning", "it does not say no to strangers"),
        (["v=spf1 redirect=open.net"], "warning", "it does not say no to strangers"),
        (["v=spf1 -all"], "problem", "it says that nobody may send for this domain"),
        (["v=spf1 -all mx"], "problem", "mx stands behind all and is never read"),
        (["v=spf1 ptr -all"], "warning", "it uses ptr, which receivers skip (RFC 7208 5.5)"),
        (
            ["v=spf1 ipv4:192.0.2.1 mx -all"],
            "problem",
            '"ipv4:192.0.2.1" is no term of SPF, which spoils the whole record',
        ),
        (["v=spf1 include:gone.net -all"], "problem", "it includes gone.net, which has no SPF record"),
        (["v=spf1 include:two.net -all"], "problem", "it includes two.net, which has 2 SPF records"),
        (["v=spf1 include:loop.net -all"], "problem", f"{ENVELOPE} includes itself"),
        (
            ["v=spf1 include:i0.net -all"],
            "problem",
            "it takes 13 look-ups or more; receivers give up after 10, and the check fails",
        ),
    ],
)
def test_an_spf_record_that_does_not_do_is_named(record: list[str], level: str, text: str) -> None:
    zone = healthy() | {(name, "TXT"): [txt(one)] for name, one in LONG.items()}
    zone["two.net", "TXT"] = [txt("v=spf1 a -all"), txt("v=spf1 mx -all")]
    zone["loop.net", "TXT"] = [txt(f"v=spf1 include:{ENVELOPE} -all")]
    zone["open.net", "TXT"] = [txt("v=spf1 mx")]
    zone[ENVELOPE, "TXT"] = [txt(one) for one in record]

    assert faults(zone) == [(f"SPF of {ENVELOPE}", level, text)]


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 redirect=spf.good.net",
        "v=spf1 exists:%{i}.list.net include:%{d}.x.net ra=abuse MX/24 -ALL",
        "v=spf1 mx ~all",
        "v=spf1 a mx a:x.net a:y.net mx:z.net a/24 mx/24 a:v.net a:w.net a:u.net redirect=gone.net -all",
    ],
)
def test_spf_that_is_right_in_an_unusual_way_is_no_fault(record: str) -> None:
    zone = healthy() | {
        ("spf.good.net", "TXT"): [txt("v=spf1 ip4:192.0.2.0/24 -all")],
        (ENVELOPE, "TXT"): [txt(record)],
    }

    assert faults(zone) == []


def test_a_provider_that_sends_for_us_may_do_without_our_spf() -> None:
    zone = healthy()
    del zone["lab.edu", "TXT"]

    assert faults(zone, Sending("lab.edu", "lab.edu", relayed=True)) == [
        ("SPF of lab.edu", "warning", "there is no record")
    ]


@pytest.mark.parametrize(
    ("record", "level", "text"),
    [
        ([], "problem", "there is no record"),
        ([DKIM[1], "v=spf1 -all"], "problem", "there are 2 records, and receivers may take the wrong one"),
        (["v=DKIM1; p="], "problem", "it holds no key (an empty p= says that the key is revoked): v=DKIM1; p="),
        (["hello"], "problem", "it holds no p=: hello"),
        (
            ["v=DKIM1; k=rsa; p=QUJD"],
            "problem",
            "it holds another key than [delivery] dkim_key, so every signature fails",
        ),
        ([f"k=ed25519; p={KEY}"], "problem", "it holds another key than [delivery] dkim_key, so every signature fails"),
        ([f"v=DKIM2; p={KEY}"], "problem", f"receivers do not take it: v=DKIM2; p={KEY}"),
        ([f"h=sha1; p={KEY}"], "problem", f"receivers do not take it: h=sha1; p={KEY}"),
        ([f"s=tlsrpt; p={KEY}"], "problem", "it is not for mail (s=tlsrpt)"),
        ([f"v=DKIM1; t=y:s; p={KEY}"], "warning", "it says that you are only testing (t=y)"),
    ],
)
def test_a_dkim_record_that_fails_signatures_is_named(record: list[str], level: str, text: str) -> None:
    zone = healthy() | {(DKIM[0], "TXT"): [txt(one) for one in record]}

    assert faults(zone) == [(f"DKIM at {DKIM[0]}", level, text)]


def test_a_dkim_record_with_blanks_in_its_key_is_the_same_key() -> None:
    assert faults(healthy() | {(DKIM[0], "TXT"): [txt(f"p={KEY[:9]} {KEY[9:]};")]}) == []


def test_who_does_not_sign_is_told_that_the_mail_server_has_to() -> None:
    (found,) = [one for one in findings(healthy(), replace(OURS, dkim=None)) if one.check == "DKIM"]

    assert (found.level, found.text[:40]) == ("ok", "not checked: mails are not signed here; ")


@pytest.mark.parametrize(
    ("record", "level", "text"),
    [
        (
            [],
            "warning",
            "there is no record; large receivers refuse or hide bulk mail without one (550 5.7.515, 5.7.26)",
        ),
        (
            ["v=DMARC1; p=none", "v=DMARC1; p=reject"],
            "problem",
            "there are 2 records at _dmarc.lab.edu, and all are ignored",
        ),
        (["v=DMARC1; rua=mailto:a@lab.edu"], "problem", "it has no valid p=: v=DMARC1; rua=mailto:a@lab.edu"),
        (["v=DMARC1; p=nothing"], "problem", "it has no valid p=: v=DMARC1; p=nothing"),
        (
            ["v=DMARC1; p=none; aspf=s"],
            "warning",
            f"SPF of {ENVELOPE} does not count for lab.edu: aspf=s wants lab.edu itself",
        ),
    ],
)
def test_a_dmarc_record_that_does_not_do_is_named(record: list[str], level: str, text: str) -> None:
    zone = healthy() | {("_dmarc.lab.edu", "TXT"): [txt(one) for one in record]}

    assert faults(zone) == [("DMARC of lab.edu", level, text)]


def test_the_record_of_the_domain_above_serves_a_sender_below_it_and_aligns_its_sisters() -> None:
    zone = healthy() | {("news.lab.edu", "MX"): ["10 mx.lab.edu."]}
    sending = Sending("news.lab.edu", ENVELOPE)
    found = {one.check: one for one in findings(zone, sending)}

    assert found["DMARC of news.lab.edu"].text == "of lab.edu: v=DMARC1; p=none; rua=mailto:dmarc@lab.edu"
    assert faults(zone, sending) == []


def test_a_bounce_domain_of_somebody_else_is_not_aligned() -> None:
    zone = healthy() | {("other.net", "TXT"): [txt("v=spf1 mx -all")], ("other.net", "MX"): ["10 mx.lab.edu."]}

    assert faults(zone, replace(OURS, envelope="other.net")) == [
        ("DMARC of lab.edu", "warning", "SPF of other.net does not count for lab.edu: it is not under lab.edu")
    ]


NULL = "it says that this domain takes no mail (null MX), and receivers refuse mail from it (RFC 7505)"


@pytest.mark.parametrize(
    ("records", "level", "text"),
    [
        (["0 ."], "problem", NULL),
        ([], "problem", "there is no mail server: bounces and replies cannot come, and receivers refuse such senders"),
        (["10 gone.lab.edu."], "problem", "gone.lab.edu cannot be reached: there is no address"),
        (["10 192.0.2.1."], "problem", "192.0.2.1 cannot be reached: there is no address"),
        (["10 gone.lab.edu.", "20 mx.lab.edu."], "warning", "gone.lab.edu cannot be reached: there is no address"),
    ],
)
def test_a_bounce_domain_that_takes_no_mail_is_named(records: list[str], level: str, text: str) -> None:
    assert faults(healthy() | {(ENVELOPE, "MX"): records}) == [(f"MX of {ENVELOPE}", level, text)]
    assert faults(healthy() | {("lab.edu", "MX"): records}) == [("MX of lab.edu", "warning", text)]


def test_a_domain_with_an_address_but_no_mx_is_a_warning() -> None:
    zone = healthy() | {(ENVELOPE, "MX"): [], (ENVELOPE, "A"): ["192.0.2.1"]}

    assert faults(zone) == [
        (f"MX of {ENVELOPE}", "warning", "there is none; mail goes to the address of the domain itself")
    ]


def test_a_name_without_an_answer_is_a_warning_and_the_other_checks_go_on() -> None:
    begun = time.monotonic()
    found = findings(healthy(), silent=frozenset({"spf.mail.net"}), broken=frozenset({"_dmarc.lab.edu"}))

    assert time.monotonic() - begun < 5
    assert [(one.check, one.level, one.text) for one in found if one.level != "ok"] == [
        (f"SPF of {ENVELOPE}", "warning", "not checked: no answer from the DNS about TXT of spf.mail.net."),
        ("DMARC of lab.edu", "warning", "not checked: no answer from the DNS about TXT of _dmarc.lab.edu."),
    ]
    assert len(found) == 5


@pytest.mark.parametrize(
    "domain",
    [
        "example.org",
        "papers.example.com",
        "a.test",
        "localhost",
        "",
        "[127.0.0.1]",
        "10.0.0.1",
        "x.home.arpa",
        "LAB.LOCAL.",
    ],
)
def test_a_domain_that_nobody_answers_for_is_not_asked_about(domain: str) -> None:
    with DnsServer({}) as server:
        (found,) = examine(Sending("lab.edu", domain), Resolver(["127.0.0.1"], port=server.port))

        assert (found.check, found.level, found.text) == ("DNS", "ok", f"not checked: {reserved(domain)}")
        assert server.asked == []


@pytest.mark.parametrize("domain", ["lab.edu", "myexample.org", "contest.io", "example.co.uk"])
def test_a_domain_that_only_looks_like_a_sample_is_asked_about(domain: str) -> None:
    assert reserved(domain) == ""


@pytest.mark.parametrize(
    "name", ["a..b", "x" * 64 + ".net", "\\999.net", "ü\ud800.net", " ", ".", "a" * 300, "\x00.net"]
)
def test_a_name_that_cannot_stand_in_the_dns_has_no_records(name: str) -> None:
    with DnsServer({}) as server:
        resolver = Resolver(["127.0.0.1"], port=server.port)

        assert (resolver.texts(name), resolver.mail_servers(name), resolver.has_address(name)) == ((), (), False)


@dataclass
class Memory:
    """Answers from dictionaries."""

    found: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()

    def texts(self, name: str) -> tuple[str, ...]:
        if name == "down.net":
            raise LaterError("no answer.")
        return self.found.get(name, ())

    def mail_servers(self, name: str) -> tuple[str, ...]:
        return self.hosts

    def has_address(self, name: str) -> bool:
        return len(name) % 2 == 0


NAMES = (ENVELOPE, "b.net", "c.net", DKIM[0], "_dmarc.lab.edu")
WORDS = st.sampled_from(
    "v=spf1 include:b.net include:c.net redirect=c.net include: redirect= a: -all include:down.net +all ? = ::"
    f" INCLUDE:{ENVELOPE}. v=DMARC1; p=none; p=; p aspf=s v=DKIM1; p={KEY}; s=; t=y;".split()
)
RECORDS = st.one_of(
    st.text(max_size=60),
    st.lists(WORDS, max_size=12).map(" ".join),
    st.lists(WORDS, max_size=12).map(lambda words: " ".join(["v=spf1", *words])),
    st.lists(WORDS, max_size=6).map(lambda words: " ".join(["v=DMARC1;", *words])),
)


@given(
    found=st.dictionaries(st.sampled_from(NAMES), st.lists(RECORDS, max_size=3).map(tuple)),
    hosts=st.lists(st.text(max_size=8), max_size=3).map(tuple),
)
def test_no_record_breaks_the_judge_or_the_terminal(found: dict[str, tuple[str, ...]], hosts: tuple[str, ...]) -> None:
    for one in examine(OURS, Memory(found, hosts)):
        assert one.text.isprintable()
        assert len(one.text) < 400
        assert one.level == "ok" or one.cure or one.text.startswith("not checked")


def including(*names: str) -> tuple[str, ...]:
    return (f"v=spf1 {' '.join(f'include:{name}' for name in names)} ip4:192.0.2.1 -all",)


def test_more_includes_than_anybody_reads_are_too_many_and_no_other_fault() -> None:
    leaves = [f"n{at}.net" for at in range(28)]
    memory = Memory(dict.fromkeys(leaves, including()))
    memory.found |= {ENVELOPE: including("b.net", "c.net")}
    memory.found |= {"b.net": including(*leaves[:14]), "c.net": including(*leaves[14:])}

    assert [one.text for one in examine(OURS, memory) if one.check.startswith("SPF")] == [
        "it takes 30 look-ups or more; receivers give up after 10, and the check fails"
    ]


def test_a_maze_of_includes_is_walked_within_a_second() -> None:
    names = [f"n{at}.net" for at in range(24)]
    record = "v=spf1 " + " ".join(f"include:{name}" for name in names * 20) + " -all"
    begun = time.process_time()

    found = list(examine(OURS, Memory(dict.fromkeys((ENVELOPE, *names), (record,)))))

    assert time.process_time() - begun < 1
    assert any("look-ups or more" in one.text for one in found)
