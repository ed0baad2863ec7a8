"""The lines to fill in of lesson 09: answers as learners write them, and the verdict on each."""

import numpy as np
import torch
from exercise_suite import ExerciseTests

RIGHT = {
    "parts of the rate": """
def answer(log_q, log_aggregate, log_prior):
    information = (log_q - log_aggregate).mean()
    mismatch = (log_aggregate - log_prior).mean()
    return information, mismatch
""",
    "effective size": """
def answer(log_weights):
    shares = torch.softmax(log_weights, dim=1)
    return 1 / (shares ** 2).sum(dim=1)
""",
    "ELBO with any prior": """
def answer(log_likelihood, log_prior, log_q):
    rate = log_q - log_prior
    return -log_likelihood + rate
""",
}

ALSO_RIGHT = {
    "parts of the rate": ["""
def answer(log_q, log_aggregate, log_prior):
    q, a, p = (float(torch.mean(v)) for v in (log_q, log_aggregate, log_prior))
    return q - a, a - p
""", """
def answer(log_q, log_aggregate, log_prior):
    return torch.stack([log_q - log_aggregate, log_aggregate - log_prior]).mean(1)
"""],
    "effective size": ["""
def answer(log_weights):
    w = torch.exp(log_weights - log_weights.max(dim=1, keepdim=True).values)
    return w.sum(1) ** 2 / (w ** 2).sum(1)
""", """
def answer(log_weights):
    return torch.exp(2 * log_weights.logsumexp(1) - (2 * log_weights).logsumexp(1))
"""],
    "ELBO with any prior": ["""
def answer(log_likelihood, log_prior, log_q):
    return -(log_likelihood + log_prior - log_q)
""", """
def answer(log_likelihood, log_prior, log_q):
    return [q - p - x for x, p, q in zip(log_likelihood, log_prior, log_q)]
"""],
}

FIRST, SECOND = "(log_q - log_aggregate).mean()", "(log_aggregate - log_prior).mean()"
SQUARES = "1 / (shares ** 2).sum(dim=1)"
SOFTMAX = "torch.softmax(log_weights, dim=1)"
BOUND = "-log_likelihood + rate"

WRONG = {
    "parts of the rate": [
        ("The two are exchanged", "return information, mismatch", "return mismatch, information"),
        ("This information is the whole rate", FIRST, "(log_q - log_prior).mean()"),
        ("The information is right. The second", SECOND, "(log_q - log_prior).mean()"),
        ("Both signs are reversed", FIRST, f"-{FIRST}", SECOND, f"-{SECOND}"),
        ("The sign of the information", FIRST, "(log_aggregate - log_q).mean()"),
        ("The sign of the mismatch", SECOND, "(log_prior - log_aggregate).mean()"),
        ("There is still one number per draw", ".mean()", ""),
        ("The draws are added up", ".mean()", ".sum()"),
        ("The log-densities are divided", FIRST, "(log_q / log_aggregate).mean()", SECOND,
         "(log_aggregate / log_prior).mean()"),
        ("The log-densities are divided", FIRST, "log_q.mean() / log_aggregate.mean()", SECOND,
         "log_aggregate.mean() / log_prior.mean()"),
        ("These are medians", ".mean()", ".median()"),
        ("These are medians", ".mean()", ".quantile(0.5)"),
        ("The densities themselves", FIRST, "(log_q.exp() - log_aggregate.exp()).mean()", SECOND,
         "(log_aggregate.exp() - log_prior.exp()).mean()"),
        ("The densities themselves", FIRST, "torch.exp(log_q - log_aggregate).mean()", SECOND,
         "torch.exp(log_aggregate - log_prior).mean()"),
        ("The difference is weighted", FIRST, "(log_q.exp() * (log_q - log_aggregate)).sum()",
         SECOND, "(log_aggregate.exp() * (log_aggregate - log_prior)).sum()"),
    ],
    "effective size": [
        ("This is the sum of the squared", SQUARES, "(shares ** 2).sum(dim=1)"),
        ("The logarithms are taken", SOFTMAX, "log_weights / log_weights.sum(1, keepdim=True)"),
        ("The shares are taken over", SOFTMAX, "torch.softmax(log_weights, dim=0)"),
        ("The shares are taken over", "dim=1", "dim=0"),
        ("The squares are added up over", SQUARES, "1 / (shares ** 2).sum(dim=0)"),
        ("One number for all", SQUARES, "1 / (shares ** 2).sum()"),
        ("One number for all", SQUARES, f"({SQUARES}).mean()"),
        ("The squares are averaged", "sum(dim=1)", "mean(dim=1)"),
        ("This is a share of K", SQUARES, f"{SQUARES} / log_weights.shape[1]"),
        ("This is the number by the largest", SQUARES, "1 / shares.max(dim=1).values"),
        ("This is the largest share", SQUARES, "shares.max(dim=1).values"),
        ("This is the exponential of the entropy", SQUARES,
         "torch.exp(-(shares * torch.log(shares)).sum(1))"),
        ("The shares are not squared", "(shares ** 2)", "shares"),
        ("The root is one too many", SQUARES, "1 / (shares ** 2).sum(dim=1).sqrt()"),
        ("The sum of the weights is not squared", SQUARES,
         "torch.exp(shares).sum(1) / (torch.exp(shares) ** 2).sum(1)"),
        ("The sum of the weights is not squared", SQUARES,
         "torch.exp(log_weights).sum(1) / (torch.exp(log_weights) ** 2).sum(1)"),
        ("The root is one too many", SQUARES, "(shares ** 2).sum(dim=1).sqrt()"),
        ("Each share is squared", SQUARES, "(1 / shares ** 2).sum(dim=1)"),
        ("The logarithms of the shares", SOFTMAX, "torch.log_softmax(log_weights, dim=1)"),
        ("The weights are squared twice", SOFTMAX, "torch.softmax(2 * log_weights, dim=1)"),
        ("This counts the draws", SQUARES, "(shares > 1 / shares.shape[1]).sum(dim=1)"),
        ("The formula is right, and rounding", SOFTMAX,
         "(log_weights - log_weights.max()).exp() / (log_weights - log_weights.max()).exp()"
         ".sum(1, keepdim=True)"),
        ("The logarithm of the effective", SQUARES, f"torch.log({SQUARES})"),
        ("The formula is right, and rounding", SOFTMAX,
         "torch.exp(log_weights) / torch.exp(log_weights).sum(1, keepdim=True)"),
    ],
    "ELBO with any prior": [
        ("This is the ELBO itself", BOUND, "log_likelihood - rate"),
        ("The sign of the rate", "log_q - log_prior", "log_prior - log_q"),
        ("The sign of the likelihood", BOUND, "log_likelihood + rate"),
        ("Posterior and prior are both subtracted", "log_q - log_prior", "-log_q - log_prior"),
        ("Posterior and prior are both added", "log_q - log_prior", "log_q + log_prior"),
        ("The prior is missing", "log_q - log_prior", "log_q"),
        ("The posterior is missing", "log_q - log_prior", "-log_prior"),
        ("This is the distortion", BOUND, "-log_likelihood"),
        ("This is the rate alone", BOUND, "rate"),
        ("One number for all", BOUND, f"({BOUND}).mean()"),
        ("One number for all", BOUND, f"({BOUND}).sum()"),
        ("Densities are multiplied", "log_q - log_prior", "log_q / log_prior"),
        ("The prior is missing", BOUND, "-log_likelihood - log_q"),
        ("Densities are multiplied", BOUND, "log_likelihood * rate"),
        ("The rate is made positive", BOUND, "-log_likelihood + rate.abs()"),
        ("The rate is made positive", BOUND, "-log_likelihood + rate.clamp(min=0)"),
        ("Only a part of the rate", BOUND, "-log_likelihood + 0.5 * rate"),
        ("The rate is weighted", BOUND, "-log_likelihood + torch.exp(log_q) * rate"),
        ("The rate is exponentiated", "log_q - log_prior", "torch.exp(log_q - log_prior)"),
        ("The result is in bits", BOUND, f"({BOUND}) / np.log(2)"),
    ],
}


class TestExercises(ExerciseTests):
    topics = ["variational_in_depth_fill_ins"]
    scope = {"np": np, "torch": torch}
    right, also_right, wrong = RIGHT, ALSO_RIGHT, WRONG
