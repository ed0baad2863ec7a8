"""What a lesson derives in its cells equals what the package, PyTorch or scikit-learn offers."""

import ast
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from aecourse import lessons, models
from aecourse.objectives import mse
from aecourse.randomness import seeded
from aecourse.training import fit

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"


def functions_of(name):
    """The functions that a lesson defines, without running anything else of it."""
    notebook = lessons.read(NOTEBOOKS / f"{name}.ipynb")
    names = {"__name__": name}
    exec(lessons.setup_source(notebook), names)
    for cell in lessons.code_cells(notebook):
        tree = ast.parse(lessons.without_magics(cell.source))
        tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        exec(compile(tree, f"<{name}>", "exec"), names)
    return SimpleNamespace(**names)


# --------------------------------------------------------------------------- 01 basics


@pytest.fixture(scope="module")
def basics():
    return functions_of("01_basics")


@pytest.fixture
def flowers():
    return np.random.default_rng(3).normal(size=(20, 4))


@pytest.mark.parametrize("sizes", [[4, 4, 2, 4, 4], [4, 3, 4], [4, 6, 5, 1, 6, 4]])
def test_numpy_gradients_equal_finite_differences_for_every_number(basics, flowers, sizes):
    layers = basics.initial_layers(sizes, seed=1)
    derived = basics.gradients(layers, flowers)
    h = 1e-3  # with five points the formula's error is of order h⁴: small against rounding
    for pair, grads in zip(layers, derived):
        for array, grad in zip(pair, grads):
            for place in np.ndindex(array.shape):
                kept, losses = array[place], []
                for shift in (-2 * h, -h, h, 2 * h):
                    array[place] = kept + shift
                    losses.append(basics.loss(layers, flowers))
                array[place] = kept
                slope = (losses[0] - 8 * losses[1] + 8 * losses[2] - losses[3]) / (12 * h)
                assert slope == pytest.approx(grad[place], rel=1e-6, abs=1e-11)


def test_numpy_forward_and_loss_equal_pytorch(basics, flowers):
    layers = basics.initial_layers([4, 5, 2, 5, 4], seed=2)
    H = torch.tensor(flowers)
    for number, (W, b) in enumerate(layers, start=1):
        H = F.linear(H, torch.tensor(W).T, torch.tensor(b))
        H = H if number == len(layers) else torch.tanh(H)
    assert np.allclose(basics.forward(layers, flowers)[-1], H.numpy(), atol=1e-14)
    expected = F.mse_loss(H, torch.tensor(flowers)).item()
    assert basics.loss(layers, flowers) == pytest.approx(expected, abs=1e-14)


def test_numpy_adam_equals_pytorch_for_100_steps(basics, flowers):
    layers = basics.initial_layers([4, 4, 2, 4, 4], seed=5)
    twins = basics.as_tensors(layers)
    optimiser = torch.optim.Adam([array for pair in twins for array in pair], lr=1e-2)
    target, losses = torch.tensor(flowers), []
    for _ in range(100):
        loss = basics.torch_loss(twins, target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    ours = basics.train(layers, flowers, epochs=100, batch_size=len(flowers), lr=1e-2)
    assert np.allclose(ours, losses, rtol=0, atol=1e-10)
    assert losses[-1] < losses[0]


def test_finite_differences_leave_the_weights_alone(basics, flowers):
    layers = basics.initial_layers([4, 2, 4], seed=0)
    before = [array.copy() for pair in layers for array in pair]
    basics.finite_differences(layers, flowers)
    after = [array for pair in layers for array in pair]
    assert all(np.array_equal(a, b) for a, b in zip(before, after))


def test_relative_error_sees_a_single_wrong_gradient(basics, flowers):
    layers = basics.initial_layers([4, 3, 4], seed=0)
    right = basics.gradients(layers, flowers)
    wrong = [(W.copy(), b.copy()) for W, b in right]
    wrong[1][1][2] *= 1.01
    assert basics.relative_error(right, right) == 0
    assert basics.relative_error(wrong, right) > 1e-3


def test_plain_fit_is_the_core_of_fit(basics):
    rows = torch.randn(37, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    nets = []
    for _ in range(2):
        with seeded(3):
            nets.append(models.Dense(4, 2, (4,), "tanh", output="linear").double())
    basics.plain_fit(nets[0], rows, epochs=20, batch_size=10, lr=1e-2, seed=4)
    fit(
        nets[1], {"reconstruction": mse}, rows, epochs=20, batch_size=10, lr=1e-2,
        schedule="constant", seed=4, progress=False,
    )  # fmt: skip
    for a, b in zip(nets[0].parameters(), nets[1].parameters()):
        assert torch.allclose(a, b, atol=1e-9)
