"""One million mentions to the weekly scorecard: seconds and peak memory, in a process of its own.

Two years of mentions of three brands by 200,000 authors who write once or often, four in ten in reply, half of them
Korean and half English sentences put together from parts. Stages: flags (`flag_talk`), sentiment (`score_sentiment`),
card (`weekly_scorecard` from both). Beside them plain pandas: the weekly means without intervals, replies or advocacy.

    python benchmarks/listening_million.py [mentions]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd

SEED, WEEKS = 20261123, 104
UNTIL = pd.Timestamp("2026-11-16", tz="Asia/Seoul")
KOREAN = (
    [
        "어제 주문한",
        "지난주에 산",
        "선물로 받은",
        "동생이 쓰는",
        "매장에서 본",
        "새로 나온",
        "mirae에서 산",
        "작년에 산",
    ],
    ["신발이", "가방이", "이어폰이", "충전기가", "텐트가", "화분이", "모자가", "컵이"],
    [
        "고장 났어요.",
        "아주 예쁘네요.",
        "언제 다시 들어오나요?",
        "생각보다 작아요.",
        "문제없이 잘 됩니다.",
        "마음에 들어요.",
    ],
    [
        "확인해 보세요.",
        "고맙습니다!",
        "너무 몰아가지 맙시다.",
        "실망했어요.",
        "또 살게요.",
        "ㅋㅋㅋ",
        "그렇습니다.",
        "",
    ],
)
ENGLISH = (
    ["The one I ordered", "My new one", "The gift", "What my sister bought", "The one from mirae", "Last year's"],
    ["arrived broken.", "looks great.", "is smaller than I thought.", "works fine for me.", "is still not here."],
    ["Does anyone know why?", "Thank you!", "Try the settings.", "Give them a chance.", "Never again.", "Oh well.", ""],
)


def sentences(rng: np.random.Generator, parts: tuple[list[str], ...], n: int) -> np.ndarray:
    words = [np.array(part, dtype=object)[rng.integers(len(part), size=n)] for part in parts]
    return sum((" " + word for word in words[1:]), words[0])


def simulate(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(SEED)
    hours = np.sort(rng.uniform(0, WEEKS * 168, n))
    reply = (rng.random(n) < 0.4) & (np.arange(n) > 0)
    parent = np.arange(n) - rng.integers(1, 200, n)
    roles = rng.choice(["customer", "unknown", "brand", "staff"], n, p=[0.55, 0.25, 0.15, 0.05])
    firm = np.isin(roles, ["brand", "staff"])
    ids = np.char.add("m", np.arange(n).astype("U8")).astype(object)
    text = np.where(rng.random(n) < 0.5, sentences(rng, KOREAN, n), sentences(rng, ENGLISH, n))
    return pd.DataFrame(
        {
            "mention_id": ids,
            "brand": rng.choice(["mirae", "haneul", "solbit"], n, p=[0.6, 0.3, 0.1]),
            "created_at": UNTIL - pd.to_timedelta(WEEKS * 168 - hours, unit="h"),
            "author_key": np.where(firm, "firm", (200_000 * rng.random(n) ** 2).astype(int).astype("U6")),
            "author_role": roles,
            "text": pd.Series(text).where(rng.random(n) < 0.9),
            "parent_id": pd.Series(ids[np.maximum(parent, 0)]).where(reply & (parent >= 0)),
        }
    )


def timed(name: str, work, n: int):
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    print(f"{name:<34}{seconds:8.1f} s{n / seconds:12,.0f} mentions/s{peak():8.2f} GB peak", flush=True)
    return result


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)


def sentiment(texts: pd.Series) -> pd.Series:
    """Score by the project's own; by a count of two words where its model is not there."""
    try:
        from smm_analysis.listening.sentiment import score_sentiment

        score_sentiment(pd.Series(["좋아요", "good"]))
    except (ImportError, FileNotFoundError):
        print("(no score_sentiment here: a stub scores instead)")
        good, bad = texts.str.contains("great|예쁘"), texts.str.contains("broken|고장")
        return good.astype(float).sub(bad.astype(float)).where(texts.notna())
    return score_sentiment(texts)


def plain(mentions: pd.DataFrame, talk: pd.DataFrame, scores: pd.Series) -> pd.DataFrame:
    others = ~mentions["author_role"].isin(["brand", "staff"])
    week = mentions["created_at"].dt.tz_localize(None).dt.to_period("W-SUN")
    means = pd.DataFrame({"score": scores, "complaint": talk["complaint"].astype(float)})[others]
    return means.groupby([mentions["brand"][others], week[others]]).mean()


def measure(n: int) -> None:
    from smm_analysis.listening.measures.scorecard import weekly_scorecard
    from smm_analysis.listening.texts.cues import flag_talk

    mentions = simulate(n)
    print(f"{n:,} mentions, {WEEKS} weeks, 3 brands, seed {SEED}; {peak():.2f} GB with the table in memory")
    started = time.perf_counter()
    talk = timed("flag_talk", lambda: flag_talk(mentions["text"]), n)
    scores = timed("score_sentiment", lambda: sentiment(mentions["text"]), n)
    options = {"observed_until": UNTIL, "sentiment": scores, "talk": talk}
    card = timed("weekly_scorecard, flags given", lambda: weekly_scorecard(mentions, **options), n)
    total = time.perf_counter() - started
    print(f"{'all, mentions to scorecard':<34}{total:8.1f} s{n / total:12,.0f} mentions/s; {len(card):,} rows")
    timed("plain pandas, two means a week", lambda: plain(mentions, talk, scores), n)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(int(sys.argv[2]))
    else:
        given = sys.argv[1] if len(sys.argv) > 1 else "1000000"
        sys.exit(subprocess.run([sys.executable, __file__, "--measure", given.replace("_", "")]).returncode)
