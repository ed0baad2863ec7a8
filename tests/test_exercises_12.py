"""Exercises of lesson 12: answers as learners write them, and the verdict on each."""

import math

import numpy as np
import torch
from exercise_suite import ExerciseTests

RIGHT = {
    "bits per pixel": """
def answer(stream, images, codes):
    count, channels, height, width = images.shape
    size = len(stream)
    return 8 * size / (count * height * width)
""",
    "code length": """
def answer(train, test, values):
    total = 0.0
    for place in range(train.shape[1]):
        counts = torch.bincount(train[:, place], minlength=values) + 1
        p = counts / counts.sum()
        bits = -torch.log2(p[test[:, place]])
        total += bits.mean().item()
    return total
""",
    "break-even": """
def answer(decoder, ours, theirs):
    saved = theirs - ours
    if saved <= 0:
        return math.inf
    return math.ceil(decoder / saved)
""",
}

ALSO_RIGHT = {
    "bits per pixel": [
        """
def answer(stream, images, codes):
    return len(stream) * 8 / images.numel()
""",
        """
def answer(stream, images, codes):
    return 8 * len(stream) / len(images) / images[0].numel()
""",
    ],
    "code length": [
        """
def answer(train, test, values):
    total = 0.0
    for code in test.tolist():
        for place, value in enumerate(code):
            count = (train[:, place] == value).sum().item() + 1
            total -= math.log2(count / (len(train) + values))
    return total / len(test)
""",
        """
def answer(train, test, values):
    one_hot = torch.nn.functional.one_hot(train, values).sum(0) + 1.0
    lengths = -(one_hot / one_hot.sum(1, keepdim=True)).log2()
    return lengths.gather(1, test.T).sum(0).mean()
""",
        """
def answer(train, test, values):
    nats = 0
    for a, b in zip(train.T.numpy(), test.T.numpy()):
        p = np.bincount(a, minlength=values) + 1
        nats -= np.log(p[b] / p.sum()).mean()
    return nats / np.log(2)
""",
    ],
    "break-even": [
        """
def answer(decoder, ours, theirs):
    if theirs <= ours:
        return float("inf")
    images = 1
    while decoder + images * ours > images * theirs:
        images += 1
    return images
""",
        """
def answer(decoder, ours, theirs):
    return int(np.ceil(decoder / (theirs - ours))) if theirs > ours else np.inf
""",
    ],
}

# For each exercise: how the mistake's message starts, then what is replaced by what.
WRONG = {
    "bits per pixel": [
        ("These are bytes per pixel", "8 * size", "size"),
        ("This divides by the size of the code", "(count * height * width)", "codes.numel()"),
        ("This divides by the size of the code", "(count * height * width)", "codes.shape[1]"),
        (
            "This divides by the size of the code",
            "8 * size / (count * height * width)",
            "size / codes.numel()",
        ),
        ("The number of images is missing", "count * height", "height"),
        ("The number of images is missing", "count * height", "height", "8 * ", ""),
        ("This is the cost of an image", "(count * height * width)", "count"),
        ("This is the cost of an image", "8 * size / (count * height * width)", "size / count"),
        ("This is the size of the whole file", " / (count * height * width)", ""),
        (
            "It is upside down",
            "8 * size / (count * height * width)",
            "(count * height * width) / (8 * size)",
        ),
        ("A byte *has* 8 bits", "8 * size / (count", "size / (8 * count"),
        ("The header of 2 bytes is taken off", "len(stream)", "len(stream[2:])"),
        ("Only one side", "count * height * width", "count * width"),
        ("The 784 pixels are those of MNIST", "height * width", "784"),
        ("The 784 pixels are those of MNIST", "count * height * width", "784"),
    ],
    "code length": [
        ("The logarithm is the natural one", "log2", "log"),
        ("The logarithm is to base 10", "log2", "log10"),
        ("The table is counted on the test codes", "train[:, place]", "test[:, place]"),
        ("The table is counted on the test codes", "train[:, place]", "test[:, place]", " + 1", ""),
        (
            "The table is counted on the test codes",
            "train[:, place]",
            "test[:, place]",
            "log2",
            "log",
        ),
        (
            "The table is counted on training and test codes together",
            "train[:, place]",
            "torch.cat([train, test])[:, place]",
        ),
        ("This is the entropy of the training codes", "test[:, place]", "train[:, place]"),
        ("This is the entropy of the training codes", "bits.mean()", "(-p * torch.log2(p)).sum()"),
        ("The two are exchanged", "answer(train, test", "answer(test, train"),
        (
            "One table serves all places",
            "torch.bincount(train[:, place]",
            "torch.bincount(train.flatten()",
        ),
        ("This is the mean over the places", "return total", "return total / train.shape[1]"),
        ("This is the sum over all test codes", "bits.mean()", "bits.sum()"),
        ("Nothing is added to the counts", " + 1", ""),
        (
            "The 1 is added to the counts but not to their sum",
            "counts / counts.sum()",
            "counts / len(train)",
        ),
        (
            "The 1 is added to the counts but not to their sum",
            "counts / counts.sum()",
            "counts / (len(train) + 1)",
        ),
        ("A table ends at the largest number", ", minlength=values", ""),
        ("Each number is rounded up to whole bits", "bits.mean()", "bits.ceil().mean()"),
        (
            "Every value counts as equally likely",
            "p[test[:, place]]",
            "torch.full((1,), 1 / values)",
        ),
        ("The sign is reversed", "-torch", "torch"),
        (
            "The lengths are weighed",
            "bits = -torch.log2(p[test[:, place]])",
            "q = p[test[:, place]]; bits = -q * torch.log2(q)",
        ),
        (
            "This is the logarithm of the mean",
            "-torch.log2(p[test[:, place]])",
            "-torch.log2(p[test[:, place]].mean())",
        ),
    ],
    "break-even": [
        (
            "The decoder is counted for every image",
            "saved = theirs - ours",
            "saved = theirs - ours - decoder",
            "math.ceil(decoder / saved)",
            "1",
        ),
        (
            "The decoder is counted for every image",
            "math.ceil(decoder / saved)",
            "math.ceil((decoder + ours) / theirs)",
            "    if saved <= 0:\n        return math.inf\n",
            "",
        ),
        ("It is rounded down", "math.ceil", "math.floor"),
        ("It is rounded down", "math.ceil(decoder / saved)", "int(decoder // saved)"),
        ("It is rounded to the nearest number", "math.ceil", "round"),
        (
            "It is rounded to the nearest number",
            "math.ceil(decoder / saved)",
            "int(decoder / saved + 0.5)",
        ),
        ("This is not a whole number", "math.ceil(decoder / saved)", "decoder / saved"),
        ("Our own bytes per image are left out", "decoder / saved", "decoder / theirs"),
        ("This divides by what we spend", "decoder / saved", "decoder / ours"),
        ("If an image of ours costs more", "saved <= 0", "saved == 0"),
        ("If an image of ours costs more", "math.inf", "0"),
        ("If an image of ours costs more", "math.inf", "-math.inf"),
        ("If an image of ours costs more", "theirs - ours", "abs(theirs - ours)"),
        ("The condition is the wrong way round", "saved <= 0", "saved >= 0"),
        ("The difference is taken the wrong way", "theirs - ours", "ours - theirs"),
        ("One image too many", "math.ceil(decoder / saved)", "math.ceil(decoder / saved) + 1"),
        ("One image too many", "math.ceil(decoder / saved)", "decoder // saved + 1"),
        ("One image too few", "math.ceil(decoder / saved)", "math.ceil(decoder / saved) - 1"),
        (
            "Our own bytes per image are counted twice",
            "decoder / saved",
            "(decoder + ours) / saved",
        ),
        (
            "There is a factor 8 too much",
            "math.ceil(decoder / saved)",
            "math.ceil(8 * decoder / saved)",
        ),
    ],
}

# What raises, and the hint that the learner then reads.
RAISING = {
    "code length": [
        ("A value that did not occur", "bits.mean().item()",
         "sum(-math.log2(x) for x in p[test[:, place]].tolist()) / len(test)", " + 1", ""),
    ],
    "break-even": [
        ("If both cost the same", "saved <= 0", "saved < 0"),
        ("If both cost the same", "    if saved <= 0:\n        return math.inf\n", ""),
    ],
}  # fmt: skip


class TestExercises(ExerciseTests):
    topics = ["compression"]
    scope = {"torch": torch, "np": np, "math": math}
    right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING
