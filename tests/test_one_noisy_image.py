"""Losses that need no clean image: the notebook's own, the experiment's, and what they promise."""

import pytest
import torch
from helpers import functions_of, script

from aecourse import evaluation, models
from aecourse.corruption import gaussian
from aecourse.protocol import Batch
from aecourse.randomness import seeded


@pytest.fixture(scope="module", params=["notebook", "experiment"])
def ours(request):
    """The same functions, from the cells and from the script."""
    if request.param == "notebook":
        return functions_of("deeper/04_one_noisy_image")
    return script("experiments/04_one_noisy_image.py")


@pytest.fixture(scope="module")
def experiment():
    return script("experiments/04_one_noisy_image.py")


def draw(seed=1):
    return torch.Generator().manual_seed(seed)


def small_net():
    with seeded(0):
        return models.Dense((1, 28, 28), 12, hidden=(), code_activation="relu").double()


def pictures(count=6, seed=1):
    return torch.rand(count, 1, 28, 28, generator=draw(seed), dtype=torch.float64)


def test_hidden_pixels_get_values_of_the_same_picture(ours):
    x = pictures(200).float()
    seen = ours.hide(0.25)(x, draw(2))
    changed = seen != x
    assert changed.float().mean().item() == pytest.approx(0.25, abs=0.01)
    for one, before in zip(seen[:3], x[:3]):
        assert torch.isin(one, before).all()
    assert torch.equal(ours.hide(0.0)(x, draw(2)), x)


def test_only_hidden_pixels_are_asked_for(ours):
    net, x = small_net(), pictures()
    seen = x.clone()
    seen[:, 0, 3, 5] += 1
    answer = net.run(seen)
    expected = (net(seen) - x)[:, 0, 3, 5].square()
    torch.testing.assert_close(ours.at_hidden_pixels(net, Batch(seen, x), answer), expected)


def test_the_divergence_is_the_trace_of_the_jacobian(ours):
    net, x = small_net(), pictures(3)
    output = net.run(x)
    found = ours.divergence(net, output.code, net.activation(output.raw))
    for value, one in zip(found, x):
        jacobian = torch.autograd.functional.jacobian(lambda v: net(v[None])[0], one)
        torch.testing.assert_close(value, jacobian.reshape(784, 784).trace())


def test_steins_estimate_is_the_error_on_average(ours):
    """Over many draws of the noise, for any net and any pictures."""
    net, sigma = small_net(), 0.3
    with torch.no_grad():
        net.decoder[0].weight.copy_(30 * net.encoder[1].weight.T)  # so that it copies
    clean = pictures(8).repeat(300, 1, 1, 1)
    noisy = gaussian(sigma)(clean, draw(3))
    error = (evaluation.reconstruct(net, noisy) - clean).square().flatten(1).sum(1)
    estimate = evaluation.per_example(ours.stein(sigma), net, noisy) - 784 * sigma**2
    gap = estimate - error
    standard_error = gap.std() / len(gap) ** 0.5
    copied = evaluation.per_example(ours.stein(sigma), net, noisy) - (
        evaluation.reconstruct(net, noisy) - noisy
    ).square().flatten(1).sum(1)
    assert copied.mean().abs() > 10 * standard_error  # the charge is no trifle
    assert gap.mean().abs() < 4 * standard_error


def test_correlated_noise_is_as_strong_and_alike_in_neighbours(ours):
    noise = ours.neighbourly(0.5)(torch.zeros(4000, 1, 28, 28), draw())[:, 0]
    assert noise.std().item() == pytest.approx(0.5, abs=0.005)
    deviations = noise.std((0,))
    assert deviations.min() > 0.45 and deviations.max() < 0.55  # at the border, too
    alike = (noise[:, :, 1:] * noise[:, :, :-1]).mean() / 0.25
    far = (noise[:, :, 5:] * noise[:, :, :-5]).mean() / 0.25
    assert alike.item() == pytest.approx(2 / 3, abs=0.02) and abs(far.item()) < 0.02


def test_wiener_from_noisy_pictures_nears_the_one_from_clean_ones():
    notebook = functions_of("deeper/04_one_noisy_image")
    with seeded(0):
        clean = torch.randn(20_000, 6) @ torch.randn(6, 6) + torch.arange(6)
    mean, W = notebook.wiener_from(gaussian(0.8)(clean, draw()), 0.8)
    expected = evaluation.fit_linear_denoiser(clean, 0.8)
    torch.testing.assert_close(mean, expected.mean.float(), rtol=0, atol=0.05)
    torch.testing.assert_close(W.double(), expected.matrix, rtol=0, atol=0.03)


@pytest.fixture
def few(experiment, monkeypatch):
    """600 small pictures in place of the digits."""
    ramp = torch.linspace(0, 1, 28)
    images = torch.rand(600, 1, 1, 1, generator=draw(4)) * ramp * ramp[:, None]
    part = type("Part", (), {"images": images})
    monkeypatch.setattr(experiment, "IMAGES", 600)
    return type("Digits", (), {"train": part, "valid": part, "test": part})


def test_the_wiener_filter_of_the_experiment_is_the_notebook_s(experiment, few):
    noisy, clean = experiment.asked(few, "white")
    train = experiment.noisy_pictures(few, "white", 3)[0]
    mean, W = functions_of("deeper/04_one_noisy_image").wiener_from(train, experiment.SIGMA)
    expected = experiment.error((noisy.flatten(1) - mean) @ W + mean, clean)
    assert experiment.wiener_error(few, 3) == pytest.approx(expected, rel=1e-4)


def test_of_noise_alone_the_wiener_filter_keeps_nothing():
    noise = 0.5 * torch.randn(4000, 1, 10, 10, generator=draw())
    _, W = functions_of("deeper/04_one_noisy_image").wiener_from(noise, 0.5)
    assert torch.linalg.matrix_rank(W) <= 1  # the edge holds on average: one may lie above


def test_who_knows_the_covariance_of_the_noise_filters_better(experiment, few):
    told, not_told = (experiment.wiener_error(few, 0, "correlated", told) for told in (True, False))
    assert told < 0.7 * not_told


def two_clouds(count=6000):
    """Clean points around two places, with covariances that differ, and noisy ones."""
    clean = torch.randn(count, 4, generator=draw()) * torch.tensor([1.0, 0.6, 0.0, 0.0])
    clean[: count // 3] = clean[: count // 3].flip(1) + 3
    return clean, clean + 0.5 * torch.randn(clean.shape, generator=draw(2))


def test_a_mixture_finds_clean_clouds_in_noisy_points(experiment):
    clean, noisy = two_clouds()
    mixture = experiment.Mixture(noisy, 2, lean=0, seed=0)
    small = int(mixture.weights.argmin())
    assert mixture.weights[small].item() == pytest.approx(1 / 3, abs=0.01)
    torch.testing.assert_close(mixture.means[small], torch.full((4,), 3.0), rtol=0, atol=0.08)
    values, V = mixture.spreads[1 - small]
    covariance = (V * values) @ V.T
    expected = torch.diag(torch.tensor([1.0, 0.36, 0.0, 0.0]))
    torch.testing.assert_close(covariance, expected, rtol=0, atol=0.12)
    left = (mixture.clean(noisy) - clean).square().mean()
    one = (experiment.Mixture(noisy, 1, lean=0, seed=0).clean(noisy) - clean).square().mean()
    assert left < 0.8 * one < 0.8 * 0.25


def test_a_mixture_of_one_gaussian_is_the_wiener_filter(experiment):
    _, noisy = two_clouds()
    total = torch.cov(noisy.T, correction=0)
    values, V = torch.linalg.eigh(total)
    kept = (values - 0.25).clamp(min=0) / values
    expected = (noisy - noisy.mean(0)) @ ((V * kept) @ V.T) + noisy.mean(0)
    found = experiment.Mixture(noisy, 1, lean=50, seed=0).clean(noisy)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-3)


def test_small_components_lean_on_all(experiment):
    _, noisy = two_clouds()
    apart, alike = (experiment.Mixture(noisy, 2, lean=lean, seed=0) for lean in (0, 1e9))
    covariances = [[(V * values) @ V.T for values, V in m.spreads] for m in (apart, alike)]
    gaps = [(one - other).abs().max() for one, other in covariances]
    assert gaps[1] < 1e-3 < 0.3 < gaps[0]


def test_the_mixture_of_pictures_denoises(experiment, few):
    noisy, clean = experiment.asked(few, "white")
    left = experiment.mixture_error(few, 0, components=3, lean=30, directions=10)
    assert left < 0.2 * experiment.error(noisy, clean)


def test_the_estimate_goes_with_the_error(experiment, few):
    found = experiment.estimated_and_true(few, 0, epochs=3, rate=3e-3)
    assert found["estimate"] == pytest.approx(found["error"], abs=0.004)


def test_a_second_cycle_can_only_lower_the_own_loss(experiment, few):
    noisy, _ = experiment.noisy_pictures(few, "white", 0)
    term = experiment.stein(experiment.SIGMA)
    nets = [experiment.trained(few, "Stein", 0, epochs=2, units=20, cycles=n) for n in (1, 2)]
    clean = few.valid.images
    draws = [experiment.generator(100)]
    experiment.NOISE["white"](few.train.images, draws[0])  # the training pictures come first
    seen = experiment.NOISE["white"](clean, draws[0])
    losses = [evaluation.per_example(term, net, seen).mean().item() for net in nets]
    assert losses[1] <= losses[0] + 1e-4


@pytest.mark.parametrize("method", [
    "clean, fresh noise", "clean", "two noisy", "two noisy, both ways", "blind spot", "Stein",
    "copy",
])  # fmt: skip
def test_every_method_trains_its_net(experiment, monkeypatch, method):
    images = torch.rand(400, 1, 28, 28, generator=draw()) ** 2
    part = type("Part", (), {"images": images})
    digits = type("Digits", (), {"train": part, "valid": part, "test": part})
    monkeypatch.setattr(experiment, "IMAGES", 400)
    short, long = (
        experiment.net_error(digits, method, 7, epochs=epochs, units=20) for epochs in (2, 14)
    )
    assert long < short
