"""What forgetting a person says, in every language (개인 삭제의 말): `told("key", ...)` is one of `words.toml`."""

from __future__ import annotations

from smm_analysis.told import Words

told = Words("smm_analysis.forgetting")
