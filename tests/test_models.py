"""Models: shapes in and out, what the names of layers mean, and what is refused."""

from copy import deepcopy

import pytest
import torch
from helpers import DEVICES, SHAPE, blobs, rows, small_model, weights
from torch import nn

from aecourse.models import ACTIVATIONS, Autoencoder, Dense, count_parameters
from aecourse.protocol import Layout


@pytest.mark.parametrize("shape", [(1, 6, 6), (3, 4, 5), (7,), 7])
@pytest.mark.parametrize("hidden", [(), (6,), (9, 4)])
def test_every_pass_keeps_its_shape(shape, hidden):
    model = Dense(shape, 3, hidden=hidden)
    x = torch.rand(5, *model.shape)
    code = model.encode(x)
    assert code.shape == (5, 3)
    assert model.decode_raw(code).shape == model.decode(code).shape == model(x).shape == x.shape


def test_the_ways_through_a_model_agree():
    model, x = small_model(), blobs(7)
    output = model.run(x)
    assert torch.equal(output.code, model.encode(x))
    assert torch.equal(output.raw, model.decode_raw(output.code))
    assert torch.equal(model(x), torch.sigmoid(output.raw))
    assert torch.equal(model(x), model.decode(output.code))
    assert output.posterior is None


def test_the_layers_are_those_of_the_description():
    model = Dense((1, 28, 28), 32, hidden=(128,), code_activation="relu")
    sizes = [(m.in_features, m.out_features) for m in model.modules() if isinstance(m, nn.Linear)]
    assert sizes == [(784, 128), (128, 32), (32, 128), (128, 784)]
    assert (model.encode(torch.rand(9, 1, 28, 28)) >= 0).all()
    assert [type(m) for m in model.encoder][-3:] == [nn.ReLU, nn.Linear, nn.ReLU]
    iris = Dense(4, 2, hidden=(4,), hidden_activation="tanh", output="linear")
    assert count_parameters(iris) == 62
    assert [type(m) for m in iris.modules() if not list(m.children())] == [
        nn.Flatten, nn.Linear, nn.Tanh, nn.Linear, nn.Identity,  # encoder
        nn.Linear, nn.Tanh, nn.Linear, nn.Unflatten,  # decoder
        nn.Identity,  # output activation
    ]  # fmt: skip


def test_only_trainable_weights_are_counted():
    model = small_model()
    everything = count_parameters(model)
    model.encoder.requires_grad_(False)
    assert count_parameters(model) == everything - sum(
        p.numel() for p in model.encoder.parameters()
    )


def test_a_dense_model_without_hidden_layers_is_linear():
    model = Dense(5, 2, hidden=(), output="linear").double()
    a, b = rows(4).double(), rows(4, seed=1).double()
    torch.testing.assert_close(model(a + b) - model(b), model(a) - model(0 * a))


@pytest.mark.parametrize("name", [*ACTIVATIONS, None])
def test_every_activation_can_end_a_code_and_an_output(name):
    model = Dense(5, 2, code_activation=name, output=name or "linear")
    assert torch.isfinite(model(rows(4))).all()


def test_one_hidden_layer_may_be_given_as_a_number():
    assert repr(Dense(5, 2, hidden=9)) == repr(Dense(5, 2, hidden=(9,)))


def test_a_config_builds_the_same_model_again():
    model = small_model(hidden=(9, 4), hidden_activation="gelu", code_activation="tanh")
    twin = Dense(**model.config)
    twin.load_state_dict(model.state_dict())
    assert torch.equal(twin(blobs()), model(blobs()))


def test_a_copy_is_independent():
    model = small_model()
    before, twin = weights(model), deepcopy(model)
    with torch.no_grad():
        for weight in twin.parameters():
            weight.zero_()
    assert torch.equal(weights(model), before)


def test_a_mixed_output_has_one_activation_per_kind():
    layout = Layout.of(real=2, binary=1, categorical=(3, 2))
    model = Dense(8, 2, output=layout)
    out = model(torch.randn(6, 8))
    raw = model.run(torch.randn(6, 8)).raw
    assert torch.equal(model.activation(raw)[:, :2], raw[:, :2])
    assert ((out[:, 2:] > 0) & (out[:, 2:] < 1)).all()
    for variable in (out[:, 3:6], out[:, 6:]):
        torch.testing.assert_close(variable.sum(1), torch.ones(6))


@pytest.mark.parametrize("device", DEVICES)
def test_models_work_where_they_are(device):
    model = small_model().to(device)
    assert model(blobs().to(device)).device.type == device


# --------------------------------------------------------------------------- under torch.func


def test_the_jacobian_of_one_example_is_that_of_autograd():
    model, x = small_model(), blobs(4)

    def code(example):
        return model.encode(example[None])[0]

    jacobians = torch.vmap(torch.func.jacrev(code))(x)
    assert jacobians.shape == (4, 2, *SHAPE)
    for example, jacobian in zip(x, jacobians):
        torch.testing.assert_close(torch.autograd.functional.jacobian(code, example), jacobian)


def test_a_model_can_be_called_with_other_weights():
    model, x = small_model(), blobs(4)
    zeros = {name: torch.zeros_like(weight) for name, weight in model.named_parameters()}
    out = torch.func.functional_call(model, zeros, (x,))
    assert torch.equal(out, torch.full_like(x, 0.5))


# --------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.rand(4, 36), ValueError, r"shape \(B, 1, 6, 6\); the input has shape \(4, 36\)"),
        (torch.rand(*SHAPE), ValueError, r"batch dimension: x.unsqueeze\(0\)"),
        (torch.zeros(4, *SHAPE, dtype=torch.uint8), TypeError, "torch.uint8.*divide pixel values"),
        (torch.rand(4, *SHAPE).double(), TypeError, r"float64.*float32.*x.float\(\)"),
        (torch.rand(4, *SHAPE).numpy(), TypeError, "ndarray, not a torch tensor.*as_tensor"),
    ],
)
def test_wrong_input_is_refused_with_the_way_out(x, error, message):
    model = small_model()
    for use in (model, model.encode, model.run):
        with pytest.raises(error, match=message):
            use(x)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (torch.rand(4, 3), r"has 2 numbers.*\(4, 3\)\.$"),
        (torch.rand(2), r"code.unsqueeze\(0\)"),
    ],
)
def test_a_wrong_code_is_refused(code, message):
    with pytest.raises(ValueError, match=message):
        small_model().decode(code)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden_activation": "rleu"}, "'rleu'; choose one of linear, relu"),
        ({"output": "softmax"}, "'softmax'; choose one of"),
        ({"code_size": 0}, r"at least one unit; the sizes are \[36, 8, 0\]"),
        ({"hidden": (8, 0)}, "at least one unit"),
        ({"output": Layout.of(real=5)}, r"5 columns, the model is for shape \(1, 6, 6\)"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        small_model(**settings)


def test_a_layout_counts_its_columns():
    layout = Layout.of(real=16, binary=1, categorical=(16, 49))
    assert layout.width == 82
    table = torch.rand(3, 82)
    kinds = [(kind, piece.shape[1]) for kind, piece in layout.split(table)]
    assert kinds == [("real", 16), ("binary", 1), ("categorical", 16), ("categorical", 49)]
    assert torch.equal(torch.cat([piece for _, piece in layout.split(table)], 1), table)
    with pytest.raises(ValueError, match="describes 82 columns, the table has 81.*one-hot"):
        layout.split(torch.rand(3, 81))


def test_any_encoder_and_decoder_make_an_autoencoder():
    model = Autoencoder(nn.Linear(5, 3), nn.Linear(3, 5), shape=[5], code_size=3)
    assert model(rows(4)).shape == (4, 5) and model.shape == (5,)
