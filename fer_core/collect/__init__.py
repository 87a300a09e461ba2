"""A shop's own labelled set: faces cut from its films, labelled by people, exported for training.

    cuts = cut_films(films, engine)                                   # faces, and the model's guess
    made = create(folder / "spring", "North", EXPRESSIONS, consent, cuts)
    made.log.say(0, "Ana", "happy")                                   # one line of an append-only log
    export_folder(made, Path("set"))                                  # dataset.load(Path("set"))

Pictures of faces are kept only where a person has allowed it for the store (`consent`), and until the day that was said.
"""

from fer_core.collect.agreement import Agreement as Agreement
from fer_core.collect.agreement import Disagreement as Disagreement
from fer_core.collect.agreement import Outcome as Outcome
from fer_core.collect.agreement import agreements as agreements
from fer_core.collect.agreement import disagreements as disagreements
from fer_core.collect.agreement import outcome as outcome
from fer_core.collect.collection import MOST_CLASSES as MOST_CLASSES
from fer_core.collect.collection import Collection as Collection
from fer_core.collect.collection import check_classes as check_classes
from fer_core.collect.collection import check_name as check_name
from fer_core.collect.collection import create as create
from fer_core.collect.collection import delete as delete
from fer_core.collect.collection import folders as folders
from fer_core.collect.collection import of_store as of_store
from fer_core.collect.collection import purge as purge
from fer_core.collect.collection import read as read
from fer_core.collect.collection import renew as renew
from fer_core.collect.collection import taken as taken
from fer_core.collect.consent import Consent as Consent
from fer_core.collect.consent import allowed as allowed
from fer_core.collect.consent import setting_key as setting_key
from fer_core.collect.consent import setting_of as setting_of
from fer_core.collect.cutting import Cuts as Cuts
from fer_core.collect.cutting import CutSettings as CutSettings
from fer_core.collect.cutting import cut_films as cut_films
from fer_core.collect.exporting import export_folder as export_folder
from fer_core.collect.exporting import export_zip as export_zip
from fer_core.collect.exporting import labelled as labelled
from fer_core.collect.exporting import offer as offer
from fer_core.collect.labels import NOT_A_FACE as NOT_A_FACE
from fer_core.collect.labels import SKIP as SKIP
from fer_core.collect.labels import LabelLog as LabelLog
from fer_core.collect.labels import Labels as Labels
from fer_core.collect.labels import same_person as same_person
