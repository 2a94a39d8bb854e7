"""The fake world's papers in the shapes that the real sources send."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.support.sources_data import Served

ATOM = 'xmlns="http://www.w3.org/2005/Atom" xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"'
ARXIV = 'xmlns:arxiv="http://arxiv.org/schemas/atom"'
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'


def huggingface(papers: Iterable[Served], day: date, page: int, limit: int) -> tuple[bytes, bool]:
    """(body, whether another page follows), upvotes first."""
    listed = sorted((paper for paper in papers if paper.listed == day), key=lambda p: (-p.upvotes, p.id))
    part = listed[page * limit : (page + 1) * limit]
    return json.dumps([hf_item(paper) for paper in part]).encode(), len(listed) > (page + 1) * limit


def hf_item(paper: Served) -> dict[str, object]:
    midnight = paper.submitted_at.replace(hour=0, minute=0, second=0, microsecond=0)
    inner: dict[str, object] = {
        "id": paper.id,
        "title": paper.title,
        "summary": paper.abstract,
        "authors": [{"_id": f"{n:024x}", "name": name, "hidden": False} for n, name in enumerate(paper.authors)],
        "publishedAt": f"{midnight:%Y-%m-%dT%H:%M:%S}.000Z",
        "submittedOnDailyAt": f"{paper.listed}T00:00:00.000Z",
        "upvotes": paper.upvotes,
        "discussionId": "0" * 24,
    }
    if paper.github:
        inner["githubRepo"] = paper.github
    if paper.stars is not None:
        inner["githubStars"] = paper.stars
    if paper.project:
        inner["projectPage"] = paper.project
    if paper.summary:
        inner["ai_summary"] = paper.summary
    if paper.organization:
        inner["organization"] = {"name": paper.organization.lower(), "fullname": paper.organization}
    early = midnight - timedelta(hours=4)
    return {
        "paper": inner,
        "publishedAt": f"{early:%Y-%m-%dT%H:%M:%S}.000Z",
        "title": paper.title,
        "summary": paper.abstract,
        "numComments": paper.comments,
        "isAuthorParticipating": False,
    }


def arxiv_api(papers: Iterable[Served], query: Mapping[str, str]) -> bytes:
    """Answers `id_list`, or `cat:` terms with a `submittedDate` window; ten results unless more are asked for."""
    start, most = int(query.get("start", "0")), int(query.get("max_results", "10"))
    if names := query.get("id_list"):
        wanted = set(names.split(","))
        found = [paper for paper in papers if paper.id in wanted]
    else:
        search = query.get("search_query", "")
        if not search.strip():
            return arxiv_error("no query")
        found = [paper for paper in papers if paper.announced and _matches(paper, search)]
    found.sort(key=lambda paper: (paper.submitted_at, paper.id))
    entries = "".join(api_entry(paper) for paper in found[start : start + most])
    return _api_feed(entries, len(found), start, most)


def _api_feed(entries: str, total: int, start: int, most: int) -> bytes:
    numbers = "".join(
        f"<opensearch:{name}>{value}</opensearch:{name}>"
        for name, value in (("totalResults", total), ("startIndex", start), ("itemsPerPage", most))
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<feed {ATOM} {ARXIV}>{numbers}{entries}</feed>'.encode()


def arxiv_error(reason: str) -> bytes:
    return _api_feed(
        f"<entry><id>http://arxiv.org/api/errors#{reason.replace(' ', '_')}</id><title>Error</title>"
        f"<summary>{escape(reason)}</summary></entry>",
        1,
        0,
        1,
    )


def _matches(paper: Served, search: str) -> bool:
    categories = re.findall(r"cat:([\w.-]+)", search)
    span = re.search(r"submittedDate:\[(\d{12}) TO (\d{12})\]", search)
    when = paper.submitted_at.astimezone(UTC).strftime("%Y%m%d%H%M")
    fits = span is None or span[1] <= when <= span[2]
    return fits and (not categories or any(name in paper.categories for name in categories))


def api_entry(paper: Served) -> str:
    when = f"{paper.submitted_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    authors = "".join(f"<author><name>{escape(name)}</name></author>" for name in paper.authors)
    more = f"<arxiv:comment>{escape(paper.comment)}</arxiv:comment>" if paper.comment else ""
    more += f"<arxiv:doi>{escape(paper.doi)}</arxiv:doi>" if paper.doi else ""
    return (
        f"<entry><id>http://arxiv.org/abs/{paper.id}v{paper.version}</id><published>{when}</published>"
        f"<updated>{when}</updated><title>{escape(paper.title)}</title><summary>{escape(paper.abstract)}</summary>"
        f'{authors}{more}<link rel="alternate" href="http://arxiv.org/abs/{paper.id}v{paper.version}"/>'
        f'<arxiv:primary_category term="{paper.categories[0]}"/>'
        + "".join(f'<category term="{name}"/>' for name in paper.categories)
        + "</entry>"
    )


def arxiv_feed(papers: Iterable[Served], categories: list[str], batch: date, stale: Mapping[str, date]) -> bytes:
    """One batch of these categories; a stale one shows its older batch under a fresh lastBuildDate."""
    rows: dict[str, str] = {}
    for category in categories:
        day = stale.get(category, batch)
        for paper in papers:
            if paper.announced == day and category in paper.categories:
                rows.setdefault(paper.id, _feed_item(paper, day))
    built = format_datetime(datetime(batch.year, batch.month, batch.day, 4, tzinfo=UTC))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rss {ARXIV} {DC} version="2.0"><channel>'
        f"<title>{'+'.join(categories)} updates on arXiv.org</title><lastBuildDate>{built}</lastBuildDate>"
        f"<skipDays><day>Sunday</day><day>Saturday</day></skipDays>{''.join(rows.values())}</channel></rss>"
    ).encode()


def feed_error() -> bytes:
    return b'<?xml version="1.0"?><rss version="2.0"><channel><title>Feed error for query</title></channel></rss>'


def _feed_item(paper: Served, day: date) -> str:
    name = f"{paper.id}v{paper.version}"
    return (
        f"<item><title>{escape(paper.title)}</title><link>https://arxiv.org/abs/{paper.id}</link>"
        f"<description>arXiv:{name} Announce Type: {paper.kind} \nAbstract: {escape(paper.abstract)}</description>"
        f'<guid isPermaLink="false">oai:arXiv.org:{name}</guid>'
        + "".join(f"<category>{category}</category>" for category in paper.categories)
        + f"<pubDate>{day:%a, %d %b %Y} 00:00:00 -0400</pubDate>"
        f"<arxiv:announce_type>{paper.kind}</arxiv:announce_type>"
        "<dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>"
        f"<dc:creator>{escape(', '.join(paper.authors))}</dc:creator></item>"
    )


def biorxiv(papers: Iterable[Served], server: str, since: date, until: date, cursor: int) -> bytes:
    """Thirty a page, a total as a string that is too large, days without zero padding."""
    rows = [
        paper for paper in papers if paper.doi.startswith("10.1101/") and since <= paper.submitted_at.date() <= until
    ]
    part = rows[cursor : cursor + 30]
    message: dict[str, object] = {"status": "ok" if part else "no posts found"}
    if part:
        message.update(cursor=cursor, count=len(part), total=str(len(rows) + 5))
    return json.dumps(
        {
            "messages": [message],
            "collection": [
                {
                    "doi": paper.doi,
                    "title": paper.title,
                    "authors": "; ".join(paper.authors),
                    "date": f"{paper.submitted_at.year}-{paper.submitted_at.month}-{paper.submitted_at.day}",
                    "version": str(paper.version),
                    "type": "new results",
                    "license": "cc_by",
                    "category": "neuroscience",
                    "abstract": paper.abstract,
                    "published": "NA",
                    "server": server,
                }
                for paper in part
            ],
        }
    ).encode()


def atom(papers: Iterable[Served]) -> bytes:
    """A lab's blog: every paper as an entry with HTML in it."""
    entries = "".join(
        f'<entry><id>https://lab.example/{paper.id}</id><link href="https://lab.example/{paper.id}"/>'
        f"<title>{escape(paper.title)}</title><updated>{paper.submitted_at.isoformat()}</updated>"
        f'<summary type="html">{escape(f"<p>{escape(paper.abstract)}</p>")}</summary>'
        + "".join(f"<author><name>{escape(name)}</name></author>" for name in paper.authors)
        + "</entry>"
        for paper in papers
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<feed {ATOM}><title>Lab</title>{entries}</feed>'.encode()
