"""Groups of weeks, for the eye (주들의 묶음)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .dose import DoseResponse


def binned(response: DoseResponse, *, bins: int = 6) -> pd.DataFrame:
    """Return groups of equally many weeks, by relationship (구간 평균): relationship, adjusted, se, n."""
    weeks = response.weeks.sort_values("relationship", kind="stable")
    group = np.arange(len(weeks)) * bins // max(len(weeks), 1)
    rows = []
    for _, part in weeks.groupby(group):
        mean = np.average(part["adjusted"], weights=part["weight"])
        row = {"relationship": part["relationship"].mean(), "adjusted": mean, "n": len(part)}
        rows.append(row | {"se": float(part["adjusted"].std() / np.sqrt(len(part)))})
    return pd.DataFrame(rows, columns=["relationship", "adjusted", "se", "n"])
