"""What several files of tests begin with."""

import os

import pytest

from smm_analysis import pseudonyms

os.environ.pop("SMM_LANG", None)  # tests say themselves in which language a command speaks


@pytest.fixture
def keys(tmp_path_factory, monkeypatch):
    """Keep keys of tests out of the user's own folder."""
    folder = tmp_path_factory.mktemp("config") / "keys"
    monkeypatch.setattr(pseudonyms, "keys_folder", lambda: folder)
    monkeypatch.delenv("SMM_KEY", raising=False)
    return folder
