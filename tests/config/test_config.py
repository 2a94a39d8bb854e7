"""The configuration: what an operator writes, what it means, and what she is told when it can't be."""

from __future__ import annotations

import dataclasses
import re
import stat
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.config import RelayConfig, effective, ensure_secret, load_config, rate_per_second, read_config
from newsletter.config_docs import reference
from newsletter.config_keys import SECTIONS
from newsletter.config_sample import sample
from newsletter.config_values import parse_duration, show_duration
from newsletter.errors import ConfigError, UsageError
from newsletter.wiring_mail import require_login

ROOT = Path(__file__).parents[2]
HERE = Path("/nowhere/config.toml")


def problems(text: str, environ: dict[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read_config(tomllib.loads(text), environ or {}, HERE)
    assert caught.value.exit_code == 2
    return caught.value.problems


def test_an_empty_file_is_a_working_configuration() -> None:
    config = read_config({}, {}, HERE)
    assert config.newsletter.sender == "Trending Papers <papers@example.org>"
    assert [one.name for one in config.sources] == ["huggingface", "arxiv"]
    assert config.sources[1].categories == ("cs.CL", "cs.CV", "cs.LG", "cs.AI")
    assert config.sources[1].feed_url == "https://rss.arxiv.org"
    assert [one.slug for one in config.topics] == ["trending"]
    assert config.schedule.expire_after == timedelta(hours=20)
    assert config.delivery.retry[-1] == timedelta(minutes=30)
    assert config.database_url == "sqlite:////nowhere/subscribers.db"
    assert config.locate("outbox") == Path("/nowhere/outbox")


def test_the_shipped_config_toml_is_what_init_writes_and_it_loads() -> None:
    assert (ROOT / "config.toml").read_text("utf-8") == sample()
    config = load_config(ROOT / "config.toml", {})
    assert [topic.slug for topic in config.topics] == [
        "language-models",
        "vision",
        "generative-models",
        "agents-and-robots",
        "efficient-learning",
    ]
    assert config.topics[0].keywords[2] == '"chain of thought"'
    plain = read_config({}, {}, HERE)
    for name in ("ranking", "schedule", "delivery", "sources", "signals"):
        assert getattr(config, name) == getattr(plain, name), name


def test_the_shipped_config_toml_mentions_every_setting() -> None:
    text = sample()
    for section in SECTIONS:
        for key in section.keys:
            assert f"\n{key.name} = " in text or f"\n# {key.name}" in text, (section.name, key.name)


def test_docs_configuration_md_is_in_step_with_the_code() -> None:
    page = (ROOT / "docs/configuration.md").read_text("utf-8")
    assert page == reference(), "run: newsletter config --docs > docs/configuration.md"
    for section in SECTIONS:
        for key in section.keys:
            assert f"| `{key.name}` |" in page


def test_every_problem_is_reported_at_once_with_key_value_and_cure() -> None:
    found = problems(
        """
        [newsletter]
        nmae = "x"
        port = 25
        timezone = "Berlin"
        from = "papers at example.org"
        [delivery]
        port = "587"
        [[sources]]
        kind = "arvix"
        """
    )
    assert found == (
        "[newsletter] nmae: is not a setting. Did you mean name?",
        "[newsletter] port: is not a setting here. It belongs under [delivery].",
        (
            '[newsletter] from: must be a mail address (it holds a blank), not "papers at example.org". '
            'Write "Trending Papers <papers@example.org>".'
        ),
        '[newsletter] timezone: must be the name of a time zone, not "Berlin". Did you mean "Europe/Berlin"?',
        (
            '[[sources]] number 1 kind: must be "huggingface", "arxiv", "feed", "biorxiv", "medrxiv", "crossref" '
            'or "file", not "arvix". Did you mean "arxiv"?'
        ),
        (
            '[delivery] port: must be a whole number from 1 to 65535, not "587". '
            "Write the digits without quotes or a point."
        ),
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[delivry]\n", "[delivry]: is not a section. Did you mean [delivery]?"),
        ('name = "x"\n', "name: stands before any section. Put it under [newsletter]."),
        (
            "topics = 3\n",
            "[topics]: is a list of tables, not the number 3. Write [[topics]], with two brackets, before each one.",
        ),
        ("[[delivery]]\n", "[delivery]: is one table, not a list. Write [delivery] once, with one bracket."),
        (
            "[schedule]\nsend_hour = 24\n",
            "[schedule] send_hour: must be a whole number from 0 to 23, not the number 24.",
        ),
        (
            "[schedule]\nexpire_after = 20\n",
            (
                '[schedule] expire_after: must be a length of time from "10m" to "7d", '
                'not the number 20. Write a number and a unit, s, m, h or d, in quotes: "20m".'
            ),
        ),
        (
            '[delivery]\nretry = ["30s", "soon"]\n',
            (
                '[delivery] retry: must hold lengths of time from "1s" to "1d", '
                'not "soon". Write a number and a unit, s, m, h or d, in quotes: "20m".'
            ),
        ),
        (
            '[delivery]\nrate = "14 per second"\n',
            (
                "[delivery] rate: must be a number of mails for a time, "
                'not "14 per second". Write "14/s", "600/m", "3000/h" or "50000/day".'
            ),
        ),
        (
            '[newsletter]\nbase_url = "javascript:alert(1)"\n',
            (
                "[newsletter] base_url: must be a web address that begins "
                'with http:// or https://, not "javascript:alert(1)".'
            ),
        ),
        (
            '[newsletter]\nbase_url = "papers.example.org"\n',
            (
                "[newsletter] base_url: must be a web address that begins "
                'with http:// or https://, not "papers.example.org". Did you mean "https://papers.example.org"?'
            ),
        ),
        (
            '[newsletter]\nname = "A\\r\\nBcc: b@example.org"\n',
            (
                "[newsletter] name: must be one line without control "
                'characters, not "A\\r\\nBcc: b@example.org". Take the line break or control character out.'
            ),
        ),
        (
            '[newsletter]\ndatabase = "postgresql://u:p@h"\n',
            (
                "[newsletter] database: must be "
                '"sqlite:///subscribers.db" or like "postgresql+psycopg://user@host/name", '
                'not "postgresql://u:********@h". '
                'Begin it with "postgresql+psycopg://": that is the driver this program uses.'
            ),
        ),
        (
            '[newsletter]\nsecret = "short"\n',
            (
                "[newsletter] secret: is too short to be safe (not shown); at least 16 "
                'characters. Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
            ),
        ),
        (
            '[newsletter]\nlocale = "klingon"\n',
            '[newsletter] locale: must be the code of a language, not "klingon". Write "en", "de" or "pt_BR".',
        ),
        (
            '[newsletter]\nlocale = "German"\n',
            '[newsletter] locale: must be the code of a language, not "German". Did you mean "de"?',
        ),
        (
            '[newsletter]\ntimezone = "Europe"\n',
            '[newsletter] timezone: must be the name of a time zone, not "Europe". Did you mean',
        ),
        (
            '[[topics]]\nslug = "Language Models!"\n',
            (
                "[[topics]] number 1 slug: must be small letters, digits and single "
                'hyphens, since it becomes part of a web address, not "Language Models!". Write "language-models".'
            ),
        ),
        (
            '[[topics]]\nslug = "a"\n[[topics]]\nslug = "a"\n',
            '[[topics]] number 2 slug: is taken: "a" is also number 1. Give each a slug of its own.',
        ),
        ('[[topics]]\nname = "A"\n', "[[topics]] number 1: has no slug. Add slug = ...."),
        (
            '[[topics]]\nslug = "a"\nkeywords = ["\\"chain of"]\n',
            (
                "[[topics]] number 1 keywords: must close every quoted "
                'phrase, not "\\"chain of". Write a phrase as "\\"chain of thought\\"".'
            ),
        ),
        ('[[sources]]\nkind = "feed"\n', '[[sources]] number 1: a feed needs a url. Add url = "https://...".'),
        ('[[sources]]\nkind = "file"\n', '[[sources]] number 1: a file needs a path. Add path = "papers.jsonl".'),
        (
            '[[sources]]\nkind = "arxiv"\n[[sources]]\nkind = "arxiv"\n',
            '[[sources]] number 2 name: is taken: "arxiv" is also number 1. Give each a name of its own.',
        ),
        (
            '[delivery]\ntransport = "smtp"\nport = 465\n',
            '[delivery] security: is "starttls", but port 465 speaks TLS from the first byte. Write security = "tls".',
        ),
        (
            (
                '[delivery]\ntransport = "smtp"\nhost = "mx.example.org"\nport = 25\nusername = "u"\npassword = "p"\n'
                'security = "none"\n'
            ),
            '[delivery] security: is "none", so the password could be read on the way. Write "starttls" or "tls".',
        ),
    ],
)
def test_a_mistake_is_named_with_what_was_given_and_the_cure(text: str, line: str) -> None:
    (found,) = problems(text)
    assert found.startswith(line) if line.endswith("Did you mean") else found == line


@pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Pacific/Chatham", "UTC"])
def test_odd_time_zones_are_known(zone: str) -> None:
    assert read_config({"newsletter": {"timezone": zone}}, {}, HERE).newsletter.timezone == zone


@pytest.mark.parametrize(
    "zone", ["", "/etc/passwd", "../UTC", "Mars/Olympus", "a\0b", "x" * 5000, "Factory", "localtime"]
)
def test_no_time_zone_name_ends_in_anything_but_a_message(zone: str) -> None:
    with pytest.raises(ConfigError, match="must be the name of a time zone"):
        read_config({"newsletter": {"timezone": zone}}, {}, HERE)


def test_the_environment_wins_over_the_file_in_every_kind_of_value() -> None:
    config = read_config(
        {"delivery": {"port": 25, "password": "file"}, "sources": [{"kind": "huggingface"}]},
        {
            "NEWSLETTER_DELIVERY__PORT": "2525",
            "NEWSLETTER_DELIVERY__PASSWORD": "[not a list],",
            "NEWSLETTER_DELIVERY__RETRY": "10s, 1m",
            "NEWSLETTER_RANKING__DENSE": "off",
            "NEWSLETTER_SCHEDULE__EXPIRE_AFTER": "12h",
            "NEWSLETTER_SOURCES__0__URL": "http://127.0.0.1:8080",
            "NEWSLETTER_SOURCES__1__KIND": "arxiv",
            "NEWSLETTER_SOURCES__1__CATEGORIES": '["cs.CL"]',
            "NEWSLETTER_TOPICS": '[{"slug": "vision", "top": 3}]',
            "NEWSLETTER_NEWSLETTER__SECRET": "a-secret-of-sixteen-characters",
            "NEWSLETTER_DELIVERY__CONNECTIONS": "",
            "NEWSLETTER_DEBUG": "1",
            "NEWSLETTER_PORT": "tcp://10.0.0.1:80",
            "PATH": "/bin",
        },
        HERE,
    )
    assert config.delivery.port == 2525
    assert config.delivery.password == "[not a list],"
    assert config.delivery.retry == (timedelta(seconds=10), timedelta(minutes=1))
    assert config.delivery.connections == 4
    assert config.ranking.dense is False
    assert config.schedule.expire_after == timedelta(hours=12)
    assert [(one.name, one.url, one.categories) for one in config.sources] == [
        ("huggingface", "http://127.0.0.1:8080", ()),
        ("arxiv", "https://export.arxiv.org", ("cs.CL",)),
    ]
    assert [(one.slug, one.name, one.top) for one in config.topics] == [("vision", "Vision", 3)]
    assert config.secrets == ("a-secret-of-sixteen-characters",)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        (
            "NEWSLETTER_DELIVERY__PASWORD",
            "x",
            (
                "NEWSLETTER_DELIVERY__PASWORD (environment): pasword is not a setting of "
                "[delivery]. Did you mean NEWSLETTER_DELIVERY__PASSWORD?"
            ),
        ),
        (
            "NEWSLETTER_DELIVRY__PORT",
            "x",
            "NEWSLETTER_DELIVRY__PORT (environment): delivry is not a section. Did you mean NEWSLETTER_DELIVERY__PORT?",
        ),
        (
            "NEWSLETTER_DELIVERY__PORT",
            "many",
            (
                "[delivery] port (from NEWSLETTER_DELIVERY__PORT): must be a whole number "
                'from 1 to 65535, not "many". Write the digits without quotes or a point.'
            ),
        ),
        (
            "NEWSLETTER_TOPICS__5__SLUG",
            "x",
            "NEWSLETTER_TOPICS__5__SLUG (environment): there are only 0 topics. Count from 0, without a gap.",
        ),
        (
            "NEWSLETTER_TOPICS",
            "vision",
            (
                "NEWSLETTER_TOPICS (environment): must be a JSON list of tables. Write a list of "
                "tables as JSON, or one setting: NEWSLETTER_TOPICS__0__KEY."
            ),
        ),
        (
            "NEWSLETTER_SOURCES__URL",
            "x",
            "NEWSLETTER_SOURCES__URL (environment): does not name a setting. Write it as NEWSLETTER_SOURCES__0__KEY.",
        ),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(name: str, value: str, line: str) -> None:
    assert problems("", {name: value}) == (line,)


def test_a_secret_is_never_shown_in_messages_reprs_or_effective_settings() -> None:
    word = "hunter2-hunter2-hunter2"
    config = read_config(
        {
            "newsletter": {"secret": word, "database": f"postgresql+psycopg://u:{word}@db/papers"},
            "delivery": {"password": word, "username": "u", "transport": "smtp"},
            "signals": [{"kind": "github", "token": word}],
        },
        {},
        HERE,
    )
    shown = effective(config)
    assert word not in str(shown)
    assert shown["delivery"]["password"] == "********"
    assert shown["newsletter"]["database"] == "postgresql+psycopg://u:********@db/papers"
    assert word not in repr(config.newsletter).replace(config.newsletter.database, "")
    (line,) = problems("[delivery]\npassword = 31337\n")
    assert "31337" not in line


def test_effective_settings_can_be_written_back_and_mean_the_same(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"  # a checkout that is in use has a secret beside its config.toml
    path.write_bytes((ROOT / "config.toml").read_bytes())
    config = load_config(path, {})
    shown = effective(config)
    for source in shown["sources"]:
        source.pop("pace")
    again = read_config(shown, {}, path)
    assert dataclasses.replace(again, folder=config.folder) == config


def test_a_syntax_error_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[newsletter]\nname = "x"\nfrom = Papers <p@example.org>\n')
    with pytest.raises(ConfigError) as caught:
        load_config(path, {})
    (line,) = caught.value.problems
    assert line.startswith(
        "line 3: is not TOML: Invalid value, in: from = Papers <p@example.org>. Text stands in quotes"
    )
    path.write_text('[newsletter]\nname = """x\n')
    with pytest.raises(ConfigError, match="line 2: is not TOML"):
        load_config(path, {})
    path.write_bytes(b'[newsletter]\nname = "caf\xe9"\n')
    with pytest.raises(ConfigError, match="line 2: is not UTF-8"):
        load_config(path, {})
    path.write_text("[delivery]\npassword = hunter2 hunter2\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path, {})
    assert "hunter2" not in str(caught.value)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b'\xef\xbb\xbf[newsletter]\r\nname = "x"\r\n')
    assert load_config(path, {}).newsletter.name == "x"


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_config(tmp_path / "config.toml", {})
    assert caught.value.what == f"There is no config.toml in {tmp_path}."
    assert caught.value.cure == "Make one with `newsletter init`, or name another with --config FILE."
    with pytest.raises(UsageError, match="is a folder"):
        load_config(tmp_path, {})


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    bare = load_config(tmp_path / "config.toml", {})
    assert bare.secrets == ()
    config, made = ensure_secret(bare)
    assert made == tmp_path / "secret"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert len(config.secrets[0]) >= 43
    assert ensure_secret(bare) == (config, None)
    assert load_config(tmp_path / "config.toml", {}).secrets == config.secrets
    assert {path.name for path in tmp_path.iterdir()} == {"config.toml", "secret"}


def test_two_secrets_in_the_file_are_the_new_and_the_old(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    (tmp_path / "secret").write_text("new-secret-new-secret\nold-secret-old-secret\n")
    assert load_config(tmp_path / "config.toml", {}).secrets == ("new-secret-new-secret", "old-secret-old-secret")
    (tmp_path / "secret").write_text("")
    with pytest.raises(ConfigError, match=r"secret_file .*: is empty"):
        load_config(tmp_path / "config.toml", {})


def test_feeds_and_files_get_names_of_their_own() -> None:
    config = read_config(
        {
            "sources": [
                {"kind": "feed", "url": "https://blog.example.org/feed.xml"},
                {"kind": "feed", "url": "https://blog.example.org/other.xml"},
                {"kind": "file", "path": "/srv/secret place/papers.jsonl"},
                {"kind": "file", "path": "more/papers.jsonl"},
                {"kind": "feed", "url": "https://lab.example.org/", "name": "lab"},
            ]
        },
        {},
        HERE,
    )
    assert [one.name for one in config.sources] == [
        "feed:blog.example.org",
        "feed:blog.example.org/other.xml",
        "file:papers",
        "file:papers-2",
        "lab",
    ]


@pytest.mark.parametrize(
    ("rate", "per_second"),
    [
        ("", None),
        ("  ", None),
        ("14/s", 14.0),
        ("14/sec", 14.0),
        ("600/m", 10.0),
        ("600/min", 10.0),
        ("7200 / h", 2.0),
        ("3600/hour", 1.0),
        ("86400/day", 1.0),
        ("0.5/s", 0.5),
        ("50000/DAY", 50000 / 86400),
    ],
)
def test_rates_are_mails_a_second(rate: str, per_second: float | None) -> None:
    assert rate_per_second(rate) == per_second


@pytest.mark.parametrize("rate", ["fast", "14", "14/fortnight", "-1/s", "0/s", "1e9/s", "14/s/s", "9" * 400 + "/s"])
def test_what_is_no_rate_is_said_to_be_none(rate: str) -> None:
    with pytest.raises(ValueError, match=re.escape(rate)):
        rate_per_second(rate)


@given(st.integers(1, 10_000_000))
def test_every_span_of_seconds_can_be_shown_and_read_back(seconds: int) -> None:
    span = timedelta(seconds=seconds)
    assert parse_duration(show_duration(span)) == span


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_whatever_is_written_the_answer_is_a_config_or_a_list_of_problems(data: st.DataObject) -> None:
    section = data.draw(st.sampled_from(SECTIONS))
    key = data.draw(st.sampled_from(section.keys))
    table = {key.name: data.draw(JSONISH)}
    found: tuple[str, ...] = ()
    try:
        read_config({section.name: [table] if section.many else table}, {}, HERE)
    except ConfigError as error:
        found = error.problems
    assert all(": " in line and "\n" not in line for line in found)


RELAYS = """
[delivery]
transport = "smtp"
[[delivery.relays]]
host = "one.example"
weight = 3
[[delivery.relays]]
host = "two.example"
port = 465
security = "tls"
username = "papers"
rate = "14/s"
"""


def test_several_relays_are_read_and_a_password_comes_from_the_environment() -> None:
    config = read_config(tomllib.loads(RELAYS), {"NEWSLETTER_DELIVERY__RELAYS__1__PASSWORD": "s3cret"}, HERE)
    assert config.delivery_relays == (
        RelayConfig(host="one.example", weight=3.0),
        RelayConfig(host="two.example", port=465, security="tls", username="papers", password="s3cret", rate="14/s"),
    )
    assert effective(config)["delivery.relays"][1]["password"] == "********"


def test_a_mistake_in_a_relay_is_named_with_its_number() -> None:
    text = RELAYS.replace("weight = 3", "wieght = 3")
    assert problems(text) == ("[[delivery.relays]] number 1 wieght: is not a setting. Did you mean weight?",)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (RELAYS, "[[delivery.relays]] number 2 password: is missing for the username. Give RELAYS__1__PASSWORD"),
        (
            '[delivery]\ntransport = "smtp"\nusername = "u"\n',
            "[delivery] password: is missing for the username. Give PASSWORD",
        ),
    ],
)
def test_a_password_that_only_the_service_knows_is_missed_by_what_sends_alone(text: str, line: str) -> None:
    config = read_config(tomllib.loads(text), {}, HERE)
    with pytest.raises(ConfigError) as raised:
        require_login(config)
    assert [one.replace("NEWSLETTER_DELIVERY__", "") for one in raised.value.problems] == [
        f"{line} in the environment."
    ]


@pytest.mark.parametrize(
    "text", ["200", "200 from 2026-12-01", "0 from 2026-12-01, x2 a day", "9 from 2026-13-01, x2 a day"]
)
def test_a_warm_up_that_says_no_growth_is_a_mistake_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=re.escape("200 from 2026-12-01, x1.5 a day")):
        read_config({"delivery": {"warm_up": text}}, {}, HERE)


def test_a_secret_may_stand_in_a_file_that_the_environment_names(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[delivery]\nusername = "ada"\n', "utf-8")
    (tmp_path / "password").write_text("of the relay\n", "utf-8")
    environ = {"NEWSLETTER_DELIVERY__PASSWORD_FILE": str(tmp_path / "password")}
    assert load_config(tmp_path / "config.toml", environ).delivery.password == "of the relay"
    with pytest.raises(ConfigError, match="nowhere cannot be read: No such file") as raised:
        load_config(tmp_path / "config.toml", {"NEWSLETTER_DELIVERY__PASSWORD_FILE": str(tmp_path / "nowhere")})
    assert "NEWSLETTER_DELIVERY__PASSWORD_FILE (environment)" in str(raised.value)
    with pytest.raises(ConfigError, match="host_file is not a setting"):
        load_config(tmp_path / "config.toml", {"NEWSLETTER_DELIVERY__HOST_FILE": str(tmp_path / "password")})


def test_a_kind_of_source_that_is_not_installed_is_told_where_it_may_come_from(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[[sources]]\nkind = "our-wiki"\n', "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "config.toml", {})
    assert "install that into the environment of this program" in str(caught.value)
    (tmp_path / "config.toml").write_text('[[sources]]\nkind = "arxive"\n', "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "config.toml", {})
    assert 'Did you mean "arxiv"?' in str(caught.value)
