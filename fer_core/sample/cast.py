"""The sample shop's customers: who they are, what faces they can make, and how their visits went."""

from dataclasses import dataclass

from fer_core.sample.looks import Look, Mood


@dataclass(frozen=True)
class Part:
    """One shopper's day: the expression at the entrance and at the exit; None where that camera never sees them."""

    name: str
    entry: str | None
    exit: str | None


MOODS: dict[str, Mood] = {
    "neutral": Mood(brow_in=0.03, brow_near=0.02, upper=0.74, lower=0.75, slant=0.15, corner=0.008, wide=0.85, lips=0.65),
    "happy": Mood(
        brow_in=-0.02, brow_out=-0.02, upper=0.72, lower=0.35, corner=-0.13, wide=1.25, gap_up=-0.02, gap_down=0.17,
        teeth=True, lips=0.75, cheeks=1.0, fold=0.9,
    ),
    "sad": Mood(
        brow_in=-0.15, brow_out=0.05, brow_near=0.03, upper=0.68, lower=0.8, slant=-0.6, corner=0.13, wide=1.15, lips=0.6,
        cheeks=0.1, furrow=0.55, fold=1.0, lines=0.5, mouth_down=0.025,
    ),
    "angry": Mood(
        brow_in=0.20, brow_out=-0.12, brow_near=0.08, upper=0.65, lower=0.55, slant=0.5, corner=0.066, wide=0.85,
        round=0.95, gap_up=0.08, gap_down=0.11, teeth=True, lips=0.85, cheeks=0.15, furrow=0.6, fold=1.0, lines=0.1,
        mouth_down=0.03,
    ),
    "surprise": Mood(
        brow_in=-0.16, brow_out=-0.14, upper=1.45, lower=1.2, wide=0.72, round=0.84, gap_up=0.11, gap_down=0.20, lips=1.0,
        lines=0.8, mouth_down=0.06,
    ),
}  # fmt: skip
"""The expressions that are drawn. Those at rest, sad and angry were sought by a random walk on twenty random looks until
an expression model trained on photographs read them rightly."""

LOOKS: dict[str, Look] = {}
CAST: tuple[Part, ...] = ()
