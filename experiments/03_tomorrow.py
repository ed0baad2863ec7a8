"""Lesson 03: what do two, three or five numbers know about tomorrow's rain?

The lesson's net and PCA compress 17 columns of weather; two readers then predict from the code
whether it rains on the next day: a logistic regression, and boosted trees. Counted is the share of
pairs, a rainy day and a dry one, that a reader ranks wrongly: 1 − AUROC, on the test rows. Eight
seeds for each code size, three where something was varied: twice the epochs, fewer of them, other
widths, half the rate. The null are random directions in place of PCA's, drawn thirty times. Then
the same net without the two rain columns, the readers on all 17 columns, and thirty starts of the
tutorial's recipe, with a count of code units that are 0 for every row.

Three more rows for who doubts: net and PCA on weather with the logarithm of rainfall; both at test
stations of regions that neither has seen, for eight draws of the regions; and copies of PCA's code
that are not linear, means of the training rows whose codes are nearest.

Takes about 7 minutes on one thread; it goes on where it was stopped.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from shared import weather_by_region
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsRegressor

from aecourse import data, evaluation, results
from aecourse.models import Dense
from aecourse.objectives import mse
from aecourse.randomness import generator, seeded
from aecourse.training import fit

SIZES, MIDDLE = (2, 3, 5), 3
SEEDS, FEW_SEEDS, MANY_SEEDS = tuple(range(8)), (0, 1, 2), tuple(range(30))
EPOCHS, BATCH, RATE, HIDDEN = 40, 256, 1e-2, (64,)
READERS = ("linear", "boosted")
SPLITS, NEIGHBOURS = tuple(range(8)), (10, 30, 100)
RAIN_TODAY = ("Rainfall", "RainToday")  # the columns that tell today's rain


def wrong_pairs(rain, train_code, test_code) -> dict[str, float]:
    """For each reader, the share of pairs of test days that it ranks wrongly: 1 − AUROC."""
    moving = train_code.amax(0) > train_code.amin(0)  # a dead unit cannot be scaled
    if not moving.any():
        return dict.fromkeys(READERS, 0.5)
    scaling = data.Scaling.of(train_code[:, moving])
    known, asked = (scaling.apply(code[:, moving]).numpy() for code in (train_code, test_code))
    readers = (
        LogisticRegression(),
        HistGradientBoostingClassifier(max_leaf_nodes=15, early_stopping=False, random_state=0),
    )
    found = {}
    for name, reader in zip(READERS, readers):
        reader.fit(known, rain.train.y.numpy())
        scores = reader.predict_proba(asked)[:, 1]
        found[name] = 1 - roc_auc_score(rain.test.y.numpy(), scores)
    return found


def net(
    rain, size: int, seed: int, epochs=EPOCHS, hidden=HIDDEN, rate=RATE, columns=slice(None)
) -> dict:
    """The lesson's net: error of its copies, and what the readers make of its code."""
    train, test = rain.train.x[:, columns], rain.test.x[:, columns]
    with seeded(seed):
        model = Dense(train.shape[1], size, hidden, "gelu", output="linear")
    history = fit(model, {"reconstruction": mse}, train, epochs=epochs, batch_size=BATCH, lr=rate,
                  seed=seed, progress=False)  # fmt: skip
    codes = evaluation.encode(model, train), evaluation.encode(model, test)
    return {
        "error": evaluation.pixel_mse(model, test).mean().item(),
        "epochs": len(history.seconds),
    } | wrong_pairs(rain, *codes)


def pca(rain, size: int, columns=slice(None)) -> dict:
    """PCA with as many numbers."""
    train, test = rain.train.x[:, columns], rain.test.x[:, columns]
    fitted = evaluation.fit_pca(train, size)
    codes = (torch.from_numpy(fitted.transform(x.double().numpy())) for x in (train, test))
    error = evaluation.squared_error(evaluation.pca_reconstruct(fitted, test), test)
    return {"error": error.mean().item()} | wrong_pairs(rain, *codes)


def pca_with_neighbours(rain, size: int) -> dict:
    """PCA's code with a decoder that may bend: the mean of the training rows whose codes are
    nearest, as many as copy the validation rows best."""
    fitted = evaluation.fit_pca(rain.train.x, size)
    known, tried, asked = (
        fitted.transform(part.x.double().numpy()) for part in (rain.train, rain.valid, rain.test)
    )

    def error(count, codes, x):
        decoder = KNeighborsRegressor(count).fit(known, rain.train.x.numpy())
        return float(np.square(decoder.predict(codes) - x.numpy()).mean())

    best = min(NEIGHBOURS, key=lambda count: error(count, tried, rain.valid.x))
    return {"error": error(best, asked, rain.test.x), "neighbours": best}


def with_log_rainfall():
    """The weather with the logarithm of 1 + millimetres in place of the millimetres."""
    complete = data.complete_rain_rows(data.rain_table())
    features = complete[list(data.RAIN_COLUMNS)].assign(Rainfall=np.log1p(complete["Rainfall"]))
    parts = data.split_rows(len(complete))
    label = complete["RainTomorrow"]
    return data.split_table(features, label, parts, data.RAIN_COLUMNS, ("dry", "rain"))


def random_directions(rain, size: int, seed: int) -> dict:
    """The null: as many numbers, taken along directions that were drawn by chance; the best copy
    from them is linear regression."""
    directions = torch.randn(17, size, generator=generator(seed))
    codes = rain.train.x @ directions, rain.test.x @ directions
    back = torch.linalg.lstsq(codes[0], rain.train.x).solution
    error = evaluation.squared_error(codes[1] @ back, rain.test.x)
    return {"error": error.mean().item()} | wrong_pairs(rain, *codes)


def tutorial(rain, seed: int) -> dict:
    """17-16-3-16-17 as published: ReLU on the code, sigmoid output, 20 steps with all rows."""
    with seeded(seed):
        model = Dense(17, 3, (16,), code_activation="relu", output="sigmoid")
    fit(model, {"reconstruction": mse}, rain.train.x, epochs=20, batch_size=len(rain.train.x),
        lr=3e-3, schedule="constant", seed=seed, progress=False)  # fmt: skip
    codes = evaluation.encode(model, rain.train.x), evaluation.encode(model, rain.test.x)
    return {
        "error": evaluation.pixel_mse(model, rain.test.x).mean().item(),
        "dead code units": evaluation.dead_units(codes[0]),
    } | wrong_pairs(rain, *codes)


def rows(rain) -> dict[str, dict[str, list]]:
    """Row → code size → what computes it, one (seed, function) for each run."""
    dry = [j for j, name in enumerate(rain.columns) if name not in RAIN_TODAY]

    def row(run, sizes=SIZES, seeds=FEW_SEEDS):
        return {str(size): [(seed, partial(run, size, seed)) for seed in seeds] for size in sizes}

    def nets(sizes=(MIDDLE,), seeds=FEW_SEEDS, weather=rain, **settings):
        return row(partial(net, weather, **settings), sizes, seeds)

    logarithm, middle = with_log_rainfall(), str(MIDDLE)
    return {
        "net": nets(SIZES, SEEDS),
        "twice the epochs": nets(SIZES, epochs=2 * EPOCHS),
        "5 epochs": nets(epochs=5),
        "10 epochs": nets(epochs=10),
        "20 epochs": nets(epochs=20),
        "32 hidden units": nets(hidden=(32,)),
        "two layers of 64": nets(hidden=(64, 64)),
        "half the rate": nets(rate=RATE / 2),
        "net, 15 columns": nets(seeds=SEEDS, columns=dry),
        "15 columns, twice the epochs": nets(columns=dry, epochs=2 * EPOCHS),
        "15 columns, two layers of 64": nets(columns=dry, hidden=(64, 64)),
        "random directions": row(partial(random_directions, rain), seeds=MANY_SEEDS),
        "PCA": {str(size): [(0, partial(pca, rain, size))] for size in SIZES},
        "PCA, 15 columns": {str(MIDDLE): [(0, partial(pca, rain, MIDDLE, dry))]},
        "all 17 columns": {
            "17": [(0, lambda: wrong_pairs(rain, rain.train.x, rain.test.x))]
        },
        "net, log of rainfall": nets(weather=logarithm),
        "PCA, log of rainfall": {middle: [(0, partial(pca, logarithm, MIDDLE))]},
        "PCA, neighbours decode": {
            str(size): [(0, partial(pca_with_neighbours, rain, size))] for size in SIZES
        },
        "net, new regions": {
            middle: [(k, lambda k=k: net(weather_by_region(k), MIDDLE, k)) for k in SPLITS]
        },
        "PCA, new regions": {
            middle: [(k, lambda k=k: pca(weather_by_region(k), MIDDLE)) for k in SPLITS]
        },
        "tutorial": {"3": [(seed, partial(tutorial, rain, seed)) for seed in MANY_SEEDS]},
    }  # fmt: skip


def records(runs) -> dict[str, dict]:
    """The verdicts that the runs carry."""

    def values(name, what, sizes=SIZES):
        return {str(size): [run[what] for run in runs[name][str(size)]] for size in sizes
                if str(size) in runs[name]}  # fmt: skip

    def told(short, long, sizes=SIZES):
        return {str(size): [runs[name][str(size)][0]["epochs"] for name in (short, long)]
                for size in sizes}  # fmt: skip

    def varied(what):
        return {
            "epochs": {n: values(f"{n} epochs", what) for n in ("10", "20")},
            "hidden units": {"32": values("32 hidden units", what),
                             "64 and 64": values("two layers of 64", what)},
            "rate": {"half": values("half the rate", what)},
        }  # fmt: skip

    nothing = "has nothing to tune: fitted in closed form on the same training rows"
    middle = (MIDDLE,)
    return {
        "copies": results.verdict(
            "A net with three numbers copies the weather better than PCA with three.",
            winner="net", rival="PCA", null="random directions", exact=["PCA"], seeds=SEEDS,
            rows={name: values(name, "error", middle)
                  for name in ("net", "PCA", "random directions")},
            longer=values("twice the epochs", "error", middle),
            epochs=told("net", "twice the epochs", middle),
            rivals={"PCA": nothing}, sensitivity=varied("error"),
        ),
        "tomorrow": results.verdict(
            "For a linear reader, PCA's numbers know more about tomorrow's rain than the net's.",
            winner="PCA", rival="net", null="random directions", exact=["PCA"], seeds=SEEDS,
            rows={name: values(name, "linear", (2, 3))
                  for name in ("PCA", "net", "random directions")},
            trained="net", longer=values("twice the epochs", "linear", (2, 3)),
            epochs=told("net", "twice the epochs", (2, 3)),
            rivals={"net": "other epochs, widths and rates stand under sensitivity: PCA is ahead "
                           "of each"},
            sensitivity=varied("linear"),
        ),
    }  # fmt: skip


def main() -> None:
    torch.set_num_threads(1)
    rain, cell = data.rain(), results.cells(__file__)
    runs = {
        name: {size: [cell((name, size, seed), run) for seed, run in of_size]
               for size, of_size in sizes.items()}
        for name, sizes in rows(rain).items()
    }  # fmt: skip
    recipe = {"epochs": EPOCHS, "batch": BATCH, "rate": RATE, "hidden": list(HIDDEN)}
    results.write(__file__, {"runs": runs, "recipe": recipe}, records(runs))


if __name__ == "__main__":
    main()
