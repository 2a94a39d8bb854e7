"""One day of 1,200 papers and 50 topics: collect, rank, and compose for 1,000 readers, with rates and peak memory.

The papers are made up from the words of the bundled sample, so no data is needed: `python -m benchmarks.day`.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.common import Row, duel, options, peak_mb, report, seconds
from newsletter import publish
from newsletter.config import load_config
from newsletter.model.mail import Message
from newsletter.model.subscriber import Subscriber
from newsletter.stages.composing import Renderer
from newsletter.stages.cutting import cut_all
from newsletter.stages.previewing import Chosen, choose
from newsletter.stages.printing import draft, print_day
from newsletter.wiring import open_press

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from newsletter.model.mail import Delivery
    from newsletter.press import Press

DAY = date(2026, 11, 20)
SAMPLE = Path(__file__).resolve().parents[1] / "newsletter" / "sample" / "papers.jsonl"


@dataclass(frozen=True, slots=True)
class Size:
    papers: int
    topics: int
    readers: int
    chosen: int = 5  # topics of a reader
    top: int = 5  # papers of a topic


def main() -> None:
    arguments = options(__doc__ or "").parse_args()
    size = Size(1200, 50, 200 if arguments.quick else 1000)
    with tempfile.TemporaryDirectory() as folder:
        make_house(Path(folder), size)
        with open_press(load_config(Path(folder) / "config.toml")) as press:
            report(measure(press, size, rounds=3 if arguments.quick else 5), arguments.json)


def measure(press: Press, size: Size, *, rounds: int) -> list[Row]:
    asof = publish.moment(press, DAY)
    rows = [rate("collect: parse, merge, store", size.papers, "papers/s", seconds(lambda: publish.collect(press, DAY)))]
    rows.append(
        rate("collect again: nothing new", size.papers, "papers/s", seconds(lambda: publish.collect(press, DAY)))
    )
    rows.append(
        rate(f"rank, {size.topics} topics, cold", size.papers, "papers/s", seconds(lambda: draft(press, DAY, asof)))
    )
    rows.append(
        rate(f"rank, {size.topics} topics, warm", size.papers, "papers/s", seconds(lambda: draft(press, DAY, asof)))
    )
    print_day(press, DAY, asof)
    rows.append(
        rate("cut and queue", size.readers, "readers/s", seconds(lambda: [None for _ in cut_all(press, asof, day=DAY)]))
    )
    now = press.clock.now()
    deliveries: list[Delivery] = []
    while claim := press.ledger.claim("benchmark", limit=500, now=now, lease=timedelta(minutes=5)):
        deliveries += claim.deliveries
    render = Renderer(press)  # one for as long as a drain lasts
    rows.append(rate("compose, each paper for the first time", len(deliveries), "mails/s", cpu(render, deliveries)))
    rows.append(rate("compose, after that", len(deliveries), "mails/s", cpu(render, deliveries)))
    sizes = [len(message.data) for message in render(deliveries) if isinstance(message, Message)]
    rows.append(Row("size of a mail", sum(sizes) / len(sizes) / 1000, "kB"))
    one = deliveries[:100]
    chosen = choose(press, DAY, asof, email="reader1@example.net")
    assert isinstance(chosen, Chosen)
    few = one[:10]  # the usual way takes its time
    ours, usual, ratio = duel(
        lambda: list(render(one)), lambda: [_the_usual_way(press, chosen) for _ in few], rounds=rounds
    )
    ratio *= len(one) / len(few)
    rows.append(
        Row(
            "compose against Jinja + MJML + email",
            len(one) / ours,
            "mails/s",
            "per reader, mails/s",
            len(few) / usual,
            ratio,
            200,
            ratio >= 200,
        )
    )
    rows.append(Row("peak memory of all of it", peak_mb(), "MB"))
    return rows


def cpu(render: Renderer, deliveries: Sequence[Delivery]) -> float:
    """CPU seconds to compose them all."""
    start = time.process_time()
    for _ in render(deliveries):
        pass
    return time.process_time() - start


def rate(measure: str, count: int, unit: str, took: float) -> Row:
    return Row(measure, count / took, unit)


def _the_usual_way(press: Press, chosen: Chosen) -> bytes:
    """Render and compile the whole mail for one reader, and build it with the standard library."""
    cards = {card.paper.id: card for card in chosen.edition.cards}
    rendered = press.open_composer().render(chosen.reader, chosen.issue, cards, press.links(chosen.reader, DAY))
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = rendered.subject
    mail.set_content(rendered.text)
    mail.add_alternative(rendered.html, subtype="html")
    return mail.as_bytes()


def make_house(folder: Path, size: Size, *, database: str = "") -> None:
    """A configuration, the papers and the readers, the same ones every time; `database` blank: SQLite in the folder."""
    chance = random.Random(20261120)
    words = sorted(
        {
            word
            for line in SAMPLE.read_text("utf-8").splitlines()
            for word in re.findall(r"[a-z]{4,}", json.loads(line)["abstract"].lower())
        }
    )
    (folder / "papers.jsonl").write_text("".join(_paper(n, words, chance) for n in range(size.papers)), "utf-8")
    where = f'database = "{database}"\n' if database else ""
    topics = "".join(_topic(n, words, chance, size.top) for n in range(size.topics))
    (folder / "config.toml").write_text(
        '[newsletter]\nfrom = "Papers <papers@example.org>"\nbase_url = "https://papers.example.org"\n'
        f'{where}[[sources]]\nkind = "file"\npath = "papers.jsonl"\n'
        f'{topics}[delivery]\ntransport = "maildir"\n',
        "utf-8",
    )
    with open_press(load_config(folder / "config.toml")) as press:
        slugs = [topic.slug for topic in press.config.topics]
        deque(press.subscribers.add_many(_readers(size, slugs, chance)), maxlen=0)


def _readers(size: Size, slugs: Sequence[str], chance: random.Random) -> Iterator[Subscriber]:
    born = datetime(2026, 1, 1, tzinfo=UTC)
    for n in range(size.readers):
        topics = tuple(chance.sample(slugs, size.chosen))
        yield Subscriber(email=f"reader{n}@example.net", topics=topics, created_at=born, confirmed_at=born)


def _paper(number: int, words: Sequence[str], chance: random.Random) -> str:
    text = " ".join(chance.choices(words, k=180))
    votes = int(chance.paretovariate(1.1))
    return (
        json.dumps(
            {
                "id": f"2611.{number:05d}",
                "title": " ".join(chance.choices(words, k=9)).capitalize(),
                "abstract": text.capitalize() + ".",
                "authors": [f"Ada {chance.choice(words).capitalize()}" for _ in range(chance.randint(1, 8))],
                "listed": DAY.isoformat(),
                "upvotes": [[f"{DAY}T08:00:00+00:00", votes], [f"{DAY}T20:00:00+00:00", votes * 2]],
            }
        )
        + "\n"
    )


def _topic(number: int, words: Sequence[str], chance: random.Random, top: int) -> str:
    """Its words are wanted as they stand: of made-up papers none is near in meaning."""
    chosen = chance.sample(words, 6)
    settings = {"slug": f"topic-{number}", "name": f"Topic {number}", "query": " ".join(chosen), "top": top}
    settings["keywords"] = [f'"{word}"' for word in chosen]
    return "[[topics]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())


if __name__ == "__main__":
    main()
