"""What fills gaps in a table of weather, for the experiments that compare it.

Every filler gets the weather as ``data.rain`` gives it, a table x (N, 17) in standard units and
which of its entries are hidden (N, 17), and returns a table of guesses, (N, 17).
"""

from __future__ import annotations

import torch
from sklearn.ensemble import HistGradientBoostingRegressor
from torch import Tensor

from aecourse import evaluation
from aecourse.models import Dense
from aecourse.randomness import generator, seeded
from aecourse.training import fit

COLUMNS = 17
SINGLE, HIDDEN_IN_TRAINING, NO_INSTRUMENTS = 0.15, 0.2, 0.3
INSTRUMENTS = ("Evaporation", "Sunshine", "Cloud9am", "Cloud3pm")
EPOCHS, BATCH, RATE, HIDDEN, CODE = 40, 256, 5e-3, (128,), 128
LEAVES, ITERATIONS, TREE_RATE = (31, 63), 300, 0.08


# --------------------------------------------------------------------------- gaps


def instruments(rain) -> Tensor:
    """Which columns are the four instruments, (17,)."""
    return torch.tensor([name in INSTRUMENTS for name in rain.columns])


def gaps(rain, x: Tensor, kind: str, seed: int, share: float = SINGLE) -> Tensor:
    """Which entries of x (N, 17) are hidden, (N, 17)."""
    if kind == "together":
        return instruments(rain).expand_as(x)
    return torch.rand(x.shape, generator=generator(seed)) < share


def with_the_rule(rain, guess: Tensor, hidden: Tensor) -> Tensor:
    """RainToday, where it is hidden and Rainfall is known: whether that is above 1 mm."""
    millimetres, today = (rain.columns.index(name) for name in ("Rainfall", "RainToday"))
    limit = (1 - rain.scaling.mean[millimetres]) / rain.scaling.std[millimetres]
    rained = guess[:, millimetres] > limit + 1e-5
    values = (rained.float() - rain.scaling.mean[today]) / rain.scaling.std[today]
    follows = hidden[:, today] & ~hidden[:, millimetres]
    filled = guess.clone()
    filled[:, today] = torch.where(follows, values, guess[:, today])
    return filled


def scores(rain, guess: Tensor, x: Tensor, hidden: Tensor) -> dict[str, float]:
    """Root mean squared error on the hidden entries of a table of guesses, (N, 17)."""

    def error(filled):
        return (filled - x)[hidden].square().mean().sqrt().item()

    filled = torch.where(hidden, guess, x)
    return {"alone": error(filled), "rule": error(with_the_rule(rain, filled, hidden))}


# --------------------------------------------------------------------------- fillers


def by_mean(rain, x, hidden):
    return torch.zeros_like(x)  # in standard units


def by_pca(rain, x, hidden, components, penalty=1e-6):
    """The code that fits what is known in a row; a penalty pulls unlikely codes towards 0."""
    pca = evaluation.fit_pca(rain.train.x, components)
    loadings = torch.from_numpy(pca.components_).double()  # (k, 17)
    noise = pca.noise_variance_ / torch.from_numpy(pca.explained_variance_)
    known = (~hidden).double()
    squares = torch.einsum("ki,ni,li->nkl", loadings, known, loadings)
    pull = torch.diag(noise * penalty + 1e-9)
    code = torch.linalg.solve(squares + pull, (known * x) @ loadings.T)
    return (code @ loadings).float()


def by_neighbours(rain, x, hidden, counts):
    """Means of the nearest training rows, distances over the known columns: count → guesses."""
    train, found = rain.train.x, {count: [] for count in counts}
    for rows, missing in zip(x.split(500), hidden.split(500)):
        known = (~missing).float()
        distances = known @ train.square().T - 2 * (known * rows) @ train.T
        nearest = distances.topk(max(counts), largest=False).indices
        for count in counts:
            found[count].append(train[nearest[:, :count]].mean(1))
    return {count: torch.cat(guesses) for count, guesses in found.items()}


def by_regression(rain, x, hidden):
    """C_hk C_kk⁻¹ x_k in each row, with the covariance C of the training rows."""
    covariance, known = torch.cov(rain.train.x.double().T), (~hidden).double()
    blocks = covariance * known[:, :, None] * known[:, None, :] + torch.diag_embed(1 - known)
    return (torch.linalg.solve(blocks, known * x) @ covariance).float()


def by_trees(
    rain, x, hidden, kind, seed, leaves, columns=range(COLUMNS), iterations=ITERATIONS, draws=1
):
    """One model for each column, trained on the others, in which gaps of this kind are made; with
    several draws of gaps each training row is there as often."""
    train = rain.train.x.repeat(draws, 1)
    missing = gaps(rain, train, kind, 1000 + seed, HIDDEN_IN_TRAINING)
    spoilt, answers = torch.where(missing, torch.nan, train).numpy(), train.numpy()
    asked, guess = torch.where(hidden, torch.nan, x).numpy(), torch.zeros_like(x)
    for column in columns:
        rows = hidden[:, column].numpy()
        if not rows.any():
            continue
        others = [j for j in range(COLUMNS) if j != column and not missing[:, j].all()]
        model = HistGradientBoostingRegressor(
            learning_rate=TREE_RATE, max_iter=iterations, max_leaf_nodes=leaves,
            early_stopping=False, random_state=seed,
        )  # fmt: skip
        model.fit(spoilt[:, others], answers[:, column])
        answer = model.predict(asked[rows][:, others])
        guess[rows, column] = torch.from_numpy(answer).float()
    return guess


# --------------------------------------------------------------------------- the net


def hide(x: Tensor, hidden: Tensor) -> Tensor:
    """What the net sees: hidden entries as 0, then a flag for each entry, (N, 34)."""
    return torch.cat([torch.where(hidden, 0.0, x), hidden.float()], 1)


def on_hidden(model, batch, output) -> Tensor:
    """Squared error of the hidden entries of each row, (B,). The outputs for flags do not count."""
    wrong = output.raw[:, :COLUMNS] - batch.target[:, :COLUMNS]
    return (wrong.square() * batch.input[:, COLUMNS:]).sum(1)


def trained_filler(rain, seed, epochs=EPOCHS, hidden=HIDDEN):
    """A net that has met both kinds of gap in training."""
    block = instruments(rain)

    def hide_some(x, random):
        x = x[:, :COLUMNS]
        missing = torch.rand(x.shape, generator=random, device=x.device) < HIDDEN_IN_TRAINING
        chance = torch.rand(len(x), 1, generator=random, device=x.device)
        return hide(x, missing | (block.to(x.device) & (chance < NO_INSTRUMENTS)))

    with seeded(seed):
        model = Dense(2 * COLUMNS, CODE, hidden, "gelu", output="linear")
    complete = hide(rain.train.x, torch.zeros_like(rain.train.x, dtype=torch.bool))
    history = fit(model, {"hidden entries": on_hidden}, complete, corrupt=hide_some, epochs=epochs,
                  batch_size=BATCH, lr=RATE, seed=seed, progress=False)  # fmt: skip
    return model, len(history.seconds)
