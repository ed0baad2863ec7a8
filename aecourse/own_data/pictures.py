"""Pictures of a folder as one tensor."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from operator import index
from pathlib import Path

import numpy as np
import torch
from PIL import ExifTags, Image, ImageOps
from torch import Tensor

from aecourse.data import DataError
from aecourse.own_data.reporting import Note, Notes, report

PICTURE_ENDINGS = tuple(
    ".png .jpg .jpeg .jfif .webp .avif .bmp .gif .tif .tiff .jp2 .ppm .pgm".split()
)
FOREIGN_ENDINGS = tuple(".heic .heif .svg .pdf .psd .dng .cr2 .cr3 .nef .arw .dcm".split())
MOST_VALUES = 500_000_000  # numbers that a set of pictures may have: 2 GB as float32
UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


@dataclass(frozen=True)
class Pictures:
    """What :func:`load_pictures` found.

    Attributes:
        images: (N, channels, height, width) float32 in [0, 1]; 1 channel (grey) or 3 (RGB).
        names: path of each file, relative to the folder.
        labels: name of the subfolder of each file ("" directly in the folder).
        notes: every doubt, see :func:`report`.
    """

    images: Tensor
    names: tuple[str, ...]
    labels: tuple[str, ...]
    notes: tuple[Note, ...]


def load_pictures(
    folder: str | Path, size: int | tuple[int, int] | None = None, colour: bool | None = None
) -> Pictures:
    """Read all pictures of a folder and its subfolders.

    Levels become numbers from 0 (black) to 1 (white) by one rule for each kind of file: 8 bits are
    divided by 255, 16 bits by 65,535, and floating-point numbers are taken as they are.

    Args:
        folder: where they are.
        size: side in pixels, or (height, width), to which every picture is brought: cut to that
            shape around its middle, then scaled. None keeps them, if all have one size.
        colour: True for RGB, False for grey; None decides: RGB if any picture has colour.

    Returns:
        The readable ones, in the order of their names. Unreadable files are left out and named.

    Raises:
        DataError: no such folder, no picture in it that can be read, unequal sizes without
            ``size``, floating-point numbers outside 0 … 1, or more than fits into memory.
    """
    if not (colour is None or isinstance(colour, bool)):
        raise ValueError(f"colour={colour!r}: True means RGB, False grey, None decides.")
    folder = Path(folder).expanduser()
    notes = Notes()
    files = _picture_files(folder, notes)
    height, width = _sides(_common_size(files) if size is None else size)
    if len(files) * height * width * 3 > MOST_VALUES:
        raise DataError(
            f"{len(files)} pictures of {height} × {width} pixels do not fit into memory. "
            "Pass a smaller size, or take fewer of them."
        )
    pixels = _read_all(files, height, width, notes)
    if not pixels:
        raise DataError(f"No file in {folder} could be read as a picture:\n{report(notes)}")
    names = tuple(pixels)
    colour = _decide_colour(pixels, colour, notes)
    images = np.empty((len(names), 3 if colour else 1, height, width), np.float32)
    for image, name in zip(images, names):  # popped, so that memory never holds all of them twice
        image[...] = _channels(pixels.pop(name), colour)
    labels = tuple(name.rpartition("/")[0] for name in names)
    for label in sorted(set(labels)):
        if "/" in label:
            notes.add(label, "is a folder within a folder", "a kind of its own")
    return Pictures(torch.from_numpy(images), names, labels, tuple(notes))


# --------------------------------------------------------------------------- files and sizes


def _picture_files(folder: Path, notes: Notes) -> dict[str, Path]:
    """Files that end like a picture, by their path within the folder."""
    if not folder.exists():
        raise DataError(f"There is no folder {folder} (looked for it in {Path.cwd()}).")
    if not folder.is_dir():
        raise DataError(f"{folder} is a file. Name the folder that holds your pictures.")
    files = {path.relative_to(folder).as_posix(): path
             for path in sorted(folder.rglob("*"))
             if path.is_file() and not path.name.startswith(".")}  # fmt: skip
    pictures = {}
    for name, path in files.items():
        ending = path.suffix.lower()
        if any(part.startswith(".") for part in name.split("/")):
            notes.add(name, "lies in a hidden folder", "left out")
        elif ending in PICTURE_ENDINGS:
            pictures[name] = path
        elif ending in FOREIGN_ENDINGS:
            found = f"is a kind of picture that is not read here ({ending})"
            notes.add(name, found, "left out: save it as PNG or JPEG")
        else:
            notes.add(name, "does not end like a picture", "left out")
    if not pictures:
        zipped = any(path.suffix.lower() == ".zip" for path in files.values())
        raise DataError(
            f"There is no picture in {folder}: {len(files)} file(s), none of which ends in "
            f"{', '.join(PICTURE_ENDINGS)}{' (unpack the ZIP first)' * zipped}."
        )
    return pictures


def _common_size(files: dict[str, Path]) -> tuple[int, int]:
    """(height, width) of all pictures, from the headers alone."""
    sizes: Counter = Counter()
    for path in files.values():
        try:
            with Image.open(path) as picture:
                width, height = picture.size
                lies_on_its_side = _orientation(picture) in (5, 6, 7, 8)
        except UNREADABLE:
            continue  # named later, when it is to be read
        sizes[(width, height) if lies_on_its_side else (height, width)] += 1
    if len(sizes) > 1:
        listed = ", ".join(f"{h} × {w} ({n})" for (h, w), n in sizes.most_common(5))
        raise DataError(
            f"The pictures have {len(sizes)} sizes (height × width): {listed}. Pass "
            "size=28, say: each is then cut to a square around its middle, and scaled."
        )
    return next(iter(sizes), (1, 1))


def _sides(size: int | tuple[int, int]) -> tuple[int, int]:
    try:
        height, width = map(index, (size, size) if isinstance(size, int) else size)
    except (TypeError, ValueError):
        raise ValueError(
            f"size={size!r}: size is a whole number, or (height, width) of whole numbers."
        ) from None
    if min(height, width) < 1:
        raise ValueError(f"size={size}: a side needs at least one pixel.")
    return height, width


# --------------------------------------------------------------------------- pixels


def _read_all(
    files: dict[str, Path], height: int, width: int, notes: Notes
) -> dict[str, np.ndarray]:
    """Name → pixels (height, width, 1 or 3) float32 in [0, 1], of the files that can be read."""
    pixels = {}
    for name, path in files.items():
        doubts = Notes()  # kept back until the file has turned out to be readable
        try:
            pixels[name] = _fit(_read(path, name, doubts), height, width, name, doubts)
            notes += doubts
        except UNREADABLE as error:
            notes.add(name, f"cannot be read ({_first_line(error)})", "left out")
    return pixels


def _first_line(error: Exception) -> str:
    if "cannot identify" in str(error):
        return "not what its ending says"
    return (str(error) or type(error).__name__).splitlines()[0]


def _read(path: Path, name: str, notes: Notes) -> np.ndarray:
    """Pixels of one file, (h, w, 1 or 3) float32 in [0, 1]."""
    if path.stat().st_size == 0:
        raise ValueError("the file is empty")
    with Image.open(path) as picture:
        if getattr(picture, "n_frames", 1) > 1:
            notes.add(name, "has several frames", "only the first is used")
        picture.load()
        if _orientation(picture) != 1:
            notes.add(name, "is turned or mirrored (says its EXIF tag)", "set upright")
        upright = ImageOps.exif_transpose(picture)
    if upright.mode == "F" or upright.mode.startswith("I"):
        return _deep(upright, name, notes)
    return _eight_bits(upright, name, notes)


def _orientation(picture: Image.Image) -> int:
    return picture.getexif().get(ExifTags.Base.Orientation, 1)


def _deep(picture: Image.Image, name: str, notes: Notes) -> np.ndarray:
    """More than 8 bits. Not by convert("L"): that cuts everything above 255 to white."""
    values = np.asarray(picture, dtype=np.float32)[..., None]
    least, largest = values.min(), values.max()
    if picture.mode == "F":
        # No scale can be read from one file: a dim picture of a folder looks like a bright one of
        # another. And what is not left out must be scaled like the rest: so none is read.
        if not 0 <= least <= largest <= 1:
            raise DataError(
                f"{name} holds floating-point numbers from {least:g} to {largest:g}. Such pictures "
                "are read if they keep to 0 (black) … 1 (white), because one scale must serve all "
                "of them. Divide all of yours by the same number and save them again, or take "
                "this file out of the folder."
            )
        done = "taken as they are: 0 is black, 1 is white"
        notes.add(name, f"has floating-point numbers (largest value {largest:g})", done)
        return values
    if least < 0 or largest > 65535:
        raise ValueError("its values are not within 0 … 65535")
    notes.add(name, f"has more than 8 bits (largest value {largest:g})", "divided by 65535")
    return values / np.float32(65535)


def _eight_bits(picture: Image.Image, name: str, notes: Notes) -> np.ndarray:
    if "A" in picture.mode.upper() or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        if layer.getextrema()[3][0] < 255:
            notes.add(name, "is partly transparent", "laid on white")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    grey = picture.mode in ("L", "1")
    values = np.asarray(picture.convert("L" if grey else "RGB"), dtype=np.float32) / 255
    return values[..., None] if grey else values


def _fit(values: np.ndarray, height: int, width: int, name: str, notes: Notes) -> np.ndarray:
    """(h, w, channels) → (height, width, channels), cut around the middle, then scaled."""
    h, w, channels = values.shape
    if (h, w) == (height, width):
        return values
    cut = "" if h * width == w * height else "cut around the middle and "
    verb = "blown up" if h < height or w < width else "scaled"
    notes.add(name, f"is {h} × {w}", f"{cut}{verb} to {height} × {width}")
    fitted = [  # each channel for itself: Pillow scales floating-point numbers only so
        ImageOps.fit(
            Image.fromarray(np.ascontiguousarray(values[..., channel])),
            (width, height),
            Image.Resampling.LANCZOS,
        )
        for channel in range(channels)
    ]
    return np.stack(fitted, -1).clip(0, 1)


# --------------------------------------------------------------------------- colour


def _decide_colour(pixels: dict[str, np.ndarray], colour: bool | None, notes: Notes) -> bool:
    """Whether the result is RGB; names the pictures for which that is a change."""
    coloured = {name for name, values in pixels.items() if _has_colour(values)}
    if colour is None and coloured:
        done = "three equal channels; colour=False makes all of them grey"
        for name in pixels:
            if name not in coloured:
                notes.add(name, "is grey, others have colour", done)
    if colour is False:
        for name in sorted(coloured):
            notes.add(name, "has colour", "turned to grey, as asked")
    return bool(coloured) if colour is None else colour


def _has_colour(values: np.ndarray) -> bool:
    # JPEG's rounding leaves grey pictures with channels that differ by a level or two.
    return values.shape[2] == 3 and np.ptp(values, axis=2).max() > 4 / 255


def _channels(values: np.ndarray, colour: bool) -> np.ndarray:
    """(h, w, 1 or 3) → (3 or 1, h, w)."""
    if colour:
        values = np.broadcast_to(values, (*values.shape[:2], 3))
    elif values.shape[2] == 3:
        values = values @ np.array([[0.299], [0.587], [0.114]], dtype=np.float32)
    return values.transpose(2, 0, 1)
