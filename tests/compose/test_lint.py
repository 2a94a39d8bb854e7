"""What the lint finds in a mail that should not go out."""

from __future__ import annotations

import dataclasses

import pytest

from newsletter.compose import Rendered, lint

LEAVE = "https://papers.example.org/unsubscribe/t?a=1&b=2"
GOOD = Rendered(
    subject="Papers",
    preheader="More papers",
    html=f'<html lang="en"><body><table role="presentation"><tr><td><h1>Papers</h1><h2>Topic</h2><h3>One</h3>'
    f'<a href="{LEAVE.replace("&", "&amp;")}">Leave</a></td></tr></table></body></html>',
    text=f"Papers\n\nOne\n\n{LEAVE}\n",
    leave=LEAVE,
)


def test_a_good_mail_passes() -> None:
    assert lint(GOOD) == ()
    assert lint(dataclasses.replace(GOOD, html="")) == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"subject": " "}, "subject is empty"),
        ({"subject": "{{ name }}"}, "subject holds '{{', a leftover of the template"),
        ({"text": ""}, "text part is empty"),
        ({"text": "Dear None"}, "text part holds 'None', a leftover of the template"),
        ({"text": "Undefined"}, "text part has no link to leave"),
        ({"preheader": "x" * 151}, "preheader has 151 characters"),
        ({"html": "<html lang=en>{% if x %}"}, "HTML part holds '{%', a leftover of the template"),
        ({"html": "<html lang=en><mj-text>x</mj-text>"}, "HTML part holds '<mj-', a leftover of the template"),
        ({"html": "<html><p>x"}, "HTML part has no lang"),
        ({"html": "<html lang=en>"}, "HTML part holds no text"),
        ({"html": "<html lang=en>x"}, "HTML part has no link to leave"),
        ({"html": "<html lang=en><img alt='' src='https://x.example/'>"}, "loads something from elsewhere"),
        ({"html": "<html lang=en><img>"}, "HTML part has an image without alt"),
        ({"html": "<html lang=en><style>@import 'x'</style>"}, "loads something from a style sheet"),
        ({"html": "<html lang=en><p style='background:url(x)'>"}, "loads something from a style attribute"),
        ({"html": "<html lang=en><a href='javascript:x'>x</a>"}, "only http, https and mailto may be linked"),
        ({"html": "<html lang=en><a>x</a>"}, "only http, https and mailto may be linked"),
        ({"html": "<html lang=en><p onclick=x>"}, "HTML part holds an event handler"),
        ({"html": "<html lang=en><script>x</script>"}, "HTML part holds <script>"),
        ({"html": "<html lang=en><h1>x</h1><h3>y</h3>"}, "HTML part jumps from h1 to h3"),
        ({"html": "<html lang=en><table><tr><td>x"}, "has a layout table without role=presentation"),
        ({"html": "<html lang=en>" + "word " * 20_000}, "octets"),
    ],
)
def test_a_fault_is_told_in_words(change: dict[str, str], told: str) -> None:
    problems = lint(dataclasses.replace(GOOD, **change))  # type: ignore[arg-type]

    assert [one for one in problems if told in f"{one.where} {one.what}"] != []


def test_a_paper_about_templates_is_no_leftover_but_a_template_s_own_is() -> None:
    about = dataclasses.replace(GOOD, text=GOOD.text + "On {{ braces }}\n", data=("On {{ braces }}",))

    assert lint(about) == ()
    assert len(lint(dataclasses.replace(about, text=about.text + "{% raw %}"))) == 2
