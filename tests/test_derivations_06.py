"""What lesson 06 derives in its cells equals what the package or PyTorch offers."""

import pytest
import torch
from helpers import functions_of, solution_of

from aecourse import evaluation, models
from aecourse.corruption import gaussian
from aecourse.objectives import contraction
from aecourse.protocol import Batch
from aecourse.randomness import generator, seeded


@pytest.fixture(scope="module")
def lesson():
    return functions_of("06_contractive")


@pytest.fixture
def images():
    return torch.rand(9, 1, 28, 28, generator=torch.Generator().manual_seed(0)).double()


@pytest.fixture
def net():
    with seeded(1):
        model = models.Dense((1, 28, 28), 6, hidden=(), code_activation="sigmoid")
    return model.double()


def test_the_jacobian_by_hand_equals_the_package(lesson, net, images):
    with torch.no_grad():
        by_hand = lesson.jacobian_by_hand(net, images)
    torch.testing.assert_close(by_hand, evaluation.jacobian(net, images))


def test_closed_form_and_autodiff_equal_the_package(lesson, net, images):
    expected = evaluation.jacobian(net, images).square().sum((1, 2))
    with torch.no_grad():
        torch.testing.assert_close(lesson.closed_form(net, images), expected)
        torch.testing.assert_close(lesson.by_autodiff(net, images), expected)


def test_hutchinson_by_hand_is_unbiased(lesson, net, images):
    probes = lesson.random_signs((500, 9, 6), seed=0)
    assert set(probes.unique().tolist()) == {-1.0, 1.0}
    with torch.no_grad():
        draws = lesson.hutchinson(net, images, probes)
    error = draws.std(0) / len(draws) ** 0.5
    exact = lesson.closed_form(net, images)
    assert ((draws.mean(0) - exact).abs() < 4 * error + 1e-9).all()


def test_the_closed_form_is_the_penalty_of_the_package(lesson, net, images):
    batch, output = Batch(images, images), net.run(images)
    by_hand = 0.7 * lesson.closed_form(net, images)
    torch.testing.assert_close(contraction(0.7)(net, batch, output), by_hand)


def test_the_estimate_by_hand_is_that_of_the_package(lesson, net, images):
    random = generator(4)
    normal = torch.randn(images.shape[0], 6, generator=random, dtype=torch.float64)
    signs = torch.where(normal < 0, -1.0, 1.0).double()
    with torch.no_grad():
        by_hand = lesson.hutchinson(net, images, [signs])[0]
    torch.testing.assert_close(evaluation.hutchinson(net, images, 1, seed=4)[:, 0], by_hand)


def test_the_displacement_of_the_exercise_equals_the_package(net, images):
    relative_displacement = solution_of("06_contractive", 2)
    clean = evaluation.encode(net, images)
    moved = evaluation.encode(net, gaussian(0.2)(images, generator(5)))
    expected = evaluation.displacement(net, images, gaussian(0.2), seed=5).mean().sqrt()
    torch.testing.assert_close(relative_displacement(clean, moved), expected)


def test_pcas_displacement_is_that_of_its_code(lesson):
    random = torch.Generator().manual_seed(0)
    eigenvalues = torch.tensor([9.0, 4.0, 1.0, 0.25]).double()
    codes = torch.randn(40_000, 4, generator=random).double() * eigenvalues.sqrt()
    step = 0.1 * torch.randn(40_000, 4, generator=random).double()
    lesson.displaced.__globals__["eigenvalues"] = eigenvalues
    for k, a in [(4, 0.0), (3, 0.5), (4, 1.0)]:
        weights = eigenvalues[:k] ** a
        moved = (step[:, :k] * weights).square().sum(1).mean()
        spread = (codes[:, :k] * weights).var(0).sum()
        assert lesson.displaced(k, a) == pytest.approx((moved / spread).sqrt().item(), rel=0.02)


def test_participation_counts_equal_numbers(lesson):
    rows = torch.tensor([[4.0, 4, 0, 0], [9, 1, 0, 0], [1, 1, 1, 1]])
    torch.testing.assert_close(lesson.participation(rows), torch.tensor([2, 100 / 82, 4]))


def test_warps_move_images_as_they_say(lesson):
    square = torch.zeros(2, 1, 28, 28)
    square[:, :, 10:15, 8:12] = 1
    torch.testing.assert_close(lesson.warped(square, right=2), square.roll(2, 3), atol=1e-4, rtol=0)
    torch.testing.assert_close(lesson.warped(square, down=3), square.roll(3, 2), atol=1e-4, rtol=0)
    assert lesson.warped(square, larger=0.2).sum() > 1.2 * square.sum()
    turned = lesson.warped(square, angle=torch.pi / 2)
    assert min((turned - square.rot90(k, (2, 3))).abs().max() for k in (1, 3)) < 1e-3
