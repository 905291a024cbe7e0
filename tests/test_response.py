import numpy as np
import pandas as pd
import pytest

from smm_analysis import terms
from smm_analysis.listening.response import best_forms, best_hours

START = pd.Timestamp("2025-01-06", tz="Asia/Seoul")


def posts_of(rng, n, *, hour_effect=(1, 1, 1, 1, 1, 1), promo_at_noon=0.0, promo=0.4, spread=0.0):
    """Posts over a year; promotions get `promo` times the response, and are posted from 10 to 13 more often."""
    blocks = np.array([0, 7, 10, 13, 17, 20, 24])
    kind = np.where(rng.random(n) < 0.4, "promo", "useful")
    noon = (kind == "promo") & (rng.random(n) < promo_at_noon)
    block = np.where(noon, 2, rng.integers(0, 6, n))
    hour = blocks[block] + (rng.random(n) * np.diff(blocks)[block]).astype(int)
    at = START + pd.to_timedelta(np.sort(rng.integers(0, 364, n)) * 24 + hour, unit="h")
    seen = rng.integers(500, 5000, n)
    rate = 0.02 * np.where(kind == "promo", promo, 1) * np.asarray(hour_effect)[block]
    noise = rng.gamma(1 / spread, spread, n) if spread else 1.0
    got = rng.poisson(rate * seen * noise)
    return pd.DataFrame(
        {
            "published_at": at,
            "kind": kind,
            "medium": rng.choice(["page", "blog"], n),
            "impressions": seen,
            "reach": seen,
            "reactions": got,
            "comments": 0,
            "shares": 0,
        }
    )


def test_the_observed_rate_is_the_plain_one():
    posts = posts_of(np.random.default_rng(0), 200)
    row = best_forms(posts, ["kind"]).set_index("kind").loc["promo"]
    promo = posts[posts["kind"] == "promo"]
    assert row["n"] == len(promo) and row["exposure"] == promo["impressions"].sum()
    assert row["observed_rate"] == pytest.approx(1000 * promo["reactions"].sum() / promo["impressions"].sum())
    assert row["estimate"] == pytest.approx(row["observed_rate"], rel=0.1)


def test_noon_is_not_blamed_for_the_promotions_posted_then():
    """Hours do not matter, promotions do and are posted at noon: the naive rate is far too low, the adjusted is not."""
    posts = posts_of(np.random.default_rng(1), 500, promo_at_noon=0.9)
    table = best_hours(posts, each_weekday=False).set_index("hour_block")
    average = table["observed_rate"] @ table["exposure"] / table["exposure"].sum()
    assert table.loc["10-13", "observed_rate"] < 0.75 * average
    assert table.loc["10-13", "times_average"] > 0.93
    assert table.loc["10-13", "times_average_low"] < 1 < table.loc["10-13", "times_average_high"]


def test_a_better_hour_is_found():
    posts = posts_of(np.random.default_rng(2), 400, hour_effect=(1, 1, 1, 1, 1.5, 1), spread=0.1)
    table = best_hours(posts, each_weekday=False)
    assert table.loc[0, "hour_block"] == "17-20" and table.loc[0, "chance_best"] > 0.95
    assert table.loc[0, "times_average_low"] > 1
    assert table["chance_best"].sum() == pytest.approx(1)


def test_where_nothing_matters_no_hour_of_the_week_is_surely_the_best():
    """20 sets of 42 cells: the naive winner looks half as good again; ours is pulled back and doubted."""
    naive, ours, chance = [], [], []
    for seed in range(20):
        table = best_hours(posts_of(np.random.default_rng(seed), 250, promo=1.0, spread=0.2), rng=seed)
        average = table["observed_rate"] @ table["exposure"] / table["exposure"].sum()
        naive.append(table["observed_rate"].max() / average)
        ours.append(table["times_average"].max())
        chance.append(table["chance_best"].max())
    assert np.mean(naive) > 1.3
    assert np.mean(ours) < 1.1
    assert np.mean(chance) < 0.3


def test_intervals_of_ratios_hold_the_truth():
    """60 sets of six blocks of hours with gamma effects, noisy posts: 95% intervals of 360 ratios."""
    covered = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        effect = rng.gamma(1 / 0.04, 0.04, 6)
        posts = posts_of(rng, 300, hour_effect=effect, promo_at_noon=0.3, spread=0.2)
        table = best_hours(posts, each_weekday=False, rng=seed).sort_values("hour_block")
        truth = effect / (effect @ table["exposure"].to_numpy() / table["exposure"].sum())
        covered += (
            (table["times_average_low"].to_numpy() <= truth) & (truth <= table["times_average_high"].to_numpy()),
        )
    assert np.mean(covered) > 0.91


def test_the_same_seed_gives_the_same_table():
    posts = posts_of(np.random.default_rng(3), 120)
    pd.testing.assert_frame_equal(best_hours(posts, rng=4), best_hours(posts, rng=np.random.default_rng(4)))


def test_few_posts_keep_their_counts_and_say_why():
    table = best_forms(posts_of(np.random.default_rng(0), 20))
    assert table["n"].sum() == 20 and table["estimate"].isna().all()
    assert set(table["reason_en"]) == {"There are too few posts (20); at least 30 are needed."}
    posts = posts_of(np.random.default_rng(0), 60)
    posts.loc[0, "kind"] = "event"
    row = best_forms(posts, ["kind"]).set_index("kind").loc["event"]
    assert row["n"] == 1 and np.isnan(row["times_average"]) and row["reason_ko"].startswith("게시물이 1개")


def test_nothing_to_compare_without_responses():
    table = best_hours(posts_of(np.random.default_rng(0), 40).assign(reactions=0))
    assert table["estimate"].isna().all() and table["observed_rate"].eq(0).all()
    assert table["reason_en"].str.startswith("None of the 40 posts").all()


def test_posts_without_exposure_or_response_are_counted_apart():
    posts = posts_of(np.random.default_rng(0), 60).astype({"impressions": float, "reactions": float})
    posts.loc[[0, 1], "impressions"] = [0, np.nan]
    posts.loc[2, "reactions"] = np.nan
    table = best_hours(posts)
    assert table["n"].sum() == 57 and table.attrs["n_left_out"] == 3


def test_no_posts_make_an_empty_table():
    assert best_hours(posts_of(np.random.default_rng(0), 40).iloc[:0]).empty


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"blocks": (0, 12)}, "blocks must be rising hours from 0 to 24"),
        ({"per": "clicks"}, "per must be 'impressions' or 'reach', not 'clicks'"),
        ({"level": 95}, "level must lie between 0 and 1"),
        ({"responses": ["likes"]}, "posts need the column 'impressions' and one of 'likes'"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        best_hours(posts_of(np.random.default_rng(0), 40), **options)


def test_bad_posts_are_refused():
    posts = posts_of(np.random.default_rng(0), 40)
    with pytest.raises(ValueError, match="published_at must hold times"):
        best_hours(posts.assign(published_at="2025-01-06"))
    with pytest.raises(ValueError, match="by must name columns of posts; 'colour' was given"):
        best_forms(posts, ["colour"])


def test_every_heading_has_a_term():
    posts = posts_of(np.random.default_rng(0), 40)
    assert {*best_hours(posts), *best_forms(posts)} <= set(terms.glossary())
