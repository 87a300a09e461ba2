"""Secrets that tests make (passwords, cookies, tokens, tickets, secret addresses) and whether they stand in what was logged.

The watch listens at the places where secrets are made or checked. `conftest` shows it what every test printed and logged,
and the whole run fails where one of them is found.
"""

from collections.abc import Callable
from typing import Any

_LEAST = 12
"""Characters. Shorter ones are words that stand anywhere."""


class Watch:
    """Remembers secrets, and looks for them in texts."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()
        self.leaks: list[str] = []

    def note(self, secret: object) -> None:
        """Remember a secret."""
        if isinstance(secret, str) and len(secret) >= _LEAST and len(set(secret)) > 4:
            self.secrets.add(secret)

    def look(self, where: str, text: str) -> None:
        """Look for all that are known in what `where` printed or logged."""
        if any(secret in text for secret in self.secrets):
            self.leaks.append(where)

    def listen(self, owner: Any, name: str, given: tuple[int, ...] = ()) -> Callable[[], None]:
        """From now on note what that function gives back, or with `given` the arguments at those places; ends the listening."""
        real = getattr(owner, name)

        def heard(*arguments: Any, **named: Any) -> Any:
            for place in given:
                self.note(arguments[place] if place < len(arguments) else None)
            found = real(*arguments, **named)
            if not given:
                self.note(found)
            return found

        setattr(owner, name, heard)
        return lambda: setattr(owner, name, real)


def listening(watch: Watch) -> list[Callable[[], None]]:
    """Listen wherever secrets are made or checked; how to end it."""
    from fer_core.store import accounts, answers
    from server import account_admin, passwords

    return [
        watch.listen(accounts, "new_secret"),
        watch.listen(answers, "switch_on"),
        watch.listen(account_admin, "made_up"),
        watch.listen(passwords.Passwords, "hashed", (1,)),
        watch.listen(passwords.Passwords, "fits", (2,)),
    ]
