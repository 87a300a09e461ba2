"""Secrets that must be used again, such as a camera's password: sealed with a key that lies beside the database, not in it.

A copy of the database alone opens none of them. AES-GCM (NIST SP 800-38D) with a nonce for each.
"""

import base64
import os
from pathlib import Path

from fer_core.errors import OutputError

_KEY = ".key"
_KEY_BYTES, _NONCE_BYTES = 32, 12
_PRIVATE = 0o600


def seal(database: Path, text: str) -> str:
    """The text as base64 that only `unseal` with the same database's key can read. OutputError where no key can be kept."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(_key(database)).encrypt(nonce, text.encode(), None)).decode()


def unseal(database: Path, sealed: str) -> str | None:
    """The text that was sealed; None where it was sealed with another key, or changed."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        given = base64.b64decode(sealed, validate=True)
        return AESGCM(_key(database)).decrypt(given[:_NONCE_BYTES], given[_NONCE_BYTES:], None).decode()
    except (InvalidTag, ValueError):
        return None


def _key(database: Path) -> bytes:
    """The key's file, which only its owner may read; made where there is none."""
    path = database.with_name(database.name + _KEY)
    try:
        if path.is_file() and path.stat().st_size == _KEY_BYTES:
            return path.read_bytes()
        part = path.with_name(f"{path.name}.part-{os.getpid()}")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE), "wb") as file:
            file.write(os.urandom(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)
    except FileExistsError:
        pass
    except OSError as error:
        raise OutputError(f"{path}: the key of the secrets can't be kept ({error.strerror})") from error
    finally:
        path.with_name(f"{path.name}.part-{os.getpid()}").unlink(missing_ok=True)
    return path.read_bytes()
