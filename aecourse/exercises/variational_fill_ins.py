"""Lesson 08, the lines to fill in: a posterior on a grid, the gap of the bound, the hidden β."""

import numpy as np
import torch
import torch.nn.functional as F

from aecourse.exercises.checks import Exercise, Mistake

# A posterior on a grid ------------------------------------------------------------------------


def exact_posterior(log_likelihood, log_prior, spacing):
    return torch.softmax(log_likelihood + log_prior, dim=0) / spacing


def by_exponentials(log_likelihood, log_prior, spacing):
    joint = torch.exp(log_likelihood + log_prior)
    return joint / (joint.sum() * spacing)


def on_a_grid(seed, points, spacing, depth=0.0):
    """Log-likelihoods and log-prior at evenly spaced codes; the likelihood has two humps."""
    random = np.random.default_rng(seed)
    z = spacing * (np.arange(points) - random.uniform(0.4, 0.6) * points)
    left, right = random.uniform(-1.5, -0.5), random.uniform(0.5, 1.5)
    humps = np.logaddexp(-3 * (z - left) ** 2, -2 * (z - right) ** 2)
    log_likelihood = torch.tensor(humps - random.uniform(0.2, 1.5) - depth)
    log_prior = torch.tensor(-0.5 * z**2 - 0.5 * np.log(2 * np.pi))
    return log_likelihood, log_prior, spacing


FAR_DOWN = "log-likelihoods of an image, far below 0"

POSTERIOR_ON_A_GRID = Exercise(
    name="posterior on a grid",
    right=exact_posterior,
    written_out=(by_exponentials,),
    probes={
        "41 codes, 0.2 apart": on_a_grid(1, 41, 0.2),
        "26 codes, 0.3 apart": on_a_grid(2, 26, 0.3),
        "85 codes, 0.1 apart": on_a_grid(3, 85, 0.1),
        FAR_DOWN: on_a_grid(4, 34, 0.25, depth=900.0),
    },
    mistakes=[
        Mistake(
            "The prior is missing: p(z|x) is proportional to p(x|z) times p(z).",
            lambda a, b, d: torch.softmax(a, 0) / d,
        ),
        Mistake(
            "The likelihood is missing: this is the prior, whatever the image is.",
            lambda a, b, d: torch.softmax(b, 0) / d,
            lambda a, b, d: torch.exp(b),
        ),
        Mistake(
            "This is p(x|z) p(z), which does not add up to 1. Divide it by its integral, which is "
            "p(x): its sum times the spacing.",
            lambda a, b, d: torch.exp(a + b),
            lambda a, b, d: torch.exp(a + b) * d,
            lambda a, b, d: torch.exp(a + b) / d,
        ),
        Mistake(
            "These are probabilities of grid points: they add up to 1. A density adds up to 1 "
            "*times the spacing*: divide by it.",
            lambda a, b, d: torch.softmax(a + b, 0),
        ),
        Mistake(
            "The spacing multiplies where it should divide. The finer the grid, the less "
            "probability each point has; the density stays as it is.",
            lambda a, b, d: torch.softmax(a + b, 0) * d,
        ),
        Mistake(
            "This is the logarithm of the density. Take its exponential.",
            lambda a, b, d: torch.log_softmax(a + b, 0) - np.log(d),
            lambda a, b, d: torch.log_softmax(a + b, 0),
            lambda a, b, d: a + b,
        ),
        Mistake(
            "The logarithms are multiplied. Densities multiply, so their logarithms add up.",
            lambda a, b, d: torch.softmax(a * b, 0) / d,
        ),
        Mistake(
            "The prior is divided out. Bayes' rule multiplies by it, so its logarithm is added.",
            lambda a, b, d: torch.softmax(a - b, 0) / d,
            lambda a, b, d: torch.softmax(b - a, 0) / d,
            lambda a, b, d: torch.exp(a) / torch.exp(b),
            lambda a, b, d: torch.exp(a - b) / (torch.exp(a - b).sum() * d),
        ),
        Mistake(
            "The sign is reversed: codes that explain the image badly come out as the likely ones. "
            "Both are logarithms of densities, and not costs.",
            lambda a, b, d: torch.softmax(-(a + b), 0) / d,
        ),
        Mistake(
            "The exponential is taken twice: torch.softmax takes it by itself, so it wants the sum "
            "of the logarithms.",
            lambda a, b, d: torch.softmax(torch.exp(a + b), 0) / d,
            lambda a, b, d: torch.softmax(torch.exp(a) + torch.exp(b), 0) / d,
        ),
        Mistake(
            "The exponentials are added. p(x|z) and p(z) multiply: add the logarithms first, then "
            "take the exponential.",
            lambda a, b, d: (torch.exp(a) + torch.exp(b)) / (
                (torch.exp(a) + torch.exp(b)).sum() * d),
            lambda a, b, d: torch.exp(a) + torch.exp(b),
            lambda a, b, d: (torch.softmax(a, 0) + torch.softmax(b, 0)) / d,
        ),
        Mistake(
            "It is scaled to a largest value of 1. A density has an integral of 1.",
            lambda a, b, d: torch.exp(a + b - (a + b).max()),
        ),
        Mistake(
            "This is p(x), one number. The posterior has a value at each code: p(x|z) p(z) divided "
            "by it.",
            lambda a, b, d: torch.exp(a + b).sum() * d,
            lambda a, b, d: torch.logsumexp(a + b, 0) + np.log(d),
            lambda a, b, d: torch.logsumexp(a + b, 0),
            lambda a, b, d: torch.exp(a + b).sum(),
        ),
        Mistake(
            "The logarithms themselves are divided by their sum. Take the exponential first.",
            lambda a, b, d: (a + b) / ((a + b).sum() * d),
            lambda a, b, d: (a + b) / (a + b).sum(),
        ),
        Mistake(
            "It is divided by the integral of the likelihood alone. What has to be 1 is the "
            "integral of the product p(x|z) p(z).",
            lambda a, b, d: torch.exp(a + b) / (torch.exp(a).sum() * d),
            lambda a, b, d: torch.softmax(a, 0) * torch.softmax(b, 0) / d,
        ),
        Mistake(
            "The mean over the grid stands in place of the sum: the integral is the sum times the "
            "spacing.",
            lambda a, b, d: torch.exp(a + b) / torch.exp(a + b).mean() / d,
            lambda a, b, d: torch.exp(a + b) / torch.exp(a + b).mean(),
        ),
    ],
    extreme={
        FAR_DOWN: "Right, as long as the logarithms are not far below 0. Those of an image are, "
        "and their exponentials are 0 to a computer: 0 is divided by 0. torch.softmax(…, dim=0) "
        "subtracts the largest one first and cannot fail.",
    },
    insight="Likelihood times prior, divided by its integral, which is p(x). In 20 dimensions no "
    "grid is fine enough, and that is why a VAE guesses.",
)

# The gap of the bound -------------------------------------------------------------------------


def gap(q, posterior, spacing):
    return (q * torch.log(q / posterior)).sum() * spacing


def by_difference(q, posterior, spacing):
    return (q * (torch.log(q) - torch.log(posterior))).sum() * spacing


def two_densities(seed, points, spacing):
    """A Gaussian guess and a posterior with two humps, on one grid."""
    random = np.random.default_rng(seed)
    z = spacing * (np.arange(points) - 0.5 * points)
    middle, width = random.uniform(-0.6, 0.6), random.uniform(0.7, 1.1)
    guess = np.exp(-0.5 * ((z - middle) / width) ** 2)
    share = random.uniform(0.3, 0.7)
    humps = share * np.exp(-0.9 * (z + 1) ** 2) + (1 - share) * np.exp(-0.7 * (z - 0.9) ** 2)
    return (*(torch.tensor(d / (d.sum() * spacing)) for d in (guess, humps)), spacing)


GAP = Exercise(
    name="gap on a grid",
    right=gap,
    written_out=(by_difference,),
    probes={
        "53 codes, 0.2 apart": two_densities(1, 53, 0.2),
        "36 codes, 0.3 apart": two_densities(2, 36, 0.3),
        "130 codes, 0.08 apart": two_densities(3, 130, 0.08),
    },
    mistakes=[
        Mistake(
            "The two densities are exchanged: this is KL(p(z|x) ‖ q). The gap takes its average "
            "over q, from which codes are drawn.",
            lambda q, p, d: (p * torch.log(p / q)).sum() * d,
        ),
        Mistake(
            "Both directions are added. The gap is KL(q ‖ p(z|x)) alone.",
            lambda q, p, d: ((q - p) * torch.log(q / p)).sum() * d,
            lambda q, p, d: 0.5 * ((q - p) * torch.log(q / p)).sum() * d,
        ),
        Mistake(
            "F.kl_div wants the *logarithm* of the second density first, and then the first "
            "density: F.kl_div(posterior.log(), q, reduction=\"sum\").",
            lambda q, p, d: F.kl_div(q, p, reduction="sum") * d,
            lambda q, p, d: F.kl_div(p, q, reduction="sum") * d,
            lambda q, p, d: F.kl_div(q, p, reduction="sum"),
            lambda q, p, d: F.kl_div(p, q, reduction="sum"),
        ),
        Mistake(
            "The absolute value is taken at each point. Where the posterior is higher than q the "
            "logarithm is negative, and belongs into the sum as it is.",
            lambda q, p, d: (q * torch.log(q / p)).abs().sum() * d,
            lambda q, p, d: torch.log(q / p).abs().sum() * d,
        ),
        Mistake(
            "The average is taken over the posterior. It belongs to q, from which codes are drawn.",
            lambda q, p, d: (p * torch.log(q / p)).sum() * d,
        ),
        Mistake(
            "The sign is reversed: a gap is never negative.",
            lambda q, p, d: (q * torch.log(p / q)).sum() * d,
        ),
        Mistake(
            "The weights q are missing: log q − log p(z|x) has to be averaged over q.",
            lambda q, p, d: torch.log(q / p).sum() * d,
            lambda q, p, d: torch.log(q / p).mean(),
            lambda q, p, d: torch.log(q / p).sum(),
        ),
        Mistake(
            "The spacing is missing. A sum over a grid is an integral only when it is multiplied "
            "by the distance of the points.",
            lambda q, p, d: (q * torch.log(q / p)).sum(),
        ),
        Mistake(
            "The mean over the grid stands in place of the sum times the spacing.",
            lambda q, p, d: (q * torch.log(q / p)).mean(),
            lambda q, p, d: (q * torch.log(q / p)).mean() * d,
        ),
        Mistake(
            "This is the area between the two curves. The gap is a difference of logarithms, "
            "averaged over q.",
            lambda q, p, d: (q - p).abs().sum() * d,
            lambda q, p, d: 0.5 * (q - p).abs().sum() * d,
        ),
        Mistake(
            "This is a squared difference of the two curves. The gap is a difference of "
            "logarithms, averaged over q.",
            lambda q, p, d: ((q - p) ** 2).sum() * d,
            lambda q, p, d: ((q - p) ** 2).mean(),
        ),
        Mistake(
            "This is the cross-entropy. The entropy of q is still missing: log q − log p(z|x), "
            "not −log p(z|x) alone.",
            lambda q, p, d: -(q * torch.log(p)).sum() * d,
        ),
        Mistake(
            "This is minus the entropy of q. The posterior is missing: log q − log p(z|x).",
            lambda q, p, d: (q * torch.log(q)).sum() * d,
        ),
        Mistake(
            "This is a difference of two entropies. Both logarithms are averaged over q: "
            "q (log q − log p(z|x)).",
            lambda q, p, d: (q * torch.log(q) - p * torch.log(p)).sum() * d,
        ),
        Mistake(
            "The ratio is averaged, and its logarithm is not taken.",
            lambda q, p, d: (q * q / p).sum() * d,
            lambda q, p, d: (q / p).sum() * d,
        ),
        Mistake(
            "The logarithm of the average is taken. The gap is the average of the logarithm.",
            lambda q, p, d: torch.log((q * q / p).sum() * d),
        ),
        Mistake(
            "There is still one number for each point of the grid. Add them up, times the spacing.",
            lambda q, p, d: q * torch.log(q / p),
            lambda q, p, d: q * torch.log(q / p) * d,
        ),
        Mistake(
            "The logarithm has base 2, so this is in bits. Everything in a loss is in nats.",
            lambda q, p, d: (q * torch.log2(q / p)).sum() * d,
        ),
    ],
    insight="It is KL(q ‖ p(z|x)), and exactly what log p(x) lies above the ELBO.",
)

# The hidden β ---------------------------------------------------------------------------------


def hidden_beta(pixels, dimensions, pixels_averaged, kl_averaged):
    return (pixels if pixels_averaged else 1) / (dimensions if kl_averaged else 1)


def in_two_steps(pixels, dimensions, pixels_averaged, kl_averaged):
    beta = 1.0
    if pixels_averaged:
        beta = beta * pixels
    if kl_averaged:
        beta = beta / dimensions
    return beta


HIDDEN_BETA = Exercise(
    name="hidden beta",
    right=hidden_beta,
    written_out=(in_two_steps,),
    probes={
        "784 pixels averaged, 20 dimensions summed": (784, 20, True, False),
        "784 pixels summed, 20 dimensions averaged": (784, 20, False, True),
        "3,072 pixels and 100 dimensions, both averaged": (3072, 100, True, True),
        "3,072 pixels and 100 dimensions, both summed": (3072, 100, False, False),
    },
    mistakes=[
        Mistake(
            "It is upside down. An average over pixels makes the cross-entropy smaller, so beside "
            "it the KL counts *more*.",
            lambda p, k, a, b: (k if b else 1) / (p if a else 1),
            lambda p, k, a, b: 1 / ((p if a else 1) * (k if b else 1)),
            lambda p, k, a, b: 1 / p if a else 1,
            lambda p, k, a, b: k / p,
        ),
        Mistake(
            "Both averages multiply. An average over dimensions makes the KL smaller, so it "
            "divides β.",
            lambda p, k, a, b: (p if a else 1) * (k if b else 1),
        ),
        Mistake(
            "The KL's average is left out: divided by the number of dimensions, the KL counts "
            "less.",
            lambda p, k, a, b: p if a else 1,
        ),
        Mistake(
            "The average over pixels is left out: it is where the large β comes from.",
            lambda p, k, a, b: 1 / (k if b else 1),
        ),
        Mistake(
            "The two switches are exchanged: the first says whether *pixels* are averaged, the "
            "second whether the KL is averaged over *dimensions*.",
            lambda p, k, a, b: (p if b else 1) / (k if a else 1),
        ),
        Mistake(
            "The switches mean the opposite: True says averaged, and averaging is what changes β.",
            lambda p, k, a, b: (1 if a else p) / (1 if b else k),
        ),
        Mistake(
            "A β is not always pixels / dimensions: what is summed leaves it alone.",
            lambda p, k, a, b: p / k,
        ),
        Mistake(
            "Two averages do not cancel. They would only if there were as many dimensions as "
            "pixels.",
            lambda p, k, a, b: 1 if a == b else (p if a else 1 / k),
        ),
        Mistake(
            "Where both are averaged, both count: pixels / dimensions.",
            lambda p, k, a, b: p if a else (1 / k if b else 1),
            lambda p, k, a, b: 1 / k if b else (p if a else 1),
        ),
        Mistake(
            "Where both are summed, β is 1: nothing is hidden.",
            lambda p, k, a, b: 0 if not (a or b) else (p if a else 1) / (k if b else 1),
            lambda p, k, a, b: p / k if not (a or b) else (p if a else 1) / (k if b else 1),
        ),
    ],
    insight="Two words in the code, sum or mean, decide over a factor of several hundred.",
)

EXERCISES = [POSTERIOR_ON_A_GRID, GAP, HIDDEN_BETA]
