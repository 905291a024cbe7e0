"""How the relationship moves (관계의 움직임): its own weekly equation from what the firm does.

relationship = keep x last week's + (1 - keep) x (level + sum of weighted drivers): listening, useful content and
participation raise it, promotion and crises lower it. Weekly measures are noisy, so the path is what the equation says,
not what a week's answers say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .weeks import Weeks, remembered, saturating

SIGNS = np.array([1.0, 1.0, 1.0, -1.0, -1.0])  # of listening, useful posts, participation, promotion and crises
KEEPS = (0.90, 0.935, 0.96, 0.975)  # per week: half-lives of 7 to 27 weeks
# log weights: a driver at full strength moves a 0..1 relationship by about so much in the end
PRIOR_MEAN, PRIOR_SD = np.log([0.16, 0.08, 0.06, 0.30, 0.4]), np.array([0.6, 0.7, 0.7, 0.6, 0.5])
_LEVEL_SD, _START_SD = 0.5, 0.03  # priors: the level without any doing; how far the start lies from it
_CRISIS_TALK_SD = 0.3  # prior: how much a crisis colours the week's answers and mentions, beside what it lastingly does
_FREE = 3  # level, start and talk in crises come before the drivers' log weights
_ENOUGH_LISTENING = 0.16  # of a mean weekly budget: half of the most that listening can do
_FELT_AT = 4.0  # weeks over which people feel a share of promotion


@dataclass(frozen=True)
class RelationFit:
    """Draws of the equation (관계식): `keep` (draws,), `level`, `start` (draws,), `weights` (draws, drivers), signed.

    `paths` (draws, weeks) is the relationship over the record; `noise` the spread of one answer; `n` answers.
    """

    keep: np.ndarray
    level: np.ndarray
    start: np.ndarray
    weights: np.ndarray
    paths: np.ndarray
    noise: float
    n: int


def listening(money: np.ndarray) -> np.ndarray:
    """Return how much listening its money makes, 0..1 (경청): the first hours answer most."""
    return money / (_ENOUGH_LISTENING + money)


def promotion_share(views: np.ndarray, felt: np.ndarray | float) -> np.ndarray:
    """Return the share of promotion in what people lately saw, 0..1 (체감 판촉 비중); views (..., 4) per head."""
    total = views.sum(axis=-1)
    now = views[..., 1] / np.maximum(total, 1e-9)
    keep = 0.5 ** (1 / _FELT_AT)
    return np.where(total > 1e-9, keep * felt + (1 - keep) * now, felt)


def drivers_of(listen: np.ndarray, views: np.ndarray, promo_felt: np.ndarray, crisis: np.ndarray | float) -> np.ndarray:
    """Return the drivers of one week or of many, (..., drivers): money in weekly budgets, views per head."""
    useful, part = saturating(2 * views[..., 0]), saturating(4 * views[..., 3])
    promo = promo_felt * saturating(2 * views[..., 1])
    listen, crisis = (np.broadcast_to(x, useful.shape) for x in (listening(listen), crisis))
    return np.stack([listen, useful, part, promo, crisis], axis=-1)


def felt_promotion(weeks: Weeks) -> np.ndarray:
    """Return the share of promotion that people lately saw, over the record (체감 판촉 비중), (weeks,)."""
    felt, out = 0.0, []
    for views in weeks.views:
        felt = float(promotion_share(views, felt))
        out.append(felt)
    return np.array(out)


def recorded_drivers(weeks: Weeks) -> np.ndarray:
    """Return the drivers over the record, (weeks, drivers)."""
    return drivers_of(weeks.line("listen"), weeks.views, felt_promotion(weeks), weeks.crisis)


def fit_relation(weeks: Weeks, *, rng: np.random.Generator, draws: int) -> RelationFit:
    """Fit the relationship's equation (관계식 적합); draws from the mixture over `KEEPS`, weighed by likelihood."""
    drive, told = recorded_drivers(weeks), weeks.felt_n > 0
    noise = _noise(weeks)
    fits = [_Given(weeks, drive, keep, told, noise) for keep in KEEPS]
    weight = np.exp(np.array([f.score for f in fits]) - max(f.score for f in fits))
    counts = rng.multinomial(draws, weight / weight.sum())
    parts = [f.draw(rng, n) for f, n in zip(fits, counts, strict=True) if n]
    keep = np.repeat(KEEPS, counts)
    level, start, weights, paths = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = rng.permutation(draws)
    return RelationFit(
        keep[order], level[order], start[order], weights[order], paths[order], noise, int(weeks.felt_n.sum())
    )


def in_reach(fit: RelationFit) -> float:
    """Return the highest relationship in reach (도달 가능한 관계): every driver that raises it near its most."""
    return float((fit.level + 0.8 * np.maximum(fit.weights, 0).sum(axis=1)).mean())


def _noise(weeks: Weeks) -> float:
    """The spread of one answer, from how weeks' means differ from their neighbours'; 0.2 without any."""
    told = np.flatnonzero(weeks.felt_n > 0)
    if len(told) < 8:
        return 0.2
    gap = np.diff(weeks.felt[told]) ** 2 / (1 / weeks.felt_n[told][1:] + 1 / weeks.felt_n[told][:-1])
    return float(np.clip(np.sqrt(gap.mean()), 0.05, 0.6))


class _Given:
    """The equation at one persistence: linear in level and start, log-normal in the drivers' weights."""

    def __init__(self, weeks: Weeks, drive: np.ndarray, keep: float, told: np.ndarray, noise: float) -> None:
        half_life = np.log(0.5) / np.log(keep)
        gone = keep ** np.arange(1, weeks.n + 1)
        filtered = (1 - keep) * remembered(drive, half_life) * SIGNS
        self.design = np.column_stack([np.ones(weeks.n), gone, weeks.crisis, filtered])
        self.y, self.x = weeks.felt[told], self.design[told]
        self.sd = np.sqrt(noise**2 / weeks.felt_n[told] + 0.015**2)
        self.centre = np.r_[0.5, 0.0, 0.0, PRIOR_MEAN]
        self.weight = np.r_[_LEVEL_SD, _START_SD, _CRISIS_TALK_SD, PRIOR_SD] ** -2.0
        self.at, self.curvature, self.score = self._mode()

    def _slopes(self, at: np.ndarray) -> np.ndarray:
        return np.r_[1.0, 1.0, 1.0, np.exp(at[_FREE:])]

    def _mode(self) -> tuple[np.ndarray, np.ndarray, float]:
        at = self.centre.copy()
        for _ in range(25):
            scale = self._slopes(at)
            jacobian = self.x * scale / self.sd[:, None]
            rest = (self.y - self.x @ np.r_[at[:_FREE], scale[_FREE:]]) / self.sd
            curvature = jacobian.T @ jacobian + np.diag(self.weight)
            move = np.linalg.solve(curvature, jacobian.T @ rest - self.weight * (at - self.centre))
            at = at + move * min(1.0, 1.0 / max(np.abs(move[_FREE:]).max(), 1e-9))
        value = -0.5 * (rest @ rest) - 0.5 * (self.weight * (at - self.centre) ** 2).sum()
        return at, curvature, float(value - 0.5 * np.linalg.slogdet(curvature)[1])

    def draw(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, ...]:
        """Return level, start, signed weights and paths of `n` draws."""
        root = np.linalg.cholesky(np.linalg.inv(self.curvature))
        at = self.at + rng.standard_normal((n, len(root))) @ root.T
        weights = np.exp(at[:, _FREE:])
        paths = np.column_stack([at[:, :2], np.zeros(n), weights]) @ self.design.T
        return at[:, 0], at[:, 0] + at[:, 1], weights * SIGNS, np.clip(paths, 0.0, 1.0)
