"""The boxes of the canvas in words (캔버스의 칸): what each holds, in both languages, from results handed over."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

import numpy as np

from smm_analysis.terms import LANGS, Lang, glossary, label, named, term
from smm_analysis.verdict import format_number, format_together

from .ready import AT_MOST, SHARES, stage_status

if TYPE_CHECKING:
    import pandas as pd

    from smm_analysis.estimate import Estimate
    from smm_analysis.tables import Brand, Medium

Level = Literal["listen", "engage", "influence"]
Lines = list[str]
RECENT = 13  # weeks that count as lately
_MOST = 5  # themes and media named
_SIGNS = {"ready": "✓", "not_yet": "×", "unclear": "?"}


@dataclass(frozen=True)
class Findings:
    """What the models found and the data set declares (찾은 것); what is None is said to be missing.

    `weekly` is one brand's table. `sides` is `relationship.reach_by_side`'s, `relationship` the weeks of
    `relationship_index`, `change` its `relationship_change`, `links` what `link_synergy` gives as effect, `linked` how
    many of how many posts are linked, `listening` a `period_summary` over `weeks` weeks, `themes` those of
    `listening.themes`, `stages` those of `handoff.follow_through` within `within` weeks, `responders` the table of
    `handoff_by(cases, "responder")` within `hours`, `ready` the table of `readiness`.
    """

    brand: str
    declared: Brand | None
    media: Mapping[str, Medium]
    weekly: pd.DataFrame
    ready: pd.DataFrame
    sides: pd.DataFrame | None = None
    relationship: pd.DataFrame | None = None
    change: Estimate | None = None
    links: Estimate | None = None
    linked: tuple[int, int] = (0, 0)
    listening: pd.DataFrame | None = None
    weeks: int = 26
    themes: pd.DataFrame | None = None
    stages: pd.DataFrame | None = None
    within: int = 26
    responders: pd.DataFrame | None = None
    hours: int = 24
    synthetic: bool = False


@dataclass(frozen=True)
class Choice:
    """What people choose and data do not (선택, S4.7): the level, the horizon in weeks, the goal in their own words."""

    level: Level
    horizon: int
    goal: str = ""


@dataclass(frozen=True)
class Canvas:
    """The page in words (캔버스): `title` and `boxes`, by language; a box has its lines by its key of `BOXES`.

    `ready` is the table of `readiness`.
    """

    title: Mapping[Lang, str]
    boxes: Mapping[Lang, Mapping[str, tuple[str, ...]]]
    ready: pd.DataFrame


def draw_up(found: Findings, choice: Choice) -> Canvas:
    """Put what was found and chosen into the boxes of the canvas, in both languages (캔버스 쓰기, S0.11)."""
    boxes = {
        lang: {key: tuple(write(found, choice, lang)) for key, write in BOXES.items()} | _stages(found.ready, lang)
        for lang in LANGS
    }
    ends = {"first": f"{found.weekly['week'].min():%Y-%m-%d}", "last": f"{found.weekly['week'].max():%Y-%m-%d}"}
    told = {lang: _say("title", lang, brand=found.brand, **ends) for lang in LANGS}
    checks = {lang: f" · {_say('method_check', lang)}" if found.synthetic else "" for lang in LANGS}
    return Canvas({lang: told[lang] + checks[lang] for lang in LANGS}, boxes, found.ready)


# --- the basic model --------------------------------------------------------------------------------------------------


def _central_medium(found: Findings, _: Choice, lang: Lang) -> Lines:
    if found.declared is None:
        return [_say("not_declared", lang)]
    name = found.declared.central_medium
    medium = found.media.get(name)
    about = f" ({label(f'medium_{medium.kind}', lang)})" if medium else ""
    lines = [f"{name}{about}"]
    if found.sides is not None:
        ours = found.sides[(found.sides["author_role"] == "brand") & (found.sides["medium"] == name)]
        for row in ours.itertuples():
            reach = _span(row.reach_a_week, max(row.low, 0), row.high, lang)
            lines += [_say("reach_a_week", lang, reach=reach), _say("of_our_reach", lang, share=_percent(row.share))]
    return lines


def _account_route(found: Findings, _: Choice, lang: Lang) -> Lines:
    route = found.declared.account_route if found.declared else None
    followers = _last(found.weekly, "followers")
    lines = [_say(f"route_{route}", lang) if route else _say("route_open", lang)]
    if found.declared and followers is not None:
        market = format_number(found.declared.market_size)
        lines.append(_say("followers_of_market", lang, followers=format_number(followers), market=market))
    return [*lines, _say("platform_rule", lang)]


def _presence(found: Findings, _: Choice, lang: Lang) -> Lines:
    held = (found.declared.presence if found.declared else None) or {}
    if not held:
        return [_say("no_presence", lang)]
    total, wanting = sum(map(float, held.values())), [name for name, share in held.items() if float(share) < 1]
    lines = [_say("in_place", lang, have=format_number(total), all=len(held))]
    there = [name for name in held if name not in wanting]
    for sign, names in (("✓", there), ("×", wanting)):
        if names:
            lines.append(f"{sign} {', '.join(_presence_name(name, lang) for name in names)}")
    return lines


def _presence_name(name: str, lang: Lang) -> str:
    key = f"presence_{name}"
    return label(key, lang) if key in glossary() else name


def _follow_through(found: Findings, _: Choice, lang: Lang) -> Lines:
    if found.stages is None:
        return [_lacking("mentions, leads, customers", lang)]
    lines = [_say("of_responders", lang, within=found.within)]
    for row in found.stages[found.stages["stage"] != "qualified"].itertuples():
        told = {"rate": _span(row.rate, row.low, row.high, lang, 100), "n": format_number(row.n)}
        lines.append(_say("stage_rate", lang, stage=named(row.stage, lang), **told))
    return [*lines, _say("presence_open", lang)]


def _listeners(found: Findings, _: Choice, lang: Lang) -> Lines:
    followers, lines = _last(found.weekly, "followers"), []
    if followers is not None:
        lines.append(_say("followers", lang, n=format_number(followers)))
    if found.listening is not None:
        row = _of(found.listening, "advocacy")
        weeks = min(found.weeks, len(found.weekly))
        wrote = {"people": format_number(row["people"]), "n": format_number(row["n"]), "weeks": weeks}
        lines.append(_say("wrote", lang, **wrote))
    won = found.weekly["new_customers"].tail(RECENT)
    return [*lines, _say("new_customers", lang, n=format_number(won.sum()), weeks=len(won))]


def _themes_heard(found: Findings, _: Choice, lang: Lang) -> Lines:
    if found.themes is None or found.themes.empty:
        return [_say("no_themes", lang)]
    most = found.themes.sort_values("people", ascending=False, kind="stable").head(_MOST)
    return [_say("theme", lang, theme=row.theme, people=format_number(row.people)) for row in most.itertuples()]


def _relationship(found: Findings, _: Choice, lang: Lang) -> Lines:
    lines = []
    if found.relationship is not None and found.relationship["relationship"].notna().any():
        row = found.relationship.dropna(subset=["relationship"]).iloc[-1]
        now = _span(row["relationship"], row["low"], row["high"], lang)
        lines.append(_say("relationship_now", lang, now=now))
    if found.change is not None:
        lines.append(_known("relationship_moved", found.change, lang))
    if found.listening is not None:
        row = _of(found.listening, "net_sentiment")
        lines.append(_say("sentiment", lang, value=_span(row["estimate"], row["low"], row["high"], lang)))
    return lines or [_lacking("mentions", lang)]


def _responders(found: Findings, _: Choice, lang: Lang) -> Lines:
    if found.responders is None:
        return [_lacking("cases", lang)]
    lines = [_say("complaints", lang, n=format_number(found.responders["n"].max()), hours=found.hours)]
    for row in found.responders.itertuples():
        rate = _span(row.rate, row.low, row.high, lang, 100)
        lines.append(_say("answered_by", lang, who=_say(f"by_{row.responder}", lang), rate=rate))
    return lines


# --- the diffusion model ----------------------------------------------------------------------------------------------


def _media_of(author: str) -> Callable[[Findings, Choice, Lang], Lines]:
    """Return the box of the media that the firm, or its customers, publish on."""

    def write(found: Findings, _: Choice, lang: Lang) -> Lines:
        if found.sides is None:
            return [_lacking("posts, mentions", lang)]
        rows = found.sides[found.sides["author_role"] == author].head(_MOST)
        return [_medium_line(row, found.media, lang) for row in rows.itertuples()] or [_say("nothing", lang)]

    return write


def _medium_line(row: tuple, media: Mapping[str, Medium], lang: Lang) -> str:
    kind = f" ({label(f'medium_{media[row.medium].kind}', lang)})" if row.medium in media else ""
    reach = _span(row.reach_a_week, max(row.low, 0), row.high, lang)  # people are not below none
    return _say("medium_reach", lang, medium=f"{row.medium}{kind}", reach=reach)


def _links(found: Findings, _: Choice, lang: Lang) -> Lines:
    linked, all_posts = found.linked
    lines = [_say("linked", lang, linked=format_number(linked), all=format_number(all_posts))] if all_posts else []
    if found.links is not None:
        lines.append(_known("link_effect", found.links, lang, "%"))
    return lines or [_lacking("posts", lang)]


# --- what people choose -----------------------------------------------------------------------------------------------


def _level(found: Findings, choice: Choice, lang: Lang) -> Lines:
    import pandas as pd

    last = found.weekly["week"].max() + pd.Timedelta(weeks=choice.horizon)
    told = [_say(f"level_{choice.level}", lang), _say("horizon", lang, weeks=choice.horizon, until=f"{last:%Y-%m-%d}")]
    return [*told, _say("patience", lang)]


def _goals(found: Findings, choice: Choice, lang: Lang) -> Lines:
    won = format_number(found.weekly["new_customers"].tail(RECENT).mean())
    lines = [" ".join(choice.goal.split()) or _say("no_goal", lang), _say("shared_measures", lang)]
    lines.append(_say("new_a_week", lang, n=won))
    if found.stages is not None and (found.stages["stage"] == "customer").any():
        row = found.stages.set_index("stage").loc["customer"]
        lines.append(_say("to_customer", lang, rate=_span(row["rate"], row["low"], row["high"], lang, 100)))
    for row in found.ready[found.ready["measure"].isin(["nps", "answered"])].to_dict("records"):
        lines.append(f"· {term(row['measure']).name(lang)}: {_measured(row, lang)}")
    return lines


# --- readiness --------------------------------------------------------------------------------------------------------


def _stages(ready: pd.DataFrame, lang: Lang) -> dict[str, tuple[str, ...]]:
    """Return a box a stage: its status, and a line a measure."""
    boxes = {}
    for stage, status in stage_status(ready).items():
        rows = ready[ready["stage"] == stage].to_dict("records")
        boxes[f"ready_{stage}"] = (_say(f"stage_{status}", lang), *(_ready_line(row, lang) for row in rows))
    return boxes


def _ready_line(row: Mapping, lang: Lang) -> str:
    name, sign = term(row["measure"]).name(lang), _SIGNS[row["status"]]
    factor = 100 if row["measure"] in SHARES else 1
    mark = format_number(factor * row["ready_mark"]) + ("%" if factor == 100 else "")
    key = "up_to" if row["measure"] in AT_MOST else "from"
    return f"{sign} {name}: {_measured(row, lang)}, {_say(key, lang, mark=mark)}"


def _measured(row: Mapping, lang: Lang) -> str:
    if not np.isfinite(row["estimate"]):
        return _say("unknown", lang)
    return _span(row["estimate"], row["low"], row["high"], lang, 100 if row["measure"] in SHARES else 1)


BOXES: dict[str, Callable[[Findings, Choice, Lang], Lines]] = {
    "central_medium": _central_medium,
    "account_route": _account_route,
    "presence": _presence,
    "follow_through": _follow_through,
    "listeners": _listeners,
    "themes_heard": _themes_heard,
    "relationship": _relationship,
    "case_responders": _responders,
    "firm_media": _media_of("brand"),
    "customer_media": _media_of("customer"),
    "linked_content": _links,
    "level_and_horizon": _level,
    "shared_goals": _goals,
}


# --- words ------------------------------------------------------------------------------------------------------------


def _span(estimate: float, low: float, high: float, lang: Lang, factor: float = 1, sign: str = "") -> str:
    """Return a number with its interval, rounded alike; `factor` 100 shows a share in percent."""
    if not np.isfinite(estimate):
        return _say("unknown", lang)
    sign = "%" if factor == 100 else sign
    number, *ends = format_together(factor * estimate, factor * low, factor * high)
    return _say("interval", lang, estimate=number + sign, low=ends[0], high=ends[1])


def _known(key: str, effect: Estimate, lang: Lang, sign: str = "") -> str:
    """Return a sentence with an effect and its interval, or why it is not known."""
    if effect.reason:
        return effect.reason[lang]
    return _say(key, lang, value=_span(effect.estimate, effect.low, effect.high, lang, sign=sign))


def _percent(share: float) -> str:
    return f"{format_number(100 * share)}%" if np.isfinite(share) else "–"


def _last(weekly: pd.DataFrame, column: str) -> float | None:
    known = weekly[column].dropna() if column in weekly else ()
    return float(known.iloc[-1]) if len(known) else None


def _of(table: pd.DataFrame, measure: str) -> Mapping:
    return table.set_index("measure").loc[measure]


def _lacking(tables: str, lang: Lang) -> str:
    return _say("lacking", lang, tables=tables)


def _say(key: str, lang: Lang, **values: object) -> str:
    return _words()[key][lang].format(**values)


@cache
def _words() -> dict[str, dict[Lang, str]]:
    return tomllib.loads(files("smm_analysis.canvas").joinpath("words.toml").read_text(encoding="utf-8"))
