"""One brand's weeks as arrays, per head of the market (배열로 된 주간 자료), and the features made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from smm_analysis.terms import Lang, reason

from .panel import ACTIVITIES, SEEN

DAYS_A_YEAR, WEEKS_A_YEAR = 365.25, 52
_MISSING = 4  # weeks without outcome that are set aside; with more the weeks before and after are no one series
_SEEN_COLUMNS = [f"seen_{name}" for name in SEEN]


@dataclass(frozen=True)
class Weeks:
    """Arrays of one brand's weeks (주간 배열): counts as they are, exposures per head, money in mean weekly budgets.

    `money` (weeks, lines) in the order of `lines`: the activities, then the channels; `unit` is the mean weekly budget
    in money. `contacts` (weeks, channels), `views` (weeks, 4) and `shares` (weeks,) are per head; `follow` is the share
    who follow before the week. `conditions` is season (the first `waves` columns) and controls, standardised.
    """

    brand: str
    size: int
    lines: tuple[str, ...]
    unit: float
    money: np.ndarray
    contacts: np.ndarray
    views: np.ndarray
    shares: np.ndarray
    follow: np.ndarray
    new_followers: np.ndarray
    lost_followers: np.ndarray
    customers: np.ndarray
    new_customers: np.ndarray
    felt: np.ndarray
    felt_n: np.ndarray
    crisis: np.ndarray
    conditions: np.ndarray
    waves: int
    start: pd.Timestamp

    @property
    def n(self) -> int:
        """How many weeks."""
        return len(self.money)

    @property
    def channels(self) -> tuple[str, ...]:
        """The paid channels."""
        return self.lines[len(ACTIVITIES) :]

    def line(self, name: str) -> np.ndarray:
        """Money on one line, in mean weekly budgets, (weeks,)."""
        return self.money[:, self.lines.index(name)]


def weeks_of(panel: pd.DataFrame) -> Weeks:
    """Turn one brand's panel into arrays (패널을 배열로)."""
    size = int(panel["market_size"].iloc[0])
    channels = tuple(name.removeprefix("spend_") for name in panel if name.startswith("spend_"))
    lines = (*ACTIVITIES, *channels)
    money = panel[[*(f"effort_{a}" for a in ACTIVITIES), *(f"spend_{c}" for c in channels)]].to_numpy(dtype=float)
    unit = float(money.sum() / len(money)) or 1.0
    followers = panel["followers"].ffill().fillna(0).to_numpy(dtype=float)
    first = max(followers[0] - panel["new_followers"].fillna(0).iloc[0] + panel["lost_followers"].fillna(0).iloc[0], 0)
    felt = panel["relationship"].to_numpy(dtype=float)
    return Weeks(
        brand=str(panel["brand"].iloc[0]),
        size=size,
        lines=lines,
        unit=unit,
        money=money / unit,
        contacts=panel[[f"contacts_{c}" for c in channels]].to_numpy(dtype=float) / size,
        views=panel[_SEEN_COLUMNS].fillna(0).to_numpy(dtype=float) / size,
        shares=panel["shares"].to_numpy(dtype=float) / size,
        follow=np.r_[first, followers[:-1]] / size,
        new_followers=panel["new_followers"].to_numpy(dtype=float),
        lost_followers=panel["lost_followers"].to_numpy(dtype=float),
        customers=panel["customers"].to_numpy(dtype=float),
        new_customers=panel["new_customers"].to_numpy(dtype=float),
        felt=felt,
        felt_n=np.where(np.isfinite(felt), panel["relationship_n"].to_numpy(dtype=float), 0.0),
        crisis=panel["crisis"].to_numpy(dtype=float),
        conditions=conditions_of(panel),
        waves=2 if len(panel) >= WEEKS_A_YEAR else 0,
        start=panel["week"].iloc[0],
    )


def unusable(panel: pd.DataFrame) -> Mapping[Lang, str]:
    """Return why one brand's weeks cannot be fitted at all, empty if they can (적합할 수 없는 이유)."""
    brand, new = panel["brand"].iloc[0], panel["new_customers"]
    known = int(new.notna().sum())
    missing = panel.loc[new.isna(), "week"]
    if known < WEEKS_A_YEAR:
        return reason("few_strategy_weeks", brand=brand, weeks=known, needed=WEEKS_A_YEAR)
    if len(missing) > _MISSING:
        return reason("strategy_weeks_missing", brand=brand, missing=len(missing), first=missing.iloc[0], most=_MISSING)
    if new.std() < 1e-9:
        return reason("constant_outcome", brand=brand, value=float(new.max()))
    if panel["shares"].isna().all():
        return reason("no_posts_to_share", brand=brand)
    return {}


def conditions_of(panel: pd.DataFrame) -> np.ndarray:
    """Return season (a year's wave, from a year of weeks on) and controls, standardised; constant ones are left out."""
    moved = panel[[name for name in panel if name.startswith("control_")]].to_numpy(dtype=float)
    angle = 2 * np.pi * (panel["week"] - panel["week"].iloc[0]).dt.days.to_numpy() / DAYS_A_YEAR
    waves = np.column_stack([np.sin(angle), np.cos(angle)]) if len(panel) >= WEEKS_A_YEAR else np.empty((len(panel), 0))
    moved = np.column_stack([moved, _demand_seen(panel["new_customers"])])
    spread = moved.std(axis=0)
    moved = (moved - moved.mean(axis=0))[:, spread > 1e-9] / spread[spread > 1e-9]
    return np.hstack([np.sqrt(2) * waves, moved])


def _demand_seen(new: pd.Series) -> np.ndarray:
    """Return how the last two weeks went against the last eight, in logs: what managers react to."""
    before = new.fillna(0.0).shift()
    recent, usual = (before.rolling(span, min_periods=1).mean().fillna(0.0) for span in (2, 8))
    return np.log((recent + 1) / (usual + 1)).to_numpy()


def remembered(seen: np.ndarray, half_life_weeks: float, first: np.ndarray | float = 0.0) -> np.ndarray:
    """Return what is remembered of exposures, geometric fading along weeks (기억); shape of `seen`."""
    keep, out = 0.5 ** (1 / half_life_weeks), np.empty_like(seen)
    now = np.zeros(seen.shape[1:]) + first
    for week, fresh in enumerate(seen):
        now = keep * now + fresh
        out[week] = now
    return out


def saturating(x: np.ndarray) -> np.ndarray:
    """Return x / (1 + x): the second contact tells less than the first (포화)."""
    return x / (1 + x)
