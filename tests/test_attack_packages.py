"""The packages that are pinned, held against the advisories that are published (pip-audit; PyPI's own database, of OSV's data).

Left out by name where the database can't be reached: an audit that could look nothing up is none.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PINS = ("requirements.txt", "requirements-dev.txt", "constraints.txt")
ACCEPTED: dict[str, str] = {}
"""Advisories that don't concern us, by their id, and why."""
_LINE = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;]+)(\s+#.*)?$")


def pinned():
    """The lines name==version of all three files, and what is none."""
    lines = [line.strip() for name in PINS for line in (ROOT / name).read_text().splitlines()]
    lines = [line for line in lines if line and not line.startswith(("#", "-r", "-c"))]
    others = [line for line in lines if not _LINE.match(line)]
    return {match[1].lower(): match[2] for line in lines if (match := _LINE.match(line))}, others


def audited(folder, pins):
    """What pip-audit says of each package; skips where it can't look anything up."""
    pytest.importorskip("pip_audit", reason="the audit of packages needs pip-audit")
    listed = folder / "pins.txt"
    listed.write_text("".join(f"{name}=={version}\n" for name, version in pins.items()))
    ask = [sys.executable, "-m", "pip_audit", "-r", str(listed), "--no-deps", "--disable-pip", "-f", "json"]
    ask += ["--progress-spinner", "off", "--timeout", "10"]
    try:
        told = subprocess.run(ask, capture_output=True, text=True, timeout=300)  # noqa: S603  our own arguments
    except subprocess.TimeoutExpired:
        pytest.skip("the advisory database doesn't answer")
    if not told.stdout.strip().startswith("{"):
        pytest.skip(f"the advisory database can't be reached: {told.stderr.strip()[-200:]}")
    found = json.loads(told.stdout)["dependencies"]
    if all("skip_reason" in one for one in found):
        pytest.skip("the advisory database can't be reached: nothing could be looked up")
    return found


def test_every_package_is_pinned():
    pins, others = pinned()
    assert not others and len(pins) > 50


def test_no_package_has_a_known_hole(tmp_path):
    pins, _ = pinned()
    holes = [
        f"{one['name']} {one['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no version'}"
        for one in audited(tmp_path, pins)
        for hole in one.get("vulns", ())
        if not {hole["id"], *hole.get("aliases", ())} & ACCEPTED.keys()
    ]
    assert not holes, "\n".join(holes)
