"""Seeds: repeatable, shiftable from outside, and without a trace in the reader's own state."""

import pytest
import torch
from helpers import small_model, weights

from aecourse.randomness import generator, perturb_weights, seeded


def draw(seed: int) -> torch.Tensor:
    return torch.rand(4, generator=generator(seed))


def test_the_same_seed_gives_the_same_numbers_and_another_does_not():
    assert torch.equal(draw(3), draw(3))
    assert not torch.equal(draw(3), draw(4))
    assert torch.equal(weights(small_model(1)), weights(small_model(1)))
    assert not torch.equal(weights(small_model(1)), weights(small_model(2)))


def test_seeded_leaves_the_global_state_as_it_was():
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError), seeded(0):
        torch.rand(3)
        raise RuntimeError
    assert torch.equal(torch.get_rng_state(), before)


def test_aecourse_seed_shifts_every_seed_by_the_same(monkeypatch):
    monkeypatch.delenv("AECOURSE_SEED", raising=False)
    plain = [draw(seed) for seed in range(5)]
    monkeypatch.setenv("AECOURSE_SEED", "1")
    shifted = [draw(seed) for seed in range(5)]
    assert not any(torch.equal(a, b) for a in plain for b in shifted)
    with seeded(3):
        assert torch.equal(torch.rand(4), shifted[3])


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("AECOURSE_SEED", "one", "a whole number"),
        ("AECOURSE_SEED", "1.5", "a whole number"),
        ("AECOURSE_PERTURB", "tiny", "a number"),
    ],
)
def test_a_setting_that_is_no_number_is_named(monkeypatch, name, value, kind):
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=f"{name} is '{value}', which is not {kind}. Unset it"):
        generator(0)
        perturb_weights(small_model())


def test_perturbing_moves_each_weight_by_its_millionth(monkeypatch):
    model = small_model().double()
    before = weights(model)
    monkeypatch.delenv("AECOURSE_PERTURB", raising=False)
    perturb_weights(model)
    assert torch.equal(weights(model), before)
    monkeypatch.setenv("AECOURSE_PERTURB", "1e-6")
    perturb_weights(model)
    change = weights(model) / before - 1
    assert change.std().item() == pytest.approx(1e-6, rel=0.2)
    assert change.abs().max() < 1e-5


def test_each_draw_is_another_perturbation(monkeypatch):
    monkeypatch.setenv("AECOURSE_PERTURB", "1e-3")

    def perturbed(draw: str) -> torch.Tensor:
        monkeypatch.setenv("AECOURSE_PERTURB_DRAW", draw)
        model = small_model()
        perturb_weights(model)
        return weights(model)

    assert torch.equal(perturbed("1"), perturbed("1"))
    assert not torch.equal(perturbed("1"), perturbed("2"))
