"""What promotion truly does to hides (홍보와 숨기기의 참값), week by week, in a firm's own terms.

`truth` gives the promotion share at which hides double if everybody felt the same share. A firm sees another one: the
share of its impressions. Who sees few posts feels promotion unevenly, so that some have had enough before the average
has, and hides double sooner in the firm's terms. Here are the hides that the engine expects of every week, without the
luck of who hides: from them the truth follows in whatever terms an estimate is in.
"""

import numpy as np
import pandas as pd

from .exporter import week_start
from .managers import POSTS
from .simulation import Simulation

_KEPT = 0.8  # of what was felt before, a week in which something was seen


def weekly_hides(sim: Simulation) -> pd.DataFrame:
    """Expected hides of every week (주별 기대 숨기기 수).

    Returns
    -------
    DataFrame
        Indexed by week: impressions, expected_hides, felt_share (mean over impressions of the promotion share that
        people feel).
    """
    world, felt, rows = sim.setting.world, np.zeros(sim.people.n), []
    for week in range(sim.setting.weeks):
        seen = sum(sim.history[kind][week].astype(float) for kind in POSTS)
        share = sim.history["promo"][week] / np.maximum(seen, 1)
        felt = np.where(seen > 0, _KEPT * felt + (1 - _KEPT) * share, felt)
        excess = np.maximum(felt - sim.people.tolerance, 0)
        hides = -np.expm1(-seen * world.hide_rate * (1 + world.hide_by_promo * excess))
        rows.append((seen.sum(), hides.sum(), (felt * seen).sum() / max(seen.sum(), 1)))
    index = pd.DatetimeIndex(week_start(np.arange(sim.setting.weeks)).astype("datetime64[ns]"), name="week")
    return pd.DataFrame(rows, index, ["impressions", "expected_hides", "felt_share"])
