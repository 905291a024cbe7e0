"""What a media mix says of a channel (매체별 결과): contribution, half-life, return and cost, each with its interval.

All can go into a verdict. A channel that a diagnostic refuses keeps its numbers but carries the reason, so that no
verdict rests on it; a channel that could not be fitted has NaN.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from smm_analysis.estimate import Estimate, of_draws, unknown
from smm_analysis.terms import Lang, reason

from .adstock import half_life_weeks
from .model import MixModel

_FEWEST = 30  # customers of a line, to say how many of them stay
_QUANTITIES = ("contribution", "half_life_weeks", "roas", "cost_per_outcome")


def contribution(model: MixModel, channel: str) -> Estimate:
    """Outcome that a channel's money brought in all weeks (매체 기여), units of the outcome.

    The media effect alone, without the word of mouth it starts. Where no effect at all is plausible, `low` is 0.
    """
    return _with_zero(model, channel, _of_total(model, channel, 1.0))


def roas(model: MixModel, channel: str, *, value: float = 1.0) -> Estimate:
    """Return on advertising spend (광고 수익률): contribution times `value` per unit of money spent.

    `value` is money a unit of the outcome is worth; 1 where the outcome is money.
    """
    spent = _spent(model, channel)
    return _with_zero(model, channel, _of_total(model, channel, value / spent if spent else math.nan))


def cost_per_outcome(model: MixModel, channel: str) -> Estimate:
    """Money per incremental outcome (증분 결과당 비용), such as per new customer or unit.

    Where no effect at all is plausible it is not defined: NaN with a reason.
    """
    if channel in _fitted(model, channel) and _zero_plausible(model, channel):
        why = model.reasons.get(channel) or reason("zero_plausible", channel=channel, none=model.no_effect[channel])
        return unknown(model.level, model.n, why)
    brought = _of_total(model, channel, 1.0)
    if math.isnan(brought.estimate):
        return brought
    ends = (_spent(model, channel) / end for end in (brought.estimate, brought.high, brought.low))
    return Estimate(*ends, model.level, model.n, brought.reason)


def half_life(model: MixModel, channel: str) -> Estimate:
    """Weeks until a channel's effect has halved (이월 반감기, S3.1b); its centre is the median.

    A channel without effect has no half-life in the data: then the interval is the prior's, and a reason says so.
    """
    if channel not in _fitted(model, channel):
        return unknown(model.level, model.n, model.reasons[channel])
    return of_draws(
        half_life_weeks(_carry(model, channel)), model.level, model.n, why=_why(model, [channel]), centre="median"
    )


def half_life_gap(model: MixModel, *, btl: Sequence[str] = ("btl",), atl: Sequence[str] = ("atl",)) -> Estimate:
    """Half-life of BTL channels minus that of ATL channels, weeks, means over channels (반감기 차이, S3.1b).

    Parameters
    ----------
    btl, atl : lines counted as each.
    """
    sides = [_of_lines(model, lines) for lines in (btl, atl)]
    for lines, names in zip((btl, atl), sides, strict=True):
        if not names:
            return unknown(model.level, model.n, _why_no_line(model, lines))
    gap, other = (np.mean([half_life_weeks(_carry(model, name)) for name in names], axis=0) for names in sides)
    return of_draws(gap - other, model.level, model.n, why=_why(model, [*sides[0], *sides[1]]), centre="median")


def loyal_gap(
    model: MixModel,
    media: pd.DataFrame,
    stayed: pd.DataFrame,
    *,
    btl: Sequence[str] = ("btl",),
    atl: Sequence[str] = ("atl",),
    seed: int = 0,
) -> Estimate:
    """Loyal customers that media bring per 1,000 people reached in a week, BTL minus ATL (충성 고객 차이, S3.3).

    The new customers that a line's money brought, times the share of its customers who stay, over the people that its
    channels reached. It is the media effect alone: the word of mouth that the line starts, and old customers whom it
    wakes, are not in it, so in simulated worlds it is below the replay's truth.

    Parameters
    ----------
    model : of the outcome new_customers, in all weeks.
    media : the table the model was fitted on; its `reach` counts.
    stayed : a row a customer: line (as the firm names the source) and loyal (bool), from `reach.who_stayed`.
    btl, atl : lines counted as each.
    seed : of the draws.
    """
    if model.outcome != "new_customers":
        return unknown(model.level, model.n, reason("loyal_of_new_customers", outcome=model.outcome))
    luck, per_thousand = np.random.default_rng(seed), []
    for lines in (btl, atl):
        names, known = _of_lines(model, lines), stayed[stayed["line"].isin(lines)]
        if not names:
            return unknown(model.level, model.n, _why_no_line(model, lines))
        if len(known) < _FEWEST:
            return unknown(model.level, model.n, reason("few_who_stay", line=", ".join(lines), n=len(known)))
        brought = sum(_with_spike(model, name, luck) for name in names)
        loyal = int(known["loyal"].sum())
        stays = luck.beta(loyal + 0.5, len(known) - loyal + 0.5, len(brought))
        per_thousand.append(1000 * brought * stays / media.loc[media["channel"].isin(names), "reach"].sum())
    used = [*_of_lines(model, btl), *_of_lines(model, atl)]
    why = next((model.reasons[name] for name in used if name in model.reasons), {})
    return of_draws(per_thousand[0] - per_thousand[1], model.level, model.n, why=why)


def mix_table(model: MixModel, *, value: float = 1.0) -> pd.DataFrame:
    """Return a row a channel (매체별 결과표).

    Returns
    -------
    DataFrame
        channel, line, spend, outcome_share (0..1), no_effect (probability), then contribution, half_life_weeks,
        roas and cost_per_outcome, each with `_low` and `_high`; reason_en, reason_ko (empty where there is none).
    """
    return pd.DataFrame([_row(model, name, value) for name in model.channels])


def _row(model: MixModel, name: str, value: float) -> dict[str, object]:
    found = (contribution(model, name), half_life(model, name), roas(model, name, value=value))
    found = dict(zip(_QUANTITIES, (*found, cost_per_outcome(model, name)), strict=True))
    total = model.weekly["outcome"].sum()
    row = {"channel": name, "line": model.lines.get(name, ""), "spend": _spent(model, name)}
    row |= {"outcome_share": found["contribution"].estimate / total, "no_effect": model.no_effect.get(name, math.nan)}
    for key, got in found.items():
        row |= {key: got.estimate, f"{key}_low": got.low, f"{key}_high": got.high}
    why = found["cost_per_outcome"].reason
    return row | {f"reason_{lang}": why.get(lang, "") for lang in ("en", "ko")}


def _fitted(model: MixModel, channel: str) -> tuple[str, ...]:
    if channel not in model.channels:
        raise ValueError(f"the model has no channel {channel!r}; it has {', '.join(model.channels)}")
    return model.fitted


def _of_total(model: MixModel, channel: str, factor: float) -> Estimate:
    """Return a channel's contribution, all weeks, times a factor."""
    if channel not in _fitted(model, channel):
        return unknown(model.level, model.n, model.reasons[channel])
    draws = model.contributions[:, model.fitted.index(channel)] * factor
    return of_draws(draws, model.level, model.n, why=model.reasons.get(channel))


def _with_zero(model: MixModel, channel: str, found: Estimate) -> Estimate:
    """Let the interval reach 0 where no effect is plausible: draws, which are above 0, never do."""
    return replace(found, low=0.0) if _zero_plausible(model, channel) else found


def _with_spike(model: MixModel, channel: str, luck: np.random.Generator) -> np.ndarray:
    """Return draws of a channel's contribution, zero in as many as it may do nothing at all."""
    draws = model.contributions[:, model.fitted.index(channel)]
    return np.where(luck.random(len(draws)) < model.no_effect.get(channel, 0.0), 0.0, draws)


def _zero_plausible(model: MixModel, channel: str) -> bool:
    return model.no_effect.get(channel, 0.0) > (1 - model.level) / 2


def _why(model: MixModel, channels: Sequence[str]) -> Mapping[Lang, str]:
    """Return why nothing can rest on the half-lives of these channels; empty if something can."""
    for name in channels:
        if name in model.reasons:
            return model.reasons[name]
        if _zero_plausible(model, name):
            return reason("no_half_life", channel=name, none=model.no_effect[name])
    return {}


def _why_no_line(model: MixModel, lines: Sequence[str]) -> Mapping[Lang, str]:
    """Return why none of these lines' channels was fitted: its first channel's reason, or that there is no channel."""
    refused = [model.reasons[name] for name in model.channels if model.lines.get(name) in lines]
    return refused[0] if refused else reason("line_not_used", line=", ".join(lines))


def _carry(model: MixModel, channel: str) -> np.ndarray:
    k = model.fitted.index(channel)
    return np.concatenate([pool.shapes.carry[:, k] for pool in model.pools])


def _of_lines(model: MixModel, lines: Sequence[str]) -> list[str]:
    return [name for name in model.fitted if model.lines.get(name) in lines]


def _spent(model: MixModel, channel: str) -> float:
    return float(model.spend[channel].sum())
