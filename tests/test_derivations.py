"""What a lesson derives in its cells equals what the package, PyTorch or scikit-learn offers."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers import functions_of, script, solution_of
from sklearn.impute import KNNImputer
from sklearn.linear_model import LinearRegression

from aecourse import data, evaluation, models
from aecourse.exercises import catalogue
from aecourse.objectives import mixed, mse
from aecourse.protocol import Batch, Layout
from aecourse.randomness import seeded
from aecourse.training import fit

# --------------------------------------------------------------------------- 01 basics


@pytest.fixture(scope="module")
def basics():
    return functions_of("01_basics")


@pytest.fixture
def flowers():
    return np.random.default_rng(3).normal(size=(20, 4))


@pytest.mark.parametrize("sizes", [[4, 4, 2, 4, 4], [4, 3, 4], [4, 6, 5, 1, 6, 4]])
def test_numpy_gradients_equal_finite_differences_for_every_number(basics, flowers, sizes):
    layers = basics.initial_layers(sizes, seed=1)
    derived = basics.gradients(layers, flowers)
    h = 1e-3  # with five points the formula's error is of order h⁴: small against rounding
    for pair, grads in zip(layers, derived):
        for array, grad in zip(pair, grads):
            for place in np.ndindex(array.shape):
                kept, losses = array[place], []
                for shift in (-2 * h, -h, h, 2 * h):
                    array[place] = kept + shift
                    losses.append(basics.mean_loss(layers, flowers))
                array[place] = kept
                slope = (losses[0] - 8 * losses[1] + 8 * losses[2] - losses[3]) / (12 * h)
                assert slope == pytest.approx(grad[place], rel=1e-6, abs=1e-11)


def test_numpy_forward_and_loss_equal_pytorch(basics, flowers):
    layers = basics.initial_layers([4, 5, 2, 5, 4], seed=2)
    H = torch.tensor(flowers)
    for number, (W, b) in enumerate(layers, start=1):
        H = F.linear(H, torch.tensor(W).T, torch.tensor(b))
        H = H if number == len(layers) else torch.tanh(H)
    assert np.allclose(basics.forward(layers, flowers)[-1], H.numpy(), atol=1e-14)
    expected = F.mse_loss(H, torch.tensor(flowers)).item()
    assert basics.mean_loss(layers, flowers) == pytest.approx(expected, abs=1e-14)


def test_descent_by_hand_equals_pytorch_for_100_steps(basics, flowers):
    layers = basics.initial_layers([4, 4, 2, 4, 4], seed=5)
    twins = [[torch.tensor(array, requires_grad=True) for array in pair] for pair in layers]
    optimiser = torch.optim.SGD([array for pair in twins for array in pair], lr=0.05)
    losses = []
    for _ in range(100):
        H = torch.tensor(flowers)
        for number, (W, b) in enumerate(twins, start=1):
            H = H @ W + b if number == len(twins) else torch.tanh(H @ W + b)
        loss = F.mse_loss(H, torch.tensor(flowers))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    ours = basics.descend(layers, flowers, steps=100, lr=0.05)
    assert np.allclose(ours, losses, rtol=0, atol=1e-12)
    assert losses[-1] < losses[0]


def test_finite_differences_leave_the_weights_alone(basics, flowers):
    layers = basics.initial_layers([4, 2, 4], seed=0)
    before = [array.copy() for pair in layers for array in pair]
    basics.finite_differences(layers, flowers)
    after = [array for pair in layers for array in pair]
    assert all(np.array_equal(a, b) for a, b in zip(before, after))


def test_relative_error_sees_a_single_wrong_gradient(basics, flowers):
    layers = basics.initial_layers([4, 3, 4], seed=0)
    right = basics.gradients(layers, flowers)
    wrong = [(W.copy(), b.copy()) for W, b in right]
    wrong[1][1][2] *= 1.01
    assert basics.relative_error(right, right) == 0
    assert basics.relative_error(wrong, right) > 1e-3


def test_plain_fit_is_the_core_of_fit(basics):
    rows = torch.randn(37, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    nets = []
    for _ in range(2):
        with seeded(3):
            nets.append(models.Dense(4, 2, (4,), "tanh", output="linear").double())
    basics.plain_fit(nets[0], rows, epochs=20, batch_size=10, lr=1e-2, seed=4)
    fit(
        nets[1], {"reconstruction": mse}, rows, epochs=20, batch_size=10, lr=1e-2,
        schedule="constant", seed=4, progress=False,
    )  # fmt: skip
    for a, b in zip(nets[0].parameters(), nets[1].parameters()):
        assert torch.allclose(a, b, atol=1e-9)


# --------------------------------------------------------------------------- deeper 01


@pytest.fixture(scope="module")
def adam():
    return functions_of("deeper/01_adam", SIZES=[4, 4, 2, 4, 4])


def test_the_vector_of_deeper_01_holds_the_layers_of_lesson_01(basics, adam, flowers):
    theta = adam.initial([4, 4, 2, 4, 4], seed=2)
    layers = adam.views(theta, [4, 4, 2, 4, 4])
    for pair, (W, b) in zip(basics.initial_layers([4, 4, 2, 4, 4], seed=2), layers):
        assert np.array_equal(pair[0], W) and np.array_equal(pair[1], b)
        assert np.shares_memory(W, theta) and np.shares_memory(b, theta)
    assert np.array_equal(adam.forward(layers, flowers)[-1], basics.forward(layers, flowers)[-1])
    expected = [array.ravel() for pair in basics.gradients(layers, flowers) for array in pair]
    assert np.array_equal(adam.gradient(layers, flowers), np.concatenate(expected))


@pytest.mark.parametrize("batch_size", [20, 7])
def test_numpy_adam_equals_pytorch_for_100_steps(adam, flowers, batch_size):
    sizes = [4, 4, 2, 4, 4]
    ours = adam.initial(sizes, seed=5)
    theirs = torch.tensor(ours, requires_grad=True)
    optimiser, losses = torch.optim.Adam([theirs], lr=1e-2), []
    order = np.random.default_rng(0)
    for _ in range(100):
        rows = order.permutation(20) if batch_size < 20 else np.arange(20)
        for start in range(0, 20, batch_size):
            batch = torch.tensor(flowers[rows[start : start + batch_size]])
            loss = adam.torch_loss(adam.views(theirs, sizes), batch)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    found = adam.train(ours, sizes, flowers, 100, batch_size, lr=1e-2, seed=0)
    assert np.allclose(found, losses, rtol=0, atol=1e-10)
    assert np.allclose(ours, theirs.detach().numpy(), atol=1e-9)
    assert losses[-1] < losses[0]


# --------------------------------------------------------------------------- 02 undercomplete


@pytest.fixture(scope="module")
def undercomplete():
    return functions_of("02_undercomplete", TRAIN=None)


@pytest.fixture(scope="module")
def last_direction():
    return functions_of("deeper/02_last_direction")


@pytest.fixture
def images():
    mixing = torch.randn(30, 28 * 28, generator=torch.Generator().manual_seed(1))
    codes = torch.randn(80, 30, generator=torch.Generator().manual_seed(2))
    return (codes @ mixing).reshape(80, 1, 28, 28) + 3


def test_the_floor_from_eigenvalues_is_the_error_of_pca(images):
    flat = images.flatten(1).double()
    centred = flat - flat.mean(0)
    eigenvalues = torch.linalg.eigvalsh(centred.T @ centred / len(flat)).flip(0)
    by_hand = catalogue()["floor of PCA"].right(eigenvalues.numpy(), 7)
    expected = evaluation.pca_baseline(flat, flat, 7).mean().item()
    assert by_hand == pytest.approx(expected, rel=1e-4)


def test_the_paired_difference_equals_the_package():
    a, b = torch.rand(2, 50, generator=torch.Generator().manual_seed(0)).double()
    by_hand = catalogue()["paired difference"].right(a.numpy(), b.numpy())
    assert by_hand == pytest.approx(tuple(evaluation.paired(a, b)), rel=1e-9)


def test_angles_by_qr_and_svd_equal_the_package(last_direction):
    a = torch.randn(40, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    b = a + 0.3 * torch.randn(a.shape, generator=torch.Generator().manual_seed(1)).double()
    ours = last_direction.angles_between(a, b)
    assert np.allclose(ours, evaluation.principal_angles(a, b), atol=1e-6)
    assert last_direction.angles_between(a, 2 * a).max() < 1e-4


def test_the_principal_directions_equal_pca_of_the_package(last_direction, images):
    flat = images.flatten(1)
    values, directions = last_direction.principal(flat)
    pca = evaluation.fit_pca(flat, 7)
    assert np.allclose(values[:7], pca.explained_variance_ * 79 / 80, rtol=1e-3)
    assert evaluation.principal_angles(directions[:, :7], pca.components_.T).max() < 0.1


def test_the_descent_of_deeper_02_takes_a_step_along_the_gradient(last_direction):
    draw = torch.Generator().manual_seed(0)
    variances = torch.rand(20, generator=draw).double().sort(descending=True)[0]
    W = torch.randn(20, 3, generator=draw).double().requires_grad_()
    away = torch.eye(20).double() - W @ W.T  # what is lost of x is (1 - W Wᵀ) x
    (gradient,) = torch.autograd.grad(torch.trace(away @ torch.diag(variances) @ away.T), W)
    basis = torch.linalg.qr((W - 0.01 * gradient).detach())[0]
    (missing,) = last_direction.descend(variances, W.detach(), 1, 0.01, [0, 5])
    assert torch.allclose(missing, 1 - basis[[0, 5]].square().sum(1), atol=1e-12)


def test_averaged_bce_is_bce_per_pixel(undercomplete):
    with seeded(0):
        model = models.Dense((1, 28, 28), 4, hidden=(8,))
    grey = torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    averaged = undercomplete.bce_averaged(model, Batch(grey, grey), model.run(grey))
    assert torch.allclose(averaged, evaluation.pixel_bce(model, grey), rtol=1e-5)


def test_floor_of_the_exercise_equals_the_package(undercomplete):
    grey = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0)).double()
    expected = evaluation.bce_floor(grey).mean().item()
    floor_of_bce = solution_of("02_undercomplete", 2)
    assert floor_of_bce(grey.flatten(1).numpy()) == pytest.approx(expected, rel=1e-9)


# --------------------------------------------------------------------------- 03 tables


@pytest.fixture
def correlated():
    """300 training and 40 further rows of 5 correlated columns, and gaps in the latter."""
    draw = torch.Generator().manual_seed(1)
    mix = torch.randn(5, 5, generator=draw)
    x = torch.randn(340, 5, generator=draw) @ mix
    x = (x - x[:300].mean(0)) / x[:300].std(0)
    return x[:300], x[300:], torch.rand(40, 5, generator=draw) < 0.3


@pytest.fixture
def gap_fillers(correlated):
    """The functions of deeper 03, on gaps, with these rows as their training and test rows."""
    train, x, _ = correlated
    return functions_of("deeper/03_gaps", train=train, x=x)


def test_the_mixed_loss_by_hand_equals_the_package():
    columns = functions_of("deeper/03_columns")
    layout = Layout.of(real=16, binary=1, categorical=(16,))
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(30, 33, generator=draw)
    x[:, 16] = (x[:, 16] > 0).float()
    x[:, 17:] = F.one_hot(torch.randint(16, (30,), generator=draw), 16).float()
    with seeded(1):
        model = models.Dense(33, 4, (8,), output=layout)
    by_hand, by_package = (
        evaluation.per_example(term, model, x) for term in (columns.variance_one, mixed(layout))
    )
    torch.testing.assert_close(by_hand, by_package)

    model.log_variance = torch.zeros(16)
    estimated = evaluation.per_example(columns.variance_estimated, model, x)
    torch.testing.assert_close(estimated, by_package)  # where each variance is 1
    model.log_variance = torch.randn(16, generator=draw)
    raw = model.run(x).raw.detach()
    normal = torch.distributions.Normal(raw[:, :16], (0.5 * model.log_variance).exp())
    density = normal.log_prob(x[:, :16]).sum(1) + 8 * np.log(2 * np.pi)
    estimated = evaluation.per_example(columns.variance_estimated, model, x)
    torch.testing.assert_close(estimated, columns.names_cost(raw, x) - density)


def test_neighbours_by_hand_equal_scikit_learn(gap_fillers, correlated):
    train, x, hidden = correlated
    imputer = KNNImputer(n_neighbors=10).fit(train.numpy())
    expected = imputer.transform(torch.where(hidden, torch.nan, x).numpy())
    some = ~hidden.all(1)  # where nothing is known, every row is as near
    ours = torch.where(hidden, gap_fillers.fill_neighbours(x, hidden, 10), x)
    np.testing.assert_allclose(ours[some].numpy(), expected[some], atol=1e-5)


def test_filling_from_the_covariance_is_linear_regression(gap_fillers, correlated):
    train, x, hidden = correlated
    ours = gap_fillers.fill_linear(x, hidden)
    for row, gaps, filled in zip(x, hidden, ours):
        if gaps.any() and not gaps.all():
            model = LinearRegression(fit_intercept=False)
            centred = (train - train.mean(0)).double()
            model.fit(centred[:, ~gaps], centred[:, gaps])
            expected = model.predict(row[~gaps].double()[None])[0]
            np.testing.assert_allclose(filled[gaps].numpy(), expected, atol=1e-4)


def test_chained_equations_end_at_the_same_guess(gap_fillers, correlated):
    train, x, hidden = correlated
    C, filled = torch.cov(train.double().T), torch.where(hidden, 0, x).double()
    for _ in range(300):  # one regression on all other columns after another
        for j in range(5):
            others = [k for k in range(5) if k != j]
            weights = torch.linalg.solve(C[others][:, others], C[others, j])
            filled[:, j] = torch.where(hidden[:, j], filled[:, others] @ weights, x[:, j])
    ours = gap_fillers.fill_linear(x, hidden)
    torch.testing.assert_close(filled[hidden].float(), ours[hidden], atol=1e-3, rtol=0)


def test_no_region_is_in_two_parts_of_the_weather():
    shared = script("experiments/shared.py")
    weather = shared.weather_by_region(0)
    station = data.complete_rain_rows(data.rain_table())["Location"].replace(shared.CITIES)
    regions = [
        set(station.iloc[part.rows.numpy()])
        for part in (weather.train, weather.valid, weather.test)
    ]
    assert not regions[0] & regions[1] and not (regions[0] | regions[1]) & regions[2]
    assert sum(map(len, regions)) == station.nunique() == 22
    assert set(shared.weather_by_region(1).test.rows.tolist()) != set(weather.test.rows.tolist())


def test_filling_with_pca_again_and_again_ends_at_least_squares(gap_fillers, correlated):
    train, x, hidden = correlated
    train -= train.mean(0)  # in place: the fixture's rows, which the functions see
    rounds = gap_fillers.fill_again_and_again(x, hidden, 1, 500)
    at_once = gap_fillers.rmse(gap_fillers.fill_pca(x, hidden, 1), hidden)
    assert rounds[-1] == pytest.approx(at_once, abs=1e-4)
    assert abs(rounds[0] - at_once) > 0.01


def test_the_linear_probe_of_lesson_03_is_that_of_the_package(correlated):
    train, x, _ = correlated
    labels, truth = (part[:, 0] + part[:, 1] ** 2 > 0.5 for part in (train, x))
    parts = (SimpleNamespace(y=part.long()) for part in (labels, truth))
    rain = SimpleNamespace(**dict(zip(("train", "test"), parts)))
    tables = functions_of("03_tables", rain=rain)
    expected = evaluation.linear_probe(train, labels.long(), x, truth.long(), "auroc")
    assert tables.probe_auroc(train, x) == pytest.approx(expected, abs=1e-3)
    dead = torch.zeros(len(train), 1), torch.zeros(len(x), 1)
    assert tables.probe_auroc(torch.cat([train, dead[0]], 1), torch.cat([x, dead[1]], 1)) == (
        pytest.approx(expected, abs=1e-3)
    )
    assert tables.probe_auroc(*dead) == 0.5  # a code that says nothing
