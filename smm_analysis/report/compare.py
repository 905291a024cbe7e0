"""What changed between two runs: in the data, and in the verdicts (실행 비교)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from smm_analysis.report.words import columns_of, told
from smm_analysis.terms import Lang
from smm_analysis.told import in_language, joined
from smm_analysis.verdict import format_number

_HEAD = ("report", "brand", "question", "before", "now", "change")


def entry(stamp: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest's `compare`: the earlier run, whether the data changed, and a row a verdict.

    A row has `change`: new, gone, decided otherwise, beyond the noise, within the noise, or same.
    """
    old, new = _verdicts(before), _verdicts(now)
    rows = [_row(key, old.get(key), new.get(key)) for key in dict.fromkeys([*new, *old])]
    data = {"before": before["data"]["sha256"], "now": now["data"]["sha256"]}
    return {"compare": {"run": stamp, "data": data | {"changed": data["before"] != data["now"]}, "rows": rows}}


def beyond_noise(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool | None:
    """Say whether an estimate moved further than both intervals explain; None where there is no estimate.

    The intervals' half-widths add in quadrature, as for independent data. Where the two runs share data the true
    noise of the change is smaller, so a yes is safe and a no is not proof.
    """
    ends = [verdict.get(key) for verdict in (before, now) for key in ("estimate", "low", "high")]
    if any(end is None for end in ends):
        return None
    estimate, low, high, new_estimate, new_low, new_high = ends
    return abs(new_estimate - estimate) > math.hypot((high - low) / 2, (new_high - new_low) / 2)


def table(compared: Mapping[str, Any], lang: Lang = "en") -> str:
    """Return the comparison as a plain table."""
    data = told("data_changed" if compared["data"]["changed"] else "data_same")
    title = told("against", run=compared["run"], data=data)
    if not compared["rows"]:
        return in_language(told("no_verdicts", title=title), lang)
    head = [told(f"head_{name}") for name in _HEAD]
    rows = [[str(row[name] or "–") for name in _HEAD[:3]] + _cells(row) for row in compared["rows"]]
    spoken = [[in_language(cell, lang) for cell in row] for row in (head, *rows)]
    return "\n".join([in_language(title, lang), *_aligned(spoken)])


def _verdicts(manifest: Mapping[str, Any]) -> dict[tuple, dict[str, Any]]:
    """Return the verdicts of a run by report, brand, place in the grid, language and question."""
    return {
        (report["html"], number): verdict | {"report": report["name"], "brand": report["brand"]}
        for report in manifest["reports"]
        for number, verdict in enumerate(report["verdicts"])
    }


def _row(key: tuple, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> dict[str, Any]:
    shown = new or old
    numbers = ("decision", "estimate", "low", "high")
    return {
        "html": key[0],
        **{name: shown[name] for name in ("report", "brand", "question")},
        "before": {name: old[name] for name in numbers} if old else None,
        "now": {name: new[name] for name in numbers} if new else None,
        "change": _change(old, new),
    }


def _change(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> str:
    if old is None or new is None:
        return "new" if old is None else "gone"
    if old["decision"] != new["decision"]:
        return "decided otherwise"
    if old["estimate"] == new["estimate"]:
        return "same"
    return "beyond the noise" if beyond_noise(old, new) else "within the noise"


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [_short(row["before"]), _short(row["now"]), told(f"change_{row['change'].replace(' ', '_')}")]


def _short(verdict: Mapping[str, Any] | None) -> str:
    if verdict is None:
        return "–"
    estimate = "" if verdict["estimate"] is None else f" {format_number(verdict['estimate'])}"
    return joined([told(verdict["decision"]), estimate], "")


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(columns_of, column)) for column in zip(*rows, strict=True)]
    padded = [[text + " " * (wide - columns_of(text)) for text, wide in zip(row, widths, strict=True)] for row in rows]
    return ["  ".join(row).rstrip() for row in padded]
