"""Promotion tolerance, cohorts, flights, linked posts, earned exposures: against truth, and where they decline."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest

from smm_analysis import plot, virtual
from smm_analysis.estimate import Estimate, unknown
from smm_analysis.relationship import (
    cohort_retention,
    earned_customers,
    flight_inflow,
    link_synergy,
    pool_brands,
    pooled_link_synergy,
    pooled_tolerance,
    promotion_tolerance,
    reach_by_side,
    side_reach,
    weekly_fit,
)
from smm_analysis.relationship.brand_weeks import baseline, carried, event_columns
from smm_analysis.relationship.inflow import phases
from smm_analysis.relationship.watched import Cohort
from smm_analysis.tables import mondays
from smm_analysis.terms import reason
from smm_analysis.verdict import judge

WEEKS = pd.date_range("2024-01-01", periods=104, freq="7D", name="week")
SEOUL = "Asia/Seoul"


# --- promotion tolerance (S0.8) ---------------------------------------------------------------------------------------


def promoted(seed=0, *, effect=14.0, tolerance=0.2, weeks=104, swing=0.25, mean=0.28, per_week=6000, brand="a"):
    """Posts of two kinds; hides rise beyond a promotion share, smoothed over three weeks, that people bear."""
    rng = np.random.default_rng(seed)
    share = np.clip(mean + swing * np.sin(np.arange(weeks) / 6) + 0.05 * rng.normal(size=weeks), 0.01, 0.95)
    felt = pd.Series(share).ewm(halflife=3, adjust=False).mean()
    rate = 0.002 * (1 + effect * np.maximum(felt - tolerance, 0))
    at = pd.date_range("2024-01-03 10:00", periods=weeks, freq="7D", tz=SEOUL)
    seen = np.column_stack([share, 1 - share]) * per_week
    posts = pd.DataFrame({"brand": brand, "published_at": np.repeat(at, 2), "kind": ["promo", "useful"] * weeks})
    posts["impressions"] = seen.round().astype(int).ravel()
    posts["hides"] = rng.poisson(posts["impressions"] * np.repeat(rate.to_numpy(), 2))
    return posts, felt, rate


def test_the_ratio_of_hides_covers_what_was_planted():
    held = []
    for seed in range(20):
        posts, felt, rate = promoted(seed, effect=3.0)
        low, high = felt[13:].quantile([0.25, 0.75])
        truth = rate[13:][felt[13:] >= high].mean() / rate[13:][felt[13:] <= low].mean()
        ratio = promotion_tolerance(posts, draws=20).ratio
        held.append(ratio.low <= truth <= ratio.high)
    assert np.mean(held) >= 0.75  # 15 of 20 at 90%: fewer in one of 90 samples


def test_the_doubling_point_is_found_where_it_was_planted():
    posts, felt, rate = promoted(1, per_week=20_000)
    found = promotion_tolerance(posts)
    base = rate[13:][felt[13:] <= felt[13:].quantile(0.25)].mean()
    planted = felt[rate >= 2 * base].min()
    assert found.doubling.low <= planted <= found.doubling.high
    assert found.doubling.estimate == pytest.approx(planted, abs=0.04)
    assert found.chance_of_doubling > 0.95
    assert (np.diff(found.curve["hides_per_1000"]) >= -1e-9).all()


def test_where_hides_never_double_there_is_a_bound_and_no_point():
    found = promotion_tolerance(promoted(2, effect=0.0)[0])
    assert math.isinf(found.doubling.estimate)
    assert found.doubling.low == pytest.approx(found.curve["share"].max())
    assert "bound" in found.doubling.reason["en"]
    assert found.ratio.low < 1 < found.ratio.high
    assert judge("promotion_is_spam", found.ratio, delta=1.1, n_unit="weeks", synthetic=True).decision != "supported"


def test_the_naive_reading_takes_more_posts_for_more_annoyance():
    """Hides a week rise with promotion even if nobody minds it, because there are more posts to hide."""
    posts, felt, _ = promoted(3, effect=0.0)
    more = posts["impressions"] * np.repeat(1 + 2 * felt.to_numpy(), 2)
    posts = posts.assign(impressions=more.astype(int), hides=np.random.default_rng(3).poisson(0.003 * more))
    found = promotion_tolerance(posts)
    assert found.naive.low > 1.1
    assert found.ratio.low < 1.1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"weeks": 30}, "17 usable weeks"),
        ({"swing": 0.0}, "hardly varied"),
        ({"per_week": 40}, "hides in all"),
    ],
)
def test_tolerance_declines_and_says_what_would_decide(changes, why):
    found = promotion_tolerance(promoted(4, **changes)[0])
    assert math.isnan(found.ratio.estimate)
    assert why in found.ratio.reason["en"]
    assert "would decide" in found.ratio.reason["en"]
    assert "판단할 수 있습니다" in found.ratio.reason["ko"]


def test_several_brands_see_a_wider_range_than_one():
    low, high = promoted(5, mean=0.12, swing=0.1, brand="calm"), promoted(6, mean=0.4, swing=0.12, brand="loud")
    found = pooled_tolerance(pd.concat([low[0], high[0]], ignore_index=True), draws=100)
    own = {
        name: promotion_tolerance(posts, draws=100).ratio for name, (posts, *_) in {"calm": low, "loud": high}.items()
    }
    assert found.ratio == pool_brands(own, scale="log", weights="equal")
    assert found.weeks["brand"].nunique() == 2
    assert math.isfinite(found.doubling.estimate)
    with pytest.raises(ValueError, match="holds brands calm, loud"):
        promotion_tolerance(pd.concat([low[0], high[0]]))


def test_impossible_hides_are_refused():
    posts = promoted()[0]
    posts.loc[3, "hides"] = posts.loc[3, "impressions"] + 1
    with pytest.raises(ValueError, match="more hides than impressions in 1 rows, first 3"):
        promotion_tolerance(posts)


# --- cohorts (S0.7b) --------------------------------------------------------------------------------------------------


def cohorts(seed=0, *, n=1200, keep=(0.9, 0.9), late=True, weeks=104):
    """Customers who go on with a chance a quarter; paid ones come later in the record if `late`."""
    rng = np.random.default_rng(seed)
    paid = rng.random(n) < 0.4
    came = rng.integers(0, weeks, n)
    came = np.where(paid & late, weeks // 2 + came // 2, came)
    rows = []
    for person in range(n):
        week, stay = came[person], keep[int(paid[person])]
        while True:
            week += 1 + rng.geometric(0.15)
            if rng.random() > stay or week >= weeks:
                break
            rows.append((f"c{person}", WEEKS[0] + pd.Timedelta(weeks=int(week), hours=30)))
    start = WEEKS[0] + pd.to_timedelta(came * 7 + 1, unit="D")
    customers = pd.DataFrame({"customer_key": [f"c{i}" for i in range(n)], "source": np.where(paid, "paid", "organic")})
    return customers.assign(acquired_at=start), pd.DataFrame(rows, columns=["customer_key", "purchased_at"])


END = WEEKS[0] + pd.Timedelta(weeks=104) - pd.Timedelta(minutes=1)


def test_young_cohorts_are_not_called_disloyal():
    """All stay alike, paid ones came late: the naive share says they leave, the watched share mostly does not."""
    held, naive = [], []
    for seed in range(10):
        kept = cohort_retention(*cohorts(seed, n=600), observed_until=END, curve_weeks=0, fewest=10)
        so_far = kept.groups.set_index("source")["share_so_far"]
        naive.append(so_far["organic"] - so_far["paid"])
        held.append(kept.adjusted.low <= 0 <= kept.adjusted.high)
    assert np.mean(naive) > 0.05
    assert np.mean(held) >= 0.7


def test_customers_who_leave_sooner_are_seen_to():
    kept = cohort_retention(*cohorts(2, keep=(0.95, 0.6), n=2000), observed_until=END)
    assert kept.adjusted.low > 0.1
    assert kept.log_rank_p < 1e-6
    verdict = judge("paid_leave_sooner", kept.adjusted, delta=0.05, synthetic=True)
    assert verdict.decision == "supported"


def test_the_share_is_the_plain_share_where_nobody_is_censored():
    customers, purchases = cohorts(3, late=False)
    early = customers["acquired_at"] < WEEKS[70]
    kept = cohort_retention(customers[early], purchases, observed_until=END)
    week = (purchases["purchased_at"] - WEEKS[0]).dt.days // 7
    start = purchases["customer_key"].map(
        ((customers["acquired_at"] - WEEKS[0]).dt.days // 7).set_axis(customers["customer_key"])
    )
    bought = set(purchases["customer_key"][(week - start).between(14, 26)])
    ours = customers[early & (customers["source"] == "paid")]
    plain = ours["customer_key"].isin(bought).mean()
    assert kept.groups.set_index("source").loc["paid", "share"] == pytest.approx(plain)


def test_the_curve_lies_in_its_band_and_loses_customers():
    curve = cohort_retention(*cohorts(4), observed_until=END).curve
    assert ((curve["low"] <= curve["share"]) & (curve["share"] <= curve["high"])).all()
    assert curve.groupby("group")["at_risk"].apply(lambda n: n.is_monotonic_decreasing).all()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda c: c[c["source"] != "paid"], "no customers of the group 'paid'"),
        (lambda c: c[c["acquired_at"] > WEEKS[80]], "longest-watched customer was watched for 2[0-3] weeks"),
        (lambda c: c[(c["source"] != "paid") | (c["acquired_at"] > WEEKS[90])], "only 0 customers were watched"),
    ],
)
def test_retention_declines_and_says_what_would_decide(spoil, why):
    customers, purchases = cohorts(5)
    kept = cohort_retention(spoil(customers), purchases, observed_until=END)
    assert pd.Series(kept.adjusted.reason["en"]).str.contains(why).all()
    assert math.isnan(kept.difference.estimate)


def test_bad_customers_are_refused():
    customers, purchases = cohorts(6, n=50)
    with pytest.raises(ValueError, match="no column 'source'"):
        cohort_retention(customers.drop(columns="source"), purchases, observed_until=END)
    with pytest.raises(ValueError, match="twice"):
        cohort_retention(pd.concat([customers, customers]), purchases, observed_until=END)
    with pytest.raises(ValueError, match="cut the tables first"):
        cohort_retention(customers, purchases, observed_until=WEEKS[20])


def test_the_wait_reads_the_window_only():
    people = pd.DataFrame({"watched": [30, 20, 13, 30]})
    bought = np.zeros((4, 53), bool)
    bought[0, [5, 15]], bought[1, 27], bought[3, 13] = True, True, True
    waits, ended = Cohort(people, bought).waits(26, 13)
    assert waits.tolist() == [2, 7, 13]  # the third was watched for 13 weeks only, not into the window
    assert ended.tolist() == [True, False, False]


# --- inflow (S0.7a) ---------------------------------------------------------------------------------------------------


def flights(seed=0, *, pull=30.0, carry=0.0, weeks=104, off=True, weekly_gap=()):
    """A brand's weeks: ads on for 4 weeks of 12, other media, season; followers owed to ads, and others."""
    rng = np.random.default_rng(seed)
    week = np.arange(weeks)
    on = (week % 12 < 4) if off else np.ones(weeks, bool)
    ads = np.where(on, 1.0, 0.0) * rng.uniform(0.7, 1.3, weeks) * 1000
    tv = np.where((week + 2) % 13 < 3, 500.0, 0.0)
    felt = carried(pd.Series(ads / 1000), carry).to_numpy()
    y = rng.poisson(20 + 5 * np.sin(week / 8) + 10 * tv / 500 + pull * felt)
    weekly = pd.DataFrame({"week": WEEKS[:weeks], "new_followers": y}).drop(index=list(weekly_gap))
    media = pd.DataFrame({"week": np.repeat(WEEKS[:weeks], 2), "channel": ["sns_ads", "tv"] * weeks})
    return weekly, media.assign(spend=np.column_stack([ads, tv]).ravel().round()), felt * pull


def test_inflow_stops_where_it_was_planted_to_stop():
    weekly, media, owed = flights(1)
    found = flight_inflow(weekly, media, channel="sns_ads")
    phase = found.weeks["phase"]
    truth = owed[phase == "during"].mean() - owed[phase == "after"].mean()
    assert found.stops.low <= truth <= found.stops.high
    assert found.stops.high - found.stops.low < 8
    assert found.half_life.estimate == 0
    assert judge("inflow_stops", found.stops, delta=5, n_unit="weeks", synthetic=True).decision == "supported"


def test_inflow_that_lasts_does_not_stop_at_once():
    weekly, media, _ = flights(2, carry=3.0, pull=60)
    found = flight_inflow(weekly, media, channel="sns_ads")
    assert found.after.low > 5
    assert 1 <= found.half_life.estimate <= 6


def test_ads_that_bring_nobody_are_not_supported():
    weekly, media, _ = flights(3, pull=0.0)
    found = flight_inflow(weekly, media, channel="sns_ads")
    assert judge("inflow_stops", found.stops, delta=5, n_unit="weeks", synthetic=True).decision == "not_supported"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"off": False}, "0 flights|flights with rest"),
        ({"weeks": 26}, "usable weeks"),
        ({"weekly_gap": range(20, 80)}, "usable weeks"),
    ],
)
def test_inflow_declines_and_says_what_would_decide(changes, why):
    weekly, media, _ = flights(4, **changes)
    found = flight_inflow(weekly, media, channel="sns_ads")
    assert pd.Series(found.stops.reason["en"]).str.contains(why).all()
    assert "would decide" in found.stops.reason["en"]


def test_a_constant_column_is_left_out_and_named():
    weekly, media, _ = flights(5)
    controls = pd.DataFrame({"week": WEEKS, "name": "price", "value": 1.0})
    found = flight_inflow(weekly, media, channel="sns_ads", controls=controls)
    assert found.left_out == ("price",)
    assert not found.stops.reason


def test_an_unknown_channel_is_named():
    weekly, media, _ = flights()
    with pytest.raises(ValueError, match="no channel 'radio'; it has sns_ads, tv"):
        flight_inflow(weekly, media, channel="radio")


def test_phases_are_flights_and_the_four_weeks_after():
    spend = pd.Series([0, 9, 9, 0, 0, 0, 0, 0, 9, 0])
    assert "".join(phases(spend).str[0]) == "oddaaaaoda"


# --- links (S1.3) -----------------------------------------------------------------------------------------------------


def linked(seed=0, *, lift=1.3, weeks=40, share=0.5, brand="a"):
    """Four like posts a week; links stand more often on videos and in good weeks."""
    rng = np.random.default_rng(seed)
    week, video = np.repeat(np.arange(weeks), 4), rng.random(4 * weeks) < 0.5
    good = np.repeat(rng.normal(size=weeks), 4)
    link = rng.random(4 * weeks) < share * (0.6 + 0.6 * video) * (1 + 0.4 * np.tanh(good))
    log = 5 + 0.6 * good + 1.2 * video + np.log(lift) * link + 0.3 * rng.normal(size=4 * weeks)
    at = pd.Timestamp("2024-01-02", tz=SEOUL) + pd.to_timedelta(week * 7, unit="D")
    posts = pd.DataFrame(
        {"brand": brand, "published_at": at, "kind": "event", "reach": np.exp(log).round().astype(int)}
    )
    return posts.assign(medium=np.where(video, "video", "stream"), linked_post_id=np.where(link, "p1", None))


def test_links_add_what_was_planted_and_the_naive_reading_more():
    held, naive = [], []
    for seed in range(20):
        found = link_synergy(linked(seed, lift=1.0))
        held.append(found.effect.low <= 0 <= found.effect.high)
        naive.append(found.naive.low > 0)
    assert np.mean(held) >= 0.75
    assert np.mean(naive) > 0.9


def test_brands_that_cannot_tell_alone_tell_together():
    brands = [linked(seed, weeks=5, brand=f"b{seed}") for seed in range(6)]
    assert all(link_synergy(posts).effect.reason for posts in brands)
    found = pooled_link_synergy(pd.concat(brands, ignore_index=True)).effect
    assert found.low <= 30 <= found.high
    assert not found.reason


def test_of_few_weeks_the_interval_holds_what_was_planted():
    effects = [link_synergy(linked(seed, weeks=16)).effect for seed in range(50)]
    told = [each for each in effects if not each.reason]
    assert len(told) > 25
    assert np.mean([each.low <= 30 <= each.high for each in told]) >= 0.78  # 90%: fewer in one of 100 samples


def test_posts_without_the_column_of_links_are_not_linked():
    found = link_synergy(linked(1).drop(columns="linked_post_id")).effect
    assert "No post links" in found.reason["en"]


@pytest.mark.parametrize(("share", "why"), [(0.0, "No post links"), (9.0, "Every post links")])
def test_links_decline_and_say_what_would_decide(share, why):
    found = link_synergy(linked(1, share=share)).effect
    assert why in found.reason["en"]
    assert "would decide" in found.reason["en"]


# --- earned exposures (S1.2, S1.1) ------------------------------------------------------------------------------------


def passed_on(seed=0, *, per_1000=(20.0, 1.0), weeks=104):
    """Posts whose shares come and go by themselves; new customers by what is remembered of both exposures."""
    rng = np.random.default_rng(seed)
    shares = np.round(100 * np.exp(0.7 * rng.normal(size=weeks)))
    seen = np.round(4000 * np.exp(0.4 * rng.normal(size=weeks)))
    at = pd.Series(WEEKS[:weeks] + pd.Timedelta(days=2))
    posts = pd.DataFrame({"published_at": at, "impressions": seen, "shares": shares})
    earned = pd.Series(shares).shift(1, fill_value=0) * 5
    mean = 10 + sum(p / 1000 * carried(x, 2) for p, x in zip(per_1000, (earned, pd.Series(seen)), strict=True))
    return pd.DataFrame({"week": WEEKS[:weeks], "new_customers": rng.poisson(mean)}), posts


def test_a_good_market_makes_the_same_exposures_win_more():
    """Planted: 20 customers per 1,000 in a usual week, twice that in a holiday, which has more to pass on as well."""
    rng = np.random.default_rng(4)
    holiday = pd.Series((np.arange(104) % 9 == 4).astype(float), WEEKS)
    shares = 100 * np.exp(0.5 * rng.normal(size=104)) * (1 + holiday)
    adds = pd.DataFrame({"one": 1.0, "earned": carried(shares * 5, 1.5) / 1000}, WEEKS)
    mean = (20 + 20 * adds["earned"]) * 2**holiday
    found = []
    for _ in range(40):
        counts = pd.Series(rng.poisson(mean).astype(float), WEEKS)
        fit, market = weekly_fit.fit_market(counts, adds, pd.DataFrame({"holiday": holiday}))
        found.append(fit.contrast({"earned": 1.0}, 0.90))
    assert market.max() == pytest.approx(2, abs=0.4)
    assert np.mean([each.estimate for each in found]) == pytest.approx(20, abs=2.5)
    assert np.mean([each.low <= 20 <= each.high for each in found]) >= 0.78  # 90%: fewer in one of 100 samples


def test_earned_exposures_win_what_was_planted():
    held = []
    for seed in range(12):
        gap = earned_customers(*passed_on(seed), reach_per_share=10, seen_share=0.5).gap
        held.append(gap.low <= 19 <= gap.high)
    assert np.mean(held) >= 0.75


def test_labels_of_the_records_fool_the_naive_reading():
    weekly, posts = passed_on(1, per_1000=(0.0, 0.0))
    customers = pd.DataFrame({"source": ["referral"] * 500 + ["organic"] * 500})
    found = earned_customers(weekly, posts, reach_per_share=10, seen_share=0.5, customers=customers)
    assert found.naive.low > 2
    assert found.gap.low < 2


@pytest.mark.parametrize(("column", "why"), [("shares", "No exposures"), ("weeks", "usable weeks")])
def test_earned_declines_and_says_what_would_decide(column, why):
    weekly, posts = passed_on(2, weeks=26 if column == "weeks" else 104)
    posts = posts.assign(shares=0) if column == "shares" else posts
    found = earned_customers(weekly, posts, reach_per_share=10)
    assert why in found.gap.reason["en"]


def test_shares_out_of_range_are_refused():
    with pytest.raises(ValueError, match=r"seen_share in 0\.\.1"):
        earned_customers(*passed_on(), reach_per_share=10, seen_share=35)
    for none in ((), (1.5, 0)):
        with pytest.raises(ValueError, match="half_lives must be weeks above 0, not"):
            earned_customers(*passed_on(), reach_per_share=10, half_lives=none)


def test_half_lives_count_alike_and_widen_by_what_they_disagree():
    found = earned_customers(*passed_on(3), reach_per_share=10, seen_share=0.5)
    each = found.half_lives
    assert found.gap.estimate == pytest.approx(each["gap"].mean())
    assert found.gap.estimate == pytest.approx(found.earned.estimate - found.own.estimate)
    width = found.gap.high - found.gap.low
    assert width**2 == pytest.approx(
        ((each["high"] - each["low"]) ** 2).mean() + (2 * 1.645 * each["gap"].std(ddof=0)) ** 2, rel=1e-3
    )
    one = earned_customers(*passed_on(3), reach_per_share=10, seen_share=0.5, half_lives=(2.0,))
    assert one.gap.low == pytest.approx(each.set_index("half_life_weeks").loc[2.0, "low"])


def test_channels_and_events_may_have_one_name():
    weekly, posts = passed_on(5)
    media = pd.DataFrame({"week": WEEKS, "channel": "shock", "spend": np.random.default_rng(5).random(104)})
    events = pd.DataFrame({"start": [WEEKS[9]], "end": [WEEKS[11]], "kind": ["shock"]})
    found = earned_customers(weekly, posts, reach_per_share=10, media=media, events=events)
    assert found.left_out == ()
    assert math.isfinite(found.gap.estimate)


def test_reach_by_side_counts_every_author_once():
    at = pd.Series(WEEKS[:4] + pd.Timedelta(days=1))
    posts = pd.DataFrame({"published_at": at, "medium": "page", "reach": [100, 200, 100, 200]})
    mentions = pd.DataFrame({"created_at": at, "medium": ["cafe", "cafe", "page", "page"], "reach": [10, 30, 5, 99]})
    mentions["author_role"] = ["customer", "unknown", "customer", "brand"]
    table = reach_by_side(posts, mentions, sides={"page": "firm", "cafe": "customer"})
    assert table["author_role"].tolist() == ["brand", "customer", "customer"]
    assert table["reach_a_week"].tolist() == [150, 10, 1.25]
    assert table.groupby("author_role")["share"].sum().tolist() == [1, 1]
    by_side = side_reach(posts, mentions, sides={"page": "firm", "cafe": "customer"})
    assert by_side["reach_of"].tolist() == ["brand_on_firm", "customer_on_customer", "customer_on_firm"]
    assert by_side["reach_a_week"].tolist() == table["reach_a_week"].tolist()
    with pytest.raises(ValueError, match="no side of 'page'"):
        reach_by_side(posts, mentions, sides={"cafe": "customer"})
    with pytest.raises(ValueError, match="no side of 'page'"):
        side_reach(posts, mentions, sides={"cafe": "customer"})


def test_media_of_one_side_are_put_together():
    at = pd.Series(WEEKS[:4] + pd.Timedelta(days=1))
    posts = pd.DataFrame({"published_at": at, "medium": ["page", "blog"] * 2, "reach": [100, 200, 100, 200]})
    mentions = pd.DataFrame({"created_at": at, "medium": "cafe", "reach": 10, "author_role": "customer"})
    table = side_reach(posts, mentions, sides={"page": "firm", "blog": "firm", "cafe": "customer"})
    assert table["reach_of"].tolist() == ["brand_on_firm", "customer_on_customer"]
    assert table["reach_a_week"].tolist() == [150, 10]
    assert table["n"].tolist() == [4, 4]


# --- several brands, weeks --------------------------------------------------------------------------------------------


def test_pooling_is_the_mean_on_its_scale_and_leaves_out_who_cannot_tell():
    brands = {"a": Estimate(1.0, 0.8, 1.25, 0.9, 100), "b": Estimate(4.0, 3.2, 5.0, 0.9, 100)}
    pooled = pool_brands(brands | {"c": unknown(0.9, 5, reason("no_linked_posts"))}, scale="log")
    assert pooled.estimate == pytest.approx(2)
    assert pooled.n == 200
    one = pool_brands({"a": brands["a"]})
    assert "Only 1 of 1 brands" in one.reason["en"]


def test_by_information_a_brand_that_tells_nothing_drowns_nobody():
    brands = {"a": Estimate(1.0, 0.0, 2.0, 0.9, 100), "b": Estimate(3.0, 2.0, 4.0, 0.9, 100)}
    lost = {"lost": Estimate(500.0, -500.0, 1500.0, 0.9, 100)}
    pooled = pool_brands(brands | lost, weights="information")
    assert pooled.estimate == pytest.approx(2, abs=0.01)
    assert pooled.high - pooled.low == pytest.approx(2 / math.sqrt(2), abs=0.001)
    assert pool_brands(brands | lost, weights="equal").high > 300
    again = pool_brands(brands, weights="information", disagreement=True)  # 2 apart, each of standard error .61
    assert (again.high - again.low) / (pooled.high - pooled.low) == pytest.approx(math.sqrt(2) * 1.645, abs=0.01)


def test_what_brands_err_by_alike_does_not_average_out():
    many = {str(i): Estimate(2.0, 1.9, 2.1, 0.9, 10) for i in range(10_000)}
    pooled = pool_brands(many, weights="equal", shared=0.1)
    assert pooled.estimate == 2.0
    assert (pooled.high - pooled.low) / 2 == pytest.approx(1.645 * 0.1 * 2.0, rel=1e-3)
    with pytest.raises(ValueError, match="shared must be 0 or more"):
        pool_brands(many, weights="equal", shared=-0.1)


def test_pooled_intervals_cover_the_mean_of_unequal_brands():
    rng = np.random.default_rng(7)
    held = []
    for _ in range(300):
        true = 1 + 0.5 * rng.normal(size=6)
        seen = true + 0.3 * rng.normal(size=6)
        pooled = pool_brands({str(i): Estimate(x, x - 0.4935, x + 0.4935, 0.9, 10) for i, x in enumerate(seen)})
        held.append(pooled.low <= 1 <= pooled.high)
    assert 0.85 <= np.mean(held) <= 0.97


def test_weeks_begin_on_monday_in_the_firms_own_zone():
    times = pd.Series(pd.to_datetime(["2024-01-07T23:59+09:00", "2024-01-08T00:00+09:00"]).tz_convert(SEOUL))
    assert mondays(times).dt.strftime("%m-%d").tolist() == ["01-01", "01-08"]


def test_what_the_firm_planned_is_no_shock():
    events = pd.DataFrame({"start": [WEEKS[1]] * 2, "end": [WEEKS[2]] * 2, "kind": ["crisis", "campaign"]})
    found = event_columns(events, WEEKS)
    assert list(found) == ["crisis"]
    assert found["crisis"].tolist()[:3] == [0, 1, 0]


def test_the_baseline_drops_what_adds_nothing():
    doubled = pd.DataFrame({"a": np.arange(104.0) ** 2, "b": 1.0}, index=WEEKS)
    table, dropped = baseline(WEEKS, others=[doubled])
    assert dropped == ["a", "b"]  # a is the trend's square
    assert len(table.columns) == 5


# --- verdicts and figures ---------------------------------------------------------------------------------------------

DELTAS = {
    "inflow_stops": 5,
    "paid_leave_sooner": 0.05,
    "promotion_is_spam": 1.1,
    "promotion_doubles_hides": 2,
    "customers_promote": 2,
    "links_make_synergy": 10,
}


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("key", DELTAS)
def test_every_question_has_both_answers_in_both_languages(key, lang):
    delta = DELTAS[key]
    for low, decision in ((1.2 * delta, "supported"), (-delta, "not_supported"), (0.9 * delta, "cannot_tell")):
        high = 0.8 * delta if decision == "not_supported" else 2 * delta
        found = judge(key, Estimate((low + high) / 2, low, high, 0.9, 104), delta=delta, synthetic=True, lang=lang)
        assert found.decision == decision
        assert found.text
        assert found.unit


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_figures_are_drawn_with_their_n(lang):
    plot.set_theme()
    tolerance = promotion_tolerance(promoted(1, per_week=20_000)[0], draws=100)
    kept = cohort_retention(*cohorts(2, n=500), observed_until=END, fewest=20, curve_weeks=30)
    weekly, media, _ = flights(1)
    inflow = flight_inflow(weekly, media, channel="sns_ads")
    for ax in (
        plot.plot_tolerance(tolerance, lang=lang),
        plot.plot_retention(kept, lang=lang),
        plot.plot_inflow(inflow, lang=lang),
    ):
        ax.figure.canvas.draw()
        assert any("n = " in text.get_text() for text in ax.get_legend().get_texts())
        plot.plt.close(ax.figure)


def test_figures_of_nothing_say_so():
    weekly, media, _ = flights(4, off=False)
    for ax in (
        plot.plot_tolerance(promotion_tolerance(promoted(4, weeks=30)[0])),
        plot.plot_inflow(flight_inflow(weekly, media, channel="sns_ads")),
    ):
        assert ax.texts
        plot.plt.close(ax.figure)


def test_the_figure_marks_the_doubling_point_or_says_that_there_is_none():
    found = plot.plot_tolerance(promotion_tolerance(promoted(1, per_week=20_000)[0], draws=100))
    assert any("hides have doubled: " in text.get_text() for text in found.get_legend().get_texts())
    none = plot.plot_tolerance(promotion_tolerance(promoted(2, effect=0.0)[0], draws=100))
    assert any("no doubling" in text.get_text() for text in none.get_legend().get_texts())
    plot.plt.close("all")


# --- on the virtual brand ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def brand():
    return virtual.simulate(seed=3, people=4000, plan="paid_heavy").tables()


def test_a_virtual_brand_answers_all_five(brand):
    until = brand["weekly"]["week"].max() + pd.Timedelta(weeks=1) - pd.Timedelta(minutes=1)
    kept = cohort_retention(brand["customers"], brand["purchases"], observed_until=until)
    assert kept.adjusted.low > 0.02
    moved = {"controls": brand["controls"], "events": brand["events"]}
    stops = flight_inflow(brand["weekly"], brand["media"], channel="sns_ads", posts=brand["posts"], **moved).stops
    assert stops.low > 5
    assert promotion_tolerance(brand["posts"], events=brand["events"], draws=50).ratio.estimate > 1.1
    assert link_synergy(brand["posts"]).effect.reason
    found = earned_customers(brand["weekly"], brand["posts"], reach_per_share=5, media=brand["media"], **moved)
    assert found.gap.low < found.gap.estimate < found.gap.high


def test_expected_hides_agree_with_those_that_were_drawn():
    from smm_analysis.virtual.promotion import weekly_hides

    sim = virtual.simulate(seed=4, people=3000, weeks=52, plan="promotion_heavy")
    weeks = weekly_hides(sim)
    drawn, expected = sim.history["hid"].sum(), weeks["expected_hides"].sum()
    assert abs(drawn - expected) < 3.5 * np.sqrt(expected)
    assert weeks["impressions"].sum() == brand_impressions(sim)


def test_more_of_what_wins_nobody_wins_nobody():
    kept = {"seed": 6, "people": 1500, "weeks": 40}
    friends, firm = (virtual.won_by_more(virtual.simulate(world=w, **kept)) for w in ("friends_win", "firm_wins"))
    assert friends["earned"] > friends["owned"] + 5
    assert firm["earned"] == 0
    assert firm["owned"] > 1
    assert virtual.won_by_more(virtual.simulate(world="nothing_matters", **kept)) == {"earned": 0, "owned": 0}
    with pytest.raises(ValueError, match="part must be above 0"):
        virtual.won_by_more(virtual.simulate(**kept), part=0)


def brand_impressions(sim):
    from smm_analysis.virtual.managers import POSTS

    return sum(int(sim.history[kind].sum()) for kind in POSTS)


def test_what_did_not_happen_in_the_weeks_of_the_placebo_is_left_out_of_it():
    rng, n = np.random.default_rng(3), 60
    columns = pd.DataFrame({"one": 1.0, "ads": rng.random(n), "stock_out": -0.2})
    outcome = pd.Series(2 + 3 * columns["ads"] + rng.normal(0, 0.1, n))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = weekly_fit.fit_weeks(outcome, columns)
    assert found.dof == n - 2
    assert found.contrast({"ads": 1}, 0.99).low < 3 < found.contrast({"ads": 1}, 0.99).high
