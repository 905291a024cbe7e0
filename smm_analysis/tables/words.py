"""What the tables say, in every language (표의 말): `told("key", ...)` is a sentence of `words.toml`."""

from __future__ import annotations

from smm_analysis.told import Words

told = Words("smm_analysis.tables")
