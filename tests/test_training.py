"""fit: the same as a loop written out, repeatable, and what its settings promise."""

import math
from copy import deepcopy

import pytest
import torch
from helpers import DEVICES, SHAPE, blobs, fell, quiet_fit, small_model, weights
from torch import nn
from torch.utils.data import DataLoader, Sampler, TensorDataset

from aecourse.corruption import gaussian
from aecourse.models import Autoencoder, Convolutional
from aecourse.objectives import bce, mse
from aecourse.protocol import Batch
from aecourse.randomness import generator, seeded
from aecourse.training import Objective, fit

MSE, BCE = {"reconstruction": mse}, {"reconstruction": bce}


def batch_norm_model() -> Autoencoder:
    with seeded(0):
        encoder = nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))
        decoder = nn.Sequential(nn.Linear(2, 36), nn.Unflatten(1, SHAPE))
    return Autoencoder(encoder, decoder, SHAPE, 2)


class Spy:
    """An MSE term that notes each batch, and whether the model was training."""

    def __init__(self):
        self.training, self.validation = [], []

    def __call__(self, model, batch, output):
        (self.training if model.training else self.validation).append(batch)
        return mse(model, batch, output)


# --------------------------------------------------------------------------- the loop itself


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_fit_is_the_loop_written_out(dtype):
    x = blobs(50).to(dtype)
    model, twin = small_model().to(dtype), small_model().to(dtype)
    history = quiet_fit(model, BCE, x, valid=x, epochs=3, batch_size=16, lr=0.02, seed=4)

    optimiser = torch.optim.Adam(twin.parameters(), lr=0.02, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.02, total_steps=3 * 4)
    order, train_losses, valid_losses = generator(4), [], []
    for _ in range(3):
        total = 0.0
        for rows in torch.randperm(50, generator=order).split(16):
            raw = twin.decoder(twin.encoder(x[rows]))
            elements = nn.functional.binary_cross_entropy_with_logits(raw, x[rows], reduction="sum")
            optimiser.zero_grad()
            (elements / len(rows)).backward()
            optimiser.step()
            schedule.step()
            total += elements.item()
        train_losses.append(total / 50)
        with torch.no_grad():
            raw = twin.decoder(twin.encoder(x))
            elements = nn.functional.binary_cross_entropy_with_logits(raw, x, reduction="sum")
        valid_losses.append(elements.item() / 50)

    tolerance = 1e-5 if dtype == torch.float32 else 1e-12
    assert history.train["reconstruction"] == pytest.approx(train_losses, rel=tolerance)
    assert history.valid["reconstruction"] == pytest.approx(valid_losses, rel=tolerance)
    torch.testing.assert_close(weights(model), weights(twin), rtol=100 * tolerance, atol=tolerance)


@pytest.mark.parametrize("terms", [MSE, BCE])
@pytest.mark.parametrize("device", DEVICES)
def test_training_reduces_the_loss(terms, device):
    model = small_model().to(device)
    history = quiet_fit(model, terms, blobs(), valid=blobs(20, seed=1), epochs=8, batch_size=10)
    assert fell(history.train["reconstruction"]) and fell(history.valid["reconstruction"])
    assert next(model.parameters()).device.type == device


def test_the_same_seed_gives_the_same_weights_bit_by_bit():
    def trained(seed: int, model_seed: int = 0) -> torch.Tensor:
        model = small_model(model_seed)
        quiet_fit(model, MSE, blobs(), corrupt=gaussian(0.1), epochs=2, batch_size=8, seed=seed)
        return weights(model)

    assert torch.equal(trained(0), trained(0))
    assert not torch.equal(trained(0), trained(1))
    assert not torch.equal(trained(0), trained(0, model_seed=1))


def test_aecourse_seed_shifts_order_and_noise(monkeypatch):
    def trained() -> torch.Tensor:
        model = small_model()
        model.load_state_dict({k: torch.full_like(v, 0.1) for k, v in model.state_dict().items()})
        quiet_fit(model, MSE, blobs(), epochs=2, batch_size=8)
        return weights(model)

    monkeypatch.setenv("AECOURSE_SEED", "1")
    first = trained()
    monkeypatch.setenv("AECOURSE_SEED", "2")
    assert not torch.equal(trained(), first)


def test_the_global_random_state_is_left_alone():
    before = torch.get_rng_state()
    noisy = {"corrupt": gaussian(0.1), "batch_size": 9}
    quiet_fit(small_model(), MSE, blobs(), valid=blobs(), epochs=2, **noisy)
    assert torch.equal(torch.get_rng_state(), before)


def test_aecourse_perturb_moves_the_initial_weights(monkeypatch):
    still = {"optimizer": torch.optim.SGD, "lr": 1e-300, "schedule": "constant", "epochs": 1}
    model = small_model().double()
    before = weights(model)
    quiet_fit(model, MSE, blobs().double(), batch_size=60, **still)
    assert torch.equal(weights(model), before)
    monkeypatch.setenv("AECOURSE_PERTURB", "1e-6")
    quiet_fit(model, MSE, blobs().double(), batch_size=60, **still)
    assert (weights(model) / before - 1).std().item() == pytest.approx(1e-6, rel=0.2)


# --------------------------------------------------------------------------- batches


@pytest.mark.parametrize(
    ("count", "batch_size", "sizes"),
    [
        (20, 5, [5, 5, 5, 5]),
        (22, 5, [5, 5, 5, 5, 2]),
        (21, 5, [5, 5, 5, 6]),  # a single row cannot be normalised: it joins the batch before
        (21, 21, [21]),
        (3, 2, [3]),
        (3, 1, [1, 1, 1]),
        (1, 1, [1]),
    ],
)
def test_every_row_is_used_once_in_each_epoch(count, batch_size, sizes):
    spy, x = Spy(), blobs(count)
    history = quiet_fit(small_model(), {"spy": spy}, x, epochs=2, batch_size=batch_size)
    assert [len(batch.target) for batch in spy.training] == sizes * 2
    assert history.steps == [len(sizes)] * 2
    first, second = (
        torch.cat([batch.target for batch in part])
        for part in (spy.training[: len(sizes)], spy.training[len(sizes) :])
    )
    for epoch in (first, second):
        assert torch.equal(epoch.flatten(1).unique(dim=0), x.flatten(1).unique(dim=0))
    if count > 3:
        assert not torch.equal(first, second)  # another order


def test_batch_normalisation_meets_no_single_row():
    quiet_fit(batch_norm_model(), MSE, blobs(21), epochs=1, batch_size=5)


class OrderOfFit(Sampler):
    """The order in which fit goes through tensors."""

    def __init__(self, count: int, seed: int):
        self.count, self.order = count, generator(seed)

    def __iter__(self):
        yield from torch.randperm(self.count, generator=self.order).tolist()

    def __len__(self):
        return self.count


@pytest.mark.parametrize("with_labels", [True, False])
def test_a_loader_in_the_same_order_gives_the_same_weights(with_labels):
    x = blobs(50)
    data = TensorDataset(x, torch.arange(50)) if with_labels else x
    loader = DataLoader(data, batch_size=16, sampler=OrderOfFit(50, seed=3))
    model, twin = small_model(), small_model()
    history = quiet_fit(model, MSE, loader, epochs=2, seed=3)
    same = quiet_fit(twin, MSE, x, epochs=2, batch_size=16, seed=3)
    assert torch.equal(weights(model), weights(twin)) and history.train == same.train


# --------------------------------------------------------------------------- inputs and targets


def test_inputs_are_corrupted_and_targets_are_not():
    spy, x = Spy(), blobs(20)
    quiet_fit(
        small_model(), {"spy": spy}, x, valid=x, epochs=2, batch_size=20,
        corrupt=lambda x, generator: x + 5,
    )  # fmt: skip
    for batch in spy.training + spy.validation:
        assert torch.equal(batch.input, batch.target + 5)
        assert torch.equal(batch.target.flatten(1).unique(dim=0), x.flatten(1).unique(dim=0))


def test_noise_is_fresh_in_training_and_the_same_in_every_validation():
    spy, x = Spy(), blobs(20)
    quiet_fit(
        small_model(), {"spy": spy}, x, valid=x, epochs=3, batch_size=20, corrupt=gaussian(0.5)
    )
    training = [batch.input - batch.target for batch in spy.training]
    validation = [batch.input - batch.target for batch in spy.validation]
    assert len(training) == len(validation) == 3
    assert not torch.equal(training[0], training[1])
    assert torch.equal(validation[0], validation[1]) and torch.equal(validation[0], validation[2])
    assert not torch.equal(validation[0], training[0])


def test_a_pair_gives_inputs_and_targets():
    spy, x = Spy(), blobs(20)
    quiet_fit(small_model(), {"spy": spy}, (x, 1 - x), valid=(x, 1 - x), epochs=1, batch_size=7)
    for batch in spy.training + spy.validation:
        assert torch.equal(batch.target, 1 - batch.input)


def test_progress_runs_from_0_to_1_and_validation_counts_as_the_end():
    spy = Spy()
    quiet_fit(small_model(), {"spy": spy}, blobs(20), valid=blobs(5), epochs=2, batch_size=5)
    assert [batch.progress for batch in spy.training] == [k / 7 for k in range(8)]
    assert {batch.progress for batch in spy.validation} == {1.0}


def test_the_loss_is_the_sum_of_its_terms():
    terms = {"reconstruction": mse, "code": lambda model, batch, output: output.code.abs().sum(1)}
    both, once = small_model(), small_model()
    quiet_fit(both, terms, blobs(), epochs=1, batch_size=10)
    quiet_fit(
        once, {"all": lambda *given: sum(term(*given) for term in terms.values())}, blobs(),
        epochs=1, batch_size=10,
    )  # fmt: skip
    torch.testing.assert_close(weights(both), weights(once))


# --------------------------------------------------------------------------- rates


class Recorder:
    """An optimiser for fit, and a callback that notes its settings after each step."""

    def __init__(self, kind):
        self.kind, self.seen = kind, []

    def __call__(self, parameters, lr):
        self.optimiser = self.kind(parameters, lr=lr)
        return self.optimiser

    def after_step(self, model):
        self.seen.append({k: v for k, v in self.optimiser.param_groups[0].items() if k != "params"})


def recorded(kind, **settings) -> list[dict]:
    recorder = Recorder(kind)
    quiet_fit(
        small_model(), MSE, blobs(60), optimizer=recorder, after_step=[recorder.after_step],
        **({"epochs": 10, "batch_size": 6, "lr": 0.01} | settings),
    )  # fmt: skip
    return recorder.seen


def test_the_one_cycle_schedule_reaches_its_peak_and_comes_down():
    rates = [group["lr"] for group in recorded(torch.optim.Adam)]
    assert max(rates) == pytest.approx(0.01, rel=1e-3)
    assert rates.index(max(rates)) == pytest.approx(0.3 * len(rates), abs=2)
    assert rates[0] < 0.001 and rates[-1] < 0.01 / 1000


def test_the_constant_schedule_is_constant():
    assert {g["lr"] for g in recorded(torch.optim.Adam, schedule="constant")} == {0.01}


def test_an_optimiser_without_momentum_is_given_none():
    assert {group["momentum"] for group in recorded(torch.optim.SGD)} == {0}
    assert recorded(torch.optim.Adagrad)  # it knows no momentum at all


def test_a_single_step_is_taken_at_the_full_rate():
    model, x = small_model(), blobs()
    before = weights(model)
    quiet_fit(model, MSE, x, epochs=1, batch_size=60, lr=0.01)
    assert (weights(model) - before).abs().max().item() == pytest.approx(0.01, rel=1e-3)


def test_frozen_weights_stay():
    model = small_model()
    model.encoder.requires_grad_(False)
    frozen, free = weights(model.encoder), weights(model.decoder)
    quiet_fit(model, MSE, blobs(), epochs=1, batch_size=10)
    assert torch.equal(weights(model.encoder), frozen)
    assert not torch.equal(weights(model.decoder), free)


# --------------------------------------------------------------------------- callbacks, history


def test_callbacks_are_called_as_often_as_promised():
    steps, epochs = [], []
    model = small_model()
    history = quiet_fit(
        model, MSE, blobs(23), valid=blobs(5), epochs=3, batch_size=5,
        after_step=[lambda model: steps.append((model, torch.is_grad_enabled()))],
        on_epoch=[lambda model, history: epochs.append(len(history.train["reconstruction"]))],
    )  # fmt: skip
    assert steps == [(model, False)] * sum(history.steps) == [(model, False)] * 15
    assert epochs == [1, 2, 3]
    assert len(history.seconds) == 3 and all(seconds > 0 for seconds in history.seconds)
    assert model.history is history and not model.training


def test_the_model_trains_again_after_a_callback_that_evaluates():
    modes = []

    def spy(model, batch, output):
        modes.append(model.training)
        return mse(model, batch, output)

    quiet_fit(
        small_model(), {"spy": spy}, blobs(10), epochs=2, batch_size=10,
        on_epoch=[lambda model, history: model.eval()],
    )  # fmt: skip
    assert modes == [True, True]


def wreck_in_epoch(number: int, snapshots: list):
    """A callback that notes the weights, and then spoils those of one epoch."""

    def callback(model, history):
        snapshots.append(weights(model))
        if len(snapshots) >= number:
            with torch.no_grad():
                for weight in model.parameters():
                    weight.add_(3)

    return callback


@pytest.mark.parametrize("keep_best", [True, False])
def test_keep_best_puts_the_best_weights_back(keep_best):
    model, snapshots = small_model(), []
    history = quiet_fit(
        model, MSE, blobs(), valid=blobs(20, seed=1), epochs=4, batch_size=10, lr=0.003,
        keep_best=keep_best, on_epoch=[wreck_in_epoch(2, snapshots)],
    )  # fmt: skip
    losses = history.valid["reconstruction"]
    assert history.best_epoch == 1 + losses.index(min(losses)) <= 2
    assert torch.equal(weights(model), snapshots[history.best_epoch - 1]) == keep_best


def test_monitor_chooses_the_term_that_decides():
    def best_epoch(monitor):
        age = [0]

        def rising(model, batch, output):
            return torch.full((len(batch.input),), 100.0 * age[0])

        def grow(model, history):
            age[0] += 1

        history = quiet_fit(
            small_model(), MSE | {"rising": rising}, blobs(), valid=blobs(9), epochs=4,
            batch_size=10, monitor=monitor, on_epoch=[grow],
        )  # fmt: skip
        return history.best_epoch

    assert best_epoch(None) == best_epoch("rising") == 1
    assert best_epoch("reconstruction") == 4


def test_the_validation_loss_decides_where_there_is_one():
    history = quiet_fit(small_model(), MSE, blobs(), valid=1 - blobs(), epochs=8, batch_size=10)
    assert fell(history.train["reconstruction"]) and not fell(history.valid["reconstruction"])
    losses = history.valid["reconstruction"]
    assert history.best_epoch == 1 + losses.index(min(losses)) < 8


def test_a_second_fit_goes_on_from_the_first():
    model = small_model()
    first = quiet_fit(model, MSE, blobs(), epochs=4, batch_size=10)
    second = quiet_fit(model, MSE, blobs(), epochs=1, batch_size=10)
    assert second.train["reconstruction"][0] < first.train["reconstruction"][0]
    assert model.history is second


# --------------------------------------------------------------------------- what is printed


def as_seen(text: str) -> list[str]:
    """The lines that a terminal or a notebook shows of a text with carriage returns."""
    lines = []
    for line in text.split("\n"):
        shown = ""
        for piece in line.split("\r"):
            shown = piece + shown[len(piece) :]
        lines.append(shown.rstrip())
    return lines


@pytest.mark.parametrize("moving", ["1", "0", None])
def test_one_clean_line_stays_on_standard_output(moving, monkeypatch, capsys):
    monkeypatch.delenv("AECOURSE_PROGRESS", raising=False)
    if moving is not None:
        monkeypatch.setenv("AECOURSE_PROGRESS", moving)
    history = fit(small_model(), BCE, blobs(), valid=blobs(9), epochs=2, batch_size=2)
    printed = capsys.readouterr()
    assert printed.err == ""
    assert as_seen(printed.out) == [history.summary(), ""]
    assert ("\r" in printed.out) == (moving != "0")
    assert history.summary().startswith("2 epochs · train: reconstruction ")


def test_nothing_is_printed_on_request(capsys):
    model = small_model()
    fit(model, MSE, blobs(), epochs=1, batch_size=10, progress=False)
    assert not model.training  # ready for use, with validation data or without
    assert capsys.readouterr() == ("", "")


def test_the_summary_tells_the_last_loss_of_each_term():
    history = quiet_fit(small_model(), {"a": mse, "b": mse}, blobs(), epochs=1, batch_size=30)
    value = f"{history.train['a'][-1]:.5g}"
    assert history.summary() == f"1 epoch · train: a {value}, b {value}"


# --------------------------------------------------------------------------- Objective


def test_an_objective_is_an_ordinary_module():
    x = blobs(12)
    objective = Objective(small_model(), {"a": mse, "b": bce})
    values = objective(x, x)
    assert values.shape == (2,)
    assert torch.equal(deepcopy(objective)(x, x), values)
    parameters = dict(objective.named_parameters())
    assert torch.equal(torch.func.functional_call(objective, parameters, (x, x)), values)

    def total(parameters):
        return torch.func.functional_call(objective, parameters, (x, x)).sum()

    gradients = torch.func.grad(total)(parameters)
    values.sum().backward()
    for name, weight in objective.named_parameters():
        torch.testing.assert_close(gradients[name], weight.grad)


def test_the_validation_mean_weighs_rows_and_not_batches(monkeypatch):
    monkeypatch.setattr("aecourse.training.EVALUATION_BATCH", 4)
    model, x = small_model(), blobs(9)
    history = quiet_fit(model, MSE, blobs(), valid=x, epochs=1, batch_size=30)
    expected = (model(x) - x).square().flatten(1).sum(1).mean().item()
    assert math.isclose(history.valid["reconstruction"][0], expected, rel_tol=1e-5)


def test_own_kernel_computes_the_same(monkeypatch):
    """Transposed convolutions to one map take another kernel: the same values and gradients."""
    calls = []
    kernel = torch.ops.aten.slow_conv_transpose2d
    monkeypatch.setattr(
        torch.ops.aten, "slow_conv_transpose2d", lambda *args: calls.append(args) or kernel(*args)
    )
    with seeded(0):
        model = Convolutional(3, channels=(2, 4), shape=(1, 12, 12)).double()
        images = torch.rand(5, 1, 12, 12, dtype=torch.float64)
    objective = Objective(model, MSE)
    objective(images, images).sum().backward()
    ours = [weight.grad.clone() for weight in model.parameters()]
    assert len(calls) == 1  # of two transposed convolutions, the one that ends in one map

    model.zero_grad()
    usual = mse(model, Batch(images, images), model.run(images)).mean()
    usual.backward()
    assert len(calls) == 1
    assert torch.allclose(objective(images, images).sum(), usual, rtol=1e-12)
    for mine, weight in zip(ours, model.parameters(), strict=True):
        assert torch.allclose(mine, weight.grad, rtol=1e-10, atol=1e-14)
