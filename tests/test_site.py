"""The site of a small course: what its pages say, link and load. (A browser: test_browser.)"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from helpers import ROOT
from nbformat import from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from toy_lesson import ALT, DOT, cell_with, copied, save, toy_deeper, toy_lesson

import aecourse.course
from aecourse.course import lessons, runner
from aecourse.course.site import hooks, source
from aecourse.course.site.formulas import FormulaError, mathml

INDEX = "# A small course\n\n## The lessons\n\n<!-- lessons -->\n\n<!-- contents -->\n"
GLOSSARY = "# Glossary\n\n## loss\n\nSee [the toy](../notebooks/01_toy.ipynb#summary).\n"
EXTRA = r"""## A *section*

$x \in \mathbb{R}^d$, $\operatorname*{arg\,min}_\theta L$, $\arg\max_x y$
and $\mathbf{W}^\top\boldsymbol{x}$, \$5.

$$f(x)=\begin{cases} 0 & x<0 \\ \log x & x \ge 0\end{cases}$$

\begin{align}
a &= \tanh'(z) \\
b &= \begin{bmatrix} 1 & 2 \end{bmatrix}
\end{align}

See [the other](02_other.ipynb#summary), [half](deeper/01_half.ipynb) and
[the loss](../docs/glossary.md#loss).

# Part B

[![Badge](https://example.org/badge.svg)](https://example.org)

```python
# not a heading
```"""
LINE = "[Open in Colab](https://example.org/colab) · [Open on Binder](https://example.org/binder)"
LIVE = {"data": [{"y": [1, 2], "name": "</script>"}], "layout": {}}


def small_course(root: Path) -> Path:
    """Two lessons and a deeper notebook, with the course's own configuration of Sphinx."""
    docs = root / "docs"
    for name in ("_static", "_templates"):
        shutil.copytree(ROOT / "docs" / name, docs / name)
    shutil.copy(ROOT / "docs" / "conf.py", docs)
    shutil.copy(ROOT / "pyproject.toml", root)
    (docs / "index.md").write_text(INDEX, encoding="utf-8")
    (docs / "glossary.md").write_text(GLOSSARY, encoding="utf-8")
    first, second = toy_lesson(), copied(toy_lesson())
    shown = {"image/png": DOT, "text/plain": ALT, source.PLOTLY: LIVE}
    output = from_dict(new_output("display_data", shown, metadata={"image/png": {"alt": ALT}}))
    first.cells[4:4] = [new_markdown_cell(EXTRA), new_code_cell("draw()", outputs=[output])]
    first.cells[0].source = first.cells[0].source.replace("\n\n", f"\n\n{LINE}\n\n", 1)
    second.cells[0].source = second.cells[0].source.replace("01 · A toy", "02 · Another toy")
    save(first, root / "notebooks")
    save(second, root / "notebooks", "02_other.ipynb")
    save(toy_deeper(), root / "notebooks" / "deeper", "01_half.ipynb")
    return root


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """In a path with a space and a letter beyond ASCII."""
    return small_course(tmp_path_factory.mktemp("my cöurse"))


@pytest.fixture(scope="module")
def site(course) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(course)
        assert runner.site(SimpleNamespace()) == 0
    return course / "build" / "site"


def parsed(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def first(site) -> BeautifulSoup:
    return parsed(site / "01_toy.html")


# --- pages and links


def test_pages_follow_one_another(site, first):
    second, deeper = parsed(site / "02_other.html"), parsed(site / "deeper" / "01_half.html")
    assert first.select_one("a.right-next")["href"] == "02_other.html"
    assert second.select_one("a.left-prev")["href"] == "01_toy.html"
    assert second.select_one("a.right-next")["href"] == "deeper/01_half.html"
    assert deeper.select_one("a.left-prev")["href"] == "../02_other.html"


def test_the_sidebar_has_the_parts_that_have_pages(first):
    captions = [caption.get_text() for caption in first.select("#pst-primary-sidebar p.caption")]
    assert captions == ["I · What it is", "Deeper", "Reference"]
    entries = [link.get_text() for link in first.select("#pst-primary-sidebar li a")]
    assert entries == ["01 · A toy", "02 · Another toy", "01 · Is half of a loss a loss?",
                       "Glossary"]  # fmt: skip


def test_every_notebook_of_the_course_has_its_part():
    parts = source.LESSON_PARTS | source.OTHER_PARTS
    for folder in (ROOT / "notebooks", ROOT / "docs"):
        listed = [path for patterns in parts.values() for pattern in patterns
                  for path in folder.glob(pattern)]  # fmt: skip
        files = {path for path in [*folder.glob("**/*.ipynb"), *folder.glob("**/*.md")]
                 if path.name != "index.md"}  # fmt: skip
        assert set(listed) == files and len(listed) == len(files)


def test_contents_have_sections_and_subsections_and_each_has_its_link(first):
    contents = [link["href"] for link in first.select("#pst-page-toc-nav a")]
    headings = first.select("article h2, article h3")
    assert {heading.name for heading in headings} == {"h2", "h3"}
    assert [heading.select_one("a.headerlink")["href"] for heading in headings] == contents
    ids = [tag["id"] for tag in first.select("[id]")]
    assert len(ids) == len(set(ids)) and {f"#{name}" for name in ids} >= set(contents)


def test_there_is_one_title(first):
    assert [title.get_text().strip("#") for title in first.find_all("h1")] == ["01 · A toy"]
    assert "Part B" in [heading.get_text().strip("#") for heading in first.find_all("h2")]
    assert "# not a heading" in first.get_text()


def test_links_lead_to_pages(site, first):
    assert first.find("a", string="the other")["href"] == "02_other.html#summary"
    assert first.find("a", string="half")["href"] == "deeper/01_half.html"
    assert first.find("a", string="the loss")["href"] == "glossary.html#loss"
    glossary = parsed(site / "glossary.html")
    assert glossary.find("a", string="the toy")["href"] == "01_toy.html#summary"


@pytest.mark.parametrize(
    ("written", "link"),
    [("../docs/glossary.md#adam", "glossary.md#adam"), ("../../docs/glossary.md", "../glossary.md"),
     ("../notebooks/01_toy.ipynb", "01_toy.ipynb"), ("../02_other.ipynb", "../02_other.ipynb"),
     ("../../notebooks/01_toy.ipynb", "../01_toy.ipynb"), ("deeper/a.ipynb", "deeper/a.ipynb")],
)  # fmt: skip
def test_links_between_folders_are_links_in_one(written, link):
    assert source._with_site_links(f"[a]({written}), [b]({written})") == f"[a]({link}), [b]({link})"


def test_internal_links_are_whole(site):
    pages = {path: parsed(path) for path in site.rglob("*.html")}
    for path, soup in pages.items():
        for link in soup.select("article a[href]"):
            file, _, anchor = link["href"].partition("#")
            if not file.startswith("http"):
                target = (path.parent / file).resolve() if file else path
                assert target.exists(), link
                assert not anchor or pages[target].find(id=anchor), link


def test_pages_load_nothing_from_elsewhere(site):
    for path in [*site.glob("*.html"), *site.glob("deeper/*.html")]:
        soup = parsed(path)
        loaded = [tag.get("src") or tag.get("href") or "" for tag in soup.select(
            "script[src], img, link[rel=stylesheet], link[rel=icon], iframe, source, object, embed"
        )]  # fmt: skip
        assert loaded
        for address in loaded:
            assert (path.parent / address.partition("?")[0]).exists(), address
    for style in site.rglob("*.css"):
        assert not re.search(r"(@import |url\()['\"]?(https?:)?//", style.read_text("utf-8"))


def test_notebooks_can_be_opened_and_had(site, first):
    for path, notebook in (("01_toy", first), ("deeper/01_half", None)):
        links = (notebook or parsed(site / f"{path}.html")).select("p.open-links a")
        colab, binder, code, download = (link["href"] for link in links)
        place = f"aecourse/blob/main/notebooks/{path}.ipynb"
        assert colab.startswith("https://colab.research.google.com/") and colab.endswith(place)
        assert binder.endswith(f"urlpath=lab/tree/notebooks/{path}.ipynb")
        assert code.startswith("https://github.com/") and code.endswith(place)
        assert lessons.read((site / path).parent / download).cells
    assert not parsed(site / "index.html").select("p.open-links")


def test_the_address_stands_in_pyproject_only():
    address = "https://github.com/some-one/auto"
    links = hooks.links_to_open(address, "01_toy.ipynb")
    assert all("some-one/auto" in link for name, link in links.items() if "Download" not in name)
    assert list(hooks.links_to_open(address, "glossary.md")) == ["Source"]
    assert hooks.links_to_open("", "01_toy.ipynb") == {}


def test_what_stood_for_the_links_in_the_notebook_is_gone(first):
    article = str(first.select_one("article"))
    assert "example.org/binder" not in article and "badge" not in article


def test_pages_are_described_and_have_an_icon(site, first):
    (description,) = first.find_all("meta", attrs={"name": "description"})
    assert description["content"] == lessons.promise(toy_lesson())
    glossary = parsed(site / "glossary.html").find("meta", attrs={"name": "description"})
    assert glossary["content"] == "See the toy."
    assert first.find("link", rel="icon")["href"].endswith("icon.svg")


# --- formulas


def test_formulas_are_mathml(first):
    assert len(first.find_all("math")) >= 8
    text = first.find("article").get_text()
    assert "\\frac" not in text and "\\begin" not in text and "$5" in text


@pytest.mark.parametrize("tex", [r"\tanh'(z)", r"x_j\log \hat x_j", r"\log_2 x", r"a^{\max}"])
def test_scripts_keep_their_number_of_parts(tex):
    soup = BeautifulSoup(mathml(tex), "html.parser")
    for tag in soup.find_all(["msup", "msub", "mover"]):
        assert len(tag.find_all(recursive=False)) == 2


@pytest.mark.parametrize("tex", [r"\mathbb E", r"\mathbb{E}", r"\mathrm{Var}(x)", r"2 \mathrm{d}x"])
def test_letters_keep_their_kind(tex):
    markup = mathml(tex)
    assert "&#x1D53C;" in markup or re.search(r"<mtext>(Var|d)</mtext>", markup)


@pytest.mark.parametrize("tex", [r"\log 2\pi", r"\log x", r"\tfrac12 \log x", r"a \log b"])
def test_functions_stand_apart_from_their_argument(tex):
    soup = BeautifulSoup(mathml(tex), "html.parser")
    assert soup.find("mi", string="log").find_next_sibling("mspace")


@pytest.mark.parametrize("tex", [r"\nosuchcommand{x}", r"a & b"])
def test_a_formula_that_cannot_be_drawn_is_named(tex):
    with pytest.raises(FormulaError, match="formula"):
        mathml(tex)


# --- folds, boxes, figures


def test_hints_solutions_and_claims_are_folded(first):
    titles = [summary.get_text().strip("#\n") for summary in first.select("details > summary")]
    assert titles == ["Solution", "Solution", "Deeper · Why is a loss not negative?", "Hint",
                      "Solution", "Hint", "Solution", "Discussion",
                      source.CLAIMS_TITLE]  # fmt: skip
    solution = first.find("summary", string="Solution").parent
    assert solution.select(".highlight") and "```" not in solution.get_text()
    claims = first.select_one("details.claims")
    assert "assert" in claims.get_text() and "Questions people ask" not in claims.get_text()


def test_what_is_deeper_is_folded_under_its_heading(first):
    fold = first.select_one("details.deeper")
    assert fold.select_one("summary > h3")
    assert "sum of squares" in fold.get_text() and "value_0" in fold.get_text()
    assert "More words" not in fold.get_text()


def test_boxes_have_their_kind(first):
    assert "Predict" in first.select_one("blockquote.predict").get_text()
    assert set(first.select_one("blockquote.said")["class"]) == {"said", "measured"}


def test_figures_have_text_and_size(site, first):
    for folder, soup in (
        (site, first), (site / "deeper", parsed(site / "deeper" / "01_half.html"))
    ):  # fmt: skip
        pictures = soup.select("figure img")
        assert pictures
        for picture in pictures:
            assert picture["alt"] == ALT and picture["width"] == picture["height"] == "1"
            assert (folder / picture["src"]).exists()


def test_a_live_figure_has_its_picture_its_data_and_its_script(site, first):
    figure = first.select_one("figure.live")
    assert figure.img["alt"] == ALT
    assert json.loads(figure.script.get_text()) == LIVE
    assert (site / "_static" / "plotly.min.js").stat().st_size > 1_000_000
    scripts = {path.name for path in site.rglob("*.html") if "plotly.min.js" in path.read_text()}
    assert scripts == {"01_toy.html"}


def test_code_that_is_coloured_reads_as_it_was(first):
    code = [block.get_text() for block in first.select("div.cell_input pre")]
    assert cell_with(toy_lesson(), "loss {loss").source + "\n" in code


# --- what is shown, and what fails


def test_rendering_again_is_quiet(course, site, monkeypatch, capsys):
    monkeypatch.chdir(course)
    assert runner.site(SimpleNamespace()) == 0
    assert capsys.readouterr() == (f"3 notebooks: open {site / 'index.html'}\n", "")


def test_the_front_page_shows_promises_and_seconds(course, tmp_path):
    root = tmp_path / "copy"
    shutil.copytree(course, root, ignore=shutil.ignore_patterns("build"))
    runs = [{"lesson": "01_toy", "seconds": 41.6}, {"lesson": "01/half", "seconds": 7}]
    (root / "docs" / "run_times.json").write_text(json.dumps(runs))
    pages = source.find_pages(root / "notebooks", root / "nowhere", root / "docs")
    assert [page.seconds for page in pages] == [41.6, None, 7]
    source.write(pages, root / "docs", root / "source", root / "site")
    text = (root / "source" / "index.md").read_text(encoding="utf-8")
    assert "This lesson promises" in text and "- 42 s" in text and "- –" in text


def test_a_notebook_is_shown_as_executed_unless_the_saved_one_has_changed(tmp_path):
    saved, executed = tmp_path / "notebooks", tmp_path / "executed"
    new = copied(toy_lesson())
    cell_with(new, "loss {loss").outputs[0].text = "loss 0.5555\n"
    save(toy_lesson(), saved)
    save(new, executed)

    def shown() -> str:
        (page,) = source.find_pages(saved, executed, tmp_path)
        return cell_with(page.notebook, "loss {loss").outputs[0].text

    assert shown() == "loss 0.5555\n"
    changed = copied(toy_lesson())
    changed.cells[0].source += " Another word."
    save(changed, saved)
    assert shown() == "loss 0.1234\n"


@pytest.mark.parametrize(
    ("mistake", "said"),
    [(r"$\nosuchcommand{x}$", "formula"), ("[a](02_other.ipynb#nowhere)", "nowhere")],
)
def test_a_warning_fails_and_names_the_page(tmp_path, monkeypatch, capsys, mistake, said):
    root = small_course(tmp_path)
    notebook = lessons.read(root / "notebooks" / "01_toy.ipynb")
    notebook.cells[1].source += f"\n\n{mistake}"
    save(notebook, root / "notebooks")
    monkeypatch.chdir(root)
    assert runner.site(SimpleNamespace()) == 1
    message = capsys.readouterr().err
    assert "01_toy.ipynb" in message and said in message


def test_a_folder_without_lessons_or_configuration_is_named(tmp_path, monkeypatch, capsys):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)
    assert runner.site(SimpleNamespace()) == 1
    assert "No conf.py" in capsys.readouterr().err
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "conf.py").touch()
    assert runner.site(SimpleNamespace()) == 1
    assert "No lesson" in capsys.readouterr().err


def test_without_sphinx_the_way_out_is_told(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "aecourse.course.site", None)
    monkeypatch.delattr(aecourse.course, "site")
    assert runner.site(SimpleNamespace()) == 1
    assert ".[site]" in capsys.readouterr().err
