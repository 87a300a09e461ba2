"""The server's end of the connection check: one connection that sends back what it is sent, for some seconds. No streamlit."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLong
from typing import Any

from aiortc import InvalidStateError, RTCConfiguration, RTCDataChannel, RTCIceServer, RTCPeerConnection, RTCSessionDescription

_OPEN_S = 20.0
_ANSWER_S = 10.0
_MOST_AT_ONCE = 4
_LONGEST = 64
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, AssertionError, OSError, RuntimeError, InvalidStateError)
"""What the library raises for offers that are none, and in a network that has no addresses."""
_places = threading.BoundedSemaphore(_MOST_AT_ONCE)

BUSY = "Too many connections are being checked at the moment. Try again in half a minute."
UNREAD = "The server could not read the browser’s offer."
SLOW = "The server found no address of its own in time: an ICE server in the settings may not answer it."


def answer(sdp: str, servers: Sequence[dict[str, Any]]) -> dict[str, str]:
    """{"sdp": the answer to the browser's offer}, or {"why": a sentence}. The connection closes by itself after 20 s."""
    if "m=application" not in sdp:  # no data channel is offered
        return {"why": UNREAD}
    if not _places.acquire(blocking=False):
        return {"why": BUSY}
    told: Future[str] = Future()
    threading.Thread(target=_serve, args=(sdp, servers, told), name="connection check", daemon=True).start()
    try:
        found = told.result(_ANSWER_S)
    except TooLong:
        return {"why": SLOW}
    return {"sdp": found} if found else {"why": UNREAD}


def _serve(sdp: str, servers: Sequence[dict[str, Any]], told: "Future[str]") -> None:
    try:
        asyncio.run(_connected(sdp, servers, told))
    except _UNREADABLE:
        if not told.done():
            told.set_result("")
    finally:
        _places.release()


async def _connected(sdp: str, servers: Sequence[dict[str, Any]], told: "Future[str]") -> None:
    known = [RTCIceServer(one["urls"], one.get("username"), one.get("credential")) for one in servers]
    peer = RTCPeerConnection(RTCConfiguration(iceServers=known))
    peer.on("datachannel", _echo)
    try:
        await peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        told.set_result(peer.localDescription.sdp)
        await _over(peer)
    finally:
        await peer.close()


async def _over(peer: RTCPeerConnection) -> None:
    """Wait until the browser has closed the connection, or the time is up."""
    closed = asyncio.Event()

    def changed() -> None:
        if peer.connectionState in ("closed", "failed"):
            closed.set()

    peer.on("connectionstatechange", changed)
    try:
        await asyncio.wait_for(closed.wait(), _OPEN_S)
    except TimeoutError:
        return


def _echo(channel: RTCDataChannel) -> None:
    def back(message: Any) -> None:
        if isinstance(message, str) and len(message) <= _LONGEST:
            channel.send(message)

    channel.on("message", back)
