"""Put the README's picture together from figures that the lessons have saved.

    python tools/picture.py

Run it when one of these figures has changed for good.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image

from aecourse.course import lessons

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "picture.png"
# Lesson and the beginning of the figure's text alternative: the left one, then right, downwards.
LEFT = ("10_latent_spaces", "A t-SNE map of handwritten digits")
RIGHT = (
    ("04_denoising", "Eight digits in six rows"),
    ("02_undercomplete", "Eight test digits in five rows"),
    ("05_sparse", "For three digits a row of pictures"),
)
WIDTH, GAP = 1600, 24


def figure(lesson: str, beginning: str) -> Image.Image:
    """The saved figure of a lesson whose text alternative begins like this.

    Raises:
        ValueError: there is none.
    """
    for cell in lessons.read(ROOT / "notebooks" / f"{lesson}.ipynb").cells:
        for output in cell.get("outputs", []):
            alternative = output.get("metadata", {}).get("image/png", {}).get("alt", "")
            if alternative.startswith(beginning):
                return Image.open(io.BytesIO(base64.b64decode(output["data"]["image/png"])))
    raise ValueError(f"{lesson} has no figure that begins with {beginning!r}.")


def scaled(picture: Image.Image, width: int) -> Image.Image:
    height = round(picture.height * width / picture.width)
    return picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)


def composed() -> Image.Image:
    """One large figure at the left, the others below one another at the right."""
    half = (WIDTH - GAP) // 2
    left, right = scaled(figure(*LEFT), half), [scaled(figure(*which), half) for which in RIGHT]
    column = sum(picture.height for picture in right) + GAP * (len(right) - 1)
    canvas = Image.new("RGB", (WIDTH, max(left.height, column)), "white")
    canvas.paste(left, (0, (canvas.height - left.height) // 2))
    top = (canvas.height - column) // 2
    for picture in right:
        canvas.paste(picture, (half + GAP, top))
        top += picture.height + GAP
    return canvas.quantize(256)


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    composed().save(PICTURE, optimize=True)
