from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from smm_analysis import virtual
from smm_analysis.relationship import relationship_index, shares_response, sharing_weeks
from smm_analysis.relationship.regression import cosines, fit_weeks, independent
from smm_analysis.relationship.smoothing import smooth
from smm_analysis.relationship.weeks import mondays, week_index

WEEKS = pd.date_range("2025-01-06", periods=104, freq="7D")


@pytest.fixture(scope="module")
def tables():
    return virtual.simulate(seed=7, people=3000).tables()


@pytest.fixture(scope="module")
def index(tables):
    return relationship_index(tables["mentions"], weeks=tables["weekly"]["week"], surveys=tables["surveys"])


# --- smoothing against a slow, naive Kalman filter and smoother ----------------------------------------------------


def kalman(values, variance, step):
    """Mean and variance of a random walk given all weeks, by the textbook's recursions, and the log likelihood."""
    n, level, spread, total = len(values), 0.0, 1e8, 0.0
    means, spreads, ahead = np.zeros(n), np.zeros(n), np.zeros(n)
    for t in range(n):
        spread = spread + step * (t > 0)
        ahead[t] = spread
        if np.isfinite(values[t]):
            gain = spread / (spread + variance[t])
            if t > first_seen(values):
                total -= 0.5 * (np.log(spread + variance[t]) + (values[t] - level) ** 2 / (spread + variance[t]))
            level, spread = level + gain * (values[t] - level), spread * (1 - gain)
        means[t], spreads[t] = level, spread
    for t in range(n - 2, -1, -1):
        back = spreads[t] / ahead[t + 1]
        spreads[t] += back**2 * (spreads[t + 1] - ahead[t + 1])
        means[t] += back * (means[t + 1] - means[t])
    return means, spreads, total


def first_seen(values):
    return int(np.isfinite(values).argmax())


def wander(rng, n=60, step=0.1, noise=0.5):
    level = np.cumsum(step * rng.standard_normal(n))
    values = level + noise * rng.standard_normal(n)
    values[rng.random(n) < 0.2] = np.nan
    return level, values, np.where(np.isfinite(values), noise**2, np.inf)


def test_the_level_is_that_of_a_kalman_smoother():
    from smm_analysis.relationship import smoothing

    _, values, variance = wander(np.random.default_rng(1))
    found = smooth(values, variance)
    seen = np.isfinite(values)
    told, spread = np.where(seen, values, 0), float(np.var(values[seen]))
    tried = [(q * spread, h * spread) for q in smoothing._STEPS for h in smoothing._SHOCKS]
    step, shock = max(tried, key=lambda pair: kalman(values, variance + pair[1], pair[0])[2])
    mean, sd, _ = kalman(values, variance + shock, step)
    assert told.shape == mean.shape
    np.testing.assert_allclose(found.mean, mean, atol=1e-4)
    np.testing.assert_allclose(found.sd**2, sd, rtol=1e-3)


def test_plausible_paths_have_the_levels_mean_and_error():
    _, values, variance = wander(np.random.default_rng(2))
    found = smooth(values, variance)
    drawn = found.draws(np.random.default_rng(3), 4000)
    np.testing.assert_allclose(drawn.mean(axis=0), found.mean, atol=0.03)
    np.testing.assert_allclose(drawn.std(axis=0), found.sd, rtol=0.1)


def test_a_smoothed_level_does_not_flatten_a_slope_as_noisy_weeks_do():
    """Outcome = 1 x level: regressed on the raw weeks the slope is the reliability, on the smoothed level 1."""
    raw, smoothed, truth = [], [], []
    for seed in range(40):
        level, values, variance = wander(np.random.default_rng(seed), n=104, step=0.25, noise=1.0)
        seen = np.isfinite(values)
        truth += [level[seen] - level[seen].mean()]
        raw += [values[seen] - values[seen].mean()]
        smoothed += [smooth(values, variance).mean[seen]]
        smoothed[-1] -= smoothed[-1].mean()
    level, raw, smoothed = (np.concatenate(each) for each in (truth, raw, smoothed))
    assert raw @ level / (raw @ raw) < 0.8
    assert smoothed @ level / (smoothed @ smoothed) == pytest.approx(1, abs=0.1)


# --- weeks and regression ------------------------------------------------------------------------------------------


def test_weeks_must_be_mondays_in_a_row():
    assert week_index(WEEKS).equals(pd.DatetimeIndex(WEEKS, name="week"))
    with pytest.raises(ValueError, match="2025-01-07 is none"):
        week_index(WEEKS + pd.Timedelta(days=1))
    with pytest.raises(ValueError, match="1 are missing, first 2025-01-20"):
        week_index(WEEKS.delete(2))
    with pytest.raises(ValueError, match="published_at must hold times"):
        mondays(pd.Series(["2025"], name="published_at"))


def test_a_weighted_fit_is_statsmodels_and_columns_that_add_nothing_are_left_out():
    from statsmodels.regression.linear_model import WLS

    rng = np.random.default_rng(4)
    x, y, weights = rng.normal(size=(80, 2)), rng.normal(size=80), rng.uniform(1, 3, 80)
    columns = {"a": x[:, 0], "again": 2 * x[:, 0] + 1, "flat": np.ones(80)}
    found = fit_weeks(y, columns, x[:, 1:], weights)
    assert found.kept == ("a",)
    theirs = WLS(y, np.column_stack([np.ones(80), x]), weights=weights).fit()
    assert found.coefficients[-1] == pytest.approx(theirs.params[-1])
    assert found.df == cosines(80) == 7
    assert fit_weeks(y[:12], {"a": x[:12, 0]}, x[:12, 1:], weights[:12]) is None
    assert independent({}, 3)[0].shape == (3, 1)


def test_intervals_of_slopes_hold_with_dependent_weeks_where_independence_would_not():
    """Slow regressor, slow noise: of 90% intervals 80% or more hold; those of independent weeks far fewer."""
    from scipy.special import stdtrit
    from statsmodels.regression.linear_model import OLS

    held, plain = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        x, e = (_slow(rng, 91, 0.8), _slow(rng, 91, 0.5))
        found = fit_weeks(e, {}, x[:, None], np.ones(91))
        half = stdtrit(found.df, 0.95) * np.sqrt(found.covariance[-1, -1])
        held.append(abs(found.coefficients[-1]) < half)
        low, high = OLS(e, np.column_stack([np.ones(91), x])).fit().conf_int(0.1)[1]
        plain.append(low < 0 < high)
    assert np.mean(held) > 0.8 > 0.75 > np.mean(plain)


def _slow(rng, n, rho):
    out = rng.standard_normal(n)
    for t in range(1, n):
        out[t] = rho * out[t - 1] + np.sqrt(1 - rho**2) * out[t]
    return out


# --- the index -----------------------------------------------------------------------------------------------------


def said(people, weeks, score=0.5, role="customer"):
    """One mention a person and week."""
    rows = [(WEEKS[week] + pd.Timedelta(days=2), person, role, score) for week in weeks for person in people]
    return pd.DataFrame(rows, columns=["created_at", "author_key", "author_role", "sentiment"])


def test_participation_counts_people_who_came_back_not_mentions():
    """Week 20: p came back after a week, q after 14 (too late), r is new, and p wrote twice: one of three."""
    many = said([f"x{k}" for k in range(5)], range(0, 30))
    few = pd.concat([said(["p"], [19, 20, 20]), said(["q"], [6, 20]), said(["r"], [20])])
    found = relationship_index(pd.concat([many, few], ignore_index=True), weeks=WEEKS[:30], sentiment=None)
    weeks = {part.name: part.weeks for part in found.parts}["participation"].set_index("week")
    assert weeks.loc[WEEKS[20], "n"] == 8
    assert weeks.loc[WEEKS[20], "value"] == pytest.approx(6 / 8)
    assert weeks.loc[WEEKS[12], "n"] == 0  # nobody can have come back from before the record


def test_what_the_brand_writes_is_not_the_relationship():
    ours = said(["firm"], range(30), score=-1, role="brand")
    theirs = said([f"x{k}" for k in range(6)], range(30)).assign(sentiment=np.tile([0.1, 0.2, 0.3, 0.4, 0.5, 0.9], 30))
    theirs.loc[:50, "sentiment"] = 0.0
    both = relationship_index(pd.concat([ours, theirs], ignore_index=True), weeks=WEEKS[:30])
    alone = relationship_index(theirs, weeks=WEEKS[:30])
    pd.testing.assert_frame_equal(both.weeks, alone.weeks)


def test_missing_components_are_said_and_the_others_weigh_more(tables, index):
    assert [part.name for part in index.parts] == [
        "participation",
        "sentiment",
        "trust",
        "intimacy",
        "satisfaction",
        "recommend",
    ]
    bare = relationship_index(tables["mentions"], weeks=tables["weekly"]["week"])
    assert set(bare.missing) == {"trust", "intimacy", "satisfaction", "recommend"}
    assert bare.table["weight"].to_list() == [0.5, 0.5, 0, 0, 0, 0]
    assert "trust" in bare.missing["trust"]["en"]
    nothing = relationship_index(None, weeks=WEEKS)
    assert nothing.parts == () and nothing.weeks["relationship"].isna().all()


def test_the_index_is_the_plain_mean_of_its_components(index):
    names = [part.name for part in index.parts]
    np.testing.assert_allclose(index.weeks["relationship"], index.weeks[names].mean(axis=1))
    assert (index.weeks["low"] < index.weeks["relationship"]).all()
    assert 0 < index.reliability < 1
    assert index.draws(np.random.default_rng(0), 7).shape == (7, 104)


def test_the_index_follows_trust(index):
    trust = virtual.simulate(seed=7, people=3000).trust.mean(axis=1)
    assert np.corrcoef(index.weeks["relationship"], trust)[0, 1] > 0.6


def test_bad_input_is_named(tables):
    mentions, weeks = tables["mentions"], tables["weekly"]["week"]
    with pytest.raises(ValueError, match="no column 'author_key'"):
        relationship_index(mentions.drop(columns="author_key"), weeks=weeks)
    two = mentions.assign(brand=np.where(np.arange(len(mentions)) % 2, "mirae", "haneul"))
    with pytest.raises(ValueError, match="several brands, haneul, mirae"):
        relationship_index(two, weeks=weeks)
    with pytest.raises(ValueError, match="'supplier' or None, not 'guess'"):
        relationship_index(mentions, weeks=weeks, sentiment="guess")


# --- what it does --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def panel(tables):
    return sharing_weeks(
        tables["posts"], tables["weekly"], seen_per_share=3.5, controls=tables["controls"], events=tables["events"]
    )


def planted(panel, slope, seed=0, noise=2.0):
    """Weeks whose shares follow a planted relationship, and the index that measures it."""
    rng = np.random.default_rng(seed)
    trust = _slow(rng, len(panel.weeks), 0.9)
    rate = 50 + slope * np.r_[trust[0], trust[:-1]] + noise * rng.standard_normal(len(trust))
    shares = rate / 1000 * panel.weeks["impressions"]
    weeks = panel.weeks.assign(shares=shares, exposures=panel.weeks["impressions"])
    answers = [
        (panel.weeks["week"][week] + pd.Timedelta(hours=9), f"c{k}", question, 5 + trust[week] + rng.normal())
        for week in range(len(trust))
        for question, n in (("trust", 8), ("recommend", 8), ("intimacy", 8))
        for k in range(n)
    ]
    surveys = pd.DataFrame(answers, columns=["asked_at", "customer_key", "question", "score"])
    found = relationship_index(None, weeks=panel.weeks["week"], surveys=surveys)
    late = trust[len(trust) // 8 :]
    return replace(panel, weeks=weeks), found, slope * float(np.subtract(*np.quantile(late, [0.75, 0.25])))


@pytest.mark.parametrize("slope", [0.0, 5.0])
def test_a_planted_slope_is_found_with_honest_intervals(panel, slope):
    held, errors = [], []
    for seed in range(20):
        weeks, found, truth = planted(panel, slope, seed)
        effect = shares_response(weeks, found).effect
        held.append(effect.low <= truth <= effect.high)
        errors.append(effect.estimate - truth)
    assert np.mean(held) >= 0.7  # 20 draws of at least .84
    assert abs(np.mean(errors)) < 0.6


def test_the_same_call_gives_the_same_answer(panel, index):
    assert shares_response(panel, index).effect == shares_response(panel, index).effect


def test_where_the_data_cannot_tell_it_says_why(panel, index, tables):
    short = sharing_weeks(tables["posts"], tables["weekly"].head(26))
    few = relationship_index(tables["mentions"], weeks=short.weeks["week"], surveys=tables["surveys"])
    assert "23 usable weeks" in shares_response(short, few).effect.reason["en"]
    alone = relationship_index(None, weeks=panel.weeks["week"], surveys=tables["surveys"], questions=["trust"])
    assert "Only 'trust'" in shares_response(panel, alone).effect.reason["en"]
    nobody = relationship_index(None, weeks=panel.weeks["week"])
    assert "No component" in shares_response(panel, nobody).effect.reason["en"]
    gap = sharing_weeks(tables["posts"], tables["weekly"].drop(index=range(40, 60)))
    assert "20 of 104 weeks" in shares_response(gap, index).effect.reason["en"]
    flat = replace(panel, weeks=panel.weeks.assign(shares=0.0))
    assert "the same in all weeks" in shares_response(flat, index).effect.reason["en"]


def test_a_constant_control_is_left_out(panel, index):
    more = replace(panel, others=panel.others.assign(law=1.0))
    assert shares_response(more, index).effect == shares_response(panel, index).effect
    assert "law" not in shares_response(more, index).held_fixed


def test_a_relationship_that_runs_ahead_is_caught_by_the_placebo(panel):
    """Shares that follow the relationship of eight weeks later: something else moves both."""
    weeks, found, _ = planted(panel, 0.0)
    ahead = found.weeks["relationship"].shift(-9).ffill()
    rate = 50 + 6 * (ahead - found.weeks["relationship"]) + np.random.default_rng(1).standard_normal(len(ahead))
    spoilt = replace(weeks, weeks=weeks.weeks.assign(shares=rate / 1000 * weeks.weeks["exposures"]))
    assert "something else moves both" in shares_response(spoilt, found).effect.reason["en"]
