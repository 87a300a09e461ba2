"""The command line: `python -m fer_core …`. Exit 0 done, 2 wrong use or bad input, 1 our own failure."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from fer_core import __version__
from fer_core.errors import CancelledError, InputError


def parser() -> argparse.ArgumentParser:
    """Every command and its options; each command's `run` takes the parsed arguments."""
    root = argparse.ArgumentParser(prog="python -m fer_core", description="Moodgate: how the visits of a shop went.")
    root.add_argument("--version", action="version", version=f"Moodgate {__version__}")
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    for add in (_review, _analyze, _evaluate, _train, _models, _sample, _bench, _export):
        add(commands)
    return root


def _review(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sub = commands.add_parser("review", help="a store's films of entrances and exits → visits in the database")
    sub.add_argument("films", nargs="*", type=Path, metavar="FILM", help="ENTRY EXIT: a film or a folder of films each")
    sub.add_argument("--entry", nargs="+", type=Path, default=[], help="films or folders of the entrances")
    sub.add_argument("--exit", nargs="+", type=Path, default=[], help="films or folders of the exits")
    sub.add_argument("--entry-start", nargs="+", default=[], metavar="ISO", help="start of each entrance film")
    sub.add_argument("--exit-start", nargs="+", default=[], metavar="ISO", help="start of each exit film")
    sub.add_argument("--entry-door", nargs="+", default=[], metavar="NAME", help="door of each entrance film, or one")
    sub.add_argument("--exit-door", nargs="+", default=[], metavar="NAME", help="door of each exit film, or one")
    sub.add_argument("--db", type=Path, help="the database (default: moodgate.duckdb in MOODGATE_DATA, or data/)")
    sub.add_argument("--store", default="My shop", help="the store's name (default: %(default)s)")
    sub.add_argument("--sample-shop", action="store_true", help="mark the store as made up: no person stands behind it")
    sub.add_argument("--out", type=Path, help="write the visits there too (.csv, .json, .parquet)")
    _backends(sub)
    _settings(sub)
    _json(sub)
    sub.set_defaults(run="review:run")


def _analyze(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sub = commands.add_parser("analyze", help="one film → its appearances")
    sub.add_argument("film", type=Path)
    sub.add_argument("--out", type=Path, required=True, help="file for the appearances (.csv, .json, .parquet)")
    _backends(sub)
    _settings(sub)
    _json(sub)
    sub.set_defaults(run="review:run_analyze")


def _evaluate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sub = commands.add_parser("evaluate", help="judge an expression model on labelled faces")
    sub.add_argument("data", type=Path, help=".npz, FER2013's .csv, or a folder with one folder a class")
    sub.add_argument("--labels", choices=("fer2013", "ferplus"), default="fer2013")
    sub.add_argument("--split", choices=("train", "validation", "test"))
    sub.add_argument("--model", type=Path, help="an ONNX file (default: the one in models/)")
    sub.add_argument("--flawed", action="store_true", help="keep pictures flagged leaked or ambiguous")
    _json(sub)
    sub.set_defaults(run="lab:run_evaluate")


def _train(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sub = commands.add_parser("train", help="train an expression model; run again to go on from its checkpoint")
    sub.add_argument("data", type=Path)
    sub.add_argument("--out", type=Path, required=True, help="folder of the run")
    sub.add_argument("--epochs", type=int)
    sub.add_argument("--batch", type=int)
    sub.add_argument("--widths", type=int, nargs="+", help="channels of each stage")
    sub.add_argument("--blocks", type=int, help="residual blocks a stage")
    sub.add_argument("--seed", type=int)
    _json(sub)
    sub.set_defaults(run="lab:run_train")


def _models(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sub = commands.add_parser("models", help="weights: where, licence, sha256")
    sub.add_argument("action", choices=("list", "fetch", "verify"))
    sub.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    sub.add_argument("--trust", action="store_true", help="fetch: accept weights whose sha256 nobody wrote down")
    _json(sub)
    sub.set_defaults(run="models:run")


def _sample(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sub = commands.add_parser("sample", help="write small sample footage of drawn shoppers, with its truth")
    sub.add_argument("folder", type=Path, metavar="DIR")
    sub.add_argument("--seed", type=int, default=0)
    _json(sub)
    sub.set_defaults(run="models:run_sample")


def _bench(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sub = commands.add_parser("bench", help="time each stage on a film, decoding alone beside it")
    sub.add_argument("film", type=Path)
    _backends(sub)
    _settings(sub)
    _json(sub)
    sub.set_defaults(run="lab:run_bench")


def _export(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sub = commands.add_parser("export", help="a table of the database → a file")
    sub.add_argument("table", help="visits, appearances or hourly")
    sub.add_argument("--db", type=Path)
    sub.add_argument("--out", type=Path, required=True, help="file (.csv, .json, .parquet)")
    _json(sub)
    sub.set_defaults(run="models:run_export")


def _backends(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--detector", metavar="N", help="face detector (`models list` names them)")
    sub.add_argument("--embedder", metavar="N", help="face embedder")
    sub.add_argument("--emotion", metavar="N", help="expression model, or an ONNX file")


def _settings(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--samples", type=float, metavar="N", help="pictures looked at in a second of film (default: 5)")
    sub.add_argument("--side", type=int, metavar="PX", help="longer side of the detector's picture (default: 640)")


def _json(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--json", action="store_true", help="result as JSON on stdout")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    arguments = parser().parse_args(argv)
    module, function = arguments.run.split(":")
    from importlib import import_module

    try:
        getattr(import_module(f"fer_core.cli.{module}"), function)(arguments)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (CancelledError, KeyboardInterrupt):
        print("stopped", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
