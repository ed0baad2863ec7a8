"""Lesson 04, the lines to fill in: the denoising loss, the Wiener factor, a bias undone."""

import numpy as np

from aecourse.exercises.checks import Exercise, Mistake

# Denoising loss -----------------------------------------------------------------------------


def denoising_loss(net, clean, noise, sigma):
    return compared(net, clean + sigma * noise, clean)


def compared(net, seen, target):
    """Squared error of each image between net(seen) and the target, summed over pixels."""
    return ((net(seen) - target) ** 2).sum(1)


def half(x):
    return 0.5 * x + 0.1


def bent(x):
    return np.tanh(x[:, ::-1])


def images_and_noise(seed, images, pixels, sigma):
    random = np.random.default_rng(seed)
    return random.uniform(0.1, 0.9, (images, pixels)), random.normal(size=(images, pixels)), sigma


DENOISING_LOSS = Exercise(
    name="denoising loss",
    right=denoising_loss,
    probes={
        "5 images of 7 pixels, σ = 0.6": (half, *images_and_noise(1, 5, 7, 0.6)),
        "3 images of 8 pixels, σ = 0.3": (bent, *images_and_noise(2, 3, 8, 0.3)),
    },
    mistakes=[
        Mistake(
            "The target is the noisy image, which asks the net for a copy of its input. The loss "
            "compares with the clean one.",
            lambda f, x, n, s: compared(f, x + s * n, x + s * n),
            lambda f, x, n, s: compared(f, x + s * n, np.clip(x + s * n, 0, 1)),
        ),
        Mistake(
            "The target is a noisy image as well. The loss compares with the clean one.",
            lambda f, x, n, s: compared(f, x + s * n, x + n),
            lambda f, x, n, s: compared(f, x + s * n, x - s * n),
            lambda f, x, n, s: compared(f, x + n, x + s * n),
        ),
        Mistake(
            "The target is what the net makes of the clean image, which may be anything. It is the "
            "clean image itself.",
            lambda f, x, n, s: compared(f, x + s * n, f(x)),
        ),
        Mistake(
            "The net is applied twice: once in your line, and once in the last one.",
            lambda f, x, n, s: compared(f, f(x + s * n), x),
        ),
        Mistake(
            "The target is the same for all images, or all pixels. Each image has its own.",
            lambda f, x, n, s: compared(f, x + s * n, x.mean(0)),
            lambda f, x, n, s: compared(f, x + s * n, x.mean()),
            lambda f, x, n, s: compared(f, x + s * n, x.mean(1, keepdims=True)),
            lambda f, x, n, s: compared(f, x + s * n, 0),
        ),
        Mistake(
            "Brackets reach too far: sigma multiplies the noise only, not the image.",
            lambda f, x, n, s: compared(f, s * (x + n), x),
        ),
        Mistake(
            "The net sees the clean image, and is asked for the noisy one: the two are "
            "interchanged.",
            lambda f, x, n, s: compared(f, x, x + s * n),
        ),
        Mistake(
            "There is no noise: the net sees the clean image. Add sigma times the noise to it.",
            lambda f, x, n, s: compared(f, x, x),
        ),
        Mistake(
            "The noise is not multiplied by sigma: it has the standard deviation 1.",
            lambda f, x, n, s: compared(f, x + n, x),
        ),
        Mistake(
            "The noise is multiplied by a variance, sigma squared. What scales a random number is "
            "its standard deviation, sigma.",
            lambda f, x, n, s: compared(f, x + s**2 * n, x),
        ),
        Mistake(
            "The noise is multiplied by the root of sigma. Sigma is a standard deviation already.",
            lambda f, x, n, s: compared(f, x + s**0.5 * n, x),
        ),
        Mistake(
            "The noise is divided by sigma. A larger sigma means more noise: multiply.",
            lambda f, x, n, s: compared(f, x + n / s, x),
        ),
        Mistake(
            "Sigma itself is added, the same to every pixel. Multiply it by the noise.",
            lambda f, x, n, s: compared(f, x + s, x),
            lambda f, x, n, s: compared(f, x + s + n, x),
        ),
        Mistake(
            "The noise is subtracted. That is as good a noise; here it is added.",
            lambda f, x, n, s: compared(f, x - s * n, x),
        ),
        Mistake(
            "The noise is multiplied by the image, so that paper gets none. It is added to "
            "every pixel alike.",
            lambda f, x, n, s: compared(f, x * (1 + s * n), x),
            lambda f, x, n, s: compared(f, x * s * n, x),
            lambda f, x, n, s: compared(f, x * n, x),
        ),
        Mistake(
            "The image fades while the noise is added. Here the image stays whole: x + σ n.",
            lambda f, x, n, s: compared(f, (1 - s) * x + s * n, x),
            lambda f, x, n, s: compared(f, np.sqrt(1 - s**2) * x + s * n, x),
            lambda f, x, n, s: compared(f, (x + s * n) / (1 + s), x),
            lambda f, x, n, s: compared(f, (x + s * n) / np.sqrt(1 + s**2), x),
        ),
        Mistake(
            "The net sees nothing but noise: the clean image is missing from its input.",
            lambda f, x, n, s: compared(f, s * n, x),
            lambda f, x, n, s: compared(f, n, x),
        ),
        Mistake(
            "The noisy image is clamped. The convention of this lesson is not to: the noise would "
            "no longer have mean 0.",
            lambda f, x, n, s: compared(f, np.clip(x + s * n, 0, 1), x),
            lambda f, x, n, s: compared(f, np.maximum(x + s * n, 0), x),
            lambda f, x, n, s: compared(f, np.minimum(x + s * n, 1), x),
        ),
        Mistake(
            "All images get the same noise. Each row of noise belongs to the image in that row.",
            lambda f, x, n, s: compared(f, x + s * n[:1], x),
        ),
        Mistake(
            "All pixels get the same noise. Every pixel of every image has a number of its own.",
            lambda f, x, n, s: compared(f, x + s * n.mean(), x),
            lambda f, x, n, s: compared(f, x + s * n.std(), x),
            lambda f, x, n, s: compared(f, x + s * n[:, :1], x),
            lambda f, x, n, s: compared(f, x + s * n.mean(1, keepdims=True), x),
        ),
        Mistake(
            "The noise has lost its sign, so it only adds ink. It is added as it is.",
            lambda f, x, n, s: compared(f, x + s * np.abs(n), x),
            lambda f, x, n, s: compared(f, x + s * n**2, x),
        ),
        Mistake(
            "The noise is scaled to a standard deviation of exactly 1 first. It has that already, "
            "up to chance: add sigma times the noise as it is.",
            lambda f, x, n, s: compared(f, x + s * n / n.std(), x),
        ),
        Mistake(
            "A 2 comes in: the noise is as strong as its standard deviation, sigma.",
            lambda f, x, n, s: compared(f, x + 2 * s * n, x),
            lambda f, x, n, s: compared(f, x + s / 2 * n, x),
        ),
        Mistake(
            "The target is the noise. That is another way to train a denoiser, one that subtracts "
            "what it finds. Here the net answers with the image.",
            lambda f, x, n, s: compared(f, x + s * n, n),
            lambda f, x, n, s: compared(f, x + s * n, s * n),
        ),
        Mistake(
            "The error is averaged over the pixels of an image. Here it is summed over them, as "
            "the last line has it.",
            lambda f, x, n, s: compared(f, x + s * n, x) / x.shape[1],
        ),
        Mistake(
            "All images are added up, or averaged. The loss has one number for each image.",
            lambda f, x, n, s: compared(f, x + s * n, x).sum(),
            lambda f, x, n, s: compared(f, x + s * n, x).mean(),
            lambda f, x, n, s: compared(f, x + s * n, x).mean() / x.shape[1],
        ),
        Mistake(
            "The sum runs over the images, pixel by pixel. It runs over the pixels, image by "
            "image.",
            lambda f, x, n, s: ((f(x + s * n) - x) ** 2).sum(0),
        ),
    ],
    insight="One line away from an autoencoder: the net sees one image and is compared with "
    "another. So copying is no longer the best answer.",
)

# Wiener factor ------------------------------------------------------------------------------


def wiener_factor(variance, sigma):
    return variance / (variance + sigma**2)


WIENER_FACTOR = Exercise(
    name="Wiener factor",
    right=wiener_factor,
    probes={
        "four variances, σ = 0.5": (np.array([3.1, 0.7, 0.2, 0.04]), 0.5),
        "three variances, σ = 1.3": (np.array([6.0, 1.9, 0.3]), 1.3),
    },
    mistakes=[
        Mistake(
            "The noise comes in as σ. Variances add up, and the variance of the noise is σ².",
            lambda v, s: v / (v + s),
        ),
        Mistake(
            "This is the factor of the noise: what is to be taken away. What is kept is the rest "
            "of 1.",
            lambda v, s: s**2 / (v + s**2),
            lambda v, s: s / (v + s),
        ),
        Mistake(
            "The fraction is upside down: this factor is larger than 1, so it would amplify. A "
            "factor that removes noise shrinks.",
            lambda v, s: (v + s**2) / v,
            lambda v, s: (v + s) / v,
        ),
        Mistake(
            "Brackets are missing: variance / variance + … is 1 plus something. Divide by the sum.",
            lambda v, s: v / v + s**2,
            lambda v, s: v / v + s,
        ),
        Mistake(
            "The variance is squared as if it were a standard deviation. λ is a variance already.",
            lambda v, s: v**2 / (v**2 + s**2),
            lambda v, s: v**2 / (v**2 + s**4),
            lambda v, s: v / (v**2 + s**2),
            lambda v, s: v / np.sqrt(v**2 + s**2),
            lambda v, s: v**2 / (v + s**2),
        ),
        Mistake(
            "The root of each variance is taken. The factor that minimises a *squared* error is a "
            "ratio of variances.",
            lambda v, s: np.sqrt(v) / (np.sqrt(v) + s),
            lambda v, s: np.sqrt(v) / (np.sqrt(v) + s**2),
        ),
        Mistake(
            "This is the root of the factor: it makes the *variance* right, and the squared error "
            "larger than it need be.",
            lambda v, s: np.sqrt(v / (v + s**2)),
        ),
        Mistake(
            "This is the ratio of signal and noise, without an upper bound. A factor lies between "
            "0 and 1: divide by the sum of both.",
            lambda v, s: v / s**2,
            lambda v, s: v / s,
            lambda v, s: s**2 / v,
        ),
        Mistake(
            "The ratio of signal and noise, cut or bent to end at 1, is no answer to the question: "
            "set the derivative of the expected error to 0.",
            lambda v, s: np.minimum(v / s**2, 1),
            lambda v, s: np.tanh(v / s**2),
            lambda v, s: 1 - np.exp(-v / s**2),
            lambda v, s: np.exp(-(s**2) / v),
        ),
        Mistake(
            "The noise is subtracted. It is independent of the image, so variances add up; what is "
            "divided by is the variance of the noisy image.",
            lambda v, s: v / (v - s**2),
            lambda v, s: (v - s**2) / v,
            lambda v, s: (v - s) / v,
            lambda v, s: (v - s**2) / (v + s**2),
            lambda v, s: s**2 / (s**2 - v),
            lambda v, s: np.maximum(v - s**2, 0) / v,
        ),
        Mistake(
            "The factor is squared: that is what becomes of the variance. Multiply by the factor "
            "itself.",
            lambda v, s: (v / (v + s**2)) ** 2,
            lambda v, s: v / (v + s**2) ** 2,
        ),
        Mistake(
            "This keeps a direction or drops it: that is PCA. The Wiener factor changes smoothly.",
            lambda v, s: (v > s**2) * 1.0,
            lambda v, s: (v > s) * 1.0,
            lambda v, s: (v > s**2) * v,
        ),
        Mistake(
            "This is the squared error that is left, not the factor that leads to it.",
            lambda v, s: v * s**2 / (v + s**2),
        ),
        Mistake(
            "A 1 stands where the variance belongs: 1 / (λ + σ²) makes all directions equally "
            "strong.",
            lambda v, s: 1 / (v + s**2),
            lambda v, s: 1 / (v + s),
        ),
        Mistake(
            "A 1 stands where the variance of the direction belongs. Only if every direction had "
            "the variance 1 would that be right.",
            lambda v, s: v / (1 + s**2),
            lambda v, s: np.full_like(v, 1 / (1 + s**2)),
        ),
        Mistake(
            "A 2 comes in. In (1 − a)² λ + a² σ² both squares have the same 2 in their derivative, "
            "and it cancels.",
            lambda v, s: v / (v + 2 * s**2),
            lambda v, s: v / (v + s**2 / 2),
            lambda v, s: 2 * v / (v + s**2),
            lambda v, s: v / (2 * (v + s**2)),
        ),
        Mistake(
            "The variances are divided by their sum. Each direction is treated by itself: its own "
            "variance, plus that of the noise.",
            lambda v, s: v / v.sum(),
            lambda v, s: v / (v.sum() + s**2),
            lambda v, s: v / (v + s**2).sum(),
        ),
        Mistake(
            "All directions are divided by one number. Each has its own variance, plus that of the "
            "noise.",
            lambda v, s: v / (v.mean() + s**2),
            lambda v, s: v / (v.max() + s**2),
        ),
        Mistake(
            "The noise is counted once for every direction. Along one direction its variance is "
            "σ², however many there are.",
            lambda v, s: v / (v + len(v) * s**2),
            lambda v, s: v / (v + s**2 / len(v)),
        ),
    ],
    insight="Where the image is as strong as the noise, λ = σ², the factor is one half.",
)

# Bias undone --------------------------------------------------------------------------------


def without_bias(answer, b):
    return (answer - b) / (1 - 2 * b)


def answers(seed, images, pixels):
    return np.random.default_rng(seed).uniform(0.05, 0.95, (images, pixels))


WITHOUT_BIAS = Exercise(
    name="bias undone",
    right=without_bias,
    probes={
        "4 images of 5 pixels, b = 0.2": (answers(1, 4, 5), 0.2),
        "3 images of 6 pixels, b = 0.11": (answers(2, 3, 6), 0.11),
    },
    mistakes=[
        Mistake(
            "Paper becomes 0, but ink becomes 1 − 2b: the range has to be stretched as well.",
            lambda a, b: a - b,
            lambda a, b: np.clip(a - b, 0, 1),
            lambda a, b: np.maximum(a - b, 0),
        ),
        Mistake(
            "It is stretched by the wrong length: between the means of paper, b, and of ink, "
            "1 − b, lie 1 − 2b.",
            lambda a, b: (a - b) / (1 - b),
            lambda a, b: (a - b) / (1 + b),
            lambda a, b: (a - b) / (1 + 2 * b),
        ),
        Mistake(
            "It is stretched, but paper does not become 0. Subtract b first.",
            lambda a, b: a / (1 - 2 * b),
            lambda a, b: a / (1 - b),
        ),
        Mistake(
            "It is multiplied by 1 − 2b, which makes the range narrower still. Divide.",
            lambda a, b: (a - b) * (1 - 2 * b),
            lambda a, b: (a - b) * (1 - b),
            lambda a, b: a * (1 - 2 * b) - b,
            lambda a, b: a * (1 - b) - b,
            lambda a, b: a * (1 - 2 * b),
        ),
        Mistake(
            "Subtract b first: after the stretching it is not stretched with the rest.",
            lambda a, b: a / (1 - 2 * b) - b,
            lambda a, b: a / (1 - b) - b,
        ),
        Mistake(
            "Here b is subtracted twice. It is what paper has too much, once.",
            lambda a, b: (a - 2 * b) / (1 - 2 * b),
            lambda a, b: a - 2 * b,
            lambda a, b: (a - b) / (1 - b) - b,
        ),
        Mistake(
            "The answers are cut off at b and 1 − b, and not stretched: what lies between stays "
            "where it was.",
            lambda a, b: np.clip(a, b, 1 - b),
            lambda a, b: np.where(a < b, 0, np.where(a > 1 - b, 1, a)),
        ),
        Mistake(
            "This is what clamping does, once more: paper to b and ink to 1 − b. Go the other "
            "way.",
            lambda a, b: b + a * (1 - 2 * b),
        ),
        Mistake(
            "Brackets are missing: the whole difference is divided, and by the whole 1 − 2b.",
            lambda a, b: a - b / (1 - 2 * b),
            lambda a, b: a - b * (1 - 2 * b),
            lambda a, b: (a - b) / 1 - 2 * b,
            lambda a, b: a - b / 1 - 2 * b,
        ),
        Mistake(
            "The sign of b is reversed: paper came out at b, so b is subtracted.",
            lambda a, b: (a + b) / (1 - 2 * b),
            lambda a, b: (a + b) / (1 + 2 * b),
            lambda a, b: a + b,
        ),
        Mistake(
            "The result is clipped to [0, 1]. That may come later; here the straight line is asked "
            "for.",
            lambda a, b: np.clip((a - b) / (1 - 2 * b), 0, 1),
        ),
        Mistake(
            "Paper and ink are interchanged.",
            lambda a, b: 1 - (a - b) / (1 - 2 * b),
            lambda a, b: (1 - b - a) / (1 - 2 * b),
        ),
        Mistake(
            "The ends are taken from the answers, not from b. A picture without a pixel that is "
            "surely paper would be stretched too far.",
            lambda a, b: (a - a.min()) / (a.max() - a.min()),
            lambda a, b: (a - a.min()) / (1 - 2 * b),
            lambda a, b: (a - b) / (a.max() - b),
            lambda a, b: (a - a.mean()) / (1 - 2 * b),
        ),
    ],
    insight="For paper and for ink this is exact. Between them the clamp bends as well as "
    "squeezes, so there a straight line is roughly right.",
)

EXERCISES = [DENOISING_LOSS, WIENER_FACTOR, WITHOUT_BIAS]
