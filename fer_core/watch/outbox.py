"""Messages that wait for the app: in order, each kept until it was taken, encrypted (AES-GCM) with a key in a file apart.

A message is a file of its own, written whole or not at all, so that a worker that is killed loses nothing and, as every
message has its id, nothing is counted twice.
"""

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fer_core.errors import OutputError

LOG = logging.getLogger(__name__)
_KEY, _ENDING = "outbox.key", ".message"
_KEY_BITS, _NONCE_BYTES = 256, 12
_PRIVATE = 0o600


class Outbox:
    """A folder of messages (JSON objects), oldest first. One process at a time; OutputError where the folder can't be used."""

    def __init__(self, folder: Path) -> None:
        self._folder = Path(folder)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for part in self._folder.glob("part-*"):
                part.unlink()
            self._cipher = _cipher(_key(self._folder / _KEY))
        except OSError as error:
            raise OutputError(f"{folder}: the outbox can't be used ({error.strerror})") from error
        self._next = 1 + max((number for number, _ in self._files()), default=0)

    def __len__(self) -> int:
        return len(self._files())

    def put(self, message: dict[str, Any]) -> int:
        """Keep a message until `taken`; its number. OutputError where there is no room."""
        number, self._next = self._next, self._next + 1
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, json.dumps(message).encode(), str(number).encode())
        part = self._folder / f"part-{number}"
        try:
            _write(part, sealed)
            part.replace(self._path(number))
        except OSError as error:
            part.unlink(missing_ok=True)
            raise OutputError(f"{self._folder}: a message can't be kept ({error.strerror})") from error
        return number

    def waiting(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The messages that were not taken yet with their numbers, oldest first. A damaged one goes, with a warning."""
        from cryptography.exceptions import InvalidTag

        for number, path in self._files():
            try:
                sealed = path.read_bytes()
                opened = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], str(number).encode())
            except FileNotFoundError:
                continue
            except (InvalidTag, ValueError):
                LOG.warning("message %d of the outbox is damaged, or of another key: it is left out", number)
                path.unlink(missing_ok=True)
                continue
            yield number, json.loads(opened)

    def taken(self, number: int) -> None:
        """The app has the message: it goes."""
        self._path(number).unlink(missing_ok=True)

    def close_day(self) -> None:
        """Unlink all messages and the key: what may still lie on the disk can't be read by anybody. A new key is made."""
        for _, path in self._files():
            path.unlink(missing_ok=True)
        (self._folder / _KEY).unlink(missing_ok=True)
        self._cipher = _cipher(_key(self._folder / _KEY))

    def _files(self) -> list[tuple[int, Path]]:
        found = [(int(path.stem), path) for path in self._folder.glob(f"*{_ENDING}") if path.stem.isdecimal()]
        return sorted(found)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012d}{_ENDING}"


def _cipher(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _key(path: Path) -> bytes:
    """The key in its file, which only its owner may read; a new one where there is none."""
    if path.is_file() and path.stat().st_size == _KEY_BITS // 8:
        return path.read_bytes()
    key = os.urandom(_KEY_BITS // 8)
    part = path.with_name(f"part-{path.name}")
    _write(part, key)
    part.replace(path)
    return key


def _write(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read, down to the disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
