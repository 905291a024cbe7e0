"""What several files of tests begin with."""

import pytest

from smm_analysis import pseudonyms


@pytest.fixture
def keys(tmp_path_factory, monkeypatch):
    """Keep keys of tests out of the user's own folder."""
    folder = tmp_path_factory.mktemp("config") / "keys"
    monkeypatch.setattr(pseudonyms, "keys_folder", lambda: folder)
    monkeypatch.delenv("SMM_KEY", raising=False)
    return folder
