"""Muon: every direction of a matrix advances equally far; all else is Adam."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from aecourse.models import Convolutional, Dense
from aecourse.muon import Muon, orthogonalised
from aecourse.objectives import mse
from aecourse.randomness import generator, seeded
from aecourse.training import fit


def with_singular_values(values, rows, columns, seed):
    random = generator(seed)
    left = torch.linalg.qr(torch.randn(rows, len(values), generator=random))[0]
    right = torch.linalg.qr(torch.randn(columns, len(values), generator=random))[0]
    return left @ torch.diag(torch.tensor(values)) @ right.T, left @ right.T


@given(rows=st.integers(2, 40), columns=st.integers(2, 40), seed=st.integers(0, 99),
       size=st.floats(1e-3, 1e3))  # fmt: skip
def test_singular_values_come_near_one(rows, columns, seed, size):
    count = min(rows, columns)
    values = torch.linspace(1, 0.02, count).tolist()
    matrix, nearest = with_singular_values(values, rows, columns, seed)
    found = orthogonalised(matrix * size)
    assert found.shape == matrix.shape and found.dtype == matrix.dtype
    singular = torch.linalg.svdvals(found)[:count]
    assert singular.min() > 0.55 and singular.max() < 1.35
    # It is the nearest such matrix, up to those lengths: the same directions, paired the same way.
    assert (found * nearest).sum() / count > 0.6


def test_a_matrix_of_zeros_stays():
    assert torch.equal(orthogonalised(torch.zeros(3, 5)), torch.zeros(3, 5))


def test_vectors_move_as_with_adam():
    def moved(optimiser):
        weight = nn.Parameter(torch.tensor([1.0, -2.0, 3.0]))
        descent = optimiser([weight])
        for step in range(20):
            descent.zero_grad()
            (weight.square() * torch.tensor([1.0, 10.0, 0.1]) + step * weight).sum().backward()
            descent.step()
        return weight.detach()

    adam = moved(lambda weights: torch.optim.Adam(weights, lr=0.1, betas=(0.9, 0.99)))
    assert torch.allclose(moved(lambda weights: Muon(weights, lr=0.1)), adam, atol=1e-5)


def test_matrices_move_as_with_torchs_muon():
    if not hasattr(torch.optim, "Muon"):
        pytest.skip("this torch has no Muon")

    def moved(build):
        with seeded(0):
            layers = [nn.Linear(20, 12, bias=False), nn.Linear(12, 30, bias=False)]
            inputs = torch.randn(50, 20)
        weights = [layer.weight for layer in layers]
        descent = build(weights)
        for _ in range(5):
            descent.zero_grad()
            nn.Sequential(layers[0], nn.Tanh(), layers[1])(inputs).sub(1).square().mean().backward()
            descent.step()
        return torch.cat([weight.detach().flatten() for weight in weights])

    start = moved(lambda weights: torch.optim.SGD(weights, lr=0.0))
    theirs = moved(lambda weights: torch.optim.Muon(weights, lr=0.04, weight_decay=0.1))
    ours = moved(lambda weights: Muon(weights, lr=0.01, weight_decay=0.1))
    assert (theirs - start).norm() > 0.1  # they moved
    assert (ours - theirs).norm() < 0.02 * (theirs - start).norm()  # they round to sixteen bits


@pytest.mark.parametrize("build", [
    lambda: Dense((1, 28, 28), 8, hidden=(32,)),
    lambda: Convolutional(4, channels=(4, 8)),
])  # fmt: skip
def test_fit_trains_with_it(build):
    images = torch.rand(64, 1, 28, 28, generator=generator(0)) * torch.linspace(0, 1, 28)
    with seeded(0):
        model = build()
    history = fit(model, {"reconstruction": mse}, images, epochs=20, batch_size=16, lr=0.02,
                  optimizer=Muon, progress=False)  # fmt: skip
    losses = history.train["reconstruction"]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize(
    "settings", [{"lr": -1.0}, {"momentum": 1.0}, {"betas": (0.9, 1.5)}, {"weight_decay": -0.1}]
)
def test_nonsense_is_refused(settings):
    ((name, value),) = settings.items()
    with pytest.raises(ValueError, match=name):
        Muon([torch.zeros(2, 2)], **settings)
