"""What lesson 04 derives in its cells equals what the package and PyTorch offer."""

import numpy as np
import pytest
import torch
from helpers import functions_of, solution_of

from aecourse import evaluation
from aecourse.corruption import gaussian, masking, salt_and_pepper
from aecourse.objectives import mse
from aecourse.training import Objective


@pytest.fixture(scope="module")
def lesson():
    return functions_of("04_denoising")


@pytest.fixture
def images():
    return torch.rand(60, 1, 28, 28, generator=torch.Generator().manual_seed(0)) ** 3


def draw(seed=1):
    return torch.Generator().manual_seed(seed)


def test_corruptions_by_hand_equal_the_package(lesson, images):
    for by_hand, corrupt, size in (
        (lesson.add_gaussian, gaussian, 0.5),
        (lesson.mask, masking, 0.5),
        (lesson.spoil_both_ways, salt_and_pepper, 0.3),
    ):
        before = images.clone()
        assert torch.equal(by_hand(images, size, draw()), corrupt(size)(images, draw()))
        assert torch.equal(images, before)


def test_the_denoising_loss_by_hand_is_what_fit_minimises(lesson, images):
    model = lesson.small_net().cpu()
    by_hand = lesson.denoising_loss(model, images, 0.5, draw())
    noisy = gaussian(0.5)(images, draw())
    torch.testing.assert_close(
        by_hand, evaluation.per_example(mse, model, noisy, target=images), rtol=1e-4, atol=1e-4
    )
    objective = Objective(model, {"reconstruction": mse})(noisy, images)
    torch.testing.assert_close(by_hand.mean(), objective.sum())
    torch.testing.assert_close(lesson.denoiser_error(model, noisy, images) * 784, by_hand.detach())


def test_wiener_and_pca_by_hand_equal_the_package(lesson, images):
    mean = images.mean(0).flatten()
    centred = images.flatten(1) - mean
    values, V = torch.linalg.eigh((centred.T @ centred).double() / len(images))
    values, V = values.flip(0).clamp(min=0), V.flip(1)
    W = ((V * (values / (values + 0.25))) @ V.T).float()
    lesson.wiener.__globals__.update(mean=mean, V=V, W=W)
    noisy = gaussian(0.5)(images, draw())
    expected = evaluation.fit_linear_denoiser(images, 0.5)(noisy)
    torch.testing.assert_close(lesson.wiener(noisy), expected, rtol=0, atol=1e-4)
    expected = evaluation.pca_reconstruct(evaluation.fit_pca(images, 5), noisy)
    torch.testing.assert_close(lesson.project(noisy, 5), expected, rtol=0, atol=1e-4)


def test_least_squares_by_hand_solves_the_regression(lesson):
    clean = torch.rand(3000, 1, 28, 28, generator=draw(4))
    corrupt = masking(0.5)
    lesson.least_squares.__globals__.update(SOME=clean)
    spoilt = corrupt(clean, lesson.generator(9))
    with_one = torch.cat([spoilt.flatten(1), torch.ones(3000, 1)], 1).double()
    best = with_one @ torch.linalg.lstsq(with_one, clean.flatten(1).double()).solution
    ours = lesson.least_squares(corrupt, spoilt).flatten(1).double()
    error, floor = ((answer - clean.flatten(1)).square().mean() for answer in (ours, best))
    assert floor <= error < 1.001 * floor


def test_terms_with_noisy_targets(lesson, images):
    model = lesson.small_net().cpu()
    noisy = gaussian(0.5)(images, draw())
    copy = evaluation.per_example(lesson.against_input, model, noisy, target=images)
    torch.testing.assert_close(copy, evaluation.per_example(mse, model, noisy))
    term = lesson.against_noise(gaussian(0.5))
    first, second = (evaluation.per_example(term, model, noisy, target=images) for _ in "ab")
    assert not torch.equal(first, second)  # fresh noise every time
    gap = first.mean() - evaluation.per_example(mse, model, noisy, target=images).mean()
    assert gap.item() == pytest.approx(784 * 0.25, rel=0.05)  # independent: its variance adds


def test_any_level_draws_one_sigma_for_each_image(lesson):
    spread = lesson.any_level(torch.zeros(500, 1, 28, 28), draw()).flatten(1).std(1)
    assert spread.min() < 0.05 and spread.max() > 0.95
    assert spread.mean().item() == pytest.approx(0.5, abs=0.05)


def test_the_exact_mean_obeys_tweedie(lesson):
    lesson.exact_mean.__globals__.update(CURVE=lesson.spiral((torch.arange(300) + 0.5) / 300))
    curve, sigma = lesson.exact_mean.__globals__["CURVE"].double(), 0.3
    lesson.exact_mean.__globals__.update(CURVE=curve)
    x = torch.randn(20, 2, generator=draw(), dtype=torch.float64).requires_grad_()
    log_density = torch.logsumexp(-torch.cdist(x, curve).square() / (2 * sigma**2), 1)
    log_density.sum().backward()
    step = lesson.exact_mean(x.detach(), sigma) - x.detach()
    torch.testing.assert_close(step / sigma**2, x.grad)


def test_the_walk_from_a_gaussian_ends_in_it(lesson):
    """With the exact denoiser of N(0, 1) many small steps give points of variance 1."""
    levels = np.geomspace(20, 0.01, 400).tolist()
    path = lesson.walk(lambda x, sigma: x / (1 + sigma**2), levels, count=4000)
    assert path.shape == (401, 4000, 2)
    assert path[-1].var().item() == pytest.approx(1, abs=0.06)


def test_the_net_for_all_levels_is_wiener_plus_a_correction(lesson):
    net = lesson.AllLevels()
    for weight in net.f[-1].parameters():
        torch.nn.init.zeros_(weight)
    x, sigma = torch.randn(9, 2), torch.rand(9, 1) + 0.1
    torch.testing.assert_close(net(x, sigma), x / (1 + sigma**2))


def test_clipping_an_answer_never_hurts(lesson, images):
    answer = images + torch.randn(images.shape, generator=draw(5))
    unclipped = evaluation.squared_error(answer, images, clip=False)
    assert (lesson.error(answer, images) <= unclipped).all()


def test_psnr_of_the_exercise_equals_the_package(images):
    decibels = solution_of("04_denoising", 1)
    noisy = gaussian(0.5)(images, draw())
    expected = evaluation.psnr(evaluation.squared_error(noisy, images, clip=False).mean()).item()
    found = decibels(noisy.flatten(1).numpy(), images.flatten(1).numpy())
    assert found == pytest.approx(expected, rel=1e-5)
