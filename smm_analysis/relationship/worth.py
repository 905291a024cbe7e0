"""What a follower is worth when the relationship is good (팔로어의 가치, S0.9), read off what is passed on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from smm_analysis.estimate import Estimate, unknown
from smm_analysis.terms import reason

from .dose import DoseResponse, nothing, shares_response
from .index import Relationship
from .panel import SharingWeeks

_MOST_PASSED_ON = 0.95  # shares that one share brings; from 1 on everything would spread for ever


def reach_response(panel: SharingWeeks, relationship: Relationship, **options: float) -> DoseResponse:
    """Earned reach per 1,000 followers and week, high minus low relationship (팔로어의 획득 도달, S0.9).

    Read off `shares_response`, whose parameters it takes: with r shares an exposure, i impressions a follower and k
    exposures a share (the panel's `seen_per_share`), what is passed on is passed on again, and a follower earns
    k r i / (1 - k r). With k = 0 earned reach is not known, and the effect says so.
    """
    found = shares_response(panel, relationship, **options)
    if not np.isfinite(found.usual):
        return found
    if not 0 < panel.seen_per_share * found.usual / 1000 < _MOST_PASSED_ON:
        return nothing(unknown(found.effect.level, found.effect.n, reason("earned_reach_unknown")))
    used = panel.weeks["week"].isin(found.weeks["week"])
    seen = float(panel.weeks.loc[used, "impressions"].sum() / panel.weeks.loc[used, "followers"].sum())
    return _as_reach(found, _Reach(panel.seen_per_share, seen))


@dataclass(frozen=True)
class _Reach:
    """From shares per 1,000 exposures to earned reach per 1,000 followers and week."""

    seen_per_share: float
    impressions_per_follower: float

    def of(self, rate: np.ndarray | float) -> np.ndarray:
        again = np.clip(self.seen_per_share * np.asarray(rate) / 1000, 0, _MOST_PASSED_ON)
        return 1000 * self.impressions_per_follower * again / (1 - again)

    def between(self, found: Estimate, usual: float) -> Estimate:
        """An effect about the usual rate, half of it on either side."""
        ends = [found.estimate, found.low, found.high]
        moved = (float(self.of(usual + end / 2) - self.of(usual - end / 2)) for end in ends)
        return Estimate(*moved, found.level, found.n, found.reason)


def _as_reach(found: DoseResponse, reach: _Reach) -> DoseResponse:
    told = ("effect", "naive", "placebo")
    effects = {name: reach.between(getattr(found, name), found.usual) for name in told}
    without = [reach.of(found.usual + x / 2) - reach.of(found.usual - x / 2) for x in found.parts["effect_without"]]
    return replace(
        found,
        **effects,
        usual=float(reach.of(found.usual)),
        weeks=found.weeks.assign(**{name: reach.of(found.weeks[name]) for name in ("outcome", "adjusted")}),
        curve=found.curve.assign(**{name: reach.of(found.curve[name]) for name in ("fitted", "low", "high")}),
        parts=found.parts.assign(effect_without=np.array(without, float)),
    )
