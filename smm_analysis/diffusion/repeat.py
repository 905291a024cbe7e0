"""Who becomes a loyal customer (충성 고객), how soon, and what moves it: two purchases within 13 weeks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from smm_analysis.tables import mondays

from .rates import Prior

LOYAL_WITHIN = 13  # two purchases within so many weeks make a loyal customer
BOUGHT = ("paid", "atl")  # sources of customers won by one-way media
_WEEK = pd.Timedelta(days=7)


def repeat_panel(customers: pd.DataFrame, purchases: pd.DataFrame, *, brand: str, until: pd.Timestamp) -> pd.DataFrame:
    """Count who becomes a loyal customer, by week of arrival and age (충성 고객이 되는 과정).

    A loyal customer has two purchases within 13 weeks of each other; who is not loyal yet is at risk.

    Returns
    -------
    DataFrame
        brand, cohort (first week), week, bought (won by paid or mass media), at_risk, became_loyal (people).
    """
    mine = customers[customers["brand"] == brand]
    kept = purchases[purchases["customer_key"].isin(mine["customer_key"])]
    bought = pd.DataFrame({"key": kept["customer_key"], "week": mondays(kept["purchased_at"])}).sort_values(
        ["key", "week"]
    )
    again = bought["week"] - bought.groupby("key")["week"].shift() < LOYAL_WITHIN * _WEEK
    persons = pd.DataFrame({"bought": mine["source"].isin(BOUGHT).to_numpy()}, index=mine["customer_key"])
    persons["cohort"] = bought.groupby("key")["week"].first()
    persons["became"] = bought[again].groupby("key")["week"].first()
    return _risk_sets(persons.dropna(subset="cohort"), mondays(pd.Series([until]))[0]).assign(brand=brand)


def _risk_sets(persons: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """Count persons at risk and those who became loyal, for each kind, cohort and week."""
    start, loyal = persons["cohort"].min(), persons["became"].notna().to_numpy()
    cohort = ((persons["cohort"] - start) // _WEEK).to_numpy()
    end = ((persons["became"].fillna(last) - start) // _WEEK).to_numpy()
    weeks = int((last - start) // _WEEK) + 1
    kind = persons["bought"].to_numpy().astype(int)
    came, ended, became = (np.zeros((2, weeks, weeks)) for _ in range(3))
    np.add.at(came, (kind, cohort, cohort), 1)
    np.add.at(ended, (kind, cohort, end), 1)
    np.add.at(became, (kind[loyal], cohort[loyal], end[loyal]), 1)
    at_risk = np.cumsum(came, axis=2) - (np.cumsum(ended, axis=2) - ended)
    k, c, w = np.nonzero(at_risk > 0)
    day = start + pd.to_timedelta(7 * np.arange(weeks), unit="D")
    values = {"at_risk": at_risk[k, c, w], "became_loyal": became[k, c, w]}
    return pd.DataFrame({"cohort": day[c], "week": day[w], "bought": k == 1} | values)


AGES = (1, 2, 3, 5, 8, 13, 26)  # weeks since the first purchase at which the chance of becoming loyal may change
LOYAL_PRIOR = Prior(np.array([-0.2, 0.1, 0.1]), np.diag(np.array([0.4, 0.12, 0.4]) ** 2))  # of the first three effects
SOURCE_PRIOR = Prior(np.array([0.0, 1.0, -0.5]), np.diag(np.array([2.0, 0.3, 0.3]) ** 2))


@dataclass(frozen=True)
class RepeatFit:
    """Who becomes loyal (충성 고객이 되는 위험률): complementary log-log hazards by age, and what moves them.

    `ages` (ages,) log hazards and `effects` of bought (won by one-way media), relationship (per 0.1 over the record's
    mean `centre`) and participation (views per head); `cov` of both together; `sources` says with `sources_cov` which
    share of new customers is bought.
    """

    ages: np.ndarray
    effects: np.ndarray
    cov: np.ndarray
    centre: float
    sources: np.ndarray
    sources_cov: np.ndarray

    @property
    def told(self) -> tuple[np.ndarray, np.ndarray]:
        """The first three effects and their covariance: what other brands can learn from."""
        k, j = len(self.ages), len(LOYAL_PRIOR.mean)
        return self.effects[:j], self.cov[k : k + j, k : k + j]

    def draw(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw log hazards by age (n, ages), effects (n, 3) and sources (n, 3)."""
        at = np.r_[self.ages, self.effects] + _normal(rng, n, self.cov)
        return at[:, : len(self.ages)], at[:, len(self.ages) :], self.sources + _normal(rng, n, self.sources_cov)


def _normal(rng: np.random.Generator, n: int, cov: np.ndarray) -> np.ndarray:
    return rng.standard_normal((n, len(cov))) @ np.linalg.cholesky(cov).T


def age_of(age: np.ndarray) -> np.ndarray:
    """Return the age class of ages in weeks, 0 .. len(AGES)."""
    return np.searchsorted(AGES, age, side="right")


def source_columns(paid: np.ndarray, earned: np.ndarray) -> np.ndarray:
    """Return what tells the share of bought customers: logs of remembered contacts and passings-on, per head."""
    return np.stack([np.ones_like(paid), np.log(paid + 0.02), np.log(earned + 0.01)], axis=-1)


def fit_repeat(
    repeat: pd.DataFrame,
    start: pd.Timestamp,
    *,
    path: np.ndarray,
    participation: np.ndarray,
    conditions: np.ndarray,
    sources: np.ndarray,
    prior: Prior = LOYAL_PRIOR,
) -> RepeatFit:
    """Fit who becomes loyal, and who is bought, by two binomial regressions (statsmodels) and weak priors.

    Parameters
    ----------
    repeat : of one brand, from `repeat_panel`.
    start : the week of the first row of `path`, `participation` (weeks,) and `sources` (weeks, 3).
    prior : of the effects of bought, relationship and participation.
    """
    week, cohort = (((repeat[name] - start) // _WEEK).to_numpy() for name in ("week", "cohort"))
    inside = (week >= 0) & (cohort >= 0) & (week < len(path))
    table = repeat[inside].assign(week=week[inside], age=age_of((week - cohort)[inside]), cohort=cohort[inside])
    cells = table.groupby(["age", "week", "bought"], observed=True)[["became_loyal", "at_risk"]].sum().reset_index()
    centre = float(path.mean())
    at = cells["week"].to_numpy()
    moved = np.column_stack([cells["bought"], (path[at] - centre) / 0.1, participation[at], conditions[at]])
    ages = np.eye(len(AGES) + 1)[cells["age"]]
    k, other = len(AGES) + 1, conditions.shape[1]
    j = k + len(prior.mean)
    first = np.diag(np.r_[np.full(k, 2.0), np.zeros(j - k), np.full(other, 0.25)] ** 2)
    first[k:j, k:j] = prior.cov
    first = Prior(np.r_[np.full(k, -3.0), prior.mean, np.zeros(other)], first)
    found, cov = _binomial(cells["became_loyal"], cells["at_risk"], np.hstack([ages, moved]), first, link="cloglog")
    came = table[table["week"] == table["cohort"]].groupby(["week", "bought"])["at_risk"].sum().unstack(fill_value=0)  # noqa: PD010
    came = came.reindex(columns=[False, True], fill_value=0)
    x = sources[came.index.to_numpy()]
    who, who_cov = _binomial(came[True], came.sum(axis=1), x, SOURCE_PRIOR, link="logit")
    return RepeatFit(found[:k], found[k:], cov, centre, who, who_cov)


def _binomial(
    events: pd.Series, n: pd.Series, x: np.ndarray, prior: Prior, *, link: str
) -> tuple[np.ndarray, np.ndarray]:
    """Fit statsmodels' binomial GLM and draw it towards a normal prior, as two normals are combined."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.families.links import CLogLog, Logit
    from statsmodels.genmod.generalized_linear_model import GLM

    used = x.any(axis=0)
    family = Binomial(link=CLogLog() if link == "cloglog" else Logit())
    half, more = np.full(len(used), 0.5), np.full(len(used), 5.0)  # no class is never or always
    events, n = np.r_[events, half], np.r_[n, more]
    x = np.vstack([x, np.diag(x.any(axis=0)) * np.minimum(np.abs(x).max(axis=0), 1.0)])
    result = GLM(np.column_stack([events, n - events]), x[:, used], family=family).fit(maxiter=50)
    noise = max(float(result.pearson_chi2 / max(result.df_resid, 1)), 1.0)
    told = np.zeros_like(prior.cov)
    told[np.ix_(used, used)] = np.linalg.pinv(result.cov_params() * noise)
    found = np.zeros(len(used))
    found[used] = result.params
    cov = np.linalg.inv(told + prior.precision)
    return cov @ (told @ found + prior.precision @ prior.mean), cov
