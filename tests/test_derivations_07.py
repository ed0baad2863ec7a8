"""What lesson 07 derives in its cells equals what PyTorch, the package or its experiments offer."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers import functions_of, script
from torch import nn

from aecourse.exercises.convolutional import receptive_field, shift_error
from aecourse.exercises.convolutional_fill_ins import put
from aecourse.models import Convolutional, Dense, count_parameters, with_batch_norm
from aecourse.randomness import seeded


@pytest.fixture(scope="module")
def lesson():
    return functions_of("07_convolutional")


@pytest.fixture(scope="module")
def canvas():
    return script("experiments/07_canvas.py")


@pytest.fixture(scope="module")
def denoising():
    return script("experiments/07_denoising.py")


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


def answers(net, other, *shape):
    x = torch.rand(4, *shape)
    with torch.no_grad():
        return torch.equal(net.eval()(x), other.eval()(x))


def test_lesson_and_experiment_train_the_tutorials_net(lesson):
    recipe = script("experiments/07_recipe.py")
    with seeded(3):
        one = lesson.tutorial_net()
    with seeded(3):
        other = recipe.tutorial_net()
    assert str(one) == str(other) and answers(one, other, 1, 28, 28)


def test_lesson_and_experiment_put_digits_at_the_same_places(lesson, canvas):
    images = torch.rand(30, 1, 28, 28)
    placed = lesson.on_canvas(images, 5)
    assert torch.equal(placed, canvas.on_canvas(images, 5)) and placed.shape[1:] == (1, 40, 40)
    # The first images stand where they stand among more.
    assert torch.equal(placed[:7], lesson.on_canvas(images[:7], 5))
    for one, image in zip(placed, images):
        rows, columns = (one[0].amax(axis).nonzero() for axis in (1, 0))
        assert torch.equal(one, put(image, rows.min().item(), columns.min().item()))


def test_lesson_and_experiment_train_the_same_nets_on_canvases(canvas):
    """The lesson builds them of the package's own classes."""
    size = {"shape": (1, 40, 40), "code_size": 32}
    with seeded(20):
        ours = [Convolutional(channels=(8, 16), batch_norm=True, **size),
                Dense(hidden=(512,), **size)]  # fmt: skip
    wide = ours[1]
    wide.encoder, wide.decoder = map(with_batch_norm, (wide.encoder, wide.decoder))
    with seeded(20):
        theirs = [canvas.convolutional(canvas.CANVAS),
                  canvas.dense(canvas.CANVAS, (512,), batch_norm=True)]  # fmt: skip
    assert all(answers(one, other, 1, 40, 40) for one, other in zip(ours, theirs))
    norms = [layer for layer in wide.modules() if isinstance(layer, nn.BatchNorm1d)]
    assert [layer.num_features for layer in norms] == [512, 512]


def test_the_equal_net_has_as_many_parameters_as_the_convolutional(canvas):
    for shape in (canvas.CANVAS, canvas.CENTRED):
        numbers = [count_parameters(canvas.build(name, shape, 0, batch_norm=True))
                   for name in ("convolutional", "equal parameters")]  # fmt: skip
        assert numbers[1] == pytest.approx(numbers[0], rel=0.05)


def test_the_shift_of_the_lesson_gives_the_error_of_the_exercise(lesson):
    images = torch.rand(3, 1, 5, 7, generator=torch.Generator().manual_seed(2)).double()
    for d in (1, 3):
        error = (images - lesson.shift(images, d)).square().flatten(1).mean(1)
        assert np.allclose(error, shift_error(images[:, 0].numpy(), d))


@pytest.mark.parametrize("skips", [True, False])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_lesson_and_experiment_train_the_same_denoiser(lesson, denoising, skips, batch_norm):
    with seeded(4):
        one = lesson.Denoiser(skips, batch_norm)
    with seeded(4):
        other = denoising.Denoiser(skips, batch_norm)
    assert answers(one, other, 1, 28, 28)
    has_norm = any(isinstance(layer, nn.BatchNorm2d) for layer in one.modules())
    assert has_norm == batch_norm and one.run(torch.rand(2, 1, 28, 28)).code.numel() == 2 * 16 * 196


def test_a_number_of_the_denoisers_smallest_maps_sees_15_pixels_per_side(lesson):
    net = lesson.Denoiser(batch_norm=False)
    x = torch.rand(1, 1, 28, 28, requires_grad=True)
    maps = net.middle[:2](net.first(x))
    maps[0, :, 3, 3].sum().backward()
    rows = x.grad[0, 0].abs().amax(1).nonzero()
    seen = (rows.max() - rows.min() + 1).item()
    assert seen == receptive_field((3, 3, 3), (2, 2, 1)) == 15
