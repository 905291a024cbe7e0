"""From the engine's arrays to the tables of the contract (배열에서 표로).

The engine knows every person; an export does not: `posts`, `customers` and `talk` say what part of it is handed out.
"""

from collections.abc import Callable
from functools import cached_property
from types import MappingProxyType

import pandas as pd

from .customers import customers_table, follows_table, leads_table, purchases_table, surveys_table
from .exporter import Exporter
from .posts import post_daily_table, posts_table, shares_table
from .simulation import Simulation
from .talk import cases_frame, first_touch, mentions_table, talk
from .weekly import (
    controls_table,
    duplication_table,
    effort_table,
    events_table,
    media_table,
    reach_frequency_table,
    weekly_table,
)
from .worlds import find

MEDIA = MappingProxyType(
    {
        "blog": ("blog", "firm"),
        "page": ("sns", "firm"),
        "stream": ("sns", "customer"),
        "video": ("video", "firm"),
        "cafe": ("cafe", "customer"),
    }
)


def tables(sim: Simulation, *names: str) -> dict[str, pd.DataFrame]:
    """The tables of one brand, or only those that are named (한 브랜드의 표)."""
    make = _Maker(Exporter(sim))
    return {name: make.table(name) for name in names or make.makers}


class _Maker:
    """Makes tables; what several of them need is made once."""

    def __init__(self, out: Exporter) -> None:
        self.out = out
        self.makers: dict[str, Callable[[Exporter], pd.DataFrame]] = {
            "posts": lambda _: self.posts,
            "post_daily": lambda out: post_daily_table(out, self.posts),
            "mentions": lambda out: mentions_table(out, self.said),
            "shares": lambda _: self.shares,
            "cases": lambda _: self.cases.drop(columns=["mentioned", "person", "week"]),
            "weekly": weekly_table,
            "effort": effort_table,
            "media": media_table,
            "reach_frequency": reach_frequency_table,
            "duplication": duplication_table,
            "controls": controls_table,
            "events": events_table,
            "customers": customers_table,
            "purchases": purchases_table,
            "surveys": surveys_table,
            "follows": follows_table,
            "leads": lambda out: leads_table(out, self.posts, first_touch(out, self.said, self.shares)),
        }

    def table(self, name: str) -> pd.DataFrame:
        """The table of that name."""
        return find(self.makers, "table", name)(self.out)

    @cached_property
    def _published(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Posts, and who passed them on."""
        posts, extra = posts_table(self.out)
        shares, posts["shares"] = shares_table(self.out, posts, extra)
        return posts, shares

    @property
    def posts(self) -> pd.DataFrame:
        return self._published[0]

    @property
    def shares(self) -> pd.DataFrame:
        return self._published[1]

    @cached_property
    def _spoken(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Complaints, and all that was said."""
        cases = cases_frame(self.out)
        said = talk(self.out, cases)
        cases["mention_id"] = cases["case_id"].map(said.set_index("tag")["mention_id"]).astype(object)
        return cases, said

    @property
    def cases(self) -> pd.DataFrame:
        return self._spoken[0]

    @property
    def said(self) -> pd.DataFrame:
        return self._spoken[1]
