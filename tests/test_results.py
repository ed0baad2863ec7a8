"""Saved results of experiments: read where a lesson needs them, and never out of date."""

import json
import math
import re
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import quiet_fit, rows

from aecourse import results
from aecourse.course.experiments import experiments
from aecourse.models import Dense
from aecourse.objectives import mse
from aecourse.results import files, nets
from aecourse.results.sources import MAIN

ROOT = Path(__file__).resolve().parents[1]
SAVED = sorted(path.stem for path in (ROOT / "results").glob("*.json"))
SCRIPTS = sorted(path.stem for path in (ROOT / "experiments").glob("*.py"))
SHARED = {"shared", "gap_fillers"}  # modules, no experiments


# --- those of the course


@pytest.mark.parametrize("name", SAVED)
def test_saved_result_is_up_to_date(name):
    assert results.stale(name) == [], f"run `python experiments/{name}.py` again"


@pytest.mark.parametrize("name", SAVED)
def test_saved_result_says_how_it_came_about(name):
    saved = results.read(name)
    assert saved.command == f"python experiments/{name}.py"
    assert saved.figures and saved.device and {"python", "torch"} <= saved.versions.keys()
    assert MAIN in saved.sources
    # The course's loop, one of an experiment's own, or what only judges finished nets.
    assert {"fit", "train", "log_weights_under"} & saved.sources.keys()
    for entry in saved.kept:
        assert len(entry["because"]) > 20 and entry["sources"]


def test_every_experiment_has_its_result_and_every_result_its_experiment():
    assert SAVED == sorted(set(SCRIPTS) - SHARED)


@pytest.mark.parametrize("name", sorted(set(SAVED) - {"bench"}))  # its table is on the site
def test_some_notebook_reads_the_result(name):
    notebooks = (path.read_text(encoding="utf-8") for path in (ROOT / "notebooks").rglob("*.ipynb"))
    assert any(f'results.read(\\"{name}\\")' in text for text in notebooks)


def test_saved_nets_are_small_loadable_and_of_an_experiment():
    paths = list((ROOT / "results").glob("*.safetensors"))
    assert paths
    assert sum(path.stat().st_size for path in paths) <= nets.ALL_TOGETHER
    for path in paths:
        name, label = path.stem.split(".", 1)
        assert name in SAVED and path.stat().st_size <= 1.02 * nets.LARGEST
        model = results.load_net(name, label)
        assert all(weight.dtype == torch.float32 for weight in model.parameters())


# --- verdicts

VERDICTS = [(name, key) for name in SAVED for key in results.read(name).verdicts]


def test_some_verdict_is_recorded():
    assert VERDICTS


@pytest.mark.parametrize(("name", "key"), VERDICTS)
def test_what_a_verdict_says_follows_from_its_rows(name, key):
    record = results.read(name).verdicts[key]
    assert results.weaknesses(record) == []
    for setting, facts in results.summary(record).items():
        saved = record["summary"][setting]
        assert saved.keys() == facts.keys()
        for fact, value in facts.items():
            assert saved[fact] == pytest.approx(value, rel=1e-9), (setting, fact)


@pytest.mark.parametrize(("name", "key"), VERDICTS)
def test_a_notebook_names_the_record_of_the_verdict(name, key):
    notebooks = (path.read_text(encoding="utf-8") for path in (ROOT / "notebooks").rglob("*.ipynb"))
    assert any(f"<!-- verdict: {name}#{key} -->" in text for text in notebooks)


def test_every_verdict_that_a_notebook_names_is_recorded():
    for path in (ROOT / "notebooks").rglob("*.ipynb"):
        named = re.findall(r"<!-- verdict: (\S+)#(\S+) -->", path.read_text(encoding="utf-8"))
        assert set(named) <= set(VERDICTS), path.name


# --- the statistics


def test_a_prediction_interval_holds_the_next_run_as_often_as_it_says():
    draw = np.random.default_rng(0)
    for count in (3, 8):
        missed = 0
        for _ in range(4_000):
            *known, new = draw.normal(5, 2, count + 1)
            missed += not results.prediction_interval(known).holds(new)
        assert missed <= 14  # one in a thousand: 4 expected, 14 in less than one of 10,000 tests


def test_a_prediction_interval_is_narrower_with_more_seeds_and_wider_with_a_tolerance():
    three = results.prediction_interval([1.0, 2.0, 3.0])
    nine = results.prediction_interval([1.0, 2.0, 3.0] * 3)
    assert nine.high - nine.low < three.high - three.low
    wider = results.prediction_interval([1.0, 2.0, 3.0], tolerance=0.5)
    assert wider.low == pytest.approx(three.low - 0.5)
    of_three = results.prediction_interval([1.0, 2.0, 3.0], runs=3)
    assert of_three.high - 2 == pytest.approx((three.high - 2) * math.sqrt((2 / 3) / (4 / 3)))
    # t of 2 degrees of freedom at 0.9995, from a table: 31.599.
    assert three.high == pytest.approx(2 + 31.599 * math.sqrt(4 / 3), rel=1e-4)


@pytest.mark.parametrize("values", [[1.0], [], [[1.0, 2.0]]])
def test_a_spread_needs_two_seeds(values):
    with pytest.raises(ValueError, match="at least two"):
        results.prediction_interval(values)


def test_the_difference_of_two_rows_covers_the_truth():
    draw = np.random.default_rng(1)
    missed = 0
    for _ in range(4_000):
        found = results.difference(draw.normal(3, 1, 8), draw.normal(1, 3, 5))
        missed += not found["low"] <= 2 <= found["high"]
    assert missed <= 14
    exact = results.difference([1.0, 1.2, 1.4], [0.2])
    assert exact["mean"] == pytest.approx(1.0) and exact["low"] < 1 < exact["high"]


EIGHT = [1.0, 1.1, 0.9, 1.0, 1.05, 0.95, 1.02, 0.98]
FAR = [5.0, 5.1, 4.9]


def good_record(**changes):
    """The arguments of a verdict that stands."""
    arguments = dict(
        sentence="A beats B.", winner="A", rival="B", null="chance",
        rows={"A": {"8": [1.0, 1.1, 0.9, 1.0, 1.05, 0.95, 1.02, 0.98]}, "B": {"8": [2.0]},
              "chance": {"8": [5.0, 5.1, 4.9]}},
        seeds=range(8), longer={"8": [0.98, 1.0, 0.97]}, epochs={"8": (20, 40)},
        rivals={"B": "nothing to tune"}, exact=["B"],
        sensitivity={"width": {"256": {"8": [0.9, 0.92, 0.91]}}},
    )  # fmt: skip
    return arguments | changes


def test_a_record_that_stands_says_what_follows():
    record = results.verdict(**good_record())
    facts = record["summary"]["8"]
    assert facts["mean"] == pytest.approx(1.0)
    assert facts["below the rival by"]["mean"] == pytest.approx(1.0)
    assert facts["below the rival by"]["low"] < 1 < facts["below the rival by"]["high"]
    assert facts["change after twice the epochs"] == pytest.approx(0.98333 / 1 - 1, rel=1e-3)
    assert json.loads(json.dumps(record)) == record
    assert record["rule"] == {"converged": 0.1, "level": 0.9995}  # told, and not moved in silence


def test_twice_the_epochs_are_compared_with_the_same_seeds():
    winner = [1.0, 1.01, 0.99, 1.5, 1.51, 1.49, 1.5, 1.5]
    rows = good_record()["rows"] | {"A": {"8": winner}}
    record = results.verdict(**good_record(rows=rows, longer={"8": winner[:3]}))
    assert record["summary"]["8"]["change after twice the epochs"] == pytest.approx(0)


def in_a_given_time(**changes):
    """The arguments of a verdict about nets that more time improves, winner and rival alike."""
    return good_record(
        rows={"A": {"8": EIGHT}, "B": {"8": [2 * v for v in EIGHT]}, "chance": {"8": FAR}},
        exact=[], longer={"8": [0.7 * v for v in EIGHT]},
        rival_longer={"8": [1.5 * v for v in EIGHT]},
    ) | changes  # fmt: skip


def test_a_verdict_in_a_given_time_needs_no_convergence_but_holds_after_twice_the_time():
    record = results.verdict(**in_a_given_time())
    facts = record["summary"]["8"]
    assert facts["change after twice the epochs"] == pytest.approx(-0.3)
    assert facts["below the rival after twice the epochs by"]["mean"] == pytest.approx(0.8)
    assert results.weaknesses(json.loads(json.dumps(record))) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rival_longer": None}, "twice the epochs change"),
        ({"rival_longer": {"8": [0.68 * v for v in EIGHT]}}, "margin after twice the epochs lies"),
        ({"rival_longer": {"8": [1.5, 1.4, 1.6]}}, "rival's longer fit has 3 seeds, fewer than 8"),
        ({"longer": {"8": [0.7, 0.8, 0.6]}}, "longer fit has 3 seeds, fewer than 8"),
        ({"rival_longer": {}}, "different settings"),
        ({"trained": "B"}, "the winner has none to double"),
    ],
)
def test_a_verdict_in_a_given_time_is_refused_too(changes, message):
    with pytest.raises(ValueError, match=message):
        results.verdict(**in_a_given_time(**changes))


def where_the_rival_is_trained(**changes):
    """The arguments of a verdict whose winner has no seed and nothing to train."""
    return good_record(
        winner="B", rival="A", trained="A", rivals={"A": "its width, on validation rows"},
        rows={"A": {"8": EIGHT}, "B": {"8": [0.5]}, "chance": {"8": FAR}},
    ) | changes  # fmt: skip


def test_a_winner_may_have_nothing_to_train():
    facts = results.verdict(**where_the_rival_is_trained())["summary"]["8"]
    assert facts["mean"] == 0.5 and facts["standard deviation"] == 0
    assert facts["below the rival by"]["mean"] == pytest.approx(0.5)
    assert 0 < facts["below the rival by"]["low"] < 0.5 < facts["below the rival by"]["high"]
    assert facts["below the null by"]["mean"] == pytest.approx(4.5)
    assert facts["change after twice the epochs"] == pytest.approx(0.98333 / 1 - 1, rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trained": "chance"}, "neither the winner nor its rival"),
        ({"seeds": range(9)}, "A does not have one value for each seed"),
        ({"exact": []}, "B has 1 seeds, fewer than 8"),
        ({"longer": {"8": [0.9, 0.9, 0.45]}}, "a longer fit turns it round"),
        ({"longer": {"8": [0.85, 0.87, 0.86]}}, "twice the epochs change .* 28% of the margin"),
        ({"sensitivity": {"width": {"4": {"8": [0.4, 2.4]}}}}, "width = 4 it does not hold"),
    ],
)
def test_a_trained_rival_may_turn_a_verdict_round(changes, message):
    with pytest.raises(ValueError, match=message):
        results.verdict(**where_the_rival_is_trained(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": range(3), "rows": {"A": {"8": EIGHT[:3]}, "B": {"8": [2.0]},
                                      "chance": {"8": FAR}}}, "A has 3 seeds, fewer than 8"),
        ({"seeds": [0, 0, 1, 2, 3, 4, 5, 6]}, "stands twice"),
        ({"exact": []}, "B has 1 seeds, fewer than 8"),
        ({"null": "B"}, "not three rows"),
        ({"null": "nobody"}, "no row nobody"),
        ({"rows": {"A": {"8": EIGHT}, "B": {"8": [2.0], "64": [1.0]}, "chance": {"8": FAR}}},
         "different settings"),
        ({"rows": {"A": {"8": [1.0] * 8}, "B": {"8": [2.0]}, "chance": {"8": FAR}}},
         "was the seed used"),
        ({"rows": {"A": {"8": [math.nan, *EIGHT[1:]]}, "B": {"8": [2.0]}, "chance": {"8": FAR}}},
         "no number"),
        ({"longer": {"8": [math.nan] * 3}}, "no number"),
        ({"longer": {"8": [1.0]}}, "longer fit has 1 seeds"),
        ({"longer": {"8": [1.0] * 3, "64": [9.0] * 3}}, "different settings"),
        ({"sensitivity": {"width": {}}}, "none of the winner's settings"),
        ({"sensitivity": {"width": {"256": {}}}}, "none of the winner's settings"),
        ({"sensitivity": {"width": {"256": {"08": [99.0]}}}}, "none of the winner's settings"),
        ({"rivals": {"B": " "}}, "how B was tuned"),
        ({"epochs": {"8": (0, 0)}}, "not twice"),
        ({"seeds": range(9)}, "one value for each seed"),
        ({"epochs": {"8": (20, 30)}}, "not twice"),
        ({"epochs": {}}, "not told for every setting"),
        ({"longer": {"8": [0.85, 0.87, 0.86]}}, "twice the epochs change .* 14% of the margin"),
        ({"longer": {"8": [0.5, 0.5, 2.1]}}, "a longer fit turns it round"),
        ({"rivals": {}}, "how B was tuned"),
        ({"sensitivity": {}}, "no design choice"),
        ({"sensitivity": {"width": {"4": {"8": [2.5, 2.4]}}}}, "width = 4 it does not hold"),
        ({"rows": {"A": {"8": EIGHT}, "B": {"8": [1.05]}, "chance": {"8": FAR}}},
         "margin to the rival lies within chance"),
        ({"rows": {"A": {"8": EIGHT}, "B": {"8": [2.0]}, "chance": {"8": [1.0, 1.2, 1.1]}}},
         "no better than the null"),
    ],
)  # fmt: skip
def test_a_record_that_does_not_stand_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        results.verdict(**good_record(**changes))


# --- writing and reading

HELPER = """
def shared(x):
    return x + 1
"""
SCRIPT = """
from aecourse.objectives import bce
from aecourse.training import fit
from helper import shared

def main():
    return fit, bce, shared(1)

if __name__ == "__main__":
    main()
"""


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """The course's package with one experiment and its result."""
    (tmp_path / "aecourse").symlink_to(ROOT / "aecourse")
    script = tmp_path / "experiments" / "99_toy.py"
    script.parent.mkdir()
    script.write_text(SCRIPT)
    (script.parent / "helper.py").write_text(HELPER)
    monkeypatch.setattr(files, "SOURCE_TREE", tmp_path)
    results.write(script, {"errors": [0.5, 0.25]})
    return script


def test_what_is_written_is_read(tree):
    found = results.read("99_toy")
    assert found.figures == {"errors": [0.5, 0.25]} and found.verdicts == {} and found.kept == []
    assert found.versions["torch"].partition("+")[0] == torch.__version__.partition("+")[0]
    assert results.stale("99_toy") == []


@pytest.mark.parametrize(
    ("figures", "error"), [({"x": math.nan}, ValueError), ({"x": torch.ones(2)}, TypeError)]
)
def test_what_json_cannot_hold_is_refused_and_nothing_is_lost(tree, figures, error):
    with pytest.raises(error):
        results.write(tree, figures)
    assert results.read("99_toy").figures == {"errors": [0.5, 0.25]}


def test_a_missing_result_says_how_to_get_it():
    with pytest.raises(results.ResultError, match="python experiments/98_none.py"):
        results.read("98_none")
    with pytest.raises(results.ResultError, match="python experiments/98_none.py"):
        results.load_net("98_none", "8")


@pytest.mark.parametrize("text", ["{", '{"figures": 1}', "[]"])
def test_a_damaged_result_says_how_to_get_it_back(tree, text):
    (tree.parents[1] / "results" / "99_toy.json").write_text(text)
    with pytest.raises(results.ResultError, match="git checkout"):
        results.read("99_toy")


# --- staleness


def test_callees_count_however_deep(tree):
    known = set(results.read("99_toy").sources)
    assert {"fit", "bce", "shared", "main", MAIN} <= known
    # fit → Objective → _OwnKernel, fit → perturb_weights → _number_from_environment
    assert {"Objective", "_OwnKernel", "_number_from_environment"} <= known
    assert not {"write", "read", "PACKAGES"} & known  # how figures are saved is not what they are


def test_another_script_is_stale_and_another_comment_is_not(tree):
    tree.write_text('"""Now documented."""\n' + SCRIPT.replace("return fit", "return  fit") + "# x")
    assert results.stale("99_toy") == []
    tree.write_text(SCRIPT.replace("shared(1)", "shared(2)"))
    assert results.stale("99_toy") == ["main"]
    tree.write_text(SCRIPT + "print(main())\n")
    assert results.stale("99_toy") == [MAIN]
    tree.unlink()
    assert results.stale("99_toy") == ["99_toy.py"]


def test_a_callee_beside_the_script_makes_it_stale_and_a_move_does_not(tree):
    helper = tree.parent / "helper.py"
    helper.write_text(HELPER.replace("+ 1", "+ 2"))
    assert results.stale("99_toy") == ["shared"]
    helper.write_text("from elsewhere import shared\n")
    (tree.parent / "elsewhere.py").write_text(HELPER)
    assert results.stale("99_toy") == []


def test_a_changed_or_lost_source_is_stale(tree):
    path = tree.parents[1] / "results" / "99_toy.json"
    saved = json.loads(path.read_text())
    saved["sources"] |= {"bce": "0", "gone": "0"}
    path.write_text(json.dumps(saved))
    assert results.stale("99_toy") == ["bce", "gone"]


def test_a_result_is_kept_for_a_reason(tree):
    tree.write_text(SCRIPT.replace("shared(1)", "shared(1.0)"))
    with pytest.raises(ValueError, match="why"):
        results.keep("99_toy", "  ")
    assert results.keep("99_toy", "1 and 1.0 are the same number") == ["main"]
    assert results.stale("99_toy") == []
    (entry,) = results.read("99_toy").kept
    assert entry["because"] == "1 and 1.0 are the same number"
    ((name, (before, after)),) = entry["sources"].items()
    assert name == "main" and before != after == results.read("99_toy").sources["main"]
    assert results.keep("99_toy", "nothing changed") == []
    assert len(results.read("99_toy").kept) == 1


SOURCE = '''
def f(x: int) -> int:
    """Doc."""
    if x < 0:
        raise ValueError("negative")
    return x + 1  # more
'''


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (SOURCE.replace("Doc.", "Other\n    words."), True),
        (SOURCE.replace("# more", ""), True),
        (SOURCE.replace("x + 1", "x+1"), True),
        (SOURCE.replace("x: int", "x: float"), True),
        (SOURCE.replace("negative", "less than nothing"), True),
        ("class A:\n" + SOURCE.replace("\n", "\n    "), False),
        (SOURCE.replace("ValueError", "KeyError"), False),
        (SOURCE.replace("x < 0", "x <= 0"), False),
        (SOURCE.replace("+ 1", "+ 2"), False),
        (SOURCE.replace("return x", "return '#' + x"), False),
    ],
)
def test_the_digest_sees_what_code_does(other, same):
    assert (results.digest(SOURCE) == results.digest(other)) is same


@pytest.mark.parametrize(
    "use",
    [
        "import aecourse.objectives\nvalue = aecourse.objectives.bce\n",
        "import aecourse.objectives as terms\nvalue = terms.bce\n",
        "from aecourse import objectives\nvalue = objectives.bce\n",
        "from aecourse.objectives import bce as loss\nvalue = loss\n",
        "def value():\n    from aecourse.objectives import bce\n    return bce\nvalue()\n",
    ],
)
def test_a_source_is_found_however_it_is_imported(tree, use):
    tree.write_text(use + "print(value)\n")
    assert "bce" in results.sources_of(tree)


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("from sklearn.decomposition import PCA", "from sklearn.cluster import KMeans as PCA"),
        ("from torch.optim import Adam as PCA", "from torch.optim import SGD as PCA"),
        ("import numpy as PCA", "import torch as PCA"),
    ],
)
def test_another_import_under_the_same_name_makes_a_result_stale(tree, line, other):
    for text in (line, other):
        tree.write_text(text + "\n\ndef main():\n    return PCA\n\nmain()\n")
        if text is line:
            results.write(tree, {"x": 1})
    assert results.stale("99_toy") == ["import PCA"]


def test_bench_depends_on_the_tutorials_net():
    assert "tutorial_net" in results.sources_of(ROOT / "experiments" / "bench.py")


@pytest.mark.parametrize("variable", ["AECOURSE_SEED", "AECOURSE_PERTURB"])
def test_an_experiment_runs_with_the_seeds_that_it_names(tree, monkeypatch, variable):
    monkeypatch.setenv(variable, "3")
    with pytest.raises(results.ResultError, match=variable):
        results.cells(tree)
    with pytest.raises(results.ResultError, match=variable):
        results.write(tree, {"x": 1})


def test_a_door_leads_to_the_module_behind_it(tree):
    tree.write_text(
        "from aecourse import evaluation\nprint(evaluation.neighbours, evaluation.auroc)"
    )
    found = results.sources_of(tree)
    assert {"neighbours", "auroc", "_checked_scores"} <= found.keys() and "pixel_mse" not in found


# --- resuming


def test_cells_are_computed_once(tree):
    calls = []

    def compute(value):
        calls.append(value)
        return {"error": value}

    for _ in range(2):  # as if the script were started twice
        cell = results.cells(tree)
        assert cell(("net", 8, 0), lambda: compute(0.5)) == {"error": 0.5}
        assert cell(("net", 8, 1), lambda: compute(0.25)) == {"error": 0.25}
    assert calls == [0.5, 0.25]
    results.write(tree, {"done": True})  # and then everything begins anew
    results.cells(tree)(("net", 8, 0), lambda: compute(1.0))
    assert calls == [0.5, 0.25, 1.0]


def test_a_broken_last_line_loses_one_cell_and_other_code_loses_all(tree, capsys):
    cell = results.cells(tree)
    cell(("a",), lambda: 1), cell(("b",), lambda: 2)
    (path,) = (tree.parents[1] / "results" / files.UNFINISHED).iterdir()
    path.write_text(path.read_text()[:-5])
    again = results.cells(tree)
    assert (again(("a",), lambda: 10), again(("b",), lambda: 20)) == (1, 20)
    tree.write_text(SCRIPT + "print('other')\n")
    assert results.cells(tree)(("a",), lambda: 100) == 100
    assert "starting anew" in capsys.readouterr().out
    assert '"value": 20' in path.with_suffix(".old").read_text()  # set aside, not lost


def test_code_that_changes_during_an_experiment_makes_its_result_stale(tree):
    results.cells(tree)(("a",), lambda: 1)
    (tree.parent / "helper.py").write_text(HELPER.replace("+ 1", "+ 2"))
    results.write(tree, {"done": True})
    assert results.stale("99_toy") == ["shared"]


def test_a_cell_that_fails_is_not_saved(tree):
    cell = results.cells(tree)
    with pytest.raises(ZeroDivisionError):
        cell(("a",), lambda: 1 / 0)
    with pytest.raises(ValueError):
        cell(("a",), lambda: math.nan)
    assert results.cells(tree)(("a",), lambda: 3) == 3


# --- saved nets


def test_a_net_comes_back_in_single_precision(tree):
    x = rows(64)
    model = Dense((5,), 2, hidden=(8,), output="linear")
    quiet_fit(model, {"reconstruction": mse}, x, epochs=2, batch_size=32)
    path = results.save_net(tree, "two", model)
    assert path.name == "99_toy.two.safetensors"
    again = results.load_net("99_toy", "two")
    assert again(x).dtype == torch.float32
    assert torch.allclose(again(x), model(x), atol=2e-2)
    assert next(model.parameters()).dtype == torch.float32  # the original is as it was


def test_a_net_that_is_too_large_is_refused(tree, monkeypatch):
    model = Dense((5,), 2, hidden=(8,))
    monkeypatch.setattr(nets, "LARGEST", 100)
    with pytest.raises(ValueError, match="Save fewer or smaller"):
        results.save_net(tree, "large", model)


# --- make experiments


def test_experiments_runs_what_is_missing_or_stale(tree, capfd):
    assert experiments(Namespace()) == 0
    assert capfd.readouterr().out == "99_toy: up to date\n"
    tree.write_text("print('ran')\n")
    assert experiments(Namespace(names=["99_toy"])) == 0
    said = capfd.readouterr().out
    assert said.startswith("99_toy: stale, because of ") and said.endswith("\nran\n")
    assert experiments(Namespace(names=["99_toy"], keep="a toy needs no figures")) == 0
    assert "99_toy: kept, though " in capfd.readouterr().out
    (tree.parents[1] / "results" / "99_toy.json").unlink()
    tree.write_text("raise SystemExit(3)\n")
    assert experiments(Namespace()) == 3
    assert "no result yet" in capfd.readouterr().out


def test_keeping_needs_a_name_and_a_reason(tree, capsys):
    assert experiments(Namespace(keep="all is well")) == 1
    assert "Name the experiments" in capsys.readouterr().out
    assert experiments(Namespace(names=["99_toy"], keep=" ")) == 1
    assert "why" in capsys.readouterr().out


def test_experiments_refuses_unknown_names(tree, capsys):
    assert experiments(Namespace(names=["12_x"])) == 1
    assert "12_x" in capsys.readouterr().out


def test_experiments_without_a_clone_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(files, "SOURCE_TREE", tmp_path)
    assert experiments(Namespace()) == 1
    assert "clone" in capsys.readouterr().out


def test_the_command_is_there():
    command = [sys.executable, "-m", "aecourse", "experiments", "--help"]
    assert "stale" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
