"""What of an issue goes into one mail: cards that cannot be shown are left out, cards beyond the budget go online."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from newsletter.model.edition import Issue, Pick

Sizes: TypeAlias = "Callable[[Pick | None], int]"

# Gmail clips at about 102 kB of encoded HTML; the footer with the leave link has to stand above that (facts of
# rendering, "Gmail 102 KB budget"). 90 kB is the promise, 2 kB are kept for headers of parts and long links.
HTML_BUDGET = 88_000


def without(issue: Issue, paper_ids: Collection[str]) -> Issue:
    """The issue without these papers; they are not counted as online either."""
    return replace(
        issue,
        sections=tuple(
            replace(section, picks=tuple(pick for pick in section.picks if pick.paper_id not in paper_ids))
            for section in issue.sections
        ),
        follow_ups=tuple(news for news in issue.follow_ups if news.paper_id not in paper_ids),
    )


def trim(issue: Issue, over: int, sizes: Sizes) -> tuple[Issue, int]:
    """(the issue made at least `over` octets smaller, how many papers went with whole sections).

    The longest section gives its last paper first, so no topic starves; once each has one, whole sections go,
    last first. What a section loses is added to its `more`.
    """
    kept = [list(section.picks) for section in issue.sections]
    while over > 0 and kept:
        longest = max(range(len(kept)), key=lambda place: (len(kept[place]), place))
        if len(kept[longest]) > 1:
            over -= sizes(kept[longest].pop())
            continue
        over -= sizes(None) + sum(sizes(pick) for pick in kept.pop())
    lost = sum(len(section.picks) + section.more for section in issue.sections[len(kept) :])
    sections = tuple(
        replace(section, picks=tuple(picks), more=section.more + len(section.picks) - len(picks))
        for section, picks in zip(issue.sections, kept, strict=False)
    )
    if kept or not issue.follow_ups:
        return replace(issue, sections=sections), lost
    return replace(issue, sections=(), follow_ups=issue.follow_ups[: len(issue.follow_ups) // 2]), lost
