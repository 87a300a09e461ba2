"""Train an expression model on labelled faces: `augment` → `batches` → `network` or `bases` → `run`."""

from fer_core.train.augment import augmented
from fer_core.train.bases import BASES
from fer_core.train.batches import heads_of, targets
from fer_core.train.network import build
from fer_core.train.run import MIN_FACES, train

__all__ = ["BASES", "MIN_FACES", "augmented", "build", "heads_of", "targets", "train"]
