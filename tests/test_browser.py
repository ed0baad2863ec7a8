"""The site in a real browser: what a reader's Chromium loads, shows and announces.

Needs Chromium (Debian's package will do; CHROMIUM names another) and the packages of `test`.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from helpers import NOTEBOOKS, ROOT

from aecourse.course import site as course_site

sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
axe = pytest.importorskip("axe_playwright_python.base", reason="browser tests need axe")

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="browser tests need Chromium")

ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--no-first-run"]  # fmt: skip
LESSONS = [path.stem for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))]
DEEPER = [f"deeper/{path.stem}" for path in sorted(NOTEBOOKS.glob("deeper/*.ipynb"))]
TEXTS = [path.relative_to(ROOT / "docs").with_suffix("").as_posix()
         for path in sorted((ROOT / "docs").rglob("*.md"))]  # fmt: skip
PAGES = [*LESSONS, *DEEPER, *TEXTS, "search"]
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1440, "height": 900}
LAPTOP = {"width": 1280, "height": 800}
UNFOLD = "document.querySelectorAll('details').forEach(fold => fold.open = true)"
MEGABYTE = 1_000_000

# Code and formulas are thousands of equal parts: axe judges the first of each colour and place.
ONE_OF_EACH = """
const seen = new Set();
for (const part of document.querySelectorAll(".highlight span[class], math *")) {
  if (part.children.length) continue;
  const { color, fontSize } = getComputedStyle(part);
  const place = part.closest("details, blockquote, table, div.cell_input, div.cell_output, h2, h3");
  const kind = [part.className, color, fontSize, place?.tagName, place?.className].join();
  if (seen.has(kind)) part.replaceWith(part.textContent);
  seen.add(kind);
}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The real course, from the saved notebooks."""
    folder = tmp_path_factory.mktemp("website")
    assert course_site.build(ROOT, folder / "not executed", folder / "site") == 0
    return folder / "site"


@pytest.fixture(scope="module")
def server(site) -> Iterator[str]:
    """Address of a plain file server."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


@pytest.fixture(scope="module")
def chromium() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Open an address in an empty profile; the page notes what it asks for and complains of."""
    contexts = []

    def opened(address: str, **settings) -> sync_api.Page:
        contexts.append(chromium.new_context(**{"viewport": DESK, **settings}))
        page = contexts[-1].new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("requestfailed", lambda request: page.complaints.append(request.url))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda line: page.complaints.append(line.text)
                if line.type == "error" else None)  # fmt: skip
        page.goto(address, wait_until="load")
        return page

    yield opened
    for context in contexts:
        context.close()


def files(site: Path, addresses: list[str], base: str) -> set[Path]:
    """The files behind addresses below ``base``."""
    paths = (unquote(urlsplit(address).path) for address in addresses
             if address.startswith(base))  # fmt: skip
    return {site / path.removeprefix(str(site)).lstrip("/") for path in paths}


# --- loading


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("from_files", [False, True], ids=["server", "files"])
def test_page_loads_alone_is_light_and_fits_a_phone(site, server, open_page, name, from_files):
    base = f"file://{site}" if from_files else server
    page = open_page(f"{base}/{name}.html", viewport=PHONE)
    page.evaluate(UNFOLD)
    assert page.complaints == []
    assert [a for a in page.asked if not a.startswith((base, "data:", "blob:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.locator("h1").count() == 1
    live = page.locator("figure.live").count() > 0
    assert any("plotly" in address for address in page.asked) == live
    shown = "img:not(figure.live img)"  # the picture of a live figure is never asked for
    pictures = page.eval_on_selector_all(shown, "images => images.map(image => image.src)")
    weight = sum(path.stat().st_size for path in files(site, page.asked + pictures, base))
    assert weight < (6 if live else 1.5) * MEGABYTE, f"{weight:,} bytes"


@pytest.mark.parametrize("name", [*LESSONS, *DEEPER])
def test_code_fits_between_the_sidebars(server, open_page, name):
    """Lines of 88 characters, on a small laptop: nobody should have to scroll to read them."""
    page = open_page(f"{server}/{name}.html", viewport=LAPTOP)
    wider = "blocks => blocks.filter(b => b.scrollWidth > b.clientWidth).map(b => b.innerText)"
    cut = page.eval_on_selector_all("div.cell_input pre", wider)
    assert cut == []
    assert page.locator(".bd-sidebar-primary, .bd-sidebar-secondary").count() == 2


# --- reading


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(server, open_page, name):
    page = open_page(f"{server}/{name}.html", color_scheme="light")
    page.add_style_tag(content="* { transition: none !important; }")  # no colour on its way
    page.evaluate(UNFOLD)
    page.evaluate(ONE_OF_EACH)
    page.evaluate(axe.AXE_SCRIPT)
    problems = []
    for scheme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_selector(f"html[data-theme={scheme}]")
        found = page.evaluate("rules => axe.run({exclude: ['.js-plotly-plot']}, rules)", rules)
        problems += [f"{scheme}, {rule['id']}: {node['html'][:200]}\n{node['failureSummary']}"
                     for rule in found["violations"] for node in rule["nodes"][:3]]  # fmt: skip
    assert not problems, "\n\n".join(problems[:10])


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_there_is_one_way_to_search(server, open_page, viewport):
    page = open_page(f"{server}/{LESSONS[0]}.html", viewport=viewport)
    ways = page.get_by_role("button", name="Search").or_(page.get_by_role("searchbox"))
    assert ways.count() == 1
    ways.click()
    page.get_by_role("searchbox").fill("reparameterisation")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url("**/search.html?q=reparameterisation")


@pytest.mark.parametrize("from_files", [False, True], ids=["server", "files"])
def test_search_finds_reparameterisation(site, server, open_page, from_files):
    base = f"file://{site}" if from_files else server
    page = open_page(f"{base}/search.html?q=reparameterisation")
    hit = page.locator("#search-results a[href*='08_variational']").first
    hit.wait_for()
    assert page.get_by_role("searchbox").count() == 1
    hit.click()
    assert "08_variational.html" in page.url
    assert page.complaints == []


def test_plotly_figures_are_live(site, server, open_page):
    live = 0
    for name in LESSONS + DEEPER:
        if "figure live" not in (site / f"{name}.html").read_text(encoding="utf-8"):
            continue
        page = open_page(f"{server}/{name}.html")
        for figure in page.locator("figure.live").all():
            figure.locator(".main-svg").first.wait_for()
            assert figure.locator("img").is_hidden()
            live += 1
    assert live >= 3


def test_without_scripts_figures_are_pictures_with_alternatives(server, open_page):
    page = open_page(f"{server}/10_latent_spaces.html", java_script_enabled=False)
    for figure in page.locator("figure.figure img").all():
        assert figure.is_visible() and len(figure.get_attribute("alt")) > 20


def test_the_theme_can_be_chosen(server, open_page):
    page = open_page(f"{server}/index.html", color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(background)
    page.get_by_role("button", name="Color mode").click()
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(background) != before


def test_code_can_be_copied(server, open_page):
    page = open_page(f"{server}/{LESSONS[0]}.html")
    buttons = page.locator("div.cell_input .copybtn")
    assert buttons.count() == page.locator("div.cell_input pre").count() > 10
