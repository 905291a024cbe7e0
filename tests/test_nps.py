"""Net Promoter Score: its interval, two groups, known frames, silent people."""

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from people import accuracy

from smm_analysis import health


def counts(n):
    return [(p, d) for p, d in product(range(n + 1), repeat=2) if p + d <= n]


@pytest.mark.parametrize("n", [10, 20, 50, 100])
@pytest.mark.parametrize("shares", [(0.5, 0.2), (0.9, 0.02), (0.7, 0.05)])
def test_nps_default_interval_covers_exactly_as_it_says(n, shares):
    assert accuracy.exact_coverage(n, *shares, "score") >= 0.925


def test_nps_wald_interval_fails_where_detractors_are_few():
    assert accuracy.exact_coverage(10, 0.9, 0.02, "wald") < 0.75


@pytest.mark.parametrize("method", ["score", "adjusted_wald"])
@pytest.mark.parametrize("n", [1, 2, 10, 60])
def test_nps_interval_holds_the_estimate_within_bounds_and_is_never_of_zero_width(method, n):
    for promoters, detractors in counts(n):
        low, high = health.nps_interval(promoters, detractors, n, method=method)
        estimate = 100 * (promoters - detractors) / n
        assert -100 <= low < high <= 100
        assert low <= estimate + 1e-9 <= high + 2e-9 or n == 1  # adjusted Wald pulls a single answer too far inwards


def naive_score_interval(promoters, detractors, n, z, step=0.002):
    """The score test at each NPS of a grid, its restricted maximum likelihood found on a grid as well."""
    kept = []
    for net in np.arange(-1 + step, 1, step):
        share = np.linspace(max(0, -net), (1 - net) / 2, 2001)[1:-1]
        passives = n - promoters - detractors
        likelihood = promoters * np.log(share + net) + detractors * np.log(share)
        best = share[np.argmax(likelihood + passives * np.log(1 - net - 2 * share))]
        variance = (2 * best + net - net**2) / n
        kept += [net] if ((promoters - detractors) / n - net) ** 2 <= z**2 * variance else []
    return 100 * min(kept), 100 * max(kept)


@pytest.mark.parametrize("promoters, detractors, n", [(5, 2, 10), (9, 0, 10), (3, 12, 20), (0, 4, 7), (30, 1, 40)])
def test_nps_score_interval_equals_a_naive_inversion_of_the_score_test(promoters, detractors, n):
    expected = naive_score_interval(promoters, detractors, n, 1.959964)
    assert health.nps_interval(promoters, detractors, n) == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize("n", [1, 5, 30])
def test_nps_score_interval_of_promoters_only_has_a_closed_form(n):
    z2 = 1.959964**2
    assert health.nps_interval(n, 0, n) == pytest.approx((100 * (n - z2) / (n + z2), 100))
    assert health.nps_interval(0, n, n) == pytest.approx((-100, -100 * (n - z2) / (n + z2)))


def test_nps_adjusted_wald_is_wald_with_three_more_answers():
    values, weights = np.array([1, 0, -1]), np.array([12.75, 5.5, 2.75])  # 12 promoters, 4 passives, 2 detractors
    mean = np.average(values, weights=weights)
    error = math.sqrt(np.average((values - mean) ** 2, weights=weights) / weights.sum())
    expected = 100 * (mean - 1.644854 * error), 100 * (mean + 1.644854 * error)
    assert health.nps_interval(12, 2, 18, method="adjusted_wald", level=0.9) == pytest.approx(expected)


def test_net_promoter_counts_classes_and_missing_answers():
    answer = health.net_promoter([0, 6, 7, 8, 9, 10, 10, None, float("nan"), pd.NA])
    assert (answer.promoters, answer.passives, answer.detractors, answer.n, answer.n_missing) == (3, 2, 2, 7, 3)
    assert answer.nps == pytest.approx(100 / 7)
    assert health.net_promoter(pd.Series([9, 3], dtype="Int64")).nps == 0


def test_net_promoter_without_answers_is_nan_and_says_how_many_were_missing():
    answer = health.net_promoter([None, None])
    assert math.isnan(answer.nps)
    assert math.isnan(answer.low)
    assert (answer.n, answer.n_missing) == (0, 2)


@pytest.mark.parametrize("bad", [11, -1, 7.5, "nine"])
def test_net_promoter_refuses_scores_outside_the_scale_and_shows_them(bad):
    with pytest.raises(ValueError, match=f"2 are not, first: {bad!r}, {bad!r}"):
        health.net_promoter([9, bad, 3, bad])


def test_nps_refuses_unknown_methods_and_levels():
    with pytest.raises(ValueError, match="method must be one of score, adjusted_wald, wald, not 'exact'"):
        health.nps_interval(3, 1, 5, method="exact")
    with pytest.raises(ValueError, match="level must lie between 0 and 1, not 95"):
        health.net_promoter([9], level=95)


def test_net_promoter_by_quarter_and_by_group():
    surveys = pd.DataFrame(
        {
            "asked_at": pd.to_datetime(["2026-01-01", "2026-03-31", "2026-04-01", "2026-05-01"]).tz_localize(
                "Asia/Seoul"
            ),
            "question": ["recommend", "recommend", "recommend", "trust"],
            "score": [10, np.nan, 2, 9],
            "segment": ["a", "b", "b", "b"],
        }
    )
    quarters = health.net_promoter_by(surveys)
    assert quarters["quarter"].tolist() == [pd.Timestamp("2026-01-01"), pd.Timestamp("2026-04-01")]
    assert quarters[["nps", "n", "n_missing"]].to_numpy().tolist() == [[100, 1, 1], [-100, 1, 0]]
    assert health.net_promoter_by(surveys, "segment")["nps"].tolist() == [100, -100]
    assert health.net_promoter_by(surveys.iloc[3:]).empty


# two groups, known frames, silent people


def test_compare_nps_keeps_the_sign_and_turns_with_the_groups():
    before, now = [10] * 30 + [3] * 20, [10] * 20 + [3] * 30
    fall, rise = health.compare_nps(now, before), health.compare_nps(before, now)
    assert (fall.estimate, rise.estimate) == (-40, 40)
    assert (fall.low, fall.high) == pytest.approx((-rise.high, -rise.low))
    assert fall.high < 0
    assert fall.n == 100


def test_compare_nps_takes_counts_too_and_builds_their_intervals_at_its_own_level():
    a, b = [10] * 5 + [7] * 5, [10] * 2 + [3] * 8
    counted = health.compare_nps(health.net_promoter(a, level=0.5), health.net_promoter(b), level=0.9)
    assert counted == health.compare_nps(a, b, level=0.9)


def test_compare_nps_of_two_unanimous_groups_is_not_certain():
    gap = health.compare_nps([10] * 10, [10] * 10)
    assert gap.estimate == 0
    assert gap.low == pytest.approx(-gap.high)
    assert gap.high > 30


def test_compare_nps_without_answers_says_so():
    assert health.compare_nps([], [9]).reason["en"] == "One of the two groups has no answers."


@pytest.mark.parametrize("n", [10, 20])
@pytest.mark.parametrize("a, b", [((0.5, 0.2), (0.5, 0.2)), ((0.9, 0.02), (0.5, 0.2)), ((0.7, 0.05), (0.9, 0.02))])
def test_compare_nps_covers_exactly_as_it_says(n, a, b):
    """Both groups of n, all pairs of samples enumerated."""
    chances = [trinomial(n, *shares) for shares in (a, b)]
    groups = [health.net_promoter([10] * p + [7] * (n - p - d) + [0] * d) for p, d in counts(n)]
    nps, low, high = (np.array([getattr(group, name) for group in groups]) for name in ("nps", "low", "high"))
    gap = nps[:, None] - nps
    below, above = np.hypot((nps - low)[:, None], high - nps), np.hypot((high - nps)[:, None], nps - low)
    found = health.compare_nps(groups[5], groups[-3])
    assert (found.low, found.high) == pytest.approx((gap[5, -3] - below[5, -3], gap[5, -3] + above[5, -3]))
    truth = 100 * (a[0] - a[1] - b[0] + b[1])
    held = (gap - below <= truth + 1e-9) & (truth - 1e-9 <= gap + above)
    assert (np.outer(*chances) * held).sum() >= 0.925


def trinomial(n, promoters, detractors):
    from scipy.stats import multinomial

    shares = [promoters, detractors, 1 - promoters - detractors]
    return np.array([multinomial.pmf([p, d, n - p - d], n, shares) for p, d in counts(n)])


def test_reweighted_nps_counts_each_stratum_by_the_population():
    scores = pd.Series([10] * 8 + [0] * 2 + [0] * 4 + [10] + [None] * 5)
    strata = pd.Series(["heavy"] * 10 + ["light"] * 10)
    found = health.reweighted_nps(scores, strata, {"heavy": 100, "light": 300})
    assert found.nps == pytest.approx(0.25 * 60 + 0.75 * -60)
    assert health.net_promoter(scores).nps == pytest.approx(20)
    assert found.low < found.nps < found.high
    assert found.table["weight"].tolist() == [0.25, 0.75]
    assert found.table["n_missing"].tolist() == [0, 5]


def test_reweighted_nps_of_one_stratum_is_the_plain_one():
    scores = pd.Series([10, 9, 7, 3])
    plain, found = health.net_promoter(scores), health.reweighted_nps(scores, pd.Series(["a"] * 4), {"a": 9, "b": 0})
    assert (found.nps, found.low, found.high) == pytest.approx((plain.nps, plain.low, plain.high))


def test_reweighted_nps_undoes_response_that_depends_on_the_stratum(seed=1):
    """10,000 customers: the content third answers three times as often, and the plain NPS flatters by 20 points."""
    rng = np.random.default_rng(seed)
    strata = pd.Series(rng.choice(["content", "cool"], 10_000, p=[1 / 3, 2 / 3]))
    content = (strata == "content").to_numpy()
    truth = np.where(rng.random(10_000) < np.where(content, 0.7, 0.3), 10.0, 3.0)
    scores = pd.Series(np.where(rng.random(10_000) < np.where(content, 0.6, 0.2), truth, np.nan))
    everyone = health.net_promoter(truth).nps
    assert health.net_promoter(scores).nps > everyone + 15
    found = health.reweighted_nps(scores, strata, strata.value_counts())
    assert found.low < everyone < found.high
    assert found.high - found.low < 10


def test_reweighted_nps_refuses_strata_without_answers_or_bounds_them():
    scores, strata = pd.Series([10, 10, None]), pd.Series(["a", "a", "b"])
    with pytest.raises(health.TooLittleData, match=r"Nobody answered in: b\. Merge strata, or give silent_nps"):
        health.reweighted_nps(scores, strata, {"a": 1, "b": 1})
    found = health.reweighted_nps(scores, strata, {"a": 1, "b": 1}, silent_nps=(-100, 100))
    assert math.isnan(found.nps)
    assert found.low < 0
    assert found.high == 100
    with pytest.raises(ValueError, match=r"population has no customers in strata b, but answers are there"):
        health.reweighted_nps(scores, strata, {"a": 1})


def test_nps_bounds_hold_whatever_the_silent_would_have_said():
    scores = [10] * 5 + [7] * 3 + [0] * 2 + [None] * 10
    bounds = health.nps_bounds(scores)
    filled = [
        health.net_promoter([score if score is not None else silent for score in scores]).nps for silent in (0, 10)
    ]
    assert [bounds.low, bounds.high] == pytest.approx(filled)
    assert bounds.low_interval < bounds.low < bounds.high < bounds.high_interval
    narrow = health.nps_bounds(scores, silent_nps=(-20, 10))
    assert (narrow.low, narrow.high) == pytest.approx((5, 20))
    with pytest.raises(ValueError, match=r"silent_nps must be two points, -100 <= low <= high <= 100"):
        health.nps_bounds(scores, silent_nps=(20, -20))


def test_nps_bounds_without_answers_are_the_assumption_and_without_silence_the_interval():
    empty = health.nps_bounds([None, None], silent_nps=(-30, 60))
    assert (empty.low, empty.high_interval) == (-30, 60)
    full, plain = health.nps_bounds([10, 9, 3]), health.net_promoter([10, 9, 3])
    assert (full.low, full.high, full.low_interval, full.high_interval) == (plain.nps, plain.nps, plain.low, plain.high)
