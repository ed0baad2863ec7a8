"""From codes to bytes and back: a quantiser, tables of frequencies, an entropy coder.

A code of real numbers is rounded to whole ones (:func:`quantise`). How often each whole number
occurs at each place of a *training* code is kept in :class:`Tables`. With them, :func:`encode`
writes whole codes as bytes, frequent numbers with few bits and rare ones with more, and
:func:`decode` reads exactly these numbers back. :class:`Rounded` and :func:`rate` train a net whose
code is meant to be rounded.
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from math import log
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from aecourse.evaluation import squared_error
from aecourse.models import Dense
from aecourse.objectives import Term
from aecourse.protocol import EVALUATION_BATCH, Batch, Output

PRECISION = 14
TOTAL = 1 << PRECISION  # the frequencies at each place add up to this
LARGEST = (1 << 15) - 1  # whole codes lie between −LARGEST and LARGEST
LOWEST = 1 << 24  # the state lies between this and 256 times this
HEADER = struct.Struct("<H")  # of a stream: the number of codes
MOST_CODES = (1 << 16) - 1
DAMAGED = (
    "The stream is damaged or cut short, or it was written with other tables: what comes out does "
    "not agree with its checksum."
)


class StreamError(RuntimeError):
    """The bytes are not a complete stream that was written with these tables."""


# --------------------------------------------------------------------------- quantiser and tables


def quantise(codes: Tensor, step: float | Tensor) -> Tensor:
    """Real codes (N, code_size) → whole numbers int32: codes divided by ``step``, rounded.

    ``indices * step`` brings them back, off by half a step at most.

    Args:
        step: larger than 0; one number, or one for each place of the code (code_size,).
    """
    if not codes.is_floating_point():
        raise TypeError(f"quantise takes real codes (floating point), not {codes.dtype}.")
    step = torch.as_tensor(step, dtype=codes.dtype, device=codes.device)
    if not ((step > 0) & step.isfinite()).all():
        raise ValueError(f"step={step.tolist()}: a step is a finite number larger than 0.")
    if step.shape not in ((), codes.shape[-1:]):
        raise ValueError(
            f"There is one step, or one for each of the {codes.shape[-1]} places of the code; "
            f"these have the shape {tuple(step.shape)}."
        )
    indices = (codes / step).round()
    if not (indices.abs() <= LARGEST).all():  # NaN is not, either
        raise ValueError(
            "A code is not finite, or is more than 32,767 steps away from 0: look at the codes, or "
            "take a larger step."
        )
    return indices.int()


@dataclass(frozen=True)
class Tables:
    """How often each whole number occurs at each place of a code.

    Attributes:
        low: the smallest number at each place, (code_size,).
        frequencies: for each place, those of low, low + 1, …; whole numbers of at least 1 that
            add up to ``TOTAL``. Divided by it, they are probabilities.
    """

    low: tuple[int, ...]
    frequencies: tuple[tuple[int, ...], ...]

    def __post_init__(self):
        if not 0 < len(self.low) == len(self.frequencies):
            raise ValueError(
                "Tables have at least one place, and a smallest number and frequencies for each; "
                f"these have {len(self.low)} and {len(self.frequencies)}."
            )
        for low, row in zip(self.low, self.frequencies):
            if sum(row) != TOTAL or min(row) < 1 or abs(low) > LARGEST:
                raise ValueError(
                    f"Frequencies are at least 1 and add up to {TOTAL:,} at each place, and its "
                    f"smallest number lies between −{LARGEST:,} and {LARGEST:,}."
                )

    @classmethod
    def of(cls, indices: Tensor) -> Tables:
        """Tables of whole codes (N, code_size): take those of the *training* examples.

        A number that does not occur, between others that do, gets the frequency 1.
        """
        indices = _whole(indices)
        if not len(indices):
            raise ValueError("Tables need at least one code to count.")
        low = indices.amin(0)
        found = []
        for column in (indices - low).T:
            counts = torch.bincount(column).double()
            if len(counts) > TOTAL // 4:
                raise ValueError(
                    f"The values at a place of the code span {len(counts):,} whole numbers, more "
                    f"than {TOTAL // 4:,}: take a larger step."
                )
            shares = (counts / counts.sum() * (TOTAL - len(counts))).floor().long() + 1
            shares[shares.argmax()] += TOTAL - shares.sum()
            found.append(tuple(shares.tolist()))
        return cls(tuple(low.tolist()), tuple(found))

    @property
    def high(self) -> tuple[int, ...]:
        """The largest number at each place."""
        return tuple(low + len(row) - 1 for low, row in zip(self.low, self.frequencies))

    def clip(self, indices: Tensor) -> Tensor:
        """Whole codes (N, code_size) with every number moved into the range of its table."""
        indices = _whole(indices, len(self.low))
        return indices.clamp(torch.tensor(self.low), torch.tensor(self.high)).int()

    def bits(self, indices: Tensor) -> Tensor:
        """What each whole code costs under these tables, −Σ log₂ probability: (N,) float64."""
        indices = self._checked(indices)
        cost = torch.zeros(len(indices), dtype=torch.float64)
        for column, low, row in zip(indices.T, self.low, self.frequencies):
            cost -= torch.log2(torch.tensor(row, dtype=torch.float64) / TOTAL)[column - low]
        return cost

    def to_bytes(self) -> bytes:
        """The tables as the content of a file, deflated."""
        numbers = [len(self.low), *self.low, *(len(row) for row in self.frequencies)]
        numbers += [frequency for row in self.frequencies for frequency in row]
        return zlib.compress(np.array(numbers, "<i2").tobytes(), 9)

    @classmethod
    def from_bytes(cls, content: bytes) -> Tables:
        """The tables that :meth:`to_bytes` wrote.

        Raises:
            StreamError: the content is something else, or damaged.
        """
        try:
            numbers = np.frombuffer(zlib.decompress(content), "<i2").tolist()
            places = numbers[0]
            low, sizes = numbers[1 : places + 1], numbers[places + 1 : 2 * places + 1]
            ends = list(accumulate(sizes, initial=2 * places + 1))
            tables = cls(tuple(low), tuple(tuple(numbers[a:b]) for a, b in zip(ends, ends[1:])))
        except (zlib.error, ValueError, IndexError):
            tables = None
        if tables is None or ends[-1] != len(numbers):
            raise StreamError("These bytes are not tables, or they are damaged.")
        return tables

    def _checked(self, indices: Tensor) -> Tensor:
        indices = _whole(indices, len(self.low))
        if not torch.equal(self.clip(indices).long(), indices):
            raise ValueError(
                "A number lies outside the range of its table. Clip the codes first: "
                "tables.clip(indices)."
            )
        return indices


def _whole(indices: Tensor, places: int | None = None) -> Tensor:
    """Whole codes as int64 on the CPU, once type and shape are known to be right."""
    if not isinstance(indices, Tensor) or indices.is_floating_point():
        raise TypeError("Whole numbers are needed: quantise the codes first.")
    if indices.ndim != 2 or places not in (None, indices.shape[1]):
        wanted = "code_size" if places is None else places
        raise ValueError(
            f"A batch of codes has the shape (N, {wanted}); this one has {tuple(indices.shape)}."
        )
    indices = indices.long().cpu()
    if ((indices < -LARGEST) | (indices > LARGEST)).any():
        raise ValueError(
            f"Whole codes lie between −{LARGEST:,} and {LARGEST:,}: take a larger step."
        )
    return indices


# --------------------------------------------------------------------------- the entropy coder


def encode(indices: Tensor, tables: Tables) -> bytes:
    """Whole codes (N, code_size) as bytes: what their bits need, and 5 to 6 bytes more.

    The state is a number that each symbol makes larger by the factor 1 / probability; it hands its
    lowest byte to the file when it would grow too large. It has to start somewhere, and starts at
    a checksum of the codes (3 bytes), which the decoder must be left with. The number of codes
    stands in front (2 bytes). A file ends on a whole byte, so the last one may not be full.

    Args:
        tables: of training codes; every number has to lie in their range (``tables.clip``).

    J. Duda, *Asymmetric numeral systems*, 2013 (the range variant).
    """
    indices = tables._checked(indices)
    if not 1 <= len(indices) <= MOST_CODES:
        raise ValueError(
            f"A stream holds 1 to {MOST_CODES:,} codes, not {len(indices):,}: write several."
        )
    starts = [list(accumulate(row, initial=0)) for row in tables.frequencies]
    places = list(zip(starts, tables.frequencies))[::-1]
    state, pushed = _first_state(indices), bytearray()
    symbols = indices - torch.tensor(tables.low)
    for code in symbols.flip(0, 1).tolist():  # last in, first out
        for symbol, (start, frequency) in zip(code, places):
            size = frequency[symbol]
            while state >= (LOWEST >> PRECISION << 8) * size:
                pushed.append(state & 255)
                state >>= 8
            state = (state // size << PRECISION) + start[symbol] + state % size
    pushed += state.to_bytes(4, "little")
    return HEADER.pack(len(indices)) + bytes(reversed(pushed))


def decode(stream: bytes, tables: Tables) -> Tensor:
    """The whole codes (N, code_size) int32 that :func:`encode` wrote with the same tables.

    Raises:
        StreamError: the stream is cut short or damaged, or was written with other tables.
    """
    position, end = HEADER.size + 4, len(stream)
    if end < position:
        raise StreamError(f"The stream is cut short: it has {end} bytes.")
    (count,) = HEADER.unpack_from(stream)
    state = int.from_bytes(stream[HEADER.size : position], "big")
    places = [(list(accumulate(row, initial=0)), row) for row in tables.frequencies]
    codes = []
    for _ in range(count):
        code = []
        for starts, frequency in places:
            slot = state & (TOTAL - 1)
            symbol = bisect_right(starts, slot) - 1
            state = frequency[symbol] * (state >> PRECISION) + slot - starts[symbol]
            while state < LOWEST and position < end:
                state = state << 8 | stream[position]
                position += 1
            if state < LOWEST:  # nothing is left to read, and this is no code any more
                raise StreamError(DAMAGED)
            code.append(symbol)
        codes.append(code)
    if codes and position == end:
        indices = torch.tensor(codes) + torch.tensor(tables.low)
        if state == _first_state(indices):
            return indices.int()
    raise StreamError(DAMAGED)


def _first_state(indices: Tensor) -> int:
    """A state in the allowed range that depends on every number of the codes."""
    return LOWEST + zlib.crc32(indices.numpy().astype("<i4").tobytes()) % LOWEST


# --------------------------------------------------------------------------- rate and distortion


class Point(NamedTuple):
    """What a code costs, and how far off its images are.

    Attributes:
        bits: per image, on average.
        mse: squared error per pixel, averaged over the images.
    """

    bits: float
    mse: float


def measure(
    decode: Callable[[Tensor], Tensor],
    train_codes: Tensor,
    codes: Tensor,
    images: Tensor,
    step: float | Tensor,
) -> Point:
    """Bits and squared error of codes rounded with one step.

    The bits are those of the tables of the rounded *training* codes (:meth:`Tables.bits`). A
    stream has 5 to 6 bytes more, however many codes it holds.

    Args:
        decode: codes (N, code_size) → images (N, *shape). What lies outside [0, 1] is clipped.
        train_codes: (M, code_size), for the tables.
        codes: (N, code_size), of ``images``, (N, *shape).
        step: as in :func:`quantise`.
    """
    tables = Tables.of(quantise(train_codes, step))
    indices = tables.clip(quantise(codes, step))
    pieces = zip((indices * step).to(codes).split(EVALUATION_BATCH), images.split(EVALUATION_BATCH))
    errors = [squared_error(decode(code).clamp(0, 1), image) for code, image in pieces]
    return Point(tables.bits(indices).mean().item(), torch.cat(errors).mean().item())


# --------------------------------------------------------------------------- trained for rounding


class Rounded(Dense):
    """A dense autoencoder whose code is meant to be rounded to whole numbers.

    In training, uniform noise between −½ and ½ stands in for the rounding, which has no gradient.
    For each code unit the model keeps a logistic density, whose middle and width :func:`rate`
    trains. The arguments are those of :class:`~aecourse.models.Dense`.

    J. Ballé, V. Laparra, E. P. Simoncelli, *End-to-end optimized image compression*, ICLR 2017.
    """

    def __init__(self, *args, **settings):
        super().__init__(*args, **settings)
        self.middle = nn.Parameter(torch.zeros(self.code_size))
        self.log_width = nn.Parameter(torch.zeros(self.code_size))

    def run(self, x: Tensor, generator: Generator | None = None) -> Output:
        code = self.encode(x)
        noise = torch.rand(code.shape, generator=generator, device=code.device) - 0.5
        return Output(code + noise, self.decode_raw(code + noise))

    def bits(self, code: Tensor) -> Tensor:
        """−log₂ of the probability of rounding to ``code``, (B, code_size) like the code."""
        width = self.log_width.exp()
        above, below = (code - self.middle + 0.5) / width, (code - self.middle - 0.5) / width
        # σ(a) − σ(b) = σ(a) σ(−b) (1 − e^(b − a)), which does not cancel in the tails.
        inside = torch.log(-torch.expm1(-1 / width))
        return -(F.logsigmoid(above) + F.logsigmoid(-below) + inside) / log(2)


def rate(weight: float) -> Term:
    """Estimated bits of a code that will be rounded, for a :class:`Rounded` model.

    Args:
        weight: what one bit may cost in the other term, such as squared error per image.

    Returns:
        A term: (B,), ``weight`` times the bits of each example.
    """
    if not weight >= 0:
        raise ValueError(f"weight={weight}: the price of a bit is 0 or more.")

    def bits(model: nn.Module, batch: Batch, output: Output) -> Tensor:
        if not isinstance(model, Rounded):
            raise TypeError(f"rate is for models of type Rounded, not {type(model).__name__}.")
        return weight * model.bits(output.code).sum(1)

    return bits
