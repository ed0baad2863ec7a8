"""Exercises of lesson 04: answers as learners write them, and the verdict on each."""

import numpy as np
from exercise_suite import ExerciseTests

RIGHT = {
    "salt and pepper": """
def answer(x, chance, share):
    noisy = x.copy()
    noisy[chance < share] = 0
    noisy[chance < share / 2] = 1
    return noisy
""",
    "PSNR": """
def answer(estimate, clean):
    error = estimate - clean
    mse = np.mean(error ** 2)
    return 10 * np.log10(1 / mse)
""",
    "conditional mean": """
def answer(noisy, images, sigma):
    squares = ((noisy[:, None] - images) ** 2).sum(2)
    exponent = -squares / (2 * sigma**2)
    exponent -= exponent.max(1, keepdims=True)
    weights = np.exp(exponent)
    weights /= weights.sum(1, keepdims=True)
    return weights @ images
""",
    "score": """
def answer(x, mean, covariance, sigma):
    added = sigma ** 2 * np.eye(len(mean))
    noisy = covariance + added
    W = covariance @ np.linalg.inv(noisy)
    r = mean + (x - mean) @ W.T
    return (r - x) / sigma ** 2
""",
}

DIRECT = """noisy = covariance + added
    return """
# For each exercise: how the mistake's message starts, then what is replaced by what.
WRONG = {
    "salt and pepper": [
        ("There is only salt. Half", "    noisy[chance < share] = 0\n", ""),
        ("There is only salt, on all", "noisy[chance < share / 2]", "noisy[chance < share]"),
        ("There is only pepper", "    noisy[chance < share / 2] = 1\n", "",
         "noisy[chance < share] = 0",
         "noisy[chance < share / 2] = 1\n    noisy[chance < share] = 0"),
        ("There is only pepper", "    noisy[chance < share / 2] = 1\n", "",
         "chance < share]", "(chance > share / 2) & (chance < share)]"),
        ("Every image has specks in the same", "noisy = x.copy()",
         "noisy = x.copy()\n    chance = np.tile(chance[0], (len(x), 1))"),
        ("Every image has specks in the same", "noisy[chance < share] = 0",
         "for i in range(len(x)):\n        noisy[i, chance[0] < share] = 0",
         "noisy[chance < share / 2] = 1", "    noisy[i, chance[0] < share / 2] = 1"),
        ("Every image has specks in the same", "noisy = x.copy()",
         "noisy = x.copy()\n    chance = np.tile(chance.mean(0), (len(x), 1))"),
        ("An image is spoilt as a whole", "noisy[chance < share] = 0",
         "noisy[chance[:, 0] < share] = 0", "noisy[chance < share / 2]",
         "noisy[chance[:, 0] < share / 2]"),
        ("Salt and pepper are interchanged", "share] = 0", "share] = 1",
         "share / 2] = 1", "share / 2] = 0"),
        ("Twice as many", "chance < share]", "chance < 2 * share]", "share / 2", "share"),
        ("Twice as many", "chance < share]", "chance > 1 - share]", "share / 2", "share"),
        ("Half as many", "share / 2", "share / 4", "chance < share]", "chance < share / 2]"),
        ("The pepper lies at the other end", "chance < share]", "chance > 1 - share / 2]"),
        ("The comparison is the wrong way", "chance < share]", "chance > share]",
         "chance < share / 2", "chance > share / 2"),
        ("The comparison is the wrong way", "return noisy",
         "return np.where(chance > share, 0, np.where(chance > share / 2, 1, x))"),
        ("The grey levels decide", "chance < share]", "x < share]", "chance < share / 2",
         "x < share / 2"),
        ("The specks are added", "    noisy[chance < share] = 0\n", "", "= 1", "+= 1"),
        ("The specks are added", "noisy[chance < share] = 0", "noisy[chance < share] -= 1",
         "= 1\n    return noisy", "+= 2\n    return noisy"),
        ("Salt is 255", "= 1", "= 255"),
        ("Salt is 255", "x.copy()", "255 * x", "= 1", "= 255"),
        ("Salt and pepper are the largest", "= 1", "= x.max()", "= 0", "= x.min()"),
        ("Pepper is grey", "= 0", "= 0.5"),
        ("What a speck becomes", "return noisy", "return np.where(chance < share, 1 - x, x)"),
        ("What a speck becomes", "return noisy", "return np.where(chance < share, x.round(), x)"),
        ("A spoilt pixel becomes its random", "return noisy",
         "return np.where(chance < share, chance, x)"),
        ("The pepper reaches up", "chance < share]", "chance < 1 - share / 2]"),
        ("The bounds are quantiles", "noisy = x.copy()",
         "noisy, q = x.copy(), np.quantile(chance, [share / 2, share])",
         "chance < share]", "chance < q[1]]", "chance < share / 2", "chance < q[0]"),
        ("Salt does not have half", "share / 2", "share / 3"),
        ("Salt does not have half", "share / 2", "share ** 2"),
        ("Pepper is −1", "= 0", "= -1"),
        ("Pixels that are not spoilt", "x.copy()", "np.zeros_like(x)"),
        ("This is the mask", "return noisy", "return chance < share"),
        ("Nothing is spoilt", "return noisy", "return x"),
    ],
    "PSNR": [
        ("This is 20 times", "10 *", "20 *"),
        ("This is 10 times the logarithm of the root", "np.mean(error ** 2)",
         "np.sqrt(np.mean(error ** 2))"),
        ("The peak is 255, which", "1 / mse", "255 ** 2 / mse"),
        ("The peak is 255, and not", "1 / mse", "255 / mse"),
        ("The logarithm is the natural", "np.log10", "np.log"),
        ("The logarithm has base 2", "np.log10", "np.log2"),
        ("The sign is reversed", "1 / mse", "mse"),
        ("The sign is reversed", "10 * np.log10(1 / mse)", "20 * np.log10(mse)"),
        ("The factor 10 is missing", "10 * ", ""),
        ("The squared error is summed over all", "np.mean(error ** 2)", "np.sum(error ** 2)"),
        ("The squared error is summed over the pixels", "np.mean(error ** 2)",
         "np.sum(error ** 2) / len(clean)"),
        ("This is the mean of the images' PSNRs", "np.mean(error ** 2)",
         "np.mean(error ** 2, axis=1)", "return 10 * np.log10(1 / mse)",
         "return np.mean(10 * np.log10(1 / mse))"),
        ("There is still one value per image", "error ** 2", "error ** 2, axis=1"),
        ("There is still one value per image", "error ** 2", "error ** 2, axis=0"),
        ("The logarithm is taken of each", "np.mean(error ** 2)", "error ** 2"),
        ("The logarithm is taken of each", "np.mean(error ** 2)", "error ** 2",
         "10 * np.log10(1 / mse)", "(10 * np.log10(1 / mse)).mean()"),
        ("The error is not squared", "error ** 2", "abs(error)"),
        ("The differences are averaged before", "np.mean(error ** 2)", "np.mean(error) ** 2"),
        ("This is the variance of the error", "np.mean(error ** 2)", "np.var(error)"),
        ("The root is taken for each image", "np.mean(error ** 2)",
         "np.mean(np.sqrt((error ** 2).mean(1))) ** 2"),
        ("The peak is taken from the clean", "1 / mse", "np.max(clean) ** 2 / mse"),
        ("The peak is taken from the clean", "1 / mse",
         "(clean.max() - clean.min()) ** 2 / mse"),
        ("The peak is taken from the estimates", "1 / mse", "estimate.max() ** 2 / mse"),
        ("The peak is taken from the estimates", "10 * np.log10(1 / mse)",
         "20 * np.log10((estimate.max() - estimate.min()) / np.sqrt(mse))"),
        ("The estimates are clipped", "error = estimate - clean",
         "error = estimate.clip(0, 1) - clean"),
        ("The numerator is the power", "1 / mse", "np.mean(clean ** 2) / mse"),
        ("The numerator is the power", "1 / mse", "np.mean(estimate ** 2) / mse"),
        ("The numerator is the power", "1 / mse", "clean.mean() / mse"),
        ("This is about the worst pixel", "np.mean(error ** 2)", "np.max(error ** 2)"),
        ("This is about the worst pixel", "np.mean(error ** 2)", "np.median(error ** 2)"),
        ("This is the image that came out", "return 10 * np.log10(1 / mse)",
         "return max(10 * np.log10(1 / mse))", "error ** 2", "error ** 2, axis=1"),
        ("The squared error is halved", "error ** 2", "error ** 2 / 2"),
        ("The MSE is subtracted", "1 / mse", "1 - mse"),
        ("The sum is divided by one less", "np.mean(error ** 2)",
         "np.sum(error ** 2) / (error.size - 1)"),
        ("A 1 is added inside", "1 / mse", "1 + 1 / mse"),
        ("The logarithm is taken of each", "1 / mse", "np.mean(1 / error ** 2)"),
        ("This is the MSE itself", "10 * np.log10(1 / mse)", "mse"),
    ],
    "conditional mean": [
        ("The 2 of the Gaussian's exponent", "(2 * sigma**2)", "sigma**2"),
        ("The ½ stands the wrong way up", "-squares / (2 * sigma**2)", "-2 * squares / sigma**2"),
        ("The ½ stands the wrong way up", "(2 * sigma**2)", "2 * sigma**2"),
        ("It is divided by σ, and not", "(2 * sigma**2)", "(2 * sigma)"),
        ("It is divided by σ, and not", "(2 * sigma**2)", "sigma"),
        ("Sigma is missing", "-squares / (2 * sigma**2)", "-squares"),
        ("Sigma is missing", "-squares / (2 * sigma**2)", "-squares / 2"),
        ("The distance is not squared", "-squares /", "-np.sqrt(squares) /"),
        ("The distance is not squared", "-squares / (2 * sigma**2)", "-np.sqrt(squares) / sigma"),
        ("The distance is not squared", "-squares / (2 * sigma**2)", "-squares ** 0.5"),
        ("Each pixel has weights of its own", ".sum(2)", "", "weights @ images",
         "(weights * images).sum(1)"),
        ("The distance is squared twice", ".sum(2)", ".sum(2) ** 2"),
        ("The differences are added up first", "((noisy[:, None] - images) ** 2).sum(2)",
         "(noisy[:, None] - images).sum(2) ** 2"),
        ("The differences are added up first", "((noisy[:, None] - images) ** 2).sum(2)",
         "abs(noisy[:, None] - images).sum(2)"),
        ("The weights grow with the inner", "exponent = -squares / (2 * sigma**2)",
         "exponent = noisy @ images.T / (2 * sigma**2)"),
        ("This is the best *linear*", "return weights @ images", """
    mean, C = images.mean(0), np.cov(images.T, bias=True)
    return mean + (noisy - mean) @ np.linalg.solve(C + sigma**2 * np.eye(len(C)), C)"""),
        ("The noisy image is averaged in", "weights @ images", "(noisy + weights @ images) / 2"),
        ("The weights are squared", "weights @ images", "weights ** 2 @ images"),
        ("The exponents themselves", "np.exp(exponent)", "exponent",
         "    exponent -= exponent.max(1, keepdims=True)\n", ""),
        ("This is the clean image that is farthest", "weights @ images",
         "images[weights.argmin(1)]"),
        ("Sigma is missing", "2 * sigma**2", "2 * noisy.var()"),
        ("The weights fall as one over", "np.exp(exponent)", "1 / (squares + sigma**2)"),
        ("The sign of the exponent is reversed", "-squares", "squares"),
        ("The squared differences are averaged", ".sum(2)", ".mean(2)"),
        ("The weights do not add up to 1", "    weights /= weights.sum(1, keepdims=True)\n", "",
         "    exponent -= exponent.max(1, keepdims=True)\n", ""),
        ("The weights do not add up to 1", "weights /= weights.sum(1, keepdims=True)",
         "weights /= len(images)", "    exponent -= exponent.max(1, keepdims=True)\n", ""),
        ("The weights do not add up to 1", "weights /= weights.sum(1, keepdims=True)",
         "weights /= np.sqrt(2 * np.pi * sigma**2) ** noisy.shape[1]",
         "    exponent -= exponent.max(1, keepdims=True)\n", ""),
        ("The weights are divided by their sum over the *noisy*", "max(1, k", "max(0, k",
         "sum(1, k", "sum(0, k"),
        ("All weights are divided by one sum", "weights.sum(1, keepdims=True)", "weights.sum()",
         "exponent.max(1, keepdims=True)", "exponent.max()"),
        ("This is the nearest clean image", "weights @ images", "images[weights.argmax(1)]"),
        ("This is the mean of all clean", "weights @ images",
         "np.ones(len(noisy))[:, None] * images.mean(0)"),
        ("This is the mean of all clean", "weights @ images", "images.mean(0)"),
        ("These are the weights", "weights @ images", "weights"),
        ("These are the weights", "    weights /= weights.sum(1, keepdims=True)\n", "",
         "weights @ images", "weights", "    exponent -= exponent.max(1, keepdims=True)\n", ""),
        ("The weights are divided by their largest", "weights.sum(", "weights.max("),
        ("The weights fall as one over", "np.exp(exponent)", "1 / squares"),
        ("The noisy images come back", "weights @ images", "noisy"),
        ("The formula is right, and breaks", "    exponent -= exponent.max(1, keepdims=True)\n",
         ""),
    ],
    "score": [
        ("The sign is reversed: this", "(r - x)", "(x - r)"),
        ("It is divided by σ. Tweedie", "(r - x) / sigma ** 2", "(r - x) / sigma"),
        ("It is divided by σ, and", "(r - x) / sigma ** 2", "(x - r) / sigma"),
        ("This is what the denoiser changes", "(r - x) / sigma ** 2", "r - x"),
        ("This is the denoised point", "(r - x) / sigma ** 2", "r"),
        ("It is divided by 2σ²", "/ sigma ** 2", "/ (2 * sigma ** 2)"),
        ("It is twice the score", "(r - x)", "2 * (r - x)"),
        ("If you went by the Wiener filter, it is upside down", "covariance @ np.linalg.inv(noisy)",
         "np.linalg.inv(covariance) @ noisy"),
        ("If you went by the Wiener filter, it is upside down", "noisy = covariance + added",
         DIRECT + "(x - mean) @ np.linalg.inv(covariance)"),
        ("The filter keeps what is to be taken away", "covariance @ np.linalg.inv(noisy)",
         "added @ np.linalg.inv(noisy)"),
        ("The Wiener filter is multiplied entry by entry", "covariance @", "covariance *"),
        ("The points are whitened", "noisy = covariance + added",
         DIRECT + "(mean - x) @ np.linalg.inv(np.linalg.cholesky(noisy)).T"),
        ("The points are whitened", "noisy = covariance + added",
         DIRECT + "(mean - x) @ np.linalg.inv(np.linalg.cholesky(noisy))"),
        ("The points are whitened", "noisy = covariance + added", """values, V = np.linalg.eigh(
        covariance + added)
    return (mean - x) @ V @ np.diag(values ** -0.5) @ V.T"""),
        ("The noise is subtracted from the covariance", "noisy = covariance + added",
         DIRECT.replace("+", "-") + "(mean - x) @ np.linalg.inv(noisy)"),
        ("The noise is added twice", "noisy = covariance + added", DIRECT
         + "(mean - x) @ np.linalg.inv(noisy + added)"),
        ("The mean is not subtracted but added", "noisy = covariance + added", DIRECT
         + "-(x + mean) @ np.linalg.inv(noisy)"),
        ("The result is divided by σ² although", "noisy = covariance + added", DIRECT
         + "(mean - x) @ np.linalg.inv(noisy) / sigma ** 2"),
        ("The inverse covariances are added", "noisy = covariance + added", DIRECT
         + "(mean - x) @ (np.linalg.inv(covariance) + np.linalg.inv(added))"),
        ("The inverse covariances are added", "noisy = covariance + added", DIRECT
         + "(x - mean) @ (np.linalg.inv(covariance) + np.eye(len(mean)) / sigma ** 2)"),
        ("The noise is added to the covariance as σ. Var", "sigma ** 2 * np.eye",
         "sigma * np.eye"),
        ("The noise is added to the covariance as σ. Var", "sigma ** 2 * np.eye",
         "sigma * np.eye", "noisy = covariance + added",
         DIRECT + "(mean - x) @ np.linalg.inv(noisy)"),
        ("The noise is added to the covariance as σ. Var", "sigma ** 2", "sigma"),
        ("This is the score of the *clean*", "noisy = covariance + added",
         DIRECT + "-(x - mean) @ np.linalg.inv(covariance)"),
        ("The variance of the noise, σ², is added to every entry",
         "sigma ** 2 * np.eye(len(mean))", "sigma ** 2"),
        ("The mean is left out", "mean + (x - mean)", "x"),
        ("The mean is not added back", "mean + (x - mean)", "(x - mean)"),
        ("The Wiener filter is applied without", "mean + (x - mean)", "mean + x"),
        ("The points are multiplied by", "noisy = covariance + added",
         DIRECT + "-(x - mean) @ noisy"),
        ("Each entry of the covariance", "noisy = covariance + added",
         DIRECT + "(mean - x) @ (1 / noisy)"),
        ("Only the variances", "noisy = covariance + added",
         DIRECT + "(mean - x) / (covariance.diagonal() + sigma ** 2)"),
        ("The data are taken to be white", "noisy = covariance + added",
         DIRECT + "(mean - x) / sigma ** 2"),
        ("The mean of the given rows", "added =", "mean = x.mean(axis=0)\n    added ="),
        ("This is the log-density", "noisy = covariance + added", DIRECT + """[
        -0.5 * (row - mean) @ np.linalg.inv(noisy) @ (row - mean)
        - 0.5 * np.log(np.linalg.det(2 * np.pi * noisy)) for row in x]"""),
        ("This is the gradient of the density", "return (r - x) / sigma ** 2", """
    away = x - mean
    p = np.exp(-0.5 * np.sum(away @ np.linalg.inv(noisy) * away, axis=1))
    p = p / np.sqrt(np.linalg.det(2 * np.pi * noisy))
    return p[:, None] * (r - x) / sigma ** 2"""),
    ],
}

# Slips that raise, and how the hint starts.
RAISING = {
    "conditional mean": [
        ("Each noisy image meets each clean", "noisy[:, None] - images", "noisy - images"),
        ("The weights have the shape", "weights @ images", "images @ weights"),
    ],
    "score": [
        ("The rows of x are points", "(x - mean) @ W.T", "W @ (x - mean)"),
        ("The rows of x are points", "np.eye(len(mean))", "np.eye(len(x))"),
    ],
}

ALSO_RIGHT = {
    "salt and pepper": ["""
def answer(x, chance, share):  # one pixel at a time
    out = np.empty_like(x)
    for i in range(len(x)):
        for j in range(x.shape[1]):
            if chance[i, j] < share / 2:
                out[i, j] = 1
            elif chance[i, j] < share:
                out[i, j] = 0
            else:
                out[i, j] = x[i, j]
    return out
""", """
def answer(x, chance, share):
    return np.select([chance < share / 2, chance < share], [1, 0], x)
"""],
    "PSNR": ["""
def answer(estimate, clean):
    return 20 * np.log10(1 / np.sqrt(np.mean((estimate - clean) ** 2)))
""", """
def answer(estimate, clean):
    return -10 * np.log10(((clean - estimate) ** 2).mean(axis=1).mean())
""", """
def answer(estimate, clean):
    import torch
    from aecourse import evaluation
    a, b = torch.as_tensor(estimate), torch.as_tensor(clean)
    return evaluation.psnr(evaluation.squared_error(a, b).mean())
"""],
    "conditional mean": ["""
def answer(noisy, images, sigma):  # one image at a time
    means = []
    for x in noisy:
        log = -np.sum((images - x) ** 2, axis=1) / 2 / sigma ** 2
        means.append(np.average(images, axis=0, weights=np.exp(log - log.max())))
    return np.array(means)
""", """
def answer(noisy, images, sigma):
    import torch
    x, y = torch.as_tensor(noisy), torch.as_tensor(images)
    return torch.softmax(-torch.cdist(x, y) ** 2 / (2 * sigma**2), dim=1) @ y
"""],
    "score": ["""
def answer(x, mean, covariance, sigma):
    return -np.linalg.solve(covariance + sigma**2 * np.eye(x.shape[1]), (x - mean).T).T
""", """
def answer(x, mean, covariance, sigma):  # by autograd
    import torch
    noisy = torch.as_tensor(covariance + sigma**2 * np.eye(len(mean)))
    density = torch.distributions.MultivariateNormal(torch.as_tensor(mean), noisy)
    points = torch.as_tensor(x).requires_grad_()
    density.log_prob(points).sum().backward()
    return points.grad
"""],
}


class TestExercises(ExerciseTests):
    topics = ["denoising"]
    scope = {"np": np}
    right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING

    def test_salt_and_pepper_in_place_is_named(self):
        source = RIGHT["salt and pepper"].replace("x.copy()", "x")
        verdict = self.judge("salt and pepper", source)
        assert verdict.status == "wrong" and "changes its argument x in place" in verdict.message
