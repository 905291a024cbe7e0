"""Cues for complaint, trust, distrust and thanks, on comments never looked at, beside a naive keyword list.

KOTE's validation comments (Jeon, Lee & Kim 2022, arXiv:2205.05300; MIT licence; github.com/searle-j/KOTE), of which a
table with the columns text, complaint, trust, distrust, thanks (0/1) is needed: a label is set if any of five readers
saw it, news and politics included. The halves are fixed by a hash: CRC-32 of the text in UTF-8, even = looked at while
the cues were written and the reader fitted, odd = reported here. Intervals: 1,000 bootstrap samples, seed 20261123.

    python benchmarks/listening_cues.py kote_val.parquet          report (or the path in SMM_KOTE)
    python benchmarks/listening_cues.py kote_val.parquet --fit    fit cues_ko.npz anew, then report
"""

from __future__ import annotations

import os
import sys
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from smm_analysis.listening.texts import cues

SEED, DRAWS, RIDGE = 20261123, 1000, 1 / 3
MODEL = Path(cues.__file__).with_name("cues_ko.npz")
BARS = {"complaint": 0.65, "distrust": 0.6}  # probability; by cross-validation on the even half, no precision lost
KEYWORDS = {
    "complaint": "불만|불평|실망|최악|짜증|환불",
    "trust": "믿|신뢰|안심",
    "distrust": "의심|불신|거짓|못 믿",
    "thanks": "감사|고마|고맙",
}


def halves(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the comments looked at and those that were not."""
    table = pd.read_parquet(path)
    even = table["text"].map(lambda text: zlib.crc32(text.encode()) % 2 == 0)
    return table[even].reset_index(drop=True), table[~even].reset_index(drop=True)


def strings(words):
    """Texts x buckets, each text's counts over the root of their number."""
    from scipy import sparse

    buckets, owners = cues.hashed_strings(words)
    counts = sparse.csr_matrix((np.ones(len(buckets)), (owners, buckets)), (len(words), cues.BUCKETS))
    return sparse.diags_array(1 / np.sqrt(np.asarray(counts.sum(axis=1)).ravel())) @ counts


def logistic(x, y: np.ndarray) -> np.ndarray:
    """Ridge logistic regression with balanced classes; the last weight is the intercept."""
    from scipy.optimize import minimize

    weight = np.where(y, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    sign = np.where(y, 1.0, -1.0)

    def loss(w):
        margin = sign * (x @ w[:-1] + w[-1])
        pull = -weight * sign / (1 + np.exp(margin))
        grad = np.append(x.T @ pull + RIDGE * w[:-1], pull.sum())
        return weight @ np.logaddexp(0, -margin) + RIDGE / 2 * w[:-1] @ w[:-1], grad

    return minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x


def fit(seen: pd.DataFrame) -> None:
    """Fit the reader to the even half and write it, weights in whole numbers."""
    words = cues.normal_words(seen["text"])
    x, parts = strings(words), {"weights": [], "scale": [], "bar": []}
    for kind in cues.READ:
        w = logistic(x, seen[kind].to_numpy() == 1)
        scale = np.abs(w[:-1]).max() / 127
        parts["weights"].append(np.round(w[:-1] / scale).astype(np.int8))
        parts["scale"].append(scale)
        parts["bar"].append(np.log(BARS[kind] / (1 - BARS[kind])) - w[-1])
    np.savez_compressed(MODEL, **{name: np.array(values) for name, values in parts.items()})
    cues._reader.cache_clear()
    print(f"{MODEL.name}: {MODEL.stat().st_size / 1000:.0f} kB")


def scores(flag: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Precision, recall and F1; along the last axis."""
    hit, flagged, true = (flag & truth).sum(-1), flag.sum(-1), truth.sum(-1)
    return np.stack([hit / flagged, hit / true, 2 * hit / (flagged + true)])


def line(name: str, flag: np.ndarray, truth: np.ndarray) -> str:
    picks = np.random.default_rng(SEED).integers(len(truth), size=(DRAWS, len(truth)))
    low, high = np.quantile(scores(flag[picks], truth[picks]), [0.025, 0.975], axis=1)
    parts = [f"{s:.3f} ({a:.3f}-{b:.3f})" for s, a, b in zip(scores(flag, truth), low, high, strict=True)]
    return f"{name:<26}" + "  ".join(parts)


def report(unseen: pd.DataFrame) -> None:
    words, ours = cues.normal_words(unseen["text"]), cues.flag_talk(unseen["text"])
    print(f"{len(unseen)} unseen comments     precision            recall               F1")
    for kind, keywords in KEYWORDS.items():
        truth = unseen[kind].to_numpy() == 1
        print(f"{kind}, {truth.mean():.1%} of comments")
        print(line("  keyword list", unseen["text"].str.contains(keywords).to_numpy(), truth))
        if kind in cues.READ:
            print(line("  cues alone", cues.find_cues(words, kind), truth))
        print(line("  flag_talk", ours[kind].to_numpy(), truth))


if __name__ == "__main__":
    given = [argument for argument in sys.argv[1:] if argument != "--fit"] or [os.environ.get("SMM_KOTE", "")]
    if not given[0] or not Path(given[0]).is_file():
        print("needs KOTE's validation comments as a Parquet file: give its path, or set SMM_KOTE (see the docstring)")
        sys.exit(0)
    seen, unseen = halves(Path(given[0]))
    if "--fit" in sys.argv:
        fit(seen)
    report(unseen)
