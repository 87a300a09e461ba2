import os

import pytest

from server import services as house
from tests.secrets_in_logs import Watch, listening

os.environ.setdefault("MOODGATE_OFFLINE", "1")  # no test fetches anything from the network


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The store of the app's services on an empty data folder without the sample."""
    monkeypatch.setenv("MOODGATE_DATA", str(tmp_path))
    monkeypatch.setenv("MOODGATE_NO_SAMPLE", "1")
    house.close_all()
    yield house.services().store
    house.close_all()


_watch = pytest.StashKey[Watch]()
_ends = pytest.StashKey[list]()
_elsewhere = pytest.StashKey[int]()


def pytest_sessionstart(session):
    watch = session.config.stash[_watch] = Watch()
    session.config.stash[_elsewhere] = 0
    session.config.stash[_ends] = listening(watch)
    session.config.pluginmanager.register(Looking(watch))


class Looking:
    """Looks at what each test printed and logged for secrets that tests have made."""

    def __init__(self, watch):
        self.watch = watch

    def pytest_runtest_logreport(self, report):
        if report.passed or report.skipped:  # a failed test shows its own values
            self.watch.look(f"{report.nodeid} ({report.when})", "\n".join(text for _, text in report.sections))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    for end in session.config.stash.get(_ends, []):
        end()
    told = getattr(session.config, "workeroutput", None)
    if told is not None:  # one of several processes tells the first one what it saw
        watch = session.config.stash[_watch]
        told["leaks"], told["secrets"] = list(watch.leaks), len(watch.secrets)
    if session.config.stash[_watch].leaks and session.exitstatus == 0:
        session.exitstatus = 1


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    told = getattr(node, "workeroutput", {})
    node.config.stash[_elsewhere] += int(told.get("secrets", 0))
    node.config.stash[_watch].leaks.extend(told.get("leaks", []))


def pytest_terminal_summary(terminalreporter, config):
    watch = config.stash[_watch]
    looked_for = len(watch.secrets) + config.stash[_elsewhere]
    terminalreporter.write_line(f"secrets in logs: {len(watch.leaks)} (of {looked_for} that were looked for)")
    for where in watch.leaks:
        terminalreporter.write_line(f"a password, cookie or token stands in what {where} printed or logged", red=True)
