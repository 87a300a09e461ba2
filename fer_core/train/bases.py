"""Trunks to start from instead of from nothing: what others, or we ourselves, have already taught a network.

A base is named in a word (`BASES`), `keras:NAME` is any network of keras.applications, and the path of a .keras file is a
model of our own. Each gives a layer-like callable from grey faces (n, 48, 48, 1), 0 to 255, to maps (n, h, w, c).
"""

import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fer_core import weights
from fer_core.errors import DataError, WeightsError

Trunk = Callable[[Any], Any]
_APPLICATION = "keras:"
_NEW = "new_norm_"
"""How the names of normalisations begin that were put into a network which had none."""
_NEW_MOMENTUM, _EPSILON = 0.9, 1e-5


def trunk(name: str, side_px: int) -> Trunk:
    """The trunk of that name for faces brought to side_px. DataError for an unknown one, WeightsError for one not to be had."""
    if name in BASES:
        return BASES[name](side_px)
    if name.startswith(_APPLICATION):
        return application(name.removeprefix(_APPLICATION), side_px)
    if Path(name).suffix == ".keras":
        return own_model(Path(name))
    raise DataError(f"unknown base {name!r}: known are {', '.join(BASES)}, keras:NAME and the path of a .keras file")


def _as_colour(face: Any, side_px: int) -> Any:
    """(n, 48, 48, 1) → (n, side, side, 3), 0 to 255."""
    from keras import layers

    large = layers.Resizing(side_px, side_px, interpolation="bilinear")(face)
    return layers.Concatenate()([large, large, large])


# ---- our own --------------------------------------------------------------------------------------------------------


def own_model(path: Path) -> Trunk:
    """The trunk of a model that `train` wrote. DataError where the file is none."""
    import keras

    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        model = keras.models.load_model(path)
        pooled = model.get_layer("pooled")
    except (ValueError, OSError) as error:
        raise DataError(f"{path}: not a model that train wrote ({error})") from error
    inner = keras.Model(model.inputs, pooled.input, name="trunk")
    return _in_float32(inner)


def _in_float32(inner: Any) -> Any:
    """The same network under the policy of this run, whatever precision it was kept in."""
    import keras

    values = [np.asarray(value, np.float32) for value in inner.get_weights()]
    config = inner.get_config()
    for entry in config["layers"]:
        entry["config"].pop("dtype", None)
    fresh = keras.Model.from_config(config)
    fresh.set_weights(values)
    return fresh


def shipped(_: int) -> Trunk:
    """The trunk of the model in models/."""
    return own_model(weights.MODELS / "expression-keras.keras")


# ---- keras.applications ---------------------------------------------------------------------------------------------


def application(name: str, side_px: int) -> Trunk:
    """A network of keras.applications, with ImageNet's weights where Keras has them or may fetch them."""
    import keras

    maker = getattr(keras.applications, name, None)
    if not callable(maker):
        raise DataError(f"keras.applications has no network {name!r}")
    source = None if os.environ.get(weights.OFFLINE) else "imagenet"
    try:
        inner = maker(include_top=False, weights=source, input_shape=(side_px, side_px, 3))
    except Exception as error:
        raise WeightsError(f"keras.applications.{name}: {error}") from error
    prepare = _preparation(name)
    return lambda face: inner(prepare(_as_colour(face, side_px)))


def _preparation(name: str) -> Callable[[Any], Any]:
    """What the network's own preprocess_input does, for the few kinds there are: most have it inside or want −1 … 1."""
    from keras import layers

    inside = name.startswith(("EfficientNet", "ConvNeXt", "MobileNetV3"))
    return (lambda x: x) if inside else layers.Rescaling(1 / 127.5, offset=-1.0)


# ---- deepface's VGG-Face --------------------------------------------------------------------------------------------


def vgg_face(side_px: int) -> Trunk:
    """The convolutions of VGG-Face (Parkhi et al. 2015) with the weights that deepface keeps; WeightsError without them."""
    import keras

    full = _vgg_face_classifier()
    last = [layer for layer in full.layers if isinstance(layer, keras.layers.MaxPooling2D)][-1]
    face = keras.layers.Input((side_px, side_px, 3))
    x = face
    for layer in full.layers[: full.layers.index(last) + 1]:
        x = layer(x)
    inner = keras.Model(face, x, name="vgg_face")
    scaled = keras.layers.Rescaling(1 / 255)
    return lambda grey: inner(scaled(_as_colour(grey, side_px)))


def _vgg_face_classifier() -> Any:
    folder = weights.prepare_deepface()
    path = folder / "vgg_face_weights.h5"
    if not path.is_file():
        raise WeightsError(f"{path}: VGG-Face's weights are not here; deepface fetches them at its first use with TensorFlow")
    try:
        from deepface.models.facial_recognition.tf.VGGFace import base_model

        with warnings.catch_warnings():  # it names its input's shape in the way of an older Keras
            warnings.simplefilter("ignore", UserWarning)
            model = base_model()
        model.load_weights(path)
    except ImportError as error:
        raise WeightsError(f"the base vgg-face needs deepface on TensorFlow: {error}") from error
    except (ValueError, OSError) as error:
        raise WeightsError(f"{path}: can't be read as VGG-Face's weights ({error})") from error
    return model


# ---- a network in ONNX ----------------------------------------------------------------------------------------------


def mobilefacenet(side_px: int) -> Trunk:
    """The convolutions of MobileFaceNet (Chen et al. 2018), each with a normalisation put behind it.

    The file has its normalisations folded into the convolutions, and without any it can't be trained further. The new ones
    change nothing at first and find their statistics in the first steps.
    """
    import onnx

    graph = onnx.load(weights.get(weights.card("mobilefacenet"))).graph
    return lambda face: _walk(graph, _scaled(face, side_px))


def _scaled(face: Any, side_px: int) -> Any:
    from keras import layers

    return layers.Rescaling(1 / 128, offset=-127.5 / 128)(_as_colour(face, side_px))


def _walk(graph: Any, x: Any) -> Any:
    """Keras layers node by node, up to the last convolution over maps."""
    from keras import layers
    from onnx import numpy_helper

    kept = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    told = {graph.input[0].name: x}
    for node in _until_pooling(graph, kept):
        given = [told[name] for name in node.input if name in told]
        if node.op_type == "Conv":
            x = _convolution(node, kept, given[0])
        elif node.op_type == "Add":
            x = layers.Add()(given)
        else:
            x = layers.ReLU(max_value=6.0 if node.op_type == "Clip" else None)(given[0])
        told[node.output[0]] = x
    return x


def _until_pooling(graph: Any, kept: dict[str, np.ndarray]) -> Iterator[Any]:
    for node in graph.node:
        if node.op_type == "Conv" and kept[node.input[1]].shape[2] > 3:
            return
        if node.op_type in ("Conv", "Clip", "Relu", "Add"):
            yield node


def _convolution(node: Any, kept: dict[str, np.ndarray], x: Any) -> Any:
    from keras import layers
    from onnx import helper

    facts = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    kernel, bias = kept[node.input[1]], kept[node.input[2]]
    if facts["pads"][0]:
        x = layers.ZeroPadding2D(facts["pads"][0])(x)
    plain = {"strides": facts["strides"][0], "use_bias": False}
    if facts["group"] == 1:
        conv, values = layers.Conv2D(kernel.shape[0], kernel.shape[2], **plain), kernel.transpose(2, 3, 1, 0)
    else:
        conv, values = layers.DepthwiseConv2D(kernel.shape[2], **plain), kernel.transpose(2, 3, 0, 1)
    x = conv(x)
    conv.set_weights([values])
    return _new_norm(x, bias, node.output[0])


def _new_norm(x: Any, bias: np.ndarray, name: str) -> Any:
    """A normalisation that as yet only adds the bias."""
    from fer_core.train.norm import layer

    norm = layer()(momentum=_NEW_MOMENTUM, epsilon=_EPSILON, name=_NEW + name.strip("/").replace("/", "_"))
    y = norm(x)
    one = np.ones_like(bias)
    norm.set_weights([one, bias, np.zeros_like(bias), one - _EPSILON])
    return y


BASES: dict[str, Callable[[int], Trunk]] = {
    "moodgate": shipped,
    "mobilefacenet": mobilefacenet,
    "vgg-face": vgg_face,
}
"""By name; beside them `keras:NAME` and the path of a .keras file."""
