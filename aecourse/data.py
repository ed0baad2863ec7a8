"""The data of the course: bundled, verified, split once and for all.

Nothing is downloaded and nothing is unpacked. Files are looked for in ``$AECOURSE_DATA``, then
inside the installed package, then in ``data/`` of a clone, and checked against the SHA-256
sums below before they are read.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import load_iris, load_sample_image
from torch import Tensor

DATA_FILES = {
    "MNIST/raw/train-images-idx3-ubyte.gz": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "MNIST/raw/train-labels-idx1-ubyte.gz": (
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "MNIST/raw/t10k-images-idx3-ubyte.gz": (
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "MNIST/raw/t10k-labels-idx1-ubyte.gz": (
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
    "rain_in_australia.csv.gz": (
        "199d4277f40008f5f856d1e65600e508001c3e0162f7ede2de1c7115b8cf5896"
    ),
}

HOW_TO_RESTORE = (
    "To get it back: in a clone, `git checkout -- data`; after an installation with pip, "
    "install the package again; or set AECOURSE_DATA to a folder that holds the files "
    "listed in data/README.md."
)


class DataError(RuntimeError):
    """A bundled file is missing, damaged or not what its name says."""


# --------------------------------------------------------------------------- finding files


def find_data() -> Path:
    """The folder that holds the bundled data.

    Raises:
        DataError: there is none.
    """
    override = os.environ.get("AECOURSE_DATA")
    package = Path(__file__).resolve().parent
    places = [Path(override)] if override else [package / "_data", package.parent / "data"]
    for place in places:
        if any(os.path.exists(place / name) for name in DATA_FILES):
            return place
    looked = " and ".join(str(place) for place in places)
    because = " (the environment variable AECOURSE_DATA says so)" if override else ""
    raise DataError(f"No data found: looked in {looked}{because}. {HOW_TO_RESTORE}")


def verify(name: str) -> Path:
    """The path of a bundled file, once its content is known to be intact.

    Args:
        name: a key of ``DATA_FILES``.

    Raises:
        DataError: the file is missing, cut short or altered.
    """
    path = find_data() / name
    _read_verified(path, name)
    return path


def _read_verified(path: Path, name: str) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path} is missing. {HOW_TO_RESTORE}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}). {HOW_TO_RESTORE}") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != DATA_FILES[name]:
        raise DataError(f"{path} {_what_is_wrong(content, digest)}. {HOW_TO_RESTORE}")
    return content


def _what_is_wrong(content: bytes, digest: str) -> str:
    for other, known in DATA_FILES.items():
        if digest == known:
            return f"holds the content of {other}: two files were swapped"
    if not content:
        return "is empty"
    try:
        gzip.decompress(content)
    except EOFError:
        return f"is cut short (only {len(content):,} bytes)"
    except (OSError, zlib.error):
        pass
    return "is damaged or was altered (its SHA-256 sum is not the known one)"


def _unzipped(name: str) -> bytes:
    return gzip.decompress(_read_verified(find_data() / name, name))


# --------------------------------------------------------------------------- MNIST


class Images(NamedTuple):
    """One part of an image data set.

    Attributes:
        images: (N, 1, 28, 28) float32 in [0, 1].
        labels: (N,) int64.
    """

    images: Tensor
    labels: Tensor


class ImageSplits(NamedTuple):
    train: Images
    valid: Images
    test: Images


def mnist() -> ImageSplits:
    """MNIST, 50,000 / 10,000 / 10,000 handwritten digits.

    The test set is the original one; the last 10,000 of the 60,000 training images are for
    validation. Grey values 0 … 255 are divided by 255.

    Returns:
        ``train``, ``valid`` and ``test``, each with ``images`` (N, 1, 28, 28) float32 in [0, 1]
        and ``labels`` (N,) int64.

    Raises:
        DataError: a file is missing or damaged.

    Source: Y. LeCun, C. Cortes, C. J. C. Burges, *The MNIST database of handwritten digits*.
    """
    images, labels = _mnist_part("train")
    test = Images(*_mnist_part("t10k"))
    train, valid = slice(0, 50_000), slice(50_000, 60_000)
    return ImageSplits(
        train=Images(images[train], labels[train]),
        valid=Images(images[valid], labels[valid]),
        test=test,
    )


def binarise(images: Tensor, seed: int = 0) -> Tensor:
    """Black and white images: each pixel is 1 with a probability equal to its grey value.

    The course binarises MNIST *once*: the result is data, the same in every epoch and on every
    machine. Binarise a whole part (``digits.train.images``) and take rows afterwards: the random
    numbers go by the position of an image.

    With one seed, training image 7 and test image 7 get the same random numbers. That does no
    harm: nets that were trained on this throw of the training images are as good on another throw
    of the test images as on this one (``experiments/08_nats.py``: within 0.1 nats).

    Args:
        images: (N, …) in [0, 1].
        seed: fixed, *not* shifted by AECOURSE_SEED.

    Returns:
        A tensor of the same shape, type and device, of 0 and 1.

    R. Salakhutdinov, I. Murray, *On the quantitative analysis of deep belief networks*, 2008.
    """
    if not isinstance(images, Tensor) or not images.is_floating_point():
        raise TypeError("Binarise a floating-point tensor: convert images with .float() first.")
    if not len(images):
        raise ValueError("There are no images: the tensor has length 0.")
    if not (images.min() >= 0 and images.max() <= 1):
        raise ValueError("Grey values are probabilities here: divide them by 255 first.")
    random = torch.Generator().manual_seed(seed)
    binary = torch.empty_like(images)
    for source, target in zip(images.split(2_000), binary.split(2_000)):
        chance = torch.rand(source.shape, generator=random).to(source.device)
        target.copy_(chance < source)
    return binary


def _mnist_part(part: str) -> tuple[Tensor, Tensor]:
    images = _read_idx(f"MNIST/raw/{part}-images-idx3-ubyte.gz")
    labels = _read_idx(f"MNIST/raw/{part}-labels-idx1-ubyte.gz")
    scaled = torch.from_numpy(images).unsqueeze(1).float().div_(255)
    return scaled, torch.from_numpy(labels).long()


def _read_idx(name: str) -> np.ndarray:
    """An array in IDX format: two zero bytes, a type (8: bytes), the number of dimensions,
    each dimension as a big-endian 32-bit integer, then the values."""
    content = _unzipped(name)
    dimensions = content[3]
    shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
    values = np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * dimensions)
    return values.reshape(shape).copy()


# --------------------------------------------------------------------------- scaling


@dataclass(frozen=True)
class Scaling:
    """Standardisation: subtract a mean, divide by a standard deviation, column by column.

    Attributes:
        mean, std: (features,) float32.
    """

    mean: Tensor
    std: Tensor

    @classmethod
    def of(cls, train: Tensor) -> Scaling:
        """The scaling that gives the *training* rows (N, features) mean 0 and variance 1.

        Raises:
            ValueError: fewer than two rows, a missing value, or a constant column.
        """
        if len(train) < 2:
            raise ValueError(
                f"A scaling needs at least two training rows, not {len(train)}: "
                "one row has no spread."
            )
        if not torch.isfinite(train).all():
            raise ValueError(
                "The training rows contain missing or infinite values: drop or fill them first."
            )
        double = train.double()
        mean, std = double.mean(0), double.std(0, correction=0)
        # Not std == 0: rounding gives a column of equal decimals a tiny spread.
        constant = torch.nonzero(train.amax(0) == train.amin(0)).flatten().tolist()
        if constant:
            raise ValueError(
                f"Column(s) {constant} have the same value in every training row, so they "
                "cannot be scaled to variance 1. Drop them: they carry no information."
            )
        return cls(mean.float(), std.float())

    def apply(self, table: Tensor) -> Tensor:
        """From units of the data to standard units, (N, features) float32."""
        return (table.float() - self.mean.to(table.device)) / self.std.to(table.device)

    def undo(self, table: Tensor) -> Tensor:
        """From standard units back to units of the data, (N, features)."""
        return table * self.std.to(table.device) + self.mean.to(table.device)


# --------------------------------------------------------------------------- tables


class Table(NamedTuple):
    """One part of a table.

    Attributes:
        x: (N, features) float32, standardised with the training rows.
        y: (N,) int64, the label (Iris: species; Rain: does it rain tomorrow).
        rows: (N,) int64, their positions in the table that was split (for Rain: in
            :func:`complete_rain_rows`, so that ``complete.iloc[rows]`` finds the stations).
    """

    x: Tensor
    y: Tensor
    rows: Tensor


@dataclass(frozen=True)
class TableSplits:
    """A table in three parts.

    Attributes:
        train, valid, test: :class:`Table`.
        columns: names of the features.
        classes: names of the labels.
        scaling: the :class:`Scaling` fitted on the training rows.
    """

    train: Table
    valid: Table
    test: Table
    columns: tuple[str, ...]
    classes: tuple[str, ...]
    scaling: Scaling


RAIN_COLUMNS = (
    "MinTemp", "MaxTemp", "Rainfall", "Evaporation", "Sunshine", "WindGustSpeed",
    "WindSpeed9am", "WindSpeed3pm", "Humidity9am", "Humidity3pm", "Pressure9am",
    "Pressure3pm", "Cloud9am", "Cloud3pm", "Temp9am", "Temp3pm", "RainToday",
)  # fmt: skip


def rain_table() -> pd.DataFrame:
    """*Rain in Australia* as it was published: 99,516 rows, 22 columns, with missing values.

    Each row is a day at one of 49 stations of the Australian Bureau of Meteorology (the date
    itself is absent). ``RainToday`` is Yes/No, ``RainTomorrow`` 1/0.

    Raises:
        DataError: the file is missing or damaged.
    """
    return pd.read_csv(io.BytesIO(_unzipped("rain_in_australia.csv.gz")))


def complete_rain_rows(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the rain table with nothing missing, 17 features first.

    Drops the three wind directions, then every row with a missing value, and turns RainToday
    into 1/0. The index still says which row of the full table each one was.
    """
    kept = table.drop(columns=["WindGustDir", "WindDir9am", "WindDir3pm"]).dropna()
    kept = kept.assign(RainToday=(kept["RainToday"] == "Yes").astype(float))
    return kept[[*RAIN_COLUMNS, "RainTomorrow", "Location"]]


def split_rows(count: int, fractions: tuple[float, float] = (0.15, 0.15), seed: int = 0):
    """Shuffle ``count`` rows and cut them into training, validation and test.

    Args:
        count: number of rows.
        fractions: share of the rows for validation and for test.
        seed: fixed, *not* shifted by AECOURSE_SEED: the split is part of the data.

    Returns:
        Three int64 tensors of row numbers, in random order, so that the first rows of a part are
        a fair sample of it.

    Raises:
        ValueError: a part would be empty.
    """
    if count < 3:
        raise ValueError(f"{count} row(s) cannot be split into three parts: at least 3 are needed.")
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    valid, test = (max(1, round(fraction * count)) for fraction in fractions)
    if min(fractions) < 0 or valid + test >= count:
        raise ValueError(
            f"The fractions {fractions} leave none of the {count} rows for training: "
            "choose two shares that add up to less than 1."
        )
    parts = order.split([count - valid - test, valid, test])
    return parts


def split_groups(groups, fractions: tuple[float, float] = (0.15, 0.15), seed: int = 0):
    """Like :func:`split_rows`, but whole groups stay together (stations, patients, writers).

    Args:
        groups: one hashable value per row.

    Returns:
        Three int64 tensors of row numbers; no group appears in two of them.
    """
    names, which = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 3:
        raise ValueError(
            f"{len(which)} examples in {len(names)} group(s) cannot be split into three parts "
            "without cutting a group: at least 3 groups are needed."
        )
    parts = split_rows(len(names), fractions, seed)
    order = torch.randperm(len(which), generator=torch.Generator().manual_seed(seed))
    group_of_row = torch.from_numpy(which)[order]
    return tuple(order[torch.isin(group_of_row, part)] for part in parts)


def split_table(x, y, parts, columns, classes) -> TableSplits:
    """Standardise a table with its training rows and cut it into parts.

    Args:
        x: (N, features) numbers in their own units.
        y: (N,) integer labels.
        parts: three tensors of row numbers, as :func:`split_rows` gives them.
        columns, classes: names for features and labels.
    """
    x = torch.tensor(np.array(x), dtype=torch.float64)
    y = torch.tensor(np.array(y), dtype=torch.int64)
    scaling = Scaling.of(x[parts[0]])
    tables = [Table(scaling.apply(x[rows]), y[rows], rows) for rows in parts]
    return TableSplits(*tables, tuple(columns), tuple(classes), scaling)


def rain(split: str = "random") -> TableSplits:
    """The complete rows of *Rain in Australia*, standardised, in three parts.

    Args:
        split: "random" (70/15/15 % of the rows) or "stations" (of the stations: no station is
            in two parts, so that a part cannot borrow from its neighbours).

    Returns:
        40,748 rows × 17 features; the label says whether it rained the day after.

    Raises:
        DataError: the file is missing or damaged.
    """
    complete = complete_rain_rows(rain_table())
    if split == "random":
        parts = split_rows(len(complete))
    elif split == "stations":
        parts = split_groups(complete["Location"])
    else:
        raise ValueError(f"split is {split!r}; choose 'random' or 'stations'.")
    features, label = complete[list(RAIN_COLUMNS)], complete["RainTomorrow"]
    return split_table(features, label, parts, RAIN_COLUMNS, ("dry", "rain"))


def iris(seed: int = 0) -> TableSplits:
    """Fisher's Iris, 150 flowers × 4 lengths, standardised, 90 / 30 / 30.

    Args:
        seed: which random split; it is not shifted by AECOURSE_SEED.
    """
    bunch = load_iris()
    parts = split_rows(len(bunch.data), (0.2, 0.2), seed)
    columns = [name.replace(" (cm)", "") for name in bunch.feature_names]
    return split_table(bunch.data, bunch.target, parts, columns, bunch.target_names)


# --------------------------------------------------------------------------- photographs


def patches(count: int = 10_000, size: int = 28, seed: int = 0) -> Tensor:
    """Grey squares cut at random places from the two photographs that scikit-learn ships.

    Args:
        count: how many.
        size: side of the square in pixels.
        seed: where to cut; not shifted by AECOURSE_SEED.

    Returns:
        (count, 1, size, size) float32 in [0, 1]. Two pictures are few, and both were JPEGs:
        good enough to show what a net trained on digits makes of something else.
    """
    photographs = [_grey(load_sample_image(name)) for name in ("china.jpg", "flower.jpg")]
    if count < 1:
        raise ValueError(f"count={count}: ask for at least one patch.")
    if not 1 <= size <= min(photographs[0].shape):
        raise ValueError(f"size={size}: choose 1 to {min(photographs[0].shape)} pixels.")
    rng = np.random.default_rng(seed)
    cuts = []
    for _ in range(count):
        photograph = photographs[rng.integers(len(photographs))]
        top, left = (rng.integers(side - size + 1) for side in photograph.shape)
        cuts.append(photograph[top : top + size, left : left + size])
    return torch.from_numpy(np.stack(cuts)).unsqueeze(1).float()


def _grey(colour: np.ndarray) -> np.ndarray:
    """Luma of an RGB picture (H, W, 3) in 0 … 255 → (H, W) in [0, 1] (ITU-R BT.601)."""
    return (colour @ np.array([0.299, 0.587, 0.114]) / 255).clip(0, 1)
