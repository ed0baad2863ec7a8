"""A small lesson and a deeper notebook that obey every rule, for the tests of the machinery.

They train nothing and need neither torch nor data, so their kernels start in a second.
"""

import copy
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from aecourse.course import lessons, times

ALT = "A line that rises from left to right, with one marker at each end."
DOT = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJg"
       "gg==")  # a picture of one pixel
SETUP = """import sys
if "google.colab" in sys.modules:
    %pip install -q git+{address}
import base64
import matplotlib.pyplot as plt
from IPython.display import display
import io
def check(name, answer):
    right = answer(2) == 4
    print(name, "is right" if right else "is not attempted yet")
def predict(name, choice):
    print(name, "is not attempted yet")
def reveal(name):
    print("The answer is a) below one")
def quiz(number, *answers):
    print(f"Quiz {number}: not attempted yet.")"""
FIGURE = f"""def diagram():
    return plt.subplots(figsize=(2, 1))
figure, axis = diagram()
axis.plot([0, 1], [0, 1], marker="o")
plt.close(figure)
buffer = io.BytesIO()
figure.savefig(buffer, format="png")
alt = "{ALT}"
png = base64.b64encode(buffer.getvalue()).decode()
display({{"image/png": png, "text/plain": alt}},
        metadata={{"image/png": {{"alt": alt}}}}, raw=True)"""
SLOW = """import time
start = time.perf_counter()
print(f"took {time.perf_counter() - start:.9f} s")"""
CLAIMS = """# The claims of this lesson, asserted: open to read them
assert loss < 1, "the loss is below one"
assert loss > 0.1, "the loss is above a tenth"
assert images == 50_000, "all images were used"
assert units > 3, "some units are dead"
assert units < 99, "not all units are dead\""""
QUESTION = """
[[{kind}]]
{name}
text = "Which is it?"
claim = "{claim}"
choices = [
    {{letter = "a", text = "below one", reason = "It was measured.", right = true}},
    {{letter = "b", text = "above one", reason = "It is less."}},
]
"""
CLAIMED = ("the loss is below one", "the loss is above a tenth", "all images were used",
           "some units are dead", "not all units are dead")  # fmt: skip
QUIZ = QUESTION.format(kind="prediction", name='name = "size of the loss"', claim=CLAIMED[0])
QUIZ += "".join(QUESTION.format(kind="question", name="", claim=claim) for claim in CLAIMED)
FILL_IN = """def {name}(x):
    y = ...  # twice x
    return y"""
EXERCISE = """def {name}(x):
    \"\"\"Twice x.\"\"\"
    return ..."""
SOLUTION = """<details><summary>Solution</summary>

```python
def {name}(x):
    return 2 * x
```

Addition is enough.

</details>"""
MATHS = r"""## 1 What is a loss?

The code is $z = f(x) \in \mathbb{R}^d$ and the loss

$$\begin{aligned} L &= \frac{1}{N}\sum_{i=1}^{N} \lVert x_i - \hat x_i\rVert_2^2 \\
&\ge 0, \qquad W^\top W = \begin{pmatrix} 1 & 0 \\ 0 & 1\end{pmatrix}\end{aligned}$$"""
BOX = """The loss says how far the reconstruction is from what was put in.

> **Predict, then run.** How large is it? Choose before you run the next cell but one."""
MEASURED = """> **Often said.** "It is zero." **Measured here.** It is 0.1234."""


def toy_lesson(address: str = "https://example.org/course") -> nbformat.NotebookNode:
    """The lesson as saved, with the outputs that running it gives."""
    filler = "These words stand for a careful explanation of an idea. " * 20
    cells = [
        _text("# 01 · A toy\n\nThis lesson promises that everything which the machinery needs "
              "of a lesson stands in it, once, and that it runs within a very short time."),
        _text("**You will be able to**\n\n- read it\n- run it\n- break it\n\n"
              "**Time**: not measured · **Builds on**: nothing"),
        _code(SETUP.replace("{address}", address), "setup"),
        _text(MATHS, "slide"),
        _code('loss, images, units = 0.1234, 50_000, 8\nprint(f"loss {loss:.4f}")',
              out="loss 0.1234\n"),
        _code('print(f"{images:,} images, {units} dead units, {0.25:.1%}")',
              out="50,000 images, 8 dead units, 25.0%\n"),
        _text("This picture shows what goes where."),
        _code(FIGURE, display=ALT),
        _text(BOX),
        _code('predict("size of the loss", ...)', "predict",
              out="size of the loss is not attempted yet\n"),
        _code(SLOW, "nbval-ignore-output", out="took 0.000001 s\n"),
        _code('reveal("size of the loss")', "reveal", out="The answer is a) below one\n"),
        _text(MEASURED),
        *_fill_in("first"),
        _text("Between the two stand a few words."),
        *_fill_in("second"),
        _text("### Deeper · Why is a loss not negative?\n\nIt is a sum of squares.", "deeper"),
        _code("value_0 = 0", "deeper"),
        _text("## 2 More words\n\n" + filler),
        _code("value_1 = 1"),
        _code("value_2 = 2"),
        _text("And more."),
        _code("value_3 = 3"),
        _text("## Exercises"),
        *_exercise(1, "double"),
        *_exercise(2, "twice"),
        _text("### Open task · A loss of your own\n\nInvent one.", "open-task"),
        _text("<details><summary>Discussion</summary>\n\nThere are many.\n\n</details>",
              "discussion"),
        _text("## Quiz"),
        _code('quiz("01", ..., ..., ..., ..., ...)', "quiz", out="Quiz 01: not attempted yet.\n"),
        _text("## Summary\n\n| what | how |\n|---|---|\n| loss | small |"),
        _code(CLAIMS, "claims"),
        _text("## Questions people ask\n\nWhy? Because."),
        _text("## Further reading\n\nA [paper](https://example.org/1312.6114)."),
    ]  # fmt: skip
    return _saved(cells)


def toy_deeper(address: str = "https://example.org/course") -> nbformat.NotebookNode:
    """A deeper notebook as saved: a question, its answer, evidence, claims."""
    cells = [
        _text("# Deeper 01 · Is half of a loss a loss?\n\nYes: half of a loss falls where the loss "
              "falls, so whatever makes one of them least makes the other least too.\n\n"
              "**Time**: not measured"),
        _code(SETUP.replace("{address}", address), "setup"),
        _text("## Evidence\n\nWe halve it, and draw both."),
        _code('loss = 0.1234\nhalf = loss / 2\nprint(f"half {half:.4f}")', out="half 0.0617\n"),
        _code(FIGURE, display=ALT),
        _text("Half of it is smaller: 0.0617."),
        _code("# The claims of this notebook, asserted: open to read them\n"
              'assert 0 < half < loss, "half a loss is smaller"', "claims"),
    ]  # fmt: skip
    return _saved(cells)


def _fill_in(name: str) -> list[nbformat.NotebookNode]:
    return [
        _code(FILL_IN.format(name=name), "fill-in"),
        _code(f'check("{name}", {name})', "check", out=f"{name} is not attempted yet\n"),
        _text(SOLUTION.format(name=name), "solution"),
    ]


def _exercise(number: int, name: str) -> list[nbformat.NotebookNode]:
    return [
        _text(f"### Exercise 1.{number} · {name}\n\n*About 10 minutes · difficulty ★★☆*\n\n"
              "Return twice the number."),
        _code(EXERCISE.format(name=name), "exercise"),
        _code(f'check("{name}", {name})', "check", out=f"{name} is not attempted yet\n"),
        _text("<details><summary>Hint</summary>\n\nAdd.\n\n</details>", "hint"),
        _text(SOLUTION.format(name=name), "solution"),
    ]  # fmt: skip


def save(notebook: nbformat.NotebookNode, folder: Path, name: str = "01_toy.ipynb") -> Path:
    path = Path(folder) / name
    lessons.write(path, notebook)
    return path


def cell_with(notebook: nbformat.NotebookNode, text: str) -> nbformat.NotebookNode:
    """The first cell whose source contains ``text``."""
    return next(cell for cell in notebook.cells if text in cell.source)


def copied(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    return copy.deepcopy(notebook)


def _saved(cells: list) -> nbformat.NotebookNode:
    notebook = new_notebook(cells=cells)
    for i, cell in enumerate(notebook.cells):
        cell.id = f"cell-{i}"
    times.set_line(notebook, run=None)
    return lessons.normalised(notebook)


def _text(source: str, *tags: str) -> nbformat.NotebookNode:
    return new_markdown_cell(source, metadata={"tags": list(tags)} if tags else {})


def _code(source, *tags, out="", display="") -> nbformat.NotebookNode:
    outputs = []
    if out:
        outputs.append({"output_type": "stream", "name": "stdout", "text": out})
    if display:
        outputs.append({"output_type": "display_data",
                        "data": {"image/png": DOT, "text/plain": display},
                        "metadata": {"image/png": {"alt": display}}})  # fmt: skip
    metadata = {"tags": list(tags)} if tags else {}
    return new_code_cell(
        source, metadata=metadata, outputs=[nbformat.from_dict(o) for o in outputs]
    )
