"""Kinds of autoencoder that later lessons bring, each written against the public protocol alone.

Every one is a model, a term or a corruption, and nothing in the package knows of it.
"""

import pytest
import torch
from helpers import SHAPE, blobs, fell, quiet_fit, rows, small_model, weights
from torch import nn
from torch.nn import functional as F

from aecourse import evaluation
from aecourse.corruption import gaussian, masking
from aecourse.models import Autoencoder, Dense
from aecourse.objectives import bce, mixed, mse
from aecourse.protocol import Layout, Output
from aecourse.randomness import seeded

X, VALID = blobs(80), blobs(20, seed=1)


def trained(model, terms, train=X, valid=VALID, **settings):
    settings = {"epochs": 12, "batch_size": 10, "lr": 0.01} | settings
    return quiet_fit(model, terms, train, valid=valid, **settings)


# --------------------------------------------------------------------------- variational


class Variational(Autoencoder):
    """A code with a mean and a variance: the encoder gives both, and `run` samples."""

    def __init__(self, code_size: int = 2):
        encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 2 * code_size)
        )
        decoder = nn.Sequential(nn.Linear(code_size, 36), nn.Unflatten(1, SHAPE))
        super().__init__(encoder, decoder, SHAPE, code_size, output="sigmoid")

    def posterior(self, x):
        return self.encoder(self.checked(x)).chunk(2, dim=1)

    def encode(self, x):
        return self.posterior(x)[0]

    def run(self, x, generator=None):
        mean, log_variance = self.posterior(x)
        noise = torch.randn(mean.shape, generator=generator, device=x.device, dtype=x.dtype)
        code = mean + (log_variance / 2).exp() * noise
        return Output(code, self.decode_raw(code), (mean, log_variance))


def divergence(mean, log_variance):
    """KL(N(mean, variance) ‖ N(0, 1)) for each example, in nats."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)


def kl(beta: float = 1.0, warm_up: float = 0.5):
    """The term, whose weight rises to beta over the first share of training."""

    def term(model, batch, output):
        return beta * min(1.0, batch.progress / warm_up) * divergence(*output.posterior)

    return term


def test_a_variational_autoencoder_with_warm_up():
    with seeded(0):
        model = Variational()
    terms = {"reconstruction": bce, "KL": kl()}
    history = trained(model, terms)
    assert fell(history.valid["reconstruction"]) and fell(history.train["reconstruction"])
    first = torch.get_rng_state()
    assert torch.equal(evaluation.encode(model, X), model.encode(X))  # the mean, not a sample
    assert torch.equal(torch.get_rng_state(), first)
    with seeded(0):
        twin = Variational()
    trained(twin, terms)
    assert torch.equal(weights(twin), weights(model))  # its samples follow the seed of fit
    assert evaluation.per_example(kl(), model, X).shape == (80,)


def test_the_divergence_of_the_prior_from_itself_is_0_and_of_anything_else_more():
    zeros = torch.zeros(5, 3)
    assert divergence(zeros, zeros).tolist() == [0] * 5
    assert (divergence(rows(5, 3), rows(5, 3, seed=1)) > 0).all()


def test_the_warm_up_starts_at_0_in_training_and_is_over_in_validation():
    with seeded(0):
        model = Variational()
    history = trained(model, {"reconstruction": bce, "KL": kl()}, epochs=1, batch_size=80)
    assert history.train["KL"] == [0] and history.valid["KL"][0] > 0


# --------------------------------------------------------------------------- denoising


@pytest.mark.parametrize("corrupt", [gaussian(0.3), masking(0.3)])
def test_a_denoiser(corrupt):
    model = small_model()
    history = trained(model, {"reconstruction": mse}, corrupt=corrupt)
    assert fell(history.valid["reconstruction"])
    noisy = corrupt(VALID, torch.Generator().manual_seed(0))
    cleaned = evaluation.squared_error(evaluation.reconstruct(model, noisy), VALID)
    assert cleaned.mean() < evaluation.squared_error(noisy, VALID).mean()


# --------------------------------------------------------------------------- sparse


class TopK(nn.Module):
    """Keep the k largest values of each code, and set the others to 0."""

    def __init__(self, k: int):
        super().__init__()
        self.k = k

    def forward(self, code):
        kept = code.topk(self.k, dim=1)
        return torch.zeros_like(code).scatter(1, kept.indices, kept.values)


def unit_norm_decoder(model):
    model.decoder[0].weight.copy_(F.normalize(model.decoder[0].weight, dim=0))


def test_a_top_k_code_with_unit_norm_decoder_columns():
    with seeded(0):
        encoder = nn.Sequential(nn.Flatten(), nn.Linear(36, 20), TopK(3))
        decoder = nn.Sequential(nn.Linear(20, 36), nn.Unflatten(1, SHAPE))
    model = Autoencoder(encoder, decoder, SHAPE, 20)
    norms = []
    history = trained(
        model, {"reconstruction": mse}, after_step=[unit_norm_decoder],
        on_epoch=[lambda model, history: norms.append(model.decoder[0].weight.norm(dim=0))],
    )  # fmt: skip
    assert fell(history.valid["reconstruction"])
    assert ((evaluation.encode(model, VALID) != 0).sum(1) <= 3).all()
    for columns in norms:
        torch.testing.assert_close(columns.detach(), torch.ones(20))


def test_a_sparsity_penalty_is_one_more_term():
    def l1(weight):
        return lambda model, batch, output: weight * output.code.abs().sum(1)

    plain, sparse = small_model(), small_model()
    trained(plain, {"reconstruction": mse})
    history = trained(
        sparse, {"reconstruction": mse, "sparsity": l1(3.0)}, monitor="reconstruction"
    )
    assert fell(history.train["sparsity"])
    assert evaluation.encode(sparse, X).abs().mean() < evaluation.encode(plain, X).abs().mean()


# --------------------------------------------------------------------------- contractive


def contraction(weight: float):
    """The squared Frobenius norm of the encoder's Jacobian, one per example."""

    def term(model, batch, output):
        def code(example):
            return model.encode(example[None])[0]

        jacobians = torch.vmap(torch.func.jacrev(code))(batch.input)
        return weight * jacobians.square().flatten(1).sum(1)

    return term


def test_a_jacobian_penalty():
    plain, contractive = small_model(), small_model()
    trained(plain, {"reconstruction": mse})
    history = trained(contractive, {"reconstruction": mse, "contraction": contraction(3.0)})
    assert fell(history.train["contraction"])
    assert history.valid["contraction"][-1] > 0  # measured without gradients, too
    norms = [evaluation.per_example(contraction(1.0), model, X) for model in (plain, contractive)]
    assert norms[1].mean() < norms[0].mean()


def test_the_penalty_of_a_linear_encoder_is_the_norm_of_its_weights():
    model = small_model(hidden=())
    norm = model.encoder[1].weight.square().sum().item()
    torch.testing.assert_close(
        evaluation.per_example(contraction(1.0), model, X), torch.full((80,), norm)
    )


# --------------------------------------------------------------------------- convolutional


class Convolutional(Autoencoder):
    def __init__(self, code_size: int = 3):
        encoder = nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4), nn.ReLU(),
            nn.Flatten(), nn.Linear(36, code_size),
        )  # fmt: skip
        decoder = nn.Sequential(
            nn.Linear(code_size, 36), nn.Unflatten(1, (4, 3, 3)), nn.ReLU(),
            nn.ConvTranspose2d(4, 1, 4, stride=2, padding=1),
        )  # fmt: skip
        super().__init__(encoder, decoder, SHAPE, code_size, output="sigmoid")


def test_a_convolutional_net():
    with seeded(0):
        model = Convolutional()
    one_row_is_left_over = X[:71]
    history = trained(model, {"reconstruction": bce}, one_row_is_left_over, keep_best=True)
    assert fell(history.valid["reconstruction"])
    alone = torch.cat([evaluation.pixel_bce(model, image[None]) for image in VALID])
    torch.testing.assert_close(evaluation.pixel_bce(model, VALID), alone)


# --------------------------------------------------------------------------- mixed tables


def test_a_table_with_columns_of_several_kinds():
    layout = Layout.of(real=2, binary=1, categorical=(3,))
    hidden_cause = rows(120, features=1)
    table = torch.cat(
        [
            hidden_cause,
            hidden_cause**2,
            (hidden_cause > 0).float(),
            F.one_hot((hidden_cause[:, 0] > 0.5).long() + (hidden_cause[:, 0] > -0.5), 3).float(),
        ],
        1,
    )
    with seeded(0):
        model = Dense(layout.width, 1, hidden=(16,), output=layout)
    terms = {"reconstruction": mixed(layout)}
    history = trained(model, terms, table[:100], table[100:], epochs=40, lr=0.03)
    assert fell(history.valid["reconstruction"])
    out = evaluation.reconstruct(model, table[100:])
    right = out[:, 3:].argmax(1) == table[100:, 3:].argmax(1)
    assert right.float().mean() > 0.6


# --------------------------------------------------------------------------- from outside


def test_targets_of_another_kind_than_the_inputs():
    history = trained(small_model(), {"reconstruction": mse}, (1 - X, X), (1 - VALID, VALID))
    assert fell(history.valid["reconstruction"])
