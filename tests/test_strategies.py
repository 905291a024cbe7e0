import numpy as np
import pandas as pd
import pytest

from smm_analysis.diffusion import fit_coupled, repeat_panel, simple_relationship, strategy_panel
from smm_analysis.strategies import PLANS, basic_then_diffusion, compare_strategies
from smm_analysis.strategies.plans import money_of
from smm_analysis.virtual import PLANS as VIRTUAL_PLANS
from smm_analysis.virtual import simulate


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


def test_who_becomes_loyal_is_counted_as_the_engine_does(record, made):
    _, repeat = made
    assert repeat["became_loyal"].sum() == record.loyal.sum()


def test_a_market_smaller_than_its_customers_is_refused(record):
    t = record.tables()
    with pytest.raises(ValueError, match="market_size of 'mirae' is 10"):
        strategy_panel(t["weekly"], t["effort"], t["media"], market_size=10, brand="mirae")


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
    with pytest.raises(ValueError, match="in 0..104 weeks, not 200"):
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
