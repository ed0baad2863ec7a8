"""Folders and files as people have them: everything odd is named, nothing is lost in silence."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from aecourse import own_data, plots, saving
from aecourse.data import DataError, split_groups
from aecourse.models import Dense
from aecourse.own_data import (
    Note,
    copies,
    duplicates,
    fill,
    joined,
    load_pictures,
    load_rows,
    load_table,
    prepare,
    report,
    save_codes,
)

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (8, 6), dtype=np.uint8)
RGB = RNG.integers(0, 256, (8, 6, 3), dtype=np.uint8)


def write(folder, name, values, **options):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path, **options)
    return path


def found(notes, where):
    return " | ".join(f"{note.found} → {note.done}" for note in notes if note.where == where)


# --------------------------------------------------------------------------- pictures


def test_grey_pictures_come_back_exactly(tmp_path):
    write(tmp_path, "b/2.png", 255 - GREY)
    write(tmp_path, "a/1.png", GREY)
    pictures = load_pictures(tmp_path)
    assert pictures.names == ("a/1.png", "b/2.png") and pictures.labels == ("a", "b")
    assert pictures.images.shape == (2, 1, 8, 6) and pictures.images.dtype == torch.float32
    assert torch.equal(pictures.images[0, 0], torch.from_numpy(GREY) / 255)
    assert pictures.notes == () and "nothing" in report(pictures.notes)


def test_colour_comes_back_exactly_and_can_be_turned_to_grey(tmp_path):
    write(tmp_path, "1.png", RGB)
    colour = load_pictures(tmp_path)
    assert torch.equal(colour.images[0], torch.from_numpy(RGB).permute(2, 0, 1) / 255)
    grey = load_pictures(tmp_path, colour=False)
    expected = torch.einsum("chw,c->hw", colour.images[0], torch.tensor([0.299, 0.587, 0.114]))
    assert torch.allclose(grey.images[0, 0], expected, atol=1e-6)
    assert "turned to grey" in found(grey.notes, "1.png")


def test_grey_among_colour_is_named(tmp_path):
    write(tmp_path, "colour.png", RGB)
    write(tmp_path, "grey.png", GREY)
    write(tmp_path, "grey as RGB.png", np.repeat(GREY[..., None], 3, 2))
    pictures = load_pictures(tmp_path)
    assert pictures.images.shape == (3, 3, 8, 6)
    assert "is grey" in found(pictures.notes, "grey.png")
    assert "is grey" in found(pictures.notes, "grey as RGB.png")
    assert not found(pictures.notes, "colour.png")


def test_grey_saved_as_colour_stays_grey(tmp_path):
    write(tmp_path, "1.png", np.repeat(GREY[..., None], 3, 2))
    assert load_pictures(tmp_path).images.shape == (1, 1, 8, 6)


def test_unreadable_files_are_named_and_the_rest_is_kept(tmp_path):
    whole = write(tmp_path, "whole.png", GREY)
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:60])
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / ".hidden").write_text("of the system")
    pictures = load_pictures(tmp_path)
    assert pictures.names == ("whole.png",)
    for name in ("cut.png", "text.jpg", "empty.png"):
        assert "cannot be read" in found(pictures.notes, name) and "left out" in report(
            pictures.notes
        )
    assert "not what its ending says" in found(pictures.notes, "text.jpg")
    assert "the file is empty" in found(pictures.notes, "empty.png")
    assert "does not end like a picture" in found(pictures.notes, "notes.txt")
    assert not found(pictures.notes, ".hidden")


def test_unequal_sizes_are_refused_and_with_a_size_named(tmp_path):
    write(tmp_path, "1.png", GREY)
    write(tmp_path, "2.png", GREY[:6])
    with pytest.raises(DataError, match=r"2 sizes .*8 × 6 \(1\), 6 × 6 \(1\).*size=28"):
        load_pictures(tmp_path)
    pictures = load_pictures(tmp_path, size=6)
    assert pictures.images.shape == (2, 1, 6, 6)
    assert "cut around the middle" in found(pictures.notes, "1.png")
    assert torch.equal(pictures.images[0], torch.from_numpy(GREY[1:7] / np.float32(255))[None])
    assert not found(pictures.notes, "2.png")
    scaled = load_pictures(tmp_path, size=(4, 3))
    assert found(scaled.notes, "1.png") == "is 8 × 6 → scaled to 4 × 3"
    assert 0 <= scaled.images.min() and scaled.images.max() <= 1


def test_sixteen_bits_are_scaled_not_cut(tmp_path):
    deep = np.linspace(0, 65535, 48).reshape(8, 6).astype(np.uint16)
    write(tmp_path, "deep.png", deep)
    pictures = load_pictures(tmp_path)
    assert torch.allclose(pictures.images[0, 0], torch.from_numpy(deep / 65535).float())
    assert "more than 8 bits (largest value 65535)" in found(pictures.notes, "deep.png")


def test_floating_point_pictures_have_one_scale(tmp_path):
    bright = np.linspace(0, 1, 48, dtype=np.float32).reshape(8, 6)
    write(tmp_path, "bright.tif", bright)
    write(tmp_path, "dim.tif", bright / 500)
    write(tmp_path, "grey.png", GREY)
    pictures = load_pictures(tmp_path)
    assert torch.equal(pictures.images[0, 0], torch.from_numpy(bright))
    assert torch.equal(pictures.images[1, 0], torch.from_numpy(bright / 500))
    assert "largest value 0.002) → taken as they are" in found(pictures.notes, "dim.tif")


@pytest.mark.parametrize("values", [GREY * 1.0, GREY - 1.0, GREY * np.nan])
def test_floating_point_pictures_of_another_scale_are_refused(tmp_path, values):
    write(tmp_path, "dim.tif", GREY / np.float32(500))  # would pass, at another scale
    write(tmp_path, "other.tif", values.astype(np.float32))
    with pytest.raises(DataError, match="other.tif holds floating-point numbers .*one scale"):
        load_pictures(tmp_path)


def test_small_pictures_are_blown_up_by_name(tmp_path):
    write(tmp_path, "1.png", GREY)
    notes = load_pictures(tmp_path, size=12).notes
    assert "blown up to 12 × 12" in found(notes, "1.png")


def test_folders_in_folders_and_archives_are_named(tmp_path):
    (tmp_path / "all.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match="unpack the ZIP first"):
        load_pictures(tmp_path)
    write(tmp_path, "a/left/1.png", GREY)
    assert "folder within a folder" in found(load_pictures(tmp_path).notes, "a/left")


def test_transparency_is_laid_on_white_and_named(tmp_path):
    alpha = np.full((8, 6, 1), 255, np.uint8)
    write(tmp_path, "opaque.png", np.concatenate([RGB, alpha], 2))
    write(tmp_path, "clear.png", np.concatenate([RGB, 0 * alpha], 2))
    pictures = load_pictures(tmp_path)
    assert torch.equal(pictures.images[0], torch.ones(3, 8, 6))
    assert "laid on white" in found(pictures.notes, "clear.png")
    assert not found(pictures.notes, "opaque.png")
    assert torch.equal(pictures.images[1], torch.from_numpy(RGB).permute(2, 0, 1) / 255)


def test_pictures_of_other_kinds_and_in_hidden_folders_are_named(tmp_path):
    write(tmp_path, "1.png", GREY)
    write(tmp_path, ".ipynb_checkpoints/1.png", GREY)
    (tmp_path / "IMG_1.HEIC").write_bytes(b"x")
    pictures = load_pictures(tmp_path)
    assert pictures.names == ("1.png",)
    assert "hidden folder" in found(pictures.notes, ".ipynb_checkpoints/1.png")
    assert "save it as PNG or JPEG" in found(pictures.notes, "IMG_1.HEIC")


def test_exif_rotation_is_undone(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    write(tmp_path, "side.png", GREY, exif=exif)
    write(tmp_path, "upright.png", np.rot90(GREY, -1).copy())
    pictures = load_pictures(tmp_path)
    assert torch.equal(pictures.images[0], pictures.images[1])
    assert "EXIF" in found(pictures.notes, "side.png")


def test_of_an_animation_the_first_frame_is_used(tmp_path):
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    pictures = load_pictures(tmp_path)
    assert len(pictures.images) == 1 and "several frames" in found(pictures.notes, "film.gif")


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "LA", "YCbCr"])
def test_other_kinds_of_pixels_can_be_read(tmp_path, mode):
    ending = {"CMYK": "tif", "YCbCr": "tif"}.get(mode, "png")
    Image.fromarray(RGB).convert(mode).save(tmp_path / f"1.{ending}")
    assert load_pictures(tmp_path).images.shape[2:] == (8, 6)


def test_folders_without_pictures_are_refused(tmp_path):
    with pytest.raises(DataError, match="no folder .*looked for it in"):
        load_pictures(tmp_path / "nowhere")
    with pytest.raises(DataError, match="There is no picture in .*0 file"):
        load_pictures(tmp_path)
    text = tmp_path / "a.txt"
    text.write_text("x")
    with pytest.raises(DataError, match="is a file. Name the folder"):
        load_pictures(text)
    (tmp_path / "broken.png").write_text("x")
    with pytest.raises(DataError, match=r"(?s)No file .*broken.png"):
        load_pictures(tmp_path)


def test_a_senseless_size_is_refused(tmp_path):
    write(tmp_path, "1.png", GREY)
    for size in ("28", 28.0, (28,), (4, 4.5)):
        with pytest.raises(ValueError, match="size is a whole number, or"):
            load_pictures(tmp_path, size=size)
    with pytest.raises(ValueError, match="True means RGB"):
        load_pictures(tmp_path, colour="grey")
    with pytest.raises(ValueError, match="at least one pixel"):
        load_pictures(tmp_path, size=0)
    with pytest.raises(DataError, match="do not fit into memory"):
        load_pictures(tmp_path, size=20_000)


# --------------------------------------------------------------------------- tables


def table(tmp_path, text, encoding="utf-8", **options):
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding))
    return load_table(path, **options)


def test_numbers_come_back_exactly(tmp_path):
    columns = table(tmp_path, "a,b\n1,2.5\n-3,4e2\n\n7,0\n")
    assert columns.names == ("a", "b")
    assert columns.x.tolist() == [[1, 2.5], [-3, 400], [7, 0]]
    assert columns.rows.tolist() == [2, 3, 5]  # the line numbers of the file
    assert columns.notes == ()


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators_and_decimal_commas(tmp_path, separator):
    columns = table(tmp_path, f"a{separator}b\n1,5{separator}2\n2,5{separator}9\n")
    assert columns.x.tolist() == [[1.5, 2], [2.5, 9]]
    assert "decimal commas" in found(columns.notes, "a")


def test_commas_that_mark_thousands_are_not_decimals(tmp_path):
    lines = "\n".join(f'"{v:,}",{v % 7}' for v in range(500, 2500, 97))
    columns = table(tmp_path, "pop,x\n" + lines)
    assert columns.x[:, 0].tolist() == list(range(500, 2500, 97))
    assert "mark thousands" in found(columns.notes, "pop")
    assert load_rows(tmp_path / "table.csv", ["pop"]).x[-1].item() == 500 + 97 * 20
    both = table(tmp_path, "a;x\n1,234.5;1\n2,000;5\n7;2\n")
    assert both.x[:, 0].tolist() == [1234.5, 2000, 7]


def test_commas_that_could_mean_either_are_named(tmp_path):
    columns = table(tmp_path, "a;x\n1,082;1\n2,500;5\n")
    assert columns.x[:, 0].tolist() == [1.082, 2.5]
    assert "('1,082'): thousands or decimals?" in found(columns.notes, "a")
    columns = table(tmp_path, "a;x\n0,082;1\n2,500;5\n")
    assert "decimal commas" in found(columns.notes, "a")


@pytest.mark.parametrize("missing", [["-999"], [-999], ["-999.0"]])
@pytest.mark.parametrize("written", ["-999", "-999.0", '"-999,0"'])
def test_a_code_for_missing_is_found_however_it_is_written(tmp_path, missing, written):
    columns = table(tmp_path, f"a,b\n1,2\n{written},4\n3,9\n", missing=missing)
    assert columns.x[:, 0].isnan().tolist() == [False, True, False]
    assert load_rows(tmp_path / "table.csv", ["a"], missing).x.shape == (2, 1)


def test_settings_that_are_no_lists_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"list, \['-999'\]"):
        table(tmp_path, "a,b\n1,2\n3,5\n", missing="-999")
    with pytest.raises(ValueError, match=r"list, \['a'\]"):
        table(tmp_path, "a,b\n1,2\n3,5\n", leave_out="a")
    columns = table(tmp_path, "a,b\n1,2\n3,5\n", missing=["-1"])
    assert "stands in no cell" in found(columns.notes, "-1")


def test_a_header_of_numbers_is_named(tmp_path):
    columns = table(tmp_path, "5.1,3.5\n4.9,3\n4.7,3.2\n")
    assert "consists of numbers (5.1, 3.5)" in found(columns.notes, "line 1")
    with pytest.raises(DataError, match="put a line with names above it"):
        table(tmp_path, "1.4,1.4\n4.9,3\n4.7,3.2\n")


@pytest.mark.parametrize("start, where", [("sep=;\n", "line 1"), ("# made by X, 2024\n", "line 1"),
                                          ("\n", "line 1")])  # fmt: skip
def test_lines_above_the_names_are_skipped_and_named(tmp_path, start, where):
    columns = table(tmp_path, start + "a;b\n1;2\n3;5\n")
    assert columns.names == ("a", "b") and columns.rows.tolist() == [3, 4]
    assert found(columns.notes, where)


def test_the_separator_is_the_one_that_fits_all_lines(tmp_path):
    columns = table(tmp_path, '"a, mean";b\n1,5;2\n3;5\n')
    assert columns.names == ("a, mean", "b") and columns.x.tolist() == [[1.5, 2], [3, 5]]
    assert table(tmp_path, "a\tb\n1\t2\n3\t5\n", encoding="utf-16").names == ("a", "b")
    assert table(tmp_path, "value\n1,5\n2,5\n").x.tolist() == [[1.5], [2.5]]
    with pytest.raises(DataError, match="one column only. Is its separator"):
        table(tmp_path, "a b\n1 2\n3 4\n")
    with pytest.raises(DataError, match="Do the lines end with a separator"):
        table(tmp_path, "a,b\n1,2,\n3,4,\n")


def test_a_tick_and_words_for_missing_are_explained(tmp_path):
    columns = table(tmp_path, "smoker,drug,x\nx,None,1\n,aspirin,5\nx,aspirin,3\n,None,2\n")
    assert "('x'), and nothing in 50%" in found(columns.notes, "smoker")
    assert "and None in 50%" in found(columns.notes, "drug")
    assert "write 'no' there" in found(columns.notes, "drug")
    columns = table(tmp_path, "drug,x\nNone,1\na,5\nb,3\n")
    assert "('None' counted as such)" in found(columns.notes, "drug")


def test_identities_and_codes_are_named(tmp_path):
    ids = RNG.permutation(30) + 1000
    lines = "\n".join(f"{n},{['07743', '10115'][i % 2]},{i % 7 + 0.5}" for i, n in enumerate(ids))
    columns = table(tmp_path, "patient,postcode,x\n" + lines)
    assert "another whole number in every row" in found(columns.notes, "patient")
    assert "leading zeros ('07743')" in found(columns.notes, "postcode")
    assert not found(columns.notes, "x")


def test_two_codes_for_missing_are_both_named(tmp_path):
    lines = "\n".join(str({3: -999, 5: 9999}.get(i, i * 7 % 11 + 0.5)) for i in range(20))
    notes = found(table(tmp_path, "x\n" + lines).notes, "x")
    assert "is -999 in 1 rows" in notes and "is 9999 in 1 rows" in notes


def test_new_values_and_empty_rows_of_new_files_are_named(tmp_path):
    names = ("a", "rain=Yes", "wind=N", "wind=S")
    path = tmp_path / "new.csv"
    path.write_text("a,rain,wind\n1,yes,N\n-999,1,W\n2,No,S\n5,No,S\n7,No,S\n,,\n,NA,\n")
    new = load_rows(path, names)
    assert new.rows.tolist() == [2, 3, 4, 5, 6]
    assert "empty in all" in found(new.notes, "line 8")
    assert "may not know ('1', 'No', 'yes')" in found(new.notes, "rain")
    assert "may not know ('W')" in found(new.notes, "wind")
    assert "is -999 in 1 rows" in found(new.notes, "a")
    path.write_text("a,rain,wind\n1,Yes,N\n3,No,S\n")
    assert load_rows(path, names).notes == ()


def test_missing_values_are_counted(tmp_path):
    columns = table(tmp_path, "a,b\n1,NA\n2,\n4,3\n8,5\n")
    assert columns.x.isnan().tolist() == [[False, True]] * 2 + [[False, False]] * 2
    assert "50.0% of its values are missing" in found(columns.notes, "b")


def test_a_word_among_numbers_counts_as_missing_and_is_named(tmp_path):
    values = "\n".join([*map(str, [5, 3, 8, 1, 9, 2, 7, 4, 6, 11, 15]), "unknown"])
    values = values.replace("\n", ",1\n") + ",2"
    columns = table(tmp_path, f"age,x\n{values}\n")
    assert columns.x.isnan().sum() == 1
    assert "1 of its values are no numbers ('unknown')" in found(columns.notes, "age")


def test_text_becomes_columns_or_is_left_out(tmp_path):
    people = "\n".join(f"{i % 7 + 0.5},{'yes' if i % 2 else 'no'},{'NSW'[i % 3]},p{i}"
                       for i in range(30))  # fmt: skip
    columns = table(tmp_path, f"x,rain,wind,name\n{people}\n")
    assert columns.names == ("x", "rain=yes", "wind=N", "wind=S", "wind=W")
    assert columns.x[:, 1].tolist() == [float(i % 2) for i in range(30)]
    assert (columns.x[:, 2:].sum(1) == 1).all()
    assert "30 different values ('p0', 'p1', 'p10', …) → left out" in found(columns.notes, "name")


def test_columns_without_information_are_left_out(tmp_path):
    columns = table(tmp_path, "id,constant,empty,x\n1,5,,3\n2,5,,1\n3,5,,4\n")
    assert columns.names == ("x",)
    assert "counts the rows" in found(columns.notes, "id")
    assert "one value only" in found(columns.notes, "constant")
    assert "is empty" in found(columns.notes, "empty")


def test_a_counter_with_gaps_is_still_a_counter(tmp_path):
    lines = [f"{i},{i * 7 % 11}" for i in range(30) if i != 12] + ["3,10"]
    columns = table(tmp_path, "id,x\n" + "\n".join(lines))
    assert columns.names == ("x",) and "counts the rows" in found(columns.notes, "id")


def test_numbers_that_only_rise_are_kept_and_named(tmp_path):
    lines = "\n".join(f"{i * i},{i * 7 % 11}" for i in range(30))
    columns = table(tmp_path, "time,x\n" + lines)
    assert columns.names == ("time", "x")
    assert "rises from every row" in found(columns.notes, "time")


def test_a_code_for_missing_values_is_named_and_can_be_given(tmp_path):
    lines = "\n".join(str(-999 if i in (3, 5) else i * 7 % 11 + 0.5) for i in range(20))
    kept = table(tmp_path, "x\n" + lines)
    assert "is -999 in 2 rows, far from all else" in found(kept.notes, "x")
    assert kept.x.min() == -999
    lines = "\n".join(f"{i % 3},{line}" for i, line in enumerate(lines.split()))
    named = table(tmp_path, "y,x\n" + lines, missing=["-999"])
    assert named.x[:, 1].isnan().sum() == 2 and "far from" not in found(named.notes, "x")
    ordinary = table(tmp_path, "x\n" + "\n".join(map(str, [9, 2, 5, 9, 7, 3])))
    assert ordinary.notes == ()


def test_the_same_column_in_other_units_is_named(tmp_path):
    lines = "\n".join(f"{c},{1.8 * c + 32},{c * c % 7}" for c in [3, -5, 9, 20, 4, 1])
    columns = table(tmp_path, "celsius,fahrenheit,x\n" + lines)
    assert columns.names == ("celsius", "fahrenheit", "x")
    assert "exactly with celsius" in found(columns.notes, "fahrenheit")
    assert not found(columns.notes, "x")


def test_rows_with_nothing_in_them_are_left_out_and_named(tmp_path):
    columns = table(tmp_path, "who,a,b\np,1,2\nq,,NA\nr,3,\n", leave_out=["who"])
    assert columns.rows.tolist() == [2, 4] and columns.aside["who"].tolist() == ["p", "r"]
    assert "is empty in all" in found(columns.notes, "line 3")


def test_new_rows_get_the_columns_of_the_old_ones(tmp_path):
    old = table(tmp_path, "a,wind,rain,gone\n1,N,yes,3\n2,S,no,4\n4,W,no,6\n7,N,yes,9\n")
    path = tmp_path / "new.csv"
    path.write_text("id;rain;a;wind\n1;yes;1,5;S\n2;NA;;E\n", encoding="utf-8")
    new = load_rows(path, old.names)
    assert new.names == old.names == ("a", "wind=N", "wind=S", "wind=W", "rain=yes", "gone")
    nan = float("nan")
    expected = [[1.5, 0, 1, 0, 1, nan], [nan, 0, 0, 0, nan, nan]]
    np.testing.assert_array_equal(new.x, expected)
    assert "is not in the file" in found(new.notes, "gone")
    assert "is no column of the model" in found(new.notes, "id")
    with pytest.raises(DataError, match="none of the columns x, y"):
        load_rows(path, ["x", "y"])


@pytest.fixture
def two_values(tmp_path):
    """A table with a column of two values, prepared, and its names as a model's file keeps them."""
    old = table(tmp_path, "a,rain\n1,No\n2,Yes\n4,No\n8,Yes\n3,No\n")
    ready = prepare(old, (torch.arange(3), torch.tensor([3]), torch.tensor([4])))
    model = Dense(2, 1, hidden=())
    path = saving.save(tmp_path / "net", model, scaling=ready.scaling, columns=ready.full_names)
    return ready, saving.load(path).columns


def test_both_of_two_values_are_stored_with_the_model(two_values):
    ready, stored = two_values
    assert ready.names == ("a", "rain=Yes")
    assert stored == ready.full_names == ("a", "rain=Yes|rain=No")


@pytest.mark.parametrize("words", [["Yes", "No", "No"], ["No"] * 3, ["Yes"] * 3])
def test_new_rows_with_the_two_stored_values_are_read_as_before(tmp_path, two_values, words):
    path = tmp_path / "new.csv"
    path.write_text("rain,a\n" + "\n".join(f"{word},{i}" for i, word in enumerate(words)))
    new = load_rows(path, two_values[1])
    assert new.x.tolist() == [[i, float(word == "Yes")] for i, word in enumerate(words)]
    assert new.names == two_values[0].names and new.full_names == two_values[1]
    assert new.notes == ()


def test_a_third_value_where_two_are_stored_is_missing_and_named(tmp_path, two_values):
    path = tmp_path / "new.csv"
    path.write_text("a,rain\n1,yes\n2,No\n3,NA\n")
    new = load_rows(path, two_values[1])
    assert new.x[:, 1].isnan().tolist() == [True, False, True]
    assert found(new.notes, "rain").endswith("may not know ('yes') → counted as missing")
    path.write_text("a\n1\n2\n")
    lacking = load_rows(path, two_values[1])
    assert lacking.names == two_values[0].names and lacking.x[:, 1].isnan().all()
    assert "is not in the file" in found(lacking.notes, "rain")


def test_names_and_values_may_hold_the_signs_of_a_full_name(tmp_path):
    old = table(tmp_path, "x=y;p|q\nu=v;a|b\nw;a|p\nw;a|b\n")
    assert old.names == ("x=y=w", "p|q=a|p")
    new = load_rows(tmp_path / "table.csv", old.full_names)
    assert torch.equal(new.x, old.x) and new.notes == () and new.names == old.names


def test_new_rows_are_filled_with_the_old_mean(tmp_path):
    columns = table(tmp_path, "a,b\n1,10\n3,\n5,30\n,7\n")
    prepared = prepare(columns, (torch.tensor([0, 1, 2]), torch.tensor([3]), torch.tensor([3])))
    x, observed = fill(columns.x, prepared.scaling)
    assert torch.equal(x[:3], prepared.x[0]) and torch.equal(observed[:3], prepared.observed[0])


def test_lines_that_do_not_fit_are_named(tmp_path):
    columns = table(tmp_path, 'a,b\n1,2\n1,2,3\n"two\nlines",5\n3,4\n')
    assert found(columns.notes, "line 3") == "has 3 fields, the header 2 → left out"
    assert columns.rows.tolist() == [2, 5, 6]


def test_columns_can_be_left_out_by_name(tmp_path):
    columns = table(tmp_path, "a,b\n1,2\n3,5\n", leave_out=["b"])
    assert columns.names == ("a",) and "as asked" in found(columns.notes, "b")
    with pytest.raises(ValueError, match="no column 'c' in table.csv. It has: a, b"):
        table(tmp_path, "a,b\n1,2\n3,5\n", leave_out=["c"])


def test_old_encodings_are_read_and_named(tmp_path):
    columns = table(tmp_path, "größe,b\n1,2\n3,5\n", encoding="latin-1")
    assert columns.names == ("größe", "b") and "Latin-1" in found(columns.notes, "table.csv")


@pytest.mark.parametrize(
    "text, message",
    [
        ("a,b\n", "no line below its first"),
        ("", "no line below its first"),
        ("a,a\n1,2\n", "two columns called 'a'"),
        ("a,b\n1\n", "No line of table.csv fits its header"),
        ("a\nx\nx\n", "No column of table.csv can be used"),
    ],
)
def test_files_that_are_no_tables_are_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        table(tmp_path, text)


def test_places_that_are_no_tables_are_refused(tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        load_table(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="is a folder.*load_pictures"):
        load_table(tmp_path)
    sheet = tmp_path / "sheet.xlsx"
    sheet.write_bytes(b"PK")
    with pytest.raises(DataError, match="spreadsheet. Save it as CSV"):
        load_table(sheet)


def test_preparing_looks_at_training_rows_only(tmp_path):
    columns = table(tmp_path, "a,b,c\n1,,1\n3,4,1\n100,8,1\n-50,,2\n")
    parts = (torch.tensor([0, 1]), torch.tensor([2]), torch.tensor([3]))
    prepared = prepare(columns, parts)
    assert prepared.names == ("a",) and len(prepared.notes) == 2  # b and c do not vary there
    assert prepared.scaling.mean.tolist() == [2] and prepared.scaling.std.tolist() == [1]
    assert prepared.x[1].tolist() == [[98]]


def test_a_filled_value_is_the_training_mean(tmp_path):
    columns = table(tmp_path, "a,b\n1,10\n3,\n5,30\n,7\n")
    parts = (torch.tensor([0, 1, 2]), torch.tensor([3]), torch.tensor([3]))
    prepared = prepare(columns, parts)
    assert prepared.x[1][0, 0] == 0 and prepared.x[0][1, 1] == 0
    assert prepared.observed[0].tolist() == [[True, True], [True, False], [True, True]]
    back = prepared.scaling.undo(prepared.x[1])
    assert torch.allclose(back, torch.tensor([[3.0, 7.0]]))


def test_a_table_that_does_not_vary_is_refused(tmp_path):
    columns = table(tmp_path, "a\n1\n1\n2\n")
    with pytest.raises(DataError, match="No column varies"):
        prepare(columns, (torch.tensor([0, 1]), torch.tensor([2]), torch.tensor([2])))


# --------------------------------------------------------------------------- duplicates


def test_equal_examples_form_one_group():
    x = torch.tensor([[1.0, 2], [3, 4], [1, 2], [0, 0], [-0.0, 0]])
    group = duplicates(x)
    assert group[0] == group[2] and group[3] == group[4]
    assert len(set(group.tolist())) == 3
    with_gap = torch.tensor([[torch.nan, 1.0], [torch.nan, 1.0], [0.0, 1.0]])
    assert duplicates(with_gap).tolist() == [0, 0, 1]


def test_near_copies_chain_together():
    x = torch.tensor([0.0, 0.015, 0.03, 0.9])[:, None, None, None].expand(4, 1, 5, 5)
    assert duplicates(x).tolist() == [0, 1, 2, 3]
    group = duplicates(x, tolerance=0.02)
    assert group[0] == group[1] == group[2] != group[3]


def test_copies_stay_in_one_part_of_a_split():
    x = torch.rand(40, 3).repeat(3, 1)
    parts = split_groups(duplicates(x))
    rows = [{tuple(row) for row in x[part].tolist()} for part in parts]
    assert sorted(torch.cat(parts).tolist()) == list(range(120))
    assert not rows[0] & rows[1] and not rows[0] & rows[2] and not rows[1] & rows[2]


def test_too_few_groups_are_counted_as_groups():
    with pytest.raises(ValueError, match=r"60 examples in 2 group\(s\).*at least 3 groups"):
        split_groups([0, 1] * 30)


def test_reasons_to_stay_together_can_be_joined():
    copy, patient = [0, 0, 1, 2, 3], ["a", "b", "b", "c", "c"]
    both = joined(copy, patient)
    assert both[0] == both[1] == both[2] != both[3] == both[4]
    assert len(set(joined(copy).tolist())) == 4
    with pytest.raises(ValueError, match=r"unequal length: \[5, 2\]"):
        joined(copy, [1, 2])


def test_copies_are_named():
    (note,) = copies([0, 1, 0], ["a", "b", "c"])
    assert note == ("a = c", "are 2 copies of one another", "kept together in one part")
    (note,) = copies([0] * 5, list("abcde"))
    assert note.where == "a = b = c = …" and note.found.startswith("are 5 copies")


def test_duplicates_refuse_what_makes_no_sense():
    with pytest.raises(ValueError, match="cannot be negative"):
        duplicates(torch.zeros(2, 1), tolerance=-1)
    with pytest.raises(ValueError, match="fill the missing values"):
        duplicates(torch.tensor([[torch.nan], [1.0]]), tolerance=0.1)


# --------------------------------------------------------------------------- results


def test_codes_come_back_from_their_file(tmp_path):
    codes, errors = torch.rand(3, 2), torch.rand(3)
    path = save_codes(tmp_path / "codes.csv", ["a, 1", "b", "c"], codes, errors, ["train"] * 3)
    back = pd.read_csv(path)
    assert list(back) == ["name", "part", "error", "code 1", "code 2"]
    assert back["name"].tolist() == ["a, 1", "b", "c"]
    np.testing.assert_allclose(back[["code 1", "code 2"]], codes.numpy(), rtol=1e-6)
    assert [file.name for file in tmp_path.iterdir()] == ["codes.csv"]


def test_codes_of_other_lengths_or_places_are_refused(tmp_path):
    with pytest.raises(ValueError, match="2 names, 3 codes, 3 errors"):
        save_codes(tmp_path / "codes.csv", ["a", "b"], torch.rand(3, 2), torch.rand(3))
    with pytest.raises(FileNotFoundError, match="create it first"):
        save_codes(tmp_path / "no" / "codes.csv", ["a"], torch.rand(1, 2), torch.rand(1))


def test_a_report_merges_what_differs_in_numbers_only():
    notes = [Note("a", "is 8 × 6", "scaled"), Note("b", "is 12 × 6", "scaled"),
             Note("c", "-0.5% missing", "filled"), Note("d", "1.25% missing", "filled"),
             Note("e", "is 8 × 6", "cut")]  # fmt: skip
    assert report(notes).splitlines() == [
        "- a, b: is 8 to 12 × 6 → scaled",
        "- c, d: -0.5 to 1.25% missing → filled",
        "- e: is 8 × 6 → cut",
    ]


def test_a_report_puts_equal_notes_together():
    notes = [Note(f"{i}.png", "is grey", "kept") for i in range(5)] + [Note("x", "odd", "left out")]
    assert report(notes).splitlines() == [
        "- 0.png, 1.png, 2.png and 2 more: is grey → kept",
        "- x: odd → left out",
    ]


def test_every_name_of_the_package_is_there():
    assert all(hasattr(own_data, name) for name in own_data.__all__)
    for name in ("load_pictures", "load_table", "load_rows", "prepare", "save_codes"):
        assert f":func:`{name}`" in own_data.__doc__, "the way through names it"


# --------------------------------------------------------------------------- figures


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_drawn_as_they_are(channels):
    x = torch.rand(3, channels, 8, 6)
    figure = plots.pictures({"a": x, "b": x}, ["one", "two", "three"])
    drawn = [axis.images[0] for axis in figure.axes]
    assert len(drawn) == 6 and figure.axes[1].get_title("center") == "two"
    shade = drawn[1].to_rgba(drawn[1].get_array())[..., :3]
    expected = x[1].permute(1, 2, 0).expand(8, 6, 3).numpy()
    assert np.abs(shade - expected).max() < 0.01
    plt.close(figure)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_map_draws_pictures_unless_they_would_cover_another(channels):
    x = torch.rand(4, channels, 8, 6)
    points = torch.tensor([[0.0, 0.0], [10.0, 10.0], [0.1, 0.0], [5.0, 0.0]])
    figure = plots.picture_map(points, x, torch.tensor([0, 1, 0, 1]), ["a", "b"])
    axis = figure.axes[0]
    assert len(axis.images) == 3 and len(axis.lines) == 2 and len(figure.legends) == 1
    assert axis.images[0].get_extent() == pytest.approx([-0.16875, 0.16875, -0.225, 0.225])
    plt.close(figure)
    with pytest.raises(ValueError, match="a label for each picture"):
        plots.picture_map(points, x, torch.tensor([0]), ["a"])
