"""The networks: a residual trunk of our own (He et al. 2016) or a borrowed one (`bases`), and one head a set of labels."""

from typing import Any

from fer_core.dataset import FACE_PX
from fer_core.settings import TrainSettings
from fer_core.train import bases
from fer_core.train.batches import heads_of
from fer_core.train.norm import normalised
from fer_core.types import EXPRESSIONS

POOLED = "pooled"
"""The name of the layer under the heads: one vector a face."""


def build(
    settings: TrainSettings, labels: tuple[str, ...] = EXPRESSIONS, *, temperature: tuple[float, ...] | None = None
) -> Any:
    """The network: grey faces (n, 48, 48, 1) float32 of 0 … 255 → a list of outputs (n, k), one a head; logits.

    With `temperature`, one a head, the outputs are probabilities, softmax(logits / temperature), as in the exported model.
    """
    from keras import Model, layers

    face = layers.Input((FACE_PX, FACE_PX, 1), name="face")
    x = bases.trunk(settings.base, settings.base_px)(face) if settings.base else _residual_trunk(face, settings)
    x = layers.GlobalAveragePooling2D(name=POOLED)(x)
    x = layers.Dropout(settings.dropout)(x)
    names = heads_of(labels)
    heads = [layers.Dense(len(labels), dtype="float32", name=f"{name}_logits")(x) for name in names]
    if temperature is not None:
        cooled = [layers.Rescaling(1 / t)(head) for head, t in zip(heads, temperature, strict=True)]
        heads = [layers.Softmax(name=name, dtype="float32")(head) for name, head in zip(names, cooled, strict=True)]
    return Model(face, heads)


def _residual_trunk(face: Any, settings: TrainSettings) -> Any:
    from keras import layers

    x = layers.Rescaling(1 / 127.5, offset=-1.0)(face)
    x = _stem(x, settings)
    for stage, width in enumerate(settings.widths):
        for block in range(settings.blocks):
            x = _residual(x, width, stride=2 if stage and not block else 1, squeeze=settings.squeeze)
    return x


def _stem(x: Any, settings: TrainSettings) -> Any:
    """From 48 to 24 px: by one convolution, or by two of which the first looks at every pixel (He et al. 2019, ResNet-C)."""
    first = settings.widths[0]
    if settings.deep_stem:
        x = _conv(x, first // 2, 3)
    return _conv(x, first, 3, stride=2)


def _conv(x: Any, width: int, size: int, *, stride: int = 1, relu: bool = True) -> Any:
    from keras import layers

    x = layers.Conv2D(width, size, strides=stride, padding="same", use_bias=False)(x)
    x = normalised(x)
    return layers.Activation("relu")(x) if relu else x


def _residual(x: Any, width: int, *, stride: int, squeeze: int) -> Any:
    from keras import layers

    short = x
    if stride > 1:
        short = layers.AveragePooling2D(2, padding="same")(short)
    if short.shape[-1] != width:
        short = _conv(short, width, 1, relu=False)
    y = _conv(_conv(x, width, 3, stride=stride), width, 3, relu=False)
    y = _weighed(y, width // squeeze) if squeeze else y
    return layers.Activation("relu")(layers.Add()([short, y]))


def _weighed(x: Any, narrow: int) -> Any:
    """Squeeze and excitation (Hu et al. 2018): each channel by a factor that the whole face decides."""
    from keras import layers

    factor = layers.AveragePooling2D(x.shape[1])(x)
    factor = layers.Conv2D(narrow, 1, activation="relu")(factor)
    factor = layers.Conv2D(x.shape[-1], 1, activation="sigmoid")(factor)
    return layers.Multiply()([x, factor])
