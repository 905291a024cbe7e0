"""What money makes people see (노출): contacts by paid channel, views by activity, by least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .panel import SEEN
from .weeks import Weeks


@dataclass(frozen=True)
class Exposure:
    """Money to contacts and views (노출 함수), money in mean weekly budgets, contacts and views per head.

    contacts = ceiling x (1 - exp(-money / scale)) by channel; views = (base + money x slope) x (followers' share of
    them x followers + others' x the rest) by activity. `most` is the most money seen in a week, by line: beyond it the
    functions were not seen.
    """

    ceiling: np.ndarray
    scale: np.ndarray
    fans: np.ndarray
    others: np.ndarray
    base: np.ndarray
    most: np.ndarray

    def contacts(self, money: np.ndarray) -> np.ndarray:
        """Contacts per head, shape of `money` (..., channels)."""
        return self.ceiling * -np.expm1(-money / self.scale)

    def views(self, money: np.ndarray, follow: np.ndarray) -> np.ndarray:
        """Views per head, (..., 4), at money on the published activities and the share who follow."""
        fans = np.asarray(follow)[..., None]
        return self.fans * fans * money + self.others * (1 - fans) * money + self.base * fans


def fit_exposure(weeks: Weeks) -> Exposure:
    """Fit contacts and views to the record (노출 함수 적합)."""
    channels = [_contact_curve(weeks.line(name), weeks.contacts[:, i]) for i, name in enumerate(weeks.channels)]
    published = [_views(weeks.line(name), weeks.views[:, i], weeks.follow) for i, name in enumerate(SEEN)]
    ceiling, scale = np.array(channels).reshape(-1, 2).T
    fans, others, base = np.array(published).T
    return Exposure(ceiling, scale, fans, others, base, weeks.money.max(axis=0))


def _contact_curve(money: np.ndarray, contacts: np.ndarray) -> tuple[float, float]:
    """Ceiling and scale by profile: at each scale of a grid the ceiling is linear; the middle is weakly preferred."""
    if not np.nansum(contacts) or not money.any():
        return 1.0, 0.2  # never used: a common curve, and the plan's table says that it lies outside the record
    scales = np.geomspace(0.02, 2.0, 60)
    shapes = -np.expm1(-money / scales[:, None])
    ceilings = (shapes @ contacts) / np.maximum((shapes**2).sum(axis=1), 1e-12)
    misfit = ((contacts - ceilings[:, None] * shapes) ** 2).sum(axis=1)
    noise = max(misfit.min() / len(money), 1e-8)
    best = int(np.argmin(misfit / noise + (np.log(scales / 0.2) / 0.7) ** 2))
    return float(ceilings[best]), float(scales[best])


def _views(money: np.ndarray, views: np.ndarray, follow: np.ndarray) -> tuple[float, float, float]:
    """Views of followers and of others per weekly budget, and of followers without money; none below 0."""
    from scipy.optimize import nnls

    design = np.column_stack([money * follow, money * (1 - follow), follow])
    pull = 0.02 * np.abs(design).max()  # a trace of ridge towards a common reach where the record cannot tell
    common = np.array([2.0, 0.2, 0.0])
    rows = np.vstack([design, pull * np.eye(3)])
    return tuple(nnls(rows, np.r_[views, pull * common])[0])
