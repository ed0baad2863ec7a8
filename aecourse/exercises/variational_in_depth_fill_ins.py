"""Lesson 09, the lines to fill in: parts of the rate, effective size, the ELBO with any prior."""

import math

import torch

from aecourse.exercises.checks import Exercise, Mistake

# Parts of the rate --------------------------------------------------------------------------


def parts_of_rate(log_q, log_aggregate, log_prior):
    return (log_q - log_aggregate).mean(), (log_aggregate - log_prior).mean()


def log_densities(seed, count):
    """log q(z|x), log q̄(z) and log p(z) of as many draws."""
    draw = torch.Generator().manual_seed(seed)
    noise = torch.randn(3, count, generator=draw, dtype=torch.float64)
    return 9 + noise[0], -2 + 0.7 * noise[1], -16 + 1.6 * noise[2]


PARTS = Exercise(
    name="parts of the rate",
    right=parts_of_rate,
    returns=("the information", "the mismatch"),
    probes={
        "7 draws": log_densities(1, 7),
        "4 draws": log_densities(2, 4),
        "12 draws": log_densities(3, 12),
    },
    mistakes=[
        Mistake(
            "The two are exchanged. What a code says about its own image compares q(z|x) with q̄; "
            "what all codes together are off by compares q̄ with the prior.",
            lambda q, a, p: parts_of_rate(q, a, p)[::-1],
        ),
        Mistake(
            "This information is the whole rate, log q(z|x) − log p(z): it contains the mismatch. "
            "Compare q(z|x) with q̄.",
            lambda q, a, p: ((q - p).mean(), (a - p).mean()),
        ),
        Mistake(
            "The information is right. The second number is the whole rate: the mismatch compares "
            "q̄ with the prior, not q(z|x).",
            lambda q, a, p: ((q - a).mean(), (q - p).mean()),
        ),
        Mistake(
            "Both signs are reversed. A divergence KL(a ‖ b) is the mean of log a − log b.",
            lambda q, a, p: ((a - q).mean(), (p - a).mean()),
        ),
        Mistake(
            "The sign of the information is reversed: it is the mean of log q(z|x) − log q̄(z).",
            lambda q, a, p: ((a - q).mean(), (a - p).mean()),
        ),
        Mistake(
            "The sign of the mismatch is reversed: KL(q̄ ‖ p) is the mean of log q̄ − log p.",
            lambda q, a, p: ((q - a).mean(), (p - a).mean()),
        ),
        Mistake(
            "There is still one number per draw. Take the mean of each part over the draws.",
            lambda q, a, p: (q - a, a - p),
        ),
        Mistake(
            "These are medians. A divergence is a *mean* over draws; with medians the parts no "
            "longer add up.",
            lambda q, a, p: (torch.quantile(q - a, 0.5), torch.quantile(a - p, 0.5)),
            lambda q, a, p: ((q - a).median(), (a - p).median()),
        ),
        Mistake(
            "The draws are added up. A divergence is a mean over draws.",
            lambda q, a, p: ((q - a).sum(), (a - p).sum()),
        ),
        Mistake(
            "The log-densities are divided. A ratio of densities is a *difference* of logarithms.",
            lambda q, a, p: ((q / a).mean(), (a / p).mean()),
            lambda q, a, p: (q.mean() / a.mean(), a.mean() / p.mean()),
        ),
        Mistake(
            "The densities themselves are compared. Leave the logarithms as they are: their "
            "difference is the logarithm of the ratio.",
            lambda q, a, p: ((q.exp() - a.exp()).mean(), (a.exp() - p.exp()).mean()),
            lambda q, a, p: ((q - a).exp().mean(), (a - p).exp().mean()),
        ),
        Mistake(
            "The difference is weighted by a density. The draws come from q already, so a plain "
            "mean over them is the average under q.",
            lambda q, a, p: ((q.exp() * (q - a)).mean(), (a.exp() * (a - p)).mean()),
            lambda q, a, p: ((q.exp() * (q - a)).sum(), (a.exp() * (a - p)).sum()),
        ),
    ],
    insight="What is added in one part is taken away in the other: whatever q̄ is, they add up to "
    "the rate.",
)

# Effective size -----------------------------------------------------------------------------


def effective_size(log_weights):
    shares = log_weights.softmax(1)
    return 1 / shares.square().sum(1)


def with_weights(log_weights):
    weights = log_weights.exp()
    return weights.sum(1) ** 2 / (weights**2).sum(1)


def weights(seed, images, draws, shifts=(0.0,)):
    draw = torch.Generator().manual_seed(seed)
    shift = torch.tensor(shifts, dtype=torch.float64)[:, None]
    return (2 * torch.randn(images, draws, generator=draw, dtype=torch.float64) + shift,)


def scaled(log_weights):
    """Weights of each image in units of its largest."""
    return torch.exp(log_weights - log_weights.amax(1, keepdim=True))


TINY = "2 images, whose weights are about e^-60 and e^-900"
EFFECTIVE_SIZE = Exercise(
    name="effective size",
    right=effective_size,
    written_out=(with_weights,),
    probes={
        "5 images with 8 draws": weights(1, 5, 8),
        "3 images with 4 draws": weights(2, 3, 4),
        "4 images with 30 draws": weights(3, 4, 30),
        TINY: weights(4, 2, 6, (-60.0, -900.0)),
    },
    mistakes=[
        Mistake(
            "This is the sum of the squared shares. The effective size is 1 divided by it: K for "
            "equal weights.",
            lambda w: w.softmax(1).square().sum(1),
        ),
        Mistake(
            "The logarithms are taken for the weights. Exponentiate first; `softmax` does that, "
            "and scales.",
            lambda w: w.sum(1) ** 2 / w.square().sum(1),
        ),
        Mistake(
            "The shares are taken over the images. Each row is an image with its own draws: "
            "dim=1.",
            lambda w: 1 / w.softmax(0).square().sum(1),
            lambda w: 1 / w.softmax(0).square().sum(0),
            lambda w: 1 / w.flatten().softmax(0).reshape(w.shape).square().sum(1),
        ),
        Mistake(
            "The squares are added up over the images. Each image has its own effective size: "
            "sum over dim=1.",
            lambda w: 1 / w.softmax(1).square().sum(0),
        ),
        Mistake(
            "One number for all images. Keep one for each.",
            lambda w: 1 / w.softmax(1).square().sum(),
            lambda w: (1 / w.softmax(1).square().sum(1)).mean(),
        ),
        Mistake(
            "The squares are averaged, not added up: this is K times too large.",
            lambda w: 1 / w.softmax(1).square().mean(1),
        ),
        Mistake(
            "This is a share of K, between 0 and 1. The effective *number* of draws is asked for.",
            lambda w: 1 / w.softmax(1).square().sum(1) / w.shape[1],
        ),
        Mistake(
            "This is the number by the largest share. Kish's sums all squared shares.",
            lambda w: 1 / w.softmax(1).amax(1),
        ),
        Mistake(
            "This is the largest share. A large one is bad news, a large effective size good.",
            lambda w: w.softmax(1).amax(1),
        ),
        Mistake(
            "This is the exponential of the entropy, another effective number. Kish's is 1 over "
            "the sum of squares.",
            lambda w: torch.exp(-(w.softmax(1) * w.log_softmax(1)).sum(1)),
        ),
        Mistake(
            "The shares are not squared: they add up to 1, whatever they are.",
            lambda w: 1 / w.softmax(1).sum(1),
        ),
        Mistake(
            "The root is one too many: 1 over the sum of squares itself.",
            lambda w: 1 / w.softmax(1).norm(dim=1),
            lambda w: w.softmax(1).norm(dim=1),
        ),
        Mistake(
            "The sum of the weights is not squared.",
            lambda w: w.softmax(1).exp().sum(1) / w.softmax(1).exp().square().sum(1),
            lambda w: w.exp().sum(1) / w.exp().square().sum(1),
            lambda w: scaled(w).sum(1) / scaled(w).square().sum(1),
        ),
        Mistake(
            "Each share is squared and divided into 1 by itself. Add the squares up first.",
            lambda w: (1 / w.softmax(1).square()).sum(1),
        ),
        Mistake(
            "The logarithms of the shares are squared. Square the shares themselves: `softmax`, "
            "not `log_softmax`.",
            lambda w: 1 / w.log_softmax(1).square().sum(1),
        ),
        Mistake(
            "The weights are squared twice: `softmax` of twice the logarithms has done it once.",
            lambda w: 1 / (2 * w).softmax(1).square().sum(1),
        ),
        Mistake(
            "This counts the draws with more than an equal share. The effective size has no "
            "threshold: 1 over the sum of the squared shares.",
            lambda w: (w.softmax(1) > 1 / w.shape[1]).sum(1),
        ),
        Mistake(
            "The logarithm of the effective size. Take it as a number of draws.",
            lambda w: -torch.log(w.softmax(1).square().sum(1)),
        ),
    ],
    extreme={
        TINY: "The formula is right, and rounding breaks it: e^-900 is 0 in a computer, and 0 / 0 "
        "is no number. Scale each image's weights first, by its own largest: `softmax` does.",
    },
    insight="A large effective size is no all-clear: it compares the weights that were drawn with "
    "one another, and cannot know of those that were not.",
)

# The ELBO with any prior --------------------------------------------------------------------


def minus_elbo_with(log_likelihood, log_prior, log_q):
    return log_q - log_prior - log_likelihood


def draws(seed, count, mean_of_q=7.0, spread=2):
    draw = torch.Generator().manual_seed(seed)
    noise = torch.randn(3, count, generator=draw, dtype=torch.float64)
    return -80 + 9 * noise[0], -26 + 3 * noise[1], spread * noise[2] + mean_of_q


def unusual(seed, count):
    """Draws that the prior likes better than the posterior does, among others."""
    return draws(seed, count, mean_of_q=-26.0, spread=6)


ANY_PRIOR = Exercise(
    name="ELBO with any prior",
    right=minus_elbo_with,
    probes={
        "6 images": draws(1, 6),
        "3 images": draws(2, 3),
        "9 images, of which some codes suit the prior better than the posterior": unusual(3, 9),
    },
    mistakes=[
        Mistake(
            "This is the ELBO itself. Minus it is asked for, which is positive here.",
            lambda x, p, q: x + p - q,
        ),
        Mistake(
            "The sign of the rate is reversed. The rate is log q − log p, and it is a price: it is "
            "added to −log p(x|z).",
            lambda x, p, q: p - q - x,
        ),
        Mistake(
            "The sign of the likelihood is reversed: an image that fits badly costs more, "
            "−log p(x|z).",
            lambda x, p, q: x + q - p,
        ),
        Mistake(
            "Posterior and prior are both subtracted. log q is added: it is what the draw is "
            "paid back for having been chosen.",
            lambda x, p, q: -x - p - q,
        ),
        Mistake(
            "Posterior and prior are both added. The prior makes a code cheaper: −log p(z).",
            lambda x, p, q: q + p - x,
        ),
        Mistake(
            "The prior is missing. It is the term that this section changes.",
            lambda x, p, q: q - x,
            lambda x, p, q: -x - q,
        ),
        Mistake(
            "The posterior is missing: this is −log p(x, z), which is no bound.",
            lambda x, p, q: -x - p,
        ),
        Mistake(
            "This is the distortion alone. What the code costs is missing: log q − log p.",
            lambda x, p, q: -x,
        ),
        Mistake(
            "This is the rate alone. What the pixels cost is missing: −log p(x|z).",
            lambda x, p, q: q - p,
        ),
        Mistake(
            "One number for all images. Keep one for each, so that priors can be compared image "
            "by image.",
            lambda x, p, q: (q - p - x).mean(),
            lambda x, p, q: (q - p - x).sum(),
        ),
        Mistake(
            "Densities are multiplied or divided where their logarithms are added or subtracted.",
            lambda x, p, q: q / p - x,
            lambda x, p, q: -x * p / q,
            lambda x, p, q: x * (q - p),
        ),
        Mistake(
            "The rate is made positive. For a single draw log q − log p may be negative; only its "
            "mean over draws, the KL, is not.",
            lambda x, p, q: (q - p).abs() - x,
            lambda x, p, q: (q - p).clamp(min=0) - x,
        ),
        Mistake(
            "Only a part of the rate is counted. It counts in full, like the pixels: β is 1.",
            lambda x, p, q: 0.5 * (q - p) - x,
        ),
        Mistake(
            "The rate is weighted by a density. The draw comes from q already.",
            lambda x, p, q: torch.exp(q) * (q - p) - x,
        ),
        Mistake(
            "The rate is exponentiated. It stays in nats.",
            lambda x, p, q: torch.exp(q - p) - x,
            lambda x, p, q: torch.exp(q) - torch.exp(p) - x,
        ),
        Mistake(
            "The result is in bits. Keep nats.",
            lambda x, p, q: (q - p - x) / math.log(2),
        ),
    ],
    insight="Any density can stand in the middle. The bound is then that of the model with this "
    "prior.",
)

EXERCISES = [PARTS, EFFECTIVE_SIZE, ANY_PRIOR]
