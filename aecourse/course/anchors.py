"""The anchors that GitHub and MyST give to headings: what a link after its ``#`` may name."""

from __future__ import annotations

import re


def anchor(heading: str) -> str:
    """The anchor of a heading: lower case, spaces as hyphens, no punctuation.

    >>> anchor("9 What goes wrong: sum or mean?")
    '9-what-goes-wrong-sum-or-mean'
    """
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def headings(markdown: str) -> list[tuple[int, str]]:
    """(level, text) of the headings of a page, without those in blocks of code."""
    text = re.sub(r"^```.*?^```", "", markdown, flags=re.DOTALL | re.MULTILINE)
    return [(len(mark), title) for mark, title in re.findall(r"^(#+) +(.+?) *$", text, re.M)]


def anchors(markdown: str) -> list[str]:
    """The anchors of all headings of a page, in their order."""
    return [anchor(title) for _, title in headings(markdown)]
