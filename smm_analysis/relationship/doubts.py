"""Why the data cannot tell what a relationship does (판단할 수 없는 이유), and what would decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from smm_analysis.terms import Lang, reason

from .index import Relationship
from .panel import SharingWeeks

FEWEST_WEEKS = 52
_MOST_MISSING = 0.1  # of the weeks
_LEAST_RELIABLE = 0.4

Why = Mapping[Lang, str]


def impossible(
    columns: Mapping[str, np.ndarray],
    outcome: np.ndarray,
    used: np.ndarray,
    relationship: Relationship,
    panel: SharingWeeks,
) -> Why:
    """Return why nothing can be estimated at all; empty if something can (추정할 수 없는 이유)."""
    n = int(used.sum())
    checks: tuple[tuple[bool, Callable[[], Why]], ...] = (
        (len(relationship.parts) == 0, lambda: reason("no_components")),
        (_alone(relationship), lambda: reason("one_component", component=relationship.parts[0].name)),
        (n < FEWEST_WEEKS, lambda: few_weeks(n, len(columns))),
        (panel.missing > _MOST_MISSING * len(panel.weeks), lambda: _gap(panel)),
        (n > 0 and np.ptp(outcome[used]) == 0, lambda: reason("nothing_passed_on")),
    )
    return next((why() for fired, why in checks if fired), {})


def few_weeks(n: int, columns: int) -> Why:
    """Return that there are too few weeks (주 수 부족)."""
    return reason("few_relationship_weeks", weeks=n, needed=max(FEWEST_WEEKS, columns + 15))


def doubt(placebo_failed: bool, reliability: float, ahead: int) -> Why:
    """Return why no verdict can rest on what was estimated; empty if one can (판정을 미루는 이유)."""
    if reliability < _LEAST_RELIABLE:
        return reason("relationship_too_noisy", reliability=reliability, needed=_LEAST_RELIABLE)
    return reason("relationship_placebo", ahead=ahead) if placebo_failed else {}


def _alone(relationship: Relationship) -> bool:
    return len(relationship.parts) == 1 and not relationship.direct


def _gap(panel: SharingWeeks) -> Why:
    weeks, lacking = panel.weeks, panel.weeks[["shares", "followers"]].isna().any(axis=1)
    return reason("weeks_lacking", n=panel.missing, weeks=len(weeks), first=weeks.loc[lacking, "week"].iloc[0])
