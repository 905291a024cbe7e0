"""What all tables share while a brand's record is written out (기록 내보내기): clock, keys, luck."""

from hashlib import blake2b

import numpy as np
import pandas as pd

from .luck import Luck
from .simulation import Simulation

START = np.datetime64("2024-11-18T00:00", "m")  # a Monday, Asia/Seoul
TIMEZONE = "Asia/Seoul"
MINUTES = 7 * 24 * 60
MINUTE = np.timedelta64(1, "m")


def week_start(weeks: np.ndarray) -> np.ndarray:
    """The Monday of each week number."""
    return START.astype("datetime64[D]") + 7 * np.asarray(weeks)


def observed_until(weeks: int) -> np.datetime64:
    """The last minute of the record."""
    return START + (weeks * MINUTES - 1) * MINUTE


class Exporter:
    """One brand's record while it is written out: keyed luck, clock and keys."""

    def __init__(self, sim: Simulation) -> None:
        self.sim, self.brand = sim, sim.setting.brand
        self.h, self.weeks, self.n = sim.history, sim.setting.weeks, sim.people.n
        self.luck = Luck(sim.setting.seed, sim.setting.brand)
        self.end = observed_until(self.weeks)

    def when(self, weeks: np.ndarray, persons: np.ndarray, purpose: str) -> np.ndarray:
        """A waking minute of the week for each (week, person)."""
        u = self.luck.at(f"when:{purpose}", weeks, persons)
        day, minute = np.divmod(u * 7, 1)
        return START + (weeks * MINUTES + day * 1440 + 420 + minute * 1010).astype(np.int64) * MINUTE

    def authors(self, persons: np.ndarray) -> np.ndarray:
        """Author keys: a keyed hash of each person's invented handle."""
        unique, inverse = np.unique(persons, return_inverse=True)
        return np.array([author_key(self.brand, int(p)) for p in unique], dtype=object)[inverse]

    def observed(self, times: np.ndarray) -> np.ndarray:
        """Times within the record; later ones are NaT, that is censored."""
        return np.where(times <= self.end, times, np.datetime64("NaT"))

    def frame(self, **columns) -> pd.DataFrame:
        """A table; minutes become times in the data set's zone."""
        out = pd.DataFrame(columns)
        for name, column in out.items():
            if column.dtype.kind == "M" and name not in ("week", "date"):
                out[name] = column.dt.tz_localize(TIMEZONE)
        return out


def author_key(brand: str, person: int) -> str:
    """The pseudonym of an invented handle, 16 hex digits."""
    return blake2b(f"{brand}/{person}".encode(), key=b"virtual brand", digest_size=8).hexdigest()


def customer_keys(persons: np.ndarray) -> np.ndarray:
    """c000123 for person 123."""
    return np.array([f"c{p:06d}" for p in persons], dtype=object)


def minutes(times: pd.Series) -> np.ndarray:
    """Minutes since the start of the record."""
    return ((times.dt.tz_localize(None).to_numpy() - START) / MINUTE).astype(np.int64)


def amounts(out: Exporter) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every purchase: (weeks, persons, KRW)."""
    weeks, persons = np.nonzero(out.h["bought"])
    u = out.luck.at("amount", weeks, persons)
    basket = 16_000 + 44_000 * u**1.6
    return weeks, persons, (np.round(basket * out.sim.conditions["price"][weeks] / 100) * 100).astype(np.int64)
