"""Variational parts: the VAE, the KL divergence from its prior, digits binarised once."""

import math

import pytest
import torch
from helpers import SHAPE, blobs, quiet_fit, rows, weights
from torch.distributions import Normal, kl_divergence

from aecourse import data, evaluation
from aecourse.models import VAE, Autoencoder, Dense, count_parameters
from aecourse.objectives import bce, gaussian_kl, kl_to_prior, mse
from aecourse.protocol import Batch, Layout, Output
from aecourse.randomness import generator, seeded
from aecourse.saving import load, save

TERMS = {"reconstruction": bce, "kl": kl_to_prior()}


def small_vae(seed: int = 0, **settings) -> VAE:
    with seeded(seed):
        return VAE(**({"shape": SHAPE, "code_size": 2, "hidden": (16,)} | settings))


def posteriors(count: int = 9, code_size: int = 4, seed: int = 0):
    draw = torch.Generator().manual_seed(seed)
    mean, log_variance = torch.randn(2, count, code_size, generator=draw, dtype=torch.float64)
    return 1.5 * mean, log_variance - 0.5


def kl_of(term, posterior, progress=1.0):
    mean = posterior[0]
    nothing = torch.zeros(len(mean), 1)
    return term(None, Batch(nothing, nothing, progress), Output(mean, nothing, posterior))


# --- the model -------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 6, 6), (7,), 7])
@pytest.mark.parametrize("hidden", [(), (6,), (9, 4), 5])
def test_every_pass_keeps_its_shape(shape, hidden):
    model = small_vae(shape=shape, hidden=hidden, code_size=3)
    x = torch.rand(5, *model.shape)
    output = model.run(x)
    assert model.encode(x).shape == output.code.shape == (5, 3)
    assert [part.shape for part in output.posterior] == [(5, 3), (5, 3)]
    assert model(x).shape == output.raw.shape == x.shape
    assert model.sample(4).shape == (4, *model.shape)


def test_it_has_as_many_parameters_as_the_common_example():
    model = VAE((1, 28, 28), 20)
    by_hand = 784 * 400 + 400 + 2 * (400 * 20 + 20) + 20 * 400 + 400 + 400 * 784 + 784
    assert count_parameters(model) == by_hand


def test_without_sampling_nothing_is_random():
    model, x = small_vae(), blobs(7)
    mean, _ = model.posterior(x)
    assert torch.equal(model.encode(x), mean)
    assert torch.equal(model(x), model.decode(mean)) and torch.equal(model(x), model(x))


def test_a_run_is_repeated_by_its_generator_only():
    model, x = small_vae(), blobs(7)
    first, again, other = (model.run(x, generator(seed)).code for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert not torch.equal(model.run(x).code, model.run(x).code)


def test_samples_have_the_mean_and_variance_of_the_posterior():
    model, x = small_vae(code_size=3), blobs(2)
    mean, log_variance = model.posterior(x)
    random = generator(0)
    codes = torch.stack([model.run(x, random).code for _ in range(4_000)]).detach()
    standard_error = torch.exp(0.5 * log_variance) / math.sqrt(len(codes))
    assert ((codes.mean(0) - mean).abs() < 4.5 * standard_error).all()
    assert torch.allclose(codes.var(0), log_variance.exp(), rtol=0.12)
    correlation = torch.corrcoef(codes[:, 0].T) - torch.eye(3)
    assert correlation.abs().max() < 0.08, "each dimension has its own noise"
    across = torch.corrcoef(codes[:, :, 0].T)[0, 1]
    assert across.abs() < 0.08, "and each image"


def test_gradients_pass_through_the_sample():
    model, x = small_vae().double(), blobs(5).double()
    mean, log_variance = (part.detach().requires_grad_() for part in model.posterior(x))
    noise = torch.randn(mean.shape, generator=generator(3), dtype=torch.float64)
    code = mean + torch.exp(0.5 * log_variance) * noise
    by_mean, by_log_variance = torch.autograd.grad(code.sum(), [mean, log_variance])
    torch.testing.assert_close(model.run(x, generator(3)).code, code)
    torch.testing.assert_close(by_mean, torch.ones_like(mean))
    torch.testing.assert_close(by_log_variance, 0.5 * (code - mean).detach())


def test_samples_are_decoded_draws_from_the_prior():
    model = small_vae()
    random = generator(5)
    expected = model.decode(torch.randn(6, 2, generator=random)).detach()
    assert torch.equal(model.sample(6, generator(5)), expected)
    assert not model.sample(2).requires_grad


def test_it_learns():
    images = data.binarise(blobs(200))
    model = small_vae()
    history = quiet_fit(model, TERMS, images, valid=images, epochs=15, batch_size=20, lr=1e-2)
    total = [sum(values) for values in zip(*history.valid.values())]
    assert total[-1] < total[0] - 0.5 and history.valid["kl"][-1] > 0.1


@pytest.mark.parametrize(
    "settings",
    [{}, {"hidden": (), "output": "linear"}, {"hidden": (9, 4), "hidden_activation": "gelu"}],
)
def test_a_vae_comes_back_bit_by_bit(settings, tmp_path):
    model = small_vae(**settings)
    found = load(save(tmp_path / "vae.safetensors", model), VAE).model
    assert found.config == model.config
    assert torch.equal(weights(found), weights(model))
    x = blobs(4)
    assert torch.equal(found.run(x, generator(1)).raw, model.run(x, generator(1)).raw)


def test_a_mixed_table_can_be_its_output():
    layout = Layout.of(real=2, categorical=(3,))
    assert torch.allclose(small_vae(shape=5, output=layout)(rows(6))[:, 2:].sum(1), torch.ones(6))


@pytest.mark.parametrize("settings", [{"code_size": 0}, {"hidden": (4, 0)}])
def test_layers_without_units_are_refused(settings):
    with pytest.raises(ValueError, match="at least one unit"):
        small_vae(**settings)


def test_bad_inputs_are_refused():
    with pytest.raises(ValueError, match="takes batches of shape"):
        small_vae().posterior(torch.rand(6, 6))
    with pytest.raises(ValueError, match="count=0"):
        small_vae().sample(0)


# --- the KL divergence -----------------------------------------------------------------------


def test_the_divergence_of_the_prior_from_itself_is_zero():
    zeros = torch.zeros(3, 5)
    assert kl_of(kl_to_prior(), (zeros, zeros)).tolist() == [0, 0, 0]


def test_the_closed_form_is_that_of_torch_and_never_negative():
    mean, log_variance = posteriors(50)
    q = Normal(mean, torch.exp(0.5 * log_variance))
    expected = kl_divergence(q, Normal(torch.zeros_like(mean), torch.ones_like(mean)))
    torch.testing.assert_close(gaussian_kl(mean, log_variance), expected)
    torch.testing.assert_close(kl_of(kl_to_prior(), (mean, log_variance)), expected.sum(1))
    assert (gaussian_kl(mean, log_variance) >= 0).all()


def test_the_closed_form_keeps_its_digits_near_the_prior():
    log_variance = torch.tensor([[1e-4]])
    expected = 0.25e-8  # ¼ v², to second order
    assert gaussian_kl(torch.zeros(1, 1), log_variance).item() == pytest.approx(expected, rel=1e-2)


def test_the_closed_form_agrees_with_monte_carlo():
    mean, log_variance = posteriors(6, 3)
    q = Normal(mean, torch.exp(0.5 * log_variance))
    with seeded(0):
        z = q.sample((20_000,))
    ratios = (q.log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(-1)  # (draws, images)
    for estimates, expected in zip(ratios.T, kl_of(kl_to_prior(), (mean, log_variance))):
        found = evaluation.estimate(estimates)
        assert abs(found.mean - expected) < 4 * found.standard_error


def test_gradients_agree_with_finite_differences():
    mean, log_variance = (part.requires_grad_() for part in posteriors(3, 2))
    term = kl_to_prior(0.7)
    assert torch.autograd.gradcheck(lambda m, v: kl_of(term, (m, v)), (mean, log_variance))


def test_the_weight_multiplies_and_rises_while_it_warms_up():
    posterior = posteriors()
    whole = kl_of(kl_to_prior(), posterior)
    torch.testing.assert_close(kl_of(kl_to_prior(4.0), posterior), 4 * whole)
    term = kl_to_prior(2.0, warm_up=0.4)
    for progress, share in ((0.0, 0.0), (0.1, 0.25), (0.4, 1.0), (0.9, 1.0), (1.0, 1.0)):
        torch.testing.assert_close(kl_of(term, posterior, progress), 2 * share * whole)


def test_free_bits_charge_a_dimension_at_least_that_much():
    mean, log_variance = posteriors(40, 3)
    mean[:, 1], log_variance[:, 1] = 0.05, 0.0  # this dimension is hardly used
    per_dimension = gaussian_kl(mean, log_variance).mean(0)
    assert per_dimension[1] < 0.3 < min(per_dimension[0], per_dimension[2])
    found = kl_of(kl_to_prior(free_bits=0.3), (mean, log_variance))
    assert found.shape == (40,)
    torch.testing.assert_close(found.mean(), per_dimension.clamp(min=0.3).sum())
    posterior = [part.clone().requires_grad_() for part in (mean, log_variance)]
    kl_of(kl_to_prior(free_bits=0.3), posterior).mean().backward()
    free, plain = posterior[0].grad, mean / len(mean)
    assert torch.equal(free[:, 1], torch.zeros(40, dtype=torch.float64)), "no pressure"
    torch.testing.assert_close(free[:, [0, 2]], plain[:, [0, 2]])


def test_no_free_bits_change_nothing():
    posterior = posteriors()
    assert torch.equal(
        kl_of(kl_to_prior(free_bits=1e-9), posterior), kl_of(kl_to_prior(), posterior)
    )


def test_training_warms_up_and_evaluation_does_not():
    images, seen = data.binarise(blobs(40)), []

    def spy(model, batch, output):
        seen.append(batch.progress)
        return kl_to_prior(1.0, warm_up=1.0)(model, batch, output)

    model = small_vae()
    history = quiet_fit(
        model, {"reconstruction": bce, "kl": spy}, images, valid=images, epochs=2, batch_size=20
    )
    assert seen[0] == 0 and max(seen) == 1
    assert history.train["kl"][0] < history.valid["kl"][0]


@pytest.mark.parametrize(
    "settings",
    [
        {"weight": -1.0},
        {"weight": math.nan},
        {"warm_up": 1.5},
        {"warm_up": -0.1},
        {"free_bits": -1},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        kl_to_prior(**settings)


def test_a_model_without_posterior_is_refused_before_training():
    model = Dense(SHAPE, 2)
    before = weights(model)
    with pytest.raises(ValueError, match="needs a posterior, and a Dense has none"):
        quiet_fit(model, {"reconstruction": mse, "kl": kl_to_prior()}, blobs())
    assert torch.equal(weights(model), before)
    assert not hasattr(Autoencoder, "posterior")


# --- binarised digits ------------------------------------------------------------------------


def test_the_test_set_is_the_same_everywhere(monkeypatch):
    test = data.mnist().test.images
    binary = data.binarise(test)
    assert int(binary.sum()) == 1_038_635
    assert binary.shape == test.shape and binary.dtype == test.dtype
    assert set(binary.unique().tolist()) == {0, 1}
    assert (binary[test == 0] == 0).all() and (binary[test == 1] == 1).all()
    monkeypatch.setenv("AECOURSE_SEED", "3")
    assert torch.equal(data.binarise(test[:2_500]), binary[:2_500]), "no seed, no length moves it"


def test_a_pixel_is_ink_as_often_as_it_is_dark():
    for grey in (0.1, 0.5, 0.8):
        share = data.binarise(torch.full((5_000, 4), grey)).mean().item()
        assert share == pytest.approx(grey, abs=4.5 * math.sqrt(grey * (1 - grey) / 20_000))


def test_binarising_leaves_its_input_and_the_global_state_alone():
    images = blobs(5)
    kept, state = images.clone(), torch.get_rng_state()
    first, other = data.binarise(images), data.binarise(images, seed=1)
    assert torch.equal(images, kept) and torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(first, other)
    assert torch.equal(data.binarise(first, seed=1), first), "black and white stays"


@pytest.mark.parametrize(
    ("images", "error", "match"),
    [
        (torch.tensor([[0.5, 1.5]]), ValueError, "255"),
        (torch.tensor([[0.5, math.nan]]), ValueError, "255"),
        (torch.tensor([[0, 255]]), TypeError, "float"),
        ([[0.5]], TypeError, "float"),
        (torch.zeros(0, 3), ValueError, "no images"),
    ],
)
def test_what_is_no_probability_is_refused(images, error, match):
    with pytest.raises(error, match=match):
        data.binarise(images)
