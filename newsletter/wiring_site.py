"""A press to the files of a static site."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter.web.app import open_desk
from newsletter.web.site import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.press import Press
    from newsletter.web.site import Made


def open_site(press: Press, *, base_url: str, sign_up: str) -> Iterator[Made]:
    """The archive as files under `base_url`, with a link to `sign_up` unless that is empty."""
    limits, records = press.limits, press.records
    assert limits is not None
    assert records is not None
    config = replace(press.config, newsletter=replace(press.config.newsletter, base_url=base_url))
    there = replace(press, config=config)
    return build(open_desk(there, limits=limits, records=records, live=False, sign_up_url=sign_up))
