import math
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smm_analysis.reach import contacts_if_independent, duplication, union_at, union_reach


def counts(saw):
    """Single reaches and duplications of people (rows) by media (columns)."""
    names = [f"m{i}" for i in range(saw.shape[1])]
    pairs = combinations(range(saw.shape[1]), 2)
    return (
        dict(zip(names, saw.sum(axis=0).astype(float), strict=True)),
        {(names[i], names[j]): float((saw[:, i] & saw[:, j]).sum()) for i, j in pairs},
    )


# --- worked examples and exact answers --------------------------------------------------------------------------------


def test_sainsbury_s_worked_example():
    """30%, 40% and 20% make 66.40%; exactly one, two, three contacts 45.20, 18.80, 2.40%."""
    reaches = {"a": 30, "b": 40, "c": 20}
    union = union_reach(reaches, universe=100)
    assert union.sainsbury == union.estimate == pytest.approx(66.40)
    assert (union.method, union.clipped, union.gross) == ("sainsbury", False, 90)
    assert len(union.assumed_independent) == 3
    table = union.table().set_index("view")["share"]
    assert table.round(4).to_dict() == {"gross": 0.9, "sainsbury": 0.664, "low_bound": 0.4, "high_bound": 0.9}
    table = contacts_if_independent(reaches, universe=100)
    assert table["people"].tolist() == pytest.approx([33.60, 45.20, 18.80, 2.40])
    assert table["media_seen"].tolist() == [0, 1, 2, 3]


def test_contacts_equal_an_enumeration():
    shares = [0.1, 0.35, 0.6, 0.05]
    expected = np.zeros(5)
    for outcome in product((0, 1), repeat=4):
        expected[sum(outcome)] += math.prod(s if seen else 1 - s for s, seen in zip(shares, outcome, strict=True))
    found = contacts_if_independent(dict(zip("abcd", shares, strict=True)), universe=1)
    np.testing.assert_allclose(found["share"], expected, atol=1e-15)


def test_two_media_are_counted_exactly():
    union = union_reach({"a": 600, "b": 500}, {("b", "a"): 250}, universe=1000)
    assert union.estimate == union.low_bound == union.high_bound == pytest.approx(850)
    assert union.method == "gaussian_copula"


@pytest.mark.parametrize("rho", [-0.3, 0.0, 0.5, 0.9])
def test_three_media_of_half_reach_follow_sheppard(rho):
    """Median thresholds: P(a and b) = 1/4 + asin(r)/2pi, P(none) = 1/8 + 3 asin(r)/4pi (Sheppard 1899)."""
    both = 1000 * (1 / 4 + math.asin(rho) / (2 * math.pi))
    pairs = dict.fromkeys([("a", "b"), ("a", "c"), ("b", "c")], both)
    union = union_reach({"a": 500, "b": 500, "c": 500}, pairs, universe=1000)
    assert union.estimate == pytest.approx(1000 * (7 / 8 - 3 * math.asin(rho) / (4 * math.pi)), abs=0.02)
    off_diagonal = union.correlations.to_numpy()[np.triu_indices(3, 1)]
    np.testing.assert_allclose(off_diagonal, rho, atol=1e-5)


def test_independent_duplication_gives_sainsbury():
    reaches = {"a": 300, "b": 400, "c": 200, "d": 100}
    pairs = {(x, y): reaches[x] * reaches[y] / 1000 for x, y in combinations(reaches, 2)}
    union = union_reach(reaches, pairs, universe=1000)
    assert union.estimate == pytest.approx(union.sainsbury, abs=0.05)


def test_the_nearest_correlation_matrix_of_higham_2002():
    """IMA J. Numerical Analysis 22(3), section 4: 0.7607 and 0.1573."""
    nearest = duplication._nearest_correlation(np.array([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]]))
    np.testing.assert_allclose(nearest[[0, 0, 1], [1, 2, 2]], [0.7607, 0.1573, 0.7607], atol=2e-4)
    assert np.linalg.eigvalsh(nearest).min() > 0


# --- bounds -----------------------------------------------------------------------------------------------------------


def sharp_bounds(reaches, pairs, universe):
    """Least and most union of any population with these counts: linear programmes over all 2**n kinds of people."""
    from scipy.optimize import linprog

    names = list(reaches)
    kinds = np.array(list(product((0, 1), repeat=len(names))))
    rows = [np.ones(len(kinds))] + [kinds[:, names.index(a)] for a in names]
    rows += [kinds[:, names.index(a)] * kinds[:, names.index(b)] for a, b in pairs]
    totals = [universe, *reaches.values(), *pairs.values()]
    union = kinds.any(axis=1).astype(float)
    low, high = (linprog(s * union, A_eq=np.array(rows), b_eq=totals).fun for s in (1, -1))
    return low, -high


@pytest.mark.parametrize("seed", range(25))
def test_bounds_hold_every_population_of_these_counts(seed):
    """They are never tighter than the sharp ones, and the estimate keeps within them."""
    rng = np.random.default_rng(seed)
    media = int(rng.integers(3, 6))
    saw = rng.normal(size=(300, 1)) * rng.uniform(0, 2) + rng.normal(size=(300, media)) > rng.uniform(-1, 2, media)
    reaches, pairs = counts(saw)
    union = union_reach(reaches, pairs, universe=300)
    low, high = sharp_bounds(reaches, pairs, 300)
    assert union.low_bound <= low + 1e-6
    assert high - 1e-6 <= union.high_bound
    assert union.low_bound - 1e-9 <= union.estimate <= union.high_bound + 1e-9
    assert union.low_bound - 1e-9 <= saw.any(axis=1).sum() <= union.high_bound + 1e-9
    assert max(reaches.values()) <= union.low_bound + 1e-9


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=12))
def test_any_real_population_is_accepted_and_bounded(people):
    saw = np.array(people)
    reaches, pairs = counts(saw)
    union = union_reach(reaches, pairs, universe=len(saw))
    truth = saw.any(axis=1).sum()
    assert union.low_bound - 1e-6 <= truth <= union.high_bound + 1e-6
    assert union.low_bound - 1e-6 <= union.estimate <= union.high_bound + 1e-6


def test_a_pair_left_out_widens_the_bounds_and_counts_as_independent():
    reaches = {"a": 500, "b": 400, "c": 300}
    pairs = {("a", "b"): 300, ("a", "c"): 200, ("b", "c"): 120}
    whole = union_reach(reaches, pairs, universe=1000)
    part = union_reach(reaches, {k: v for k, v in pairs.items() if k != ("b", "c")}, universe=1000)
    assert part.assumed_independent == (("b", "c"),)
    assert part.low_bound <= whole.low_bound
    assert part.high_bound >= whole.high_bound
    assert part.estimate == pytest.approx(whole.estimate, abs=0.1)  # 120 is what independence gives


# --- estimates --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["gaussian", "t", "latent", "clayton"])
def test_the_copula_finds_the_union_of_dependent_media(kind):
    """One set of five media each; `benchmarks/reach_union.py` has the table."""
    rng = np.random.default_rng(1)
    n, media = 40_000, 5
    if kind == "clayton":
        inclined = -((1 + rng.exponential(size=(n, media)) / rng.gamma(1, 1, n)[:, None]) ** -1)
    elif kind == "latent":
        inclined = rng.normal(size=(3, media))[rng.integers(3, size=n)] + rng.normal(size=(n, media))
    else:
        inclined = rng.normal(size=(n, 1)) + rng.normal(size=(n, media))
        inclined /= np.sqrt(rng.chisquare(4, n) / 4)[:, None] if kind == "t" else 1
    saw = inclined > np.quantile(inclined, [0.5, 0.6, 0.7, 0.8, 0.9], axis=0).diagonal()
    reaches, pairs = counts(saw)
    union, truth = union_reach(reaches, pairs, universe=n), saw.any(axis=1).sum()
    assert abs(union.estimate / truth - 1) <= 0.015
    assert abs(union.sainsbury / truth - 1) > 3 * abs(union.estimate / truth - 1)


def test_the_same_media_give_the_same_number_in_any_order():
    reaches = {"a": 500, "b": 400, "c": 300, "d": 350}
    pairs = {("a", "b"): 300, ("a", "c"): 200, ("b", "c"): 180, ("a", "d"): 170, ("b", "d"): 150, ("c", "d"): 100}
    first, again = (union_reach(reaches, pairs, universe=1000) for _ in range(2))
    turned = union_reach(dict(reversed(reaches.items())), {(b, a): n for (a, b), n in pairs.items()}, universe=1000)
    assert first.estimate == again.estimate
    assert turned.estimate == pytest.approx(first.estimate, abs=0.1)
    assert (turned.low_bound, turned.high_bound) == pytest.approx((first.low_bound, first.high_bound))


def test_people_or_thousands_make_no_difference():
    reaches, pairs = {"a": 0.5, "b": 0.4, "c": 0.3}, {("a", "b"): 0.3, ("a", "c"): 0.2, ("b", "c"): 0.18}
    scaled = union_reach({k: 2e6 * v for k, v in reaches.items()}, {k: 2e6 * v for k, v in pairs.items()}, universe=2e6)
    assert scaled.estimate == pytest.approx(2e6 * union_reach(reaches, pairs, universe=1).estimate, rel=1e-6)


def test_a_plan_not_yet_run_keeps_the_correlations():
    rng = np.random.default_rng(4)
    inclined = rng.normal(size=(200_000, 1)) + rng.normal(size=(200_000, 3))
    past, plan = (inclined > np.quantile(inclined, 1 - s) for s in (0.3, 0.5))
    reaches, pairs = counts(past)
    correlations = union_reach(reaches, pairs, universe=200_000).correlations
    union = union_at(correlations, counts(plan)[0], universe=200_000)
    assert union == pytest.approx(plan.any(axis=1).sum(), rel=0.005)
    with pytest.raises(ValueError, match="have no medium radio"):
        union_at(correlations, {"radio": 5}, universe=100)


@pytest.mark.parametrize(
    ("reaches", "pairs", "estimate"),
    [
        ({"a": 40}, None, 40),
        ({"a": 0, "b": 0}, {("a", "b"): 0}, 0),
        ({"a": 100, "b": 30}, {("a", "b"): 30}, 100),
        ({"a": 40, "b": 0, "c": 20}, {("a", "b"): 0, ("a", "c"): 20, ("b", "c"): 0}, 40),
        ({"a": 50, "b": 50, "c": 0}, {("a", "b"): 0}, 100),
    ],
)
def test_media_that_reach_nobody_everybody_or_the_same(reaches, pairs, estimate):
    assert union_reach(reaches, pairs, universe=100).estimate == pytest.approx(estimate, abs=1e-3)


def test_correlations_that_fit_no_distribution_are_repaired_and_said():
    """Duplications at the edge of what three groups can do: their correlations are -1, 1, 1."""
    pairs = {("a", "b"): 0, ("a", "c"): 300, ("b", "c"): 300}
    union = union_reach({"a": 300, "b": 300, "c": 600}, pairs, universe=1000)
    assert union.repaired
    assert np.linalg.eigvalsh(union.correlations).min() > 0
    assert union.low_bound <= union.estimate <= union.high_bound
    assert union.estimate == pytest.approx(600, abs=1)


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ({("tv", "sns"): 301}, r"duplication of tv and sns is 301 .* must lie between 0 and 300"),
        ({("tv", "radio"): 390}, r"duplication of tv and radio is 390 .* between 400 and 600"),
        ({("tv", "blog"): 3}, r"tv and blog: both must be different media of tv, sns, radio"),
        ({("tv", "tv"): 3}, r"tv and tv: both must be different"),
        ({("tv", "sns"): 200, ("sns", "tv"): 200}, r"sns and tv comes twice"),
        ({("tv", "sns"): math.nan}, r"duplication of tv and sns is nan"),
    ],
)
def test_an_impossible_duplication_is_refused_by_name(pairs, message):
    with pytest.raises(ValueError, match=message):
        union_reach({"tv": 600, "sns": 300, "radio": 800}, pairs, universe=1000)


def test_three_media_that_contradict_each_other_are_refused_by_name():
    nobody_twice = dict.fromkeys([("a", "b"), ("a", "c"), ("b", "c")], 0)
    with pytest.raises(ValueError, match="a, b, c contradict each other"):
        union_reach({"a": 400, "b": 400, "c": 400}, nobody_twice, universe=1000)
    both_with_one = {("a", "b"): 300, ("a", "c"): 300, ("b", "c"): 0}
    with pytest.raises(ValueError, match="a, b, c contradict each other"):
        union_reach({"a": 400, "b": 300, "c": 300}, both_with_one, universe=1000)


@pytest.mark.parametrize(
    ("reaches", "universe", "message"),
    [
        ({"a": 101}, 100, r"between 0 and the universe 100; .* \{'a': 101"),
        ({"a": -1}, 100, "between 0 and"),
        ({"a": math.nan}, 100, "between 0 and"),
        ({}, 100, "reaches are empty"),
        ({"a": 1}, 0, "universe must be"),
        (pd.Series([1, 2], index=["a", "a"]), 100, "come twice in reaches"),
    ],
)
def test_bad_reaches_are_refused(reaches, universe, message):
    with pytest.raises(ValueError, match=message):
        union_reach(reaches, universe=universe)
