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
    "receptive field": """
def answer(kernels, strides):
    side = 1
    step = 1
    for kernel, stride in zip(kernels, strides):
        side = side + (kernel - 1) * step
        step = step * stride
    return side
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
    "receptive field": ["""
def answer(kernels, strides):
    side = 1
    for k, s in zip(reversed(kernels), reversed(strides)):
        side = (side - 1) * s + k
    return side
""", """
def answer(kernels, strides):
    steps = np.cumprod([1, *strides[:-1]])
    return 1 + ((np.array(kernels) - 1) * steps).sum()
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
        ("The padding is added after", SMALL,
         "small = (size - kernel) // stride + 2 * padding + 1"),
        ("The remainder of the division", "// stride", "% stride"),
        ("The kernel is subtracted twice", "framed - kernel", "framed - 2 * kernel"),
        ("The convolution's padding is counted once", "size + 2 * padding", "size + padding"),
        ("The convolution's padding is forgotten", "size + 2 * padding", "size"),
        ("The convolution's kernel is forgotten", "(framed - kernel)", "framed"),
        ("The convolution's kernel is forgotten", SMALL, "small = size // stride"),
        ("The convolution's stride is forgotten", " // stride", ""),
        ("The division comes before", "steps = (framed - kernel) // stride",
         "steps = framed - kernel // stride"),
        ("The kernel's size is subtracted, and 1", "framed - kernel", "framed - kernel - 1"),
        ("Padding and output padding are both", LARGE, "large = reach"),
        ("The 1 is added to the stride", SMALL, "small = (framed - kernel) // (stride + 1)"),
        ("The transposed convolution divides", "(size - 1) * stride", "(size - 1) // stride"),
        ("The signs of padding and kernel", "stride + kernel", "stride - kernel",
         "reach - 2", "reach + 2"),
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
        ("The size is multiplied by the stride", LARGE, "large = size * stride + output_padding"),
        ("The transposed convolution's padding is multiplied", LARGE,
         "large = (size - 1) * (stride - 2 * padding) + kernel + output_padding"),
        ("The transposed convolution's padding is multiplied", "(size - 1) * stride",
         "size - 1 * stride"),
        ("The transposed convolution's padding is added", LARGE,
         "large = (size + 2 * padding - 1) * stride + kernel + output_padding"),
        ("The two sizes are in the wrong order", "small, large", "large, small"),
        ("The transposed convolution is applied to the output", "(size - 1) * stride",
         "(small - 1) * stride"),
        ("The transposed convolution is applied to the output", LARGE,
         "large = (small - 1) * stride + kernel"),
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
        ("In Python ^ is no power", "kernel * kernel", "kernel ^ 2"),
        ("In Python ^ is no power", "return weights + biases",
         "return channels_out * (channels_in * kernel ^ 2) + channels_out"),
        ("The biases are counted by the kernel", "weights + biases",
         "(channels_out * channels_in + 1) * kernel ** 2"),
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
        ("The count is multiplied by the pixels", "weights + biases",
         "channels_in * channels_out * (height - kernel + 1) * (width - kernel + 1)"),
        ("The biases are counted by the kernel", "biases = channels_out",
         "biases = channels_out * kernel"),
        ("The biases are counted by the kernel", "biases = channels_out", "biases = kernel"),
        ("The biases are counted at the wrong end", "channels_out * per_kernel",
         "(channels_out + 1) * per_kernel", "+ biases", ""),
        ("The input channels are forgotten", "weights + biases", "channels_out * kernel ** 2 + 1"),
        ("Channels are added where", "channels_out * per_kernel",
         "(channels_in + channels_out) * kernel ** 2"),
        ("Channels are added where", "weights + biases",
         "channels_out * kernel ** 2 + channels_out * channels_in"),
        ("A kernel of side k has", "kernel * kernel", "(kernel - 1) ** 2"),
        ("Channels are squared with", "channels_out * per_kernel",
         "(channels_out * channels_in * kernel) ** 2"),
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
        ("The mean runs over the images, too", "axis=(1, 2)", "axis=(0, 1)"),
        ("The mean runs over the images, too", "axis=(1, 2)", "axis=(0, 2)"),
        ("What came in at the left is kept", MOVED,
         "moved = np.roll(images, d, axis=2); moved[:, :, -d:] = 0"),
        ("What came in at the left is kept", MOVED,
         "moved = np.roll(images, d, axis=2); moved[:, :d] = 0"),
        ("Nothing is moved", "images[:, :, :-d]", "images[:, :, d:]"),
        ("The image is moved down as well", "moved[:, :, d:] = images[:, :, :-d]",
         "moved[:, d:, d:] = images[:, :-d, :-d]"),
        ("It is moved by one column more", "moved[:, :, d:] = images[:, :, :-d]",
         "moved[:, :, d + 1:] = images[:, :, :-d - 1]"),
        ("The squares of both", "difference ** 2", "images ** 2 - moved ** 2"),
        ("The sum is right, and divided", "(difference ** 2).mean(axis=(1, 2))",
         "(difference ** 2).sum(axis=(1, 2)) / images[0, :, d:].size"),
        ("The images have become wider", MOVED,
         "moved = np.pad(images, ((0, 0), (0, 0), (d, 0))); "
         "images = np.pad(images, ((0, 0), (0, 0), (0, d)))"),
        ("The free columns are filled with the mean", "np.zeros_like(images)",
         "np.full_like(images, images.mean())"),
        ("The image is mirrored", MOVED, "moved = images[:, :, ::-1]"),
        ("This is the variance of the difference", "(difference ** 2).mean(", "difference.var("),
        ("This is the largest difference", "(difference ** 2).mean(", "abs(difference).max("),
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
    "receptive field": [
        ("The strides are left out", "step * stride", "step"),
        ("A layer's own stride", """side = side + (kernel - 1) * step
        step = step * stride""", """step = step * stride
        side = side + (kernel - 1) * step"""),
        ("A layer's own stride", "(kernel - 1) * step", "(kernel - 1) * stride"),
        ("Only the stride of the layer just before", "step * stride", "stride"),
        ("The square is right, and multiplied", "return side", "return side * step"),
        ("The square is right, and multiplied", "return side", "return side + step"),
        ("Each layer widens the view by kernel − 1", "(kernel - 1)", "2 * (kernel - 1)"),
        ("The first layer is left out", "zip(kernels, strides)", "zip(kernels[1:], strides)"),
        ("The strides divide", "(kernel - 1) * step", "(kernel - 1) / step"),
        ("The strides are added up", "step * stride", "step + stride"),
        ("Each layer adds its whole kernel", "(kernel - 1)", "kernel"),
        ("Each layer adds its whole kernel", "(kernel - 1)", "kernel", "side = 1", "side = 0"),
        ("The first pixel is missing", "side = 1", "side = 0"),
        ("The kernels are multiplied", "side + (kernel - 1) * step", "side * kernel"),
        ("A layer's own stride", "return side", "return kernels[0] + sum((k - 1) * s "
         "for k, s in zip(kernels[1:], strides[1:]))"),
        ("The kernels are multiplied", "side + (kernel - 1) * step", "side * kernel",
         "return side", "return side * step"),
        ("Kernels are widened by all strides", "return side", "return sum(kernels) * step"),
        ("Kernels are widened by all strides", "return side",
         "return kernels[0] + sum(kernels[1:]) * step"),
        ("The whole view so far", "side + (kernel - 1) * step", "side * stride + kernel - 1"),
        ("The stride is subtracted", "(kernel - 1)", "(kernel - stride)"),
        ("This is the size of the map", "side = 1", "side = 28",
         "side + (kernel - 1) * step", "(side - kernel) // stride + 1"),
        ("Only half of each kernel", "(kernel - 1)", "((kernel - 1) // 2)"),
        ("The kernels are added up", "return side", "return sum(kernels)"),
        ("Every kernel is multiplied", "return side",
         "return sum(k * s for k, s in zip(kernels, strides))"),
        ("Only half of each kernel", "(kernel - 1)", "(kernel // 2)"),
        ("Only the largest kernel", "return side", "return max(kernels)"),
        ("Only the largest kernel", "return side", "return max(kernels) * step"),
        ("This is how many pixels", "return side", "return step"),
        ("Only the last layer", "return side", "return kernels[-1]"),
        ("Only the last layer", "return side", "return 1 + (kernel - 1) * step // stride"),
        ("Only the first layer", "return side", "return kernels[0]"),
        ("The layers are taken in the wrong order", "zip(kernels, strides)",
         "zip(kernels[::-1], strides[::-1])"),
        ("Kernels and strides are not walked", "zip(kernels, strides)",
         "zip(kernels, strides[::-1])"),
        ("This is the number of pixels", "return side", "return side ** 2"),
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
