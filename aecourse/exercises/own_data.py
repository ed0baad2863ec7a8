"""Lesson 14: pictures as people have them, copies in a split, files that are safe to open."""

import io
import json
import pickle
import struct
import zipfile

import numpy as np

from aecourse.exercises.checks import Exercise, Mistake

# picture loader ------------------------------------------------------------------------------

LUMA = np.array([0.299, 0.587, 0.114])


def on_white(picture):
    alpha = picture[..., 3:] / 255
    return picture[..., :3] * alpha + 255 * (1 - alpha)


def on_black(picture):
    return picture[..., :3] * (picture[..., 3:] / 255)


def mean_of_four(picture):
    return picture.mean(2) if picture.shape[2:] == (4,) else grey(picture)


def grey(picture, lay=on_white, weights=LUMA):
    """(H, W), (H, W, 3) or (H, W, 4) of 0 … 255 → (H, W) of 0 … 255."""
    if picture.ndim == 2:
        return picture.astype(float)
    return (lay(picture) if picture.shape[2] == 4 else picture.astype(float)) @ weights


def cut(picture, size):
    top, left = ((side - size) // 2 for side in picture.shape[:2])
    return picture[top : top + size, left : left + size]


def stretched(picture, size):
    rows, columns = (np.arange(size) * side // size for side in picture.shape[:2])
    return picture[rows][:, columns]


def load(pictures, size, fit=cut, to_grey=grey, scale=255, too_small=None, left_out=None):
    """The answer, with a choice for everything that goes wrong in it."""
    images, missing = [], []
    for number, picture in enumerate(pictures):
        if min(picture.shape[:2]) < size:
            missing.append(number)
            if too_small is not None:
                images.append(too_small(to_grey(picture), size) / scale)
        else:
            images.append(fit(to_grey(picture), size) / scale)
    return np.array(images), missing if left_out is None else left_out(missing, len(pictures))


def loaded_pictures(pictures, size):
    return load(pictures, size)


def padded(picture, size):
    whole = np.zeros((size, size))
    part = picture[:size, :size]
    whole[: part.shape[0], : part.shape[1]] = part
    return whole


def in_bytes(picture):
    """Laid on white in arithmetic of 8 bits, which wraps round at 256."""
    alpha = picture[..., 3:]
    with np.errstate(all="ignore"):
        return picture[..., :3] * alpha // 255 + (255 - alpha)


def up_to_first_small(pictures, size, named):
    small = [min(picture.shape[:2]) < size for picture in pictures]
    return load(pictures[: small.index(True) + named], size)


def only_larger(pictures, size):
    kept = [i for i, picture in enumerate(pictures) if min(picture.shape[:2]) > size]
    images, _ = load([pictures[i] for i in kept], size)
    return images, [i for i in range(len(pictures)) if i not in kept]


def some_pictures(seed, *shapes):
    random = np.random.default_rng(seed)
    return [random.integers(0, 256, shape, dtype=np.uint8) for shape in shapes]


PICTURE_LOADER = Exercise(
    name="picture loader",
    right=loaded_pictures,
    probes={
        "grey, RGB and RGBA pictures, one too small, size 4": (
            some_pictures(1, (4, 9), (11, 5, 3), (3, 8), (7, 6, 4)),
            4,
        ),
        "grey and RGBA pictures, two too small, size 3": (
            some_pictures(2, (8, 5), (2, 6, 4), (6, 9, 4), (7, 2, 3), (3, 3)),
            3,
        ),
    },
    mistakes=[
        Mistake(
            "Transparency is ignored: the fourth channel is dropped. What lies under a transparent "
            "pixel is arbitrary, and nobody ever saw it. Lay the picture on white first.",
            lambda p, n: load(p, n, to_grey=lambda x: grey(x, lambda y: y[..., :3].astype(float))),
        ),
        Mistake(
            "Transparent pixels come out black: colours are multiplied by alpha, and nothing is "
            "added. On white, a pixel is colour · alpha + white · (1 − alpha).",
            lambda p, n: load(p, n, to_grey=lambda x: grey(x, on_black)),
        ),
        Mistake(
            "Alpha is averaged in, as if it were a fourth colour. It says how much of the pixel "
            "covers what lies behind it.",
            lambda p, n: load(p, n, to_grey=lambda x: x.mean(2) if x.ndim == 3 else x * 1.0),
            lambda p, n: load(p, n, to_grey=mean_of_four),
        ),
        Mistake(
            "Alpha runs from 0 to 255 here. Divide it by 255 before you weight colours with it.",
            lambda p, n: load(
                p,
                n,
                to_grey=lambda x: grey(
                    x, lambda y: y[..., :3] * (y[..., 3:] * 1.0) + 255 * (1 - y[..., 3:] * 1.0)
                ),
            ),
        ),
        Mistake(
            "Alpha is taken the wrong way round: 255 means opaque, and 0 shows the white behind.",
            lambda p, n: load(
                p,
                n,
                to_grey=lambda x: grey(
                    x, lambda y: y[..., :3] * (1 - y[..., 3:] / 255) + y[..., 3:]
                ),
            ),
        ),
        Mistake(
            "Each picture is divided by its own largest value. A dark one then looks as bright as "
            "the others: divide all by 255.",
            lambda p, n: load(p, n, fit=lambda x, size: cut(x, size) / cut(x, size).max(), scale=1),
            lambda p, n: load(p, n, to_grey=lambda x: grey(x) / grey(x).max(), scale=1),
            lambda p, n: load(p, n, to_grey=lambda x: grey(x) / x.max(), scale=1),
        ),
        Mistake(
            "A picture whose side is exactly size is left out. It is large enough: test with <, "
            "not with <=.",
            only_larger,
        ),
        Mistake(
            "The positions count from 1. In Python the first picture of a list has position 0.",
            lambda p, n: load(p, n, left_out=lambda missing, count: [i + 1 for i in missing]),
        ),
        Mistake(
            "The arithmetic is done in bytes, which wrap round at 256. Convert the picture to "
            "float before you multiply.",
            lambda p, n: load(p, n, to_grey=lambda x: grey(x, in_bytes)),
        ),
        Mistake(
            "The three colours count alike. Grey, as eyes see it, is 0.299 R + 0.587 G + 0.114 B.",
            lambda p, n: load(p, n, to_grey=lambda x: grey(x, weights=np.full(3, 1 / 3))),
        ),
        Mistake(
            "The weights of red and blue are swapped. Some libraries (OpenCV) hand out BGR; here "
            "the order is red, green, blue.",
            lambda p, n: load(p, n, to_grey=lambda x: grey(x, weights=LUMA[::-1])),
        ),
        Mistake(
            "Pictures of other shapes are squeezed to a square. That changes what they show: cut "
            "the square out of the middle.",
            lambda p, n: load(p, n, fit=stretched),
        ),
        Mistake(
            "The square is cut from the upper left corner. Cut it from the middle.",
            lambda p, n: load(p, n, fit=lambda x, size: x[:size, :size]),
        ),
        Mistake(
            "The grey values still run from 0 to 255. Divide by 255.",
            lambda p, n: load(p, n, scale=1),
        ),
        Mistake(
            "Pictures that are too small vanish without a word: either nothing is noted, or the "
            "longer side is judged. The shorter one counts; return their positions as well.",
            lambda p, n: load(p, n, left_out=lambda missing, count: []),
        ),
        Mistake(
            "Pictures that are too small are filled up with black. They would teach a net black "
            "borders: leave them out, and say which.",
            lambda p, n: load(p, n, too_small=padded),
            lambda p, n: load(p, n, too_small=padded, left_out=lambda missing, count: []),
        ),
        Mistake(
            "Pictures that are too small are blown up. That adds no detail: leave them out, and "
            "say which.",
            lambda p, n: load(p, n, too_small=stretched),
            lambda p, n: load(p, n, too_small=stretched, left_out=lambda missing, count: []),
        ),
        Mistake(
            "Loading stops at the first picture that is too small. Go on with the next one.",
            lambda p, n: up_to_first_small(p, n, named=True),
            lambda p, n: up_to_first_small(p, n, named=False),
        ),
        Mistake(
            "These are the positions of the pictures that were kept. Asked for are those that were "
            "left out.",
            lambda p, n: load(
                p, n, left_out=lambda missing, count: [i for i in range(count) if i not in missing]
            ),
        ),
        Mistake(
            "This counts the pictures that were left out. Their positions are asked for: a number "
            "of files helps nobody to find them.",
            lambda p, n: load(p, n, left_out=lambda missing, count: len(missing)),
        ),
    ],
    returns=("the pictures", "the positions left out"),
    insight="Every line of such a loader is a decision about somebody's data, and the second value "
    "is what makes it an honest one.",
)

# split with copies ---------------------------------------------------------------------------


def test_rows(groups, order, share):
    """Whole groups, in the given order, until the test part has its share of the examples."""
    chosen = np.zeros(len(groups), bool)
    for group in order:
        if chosen.mean() >= share:
            break
        chosen |= groups == group
    return chosen


def number_of_groups(groups, order, share, rounded=np.ceil):
    return np.isin(groups, order[: int(rounded(share * len(order)))])


def one_too_few(groups, order, share):
    chosen = test_rows(groups, order, share)
    last = [group for group in order if chosen[groups == group].any()][-1]
    return chosen & (groups != last)


def one_too_many(groups, order, share):
    chosen = test_rows(groups, order, share)
    following = next(group for group in order if not chosen[groups == group].any())
    return chosen | (groups == following)


def beyond_share(groups, order, share):
    chosen = np.zeros(len(groups), bool)
    for group in order:
        if chosen.mean() > share:
            break
        chosen |= groups == group
    return chosen


def first_of_each(groups, order, share):
    first = np.zeros(len(groups), bool)
    first[np.unique(groups, return_index=True)[1]] = True
    return test_rows(groups, order, share) & first


def rows_only(groups, order, share):
    return np.arange(len(groups)) < np.ceil(share * len(groups))


def cut_to_share(groups, order, share):
    chosen = test_rows(groups, order, share)
    rows = np.flatnonzero(chosen)
    by_order = rows[np.argsort([list(order).index(g) for g in groups[rows]], kind="stable")]
    chosen[by_order[int(np.ceil(share * len(groups))) :]] = False
    return chosen


GROUPS_1 = np.array([6, 2, 4, 1, 5, 2, 4, 7, 7, 2, 3, 0, 2, 5, 0, 2, 2, 2])
GROUPS_3 = np.array([3, 1, 0, 2, 2, 0, 1, 4, 3, 5, 4, 4, 5, 5, 1, 2])
GROUPS_2 = np.array([1, 5, 8, 0, 2, 5, 5, 3, 4, 5, 7, 8, 5, 0, 6, 1, 5, 2])
SPLIT_WITH_COPIES = Exercise(
    name="split with copies",
    right=test_rows,
    probes={
        "18 examples in 8 groups, a share of 0.35": (
            GROUPS_1,
            np.array([0, 6, 3, 4, 2, 7, 5, 1]),
            0.35,
        ),
        "18 examples in 9 groups, a share of 0.45": (
            GROUPS_2,
            np.array([0, 7, 6, 3, 4, 1, 5, 2, 8]),
            0.45,
        ),
        "16 examples in 6 groups, a share of 0.25 that is met exactly": (
            GROUPS_3,
            np.array([0, 3, 1, 5, 2, 4]),
            0.25,
        ),
    },
    mistakes=[
        Mistake(
            "The groups are ignored: single examples are taken, and copies stay behind in the "
            "training part. A whole group goes one way.",
            rows_only,
        ),
        Mistake(
            "The last group is cut in two to meet the share exactly. Let the share be a little "
            "larger: its other half would stay in the training part.",
            cut_to_share,
        ),
        Mistake(
            "Only one example of each group goes into the test part, and its copies stay in the "
            "training part. That is the very leak that groups are there to close.",
            first_of_each,
        ),
        Mistake(
            "The share is a share of the groups here. Large groups count more: add up examples.",
            number_of_groups,
            lambda g, o, s: number_of_groups(g, o, s, np.floor),
        ),
        Mistake(
            "The order is ignored: groups are taken by their number. In real folders neighbouring "
            "numbers are alike, so the order is drawn by lot.",
            lambda g, o, s: test_rows(g, np.sort(o), s),
        ),
        Mistake(
            "The groups are taken from the end of the order. Start with its first.",
            lambda g, o, s: test_rows(g, o[::-1], s),
        ),
        Mistake(
            "The test part stops one group short of its share. Go on until it has at least the "
            "share.",
            one_too_few,
        ),
        Mistake(
            "Where the share is met exactly, one more group is taken. Stop at ≥, not at >.",
            beyond_share,
        ),
        Mistake(
            "One group too many: stop as soon as the test part has its share.",
            one_too_many,
        ),
        Mistake(
            "This marks the training part. The test part is asked for.",
            lambda g, o, s: ~test_rows(g, o, s),
        ),
        Mistake(
            "These are the groups of the test part. Return True or False for each example.",
            lambda g, o, s: np.array([k for k in o if test_rows(g, o, s)[g == k].any()]),
        ),
        Mistake(
            "These are positions. Return True or False for each example.",
            lambda g, o, s: np.flatnonzero(test_rows(g, o, s)),
        ),
    ],
    insight="Copies, films, patients, stations: whatever makes examples alike goes into the group. "
    "No test error can tell you later that it was forgotten.",
)

# safe to open --------------------------------------------------------------------------------


def header(content, parses=True):
    """Whether the content begins like safetensors: a length, then JSON of that length."""
    length = int.from_bytes(content[:8], "little")
    text = content[8 : 8 + length]
    if len(text) < length or not text.startswith(b"{"):
        return False
    try:
        return not parses or isinstance(json.loads(text), dict)
    except ValueError:
        return False


def length_of(content):
    return int.from_bytes(content[:8], "little")


def header_text(content):
    return content[8 : 8 + length_of(content)]


def is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def unpickles(content):
    """Only for the files of this exercise, which are ours."""
    try:
        pickle.loads(content)
    except Exception:
        return False
    return True


def safe_to_open(name, content):
    return header(content)


def weights(**values):
    """A file in the safetensors format, written by hand."""
    text, data = {}, b""
    for name, value in values.items():
        value = np.asarray(value, dtype=np.float32)
        text[name] = {"dtype": "F32", "shape": list(value.shape),
                      "data_offsets": [len(data), len(data) + value.nbytes]}  # fmt: skip
        data += value.tobytes()
    described = json.dumps(text).encode()
    return struct.pack("<Q", len(described)) + described + data


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"weight": [1.0, 2.0]}, protocol=2))
    return buffer.getvalue()


WEIGHTS = weights(weight=[[0.5, 1.5]], bias=[2.0])
NO_JSON = struct.pack("<Q", 21) + b"{'weight': [1.0, 2]} " + bytes(8)
PICKLES = {protocol: pickle.dumps({"weight": [1.0, 2.0]}, protocol) for protocol in (0, 2, 5)}
# A pickle whose ninth byte is a {: it begins with a text that is thrown away again.
DISGUISED = b"Vpayload{\n0" + PICKLES[0]
SAFE_TO_OPEN = Exercise(
    name="safe to open",
    right=safe_to_open,
    probes={
        "net.safetensors, intact": ("net.safetensors", WEIGHTS),
        "safetensors under the name net.bin": ("net.bin", weights(w=[1.0, 2, 3])),
        "net.pt, a pickle": ("net.pt", PICKLES[2]),
        "a pickle of today's protocol under the name net.safetensors": (
            "net.safetensors",
            PICKLES[5],
        ),
        "a pickle of the oldest protocol, which is plain text": ("net.pkl", PICKLES[0]),
        "net.pth, a zip file as torch.save writes it": ("net.pth", zipped()),
        "a text": ("readme.txt", b"Weights are on the other disk."),
        "a safetensors file that was cut short": ("net.safetensors", WEIGHTS[:40]),
        "an empty file": ("net.safetensors", b""),
        "a length, and then something that is not JSON": ("net.safetensors", NO_JSON),
        "a pickle that has a { where JSON would begin": ("net.safetensors", DISGUISED),
        "a length, and then a JSON list": ("a.bin", struct.pack("<Q", 3) + b"[1]"),
        "a length that is larger than the file": ("a.bin", struct.pack("<Q", 900) + b'{"a": 1}'),
    },
    hints={
        "codec|JSON|Expecting|Extra data": "What is no JSON makes json.loads fail: catch "
        "ValueError, and return False.",
    },
    mistakes=[
        Mistake(
            "The ending of the name is trusted. Anybody can rename a file: look at its content.",
            lambda name, content: name.endswith(".safetensors"),
        ),
        Mistake(
            "Name and content are both asked for. A name proves nothing, and safetensors under "
            "another name are just as safe.",
            lambda name, content: name.endswith(".safetensors") and header(content),
        ),
        Mistake(
            "Only the ending of pickles is refused. Any pickle can be renamed.",
            lambda name, content: not name.endswith((".pt", ".pth", ".pkl")),
        ),
        Mistake(
            "This looks for the first byte of a pickle. A zip file of torch.save has a pickle "
            "inside, and the oldest protocol begins with a letter. Do not list what is dangerous: "
            "recognise what is safe.",
            lambda name, content: not content.startswith(b"\x80"),
        ),
        Mistake(
            "Pickles and zip files are listed as dangerous, and all the rest is let through: "
            "pickles of the oldest protocol, texts, empty files. Recognise what is safe instead.",
            lambda name, content: not content.startswith((b"\x80", b"PK")),
        ),
        Mistake(
            "A { at the ninth byte is not enough: a pickle can be written so that it has one. Read "
            "the length in the first eight bytes, and the JSON.",
            lambda name, content: content[8:9] == b"{",
        ),
        Mistake(
            "No file is let through, not even an intact one. (torch.load cannot read safetensors.) "
            'Is the length read little-endian (int.from_bytes(content[:8], "little")), and does '
            "the JSON begin after it?",
            lambda name, content: False,
        ),
        Mistake(
            "The header's text is not read. A { and the right length do not make it JSON: let "
            "json.loads decide.",
            lambda name, content: header(content, parses=False),
        ),
        Mistake(
            "Asking json.loads alone is not enough. It reads lists as well, and does not notice a "
            "length beyond the end of the file: test the length, and for a { at the beginning.",
            lambda name, content: is_json(header_text(content)),
            lambda name, content: (
                header_text(content)[:1] == b"{" and is_json(header_text(content))
            ),
            lambda name, content: (
                len(content) >= 8 + length_of(content) and is_json(header_text(content))
            ),
        ),
        Mistake(
            "To find out whether opening is dangerous, this opens it: a program would have run "
            "before the answer is there. Read bytes, and never unpickle.",
            lambda name, content: not unpickles(content),
        ),
        Mistake(
            "This is the opposite: True where opening the file can run code.",
            lambda name, content: not header(content),
        ),
        Mistake(
            "Every file is let through.",
            lambda name, content: True,
        ),
    ],
    insight="A pickle is a program, whatever its name; a safetensors file is a length, a JSON text "
    "and numbers. Decide by content, and by what you allow, not by what you fear.",
)

EXERCISES = [PICTURE_LOADER, SPLIT_WITH_COPIES, SAFE_TO_OPEN]
