"""One brand's history (한 브랜드의 기록): what determines it, what managers chose, and what happened."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .people import People
from .worlds import Plan, Policy, World

LOYAL_WITHIN = 13  # two purchases within this many weeks make a loyal customer


@dataclass(frozen=True)
class Setting:
    """What a run is determined by: the same setting gives the same history."""

    seed: int
    brand: str
    world: World
    policy: Policy
    plan: Plan
    weeks: int
    people: int
    spend_scale: Mapping[str, float]


@dataclass(frozen=True)
class Choices:
    """What the managers chose: money (weeks, lines) in KRW and the hours spent on answering (weeks,)."""

    money: np.ndarray
    hours: np.ndarray


@dataclass(frozen=True)
class Simulation:
    """One brand's simulated history (한 브랜드의 가상 기록).

    `history` holds read-only arrays of shape (weeks, people), or (weeks, channels, people) for `exposures` and
    `engaged`; `source` is an index into `SOURCES`, -1 for persons who never bought.
    """

    setting: Setting
    people: People
    choices: Choices
    conditions: Mapping[str, np.ndarray]
    posts: Mapping[str, np.ndarray]
    history: Mapping[str, np.ndarray]
    source: np.ndarray

    @property
    def purchases(self) -> np.ndarray:
        """Who bought in which week; bool (weeks, people)."""
        return self.history["bought"]

    @property
    def shares(self) -> np.ndarray:
        """Who passed something on in which week; bool (weeks, people)."""
        return self.history["shared"]

    @property
    def trust(self) -> np.ndarray:
        """Trust in the brand at the week's end, 0..1; (weeks, people)."""
        return self.history["trust"]

    @property
    def first_week(self) -> np.ndarray:
        """The week of each person's first purchase, `weeks` if there was none; (people,)."""
        return np.where(self.purchases.any(axis=0), self.purchases.argmax(axis=0), self.setting.weeks)

    @property
    def loyal(self) -> np.ndarray:
        """Persons with two purchases within 13 weeks of each other; bool (people,)."""
        total = np.cumsum(self.purchases, axis=0, dtype=np.int32)
        before = np.zeros_like(total)
        before[LOYAL_WITHIN:] = total[:-LOYAL_WITHIN]
        return (total - before >= 2).any(axis=0)

    def money_on(self, line: str) -> np.ndarray:
        """What was spent on a line each week, KRW; (weeks,)."""
        return self.choices.money[:, self.setting.world.lines.index(line)]

    def tables(self, *names: str) -> dict:
        """The tables of the contract, as DataFrames: all, or those that are named (표)."""
        from .records import tables

        return tables(self, *names)
