"""Embedders of faces: `EMBEDDERS` is the one table; a name becomes an instance here and only at the edge.

An embedder is one file and one line of the table; select boxes, the command line and the contract tests read the table.
"""

from collections.abc import Callable

from fer_core import weights
from fer_core.embed import deepface
from fer_core.embed.base import Embedder
from fer_core.embed.deepface import DeepFace
from fer_core.embed.dlib_resnet import DlibResNet
from fer_core.embed.none import NoEmbedder
from fer_core.embed.onnx_model import mobilefacenet, sface
from fer_core.errors import UnknownBackendError, WeightsError, WeightsMismatchError
from fer_core.settings import PAIR_FITS

__all__ = ["DEFAULTS", "EMBEDDERS", "Embedder", "NoEmbedder", "names", "open_default", "open_embedder", "open_second"]

EMBEDDERS: dict[str, Callable[[], Embedder]] = {
    "mobilefacenet": mobilefacenet,
    "dlib": DlibResNet,
    "sface": sface,
    "deepface": lambda: DeepFace(deepface.DEFAULT),
}
"""By name, the preferred first."""

DEFAULTS = ("mobilefacenet", "dlib")
"""Tried in this order where nobody named an embedder."""


def names() -> tuple[str, ...]:
    """The names that `open_embedder` knows; beside them `deepface:NAME` for each model that deepface offers."""
    return tuple(EMBEDDERS)


def open_embedder(name: str) -> Embedder:
    """The embedder of that name. UnknownBackendError lists the known ones; WeightsError where its weights can't be had."""
    family, colon, variant = name.partition(":")
    if family == "deepface" and colon:
        return DeepFace(variant)
    if name not in EMBEDDERS:
        raise UnknownBackendError(f"There is no embedder {name!r}; known are {', '.join(names())} and deepface:NAME.")
    return EMBEDDERS[name]()


def open_default(tell: Callable[[str], None]) -> Embedder:
    """The first of `DEFAULTS` whose weights can be had; `tell` hears of each that can't.

    WeightsMismatchError is never passed over; WeightsError where none can be had.
    """
    return weights.first_opened("embedder", {name: EMBEDDERS[name] for name in DEFAULTS}, tell)


def open_second(first: str, tell: Callable[[str], None]) -> Embedder | None:
    """The embedder that gives a second opinion beside the default one; None where there is none or its weights can't be had."""
    name = next((other for chosen, other in PAIR_FITS if chosen == first), None)
    if name is None:
        return None
    try:
        return EMBEDDERS[name]()
    except WeightsMismatchError:
        raise
    except WeightsError as error:
        tell(f"no second opinion on who is who: {error}")
        return None
