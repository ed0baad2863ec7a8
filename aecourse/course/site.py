"""Render executed lessons as pages that need no network.

Formulas become MathML, which browsers draw themselves; plotly's script is copied beside the
pages; everything else is in the pages.
"""

from __future__ import annotations

import html
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bs4 import BeautifulSoup
from latex2mathml.converter import convert as latex_to_mathml
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

from aecourse.course import lessons
from aecourse.course.lessons import LessonError

COURSE = "Autoencoders from first principles"
SUBTITLE = "A course you run, measure and break."
TEMPLATES = Path(__file__).with_name("templates")
PLOTLY = "application/vnd.plotly.v1+json"
CLAIMS_TITLE = "The claims of this lesson, asserted"


@dataclass
class Page:
    """One lesson on the site: where it is, what it says first, and how long it ran."""

    name: str
    title: str
    promise: str
    notebook: NotebookNode
    seconds: float | None = None
    megabytes: float | None = None

    @property
    def file(self) -> str:
        return quote(f"{self.name}.html")


# --- formulas --------------------------------------------------------------------------------


_THIN = '<mspace width="0.167em" />'


def mathml(tex: str, display: bool = False) -> str:
    """MathML of a TeX formula; LessonError names a formula that cannot be converted."""
    try:
        markup = latex_to_mathml(_simplified(tex), display="block" if display else "inline")
    except Exception as problem:  # latex2mathml raises many kinds, often without a message
        raise LessonError(f"Cannot convert the formula {tex!r}: {problem!r}") from problem
    if "\\" in re.sub(r"<[^>]*>", "", markup) or "<mi>&</mi>" in markup:
        raise LessonError(f"The formula {tex!r} uses a command that MathML conversion lacks.")
    # Bars without \left and \right keep the height of the line.
    markup = re.sub(r"<mo>(&#x02016;|&#x0007C;)</mo>", r'<mo stretchy="false">\1</mo>', markup)
    markup = re.sub(r"<mi>([a-z]{2,})</mi>", _function_name, markup)
    return markup.replace("<math ", f'<math alttext="{html.escape(tex.strip())}" ', 1)


def _simplified(tex: str) -> str:
    """TeX with what latex2mathml lacks written in what it has."""
    tex = re.sub(r"\\(begin|end)\{(?:aligned|split|align)\}", r"\\\1{align*}", tex)
    tex = re.sub(r"\\operatorname\*?\{([^{}]*)\}", _upright, tex)
    tex = re.sub(r"\\arg(?![A-Za-z])", r"\\text{arg}\\,", tex)
    return tex.strip()


def _function_name(match: re.Match) -> str:
    """A thin space between log, exp, tanh … and letters beside them, as TeX has it."""
    before, after = match.string[: match.start()], match.string[match.end() :]
    left = _THIN if re.search(r"</(mi|mn|msub|msup|msubsup|mover|mfrac)>$", before) else ""
    right = _THIN if re.match(r"<(mi>(?!&#x02032;)|msub|msup|mover|mfrac)", after) else ""
    return f"<mrow>{left}{match[0]}{right}</mrow>"


def _upright(match: re.Match) -> str:
    return r"\text{" + match[1].replace("\\,", "\u2009") + "}"


class _Renderer(IPythonRenderer):
    """nbconvert's Markdown, with MathML for formulas and pages for notebooks in links."""

    def inline_math(self, body: str) -> str:
        return mathml(body)

    def block_math(self, body: str) -> str:
        return f'<span class="formula">{mathml(body, display=True)}</span>'

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")

    def block_html(self, html: str) -> str:
        return html + "\n"  # nbconvert's would close <details> early when it embeds pictures

    def inline_html(self, html: str) -> str:
        return html

    def link(self, text: str, url: str, title: str | None = None) -> str:
        page = re.sub(r"^(\.{1,2}/|deeper/)?(\d\d_\w+)\.ipynb", r"\2.html", url)
        return super().link(text, page, title)


def markdown(source: str, folder: str = "", attachments: dict | None = None) -> str:
    """HTML of a Markdown text; pictures in ``folder`` are embedded."""
    renderer = _Renderer(
        escape=False, embed_images=True, path=folder, attachments=attachments or {},
        exclude_anchor_links=True,
    )  # fmt: skip
    return MarkdownWithMath(renderer=renderer).render(_details_with_blank_lines(source))


def _details_with_blank_lines(source: str) -> str:
    """Markdown inside <details> is rendered only when blank lines set it apart."""
    source = re.sub(r"(</summary>)[ \t]*\n(?!\n)", r"\1\n\n", source)
    return re.sub(r"(?<!\n)\n[ \t]*(</details>)", r"\n\n\1", source)


# --- pages -----------------------------------------------------------------------------------


class LessonExporter(HTMLExporter):
    """nbconvert's HTML exporter with the course's template and no address outside."""

    template_name = "course"

    def __init__(self, **settings):
        super().__init__(extra_template_basedirs=[str(TEMPLATES)], **settings)

    def default_filters(self):
        yield from super().default_filters()
        yield ("course_markdown", self._markdown)
        yield ("markdown_text", markdown)

    def _markdown(self, cell: NotebookNode) -> str:
        return markdown(cell.source, self.folder, cell.get("attachments"))

    folder = ""


def render_lesson(page: Page, pages: list[Page], folder: str | Path) -> str:
    """The page of one lesson, with links to its neighbours and its own contents."""
    exporter = LessonExporter()
    exporter.folder = str(folder)
    place = pages.index(page)
    resources = {
        "course": {
            "course": COURSE,
            "page": page,
            "previous": pages[place - 1] if place else None,
            "next": pages[place + 1] if place + 1 < len(pages) else None,
            "claims_title": CLAIMS_TITLE,
            "plotly": PLOTLY if has_plotly(page.notebook) else None,
        }
    }
    try:
        body, _ = exporter.from_notebook_node(page.notebook, resources=resources)
    except LessonError as problem:
        raise LessonError(f"{page.name}: {problem}") from problem
    return _with_contents(body)


def _with_contents(body: str) -> str:
    """Give the sections ids, list them, and let wide tables scroll on their own."""
    soup = BeautifulSoup(body, "html.parser")
    contents = soup.find("ol", class_="contents")
    taken: set[str] = set()
    for heading in soup.select("main h2"):
        slug = re.sub(r"\W+", "-", heading.get_text().lower()).strip("-") or "section"
        while slug in taken:
            slug += "-"
        taken.add(slug)
        heading["id"] = slug
        item, link = soup.new_tag("li"), soup.new_tag("a", href=f"#{slug}")
        link.string = heading.get_text()
        item.append(link)
        contents.append(item)
    for table in soup.find_all("table"):
        table.wrap(soup.new_tag("div", **{"class": "wide"}))
    return str(soup)


def has_plotly(notebook: NotebookNode) -> bool:
    return any(
        PLOTLY in output.get("data", {})
        for cell in lessons.code_cells(notebook)
        for output in cell.outputs
    )


def render_index(pages: list[Page]) -> str:
    """The front page: each lesson with its promise, seconds and memory."""
    environment = LessonExporter().environment
    return environment.get_template("front.html.j2").render(
        course=COURSE,
        subtitle=SUBTITLE,
        lessons=[(page, markdown(page.promise)) for page in pages],
    )


def stylesheet() -> str:
    """The course's style with pygments' colours for light and dark."""
    style = (TEMPLATES / "course" / "course.css").read_text(encoding="utf-8")
    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    return f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n{style}"


# --- the site --------------------------------------------------------------------------------


def build(executed: str | Path, target: str | Path) -> int:
    """Render the executed lessons in one folder to pages in another; gives the exit code."""
    executed, target = Path(executed), Path(target)
    pages = read_pages(executed)
    files = {f"{page.name}.html": render_lesson(page, pages, executed) for page in pages}
    files["index.html"] = render_index(pages)
    files["assets/course.css"] = stylesheet()
    for name, text in files.items():
        lessons.write_bytes(target / name, text.encode("utf-8"))
    if any(has_plotly(page.notebook) for page in pages):
        _copy_plotly(target / "assets")
    print(f"{len(pages)} lessons: open {target / 'index.html'}")
    return 0


def read_pages(executed: Path) -> list[Page]:
    """The executed lessons, with the figures of their run where there are any."""
    try:
        paths = lessons.find_lessons(executed)
    except LessonError as problem:
        raise LessonError(
            f"No executed lesson in {executed}. Execute them first: python -m aecourse run"
        ) from problem
    record = executed / "run.json"
    runs = json.loads(record.read_text(encoding="utf-8")) if record.exists() else []
    measured = {run["lesson"]: run for run in runs}
    pages = []
    for path in paths:
        notebook, run = lessons.read(path), measured.get(lessons.name(path), {})
        pages.append(
            Page(path.stem, lessons.title(notebook), lessons.promise(notebook), notebook,
                 run.get("seconds"), run.get("megabytes"))
        )  # fmt: skip
    return pages


def _copy_plotly(assets: Path) -> None:
    """plotly's own script, from the installed package: figures stay live without a network."""
    import plotly

    source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    if source.exists():  # else the pages keep their pictures
        shutil.copyfile(source, assets / "plotly.min.js")
