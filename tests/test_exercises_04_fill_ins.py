"""The lines to fill in of lesson 04: answers as learners write them, and the verdict on each."""

import numpy as np
import torch
from exercise_suite import ExerciseTests

RIGHT = {
    "denoising loss": """
def answer(net, clean, noise, sigma):
    noisy = clean + sigma * noise
    target = clean
    return ((net(noisy) - target) ** 2).sum(1)
""",
    "Wiener factor": """
def answer(variance, sigma):
    return variance / (variance + sigma**2)
""",
    "bias undone": """
def answer(answer, b):
    return (answer - b) / (1 - 2 * b)
""",
}

FACTOR, LINE = "variance / (variance + sigma**2)", "(answer - b) / (1 - 2 * b)"
WRONG = {
    "denoising loss": [
        ("The target is the noisy image", "target = clean", "target = noisy"),
        ("The target is the noisy image", "target = clean", "target = np.clip(noisy, 0, 1)"),
        ("The target is a noisy image as well", "target = clean", "target = clean + noise"),
        ("The target is a noisy image as well", "target = clean", "target = clean - sigma * noise"),
        ("The target is a noisy image as well", "clean + sigma * noise", "clean + noise",
         "target = clean", "target = clean + sigma * noise"),
        ("The target is what the net makes", "target = clean", "target = net(clean)"),
        ("The net is applied twice", "clean + sigma * noise", "net(clean + sigma * noise)"),
        ("The target is the same for all", "target = clean", "target = clean.mean(0)"),
        ("The target is the same for all", "target = clean", "target = 0"),
        ("Brackets reach too far", "clean + sigma * noise", "sigma * (clean + noise)"),
        ("The net sees the clean image, and", "target = clean", "noisy, target = clean, noisy"),
        ("There is no noise", "clean + sigma * noise", "clean"),
        ("The noise is not multiplied by sigma", "sigma * noise", "noise"),
        ("The noise is multiplied by a variance", "sigma * noise", "sigma**2 * noise"),
        ("The noise is multiplied by the root", "sigma * noise", "np.sqrt(sigma) * noise"),
        ("The noise is divided by sigma", "sigma * noise", "noise / sigma"),
        ("Sigma itself is added", "sigma * noise", "sigma"),
        ("Sigma itself is added", "sigma * noise", "sigma + noise"),
        ("The noise is subtracted", "clean + sigma", "clean - sigma"),
        ("The noise is multiplied by the image", "clean + sigma * noise",
         "clean + clean * sigma * noise"),
        ("The noise is multiplied by the image", "clean + sigma", "clean * sigma"),
        ("The noise is multiplied by the image", "clean + sigma * noise", "clean * noise"),
        ("The image fades", "clean + sigma", "(1 - sigma) * clean + sigma"),
        ("The image fades", "clean + sigma", "np.sqrt(1 - sigma**2) * clean + sigma"),
        ("The net sees nothing but noise", "clean + sigma * noise", "sigma * noise"),
        ("The net sees nothing but noise", "clean + sigma * noise", "noise"),
        ("The noisy image is clamped", "clean + sigma * noise",
         "np.clip(clean + sigma * noise, 0, 1)"),
        ("The noisy image is clamped", "clean + sigma * noise",
         "np.maximum(clean + sigma * noise, 0)"),
        ("All images get the same noise", "* noise", "* noise[0]"),
        ("All pixels get the same noise", "* noise", "* noise.mean()"),
        ("All pixels get the same noise", "* noise", "* noise[:, [0]]"),
        ("The noise has lost its sign", "* noise", "* abs(noise)"),
        ("The noise has lost its sign", "* noise", "* noise ** 2"),
        ("The noise is scaled to", "* noise", "* (noise / noise.std())"),
        ("A 2 comes in", "+ sigma", "+ 2 * sigma"),
        ("The image fades", "clean + sigma * noise", "(clean + sigma * noise) / (1 + sigma)"),
        ("The target is the noise", "target = clean", "target = noise"),
        ("The target is the noise", "target = clean", "target = noisy - clean"),
        ("The error is averaged over the pixels", ".sum(1)", ".mean(1)"),
        ("All images are added up", ".sum(1)", ".sum()"),
        ("All images are added up", ".sum(1)", ".sum(1).mean()"),
        ("All images are added up", ".sum(1)", ".mean()"),
        ("The sum runs over the images", ".sum(1)", ".sum(0)"),
    ],
    "Wiener factor": [
        ("The noise comes in as σ", "sigma**2", "sigma"),
        ("This is the factor of the noise", FACTOR, "sigma**2 / (variance + sigma**2)"),
        ("This is the factor of the noise", FACTOR, "sigma / (variance + sigma)"),
        ("The fraction is upside down", FACTOR, "(variance + sigma**2) / variance"),
        ("The fraction is upside down", FACTOR, "(variance + sigma) / variance"),
        ("Brackets are missing", "(variance + sigma**2)", "variance + sigma**2"),
        ("Brackets are missing", "(variance + sigma**2)", "variance + sigma"),
        ("The variance is squared", FACTOR, "variance**2 / (variance**2 + sigma**2)"),
        ("The variance is squared", FACTOR, "variance**2 / (variance**2 + sigma**4)"),
        ("The variance is squared", FACTOR, "variance / (variance**2 + sigma**2)"),
        ("The variance is squared", FACTOR, "variance / np.hypot(variance, sigma)"),
        ("The variance is squared", "variance /", "variance**2 /"),
        ("The ratio of signal and noise, cut", FACTOR, "np.minimum(variance / sigma**2, 1)"),
        ("The ratio of signal and noise, cut", FACTOR, "np.exp(-sigma**2 / variance)"),
        ("The root of each variance", FACTOR, "variance**0.5 / (variance**0.5 + sigma)"),
        ("The root of each variance", FACTOR, "variance**0.5 / (variance**0.5 + sigma**2)"),
        ("This is the root of the factor", FACTOR, f"np.sqrt({FACTOR})"),
        ("This is the ratio of signal", FACTOR, "variance / sigma**2"),
        ("This is the ratio of signal", FACTOR, "variance / sigma"),
        ("This is the ratio of signal", FACTOR, "sigma**2 / variance"),
        ("The factor is squared", FACTOR, f"({FACTOR}) ** 2"),
        ("The factor is squared", "(variance + sigma**2)", "(variance + sigma**2) ** 2"),
        ("The noise is subtracted", "variance + sigma", "variance - sigma"),
        ("The noise is subtracted", FACTOR, "1 - sigma**2 / variance"),
        ("The noise is subtracted", FACTOR, "(variance - sigma**2) / (variance + sigma**2)"),
        ("The noise is subtracted", FACTOR, "np.clip(1 - sigma**2 / variance, 0, None)"),
        ("This keeps a direction or drops it", FACTOR, "np.where(variance > sigma**2, 1.0, 0.0)"),
        ("This keeps a direction or drops it", FACTOR, "np.where(variance > sigma, 1.0, 0.0)"),
        ("This keeps a direction or drops it", FACTOR, "variance * (variance > sigma**2)"),
        ("The noise is subtracted", FACTOR, "1 - sigma / variance"),
        ("The noise is subtracted", FACTOR, "sigma**2 / (sigma**2 - variance)"),
        ("A 1 stands where the variance of", "(variance +", "(1 +"),
        ("All directions are divided by one", "(variance +", "(variance.mean() +"),
        ("All directions are divided by one", "(variance +", "(np.max(variance) +"),
        ("The noise is counted once for", "sigma**2", "len(variance) * sigma**2"),
        ("This is the squared error", "variance /", "variance * sigma**2 /"),
        ("A 1 stands where the variance belongs", "variance /", "1 /"),
        ("A 2 comes in", "sigma**2", "2 * sigma**2"),
        ("A 2 comes in", "sigma**2", "sigma**2 / 2"),
        ("A 2 comes in", "variance /", "2 * variance /"),
        ("A 2 comes in", "variance /", "0.5 * variance /"),
        ("The variances are divided by their sum", FACTOR, "variance / variance.sum()"),
        ("The variances are divided by their sum", "(variance +", "(np.sum(variance) +"),
        ("The variances are divided by their sum", "+ sigma**2)", "+ sigma**2).sum()"),
    ],
    "bias undone": [
        ("Paper becomes 0, but", LINE, "answer - b"),
        ("Paper becomes 0, but", LINE, "(answer - b).clip(0, 1)"),
        ("Paper becomes 0, but", LINE, "np.where(answer > b, answer - b, 0)"),
        ("It is stretched by the wrong", "1 - 2 * b", "1 - b"),
        ("It is stretched by the wrong", "1 - 2 * b", "1 + b"),
        ("It is stretched by the wrong", "1 - 2 * b", "1 + 2 * b"),
        ("It is stretched, but paper", "(answer - b)", "answer"),
        ("It is stretched, but paper", LINE, "answer / (1 - b)"),
        ("It is multiplied", "/", "*"),
        ("It is multiplied", "/ (1 - 2 * b)", "* (1 - b)"),
        ("It is multiplied", LINE, "answer * (1 - 2 * b) - b"),
        ("It is multiplied", LINE, "answer * (1 - 2 * b)"),
        ("Subtract b first", LINE, "answer / (1 - 2 * b) - b"),
        ("Here b is subtracted twice", "answer - b", "answer - 2 * b"),
        ("Here b is subtracted twice", LINE, "answer - 2 * b"),
        ("The answers are cut off", LINE, "np.clip(answer, b, 1 - b)"),
        ("The answers are cut off", LINE,
         "np.where(answer < b, 0, np.where(answer > 1 - b, 1, answer))"),
        ("This is what clamping does", LINE, "b + (1 - 2 * b) * answer"),
        ("This is what clamping does", LINE, "np.interp(answer, [0, 1], [b, 1 - b])"),
        ("The result is clipped", LINE, "np.interp(answer, [b, 1 - b], [0, 1])"),
        ("Brackets are missing", "(answer - b)", "answer - b"),
        ("Brackets are missing", "(1 - 2 * b)", "1 - 2 * b"),
        ("Brackets are missing", LINE, "answer - b / 1 - 2 * b"),
        ("Brackets are missing", LINE, "answer - b * (1 - 2 * b)"),
        ("The sign of b", "answer - b", "answer + b"),
        ("The sign of b", LINE, "(answer + b) / (1 + 2 * b)"),
        ("The sign of b", LINE, "answer + b"),
        ("The result is clipped", LINE, f"np.clip({LINE}, 0, 1)"),
        ("Paper and ink are interchanged", LINE, f"1 - {LINE}"),
        ("Paper and ink are interchanged", "answer - b", "1 - b - answer"),
        ("The ends are taken from the answers", LINE,
         "(answer - answer.min()) / np.ptp(answer)"),
        ("The ends are taken from the answers", "answer - b", "answer - answer.min()"),
        ("The ends are taken from the answers", "answer - b", "answer - answer.mean()"),
        ("The ends are taken from the answers", "1 - 2 * b", "answer.max() - b"),
    ],
}

ALSO_RIGHT = {
    "denoising loss": ["""
def answer(net, clean, noise, sigma):
    x = clean.copy()
    x += sigma * noise
    return np.sum(np.square(clean - net(x)), axis=1)
""", """
def answer(net, clean, noise, sigma):
    clean, noise = torch.as_tensor(clean), torch.as_tensor(noise)
    seen = torch.add(clean, noise, alpha=sigma)
    return (torch.as_tensor(net(seen.numpy())) - clean).pow(2).sum(dim=1)
"""],
    "Wiener factor": ["""
def answer(variance, sigma):
    return 1 - sigma * sigma / (sigma * sigma + variance)
""", """
def answer(variance, sigma):
    return 1 / (1 + sigma**2 / variance)
"""],
    "bias undone": ["""
def answer(answer, b):
    black, white = b, 1 - b
    return (answer - black) / (white - black)
""", """
def answer(answer, b):
    return 0.5 + (answer - 0.5) / (1 - 2 * b)
"""],
}


class TestExercises(ExerciseTests):
    topics = ["denoising_fill_ins"]
    scope = {"np": np, "torch": torch}
    right, also_right, wrong = RIGHT, ALSO_RIGHT, WRONG
