"""Weights learnt from what followed (학습한 무게): a description, never a test.

Which components went with what was passed on? Weights chosen to explain an outcome would, in a test of that outcome,
find what they were chosen for. So tests keep to equal weights, and here each stretch of weeks is described by weights
that were learnt on earlier weeks only.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .index import Relationship


def learnt_weights(relationship: Relationship, outcome: pd.Series, *, block_weeks: int = 13) -> pd.DataFrame:
    """Return weights learnt on earlier weeks, block by block, for description only (학습한 무게, 기술 목적).

    Non-negative least squares of the standardised outcome of earlier weeks on the components of the week before, as
    weights that add up to 1; the first two blocks have none.

    Parameters
    ----------
    outcome : one a week of the relationship, such as shares per 1,000 exposures; NaN where not known.
    block_weeks : how many weeks one set of weights describes, 4 or more.

    Returns
    -------
    DataFrame
        week, a weight a component (NaN in the first two blocks, and where nothing went with the outcome), described:
        the components' mean by those weights, z.
    """
    from scipy.optimize import nnls

    weeks, names = relationship.weeks, [part.name for part in relationship.parts]
    if len(outcome) != len(weeks):
        raise ValueError(f"outcome must have one value a week, {len(weeks)}, not {len(outcome)}")
    if block_weeks < 4 or not names:
        raise ValueError("block_weeks must be 4 or more, and the relationship have components")
    before, y = weeks[names].shift(), pd.Series(np.asarray(outcome, float))
    known = (before.notna().all(axis=1) & y.notna()).to_numpy()
    weights = np.full((len(weeks), len(names)), np.nan)
    for start in range(2 * block_weeks, len(weeks), block_weeks):
        use = known & (np.arange(len(weeks)) < start)
        found = nnls(_standard(before.to_numpy()[use]), _standard(y.to_numpy()[use]))[0]
        if found.sum() > 0:
            weights[start : start + block_weeks] = found / found.sum()
    described = (weights * weeks[names].to_numpy()).sum(axis=1)
    table = pd.DataFrame(weights, columns=names).assign(described=described)
    table.insert(0, "week", weeks["week"])
    return table


def _standard(values: np.ndarray) -> np.ndarray:
    spread = values.std(axis=0)
    return (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
