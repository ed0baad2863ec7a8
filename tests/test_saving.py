"""Saved models: bit by bit the same when they come back, and never half written."""

import json
import zipfile

import pytest
import torch
from helpers import blobs, quiet_fit, rows, small_model, weights
from safetensors import safe_open
from torch import nn

from aecourse import saving
from aecourse.data import Scaling
from aecourse.models import Autoencoder, Dense
from aecourse.objectives import mse
from aecourse.protocol import Layout
from aecourse.saving import load, save

LAYOUT = Layout.of(real=2, binary=1, categorical=(3, 4))

MODELS = {
    "images": small_model(hidden=(9, 4), hidden_activation="gelu", code_activation="relu"),
    "linear": small_model(shape=5, hidden=(), output="linear"),
    "mixed": small_model(shape=10, output=LAYOUT),
    "float64": small_model().double(),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_model_comes_back_bit_by_bit(model, tmp_path):
    path = save(tmp_path / "model.safetensors", model)
    found = load(path)
    assert type(found.model) is Dense and found.model.config == model.config
    assert torch.equal(weights(found.model), weights(model))
    assert weights(found.model).dtype == weights(model).dtype
    assert found.model.output == model.output and not found.model.training
    x = torch.rand(4, *model.shape).to(weights(model))
    assert torch.equal(found.model(x), model(x))
    assert found.scaling is None and found.columns is None


def test_scaling_and_columns_come_back(tmp_path):
    scaling = Scaling.of(rows(30))
    columns = ("a", "b", "Größe in °C", "d", "e")
    path = save(tmp_path / "m", small_model(shape=5), scaling=scaling, columns=columns)
    found = load(path, Dense)
    assert torch.equal(found.scaling.mean, scaling.mean)
    assert torch.equal(found.scaling.std, scaling.std)
    assert found.columns == columns


def test_a_loaded_model_can_be_trained_on(tmp_path):
    model = load(save(tmp_path / "m", small_model())).model
    history = quiet_fit(model, {"reconstruction": mse}, blobs(), epochs=5, batch_size=10)
    assert history.train["reconstruction"][-1] < history.train["reconstruction"][0]


def test_loading_leaves_the_global_random_state_alone(tmp_path):
    path = save(tmp_path / "m", small_model())
    before = torch.get_rng_state()
    load(path)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ["my model.safetensors", "модель-ü-模型.safetensors"])
@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_any_path_will_do(name, kind, tmp_path):
    folder = tmp_path / "a folder, größer"
    folder.mkdir()
    path = save(kind(folder / name), small_model())
    assert torch.equal(weights(load(kind(path)).model), weights(small_model()))
    assert [file.name for file in folder.iterdir()] == [name]


def test_the_file_is_plain_safetensors(tmp_path):
    path = save(tmp_path / "m", small_model(), scaling=Scaling.of(rows(9)))
    with safe_open(path, framework="numpy") as file:
        description = json.loads(file.metadata()["description"])
        assert set(file.keys()) >= {"scaling.mean", "model.encoder.1.weight"}
    assert description["architecture"] == "Dense" and description["config"]["code_size"] == 2
    assert not zipfile.is_zipfile(path)


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = save(tmp_path / "m", small_model())
    before = path.read_bytes()

    def full_disk(tensors, unfinished, metadata):
        unfinished.write_bytes(b"half of it")
        raise OSError("No space left on device")

    monkeypatch.setattr(saving, "save_file", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save(path, small_model(seed=1))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_saving_again_replaces_the_file_of_a_loaded_model(tmp_path):
    path = save(tmp_path / "m", small_model())
    loaded, file = load(path).model, path.stat().st_ino
    save(path, small_model(seed=1))
    assert path.stat().st_ino != file  # replaced as a whole, not written over
    assert torch.equal(weights(loaded), weights(small_model()))
    assert torch.equal(weights(load(path).model), weights(small_model(seed=1)))


def test_weights_that_share_memory_can_be_saved(tmp_path, monkeypatch):
    class Tied(Dense):
        def __init__(self, **config):
            super().__init__(**config)
            self.again = self.decoder[0].weight

    monkeypatch.setitem(saving.ARCHITECTURES, "Tied", Tied)
    model = Tied(shape=5, code_size=2)
    found = load(save(tmp_path / "m", model)).model
    assert torch.equal(found.decoder[0].weight, model.decoder[0].weight)


def test_an_architecture_that_could_not_be_loaded_is_not_saved(tmp_path):
    model = Autoencoder(nn.Linear(5, 2), nn.Linear(2, 5), (5,), 2)
    with pytest.raises(ValueError, match="type Autoencoder cannot be loaded.*ARCHITECTURES"):
        save(tmp_path / "m", model)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder .*nowhere: create it first"):
        save(tmp_path / "nowhere" / "m", small_model())
