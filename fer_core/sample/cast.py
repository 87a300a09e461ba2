"""The sample shop's customers: who they are, what faces they can make, and how their visits went."""

from dataclasses import dataclass

from fer_core.sample.looks import Look, Mood


@dataclass(frozen=True)
class Part:
    """One shopper's day: the expression at the entrance and at the exit; None where that camera never sees them."""

    name: str
    entry: str | None
    exit: str | None


MOODS: dict[str, Mood] = {
    "neutral": Mood(brow_in=0.03, brow_near=0.02, upper=0.74, lower=0.75, slant=0.15, corner=0.008, wide=0.85, lips=0.65),
    "happy": Mood(
        brow_in=-0.02, brow_out=-0.02, upper=0.72, lower=0.35, corner=-0.13, wide=1.25, gap_up=-0.02, gap_down=0.17,
        teeth=True, lips=0.75, cheeks=1.0, fold=0.9,
    ),
    "sad": Mood(
        brow_in=-0.15, brow_out=0.05, brow_near=0.03, upper=0.68, lower=0.8, slant=-0.6, corner=0.13, wide=1.15, lips=0.6,
        cheeks=0.1, furrow=0.55, fold=1.0, lines=0.5, mouth_down=0.025,
    ),
    "angry": Mood(
        brow_in=0.20, brow_out=-0.12, brow_near=0.08, upper=0.65, lower=0.55, slant=0.5, corner=0.066, wide=0.85,
        round=0.95, gap_up=0.08, gap_down=0.11, teeth=True, lips=0.85, cheeks=0.15, furrow=0.6, fold=1.0, lines=0.1,
        mouth_down=0.03,
    ),
    "surprise": Mood(
        brow_in=-0.16, brow_out=-0.14, upper=1.45, lower=1.2, wide=0.72, round=0.84, gap_up=0.11, gap_down=0.20, lips=1.0,
        lines=0.8, mouth_down=0.06,
    ),
}  # fmt: skip
"""The expressions that are drawn. Those at rest, sad and angry were sought by a random walk on twenty random looks until
an expression model trained on photographs read them rightly."""

LOOKS: dict[str, Look] = {
    look.name: look
    for look in (
        Look(
            name="Otto", skin="#e3b08a", hair="#e9e6e0", style="beanie", coat="#5b4a86", cloth="#d9a441",
            width=0.786, forehead=0.675, jaw=0.758, chin=0.375, eye_apart=0.315, eye_size=0.215, eye_open=0.42,
            eye_tilt=0.06, eye_y=-0.15, iris="#4f8a4f", lashes=0.141, brow_thick=0.071, brow_arch=0.045,
            brow_y=-0.37, nose_width=0.24, nose_y=0.37, nose_bridge=0.298, mouth_width=0.36, mouth_y=0.587,
            lip_full=0.03, lips="#a0615a", glasses="browline", frame="#8a2f2f", beard="moustache", age=0.741,
            rouge=0.245, hollow=0.8, ears=0.2,
        ),
        Look(
            name="Rosa", skin="#b97b4b", hair="#e9e6e0", style="long", coat="#2f7d78", cloth="#1f2a44", width=0.842,
            forehead=0.54, jaw=0.732, chin=0.43, eye_apart=0.343, eye_size=0.162, eye_open=0.542, eye_tilt=-0.03,
            eye_y=-0.071, lid="#7a4fa0", lashes=0.948, brow_thick=0.025, brow_arch=0.0, brow_y=-0.311,
            nose_width=0.143, nose_y=0.259, nose_bridge=0.1, mouth_width=0.33, mouth_y=0.604, lip_full=0.111,
            lips="#c23a4a", glasses="square", frame="#c9a24a", age=0.227, freckles=0.99, rouge=0.45, hollow=0.086,
            ears=0.174,
        ),
        Look(
            name="Fiona", skin="#f0c9a6", hair="#b5431d", style="afro", coat="#3c6e8f", cloth="#1f2a44", width=0.823,
            forehead=0.54, jaw=0.76, chin=0.257, eye_apart=0.42, eye_size=0.135, eye_open=0.62, eye_tilt=-0.03,
            eye_y=-0.15, lid="#b0604f", lashes=0.655, brow_thick=0.031, brow_arch=0.032, brow_y=-0.321,
            nose_width=0.24, nose_y=0.319, nose_bridge=0.408, mouth_width=0.2, mouth_y=0.594, lip_full=0.03,
            lips="#c23a4a", frame="#c9a24a", age=0.351, rouge=0.051, hollow=0.27, ears=0.08,
        ),
        Look(
            name="Amara", skin="#7a4a2c", hair="#2b1a12", style="long_fringe", coat="#d9922e", cloth="#2c5f8a",
            width=0.6, forehead=0.54, jaw=0.483, chin=0.33, eye_apart=0.26, eye_size=0.151, eye_open=0.546,
            eye_tilt=0.028, eye_y=-0.01, iris="#a8752e", lashes=0.768, brow_thick=0.085, brow_arch=0.0,
            brow_y=-0.282, nose_width=0.24, nose_y=0.263, nose_bridge=0.773, mouth_width=0.308, mouth_y=0.658,
            lip_full=0.059, lips="#8f2f44", age=0.348, rouge=0.343, hollow=0.062, ears=0.08,
        ),
        Look(
            name="Henry", skin="#94592f", hair="#b9b7b3", style="brim", coat="#444b57", width=0.901, forehead=0.54,
            jaw=0.43, chin=0.265, eye_apart=0.348, eye_size=0.188, eye_open=0.432, eye_tilt=-0.03, eye_y=-0.043,
            iris="#8a8f94", lashes=0.246, brow_thick=0.025, brow_arch=0.1, brow_y=-0.37, nose_width=0.09,
            nose_y=0.41, nose_bridge=0.769, mouth_width=0.251, mouth_y=0.669, lip_full=0.03, lips="#a0615a",
            age=0.42, rouge=0.2, hollow=0.585, ears=0.133,
        ),
        Look(
            name="Bruno", skin="#d29a6b", hair="#b9b7b3", style="receding", coat="#b0643c", cloth="#c9c2b4",
            width=0.837, forehead=0.706, jaw=0.463, chin=0.418, eye_apart=0.363, eye_size=0.135, eye_open=0.498,
            eye_tilt=0.058, eye_y=0.037, iris="#a8752e", lashes=0.257, brow_thick=0.1, brow_arch=0.038, brow_y=-0.37,
            nose_width=0.24, nose_y=0.41, nose_bridge=0.38, mouth_width=0.28, mouth_y=0.605, lip_full=0.033,
            age=0.366, hollow=0.0, ears=0.101,
        ),
        Look(
            name="Max", skin="#5f3922", hair="#1c1715", style="mohawk", coat="#8f3c4a", cloth="#3f9a5f", width=0.671,
            forehead=0.575, jaw=0.706, chin=0.229, eye_apart=0.293, eye_size=0.15, eye_open=0.602, eye_tilt=-0.014,
            eye_y=-0.15, iris="#a8752e", lashes=0.207, brow_thick=0.1, brow_arch=0.065, brow_y=-0.313,
            nose_width=0.163, nose_y=0.41, nose_bridge=0.359, mouth_width=0.243, mouth_y=0.612, lip_full=0.126,
            lips="#8a4a45", glasses="browline", frame="#c9a24a", beard="moustache", age=0.24, rouge=0.051,
            hollow=0.8, ears=0.2,
        ),
        Look(
            name="Zoe", skin="#8a5a3a", hair="#1c1715", style="bun", coat="#7b4f8a", cloth="#d9a441", width=0.6,
            forehead=0.585, jaw=0.704, chin=0.43, eye_apart=0.43, eye_size=0.135, eye_open=0.62, eye_tilt=0.014,
            eye_y=-0.007, iris="#8a8f94", lashes=0.57, brow_thick=0.099, brow_arch=0.064, brow_y=-0.278,
            nose_width=0.233, nose_y=0.278, nose_bridge=0.477, mouth_width=0.311, mouth_y=0.63, lip_full=0.124,
            lips="#c23a4a", glasses="round", frame="#d9a441", rouge=0.426, hollow=0.33, ears=0.2,
        ),
        Look(
            name="Leyla", skin="#f7cfc2", hair="#b5431d", style="scarf", coat="#4a7a4a", cloth="#e0707a",
            width=0.711, forehead=0.764, jaw=0.631, chin=0.291, eye_apart=0.384, eye_size=0.215, eye_open=0.599,
            eye_tilt=-0.029, eye_y=-0.018, lid="#2f7d8a", lashes=0.57, brow_thick=0.059, brow_arch=0.1, brow_y=-0.27,
            nose_width=0.172, nose_y=0.339, nose_bridge=0.1, mouth_width=0.294, mouth_y=0.54, lip_full=0.097,
            lips="#c23a4a", frame="#2f4f8a", rouge=0.42, hollow=0.565, ears=0.138,
        ),
        Look(
            name="Iris", skin="#d29a6b", hair="#8a5a2b", style="side", coat="#4f7fa8", cloth="#c9c2b4", width=0.626,
            forehead=0.718, jaw=0.522, chin=0.43, eye_apart=0.28, eye_size=0.12, eye_open=0.479, eye_tilt=-0.012,
            eye_y=-0.088, iris="#8a8f94", lid="#b0604f", lashes=0.747, brow_thick=0.107, brow_arch=0.059,
            brow_y=-0.286, nose_width=0.167, nose_y=0.261, nose_bridge=0.291, mouth_width=0.36, mouth_y=0.559,
            lip_full=0.094, lips="#c23a4a", age=0.305, rouge=0.05, hollow=0.62, ears=0.2,
        ),
    )
}  # fmt: skip
"""Chosen of 164 random looks so that two embedders tell them apart and the expression model reads them, then moved
further by a random walk. Templates of the sample films, YuNet with MobileFaceNet: the same person's cosine 0.56 and up,
others' at most 0.40; MTCNN with dlib: 0.953 and up, others' at most 0.915. A change of a number here is to be checked by
a run of `review` on the sample."""

CAST: tuple[Part, ...] = (
    Part("Otto", "neutral", "happy"),
    Part("Rosa", "neutral", "happy"),
    Part("Fiona", "sad", "happy"),
    Part("Amara", "happy", "neutral"),
    Part("Henry", "happy", "angry"),
    Part("Bruno", "happy", "angry"),
    Part("Max", "surprise", "neutral"),
    Part("Zoe", "happy", "happy"),
    Part("Leyla", "neutral", None),
    Part("Iris", None, "neutral"),
)
"""Eight visits, one shopper who only came and one who only left."""
