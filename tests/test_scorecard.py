import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smm_analysis import terms, virtual
from smm_analysis.handoff import handoff_by, handoff_level
from smm_analysis.listening.measures import scorecard
from smm_analysis.listening.measures.clusters import clustered, mean_interval, share_interval
from smm_analysis.listening.measures.facts import advocates
from smm_analysis.listening.measures.scorecard import (
    MEASURES,
    hand_off_rows,
    hand_off_summary,
    period_summary,
    weekly_scorecard,
)
from smm_analysis.listening.texts.cues import TALK
from smm_analysis.virtual.heard import heard

MONDAY = pd.Timestamp("2026-03-02", tz="Asia/Seoul")
UNTIL = MONDAY + pd.Timedelta(weeks=2)


def table_of(rows):
    """Rows of (id, hours after Monday, author, role, text, parent)."""
    columns = ["mention_id", "hours", "author_key", "author_role", "text", "parent_id"]
    table = pd.DataFrame(rows, columns=columns).astype({"parent_id": object})
    table["created_at"] = MONDAY + pd.to_timedelta(table.pop("hours").astype(float), unit="h")
    return table.assign(brand="mirae")


def a_thread():
    return table_of(
        [
            ("q1", 1, "ana", "customer", "충전은 어떻게 하나요?", None),
            ("h1", 2, "bo", "customer", "설정에서 바꾸시면 돼요", "q1"),  # helps another: advocacy
            ("n1", 3, "cy", "customer", "저도 사고 싶네요", "q1"),  # a reply alone is none
            ("s1", 4, "ana", "customer", "앱을 켜면 됩니다", "q1"),  # helps herself: none
            ("b1", 5, "firm", "brand", "고객님, 설정에서 바꾸시면 됩니다", "q1"),  # the brand: none, but an answer
            ("h2", 6, "di", "unknown", "확인해 보세요", "b1"),  # help said to the brand: none
            ("d1", 7, "ed", "customer", "mirae 저는 오래 썼는데 문제없었어요", None),  # names the brand: advocacy
            ("d2", 8, "flo", "customer", "저는 오래 썼는데 문제없었어요", None),  # whose? none
            ("d3", 9, "gus", "unknown", "너무 몰아가지 맙시다", "q1"),  # defends, to another: advocacy
            ("d4", 10, "ed", "customer", "MIRAE 너무 몰아가지 맙시다", "d1"),  # adds to his own: none
            ("d5", 11, "staffer", "staff", "mirae 기다려 봅시다", "q1"),  # staff: none
        ]
    )


def test_advocacy_by_hand():
    mentions = a_thread()
    assert mentions["mention_id"][advocates(mentions)].tolist() == ["h1", "d1", "d3"]


def test_a_brand_is_known_by_its_other_names():
    mentions = table_of([("d", 1, "ed", "customer", "미래 전 문제없이 잘 쓰고 있어요, 너무 몰아가지 맙시다", None)])
    assert not advocates(mentions).any()
    assert advocates(mentions, names={"mirae": ["Mirae", "미래"]}).all()


def test_a_week_by_hand():
    mentions = a_thread()
    card = weekly_scorecard(mentions, observed_until=UNTIL, smallest=2).set_index(["week", "measure"])
    week = MONDAY.tz_localize(None)
    assert card.loc[(week, "advocacy"), ["n", "people"]].tolist() == [9, 7]
    assert card.loc[(week, "advocacy"), "estimate"] == pytest.approx(3 / 9)
    assert card.loc[(week, "net_sentiment"), "reason_en"].startswith("Sentiment was not scored")
    assert card.loc[(week, "voice"), "reason_en"].startswith("Share of voice needs")
    empty = card.loc[week + pd.Timedelta(weeks=1)]
    assert (empty["n"] == 0).all() and empty["estimate"].isna().all()
    assert empty.loc["complaint", "reason_ko"] == "이 기간에 작성된 언급이 없습니다."
    assert empty.loc["answered", "reason_en"] == "Nobody asked or complained in this time."


def asked(n, *, answered_after, hours_before_end):
    """N people ask, so long before the end; some are answered after so many hours (None: not)."""
    end = UNTIL - MONDAY
    at = end / pd.Timedelta(hours=1) - hours_before_end
    rows = [(f"q{i}", at, f"p{i}", "customer", "언제 오나요?", None) for i in range(n)]
    rows += [
        (f"a{i}", at + wait, "firm", "staff", "알려 드리겠습니다", f"q{i}")
        for i, wait in enumerate(answered_after)
        if wait is not None
    ]
    return table_of(rows)


def answered_row(mentions, **options):
    card = weekly_scorecard(mentions, observed_until=UNTIL, **options)
    return card[card["measure"] == "answered"].iloc[-2]  # UNTIL is a Monday: the last week is one moment long


def test_answered_share_counts_what_was_watched_long_enough():
    row = answered_row(asked(8, answered_after=[1, 2, 24, 25, None, None, None, None], hours_before_end=30))
    assert (row["n"], row["estimate"], row["n_left_out"]) == (8, 3 / 8, 0)
    early = answered_row(asked(8, answered_after=[1, 2, None, None, None, None, None, None], hours_before_end=20))
    assert (early["n"], early["n_left_out"]) == (0, 8) and math.isnan(early["estimate"])
    assert early["reason_en"].startswith("None of 8 mentions can be judged")
    quick = answered_row(asked(8, answered_after=[1, 2] + [None] * 6, hours_before_end=20), within="20h")
    assert (quick["n"], quick["estimate"]) == (8, 2 / 8)


def test_the_first_of_several_answers_counts_and_one_by_a_customer_does_not():
    mentions = asked(6, answered_after=[2] + [None] * 5, hours_before_end=60)
    at = mentions["created_at"].iloc[0]
    late = mentions.iloc[[-1]].assign(mention_id="late", created_at=at + pd.Timedelta(hours=40))
    other = late.assign(mention_id="other", author_key="p3", author_role="customer", parent_id="q4", text="그러게")
    row = answered_row(pd.concat([late, mentions, other], ignore_index=True))
    assert (row["n"], row["estimate"]) == (6, 1 / 6)


def test_without_parent_ids_answered_is_not_told():
    mentions = a_thread().drop(columns="parent_id")
    card = weekly_scorecard(mentions, observed_until=UNTIL, smallest=2)
    row = card[card["measure"] == "answered"].iloc[0]
    assert math.isnan(row["estimate"]) and "parent_id" in row["reason_en"] and "parent_id" in row["reason_ko"]


def test_half_the_texts_missing_are_counted_apart():
    mentions = pd.concat([a_thread(), a_thread().assign(mention_id=lambda t: t["mention_id"] + "x", text=None)])
    mentions = mentions.reset_index(drop=True)
    card = weekly_scorecard(mentions, observed_until=UNTIL, smallest=2).iloc[:6].set_index("measure")
    assert card.loc["advocacy", ["n", "n_left_out"]].tolist() == [9, 9]
    assert card.loc["advocacy", "estimate"] == pytest.approx(3 / 9)
    none = weekly_scorecard(a_thread().drop(columns="text"), observed_until=UNTIL, smallest=2)
    assert none.set_index("measure").loc["complaint", "reason_en"].tolist()[0].startswith("The mentions have no texts")


# --- against slow oracles --------------------------------------------------------------------------------------------


def random_mentions(seed, n=300, brands=("haneul", "mirae"), weeks=4):
    rng = np.random.default_rng(seed)
    roles = rng.choice(["customer", "unknown", "brand", "staff"], n, p=[0.5, 0.2, 0.2, 0.1])
    firm = np.isin(roles, ["brand", "staff"])
    author = np.where(firm, "firm", [f"p{i}" for i in np.minimum(rng.zipf(1.6, n), 40)])
    at = MONDAY + pd.to_timedelta(np.sort(rng.uniform(0, weeks * 168, n)), unit="h")
    parent = [f"m{int(rng.integers(i))}" if i and rng.random() < 0.4 else None for i in range(n)]
    words = [
        "언제 오나요?",
        "고장 났어요",
        "확인해 보세요",
        "너무 몰아가지 맙시다",
        "mirae 몰아가지 맙시다",
        "예뻐요",
        None,
    ]
    return pd.DataFrame(
        {
            "mention_id": [f"m{i}" for i in range(n)],
            "brand": rng.choice(brands, n),
            "created_at": at,
            "author_key": author,
            "author_role": roles,
            "text": pd.Series(rng.choice(len(words), n)).map(dict(enumerate(words))).astype(object),
            "parent_id": pd.Series(parent, dtype=object),
            "sentiment": np.where(rng.random(n) < 0.2, np.nan, rng.uniform(-1, 1, n).round(2)),
        }
    )


def slow_card(mentions, until, within):
    """Every measure mention by mention, with plain loops."""
    from smm_analysis.listening.texts.cues import flag_talk

    rows = mentions.to_dict("records")
    said = flag_talk(mentions["text"]).to_dict("records")
    by_id = {row["mention_id"]: row for row in rows}
    firm = {row["mention_id"]: row["author_role"] in ("brand", "staff") for row in rows}
    sums = {}
    for row, talk in zip(rows, said, strict=True):
        if firm[row["mention_id"]]:
            continue
        week = row["created_at"].tz_localize(None).to_period("W-SUN").start_time
        parent = by_id.get(row["parent_id"])
        another = parent is not None and parent["author_key"] != row["author_key"]
        own = parent is not None and not another
        written = isinstance(row["text"], str)
        named = written and row["brand"] in row["text"].lower()
        helps = talk["help"] and another and not firm[parent["mention_id"]]
        values = {}
        if not math.isnan(row["sentiment"]):
            values["net_sentiment"] = row["sentiment"]
            values["net_positive"] = np.sign(row["sentiment"]) * (abs(row["sentiment"]) > 0.05)
        if written:
            values["advocacy"] = (helps or (talk["defence"] and (another or named))) and not own
            values["complaint"] = talk["complaint"]
            watched = until - row["created_at"] >= within
            if (talk["complaint"] or talk["question"]) and watched:
                answers = [r for r in rows if r["parent_id"] == row["mention_id"] and firm[r["mention_id"]]]
                values["answered"] = any(r["created_at"] - row["created_at"] <= within for r in answers)
        for brand in sorted({r["brand"] for r in rows}):
            sums.setdefault((brand, week, "voice"), []).append((row["brand"] == brand, row["author_key"]))
        for name, value in values.items():
            sums.setdefault((row["brand"], week, name), []).append((value, row["author_key"]))
    return {key: (len(v), len({a for _, a in v}), float(np.mean([x for x, _ in v]))) for key, v in sums.items()}


@pytest.mark.parametrize("seed", range(8))
def test_counts_and_estimates_equal_a_slow_oracle(seed):
    mentions, until = random_mentions(seed), MONDAY + pd.Timedelta(weeks=4)
    card = weekly_scorecard(mentions, observed_until=until, sentiment="supplier", smallest=2)
    slow = slow_card(mentions, until, pd.Timedelta("24h"))
    for row in card.to_dict("records"):
        n, people, estimate = slow.get((row["brand"], row["week"], row["measure"]), (0, 0, math.nan))
        assert (row["n"], row["people"]) == (n, people)
        assert math.isnan(row["estimate"]) if people < 2 else row["estimate"] == pytest.approx(estimate)
        assert (row["reason_en"] == "") == (people >= 2)
    assert set(slow) <= set(zip(card["brand"], card["week"], card["measure"], strict=True))


def wilson(share, n, t):
    centre, half = share + t**2 / (2 * n), t * math.sqrt(share * (1 - share) / n + t**2 / (4 * n**2))
    return (centre - half) / (1 + t**2 / n), (centre + half) / (1 + t**2 / n)


def test_with_one_mention_a_person_it_is_wilson_s_interval_with_student_s_quantile():
    from scipy.stats import t

    found = clustered(np.array([1.0] * 3 + [0.0] * 7), np.zeros(10, int), np.arange(10), 1)
    low, high = share_interval(found.table, 0.95)
    assert (low[0], high[0]) == pytest.approx(wilson(0.3, 10, t.ppf(0.975, 9)))
    assert found.table["worth"].tolist() == [10]


def test_with_one_mention_a_person_a_mean_has_student_s_interval():
    from scipy import stats

    values = np.array([0.1, -0.4, 0.3, 0.2, 0.0, 0.5])
    low, high = mean_interval(clustered(values, np.zeros(6, int), np.arange(6), 1).table, 0.9)
    assert (low[0], high[0]) == pytest.approx(stats.ttest_1samp(values, 0).confidence_interval(0.9))


def test_ten_equal_mentions_of_one_person_are_worth_one():
    people = np.repeat(np.arange(6), 10)
    found = clustered(np.repeat([1.0, 0, 1, 0, 0, 1], 10), np.zeros(60, int), people, 1)
    assert found.correlation == 1
    assert found.table["worth"].tolist() == pytest.approx([6])


def test_if_all_agree_the_interval_still_has_a_width():
    same = clustered(np.zeros(30), np.zeros(30, int), np.repeat(np.arange(10), 3), 1)
    for low, high in (share_interval(same.table, 0.95), mean_interval(same.table, 0.95)):
        assert high[0] - low[0] > 0.2


def test_the_correlation_of_one_person_s_mentions_is_that_of_an_analysis_of_variance():
    """With equally many mentions of many people it is the textbook's estimator, from the mean squares."""
    rng = np.random.default_rng(3)
    groups, people, each = 3, 200, 4
    values = rng.normal(size=(groups, people, 1)) + rng.normal(size=(groups, people, each))
    code = np.arange(groups * people).repeat(each)
    found = clustered(values.ravel(), code // people, code, groups)
    person = values.mean(axis=2)
    between = each * ((person - person.mean(axis=1)[:, None]) ** 2).sum() / (groups * (people - 1))
    inside = ((values - person[:, :, None]) ** 2).sum() / (groups * people * (each - 1))
    textbook = (between - inside) / (between + (each - 1) * inside)
    assert found.correlation == pytest.approx(textbook, abs=0.01)


# --- coverage --------------------------------------------------------------------------------------------------------


def clustered_sets(kind, people, rate, alike, seed):
    """50 weeks of people who write 1 to 40 times (heavy tail); each has an own rate, beta distributed."""
    rng = np.random.default_rng(seed)
    weeks = 50
    sizes = np.minimum(rng.zipf(2.0, weeks * people), 40)
    own = rng.beta(rate * (1 - alike) / alike, (1 - rate) * (1 - alike) / alike, weeks * people)
    who = np.arange(weeks * people).repeat(sizes)
    share = (rng.random(len(who)) < own[who]).astype(float)
    values = share if kind == "share" else np.clip(own[who] - rate + rng.normal(0, 0.2, len(who)), -1, 1)
    return values, who // people, who, weeks


@pytest.mark.parametrize("alike", [0.1, 0.4])
@pytest.mark.parametrize("people", [8, 30, 120])
@pytest.mark.parametrize(("kind", "rate"), [("share", 0.08), ("share", 0.4), ("mean", 0.4)])
def test_intervals_hold_the_truth_with_people_who_write_often(kind, rate, people, alike):
    """400 weeks each (8 sets of 50): 95% intervals cover 92% at least; three standard errors are 3.3%."""
    interval = share_interval if kind == "share" else mean_interval
    covered = []
    for seed in range(8):
        values, groups, who, weeks = clustered_sets(kind, people, rate, alike, seed)
        low, high = interval(clustered(values, groups, who, weeks).table, 0.95)
        truth = rate if kind == "share" else 0.0
        covered.append((low <= truth) & (truth <= high))
    assert np.mean(covered) > 0.92


def test_the_naive_interval_does_not():
    values, groups, _, _ = clustered_sets("share", 30, 0.4, 0.4, 0)
    n, share = np.bincount(groups), np.bincount(groups, values) / np.bincount(groups)
    low, high = np.transpose([wilson(*pair, 1.96) for pair in zip(share, n, strict=True)])
    assert ((low <= 0.4) & (high >= 0.4)).mean() < 0.75


# --- properties ------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 10_000))
def test_the_order_of_rows_does_not_matter(seed):
    mentions, until = random_mentions(seed, n=80), MONDAY + pd.Timedelta(weeks=4)
    options = {"observed_until": until, "sentiment": "supplier", "smallest": 2}
    shuffled = mentions.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(weekly_scorecard(mentions, **options), weekly_scorecard(shuffled, **options))


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 10_000))
def test_what_the_brand_says_never_counts_and_nobody_advocates_to_oneself(seed):
    mentions, until = random_mentions(seed, n=80), MONDAY + pd.Timedelta(weeks=4)
    options = {"observed_until": until, "smallest": 2}
    firm = mentions["author_role"].isin(["brand", "staff"])
    loud = mentions.assign(text=mentions["text"].where(~firm, "mirae 고장 났어요 몰아가지 맙시다 확인해 보세요"))
    scores = mentions["sentiment"]
    one, other = (
        weekly_scorecard(table, sentiment=score, **options)
        for table, score in ((mentions, scores), (loud, scores.where(~firm, -1.0)))
    )
    pd.testing.assert_frame_equal(one, other)
    found = mentions[advocates(mentions)]
    author = mentions.set_index("mention_id")["author_key"]
    assert not found["author_role"].isin(["brand", "staff"]).any()
    assert (found["parent_id"].map(author) != found["author_key"]).all()


def test_the_table_is_left_as_it_was():
    mentions = random_mentions(1)
    before = mentions.copy()
    weekly_scorecard(mentions, observed_until=MONDAY + pd.Timedelta(weeks=4), sentiment="supplier")
    pd.testing.assert_frame_equal(mentions, before)


def test_share_of_voice_adds_up_to_one():
    card = weekly_scorecard(random_mentions(2), observed_until=MONDAY + pd.Timedelta(weeks=4), smallest=2)
    voice = card[card["measure"] == "voice"].groupby("week")["estimate"].sum()
    assert voice.iloc[:4].tolist() == pytest.approx([1] * 4)


def test_one_brand_of_several_is_shown_as_among_them():
    mentions, until = random_mentions(2), MONDAY + pd.Timedelta(weeks=4)
    card = weekly_scorecard(mentions, observed_until=until)
    one = weekly_scorecard(mentions, brand="mirae", observed_until=until)
    pd.testing.assert_frame_equal(one, card[card["brand"] == "mirae"].reset_index(drop=True))
    with pytest.raises(ValueError, match="brand must be one of 'haneul', 'mirae', not 'solbit'"):
        weekly_scorecard(mentions, brand="solbit", observed_until=until)


# --- periods ---------------------------------------------------------------------------------------------------------


def test_a_period_is_compared_with_the_one_before():
    mentions, until = random_mentions(5), MONDAY + pd.Timedelta(weeks=4)
    since = MONDAY + pd.Timedelta(weeks=2)
    options = {"sentiment": "supplier", "smallest": 2}
    table = period_summary(mentions, since=since, observed_until=until, **options)
    assert table[["brand", "measure"]].drop_duplicates().shape == (2 * len(MEASURES), 2)
    row = table.set_index(["brand", "measure"]).loc[("mirae", "net_sentiment")]
    firm = mentions["author_role"].isin(["brand", "staff"])
    ours = mentions[~firm & (mentions["brand"] == "mirae")]
    now, base = (ours.loc[ours["created_at"].ge(since) == later, "sentiment"].dropna() for later in (True, False))
    assert (row["n"], row["n_base"]) == (len(now), len(base))
    assert row["change"] == pytest.approx(now.mean() - base.mean())
    assert row["change_low"] < row["change"] < row["change_high"]


def test_a_change_is_surer_if_the_same_people_wrote_in_both_periods():
    rng = np.random.default_rng(0)
    mood = rng.uniform(-0.8, 0.8, 40)
    rows = [(f"{p}{i}", 200 * p + i, f"p{i}", "customer", "예뻐요", None) for p in (0, 1) for i in range(40)]
    mentions, since = table_of(rows), MONDAY + pd.Timedelta(hours=180)
    end = MONDAY + pd.Timedelta(hours=360)
    scores = pd.Series(np.tile(mood, 2) + np.repeat([0, 0.1], 40) + rng.normal(0, 0.02, 80))
    strangers = mentions.assign(author_key=mentions["mention_id"])
    same, other = (
        period_summary(table, since=since, observed_until=end, sentiment=scores).iloc[0]
        for table in (mentions, strangers)
    )
    assert same["change"] == other["change"] == pytest.approx(0.1, abs=0.02)
    assert same["change_low"] > 0.05 and other["change_low"] < -0.05


def complaints_of(values, groups, who):
    """A table in which pairs of weeks are the base and the period of a brand each, and its flags."""
    talk = pd.DataFrame(False, index=range(len(values)), columns=list(TALK)).assign(complaint=values == 1)
    table = {"mention_id": np.arange(len(values)).astype(str), "brand": groups // 2, "author_key": who.astype(str)}
    at = MONDAY + pd.to_timedelta(7 * (groups % 2), unit="D")
    return pd.DataFrame(table | {"created_at": at, "author_role": "customer", "text": "x"}), talk


def test_changes_hold_the_truth():
    """200 pairs of periods, 40 people who write 1 to 40 times, the same rate in both: 95% intervals hold 0."""
    covered = []
    for seed in range(8):
        table, talk = complaints_of(*clustered_sets("share", 40, 0.2, 0.3, seed)[:3])
        found = period_summary(table, since=MONDAY + pd.Timedelta(days=7), observed_until=UNTIL, talk=talk)
        rows = found[found["measure"] == "complaint"]
        covered += (rows["change_low"].le(0) & rows["change_high"].ge(0)).tolist()
    assert len(covered) == 200
    assert np.mean(covered) > 0.90  # 95% less three standard errors


def test_periods_out_of_order_are_refused():
    with pytest.raises(ValueError, match="must follow each other"):
        period_summary(a_thread(), since=UNTIL, observed_until=MONDAY + pd.Timedelta(days=3))


# --- hand-off --------------------------------------------------------------------------------------------------------


def test_hand_off_joins_as_rows():
    opened = pd.Series(MONDAY + pd.to_timedelta(np.arange(56) * 6, unit="h"))
    cases = pd.DataFrame({"opened_at": opened, "first_response_at": opened + pd.Timedelta(hours=3)})
    rows = hand_off_rows(handoff_by(cases, "week", observed_until=UNTIL), brand="mirae")
    card = weekly_scorecard(a_thread(), observed_until=UNTIL)
    assert list(rows) == list(card)
    both = pd.concat([card, rows])
    assert both[both["measure"] == "hand_off"]["estimate"].tolist() == [1.0, 1.0]
    level = handoff_level(cases, observed_until=UNTIL)
    row = hand_off_summary(level, level, brand="mirae").iloc[0]
    assert row["change"] == 0 and row["change_low"] < 0 < row["change_high"] and row["n"] == 56


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mention_id": "m0"}, "mention_id must be unique; 10 come again, first: m0"),
        ({"created_at": UNTIL + pd.Timedelta(hours=1)}, "11 of 11 mentions are after observed_until"),
        (
            {"created_at": pd.Series(pd.NaT, range(11), "datetime64[us, Asia/Seoul]")},
            "11 of 11 mentions have no created",
        ),
        ({"created_at": "2026-03-02"}, "created_at must hold times"),
        ({"created_at": pd.Timestamp("2026-03-02")}, "observed_until .* has a timezone, the data have none"),
    ],
)
def test_bad_mentions_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        weekly_scorecard(a_thread().assign(**change), observed_until=UNTIL)


@pytest.mark.parametrize("column", ["mention_id", "brand", "created_at", "author_key", "author_role"])
def test_a_missing_column_is_named(column):
    with pytest.raises(ValueError, match=f"mentions have no column '{column}'"):
        weekly_scorecard(a_thread().drop(columns=column), observed_until=UNTIL)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"within": "0h"}, "within must be above 0"),
        ({"level": 95}, "level must lie between 0 and 1"),
        ({"smallest": 1}, "smallest must be 2 people or more"),
        ({"sentiment": "supplier"}, "sentiment must be scores or 'supplier' with a column"),
        ({"sentiment": pd.Series([0.1])}, "sentiment must have the index of mentions"),
        ({"sentiment": pd.Series([4.0] * 11)}, "sentiment must lie in -1..1; first others"),
        ({"talk": pd.DataFrame(columns=list(TALK))}, "talk must have the index of mentions"),
        ({"observed_until": None}, "observed_until must be a time, not None"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        weekly_scorecard(a_thread(), **{"observed_until": UNTIL} | options)


def test_no_mentions_make_an_empty_card():
    card = weekly_scorecard(a_thread().iloc[:0], observed_until=UNTIL)
    assert card.empty and "estimate" in card
    assert period_summary(a_thread().iloc[:0], since=MONDAY, observed_until=UNTIL).empty


def test_an_author_without_a_key_is_a_person_apart():
    mentions = a_thread().assign(author_key=None)
    card = weekly_scorecard(mentions, observed_until=UNTIL).set_index("measure")
    assert card.loc["complaint", ["n", "people"]].iloc[0].tolist() == [9, 9]


# --- on a virtual brand ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def brand():
    sim = virtual.simulate(seed=11, brand="mirae", weeks=78, people=2500)
    mentions = sim.tables()["mentions"]
    return mentions, virtual.planted_labels(mentions, heard(sim))


def test_planted_advocates_are_recognised(brand):
    """Who is said to be an advocate mostly is; a part of them says it in words that no cue knows."""
    mentions, labels = brand
    planted = labels["meaning"].isin(["help", "defence"]) & ~mentions["author_role"].isin(["brand", "staff"])
    found = advocates(mentions)
    assert found.sum() >= 20
    assert planted[found].mean() > 0.75
    assert found[planted].mean() > 0.4


def test_a_crisis_shows_in_the_card(brand):
    mentions, labels = brand
    until = mentions["created_at"].max().normalize() + pd.Timedelta(days=1)
    card = weekly_scorecard(mentions, observed_until=until, sentiment="supplier").set_index(["week", "measure"])
    angry = mentions["created_at"][labels["meaning"] == "anger"]
    week = scorecard.mondays(angry).mode()[0]
    complaint, score = (card["estimate"].xs(name, level="measure") for name in ("complaint", "net_sentiment"))
    assert complaint[week] > complaint.median()
    assert score[week] < score.median()


def test_every_heading_has_a_term():
    mentions, until = random_mentions(1), MONDAY + pd.Timedelta(weeks=4)
    tables = (
        weekly_scorecard(mentions, observed_until=until),
        period_summary(mentions, since=MONDAY + pd.Timedelta(weeks=2), observed_until=until),
    )
    headings = {*tables[0], *tables[1], *MEASURES, "hand_off", *TALK}
    assert headings <= set(terms.glossary())
