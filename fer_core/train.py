"""Train an expression model on labelled faces and export it to ONNX.

A residual network (He et al. 2016) with a stride-2 stem and two heads on one trunk: `votes`, trained on the share of
FER+'s ten voters for each expression (Barsoum et al. 2016), and `fer2013`, trained on the set's own labels. Reviews
use `votes`. Keras 3; the schedule is one-cycle (Smith 2018), the weights are averaged over steps.
"""

import dataclasses
import json
import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fer_core import metrics
from fer_core.dataset import FACE_PX, SPLITS, LabelledFaces
from fer_core.errors import DataError, OutputError
from fer_core.settings import TrainSettings
from fer_core.types import EXPRESSIONS, FloatArray, UInt8Array
from fer_core.weights import sha256_of

LOG = logging.getLogger(__name__)
HEADS = ("votes", "fer2013")
MIN_FACES = 32
_LARGE_WEIGHT = 1024
"""Numbers from which a weight is kept as float16."""
_STATE = "state.json"
_CHECKPOINT = "checkpoint.keras"


# ---- data -----------------------------------------------------------------------------------------------------------


def augmented(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """One face as a camera might have shown it: mirrored, turned, moved, scaled, darker, blurred, partly hidden."""
    side = image.shape[0]
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), rng.uniform(-15, 15), rng.uniform(0.85, 1.15))
    turn[:, 2] += rng.uniform(-0.08, 0.08, 2) * side
    if rng.random() < 0.5:
        turn = turn @ np.array([[-1, 0, side - 1], [0, 1, 0], [0, 0, 1]])
    face = cv2.warpAffine(image, turn, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    face = cv2.convertScaleAbs(face, alpha=rng.uniform(0.65, 1.35), beta=rng.uniform(-30, 30))
    if rng.random() < 0.25:
        face = _as_small(face, rng)
    if rng.random() < 0.4:
        _hide(face, rng)
    return face.astype(np.uint8)


def _as_small(face: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    side, small = face.shape[0], int(rng.uniform(0.4, 0.9) * face.shape[0])
    shrunk = cv2.resize(face, (small, small), interpolation=cv2.INTER_AREA)
    return cv2.resize(shrunk, (side, side), interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def _hide(face: UInt8Array, rng: np.random.Generator) -> None:
    """Cut-out (DeVries and Taylor 2017), in place on the caller's own copy."""
    side = face.shape[0]
    h, w = rng.integers(side // 8, side // 3, 2)
    y, x = rng.integers(0, side - h), rng.integers(0, side - w)
    face[y : y + h, x : x + w] = rng.integers(0, 256)


def targets(data: LabelledFaces, settings: TrainSettings) -> tuple[list[FloatArray], list[FloatArray]]:
    """What each head is to say (n, 7) and how much each row counts (n,): [votes, fer2013]."""
    n, classes = len(data), len(EXPRESSIONS)
    hard = np.eye(classes, dtype=np.float32)[data.label]
    smooth = hard * (1 - settings.label_smoothing) + settings.label_smoothing / classes
    trust = np.where(data.flawed, 0.0, 1.0).astype(np.float32)
    if data.votes is None:
        return [smooth, smooth], [trust, trust]
    share = data.votes.sum(axis=1)
    votes = np.where(share[:, None] > 0, data.votes / np.maximum(share, 1e-6)[:, None], 1 / classes)
    return [votes.astype(np.float32), smooth], [share.astype(np.float32).reshape(n), trust]


def _dataset(data: LabelledFaces, settings: TrainSettings, first_epoch: int) -> Any:
    import keras

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        """Augmented batches; epoch and batch seed the augmentation, so that a resumed run sees what it would have."""

        def __init__(self) -> None:
            super().__init__()
            self.epoch = first_epoch
            self.soft, self.rows = targets(data, settings)
            self._shuffle()

        def _shuffle(self) -> None:
            self.order = np.random.default_rng((settings.seed, self.epoch)).permutation(len(data))

        def __len__(self) -> int:
            return max(1, len(data) // settings.batch)

        def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
            rng = np.random.default_rng((settings.seed, self.epoch, index))
            rows = self.order[index * settings.batch : (index + 1) * settings.batch]
            faces = np.stack([augmented(data.image[row], rng) for row in rows])
            x = faces.astype(np.float32)[..., None]
            return x, tuple(t[rows] for t in self.soft), tuple(w[rows] for w in self.rows)

        def on_epoch_end(self) -> None:
            self.epoch += 1
            self._shuffle()

    return Batches()


# ---- model ----------------------------------------------------------------------------------------------------------


def build(settings: TrainSettings, *, temperature: tuple[float, float] | None = None) -> Any:
    """The network: grey faces (n, 48, 48, 1) float32 of 0 … 255 → two outputs (n, 7), logits.

    With `temperature` the outputs are probabilities, softmax(logits / temperature), as in the exported model.
    """
    from keras import Model, layers

    face = layers.Input((FACE_PX, FACE_PX, 1), name="face")
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(face)
    x = _conv(x, settings.widths[0], 3, stride=2)
    for stage, width in enumerate(settings.widths):
        for block in range(settings.blocks):
            x = _residual(x, width, stride=2 if stage and not block else 1)
    x = layers.GlobalAveragePooling2D(name="pooled")(x)
    x = layers.Dropout(settings.dropout)(x)
    heads = [layers.Dense(len(EXPRESSIONS), dtype="float32", name=f"{name}_logits")(x) for name in HEADS]
    if temperature is not None:
        heads = [layers.Softmax(name=n)(layers.Rescaling(1 / t)(h)) for n, h, t in zip(HEADS, heads, temperature, strict=True)]
    return Model(face, heads)


def _conv(x: Any, width: int, size: int, *, stride: int = 1, relu: bool = True) -> Any:
    from keras import layers

    x = layers.Conv2D(width, size, strides=stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.95)(x)
    return layers.Activation("relu")(x) if relu else x


def _residual(x: Any, width: int, *, stride: int) -> Any:
    from keras import layers

    short = x
    if stride > 1:
        short = layers.AveragePooling2D(2, padding="same")(short)
    if short.shape[-1] != width:
        short = _conv(short, width, 1, relu=False)
    y = _conv(_conv(x, width, 3, stride=stride), width, 3, relu=False)
    return layers.Activation("relu")(layers.Add()([short, y]))


def _compiled(settings: TrainSettings, steps: int) -> Any:
    import keras

    warm = int(settings.warmup_share * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        settings.peak_rate / 20, max(1, steps - warm), alpha=0.002, warmup_target=settings.peak_rate, warmup_steps=warm
    )
    optimizer = keras.optimizers.AdamW(
        rate, weight_decay=settings.weight_decay, use_ema=True, ema_momentum=settings.ema_momentum
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model = build(settings)
    losses = [keras.losses.CategoricalCrossentropy(from_logits=True) for _ in HEADS]
    model.compile(optimizer, loss=losses, loss_weights=[1.0, settings.fer2013_weight])
    return model


# ---- run ------------------------------------------------------------------------------------------------------------


def train(
    data: LabelledFaces,
    out: Path,
    settings: TrainSettings,
    *,
    tell: Callable[[str], None] = LOG.info,
    stop_after: int | None = None,
) -> Path:
    """Train, going on from `out`'s checkpoint if there is one; gives the finished model's folder entry, `model.onnx`.

    The run folder holds settings.json, state.json with the curve, the checkpoint, and in the end model.onnx and
    model.keras. Nothing called model.* exists before the run has finished. `stop_after` ends the run, unfinished,
    after that many epochs of this call. Raises DataError where the training split is too small or of one class.
    """
    import keras

    fit, held = _split(data, settings)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out}: can't be used as the run's folder ({error.strerror or error})") from error
    keras.utils.set_random_seed(settings.seed)
    keras.mixed_precision.set_global_policy("mixed_bfloat16" if settings.mixed_precision else "float32")
    try:
        state = _state(out, settings)
        first, steps = len(state["curve"]), max(1, len(fit) // settings.batch) * settings.epochs
        model = _compiled(settings, steps)
        if first:
            _restore(model, keras.models.load_model(out / _CHECKPOINT))
        if first < settings.epochs:
            last = min(settings.epochs, first + stop_after) if stop_after else settings.epochs
            saver = _saver(out, state, held, tell)
            model.fit(_dataset(fit, settings, first), epochs=last, initial_epoch=first, callbacks=[saver], verbose=0)
            if last < settings.epochs:
                return out / _CHECKPOINT
    finally:
        keras.mixed_precision.set_global_policy("float32")
    return _finish(model, out, settings, held, state)


def _restore(model: Any, saved: Any) -> None:
    """Weights and optimizer's state of a checkpoint; a loaded optimizer itself forgets what it doesn't decay."""
    model.set_weights(saved.get_weights())
    model.optimizer.build(model.trainable_variables)
    for mine, kept in zip(model.optimizer.variables, saved.optimizer.variables, strict=True):
        mine.assign(kept)


def _split(data: LabelledFaces, settings: TrainSettings) -> tuple[LabelledFaces, LabelledFaces]:
    rows = data.split == SPLITS["train"]
    usable = data[rows]
    if len(usable) < MIN_FACES:
        raise DataError(f"the training split holds {len(usable)} pictures; at least {MIN_FACES} are needed")
    if len(np.unique(usable.label)) < 2:
        raise DataError(f"the training split holds one class only: {EXPRESSIONS[int(usable.label[0])]}")
    held = np.random.default_rng(settings.seed).random(len(usable)) < settings.holdout_share
    held[0] = True
    return usable[~held], usable[held & ~usable.flawed]


def _state(out: Path, settings: TrainSettings) -> dict[str, Any]:
    wanted = json.loads(json.dumps(dataclasses.asdict(settings)))
    path = out / _STATE
    if not path.exists():
        return {"settings": wanted, "curve": []}
    try:
        state: dict[str, Any] = json.loads(path.read_text())
    except ValueError as error:
        raise DataError(f"{path}: damaged ({error}); remove the folder, or choose another") from error
    if state["settings"] != wanted:
        raise DataError(f"{out} holds a run with other settings: choose another folder or the same settings")
    return state


def _saver(out: Path, state: dict[str, Any], held: LabelledFaces, tell: Callable[[str], None]) -> Any:
    import keras

    class Saver(keras.callbacks.Callback):  # type: ignore[misc]
        """After every epoch: the curve's next point, then checkpoint and state, each whole or not at all."""

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            point = {"epoch": epoch + 1, "loss": round(float((logs or {})["loss"]), 4), **_judge(self.model, held)}
            state["curve"].append(point)
            part = out / f"part-{_CHECKPOINT}"
            self.model.save(part)
            os.replace(part, out / _CHECKPOINT)
            _write(out / _STATE, json.dumps(state, indent=1))
            tell(", ".join(f"{key} {value}" for key, value in point.items()))

    return Saver()


def _write(path: Path, text: str) -> None:
    part = path.with_name(f"part-{path.name}")
    part.write_text(text)
    os.replace(part, path)


def _logits(model: Any, data: LabelledFaces) -> list[FloatArray]:
    """Each head's logits (n, 7), averaged over the picture and its mirror image."""
    x = data.image.astype(np.float32)[..., None]
    plain, mirrored = (model.predict(part, batch_size=256, verbose=0) for part in (x, x[:, :, ::-1]))
    return [(np.asarray(a, np.float32) + np.asarray(b, np.float32)) / 2 for a, b in zip(plain, mirrored, strict=True)]


def _judge(model: Any, held: LabelledFaces) -> dict[str, float]:
    """Accuracy in per cent of both heads on the pictures held back."""
    votes, fer2013 = _logits(model, held)
    result = {"held_fer2013": round(100 * float((fer2013.argmax(1) == held.label).mean()), 2)}
    if held.votes is not None:
        sure = held.votes.max(axis=1) > 0.5
        result["held_votes"] = round(100 * float((votes.argmax(1) == held.votes.argmax(1))[sure].mean()), 2)
    return result


def _finish(model: Any, out: Path, settings: TrainSettings, held: LabelledFaces, state: dict[str, Any]) -> Path:
    if settings.epochs and model.optimizer is not None:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    full = build(settings)
    full.set_weights(model.get_weights())
    votes, fer2013 = _logits(full, held)
    goals, _ = targets(held, dataclasses.replace(settings, label_smoothing=0.0))
    temperature = (metrics.fit_temperature(votes, goals[0]), metrics.fit_temperature(fer2013, goals[1]))
    final = build(settings, temperature=temperature)
    final.set_weights(model.get_weights())
    final.save(out / "part-model.keras")
    export_onnx(final, out / "part-model.onnx")
    os.replace(out / "part-model.keras", out / "model.keras")
    os.replace(out / "part-model.onnx", out / "model.onnx")
    _write(out / "report.json", json.dumps(_report(out, settings, temperature, state, len(held)), indent=1))
    return out / "model.onnx"


def _report(
    out: Path, settings: TrainSettings, temperature: tuple[float, float], state: dict[str, Any], held: int
) -> dict[str, Any]:
    return {
        "finished": datetime.now(UTC).date().isoformat(),
        "sha256": sha256_of(out / "model.onnx"),
        "settings": dataclasses.asdict(settings),
        "temperature": dict(zip(HEADS, temperature, strict=True)),
        "held_back": held,
        "last": state["curve"][-1] if state["curve"] else {},
    }


def export_onnx(model: Any, path: Path) -> None:
    """Write the network as ONNX that computes in float32: input `face` (n, 48, 48, 1), outputs named as HEADS.

    Its weights lie in the file as float16 and are widened when it is opened: half the size, the same answers to 0.001.
    """
    import onnx

    model(np.zeros((1, FACE_PX, FACE_PX, 1), np.float32))
    model.export(path, format="onnx", verbose=False)
    graph = onnx.load(path)
    _rename(graph.graph, HEADS)
    _pack(graph.graph)
    onnx.checker.check_model(graph)
    onnx.save(graph, path)


def _pack(graph: Any) -> None:
    """Every large weight as float16 with a Cast behind it, which ONNX Runtime folds away at opening."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _LARGE_WEIGHT:
            continue
        packed = f"{weight.name}/float16"
        casts.append(helper.make_node("Cast", [packed], [weight.name], to=TensorProto.FLOAT))
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), packed))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _rename(graph: Any, names: tuple[str, ...]) -> None:
    """The export calls the outputs `output_0`, …: give them their names, wherever they are used."""
    for output, name in zip(graph.output, names, strict=True):
        old, output.name = output.name, name
        for node in graph.node:
            node.output[:] = [name if value == old else value for value in node.output]
            node.input[:] = [name if value == old else value for value in node.input]
    old = graph.input[0].name
    graph.input[0].name = "face"
    for node in graph.node:
        node.input[:] = ["face" if value == old else value for value in node.input]
