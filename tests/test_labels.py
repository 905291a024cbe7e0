"""One's own labels: a model adapted to them, scores checked against them, shares corrected."""

import math

import numpy as np
import pandas as pd
import pytest

from smm_analysis.listening.texts.labels import adapt_sentiment, check_sentiment, corrected_share
from smm_analysis.listening.texts.sentiment import score_sentiment


def planted(n, *, seed, noise=0.0):
    """Texts whose label hangs on a word that no prior knows."""
    rng = np.random.default_rng(seed)
    label = rng.choice([-1, 1], n)
    word = np.where((label == 1) ^ (rng.random(n) < noise), "뿅뿅이", "쿵쾅이")
    return pd.DataFrame({"text": [f"{w} 관련 글 {i % 7}" for i, w in enumerate(word)], "label": label})


def test_adapting_learns_what_the_prior_does_not_know():
    new = planted(200, seed=2)
    before = ((score_sentiment(new["text"]) > 0) == (new["label"] == 1)).mean()
    model = adapt_sentiment(planted(120, seed=1))
    after = ((score_sentiment(new["text"], model=model) > 0) == (new["label"] == 1)).mean()
    assert before < 0.7
    assert after == 1
    assert math.isfinite(model.penalty)
    assert model.tried["log_loss"].min() < model.tried["log_loss"][0]


def test_labels_that_say_nothing_leave_the_prior_nearly_alone():
    """Labels drawn from the prior's own probabilities, six times: a sure prior leaves few to tell a scale by."""
    texts = pd.Series(
        [f"{a} {b}" for a in ("정말", "아주", "그냥", "나름") for b in ("좋다", "싫다", "재밌다", "별로다", "최고다")]
        * 12
    )
    scores, scales = score_sentiment(texts), []
    for seed in range(3, 9):
        label = np.where(np.random.default_rng(seed).random(len(texts)) < (scores + 1) / 2, 1, -1)
        model = adapt_sentiment(pd.DataFrame({"text": texts, "label": label}))
        scales.append(model.scale)
        assert np.abs(score_sentiment(texts, model=model) - scores).mean() < 0.15
    assert np.mean(scales) == pytest.approx(1, abs=0.4)


def test_adapting_is_repeatable_and_counts_what_it_leaves_out():
    labels = planted(60, seed=4)
    labels.loc[len(labels)] = ["???", 1]
    labels.loc[len(labels)] = ["라벨이 없는 글", None]
    first, second = adapt_sentiment(labels, seed=1), adapt_sentiment(labels, seed=1)
    assert (first.n, first.n_set_aside) == (60, 2)
    assert (first.correction == second.correction).all()
    assert score_sentiment([None, "뿅뿅이"], model=first).isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (pd.DataFrame({"text": ["좋다"]}), "lacks the column label; it has text"),
        (pd.DataFrame({"text": ["좋다"] * 20, "label": [1] * 20}), "20 are usable, of 1"),
        (pd.DataFrame({"text": ["좋다"], "label": [1]}), "needs 10 labels"),
        (pd.DataFrame({"text": ["좋다"], "label": [5]}), "from -1 to 1; 1 do not, first 5"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        adapt_sentiment(labels)


def test_a_perfect_classifier_changes_nothing_and_a_known_one_is_undone():
    assert corrected_share(300, 1000, (500, 500), (500, 500))[0] == pytest.approx(0.3)
    share, se, sp = 0.25, 0.8, 0.9
    called = share * se + (1 - share) * (1 - sp)
    assert corrected_share(round(called * 1e6), 10**6, (800, 1000), (900, 1000))[0] == pytest.approx(share, abs=1e-5)


def test_the_corrected_interval_covers_as_often_as_it_says():
    """1,000 draws of 60 + 140 labels and 2,000 texts: the naive share would cover never."""
    rng = np.random.default_rng(11)
    truth, se, sp, held, naive = 0.3, 0.75, 0.85, 0, 0
    for _ in range(1000):
        called = rng.binomial(2000, truth * se + (1 - truth) * (1 - sp))
        found = rng.binomial(60, se), rng.binomial(140, sp)
        _, low, high = corrected_share(called, 2000, (found[0], 60), (found[1], 140))
        held += low <= truth <= high
        naive += abs(called / 2000 - truth) < 1.96 * math.sqrt(0.3 * 0.7 / 2000)
    assert 0.93 <= held / 1000 <= 0.98
    assert naive / 1000 < 0.5


def labelled(counts):
    """Rows by (label, score): their number."""
    rows = [(f"글 {label} {score}", label, score) for (label, score), n in counts.items() for _ in range(n)]
    return pd.DataFrame(rows, columns=["text", "label", "score"])


def said(texts):
    """Score a text by the number at its end."""
    return texts.str.rsplit(" ", n=1).str[1].astype(float)


def test_a_check_counts_and_corrects():
    from statsmodels.stats.proportion import proportion_confint

    labels = labelled({(1, 0.9): 60, (1, -0.9): 20, (-1, -0.9): 90, (-1, 0.9): 10, (0, 0.0): 40})
    corpus = pd.Series([0.9] * 400 + [-0.9] * 400 + [0.0] * 200 + [math.nan] * 5)
    check = check_sentiment(labels, corpus, model=said)
    assert (check.estimate, check.n) == (190 / 220, 220)
    assert (check.low, check.high) == pytest.approx(proportion_confint(190, 220, method="wilson"))
    assert check.confusion.loc["positive"].tolist() == [20, 0, 60]
    positive = check.prevalence.set_index("class").loc["positive"]
    assert (positive["naive"], positive["n_texts"]) == (0.4, 1000)
    assert positive["estimate"] == pytest.approx((0.4 + 130 / 140 - 1) / (60 / 80 + 130 / 140 - 1))
    assert positive["low"] < positive["estimate"] < positive["high"]


@pytest.mark.parametrize(
    ("counts", "corpus", "words"),
    [
        ({(1, 0.9): 5, (-1, -0.9): 100}, [0.5], "5 rows of this class"),
        ({(1, 0.9): 50, (1, -0.9): 50, (-1, 0.9): 50, (-1, -0.9): 50}, [0.5], "not clearly better than chance"),
        ({(1, 0.9): 50, (-1, -0.9): 50}, None, "No scores of the whole corpus"),
    ],
)
def test_shares_that_cannot_be_corrected_say_why(counts, corpus, words):
    check = check_sentiment(labelled(counts), None if corpus is None else pd.Series(corpus), model=said)
    positive = check.prevalence.set_index("class").loc["positive"]
    assert positive[["estimate", "low", "high"]].isna().all()
    assert words in positive["reason"]["en"]
    assert positive["reason"]["ko"]


def test_too_few_labels_give_no_accuracy():
    check = check_sentiment(labelled({(1, 0.9): 10}), model=said)
    assert math.isnan(check.estimate)
    assert check.reason["en"].startswith("There are 10 usable labels")
    with pytest.raises(ValueError, match=r"must be -1, 0 or 1; 1 are not, first 0\.5"):
        check_sentiment(labelled({(0.5, 0.9): 1}), model=said)
