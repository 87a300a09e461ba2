"""Live cameras at work: what a camera sees becomes messages, and messages reach the app once each, in order.

    Watch(address, link, engines, box)   reads one camera and hands over what it sees
    Plan                                 what is to be done with the camera, from the app
    Sighting, Count                      the messages: somebody who may be recognised, and a number
    Outbox(folder)                       messages that wait for the app, encrypted on the disk
    HttpLink(server, token, …)           the app at an address

A template is in a message only until the store's day is settled: the outbox unlinks what was taken, and its key with it.
"""

from fer_core.watch.day import LIVE, settled
from fer_core.watch.link import Answer, Away, HttpLink, Link, Refused, Taken
from fer_core.watch.message import Backends, Count, Message, Sighting, message_of
from fer_core.watch.outbox import Outbox
from fer_core.watch.plan import Plan, plan_of
from fer_core.watch.worker import MemoryBox, Watch
from fer_core.zones import ZONE_KINDS, MeasuringZone, ZoneKind

__all__ = [
    "LIVE",
    "ZONE_KINDS",
    "Answer",
    "Away",
    "Backends",
    "Count",
    "HttpLink",
    "Link",
    "MeasuringZone",
    "MemoryBox",
    "Message",
    "Outbox",
    "Plan",
    "Refused",
    "Sighting",
    "Taken",
    "Watch",
    "ZoneKind",
    "message_of",
    "plan_of",
    "settled",
]
