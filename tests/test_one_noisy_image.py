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


def test_a_mixture_of_one_gaussian_is_the_wiener_filter(experiment, monkeypatch):
    images = torch.rand(600, 1, 28, 28, generator=draw()) * torch.linspace(0, 1, 28)
    part = type("Part", (), {"images": images})
    digits = type("Digits", (), {"train": part, "valid": part, "test": part})
    monkeypatch.setattr(experiment, "IMAGES", 600)
    by_mixture = experiment.mixture_error(digits, 0, components=1, directions=30)
    mean, values, V = experiment.spread(experiment.noisy_pictures(digits, "white", 0)[0])
    kept = (values - 0.25) / values
    kept[30:] = 0
    away = experiment.asked(digits, "white")[0].flatten(1) - mean
    expected = experiment.error(away @ ((V * kept) @ V.T).float() + mean, images)
    assert by_mixture == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("method", [
    "clean, fresh noise", "clean", "two noisy", "two noisy, both ways", "blind spot", "Stein",
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
