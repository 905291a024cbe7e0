"""Secrets stay out of what a run leaves (비밀 값 가리기): a parameter named like password, token, key or secret."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any, TypeVar
from urllib.parse import quote

MASK = "•••"
_SECRET = re.compile(r"passw(or)?d|passphrase|token|secret|credential|(^|_)(pwd|(api)?keys?)(_|\d*$)", re.IGNORECASE)
_SHORTEST = 4  # a shorter value is masked where it is named, not wherever its letters occur

Plain = TypeVar("Plain")


def is_secret(name: str) -> bool:
    """Say whether a parameter's name is a secret's.

    >>> [is_secret(name) for name in ("api_key", "DB_PASSWORD", "token2", "keyword", "horizon")]
    [True, True, True, False, False]
    """
    return bool(_SECRET.search(name))


def masked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters by name with every secret that is not empty masked."""
    return {name: MASK if value != "" and is_secret(name) else value for name, value in values.items()}


def mask(plain: Plain, values: Mapping[str, Any]) -> Plain:
    """Return a text, or JSON, in which no secret of `values` is readable, as it is or escaped."""
    spellings = sorted(_spellings(values), key=len, reverse=True)
    if not spellings:
        return plain
    return _replaced(plain, re.compile("|".join(map(re.escape, spellings))))


def _replaced(plain: Any, spellings: re.Pattern) -> Any:
    if isinstance(plain, str):
        return spellings.sub(MASK, plain)
    if isinstance(plain, Mapping):
        return type(plain)({key: _named(key, value, spellings) for key, value in plain.items()})
    return [_replaced(value, spellings) for value in plain] if isinstance(plain, list) else plain


def _named(key: str, value: Any, spellings: re.Pattern) -> Any:
    """Mask what stands under a secret's name as a whole, whatever its length or type."""
    scalar = isinstance(value, str | int | float) and value != ""
    return MASK if scalar and is_secret(key) else _replaced(value, spellings)


def _spellings(values: Mapping[str, Any]) -> set[str]:
    secrets = {str(value) for name, value in values.items() if is_secret(name)}
    return {
        spelling
        for secret in secrets
        if len(secret) >= _SHORTEST
        for spelling in (secret, escape(secret), repr(secret)[1:-1], json.dumps(secret)[1:-1], quote(secret, safe=""))
    }
