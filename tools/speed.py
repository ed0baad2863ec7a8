"""Print the table of the benchmark, and write it into docs/measured.md, from the saved result.

    python tools/speed.py          (the last step of `make bench`)

A test says when the two no longer agree.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from statistics import median

import numpy as np

from aecourse import results
from aecourse.course import lessons

PAGE = Path(__file__).resolve().parent.parent / "docs" / "measured.md"
HEAD = "| what | compared | measured | aim | met |\n|---|---|--:|--:|---|"

# Name in the saved result → name in the table, unit of its test loss and digits, least speed-up.
NETS = {
    "dense": ("dense, 32 numbers", "BCE per pixel", 4, 15),
    "convolutional": ("convolutional, 4 numbers", "squared error per pixel", 4, 12),
    "variational": ("VAE, 20 numbers", "nats per image", 1, 8),
}


def spread(values: list[float], digits: int = 2) -> str:
    """The median, and the least and the largest value."""
    least, middle, most = min(values), median(values), max(values)
    return f"{middle:.{digits}f} ({least:.{digits}f} … {most:.{digits}f})"


def row(what: str, compared: str, measured: str, aim: str, met: bool | None) -> str:
    verdict = "" if met is None else "yes" if met else "no"
    return f"| {what} | {compared} | {measured} | {aim} | {verdict} |"


def recipe_rows(found: dict) -> list[str]:
    """Time until the tutorial's loss, and loss at equal time."""
    times, losses = [], []
    for name, (shown, unit, digits, aim) in NETS.items():
        duels = found[name]
        ratios = [sum(d["tutorial"]["seconds"]) / sum(d["course"]["seconds"]) for d in duels]
        reached = sum(d["course"]["loss"] <= d["tutorial"]["loss"] for d in duels)
        theirs, ours = (
            median(sum(d[side]["seconds"]) for d in duels) for side in ("tutorial", "course")
        )
        epochs = [len(duels[0][side]["seconds"]) for side in ("tutorial", "course")]
        times.append(row(
            f"{shown}: time until the tutorial's final test loss",
            f"tutorial {theirs:.1f} s ({epochs[0]} epochs), course {ours:.1f} s ({epochs[1]}); "
            f"reached in {reached} of {len(duels)}",
            f"{spread(ratios, 1)} times faster", f"≥ {aim}",
            reached == len(duels) and median(ratios) >= aim,
        ))  # fmt: skip
        theirs, ours = (
            median(d[side]["loss"] for d in duels) for side in ("tutorial", "equal time")
        )
        share = [sum(d["equal time"]["seconds"]) / sum(d["tutorial"]["seconds"]) for d in duels]
        better = sum(d["equal time"]["loss"] < d["tutorial"]["loss"] for d in duels)
        losses.append(row(
            f"{shown}: test loss at equal time",
            f"{unit}: tutorial {theirs:.{digits}f}, course {ours:.{digits}f} in "
            f"{median(share):.2f} of the time ({len(duels[0]['equal time']['seconds'])} epochs)",
            f"better in {better} of {len(duels)}", "better", better == len(duels),
        ))  # fmt: skip
    return times + losses


def deep_rows(found: dict) -> list[str]:
    """Hinton & Salakhutdinov's benchmark: the error, and how long it took."""
    lines = []
    for name, runs in found.items():
        errors = [run["error"] for run in runs]
        seconds = median(run["seconds"] for run in runs)
        # As many operations as a large product does in that time.
        work = median(run["seconds"] * np.mean(run["rates"]) for run in runs) / 1e12
        lines.append(row(
            f"benchmark of 2006, {name}: squared error of a test image, summed over its pixels",
            f"{runs[0]['epochs']} epochs in {seconds:.0f} s, in which a large product does "
            f"{work:.0f}·10¹² operations", spread(errors), "≤ 3.00", max(errors) <= 3.0,
        ))  # fmt: skip
    return lines


def loop_rows(found: dict) -> list[str]:
    """``fit`` against a bare loop, and against the bare loop behind a DataLoader."""
    overhead, pipeline = [], []
    for name, (shown, *_) in NETS.items():
        seconds = found["seconds"][name]
        ratios = [a / b for a, b in zip(seconds["fit"], seconds["bare"], strict=True)]
        overhead.append(row(
            f"{shown}: overhead of the loop", "`fit` with its bar / bare loop, same tensors",
            spread(ratios), "≤ 1.05", median(ratios) <= 1.05,
        ))  # fmt: skip
        ratios = [a / b for a, b in zip(seconds["loader"], seconds["fit"], strict=True)]
        aim = 3 if name == "dense" else None
        pipeline.append(row(
            f"{shown}: images kept as tensors", "`DataLoader` and `ToTensor` / `fit`",
            f"{spread(ratios, 1)} times faster", f"≥ {aim}" if aim else "–",
            median(ratios) >= aim if aim else None,
        ))  # fmt: skip
    return overhead + pipeline


def machine_rows(found: dict) -> list[str]:
    """How many times longer an epoch takes than its operations would in a large product."""
    lines = []
    for name, (shown, *_) in NETS.items():
        net = found["nets"][name]
        each = net["operations"] / found["images"] / 1e6
        aim = 2.0 if name == "dense" else None
        for setting in net["settings"]:
            ratios = [t["seconds"] * t["rate"] / net["operations"] for t in setting["turns"]]
            rate = median(t["rate"] for t in setting["turns"]) / 1e9
            lines.append(row(
                f"{shown}: distance to the machine, {setting['threads']} thread(s), batches of "
                f"{setting['batch']}",
                f"seconds per epoch × {rate:.0f} GFLOP/s (a product of two matrices of side "
                f"{found['square']}) / {each:.1f} MFLOP per image", spread(ratios),
                f"≤ {aim}" if aim else "–", median(ratios) <= aim if aim else None,
            ))  # fmt: skip
    return lines


def line(counts: list[int], seconds: list[list[float]]) -> tuple[float, float, float]:
    """Least squares for n images: seconds = fixed + each · n.

    Each turn's seconds are divided by those for all images in the same turn, so that a slow
    minute, which hits them all, cancels; the line goes through the medians of these shares.

    Args:
        counts: numbers of images, ascending.
        seconds: for each of them, one time per turn.

    Returns:
        fixed, each, and the largest distance of a median from the line as a share of the longest.
    """
    times = np.array(seconds)
    shares = np.median(times / times[-1], axis=1)
    each, fixed = np.polyfit(counts, shares, 1)
    off = np.abs(fixed + each * np.array(counts) - shares).max()
    longest = np.median(times[-1])
    return fixed * longest, each * longest, off


def growth_rows(found: dict) -> list[str]:
    lines = []
    for name, (shown, *_) in NETS.items():
        counts = found[name]["counts"]
        fixed, each, off = line(counts, found[name]["seconds"])
        lines.append(row(
            f"{shown}: growth with the number of images",
            f"seconds per epoch for {', '.join(f'{count:,}' for count in counts)} images",
            f"{fixed:.3f} s + {1e6 * each:.0f} µs per image; off by at most {100 * off:.1f} %",
            "linear", off < 0.05,
        ))  # fmt: skip
    return lines


def course_rows(found: dict) -> list[str]:
    largest = max(found["lessons"], key=lambda lesson: lesson["megabytes"])
    slowest = max(found["lessons"], key=lambda lesson: lesson["seconds"])
    rows = [row("memory", f"the lesson that needs most, {largest['lesson'][:2]}",
                f"{largest['megabytes'] / 1000:.2f} GB", "≤ 1.5 GB",
                largest["megabytes"] <= 1500),
            row("a lesson", f"the slowest, {slowest['lesson'][:2]}, on one thread, with another "
                "lesson beside it", f"{slowest['seconds']:.0f} s", "≤ 90 s",
                slowest["seconds"] <= 90)]  # fmt: skip
    for command, limit in (("make course", 10), ("make test", 20)):
        minutes, passed = found[command]["seconds"] / 60, found[command]["passed"]
        outcome = "" if passed else "; something failed"
        rows.append(row(f"`{command}`", f"after its set-up{outcome}", f"{minutes:.1f} min",
                        f"≤ {limit} min", passed and minutes <= limit))  # fmt: skip
    return rows


PARTS = {
    "recipes": recipe_rows,
    "deep": deep_rows,
    "loop": loop_rows,
    "machine": machine_rows,
    "growth": growth_rows,
    "course": course_rows,
}


def table(figures: dict) -> str:
    """The table in Markdown, with the parts that were measured."""
    measured = (write(figures[part]["found"]) for part, write in PARTS.items() if part in figures)
    return "\n".join([HEAD, *chain.from_iterable(measured)])


def with_table(page: str, figures: dict) -> str:
    """The page with the table between its two marks."""
    devices = {part["device"] for part in figures.values()}
    note = (
        f"Median (least … most) of repeated turns in one process, on: {', '.join(sorted(devices))}."
    )
    return lessons.between_marks(page, "speed", f"{table(figures)}\n\n{note}")


def main() -> None:
    figures = results.read("bench").figures
    print(table(figures))
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")


if __name__ == "__main__":
    main()
