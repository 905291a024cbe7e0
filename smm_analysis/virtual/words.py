"""What people write (사람들이 쓰는 말): sentences of `words.toml` put together, Korean and English, by what is meant.

>>> say("praise", "delivery", brand="mirae", language="en", u=0.1)
Said(text='Ordered yesterday, delivered today. Impressive shipping.', topical=True, negated=False)
>>> say("complaint", "size", brand="mirae", language="ko", u=0.936).text
'치수가 전혀 마음에 들지 않습니다 ㅠㅠ'
"""

import re
import tomllib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

# a letter for what is meant, in the strings of truth.json
MEANINGS = MappingProxyType(
    {
        "question": "q",
        "praise": "p",
        "complaint": "c",
        "anger": "a",
        "defence": "d",
        "help": "h",
        "chat": "k",
        "self": "s",
        "thanks": "t",
        "reply": "r",
        "statement": "m",
    }
)
FIRM = frozenset({"reply", "statement"})  # what the firm writes: no emoticons
OWN, BEFORE, AFTER, TAGGED = (
    0.6,
    0.12,
    0.3,
    0.25,
)  # how often: the topic's own sentence, an opening, an ending, a hashtag
BITS = 8  # of luck, for each choice
PARTICLE = re.compile(r"(\{[xb]\})(이/가|은/는|을/를|과/와|으로/로)")


class Said(NamedTuple):
    """A text, whether it lets the topic be known, and whether it negates the opposite of what it means."""

    text: str
    topical: bool
    negated: bool


@cache
def words() -> dict:
    """The content of `words.toml`."""
    return tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))


@cache
def topics() -> tuple[str, ...]:
    """The topics' names, in the file's order."""
    return tuple(words()["topic"])


@cache
def emerging() -> tuple[str, ...]:
    """The topics that nobody speaks of at first."""
    return tuple(name for name, topic in words()["topic"].items() if topic.get("emerges"))


def tone(meaning: str) -> float:
    """What a supplier would score it on average, -1..1."""
    return words()["said"][meaning]["tone"]


def choices(u: float, number: int) -> list[float]:
    """Split one uniform into several, of eight bits each.

    >>> choices(0.5, 2)
    [0.5, 0.0]
    """
    out = []
    for _ in range(number):
        u *= 2**BITS
        out.append(int(u) / 2**BITS)
        u %= 1
    return out


def say(meaning: str, topic: str, *, brand: str, language: str, u: float) -> Said:
    """A sentence of that meaning on that topic, chosen by a uniform (뜻과 주제에 맞는 문장)."""
    own, form, word, before, after, tagged = choices(u, 6)
    about = words()["topic"][topic]
    special = about.get(meaning, {}).get(language) if own < OWN or about.get("own_only") else None
    template = _pick(special or words()["said"][meaning][language], form)
    text = _filled(template.removeprefix("!"), _pick(about[language], word), brand)
    if meaning not in FIRM:
        text = _opened(text, meaning, language, before)
        text = _ended(text, meaning, language, after)
        text += f" #{brand}" if special and tagged < TAGGED else ""
    return Said(text, bool(special) or "{x}" in template, template.startswith("!"))


def _pick(items: list[str], u: float) -> str:
    return items[int(u * len(items))]


def _opened(text: str, meaning: str, language: str, u: float) -> str:
    """Now and then a word before."""
    openings = words()["before"].get(meaning, {}).get(language)
    return _pick(openings, u / BEFORE) + text if openings and u < BEFORE else text


def _ended(text: str, meaning: str, language: str, u: float) -> str:
    """Now and then an emoticon behind, unless there is one."""
    mood = "warm" if tone(meaning) > 0.25 else "cold" if tone(meaning) < -0.25 else "plain"
    bare = text[-1] in ".?!" or (text[-1].isascii() and text[-1].isalpha()) or "가" <= text[-1] <= "힣"
    return text.removesuffix(".") + _pick(words()["behind"][mood][language], u / AFTER) if bare and u < AFTER else text


@cache
def _filled(template: str, word: str, brand: str) -> str:
    """The template with topic and brand, and the particles that fit them."""
    values = {"{x}": word, "{b}": brand}
    template = PARTICLE.sub(lambda found: found[1] + particle(values[found[1]], found[2]), template)
    return template.replace("{x}", word).replace("{b}", brand)


def particle(word: str, pair: str) -> str:
    """The Korean particle that fits the word's last sound (받침에 맞는 조사).

    >>> particle("배송", "이/가"), particle("사이즈", "이/가"), particle("haneul", "으로/로")
    ('이', '가', '로')
    """
    closed, opened = pair.split("/")
    last = word[-1]
    if "가" <= last <= "힣":
        sound = (ord(last) - ord("가")) % 28
        is_closed, is_l = sound > 0, sound == 8
    else:  # names in Latin letters are romanised Korean; capitals are read letter by letter
        is_closed, is_l = last in "LMNR" if last.isupper() else last not in "aeiouy", last in "lL"
    return opened if not is_closed or (is_l and opened == "로") else closed
