"""Lesson 09: importance-sampled NLL, free bits, the rates of a linear VAE."""

import math

import torch

from aecourse.exercises.checks import Exercise, Mistake

# Importance-sampled NLL ---------------------------------------------------------------------


def importance_sampled_nll(log_likelihood, log_prior, log_q):
    return nll(log_likelihood + log_prior - log_q)


def nll(log_weights, axis=1):
    return math.log(log_weights.shape[axis]) - torch.logsumexp(log_weights, axis)


def densities(seed, images, samples, shift=0.0):
    """log p(x|z), log p(z) and log q(z|x) of each draw, (images, samples)."""
    draw = torch.Generator().manual_seed(seed)
    a, b, c = torch.randn(3, images, samples, generator=draw, dtype=torch.float64)
    return 2 * a - 9 + shift, b - 4, 0.7 * c - 2


NLL = Exercise(
    name="importance-sampled NLL",
    right=importance_sampled_nll,
    probes={
        "5 images with 3 draws each": densities(1, 5, 3),
        "2 images with 7 draws each": densities(2, 2, 7),
        "4 images with 50 draws each": densities(3, 4, 50),
        "3 images of which each draw has a probability of about e^-900": densities(4, 3, 6, -890),
    },
    mistakes=[
        Mistake(
            "This is the mean of the logarithms, which is −ELBO. Average the weights themselves, "
            "and take the logarithm of the mean.",
            lambda a, b, c: -(a + b - c).mean(1),
        ),
        Mistake(
            "This is the mean of the logarithms, with log K beside it. The mean of the *weights* "
            "is taken first; its logarithm is log-sum-exp minus log K.",
            lambda a, b, c: math.log(a.shape[1]) - (a + b - c).mean(1),
            lambda a, b, c: -math.log(a.shape[1]) - (a + b - c).mean(1),
        ),
        Mistake(
            "This is a median. The estimate is a mean, which a few large weights decide.",
            lambda a, b, c: -(a + b - c).median(1).values,
            lambda a, b, c: -torch.quantile(a + b - c, 0.5, 1),
        ),
        Mistake(
            "K itself stands where its logarithm belongs. The sum of the weights is divided by K: "
            "of its logarithm, log K is subtracted.",
            lambda a, b, c: a.shape[1] - torch.logsumexp(a + b - c, 1),
            lambda a, b, c: a.shape[1] * math.log(a.shape[1]) - torch.logsumexp(a + b - c, 1),
        ),
        Mistake(
            "The logarithm of K is taken to another base than the rest. Everything is in nats: "
            "natural logarithms.",
            lambda a, b, c: math.log10(a.shape[1]) - torch.logsumexp(a + b - c, 1),
            lambda a, b, c: math.log2(a.shape[1]) - torch.logsumexp(a + b - c, 1),
        ),
        Mistake(
            "Log-densities are multiplied or divided. A product of densities is a *sum* of their "
            "logarithms, and a ratio a difference.",
            lambda a, b, c: nll(a * b / c),
            lambda a, b, c: nll(a * b - c),
            lambda a, b, c: nll(a + b / c),
        ),
        Mistake(
            "The weights are added up, not averaged: log K is missing. With it forgotten, the "
            "estimate improves without end as draws are added.",
            lambda a, b, c: -torch.logsumexp(a + b - c, 1),
        ),
        Mistake(
            "The sign of log K is wrong. The mean is the sum divided by K, so its logarithm is the "
            "log-sum minus log K.",
            lambda a, b, c: nll(a + b - c) - 2 * math.log(a.shape[1]),
        ),
        Mistake(
            "The 1/K stands outside the logarithm. It belongs inside, to the sum of the weights; "
            "outside it becomes minus log K.",
            lambda a, b, c: -torch.logsumexp(a + b - c, 1) / a.shape[1],
            lambda a, b, c: -torch.logsumexp(a + b - c, 1) / math.log(a.shape[1]),
        ),
        Mistake(
            "K is taken to be the number of all draws of all images. Each image has its own mean, "
            "over a row of K.",
            lambda a, b, c: math.log(a.numel()) - torch.logsumexp(a + b - c, 1),
        ),
        Mistake(
            "The minus is inside the exponential, so that the least likely draws count most. "
            "Average the weights first, and change the sign last.",
            lambda a, b, c: torch.logsumexp(c - a - b, 1) - math.log(a.shape[1]),
            lambda a, b, c: math.log(a.shape[1]) - torch.logsumexp(c - a - b, 1),
        ),
        Mistake(
            "This is a ratio of means. Each draw is divided by its own q, and the mean is taken "
            "afterwards.",
            lambda a, b, c: torch.logsumexp(c, 1) - torch.logsumexp(a + b, 1),
        ),
        Mistake(
            "Each density is averaged by itself. Multiply the three for every draw first, and "
            "average the products: a mean of products is no product of means.",
            lambda a, b, c: nll(a) + nll(b) - nll(c),
            lambda a, b, c: -sum(torch.logsumexp(v, 1) for v in (a, b, -c)),
            lambda a, b, c: nll(a) + nll(b) + nll(-c),
            lambda a, b, c: -torch.logsumexp(a, 1) - torch.logsumexp(b, 1)
            + torch.logsumexp(c, 1),
        ),
        Mistake(
            "The *log*-weights are divided by K. What is divided by K is the sum of the weights "
            "themselves; of its logarithm, log K is subtracted.",
            lambda a, b, c: -torch.logsumexp((a + b - c) / a.shape[1], 1),
            lambda a, b, c: nll((a + b - c) / a.shape[1]),
        ),
        Mistake(
            "This is the distortion, the mean of −log p(x|z). Prior and q are missing, and the "
            "logarithm of a mean is asked for.",
            lambda a, b, c: -a.mean(1),
        ),
        Mistake(
            "The number of images is taken for the number of draws. Each image's weights are "
            "averaged over its own K draws.",
            lambda a, b, c: math.log(len(a)) - torch.logsumexp(a + b - c, 1),
        ),
        Mistake(
            "The prior is missing. A draw counts by how probable image *and* code are together: "
            "p(x|z) · p(z).",
            lambda a, b, c: nll(a - c),
        ),
        Mistake(
            "The weights are not divided by q. The draws come from q, and q prefers some codes: "
            "dividing by it makes up for that.",
            lambda a, b, c: nll(a + b),
        ),
        Mistake(
            "Only the likelihood is averaged. That would be right for draws from the prior; these "
            "come from q, so each counts p(z) / q(z|x) times.",
            lambda a, b, c: nll(a),
        ),
        Mistake(
            "The weights are multiplied by q. Draws from q are more frequent where q is large: "
            "divide, so subtract its logarithm.",
            lambda a, b, c: nll(a + b + c),
        ),
        Mistake(
            "Prior and posterior are swapped. The weight is p(x|z) · p(z) / q(z|x).",
            lambda a, b, c: nll(a - b + c),
        ),
        Mistake(
            "The weights are divided by the prior. It belongs above the line, with the likelihood.",
            lambda a, b, c: nll(a - b - c),
        ),
        Mistake(
            "The KL is averaged by itself and added to the log of the mean likelihood. Weigh each "
            "draw with its own p(z) / q(z|x), inside the mean.",
            lambda a, b, c: nll(a) + (c - b).mean(1),
            lambda a, b, c: nll(a) - nll(c - b),
            lambda a, b, c: nll(a) + nll(b - c),
        ),
        Mistake(
            "This is the log-likelihood. The exercise asks for its negative, which is positive "
            "here.",
            lambda a, b, c: -nll(a + b - c),
        ),
        Mistake(
            "The mean runs over images. Each row is an image, and the average is over its draws, "
            "dim=1.",
            lambda a, b, c: nll(a + b - c, 0),
        ),
        Mistake(
            "All draws of all images share one mean. Average over the draws of each image, and "
            "keep one number for each.",
            lambda a, b, c: nll((a + b - c).reshape(1, -1)),
        ),
        Mistake(
            "This is one number, the mean over the images. Keep one number for each image, so "
            "that models can be compared image by image.",
            lambda a, b, c: nll(a + b - c).mean(),
            lambda a, b, c: nll(a + b - c).sum(),
        ),
        Mistake(
            "Only the best draw is counted. The others belong to the mean too, and K to its "
            "denominator.",
            lambda a, b, c: -(a + b - c).amax(1),
            lambda a, b, c: math.log(a.shape[1]) - (a + b - c).amax(1),
        ),
        Mistake(
            "Only the first draw is counted: K = 1.",
            lambda a, b, c: -(a + b - c)[:, 0],
        ),
        Mistake(
            "The log-weights are averaged with their own normalised weights. Take the logarithm of "
            "the plain mean of the weights.",
            lambda a, b, c: -(torch.softmax(a + b - c, 1) * (a + b - c)).sum(1),
            lambda a, b, c: -(torch.softmax(a + b - c, 1) * a).sum(1),
        ),
        Mistake(
            "There is still one number per draw.",
            lambda a, b, c: -(a + b - c),
        ),
        Mistake(
            "The result is in bits. The densities are in nats, and the estimate should be too.",
            lambda a, b, c: nll(a + b - c) / math.log(2),
        ),
        Mistake(
            "This is the mean weight, an estimate of the probability p(x) itself. Take minus its "
            "logarithm.",
            lambda a, b, c: torch.exp(-nll(a + b - c)),
            lambda a, b, c: -torch.exp(-nll(a + b - c)),
        ),
    ],
    extreme={
        "3 images of which each draw has a probability of about e^-900": (
            "The formula is right, and rounding breaks it: e^-900 is 0 in a computer, and the "
            "logarithm of 0 is minus infinity. torch.logsumexp takes the largest log-weight out "
            "first."
        ),
    },
    insight="It is at most −ELBO on the same draws, whatever the draws: the logarithm of a mean is "
    "at least the mean of the logarithms (Jensen).",
)

# Free bits ----------------------------------------------------------------------------------


def free_bits(divergence, floor):
    return divergence.mean(0).clamp(min=floor).sum()


def divergences(seed, images, dimensions):
    """KL of each image and dimension, with dimensions below and above 0.5 on average."""
    draw = torch.Generator().manual_seed(seed)
    scale = torch.linspace(0.1, 1.3, dimensions, dtype=torch.float64)
    return scale * 2 * torch.rand(images, dimensions, generator=draw, dtype=torch.float64)


FREE_BITS = Exercise(
    name="free bits",
    right=free_bits,
    probes={
        "6 images, 4 dimensions, floor 0.5": (divergences(1, 6, 4), 0.5),
        "3 images, 9 dimensions, floor 0.3": (divergences(2, 3, 9), 0.3),
        "5 images, 2 dimensions, floor 0.9": (divergences(3, 5, 2), 0.9),
        "4 images, 3 dimensions, floor 3.5": (divergences(4, 4, 3), 3.5),
    },
    mistakes=[
        Mistake(
            "The floor is applied to each image before the mean. A dimension that is busy for some "
            "images and idle for others is then charged for both: average over the batch first.",
            lambda kl, floor: kl.clamp(min=floor).mean(0).sum(),
        ),
        Mistake(
            "The floor is applied to each image, and one number per image is returned. Average "
            "each dimension over the batch first, then apply the floor, then add up.",
            lambda kl, floor: kl.clamp(min=floor).sum(1),
        ),
        Mistake(
            "The floor is applied to each image, and then all entries are averaged. Average each "
            "dimension over the batch first, then apply the floor, then add up.",
            lambda kl, floor: kl.clamp(min=floor).mean(),
        ),
        Mistake(
            "The floor is applied to each image, and then all entries are added up. Average each "
            "dimension over the batch first: otherwise the term grows with the batch.",
            lambda kl, floor: kl.clamp(min=floor).sum(),
        ),
        Mistake(
            "The floor is applied to the sum over the dimensions. One busy dimension then lifts "
            "the sum above it, and all others collapse as before: each needs its own floor.",
            lambda kl, floor: kl.mean(0).sum().clamp(min=floor),
            lambda kl, floor: kl.sum(1).clamp(min=floor).mean(),
        ),
        Mistake(
            "One budget for all dimensions together. A busy dimension can use it up alone: give "
            "each dimension its own floor, before the sum.",
            lambda kl, floor: kl.mean(0).sum().clamp(min=floor * kl.shape[1]),
            lambda kl, floor: kl.sum(1).clamp(min=floor * kl.shape[1]).mean(),
        ),
        Mistake(
            "The floor is applied after the mean over the dimensions. The busy ones then hide the "
            "idle ones: average over the batch only, and apply it dimension by dimension.",
            lambda kl, floor: kl.mean().clamp(min=floor),
            lambda kl, floor: kl.mean(1).clamp(min=floor).mean(),
        ),
        Mistake(
            "The floor is shared out among the dimensions. Each has the whole floor for free.",
            lambda kl, floor: kl.mean(0).clamp(min=floor / kl.shape[1]).sum(),
            lambda kl, floor: kl.clamp(min=floor / kl.shape[1]).mean(0).sum(),
        ),
        Mistake(
            "The largest or the middle divergence of the batch stands for a dimension. Take the "
            "mean over the images.",
            lambda kl, floor: kl.amax(0).clamp(min=floor).sum(),
            lambda kl, floor: kl.median(0).values.clamp(min=floor).sum(),
        ),
        Mistake(
            "Only the largest dimension is counted. Their divergences add up.",
            lambda kl, floor: kl.mean(0).clamp(min=floor).max(),
        ),
        Mistake(
            "The smaller of both is taken. Below the floor a dimension counts as the floor: take "
            "the larger.",
            lambda kl, floor: kl.mean(0).clamp(max=floor).sum(),
        ),
        Mistake(
            "The smaller of both is taken, and image by image. Average over the batch first, and "
            "take the larger.",
            lambda kl, floor: kl.clamp(max=floor).mean(0).sum(),
        ),
        Mistake(
            "The floor is added to every dimension. A constant has no gradient, and nothing is "
            "free.",
            lambda kl, floor: (kl.mean(0) + floor).sum(),
            lambda kl, floor: kl.mean(0).sum() + floor,
        ),
        Mistake(
            "Only what lies above the floor is charged. The gradient is the same, but the value is "
            "another: here a dimension below the floor counts as the floor, one above in full.",
            lambda kl, floor: (kl.mean(0) - floor).clamp(min=0).sum(),
        ),
        Mistake(
            "Only what lies above the floor is charged, and image by image. Average over the batch "
            "first; a dimension below the floor counts as the floor, one above in full.",
            lambda kl, floor: (kl - floor).clamp(min=0).mean(0).sum(),
        ),
        Mistake(
            "Dimensions below the floor count as 0. They count as the floor: max(floor, KL).",
            lambda kl, floor: torch.where(kl.mean(0) > floor, kl.mean(0), 0.0).sum(),
        ),
        Mistake(
            "The dimensions are averaged. Their divergences add up: sum, after the floor.",
            lambda kl, floor: kl.mean(0).clamp(min=floor).mean(),
        ),
        Mistake(
            "The batch is added up. The floor is meant for the mean over the batch, or it would "
            "depend on the batch size.",
            lambda kl, floor: kl.sum(0).clamp(min=floor).sum(),
            lambda kl, floor: kl.sum(0).clamp(min=floor).mean(),
        ),
        Mistake(
            "There is still one number per dimension. Add them up.",
            lambda kl, floor: kl.mean(0).clamp(min=floor),
        ),
        Mistake(
            "The axes are swapped: the mean runs over dimensions and the sum over images. Rows are "
            "images: mean(0), then the floor, then the sum.",
            lambda kl, floor: kl.mean(1).clamp(min=floor).sum(),
            lambda kl, floor: kl.mean(1).clamp(min=floor),
        ),
        Mistake(
            "The floor is not used: this is the plain KL term.",
            lambda kl, floor: kl.mean(0).sum(),
            lambda kl, floor: kl.sum(1),
        ),
        Mistake(
            "The floor is converted from bits. Despite the name, it is given in nats, like the "
            "divergences.",
            lambda kl, floor: kl.mean(0).clamp(min=floor * math.log(2)).sum(),
        ),
    ],
    insight="Below the floor a dimension has no gradient of its own. It may rise to the floor for "
    "nothing, and nothing says that it will.",
)

# Rates of a linear VAE ----------------------------------------------------------------------


def linear_rates(eigenvalues, noise_variance, code_size):
    return 0.5 * torch.log(largest(eigenvalues, code_size) / noise_variance).clamp(min=0)


def largest(eigenvalues, count):
    return eigenvalues.sort(descending=True).values[:count]


def with_ratio(change, half=0.5):
    """A wrong implementation: ``change(eigenvalue, noise variance)`` in place of their ratio."""
    return lambda e, s, k: half * torch.log(change(largest(e, k), s)).clamp(min=0)


def spectrum(seed, count):
    draw = torch.Generator().manual_seed(seed)
    steps = torch.rand(count, generator=draw, dtype=torch.float64)
    return (5 * torch.exp(-steps.cumsum(0)))[torch.randperm(count, generator=draw)]


LINEAR_RATES = Exercise(
    name="rates of a linear VAE",
    right=linear_rates,
    probes={
        "9 eigenvalues, noise variance 0.4, code size 7": (spectrum(1, 9), 0.4, 7),
        "6 eigenvalues, noise variance 1.3, code size 5": (spectrum(2, 6), 1.3, 5),
        "8 eigenvalues, noise variance 0.15, code size 4": (spectrum(3, 8), 0.15, 4),
    },
    mistakes=[
        Mistake(
            "Some rates are negative. A direction weaker than the noise collapses: its rate is 0.",
            lambda e, s, k: 0.5 * torch.log(largest(e, k) / s),
        ),
        Mistake(
            "The weak directions get a positive rate. A direction weaker than the noise has rate "
            "0: cut the negative values off instead of dropping their sign.",
            lambda e, s, k: 0.5 * torch.log(largest(e, k) / s).abs(),
        ),
        Mistake(
            "The ½ is missing. Eigenvalues are variances; the ½ turns their logarithm into that of "
            "a standard deviation.",
            with_ratio(lambda e, s: e / s, half=1),
        ),
        Mistake(
            "The noise variance is squared. σ² is given, not σ.",
            with_ratio(lambda e, s: e / s**2),
        ),
        Mistake(
            "The root of the noise variance is used. Eigenvalues are variances too: compare like "
            "with like.",
            with_ratio(lambda e, s: e / math.sqrt(s)),
            with_ratio(lambda e, s: e.sqrt() / s),
        ),
        Mistake(
            "The ratio is upside down. A direction is used if its eigenvalue is *larger* than the "
            "noise variance.",
            with_ratio(lambda e, s: s / e),
        ),
        Mistake(
            "This is ½ log(1 + λ/σ²). The eigenvalue already contains the noise: λ is the variance "
            "of the data, signal and noise together.",
            with_ratio(lambda e, s: 1 + e / s),
        ),
        Mistake(
            "The noise is subtracted: that is the squared length of the decoder's column, w² = λ − "
            "σ². The rate has λ itself over σ².",
            with_ratio(lambda e, s: ((e - s) / s).clamp(min=1e-12)),
            lambda e, s, k: (largest(e, k) - s).clamp(min=0),
        ),
        Mistake(
            "The noise variance stands outside of the logarithm. The ratio is taken first: "
            "log(λ/σ²).",
            lambda e, s, k: 0.5 * (torch.log(largest(e, k)) / s).clamp(min=0),
            lambda e, s, k: 0.5 * torch.log(largest(e, k)).clamp(min=0) / s,
        ),
        Mistake(
            "This is σ²/λ, the variance of the posterior. The rate is a logarithm, ½ log(λ/σ²).",
            lambda e, s, k: s / largest(e, k),
            lambda e, s, k: (s / largest(e, k)).clamp(max=1),
        ),
        Mistake(
            "This is 1 − σ²/λ, how far the posterior means vary. The rate is ½ log(λ/σ²).",
            lambda e, s, k: 1 - s / largest(e, k),
            lambda e, s, k: (1 - s / largest(e, k)).clamp(min=0),
        ),
        Mistake(
            "This is √(λ − σ²), the length of the decoder's column. The rate is ½ log(λ/σ²).",
            lambda e, s, k: (largest(e, k) - s).clamp(min=0).sqrt(),
        ),
        Mistake(
            "The result is in bits. The KL of this course is in nats: use the natural logarithm.",
            with_ratio(lambda e, s: e / s, half=0.5 / math.log(2)),
        ),
        Mistake(
            "The eigenvalues are not sorted. They come in any order; the code takes the largest "
            "ones.",
            lambda e, s, k: 0.5 * torch.log(e[:k] / s).clamp(min=0),
        ),
        Mistake(
            "The smallest eigenvalues are kept. The code takes the largest ones.",
            lambda e, s, k: 0.5 * torch.log(e.sort().values[:k] / s).clamp(min=0),
            lambda e, s, k: 0.5 * torch.log(largest(e, len(e))[-k:] / s).clamp(min=0),
        ),
        Mistake(
            "These are positions, not eigenvalues: `.sort()` returns both, and the numbers "
            "themselves are its `.values`.",
            lambda e, s, k: 0.5
            * torch.log(e.sort(descending=True).indices[:k] / s).clamp(min=0),
        ),
        Mistake(
            "This says which dimensions are used, not what they cost.",
            lambda e, s, k: (largest(e, k) > s).double(),
        ),
        Mistake(
            "This is the KL of two Gaussians whose variances have the ratio λ/σ². Over the data "
            "the means vary as well, and ½ log(λ/σ²) is left of the sum.",
            lambda e, s, k: 0.5 * (largest(e, k) / s - 1 - torch.log(largest(e, k) / s)),
            lambda e, s, k: 0.5 * (s / largest(e, k) - 1 - torch.log(s / largest(e, k))),
        ),
        Mistake(
            "The eigenvalues are compared with their mean. A dimension is used if its eigenvalue "
            "is above the *noise variance*.",
            with_ratio(lambda e, s: e / e.mean()),
            lambda e, s, k: 0.5 * torch.log(largest(e, k) / e.mean()).clamp(min=0),
        ),
        Mistake(
            "The rates are ascending. The exercise asks for the largest first.",
            lambda e, s, k: linear_rates(e, s, k).flip(0),
        ),
        Mistake(
            "There is a rate for every eigenvalue, and the code has room for the largest only.",
            lambda e, s, k: linear_rates(e, s, len(e)),
        ),
        Mistake(
            "Only the rates above 0 are returned. Collapsed dimensions are dimensions of the code "
            "too: their rate is 0.",
            lambda e, s, k: linear_rates(e, s, k)[linear_rates(e, s, k) > 0],
        ),
        Mistake(
            "This is the total. One rate for each code dimension is asked for.",
            lambda e, s, k: linear_rates(e, s, k).sum(),
            lambda e, s, k: linear_rates(e, s, len(e)).sum(),
        ),
        Mistake(
            "The noise variance is missing in the logarithm: what a dimension costs is its "
            "eigenvalue *measured in* noise variances, λ/σ².",
            with_ratio(lambda e, s: e),
            lambda e, s, k: torch.where(largest(e, k) > s, 0.5 * torch.log(largest(e, k)), 0.0),
        ),
    ],
    insight="Raise the noise variance, and the rates fall together until one after another is 0. "
    "Information theory calls it reverse water-filling.",
)

EXERCISES = [NLL, FREE_BITS, LINEAR_RATES]
