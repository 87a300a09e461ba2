"""Expression models on ONNX Runtime: the project's own, or a file of the same kind."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fer_core import weights
from fer_core.emotion.base import FER_PX, CropModel
from fer_core.errors import WeightsError
from fer_core.inference import SMALL_NETWORK_THREADS, open_session, usual
from fer_core.settings import EXPRESSION_FITS, ExpressionFit
from fer_core.types import EXPRESSIONS, FloatArray, UInt8Array

HEAD = "votes"
"""The output that reviews use: the share of people who would name each expression."""
_BATCH = 32
"""Most faces in one run: more at once go no faster, and every size of a batch has to be prepared."""
_USUAL_BATCHES = sorted({usual(n) for n in range(1, _BATCH + 1)})


class OnnxEmotion(CropModel):
    """A network from grey faces `(n, 48, 48, 1)` float32, 0 to 255, to probabilities `(n, k)`.

    Of several outputs the one called `votes` is read. labels are the file's own, from its metadata `labels` (separated by
    commas) or from a model card beside it; without any, k must be 7 and they are EXPRESSIONS. Columns that are the seven in
    another order are put into that of EXPRESSIONS. WeightsError says in a sentence what keeps a file from being such a
    network.
    """

    def __init__(
        self, path: Path, *, name: str | None = None, fit: ExpressionFit | None = None, threads: int = SMALL_NETWORK_THREADS
    ) -> None:
        self.name, self.fit = name or path.name, fit
        self._session = open_session(path, threads)
        _check_input(path, self._session.get_inputs())
        self._input: str = self._session.get_inputs()[0].name
        self._heads = _heads(path, self._session.get_outputs())
        own = _labels(path, self._session)
        self.labels = EXPRESSIONS if set(own) == set(EXPRESSIONS) else own
        self._order = [own.index(label) for label in self.labels]
        self._check_told(path)

    @property
    def heads(self) -> tuple[str, ...]:
        """The names of its outputs, the one that is read first."""
        return tuple(self._heads)

    def probabilities(self, faces: UInt8Array, head: str = HEAD) -> FloatArray:
        """(n, len(labels)) float32 for grey faces (n, 48, 48) uint8; a model of one output has only that one as any head."""
        told = self._heads.get(head, next(iter(self._heads.values())))
        rows = [self._run(faces[start : start + _BATCH], told) for start in range(0, len(faces), _BATCH)]
        return np.concatenate([np.zeros((0, len(self.labels)), np.float32), *rows])

    def _run(self, faces: UInt8Array, output: str) -> FloatArray:
        pixels = np.ascontiguousarray(faces[..., None], np.float32)
        return np.asarray(self._session.run_rows([output], self._input, pixels)[0])[:, self._order]

    def _check_told(self, path: Path) -> None:
        """Logits and frozen batches look right until they are run; and the usual batches are prepared."""
        for n in _USUAL_BATCHES:
            self._session.prepare({self._input: np.zeros((n, FER_PX, FER_PX, 1), np.float32)})
        probe = np.linspace(0, 255, 2 * FER_PX * FER_PX).astype(np.uint8).reshape(2, FER_PX, FER_PX)
        rows = self.probabilities(probe)
        if not (np.isfinite(rows).all() and rows.min() >= 0 and np.allclose(rows.sum(axis=1), 1, atol=1e-3)):
            raise WeightsError(f"{path}: its output does not hold probabilities that sum to 1.")


def _check_input(path: Path, given: Sequence[Any]) -> None:
    wanted = f"one input (n, {FER_PX}, {FER_PX}, 1) of float32, n left open"
    found = ", ".join(f"{value.name} {tuple(value.shape)} {value.type}" for value in given)
    fits = len(given) == 1 and list(given[0].shape[1:]) == [FER_PX, FER_PX, 1] and given[0].type == "tensor(float)"
    if not fits or isinstance(given[0].shape[0], int):
        raise WeightsError(f"{path}: expected {wanted}, not {found}.")


def _heads(path: Path, told: Sequence[Any]) -> dict[str, str]:
    """Outputs by the head they answer for, the one to be read first."""
    names = [value.name for value in told]
    if len(names) > 1 and HEAD not in names:
        raise WeightsError(f"{path}: of its outputs {', '.join(names)} none is called {HEAD}.")
    bad = [value for value in told if len(value.shape) != 2 or value.type != "tensor(float)"]
    if bad:
        raise WeightsError(f"{path}: expected outputs (n, k) of float32, not {bad[0].name} {tuple(bad[0].shape)}.")
    return {name: name for name in sorted(names, key=lambda name: name != HEAD)}


def _labels(path: Path, session: Any) -> tuple[str, ...]:
    """The names of the columns of the output that is read, in the file's own order."""
    width = next(value.shape[1] for value in session.get_outputs() if value.name == HEAD or len(session.get_outputs()) == 1)
    written = session.metadata.get("labels", "")
    beside = path.with_suffix(".toml")
    if written:
        own = tuple(label.strip() for label in written.split(","))
    else:
        own = (weights.read_card(beside).labels if beside.is_file() else ()) or EXPRESSIONS
    if len(own) != width or len(set(own)) != len(own):
        raise WeightsError(f"{path}: {width} columns, but {len(own)} different labels for them ({', '.join(own)}).")
    return own


def moodgate() -> OnnxEmotion:
    """The project's own model, in `models/`: the default. WeightsError where it is missing."""
    return OnnxEmotion(weights.get(weights.card("expression")), name="moodgate", fit=EXPRESSION_FITS["moodgate"])
