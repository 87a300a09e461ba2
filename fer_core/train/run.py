"""A training run in its folder: begun, stopped, killed, gone on with, finished.

The schedule is one-cycle (Smith 2018), the weights are averaged over steps. Every epoch ends in a checkpoint and then in
`state.json`, which names it: whatever kills the run, the two fit each other.
"""

import logging
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from fer_core import metrics
from fer_core.dataset import SPLITS, LabelledFaces
from fer_core.errors import DataError, OutputError
from fer_core.publish import onnx_file
from fer_core.settings import TrainSettings
from fer_core.train import folder, growing, lessons
from fer_core.train.batches import batches, heads_of, network_input, steps_of
from fer_core.train.network import build

LOG = logging.getLogger(__name__)
MIN_FACES = 32
_FEWEST_FOR_BIAS = 500
"""Held-back pictures below which a bias would learn their chances."""
_MEMORIES = 10
"""A run must be at least that many times as long as the memory of its averaged weights, which begin where it begins."""
Progress = Callable[[int, int], None]
"""Called with the steps done and the steps of the whole run."""


def train(
    data: LabelledFaces,
    out: Path,
    settings: TrainSettings,
    *,
    teacher: Path | None = None,
    tell: Callable[[str], None] = LOG.info,
    progress: Progress = lambda done, total: None,
    stop_after: int | None = None,
) -> Path:
    """Train, going on from `out`'s checkpoint if there is one; gives the finished model, `out`/model.onnx.

    The run folder holds state.json with settings, origin and curve, the checkpoint, and in the end model.onnx, model.keras
    and report.json. Nothing called model.* exists before the run has finished. `teacher` is an expression model (ONNX) whose
    answers are mixed into the targets (distillation). `stop_after` ends the run, unfinished, after that many epochs of this
    call. Raises DataError where the training split is too small or of one class, or the folder holds another run.
    """
    import keras

    fit, held = split(data, settings)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out}: can't be used as the run's folder ({error.strerror or error})") from error
    state = folder.State.open(out, settings, data.labels, origin=_origin(data, teacher))
    keras.utils.set_random_seed(settings.seed)
    keras.mixed_precision.set_global_policy("mixed_bfloat16" if settings.mixed_precision else "float32")
    try:
        model = _ready(state, settings, fit)
        if state.epochs < settings.epochs:
            last = min(settings.epochs, state.epochs + stop_after) if stop_after else settings.epochs
            lesson = lessons.of(teacher, fit, out) if teacher else None
            watch = [_saver(state, held, tell), _clock(len(fit), settings, progress)]
            shown = batches(fit, settings, state.epochs, lesson)
            model.fit(shown, epochs=last, initial_epoch=state.epochs, callbacks=watch, shuffle=False, verbose=0)
            if last < settings.epochs:
                return state.checkpoint
    finally:
        keras.mixed_precision.set_global_policy("float32")
    return _finish(model, state, settings, held)


def split(data: LabelledFaces, settings: TrainSettings) -> tuple[LabelledFaces, LabelledFaces]:
    """The training split in two: what is learnt from, and the tenth held back, without flawed pictures."""
    usable = data[data.split == SPLITS["train"]]
    if len(usable) < MIN_FACES:
        raise DataError(f"the training split holds {len(usable)} pictures; at least {MIN_FACES} are needed")
    if len(np.unique(usable.label)) < 2:
        raise DataError(f"the training split holds one class only: {data.labels[int(usable.label[0])]}")
    held = np.random.default_rng(settings.seed).random(len(usable)) < settings.holdout_share
    held[0] = True
    return usable[~held], usable[held & ~usable.flawed]


def _origin(data: LabelledFaces, teacher: Path | None) -> dict[str, Any]:
    """Where a run comes from: what it can't be gone on with without."""
    from fer_core.weights import sha256_of

    if teacher and not teacher.is_file():
        raise DataError(f"{teacher}: no such file")
    return {"pictures": len(data), "data": folder.digest(data), "teacher": sha256_of(teacher) if teacher else ""}


# ---- model ----------------------------------------------------------------------------------------------------------


def _ready(state: folder.State, settings: TrainSettings, fit: LabelledFaces) -> Any:
    """The compiled model as the last epoch left it, or at its beginning."""
    model = compiled(settings, steps_of(len(fit), settings) * settings.epochs, state.labels)
    if state.epochs:
        restore(model, folder.load_model(state.checkpoint))
    elif settings.grow:
        growing.grow(model, Path(settings.grow))
    return model


def compiled(settings: TrainSettings, steps: int, labels: tuple[str, ...]) -> Any:
    """The network with its optimizer: AdamW (Loshchilov and Hutter 2019), one cycle over so many steps."""
    import keras

    model = build(settings, labels)
    if settings.freeze:
        for layer in model.layers:
            layer.trainable = layer.name.endswith("_logits")
    losses = [keras.losses.CategoricalCrossentropy(from_logits=True) for _ in heads_of(labels)]
    weights = [1.0, settings.fer2013_weight][: len(losses)]
    model.compile(_optimizer(settings, steps), loss=losses, loss_weights=weights)
    return model


def _optimizer(settings: TrainSettings, steps: int) -> Any:
    import keras

    warm = int(settings.warmup_share * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        settings.peak_rate / 20, max(1, steps - warm), alpha=0.002, warmup_target=settings.peak_rate, warmup_steps=warm
    )
    memory = max(0.0, min(settings.ema_momentum, 1 - _MEMORIES / steps))
    optimizer = keras.optimizers.AdamW(rate, weight_decay=settings.weight_decay, use_ema=True, ema_momentum=memory)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def restore(model: Any, saved: Any) -> None:
    """Weights and optimizer's state of a checkpoint; a loaded optimizer itself forgets what it doesn't decay."""
    model.set_weights(saved.get_weights())
    model.optimizer.build(model.trainable_variables)
    for mine, kept in zip(model.optimizer.variables, saved.optimizer.variables, strict=True):
        mine.assign(kept)


# ---- while it runs --------------------------------------------------------------------------------------------------


def _saver(state: folder.State, held: LabelledFaces, tell: Callable[[str], None]) -> Any:
    import keras

    class Saver(keras.callbacks.Callback):  # type: ignore[misc]
        """Seeds each epoch's dropout by its number and ends each epoch with the curve's next point and a checkpoint."""

        def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            for layer in self.model.layers:
                if hasattr(layer, "seed_generator"):
                    layer.seed_generator.state.assign(np.array([state.settings["seed"], epoch], np.uint32))

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            point = {"epoch": epoch + 1, "loss": round(float((logs or {})["loss"]), 4), **_judge(self.model, held)}
            state.save(self.model, point)
            tell(", ".join(f"{key} {value}" for key, value in point.items()))

    return Saver()


def _clock(faces: int, settings: TrainSettings, progress: Progress) -> Any:
    import keras

    each = steps_of(faces, settings)

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            self.before = epoch * each

        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            progress(self.before + batch + 1, each * settings.epochs)

    return Clock()


def logits_of(model: Any, faces: np.ndarray) -> list[Any]:
    """Each head's logits (n, k) for grey faces (n, 48, 48) uint8, averaged over the face and its mirror image."""
    x = network_input(faces)
    plain, mirrored = (_predicted(model, part) for part in (x, x[:, :, ::-1]))
    return [(np.asarray(a, np.float32) + np.asarray(b, np.float32)) / 2 for a, b in zip(plain, mirrored, strict=True)]


def _predicted(model: Any, x: Any) -> list[Any]:
    told = model.predict(x, batch_size=256, verbose=0)
    return told if isinstance(told, list) else [told]


def _judge(model: Any, held: LabelledFaces) -> dict[str, float]:
    """Accuracy in per cent of each head on the pictures held back."""
    names = heads_of(held.labels)
    told = dict(zip(names, logits_of(model, held.image), strict=True))
    own = names[-1]
    result = {f"held_{own}": round(100 * float((told[own].argmax(1) == held.label).mean()), 2)}
    if held.votes is not None and "votes" in told:
        sure = held.votes.max(axis=1) > 0.5
        right = told["votes"].argmax(1) == held.votes.argmax(1)
        result["held_votes"] = round(100 * float(right[sure].mean()), 2) if sure.any() else 0.0
    return result


# ---- the end --------------------------------------------------------------------------------------------------------


def _finish(model: Any, state: folder.State, settings: TrainSettings, held: LabelledFaces) -> Path:
    if settings.epochs and model.optimizer is not None:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    names = heads_of(state.labels)
    final, calibrated = _calibrated(model, settings, held)
    with folder.finished(state.out) as (keras_part, onnx_part):
        final.save(keras_part)
        onnx_file.write(final, onnx_part, heads=names, labels=state.labels)
    folder.write(state.out / "report.json", {**_report(state, calibrated, len(held)), **_judge(final, held)})
    return state.out / "model.onnx"


def _calibrated(model: Any, settings: TrainSettings, held: LabelledFaces) -> tuple[Any, dict[str, Any]]:
    """The model that gives probabilities, each head's bias and temperature fitted on the pictures held back; and those."""
    names = heads_of(held.labels)
    plain = build(settings, held.labels)
    plain.set_weights(model.get_weights())
    found = [_fit(logits, *goal) for logits, goal in zip(logits_of(plain, held.image), _goals(held), strict=True)]
    final = build(settings, held.labels, temperature=tuple(temperature for temperature, _ in found))
    final.set_weights(model.get_weights())
    for name, (_, bias) in zip(names, found, strict=True):
        kernel, own = final.get_layer(f"{name}_logits").get_weights()
        final.get_layer(f"{name}_logits").set_weights([kernel, own + bias])
    told = {"temperature": [temperature for temperature, _ in found], "bias": [bias.round(3).tolist() for _, bias in found]}
    return final, {key: dict(zip(names, values, strict=True)) for key, values in told.items()}


def _fit(logits: Any, goal: Any, rows: Any) -> tuple[float, Any]:
    """(temperature, bias) on those rows; of few pictures no bias is learnt."""
    enough = int(rows.sum()) >= _FEWEST_FOR_BIAS
    bias = metrics.fit_bias(logits[rows], goal[rows]) if enough else np.zeros(goal.shape[1], np.float32)
    return metrics.fit_temperature(logits[rows] + bias, goal[rows]), bias


def _goals(held: LabelledFaces) -> list[tuple[Any, Any]]:
    """What each head should have said (n, k), and on which rows (n,) it is asked.

    The head of votes is held to what most voters say, as it is judged and used, not to their shares.
    """
    every = np.ones(len(held), bool)
    labels = (np.eye(len(held.labels), dtype=np.float32)[held.label], every)
    if len(heads_of(held.labels)) == 1:
        return [labels]
    if held.votes is None:
        return [labels, labels]
    most = np.eye(len(held.labels), dtype=np.float32)[held.votes.argmax(axis=1)]
    return [(most, held.votes.max(axis=1) > 0.5), labels]


def _report(state: folder.State, calibrated: dict[str, Any], held: int) -> dict[str, Any]:
    import keras

    from fer_core.weights import sha256_of

    return {
        "finished": datetime.now(UTC).date().isoformat(),
        "sha256": sha256_of(state.out / "model.onnx"),
        "labels": list(state.labels),
        "settings": state.settings,
        "origin": state.origin,
        "commit": _commit(),
        "keras": f"{keras.__version__} on {keras.backend.backend()}",
        **calibrated,
        "held_back": held,
        "last": state.curve[-1] if state.curve else {},
    }


def _commit() -> str:
    """The code's commit, "" where it isn't a checkout."""
    here = Path(__file__).parent
    try:
        told = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=False)  # noqa: S607
    except OSError:
        return ""
    return told.stdout.strip()
