"""How Sphinx renders the course. ``python -m aecourse site`` writes the sources and calls it."""

import tomllib
from pathlib import Path

here = Path(__file__).parent
with open(here.parent / "pyproject.toml", "rb") as file:
    metadata = tomllib.load(file)["project"]

project = "Autoencoders from first principles"
extensions = [
    "myst_nb",
    "sphinx_copybutton",
    "sphinxcontrib.bibtex",
    "aecourse.course.site.hooks",
]
course_repository = metadata["urls"]["Repository"]

# --- Markdown and notebooks. Outputs are those that were saved: Sphinx runs nothing.
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["amsmath", "deflist", "dollarmath"]
myst_heading_anchors = 4  # a term of the glossary is a heading of level 4
smartquotes = False
bibtex_bibfiles = [str(path) for path in here.glob("*.bib")]
bibtex_reference_style = "author_year"

# --- pages
html_theme = "sphinx_book_theme"
html_title = project
html_favicon = "_static/icon.svg"
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_js_files = ["course.js"]
templates_path = ["_templates"]
html_sidebars = {"**": ["brand.html", "search-button-field.html", "sbt-sidebar-nav.html"]}
html_math_renderer = "mathml"  # ours: MathJax would come from a network
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
html_context = {"default_mode": "auto"}
copybutton_selector = "div.cell_input pre, details div.highlight-python pre"
html_theme_options = {
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "navbar_persistent": [],  # else a second search field
    "search_bar_text": "Search the course",
    "shorten_urls": False,  # addresses as they are written
    "show_toc_level": 2,
    "max_navbar_depth": 1,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "footer_content_items": ["extra-footer.html"],
    "extra_footer": "<p>Code: MIT licence. Text and figures: CC BY 4.0.</p>",
}
