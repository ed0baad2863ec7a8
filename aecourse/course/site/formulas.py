"""MathML of TeX formulas, which browsers draw themselves: no script, no network."""

from __future__ import annotations

import html
import re

from latex2mathml.converter import convert as latex_to_mathml


class FormulaError(ValueError):
    """A formula cannot be written as MathML; the message shows it."""


_THIN = '<mspace width="0.167em" />'


def mathml(tex: str, display: bool = False) -> str:
    """MathML of a TeX formula; FormulaError names a formula that cannot be converted."""
    try:
        markup = latex_to_mathml(_simplified(tex), display="block" if display else "inline")
    except Exception as problem:  # latex2mathml raises many kinds, often without a message
        raise FormulaError(f"Cannot convert the formula {tex!r}: {problem!r}") from problem
    if "\\" in re.sub(r"<[^>]*>", "", markup) or "<mi>&</mi>" in markup:
        raise FormulaError(f"The formula {tex!r} uses a command that MathML conversion lacks.")
    # Bars without \left and \right keep the height of the line.
    markup = re.sub(r"<mo>(&#x02016;|&#x0007C;)</mo>", r'<mo stretchy="false">\1</mo>', markup)
    markup = re.sub(r"<mi>([a-z]{2,})</mi>", _function_name, markup)
    return markup.replace("<math ", f'<math alttext="{html.escape(tex.strip())}" ', 1)


def _simplified(tex: str) -> str:
    """TeX with what latex2mathml lacks written in what it has."""
    tex = re.sub(r"\\(begin|end)\{(?:aligned|split|align)\}", r"\\\1{align*}", tex)
    tex = re.sub(r"\\(?:operatorname\*?|mathrm)\{([^{}]*)\}", _upright, tex)
    tex = re.sub(r"\\(mathbb|mathcal) *([A-Za-z0-9])", r"\\\1{\2}", tex)  # else plain italics
    tex = re.sub(r"\\arg(?![A-Za-z])", r"\\text{arg}\\,", tex)
    return tex.strip()


def _function_name(match: re.Match) -> str:
    """A thin space between log, exp, tanh … and what stands beside them, as TeX has it."""
    before, after = match.string[: match.start()], match.string[match.end() :]
    left = right = ""
    if re.search(r"</(mi|mn|msub|msup|msubsup|mover|mfrac|mstyle)>$", before):
        left = _THIN
    if re.match(r"<(mi>(?!&#x02032;)|mn|msub|msup|mover|mfrac|mstyle)", after):
        right = _THIN
    return f"<mrow>{left}{match[0]}{right}</mrow>"


def _upright(match: re.Match) -> str:
    return r"\text{" + match[1].replace("\\,", "\u2009") + "}"
