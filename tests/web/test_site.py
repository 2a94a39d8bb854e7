"""The archive as files: links lead to files, nothing asks or tells of readers, the same store gives the same bytes."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

import pytest

from newsletter.cli.site import write_files
from newsletter.errors import UsageError
from newsletter.web.site import Made, file_of
from tests.support.desk import Desk
from tests.support.website import open_site as open_website

if TYPE_CHECKING:
    from collections.abc import Iterator

EPUBCHECK = Path("/usr/share/java/epubcheck.jar")
BASE = "https://pages.example.org/papers"


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A newsletter whose sample week is printed."""
    folder = tmp_path_factory.mktemp("week") / "digest"
    open_website(folder).store.close()
    return folder


def site(week: Path, out: Path, *more: str) -> str:
    from tests.support.desk import newsletter

    done = newsletter(["--config", str(week / "config.toml"), "site", "--out", str(out), "--base-url", BASE, *more])
    assert (done.code, done.err) == (0, "")
    return done.out


def files(out: Path) -> dict[str, bytes]:
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    found.pop(".newsletter-site.json")
    return found


def test_every_link_of_every_page_leads_to_a_file_of_the_site(week: Path, tmp_path: Path) -> None:
    site(week, tmp_path / "out")
    made = files(tmp_path / "out")
    lost = []
    for name, data in made.items():
        if not name.endswith(".html"):
            continue
        for link in re.findall(r'(?:href|src)="([^"#][^"]*)"', data.decode()):
            target = urljoin(f"{BASE}/{name}", html.unescape(link))
            inside = target.removeprefix(BASE + "/")
            if (target.startswith(BASE + "/") and urlsplit(inside).path not in made) or (
                urlsplit(target).netloc == "pages.example.org" and not target.startswith(BASE)
            ):
                lost.append((name, link))
    assert lost == []
    assert {"index.html", "archive.html", "feed.atom", "feed.json", "feeds.opml", "sitemap.xml", "404.html"} <= set(
        made
    )
    assert sum(name.startswith("paper/") and name.endswith(".html") for name in made) > 30


def test_feeds_and_the_map_name_addresses_that_are_files(week: Path, tmp_path: Path) -> None:
    site(week, tmp_path)
    made = files(tmp_path)
    named = [one.text or "" for one in ET.fromstring(made["sitemap.xml"]).iter() if one.tag.endswith("loc")]
    named += [item["url"] for item in json.loads(made["feed.json"])["items"]]
    named += [one.attrib["href"] for one in ET.fromstring(made["feed.atom"]).iter() if "href" in one.attrib]
    assert len(named) > 50
    assert [one for one in named if (one.removeprefix(BASE + "/") or "index.html") not in made] == []


def test_nothing_asks_for_anything_or_tells_of_readers(week: Path, tmp_path: Path) -> None:
    site(week, tmp_path)
    every = b"\n".join(files(tmp_path).values())
    for word in (b"<form", b"<script", b"/subscribe", b"/preferences", b"/unsubscribe", b"/search", b'name="stamp"'):
        assert word not in every
    assert b"join.example.org" not in every
    site(week, tmp_path, "--sign-up", "https://join.example.org/")
    assert b'<a class="join" href="https://join.example.org/">Subscribe</a>' in (tmp_path / "index.html").read_bytes()


def test_the_same_store_gives_the_same_bytes_and_only_what_changed_is_written(week: Path, tmp_path: Path) -> None:
    site(week, tmp_path / "one")
    site(week, tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "one").rglob("*") if path.suffix == ".html"}
    assert re.fullmatch(r"\d+ files under .*: 0 written, 0 removed\n", site(week, tmp_path / "one"))
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_what_is_not_ours_is_never_touched_and_what_was_is_removed(week: Path, tmp_path: Path) -> None:
    (tmp_path / "CNAME").write_text("papers.example.org")
    site(week, tmp_path)
    manifest = tmp_path / ".newsletter-site.json"
    (tmp_path / "day" / "1999-01-01.html").write_text("old")
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"day/1999-01-01.html": "x"}))
    assert site(week, tmp_path).endswith("0 written, 1 removed\n")
    assert (tmp_path / "CNAME").read_text() == "papers.example.org"
    manifest.unlink()
    (tmp_path / "index.html").write_text("mine")
    from tests.support.desk import newsletter

    done = newsletter(["--config", str(week / "config.toml"), "site", "--out", str(tmp_path), "--base-url", BASE])
    assert (done.code, (tmp_path / "index.html").read_text()) == (2, "mine")
    assert "is not a file that this command made" in done.err


def test_what_an_interrupted_site_had_written_is_its_own_and_is_finished(tmp_path: Path) -> None:
    def interrupted() -> Iterator[Made]:
        yield Made("index.html", b"new")
        yield Made("day/1.html", b"new")
        raise KeyboardInterrupt

    write_files(tmp_path, [Made("index.html", b"old")])
    with pytest.raises(KeyboardInterrupt):
        write_files(tmp_path, interrupted())

    told = write_files(tmp_path, [Made("index.html", b"old"), Made("day/1.html", b"newer")])

    assert told == {"files": 2, "written": 2, "removed": 0}
    assert files(tmp_path) == {"index.html": b"old", "day/1.html": b"newer"}
    assert write_files(tmp_path, [Made("index.html", b"old")]) == {"files": 1, "written": 0, "removed": 1}


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(UsageError, match="taken"):
        write_files(tmp_path / "taken" / "site", [Made("index.html", b"x")])


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "index.html"),
        ("/?by=trend", "trend.html"),
        ("/day/2025-11-20?by=trend", "day/2025-11-20.trend.html"),
        ("/paper/2511.13612", "paper/2511.13612.html"),
        ("/paper/10.1101/2025.1", "paper/10.1101_2025.1-158bc8b9.html"),
        ("/paper/../../etc", "paper/.._.._etc-"),
        ("/topic/vision/feed.json", "topic/vision/feed.json"),
        ("/search?q=x", ""),
        ("/preferences/token", ""),
    ],
)
def test_each_address_has_a_file_that_every_host_takes(path: str, file: str) -> None:
    found = file_of(path)
    assert found == file or (file.endswith("-") and found.startswith(file))
    assert ".." not in found.split("/")


def test_an_edition_is_an_e_reader_file_that_the_checker_takes_and_the_same_every_time(
    week: Path, tmp_path: Path
) -> None:
    from tests.support.desk import newsletter

    def write(name: str) -> bytes:
        done = newsletter(["--config", str(week / "config.toml"), "site", "--epub", str(tmp_path / name)])
        assert done.code == 0, done.err
        return (tmp_path / name).read_bytes()

    first = write("a.epub")
    assert first == write("b.epub")
    with zipfile.ZipFile(tmp_path / "a.epub") as book:
        names = book.namelist()
        assert names[:2] == ["mimetype", "META-INF/container.xml"]
        assert book.getinfo("mimetype").compress_type == zipfile.ZIP_STORED
        for name in names[1:]:
            if name.endswith(("xhtml", "opf", "xml")):
                ET.fromstring(book.read(name))
    if not EPUBCHECK.exists() or shutil.which("java") is None:
        pytest.skip("epubcheck is not on this machine")
    told = subprocess.run(["java", "-jar", EPUBCHECK, tmp_path / "a.epub"], capture_output=True, text=True, check=False)
    assert "0 fatals / 0 errors / 0 warnings" in told.stdout, told.stdout + told.stderr


def test_the_file_is_mailed_to_an_e_reader_and_no_reader_misses_an_issue(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk("subscribers", "add", "ada@example.org")
    desk("run")
    before = desk("status", "--json").json["mail"]
    done = desk("site", "--epub", str(tmp_path / "x.epub"), "--mail", "ada.kindle@example.org")
    assert (done.code, done.err.splitlines()[-1]) == (0, "mailed to ada.kindle@example.org")
    (mail,) = [path for path in desk.mails if "kindle" in path.name]
    assert b"Content-Type: application/epub+zip" in mail.read_bytes()
    assert desk("status", "--json").json["mail"] == before


def test_an_e_reader_file_speaks_the_newsletters_language_from_its_side(week: Path, tmp_path: Path) -> None:
    from tests.support.desk import newsletter

    folder = shutil.copytree(week, tmp_path / "week")
    path = folder / "config.toml"
    path.write_text(path.read_text("utf-8").replace('locale = "en"', 'locale = "ar"'), "utf-8")
    done = newsletter(["--config", str(path), "site", "--epub", str(tmp_path / "ar.epub")])
    assert done.code == 0, done.err
    with zipfile.ZipFile(tmp_path / "ar.epub") as book:
        texts = {name: book.read(name).decode() for name in book.namelist()}
    assert 'lang="ar" dir="rtl"' in texts["book/topic1.xhtml"]
    assert "<dc:language>ar</dc:language>" in texts["book/book.opf"]
    assert '<spine page-progression-direction="rtl">' in texts["book/book.opf"]
    assert " votes" not in texts["book/topic1.xhtml"]
    for name, text in texts.items():
        if name.endswith(("xhtml", "opf")):
            ET.fromstring(text)
