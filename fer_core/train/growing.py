"""Begin a wider network as a narrower, trained one: Net2Net (Chen, Goodfellow and Shlens 2016)."""

from pathlib import Path
from typing import Any

import numpy as np

from fer_core.errors import DataError
from fer_core.train import folder

_GAMMA_LIKE = 1
"""An array of one dimension belongs to a normalisation: its new entries stay as they begin."""


def grow(model: Any, path: Path) -> None:
    """Give `model` the answers of the narrower model in the .keras file `path`, which has the same layers.

    New channels begin as they would anyway, and nothing listens to them yet. DataError where the two don't fit.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    small = [np.asarray(value, np.float32) for value in folder.load_model(path).get_weights()]
    large = [np.asarray(value, np.float32) for value in model.get_weights()]
    fits = len(small) == len(large) and all(
        a.ndim == b.ndim and all(x <= y for x, y in zip(a.shape, b.shape, strict=True))
        for a, b in zip(small, large, strict=True)
    )
    if not fits:
        raise DataError(f"{path}: this model can't be grown into the one asked for: other layers, or it is the wider one")
    model.set_weights([_grown(a, b) for a, b in zip(small, large, strict=True)])


def _fits(small: np.ndarray, large: np.ndarray) -> bool:
    return small.ndim == large.ndim and all(np.less_equal(small.shape, large.shape))


def _grown(small: np.ndarray, large: np.ndarray) -> np.ndarray:
    grown = large.copy()
    if small.ndim > _GAMMA_LIKE:
        grown[..., : small.shape[-1]] = 0
    grown[tuple(slice(side) for side in small.shape)] = small
    return grown
