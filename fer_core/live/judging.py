"""Who may be read at all in a live picture: zones and hours first, then staff by one good shot of each person."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from fer_core.embed import Embedder
from fer_core.gate import Gate
from fer_core.quality import hidden_shares, shot_of
from fer_core.settings import GallerySettings, QualitySettings
from fer_core.types import Faces, FloatArray, Frame, UInt8Array


@dataclass(frozen=True)
class Judge:
    """A gate, and the embedder that makes the templates it is asked about; two of equal parts are equal.

    min_quality: least quality (0 to 1) of a shot that is judged by. ValueError for a gate that knows staff, but no embedder.
    """

    gate: Gate = field(default_factory=Gate)
    embedder: Embedder | None = None
    min_quality: float = GallerySettings.min_quality
    limits: QualitySettings = field(default_factory=QualitySettings)

    def __post_init__(self) -> None:
        if self.gate.is_staff is not None and self.embedder is None:
            raise ValueError("a gate that knows staff needs an embedder, or else staff would be scored")

    @property
    def asks(self) -> bool:
        """Whether people have to be judged before they are read; else nothing is ever embedded."""
        return self.gate.is_staff is not None

    def passed(self, faces: Faces, size: tuple[int, int], moment: datetime | None) -> tuple[Faces, FloatArray]:
        """The faces that zones and hours let pass, and the boxes (n, 4) of the others; size (width, height) px.

        moment: when the picture was taken, aware; None: now.
        """
        told = self.gate.admits(faces, size, moment or datetime.now(UTC))
        return faces[told], faces.xyxy[~told]

    def admits(self, image: UInt8Array, faces: Faces, row: int) -> bool | None:
        """Whether the person of that face may be read; None where the shot isn't good enough to tell.

        The template lives no longer than this call.
        """
        if self.embedder is None:
            return True
        shot = shot_of(Frame(0.0, image), faces, row, float(hidden_shares(faces.xyxy)[row]), self.limits)
        if shot.quality < self.min_quality:
            return None
        return self.gate.admits_template(self.embedder.embed(shot.patch, shot.face)[0])
