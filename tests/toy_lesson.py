"""A small lesson that obeys every rule of notebooks, for the tests of the machinery.

It trains nothing and needs neither torch nor data, so its kernel starts in a second.
"""

import copy
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from aecourse.course import lessons

ALT = "A line that rises from left to right, with one marker at each end."
SETUP = """import sys
if "google.colab" in sys.modules:
    %pip install -q git+{address}
import base64
import matplotlib.pyplot as plt
from IPython.display import display
import io
def check(name, answer):
    right = answer(2) == 4
    print(name, "is right" if right else "is not attempted yet")"""
FIGURE = f"""figure, axis = plt.subplots(figsize=(2, 1))
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
&\ge 0, \qquad W^\top W = \begin{pmatrix} 1 & 0 \\ 0 & 1\end{pmatrix}\end{aligned}$$

> **Predict, then run.** How large is it? Write it down.

> **Often said.** "It is zero." **Measured here.** It is 0.1234."""


def toy_lesson(address: str = "https://example.org/course") -> nbformat.NotebookNode:
    """The lesson as saved, with the outputs that running it gives."""
    filler = "\n\n".join("These words stand for a careful explanation of an idea. " * 10
                         for _ in range(17))  # fmt: skip
    cells = [
        _text("# 01 · A toy\n\nThis lesson promises that everything which the machinery needs "
              "of a lesson stands in it, once, and that it runs within a very short time."),
        _text("**You will be able to**\n\n- read it\n- run it\n- break it\n\n"
              "**Time**: about 2 minutes to read, about 2 s to run · **Builds on**: nothing"),
        _code(SETUP.replace("{address}", address), "setup"),
        _text(MATHS),
        _code('loss, images, units = 0.1234, 50_000, 8\nprint(f"loss {loss:.4f}")',
              out="loss 0.1234\n"),
        _code('print(f"{images:,} images, {units} dead units, {0.25:.1%}")',
              out="50,000 images, 8 dead units, 25.0%\n"),
        _code(FIGURE, display=ALT),
        _code(SLOW, "nbval-ignore-output", out="took 0.000001 s\n"),
        *[_code(f"value_{i} = {i}") for i in range(6)],
        _text("## 2 More words\n\n" + filler + "\n\n## Exercises"),
    ]  # fmt: skip
    for name in ("double", "twice"):
        cells += [
            _text(f"### Exercise · {name}\n\nReturn twice the number."),
            _code(EXERCISE.format(name=name), "exercise"),
            _code(f'check("{name}", {name})', "check", out=f"{name} is not attempted yet\n"),
            _text("<details><summary>Hint</summary>\n\nAdd.\n\n</details>", "hint"),
            _text(SOLUTION.format(name=name), "solution"),
        ]
    cells += [_text("## Summary\n\n| what | how |\n|---|---|\n| loss | small |"),
              _code(CLAIMS, "claims", hidden=True),
              _text("## Questions people ask\n\nWhy? Because."),
              _text("## Further reading\n\nA [paper](https://example.org/1312.6114).")]  # fmt: skip
    return _with_ids(cells)


def toy_deeper() -> nbformat.NotebookNode:
    """A deeper notebook as saved: a question, its answer, evidence, claims."""
    cells = [
        _text("# Deeper 01 · Is half of a loss a loss?\n\nYes: half of a loss falls where the loss "
              "falls, so whatever makes one of them least makes the other least too.\n\n"
              "**Time**: read 1 min"),
        _code("loss = 0.1234", "setup"),
        _text("## Evidence\n\nWe halve it, and draw both."),
        _code('half = loss / 2\nprint(f"half {half:.4f}")', out="half 0.0617\n"),
        _text("Half of it is smaller."),
        _code('assert 0 < half < loss, "half a loss is smaller"', "claims"),
    ]
    return _with_ids(cells)


def save(notebook: nbformat.NotebookNode, folder: Path, name: str = "01_toy.ipynb") -> Path:
    path = Path(folder) / name
    lessons.write(path, notebook)
    return path


def cell_with(notebook: nbformat.NotebookNode, text: str) -> nbformat.NotebookNode:
    """The first cell whose source contains ``text``."""
    return next(cell for cell in notebook.cells if text in cell.source)


def copied(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    return copy.deepcopy(notebook)


def _with_ids(cells: list) -> nbformat.NotebookNode:
    notebook = new_notebook(cells=cells)
    for i, cell in enumerate(notebook.cells):
        cell.id = f"cell-{i}"
    return lessons.normalised(notebook)


def _text(source: str, *tags: str) -> nbformat.NotebookNode:
    return new_markdown_cell(source, metadata={"tags": list(tags)} if tags else {})


def _code(source, *tags, out="", display="", hidden=False) -> nbformat.NotebookNode:
    outputs = []
    if out:
        outputs.append({"output_type": "stream", "name": "stdout", "text": out})
    if display:
        outputs.append({"output_type": "display_data",
                        "data": {"image/png": "iVBORw0KGgo=", "text/plain": display},
                        "metadata": {"image/png": {"alt": display}}})  # fmt: skip
    metadata = {"tags": list(tags)} if tags else {}
    if hidden:
        metadata["jupyter"] = {"source_hidden": True}
    return new_code_cell(
        source, metadata=metadata, outputs=[nbformat.from_dict(o) for o in outputs]
    )
