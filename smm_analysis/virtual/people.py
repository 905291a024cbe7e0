"""The people of one brand (사람들): traits that no plan can change, and the follower graph they live on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .luck import Luck, poisson
from .worlds import CHANNELS, Channel

COMMUNITIES = 24
SEGMENTS = ("student", "family", "office", "senior")
TARGET_SEGMENT = 1


@dataclass(frozen=True)
class People:
    """Traits of n persons; arrays of shape (n,), `habit` (channels, n), edges of shape (links,)."""

    community: np.ndarray
    segment: np.ndarray
    attention: np.ndarray
    voice: np.ndarray
    need: np.ndarray
    rate: np.ndarray
    tolerance: np.ndarray
    trust: np.ndarray
    share_threshold: np.ndarray
    buy_threshold: np.ndarray
    habit: np.ndarray
    asked_in: np.ndarray
    follower: np.ndarray
    followed: np.ndarray

    @property
    def n(self) -> int:
        """How many they are."""
        return len(self.trust)

    def from_friends(self, did: np.ndarray) -> np.ndarray:
        """How many of those whom each person follows did it; shape (n,)."""
        return np.bincount(self.follower, weights=did[self.followed], minlength=self.n)


def people(luck: Luck, n: int, channels: Mapping[str, Channel] = CHANNELS) -> People:
    """Draw the people of a brand: no policy or plan moves them, and of the world only whom its channels reach."""

    def normal(purpose: str) -> np.ndarray:
        return luck.normal(purpose, 0, n)

    segment = (luck.uniform("segment", 0, n) * len(SEGMENTS)).astype(np.int8)
    community = (luck.uniform("community", 0, n) ** 1.5 * COMMUNITIES).astype(np.int16)
    follower, followed = follower_graph(luck, community)
    return People(
        community=community,
        segment=segment,
        attention=0.4 * np.exp(0.5 * normal("attention") - 0.125),
        voice=np.exp(0.6 * normal("voice") - 0.18),
        need=np.exp(0.5 * normal("need") - 0.125),
        rate=normal("rate"),
        tolerance=np.clip(0.28 + 0.10 * normal("tolerance"), 0.05, 0.9),
        trust=np.clip(0.32 + 0.08 * normal("trust"), 0.05, 0.8),
        share_threshold=np.clip(0.60 + 0.07 * normal("share_threshold"), 0.1, 0.9),
        buy_threshold=np.exp(0.35 * normal("buy_threshold")),
        habit=media_habits(luck, segment, channels),
        asked_in=(luck.uniform("asked_in", 0, n) * 26).astype(np.int64),
        follower=follower,
        followed=followed,
    )


def media_habits(luck: Luck, segment: np.ndarray, channels: Mapping[str, Channel]) -> np.ndarray:
    """How often each person meets each channel, mean about 1; heavy users of one are heavy users of others."""
    n = len(segment)
    common = luck.normal("habit", 0, n)
    rows = []
    for name, channel in channels.items():
        own = luck.normal(f"habit:{name}", 0, n)
        tilt = np.where(segment == TARGET_SEGMENT, channel.target, (4 - channel.target) / 3)
        rows.append(tilt * np.exp(0.45 * common + 0.6 * own - 0.28))
    return np.array(rows)


def follower_graph(luck: Luck, community: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Who follows whom: heavy-tailed in-degree, two links of three inside the community; sorted by follower."""
    n = len(community)
    degree = np.minimum(4 / (1 - luck.uniform("degree", 0, n)) ** 0.5, 40).astype(np.int64)
    follower = np.repeat(np.arange(n), degree)
    fame = (1 - luck.uniform("fame", 0, n)) ** -0.6
    near, pick = luck.stream("links").random((2, len(follower)))
    followed = np.where(
        near < 0.67, _pick_near(fame, community, community[follower], pick), _pick(np.cumsum(fame), pick)
    )
    links = np.unique(np.stack([follower, followed], axis=1)[follower != followed], axis=0)
    return links[:, 0], links[:, 1]


def _pick(total: np.ndarray, u: np.ndarray) -> np.ndarray:
    return np.minimum(np.searchsorted(total, u * total[-1], side="right"), len(total) - 1)


def _pick_near(fame: np.ndarray, community: np.ndarray, where: np.ndarray, u: np.ndarray) -> np.ndarray:
    """A person of the community `where`, by fame: persons are laid out community by community."""
    order = np.argsort(community, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(fame[order])])
    first = np.searchsorted(community[order], where, side="left")
    last = np.searchsorted(community[order], where, side="right")
    at = total[first] + u * (total[last] - total[first])
    return order[np.clip(np.searchsorted(total, at, side="right") - 1, first, last - 1)]


def exposures(luck: Luck, purpose: str, week: int, rate: np.ndarray) -> np.ndarray:
    """How often each person saw something this week; shape of `rate`."""
    return poisson(luck.uniform(purpose, week, len(rate)), rate)
