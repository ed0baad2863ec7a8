"""The terms of a loss.

A term is a function ``term(model, batch, output) -> (B,)``: one number per example, **summed**
over features, never averaged. Sums keep their meaning when terms are added (a squared error and
a penalty, a likelihood and a KL divergence); only :mod:`aecourse.evaluation` divides by pixels.

A term may carry a function ``check(model, target)`` that refuses targets it makes no sense for;
:func:`aecourse.training.fit` calls it once before training.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aecourse.protocol import Batch, Layout, Output
from aecourse.randomness import generator

Term = Callable[[nn.Module, Batch, Output], Tensor]


def checked_by(check: Callable[[nn.Module, Tensor], None]) -> Callable[[Term], Term]:
    """Decorator: give a term its check."""

    def attach(term: Term) -> Term:
        term.check = check
        return term

    return attach


def check_unit_interval(model: nn.Module, target: Tensor) -> None:
    """Refuse what binary cross-entropy cannot compare: targets outside [0, 1], or a model
    whose output is not a sigmoid."""
    low, high = (bound.item() for bound in target.aminmax())
    if low < 0 or high > 1:
        cure = "divide pixels by 255" if high > 1 and low >= 0 else "use mse for real values"
        raise ValueError(
            f"Binary cross-entropy needs targets in [0, 1]; these reach from {low:g} to {high:g}. "
            f"Scale them first ({cure})."
        )
    if model.output != "sigmoid":
        raise ValueError(
            "Binary cross-entropy is computed from logits and takes the output activation to be "
            f"a sigmoid; this model's is {model.output!r}. Build it with output='sigmoid'."
        )


def mse(model: nn.Module, batch: Batch, output: Output) -> Tensor:
    """Squared error per example, summed over features.

    Up to a constant and a factor, it is the negative log-likelihood of a Gaussian whose mean is
    the reconstruction.

    Returns:
        (B,), in squared units of the data.
    """
    error = model.activation(output.raw) - batch.target
    return error.square().flatten(1).sum(1)


def gaussian_nll(sigma: float) -> Term:
    """Negative log-likelihood of a Gaussian around the reconstruction, with one standard deviation
    for all features, per example.

    ½ · squared error / σ² + ½ · features · log(2πσ²): :func:`mse` with its scale and its constant.

    Args:
        sigma: standard deviation, in units of the data.

    Returns:
        A term: (B,), in nats (for densities these can be negative).
    """
    if not 0 < sigma < float("inf"):
        raise ValueError(f"sigma={sigma}: a standard deviation is a positive number.")

    def nll(model: nn.Module, batch: Batch, output: Output) -> Tensor:
        features = batch.target[0].numel()
        constant = 0.5 * features * math.log(2 * math.pi * sigma**2)
        return mse(model, batch, output) / (2 * sigma**2) + constant

    return nll


@checked_by(check_unit_interval)
def bce(model: nn.Module, batch: Batch, output: Output) -> Tensor:
    """Binary cross-entropy per example, summed over features, computed from logits.

    Returns:
        (B,), in nats. For targets that are 0 or 1 it is a negative log-likelihood; for grey
        values it never reaches 0, not even for a perfect copy.
    """
    loss = F.binary_cross_entropy_with_logits(output.raw, batch.target, reduction="none")
    return loss.flatten(1).sum(1)


def mixed(layout: Layout) -> Term:
    """The loss for a table with columns of several kinds, summed over columns, in nats.

    Real columns cost half the squared error (a Gaussian of variance 1), binary ones the binary
    cross-entropy, each categorical variable the cross-entropy of its softmax.

    Args:
        layout: which columns are which; the model needs ``output=layout`` as well.
    """

    def check(model: nn.Module, target: Tensor) -> None:
        if model.output != layout:
            raise ValueError("Build the model with output=layout, the same layout as the loss.")
        for kind, columns in layout.split(target):
            if kind != "real" and (columns.min() < 0 or columns.max() > 1):
                raise ValueError(f"A {kind} column holds values outside [0, 1].")
            if kind == "categorical" and not torch.allclose(
                columns.sum(1), torch.ones_like(columns[:, 0])
            ):
                raise ValueError("The one-hot columns of a category must add up to 1 in each row.")

    @checked_by(check)
    def mixed_loss(model: nn.Module, batch: Batch, output: Output) -> Tensor:
        pairs = zip(layout.split(output.raw), layout.split(batch.target))
        return torch.stack([_block_loss(kind, raw, x) for (kind, raw), (_, x) in pairs]).sum(0)

    return mixed_loss


def _block_loss(kind: str, raw: Tensor, target: Tensor) -> Tensor:
    if kind == "real":
        return 0.5 * (raw - target).square().sum(1)
    if kind == "binary":
        return F.binary_cross_entropy_with_logits(raw, target, reduction="none").sum(1)
    return F.cross_entropy(raw, target, reduction="none")


# --------------------------------------------------------------------------- sparse codes


def l1(weight: float) -> Term:
    """Weight times the sum of absolute code units, per example.

    It can be evaded by a smaller code and a larger decoder: train with
    ``after_step=[unit_norm_decoder]`` where its value has to mean something.

    Raises:
        ValueError: the weight is negative or not finite.
    """
    _check_weight(weight)

    def sparsity(model: nn.Module, batch: Batch, output: Output) -> Tensor:
        return weight * output.code.abs().sum(1)

    return sparsity


def check_gates(model: nn.Module, target: Tensor) -> None:
    """Refuse a model whose units have no gates."""
    if not hasattr(model, "gated"):
        raise ValueError(
            f"The L0 penalty counts open gates, and a {type(model).__name__} has none. Build a "
            "models.JumpReLU(shape, code_size)."
        )


def l0(weight: float) -> Term:
    """Weight times the number of active units of a :class:`~aecourse.models.JumpReLU`, per example.

    Its gradient reaches the thresholds alone. (Rajamanoharan et al. 2024.)

    Raises:
        ValueError: the weight is negative or not finite; or, before training, the model has no
            gates.
    """
    _check_weight(weight)

    @checked_by(check_gates)
    def sparsity(model: nn.Module, batch: Batch, output: Output) -> Tensor:
        return weight * output.extra["gates"].sum(1)

    return sparsity


def kl_sparsity(weight: float, rho: float) -> Term:
    """KL divergence of each unit's mean activation from ``rho``, summed over units, in nats.

    For a unit whose activation, averaged over the *batch*, is q, it is
    ρ log(ρ/q) + (1 − ρ) log((1 − ρ)/(1 − q)). It is a property of the batch, so every example
    gets the same number. It asks units to be quiet on average, not examples to use few units.
    (Ng 2011; Nair & Hinton 2009.)

    Args:
        weight: factor.
        rho: the mean activation asked for, between 0 and 1. Codes have to lie in [0, 1]: build
            the model with ``code_activation="sigmoid"``.

    Raises:
        ValueError: a setting is out of range; or, before training, codes leave [0, 1].
    """
    _check_weight(weight)
    if not 0 < rho < 1:
        raise ValueError(f"rho={rho}: a mean activation lies between 0 and 1, such as 0.05.")

    @torch.no_grad()
    def check(model: nn.Module, target: Tensor) -> None:
        some = target[:100].to(next(model.parameters()).device)
        code = model.encode(some)
        if code.min() < 0 or code.max() > 1:
            raise ValueError(
                "KL sparsity compares mean activations with a share, and takes codes in [0, 1]; "
                f"these reach from {code.min():g} to {code.max():g}. Build the model with "
                "code_activation='sigmoid'."
            )

    @checked_by(check)
    def sparsity(model: nn.Module, batch: Batch, output: Output) -> Tensor:
        q = output.code.mean(0).clamp(1e-6, 1 - 1e-6)
        divergence = rho * torch.log(rho / q) + (1 - rho) * torch.log((1 - rho) / (1 - q))
        return (weight * divergence.sum()).expand(len(output.code))

    return sparsity


def _check_weight(weight: float) -> None:
    if not 0 <= weight < float("inf"):
        raise ValueError(f"weight={weight}: the weight of a penalty is 0 or more.")


# --------------------------------------------------------------------------- contraction


def encoder_jacobian(model: nn.Module, x: Tensor) -> Tensor:
    """Derivative of every code unit with respect to every input: (B, code_size, features).

    Examples are taken one by one (``vmap``), so the encoder must not mix them: batch
    normalisation has to be in evaluation mode.

    Args:
        x: (B, *shape).
    """

    def encode_one(one: Tensor) -> Tensor:
        return model.encode(one.unsqueeze(0)).squeeze(0)

    rows = torch.func.vmap(torch.func.jacrev(encode_one), randomness="different")(x)
    return rows.flatten(2)


def contraction(
    weight: float, *, exact: bool = True, relative: bool = False, probes: int = 1, seed: int = 0
) -> Term:
    """Weight times the squared Frobenius norm of the encoder's Jacobian, per example.

    ‖J(x)‖² is the sum of all squared derivatives of the code with respect to the input: how much
    the code moves under small input noise. (Rifai et al. 2011.)

    Args:
        weight: factor.
        exact: the exact norm: a closed form for an encoder of one linear layer, with or without a
            sigmoid; the whole Jacobian for any other, at the price of code_size backward passes.
            If False, Hutchinson's unbiased estimate ‖Jᵀv‖² with random signs v.
        relative: divide each unit's squared derivatives by the unit's variance over the batch.
            The plain norm can be evaded by a smaller code and a larger decoder; this one cannot.
        probes: draws of v for each example, if not exact.
        seed: of these draws, which go on from call to call; shifted by AECOURSE_SEED.

    Raises:
        ValueError: a setting is out of range; a batch of one example, if relative.
    """
    _check_weight(weight)
    if not exact and probes < 1:
        raise ValueError(f"probes={probes}: an estimate needs at least one draw.")
    random = {}  # device -> generator

    def penalty(model: nn.Module, batch: Batch, output: Output) -> Tensor:
        code, x = output.code, batch.input
        units = torch.ones_like(code[0])
        if relative:
            if len(code) < 2:
                raise ValueError("A relative contraction needs two examples to know a variance.")
            units = 1 / code.var(0, correction=0).clamp(min=1e-8)
        if exact:
            slopes = _one_layer_slopes(model, code)
            if slopes is None:
                slopes = encoder_jacobian(model, x).square().sum(2)
            return weight * (slopes @ units)
        if code.device not in random:
            random[code.device] = generator(seed, code.device)
        _, pull_back = torch.func.vjp(model.encode, x)
        total = 0.0
        for _ in range(probes):
            coins = torch.rand(code.shape, generator=random[code.device], device=code.device)
            signs = torch.where(coins < 0.5, -1.0, 1.0).to(code)
            total = total + pull_back(signs * units.sqrt())[0].flatten(1).square().sum(1)
        return weight * total / probes

    return penalty


def _one_layer_slopes(model: nn.Module, code: Tensor) -> Tensor | None:
    """Squared norm of each unit's gradient (B, code_size) in closed form; None if the encoder is
    not one linear layer, with or without a sigmoid."""
    layers = [
        layer
        for layer in (model.encoder if isinstance(model.encoder, nn.Sequential) else ())
        if not isinstance(layer, (nn.Flatten, nn.Identity))
    ]
    kinds = [type(layer) for layer in layers]
    if kinds not in ([nn.Linear], [nn.Linear, nn.Sigmoid]):
        return None
    slope = code * (1 - code) if len(kinds) == 2 else torch.ones_like(code)
    return slope.square() * layers[0].weight.square().sum(1)


# --------------------------------------------------------------------------- variational


def check_posterior(model: nn.Module, target: Tensor) -> None:
    """Refuse a model that has no posterior."""
    if not hasattr(model, "posterior"):
        raise ValueError(
            f"The KL divergence needs a posterior, and a {type(model).__name__} has none. Build a "
            "variational autoencoder: models.VAE(shape, code_size)."
        )


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL divergence of N(mean, exp(log_variance)) from N(0, 1), for each number: ≥ 0, in nats.

    ½ (mean² + variance − log variance − 1); same shape as ``mean``. (Kingma & Welling 2014,
    appendix B.)
    """
    # expm1, because exp(v) − 1 − v loses its digits for variances near 1.
    return 0.5 * (mean.square() + torch.expm1(log_variance) - log_variance)


def kl_to_prior(weight: float = 1.0, warm_up: float = 0.0, free_bits: float = 0.0) -> Term:
    """KL divergence of a VAE's posterior from the prior N(0, I), summed over code dimensions.

    With ``bce`` on black and white pixels it makes the negative ELBO, in nats per example.

    Args:
        weight: the β of a β-VAE (Higgins et al. 2017); 1 is the ELBO.
        warm_up: share of the training, 0 … 1, during which the weight rises in a straight line
            from 0 (Bowman et al. 2016). Evaluation always sees the full weight.
        free_bits: in *nats* per code dimension, despite its name. A dimension whose KL, averaged
            over the batch, is below this counts as having just this much, and feels no pressure
            to shrink (Kingma et al. 2016). Averaged over the batch, the term is then
            Σ max(free_bits, mean KL): it depends on the company of an example.

    Raises:
        ValueError: a setting makes no sense; or, before training, the model has no posterior.
    """
    if not 0 <= weight < float("inf"):
        raise ValueError(f"weight={weight}: the weight of the KL term is 0 or more.")
    if not 0 <= warm_up <= 1:
        raise ValueError(f"warm_up={warm_up}: choose a share of the training, 0 to 1.")
    if not 0 <= free_bits < float("inf"):
        raise ValueError(f"free_bits={free_bits}: choose 0 or more nats per code dimension.")

    @checked_by(check_posterior)
    def kl(model: nn.Module, batch: Batch, output: Output) -> Tensor:
        divergence = gaussian_kl(*output.posterior)
        if free_bits:
            charged = divergence.mean(0) > free_bits
            divergence = torch.where(charged, divergence, free_bits)
        share = min(1.0, batch.progress / warm_up) if warm_up else 1.0
        return weight * share * divergence.sum(1)

    return kl
