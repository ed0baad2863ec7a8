"""The commands of the course: python -m aecourse COMMAND."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from aecourse.course.doctor import INSTALL


def build_parser() -> argparse.ArgumentParser:
    """One sub-command for each thing that can be done.

    The function behind it is named as ``module:function`` and imported only when it is called,
    so that `doctor` runs where torch or Jupyter do not. An option that is not given is left
    out: its default belongs to the function.
    """
    parser = argparse.ArgumentParser(prog="python -m aecourse", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function: str, summary: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=summary, description=summary, argument_default=argparse.SUPPRESS
        )
        sub.set_defaults(function=function)
        return sub

    def lessons(sub: argparse.ArgumentParser) -> None:
        sub.add_argument(
            "lessons", nargs="*", default=[], metavar="LESSON",
            help="numbers or names: 2, 02_undercomplete, 04/noise2self, deeper (default: all)",
        )  # fmt: skip

    command("doctor", "aecourse.course.doctor:doctor",
            "say what works on this computer, and what to do about the rest")  # fmt: skip

    run = command("run", "aecourse.course.runner:run",
                  "execute lessons, print seconds and peak memory")  # fmt: skip
    lessons(run)
    run.add_argument("--save", action="store_true", help="save the outputs in notebooks/")
    run.add_argument("--output", metavar="DIR",
                     help="where the executed copies go (default: build/executed)")  # fmt: skip
    run.add_argument("--jobs", type=positive, metavar="N",
                     help="lessons at a time, one thread each if several (default: 2)")  # fmt: skip

    run.add_argument("--record", action="store_true",
                     help="keep seconds and memory (on one thread) for the time lines")  # fmt: skip

    times = command("times", "aecourse.course.runner:times",
                    "write the time lines, print what exceeds its budget")  # fmt: skip
    lessons(times)
    times.add_argument("--check", action="store_true", help="only report, write nothing")

    command("site", "aecourse.course.runner:site",
            "render the lessons to build/site/, executed or else as saved")  # fmt: skip

    command("handout", "aecourse.course.runner:handout",
            "write the lessons without their solutions to build/handout/")  # fmt: skip

    template = command("template", "aecourse.course.template:template",
                       "write lesson 14 as a notebook for your own data")  # fmt: skip
    template.add_argument("file", nargs="?", metavar="FILE",
                          help="the new notebook (default: my_data.ipynb)")  # fmt: skip

    lab = command("lab", "aecourse.course.lab:lab",
                  "open your copy of the lessons in JupyterLab")  # fmt: skip
    lab.add_argument("--output", metavar="DIR", help="where the copy is (default: build/lab)")
    lab.add_argument("--copy-only", action="store_true", help="bring it up to date, open nothing")
    lab.add_argument("jupyter", nargs="*", metavar="-- OPTION",
                     help="handed on to JupyterLab, such as: -- --no-browser")  # fmt: skip

    seeds = command("seeds", "aecourse.course.runner:seeds",
                    "check the claims under seeds that nobody chose")  # fmt: skip
    lessons(seeds)
    seeds.add_argument("--seeds", type=integers, metavar="3,5",
                       help="more values of AECOURSE_SEED")  # fmt: skip
    seeds.add_argument("--drawn", type=int, metavar="N",
                       help="how many follow from the hash of the commit (default: 3)")  # fmt: skip
    seeds.add_argument("--draws", type=int, metavar="N", help="number of perturbed runs")

    experiments = command("experiments", "aecourse.course.experiments:experiments",
                          "compute missing and stale results of experiments")  # fmt: skip
    experiments.add_argument("names", nargs="*", metavar="NAME", help="such as 07_canvas")
    experiments.add_argument("--all", action="store_true", help="those up to date, too")
    experiments.add_argument("--keep", metavar="REASON",
                             help="the code changed and the figures did not: say why")  # fmt: skip

    tolerances = command("tolerances", "aecourse.course.runner:tolerances",
                         "measure how far numbers move, and save that with them")  # fmt: skip
    lessons(tolerances)
    tolerances.add_argument("--check", action="store_true", help="only report, save nothing")
    return parser


def integers(text: str) -> list[int]:
    """``"1,2,3"`` or ``"1 2 3"`` as a list."""
    return [int(part) for part in text.replace(",", " ").split()]


def positive(text: str) -> int:
    """``"2"`` as a number of at least 1."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = build_parser().parse_args(arguments)
    module, _, name = options.function.partition(":")
    try:
        function = getattr(import_module(module), name)
    except ImportError as error:
        print(f"{error}: the lessons need more packages; {INSTALL}", file=sys.stderr)
        return 1
    try:
        return function(options)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
