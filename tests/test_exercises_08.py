"""Exercises of lesson 08: answers as learners write them, and the verdict on each.

Nothing here uses the catalogue's own functions, as in ``test_exercises_01_03``.
"""

import numpy as np
import torch
import torch.nn.functional as F
from exercise_suite import ExerciseTests

RIGHT = {
    "KL to the prior": """
def answer(mean, log_variance):
    variance = torch.exp(log_variance)
    per_dimension = 0.5 * (mean ** 2 + variance - log_variance - 1)
    return per_dimension.sum(dim=1)
""",
    "reparameterise": """
def answer(mean, log_variance, draw):
    std = torch.exp(0.5 * log_variance)
    noise = draw(*mean.shape)
    z = mean + std * noise
    gradient = torch.autograd.grad(z.sum(), log_variance)[0]
    return z, gradient
""",
    "negative ELBO": """
def answer(logits, target, mean, log_variance):
    pixels = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    reconstruction = pixels.flatten(1).sum(1)
    kl = 0.5 * (mean ** 2 + log_variance.exp() - log_variance - 1)
    return reconstruction + kl.sum(1)
""",
}

TERMS = "mean ** 2 + variance - log_variance - 1"
GRAD = "torch.autograd.grad(z.sum(), log_variance)[0]"

# For each exercise: how the mistake's message starts, then what is replaced by what.
WRONG = {
    "KL to the prior": [
        ("The ½ is missing", "0.5 * (", "("),
        ("The ½ does not stand before all four", f"0.5 * ({TERMS})", f"0.5 * {TERMS}"),
        ("The ½ does not stand before all four", f"0.5 * ({TERMS})",
         "0.5 * (mean ** 2 + variance) - log_variance - 1"),
        ("The ½ does not stand before all four", f"0.5 * ({TERMS})",
         "0.5 * (mean ** 2 + variance - log_variance) - 1"),
        ("Half of the log-variance", "- log_variance", "- 0.5 * log_variance"),
        ("The ½ does not stand before all four", "- log_variance", "- 2 * log_variance"),
        ("One sign is wrong", "mean ** 2 + ", "-mean ** 2 + "),
        ("One sign is wrong", "+ variance", "- variance"),
        ("One sign is wrong", "- 1)", "+ 1)"),
        ("The sign is reversed", "0.5 * (", "-0.5 * ("),
        ("The sign is reversed", f"0.5 * ({TERMS})",
         "0.5 * (1 + log_variance - mean.pow(2) - log_variance.exp())"),
        ("The log-variance is taken for log σ", "torch.exp(log_variance)",
         "torch.exp(log_variance) ** 2", "- log_variance - 1", "- 2 * log_variance - 1"),
        ("The variance is exp(½", "torch.exp(log_variance)", "torch.exp(0.5 * log_variance)"),
        ("The variance is exp(2", "torch.exp(log_variance)", "torch.exp(log_variance) ** 2"),
        ("The log-variance is taken for the variance", "torch.exp(log_variance)", "log_variance"),
        ("The log-variance is taken for the variance", "variance - log_variance",
         "log_variance - torch.log(log_variance)"),
        ("The mean over dimensions", "per_dimension.sum(dim=1)", "per_dimension.mean(dim=1)"),
        ("This is one number for the whole batch, a sum", "sum(dim=1)", "sum()"),
        ("This is one number for the whole batch, a mean", "sum(dim=1)", "sum(dim=1).mean()"),
        ("This is one number for the whole batch, a mean", "sum(dim=1)", "mean()"),
        ("The sum runs over images", "sum(dim=1)", "sum(dim=0)"),
        ("There is still one number per dimension", ".sum(dim=1)", ""),
        ("The −1 is missing", " - 1)", ")"),
        ("The 1 is subtracted once", f"0.5 * ({TERMS})", f"0.5 * ({TERMS[:-4]})",
         ".sum(dim=1)", ".sum(dim=1) - 0.5"),
        ("The 1 is subtracted once", "return per_dimension.sum(dim=1)",
         "return (per_dimension + 0.5).sum(dim=1) - len(mean) / 2"),
        ("The mean is not squared", "mean ** 2", "mean"),
        ("The means are added up before", "return per_dimension.sum(dim=1)",
         "rest = per_dimension - 0.5 * mean ** 2\n"
         "    return 0.5 * mean.sum(1) ** 2 + rest.sum(1)"),
        ("The term μ² is divided by σ²", "mean ** 2", "mean ** 2 / variance"),
        ("The mean is left out", "mean ** 2 + ", ""),
        ("The term log σ² is left out", "- log_variance", ""),
        ("The term log σ² is left out", "- log_variance", "+ log_variance"),
        ("The term σ² is left out", "+ variance ", ""),
        ("The two distributions are swapped", TERMS,
         "1 / variance + mean ** 2 / variance + log_variance - 1"),
        ("The logarithm has base 2", ".sum(dim=1)", ".sum(dim=1) / np.log(2)"),
    ],
    "reparameterise": [
        ("The noise is multiplied by exp(log", "0.5 * log_variance", "log_variance"),
        ("The noise is multiplied by exp(2", "0.5 * log", "2 * log"),
        ("The log-variance itself scales", "torch.exp(0.5 * log_variance)", "log_variance"),
        ("The whole batch shares one ε", "*mean.shape", "mean.shape[1]"),
        ("The whole batch shares one ε", "*mean.shape", "1, mean.shape[1]"),
        ("All dimensions of a code share", "*mean.shape", "len(mean), 1"),
        ("A single number is drawn", "*mean.shape", "1"),
        ("A single number is drawn", "*mean.shape", ""),
        ("The noise is subtracted", "mean + std", "mean - std"),
        ("The noise is not scaled", "std * noise", "noise + 0 * log_variance"),
        ("The mean is left out", "mean + std", "std"),
        ("The codes are the means", "std * noise", "0 * std"),
        ("The codes are right, but the gradient is 0", GRAD, "torch.zeros_like(log_variance)"),
        ("The codes are right, but the gradient is 0", "return",
         "z = mean + std.detach() * noise + 0 * log_variance\n    gradient = " + GRAD
         + "\n    return"),
        ("The codes are right. The gradient misses the ½", GRAD, "std * noise"),
        ("The codes are right. The gradient is that by the standard deviation", GRAD,
         "torch.autograd.grad(z.sum(), std)[0]"),
        ("The codes are right. The gradient is that by the mean", GRAD,
         "torch.autograd.grad(z.sum(), mean)[0]"),
        ("The codes are right. The gradient is not", GRAD, "std"),
        ("The codes are right. The gradient is not", GRAD, "0.5 * std"),
        ("The codes are right. The gradient is not", GRAD, "0.5 * noise"),
        ("The codes are right. The gradient is not", GRAD, "std ** 2 * noise"),
        ("The codes are right. The gradient is not", GRAD, "0.5 * log_variance.exp() * noise"),
        ("The codes are right. The gradient is not", GRAD, "z"),
        ("The codes are right. For the gradient, noise", GRAD, "0.5 * std * draw(*mean.shape)"),
        ("The codes are right. For the gradient, noise", GRAD, "draw(*mean.shape)"),
        ("The two values are in the wrong order", "return z, gradient", "return gradient, z"),
    ],
    "negative ELBO": [
        ("The cross-entropy is averaged over pixels", "flatten(1).sum(1)", "flatten(1).mean(1)"),
        ("The cross-entropy is averaged over pixels", "pixels.flatten(1).sum(1)", "pixels.mean()"),
        ("The cross-entropy is averaged over pixels", "pixels.flatten(1).sum(1)", "pixels.mean()",
         "kl.sum(1)", "kl.sum(1).mean()"),
        ("The KL is averaged over the dimensions", "kl.sum(1)", "kl.mean(1)"),
        ("Both terms are averages", "pixels.flatten(1).sum(1)", "pixels.mean()",
         "kl.sum(1)", "kl.mean()"),
        ("The KL is subtracted", "+ kl.sum(1)", "- kl.sum(1)"),
        ("The cross-entropy is subtracted", "return reconstruction", "return -reconstruction"),
        ("The logits and the target have changed", "(logits, target, r", "(target, logits, r"),
        ("Only pixels with ink", "F.binary_cross_entropy_with_logits(logits, target, "
         'reduction="none")', "-(target * torch.log(torch.sigmoid(logits)))"),
        ("Ink and paper are exchanged", "(logits, target, r", "(logits, 1 - target, r"),
        ("Ink and paper are exchanged", "(logits, target, r", "(-logits, target, r"),
        ("In the KL the −1 is missing", " - 1)", ")"),
        ("In the KL the −1 is missing", " - 1)", ")", "kl.sum(1)", "kl.sum(1) - 1"),
        ("In the KL the two distributions are swapped",
         "mean ** 2 + log_variance.exp() - log_variance - 1",
         "(1 + mean ** 2) / log_variance.exp() + log_variance - 1"),
        ("The KL is multiplied by a count", "kl.sum(1)", "784 * kl.sum(1)"),
        ("The KL is multiplied by a count", "kl.sum(1)", "kl.sum(1) / len(logits)"),
        ("The KL is multiplied by a count", "kl.sum(1)", "kl.sum(1) / logits[0].numel()"),
        ("In the KL, σ is not", "log_variance.exp()", "log_variance ** 2"),
        ("In the KL, σ is not", "log_variance.exp()", "log_variance.exp() ** 2"),
        ("In the KL, σ is not", "log_variance.exp()", "(0.5 * log_variance).exp()"),
        ("In the KL, σ is not", "- log_variance", "- 0.5 * log_variance"),
        ("In the KL, σ is not", "log_variance.exp() - log_variance",
         "(2 * log_variance).exp() - 2 * log_variance"),
        ("This is the ELBO", "return reconstruction + kl.sum(1)",
         "return -reconstruction - kl.sum(1)"),
        ("The KL is missing", "reconstruction + kl.sum(1)", "reconstruction"),
        ("The reconstruction is missing", "reconstruction + kl.sum(1)", "kl.sum(1)"),
        ("The KL is added twice as large", "0.5 * ", ""),
        ("This is one number for the whole batch, a mean", "reconstruction + kl.sum(1)",
         "(reconstruction + kl.sum(1)).mean()"),
        ("This is one number for the whole batch, a sum", "flatten(1).sum(1)", "sum()",
         "kl.sum(1)", "kl.sum()"),
        ("One of the two terms is added up", "kl.sum(1)", "kl.sum()"),
        ("One of the two terms is averaged over the batch", "kl.sum(1)", "kl.sum(1).mean()"),
        ("One term has the shape", "pixels.flatten(1).sum(1)", "pixels.sum(dim=(2, 3))"),
        ("One term has the shape", "kl.sum(1)", "kl.sum(1, keepdim=True)"),
        ("A sigmoid is applied before", "with_logits(logits", "with_logits(logits.sigmoid()"),
        ("Logits are taken for probabilities", "_with_logits(logits", "(logits.clamp(0, 1)"),
        ("Logits are taken for probabilities", "F.binary_cross_entropy_with_logits(logits, target, "
         'reduction="none")',
         "-(target * torch.log(logits) + (1 - target) * torch.log(1 - logits))"),
        ("The reconstruction is missing", "F.binary_cross_entropy_with_logits(logits",
         "F.cross_entropy(logits"),
        ("In the KL, σ is not", "log_variance.exp() - log_variance",
         "log_variance ** 2 - torch.log(log_variance ** 2)"),
        ("One term is in bits", "kl.sum(1)", "kl.sum(1) / np.log(2)"),
        ("One term is in bits", "return reconstruction + kl.sum(1)",
         "return (reconstruction + kl.sum(1)) / np.log(2)"),
        ("The mean over pixels is multiplied by 784", "pixels.flatten(1).sum(1)",
         "784 * pixels.mean()"),
        ("The mean over pixels is multiplied by 784", "pixels.flatten(1).sum(1)",
         "784 * pixels.flatten(1).mean(1)"),
        ("One of the two terms is averaged over the batch", "pixels.flatten(1).sum(1)",
         "pixels.flatten(1).sum(1).mean()"),
        ("This is a squared error", "pixels.flatten(1)",
         "((torch.sigmoid(logits) - target) ** 2).flatten(1)"),
    ],
}

# Slips that raise, and how the hint starts.
RAISING = {
    "reparameterise": [
        ("The codes no longer know", "mean + std", "mean.detach() + std.detach()"),
        ("The codes do not depend on the log-variance", "std * noise", "std.detach() * noise"),
        ("A gradient belongs to one number", "z.sum()", "z"),
    ],
    "negative ELBO": [
        ("Those are logits", "_with_logits", ""),
    ],
}

ALSO_RIGHT = {
    "KL to the prior": ["""
def answer(mean, log_variance):
    return -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp(), dim=1)
""", """
def answer(mean, log_variance):
    from torch.distributions import Normal, kl_divergence
    q = Normal(mean, torch.exp(log_variance / 2))
    return kl_divergence(q, Normal(torch.zeros_like(mean), torch.ones_like(mean))).sum(-1)
""", """
def answer(mean, log_variance):
    m, v = mean.numpy(), log_variance.numpy()
    return [sum(0.5 * (m[i, j]**2 + np.exp(v[i, j]) - v[i, j] - 1) for j in range(m.shape[1]))
            for i in range(len(m))]
"""],
    "reparameterise": ["""
def answer(mean, log_variance, draw):  # row by row
    z = torch.stack([m + (v / 2).exp() * draw(len(m)) for m, v in zip(mean, log_variance)])
    z.sum().backward()
    return z, log_variance.grad
""", """
def answer(mean, log_variance, draw):  # the derivative by hand
    noise = draw(mean.shape)
    std = log_variance.exp().sqrt()
    return mean + std * noise, 0.5 * std * noise
""", """
def answer(mean, log_variance, draw):
    z = mean + torch.exp(0.5 * log_variance) * draw(mean.shape[0], mean.shape[1])
    return [z.detach().numpy(), torch.autograd.grad(z, log_variance, torch.ones_like(z))[0]]
"""],
    "negative ELBO": ["""
def answer(logits, target, mean, log_variance):
    p = torch.sigmoid(logits)
    log_p = (target * torch.log(p) + (1 - target) * torch.log(1 - p)).sum(dim=(1, 2, 3))
    kl = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1)
    return kl - log_p
""", """
def answer(logits, target, mean, log_variance):
    from torch.distributions import Bernoulli, Normal, kl_divergence
    likelihood = Bernoulli(logits=logits).log_prob(target).flatten(1).sum(1)
    q, p = Normal(mean, torch.exp(0.5 * log_variance)), Normal(0 * mean, 1 + 0 * mean)
    return -(likelihood - kl_divergence(q, p).sum(1))
"""],
}


OWN_NOISE = """
def answer(mean, log_variance, draw):
    std = torch.exp(0.5 * log_variance)
    z = mean + std * torch.randn_like(std)
    return z, torch.autograd.grad(z.sum(), log_variance)[0]
""", """
def answer(mean, log_variance, draw):
    from torch.distributions import Normal
    z = Normal(mean, torch.exp(0.5 * log_variance)).rsample()
    return z, torch.autograd.grad(z.sum(), log_variance)[0]
"""
NOTHING = """
def answer(mean, log_variance):
    return (0 * mean / 0).sum(1)
"""


class TestExercises(ExerciseTests):
    topics = ["variational"]
    scope = {"np": np, "torch": torch, "F": F}
    right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING

    def test_noise_from_elsewhere_is_named(self):
        for answer in OWN_NOISE:
            verdict = self.judge("reparameterise", answer)
            assert verdict.status == "wrong" and "random" in verdict.message, verdict.message

    def test_nothing_but_nan_is_not_taken_for_a_mistake(self):
        verdict = self.judge("KL to the prior", NOTHING)
        assert verdict.status == "wrong"
        assert verdict.message not in self.messages("KL to the prior")
