"""Rules and channels in plain words. No streamlit here."""

from collections.abc import Mapping
from types import MappingProxyType

from fer_core.alerts import Kind, Negative, Rule, Silent
from ui.plain import counted, duration

KINDS: Mapping[str, str] = MappingProxyType(
    {"negative": "Negative reviews", "silent": "Camera silent", "unusable": "Few usable faces"}
)
ABOUT: Mapping[Kind, str] = MappingProxyType(
    {
        "negative": "Too large a share of the reviews of the last minutes is negative.",
        "silent": "A live camera sends no picture, or always the same one: its power, its cable, its network.",
        "unusable": "A live camera sees faces and can use few of them: light, height, distance, a dirty lens.",
    }
)
CHANNELS: Mapping[str, str] = MappingProxyType({"webhook": "Webhook", "email": "E-mail"})
ALL_CAMERAS = "every live camera"


def rule_words(rule: Rule, cameras: Mapping[str, str]) -> str:
    """What the rule looks for, in one sentence; cameras: names by key."""
    limits = rule.limits
    if isinstance(limits, Negative):
        return (
            f"More than {_percent(limits.share)} of the reviews of the last {_minutes(limits.minutes)} are negative, "
            f"of at least {counted(limits.visits, 'visit')}."
        )
    camera = cameras.get(limits.camera, "a camera that is gone") if limits.camera else ALL_CAMERAS
    hours = " In opening hours." if limits.open_only else ""
    if isinstance(limits, Silent):
        return f"No new picture for {duration(limits.seconds)}: {camera}.{hours}"
    return (
        f"Less than {_percent(limits.share)} of at least {counted(limits.faces, 'face')} in {_minutes(limits.minutes)} "
        f"can be used: {camera}.{hours}"
    )


def told_words(rule: Rule, channels: list[str]) -> str:
    """Who is told, and how often."""
    how = f"Told through {', '.join(channels)}" if channels else "Shown in the app only"
    again = f", and not again within {_minutes(rule.pause_min)}" if rule.pause_min else ""
    return f"{how}{again}."


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def _minutes(minutes: int) -> str:
    return counted(minutes, "minute")
