"""What lesson 07 derives in its cells equals what PyTorch, the package or its experiment offers."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers import functions_of, script
from torch import nn

from aecourse.exercises.convolutional import shift_error
from aecourse.models import Autoencoder, Convolutional, Dense
from aecourse.randomness import seeded


@pytest.fixture(scope="module")
def lesson():
    return functions_of("07_convolutional")


@pytest.fixture(scope="module")
def experiment():
    return script("experiments/07_convolutional.py")


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("k", [1, 3, 4])
def test_the_written_out_convolution_is_pytorchs(lesson, stride, padding, k):
    draw = torch.Generator().manual_seed(0)
    image = torch.rand(11, 8, generator=draw, dtype=torch.float64)
    kernel = torch.randn(k, k, generator=draw, dtype=torch.float64)
    ours = lesson.convolve(image, kernel, stride, padding)
    theirs = F.conv2d(image[None, None], kernel[None, None], stride=stride, padding=padding)
    assert torch.allclose(ours, theirs[0, 0])


@pytest.mark.parametrize("net", ["tutorial_net", "course_net"])
def test_lesson_and_experiment_train_the_same_net(lesson, experiment, net):
    with seeded(3):
        one = getattr(lesson, net)()
    with seeded(3):
        other = getattr(experiment, net)()
    assert str(one) == str(other) and one.code_size == other.code_size == 4
    x = torch.rand(4, 1, 28, 28)
    with torch.no_grad():
        assert torch.equal(one.eval()(x), other.eval()(x))


def test_the_odd_even_share_is_0_without_and_1_with_nothing_but_a_pattern(lesson, experiment):
    rows, columns = torch.meshgrid(torch.arange(28), torch.arange(28), indexing="ij")
    checkerboard = ((rows + columns) % 2).float()
    stripes = (columns % 2).float()
    slow = torch.sin(columns * 2 * torch.pi / 7)  # of period 7: each phase meets it alike
    images = torch.stack([checkerboard, stripes, slow, (checkerboard + slow) / 2])[:, None]
    share = lesson.odd_even_share(images)
    both = (checkerboard.var() / (checkerboard.var() + slow.var())).item()
    assert share.tolist() == pytest.approx([1, 1, 0, both], abs=1e-5)
    assert experiment.odd_even_share(images) == pytest.approx(share.mean().item())


def test_the_odd_even_share_is_the_power_at_the_nyquist_frequencies(lesson):
    images = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(1)).double()
    power = torch.fft.fft2(images)[:, 0].abs().square()
    nyquist = power[:, 14, 0] + power[:, 0, 14] + power[:, 14, 14]
    share = nyquist / (power.sum((1, 2)) - power[:, 0, 0])
    assert torch.allclose(lesson.odd_even_share(images), share)


def products(net):
    """Multiplications per image of a net's convolutions and dense layers, layer by layer."""
    x, total = torch.zeros(1, 1, 28, 28), 0
    for layer in [*net.encoder, *net.decoder]:
        numbers_in, x = x[0, 0].numel(), layer(x)
        if isinstance(layer, nn.ConvTranspose2d):
            total += numbers_in * layer.weight.numel()
        elif isinstance(layer, nn.Conv2d):
            total += x[0, 0].numel() * layer.weight.numel()
        elif isinstance(layer, nn.Linear):
            total += layer.weight.numel()
    return total


def test_the_multiplications_of_the_lessons_sum_are_those_of_the_nets():
    assert products(Convolutional(32, batch_norm=True)) == 805_952
    assert products(Dense((1, 28, 28), 32, hidden=(256,))) == 417_792


def test_the_shift_of_the_lesson_gives_the_error_of_the_exercise(lesson):
    images = torch.rand(3, 1, 5, 7, generator=torch.Generator().manual_seed(2)).double()
    for d in (1, 3):
        error = (images - lesson.shift(images, d)).square().flatten(1).mean(1)
        assert np.allclose(error, shift_error(images[:, 0].numpy(), d))


def test_the_denoiser_has_no_bottleneck_and_differs_only_by_its_normalisation(lesson):
    normed, plain = lesson.denoising_net(), lesson.denoising_net(batch_norm=False)
    assert isinstance(normed, Autoencoder) and normed.code_size == 32 * 7 * 7
    kinds = [[type(m) for m in net.modules() if list(m.parameters(recurse=False))
              and not isinstance(m, nn.BatchNorm2d)] for net in (normed, plain)]  # fmt: skip
    assert kinds[0] == kinds[1]
    assert not any(isinstance(m, nn.BatchNorm2d) for m in plain.modules())
