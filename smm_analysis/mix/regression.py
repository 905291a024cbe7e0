"""The regression behind a media mix (매체 믹스 회귀), for many shapes at once: linear in all but the shapes.

Shapes are carry-over, half-saturation point and, in Hill's family, slope. For given shapes the baseline is projected
out and the channels' effects follow from K x K normal equations (variable projection: Golub & Pereyra 1973, SIAM
Journal on Numerical Analysis 10(2)), so a thousand shapes take as long as one slow model.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from .adstock import adstock
from .saturation import Family

# weak priors of the shapes, as centre and standard deviation: logit of carry-over (half-life .3 to 8.5 weeks are its
# middle 90%, nothing is shut out), log of half-saturation over the mean of weeks with money, log of slope
_CARRY, _HALF, _SLOPE = (0.0, 1.5), (0.0, 1.0), (np.log(1.5), 0.35)
_ALIKE = (0.0, 0.7)  # log of how far channels' returns lie apart, over their mean: .3 to 3.2 is its middle 90%
_POWER = 0.5  # of money, whose returns are alike: twice a channel's money brings 1.4 times as much as another's
_REACH = 4.0  # standard deviations of the prior a shape may wander
_SWEEPS = 12
_BASELINE_SD = 5.0  # prior of a standardised baseline column's coefficient, in standard deviations of the outcome
_EFFECT_SD = 2.0  # prior of a channel's ceiling, in ranges of the outcome


@dataclass(frozen=True)
class Lift:
    """A lift test in the regression's terms: money `without` it, weeks read, effect and error in scaled outcome."""

    channel: int
    weeks: np.ndarray
    without: np.ndarray
    effect: float
    standard_error: float


@dataclass(frozen=True)
class Regression:
    """One outcome, the baseline and the channels' money (회귀 문제).

    `outcome` : observed weeks, scaled to standard deviation 1; `baseline` : observed weeks x columns, the first all
    ones, the others standardised; `spend` : all weeks x channels; `rows` : which weeks are observed; `rho` :
    first-order autocorrelation that is taken out; `lifts` : lift tests; `noise` : variance of the errors, for the
    weight of pseudo-observations; `people` : all weeks, how many a week's media can win, mean 1; `weights` : observed
    weeks, one over the size of their errors, mean 1; `base` : the baseline's first columns, if what they add up to,
    which is there without media, cannot be below 0; `usual` : outcome over all channels per root of their money, 0 if
    their returns are not to be compared. `told` is what is explained: the whitened outcome, then lift tests.
    """

    outcome: np.ndarray
    baseline: np.ndarray
    spend: np.ndarray
    rows: np.ndarray
    noise: float
    rho: float = 0.0
    lifts: tuple[Lift, ...] = ()
    people: np.ndarray = field(default_factory=lambda: np.ones(1))
    weights: np.ndarray = field(default_factory=lambda: np.ones(1))
    base: np.ndarray | None = None
    usual: float = 0.0

    def __post_init__(self) -> None:
        q, _ = np.linalg.qr(np.vstack([self.whiten(self.baseline.T).T, np.diag(self.baseline_weights)]))
        added = np.zeros((len(self.lifts), q.shape[1]))
        told = [lift.effect * np.sqrt(self.noise) / lift.standard_error for lift in self.lifts]
        y = np.r_[self.whiten(self.outcome), told]
        q = np.vstack([q[: len(self.outcome)], added])
        for name, value in (("_q", q), ("told", y), ("_rest", y - q @ (q.T @ y))):
            object.__setattr__(self, name, value)

    def of(self, weeks: np.ndarray) -> Regression:
        """Return the regression on some of the weeks (all weeks, bool), which still carry all weeks' money over."""
        kept = weeks[self.rows]
        parts = {name: getattr(self, name)[kept] for name in ("outcome", "baseline")}
        weights = np.broadcast_to(self.weights, kept.shape)[kept]
        base = None if self.base is None else self.base[kept]
        return replace(self, rows=self.rows & weeks, weights=weights, base=base, **parts)

    @property
    def n(self) -> int:
        """Observations, lift tests among them."""
        return len(self.told)

    @property
    def dof(self) -> int:
        """Observations less linear columns."""
        return self.n - self.baseline.shape[1] - self.spend.shape[1]

    @property
    def typical(self) -> np.ndarray:
        """Mean money of a week with money, per channel."""
        return np.array([money[money > 0].mean() for money in self.spend.T])

    @property
    def roots(self) -> np.ndarray:
        """Root of each channel's money: who has spent little on a channel has not yet used it up."""
        return self.spend.sum(axis=0) ** _POWER

    @property
    def baseline_weights(self) -> np.ndarray:
        """Weights of the pseudo-observations that say of each baseline coefficient that it is 0; hardly any on ones."""
        return np.r_[1e-6, np.full(self.baseline.shape[1] - 1, np.sqrt(self.noise) / _BASELINE_SD)]

    @property
    def effect_weight(self) -> float:
        """Weight of the pseudo-observation that a channel's ceiling is 0, ceilings being of the outcome's range."""
        return float(np.sqrt(self.noise) / (_EFFECT_SD * np.ptp(self.outcome)))

    def whiten(self, columns: np.ndarray) -> np.ndarray:
        """Weigh weeks and take out first-order autocorrelation along the last axis (Prais & Winsten 1954)."""
        columns = columns * self.weights
        if not self.rho:
            return columns
        first = columns[..., :1] * np.sqrt(1 - self.rho**2)
        return np.concatenate([first, columns[..., 1:] - self.rho * columns[..., :-1]], axis=-1)

    def columns(self, features: np.ndarray, lifted: np.ndarray) -> np.ndarray:
        """Return what the outcome is regressed on: whitened features of observed weeks, then the lift tests."""
        weeks = self.whiten(features[:, self.rows].transpose(0, 2, 1)).transpose(0, 2, 1)
        return np.concatenate([weeks, lifted], axis=1)

    def normal(self, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the normal equations of the channels, draws x K x K and draws x K, the baseline projected out."""
        turned = columns.transpose(0, 2, 1)
        on_baseline = turned @ self._q
        gram = turned @ columns - on_baseline @ on_baseline.transpose(0, 2, 1)
        ridge = np.eye(columns.shape[2]) * self.effect_weight**2
        return gram + ridge, turned @ self._rest

    def alike(self, features: np.ndarray, apart: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the pseudo-observations that channels' returns are alike, draws x K x K, and their log density.

        Each says of a channel that its outcome per root of its money is the channels' mean, with an error of `apart`
        (draws) times the `usual` return. What the mean is they leave to the data. Alike returns of money itself would
        have a channel of a tenth of the money win a tenth of the customers, though it is the least saturated one.
        """
        k = features.shape[2]
        per_root = features.sum(axis=1) / self.roots  # what a ceiling of 1 returns
        error = apart * self.usual
        rows = np.sqrt(self.noise) * (np.eye(k) - 1 / k) * per_root[:, None] / error[:, None, None]
        return rows, np.log(per_root).sum(axis=1) - (k - 1) * np.log(error)

    def bases(self, columns: np.ndarray, effects: np.ndarray) -> np.ndarray:
        """Return what is there without media at given effects, draws x observed weeks (매체가 없을 때의 결과)."""
        weeks = len(self.outcome)
        design = np.vstack([self.whiten(self.baseline.T).T, np.diag(self.baseline_weights)])
        rest = self.told[:weeks] - (columns[:, :weeks] @ effects[..., None])[..., 0]
        coefficients = rest @ np.linalg.pinv(design)[: self.base.shape[1], :weeks].T
        return coefficients @ self.base.T

    def loss(self, gram: np.ndarray, moment: np.ndarray, effects: np.ndarray) -> np.ndarray:
        """Return the sum of squares, pseudo-observations included."""
        quadratic = np.einsum("bk,bkl,bl->b", effects, gram, effects)
        return self.told @ self._rest - 2 * (moment * effects).sum(1) + quadratic


@dataclass(frozen=True)
class Shapes:
    """Shapes of one family, draws x channels (매체별 반응 모양): money in `half`."""

    carry: np.ndarray
    half: np.ndarray
    slope: np.ndarray
    apart: np.ndarray

    def take(self, which: np.ndarray | slice) -> Shapes:
        """Return some of the draws."""
        return Shapes(self.carry[which], self.half[which], self.slope[which], self.apart[which])


@dataclass(frozen=True)
class Posterior:
    """The posterior at some shapes (사후 분포), a row a draw: log density, and the effects' normal equations.

    `gram` has the pseudo-observations `alike`, that channels' returns are alike, `gram_alone` has not.
    """

    log: np.ndarray
    shapes: Shapes
    columns: np.ndarray
    alike: np.ndarray
    gram: np.ndarray
    gram_alone: np.ndarray
    moment: np.ndarray
    loss: np.ndarray


class FamilyFit:
    """One saturation family on one regression (함수족 하나의 적합): its posterior, mode and draws."""

    def __init__(self, regression: Regression, family: Family) -> None:
        self.regression, self.family = regression, family
        self.k = regression.spend.shape[1]
        self.compares = self.k > 1 and regression.usual > 0
        priors = (_CARRY, _HALF, _SLOPE)[: 2 + family.has_slope]
        centre, spread = (np.repeat(part, self.k) for part in zip(*priors, strict=True))
        alike = [_ALIKE] if self.compares else []
        self.centre = np.r_[centre, [middle for middle, _ in alike]]
        self.spread = np.r_[spread, [sd for _, sd in alike]]

    def shapes(self, theta: np.ndarray) -> Shapes:
        """Read standardised parameters (draws x parameters) as shapes."""
        raw = self.centre + self.spread * np.clip(theta, -_REACH, _REACH)
        apart = np.exp(raw[:, -1]) if self.compares else np.ones(len(theta))
        raw = raw[:, : len(self.centre) - self.compares].reshape(len(theta), -1, self.k)
        slope = np.exp(raw[:, 2]) if self.family.has_slope else np.ones((len(theta), self.k))
        return Shapes(1 / (1 + np.exp(-raw[:, 0])), np.exp(raw[:, 1]) * self.regression.typical, slope, apart)

    def features(self, shapes: Shapes, spend: np.ndarray | None = None) -> np.ndarray:
        """Return saturated adstock, 0..1, of the people it can win; draws x weeks x channels."""
        carried = adstock(self.regression.spend if spend is None else spend, shapes.carry)
        return (
            self.family.curve(carried / shapes.half[:, None], shapes.slope[:, None]) * self.regression.people[:, None]
        )

    def columns(self, shapes: Shapes, features: np.ndarray | None = None) -> np.ndarray:
        """Return the regression's columns at these shapes."""
        features = self.features(shapes) if features is None else features
        lifted = np.zeros((len(features), len(self.regression.lifts), self.k))
        for row, lift in enumerate(self.regression.lifts):
            gone = features - self.features(shapes, lift.without)
            weight = np.sqrt(self.regression.noise) / lift.standard_error
            lifted[:, row, lift.channel] = weight * gone[:, lift.weeks, lift.channel].sum(1)
        return self.regression.columns(features, lifted)

    def posterior(self, theta: np.ndarray) -> Posterior:
        """Return what is known at these shapes: the log posterior of them, the effects integrated out, and of those."""
        shapes = self.shapes(theta)
        features = self.features(shapes)
        columns = self.columns(shapes, features)
        gram, moment = self.regression.normal(columns)
        alike, density = np.zeros((len(theta), 0, self.k)), 0.0
        if self.compares:
            alike, density = self.regression.alike(features, shapes.apart)
        told = gram + alike.transpose(0, 2, 1) @ alike
        loss = self.regression.loss(told, moment, non_negative(told, moment))
        log = -0.5 * self.regression.dof * np.log(loss) - 0.5 * (theta**2).sum(1) - 0.5 * np.linalg.slogdet(told)[1]
        return Posterior(log + density, shapes, columns, alike, told, gram, moment, loss)

    def mode(self, start: np.ndarray | None = None) -> np.ndarray:
        """Return the posterior mode by L-BFGS with central differences, all in one batch."""
        from scipy.optimize import minimize

        p, step = len(self.centre), 1e-4
        steps = np.vstack([np.zeros(p), step * np.eye(p), -step * np.eye(p)])

        def downhill(theta: np.ndarray) -> tuple[float, np.ndarray]:
            value = self.posterior(theta + steps).log
            return -value[0], (value[p + 1 :] - value[1 : p + 1]) / (2 * step)

        start = np.zeros(p) if start is None else start
        found = minimize(
            downhill, start, jac=True, method="L-BFGS-B", bounds=[(-3.5, 3.5)] * p, options={"maxiter": 60}
        )
        return found.x

    def spread_at(self, mode: np.ndarray) -> np.ndarray:
        """Return a square root of the Laplace covariance at the mode (delta method, 델타 방법)."""
        p, step = len(mode), 3e-3
        i, j = np.triu_indices(p)
        e = step * np.eye(p)
        corners = np.array([mode + e[i] + e[j], mode + e[i] - e[j], mode - e[i] + e[j], mode - e[i] - e[j]])
        value = self.posterior(corners.reshape(-1, p)).log.reshape(4, -1)
        curvature = np.zeros((p, p))
        curvature[i, j] = curvature[j, i] = -(value[0] - value[1] - value[2] + value[3]) / (4 * step**2)
        roots, axes = np.linalg.eigh(curvature)
        return axes / np.sqrt(np.clip(roots, 0.5, None))  # the prior alone has curvature 1: it bounds the spread


def non_negative(gram: np.ndarray, moment: np.ndarray) -> np.ndarray:
    """Return the effects, draws x K, of least loss among those that are not negative (비음 최소제곱)."""
    effects = np.linalg.solve(gram, moment[..., None])[..., 0]
    bad = (effects < 0).any(axis=1)
    if bad.any():
        effects[bad] = _coordinate_descent(gram[bad], moment[bad], effects[bad].clip(0))
    return effects


def _coordinate_descent(gram: np.ndarray, moment: np.ndarray, effects: np.ndarray) -> np.ndarray:
    for _ in range(3 * _SWEEPS):
        for k in range(effects.shape[1]):
            pull = moment[:, k] - (gram[:, k] * effects).sum(1)
            effects[:, k] = np.maximum(effects[:, k] + pull / gram[:, k, k], 0)
    return effects


def draw_effects(gram: np.ndarray, moment: np.ndarray, noise: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw effects, draws x K, from their normal distribution cut off at 0, by Gibbs sweeps (Geweke 1991)."""
    effects = non_negative(gram, moment)
    for _ in range(_SWEEPS):
        for k in range(effects.shape[1]):
            own = gram[:, k, k]
            mean = effects[:, k] + (moment[:, k] - (gram[:, k] * effects).sum(1)) / own
            effects[:, k] = _above_zero(mean, np.sqrt(noise / own), rng)
    return effects


def none_at_all(gram: np.ndarray, moment: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return the probability, had negative effects been allowed, of none or a negative one; draws x K."""
    from scipy.special import ndtr

    centre = np.linalg.solve(gram, moment[..., None])[..., 0]
    return ndtr(-centre / np.sqrt(noise[:, None] * np.diagonal(np.linalg.inv(gram), axis1=1, axis2=2)))


def _above_zero(mean: np.ndarray, sd: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw normals given that they are above 0, by the upper tail, which keeps its digits."""
    from scipy.special import ndtr, ndtri

    tail = ndtr(mean / sd) * rng.uniform(size=len(mean))
    return np.maximum(mean - sd * ndtri(np.maximum(tail, 1e-300)), 0)
