"""Who buys again, who is gone and who comes back (재구매, 떠난 고객, 돌아온 고객), until they are loyal customers.

A loyal customer (충성 고객) has two purchases within 13 weeks. Who has not is either waiting for a second purchase, or
gone: nothing bought for 13 weeks. Who is gone and buys again has come back, and may become loyal by the next purchase.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from smm_analysis.tables import mondays

from .blocks import prior
from .rates import Prior, RateFit, fit_rate
from .weeks import saturating

LOYAL_WITHIN = 13  # two purchases within so many weeks make a loyal customer; who has not bought for so long is gone
SINCE = (1, 2, 3, 5, 8, LOYAL_WITHIN)  # weeks since the last purchase at which the chance of another may change
BOUGHT = ("paid", "atl")  # sources of customers won by one-way media
KINDS = 4  # of customers: won otherwise and by one-way media, and both again for those who have come back before
_CLASSES = len(SINCE) + 1
_SILENT = np.arange(_CLASSES) > SINCE.index(5)  # who has not bought for five weeks or more
_WEEK = pd.Timedelta(days=7)


def _again_prior() -> Prior:
    """Return the prior of buying again: of the pulls, then of what moves them all.

    The pulls are chances a week by weeks since the last purchase, and what is added to them by participation that
    everybody remembers, for those who never came back and those who did, and by as much of paid media. In 24 worlds
    drawn at random (development seeds 1000 to 1023 of benchmarks/strategies_truth.py) participation adds .02 to .03
    where it adds anything; the prior is nearer to nothing, so that who never tried it is not sent there.
    """
    by_since = (0.002, 1.5), *[(0.05, 1.0)] * 5, (0.012, 2.0)
    pulls = prior(*by_since, (0.006, 1.0), (0.006, 1.0), (0.0005, 1.0), together=((7, 9, 0.7),))
    n, cov = len(pulls.mean), np.diag(np.array([0.4, 0.1, 0.4]) ** 2)
    whole = np.zeros((n + 3, n + 3))
    whole[:n, :n], whole[n:, n:] = pulls.cov, cov
    return Prior(np.r_[pulls.mean, -0.2, 0.0, -0.3], whole)


AGAIN_PRIOR = _again_prior()  # the effects are those of bought, of relationship (per 0.1) and of having come back
SOURCE_PRIOR = Prior(np.array([0.0, 1.0, -0.5]), np.diag(np.array([2.0, 0.3, 0.3]) ** 2))


def repeat_panel(customers: pd.DataFrame, purchases: pd.DataFrame, *, brand: str, until: pd.Timestamp) -> pd.DataFrame:
    """Count who buys again until they are loyal customers, by week of the last purchase (재구매 과정).

    A loyal customer has two purchases within 13 weeks of each other; who is not loyal yet is at risk. Who buys again
    after longer has come back, and is at risk anew.

    Returns
    -------
    DataFrame
        brand, last (week of the last purchase), week, bought (won by paid or mass media), back (who came back before),
        at_risk, again (people who bought).
    """
    mine = customers[customers["brand"] == brand]
    kept = purchases[purchases["customer_key"].isin(mine["customer_key"])]
    waits = pd.DataFrame({"key": kept["customer_key"], "last": mondays(kept["purchased_at"])}).sort_values(
        ["key", "last"], ignore_index=True
    )
    person = waits.groupby("key")["last"]
    loyal = waits["last"] - person.shift() < LOYAL_WITHIN * _WEEK
    waits = waits.assign(next=person.shift(-1), back=person.cumcount() > 0)[~loyal.groupby(waits["key"]).cummax()]
    sources = mine.set_index("customer_key")["source"].isin(BOUGHT)
    waits["kind"] = waits["key"].map(sources).to_numpy(dtype=int) + 2 * waits["back"]
    return _risk_sets(waits, mondays(pd.Series([until]))[0]).assign(brand=brand)


def _risk_sets(waits: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """Count waits at risk and those that ended in a purchase, for each kind, week of the last purchase and week."""
    start, again = waits["last"].min() if len(waits) else end, waits["next"].notna().to_numpy()
    last, until = (((dates - start) // _WEEK).to_numpy() for dates in (waits["last"], waits["next"].fillna(end)))
    weeks = int((end - start) // _WEEK) + 1
    kind = waits["kind"].to_numpy()
    came, ended, bought = (np.zeros((KINDS, weeks, weeks)) for _ in range(3))
    np.add.at(came, (kind, last, last), 1)
    np.add.at(ended, (kind, last, until), 1)
    np.add.at(bought, (kind[again], last[again], until[again]), 1)
    at_risk = np.cumsum(came, axis=2) - (np.cumsum(ended, axis=2) - ended)
    k, c, w = np.nonzero(at_risk > 0)
    day = start + pd.to_timedelta(7 * np.arange(weeks), unit="D")
    values = {"bought": k % 2 == 1, "back": k > 1, "at_risk": at_risk[k, c, w], "again": bought[k, c, w]}
    return pd.DataFrame({"last": day[c], "week": day[w]} | values)


@dataclass(frozen=True)
class RepeatFit:
    """Who buys again (재구매율), and who is bought.

    `again` : the rate of another purchase; its pulls are the chance by weeks since the last one, then what
    participation and paid media add; it is moved by bought (won by one-way media), relationship (per 0.1 over the
    record's mean), having come back, and conditions. `sources` says with `sources_cov` which share of new customers is
    bought. `waiting` (kinds, weeks since the last purchase) are who was not loyal at the record's end; `n` counts
    customers who were seen to buy.
    """

    again: RateFit
    sources: np.ndarray
    sources_cov: np.ndarray
    waiting: np.ndarray
    n: int

    @property
    def told(self) -> tuple[np.ndarray, np.ndarray]:
        """The pulls and first effects and their covariance: what other brands can learn from."""
        j = len(AGAIN_PRIOR.mean)
        return np.r_[self.again.theta, self.again.gamma][:j], self.again.cov[:j, :j]

    def draw(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw weights of the pulls (n, pulls), effects (n, 3 + conditions) and sources (n, 3)."""
        theta, gamma = self.again.draw(rng, n)
        root = np.linalg.cholesky(self.sources_cov)
        return np.exp(theta), gamma, self.sources + rng.standard_normal((n, len(root))) @ root.T


def class_of(since: np.ndarray) -> np.ndarray:
    """Return the class of weeks since the last purchase, 0 .. len(SINCE)."""
    return np.searchsorted(SINCE, since, side="right")


def again_pulls(participation: np.ndarray, paid: np.ndarray) -> np.ndarray:
    """Return what pulls to another purchase, (..., back, classes of weeks since the last one, pulls).

    `participation` and `paid` (...) are contacts per head that are remembered. They pull those who have been silent for
    some weeks: the others are customers still.
    """
    woken = saturating(np.stack(np.broadcast_arrays(participation, paid), axis=-1))
    out = np.zeros((*woken.shape[:-1], 2, _CLASSES, _CLASSES + 3))
    out[..., :_CLASSES] = np.eye(_CLASSES)
    for back in (0, 1):
        out[..., back, _SILENT, _CLASSES + back] = woken[..., :1]
        out[..., back, _SILENT, -1] = woken[..., 1:]
    return out


def source_columns(paid: np.ndarray, earned: np.ndarray) -> np.ndarray:
    """Return what tells the share of bought customers: logs of remembered contacts and passings-on, per head."""
    return np.stack([np.ones_like(paid), np.log(paid + 0.02), np.log(earned + 0.01)], axis=-1)


def fit_repeat(
    repeat: pd.DataFrame,
    start: pd.Timestamp,
    *,
    pulls: np.ndarray,
    path: np.ndarray,
    conditions: np.ndarray,
    sources: np.ndarray,
    prior: Prior = AGAIN_PRIOR,
) -> RepeatFit:
    """Fit who buys again as a rate, and who is bought by a binomial regression (statsmodels), with weak priors.

    Parameters
    ----------
    repeat : of one brand, from `repeat_panel`.
    start : the week of the first row of `pulls` (weeks, 2, classes, pulls; from `again_pulls`), `path`, `conditions`
        and `sources` (weeks, 3).
    prior : of the pulls, and of the effects of bought, relationship and having come back.
    """
    week, last = (((repeat[name] - start) // _WEEK).to_numpy() for name in ("week", "last"))
    inside = (week >= 0) & (week < len(path))
    table = repeat[inside].assign(week=week[inside], since=np.minimum(week - last, LOYAL_WITHIN)[inside])
    cells = table.assign(age=class_of(table["since"].to_numpy()))
    cells = cells.groupby(["bought", "back", "age", "week"])[["again", "at_risk"]].sum().reset_index()
    at, age, back = (cells[name].to_numpy(dtype=int) for name in ("week", "age", "back"))
    moved = [cells["bought"], (path[at] - path.mean()) / 0.1, back * (age < len(SINCE)), conditions[at]]
    y, n = (cells[name].to_numpy(dtype=float) for name in ("again", "at_risk"))
    again = fit_rate(y, n, pulls[at, back, age], prior, conditions=np.column_stack(moved))
    new = table[(table["since"] == 0) & ~table["back"]]
    return RepeatFit(again, *_fit_sources(new, sources), _waiting(table, len(path)), int(new["at_risk"].sum()))


def _waiting(table: pd.DataFrame, weeks: int) -> np.ndarray:
    """Count who is not loyal after the last week, by kind and weeks since the last purchase."""
    end = table[table["week"] == weeks - 1]
    kind, since = end["bought"] + 2 * end["back"], np.minimum(end["since"] + 1, LOYAL_WITHIN)
    out = np.zeros((KINDS, LOYAL_WITHIN + 1))
    np.add.at(out, (kind.to_numpy(), since.to_numpy()), end["at_risk"] - end["again"])
    return out


def _fit_sources(new: pd.DataFrame, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit the share of bought among new customers, drawn towards its prior as two normals are combined."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    if new.empty:
        return SOURCE_PRIOR.mean, SOURCE_PRIOR.cov
    came = new.groupby(["week", "bought"])["at_risk"].sum().unstack(fill_value=0)  # noqa: PD010
    came = came.reindex(columns=[True, False], fill_value=0)
    some = np.diag(np.minimum(np.abs(x).max(axis=0), 1.0)), np.tile([0.5, 4.5], (3, 1))  # no share is none or all
    x, counts = np.vstack([x[came.index.to_numpy()], some[0]]), np.vstack([came.to_numpy(), some[1]])
    result = GLM(counts, x, family=Binomial()).fit(maxiter=50)
    told = np.linalg.pinv(result.cov_params() * max(float(result.pearson_chi2 / max(result.df_resid, 1)), 1.0))
    cov = np.linalg.inv(told + SOURCE_PRIOR.precision)
    return cov @ (told @ result.params + SOURCE_PRIOR.precision @ SOURCE_PRIOR.mean), cov
