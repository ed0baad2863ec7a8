"""What lesson 10 and its deeper notebook derive equals the package, scikit-learn or autograd."""

import numpy as np
import pytest
import torch
from helpers import NOTEBOOKS, functions_of, solution_of, solutions_of
from sklearn.linear_model import LinearRegression
from sklearn.manifold._t_sne import _joint_probabilities

from aecourse import evaluation
from aecourse.course import lessons


@pytest.fixture(scope="module")
def lesson():
    return functions_of("10_latent_spaces")


@pytest.fixture(scope="module")
def deeper():
    return functions_of("deeper/10_tsne")


@pytest.fixture
def points():
    return torch.randn(50, 4, generator=torch.Generator().manual_seed(1)).double()


@pytest.mark.parametrize("perplexity", [5, 12])
def test_affinities_equal_scikit_learns(deeper, points, perplexity):
    P, widths = deeper.affinities(points, perplexity)
    squared = torch.cdist(points, points).square().numpy().astype(np.float32)
    theirs = _joint_probabilities(squared, perplexity, 0)
    rows, columns = np.triu_indices(50, 1)
    assert np.abs(P.numpy()[rows, columns] - theirs).max() < 1e-4 * theirs.max()
    assert torch.allclose(P.sum(), torch.ones(()).double()) and torch.equal(P, P.T)
    assert (widths > 0).all()


def test_every_point_gets_the_perplexity_asked_for(deeper, points):
    _, widths = deeper.affinities(points, 9)
    perplexity = solution_of("10_latent_spaces", 2)
    for i in range(len(points)):
        others = np.delete((points - points[i]).square().sum(1).numpy(), i)
        assert abs(perplexity(others, widths[i].item()) - 9) < 1e-6


def test_an_outlier_breaks_nothing(deeper, points):
    points[0] += 1_000
    P, _ = deeper.affinities(points, 5)
    assert P.isfinite().all() and P[0].sum() >= 1 / (2 * len(points)) - 1e-12


def test_gradient_of_the_divergence_is_the_one_of_the_paper(deeper, points):
    P, _ = deeper.affinities(points, 10)
    plane = torch.randn(50, 2, generator=torch.Generator().manual_seed(2)).double()
    plane.requires_grad_()
    (gradient,) = torch.autograd.grad(deeper.divergence(P, plane), plane)
    y = plane.detach()
    difference = y[:, None] - y
    near = 1 / (1 + difference.square().sum(2))
    near.fill_diagonal_(0)
    forces = (P - near / near.sum()) * near
    expected = 4 * (forces[:, :, None] * difference).sum(1)
    assert (gradient - expected).abs().max() < 1e-10


def test_divergence_of_equal_neighbourhoods_is_zero(deeper):
    plane = torch.randn(20, 2, generator=torch.Generator().manual_seed(3)).double()
    near = 1 / (1 + torch.cdist(plane, plane).square())
    near.fill_diagonal_(0)
    assert abs(deeper.divergence(near / near.sum(), plane).item()) < 1e-12


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


def test_whitened_correlations_add_up_to_a_regression(lesson, points):
    """The squares of the correlations with whitened columns are what a regression explains."""
    z = points.float()
    noise = torch.randn(50, generator=torch.Generator().manual_seed(5))
    values = z @ torch.tensor([1.0, -2.0, 0.5, 0.0]) + 0.5 * noise
    eigenvalues, turn = torch.linalg.eigh(torch.cov(z.T))
    c = lesson.correlations((z - z.mean(0)) @ turn / eigenvalues.sqrt(), values)
    best, together = solutions_of("10_latent_spaces")[1](c)
    fitted = LinearRegression().fit(z, values).score(z, values)
    assert together.item() == pytest.approx(fitted, abs=1e-4)
    assert best == c.square().max()
    each = [np.corrcoef(z[:, i], values)[0, 1] for i in range(4)]
    assert lesson.correlations(z, values).tolist() == pytest.approx(each, abs=1e-5)


def test_solutions_of_the_fill_ins_equal_the_package(lesson, points):
    between, _, overlap = solutions_of("10_latent_spaces")
    a, b = points[0].float(), points[1].float()
    torch.testing.assert_close(between(a, b, 5), lesson.line(a, b, 5))
    near = [evaluation.neighbours(x, 6) for x in (points, points[:, :2])]
    expected = evaluation.neighbour_overlap(points, points[:, :2], 6).mean().item()
    assert overlap(*near).item() == pytest.approx(expected)


def test_sizes_and_gaps(lesson):
    groups = torch.zeros(3, 2, 2)
    groups[:, 0, 1], groups[:, 1, 1] = 1, -1
    groups[1, :, 0], groups[2, :, 0] = 4, 10
    radius, gap = lesson.sizes_and_gaps(groups)
    assert radius.tolist() == [1, 1, 1] and gap.tolist() == [4, 6, 10]


def test_divergence_is_a_constant_an_attraction_and_a_repulsion(deeper, points):
    P, _ = deeper.affinities(points, 10)
    plane = torch.randn(50, 2, generator=torch.Generator().manual_seed(2)).double()
    squared = torch.cdist(plane, plane).square()
    fixed = torch.xlogy(P, P).sum()
    attraction = (P * torch.log1p(squared)).sum()
    far = 1 / (1 + squared)
    repulsion = torch.log(far.sum() - far.diag().sum())
    assert torch.isclose(deeper.divergence(P, plane), fixed + attraction + repulsion)


def test_descent_is_plain(lesson, points):
    """No early exaggeration: the loss of the loop is the divergence itself."""
    notebook = lessons.read(NOTEBOOKS / "deeper" / "10_tsne.ipynb")
    source = "\n".join(cell.source for cell in lessons.code_cells(notebook))
    loop = source.partition("for step in range(")[2].partition("optimiser.step()")[0]
    assert "loss = divergence(P, plane)\n" in loop
