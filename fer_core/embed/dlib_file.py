"""Reads the networks that dlib writes: its serialised ResNet becomes a list of layers, without dlib.

The format, as dlib's public source has it (serialize.h, float_details.h, dnn/core.h, dnn/layers.h):

- an integer is one byte (number of bytes, 0x80 where it is negative) and that many bytes, the lowest first;
- a real number is two integers, mantissa and exponent of 2; a text is its length and its bytes; a flag is "0" or "1";
- a tensor is the integer 2, four dimensions, and little-endian float32; an alias of one is the integer 1 and four dimensions;
- a network is the loss, then the version of each layer from the output down to the input, then the layers from the input up.
  A layer of version 1 is a mark (a tag, or a skip to one) and holds nothing more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TypeAlias

import numpy as np

from fer_core.errors import WeightsError
from fer_core.types import FloatArray

Pair: TypeAlias = tuple[int, int]
"""Vertical, horizontal."""

_MARK, _LAYER, _INPUT = 1, 2, 3
_MAX_LAYERS = 10_000
_MAX_TEXT = 64
_MAX_EXPONENT = 200
"""Beyond it no float32 lies, and dlib's codes for infinities do."""


@dataclass(frozen=True)
class Con:
    """A convolution: weight (filters, channels, rows, columns), bias (filters,)."""

    weight: FloatArray
    bias: FloatArray
    stride: Pair
    padding: Pair


@dataclass(frozen=True)
class Affine:
    """A frozen batch normalisation: gamma · x + beta for each channel, both (channels,)."""

    gamma: FloatArray
    beta: FloatArray


@dataclass(frozen=True)
class Relu:
    """max(x, 0)."""


@dataclass(frozen=True)
class Pool:
    """The largest or the mean of each window; a window (0, 0) is the whole picture."""

    largest: bool
    window: Pair
    stride: Pair
    padding: Pair


@dataclass(frozen=True)
class Mark:
    """A tag, or a skip back to one: the file does not say which."""


@dataclass(frozen=True)
class AddPrev:
    """Adds what a tag remembers; the smaller of the two is padded with zeros, in channels, rows and columns."""


@dataclass(frozen=True)
class Fc:
    """A matrix weight (inputs, outputs), no bias."""

    weight: FloatArray


Layer: TypeAlias = Con | Affine | Relu | Pool | Mark | AddPrev | Fc


@dataclass(frozen=True)
class Network:
    """mean (3,) is taken off the RGB of a picture of `size` (rows, columns); layers stand from the input up."""

    mean: FloatArray
    size: Pair
    layers: tuple[Layer, ...]


class _DamagedError(Exception):
    """What is wrong with the bytes."""


def read(path: Path) -> Network:
    """The network in the file. WeightsError where it can't be read, is damaged, or has layers not known here."""
    try:
        return _network(_Stream(path.read_bytes()))
    except OSError as error:
        raise WeightsError(f"{path}: can't be read: {error.strerror}.") from error
    except _DamagedError as error:
        raise WeightsError(f"{path}: is damaged or no network of dlib's that is known here: {error}.") from error


class _Stream:
    """dlib's elementary values, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def take(self, length: int) -> bytes:
        end = self._place + length
        if end > len(self._data):
            raise _DamagedError(f"it ends after {len(self._data)} bytes, {end} or more were expected")
        start, self._place = self._place, end
        return self._data[start:end]

    def at_end(self) -> bool:
        return self._place == len(self._data)

    def integer(self) -> int:
        head = self.take(1)[0]
        if not 1 <= head & 0x7F <= 8:
            raise self.wrong("an integer")
        size = int.from_bytes(self.take(head & 0x7F), "little")
        return -size if head & 0x80 else size

    def integers(self, count: int) -> tuple[int, ...]:
        return tuple(self.integer() for _ in range(count))

    def pair(self) -> Pair:
        return self.integer(), self.integer()

    def real(self) -> float:
        mantissa, exponent = self.pair()
        if abs(exponent) > _MAX_EXPONENT:
            raise self.wrong("a finite number")
        return mantissa * 2.0**exponent

    def reals(self, count: int) -> FloatArray:
        return np.array([self.real() for _ in range(count)])

    def text(self) -> str:
        length = self.integer()
        if not 0 <= length <= _MAX_TEXT:
            raise self.wrong("a layer's name")
        return self.take(length).decode("ascii", "replace")

    def flag(self) -> bool:
        return self.take(1) == b"1"

    def alias(self) -> tuple[int, ...]:
        self.expect(1, "an alias of a tensor")
        return self.integers(4)

    def tensor(self) -> FloatArray:
        """(any,) finite float32."""
        self.expect(2, "a tensor")
        shape = self.integers(4)
        if min(shape) < 0:
            raise self.wrong("a tensor")
        values = np.frombuffer(self.take(4 * prod(shape)), "<f4")
        if not np.isfinite(values).all():
            raise self.wrong("finite weights")
        return values

    def expect(self, version: int, what: str) -> None:
        if self.integer() != version:
            raise self.wrong(what)

    def wrong(self, what: str) -> _DamagedError:
        return _DamagedError(f"expected {what} before byte {self._place}")


def _network(stream: _Stream) -> Network:
    stream.expect(1, "a loss")
    if stream.text() != "loss_metric_2":
        raise stream.wrong("the loss loss_metric_2")
    stream.reals(2)  # the loss's margin and distance, of use in training only
    versions = _versions(stream)
    if stream.text() != "input_rgb_image_sized":
        raise stream.wrong("an input of RGB pictures")
    mean, size = stream.reals(3), stream.pair()
    layers = tuple(Mark() if version == _MARK else _layer(stream, version) for version in reversed(versions))
    if not stream.at_end():
        raise stream.wrong("the end")
    return Network(mean, size, layers)


def _versions(stream: _Stream) -> list[int]:
    """One a layer, from the output down to the one on the input."""
    found: list[int] = []
    while not found or found[-1] != _INPUT:
        found.append(stream.integer())
        if found[-1] not in (_MARK, _LAYER, _INPUT) or len(found) > _MAX_LAYERS:
            raise stream.wrong("a layer")
    return found


def _layer(stream: _Stream, version: int) -> Layer:
    """One layer's own fields, and those of the frame that dlib puts round each."""
    name = stream.text()
    known = _READERS.get(name)
    if known is None:
        raise stream.wrong(f"a layer known here, not {name!r},")
    layer = known(stream)
    for _ in range(3):  # is it set up; is its gradient stale; are its outputs off
        stream.flag()
    for _ in range(3):  # gradients and outputs, kept from a training
        stream.tensor()
    if version == _INPUT:
        stream.integer()  # pictures a sample
    return layer


def _con(stream: _Stream) -> Con:
    values = stream.tensor()
    stream.integers(3)  # filters, rows, columns: the alias has them too
    stride, padding = stream.pair(), stream.pair()
    shape, biases = stream.alias(), stream.alias()
    stream.reals(4)  # how fast it learns
    size = prod(shape)
    if min(*shape, *stride) < 1 or min(padding) < 0 or prod(biases) != shape[0] or len(values) != size + shape[0]:
        raise stream.wrong("a convolution whose sizes agree")
    return Con(values[:size].reshape(shape), values[size:], stride, padding)


def _affine(stream: _Stream) -> Affine:
    values, gamma, beta = stream.tensor(), stream.alias(), stream.alias()
    stream.integer()  # of a convolution or of a matrix
    if prod(gamma) != prod(beta) or len(values) != 2 * prod(gamma):
        raise stream.wrong("an affine layer whose sizes agree")
    return Affine(values[: prod(gamma)], values[prod(gamma) :])


def _pool(stream: _Stream, *, largest: bool) -> Pool:
    pool = Pool(largest, stream.pair(), stream.pair(), stream.pair())
    if min(pool.stride) < 1 or any(more < 0 or more > wide // 2 for more, wide in zip(pool.padding, pool.window, strict=True)):
        raise stream.wrong("a pool whose sizes agree")
    return pool


def _fc(stream: _Stream) -> Fc:
    outputs, inputs = stream.pair()
    values = stream.tensor()
    stream.alias(), stream.alias()
    without_bias = stream.integer()
    stream.reals(4)  # how fast it learns
    if without_bias != 1 or min(inputs, outputs) < 1 or len(values) != inputs * outputs:
        raise stream.wrong("a matrix without bias whose sizes agree")
    return Fc(values.reshape(inputs, outputs))


_READERS: dict[str, Callable[[_Stream], Layer]] = {
    "con_4": _con,
    "affine_": _affine,
    "relu_": lambda _: Relu(),
    "max_pool_2": lambda stream: _pool(stream, largest=True),
    "avg_pool_2": lambda stream: _pool(stream, largest=False),
    "add_prev_": lambda _: AddPrev(),
    "fc_2": _fc,
}
