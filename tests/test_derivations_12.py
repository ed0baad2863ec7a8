"""Lesson 12: what its cells derive equals what the package offers."""

import math

import pytest
import torch
from helpers import NOTEBOOKS, functions_of

from aecourse import compression
from aecourse.compression import TOTAL, Tables, quantise
from aecourse.course import lessons

NAME = "12_compression"


@pytest.fixture(scope="module")
def lesson():
    return functions_of(NAME, TOTAL=TOTAL)


@pytest.fixture(scope="module")
def coded():
    """Whole codes (40, 6) and the tables of others from the same source."""
    draw = torch.Generator().manual_seed(0)
    codes = quantise(3 * torch.randn(400, 6, generator=draw), 1.0)
    tables = Tables.of(codes[40:])
    return tables.clip(codes[:40]), tables


def one_number(lesson, code, tables):
    """A code as the lesson writes it: pushed from the last place to the first."""
    symbols = (code - torch.tensor(tables.low)).tolist()
    x = TOTAL
    for symbol, row in list(zip(symbols, tables.frequencies))[::-1]:
        x = lesson.push(x, symbol, row)
    return x, symbols


def test_pop_undoes_push(lesson, coded):
    codes, tables = coded
    for code in codes:
        x, symbols = one_number(lesson, code, tables)
        for symbol, row in zip(symbols, tables.frequencies):
            popped, x = lesson.pop(x, row)
            assert popped == symbol
        assert x == TOTAL


def test_the_number_is_as_long_as_the_package_says(lesson, coded):
    codes, tables = coded
    for code, bits in zip(codes, tables.bits(codes).tolist()):
        x, _ = one_number(lesson, code, tables)
        assert abs(math.log2(x / TOTAL) - bits) < 1.5


def test_the_stream_holds_what_the_numbers_hold(lesson, coded):
    codes, tables = coded
    assert torch.equal(compression.decode(compression.encode(codes, tables), tables), codes)
    alone = sum(math.log2(one_number(lesson, code, tables)[0] / TOTAL) for code in codes)
    stream = compression.encode(codes, tables)
    assert abs(8 * len(stream) - alone) < len(codes) + 48


def test_mosaic_and_pieces_undo_each_other(lesson):
    images = torch.arange(9 * 28 * 28).reshape(9, 28, 28).numpy()
    picture = lesson.mosaic(images, 3)
    assert picture.shape == (84, 84)
    assert (picture[28:56, :28] == images[3]).all()
    assert (lesson.pieces(picture, 3) == images).all()


def test_packed_weights_are_off_by_half_a_step_at_most(lesson):
    matrix = torch.randn(7, 30, generator=torch.Generator().manual_seed(0))
    again, size = lesson.packed(matrix, 8)
    step = matrix.abs().amax(1, keepdim=True) / 127
    assert ((again - matrix).abs() <= 0.52 * step).all()
    assert size < matrix.numel() + 2 * 7 + 30


def test_packed_weights_of_a_dead_unit_stay_zero(lesson):
    matrix = torch.randn(3, 30, generator=torch.Generator().manual_seed(0))
    matrix[1] = 0
    again, _ = lesson.packed(matrix, 8)
    assert (again[1] == 0).all() and again.isfinite().all()


def test_the_nats_of_lesson_08_are_those_that_it_prints():
    saved = lessons.read(NOTEBOOKS / "08_variational.ipynb")
    printed = "".join(o.get("text", "") for c in lessons.code_cells(saved) for o in c.outputs)
    assert "= 102.6\n" in printed
