"""Sites for the tests of the web pages: one that is only read, shared, and one of its own for whoever writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.website import Site, open_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed site with the sample week printed, to copy."""
    folder = tmp_path_factory.mktemp("printed")
    open_site(folder).store.close()
    return folder


@pytest.fixture(scope="session")
def week(tmp_path_factory: pytest.TempPathFactory, printed: Path) -> Iterator[Site]:
    """The sample week, printed; nobody writes to it."""
    site = open_site(tmp_path_factory.mktemp("week") / "site", like=printed)
    yield site
    site.store.close()


@pytest.fixture(scope="session")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed site with papers and no edition, to copy."""
    folder = tmp_path_factory.mktemp("collected")
    open_site(folder, printed=False).store.close()
    return folder


@pytest.fixture
def site(tmp_path: Path, collected: Path) -> Iterator[Site]:
    """A site of one's own, with papers and no edition."""
    made = open_site(tmp_path / "site", like=collected)
    yield made
    made.store.close()
