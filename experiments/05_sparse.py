"""Lesson 05: error against active units for five kinds of sparse code, beside PCA and a dictionary.

Every net has one linear layer on either side of the code and a sigmoid output; the sparse ones have
256 code units. All are trained on binary cross-entropy for two epochs of 128, from ``tied_start``
and three seeds. Beside them stand dense codes: lesson 02's net with hidden layers, and nets
without, trained like the sparse ones. Errors are per pixel, on the 10,000 test images (the first
1,000 of them for orthogonal matching pursuit, which searches for each image).
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from sklearn.decomposition import MiniBatchDictionaryLearning, sparse_encode
from torch import Tensor

from aecourse import data, evaluation, results
from aecourse.models import Dense, TopK, code_layer, keep_largest, tied_start, unit_norm_decoder
from aecourse.objectives import bce, kl_sparsity, l1
from aecourse.randomness import seeded
from aecourse.training import fit

SHAPE, UNITS, SEEDS = (1, 28, 28), 256, (0, 1, 2)
BUDGETS = (5, 10, 25, 50, 100)


def scaled_l1(weight: float):
    """L1 of the code, each unit weighed with the norm of its decoder column."""

    def sparsity(model, batch, output) -> Tensor:
        norms = code_layer(model).weight.norm(dim=0)
        return weight * (output.code.abs() * norms).sum(1)

    return sparsity


def net(digits, terms, seed, cls=Dense, units=UNITS, start=True, lr=1e-2, after=(), act="relu",
        bias=0.0, **kw):  # fmt: skip
    train = digits.train.images
    with seeded(seed):
        model = cls(SHAPE, units, hidden=(), code_activation=act, **kw)
        if start:
            tied_start(model, train.mean(0), code_bias=bias)
    for callback in after:
        callback(model)
    fit(model, {"reconstruction": bce, **terms}, train, epochs=2, batch_size=128, lr=lr,
        after_step=after, seed=seed, progress=False)  # fmt: skip
    return model


def figures_of(model, digits) -> dict[str, float]:
    """What one net does on the test images."""
    test = digits.test.images
    codes = evaluation.encode(model, test)
    return {
        "bce": evaluation.pixel_bce(model, test).mean().item(),
        "mse": evaluation.pixel_mse(model, test).mean().item(),
        "active": (codes != 0).sum(1).float().mean().item(),
        "dead": evaluation.dead_units(evaluation.encode(model, digits.train.images)),
        "mean code": codes.mean().item(),
        "column norm": code_layer(model).weight.norm(dim=0).median().item(),
    }


def truncated(model, images: Tensor) -> dict[str, float]:
    """Error if, after training, only the k largest code units are kept."""
    codes = evaluation.encode(model, images)
    errors = {}
    for k in BUDGETS:
        kept = evaluation.in_batches(model.decode, keep_largest(codes, k), model)
        errors[f"mse of {k}"] = evaluation.squared_error(kept, images).mean().item()
    return errors


def quantised(codes: Tensor, low: Tensor, high: Tensor, bits: int) -> Tensor:
    """Codes rounded to the middles of 2**bits equal steps between low and high."""
    step = ((high - low) / 2**bits).clamp_min(1e-9)
    index = ((codes - low) / step).floor().clamp(0, 2**bits - 1)
    return low + (index + 0.5) * step


def cost_in_bits(model, digits) -> dict[str, list[float]]:
    """Bits per image and squared error, for values of 1 to 8 bits."""
    train, test = digits.train.images, digits.test.images
    ranges = evaluation.encode(model, train[:10_000])
    is_sparse = bool((ranges == 0).any())
    low = torch.zeros(ranges.shape[1]) if is_sparse else ranges.quantile(0.001, dim=0)
    high = ranges.quantile(0.999, dim=0)
    codes = evaluation.encode(model, test)
    active = (codes != 0).sum(1).double()
    n = torch.tensor(float(codes.shape[1]), dtype=torch.float64)
    log_choices = torch.lgamma(n + 1) - torch.lgamma(active + 1) - torch.lgamma(n - active + 1)
    positions = log_choices / torch.log(torch.tensor(2.0, dtype=torch.float64))
    table = {"bits": [], "mse": [], "positions": positions.mean().item() if is_sparse else 0.0}
    for bits in range(1, 9):
        rounded = quantised(codes, low, high, bits)
        if is_sparse:
            rounded = rounded * (codes != 0)
        answer = evaluation.in_batches(model.decode, rounded, model)
        table["bits"].append(table["positions"] + bits * active.mean().item())
        table["mse"].append(evaluation.squared_error(answer, test).mean().item())
    return table


def sweep(digits) -> list[dict]:
    unit = {"after": [unit_norm_decoder], "lr": 2e-2}
    sigmoid = {"act": "sigmoid", "bias": -3.0}
    settings = [("no penalty", 0.0, {}, {})]
    settings += [("L1", w, {"sparsity": l1(w)}, {}) for w in (0.1, 0.3, 0.8)]
    settings += [("L1, unit columns", w, {"sparsity": l1(w)}, unit) for w in (0.06, 0.2)]
    settings += [("L1 × column norm", w, {"sparsity": scaled_l1(w)}, {}) for w in (0.05, 0.1, 0.2)]
    settings += [("KL", w, {"sparsity": kl_sparsity(w, 0.05)}, sigmoid) for w in (1.0, 5.0)]
    settings += [("top-k", k, {}, {"cls": TopK, "k": k}) for k in (10, 25, 32, 50, 100)]
    settings += [("top-k, PyTorch's start", 25, {}, {"cls": TopK, "k": 25, "start": False})]
    rows = []
    for method, setting, terms, options in settings:
        runs, bits = [], None
        for seed in SEEDS:
            model = net(digits, terms, seed, **options)
            run = figures_of(model, digits)
            if method in ("KL", "no penalty"):
                run |= truncated(model, digits.test.images)
            if method == "top-k" and seed == 0:
                bits = cost_in_bits(model, digits)
            runs.append(run)
        rows.append({"method": method, "setting": setting}
                    | {name: [run[name] for run in runs] for name in runs[0]}
                    | ({"cost": bits} if bits else {}))  # fmt: skip
        print(method, setting, {k: round(sum(v) / 3, 5) for k, v in rows[-1].items()
                                if isinstance(v, list)}, flush=True)  # fmt: skip
    return rows


def dictionary(digits, atoms: int = UNITS, images: int = 5_000, tested: int = 1_000) -> dict:
    """Squared error of each test image by dictionary learning with orthogonal matching pursuit.

    The learner keeps norms at 1 or below; pursuit compares inner products, so they are set to 1.
    """
    train = digits.train.images[:images].flatten(1).double().numpy()
    test = digits.test.images[:tested].flatten(1).double().numpy()
    mean = train.mean(0)
    learner = MiniBatchDictionaryLearning(
        atoms, alpha=1, batch_size=256, max_iter=10, transform_algorithm="omp", random_state=0
    )
    found = learner.fit(train - mean).components_
    norms = np.linalg.norm(found, axis=1, keepdims=True)
    print("norms of the atoms as learned", norms.min(), norms.max(), flush=True)
    found = found / norms
    errors = {}
    for k in BUDGETS:
        codes = sparse_encode(test - mean, found, algorithm="omp", n_nonzero_coefs=k)
        errors[k] = ((codes @ found - (test - mean)) ** 2).mean(1)
    return errors


def lesson_02(digits, seed: int) -> Dense:
    """Lesson 02's dense net with a code of 32 numbers."""
    with seeded(seed):
        model = Dense(SHAPE, 32, hidden=(128,))
    fit(model, {"reconstruction": bce}, digits.train.images, epochs=5, batch_size=64, lr=1e-2,
        seed=seed, progress=False)  # fmt: skip
    return model


def dense(digits, train) -> dict:
    """Errors and cost of the dense code that ``train(digits, seed=…)`` makes, over the seeds."""
    models = [train(digits, seed=seed) for seed in SEEDS]
    test = digits.test.images
    return {
        "bce": [evaluation.pixel_bce(model, test).mean().item() for model in models],
        "mse": [evaluation.pixel_mse(model, test).mean().item() for model in models],
        "cost": cost_in_bits(models[0], digits),
    }


def main() -> None:
    digits = data.mnist()
    train, test = digits.train.images, digits.test.images
    atoms = dictionary(digits)
    figures = {
        "pca": {
            k: evaluation.pca_baseline(train, test, k, clip=False).mean().item()
            for k in (*BUDGETS, 32)
        },
        "dictionary": {k: float(errors.mean()) for k, errors in atoms.items()},
        "dictionary, each image": {k: np.round(atoms[k], 6).tolist() for k in (25, 50)},
        "dense": dense(digits, lesson_02),
    }
    print(figures["pca"], figures["dictionary"], figures["dense"], flush=True)
    for units in (32, 64):
        like_sparse = partial(net, terms={}, units=units, act=None)
        figures[f"dense like the sparse, {units}"] = dense(digits, like_sparse)
        print(units, figures[f"dense like the sparse, {units}"], flush=True)
    figures["nets"] = sweep(digits)
    results.write(__file__, figures)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
