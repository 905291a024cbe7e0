"""What next period's money would bring (반응 곡선): the pattern over the weeks stays, its size changes.

A channel's curve answers "this channel's money of the last weeks, times so much". Nothing is said of other patterns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .adstock import adstock
from .market import net_of_market
from .model import MixModel
from .saturation import FAMILIES
from .waterfill import Curve

_POINTS = 161


@dataclass(frozen=True)
class Responses:
    """Draws of the fitted channels' responses (반응 표본) to money; `before` is what the pattern cost, per channel."""

    channels: tuple[str, ...]
    before: np.ndarray
    people: np.ndarray
    won: np.ndarray
    left: np.ndarray
    parts: tuple[tuple[str, np.ndarray, np.ndarray, np.ndarray], ...]

    @property
    def draws(self) -> int:
        """How many draws there are."""
        return sum(len(effect) for *_, effect in self.parts)

    def values(self, channel: int, money: np.ndarray) -> np.ndarray:
        """Outcome of amounts of money in one channel, draws x amounts."""
        times = np.asarray(money, float) / self.before[channel]
        found = []
        for family, carried, slope, effect in self.parts:
            u = carried[:, :, channel, None] * times
            curve = FAMILIES[family].curve(u, slope[:, channel, None, None])
            found.append(effect[:, channel, None] * (self.people @ curve))
        return np.concatenate(found)

    def slopes(self, channel: int, money: np.ndarray) -> np.ndarray:
        """Outcome of the next unit of money in one channel, draws x amounts."""
        times = np.asarray(money, float) / self.before[channel]
        found = []
        for family, carried, slope, effect in self.parts:
            base = carried[:, :, channel, None]
            rise = FAMILIES[family].rise(base * times, slope[:, channel, None, None]) * base
            found.append(effect[:, channel, None] * (self.people @ rise))
        return np.concatenate(found) / self.before[channel]

    def weekly(self, money: np.ndarray) -> np.ndarray:
        """Outcome of a split over all channels, draws x weeks."""
        times, found = np.asarray(money, float) / self.before, []
        for family, carried, slope, effect in self.parts:
            curve = FAMILIES[family].curve(carried * times, slope[:, None])
            found.append(self.people * (curve @ effect[..., None])[..., 0])
        return np.concatenate(found)

    def outcome(self, money: np.ndarray) -> np.ndarray:
        """Outcome of a split over all channels, draws."""
        return self.weekly(money).sum(axis=1)

    def more(self, money: np.ndarray, than: np.ndarray) -> np.ndarray:
        """What one split brings more than another, draws; those who would have come later count as won."""
        return self.outcome(money) - self.outcome(than)

    def gain(self, money: np.ndarray, than: np.ndarray) -> np.ndarray:
        """What one split brings more than another, draws.

        Of a market that is used up it is net: whom a better split wins early is gone from the market of later weeks.
        """
        more = self.weekly(money) - self.weekly(than)
        if not len(self.left):
            return more.sum(axis=1)
        return -net_of_market(-more[..., None], self.won, self.left).sum(axis=(1, 2))


def responses(model: MixModel, *, weeks: int = 52, draws: int = 200) -> Responses:
    """Return the responses of the fitted channels to the money pattern of the last `weeks` weeks.

    The pattern starts without carry-over from before and the outcome after its end is not counted. With a market that
    is used up, people are as many as there were in those weeks.
    """
    spend = model.spend[[*model.fitted]].to_numpy()[-weeks:]
    parts = []
    for pool in _thinned(model, draws):
        carried = adstock(spend, pool.shapes.carry) / pool.shapes.half[:, None]
        parts.append((pool.family, carried, pool.shapes.slope, pool.effects * model.scale))
    people = np.broadcast_to(model.people, len(model.spend))[-weeks:]
    return Responses(model.fitted, spend.sum(axis=0), people, model.won[-weeks:], model.left[-weeks:], tuple(parts))


def curves_of(found: Responses, high: np.ndarray, weights: np.ndarray | None = None) -> list[Curve]:
    """Return the mean curves from 0 to `high`: slopes interpolated so that falling ones stay so, and integrated.

    `weights` of the draws, of mean 1, if they do not all count alike.
    """
    return [_curve(found, k, top, weights) for k, top in enumerate(high)]


def _curve(found: Responses, channel: int, top: float, weights: np.ndarray | None) -> Curve:
    from scipy.interpolate import PchipInterpolator

    points = max(top, 1.0) * np.linspace(0, 1, _POINTS) ** 2  # denser where curves bend
    slope = PchipInterpolator(points, np.average(found.slopes(channel, points), axis=0, weights=weights))
    return Curve(slope.antiderivative(), slope)


def _thinned(model: MixModel, draws: int) -> list:
    """Return pools with every so many draws kept, in proportion to their weight."""
    step = max(len(model.contributions) // draws, 1)
    kept = []
    for pool in model.pools:
        if len(pool.effects) < step / 2:
            continue
        take = slice(None, None, step)
        kept.append(type(pool)(pool.family, pool.shapes.take(take), pool.effects[take]))
    return kept
