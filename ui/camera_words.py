"""Cameras in plain words: what they film, how they are, where they are read. No streamlit here."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from fer_core.types import Role
from ui.plain import counted, duration, escape, percent

ROLES: Mapping[Role, str] = MappingProxyType({"entry": "entrance", "exit": "exit", "floor": "shop floor"})
HERE = "this app"
"""What the workers in the app's own process call themselves."""
Colour = Literal["green", "orange", "red", "gray", "blue"]
STATES: Mapping[str, tuple[str, Colour, str]] = MappingProxyType(
    {
        "live": ("Live", "green", ":material/check_circle:"),
        "connecting": ("Connecting", "blue", ":material/sync:"),
        "starting": ("Starting", "blue", ":material/sync:"),
        "frozen": ("Frozen", "orange", ":material/ac_unit:"),
        "retrying": ("Trying again", "orange", ":material/autorenew:"),
        "over": ("Ended", "gray", ":material/movie:"),
        "gone": ("Worker gone", "red", ":material/link_off:"),
        "off": ("Stopped", "gray", ":material/stop_circle:"),
        "unheard": ("Not heard of", "gray", ":material/help:"),
    }
)
"""A camera's state: its word, colour and sign. Never the colour alone."""


@dataclass(frozen=True)
class Card:
    """A camera with all that a page says of it. shown: its address without user and password, or "" where the app reads none;
    told: what was heard of it in the last 24 hours (`server.live_days.CameraState`), or None."""

    key: str
    name: str
    role: Role
    door: str
    shown: str
    running: bool
    told: Any | None

    @property
    def health(self) -> Mapping[str, Any]:
        return self.told.health if self.told is not None else {}

    @property
    def state(self) -> str:
        """A key of STATES."""
        if self.shown and not self.running:
            return "off"
        if self.told is None:
            return "starting" if self.shown else "unheard"
        found = str(self.health.get("state", ""))
        return found if found in STATES else "connecting"

    @property
    def place(self) -> str:
        """What it films: entrance, door North; a floor camera its own name."""
        door = self.door if self.role == "floor" else f"door {self.door}"
        return f"{ROLES[self.role]}, {door}" if self.door else ROLES[self.role]

    @property
    def reader(self) -> str:
        """Who reads it."""
        worker = str(getattr(self.told, "worker", "") or "")
        if self.shown or worker == HERE:
            return "read by this app"
        return f"read by the worker {worker}" if worker else "read by a worker on another machine"


def label(row: Mapping[Any, Any]) -> str:
    """A camera in a select box: its name, what it films, how many zones it masks; of a row of `queries.cameras`."""
    door = ("" if row["role"] == "floor" else ", door " + row["door"]) if row["door"] else ""
    masked = f" · {counted(len(row['zones']), 'zone')}" if row["zones"] else ""
    return f"{row['name']} ({ROLES[row['role']]}{door}){masked}"


def sentence(card: Card, now: datetime) -> str:
    """How the camera is, in one sentence; plain text."""
    if str(card.health.get("state")) == "over":
        return "The film was played to its end."
    if card.state == "off":
        return "It is not read at the moment."
    if card.told is None:
        return "It is being started …" if card.shown else "No worker has reported for it in the last 24 hours."
    if card.state == "live":
        return figures(card, now)
    why = str(card.health.get("why") or getattr(card.told, "message", "") or "").strip()
    since = f"last heard of {duration(max(0.0, (now - card.told.at).total_seconds()))} ago"
    return f"{why[:1].upper()}{why[1:]} ({since})." if why else f"{since[:1].upper()}{since[1:]}."


def figures(card: Card, now: datetime) -> str:
    """Pictures a second, delay, faces, share usable, last picture; with what the worker has to say."""
    health, told = card.health, card.told
    if told is None:
        return ""
    said = [f"{float(health.get('taken_per_s') or 0):.1f} pictures a second looked at", f"{told.delay_s:.1f} s late"]
    said.append(f"{told.faces_per_min:.0f} faces a minute")
    if told.usable is not None:
        said.append(f"{percent(told.usable)} usable")
    silent = health.get("silent_s")
    if silent is not None:
        said.append(f"last picture {silent + max(0.0, (now - told.at).total_seconds()):.0f} s ago")
    message = f" {told.message}" if told.message else ""
    return ", ".join(said) + "." + message


def command(address: str, server: str, store: str, role: Role, door: str) -> str:
    """The command line for a worker on the machine beside the camera."""
    named = f" --camera {shlex.quote(door)}" if door else ""
    return (
        f"python -m fer_core watch {shlex.quote(address)} \\\n    --server {shlex.quote(server)} --token-file token.txt \\\n"
        f"    --store {shlex.quote(store)} --role {role}{named}"
    )


def heading(card: Card) -> str:
    """Its name in bold and what it films; markdown."""
    return f"**{escape(card.name)}** · {escape(card.place)}"
