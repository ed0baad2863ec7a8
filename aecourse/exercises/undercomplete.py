"""Lesson 02: PCA by hand, from sums to means, the floor of BCE on grey pixels."""

import numpy as np

from aecourse.exercises.checks import Exercise, Mistake

# PCA reconstruction -------------------------------------------------------------------------


def directions(centred):
    """Principal directions as rows, the strongest first."""
    return np.linalg.svd(centred, full_matrices=False)[2]


def pca_reconstruction(train, test, k):
    return pca(train, test, k)


def pca(train, test, k, fit=None, into=None, back=None):
    """PCA of ``fit`` (centred rows), subtracting ``into`` and adding ``back``: the mean each."""
    mean = train.mean(axis=0)
    V = directions(train - mean if fit is None else fit)[:k]
    codes = (test - (mean if into is None else into)) @ V.T
    return codes @ V + (mean if back is None else back)


def columns_for_rows(train, test, k):
    mean = train.mean(axis=0)
    V = directions(train - mean)[:, :k]
    return (test - mean) @ V @ V.T + mean


def weakest(train, test, k):
    mean = train.mean(axis=0)
    V = directions(train - mean)[-k:]
    return (test - mean) @ V.T @ V + mean


def standardised(train, test, k):
    mean, std = train.mean(axis=0), train.std(axis=0)
    return pca((train - mean) / std, (test - mean) / std, k) * std + mean


def codes(train, test, k):
    mean = train.mean(axis=0)
    return (test - mean) @ directions(train - mean)[:k].T


def single(train, test, direction, means=1):
    """Only one direction, and the mean added several times."""
    mean = train.mean(axis=0)
    v = directions(train - mean)[direction]
    return np.outer((test - mean) @ v, v) + means * mean


def weighted(train, test, k):
    mean = train.mean(axis=0)
    _, S, V = np.linalg.svd(train - mean, full_matrices=False)
    return (test - mean) @ V[:k].T * S[:k] @ V[:k] + mean


def scaled_codes(power, count):
    """Codes divided by a power of the spread along each direction, and not multiplied again."""

    def wrong(train, test, k):
        mean = train.mean(axis=0)
        _, S, V = np.linalg.svd(train - mean, full_matrices=False)
        spread = S[:k] / np.sqrt(count(train))
        return (test - mean) @ V[:k].T / spread**power @ V[:k] + mean

    return wrong


def rows_of_eigh(pick):
    """eigh's matrix has the directions in its columns; here some of its rows are taken."""

    def wrong(train, test, k):
        mean = train.mean(axis=0)
        V = pick(np.linalg.eigh(np.cov((train - mean).T))[1], k)
        return (test - mean) @ V.T @ V + mean

    return wrong


def never_undone(ddof, back):
    """PCA of standardised features; ``back`` brings (standardised, mean, std) home, or does not."""

    def wrong(train, test, k):
        mean, std = train.mean(axis=0), train.std(axis=0, ddof=ddof)
        return back(pca((train - mean) / std, (test - mean) / std, k), mean, std)

    return wrong


def min_max(train, test, k):
    low, width = train.min(axis=0), np.ptp(train, axis=0)
    return pca((train - low) / width, (test - low) / width, k) * width + low


def own_scale(train, test, k):
    """Training rows standardised by their own numbers, test rows by theirs."""
    a, b = ((x - x.mean(axis=0)) / x.std(axis=0) for x in (train, test))
    return pca(a, b, k) * test.std(axis=0) + test.mean(axis=0)


def row_means(train, test, k):
    return pca(train, test, k, fit=train - train.mean(axis=1, keepdims=True),
               into=test.mean(axis=1, keepdims=True), back=test.mean(axis=1, keepdims=True))


def rows_of_table(seed, train, test, features):
    random = np.random.default_rng(seed)
    mix = random.normal(size=(features, features)) * np.linspace(2, 0.3, features)[:, None]
    mean = random.uniform(1, 4, size=features)
    return (random.normal(size=(train, features)) @ mix + mean,
            random.normal(size=(test, features)) @ mix + mean + 0.5)


PCA_RECONSTRUCTION = Exercise(
    name="PCA reconstruction",
    right=pca_reconstruction,
    probes={
        "20 training and 7 test rows of 6 features, k = 2": (*rows_of_table(1, 20, 7, 6), 2),
        "12 training and 5 test rows of 4 features, k = 1": (*rows_of_table(2, 12, 5, 4), 1),
        "15 training and 6 test rows of 5 features, k = 3": (*rows_of_table(3, 15, 6, 5), 3),
    },
    mistakes=[
        Mistake(
            "The mean is not added back. Codes describe how a row differs from the mean; a "
            "reconstruction has to return to it.",
            lambda a, b, k: pca(a, b, k, back=0),
        ),
        Mistake(
            "The test rows are centred on their own mean. That mean is part of the model, like the "
            "directions: fit both on the training rows. With a single test row its own mean would "
            "be a perfect reconstruction.",
            lambda a, b, k: pca(a, b, k, into=b.mean(axis=0), back=b.mean(axis=0)),
            lambda a, b, k: pca(a, b, k, into=b.mean(axis=0), back=0),
        ),
        Mistake(
            "Two different means are used, one to centre and another to come back. Both are the "
            "mean of the training rows.",
            lambda a, b, k: pca(a, b, k, into=b.mean(axis=0)),
            lambda a, b, k: pca(a, b, k, back=b.mean(axis=0)),
        ),
        Mistake(
            "Columns are taken for rows. NumPy's svd returns the third matrix already transposed: "
            "the principal directions are its first k rows. Its columns have the right length and "
            "raise no error, but they mean nothing.",
            columns_for_rows,
        ),
        Mistake(
            "Nothing is centred. Without subtracting the mean, the first direction points at the "
            "mean instead of along the greatest spread.",
            lambda a, b, k: pca(a, b, k, fit=a, into=0, back=0),
        ),
        Mistake(
            "The directions come from training rows that are not centred. Subtract their mean "
            "before the decomposition too.",
            lambda a, b, k: pca(a, b, k, fit=a),
        ),
        Mistake(
            "The test rows are projected without being centred. Subtract the mean of the training "
            "rows before projecting.",
            lambda a, b, k: pca(a, b, k, into=0),
            lambda a, b, k: pca(a, b, k, into=0, back=0),
        ),
        Mistake(
            "PCA is fitted on the test rows. That is a floor which no model trained on other rows "
            "can reach: fit on the training rows, and only apply it to the test rows.",
            lambda a, b, k: pca(b, b, k),
        ),
        Mistake(
            "The directions come from the test rows. Directions and mean are both fitted on the "
            "training rows.",
            lambda a, b, k: pca(a, b, k, fit=b - b.mean(axis=0)),
            lambda a, b, k: pca(a, b, k, fit=b - a.mean(axis=0)),
            lambda a, b, k: pca(a, b, k, fit=b),
        ),
        Mistake(
            "Rows of eigh's matrix are taken for directions. eigh returns them as columns, and "
            "sorts from weak to strong: the last k columns are wanted. svd returns rows, from "
            "strong to weak.",
            rows_of_eigh(lambda V, k: V[-k:]),
            rows_of_eigh(lambda V, k: V[:k]),
            rows_of_eigh(lambda V, k: V[:, ::-1][:k]),
            rows_of_eigh(lambda V, k: V[:, ::-1][-k:]),
        ),
        Mistake(
            "The features are standardised, and that is never undone: the result is in other "
            "units than the test rows. Nor does PCA need it here: subtract the mean alone.",
            never_undone(0, lambda x, mean, std: x),
            never_undone(1, lambda x, mean, std: x),
            never_undone(0, lambda x, mean, std: x + mean),
            never_undone(1, lambda x, mean, std: x + mean),
            never_undone(0, lambda x, mean, std: x * std),
        ),
        Mistake(
            "The codes are whitened: each is divided by the spread along its direction, and not "
            "multiplied by it again. A projection needs the directions alone.",
            scaled_codes(1, lambda train: 1),
            scaled_codes(1, len),
            scaled_codes(1, lambda train: len(train) - 1),
            scaled_codes(2, lambda train: 1),
            scaled_codes(2, len),
            scaled_codes(2, lambda train: len(train) - 1),
        ),
        Mistake(
            "This is what PCA leaves out, put back on the mean. Asked for is the part along the k "
            "best directions.",
            lambda a, b, k: b - pca(a, b, k) + a.mean(axis=0),
        ),
        Mistake(
            "The rows are centred on the median. PCA's centre is the mean: only around that is "
            "the squared error smallest.",
            lambda a, b, k: pca(a, b, k, fit=a - np.median(a, axis=0), into=np.median(a, axis=0),
                                back=np.median(a, axis=0)),
        ),
        Mistake(
            "PCA is fitted on training and test rows together. The test rows then take part in "
            "their own reconstruction.",
            lambda a, b, k: pca(np.concatenate([a, b]), b, k),
        ),
        Mistake(
            "The training rows are reconstructed. The test rows are asked for.",
            lambda a, b, k: pca(a, a, k),
        ),
        Mistake(
            "One direction too few is kept. A slice up to k has k entries already.",
            lambda a, b, k: pca(a, b, k - 1),
        ),
        Mistake(
            "One direction too many is kept. A slice up to k has k entries already.",
            lambda a, b, k: pca(a, b, k + 1),
        ),
        Mistake(
            "Only the first direction is used. Does the return stand inside the loop? Then it ends "
            "the loop in its first turn.",
            lambda a, b, k: single(a, b, 0),
        ),
        Mistake(
            "Only the last of the k directions is used. Each turn of the loop replaces the turns "
            "before: add to them.",
            lambda a, b, k: single(a, b, k - 1),
        ),
        Mistake(
            "The mean is added once for each direction. Add up the directions' shares first, and "
            "the mean once.",
            lambda a, b, k: pca(a, b, k, back=k * a.mean(axis=0)),
        ),
        Mistake(
            "The k weakest directions are kept. svd sorts from strong to weak; eigh sorts the "
            "other way round.",
            weakest,
        ),
        Mistake(
            "These are the codes, k numbers per row. Go back to the features: multiply with the "
            "directions again, and add the mean.",
            codes,
        ),
        Mistake(
            "The codes are multiplied by the singular values. Those say how far the training rows "
            "spread along each direction; a projection needs the directions alone.",
            weighted,
            scaled_codes(-1, len),
            scaled_codes(-1, lambda train: len(train) - 1),
            scaled_codes(-2, lambda train: 1),
            scaled_codes(-2, len),
            scaled_codes(-2, lambda train: len(train) - 1),
        ),
        Mistake(
            "This is the error, not the reconstruction.",
            lambda a, b, k: b - pca(a, b, k),
            lambda a, b, k: pca(a, b, k) - b,
            lambda a, b, k: (b - pca(a, b, k)) ** 2,
            lambda a, b, k: np.mean((b - pca(a, b, k)) ** 2),
        ),
        Mistake(
            "One mean for the whole table is used. Every feature has its own: average over rows.",
            lambda a, b, k: pca(a, b, k, fit=a - a.mean(), into=a.mean(), back=a.mean()),
            lambda a, b, k: pca(a, b, k, into=a.mean(), back=a.mean()),
        ),
        Mistake(
            "Each row is centred on its own mean. The mean is taken over rows, one for each "
            "feature.",
            row_means,
            lambda a, b, k: pca(a, b, k, fit=a - a.mean(axis=1, keepdims=True)),
        ),
        Mistake(
            "The features are divided by their standard deviation first. That is PCA of other "
            "data, which no longer has the least squared error on this one.",
            standardised,
            lambda a, b, k: pca(a, b, k, fit=(a - a.mean(axis=0)) / a.std(axis=0)),
        ),
        Mistake(
            "The strongest direction is left out. Counting starts at 0, and eigh's last column is "
            "the strongest.",
            lambda a, b, k: pca(a, b, k + 1) - pca(a, b, 1) + a.mean(axis=0),
        ),
        Mistake(
            "The features are scaled to the range from 0 to 1 first. That is PCA of other data, "
            "which no longer has the least squared error on this one.",
            min_max,
        ),
        Mistake(
            "The result is clipped to the range from 0 to 1. These rows are not pictures: a "
            "projection may lie anywhere.",
            lambda a, b, k: np.clip(pca(a, b, k), 0, 1),
        ),
        Mistake(
            "The mean has the wrong sign at one of the two places. Subtract it before the "
            "projection, and add it after.",
            lambda a, b, k: pca(a, b, k, back=-a.mean(axis=0)),
            lambda a, b, k: pca(a, b, k, into=-a.mean(axis=0)),
        ),
        Mistake(
            "This is the mean for every row: nothing of a row is kept yet. Add its projection on "
            "the k directions.",
            lambda a, b, k: np.tile(a.mean(axis=0), (len(b), 1)),
        ),
        Mistake(
            "The test rows come back as they are, or centred: nothing was projected. Keep only "
            "their part along the k directions.",
            lambda a, b, k: b,
            lambda a, b, k: b - a.mean(axis=0),
        ),
        Mistake(
            "These are the directions. Project the test rows on them, and come back.",
            lambda a, b, k: directions(a - a.mean(axis=0))[:k],
            lambda a, b, k: directions(a - a.mean(axis=0))[:k].T,
        ),
        Mistake(
            "Training and test rows are standardised, each by numbers of their own. Both go "
            "through one model: its mean is that of the training rows, and nothing is divided.",
            own_scale,
        ),
    ],
    insight="No linear autoencoder with k code units can have a smaller squared error on the "
    "training rows. On the test rows nothing is promised.",
)

# Sum to mean --------------------------------------------------------------------------------


def mean_per_pixel(batch_losses, batch_sizes, pixels):
    return np.sum(batch_losses * batch_sizes) / (np.sum(batch_sizes) * pixels)


SUM_TO_MEAN = Exercise(
    name="sum to mean",
    right=mean_per_pixel,
    probes={
        "three batches of 64, 64 and 22 images of 784 pixels": (
            np.array([95.0, 88.0, 131.0]), np.array([64, 64, 22]), 784),
        "four batches of 50, 50, 50 and 7 images of 100 pixels": (
            np.array([21.0, 17.5, 19.0, 30.5]), np.array([50, 50, 50, 7]), 100),
        "two batches of 32 images of 25 pixels": (
            np.array([7.0, 9.5]), np.array([32, 32]), 25),
    },
    mistakes=[
        Mistake(
            "This is the mean of the batch means. The short last batch then counts as much as a "
            "full one: weigh each batch with its number of images.",
            lambda m, n, p: np.mean(m) / p,
        ),
        Mistake(
            "Each loss is multiplied by its batch size, and the total is divided by the number of "
            "batches. It has become a sum over images: divide it by the number of images.",
            lambda m, n, p: np.sum(m * n) / len(m) / p,
            lambda m, n, p: np.sum(m * n) / len(m),
        ),
        Mistake(
            "This is the mean per image. Each loss is a sum over pixels: divide by their number "
            "too.",
            lambda m, n, p: np.sum(m * n) / np.sum(n),
        ),
        Mistake(
            "The number of pixels is on the wrong side. The losses were summed over pixels; a mean "
            "is smaller than a sum, so divide.",
            lambda m, n, p: np.sum(m * n) / np.sum(n) * p,
            lambda m, n, p: p * np.sum(n) / np.sum(m * n),
            lambda m, n, p: np.mean(m) * p,
        ),
        Mistake(
            "The batch sizes are forgotten: the batch losses are added up and never divided by a "
            "number of images. Weigh each by its batch size, then divide by the number of images.",
            lambda m, n, p: np.sum(m) / p,
        ),
        Mistake(
            "The batch losses are taken for sums over images, but each is a mean over its batch. "
            "Turn each back into a sum first: by what was it divided?",
            lambda m, n, p: np.sum(m) / np.sum(n) / p,
            lambda m, n, p: np.sum(m) / np.sum(n),
            lambda m, n, p: np.mean(m / n) / p,
            lambda m, n, p: np.sum(m / n) / p,
        ),
        Mistake(
            "This is a sum over all images, divided by the pixels of one. Divide by the number of "
            "images as well.",
            lambda m, n, p: np.sum(m * n) / p,
        ),
        Mistake(
            "All batches are taken to be as large as the first. The last one is usually shorter.",
            lambda m, n, p: np.sum(m) * n[0] / np.sum(n) / p,
            lambda m, n, p: np.sum(m * n) / (len(n) * n[0]) / p,
            lambda m, n, p: np.sum(m * n) / (64 * len(n)) / p,
        ),
        Mistake(
            "It is divided by the root of the number of pixels. A sum over pixels becomes a mean "
            "by their number itself.",
            lambda m, n, p: np.sum(m * n) / np.sum(n) / np.sqrt(p),
        ),
        Mistake(
            "The result is rounded to a whole number, or was on the way. Use /, not //, and no "
            "int().",
            lambda m, n, p: int(np.sum(m * n) / np.sum(n) / p),
            lambda m, n, p: np.sum(m * n) // np.sum(n) / p,
        ),
        Mistake(
            "The number of pixels is written as 784. It is an argument: other data have another.",
            lambda m, n, p: np.sum(m * n) / np.sum(n) / 784,
        ),
        Mistake(
            "This is a sum over images and pixels: nothing is divided yet. Divide by the number of "
            "images and by the number of pixels.",
            lambda m, n, p: np.sum(m * n),
            lambda m, n, p: np.sum(m),
        ),
        Mistake(
            "The batch sizes are weighed twice. Multiply each loss by the size of its batch, once.",
            lambda m, n, p: np.sum(m * n**2) / np.sum(n) / p,
            lambda m, n, p: np.sum(m * n**2) / np.sum(n**2) / p,
        ),
        Mistake(
            "This is the median of the batches. Add up what each contributes, and divide once.",
            lambda m, n, p: np.median(m) / p,
        ),
        Mistake(
            "Only the last batch is reported: each turn of the loop replaces the turns before. Add "
            "to the total, and to the count.",
            lambda m, n, p: m[-1] / p,
            lambda m, n, p: m[-1] * n[-1] / np.sum(n) / p,
        ),
        Mistake(
            "Only the first batch is reported. Does the return stand inside the loop? Then it ends "
            "the loop in its first turn.",
            lambda m, n, p: m[0] / p,
            lambda m, n, p: m[0] * n[0] / np.sum(n) / p,
        ),
        Mistake(
            "The images are not added up: only those of the last batch are counted.",
            lambda m, n, p: np.sum(m * n) / n[-1] / p,
        ),
        Mistake(
            "The last batch is missed: the loop or the slice stops one short.",
            lambda m, n, p: np.sum((m * n)[:-1]) / np.sum(n[:-1]) / p,
            lambda m, n, p: np.sum((m * n)[:-1]) / np.sum(n) / p,
        ),
        Mistake(
            "The first batch is missed. Counting starts at 0.",
            lambda m, n, p: np.sum((m * n)[1:]) / np.sum(n[1:]) / p,
            lambda m, n, p: np.sum((m * n)[1:]) / np.sum(n) / p,
        ),
        Mistake(
            "There is still one value per batch. One number is asked for, the mean over all "
            "images: add up over batches, then divide.",
            lambda m, n, p: m / p,
            lambda m, n, p: m * n / np.sum(n) / p,
            lambda m, n, p: m * n / p,
            lambda m, n, p: m / n / p,
        ),
        Mistake(
            "This is the mean of the batch means, per image. Weigh each batch with its number of "
            "images, and divide by the number of pixels.",
            lambda m, n, p: np.mean(m),
        ),
        Mistake(
            "The number of pixels divides twice.",
            lambda m, n, p: np.sum(m * n) / np.sum(n) / p**2,
        ),
        Mistake(
            "It is divided by the number of images and by the number of batches. The weighted sum "
            "runs over images: one count is enough.",
            lambda m, n, p: np.sum(m * n) / np.sum(n) / len(m) / p,
        ),
    ],
    hints={
        "IndexError": "Counting starts at 0: the last of n batches has the index n - 1.",
    },
    insight="Sums add up and means do not: keep the sum and the count, and divide once, at the "
    "end.",
)

# Floor of BCE -------------------------------------------------------------------------------


def bce_floor(x):
    return entropy(x).mean()


def entropy(x, log=np.log):
    """Bernoulli entropy of each pixel, with 0 log 0 = 0."""
    return -(x * log(np.where(x > 0, x, 1)) + (1 - x) * log(np.where(x < 1, 1 - x, 1)))


def naive(x):
    return -(x * np.log(x) + (1 - x) * np.log(1 - x))


def clipped(x, eps):
    x = np.clip(x, eps, 1 - eps)
    return naive(x).mean()


def grey(seed, images, pixels, black=0, white=0):
    x = np.random.default_rng(seed).uniform(0.05, 0.95, size=(images, pixels))
    x[:, :black], x[:, black : black + white] = 0, 1
    return x


BCE_FLOOR = Exercise(
    name="floor of BCE",
    right=bce_floor,
    probes={
        "grey images": (grey(1, 4, 6),),
        "more grey images": (grey(4, 3, 8),),
        "images with black and white pixels": (grey(2, 5, 9, black=3, white=2),),
        "a single image with a black pixel": (grey(3, 1, 7, black=1),),
    },
    mistakes=[
        Mistake(
            "The second term is missing. BCE charges for the part of a pixel that is ink and for "
            "the part that is not.",
            lambda x: -(x * np.log(np.where(x > 0, x, 1))).mean(),
            lambda x: -np.mean(x * np.log(x)),
        ),
        Mistake(
            "The first term is missing. BCE charges for the part of a pixel that is ink and for "
            "the part that is not.",
            lambda x: -((1 - x) * np.log(np.where(x < 1, 1 - x, 1))).mean(),
            lambda x: -np.mean((1 - x) * np.log(1 - x)),
        ),
        Mistake(
            "The sign is missing: logarithms of numbers below 1 are negative, and BCE is not.",
            lambda x: -bce_floor(x),
            lambda x: -np.mean(naive(x)),
        ),
        Mistake(
            "One of the two terms has the wrong sign. Both logarithms are negative, so both terms "
            "have a minus.",
            lambda x: (x * np.log(np.where(x > 0, x, 1))
                       - (1 - x) * np.log(np.where(x < 1, 1 - x, 1))).mean(),
            lambda x: ((1 - x) * np.log(np.where(x < 1, 1 - x, 1))
                       - x * np.log(np.where(x > 0, x, 1))).mean(),
            lambda x: np.mean(x * np.log(x) - (1 - x) * np.log(1 - x)),
            lambda x: np.mean((1 - x) * np.log(1 - x) - x * np.log(x)),
        ),
        Mistake(
            "The factors have changed places: the logarithm of x belongs to x, that of 1 - x to "
            "1 - x.",
            lambda x: -np.mean(x * np.log(np.where(x < 1, 1 - x, 1))
                               + (1 - x) * np.log(np.where(x > 0, x, 1))),
            lambda x: -np.mean(x * np.log(1 - x) + (1 - x) * np.log(x)),
        ),
        Mistake(
            "The factors before the logarithms are missing. Each logarithm is weighed with the "
            "part of the pixel that it stands for.",
            lambda x: -np.mean(np.log(np.where(x > 0, x, 1)) + np.log(np.where(x < 1, 1 - x, 1))),
            lambda x: -np.mean(np.log(x) + np.log(1 - x)),
        ),
        Mistake(
            "The two terms are averaged. A pixel costs their sum.",
            lambda x: bce_floor(x) / 2,
        ),
        Mistake(
            "The pixels are rounded to black and white first. The floor is about the grey ones: "
            "they are target and reconstruction.",
            lambda x: -np.log(np.maximum(x, 1 - x)).mean(),
        ),
        Mistake(
            "This is log 2, the cost of answering 0.5 everywhere. A perfect copy answers with the "
            "pixel itself.",
            lambda x: np.log(2),
        ),
        Mistake(
            "The logarithm has base 2, so this is in bits. PyTorch's BCE uses the natural "
            "logarithm, and the floor must be in the same unit.",
            lambda x: entropy(x, np.log2).mean(),
        ),
        Mistake(
            "The logarithm has base 10. PyTorch's BCE uses the natural logarithm.",
            lambda x: entropy(x, np.log10).mean(),
        ),
        Mistake(
            "The result is NaN: a black pixel gives 0 times log 0. Its limit is 0, so black and "
            "white pixels add nothing. Keep the logarithm away from 0.",
            lambda x: np.mean(naive(x)),
        ),
        Mistake(
            "The NaN of black and white pixels are left out of the mean. They are pixels that add "
            "0: they stay in the count.",
            lambda x: np.nanmean(naive(x)),
        ),
        Mistake(
            "This is a sum over all pixels. Per pixel means: divide by their number.",
            lambda x: entropy(x).sum(),
        ),
        Mistake(
            "This is a sum over the pixels of an image, averaged over images. Average over pixels "
            "too.",
            lambda x: entropy(x).sum(axis=1).mean(),
        ),
        Mistake(
            "The mean runs over one axis only. One number is asked for, over images and pixels.",
            lambda x: entropy(x).mean(axis=1),
            lambda x: entropy(x).mean(axis=0),
            lambda x: entropy(x).sum(axis=1),
            lambda x: entropy(x).sum(axis=0),
        ),
        Mistake(
            "This is the entropy of each pixel. One number is asked for: take the mean over images "
            "and pixels.",
            lambda x: entropy(x),
            lambda x: -entropy(x),
        ),
        Mistake(
            "This is a mean over pixels, but a sum over images. Divide by the number of images "
            "too.",
            lambda x: entropy(x).mean(axis=1).sum(),
        ),
        Mistake(
            "Only the first image is counted. Does the return stand inside the loop? Then it ends "
            "the loop in its first turn.",
            lambda x: entropy(x)[0].mean(),
            lambda x: entropy(x)[0].sum(),
        ),
        Mistake(
            "Only the last image is counted. Each turn of the loop replaces the turns before: add "
            "to them, and divide by the number of images at the end.",
            lambda x: entropy(x)[-1].mean(),
            lambda x: entropy(x)[-1].mean() / len(x),
        ),
        Mistake(
            "A perfect copy does not cost 0. That holds for squared error; for BCE it holds only "
            "where each pixel is 0 or 1. Put the target itself in the place of the reconstruction.",
            lambda x: 0.0,
            lambda x: 0 * x,
        ),
        Mistake(
            "Pixels are kept so far from 0 and 1 that black and white ones cost something. The "
            "number that protects the logarithm must be far smaller.",
            lambda x: clipped(x, 0.01),
            lambda x: clipped(x, 0.001),
            lambda x: -(x * np.log(x + 0.01) + (1 - x) * np.log(1 - x + 0.01)).mean(),
            lambda x: -(x * np.log(x + 0.001) + (1 - x) * np.log(1 - x + 0.001)).mean(),
        ),
        Mistake(
            "The pixels are taken for logits, and sent through a sigmoid first. They are the "
            "probabilities already.",
            lambda x: np.mean(np.log1p(np.exp(x)) - x * x),
        ),
        Mistake(
            "Brackets are missing: 1 - x * log(…) is 1 less the product. Write (1 - x) * log(…).",
            lambda x: -np.mean(x * np.log(np.where(x > 0, x, 1)) + 1
                               - x * np.log(np.where(x < 1, 1 - x, 1))),
            lambda x: -np.mean(x * np.log(x) + 1 - x * np.log(1 - x)),
        ),
        Mistake(
            "This is the median of the pixels. A mean is asked for.",
            lambda x: np.median(entropy(x)),
        ),
        Mistake(
            "The entropy stands in an exponential. It is asked for as it is, in nats.",
            lambda x: np.exp(bce_floor(x)),
        ),
        Mistake(
            "This is the variance of a coin, not its entropy. BCE has logarithms.",
            lambda x: (x * (1 - x)).mean(),
        ),
        Mistake(
            "The grey levels are averaged first. The entropy of a mean is larger than the mean of "
            "the entropies: take it pixel by pixel.",
            lambda x: entropy(x.mean()),
            lambda x: entropy(x.mean(axis=0)).mean(),
        ),
    ],
    extreme=dict.fromkeys(
        ("images with black and white pixels", "a single image with a black pixel"),
        "The formula is right on grey pixels, and black or white ones break it. 0 times log 0 "
        "counts as 0: such pixels add nothing, and stay in the count.",
    ),
    insight="A loss of 0.08 per pixel is good or bad only beside this floor: what a model can "
    "improve is the excess.",
)

EXERCISES = [PCA_RECONSTRUCTION, SUM_TO_MEAN, BCE_FLOOR]
