import os

import pytest

from server import services as house

os.environ.setdefault("MOODGATE_OFFLINE", "1")  # no test fetches anything from the network


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The store of the app's services on an empty data folder without the sample."""
    monkeypatch.setenv("MOODGATE_DATA", str(tmp_path))
    monkeypatch.setenv("MOODGATE_NO_SAMPLE", "1")
    house.close_all()
    yield house.services().store
    house.close_all()
