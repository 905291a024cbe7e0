"""What the experiment said (실험 결과 읽기): the effect with the interval that the lot gives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown
from smm_analysis.terms import reason

from . import lots
from .designs import Design, doses, names
from .noise import FEWEST_WEEKS, panel, usual_week

_DRAWS = 4999


def read_experiment(
    weekly: pd.DataFrame,
    design: Design,
    *,
    outcome: str,
    level: float = 0.90,
    unit: str = "brand",
    adjust: Sequence[str] = (),
    draws: int = _DRAWS,
) -> Estimate:
    """Read the effect of an experiment that was run as planned (실험 결과 읽기).

    Parameters
    ----------
    weekly : a row a week and unit: week, `unit`, the outcome; the experiment's weeks and those before them.
    design : the timetable, as it was planned and as it was kept.
    level : two-sided level of the interval, 0..1.
    unit : the column that names the design's units.
    adjust : columns that the activity cannot move, such as the price: what they explain is no noise.

    Returns
    -------
    Estimate
        Percent of a usual week that the activity adds while it is on. `n` counts unit-weeks. With a reason instead of
        numbers while weeks are still missing.

    Raises
    ------
    ValueError
        If a unit of the design is not in the table, or a column is missing or no number.
    """
    wide = _own(panel(weekly, outcome, unit), design)
    weeks = pd.date_range(design.start - pd.Timedelta(weeks=design.before), periods=len(design.counts), freq="7D")
    known = weeks.intersection(wide.index)
    if len(known) < len(weeks):
        return unknown(level, len(known), reason("experiment_not_over", known=len(known), weeks=len(weeks)))
    past = wide[wide.index < design.start]
    if len(past) < FEWEST_WEEKS:
        return unknown(level, len(past), reason("experiment_no_past", weeks=len(past), needed=FEWEST_WEEKS))
    outcomes = (100 * wide.loc[weeks] / usual_week(past)).to_numpy()[None]
    columns = [_own(panel(weekly, name, unit), design).loc[weeks].to_numpy() for name in adjust]
    return _interval(design, outcomes, np.array(columns).reshape(-1, *outcomes.shape[1:]), level, draws)


def _own(wide: pd.DataFrame, design: Design) -> pd.DataFrame:
    if lacking := [name for name in design.units if name not in wide]:
        raise ValueError(f"the weekly table has no {names(lacking)}; it has {names([str(name) for name in wide])}")
    return wide[list(design.units)]


def _interval(design: Design, outcomes: np.ndarray, columns: np.ndarray, level: float, draws: int) -> Estimate:
    """Hold the outcome against the drawn timetable and against others that might have been drawn."""
    others = design.draw(np.random.default_rng([design.seed, 2]), draws)
    dose = doses(design, np.concatenate([design.chosen()[None], others]))
    away = lots.centred(design, columns)
    paths = lots.without(lots.centred(design, dose), away)
    size, paths = float(np.linalg.norm(paths[0])), lots.unit_length(paths)
    fits = lots.centred(design, outcomes) @ paths.T
    gaps = size * (1 - paths[1:] @ paths[0])
    low, high = lots.ends(*lots.thresholds(fits[:, 1:], fits[:, 0], gaps), level)
    found = float(fits[0, 0] / size)
    return Estimate(found, min(float(low[0]), found), max(float(high[0]), found), level, paths.shape[1])
