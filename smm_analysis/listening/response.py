"""When and in which form posts are answered best (반응이 좋은 시간과 형식, S0.10): an aid, not a verdict.

Naively the best hour is the one with the highest rate: with forty of them, an hour with two posts and much luck. And
who posts promotions at noon and stories at night compares kinds, not hours. Here each hour (or form) is compared with
what its posts would get elsewhere, given their other features, and pulled towards the average the more, the less it was
tried (partial pooling, 부분 풀링). Still, hours and forms were chosen and not drawn by lot: what the table does not
hold, such as the occasion, stays mixed in. To know, alternate the two best at random for some weeks.

The model is Poisson with gamma effects of the cells (Clayton & Kaldor 1987, Biometrics 43; Lee & Nelder 1996, JRSS B
58) beside an additive log-linear model of the other features, negative binomial so that posts vary more than by chance
(Breslow 1984, Applied Statistics 33); each post counts by what it is worth under that variation. How much cells differ
is not plugged in but averaged over, with a flat prior on its standard deviation (Gelman 2006, Bayesian Analysis 1(3)):
with little data nothing is certain to be equal. The other features' effects are taken as known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from smm_analysis.estimate import check_level
from smm_analysis.terms import LANGS, Lang, reason

RESPONSES = ("reactions", "comments", "shares")
HOUR_BLOCKS = (0, 7, 10, 13, 17, 20, 24)
MIN_POSTS, MIN_CELL = 30, 3
_SPREADS = np.linspace(0.02, 1.5, 75)  # standard deviations of the cells' effects that are averaged over
_ROUNDS, _DRAWS = 8, 4000
_COLUMNS = [
    "n",
    "exposure",
    "observed_rate",
    "estimate",
    "low",
    "high",
    "times_average",
    "times_average_low",
    "times_average_high",
    "chance_best",
]


def best_hours(
    posts: pd.DataFrame,
    *,
    each_weekday: bool = True,
    blocks: Sequence[int] = HOUR_BLOCKS,
    responses: Sequence[str] = RESPONSES,
    per: str = "impressions",
    level: float = 0.95,
    min_posts: int = MIN_POSTS,
    rng: np.random.Generator | int = 0,
) -> pd.DataFrame:
    """Rank hours of the week by response per 1,000 impressions, adjusted for what was posted (반응이 좋은 시간, S0.10).

    Adjusted for kind, medium and month, by additive effects on the log scale.

    Parameters
    ----------
    posts : the `posts` table of one brand; `published_at` in local time.
    each_weekday : False takes all days together.
    blocks : edges of the blocks of hours, from 0 to 24.
    responses : columns that are added up; missing ones are left out, at least one must be there.
    per : "impressions" or "reach".
    min_posts : with fewer, all is NaN with a reason. A cell with fewer than 3 posts keeps its counts only.
    rng : for the draws of the posterior; a generator or a seed.

    Returns
    -------
    DataFrame
        A row a cell that was tried, best first: weekday (1 Monday .. 7 Sunday; if each), hour_block ("07-10"), n
        (posts), exposure, observed_rate (naive responses per 1,000), estimate, low, high (responses per 1,000 at the
        average mix), times_average, times_average_low, times_average_high (1 = the average post), chance_best (that no
        other cell is better, 0..1), reason_en, reason_ko. ``attrs["n_left_out"]`` counts posts without exposure or
        response.
    """
    _check_blocks(blocks)
    clock = _clock(posts, blocks)
    cells = clock[["weekday", "hour_block"]] if each_weekday else clock[["hour_block"]]
    others = clock[["month"]] if each_weekday else clock[["month", "weekday"]]
    features = pd.concat([others, _present(posts, ("kind", "medium"))], axis=1)
    return _ranked(posts, cells, features, _Ask(tuple(responses), per, level, min_posts), rng)


def best_forms(
    posts: pd.DataFrame,
    by: Sequence[str] = ("kind", "medium"),
    *,
    blocks: Sequence[int] = HOUR_BLOCKS,
    responses: Sequence[str] = RESPONSES,
    per: str = "impressions",
    level: float = 0.95,
    min_posts: int = MIN_POSTS,
    rng: np.random.Generator | int = 0,
) -> pd.DataFrame:
    """Rank forms of posts by response per 1,000 impressions, adjusted for when they appeared (반응이 좋은 형식, S0.10).

    Adjusted for weekday, block of hours and month, and for whichever of kind and medium is not in `by`. Parameters and
    columns as in `best_hours`, with the columns of `by` in place of the hours.
    """
    _check_blocks(blocks)
    missing = [name for name in by if name not in posts]
    if missing or not by:
        raise ValueError(f"by must name columns of posts; {', '.join(map(repr, missing)) or 'nothing'} was given")
    features = pd.concat(
        [_clock(posts, blocks), _present(posts, [name for name in ("kind", "medium") if name not in by])], axis=1
    )
    return _ranked(posts, posts[list(by)], features, _Ask(tuple(responses), per, level, min_posts), rng)


# --- reading posts ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Ask:
    """What is counted, and how it is shown."""

    responses: tuple[str, ...]
    per: str
    level: float
    min_posts: int

    def __post_init__(self) -> None:
        if self.per not in ("impressions", "reach"):
            raise ValueError(f"per must be 'impressions' or 'reach', not {self.per!r}")
        check_level(self.level)


def _check_blocks(blocks: Sequence[int]) -> None:
    if list(blocks) != sorted(set(blocks)) or blocks[0] != 0 or blocks[-1] != 24:
        raise ValueError(f"blocks must be rising hours from 0 to 24, not {tuple(blocks)!r}")


def _clock(posts: pd.DataFrame, blocks: Sequence[int]) -> pd.DataFrame:
    """Return weekday, block of hours and month of each post."""
    at = posts["published_at"]
    if at.dtype.kind != "M":
        raise ValueError(f"published_at must hold times, all with or all without a timezone, not {at.dtype} values")
    names = [f"{a:02d}-{b:02d}" for a, b in pairwise(blocks)]
    hours = pd.cut(at.dt.hour, list(blocks), right=False, labels=names).astype(object)
    month = at.dt.strftime("%Y-%m")
    return pd.DataFrame({"weekday": at.dt.day_of_week + 1, "hour_block": hours, "month": month}, posts.index)


def _present(posts: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    return posts[[name for name in names if name in posts]]


def _counts(posts: pd.DataFrame, ask: _Ask) -> tuple[pd.Series, pd.Series]:
    """Return responses and exposure of each post, NaN where one is not known."""
    given = [name for name in ask.responses if name in posts]
    if not given or ask.per not in posts:
        raise ValueError(f"posts need the column {ask.per!r} and one of {', '.join(map(repr, ask.responses))}")
    response = posts[given].astype(float).sum(axis=1, min_count=len(given))
    exposure = posts[ask.per].astype(float)
    return response, exposure.where(exposure > 0)


# --- estimates -------------------------------------------------------------------------------------------------------


def _ranked(
    posts: pd.DataFrame, cells: pd.DataFrame, features: pd.DataFrame, ask: _Ask, rng: np.random.Generator | int
) -> pd.DataFrame:
    response, exposure = _counts(posts, ask)
    use = response.notna() & exposure.notna() & cells.notna().all(axis=1) & features.notna().all(axis=1)
    y, e, cells, features = (part[use].reset_index(drop=True) for part in (response, exposure, cells, features))
    code, keys = pd.factorize(pd.MultiIndex.from_frame(cells), sort=True)
    table = keys.to_frame(index=False, name=list(cells))
    table["n"] = np.bincount(code, minlength=len(keys)).astype(int)
    table["exposure"] = np.bincount(code, e, len(keys))
    table["observed_rate"] = 1000 * np.bincount(code, y, len(keys)) / table["exposure"]
    enough = len(y) >= ask.min_posts and y.sum() > 0
    draws = _effects(y.to_numpy(), e.to_numpy(), code, features, np.random.default_rng(rng)) if enough else None
    found = _told(table, draws, y.sum(), ask)
    found.attrs["n_left_out"] = int((~use).sum())
    return found


def _told(table: pd.DataFrame, draws: np.ndarray | None, n_responses: float, ask: _Ask) -> pd.DataFrame:
    """Add estimates and reasons to the counts, best first."""
    table = table.reindex(columns=[*table.columns, *_COLUMNS[3:]])
    shown = (table["n"] >= MIN_CELL).to_numpy() & (draws is not None)
    if shown.any():
        weight = table["exposure"].to_numpy() / table["exposure"].sum()
        ratios = draws / (draws @ weight)[:, None]  # 1 = the average of what was posted
        table.loc[shown, _COLUMNS[3:]] = _read(
            ratios[:, shown], 1000 * n_responses / table["exposure"].sum(), ask.level
        )
    words = [_why(n, table["n"].sum(), n_responses, ask) for n in table["n"]]
    for lang in LANGS:
        table[f"reason_{lang}"] = [word[lang] for word in words]
    return table.sort_values("estimate", ascending=False, kind="stable", ignore_index=True)


def _why(n: int, n_posts: int, n_responses: float, ask: _Ask) -> dict[Lang, str]:
    if n_posts < ask.min_posts:
        return reason("few_posts", n=n_posts, needed=ask.min_posts)
    if n_responses == 0:
        return reason("no_responses", n=n_posts)
    return reason("few_posts", n=n, needed=MIN_CELL) if n < MIN_CELL else dict.fromkeys(LANGS, "")


def _read(draws: np.ndarray, average: float, level: float) -> np.ndarray:
    """Return a row a cell: estimate, low, high per 1,000, the same as ratios, chance to be the best."""
    middle = draws.mean(axis=0)
    low, high = np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    best = np.bincount(draws.argmax(axis=1), minlength=draws.shape[1]) / len(draws)
    ratios = np.stack([middle, low, high])
    return np.vstack([average * ratios, ratios, best]).T


def _effects(
    y: np.ndarray, e: np.ndarray, code: np.ndarray, features: pd.DataFrame, rng: np.random.Generator
) -> np.ndarray:
    """Draw the cells' effects, draws x cells: features and cells are fitted in turn until both agree."""
    from statsmodels.genmod.families import NegativeBinomial
    from statsmodels.genmod.generalized_linear_model import GLM

    x = pd.get_dummies(features.astype(str), drop_first=True, dtype=float).assign(one=1.0).to_numpy()
    effect, extra, start, free = np.ones(code.max() + 1), 1e-6, None, len(y) - np.linalg.matrix_rank(x)
    shape = _SPREADS[:, None] ** -2.0
    for _ in range(_ROUNDS):
        family = NegativeBinomial(alpha=extra)
        fit = GLM(y, x, family=family, offset=np.log(e * effect[code])).fit(start_params=start)
        start, mean = fit.params, fit.fittedvalues
        extra = _extra_variation(y, mean, free)
        counts = 1 / (1 + extra * mean)  # what a response is worth, beside one of pure chance
        got, due = np.bincount(code, y * counts), np.bincount(code, mean / effect[code] * counts)
        weight = _spread_weights(got, due)
        effect = weight @ ((shape + got) / (shape + due))
    drawn = rng.choice(shape[:, 0], size=_DRAWS, p=weight)[:, None]
    return rng.gamma(drawn + got, 1 / (drawn + due))


def _extra_variation(y: np.ndarray, mean: np.ndarray, free: int) -> float:
    """Return by how much posts vary beyond chance: variance is mean + this * mean^2 (Breslow 1984: Pearson's sum)."""
    from scipy.optimize import brentq

    def excess(extra: float) -> float:
        return ((y - mean) ** 2 / (mean + extra * mean**2)).sum() - max(free, 1)

    return brentq(excess, 1e-6, 100) if excess(1e-6) > 0 > excess(100) else 1e-6


def _spread_weights(got: np.ndarray, due: np.ndarray) -> np.ndarray:
    """How likely each spread of the effects is: negative binomial counts, a flat prior."""
    from scipy.special import gammaln

    shape = _SPREADS[:, None] ** -2.0
    log = gammaln(shape + got) - gammaln(shape) + shape * np.log(shape) - (shape + got) * np.log(shape + due)
    total = (log + got * np.log(due)).sum(axis=1)
    weight = np.exp(total - total.max())
    return weight / weight.sum()
