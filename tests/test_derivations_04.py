"""What lesson 04 derives in its cells equals what the package and PyTorch offer."""

import numpy as np
import pytest
import torch
from helpers import NOTEBOOKS, functions_of, script

from aecourse import evaluation, models
from aecourse.corruption import gaussian, masking, salt_and_pepper
from aecourse.course import lessons
from aecourse.objectives import mse
from aecourse.randomness import seeded
from aecourse.training import Objective


def solution_of(name, exercise):
    """The function that the solution of an exercise or fill-in defines."""
    notebook = lessons.read(NOTEBOOKS / f"{name}.ipynb")
    (found,) = (e for e in lessons.answerable(notebook) if e.name == exercise)
    names = {"np": np}
    exec(lessons.solution_block(found.solutions[0]), names)
    return names[found.answer]


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


def test_the_denoising_loss_by_hand_is_what_fit_minimises(images):
    denoising_loss = solution_of("04_denoising", "denoising loss")
    with seeded(0):
        model = models.Dense((1, 28, 28), 32)
    noise = torch.randn(images.shape, generator=draw())
    flat = (x.flatten(1).numpy() for x in (images, noise))
    by_hand = denoising_loss(numpy_function(model), *flat, 0.5)
    noisy = images + 0.5 * noise
    expected = evaluation.per_example(mse, model, noisy, target=images)
    np.testing.assert_allclose(by_hand, expected, rtol=1e-4)
    objective = Objective(model, {"reconstruction": mse})(noisy, images)
    assert by_hand.mean() == pytest.approx(objective.sum().item(), rel=1e-4)


def numpy_function(model):
    """The model as a function of NumPy rows of pixels."""

    def net(x):
        with torch.no_grad():
            return model(torch.from_numpy(x).reshape(-1, 1, 28, 28)).flatten(1).numpy()

    return net


def test_wiener_and_pca_by_hand_equal_the_package(lesson, images):
    mean = images.mean(0).flatten()
    centred = images.flatten(1) - mean
    values, V = torch.linalg.eigh((centred.T @ centred).double() / len(images))
    values, V = values.flip(0).clamp(min=0), V.flip(1)
    W = ((V * (values / (values + 0.25))) @ V.T).float()
    lesson.wiener.__globals__.update(mean=mean, V=V.float(), W=W)
    noisy = gaussian(0.5)(images, draw())
    expected = evaluation.fit_linear_denoiser(images, 0.5)(noisy)
    torch.testing.assert_close(lesson.wiener(noisy), expected, rtol=0, atol=1e-4)
    expected = evaluation.pca_reconstruct(evaluation.fit_pca(images, 5), noisy)
    torch.testing.assert_close(lesson.project(noisy, 5), expected, rtol=0, atol=1e-4)


def test_terms_with_noisy_targets(lesson, images):
    model = lesson.one_layer(20, seed=0).cpu()
    noisy = gaussian(0.5)(images, draw())
    copy = evaluation.per_example(lesson.against_input, model, noisy, target=images)
    torch.testing.assert_close(copy, evaluation.per_example(mse, model, noisy))
    term = lesson.against_noise(gaussian(0.5))
    first, second = (evaluation.per_example(term, model, noisy, target=images) for _ in "ab")
    assert not torch.equal(first, second)  # fresh noise every time
    gap = first.mean() - evaluation.per_example(mse, model, noisy, target=images).mean()
    assert gap.item() == pytest.approx(784 * 0.25, rel=0.05)  # independent: its variance adds


def test_clipping_an_answer_never_hurts(lesson, images):
    answer = images + torch.randn(images.shape, generator=draw(5))
    unclipped = evaluation.squared_error(answer, images, clip=False).mean().item()
    assert lesson.error(answer, images) < unclipped


def test_wiener_factor_of_the_fill_in_makes_the_filter(images):
    factor = solution_of("04_denoising", "Wiener factor")
    flat = images.flatten(1).double()
    values, V = torch.linalg.eigh(torch.cov(flat.T, correction=0))
    kept = torch.from_numpy(factor(values.clamp(min=0).numpy(), 0.5))
    expected = evaluation.fit_linear_denoiser(images, 0.5).matrix
    torch.testing.assert_close((V * kept) @ V.T, expected, rtol=0, atol=1e-6)


def test_the_bias_of_clamping_is_undone_for_black_and_white():
    undo = solution_of("04_denoising", "bias undone")
    noise = torch.randn(400_000, generator=draw(), dtype=torch.float64) / 2
    black, white = (level.add(noise).clamp(0, 1).mean().item() for level in torch.tensor([0, 1]))
    np.testing.assert_allclose(undo(np.array([black, white]), black), [0, 1], atol=5e-3)


def test_psnr_of_the_exercise_equals_the_package(images):
    decibels = solution_of("04_denoising", "PSNR")
    noisy = gaussian(0.5)(images, draw())
    expected = evaluation.psnr(evaluation.squared_error(noisy, images, clip=False).mean()).item()
    found = decibels(noisy.flatten(1).numpy(), images.flatten(1).numpy())
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_conditional_mean_beats_every_single_image(images):
    """Of all answers, and so of every one of the images, it has the least expected error."""
    conditional_mean = solution_of("04_denoising", "conditional mean")
    images = images[:5].flatten(1)[:, :40].double()
    clean = images.repeat(4000, 1)
    noisy = gaussian(1.0)(clean, draw())
    answer = torch.from_numpy(conditional_mean(noisy.numpy(), images.numpy(), 1.0))
    nearest = images[torch.cdist(noisy, images).argmin(1)]
    ours, hard, mean = (
        (guess - clean).square().mean() for guess in (answer, nearest, images.mean(0))
    )
    assert ours < 0.95 * hard and ours < mean


# --------------------------------------------------------------------------- the experiment


@pytest.fixture(scope="module")
def experiment():
    return script("experiments/04_noise_levels.py")


def test_any_level_draws_one_sigma_for_each_image(experiment):
    spread = experiment.any_level(torch.zeros(500, 1, 28, 28), draw()).flatten(1).std(1)
    assert spread.min() < 0.05 and spread.max() > 0.95
    assert spread.mean().item() == pytest.approx(0.5, abs=0.05)


def test_one_cluster_is_the_wiener_filter(experiment):
    images = torch.rand(400, 1, 28, 28, generator=draw(2)) * torch.linspace(0, 1, 28)
    noisy = gaussian(0.5)(images, draw(3))
    mixture = experiment.WienerFilters(images, 1, seed=0)
    pca = evaluation.fit_pca(images, 300)
    wiener = evaluation.fit_linear_denoiser(images, 0.5)(noisy)
    in_300 = evaluation.pca_reconstruct(pca, wiener)
    torch.testing.assert_close(mixture(noisy, 0.5), in_300, rtol=0, atol=1e-3)


def test_several_clusters_weigh_their_filters(experiment):
    """Two kinds of image, far apart: each is denoised by the filter of its own kind."""
    black = 0.1 * torch.rand(400, 1, 28, 28, generator=draw(2))
    images = torch.cat([black, 1 - black])
    mixture = experiment.WienerFilters(images, 2, seed=0)
    noisy = gaussian(0.3)(images, draw(3))
    error = (mixture(noisy, 0.3) - images).square().mean()
    alone = (evaluation.fit_linear_denoiser(images, 0.3)(noisy) - images).square().mean()
    assert error < 0.002 and error < 1.1 * alone


def test_least_squares_solves_the_regression(experiment):
    clean, corrupt = torch.rand(3000, 1, 28, 28, generator=draw(4)), masking(0.5)
    spoilt = corrupt(clean, experiment.generator(9))
    with_one = torch.cat([spoilt.flatten(1), torch.ones(3000, 1)], 1).double()
    best = with_one @ torch.linalg.lstsq(with_one, clean.flatten(1).double()).solution
    ours = experiment.LeastSquares(clean, corrupt, extremes=False)(spoilt, 1e-4).flatten(1)
    error, floor = ((answer - clean.flatten(1)).square().mean() for answer in (ours, best))
    assert floor <= error < 1.001 * floor


def test_what_is_certain_stays(experiment):
    clean, corrupt = torch.rand(2500, 1, 28, 28, generator=draw(4)), masking(0.5)
    spoilt = corrupt(clean, draw(5))
    answer = experiment.LeastSquares(clean, corrupt, extremes=True)(spoilt, 1e-2)
    assert torch.equal(answer[spoilt > 0], clean[spoilt > 0])


def test_weights_that_repeat_their_neighbours_are_alike(experiment):
    with seeded(0):
        model = models.Dense((1, 28, 28), 30, hidden=())
    assert abs(experiment.likeness_of_neighbours(model)) < 0.1
    with torch.no_grad():
        model.encoder[1].weight.copy_(torch.linspace(0, 1, 28).repeat(30, 28))
    assert experiment.likeness_of_neighbours(model) == pytest.approx(1)
