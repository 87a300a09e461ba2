"""Every threshold of the engine: frozen, with its unit in its name, and what raising it does.

The floor below everything but types and errors: nothing here imports a model or reads the environment.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class VideoSettings:
    """How films are read."""

    samples_per_s: float = 5.0
    """Pictures looked at in a second of film. More: nobody hurries past unseen; slower in proportion."""


@dataclass(frozen=True)
class DetectSettings:
    """How faces are looked for."""

    max_side_px: int = 640
    """The longer side of the picture given to the detector. More: smaller faces are found; slower with its square."""
    min_score: float = 0.6
    """Least score of a face, as the detector counts it. More: fewer false faces, more missed ones."""


@dataclass(frozen=True)
class TrainSettings:
    """The recipe of `train`."""

    epochs: int = 30
    """Passes over the training split. More: better until it overfits; the schedule stretches with it."""
    batch: int = 128
    """Faces a step. More: fewer, smoother steps."""
    peak_rate: float = 2e-3
    """Highest learning rate of the one-cycle schedule. More: faster, then unstable."""
    warmup_share: float = 0.15
    """Share of the steps in which the rate climbs."""
    weight_decay: float = 0.02
    """Decoupled decay of the weights. More: smoother, in the end too stiff."""
    dropout: float = 0.4
    """Share of the pooled features dropped in training."""
    label_smoothing: float = 0.1
    """Share of the hard labels spread over all classes (hard labels only; votes are soft already)."""
    ema_momentum: float = 0.999
    """Weight averaging over steps. More: a longer memory."""
    fer2013_weight: float = 0.5
    """Weight of the head for FER2013's labels against the head for the voters' distribution."""
    widths: tuple[int, ...] = (32, 64, 128)
    """Channels of each stage. More: a larger, slower, better model."""
    blocks: int = 2
    """Residual blocks a stage."""
    holdout_share: float = 0.1
    """Share of the training split kept back to fit the temperature and to draw the curve."""
    seed: int = 2026
    """Seed of the order, the augmentation and the first weights."""
    mixed_precision: bool = True
    """Computes in bfloat16 where it pays; weights and the exported model stay float32."""
