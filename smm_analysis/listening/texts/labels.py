"""What a few hundred labels of one's own do for sentiment: adapt it, and check it (감성 모형의 맞춤과 점검, S4.8)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from smm_analysis.estimate import wilson, z_value
from smm_analysis.terms import Lang, reason

from .korean import BUCKETS, Grams, chunked, ngrams
from .sentiment import Scorer, score_sentiment

MIN_LABELS = 30  # rows for an accuracy; and of a class, and of the others, for its share
CLASSES = {"negative": -1, "neutral": 0, "positive": 1}

_PENALTIES = (math.inf, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3)
_SURE = 0.98  # a prior that is surer than this is no surer in log-odds


@dataclass(frozen=True)
class AdaptedSentiment:
    """Sentiment adapted to one's own labels (맞춤 감성 모형): call it, or give it to `score_sentiment` as `model`.

    A logistic model: its log-odds are `scale` times those of the prior score, plus `shift`, plus a `correction` by
    n-grams, one a bucket. `penalty` is the ridge on the correction that predicted held-out labels best, infinite if
    none did better than no correction; `tried` has a row a penalty: penalty, log_loss (nats per label,
    cross-validated). `n` labels were used, `n_set_aside` had no letter or no label.
    """

    scale: float
    shift: float
    penalty: float
    n: int
    n_set_aside: int
    prior: Scorer | None = field(repr=False, compare=False)
    correction: np.ndarray = field(repr=False, compare=False)
    tried: pd.DataFrame = field(repr=False, compare=False)

    def __call__(self, texts: pd.Series) -> pd.Series:
        """Score texts from -1 to 1; a text that the prior cannot score is scored by its n-grams alone."""
        logits = [np.zeros(0)]
        for chunk in chunked(texts.tolist()):
            row, bucket, value = ngrams(chunk)
            logits.append(np.bincount(row, self.correction[bucket] * value, minlength=len(chunk)))
        base = self.scale * _prior_logits(texts, self.prior) + self.shift
        return pd.Series(np.tanh((base + np.concatenate(logits)) / 2), texts.index, name="sentiment")


def adapt_sentiment(
    labels: pd.DataFrame,
    *,
    prior: Scorer | None = None,
    text: str = "text",
    label: str = "label",
    folds: int = 5,
    seed: int = 0,
) -> AdaptedSentiment:
    """Blend one's own labels with the prior score (감성 모형 맞춤, S4.8).

    A few hundred labels are too few to learn a language from, and the prior was learnt elsewhere: so the prior's
    log-odds are kept as a feature, and n-grams may only correct it, as far as cross-validation within the labels shows
    that this helps (ridge toward the prior).

    Parameters
    ----------
    labels : a frame with `text` and `label`: -1, 0 or 1, or a score between. A few hundred rows drawn at random.
    prior : the score to start from; the shipped models if None.
    folds, seed : of the cross-validation.

    Raises
    ------
    ValueError
        If `labels` lacks a column, a label is out of range, the usable labels are fewer than 2 x `folds`, or all say
        the same.
    """
    kept = _usable(labels, text, label)
    if len(kept) < 2 * folds or kept["label"].nunique() < 2:
        kinds = kept["label"].nunique()
        raise ValueError(f"adapting needs {2 * folds} labels of two kinds; {len(kept)} are usable, of {kinds}")
    used, features = _features(kept["text"].tolist())
    prior_logit, target = _prior_logits(kept["text"], prior), (kept["label"].to_numpy() + 1) / 2
    fold = np.random.default_rng(seed).permutation(len(kept)) % folds
    losses = [_cross_validated(features, prior_logit, target, fold, penalty) for penalty in _PENALTIES]
    penalty = _PENALTIES[int(np.argmin(losses))]
    scale, shift, weights = _fit(features, prior_logit, target, penalty)
    correction = np.zeros(BUCKETS, np.float32)
    correction[used] = weights
    tried = pd.DataFrame({"penalty": _PENALTIES, "log_loss": losses})
    return AdaptedSentiment(scale, shift, penalty, len(kept), len(labels) - len(kept), prior, correction, tried)


@dataclass(frozen=True)
class SentimentCheck:
    """How far to trust sentiment scores (감성 점수 점검).

    `estimate` is the share of labels met, with its Wilson interval `low` to `high`, of `n` labels; `n_set_aside` rows
    had no letter or no label. `confusion` counts labels (rows) by predictions (columns). `prevalence` has a row for
    positive and one for negative: class, naive (share predicted), estimate, low, high (corrected; NaN where it cannot
    be), sensitivity, specificity, n_texts, reason.
    """

    estimate: float
    low: float
    high: float
    level: float
    n: int
    n_set_aside: int
    confusion: pd.DataFrame = field(repr=False, compare=False)
    prevalence: pd.DataFrame = field(repr=False, compare=False)
    reason: Mapping[Lang, str] = field(default_factory=dict)


def check_sentiment(
    labels: pd.DataFrame,
    corpus: pd.Series | None = None,
    *,
    model: Scorer | None = None,
    text: str = "text",
    label: str = "label",
    neutral: float = 0.05,
    level: float = 0.95,
) -> SentimentCheck:
    """Check scores against about 200 labels, and correct the corpus' shares by what they show (감성 점수 점검, S4.8).

    A classifier that errs counts wrongly in a knowable way: the share p it calls positive is corrected to
    (p + specificity - 1) / (sensitivity + specificity - 1) (Rogan & Gladen 1978, American Journal of Epidemiology
    107(1)), with the interval of Lang & Reiczigel (2014, Preventive Veterinary Medicine 113(1)). That is right if the
    labelled rows err as the corpus does: draw them from it at random, and not those that adapted the model.

    Parameters
    ----------
    labels : a frame with `text` and `label`: -1, 0 or 1.
    corpus : scores of the whole corpus (-1..1; missing ones are left out), of the same model; None for no prevalence.
    model : as in `score_sentiment`.
    neutral : scores from -neutral to neutral are neutral; 0 where the labels know only -1 and 1.
    level : two-sided confidence level, 0..1.

    Raises
    ------
    ValueError
        If `labels` lacks a column or a label is not -1, 0 or 1.
    """
    kept = _usable(labels, text, label)
    odd = kept.loc[~kept["label"].isin([-1, 0, 1]), "label"]
    if len(odd):
        raise ValueError(f"{label} must be -1, 0 or 1; {len(odd)} are not, first {odd.iloc[0]:g}")
    predicted = _classes(score_sentiment(kept["text"], model=model), neutral)
    truth, n = kept["label"].astype(int), len(kept)
    kinds = list(CLASSES.values())
    confusion = pd.crosstab(truth, predicted).reindex(index=kinds, columns=kinds, fill_value=0)
    confusion = confusion.set_axis(list(CLASSES)).set_axis(list(CLASSES), axis=1).rename_axis("label")
    right = int((truth == predicted).sum())
    shares = [
        _share(name, truth, predicted, _corpus_classes(corpus, neutral), level) for name in ("positive", "negative")
    ]
    why = {} if n >= MIN_LABELS else reason("few_sentiment_labels", n=n, needed=MIN_LABELS)
    ends = (math.nan,) * 3 if why else (right / n, *map(float, wilson(right / n, n, z_value(level))))
    return SentimentCheck(*ends, level, n, len(labels) - n, confusion, pd.DataFrame(shares), why)


def corrected_share(
    called: int, n: int, sensitivity: tuple[int, int], specificity: tuple[int, int], *, level: float = 0.95
) -> tuple[float, float, float]:
    """Return the true share behind `called` of `n`, and its interval (분류 오류를 고친 비율), each 0..1.

    Rogan & Gladen (1978) with the interval of Lang & Reiczigel (2014): one success and one failure are added to each of
    sensitivity and specificity, z²/2 to the corpus' counts.

    Parameters
    ----------
    called, n : texts called so, of all.
    sensitivity, specificity : (right, of) of the labelled rows that are so, and of those that are not.

    Examples
    --------
    A third is called positive by a classifier that finds 4 in 5 and is wrong about 1 in 10 of the others:

    >>> [round(share, 2) for share in corrected_share(3333, 10000, (80, 100), (90, 100))]
    [0.33, 0.26, 0.4]
    """
    se, sp = sensitivity[0] / sensitivity[1], specificity[0] / specificity[1]
    estimate = (called / n + sp - 1) / (se + sp - 1)
    z = z_value(level)
    n_se, n_sp, n_p = sensitivity[1] + 2, specificity[1] + 2, n + z * z
    se, sp, p = (sensitivity[0] + 1) / n_se, (specificity[0] + 1) / n_sp, (called + z * z / 2) / n_p
    youden = se + sp - 1
    share = (p + sp - 1) / youden
    se_part, sp_part = se * (1 - se) / n_se, sp * (1 - sp) / n_sp
    shift = 2 * z * z * (share * se_part - (1 - share) * sp_part)
    half = z * math.sqrt(p * (1 - p) / n_p + share**2 * se_part + (1 - share) ** 2 * sp_part) / youden
    return tuple(min(max(x, 0.0), 1.0) for x in (estimate, share + shift - half, share + shift + half))


def _share(name: str, truth: pd.Series, predicted: pd.Series, corpus: pd.Series, level: float) -> dict[str, object]:
    """Return the row of a class in `SentimentCheck.prevalence`."""
    is_so, called_so = truth == CLASSES[name], predicted == CLASSES[name]
    found, so = int((is_so & called_so).sum()), int(is_so.sum())
    spared, not_so = int((~is_so & ~called_so).sum()), int((~is_so).sum())
    called, n = int((corpus == CLASSES[name]).sum()), len(corpus)
    why = _doubt(name, (found, so), (spared, not_so), n, level)
    ends = (math.nan,) * 3 if why else corrected_share(called, n, (found, so), (spared, not_so), level=level)
    row = {"class": name, "naive": called / n if n else math.nan}
    row |= dict(zip(("estimate", "low", "high"), ends, strict=True))
    row |= {"sensitivity": found / so if so else math.nan, "specificity": spared / not_so if not_so else math.nan}
    return row | {"n_texts": n, "reason": why}


def _doubt(name: str, sensitivity: tuple[int, int], specificity: tuple[int, int], n: int, level: float) -> dict:
    """Say why a share cannot be corrected; empty if it can."""
    if n == 0:
        return reason("no_corpus_scores")
    if min(sensitivity[1], specificity[1]) < MIN_LABELS:
        return reason("few_labels_of_class", so=sensitivity[1], others=specificity[1], needed=MIN_LABELS)
    rates = [right / of for right, of in (sensitivity, specificity)]
    sizes = [sensitivity[1] + 2, specificity[1] + 2]
    smoothed = [(right + 1) / (of + 2) for right, of in (sensitivity, specificity)]
    error = math.sqrt(sum(rate * (1 - rate) / size for rate, size in zip(smoothed, sizes, strict=True)))
    if sum(rates) - 1 <= z_value(level) * error:
        return reason("classifier_no_better_than_chance", sensitivity=rates[0], false=1 - rates[1])
    return {}


def _usable(labels: pd.DataFrame, text: str, label: str) -> pd.DataFrame:
    """Return the rows with a text that has letters and a label, as columns text and label."""
    lacking = [column for column in (text, label) if column not in labels]
    if lacking:
        raise ValueError(f"labels lacks the column {', '.join(lacking)}; it has {', '.join(map(str, labels.columns))}")
    frame = pd.DataFrame({"text": labels[text], "label": pd.to_numeric(labels[label])}).reset_index(drop=True)
    beyond = frame.loc[frame["label"].abs() > 1, "label"]
    if len(beyond):
        raise ValueError(f"{label} must lie from -1 to 1; {len(beyond)} do not, first {beyond.iloc[0]:g}")
    lettered = score_sentiment(frame["text"], model=lambda texts: texts.map(lambda _: 0.0).astype(float)).notna()
    return frame[lettered & frame["label"].notna()].astype({"label": float}).reset_index(drop=True)


def _classes(scores: pd.Series, neutral: float) -> pd.Series:
    """Return -1, 0 or 1; a text that cannot be scored says neither."""
    scores = scores.fillna(0.0)
    return (scores > neutral).astype(int) - (scores < -neutral).astype(int)


def _corpus_classes(corpus: pd.Series | None, neutral: float) -> pd.Series:
    return _classes(pd.Series(dtype=float) if corpus is None else corpus.dropna(), neutral)


def _prior_logits(texts: pd.Series, prior: Scorer | None) -> np.ndarray:
    scores = score_sentiment(texts, model=prior).fillna(0.0).to_numpy()
    return 2 * np.arctanh(scores.clip(-_SURE, _SURE))


def _features(texts: list[str]):
    """Return the buckets in use and the texts' n-grams over them, sparse."""
    from scipy.sparse import csr_array

    grams: Grams = ngrams(texts)
    used, column = np.unique(grams.bucket, return_inverse=True)
    return used, csr_array((grams.value.astype(float), (grams.row, column)), shape=(len(texts), len(used)))


def _cross_validated(features, prior_logit: np.ndarray, target: np.ndarray, fold: np.ndarray, penalty: float) -> float:
    """Return the log-loss per label, each predicted from the other folds."""
    loss = 0.0
    for number in np.unique(fold):
        test, train = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        scale, shift, weights = _fit(features[train], prior_logit[train], target[train], penalty)
        logit = scale * prior_logit[test] + shift + features[test] @ weights
        loss += float((np.logaddexp(0, logit) - target[test] * logit).sum())
    return loss / len(target)


def _fit(features, prior_logit: np.ndarray, target: np.ndarray, penalty: float) -> tuple[float, float, np.ndarray]:
    """Fit scale, shift and correction; a unit ridge holds scale near 1 and shift near 0."""
    from scipy.optimize import minimize
    from scipy.special import expit

    free = 0 if math.isinf(penalty) else features.shape[1]
    ridge = np.r_[1.0, 1.0, np.full(free, 0.0 if math.isinf(penalty) else penalty)]
    centre = np.r_[1.0, np.zeros(1 + free)]
    held = features[:, :free]

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        logit = at[0] * prior_logit + at[1] + held @ at[2:]
        wrong, off = expit(logit) - target, at - centre
        slope = np.r_[wrong @ prior_logit, wrong.sum(), held.T @ wrong]
        return float((np.logaddexp(0, logit) - target * logit).sum() + ridge @ off**2 / 2), slope + ridge * off

    at = minimize(loss, centre, jac=True, method="L-BFGS-B").x
    weights = np.zeros(features.shape[1])
    weights[:free] = at[2:]
    return float(at[0]), float(at[1]), weights
