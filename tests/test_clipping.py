"""One rule for everybody: what lives in [0, 1] is clipped before its error is taken."""

import numpy as np
import pytest
import torch
from helpers import blobs, rows, small_model

from aecourse import evaluation
from aecourse.corruption import gaussian
from aecourse.randomness import generator


def digits_like(count=80, seed=0):
    """Images (count, 1, 6, 6) with hard edges: a linear model overshoots at them."""
    return (blobs(count, seed) > 0.4).float()


def clipped_by_hand(answer, target):
    return (answer.clamp(0, 1) - target).square().flatten(1).mean(1)


def by_pca(train, test):
    return evaluation.pca_reconstruct(evaluation.fit_pca(train, 3), test)


def by_linear_denoiser(train, test):
    noisy = gaussian(0.5)(test, generator(3))
    return evaluation.fit_linear_denoiser(train, 0.5)(noisy)


def by_dictionary(train, test):
    return evaluation.fit_dictionary(train, 20)(test, 2)


def by_linear_net(train, test):
    model = small_model(output="linear")
    with torch.no_grad():
        for weight in model.decoder.parameters():
            weight.mul_(8)  # far outside [0, 1]
    return evaluation.reconstruct(model, test)


@pytest.mark.parametrize("method", [by_pca, by_linear_denoiser, by_dictionary, by_linear_net])
def test_every_method_is_clipped_where_the_data_live_in_the_unit_interval(method):
    train, test = digits_like(), digits_like(50, seed=1)
    answer = method(train, test)
    assert answer.min() < -0.01 and answer.max() > 1.01  # else there is nothing to clip
    error = evaluation.squared_error(answer, test)
    assert torch.allclose(error, clipped_by_hand(answer, test))
    assert (error <= evaluation.squared_error(answer, test, clip=False) + 1e-9).all()
    assert error.mean() < evaluation.squared_error(answer, test, clip=False).mean()


def test_baselines_and_models_obey_the_same_rule():
    train, test = digits_like(), digits_like(50, seed=1)
    assert torch.allclose(
        evaluation.pca_baseline(train, test, 3), clipped_by_hand(by_pca(train, test), test)
    )
    model = small_model(output="linear")
    answer = evaluation.reconstruct(model, test)
    assert torch.allclose(evaluation.pixel_mse(model, test), clipped_by_hand(answer, test))


@pytest.mark.parametrize("data", [rows(60), 3 * blobs(), blobs() - 0.1, -blobs()])
def test_data_that_live_elsewhere_are_left_alone(data):
    answer = data + 2 * torch.randn(data.shape, generator=torch.Generator().manual_seed(0))
    plain = (answer - data).square().flatten(1).mean(1)
    assert torch.equal(evaluation.squared_error(answer, data), plain)


def test_noisy_inputs_do_not_decide_and_targets_do():
    clean = digits_like()
    noisy = gaussian(0.5)(clean, generator(1))
    model = small_model(output="linear")
    error = evaluation.pixel_mse(model, noisy, target=clean)
    assert torch.allclose(error, clipped_by_hand(evaluation.reconstruct(model, noisy), clean))


def test_the_reader_can_decide_otherwise():
    target = blobs(3)
    answer = target + 2
    assert torch.allclose(evaluation.squared_error(answer, target, clip=False), torch.tensor(4.0))
    beyond = 2 * torch.ones(2, 3)
    assert torch.equal(evaluation.squared_error(beyond, beyond, clip=True), torch.ones(2))
    assert not evaluation.are_grey_images(torch.full((2, 3, 3), float("nan")))


def test_rows_of_a_table_are_left_alone_even_where_they_lie_in_the_unit_interval():
    table = rows(400, 2)
    within = table[((table >= 0) & (table <= 1)).all(1)]
    assert len(within)  # some rows do
    answer = within + 3
    assert torch.allclose(evaluation.squared_error(answer, within), torch.tensor(9.0))
    scaled = (table - table.min(0).values) / (table.max(0).values - table.min(0).values)
    together = evaluation.squared_error(scaled + 2, scaled)
    assert torch.allclose(together, torch.tensor(4.0))


def test_a_dictionary_rebuilds_what_it_is_made_of():
    draw = np.random.default_rng(0)
    atoms = draw.normal(size=(12, 30))
    codes = (draw.random((400, 12)) < 0.2) * draw.normal(size=(400, 12))
    x = torch.tensor(codes @ atoms).float()
    dictionary = evaluation.fit_dictionary(x, 12)
    assert np.allclose(np.linalg.norm(dictionary.atoms, axis=1), 1)
    errors = [evaluation.squared_error(dictionary(x, k), x).mean().item() for k in (1, 3, 12)]
    assert errors[0] > errors[1] > errors[2] and errors[2] < 0.02 * x.var()
