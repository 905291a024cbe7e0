"""A placebo (위약 검정): what the firm does next must not explain what has already happened."""

from __future__ import annotations

import numpy as np

from smm_analysis.estimate import Estimate, unknown, z_value
from smm_analysis.terms import reason

from .coupled import BrandFit
from .relation import recorded_drivers

AHEAD = (1, 2)  # weeks
_LAGS = 4


def placebo(fit: BrandFit, activity: str = "diffusion", *, level: float = 0.90) -> Estimate:
    """Return how much next weeks' money on an activity seems to explain this week's new customers (위약 효과).

    Log points of new customers per standard deviation of the money of the two weeks ahead, beside what the model
    expects and this week's money; a Poisson regression of statsmodels, errors by Newey and West (1987, Econometrica
    55(3)). An interval that leaves out 0 says that money follows demand or a trend the model lacks.
    """
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    weeks, money = fit.weeks, fit.weeks.line(activity)
    if np.ptp(money) <= 1e-6 * max(money.max(), 1e-12):
        key = "constant_activity" if money.any() else "no_activity_effort"
        return unknown(level, weeks.n, reason(key, brand=weeks.brand, activity=activity))
    until = weeks.n - max(AHEAD)
    ahead = np.mean([money[k : until + k] for k in AHEAD], axis=0)
    design = np.column_stack([np.ones(until), _standard(ahead), _standard(money[:until])])
    design = np.column_stack([design, recorded_drivers(weeks)[:until, 0]])
    known = np.isfinite(weeks.new_customers[:until])
    model = GLM(
        weeks.new_customers[:until][known],
        design[known],
        family=Poisson(),
        offset=np.log(np.maximum(fit.expected[:until][known], 1e-6)),
    )
    found = model.fit(cov_type="HAC", cov_kwds={"maxlags": _LAGS})
    half = z_value(level) * float(found.bse[1])
    return Estimate(float(found.params[1]), found.params[1] - half, found.params[1] + half, level, int(known.sum()))


def _standard(x: np.ndarray) -> np.ndarray:
    return (x - x.mean()) / max(x.std(), 1e-12)
