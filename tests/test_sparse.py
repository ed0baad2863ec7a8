"""Sparse codes: top-k, L1, KL sparsity, unit-norm columns and the tied start, by property."""

import copy

import pytest
import torch
from helpers import SHAPE, blobs, quiet_fit, small_model, weights
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Bernoulli, kl_divergence

from aecourse import evaluation, saving
from aecourse.models import (
    Dense,
    JumpReLU,
    TopK,
    code_layer,
    keep_largest,
    step,
    tied_start,
    unit_norm_decoder,
)
from aecourse.objectives import bce, kl_sparsity, l0, l1, mse
from aecourse.protocol import Batch, Output
from aecourse.randomness import seeded


def top_k(k=3, units=9, seed=0, **settings):
    with seeded(seed):
        return TopK(SHAPE, units, k, **settings)


def on_code(term, code):
    """A term that looks at the code alone."""
    x = torch.zeros(len(code), 1)
    return term(None, Batch(x, x), Output(code, x))


# --------------------------------------------------------------------------- top-k


@given(st.integers(1, 9), st.integers(0, 1000))
def test_the_k_largest_stay_where_they_are_and_the_rest_is_zero(k, seed):
    codes = torch.randn(6, 9, generator=torch.Generator().manual_seed(seed))
    kept = keep_largest(codes, k)
    assert ((kept != 0).sum(1) == k).all()
    assert torch.equal(kept[kept != 0], codes[kept != 0])
    dropped = codes.masked_fill(kept != 0, -torch.inf).amax(1)
    smallest_kept = kept.masked_fill(kept == 0, torch.inf).amin(1)
    assert (dropped < smallest_kept).all()


def test_top_k_has_at_most_k_active_units_and_none_below_zero():
    codes = evaluation.encode(top_k(), blobs())
    assert ((codes != 0).sum(1) <= 3).all() and (codes >= 0).all()


def test_with_k_of_all_units_top_k_is_a_dense_net():
    model = top_k(k=9)
    dense = Dense(SHAPE, 9, hidden=(), code_activation="relu")
    dense.load_state_dict(model.state_dict())
    assert torch.equal(model(blobs()), dense(blobs()))


def test_gradients_reach_only_what_was_kept():
    codes = torch.randn(4, 7, requires_grad=True)
    kept = keep_largest(codes, 2)
    kept.square().sum().backward()
    assert torch.equal(codes.grad != 0, kept != 0)


def test_the_choice_does_not_depend_on_the_scale():
    codes = torch.rand(5, 8)
    assert torch.equal(keep_largest(codes, 3) != 0, keep_largest(codes / 10, 3) != 0)


@pytest.mark.parametrize("k", [0, -1, 10])
def test_a_k_that_makes_no_sense_is_refused(k):
    with pytest.raises(ValueError, match="choose 1 to 9"):
        top_k(k=k)


@pytest.mark.parametrize("settings", [{}, {"hidden": (8,)}, {"code_activation": None}])
def test_top_k_trains_and_comes_back_from_a_file(settings, tmp_path):
    model = top_k(**settings)
    history = quiet_fit(model, {"reconstruction": mse}, blobs(), epochs=20, batch_size=10, lr=1e-2)
    assert history.train["reconstruction"][-1] < history.train["reconstruction"][0]
    found = saving.load(saving.save(tmp_path / "m", model), TopK).model
    assert found.k == 3 and found.config == model.config
    assert torch.equal(found(blobs()), model(blobs()))


# --------------------------------------------------------------------------- JumpReLU


def jump(units=9, seed=0, **settings):
    with seeded(seed):
        return JumpReLU(SHAPE, units, **settings)


def test_a_step_is_0_or_1_and_has_the_slope_of_a_ramp():
    distance = torch.tensor([-1.0, -0.04, 0.0, 0.04, 1.0], requires_grad=True)
    gates = step(distance, width=0.1)
    gates.sum().backward()
    assert torch.allclose(gates, torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0]))
    assert torch.allclose(distance.grad, torch.tensor([0.0, 10.0, 10.0, 10.0, 0.0]))


def test_a_unit_passes_what_exceeds_its_threshold_unchanged():
    model = jump(threshold=0.3)
    inputs = torch.relu(model.encoder[1](blobs().flatten(1)))
    assert torch.equal(model.encode(blobs()), inputs * (inputs > 0.3))
    assert torch.equal(model.run(blobs()).code, model.encode(blobs()))


def test_l0_counts_active_units_and_moves_thresholds_alone():
    model = jump(width=0.5)
    output = model.run(blobs())
    penalty = l0(2.0)(model, Batch(blobs(), blobs()), output)
    assert torch.allclose(penalty, 2.0 * (output.code != 0).sum(1))
    penalty.sum().backward()
    assert (model.log_threshold.grad <= 0).all() and (model.log_threshold.grad < 0).any()
    assert model.encoder[1].weight.grad is None


def test_l0_makes_a_code_sparser():
    active = []
    for weight in (0.0, 1.0):
        model = jump(width=2.0)
        quiet_fit(model, {"reconstruction": mse, "sparsity": l0(weight)}, blobs(), epochs=60,
                  batch_size=20, lr=1e-2)  # fmt: skip
        active.append((evaluation.encode(model, blobs()) != 0).sum().item())
    assert active[1] < active[0]


def test_l0_refuses_a_model_without_gates():
    with pytest.raises(ValueError, match="JumpReLU"):
        quiet_fit(small_model(), {"sparsity": l0(0.1)}, blobs(), epochs=1)


@pytest.mark.parametrize("settings", [{"threshold": 0.0}, {"width": -1.0}])
def test_a_threshold_or_width_that_makes_no_sense_is_refused(settings):
    with pytest.raises(ValueError, match="positive"):
        jump(**settings)


# --------------------------------------------------------------------------- penalties


def test_l1_is_the_sum_of_absolute_values_of_each_example():
    code = torch.tensor([[1.0, -2.0, 0.0], [0.5, 0.5, 0.5]])
    assert torch.equal(on_code(l1(2.0), code), torch.tensor([6.0, 3.0]))


@pytest.mark.parametrize("rho", [0.05, 0.3])
def test_kl_sparsity_equals_the_divergence_of_coins(rho):
    code = torch.rand(40, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    coins = kl_divergence(Bernoulli(torch.full((6,), rho).double()), Bernoulli(code.mean(0)))
    penalty = on_code(kl_sparsity(3.0, rho), code)
    assert penalty.shape == (40,)
    assert torch.allclose(penalty, 3 * coins.sum().expand(40), rtol=1e-6)


def test_kl_sparsity_is_zero_exactly_where_every_mean_is_rho():
    specialist = torch.zeros(20, 3)
    specialist[:5] = 1.0
    for code in (specialist, torch.full((20, 3), 0.25)):
        assert on_code(kl_sparsity(1.0, 0.25), code).abs().max() < 1e-6
    assert on_code(kl_sparsity(1.0, 0.25), torch.full((20, 3), 0.26)).min() > 0


def test_kl_sparsity_has_the_gradient_of_its_formula():
    code = torch.rand(7, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda h: on_code(kl_sparsity(1.0, 0.1), h), code)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_kl_sparsity_stays_finite_where_a_unit_never_or_always_is_on(value):
    assert torch.isfinite(on_code(kl_sparsity(1.0, 0.05), torch.full((4, 3), value))).all()


@pytest.mark.parametrize("rho", [0, 1, -0.1, 5])
def test_a_share_outside_0_to_1_is_refused(rho):
    with pytest.raises(ValueError, match="between 0 and 1"):
        kl_sparsity(1.0, rho)


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf")])
def test_a_weight_that_makes_no_sense_is_refused(weight):
    for term in (l1, lambda w: kl_sparsity(w, 0.1)):
        with pytest.raises(ValueError, match="0 or more"):
            term(weight)


def test_kl_sparsity_refuses_codes_outside_0_to_1():
    with pytest.raises(ValueError, match="code_activation='sigmoid'"):
        quiet_fit(small_model(), {"a": mse, "b": kl_sparsity(1.0, 0.1)}, blobs(), epochs=1)


def test_kl_sparsity_brings_the_mean_activation_to_rho():
    model = small_model(code_size=5, code_activation="sigmoid")
    terms = {"a": mse, "b": kl_sparsity(30.0, 0.1)}
    quiet_fit(model, terms, blobs(), epochs=150, batch_size=60, lr=2e-2)
    assert (evaluation.encode(model, blobs()).mean(0) - 0.1).abs().max() < 0.02


# --------------------------------------------------------------------------- columns


@pytest.mark.parametrize("model", [small_model(), small_model(hidden=()), top_k()],
                         ids=["deep", "flat", "top-k"])  # fmt: skip
def test_columns_get_norm_1_in_place_and_keep_their_direction(model):
    model = copy.deepcopy(model)
    weight = code_layer(model).weight
    assert weight.shape[1] == model.code_size
    before = weight.detach().clone()
    unit_norm_decoder(model)
    assert code_layer(model).weight is weight and weight.requires_grad
    assert torch.allclose(weight.norm(dim=0), torch.ones(model.code_size))
    assert torch.allclose(weight * before.norm(dim=0), before, atol=1e-6)


def test_columns_keep_norm_1_through_training():
    model = small_model(hidden=())
    quiet_fit(model, {"a": mse, "b": l1(0.1)}, blobs(), epochs=2, batch_size=20,
              after_step=[unit_norm_decoder])  # fmt: skip
    assert torch.allclose(code_layer(model).weight.norm(dim=0), torch.ones(2))


def test_a_column_of_zeros_does_not_become_nan():
    model = small_model(hidden=())
    with torch.no_grad():
        code_layer(model).weight[:, 0] = 0
    unit_norm_decoder(model)
    assert torch.isfinite(weights(model)).all()


# --------------------------------------------------------------------------- start


@pytest.mark.parametrize("output", ["sigmoid", "linear"])
def test_at_the_tied_start_the_mean_has_an_empty_code_and_an_empty_code_the_mean(output):
    model = small_model(code_size=7, hidden=(), output=output)
    mean = blobs().mean(0)
    with seeded(0):
        tied_start(model, mean)
    assert model.encode(mean[None]).abs().max() < 1e-5
    blank = model.decode(torch.zeros(1, 7))[0]
    inside = mean.clamp(1e-3, 1 - 1e-3) if output == "sigmoid" else mean
    assert torch.allclose(blank, inside, atol=1e-5)
    assert torch.equal(model.encoder[1].weight, model.decoder[0].weight.T)
    assert torch.allclose(model.decoder[0].weight.norm(dim=0), torch.ones(7))


def test_the_tied_start_can_begin_with_quiet_sigmoids():
    model = small_model(code_size=4, hidden=(), code_activation="sigmoid")
    tied_start(model, blobs().mean(0), code_bias=-3.0)
    code = model.encode(blobs().mean(0)[None])
    assert torch.allclose(code, torch.sigmoid(torch.tensor(-3.0)).expand(1, 4), atol=1e-5)


def test_the_tied_start_refuses_deep_nets():
    with pytest.raises(ValueError, match="hidden=\\(\\)"):
        tied_start(small_model(), blobs().mean(0))


def test_the_tied_start_trains():
    model = top_k()
    with seeded(0):
        tied_start(model, blobs().mean(0))
    history = quiet_fit(model, {"a": bce}, blobs(), epochs=10, batch_size=10, lr=1e-2)
    assert history.train["a"][-1] < history.train["a"][0]
