"""How right the sentiment scores are: film reviews, comments, negation, own labels; English against VADER.

    python benchmarks/sentiment_accuracy.py [FOLDER]      or SMM_SENTIMENT_DATA=FOLDER
    python benchmarks/sentiment_accuracy.py PAIRS.tsv ...  only these pairs of plain and negated sentences

FOLDER holds nsmc_train.parquet (text, label 0/1; NSMC, see smm_analysis/listening/texts/train_korean.py),
kote_val.parquet (text, label -1/0/1; validation split of https://github.com/searle-j/KOTE) and hutto_en.parquet
(source, valence -4..4, text; https://github.com/cjhutto/vaderSentiment). What is missing is left out and said. All that
is random has a seed.

A file of pairs has the columns kind, plain, negated and plain_label (1 pleased, 0 not); `negated_label`, if it is not
there, is the other one.
"""

import os
import re
import sys
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.linalg import lsqr

from smm_analysis.estimate import wilson, z_value
from smm_analysis.listening.texts import train_korean
from smm_analysis.listening.texts.english import compound
from smm_analysis.listening.texts.labels import adapt_sentiment
from smm_analysis.listening.texts.made_sentences import Entry, negated_forms, plain_forms, read_lexicon
from smm_analysis.listening.texts.sentiment import score_sentiment

TESTS = Path(__file__).parents[1] / "tests"
POLE = 0.5  # mean valence beyond which a snippet is positive or negative
DRAWS, LABELS = 20, 300
GRAMMAR = re.compile(  # negators, forms of 하다 and 되다, pronouns, adverbs of degree
    r"(?:[않없있]|아니|아닌|아닙|안|못|하지|되지|한다|했|해요|합니다|된다|돼요|됐).*|수[가는도]|것\w|이것|그것"
    r"|정말|너무|아주|별로|전혀|진짜|매우|조금"
)


def main() -> None:
    given = [Path(argument) for argument in sys.argv[1:]]
    if given and all(path.suffix == ".tsv" for path in given):
        for path in given:
            negation(path)
        return
    folder = given[0] if given else Path(os.environ.get("SMM_SENTIMENT_DATA", "."))
    for name, part in (("nsmc_train", film_reviews), ("kote_val", comments), ("hutto_en", english)):
        path = folder / f"{name}.parquet"
        if path.exists():
            part(path)
        else:
            print(f"{name}: no {path.name} in the folder given; see the head of this script")
    for path in sorted(TESTS.glob("negation_*.tsv")):
        negation(path)


def line(what: str, right: np.ndarray) -> None:
    low, high = wilson(right.mean(), len(right), z_value(0.95))
    print(f"{what:72s} {right.mean():.4f}  95% {low:.4f}-{high:.4f}  n = {len(right):,}")


def film_reviews(path: Path) -> None:
    reviews = train_korean.read_reviews(path)
    held = reviews[train_korean.held_out(reviews["text"].tolist())]
    line("NSMC, held out by hash of the text, never fitted", said(held["text"]) == held["label"].eq(1).to_numpy())


def said(texts: pd.Series, model=None) -> np.ndarray:
    return score_sentiment(texts, lang="ko", model=model).gt(0).to_numpy()


def comments(path: Path) -> None:
    """Rows of even CRC-32 of the text were developed on, the odd ones are reported."""
    table = pd.read_parquet(path)
    table = table[table["label"] >= 0]
    odd = np.array([zlib.crc32(text.encode()) % 2 == 1 for text in table["text"]])
    seen, unseen = table[~odd], table[odd]
    for name, half in (("developed on", seen), ("unseen", unseen)):
        line(f"KOTE polar comments, {name} half, no labels", said(half["text"]) == half["label"].eq(1).to_numpy())
    truth = unseen["label"].eq(1).to_numpy()
    blank = {"prior and labels": None, "labels alone": lambda texts: pd.Series(0.0, texts.index)}
    for name, prior in blank.items():
        shares = []
        for seed in range(DRAWS):
            drawn = seen.sample(LABELS, random_state=seed)
            labels = pd.DataFrame({"text": drawn["text"], "label": 2 * drawn["label"] - 1})
            shares.append((said(unseen["text"], adapt_sentiment(labels, prior=prior)) == truth).mean())
        print(
            f"  {LABELS} labels drawn from the other half (seeds 0-{DRAWS - 1}), {name}: mean {np.mean(shares):.4f}, "
            f"worst {min(shares):.4f}, best {max(shares):.4f}; tested on {len(unseen):,}"
        )


def negation(path: Path) -> None:
    """Overall, by kind, and by whether a pair shares a word with the lexicon that the model was taught with.

    Words are compared by their first two syllables: that finds more of them shared than are.
    """
    pairs = pd.read_csv(path, sep="\t")
    if "negated_label" not in pairs:
        pairs["negated_label"] = 1 - pairs["plain_label"]
    right = {side: said(pairs[side]) == pairs[f"{side}_label"].eq(1).to_numpy() for side in ("plain", "negated")}
    right["both"] = right["plain"] & right["negated"]
    for side, share in right.items():
        line(f"{path.stem}: {side} right", share)
    for kind in sorted(pairs["kind"].unique()):
        line(f"  both right, kind {kind}", right["both"][pairs["kind"] == kind])
    for what, words_known in (("predicate", taught(predicate_words)), ("predicate or subject", taught(all_words))):
        shared = np.array([bool(beginnings(two) & words_known) for two in pairs[["plain", "negated"]].to_numpy()])
        for name, rows in (("some", shared), ("no", ~shared)):
            for side, share in right.items():
                if rows.any():
                    line(f"  {side} right, {name} {what} of the lexicon in it", share[rows])


@cache
def taught(words_of: Callable[[Entry], Iterable[str]]) -> set[str]:
    return set().union(*(words_of(entry) for entry in read_lexicon()))


def predicate_words(entry: Entry) -> set[str]:
    """First two syllables of the predicate's words in every ending; words of the templates are left out."""
    first = {word[0] for word in f"{entry.predicate} {entry.haeyo}".split()}
    return {word for word in beginnings([*plain_forms(entry), *negated_forms(entry)]) if word[0] in first}


def all_words(entry: Entry) -> set[str]:
    return predicate_words(entry) | beginnings(entry.subjects)


def beginnings(sentences: Iterable[str]) -> set[str]:
    """First two syllables of the content words."""
    found = {word for sentence in sentences for word in re.findall(r"[가-힣]+", sentence)}
    return {word[:2] for word in found if len(word) > 1 and not GRAMMAR.fullmatch(word)}


def english(path: Path) -> None:
    """A ridge on words and on VADER, trained on three sources, against VADER, on the fourth."""
    table = pd.read_parquet(path)
    vader = compound(table["text"].tolist())
    features = sparse.hstack([sparse.csr_array(2 * vader[:, None]), words(table["text"])]).tocsr()
    valence, source = table["valence"].to_numpy(), table["source"].to_numpy()
    truth = classes(valence, -POLE, POLE)
    print(f"English, three classes (valence beyond ±{POLE:g}; VADER beyond ±.05), macro-F1, 500 resamples, seed 0")
    for name in np.unique(source):
        test = source == name
        kept = classes(vader[test], -0.05, 0.05)
        learnt = trained_elsewhere(features, valence, source, name)
        low, high = np.quantile(differences(truth[test], learnt, kept), [0.025, 0.975])
        print(
            f"  {name:22s} VADER {macro_f1(truth[test], kept):.3f}  learnt {macro_f1(truth[test], learnt):.3f}  "
            f"difference 95% {low:+.3f} to {high:+.3f}  n = {test.sum():,}"
        )


def words(texts: pd.Series, buckets: int = 1 << 16) -> sparse.csr_array:
    """Words and pairs of words, hashed, of unit length."""
    row, column = [], []
    for i, text in enumerate(texts):
        found = re.findall(r"[a-z']+|[!?]+|[:;][-']?[)(dp]", re.sub(r"@\w+", " ", text.lower()))
        grams = found + [" ".join(pair) for pair in pairwise(found)]
        row += [i] * len(grams)
        column += [zlib.crc32(gram.encode()) % buckets for gram in grams]
    counts = sparse.csr_array((np.ones(len(row)), (row, column)), shape=(len(texts), buckets))
    length = np.sqrt(np.maximum(counts.multiply(counts).sum(axis=1), 1))
    return sparse.csr_array(sparse.diags_array(1 / length) @ counts)


def trained_elsewhere(features, valence: np.ndarray, source: np.ndarray, name: str) -> np.ndarray:
    """Classes of a source from the others; cut points from leaving each of those out in turn."""
    elsewhere = source != name

    def predicted(train: np.ndarray, test: np.ndarray) -> np.ndarray:
        mean = valence[train].mean()
        return features[test] @ lsqr(features[train], valence[train] - mean, damp=2.0, iter_lim=60)[0] + mean

    guess = np.zeros(len(source))
    for other in set(source) - {name}:
        guess[source == other] = predicted(elsewhere & (source != other), source == other)
    guess, truth = guess[elsewhere], classes(valence[elsewhere], -POLE, POLE)
    cuts = [
        (low, high)
        for low in np.quantile(guess, [0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45])
        for high in np.quantile(guess, [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8])
    ]
    low, high = max(cuts, key=lambda cut: macro_f1(truth, classes(guess, *cut)))
    return classes(predicted(elsewhere, ~elsewhere), low, high)


def differences(truth: np.ndarray, a: np.ndarray, b: np.ndarray) -> list[float]:
    rng = np.random.default_rng(0)
    drawn = [rng.integers(0, len(truth), len(truth)) for _ in range(500)]
    return [macro_f1(truth[i], a[i]) - macro_f1(truth[i], b[i]) for i in drawn]


def classes(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return (values > high).astype(int) - (values < low).astype(int)


def macro_f1(truth: np.ndarray, said: np.ndarray) -> float:
    both = [((truth == kind) & (said == kind)).sum() for kind in (-1, 0, 1)]
    sizes = [(truth == kind).sum() + (said == kind).sum() for kind in (-1, 0, 1)]
    return float(np.mean([2 * b / max(size, 1) for b, size in zip(both, sizes, strict=True)]))


if __name__ == "__main__":
    main()
