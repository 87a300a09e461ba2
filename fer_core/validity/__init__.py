"""How far the reviews can be trusted in a store: what visitors say at the exit button, set against what was read.

An answer is set beside the review of whoever left through that door around that time. The face on the button is forced:
there is no middle one. So that neither side is favoured, the outer faces stand for a positive and a negative visit, both
inner ones for neutral; the whole table of four faces is given as well. What people press is not what they feel either: a
low agreement says that the two differ, not which of them is right.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from fer_core.queries import Filter, Source
from fer_core.queries.answers import answers, exits
from fer_core.store.scope import reads
from fer_core.validity.agreement import CLASSES, LEAST_ANSWERS, SAID_AS, Agreement, agreement, agreement_of, table
from fer_core.validity.over_time import Correlation, cells, correlation
from fer_core.validity.pairing import LEFT_OUT, PAIRED, REACH_S, pair, with_reviews

__all__ = [
    "CLASSES",
    "LEAST_ANSWERS",
    "LEFT_OUT",
    "REACH_S",
    "SAID_AS",
    "Agreement",
    "Correlation",
    "Validity",
    "agreement",
    "cells",
    "correlation",
    "judge",
    "pair",
    "sentence",
    "table",
    "with_reviews",
]


@dataclass(frozen=True, eq=False)
class Validity:
    """What was said against what was read.

    answers: how many there are. judged: those beside a certain review. left_out: the others, by LEFT_OUT. agreement: None
    for fewer than LEAST_ANSWERS judged. table: a row a face (said 1 to 4): n, the counts of REVIEWS, hidden. days: a row a
    day and store: bucket, answers, mean_answer (1 to 4), answer_low, answer_high, n visits, mean_change, change_low,
    change_high, hidden_answers, hidden. A hidden row has fewer than PrivacySettings.min_cell_visits and no values; in the
    table another goes with a lone one, or else the sums would give it away. Sample stores are exempt.
    """

    answers: int
    judged: int
    left_out: Mapping[str, int]
    agreement: Agreement | None
    table: pd.DataFrame
    days: pd.DataFrame
    by_day: Correlation
    by_hour: Correlation


@reads("sums")
def judge(source: Source, filter: Filter) -> Validity:
    """Set the filter's answers against the reviews of those stores; the filter's reviews don't apply.

    Doors are those of the exit; days, weekdays and hours those of the answer.
    """
    said = answers(source, filter)
    day = 86_400.0
    window = (said["at_s"].min() - day, said["at_s"].max() + day) if len(said) else (0.0, 0.0)
    read = exits(source, filter, *window)
    told = with_reviews(said, read)
    left = {name: int((told["why"] == name).sum()) for name in LEFT_OUT}
    days, hours = cells(said, read, "D"), cells(said, read, "h")
    return Validity(
        answers=len(said),
        judged=int((told["why"] == PAIRED).sum()),
        left_out=left,
        agreement=agreement_of(told),
        table=table(told),
        days=days,
        by_day=correlation(days),
        by_hour=correlation(hours),
    )


_GRADES = (
    (0.2, "only a little better than chance", "look at many visits together, never at one"),
    (0.4, "to some degree", "trust sums over many visits, not a single review"),
    (0.6, "moderately", "trust sums over many visits; a single review is often wrong"),
    (0.8, "well", "sums can be trusted, and most single reviews too"),
    (1.01, "nearly always", "sums and single reviews can be trusted"),
)
"""By the lower end of kappa's interval, so that chance is not praised; the steps are Landis and Koch's (1977)."""


def sentence(found: Validity) -> str:
    """How far the reviews can be trusted, for a person."""
    agreed = found.agreement
    if not found.answers:
        return "No visitor has said anything yet, so nobody knows how far the reviews can be trusted in this store."
    if agreed is None:
        return f"Too few answers yet: {found.judged:,} of at least {LEAST_ANSWERS} that can be set against a review."
    if agreed.kappa is None or agreed.low is None or agreed.high is None:
        return "Visitors and reviews only ever say one and the same, so it can’t be told whether they agree by chance."
    if agreed.high < 0:
        return "In this store the reviews contradict what visitors say more often than chance would: don’t rely on them."
    if agreed.low <= 0:
        return "In this store the reviews agree with what visitors say no better than chance: don’t rely on them."
    words, advice = next((words, advice) for top, words, advice in _GRADES if agreed.low < top)
    return f"In this store the reviews agree {words} with what visitors say: {advice}."
