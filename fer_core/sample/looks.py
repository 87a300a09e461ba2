"""Who shops in the sample footage, and what faces they make: numbers only, nobody real."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """One drawn person. Lengths are in units of half the face's height; colours are "#rrggbb"."""

    name: str
    skin: str
    hair: str
    """Colour of hair, brows and beard."""
    style: str
    """Hair or hat: a key of `hair.STYLES`."""
    coat: str
    trousers: str = "#33384a"
    cloth: str = "#a33b3b"
    """Colour of hat, scarf or band."""
    width: float = 0.74
    """Half the face's width at the cheeks."""
    forehead: float = 0.66
    jaw: float = 0.58
    chin: float = 0.30
    eye_apart: float = 0.34
    """From the middle to each eye."""
    eye_size: float = 0.165
    """Half the eye's width."""
    eye_open: float = 0.50
    """Height of the open eye over its width."""
    eye_tilt: float = 0.02
    eye_y: float = -0.06
    iris: str = "#5a3d22"
    lid: str = ""
    """Eye shadow, or none."""
    lashes: float = 0.3
    brow_thick: float = 0.07
    brow_arch: float = 0.05
    brow_y: float = -0.33
    nose_width: float = 0.15
    nose_y: float = 0.34
    nose_bridge: float = 0.4
    mouth_width: float = 0.29
    mouth_y: float = 0.60
    lip_full: float = 0.07
    lips: str = "#b5605c"
    glasses: str = ""
    """"round", "square", "browline", or none."""
    frame: str = "#22242c"
    beard: str = ""
    """"full", "goatee", "moustache", "walrus", "stubble", or none."""
    age: float = 0.0
    """Wrinkles, 0 to 1."""
    freckles: float = 0.0
    rouge: float = 0.15
    hollow: float = 0.2
    """Depth of the shades under brows and cheekbones."""
    ears: float = 0.13


@dataclass(frozen=True)
class Mood:
    """What an expression does to a face; 0 everywhere is a face at rest. Lengths in units of half the face's height."""

    brow_in: float = 0.0
    """The brow's inner end, down."""
    brow_out: float = 0.0
    brow_near: float = 0.0
    """The inner end toward the nose."""
    upper: float = 1.0
    """How far the upper lid is open, 1 at rest."""
    lower: float = 1.0
    """How far the lower lid hangs, 1 at rest."""
    slant: float = 0.0
    """The upper lid pressed down over the inner half of the eye (above 0) or the outer half (below 0)."""
    corner: float = 0.0
    """The mouth's corners, down."""
    wide: float = 1.0
    round: float = 0.7
    """How far out the open mouth keeps its height: 0.7 is a smile, 0.86 an O."""
    gap_up: float = 0.0
    """The upper lip's edge above the middle line."""
    gap_down: float = 0.0
    """The lower lip's edge under it."""
    teeth: bool = False
    lips: float = 1.0
    """How full the lips are, 1 at rest."""
    cheeks: float = 0.0
    furrow: float = 0.0
    """Lines between the brows."""
    fold: float = 0.0
    """The lines from nose to mouth."""
    lines: float = 0.0
    """Lines across the forehead."""
    mouth_down: float = 0.0
