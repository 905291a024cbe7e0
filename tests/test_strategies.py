from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from smm_analysis.diffusion import fit_coupled, paths, placebo, repeat_panel, simple_relationship, strategy_panel
from smm_analysis.diffusion.forms import HORIZON, forecast_score, weights_of
from smm_analysis.diffusion.pooling import from_each_other
from smm_analysis.diffusion.rates import Prior, RateFit, fit_rate
from smm_analysis.diffusion.repeat import AGAIN_PRIOR, LOYAL_WITHIN, again_pulls, fit_repeat, source_columns
from smm_analysis.strategies import (
    PLANS,
    basic_then_diffusion,
    best_switch_week,
    compare_strategies,
    diffusion_by_relationship,
    left_out,
    plan_difference,
)
from smm_analysis.strategies.claims import _FORM, _Form, _gap, _over_brands
from smm_analysis.strategies.comparison import kinship
from smm_analysis.strategies.plans import distance, money_of
from smm_analysis.verdict import judge
from smm_analysis.virtual import BRANDS, simulate
from smm_analysis.virtual import PLANS as VIRTUAL_PLANS


def frames(sim):
    """What a firm would lay side by side: the weekly panel and who becomes loyal."""
    t, brand = sim.tables(), sim.setting.brand
    felt = simple_relationship(mentions=t["mentions"], surveys=t["surveys"])
    panel = strategy_panel(
        t["weekly"],
        t["effort"],
        t["media"],
        market_size=sim.people.n,
        brand=brand,
        posts=t["posts"],
        relationship=felt,
        controls=t["controls"],
        events=t["events"],
    )
    until = panel["week"].max() + pd.Timedelta(days=6)
    return panel, repeat_panel(t["customers"], t["purchases"], brand=brand, until=until)


@pytest.fixture(scope="module")
def record():
    return simulate(seed=1003, people=2500)


@pytest.fixture(scope="module")
def made(record):
    return frames(record)


@pytest.fixture(scope="module")
def model(made):
    panel, repeat = made
    return fit_coupled(panel, repeat=repeat, draws=200)


@pytest.fixture(scope="module")
def compared(model):
    return compare_strategies(model)


# --- the panel --------------------------------------------------------------------------------------------------------


def test_the_panel_is_the_weeks_of_the_tables(record, made):
    panel, _ = made
    assert len(panel) == record.setting.weeks
    assert panel["new_customers"].sum() == record.purchases.any(axis=0).sum()
    assert panel["shares"].sum() == record.shares.sum()
    assert np.allclose(panel.filter(like="contacts_").sum().sum(), record.history["exposures"].sum())
    money = panel.filter(regex="effort_|spend_").sum().sum()
    assert money == pytest.approx(record.choices.money.sum(), rel=1e-6)


def test_a_market_smaller_than_its_customers_is_refused(record):
    t = record.tables()
    with pytest.raises(ValueError, match="market_size of 'mirae' is 10"):
        strategy_panel(t["weekly"], t["effort"], t["media"], market_size=10, brand="mirae")


def test_a_relationship_in_standard_deviations_is_put_on_0_to_1(record):
    t = record.tables()
    weeks = pd.DataFrame({"week": t["weekly"]["week"], "relationship": np.linspace(-2, 2, 104), "n": 9})
    panel = strategy_panel(t["weekly"], t["effort"], t["media"], market_size=2500, brand="mirae", relationship=weeks)
    assert panel["relationship"].between(0, 1).all()
    assert (panel["relationship"].diff().dropna() > 0).all()
    assert (panel["relationship_n"] == 9).all()


# --- plans ------------------------------------------------------------------------------------------------------------


def test_our_plans_are_the_mixes_that_the_virtual_brand_plays(model):
    [fit] = model.brands.values()
    for name, plan in PLANS.items():
        ours = money_of(plan, fit.weeks, budget=1.0, horizon=104).sum(axis=0)[:6]
        theirs = np.array([VIRTUAL_PLANS[name].shares(week, 104) for week in range(104)])[:, :6].mean(axis=0)
        assert np.allclose(ours / ours.sum(), theirs / theirs.sum(), atol=0.02), name


def test_every_plan_spends_the_same_to_the_won(model):
    [fit] = model.brands.values()
    budget = round(fit.weeks.money.sum() * fit.weeks.unit)
    for plan in PLANS.values():
        spent = money_of(plan, fit.weeks, budget=budget, horizon=104).sum()
        assert abs(spent - budget) < 0.5


def test_a_switch_beyond_the_horizon_is_refused():
    with pytest.raises(ValueError, match=r"in 0\.\.104 weeks, not 200"):
        basic_then_diffusion(200, 104)


# --- strategies -------------------------------------------------------------------------------------------------------


def test_todays_plan_gives_the_record_back(record, compared):
    table = compared.table().set_index("plan")
    assert table.loc["today", "loyal"] == pytest.approx(record.loyal.sum(), rel=0.05)
    assert table.loc["today", "gain_over_today_low"] == table.loc["today", "gain_over_today_high"] == 0
    assert table.loc["today", "followers"] == pytest.approx(record.history["follows"][-1].sum(), rel=0.02)


def test_probabilities_of_being_best_sum_to_one_and_regret_is_least_for_the_choice(compared):
    assert compared.best.sum() == pytest.approx(1)
    assert compared.regret.argmin() == compared.plans.index(compared.choice)
    assert (compared.regret >= 0).all()


def test_all_money_in_one_week_of_thirteen_is_worse_than_steady_money(compared):
    gap = compared.difference("steady", "burst")
    assert gap.low > 0


def test_a_plan_that_leaves_the_record_says_so_and_is_wider(compared):
    table = compared.table().set_index("plan")
    assert "listen" in table.loc["diffusion_only", "outside"]
    assert table.loc["today", "outside"] == ""
    width = table["gain_over_today_high"] - table["gain_over_today_low"]
    assert width["burst"] > 0
    assert width["today"] == 0


def test_from_today_on_a_plan_goes_beyond_the_record(model):
    ahead = compare_strategies(model, ["basic_only"], horizon=26, start="today")
    assert ahead.horizon == 26
    assert ahead.loyal.shape == (2, 200)
    assert (ahead.loyal > 0).all()


def test_plans_may_be_frames_of_money_and_bad_ones_are_refused(model):
    steady = pd.DataFrame(np.ones((104, 2)), columns=["listen", "tv"])
    assert compare_strategies(model, {"mine": steady}).plans == ("today", "mine")
    with pytest.raises(ValueError, match="10 weeks, the horizon 104"):
        compare_strategies(model, {"mine": steady.head(10)})
    with pytest.raises(ValueError, match="money on radio"):
        compare_strategies(model, {"mine": steady.rename(columns={"tv": "radio"})})
    with pytest.raises(ValueError, match="plan 'nonsense' is not known"):
        compare_strategies(model, ["nonsense"])
    with pytest.raises(ValueError, match='start is "launch" or "today"'):
        compare_strategies(model, ["steady"], start="later")
    with pytest.raises(ValueError, match="brand 'other' was not fitted"):
        compare_strategies(model, ["steady"], brand="other")


def test_the_switch_week_lies_on_its_grid_and_its_interval_holds_it(model):
    found = best_switch_week(model, [0, 26, 52, 104])
    assert found.best.estimate in (0, 26, 52, 104)
    assert found.best.low <= found.best.estimate <= found.best.high
    assert found.table["probability_best"].sum() == pytest.approx(1)


def test_effects_go_into_verdicts_in_both_languages(model):
    effects = {
        "diffusion_needs_relationship": diffusion_by_relationship(model),
        "basic_before_diffusion": plan_difference(model, "S0.4", relative=True),
        "participation_after_diffusion": plan_difference(model, "S1.6", relative=True),
        "steady_beats_burst": plan_difference(model, "S4.2", relative=True),
    }
    for key, effect in effects.items():
        for lang in ("en", "ko"):
            verdict = judge(key, effect, delta=5, n_unit="weeks", synthetic=True, lang=lang)
            assert verdict.text
            assert verdict.decision in ("supported", "not_supported", "cannot_tell")
    assert judge("steady_beats_burst", effects["steady_beats_burst"], delta=5, synthetic=True).decision == "supported"


def test_a_relative_difference_is_that_of_loyal_customers_over_todays(model):
    whole = plan_difference(model, "S4.2", rng=1)
    percent = plan_difference(model, "S4.2", relative=True, rng=1)
    assert 100 * whole.estimate / percent.estimate == pytest.approx(
        compare_strategies(model, []).loyal.mean(), rel=0.01
    )


# --- where the data cannot tell ---------------------------------------------------------------------------------------


def refit(made, **changes):
    panel, repeat = made
    return fit_coupled(panel.assign(**changes), repeat=repeat, draws=60)


def test_the_interaction_is_told_by_the_middle_of_its_skewed_draws(model):
    [fit] = model.brands.values()
    draws = _over_brands([_gap(fit)], _FORM["S0.3"], np.random.default_rng(0))
    found = diffusion_by_relationship(model)
    assert (draws > found.estimate).mean() == pytest.approx(0.5, abs=0.01)
    assert draws.mean() > 1.15 * found.estimate


def test_half_a_year_is_too_short(made):
    panel, repeat = made
    short = fit_coupled(panel.head(26), repeat=repeat)
    found = plan_difference(short, "S0.4")
    assert "26 weeks" in found.reason["en"]
    assert "52주" in found.reason["ko"]
    assert np.isnan(diffusion_by_relationship(short).estimate)
    with pytest.raises(ValueError, match="26 weeks with an outcome"):
        compare_strategies(short)


def test_a_gap_of_weeks_is_named(made):
    panel, repeat = made
    panel = panel.copy()
    panel.loc[40:50, ["new_customers", "new_followers", "lost_followers"]] = np.nan
    found = plan_difference(fit_coupled(panel, repeat=repeat), "S4.2")
    assert "lacks 11 weeks" in found.reason["en"]


def test_a_week_or_two_without_outcome_are_set_aside(made):
    panel, repeat = made
    panel = panel.copy()
    panel.loc[[40, 60], ["new_customers", "new_followers", "lost_followers"]] = np.nan
    model = fit_coupled(panel, repeat=repeat, draws=60)
    assert np.isfinite(plan_difference(model, "S4.2").estimate)


def test_of_several_brands_those_that_cannot_tell_are_left_out_and_named(made):
    def together(*never):
        parts = [[table.assign(brand=name) for table in made] for name in "abc"]
        panels = [panel.assign(effort_participation=0.0) if n in never else panel for n, (panel, _) in enumerate(parts)]
        repeats = pd.concat([repeat for _, repeat in parts], ignore_index=True)
        return fit_coupled(pd.concat(panels, ignore_index=True), repeat=repeats, draws=60)

    model = together(2)
    lacking = left_out(model, "S1.6")
    assert list(lacking) == ["c"] and not left_out(model, "S0.4")
    found = plan_difference(model, "S1.6", rng=1)
    assert not found.reason and found.n == 2 * len(made[0])
    assert plan_difference(model, "S1.6", brand="c").reason == lacking["c"]
    assert plan_difference(together(0, 1, 2), "S1.6").reason["en"].startswith("a never spent on participation")
    with pytest.raises(ValueError, match="'S9' is no claim about strategies"):
        left_out(model, "S9")
    assert not plan_difference(model, "S1.6", brand="a").reason
    only = plan_difference(together(1, 2), "S1.6")
    assert "Only 1 of 3 brands" in only.reason["en"] and only.n == 3 * len(made[0])


def test_a_brand_that_could_not_be_fitted_is_told_its_own_reason(made):
    panel, repeat = made
    short = [panel.iloc[:weeks].assign(brand=name) for name, weeks in (("a", 20), ("b", 30))]
    both = pd.concat([repeat.assign(brand=name) for name in "ab"], ignore_index=True)
    model = fit_coupled(pd.concat(short, ignore_index=True), repeat=both, draws=60)
    reasons = [plan_difference(model, "S4.2", brand=name).reason["en"] for name in "ab"]
    assert reasons == [model.reasons[name]["en"] for name in "ab"]
    assert "20" in reasons[0] and "30" in reasons[1]


def test_a_panel_without_weeks_is_refused(made):
    panel, repeat = made
    with pytest.raises(ValueError, match="the panel has no weeks"):
        fit_coupled(panel.iloc[:0], repeat=repeat)


def test_an_outcome_that_never_varies_cannot_be_explained(made):
    assert "in every week" in plan_difference(refit(made, new_customers=3.0), "S4.2").reason["en"]


def test_diffusion_never_done_or_always_the_same_cannot_be_told(made):
    never = refit(made, effort_diffusion=0.0, seen_diffusion=0.0)
    assert "never spent on diffusion" in diffusion_by_relationship(never).reason["en"]
    assert "never spent on diffusion" in plan_difference(never, "S0.4").reason["en"]
    assert placebo(never.brands["mirae"]).reason
    always = refit(made, effort_diffusion=10_000.0)
    assert "the same on diffusion" in diffusion_by_relationship(always).reason["en"]


def test_without_a_relationship_the_claims_about_it_stay_open(made):
    blind = refit(made, relationship=np.nan, relationship_n=0.0)
    assert "no survey answers" in diffusion_by_relationship(blind).reason["en"]
    assert "신뢰" in plan_difference(blind, "S0.4").reason["ko"]
    assert not plan_difference(blind, "S4.2").reason


def test_a_placebo_is_an_effect_with_an_interval(model):
    found = placebo(model.brands["mirae"])
    assert found.low < found.estimate < found.high


# --- the pieces against others ----------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:The Identity link")
def test_a_rate_with_hardly_any_prior_is_statsmodels_identity_poisson():
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.families.links import Identity
    from statsmodels.genmod.generalized_linear_model import GLM

    rng = np.random.default_rng(0)
    pulls = np.column_stack([np.ones(300), rng.uniform(0, 3, (300, 2))])
    y = rng.poisson(pulls @ [4.0, 2.0, 6.0]).astype(float)
    flat = Prior(np.log([4.0, 2.0, 6.0]), np.eye(3) * 1e4)
    ours = fit_rate(y, np.ones(300), pulls, flat, dispersion=1.0)
    theirs = GLM(y, pulls, family=Poisson(link=Identity())).fit()
    assert np.allclose(np.exp(ours.theta), theirs.params, rtol=1e-3)
    assert np.allclose(np.sqrt(np.diag(ours.cov)) * np.exp(ours.theta), theirs.bse, rtol=0.02)


def test_a_rate_without_data_is_its_prior():
    prior = Prior(np.log([0.1, 0.2]), np.diag([0.5, 0.25]))
    fit = fit_rate(np.full(5, np.nan), np.ones(5), np.ones((5, 2)), prior, dispersion=1.0)
    assert np.allclose(fit.theta, prior.mean)
    assert np.allclose(fit.cov, prior.cov)


# --- customers who are gone, and who come back ------------------------------------------------------------------------

MONDAY = pd.Timestamp("2024-01-01")


def bought_in(weeks_of_each, *, until):
    """The repeat panel of customers who bought in these weeks, one list a customer; every other one is won by ads."""
    keys = [f"c{i}" for i in range(len(weeks_of_each))]
    sources = ["paid" if i % 2 else "organic" for i in range(len(keys))]
    customers = pd.DataFrame({"customer_key": keys, "brand": "mirae", "source": sources})
    own = zip(keys, weeks_of_each, strict=True)
    rows = [(key, MONDAY + pd.Timedelta(weeks=int(week))) for key, weeks in own for week in weeks]
    purchases = pd.DataFrame(rows, columns=["customer_key", "purchased_at"]).astype({"purchased_at": "datetime64[ns]"})
    return repeat_panel(customers, purchases, brand="mirae", until=MONDAY + pd.Timedelta(weeks=until))


def again_fit(panel, shown, **options):
    """Who buys again, where nothing but participation is shown."""
    n, none = len(shown), np.zeros(len(shown))
    sources = source_columns(none, none)
    return fit_repeat(
        panel,
        MONDAY,
        pulls=again_pulls(shown, none),
        path=none,
        conditions=np.zeros((n, 0)),
        sources=sources,
        **options,
    )


def test_who_buys_again_within_13_weeks_is_loyal_and_who_does_so_later_has_come_back():
    panel = bought_in([[0, 5, 9], [0, 20, 30], [2]], until=39)
    again = panel[panel["again"] > 0].assign(since=lambda t: (t["week"] - t["last"]).dt.days // 7)
    assert again[["since", "back", "bought"]].to_numpy().tolist() == [[5, 0, 0], [20, 0, 1], [10, 1, 1]]
    at_risk = panel.groupby(["bought", "back"])["at_risk"].sum()
    assert at_risk[False, False] == 6 + 38  # weeks 0 to 5 of the first customer, 2 to 39 of the third
    assert (at_risk[True, False], at_risk[True, True]) == (21, 11)


def test_the_panel_counts_the_loyal_customers_and_who_is_left(record, made, model):
    repeat = made[1]
    soon = (repeat["week"] - repeat["last"]).dt.days // 7 < LOYAL_WITHIN
    assert repeat.loc[soon, "again"].sum() == record.loyal.sum()
    left = record.purchases.any(axis=0) & ~record.loyal
    assert model.brands["mirae"].waiting.sum() == left.sum()
    assert model.brands["mirae"].repeat_n == record.purchases.any(axis=0).sum()


def planted(wakes, *, people=1500, weeks=104, seed=4):
    """Purchases at known chances: a tenth the week after one, one in 200 of the gone and more of them in some weeks."""
    rng = np.random.default_rng(seed)
    shown = np.where(np.arange(weeks) // 13 % 2, 0.8, 0.0)
    base = np.r_[0.0, np.full(4, 0.10), np.full(8, 0.03), 0.005]
    histories = []
    for first in rng.integers(0, weeks, people):
        own = [first]
        for week in range(first + 1, weeks):
            since = min(week - own[-1], LOYAL_WITHIN)
            woken = wakes * shown[week] / (1 + shown[week]) * (since >= 5)
            own += [week] * int(rng.random() < base[since] + woken)
        histories.append(own)
    return bought_in(histories, until=weeks - 1), shown


@pytest.mark.parametrize("wakes", [0.0, 0.04])
def test_returns_that_were_planted_are_found(wakes):
    found = again_fit(*planted(wakes)).again
    weights, errors = np.exp(found.theta), np.sqrt(np.diag(found.cov))
    assert weights[1:7] == pytest.approx([0.1, 0.1, 0.1, 0.03, 0.03, 0.005], rel=0.25)
    woken = weights[7:9]
    if wakes:
        assert (np.abs(found.theta[7:9] - np.log(wakes)) < 3 * errors[7:9]).all()
        assert (errors[7:9] < 0.3).all()
    else:
        assert (woken < 0.004).all()  # less than the prior's .006


def test_a_record_without_returns_leaves_few_and_one_without_purchases_the_prior():
    none = again_fit(bought_in([[i % 50] for i in range(400)], until=103), np.zeros(104)).again
    assert np.exp(none.theta[6]) < 0.001
    empty = again_fit(bought_in([], until=103), np.zeros(104))
    assert empty.n == 0
    assert np.allclose(np.r_[empty.again.theta, empty.again.gamma], AGAIN_PRIOR.mean)


def test_without_purchases_the_claims_about_plans_stay_open(made):
    panel, repeat = made
    blind = fit_coupled(panel, repeat=repeat.head(0), draws=60)
    assert "no purchases" in plan_difference(blind, "S1.6").reason["en"]
    assert not diffusion_by_relationship(blind).reason


def test_nobody_is_lost_on_the_way_to_being_loyal_and_participation_brings_the_gone_back(model):
    fit = model.brands["mirae"]
    weeks, start = fit.weeks, paths.at_launch(fit)
    woken = replace(fit.draws, again=fit.draws.again * np.r_[np.ones(7), 5.0, 5.0, 1.0])
    runs = []
    for each in (fit, replace(fit, draws=woken)):
        chain = paths._Chain(each, start, 1)
        parts = [chain.week(weeks.money[None, t], weeks.conditions[t], 0.0, 0.0, None) for t in range(weeks.n)]
        new, loyal = (np.sum([part[i] for part in parts], axis=0) for i in (0, 4))
        assert np.allclose(loyal + chain.waiting.sum(axis=(-2, -1)), new)
        runs.append(loyal)
    assert (runs[1] > runs[0]).all()


def test_forms_that_forecast_alike_share_their_weight():
    assert weights_of(np.array([-3.0, -3.0])) == pytest.approx([0.5, 0.5])
    assert weights_of(np.array([0.0, -40.0]))[1] < 1e-15


def test_every_week_from_a_quarter_of_the_record_on_is_forecast_once_by_the_weeks_before_it():
    """A form that says 1 for weeks it knows and 3 beyond scores each later week alike, whatever the record's length."""
    for weeks, known in ((104, 26), (52, 13)):
        asked = []

        def fit_until(week, weeks=weeks, asked=asked):
            asked.append(week)
            mean = np.where(np.arange(weeks) < week, 1.0, 3.0)
            return RateFit(np.zeros(0), np.zeros(0), np.zeros((0, 0)), 2.0, mean, 0.0)

        told = forecast_score(np.full(weeks, 5.0), fit_until)
        assert asked[0] == known
        ahead = np.unique([week + np.arange(HORIZON) for week in asked])
        assert set(range(known, weeks)) <= set(ahead)
        each = sum(min(HORIZON, weeks - week) for week in asked)
        assert told == pytest.approx(each * (5 * np.log(3) - 3) / 2)


def test_no_form_is_asked_before_as_many_weeks_are_known_as_it_is_to_forecast():
    asked = []

    def fit_until(week):
        asked.append(week)
        return RateFit(np.zeros(0), np.zeros(0), np.zeros((0, 0)), 1.0, np.ones(26), 0.0)

    forecast_score(np.ones(26), fit_until)
    assert asked == [13, 16, 19, 22]


def test_a_distance_is_the_money_that_would_be_elsewhere():
    record = np.tile([1.0, 0.0], (8, 1))
    half = np.tile([0.5, 0.5], (8, 1))
    assert distance(np.stack([record, half, record[:, ::-1]]), record) == pytest.approx([0, 0.5, 1])


def test_plans_that_leave_the_record_together_err_together():
    record = np.tile([1.0, 0.0, 0.0], (8, 1))
    shares = ([1, 0, 0], [0.5, 0.5, 0], [0.5, 0.25, 0.25], [0.5, 0, 0.5])
    money = np.stack([np.tile(each, (8, 1)) for each in shares])
    kin = kinship(np.stack([distance(money, each) for each in money]))
    assert np.allclose(kin[1], [0, 1, 0.75, 0.5])
    assert kin[0, 0] == 1
    many = np.random.default_rng(0).dirichlet(np.ones(6), (12, 8))
    many[0] = record.mean()
    assert np.linalg.eigvalsh(kinship(np.stack([distance(many, each) for each in many]))).min() > -1e-9


def test_what_other_brands_tell_is_what_the_joint_normal_says():
    rng = np.random.default_rng(5)
    plain = Prior(np.array([0.1, -0.3]), np.array([[0.6, 0.2], [0.2, 0.5]]))
    between, noise = 0.25 * plain.cov, [np.diag(rng.uniform(0.05, 0.5, 2)) for _ in range(3)]
    seen = [rng.multivariate_normal(plain.mean, plain.cov) for _ in noise]
    told = []
    for y, spread in zip(seen, noise, strict=True):
        cov = np.linalg.inv(plain.precision + np.linalg.inv(spread))
        told.append((cov @ (plain.precision @ plain.mean + np.linalg.solve(spread, y)), cov))
    # brands 1 and 2 seen, brand 0 asked for: all three go together by their common centre
    common = plain.cov - between
    others = np.block([[plain.cov + noise[1], common], [common, plain.cov + noise[2]]])
    gain = np.hstack([common, common]) @ np.linalg.inv(others)
    mean = plain.mean + gain @ (np.r_[seen[1], seen[2]] - np.tile(plain.mean, 2))
    ours = from_each_other(plain, told)[0]
    assert np.allclose(ours.mean, mean)
    assert np.allclose(ours.cov, plain.cov - gain @ np.hstack([common, common]).T)
    assert from_each_other(plain, told[:1])[0] is plain


def test_an_error_of_the_form_is_in_proportion_to_the_effect():
    gap = _over_brands([np.full(20_000, 10.0)], _Form(0.0, 0.5), np.random.default_rng(6))
    assert np.quantile(gap, [0.05, 0.95]) == pytest.approx(10 * np.exp([-0.5 * 1.645, 0.5 * 1.645]), rel=0.03)
    short = _over_brands([np.full(20_000, 10.0)], _Form(0.3, 0.5), np.random.default_rng(6))
    assert np.median(short) == pytest.approx(10 * np.exp(0.3), rel=0.01)
    assert not _over_brands([np.zeros(9)], _Form(0.3, 0.5), np.random.default_rng(6)).any()


def test_of_the_forms_error_a_brands_own_part_averages_out_and_the_shared_one_does_not():
    brands, rng = [np.full(20_000, 10.0)] * 25, np.random.default_rng(6)
    shared, own = (np.log(_over_brands(brands, form, rng) / 10) for form in (_Form(0, 0.2), _Form(0, 0, own=0.2)))
    assert shared.std() == pytest.approx(0.2, rel=0.03)
    assert own.std() == pytest.approx(0.2 / 5, rel=0.05)
    assert np.median(shared) == pytest.approx(0, abs=0.005)
    assert np.median(own) == pytest.approx(0.2**2 / 2, abs=0.002)  # of many brands the mean, not the median


def test_a_plan_that_builds_trust_opens_more_than_its_answers_show(model):
    """Where a plan's relationship lies .04 above today's, the gate is read 2.25 times as far above it."""
    [fit] = model.brands.values()
    fit = replace(fit, draws=replace(fit.draws, gate=np.tile([1.0, 0.5, 0.1], (fit.draws.n, 1))))
    chain = paths._Chain(fit, paths.at_launch(fit), 2)
    chain.relation = np.array([[0.4], [0.44]]) + np.zeros((2, fit.draws.n))
    moved = chain._open(chain._where_it_opens())
    expected = 1 / (1 + np.exp(-(np.array([0.4, 0.44 + 1.25 * 0.04]) - 0.5) / 0.1))
    assert np.allclose(moved, expected[:, None])


def test_what_plans_bring_on_average_over_luck_is_told_closer(model):
    own, none = (
        compare_strategies(model, ["steady", "burst"], noise=noise, rng=3).difference("steady", "burst")
        for noise in ("own", "none")
    )
    assert none.high - none.low < own.high - own.low
    assert none.estimate == pytest.approx(own.estimate, rel=0.1)
    with pytest.raises(ValueError, match="noise must be one of own, common, none, not 'loud'"):
        compare_strategies(model, ["steady"], noise="loud")


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_figures_name_plans_in_the_language_asked_for(compared, model, lang):
    from smm_analysis import plot

    ax = plot.plot_strategies(compared, lang=lang)
    assert {"en": "Steady", "ko": "꾸준히"}[lang] in [t.get_text() for t in ax.get_yticklabels()]
    plot.plot_plan_paths(compared, "steady", lang=lang)
    ax = plot.plot_switch(best_switch_week(model, [0, 104]), lang=lang)
    assert {"en": "weeks", "ko": "주"}[lang] in ax.get_xlabel()
    with pytest.raises(ValueError, match="not among the plans compared"):
        plot.plot_plan_paths(compared, "nonsense")
    plot.plt.close("all")


@pytest.mark.slow
def test_six_brands_share_what_they_know():
    panels, repeats = zip(*(frames(simulate(seed=1003, brand=b, people=1500)) for b in BRANDS[:6]), strict=True)
    model = fit_coupled(pd.concat(panels), repeat=pd.concat(repeats), draws=100)
    assert list(model.brands) == list(BRANDS[:6])
    opens = [fit.draws.gate[:, 0] > 0 for fit in model.brands.values()]  # of one draw, all brands' forms go together
    assert all((a <= b).all() or (b <= a).all() for a, b in pairwise(opens))
    found = plan_difference(model, "S4.2", relative=True)
    assert found.low > 0
    assert found.n == 6 * 104


@pytest.mark.slow
def test_where_nothing_works_steady_money_is_not_said_to_beat_bursts():
    said = []
    for seed in range(1000, 1004):
        panel, repeat = frames(simulate(seed=seed, people=2500, world="nothing_matters"))
        found = plan_difference(fit_coupled(panel, repeat=repeat, draws=200), "S4.2", relative=True)
        said.append(judge("steady_beats_burst", found, delta=5, synthetic=True).decision)
    assert said.count("supported") <= 1


def test_money_that_moves_no_views_is_no_proof_of_no_effect(made):
    panel, repeat = made
    unmoved = panel.assign(seen_diffusion=panel["seen_diffusion"].mean())
    gap = diffusion_by_relationship(fit_coupled(unmoved, repeat=repeat, draws=50))
    assert "do not follow the money on diffusion" in gap.reason["en"]
