"""The virtual brand: one seed, one set of bytes; luck is the person's own; each world plants what it says."""

import hashlib
import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from smm_analysis import tables, virtual
from smm_analysis.virtual.engine import replay
from smm_analysis.virtual.luck import Luck, poisson
from smm_analysis.virtual.truth import (
    Again,
    answers_and_behaviour,
    carry_over,
    paid_inflow,
    paid_loyalty,
    plans_compared,
    promotion,
    relationship,
)
from smm_analysis.virtual.truth import earned as earned_truth
from smm_analysis.virtual.worlds import LINES, SOURCES

ROOT = Path(__file__).parents[1]
SIZE = {"people": 1200, "weeks": 60}


@cache
def brand(**setting) -> virtual.Simulation:
    return virtual.simulate(**({"seed": 5} | SIZE | setting))


def digest(folder: Path) -> str:
    out = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        out.update(path.name.encode() + b"\0" + path.read_bytes())
    return out.hexdigest()


def small_sample(out: Path, seed: int) -> Path:
    return virtual.write_sample(out, seed=seed, brands=2, weeks=40, people=400, policy="reactive")


# the bytes


def test_same_seed_same_bytes_and_another_seed_differs(tmp_path):
    one, two, other = (digest(small_sample(tmp_path / n, s)) for n, s in (("a", 3), ("b", 3), ("c", 4)))
    assert one == two
    assert one != other


def test_a_small_sample_keeps_the_contract(tmp_path):
    result = tables.check(small_sample(tmp_path / "s", 3))
    assert result.ok, str(result)


def test_only_an_earlier_simulated_data_set_is_ever_replaced(tmp_path):
    out = small_sample(tmp_path / "mine", 3)
    with pytest.raises(FileExistsError, match="--force"):
        small_sample(out, 4)
    virtual.write_sample(out, seed=4, brands=1, weeks=30, people=300, force=True)
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
    (out / "precious.txt").write_text("keep")
    with pytest.raises(FileExistsError, match="is no simulated data set; it is left alone"):
        virtual.write_sample(out, seed=3, brands=1, weeks=30, people=300, force=True)
    assert (out / "precious.txt").read_text() == "keep"


def test_three_years_are_surveyed_to_the_end():
    weeks = 156
    asked = virtual.simulate(seed=1, weeks=weeks, people=500).tables()["surveys"]["asked_at"]
    assert len(asked[asked > asked.max() - pd.Timedelta(weeks=26)]) > 0.5 * len(asked) / (weeks / 26)


def test_the_built_sample_keeps_the_contract_and_is_small():
    sample = ROOT / "data" / "sample"
    result = tables.check(sample)
    assert result.ok, str(result)
    assert sum(p.stat().st_size for p in sample.iterdir()) < 5_000_000
    assert {p.stem for p in sample.glob("*.csv")} == set(tables.CONTRACT)
    told = json.loads((sample / "truth.json").read_text(encoding="utf-8"))["brands"]
    assert len(told) == len({t["plan"] for t in told.values()}) == 6


@pytest.mark.slow
def test_the_built_sample_is_rebuilt_byte_for_byte(tmp_path):
    fresh = virtual.write_sample(tmp_path / "s", seed=20261123, brands=6, weeks=104, policy="reactive")
    assert digest(fresh) == digest(ROOT / "data" / "sample")


# luck


def test_a_persons_luck_does_not_depend_on_how_many_there_are():
    luck = Luck(1, "mirae")
    assert (luck.uniform("buy", 9, 10) == luck.uniform("buy", 9, 999)[:10]).all()
    assert (luck.uniform("buy", 9, 10) != luck.uniform("buy", 10, 10)).all()
    assert (luck.uniform("buy", 9, 10) != Luck(1, "haneul").uniform("buy", 9, 10)).all()


@pytest.mark.parametrize("rate", [0.05, 1.0, 7.0, 35.0, 90.0])
def test_poisson_has_its_mean_and_variance_and_is_monotone(rate):
    u = (np.arange(20_000) + 0.5) / 20_000
    count = poisson(u, rate)
    assert count.mean() == pytest.approx(rate, rel=0.01)
    assert count.var() == pytest.approx(rate, rel=0.03)
    assert (poisson(u, rate * 1.1) >= count).all()


def test_poisson_is_the_inverse_of_the_cdf():
    stats = pytest.importorskip("scipy.stats")
    u = Luck(1, "x").uniform("u", 0, 500)
    rates = Luck(1, "x").uniform("rate", 0, 500) * 30 + 0.01
    assert (poisson(u, rates) == stats.poisson.ppf(u, rates)).all()


# one channel less


@pytest.mark.parametrize("channel", ["events", "tv", "sns_ads"])
def test_without_a_channel_only_those_it_touched_change(channel):
    """Week by week: whoever differs was reached by the channel so far, or follows somebody who differed before."""
    kept, cut = brand(), brand_without(channel)
    row = list(virtual.CHANNELS).index(channel)
    reached = np.cumsum(kept.history["exposures"][:, row] > 0, axis=0) > 0
    changed = differs(kept, cut, row)
    allowed = reached.copy()
    for week in range(1, len(changed)):
        before = changed[:week].any(axis=0)
        allowed[week] |= kept.people.from_friends(before.astype(float)) > 0
        allowed[week] |= before
    assert changed.any(), "the channel does something"
    assert not (changed & ~allowed).any()
    assert (~changed.any(axis=0)).any(), "somebody was left alone"


@pytest.mark.parametrize("channel", ["events", "tv"])
def test_without_a_channel_the_other_channels_reach_the_same_persons(channel):
    row = list(virtual.CHANNELS).index(channel)
    kept, cut = brand(), brand_without(channel)
    others = [i for i in range(len(virtual.CHANNELS)) if i != row]
    assert (kept.history["exposures"][:, others] == cut.history["exposures"][:, others]).all()
    assert cut.history["exposures"][:, row].sum() == 0
    assert cut.choices.money[:, LINES.index(channel)].sum() == 0


def test_purchases_change_only_where_exposure_or_social_input_changed():
    kept, cut = brand(), brand_without("events")
    row = list(virtual.CHANNELS).index("events")
    met = np.cumsum(kept.history["exposures"][:, row], axis=0) > 0
    inputs = ("useful", "promo", "diffusion", "participation", "earned")
    heard = np.cumsum(sum(kept.history[k] != cut.history[k] for k in inputs), axis=0) > 0
    assert not ((kept.purchases != cut.purchases) & ~met & ~heard).any()


def brand_without(channel: str) -> virtual.Simulation:
    return virtual.simulate(seed=5, **SIZE, spend_scale={channel: 0.0})


def differs(one: virtual.Simulation, other: virtual.Simulation, row: int) -> np.ndarray:
    """Whose week differs in anything but the channel's own exposures; bool (weeks, people)."""
    own = {"exposures", "engaged"}
    out = [one.history[k] != other.history[k] for k in one.history if k not in own]
    return np.any(out, axis=0)


def test_spend_scale_of_an_unknown_line_is_refused():
    with pytest.raises(ValueError, match=r"radio.*known are: listen"):
        virtual.simulate(seed=1, spend_scale={"radio": 0.0}, people=100, weeks=8)


def test_every_plan_and_policy_spends_the_same():
    planned = [brand(plan=p).choices.money.sum() for p in virtual.PLANS]
    assert np.allclose(planned, planned[0], rtol=1e-3)
    free = [brand(policy=p).choices.money.sum() for p in ("planned", "seasonal", "experimenting")]
    assert np.allclose(free, free[0], rtol=1e-3)


@pytest.mark.parametrize(("option", "known"), [("world", "default"), ("policy", "planned"), ("plan", "steady")])
def test_unknown_names_are_refused_with_the_known_ones(option, known, tmp_path):
    with pytest.raises(ValueError, match=f"{option} 'atlantis' is not known; known are: .*{known}"):
        virtual.simulate(seed=1, **{option: "atlantis"})
    with pytest.raises(ValueError, match="atlantis"):
        virtual.write_sample(tmp_path / "x", seed=1, **{option: "atlantis"})


def test_a_record_is_read_only():
    with pytest.raises(ValueError, match="read-only"):
        brand().purchases[0, 0] = True


# the tables


def test_tables_agree_with_the_persons():
    sim = brand()
    made = sim.tables()
    assert set(made) == set(tables.CONTRACT)
    assert len(made["purchases"]) == sim.purchases.sum() == made["weekly"]["units"].sum()
    assert made["purchases"]["amount"].sum() == made["weekly"]["revenue"].sum()
    assert len(made["customers"]) == (sim.source >= 0).sum() == made["weekly"]["new_customers"].sum()
    weekly = made["weekly"]
    change = weekly["followers"].diff().dropna()
    welcome = change - (weekly["new_followers"] - weekly["lost_followers"])[1:]
    assert (welcome == 0).all()
    first = made["purchases"].groupby("customer_key")["purchased_at"].min()
    acquired = made["customers"].set_index("customer_key")["acquired_at"]
    assert (first.sort_index() == acquired.sort_index()).all()


def test_reach_and_frequency_are_counts_of_the_same_people():
    made = brand().tables()
    total = made["reach_frequency"].groupby(["period", "channel"])["people"].sum()
    assert (total == SIZE["people"]).all()


@pytest.mark.parametrize("plan", virtual.SAMPLE_PLANS[:6])
def test_magnitudes_are_those_of_a_real_firm(plan):
    sim = virtual.simulate(seed=11, people=2000, plan=plan)
    h, owned = sim.history, sum(sim.history[k].sum() for k in ("useful", "promo", "diffusion", "participation"))
    score = h["answer"][h["responded"]]
    nps = 100 * ((score >= 9).mean() - (score <= 6).mean())
    customers = sim.first_week < 78
    assert -40 < nps < 50
    assert 0.2 < h["bought"][78:91][:, customers].any(axis=0).mean() < 0.5
    assert 0.5 < 1000 * h["hid"].sum() / owned < 8
    assert 0.3 < h["responded"].sum() / h["surveyed"].sum() < 0.5
    assert 400 < (sim.source >= 0).sum() < 1500


# what the worlds plant


@cache
def told(world: str, seed: int, people: int = 3000) -> dict[str, list[float]]:
    """Claim -> values of the claims that worlds switch, by replay."""
    again = Again(virtual.simulate(seed=seed, world=world, people=people))
    out: dict[str, list[float]] = {}
    for claim in (
        relationship,
        plans_compared,
        paid_inflow,
        paid_loyalty,
        promotion,
        earned_truth,
        carry_over,
        answers_and_behaviour,
    ):
        for entry in claim(again):
            out.setdefault(entry["claim"], []).append(entry["value"])
    return out


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_in_the_default_world_the_texts_are_right(seed):
    found = told("default", seed)
    for claim in virtual.WORLDS["default"].true:
        assert found[claim][0] > 0, claim
    assert found["S4.4"][0] > 0.02
    assert abs(found["S4.4 adds"][0]) < 0.003
    assert 0.2 < found["S0.8"][1] < 0.6


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_world_plants_the_opposite(seed):
    trustless = told("trust_does_not_matter", seed)
    assert trustless["S0.2"] == trustless["S0.3"] == [0.0]
    assert told("paid_is_loyal", seed)["S0.7b"][0] == 0
    assert abs(told("promotion_is_harmless", seed)["S0.8"][0]) < 0.5
    assert told("promotion_is_harmless", seed)["S0.8"][1] is None
    assert told("mass_media_last", seed)["S3.1b"][0] < 0
    assert told("answers_tell", seed)["S4.4 adds"][0] > 0.01
    assert told("nps_is_everything", seed)["S4.4"][0] < 0.003


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_where_nothing_matters_every_effect_is_zero(seed):
    found = told("nothing_matters", seed)
    for claim in virtual.WORLDS["nothing_matters"].false:
        assert found[claim][0] == pytest.approx(0, abs=0.3 if claim == "S0.8" else 0), claim
    assert abs(found["S4.4 adds"][0]) < 0.002


def test_where_nothing_matters_plans_change_no_purchase():
    one, other = (brand(world="nothing_matters", plan=p) for p in ("steady", "promotion_heavy"))
    assert (one.purchases == other.purchases).all()


def test_trust_matters_for_sharing_only_where_the_world_says_so():
    for world, matters in (("default", True), ("trust_does_not_matter", False)):
        sim = brand(world=world)
        trusted = replay(sim, trust_offset=0.1)
        assert (trusted.shares.sum() > sim.shares.sum()) == matters
        assert (trusted.shares == sim.shares).all() != matters


def test_tv_goes_on_working_after_its_last_week_for_as_long_as_it_was_given():
    """Cut TV from week 30 on; the remembered exposures keep raising first purchases longer where mass media last."""
    kept = {}
    for world in ("default", "mass_media_last"):
        sim = brand(world=world, people=4000, plan="paid_heavy")
        until = np.arange(sim.setting.weeks) < 30
        stopped, never = replay(sim, tv=until * 1.0), replay(sim, tv=0.0)
        kept[world] = [int(x.purchases[34:42].sum()) for x in (stopped, never)]
    assert kept["mass_media_last"][0] - kept["mass_media_last"][1] > kept["default"][0] - kept["default"][1]


def test_paid_customers_lapse_sooner_but_not_where_paid_is_loyal():
    gap = {}
    for world in ("default", "paid_is_loyal"):
        sim = brand(world=world, people=4000)
        old = sim.first_week < sim.setting.weeks - 20
        active = sim.history["active"][-1]
        paid = old & (sim.source == SOURCES.index("paid"))
        gap[world] = active[old & (sim.source == SOURCES.index("organic"))].mean() - active[paid].mean()
    assert gap["default"] > 0.08
    assert abs(gap["paid_is_loyal"]) < 0.08


def slope(sim: virtual.Simulation) -> float:
    """The naive reading: purchases on total money of the same week and a trend; purchases per million KRW."""
    week = np.arange(sim.setting.weeks)
    columns = np.column_stack([np.ones(len(week)), week, sim.choices.money.sum(axis=1) / 1e6])[30:]
    return float(np.linalg.lstsq(columns, sim.purchases.sum(axis=1)[30:], rcond=None)[0][2])


def test_the_naive_slope_misleads_where_managers_react():
    """Where nothing matters the truth is 0; reactive managers make the naive slope large, a lot keeps it near 0."""
    seeds = range(1, 7)
    naive = {
        p: np.mean([slope(virtual.simulate(seed=s, world="nothing_matters", policy=p, people=1500)) for s in seeds])
        for p in ("reactive", "seasonal", "experimenting")
    }
    assert abs(naive["experimenting"]) < abs(naive["reactive"]) / 2
    assert abs(naive["experimenting"]) < abs(naive["seasonal"]) / 2
