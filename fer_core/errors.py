"""What can go wrong, named for what the caller can do about it.

MoodgateError
├── InputError                 mend the input: exit code 2
│   ├── FilmError              the film can't be read, or holds no usable picture
│   ├── DataError              labelled faces or a table that can't be used
│   ├── UnknownBackendError    no such detector, embedder or expression model
│   ├── WeightsError           weights can't be had
│   │   └── WeightsMismatchError   weights whose sha256 is not the card's
│   ├── StoreError             the database can't be used
│   │   ├── StoreLockedError   another process holds it
│   │   ├── StoreVersionError  made by a newer version
│   │   └── NotAStoreError     not a database, or not ours
│   ├── OutputError            a file can't be written: no folder, no right, no room
│   ├── AppError               a running app can't be asked
│   │   ├── AppAwayError       it doesn't answer: try again later
│   │   └── AppRefusedError    it answers, and refuses
│   └── ForbiddenError         the account may not do or see that
└── CancelledError             the caller asked to stop: nothing was written
"""


class MoodgateError(Exception):
    """Root of everything that Moodgate raises on purpose; its text is one sentence for a person."""


class InputError(MoodgateError):
    """The input is at fault; the sentence names it and the cause."""


class FilmError(InputError):
    """A film that can't be read, or that holds nothing to read."""


class DataError(InputError):
    """Labelled faces or a table that can't be used as they are."""


class UnknownBackendError(InputError):
    """No backend of that name; the sentence lists the known ones."""


class WeightsError(InputError):
    """Weights that can't be had: not installed, not found, not fetched."""


class WeightsMismatchError(WeightsError):
    """Weights whose bytes are not those of the card."""


class StoreError(InputError):
    """The database can't be used as asked."""


class StoreLockedError(StoreError):
    """Another process holds the database."""


class StoreVersionError(StoreError):
    """The database was made by a newer version of Moodgate."""


class NotAStoreError(StoreError):
    """The file is not a database, or not one of Moodgate's."""


class OutputError(InputError):
    """A file can't be written where it was asked for."""


class AppError(InputError):
    """A running app that can't be asked over HTTP as it should be."""


class AppAwayError(AppError):
    """It can't be reached, or broke off; the same request may be answered later."""


class AppRefusedError(AppError):
    """It refuses; `status` is HTTP's number for it, and `said` its own sentence, "" where it gave none."""

    def __init__(self, sentence: str, status: int = 0, said: str = "") -> None:
        super().__init__(sentence)
        self.status, self.said = status, said


class ForbiddenError(InputError):
    """The account may not do or see that; the same whether what was asked for exists or not."""


class CancelledError(MoodgateError):
    """The caller asked to stop; nothing was written."""
