"""Lesson 05: what its cells derive equals what the package offers."""

import pytest
import torch
from helpers import SHAPE, blobs, functions_of

from aecourse import models, objectives
from aecourse.exercises import sparse_fill_ins
from aecourse.protocol import Batch, Output
from aecourse.randomness import seeded

NAME = "05_sparse"


@pytest.fixture(scope="module")
def lesson():
    return functions_of(NAME)


def on_code(term, code):
    x = torch.zeros(len(code), 1)
    return term(None, Batch(x, x), Output(code, x))


def test_l1(lesson):
    code = torch.randn(5, 7)
    assert torch.equal(on_code(lesson.l1(0.3), code), on_code(objectives.l1(0.3), code))


def test_kl_sparsity(lesson):
    code = torch.rand(9, 4, dtype=torch.float64)
    derived = on_code(lesson.kl_sparsity(2.0, 0.05), code)
    assert torch.allclose(derived, on_code(objectives.kl_sparsity(2.0, 0.05), code))


def test_the_two_terms_make_the_divergence(lesson):
    q = torch.tensor([0.01, 0.05, 0.6], dtype=torch.float64)
    rho = torch.full((3,), 0.05, dtype=torch.float64)
    coins = [torch.distributions.Bernoulli(p) for p in (rho, q)]
    heads, tails = lesson.kl_terms(0.05, q)
    assert torch.allclose(heads + tails, torch.distributions.kl_divergence(*coins), rtol=1e-6)


def test_keep_largest(lesson):
    code = torch.randn(6, 9)
    assert torch.equal(lesson.keep_largest(code, 4), models.keep_largest(code, 4))


def test_unit_columns(lesson):
    for seed in (0, 1):
        with seeded(seed):
            derived = models.Dense(SHAPE, 5, hidden=())
        with seeded(seed):
            offered = models.Dense(SHAPE, 5, hidden=())
        lesson.unit_columns(derived), models.unit_norm_decoder(offered)
        assert torch.allclose(derived(blobs()), offered(blobs()), atol=1e-6)


def test_start_at_the_mean(lesson):
    mean = torch.rand(1, 28, 28)
    lesson.start_at_the_mean.__wrapped__.__globals__["MEAN"] = mean
    pair = [models.Dense((1, 28, 28), 6, hidden=()) for _ in range(2)]
    for start in (lambda m: lesson.start_at_the_mean(m, -1.0),
                  lambda m: models.tied_start(m, mean, -1.0)):  # fmt: skip
        with seeded(3):
            start(pair[0])
        pair.reverse()
    for a, b in zip(pair[0].parameters(), pair[1].parameters()):
        assert torch.allclose(a, b, atol=1e-6)


def test_step(lesson):
    distance = torch.linspace(-0.3, 0.3, 20, requires_grad=True)
    slopes = []
    for found in (lesson.step(distance), models.step(distance, 0.2)):
        slopes.append((found.detach(), *torch.autograd.grad(found.sum(), distance)))
    assert all(map(torch.equal, *slopes))


def test_jump_relu_and_its_penalty(lesson):
    x = torch.randn(11, 5)
    with seeded(0):
        derived = lesson.Jump(5, 9)
    with seeded(0):
        offered = models.JumpReLU(5, 9)
    codes = []
    for model, l0 in ((derived, lesson.l0), (offered, objectives.l0)):
        output = model.run(x)
        penalty = l0(0.3)(model, Batch(x, x), output)
        (penalty + output.raw.square().sum(1)).sum().backward()
        codes.append((output.code, output.raw, penalty, *(p.grad for p in model.parameters())))
    assert all(map(torch.allclose, *codes))
    assert torch.allclose(derived.encode(x), offered.encode(x)), "fit and evaluation see one code"


def test_dead_units_and_cosines_of_the_exercises():
    codes = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0]])
    assert sparse_fill_ins.dead_units(codes) == 1
    columns, directions = torch.randn(4, 3), torch.eye(4)
    assert torch.allclose(sparse_fill_ins.cosines(columns, directions),
                          columns / columns.norm(dim=0))  # fmt: skip
