"""What is said of pseudonyms' keys, in every language (가명 키의 말): `told("key", ...)` is one of `words.toml`."""

from __future__ import annotations

from smm_analysis.told import Words

told = Words("smm_analysis.pseudonyms")
