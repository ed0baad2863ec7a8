"""Lesson 12: bits per pixel, the length of a code under training tables, break-even."""

import math

import numpy as np
import torch

from aecourse.exercises.checks import Exercise, Mistake

# Bits per pixel -----------------------------------------------------------------------------


def bits_per_pixel(stream, images, codes):
    return 8 * len(stream) / images.numel()


def file(size, images, height, width, code_size):
    numbers = (images, 1, height, width), (images, code_size)
    return bytes(size), *(torch.zeros(shape, dtype=torch.float64) for shape in numbers)


BITS_PER_PIXEL = Exercise(
    name="bits per pixel",
    right=bits_per_pixel,
    probes={
        "a file of 1,200 bytes with 100 images": file(1_200, 100, 28, 26, 32),
        "a file of 900 bytes with 7 images": file(900, 7, 12, 20, 10),
        "a file of 40 bytes with 3 images": file(40, 3, 6, 9, 5),
    },
    mistakes=[
        Mistake(
            "These are bytes per pixel. A byte has 8 bits.",
            lambda s, x, z: len(s) / x.numel(),
        ),
        Mistake(
            "This divides by the size of the code: bits per *code number*. A code may be as long "
            "as it likes; what it describes are pixels.",
            lambda s, x, z: 8 * len(s) / z.numel(),
            lambda s, x, z: len(s) / z.numel(),
            lambda s, x, z: 8 * len(s) / z.shape[1],
            lambda s, x, z: len(s) / z.shape[1],
        ),
        Mistake(
            "The number of images is missing: the file holds all of them.",
            lambda s, x, z: 8 * len(s) / x[0].numel(),
            lambda s, x, z: len(s) / x[0].numel(),
        ),
        Mistake(
            "This is the cost of an image. Each has as many pixels as height times width.",
            lambda s, x, z: 8 * len(s) / len(x),
            lambda s, x, z: len(s) / len(x),
        ),
        Mistake(
            "This is the size of the whole file. It is shared by all pixels of all images.",
            lambda s, x, z: 8 * len(s),
            lambda s, x, z: len(s),
        ),
        Mistake(
            "It is upside down: these are pixels per bit.",
            lambda s, x, z: x.numel() / (8 * len(s)),
            lambda s, x, z: x.numel() / len(s),
        ),
        Mistake(
            "A byte *has* 8 bits: multiply the bytes by 8.",
            lambda s, x, z: len(s) / (8 * x.numel()),
            lambda s, x, z: len(s) / 8 / x[0].numel(),
        ),
        Mistake(
            "The header of 2 bytes is taken off. It has to be sent as well: count the file as it "
            "is.",
            lambda s, x, z: 8 * (len(s) - 2) / x.numel(),
            lambda s, x, z: 8 * (len(s) - 5) / x.numel(),
            lambda s, x, z: 8 * (len(s) - 6) / x.numel(),
        ),
        Mistake(
            "Only one side of the image is counted. Pixels are height times width.",
            lambda s, x, z: 8 * len(s) / (len(x) * x.shape[-1]),
            lambda s, x, z: 8 * len(s) / (len(x) * x.shape[-2]),
        ),
        Mistake(
            "The 784 pixels are those of MNIST. These images have another size: take it from their "
            "shape.",
            lambda s, x, z: 8 * len(s) / (784 * len(x)),
            lambda s, x, z: 8 * len(s) / 784,
        ),
    ],
    insight="The code size does not appear: 64 cheap numbers may cost less than 16 dear ones.",
)

# Length of a code ---------------------------------------------------------------------------


def code_length(train, test, values):
    return cost(train, test, values)


def cost(train, test, values, log=math.log2, add=1.0):
    """Mean length of the rows of ``test`` under tables of ``train``."""
    return sum(place(a, b, values, log, add) for a, b in zip(train.T, test.T))


def place(train, test, values, log=math.log2, add=1.0):
    counts = torch.bincount(train, minlength=values).double() + add
    p = counts / counts.sum()
    return sum(-log(p[v].item()) if p[v] > 0 else math.inf for v in test) / len(test)


def plain_entropy(column, values):
    return place(column, column, values, add=0.0)


def whole(seed, rows, places, values):
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.full(values, 0.7), size=places)
    return torch.tensor(np.stack([random.choice(values, rows, p=p) for p in shares], 1))


def lengths(seed, train, test, places, values):
    codes = whole(seed, train + test, places, values)
    return codes[:train], codes[train:], values


CODE_LENGTH = Exercise(
    name="code length",
    right=code_length,
    probes={
        "40 training and 9 test codes of 3 numbers, 5 values": lengths(1, 40, 9, 3, 5),
        "25 training and 14 test codes of 4 numbers, 3 values": lengths(2, 25, 14, 4, 3),
        "12 training and 17 test codes of 2 numbers, 7 values": lengths(3, 12, 17, 2, 7),
    },
    mistakes=[
        Mistake(
            "The logarithm is the natural one, so these are nats. Bits take the logarithm to base "
            "2, which is 1.44 times as large.",
            lambda a, b, v: cost(a, b, v, math.log),
            lambda a, b, v: sum(place(i, j, v, math.log) for i, j in zip(a.T, b.T)) / a.shape[1],
        ),
        Mistake(
            "The logarithm is to base 10. A bit is a choice between two: base 2.",
            lambda a, b, v: cost(a, b, v, math.log10),
        ),
        Mistake(
            "The table is counted on the test codes. The decoder does not have them, it is waiting "
            "for them: count the training codes.",
            lambda a, b, v: cost(b, b, v),
            lambda a, b, v: cost(b, b, v, add=0.0),
            lambda a, b, v: sum(plain_entropy(j, v) for j in b.T) / b.shape[1],
            lambda a, b, v: cost(b, b, v, math.log),
        ),
        Mistake(
            "The table is counted on training and test codes together. The decoder does not have "
            "the test codes yet: count the training codes alone.",
            lambda a, b, v: cost(torch.cat([a, b]), b, v),
        ),
        Mistake(
            "This is the entropy of the training codes. The table comes from them, but what is "
            "written are the test codes: average −log₂ p over those.",
            lambda a, b, v: cost(a, a, v),
            lambda a, b, v: cost(a, a, v, add=0.0),
            lambda a, b, v: sum(
                -(p * p.log2()).sum().item()
                for i in a.T
                for p in [(torch.bincount(i, minlength=v) + 1.0) / (len(i) + v)]
            ),
        ),
        Mistake(
            "The two are exchanged: the table comes from the training codes, the cost is that of "
            "the test codes.",
            lambda a, b, v: cost(b, a, v),
        ),
        Mistake(
            "One table serves all places of the code. Each place has its own.",
            lambda a, b, v: b.shape[1] * place(a.flatten(), b.flatten(), v),
            lambda a, b, v: place(a.flatten(), b.flatten(), v),
        ),
        Mistake(
            "This is the mean over the places of the code. All of them are written: add up.",
            lambda a, b, v: cost(a, b, v) / a.shape[1],
        ),
        Mistake(
            "This is the sum over all test codes. The mean per code is asked for.",
            lambda a, b, v: cost(a, b, v) * len(b),
        ),
        Mistake(
            "Nothing is added to the counts. A value that did not occur in training then has "
            "probability 0, and the first test code that holds it cannot be written at all.",
            lambda a, b, v: cost(a, b, v, add=0.0),
        ),
        Mistake(
            "The 1 is added to the counts but not to their sum, so the probabilities add up to "
            "more than 1: no coder can reach such lengths.",
            lambda a, b, v: cost(a, b, v) - a.shape[1] * math.log2((len(a) + v) / len(a)),
            lambda a, b, v: cost(a, b, v) - a.shape[1] * math.log2((len(a) + v) / (len(a) + 1)),
        ),
        Mistake(
            "A table ends at the largest number that occurred in training. With minlength=values "
            "the numbers beyond it get their 1, too.",
            lambda a, b, v: sum(
                place(i, j, int(max(i.max(), j.max())) + 1) for i, j in zip(a.T, b.T)
            ),
        ),
        Mistake(
            "Each number is rounded up to whole bits. A coder need not do that: it writes the "
            "whole message as one number (section 3).",
            lambda a, b, v: cost(a, b, v, lambda p: math.floor(math.log2(p))),
        ),
        Mistake(
            "Every value counts as equally likely. That is the length without any table.",
            lambda a, b, v: a.shape[1] * math.log2(v),
        ),
        Mistake(
            "The sign is reversed. A length is never negative: probabilities are below 1, and so "
            "their logarithms are below 0.",
            lambda a, b, v: -cost(a, b, v),
        ),
        Mistake(
            "The lengths are weighed with the table's own probabilities once more. The average "
            "over the test codes weighs each value by how often it occurs there.",
            lambda a, b, v: sum(
                sum(-p[x].item() * math.log2(p[x].item()) for x in j) / len(j)
                for i, j in zip(a.T, b.T)
                for p in [(torch.bincount(i, minlength=v) + 1.0) / (len(i) + v)]
            ),
        ),
        Mistake(
            "This is the logarithm of the mean probability. Take the logarithm of each first, then "
            "the mean: lengths add up, probabilities do not.",
            lambda a, b, v: sum(
                -math.log2(np.mean([p[x].item() for x in j]))
                for i, j in zip(a.T, b.T)
                for p in [(torch.bincount(i, minlength=v) + 1.0) / (len(i) + v)]
            ),
        ),
    ],
    hints={
        "math domain error|divide by zero": "A value that did not occur in training has no "
        "logarithm yet: add 1 to every count.",
    },
    insight="This is a cross-entropy. At each place it exceeds the entropy of the test numbers by "
    "their KL divergence from the table: that is what a table from other data costs.",
)

# Break-even ---------------------------------------------------------------------------------


def break_even(decoder, ours, theirs):
    if ours >= theirs:
        return math.inf
    return math.ceil(decoder / (theirs - ours))


def per(decoder, saved):
    """Images for a decoder if each saves so much; saving nothing, never."""
    return decoder / saved if saved else math.inf


def up(number):
    return math.ceil(number) if math.isfinite(number) else number


BREAK_EVEN = Exercise(
    name="break-even",
    right=break_even,
    probes={
        "a decoder of 105,360 bytes, 12 against 42 bytes": (105_360, 12, 42),
        "a decoder of 1,000 bytes, 20 against 27 bytes": (1_000, 20, 27),
        "a decoder of 5,003 bytes, 9.5 against 31 bytes": (5_003, 9.5, 31),
        "a decoder of 1,000 bytes, 20 against 23 bytes": (1_000, 20, 23),
        "a decoder of 900 bytes, 20 against 45 bytes": (900, 20, 45),
        "a decoder of 800 bytes, 30 against 25 bytes": (800, 30, 25),
        "a decoder of 600 bytes, 25 against 25 bytes": (600, 25, 25),
    },
    mistakes=[
        Mistake(
            "The decoder is counted for every image. It is sent once: n images cost "
            "decoder + n · ours.",
            lambda d, a, b: math.inf if d + a >= b else 1,
            lambda d, a, b: per(d, b - d - a),
            lambda d, a, b: math.ceil((d + a) / b),
            lambda d, a, b: (d + a) / b,
        ),
        Mistake(
            "It is rounded down: with so many images we are still a little dearer. Round up.",
            lambda d, a, b: math.inf if a >= b else math.floor(d / (b - a)),
        ),
        Mistake(
            "It is rounded to the nearest number. If that is down, we are still a little dearer: "
            "round up.",
            lambda d, a, b: math.inf if a >= b else round(d / (b - a)),
        ),
        Mistake(
            "This is not a whole number of images. Round up.",
            lambda d, a, b: math.inf if a >= b else d / (b - a),
        ),
        Mistake(
            "Our own bytes per image are left out. What each image saves is the difference.",
            lambda d, a, b: math.ceil(d / b),
            lambda d, a, b: d / b,
            lambda d, a, b: math.inf if a >= b else math.ceil(d / b),
        ),
        Mistake(
            "This divides by what we spend per image. Divide by what we *save* per image.",
            lambda d, a, b: math.ceil(d / a),
            lambda d, a, b: d / a,
            lambda d, a, b: math.inf if a >= b else math.ceil(d / a),
        ),
        Mistake(
            "If an image of ours costs more than one of theirs, the decoder never pays: return "
            "math.inf.",
            lambda d, a, b: up(per(d, b - a)),
            lambda d, a, b: per(d, b - a),
            lambda d, a, b: up(per(d, abs(b - a))),
            lambda d, a, b: 0 if a >= b else math.ceil(d / (b - a)),
            lambda d, a, b: -1 if a >= b else math.ceil(d / (b - a)),
            lambda d, a, b: -math.inf if a >= b else math.ceil(d / (b - a)),
        ),
        Mistake(
            "The condition is the wrong way round: it is ours that must be cheaper.",
            lambda d, a, b: math.inf if b >= a else math.ceil(d / (b - a)),
        ),
        Mistake(
            "The difference is taken the wrong way round. We save theirs − ours per image.",
            lambda d, a, b: up(per(d, a - b)),
            lambda d, a, b: per(d, a - b),
            lambda d, a, b: math.inf if a <= b else math.ceil(d / (a - b)),
        ),
        Mistake(
            "One image too many, if only where the division comes out even: with one less, both "
            "cost the same or ours is cheaper already.",
            lambda d, a, b: math.inf if a >= b else math.ceil(d / (b - a)) + 1,
            lambda d, a, b: math.inf if a >= b else math.floor(d / (b - a)) + 1,
        ),
        Mistake(
            "One image too few: with this number ours is still dearer.",
            lambda d, a, b: math.inf if a >= b else math.ceil(d / (b - a)) - 1,
        ),
        Mistake(
            "Our own bytes per image are counted twice. They are in theirs − ours already: only "
            "the decoder is divided by it.",
            lambda d, a, b: math.inf if a >= b else math.ceil((d + a) / (b - a)),
        ),
        Mistake(
            "There is a factor 8 too much. Everything here is in bytes.",
            lambda d, a, b: math.inf if a >= b else math.ceil(8 * d / (b - a)),
            lambda d, a, b: math.inf if a >= b else math.ceil(d / 8 / (b - a)),
        ),
    ],
    hints={
        "division by zero": "If both cost the same per image, nothing is ever saved: return "
        "math.inf.",
    },
    insight="Below this number the general-purpose codec wins, however good the net.",
)

EXERCISES = [BITS_PER_PIXEL, CODE_LENGTH, BREAK_EVEN]
