"""Labelled faces: from disk (`load`), to disk (`save`), looked through for flaws (`examine`), described (`describe`).

data = load(path)
found = examine(data)
clean = cleaned(data, found)
"""

from fer_core.dataset.card import DataCard as DataCard
from fer_core.dataset.card import Words as Words
from fer_core.dataset.card import describe as describe
from fer_core.dataset.card import markdown as markdown
from fer_core.dataset.card import read_card as read_card
from fer_core.dataset.card import write_card as write_card
from fer_core.dataset.cleaning import KINDS as KINDS
from fer_core.dataset.cleaning import CleaningSettings as CleaningSettings
from fer_core.dataset.cleaning import Findings as Findings
from fer_core.dataset.cleaning import cleaned as cleaned
from fer_core.dataset.cleaning import examine as examine
from fer_core.dataset.faces import FACE_PX as FACE_PX
from fer_core.dataset.faces import SPLITS as SPLITS
from fer_core.dataset.faces import LabelledFaces as LabelledFaces
from fer_core.dataset.loaders import load as load
from fer_core.dataset.loaders import save as save
