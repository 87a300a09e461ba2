"""A store's end with everything that lies outside the database too: pictures of faces first, then films, then its rows."""

from fer_core.store.receipts import Receipt
from server import collecting
from server.services import Services


def forget_store(made: Services, name: str, actor: str) -> Receipt:
    """Delete a store, its collections of faces and the uploaded films of its jobs; the receipt.

    Raises DataError for no such store, and while a job of it waits or runs; OutputError where something stays.
    """
    own = [job for job in made.jobs.list(limit=None) if job.store == name]
    if not any(job.active for job in own):  # else nothing is touched: the store refuses below
        collecting.withdraw(made.store, made.folder, name)
        for job in own:
            made.discard_films(job.id)
    return made.store.delete_store(name, actor=actor)
