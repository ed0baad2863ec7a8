"""Matching pursuit and dictionary learning: against scikit-learn, and by their properties."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import sparse_encode
from torch.nn import functional as F

from aecourse import evaluation
from aecourse.evaluation import Atoms, learn_atoms, matching_pursuit
from aecourse.evaluation import pursuit as module


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def directions():
    return F.normalize(drawn(30, 12))


@pytest.mark.parametrize("active", [1, 2, 5, 11])
def test_it_equals_scikit_learn(directions, active):
    x = drawn(40, 12, seed=1)
    theirs = sparse_encode(x.numpy(), directions.numpy(), algorithm="omp", n_nonzero_coefs=active)
    assert np.allclose(matching_pursuit(x, directions, active).numpy(), theirs, atol=1e-9)


def test_it_finds_what_orthogonal_atoms_were_added_up():
    directions = torch.linalg.qr(drawn(12, 12)).Q
    codes = drawn(20, 12, seed=2) * (drawn(20, 12, seed=3) > 0.8)
    found = matching_pursuit(codes @ directions, directions, 12)
    assert torch.allclose(found, codes, atol=1e-9)


def test_another_atom_never_harms_and_what_is_left_is_orthogonal_to_the_chosen(directions):
    x, last = drawn(40, 12, seed=1), torch.full((40,), torch.inf, dtype=torch.float64)
    for active in (1, 3, 6):
        codes = matching_pursuit(x, directions, active)
        missing = x - codes @ directions
        assert ((codes != 0).sum(1) <= active).all()
        assert ((missing @ directions.T)[codes != 0].abs() < 1e-9).all()
        errors = missing.square().sum(1)
        assert (errors < last).all()
        last = errors


def test_pieces_make_no_difference(directions, monkeypatch):
    x = drawn(25, 12, seed=1)
    whole = matching_pursuit(x, directions, 4)
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 7)
    assert torch.allclose(matching_pursuit(x, directions, 4), whole)


def test_an_empty_example_and_one_that_is_an_atom_are_no_trouble(directions):
    x = torch.cat([torch.zeros(1, 12, dtype=torch.float64), directions[3:4]])
    codes = matching_pursuit(x, directions, 5)
    assert torch.isfinite(codes).all()
    assert torch.allclose(codes @ directions, x, atol=1e-9)


@pytest.mark.parametrize("active", [0, 31])
def test_a_number_of_atoms_that_cannot_be(directions, active):
    with pytest.raises(ValueError, match="choose 1 to 30"):
        matching_pursuit(drawn(2, 12), directions, active)


# --------------------------------------------------------------------------- the longer search

ENDS = {"clip": lambda raw: raw.clamp(0, 1), "sigmoid": torch.sigmoid}


def darkness(end, offset=0.3):
    """Images of two atoms each through an end, and what made them."""
    directions = F.normalize(drawn(12, 30))
    codes = drawn(50, 12, seed=4)
    codes = codes * (codes.abs() >= codes.abs().topk(2, dim=1).values[:, -1:]) * 3
    offset = torch.full((30,), offset, dtype=torch.float64)
    return ENDS[end](codes @ directions + offset), directions, offset, codes


@pytest.mark.parametrize("end", ENDS)
def test_the_search_stays_where_nothing_is_missing(end):
    x, directions, offset, codes = darkness(end)
    found = evaluation.improve_codes(codes, directions, offset, x, 2, end=end, steps=5)
    assert torch.allclose(found, codes, atol=1e-9)


@pytest.mark.parametrize("end", ENDS)
def test_the_search_lowers_the_error_of_pursuit_with_as_many_atoms(end):
    x, directions, offset, _ = darkness(end)
    start = matching_pursuit(x - offset, directions, 3)
    found = evaluation.improve_codes(start, directions, offset, x, 3, end=end, steps=200)
    assert ((found != 0).sum(1) <= 3).all()
    before, after = ((ENDS[end](c @ directions + offset) - x).square().mean()
                     for c in (start, found))  # fmt: skip
    assert after < 0.5 * before


def test_a_first_step_follows_output_minus_target():
    x, directions, offset, _ = darkness("sigmoid")
    start = torch.zeros(50, 12, dtype=torch.float64).requires_grad_()
    logits = start @ directions + offset
    F.binary_cross_entropy_with_logits(logits, x, reduction="sum").backward()
    one = evaluation.improve_codes(
        start.detach(), directions, offset, x, 12, end="sigmoid", steps=1
    )
    scale = 4 / torch.linalg.matrix_norm(directions, 2) ** 2
    assert torch.allclose(one, -scale * start.grad)


def test_an_end_that_is_not_known():
    with pytest.raises(ValueError, match="clip, sigmoid"):
        evaluation.improve_codes(torch.zeros(1, 2), torch.zeros(2, 3), torch.zeros(3),
                                 torch.zeros(1, 3), 1, end="tanh")  # fmt: skip


# --------------------------------------------------------------------------- learning


@pytest.fixture
def two_of_ten():
    """Examples (3000, 1, 4, 5), each a sum of two of ten hidden directions."""
    directions = F.normalize(drawn(10, 20))
    draw = torch.Generator().manual_seed(5)
    places = torch.rand(3_000, 10, generator=draw).topk(2, dim=1).indices
    amounts = torch.randn(3_000, 2, generator=draw, dtype=torch.float64)
    codes = torch.zeros(3_000, 10, dtype=torch.float64).scatter(1, places, amounts)
    return (codes @ directions).reshape(-1, 1, 4, 5).float()


def test_learning_comes_close_to_what_two_atoms_can_do(two_of_ten):
    first = learn_atoms(two_of_ten, 12, 2, passes=1, batch_size=3_000)
    learned = learn_atoms(two_of_ten, 12, 2, passes=10, batch_size=500)
    errors = [(a.decode(a.encode(two_of_ten, 2)) - two_of_ten).square().mean().item()
              for a in (first, learned)]  # fmt: skip
    assert errors[1] < 0.4 * errors[0] < 0.4 * two_of_ten.var().item()


def test_learned_atoms_have_norm_one_and_follow_the_seed(two_of_ten):
    learned = learn_atoms(two_of_ten, 12, 2, passes=2, seed=1)
    assert isinstance(learned, Atoms) and learned.mean.shape == (1, 4, 5)
    assert torch.allclose(learned.directions.norm(dim=1), torch.ones(12), atol=1e-5)
    again, other = (learn_atoms(two_of_ten, 12, 2, passes=2, seed=seed) for seed in (1, 2))
    assert torch.equal(again.directions, learned.directions)
    assert not torch.allclose(other.directions, learned.directions)


def test_an_atom_that_nobody_uses_becomes_what_is_missing():
    use = torch.tensor([1.0, 0.0, 1.0])
    missing = drawn(6, 5).float()
    missing[4] *= 10
    directions = module._best_directions(use.diag(), drawn(3, 5, seed=1).float(), missing)
    assert torch.allclose(directions[1], F.normalize(missing[4], dim=0))


def test_more_atoms_than_examples_are_refused():
    with pytest.raises(ValueError, match="start from 3 examples"):
        learn_atoms(torch.rand(3, 1, 2, 2), 4, 1)
