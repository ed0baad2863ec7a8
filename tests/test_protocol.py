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


# --------------------------------------------------------------------------- discrete codes


class VectorQuantised(Autoencoder):
    """Each of 4 vectors of 2 numbers is replaced by the nearest of 8 vectors, the codebook."""

    def __init__(self):
        encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(36, 16), nn.ReLU(), nn.Linear(16, 8), nn.Unflatten(1, (4, 2))
        )
        decoder = nn.Sequential(nn.Flatten(), nn.Linear(8, 36), nn.Unflatten(1, SHAPE))
        super().__init__(encoder, decoder, SHAPE, code_size=8, output="sigmoid")
        self.codebook = nn.Parameter(torch.randn(8, 2))

    def quantise(self, x):
        vectors = self.encoder(self.checked(x))  # (B, 4, 2)
        indices = torch.cdist(vectors, self.codebook).argmin(2)  # (B, 4)
        return vectors, indices, self.codebook[indices]

    def encode(self, x):
        return self.quantise(x)[2]

    def decode_raw(self, code):
        return self.decoder(code)

    def run(self, x, generator=None):
        vectors, indices, nearest = self.quantise(x)
        code = vectors + (nearest - vectors).detach()  # straight through: the gradient skips it
        extra = {"indices": indices, "vectors": vectors, "nearest": nearest}
        return Output(code, self.decode_raw(code), extra=extra)


def codebook_loss(model, batch, output):
    pull = output.extra["vectors"].detach() - output.extra["nearest"]
    return pull.square().flatten(1).sum(1)


def commitment(weight):
    def term(model, batch, output):
        pull = output.extra["vectors"] - output.extra["nearest"].detach()
        return weight * pull.square().flatten(1).sum(1)

    return term


def test_a_vector_quantised_net():
    with seeded(0):
        model = VectorQuantised()
    before = model.codebook.detach().clone()
    terms = {"reconstruction": mse, "codebook": codebook_loss, "commitment": commitment(0.25)}
    history = trained(model, terms, epochs=30)
    assert all(
        fell(losses) for losses in (history.valid["reconstruction"], history.train["codebook"])
    )
    assert not torch.equal(model.codebook, before)  # only the codebook's own term moves it
    codes = evaluation.encode(model, VALID)
    assert codes.shape == (20, 4, 2)
    entries = {tuple(entry) for entry in model.codebook.tolist()}
    assert {tuple(vector) for vector in codes.flatten(0, 1).tolist()} <= entries
    assert evaluation.reconstruct(model, VALID).shape == VALID.shape
    assert evaluation.per_example(codebook_loss, model, VALID).shape == (20,)
    error = evaluation.squared_error(evaluation.reconstruct(model, VALID), VALID)
    torch.testing.assert_close(evaluation.pixel_mse(model, VALID), error)


# --------------------------------------------------------------------------- masked


class Masked(Autoencoder):
    """Sees a share of the 9 patches of 2 × 2 pixels, and tells which in ``extra``."""

    def __init__(self, hidden_share=0.5):
        encoder = nn.Sequential(nn.Flatten(), nn.Linear(36, 16), nn.ReLU(), nn.Linear(16, 4))
        decoder = nn.Sequential(nn.Linear(4, 36), nn.Unflatten(1, SHAPE))
        super().__init__(encoder, decoder, SHAPE, code_size=4)
        self.hidden_share = hidden_share

    def run(self, x, generator=None):
        order = torch.rand((len(x), 9), generator=generator, device=x.device).argsort(1)
        hidden = (order < round(9 * self.hidden_share)).reshape(-1, 1, 3, 3)
        pixels = hidden.repeat_interleave(2, 2).repeat_interleave(2, 3)  # (B, 1, 6, 6)
        code = self.encode(x.masked_fill(pixels, 0))
        return Output(code, self.decode_raw(code), extra={"mask": pixels})


def hidden_mse(model, batch, output):
    """Squared error on the hidden patches alone."""
    error = model.activation(output.raw) - batch.target
    return (error * output.extra["mask"]).square().flatten(1).sum(1)


def test_a_masked_net_is_judged_on_what_it_did_not_see():
    with seeded(0):
        model, twin = Masked(), Masked()
    twin.load_state_dict(model.state_dict())
    history = trained(model, {"hidden": hidden_mse}, epochs=30)
    trained(twin, {"hidden": hidden_mse}, epochs=30)
    assert fell(history.valid["hidden"])
    assert torch.equal(weights(model), weights(twin))  # its masks follow the seed of fit
    hidden, all_of_it = (
        evaluation.per_example(term, model, VALID, seed=3) for term in (hidden_mse, mse)
    )
    assert (hidden < all_of_it).all() and (hidden > 0).all()
    mask = model.run(VALID, torch.Generator().manual_seed(0)).extra["mask"]
    assert (mask.flatten(1).sum(1) == 16).all()  # 4 of 9 patches
    assert evaluation.encode(model, VALID).shape == (20, 4)


# --------------------------------------------------------------------------- series


class Recurrent(Autoencoder):
    """A GRU reads windows (B, steps, channels); another writes them from the last state."""

    def __init__(self, steps=12, channels=2, code_size=6):
        encoder, decoder = (
            nn.GRU(channels, code_size, batch_first=True),
            nn.GRU(code_size, 16, batch_first=True),
        )
        super().__init__(encoder, decoder, (steps, channels), code_size)
        self.out = nn.Linear(16, channels)

    def encode(self, x):
        return self.encoder(self.checked(x))[1][0]  # the last state, (B, code_size)

    def decode_raw(self, code):
        steps = code[:, None].expand(-1, self.shape[0], -1)
        return self.out(self.decoder(steps)[0])


def waves(count, seed):
    """Windows (count, 12, 2) of a wave of any phase, and of its slope."""
    phase = 6.3 * torch.rand(count, 1, generator=torch.Generator().manual_seed(seed))
    angle = phase + 0.5 * torch.arange(12)
    return torch.stack([angle.sin(), angle.cos()], 2)


def test_a_recurrent_net_over_windows():
    with seeded(0):
        model = Recurrent()
    train, valid = waves(200, 0), waves(20, 1)
    history = trained(
        model, {"reconstruction": mse}, train, valid, epochs=20, corrupt=gaussian(0.1)
    )
    assert fell(history.valid["reconstruction"])
    assert evaluation.encode(model, valid).shape == (20, 6)
    rebuilt = evaluation.reconstruct(model, valid)
    assert rebuilt.shape == (20, 12, 2)
    error = evaluation.squared_error(rebuilt, valid)
    torch.testing.assert_close(evaluation.pixel_mse(model, valid), error)
    assert error.mean() < evaluation.mean_baseline(train, valid).mean()


# --------------------------------------------------------------------------- tokens


class Tokens(nn.Module):
    """No :class:`Autoencoder`: 6 letters of an alphabet of 5 → a code → 6 × 5 logits."""

    takes_tokens = True

    def __init__(self):
        super().__init__()
        self.letters = nn.Embedding(5, 3)
        self.to_code = nn.Linear(18, 4)
        self.from_code = nn.Sequential(nn.Linear(4, 30), nn.Unflatten(1, (6, 5)))

    def encode(self, x):
        return self.to_code(self.letters(x).flatten(1))

    def forward(self, x):
        return self.from_code(self.encode(x)).softmax(2)

    def run(self, x, generator=None):
        code = self.encode(x)
        return Output(code, self.from_code(code))


def token_loss(model, batch, output):
    """Cross-entropy summed over positions: raw (B, 6, 5) → (B,)."""
    losses = F.cross_entropy(output.raw.transpose(1, 2), batch.target, reduction="none")
    return losses.sum(1)


def words(count, seed):
    """Words (count, 6) in which each letter is the one before plus 1, modulo 5."""
    first = torch.randint(5, (count, 1), generator=torch.Generator().manual_seed(seed))
    return (first + torch.arange(6)) % 5


def one_letter_replaced(x, generator):
    place = torch.randint(6, (len(x), 1), generator=generator, device=x.device)
    letter = torch.randint(5, (len(x), 1), generator=generator, device=x.device)
    return x.scatter(1, place, letter)


def test_a_net_whose_inputs_and_targets_are_class_indices():
    with seeded(0):
        model = Tokens()
    history = trained(
        model, {"reconstruction": token_loss}, words(100, 0), words(20, 1),
        corrupt=one_letter_replaced, epochs=20,
    )  # fmt: skip
    assert fell(history.valid["reconstruction"])
    assert evaluation.encode(model, words(20, 1)).shape == (20, 4)
    rebuilt = evaluation.reconstruct(model, words(20, 1))
    assert (rebuilt.argmax(2) == words(20, 1)).float().mean() > 0.9


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8, torch.int32])
def test_tokens_of_another_type_are_refused(dtype):
    with pytest.raises(TypeError, match=r"class indices.*torch.int64. Convert it with .long\(\)"):
        trained(Tokens(), {"reconstruction": token_loss}, words(20, 0).to(dtype), None)


def test_logits_need_an_axis_for_the_classes():
    model = Tokens()
    model.from_code = nn.Linear(4, 6)
    with pytest.raises(ValueError, match=r"shape \(10, 6\), .* class indices of shape \(10, 6\)"):
        trained(model, {"reconstruction": token_loss}, words(20, 0), None)


# --------------------------------------------------------------------------- from outside


def test_a_model_whose_run_returns_something_else_is_refused():
    class Silent(nn.Linear):
        def run(self, x, generator=None):
            return self(x)

    with pytest.raises(TypeError, match=r"`run` returned a Tensor: it must return Output"):
        trained(Silent(5, 5), {"reconstruction": mse}, rows(20), None)


def test_a_model_has_nothing_extra_to_tell_unless_it_says_so():
    extra = small_model().run(X).extra
    assert dict(extra) == {}
    with pytest.raises(TypeError):
        extra["mask"] = X  # one empty mapping serves all


def test_targets_of_another_kind_than_the_inputs():
    history = trained(small_model(), {"reconstruction": mse}, (1 - X, X), (1 - VALID, VALID))
    assert fell(history.valid["reconstruction"])
