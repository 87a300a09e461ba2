"""What happens when the app's server starts and stops."""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from fer_core.errors import InputError
from server import announcing, collecting
from server import services as house
from server.handlers import SAMPLE_SHOP
from server.reviewing import uploaded_films
from server.services import Services

LOG = logging.getLogger(__name__)
NO_SAMPLE = "MOODGATE_NO_SAMPLE"
"""Set to anything, a new database stays empty."""
_SEEDED = "seeded"
_UPKEEP_S = 6 * 3600.0
_PICTURES_S = 600.0
"""How often evidence pictures are looked through, so that none stays much longer than its day."""
_QUIET_S = 2.0
"""How long after the start the first job waits. More: the first page has the machine to itself, jobs begin later."""


@contextlib.asynccontextmanager
async def lifespan(_app: object, url: Callable[[], str] | None = None) -> AsyncIterator[dict[str, Any]]:
    """Open the database and start its jobs; close both at the end. What can't be opened is told by the first page.

    url: where programs of this machine reach the server, asked once it listens; it is written beside the database.
    """
    await asyncio.to_thread(_begin, url)
    upkeep = asyncio.create_task(_upkeep())
    try:
        yield {}
    finally:
        upkeep.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await upkeep
        await asyncio.to_thread(_end)


def _begin(url: Callable[[], str] | None) -> None:
    try:
        house.serve(partial(_ready, url))
        house.services()
    except InputError as error:
        LOG.warning("the database can't be opened: %s", error)


def _ready(url: Callable[[], str] | None, made: Services) -> None:
    prepare(made)
    if url:
        announcing.announce(made.folder, url(), house.DATABASE)


def _end() -> None:
    announcing.withdraw(house.data_folder())  # first: once the database is closed another process may announce itself
    house.close_all()


def prepare(made: Services) -> None:
    """Make services ready to work: sample data for a new database, then the jobs that wait."""
    seed(made)
    tidy(made)
    made.store.tidy_evidence()  # a server that stood still for a day has pictures whose time is over
    collecting.forget(made.folder, made.store)
    made.jobs.start(_QUIET_S)
    made.live.start()
    made.watchers.begin()
    made.alerting.start()


def seed(made: Services) -> bool:
    """Have a new database filled with the sample shop and its made-up history; once, and never beside real stores."""
    if os.environ.get(NO_SAMPLE) or _has_content(made):
        return False
    made.jobs.submit("history", "", "The sample stores’ history", {})
    made.jobs.submit("sample", SAMPLE_SHOP, "The sample day", {})
    made.store.put_setting(_SEEDED, True)
    return True


def _has_content(made: Services) -> bool:
    """Whether there is a store or a job, or was sample data that somebody has removed."""
    with made.store.cursor() as cursor:
        row = cursor.execute(
            "SELECT (SELECT count(*) FROM stores) + (SELECT count(*) FROM jobs) + "
            "(SELECT count(*) FROM settings WHERE key = ?)",
            [_SEEDED],
        ).fetchone()
    return bool(row and row[0])


def tidy(made: Services) -> None:
    """Delete uploads that were given up, and films that a killed process had still to delete."""
    wanted = set()
    for job in made.jobs.list(limit=None):
        films = uploaded_films(made.uploads, job.payload)
        if job.state == "done" and not job.payload.get("keep_films"):
            made.discard_films(job.id)
        wanted |= {made.uploads.id_of(film) for film in films}
    made.uploads.purge({key for key in wanted if key})


async def _upkeep() -> None:
    """Every few hours what is to be forgotten is, and evidence pictures every few minutes."""
    slept_s = 0.0
    while True:
        await asyncio.sleep(_PICTURES_S)
        slept_s += _PICTURES_S
        try:
            if slept_s < _UPKEEP_S:
                await asyncio.to_thread(lambda: house.services().store.tidy_evidence())
                continue
            slept_s = 0.0
            await asyncio.to_thread(_forget)
        except InputError as error:
            LOG.warning("nothing was forgotten: %s", error)


def _forget() -> None:
    made = house.services()
    tidy(made)
    ended = collecting.forget(made.folder, made.store)
    if ended:
        LOG.info("collections whose leave has ended: %s", len(ended))
    gone = made.store.purge(datetime.now(UTC))
    if any(gone.values()):
        LOG.info("forgotten after its time: %s", gone)
