"""Train the shipped Korean sentiment model (한국어 감성 모형 학습).

    python -m smm_analysis.listening.texts.train_korean NSMC OUT

NSMC is the Naver sentiment movie corpus, film reviews of 1-4 stars (label 0) and of 9-10 stars (label 1), CC0, to be
had at https://github.com/e9t/nsmc: `ratings_train.txt` there has 150,000 reviews (id, document, label, tabs between).
The shipped file comes from 150,000 de-duplicated reviews of that corpus' raw files, as a Parquet file of text and label
whose text and labels have the digest `TRAINED_ON`; the script says whether it reads those.

20,000 reviews are held out by the hash of their normalised text and never fitted, so no text is on both sides.

Film-goers lack the words of customers: so short sentences are fitted too that are made of a lexicon of such words,
`customer_words.tsv`, written for this package independently of the test sentences (see `made_sentences`). It is read
here only, not when texts are scored. 14 predicates that please of one thing and displease of another (길다: of a
battery's life, of a queue) were left out of it. The later 6,825 of its 10,971 entries were written when four sets of
pairs had been frozen, without sight of any; 296 more were dropped unread because they shared a word with the third
set: a test holds that no telling word of that set is in the lexicon. A fifth of the entries left out of a fit tells how
well unknown words are read.

Equal inputs make equal files, given the same version of numpy, whose random draws pick the sentences.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from .korean import BUCKETS, KoreanModel, chunked, ngrams, normalise, packed
from .made_sentences import Entry, made_sentences, read_lexicon

TRAINED_ON = "15330b31bb423ce4"
HELD_OUT = 20_000

_RIDGE = 0.4
_STEPS = 80
_MEMORY = 6
_WEIGHT = 0.5  # of a review turned into its contrary, beside a real one
_LEXICON_WEIGHT = 0.4  # of a sentence of the lexicon
_EACH = 8  # plain sentences an entry of the lexicon, and negated ones
_SEED = 0
_MAX_WORDS = 6  # longer reviews do not turn round by turning their last word round
_CLIPPED = 1e-4  # share of the weights beyond the largest step

# What an ending becomes when -지 않다 or -지 못하다 takes it over.
_TAKEN_OVER = {
    "다": ("않다", "못하다"),
    "아요": ("않아요", "못해요"),
    "습니다": ("않습니다", "못합니다"),
    "네": ("않네", "못하네"),
    "네요": ("않네요", "못하네요"),
    "았다": ("않았다", "못했다"),
    "았어요": ("않았어요", "못했어요"),
    "았습니다": ("않았습니다", "못했습니다"),
}
_ENDINGS = [
    (re.compile(pattern), stem, ending)
    for pattern, stem, ending in (
        (r"했다$", "하", "았다"),
        (r"했어요$", "하", "았어요"),
        (r"했습니다$", "하", "았습니다"),
        (r"합니다$", "하", "습니다"),
        (r"해요$", "하", "아요"),
        (r"(?<=[하있없좋싫밌같많럽])다$", "", "다"),
        (r"(?<=[있없밌싫같])어요$", "", "아요"),
        (r"(?<=[좋많])아요$", "", "아요"),
        (r"(?<=[가-힣])네요$", "", "네요"),
        (r"(?<=[가-힣])네$", "", "네"),
        (r"(?<=[가-힣])[았었]다$", "", "았다"),
        (r"(?<=[가-힣])[았었]습니다$", "", "았습니다"),
        (r"(?<=[가-힣])습니다$", "", "습니다"),
    )
]
_NEGATED = re.compile(r"[안못않없]|아니|지 ?말")
_TAIL = re.compile(r"[\s.,!?~^;…ㅋㅎㅠㅜ]+$")


def main(nsmc: str, out: str) -> None:
    """Read reviews, fit, write the model, and say how well it does on the reviews held out (학습 실행)."""
    reviews = read_reviews(Path(nsmc))
    found = digest(reviews)
    print(f"{len(reviews):,} reviews, digest {found}{'' if found == TRAINED_ON else f', not {TRAINED_ON} as shipped'}")
    held = held_out(reviews["text"].tolist())
    model = train(reviews[~held])
    write_model(model, Path(out))
    right = (model.logits(reviews.loc[held, "text"].tolist()) > 0) == reviews.loc[held, "label"].eq(1)
    print(f"{right.mean():.4f} of {held.sum():,} held-out reviews right; {Path(out).stat().st_size:,} bytes in {out}")


def read_reviews(path: Path) -> pd.DataFrame:
    """Return text and label (0 or 1) of the reviews: Parquet, or NSMC's own tab-separated text (리뷰 읽기)."""
    if path.suffix == ".parquet":
        table = pd.read_parquet(path)
    else:
        table = pd.read_csv(path, sep="\t", quoting=3).rename(columns={"document": "text"})
    return table[["text", "label"]].dropna().drop_duplicates("text", ignore_index=True)


def digest(reviews: pd.DataFrame) -> str:
    """Return a digest of texts and labels, whatever the file format (자료 지문)."""
    lines = (f"{label}\t{text}\n" for text, label in zip(reviews["text"], reviews["label"], strict=True))
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def held_out(texts: Sequence[str], n: int = HELD_OUT) -> np.ndarray:
    """Whether a review is never fitted (평가용 리뷰): the `n` of smallest text hash and ties, a fifth at most."""
    lines = (line for chunk in chunked(texts) for line in normalise(chunk).split("\n"))
    hashes = np.array([int.from_bytes(hashlib.sha256(line.encode()).digest()[:8]) for line in lines], np.uint64)
    return hashes < np.sort(hashes)[min(n, len(hashes) // 5)]


def train(reviews: pd.DataFrame, lexicon: Sequence[Entry] | None = None) -> KoreanModel:
    """Fit the logistic model to reviews, their counterfactuals and sentences of the lexicon (모형 적합).

    `lexicon` is the shipped one if None. The weights come in whole steps.
    """
    texts, labels = reviews["text"].tolist(), reviews["label"].tolist()
    turned = list(counterfactuals(texts, labels))
    said = list(made_sentences(read_lexicon() if lexicon is None else lexicon, each=_EACH, seed=_SEED))
    weight = np.repeat([1.0, _WEIGHT, _LEXICON_WEIGHT], [len(texts), len(turned), len(said)])
    target = np.r_[labels, [label for _, label in turned + said]]
    exact = _fit([*texts, *(text for text, _ in turned + said)], target, weight)
    step = float(np.float32(np.quantile(np.abs(exact), 1 - _CLIPPED) / 49))
    root = np.clip(np.rint(np.sign(exact) * np.sqrt(np.abs(exact) / step)), -7, 7).astype(np.int8)
    return KoreanModel(root * np.abs(root), step)


def counterfactuals(texts: Sequence[str], labels: Sequence[int]) -> Iterator[tuple[str, int]]:
    """Turn short reviews into their contraries (반사실 문장): negated, or 있다 for 없다, with the other label.

    Without them a model learns that negators are gloomy, since film-goers negate praise more often than blame.

    >>> list(counterfactuals(["연출이 지루하다"], [0]))
    [('연출이 지루하지 못하다', 1), ('연출이 안 지루하다', 1)]
    """
    for i, (text, label) in enumerate(zip(texts, labels, strict=True)):
        text = _TAIL.sub("", text.strip())
        if len(text.split()) <= _MAX_WORDS:
            for turned in _turned(text, i):
                yield turned, 1 - label


def _turned(text: str, i: int) -> Iterator[str]:
    if _NEGATED.search(text):
        if text.count("없") == 1 and not re.search(r"[안못않]|아니", text):
            yield text.replace("없", "있")
        return
    for pattern, stem, ending in _ENDINGS:
        if pattern.search(text):
            yield pattern.sub(f"{stem}지 {_TAKEN_OVER[ending][i % 4 == 0]}", text)  # 않다 three times in four
            first, _, last = text.rpartition(" ")
            yield f"{first} 안 {last}".strip()
            break
    if text.count("있") == 1:
        yield text.replace("있", "없")


def _fit(texts: Sequence[str], target: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the ridge logistic weights, no intercept: nothing said is nothing felt."""
    from scipy.special import expit

    features = sparse_ngrams(texts)
    transposed = features.T.tocsr()
    side = 2.0 * target - 1

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        margin = side * (features @ weights.astype(np.float32))
        slope = (-side * weight * expit(-margin)).astype(np.float32)
        penalty = _RIDGE / 2 * float(np.square(weights).sum())
        return float((weight * np.logaddexp(0, -margin)).sum()) + penalty, transposed @ slope + _RIDGE * weights

    return _descend(loss, np.zeros(BUCKETS))


def _descend(loss: Callable[[np.ndarray], tuple[float, np.ndarray]], at: np.ndarray) -> np.ndarray:
    """Go down by L-BFGS (Nocedal 1980, Mathematics of Computation 35), a set number of steps.

    scipy's takes its inner products from BLAS, whose sums hang on the number of threads: no two machines would make the
    same file.
    """
    value, slope = loss(at)
    pairs: list[tuple[np.ndarray, np.ndarray, float]] = []
    for _ in range(_STEPS):
        direction = -_inverse_curvature(slope, pairs)
        length = 1.0 if pairs else 1 / float(np.abs(slope).sum())
        while True:
            new_value, new_slope = loss(at + length * direction)
            if new_value <= value + 1e-4 * length * _dot(slope, direction):
                break
            length /= 2
        step, change = length * direction, new_slope - slope
        pairs = [*pairs, (step, change, _dot(step, change))][-_MEMORY:]
        at, value, slope = at + step, new_value, new_slope
    return at


def _inverse_curvature(slope: np.ndarray, pairs: list[tuple[np.ndarray, np.ndarray, float]]) -> np.ndarray:
    """Multiply by the inverse Hessian that the last steps suggest (two-loop recursion)."""
    product, shares = slope.copy(), []
    for step, change, curvature in reversed(pairs):
        shares.append(_dot(step, product) / curvature)
        product -= shares[-1] * change
    if pairs:
        product *= pairs[-1][2] / _dot(pairs[-1][1], pairs[-1][1])
    for (step, change, curvature), share in zip(pairs, reversed(shares), strict=True):
        product += (share - _dot(change, product) / curvature) * step
    return product


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum())


def sparse_ngrams(texts: Sequence[str]):
    """Return the n-grams as a scipy sparse array, a row a text (희소 행렬)."""
    from scipy.sparse import csr_array, vstack

    blocks = []
    for chunk in chunked(texts):
        row, bucket, value = ngrams(chunk)
        blocks.append(csr_array((value, (row, bucket)), shape=(len(chunk), BUCKETS), dtype=np.float32))
    return vstack(blocks, format="csr")


def write_model(model: KoreanModel, out: Path) -> None:
    """Write the model (모형 저장), without a time stamp, so that equal models make equal files."""
    with out.open("wb") as file:
        np.savez(file, weights=packed(model.weights), step=np.float64(model.step))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
