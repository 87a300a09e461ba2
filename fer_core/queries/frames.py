"""The answers as tables of pandas."""

import numpy as np
import pandas as pd

from fer_core.queries import questions
from fer_core.queries.filters import EVERYTHING, Filter, Source
from fer_core.queries.questions import Question
from fer_core.store.scope import reads
from fer_core.types import EXPRESSIONS, Day


@reads("visits")
def visits(source: Source, filter: Filter = EVERYTHING) -> pd.DataFrame:
    """The visits, a row each, with the columns of the table `visits`; moments are UTC, local_at the store's clock.

    `review` is the engine's, `verdict` the one that counts: a person's correction before it.
    """
    return frame_of(source, questions.visits(filter))


@reads("visits")
def of_day(source: Source, day: Day) -> pd.DataFrame:
    """The visits that writing this day gave, as `visits` has them; those too that a person had declared void before."""
    return of_films(source, day.store, tuple(film.sha256 for film in day.entry_films))


@reads("visits")
def of_films(source: Source, store: str, entry_sha256: tuple[str, ...]) -> pd.DataFrame:
    """The store's visits whose entrances stand in the films of those bytes, as `visits` has them, void ones too."""
    filter = Filter(stores=(store,), voided=True)
    if not entry_sha256:
        return visits(source, filter).iloc[:0]
    return frame_of(source, questions.visits(filter, entry_sha256))


@reads("visits")
def appearances(source: Source, filter: Filter = EVERYTHING) -> pd.DataFrame:
    """Everybody who passed a camera, a row each, with store, film and door; of the filter stores, days, doors, weekdays and
    hours apply."""
    return frame_of(source, questions.appearances(filter))


@reads("sums")
def hourly(source: Source, filter: Filter = EVERYTHING) -> pd.DataFrame:
    """Sums for each store and hour of its own clock (null: visits whose films had no start time).

    n visits; of them positive, neutral, negative, uncertain; means of change, valences, camera offset and dwell time.
    A cell of fewer visits than PrivacySettings.min_cell_visits shows n and nothing else, except in a sample store. The
    filter's reviews don't apply: there is a column for each, and they would turn n into the value that is withheld.
    """
    return frame_of(source, questions.hourly(filter))


@reads("setup")
def stores(source: Source) -> pd.DataFrame:
    """The stores by name: store, time_zone, is_sample."""
    return frame_of(source, Question("SELECT name AS store, time_zone, is_sample FROM stores", order="store"))


@reads("visits")
def series(source: Source, appearance_id: str) -> pd.DataFrame:
    """An appearance's expressions over time: time_s (from its film's start), weight, and a column for each expression.

    Probabilities were kept as float16: rows sum to 1 within 0.002. Empty where none were read or they are gone.
    """
    columns = ["time_s", "weight", *EXPRESSIONS]
    with source.cursor() as cursor:
        row = cursor.execute(
            "SELECT times_s, weights, probabilities FROM series WHERE appearance_id = try_cast(? AS UUID)", [appearance_id]
        ).fetchone()
    if row is None:
        return pd.DataFrame(columns=columns, dtype="float32")
    times, weights = np.frombuffer(row[0], "<f4"), np.frombuffer(row[1], "<f4")
    probabilities = np.frombuffer(row[2], "<f2").reshape(-1, len(EXPRESSIONS)).astype(np.float32)
    return pd.DataFrame(np.column_stack([times, weights, probabilities]), columns=columns)


def frame_of(source: Source, question: Question) -> pd.DataFrame:
    """The answer to a question; its UTC columns become moments with a zone."""
    # DuckDB's own conversion of TIMESTAMPTZ uses a call that pandas 3.1 warns of: the zone is put on here instead
    sql = question.ordered(utc=lambda name: f"{name} AT TIME ZONE 'UTC'")
    with source.cursor() as cursor:
        frame: pd.DataFrame = cursor.execute(sql, question.parameters).df()
    for name in question.utc:
        frame[name] = frame[name].dt.tz_localize("UTC")
    return frame
