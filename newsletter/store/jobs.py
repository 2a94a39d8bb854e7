"""Shards of the queue as jobs of Procrastinate, on PostgreSQL: what wakes the workers of other machines.

A job says that rows were queued and where; which rows are whose is the ledger's to say. So a job that runs twice, or
late, or never, sends nothing twice and leaves nothing out: whoever finds rows due sends them.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from newsletter.errors import BusyError
from newsletter.store.database import JOBS_LOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from newsletter.store.database import Database

QUEUE, TASK = "newsletter", "newsletter.drain"
SHARD = 10_000  # rows a job: some seconds of work for one worker
LOOK = 5.0  # seconds between looks for retries that came due and leases that ran out
STALLED = 60.0  # and for jobs whose worker died

_THERE = text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")
_DEFER = text(
    "SELECT procrastinate_defer_jobs_v1(ARRAY(SELECT ROW(:queue, :task, 0, NULL, NULL, "
    "jsonb_build_object('first', first, 'last', least(first + :size - 1, :last)), NULL)"
    "::procrastinate_job_to_defer_v1 FROM generate_series(CAST(:first AS bigint), :last, :size) AS first))"
)


def enqueue(connection: Connection, first: int, last: int) -> None:
    """One job for each shard of the rows first..last, in the transaction that queued them.

    Does nothing in a database where no worker ever ran.
    """
    if first <= last and connection.execute(_THERE).scalar():
        connection.execute(_DEFER, {"queue": QUEUE, "task": TASK, "first": first, "last": last, "size": SHARD})


class ProcrastinateJobs:
    """The `Jobs` of `newsletter.press`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def work(self, drain: Callable[[], None], *, due: Callable[[], bool], stop: Callable[[], bool]) -> None:
        """Call `drain` for each job, and when `due()`, until `stop()`; what is under way then is finished."""
        self._set_up()
        asyncio.run(self._work(drain, due, stop))

    def _set_up(self) -> None:
        """Procrastinate's own tables, once in a database."""
        from procrastinate.schema import SchemaManager  # noqa: PLC0415 - an extra, and only workers need it

        with self._db.writing(lock=JOBS_LOCK) as connection:
            if not connection.execute(_THERE).scalar():
                raw: Any = connection.connection.driver_connection
                raw.execute(SchemaManager.get_schema())

    async def _work(self, drain: Callable[[], None], due: Callable[[], bool], stop: Callable[[], bool]) -> None:
        import procrastinate  # noqa: PLC0415 - see above
        from procrastinate.exceptions import AlreadyEnqueued  # noqa: PLC0415

        url = self._db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=4))

        @app.task(name=TASK, queue=QUEUE)
        def shard(first: int = 0, last: int = 0) -> None:
            del first, last  # for whoever looks at the jobs; the ledger knows better what is left of them
            drain()

        async def wake() -> None:
            if await asyncio.to_thread(due):
                try:
                    await shard.configure(queueing_lock=TASK).defer_async()
                except AlreadyEnqueued:
                    return

        async with app.open_async():
            running = app.run_worker_async(
                queues=[QUEUE], concurrency=1, install_signal_handlers=False, delete_jobs="always"
            )
            worker = asyncio.create_task(running)
            looked = asked = -STALLED
            while not stop() and not worker.done():
                now = time.monotonic()
                if now - looked >= LOOK:
                    looked = now
                    await wake()
                if now - asked >= STALLED:
                    asked = now
                    for job in await app.job_manager.get_stalled_jobs(queue=QUEUE):
                        await app.job_manager.retry_job(job)
                await asyncio.sleep(0.1)
            unasked = worker.done()
            worker.cancel()  # it fetches no more, and waits for the job under way
            (ended,) = await asyncio.gather(worker, return_exceptions=True)
            if unasked:
                raise BusyError(f"Fetching jobs ended by itself: {ended}.", cure="Start the worker again.")
