"""Seeds for ``make seeds`` that nobody chose, and those that ever broke a claim."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

from aecourse.course import lessons

LARGEST = 1_000_000
FAILED_FILE = Path("docs") / "failed_seeds.json"


def commit() -> str:
    """The hash of the current commit; LessonError where there is none."""
    try:
        asked = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=lessons.repository(), capture_output=True, text=True
        )
    except OSError:
        asked = None
    if asked is None or asked.returncode:
        raise lessons.LessonError(
            "The seeds are drawn from the hash of the current commit, and this is no git "
            "repository. Give others: python -m aecourse seeds --drawn 0 --seeds 3,5."
        )
    return asked.stdout.strip()


def uncommitted() -> bool:
    """Whether notebooks or package differ from the commit, whose seeds could have been seen."""
    asked = subprocess.run(
        ["git", "status", "--porcelain", "--", "notebooks", "aecourse"],
        cwd=lessons.repository(), capture_output=True, text=True,
    )  # fmt: skip
    return bool(asked.stdout.strip())


def drawn_from(text: str, count: int) -> list[int]:
    """Different seeds between 1 and a million that follow from a text, such as a commit's hash."""
    found: list[int] = []
    draw = 0
    while len(found) < count:
        hashed = hashlib.sha256(f"{text} {draw}".encode()).digest()
        seed = 1 + int.from_bytes(hashed[:8], "big") % LARGEST
        found += [seed] if seed not in found else []
        draw += 1
    return found


def failed(folder: Path | None = None) -> dict[str, list[int]]:
    """Lesson → the seeds under which one of its claims ever failed."""
    path = (folder or lessons.repository()) / FAILED_FILE
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as problem:
        raise lessons.LessonError(
            f"{path} is damaged ({problem}). Get it back with `git checkout -- {FAILED_FILE}`."
        ) from None


def note_failures(new: dict[str, list[int]], folder: Path | None = None) -> bool:
    """Add seeds to the list, in which they stay; whether one of them is new."""
    known = failed(folder)
    merged = {
        name: sorted(set(known.get(name, [])) | set(new.get(name, [])))
        for name in sorted(known.keys() | new.keys())
    }
    merged = {name: seeds for name, seeds in merged.items() if seeds}
    if merged == known:
        return False
    text = json.dumps(merged, indent=1) + "\n"
    lessons.write_bytes((folder or lessons.repository()) / FAILED_FILE, text.encode())
    return True
