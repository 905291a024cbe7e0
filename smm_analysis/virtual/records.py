"""From the engine's arrays to the tables of the contract (배열에서 표로).

The engine knows every person; an export does not: `posts`, `customers` and `talk` say what part of it is handed out.
"""

from collections.abc import Callable
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

MEDIA = MappingProxyType(
    {
        "blog": ("blog", "firm"),
        "page": ("sns", "firm"),
        "stream": ("sns", "customer"),
        "video": ("video", "firm"),
        "cafe": ("cafe", "customer"),
    }
)


def tables(sim: Simulation) -> dict[str, pd.DataFrame]:
    """All tables of one brand (한 브랜드의 모든 표)."""
    out = Exporter(sim)
    posts, extra = posts_table(out)
    shares, item_shares = shares_table(out, posts, extra)
    posts["shares"] = item_shares
    cases = cases_frame(out)
    said = talk(out, cases)
    cases["mention_id"] = cases["case_id"].map(said.set_index("tag")["mention_id"]).astype(object)
    made: dict[str, pd.DataFrame] = {
        "posts": posts,
        "post_daily": post_daily_table(out, posts),
        "mentions": mentions_table(out, said),
        "shares": shares,
        "cases": cases.drop(columns=["mentioned", "person", "week"]),
    }
    rest: dict[str, Callable[[Exporter], pd.DataFrame]] = {
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
    }
    made |= {name: make(out) for name, make in rest.items()}
    made["leads"] = leads_table(out, posts, first_touch(out, said, shares))
    return made
