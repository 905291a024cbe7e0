"""Keyed luck (운): every uniform belongs to a seed, a brand, a purpose, a week and a person.

Philox is a counter-based generator: its key says *which* stream, its counter says *whose* draw. A plan can
therefore neither use up nor shift another person's luck, and two plans differ only by what the plans did.
"""

from dataclasses import dataclass
from zlib import crc32

import numpy as np


@dataclass(frozen=True)
class Luck:
    """All the luck of one brand (브랜드의 운).

    Examples
    --------
    Person 0 and 1 have the same luck, however many others there are:

    >>> luck = Luck(7, "mirae")
    >>> bool((luck.uniform("buy", 3, 2) == luck.uniform("buy", 3, 500)[:2]).all())
    True
    """

    seed: int
    brand: str

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must be in 0..{2**32 - 1}, not {self.seed}")

    def stream(self, purpose: str, week: int = 0) -> np.random.Generator:
        """The generator of one purpose in one week."""
        key = [self.seed | crc32(self.brand.encode()) << 32, crc32(purpose.encode()) | week << 32]
        return np.random.Generator(np.random.Philox(key=np.array(key, dtype=np.uint64)))

    def uniform(self, purpose: str, week: int, n: int) -> np.ndarray:
        """One uniform per person, in person order; shape (n,)."""
        return self.stream(purpose, week).random(n)

    def normal(self, purpose: str, week: int, n: int) -> np.ndarray:
        """One standard normal per person, in person order; shape (n,)."""
        return self.stream(purpose, week).standard_normal(n)

    def at(self, purpose: str, weeks: np.ndarray, persons: np.ndarray) -> np.ndarray:
        """The uniforms of given (week, person) pairs; shape of `weeks`."""
        out = np.empty(len(weeks))
        for week in np.unique(weeks):
            here = weeks == week
            out[here] = self.uniform(purpose, int(week), int(persons[here].max()) + 1)[persons[here]]
        return out

    def scattered(self, purpose: str, weeks: np.ndarray, persons: np.ndarray) -> np.ndarray:
        """The uniforms of few (week, person) pairs among many, by hashing whose they are; shape of `weeks`.

        Not those of `at`: the mixing function of SplitMix64 (Steele, Lea & Flood 2014, OOPSLA) takes Philox's place.
        """
        key = np.uint64((self.seed << 32) ^ crc32(self.brand.encode()))
        mixed = _mixed(np.asarray(persons).astype(np.uint64) ^ _mixed(np.asarray(weeks).astype(np.uint64)))
        purposes = np.array([crc32(purpose.encode())], dtype=np.uint64)
        return (_mixed(mixed ^ _mixed(purposes ^ _mixed(np.array([key])))) >> np.uint64(11)) * 2.0**-53


def _mixed(x: np.ndarray) -> np.ndarray:
    """SplitMix64's next output from state `x`."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def split(u: np.ndarray) -> np.ndarray:
    """Four uniforms out of each one, of thirteen bits each; shape (4, len(u)).

    >>> split(np.array([0.5])).ravel().tolist()
    [0.0, 0.0, 0.0, 0.5]
    """
    bits = (u * 2.0**52).astype(np.int64)
    return np.array([((bits >> 13 * i) & 8191) / 8192 for i in range(4)])


def poisson(u: np.ndarray, rate: np.ndarray | float) -> np.ndarray:
    """Poisson counts by inverse CDF: monotone in `rate`, so more exposure never means fewer counts.

    Above a rate of 40 the normal approximation is used (with Tukey's lambda for its quantile).

    Parameters
    ----------
    u : uniforms in [0, 1)
    rate : expected counts, same shape or a number

    Examples
    --------
    >>> poisson(np.array([0.5, 0.5]), np.array([0.1, 3.0])).tolist()
    [0, 3]
    """
    rate = np.broadcast_to(rate, u.shape)
    count, large = np.zeros(u.shape, dtype=np.int64), rate > 40
    if large.any():
        z = (u[large] ** 0.1349 - (1 - u[large]) ** 0.1349) / 0.1975
        count[large] = np.round(np.maximum(rate[large] + np.sqrt(rate[large]) * z, 0))
    chance = np.exp(-rate)
    todo = np.flatnonzero((u >= chance) & (rate <= 40))
    left, rate, chance = u.ravel()[todo], rate.ravel()[todo], chance.ravel()[todo]
    below, k = chance, 0
    while len(todo):
        k += 1
        chance = chance * rate / k
        below = below + chance
        count.reshape(-1)[todo] = k
        more = (left >= below) & (k < 200)
        todo, left, rate, chance, below = todo[more], left[more], rate[more], chance[more], below[more]
    return count
