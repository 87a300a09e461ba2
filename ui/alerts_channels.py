"""The channels of a store: where alerts go besides the app. Secrets are told once or never."""

import secrets

import streamlit as st

from fer_core.store.alerts import ChannelRow
from server.channels import SECURITIES, SIGNATURE, Channel, Mail, Security, Webhook
from ui import audit, resources
from ui.alerts_sending import show_outcomes, test_through
from ui.alerts_words import CHANNELS
from ui.plain import escape
from ui.settings_common import change

_ROUND = "alert_channel_round"
_FRESH = "_alert_secret"
"""The store and the secret that was just made: it stands there until its owner has it."""
_PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
_SECURITY = {"starttls": "STARTTLS (587)", "tls": "TLS from the start (465)", "none": "None (25), without a password"}
_VERIFYING = (
    f"Each message carries the header `{SIGNATURE}: t=SECONDS,v1=HEX`. HEX is the HMAC-SHA256 of the seconds, a full stop and "
    "the body as it came, with this secret as the key. Compare it in constant time, and pass over what is older than five "
    "minutes. A message may come twice: then with the same `id` and `event`."
)


def show(name: str) -> None:
    """Draw the tab of a store."""
    st.caption(
        "Alerts always stand in the app. Channels tell somebody elsewhere too, when an alert begins and when it is over. What "
        "doesn’t arrive is tried again for a day."
    )
    _fresh(name)
    for row in resources.store().alert_channels(name):
        _channel(name, row)
    st.subheader("A new channel", anchor=False)
    _form(name, None)


def _fresh(name: str) -> None:
    store, secret = st.session_state.get(_FRESH, ("", ""))
    if store != name:
        return
    with st.container(border=True):
        st.success(
            "This is the webhook’s secret. It is shown only now; keep it where the receiver finds it.", icon=":material/key:"
        )
        st.code(secret, language=None)
        st.caption(_VERIFYING)
        st.button("I have it", key="alert_secret_seen", on_click=lambda: st.session_state.pop(_FRESH, None))


def _channel(name: str, row: ChannelRow) -> None:
    with st.container(border=True, key=f"alert_channel_{row.key}"):
        st.markdown(f"**{escape(row.name)}** · {CHANNELS.get(row.kind, row.kind)}")
        st.text(row.shown)  # as markdown an address would be a link
        with st.container(horizontal=True):
            if st.button("Test", key=f"alert_channel_test_{row.key}", icon=":material/send:"):
                test_through(name, [row.key])
            with st.popover("Delete", icon=":material/delete:"):
                st.write("The rules that name it go on without it. What still waits is not sent.")
                if st.button("Delete the channel", key=f"alert_channel_delete_{row.key}"):
                    change(lambda: _delete(name, row), "The channel is deleted.")
        show_outcomes([(row.key, row.name)])
        with st.expander("Enter it again", icon=":material/edit:"):
            st.caption("Its address and its secrets are shown to nobody, so all of it is typed anew.")
            _form(name, row)


# ---- forms ----------------------------------------------------------------------------------------------------------


def _form(name: str, row: ChannelRow | None) -> None:
    key = row.key if row else f"new_{name}_{st.session_state.setdefault(_ROUND, 0)}"
    kind = row.kind if row else st.segmented_control(
        "By", list(CHANNELS), format_func=CHANNELS.__getitem__, default="webhook", key=f"alert_by_{key}", required=True
    )  # fmt: skip
    draw = _webhook if kind == "webhook" else _mail
    draw(name, row, key)


def _webhook(name: str, row: ChannelRow | None, key: str) -> None:
    with st.form(f"alert_webhook_{key}", border=False):
        called = _name(row, key)
        address = st.text_input(
            "Address", key=f"alert_address_{key}", placeholder="https://shop.example/alerts", autocomplete="off"
        )
        if st.form_submit_button("Save with a new secret" if row else "Add the webhook", type="primary"):
            change(
                lambda: _save(name, row, called, Webhook(address.strip(), secrets.token_urlsafe(32))), "The webhook is saved."
            )


def _mail(name: str, row: ChannelRow | None, key: str) -> None:
    # outside the form, for the usual port follows it
    security = st.selectbox(
        "Security", SECURITIES, format_func=lambda one: _SECURITY.get(one, one), key=f"alert_security_{key}"
    )
    with st.form(f"alert_mail_{key}", border=False):
        called = _name(row, key)
        left, right = st.columns([3, 1])
        host = left.text_input("SMTP server", key=f"alert_host_{key}", placeholder="smtp.example.org")
        port = right.number_input("Port", 1, 65_535, _PORTS[security], 1, key=f"alert_port_{key}_{security}")
        left, right = st.columns(2)
        user = left.text_input("User", key=f"alert_user_{key}", autocomplete="off", disabled=security == "none")
        password = right.text_input(
            "Password", type="password", key=f"alert_password_{key}", autocomplete="new-password", disabled=security == "none"
        )
        sender = st.text_input("From", key=f"alert_from_{key}", placeholder="moodgate@example.org")
        to = st.text_input("To, several with commas", key=f"alert_to_{key}", placeholder="manager@example.org")
        if st.form_submit_button("Save" if row else "Add the e-mail channel", type="primary"):
            recipients = tuple(one.strip() for one in to.split(",") if one.strip())
            login = (user.strip(), password) if security != "none" else ("", "")
            change(
                lambda: _save(name, row, called, Mail(host.strip(), int(port), security, sender.strip(), recipients, *login)),
                "The e-mail channel is saved.",
            )


def _name(row: ChannelRow | None, key: str) -> str:
    return st.text_input("Name", row.name if row else "", 100, key=f"alert_name_{key}", placeholder="Shop floor")


def _save(name: str, row: ChannelRow | None, called: str, channel: Channel) -> None:
    kind = "webhook" if isinstance(channel, Webhook) else "email"
    key = resources.store().put_alert_channel(name, kind, called, channel.shown, channel.details(), key=row.key if row else "")
    audit.note(f"alert.channel.{'change' if row else 'make'}", store=name, subject=key, detail={"kind": kind})
    if isinstance(channel, Webhook):
        st.session_state[_FRESH] = (name, channel.secret)
    if row is None:
        st.session_state[_ROUND] += 1


def _delete(name: str, row: ChannelRow) -> None:
    resources.store().delete_alert_channel(name, row.key)
    audit.note("alert.channel.delete", store=name, subject=row.key, detail={"kind": row.kind})
