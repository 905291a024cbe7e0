"""Who holds the steering wheel (누가 고르는가): offers chosen by the firm, or by what customers say they like.

A small world of its own for the case of CRM and CMR (S4.10): guests get one offer of several. The firm chooses by its
record of earlier offers, taken or not (CRM); or it asks, and gives those who reply what they named, the others what it
would have chosen anyway (CMR). Guests who like to take offers also like to reply, so that those who replied are no fair
sample. Both choices meet the same guest, so that the truth about each is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from smm_analysis.estimate import z_value

from .luck import Luck

OFFERS = 6
SEGMENTS = 4
USUAL = -2.4  # log odds of taking an offer that one is indifferent to
SPREAD_OF_KEENNESS = 0.8
STRENGTH = 1.2  # of liking, log odds per standard deviation
FAITH = 4.0  # earlier offers that the firm's knowledge of the whole segment is worth


@dataclass(frozen=True)
class Guests:
    """Guests, each with an offer from either hand (손님).

    `table` has a row a guest: segment, earlier (offers on record), replied, named, chosen (the firm's), given (what CMR
    gives), chance_crm, chance_cmr (0..1), took_crm, took_cmr (the same luck under both).
    """

    table: pd.DataFrame
    personal: float
    honesty: float
    earlier: int
    seed: int


def simulate_guests(
    *,
    seed: int,
    guests: int = 6000,
    personal: float = 0.6,
    honesty: float = 0.7,
    replies: float = 0.4,
    earlier: int = 3,
) -> Guests:
    """Simulate guests who get an offer chosen by the firm, or by themselves (손님 모의실험).

    Parameters
    ----------
    seed : which luck
    guests : how many, at least 100
    personal : part of the variance of liking that is the guest's own, not the segment's, 0..1
    honesty : correlation of what a guest says with what the guest likes, 0..1
    replies : chance that a guest of usual keenness replies when asked, 0 < replies < 1
    earlier : offers on the firm's record for each guest, drawn by lot, 0 or more

    Raises
    ------
    ValueError
        A number out of its range.

    Examples
    --------
    Many took up what the firm chose; hardly more took up what they had named themselves:

    >>> simulate_guests(seed=1002).table[["took_crm", "took_cmr"]].mean().round(2).to_list()
    [0.2, 0.21]
    """
    _check(guests=guests, personal=personal, honesty=honesty, replies=replies, earlier=earlier)
    luck = Luck(seed, "guests")
    segment = (luck.uniform("segment", 0, guests) * SEGMENTS).astype(int)
    keen = SPREAD_OF_KEENNESS * luck.normal("keen", 0, guests)
    liking = _liking(luck, segment, personal)
    chance = _logistic(USUAL + keen[:, None] + STRENGTH * liking)
    chosen = _firms_choice(luck, segment, chance, earlier)
    said = honesty * liking + np.sqrt(1 - honesty**2) * _normals(luck, "said", guests)
    named = said.argmax(axis=1)
    replied = luck.uniform("reply", 0, guests) < _logistic(np.log(replies / (1 - replies)) + 1.2 * keen)
    given, lot, row = np.where(replied, named, chosen), luck.uniform("take", 0, guests), np.arange(guests)
    table = pd.DataFrame({"segment": segment, "earlier": earlier, "replied": replied, "named": named})
    table = table.assign(chosen=chosen, given=given, chance_crm=chance[row, chosen], chance_cmr=chance[row, given])
    table = table.assign(took_crm=lot < table["chance_crm"], took_cmr=lot < table["chance_cmr"])
    return Guests(table, personal, honesty, earlier, seed)


def _liking(luck: Luck, segment: np.ndarray, personal: float) -> np.ndarray:
    """How much each guest likes each offer: the segment's taste and the guest's own; variance 1, (guests, OFFERS)."""
    shared = luck.normal("segments", 0, SEGMENTS * OFFERS).reshape(SEGMENTS, OFFERS)[segment]
    return np.sqrt(1 - personal) * shared + np.sqrt(personal) * _normals(luck, "own", len(segment))


def _firms_choice(luck: Luck, segment: np.ndarray, chance: np.ndarray, earlier: int) -> np.ndarray:
    """The offer the firm thinks best for each guest: own record, pulled towards the segment's; (guests,)."""
    shown, taken = np.zeros_like(chance), np.zeros_like(chance)
    row = np.arange(len(segment))
    for time in range(max(earlier, 1)):  # the firm tried something once on everybody, if it has no record of each
        offer = (luck.uniform("tried", time, len(segment)) * OFFERS).astype(int)
        shown[row, offer] += 1
        taken[row, offer] += luck.uniform("tried_take", time, len(segment)) < chance[row, offer]
    of_segment = np.array([taken[segment == s].sum(0) / shown[segment == s].sum(0) for s in range(SEGMENTS)])[segment]
    if not earlier:
        return of_segment.argmax(axis=1)
    return ((taken + FAITH * of_segment) / (shown + FAITH)).argmax(axis=1)


def take_up(guests: Guests, *, level: float = 0.9) -> pd.DataFrame:
    """Compare the two hands' take-up, naively and truly (응하는 비율 비교).

    Returns
    -------
    DataFrame
        A row a reading, named in `measure`: measure, estimate, low, high (percentage points), n (guests).
        `naive_replied`: under CMR, those who replied minus those who did not. `among_replied`: those who replied, CMR
        minus CRM for the same guests. `over_all`: all guests, CMR minus CRM for the same guests.
    """
    took = guests.table[["took_crm", "took_cmr"]].astype(float).mul(100)
    gap, replied = took["took_cmr"] - took["took_crm"], guests.table["replied"]
    ours, others = took.loc[replied, "took_cmr"], took.loc[~replied, "took_cmr"]
    found = {
        "naive_replied": (ours.mean() - others.mean(), ours.var() / len(ours) + others.var() / len(others), len(took)),
        "among_replied": (gap[replied].mean(), gap[replied].var() / replied.sum(), int(replied.sum())),
        "over_all": (gap.mean(), gap.var() / len(gap), len(gap)),
    }
    z = z_value(level)
    rows = [(key, x, x - z * np.sqrt(v), x + z * np.sqrt(v), n) for key, (x, v, n) in found.items()]
    return pd.DataFrame(rows, columns=["measure", "estimate", "low", "high", "n"])


def steering(
    *, seeds: Sequence[int], honesty: Sequence[float], earlier: Sequence[int], level: float = 0.9, **guests: float
) -> pd.DataFrame:
    """How much more (less) is taken up where guests choose, by honesty and by the firm's record (누가 고를 때 나은가).

    Returns
    -------
    DataFrame
        A row an `earlier` and `honesty`: estimate, low, high (percentage points over all guests, CMR minus CRM;
        Student's t over seeds, from the guests' own chances), n (seeds).
    """
    from scipy.stats import t

    rows = []
    for record in earlier:
        for true in honesty:
            tables = [simulate_guests(seed=s, honesty=true, earlier=record, **guests).table for s in seeds]
            gains = np.array([100 * (x["chance_cmr"] - x["chance_crm"]).mean() for x in tables])
            margin = t.ppf(0.5 + level / 2, len(gains) - 1) * gains.std(ddof=1) / np.sqrt(len(gains))
            middle = float(gains.mean())
            rows.append((record, true, middle, middle - margin, middle + margin, len(gains)))
    return pd.DataFrame(rows, columns=["earlier", "honesty", "estimate", "low", "high", "n"])


def _check(*, guests: int, personal: float, honesty: float, replies: float, earlier: int) -> None:
    if guests < 100 or earlier < 0:
        raise ValueError(f"guests must be 100 or more and earlier 0 or more, not {guests} and {earlier}")
    if not (0 <= personal <= 1 and 0 <= honesty <= 1 and 0 < replies < 1):
        raise ValueError(
            f"personal and honesty lie in 0..1, replies between 0 and 1; given personal={personal}, "
            f"honesty={honesty}, replies={replies}"
        )


def _normals(luck: Luck, purpose: str, guests: int) -> np.ndarray:
    return luck.normal(purpose, 0, guests * OFFERS).reshape(guests, OFFERS)


def _logistic(x: np.ndarray | float) -> np.ndarray | float:
    return 1 / (1 + np.exp(-x))
