"""Themes and richness: planted topics found again, chance called chance, interval coverage, speed of a million texts.

python benchmarks/listening_themes.py [--quick]
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

from smm_analysis.listening.topics.richness import compare_with_group, themes_found
from smm_analysis.listening.topics.themes import assign_themes, themes
from smm_analysis.listening.topics.words import words

PARTICLES = (("이", "가"), ("은", "는"), ("을", "를"), ("에", "에"), ("도", "도"), ("", ""))
SYLLABLES = [chr(code) for code in range(ord("가"), ord("힣"), 97)]


def invented_nouns(rng: np.random.Generator, n: int) -> list[str]:
    """Return nouns of two or three syllables that no language has."""
    nouns = dict.fromkeys("".join(rng.choice(SYLLABLES, rng.integers(2, 4))) for _ in range(2 * n))
    return list(nouns)[:n]


def inflected(rng: np.random.Generator, noun: str) -> str:
    final = (ord(noun[-1]) - ord("가")) % 28 > 0
    closed, open_ = PARTICLES[rng.integers(len(PARTICLES))]
    return noun + (closed if final else open_)


def planted(
    rng: np.random.Generator, *, topics: int = 40, authors: int = 1500, mean_mentions: float = 3.0, more: float = 1.0
) -> tuple[pd.DataFrame, np.ndarray, list[list[str]]]:
    """Return mentions, the topic of each (-1: none) and the topics' words; topic 7 is written of `more` times as often.

    Topics have Zipf popularity, authors a repertoire of a few topics, mentions two or three of a topic's six words
    among two to five words of common talk, with particles.
    """
    nouns = invented_nouns(rng, 6 * topics + 400)
    own, common = [nouns[6 * k : 6 * k + 6] for k in range(topics)], nouns[6 * topics :]
    return write(rng, own, common, authors=authors, mean_mentions=mean_mentions, more=more), own, common


def write(
    rng: np.random.Generator,
    own: list[list[str]],
    common: list[str],
    *,
    authors: int,
    mean_mentions: float,
    more: float,
) -> pd.DataFrame:
    popular = 1 / np.arange(1, len(own) + 1) ** 1.0
    popular[7] *= more
    talk = 1 / np.arange(1, len(common) + 1)
    popular, talk, rows = popular / popular.sum(), talk / talk.sum(), []
    for author in range(authors):
        repertoire = rng.choice(len(own), 4, p=popular)
        for _ in range(rng.geometric(1 / mean_mentions)):
            topic = -1 if rng.random() < 0.3 else int(rng.choice(repertoire))
            said = list(rng.choice(common, rng.integers(2, 6), p=talk))
            said += [] if topic < 0 else list(rng.choice(own[topic], rng.integers(2, 4), replace=False))
            rng.shuffle(said)
            rows.append((f"a{author}", " ".join(inflected(rng, noun) for noun in said), topic))
    return pd.DataFrame(rows, columns=["author_key", "text", "topic"])


def found_again(found: pd.DataFrame, own: list[list[str]]) -> tuple[float, float]:
    """Return the share of topics with a theme that holds most of their words, and how pure such themes are."""
    hits, purity = 0, []
    groups = [set(text.split(", ")) for text in found["words"]]
    for topic in own:
        best = max(groups, key=lambda group: len(group & set(topic)), default=set())
        plain = {word for word in best if " " not in word}
        share = len(best & set(topic)) / len(topic)
        hits += share > 0.5
        if share > 0.5:
            purity.append(len(plain & set(topic)) / len(plain))
    return hits / len(own), float(np.mean(purity)) if purity else np.nan


# --- a community with known themes -----------------------------------------------------------------------------------


WORLDS = ((40, 1.0, 300, 200), (40, 1.0, 60, 100), (40, 1.5, 300, 200), (120, 1.0, 300, 300))


def community(rng: np.random.Generator, *, authors: int, kinds: int = 40, exponent: float = 1.0) -> pd.DataFrame:
    """Return found themes of mentions: Zipf popularity, four themes an author, 30% of mentions of none."""
    popular = 1 / np.arange(1, kinds + 1) ** exponent
    repertoire = rng.choice(kinds, (authors, 4), p=popular / popular.sum())
    who = np.repeat(np.arange(authors), np.minimum(rng.geometric(1 / 3, authors), 60))
    theme = repertoire[who, rng.integers(4, size=len(who))].astype(float)
    theme[rng.random(len(who)) < 0.3] = np.nan
    return pd.DataFrame({"mention_id": np.arange(len(who)), "author_key": who, "theme": theme})


def truth(
    *, authors: int, kinds: int, exponent: float, n_mentions: int, share: float
) -> dict[str, tuple[float, float]]:
    """Return the difference and the n that equals a group, by reading, from the mean curve of 600 communities."""
    sizes, curves, groups = np.arange(1, 2 * authors), [], []
    for seed in range(600):
        found = community(np.random.default_rng([9, seed]), authors=authors, kinds=kinds, exponent=exponent)
        curves.append(themes_found(found, sizes=sizes)["themes"])
        groups.append(themes_found(found, by="author", sizes=np.array([8]))["themes"][0])
    heard = np.mean(curves, axis=0)
    group = {"authors": np.mean(groups), "published": share * kinds}
    equal = {name: np.interp(value, heard, sizes, right=np.nan) for name, value in group.items()}
    return {name: (heard[n_mentions - 1] - value, equal[name]) for name, value in group.items()}


def coverage(sets: int) -> None:
    print(f"\ncoverage of 95% intervals, {sets} communities each (share of a group fixed at 0.6, 200 draws)")
    print(f"{'themes':>7}{'Zipf':>6}{'people':>8}{'n':>6}  {'reading':11}{'truth':>7}{'mean':>7}{'covered':>9}", end="")
    print(f"{'n equal':>9}{'median':>8}{'covered':>9}{'told':>6}")
    for kinds, exponent, authors, n in WORLDS:
        true = truth(authors=authors, kinds=kinds, exponent=exponent, n_mentions=n, share=0.6)
        tables = []
        for seed in range(sets):
            found = community(np.random.default_rng([1, seed]), authors=authors, kinds=kinds, exponent=exponent)
            result = compare_with_group(found, n_mentions=n, share_range=(0.6, 0.6), draws=200, seed=seed)
            tables.append(result.table.iloc[:2])
        rows = pd.concat(tables)
        for reading, (difference, equal) in true.items():
            got = rows[rows["reading"] == reading]
            hit = got["low"].le(difference) & got["high"].ge(difference)
            hit_equal = got["n_equal_low"].le(equal) & got["n_equal_high"].ge(equal)
            told = np.isfinite(got["n_equal"])
            print(f"{kinds:7}{exponent:6}{authors:8}{n:6}  {reading:11}{difference:7.2f}", end="")
            print(f"{got['difference'].mean():7.2f}{hit.mean():9.3f}{equal:9.1f}", end="")
            print(f"{got['n_equal'][told].median():8.1f}{hit_equal.mean():9.3f}{told.mean():6.2f}")


def chance_and_change(sets: int) -> None:
    """How often anything is called new: nothing changed, and topic 8 of 40 written of three times as often."""
    from scipy.stats import chi2, false_discovery_control

    print(f"\ncalled different at a false discovery rate of 10%, {sets} pairs of periods of 500 authors")
    print(f"{'world':22}{'exact (ours)':>14}{'G2 by chi2':>12}{'risen found':>13}{'of called, false':>18}")
    for more, name in ((1.0, "nothing changed"), (3.0, "one topic threefold")):
        exact = rough = risen = called = false = 0
        for seed in range(sets):
            rng = np.random.default_rng([3, seed])
            now, own, common = planted(rng, authors=500, more=more)
            base = write(rng, own, common, authors=500, mean_mentions=3.0, more=1.0)
            found = themes(now, base=base)
            hits = found[found["q"] < 0.1]
            right = [bool(set(own[7]) & set(text.split(", "))) for text in hits["words"]]
            exact, risen, called = exact + (len(hits) > 0), risen + any(right), called + len(right)
            false += len(right) - sum(right)
            rough += (false_discovery_control(chi2.sf(found["g2"], 1)) < 0.1).any()
        rates = f"{exact / sets:14.2f}{rough / sets:12.2f}"
        print(f"{name:22}{rates}" + (f"{risen / sets:13.2f}{false / max(called, 1):18.2f}" if more > 1 else ""))


def speed(n: int) -> None:
    """Words, themes and assignment of n invented texts of about nine words."""
    rng = np.random.default_rng(5)
    nouns = np.array(invented_nouns(rng, 20_000))
    ends = np.array([pair[0] for pair in PARTICLES], dtype=object)
    weight = 1 / np.arange(1, len(nouns) + 1)
    drawn = nouns.astype(object)[rng.choice(len(nouns), (n, 9), p=weight / weight.sum())]
    texts = [" ".join(row) for row in drawn + ends[rng.integers(len(ends), size=(n, 9))]]
    mentions = pd.DataFrame({"author_key": rng.integers(n // 4, size=n), "text": texts})
    clock = [time.perf_counter()]
    for step in (lambda: words(texts), lambda: themes(mentions[: n // 2], base=mentions[n // 2 :])):
        found = step()
        clock.append(time.perf_counter())
    assign_themes(mentions["text"], found)
    seconds = [*np.diff(clock), time.perf_counter() - clock[-1]]
    print(f"\n{n:,} texts: words {seconds[0]:.1f} s, themes (words included) {seconds[1]:.1f} s, ", end="")
    print(f"assigned (words included) {seconds[2]:.1f} s; peak {peak():.0f} MiB")


def peak() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    quick = "--quick" in sys.argv
    print("planted topics found again (40 topics, Zipf popularity, two periods)")
    print(f"{'seed':>4}{'authors':>9}{'mentions':>10}{'found':>8}{'purity':>8}{'top 20 found':>14}{'seconds':>9}")
    for seed, authors in ((1, 500), (2, 1500), (3, 1500), (4, 5000))[: 2 if quick else 4]:
        rng = np.random.default_rng(seed)
        now, own, common = planted(rng, authors=authors)
        base = write(rng, own, common, authors=authors, mean_mentions=3.0, more=1.0)
        start = time.perf_counter()
        found = themes(now, base=base)
        seconds = time.perf_counter() - start
        (share, pure), (top, _) = found_again(found, own), found_again(found, own[:20])
        print(f"{seed:4}{authors:9,}{len(now):10,}{share:8.2f}{pure:8.2f}{top:14.2f}{seconds:9.2f}")
    chance_and_change(20 if quick else 200)
    coverage(40 if quick else 400)
    speed(50_000 if quick else 1_000_000)


if __name__ == "__main__":
    main()
