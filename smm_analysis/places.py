"""Where notebooks, sample data and published tables are: in the repository, or inside the installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def notebooks() -> Path:
    """Return the folder of the project's notebooks (노트북 폴더)."""
    return _first_existing(_PACKAGE.parent / "notebooks", _PACKAGE / "notebooks")


def sample() -> Path:
    """Return the folder of the simulated sample data set (예제 데이터)."""
    return _first_existing(_PACKAGE.parent / "data" / "sample", _PACKAGE / "data" / "sample")


def published() -> Path:
    """Return the folder of the small published tables (발표된 자료), each with its source in its README."""
    return _first_existing(_PACKAGE.parent / "data" / "published", _PACKAGE / "data" / "published")


def _first_existing(in_repository: Path, in_wheel: Path) -> Path:
    """Look inside first: a wheel's parent folder is site-packages, whose `notebooks` would be somebody else's."""
    return in_wheel if in_wheel.is_dir() else in_repository
