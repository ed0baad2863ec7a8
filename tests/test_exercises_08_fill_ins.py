"""The lines to fill in of lesson 08: answers as learners write them, and the verdict on each."""

import numpy as np
import torch
import torch.nn.functional as F
from exercise_suite import ExerciseTests

RIGHT = {
    "posterior on a grid": """
def answer(log_likelihood, log_prior, spacing):
    return torch.softmax(log_likelihood + log_prior, dim=0) / spacing
""",
    "gap on a grid": """
def answer(q, posterior, spacing):
    ratio = torch.log(q / posterior)
    return (q * ratio).sum() * spacing
""",
    "hidden beta": """
def answer(pixels, dimensions, pixels_averaged, kl_averaged):
    up = pixels if pixels_averaged else 1
    down = dimensions if kl_averaged else 1
    return up / down
""",
}

ALSO_RIGHT = {
    "posterior on a grid": ["""
def answer(log_likelihood, log_prior, spacing):
    log_joint = log_likelihood + log_prior
    return torch.exp(log_joint - torch.logsumexp(log_joint, 0) - np.log(spacing))
""", """
def answer(log_likelihood, log_prior, spacing):
    joint = torch.exp(log_likelihood + log_prior - (log_likelihood + log_prior).max())
    return joint / joint.sum() / spacing
""", """
def answer(log_likelihood, log_prior, spacing):
    return F.softmax(log_likelihood + log_prior, -1).numpy() / spacing
""", """
def answer(log_likelihood, log_prior, spacing):
    joint = torch.exp(log_likelihood + log_prior - log_likelihood.max())
    return joint / torch.trapezoid(joint, dx=spacing)
"""],
    "gap on a grid": ["""
def answer(q, posterior, spacing):
    return torch.sum(q * (q.log() - posterior.log()) * spacing)
""", """
def answer(q, posterior, spacing):
    return F.kl_div(posterior.log(), q, reduction="sum") * spacing
""", """
def answer(q, posterior, spacing):
    from scipy.stats import entropy
    return entropy(q.numpy(), posterior.numpy())
""", """
def answer(q, posterior, spacing):
    return torch.trapezoid(q * torch.log(q / posterior), dx=spacing)
""", """
def answer(q, posterior, spacing):
    return float(sum(a * np.log(a / b) for a, b in zip(q.numpy(), posterior.numpy()))) * spacing
"""],
    "hidden beta": ["""
def answer(pixels, dimensions, pixels_averaged, kl_averaged):
    return pixels ** int(pixels_averaged) / dimensions ** int(kl_averaged)
""", """
def answer(pixels, dimensions, pixels_averaged, kl_averaged):
    if pixels_averaged and kl_averaged:
        return pixels / dimensions
    if pixels_averaged:
        return pixels
    return 1 / dimensions if kl_averaged else 1
"""],
}

JOINT = "log_likelihood + log_prior"
SOFTMAX = f"torch.softmax({JOINT}, dim=0) / spacing"
SUM = "(q * ratio).sum() * spacing"

WRONG = {
    "posterior on a grid": [
        ("The prior is missing", JOINT, "log_likelihood"),
        ("The likelihood is missing", JOINT, "log_prior"),
        ("The likelihood is missing", SOFTMAX, "log_prior.exp()"),
        ("This is p(x|z) p(z), which", SOFTMAX, f"torch.exp({JOINT})"),
        ("These are probabilities of grid points", " / spacing", ""),
        ("The spacing multiplies", "/ spacing", "* spacing"),
        ("This is the logarithm", SOFTMAX, f"torch.log_softmax({JOINT}, 0) - np.log(spacing)"),
        ("This is the logarithm", SOFTMAX, JOINT),
        ("The logarithms are multiplied", JOINT, "log_likelihood * log_prior"),
        ("The prior is divided out", JOINT, "log_likelihood - log_prior"),
        ("The prior is divided out", SOFTMAX, "log_likelihood.exp() / log_prior.exp()"),
        ("The sign is reversed", JOINT, f"-({JOINT})"),
        ("The exponential is taken twice", JOINT, f"torch.exp({JOINT})"),
        ("The exponential is taken twice", JOINT, "log_likelihood.exp() * log_prior.exp()"),
        ("The exponentials are added", SOFTMAX, "log_likelihood.exp() + log_prior.exp()"),
        ("The exponentials are added", SOFTMAX,
         "(log_likelihood.exp() + log_prior.exp())"
         " / ((log_likelihood.exp() + log_prior.exp()).sum() * spacing)"),
        ("It is scaled to a largest value", SOFTMAX, f"torch.exp({JOINT} - ({JOINT}).max())"),
        ("This is p(x|z) p(z), which", SOFTMAX, f"torch.exp({JOINT}) * spacing"),
        ("This is p(x), one number", SOFTMAX, f"torch.exp({JOINT}).sum() * spacing"),
        ("This is p(x), one number", SOFTMAX, f"torch.logsumexp({JOINT}, 0)"),
        ("This is p(x), one number", SOFTMAX, f"torch.logsumexp({JOINT}, 0) + np.log(spacing)"),
        ("The logarithms themselves", SOFTMAX, f"({JOINT}) / ({JOINT}).sum()"),
        ("It is divided by the integral of the likelihood", SOFTMAX,
         f"torch.exp({JOINT}) / (log_likelihood.exp().sum() * spacing)"),
        ("The mean over the grid", SOFTMAX,
         f"torch.exp({JOINT}) / torch.exp({JOINT}).mean() / spacing"),
        ("Right, as long as the logarithms", SOFTMAX,
         f"torch.exp({JOINT}) / (torch.exp({JOINT}).sum() * spacing)"),
    ],
    "gap on a grid": [
        ("The two densities are exchanged", "q / posterior", "posterior / q", "q * r",
         "posterior * r"),
        ("Both directions are added", "q * r", "(q - posterior) * r"),
        ("F.kl_div wants the *logarithm*", SUM,
         "F.kl_div(q, posterior, reduction='sum') * spacing"),
        ("F.kl_div wants the *logarithm*", SUM,
         "F.kl_div(posterior, q, reduction='sum') * spacing"),
        ("The two densities are exchanged", SUM,
         "F.kl_div(q.log(), posterior, reduction='sum') * spacing"),
        ("The absolute value", "(q * ratio)", "(q * ratio).abs()"),
        ("This is a difference of two entropies", "q * ratio",
         "q * torch.log(q) - posterior * torch.log(posterior)"),
        ("The average is taken over the posterior", "q * r", "posterior * r"),
        ("The sign is reversed", "q / posterior", "posterior / q"),
        ("The sign is reversed", "return ", "return -"),
        ("The weights q are missing", "q * ratio", "ratio"),
        ("The weights q are missing", SUM, "ratio.mean()"),
        ("The spacing is missing", " * spacing", ""),
        ("The mean over the grid", ".sum() * spacing", ".mean()"),
        ("This is the area", SUM, "(q - posterior).abs().sum() * spacing"),
        ("This is a squared difference", SUM, "((q - posterior) ** 2).sum() * spacing"),
        ("This is the cross-entropy", "q / posterior", "1 / posterior"),
        ("This is minus the entropy of q", "q / posterior", "q"),
        ("The ratio is averaged", "torch.log(q / posterior)", "q / posterior"),
        ("The logarithm of the average", SUM, "torch.log((q * q / posterior).sum() * spacing)"),
        ("There is still one number", ".sum()", ""),
        ("There is still one number", ".sum() * spacing", ""),
        ("The logarithm has base 2", "torch.log(", "torch.log2("),
    ],
    "hidden beta": [
        ("It is upside down", "up / down", "down / up"),
        ("It is upside down", "up / down", "dimensions / pixels"),
        ("It is upside down", "up / down", "1 / (up * down)"),
        ("Both averages multiply", "up / down", "up * down"),
        ("The KL's average is left out", "up / down", "up"),
        ("The average over pixels is left out", "up / down", "1 / down"),
        ("The two switches are exchanged", "if pixels_averaged", "if X", "if kl_averaged",
         "if pixels_averaged", "if X", "if kl_averaged"),
        ("The switches mean the opposite", "pixels if pixels_averaged else 1",
         "1 if pixels_averaged else pixels", "dimensions if kl_averaged else 1",
         "1 if kl_averaged else dimensions"),
        ("A β is not always", "up / down", "pixels / dimensions"),
        ("Two averages do not cancel", "up / down",
         "1 if pixels_averaged == kl_averaged else up / down"),
        ("Where both are averaged", "up / down",
         "up if pixels_averaged else 1 / down"),
        ("Where both are averaged", "up / down", "1 / down if kl_averaged else up"),
        ("Where both are summed", "up / down",
         "up / down if pixels_averaged or kl_averaged else 0"),
    ],
}


class TestExercises(ExerciseTests):
    topics = ["variational_fill_ins"]
    scope = {"np": np, "torch": torch, "F": F}
    right, also_right, wrong = RIGHT, ALSO_RIGHT, WRONG
