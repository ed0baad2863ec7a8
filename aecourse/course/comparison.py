"""Compare a cell's saved outputs with new ones: words exactly, numbers within tolerances.

Compared are stdout and text/plain.  Pictures, HTML, plotly figures and stderr are not: the
text beside them says what they show.  In that text the words are equal, the *number* of
numbers is equal, integers are equal, and decimals agree within a relative tolerance
(``RTOL``; the tag ``rtol=0.05`` sets another one).  A cell whose numbers move with the
processor carries one absolute tolerance per number in ``metadata.aecourse.tolerances``.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from nbformat import NotebookNode

from aecourse.course.lessons import IGNORED, as_shown, tags

RTOL = 5e-3
ATOL = 1e-9

# A sign counts as part of a number unless it joins two things ("784-128", "PCA-32"); digits
# inside a word ("float32", "σ²") belong to the word.
_NUMBER = re.compile(
    r"""
    (?:(?<![\w)\].%])(?P<sign>[-+\u2212]))?
    (?<![\w.])
    (?P<digits>
        (?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9]) | [0-9]+)              # 50,000 or 50000
        (?:\.[0-9]+ | \.(?=[,\])e] | [ ]+[-+]?[0-9]+\.) )?          # .25, or the point of "1."
      | \.[0-9]+
      | (?:nan|inf(?:inity)?|\u221e)(?!\w)
    )
    (?P<exponent>[eE][-+\u2212]?[0-9]+)?
    """,
    re.VERBOSE | re.IGNORECASE,
)


class Number(NamedTuple):
    """One number of a text: as written, its value, and the place of its last digit."""

    text: str
    value: float
    unit: float  # 1 for 37, 0.01 for 0.25
    is_integer: bool


def numbers(text: str) -> list[Number]:
    """The numbers of a text, in order."""
    return [_number(match) for match in _NUMBER.finditer(text)]


def words(text: str) -> str:
    """The text with every number replaced by ``#`` and alignment removed.

    Padding and rules follow the width of numbers, so runs of blanks and of ``-`` count as one.
    """
    text = _NUMBER.sub("#", text)
    text = re.sub(r"([-=\u2500\u2501_])\1{2,}", r"\1\1\1", text)
    lines = (re.sub(r"\s+", " ", line).strip() for line in text.splitlines())
    return "\n".join(lines).strip()


def _number(match: re.Match) -> Number:
    digits = match["digits"].lower().replace(",", "")
    sign = -1.0 if match["sign"] in ("-", "\u2212") else 1.0
    if digits[0] in "ni\u221e":
        value = math.nan if digits == "nan" else math.inf
        return Number(match[0], sign * value, 0.0, False)
    exponent = (match["exponent"] or "").replace("\u2212", "-")
    places = len(digits.partition(".")[2]) - int(exponent[1:] or 0)
    is_integer = not exponent and not digits.partition(".")[2]
    value = sign * float(digits + exponent)
    return Number(match[0], value, float(f"1e{-places}"), is_integer)


def texts(outputs: list[NotebookNode]) -> list[str]:
    """What is compared of a cell's outputs: all of stdout, then each text/plain in order."""
    stdout = "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")
    plain = [o.data["text/plain"] for o in outputs if "text/plain" in o.get("data", {})]
    return [as_shown(text) for text in [stdout, *plain] if text]


def cell_numbers(outputs: list[NotebookNode]) -> list[Number]:
    """All numbers in the compared text of a cell; tolerances are listed in this order."""
    return [number for text in texts(outputs) for number in numbers(text)]


def is_compared(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and IGNORED not in tags(cell)


def tolerances(cell: NotebookNode) -> list[float] | None:
    return cell.metadata.get("aecourse", {}).get("tolerances")


def relative_tolerance(cell: NotebookNode) -> float:
    """The tag ``rtol=…`` of a cell, or the default."""
    for tag in tags(cell):
        if tag.startswith("rtol="):
            return float(tag.removeprefix("rtol="))
    return RTOL


def differences(cell: NotebookNode, outputs: list[NotebookNode]) -> list[str]:
    """What differs between the saved outputs of ``cell`` and new ``outputs``: one line each."""
    return word_differences(cell.outputs, outputs) or number_differences(cell, outputs)


def word_differences(saved: list[NotebookNode], new: list[NotebookNode]) -> list[str]:
    """Differences that no tolerance covers: outputs, words, or the number of numbers."""
    saved, new = texts(saved), texts(new)
    if len(saved) != len(new):
        extra = (saved if len(saved) > len(new) else new)[min(len(saved), len(new)) :]
        where = "saved" if len(saved) > len(new) else "new"
        return [
            f"saved {len(saved)} text outputs, now {len(new)}; "
            f"only in the {where} run: {extra[0][:200]!r}"
        ]
    found = []
    for old_text, new_text in zip(saved, new, strict=True):
        if words(old_text) != words(new_text):
            found.append(_first_line(old_text, new_text))
    return found


def _first_line(saved: str, new: str) -> str:
    saved_lines, new_lines = saved.strip().splitlines(), new.strip().splitlines()
    for old_line, new_line in zip(saved_lines, new_lines, strict=False):
        if words(old_line) != words(new_line):
            return f"the words differ: saved {old_line.strip()!r}, now {new_line.strip()!r}"
    return f"the words differ: saved {len(saved_lines)} lines, now {len(new_lines)}"


def number_differences(cell: NotebookNode, outputs: list[NotebookNode]) -> list[str]:
    saved, new = cell_numbers(cell.outputs), cell_numbers(outputs)
    allowed = tolerances(cell)
    if allowed is not None and len(allowed) != len(saved):
        return [
            f"{len(allowed)} tolerances are saved for {len(saved)} numbers: they are out of "
            "date (run `make tolerances`)"
        ]
    rtol = relative_tolerance(cell)
    found = []
    for i, (old, now) in enumerate(zip(saved, new, strict=True)):
        tolerance = _tolerance(old, now, rtol) if allowed is None else allowed[i]
        if not _agree(old.value, now.value, tolerance):
            found.append(
                f"number {i + 1} of {len(saved)}: saved {old.text}, now {now.text} "
                f"(tolerance {tolerance:.2g})"
            )
    return found


def _tolerance(saved: Number, new: Number, rtol: float) -> float:
    if saved.is_integer and new.is_integer:
        return 0.0
    return max(ATOL, rtol * abs(saved.value))


def _agree(saved: float, new: float, tolerance: float) -> bool:
    if math.isnan(saved) or math.isnan(new):
        return math.isnan(saved) and math.isnan(new)
    if math.isinf(saved) or math.isinf(new):
        return saved == new
    return abs(saved - new) <= tolerance * (1 + 1e-9) + 1e-15  # room for decimal rounding only
