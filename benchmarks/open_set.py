"""FNIR at a given FPIR of the templates of made-up shop days: the open-set question "who of these came out?", faces alone.

    python -m benchmarks.open_set --days runs/days --kind busy --people odd --seeds 1-3 --out benchmarks/reports/FILE.json

Words of NIST (FRTE 1:N): a day's entrances are a gallery, an exit is a search. A search is mated where its person is in the
gallery. FPIR: share of the non-mated searches whose best candidate passes the threshold. FNIR: share of the mated ones whose
best candidate is somebody else or doesn't pass. Non-mated searches are those of every exit in every day's gallery, its own
person taken out; mated ones stay within their day. Scores are log-likelihood ratios, not limited; neither clocks nor the one
assignment of a whole day help here. Intervals: bootstrap over people. Days that aren't there need --tool and --faces.
"""

import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import storeday
from benchmarks.tracking import MOMENT_S, face_of, parser_of, stamp, truth_of, write
from fer_core.cli import common
from fer_core.settings import LlrFit, MatchSettings, Settings, fit_for
from fer_core.types import Appearance, Day, FloatArray, IntArray, Role

FPIRS = (0.01, 0.003)
ROUNDS = 1000
SEED = 7


@dataclass(frozen=True)
class Codes:
    """Usable appearances of one camera on one day: templates (n, d) and whose they are (n,)."""

    template: FloatArray
    person: IntArray


@dataclass(frozen=True)
class Searches:
    """Best scores of searches: score (n,) of the best candidate, right (n,) whether it is the mate, person (n,)."""

    score: FloatArray
    right: np.ndarray
    person: IntArray


# ---- searches -------------------------------------------------------------------------------------------------------


def search(exits: Codes, gallery: Codes, fit: LlrFit, *, mated: bool) -> Searches:
    """Search the exits in the gallery: those with a mate there, or all of them with their own person taken out."""
    llr = fit.slope * (exits.template @ gallery.template.T) + fit.intercept
    same = exits.person[:, None] == gallery.person[None]
    if mated:
        rows = np.flatnonzero(same.any(axis=1))
    else:
        llr = np.where(same, -np.inf, llr)
        rows = np.flatnonzero((~same).any(axis=1))
    if not len(rows):
        return Searches(np.zeros(0), np.zeros(0, bool), np.zeros(0, np.int64))
    best = llr[rows].argmax(axis=1)
    return Searches(llr[rows, best], same[rows, best], exits.person[rows])


def joined(parts: list[Searches]) -> Searches:
    """All searches together."""
    return Searches(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("score", "right", "person")))


# ---- figures --------------------------------------------------------------------------------------------------------


def threshold_at(score: FloatArray, fpir: float, weight: FloatArray | None = None) -> float:
    """The least threshold that at most that share of the (weighted) scores exceeds; −inf where there are none."""
    weight = np.ones(len(score)) if weight is None else weight
    order = np.argsort(-score, kind="stable")
    above = np.cumsum(weight[order])
    if not len(score) or not above[-1]:
        return float("-inf")
    return float(score[order][np.argmax(above > fpir * above[-1])])


def fnir_at(mated: Searches, threshold: float, weight: FloatArray | None = None) -> float:
    """Share of the mated searches whose best candidate is somebody else or doesn't exceed the threshold; NaN of none."""
    weight = np.ones(len(mated.score)) if weight is None else weight
    missed = ~(mated.right & (mated.score > threshold))
    return float(weight @ missed / weight.sum()) if weight.sum() else float("nan")


def fpir_at(alone: Searches, threshold: float) -> float:
    """Share of the non-mated searches whose best candidate exceeds the threshold; NaN of none."""
    return float((alone.score > threshold).mean()) if len(alone.score) else float("nan")


def fnir_interval(mated: Searches, alone: Searches, fpir: float, rounds: int = ROUNDS) -> tuple[float, float]:
    """95 % interval of FNIR at that FPIR: people drawn anew, the threshold set anew each time."""
    people = np.union1d(mated.person, alone.person)
    places = np.searchsorted(people, mated.person), np.searchsorted(people, alone.person)
    rng = np.random.default_rng(SEED)
    told = []
    for _ in range(rounds):
        drawn = np.bincount(rng.integers(len(people), size=len(people)), minlength=len(people)).astype(float)
        threshold = threshold_at(alone.score, fpir, drawn[places[1]])
        told.append(fnir_at(mated, threshold, drawn[places[0]]))
    low, high = np.nanpercentile(told, [2.5, 97.5])
    return float(low), float(high)


def figures_of(mated: Searches, alone: Searches, rounds: int = ROUNDS) -> dict[str, Any]:
    """FNIR at each of FPIRS with its threshold and interval, and both errors at the engine's least likeness."""
    found: dict[str, Any] = {"mated_searches": len(mated.score), "non_mated_searches": len(alone.score)}
    found["different_people"] = len(np.union1d(mated.person, alone.person))
    found["rank_1_missed"] = round(fnir_at(mated, float("-inf")), 4)
    for fpir in FPIRS:
        threshold = threshold_at(alone.score, fpir)
        low, high = fnir_interval(mated, alone, fpir, rounds)
        found[f"fnir_at_fpir_{fpir:g}"] = {
            "value": round(fnir_at(mated, threshold), 4), "interval": [round(low, 4), round(high, 4)],
            "threshold_llr": round(threshold, 3), "false_positives": int((alone.score > threshold).sum()),
        }  # fmt: skip
    least = MatchSettings().min_llr
    found["at_min_llr"] = {"llr": least, "fnir": round(fnir_at(mated, least), 4), "fpir": round(fpir_at(alone, least), 4)}
    return found


# ---- days -----------------------------------------------------------------------------------------------------------


def visitor_at(seen: Appearance, truth: list[tuple[float, int, FloatArray]]) -> int | None:
    """Whose face lies at the appearance's best moment and place: the one in front (last in truth) where several do, since
    a face whose middle is covered is not the one that was found."""
    point, found = np.array([seen.x, seen.y]), None
    for time_s, visitor, square in truth:
        face = face_of(square)
        if abs(time_s - seen.best_s) < MOMENT_S and (face[:2] <= point).all() and (point <= face[2:]).all():
            found = visitor
    return found


def names_of(folder: Path) -> dict[int, str]:
    """The person of each visitor: the same one may come on several days."""
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as handle:
        return {int(row["visitor"]): row["person"] for row in csv.DictReader(handle)}


def codes_of(folder: Path, day: Day, role: Role, known: dict[str, int]) -> tuple[Codes, int]:
    """One camera's usable appearances, and how many of them are nobody's; `known` numbers people, and grows."""
    truth, names = truth_of(folder, role), names_of(folder)
    usable = [seen for seen in (day.entries if role == "entry" else day.exits) if seen.usable]
    whose = [visitor_at(seen, truth) for seen in usable]
    rows = [row for row, visitor in enumerate(whose) if visitor is not None]
    person = [known.setdefault(names[visitor], len(known)) for visitor in whose if visitor is not None]
    template = np.stack([np.asarray(usable[row].template, np.float64) for row in rows]) if rows else np.zeros((0, 1))
    return Codes(template, np.array(person, np.int64)), len(usable) - len(rows)


def unsearchable(folder: Path, exits: Codes, gallery: Codes, known: dict[str, int]) -> int:
    """Visitors whom both cameras saw and of whom an entrance or an exit gave no usable template."""
    both = {visitor for _, visitor, _ in truth_of(folder, "entry")} & {v for _, v, _ in truth_of(folder, "exit")}
    coded = set(exits.person.tolist()) & set(gallery.person.tolist())
    names = names_of(folder)
    return sum(known.get(names[visitor]) not in coded for visitor in both)


def main() -> None:
    arguments = parser_of(__doc__.split("\n")[0]).parse_args()
    engine = common.engine_of(Settings(), arguments.detector, arguments.embedder, arguments.emotion)
    fit, known = fit_for(engine.embedder.name), dict[str, int]()
    galleries, searches, nobody, missing = list[Codes](), list[Codes](), 0, 0
    for seed in arguments.seeds:
        folder = storeday.make_day(arguments, seed)
        day = storeday.review(folder, engine)
        gallery, strange = codes_of(folder, day, "entry", known)
        exits, stranger = codes_of(folder, day, "exit", known)
        galleries.append(gallery)
        searches.append(exits)
        nobody += strange + stranger
        missing += unsearchable(folder, exits, gallery, known)
        print(
            folder.name, json.dumps({"gallery": len(gallery.person), "exits": len(exits.person)}), file=sys.stderr, flush=True
        )
    mated = joined([search(e, g, fit, mated=True) for e, g in zip(searches, galleries, strict=True)])
    alone = joined([search(e, g, fit, mated=False) for e in searches for g in galleries])
    counts = {
        "gallery_sizes": [len(g.person) for g in galleries],
        "nobodys_templates": nobody,
        "visitors_without_template": missing,
    }
    write({**stamp("open_set", arguments, engine), **counts, **figures_of(mated, alone)}, arguments.out)


if __name__ == "__main__":
    main()
