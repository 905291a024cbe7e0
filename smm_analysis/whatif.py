"""What if (가정해 보기): sliders for JupyterLab that answer at once, from results that are already there.

Nothing is computed anew: between the rows of a result the answer is read off a straight line, and a verdict's interval
is held against another smallest effect. Reports leave these cells out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from smm_analysis.terms import Lang, label
from smm_analysis.verdict import Verdict, decide, format_number, questions

if TYPE_CHECKING:
    import pandas as pd
    from ipywidgets import VBox

_NOTHING = {
    "en": "The data cannot tell, so there is nothing to slide.",
    "ko": "데이터로 알 수 없어 바꾸어 볼 것이 없습니다.",
}


def along(
    table: pd.DataFrame, x: str, outcome: str, *, name: str = "", start: float | None = None, lang: Lang = "en"
) -> VBox:
    """Return a slider along a result's rows (결과를 따라 움직이는 막대).

    Parameters
    ----------
    table : a result's, with `x`, `outcome`, and its ends behind the name: `outcome`_low, `outcome`_high.
    x, name : glossary keys of what is slid, and of the outcome (empty: `outcome` itself).
    start : where the slider stands at first; None: at the best outcome.
    """
    if table.empty:
        return _shown(_NOTHING[lang])
    low, high = float(table[x].min()), float(table[x].max())
    start = float(table[x].iloc[table[outcome].argmax()]) if start is None else start
    title = label(name or outcome, lang)
    return _slider(
        label(x, lang), (low, high, start), lambda at: f"<p>{escape(title)}: {answer_at(table, at, x, outcome)}</p>"
    )


def answer_at(table: pd.DataFrame, at: float, x: str, outcome: str) -> str:
    """Return the outcome at one place with its interval, between rows by a straight line.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"week": [0, 10], "won": [100, 200], "won_low": [90, 150], "won_high": [110, 250]})
    >>> answer_at(rows, 5, "week", "won")
    '150 (120 – 180)'
    """
    rows = table.sort_values(x)
    found = [float(np.interp(at, rows[x], rows[column])) for column in (outcome, f"{outcome}_low", f"{outcome}_high")]
    return "{} ({} – {})".format(*map(format_number, found))


def smallest_effect(verdict: Verdict) -> VBox:
    """Return a slider of the smallest effect that matters, and the card as it then is (의미 있는 최소 효과 바꾸기)."""
    if not np.isfinite([verdict.low, verdict.high]).all():
        return _shown(verdict.to_html())
    ends = verdict.low, verdict.high, verdict.delta, 0.0
    room = 0.25 * (max(ends) - min(ends))
    reach = min(ends) - room, max(ends) + room, verdict.delta
    return _slider(
        label("smallest_that_matters", verdict.lang), reach, lambda delta: judged_at(verdict, delta).to_html()
    )


def judged_at(verdict: Verdict, delta: float) -> Verdict:
    """Return the verdict with another smallest effect that matters; one with a reason of its own stays as it is."""
    if verdict.reason and decide(verdict.low, verdict.high, verdict.delta) != "cannot_tell":
        return verdict
    decision = decide(verdict.low, verdict.high, delta)
    text = questions()[verdict.key][f"{decision}_{verdict.lang}"]
    return replace(verdict, delta=delta, decision=decision, text=text, reason="")


def _slider(title: str, reach: tuple[float, float, float], answer: Callable[[float], str]) -> VBox:
    """Return a slider over `reach` (low, high, start) and what it answers."""
    from ipywidgets import HTML, FloatSlider, Layout, VBox

    low, high, start = reach
    wide = {"style": {"description_width": "initial"}, "layout": Layout(width="40em")}
    slider = FloatSlider(start, min=low, max=high, step=(high - low) / 100 or 1, description=title, **wide)
    shown = HTML(answer(slider.value))
    slider.observe(lambda change: setattr(shown, "value", answer(change["new"])), "value")
    return VBox([slider, shown])


def _shown(text: str) -> VBox:
    from ipywidgets import HTML, VBox

    return VBox([HTML(text)])
