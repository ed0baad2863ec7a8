"""What learners do by mistake: each time a sentence says what is wrong and what to do."""

import json
import struct

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import SHAPE, blobs, quiet_fit, rows, small_model, weights
from safetensors.torch import save_file
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from aecourse.data import Images, Table
from aecourse.models import Autoencoder
from aecourse.objectives import bce, mse
from aecourse.saving import FORMAT, ModelFileError, load, save
from aecourse.training import TrainingDiverged

MSE = {"reconstruction": mse}
BYTES = (255 * blobs()).to(torch.uint8)


def with_nan(x: torch.Tensor) -> torch.Tensor:
    return x.clone().index_fill_(0, torch.tensor([3]), torch.nan)


def refused(error, message, model=None, train=None, terms=MSE, **settings):
    """fit refuses, and has changed neither weights nor history by then."""
    model = small_model() if model is None else model
    before = weights(model)
    with pytest.raises(error, match=message):
        quiet_fit(
            model, terms, blobs() if train is None else train,
            **({"epochs": 1, "batch_size": 10} | settings),
        )  # fmt: skip
    assert torch.equal(weights(model), before)


# --------------------------------------------------------------------------- data for fit

BAD_DATA = {
    "NaN": (with_nan(blobs()), ValueError, r"contains 36 missing or infinite value\(s\).*drop"),
    "infinite": (blobs() / 0, ValueError, "missing or infinite"),
    "flattened": (blobs().flatten(1), ValueError, r"\(B, 1, 6, 6\).*has shape \(1, 36\)"),
    "other size": (torch.rand(20, 1, 5, 5), ValueError, r"\(B, 1, 6, 6\).*\(1, 1, 5, 5\)"),
    "one image": (blobs()[0], ValueError, r"batch dimension: x.unsqueeze\(0\)"),
    "bytes": (BYTES, TypeError, r"torch.uint8; convert it with .float\(\), and divide pixel"),
    "integers": (BYTES.long(), TypeError, r"torch.int64; convert it with .float\(\)"),
    "float64": (blobs().double(), TypeError, r"float64.*float32.*x.float\(\) or model.double\(\)"),
    "NumPy": (blobs().numpy(), TypeError, r"ndarray, not a torch tensor: .*torch.as_tensor"),
    "pandas": (pd.DataFrame(rows().numpy()), TypeError, "DataFrame, not a torch tensor"),
    "data set": (TensorDataset(blobs()), TypeError, "TensorDataset, not a torch tensor"),
    "empty": (blobs()[:0], ValueError, "is empty"),
    "a number": (torch.tensor(1.0), ValueError, "is empty"),
    "with labels": (Images(blobs(), torch.arange(60)), TypeError, "whole Images.*pass its .images"),
    "a table": (Table(blobs(), *[torch.arange(60)] * 2), TypeError, "whole Table.*pass its .x"),
    "three": ((blobs(),) * 3, TypeError, r"neither a tensor nor a pair \(inputs, targets\)"),
    "unequal": ((blobs(60), blobs(50)), ValueError, "60 inputs but 50 targets"),
    "labels": ((blobs(), torch.arange(60)), TypeError, "torch.int64; convert"),
    "mixed types": ((blobs(), blobs().double()), TypeError, "float32 inputs but torch.float64"),
}
every_bad_set = pytest.mark.parametrize(("x", "error", "message"), BAD_DATA.values(), ids=BAD_DATA)


@every_bad_set
def test_a_bad_training_set_is_refused(x, error, message):
    refused(error, message, train=x)


@every_bad_set
def test_a_bad_validation_set_is_refused_before_training(x, error, message):
    refused(error, message, valid=x)
    with pytest.raises(error, match="The (validation set|input)|This model"):
        quiet_fit(small_model(), MSE, blobs(), valid=x, batch_size=10)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (255 * blobs(), r"\[0, 1\].*to 255|divide pixels by 255"),
        (rows(50, 36).reshape(50, *SHAPE), "use mse for real values"),
    ],
)
def test_bce_refuses_targets_outside_the_unit_interval(x, message):
    for sets in ({"train": x}, {"valid": x}, {"train": DataLoader(x, batch_size=10)}):
        refused(ValueError, message, terms={"reconstruction": bce}, **sets)


def test_bce_refuses_a_linear_output():
    refused(
        ValueError, "this model's is 'linear'. Build it with output='sigmoid'",
        model=small_model(output="linear"), terms={"reconstruction": bce},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (with_nan(blobs()), ValueError, "batch from the DataLoader contains 36 missing"),
        (BYTES, TypeError, "batch from the DataLoader is torch.uint8"),
        (blobs().flatten(1), ValueError, r"takes batches of shape \(B, 1, 6, 6\)"),
        (blobs()[:0], ValueError, "yields no batch: is its data set empty"),
    ],
)
def test_bad_batches_from_a_loader_are_refused(x, error, message):
    refused(error, message, train=DataLoader(x, batch_size=60))


def test_a_loader_without_a_length_is_refused():
    class Stream(IterableDataset):
        def __iter__(self):
            return iter(blobs())

    refused(TypeError, "needs a length", train=DataLoader(Stream()))


# --------------------------------------------------------------------------- settings of fit


@pytest.mark.parametrize("batch_size", [0, -1, 61, 1_000])
def test_an_impossible_batch_size_is_refused(batch_size):
    refused(ValueError, rf"batch_size={batch_size}.*60 row.*1 to 60", batch_size=batch_size)


def test_one_row_is_enough_to_train_on():
    history = quiet_fit(small_model(), MSE, blobs(1), epochs=20, batch_size=1, lr=0.01)
    assert history.train["reconstruction"][-1] < history.train["reconstruction"][0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs=0: at least one"),
        ({"lr": 0}, "lr=0: the learning rate must be positive"),
        ({"lr": -1e-3}, "lr=-0.001: the learning rate must be positive"),
        ({"lr": float("nan")}, "lr=nan"),
        ({"schedule": "cosine"}, "'cosine': choose 'one-cycle' or 'constant'"),
        ({"monitor": "mse"}, "'mse' is not a term; choose one of reconstruction"),
        ({"keep_best": True}, "needs validation data: pass valid="),
        ({"terms": {}}, "no term: pass for instance"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(settings, message):
    refused(ValueError, message, **settings)


@pytest.mark.parametrize(
    ("term", "shape"),
    [
        (lambda model, batch, output: mse(model, batch, output).mean(), r"\(\)"),
        (lambda model, batch, output: mse(model, batch, output).mean().item(), r"\(\)"),
        (lambda model, batch, output: output.code.abs(), r"\(10, 2\)"),
        (lambda model, batch, output: output.code.abs().sum(0), r"\(2,\)"),
    ],
)
def test_a_term_that_is_not_per_example_is_named(term, shape):
    refused(ValueError, rf"'mine' returned shape {shape}.*here \(10,\).*Sum", terms={"mine": term})


def test_a_decoder_of_another_size_is_named():
    decoder = nn.Sequential(nn.Linear(2, 25), nn.Unflatten(1, (1, 5, 5)))
    model = Autoencoder(nn.Sequential(nn.Flatten(), nn.Linear(36, 2)), decoder, SHAPE, 2)
    refused(ValueError, r"decoder gives shape \(10, 1, 5, 5\), the target .*\(10, 1, 6, 6\)", model)


def test_targets_of_another_shape_do_not_broadcast():
    refused(ValueError, r"target has shape \(10, 6, 6\)", train=(blobs(), blobs()[:, 0]))


def test_a_plain_module_is_no_autoencoder():
    refused(TypeError, "Linear has no method `run`. Wrap encoder", model=nn.Linear(36, 36))


def test_a_frozen_model_is_refused():
    refused(ValueError, "no weight that training could", model=small_model().requires_grad_(False))


# --------------------------------------------------------------------------- while training


def assert_consistent(history, epochs: int):
    """Every list of the history has one entry per finished epoch."""
    assert len(history.seconds) == len(history.steps) == epochs
    for part in (history.train, history.valid):
        assert all(len(values) == epochs for values in part.values())


def test_diverging_training_is_stopped_and_leaves_its_history():
    model = small_model(output="linear", hidden=())
    with pytest.raises(TrainingDiverged, match="'reconstruction' is (nan|inf).*learning rate"):
        quiet_fit(
            model, MSE, 1e3 * blobs(), valid=blobs(), epochs=50, batch_size=5,
            lr=1e9, optimizer=torch.optim.SGD, schedule="constant",
        )  # fmt: skip
    assert 1 <= len(model.history.seconds) < 50
    assert_consistent(model.history, len(model.history.seconds))
    assert not model.training


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupt_between_epochs_is_passed_on_and_keeps_what_was_done(error, capsys):
    model = small_model()
    before = weights(model)

    def interrupt(model, history):
        if len(history.seconds) == 2:
            raise error

    with pytest.raises(error):
        quiet_fit(
            model, MSE, blobs(), valid=blobs(9), epochs=9, batch_size=10, on_epoch=[interrupt]
        )
    assert_consistent(model.history, 2)
    assert not torch.equal(weights(model), before) and not model.training


@pytest.mark.parametrize("in_training", [True, False])
def test_an_interrupt_within_an_epoch_leaves_lists_of_equal_length(in_training):
    model, calls = small_model(), []

    def interrupted(model, batch, output):
        calls.append(model.training)
        if calls.count(in_training) == 3:
            raise KeyboardInterrupt
        return mse(model, batch, output)

    with pytest.raises(KeyboardInterrupt):
        quiet_fit(model, {"mine": interrupted}, blobs(20), valid=blobs(9), epochs=9, batch_size=10)
    assert_consistent(model.history, 1 if in_training else 2)


def test_an_interrupt_leaves_no_piece_of_a_bar(monkeypatch, capsys):
    monkeypatch.setenv("AECOURSE_PROGRESS", "1")

    def interrupt(model):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quiet_fit(small_model(), MSE, blobs(), batch_size=10, after_step=[interrupt], progress=True)
    assert capsys.readouterr().out.rpartition("\r")[2] == ""


# --------------------------------------------------------------------------- model files


@pytest.fixture
def saved(tmp_path):
    return save(tmp_path / "model.safetensors", small_model())


def rewrite(path, change) -> None:
    """Change the description in a model file, and leave its weights as they are."""
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    description = json.loads(header["__metadata__"]["description"])
    header["__metadata__"]["description"] = json.dumps(change(description))
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + size :])


def assert_no_model(path, message, *expected):
    with pytest.raises(ModelFileError, match=message) as caught:
        load(path, *expected)
    assert str(path) in str(caught.value)


def test_a_model_of_another_architecture_is_refused(saved):
    class Other(Autoencoder):
        pass

    assert_no_model(saved, "holds a Dense, not a Other. Load it without naming", Other)


def test_an_unknown_architecture_is_refused(saved):
    rewrite(saved, lambda description: description | {"architecture": "Transformer"})
    assert_no_model(saved, "'Transformer'.*does not know.*it knows Dense")


@pytest.mark.parametrize(
    "change",
    [
        {"hidden": [16]}, {"code_size": 3}, {"shape": [5]},  # other widths
        {"hidden": [0]}, {"colour": "red"}, {"hidden_activation": "rleu"},  # nonsense
    ],
)  # fmt: skip
def test_a_description_that_does_not_fit_its_weights_is_refused(saved, change):
    rewrite(saved, lambda found: found | {"config": found["config"] | change})
    assert_no_model(saved, "do not fit the Dense that it describes")


@pytest.mark.parametrize("key", ["architecture", "config"])
def test_a_description_with_a_gap_is_refused(saved, key):
    rewrite(saved, lambda found: {name: value for name, value in found.items() if name != key})
    assert_no_model(saved, "architecture|describes")


@pytest.mark.parametrize("description", ["Dense", None, 3])
def test_a_description_of_another_form_is_refused(saved, description):
    rewrite(saved, lambda found: description)
    assert_no_model(saved, "not an intact model file")


def test_a_pickled_model_is_not_opened(tmp_path):
    path = tmp_path / "model.pt"
    torch.save(small_model().state_dict(), path)
    assert_no_model(path, r"Pickled models \(.pt, .pth\) are not opened: they can run any code")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_truncated_model_file_is_refused(saved, share):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * share)])
    assert_no_model(saved, "not an intact model file")


def test_weights_of_somebody_else_are_refused(tmp_path):
    path = tmp_path / "theirs.safetensors"
    save_file({"weight": torch.rand(3)}, path)
    assert_no_model(path, "not written by aecourse.save")
    save_file({"weight": torch.rand(3)}, path, {"format": FORMAT})
    assert_no_model(path, "not an intact model file")


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_a_missing_file_is_named(tmp_path, make):
    make(tmp_path / "m")
    with pytest.raises(FileNotFoundError, match="no model file .*m"):
        load(tmp_path / "m")


def test_numpy_numbers_are_welcome_as_sizes():
    assert small_model(shape=np.int64(5), code_size=np.int64(2)).shape == (5,)
