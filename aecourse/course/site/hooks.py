"""The Sphinx extension of the course: formulas, folds, boxes, and links to open a notebook."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path, PurePosixPath

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from aecourse.course.site.formulas import FormulaError, mathml

logger = logging.getLogger(__name__)

DEEPER = "Deeper · "
BOXES = {"Predict, then run.": "predict", "Often said.": "said", "Measured here.": "measured"}
GITHUB = "https://github.com/"


def setup(app: Sphinx) -> dict:
    app.add_config_value("course_repository", "", "html", str)  # its address, as a URL
    app.add_html_math_renderer(
        "mathml", inline_renderers=(_inline_formula, None), block_renderers=(_block_formula, None)
    )
    app.add_post_transform(CourseMarks)
    app.connect("html-page-context", _describe_page)
    app.connect("html-page-context", _finish_page)
    app.connect("build-finished", _lighten_theme)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


# --- formulas --------------------------------------------------------------------------------


def _inline_formula(writer, node: nodes.math) -> None:
    writer.body.append(_formula(node, display=False))
    raise nodes.SkipNode


def _block_formula(writer, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="formula">{_formula(node, display=True)}</div>\n')
    raise nodes.SkipNode


def _formula(node: nodes.Element, display: bool) -> str:
    try:
        return mathml(node.astext(), display)
    except FormulaError as problem:  # Sphinx says where it stands
        logger.warning(str(problem), location=node)
        return f"<code>{escape(node.astext())}</code>"


# --- what Markdown cannot say ----------------------------------------------------------------


class CourseMarks(SphinxPostTransform):
    """Folds what is deeper, tells the kinds of boxes apart, and adds links below the title."""

    default_priority = 800
    formats = ("html",)

    def run(self, **options) -> None:
        for quotation in self.document.findall(nodes.block_quote):
            bold = {strong.astext() for strong in quotation.findall(nodes.strong)}
            quotation["classes"] += [kind for words, kind in BOXES.items() if words in bold]
        for section in self.document.findall(nodes.section):
            if section[0].astext().startswith(DEEPER):
                _fold(section)
        title = next(self.document.findall(nodes.title), None)
        file = str(self.env.doc2path(self.env.docname, base=False))
        links = links_to_open(self.config.course_repository, file)
        if title is not None and links and self.env.docname != self.config.root_doc:
            title.parent.insert(title.parent.index(title) + 1, _html(_as_line(links)))


def _fold(section: nodes.section) -> None:
    """Fold a section under its own heading."""
    section.insert(1, _html("</summary>"))
    section.insert(0, _html('<details class="deeper"><summary>'))
    section.append(_html("</details>"))


def _html(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def links_to_open(repository: str, file: str) -> dict[str, str]:
    """Where a page can be opened or had, by what it is called; ``file`` as in the source folder."""
    if not repository.startswith(GITHUB):
        return {}
    name, path = repository.removeprefix(GITHUB).rstrip("/"), PurePosixPath(file)
    if path.suffix != ".ipynb":
        return {"Source": f"{repository}/blob/main/docs/{path}"}
    path = f"notebooks/{path}"
    return {
        "Open in Colab": f"https://colab.research.google.com/github/{name}/blob/main/{path}",
        "Open on Binder": f"https://mybinder.org/v2/gh/{name}/HEAD?urlpath=lab/tree/{path}",
        "Source": f"{repository}/blob/main/{path}",
        "Download .ipynb": PurePosixPath(file).name,
    }


def _as_line(links: dict[str, str]) -> str:
    shown = (f'<a href="{escape(address)}"{" download" * words.startswith("Download")}>{words}</a>'
             for words, address in links.items())  # fmt: skip
    return f'<p class="open-links">{" ".join(shown)}</p>'


def _describe_page(app: Sphinx, page, template, context: dict, doctree) -> None:
    """The first paragraph, a lesson's promise, is what search engines show of a page."""
    first = next(doctree.findall(nodes.paragraph), None) if doctree else None
    if first is not None:
        words = " ".join(first.astext().split())
        context["metatags"] += f'\n<meta name="description" content="{escape(words)}">'


# --- weight ----------------------------------------------------------------------------------

# Parts of the styles (Bootstrap, Font Awesome, colours of terminals) that no page uses.
UNUSED = (
    r"(?:div\.highlight )?\.(?:-Color|fa-(?!solid)|sd-|accordion|alert|badge|breadcrumb"
    r"|btn-(?:outline|group|check|close)|card|carousel|col-|form-|g[xy]?-|input-group|list-group"
    r"|modal|nav-(?:pills|tabs)|offcanvas|offset-|order-|page-(?:item|link)|pagination"
    r"|placeholder|popover|progress|row-cols|spinner|toast|vr|was-validated)[^{},]*"
)


def _finish_page(app: Sphinx, page, template, context: dict, doctree) -> None:
    """Load plotly where a figure needs it; leave out what says nothing."""
    body = context.get("body", "")
    body = re.sub(r'<span class="(?:n|p|w)">([^<]*)</span>', r"\1", body)  # code without colour
    body = re.sub(r'<th class="head"><p></p></th>', "<td></td>", body)  # heads of nothing
    body = re.sub(r' role="(?:doc-\w+|list)"', "", body)  # deprecated, or for other children
    context["body"] = body
    if 'class="figure live"' in body:
        app.add_js_file("plotly.min.js", loading_method="defer")
        app.add_js_file("figures.js", loading_method="defer")


def _lighten_theme(app: Sphinx, problem: Exception | None) -> None:
    rules = rf"(?<=[{{}}])\s*{UNUSED}(?:,\s*{UNUSED})*\{{[^{{}}]*\}}"
    static = Path(app.outdir) / "_static"
    for style in [*static.glob("mystnb*.css"), static / "styles" / "pydata-sphinx-theme.css"]:
        if problem is None:
            text = style.read_text(encoding="utf-8")
            style.write_text(re.sub(rules, "", text), encoding="utf-8", newline="\n")
