"""The denoiser that is told the level, and the walk; the notebook's own equal the package's."""

import numpy as np
import pytest
import torch
from helpers import functions_of, script

from aecourse import diffusion, saving
from aecourse.diffusion import LevelDenoiser, level_loss, noise_levels, preconditioned, walk
from aecourse.randomness import seeded


@pytest.fixture(scope="module")
def notebook():
    return functions_of("deeper/04_diffusion")


@pytest.fixture(scope="module")
def experiment():
    return script("experiments/04_diffusion.py")


def draw(seed=1):
    return torch.Generator().manual_seed(seed)


def small_denoiser():
    with seeded(0):
        return LevelDenoiser(0.2, 0.4, wide=8, deep=16)


def nothing(x, level):
    return torch.zeros_like(x)


# --- the package ------------------------------------------------------------------------------


def test_a_net_that_adds_nothing_leaves_the_wiener_filter():
    x, sigma = torch.randn(9, 1, 4, 4, generator=draw()), torch.linspace(0.1, 3, 9)
    factor = (0.3**2 / (0.3**2 + sigma**2))[:, None, None, None]
    expected = 0.7 + factor * (x - 0.7)
    torch.testing.assert_close(preconditioned(nothing, x, sigma, 0.7, 0.3), expected)


@pytest.mark.parametrize("sigma", [0.05, 0.4, 6.0])
def test_input_and_task_of_the_net_have_variance_one(sigma):
    """For white data; the task is what the net has to say for the answer to be the clean one."""
    mean, spread, seen = 0.7, 0.3, []
    clean = mean + spread * torch.randn(20_000, 5, generator=draw())
    noisy = clean + sigma * torch.randn(clean.shape, generator=draw(2))

    def answer(said):
        def net(x, level):
            seen.append(x)
            return torch.full_like(x, said)

        return preconditioned(net, noisy, torch.full((20_000,), sigma), mean, spread)

    base, unit = answer(0.0), answer(1.0)
    task = (clean - base) / (unit - base)
    assert seen[0].var().item() == pytest.approx(1, abs=0.02)
    assert task.var().item() == pytest.approx(1, abs=0.02)


def test_without_a_net_every_level_costs_about_one():
    clean = 0.3 * torch.randn(4000, 1, 8, 8, generator=draw())
    sigma = torch.tensor([0.02, 0.3, 5.0, 20.0]).repeat(1000)
    losses = level_loss(lambda x, s: preconditioned(nothing, x, s, 0.0, 0.3), clean, sigma, 0.3,
                        draw(2))  # fmt: skip
    for level in sigma.unique():
        assert losses[sigma == level].mean().item() == pytest.approx(1, abs=0.03)


def test_the_unet_keeps_shapes_and_is_told_the_level():
    net, x = small_denoiser(), torch.rand(3, 1, 28, 28, generator=draw())
    for block in (net.net.before, net.net.after):
        torch.nn.init.normal_(block.second.weight, std=0.1, generator=draw())
    with torch.no_grad():
        answers = [net.net(x, torch.full((3,), level)) for level in (-1.0, 1.0)]
        one = net(x, 0.5)
        torch.testing.assert_close(one, net(x, torch.full((3,), 0.5)))
        torch.testing.assert_close(one[:1], net(x[:1], 0.5))  # images do not see one another
    assert answers[0].shape == x.shape and (answers[0] - answers[1]).abs().max() > 1e-3


def test_a_saved_denoiser_is_the_same(tmp_path):
    net, x = small_denoiser(), torch.rand(2, 1, 28, 28)
    again = saving.load(saving.save(tmp_path / "net.safetensors", net)).model
    assert isinstance(again, LevelDenoiser) and torch.equal(again(x, 0.3), net(x, 0.3))


def test_levels_fall_by_equal_shares():
    levels = noise_levels(20, 0.02, 40)
    np.testing.assert_allclose(levels, np.geomspace(20, 0.02, 40))
    assert all(isinstance(level, float) for level in levels)


def test_the_walk_from_a_gaussian_ends_in_it():
    """With the exact denoiser of N(0, 1) many small steps give points of variance 1."""
    start = 20 * torch.randn(4000, 2, generator=draw())
    ends = walk(lambda x, sigma: x / (1 + sigma**2), start, noise_levels(20, 0.01, 400))
    assert ends.var().item() == pytest.approx(1, abs=0.06)


# --- what the notebook derives ------------------------------------------------------------------


def test_the_exact_mean_obeys_tweedie(notebook):
    curve, sigma = notebook.spiral((torch.arange(300) + 0.5) / 300).double(), 0.3
    notebook.exact_mean.__globals__.update(CURVE=curve)
    x = torch.randn(20, 2, generator=draw(), dtype=torch.float64).requires_grad_()
    log_density = torch.logsumexp(-torch.cdist(x, curve).square() / (2 * sigma**2), 1)
    log_density.sum().backward()
    step = notebook.exact_mean(x.detach(), sigma) - x.detach()
    torch.testing.assert_close(step / sigma**2, x.grad)


def test_the_net_for_all_levels_is_the_preconditioned_one(notebook):
    with seeded(0):
        net = notebook.AllLevels()
    x, sigma = torch.randn(9, 2, generator=draw()), torch.rand(9, generator=draw(2)) + 0.1
    expected = preconditioned(
        lambda inner, level: net.f(torch.cat([inner, level[:, None]], 1)), x, sigma, 0.0, 1.0
    )
    torch.testing.assert_close(net(x, sigma[:, None]), expected)


def test_the_walk_by_hand_is_the_package_s(notebook):
    start, levels = 5 * torch.randn(30, 2, generator=draw()), noise_levels(5, 0.1, 7)

    def denoise(x, sigma):
        return x.tanh() / (1 + sigma)

    path = notebook.walk(denoise, start, levels)
    assert path.shape == (8, 30, 2) and torch.equal(path[0], start)
    torch.testing.assert_close(path[-1], walk(denoise, start, levels))


def test_a_step_of_the_walk_is_a_step_along_the_flow(notebook):
    """x + (σ' − σ) dx/dσ with dx/dσ = −σ · score."""
    curve = notebook.spiral((torch.arange(300) + 0.5) / 300)
    notebook.exact_mean.__globals__.update(CURVE=curve)
    x = torch.randn(20, 2, generator=draw())
    score = (notebook.exact_mean(x, 0.5) - x) / 0.5**2
    path = notebook.walk(notebook.exact_mean, x, [0.5, 0.4])
    torch.testing.assert_close(path[1], x + (0.4 - 0.5) * (-0.5 * score))


def test_misplaced_points_are_counted_alike(notebook, experiment):
    curve = notebook.spiral((torch.arange(2000) + 0.5) / 2000)
    notebook.off_place.__globals__.update(CURVE=curve)
    even = notebook.spiral(torch.rand(20_000, generator=draw()))
    off = torch.cat([even[:500], torch.full((500, 2), 9.0)])
    for count in (notebook.off_place, experiment.misplaced):
        assert count(even) < 0.02
        assert count(off) == pytest.approx(0.5, abs=0.05)
        assert count(torch.zeros(100, 2)) >= 0.95  # all in one part of the curve
    assert torch.equal(even, experiment.spiral(torch.rand(20_000, generator=draw())))


# --- the experiment -------------------------------------------------------------------------------


def test_the_gaussian_of_the_digits_has_their_mean_and_covariance(experiment):
    images = torch.rand(3000, 1, 28, 28, generator=draw()) * torch.linspace(0, 0.4, 28) + 0.3
    drawn = experiment.gaussian_digits(images, 0).flatten(1)
    assert (drawn.mean(0) - images.flatten(1).mean(0)).abs().max() < 0.02
    assert drawn.std(0).mean().item() == pytest.approx(images.std(0).mean().item(), rel=0.03)


def test_ways_to_put_the_net_into_the_plane(experiment):
    x, sigma = torch.randn(5, 2, generator=draw()), 0.3
    for kind in ("preconditioned", "says the noise", "says the point", "not told"):
        with seeded(0):
            net = experiment.PlaneNet(kind)
        answers = net(x, sigma), net(x, torch.full((5,), sigma))
        torch.testing.assert_close(*answers)
        level = [net.net(x, torch.full((5,), value)) for value in (-1.0, 1.0)]
        assert not torch.equal(*level)
        torch.nn.init.zeros_(net.inner[-1].weight)
        torch.nn.init.zeros_(net.inner[-1].bias)
        silent = {"preconditioned": x / (1 + sigma**2), "says the noise": x}
        torch.testing.assert_close(net(x, sigma), silent.get(kind, torch.zeros_like(x)))


def test_groups_divide_the_maps():
    with pytest.raises(ValueError, match="divisible"):
        diffusion.UNet(wide=12)
