"""Cautious splits: shortfalls by hand, the linear programme against every split of a grid, and its certificate."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import norm

from smm_analysis.mix.caution import as_cautious_with_half, cautious_split, shortfall


@pytest.mark.parametrize(
    ("share", "by_hand"),
    [(0.25, -2), (0.5, (-2 + 0) / 2), (0.6, (-2 + 0 + 0.4 * 1) / 2.4), (0.1, -2), (1, (-2 + 0 + 1 + 5) / 4)],
)
def test_the_shortfall_is_the_mean_of_the_worst_draws(share, by_hand):
    assert shortfall(np.array([5.0, -2, 1, 0]), share) == pytest.approx(by_hand)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_half_the_weeks_are_as_cautious_as_all(share):
    """Both means of a normal's worst draws, by numeric integration, lie as far below its mean."""

    def below(part: float, sd: float) -> float:
        return -norm.expect(lambda z: z, ub=norm.ppf(part)) / part * sd

    assert below(as_cautious_with_half(share), np.sqrt(2)) == pytest.approx(below(share, 1), rel=1e-6)
    assert as_cautious_with_half(1) == 1


def curves(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Concave gains of three channels at nine points of money, 20 draws; nothing moves at the fifth point."""
    rng, money = np.random.default_rng(seed), np.tile(np.arange(9.0), (3, 1))
    strength, bend = rng.lognormal(0, 1, (2, 20, 3, 1))
    value = strength * -np.expm1(-money / (4 * bend))
    return value - value[:, :, 4:5], money


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("seed", range(5))
def test_no_split_of_the_grid_has_a_greater_shortfall_and_weights_certify_it(seed, share):
    gains, money = curves(seed)
    found, weights = cautious_split(gains, money, 12.0, share)
    assert found.sum() == pytest.approx(12)
    reached = shortfall(
        sum(np.array([np.interp(found[k], money[k], draw) for draw in gains[:, k]]) for k in range(3)), share
    )
    splits = [at for at in product(range(9), repeat=3) if sum(at) == 12]
    assert len(splits) > 60
    every = np.array([gains[:, [0, 1, 2], at].sum(axis=1) for at in splits])
    assert reached >= max(shortfall(draws, share) for draws in every) - 1e-9
    assert weights.mean() == pytest.approx(1)
    assert (weights >= -1e-9).all()
    assert weights.max() <= 1 / share + 1e-6
    assert (every @ weights / len(weights)).max() <= reached + 1e-6


def test_what_helps_in_the_worst_draws_is_bought_not_what_helps_on_average():
    """By the mean the second channel wins .5 to .4, but it loses in half of the draws."""
    sure, luck = np.full(10, 0.4), np.tile([-1.0, 2.0], 5)
    gains = np.stack([sure, luck], axis=1)[..., None] * np.arange(3)
    money = np.tile(np.arange(3.0), (2, 1))
    assert cautious_split(gains, money, 2.0, 0.5)[0].tolist() == [2, 0]
    assert cautious_split(gains, money, 2.0, 0.99)[0] == pytest.approx([0, 2], abs=0.01)


def test_numbers_that_are_none_are_refused():
    with pytest.raises(ValueError, match=r"NaN|nan|inf"):
        cautious_split(np.full((2, 2, 2), np.nan), np.ones((2, 2)), 2.0, 0.5)
