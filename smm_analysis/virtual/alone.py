"""Media alone, words alone (매체만의 효과, 말만의 효과): first purchases had people met more or less of one thing.

Media work in two ways. People see them, remember them and buy: that is the media effect, which a weekly regression on
carry-over can see. And media win followers and customers, who read the firm's posts, buy again, trust, and tell
friends for a year: that is own reach, loyalty and word of mouth, which media start and others finish. `media_alone`
replays the first and holds the second: posts taken in and what friends passed on stay as recorded. `replay` has both.

What friends pass on and what the firm posts do less and less to people who have met much of it. So what *all* of it
won, per exposure, is another number than what some more wins. `won_by_more` is the latter, at once and of those who
were no customers yet: that is what a firm chooses by, and what weeks can show.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from .life import LivingBrand
from .managers import POSTS
from .simulation import Simulation
from .worlds import find

Factors = Mapping[str, float]
HEARD = ("earned", "owned")  # what friends passed on, and what the firm posted


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
    return _Alone(sim, {"recorded": {}} | {name: _checked(plan, sim) for name, plan in plans.items()}).all_weeks()


def won_by_more(sim: Simulation, *, part: float = 0.1) -> dict[str, float]:
    """New customers per 1,000 more exposures, passed on by customers and made by the firm (노출이 더해질 때, S1.2).

    Parameters
    ----------
    part : how much less of the one or the other people take in for comparison, above 0 to 1 (all of it).

    Returns
    -------
    dict
        earned, owned: expected new customers fewer, per 1,000 exposures fewer. All else stays as recorded, those who
        are customers already included.

    Examples
    --------
    >>> from smm_analysis.virtual import simulate
    >>> sim = simulate(seed=1, people=2000, weeks=26)
    >>> {name: round(won, 1) for name, won in won_by_more(sim).items()}
    {'earned': 10.9, 'owned': 0.6}
    """
    if not 0 < part <= 1:
        raise ValueError(f"part must be above 0 and at most 1, not {part!r}")
    less = {name: {name: 1 - part} for name in HEARD}
    won = _Alone(sim, {"recorded": {}} | less, same_market=True).all_weeks().sum()
    exposures = {"earned": sim.history["earned"].sum(), "owned": sum(sim.history[kind].sum() for kind in POSTS)}
    return {name: float(1000 * (won["recorded"] - won[name]) / max(part * exposures[name], 1)) for name in HEARD}


def _checked(plan: Factors, sim: Simulation) -> Factors:
    for line, factor in plan.items():
        find(dict.fromkeys(sim.setting.world.channels, line), "paid channel", line)
        if not factor >= 0:
            raise ValueError(f"the factor on {line} must be 0 or more, not {factor!r}")
    return plan


class _Alone(LivingBrand):
    """A brand whose people meet what the record says, but for factors on one thing or another, by plan."""

    def __init__(self, sim: Simulation, plans: Mapping[str, Factors], *, same_market: bool = False) -> None:
        super().__init__(sim.setting, 0.0, sim.people)
        self.same_market = same_market  # of people who are no customers yet: the first plan's, or each its own
        self.record, self.spent, self.plans = sim.history, sim.choices.money, plans
        self.left = {name: np.ones(self.people.n) for name in plans}
        self.changed = {(line, factor) for plan in plans.values() for line, factor in plan.items()}
        self.memory |= {key: np.zeros(self.people.n) for key in self.changed}

    def all_weeks(self) -> pd.DataFrame:
        """Expected new customers, a row a week, a column a plan."""
        return pd.DataFrame([self.won(week) for week in range(self.setting.weeks)])

    def won(self, week: int) -> dict[str, float]:
        """Expected new customers of one week, by plan."""
        self.meet(week)
        pulls, new, leaving = self.pulls(), {}, None
        changed = {key: self.pull(key[0], self.memory[key]) for key in self.changed}
        for name, plan in self.plans.items():
            chance = self.first(week, sum((pulls | {line: changed[line, x] for line, x in plan.items()}).values()))
            new[name] = float(self.left[name] @ chance)
            leaving = leaving if self.same_market and leaving is not None else chance
            self.left[name] *= 1 - leaving
        return new

    def meet(self, week: int) -> None:
        """What people take in: as recorded, and as it is changed; media by their money, all else by a factor."""
        world, seen = self.world, self.record
        self.log["useful"], self.log["promo"], self.log["diffusion"] = seen["useful"], seen["promo"], seen["diffusion"]
        heard = {"earned": seen["earned"][week], "owned": self.owned(week)}
        lasts = {"earned": world.earned_half_life_weeks, "owned": world.owned_half_life_weeks, **world.half_life_weeks}
        for name, taken_in in heard.items():
            self._remember(name, taken_in, lasts[name])
        self.trust = seen["trust"][week]  # of the week's end: it opens the next week's posts
        for row, line in enumerate(world.channels):
            self._remember(line, seen["exposures"][week, row], lasts[line])
        for line, factor in self.changed:
            self.money[week] = self.spent[week] * factor
            met = factor * heard[line] if line in heard else self.exposed(line, week)
            self._remember((line, factor), met, lasts[line])
