"""The table contracts (표 규약): load and check a data set.

A data set is a folder with `dataset.toml` and one file a table; `data/README.md` says what each holds. Rows are
refused, never dropped or repaired in silence: `load` wants them all in order, `check` lists what is not.

What is where: `contract` says what the tables are and `dataset` what `dataset.toml` says. `loading` holds the ways in;
`inspecting` reads table after table (`files`, `reading`, `converting`, `checking`; `large` and `rules` where an engine
does it), and `faults` says what is wrong, in the `words` of either language. `frames` holds what was read, which
`cutting` cuts. `exporting` and `template` write for spreadsheets, `locking` keeps writers apart, `calendar` knows the
weeks.
"""

from __future__ import annotations

from smm_analysis.tables.calendar import every_week, moment_in, mondays
from smm_analysis.tables.contract import CONTRACT, Column, Table
from smm_analysis.tables.converting import empty
from smm_analysis.tables.dataset import ENGINE, NAME, Brand, Dataset, Medium, read_dataset
from smm_analysis.tables.exporting import Exported, export_table, export_tables, legible, suppress_small
from smm_analysis.tables.faults import DataError, MissingTable, Problem, refused
from smm_analysis.tables.frames import Tables
from smm_analysis.tables.large import outgrows
from smm_analysis.tables.loading import Check, check, check_cut, load, logs
from smm_analysis.tables.template import WORKBOOK, write_template

__all__ = [
    "CONTRACT",
    "ENGINE",
    "NAME",
    "WORKBOOK",
    "Brand",
    "Check",
    "Column",
    "DataError",
    "Dataset",
    "Exported",
    "Medium",
    "MissingTable",
    "Problem",
    "Table",
    "Tables",
    "check",
    "check_cut",
    "empty",
    "every_week",
    "export_table",
    "export_tables",
    "legible",
    "load",
    "logs",
    "moment_in",
    "mondays",
    "outgrows",
    "read_dataset",
    "refused",
    "suppress_small",
    "write_template",
]
