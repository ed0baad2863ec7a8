"""pick_device: the order, the override, and the sentences."""

import pytest
import torch

from aecourse import pick_device


@pytest.fixture(autouse=True)
def no_override(monkeypatch):
    monkeypatch.delenv("AECOURSE_DEVICE", raising=False)


def pretend(monkeypatch, cuda: int = 0, mps: bool = False) -> None:
    """Let torch say that it has so many CUDA devices, and MPS or not."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(2, True, "cuda"), (0, True, "mps"), (0, False, "cpu")]
)
def test_the_fastest_device_is_taken(monkeypatch, cuda, mps, expected):
    pretend(monkeypatch, cuda, mps)
    assert pick_device() == torch.device(expected)


def test_the_environment_decides_and_an_argument_decides_over_it(monkeypatch):
    pretend(monkeypatch, cuda=2)
    monkeypatch.setenv("AECOURSE_DEVICE", "CPU")
    assert pick_device() == torch.device("cpu")
    assert pick_device("cuda:1") == torch.device("cuda", 1)


def test_an_empty_override_is_none(monkeypatch):
    pretend(monkeypatch)
    monkeypatch.setenv("AECOURSE_DEVICE", " ")
    assert pick_device() == torch.device("cpu")


@pytest.mark.parametrize(
    ("name", "problem"),
    [("gpu", "is unknown"), ("cuda", "is not available"), ("cuda:2", "is not available")],
)
def test_a_wrong_name_is_refused_with_the_choices(monkeypatch, name, problem):
    pretend(monkeypatch, cuda=2 if ":" in name else 0)
    with pytest.raises(ValueError, match=f"'{name}'.*{problem}.*Choose one of: .*cpu"):
        pick_device(name)


def test_the_error_names_where_the_device_came_from(monkeypatch):
    pretend(monkeypatch)
    monkeypatch.setenv("AECOURSE_DEVICE", "tpu")
    with pytest.raises(ValueError, match="AECOURSE_DEVICE"):
        pick_device()
