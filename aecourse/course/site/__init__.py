"""The course as a website: Sphinx, MyST-NB and sphinx-book-theme, without a network.

``source`` turns notebooks into what Sphinx reads, ``formulas`` TeX into MathML, and ``hooks`` is
the Sphinx extension that ``docs/conf.py`` names. Only :func:`build` is called from outside.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.docutils import docutils_namespace, patch_docutils

from aecourse.course import lessons
from aecourse.course.lessons import LessonError
from aecourse.course.site import source


def build(root: Path, executed: Path, target: Path) -> int:
    """Render the course in ``root`` to ``target``; gives the exit code, 1 after any warning.

    A notebook is shown as executed in ``executed``, or else as it is saved. What Sphinx reads is
    written to ``site-source`` beside it.
    """
    docs, folder = root / "docs", target.with_name("site-source")
    if not (docs / "conf.py").exists():
        raise LessonError(f"No conf.py in {docs}: the site is built in a clone of the course.")
    pages = source.find_pages(root / "notebooks", executed, docs)
    for old in (folder, target / "_static", target / "figures"):
        shutil.rmtree(old, ignore_errors=True)
    source.write(pages, docs, folder, target)
    if any(page.is_live for page in pages):
        _copy_plotly(target)
    failed = _run_sphinx(docs, folder, target)
    if not failed:
        print(f"{len(pages)} notebooks: open {target / 'index.html'}")
    return failed


def _run_sphinx(docs: Path, folder: Path, target: Path) -> int:
    """Every warning is shown, and one is enough to fail."""
    try:
        with patch_docutils(docs), docutils_namespace():
            app = Sphinx(
                srcdir=folder, confdir=docs, outdir=target, doctreedir=folder / ".doctrees",
                buildername="html", status=None, warning=sys.stderr, freshenv=True,
                warningiserror=True,
            )  # fmt: skip
            app.build()
    except SphinxError as problem:
        raise LessonError(f"Sphinx cannot build the site: {problem}") from problem
    return app.statuscode


def _copy_plotly(target: Path) -> None:
    """plotly's own script, from the installed package: figures stay live without a network."""
    import plotly

    script = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    lessons.write_bytes(target / "_static" / "plotly.min.js", script.read_bytes())
