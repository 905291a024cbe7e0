"""Many reports from one file (격자): the product of lists of parameters, and the table that compares the results.

::

    reports: [03_nps_vs_customer_health]    # or name them on the command line; none = every report
    parameters:
      brand: [mirae, hana]
      horizon: [13, 26]
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from smm_analysis.report.catalogue import ReportError
from smm_analysis.report.masking import masked
from smm_analysis.report.words import told

_VERDICT = ("question", "decision", "estimate", "low", "high", "level", "unit", "delta", "measure", "method_check")


@dataclass(frozen=True)
class Grid:
    """Reports and, per parameter, the values to run them with, as text."""

    origin: str = ""
    reports: tuple[str, ...] = ()
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def points(self) -> list[dict[str, str]]:
        """The combinations, the last parameter changing fastest; one empty combination for no list."""
        names = list(self.lists)
        return [dict(zip(names, values, strict=True)) for values in itertools.product(*self.lists.values())]


def read_grid(path: Path) -> Grid:
    """Read a grid file strictly; a ReportError names the key, what is allowed and what was found."""
    import yaml

    try:
        plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ReportError(told("not_yaml", file=path.name, why=" ".join(str(error).split()))) from None
    known = {"reports", "parameters"}
    if not isinstance(plain, Mapping) or not plain or plain.keys() - known:
        found = ", ".join(map(str, plain)) if isinstance(plain, Mapping) else type(plain).__name__
        raise ReportError(told("grid_keys", file=path.name, found=found or told("nothing")))
    reports = plain.get("reports") or []
    if not isinstance(reports, list) or not all(isinstance(name, str) for name in reports):
        raise ReportError(told("grid_reports", file=path.name, found=reports))
    lists = plain.get("parameters")
    if not isinstance(lists, Mapping) or not lists:
        raise ReportError(told("grid_parameters", file=path.name, found=lists))
    checked = {str(name): _values(f"{path.name}: parameters.{name}", values) for name, values in lists.items()}
    if "data" in checked:  # as other paths in files: from where the file is
        checked["data"] = tuple(str(path.parent / folder) for folder in checked["data"])
    return Grid(path.name, tuple(reports), checked)


def _values(where: str, values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not values:
        raise ReportError(told("grid_list", where=where, found=values))
    texts = tuple(_text(where, value) for value in values)
    if twice := next((text for text in texts if texts.count(text) > 1), None):
        raise ReportError(told("grid_twice", where=where, value=twice))
    return texts


def _text(where: str, value: Any) -> str:
    """Return a YAML value as it would be given with -p; YAML 1.1 reads an unquoted no, off or yes as a truth value."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str | int | float):
        return str(value)
    raise ReportError(told("grid_value", where=where, found=value))


def comparison(grid: Grid, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the manifest's `grid`: its dimensions, and a row a report with its values and its verdicts' numbers."""
    rows = [
        {
            "report": entry["name"],
            "title": entry["title"],
            "html": entry["html"],
            "status": entry["status"],
            "values": {name: entry["parameters"].get(name) for name in grid.lists if name != "data"}
            | ({"data": entry["data_name"]} if "data" in grid.lists else {}),
            "verdicts": [{key: verdict.get(key) for key in _VERDICT} for verdict in entry["verdicts"]],
        }
        for entry in entries
    ]
    return {"dimensions": {name: _shown(grid, name) for name in grid.lists}, "rows": rows}


def _shown(grid: Grid, name: str) -> list[str]:
    """Return a dimension's values as a page may show them: a data set's folder by its name, a secret masked."""
    values = grid.lists[name]
    return [Path(value).name if name == "data" else str(masked({name: value})[name]) for value in values]
