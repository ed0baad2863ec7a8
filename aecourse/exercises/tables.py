"""Lesson 03: scaling, missing values, and columns of different kinds in one loss."""

import numpy as np
import torch
import torch.nn.functional as F

from aecourse.exercises.checks import Exercise, Mistake

# Scaler -------------------------------------------------------------------------------------


def standardise(train, test):
    return scale(train, test)


def scale(train, test, centre=np.mean, spread=np.std, fit=None):
    """Both tables, scaled with the columns' centre and spread in ``fit``, the training rows."""
    fit = train if fit is None else fit
    mean, std = centre(fit, axis=0), spread(fit, axis=0)
    return (train - mean) / std, (test - mean) / std


def nothing(table, axis):
    return 0.0


def one(table, axis):
    return 1.0


def middle(table, axis):
    return (table.min(axis) + table.max(axis)) / 2


def quartile_range(table, axis):
    return np.percentile(table, 75, axis) - np.percentile(table, 25, axis)


def half_range(table, axis):
    return np.ptp(table, axis=axis) / 2


def largest(table, axis):
    return np.abs(table).max(axis)


def length(table, axis):
    return np.linalg.norm(table - table.mean(axis), axis=axis)


def sample_std(table, axis):
    return np.std(table, axis=axis, ddof=1)


def each(function, train, test):
    return function(train, train)[0], function(test, test)[0]


def root_mean_square(table, axis):
    return np.sqrt(np.mean(table**2, axis=axis))


def row_by_row(table, _):
    std = table.std(axis=1, keepdims=True)
    return (table - table.mean(axis=1, keepdims=True)) / std, None


def row_lengths(table, _):
    return table / np.linalg.norm(table, axis=1, keepdims=True), None


def in_columns(done, as_it_came, columns):
    """``done`` in some columns, ``as_it_came`` in the others."""
    result = as_it_came.copy()
    result[:, columns] = done[:, columns]
    return result


def scaled_in(columns):
    return lambda a, b: tuple(in_columns(x, y, columns) for x, y in zip(scale(a, b), (a, b)))


def table(seed, rows, features):
    random = np.random.default_rng(seed)
    return random.normal(size=(rows, features)) * np.arange(1.5, features + 1) + np.arange(
        3, features + 3)


def two_tables(seed, train, test, features):
    return table(seed, train, features), 1.3 * table(seed + 1, test, features) + 0.7


def own_scale(spread):
    return lambda a, b: each(lambda x, y: scale(x, y, spread=spread), a, b)


SCALER = Exercise(
    name="scaler",
    right=standardise,
    returns=("the training rows", "the test rows"),
    also_right=(lambda a, b: scale(a, b, spread=sample_std),),  # as pandas divides
    probes={
        "9 training and 5 test rows of 3 columns": two_tables(1, 9, 5, 3),
        "6 training and 8 test rows of 4 columns": two_tables(3, 6, 8, 4),
    },
    mistakes=[
        Mistake(
            "The scaler is fitted on all rows. The test rows then take part in preparing the model "
            "that they are to judge. Mean and standard deviation come from the training rows.",
            lambda a, b: scale(a, b, fit=np.concatenate([a, b])),
            lambda a, b: scale(a, b, fit=np.concatenate([a, b]), spread=sample_std),
            lambda a, b: scale(a, b, centre=lambda *_, axis: np.concatenate([a, b]).mean(axis)),
            lambda a, b: scale(a, b, spread=lambda *_, axis: np.concatenate([a, b]).std(axis)),
            lambda a, b: scale(a, b, centre=lambda *_, axis: (a.mean(axis) + b.mean(axis)) / 2),
        ),
        Mistake(
            "The test rows are scaled with their own mean and standard deviation. The net has "
            "learned the training scale, and a shift of the test rows would vanish unseen. Use the "
            "training rows' numbers for both.",
            own_scale(np.std),
            own_scale(sample_std),
        ),
        Mistake(
            "Half of the scaler comes from the test rows. Mean and standard deviation both come "
            "from the training rows.",
            lambda a, b: (scale(a, b)[0], (b - a.mean(0)) / b.std(0)),
            lambda a, b: (scale(a, b)[0], (b - b.mean(0)) / a.std(0)),
            lambda a, b: ((a - b.mean(0)) / a.std(0), (b - b.mean(0)) / a.std(0)),
            lambda a, b: ((a - a.mean(0)) / b.std(0), (b - a.mean(0)) / b.std(0)),
        ),
        Mistake(
            "The scaler is fitted on the test rows. It is the training rows that it must learn "
            "from.",
            lambda a, b: scale(a, b, fit=b),
        ),
        Mistake(
            "The columns are centred, but not divided by their standard deviation. The column with "
            "the largest unit would rule the loss.",
            lambda a, b: scale(a, b, spread=one),
        ),
        Mistake(
            "The columns are divided by their standard deviation, but not centred.",
            lambda a, b: scale(a, b, centre=nothing),
        ),
        Mistake(
            "The columns are squeezed between 0 and 1. To standardise is another thing: mean 0 and "
            "standard deviation 1, so that an error of 1 means predicting the mean.",
            lambda a, b: scale(a, b, centre=np.min, spread=np.ptp),
            lambda a, b: scale(a, b, centre=np.min, spread=np.ptp, fit=np.concatenate([a, b])),
        ),
        Mistake(
            "The columns are squeezed between −1 and 1. To standardise is another thing: mean 0 "
            "and standard deviation 1, so that an error of 1 means predicting the mean.",
            lambda a, b: scale(a, b, centre=middle, spread=half_range),
            lambda a, b: scale(a, b, centre=nothing, spread=largest),
        ),
        Mistake(
            "The centre is the median. It is a fair choice for skewed columns such as rain, but "
            "the mean is asked for here: only then is the variance the error of predicting 0.",
            lambda a, b: scale(a, b, centre=np.median),
            lambda a, b: scale(a, b, centre=np.median, spread=quartile_range),
        ),
        Mistake(
            "The columns are divided by their mean absolute deviation. The standard deviation is "
            "the root of the mean *square*: only then is the error of predicting 0 equal to 1.",
            lambda a, b: scale(a, b, spread=lambda x, axis: np.abs(x - x.mean(axis)).mean(axis)),
        ),
        Mistake(
            "The columns are divided by a range instead of the standard deviation. Only after the "
            "latter is an error of 1 that of predicting the mean.",
            lambda a, b: scale(a, b, spread=np.ptp),
            lambda a, b: scale(a, b, spread=quartile_range),
        ),
        Mistake(
            "The columns are divided by their root mean square. The standard deviation measures "
            "around the mean: subtract it before squaring.",
            lambda a, b: scale(a, b, spread=root_mean_square),
            lambda a, b: scale(a, b, centre=nothing, spread=root_mean_square),
        ),
        Mistake(
            "The columns are divided by their mean. The unit goes away, but the spread of a column "
            "near 0 becomes huge. Subtract the mean, divide by the standard deviation.",
            lambda a, b: scale(a, b, spread=np.mean),
        ),
        Mistake(
            "The columns are divided by their length, the root of a *sum* of squares. The standard "
            "deviation is the root of a mean: it does not grow with the number of rows.",
            lambda a, b: scale(a, b, spread=length),
        ),
        Mistake(
            "The columns are divided by their variance. Its square root has the column's unit.",
            lambda a, b: scale(a, b, spread=np.var),
        ),
        Mistake(
            "One mean and one standard deviation serve the whole table. Every column has its own "
            "unit: take them over rows.",
            lambda a, b: ((a - a.mean()) / a.std(), (b - a.mean()) / a.std()),
            lambda a, b: ((a - a.mean()) / a.std(), (b - b.mean()) / b.std()),
        ),
        Mistake(
            "One standard deviation serves the whole table. Each column is centred on its own "
            "mean, and each has its own unit: take a standard deviation for each, over rows.",
            lambda a, b: ((a - a.mean(0)) / a.std(), (b - a.mean(0)) / a.std()),
            lambda a, b: ((a - a.mean(0)) / a.std(ddof=1), (b - a.mean(0)) / a.std(ddof=1)),
            lambda a, b: ((a - a.mean(0)) / a.std(), (b - b.mean(0)) / b.std()),
            lambda a, b: scale(a, b, spread=lambda x, axis: (x - x.mean(axis)).std()),
        ),
        Mistake(
            "One mean serves the whole table. Each column is divided by its own standard "
            "deviation, and each has its own centre: take a mean for each, over rows.",
            lambda a, b: scale(a, b, centre=lambda x, axis: x.mean()),
        ),
        Mistake(
            "Each row is scaled by numbers of its own. That mixes degrees with "
            "millimetres: take them over rows, one for each column.",
            lambda a, b: each(row_by_row, a, b),
            lambda a, b: each(row_lengths, a, b),
        ),
        Mistake(
            "The mean is added instead of subtracted.",
            lambda a, b: scale(a, b, centre=lambda x, axis: -x.mean(axis)),
        ),
        Mistake(
            "It is multiplied by the standard deviation instead of divided: that is the way back.",
            lambda a, b: scale(a, b, spread=lambda x, axis: 1 / x.std(axis)),
        ),
        Mistake(
            "Only the last part is divided: a division binds before a subtraction. Put brackets "
            "around the difference.",
            lambda a, b: (a - a.mean(0) / a.std(0), b - a.mean(0) / a.std(0)),
        ),
        Mistake(
            "The columns are divided first, and then the mean of the undivided ones is "
            "subtracted. Subtract first.",
            lambda a, b: (a / a.std(0) - a.mean(0), b / a.std(0) - a.mean(0)),
        ),
        Mistake(
            "The test rows come back as they were. Either they are not scaled, or mean and "
            "standard deviation were taken after the training table had been overwritten with its "
            "scaled self: then they are 0 and 1. Keep both numbers first, then scale both tables.",
            lambda a, b: (scale(a, b)[0], b),
        ),
        Mistake(
            "The training rows come back as they were. The net is trained on scaled rows: scale "
            "both tables.",
            lambda a, b: (a, scale(a, b)[1]),
        ),
        Mistake(
            "The test rows are centred, but not divided by the standard deviation.",
            lambda a, b: (scale(a, b)[0], b - a.mean(0)),
        ),
        Mistake(
            "The two tables are in the wrong order: training rows first.",
            lambda a, b: scale(a, b)[::-1],
        ),
        Mistake(
            "The training rows are returned twice.",
            lambda a, b: scale(a, a),
        ),
        Mistake(
            "Only the first column is scaled. Does the return stand inside the loop? Then it "
            "ends the loop in its first turn.",
            scaled_in(slice(1)),
        ),
        Mistake(
            "Only the last column is scaled. Each turn of the loop starts from the table as it "
            "came: make the copy before the loop.",
            scaled_in(slice(-1, None)),
        ),
        Mistake(
            "The last column is not scaled: the loop stops one short.",
            scaled_in(slice(-1)),
        ),
        Mistake(
            "The first column is not scaled. Counting starts at 0.",
            scaled_in(slice(1, None)),
        ),
    ],
    insight="The scaled test rows do not have mean 0 and standard deviation 1, and should not.",
)

# Imputation ---------------------------------------------------------------------------------


def impute(train, test):
    return fill(test, np.nanmean(train, axis=0))


def fill(test, values, otherwise=None):
    return np.where(np.isnan(test), values, test if otherwise is None else otherwise)


def from_the_row_before(table):
    filled = table.copy()
    for before, row in zip(filled, filled[1:]):
        row[np.isnan(row)] = before[np.isnan(row)]
    return filled


def filled_in(columns):
    return lambda a, b: in_columns(impute(a, b), b, columns)


def complete(rows):
    return rows[~np.isnan(rows).any(axis=1)]


def with_gaps(seed, train, test, features):
    a, b = two_tables(seed, train, test, features)
    for column in range(features):  # training column 1 has no gap; the last rows are complete
        a[column, column] = b[column, column] = np.nan
    a[1, 1], b[0, 1] = 3.7, np.nan
    return a, b


IMPUTATION = Exercise(
    name="imputation",
    right=impute,
    probes={
        "9 training and 6 test rows of 3 columns": with_gaps(11, 9, 6, 3),
        "7 training and 8 test rows of 4 columns": with_gaps(13, 7, 8, 4),
    },
    mistakes=[
        Mistake(
            "The gaps are filled with means of the test rows. A model that is used one row at a "
            "time would not have them: learn the means from the training rows.",
            lambda a, b: fill(b, np.nanmean(b, axis=0)),
        ),
        Mistake(
            "The means come from training and test rows together. Learn them from the training "
            "rows alone.",
            lambda a, b: fill(b, np.nanmean(np.concatenate([a, b]), axis=0)),
            lambda a, b: fill(b, (np.nanmean(a, axis=0) + np.nanmean(b, axis=0)) / 2),
        ),
        Mistake(
            "A gap is filled from the row beside it. The rows are in no order, and the day before "
            "is another station's: use the column means of the training rows.",
            lambda a, b: from_the_row_before(b),
            lambda a, b: from_the_row_before(from_the_row_before(b)[::-1])[::-1],
            lambda a, b: from_the_row_before(b[::-1])[::-1],
            lambda a, b: from_the_row_before(from_the_row_before(b[::-1])[::-1]),
        ),
        Mistake(
            "The gaps are filled with a marker. A net takes it for a measurement, far outside "
            "the others: use the column means of the training rows.",
            *(lambda a, b, marker=marker: fill(b, marker) for marker in (-1, -99, -999, -9999)),
        ),
        Mistake(
            "The mean is added to the known values as well. Put it where the gaps are, and leave "
            "the rest alone.",
            lambda a, b: fill(b, 0.0) + np.nanmean(a, axis=0),
        ),
        Mistake(
            "Gaps remain: the training rows have gaps too, and a mean over a NaN is NaN. NumPy has "
            "a mean that leaves them out.",
            lambda a, b: fill(b, np.mean(a, axis=0)),
        ),
        Mistake(
            "Nothing is filled. NaN is not equal to itself, so comparing with it finds no gap: ask "
            "with isnan. Or is it filled with NaN, the mean of a table that has gaps?",
            lambda a, b: b,
        ),
        Mistake(
            "The gaps are filled with 0. On standardised data that is the mean; here it is an "
            "impossible pressure or a frost. Use the column means of the training rows.",
            lambda a, b: fill(b, 0.0),
        ),
        Mistake(
            "One mean of the whole table fills all gaps. Every column has its own unit: take the "
            "mean over rows.",
            lambda a, b: fill(b, np.nanmean(a)),
            lambda a, b: fill(b, np.nanmean(b)),
        ),
        Mistake(
            "A gap is filled with the mean of its row. That mixes degrees with millimetres: take "
            "the mean of its column, in the training rows.",
            lambda a, b: fill(b, np.nanmean(b, axis=1, keepdims=True)),
        ),
        Mistake(
            "The gaps of the training rows are counted as 0 in the means, which pulls them towards "
            "0. Leave gaps out of a mean.",
            lambda a, b: fill(b, np.nan_to_num(a).mean(axis=0)),
        ),
        Mistake(
            "The means come from complete training rows only. A row with one gap still knows its "
            "other columns: leave out the gap, not the row.",
            lambda a, b: fill(b, complete(a).mean(axis=0)),
        ),
        Mistake(
            "This is the median. It is a fair choice for skewed columns such as rain, but the mean "
            "is asked for here: it is what squared error rewards.",
            lambda a, b: fill(b, np.nanmedian(a, axis=0)),
        ),
        Mistake(
            "The gaps are filled with another number of their column: its smallest, its largest, "
            "its sum or its standard deviation. The mean is asked for.",
            lambda a, b: fill(b, np.nanmin(a, axis=0)),
            lambda a, b: fill(b, np.nanmax(a, axis=0)),
            lambda a, b: fill(b, np.nansum(a, axis=0)),
            lambda a, b: fill(b, np.nanstd(a, axis=0)),
        ),
        Mistake(
            "The means have lost their decimals. Keep them as they are.",
            lambda a, b: fill(b, np.trunc(np.nanmean(a, axis=0))),
            lambda a, b: fill(b, np.round(np.nanmean(a, axis=0))),
        ),
        Mistake(
            "Columns with gaps are dropped. Every column should come back, filled.",
            lambda a, b: b[:, ~np.isnan(b).any(axis=0)],
        ),
        Mistake(
            "Rows with gaps are dropped. A forecast is wanted for those days too: every test row "
            "should come back.",
            lambda a, b: complete(b),
        ),
        Mistake(
            "Known values are overwritten too. Fill only where the value is missing.",
            lambda a, b: np.broadcast_to(np.nanmean(a, axis=0), b.shape),
        ),
        Mistake(
            "The two values of np.where are the wrong way round: known entries are overwritten, "
            "and the gaps stay. First comes what is taken where the condition is true.",
            lambda a, b: fill(b, np.nan, otherwise=np.nanmean(a, axis=0)),
        ),
        Mistake(
            "The filled table is centred or standardised. The units of the data are asked for.",
            lambda a, b: (impute(a, b) - np.nanmean(a, axis=0)) / np.nanstd(a, axis=0),
            lambda a, b: (impute(a, b) - np.nanmean(a, axis=0)) / np.nanstd(a, axis=0, ddof=1),
            lambda a, b: impute(a, b) - np.nanmean(a, axis=0),
        ),
        Mistake(
            "The training rows are filled. The test rows are asked for.",
            lambda a, b: fill(a, np.nanmean(a, axis=0)),
        ),
        Mistake(
            "These are the means alone. Put them into the gaps of the test rows.",
            lambda a, b: np.nanmean(a, axis=0),
        ),
        Mistake(
            "Only the first column is filled. Does the return stand inside the loop? Then it "
            "ends the loop in its first turn.",
            filled_in(slice(1)),
        ),
        Mistake(
            "Only the last column is filled. Each turn of the loop starts from the table as it "
            "came: make the copy before the loop.",
            filled_in(slice(-1, None)),
        ),
        Mistake(
            "The last column is not filled: the loop stops one short.",
            filled_in(slice(-1)),
        ),
        Mistake(
            "The first column is not filled. Counting starts at 0.",
            filled_in(slice(1, None)),
        ),
    ],
    hints={
        "cannot assign": "There are more gaps than means: each gap needs the mean of its own "
        "column.",
    },
    insight="This is the baseline that a model's guesses at missing values have to beat.",
)

# Mixed loss ---------------------------------------------------------------------------------

LOG_2_PI = float(np.log(2 * np.pi))


def mixed_loss(raw, real, binary, category):
    return sum(blocks(raw, real, binary, category))


def split(raw, real, binary):
    """The columns of the net's output that belong to each kind."""
    r, b = real.shape[1], binary.shape[1]
    return raw[:, :r], raw[:, r : r + b], raw[:, r + b :]


def squares(a, b):
    return ((a - b) ** 2).sum(1)


def half_squares(a, b):
    """Negative log-likelihood in nats, without its constant, of Gaussians of variance 1."""
    return 0.5 * squares(a, b)


def bce(logits, target):
    return F.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(1)


def blocks(raw, real, binary, category):
    """The three right losses, (B,) each."""
    x, y, z = split(raw, real, binary)
    return half_squares(x, real), bce(y, binary), nats(z, category)


def nats(logits, category):
    return F.cross_entropy(logits, category, reduction="none")


def picked(log_p, category):
    """Minus the entry of the true category in each row."""
    return F.nll_loss(log_p, category, reduction="none")


def mixed(real_loss=None, binary_loss=None, category_loss=None):
    """A wrong implementation that puts another loss in the place of one of the three."""

    def wrong(raw, real, binary, category):
        x, y, z = split(raw, real, binary)
        first, second, third = blocks(raw, real, binary, category)
        first = real_loss(x, real) if real_loss else first
        second = binary_loss(y, binary) if binary_loss else second
        third = category_loss(z, category) if category_loss else third
        return first + second + third

    return wrong


def one_hot(logits, category):
    return F.one_hot(category, logits.shape[1]).to(logits.dtype)


def other_slices(first, second, third):
    """A wrong implementation that cuts the net's output elsewhere."""

    def wrong(raw, real, binary, category):
        r, b = real.shape[1], binary.shape[1]
        x, y, z = (raw[:, cut(r, b)] for cut in (first, second, third))
        return half_squares(x, real) + bce(y, binary) + nats(z, category)

    return wrong


def means(raw, real, binary, category):
    first, second, third = blocks(raw, real, binary, category)
    return first / real.shape[1] + second / binary.shape[1] + third


def all_squares(raw, real, binary, category):
    x, y, z = split(raw, real, binary)
    return squares(x, real) + squares(y, binary) + squares(z, one_hot(z, category))


def sigmoid_squares(raw, real, binary, category):
    x, y, z = split(raw, real, binary)
    return squares(x, real) + squares(y.sigmoid(), binary) + squares(
        z.softmax(1), one_hot(z, category))


def reordered(raw, real, binary, category):
    k = raw.shape[1] - real.shape[1] - binary.shape[1]
    turned = torch.cat([raw[:, k + binary.shape[1] :], raw[:, k : k + binary.shape[1]],
                        raw[:, :k]], dim=1)
    return mixed_loss(turned, real, binary, category)


def swapped(raw, real, binary, category):
    """The net's output with its binary columns last."""
    x, y, z = split(raw, real, binary)
    k = z.shape[1]
    turned = torch.cat([x, raw[:, x.shape[1] + k :], raw[:, x.shape[1] : x.shape[1] + k]], dim=1)
    return mixed_loss(turned, real, binary, category)


def averaged_entropies(real_loss):
    """A wrong implementation that leaves both cross-entropies at PyTorch's default, the mean."""
    return mixed(real_loss, F.binary_cross_entropy_with_logits, F.cross_entropy)


def without_sigmoid(y, target):
    p = y.clamp(1e-7, 1 - 1e-7)
    return F.binary_cross_entropy(p, target, reduction="none").sum(1)


def mixed_rows(seed, rows, real, binary, categories, seen=None):
    """Some rows; only the first ``seen`` categories occur, but there are logits for all."""
    random = np.random.default_rng(seed)
    raw = random.normal(size=(rows, real + binary + categories)) * 1.5
    return (torch.tensor(raw, requires_grad=True),
            torch.tensor(random.normal(size=(rows, real))),
            torch.tensor(random.integers(2, size=(rows, binary)).astype(float)),
            torch.tensor(random.integers(seen or categories, size=rows)))


MIXED_LOSS = Exercise(
    name="mixed loss",
    right=mixed_loss,
    probes={
        "7 rows of 3 real and 2 binary columns and 4 categories": mixed_rows(21, 7, 3, 2, 4),
        "5 rows of 2 real and 4 binary columns and 4 categories": mixed_rows(
            22, 5, 2, 4, 4, seen=3
        ),
    },
    mistakes=[
        Mistake(
            "The loss is averaged within each kind of column. Then one category weighs as much as "
            "a dozen real columns. Add up over columns: one value per row.",
            means,
            lambda *a: means(*a) + blocks(*a)[0] / a[1].shape[1],
        ),
        Mistake(
            "The loss is put together over the rows. One value per row is asked for: average over "
            "rows later, when the loss is used.",
            lambda *a: mixed_loss(*a).mean(),
            lambda *a: mixed_loss(*a).sum(),
            lambda *a: means(*a).mean(),
            lambda *a: (means(*a) + blocks(*a)[0] / a[1].shape[1]).mean(),
        ),
        Mistake(
            "Every column has a squared error. Only the real ones should: yes-or-no columns need "
            "binary cross-entropy, and categories need cross-entropy.",
            all_squares,
            sigmoid_squares,
            lambda *a: all_squares(*a) / 2,
            lambda *a: sigmoid_squares(*a) / 2,
        ),
        Mistake(
            "The binary columns have a squared error. Use binary cross-entropy, straight from the "
            "net's raw output.",
            mixed(binary_loss=squares),
            mixed(binary_loss=lambda y, t: squares(y.sigmoid(), t)),
            mixed(binary_loss=half_squares),
            mixed(binary_loss=lambda y, t: half_squares(y.sigmoid(), t)),
        ),
        Mistake(
            "The categories have a squared error. Use cross-entropy, straight from the net's raw "
            "output.",
            mixed(category_loss=lambda z, c: squares(z, one_hot(z, c))),
            mixed(category_loss=lambda z, c: squares(z.softmax(1), one_hot(z, c))),
            mixed(category_loss=lambda z, c: half_squares(z, one_hot(z, c))),
            mixed(category_loss=lambda z, c: half_squares(z.softmax(1), one_hot(z, c))),
        ),
        Mistake(
            "The squared error is not halved. Half of it is the cost in nats of a Gaussian of "
            "variance 1; the whole of it weighs the real columns twice.",
            mixed(real_loss=squares),
        ),
        Mistake(
            "Everything is halved. The half belongs to the squared error alone: both "
            "cross-entropies are costs in nats already.",
            lambda *a: mixed_loss(*a) / 2,
        ),
        Mistake(
            "The half stands before the whole sum. It belongs to the squared error alone: both "
            "cross-entropies are costs in nats already.",
            lambda *a: mixed(real_loss=squares)(*a) / 2,
        ),
        Mistake(
            "The half covers the binary columns too. It belongs to the squared error alone.",
            mixed(binary_loss=lambda y, t: bce(y, t) / 2),
        ),
        Mistake(
            "The half covers the categories too. It belongs to the squared error alone.",
            mixed(category_loss=lambda z, c: nats(z, c) / 2),
        ),
        Mistake(
            "The half stands inside the square, where it makes a quarter. It belongs before it.",
            mixed(real_loss=lambda x, t: squares(x, t) / 4),
        ),
        Mistake(
            "The real columns cost a distance: the root is taken of the sum of squares. A "
            "Gaussian's cost is the square itself, halved.",
            mixed(real_loss=lambda x, t: squares(x, t).sqrt()),
            mixed(real_loss=lambda x, t: squares(x, t).sqrt() / 2),
        ),
        Mistake(
            "The three kinds are averaged. Costs in nats are added: of things that happen "
            "together the probabilities multiply.",
            lambda *a: mixed_loss(*a) / 3,
        ),
        Mistake(
            "Both halves of the binary cross-entropy have log p. A no costs −log(1 − p).",
            mixed(binary_loss=lambda y, t: -F.logsigmoid(y).sum(1)),
        ),
        Mistake(
            "A softmax runs over the binary columns. They do not exclude one another: each has a "
            "sigmoid of its own.",
            mixed(binary_loss=lambda y, t: F.binary_cross_entropy(
                y.softmax(1), t, reduction="none").sum(1)),
            mixed(binary_loss=lambda y, t: F.cross_entropy(y, t, reduction="none")),
        ),
        Mistake(
            "The softmax runs over rows. The categories of *one* row compete: axis 1.",
            mixed(category_loss=lambda z, c: picked(z.log_softmax(0), c)),
            mixed(category_loss=lambda z, c: picked(z - z.logsumexp((0, 1)), c)),
        ),
        Mistake(
            "The logarithms of all categories are added. Only the true one is paid for.",
            mixed(category_loss=lambda z, c: -z.log_softmax(1).sum(1)),
        ),
        Mistake(
            "The categories' cost is minus a logit. That is what nll_loss gives for logits: it "
            "expects logarithms of probabilities. Use cross_entropy, or log_softmax first.",
            mixed(category_loss=lambda z, c: F.nll_loss(z, c, reduction="none")),
        ),
        Mistake(
            "The categories' cost is minus a probability: its logarithm is missing. Use "
            "cross_entropy, straight from the net's raw output.",
            mixed(category_loss=lambda z, c: F.nll_loss(z.softmax(1), c, reduction="none")),
        ),
        Mistake(
            "The binary columns pay only where the answer is yes. A no costs −log(1 − p): the "
            "binary cross-entropy has both halves.",
            mixed(binary_loss=lambda y, t: -(t * F.logsigmoid(y)).sum(1)),
        ),
        Mistake(
            "The binary columns pay only where the answer is no. A yes costs −log p: the binary "
            "cross-entropy has both halves.",
            mixed(binary_loss=lambda y, t: -((1 - t) * F.logsigmoid(-y)).sum(1)),
        ),
        Mistake(
            "Yes and no are exchanged in the binary columns: the logit is that of a yes, 1.",
            mixed(binary_loss=lambda y, t: bce(y, 1 - t)),
        ),
        Mistake(
            "The categories' logarithm has another base. Nats use the natural logarithm, and only "
            "costs in the same unit can be added (1/ln 2: nats, not bits).",
            mixed(category_loss=lambda z, c: nats(z, c) / np.log(2)),
            mixed(category_loss=lambda z, c: nats(z, c) / np.log(10)),
        ),
        Mistake(
            "The binary columns' logarithm has another base. Nats use the natural logarithm, and "
            "only costs in the same unit can be added (1/ln 2: nats, not bits).",
            mixed(binary_loss=lambda y, t: bce(y, t) / np.log(2)),
            mixed(binary_loss=lambda y, t: bce(y, t) / np.log(10)),
        ),
        Mistake(
            "Both cross-entropies have logarithms of another base. Nats use the natural logarithm, "
            "and only costs in the same unit can be added (1/ln 2: nats, not bits).",
            mixed(binary_loss=lambda y, t: bce(y, t) / np.log(2),
                  category_loss=lambda z, c: nats(z, c) / np.log(2)),
            mixed(binary_loss=lambda y, t: bce(y, t) / np.log(10),
                  category_loss=lambda z, c: nats(z, c) / np.log(10)),
        ),
        Mistake(
            "The whole loss has another base, as if it were counted in bits (1/ln 2: nats, not "
            "bits).",
            lambda *a: mixed_loss(*a) / np.log(2),
        ),
        Mistake(
            "The Gaussians' constant, half of ln 2π for each real column, is added. It does not "
            "depend on the net, and it is to be left out.",
            mixed(real_loss=lambda x, t: half_squares(x, t) + 0.5 * x.shape[1] * LOG_2_PI),
            mixed(real_loss=lambda x, t: half_squares(x, t) + 0.5 * LOG_2_PI),
        ),
        Mistake(
            "The sign of the categories' cost is reversed. The logarithm of a probability is "
            "negative, and a cost is not.",
            mixed(category_loss=lambda z, c: -nats(z, c)),
        ),
        Mistake(
            "The sign of the binary columns' cost is reversed. The logarithm of a probability is "
            "negative, and a cost is not.",
            mixed(binary_loss=lambda y, t: -bce(y, t)),
        ),
        Mistake(
            "The sigmoid is forgotten: the raw outputs of the binary columns are cut to the range "
            "from 0 to 1 and used as probabilities. Use the binary cross-entropy that takes "
            "logits.",
            mixed(binary_loss=without_sigmoid),
        ),
        Mistake(
            "The sigmoid is applied twice. The binary cross-entropy with logits in its name has it "
            "inside.",
            mixed(binary_loss=lambda y, t: bce(y.sigmoid(), t)),
        ),
        Mistake(
            "Softmax is applied twice. PyTorch's cross_entropy has it inside: give it logits.",
            mixed(category_loss=lambda z, c: nats(z.softmax(1), c)),
        ),
        Mistake(
            "Sigmoid and softmax are applied twice. PyTorch's losses that take logits have them "
            "inside.",
            mixed(binary_loss=lambda y, t: bce(y.sigmoid(), t),
                  category_loss=lambda z, c: nats(z.softmax(1), c)),
        ),
        Mistake(
            "Each category is treated as a yes-or-no question of its own. Exactly one is true, so "
            "they compete: cross-entropy over all of them.",
            mixed(category_loss=lambda z, c: bce(z, one_hot(z, c))),
        ),
        Mistake(
            "A sigmoid is applied to the real columns. Standardised values are negative half of "
            "the time, and a sigmoid never is.",
            mixed(real_loss=lambda x, t: half_squares(x.sigmoid(), t)),
        ),
        Mistake(
            "The sign of the real columns' cost is reversed. A miss should cost more, not less.",
            mixed(real_loss=lambda x, t: -half_squares(x, t)),
        ),
        Mistake(
            "The categories' cost is weighed with the number of categories. It is in nats already, "
            "like the others.",
            mixed(category_loss=lambda z, c: nats(z, c) / z.shape[1]),
            mixed(category_loss=lambda z, c: nats(z, c) * z.shape[1]),
        ),
        Mistake(
            "The categories' cost is that of the likeliest category. It is the true one that costs "
            "−log p, however unlikely the net thinks it.",
            mixed(category_loss=lambda z, c: nats(z, z.argmax(1))),
        ),
        Mistake(
            "The categories are left out.",
            mixed(category_loss=lambda z, c: 0.0),
        ),
        Mistake(
            "The binary columns are left out.",
            mixed(binary_loss=lambda y, t: 0.0),
        ),
        Mistake(
            "The real columns are left out.",
            mixed(real_loss=lambda x, t: 0.0),
        ),
        Mistake(
            "The squared error is averaged over the real columns and the rest is summed. Add up "
            "over columns everywhere, or the kinds get weights that nobody chose.",
            mixed(real_loss=lambda x, t: half_squares(x, t) / x.shape[1]),
        ),
        Mistake(
            "The binary cross-entropy is averaged over its columns and the rest is summed. Add up "
            "over columns everywhere, or the kinds get weights that nobody chose.",
            mixed(binary_loss=lambda y, t: bce(y, t) / y.shape[1]),
        ),
        Mistake(
            "The real columns have an absolute error. The squared one is asked for.",
            mixed(real_loss=lambda x, t: (x - t).abs().sum(1)),
            mixed(real_loss=lambda x, t: 0.5 * (x - t).abs().sum(1)),
        ),
        Mistake(
            "Both cross-entropies lack reduction=\"none\". They are averaged over the rows before "
            "the kinds are added, so that each row carries a share of all others. Keep one value "
            "per row.",
            averaged_entropies(half_squares),
            averaged_entropies(squares),
            averaged_entropies(lambda x, t: half_squares(x, t) / x.shape[1]),
            averaged_entropies(lambda x, t: squares(x, t) / x.shape[1]),
        ),
        Mistake(
            "One kind is averaged or summed over rows before the kinds are added, so that each row "
            "carries a share of all others. Keep one value per row: look at each loss's reduction.",
            mixed(real_loss=lambda x, t: 0.5 * F.mse_loss(x, t)),
            mixed(real_loss=lambda x, t: F.mse_loss(x, t)),
            mixed(real_loss=lambda x, t: half_squares(x, t).sum()),
            mixed(binary_loss=lambda y, t: F.binary_cross_entropy_with_logits(y, t)),
            mixed(binary_loss=lambda y, t: bce(y, t).sum()),
            mixed(category_loss=lambda z, c: nats(z, c).mean()),
            mixed(category_loss=lambda z, c: nats(z, c).sum()),
        ),
        Mistake(
            "A column of shape (B, 1) is added to a row of shape (B,), which pairs every row with "
            "every other. Drop the axis that was kept: one value per row.",
            mixed(real_loss=lambda x, t: half_squares(x, t)[:, None]),
            mixed(binary_loss=lambda y, t: bce(y, t)[:, None]),
            mixed(category_loss=lambda z, c: nats(z, c)[:, None]),
            mixed(real_loss=lambda x, t: half_squares(x, t)[:, None],
                  binary_loss=lambda y, t: bce(y, t)[:, None]),
        ),
        Mistake(
            "Every row is paired with the category of every row, which gives a square table. Each "
            "row has a category of its own.",
            mixed(category_loss=lambda z, c: -z.log_softmax(1)[:, c]),
        ),
        Mistake(
            "Only the first row is counted. Does the return stand inside the loop? Then it ends "
            "the loop in its first turn.",
            lambda *a: mixed_loss(*a)[0],
        ),
        Mistake(
            "Only the last row is counted. Each turn of the loop replaces the turns before: "
            "collect one value per row.",
            lambda *a: mixed_loss(*a)[-1],
        ),
        Mistake(
            "The categories' logits begin too early. Real and binary columns both come before "
            "them.",
            other_slices(lambda r, b: slice(r), lambda r, b: slice(r, r + b),
                         lambda r, b: slice(b, None)),
            other_slices(lambda r, b: slice(r), lambda r, b: slice(r, r + b),
                         lambda r, b: slice(r, None)),
            other_slices(lambda r, b: slice(r), lambda r, b: slice(r, r + b),
                         lambda r, b: slice(r + b - 1, None)),
            other_slices(lambda r, b: slice(r), lambda r, b: slice(r, r + b),
                         lambda r, b: slice(None)),
        ),
        Mistake(
            "The binary columns are taken from the start of the net's output. The real ones stand "
            "there; the binary ones follow.",
            other_slices(lambda r, b: slice(r), lambda r, b: slice(b),
                         lambda r, b: slice(r + b, None)),
        ),
        Mistake(
            "The outputs are taken in the wrong order: real columns first, then binary, then "
            "categories.",
            reordered,
            swapped,
            other_slices(lambda r, b: slice(b, b + r), lambda r, b: slice(b),
                         lambda r, b: slice(r + b, None)),
        ),
    ],
    hints={
        "Target .* out of bounds": "The categories have too few logits: they are all that is left "
        "of a row after its real and binary columns.",
        "must be the same as input size|must match the size of tensor": "Look at the shapes. The "
        "binary columns begin after the r real ones and end after b more. And before the kinds are "
        "added, each needs one value per row.",
    },
    trainable=True,
    insight="Each kind has the loss of its own likelihood, and since all are sums over columns, "
    "they can be added.",
)

EXERCISES = [SCALER, IMPUTATION, MIXED_LOSS]
