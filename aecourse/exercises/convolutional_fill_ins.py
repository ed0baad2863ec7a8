"""Lesson 07, the lines to fill in: an image on a canvas, maps side by side."""

import torch
from torch.nn import functional as F

from aecourse.exercises.checks import Exercise, Mistake

# On a canvas --------------------------------------------------------------------------------


def put(image, top, left, side=40):
    canvas = torch.zeros(1, side, side)
    _, height, width = image.shape
    canvas[:, top : top + height, left : left + width] = image
    return canvas


def ink(seed, height, width):
    draw = torch.Generator().manual_seed(seed)
    return 0.2 + 0.8 * torch.rand(1, height, width, generator=draw, dtype=torch.float64)


def at(image, side, top, left, height=None, width=None, paper=0.0, add=False):
    """A canvas with (the upper left part of) an image, as far as that lies on it."""
    canvas = torch.full((1, side, side), paper)
    image = image[:, :height, :width]
    rows = [(i, top + i) for i in range(image.shape[1]) if 0 <= top + i < side]
    columns = [(j, left + j) for j in range(image.shape[2]) if 0 <= left + j < side]
    for i, y in rows:
        for j, x in columns:
            canvas[0, y, x] = image[0, i, j] + (canvas[0, y, x] if add else 0)
    return canvas


PUT = Exercise(
    name="put on a canvas",
    right=put,
    probes={
        "an image of 4 × 7 pixels at row 3, column 8 of 20": (ink(1, 4, 7), 3, 8, 20),
        "an image of 6 × 5 pixels at row 9, column 2 of 18": (ink(2, 6, 5), 9, 2, 18),
        "an image of 3 × 8 pixels at row 0, column 5 of 16": (ink(3, 3, 8), 0, 5, 16),
    },
    mistakes=[
        Mistake(
            "Rows and columns are exchanged: the first axis after the map is the row, which "
            "counts from the top.",
            lambda x, top, left, side: at(x, side, left, top),
        ),
        Mistake(
            "The image's middle stands at (top, left). Its upper left corner belongs there.",
            lambda x, top, left, side: at(
                x, side, top - x.shape[1] // 2, left - x.shape[2] // 2),
        ),
        Mistake(
            "The image stands in the upper left corner, whatever is asked for.",
            lambda x, top, left, side: at(x, side, 0, 0),
        ),
        Mistake(
            "Only one of top and left is used, and the image touches an edge.",
            lambda x, top, left, side: at(x, side, top, 0),
            lambda x, top, left, side: at(x, side, 0, left),
        ),
        Mistake(
            "The image stands in the middle of the canvas, whatever is asked for.",
            lambda x, top, left, side: at(
                x, side, (side - x.shape[1]) // 2, (side - x.shape[2]) // 2),
        ),
        Mistake(
            "The place is counted from the lower right corner. Count from the upper left.",
            lambda x, top, left, side: at(
                x, side, side - top - x.shape[1], side - left - x.shape[2]),
        ),
        Mistake(
            "The place is counted from below. Rows count from the top.",
            lambda x, top, left, side: at(x, side, side - top - x.shape[1], left),
        ),
        Mistake(
            "The place is counted from the right. Columns count from the left.",
            lambda x, top, left, side: at(x, side, top, side - left - x.shape[2]),
        ),
        Mistake(
            "The image lies on its side: rows have become columns.",
            lambda x, top, left, side: at(x.mT, side, top, left),
            lambda x, top, left, side: at(x.mT, side, left, top),
        ),
        Mistake(
            "A row or a column too far: the first row and the first column have the number 0.",
            lambda x, top, left, side: at(x, side, top + 1, left + 1),
            lambda x, top, left, side: at(x, side, top - 1, left - 1),
            lambda x, top, left, side: at(x, side, top + 1, left),
            lambda x, top, left, side: at(x, side, top, left + 1),
            lambda x, top, left, side: at(x, side, top - 1, left),
            lambda x, top, left, side: at(x, side, top, left - 1),
        ),
        Mistake(
            "The image's lower right corner stands at (top, left). Its upper left corner belongs "
            "there.",
            lambda x, top, left, side: at(x, side, top - x.shape[1], left - x.shape[2]),
        ),
        Mistake(
            "The image is moved up and to the left. Row top and column left lie below and to the "
            "right of the corner.",
            lambda x, top, left, side: put(x, 0, 0, side).roll((-top, -left), (1, 2)),
        ),
        Mistake(
            "A part of the image is cut out. top and left are places of the canvas: the image "
            "is taken whole.",
            lambda x, top, left, side: at(x[:, top:, left:], side, top, left),
            lambda x, top, left, side: at(x[:, top:, left:], side, 0, 0),
            lambda x, top, left, side: put(x, top, left, side)[:, top:, left:],
            lambda x, top, left, side: put(x, top, left, side)[
                :, top : top + x.shape[1], left : left + x.shape[2]],
        ),
        Mistake(
            "The image is stretched. It keeps its size, and the rest is paper.",
            lambda x, top, left, side: F.interpolate(x[None], size=(side, side))[0],
        ),
        Mistake(
            "The canvas is black: paper is 0.",
            lambda x, top, left, side: at(x, side, top, left, paper=1.0),
        ),
        Mistake(
            "The image is the wrong way up, or mirrored.",
            lambda x, top, left, side: put(x.flip(1), top, left, side),
            lambda x, top, left, side: put(x.flip(2), top, left, side),
            lambda x, top, left, side: put(x.flip(1, 2), top, left, side),
        ),
        Mistake(
            "The last row and column of the image are missing: a slice ends *before* its second "
            "number.",
            lambda x, top, left, side: at(x, side, top, left, x.shape[1] - 1, x.shape[2] - 1),
        ),
        Mistake(
            "The canvas is empty: it was not written into. canvas[…] = image changes it; "
            "canvas = image would only give a new meaning to the name.",
            lambda x, top, left, side: torch.zeros(1, side, side),
        ),
        Mistake(
            "Ink and paper are exchanged: paper is 0, and ink goes up to 1.",
            lambda x, top, left, side: put(1 - x, top, left, side),
            lambda x, top, left, side: 1 - put(x, top, left, side),
            lambda x, top, left, side: 1 - at(x, side, top, left, paper=1.0),
        ),
        Mistake(
            "The numbers of the image are in another order: reshape changes the length of rows, "
            "and turns nothing.",
            lambda x, top, left, side: put(x.mT.reshape(x.shape), top, left, side),
        ),
        Mistake(
            "The canvas has 40 pixels per side, whatever is asked for. Use side.",
            lambda x, top, left, side: put(x, top, left, 40),
        ),
        Mistake(
            "F.pad begins with the last axis: (left, right, top, bottom).",
            lambda x, top, left, side: F.pad(
                x, (top, side - top - x.shape[1], left, side - left - x.shape[2])),
        ),
        Mistake(
            "The ink is not the image's: the place is right, and filled with one value.",
            lambda x, top, left, side: put(torch.ones_like(x), top, left, side),
            lambda x, top, left, side: put(torch.full_like(x, x.mean()), top, left, side),
        ),
    ],
    hints={
        "must match|expand|shape mismatch|broadcast": "The slice has to be as high and as wide as "
        "the image: from top to top + height, and from left to left + width.",
    },
    insight="To a dense layer this is a new image: other inputs are on. To a convolution it is the "
    "same digit, at another place of its maps.",
)  # fmt: skip

# Maps side by side --------------------------------------------------------------------------


def joined(coarse, fine):
    return torch.cat([coarse, fine], dim=1)


def maps(seed, *shape):
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=draw, dtype=torch.float64)


JOINED = Exercise(
    name="skip connection",
    right=joined,
    trainable=True,
    from_net=("coarse", "fine"),
    probes={
        "3 images of 4 maps of 5 × 6": (maps(1, 3, 4, 5, 6), maps(2, 3, 4, 5, 6)),
        "2 images of 5 maps of 3 × 4": (maps(3, 2, 5, 3, 4), maps(4, 2, 5, 3, 4)),
        "4 images of 3 maps of 6 × 2": (maps(5, 4, 3, 6, 2), maps(6, 4, 3, 6, 2)),
    },
    mistakes=[
        Mistake(
            "The maps are added up. That keeps their number, but the next layer can no longer "
            "tell them apart: put them side by side.",
            lambda c, f: c + f,
            lambda c, f: (c + f) / 2,
            torch.maximum,
            lambda c, f: (c + f).repeat(1, 2, 1, 1),
        ),
        Mistake(
            "Not all maps are handed on: all of either kind belong there.",
            lambda c, f: torch.cat([c[:, :1], f], 1),
            lambda c, f: torch.cat([c, f[:, :1]], 1),
            lambda c, f: torch.cat([c[:, :1], f[:, :1]], 1),
        ),
        Mistake(
            "The images are averaged. Every image keeps its own maps.",
            lambda c, f: torch.cat([c, f], 1).mean(0, keepdim=True),
            lambda c, f: torch.cat([c, f], 1).mean(0),
        ),
        Mistake(
            "Each coarse map is multiplied by each fine one. Put them side by side.",
            lambda c, f: torch.einsum("bchw,bdhw->bcdhw", c, f).flatten(1, 2),
        ),
        Mistake(
            "The maps are made larger or smaller. Both have the same size already.",
            lambda c, f: F.interpolate(torch.cat([c, f], 1), scale_factor=2),
            lambda c, f: torch.cat([F.interpolate(c, scale_factor=2), f.repeat(1, 1, 2, 2)], 1),
            lambda c, f: F.max_pool2d(torch.cat([c, f], 1), 2),
        ),
        Mistake(
            "The batches are joined: axis 0 counts images. The maps are axis 1.",
            lambda c, f: torch.cat([c, f]),
        ),
        Mistake(
            "The images are put beside or below one another. The maps are axis 1, before height "
            "and width.",
            lambda c, f: torch.cat([c, f], 2),
            lambda c, f: torch.cat([c, f], 3),
        ),
        Mistake(
            "A new axis is made, or two results are returned. The maps of both belong on the axis "
            "that is there, number 1: torch.cat joins, torch.stack adds an axis.",
            lambda c, f: torch.stack([c, f]),
            lambda c, f: torch.stack([c, f], 1),
            lambda c, f: torch.stack([c, f], 2),
            lambda c, f: torch.stack([c, f], -1),
        ),
        Mistake(
            "The axis of maps has gone to the end. PyTorch has it before height and width.",
            lambda c, f: torch.cat([c, f], 1).permute(0, 2, 3, 1),
        ),
        Mistake(
            "Rows and columns are exchanged. Only the maps are put together.",
            lambda c, f: torch.cat([c.mT, f.mT], 1),
        ),
        Mistake(
            "One of the two, or both, are changed before they are joined: a sum, a product, "
            "another sign, a ReLU. Both belong there as they are.",
            lambda c, f: torch.cat([c, -f], 1),
            lambda c, f: torch.cat([c + f, f], 1),
            lambda c, f: torch.cat([f, c + f], 1),
            lambda c, f: torch.cat([c * f, f], 1),
            lambda c, f: torch.cat([c, c + f], 1),
            lambda c, f: torch.cat([c, f - c], 1),
            lambda c, f: torch.cat([c, c - f], 1),
            lambda c, f: torch.cat([c, c * f], 1),
            lambda c, f: torch.cat([c, f.relu()], 1),
            lambda c, f: torch.cat([c.relu(), f.relu()], 1),
            lambda c, f: torch.cat([c, f], 1).relu(),
            lambda c, f: torch.cat([c, f], 1).sigmoid(),
            lambda c, f: torch.cat([c, f.mean((2, 3), keepdim=True).expand_as(f)], 1),
        ),
        Mistake(
            "The fine maps are replaced by zeros.",
            lambda c, f: torch.cat([c, torch.zeros_like(f)], 1),
        ),
        Mistake(
            "There are three times as many maps as each has: one of them stands there twice.",
            lambda c, f: torch.cat([c, f, c], 1),
            lambda c, f: torch.cat([c, f, f], 1),
        ),
        Mistake(
            "All maps are averaged to one.",
            lambda c, f: torch.cat([c, f], 1).mean(1, keepdim=True),
        ),
        Mistake(
            "The maps of both take turns. Nothing is lost, but the order asked for is all coarse "
            "maps first, then all fine ones.",
            lambda c, f: torch.stack([c, f], 2).flatten(1, 2),
        ),
        Mistake(
            "The fine maps come first. The order asked for is coarse, then fine.",
            lambda c, f: torch.cat([f, c], 1),
        ),
        Mistake(
            "The same maps stand there twice.",
            lambda c, f: torch.cat([c, c], 1),
            lambda c, f: torch.cat([f, f], 1),
        ),
        Mistake(
            "Only one of the two is handed on.",
            lambda c, f: c,
            lambda c, f: f,
        ),
        Mistake("The maps are multiplied.", lambda c, f: c * f),
        Mistake("This is what is left after subtraction.", lambda c, f: c - f, lambda c, f: f - c),
    ],
    hints={
        "must be tuple of Tensors|must be Tensor": "One list is asked for: "
        "torch.cat([coarse, fine], dim=…).",
    },
    insight="The next layer has weights of its own for either kind, and may use what it needs of "
    "each.",
)  # fmt: skip

EXERCISES = [PUT, JOINED]
