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
    "neutral": Mood(),
    "happy": Mood(
        brow_in=-0.02,
        brow_out=-0.02,
        upper=0.72,
        lower=0.35,
        corner=-0.13,
        wide=1.3,
        gap_up=-0.02,
        gap_down=0.17,
        teeth=True,
        lips=0.75,
        cheeks=1.0,
        fold=0.9,
    ),
    "sad": Mood(
        brow_in=-0.14,
        brow_out=0.08,
        brow_near=0.05,
        slant=-0.35,
        upper=0.75,
        lower=0.95,
        corner=0.13,
        wide=0.98,
        lips=1.0,
        furrow=0.35,
        fold=0.5,
        lines=0.5,
        mouth_down=0.02,
    ),
    "angry": Mood(
        brow_in=0.17,
        brow_out=-0.08,
        brow_near=0.10,
        slant=0.3,
        upper=0.8,
        lower=0.6,
        corner=0.06,
        wide=0.95,
        lips=0.5,
        furrow=1.0,
        fold=0.8,
    ),
    "surprise": Mood(
        brow_in=-0.16,
        brow_out=-0.14,
        upper=1.45,
        lower=1.2,
        wide=0.72,
        round=0.84,
        gap_up=0.11,
        gap_down=0.20,
        lips=1.0,
        lines=0.8,
        mouth_down=0.06,
    ),
}

LOOKS: dict[str, Look] = {}
CAST: tuple[Part, ...] = ()
