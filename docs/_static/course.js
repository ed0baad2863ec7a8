/* Opened as files, pages cannot load one another: the search then lists titles without excerpts. */
if (location.protocol === "file:") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}

/* What is wider than its place scrolls in a box of its own, which the keyboard can reach. */
const SCROLLING = {
  ".highlight pre": "Code",
  ".formula": "Formula",
  ".pst-scrollable-table-container": "Table",
  "math.wide": "Formula",
};

function markWideFormulas() {
  for (const formula of document.querySelectorAll(".bd-article math:not([display=block])")) {
    formula.classList.remove("wide");
    const line = formula.closest("p, li, td, th, summary, h1, h2, h3, h4");
    const wide = line && formula.getBoundingClientRect().width > line.clientWidth;
    formula.classList.toggle("wide", Boolean(wide));
  }
}

function markScrollingBoxes() {
  for (const [selector, name] of Object.entries(SCROLLING)) {
    for (const box of document.querySelectorAll(`.bd-article ${selector}`)) {
      if (box.scrollWidth > box.clientWidth) {
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", `${name}, scrolls sideways`);
      }
    }
  }
}

function fit() {
  markWideFormulas();
  markScrollingBoxes();
}

document.addEventListener("DOMContentLoaded", fit);
document.addEventListener("toggle", fit, true); /* an unfolded part */
addEventListener("resize", fit);
