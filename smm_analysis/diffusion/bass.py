"""The Bass model fitted (배스 모형 적합): innovation, imitation, market size, the peak and what comes after it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, unknown
from smm_analysis.terms import Lang, reason

from .curve import outside_share, peak_share
from .fitting import FORMS, Form, Solution, shares, slopes, solve
from .intervals import around, height_slope, of_log, peak_of, peak_slope, quantile, spread_of
from .series import periods_after, read_adoptions

_LEAST, _MOST = 1e-9, 5.0  # per period: a coefficient below, or that may be above, is not told
MEASURES = ("innovation", "imitation", "market_potential", "peak_time", "peak_height")


@dataclass(frozen=True, repr=False)
class BassFit:
    """A fitted Bass model (배스 모형 적합 결과); each number is an `Estimate` at `level`.

    `form` names what was fitted: the forms give other numbers. `p` and `q` are per period, `market_size` in the unit of
    the adoptions, `peak_time` in periods since the launch (the start of the first period), `peak_height` in adoptions
    per period. `ends_before_peak`: the window ends before the peak, or too near it to tell. Then market size, peak and
    forecast are refused, with a reason, unless the market size was given from outside (`given`); so is a `p` or `q`
    that may be anything. `history` has a row a period: period, adoptions, fitted, fitted_low, fitted_high, innovators,
    imitators (which sum to fitted).

    The intervals hold the noise of the series, not that of a given market size, nor that the curve may be another one:
    a market that grows, a price that falls, buyers who buy again.
    """

    form: Form
    p: Estimate
    q: Estimate
    market_size: Estimate
    peak_time: Estimate
    peak_height: Estimate
    ends_before_peak: bool
    given: bool
    level: float
    n: int
    history: pd.DataFrame = field(compare=False)
    solution: Solution = field(compare=False)
    reason: Mapping[Lang, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        size = _said(self.market_size, ",.6g") + (" (given)" if self.given else "")
        numbers = f"p={_said(self.p)}, q={_said(self.q)}, market_size={size}"
        return f"BassFit(form={self.form!r}, {numbers}, periods={self.n}, level={self.level:g})"

    def table(self) -> pd.DataFrame:
        """Return a row a number (배스 모형 결과표).

        Returns
        -------
        DataFrame
            measure (innovation, imitation, market_potential, peak_time, peak_height), form (bass_interval,
            bass_density, bass_cumulative), estimate, standard_error, low, high; reason_en, reason_ko where refused.
        """
        found = (self.p, self.q, self.market_size, self.peak_time, self.peak_height)
        rows = pd.DataFrame({"measure": MEASURES, "form": f"bass_{self.form}"})
        rows["estimate"] = [each.estimate for each in found]
        rows["standard_error"] = [
            math.nan if each.reason else error for each, error in zip(found, self._errors, strict=True)
        ]
        rows[["low", "high"]] = [[each.low, each.high] for each in found]
        return rows.assign(**{f"reason_{lang}": [each.reason.get(lang, "") for each in found] for lang in ("en", "ko")})

    def forecast(self, periods: int) -> pd.DataFrame:
        """Return what comes next (예측), with intervals for the numbers that will be seen, noise included.

        Parameters
        ----------
        periods
            How many periods ahead, from 1.

        Returns
        -------
        DataFrame
            A row a period: period, adoptions, low, high, then cumulative (what was seen so far and what is forecast),
            cumulative_low, cumulative_high, form; NaN with reason_en, reason_ko where the market size is refused.
        """
        if periods < 1:
            raise ValueError(f"periods must be 1 or more, not {periods!r}")
        ahead = shares(_by_period(self.form), self.solution.p, self.solution.q, self.n + periods)[self.n :]
        expected = self.solution.market_size * ahead
        change, noise = self._slopes(self.n + periods)[self.n :], self.solution.noise
        seen, steps = self.history["adoptions"].sum(), np.arange(1, periods + 1)
        columns = around("", expected, self._spread(change) + noise, self._times)
        columns |= around(
            "cumulative", seen + expected.cumsum(), self._spread(change.cumsum(axis=0)) + steps * noise, self._times
        )
        columns["cumulative_low"] = np.maximum(columns["cumulative_low"], seen)
        if self.given:
            columns["cumulative_high"] = np.minimum(columns["cumulative_high"], self.market_size.estimate)
        labels = periods_after(pd.Index(self.history["period"]), periods)
        table = pd.DataFrame({"period": labels} | columns).assign(form=f"bass_{self.form}")
        if self.reason:
            table[list(columns)] = math.nan
        return table.assign(**{f"reason_{lang}": self.reason.get(lang, "") for lang in ("en", "ko")})

    @property
    def _times(self) -> float:
        return quantile(self.level, self.n - len(self.solution.covariance))

    @property
    def _errors(self) -> list[float]:
        """Standard errors in the order of `MEASURES`."""
        p, q, size = self.solution.p, self.solution.q, self.solution.market_size
        logs = np.sqrt(np.diagonal(self.solution.covariance))
        peak, height = np.sqrt(self._spread(np.array([peak_slope(p, q), height_slope(p, q)])))
        market = 0.0 if self.given else size * logs[2]
        return [p * logs[0], q * logs[1], market, peak, size * peak_share(p, q) * height]

    def _slopes(self, n: int) -> np.ndarray:
        found = self.solution
        return slopes(_by_period(self.form), found.p, found.q, found.market_size, n)

    def _spread(self, change: np.ndarray) -> np.ndarray:
        return spread_of(self.solution, change)


def fit_bass(
    adoptions: Sequence[float] | np.ndarray | pd.Series,
    *,
    periods: Sequence | pd.Index | None = None,
    market_size: float | None = None,
    form: Form = "interval",
    level: float = 0.90,
) -> BassFit:
    """Fit the Bass model to adoptions per period (배스 모형 적합하기).

    Everybody who has not adopted does so at the rate p + q F(t): Bass (1969, Management Science 15(5), 215-227). Forms:

    - ``interval``: adoptions in a period are market size x (F(t) - F(t-1)): Srinivasan & Mason (1986, Marketing
      Science 5(2), 169-178), nonlinear least squares;
    - ``density``: market size x f(t), the rate at the period's end, which is not what a period's count is;
    - ``cumulative``: all adoptions so far are market size x F(t); noise of a period stays in all later sums, which the
      standard errors allow for.

    The series must begin at the launch: time 0 is the start of its first period. Least squares may have no minimum
    (Jukić 2013, European Journal of Pure and Applied Mathematics 6(4), 435-450): while sales still climb, ever larger
    markets fit ever better. Such windows are flagged, and their market size is refused.

    Intervals are t intervals (n - 3 degrees of freedom, n - 2 with a given market) of the logarithms with the HC3
    sandwich. They cover at about their level both where noise is of one size and where it is in proportion
    (`benchmarks/bass.py`); the usual errors, which take it to be of one size, do not.

    Parameters
    ----------
    adoptions
        First purchases, new users or new followers per period, 0 or more, at least 4 periods (기간별 채택 수).
    periods
        A label for each period, rising without a gap: years, dates or pandas periods; by default a Series' index.
    market_size
        Everybody who will ever adopt, if known from outside (households, say); else it is estimated.
    form
        What is fitted: ``"interval"``, ``"density"`` or ``"cumulative"``.
    level
        Two-sided level of the intervals, 0..1.

    Raises
    ------
    ValueError
        Negative or missing adoptions, all 0, fewer than 4 periods, never growing; periods that do not rise or have a
        gap; a market size below what was adopted already; an unknown form.

    Examples
    --------
    Colour television sets sold in the United States 1963-70, thousands:

    >>> fit_bass([747, 1480, 2646, 5118, 5777, 5982, 5962, 4631])
    BassFit(form='interval', p=0.01847, q=0.6159, market_size=39,658.6, periods=8, level=0.9)

    """
    series = read_adoptions(adoptions, periods)
    _check_options(series, market_size, form, level)
    found = solve(series.to_numpy(), form, market_size)
    n, given = len(series), market_size is not None
    peak = peak_of(found, level, n)
    early = not peak.high < n
    why = reason("before_peak", n=n) if early and not given else {}
    size = found.market_size * peak_share(found.p, found.q)
    told = [of_log(found.p, found, [1, 0, 0], level), of_log(found.q, found, [0, 1, 0], level)]
    told = [unknown(level, n, why) if why and _untold(each) else each for each in told]
    rest = [
        _given(found.market_size, level, n) if given else of_log(found.market_size, found, [0, 0, 1], level),
        peak,
        of_log(size, found, height_slope(found.p, found.q), level),
    ]
    rest = [unknown(level, n, why) for _ in rest] if why else rest
    return BassFit(form, *told, *rest, early, given, level, n, _history(series, found, form, level), found, why)


def fulfilment(fit: BassFit, came: Sequence[float] | np.ndarray | pd.Series) -> Estimate:
    """Return what came after the window as a percentage of what was forecast for it (예측 대비 실제), %.

    The interval is the forecast's: what came is known. Unknown, with the reason, where the forecast is refused.

    Parameters
    ----------
    came
        Adoptions of the periods right after the window, in order.
    """
    if fit.reason or not len(came):
        return unknown(fit.level, fit.n, fit.reason or reason("nothing_came", n=fit.n))
    total, ahead = float(np.sum(np.asarray(came, float))), fit.forecast(len(came)).iloc[-1]
    seen = fit.history["adoptions"].sum()
    foreseen = [ahead[name] - seen for name in ("cumulative", "cumulative_high", "cumulative_low")]
    ends = (100 * total / people if people > 0 else math.inf for people in foreseen)
    return Estimate(*ends, fit.level, fit.n)


def _check_options(series: pd.Series, market_size: float | None, form: Form, level: float) -> None:
    if form not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}, not {form!r}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")
    if market_size is not None and not series.sum() < market_size < math.inf:
        raise ValueError(f"market_size must exceed the {series.sum():,.6g} who adopted already; given {market_size!r}")


def _history(series: pd.Series, found: Solution, form: Form, level: float) -> pd.DataFrame:
    """Return the window with the curve in it, its band, and who was moved by what."""
    n, kind = len(series), _by_period(form)
    expected = found.market_size * shares(kind, found.p, found.q, n)
    spread = spread_of(found, slopes(kind, found.p, found.q, found.market_size, n))
    band = around("fitted", expected, spread, quantile(level, n - len(found.covariance)))
    outside = found.market_size * _outside(kind, found.p, found.q, n)
    people = {"innovators": outside, "imitators": expected - outside}
    return pd.DataFrame({"period": series.index, "adoptions": series.to_numpy()} | band | people)


def _outside(kind: Form, p: float, q: float, n: int) -> np.ndarray:
    """Return the share that outside influence moves in each period."""
    if kind == "density":
        return p * (1 - shares("cumulative", p, q, n))
    return np.diff(outside_share(p, q, np.arange(n + 1.0)))


def _by_period(form: Form) -> Form:
    """Return the form in which a fit speaks of single periods."""
    return "density" if form == "density" else "interval"


def _untold(coefficient: Estimate) -> bool:
    """Whether a coefficient ran to the edge of the search, where only its product with the market size is told."""
    return coefficient.estimate < _LEAST or coefficient.high > _MOST


def _given(market_size: float, level: float, n: int) -> Estimate:
    return Estimate(market_size, market_size, market_size, level, n)


def _said(found: Estimate, digits: str = ".4g") -> str:
    return "refused" if found.reason else format(found.estimate, digits)
