"""English sentiment: VADER on texts without handles (영어 감성, S4.8).

VADER (Hutto & Gilbert 2014, ICWSM; the package `vaderSentiment`) is kept plain. A ridge regression on words and VADER's
own scores, trained on three of the four human-scored snippet sources, was no better on the fourth, whichever it was:
see benchmarks/sentiment_accuracy.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

_NOT_TEXT = re.compile(r"https?://\S+|www\.\S+|@\w+")


def compound(texts: Sequence[str]) -> np.ndarray:
    """Return VADER's compound score of each text, -1..1 (VADER 종합 점수); @handles and links are no words."""
    score = _analyzer().polarity_scores
    return np.array([score(_NOT_TEXT.sub(" ", text))["compound"] for text in texts], float)


@cache
def _analyzer() -> SentimentIntensityAnalyzer:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
