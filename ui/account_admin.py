"""All accounts, for administrators; and before the first one, the setup."""

from collections.abc import Callable

import streamlit as st

from fer_core.errors import MoodgateError
from fer_core.store.accounts import Row
from server import account_admin
from server.accounts import Account
from server.rights import ACTIONS, MAY, ROLES, STORES
from ui import account, resources
from ui.account_forms import Field, form, problem
from ui.notices import leave, sentence, tell
from ui.plain import escape

_WIDTH = 860
_FRESH = "_fresh_password"


def show() -> None:
    """Draw the page."""
    tell()
    st.title("Accounts", anchor=False)
    with st.container(width=_WIDTH):
        if not account.accounts().exist():
            _setup()
            return
        own = account.current()
        own.need("accounts")
        _fresh()
        for row in account_admin.details(account.accounts(), own):
            _one(own, row)
        _make(own)
        _table()


def _setup() -> None:
    st.markdown(
        "There are no accounts yet, so whoever uses this machine may do everything, and no other machine is let in. "
        "With the first account that ends: from then on everybody signs in, and sees their own stores only."
    )
    problem()
    form(
        "setup",
        "Make the first administrator",
        [
            Field("account", "Name"),
            Field("password", "Password (10 characters or more)", "password", "new-password"),
            Field("again", "Password again", "password", "new-password"),
        ],
    )
    st.caption("This can’t be undone here: keep the password. A demo account for the sample shop is made beside it.")


def _fresh() -> None:
    told = st.session_state.pop(_FRESH, None)
    if told:
        name, password = told
        st.success(f"The password of {escape(name)}, to be changed at the first login. It is shown this once.")
        st.code(password, language=None)


def _one(own: Account, row: Row) -> None:
    kind = STORES.get(row.role, "own")  # type: ignore[call-overload]
    names = _names(row)
    told = ", ".join(names) or "no store" if kind == "own" else {"all": "all stores", "sample": "sample stores"}[kind]
    mark = " · disabled" if row.disabled else ""
    with st.expander(f"**{escape(row.name)}** · {escape(row.role)} · {escape(told)}{mark}", key=f"account-{row.id}"):
        with st.form(f"change-{row.id}", border=False):
            role, stores, subject = _fields(str(row.id), row.role, names, row.subject or "")
            disabled = st.checkbox("Disabled", value=row.disabled, key=f"disabled-{row.id}")
            saved = st.form_submit_button("Save")
        if saved:
            known = account.accounts()
            _do(
                lambda: account_admin.change(known, own, row.id, role=role, stores=stores, subject=subject, disabled=disabled),
                f"{row.name} is saved.",
            )
        with st.container(horizontal=True):
            if row.role != "demo" and st.button("New password", key=f"reset-{row.id}"):
                _told(row.name, lambda: account_admin.reset(account.accounts(), own, row.id))
            if st.button("Delete", key=f"remove-{row.id}", icon=":material/delete:"):
                _do(lambda: account_admin.remove(account.accounts(), own, row.id), f"{row.name} is deleted.")


def _names(row: Row) -> list[str]:
    with resources.store().cursor() as cursor:
        found = cursor.execute("SELECT store_id, name FROM stores ORDER BY name").fetchall()
    return [str(name) for key, name in found if str(key) in {str(one) for one in row.stores}]


def _fields(key: str, role: str, names: list[str], subject: str) -> tuple[str, list[str], str]:
    known = [str(name) for name in resources.stores()["store"]]
    place = ROLES.index(role) if role in ROLES else 0
    columns = st.columns([2, 3, 3])
    chosen = columns[0].selectbox("Role", ROLES, place, key=f"role-{key}")
    stores = columns[1].multiselect("Stores", known, names, key=f"stores-{key}", help="Counts for managers and analysts.")
    help_ = "The verified e-mail address or the subject at the OpenID provider, where one is set up."
    return chosen, stores, columns[2].text_input("OpenID", subject, key=f"subject-{key}", help=help_)


def _make(own: Account) -> None:
    st.subheader("Another account", anchor=False)
    with st.form("new_account", border=False):
        name = st.text_input("Name", key="new_account_name", max_chars=100)
        role, stores, subject = _fields("new", "manager", [], "")
        if not st.form_submit_button("Make the account"):
            return
    _told(name, lambda: account_admin.make(account.accounts(), own, name, role, stores, subject or None))


def _told(name: str, make: Callable[[], str]) -> None:
    try:
        st.session_state[_FRESH] = name, make()
    except MoodgateError as error:
        st.error(sentence(error))
        return
    st.rerun()


def _do(action: Callable[[], None], done: str) -> None:
    try:
        action()
    except MoodgateError as error:
        st.error(sentence(error))
        return
    leave(done)
    st.rerun()


def _table() -> None:
    with st.expander("What each role may do", icon=":material/rule:"):
        rows = [{"": words} | {role: "✓" if action in MAY[role] else "" for role in ROLES} for action, words in ACTIONS.items()]
        st.dataframe(rows, hide_index=True, key="rights", alt="What each role may do")
