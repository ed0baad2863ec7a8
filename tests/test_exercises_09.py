"""Exercises of lesson 09: answers as learners write them, and the verdict on each.

Nothing here uses the catalogue's own functions, as in ``test_exercises_01_03``.
"""

import numpy as np
import torch
import torch.nn.functional as F
from exercise_suite import ExerciseTests

RIGHT = {
    "importance-sampled NLL": """
def answer(log_likelihood, log_prior, log_q):
    log_weights = log_likelihood + log_prior - log_q
    K = log_weights.shape[1]
    return np.log(K) - torch.logsumexp(log_weights, dim=1)
""",
    "free bits": """
def answer(divergence, floor):
    per_dimension = divergence.mean(dim=0)
    floored = per_dimension.clamp(min=floor)
    return floored.sum()
""",
    "rates of a linear VAE": """
def answer(eigenvalues, noise_variance, code_size):
    ordered = eigenvalues.sort(descending=True).values
    largest = ordered[:code_size]
    rates = 0.5 * torch.log(largest / noise_variance)
    return rates.clamp(min=0)
""",
}

LSE = "np.log(K) - torch.logsumexp(log_weights, dim=1)"
WEIGHTS = "log_likelihood + log_prior - log_q"

# For each exercise: how the mistake's message starts, then what is replaced by what.
WRONG = {
    "importance-sampled NLL": [
        ("This is the mean of the logarithms, which", LSE, "-log_weights.mean(dim=1)"),
        ("This is the mean of the logarithms, with", LSE, "np.log(K) - log_weights.mean(dim=1)"),
        ("This is the mean of the logarithms, with", LSE, "-log_weights.mean(dim=1) - np.log(K)"),
        ("This is a median", LSE, "-log_weights.median(dim=1).values"),
        ("This is a median", LSE, "-log_weights.quantile(0.5, dim=1)"),
        ("K itself stands", "np.log(K)", "K"),
        ("K itself stands", "np.log(K)", "K * np.log(K)"),
        ("The logarithm of K is taken to", "np.log(K)", "np.log10(K)"),
        ("The logarithm of K is taken to", "np.log(K)", "np.log2(K)"),
        ("Log-densities are multiplied", WEIGHTS, "log_likelihood * log_prior / log_q"),
        ("Log-densities are multiplied", WEIGHTS, "log_likelihood * log_prior - log_q"),
        ("Log-densities are multiplied", WEIGHTS, "log_likelihood + log_prior / log_q"),
        ("The weights are added up, not averaged", "np.log(K) - ", "-"),
        ("The sign of log K is wrong", "np.log(K) - ", "-np.log(K) - "),
        ("The 1/K stands outside", LSE, "-torch.logsumexp(log_weights, dim=1) / K"),
        ("K is taken to be the number of all", "log_weights.shape[1]", "log_weights.numel()"),
        ("The minus is inside", LSE, "torch.logsumexp(-log_weights, dim=1) - np.log(K)"),
        ("This is a ratio of means", LSE,
         "torch.logsumexp(log_q, 1) - torch.logsumexp(log_likelihood + log_prior, 1)"),
        ("Each density is averaged by itself", LSE,
         "3 * np.log(K) - torch.logsumexp(log_likelihood, 1) - torch.logsumexp(log_prior, 1)"
         " - torch.logsumexp(-log_q, 1)"),
        ("Each density is averaged by itself", LSE,
         "-torch.logsumexp(log_likelihood, 1) - torch.logsumexp(log_prior, 1)"
         " + torch.logsumexp(log_q, 1)"),
        ("The *log*-weights are divided", LSE, "-torch.logsumexp(log_weights / K, dim=1)"),
        ("The *log*-weights are divided", "logsumexp(log_weights,", "logsumexp(log_weights / K,"),
        ("This is the distortion", LSE, "-log_likelihood.mean(dim=1)"),
        ("The number of images is taken", "shape[1]", "shape[0]"),
        ("The prior is missing", " + log_prior", ""),
        ("The weights are not divided by q", " - log_q", ""),
        ("Only the likelihood is averaged", WEIGHTS, "log_likelihood"),
        ("The weights are multiplied by q", "- log_q", "+ log_q"),
        ("Prior and posterior are swapped", "+ log_prior - log_q", "- log_prior + log_q"),
        ("The weights are divided by the prior", "+ log_prior", "- log_prior"),
        ("The KL is averaged by itself", WEIGHTS, "log_likelihood", "dim=1)",
         "dim=1) + (log_q - log_prior).mean(dim=1)"),
        ("The KL is averaged by itself", WEIGHTS, "log_likelihood", "dim=1)",
         "dim=1) + (log_q - log_prior).logsumexp(1) - np.log(K)"),
        ("This is the log-likelihood", LSE, "torch.logsumexp(log_weights, dim=1) - np.log(K)"),
        ("The mean runs over images", "shape[1]", "shape[0]", "dim=1", "dim=0"),
        ("All draws of all images share", LSE,
         "-torch.log(torch.exp(log_weights).mean()).reshape(1)"),
        ("All draws of all images share", LSE,
         "(np.log(log_weights.numel()) - torch.logsumexp(log_weights.flatten(), 0)).reshape(1)"),
        ("This is one number, the mean over", LSE, f"({LSE}).mean()"),
        ("This is one number, the mean over", LSE, f"({LSE}).sum()"),
        ("Only the best draw", LSE, "-log_weights.max(dim=1).values"),
        ("Only the best draw", "torch.logsumexp(log_weights, dim=1)",
         "log_weights.max(dim=1).values"),
        ("Only the first draw", LSE, "-log_weights[:, 0]"),
        ("The log-weights are averaged with", LSE,
         "-(F.softmax(log_weights, dim=1) * log_weights).sum(dim=1)"),
        ("The log-weights are averaged with", LSE,
         "-(log_weights.softmax(1) * log_likelihood).sum(1)"),
        ("There is still one number per draw", LSE, "-log_weights"),
        ("The result is in bits", LSE, f"({LSE}) / np.log(2)"),
        ("This is the mean weight", LSE, "torch.exp(log_weights).mean(dim=1)"),
        ("This is the mean weight", LSE, "-torch.exp(log_weights).mean(dim=1)"),
        ("The formula is right, and rounding", LSE,
         "-torch.log(torch.exp(log_weights).mean(dim=1))"),
    ],
    "free bits": [
        ("The floor is applied to each image before the mean", "divergence.mean(dim=0)",
         "divergence.clamp(min=floor).mean(dim=0)", "per_dimension.clamp(min=floor)",
         "per_dimension"),
        ("The floor is applied to each image, and one number", "divergence.mean(dim=0)",
         "divergence", "floored.sum()", "floored.sum(dim=1)"),
        ("The floor is applied to each image, and then all entries are averaged",
         "divergence.mean(dim=0)", "divergence", "floored.sum()", "floored.mean()"),
        ("The floor is applied to each image, and then all entries are added",
         "divergence.mean(dim=0)", "divergence"),
        ("The floor is applied to the sum", "divergence.mean(dim=0)",
         "divergence.mean(dim=0).sum()"),
        ("The floor is applied to the sum", "divergence.mean(dim=0)", "divergence.sum(dim=1)",
         "floored.sum()", "floored.mean()"),
        ("One budget for all", "divergence.mean(dim=0)", "divergence.mean(dim=0).sum()",
         "min=floor", "min=floor * divergence.shape[1]"),
        ("The floor is applied after the mean over the dimensions", "divergence.mean(dim=0)",
         "divergence.mean()"),
        ("The floor is applied after the mean over the dimensions", "divergence.mean(dim=0)",
         "divergence.mean(dim=1)", "floored.sum()", "floored.mean()"),
        ("One budget for all", "divergence.mean(dim=0)", "divergence.mean()",
         "floored.sum()", "floored * divergence.shape[1]"),
        ("The floor is shared out", "min=floor", "min=floor / divergence.shape[1]"),
        ("The floor is shared out", "divergence.mean(dim=0)",
         "divergence.clamp(min=floor / divergence.shape[1]).mean(0)",
         "per_dimension.clamp(min=floor)", "per_dimension"),
        ("The largest or the middle", "mean(dim=0)", "amax(dim=0)"),
        ("The largest or the middle", "mean(dim=0)", "median(dim=0).values"),
        ("Only the largest dimension", "floored.sum()", "floored.max()"),
        ("The smaller of both is taken.", "min=floor", "max=floor"),
        ("The smaller of both is taken, and image", "divergence.mean(dim=0)",
         "divergence.clamp(max=floor)", "per_dimension.clamp(min=floor)",
         "per_dimension.mean(dim=0)"),
        ("The floor is added", ".clamp(min=floor)", " + floor"),
        ("The floor is added", "per_dimension.clamp(min=floor)", "per_dimension",
         "floored.sum()", "floored.sum() + floor"),
        ("Only what lies above the floor is charged. ", "per_dimension.clamp(min=floor)",
         "F.relu(per_dimension - floor)"),
        ("Only what lies above the floor is charged, and", "divergence.mean(dim=0)",
         "F.relu(divergence - floor).mean(dim=0)", "per_dimension.clamp(min=floor)",
         "per_dimension"),
        ("Dimensions below the floor count as 0", "per_dimension.clamp(min=floor)",
         "per_dimension[per_dimension > floor]"),
        ("The dimensions are averaged", "floored.sum()", "floored.mean()"),
        ("The batch is added up", "divergence.mean", "divergence.sum"),
        ("There is still one number per dimension", "floored.sum()", "floored"),
        ("The axes are swapped", "dim=0", "dim=1"),
        ("The floor is not used", "per_dimension.clamp(min=floor)", "per_dimension"),
        ("The floor is not used", "divergence.mean(dim=0)", "divergence",
         "per_dimension.clamp(min=floor)", "per_dimension", "sum()", "sum(dim=1)"),
        ("The floor is converted from bits", "min=floor", "min=floor * np.log(2)"),
    ],
    "rates of a linear VAE": [
        ("Some rates are negative", ".clamp(min=0)", ""),
        ("The weak directions get a positive", "rates.clamp(min=0)", "rates.abs()"),
        ("The ½ is missing", "0.5 * ", ""),
        ("The noise variance is squared", "/ noise_variance", "/ noise_variance ** 2"),
        ("The root of the noise variance", "/ noise_variance", "/ noise_variance ** 0.5"),
        ("The root of the noise variance", "largest /", "largest.sqrt() /"),
        ("The ratio is upside down", "largest / noise_variance", "noise_variance / largest"),
        ("This is ½ log(1 + λ/σ²)", "largest / noise_variance", "1 + largest / noise_variance"),
        ("The noise is subtracted", "largest / noise_variance",
         "(largest - noise_variance).clamp(min=1e-30) / noise_variance"),
        ("The noise is subtracted", "0.5 * torch.log(largest / noise_variance)",
         "largest - noise_variance"),
        ("The noise variance stands outside", "0.5 * torch.log(largest / noise_variance)",
         "0.5 * (torch.log(largest) / noise_variance)"),
        ("The noise variance stands outside", "0.5 * torch.log(largest / noise_variance)",
         "0.5 * torch.log(largest)", "rates.clamp(min=0)", "rates.clamp(min=0) / noise_variance"),
        ("This is σ²/λ", "0.5 * torch.log(largest / noise_variance)", "noise_variance / largest"),
        ("This is 1 − σ²/λ", "0.5 * torch.log(largest / noise_variance)",
         "1 - noise_variance / largest"),
        ("This is 1 − σ²/λ", "0.5 * torch.log(largest / noise_variance)",
         "1 - noise_variance / largest", "rates.clamp(min=0)", "rates"),
        ("This is √(λ − σ²)", "0.5 * torch.log(largest / noise_variance)",
         "torch.sqrt((largest - noise_variance).clamp(min=0))"),
        ("The result is in bits", "torch.log(", "torch.log2("),
        ("The eigenvalues are not sorted", "eigenvalues.sort(descending=True).values",
         "eigenvalues"),
        ("The smallest eigenvalues are kept", "descending=True", "descending=False"),
        ("The smallest eigenvalues are kept", "ordered[:code_size]", "ordered[-code_size:]"),
        ("These are positions", ".values", ".indices"),
        ("This says which", "rates.clamp(min=0)", "(largest > noise_variance).float()"),
        ("This is the KL of two Gaussians", "torch.log(largest / noise_variance)",
         "(largest / noise_variance - 1 - torch.log(largest / noise_variance))"),
        ("This is the KL of two Gaussians", "torch.log(largest / noise_variance)",
         "(noise_variance / largest - 1 + torch.log(largest / noise_variance))"),
        ("The eigenvalues are compared with their mean", "/ noise_variance", "/ largest.mean()"),
        ("The eigenvalues are compared with their mean", "/ noise_variance",
         "/ eigenvalues.mean()"),
        ("The rates are ascending", "rates.clamp(min=0)", "rates.clamp(min=0).flip(0)"),
        ("There is a rate for every eigenvalue", "ordered[:code_size]", "ordered"),
        ("Only the rates above 0", "rates.clamp(min=0)", "rates[rates > 0]"),
        ("This is the total", "clamp(min=0)", "clamp(min=0).sum()"),
        ("The noise variance is missing", " / noise_variance", ""),
        ("The noise variance is missing", "rates.clamp(min=0)",
         "torch.where(largest > noise_variance, 0.5 * torch.log(largest), 0.0)"),
    ],
}

ALSO_RIGHT = {
    "importance-sampled NLL": ["""
def answer(log_likelihood, log_prior, log_q):  # with the largest taken out by hand
    w = log_likelihood + log_prior - log_q
    top = w.max(dim=1, keepdim=True).values
    return -(top.squeeze(1) + torch.log(torch.exp(w - top).mean(dim=1)))
""", """
def answer(log_likelihood, log_prior, log_q):
    from scipy.special import logsumexp
    w = (log_likelihood + log_prior - log_q).numpy()
    return [-logsumexp(row, b=1 / len(row)) for row in w]
"""],
    "free bits": ["""
def answer(divergence, floor):
    return torch.maximum(divergence.mean(0), torch.tensor(floor)).sum()
""", """
def answer(divergence, floor):
    return sum(max(floor, float(column.mean())) for column in divergence.T)
""", """
def answer(divergence, floor):
    mean = divergence.mean(0)
    return torch.where(mean > floor, mean, torch.full_like(mean, floor)).sum().item()
"""],
    "rates of a linear VAE": ["""
def answer(eigenvalues, noise_variance, code_size):
    largest = np.sort(eigenvalues.numpy())[::-1][:code_size]
    return np.maximum(0, np.log(np.sqrt(largest / noise_variance)))
""", """
def answer(eigenvalues, noise_variance, code_size):
    top = torch.topk(eigenvalues, code_size).values
    return F.relu(0.5 * (torch.log(top) - np.log(noise_variance)))
"""],
}

# Slips that raise, and how the hint starts.
RAISING = {
    "importance-sampled NLL": [
        ("Look at the two shapes: +, -", "+ log_prior", "+ log_prior.sum(dim=1)"),
    ],
}


class TestExercises(ExerciseTests):
    topics = ["variational_in_depth"]
    scope = {"np": np, "torch": torch, "F": F}
    right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING
