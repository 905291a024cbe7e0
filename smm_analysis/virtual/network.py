"""The network that a simulated brand lives on (모의 브랜드의 전체 네트워크), of which the export shows a small part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .exporter import author_key
from .luck import Luck
from .people import people


def whole_network(told: Mapping[str, Any], brand: str) -> pd.DataFrame:
    """Return every link of a simulated brand, as the table `follows` would hold it (전체 팔로우 관계).

    The table `follows` of a simulated data set is a crawl that finds whom one person in 25 follows; this is the truth
    behind it.

    Parameters
    ----------
    told : the brand's entry in ``truth.json``, with seed and people.
    brand : its name, which is part of the luck.
    """
    drawn = people(Luck(told["seed"], brand), told["people"])
    keys = pd.Series([author_key(brand, person) for person in range(drawn.n)], dtype=object)
    ends = {"follower_key": drawn.follower, "followed_key": drawn.followed}
    return pd.DataFrame({name: keys.to_numpy()[at] for name, at in ends.items()} | {"brand": brand})
