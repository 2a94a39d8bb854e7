"""An upgrade from the first release's database: its schema, filled with readers and mail; nothing may be lost.

The rows are made by today's program and carried into the old schema, column by column. Then the program opens that
database as it would after an upgrade, and each row is compared. `python -m benchmarks.upgrade`; `--quick` takes 5,000
readers instead of 100,000.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.common import Row, options, report
from newsletter.config import load_config
from newsletter.model.edition import Silence
from newsletter.model.mail import Deferred, Delivered, NewDelivery, Refused, Reply
from newsletter.model.paper import Listing, Paper, Reading
from newsletter.model.subscriber import Feedback, Subscriber
from newsletter.stages.printing import print_day
from newsletter.store import migrate
from newsletter.store.database import open_database
from newsletter.wiring import open_press

if TYPE_CHECKING:
    from collections.abc import Iterator

    from newsletter.model.mail import Outcome
    from newsletter.press import Press

FIRST_RELEASE = "0003"  # papers, people, mail and web: what the first release had
DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
CONFIG = """
[newsletter]
secret = "the secret of the first release"
[[topics]]
slug = "all"
keywords = ["paper"]
[ranking]
dense = false
"""


class SetClock:
    def now(self) -> datetime:
        return NOW


def fill(folder: Path, readers: int) -> None:
    """A day of a newsletter: papers, an edition, readers of every standing, feedback, mail in every state."""
    (folder / "config.toml").write_text(CONFIG, "utf-8")
    with open_press(load_config(folder / "config.toml", {}), clock=SetClock()) as press:
        papers = [
            Paper(id=f"2611.{n:05}", title=f"A paper on upgrades, {n}", abstract="It is kept.", arxiv_id=f"2611.{n:05}")
            for n in range(40)
        ]
        listed = [Listing(one.id, "arxiv", DAY, "new", NOW) for one in papers]
        read = [Reading(one.id, "huggingface.upvotes", float(n), NOW) for n, one in enumerate(papers)]
        press.papers.keep(papers, listed, read, [(papers[0].id, "arxiv", "as it came")], at=NOW)
        print_day(press, DAY, NOW)
        statuses = ("active", "active", "active", "active", "active", "pending", "left", "bounced")
        wanted = (
            Subscriber(
                email=f"reader{n}@example.org",
                name=f"Reader {n}",
                status=statuses[n % len(statuses)],  # type: ignore[arg-type] # of the right words
                topics=("all",) if n % 3 else (),
                send_hour=n % 24,
                timezone="Asia/Kathmandu" if n % 2 else None,
                created_at=NOW - timedelta(days=n % 300),
                confirmed_at=NOW - timedelta(days=n % 300),
                consent="form",
            )
            for n in range(readers)
        )
        kept = [one for one, _ in press.subscribers.add_many(wanted)]
        for one in kept[: readers // 50]:
            press.subscribers.say(
                Feedback(subscriber_id=one.id, paper_id=papers[one.id % 40].id, topic="all", verb="more", at=NOW)
            )
        for one in kept[:: max(1, readers // 200)]:
            press.subscribers.suppress(f"gone{one.id}@example.org", "complained", at=NOW)
        _mail(press, kept)


def _mail(press: Press, readers: list[Subscriber]) -> None:
    payload = json.dumps({"editions": [DAY.isoformat()], "sections": [["all", "All", 0, []]], "follow_ups": []})
    late = NOW + timedelta(hours=20)
    active = [one for one in readers if one.status == "active"]
    press.ledger.queue([NewDelivery("digest", DAY, one.id, payload, late) for one in active], at=NOW)
    press.ledger.record_silences(
        [Silence(one.id, DAY, "unconfirmed", "has not confirmed") for one in readers if one.status == "pending"], at=NOW
    )
    while (claim := press.ledger.claim("old", limit=5000, now=NOW, lease=timedelta(minutes=5))) is not None:
        press.ledger.start([one.id for one in claim.deliveries], now=NOW)
        press.ledger.settle([_ended(one.id) for one in claim.deliveries], now=NOW)


def _ended(number: int) -> tuple[Outcome, datetime | None]:
    if number % 100 == 7:
        return Refused(number, Reply(550, "5.1.1", "no such user"), "address"), None
    if number % 100 == 8:
        return Deferred(number, Reply(450, "4.2.0", "greylisted")), NOW + timedelta(hours=1)
    return Delivered(number, Reply(250, "2.0.0", "ok")), None


def first_release(new: Path, old: Path, revision: str = FIRST_RELEASE) -> None:
    """The rows of the database `new` in a database `old` of that revision's schema, which is a new file."""
    database = open_database(f"sqlite:///{old}", folder=old.parent)
    with database.writing() as connection:
        migrate.upgrade(connection, revision)
    database.engine.dispose()
    with sqlite3.connect(old) as raw:
        raw.execute("ATTACH ? AS new", (str(new),))
        for table, columns in shape(raw).items():
            known = {row[1] for row in raw.execute(f"PRAGMA new.table_info({table})")}
            both = ", ".join(f'"{one}"' for one in columns if one in known)
            if table == "frontier":
                raw.execute("UPDATE frontier SET last_id = (SELECT max(last_id) FROM new.frontier WHERE id = 1)")
            elif both:
                rows = "rowid, " if table == "paper_words" else ""
                raw.execute(f"INSERT INTO main.{table} ({rows}{both}) SELECT {rows}{both} FROM new.{table}")
        raw.commit()
    raw.close()
    old.chmod(0o600)


def shape(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Our tables of the database with their columns, without what SQLite keeps for itself."""
    names = [
        row[0]
        for row in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table' ORDER BY name")
        if not row[0].startswith(("sqlite_", "alembic", "paper_words_"))
    ]
    return {name: [row[1] for row in connection.execute(f"PRAGMA main.table_info({name})")] for name in names}


def told(path: Path, tables: dict[str, list[str]]) -> dict[str, tuple[int, str]]:
    """Rows of each table and a checksum over those columns: what an upgrade must not change."""
    found = {}
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        for table, columns in tables.items():
            wanted = ", ".join(f'"{one}"' for one in columns)
            where = " WHERE id = 1" if table == "frontier" else ""
            sums = sorted(
                hashlib.blake2b(repr(row).encode(), digest_size=12).hexdigest()
                for row in connection.execute(f"SELECT {wanted} FROM {table}{where}")
            )
            found[table] = (len(sums), hashlib.blake2b("".join(sums).encode()).hexdigest())
    connection.close()
    return found


def main() -> None:
    arguments = options(__doc__ or "").parse_args()
    readers = 5000 if arguments.quick else 100_000
    with tempfile.TemporaryDirectory() as place:
        rows = list(_measured(Path(place), readers))
    report(rows, arguments.json)
    sys.exit(any(row.met is False for row in rows))


def _measured(place: Path, readers: int) -> Iterator[Row]:
    made, home = place / "made", place / "home"
    made.mkdir()
    home.mkdir()
    fill(made, readers)
    database = home / "subscribers.db"
    first_release(made / "subscribers.db", database)
    (home / "config.toml").write_text(CONFIG, "utf-8")
    with sqlite3.connect(database) as connection:
        tables = shape(connection)
    connection.close()
    before = told(database, tables)
    yield Row("readers", readers, "")
    yield Row("the old database", database.stat().st_size / 1e6, "MB")
    took, memory, text = _command(home, "upgrade")
    yield Row("upgrade", took, "s")
    yield Row("upgrade, most memory", memory, "MB")
    after = told(database, tables)
    lost = sorted(table for table in before if before[table] != after[table])
    print(text, file=sys.stderr)
    yield Row("tables whose rows changed or went", len(lost), ", ".join(lost), goal=0, met=not lost)
    kept = next(home.glob("subscribers.db.before-*"))
    same = told(kept, tables) == before
    yield Row("the copy from before holds all", float(same), "", goal=1, met=same)
    took, memory, _ = _command(home, "backup", str(place / "backup.db"))
    yield Row("backup", took, "s")
    yield Row("backup, most memory", memory, "MB")
    for name in home.glob("subscribers.db*"):
        name.unlink()
    took, memory, _ = _command(home, "restore", str(place / "backup.db"))
    yield Row("restore", took, "s")
    restored = told(database, tables) == after
    yield Row("the restored database holds all", float(restored), "", goal=1, met=restored)


def _command(home: Path, *arguments: str) -> tuple[float, float, str]:
    """(seconds, MB, what it said) of one call of the program."""
    command = [sys.executable, "-m", "newsletter", "--config", str(home / "config.toml"), *arguments]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    took = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return took, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, done.stdout + done.stderr


if __name__ == "__main__":
    main()
