"""The training loop that the course uses once lesson 01 has written one out."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils.data import DataLoader
from tqdm import tqdm

from aecourse.corruption import Corruption
from aecourse.objectives import Term
from aecourse.protocol import EVALUATION_BATCH, Batch, checked_output
from aecourse.randomness import generator, perturb_weights

Data = Tensor | tuple[Tensor, Tensor] | DataLoader

VALIDATION_NOISE_SEED = 4_000_037


class TrainingDiverged(RuntimeError):
    """The loss became infinite or NaN. Model and history are as they were at that moment."""


@dataclass
class History:
    """What happened during a fit; every list has one entry per epoch.

    Attributes:
        train: name of the term → mean per example over the epoch, *while* the weights moved.
        valid: name of the term → mean per example on the validation data after the epoch.
        seconds: duration of each epoch, training only.
        steps: number of gradient steps in each epoch.
        best_epoch: number (from 1) of the epoch with the lowest monitored loss.
    """

    train: dict[str, list[float]] = field(default_factory=dict)
    valid: dict[str, list[float]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    best_epoch: int | None = None

    def record(self, part: str, means: Mapping[str, float]) -> None:
        for name, value in means.items():
            getattr(self, part).setdefault(name, []).append(value)

    def summary(self) -> str:
        """One line: number of epochs and the last loss of each term."""
        epochs = len(self.seconds)
        pieces = [f"{epochs} epoch{'s' if epochs != 1 else ''}"]
        for part in ("train", "valid"):
            losses = [f"{name} {values[-1]:.5g}" for name, values in getattr(self, part).items()]
            if losses:
                pieces.append(f"{part}: {', '.join(losses)}")
        return " · ".join(pieces)


class _OwnKernel(TorchFunctionMode):
    """Transposed convolutions that end in one map, by PyTorch's own kernel instead of oneDNN's,
    which takes several times as long there on a CPU. The numbers are equal up to rounding."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is F.conv_transpose2d and not kwargs:
            x, weight, bias, stride, padding, output_padding, groups, dilation = args
            if weight.shape[1] == groups == 1 and x.ndim == 4 and x.device.type == "cpu":
                return torch.ops.aten.slow_conv_transpose2d(
                    x, weight, weight.shape[2:], bias, stride, padding, output_padding, dilation
                )
        return function(*args, **(kwargs or {}))


class Objective(nn.Module):
    """A model together with the terms of its loss, as one module.

    Being a module, it can be wrapped by DistributedDataParallel or ``torch.compile``.
    """

    def __init__(self, model: nn.Module, terms: Mapping[str, Term]):
        super().__init__()
        self.model, self.terms = model, dict(terms)
        ends_in_one_map = any(
            isinstance(layer, nn.ConvTranspose2d) and layer.out_channels == 1
            for layer in model.modules()
        )
        self.kernels = _OwnKernel() if ends_in_one_map else nullcontext()

    def forward(
        self,
        inputs: Tensor,
        targets: Tensor,
        progress: float = 1.0,
        generator: Generator | None = None,
    ) -> Tensor:
        """The mean of each term over the batch, (number of terms,); their sum is the loss."""
        with self.kernels:
            output = checked_output(self.model.run(inputs, generator), targets)
        batch = Batch(inputs, targets, progress)
        values = [term(self.model, batch, output) for term in self.terms.values()]
        for name, value in zip(self.terms, values):
            shape = tuple(getattr(value, "shape", ()))
            if shape != (len(inputs),):
                raise ValueError(
                    f"The term {name!r} returned shape {shape}; a term returns one "
                    f"number per example, here ({len(inputs)},). Sum over features, not over rows."
                )
        return torch.stack(values).mean(1)


def fit(
    model: nn.Module,
    terms: Mapping[str, Term],
    train: Data,
    *,
    valid: Tensor | tuple[Tensor, Tensor] | None = None,
    corrupt: Corruption | None = None,
    epochs: int = 10,
    batch_size: int = 128,
    lr: float = 1e-3,
    schedule: str = "one-cycle",
    optimizer: Callable[..., torch.optim.Optimizer] | None = None,
    monitor: str | None = None,
    keep_best: bool = False,
    after_step: Sequence[Callable[[nn.Module], None]] = (),
    on_epoch: Sequence[Callable[[nn.Module, History], None]] = (),
    seed: int = 0,
    progress: bool | None = None,
) -> History:
    """Train an autoencoder.

    Args:
        model: an :class:`~aecourse.models.Autoencoder`, or any module whose ``run`` returns an
            :class:`~aecourse.protocol.Output`; it is trained where it is (its device).
        terms: name → term; the loss is their sum, averaged over the batch.
        train: inputs (N, *shape), which are also the targets; or a pair (inputs, targets); or a
            ``DataLoader`` with a length, of whose batches the first element is used (in the
            loader's own order: ``seed`` does not reach it). Floating-point numbers; class indices
            (int64) for a model that says ``takes_tokens = True``.
        valid: like ``train`` (no loader), evaluated after every epoch.
        corrupt: applied afresh to the inputs of each batch, never to the targets. The noise on
            the validation data is the same after every epoch.
        epochs, batch_size, lr: lr is the *highest* rate of a one-cycle schedule.
        schedule: "one-cycle" (the rate rises for 30 % of the steps, then falls to almost 0:
            Smith & Topin 2019) or "constant".
        optimizer: called with (parameters, lr=lr); Adam unless given. For dense nets and batches
            of 256 or more, :class:`aecourse.muon.Muon` needs fewer steps.
        monitor: term whose validation mean decides which epoch is best; the sum unless given.
        keep_best: at the end, put the weights of the best epoch back.
        after_step: called with the model after each gradient step, without gradients (to project
            weights, say).
        on_epoch: called with (model, history) after each epoch.
        seed: for the order of the batches, corruption and sampling; shifted by AECOURSE_SEED.
        progress: show a bar and one line at the end; unless given, yes, without the moving bar
            if the environment says AECOURSE_PROGRESS=0.

    Returns:
        The :class:`History`, which is also kept as ``model.history``.

    Raises:
        ValueError, TypeError: the data or a setting makes no sense; nothing was trained.
        TrainingDiverged: the loss is no longer a finite number.
        KeyboardInterrupt: you stopped it; model and ``model.history`` keep what was done.
    """
    _check_model(model)
    _check_settings(epochs, lr, schedule, terms, monitor, keep_best, valid)
    device = next(model.parameters()).device
    batches = _batches(train, batch_size, model, terms)
    if valid is not None:
        valid = _as_pair(valid, "validation set", model, terms)

    objective = Objective(model, terms)
    perturb_weights(model)
    total_steps = epochs * len(batches)
    optimiser = _make_optimizer(model, optimizer, lr, device)
    scheduler = _make_scheduler(optimiser, schedule, lr, total_steps)
    order, noise = generator(seed), generator(seed + 1, device)
    history = model.history = History()
    best_loss, best_weights = float("inf"), None

    bar = _bar(total_steps, progress)
    try:
        for epoch in range(epochs):
            model.train()
            started = time.perf_counter()
            totals, rows = torch.zeros(len(terms), device=device), 0
            for step, (inputs, targets) in enumerate(batches.shuffled(order)):
                seen = corrupt(inputs, noise) if corrupt else inputs
                share = (epoch * len(batches) + step) / max(1, total_steps - 1)
                parts = objective(seen, targets, share, noise)
                optimiser.zero_grad()
                parts.sum().backward()
                optimiser.step()
                if scheduler:
                    scheduler.step()
                with torch.no_grad():
                    for callback in after_step:
                        callback(model)
                totals = totals + parts.detach() * len(inputs)
                rows += len(inputs)
                bar.update()
            seconds = time.perf_counter() - started
            losses = dict(zip(terms, (totals / rows).tolist()))
            valid_losses = _evaluate(objective, valid, corrupt, seed) if valid else {}
            # All at once, so that an interrupt leaves lists of equal length.
            history.seconds.append(seconds)
            history.steps.append(len(batches))
            history.record("train", losses)
            history.record("valid", valid_losses)
            _stop_if_diverged(history)
            loss = _monitored(history, monitor)
            if loss < best_loss:
                best_loss, history.best_epoch = loss, epoch + 1
                best_weights = deepcopy(model.state_dict()) if keep_best else None
            for callback in on_epoch:
                callback(model, history)
        if best_weights is not None:
            model.load_state_dict(best_weights)
    finally:
        bar.close()
        model.eval()
    if progress is not False:
        print(history.summary())
    return history


# --------------------------------------------------------------------------- batches


class _TensorBatches:
    """Batches cut from tensors in memory, on the device of the model.

    The last batch of an epoch holds what is left; a single leftover row joins the batch before,
    because batch normalisation cannot work with one row (``batch_size=1`` asks for just that).
    """

    def __init__(self, inputs: Tensor, targets: Tensor, batch_size: int):
        self.inputs, self.targets = inputs, targets
        count = len(inputs)
        starts = list(range(0, count, batch_size))
        if batch_size > 1 and len(starts) > 1 and count - starts[-1] == 1:
            starts.pop()
        self.bounds = list(zip(starts, starts[1:] + [count]))

    def __len__(self) -> int:
        return len(self.bounds)

    def shuffled(self, order: Generator) -> Iterator[tuple[Tensor, Tensor]]:
        permutation = torch.randperm(len(self.inputs), generator=order).to(self.inputs.device)
        for start, stop in self.bounds:
            rows = permutation[start:stop]
            inputs = self.inputs.index_select(0, rows)  # copies whole rows: twice as fast as [rows]
            same = self.targets is self.inputs
            yield inputs, inputs if same else self.targets.index_select(0, rows)


class _LoaderBatches:
    """Batches from a DataLoader, for data that does not fit in memory; each is checked when it
    comes."""

    def __init__(self, loader: DataLoader, model: nn.Module, terms: Mapping[str, Term]):
        try:
            self.length = len(loader)
        except TypeError:
            raise TypeError("The DataLoader needs a length: use a sized data set.") from None
        if not self.length:
            raise ValueError("The DataLoader yields no batch: is its data set empty?")
        self.loader, self.model, self.terms = loader, model, terms

    def __len__(self) -> int:
        return self.length

    def shuffled(self, order: Generator) -> Iterator[tuple[Tensor, Tensor]]:
        for batch in self.loader:
            inputs = batch[0] if isinstance(batch, (list, tuple)) else batch
            yield _as_pair(inputs, "batch from the DataLoader", self.model, self.terms)


def _batches(train: Data, batch_size: int, model: nn.Module, terms: Mapping[str, Term]):
    if isinstance(train, DataLoader):
        return _LoaderBatches(train, model, terms)
    inputs, targets = _as_pair(train, "training set", model, terms)
    if not 1 <= batch_size <= len(inputs):
        raise ValueError(
            f"batch_size={batch_size}, but the training set has {len(inputs)} row(s): "
            f"choose 1 to {len(inputs)} ({len(inputs)} is one full batch)."
        )
    return _TensorBatches(inputs, targets, batch_size)


def _check_dtype(tensor: Tensor, name: str, tokens: bool) -> None:
    if tokens and tensor.dtype != torch.int64:
        raise TypeError(
            f"The {name} is {tensor.dtype}; this model takes class indices: whole numbers of "
            "type torch.int64. Convert it with .long()."
        )
    if not tokens and not tensor.is_floating_point():
        raise TypeError(
            f"The {name} is {tensor.dtype}; convert it with .float(), and divide pixel "
            "values 0 … 255 by 255."
        )


def _as_pair(data, name: str, model: nn.Module, terms) -> tuple[Tensor, Tensor]:
    """(inputs, targets) on the model's device, refused if they cannot be trained on."""
    if hasattr(data, "_fields"):  # Images or Table of aecourse.data: the second is a label
        raise TypeError(
            f"The {name} is a whole {type(data).__name__} ({', '.join(data._fields)}): pass its "
            f".{data._fields[0]} alone."
        )
    if isinstance(data, (tuple, list)) and len(data) != 2:
        raise TypeError(f"The {name} is neither a tensor nor a pair (inputs, targets).")
    inputs, targets = data if isinstance(data, (tuple, list)) else (data, data)
    tokens = getattr(model, "takes_tokens", False)
    for tensor in (inputs,) if targets is inputs else (inputs, targets):
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"The {name} is a {type(tensor).__name__}, not a torch tensor: "
                "convert it with torch.as_tensor(…).float()."
            )
        if not tensor.ndim or not len(tensor):
            raise ValueError(f"The {name} is empty.")
        _check_dtype(tensor, name, tokens and (tensor is inputs or not tensor.is_floating_point()))
        # A finite sum has finite terms, and needs no mask as large as the data.
        if not torch.isfinite(tensor.sum()) and not torch.isfinite(tensor).all():
            count = int((~torch.isfinite(tensor)).sum())
            raise ValueError(
                f"The {name} contains {count} missing or infinite value(s) (NaN, inf): drop "
                "those rows or fill the gaps first."
            )
    if len(inputs) != len(targets):
        raise ValueError(f"The {name} has {len(inputs)} inputs but {len(targets)} targets.")
    if inputs.dtype != targets.dtype and not tokens:
        raise TypeError(
            f"The {name} has {inputs.dtype} inputs but {targets.dtype} targets: "
            "convert both with .float()."
        )
    if hasattr(model, "checked"):
        model.checked(inputs[:1])
    for term in terms.values():
        if hasattr(term, "check"):
            term.check(model, targets)
    device = next(model.parameters()).device
    moved = inputs.to(device)
    return moved, moved if targets is inputs else targets.to(device)


# --------------------------------------------------------------------------- small pieces


def _check_model(model) -> None:
    if not hasattr(model, "run"):
        raise TypeError(
            f"fit trains an Autoencoder; a {type(model).__name__} has no method `run`. Wrap "
            "encoder and decoder: Autoencoder(encoder, decoder, shape, code_size)."
        )
    if not any(weight.requires_grad for weight in model.parameters()):
        raise ValueError("The model has no weight that training could change.")


def _check_settings(epochs, lr, schedule, terms, monitor, keep_best, valid) -> None:
    if epochs < 1:
        raise ValueError(f"epochs={epochs}: at least one epoch is needed.")
    if not lr > 0:
        raise ValueError(f"lr={lr}: the learning rate must be positive.")
    if schedule not in ("one-cycle", "constant"):
        raise ValueError(f"schedule={schedule!r}: choose 'one-cycle' or 'constant'.")
    if not terms:
        raise ValueError("The loss has no term: pass for instance {'reconstruction': mse}.")
    if monitor is not None and monitor not in terms:
        raise ValueError(f"monitor={monitor!r} is not a term; choose one of {', '.join(terms)}.")
    if keep_best and valid is None:
        raise ValueError("keep_best=True needs validation data: pass valid=….")


def _make_optimizer(model, optimizer, lr, device) -> torch.optim.Optimizer:
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    if optimizer is not None:
        return optimizer(weights, lr=lr)
    return torch.optim.Adam(weights, lr=lr, fused=device.type in ("cpu", "cuda"))


def _make_scheduler(optimiser, schedule: str, lr: float, total_steps: int):
    # A single step has no room for a rise and a fall: its rate would be almost 0.
    if schedule == "constant" or total_steps == 1:
        return None
    # Momentum falls while the rate rises, but an optimiser without momentum is given none.
    defaults = optimiser.defaults
    has_momentum = "betas" in defaults or bool(defaults.get("momentum"))
    return torch.optim.lr_scheduler.OneCycleLR(
        optimiser, lr, total_steps=total_steps, cycle_momentum=has_momentum
    )


def _bar(total_steps: int, progress: bool | None) -> tqdm:
    moving = progress is not False and os.environ.get("AECOURSE_PROGRESS", "1") != "0"
    # On standard output and erased at the end, so that a saved notebook keeps one clean line.
    return tqdm(total=total_steps, file=sys.stdout, leave=False, disable=not moving, ncols=80)


@torch.no_grad()
def _evaluate(objective, valid, corrupt, seed) -> dict[str, float]:
    objective.eval()
    inputs, targets = valid
    noise = generator(seed + VALIDATION_NOISE_SEED, inputs.device)
    totals = 0.0
    for start in range(0, len(inputs), EVALUATION_BATCH):
        part = slice(start, start + EVALUATION_BATCH)
        seen = corrupt(inputs[part], noise) if corrupt else inputs[part]
        totals = totals + objective(seen, targets[part], 1.0, noise) * len(seen)
    return dict(zip(objective.terms, (totals / len(inputs)).tolist()))


def _monitored(history: History, monitor: str | None) -> float:
    losses = history.valid or history.train
    if monitor is not None:
        return losses[monitor][-1]
    return sum(values[-1] for values in losses.values())


def _stop_if_diverged(history: History) -> None:
    for part in (history.train, history.valid):
        for name, values in part.items():
            if not abs(values[-1]) < float("inf"):
                raise TrainingDiverged(
                    f"The term {name!r} is {values[-1]} after epoch {len(history.seconds)}. "
                    "Usual causes: a learning rate that is too high, a logarithm or a division "
                    "of 0, unscaled data."
                )
