"""Why a paper was picked, as a sentence: from the reasons that the ranking gave, in any language.

A reason is a tuple of strings, its kind first: `("author", "Ada Lovelace")`, `("votes", "upvotes", "", "12", "8")`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.tongue.tongue import ENGLISH, Said, Tongue, fill, marked_count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Reason = tuple[str, ...]

# Who counts, with the plural of what is counted; a signal of another name is shown as it is.
_VOTES = {
    "upvotes": marked_count("{n} upvote", "{n} upvotes"),
    "votes": marked_count("{n} vote", "{n} votes"),
    "points": marked_count("{n} point", "{n} points"),
    "likes": marked_count("{n} like", "{n} likes"),
}
_SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def sentence(reasons: Sequence[Reason], tongue: Tongue = ENGLISH) -> Said:
    """One sentence, in the order of the reasons."""
    said = [clause(reason, tongue) for reason in reasons] or [tongue.say("the best of what there was")]
    text = tongue.gettext("; ").join(said)
    return fill(tongue.gettext("{sentence}."), {"sentence": text[0].upper() + text[1:]})


def clause(reason: Reason, tongue: Tongue = ENGLISH) -> Said:
    """One reason, as a part of the sentence whose subject is the paper. A kind of tomorrow shows its values."""
    kind, *values = reason
    known = _CLAUSES.get(kind)
    return known(tongue, *values) if known else tongue.listed(values)


def _author(tongue: Tongue, name: str) -> Said:
    return tongue.say("by {author}, whom this topic follows", author=name)


def _organization(tongue: Tongue, name: str) -> Said:
    return tongue.say("from {organization}, which this topic follows", organization=name)


def _words(tongue: Tongue, *words: str) -> Said:
    quoted = [tongue.say("“{quoted}”", quoted=word) for word in words]
    return tongue.say("says {words}", words=tongue.listed(quoted))


def _category(tongue: Tongue, name: str) -> Said:
    return tongue.say("is in {category}", category=name)


def _seed(tongue: Tongue, title: str) -> Said:
    return tongue.say("is like “{title}”", title=title)


def _near(tongue: Tongue) -> Said:
    return tongue.say("is close to the topic in meaning")


def _votes(tongue: Tongue, what: str, source: str, count: str, hours: str) -> Said:
    number = float(count)
    if what in _VOTES:
        votes = tongue.count(*_VOTES[what], _form(number), n=number)
    else:
        noun = what[:-1] if number == 1 and what.endswith("s") else what
        votes = Said(f"{tongue.number(number)} {noun}")
    after = _after(tongue, float(hours))
    if source:
        return tongue.say("{votes} on {source} {after}", votes=votes, source=source, after=after)
    return tongue.say("{votes} {after}", votes=votes, after=after)


def _after(tongue: Tongue, hours: float) -> Said:
    if hours < 48:
        return tongue.count("after {n} hour", "after {n} hours", max(1, round(hours)))
    return tongue.count("after {n} day", "after {n} days", round(hours / 24))


def _gained(tongue: Tongue, count: str) -> Said:
    number = float(count)
    return tongue.count(
        "gained {n} vote in the last two days", "gained {n} votes in the last two days", _form(number), n=number
    )


def _prior(tongue: Tongue, authors: str, has_code: str) -> Said:
    people = tongue.count("{n} author", "{n} authors", int(authors)) if int(authors) else tongue.say("no authors named")
    code = tongue.say("code") if has_code == "1" else tongue.say("no code")
    return tongue.say("no votes yet; {people}, {code}", people=people, code=code)


def _unvoted(tongue: Tongue, has_code: str) -> Said:
    return tongue.say("no votes yet, with code") if has_code == "1" else tongue.say("no votes yet")


def _fresh(tongue: Tongue, hours: str) -> Said:
    number = int(hours)
    if number < 48:
        return tongue.count("listed {n} hour ago", "listed {n} hours ago", max(1, number))
    return tongue.count("listed {n} day ago", "listed {n} days ago", round(number / 24))


def _promising(tongue: Tongue) -> Said:
    return tongue.say("resembles papers that get votes")


def _nearest(tongue: Tongue) -> Said:
    return tongue.say("is among the nearest to the topic")


def _full(tongue: Tongue, whose: str, count: str, name: str) -> Said:
    """A cap that a paper would break."""
    number = int(count)
    n: object = _SMALL[number] if tongue.language == "en" and number < len(_SMALL) else number
    if whose == "author":
        return tongue.count(
            "{n} paper of the last author {name} is in already",
            "{n} papers of the last author {name} are in already",
            number,
            n=n,
            name=name,
        )
    return tongue.count(
        "{n} paper of {name} is in already", "{n} papers of {name} are in already", number, n=n, name=name
    )


def _beyond(tongue: Tongue, whose: str, count: str, name: str) -> Said:
    others = _full(tongue, whose, count, name)
    return tongue.say("fills up the topic, though {others}", others=others)


def _form(number: float) -> int:
    """The whole number whose plural a fraction takes: 1.5 votes are more than one."""
    return int(number) if number == int(number) else 2 + int(number)


_CLAUSES: dict[str, Callable[..., Said]] = {
    "author": _author,
    "organization": _organization,
    "words": _words,
    "category": _category,
    "seed": _seed,
    "near": _near,
    "votes": _votes,
    "gained": _gained,
    "prior": _prior,
    "unvoted": _unvoted,
    "fresh": _fresh,
    "promising": _promising,
    "nearest": _nearest,
    "full": _full,
    "beyond": _beyond,
}
