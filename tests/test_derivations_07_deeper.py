"""What the deeper notebooks of lesson 07 derive equals what PyTorch or their experiments offer."""

import pytest
import torch
from helpers import functions_of, script
from torch import nn


@pytest.fixture(scope="module")
def notebook():
    return functions_of("deeper/07_checkerboard")


@pytest.fixture(scope="module")
def experiment():
    return script("experiments/07_checkerboard.py")


def test_the_odd_even_share_is_0_without_and_1_with_nothing_but_a_pattern(notebook, experiment):
    rows, columns = torch.meshgrid(torch.arange(28), torch.arange(28), indexing="ij")
    checkerboard = ((rows + columns) % 2).float()
    stripes = (columns % 2).float()
    slow = torch.sin(columns * 2 * torch.pi / 7)  # of period 7: each phase meets it alike
    images = torch.stack([checkerboard, stripes, slow, (checkerboard + slow) / 2])[:, None]
    share = notebook.odd_even_share(images)
    both = (checkerboard.var() / (checkerboard.var() + slow.var())).item()
    assert share.tolist() == pytest.approx([1, 1, 0, both], abs=1e-5)
    assert torch.equal(experiment.odd_even_share(images), share)


def test_the_odd_even_share_is_the_power_at_the_nyquist_frequencies(notebook):
    images = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(1)).double()
    power = torch.fft.fft2(images)[:, 0].abs().square()
    nyquist = power[:, 14, 0] + power[:, 0, 14] + power[:, 14, 14]
    share = nyquist / (power.sum((1, 2)) - power[:, 0, 0])
    assert torch.allclose(notebook.odd_even_share(images), share)


def test_a_start_of_alike_weights_is_a_convolution_resized_by_nearest_neighbours(
    notebook, experiment
):
    x = torch.rand(2, 3, 5, 6)
    theirs = experiment.doubled("sub-pixel, ICNR", 3, 4)
    for layer in (notebook.sub_pixel(3, 4, alike=True), theirs):
        convolution = nn.Conv2d(3, 4, 3, padding=1)
        convolution.weight.data = layer[0].weight[::4].detach()
        convolution.bias.data = layer[0].bias[::4].detach()
        resized = nn.functional.interpolate(convolution(x), scale_factor=2, mode="nearest")
        assert torch.allclose(layer(x), resized, atol=1e-6)


@pytest.mark.parametrize("kind", ["kernel 3", "kernel 4", "resize, convolve", "sub-pixel",
                                  "sub-pixel, ICNR"])  # fmt: skip
def test_every_kind_doubles_the_size(experiment, kind):
    assert experiment.doubled(kind, 3, 2)(torch.rand(1, 3, 7, 5)).shape == (1, 2, 14, 10)
