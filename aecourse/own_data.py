"""Your own pictures and tables: loaded with every doubt named, split without leaks, saved.

Nothing is left out, filled, resized or converted in silence: each such decision is a
:class:`Note` that names the file or the column, says what was found, and what was done.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from PIL import ExifTags, Image, ImageOps
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from aecourse.data import DataError, Scaling

PICTURE_ENDINGS = tuple(
    ".png .jpg .jpeg .jfif .webp .avif .bmp .gif .tif .tiff .jp2 .ppm .pgm".split()
)
FOREIGN_ENDINGS = tuple(".heic .heif .svg .pdf .psd .dng .cr2 .cr3 .nef .arw .dcm".split())
MOST_VALUES = 500_000_000  # numbers that a set of pictures may have: 2 GB as float32
MOST_CATEGORIES = 20  # a text column with more different values is not turned into columns


class Note(NamedTuple):
    """One doubt: where it arose, what was found, what was done about it."""

    where: str
    found: str
    done: str


def report(notes: Sequence[Note], most: int = 3) -> str:
    """The notes as text, a line for those that differ in nothing but place and numbers.

    Args:
        most: how many places are named in a line; the others are counted.
    """
    groups: dict[tuple[str, str], list[Note]] = {}
    for note in notes:
        groups.setdefault((_NUMBER.sub("#", note.found), note.done), []).append(note)
    lines = []
    for (_, done), group in groups.items():
        places = ", ".join(note.where for note in group[:most])
        others = f" and {len(group) - most} more" if len(group) > most else ""
        lines.append(f"- {places}{others}: {_merged([n.found for n in group])} → {done}")
    return "\n".join(lines) or "- nothing to report"


_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def _merged(texts: list[str]) -> str:
    """One text for several that differ in their numbers only, with the range of each."""
    columns = zip(*(_NUMBER.findall(text) for text in texts))
    ranges = ((min(column, key=float), max(column, key=float)) for column in columns)
    spans = iter([low if float(low) == float(high) else f"{low} to {high}" for low, high in ranges])
    return _NUMBER.sub(lambda _: next(spans), texts[0])


# --------------------------------------------------------------------------- pictures


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

    Args:
        folder: where they are.
        size: side in pixels, or (height, width), to which every picture is brought: cut to that
            shape around its middle, then scaled. None keeps them, if all have one size.
        colour: True for RGB, False for grey; None decides: RGB if any picture has colour.

    Returns:
        The readable ones, in the order of their names. Unreadable files are left out and named.

    Raises:
        DataError: no such folder, no picture in it that can be read, unequal sizes without
            ``size``, or more than fits into memory.
    """
    folder = Path(folder).expanduser()
    notes: list[Note] = []
    files = _picture_files(folder, notes)
    height, width = _common_size(files, size)
    pixels: dict[str, np.ndarray] = {}
    for name, path in files.items():
        try:
            pixels[name] = _read_picture(path, name, height, width, notes)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            notes.append(Note(name, f"cannot be read ({_first_line(error)})", "left out"))
    if not pixels:
        raise DataError(f"No file in {folder} could be read as a picture:\n{report(notes)}")
    coloured = {name for name, values in pixels.items() if _has_colour(values)}
    if colour is None:
        colour = bool(coloured)
        if colour:
            done = "three equal channels; colour=False makes all of them grey"
            notes += [Note(name, "is grey, others have colour", done)
                      for name in pixels if name not in coloured]  # fmt: skip
    elif not colour:
        notes += [Note(name, "has colour", "turned to grey, as asked") for name in sorted(coloured)]
    names = tuple(pixels)
    images = np.empty((len(names), 3 if colour else 1, height, width), np.float32)
    for image, name in zip(images, names):  # popped, so that memory never holds all of them twice
        image[...] = _channels(pixels.pop(name), colour)
    labels = tuple(name.rpartition("/")[0] for name in names)
    return Pictures(torch.from_numpy(images), names, labels, tuple(notes))


def _picture_files(folder: Path, notes: list[Note]) -> dict[str, Path]:
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
        if ending in FOREIGN_ENDINGS:
            notes.append(Note(name, f"is a kind of picture that is not read here ({ending})",
                              "left out: save it as PNG or JPEG"))  # fmt: skip
        elif ending not in PICTURE_ENDINGS:
            notes.append(Note(name, "does not end like a picture", "left out"))
        elif any(part.startswith(".") for part in name.split("/")):
            notes.append(Note(name, "lies in a hidden folder", "left out"))
        else:
            pictures[name] = path
    if not pictures:
        raise DataError(
            f"There is no picture in {folder}: {len(files)} file(s), none of which ends in "
            f"{', '.join(PICTURE_ENDINGS)}."
        )
    return pictures


def _common_size(files: dict[str, Path], size: int | tuple[int, int] | None) -> tuple[int, int]:
    """(height, width) of the result, known before anything large is read."""
    if size is None:
        sizes: Counter = Counter()
        for path in files.values():
            try:
                with Image.open(path) as picture:  # reads the header only
                    w, h = picture.size
                    sizes[(w, h) if _lies_on_its_side(picture) else (h, w)] += 1
            except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
                pass  # named later, when it is to be read
        if len(sizes) > 1:
            listed = ", ".join(f"{h} × {w} ({n})" for (h, w), n in sizes.most_common(5))
            raise DataError(
                f"The pictures have {len(sizes)} sizes (height × width): {listed}. Pass "
                "size=28, say: each is then cut to a square around its middle, and scaled."
            )
        size = next(iter(sizes), 1)
    height, width = (size, size) if isinstance(size, int) else size
    if min(height, width) < 1:
        raise ValueError(f"size={size}: a side needs at least one pixel.")
    if len(files) * height * width * 3 > MOST_VALUES:
        raise DataError(
            f"{len(files)} pictures of {height} × {width} pixels do not fit into memory. "
            "Pass a smaller size, or take fewer of them."
        )
    return height, width


def _first_line(error: Exception) -> str:
    if "cannot identify" in str(error):
        return "not what its ending says"
    return (str(error) or type(error).__name__).splitlines()[0]


def _lies_on_its_side(picture: Image.Image) -> bool:
    return picture.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)


def _read_picture(path: Path, name: str, height: int, width: int, notes: list[Note]) -> np.ndarray:
    """Pixels of one file, (height, width, 1 or 3) float32 in [0, 1]."""
    doubts = []  # kept back until the file has turned out to be readable
    with Image.open(path) as picture:
        if getattr(picture, "n_frames", 1) > 1:
            doubts.append(Note(name, "has several frames", "only the first is used"))
        picture.load()
        if picture.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            doubts.append(Note(name, "is turned or mirrored (says its EXIF tag)", "set upright"))
        values = _to_unit(ImageOps.exif_transpose(picture), name, doubts)
    h, w = values.shape[:2]
    if (h, w) != (height, width):
        cut = "" if h * width == w * height else "cut around the middle and "
        doubts.append(Note(name, f"is {h} × {w}", f"{cut}scaled to {height} × {width}"))
        values = _fit(values, height, width)
    notes += doubts
    return values


def _to_unit(picture: Image.Image, name: str, doubts: list[Note]) -> np.ndarray:
    """(h, w, 1 or 3) float32 in [0, 1]."""
    if picture.mode.startswith("I") or picture.mode == "F":  # 16 bits and more
        # Not convert("L"): that cuts everything above 255 to white.
        values = np.asarray(picture, dtype=np.float32)[..., None]
        scales = (1, 255, 65535) if picture.mode == "F" else (65535,)
        fitting = [scale for scale in scales if values.max() <= scale]
        if not fitting or not values.min() >= 0:
            raise ValueError("its values are not within 0 … 65535")
        doubts.append(Note(name, "has more than 8 bits", f"divided by {fitting[0]}"))
        return values / np.float32(fitting[0])
    if "A" in picture.mode.upper() or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        if layer.getextrema()[3][0] < 255:
            doubts.append(Note(name, "is partly transparent", "laid on white"))
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    grey = picture.mode in ("L", "1")
    values = np.asarray(picture.convert("L" if grey else "RGB"), dtype=np.float32) / 255
    return values[..., None] if grey else values


def _fit(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """(h, w, channels) → (height, width, channels), cut around the middle, then scaled."""
    channels = [
        Image.fromarray(np.ascontiguousarray(channel)) for channel in np.moveaxis(values, 2, 0)
    ]
    fitted = [ImageOps.fit(c, (width, height), Image.Resampling.LANCZOS) for c in channels]
    return np.stack([np.asarray(c) for c in fitted], -1).clip(0, 1)


def _has_colour(values: np.ndarray) -> bool:
    # JPEG's rounding leaves grey pictures with channels that differ by a level or two.
    return values.shape[2] == 3 and np.ptp(values, axis=2).max() > 4 / 255


def _channels(values: np.ndarray, colour: bool) -> np.ndarray:
    """(h, w, 1 or 3) → (3 or 1, h, w)."""
    if colour:
        values = np.broadcast_to(values, (*values.shape[:2], 3))
    elif values.shape[2] == 3:
        values = values @ np.array([[0.299], [0.587], [0.114]], dtype=np.float32)
    return np.ascontiguousarray(values.transpose(2, 0, 1))


# --------------------------------------------------------------------------- tables


@dataclass(frozen=True)
class Columns:
    """What :func:`load_table` found.

    Attributes:
        x: (N, features) float64 in units of the data; NaN where a value is missing.
        names: of the features.
        rows: (N,) line of the file in which each row stands (the header is line 1).
        notes: every doubt, see :func:`report`.
        aside: the columns that were left out as asked, name → (N,) text: for colours in a
            picture, or to say which rows belong together.
    """

    x: Tensor
    names: tuple[str, ...]
    rows: Tensor
    notes: tuple[Note, ...]
    aside: dict[str, np.ndarray]


def load_table(
    path: str | Path, leave_out: Sequence[str] = (), missing: Sequence[str] = ()
) -> Columns:
    """Read a CSV file whose first line names its columns.

    Numbers stay; two-valued columns become 0 and 1; text with few values becomes one column of
    0 and 1 for each value; constant, empty and row-number columns, and text with many values,
    are left out. Missing values stay missing (:func:`prepare` fills them).

    Args:
        path: of the file; separator and decimal comma are recognised.
        leave_out: columns not to be used (identities, or the answer to be predicted).
        missing: what stands in a cell, in this file, for a missing value ("-999"), besides empty
            cells, NA and the like.

    Raises:
        DataError: no such file, not a table, or no usable column.
        ValueError: ``leave_out`` names a column that is not there.
    """
    path = Path(path).expanduser()
    notes: list[Note] = []
    table = _read_csv(path, notes).replace(dict.fromkeys(missing, ""))
    unknown = sorted(set(leave_out) - set(table.columns))
    if unknown:
        raise ValueError(
            f"There is no column {', '.join(map(repr, unknown))} in {path.name}. It has: "
            f"{', '.join(map(str, table.columns))}."
        )
    notes += [Note(name, "not wanted", "left out, as asked") for name in leave_out]
    aside = {name: table[name].to_numpy(str) for name in leave_out}
    features: dict[str, np.ndarray] = {}
    for name in table.columns.drop(list(leave_out)):
        features |= _features(str(name), table[name], notes)
    if not features:
        raise DataError(f"No column of {path.name} can be used:\n{report(notes)}")
    _name_twins(features, notes)
    columns = _columns(features, table, notes, aside)
    empty = columns.x.isnan().all(1)
    if not empty.any():
        return columns
    notes += [Note(f"line {row}", "is empty in all columns that are used", "left out")
              for row in columns.rows[empty].tolist()]  # fmt: skip
    full = ~empty
    aside = {name: text[full.numpy()] for name, text in aside.items()}
    return Columns(columns.x[full], columns.names, columns.rows[full], tuple(notes), aside)


def load_rows(path: str | Path, names: Sequence[str], missing: Sequence[str] = ()) -> Columns:
    """Read new rows for a saved model: a CSV file with the columns of an earlier one.

    Args:
        path, missing: as in :func:`load_table`.
        names: of the features, as :func:`load_table` called them ("rain=yes" is a 1 where the
            column "rain" says "yes").

    Returns:
        Exactly these features, in this order. A column that the file lacks is missing in every
        row; other columns are not used. Both are named.
    """
    path = Path(path).expanduser()
    notes: list[Note] = []
    table = _read_csv(path, notes).replace(dict.fromkeys(missing, ""))
    sources = {name: _source(name, table) for name in names}
    if not any(sources.values()):
        raise DataError(f"{path.name} has none of the columns {', '.join(names)}.")
    features = {name: _as_before(name, source, table, notes) for name, source in sources.items()}
    used = set(sources.values())
    notes += [
        Note(n, "is no column of the model", "left out") for n in table.columns if n not in used
    ]
    return _columns(features, table, notes, {})


def _columns(features: dict, table: pd.DataFrame, notes: list[Note], aside: dict) -> Columns:
    x = torch.from_numpy(np.stack(list(features.values()), 1))
    return Columns(x, tuple(features), torch.tensor(table.index), tuple(notes), aside)


def _source(name: str, table: pd.DataFrame) -> str | None:
    """The column of the file that a feature comes from: itself, or the one before a "="."""
    candidates = [name, *(name[:i] for i, letter in enumerate(name) if letter == "=")]
    return next((candidate for candidate in candidates if candidate in table), None)


def _as_before(name: str, source: str | None, table: pd.DataFrame, notes: list[Note]):
    """One feature of new rows, (N,) float64, NaN where missing."""
    nothing = np.full(len(table), np.nan)
    if source is None:
        notes.append(Note(name, "is not in the file", "counted as missing"))
        return nothing
    text = table[source]
    missing = text.str.lower().isin(MISSING).to_numpy()
    if source != name:
        return np.where(missing, np.nan, (text == name[len(source) + 1 :]).to_numpy(float))
    numbers = _numbers(name, text, missing, notes)
    if numbers is None:
        notes.append(Note(name, "holds no numbers here", "counted as missing"))
        return nothing
    return numbers


def _read_csv(path: Path, notes: list[Note]) -> pd.DataFrame:
    """The file as text, column by column; its index counts the lines of the file."""
    if not path.exists():
        raise DataError(f"There is no file {path} (looked for it in {Path.cwd()}).")
    if path.is_dir():
        raise DataError(f"{path} is a folder. Name one CSV file (for pictures: load_pictures).")
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        raise DataError(f"{path.name} is a spreadsheet. Save it as CSV, and name that file.")
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
        notes.append(Note(path.name, "is not UTF-8", "read as Latin-1: look at the accents"))
    reader = csv.reader(io.StringIO(text, newline=""), _dialect(text))
    try:
        lines = [(reader.line_num, fields) for fields in reader]
    except csv.Error as error:
        raise DataError(f"{path.name}, line {reader.line_num}, is not CSV: {error}.") from None
    if len(lines) < 2 or not any(lines[0][1]):
        raise DataError(f"{path.name} has no line below its first one, which names the columns.")
    header = [name.strip() or f"column {i + 1}" for i, name in enumerate(lines[0][1])]
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise DataError(f"{path.name} has two columns called {twice[0]!r}: rename one.")
    rows, index = [], []
    for number, fields in lines[1:]:
        if not any(field.strip() for field in fields):
            continue
        if len(fields) != len(header):
            found = f"has {len(fields)} fields, the header {len(header)}"
            notes.append(Note(f"line {number}", found, "left out"))
            continue
        rows.append([field.strip() for field in fields])
        index.append(number)
    if not rows:
        raise DataError(f"No line of {path.name} fits its header:\n{report(notes)}")
    return pd.DataFrame(rows, columns=header, index=index)


def _dialect(text: str):
    header = text.partition("\n")[0]
    separator = max(",;\t|", key=header.count)

    class Dialect(csv.excel):
        delimiter = separator

    return Dialect


MISSING = set("na n/a #n/a n.a. nan null none missing ? - . inf -inf #div/0! #value!".split()) | {
    ""
}
CODES_FOR_MISSING = {9.0, 99.0, 999.0, 9999.0, 99999.0}  # and the same below 0


def _features(name: str, text: pd.Series, notes: list[Note]) -> dict[str, np.ndarray]:
    """The columns that one column of text becomes: name → (N,) float64, NaN where missing."""
    missing = text.str.lower().isin(MISSING).to_numpy()
    present = text[~missing]
    if present.nunique() < 2:
        what = "is empty" if present.empty else "has one value only"
        notes.append(Note(name, what, "left out: it carries no information"))
        return {}
    if missing.any():
        share = f"{missing.mean():.1%} of its values are missing"
        notes.append(Note(name, share, "to be filled with the training mean"))
    numbers = _numbers(name, text, missing, notes)
    if numbers is not None:
        if not missing.any() and _counts_rows(numbers):
            notes.append(Note(name, "counts the rows", "left out: a number is not a measurement"))
            return {}
        _name_odd_numbers(name, numbers, notes)
        return {name: numbers}
    values = sorted(present.unique())
    if len(values) > MOST_CATEGORIES:
        notes.append(Note(name, f"is text with {len(values)} different values", "left out"))
        return {}
    shown = values[1:] if len(values) == 2 else values  # one column says all about two values
    notes.append(Note(name, f"is text ({', '.join(values[:3])}{', …' * (len(values) > 3)})",
                      "0 and 1: " + ", ".join(f"{name}={v}" for v in shown[:3])
                      + ", …" * (len(shown) > 3)))  # fmt: skip
    columns = {f"{name}={value}": (text == value).to_numpy(float) for value in shown}
    return {key: np.where(missing, np.nan, column) for key, column in columns.items()}


def _numbers(name: str, text: pd.Series, missing: np.ndarray, notes: list[Note]):
    """The column as numbers, (N,) float64, or None if it is text."""
    numbers = pd.to_numeric(text.where(~missing), errors="coerce").to_numpy(float, copy=True)
    with_points = pd.to_numeric(
        text.where(~missing).str.replace(",", ".", regex=False), errors="coerce"
    ).to_numpy(float, copy=True)
    if np.isfinite(with_points).sum() > np.isfinite(numbers).sum():
        numbers = with_points
        notes.append(Note(name, "has decimal commas", "read as points"))
    odd = ~missing & ~np.isfinite(numbers)
    if odd.sum() > 0.1 * (~missing).sum():
        return None
    if odd.any():
        examples = ", ".join(repr(value) for value in text[odd].unique()[:3])
        found = f"{odd.sum()} of its values are no numbers ({examples})"
        notes.append(Note(name, found, "counted as missing"))
        numbers[odd] = np.nan
    return numbers


def _counts_rows(numbers: np.ndarray) -> bool:
    # Nearly always: lines that are gone leave a gap, and copied ones a step back.
    return len(numbers) > 2 and (np.diff(numbers) == 1).mean() >= 0.9


def _name_odd_numbers(name: str, numbers: np.ndarray, notes: list[Note]) -> None:
    """Doubts about numbers that are kept all the same."""
    present = numbers[~np.isnan(numbers)]
    if len(present) > 20 and (np.diff(present) > 0).all():
        notes.append(Note(name, "rises from every row to the next",
                          "kept: leave it out if it is a number or a time"))  # fmt: skip
    values = np.unique(present)
    if len(values) < 4:
        return
    for end, rest in ((values[0], values[1:]), (values[-1], values[:-1])):
        gap = np.abs(rest - end).min()
        if abs(end) in CODES_FOR_MISSING and gap > np.ptp(rest):
            found = f"is {end:g} in {(present == end).sum()} rows, far from all else"
            notes.append(Note(name, found, "kept: empty these cells if it means missing"))


def _name_twins(features: dict[str, np.ndarray], notes: list[Note]) -> None:
    """A note for each column that says what an earlier one says, in other units perhaps."""
    table = pd.DataFrame(features)
    alike = table.corr(min_periods=3).abs().to_numpy() > 1 - 1e-9
    for later, earlier in zip(*np.nonzero(np.tril(alike, -1))):
        found = f"rises and falls exactly with {table.columns[earlier]}"
        notes.append(Note(table.columns[later], found, "kept: the same thing counts twice"))


@dataclass(frozen=True)
class Prepared:
    """A table in three parts, filled and standardised with its training rows.

    Attributes:
        x: train, valid, test: three tensors (N, features) float32, without missing values.
        observed: three boolean tensors of the same shapes: True where a value was in the file.
        names: of the features that are left.
        scaling: of the training rows. Its mean is also what fills a missing value.
        notes: columns that had to go.
    """

    x: tuple[Tensor, Tensor, Tensor]
    observed: tuple[Tensor, Tensor, Tensor]
    names: tuple[str, ...]
    scaling: Scaling
    notes: tuple[Note, ...]


def prepare(table: Columns, parts: Sequence[Tensor]) -> Prepared:
    """Fill and standardise a table, looking at nothing but its training rows.

    Args:
        table: from :func:`load_table`.
        parts: row numbers of training, validation and test, as ``data.split_groups`` gives them.

    Raises:
        DataError: no column varies within the training rows.
    """
    train = table.x[parts[0]]
    with warnings.catch_warnings():  # a column of NaN only has no mean: it goes
        warnings.simplefilter("ignore", RuntimeWarning)
        varies = torch.from_numpy(np.nanmax(train.numpy(), 0) > np.nanmin(train.numpy(), 0))
    gone = [name for name, keep in zip(table.names, varies.tolist()) if not keep]
    found = "has one value only in the training rows"
    notes = tuple(Note(name, found, "left out") for name in gone)
    if len(gone) == len(table.names):
        raise DataError("No column varies within the training rows: there is nothing to learn.")
    x = table.x[:, varies]
    mean = torch.nanmean(x[parts[0]], 0)
    scaling = Scaling.of(torch.where(x.isnan(), mean, x)[parts[0]])
    names = tuple(name for name in table.names if name not in set(gone))
    filled, observed = zip(*(fill(x[rows], scaling) for rows in parts))
    return Prepared(filled, observed, names, scaling, notes)


def fill(x: Tensor, scaling: Scaling) -> tuple[Tensor, Tensor]:
    """Rows (N, features) in units of the data → standard units, and where a value was observed.

    A missing value becomes 0, which is the training mean.
    """
    observed = ~x.isnan()
    return scaling.apply(torch.where(observed, x, scaling.mean.to(x))), observed


# --------------------------------------------------------------------------- duplicates


def duplicates(x: Tensor, tolerance: float = 0.0) -> np.ndarray:
    """Which examples are copies of one another.

    Args:
        x: (N, *shape). NaN equals NaN.
        tolerance: root mean square difference per value up to which two examples count as
            copies. 0 means exactly equal; 0.02 finds a picture that was saved again as JPEG.

    Returns:
        (N,) integers: equal for copies, also for copies of copies.

    Raises:
        ValueError: ``tolerance`` is negative.
    """
    if tolerance < 0:
        raise ValueError(f"tolerance={tolerance}: a difference cannot be negative.")
    rows = x.flatten(1).numpy() + 0.0  # −0 becomes 0
    seen: dict[bytes, int] = {}
    group = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in rows])
    if tolerance == 0 or len(seen) < 2:
        return group
    if np.isnan(rows).any():
        raise ValueError("Distances need numbers: fill the missing values, or use tolerance=0.")
    unique = rows[np.unique(group, return_index=True)[1]]
    radius = tolerance * np.sqrt(rows.shape[1])
    near = NearestNeighbors(radius=radius).fit(unique).radius_neighbors_graph()
    return connected_components(near, directed=False)[1][group]


def joined(*groups: Sequence[Hashable]) -> np.ndarray:
    """Groups that respect several reasons to stay together: copies, and patients, say.

    Args:
        groups: each with one value per example; equal values belong together.

    Returns:
        (N,) integers: equal for examples that any chain of the groups connects.
    """
    if len({len(group) for group in groups}) != 1:
        raise ValueError(f"Groups of unequal length: {[len(group) for group in groups]}.")
    count, before = len(groups[0]), len(groups[0])
    edges = []
    for group in groups:  # every example is tied to a node that stands for its group
        number = np.unique(np.asarray(group), return_inverse=True)[1]
        edges.append((np.arange(count), before + number))
        before += number.max() + 1
    start, end = (np.concatenate(side) for side in zip(*edges))
    graph = coo_array((np.ones(len(start)), (start, end)), shape=(before, before))
    return connected_components(graph, directed=False)[1][:count]


def copies(groups: Sequence[Hashable], names: Sequence[str]) -> list[Note]:
    """A note for each set of copies in :func:`duplicates`' answer."""
    sets: dict[Hashable, list[str]] = {}
    for group, name in zip(groups, names):
        sets.setdefault(group, []).append(name)
    return [
        Note(" = ".join(members[:3]) + " = …" * (len(members) > 3),
             "are copies of one another", "kept together in one part")
        for members in sets.values() if len(members) > 1
    ]  # fmt: skip


# --------------------------------------------------------------------------- results


def save_codes(
    path: str | Path, names: Sequence, codes: Tensor, errors: Tensor, part: Sequence[str] = ()
) -> Path:
    """Write codes and errors to a CSV file, one line per example; it appears once complete.

    Args:
        path: of the file; its folder must exist.
        names: of the examples (files, or lines of a table).
        codes: (N, code_size).
        errors: (N,) such as squared error per value.
        part: "train", "valid" or "test" of each example, if wanted.

    Raises:
        ValueError: the lengths differ.
        FileNotFoundError: the folder does not exist.
    """
    if not len(names) == len(codes) == len(errors) == len(part or names):
        raise ValueError(
            f"{len(names)} names, {len(codes)} codes, {len(errors)} errors"
            + (f" and {len(part)} parts" if part else "") + ": one each per example is needed."
        )  # fmt: skip
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent}: create it first.")
    table = pd.DataFrame(codes.numpy(), columns=[f"code {j + 1}" for j in range(codes.shape[1])])
    table.insert(0, "error", errors.numpy())
    if part:
        table.insert(0, "part", list(part))
    table.insert(0, "name", list(names))
    unfinished = path.with_name(path.name + ".part")
    try:
        table.to_csv(unfinished, index=False)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def write_template(path: str | Path = "my_data.ipynb") -> Path:
    """Write lesson 14 as a notebook for own data: without its example, exercises and claims.

    Args:
        path: of the new notebook.

    Raises:
        FileExistsError: there is such a file already.
        LessonError: the lesson is not here (it comes with a clone, not with the package).
    """
    from aecourse import lessons  # needs nbformat, which comes with Jupyter and not with aecourse

    path = Path(path)
    if path.exists():
        raise FileExistsError(f"{path} exists already: choose another name, or remove it.")
    notebook = lessons.read(lessons.repository() / "notebooks" / "14_your_own_data.ipynb")
    end = next(i for i, cell in enumerate(notebook.cells) if "Exercises" in _heading(cell))
    notebook.cells = [cell for cell in notebook.cells[:end] if "example" not in lessons.tags(cell)]
    for cell in lessons.code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
        cell.metadata.pop("aecourse", None)
        if "settings" in lessons.tags(cell):
            source = cell.source.replace("EXAMPLE / ", "")
            cell.source = re.sub(r"LEAVE_OUT = \[[^]]*\]", "LEAVE_OUT = []", source)
    lessons.write(path, notebook)
    return path


def _heading(cell) -> str:
    is_heading = cell.cell_type == "markdown" and cell.source.startswith("## ")
    return cell.source.partition("\n")[0] if is_heading else ""
