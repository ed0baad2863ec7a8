"""The glossary: one source for every term, and links that lead from lessons to terms and back."""

import re
import unicodedata

import pytest
from helpers import ROOT

from aecourse.course import anchors, lessons

PAGE = ROOT / "docs" / "glossary.md"
NOTEBOOKS = lessons.find_lessons(ROOT / "notebooks")
LESSONS = {path.stem[:2]: path for path in NOTEBOOKS if not lessons.is_deeper(path)}
DEEPER = [path for path in NOTEBOOKS if lessons.is_deeper(path)]
HOME = re.compile(
    r"\[(?:Lesson|(Deeper)) (\d\d)\]\(\.\./(notebooks/(?(1)deeper/)\2_\w+\.ipynb)\)$"
)


def terms():
    """The entries of the glossary: term → text."""
    part = PAGE.read_text(encoding="utf-8").partition("\n## Notation")[0]
    entries = re.split(r"^#### (.+)$", part, flags=re.MULTILINE)[1:]
    texts = (re.split(r"^#", text, flags=re.MULTILINE)[0].strip() for text in entries[1::2])
    return dict(zip(entries[::2], texts, strict=True))


def markdown(path):
    """The Markdown of a notebook or of a page."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    return "\n\n".join(c.source for c in lessons.read(path).cells if c.cell_type == "markdown")


def links(path):
    """What the links of a notebook or a page name: (path, anchor) where they stay in the course."""
    found = re.findall(r"\]\(((?!https?:|#)[^)#\s]+)(?:#([^)\s]+))?\)", markdown(path))
    return [((path.parent / target).resolve(), anchor) for target, anchor in found]


def linked_terms(path):
    return {anchor for target, anchor in links(path) if target == PAGE}


def home(text):
    """The lesson or deeper notebook that an entry names at its end."""
    return ROOT / HOME.search(text)[3]


@pytest.mark.parametrize("path", [*NOTEBOOKS, *sorted((ROOT / "docs").rglob("*.md"))],
                         ids=lambda path: path.name)  # fmt: skip
def test_links_lead_somewhere(path):
    for target, anchor in links(path):
        assert target.exists(), target
        if anchor:
            assert anchor in anchors.anchors(markdown(target)), f"{target.name}#{anchor}"


def test_terms_stand_in_alphabetical_order_below_their_letters():
    def order(term):
        plain = unicodedata.normalize("NFKD", term).encode("ascii", "ignore").decode()
        return re.sub(r"\W", "", plain).casefold()

    assert list(terms()) == sorted(terms(), key=order)
    letter = None
    for level, title in anchors.headings(PAGE.read_text(encoding="utf-8")):
        letter = title if level == 3 else letter
        if level == 4:
            first = order(title)[0].upper()
            assert letter == ("0–9" if first.isdigit() else first), title


def test_every_anchor_is_there_once():
    found = anchors.anchors(PAGE.read_text(encoding="utf-8"))
    assert len(found) == len(set(found))


@pytest.mark.parametrize("term", terms())
def test_an_entry_is_short_and_names_its_lesson(term):
    text = terms()[term]
    assert home(text) in NOTEBOOKS
    assert 6 <= len(text.split()) <= 60 and "\n" not in text


def own_terms(path):
    return {anchors.anchor(term) for term, text in terms().items() if home(text) == path}


@pytest.mark.parametrize("lesson", sorted(LESSONS))
def test_a_lesson_links_the_terms_that_it_introduces(lesson):
    own = own_terms(LESSONS[lesson])
    assert len(own) >= 3
    assert own <= linked_terms(LESSONS[lesson])


@pytest.mark.parametrize("path", DEEPER, ids=lambda path: path.stem)
def test_a_deeper_notebook_links_the_terms_that_it_introduces(path):
    assert own_terms(path) <= linked_terms(path)


def notation():
    part = PAGE.read_text(encoding="utf-8").partition("\n## Notation")[2]
    return [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| $")]


def without_spaces(formula):
    return re.sub(r"\\,|\s(?![A-Za-z])|(?<![A-Za-z])\s", "", formula)


@pytest.mark.parametrize("row", notation(), ids=lambda row: row[0])
def test_a_symbol_stands_in_its_lesson(row):
    symbols, _, _, lesson = row
    number = re.fullmatch(r"\[(\d\d)\]\(\.\./notebooks/\1_\w+\.ipynb\)", lesson)[1]
    found = re.findall(r"\$\$.+?\$\$|\$[^$]+\$", markdown(LESSONS[number]), re.DOTALL)
    formulas = "\n".join(map(without_spaces, found))
    for symbol in re.findall(r"\$([^$]+)\$", symbols):
        # A command such as \\mathcal may follow another one, such as \\sim.
        before = "" if symbol.startswith("\\") else r"(?<![A-Za-z\\])"
        whole = rf"{before}{re.escape(without_spaces(symbol))}(?![A-Za-z])"
        assert re.search(whole, formulas), f"{symbol} is in no formula of lesson {number}"
