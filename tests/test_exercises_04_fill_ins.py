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
        ("This is the squared error", "variance /", "variance * sigma**2 /"),
        ("A 1 stands where", "variance /", "1 /"),
        ("A 2 comes in", "sigma**2", "2 * sigma**2"),
        ("A 2 comes in", "variance /", "2 * variance /"),
        ("A 2 comes in", "variance /", "0.5 * variance /"),
        ("The variances are divided by their sum", FACTOR, "variance / variance.sum()"),
        ("The variances are divided by their sum", "(variance +", "(np.sum(variance) +"),
    ],
    "bias undone": [
        ("Black becomes 0, but", LINE, "answer - b"),
        ("Black becomes 0, but", LINE, "(answer - b).clip(0, 1)"),
        ("Black becomes 0, but", LINE, "np.where(answer > b, answer - b, 0)"),
        ("It is stretched by the wrong", "1 - 2 * b", "1 - b"),
        ("It is stretched by the wrong", "1 - 2 * b", "1 + b"),
        ("It is stretched by the wrong", "1 - 2 * b", "1 + 2 * b"),
        ("It is stretched, but black", "(answer - b)", "answer"),
        ("It is stretched, but black", LINE, "answer / (1 - b)"),
        ("It is multiplied", "/", "*"),
        ("It is multiplied", "/ (1 - 2 * b)", "* (1 - b)"),
        ("This is what clamping does", LINE, "b + (1 - 2 * b) * answer"),
        ("Brackets are missing", "(answer - b)", "answer - b"),
        ("Brackets are missing", "(1 - 2 * b)", "1 - 2 * b"),
        ("Brackets are missing", LINE, "answer - b / 1 - 2 * b"),
        ("The sign of b", "answer - b", "answer + b"),
        ("The sign of b", LINE, "(answer + b) / (1 + 2 * b)"),
        ("The sign of b", LINE, "answer + b"),
        ("The result is clipped", LINE, f"np.clip({LINE}, 0, 1)"),
        ("Black and white are interchanged", LINE, f"1 - {LINE}"),
        ("Black and white are interchanged", "answer - b", "1 - b - answer"),
        ("The ends are taken from the answers", LINE,
         "(answer - answer.min()) / np.ptp(answer)"),
        ("The ends are taken from the answers", "answer - b", "answer - answer.min()"),
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
