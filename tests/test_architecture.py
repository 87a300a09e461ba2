"""The house's rules, read from the code: who may import whom, and that importing loads nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

CORE = Path(__file__).parents[1] / "fer_core"
FLOORS = (
    ("types", "errors", "settings", "privacy"),
    ("geometry", "metrics", "weights", "inference", "video", "link"),
    ("detect", "embed", "emotion", "track", "quality", "gate", "gallery", "match", "review", "pixelate", "cameras", "zones"),
    ("pipeline", "store", "queries", "dataset", "publish", "explain"),
    ("train", "evaluate", "collect", "sample", "bench", "live", "notices", "validity", "enrolling", "watch", "alerts"),
    ("cli", "__main__"),
)
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}
WITHIN = {("queries", "store"), ("cli", "__main__"), ("__main__", "cli")}
"""Neighbours that may meet: a query reads the store; the parser calls the commands. Floor 0 may throughout."""
HEAVY = ("tensorflow", "torch", "cv2", "dlib", "onnxruntime", "deepface", "mtcnn", "streamlit", "keras")


def imports_of(path: Path) -> set[str]:
    """Modules of fer_core that a file imports, by their first name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "fer_core":
            found |= {alias.name for alias in node.names if alias.name in FLOOR_OF}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fer_core."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("fer_core.")}
    return found


def files() -> list[Path]:
    return [path for path in sorted(CORE.rglob("*.py")) if path != CORE / "__init__.py"]


def place_of(path: Path) -> str:
    return path.relative_to(CORE).parts[0].removesuffix(".py")


def test_every_file_has_a_floor():
    assert {place_of(path) for path in files()} <= FLOOR_OF.keys()


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(CORE)))
def test_imports_only_from_floors_below(path):
    here = place_of(path)
    for other in imports_of(path) - {here}:
        allowed = FLOOR_OF[other] < FLOOR_OF[here] or FLOOR_OF[here] == 0 == FLOOR_OF[other] or (here, other) in WITHIN
        assert allowed, f"{here} (floor {FLOOR_OF[here]}) imports {other} (floor {FLOOR_OF[other]})"


def test_files_stay_readable():
    long = {str(path): n for path in files() if (n := len(path.read_text(encoding="utf-8").splitlines())) > 500}
    assert not long


def test_importing_the_command_line_loads_no_model_package():
    code = f"import sys, fer_core.__main__; print([m for m in {HEAVY!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CORE.parent)  # noqa: S603
    assert result.stdout.strip() == "[]"


def test_importing_the_pipeline_loads_no_deep_learning_framework():
    heavy = ("tensorflow", "torch", "dlib", "deepface", "mtcnn", "streamlit", "keras")
    code = f"import sys, fer_core.pipeline; print([m for m in {heavy!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CORE.parent)  # noqa: S603
    assert result.stdout.strip() == "[]"
