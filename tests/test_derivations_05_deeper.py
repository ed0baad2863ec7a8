"""Lesson 05's deeper notebooks: what their cells derive equals what the package offers."""

import pytest
import torch
from helpers import functions_of
from torch.nn import functional as F

from aecourse import evaluation
from aecourse.compression import Tables, quantise


@pytest.fixture(scope="module")
def dictionary():
    return functions_of("deeper/05_dictionary")


@pytest.fixture(scope="module")
def bits():
    return functions_of("deeper/05_bits")


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("k", [1, 4, 9])
def test_pursuit(dictionary, k):
    x, atoms = drawn(30, 12), F.normalize(drawn(20, 12, seed=1))
    offered = evaluation.matching_pursuit(x, atoms, k)
    assert torch.allclose(dictionary.pursue(x, atoms, k), offered, atol=1e-9)


@pytest.mark.parametrize("end, name, steepest",
                         [(torch.sigmoid, "sigmoid", 0.25), (None, "clip", 1)])  # fmt: skip
def test_search(dictionary, end, name, steepest):
    columns, offset, codes = drawn(20, 12), drawn(12, seed=1), drawn(30, 20, seed=2)
    x = torch.rand(30, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    derived = dictionary.search(codes, columns, offset, x, 5, end or dictionary.clipped, steepest,
                                steps=7)  # fmt: skip
    offered = evaluation.improve_codes(codes, columns, offset, x, 5, end=name, steps=7)
    assert torch.allclose(derived, offered)


def test_rounding_and_its_bits(bits):
    known, codes = drawn(5_000, 6).float(), drawn(200, 6, seed=1).float()
    tables = Tables.of(quantise(known, 0.5))
    indices = tables.clip(quantise(codes, 0.5))
    kept, cost = bits.rounded(known, codes, 0.5)
    assert torch.equal(kept, indices * 0.5)
    assert torch.allclose(cost.double(), tables.bits(indices), rtol=0.01)
