"""One key through marketing, sales and service (한 열쇠로 이어진 고객): what is matched, what is personal (S4.1)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from smm_analysis.estimate import wilson, z_value
from smm_analysis.terms import Lang, reason, term

from .funnel import FIRM_ROLES

# columns that tell of a person, by what they are; every other column of the input tables tells of none
PERSONAL = MappingProxyType(
    {
        "pseudonym": (
            *("author_key", "via_author_key", "follower_key", "followed_key"),
            *("customer_key", "referred_by", "lead_key"),
        ),
        "free_text": ("text", "note"),
        "personal_trait": ("segment", "score"),
        "public_id": ("mention_id", "parent_id", "thread_id"),
    }
)
# what free text may hold that names somebody: a handle (but for @user, which an import puts in its place), an e-mail
# address, a Korean mobile number
NAMING = r"(?:^|[^\w@])@(?!user(?![A-Za-z0-9_]))\w{2,}|[\w.+-]+@[\w-]+\.\w+|\b01[016789][- .]?\d{3,4}[- .]?\d{4}\b"
MEASURES = ("customers_with_author_key", "leads_who_responded", "won_leads_among_customers")


def matched_shares(
    mentions: pd.DataFrame,
    leads: pd.DataFrame,
    customers: pd.DataFrame,
    *,
    shares: pd.DataFrame | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """How much of the record is joined by keys (열쇠로 이어진 비율, S4.1).

    Returns
    -------
    DataFrame
        A row a measure: measure, n, matched, share (0..1) with low and high (Wilson 1927), reason_en, reason_ko.
        ``customers_with_author_key``: customers whose social handle is known; ``leads_who_responded``: author keys of
        leads that wrote or passed something on; ``won_leads_among_customers``: rows of stage customer whose
        customer_key is in `customers`.
    """
    outsiders = mentions[~mentions["author_role"].isin(FIRM_ROLES)]
    responders = set(outsiders["author_key"].dropna())
    responders |= set() if shares is None else set(shares["author_key"].dropna())
    won = leads[leads["stage"] == "customer"]
    won_keys = won["customer_key"] if "customer_key" in won else pd.Series(None, won.index, dtype=object)
    known = customers["author_key"] if "author_key" in customers else pd.Series(None, customers.index, dtype=object)
    lead_keys = pd.Series(leads["author_key"].dropna().unique(), dtype=object)
    flags = (known.notna(), lead_keys.isin(responders), won_keys.isin(set(customers["customer_key"])))
    return pd.DataFrame([_share(name, flag, level) for name, flag in zip(MEASURES, flags, strict=True)])


def _share(measure: str, flags: pd.Series, level: float) -> dict[str, object]:
    """Return one measure's row; without rows there is no share."""
    n, matched = len(flags), int(flags.sum())
    why = {} if n else reason("nothing_to_match")
    share = matched / n if n else math.nan
    low, high = wilson(share, n, z_value(level))
    row = {"measure": measure, "n": n, "matched": matched, "share": share, "low": float(low), "high": float(high)}
    return row | {f"reason_{lang}": why.get(lang, "") for lang in ("en", "ko")}


def privacy_sheet(tables: Mapping[str, pd.DataFrame], *, lang: Lang = "en") -> pd.DataFrame:
    """What a data set holds about persons, and what to do with it (개인정보 점검표, S4.1).

    Pseudonyms are personal data still (GDPR art. 4(5); Korea's Personal Information Protection Act art. 2). Columns not
    in the contract are `unlisted`: nobody has said what they hold. Free text is searched for handles, e-mail addresses
    and mobile numbers; `naming_rows` counts the rows with one, which turns the kind into `direct_identifier`.

    Parameters
    ----------
    tables : table name -> frame, as loaded; columns of the contract are known by name.

    Returns
    -------
    DataFrame
        A row a column that tells of persons: table, column, rows (with a value), distinct, naming_rows, data_kind (a
        glossary key), kind_name and action in `lang`. A table without any has one row of kind `none`.
    """
    rows = [row for name, table in tables.items() for row in _sheet_of(name, table)]
    columns = ["table", "column", "rows", "distinct", "naming_rows", "data_kind"]
    sheet = pd.DataFrame(rows, columns=columns)
    entries = sheet["data_kind"].map(term)
    return sheet.assign(
        kind_name=[entry.name(lang) for entry in entries], action=[entry.definition(lang) for entry in entries]
    )


def _sheet_of(name: str, table: pd.DataFrame) -> list[tuple[object, ...]]:
    """Return the rows of one table."""
    rows = [_column_row(name, table[column]) for column in table]
    telling = [row for row in rows if row[-1] != "none"]
    return telling or [(name, "", len(table), 0, 0, "none")]


def _column_row(name: str, column: pd.Series) -> tuple[object, ...]:
    given = column.dropna()
    kind = _kind(name, str(column.name))
    naming = int(given.astype(str).str.contains(NAMING).sum()) if kind in ("free_text", "unlisted") else 0
    return name, column.name, len(given), given.nunique(), naming, "direct_identifier" if naming else kind


def _kind(table: str, column: str) -> str:
    """Return what a column holds, by its name; columns and tables that the contract does not know are unlisted."""
    from smm_analysis.tables import CONTRACT

    if table not in CONTRACT or column not in CONTRACT[table].names:
        return "unlisted"
    return next((kind for kind, columns in PERSONAL.items() if column in columns), "none")
