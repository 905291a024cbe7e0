"""The glossary: one entry per term, Korean and English, with unit and source.

Every label, axis title and table header of the project reads `terms.toml` through this module.

>>> label("nps", "en")
'Net Promoter Score (points)'
>>> label("nps", "ko", unit=False)
'순추천지수'
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Lang = Literal["en", "ko"]
_OF_OUTCOME = ("units of the outcome", "결과 단위")  # units that the outcome itself names
_OF_TERMS = (  # columns whose values are glossary keys
    "predictor",
    "population",
    "view",
    "measure",
    "why",
    "data_kind",
    "reading",
    "stage",
    "status",
    "author_role",
    "form",
    "four_type",
    "side",
    "medium_kind",
    "view_source",
    "post_group",
    "reach_of",
    "contestant",
    "topic",
    "design",
    "experiment",
)
# whose values are terms, or names of the user's own, or several
_OF_NAMES = ("plan", "source", "line", "outside", "check", "statistic", "parameter")
LANGS: tuple[Lang, ...] = ("en", "ko")
_REASONS = tuple(f"reason_{lang}" for lang in LANGS)
SMALLEST_GROUP = 5  # people; of smaller groups no numbers are shown, their members could be told


@dataclass(frozen=True)
class Term:
    """One glossary entry (용어).

    `en`, `ko`: the name; `unit_en`, `unit_ko`: the unit, empty for pure numbers and names;
    `definition_en`, `definition_ko`: one sentence; `source`: paper or claim id, may be empty.
    """

    key: str
    en: str
    ko: str
    definition_en: str = ""
    definition_ko: str = ""
    unit_en: str = ""
    unit_ko: str = ""
    source: str = ""

    def name(self, lang: Lang = "en") -> str:
        """Return the name in `lang`."""
        return getattr(self, lang)

    def unit(self, lang: Lang = "en") -> str:
        """Return the unit in `lang`; empty if the term has none."""
        return getattr(self, f"unit_{lang}")

    def definition(self, lang: Lang = "en") -> str:
        """Return the definition in `lang`."""
        return getattr(self, f"definition_{lang}")


def headed(table: pd.DataFrame, lang: Lang = "en", *, currency: str = "", outcome: str = "") -> pd.DataFrame:
    """Return a table for readers (표 머리글): headings from the glossary, the first column as the index.

    Headings that are no term stay as they are; `currency` names the money, `outcome` (a term) what is won. Words in
    columns such as `predictor`, `measure` or `plan` are terms too. Of the reasons why the data cannot tell, this
    language's stay, if there are any.
    """
    table = table.drop(
        columns=[name for name in _REASONS if name in table and (name != f"reason_{lang}" or not any(table[name]))]
    )
    named = {column: table[column].map(lambda key: label(key, lang)) for column in _OF_TERMS if column in table}
    named |= {column: table[column].map(lambda keys: _worded(keys, lang)) for column in _OF_NAMES if column in table}
    units = {"currency": currency, "outcome": outcome}
    headings = {column: label(column, lang, **units) for column in table if column in glossary()}
    worded = table.assign(**named).rename(columns=headings)
    return worded.set_index(worded.columns[0])


def reason(key: str, **values: object) -> dict[Lang, str]:
    """Return why the data cannot tell, in every language (판단할 수 없는 이유), from `reasons.toml`.

    >>> reason("few_customers", n=12, needed=30)["en"]
    'There are 12 eligible customers; at least 30 are needed.'
    """
    told = {lang: {name: _said(value, lang) for name, value in values.items()} for lang in LANGS}
    return {lang: _read("reasons.toml")[key][lang].format(**told[lang]) for lang in LANGS}


class Refused(ValueError):
    """What cannot be done with these data, told in every language (할 수 없는 이유), from `reasons.toml`.

    Its message is the English one; as a value of another reason it speaks that reason's language.

    >>> reason("experiment_refused", why=Refused("experiment_never_varies", outcome="units"))["en"]
    "No experiment could be planned: 'units' never varies: check how the weekly table was made."
    """

    def __init__(self, key: str, **values: object) -> None:
        self.reason = reason(key, **values)
        super().__init__(self.reason["en"])


def _said(value: object, lang: Lang) -> object:
    """Return a value as it stands in a sentence of `lang`: an error that knows only English is marked as such."""
    if isinstance(value, Refused):
        return value.reason[lang]
    return f"원인(영문): {value}." if lang == "ko" and isinstance(value, Exception) else value


@cache
def glossary() -> dict[str, Term]:
    """Return all terms by key, in the file's order."""
    return {key: Term(key=key, **entry) for key, entry in _read("terms.toml").items()}


def term(key: str) -> Term:
    """Return one term; an unknown key is a KeyError that names the nearest ones."""
    try:
        return glossary()[key]
    except KeyError:
        near = ", ".join(difflib.get_close_matches(key, glossary(), n=3)) or "none is near"
        raise KeyError(f"terms.toml has no term {key!r} (nearest: {near})") from None


def label(key: str, lang: Lang = "en", *, unit: bool = True, currency: str = "", outcome: str = "") -> str:
    """Return the term's name with its unit in brackets, as axes and headers show it (이름과 단위).

    `currency` names the money, `outcome` (a term) what is won.

    >>> label("extra", "ko", outcome="new_customers")
    '추가 결과 (신규 고객)'
    """
    entry = term(key)
    name, measured = per_million(entry.name(lang), currency, lang), in_currency(entry.unit(lang), currency, lang)
    if outcome and measured in _OF_OUTCOME:
        measured = named(outcome, lang) if lang == "ko" else named(outcome, lang).lower()
    said = measured in (name.lower(), name.lower().split(maxsplit=1)[0])  # Hours until the answer
    return f"{name} ({measured})" if unit and measured and not said else name


def in_currency(unit: str, currency: str, lang: Lang = "en") -> str:
    """Return a unit with the currency in the place of the word money: won in Korean by its name, others by their code.

    >>> in_currency("금액", "KRW", "ko"), in_currency("money", "KRW"), in_currency("persons", "KRW")
    ('원', 'KRW', 'persons')
    """
    return unit if not currency or unit not in ("money", "금액") else _called(currency, lang)


def per_million(name: str, currency: str, lang: Lang = "en") -> str:
    """Return the name of a measure with the currency of its millions, where it has some and the currency is known.

    >>> per_million("비용 100만당 도달 인원", "KRW", "ko"), per_million("People reached per million of money", "USD")
    ('비용 100만 원당 도달 인원', 'People reached per million USD')
    """
    if not currency:
        return name
    if lang == "ko":
        return name.replace("100만당", f"100만 {_called(currency, lang)}당")
    return name.replace("million of money", f"million {currency}")


def _called(currency: str, lang: Lang) -> str:
    """Return what a currency is called: won in Korean by its name, others by their code."""
    return "원" if (currency, lang) == ("KRW", "ko") else currency


def named(key: str, lang: Lang = "en") -> str:
    """Return the name of a value of the tables, such as a kind of post, where the glossary has it; else as it is."""
    return term(key).name(lang) if key in glossary() else key


def _worded(keys: object, lang: Lang) -> object:
    """Return the names of one value, or of several with commas between; what is no text stays as it is."""
    return ", ".join(named(key, lang) for key in keys.split(", ")) if isinstance(keys, str) else keys


@cache
def _read(name: str) -> dict[str, dict[str, str]]:
    return tomllib.loads(files("smm_analysis").joinpath(name).read_text(encoding="utf-8"))
