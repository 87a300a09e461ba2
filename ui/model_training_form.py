"""The form that begins a training: on which set, under which name, from where, for how long."""

import streamlit as st

from fer_core.errors import InputError
from server import training
from server.runs import Asked, Base
from server.services import Services
from server.sets import LabelledSet, Look, folder_name
from ui.model_training_sets import NEWEST, key_of, summary
from ui.notices import leave, sentence
from ui.plain import escape

MIN_PICTURES, FEW_OF_A_CLASS, FEW_FROM_SCRATCH = 32, 20, 2000
_BASES: dict[Base, str] = {"moodgate": "Our own model", "scratch": "Nothing, from scratch"}
_WHY = (
    "Our own model reads faces already, and a few hundred pictures teach it a shop’s own kind. From scratch takes thousands "
    "of pictures and more time."
)
_EPOCHS: dict[Base, int] = {"moodgate": 15, "scratch": 30}


def form(services: Services, sets: list[LabelledSet]) -> None:
    """Draw the form; its button queues the training."""
    usable = {key_of(one): one for one in sets if one.look}
    if not usable:
        return
    st.subheader("Train a model", anchor=False)
    if st.session_state.get(NEWEST) in usable:
        st.session_state["train-set"] = st.session_state.pop(NEWEST)
    with st.container(border=True):
        left, right = st.columns(2)
        with left:
            words = {key: f"{one.name} ({summary(one)})" for key, one in usable.items()}
            chosen = usable[st.selectbox("Labelled set", list(usable), format_func=words.__getitem__, key="train-set")]
        with right:
            proposed = _proposed(services, chosen)
            name = st.text_input("Name of the model", proposed, key=f"train-name-{proposed}", max_chars=60)
        with left:
            base: Base = st.radio("Start from", list(_BASES), format_func=_BASES.__getitem__, key="train-base", help=_WHY)
        with right:
            help_ = "Passes over all pictures. More: better up to a point, and longer in proportion."
            epochs = st.number_input("Epochs", 1, 300, _EPOCHS[base], key=f"train-epochs-{base}", help=help_)
        assert chosen.look is not None  # noqa: S101
        lacking = _advice(chosen.look, base)
        clicked = st.button("Train", key="train-start", type="primary", icon=":material/model_training:", disabled=lacking)
        if clicked:
            _begin(services, chosen, name, base, int(epochs))


def _proposed(services: Services, chosen: LabelledSet) -> str:
    """The set's name with the first number that is free."""
    stem = chosen.name[:55]
    return next(name for n in range(1, 10_000) if not training.taken(services, name := f"{stem} {n}"))


def _advice(look: Look, base: Base) -> bool:
    """Say what speaks against the set; True where it can't be trained on at all."""
    learnt = look.splits.get("train", 0)
    classes = {name: n for name, n in look.classes.items() if n}
    if learnt < MIN_PICTURES or len(classes) < 2:
        few = f"Its training split holds {learnt} pictures; at least {MIN_PICTURES} are needed."
        st.error(few if learnt < MIN_PICTURES else "It holds one class only; at least two are needed.")
        return True
    if look.own:
        st.info(
            f"The set has classes of its own ({escape(', '.join(classes))}), and the model will tell those. It serves this "
            "page and the live demo; reviews need the seven expressions.",
            icon=":material/category:",
        )
    absent = [name for name, n in look.classes.items() if not n]
    if absent:
        st.warning(f"No pictures of {escape(', '.join(absent))}: the model will not tell these.", icon=":material/warning:")
    rare = [f"{name} ({n})" for name, n in classes.items() if n < FEW_OF_A_CLASS]
    if rare:
        st.warning(f"Few pictures: {escape(', '.join(rare))}. The model will hardly learn these.", icon=":material/warning:")
    if base == "scratch" and learnt < FEW_FROM_SCRATCH:
        st.warning(
            f"From scratch a model needs thousands of pictures, and the set has {learnt:,}. Our own model is the better start.",
            icon=":material/warning:",
        )
    return False


def batch_for(pictures: int) -> int | None:
    """Pictures a step, such that a small set still makes some twenty steps an epoch; None: as many as the recipe says."""
    return next((batch for batch, below in ((16, 700), (32, 1400), (64, 2800)) if pictures < below), None)


def _begin(services: Services, chosen: LabelledSet, typed: str, base: Base, epochs: int) -> None:
    try:
        name = folder_name(typed, "the model")
        own = bool(chosen.look and chosen.look.own)
        batch = batch_for(chosen.look.splits.get("train", 0)) if chosen.look else None
        asked = Asked(str(chosen.data), name, epochs, base, own, chosen.name, batch=batch)
        training.start(services, asked)
    except InputError as error:
        st.error(sentence(error), icon=":material/error:")
        return
    leave(f"Queued: the training of {name}.")
    st.rerun()
