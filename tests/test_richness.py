import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smm_analysis.listening.topics.richness import compare_with_group, themes_found, total_themes

# spiders of two hemlock stands (Sackett et al. 2011), as in the iNEXT guide (Hsieh, Ma & Chao 2016)
GIRDLED = [46, 22, 17, 15, 15, 9, 8, 6, 6, 4, *[2] * 4, *[1] * 12]
LOGGED = [88, 22, 16, 15, 13, 10, 8, 8, 7, 7, 7, 5, 4, 4, 4, 3, 3, 3, 3, *[2] * 4, *[1] * 14]


def one_each(counts):
    """Return mentions of one theme each, by as many people."""
    theme = np.repeat(np.arange(len(counts)), counts)
    return pd.DataFrame({"mention_id": np.arange(len(theme)), "author_key": np.arange(len(theme)), "theme": theme})


def found_of(mentions):
    """Return found themes of mentions given as (author, themes)."""
    rows = [(m, who, theme) for m, (who, themes) in enumerate(mentions) for theme in (themes or [None])]
    return pd.DataFrame(rows, columns=["mention_id", "author_key", "theme"])


def community(seed, *, authors=200, kinds=40, by_author=3):
    """Return mentions of authors with four themes each of Zipf popularity; three of ten speak of none."""
    rng = np.random.default_rng(seed)
    popular = 1 / np.arange(1, kinds + 1)
    repertoire = rng.choice(kinds, (authors, 4), p=popular / popular.sum())
    who = np.repeat(np.arange(authors), rng.geometric(1 / by_author, authors))
    theme = repertoire[who, rng.integers(4, size=len(who))].astype(float)
    theme[rng.random(len(who)) < 0.3] = np.nan
    return pd.DataFrame({"mention_id": np.arange(len(who)), "author_key": who, "theme": theme})


# --- the curve -------------------------------------------------------------------------------------------------------

sets = st.lists(st.lists(st.sampled_from("abcd"), max_size=3, unique=True), min_size=1, max_size=7)


@given(sets)
@settings(max_examples=30, deadline=None)
def test_the_curve_is_the_mean_over_all_subsets(mentions):
    found = found_of([(f"p{i % 3}", themes) for i, themes in enumerate(mentions)])
    curve = themes_found(found, sizes=np.arange(1, len(mentions) + 1))["themes"]
    for n, value in enumerate(curve, start=1):
        counts = [len(set().union(*subset)) for subset in combinations(mentions, n)]
        assert value == pytest.approx(np.mean(counts), abs=1e-9)


@given(sets)
@settings(max_examples=30, deadline=None)
def test_by_author_it_is_the_mean_over_all_groups_of_people(mentions):
    people = {f"p{i % 4}": set().union(*mentions[i % 4 :: 4]) for i in range(len(mentions))}
    found = found_of([(f"p{i % 4}", themes) for i, themes in enumerate(mentions)])
    curve = themes_found(found, by="author", sizes=np.arange(1, len(people) + 1))["themes"]
    for n, value in enumerate(curve, start=1):
        counts = [len(set().union(*group)) for group in combinations(people.values(), n)]
        assert value == pytest.approx(np.mean(counts), abs=1e-9)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=25))
@settings(max_examples=30, deadline=None)
def test_the_curve_rises_ever_less_within_and_beyond(counts):
    found = one_each(counts)
    curve = themes_found(found, sizes=np.arange(1, 2 * len(found) + 1))
    steps = np.diff(curve["themes"])
    assert (steps >= -1e-9).all() and (np.diff(steps[: len(found) - 1]) <= 1e-9).all()
    assert (np.diff(steps[len(found) - 1 :]) <= 1e-9).all()
    assert curve["themes"][len(found) - 1] == pytest.approx(len(counts))
    shuffled = themes_found(found.sample(frac=1, random_state=1), sizes=np.arange(1, 2 * len(found) + 1))
    pd.testing.assert_frame_equal(curve, shuffled)


@pytest.mark.parametrize(
    ("counts", "sizes", "published"),
    [(GIRDLED, [1, 84, 168, 248, 336], [1, 18.912, 26, 30.883, 34.731]), (LOGGED, [252, 504], [37, 47.644])],
)
def test_curve_is_that_of_inext(counts, sizes, published):
    assert themes_found(one_each(counts), sizes=np.array(sizes))["themes"].tolist() == pytest.approx(
        published, abs=6e-4
    )


@pytest.mark.parametrize(
    ("counts", "published"), [(GIRDLED, (43.893, 30.511, 96.971)), (LOGGED, (61.403, 43.502, 128.583))]
)
def test_total_is_that_of_inext(counts, published):
    total = total_themes(one_each(counts), by="mention")
    assert (total.estimate, total.low, total.high) == pytest.approx(published, abs=6e-4)


def test_chao2_of_the_ants_of_2000_metres():
    """Longino & Colwell (2011): 14 species in 200 plots, one of them in one plot, two in two."""
    plots = [1, 2, 2, 3, 4, 8, 8, 13, 15, *[20] * 5]  # the last five do not matter
    found = pd.DataFrame(
        [(plot, plot, kind) for kind, n in enumerate(plots) for plot in range(n)]
        + [(plot, plot, None) for plot in range(200)],
        columns=["mention_id", "author_key", "theme"],
    )
    total = total_themes(found, by="mention")
    assert (total.n, total.n_seen, total.n_once, total.n_twice) == (200, 14, 1, 2)
    assert total.estimate == pytest.approx(14 + 199 / 200 * 1 / 4)


def test_the_variance_is_that_between_samples():
    """Samples of 150 from a large population of themes of known shares, and the mean of their own variances."""
    rng = np.random.default_rng(2)
    shares = 1 / np.arange(1, 61)
    drawn = [rng.multinomial(150, shares / shares.sum()) for _ in range(150)]
    curves = [themes_found(one_each(counts[counts > 0]), sizes=np.array([75, 150])) for counts in drawn]
    between = np.std([curve["themes"] for curve in curves], axis=0)
    own = np.sqrt(np.mean([curve["se"] ** 2 for curve in curves], axis=0))
    assert own[1] == pytest.approx(between[1], rel=0.2)
    assert own[0] >= 0.8 * between[0]


def test_mentions_of_no_theme_count_as_mentions():
    some = found_of([("p", "a"), ("q", "b"), ("r", None), ("s", None)])
    assert themes_found(some, sizes=np.array([1, 4]))["themes"].tolist() == pytest.approx([0.5, 2])


# --- how many there are ----------------------------------------------------------------------------------------------


def test_repeating_oneself_is_not_hearing_a_theme_twice():
    found = found_of([("p", "a")] * 9 + [("q", "b"), ("r", "b"), ("q", "c")])
    by_author, by_mention = total_themes(found), total_themes(found, by="mention")
    assert (by_author.n, by_author.n_once, by_author.n_twice) == (3, 2, 1)
    assert (by_mention.n, by_mention.n_once, by_mention.n_twice) == (12, 1, 1)


@pytest.mark.parametrize(
    ("mentions", "words"),
    [
        ([("p", "a"), ("q", "b"), ("p", "a")], "Each of the 2 themes was seen with one person only (2 people)"),
        ([("p", None), ("q", None)], "No theme was found in 2 people's mentions"),
        ([], "No theme was found in 0 people's mentions"),
    ],
)
def test_where_the_total_cannot_be_told(mentions, words):
    total = total_themes(found_of(mentions))
    assert math.isnan(total.estimate) and math.isnan(total.high)
    assert words in total.reason["en"] and total.reason["ko"]


def test_where_all_was_heard_the_total_is_what_was_heard():
    total = total_themes(one_each([5, 4, 3]), by="mention")
    assert (total.estimate, total.low, total.high) == (3, 3, 3)


# --- against a group -------------------------------------------------------------------------------------------------


def test_the_parts_of_the_comparison_are_those_of_the_curves():
    found = community(1)
    result = compare_with_group(found, n_mentions=150, draws=20)
    total = total_themes(found)  # without the correction that keeps the draws steady
    steady = total.n_seen + (total.n - 1) / total.n * total.n_once * (total.n_once - 1) / (2 * (total.n_twice + 1))
    heard = themes_found(found, sizes=np.array([150]))["themes"][0]
    group = themes_found(found, by="author", sizes=np.array([8]))["themes"][0]
    table = result.table.set_index("reading")
    assert result.themes_total == pytest.approx(steady)
    assert result.themes_in_group == pytest.approx(0.6 * steady)
    assert result.estimate == pytest.approx(heard - 0.6 * steady)
    assert table.loc["authors", "themes_in_group"] == pytest.approx(group)
    for reading in table.index:
        n = round(table.loc[reading, "n_equal"])
        near = themes_found(found, sizes=np.array([n - 1, n + 1]))["themes"]
        assert near[0] <= table.loc[reading, "themes_in_group"] <= near[1]


def test_the_interval_takes_the_range_of_shares_in():
    found = community(2)
    wide = compare_with_group(found, n_mentions=150, draws=100)
    narrow = compare_with_group(found, n_mentions=150, draws=100, share_range=(0.6, 0.6))
    assert wide.estimate == narrow.estimate
    assert wide.low < narrow.low < narrow.estimate < narrow.high < wide.high
    assert wide.n_equal_low < narrow.n_equal_low < narrow.n_equal < narrow.n_equal_high < wide.n_equal_high


def test_what_would_decide_is_no_less_than_what_was_read():
    found = community(2)
    asked = {"draws": 100, "share_range": (0.5, 0.7)}
    few, many = (compare_with_group(found, n_mentions=n, **asked) for n in (100, 629))
    assert few.n_mentions < few.n_equal_high and "would decide" in few.would_decide["en"]
    assert many.n_mentions > many.n_equal_high and "More reading changes little" in many.would_decide["en"]


def test_both_clear_answers_occur():
    """Few mentions find less than a group, all of them more, whatever share is right."""
    found = community(3, authors=400)
    assert compare_with_group(found, n_mentions=20, draws=100).high < 0
    assert compare_with_group(found, draws=100).low > 0
    assert compare_with_group(found, n_mentions=60, reading="authors", draws=100).low > 0


def test_people_are_drawn_not_mentions():
    """Ten times the mentions by the same people, all alike: the interval does not shrink."""
    once = community(4)
    ten = pd.concat([once.assign(mention_id=once["mention_id"] + 10_000 * i) for i in range(10)])
    options = {"reading": "authors", "n_mentions": 50, "draws": 200}
    a, b = compare_with_group(once, **options), compare_with_group(ten, **options)
    assert (b.high - b.low) > 0.8 * (a.high - a.low)


def test_the_seed_decides_and_the_order_of_rows_does_not():
    found = community(5)
    first, again = (compare_with_group(found, n_mentions=99, draws=30, seed=1) for _ in range(2))
    other = compare_with_group(found, n_mentions=99, draws=30, seed=2)
    mixed = compare_with_group(found.sample(frac=1, random_state=1), n_mentions=99, draws=30)
    assert first == again and first.low != other.low
    assert mixed.estimate == pytest.approx(first.estimate)


def test_intervals_hold_the_truth():
    """20 communities of known shares; at 95% fewer than 16 of 20 happen by chance less than once in a hundred."""
    sizes = np.array([120])
    many = [community([7, i]) for i in range(100)]
    truth = np.mean([themes_found(f, sizes=sizes)["themes"][0] for f in many])
    truth_group = np.mean([themes_found(f, by="author", sizes=np.array([8]))["themes"][0] for f in many])
    hits = {"authors": 0, "published": 0}
    for seed in range(20):
        found = community([8, seed])
        table = compare_with_group(found, n_mentions=120, draws=60, share_range=(0.6, 0.6), seed=seed).table
        for reading, group in (("authors", truth_group), ("published", 0.6 * 40)):
            row = table.set_index("reading").loc[reading]
            hits[reading] += row["low"] <= truth - group <= row["high"]
    assert min(hits.values()) >= 16


@pytest.mark.parametrize(
    ("found", "options", "words"),
    [
        (community(6, authors=20), {}, "20 people wrote; at least 30 are needed"),
        (one_each([1] * 40), {}, "Each of the 40 themes was seen with one person only"),
        (
            one_each([20, 20]),
            {"n_mentions": 81},
            "81 mentions are asked for, but there are 40; the curve is continued up to 80",
        ),
        (found_of([(f"p{i}", None) for i in range(40)]), {}, "No theme was found in 40 people's mentions"),
    ],
)
def test_where_the_data_cannot_tell_it_says_so(found, options, words):
    result = compare_with_group(found, **options)
    assert math.isnan(result.estimate) and math.isnan(result.n_equal) and result.table.empty
    assert words in result.reason["en"] and result.reason["ko"]


def test_a_group_that_hears_more_than_twice_the_mentions_would_is_said_to_be_out_of_reach():
    found = community(9, authors=30, kinds=300, by_author=2)
    result = compare_with_group(found, draws=50, group_share=0.95, share_range=(0.9, 1))
    assert result.n_equal == math.inf and result.n_equal_high == math.inf


def test_people_without_a_key_stand_for_themselves():
    found = community(10).astype({"author_key": object})
    found.loc[::7, "author_key"] = None
    result = compare_with_group(found, draws=20)
    assert result.n_people == found["author_key"].nunique() + found["author_key"].isna().sum()
    assert result.n == found["mention_id"].nunique()


def test_threads_can_be_drawn_instead():
    found = community(11).assign(thread_id=lambda table: table["mention_id"] // 5)
    assert compare_with_group(found, cluster="thread_id", draws=30).low < math.inf


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"share_range": (0.7, 0.8)}, "share_range must hold group_share, within 0 to 1"),
        ({"reading": "guess"}, "reading must be 'published' or 'authors', not 'guess'"),
        ({"cluster": "thread_id"}, "found has no column 'thread_id'"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        compare_with_group(community(1), **options)


def test_sizes_beyond_twice_the_mentions_are_refused():
    with pytest.raises(ValueError, match="sizes must lie between 1 and 80, twice the 40 there are; not 1 to 81"):
        themes_found(one_each([20, 20]), sizes=np.array([1, 81]))
    with pytest.raises(ValueError, match="by must be 'mention' or 'author', not 'day'"):
        themes_found(one_each([1]), by="day")
    with pytest.raises(ValueError, match="found has no column 'author_key'"):
        themes_found(one_each([1])[["mention_id", "theme"]], by="author")
    assert themes_found(found_of([])).empty


def test_a_group_never_finds_less_than_as_many_writers_at_random():
    found = community(1).assign(mention_id=lambda rows: rows["author_key"])  # heavy writers: eight say nearly all
    table = compare_with_group(found, draws=20).table.set_index("reading")
    assert (table["themes_in_group"] >= table.loc["authors", "themes_in_group"] - 1e-9).all()


def test_few_themes_cannot_be_compared():
    found = community(1)
    few = found.assign(theme=found["theme"].where(found["theme"].isin(found["theme"].dropna().unique()[:6])))
    result = compare_with_group(few, draws=20)
    assert math.isnan(result.estimate) and "Only 6 themes" in result.reason["en"]
