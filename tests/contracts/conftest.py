"""Each contract holds for the fake, for SQLite and for PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.stores import EVERY, stores

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from newsletter.store.open import Store
    from tests.support.stores import Stores


@pytest.fixture(params=EVERY)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores | Store]:
    yield from stores(request.param, tmp_path)
