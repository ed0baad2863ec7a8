"""The benchmark compares like with like, and the page of figures holds its table."""

import copy

import pytest
import torch
from helpers import ROOT, script, weights

from aecourse import data, evaluation, results
from aecourse.randomness import generator, seeded
from aecourse.training import fit


@pytest.fixture(scope="module")
def bench():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "experiments")
        return script("experiments/bench.py")


@pytest.fixture(scope="module")
def images():
    return data.mnist().train.images[:600]


NETS = ("dense", "convolutional", "variational")


# --- what is compared


@pytest.mark.parametrize("name", NETS)
def test_the_bare_loop_trains_what_fit_trains(bench, images, name):
    recipe = bench.RECIPES[name]
    trained = []
    for _ in range(2):
        with seeded(0):
            trained.append(recipe.course().double())  # so that rounding stays out of sight
    images = images.double()
    with_fit, bare = trained
    fit(with_fit, recipe.terms, images, epochs=1, batch_size=128, lr=1e-3, progress=False)
    before = weights(bare)
    rows = torch.randperm(600, generator=generator(0)).split(128)
    bench.bare_loop(bare, recipe.terms, (images[part] for part in rows), len(rows), 1e-3)
    assert (weights(bare) - before).abs().max() > 1e-4
    assert torch.allclose(weights(with_fit), weights(bare), atol=1e-9)


def test_operations_are_those_of_the_layers(bench, images):
    """Forward, gradient of the weights, gradient of the input (which the first layer spares)."""
    layers = [(784, 96), (96, 32), (32, 96), (96, 784)]
    products = 3 * sum(a * b for a, b in layers) - 784 * 96
    assert bench.operations(bench.RECIPES["dense"], images[:50]) == 2 * 50 * products


def test_the_tutorials_losses_are_the_courses(bench, images):
    batch = images[:64]
    dense = bench.tutorial_dense().eval()
    expected = evaluation.pixel_bce(dense, batch).mean()
    assert torch.allclose(bench.mean_bce(dense, batch), expected, rtol=1e-4)
    assert torch.allclose(bench.mean_squares(dense, batch),
                          evaluation.pixel_mse(dense, batch).mean(), rtol=1e-5)  # fmt: skip
    vae = bench.RECIPES["variational"].course()
    with seeded(3):
        loss = bench.summed_elbo(vae, batch) / len(batch)
    assert loss.item() == pytest.approx(bench.negative_elbo(vae, batch), rel=0.01)


@pytest.mark.parametrize("name", NETS)
def test_both_sides_have_equally_many_numbers_in_their_codes(bench, name):
    recipe = bench.RECIPES[name]
    assert recipe.tutorial().code_size == recipe.course().code_size


def test_a_duel_times_every_epoch_of_both(bench, images):
    class Clock(bench.Bench):
        """Each look at the clock takes a second."""

        now = 0

        def clock(self):
            self.now += 1
            return self.now

    files = torch.utils.data.TensorDataset(images, torch.zeros(len(images)))
    subset = torch.utils.data.Subset(files, range(len(images)))
    clock = Clock(torch.device("cpu"), images, images[:100], subset)
    recipe = bench.RECIPES["variational"]
    found = bench.duel(recipe, clock, seed=0)
    assert found["tutorial"]["seconds"] == [1] * 10  # though ours ran in between
    assert found["course"]["seconds"] == [1] * recipe.epochs
    assert len(found["equal time"]["seconds"]) == 9  # a little less than the time
    assert found["equal time"]["loss"] < found["course"]["loss"]


def test_equal_time_is_never_more(bench, images):
    class SlowingClock(bench.Bench):
        """The machine takes longer for every epoch than for the one before."""

        now, step = 0.0, 0.5

        def clock(self):
            self.step *= 1.1
            self.now += self.step
            return self.now

    clock = SlowingClock(torch.device("cpu"), images, images[:100], None)
    found = bench.within(10, bench.RECIPES["variational"], clock, seed=0, epochs=8)
    assert 1 <= len(found["seconds"]) < 8
    assert sum(found["seconds"]) <= 10 or len(found["seconds"]) == 1


def test_threads_are_set_back(bench):
    before = torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt), bench.threads_of(before + 1):
        assert torch.get_num_threads() == before + 1
        raise KeyboardInterrupt
    assert torch.get_num_threads() == before


def test_an_unknown_part_is_named(bench):
    there_are = "growht.*recipes, loop, machine, growth, deep, course.*recipes:dense"
    with pytest.raises(SystemExit, match=there_are):
        bench.main(["growht"])


def test_one_recipe_replaces_its_own_share_alone(bench):
    old = {"device": "old", "found": {"images": 10, "seconds": {"a": [1], "b": [2, 3]}}}
    new = {"device": "new", "found": {"images": 10, "seconds": {"b": [4]}}}
    assert bench.merged(old, new) == {
        "device": "new", "found": {"images": 10, "seconds": {"a": [1], "b": [4]}}
    }  # fmt: skip
    assert bench.merged({}, new) == new


# --- the table


@pytest.fixture(scope="module")
def tool():
    return script("tools/speed.py")


@pytest.fixture
def figures():
    return copy.deepcopy(results.read("bench").figures)


def test_page_agrees_with_the_result(tool, figures):
    page = tool.PAGE.read_text(encoding="utf-8")
    assert tool.with_table(page, figures) == page, "run `python tools/speed.py`"


def test_every_part_was_measured(bench, figures):
    assert set(figures) == set(bench.PARTS)


def rows_of(table, text):
    return [line for line in table.splitlines() if text in line]


def test_a_slower_course_misses_its_aim(tool, figures):
    for duel in figures["recipes"]["found"]["dense"]:
        duel["course"]["seconds"] = [100 * s for s in duel["course"]["seconds"]]
    row, _, _ = rows_of(tool.table(figures), "time until")
    assert row.endswith("| no |")


def test_a_loss_that_is_not_reached_misses_its_aim(tool, figures):
    duel = figures["recipes"]["found"]["variational"][0]
    duel["course"]["loss"] = duel["tutorial"]["loss"] + 1
    *_, row = rows_of(tool.table(figures), "time until")
    assert "reached in 2 of 3" in row and row.endswith("| no |")


def test_a_straight_line_is_found(tool):
    counts = [1000, 2000, 4000, 8000]
    turns = [[slowness * (0.5 + 1e-3 * n) for slowness in (1, 3, 0.9)] for n in counts]
    turns[1][2] *= 7  # one hiccup
    fixed, each, off = tool.line(counts, turns)
    assert (fixed, each) == (pytest.approx(0.5), pytest.approx(1e-3)) and off < 1e-9
    assert tool.line(counts, [[n**2] for n in counts])[2] > 0.1


def test_median_and_extremes(tool):
    assert tool.spread([3.0, 1.0, 2.0]) == "2.00 (1.00 … 3.00)"


def test_the_benchmark_of_2006_misses_its_aim_with_one_bad_seed(tool, figures):
    run = {"seed": 0, "error": 2.9, "epochs": 16, "seconds": 60.0, "rates": [1e11, 2e11]}
    found = {"a net": [run, run, run]}
    (good,) = tool.deep_rows(found)
    assert "9·10¹²" in good and good.endswith("| yes |")
    (bad,) = tool.deep_rows({"a net": [run, run, run | {"error": 3.01}]})
    assert bad.endswith("| no |")
