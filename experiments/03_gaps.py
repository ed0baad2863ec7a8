"""Lesson 03: who fills gaps in a table of weather best?

The truth is known: entries of complete test rows are hidden. Two kinds of gap: *single*, 15 % of
all entries, drawn by chance; *together*, the four instruments that many stations lack, in every
row. The score is the root mean squared error on the hidden entries, in standard deviations. Every
filler sees the same gaps:

- the column means, which is the null;
- PCA, the components fitted to what is known in a row by least squares, which is where filling,
  projecting and filling again converges; and the same with a penalty for codes that are unlikely;
- the mean of the nearest training rows in the known columns;
- linear regression, from the covariance of the training rows;
- boosted trees that accept missing values, one model for each column;
- a denoising net that is told which entries are hidden.

Numbers of components, neighbours and leaves are chosen on validation rows. Each filler stands
twice, alone and with the rule that RainToday means Rainfall above 1 mm. Eight seeds, each with gaps
of its own, for the net; three for the trees, which take longer, and for what was varied.

Takes about 12 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

from functools import partial

import torch
from sklearn.ensemble import HistGradientBoostingRegressor
from torch import Tensor

from aecourse import data, evaluation, results
from aecourse.models import Dense
from aecourse.randomness import generator, seeded
from aecourse.training import fit

COLUMNS = 17
SINGLE, HIDDEN_IN_TRAINING, NO_INSTRUMENTS = 0.15, 0.2, 0.3
INSTRUMENTS = ("Evaporation", "Sunshine", "Cloud9am", "Cloud3pm")
KINDS = ("single", "together")
SEEDS, FEW_SEEDS = tuple(range(8)), (0, 1, 2)
VALIDATION_SEED, VALIDATION_ROWS = 100, 2000
EPOCHS, BATCH, RATE, HIDDEN, CODE = 40, 256, 5e-3, (128,), 128
COMPONENTS, PENALTIES, NEIGHBOURS = (2, 3, 4, 5, 6, 8, 12), (0.3, 1.0, 3.0, 10.0), (5, 10, 20, 40)
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


def by_trees(rain, x, hidden, kind, seed, leaves, columns=range(COLUMNS)):
    """One model for each column, trained on the others, in which gaps of this kind are made."""
    train = rain.train.x
    missing = gaps(rain, train, kind, 1000 + seed, HIDDEN_IN_TRAINING)
    spoilt, answers = torch.where(missing, torch.nan, train).numpy(), train.numpy()
    asked, guess = torch.where(hidden, torch.nan, x).numpy(), torch.zeros_like(x)
    for column in columns:
        rows = hidden[:, column].numpy()
        if not rows.any():
            continue
        others = [j for j in range(COLUMNS) if j != column and not missing[:, j].all()]
        model = HistGradientBoostingRegressor(
            learning_rate=TREE_RATE, max_iter=ITERATIONS, max_leaf_nodes=leaves,
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


def net(rain, seed: int, save: bool = False, **settings) -> dict[str, dict]:
    """Kind of gap → scores of one net on both kinds of gap."""
    model, epochs = trained_filler(rain, seed, **settings)
    if save:
        results.save_net(__file__, "filler", model)
    x, found = rain.test.x, {}
    for kind in KINDS:
        hidden = gaps(rain, x, kind, seed)
        guess = evaluation.reconstruct(model, hide(x, hidden))[:, :COLUMNS]
        found[kind] = scores(rain, guess, x, hidden) | {"epochs": epochs}
    return found


# --------------------------------------------------------------------------- choosing, running


def chosen(rain, kind: str) -> dict[str, dict]:
    """What validation rows choose for each filler, and all that was tried: its error."""
    x = rain.valid.x[:VALIDATION_ROWS]
    hidden = gaps(rain, x, kind, VALIDATION_SEED)
    near = by_neighbours(rain, x, hidden, NEIGHBOURS)
    some = [rain.columns.index(name) for name in ("Sunshine", "Humidity3pm", "Temp9am")]
    some = some if kind == "single" else some[:1]
    only = torch.zeros_like(hidden)
    only[:, some] = hidden[:, some]
    tried = {
        "PCA": {f"{k}": by_pca(rain, x, hidden, k) for k in COMPONENTS},
        "PCA, penalised": {
            f"{k} {p}": by_pca(rain, x, hidden, k, p) for k in COMPONENTS for p in PENALTIES
        },
        "neighbours": {str(count): guess for count, guess in near.items()},
        "trees": {
            str(leaves): by_trees(rain, x, hidden, kind, VALIDATION_SEED, leaves, some)
            for leaves in LEAVES
        },
    }
    errors = {
        name: {
            value: scores(rain, guess, x, only if name == "trees" else hidden)["alone"]
            for value, guess in guesses.items()
        }
        for name, guesses in tried.items()
    }
    return {name: {"best": min(of, key=of.get), "errors": of} for name, of in errors.items()}


def filled_by(rain, kind: str, name: str, seed: int, choice: str | None) -> dict[str, float]:
    """Scores of a filler on the gaps of one seed."""
    x = rain.test.x
    hidden = gaps(rain, x, kind, seed)
    numbers = [float(value) for value in (choice or "").split()]
    fillers = {
        "column mean": by_mean,
        "PCA": lambda *a: by_pca(*a, int(numbers[0])),
        "PCA, penalised": lambda *a: by_pca(*a, int(numbers[0]), numbers[1]),
        "neighbours": lambda *a: by_neighbours(*a, (int(numbers[0]),))[int(numbers[0])],
        "linear regression": by_regression,
        "trees": lambda *a: by_trees(*a, kind, seed, int(numbers[0])),
    }
    return scores(rain, fillers[name](rain, x, hidden), x, hidden)


def seeds_of(name: str, kind: str) -> tuple[int, ...]:
    """Eight draws of single gaps, three for slow fillers; gaps together are always the same."""
    if kind == "together":
        return SEEDS[:1]
    return FEW_SEEDS if name in ("neighbours", "trees") else SEEDS


def main() -> None:
    torch.set_num_threads(1)
    rain, cell = data.rain(), results.cells(__file__)
    choices = {kind: cell(("choices", kind), partial(chosen, rain, kind)) for kind in KINDS}
    nets = {
        "net": [cell(("net", seed), partial(net, rain, seed, save=seed == 0)) for seed in SEEDS],
        "half the epochs": {"epochs": EPOCHS // 2},
        "64 hidden units": {"hidden": (64,)},
        "twice the epochs": {"epochs": 2 * EPOCHS},
    }
    runs = {}
    for name, settings in nets.items():
        of_seeds = settings if name == "net" else [
            cell((name, seed), partial(net, rain, seed, **settings)) for seed in FEW_SEEDS
        ]  # fmt: skip
        runs[name] = {kind: [run[kind] for run in of_seeds] for kind in KINDS}
    fillers = ("column mean", "PCA", "PCA, penalised", "neighbours", "linear regression", "trees")
    for name in fillers:
        runs[name] = {
            kind: [
                cell((name, kind, seed), partial(filled_by, rain, kind, name, seed,
                     choices[kind].get(name, {}).get("best")))
                for seed in seeds_of(name, kind)
            ]
            for kind in KINDS
        }  # fmt: skip
    results.write(__file__, {"runs": runs, "choices": choices})


if __name__ == "__main__":
    main()
