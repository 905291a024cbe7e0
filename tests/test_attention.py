import importlib.util
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from smm_analysis import attention, plot, virtual
from smm_analysis.attention import post_days, time_to_readers, view_decay
from smm_analysis.attention.readers import _restricted
from smm_analysis.attention.resampling import interval, post_weights
from smm_analysis.attention.run_off import age_when_left, day_ends, left_at, still_to_come
from smm_analysis.verdict import decide, judge

PATH = Path(__file__).parents[1] / "benchmarks" / "attention_decay.py"
END = pd.Timestamp("2026-06-30 23:59")
KINDS = {"blog": "blog", "page": "sns"}
HOW = {"kinds": KINDS, "observed_until": END}


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("attention_decay", PATH)
    module = sys.modules["attention_decay"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["attention_decay"]


def post(post_id, medium="page", *, days_ago=100, hour=12, linked=None):
    at = END.normalize() - pd.Timedelta(days=days_ago) + pd.Timedelta(hours=hour)
    return {"post_id": post_id, "published_at": at, "medium": medium, "linked_post_id": linked}


def daily(posts, views, source="feed"):
    """The same views a day for every post, as far as the record goes."""
    rows = [
        (p["post_id"], p["published_at"].normalize() + pd.Timedelta(days=day), source, n)
        for p in posts
        for day, n in enumerate(views)
        if n
    ]
    table = pd.DataFrame(rows, columns=["post_id", "date", "source", "views"])
    return table[table["date"] <= END]


def made(views, *, n=10, **about):
    posts = [post(f"{about.get('medium', 'page')}{i}", **about) for i in range(n)]
    return pd.DataFrame(posts), daily(posts, views)


def both(blog_views, sns_views, *, n=10):
    blog, sns = made(blog_views, n=n, medium="blog"), made(sns_views, n=n)
    return tuple(pd.concat(pair, ignore_index=True) for pair in zip(blog, sns, strict=True))


# --- the run-off ------------------------------------------------------------------------------------------------------


def naive_run_off(views, watched):
    """Day by day from the end, post by post: the oracle."""
    n_days, left = views.shape[1], [0.0]
    share = 1.0
    for day in range(n_days - 1, 0, -1):
        posts = [i for i in range(len(views)) if watched[i, day]]
        today, so_far = sum(views[i, day] for i in posts), sum(views[i, : day + 1].sum() for i in posts)
        share *= 1 - (today / so_far if so_far else 0)
        left.insert(0, 1 - share)
    return np.array(left)


def test_the_run_off_is_what_a_slow_loop_finds():
    rng = np.random.default_rng(1)
    views = rng.poisson(5, (12, 20)).astype(float)
    watched = np.arange(20) < rng.integers(1, 21, 12)[:, None]
    found = still_to_come(views * watched, watched, np.ones((1, 12)))[0]
    assert found == pytest.approx(naive_run_off(views * watched, watched))


def test_without_young_posts_it_is_the_plain_share():
    views = np.array([[8.0, 4, 4], [2, 1, 1]])
    assert still_to_come(views, np.ones((2, 3), bool), np.ones((1, 2)))[0] == pytest.approx([0.5, 0.25, 0])


def test_posts_of_one_shape_give_that_shape_however_young_some_are():
    shape = 0.8 ** np.arange(30)
    watched = np.arange(30) < np.array([30, 30, 4, 11, 19, 2])[:, None]
    views = np.outer([10, 1, 500, 3, 70, 900], shape) * watched
    truth = 1 - np.cumsum(shape) / shape.sum()
    assert still_to_come(views, watched, np.ones((1, 6)))[0] == pytest.approx(truth)
    naive = 1 - np.cumsum(views.sum(axis=0)) / views.sum()
    assert naive[3] < truth[3] / 2


@pytest.mark.parametrize("half_life", [0.1, 0.3, 1.0, 7.0])
def test_hours_of_publishing_tell_half_lives_below_a_day(half_life):
    rest = np.random.default_rng(2).uniform(0.05, 0.7, 200)
    ends = np.arange(60) + rest[:, None]
    views = np.diff(1 - 0.5 ** (ends / half_life), axis=1, prepend=0)
    remaining = still_to_come(views, np.ones_like(views), np.ones((1, 200)))
    ages = day_ends(remaining, rest, np.ones((1, 200)) * views.sum(axis=1))
    assert age_when_left(remaining, ages)[0] == pytest.approx(half_life, rel=0.005)
    assert left_at(remaining, ages, half_life)[0] == pytest.approx(0.5, rel=0.005)


@pytest.mark.parametrize(
    ("views", "low", "high"), [([10, 0, 0], 0, 0.5), ([0, 0, 10], 1.5, 2.5), ([0, 10, 0], 0.5, 1.5)]
)
def test_views_of_one_day_only_are_placed_within_it(views, low, high):
    remaining = still_to_come(np.array([views], float), np.ones((1, 3)), np.ones((1, 1)))
    ages = day_ends(remaining, np.array([0.5]), np.ones((1, 1)))
    assert low <= age_when_left(remaining, ages)[0] <= high
    assert left_at(remaining, ages, 2.5)[0] == pytest.approx(0)


# --- days of life -----------------------------------------------------------------------------------------------------


def test_a_day_that_was_not_over_does_not_count():
    posts, views = made([10, 5, 1], days_ago=1)
    assert (post_days(posts, views, n_days=9, **HOW).posts["days_watched"] == 2).all()
    noon = post_days(posts, views, n_days=9, kinds=KINDS, observed_until="2026-06-30 12:00")
    assert (noon.posts["days_watched"] == 1).all()
    assert noon.views.sum() == 100


def test_the_end_of_the_record_is_read_in_the_posts_timezone():
    posts, views = made([10, 5, 1], days_ago=1)
    posts["published_at"] = posts["published_at"].dt.tz_localize("Asia/Seoul")
    for until in (END.tz_localize("Asia/Seoul"), END.tz_localize("Asia/Seoul").tz_convert("UTC"), END):
        found = post_days(posts, views, n_days=9, kinds=KINDS, observed_until=until)
        assert (found.posts["days_watched"] == 2).all()


def test_no_daily_views_at_all_are_no_posts():
    posts, views = made([10, 5, 1])
    assert post_days(posts, views.iloc[:0], n_days=9, **HOW).posts.empty
    assert "0 posts with daily views" in view_decay(posts, views.iloc[:0], **HOW).late_share.reason["en"]
    assert "0 posts with daily views" in time_to_readers(posts, views.iloc[:0], readers=9, **HOW).gap.reason["en"]


def test_posts_older_than_the_record_are_left_out_and_counted():
    posts, views = made([10, 5, 1])
    old = pd.DataFrame([post("old", days_ago=101)])
    late = pd.DataFrame({"post_id": ["old"], "date": END.normalize(), "source": "feed", "views": 3})
    found = post_days(pd.concat([posts, old]), pd.concat([views, late]), n_days=9, **HOW)
    assert found.n_before_record == 1
    assert "old" not in set(found.posts["post_id"])


def test_groups_are_blog_alone_sns_alone_and_linked():
    posts = [post("b1", "blog"), post("b2", "blog"), post("s1"), post("s2", linked="b2"), post("v", "tube")]
    found = post_days(
        pd.DataFrame(posts), daily(posts, [1]), n_days=3, observed_until=END, kinds=KINDS | {"tube": "video"}
    )
    groups = dict(zip(found.posts["post_id"], found.posts["post_group"], strict=True))
    assert groups == {"b1": "blog_alone", "b2": "linked_posts", "s1": "sns_alone", "s2": "linked_posts", "v": ""}


def test_bad_tables_are_named():
    posts, views = made([10, 5])
    with pytest.raises(ValueError, match="kinds names no kind of 'page'"):
        post_days(posts, views, n_days=9, kinds={"blog": "blog"}, observed_until=END)
    with pytest.raises(ValueError, match="post_daily has no column 'views'"):
        post_days(posts, views.drop(columns="views"), n_days=9, **HOW)
    with pytest.raises(ValueError, match=r"before it was published \(10 rows\): export days"):
        early = views.assign(date=views["date"].where(views["views"] < 10, views["date"] - pd.Timedelta(days=1)))
        post_days(posts, early, n_days=9, **HOW)
    with pytest.raises(ValueError, match="brands a, b: pick one"):
        post_days(posts.assign(brand=["a", "b"] * 5), views, n_days=9, **HOW)
    with pytest.raises(ValueError, match="observed_until must be a time"):
        post_days(posts, views, n_days=9, kinds=KINDS, observed_until=pd.NaT)
    with pytest.raises(ValueError, match=r"late_days must lie between 0 and horizon_days \(30\), not 30"):
        view_decay(posts, views, horizon_days=30, **HOW)
    with pytest.raises(ValueError, match="must be at least 1, not 0"):
        time_to_readers(posts, views, readers=0, **HOW)


# --- decay ------------------------------------------------------------------------------------------------------------


def test_sources_share_out_all_views_and_have_their_own_half_lives():
    posts = [post(f"b{i}", "blog") for i in range(10)]
    feed, search = daily(posts, [60, 20, 10]), daily(posts, [0, 0] + [5] * 88, source="search")
    found = view_decay(pd.DataFrame(posts), pd.concat([feed, search]), **HOW)
    assert found.sources["view_source"].tolist() == ["from_feed", "from_search"]
    assert found.sources["share_of_views"].tolist() == pytest.approx([90 / 530, 440 / 530])
    assert found.sources["half_life_days"].iloc[0] < 1 < 40 < found.sources["half_life_days"].iloc[1]
    assert found.by_age["share"].sum() == pytest.approx(1)
    late = found.by_age[found.by_age["first_day"] == 31]
    assert late["share"].sum() == pytest.approx(300 / 530)


def test_where_no_view_came_late_a_few_may_yet():
    found = view_decay(*both([1] * 90, [100, 50]), **HOW).kinds.iloc[1]
    assert found["late_share"] == 0
    assert 0 < found["late_share_high"] < 0.01


@pytest.mark.parametrize("tail", [[900, 50, 3], [900, 90, 9, 1]])
def test_views_that_fade_away_are_no_cut(tail):
    assert view_decay(*made(tail, n=9), **HOW).kinds.iloc[0]["reason_en"] == ""


@pytest.mark.parametrize(
    ("tables", "why"),
    [
        (both([9] * 90, [9, 1], n=5), "Blog: 5 posts with daily views"),
        (made([9, 1]), "Blog: 0 posts with daily views"),
        (made([9, 1], medium="blog", days_ago=60), "Blog: 0 posts have been watched for 90 days"),
        (both([9] * 28, [9, 1]), "Blog: daily views end 28 days after publishing .* set the horizon to 28"),
    ],
)
def test_decay_declines_and_says_what_would_decide(tables, why):
    found = view_decay(*tables, **HOW)
    for gap in (found.late_share, found.days_to_half):
        assert np.isnan(gap.estimate)
        assert pd.Series([gap.reason["en"]]).str.contains(why).all()
    verdict = judge("blog_is_the_library", found.late_share, delta=10, synthetic=False, lang="ko")
    assert verdict.decision == "cannot_tell"
    assert "블로그" in verdict.reason


def test_one_kind_that_declines_leaves_the_others_whole():
    found = view_decay(*both([9] * 90, [9, 4, 1], n=9), horizon_days=60, **HOW)
    few = view_decay(*both([9] * 90, [9, 4, 1], n=7), horizon_days=60, **HOW)
    assert np.isfinite(found.curve[["age_days", "share", "low", "high"]].to_numpy()).all()
    mixed = [pd.concat(pair) for pair in zip(made([9] * 90, n=3, medium="blog"), made([9, 4, 1]), strict=True)]
    part = view_decay(*mixed, horizon_days=60, kinds=KINDS, observed_until=END)
    assert set(part.curve["medium_kind"]) <= {"sns"}
    assert few.curve.empty
    assert part.curve[["age_days", "share"]].dtypes.map(str).tolist() == ["float64"] * 2


def test_the_same_seed_gives_the_same_interval_and_results_are_frozen(bench):
    made = bench.tables({"blog": (bench.BLOG, 15), "page": (bench.SNS, 30)}, np.random.default_rng(3))
    one, again, other = (view_decay(*made, seed=seed, **HOW) for seed in (1, 1, 2))
    assert one.late_share == again.late_share != other.late_share
    pd.testing.assert_frame_equal(one.kinds, again.kinds)
    with pytest.raises(FrozenInstanceError):
        one.horizon_days = 3


def test_young_posts_hide_late_views_from_the_naive_reading(bench):
    true = bench.truth(bench.LONG)
    found = view_decay(*bench.tables({"blog": (bench.LONG, 150)}, np.random.default_rng(4)), **HOW).kinds.iloc[0]
    assert found["half_life_days_low"] < true["half_life_days"] < found["half_life_days_high"]
    assert found["naive_half_life_days"] < found["half_life_days_low"] - 2
    assert found["naive_late_share"] < found["late_share_low"] - 0.03


def held(bench, kind, sets):
    """How often the half-life and the late share of 25 posts are held by their 90% intervals."""
    true, found = bench.truth(kind), []
    for seed in range(sets):
        made = bench.tables({"blog": (kind, 25)}, np.random.default_rng([seed, 50]))
        row = view_decay(*made, draws=499, **HOW).kinds.iloc[0]
        found.append([row[f"{key}_low"] <= true[key] <= row[f"{key}_high"] for key in true])
    return np.mean(found, axis=0)


def test_intervals_hold_the_planted_half_life(bench):
    """One kind of post, 40 sets; `benchmarks/attention_decay.py` has the table."""
    assert (held(bench, bench.BLOG, 40) >= 0.75).all()  # 90% of 40 within three standard errors


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["SNS", "VIDEO", "BLOG", "LONG"])
def test_planted_half_lives_are_held_in_84_to_96_of_100(bench, kind):
    assert 0.84 <= held(bench, getattr(bench, kind), 200)[0] <= 0.96


def test_blog_and_sns_that_live_alike_are_called_so_and_a_library_a_library(bench):
    said = {"alike": [], "unlike": []}
    for seed in range(20):
        for name, blog in (("alike", bench.VIDEO), ("unlike", bench.BLOG)):
            sns = bench.VIDEO if name == "alike" else bench.SNS
            made = bench.tables({"blog": (blog, 15), "page": (sns, 40)}, np.random.default_rng([seed, 60]))
            found = view_decay(*made, draws=299, **HOW)
            said[name].append(decide(found.late_share.low, found.late_share.high, 10))
            said[name].append(decide(found.days_to_half.low, found.days_to_half.high, 2))
    assert said["alike"].count("supported") == 0
    assert said["alike"].count("not_supported") >= 36
    assert said["unlike"].count("supported") >= 36


def test_the_virtual_brands_curves_are_found():
    """Its curves are planted by calendar day: no view has an hour, so that half-lives are sooner by up to a day."""
    from smm_analysis.virtual.exporter import observed_until
    from smm_analysis.virtual.records import tables
    from smm_analysis.virtual.truth import Again, carry_over

    sim = virtual.simulate(people=3000, weeks=104, seed=11)
    made, kinds = tables(sim), {"blog": "blog", "page": "sns", "stream": "sns", "video": "video"}
    posts = made["posts"]
    found = view_decay(
        posts, made["post_daily"], kinds=kinds, observed_until=observed_until(104), horizon_days=120, level=0.99
    )
    late, days = (entry["value"] for entry in carry_over(Again(sim)) if entry["claim"] == "S3.4")
    assert found.late_share.low / 100 - 0.01 < late < found.late_share.high / 100 + 0.01
    assert found.days_to_half.low - 1 < days < found.days_to_half.high + 1


# --- so many readers --------------------------------------------------------------------------------------------------


def test_mean_hours_are_those_of_kaplan_and_meier():
    from statsmodels.duration.survfunc import SurvfuncRight

    rng = np.random.default_rng(5)
    times, got = rng.integers(1, 60, 50).astype(float), rng.random(50) < 0.6
    fit = SurvfuncRight(np.minimum(times, 40), got & (times < 40))
    steps, shares = np.append(0, fit.surv_times), np.append(1, fit.surv_prob)
    steps, shares = steps[steps < 40], shares[steps < 40]
    expected = shares @ np.diff(np.append(steps, 40))
    assert _restricted(times, got, 40.0, np.ones((1, 50)))[2][0] == pytest.approx(expected)


def test_a_weight_counts_as_so_many_posts():
    times, got, weights = np.array([3.0, 5, 8, 9]), np.array([True, False, True, True]), np.array([2, 1, 0, 3])
    repeated = (np.repeat(times, weights), np.repeat(got, weights))
    expected = _restricted(*repeated, 20.0, np.ones((1, 6)))[2]
    assert _restricted(times, got, 20.0, weights[None].astype(float))[2] == pytest.approx(expected)


def test_hours_by_hand():
    found = time_to_readers(*both([30] * 60, [80, 40, 5]), readers=100, within_days=10, **HOW)
    rows = found.groups.set_index("post_group")
    assert rows.loc["blog_alone", "hours_earliest":"hours_latest"].tolist() == [60, 84]  # on the fourth day, from noon
    assert rows.loc["blog_alone", "hours_to_readers"] == pytest.approx(60 + 24 / 3)
    assert rows.loc["sns_alone", "hours_to_readers"] == pytest.approx(12 + 24 / 2)
    assert rows.loc["sns_alone", "soon_share"] == 1
    assert rows.loc["blog_alone", "soon_share"] == 0
    assert (found.gap.low, found.gap.estimate, found.gap.high) == pytest.approx((60 - 36, 44, 84 - 12))
    assert rows.loc["linked_posts", "reason_en"].startswith("Linked: 0 posts")


def test_who_never_gets_there_counts_as_the_longest_time():
    found = time_to_readers(*both([1] * 60, [200]), readers=100, within_days=10, **HOW)
    blog = found.groups.iloc[0]
    assert blog["n_reached"] == 0
    assert np.isnan(blog["naive_hours"])
    assert blog["hours_to_readers"] == 240
    assert blog["hours_to_readers_low"] < 240  # ten posts do not show that none ever will


def test_a_number_that_nobody_reaches_is_not_answered():
    found = time_to_readers(*both([1] * 60, [200]), readers=5000, **HOW)
    assert "No post, blog or SNS, reached 5,000 readers within 14 days; the most had 200" in found.gap.reason["en"]


def test_posts_that_are_too_young_to_tell_are_censored():
    posts, views = made([40] * 60, medium="blog")
    young = [post(f"y{i}", "blog", days_ago=0) for i in range(10)]
    tables = pd.concat([posts, pd.DataFrame(young)]), pd.concat([views, daily(young, [40])])
    alone, mixed = (time_to_readers(*t, readers=100, **HOW).groups.iloc[0] for t in ((posts, views), tables))
    assert mixed["n"] == 20
    assert mixed["hours_to_readers"] == pytest.approx(alone["hours_to_readers"])


# --- intervals, figures, verdicts -------------------------------------------------------------------------------------


def test_intervals_of_few_posts_reach_further():
    drawn = np.random.default_rng(6).normal(size=5000)
    few, many = interval(drawn, n=8, level=0.9), interval(drawn, n=800, level=0.9)
    assert few[0] < many[0] < many[1] < few[1]
    assert many[1] == pytest.approx(1.645, abs=0.1)
    assert post_weights(5, 3, np.random.default_rng(0)).sum(axis=1).tolist() == [5] * 4


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_figures_carry_n_and_say_when_there_is_nothing(bench, lang):
    made = bench.tables({"blog": (bench.BLOG, 15), "page": (bench.SNS, 30)}, np.random.default_rng(7))
    decay, soon = view_decay(*made, draws=99, **HOW), time_to_readers(*made, readers=100, draws=99, **HOW)
    none = view_decay(*made, draws=99, kinds=KINDS, observed_until="2025-12-01")
    try:
        for draw, found in ((plot.plot_decay, decay), (plot.plot_readers, soon)):
            legend = [text.get_text() for text in draw(found, lang=lang).get_legend().get_texts()]
            assert sum("n = 15" in text or "n = 30" in text for text in legend) == 2
        assert len(plot.plot_view_sources(decay, lang=lang).patches) >= 12
        assert not plot.plot_decay(none, lang=lang).lines
    finally:
        plot.plt.close("all")


def test_verdicts_are_given_in_natural_units(bench):
    made = bench.tables({"blog": (bench.BLOG, 15), "page": (bench.SNS, 30)}, np.random.default_rng(8))
    decay = view_decay(*made, **HOW)
    library = judge("blog_is_the_library", decay.late_share, delta=10, n_unit="posts", synthetic=True)
    assert (library.decision, library.unit) == ("supported", "percentage points")
    engine = judge("sns_is_the_engine", decay.days_to_half, delta=2, n_unit="posts", synthetic=True)
    assert (engine.decision, engine.unit) == ("supported", "days")
    soon = judge("sns_reaches_sooner", time_to_readers(*made, readers=100, **HOW).gap, delta=24, synthetic=True)
    assert (soon.claims, soon.unit) == (("S3.5",), "hours")


def test_everything_named_is_there():
    assert all(hasattr(attention, name) for name in attention.__all__)
