"""The live page's gate: staff of a store, asked of the database at each comparison, so that no template is held for long."""

from dataclasses import dataclass

from fer_core.errors import InputError
from fer_core.gallery import staff_gallery
from fer_core.gate import Gate
from fer_core.privacy import computes_templates
from fer_core.store import Store
from fer_core.types import FloatArray


@dataclass(frozen=True)
class StaffOf:
    """Says of a template whether it is of that store's staff; two of equal parts are equal.

    Who is enrolled counts at once, and who took the consent back is gone at once, while a stream runs too.
    """

    store: Store
    name: str
    embedder: str

    def __call__(self, template: FloatArray) -> bool:
        """Raises InputError where somebody of the staff was enrolled under other embedders alone, and where the store keeps
        sums only by now."""
        if not computes_templates(self.store.privacy_mode_of(self.name)):
            raise InputError(f"{self.name} keeps sums only now, and no code may be computed from a face: load the page again")
        return staff_gallery(self.store.templates_of(self.name, "staff"), self.embedder).is_known(template)


def staffed(store: Store, names: list[str]) -> list[str]:
    """Those of the stores of these names that have a staff gallery, and may compare faces with it."""
    known = set(store.staffed_stores())
    return [name for name in names if name in known and computes_templates(store.privacy_mode_of(name))]


def staff_gate(store: Store, name: str, embedder: str) -> Gate:
    """The gate that knows the staff of the store. InputError where it can't be recognised with that embedder."""
    staff_gallery(store.templates_of(name, "staff"), embedder)
    return Gate(is_staff=StaffOf(store, name, embedder))
