"""The command line as a person meets it: exit codes, one sentence, the database untouched."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fer_core.__main__ import main
from tests import films

ROOT = Path(__file__).parents[1]


def run(capsys, *arguments) -> tuple[int, str, str]:
    code = main([str(a) for a in arguments])
    told = capsys.readouterr()
    return code, told.out, told.err


def sentence(err: str) -> str:
    """The last line of stderr, which must be the error."""
    lines = [line for line in err.strip().splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, err
    return lines[0]
