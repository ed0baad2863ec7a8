"""Convolutional autoencoders, and the plane of a two-number code."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from helpers import weights
from torch import nn

from aecourse import plots
from aecourse.models import Convolutional, count_parameters
from aecourse.objectives import mse
from aecourse.randomness import seeded
from aecourse.saving import load, save
from aecourse.training import fit

VARIANTS = [
    {},
    {"batch_norm": True, "channels": (8, 16), "hidden": (256, 128)},
    {"kernel": 3, "channels": (4,), "hidden": 12},
    {"shape": (3, 16, 24), "channels": (2, 3, 5), "output": "linear"},
]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("settings", VARIANTS)
def test_every_pass_keeps_its_shape(settings):
    with seeded(0):
        model = Convolutional(4, **settings)
    x = torch.rand(5, *model.shape)
    code = model.encode(x)
    assert code.shape == (5, 4)
    assert model.decode_raw(code).shape == model.decode(code).shape == model(x).shape == x.shape


def test_each_layer_halves_or_doubles_the_sides():
    model = Convolutional(4, channels=(16, 32))
    x, sides = torch.rand(2, 1, 28, 28), []
    for layer in [*model.encoder, *model.decoder]:
        x = layer(x)
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            sides.append(tuple(x.shape[1:]))
    assert sides == [(16, 14, 14), (32, 7, 7), (16, 14, 14), (1, 28, 28)]


def test_parameters_are_those_counted_by_hand():
    encoder = 16 * (9 + 1) + 32 * (16 * 9 + 1) + (32 * 49 + 1) * 4
    decoder = (4 + 1) * 32 * 49 + (32 * 16 * 16 + 16) + (16 * 16 + 1)
    assert count_parameters(Convolutional(4)) == encoder + decoder
    normalised = count_parameters(Convolutional(4, batch_norm=True))
    assert normalised == encoder + decoder + 2 * (16 + 32 + 32 + 16)
    through_dense = Convolutional(4, hidden=(10,))
    dense = 11 * 4 + (32 * 49 + 1) * 10 + 5 * 10 + 11 * 32 * 49
    convolutions = encoder + decoder - (32 * 49 + 1) * 4 - 5 * 32 * 49
    assert count_parameters(through_dense) == convolutions + dense


def test_the_code_and_the_raw_output_are_linear():
    for model in (Convolutional(3, hidden=(7,)), Convolutional(3, batch_norm=True)):
        assert isinstance(model.encoder[-1], nn.Linear)
        assert isinstance(model.decoder[-1], nn.ConvTranspose2d)


def test_maps_move_with_the_image():
    """Equivariance: moved by four pixels through two layers of stride 2, a map moves by one."""
    with seeded(1):
        model = Convolutional(4).double()
    image = torch.zeros(1, 1, 28, 28, dtype=torch.float64)
    image[..., 8:16, 8:16] = torch.rand(8, 8, dtype=torch.float64)
    layers = model.encoder[:4]
    moved = layers(image.roll((4, 4), (2, 3)))
    still = layers(image).roll((1, 1), (2, 3))
    assert torch.allclose(moved[..., 2:-1, 2:-1], still[..., 2:-1, 2:-1])


def test_batch_norm_uses_the_batch_in_training_only():
    with seeded(0):
        model = Convolutional(4, batch_norm=True)
    x = torch.rand(6, 1, 28, 28)
    with torch.no_grad():
        assert not torch.allclose(model(x)[:2], model(x[:2]))
        model.eval()
        assert torch.allclose(model(x)[:2], model(x[:2]), atol=1e-6)


def test_it_learns():
    with seeded(0):
        model = Convolutional(4, channels=(4, 8), batch_norm=True, shape=(1, 8, 8))
    rows = torch.linspace(-2, 2, 8)
    centres = torch.rand(200, 2, generator=torch.Generator().manual_seed(0)) * 2 - 1
    blobs = [torch.exp(-((rows - a)[:, None] ** 2 + (rows - b) ** 2)) for a, b in centres]
    history = fit(model, {"reconstruction": mse}, torch.stack(blobs)[:, None], epochs=10,
                  batch_size=20, lr=1e-2, progress=False)  # fmt: skip
    losses = history.train["reconstruction"]
    assert losses[-1] < 0.2 * losses[0]


@pytest.mark.parametrize("settings", VARIANTS)
def test_it_comes_back_from_a_file_bit_by_bit(settings, tmp_path):
    with seeded(0):
        model = Convolutional(4, **settings)
    model(torch.rand(5, *model.shape))  # moves the running means of BatchNorm
    found = load(save(tmp_path / "model.safetensors", model), Convolutional).model
    assert found.config == model.config and torch.equal(weights(found), weights(model))
    x = torch.rand(3, *model.shape)
    with torch.no_grad():
        assert torch.equal(found(x), model.eval()(x))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shape": (1, 30, 28)}, "multiples of 4; they are 30 and 28"),
        ({"channels": (2, 2, 2)}, "multiples of 8"),
        ({"shape": (28, 28)}, r"\(channels, height, width\)"),
        ({"kernel": 5}, "kernel 3 or 4"),
        ({"channels": ()}, "there must be a convolution"),
        ({"channels": (8, 0)}, "at least one unit"),
        ({"hidden": 0}, "at least one unit"),
        ({"output": "softplus"}, "No activation"),
    ],
)
def test_what_makes_no_sense_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Convolutional(4, **settings)


# --------------------------------------------------------------------------- the plane of codes


def flat(codes):
    """A decoder whose images are grey, and brighter to the right and to the top."""
    grey = 0.1 * codes[:, 0] + 0.3 * codes[:, 1]
    return grey[:, None, None, None].expand(-1, 1, 2, 3)


def test_the_plane_shows_each_code_at_its_place():
    horizontal, vertical = torch.linspace(0, 3, 4), torch.linspace(0, 1, 3)
    figure = plots.code_plane(flat, horizontal, vertical)
    (image,) = figure.axes[0].images
    mosaic, (left, right, bottom, top) = image.get_array(), image.get_extent()
    assert mosaic.shape == (3 * 2, 4 * 3)
    for x in horizontal.tolist():
        for y in vertical.tolist():
            column = int((x - left) / (right - left) * mosaic.shape[1])
            row = int((top - y) / (top - bottom) * mosaic.shape[0])  # drawn from the top
            assert mosaic[row, column] == pytest.approx(0.1 * x + 0.3 * y, abs=1e-6)


def test_the_plane_can_be_drawn_on_axes_that_exist():
    figure, axis = plt.subplots()
    assert plots.code_plane(flat, np.arange(3), [0.0, 1.0], axis=axis) is figure
    assert axis.get_xlabel() == "code 1" and axis.get_ylabel() == "code 2"


@pytest.mark.parametrize("vertical", [[1.0], [1.0, 0.0], [[0.0, 1.0]]])
def test_a_plane_without_a_grid_is_refused(vertical):
    with pytest.raises(ValueError, match="two increasing values"):
        plots.code_plane(flat, [0.0, 1.0], vertical)
