"""The bundled data: what it holds, how it is split and scaled, and what happens when it is bad."""

import gzip
import hashlib
import socket
from pathlib import Path

import pytest
import torch
from helpers import copy_data
from hypothesis import given
from hypothesis import strategies as st
from torchvision.datasets import MNIST

from aecourse import data
from aecourse.data import DATA_FILES, DataError, Scaling

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS, RAIN = DATA_FILES


@pytest.fixture(scope="module")
def digits():
    return data.mnist()


@pytest.fixture(scope="module")
def complete_rain():
    return data.complete_rain_rows(data.rain_table())


@pytest.fixture(scope="module", params=["random", "stations"])
def rain(request):
    return data.rain(request.param)


@pytest.fixture
def no_network(monkeypatch):
    """Let every attempt to reach another computer fail."""

    def refuse(*args, **kwargs):
        raise AssertionError("The network was asked for.")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)


@pytest.fixture
def own_data(tmp_path, monkeypatch):
    """A copy of the data whose path has a space and letters beyond ASCII, in use."""
    folder = copy_data(tmp_path / "дані für Übungen")
    monkeypatch.setenv("AECOURSE_DATA", str(folder))
    return folder


# --------------------------------------------------------------------------- MNIST


def test_mnist_has_three_parts_of_the_promised_form(digits):
    for part, count in zip(digits, (50_000, 10_000, 10_000)):
        assert part.images.shape == (count, 1, 28, 28) and part.labels.shape == (count,)
        assert part.images.dtype == torch.float32 and part.labels.dtype == torch.int64
        assert part.images.aminmax() == (0, 1)
        assert part.labels.unique().tolist() == list(range(10))


def test_mnist_is_that_of_torchvision_and_needs_no_network(digits, tmp_path, no_network):
    copy_data(tmp_path / "copy")
    (tmp_path / "copy").rename(tmp_path / "data")
    theirs_train = MNIST(tmp_path / "data", train=True, download=True)
    theirs_test = MNIST(tmp_path / "data", train=False)
    ours = torch.cat([digits.train.images, digits.valid.images])
    assert torch.equal(ours, theirs_train.data[:, None].float() / 255)
    assert torch.equal(torch.cat([digits.train.labels, digits.valid.labels]), theirs_train.targets)
    assert torch.equal(digits.test.images, theirs_test.data[:, None].float() / 255)
    assert torch.equal(digits.test.labels, theirs_test.targets)


def test_no_training_image_is_in_another_part(digits):
    def prints(part):
        pixels = (part.images * 255).round().to(torch.uint8).numpy()
        return {hashlib.sha1(image.tobytes()).digest() for image in pixels}

    train, valid, test = map(prints, digits)
    assert not train & valid and not train & test and not valid & test


# --------------------------------------------------------------------------- tables


def test_the_rain_table_is_as_published(complete_rain):
    table = data.rain_table()
    assert table.shape == (99_516, 22)
    assert table["Location"].nunique() == 49
    assert set(table["RainTomorrow"]) == {0, 1}
    assert len(complete_rain) == 40_748
    assert complete_rain.index.isin(table.index).all() and not complete_rain.isna().any().any()
    assert set(complete_rain["RainToday"]) == {0, 1}


def test_rain_is_standardised_with_its_training_rows(rain):
    assert len(rain.columns) == rain.train.x.shape[1] == 17
    assert rain.classes == ("dry", "rain")
    for part in (rain.train, rain.valid, rain.test):
        assert part.x.dtype == torch.float32 and part.y.dtype == torch.int64
        assert len(part.x) == len(part.y) == len(part.rows)
        assert torch.isfinite(part.x).all() and part.y.unique().tolist() == [0, 1]
    x = rain.train.x.double()
    assert x.mean(0).abs().max() < 1e-4 and (x.var(0, correction=0) - 1).abs().max() < 1e-4
    assert rain.test.x.mean(0).abs().max() > 1e-3  # scaled by rows other than its own


def test_rain_rows_are_shared_out_once_and_keep_their_values(rain, complete_rain):
    parts = (rain.train, rain.valid, rain.test)
    together = torch.cat([part.rows for part in parts])
    assert torch.equal(together.sort().values, torch.arange(40_748))
    for part in parts:
        original = complete_rain.iloc[part.rows.numpy()]
        features = torch.from_numpy(original[list(rain.columns)].to_numpy())
        torch.testing.assert_close(rain.scaling.undo(part.x).double(), features, atol=0.01, rtol=0)
        assert torch.equal(part.y, torch.tensor(original["RainTomorrow"].tolist()))


def test_a_random_split_keeps_the_shares():
    rain = data.rain()
    shares = [len(part.x) / 40_748 for part in (rain.train, rain.valid, rain.test)]
    assert shares == pytest.approx([0.7, 0.15, 0.15], abs=1e-3)


def test_a_split_by_stations_shares_no_station(complete_rain):
    rain = data.rain("stations")
    parts = (rain.train, rain.valid, rain.test)
    places = [set(complete_rain["Location"].iloc[part.rows.numpy()]) for part in parts]
    assert all(places)
    assert not places[0] & places[1] and not places[0] & places[2] and not places[1] & places[2]


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="'station'; choose 'random' or 'stations'"):
        data.rain("station")


def test_iris():
    iris = data.iris()
    parts = (iris.train, iris.valid, iris.test)
    assert [tuple(part.x.shape) for part in parts] == [(90, 4), (30, 4), (30, 4)]
    assert all(part.y.unique().tolist() == [0, 1, 2] for part in parts)
    assert iris.classes == ("setosa", "versicolor", "virginica")
    assert iris.columns == ("sepal length", "sepal width", "petal length", "petal width")
    assert iris.scaling.undo(iris.test.x).aminmax() == (pytest.approx(0.1), pytest.approx(7.9, 0.2))
    assert not torch.equal(data.iris(seed=1).test.rows, iris.test.rows)


@pytest.mark.parametrize("load", [data.iris, data.rain, lambda: data.patches(5)])
def test_the_seed_of_the_reader_does_not_move_the_data(load, monkeypatch):
    def numbers():
        loaded = load()
        return loaded if isinstance(loaded, torch.Tensor) else loaded.test.x

    before = numbers()
    monkeypatch.setenv("AECOURSE_SEED", "7")
    assert torch.equal(before, numbers())


# --------------------------------------------------------------------------- splitting


@given(st.integers(3, 400), st.integers(0, 5))
def test_split_rows_gives_every_row_to_one_part(count, seed):
    parts = data.split_rows(count, seed=seed)
    assert all(len(part) for part in parts)
    assert torch.equal(torch.cat(parts).sort().values, torch.arange(count))


@given(st.lists(st.sampled_from("abcdefgh"), min_size=10, max_size=60).filter(
    lambda groups: len(set(groups)) >= 3))  # fmt: skip
def test_split_groups_keeps_groups_together(groups):
    parts = data.split_groups(groups)
    names = [{groups[row] for row in part.tolist()} for part in parts]
    assert sum(map(len, parts)) == len(groups)
    assert sum(map(len, names)) == len(set(groups))


@pytest.mark.parametrize(
    ("count", "fractions", "message"),
    [
        (2, (0.15, 0.15), "at least 3"),
        (10, (0.5, 0.5), "none of the 10 rows for training"),
        (10, (-0.1, 0.2), "add up to less than 1"),
    ],
)
def test_a_split_without_a_training_row_is_refused(count, fractions, message):
    with pytest.raises(ValueError, match=message):
        data.split_rows(count, fractions)


def test_the_first_rows_of_a_part_are_a_fair_sample_of_it():
    groups = torch.arange(4_000) // 40  # in order, as stations are in a file
    for parts in (data.split_rows(4_000), data.split_groups(groups)):
        for part in parts:
            start = groups[part[:200]].unique()
            assert len(start) > 0.8 * len(groups[part].unique())


# --------------------------------------------------------------------------- scaling


@given(st.integers(2, 40), st.integers(1, 6), st.integers(0, 99))
def test_scaling_standardises_and_comes_back(count, features, seed):
    draw = torch.Generator().manual_seed(seed)
    table = 5 + 3 * torch.randn(count, features, generator=draw, dtype=torch.float64)
    scaling = Scaling.of(table)
    scaled = scaling.apply(table)
    assert scaled.dtype == torch.float32
    torch.testing.assert_close(scaled.mean(0), torch.zeros(features), atol=1e-3, rtol=0)
    torch.testing.assert_close(scaled.var(0, correction=0), torch.ones(features), atol=1e-3, rtol=0)
    torch.testing.assert_close(scaling.undo(scaled).double(), table, atol=1e-4, rtol=1e-5)


# 0.1 has no exact form: the computed standard deviation of nine of them is not exactly 0.
ROUNDED = torch.full((9, 1), 0.1, dtype=torch.float64)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (torch.ones(1, 3), "at least two training rows, not 1.*no spread"),
        (torch.empty(0, 3), "at least two training rows, not 0"),
        (torch.tensor([[1.0, torch.nan], [2.0, 3.0]]), "missing or infinite.*drop or fill"),
        (ROUNDED, r"Column\(s\) \[0\].*Drop them"),
    ],
)
def test_a_scaling_refuses_what_has_no_spread(table, message):
    with pytest.raises(ValueError, match=message):
        Scaling.of(table)


# --------------------------------------------------------------------------- photographs


def test_patches_are_pieces_of_photographs():
    patches = data.patches(50, size=12)
    assert patches.shape == (50, 1, 12, 12) and patches.dtype == torch.float32
    assert patches.min() >= 0 and patches.max() <= 1
    assert torch.equal(patches, data.patches(50, size=12))
    assert not torch.equal(patches, data.patches(50, size=12, seed=1))
    # neighbouring pixels of a photograph resemble one another
    flat = patches.flatten(1)
    assert torch.corrcoef(torch.stack([flat[:, 0], flat[:, 1]]))[0, 1] > 0.7


@pytest.mark.parametrize("arguments", [{"count": 0}, {"size": 0}, {"size": 428}])
def test_patches_that_cannot_be_cut_are_refused(arguments):
    with pytest.raises(ValueError, match="|".join(arguments)):
        data.patches(**arguments)


# --------------------------------------------------------------------------- where files are


def test_the_data_is_found_from_any_folder_without_a_network(tmp_path, monkeypatch, no_network):
    monkeypatch.delenv("AECOURSE_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    assert all(data.verify(name).is_file() for name in DATA_FILES)


def test_another_folder_can_be_named_and_may_be_read_only(own_data):
    for path in own_data.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    own_data.chmod(0o555)
    before = {path: path.stat().st_mtime_ns for path in own_data.rglob("*")}
    assert data.find_data() == own_data
    assert len(data.mnist().test.labels) == 10_000 and len(data.rain_table()) == 99_516
    assert before == {path: path.stat().st_mtime_ns for path in own_data.rglob("*")}
    for path in [own_data, *own_data.rglob("*")]:
        path.chmod(0o755)  # so that pytest can clear up


def test_reading_leaves_nothing_beside_the_packaged_data():
    folder = data.find_data()
    before = sorted(folder.rglob("*"))
    data.mnist()
    assert sorted(folder.rglob("*")) == before


# --------------------------------------------------------------------------- bad files


def assert_refused(read, path: Path, problem: str):
    with pytest.raises(DataError) as caught:
        read()
    message = str(caught.value)
    assert str(path) in message and problem in message
    assert "git checkout -- data" in message and "AECOURSE_DATA" in message


@pytest.mark.parametrize("name", [TRAIN_LABELS, RAIN])
@pytest.mark.parametrize("share", [0.5, 0.999])
def test_a_truncated_file_is_named(own_data, name, share):
    path = own_data / name
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert_refused(lambda: data.verify(name), path, "is cut short")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_changed_byte_is_noticed(own_data, share):
    path = own_data / TEST_IMAGES
    content = bytearray(path.read_bytes())
    content[int(len(content) * share)] ^= 1
    path.write_bytes(content)
    assert_refused(lambda: data.verify(TEST_IMAGES), path, "damaged or was altered")


def test_a_valid_archive_with_other_content_is_noticed(own_data):
    path = own_data / RAIN
    path.write_bytes(gzip.compress(b"MinTemp,MaxTemp\n1,2\n"))
    assert_refused(data.rain, path, "damaged or was altered")


@pytest.mark.parametrize(
    ("one", "other"), [(TRAIN_IMAGES, TRAIN_LABELS), (TRAIN_LABELS, TEST_LABELS)]
)
def test_swapped_files_are_recognised(own_data, one, other):
    first, second = own_data / one, own_data / other
    content = first.read_bytes()
    second.rename(first)
    second.write_bytes(content)
    assert_refused(data.mnist, first, f"holds the content of {other}: two files were swapped")


def test_a_missing_file_is_named(own_data):
    (own_data / RAIN).unlink()
    assert_refused(data.rain, own_data / RAIN, "is missing")


def test_an_empty_file_and_a_folder_in_its_place_are_named(own_data):
    path = own_data / TEST_LABELS
    path.write_bytes(b"")
    assert_refused(lambda: data.verify(TEST_LABELS), path, "is empty")
    path.unlink()
    path.mkdir()
    assert_refused(lambda: data.verify(TEST_LABELS), path, "cannot be read")


@pytest.mark.parametrize("load", [data.mnist, data.rain, data.find_data])
def test_no_data_anywhere(load, tmp_path, monkeypatch):
    monkeypatch.setenv("AECOURSE_DATA", str(tmp_path / "nowhere"))
    assert_refused(load, tmp_path / "nowhere", "No data found")


def test_an_installation_without_data_names_both_places(tmp_path, monkeypatch):
    monkeypatch.delenv("AECOURSE_DATA", raising=False)
    monkeypatch.setattr(data, "__file__", str(tmp_path / "aecourse" / "data.py"))
    assert_refused(data.mnist, tmp_path / "aecourse" / "_data", f"and {tmp_path / 'data'}")
