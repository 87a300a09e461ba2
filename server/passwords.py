"""Passwords: Argon2id (RFC 9106, the library's own settings), and what a password has to be."""

import secrets
import string
import threading
import unicodedata
from typing import TYPE_CHECKING

from fer_core.errors import DataError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST, MOST = 10, 256
"""Characters. No other rule: they make people choose worse ones (NIST SP 800-63B, 3.1.1.2)."""
_AT_ONCE = 2
"""Hashes at the same time; each takes 64 MiB and four threads."""
_COMMON = ("password", "passwort", "1234567890", "qwertyuiop", "moodgate", "administrator")


class Passwords:
    """Makes and checks hashes; no more than a few at a time, whatever comes in."""

    def __init__(self) -> None:
        self._turn = threading.BoundedSemaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._made: PasswordHasher | None = None
        self._nobody = ""

    def hashed(self, password: str) -> str:
        """The hash in Argon2's own notation, salt and settings in it."""
        with self._turn:
            return self._hasher().hash(_plain(password))

    def fits(self, hash: str, password: str) -> bool:
        """Whether it is that password. An empty hash fits none, and takes as long to find out."""
        from argon2.exceptions import InvalidHashError, VerificationError

        hasher = self._hasher()
        with self._turn:
            try:
                return hasher.verify(hash or self._nobody, _plain(password)[:MOST]) and bool(hash)
            except (VerificationError, InvalidHashError):
                return False

    def outdated(self, hash: str) -> bool:
        """Whether it was made with other settings than today's."""
        return self._hasher().check_needs_rehash(hash)

    def _hasher(self) -> "PasswordHasher":
        from argon2 import PasswordHasher

        with self._lock:
            if self._made is None:
                self._made = PasswordHasher()
                self._nobody = self._made.hash(secrets.token_urlsafe(16))
            return self._made


def check_password(password: str, name: str) -> None:
    """DataError for one that is too short, too long, or the first that somebody would try."""
    plain = _plain(password)
    if len(plain) < LEAST:
        raise DataError(f"a password has at least {LEAST} characters; three or four words are easy to keep in mind")
    if len(plain) > MOST:
        raise DataError(f"a password has at most {MOST} characters")
    low = plain.casefold()
    bare = low.strip(string.digits + string.punctuation)
    if len(set(low)) < 4 or low in _COMMON or bare in _COMMON or (name and bare == name.casefold()):
        raise DataError("that password is one of the first that somebody would try; choose another")


def made_up() -> str:
    """A password to be changed at the next login, easy to read out."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def _plain(password: str) -> str:
    """One way of writing each letter, whatever the keyboard."""
    return unicodedata.normalize("NFKC", password.encode("utf-8", "replace").decode())
