"""Terms of the loss: sums per example, right gradients, and the checks they carry."""

import pytest
import torch
from helpers import blobs, rows, small_model
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from aecourse.objectives import bce, mixed, mse
from aecourse.protocol import Batch, Layout, Output

LAYOUT = Layout.of(real=2, binary=1, categorical=(3,))


def mixed_rows(count: int = 12, seed: int = 0) -> torch.Tensor:
    """Rows of LAYOUT: two real columns, a binary one, three one-hot columns."""
    draw = torch.Generator().manual_seed(seed)
    real = torch.randn(count, 2, generator=draw)
    binary = (torch.rand(count, 1, generator=draw) < 0.4).float()
    category = F.one_hot(torch.randint(3, (count,), generator=draw), 3).float()
    return torch.cat([real, binary, category], 1)


CASES = {
    "mse": (mse, small_model(), blobs(12)),
    "mse, linear": (mse, small_model(output="linear"), blobs(12)),
    "bce": (bce, small_model(), blobs(12)),
    "mixed": (mixed(LAYOUT), small_model(shape=6, output=LAYOUT), mixed_rows()),
}
every_term = pytest.mark.parametrize(("term", "model", "x"), CASES.values(), ids=CASES)


def loss(term, model, x):
    return term(model, Batch(x, x), model.run(x))


def raw_loss(term, model, raw, x):
    """A term as a function of the decoder's raw output alone."""
    return term(model, Batch(x, x), Output(torch.zeros(len(x), 2), raw))


@every_term
def test_a_term_gives_one_number_per_example(term, model, x):
    values = loss(term, model, x)
    assert values.shape == (len(x),) and (values >= 0).all()
    assert loss(term, model, x[:1]).shape == (1,)


@every_term
def test_an_example_costs_the_same_in_any_company(term, model, x):
    alone = torch.cat([loss(term, model, x[i : i + 1]) for i in range(len(x))])
    torch.testing.assert_close(loss(term, model, x), alone)
    torch.testing.assert_close(loss(term, model, x.flip(0)), alone.flip(0))


@every_term
def test_gradients_agree_with_finite_differences(term, model, x):
    draw = torch.Generator().manual_seed(0)
    raw = torch.randn(x[:3].shape, generator=draw, dtype=torch.float64, requires_grad=True)
    target = x[:3].double()
    assert torch.autograd.gradcheck(lambda raw: raw_loss(term, model, raw, target), raw)


@every_term
def test_the_target_counts_and_not_the_input(term, model, x):
    output = model.run(x)
    assert torch.equal(term(model, Batch(x, x), output), term(model, Batch(0 * x, x), output))
    assert not torch.equal(
        term(model, Batch(x, x), output), term(model, Batch(x, x.flip(0)), output)
    )


def test_mse_is_that_of_torch_summed_over_features():
    model, x = small_model(), blobs(12)
    mean = F.mse_loss(model(x), x)
    torch.testing.assert_close(loss(mse, model, x).mean(), mean * x[0].numel())


def test_bce_is_that_of_torch_summed_over_features():
    model, x = small_model(), blobs(12)
    elements = F.binary_cross_entropy(model(x), x, reduction="none")
    torch.testing.assert_close(loss(bce, model, x), elements.flatten(1).sum(1))


def test_bce_stays_finite_where_a_sigmoid_is_full():
    x = torch.zeros(2, 1, 6, 6)
    raw = torch.full_like(x, 1e4, requires_grad=True)
    values = raw_loss(bce, small_model(), raw, x)
    values.sum().backward()
    assert torch.isfinite(values).all() and torch.isfinite(raw.grad).all()


@given(st.integers(0, 1_000))
def test_bce_is_never_below_the_entropy_of_the_target(seed):
    draw = torch.Generator().manual_seed(seed)
    x = torch.rand(3, 1, 6, 6, generator=draw, dtype=torch.float64).clamp(1e-3, 1 - 1e-3)
    floor = -(x * x.log() + (1 - x) * (1 - x).log()).flatten(1).sum(1)
    model = small_model()
    any_output = torch.randn(x.shape, generator=draw, dtype=torch.float64)
    assert (raw_loss(bce, model, any_output, x) >= floor - 1e-9).all()
    torch.testing.assert_close(raw_loss(bce, model, torch.logit(x), x), floor)


def test_mixed_is_the_sum_of_its_parts():
    model, x = small_model(shape=6, output=LAYOUT), mixed_rows()
    raw = model.run(x).raw
    parts = (
        0.5 * (raw[:, :2] - x[:, :2]).square().sum(1)
        + F.binary_cross_entropy(torch.sigmoid(raw[:, 2]), x[:, 2], reduction="none")
        + F.nll_loss(F.log_softmax(raw[:, 3:], 1), x[:, 3:].argmax(1), reduction="none")
    )
    torch.testing.assert_close(loss(mixed(LAYOUT), model, x), parts)


def test_mixed_with_one_kind_is_the_loss_of_that_kind():
    real, binary = Layout.of(real=5), Layout.of(binary=5)
    x = rows(9)
    model = small_model(shape=5, output=real)
    torch.testing.assert_close(loss(mixed(real), model, x), loss(mse, model, x) / 2)
    model = small_model(shape=5, output=binary)
    x = torch.sigmoid(x)
    torch.testing.assert_close(loss(mixed(binary), model, x), loss(bce, model, x))


@pytest.mark.parametrize(
    ("low", "high", "cure"),
    [(0, 255, "divide pixels by 255"), (-1, 1, "use mse"), (-3, 3, "use mse")],
)
def test_bce_names_the_range_and_the_cure(low, high, cure):
    target = torch.tensor([low, high]).float().expand(18, 2).reshape(1, *small_model().shape)
    with pytest.raises(ValueError, match=rf"\[0, 1\].*from {low} to {high}.*{cure}"):
        bce.check(small_model(), target)


@pytest.mark.parametrize("output", ["linear", "tanh", LAYOUT])
def test_bce_wants_a_sigmoid(output):
    model = small_model(shape=6, output=output)
    with pytest.raises(ValueError, match="sigmoid; this model's is .*output='sigmoid'"):
        bce.check(model, torch.rand(4, 6))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x[:, :5], "describes 6 columns, the table has 5"),
        (lambda x: x * torch.tensor([1, 1, 2, 1, 1, 1]), r"binary column.*outside \[0, 1\]"),
        (lambda x: x * torch.tensor([1, 1, 1, 0, 0, 0]), "one-hot columns.*add up to 1"),
        (lambda x: x + torch.tensor([0, 0, 0, 1, -1, 0]), r"categorical column.*outside"),
    ],
)
def test_mixed_checks_each_kind_of_column(change, message):
    term = mixed(LAYOUT)
    x = mixed_rows(40)
    x[:, 2] = 1
    term.check(small_model(shape=6, output=LAYOUT), x)
    with pytest.raises(ValueError, match=message):
        term.check(small_model(shape=6, output=LAYOUT), change(x))


def test_mixed_wants_the_same_layout_in_the_model():
    with pytest.raises(ValueError, match="output=layout"):
        mixed(LAYOUT).check(small_model(shape=6, output="linear"), mixed_rows())
