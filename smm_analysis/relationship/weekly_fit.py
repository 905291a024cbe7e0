"""Regressions on one brand's weeks (주간 회귀), through statsmodels; the wider of two covariances is believed.

Weeks in a row resemble each other, which the plain covariance does not know; the autocorrelation-consistent one
(Newey & West 1987, Econometrica 55(3)) does, but on a hundred weeks it is often too small. Of a contrast's two standard
errors the larger one counts (as Angrist & Pischke 2009, section 8.1, advise for robust ones).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate

_LAGS = 4  # weeks over which errors may hang together


@dataclass(frozen=True)
class WeeklyFit:
    """Coefficients with two covariances (회귀 결과); `dof` : weeks less columns, `n` : weeks."""

    coefficients: pd.Series
    plain: pd.DataFrame = field(repr=False)
    robust: pd.DataFrame = field(repr=False)
    dof: int
    n: int
    deviance: float

    def contrast(self, weights: Mapping[str, float], level: float) -> Estimate:
        """Return a weighted sum of coefficients with Student's interval."""
        from scipy.stats import t

        names, w = list(weights), np.array(list(weights.values()))
        se = np.sqrt(max(w @ cov.loc[names, names].to_numpy() @ w for cov in (self.plain, self.robust)))
        value, half = float(w @ self.coefficients[names]), float(se * t.ppf(0.5 + level / 2, self.dof))
        return Estimate(value, value - half, value + half, level, self.n)

    def draws(self, names: Sequence[str], n: int, rng: np.random.Generator) -> np.ndarray:
        """Return draws of some coefficients, n x names, from the covariance that is the wider one in sum."""
        covariances = (cov.loc[names, names].to_numpy() for cov in (self.plain, self.robust))
        return rng.multivariate_normal(self.coefficients[names], max(covariances, key=np.trace), size=n)


def fit_counts(counts: pd.Series, columns: pd.DataFrame, *, exposure: pd.Series) -> WeeklyFit:
    """Return the quasi-Poisson fit of counts per exposure, log-linear in the columns (준포아송 회귀)."""
    import statsmodels.api as sm

    model = sm.GLM(counts, columns, family=sm.families.Poisson(), exposure=exposure)
    plain = model.fit(scale="X2")
    robust = model.fit(cov_type="HAC", cov_kwds={"maxlags": _LAGS, "use_correction": True})
    return _weekly_fit(plain, robust, columns, float(plain.deviance))


def fit_weeks(outcome: pd.Series, columns: pd.DataFrame) -> WeeklyFit:
    """Return the least-squares fit of a week's number on the columns (최소제곱 회귀); `one` is the constant's name."""
    import statsmodels.api as sm

    columns = _that_vary(columns)
    plain = sm.OLS(outcome, columns).fit()
    robust = plain.get_robustcov_results("HAC", maxlags=_LAGS, use_correction=True)
    return _weekly_fit(plain, robust, columns, float(plain.ssr))


def _that_vary(columns: pd.DataFrame) -> pd.DataFrame:
    """Leave out what is the same in all these weeks, ones aside: a stock-out, say, in a week that was set aside."""
    return columns.loc[:, (columns.max() > columns.min()) | (columns.columns == "one")]


def _weekly_fit(plain, robust, columns: pd.DataFrame, deviance: float) -> WeeklyFit:
    names, dof = columns.columns, len(columns) - columns.shape[1]
    covariances = (pd.DataFrame(np.asarray(fit.cov_params()), names, names) for fit in (plain, robust))
    return WeeklyFit(pd.Series(np.asarray(plain.params), names), *covariances, dof, len(columns), deviance)
