"""Exercises of lesson 14: answers as learners write them, and the verdict on each.

Nothing here uses the catalogue's own functions.
"""

import io
import json
import pickle

import numpy as np
import torch
from exercise_suite import ExerciseTests

from aecourse.exercises import catalogue
from aecourse.exercises.checks import judge

RIGHT = {
    "picture loader": """
def answer(pictures, size):
    images, left_out = [], []
    for i, p in enumerate(pictures):
        h, w = p.shape[:2]
        if min(h, w) < size:
            left_out.append(i)
            continue
        p = p.astype(float)
        if p.ndim == 3 and p.shape[2] == 4:
            a = p[:, :, 3:] / 255
            p = p[:, :, :3] * a + 255 * (1 - a)
        if p.ndim == 3:
            p = p @ np.array([0.299, 0.587, 0.114])
        top, left = (h - size) // 2, (w - size) // 2
        images.append(p[top:top + size, left:left + size] / 255)
    return np.array(images), left_out
""",
    "split with copies": """
def answer(groups, order, share):
    chosen = np.zeros(len(groups), dtype=bool)
    for g in order:
        if chosen.mean() >= share:
            break
        chosen |= groups == g
    return chosen
""",
    "safe to open": """
def answer(name, content):
    n = int.from_bytes(content[:8], "little")
    text = content[8:8 + n]
    if len(text) < n or not text.startswith(b"{"):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
""",
}

ALPHA = "p = p[:, :, :3] * a + 255 * (1 - a)"
SMALL = """left_out.append(i)
            continue"""
PADDED = """left_out.append(i)
            whole = np.zeros((size, size))
            whole[:h, :w] = grey(p)[:size, :size]
            images.append(whole / 255)
            continue"""
BLOWN_UP = """left_out.append(i)
            rows, columns = np.arange(size) * h // size, np.arange(size) * w // size
            images.append(grey(p)[rows][:, columns] / 255)
            continue"""
CUT = "p[top:top + size, left:left + size]"
TRY = RIGHT["safe to open"].partition("    if len")[2]
BODY = RIGHT["safe to open"].partition("    n =")[2]


def whole(verdict):
    """Changes that replace all of the third answer by one verdict."""
    return (BODY, f" 0\n    return {verdict}\n")


# For each exercise: how the mistake's message starts, then what is replaced by what.
WRONG = {
    "picture loader": [
        ("Transparency is ignored", ALPHA, "p = p[:, :, :3]"),
        ("Transparent pixels come out black", ALPHA, "p = p[:, :, :3] * a"),
        (
            "Alpha is averaged in",
            "if p.ndim == 3 and p.shape[2] == 4:",
            "if False:",
            "p @ np.array([0.299, 0.587, 0.114])",
            "p.mean(axis=2)",
        ),
        ("Alpha is averaged in", "a = p[:, :, 3:] / 255", "p = p.mean(axis=2)", ALPHA, "pass"),
        ("Alpha runs from 0 to 255", "p[:, :, 3:] / 255", "p[:, :, 3:]"),
        ("Alpha is taken the wrong way round", ALPHA, "p = p[:, :, :3] * (1 - a) + 255 * a"),
        (
            "Each picture is divided by its own",
            "images.append(",
            "p = p / p.max() * 255; images.append(",
        ),
        (
            "Each picture is divided by its own",
            f"images.append({CUT} / 255)",
            f"part = {CUT}; images.append(part / part.max())",
        ),
        ("A picture whose side is exactly size", "min(h, w) < size", "min(h, w) <= size"),
        ("The positions count from 1", "left_out.append(i)", "left_out.append(i + 1)"),
        (
            "The arithmetic is done in bytes",
            "p = p.astype(float)",
            "pass",
            "p[:, :, 3:] / 255",
            "p[:, :, 3:]",
            ALPHA,
            "p = p[:, :, :3] * a // 255 + (255 - a)",
        ),
        ("The three colours count alike", "p @ np.array([0.299, 0.587, 0.114])", "p.mean(axis=2)"),
        ("The weights of red and blue", "[0.299, 0.587, 0.114]", "[0.114, 0.587, 0.299]"),
        (
            "Pictures of other shapes are squeezed",
            CUT,
            "p[np.arange(size) * h // size][:, np.arange(size) * w // size]",
        ),
        ("The square is cut from the upper left", "(h - size) // 2, (w - size) // 2", "0, 0"),
        ("The grey values still run", f"{CUT} / 255", CUT),
        ("Pictures that are too small vanish", "left_out.append(i)", "pass"),
        (
            "Pictures that are too small vanish",
            "left_out.append(i)",
            "left_out += [i] * (max(h, w) < size)",
        ),
        ("Pictures that are too small are filled up", SMALL, PADDED),
        ("Pictures that are too small are filled up", SMALL, PADDED, "left_out.append(i)", "pass"),
        ("Pictures that are too small are blown up", SMALL, BLOWN_UP),
        ("Pictures that are too small are blown up", SMALL, BLOWN_UP, "left_out.append(i)", "pass"),
        (
            "Loading stops at the first",
            "left_out.append(i)\n            continue",
            "left_out.append(i)\n            break",
        ),
        (
            "These are the positions of the pictures that were kept",
            "left_out.append(i)",
            "pass",
            "images.append(",
            "left_out.append(i); images.append(",
        ),
        (
            "This counts the pictures",
            "return np.array(images), left_out",
            "return np.array(images), len(left_out)",
        ),
    ],
    "split with copies": [
        (
            "The groups are ignored",
            "return chosen",
            "return np.arange(len(groups)) < np.ceil(share * len(groups))",
        ),
        (
            "The last group is cut in two",
            "chosen |= groups == g",
            "chosen[np.flatnonzero(groups == g)[:int(np.ceil(share * len(groups))) - chosen.sum()]]"
            " = True",
        ),
        (
            "Only one example of each group",
            "return chosen",
            "first = np.unique(groups, return_index=True)[1]\n"
            "    return chosen & np.isin(np.arange(len(groups)), first)",
        ),
        (
            "The share is a share of the groups",
            "return chosen",
            "return np.isin(groups, order[:int(np.ceil(share * len(order)))])",
        ),
        (
            "The share is a share of the groups",
            "return chosen",
            "return np.isin(groups, order[:int(share * len(order))])",
        ),
        ("The order is ignored", "in order", "in sorted(order)"),
        ("The groups are taken from the end", "in order", "in order[::-1]"),
        (
            "The test part stops one group short",
            "if chosen.mean() >= share:",
            "if (chosen | (groups == g)).mean() >= share:",
        ),
        ("Where the share is met exactly", "chosen.mean() >= share", "chosen.mean() > share"),
        (
            "One group too many",
            """        if chosen.mean() >= share:
            break
        chosen |= groups == g
""",
            """        done = chosen.mean() >= share
        chosen |= groups == g
        if done:
            break
""",
        ),
        ("This marks the training part", "return chosen", "return ~chosen"),
        (
            "These are the groups of the test part",
            "return chosen",
            "return np.array([g for g in order if chosen[groups == g].all()])",
        ),
        ("These are positions", "return chosen", "return np.where(chosen)[0]"),
    ],
    "safe to open": [
        ("The ending of the name is trusted", *whole('name.endswith(".safetensors")')),
        (
            "Name and content are both asked for",
            "return True",
            'return name.endswith(".safetensors")',
        ),
        ("Only the ending of pickles", *whole('not name.endswith((".pt", ".pth", ".pkl"))')),
        ("This looks for the first byte", *whole('content[:1] != b"\\x80"')),
        (
            "Pickles and zip files are listed",
            *whole('content[:1] != b"\\x80" and content[:2] != b"PK"'),
        ),
        ("A { at the ninth byte", *whole('content[8:9] == b"{"')),
        ("No file is let through", '"little"', '"big"'),
        ("No file is let through", "content[8:8 + n]", "content[:n]"),
        ("The header's text is not read", "json.loads(text)", "pass"),
        ("Asking json.loads alone is not enough", "len(text) < n or ", ""),
        ("Asking json.loads alone is not enough", ' or not text.startswith(b"{")', ""),
        (
            "Asking json.loads alone is not enough",
            'if len(text) < n or not text.startswith(b"{"):',
            "if False:",
        ),
        (
            "To find out whether opening",
            BODY,
            """ 0
    try:
        pickle.loads(content)
        return False
    except Exception:
        return True
""",
        ),
        (
            "No file is let through",
            BODY,
            """ 0
    try:
        torch.load(io.BytesIO(content), weights_only=True)
    except Exception:
        return False
    return name.endswith(".safetensors")
""",
        ),
        (
            "This is the opposite",
            "return True",
            "return 0",
            "return False",
            "return True",
            "return 0",
            "return False",
        ),
        ("Every file is let through", *whole("True")),
    ],
}

ALSO_RIGHT = {
    "picture loader": [
        """
def answer(pictures, size):
    kept, gone = [], []
    for number, picture in enumerate(pictures):
        x = torch.as_tensor(picture).double() / 255
        if x.ndim == 2:
            x = x[..., None].expand(-1, -1, 3)
        if x.shape[2] == 4:
            x = 1 - x[..., 3:] * (1 - x[..., :3])
        x = (x * torch.tensor([0.299, 0.587, 0.114])).sum(2)
        if min(x.shape) >= size:
            top, left = [(s - size) // 2 for s in x.shape]
            kept.append(x[top:top + size, left:left + size])
        else:
            gone.append(number)
    return torch.stack(kept), gone
""",
        """
def answer(pictures, size):
    from PIL import Image
    kept = []
    for picture in pictures:
        if min(picture.shape[:2]) < size:
            continue
        if picture.ndim == 3 and picture.shape[2] == 4:
            a = picture[..., 3:].astype(float) / 255
            picture = a * picture[..., :3] + (1 - a) * 255
        if picture.ndim == 3:
            r, g, b = np.moveaxis(picture.astype(float), 2, 0)
            picture = 0.299 * r + 0.587 * g + 0.114 * b
        a, b = (np.array(picture.shape) - size) // 2
        kept.append(picture[a:][:size, b:][:, :size] / 255.0)
    return kept, np.array([i for i, p in enumerate(pictures) if min(p.shape[:2]) < size])
""",
    ],
    "split with copies": [
        """
def answer(groups, order, share):
    sizes = np.array([(groups == g).sum() for g in order])
    before = np.cumsum(sizes) - sizes
    return np.isin(groups, order[before < share * len(groups)])
""",
        """
def answer(groups, order, share):
    taken = []
    while len([g for g in groups if g in taken]) < share * len(groups):
        taken.append(order[len(taken)])
    return [int(g in taken) for g in groups]
""",
    ],
    "safe to open": [
        """
def answer(name, content):
    import struct
    if len(content) < 8:
        return False
    (n,) = struct.unpack("<Q", content[:8])
    if n > len(content) - 8:
        return False
    try:
        return isinstance(json.loads(content[8:8 + n].decode()), dict)
    except Exception:
        return False
""",
        """
def answer(name, content):
    from safetensors import SafetensorError
    from safetensors.torch import load
    try:
        load(content)
    except SafetensorError:
        return False
    return True
""",
    ],
}

# Slips that raise, and how the hint starts.
RAISING = {
    "safe to open": [
        (
            "What is no JSON makes json.loads fail: catch ValueError, and return False",
            "except ValueError",
            "except KeyError",
        ),
    ],
}


def grey(picture):
    """As the right answer makes it, for the wrong ones that fill up small pictures."""
    picture = picture.astype(float)
    if picture.ndim == 3 and picture.shape[2] == 4:
        alpha = picture[:, :, 3:] / 255
        picture = picture[:, :, :3] * alpha + 255 * (1 - alpha)
    return picture if picture.ndim == 2 else picture @ np.array([0.299, 0.587, 0.114])


class TestExercises(ExerciseTests):
    topics = ["own_data"]
    scope = {"np": np, "torch": torch, "json": json, "io": io, "pickle": pickle, "grey": grey}
    right, also_right, wrong, raising = RIGHT, ALSO_RIGHT, WRONG, RAISING

    def test_no_picture_is_changed(self):
        """Arrays of unequal shapes in a list are compared one by one."""

        def answer(pictures, size):
            result = self.define(RIGHT["picture loader"])(pictures, size)
            pictures[0][:] = 0
            return result

        assert "changes its argument pictures in place" in judge("picture loader", answer).message


def test_the_files_are_what_they_are_called():
    """The pickles open as pickles, the zip file as torch.save's, the safetensors as such."""
    from safetensors.torch import load

    probes = catalogue()["safe to open"].probes
    for label, (_, content) in probes.items():
        if "pickle" in label:
            assert pickle.loads(content) == {"weight": [1.0, 2.0]}, label
        if label.startswith(("net.safetensors, intact", "safetensors under")):
            assert all(len(value) for value in load(content).values())
    buffer = io.BytesIO()
    torch.save({"weight": torch.ones(2)}, buffer)
    archive = next(content for label, (_, content) in probes.items() if "zip" in label)
    assert archive[:4] == buffer.getvalue()[:4] and b"data.pkl" in archive
