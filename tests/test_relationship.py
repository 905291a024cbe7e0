from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from smm_analysis import virtual
from smm_analysis.estimate import Estimate, unknown
from smm_analysis.relationship import (
    binned,
    effort_index,
    learnt_weights,
    listening_effort,
    pool_brands,
    reach_response,
    relationship_index,
    shares_response,
    sharing_weeks,
)
from smm_analysis.relationship.regression import cosines, fit_weeks, independent
from smm_analysis.relationship.smoothing import smooth
from smm_analysis.relationship.weeks import week_index
from smm_analysis.tables import mondays

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


def test_without_posts_in_these_weeks_nothing_can_be_told(tables, index):
    panel = sharing_weeks(tables["posts"].head(0), tables["weekly"])
    effect = shares_response(panel, index).effect
    assert effect.n == 0 and effect.reason


def test_bad_input_is_named(tables):
    mentions, weeks = tables["mentions"], tables["weekly"]["week"]
    with pytest.raises(ValueError, match="no column 'author_key'"):
        relationship_index(mentions.drop(columns="author_key"), weeks=weeks)
    two = mentions.assign(brand=np.where(np.arange(len(mentions)) % 2, "mirae", "haneul"))
    with pytest.raises(ValueError, match="several brands, haneul, mirae"):
        relationship_index(two, weeks=weeks)
    with pytest.raises(ValueError, match="'supplier' or None, not 'guess'"):
        relationship_index(mentions, weeks=weeks, sentiment="guess")
    with pytest.raises(ValueError, match="at least one Monday"):
        relationship_index(mentions, weeks=weeks.head(0))
    with pytest.raises(ValueError, match="seen_per_share must be 0 or more"):
        sharing_weeks(tables["posts"], tables["weekly"], seen_per_share=-1)


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
    """Effects may be off by a tenth: quartiles of a smoothed path are not quite those of what it means."""
    held, errors = [], []
    for seed in range(12):
        weeks, found, truth = planted(panel, slope, seed)
        effect = shares_response(weeks, found).effect
        held.append(effect.low <= truth <= effect.high)
        errors.append(effect.estimate - truth)
    assert np.mean(held) >= 0.65  # 12 draws of at least .84
    assert abs(np.mean(errors)) < 0.5 + 0.1 * abs(slope)


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


# --- followers' worth, effort, several brands ------------------------------------------------------------------------


def test_earned_reach_is_what_shares_of_shares_add_up_to(panel, index):
    """With r shares an exposure and k exposures a share, 1 + kr + (kr)^2 + ... : summed by hand."""
    shares, reach = shares_response(panel, index), reach_response(panel, index)
    used = panel.weeks[panel.weeks["week"].isin(shares.weeks["week"])]
    seen = used["impressions"].sum() / used["followers"].sum()

    def earned(rate):
        return 1000 * seen * sum((3.5 * rate / 1000) ** turn for turn in range(1, 200))

    for end in ("low", "estimate", "high"):
        half = getattr(shares.effect, end) / 2
        assert getattr(reach.effect, end) == pytest.approx(earned(shares.usual + half) - earned(shares.usual - half))
    assert reach.usual == pytest.approx(earned(shares.usual))


def test_earned_reach_needs_how_often_a_share_is_seen(panel, index):
    assert "seen_per_share" in reach_response(replace(panel, seen_per_share=0.0), index).effect.reason["en"]


def test_groups_of_weeks_lie_about_the_line(panel):
    weeks, found, _ = planted(panel, 5.0, noise=0.5)
    response = shares_response(weeks, found)
    groups = binned(response, bins=5)
    line = np.interp(groups["relationship"], response.curve["relationship"], response.curve["fitted"])
    assert groups["n"].sum() == len(response.weeks)
    np.testing.assert_allclose(groups["adjusted"], line, atol=1.5)
    assert (response.curve["low"] <= response.curve["high"]).all()


def asked(hours, *, week=10, start=0):
    """One question an entry, answered after so many hours; None never."""
    at = [WEEKS[week] + pd.Timedelta(hours=k) for k in range(len(hours))]
    ids = [f"q{start + k}" for k in range(len(hours))]
    questions = pd.DataFrame({"mention_id": ids, "created_at": at, "author_role": "customer", "parent_id": None})
    waits = [(i, t, h) for i, t, h in zip(ids, at, hours, strict=True) if h is not None]
    replies = [(f"a{i}", t + pd.Timedelta(hours=h), "brand", i) for i, t, h in waits]
    answers = pd.DataFrame(replies, columns=["mention_id", "created_at", "author_role", "parent_id"])
    return pd.concat([questions, answers], ignore_index=True)


def of(frame, measure):
    return frame[frame["measure"] == measure].iloc[0]


def test_effort_counts_answers_in_time_and_censors_what_is_open():
    """Of six asked, two are answered within three days, one later, three never: 2 of 6; the median is not reached."""
    late = [1, 5, 100, None, None, None]
    found = listening_effort(asked(late), weeks=WEEKS[:30], observed_until=WEEKS[30])
    assert of(found.summary, "answered")["estimate"] == pytest.approx(2 / 6)
    assert of(found.summary, "hours_to_answer")["estimate"] == np.inf
    soon = listening_effort(asked(late), weeks=WEEKS[:30], observed_until=WEEKS[10] + pd.Timedelta(days=2))
    assert of(soon.summary, "answered")["n"] == 2  # the open ones were not watched for three days yet
    quick = listening_effort(asked([1, 2, 3, 4, None]), weeks=WEEKS[:30], observed_until=WEEKS[30])
    assert of(quick.summary, "hours_to_answer")["estimate"] == 3
    assert of(quick.weeks.dropna(), "answered")["n"] == 5
    assert list(quick.wide()) == ["answered", "hours_to_answer"]  # without posts nothing is said of promotion
    assert len(quick.wide()) == 30


def test_what_a_customer_says_to_another_calls_for_no_answer():
    chat = asked([1, 1, 1, 1, 1])
    more = pd.DataFrame(
        {"mention_id": ["x"], "created_at": [WEEKS[11]], "author_role": ["customer"], "parent_id": ["q0"]}
    )
    found = listening_effort(pd.concat([chat, more], ignore_index=True), weeks=WEEKS[:30], observed_until=WEEKS[30])
    assert of(found.summary, "answered")["n"] == 5
    with pytest.raises(ValueError, match="index of mentions"):
        listening_effort(chat, weeks=WEEKS[:30], observed_until=WEEKS[30], asks=pd.Series([True], index=[99]))


def test_promotion_share_is_of_posts_and_of_impressions():
    posts = pd.DataFrame(
        {
            "published_at": [WEEKS[3]] * 5,
            "kind": ["promo", "useful", "useful", "useful", "useful"],
            "impressions": [600, 100, 100, 100, 100],
        }
    )
    found = listening_effort(asked([1]), posts, weeks=WEEKS[:30], observed_until=WEEKS[30])
    assert of(found.summary, "promo_posts")["estimate"] == pytest.approx(0.2)
    seen = of(found.summary, "promo_seen")
    assert seen["estimate"] == pytest.approx(0.6)
    assert seen["high"] - seen["low"] > 0.6  # five posts, one of them most of it, are worth two and a half


def test_effort_is_remembered_and_goes_where_the_relationship_goes(tables, panel):
    effort = listening_effort(
        tables["mentions"], tables["posts"], weeks=panel.weeks["week"], observed_until="2026-11-15T23:59"
    )
    assert {*effort.summary["measure"]} == {"answered", "hours_to_answer", "promo_posts", "promo_seen"}
    assert (effort.summary["usual_low"] <= effort.summary["usual_high"]).all()
    found = effort_index(effort, hours=tables["effort"])
    assert {part.name for part in found.parts} <= {"answered", "listening_hours"}
    effect = shares_response(panel, found).effect
    assert effect.low < effect.high
    assert np.isfinite(shares_response(panel, effort_index(effort)).effect.estimate)  # one component is enough


def test_brands_count_alike_and_those_without_an_estimate_are_left_out():
    effects = {f"b{k}": Estimate(x, x - 1.645, x + 1.645, 0.9, 91) for k, x in enumerate((1.0, 2.0, 6.0))}
    lacking = unknown(0.9, 20, {"en": "few", "ko": "few"})
    pooled = pool_brands(effects | {"new": lacking}, weights="equal")
    assert pooled.estimate == pytest.approx(3)
    assert pooled.high - pooled.low == pytest.approx(2 * 1.645 / np.sqrt(3), rel=1e-3)
    assert "1 of 2 brands" in pool_brands({"a": effects["b0"], "new": lacking}, weights="equal").reason["en"]


def test_the_same_people_in_two_components_make_the_band_wider():
    """Trust and intimacy answered alike by the same people are one piece of evidence, by others two."""
    rng = np.random.default_rng(3)
    trust = np.repeat(_slow(rng, 104, 0.9), 6)
    week, score = np.repeat(WEEKS, 6), 5 + trust + rng.standard_normal(624)
    answers = pd.DataFrame({"asked_at": week, "customer_key": np.arange(624).astype(str), "score": score})
    twice = [answers.assign(question="trust"), answers.assign(question="intimacy")]
    apart = [twice[0], twice[1].assign(customer_key="x" + answers["customer_key"])]
    same, other = (relationship_index(None, weeks=WEEKS, surveys=pd.concat(rows)) for rows in (twice, apart))
    width = [(found.weeks["high"] - found.weeks["low"]).mean() for found in (same, other)]
    assert width[0] == pytest.approx(np.sqrt(2) * width[1], rel=1e-6)
    spread = [found.draws(np.random.default_rng(0), 400).std(axis=0).mean() for found in (same, other)]
    assert spread[0] == pytest.approx(np.sqrt(2) * spread[1], rel=0.05)


def test_learnt_weights_see_earlier_weeks_only(index):
    outcome = index.weeks["recommend"].shift().fillna(0.0)
    found = learnt_weights(index, outcome)
    assert found.loc[:25, "recommend"].isna().all()
    np.testing.assert_allclose(found.loc[26:, "recommend"], 1, atol=1e-6)
    later = outcome.where(np.arange(104) < 60, -9.0)
    pd.testing.assert_frame_equal(learnt_weights(index, later).loc[:51], found.loc[:51])
    with pytest.raises(ValueError, match="one value a week, 104, not 3"):
        learnt_weights(index, outcome.head(3))


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_figures_carry_their_n_and_draw_nothing_from_nothing(panel, index, lang):
    from smm_analysis import plot

    axes = plot.plot_relationship(index, lang=lang)
    assert len(axes.get_legend().get_texts()) == 7
    assert all("n = " in text.get_text() for text in axes.get_legend().get_texts())
    response = shares_response(panel, index)
    assert "n = 91" in plot.plot_dose_response(response, lang=lang).get_legend().get_texts()[1].get_text()
    nothing = shares_response(panel, relationship_index(None, weeks=panel.weeks["week"]))
    assert plot.plot_dose_response(nothing, lang=lang).get_legend() is None
    plot.plt.close("all")


@pytest.mark.parametrize("key", ["trust_moves_sharing", "followers_worth_by_trust", "listening_moves_sharing"])
def test_the_verdicts_questions_are_answered_in_both_languages(key):
    from smm_analysis.verdict import judge

    for lang, word in (("en", "Supported"), ("ko", "지지됨")):
        assert (
            judge(key, Estimate(9, 6, 12, 0.9, 91), delta=2, n_unit="weeks", synthetic=True, lang=lang).headline == word
        )


def test_tables_read_the_glossary_in_both_languages(index, panel, tables):
    from smm_analysis.terms import glossary, headed

    effort = listening_effort(
        tables["mentions"], tables["posts"], weeks=panel.weeks["week"], observed_until="2026-11-15T23:59"
    )
    response = shares_response(panel, index)
    for table in (index.table, effort.summary, response.parts, binned(response)):
        assert set(table.columns) <= set(glossary())
        for lang in ("en", "ko"):
            headed(table, lang)
