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
from smm_analysis.virtual.exporter import START
from smm_analysis.virtual.heard import ADVOCACY, expected_found, heard
from smm_analysis.virtual.luck import Luck, poisson, split
from smm_analysis.virtual.truth import (
    Again,
    answers_and_behaviour,
    atl_and_btl,
    carry_over,
    paid_inflow,
    paid_loyalty,
    plans_compared,
    promotion,
    relationship,
)
from smm_analysis.virtual.truth import earned as earned_truth
from smm_analysis.virtual.words import MEANINGS, emerging, particle, say, topics, words
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
    size = {p.name: p.stat().st_size for p in sample.iterdir()}
    assert sum(size.values()) < 5_200_000
    assert size["mentions.csv"] < 1_100_000
    assert size["truth.json"] < 80_000
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


def test_scattered_luck_is_a_persons_own_and_uniform():
    luck = Luck(1, "mirae")
    weeks, persons = (grid.ravel() for grid in np.meshgrid(np.arange(100), np.arange(200), indexing="ij"))
    u = luck.scattered("say", weeks, persons)
    assert (luck.scattered("say", weeks[7:9], persons[7:9]) == u[7:9]).all()
    assert len(np.unique(u)) == len(u)
    parts = [*split(u), u, luck.scattered("post", weeks, persons), Luck(2, "mirae").scattered("say", weeks, persons)]
    for part in parts:
        assert (part >= 0).all() and (part < 1).all()
        counts = np.bincount((part * 20).astype(int), minlength=20)
        assert ((counts - 1000) ** 2 / 1000).sum() < 46  # chi-square, 19 degrees of freedom, 1 in 2,000
    apart = np.corrcoef([*parts[:4], *parts[5:], np.roll(u, 1), np.roll(u, 200)])
    assert np.abs(apart - np.eye(len(apart))).max() < 4 / np.sqrt(len(u))


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


def test_each_channel_is_met_by_those_whose_habit_it_is():
    """Who meets a channel often is told by the own habit: better than by any other channel's."""
    sim = brand()
    met = sim.history["exposures"].sum(axis=0)
    alike = np.corrcoef(np.log1p(met), np.log(sim.people.habit))[: len(met), len(met) :]
    assert (alike.argmax(axis=1) == np.arange(len(met))).all()


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


# what people say


@cache
def spoken(seed: int = 5, plan: str = "basic_then_diffusion") -> tuple[pd.DataFrame, dict, pd.DataFrame]:
    """A brand's mentions, the truth of them, and their planted labels."""
    sim = virtual.simulate(seed=seed, people=2500, plan=plan)
    mentions, told = sim.tables()["mentions"], heard(sim)
    return mentions, told, virtual.planted_labels(mentions, told)


@pytest.mark.parametrize(
    ("word", "pair", "fits"),
    [
        ("배송", "이/가", "이"),
        ("사이즈", "이/가", "가"),
        ("색상", "은/는", "은"),
        ("리필", "으로/로", "로"),
        ("포장", "으로/로", "으로"),
        ("AS", "을/를", "를"),
        ("haneul", "이/가", "이"),
        ("haneul", "으로/로", "로"),
        ("dansol", "과/와", "과"),
        ("mirae", "은/는", "는"),
        ("garam", "으로/로", "으로"),
    ],
)
def test_particles_fit_the_last_sound(word, pair, fits):
    assert particle(word, pair) == fits


def every_sentence():
    for meaning, topic in ((m, t) for m in MEANINGS for t in topics()):
        for language in ("ko", "en"):
            for u in np.linspace(0, 1, 97, endpoint=False):
                yield meaning, topic, language, say(meaning, topic, brand="mirae", language=language, u=u)


def test_sentences_are_whole_and_name_nobody():
    said = list(every_sentence())
    texts = {s.text for *_, s in said}
    assert len(texts) > 5000
    for text in texts:
        assert not set("@{}|<>=+") & set(text), text
        assert not text.startswith(("!", "-", " ")), text
        assert not any(pair in text for pair in ("이/가", "은/는", "을/를", "과/와", "으로/로")), text
        assert 3 <= len(text) <= 140, text
    assert any("가" <= c <= "힣" for text in texts for c in text)


def test_a_sentence_that_tells_its_topic_holds_a_word_of_it_or_is_the_topics_own():
    for meaning, topic, language, said in every_sentence():
        about = words()["topic"][topic]
        own = [sentence.removeprefix("!").rstrip(".") for sentence in about.get(meaning, {}).get(language, [])]
        told = any(word in said.text for word in about[language]) or any(part in said.text for part in own)
        assert told or not said.topical, said


def test_no_two_topics_share_a_word_or_a_sentence():
    for language in ("ko", "en"):
        seen = [word for topic in words()["topic"].values() for word in topic[language]]
        assert len(seen) == len(set(seen))
        own = [s for t in words()["topic"].values() for m in MEANINGS for s in t.get(m, {}).get(language, [])]
        assert len(own) == len(set(own))


def test_threads_are_what_their_labels_say():
    mentions, _, labels = spoken()
    every = mentions.join(labels).set_index("mention_id")
    parent, root = (every[["author_key", "author_role"]].reindex(every[c]) for c in ("parent_id", "thread_id"))
    same_as_parent = every["author_key"].to_numpy() == parent["author_key"].to_numpy()
    same_as_root = every["author_key"].to_numpy() == root["author_key"].to_numpy()
    replies = every["parent_id"].notna()
    people = every["author_role"].isin(["customer", "unknown"])
    assert replies.equals(
        every["meaning"].isin(["help", "chat", "self", "thanks", "reply"]) | (replies & (every["meaning"] == "defence"))
    )
    assert same_as_root[every["meaning"].isin(["self", "thanks"])].all()
    assert not same_as_parent[every["meaning"].isin(["help", "chat", "reply", "thanks"])].any()
    assert not same_as_parent[replies & (every["meaning"] == "defence")].any()
    assert not people[every["meaning"].isin(["reply", "statement"])].any()
    assert {"brand", "staff", "customer", "unknown"} == set(every["author_role"])
    assert (every.loc[every["author_role"] == "staff", "meaning"] == "help").any()
    times = every["created_at"]
    assert (times[replies].to_numpy() >= times.reindex(every.loc[replies, "parent_id"]).to_numpy()).all()
    wordless = every["text"].isna()
    assert 0.01 < wordless.mean() < 0.05
    assert every.loc[wordless, ["topic", "sentiment"]].isna().all(axis=None)


def test_by_week_counts_what_the_labels_and_the_table_say():
    mentions, told, labels = spoken()
    week = (mentions["created_at"].dt.tz_localize(None) - pd.Timestamp(START)) // pd.Timedelta(weeks=1)
    people = mentions["author_role"].isin(["customer", "unknown"])
    for name, rows in {
        "others": people,
        "advocacy": people & labels["meaning"].isin(ADVOCACY),
        "complaints": people & labels["meaning"].isin(["complaint", "anger"]),
        "questions": labels["meaning"] == "question",
    }.items():
        assert [*map(int, told["by_week"][name].split())] == np.bincount(week[rows], minlength=104).tolist()
    firm = mentions.loc[~people, "thread_id"]
    answered = mentions["mention_id"].isin(firm) & (labels["meaning"] == "question")
    assert sum(map(int, told["by_week"]["answered"].split())) == answered.sum() > 30


def test_advocates_speak_up_where_the_brand_is_trusted():
    rate = {}
    for plan in ("basic_then_diffusion", "promotion_heavy"):
        counts = {k: sum(map(int, v.split())) for k, v in spoken(plan=plan)[1]["by_week"].items()}
        rate[plan] = counts["advocacy"] / counts["others"]
    assert rate["basic_then_diffusion"] > 3 * rate["promotion_heavy"] > 0


def test_topics_are_as_popular_as_planted():
    seen, expected = pd.Series(0.0, topics()), pd.Series(0.0, topics())
    for seed in range(5, 9):
        _, told, labels = spoken(seed)
        started = labels[labels["meaning"].isin(["question", "praise", "complaint"])]
        counts = started["topic"].value_counts()
        seen = seen.add(counts, fill_value=0)
        expected += pd.Series(told["popularity"]) * counts.sum()
    # people come back to their own topics: a persons' mentions are alike, so the variance is above Poisson's
    assert ((seen - expected) ** 2 / expected).sum() < 3 * len(topics())
    assert seen.corr(expected) > 0.97
    assert expected.max() > 15 * expected.min(), "some are much more popular than others"


def test_brands_differ_in_what_is_popular():
    first, other = (pd.Series(spoken(seed)[1]["popularity"]) for seed in (5, 6))
    assert first.nlargest(5).index.tolist() != other.nlargest(5).index.tolist()


def test_late_topics_are_not_spoken_of_before_they_come_up():
    for seed in (5, 6):
        mentions, told, labels = spoken(seed)
        week = (mentions["created_at"].dt.tz_localize(None) - pd.Timestamp(START)) // pd.Timedelta(weeks=1)
        for topic in emerging():
            since = told["late"][topic]["first_week"]
            assert 60 < since < 100
            assert week[labels["topic"] == topic].min() >= since
    started = labels["meaning"].isin(["question", "praise", "complaint"]) & (week >= 98)
    share = labels.loc[started, "topic"].isin(emerging()).mean()
    assert share == pytest.approx(0.17, abs=4 * np.sqrt(0.17 * 0.83 / started.sum()))


@pytest.mark.parametrize("n", [10, 30])
def test_so_many_mentions_find_as_many_topics_as_is_said(n):
    """By lot among each person's first mention, over four brands; a few hundred are near the planted popularity."""
    rng, gaps = np.random.default_rng(n), []
    for seed in range(5, 9):
        mentions, told, labels = spoken(seed)
        started = labels["meaning"].isin(["question", "praise", "complaint"])
        firsts = labels.loc[mentions[started].drop_duplicates("author_key").index, "topic"].to_numpy()
        found = [pd.Series(rng.choice(firsts, n, replace=False)).nunique() for _ in range(400)]
        gaps.append(np.mean(found) / told["found_by"][str(n)] - 1)
    assert abs(np.mean(gaps)) < 0.05


def test_expected_found_is_the_enumeration():
    shares = np.array([0.5, 0.3, 0.1])  # the rest finds nothing
    pairs = [(a, b, pa * pb) for a, pa in enumerate([*shares, 0.1]) for b, pb in enumerate([*shares, 0.1])]
    enumerated = sum(p * len({a, b} - {3}) for a, b, p in pairs)
    assert expected_found(shares, 2) == pytest.approx(enumerated)


def test_some_say_what_they_mean_by_negating_the_opposite():
    mentions, _, labels = spoken()
    negated = mentions.join(labels)[labels["negated"]]
    assert {("praise", "ko"), ("praise", "en"), ("complaint", "ko")} <= set(
        negated[["meaning", "lang"]].itertuples(index=False, name=None)
    )
    assert set(negated["meaning"]) <= {"praise", "complaint", "defence", "help"}
    assert "배송이 늦지 않아서 좋았어요" in " ".join(mentions["text"].dropna())


def test_the_suppliers_tone_is_near_the_planted_one():
    mentions, told, labels = spoken()
    tone = labels["meaning"].map({m: told["tone"][letter] for m, letter in MEANINGS.items()})
    gap = (mentions["sentiment"] - tone).dropna()
    assert abs(gap.mean()) < 0.03
    assert gap.abs().max() <= 0.25 + 1e-9


def test_conversion_is_counted_from_the_persons():
    sim = virtual.simulate(seed=5, people=2500)
    made, told = sim.tables(), heard(sim)["conversion"]
    wrote = made["mentions"][made["mentions"]["author_role"].isin(["customer", "unknown"])]
    touches = pd.concat(
        [
            wrote[["author_key", "created_at"]].set_axis(["key", "at"], axis=1),
            made["shares"][["author_key", "shared_at"]].set_axis(["key", "at"], axis=1),
        ]
    )
    first = touches.groupby("key")["at"].min()
    assert told["responders"] == len(first)
    known = made["customers"].dropna(subset="author_key").set_index("author_key")["acquired_at"].reindex(first.index)
    assert (known <= first).sum() < told["customers_before"] < len(first)
    assert told["watched"] >= told["bought"] >= told["seen_by_key"] > 0


def test_the_truth_of_other_mentions_is_refused():
    mentions, told, _ = spoken()
    with pytest.raises(ValueError, match=r"the truth tells of \d+ mentions, and there are 3"):
        virtual.planted_labels(mentions.head(3), told)


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
        atl_and_btl,
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
    assert found["S3.1a"][0] > 1.5
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
    engaging = told("mass_media_engage", seed)
    assert engaging["S3.1a"][0] < 1
    assert engaging["S3.1c"][0] < 0
    assert engaging["S3.2"][0] < 0
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


def test_tables_that_are_named_are_those_of_all():
    sim = virtual.simulate(seed=8, people=600, weeks=20)
    every, some = sim.tables(), sim.tables("leads", "posts")
    assert list(some) == ["leads", "posts"]
    for name, table in some.items():
        pd.testing.assert_frame_equal(table, every[name])
    with pytest.raises(ValueError, match="table 'likes' is not known; known are: posts"):
        sim.tables("likes")
