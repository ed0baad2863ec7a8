"""Lesson 04: salt-and-pepper noise, PSNR, the conditional mean; the score of noisy data."""

import numpy as np

from aecourse.exercises.checks import Exercise, Mistake

# Salt and pepper ----------------------------------------------------------------------------


def salt_and_pepper(x, chance, share):
    return specks(x, chance < share / 2, chance < share)


def specks(x, salt, spoilt, white=1.0, black=0.0):
    """``x`` with ``white`` where ``salt``, and ``black`` where otherwise ``spoilt``."""
    return np.where(salt, white, np.where(spoilt, black, x))


def first_image(chance):
    """The random numbers of the first image, for all images."""
    return np.broadcast_to(chance[:1], chance.shape)


def first_pixel(chance):
    """The random number of the first pixel, for the whole image."""
    return np.broadcast_to(chance[:, :1], chance.shape)


def overwritten_by_pepper(x, chance, share):
    """Salt first, and then pepper over all below ``share``."""
    return np.where(chance < share, 0.0, np.where(chance < share / 2, 1.0, x))


def grey_images(seed, images, pixels):
    random = np.random.default_rng(seed)
    return random.uniform(0.1, 0.9, (images, pixels)), random.uniform(size=(images, pixels))


SALT_AND_PEPPER = Exercise(
    name="salt and pepper",
    right=salt_and_pepper,
    probes={
        "4 images of 30 pixels, share 0.4": (*grey_images(1, 4, 30), 0.4),
        "3 images of 25 pixels, share 0.6": (*grey_images(2, 3, 25), 0.6),
        "5 images of 40 pixels, share 0.2": (*grey_images(3, 5, 40), 0.2),
    },
    mistakes=[
        Mistake(
            "There is only salt. Half of the spoilt pixels become 0.",
            lambda x, c, s: specks(x, c < s / 2, c < s / 2),
        ),
        Mistake(
            "There is only salt, on all spoilt pixels: half of them should become 0. If you set "
            "the salt last, its condition is share / 2.",
            lambda x, c, s: specks(x, c < s, c < s),
        ),
        Mistake(
            "There is only pepper. If the pepper is set after the salt, on everything below share, "
            "it covers the salt: set the salt last, or give the pepper both bounds.",
            overwritten_by_pepper,
            lambda x, c, s: specks(x, c < 0, (c >= s / 2) & (c < s)),
        ),
        Mistake(
            "Every image has specks in the same places: one mask for the whole batch. chance holds "
            "a number for each pixel of each image; use them all.",
            lambda x, c, s: salt_and_pepper(x, first_image(c), s),
            lambda x, c, s: salt_and_pepper(x, np.broadcast_to(c[-1:], c.shape), s),
            lambda x, c, s: salt_and_pepper(x, np.broadcast_to(c.mean(0), c.shape), s),
        ),
        Mistake(
            "An image is spoilt as a whole or not at all. Every pixel has its own number in "
            "chance.",
            lambda x, c, s: salt_and_pepper(x, first_pixel(c), s),
        ),
        Mistake(
            "Salt and pepper are interchanged: salt is 1, and belongs where chance is "
            "below share / 2.",
            lambda x, c, s: specks(x, c < s / 2, c < s, white=0.0, black=1.0),
        ),
        Mistake(
            "Twice as many pixels are spoilt as asked: share is the share of both together. Salt "
            "lies below share / 2, pepper between that and share.",
            lambda x, c, s: specks(x, c < s, c < 2 * s),
            lambda x, c, s: specks(x, c < s, c > 1 - s),
        ),
        Mistake(
            "Half as many pixels are spoilt as asked.",
            lambda x, c, s: specks(x, c < s / 4, c < s / 2),
        ),
        Mistake(
            "The pepper lies at the other end, where chance is near 1. As noise that is as good; "
            "here it is asked for between share / 2 and share.",
            lambda x, c, s: specks(x, c < s / 2, (c < s / 2) | (c > 1 - s / 2)),
        ),
        Mistake(
            "The comparison is the wrong way round: pixels with a small chance are spoilt, the "
            "others stay.",
            lambda x, c, s: specks(x, c > s / 2, c > s),
            lambda x, c, s: np.where(c > s, 0.0, np.where(c > s / 2, 1.0, x)),
            lambda x, c, s: specks(x, c > 1 - s / 2, c > 1 - s),
            lambda x, c, s: specks(x, c > s, c > s / 2),
        ),
        Mistake(
            "The grey levels decide which pixels are spoilt: share is compared with x. Compare it "
            "with chance.",
            lambda x, c, s: specks(x, x < s / 2, x < s),
        ),
        Mistake(
            "The specks are added to the pixels. Salt and pepper replace a value.",
            lambda x, c, s: x + (c < s / 2),
            lambda x, c, s: x + (c < s / 2) - ((c >= s / 2) & (c < s)),
        ),
        Mistake(
            "Salt is 255. These images lie in [0, 1], so salt is 1.",
            lambda x, c, s: specks(x, c < s / 2, c < s, white=255.0),
            lambda x, c, s: specks(255 * x, c < s / 2, c < s, white=255.0),
        ),
        Mistake(
            "Salt and pepper are the largest and the smallest value that occur. They are 1 and 0, "
            "whatever the images are.",
            lambda x, c, s: specks(x, c < s / 2, c < s, white=x.max(), black=x.min()),
        ),
        Mistake(
            "Pepper is grey. It is 0.",
            lambda x, c, s: specks(x, c < s / 2, c < s, black=0.5),
        ),
        Mistake(
            "What a speck becomes depends on the pixel that it replaces. Only chance decides.",
            lambda x, c, s: np.where(c < s, 1 - x, x),
            lambda x, c, s: np.where(c < s, np.round(x), x),
            lambda x, c, s: np.where(c < s, 1 - np.round(x), x),
        ),
        Mistake(
            "A spoilt pixel becomes its random number, some grey. It becomes 1 or 0.",
            lambda x, c, s: np.where(c < s, c, x),
            lambda x, c, s: np.where(c < s, c / s, x),
        ),
        Mistake(
            "The pepper reaches up to 1 − share / 2: far too much of it. It ends at share.",
            lambda x, c, s: specks(x, c < s / 2, c < 1 - s / 2),
        ),
        Mistake(
            "The bounds are quantiles of chance, which fix how many pixels are spoilt. Here each "
            "pixel decides for itself: compare chance with share.",
            lambda x, c, s: specks(x, c < np.quantile(c, s / 2), c < np.quantile(c, s)),
        ),
        Mistake(
            "Salt does not have half of the share. Half of the spoilt pixels become 1.",
            lambda x, c, s: specks(x, c < s**2, c < s),
            lambda x, c, s: specks(x, c < 0.5, c < s),
            lambda x, c, s: specks(x, c < s / 3, c < s),
            lambda x, c, s: specks(x, c < s / 4, c < s),
        ),
        Mistake(
            "Pepper is −1. The smallest value in these images is 0.",
            lambda x, c, s: specks(x, c < s / 2, c < s, black=-1.0),
        ),
        Mistake(
            "Pixels that are not spoilt become 0 as well. They stay as they are.",
            lambda x, c, s: np.where(c < s / 2, 1.0, 0.0),
        ),
        Mistake(
            "This is the mask, not the image. Put its values into the pixels.",
            lambda x, c, s: (c < s) * 1.0,
        ),
        Mistake(
            "Nothing is spoilt: the images come back as they were. An assignment to a copy, or a "
            "new array that is not returned?",
            lambda x, c, s: x.copy(),
        ),
    ],
    insight="One random number per pixel and image decides everything, and the clean image is "
    "still there: it is the target.",
)

# PSNR ---------------------------------------------------------------------------------------


def psnr(estimate, clean):
    return 10 * np.log10(1 / mean_square(estimate, clean))


def mean_square(estimate, clean):
    return np.mean((estimate - clean) ** 2)


def per_image(estimate, clean):
    return ((estimate - clean) ** 2).mean(axis=1)


def estimates(seed, images, pixels, spread):
    random = np.random.default_rng(seed)
    clean = random.uniform(0.1, 0.9, (images, pixels))
    noise = random.normal(size=(images, pixels)) * np.linspace(0.3, 1.5, images)[:, None]
    return clean + spread * noise + 0.01, clean


PSNR = Exercise(
    name="PSNR",
    right=psnr,
    probes={
        "4 images of 9 pixels": estimates(1, 4, 9, 0.2),
        "3 images of 16 pixels": estimates(2, 3, 16, 0.3),
        "7 images of 5 pixels": estimates(3, 7, 5, 0.4),
    },
    mistakes=[
        Mistake(
            "This is 20 times the logarithm of the MSE. The factor 20 belongs to the *root* of the "
            "MSE; with the MSE itself it is 10.",
            lambda a, b: 20 * np.log10(1 / mean_square(a, b)),
        ),
        Mistake(
            "This is 10 times the logarithm of the root of the MSE. The factor 10 belongs to the "
            "MSE itself; with its root it is 20.",
            lambda a, b: 10 * np.log10(1 / np.sqrt(mean_square(a, b))),
        ),
        Mistake(
            "The peak is 255, which is for images from 0 to 255. These lie in [0, 1]: the peak is "
            "1, and the answer is 48 dB too large.",
            lambda a, b: 10 * np.log10(255**2 / mean_square(a, b)),
        ),
        Mistake(
            "The peak is 255, and not squared. These images lie in [0, 1]: the peak is 1.",
            lambda a, b: 10 * np.log10(255 / mean_square(a, b)),
        ),
        Mistake(
            "The logarithm is the natural one. Decibels have base 10: np.log10.",
            lambda a, b: 10 * np.log(1 / mean_square(a, b)),
        ),
        Mistake(
            "The logarithm has base 2. Decibels have base 10: np.log10.",
            lambda a, b: 10 * np.log2(1 / mean_square(a, b)),
        ),
        Mistake(
            "The sign is reversed: a small error should give a *large* PSNR. The MSE is in the "
            "denominator.",
            lambda a, b: -psnr(a, b),
            lambda a, b: 20 * np.log10(mean_square(a, b)),
            lambda a, b: 10 * np.log(mean_square(a, b)),
        ),
        Mistake(
            "The factor 10 is missing: these are bels, not decibels.",
            lambda a, b: np.log10(1 / mean_square(a, b)),
        ),
        Mistake(
            "The squared error is summed over all pixels. PSNR is about the mean.",
            lambda a, b: 10 * np.log10(1 / np.sum((a - b) ** 2)),
        ),
        Mistake(
            "The squared error is summed over the pixels of an image, and averaged over images "
            "only.",
            lambda a, b: 10 * np.log10(1 / ((a - b) ** 2).sum(axis=1).mean()),
        ),
        Mistake(
            "This is the mean of the images' PSNRs. The mean of logarithms is not the logarithm of "
            "the mean: here one MSE is taken over all images, and its logarithm once.",
            lambda a, b: np.mean(10 * np.log10(1 / per_image(a, b))),
        ),
        Mistake(
            "There is still one value per image. One number is asked for, from the mean over "
            "images and pixels.",
            lambda a, b: 10 * np.log10(1 / per_image(a, b)),
            lambda a, b: 10 * np.log10(1 / ((a - b) ** 2).mean(axis=0)),
        ),
        Mistake(
            "The logarithm is taken of each pixel's error. Take the mean first.",
            lambda a, b: np.mean(10 * np.log10(1 / (a - b) ** 2)),
            lambda a, b: 10 * np.log10(1 / (a - b) ** 2),
            lambda a, b: 10 * np.log10(np.mean(1 / (a - b) ** 2)),
        ),
        Mistake(
            "The error is not squared: these are absolute differences.",
            lambda a, b: 10 * np.log10(1 / np.mean(np.abs(a - b))),
            lambda a, b: 20 * np.log10(1 / np.mean(np.abs(a - b))),
        ),
        Mistake(
            "The differences are averaged before they are squared, so that errors of opposite "
            "sign cancel. Square first.",
            lambda a, b: 10 * np.log10(1 / np.mean(a - b) ** 2),
        ),
        Mistake(
            "This is the variance of the error: its mean is subtracted first, so an answer that is "
            "too bright everywhere would cost nothing. Take the mean of the squares.",
            lambda a, b: 10 * np.log10(1 / np.var(a - b)),
        ),
        Mistake(
            "The root is taken for each image, and then the mean. Take the mean over all images "
            "first.",
            lambda a, b: 20 * np.log10(1 / np.sqrt(per_image(a, b)).mean()),
        ),
        Mistake(
            "The peak is taken from the clean images. It is the largest value that is possible, 1, "
            "not the largest that occurs.",
            lambda a, b: 10 * np.log10(b.max() ** 2 / mean_square(a, b)),
            lambda a, b: 10 * np.log10(np.ptp(b) ** 2 / mean_square(a, b)),
        ),
        Mistake(
            "The peak is taken from the estimates. It is the largest value that an image may have, "
            "1, whatever the answer is.",
            lambda a, b: 10 * np.log10(a.max() ** 2 / mean_square(a, b)),
            lambda a, b: 10 * np.log10(np.ptp(a) ** 2 / mean_square(a, b)),
        ),
        Mistake(
            "The estimates are clipped to [0, 1] first. Here they are taken as they are.",
            lambda a, b: psnr(np.clip(a, 0, 1), b),
        ),
        Mistake(
            "The numerator is the power of the clean images: that is a signal-to-noise ratio. For "
            "the *peak* ratio it is 1.",
            lambda a, b: 10 * np.log10(np.mean(b**2) / mean_square(a, b)),
            lambda a, b: 10 * np.log10(np.var(b) / mean_square(a, b)),
            lambda a, b: 10 * np.log10(np.mean(b) / mean_square(a, b)),
            lambda a, b: 10 * np.log10(np.mean(a**2) / mean_square(a, b)),
        ),
        Mistake(
            "This is about the worst pixel, or the middle one. PSNR is about the mean of the "
            "squares.",
            lambda a, b: 10 * np.log10(1 / np.max((a - b) ** 2)),
            lambda a, b: 10 * np.log10(1 / np.median((a - b) ** 2)),
        ),
        Mistake(
            "This is the image that came out best, or worst. One number is asked for, from the "
            "mean over all.",
            lambda a, b: np.max(10 * np.log10(1 / per_image(a, b))),
            lambda a, b: np.min(10 * np.log10(1 / per_image(a, b))),
        ),
        Mistake(
            "The squared error is halved, or doubled. It is the plain mean.",
            lambda a, b: 10 * np.log10(2 / mean_square(a, b)),
            lambda a, b: 10 * np.log10(1 / (2 * mean_square(a, b))),
        ),
        Mistake(
            "The MSE is subtracted from 1. The ratio of peak and error is asked for: divide.",
            lambda a, b: 1 - mean_square(a, b),
            lambda a, b: 10 * np.log10(1 - mean_square(a, b)),
        ),
        Mistake(
            "The sum is divided by one less than the number of pixels, as for a variance. No mean "
            "was estimated here: divide by the number.",
            lambda a, b: 10 * np.log10((a.size - 1) / np.sum((a - b) ** 2)),
        ),
        Mistake(
            "A 1 is added inside the logarithm. It is the logarithm of 1 / MSE itself.",
            lambda a, b: 10 * np.log1p(1 / mean_square(a, b)),
            lambda a, b: 10 * np.log10(1 + 1 / mean_square(a, b)),
        ),
        Mistake(
            "This is the MSE itself. PSNR is its logarithm, in decibels.",
            lambda a, b: mean_square(a, b),
            lambda a, b: 1 / mean_square(a, b),
        ),
    ],
    insight="Ten decibels more are a tenth of the squared error, three about half of it.",
)

# Conditional mean ---------------------------------------------------------------------------


def conditional_mean(noisy, images, sigma):
    exponent = -squared_distances(noisy, images) / (2 * sigma**2)
    return softmax(exponent) @ images


def squared_distances(noisy, images):
    """The squared distance of each noisy image from each clean one, (M, N)."""
    return ((noisy[:, None] - images[None]) ** 2).sum(-1)


def softmax(exponent, axis=1):
    return normalised(np.exp(exponent - exponent.max(axis=axis, keepdims=True)), axis)


def normalised(weights, axis=1):
    return weights / weights.sum(axis=axis, keepdims=True)


def pixel_by_pixel(x, y, s):
    """The conditional mean of each pixel, from that pixel alone."""
    return (softmax(-((x[:, None] - y) ** 2) / (2 * s**2)) * y).sum(1)


def linear_mean(x, y, s):
    """The Wiener filter of the clean images."""
    centred = y - y.mean(0)
    C = centred.T @ centred / len(y)
    return y.mean(0) + (x - y.mean(0)) @ np.linalg.inv(C + s**2 * np.eye(len(C))) @ C


def weighed(exponent):
    """A wrong conditional mean: ``exponent`` is a function of (squared distances, σ)."""
    return lambda x, y, s: softmax(exponent(squared_distances(x, y), s)) @ y


def not_divided(x, y, s):
    return np.exp(-squared_distances(x, y) / (2 * s**2)) @ y


def some_images(seed, noisy, clean, pixels, sigma):
    random = np.random.default_rng(seed)
    images = random.uniform(0.1, 0.9, (clean, pixels))
    seen = images[random.integers(clean, size=noisy)]
    return seen + sigma * random.normal(size=seen.shape), images, sigma


FAR = "3 noisy images far from 20 clean ones, σ = 0.01"

CONDITIONAL_MEAN = Exercise(
    name="conditional mean",
    right=conditional_mean,
    probes={
        "4 noisy and 6 clean images of 3 pixels, σ = 0.4": some_images(1, 4, 6, 3, 0.4),
        "2 noisy and 7 clean images of 5 pixels, σ = 0.7": some_images(2, 2, 7, 5, 0.7),
        "5 noisy and 3 clean images of 4 pixels, σ = 0.3": some_images(3, 5, 3, 4, 0.3),
        FAR: (some_images(4, 3, 20, 6, 0.3)[0], some_images(4, 3, 20, 6, 0.3)[1], 0.01),
    },
    mistakes=[
        Mistake(
            "The 2 of the Gaussian's exponent is missing: it is the squared distance over 2σ².",
            weighed(lambda d, s: -d / s**2),
        ),
        Mistake(
            "The ½ stands the wrong way up: the squared distance is divided by 2σ², so the 2 stays "
            "in the denominator.",
            weighed(lambda d, s: -2 * d / s**2),
            weighed(lambda d, s: -d / 2 * s**2),
        ),
        Mistake(
            "It is divided by σ, and not by its square.",
            weighed(lambda d, s: -d / (2 * s)),
            weighed(lambda d, s: -d / s),
        ),
        Mistake(
            "Sigma is missing: with little noise only the nearest images count, with much noise "
            "nearly all.",
            weighed(lambda d, s: -d),
            weighed(lambda d, s: -d / 2),
            lambda x, y, s: softmax(-squared_distances(x, y) / (2 * x.var())) @ y,
        ),
        Mistake(
            "The distance is not squared. The Gaussian has the squared distance in its exponent.",
            weighed(lambda d, s: -np.sqrt(d) / (2 * s**2)),
            weighed(lambda d, s: -np.sqrt(d) / s),
            weighed(lambda d, s: -np.sqrt(d)),
        ),
        Mistake(
            "Each pixel has weights of its own, so that neighbours may come from different images. "
            "An image is one thing: its weight comes from all of its pixels together.",
            pixel_by_pixel,
        ),
        Mistake(
            "The distance is squared twice.",
            weighed(lambda d, s: -(d**2) / (2 * s**2)),
        ),
        Mistake(
            "The differences are added up first, so that they cancel, or their sizes are. Square "
            "each difference, then add up.",
            lambda x, y, s: softmax(-((x[:, None] - y).sum(-1) ** 2) / (2 * s**2)) @ y,
            lambda x, y, s: softmax(-np.abs(x[:, None] - y).sum(-1) / (2 * s**2)) @ y,
        ),
        Mistake(
            "The weights grow with the inner product of two images, so that a picture with much "
            "ink is favoured. The Gaussian goes by the distance.",
            lambda x, y, s: softmax(x @ y.T / (2 * s**2)) @ y,
            lambda x, y, s: softmax(x @ y.T / s**2) @ y,
        ),
        Mistake(
            "This is the best *linear* denoiser. Here the images themselves are known, so the mean "
            "can be computed exactly.",
            linear_mean,
        ),
        Mistake(
            "The noisy image is averaged in, or subtracted. The conditional mean is an average of "
            "clean images, as it is.",
            lambda x, y, s: (x + conditional_mean(x, y, s)) / 2,
            lambda x, y, s: x - conditional_mean(x, y, s),
        ),
        Mistake(
            "The weights are squared, or their root is taken, after the division by their sum. "
            "Then they no longer add up to 1.",
            lambda x, y, s: softmax(-squared_distances(x, y) / (2 * s**2)) ** 2 @ y,
            lambda x, y, s: np.sqrt(softmax(-squared_distances(x, y) / (2 * s**2))) @ y,
        ),
        Mistake(
            "The exponents themselves are the weights. Take np.exp of them: as they are, the "
            "farthest image counts most.",
            lambda x, y, s: normalised(squared_distances(x, y)) @ y,
        ),
        Mistake(
            "This is the clean image that is farthest away.",
            lambda x, y, s: y[squared_distances(x, y).argmax(1)],
        ),
        Mistake(
            "The sign of the exponent is reversed: the images that are farthest away get the "
            "largest weights.",
            weighed(lambda d, s: d / (2 * s**2)),
        ),
        Mistake(
            "The squared differences are averaged over the pixels. Every pixel is a piece of "
            "evidence of its own: add them up.",
            lambda x, y, s: softmax(-squared_distances(x, y) / (2 * s**2 * x.shape[1])) @ y,
        ),
        Mistake(
            "The weights do not add up to 1. Divide them by their sum, for each noisy image.",
            not_divided,
            lambda x, y, s: not_divided(x, y, s) / len(y),
            lambda x, y, s: not_divided(x, y, s) / (2 * np.pi * s**2) ** (x.shape[1] / 2),
        ),
        Mistake(
            "The weights are divided by their sum over the *noisy* images. Each noisy image has "
            "its own weights, which add up to 1 over the clean ones.",
            lambda x, y, s: softmax(-squared_distances(x, y) / (2 * s**2), axis=0) @ y,
        ),
        Mistake(
            "All weights are divided by one sum. Each noisy image has its own weights, which add "
            "up to 1.",
            lambda x, y, s: softmax(-squared_distances(x, y) / (2 * s**2), axis=(0, 1)) @ y,
        ),
        Mistake(
            "This is the nearest clean image: the most probable one. The squared error asks for "
            "the mean of all, by their probabilities.",
            lambda x, y, s: y[squared_distances(x, y).argmin(1)],
        ),
        Mistake(
            "This is the mean of all clean images, whatever was seen. Those near the noisy image "
            "count more.",
            lambda x, y, s: np.repeat(y.mean(0)[None], len(x), axis=0),
            lambda x, y, s: y.mean(0),
        ),
        Mistake(
            "These are the weights. Average the clean images with them.",
            lambda x, y, s: softmax(-squared_distances(x, y) / (2 * s**2)),
            lambda x, y, s: np.exp(-squared_distances(x, y) / (2 * s**2)),
        ),
        Mistake(
            "The weights are divided by their largest, not by their sum.",
            lambda x, y, s: np.exp(
                (squared_distances(x, y).min(1, keepdims=True) - squared_distances(x, y))
                / (2 * s**2)
            )
            @ y,
        ),
        Mistake(
            "The weights fall as one over the squared distance. The noise is Gaussian: they fall "
            "as exp(−distance² / 2σ²).",
            lambda x, y, s: softmax(-np.log(squared_distances(x, y))) @ y,
            lambda x, y, s: softmax(-np.log(squared_distances(x, y) + s**2)) @ y,
        ),
        Mistake(
            "The noisy images come back as they were.",
            lambda x, y, s: x.copy(),
        ),
    ],
    extreme={
        FAR: "The formula is right, and breaks where every clean image is far away: all weights "
        "are rounded to 0, and 0 is divided by 0. Add a number to the exponents of a noisy image, "
        "so that the largest is 0: the same number for all of its weights cancels.",
    },
    hints={
        "operands could not be broadcast|must match the size": "Each noisy image meets each clean "
        "one: noisy[:, None] - images[None] has the shape (M, N, d).",
        "matmul": "The weights have the shape (M, N), the images (N, d): weights @ images.",
    },
    insight="It is the best denoiser there is, if these images are all that can lie behind. A net "
    "has to learn an average over images that it never saw, too.",
)

# Score --------------------------------------------------------------------------------------


def score(x, mean, covariance, sigma):
    return -(x - mean) @ np.linalg.inv(blurred(covariance, sigma))


def blurred(covariance, sigma):
    """The covariance of data plus independent noise."""
    return covariance + sigma**2 * np.eye(len(covariance))


def denoised(x, mean, covariance, sigma, noise=None):
    """The Wiener filter; ``noise`` takes the place of sigma squared."""
    added = (sigma**2 if noise is None else noise) * np.eye(len(covariance))
    return mean + (x - mean) @ (covariance @ np.linalg.inv(covariance + added)).T


def inverse_root(matrix):
    values, directions = np.linalg.eigh(matrix)
    return (directions / np.sqrt(values)) @ directions.T


def log_density(x, mean, covariance, sigma):
    noisy = blurred(covariance, sigma)
    away = x - mean
    distance = np.sum(away @ np.linalg.inv(noisy) * away, axis=1)
    return -0.5 * (distance + np.linalg.slogdet(2 * np.pi * noisy)[1])


def cloud(seed, rows, features, sigma):
    random = np.random.default_rng(seed)
    mix = random.normal(size=(features, features))
    mean = random.uniform(1, 3, features)
    x = mean + random.normal(size=(rows, features)) @ mix.T
    return x, mean, mix @ mix.T + 0.1 * np.eye(features), sigma


SCORE = Exercise(
    name="score",
    right=score,
    probes={
        "5 points of the plane, σ = 0.5": cloud(1, 5, 2, 0.5),
        "7 points with 3 coordinates, σ = 0.8": cloud(2, 7, 3, 0.8),
        "4 points with 6 coordinates, σ = 1.4": cloud(3, 4, 6, 1.4),
    },
    mistakes=[
        Mistake(
            "The sign is reversed: this points away from the data. A score points to where they "
            "are denser, so it is denoised minus noisy.",
            lambda x, m, C, s: -score(x, m, C, s),
        ),
        Mistake(
            "It is divided by σ. Tweedie's formula divides by σ².",
            lambda x, m, C, s: (denoised(x, m, C, s) - x) / s,
        ),
        Mistake(
            "It is divided by σ, and the sign is reversed: that is the estimated noise, in units "
            "of σ. The score is denoised minus noisy, divided by σ².",
            lambda x, m, C, s: (x - denoised(x, m, C, s)) / s,
        ),
        Mistake(
            "This is what the denoiser changes, not yet divided by σ².",
            lambda x, m, C, s: denoised(x, m, C, s) - x,
        ),
        Mistake(
            "This is the denoised point. The score is what the denoiser changes, divided by σ².",
            denoised,
        ),
        Mistake(
            "It is divided by 2σ². The 2 of the Gaussian's exponent is gone once the square is "
            "differentiated.",
            lambda x, m, C, s: score(x, m, C, s) / 2,
        ),
        Mistake(
            "It is twice the score. The 2 from differentiating the square cancels the ½ of the "
            "Gaussian's exponent.",
            lambda x, m, C, s: 2 * score(x, m, C, s),
        ),
        Mistake(
            "The noise is added to the covariance as σ. Variances add up: it is σ², and "
            "Tweedie's formula divides by σ² as well.",
            lambda x, m, C, s: -(x - m) @ np.linalg.inv(C + s * np.eye(len(m))),
            lambda x, m, C, s: (denoised(x, m, C, s, noise=s) - x) / s**2,
        ),
        Mistake(
            "This is the score of the *clean* data. Noise adds σ² to each variance, and the noisy "
            "density is asked for.",
            lambda x, m, C, s: -(x - m) @ np.linalg.inv(C),
        ),
        Mistake(
            "If you went by the Wiener filter, it is upside down: C times the inverse of C + σ²I, "
            "not the inverse of C times C + σ²I. If you went directly: this is the score of the "
            "clean data, and with its sign reversed.",
            lambda x, m, C, s: (x - m) @ np.linalg.inv(C),
        ),
        Mistake(
            "The filter keeps what is to be taken away: σ² times the inverse of C + σ²I is the "
            "share of the noise. The Wiener filter is C times that inverse.",
            lambda x, m, C, s: (m + s**2 * (x - m) @ np.linalg.inv(blurred(C, s)) - x) / s**2,
        ),
        Mistake(
            "The Wiener filter is multiplied entry by entry, with *. Its product of matrices is @.",
            lambda x, m, C, s: (m + (x - m) @ (C * np.linalg.inv(blurred(C, s))) - x) / s**2,
        ),
        Mistake(
            "The points are whitened: divided by the *root* of the covariance. The score divides "
            "by the whole.",
            lambda x, m, C, s: -(x - m) @ np.linalg.inv(np.linalg.cholesky(blurred(C, s))).T,
            lambda x, m, C, s: -(x - m) @ np.linalg.inv(np.linalg.cholesky(blurred(C, s))),
            lambda x, m, C, s: -(x - m) @ inverse_root(blurred(C, s)),
        ),
        Mistake(
            "The noise is subtracted from the covariance. Independent noise adds its variance.",
            lambda x, m, C, s: -(x - m) @ np.linalg.inv(C - s**2 * np.eye(len(m))),
        ),
        Mistake(
            "The noise is added twice: to the covariance, and to its sum with the noise again.",
            lambda x, m, C, s: -(x - m) @ np.linalg.inv(C + 2 * s**2 * np.eye(len(m))),
        ),
        Mistake(
            "The mean is not subtracted but added.",
            lambda x, m, C, s: -(x + m) @ np.linalg.inv(blurred(C, s)),
        ),
        Mistake(
            "The result is divided by σ² although the inverse has it inside already. Only the way "
            "by Tweedie's formula divides by σ².",
            lambda x, m, C, s: score(x, m, C, s) / s**2,
        ),
        Mistake(
            "The inverse covariances are added: that is the precision of x once x̃ is known. For "
            "the noisy density the *variances* add up, and the sum is inverted.",
            lambda x, m, C, s: -(x - m) @ (np.linalg.inv(C) + np.eye(len(m)) / s**2),
            lambda x, m, C, s: (x - m) @ (np.linalg.inv(C) + np.eye(len(m)) / s**2),
        ),
        Mistake(
            "The variance of the noise, σ², is added to every entry of the covariance. Independent "
            "noise adds to the variances only: to the diagonal, with np.eye.",
            lambda x, m, C, s: -(x - m) @ np.linalg.inv(C + s**2),
            lambda x, m, C, s: (m + (x - m) @ (C @ np.linalg.inv(C + s**2)).T - x) / s**2,
        ),
        Mistake(
            "The mean is left out. The score points to the mean, not to 0.",
            lambda x, m, C, s: score(x, 0 * m, C, s),
        ),
        Mistake(
            "The mean is not added back after the Wiener filter.",
            lambda x, m, C, s: (denoised(x, m, C, s) - m - x) / s**2,
        ),
        Mistake(
            "The Wiener filter is applied without subtracting the mean first.",
            lambda x, m, C, s: (m + x @ (C @ np.linalg.inv(blurred(C, s))) - x) / s**2,
        ),
        Mistake(
            "The points are multiplied by the covariance, not by its inverse. Where data spread "
            "widely the density changes slowly, and the score is small.",
            lambda x, m, C, s: -(x - m) @ blurred(C, s),
        ),
        Mistake(
            "Each entry of the covariance is inverted by itself. np.linalg.inv inverts the matrix.",
            lambda x, m, C, s: -(x - m) @ (1 / blurred(C, s)),
        ),
        Mistake(
            "Only the variances are used. The covariances between coordinates turn the arrows: "
            "invert the whole matrix.",
            lambda x, m, C, s: -(x - m) / np.diag(blurred(C, s)),
        ),
        Mistake(
            "The data are taken to be white: this is the score of the noise around the mean. The "
            "covariance of the clean data belongs to it.",
            lambda x, m, C, s: -(x - m) / s**2,
            lambda x, m, C, s: -(x - m) / (1 + s**2),
        ),
        Mistake(
            "The mean of the given rows is used. The mean of the density is an argument.",
            lambda x, m, C, s: score(x, x.mean(axis=0), C, s),
        ),
        Mistake(
            "This is the log-density. The score is its gradient, with as many numbers per row as "
            "x has columns.",
            log_density,
            lambda x, m, C, s: np.exp(log_density(x, m, C, s)),
        ),
        Mistake(
            "This is the gradient of the density, not of its logarithm. Divide by the density.",
            lambda x, m, C, s: np.exp(log_density(x, m, C, s))[:, None] * score(x, m, C, s),
        ),
    ],
    hints={
        "matmul|shapes|operands": "The rows of x are points: (N, d) times (d, d) is x @ matrix, "
        "and the noise adds sigma**2 * np.eye(d) to the covariance.",
    },
    insight="Directly or by way of the Wiener filter, the same numbers: for Gaussian data the best "
    "denoiser is linear, and what it changes is σ² times the score.",
)

EXERCISES = [SALT_AND_PEPPER, PSNR, CONDITIONAL_MEAN, SCORE]
