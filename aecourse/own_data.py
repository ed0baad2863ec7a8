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
from operator import index
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
    if colour not in (True, False, None):
        raise ValueError(f"colour={colour!r}: True means RGB, False grey, None decides.")
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
    notes += [Note(label, "is a folder within a folder", "a kind of its own")
              for label in sorted(set(labels)) if "/" in label]  # fmt: skip
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
        zipped = any(path.suffix.lower() == ".zip" for path in files.values())
        raise DataError(
            f"There is no picture in {folder}: {len(files)} file(s), none of which ends in "
            f"{', '.join(PICTURE_ENDINGS)}{' (unpack the ZIP first)' * zipped}."
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
    sides = (size, size) if isinstance(size, int) else size
    try:
        height, width = (index(side) for side in sides)
    except (TypeError, ValueError):
        raise ValueError(
            f"size={size!r}: size is a whole number, or (height, width) of whole numbers."
        ) from None
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
    if path.stat().st_size == 0:
        raise ValueError("the file is empty")
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
        verb = "blown up" if h < height or w < width else "scaled"
        doubts.append(Note(name, f"is {h} × {w}", f"{cut}{verb} to {height} × {width}"))
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
        found = f"has more than 8 bits (largest value {values.max():g})"
        doubts.append(Note(name, found, f"divided by {fitting[0]}"))
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
    path: str | Path, leave_out: Sequence[str] = (), missing: Sequence[str | float] = ()
) -> Columns:
    """Read a CSV file whose first line names its columns.

    Numbers stay; two-valued columns become 0 and 1; text with few values becomes one column of
    0 and 1 for each value; constant, empty and row-number columns, and text with many values,
    are left out. Missing values stay missing (:func:`prepare` fills them).

    Args:
        path: of the file; separator and decimal comma are recognised.
        leave_out: columns not to be used (identities, or the answer to be predicted).
        missing: what stands in a cell, in this file, for a missing value ("-999"), besides empty
            cells, NA and the like. Numbers count however they are written ("-999,0").

    Raises:
        DataError: no such file, not a table, or no usable column.
        ValueError: ``leave_out`` names a column that is not there, or is no list.
    """
    path = Path(path).expanduser()
    notes: list[Note] = []
    if isinstance(leave_out, str):
        raise ValueError(f"leave_out={leave_out!r}: put it into a list, [{leave_out!r}].")
    table, separator = _read_csv(path, notes)
    table, found = _blank(table, missing)
    if missing and not found:
        where = ", ".join(map(str, missing))
        notes.append(Note(where, "stands in no cell", "nothing is counted as missing for it"))
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
        features |= _features(str(name), table[name], separator, notes)
    if not features:
        raise DataError(f"No column of {path.name} can be used:\n{report(notes)}")
    _name_twins(features, notes)
    return _without_empty_rows(_columns(features, table, notes, aside))


def _without_empty_rows(columns: Columns) -> Columns:
    empty = columns.x.isnan().all(1)
    if not empty.any():
        return columns
    notes = list(columns.notes)
    notes += [Note(f"line {row}", "is empty in all columns that are used", "left out")
              for row in columns.rows[empty].tolist()]  # fmt: skip
    full = ~empty
    aside = {name: text[full.numpy()] for name, text in columns.aside.items()}
    return Columns(columns.x[full], columns.names, columns.rows[full], tuple(notes), aside)


def _blank(table: pd.DataFrame, missing: Sequence[str | float]) -> tuple[pd.DataFrame, bool]:
    """The table with "" in the cells that say one of ``missing``, and whether there are any."""
    if isinstance(missing, str):
        raise ValueError(f"missing={missing!r}: put it into a list, [{missing!r}].")
    words = {str(word).strip().lower() for word in missing}
    values = set(_with_points(pd.Series(list(words), dtype=object)).dropna())
    hit = table.apply(
        lambda cells: cells.str.lower().isin(words) | _with_points(cells).isin(values)
    )
    return table.mask(hit, ""), bool(hit.to_numpy().any())


def _with_points(cells: pd.Series) -> pd.Series:
    """Text as numbers, NaN where it is none; a comma is a decimal point."""
    return pd.to_numeric(cells.str.replace(",", ".", regex=False), errors="coerce")


def load_rows(
    path: str | Path, names: Sequence[str], missing: Sequence[str | float] = ()
) -> Columns:
    """Read new rows for a saved model: a CSV file with the columns of an earlier one.

    Args:
        path, missing: as in :func:`load_table`.
        names: of the features, as :func:`load_table` called them ("rain=yes" is a 1 where the
            column "rain" says "yes").

    Returns:
        Exactly these features, in this order. A column that the file lacks is missing in every
        row; other columns are not used; empty rows are left out. All of it is named, as are values
        of a text column that the model may not know.
    """
    path = Path(path).expanduser()
    notes: list[Note] = []
    table, separator = _read_csv(path, notes)
    table, _ = _blank(table, missing)
    sources = {name: _source(name, table) for name in names}
    if not any(sources.values()):
        raise DataError(f"{path.name} has none of the columns {', '.join(names)}.")
    features = {name: _as_before(name, source, table, separator, notes)
                for name, source in sources.items()}  # fmt: skip
    _name_unknown_values(sources, table, notes)
    used = set(sources.values())
    notes += [
        Note(n, "is no column of the model", "left out") for n in table.columns if n not in used
    ]
    return _without_empty_rows(_columns(features, table, notes, {}))


def _name_unknown_values(sources: dict, table: pd.DataFrame, notes: list[Note]) -> None:
    """A note for each text column with values for which the model has no column."""
    for source in dict.fromkeys(s for name, s in sources.items() if s and s != name):
        known = {name[len(source) + 1 :] for name, s in sources.items() if s == source}
        text = set(table[source][~table[source].str.lower().isin(MISSING)])
        other = sorted(text - known)
        # Of two values the model stores one only: there, one other value is expected beside it.
        if other and (len(known) > 1 or len(other) > 1 or not known & text):
            found = f"has values that the model may not know ({', '.join(map(repr, other[:3]))})"
            notes.append(Note(source, found, "counted as none of those it knows"))


def _columns(features: dict, table: pd.DataFrame, notes: list[Note], aside: dict) -> Columns:
    x = torch.from_numpy(np.stack(list(features.values()), 1))
    return Columns(x, tuple(features), torch.tensor(table.index), tuple(notes), aside)


def _source(name: str, table: pd.DataFrame) -> str | None:
    """The column of the file that a feature comes from: itself, or the one before a "="."""
    candidates = [name, *(name[:i] for i, letter in enumerate(name) if letter == "=")]
    return next((candidate for candidate in candidates if candidate in table), None)


def _as_before(
    name: str, source: str | None, table: pd.DataFrame, separator: str, notes: list[Note]
) -> np.ndarray:
    """One feature of new rows, (N,) float64, NaN where missing."""
    nothing = np.full(len(table), np.nan)
    if source is None:
        notes.append(Note(name, "is not in the file", "counted as missing"))
        return nothing
    text = table[source]
    missing = text.str.lower().isin(MISSING).to_numpy()
    if source != name:
        return np.where(missing, np.nan, (text == name[len(source) + 1 :]).to_numpy(float))
    numbers = _numbers(name, text, missing, separator, notes)
    if numbers is None:
        notes.append(Note(name, "holds no numbers here", "counted as missing"))
        return nothing
    _name_codes_for_missing(name, numbers, notes)
    return numbers


def _read_csv(path: Path, notes: list[Note]) -> tuple[pd.DataFrame, str]:
    """The file as text, column by column, and its separator; the index counts the file's lines."""
    if not path.exists():
        raise DataError(f"There is no file {path} (looked for it in {Path.cwd()}).")
    if path.is_dir():
        raise DataError(f"{path} is a folder. Name one CSV file (for pictures: load_pictures).")
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        raise DataError(f"{path.name} is a spreadsheet. Save it as CSV, and name that file.")
    written = io.StringIO(_decoded(path, notes), newline="").readlines()
    skipped, separator = _above_the_names(written, notes)
    written = written[skipped:]
    separator = separator or _separator(written)
    reader = csv.reader(written, delimiter=separator)
    try:
        lines = [(skipped + reader.line_num, fields) for fields in reader]
    except csv.Error as error:
        line = skipped + reader.line_num
        raise DataError(f"{path.name}, line {line}, is not CSV: {error}.") from None
    if len(lines) < 2:
        raise DataError(f"{path.name} has no line below its first one, which names the columns.")
    header = [name.strip() or f"column {i + 1}" for i, name in enumerate(lines[0][1])]
    _check_names(header, path, lines[0][0], notes)
    rows, index, ended = [], [], []
    for number, fields in lines[1:]:
        if not any(field.strip() for field in fields):
            continue
        if len(fields) != len(header):
            found = f"has {len(fields)} fields, the header {len(header)}"
            notes.append(Note(f"line {number}", found, "left out"))
            ended.append(len(fields) == len(header) + 1 and not fields[-1].strip())
            continue
        rows.append([field.strip() for field in fields])
        index.append(number)
    if not rows:
        ask = " Do the lines end with a separator?" * (bool(ended) and all(ended))
        raise DataError(f"No line of {path.name} fits its header.{ask}\n{report(notes)}")
    if len(header) == 1 and np.mean([len(row[0].split()) > 1 for row in rows]) > 0.5:
        raise DataError(f"{path.name} has one column only. Is its separator one of , ; tab |?")
    return pd.DataFrame(rows, columns=header, index=index), separator


def _decoded(path: Path, notes: list[Note]) -> str:
    content = path.read_bytes()
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):  # "Unicode text" of spreadsheets
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        notes.append(Note(path.name, "is not UTF-8", "read as Latin-1: look at the accents"))
        return content.decode("latin-1")


def _above_the_names(lines: list[str], notes: list[Note]) -> tuple[int, str | None]:
    """How many lines stand above the one with the names, and the separator that one may name."""
    separator = None
    for number, line in enumerate(lines):
        named = re.fullmatch(r"sep=(.)[\r\n]*", line, re.IGNORECASE)
        if named:
            separator, what, done = named[1], "names the separator", "obeyed"
        elif not line.strip():
            what, done = "is empty", "skipped"
        elif line.startswith("#"):
            what, done = "begins with #", "skipped: take the # away if it names the columns"
        else:
            return number, separator
        notes.append(Note(f"line {number + 1}", what, done))
    return len(lines), separator


def _separator(lines: list[str]) -> str:
    """The one that cuts most of the first lines into as many fields as the header has."""

    def fits(separator: str) -> float:
        try:
            cut = [f for f in csv.reader(lines[:50], delimiter=separator) if any(map(str.strip, f))]
        except csv.Error:
            return 0.0
        widths = [len(fields) for fields in cut] or [0]
        return (widths[0] > 1) * np.mean(np.equal(widths, widths[0]))

    return max(";\t|,", key=fits)


def _check_names(header: list[str], path: Path, line: int, notes: list[Note]) -> None:
    """Refuse equal names; name a header that looks like data."""
    numbers = [name for name in header if not np.isnan(_with_points(pd.Series([name]))[0])]
    if len(numbers) > len(header) / 2:
        found = f"consists of numbers ({', '.join(numbers[:3])})"
        done = "used as names of the columns: put a line with names above it if it is data"
        notes.append(Note(f"line {line}", found, done))
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice and len(numbers) > len(header) / 2:
        raise DataError(f"{path.name}, line {line}, {found}: put a line with names above it.")
    if twice:
        raise DataError(f"{path.name} has two columns called {twice[0]!r}: rename one.")


MISSING = set("na n/a #n/a n.a. nan null none missing ? - . inf -inf #div/0! #value!".split()) | {
    ""
}
CODES_FOR_MISSING = {9.0, 99.0, 999.0, 9999.0, 99999.0}  # and the same below 0


def _features(
    name: str, text: pd.Series, separator: str, notes: list[Note]
) -> dict[str, np.ndarray]:
    """The columns that one column of text becomes: name → (N,) float64, NaN where missing."""
    missing = text.str.lower().isin(MISSING).to_numpy()
    present = text[~missing]
    if present.nunique() < 2:
        what, done = "is empty", "left out: it carries no information"
        if len(present):
            what = f"has one value only ({present.iloc[0]!r})"
        if len(present) and missing.any():
            words = ", ".join(sorted(set(text[missing])))
            what += f", and {words.strip(', ') or 'nothing'} in {missing.mean():.0%} of the rows"
            done = "left out: write 'no' there if that is what it means"
        notes.append(Note(name, what, done))
        return {}
    if missing.any():
        words = sorted(set(text[missing]) - {""})
        share = f"{missing.mean():.1%} of its values are missing"
        share += f" ({', '.join(map(repr, words[:3]))} counted as such)" * bool(words)
        notes.append(Note(name, share, "to be filled with the training mean"))
    numbers = _numbers(name, text, missing, separator, notes)
    if numbers is not None:
        if not missing.any() and _counts_rows(numbers):
            notes.append(Note(name, "counts the rows", "left out: a number is not a measurement"))
            return {}
        _name_odd_numbers(name, numbers, notes)
        return {name: numbers}
    values = sorted(present.unique())
    if len(values) > MOST_CATEGORIES:
        examples = ", ".join(map(repr, values[:3]))
        found = f"is text with {len(values)} different values ({examples}, …)"
        notes.append(Note(name, found, "left out"))
        return {}
    shown = values[1:] if len(values) == 2 else values  # one column says all about two values
    notes.append(Note(name, f"is text ({', '.join(values[:3])}{', …' * (len(values) > 3)})",
                      "0 and 1: " + ", ".join(f"{name}={v}" for v in shown[:3])
                      + ", …" * (len(shown) > 3)))  # fmt: skip
    columns = {f"{name}={value}": (text == value).to_numpy(float) for value in shown}
    return {key: np.where(missing, np.nan, column) for key, column in columns.items()}


_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")


def _marks_thousands(cells: pd.Series, separator: str) -> bool | None:
    """Whether commas in the cells mark thousands, as in 1,234; None if that cannot be known."""
    cells = cells[cells.str.contains(",", regex=False)]
    if not len(cells) or not cells.str.fullmatch(_THOUSANDS).all():
        return False
    if separator == "," or cells.str.contains(r"\.|,.*,").any():
        return True
    return None


def _numbers(
    name: str, text: pd.Series, missing: np.ndarray, separator: str, notes: list[Note]
) -> np.ndarray | None:
    """The column as numbers, (N,) float64, or None if it is text."""
    cells = text.where(~missing)
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(float, copy=True)
    thousands = _marks_thousands(text[~missing], separator)
    commas = cells.str.replace(",", "", regex=False) if thousands else cells
    without = _with_points(commas).to_numpy(float, copy=True)
    if np.isfinite(without).sum() > np.isfinite(numbers).sum():
        numbers = without
        found, done = "has decimal commas", "read as points"
        if thousands:
            found, done = "has commas that mark thousands", "left out of the numbers"
        elif thousands is None:
            example = next(cell for cell in text if "," in cell)
            found = f"has commas before three digits ({example!r}): thousands or decimals?"
            done = "read as decimals: look"
        notes.append(Note(name, found, done))
    if text[~missing].str.fullmatch(r"0\d+").any():
        example = next(cell for cell in text if re.fullmatch(r"0\d+", cell))
        notes.append(Note(name, f"has leading zeros ({example!r})",
                          "kept as numbers: leave it out if it is a code"))  # fmt: skip
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
    elif len(present) > 20 and len(np.unique(present)) == len(present) and not (present % 1).any():
        notes.append(Note(name, "has another whole number in every row",
                          "kept: leave it out if it is an identity"))  # fmt: skip
    _name_codes_for_missing(name, numbers, notes)


def _name_codes_for_missing(name: str, numbers: np.ndarray, notes: list[Note]) -> None:
    """A note for each -999 and the like at the ends of the column's values."""
    present = numbers[~np.isnan(numbers)]
    rest = values = np.unique(present)
    while len(rest) and abs(rest[0]) in CODES_FOR_MISSING:
        rest = rest[1:]
    while len(rest) and abs(rest[-1]) in CODES_FOR_MISSING:
        rest = rest[:-1]
    if len(rest) < 3:
        return
    for end in np.setdiff1d(values, rest):
        if np.abs(rest - end).min() > np.ptp(rest):
            found = f"is {end:g} in {(present == end).sum()} rows, far from all else"
            notes.append(Note(name, found, "kept: empty these cells if it means missing"))


def _name_twins(features: dict[str, np.ndarray], notes: list[Note]) -> None:
    """A note for each column that says what an earlier one says, in other units perhaps."""
    table = pd.DataFrame(features)
    alike = table.corr(min_periods=3).abs().to_numpy() > 1 - 1e-9
    for later, earlier in zip(*np.nonzero(np.tril(alike, -1))):
        found = f"rises and falls exactly with {table.columns[earlier]} (or against it)"
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
             f"are {len(members)} copies of one another", "kept together in one part")
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
    path = Path(path).expanduser()
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
            source = cell.source.replace("EXAMPLE / ", "").replace("weather.", "measurements.")
            source = source.replace("COLOUR = False", "COLOUR = None")
            cell.source = re.sub(r"LEAVE_OUT = \[[^]]*\]", "LEAVE_OUT = []", source)
    lessons.write(path, notebook)
    return path


def _heading(cell) -> str:
    is_heading = cell.cell_type == "markdown" and cell.source.startswith("## ")
    return cell.source.partition("\n")[0] if is_heading else ""
