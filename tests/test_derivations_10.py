"""What lesson 10 derives in its cells equals what the package, scikit-learn or autograd offers."""

import numpy as np
import pytest
import torch
from helpers import NOTEBOOKS, functions_of, solution_of
from sklearn.linear_model import LinearRegression
from sklearn.manifold._t_sne import _joint_probabilities

from aecourse import evaluation, models
from aecourse.course import lessons
from aecourse.randomness import seeded


@pytest.fixture(scope="module")
def lesson():
    return functions_of("10_latent_spaces")


@pytest.fixture
def points():
    return torch.randn(50, 4, generator=torch.Generator().manual_seed(1)).double()


@pytest.mark.parametrize("perplexity", [5, 12])
def test_affinities_equal_scikit_learns(lesson, points, perplexity):
    P, widths = lesson.affinities(points, perplexity)
    squared = torch.cdist(points, points).square().numpy().astype(np.float32)
    theirs = _joint_probabilities(squared, perplexity, 0)
    rows, columns = np.triu_indices(50, 1)
    assert np.abs(P.numpy()[rows, columns] - theirs).max() < 1e-4 * theirs.max()
    assert torch.allclose(P.sum(), torch.ones(()).double()) and torch.equal(P, P.T)
    assert (widths > 0).all()


def test_every_point_gets_the_perplexity_asked_for(lesson, points):
    _, widths = lesson.affinities(points, 9)
    perplexity = solution_of("10_latent_spaces", 2)
    for i in range(len(points)):
        others = np.delete((points - points[i]).square().sum(1).numpy(), i)
        assert abs(perplexity(others, widths[i].item()) - 9) < 1e-6


def test_an_outlier_breaks_nothing(lesson, points):
    points[0] += 1_000
    P, _ = lesson.affinities(points, 5)
    assert P.isfinite().all() and P[0].sum() >= 1 / (2 * len(points)) - 1e-12


def test_gradient_of_the_divergence_is_the_one_of_the_paper(lesson, points):
    P, _ = lesson.affinities(points, 10)
    plane = torch.randn(50, 2, generator=torch.Generator().manual_seed(2)).double()
    plane.requires_grad_()
    (gradient,) = torch.autograd.grad(lesson.divergence(P, plane), plane)
    y = plane.detach()
    difference = y[:, None] - y
    near = 1 / (1 + difference.square().sum(2))
    near.fill_diagonal_(0)
    forces = (P - near / near.sum()) * near
    expected = 4 * (forces[:, :, None] * difference).sum(1)
    assert (gradient - expected).abs().max() < 1e-10


def test_divergence_of_equal_neighbourhoods_is_zero(lesson):
    plane = torch.randn(20, 2, generator=torch.Generator().manual_seed(3)).double()
    near = 1 / (1 + torch.cdist(plane, plane).square())
    near.fill_diagonal_(0)
    assert abs(lesson.divergence(near / near.sum(), plane).item()) < 1e-12


def test_solutions_equal_the_package(points):
    labels = torch.randint(2, (50,), generator=torch.Generator().manual_seed(4))
    ours = solution_of("10_latent_spaces", 0)(points.numpy(), labels.numpy(), 7)
    assert ours == pytest.approx(evaluation.neighbour_accuracy(points, labels, 7).mean().item())


def test_shares_count_neighbours(lesson, points):
    labels = torch.arange(50) % 10
    table = lesson.shares(points, labels, 3)
    assert torch.allclose(table.sum(1), torch.ones(10).double())
    near = evaluation.neighbours(points, 3)
    threes = labels[near[labels == 3]]
    assert table[3, 7].item() == pytest.approx((threes == 7).double().mean().item())


def test_most_mixed_pair_counts_both_directions(lesson):
    table = torch.zeros(10, 10)
    table[4, 9], table[9, 4], table[3, 5] = 0.3, 0.5, 0.6
    assert lesson.most_mixed(table) == (4, 9, pytest.approx(0.4))


def test_explained_variance_is_that_of_a_regression(lesson, points):
    z = points.float()
    values = z @ torch.tensor([1.0, -2.0, 0.5, 0.0]) + 0.5 * torch.randn(
        50, generator=torch.Generator().manual_seed(5)
    )
    one, together = lesson.explained(z, values)
    fitted = LinearRegression().fit(z, values).score(z, values)
    assert together == pytest.approx(fitted, abs=1e-4)
    each = [LinearRegression().fit(z[:, [i]], values).score(z[:, [i]], values) for i in range(4)]
    assert one == pytest.approx(max(each), abs=1e-4)


def test_sizes_and_gaps(lesson):
    groups = torch.zeros(3, 2, 2)
    groups[:, 0, 1], groups[:, 1, 1] = 1, -1
    groups[1, :, 0], groups[2, :, 0] = 4, 10
    radius, gap = lesson.sizes_and_gaps(groups)
    assert radius.tolist() == [1, 1, 1] and gap.tolist() == [4, 6, 10]


def test_explorer_decodes_what_its_sliders_say(lesson):
    pytest.importorskip("ipywidgets")
    with seeded(0):
        vae = models.VAE((1, 28, 28), 4, hidden=(8,))
    picture, box = lesson.explorer(vae, torch.zeros(4), torch.tensor([2, 0])).children
    before = bytes(picture.value)
    assert before.startswith(b"\x89PNG")
    box.children[0].value = 3.0
    assert bytes(picture.value) != before
    box.children[0].value = 0.0
    assert bytes(picture.value) == before


def test_divergence_is_a_constant_an_attraction_and_a_repulsion(lesson, points):
    P, _ = lesson.affinities(points, 10)
    plane = torch.randn(50, 2, generator=torch.Generator().manual_seed(2)).double()
    squared = torch.cdist(plane, plane).square()
    fixed = torch.xlogy(P, P).sum()
    attraction = (P * torch.log1p(squared)).sum()
    far = 1 / (1 + squared)
    repulsion = torch.log(far.sum() - far.diag().sum())
    assert torch.isclose(lesson.divergence(P, plane), fixed + attraction + repulsion)


def test_descent_is_plain(lesson, points):
    """No early exaggeration: the loss of the loop is the divergence itself."""
    notebook = lessons.read(NOTEBOOKS / "10_latent_spaces.ipynb")
    source = "\n".join(cell.source for cell in lessons.code_cells(notebook))
    loop = source.partition("for step in range(")[2].partition("optimiser.step()")[0]
    assert "loss = divergence(P, plane)\n" in loop
