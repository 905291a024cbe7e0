"""Words that travel together (함께 쓰이는 말): candidates, phrases and groups of them, counted by people.

Two words are close if they stand in one mention more often than by chance: normalised pointwise mutual information
(Bouma 2009, Proceedings of GSCL), -1 = never together, 0 = independent, 1 = always together. Everybody has one voice,
spread over what they wrote, so that nobody links words by repeating them.

>>> npmi(np.array([10, 1]), np.array([10, 10]), np.array([10, 10]), 100).round(2).tolist()
[1.0, 0.0]
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .words import Words, forms_of

MAX_WORDS = 3000  # candidates, the most used ones; the table of links between them grows with the square
_NEAR = 100  # a word is linked with at most so many that follow it in a mention: a 1 MB comment is one mention
_LINKS = 3  # people who must have used two words together before the two can be linked
_STICK = 0.5  # closeness from which on two neighbours are a phrase


def candidates(
    found: Words, author_of: np.ndarray, ignore: Iterable[str], min_people: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return the words and phrases of enough people: their names, which rows use which, and how many were left out."""
    n_all = len(found.vocabulary)
    users = people(author_of[found.row], found.word, n_all)
    users[forms_of(found.vocabulary, [ignore] if isinstance(ignore, str) else ignore)] = -1
    fit = np.flatnonzero(users >= min_people)
    best = np.sort(fit[np.argsort(-users[fit], kind="stable")][:MAX_WORDS])
    number = np.full(n_all, -1)
    number[best] = np.arange(len(best))
    code = number[found.word]
    row, place, code = found.row[code >= 0], found.place[code >= 0], code[code >= 0]
    names = found.vocabulary[best]
    next_to = (row[1:] == row[:-1]) & (np.diff(place) == 1) & (code[1:] != code[:-1])
    at, first, second = row[:-1][next_to], code[:-1][next_to], code[1:][next_to]
    words_used = _distinct(row, code, len(names))
    a, b, which, count, close = _pairs(at, first, second, author_of, _voices(*words_used, author_of, len(names)))
    stick = (count >= min_people) & (close >= _STICK)
    names = np.append(names, [f"{names[i]} {names[j]}" for i, j in zip(a[stick], b[stick], strict=True)]).astype(object)
    kept, phrase = stick[which], len(best) + np.cumsum(stick) - 1
    rows, codes = _distinct(np.append(row, at[kept]), np.append(code, phrase[which[kept]]), len(names))
    return names, rows, codes, len(fit) - len(best)


def people(author: np.ndarray, code: np.ndarray, n: int) -> np.ndarray:
    """Return how many different authors go with each code."""
    return np.bincount(_distinct(author, code, n)[1], minlength=n)


def links(
    row: np.ndarray, code: np.ndarray, author_of: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pairs of words that enough people used in one mention, and how close they are; in each row codes rise."""
    rows, firsts, seconds = [row[:0]], [code[:0]], [code[:0]]
    for step in range(1, _NEAR + 1):
        same = row[step:] == row[:-step]
        if not same.any():
            break
        rows, firsts, seconds = [*rows, row[step:][same]], [*firsts, code[:-step][same]], [*seconds, code[step:][same]]
    at, first, second = map(np.concatenate, (rows, firsts, seconds))
    a, b, _, count, close = _pairs(at, first, second, author_of, _voices(row, code, author_of, n))
    enough = count >= _LINKS
    return a[enough], b[enough], close[enough]


def _pairs(
    at: np.ndarray, first: np.ndarray, second: np.ndarray, author_of: np.ndarray, voices: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the different pairs (a, b), which of them stands at each row, how many people used it, and its NPMI."""
    n = max(len(voices), 1)
    keys, which = np.unique(first.astype(np.int64) * n + second, return_inverse=True)
    at_once = _distinct(at, which, len(keys))
    together = _voices(*at_once, author_of, len(keys))
    a, b = keys // n, keys % n
    n_people = author_of.max(initial=0) + 1
    return a, b, which, people(author_of[at], which, len(keys)), npmi(together, voices[a], voices[b], n_people)


def _voices(row: np.ndarray, code: np.ndarray, author_of: np.ndarray, n: int) -> np.ndarray:
    """Return the sum over people of the share of their mentions that use each code; everyone has one voice."""
    share = 1 / np.bincount(author_of)[author_of] if len(author_of) else author_of.astype(float)
    return np.bincount(code, weights=share[row], minlength=n)


def _distinct(row: np.ndarray, code: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the different pairs of row and code, in order."""
    pairs = np.sort(row.astype(np.int64) * max(n, 1) + code)
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]  # np.unique hashes such numbers badly: ten times slower
    return pairs // max(n, 1), pairs % max(n, 1)


def npmi(both: np.ndarray, a: np.ndarray, b: np.ndarray, n: float) -> np.ndarray:
    """Normalised pointwise mutual information of `both` of n against a and b of n; NaN-free for both > 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.log(both * float(n) / (a.astype(float) * b)) / -np.log(both / n)
    return np.where(both >= n * (1 - 1e-12), 1.0, value)


def merged(links: tuple[np.ndarray, np.ndarray, np.ndarray], n: int, distance: float) -> np.ndarray:
    """Return the group of each word: average linkage; pairs that are not linked count as independent."""
    from scipy.cluster.hierarchy import fcluster, linkage

    if n < 2:
        return np.zeros(n, int)
    a, b, close = links
    apart = np.ones(n * (n - 1) // 2)
    apart[n * a - a * (a + 1) // 2 + b - a - 1] = np.clip(1 - close, 0, 1)
    return fcluster(linkage(apart, "average"), distance, "distance") - 1
