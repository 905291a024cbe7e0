"""The weeks that a media mix reads (주간 자료 점검): checked, made a baseline; what cannot be used is named."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from smm_analysis.terms import Lang, Refused, reason

_DAYS_A_YEAR = 365.25
_WEEKS_A_YEAR = 52
_FEWEST_WEEKS = 26
_WEEKS_A_PARAMETER = 3
_SHAPES_A_CHANNEL = 3  # effect, carry-over, half-saturation
_TOLD = 1e-6  # what a control must add of its own, share of its standard deviation


def read_weeks(
    weekly: pd.DataFrame, outcome: str, channels: list[str], others: list[str], market: str = ""
) -> pd.DataFrame:
    """Return the weeks as the index and the columns asked for, checked."""
    panel = weekly.set_index("week") if "week" in weekly else weekly
    people = [market] if market else []
    names = [outcome, *channels, *others, *people]
    if not channels:
        raise ValueError("channels is empty: name at least one column of money")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"each column has one part to play; named twice: {', '.join(twice)}")
    if missing := [name for name in names if name not in panel]:
        raise ValueError(f"weekly has no column {', '.join(map(repr, missing))}; it has {', '.join(map(str, panel))}")
    if words := [name for name in names if panel[name].dtype.kind not in "iufb"]:
        raise ValueError(f"column {words[0]!r} of weekly must hold numbers, not {panel[words[0]].dtype} values")
    panel = panel[names].astype(float)
    panel.index = _weeks(panel.index)
    _refuse(panel[channels].lt(0).any(axis=1), "money below 0 in some channel")
    others = others + people
    _refuse(panel[channels + others].isna().any(axis=1), f"an empty value in {', '.join(channels + others)}")
    _refuse(panel[people].le(0).any(axis=1), f"nobody left in {market!r}: the market is larger than that")
    _refuse(np.isinf(panel).any(axis=1), "an infinite value")
    if panel[outcome].nunique() < 2:
        raise Refused("mix_outcome_constant", outcome=outcome)
    return panel


def _weeks(index: pd.Index) -> pd.DatetimeIndex:
    """Return the weeks, every one of them, in order."""
    weeks = pd.DatetimeIndex(pd.to_datetime(index), name="week")
    if weeks.hasnans:
        raise ValueError("a week of weekly is empty")
    if weeks.has_duplicates:
        twice = weeks[weeks.duplicated()]
        raise ValueError(f"weeks come twice, first {twice[0]:%Y-%m-%d}: a media mix is of one brand, a row a week")
    expected = pd.date_range(weeks.min(), weeks.max(), freq="7D")
    if len(gap := expected.difference(weeks)):
        raise ValueError(
            f"weekly has no row for {len(gap)} weeks, first {gap[0]:%Y-%m-%d}: money carries over, so every week is "
            "needed. Add the row with its money; the outcome may be left empty"
        )
    if not weeks.equals(expected):
        raise ValueError("weeks must be seven days apart and in order of time")
    return weeks


def _refuse(bad: pd.Series, what: str) -> None:
    if bad.any():
        first = ", ".join(f"{week:%Y-%m-%d}" for week in bad.index[bad][:5])
        raise ValueError(f"{bad.sum()} of {len(bad)} weeks have {what}, first {first}")


def baseline_of(
    panel: pd.DataFrame, others: list[str], talk: list[str], season_order: int, degree: int
) -> tuple[np.ndarray, int, list[str]]:
    """Return ones, trend, talk, season, controls and events, standardised; how many up to talk; what adds nothing.

    Those up to talk are what is there without media, the others what moves a week.
    """
    time = np.linspace(-1, 1, len(panel))
    angle = 2 * np.pi * (panel.index - panel.index[0]).days.to_numpy() / _DAYS_A_YEAR
    orders = range(1, season_order + 1) if len(panel) >= _WEEKS_A_YEAR else ()
    trend = [_standard(time**power) for power in range(1, degree + 1) if np.ptp(time**power)]
    waves = [_standard(wave(order * angle)) for order in orders for wave in (np.sin, np.cos)]
    table, quiet = _with_named(np.column_stack([np.ones(len(panel)), *trend]), panel[talk])
    level = table.shape[1]
    table, dropped = _with_named(np.column_stack([table, *waves]), panel[others])
    return table, level, quiet + dropped


def _with_named(table: np.ndarray, named: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """Put columns beside a table, and name those that it tells already."""
    dropped = []
    for name, values in named.items():
        column = values.to_numpy()
        rest = column - table @ np.linalg.lstsq(table, column, rcond=None)[0]
        if np.ptp(column) and rest.std() > _TOLD * column.std():
            table = np.column_stack([table, _standard(column)])
        else:
            dropped.append(str(name))
    return table, dropped


def _standard(column: np.ndarray) -> np.ndarray:
    return (column - column.mean()) / column.std()


def set_aside(missing: pd.DatetimeIndex, dropped: list[str]) -> tuple[str, ...]:
    """Say in words which weeks and columns are left out."""
    notes = [f"{name}: never varies, or is told by the other columns" for name in dropped]
    if len(missing):
        first = ", ".join(f"{week:%Y-%m-%d}" for week in missing[:5])
        notes.insert(0, f"{len(missing)} weeks without outcome: {first}{' ...' * (len(missing) > 5)}")
    return tuple(notes)


def unusable(spend: pd.DataFrame, observed: int, baseline: int, season_order: int) -> dict[str, Mapping[Lang, str]]:
    """Return why channels cannot be fitted at all: no money, money that never varies, too few weeks."""
    why = {}
    for name, money in spend.items():
        if not money.any():
            why[name] = reason("channel_without_spend", channel=name)
        elif np.ptp(money) == 0:
            why[name] = reason("channel_one_value", channel=name, spend=money.iloc[0])
    parameters = baseline + _SHAPES_A_CHANNEL * (spend.shape[1] - len(why))
    needed = max(_WEEKS_A_YEAR if season_order else _FEWEST_WEEKS, _WEEKS_A_PARAMETER * parameters)
    if observed < needed:
        few = reason("few_mix_weeks", weeks=observed, needed=needed, channels=spend.shape[1] - len(why))
        why = {name: why.get(name, few) for name in spend}
    return why
