"""Every threshold of the engine: frozen, with its unit in its name, and what raising it does.

The floor below everything but types and errors: nothing here imports a model or reads the environment.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class VideoSettings:
    """How films are read."""

    ahead: int = 3
    """Pictures decoded before they are looked at. More: steadier, and more memory (6 MB each at 1080p)."""
    samples_per_s: float = 5.0
    """Pictures looked at in a second of film. More: nobody hurries past unseen; slower in proportion."""
    min_side_px: int = 16
    """Least width and height of a film. More: films too small to show a face are refused sooner."""


@dataclass(frozen=True)
class CameraSettings:
    """How live cameras are read."""

    samples_per_s: float = 5.0
    """Pictures looked at in a second. More: nobody hurries past unseen; slower in proportion."""
    open_s: float = 5.0
    """How long a camera has to answer. More: slow ones are waited for; absent ones are noticed later."""
    silent_s: float = 5.0
    """How long no picture may come before the camera is opened again. More: later."""
    frozen_s: float = 10.0
    """How long a picture may stand still to the last grey before that is told. More: later, with fewer false alarms."""
    first_pause_s: float = 1.0
    """The pause before a camera is tried again; it doubles with each failure. More: gentler, slower to come back."""
    longest_pause_s: float = 4.0
    """The longest such pause. More: gentler; a camera that comes back is met later."""


@dataclass(frozen=True)
class DetectSettings:
    """How faces are looked for."""

    max_side_px: int = 640
    """The longer side of the picture given to the detector. More: smaller faces are found; slower with its square."""
    min_score: float = 0.6
    """Least score of a face, as the detector counts it. More: fewer false faces, more missed ones."""
    hog_upsample: int = 0
    """How often dlib's detector doubles the picture before it looks. More: smaller faces; four times slower each."""
    mtcnn_min_face_px: int = 20
    """Smallest face that mtcnn looks for in the picture given to it. More: faster, small faces are missed."""


@dataclass(frozen=True)
class TrackSettings:
    """How the faces of successive pictures become tracks."""

    min_score: float = 0.6
    """Least detection score that may begin or carry on a track. More: fewer false tracks, more broken ones."""
    reach: float = 1.2
    """Farthest that a face may lie from where its track is expected, in sizes of the face. More: fewer broken, more mixed."""
    max_growth: float = 1.2
    """Most by which a face may be larger or smaller than its track expects. More: fewer broken, more mixed tracks."""
    lost_s: float = 0.5
    """Seconds that a track outlives its last face. More: short hiding is bridged, strangers may be taken for the lost one."""
    same_llr: float = 0.0
    """Least likeness (log-likelihood ratio) along one track. More: fewer mixed, more broken tracks."""
    probes: int = 4
    """Shots of a track, spread over time, that are compared. More: shorter mix-ups are found; slower."""
    probe_s: float = 0.8
    """Seconds between shots that are embedded while the track lasts, doubled after every `probes` of them. More: faster."""
    min_faces: int = 2
    """Fewest faces of a track that counts. More: fewer false people, hurried ones are missed."""


@dataclass(frozen=True)
class QualitySettings:
    """How usable a shot of a face is, from 0 to 1, and which shots are kept."""

    poor_size_px: float = 16.0
    """Height of a face of quality 0. More: small faces count less."""
    good_size_px: float = 72.0
    """Height from which size costs nothing. More: mid-sized faces count less."""
    poor_sharpness: float = 0.02
    """Sharpness (share of the detail of a crisp face) of quality 0."""
    good_sharpness: float = 0.2
    """Sharpness from which blur costs nothing. More: soft pictures count less."""
    max_yaw: float = 0.9
    """Turn of the head (nose off the middle of the eyes, in half eye distances) of quality 0. More: side views count more."""
    dark_luma: float = 25.0
    """Mean brightness (0 to 255) of quality 0 at the dark end; the bright end mirrors it."""
    good_contrast: float = 22.0
    """Standard deviation of brightness from which flat light costs nothing."""
    min_usable: float = 0.12
    """Least quality of the best shot of a usable track. More: fewer, surer matches; more unusable people."""
    relative_floor: float = 0.5
    """Shots below this share of the track's best are left out of its template. More: fewer, better shots."""
    best_shots: int = 3
    """Best shots that join the probes in a template. More: steadier and slower."""
    pose_bins: int = 3
    """Turns of the head (left, straight, right) over which the best shots are spread."""
    max_shots: int = 48
    """Shots of a track that are kept for its expressions, evenly thinned beyond. More: finer series, more memory."""
    margin: float = 0.4
    """Share of the face's size kept around it on each side of a shot."""
    best_side_px: int = 320
    """Longest side of a shot kept for the template."""
    shot_side_px: int = 160
    """Longest side of a shot kept for the expression only."""
    looks: int = 2
    """Best shots kept, packed, for the second opinion on who is who. More: surer, slower, more memory (20 kB each)."""
    look_side_px: int = 240
    """Longest side of such a shot."""


@dataclass(frozen=True)
class LlrFit:
    """From the cosine of two faces to the log-likelihood ratio of "same person": slope · cosine + intercept.

    origin says what it was fitted on.
    """

    slope: float
    """What the whole cosine is worth. More: likenesses and differences are both believed more."""
    intercept: float
    """What a cosine of 0 is worth. More: weaker likenesses are believed."""
    origin: str = ""


EMBEDDER_FITS: dict[str, LlrFit] = {
    "mobilefacenet": LlrFit(25.17, -6.36, "1,343 photographs of 400 people, 2026-11-21 (benchmarks/fit_llr.py)"),
    "dlib": LlrFit(112.53, -102.16, "1,396 photographs of 420 people, 2026-11-21 (benchmarks/fit_llr.py)"),
}
"""By the embedder's name."""


FALSE_ACCEPTS: dict[str, tuple[tuple[float, float], ...]] = {
    "mobilefacenet": ((0.0, 0.0322), (1.0, 0.0135), (2.0, 0.00526), (3.0, 0.00205), (4.0, 0.000616)),
    "dlib": ((0.0, 0.11), (2.0, 0.0257), (3.0, 0.00975), (4.0, 0.00239), (5.0, 0.000298)),
}
"""By the embedder's name: (log-likelihood ratio, share of comparisons of different people that reach it), for a template
of three pictures against a passage; counted on the people of the fit (reports staff-gallery-fit-* and
staff-gallery-dlib-fit-*, 2026-11-21). Single photographs reach a level far less often (reports llr-*): a mean lies nearer to
everybody else's."""


@dataclass(frozen=True)
class GallerySettings:
    """People who were enrolled: staff, who are never scored, and guests, of whom alone opt-in stores keep visits."""

    staff_false_accept: float = 0.01
    """Share of visitors who may be taken for staff, and are then not counted. More: staff are recognised more surely."""
    guest_false_accept: float = 0.001
    """Share of people who may be taken for a guest who agreed, which they did not. More: guests are recognised more surely."""
    min_shots: int = 3
    """Fewest usable pictures with which somebody is enrolled. More: surer, more to ask for."""
    most_shots: int = 12
    """Most pictures of one person."""
    min_quality: float = 0.3
    """Least quality (0 to 1) of such a picture. More: surer, more pictures are refused."""
    same_llr: float = 1.0
    """Least likeness (log-likelihood ratio) of a picture with the person's others. More: fewer pictures of others slip in."""
    alone: float = 0.25
    """Largest area of any other face, as a share of the chosen one's. More: people in the background are let pass."""


@dataclass(frozen=True)
class PairFit:
    """From the cosines of two embedders to one log-likelihood ratio: first · cosine + second · cosine + intercept, and that
    brought to what was counted there: steps are (value, log-likelihood ratio), both rising; none leave it as it is."""

    first: float
    second: float
    intercept: float
    origin: str = ""
    steps: tuple[tuple[float, float], ...] = ()


PAIR_FITS: dict[tuple[str, str], PairFit] = {
    ("mobilefacenet", "dlib"): PairFit(
        11.89,
        61.94,
        -59.06,
        "1,325 photographs of 400 people, 2026-11-21 (benchmarks/fit_pair.py)",
        (
            (-4.52, -4.42),
            (-3.53, -4.18),
            (-2.54, -3.11),
            (-1.55, -3.11),
            (-0.56, -1.04),
            (0.43, 0.63),
            (1.41, 1.94),
            (2.44, 3.79),
            (3.46, 5.51),
            (5.08, 8.28),
            (6.98, 13.82),
            (9.64, 13.98),
        ),
    ),
}
"""By the names of the first embedder and of the one that gives a second opinion."""

_COSINE_THRESHOLDS: dict[str, float] = {
    "sface": 0.363,
    "deepface:VGG-Face": 0.32,
    "deepface:Facenet": 0.60,
    "deepface:Facenet512": 0.70,
    "deepface:ArcFace": 0.32,
    "deepface:Dlib": 0.93,
    "deepface:SFace": 0.407,
    "deepface:OpenFace": 0.90,
    "deepface:DeepFace": 0.77,
    "deepface:DeepID": 0.985,
    "deepface:GhostFaceNet": 0.35,
    "deepface:Buffalo_L": 0.45,
}
"""Cosines that the makers publish as the threshold of "same person": OpenCV's zoo for sface, deepface 0.0.103 for the rest."""
_PUBLISHED_SLOPE = 20.0


def fit_for(embedder: str) -> LlrFit:
    """The fit of the embedder of that name: its own, else a line through its published threshold, else through 0.5."""
    if embedder in EMBEDDER_FITS:
        return EMBEDDER_FITS[embedder]
    threshold = _COSINE_THRESHOLDS.get(embedder)
    origin = "not fitted: the published threshold" if threshold is not None else "not fitted: a guess"
    return LlrFit(_PUBLISHED_SLOPE, -_PUBLISHED_SLOPE * (0.5 if threshold is None else threshold), origin)


@dataclass(frozen=True)
class ExpressionFit:
    """From a model's probabilities to those of faces before a shop's camera: p ∝ exp(sharpness · log p + shift).

    Vector scaling (Guo et al. 2017), the shift moving the shares of the training pictures towards those of visitors.
    """

    sharpness: float
    """Power of the model's probabilities. More: surer of the leading one."""
    shift: tuple[float, ...]
    """Added to the logarithm for each of EXPRESSIONS. More: named more often."""
    origin: str = ""


EXPRESSION_FITS: dict[str, ExpressionFit] = {
    "moodgate": ExpressionFit(
        0.74,
        (-0.54, -0.54, -0.54, 1.19, -0.54, 0.28, 0.69),
        "1,396 photographs of 420 people, 2026-11-21 (benchmarks/fit_expression.py)",
    ),
}
"""By the model's name; a model without one speaks as it is."""


@dataclass(frozen=True)
class MatchSettings:
    """Who left among those who came."""

    matched_share: float = 0.8
    """Expected share of people seen by both cameras. More: weaker likenesses are believed."""
    min_llr: float = -1.0
    """Least that two faces alone must say for a pair, as a log-likelihood ratio. More: fewer false visits, more alone."""
    max_false_share: float = 0.7
    """Largest chance of being false at which a pair is still told; its log odds are the cost of a dummy. Less: fewer false
    visits, more people left alone."""
    max_llr: float = 14.0
    """Most that one likeness can say, as a log-likelihood ratio. More: alike strangers are told apart by less."""
    min_margin: float = 0.3
    """Least log of a pair's probability over its runner-up's; below it the pair is ambiguous. More: fewer, surer visits."""
    dwell_median_s: float = 900.0
    """Middle of the log-normal prior of the time between entrance and exit."""
    dwell_sigma: float = 1.3
    """Its spread (of the logarithm). More: time says less."""
    dwell_floor: float = -4.0
    """Least that the prior can say. Less: very long visits become impossible."""
    dwell_sure: float = 0.95
    """Probability from which a pair teaches how long this day's visitors stay. More: fewer teachers, surer ones."""
    dwell_least_pairs: int = 12
    """Sure pairs below which the day teaches nothing. More: the general prior holds longer."""
    dwell_odd_share: float = 0.1
    """Share of visitors who may stay as long as anybody anywhere. More: the day's own dwell times say less."""
    clock_slack_s: float = 2.0
    """How far two cameras' clocks may differ before an exit counts as before its entrance."""
    join_gap_s: float = 8.0
    """Longest pause in which a camera's broken track is joined. More: people who come back are counted once."""
    join_llr: float = 8.0
    """Least likeness (log-likelihood ratio) for joining. More: fewer joins."""


@dataclass(frozen=True)
class ReviewSettings:
    """From two appearances to a verdict; threshold, z and share chosen on made-up days of people never scored on."""

    valence: tuple[float, ...] = (-1.0, -1.0, -1.0, 1.0, -1.0, 0.0, 0.0)
    """Valence of each of EXPRESSIONS, −1 to 1."""
    threshold: float = 0.4
    """Change of valence from which a review may be positive or negative. More: more neutral ones."""
    z: float = 0.65
    """Standard errors by which a change must clear what it is held against. More: more uncertain reviews."""
    bootstrap_rounds: int = 200
    """Rounds of the block bootstrap over frames."""
    block_s: float = 0.6
    """Length of a block: successive pictures are alike."""
    model_error: tuple[tuple[float, float], ...] = ((0.5, 0.666), (0.7, 0.535), (0.9, 0.358), (1.01, 0.146))
    """The model's own valence error by its confidence (its upper end, standard error): benchmarks/fit_expression.py."""
    model_error_share: float = 0.5
    """Share of the model's error that a mean over a track doesn't average away."""
    min_offset_visits: int = 200
    """Visits of a camera pair below which its offset is shrunk to 0."""
    min_offset_days: int = 14
    """Days of a camera pair below which its offset is shrunk to 0."""
    seed: int = 7
    """Seed of the bootstrap."""


@dataclass(frozen=True)
class Settings:
    """All of them together."""

    video: VideoSettings = field(default_factory=VideoSettings)
    detect: DetectSettings = field(default_factory=DetectSettings)
    track: TrackSettings = field(default_factory=TrackSettings)
    quality: QualitySettings = field(default_factory=QualitySettings)
    match: MatchSettings = field(default_factory=MatchSettings)
    review: ReviewSettings = field(default_factory=ReviewSettings)


@dataclass(frozen=True)
class PrivacySettings:
    """What sums may show of few people."""

    min_cell_visits: int = 10
    """A cell of fewer visits shows its count and no value. More: less can be told of one person; more cells are blank."""


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
    class_balance: float = 0.0
    """How much rarer classes count more in the head of labels: rows weigh 1 / (class size) to this power. More: better
    recall of the rare, worse of the common; 1 is full balance."""
    ema_momentum: float = 0.999
    """Weight averaging over steps. More: a longer memory."""
    fer2013_weight: float = 1.0
    """Weight of the head for FER2013's labels against the head for the voters' distribution."""
    widths: tuple[int, ...] = (32, 64, 128)
    """Channels of each stage. More: a larger, slower, better model."""
    blocks: int = 2
    """Residual blocks a stage."""
    deep_stem: bool = False
    """The stem looks at every pixel before it halves the picture. Finer; a sixth more work."""
    squeeze: int = 0
    """Channels a factor of squeeze and excitation in each block; 0 has none. More: smaller, weaker."""
    base: str = ""
    """What the trunk starts from instead of from nothing (`train.bases`); "" is the residual trunk of widths and blocks."""
    grow: str = ""
    """A .keras file of the same layers, but narrower, whose answers the network begins with (`train.growing`)."""
    base_px: int = 96
    """Side to which faces are brought for a borrowed trunk. More: finer, slower."""
    freeze: bool = False
    """A borrowed trunk stays as it is: only the heads learn."""
    teacher_share: float = 0.6
    """Share of a teacher's answers in the targets, where there is a teacher. More: closer to the teacher."""
    holdout_share: float = 0.1
    """Share of the training split kept back to fit the temperature and to draw the curve."""
    seed: int = 2026
    """Seed of the order, the augmentation and the first weights."""
    mixed_precision: bool = True
    """Computes in bfloat16 where it pays; weights and the exported model stay float32."""
