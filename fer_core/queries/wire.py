"""A table as JSON and back again: the same rows, the same types, the same moments."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fer_core.errors import DataError

_KINDS = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "float32", "float64", "str", "object",
    "datetime64[us]", "datetime64[us, UTC]",
)  # fmt: skip
_MOST_COLUMNS = 500


def as_json(frame: pd.DataFrame) -> dict[str, Any]:
    """{"types": {column: type of pandas}, "rows": [{column: value}]}. Moments are ISO 8601; what is unknown is null."""
    types = {str(name): str(frame[name].dtype) for name in frame.columns}
    columns = {name: [_plain(value) for value in frame[name]] for name in types}
    return {"types": types, "rows": [dict(zip(types, row, strict=True)) for row in zip(*columns.values(), strict=True)]}


def from_json(given: Any) -> pd.DataFrame:
    """The table that `as_json` told of. DataError where it is none."""
    types, rows = (given.get("types"), given.get("rows")) if isinstance(given, Mapping) else (None, None)
    if not isinstance(types, Mapping) or not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise DataError('a table in JSON is {"types": {…}, "rows": [{…}]}')
    unknown = sorted({str(kind) for kind in types.values()} - set(_KINDS))
    if unknown or len(types) > _MOST_COLUMNS:
        raise DataError(f"this table has columns of a type that isn’t known here: {', '.join(unknown) or 'too many'}")
    try:
        return pd.DataFrame({name: _column([row.get(name) for row in rows], kind) for name, kind in types.items()})
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(f"a column of this table holds something else than it says ({error})") from error


def _column(values: list[Any], kind: str) -> "pd.Series[Any]":
    if not kind.startswith("datetime64"):
        return pd.Series(values, dtype="object").astype(kind)
    zoned = kind.endswith("UTC]")
    return pd.to_datetime(pd.Series(values, dtype="object"), utc=zoned, format="ISO8601").astype(kind)


def _plain(value: Any) -> Any:
    """Of numpy's and pandas' values what JSON can say."""
    if isinstance(value, np.ndarray):
        return [_plain(one) for one in value.tolist()]
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain
