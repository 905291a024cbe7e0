"""Sentiment of texts (감성, S4.8).

Korean and English texts from -1 to 1; how far to trust that, and how to do better with labels of one's own, is in
`labels`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from .english import compound
from .korean import shipped_model

Scorer = Callable[[pd.Series], pd.Series]

_HANGUL = re.compile(r"[가-힣ㄱ-ㅎㅏ-ㅣ]")
_LATIN = re.compile(r"[A-Za-z\u00C0-\u024F]")
_NOT_TEXT = re.compile(r"https?://\S+|www\.\S+|@\w+")
_LETTERS_A_SYLLABLE = 2.5  # how many Latin letters say as much as a Hangul syllable


def score_sentiment(
    texts: pd.Series | Iterable[str | None], *, lang: str | pd.Series = "auto", model: Scorer | None = None
) -> pd.Series:
    """Score texts from -1 (unfavourable) to 1 (favourable), 0 in between (감성 점수, S4.8).

    Korean by the shipped model (`korean`, learnt from film reviews), English by VADER (`english`).

    Parameters
    ----------
    texts : strings; missing ones, and those without a letter, score NaN.
    lang : "auto" (by `detect_language`), "ko", "en", or a Series of codes with the texts' index, such as the `lang` of
        `mentions`; where that is missing it is detected. Texts in another language score NaN.
    model : any callable from a Series of texts to a Series of scores from -1 to 1, instead of the shipped ones; what
        `adapt_sentiment` returns is one. It is given the texts that have a letter, whatever their language.

    Returns
    -------
    Series
        float, named "sentiment", with the index of `texts`.

    Raises
    ------
    TypeError
        If a text is neither a string nor missing.
    ValueError
        If `lang` is not known, or `model` answers out of place or out of range.

    Examples
    --------
    >>> score_sentiment(["배송이 정말 빨라서 좋았어요", "별로 좋지 않았어요", "I love it", "!!"]).map(np.sign).tolist()
    [1.0, -1.0, 1.0, nan]
    """
    texts = _texts(texts)
    known = _languages(texts, lang)
    values = np.full(len(texts), math.nan)
    if model is not None:
        lettered = (known != "").to_numpy()
        values[lettered] = _answers(model, texts[lettered])
    else:
        for code, score in (("ko", _korean), ("en", compound)):
            rows = np.flatnonzero(known == code)
            values[rows] = score(texts.to_numpy()[rows].tolist())
    return pd.Series(values, texts.index, name="sentiment")


def detect_language(texts: pd.Series | Iterable[str | None]) -> pd.Series:
    """Tell the language of texts by their letters (언어 판별): "ko", "en" or "other".

    A Hangul syllable counts 2.5 Latin letters, since it says as much: a Korean sentence may hold English names. "other"
    if neither Hangul nor Latin makes half of the letters, or there are none. Latin letters are taken for English. Links
    and @handles do not count.

    >>> detect_language(["아이폰 Pro Max 최고예요", "So good", "最高です", "👍", None]).tolist()
    ['ko', 'en', 'other', 'other', 'other']
    """
    return _languages(_texts(texts), "auto").replace("", "other")


def _texts(texts: pd.Series | Iterable[str | None]) -> pd.Series:
    """Return the texts as a Series of strings and None; anything else is refused."""
    texts = texts if isinstance(texts, pd.Series) else pd.Series(list(texts), dtype=object)
    texts = texts.astype(object).where(texts.notna(), None)
    wrong = texts[[not isinstance(text, str | None) for text in texts]]
    if len(wrong):
        first = ", ".join(f"row {index!r}: {value!r}" for index, value in wrong.head(3).items())
        raise TypeError(f"texts must be strings or missing; {len(wrong)} are not, first {first}")
    return texts


def _languages(texts: pd.Series, lang: str | pd.Series) -> pd.Series:
    """Return each text's language; empty where it has no letter."""
    found = pd.Series([_language(text) for text in texts], texts.index, dtype=object)
    if isinstance(lang, pd.Series):
        if not lang.index.equals(texts.index):
            raise ValueError("lang must have the index of texts")
        given = lang.astype(object).where(lang.notna(), None).map(_code, na_action="ignore")
        return given.where(given.notna() & (found != ""), found)
    if lang not in ("auto", "ko", "en"):
        raise ValueError(f'lang must be "auto", "ko", "en" or a Series of codes, not {lang!r}')
    return found if lang == "auto" else found.where(found == "", lang)


def _code(code: str) -> str:
    """Read ko, KO, ko-KR, en_US; what is neither Korean nor English is another language."""
    short = str(code).lower()[:2]
    return short if short in ("ko", "en") else "other"


def _language(text: str | None) -> str:
    text = _NOT_TEXT.sub(" ", text or "")
    hangul, latin = len(_HANGUL.findall(text)), len(_LATIN.findall(text))
    letters = hangul + latin if text.isascii() else sum(map(str.isalpha, text))
    if not letters:
        return ""
    if 2 * (hangul + latin) < letters:
        return "other"
    return "ko" if _LETTERS_A_SYLLABLE * hangul >= latin else "en"


def _korean(texts: Sequence[str]) -> np.ndarray:
    return np.tanh(shipped_model().logits(texts) / 2)


def _answers(model: Scorer, texts: pd.Series) -> np.ndarray:
    """Ask a model plugged in; it must answer every text, in range."""
    scores = model(texts) if len(texts) else texts
    if len(scores) != len(texts) or (isinstance(scores, pd.Series) and not scores.index.equals(texts.index)):
        raise ValueError(f"model must return a score for each of the {len(texts)} texts, with their index")
    scores = np.asarray(scores, float)
    beyond = np.flatnonzero(np.abs(scores) > 1)
    if len(beyond):
        raise ValueError(f"model must score from -1 to 1; {len(beyond)} scores are beyond, first {scores[beyond[0]]:g}")
    return scores
