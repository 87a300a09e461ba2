"""What the network is shown and what it is to say: targets of each head, class balance, batches."""

from typing import Any

import numpy as np

from fer_core.dataset import LabelledFaces
from fer_core.settings import TrainSettings
from fer_core.train.augment import augmented
from fer_core.types import EXPRESSIONS, FloatArray

HEADS = ("votes", "fer2013")
"""The two heads of a model of the seven expressions: the voters' shares, and FER2013's own labels."""
OWN_HEADS = ("classes",)
"""The one head of a model of a shop's own classes."""


def heads_of(labels: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the heads of a model with these classes."""
    return HEADS if labels == EXPRESSIONS else OWN_HEADS


def targets(data: LabelledFaces, settings: TrainSettings) -> tuple[list[FloatArray], list[FloatArray]]:
    """What each head is to say (n, k) and how much each row counts (n,), in the order of `heads_of`.

    A row of flawed label counts nothing for the head of labels; a row counts for the head of votes by the share of voters
    who named one of the classes. Rows of rare classes count more by `class_balance`.
    """
    hard = np.eye(len(data.labels), dtype=np.float32)[data.label]
    smooth = hard * (1 - settings.label_smoothing) + settings.label_smoothing / len(data.labels)
    trust = np.where(data.flawed, 0.0, 1.0).astype(np.float32) * _balance(data, settings.class_balance)
    if heads_of(data.labels) == OWN_HEADS:
        return [smooth], [trust]
    if data.votes is None:
        return [smooth, smooth], [trust, trust]
    share = data.votes.sum(axis=1)
    votes = np.where(share[:, None] > 0, data.votes / np.maximum(share, 1e-6)[:, None], 1 / len(data.labels))
    return [votes.astype(np.float32), smooth], [share.astype(np.float32), trust]


def _balance(data: LabelledFaces, power: float) -> FloatArray:
    """(n,) weights ∝ (1 / class size)^power, mean 1."""
    size = np.bincount(data.label, minlength=len(data.labels)).astype(np.float64)
    row = (1 / np.maximum(size, 1)[data.label]) ** power
    return (row / row.mean()).astype(np.float32) if len(row) else row.astype(np.float32)


def taught(soft: list[FloatArray], lesson: list[FloatArray], share: float) -> list[FloatArray]:
    """Targets mixed with a teacher's answers (Hinton et al. 2015): share of them is the teacher's."""
    return [((1 - share) * mine + share * told).astype(np.float32) for mine, told in zip(soft, lesson, strict=True)]


def batches(data: LabelledFaces, settings: TrainSettings, first_epoch: int, lesson: list[FloatArray] | None = None) -> Any:
    """A keras.utils.PyDataset of augmented batches, from `first_epoch` on."""
    import keras

    soft, rows = targets(data, settings)
    soft = taught(soft, lesson, settings.teacher_share) if lesson else soft

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        """Epoch and batch seed the augmentation, so that a resumed run sees what it would have seen."""

        def __init__(self) -> None:
            super().__init__()
            self.epoch = first_epoch
            self._shuffle()

        def _shuffle(self) -> None:
            self.order = np.random.default_rng((settings.seed, self.epoch)).permutation(len(data))

        def __len__(self) -> int:
            return steps_of(len(data), settings)

        def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
            rng = np.random.default_rng((settings.seed, self.epoch, index))
            picked = self.order[index * settings.batch : (index + 1) * settings.batch]
            faces = np.stack([augmented(data.image[row], rng) for row in picked])
            return network_input(faces), tuple(t[picked] for t in soft), tuple(w[picked] for w in rows)

        def on_epoch_end(self) -> None:
            self.epoch += 1
            self._shuffle()

    return Batches()


def steps_of(faces: int, settings: TrainSettings) -> int:
    """Steps an epoch; the last, short batch is left out."""
    return max(1, faces // settings.batch)


def network_input(faces: np.ndarray) -> FloatArray:
    """Grey faces (n, h, w) uint8 → (n, h, w, 1) float32, 0 to 255."""
    return faces.astype(np.float32)[..., None]
