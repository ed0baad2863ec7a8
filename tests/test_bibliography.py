"""The bibliography holds what the lessons cite, and whoever they criticise can be checked."""

import re

import pytest
from helpers import ROOT

from aecourse.course import anchors, lessons

pybtex = pytest.importorskip("pybtex.database", reason='needs the extra "site"')

PAGE, SOURCE = ROOT / "docs" / "bibliography.md", ROOT / "docs" / "references.bib"
LESSONS = lessons.find_lessons(ROOT / "notebooks", ["lessons"])
NOTEBOOKS = lessons.find_lessons(ROOT / "notebooks")

# How lessons call a tutorial, and where the page names its author, date and address.
TUTORIALS = {
    "Applied deep learning, part 3": "applied-deep-learning-part-3",
    "Autoencoder on iris": "autoencoder-on-iris",
    "Introduction to autoencoders": "introduction-to-autoencoders",
    "Convolutional autoencoder in PyTorch": "convolutional-autoencoder-in-pytorch",
    "AE, VAE and DAE": "ae-vae-and-dae",
}


def entries(text=None):
    """The entries by key; a second one with the same key is an error."""
    text = SOURCE.read_text(encoding="utf-8") if text is None else text
    return dict(pybtex.parse_string(text, "bibtex").entries)


ENTRIES = entries()
PAGE_TEXT = PAGE.read_text(encoding="utf-8")


def cited():
    """The keys that the page cites for each lesson."""
    rows = re.findall(r"^\| \[\d\d\]\(\.\./notebooks/(\w+)\.ipynb\) \| (.+) \|$", PAGE_TEXT, re.M)
    return {name: re.findall(r"\{cite:t\}`([\w-]+)`", keys) for name, keys in rows}


def markdown(path):
    return "\n\n".join(c.source for c in lessons.read(path).cells if c.cell_type == "markdown")


def further_reading(path):
    """Each work below *Further reading*: its title, and the line that it stands in."""
    part = markdown(path).partition("## Further reading")[2]
    lines = [line for line in part.splitlines() if line.startswith("- ")]
    return [(title, line) for line in lines for title in re.findall(r"\*([^*]+)\*", line)]


def plain(text):
    return re.sub(r"\W", "", text).casefold()


def surname(entry):
    return re.sub(r"[{}]", "", " ".join(entry.persons["author"][0].last_names))


def fitting(title, line, keys):
    """Those keys whose entry has this title, or begins with it, and this first author."""
    return [key for key in keys if plain(ENTRIES[key].fields["title"]).startswith(plain(title))
            and surname(ENTRIES[key]) in line]  # fmt: skip


# --- the entries ------------------------------------------------------------------------------


def test_a_second_entry_of_a_key_is_an_error():
    text = SOURCE.read_text(encoding="utf-8")
    with pytest.raises(pybtex.BibliographyDataError, match="repeated"):
        entries(text + text[text.index("@article") :])


@pytest.mark.parametrize("key", ENTRIES)
def test_an_entry_says_who_what_when_and_where(key):
    fields = ENTRIES[key].fields
    assert ENTRIES[key].persons["author"] and fields["title"]
    verified = "not verified" not in fields.get("note", "")
    assert re.fullmatch(r"1[89]\d\d|20\d\d", fields["year"]) or not verified
    printed = all(name in fields for name in ("journal", "volume", "pages"))
    assert {"doi", "url", "eprint"} & set(fields) or printed or not verified
    for name, form in {"doi": r"10\.\d{4,}/\S+", "eprint": r"\d{4}\.\d{4,5}",
                       "url": r"https://\S+"}.items():  # fmt: skip
        assert name not in fields or re.fullmatch(form, fields[name]), name


def test_no_work_stands_there_twice():
    for name in ("title", "doi", "eprint", "url"):
        values = [plain(e.fields[name]) for e in ENTRIES.values() if name in e.fields]
        assert len(values) == len(set(values)), name


# --- what cites them --------------------------------------------------------------------------


def test_every_entry_is_cited_and_every_key_is_an_entry():
    assert list(cited()) == [path.stem for path in LESSONS]
    keys = [key for keys in cited().values() for key in keys]
    assert set(keys) == set(ENTRIES)
    assert all(len(keys) == len(set(keys)) for keys in cited().values())


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_what_a_lesson_recommends_is_cited_for_it(path):
    works = further_reading(path)
    assert len(works) >= 3
    for title, line in works:
        keys = fitting(title, line, cited()[path.stem])
        assert keys, f"{title} is not among the entries cited for the lesson"
        years = set(re.findall(r"\b(?:19|20)\d\d\b", line))
        assert not years or any(ENTRIES[key].fields["year"] in years for key in keys), line


# --- the tutorials ----------------------------------------------------------------------------


@pytest.mark.parametrize("anchor", TUTORIALS.values())
def test_a_tutorial_has_author_date_and_address_or_says_what_is_missing(anchor):
    parts = re.split(r"^### (.+)$", PAGE_TEXT.partition("## By lesson")[0], flags=re.M)[1:]
    texts = dict(zip(map(anchors.anchor, parts[::2]), parts[1::2], strict=True))
    words = " ".join(texts[anchor].split())
    missing = " ".join(re.findall(r"[^.]*not verified[^.]*\.", words)).lower()
    assert re.search(r"<https://\S+>", words) or "address" in missing
    assert re.search(r"\d{1,2} \w+ 20\d\d", words) or "date" in missing
    assert re.match(r"[A-Z]\w+ [A-Z]\w+, \*", words) or "author" in missing
    assert re.search(r"\]\(\.\./notebooks/\d\d_\w+\.ipynb\)", words)


def first_mention_is_linked(text, title, anchor):
    link = rf"\[\*?{re.escape(title)}[^\]]*\]\((\.\./)+docs/bibliography\.md#{anchor}\)"
    first = text.find(title)
    return first < 0 or any(m.start() <= first < m.end() for m in re.finditer(link, text))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)  # fmt: skip
def test_a_tutorial_is_linked_where_it_is_first_named(path):
    for title, anchor in TUTORIALS.items():
        assert first_mention_is_linked(markdown(path), title, anchor), title


def test_tutorials_are_named_somewhere():
    named = [title for title in TUTORIALS for path in NOTEBOOKS if title in markdown(path)]
    assert set(named) >= set(TUTORIALS) - {"AE, VAE and DAE"}


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("no tutorial", True),
        ("([*Toy, part 1*](../docs/bibliography.md#toy)) and *Toy*", True),
        ("*Toy*, and [*Toy*](../docs/bibliography.md#toy)", False),
        ("[*Toy*](../docs/bibliography.md#other)", False),
    ],
)
def test_first_mentions(text, linked):
    assert first_mention_is_linked(text, "Toy", "toy") is linked
