"""Whether a stage is ready (단계별 준비): measures with intervals held against marks; an aid, not a verdict.

| stage | ready when |
|---|---|
| basic_model | people are answered, complaints handled in time, little of what is seen is promotion (S0.1) |
| diffusion_model | the relationship has risen, and people pass on more where it is better (S0.2, S0.3) |
| participation_model | diffusion has settled: people are engaged, stand by the brand and would recommend it (S1.6) |

The interval decides: wholly on the good side of its mark a measure is ready, wholly on the other not yet, else unclear.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from smm_analysis.terms import LANGS, Lang, label, reason
from smm_analysis.verdict import decide

STAGES: dict[str, tuple[str, ...]] = {
    "basic_model": ("answered", "hand_off", "promo_seen"),
    "diffusion_model": ("relationship_change", "shares_per_thousand_gap"),
    "participation_model": ("engaged_index", "advocacy", "nps"),
}
SHARES = ("answered", "hand_off", "promo_seen", "advocacy")  # 0..1, shown in percent
AT_MOST = ("promo_seen",)  # less is better
_STATUS = {"supported": "ready", "not_supported": "not_yet", "cannot_tell": "unclear"}
_NUMBERS = ["estimate", "low", "high", "n"]
_REASONS = [f"reason_{lang}" for lang in LANGS]
_STAGE = ["stage", "status", "held_back_by"]


def measured(**results: Any) -> pd.DataFrame:
    """Return results as rows, to stand with a scorecard's (결과를 행으로): a keyword a measure; None is left out.

    A result has estimate, low, high, n; or the measure's own name, such as `nps` or `engaged_index`, and the ends
    behind it.

    >>> from types import SimpleNamespace
    >>> measured(nps=SimpleNamespace(nps=32.0, low=25.0, high=39.0, n=432), hand_off=None)[["measure", "estimate", "n"]]
      measure  estimate    n
    0     nps      32.0  432
    """
    rows = [_row(measure, result) for measure, result in results.items() if result is not None]
    return pd.DataFrame(rows, columns=["measure", *_NUMBERS, *_REASONS])


def _row(measure: str, result: Any) -> dict[str, Any]:
    def part(*names: str, otherwise: float = math.nan) -> float:
        return next((getattr(result, name) for name in names if hasattr(result, name)), otherwise)

    ends = {end: part(end, f"{measure}_{end}") for end in ("low", "high")}
    why = getattr(result, "reason", None) or {}
    numbers = {"estimate": part("estimate", measure), **ends, "n": part("n", "n_weeks", otherwise=0)}
    return {"measure": measure, **numbers, **{f"reason_{lang}": why.get(lang, "") for lang in LANGS}}


def readiness(*tables: pd.DataFrame, marks: Mapping[str, float]) -> pd.DataFrame:
    """Hold measures against their marks (준비 점검).

    Parameters
    ----------
    tables : rows of measures, as `listening_effort(...).summary`, `period_summary` and `measured` give them: measure,
        estimate, low, high, n, and perhaps reason_en, reason_ko. The first table that has a measure counts.
    marks : a mark a measure of `STAGES`, in the measure's unit, shares 0..1: from it on (`promo_seen`: up to it) the
        stage is ready.

    Returns
    -------
    DataFrame
        A row a measure of `STAGES`: stage, measure, estimate, low, high, n, ready_mark, status (ready, not_yet or
        unclear), reason_en, reason_ko. A measure that no table has is unclear, with a reason.

    Raises
    ------
    ValueError
        If a mark is missing or of no measure.
    """
    wanted = [measure for measures in STAGES.values() for measure in measures]
    if set(marks) != set(wanted):
        raise ValueError(f"marks takes a number for each of {', '.join(wanted)}; given {', '.join(marks)}")
    known: dict[str, dict[str, Any]] = {}
    for table in tables:
        for row in table.to_dict("records"):
            known.setdefault(row["measure"], row)
    rows = [
        {"stage": stage, **_held(measure, known.get(measure), marks[measure])}
        for stage, measures in STAGES.items()
        for measure in measures
    ]
    return pd.DataFrame(rows)[["stage", "measure", *_NUMBERS, "ready_mark", "status", *_REASONS]]


def _held(measure: str, row: Mapping[str, Any] | None, mark: float) -> dict[str, Any]:
    """Return a measure with its status against the mark."""
    if row is None:
        lacking = reason("canvas_not_measured")
        nothing = dict.fromkeys(_NUMBERS[:3], math.nan) | {"n": 0}
        row = nothing | {f"reason_{lang}": lacking[lang] for lang in LANGS}
    ends = float(row["low"]), float(row["high"])
    decision = decide(-ends[1], -ends[0], -mark) if measure in AT_MOST else decide(*ends, mark)
    why = {name: row.get(name, "") for name in _REASONS}
    told = "unclear" if any(why.values()) else _STATUS[decision]
    return {"measure": measure, **{name: row[name] for name in _NUMBERS}, "ready_mark": mark, "status": told, **why}


def stage_status(table: pd.DataFrame) -> dict[str, str]:
    """Return the status of each stage of `readiness` (단계별 상태): not yet if one measure is, ready if all are."""
    found = {}
    for stage, rows in table.groupby("stage", sort=False):
        told = set(rows["status"])
        found[stage] = "not_yet" if "not_yet" in told else "ready" if told == {"ready"} else "unclear"
    return found


def stage_table(table: pd.DataFrame, lang: Lang = "en") -> pd.DataFrame:
    """Return a row a stage of `readiness` (준비 요약): stage, status, and held_back_by, the measures not ready."""
    status, rows = stage_status(table), []
    for stage, measures in table[table["status"] != "ready"].groupby("stage", sort=False)["measure"]:
        names = ", ".join(label(measure, lang, unit=False) for measure in measures)
        rows.append((stage, f"{label('held_back_by', lang)}: {names}"))
    held = dict(rows)
    return pd.DataFrame([(stage, told, held.get(stage, "")) for stage, told in status.items()], columns=_STAGE)
