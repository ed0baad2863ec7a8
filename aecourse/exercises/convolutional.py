"""Exercises of lesson 07, convolutional autoencoders."""

import math

import numpy as np

from aecourse.exercises.checks import Exercise, Mistake

# Output size --------------------------------------------------------------------------------


def convolved(n, k, s, p):
    return (n + 2 * p - k) // s + 1


def transposed(n, k, s, p, o):
    return (n - 1) * s - 2 * p + k + o


def written_out(size, kernel, stride, padding, output_padding):
    small = (size + 2 * padding - kernel) // stride + 1
    large = (size - 1) * stride - 2 * padding + kernel + output_padding
    return small, large


def output_sizes(size, kernel, stride, padding, output_padding):
    return (
        convolved(size, kernel, stride, padding),
        transposed(size, kernel, stride, padding, output_padding),
    )


def first_wrong(formula):
    """The mistake that is made in the first of the two sizes alone."""
    return lambda n, k, s, p, o: (formula(n, k, s, p), transposed(n, k, s, p, o))


def second_wrong(formula):
    return lambda n, k, s, p, o: (convolved(n, k, s, p), formula(n, k, s, p, o))


OUTPUT_SIZE = Exercise(
    name="output size",
    right=written_out,
    returns=("the size after the convolution", "the size after the transposed convolution"),
    probes={
        "28 pixels, kernel 3, stride 2, padding 1, output padding 1": (28, 3, 2, 1, 1),
        "17 pixels, kernel 4, stride 3, padding 0, output padding 2": (17, 4, 3, 0, 2),
        "30 pixels, kernel 7, stride 4, padding 2, output padding 3": (30, 7, 4, 2, 3),
        "22 pixels, kernel 4, stride 3, padding 3, output padding 0": (22, 4, 3, 3, 0),
        # Three pixels are left over: more than one and two would make up a whole step.
        "32 pixels, kernel 6, stride 5, padding 1, output padding 1": (32, 6, 5, 1, 1),
        "33 pixels, kernel 7, stride 5, padding 1, output padding 3": (33, 7, 5, 1, 3),
        # Without rounding, which hides what is one too few.
        "19 pixels, kernel 5, stride 1, padding 3, output padding 0": (19, 5, 1, 3, 0),
    },
    mistakes=[
        Mistake(
            "The division is not rounded down. A kernel that no longer fits is left out: use //.",
            first_wrong(lambda n, k, s, p: (n + 2 * p - k) / s + 1),
        ),
        Mistake(
            "The division is rounded up or to the nearest. A kernel that no longer fits is left "
            "out, so round down.",
            first_wrong(lambda n, k, s, p: math.ceil((n + 2 * p - k) / s) + 1),
            first_wrong(lambda n, k, s, p: round((n + 2 * p - k) / s) + 1),
            first_wrong(lambda n, k, s, p: math.ceil(n / s)),
        ),
        Mistake(
            "The kernel's size less one is subtracted, and 1 is added as well. The first position "
            "is counted once: subtract the whole kernel, divide, and add 1.",
            first_wrong(lambda n, k, s, p: (n + 2 * p - (k - 1)) // s + 1),
        ),
        Mistake(
            "The output padding enters the size after the convolution. It belongs to the "
            "transposed one alone.",
            lambda n, k, s, p, o: ((n + 2 * p - k + o) // s + 1, transposed(n, k, s, p, o)),
        ),
        Mistake(
            "One position is missed: the kernel fits once before its first step. Add 1 after the "
            "division.",
            first_wrong(lambda n, k, s, p: (n + 2 * p - k) // s),
        ),
        Mistake(
            "The 1 is added before the division. The kernel's first position is one more *step*, "
            "so add it afterwards.",
            first_wrong(lambda n, k, s, p: (n + 2 * p - k + 1) // s),
        ),
        Mistake(
            "The padding is added after the division. It frames the image before the kernel "
            "starts: put brackets around n + 2p − k.",
            first_wrong(lambda n, k, s, p: (n - k) // s + 2 * p + 1),
            first_wrong(lambda n, k, s, p: (n - k) // s + p + 1),
        ),
        Mistake(
            "The remainder of the division is taken (%). Whole steps are asked for: //.",
            first_wrong(lambda n, k, s, p: (n + 2 * p - k) % s + 1),
        ),
        Mistake(
            "The kernel is subtracted twice. Only the padding stands at both ends.",
            first_wrong(lambda n, k, s, p: (n + 2 * (p - k)) // s + 1),
        ),
        Mistake(
            "The convolution's padding is counted once. It is added at both ends.",
            first_wrong(lambda n, k, s, p: (n + p - k) // s + 1),
        ),
        Mistake(
            "The convolution's padding is forgotten. It makes the image larger at both ends.",
            first_wrong(lambda n, k, s, p: (n - k) // s + 1),
        ),
        Mistake(
            "The convolution's kernel is forgotten. It must fit in as a whole, so it shortens the "
            "way that can be stepped along.",
            first_wrong(lambda n, k, s, p: (n + 2 * p) // s + 1),
            first_wrong(lambda n, k, s, p: n // s),
        ),
        Mistake(
            "The convolution's stride is forgotten. It divides the way that can be stepped along.",
            first_wrong(lambda n, k, s, p: n + 2 * p - k + 1),
        ),
        Mistake(
            "The division comes before the subtraction: put brackets around n + 2p − k.",
            first_wrong(lambda n, k, s, p: n + 2 * p - k // s + 1),
            first_wrong(lambda n, k, s, p: (n + 2 * p) // s - k + 1),
            first_wrong(lambda n, k, s, p: (n + 2 * p) // (k * s) + 1),
        ),
        Mistake(
            "The kernel's size is subtracted, and 1 as well. The kernel's left edge moves from 0 "
            "to n + 2p − k.",
            first_wrong(lambda n, k, s, p: (n + 2 * p - k - 1) // s + 1),
        ),
        Mistake(
            "Padding and output padding are both forgotten in the transposed convolution.",
            second_wrong(lambda n, k, s, p, o: (n - 1) * s + k),
        ),
        Mistake(
            "The 1 is added to the stride. It is one more position: add it after the division.",
            first_wrong(lambda n, k, s, p: (n + 2 * p - k) // (s + 1)),
        ),
        Mistake(
            "The transposed convolution divides by the stride. It multiplies: its copies lie s "
            "pixels apart.",
            second_wrong(lambda n, k, s, p, o: (n - 1) // s - 2 * p + k + o),
            second_wrong(lambda n, k, s, p, o: (n - 1) // s + 1 - 2 * p + k + o),
            second_wrong(lambda n, k, s, p, o: (n + 2 * p - k) // s + 1 + o),
        ),
        Mistake(
            "The signs of padding and kernel are exchanged in the transposed convolution: the last "
            "copy reaches over k pixels, and p pixels are cut off at both ends.",
            second_wrong(lambda n, k, s, p, o: (n - 1) * s + 2 * p - k + o),
        ),
        Mistake(
            "The output padding is forgotten. A convolution rounds down, so several sizes end up "
            "as the same one; output padding says which of them to go back to.",
            second_wrong(lambda n, k, s, p, o: (n - 1) * s - 2 * p + k),
        ),
        Mistake(
            "The output padding is counted twice. It is added at one end only.",
            second_wrong(lambda n, k, s, p, o: (n - 1) * s - 2 * p + k + 2 * o),
        ),
        Mistake(
            "The output padding is subtracted. It makes the output larger.",
            second_wrong(lambda n, k, s, p, o: (n - 1) * s - 2 * p + k - o),
        ),
        Mistake(
            "The transposed convolution's padding is added. What padding adds on the way in, it "
            "cuts off on the way out.",
            second_wrong(lambda n, k, s, p, o: (n - 1) * s + 2 * p + k + o),
            second_wrong(lambda n, k, s, p, o: (n + 2 * p - 1) * s + k + o),
        ),
        Mistake(
            "The transposed convolution's padding is multiplied by the stride, or the brackets "
            "stand elsewhere than around n − 1. Pixels are cut off at the end: − 2p.",
            second_wrong(lambda n, k, s, p, o: (n - 1 - 2 * p) * s + k + o),
            second_wrong(lambda n, k, s, p, o: (n - 1) * (s - 2 * p) + k + o),
            second_wrong(lambda n, k, s, p, o: n - 1 * s - 2 * p + k + o),
        ),
        Mistake(
            "The transposed convolution's padding is counted once. It is cut off at both ends.",
            second_wrong(lambda n, k, s, p, o: (n - 1) * s - p + k + o),
        ),
        Mistake(
            "The transposed convolution's padding is forgotten. It cuts off pixels at both ends.",
            second_wrong(lambda n, k, s, p, o: (n - 1) * s + k + o),
        ),
        Mistake(
            "One too few: in the form (n - 1)s - 2p + (k - 1) + o + 1 of PyTorch's documentation, "
            "k - 1 goes with the 1 at the end. Without either it is k.",
            second_wrong(lambda n, k, s, p, o: (n - 1) * s - 2 * p + (k - 1) + o),
        ),
        Mistake(
            "One step too many, and one pixel too few: n kernels start n - 1 strides apart from "
            "first to last, and the last reaches over k pixels.",
            second_wrong(lambda n, k, s, p, o: n * s - 2 * p + (k - 1) + o),
        ),
        Mistake(
            "The transposed convolution's stride is forgotten. From one copy of the kernel to the "
            "next it is s pixels.",
            second_wrong(lambda n, k, s, p, o: (n - 1) - 2 * p + k + o),
            second_wrong(lambda n, k, s, p, o: n - 2 * p + k + o),
        ),
        Mistake(
            "One step too many: n kernels start n - 1 strides apart from first to last.",
            second_wrong(lambda n, k, s, p, o: n * s - 2 * p + k + o),
        ),
        Mistake(
            "The transposed convolution's kernel is forgotten. The last kernel reaches over k "
            "pixels.",
            second_wrong(lambda n, k, s, p, o: (n - 1) * s - 2 * p + o),
            second_wrong(lambda n, k, s, p, o: (n - 1) * s - 2 * p + o + 1),
        ),
        Mistake(
            "The size is multiplied by the stride, and that is all. That holds only where kernel, "
            "padding and output padding happen to balance.",
            second_wrong(lambda n, k, s, p, o: n * s),
            second_wrong(lambda n, k, s, p, o: n * s + o),
        ),
        Mistake(
            "The two sizes are in the wrong order: first the convolution, then the transposed one.",
            lambda n, k, s, p, o: output_sizes(n, k, s, p, o)[::-1],
        ),
        Mistake(
            "The transposed convolution is applied to the output of the convolution. Both are "
            "asked for an input of the given size.",
            lambda n, k, s, p, o: (
                convolved(n, k, s, p), transposed(convolved(n, k, s, p), k, s, p, o)),
            lambda n, k, s, p, o: (
                convolved(n, k, s, p), transposed(convolved(n, k, s, p), k, s, p, 0)),
            lambda n, k, s, p, o: (
                convolved(n, k, s, p), transposed(convolved(n, k, s, p), k, s, 0, 0)),
            lambda n, k, s, p, o: (convolved(n, k, s, p), convolved(n, k, s, p) * s),
            lambda n, k, s, p, o: (convolved(n, k, s, p), convolved(n, k, s, p) * s + o),
        ),
        Mistake(
            "The size after the convolution is used in both places.",
            lambda n, k, s, p, o: (convolved(n, k, s, p), convolved(n, k, s, p)),
        ),
    ],
    insight="A stride-2 convolution with kernel 3 and padding 1 maps 27 and 28 both to 14: output "
    "padding exists because rounding down loses which of them it was.",
)  # fmt: skip

# Parameters of a convolution ----------------------------------------------------------------


def parameters(channels_in, channels_out, kernel, height, width):
    return channels_out * (channels_in * kernel**2 + 1)


CONVOLUTION_PARAMETERS = Exercise(
    name="parameters of a convolution",
    right=parameters,
    probes={
        "1 channel to 16, kernel 3, on 28 × 20 pixels": (1, 16, 3, 28, 20),
        "5 channels to 7, kernel 4, on 12 × 9 pixels": (5, 7, 4, 12, 9),
        "6 channels to 3, kernel 5, on 10 × 11 pixels": (6, 3, 5, 10, 11),
    },
    mistakes=[
        Mistake(
            "The count is multiplied by the pixels. The same weights are used at every place: "
            "that is what sharing means, so the size of the image does not matter.",
            lambda i, o, k, h, w: o * (i * k**2 + 1) * h * w,
            lambda i, o, k, h, w: o * i * k**2 * h * w,
            lambda i, o, k, h, w: o * i * k**2 * h * w + o,
            lambda i, o, k, h, w: o * i * (h - k + 1) * (w - k + 1),
            lambda i, o, k, h, w: o * i * k**2 * (h - k + 1) * (w - k + 1),
        ),
        Mistake(
            "The biases are counted for each pixel. A map has one bias, shared by all its places.",
            lambda i, o, k, h, w: o * i * k**2 + o * h * w,
            lambda i, o, k, h, w: o * i * k**2 + h * w,
            lambda i, o, k, h, w: o * (i * k**2 + 1) + h * w,
        ),
        Mistake(
            "In Python ^ is no power but an exclusive or. Write kernel**2.",
            lambda i, o, k, h, w: o * (i * k ^ 2 + 1),
            lambda i, o, k, h, w: o * (i * (k ^ 2) + 1),
            lambda i, o, k, h, w: o * i * k ^ 2 + o,
            lambda i, o, k, h, w: o * ((i * k ^ 2) + 1),
        ),
        Mistake(
            "This is a dense layer, with its own weight from every pixel to every pixel. A "
            "convolution has only its kernels.",
            lambda i, o, k, h, w: i * h * w * o * h * w,
            lambda i, o, k, h, w: i * h * w * o * h * w + o * h * w,
            lambda i, o, k, h, w: (i * h * w + 1) * o,
            lambda i, o, k, h, w: i * h * w * o,
        ),
        Mistake(
            "The biases are forgotten: one for each output channel.",
            lambda i, o, k, h, w: o * i * k**2,
        ),
        Mistake(
            "The biases are counted at the wrong end. Each *output* channel has one.",
            lambda i, o, k, h, w: o * i * k**2 + i,
            lambda i, o, k, h, w: (o + 1) * i * k**2,
            lambda i, o, k, h, w: o * i * k**2 + o * o,
        ),
        Mistake(
            "There are biases for the input channels too. Only each *output* channel has one.",
            lambda i, o, k, h, w: o * i * k**2 + i + o,
        ),
        Mistake(
            "These are the weights of one kernel that looks at one channel. There is one for each "
            "pair of an input and an output channel, and a bias for each output channel.",
            lambda i, o, k, h, w: k**2,
            lambda i, o, k, h, w: k**2 + 1,
        ),
        Mistake(
            "The whole layer is given a single bias. Each output channel has its own.",
            lambda i, o, k, h, w: o * i * k**2 + 1,
        ),
        Mistake(
            "Each kernel is given a bias for each input channel. The channels are added up first, "
            "and one bias follows.",
            lambda i, o, k, h, w: o * i * (k**2 + 1),
            lambda i, o, k, h, w: o * i * (k**2 + 1) + o,
        ),
        Mistake(
            "The kernel is not squared: it has a height and a width.",
            lambda i, o, k, h, w: o * (i * k + 1),
            lambda i, o, k, h, w: o * i * k,
            lambda i, o, k, h, w: o * (i * 2 * k + 1),
        ),
        Mistake(
            "The input channels are forgotten. A kernel looks at all of them, with weights of its "
            "own for each.",
            lambda i, o, k, h, w: o * (k**2 + 1),
            lambda i, o, k, h, w: o * k**2,
            lambda i, o, k, h, w: o * k**2 + 1,
        ),
        Mistake(
            "This is one output channel alone. There is a kernel for each.",
            lambda i, o, k, h, w: i * k**2 + 1,
            lambda i, o, k, h, w: i * k**2 + o,
            lambda i, o, k, h, w: i * k**2,
        ),
        Mistake(
            "The biases are counted by the kernel. Each output channel has one, whatever the "
            "kernel's size.",
            lambda i, o, k, h, w: o * (i * k**2 + k),
            lambda i, o, k, h, w: o * i * k**2 + k,
            lambda i, o, k, h, w: o * (i * k**2 + k**2),
            lambda i, o, k, h, w: (o * i + 1) * k**2,
        ),
        Mistake(
            "Channels are added where they are multiplied. There is a kernel for each *pair* of an "
            "input and an output channel.",
            lambda i, o, k, h, w: (i + o) * k**2 + o,
            lambda i, o, k, h, w: (i + o) * k**2,
            lambda i, o, k, h, w: o * k**2 + o * i,
            lambda i, o, k, h, w: (i + o) * k**2 + i + o,
        ),
        Mistake(
            "A kernel of side k has k² weights: neither k − 1 nor k + 1 a side.",
            lambda i, o, k, h, w: o * (i * (k - 1) ** 2 + 1),
            lambda i, o, k, h, w: o * (i * (k + 1) ** 2 + 1),
            lambda i, o, k, h, w: o * i * (k + 1) ** 2,
        ),
        Mistake(
            "Channels are squared with the kernel. Only the kernel has a height and a width.",
            lambda i, o, k, h, w: (o * i * k) ** 2 + o,
            lambda i, o, k, h, w: o * ((i * k) ** 2 + 1),
        ),
        Mistake(
            "These are the numbers in the output, not the parameters.",
            lambda i, o, k, h, w: o * h * w,
            lambda i, o, k, h, w: o * (h - k + 1) * (w - k + 1),
        ),
    ],
    insight="Height and width do not appear: the same few kernels serve images of every size.",
)

# Shift error --------------------------------------------------------------------------------


def shifted(images, d):
    moved = np.zeros_like(images)
    moved[:, :, d:] = images[:, :, : images.shape[2] - d]
    return moved


def per_image(difference):
    return (difference**2).mean(axis=(1, 2))


def shift_error(images, d):
    return per_image(images - shifted(images, d))


def shift_error_written_out(images, d):
    moved = np.zeros_like(images)
    moved[:, :, d:] = images[:, :, :-d]
    return ((images - moved) ** 2).mean(axis=(1, 2))


def leftwards(images, d):
    return shifted(images[:, :, ::-1], d)[:, :, ::-1]


def downwards(images, d):
    return shifted(images.transpose(0, 2, 1), d).transpose(0, 2, 1)


def upwards(images, d):
    return downwards(images[:, ::-1], d)[:, ::-1]


def inked(images, d):
    moved = shifted(images, d)
    moved[:, :, :d] = 1
    return moved


def repeated(images, d):
    moved = shifted(images, d)
    moved[:, :, :d] = images[:, :, :1]
    return moved


def kept(images, d):
    """What is left if only the shifted part is overwritten."""
    moved = images.copy()
    moved[:, :, d:] = images[:, :, : images.shape[2] - d]
    return moved


def wiped(images, d, where):
    """Moved round, and wiped at a wrong place."""
    moved = np.roll(images, d, axis=2)
    moved[where] = 0
    return moved


def covered(images, d):
    """Not moved at all, with paper over the first columns."""
    moved = images.copy()
    moved[:, :, :d] = 0
    return moved


def pictures(seed, *shape):
    return np.random.default_rng(seed).uniform(0.1, 1.0, size=shape)


SHIFT_ERROR = Exercise(
    name="shift error",
    right=shift_error_written_out,
    probes={
        "3 images of 5 × 7 pixels, shifted by 2": (pictures(1, 3, 5, 7), 2),
        "4 images of 6 × 9 pixels, shifted by 1": (pictures(2, 4, 6, 9), 1),
        "2 images of 8 × 6 pixels, shifted by 3": (pictures(3, 2, 8, 6), 3),
    },
    mistakes=[
        Mistake(
            "The image wraps round: what leaves at the right comes in again at the left. np.roll "
            "does that. Fill the free columns with 0, the colour of paper.",
            lambda x, d: per_image(x - np.roll(x, d, axis=2)),
        ),
        Mistake(
            "The rows are shifted, and wrap round. To the right means along the last axis, with "
            "the free columns filled with 0.",
            lambda x, d: per_image(x - np.roll(x, d, axis=1)),
        ),
        Mistake(
            "All pixels are shifted as one long row: np.roll without an axis. Shift along the last "
            "axis, and fill the free columns with 0.",
            lambda x, d: per_image(x - np.roll(x, d)),
        ),
        Mistake(
            "The images are shifted past one another: image 2 is compared with image 1. The last "
            "axis holds the columns.",
            lambda x, d: per_image(x - np.roll(x, d, axis=0)),
        ),
        Mistake(
            "The mean runs over the wrong axis: over the images, for each pixel. One number per "
            "image is asked for.",
            lambda x, d: ((x - shifted(x, d)) ** 2).mean(axis=0),
        ),
        Mistake(
            "The mean runs over the images, too. Axis 0 counts images: take rows and columns, axes "
            "1 and 2.",
            lambda x, d: ((x - shifted(x, d)) ** 2).mean(axis=(0, 1)),
            lambda x, d: ((x - shifted(x, d)) ** 2).mean(axis=(0, 2)),
        ),
        Mistake(
            "The mean runs over one axis only. Take it over rows and columns: axis=(1, 2).",
            lambda x, d: ((x - shifted(x, d)) ** 2).mean(axis=1),
            lambda x, d: ((x - shifted(x, d)) ** 2).mean(axis=2),
        ),
        Mistake(
            "This is one number for all images. One per image is asked for.",
            lambda x, d: ((x - shifted(x, d)) ** 2).mean(),
            lambda x, d: ((x - shifted(x, d)) ** 2).sum(),
        ),
        Mistake(
            "This is a sum over the pixels. Per pixel means: divide by their number.",
            lambda x, d: ((x - shifted(x, d)) ** 2).sum(axis=(1, 2)),
        ),
        Mistake(
            "The squared difference of every pixel is returned. Take the mean over rows and "
            "columns.",
            lambda x, d: (x - shifted(x, d)) ** 2,
        ),
        Mistake(
            "The image is shifted to the left.",
            lambda x, d: per_image(x - leftwards(x, d)),
        ),
        Mistake(
            "The image is shifted down: the second axis holds the rows. To the right means along "
            "the last axis.",
            lambda x, d: per_image(x - downwards(x, d)),
        ),
        Mistake(
            "The image is shifted up: the second axis holds the rows. To the right means along "
            "the last axis.",
            lambda x, d: per_image(x - upwards(x, d)),
        ),
        Mistake(
            "The free columns are filled with 1, which is ink. Paper is 0.",
            lambda x, d: per_image(x - inked(x, d)),
        ),
        Mistake(
            "This is the square of the mean difference, in which ink lost and ink gained cancel. "
            "Square first, then take the mean.",
            lambda x, d: (x - shifted(x, d)).mean(axis=(1, 2)) ** 2,
            lambda x, d: (x - shifted(x, d)).sum(axis=(1, 2)) ** 2 / x[0].size,
            lambda x, d: (x - shifted(x, d)).sum(axis=(1, 2)) ** 2,
        ),
        Mistake(
            "Only the columns that overlap are compared. The free columns count too: there the "
            "shifted image is 0.",
            lambda x, d: per_image(x[:, :, d:] - x[:, :, :-d]),
        ),
        Mistake(
            "The free columns are left out of the sum, but counted in the mean. There the shifted "
            "image is 0, and the difference is the image itself.",
            lambda x, d: per_image(x - kept(x, d)),
        ),
        Mistake(
            "The sum is right, and divided by the wrong number: all pixels of the image count, "
            "and neither those that overlap alone nor some more.",
            lambda x, d: shift_error(x, d) * x.shape[2] / (x.shape[2] - d),
            lambda x, d: shift_error(x, d) * x.shape[2] / (x.shape[2] + d),
        ),
        Mistake(
            "The images have become wider. What leaves at the right is cut off, and the size "
            "stays.",
            lambda x, d: per_image(np.pad(x, ((0, 0), (0, 0), (0, d)))
                                   - np.pad(x, ((0, 0), (0, 0), (d, 0)))),
        ),
        Mistake(
            "The free columns are filled with the mean. Fill them with 0, the colour of paper.",
            lambda x, d: per_image(x - np.where(np.arange(x.shape[2]) < d, x.mean(),
                                                shifted(x, d))),
            lambda x, d: per_image(x - np.where(np.arange(x.shape[2]) < d,
                                                x.mean((1, 2), keepdims=True), shifted(x, d))),
        ),
        Mistake(
            "The image is mirrored.",
            lambda x, d: per_image(x - x[:, :, ::-1]),
            lambda x, d: per_image(x - shifted(x[:, :, ::-1], d)),
        ),
        Mistake(
            "The free columns are filled with the image's edge. Fill them with 0.",
            lambda x, d: per_image(x - repeated(x, d)),
        ),
        Mistake(
            "What came in at the left is kept, and something else is wiped: the free columns are "
            "the first ones, [:, :, :d].",
            lambda x, d: per_image(x - wiped(x, d, np.s_[:, :, -d:])),
            lambda x, d: per_image(x - wiped(x, d, np.s_[:, :d])),
            lambda x, d: per_image(x - wiped(x, d, np.s_[:d])),
        ),
        Mistake(
            "Nothing is moved: the first columns are covered with paper. Column j of the moved "
            "image is column j − d of the image.",
            lambda x, d: per_image(x - covered(x, d)),
        ),
        Mistake(
            "The image is moved down as well. Only the last axis moves.",
            lambda x, d: per_image(x - downwards(shifted(x, d), d)),
        ),
        Mistake(
            "It is moved by one column more or less than asked for.",
            lambda x, d: shift_error(x, d + 1),
            lambda x, d: shift_error(x, 2 * d),
            lambda x, d: shift_error(x, d - 1),
        ),
        Mistake(
            "The squares of both are subtracted. Subtract first, and square the difference.",
            lambda x, d: (x**2 - shifted(x, d) ** 2).mean(axis=(1, 2)),
        ),
        Mistake(
            "This is the variance of the difference, which leaves out its mean. The mean of its "
            "squares is asked for.",
            lambda x, d: (x - shifted(x, d)).var(axis=(1, 2)),
            lambda x, d: (x - shifted(x, d)).std(axis=(1, 2)),
        ),
        Mistake(
            "This is the largest difference or the median, not the mean of the squares.",
            lambda x, d: np.median((x - shifted(x, d)) ** 2, axis=(1, 2)),
            lambda x, d: np.abs(x - shifted(x, d)).max(axis=(1, 2)),
            lambda x, d: ((x - shifted(x, d)) ** 2).max(axis=(1, 2)),
        ),
        Mistake(
            "The difference is not squared.",
            lambda x, d: np.abs(x - shifted(x, d)).mean(axis=(1, 2)),
            lambda x, d: np.abs(x - shifted(x, d)).sum(axis=(1, 2)),
            lambda x, d: (x - shifted(x, d)).mean(axis=(1, 2)),
        ),
        Mistake(
            "This is the root of the mean squared error. Leave the root out.",
            lambda x, d: np.sqrt(shift_error(x, d)),
            lambda x, d: np.sqrt(((x - shifted(x, d)) ** 2).sum(axis=(1, 2))),
        ),
        Mistake(
            "The image is shifted by one pixel, whatever is asked for.",
            lambda x, d: shift_error(x, 1),
        ),
        Mistake(
            "This is the shifted image, not its error.",
            lambda x, d: shifted(x, d),
        ),
        Mistake(
            "The squared images are averaged, but nothing is subtracted.",
            lambda x, d: per_image(x),
            lambda x, d: per_image(shifted(x, d)),
        ),
    ],
    insight="To squared error a digit one pixel to the right is another image, further away than "
    "a blurred copy in the right place.",
)

# Receptive field ----------------------------------------------------------------------------


def receptive_field(kernels, strides):
    side, step = 1, 1
    for kernel, stride in zip(kernels, strides):
        side += (kernel - 1) * step
        step *= stride
    return side


def from_the_map_back(kernels, strides):
    """The same, from the last layer to the image."""
    side = 1
    for kernel, stride in zip(kernels[::-1], strides[::-1]):
        side = (side - 1) * stride + kernel
    return side


def widened(kernels, steps, start=1, less=1):
    """A first pixel, and what each layer adds to it at the given steps."""
    return start + sum((kernel - less) * step for kernel, step in zip(kernels, steps))


def grown(kernels, strides, step, side=1):
    """The side after a step for each layer."""
    for kernel, stride in zip(kernels, strides):
        side = step(side, kernel, stride)
    return side


def steps_before(strides):
    """Pixels between the neighbours that each layer looks at: the strides before it."""
    return [math.prod(strides[:i]) for i in range(len(strides))]


def steps_after(strides):
    return [math.prod(strides[: i + 1]) for i in range(len(strides))]


RECEPTIVE_FIELD = Exercise(
    name="receptive field",
    right=receptive_field,
    written_out=(from_the_map_back,),
    probes={
        "kernels 3, 3, 3 with strides 2, 2, 1": ((3, 3, 3), (2, 2, 1)),
        "kernels 3, 4, 2 with strides 1, 3, 2": ((3, 4, 2), (1, 3, 2)),
        "kernels 2, 5, 3, 4 with strides 3, 1, 4, 2": ((2, 5, 3, 4), (3, 1, 4, 2)),
        "kernels 7, 3 with strides 4, 2": ((7, 3), (4, 2)),
        "kernel 5 with stride 3": ((5,), (3,)),
    },
    mistakes=[
        Mistake(
            "The strides are left out. After a stride of 2 the neighbours of a map lie two pixels "
            "apart, so the next kernel reaches twice as far.",
            lambda k, s: widened(k, [1] * len(k)),
        ),
        Mistake(
            "A layer's own stride widens its own view. It only moves the kernel on: what it "
            "widens are the views of the layers after it.",
            lambda k, s: widened(k, steps_after(s)),
            lambda k, s: widened(k, s),
            lambda k, s: k[0] + sum((a - 1) * b for a, b in zip(k[1:], s[1:])),
            lambda k, s: k[0] + sum((a - 1) * step for a, step in zip(k[1:], steps_after(s[1:]))),
            lambda k, s: widened(k, steps_after(s), less=0),
            lambda k, s: widened(k, steps_after(s), start=0, less=0),
        ),
        Mistake(
            "The square is right, and multiplied or widened by all strides once more. They have "
            "done their part where later kernels look.",
            lambda k, s: receptive_field(k, s) * math.prod(s),
            lambda k, s: receptive_field(k, s) + math.prod(s),
            lambda k, s: receptive_field(k, s) * s[0],
        ),
        Mistake(
            "Each layer widens the view by kernel − 1 steps, both sides together. Here it is "
            "counted twice.",
            lambda k, s: 1 + sum(2 * (a - 1) * step for a, step in zip(k, steps_before(s))),
            lambda k, s: 1 + sum(2 * (a - 1) for a in k),
        ),
        Mistake(
            "The first layer is left out. It sees its kernel, pixel by pixel.",
            lambda k, s: widened(k[1:], steps_before(s)[1:]),
            lambda k, s: widened(k[1:], s[:-1]),
            lambda k, s: widened(k[1:], steps_before(s)),
        ),
        Mistake(
            "The strides divide. They widen the view of later kernels: multiply.",
            lambda k, s: 1 + sum((a - 1) / step for a, step in zip(k, steps_before(s))),
            lambda k, s: 1 + sum((a - 1) // step for a, step in zip(k, steps_before(s))),
        ),
        Mistake(
            "Only the stride of the layer just before is used. Strides multiply: after two of 2, "
            "neighbours lie four pixels apart.",
            lambda k, s: widened(k, (1, *s[:-1])),
        ),
        Mistake(
            "The strides are added up. They multiply: after two of 3, neighbours lie nine pixels "
            "apart.",
            lambda k, s: widened(k, [1 + sum(s[:i]) for i in range(len(s))]),
            lambda k, s: widened(k, [max(1, sum(s[:i])) for i in range(len(s))]),
            lambda k, s: widened(k, [1 + sum(b - 1 for b in s[:i]) for i in range(len(s))]),
        ),
        Mistake(
            "Each layer adds its whole kernel. One of its numbers lies where the view was already: "
            "it adds kernel − 1 steps.",
            lambda k, s: widened(k, steps_before(s), less=0),
            lambda k, s: widened(k, steps_before(s), start=0, less=0),
            lambda k, s: 1 + sum(a * step - 1 for a, step in zip(k, steps_before(s))),
        ),
        Mistake(
            "The first pixel is missing: without any layer, a pixel sees itself, which is a side "
            "of 1.",
            lambda k, s: widened(k, steps_before(s), start=0),
        ),
        Mistake(
            "The kernels are multiplied. Kernels of neighbours overlap, so the view grows by "
            "addition.",
            lambda k, s: math.prod(k),
            lambda k, s: math.prod(k) * math.prod(s),
        ),
        Mistake(
            "Kernels are widened by all strides together. A layer is widened by the strides of the "
            "layers before it.",
            lambda k, s: sum(k) * math.prod(s),
            lambda k, s: (sum(k) - len(k) + 1) * math.prod(s),
            lambda k, s: k[0] + sum(k[1:]) * math.prod(s),
            lambda k, s: k[0] + sum(a - 1 for a in k[1:]) * math.prod(s),
            lambda k, s: 1 + sum(a - 1 for a in k) * math.prod(s),
        ),
        Mistake(
            "The whole view so far is multiplied by the stride. From the last layer back to the "
            "image, it becomes (side − 1) · stride + kernel.",
            lambda k, s: grown(k, s, lambda side, a, b: side * b + a - 1),
            lambda k, s: grown(k, s, lambda side, a, b: side * b + a),
            lambda k, s: grown(k, s, lambda side, a, b: (side + a - 1) * b),
            lambda k, s: grown(k[::-1], s[::-1], lambda side, a, b: side * b + a - 1),
            lambda k, s: grown(k[::-1], s[::-1], lambda side, a, b: side * b + a),
        ),
        Mistake(
            "The stride is subtracted from the kernel. A layer adds kernel − 1 steps, whatever its "
            "stride.",
            lambda k, s: 1 + sum((a - b) * step for a, b, step in zip(k, s, steps_before(s))),
        ),
        Mistake(
            "This is the size of the map that an image of 28 pixels gives.",
            lambda k, s: grown(k, s, lambda side, a, b: (side - a) // b + 1, 28),
        ),
        Mistake(
            "The kernels are added up. The first and the last position of a kernel overlap with "
            "others, and strides widen the view.",
            lambda k, s: sum(k),
        ),
        Mistake(
            "Every kernel is multiplied by its own stride and all are added up. The first kernel "
            "sees its own size, whatever its stride; strides widen the view of later layers.",
            lambda k, s: sum(a * b for a, b in zip(k, s)),
        ),
        Mistake(
            "Only half of each kernel is counted. It widens the view on both sides: by kernel − 1 "
            "steps together.",
            lambda k, s: 1 + sum(a // 2 * step for a, step in zip(k, steps_before(s))),
            lambda k, s: 1 + sum((a - 1) // 2 * step for a, step in zip(k, steps_before(s))),
            lambda k, s: 1 + sum(a // 2 for a in k),
        ),
        Mistake(
            "Only the largest kernel is looked at. The views of all layers add up.",
            lambda k, s: max(k),
            lambda k, s: max(k) * math.prod(s),
        ),
        Mistake(
            "This is how many pixels the image shrinks by, the product of the strides.",
            lambda k, s: math.prod(s),
        ),
        Mistake(
            "Only the last layer is looked at. Its numbers are themselves made of the maps before.",
            lambda k, s: k[-1],
            lambda k, s: (k[-1] - 1) * math.prod(s[:-1]) + 1,
            lambda k, s: k[-1] * math.prod(s[:-1]),
            lambda k, s: k[-1] * s[-1],
        ),
        Mistake(
            "Only the first layer is looked at.",
            lambda k, s: k[0],
            lambda k, s: k[0] * s[0],
            lambda k, s: k[0] * math.prod(s),
        ),
        Mistake(
            "The layers are taken in the wrong order: the first of the list lies next to the "
            "image.",
            lambda k, s: receptive_field(k[::-1], s[::-1]),
        ),
        Mistake(
            "Kernels and strides are not walked through together: one of the two is reversed.",
            lambda k, s: receptive_field(k[::-1], s),
            lambda k, s: receptive_field(k, s[::-1]),
        ),
        Mistake(
            "This is the number of pixels in the square. Its side is asked for.",
            lambda k, s: receptive_field(k, s) ** 2,
        ),
    ],
    insight="Strides widen the view of everything that comes after them. That is why a few small "
    "kernels see half a digit.",
)

EXERCISES = [OUTPUT_SIZE, CONVOLUTION_PARAMETERS, SHIFT_ERROR, RECEPTIVE_FIELD]
