"""What an import says, in every language (가져오기의 말): `told("key", ...)` is a sentence of `words.toml`."""

from __future__ import annotations

from smm_analysis.told import Words

told = Words("smm_analysis.imports")
