"""Write the table of lesson 13 into docs/measured.md, from the saved result.

    python tools/comparison.py

A test says when the two no longer agree.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev

from aecourse import evaluation, results
from aecourse.course import lessons

PAGE = Path(__file__).resolve().parent.parent / "docs" / "measured.md"


def share(value: float) -> str:
    return f"{100 * value:.1f}\u00a0%"


def decibels(mse: float) -> float:
    """The PSNR of an error, as a plain number."""
    return float(evaluation.psnr(mse))


# Heading → name in a row of the saved result, and how it is written.
COLUMNS: dict[str, tuple[str, Callable[[float], str]]] = {
    "squared error": ("mse", lambda v: f"{v:.4f}" if v else "–"),  # pixels are no copy
    "−ELBO": ("nats", lambda v: f"{v:.1f}"),
    "linear probe": ("probe", share),
    "10 neighbours": ("neighbours", share),
    "denoising": ("denoised", lambda v: f"{decibels(v):.1f}\u00a0dB"),
    "anomalies": ("auroc", lambda v: f"{v:.3f}"),
    "samples": ("mixture", lambda v: f"{v:.1f}"),
    "zeros": ("zeros", lambda v: f"{100 * v:.0f}\u00a0%"),
    "seconds": ("seconds", lambda v: f"{v:.1f}" if v < 10 else f"{v:.0f}"),
    "parameters": ("parameters", lambda v: f"{v / 1000:.0f},000"),
}

# Name in the saved result → how the row is called; in this order.
ROWS = {
    "pixels": "raw pixels (784 numbers)",
    "PCA": "PCA",
    "plain": "plain",
    "denoising": "denoising",
    "contractive": "contractive",
    "convolutional": "convolutional",
    "variational": "variational",
    "sparse": "*apart:* sparse",
}


def of_each_seed(rows: list[dict], name: str) -> list[float]:
    """One value for each seed; the AUROC is a mean over the ten digits."""
    values = [row[name] for row in rows if name in row]
    return [mean(value) if isinstance(value, list) else value for value in values]


def table(figures: dict) -> str:
    """The table in Markdown: means over the seeds."""
    lines = ["| | " + " | ".join(COLUMNS) + " |", "|---" + "|--:" * len(COLUMNS) + "|"]
    for name, shown in ROWS.items():
        found = (of_each_seed(figures["rows"][name], key) for key, _ in COLUMNS.values())
        cells = [
            write(mean(values)) if values else "–"
            for values, (_, write) in zip(found, COLUMNS.values(), strict=True)
        ]
        lines.append(f"| {shown} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def largest_spread(figures: dict, name: str, unit: Callable[[float], float] = float) -> float:
    """The largest standard deviation over the seeds in a column, in the unit that it has there."""
    columns = (of_each_seed(rows, name) for rows in figures["rows"].values())
    return max(stdev(map(unit, values)) for values in columns if len(values) > 1)


def explained(figures: dict) -> str:
    """What the columns mean: a list in Markdown, to be read before the table."""
    prior = mean(of_each_seed(figures["rows"]["variational"], "prior"))
    floor = figures["floor of the generation score"]
    return f"""Means over {figures["seeds"]} seeds, on the test images:

- **squared error**: per pixel.
- **−ELBO**: in nats per image, on binarised digits. Only the VAE has one.
- **linear probe** and **10 neighbours**: labels read off the code.
- **denoising**: PSNR of images cleaned of Gaussian noise (σ = {figures["sigma"]}), clipped.
- **anomalies**: AUROC of digits that were held out, mean over all ten. The nets are fitted again
  without the digit, on half of the images and for about 40 % of the epochs. For raw pixels it is
  the distance to the nearest of 10,000 training images.
- **samples**: Fréchet distance of samples whose codes come from a mixture of 20 Gaussians. Less is
  better: real digits have {floor:.1f}, the VAE from its prior {prior:.1f}.
- **zeros**: exact zeros in the code.
- **seconds**: of training, on one thread.
- **parameters**: numbers in the model, to the nearest thousand.

The code has {figures["code size"]} numbers. The sparse one has 256, of which 50 are not 0: not the
same budget, so it stands apart."""


def spreads(figures: dict) -> str:
    """How far the seeds lie apart: a paragraph of Markdown, below the table."""
    spread = {name: largest_spread(figures, name) for name in (
        "mse", "nats", "probe", "neighbours", "auroc", "mixture")}  # fmt: skip
    return (
        "Over the seeds the largest standard deviations are "
        f"{spread['mse']:.4f} (squared error), {spread['nats']:.1f} (−ELBO), "
        f"{100 * spread['probe']:.1f} and {100 * spread['neighbours']:.1f} points (probe, "
        f"neighbours), {largest_spread(figures, 'denoised', decibels):.1f} dB (denoising), "
        f"{spread['auroc']:.3f} (anomalies) and {spread['mixture']:.1f} (samples). "
        "[Lesson 13](../notebooks/13_which_autoencoder.ipynb) says which differences are more than "
        "that, and which autoencoder to take for what."
    )


def with_table(page: str, figures: dict) -> str:
    """The page with the table between its two marks, explained above and below."""
    text = f"{explained(figures)}\n\n{table(figures)}\n\n{spreads(figures)}"
    return lessons.between_marks(page, "comparison", text)


def main() -> None:
    figures = results.read("13_which_autoencoder").figures
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")


if __name__ == "__main__":
    main()
