"""Texts a second and peak memory of the sentiment scores, Korean and English, with VADER in the same run beside."""

import resource
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from smm_analysis.listening.texts.sentiment import score_sentiment

KOREAN = """배송이 빨라서 좋았어요 그런데 포장은 별로 안 예쁘네요
직원분이 친절하지 않아서 아쉽지만 또 사고 싶지는 않습니다"""
ENGLISH = "the delivery was really quick but i did not like the box and nobody answered my mail so sad great phone"
WORDS = {"ko": KOREAN.split(), "en": ENGLISH.split()}


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    million = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    texts = {lang: made(lang, n, seed=1) for lang in WORDS}
    analyser = SentimentIntensityAnalyzer()
    plain = rate(lambda t: [analyser.polarity_scores(text) for text in t], texts["en"])
    print(f"{n:,} made-up texts of 4-19 words, seed 1, texts a second (best of 3)")
    print(f"  VADER itself, English   {plain:9,.0f}")
    for lang, name in (("en", "English"), ("ko", "Korean")):
        ours = rate(score_sentiment, texts[lang])
        print(f"  score_sentiment, {name:7s} {ours:8,.0f}  {ours / plain:.2f} times VADER")
    many = made("ko", million, seed=2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    start = time.perf_counter()
    score_sentiment(many)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(f"{million:,} Korean texts: {time.perf_counter() - start:.0f} s; peak {after:,.0f} MiB, {before:,.0f} before")


def made(lang: str, n: int, *, seed: int) -> pd.Series:
    rng = np.random.default_rng(seed)
    words = np.array(WORDS[lang], dtype=object)
    return pd.Series([" ".join(words[rng.integers(0, len(words), k)]) for k in rng.integers(4, 20, n)])


def rate(score: Callable[[pd.Series], object], texts: pd.Series) -> float:
    score(texts.head(10))  # models are read once
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        score(texts)
        seconds.append(time.perf_counter() - start)
    return len(texts) / min(seconds)


if __name__ == "__main__":
    main()
