"""Lesson 08: KL divergence from the prior, reparameterised codes, the negative ELBO."""

import itertools

import numpy as np
import torch
import torch.nn.functional as F

from aecourse.exercises.checks import Exercise, Mistake

# KL to the prior ----------------------------------------------------------------------------


def kl_to_prior(mean, log_variance):
    each = 0.5 * (mean**2 + torch.exp(log_variance) - log_variance - 1)
    return each.sum(dim=1)


def kl_on_one_line(mean, log_variance):
    return -0.5 * (1 + log_variance - mean**2 - torch.exp(log_variance)).sum(dim=1)


def kl(m, v):
    """KL of N(m, exp v) from N(0, 1), number by number."""
    return 0.5 * (m**2 + v.exp() - v - 1)


def halves(signs, m, v):
    """The KL with its terms μ², σ², log σ² and 1 multiplied by other numbers than a half."""
    return sum(sign * term for sign, term in zip(signs, (m**2, v.exp(), -v, -torch.ones_like(v))))


def half_before_some():
    """All ways to put the ½ before one, two or three of the four terms."""
    choices = itertools.product((0.5, 1), repeat=4)
    return [lambda m, v, c=c: halves(c, m, v).sum(1) for c in choices if len(set(c)) == 2]


def posteriors(seed, images, dimensions, middle=-0.8, spread=0.9):
    """Means and log-variances far from 0, so that every slip shows."""
    random = np.random.default_rng(seed)
    return (torch.tensor(random.normal(0.4, 1.5, size=(images, dimensions))),
            torch.tensor(random.normal(middle, spread, size=(images, dimensions))))


KL_TO_PRIOR = Exercise(
    name="KL to the prior",
    right=kl_to_prior,
    written_out=(kl_on_one_line,),
    probes={
        "5 images and 3 code dimensions": posteriors(1, 5, 3),
        "2 images and 7 code dimensions": posteriors(2, 2, 7),
        "4 images and 2 code dimensions": posteriors(3, 4, 2),
        "3 images, 4 wide dimensions": posteriors(4, 3, 4, middle=1.2, spread=0.2),
    },
    mistakes=[
        Mistake(
            "The ½ is missing. The density of a Gaussian has ½ in its exponent and a square root "
            "in front; both leave a ½ here.",
            lambda m, v: 2 * kl(m, v).sum(1),
        ),
        Mistake(
            "The ½ does not stand before all four terms, μ², σ², log σ² and 1: use brackets.",
            *half_before_some(),
        ),
        Mistake(
            "The sign is reversed. A KL divergence is never negative, and 0 only for the prior "
            "itself. Many programs write -0.5 · Σ(1 + log σ² − μ² − σ²): the minus is easily lost.",
            lambda m, v: -kl(m, v).sum(1),
            lambda m, v: -kl(m, v).mean(1),
            lambda m, v: -kl(m, v).sum(),
        ),
        Mistake(
            "Half of the log-variance, log σ, stands where log σ² belongs. The ½ in front of the "
            "brackets is all that is needed.",
            lambda m, v: 0.5 * (m**2 + v.exp() - 0.5 * v - 1).sum(1),
        ),
        Mistake(
            "The log-variance is taken for log σ. The encoder gives log σ²: σ² is its exponential, "
            "and log σ² is the number itself.",
            lambda m, v: kl(m, 2 * v).sum(1),
        ),
        Mistake(
            "The variance is exp(½ · log σ²), which is σ. The formula has σ², the exponential of "
            "the log-variance itself.",
            lambda m, v: 0.5 * (m**2 + (0.5 * v).exp() - v - 1).sum(1),
        ),
        Mistake(
            "The variance is exp(2 · log σ²). It is already the logarithm of a square: take the "
            "exponential once.",
            lambda m, v: 0.5 * (m**2 + (2 * v).exp() - v - 1).sum(1),
        ),
        Mistake(
            "The log-variance is taken for the variance. Take its exponential where σ² stands, and "
            "itself where log σ² stands.",
            lambda m, v: 0.5 * (m**2 + v - v - 1).sum(1),
            lambda m, v: 0.5 * (m**2 + v - torch.log(v.abs()) - 1).sum(1),
            lambda m, v: 0.5 * (m**2 + v - torch.log(v) - 1).sum(1),
            lambda m, v: 0.5 * (m**2 + v**2 - torch.log(v**2) - 1).sum(1),
        ),
        Mistake(
            "The mean over dimensions is returned. Divergences of independent dimensions add up: "
            "with 20 dimensions a mean counts the KL at a twentieth, which is a β of 0.05.",
            lambda m, v: kl(m, v).mean(1),
        ),
        Mistake(
            "This is one number for the whole batch, a sum over images as well. Keep one number "
            "for each image.",
            lambda m, v: kl(m, v).sum(),
        ),
        Mistake(
            "This is one number for the whole batch, a mean. Keep one number for each image: sum "
            "over the dimensions of the code only.",
            lambda m, v: kl(m, v).sum(1).mean(),
            lambda m, v: kl(m, v).mean(),
        ),
        Mistake(
            "The sum runs over images. Each row is an image, each column a dimension: sum along "
            "the columns' axis, dim=1.",
            lambda m, v: kl(m, v).sum(0),
            lambda m, v: kl(m, v).mean(0),
        ),
        Mistake(
            "There is still one number per dimension. Add them up for each image.",
            lambda m, v: kl(m, v),
        ),
        Mistake(
            "The −1 is missing. Without it, the KL of the prior from itself is not 0.",
            lambda m, v: 0.5 * (m**2 + v.exp() - v).sum(1),
        ),
        Mistake(
            "The 1 is subtracted once per image. Each dimension has its own.",
            lambda m, v: 0.5 * ((m**2 + v.exp() - v).sum(1) - 1),
            lambda m, v: 0.5 * (m**2 + v.exp() - v).sum(1) - 1,
            lambda m, v: 0.5 * ((m**2 + v.exp() - v).sum(1) - len(m)),
        ),
        Mistake(
            "The mean is not squared.",
            lambda m, v: 0.5 * (m + v.exp() - v - 1).sum(1),
            lambda m, v: 0.5 * (m.abs() + v.exp() - v - 1).sum(1),
        ),
        Mistake(
            "The means are added up before they are squared. Each dimension pays for its own μ².",
            lambda m, v: 0.5 * (m.sum(1) ** 2 + (v.exp() - v - 1).sum(1)),
        ),
        Mistake(
            "The term μ² is divided by σ². It would be for the divergence of the prior from the "
            "posterior; here the prior's variance stands below, which is 1.",
            lambda m, v: 0.5 * (m**2 / v.exp() + v.exp() - v - 1).sum(1),
            lambda m, v: 0.5 * (m**2 / v.exp() - v).sum(1),
        ),
        Mistake(
            "The mean is left out. A posterior that has moved away from 0 costs ½ μ² for that.",
            lambda m, v: 0.5 * (v.exp() - v - 1).sum(1),
        ),
        Mistake(
            "The term log σ² is left out or has the wrong sign. It is what makes a narrow "
            "posterior expensive.",
            lambda m, v: 0.5 * (m**2 + v.exp() - 1).sum(1),
            lambda m, v: 0.5 * (m**2 + v.exp() + v - 1).sum(1),
        ),
        Mistake(
            "One sign is wrong: μ² and σ² are added, log σ² and the 1 are subtracted.",
            lambda m, v: halves((-0.5, 0.5, 0.5, 0.5), m, v).sum(1),
            lambda m, v: halves((0.5, -0.5, 0.5, 0.5), m, v).sum(1),
            lambda m, v: halves((0.5, 0.5, 0.5, -0.5), m, v).sum(1),
        ),
        Mistake(
            "The term σ² is left out. It is what keeps a posterior from growing wide.",
            lambda m, v: 0.5 * (m**2 - v - 1).sum(1),
        ),
        Mistake(
            "The two distributions are swapped: this is the divergence of the prior from the "
            "posterior. The average in the ELBO is taken over the posterior q.",
            lambda m, v: 0.5 * ((1 + m**2) * (-v).exp() + v - 1).sum(1),
        ),
        Mistake(
            "The logarithm has base 2, so this is in bits. Reconstruction terms are in nats: both "
            "must be in the same unit before they are added.",
            lambda m, v: kl(m, v).sum(1) / np.log(2),
        ),
    ],
    insight="It is 0 for the prior itself and positive for everything else: the nats that this "
    "image's code costs.",
)

# Reparameterised codes ----------------------------------------------------------------------


class Draw(torch.nn.Module):
    """Standard normal numbers of any shape, always the same ones in the same order.

    Drawn row by row they are those of a single call. Copies start afresh. (A module, because a
    plain function would be taken for one without a memory.)
    """

    def __init__(self, seed):
        super().__init__()
        self.seed, self.random = seed, np.random.default_rng(seed)

    def forward(self, *shape):
        shape = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        return torch.tensor(self.random.standard_normal(tuple(shape)))

    def __deepcopy__(self, memo):
        return Draw(self.seed)


def sampled_code(mean, log_variance, draw):
    std = torch.exp(0.5 * log_variance)
    codes = mean + std * draw(*mean.shape)
    (gradient,) = torch.autograd.grad(codes.sum(), log_variance)
    return codes, gradient


def by_hand(mean, log_variance, draw):
    noise = draw(*mean.shape)
    std = torch.exp(0.5 * log_variance)
    return mean + std * noise, 0.5 * std * noise


def with_gradient(mean, v, draw, deviation, shape=None, sign=1, gradient=None, middle=None):
    """Codes and the derivative of their sum by the log-variance, with one thing changed."""
    noise = draw(*(mean.shape if shape is None else shape(mean)))
    std = deviation(v)
    z = (mean if middle is None else middle) + sign * std * noise
    (slope,) = torch.autograd.grad((std * noise).expand_as(mean).sum(), v)
    return z.expand_as(mean), slope if gradient is None else gradient(std, noise, v)


def exp_half(v):
    return torch.exp(0.5 * v)


def right_codes(gradient):
    """Right codes, with another gradient: ``gradient(std, noise, mean)``, or with ``draw`` too."""
    def wrong(m, v, draw):
        noise, std = draw(*m.shape), exp_half(v)
        more = (draw,) if gradient.__code__.co_argcount == 4 else ()
        return m + std * noise, gradient(std, noise, m, *more)
    return wrong


def noisy_posteriors(seed, images, dimensions):
    return *posteriors(seed, images, dimensions), Draw(seed)


REPARAMETERISE = Exercise(
    name="reparameterise",
    right=sampled_code,
    written_out=(by_hand,),
    returns=("the codes", "the gradient"),
    from_net=("mean", "log_variance"),
    probes={
        "6 images and 3 code dimensions": noisy_posteriors(4, 6, 3),
        "3 images and 5 code dimensions": noisy_posteriors(5, 3, 5),
        "2 images and 4 code dimensions": noisy_posteriors(6, 2, 4),
    },
    mistakes=[
        Mistake(
            "The codes are right. The gradient is not: every number of it is ½ σ ε, with the same "
            "ε as in the code.",
            right_codes(lambda std, noise, m: std),
            right_codes(lambda std, noise, m: 0.5 * std),
            right_codes(lambda std, noise, m: 0.5 * noise),
            right_codes(lambda std, noise, m: std**2 * noise),
            right_codes(lambda std, noise, m: 0.5 * std**2 * noise),
            right_codes(lambda std, noise, m: m + std * noise),
        ),
        Mistake(
            "The codes are right. For the gradient, noise was drawn anew: it has to be the ε that "
            "is in the code.",
            right_codes(lambda std, noise, m, draw: 0.5 * std * draw(*m.shape)),
            right_codes(lambda std, noise, m, draw: std * draw(*m.shape)),
            right_codes(lambda std, noise, m, draw: draw(*m.shape)),
        ),
        Mistake(
            "The noise is multiplied by exp(log σ²), the variance. The standard deviation is the "
            "exponential of *half* the log-variance.",
            lambda m, v, draw: with_gradient(m, v, draw, torch.exp),
        ),
        Mistake(
            "The noise is multiplied by exp(2 · log σ²). The standard deviation is the exponential "
            "of half the log-variance.",
            lambda m, v, draw: with_gradient(m, v, draw, lambda v: torch.exp(2 * v)),
        ),
        Mistake(
            "The log-variance itself scales the noise. It is a logarithm, and often negative: take "
            "the exponential of half of it.",
            lambda m, v, draw: with_gradient(m, v, draw, lambda v: v),
            lambda m, v, draw: with_gradient(m, v, draw, lambda v: 0.5 * v),
        ),
        Mistake(
            "The whole batch shares one ε. Every image needs noise of its own: ask for the shape "
            "of the means, (images, dimensions).",
            lambda m, v, draw: with_gradient(m, v, draw, exp_half, lambda m: (1, m.shape[1])),
        ),
        Mistake(
            "All dimensions of a code share one ε. Then the posterior is a line, not a cloud: ask "
            "for the shape of the means, (images, dimensions).",
            lambda m, v, draw: with_gradient(m, v, draw, exp_half, lambda m: (len(m), 1)),
        ),
        Mistake(
            "A single number is drawn for all images and dimensions. Ask for the shape of the "
            "means, (images, dimensions).",
            lambda m, v, draw: with_gradient(m, v, draw, exp_half, lambda m: (1, 1)),
        ),
        Mistake(
            "The noise is subtracted. That is as good a draw, since ε is as often negative as "
            "positive, but the check compares numbers: add it.",
            lambda m, v, draw: with_gradient(
                m, v, draw, exp_half, sign=-1, gradient=lambda std, noise, v: -0.5 * std * noise),
        ),
        Mistake(
            "The noise is not scaled: its standard deviation is 1 for every image. Multiply it by "
            "that of the posterior.",
            lambda m, v, draw: (m + draw(*m.shape), 0 * v),
        ),
        Mistake(
            "The mean is left out. The noise has to be centred on it.",
            lambda m, v, draw: with_gradient(m, v, draw, exp_half, middle=0),
        ),
        Mistake(
            "The codes are the means: nothing random is added. That is what `encode` returns; "
            "training needs a sample.",
            lambda m, v, draw: (m, 0 * v),
        ),
        Mistake(
            "The codes are right, but the gradient is 0: what carries it was cut off, by `detach`, "
            "`no_grad` or `.data`. Then training never changes the variance.",
            lambda m, v, draw: with_gradient(
                m, v, draw, exp_half, gradient=lambda std, noise, v: 0 * v),
        ),
        Mistake(
            "The codes are right. The gradient misses the ½ from the chain rule: the derivative of "
            "exp(½ v) is ½ exp(½ v).",
            lambda m, v, draw: with_gradient(
                m, v, draw, exp_half, gradient=lambda std, noise, v: std * noise),
        ),
        Mistake(
            "The codes are right. The gradient is that by the standard deviation, ε. Asked for is "
            "the one by the log-variance, which the encoder gives.",
            lambda m, v, draw: with_gradient(
                m, v, draw, exp_half, gradient=lambda std, noise, v: noise),
        ),
        Mistake(
            "The codes are right. The gradient is that by the mean, which is 1 everywhere. Asked "
            "for is the one by the log-variance.",
            lambda m, v, draw: with_gradient(
                m, v, draw, exp_half, gradient=lambda std, noise, v: torch.ones_like(v)),
        ),
        Mistake(
            "The two values are in the wrong order: the codes come first.",
            lambda m, v, draw: with_gradient(m, v, draw, exp_half)[::-1],
        ),
    ],
    hints={
        r"does not require grad": (
            "The codes no longer know where they came from: was the log-variance or the mean cut "
            "off by `detach`, `no_grad`, `.data` or a trip to NumPy? Then nothing can be trained."),
        r"appears to not have been used|not have been used in the graph": (
            "The codes do not depend on the log-variance: it was cut off by `detach`, `no_grad` "
            "or `.data`, or it is not used at all. Then its gradient is lost."),
        r"grad can be implicitly created only for scalar": (
            "A gradient belongs to one number: take the sum of the codes first."),
    },
    insight="The randomness comes in from outside, so the derivative passes through: by the mean "
    "it is 1, by the log-variance ½ σ ε.",
)

# Negative ELBO ------------------------------------------------------------------------------


def negative_elbo(logits, target, mean, log_variance):
    pixels = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    each = 0.5 * (mean**2 + torch.exp(log_variance) - log_variance - 1)
    return pixels.flatten(1).sum(1) + each.sum(1)


def kl_as_in_programs(logits, target, mean, log_variance):
    pixels = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    kl = -0.5 * (1 + log_variance - mean**2 - torch.exp(log_variance)).sum(1)
    return pixels.sum(dim=(1, 2, 3)) + kl


def ink(logits, target):
    """Binary cross-entropy of each pixel, (images, pixels)."""
    return F.binary_cross_entropy_with_logits(logits, target, reduction="none").flatten(1)


def on_probabilities(logits, target, again=False):
    """Cross-entropy of what the logits would be if they were taken for probabilities."""
    p = torch.sigmoid(torch.sigmoid(logits)) if again else logits.clamp(0, 1)
    return F.binary_cross_entropy(p, target, reduction="none").flatten(1)


def logarithms_of_logits(logits, target):
    """The formula of the cross-entropy on logits as they are; NaN outside of 0 to 1."""
    pixels = -(target * torch.log(logits) + (1 - target) * torch.log(1 - logits))
    return pixels.flatten(1)


def pictures(seed, images, height, width, dimensions, like_probabilities=False):
    """Logits, and black and white targets. Logits between 0 and 1 pass for probabilities."""
    random = np.random.default_rng(seed)
    logits = torch.tensor(random.normal(0, 2, size=(images, 1, height, width)))
    logits = torch.sigmoid(logits) if like_probabilities else logits
    target = torch.tensor((random.uniform(size=logits.shape) < 0.4).astype(float))
    return logits, target, *posteriors(seed + 1, images, dimensions)


NEGATIVE_ELBO = Exercise(
    name="negative ELBO",
    right=negative_elbo,
    written_out=(kl_as_in_programs,),
    probes={
        "4 images of 3 × 5 pixels, 3 code dimensions": pictures(7, 4, 3, 5, 3),
        "3 images of 4 × 4 pixels, 5 code dimensions": pictures(9, 3, 4, 4, 5),
        "2 images of 2 × 6 pixels, 4 code dimensions": pictures(11, 2, 2, 6, 4),
        "2 images of 3 × 4 pixels, 3 code dimensions, logits between 0 and 1":
            pictures(13, 2, 3, 4, 3, like_probabilities=True),
    },
    mistakes=[
        Mistake(
            "The cross-entropy is averaged over pixels, and the KL is a sum. On MNIST that counts "
            "the KL 784 times: a β of 784 in disguise, and every code collapses. Sum both.",
            lambda x, t, m, v: ink(x, t).mean(1) + kl(m, v).sum(1),
            lambda x, t, m, v: ink(x, t).mean() + kl(m, v).sum(1),
            lambda x, t, m, v: ink(x, t).mean() + kl(m, v).sum(1).mean(),
            lambda x, t, m, v: ink(x, t).mean() + kl(m, v).sum(),
        ),
        Mistake(
            "The KL is averaged over the dimensions of the code, and the cross-entropy is a sum. "
            "With 20 dimensions that is a β of 0.05. Sum both.",
            lambda x, t, m, v: ink(x, t).sum(1) + kl(m, v).mean(1),
            lambda x, t, m, v: ink(x, t).sum(1) + kl(m, v).mean(),
        ),
        Mistake(
            "Both terms are averages, one over pixels and one over dimensions. Their numbers "
            "differ, so this is a β of pixels / dimensions in disguise. Sum both.",
            lambda x, t, m, v: ink(x, t).mean(1) + kl(m, v).mean(1),
            lambda x, t, m, v: ink(x, t).mean() + kl(m, v).mean(),
        ),
        Mistake(
            "The cross-entropy is subtracted. It is already the negative log-likelihood, so it is "
            "added.",
            lambda x, t, m, v: kl(m, v).sum(1) - ink(x, t).sum(1),
        ),
        Mistake(
            "The KL is subtracted. It is a cost: the ELBO is the log-likelihood *minus* the KL, so "
            "the negative ELBO is the cross-entropy *plus* the KL.",
            lambda x, t, m, v: ink(x, t).sum(1) - kl(m, v).sum(1),
        ),
        Mistake(
            "This is the ELBO. Its negative is asked for, a positive number that training makes "
            "small.",
            lambda x, t, m, v: -negative_elbo(x, t, m, v),
        ),
        Mistake(
            "The KL is missing. What is left is the loss of a plain autoencoder.",
            lambda x, t, m, v: ink(x, t).sum(1),
        ),
        Mistake(
            "The reconstruction is missing, or it is 0 for all images, as with F.cross_entropy, "
            "which chooses among channels and finds a single one. The KL alone is smallest when "
            "the code says nothing.",
            lambda x, t, m, v: kl(m, v).sum(1),
        ),
        Mistake(
            "The logits and the target have changed places: binary cross-entropy takes the "
            "prediction first.",
            lambda x, t, m, v: ink(t, x).sum(1) + kl(m, v).sum(1),
        ),
        Mistake(
            "Only pixels with ink are counted. A pixel that is paper costs −log(1 − p).",
            lambda x, t, m, v: -(t * F.logsigmoid(x)).flatten(1).sum(1) + kl(m, v).sum(1),
        ),
        Mistake(
            "Ink and paper are exchanged: a pixel with ink costs −log p, one that is paper "
            "−log(1 − p).",
            lambda x, t, m, v: ink(x, 1 - t).sum(1) + kl(m, v).sum(1),
        ),
        Mistake(
            "In the KL the two distributions are swapped: it is that of q from the prior, averaged "
            "over q.",
            lambda x, t, m, v: ink(x, t).sum(1) + 0.5 * ((1 + m**2) * (-v).exp() + v - 1).sum(1),
        ),
        Mistake(
            "The KL is multiplied by a count of the data. As both terms are sums, it stands "
            "beside the cross-entropy as it is: β is 1.",
            lambda x, t, m, v: ink(x, t).sum(1) + x[0].numel() * kl(m, v).sum(1),
            lambda x, t, m, v: ink(x, t).sum(1) + 784 * kl(m, v).sum(1),
            lambda x, t, m, v: ink(x, t).sum(1) + kl(m, v).sum(1) / x[0].numel(),
            lambda x, t, m, v: ink(x, t).sum(1) + kl(m, v).sum(1) / 784,
            lambda x, t, m, v: ink(x, t).sum(1) + kl(m, v).sum(1) / 20,
            lambda x, t, m, v: ink(x, t).sum(1) + kl(m, v).sum(1) / len(x),
        ),
        Mistake(
            "In the KL the −1 is missing, or it is not there once for each dimension: for the "
            "prior itself the KL is not 0.",
            lambda x, t, m, v: ink(x, t).sum(1) + 0.5 * (m**2 + v.exp() - v).sum(1),
            lambda x, t, m, v: ink(x, t).sum(1) + 0.5 * ((m**2 + v.exp() - v).sum(1) - 1),
            lambda x, t, m, v: ink(x, t).sum(1) + 0.5 * (m**2 + v.exp() - v).sum(1) - 1,
        ),
        Mistake(
            "In the KL, σ is not what it should be: log_variance is log σ², and its exponential "
            "is σ².",
            lambda x, t, m, v: ink(x, t).sum(1) + kl(m, 2 * v).sum(1),
            lambda x, t, m, v: ink(x, t).sum(1) + 0.5 * (m**2 + (2 * v).exp() - v - 1).sum(1),
            lambda x, t, m, v: ink(x, t).sum(1) + 0.5 * (m**2 + (v / 2).exp() - v - 1).sum(1),
            lambda x, t, m, v: ink(x, t).sum(1) + 0.5 * (m**2 + v.exp() - 0.5 * v - 1).sum(1),
            lambda x, t, m, v: ink(x, t).sum(1) + 0.5 * (m**2 + v.exp() - 2 * v - 1).sum(1),
            lambda x, t, m, v: ink(x, t).sum(1) + 0.5 * (m**2 + v**2 - torch.log(v**2) - 1).sum(1),
            lambda x, t, m, v: ink(x, t).sum(1) + 0.5 * (m**2 + v**2 - v - 1).sum(1),
        ),
        Mistake(
            "One term is in bits, or both: a logarithm has base 2. In nats it is the natural one.",
            lambda x, t, m, v: negative_elbo(x, t, m, v) / np.log(2),
            lambda x, t, m, v: ink(x, t).sum(1) / np.log(2) + kl(m, v).sum(1),
            lambda x, t, m, v: ink(x, t).sum(1) + kl(m, v).sum(1) / np.log(2),
        ),
        Mistake(
            "The mean over pixels is multiplied by 784, which is right for MNIST alone, and "
            "averages over images as well. Sum over the pixels of each image.",
            lambda x, t, m, v: 784 * ink(x, t).mean(1) + kl(m, v).sum(1),
            lambda x, t, m, v: 784 * ink(x, t).mean() + kl(m, v).sum(1),
            lambda x, t, m, v: 784 * ink(x, t).mean() + kl(m, v).sum(1).mean(),
        ),
        Mistake(
            "The KL is added twice as large as it is: its ½ is missing.",
            lambda x, t, m, v: ink(x, t).sum(1) + 2 * kl(m, v).sum(1),
        ),
        Mistake(
            "This is one number for the whole batch, a mean over images. Keep one number for each "
            "image.",
            lambda x, t, m, v: negative_elbo(x, t, m, v).mean(),
        ),
        Mistake(
            "This is one number for the whole batch, a sum over images. Keep one number for each "
            "image.",
            lambda x, t, m, v: negative_elbo(x, t, m, v).sum(),
        ),
        Mistake(
            "One of the two terms is added up over the whole batch, and then given to every image. "
            "Sum over pixels and over dimensions, never over images.",
            lambda x, t, m, v: ink(x, t).sum() + kl(m, v).sum(1),
            lambda x, t, m, v: ink(x, t).sum(1) + kl(m, v).sum(),
        ),
        Mistake(
            "One of the two terms is averaged over the batch, and then given to every image. Keep "
            "each image's own.",
            lambda x, t, m, v: ink(x, t).sum(1).mean() + kl(m, v).sum(1),
            lambda x, t, m, v: ink(x, t).sum(1) + kl(m, v).sum(1).mean(),
        ),
        Mistake(
            "One term has the shape (images, 1), the other (images,). Added, they make a table of "
            "every image with every other. Sum over *all* pixels of an image, the channel too.",
            lambda x, t, m, v: ink(x, t).sum(1, keepdim=True) + kl(m, v).sum(1),
            lambda x, t, m, v: ink(x, t).sum(1) + kl(m, v).sum(1, keepdim=True),
        ),
        Mistake(
            "A sigmoid is applied before a function that contains one. The name ..._with_logits "
            "says: it wants the numbers before the sigmoid.",
            lambda x, t, m, v: ink(torch.sigmoid(x), t).sum(1) + kl(m, v).sum(1),
        ),
        Mistake(
            "Logits are taken for probabilities. Apply a sigmoid first, or better, use the "
            "function that takes logits.",
            lambda x, t, m, v: on_probabilities(x, t).sum(1) + kl(m, v).sum(1),
            lambda x, t, m, v: logarithms_of_logits(x, t).sum(1) + kl(m, v).sum(1),
        ),
        Mistake(
            "This is a squared error. The pixels are black or white, and their likelihood is that "
            "of coin throws: binary cross-entropy.",
            lambda x, t, m, v: (
                (torch.sigmoid(x) - t).square().flatten(1).sum(1) + kl(m, v).sum(1)),
            lambda x, t, m, v: (x - t).square().flatten(1).sum(1) + kl(m, v).sum(1),
        ),
    ],
    hints={
        r"between 0 and 1|all elements of input should be": (
            "Those are logits, not probabilities: use binary_cross_entropy_with_logits."),
    },
    insight="Both terms are sums, in nats, for each image: then β is 1, and the number can stand "
    "beside those of papers.",
)

EXERCISES = [KL_TO_PRIOR, REPARAMETERISE, NEGATIVE_ELBO]
