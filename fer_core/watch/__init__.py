"""Live cameras at work: what a camera sees becomes messages, and messages reach the app once each, in order.

    message.sighted(appearance, …)   one person passing a live camera, as JSON; and back
    Outbox(folder)                   messages that wait for the app, encrypted on the disk

A template is in a message only until the store's day is settled: the outbox unlinks what was taken, and its key with it.
"""

from fer_core.watch.message import Sighting
from fer_core.watch.outbox import Outbox

__all__ = ["Outbox", "Sighting"]
