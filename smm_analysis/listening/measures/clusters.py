"""Means and shares of mentions whose authors write more than once (군집 평균과 비율).

Who writes ten times is one person. How alike one author's mentions are, the intraclass correlation (급내 상관), is
estimated from the pairs of mentions of one author in one group, over all groups at once: one week alone says too little
of it. A group's mentions are then worth n / deff independent ones, deff = 1 + (k - 1) rho, with k the sum of squares of
what the authors wrote over n (Kish 1965, Survey Sampling, 8.2; the sum of squares is corrected as in Bell & McCaffrey
2002, Survey Methodology 28(2)). Intervals are made at that count: Wilson's for shares, with Student's quantile at as
many degrees of freedom as the authors are worth (Korn & Graubard 1998, Survey Methodology 24(2), and Dean & Pagano
2015, Journal of Survey Statistics and Methodology 3(4), compare such intervals). A few heavy writers make it wide.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from smm_analysis.estimate import check_level, wilson


@dataclass(frozen=True)
class Clustered:
    """Means by group, of rows that come in persons (군집 평균).

    `table` has a row a group: n rows, people, estimate, spread (variance of a row), worth (independent rows), alike
    (how many people the rows are worth if each person's are all the same). `cells` has a row a group and person: group,
    person, pull (what the person moves the mean by). `correlation` is that of two rows of one person, 0..1.
    """

    table: pd.DataFrame
    cells: pd.DataFrame
    correlation: float


def clustered(values: np.ndarray, groups: np.ndarray, people: np.ndarray, n_groups: int) -> Clustered:
    """Return the mean of each group, with what its interval needs (군집을 고려한 평균).

    Parameters
    ----------
    values : numbers, without gaps.
    groups, people : whole numbers from 0: which group, and whose, each value is; a group may have none.
    """
    base = int(people.max(initial=0)) + 1
    found, cell = np.unique(groups.astype(np.int64) * base + people, return_inverse=True)
    group, person = found // base, found % base
    rows = np.bincount(cell, minlength=len(found))
    n = np.bincount(group, rows, n_groups)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(groups, values, n_groups) / n
        squares = np.bincount(cell, (values - mean[groups]) ** 2, len(found))
        residual = np.bincount(cell, values, len(found)) - mean[group] * rows
        spread = np.bincount(group, squares, n_groups) / (n - 1)
        writing = np.bincount(group, rows**2, n_groups) / n
        rho = _correlation(residual, squares, rows, spread[group], n[group])
        worth = n / (1 + (writing - 1) * rho)
        pull = residual / n[group]
        columns = {"estimate": mean, "spread": spread, "worth": worth, "alike": n / writing}
    counts = {"n": n.astype(int), "people": np.bincount(group, minlength=n_groups)}
    return Clustered(
        pd.DataFrame(counts | columns), pd.DataFrame({"group": group, "person": person, "pull": pull}), rho
    )


def _correlation(
    residual: np.ndarray, squares: np.ndarray, rows: np.ndarray, spread: np.ndarray, n: np.ndarray
) -> float:
    """Return how alike rows of one person are, from all pairs of them; 1 where there are no pairs to tell."""
    several = (rows < n) & (rows > 1)  # who is alone in a group says nothing of it
    share = (rows / n)[several]
    together = residual[several] ** 2 / (1 - share) - squares[several] * (n / (n - 1))[several]
    possible = (spread * rows * (rows - 1))[several].sum()
    return float(np.clip(together.sum() / possible, 0, 1)) if possible > 0 else 1.0


def share_interval(table: pd.DataFrame, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of Wilson's interval at the count that the rows are worth (군집 비율의 신뢰구간)."""
    return wilson(table["estimate"].to_numpy(), table["worth"].to_numpy(), _student(table, level))


def mean_interval(table: pd.DataFrame, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of Student's interval of means in -1..1 (군집 평균의 신뢰구간).

    Where all rows are the same it would be of zero width: then it is Wilson's, of a share from -1 to 1.
    """
    mean, worth, spread = (table[name].to_numpy() for name in ("estimate", "worth", "spread"))
    quantile = _student(table, level)
    half = quantile * np.sqrt(spread / worth)
    low, high = wilson((mean + 1) / 2, worth, quantile)
    same = spread < 1e-24
    return np.where(same, 2 * low - 1, mean - half).clip(-1, 1), np.where(same, 2 * high - 1, mean + half).clip(-1, 1)


def difference_interval(now: pd.DataFrame, base: pd.DataFrame, correlation: np.ndarray) -> tuple:
    """Return the ends of the interval of now minus base, from their own (차이의 신뢰구간).

    MOVER, with the correlation that people who wrote in both periods make (Zou & Donner 2008, Statistics in Medicine
    27, eq. 5).
    """
    x, y = now["estimate"].to_numpy(), base["estimate"].to_numpy()
    down, up = x - now["low"].to_numpy(), now["high"].to_numpy() - x
    base_down, base_up = y - base["low"].to_numpy(), base["high"].to_numpy() - y
    below = np.sqrt(down**2 + base_up**2 - 2 * correlation * down * base_up)
    above = np.sqrt(up**2 + base_down**2 - 2 * correlation * up * base_down)
    return x - y - below, x - y + above


def correlations(cells: pd.DataFrame, n_pairs: int) -> np.ndarray:
    """Return how the means of groups 2i and 2i + 1 go together through shared people (공유 인원의 상관), -1..1."""
    pair = cells.assign(pair=cells["group"] // 2)
    now, base = (pair[pair["group"] % 2 == side] for side in (0, 1))
    both = now.merge(base, on=["pair", "person"])
    together = (both["pull_x"] * both["pull_y"]).groupby(both["pair"]).sum()
    length = (cells["pull"] ** 2).groupby(cells["group"]).sum().reindex(range(2 * n_pairs), fill_value=0.0).to_numpy()
    scale = np.sqrt(length[::2] * length[1::2])
    return together.reindex(range(n_pairs), fill_value=0.0).to_numpy() / np.where(scale > 0, scale, 1)


def _student(table: pd.DataFrame, level: float) -> np.ndarray:
    from scipy.special import stdtrit

    check_level(level)
    return stdtrit(table["alike"].to_numpy() - 1, 0.5 + level / 2)
