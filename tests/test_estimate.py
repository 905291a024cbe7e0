"""The common currency of the models: intervals of shares, quantiles, how an estimate is shown."""

import math

import numpy as np
import pytest

from smm_analysis.estimate import Estimate, around, unknown, wilson, z_value


def test_wilsons_interval_is_the_published_one():
    """Newcombe (1998, Statistics in Medicine 17), table I, method 3."""
    for successes, n, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)):
        assert wilson(successes / n, n, z_value(0.95)) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("n", [50, 0.7, 12.34])
def test_statsmodels_has_the_same_interval_whether_n_is_whole_or_not(n):
    from statsmodels.stats.proportion import proportion_confint

    share = np.linspace(0, 1, 11)
    theirs = proportion_confint(share * n, np.full(11, n), alpha=0.1, method="wilson")
    np.testing.assert_allclose(wilson(share, n, z_value(0.9)), theirs, atol=1e-12)


def test_it_solves_wilsons_equation_at_any_quantile():
    """The ends are where the share lies `quantile` standard errors, of the end itself, away."""
    share, n, quantile = 0.3, 10.0, np.array([0.5, 1.83, 2.26])
    for end in wilson(share, n, quantile):
        np.testing.assert_allclose(np.abs(share - end), quantile * np.sqrt(end * (1 - end) / n))


def test_it_holds_the_share_to_the_last_bit_and_says_nothing_without_units():
    share = np.linspace(0, 1, 1001)
    for n in (0.5, 3, 1e6, 1e15):
        low, high = wilson(share, n, z_value(0.9))
        assert ((low >= 0) & (low <= share) & (share <= high) & (high <= 1)).all()
    assert all(map(math.isnan, wilson(math.nan, 0, z_value(0.9))))


@pytest.mark.parametrize("level", [0, 1, 90, math.nan])
def test_a_level_that_is_none_is_refused(level):
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        z_value(level)


def test_an_estimate_is_shown_with_all_that_it_rests_on():
    assert around(-0.1234, 0.05, 0.9, 1200)._repr_markdown_() == "−0.123 (90%: −0.173 – −0.0734, n = 1,200)"
    assert unknown(0.9, 3, {"en": "few"}) != Estimate(0.0, 0.0, 0.0, 0.9, 3)
