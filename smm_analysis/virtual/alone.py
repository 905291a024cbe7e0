"""Media alone (매체만의 효과): first purchases under other media money, all else that people met as recorded.

Media work in two ways. People see them, remember them and buy: that is the media effect, which a weekly regression on
carry-over can see. And media win followers and customers, who read the firm's posts, buy again, trust, and tell
friends for a year: that is own reach, loyalty and word of mouth, which media start and others finish. `media_alone`
replays the first and holds the second: posts taken in and what friends passed on stay as recorded. `replay` has both.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from .life import LivingBrand
from .simulation import Simulation
from .worlds import CHANNELS, find

Factors = Mapping[str, float]


def media_alone(sim: Simulation, plans: Mapping[str, Factors]) -> pd.DataFrame:
    """Expected new customers of each week under other media money, all but media as recorded (매체만의 재현).

    The market is used up: a person won earlier cannot be won again. Chances are added up rather than drawn, so that the
    difference of two plans is no luck.

    Parameters
    ----------
    plans : name -> factors (0 or more) on the money of paid channels, such as ``{"without tv": {"tv": 0.0}}``.

    Returns
    -------
    DataFrame
        A row a week (0, 1, ...), a column a plan; the first, "recorded", is the money as it was.

    Raises
    ------
    ValueError
        A factor on a line that is no paid channel, or below 0.

    Examples
    --------
    Of the new customers of a small market's first half year, TV by itself won about a quarter:

    >>> from smm_analysis.virtual import simulate
    >>> media_alone(simulate(seed=1, people=2000, weeks=26), {"without tv": {"tv": 0.0}}).sum().round().to_dict()
    {'recorded': 154.0, 'without tv': 119.0}
    """
    brand = _MediaAlone(sim, {"recorded": {}} | {name: _checked(plan) for name, plan in plans.items()})
    return pd.DataFrame([brand.won(week) for week in range(sim.setting.weeks)])


def _checked(plan: Factors) -> Factors:
    for line, factor in plan.items():
        find(dict.fromkeys(CHANNELS, line), "paid channel", line)
        if not factor >= 0:
            raise ValueError(f"the factor on {line} must be 0 or more, not {factor!r}")
    return plan


class _MediaAlone(LivingBrand):
    """A brand whose people meet what the record says, but for the media of some plans."""

    def __init__(self, sim: Simulation, plans: Mapping[str, Factors]) -> None:
        super().__init__(sim.setting, 0.0, sim.people)
        self.record, self.spent, self.plans = sim.history, sim.choices.money, plans
        self.left = {name: np.ones(self.people.n) for name in plans}
        self.changed = {(line, factor) for plan in plans.values() for line, factor in plan.items()}
        self.memory |= {key: np.zeros(self.people.n) for key in self.changed}

    def won(self, week: int) -> dict[str, float]:
        """Expected new customers of one week, by plan."""
        self.meet(week)
        pulls, new = self.pulls(), {}
        changed = {key: self.pull(key[0], self.memory[key]) for key in self.changed}
        for name, plan in self.plans.items():
            chance = self.first(week, sum((pulls | {line: changed[line, x] for line, x in plan.items()}).values()))
            new[name] = float(self.left[name] @ chance)
            self.left[name] *= 1 - chance
        return new

    def meet(self, week: int) -> None:
        """What people take in: friends' and the firm's as recorded, media as recorded and as otherwise paid for."""
        world, seen = self.world, self.record
        self.log["useful"], self.log["promo"], self.log["diffusion"] = seen["useful"], seen["promo"], seen["diffusion"]
        self._remember("owned", self.owned(week), world.owned_half_life_weeks)
        self._remember("earned", seen["earned"][week], world.earned_half_life_weeks)
        self.trust = seen["trust"][week]  # of the week's end: it opens the next week's posts
        for row, line in enumerate(CHANNELS):
            self._remember(line, seen["exposures"][week, row], world.half_life_weeks[line])
        for line, factor in self.changed:
            self.money[week] = self.spent[week] * factor
            self._remember((line, factor), self.exposed(line, week), world.half_life_weeks[line])
