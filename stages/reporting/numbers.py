"""Numbers as people read them: no more digits than they are known to, and what a test makes of a difference."""

from collections.abc import Mapping
from typing import Any

from stages.reporting.elements import Finding

SMALLEST_P = 0.001
EFFECTS = {0.25: "large", 0.15: "medium", 0.05: "small"}  # of Cohen's g


def interval(score: Mapping[str, float]) -> str:
    """Shows a value with its interval."""
    if "low" not in score:  # of a single group, which has none
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"


def signed(score: Mapping[str, float]) -> str:
    """Shows a difference with its interval."""
    if "low" not in score:
        return f"{score['value']:+.3f}"
    return f"{score['value']:+.3f} [{score['low']:+.3f}, {score['high']:+.3f}]"


def p_shown(value: float) -> str:
    """Shows a p-value."""
    return f"< {SMALLEST_P}" if value < SMALLEST_P else f"{value:.3f}"


def p_said(value: float) -> str:
    """Shows a p-value in a sentence."""
    return f"p {p_shown(value)}" if value < SMALLEST_P else f"p = {p_shown(value)}"


def effect(g: float) -> str:
    """Says how large an effect is, in Cohen's words."""
    return next((word for least, word in EFFECTS.items() if abs(g) >= least), "next to none")


def many(number: float) -> str:
    """Shows a count, thousands apart."""
    return f"{number:,.0f}".replace(",", "\N{NO-BREAK SPACE}")


def told(test: Mapping[str, Any], alpha: float) -> bool:
    """Tells whether a test, corrected for the number of its like, rejects chance."""
    return test["holm_p"] < alpha


def compared(claim: str, difference: Mapping[str, float], p: float, alpha: float, evidence: str) -> Finding:
    """Says whether something is better, worse, or not to be told apart.

    Args:
        claim: what against what.
        difference: above zero where the first is better.
        p: of no difference, corrected.
        alpha: below which it is taken for one.
        evidence: what the difference is of; the difference and p are put behind it.
    """
    verdict = "not told apart" if p >= alpha else "better" if difference["value"] > 0 else "worse"
    return Finding(claim, verdict, f"{evidence}: {signed(difference)}, {p_said(p)}.", p < alpha)
