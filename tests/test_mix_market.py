"""The media mix of a market that is used up, its planted truth by replay, and money that follows this week's demand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from smm_analysis.mix import adstock, allocate, contribution, fit_mix, mix_panel
from smm_analysis.mix.averaging import average_families
from smm_analysis.mix.market import helped, net_of_market
from smm_analysis.mix.regression import FamilyFit
from smm_analysis.mix.response import responses
from smm_analysis.mix.saturation import find_family
from smm_analysis.virtual import CHANNELS, PLANS, WORLDS, media_alone, replay, simulate

# --- the truth by replay ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def brand():
    return simulate(seed=1000, people=2000, weeks=52)


def test_the_record_is_what_the_engine_expected(brand):
    won = media_alone(brand, {"as it was": {"tv": 1.0}, "without": dict.fromkeys(CHANNELS, 0.0)})
    assert list(won) == ["recorded", "as it was", "without"]
    np.testing.assert_allclose(won["as it was"], won["recorded"], rtol=1e-12)
    counted = np.bincount(brand.first_week, minlength=53)[:52]
    assert abs(won["recorded"].sum() - counted.sum()) < 4 * np.sqrt(counted.sum())
    assert won["without"].sum() < 0.9 * won["recorded"].sum()


def test_media_alone_bring_less_than_media_with_followers_and_word_of_mouth(brand):
    """Ads win followers, who see the firm's posts: the whole replay loses more customers without them."""
    alone = media_alone(brand, {"without": {"sns_ads": 0.0}}).sum()
    lost = brand.purchases.any(axis=0).sum() - replay(brand, sns_ads=0.0).purchases.any(axis=0).sum()
    assert 0 < alone["recorded"] - alone["without"] < lost


def test_where_nothing_matters_media_bring_nobody():
    sim = simulate(seed=1001, people=500, weeks=26, world=WORLDS["nothing_matters"])
    won = media_alone(sim, {"without": dict.fromkeys(CHANNELS, 0.0)}).sum()
    assert won["without"] == won["recorded"] > 0


def test_a_world_may_have_a_channel_of_its_own():
    """Radio that nobody can hear wins nobody; radio like TV reaches people, is in the table of media, and wins some."""
    plan = PLANS["steady"]
    heard = replace(plan, phases=((1.0, plan.phases[0][1] | {"radio": 20.0}),))
    told, lasts = {}, WORLDS["default"].half_life_weeks | {"radio": 2.0}
    for name, radio in {"silent": replace(CHANNELS["tv"], ceiling=0.0), "like tv": CHANNELS["tv"]}.items():
        world = replace(WORLDS["default"], channels=CHANNELS | {"radio": radio}, half_life_weeks=lasts)
        sim = simulate(seed=1000, people=1000, weeks=26, world=world, plan=heard)
        won = media_alone(sim, {"without": {"radio": 0.0}}).sum()
        media = sim.tables("media")["media"]
        told[name] = won["recorded"] - won["without"], media[media["channel"] == "radio"]
        assert sim.money_on("radio").sum() > 0
        assert replay(sim, radio=0.0).money_on("radio").sum() == 0
    assert told["silent"][0] == pytest.approx(0)
    assert told["like tv"][0] > 1
    assert told["silent"][1]["reach"].sum() == 0 < told["like tv"][1]["reach"].sum()


def test_plans_that_cannot_be_are_refused(brand):
    with pytest.raises(ValueError, match="paid channel 'listen' is not known; known are: tv, newspaper"):
        media_alone(brand, {"less talk": {"listen": 0.5}})
    with pytest.raises(ValueError, match="the factor on tv must be 0 or more, not -1"):
        media_alone(brand, {"less": {"tv": -1}})


# --- the fit against planted truth ------------------------------------------------------------------------------------


def market(seed, *, size=20_000.0, reaction=2.0, n=104):
    """Return weeks whose season multiplies a base and two channels' chances, money going with it, and the truth.

    The truth of a channel is its new customers net of those who would have come later.
    """
    rng, week = np.random.default_rng(seed), np.arange(n)
    season = np.exp(0.3 * np.sin(2 * np.pi * week / 52.18))
    on = rng.random((n, 2)) < 0.5
    spend = on * rng.uniform(50, 150, (n, 2)) * season[:, None] ** reaction
    chance = 1e-3 * np.array([3.0, 2.0]) * -np.expm1(-adstock(spend, np.array([[0.4, 0.2]]))[0] / 100)

    def live(own):
        left, won = [size], []
        for at in week:
            won.append(left[-1] * season[at] * (2e-3 + own[at].sum()))
            left.append(left[-1] - won[-1])
        return np.array(won)

    counts = rng.poisson(live(chance))
    left = size - np.r_[0, np.cumsum(counts)[:-1]]
    truth = [live(chance).sum() - live(chance * (np.arange(2) != k)).sum() for k in range(2)]
    table = pd.DataFrame(spend, columns=["tv", "sns"]).assign(new_customers=counts, left=left)
    return table.assign(week=pd.date_range("2024-01-01", periods=n, freq="7D")), dict(
        zip(["tv", "sns"], truth, strict=True)
    )


def fit(table, **options):
    settings = {
        "outcome": "new_customers",
        "channels": ["tv", "sns"],
        "market": "left",
        "draws": 400,
        "season_order": 1,
    }
    return fit_mix(table, **settings | options)


@pytest.fixture(scope="module")
def fitted():
    table, truth = market(1)
    return fit(table), truth


def test_contributions_hold_the_truth_net_of_those_who_come_later():
    """Money that goes with a multiplying season: read additively it is credited with what the season did."""
    found = {True: [], False: []}
    for seed in range(3):
        table, truth = market(seed)
        for used_up in found:
            model = fit(table, market="left" if used_up else "", families=["exponential"])
            found[used_up] += [contribution(model, name).estimate / truth[name] for name in truth]
    assert np.mean(found[True]) == pytest.approx(1, abs=0.15)
    assert abs(np.mean(found[False]) - 1) > abs(np.mean(found[True]) - 1)


def test_intervals_hold_the_truth_and_weeks_add_up(fitted):
    model, truth = fitted
    for name in truth:
        found = contribution(model, name)
        assert found.low < truth[name] < found.high
    np.testing.assert_allclose(model.weekly[["baseline", "tv", "sns"]].sum(axis=1), model.weekly["outcome"])
    np.testing.assert_allclose(model.weekly[["tv", "sns"]].sum(), model.contributions.mean(axis=0))


def test_conditions_found_are_those_planted(fitted):
    """People are the market left times the season, up to a factor."""
    model, _ = fitted
    table, _ = market(1)
    planted = table["left"] * np.exp(0.3 * np.sin(2 * np.pi * np.arange(104) / 52.18))
    assert np.corrcoef(model.people, planted)[0, 1] > 0.95
    assert model.people.mean() == pytest.approx(1)


def test_money_is_split_for_the_market_as_it_was(fitted):
    model, _ = fitted
    plan = allocate(model, weeks=104)
    assert plan.table["spend"].sum() == plan.total
    gross = responses(model, weeks=104).outcome(model.spend.sum().to_numpy()).mean()
    net = model.contributions.sum(axis=1).mean()
    assert net < gross < 1.5 * net  # some of those won would have come later


def test_net_of_market_is_the_recursion_by_hand():
    gross, won, left = np.array([[[4.0], [2.0], [0.0]]]), np.array([10.0, 8.0, 6.0]), np.array([50.0, 40.0, 32.0])
    more, by_hand = 0.0, []
    for week in range(3):
        without = (won[week] - gross[0, week, 0]) / left[week] * (left[week] + more)
        by_hand.append(won[week] - without)
        more += by_hand[-1]
    np.testing.assert_allclose(net_of_market(gross, won, left)[0, :, 0], by_hand)


def test_how_far_media_help_each_other_widens_effects_around_the_same_median():
    from test_mix import small_regression

    average = average_families(small_regression(), ("exponential",), draws=1500, rng=np.random.default_rng(0))
    wider = helped(average, np.random.default_rng(1))
    ratio = np.log(wider.pools[0].effects / average.pools[0].effects)
    assert np.median(ratio) == pytest.approx(0, abs=0.03)
    assert ratio.std() == pytest.approx(0.25, abs=0.02)


def test_bases_are_the_outcome_less_media_projected_on_the_baseline():
    from dataclasses import replace

    from test_mix import small_regression

    plain = small_regression()
    regression = replace(plain, base=plain.baseline[:, :1])
    one = FamilyFit(regression, find_family("exponential"))
    columns, effects = one.columns(one.shapes(np.zeros((1, 4)))), np.array([[0.4, 0.3]])
    rest = regression.outcome - columns[0] @ effects[0]
    constant = np.linalg.lstsq(regression.baseline, rest, rcond=None)[0][0]
    np.testing.assert_allclose(regression.bases(columns, effects)[0], constant, rtol=0.01)


# --- from the tables --------------------------------------------------------------------------------------------------


def tables(weeks=4):
    monday = pd.date_range("2024-01-01", periods=weeks, freq="7D")
    weekly = pd.DataFrame({"brand": "b", "week": monday, "new_customers": [3, 4, 5, 6]})
    media = pd.DataFrame({"brand": "b", "week": monday, "channel": "tv", "line": "atl", "spend": 10})
    at = pd.to_datetime(["2024-01-02 10:00", "2024-01-07 23:00", "2024-01-15 00:10"]).tz_localize("Asia/Seoul")
    posts = pd.DataFrame({"brand": "b", "published_at": at, "impressions": [10, 30, 8], "shares": [1, 1, 4]})
    return weekly, media, posts


def test_panel_counts_who_is_left_and_what_was_said():
    weekly, media, posts = tables()
    panel = mix_panel(weekly, media, posts=posts, market_size=100)
    assert panel.market == "not_yet_customers"
    assert panel.weeks["not_yet_customers"].tolist() == [100, 97, 93, 88]
    assert panel.talk == ("talk_impressions", "talk_shares") == panel.columns["talk"]
    half, quarter = 0.5**0.5, 0.5**0.25
    assert panel.weeks["talk_impressions"][:2].tolist() == pytest.approx([(1 - half) * 40, half * (1 - half) * 40])
    assert panel.weeks["talk_shares"][0] == pytest.approx((1 - quarter) * 2)
    bare = mix_panel(weekly, media)
    assert (bare.market, bare.talk) == ("", ())


def test_a_market_smaller_than_what_was_won_is_refused():
    weekly, media, _ = tables()
    with pytest.raises(ValueError, match="market_size is 18, but weekly counts 18 new customers"):
        mix_panel(weekly, media, market_size=18)
    with pytest.raises(ValueError, match="market_size needs the column new_customers"):
        mix_panel(weekly.drop(columns="new_customers").assign(units=1), media, market_size=18)
    table, _ = market(1)
    with pytest.raises(ValueError, match="104 of 104 weeks have nobody left in 'left'"):
        fit(table.assign(left=0.0))
    with pytest.raises(ValueError, match="no column 'people'"):
        fit(table, market="people")


def test_talk_that_tells_nothing_is_set_aside():
    table, _ = market(1)
    model = fit(table.assign(said=1.0), talk=["said"])
    assert model.set_aside == ("said: never varies, or is told by the other columns",)


# --- money that follows the same week's demand ------------------------------------------------------------------------


def reactive(seed, reaction, n=104):
    """Money follows the same week's demand; each channel truly brings about .25 a week."""
    rng, demand = np.random.default_rng(seed), np.zeros(n + 1)
    for week in range(1, n + 1):
        demand[week] = 0.6 * demand[week - 1] + 0.5 * rng.normal()
    spend = np.exp(reaction * demand[1:, None] + 0.4 * rng.normal(size=(n, 2))) * (rng.random((n, 2)) > 0.3)
    y = 6 + demand[1:] + 0.5 * -np.expm1(-spend).sum(axis=1) + 0.25 * rng.normal(size=n)
    weeks = pd.date_range("2024-01-01", periods=n, freq="7D")
    return pd.DataFrame(spend, columns=["tv", "sns"]).assign(y=y, week=weeks, demand=demand[1:])


def fired(table, **options):
    model = fit_mix(table, outcome="y", channels=["tv", "sns"], families=["exponential"], draws=50, **options)
    return model, set(model.checks.loc[model.checks["fired"], "check"])


def test_money_after_the_same_week_s_demand_is_seen_unless_demand_is_known():
    hidden = [fired(reactive(seed, 1.0)) for seed in range(1000, 1008)]
    known = [fired(reactive(seed, 1.0), controls=["demand"]) for seed in range(1000, 1008)]
    assert sum("same_week" in found for _, found in hidden) >= 7
    assert sum("same_week" in found for _, found in known) <= 1
    model = next(model for model, found in hidden if "same_week" in found)
    assert "drawn by lot (a holdout)" in model.reasons["tv"]["en"]
    assert "중단 실험" in model.reasons["tv"]["ko"]


def test_money_that_owes_nothing_to_demand_is_not_blamed():
    free = [fired(reactive(seed, 0.0))[1] for seed in range(1000, 1010)]
    assert sum("same_week" in found for found in free) <= 1
