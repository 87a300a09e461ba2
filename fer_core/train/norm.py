"""Batch normalisation (Ioffe and Szegedy 2015), by PyTorch's own kernel where Keras runs on PyTorch.

Keras composes it there of elementwise steps: on a processor that costs more than the convolutions do.
"""

from functools import cache
from typing import Any

MOMENTUM = 0.95


def normalised(x: Any) -> Any:
    """x (n, h, w, c) through a normalisation layer; its weights are those of keras.layers.BatchNormalization."""
    return layer()(momentum=MOMENTUM)(x)


@cache
def layer() -> Any:
    """The class: Keras's own, or on PyTorch one of the same name and weights."""
    import keras

    if keras.backend.backend() != "torch":
        return keras.layers.BatchNormalization

    class BatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]
        """Saved and loaded as Keras's own, which gives the same answers."""

        def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
            from torch.nn.functional import batch_norm

            seen = batch_norm(
                inputs.movedim(-1, 1), self.moving_mean.value, self.moving_variance.value,
                self.gamma.value, self.beta.value, bool(training), 1 - self.momentum, self.epsilon,
            )  # fmt: skip
            return seen.movedim(1, -1)

    BatchNormalization.__module__ = keras.layers.BatchNormalization.__module__
    return BatchNormalization
