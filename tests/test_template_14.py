"""Lesson 14 is a template: its own cells, pointed at other data, do their work there as well."""

import json
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_iris

from aecourse import data, own_data, saving
from aecourse.course import lessons
from aecourse.course.template import template, write_template

LESSON = Path(__file__).resolve().parents[1] / "notebooks" / "14_your_own_data.ipynb"
SKIPPED = {"example", "exercise", "check", "claims"}


def run(settings, part=None):
    """Execute the lesson without what belongs to its example; texts replace the settings.

    Args:
        settings: a text for each part that is run.
        part: "A" or "B" runs the other part not at all, as somebody would who deleted it.
    """
    cells = lessons.read(LESSON).cells
    middle = next(i for i, cell in enumerate(cells) if cell.source.startswith("# Part B"))
    setup = [cell for cell in cells[:middle] if "setup" in lessons.tags(cell)]
    cells = {None: cells, "A": cells[:middle], "B": [*setup, *cells[middle:]]}[part]
    scope = {"__name__": LESSON.stem}
    texts = iter(settings)
    for cell in cells:
        if cell.cell_type != "code":
            continue
        tags = set(lessons.tags(cell))
        if not tags & SKIPPED:
            source = next(texts) if "settings" in tags else lessons.without_magics(cell.source)
            exec(compile(source, f"cell {cell.execution_count}", "exec"), scope)
            plt.close("all")
    assert next(texts, None) is None, "each part has one settings cell"
    return scope


def pictures_of(folder, **changes):
    given = {"FOLDER": str(folder), "RESULTS": str(folder.parent / "results"), "SIZE": 16,
             "COLOUR": None, "TOLERANCE": 0.02, "TOGETHER": False, "CODE_SIZE": 4, "EPOCHS": 1,
             **changes}  # fmt: skip
    return "\n".join(f"{name} = {value!r}" for name, value in given.items())


def table_of(path, **changes):
    given = {"CSV": str(path), "RESULTS": str(path.parent / "results"), "LEAVE_OUT": [],
             "MISSING": [], "SAME_GROUP": None, "TABLE_CODE_SIZE": 2, "TABLE_EPOCHS": 2,
             **changes}  # fmt: skip
    return "\n".join(f"{name} = {value!r}" for name, value in given.items())


def coloured_patches(folder, count=70, size=20):
    """Patches of a photograph, tinted, without subfolders; one of them twice."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for i, patch in enumerate(data.patches(count, size)[:, 0].numpy()):
        tint = random.uniform(0.4, 1, 3)
        Image.fromarray(np.uint8(255 * patch[..., None] * tint)).save(folder / f"patch {i:02d}.png")
    Image.open(folder / "patch 00.png").save(folder / "again.webp", lossless=True)


def grey_patches(folder, count=60, size=15):
    """Grey patches in subfolders, three to a film."""
    for i, patch in enumerate(data.patches(count, size, seed=1)[:, 0].numpy()):
        (folder / f"film {i // 3}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.uint8(255 * patch)).save(folder / f"film {i // 3}" / f"{i}.jpg")


def flowers(path):
    """Iris with species as text, a few gaps, semicolons and decimal commas."""
    iris = load_iris(as_frame=True)
    table = iris.data.assign(species=iris.target_names[iris.target])
    table.iloc[::9, 1] = np.nan
    table.to_csv(path, sep=";", decimal=",", index=False)


def days(path):
    """Other columns of the rain table, plain CSV; a column that varies in a few rows only."""
    table = data.rain_table()[["Location", "MaxTemp", "Humidity3pm", "RainToday", "WindDir9am"]]
    table = table.sample(300, random_state=1).assign(rare=0.0)
    table.iloc[0, -1] = 1.0
    table.to_csv(path, index=False)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The lesson, run on two pairs of other data: its names after each run."""
    place = tmp_path_factory.mktemp("own data")
    coloured_patches(place / "colour")
    grey_patches(place / "grey" / "films")
    flowers(place / "flowers.csv")
    days(place / "days.csv")
    one, two = ({"RESULTS": str(place / name)} for name in ("one", "two"))
    colour = run([pictures_of(place / "colour", **one),
                  table_of(place / "flowers.csv", LEAVE_OUT=["species"], **one)])  # fmt: skip
    films = pictures_of(place / "grey" / "films", SIZE=None, TOGETHER=True, **two)
    stations = table_of(place / "days.csv", SAME_GROUP="Location", **two)
    grey = run([films, stations])
    return place, colour, grey


def test_pictures_come_in_colour_or_grey_and_in_any_size(done):
    _, colour, grey = done
    assert colour["SHAPE"] == (3, 16, 16) and type(colour["net"]).__name__ == "Convolutional"
    assert grey["SHAPE"] == (1, 15, 15) and type(grey["net"]).__name__ == "Dense"


def test_copies_and_films_stay_together(done):
    _, colour, grey = done
    names = colour["pictures"].names
    assert len({colour["part_of"][names.index(n)] for n in ("again.webp", "patch 00.png")}) == 1
    films = pd.DataFrame({"film": grey["pictures"].labels, "part": grey["part_of"]})
    assert (films.groupby("film").part.nunique() == 1).all()
    assert set(films.part) == {"train", "valid", "test"}
    stations = pd.DataFrame({"station": grey["table"].aside["Location"]})
    for part, rows in zip(("train", "valid", "test"), grey["row_parts"]):
        stations.loc[rows.numpy(), "part"] = part
    assert (stations.groupby("station").part.nunique() == 1).all()


def test_files_hold_what_was_computed(done):
    place, colour, grey = done
    for folder, names in ((place / "one", colour), (place / "two", grey)):
        codes = pd.read_csv(folder / "picture codes.csv")
        assert tuple(codes.name) == names["pictures"].names
        assert tuple(codes.part) == tuple(names["part_of"])
        found = codes.filter(like="code ").to_numpy()
        np.testing.assert_allclose(found, names["codes"].numpy(), rtol=1e-4, atol=1e-5)
        model = saving.load(folder / "picture net.safetensors").model
        test = names["TEST"]
        with torch.no_grad():
            assert torch.allclose(model(test), names["net"].cpu()(test))

        rows = pd.read_csv(folder / "row codes.csv")
        assert tuple(rows.name) == tuple(names["table"].rows.tolist())
        stored = saving.load(folder / "row net.safetensors")
        assert stored.columns in (names["ready"].names, names["ready"].full_names)
        assert torch.equal(stored.scaling.std, names["ready"].scaling.std)
        assert np.isfinite(rows.error).all()


def test_a_saved_model_reads_a_new_file(done, tmp_path):
    place, _, grey = done
    stored = saving.load(place / "two" / "row net.safetensors")
    path = tmp_path / "new.csv"
    path.write_text("RainToday;MaxTemp;WindDir9am\nYes;31,5;N\nNo;NA;E\n", encoding="utf-8")
    new = own_data.load_rows(path, stored.columns)
    x, observed = own_data.fill(new.x, stored.scaling)
    assert torch.isfinite(stored.model.encode(x)).all()
    assert observed[:, stored.columns.index("MaxTemp")].tolist() == [True, False]
    assert not observed[:, stored.columns.index("Humidity3pm")].any()


def test_a_model_can_keep_both_of_two_values(done, tmp_path):
    _, _, grey = done
    ready = grey["ready"]
    path = saving.save(tmp_path / "net", grey["table_net"], scaling=ready.scaling,
                       columns=ready.full_names)  # fmt: skip
    stored = saving.load(path)
    new = tmp_path / "new.csv"
    new.write_text("RainToday,MaxTemp\nNo,31.5\nNo,20\nno,25\n", encoding="utf-8")
    rows = own_data.load_rows(new, stored.columns)
    assert rows.names == ready.names
    x, observed = own_data.fill(rows.x, stored.scaling)
    assert observed[:, ready.names.index("RainToday=Yes")].tolist() == [True, True, False]
    assert torch.isfinite(stored.model.encode(x)).all()


def test_each_part_runs_without_the_other(tmp_path):
    flowers(tmp_path / "flowers.csv")
    run([table_of(tmp_path / "flowers.csv", LEAVE_OUT=["species"])], "B")
    grey_patches(tmp_path / "films")
    changes = {"SIZE": None, "TOGETHER": 1}
    for _ in range(2):  # the second run finds the results of the first
        scope = run([pictures_of(tmp_path / "films", **changes)], "A")
        assert len(scope["pictures"].names) == 60 and len(scope["new"].names) == 1


def test_what_cannot_work_stops_with_its_reason(tmp_path):
    grey_patches(tmp_path / "films")
    inside = pictures_of(tmp_path / "films", RESULTS=str(tmp_path / "films" / "results"))
    with pytest.raises(AssertionError, match="must not lie inside FOLDER"):
        run([inside], "A")
    with pytest.raises(ValueError, match="60 pictures are too few for CODE_SIZE = 30"):
        run([pictures_of(tmp_path / "films", CODE_SIZE=30)], "A")
    flowers(tmp_path / "flowers.csv")
    with pytest.raises(ValueError, match="TABLE_CODE_SIZE = 4 must be below"):
        run([table_of(tmp_path / "flowers.csv", LEAVE_OUT=["species"], TABLE_CODE_SIZE=4)], "B")


def test_a_column_that_does_not_vary_in_training_is_left_out(done):
    _, _, grey = done
    row = int((grey["table"].x[:, grey["table"].names.index("rare")] == 1).nonzero())
    trained_on = row in grey["row_parts"][0].tolist()
    assert ("rare" in grey["ready"].names) == trained_on


def test_the_template_is_the_lesson_without_its_example(tmp_path, monkeypatch):
    path = write_template(tmp_path / "mine.ipynb")
    cells = lessons.code_cells(lessons.read(path))
    kept = [cell.source for cell in lessons.code_cells(lessons.read(LESSON))
            if not set(lessons.tags(cell)) & {*SKIPPED, "settings"}]  # fmt: skip
    assert [c.source for c in cells if "settings" not in lessons.tags(c)] == kept
    assert not any(cell.outputs for cell in cells)
    settings = [cell.source for cell in cells if "settings" in lessons.tags(cell)]
    monkeypatch.chdir(tmp_path)
    for source in settings:
        scope = {}
        exec(source, scope)
        assert scope.get("FOLDER", "pictures") == "pictures"
        assert scope.get("LEAVE_OUT", []) == []
        assert scope.get("CSV", "measurements.csv") == "measurements.csv"
        assert scope["RESULTS"] == "results" and scope.get("COLOUR") is None
    text = " ".join(cell.source for cell in lessons.read(path).cells)
    for result in ("JPEG copies, and", "PCA wins clearly", "first net", "Evaporation", "trebled"):
        assert result not in text, f"the template states the example's result: {result}"
    with pytest.raises(FileExistsError, match="exists already"):
        write_template(path)


def test_the_command_says_where_the_template_is_and_overwrites_nothing(tmp_path, capsys):
    options = SimpleNamespace(file=str(tmp_path / "mine.ipynb"))
    assert template(options) == 0 and "mine.ipynb" in capsys.readouterr().out
    assert template(options) == 1 and "exists already" in capsys.readouterr().out


def test_the_lesson_marks_what_belongs_to_its_example():
    """So that nothing else depends on it, and the reader can see it."""
    notebook = lessons.read(LESSON)
    for cell in lessons.code_cells(notebook):
        assert ("example" in lessons.tags(cell)) == cell.source.startswith("# example\n")
    metadata = json.dumps([cell.metadata for cell in notebook.cells])
    assert metadata.count('"settings"') == 2
