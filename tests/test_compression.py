"""Quantiser, tables, entropy coder, and the net that is trained for rounding."""

import random
import time
from math import exp

import pytest
import torch
from helpers import SHAPE, blobs, quiet_fit
from hypothesis import given
from hypothesis import strategies as st

from aecourse import compression, evaluation, saving
from aecourse.compression import TOTAL, Rounded, StreamError, Tables, quantise, rate
from aecourse.objectives import mse
from aecourse.protocol import Batch, Output
from aecourse.randomness import generator, seeded


def whole_codes(count=300, places=5, seed=0, spread=3.0):
    draw = torch.Generator().manual_seed(seed)
    scale = spread * torch.rand(places, generator=draw)
    return (scale * torch.randn(count, places, generator=draw)).round().int()


# --- quantiser -------------------------------------------------------------------------------


@given(st.floats(1e-2, 10), st.integers(0, 100))
def test_rounding_is_off_by_half_a_step_at_most(step, seed):
    codes = torch.randn(20, 4, generator=torch.Generator().manual_seed(seed))
    assert ((quantise(codes, step) * step - codes).abs() <= step / 2 + 1e-5).all()


def test_every_place_may_have_its_own_step():
    codes = torch.tensor([[1.0, 10.0]])
    assert quantise(codes, torch.tensor([0.5, 4.0])).tolist() == [[2, 2]]


@pytest.mark.parametrize("step", [0, -1.0, float("nan"), float("inf")])
def test_a_step_that_is_none_is_refused(step):
    with pytest.raises(ValueError, match="larger than 0"):
        quantise(torch.zeros(2, 3), step)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e9])
def test_codes_that_no_table_could_hold_are_refused(bad):
    with pytest.raises(ValueError, match="not finite, or"):
        quantise(torch.tensor([[0.0, bad]]), 0.1)


def test_whole_codes_are_not_quantised_again():
    with pytest.raises(TypeError, match="real codes.*not torch.int32"):
        quantise(whole_codes(), 0.5)


@pytest.mark.parametrize("shape", [(2,), (1,), (4, 1), (4, 3)])
def test_steps_are_one_or_one_for_each_place(shape):
    with pytest.raises(ValueError, match="each of the 3 places"):
        quantise(torch.zeros(4, 3), torch.ones(shape))


def test_no_codes_are_quantised_to_none():
    assert quantise(torch.zeros(0, 3), 1.0).shape == (0, 3)


# --- tables ----------------------------------------------------------------------------------


@given(st.integers(1, 200), st.integers(1, 6), st.integers(0, 50))
def test_frequencies_are_positive_and_add_up(count, places, seed):
    tables = Tables.of(whole_codes(count, places, seed))
    for row in tables.frequencies:
        assert min(row) >= 1 and sum(row) == compression.TOTAL


def test_frequencies_are_the_shares_of_the_training_codes():
    codes = torch.tensor([[0], [0], [0], [2]])
    (row,) = Tables.of(codes).frequencies
    assert [round(4 * f / compression.TOTAL, 2) for f in row] == [3, 0, 1]


def test_bits_are_close_to_the_entropy_of_the_codes_that_were_counted():
    codes = whole_codes(5_000)
    entropy = 0.0
    for column in codes.T:
        p = column.unique(return_counts=True)[1] / len(column)
        entropy -= (p * p.log2()).sum().item()
    assert Tables.of(codes).bits(codes).mean().item() == pytest.approx(entropy, rel=2e-3)


def test_tables_of_other_codes_never_cost_less_on_average():
    a, b = whole_codes(3_000, seed=1), whole_codes(3_000, seed=2)
    others = Tables.of(b)
    clipped = others.clip(a)
    assert others.bits(clipped).mean() > Tables.of(clipped).bits(clipped).mean()


def test_clip_moves_into_the_range_and_leaves_the_rest():
    tables = Tables.of(torch.tensor([[-1, 0], [2, 5]]))
    assert tables.clip(torch.tensor([[-9, 3], [9, 9]])).tolist() == [[-1, 3], [2, 5]]
    with pytest.raises(ValueError, match="outside the range.*tables.clip"):
        tables.bits(torch.tensor([[3, 0]]))


@given(st.integers(1, 100), st.integers(1, 6), st.integers(0, 50))
def test_tables_come_back_from_their_bytes(count, places, seed):
    tables = Tables.of(whole_codes(count, places, seed))
    assert Tables.from_bytes(tables.to_bytes()) == tables


def test_tables_that_are_damaged_are_refused():
    content = Tables.of(whole_codes()).to_bytes()
    for bad in (b"", b"x", content[:-3], content[:20] + b"\0\0" + content[22:]):
        with pytest.raises(StreamError, match="not tables"):
            Tables.from_bytes(bad)


def test_tables_refuse_what_cannot_be_counted():
    with pytest.raises(ValueError, match="at least one code"):
        Tables.of(torch.zeros(0, 3, dtype=torch.int32))
    with pytest.raises(TypeError, match="quantise the codes first"):
        Tables.of(torch.zeros(4, 3))
    with pytest.raises(ValueError, match=r"shape \(N, code_size\).*\(4,\)"):
        Tables.of(torch.zeros(4, dtype=torch.int32))
    with pytest.raises(ValueError, match="at least one place"):
        Tables.of(torch.zeros(4, 0, dtype=torch.int32))
    with pytest.raises(ValueError, match="span 30,001 whole numbers.*take a larger step"):
        Tables.of(torch.tensor([[0], [30_000]]))


@pytest.mark.parametrize("far", [2**15, -(2**15), 10**12, -(2**63)])
def test_numbers_that_no_file_holds_are_refused_before_they_are_counted(far):
    for codes in ([[0], [far]], [[far]]):  # to count up to 10**12 would take 8 terabytes
        with pytest.raises(ValueError, match="between −32,767 and 32,767"):
            Tables.of(torch.tensor(codes))


def test_tables_at_the_ends_of_the_range_come_back_from_their_bytes():
    for number in (-compression.LARGEST, compression.LARGEST):
        tables = Tables.of(torch.tensor([[number]]))
        assert Tables.from_bytes(tables.to_bytes()) == tables


@pytest.mark.parametrize("low, frequencies", [
    ((0,), ((0, TOTAL),)), ((0,), ((3, 4),)), ((0,), ((-1, TOTAL + 1),)), ((0,), ((),)),
    ((40_000,), ((TOTAL,),)), ((0, 0), ((TOTAL,),)), ((), ()),
])  # fmt: skip
def test_tables_made_by_hand_are_checked(low, frequencies):
    """With a frequency of 0, for one, ``encode`` would never end."""
    with pytest.raises(ValueError, match="(Frequencies are|Tables have) at least"):
        Tables(low, frequencies)


# --- the stream ------------------------------------------------------------------------------


@given(st.integers(1, 60), st.integers(1, 8), st.integers(0, 1_000), st.floats(0.01, 50))
def test_round_trip_is_exact(count, places, seed, spread):
    tables = Tables.of(whole_codes(400, places, seed, spread))
    codes = tables.clip(whole_codes(count, places, seed + 1, spread))
    assert torch.equal(compression.decode(compression.encode(codes, tables), tables), codes)


@given(st.integers(1, 60), st.integers(1, 8), st.integers(0, 1_000))
def test_length_is_what_the_bits_need_and_five_or_six_bytes(count, places, seed):
    tables = Tables.of(whole_codes(400, places, seed))
    codes = tables.clip(whole_codes(count, places, seed + 1))
    extra = len(compression.encode(codes, tables)) - tables.bits(codes).sum().item() / 8
    assert 4.5 < extra < 6.5


def test_a_long_stream_hardly_costs_more_than_the_entropy():
    codes = whole_codes(4_000, 8)
    tables = Tables.of(codes)
    needed = tables.bits(codes).sum().item() / 8
    assert len(compression.encode(codes, tables)) < 1.0001 * needed + 6


def test_a_place_that_never_varies_costs_nothing():
    codes = torch.zeros(500, 3, dtype=torch.int32)
    stream = compression.encode(codes, Tables.of(codes))
    assert len(stream) == 6
    assert torch.equal(compression.decode(stream, Tables.of(codes)), codes)


def test_a_damaged_stream_is_refused():
    codes = whole_codes(40)
    tables = Tables.of(codes)
    stream = compression.encode(codes, tables)
    draw = random.Random(0)
    for _ in range(200):
        damaged = bytearray(stream)
        damaged[draw.randrange(2, len(stream))] ^= 1 << draw.randrange(8)
        with pytest.raises(StreamError, match="does not agree with its checksum"):
            compression.decode(bytes(damaged), tables)


@pytest.mark.parametrize("length", [0, 1, 5, 6, 20, -1])
def test_a_stream_cut_short_is_refused(length):
    codes = whole_codes(40)
    tables = Tables.of(codes)
    with pytest.raises(StreamError, match="cut short"):
        compression.decode(compression.encode(codes, tables)[:length], tables)


def test_a_stream_that_is_used_up_is_refused_at_once():
    """A few bytes that claim to hold 65,535 codes of 256 numbers."""
    tables = Tables.of(whole_codes(500, 256))
    started = time.process_time()
    with pytest.raises(StreamError, match="damaged or cut short"):
        compression.decode(b"\xff\xff" + bytes(range(200, 220)), tables)
    assert time.process_time() - started < 1  # all of them would take five times as long


def test_bytes_too_many_other_tables_and_a_wrong_count_are_refused():
    codes = whole_codes(40)
    tables = Tables.of(codes)
    stream = compression.encode(codes, tables)
    others = Tables.of(whole_codes(300, 5, seed=9))
    for bad, used in ((stream + b"\0", tables), (stream, others), (b"\x29\0" + stream[2:], tables),
                      (b"\0\0" + stream[2:], tables)):  # fmt: skip
        with pytest.raises(StreamError):
            compression.decode(bad, used)


def test_what_cannot_be_written_is_refused():
    codes = whole_codes(40)
    tables = Tables.of(codes)
    with pytest.raises(ValueError, match="outside the range"):
        compression.encode(codes + 100, tables)
    with pytest.raises(ValueError, match=r"shape \(N, 5\)"):
        compression.encode(codes[:, :4], tables)
    with pytest.raises(ValueError, match="1 to 65,535 codes, not 0"):
        compression.encode(codes[:0], tables)
    with pytest.raises(TypeError, match="quantise"):
        compression.encode(codes.float(), tables)


# --- rate and distortion ---------------------------------------------------------------------


def test_a_smaller_step_costs_more_bits_and_less_error():
    codes = torch.rand(400, 9, generator=torch.Generator().manual_seed(0))
    images = codes.reshape(-1, 1, 3, 3)

    def decode(code):
        return code.reshape(-1, 1, 3, 3)

    coarse, fine = (compression.measure(decode, codes, codes, images, s) for s in (0.2, 0.05))
    assert fine.bits > coarse.bits + 9  # a quarter of the step: two bits per number, at most
    assert fine.mse < coarse.mse / 8
    assert fine.mse == pytest.approx(0.05**2 / 12, rel=0.1)  # the variance within a step


def test_every_image_counts_however_many_there_are():
    """Images are decoded in pieces, to save memory."""
    codes = torch.rand(2_345, 9, generator=torch.Generator().manual_seed(0))
    images = codes.reshape(-1, 1, 3, 3)
    point = compression.measure(lambda code: code.reshape(-1, 1, 3, 3), codes, codes, images, 0.3)
    indices = quantise(codes, 0.3)
    off = ((indices * 0.3).clamp(0, 1) - codes).square().mean().item()
    assert point.mse == pytest.approx(off, rel=1e-5)
    assert point.bits == pytest.approx(Tables.of(indices).bits(indices).mean().item())


# --- trained for rounding --------------------------------------------------------------------


def rounded(code_size=3):
    with seeded(0):
        return Rounded(SHAPE, code_size, hidden=(8,))


def test_probabilities_of_whole_numbers_add_up_to_one():
    model = rounded()
    with torch.no_grad():
        model.middle.copy_(torch.tensor([0.3, -2.0, 0.0]))
        model.log_width.copy_(torch.tensor([0.5, -1.0, 1.0]))
    numbers = torch.arange(-200.0, 201.0)[:, None].expand(-1, 3)
    assert torch.allclose((2 ** -model.bits(numbers)).sum(0), torch.ones(3), atol=1e-5)


def test_bits_are_those_of_a_logistic_distribution_far_out_too():
    model = rounded(1).double()
    with torch.no_grad():
        model.log_width.fill_(0.0)
    for z in (0.0, 1.5, -4.0):
        share = 1 / (1 + exp(-z - 0.5)) - 1 / (1 + exp(-z + 0.5))
        bits = model.bits(torch.full((1, 1), z, dtype=torch.float64)).item()
        assert 2**-bits == pytest.approx(share, rel=1e-9)
    far = torch.full((1, 1), 500.0, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(model.bits(far).sum(), far)
    assert slope.item() == pytest.approx(1 / torch.tensor(2.0).log().item(), rel=1e-6)


def test_training_sees_noise_and_use_does_not():
    model, x = rounded(), blobs()
    code = model.encode(x)
    noisy = model.run(x, generator(0)).code
    assert ((noisy - code).abs() <= 0.5).all() and (noisy - code).std() > 0.2
    assert torch.equal(noisy, model.run(x, generator(0)).code)
    assert torch.equal(model(x), model.decode(code))


def test_a_higher_price_makes_fewer_bits():
    spent = []
    for price in (0.01, 1.0):
        model = rounded()
        quiet_fit(model, {"reconstruction": mse, "rate": rate(price)}, blobs(400), epochs=15,
                  batch_size=20, lr=2e-2)  # fmt: skip
        codes = quantise(evaluation.encode(model, blobs(400)), 1)
        spent.append(Tables.of(codes).bits(codes).mean().item())
    assert spent[1] < spent[0] - 1


def test_the_price_is_paid_per_example_and_by_its_own_kind_of_model():
    model, x = rounded(), blobs(7)
    output = model.run(x, generator(0))
    paid = rate(0.5)(model, Batch(x, x), output)
    assert torch.allclose(paid, 0.5 * model.bits(output.code).sum(1))
    with pytest.raises(TypeError, match="of type Rounded, not Linear"):
        rate(1.0)(torch.nn.Linear(1, 1), Batch(x, x), Output(x, x))
    with pytest.raises(ValueError, match="0 or more"):
        rate(-1.0)


def test_a_rounded_model_is_saved_and_loaded(tmp_path):
    model = rounded()
    found = saving.load(saving.save(tmp_path / "m", model)).model
    assert isinstance(found, Rounded) and torch.equal(found(blobs()), model(blobs()))
    assert torch.equal(found.log_width, model.log_width)
