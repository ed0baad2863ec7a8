"""Exercises of lesson 07: answers as learners write them, and the verdict on each."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from exercise_suite import ExerciseTests
from torch import nn

RIGHT = {
    "output size": """
def answer(size, kernel, stride, padding, output_padding):
    framed = size + 2 * padding
    steps = (framed - kernel) // stride
    small = steps + 1
    reach = (size - 1) * stride + kernel
    large = reach - 2 * padding + output_padding
    return small, large
""",
    "parameters of a convolution": """
def answer(channels_in, channels_out, kernel, height, width):
    per_kernel = channels_in * kernel * kernel
    weights = channels_out * per_kernel
    biases = channels_out
    return weights + biases
""",
    "shift error": """
def answer(images, d):
    moved = np.zeros_like(images)
    moved[:, :, d:] = images[:, :, :-d]
    difference = images - moved
    return (difference ** 2).mean(axis=(1, 2))
""",
}

ALSO_RIGHT = {
    "output size": ["""
def answer(size, kernel, stride, padding, output_padding):
    line, weight = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel)
    small = F.conv1d(line, weight, stride=stride, padding=padding)
    large = F.conv_transpose1d(line, weight, stride=stride, padding=padding,
                               output_padding=output_padding)
    return small.shape[2], large.shape[2]
""", """
def answer(n, k, s, p, o):
    small = len(range(0, n + 2 * p - k + 1, s))
    return [small, (n - 1) * s - 2 * p + (k - 1) + o + 1]
""", """
def answer(n, k, s, p, o):
    return int((n + 2 * p - k) / s + 1), n * s - s - 2 * p + k + o
"""],
    "parameters of a convolution": ["""
def answer(channels_in, channels_out, kernel, height, width):
    layer = nn.Conv2d(channels_in, channels_out, kernel)
    return sum(p.numel() for p in layer.parameters())
""", """
def answer(i, o, k, h, w):
    return (i * k**2 + 1) * o
"""],
    "shift error": ["""
def answer(images, d):
    moved = np.pad(images, ((0, 0), (0, 0), (d, 0)))[:, :, :images.shape[2]]
    return np.mean(np.square(images - moved), axis=(-2, -1))
""", """
def answer(images, d):
    x = torch.as_tensor(images)
    return ((x - F.pad(x, (d, 0))[..., :x.shape[-1]]) ** 2).flatten(1).mean(1)
""", """
def answer(images, d):
    moved = np.roll(images, d, axis=2)
    moved[:, :, :d] = 0
    return [((a - b) ** 2).mean() for a, b in zip(images, moved)]
"""],
}

SMALL, LARGE = "small = steps + 1", "large = reach - 2 * padding + output_padding"
MOVED = """moved = np.zeros_like(images)
    moved[:, :, d:] = images[:, :, :-d]"""

# For each exercise: how the mistake's message starts, then what is replaced by what.
WRONG = {
    "output size": [
        ("The division is not rounded down", "// stride", "/ stride"),
        ("The division is rounded up", "(framed - kernel) // stride",
         "int(np.ceil((framed - kernel) / stride))"),
        ("The division is rounded up", "(framed - kernel) // stride",
         "round((framed - kernel) / stride)"),
        ("The division is rounded up", SMALL, "small = int(np.ceil(size / stride))"),
        ("The kernel's size less one", "framed - kernel", "framed - (kernel - 1)"),
        ("The output padding enters", "framed - kernel", "framed - kernel + output_padding"),
        ("One position is missed", "steps + 1", "steps"),
        ("The 1 is added before", "(framed - kernel) // stride",
         "(framed - kernel + 1) // stride - 1"),
        ("The convolution's padding is counted once", "size + 2 * padding", "size + padding"),
        ("The convolution's padding is forgotten", "size + 2 * padding", "size"),
        ("The convolution's kernel is forgotten", "(framed - kernel)", "framed"),
        ("The convolution's kernel is forgotten", SMALL, "small = size // stride"),
        ("The convolution's stride is forgotten", " // stride", ""),
        ("The output padding is forgotten", " + output_padding", ""),
        ("The output padding is counted twice", "+ output_padding", "+ 2 * output_padding"),
        ("The output padding is subtracted", "+ output_padding", "- output_padding"),
        ("The transposed convolution's padding is added", "reach - 2", "reach + 2"),
        ("The transposed convolution's padding is counted once", "reach - 2 * padding",
         "reach - padding"),
        ("The transposed convolution's padding is forgotten", "reach - 2 * padding", "reach"),
        ("One too few", "stride + kernel", "stride + (kernel - 1)"),
        ("One step too many, and one pixel", "(size - 1) * stride + kernel",
         "size * stride + kernel - 1"),
        ("The transposed convolution's stride is forgotten", "(size - 1) * stride", "(size - 1)"),
        ("The transposed convolution's stride is forgotten", "(size - 1) * stride", "size"),
        ("One step too many: n kernels", "(size - 1) * stride", "size * stride"),
        ("The transposed convolution's kernel is forgotten", "stride + kernel", "stride"),
        ("The transposed convolution's kernel is forgotten", "stride + kernel", "stride + 1"),
        ("The size is multiplied by the stride", LARGE, "large = size * stride"),
        ("The two sizes are in the wrong order", "small, large", "large, small"),
        ("The transposed convolution is applied to the output", "(size - 1) * stride",
         "(small - 1) * stride"),
        ("The size after the convolution is used", "small, large", "small, small"),
    ],
    "parameters of a convolution": [
        ("The count is multiplied by the pixels", "weights + biases",
         "(weights + biases) * height * width"),
        ("The count is multiplied by the pixels", "weights + biases", "weights * height * width"),
        ("The count is multiplied by the pixels", "weights + biases",
         "weights * height * width + biases"),
        ("The biases are counted for each pixel", "biases = channels_out",
         "biases = channels_out * height * width"),
        ("The biases are counted for each pixel", "biases = channels_out",
         "biases = height * width"),
        ("This is a dense layer", "weights + biases",
         "channels_in * height * width * channels_out * height * width + "
         "channels_out * height * width"),
        ("This is a dense layer", "weights + biases",
         "channels_in * channels_out * (height * width) ** 2"),
        ("This is a dense layer", "kernel * kernel", "height * width"),
        ("This is a dense layer", "kernel * kernel", "height * width", "+ biases", ""),
        ("The biases are forgotten", "weights + biases", "weights"),
        ("The biases are counted at the wrong end", "biases = channels_out",
         "biases = channels_in"),
        ("There are biases for the input channels too", "biases = channels_out",
         "biases = channels_in + channels_out"),
        ("These are the weights of one kernel", "weights + biases", "kernel ** 2"),
        ("These are the weights of one kernel", "weights + biases", "kernel ** 2 + 1"),
        ("The whole layer is given a single bias", "biases = channels_out", "biases = 1"),
        ("Each kernel is given a bias", "biases = channels_out",
         "biases = channels_in * channels_out"),
        ("The kernel is not squared", "kernel * kernel", "kernel"),
        ("The kernel is not squared", "kernel * kernel", "kernel", "+ biases", ""),
        ("The kernel is not squared", "kernel * kernel", "2 * kernel"),
        ("The input channels are forgotten", "channels_in * kernel", "kernel"),
        ("The input channels are forgotten", "channels_in * kernel", "kernel", "+ biases", ""),
        ("This is one output channel", "channels_out * per_kernel", "per_kernel",
         "biases = channels_out", "biases = 1"),
        ("This is one output channel", "channels_out * per_kernel", "per_kernel"),
        ("This is one output channel", "channels_out * per_kernel", "per_kernel",
         "+ biases", ""),
        ("These are the numbers in the output", "weights + biases",
         "channels_out * height * width"),
    ],
    "shift error": [
        ("The image wraps round", MOVED, "moved = np.roll(images, d, axis=2)"),
        ("The image wraps round", MOVED, "moved = np.roll(images, -d, axis=-1)"),
        ("The rows are shifted, and wrap round", MOVED, "moved = np.roll(images, d, axis=1)"),
        ("All pixels are shifted as one", MOVED, "moved = np.roll(images, d)"),
        ("The images are shifted past", MOVED, "moved = np.roll(images, d, axis=0)"),
        ("The mean runs over the wrong axis", "axis=(1, 2)", "axis=0"),
        ("The mean runs over one axis only", "axis=(1, 2)", "axis=1"),
        ("The mean runs over one axis only", "axis=(1, 2)", "axis=2"),
        ("This is one number for all images", "axis=(1, 2)", ""),
        ("This is one number for all images", "mean(axis=(1, 2))", "sum()"),
        ("This is a sum over the pixels", "mean", "sum"),
        ("The squared difference of every pixel", ".mean(axis=(1, 2))", ""),
        ("The image is shifted to the left", "moved[:, :, d:] = images[:, :, :-d]",
         "moved[:, :, :-d] = images[:, :, d:]"),
        ("The image is shifted down", "moved[:, :, d:] = images[:, :, :-d]",
         "moved[:, d:] = images[:, :-d]"),
        ("The image is shifted up", "moved[:, :, d:] = images[:, :, :-d]",
         "moved[:, :-d] = images[:, d:]"),
        ("The free columns are filled with 1", "np.zeros_like(images)", "np.ones_like(images)"),
        ("This is the square of the mean", "(difference ** 2).mean(axis=(1, 2))",
         "difference.mean(axis=(1, 2)) ** 2"),
        ("Only the columns that overlap", "images - moved", "images[:, :, d:] - moved[:, :, d:]"),
        ("The free columns are left out of the sum", "np.zeros_like(images)", "images.copy()"),
        ("The free columns are filled with the image's", MOVED,
         "moved = np.pad(images, ((0, 0), (0, 0), (d, 0)), mode='edge')[:, :, :-d]"),
        ("The difference is not squared", "difference ** 2", "abs(difference)"),
        ("The difference is not squared", "(difference ** 2)", "difference"),
        ("This is the root", "(difference ** 2).mean(axis=(1, 2))",
         "np.sqrt((difference ** 2).mean(axis=(1, 2)))"),
        ("The image is shifted by one pixel", "d:] = images[:, :, :-d]", "1:] = images[:, :, :-1]"),
        ("This is the shifted image", "return (difference ** 2).mean(axis=(1, 2))",
         "return moved"),
        ("The squared images are averaged", "images - moved", "images"),
        ("The squared images are averaged", "images - moved", "moved"),
    ],
}

# Slips that raise, and how the hint starts.
RAISING = {
    "shift error": [
        ("Look at the two shapes: +, -", "images[:, :, :-d]", "images"),
        ("Look at the two shapes: +, -", "images - moved", "images[:, :, d:] - moved"),
    ],
}


class TestExercises(ExerciseTests):
    topics = ["convolutional"]
    scope = {"np": np, "torch": torch, "F": F, "nn": nn}
    right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING

    def test_one_of_two_sizes_is_right(self):
        source = RIGHT["output size"].replace("+ output_padding", "+ 3 * output_padding")
        message = self.judge("output size", source).message
        assert message.startswith("Right: the size after the convolution.")

    @pytest.mark.parametrize("pack", ["np.array", "torch.tensor", "list"])
    def test_both_sizes_may_come_in_one_array(self, pack):
        source = RIGHT["output size"].replace("small, large", f"{pack}([small, large])")
        assert self.judge("output size", source).status == "right"

    def test_changing_the_images_in_place_is_named(self):
        source = RIGHT["shift error"].replace("    return", "    images -= moved\n    return")
        message = self.judge("shift error", source).message
        assert "changes its argument images in place" in message
