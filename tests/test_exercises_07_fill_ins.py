"""The lines to fill in of lesson 07: answers as learners write them, and the verdict on each."""

import numpy as np
import torch
import torch.nn.functional as F
from exercise_suite import ExerciseTests, edited

RIGHT = {
    "put on a canvas": """
def answer(image, top, left, side=40):
    canvas = torch.zeros(1, side, side)
    _, height, width = image.shape
    canvas[:, top : top + height, left : left + width] = image
    return canvas
""",
    "skip connection": """
def answer(coarse, fine):
    return torch.cat([coarse, fine], dim=1)
""",
}

ALSO_RIGHT = {
    "put on a canvas": ["""
def answer(image, top, left, side=40):
    _, height, width = image.shape
    return F.pad(image, (left, side - left - width, top, side - top - height))
""", """
def answer(image, top, left, side=40):
    canvas = np.zeros((1, side, side))
    for i in range(image.shape[1]):
        for j in range(image.shape[2]):
            canvas[0, top + i, left + j] = image[0, i, j]
    return canvas
""", """
def answer(image, top, left, side=40):
    canvas = torch.zeros(1, side, side)
    canvas[..., top:, left:][..., : image.shape[1], : image.shape[2]] += image
    return canvas
"""],
    "skip connection": ["""
def answer(coarse, fine):
    return torch.concatenate((coarse, fine), 1)
""", """
def answer(coarse, fine):
    return torch.hstack([coarse, fine])
""", """
def answer(coarse, fine):
    return torch.cat([coarse, fine], dim=-3)
"""],
}

PLACE = "canvas[:, top : top + height, left : left + width] = image"

WRONG = {
    "put on a canvas": [
        ("Rows and columns are exchanged", "top : top + height, left : left + width",
         "left : left + height, top : top + width"),
        ("The image's middle", PLACE, """y, x = top - height // 2, left - width // 2
    for i in range(max(0, -y), height):
        for j in range(max(0, -x), width):
            canvas[0, y + i, x + j] = image[0, i, j]"""),
        ("The image stands in the upper left", "top : top + height, left : left + width",
         ":height, :width"),
        ("Only one of top and left", "left : left + width", ":width"),
        ("The image stands in the middle", PLACE, """top = (side - height) // 2
    left = (side - width) // 2
    canvas[:, top : top + height, left : left + width] = image"""),
        ("The place is counted from the lower right", PLACE, """top = side - top - height
    left = side - left - width
    canvas[:, top : top + height, left : left + width] = image"""),
        ("The place is counted from below", PLACE, """top = side - top - height
    canvas[:, top : top + height, left : left + width] = image"""),
        ("The place is counted from the right", PLACE, """left = side - left - width
    canvas[:, top : top + height, left : left + width] = image"""),
        ("The image lies on its side", PLACE,
         "canvas[:, left : left + width, top : top + height] = image.transpose(1, 2)"),
        ("A row or a column too far", PLACE,
         "canvas[:, top : top + height, left + 1 : left + width + 1] = image"),
        ("Ink and paper are exchanged", "= image\n", "= 1 - image\n"),
        ("Ink and paper are exchanged", "torch.zeros", "torch.ones", "return canvas",
         "return 1 - canvas"),
        ("The numbers of the image are in another order", "= image\n",
         "= image.mT.reshape(1, height, width)\n"),
        ("The canvas has 40 pixels", "torch.zeros(1, side, side)", "torch.zeros(1, 40, 40)"),
        ("F.pad begins with the last axis", "return canvas", "return F.pad(image, (top, "
         "side - top - height, left, side - left - width))"),
        ("A row or a column too far", PLACE,
         "canvas[:, top + 1 : top + height + 1, left + 1 : left + width + 1] = image"),
        ("The image's lower right corner", PLACE, """for i in range(height):
        for j in range(width):
            if top - height + i >= 0 and left - width + j >= 0:
                canvas[0, top - height + i, left - width + j] = image[0, i, j]"""),
        ("The image is moved up and to the left", PLACE, """canvas[:, :height, :width] = image
    canvas = torch.roll(canvas, (-top, -left), (1, 2))"""),
        ("A part of the image", "return canvas", "return canvas[:, top:, left:]"),
        ("The image is stretched", "return canvas",
         "return F.interpolate(image[None], (side, side))[0]"),
        ("The canvas is black", "torch.zeros", "torch.ones"),
        ("The image is the wrong way up", "= image\n", "= image.flip(1)\n"),
        ("The last row and column", PLACE, "canvas[:, top : top + height - 1, "
         "left : left + width - 1] = image[:, :-1, :-1]"),
        ("The canvas is empty", PLACE, "pass"),
        ("The ink is not the image's", "= image\n", "= 1\n"),
    ],
    "skip connection": [
        ("The maps are added up", "torch.cat([coarse, fine], dim=1)", "coarse + fine"),
        ("The batches are joined", ", dim=1", ""),
        ("The images are put beside", "dim=1", "dim=2"),
        ("The images are put beside", "dim=1", "dim=-1"),
        ("A new axis is made", "torch.cat", "torch.stack"),
        ("A new axis is made", "torch.cat([coarse, fine], dim=1)", "coarse, fine"),
        ("A new axis is made", "torch.cat([coarse, fine], dim=1)",
         "torch.stack([coarse, fine], dim=-1)"),
        ("The axis of maps has gone", "dim=1)", "dim=1).permute(0, 2, 3, 1)"),
        ("Rows and columns are exchanged", "[coarse, fine]", "[coarse.mT, fine.mT]"),
        ("One of the two, or both", "[coarse, fine]", "[coarse, coarse + fine]"),
        ("One of the two, or both", "[coarse, fine]", "[coarse, -fine]"),
        ("One of the two, or both", "dim=1)", "dim=1).relu()"),
        ("Not all maps are handed on", "[coarse, fine]", "[coarse, fine[:, :1]]"),
        ("The images are averaged", "dim=1)", "dim=1).mean(0, keepdim=True)"),
        ("Each coarse map is multiplied", "torch.cat([coarse, fine], dim=1)",
         "(coarse[:, :, None] * fine[:, None]).flatten(1, 2)"),
        ("The maps are made larger", "torch.cat([coarse, fine], dim=1)",
         "F.interpolate(torch.cat([coarse, fine], dim=1), scale_factor=2)"),
        ("The fine maps are replaced", "[coarse, fine]", "[coarse, torch.zeros_like(fine)]"),
        ("There are three times", "[coarse, fine]", "[coarse, fine, coarse]"),
        ("All maps are averaged", "dim=1)", "dim=1).mean(1, keepdim=True)"),
        ("The maps of both take turns", "torch.cat([coarse, fine], dim=1)",
         "torch.stack([coarse, fine], 2).flatten(1, 2)"),
        ("The fine maps come first", "[coarse, fine]", "[fine, coarse]"),
        ("The same maps stand there twice", "[coarse, fine]", "[coarse, coarse]"),
        ("Only one of the two", "torch.cat([coarse, fine], dim=1)", "fine"),
        ("The maps are multiplied", "torch.cat([coarse, fine], dim=1)", "coarse * fine"),
        ("This is what is left", "torch.cat([coarse, fine], dim=1)", "coarse - fine"),
    ],
}

RAISING = {
    "put on a canvas": [
        ("The slice has to be as high", "top : top + height", "top : top + width"),
    ],
    "skip connection": [
        ("One list is asked for", "torch.cat([coarse, fine], dim=1)",
         "torch.cat(coarse, fine)"),
    ],
}


class TestExercises(ExerciseTests):
    topics = ["convolutional_fill_ins"]
    scope = {"np": np, "torch": torch, "F": F}
    right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING

    def test_a_gradient_has_to_come_through_both(self):
        for cut in ("[coarse.detach(), fine]", "[coarse, fine.detach()]"):
            answer = edited(self.right["skip connection"], ("[coarse, fine]", cut))
            verdict = self.judge("skip connection", answer)
            assert verdict.status == "wrong" and verdict.message.startswith("The values are right")
