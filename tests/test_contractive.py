"""Contraction: the penalty and the measures of an encoder's sensitivity."""

import pytest
import torch
from helpers import blobs
from torch import nn

from aecourse import corruption, evaluation, models
from aecourse.objectives import contraction, encoder_jacobian, mse
from aecourse.protocol import Batch
from aecourse.randomness import seeded
from aecourse.training import fit


def net(hidden=(), code_activation="sigmoid", seed=0, code_size=5):
    """A small encoder for 6 columns, in double precision, with weights large enough to bend."""
    with seeded(seed):
        model = models.Dense(6, code_size, hidden, "tanh", code_activation, output="linear")
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(3)
    return model.double().eval()


def rows(count=7, seed=0):
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(seed)).double()


def value(term, model, x):
    return term(model, Batch(x, x), model.run(x))


def by_differences(model, x, h=1e-5):
    """Jacobian (B, code_size, features) from central differences."""
    columns = []
    for i in range(x.shape[1]):
        step = torch.zeros_like(x)
        step[:, i] = h
        with torch.no_grad():
            columns.append((model.encode(x + step) - model.encode(x - step)) / (2 * h))
    return torch.stack(columns, 2)


NETS = {
    "one sigmoid layer": net(),
    "one linear layer": net(code_activation=None),
    "two layers": net(hidden=(8,)),
    "two layers, linear code": net(hidden=(8,), code_activation=None),
    "one tanh layer": net(code_activation="tanh"),
}
every_net = pytest.mark.parametrize("model", NETS.values(), ids=NETS)


@every_net
def test_jacobian_is_that_of_finite_differences(model):
    x = rows()
    expected = by_differences(model, x)
    torch.testing.assert_close(evaluation.jacobian(model, x, batch_size=3), expected, atol=1e-8,
                               rtol=1e-6)  # fmt: skip
    torch.testing.assert_close(encoder_jacobian(model, x).detach(), expected, atol=1e-8, rtol=1e-6)


@every_net
def test_exact_penalty_is_the_squared_norm_of_the_jacobian(model):
    x = rows()
    J = evaluation.jacobian(model, x)
    torch.testing.assert_close(
        value(contraction(0.3), model, x).detach(), 0.3 * J.square().sum((1, 2))
    )


@every_net
def test_relative_penalty_divides_each_unit_by_its_variance(model):
    x = rows(20)
    J, codes = evaluation.jacobian(model, x), model.encode(x).detach()
    expected = (J.square().sum(2) / codes.var(0, correction=0)).sum(1)
    torch.testing.assert_close(value(contraction(1.0, relative=True), model, x).detach(), expected)


@every_net
@pytest.mark.parametrize("relative", [False, True])
def test_gradient_of_the_exact_penalty(model, relative):
    x = rows(6)
    weights = list(model.encoder.parameters())

    def loss(*values):
        names = [name for name, _ in model.encoder.named_parameters()]
        with_values = {f"encoder.{name}": v for name, v in zip(names, values)}
        return torch.func.functional_call(_Penalty(model, relative), _prefixed(with_values), (x,))

    assert torch.autograd.gradcheck(loss, [w.detach().clone().requires_grad_() for w in weights])


class _Penalty(nn.Module):
    def __init__(self, model, relative):
        super().__init__()
        self.model, self.term = model, contraction(1.0, relative=relative)

    def forward(self, x):
        return value(self.term, self.model, x).sum()


def _prefixed(values):
    return {f"model.{name}": value for name, value in values.items()}


@every_net
@pytest.mark.parametrize("gaussian", [False, True])
def test_hutchinson_is_unbiased(model, gaussian):
    x = rows(4)
    draws = evaluation.hutchinson(model, x, probes=1_000, gaussian=gaussian)
    exact = evaluation.jacobian(model, x).square().sum((1, 2))
    error = draws.std(1) / draws.shape[1] ** 0.5
    assert draws.shape == (4, 1_000)
    # one sigmoid layer with few units: orthogonal gradients leave signs no variance
    assert ((draws.mean(1) - exact).abs() <= 4 * error + 1e-9).all()


def test_signs_are_exact_where_the_gradients_are_orthogonal():
    model = net(code_activation=None)
    with torch.no_grad():
        model.encoder[1].weight.copy_(torch.eye(5, 6) * torch.arange(1.0, 6)[:, None])
    signs = evaluation.hutchinson(model, rows(), probes=3)
    torch.testing.assert_close(signs, torch.full((7, 3), 55.0).double())
    assert evaluation.hutchinson(model, rows(), 3, gaussian=True).std() > 1


@every_net
@pytest.mark.parametrize("relative", [False, True])
def test_the_estimated_penalty_is_unbiased_and_so_is_its_gradient(model, relative):
    x = rows(5)
    exact = value(contraction(1.0, relative=relative), model, x)
    estimate = value(contraction(1.0, exact=False, relative=relative, probes=600), model, x)
    torch.testing.assert_close(estimate, exact, rtol=0.25, atol=1e-3)
    weight = model.encoder[1].weight
    wanted, got = (torch.autograd.grad(v.sum(), weight)[0] for v in (exact, estimate))
    assert (wanted - got).norm() < 0.3 * wanted.norm()


def test_the_estimate_draws_anew_for_each_example_and_call():
    model, one = net(hidden=(8,), code_activation=None), rows(1).expand(6, -1)
    term = contraction(1.0, exact=False)
    first, second = value(term, model, one), value(term, model, one)
    assert len(first.unique()) > 1 and not torch.equal(first, second)
    again = value(contraction(1.0, exact=False), model, one)
    assert torch.equal(first, again)
    other = value(contraction(1.0, exact=False, seed=1), model, one)
    assert not torch.equal(first, other)


def test_scaling_the_code_evades_the_plain_penalty_and_not_the_relative_one():
    model, small, x = net(code_activation=None), net(code_activation=None), rows(30)
    with torch.no_grad():
        for weight in small.encoder.parameters():
            weight.mul_(0.1)
        small.decoder[0].weight.mul_(10)
    torch.testing.assert_close(model(x), small(x))
    plain, relative = contraction(1.0), contraction(1.0, relative=True)
    torch.testing.assert_close(value(plain, small, x), 0.01 * value(plain, model, x))
    torch.testing.assert_close(value(relative, small, x), value(relative, model, x))
    noise = corruption.gaussian(0.1)
    torch.testing.assert_close(
        evaluation.displacement(model, x, noise), evaluation.displacement(small, x, noise)
    )


def test_displacement_of_a_linear_encoder_is_known():
    model, x = net(code_activation=None), rows(4_000)
    W = model.encoder[1].weight.detach()
    expected = 0.01 * W.square().sum() / model.encode(x).var(0, correction=0).sum()
    found = evaluation.displacement(model, x, corruption.gaussian(0.1)).mean()
    assert found == pytest.approx(expected.item(), rel=0.1)


def test_displacement_repeats_with_its_seed_and_is_zero_without_noise():
    model, x, noise = net(), rows(), corruption.gaussian(0.2)
    first = evaluation.displacement(model, x, noise, seed=3)
    assert first.shape == (7,) and torch.equal(first, evaluation.displacement(model, x, noise, 3))
    assert not torch.equal(first, evaluation.displacement(model, x, noise, 4))
    assert evaluation.displacement(model, x, corruption.gaussian(0)).max() == 0


@pytest.mark.parametrize("settings", [{}, {"relative": True}, {"exact": False},
                                      {"exact": False, "relative": True}])  # fmt: skip
def test_training_with_the_penalty_contracts(settings):
    x, sizes = blobs(200), []
    strong = 0.3 if settings.get("relative") else 30.0
    for weight in (0.0, strong):
        with seeded(0):
            model = models.Dense(x.shape[1:], 4, (8,), "tanh", code_activation="sigmoid")
        fit(model, {"reconstruction": mse, "contraction": contraction(weight, **settings)}, x,
            valid=x[:50], epochs=8, batch_size=20, lr=1e-2, progress=False)  # fmt: skip
        penalty = contraction(1.0, relative=settings.get("relative", False))
        sizes.append(evaluation.per_example(penalty, model, x).mean())
    assert sizes[1] < 0.7 * sizes[0]


def test_jacobian_of_images_has_a_column_for_each_pixel():
    with seeded(0):
        model = models.Dense((1, 4, 5), 3, hidden=(6,))
    x = torch.rand(9, 1, 4, 5)
    assert evaluation.jacobian(model, x).shape == (9, 3, 20)
    assert evaluation.hutchinson(model, x, probes=2).shape == (9, 2)


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="weight=-1"):
        contraction(-1.0)
    with pytest.raises(ValueError, match="at least one draw"):
        contraction(1.0, exact=False, probes=0)
    with pytest.raises(ValueError, match="at least one draw"):
        evaluation.hutchinson(net(), rows(), probes=0)
    with pytest.raises(ValueError, match="two examples to know a variance"):
        value(contraction(1.0, relative=True), net(), rows(1))
    with pytest.raises(ValueError, match="at least two examples"):
        evaluation.displacement(net(), rows(1), corruption.gaussian(0.1))
    flat = net()
    with torch.no_grad():
        flat.encoder[1].weight.zero_()
    with pytest.raises(ValueError, match="no spread"):
        evaluation.displacement(flat, rows(), corruption.gaussian(0.1))
