"""Corruptions: the promised distribution, repeatable, and the input left alone."""

import pytest
import torch
from helpers import DEVICES

from aecourse.corruption import gaussian, masking, salt_and_pepper
from aecourse.randomness import generator

CORRUPTIONS = {
    "gaussian": gaussian(0.5),
    "clamped": gaussian(0.5, clamp=True),
    "masking": masking(0.3),
    "salt and pepper": salt_and_pepper(0.3),
}
GREY = torch.full((40, 1, 20, 20), 0.5)
every_corruption = pytest.mark.parametrize("corrupt", CORRUPTIONS.values(), ids=CORRUPTIONS)


@every_corruption
@pytest.mark.parametrize("device", DEVICES)
def test_the_input_stays_as_it_is_and_the_noise_follows_the_generator(corrupt, device):
    x = GREY.to(device)
    noisy = corrupt(x, generator(0, device))
    assert torch.equal(x, GREY.to(device))
    assert noisy.shape == x.shape and noisy.dtype == x.dtype and noisy.device == x.device
    assert not torch.equal(noisy, x)
    assert torch.equal(noisy, corrupt(x, generator(0, device)))
    assert not torch.equal(noisy, corrupt(x, generator(1, device)))


@every_corruption
def test_a_generator_keeps_the_global_state_untouched(corrupt):
    before = torch.get_rng_state()
    corrupt(GREY, generator(0))
    assert torch.equal(torch.get_rng_state(), before)


@every_corruption
def test_every_example_of_a_batch_gets_noise_of_its_own(corrupt):
    noisy = corrupt(GREY, generator(0)).flatten(1)
    assert len(noisy.unique(dim=0)) == len(noisy)


@every_corruption
def test_float64_stays_float64(corrupt):
    assert corrupt(GREY.double(), generator(0)).dtype == torch.float64


def test_gaussian_noise_has_its_mean_and_deviation_and_clamping_keeps_the_range():
    noise = gaussian(0.5)(GREY, generator(0)) - GREY
    assert abs(noise.mean().item()) < 0.02
    assert noise.std().item() == pytest.approx(0.5, rel=0.03)
    clamped = gaussian(0.5, clamp=True)(GREY, generator(0))
    assert torch.equal(clamped, (GREY + noise).clamp(0, 1))


def test_masking_and_salt_and_pepper_spoil_their_share():
    masked = masking(0.3)(GREY, generator(0))
    assert masked.unique().tolist() == [0, 0.5]
    assert (masked == 0).float().mean().item() == pytest.approx(0.3, abs=0.02)
    noisy = salt_and_pepper(0.3)(GREY, generator(0))
    assert noisy.unique().tolist() == [0, 0.5, 1]
    for value in (0, 1):
        assert (noisy == value).float().mean().item() == pytest.approx(0.15, abs=0.02)


def test_the_extremes_change_nothing_or_everything():
    for corrupt in (gaussian(0.0), masking(0.0), salt_and_pepper(0.0)):
        assert torch.equal(corrupt(GREY, generator(0)), GREY)
    assert masking(1.0)(GREY, generator(0)).unique().tolist() == [0]
    assert salt_and_pepper(1.0)(GREY, generator(0)).unique().tolist() == [0, 1]


@pytest.mark.parametrize(
    ("make", "value", "message"),
    [
        (gaussian, -0.1, "sigma=-0.1.*negative"),
        (gaussian, float("nan"), "sigma=nan"),
        (masking, 1.5, "share=1.5.*between 0 and 1"),
        (salt_and_pepper, -0.5, "share=-0.5.*between 0 and 1"),
    ],
)
def test_impossible_noise_is_refused_before_it_is_used(make, value, message):
    with pytest.raises(ValueError, match=message):
        make(value)
