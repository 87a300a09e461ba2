"""The sign for the door: a notice on one page, as PDF and PNG, with a QR code to the public page.

Everything is laid out in millimetres of an A4 page and scaled to the paper. The letters are as large as lets all languages
fit; the first language comes first, the others follow in columns.
"""

import contextlib
import functools
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from fer_core.errors import DataError
from fer_core.notices.font import FAMILY, FILES, check_letters, font_file
from fer_core.notices.notice import Notice
from fer_core.notices.told import Told, tell

if TYPE_CHECKING:
    from fpdf import FPDF

Paper: TypeAlias = Literal["A4", "A3"]
PAPERS: Mapping[Paper, float] = {"A4": 1.0, "A3": 297 / 210}
"""How much larger than A4, by the side."""
PREVIEW_DPI = 80
PRINT_DPI = 200
QR_BORDER = 4
"""White modules around the code, as ISO/IEC 18004 asks."""

_WIDTH, _HEIGHT, _MARGIN = 210.0, 297.0, 13.0
_HEADER, _FOOTER, _QR = 30.0, 52.0, 40.0
_GAP = 8.0
_MOST_COLUMNS = 3
_LARGEST, _SMALLEST, _STEP = 19.0, 6.0, 0.25
"""Points of the running text on A4. Below the smallest nobody reads it standing."""
_PT = 25.4 / 72
_LEADING = 1.28
_TITLE = 1.4
_DARK, _QUIET, _BAND = (17, 24, 39), (75, 85, 99), (18, 52, 86)


@dataclass(frozen=True)
class _Run:
    """A paragraph: its size in shares of the running text's, and the space after it in shares of a line."""

    text: str
    style: str = ""
    size: float = 1.0
    after: float = 0.35


Chunk: TypeAlias = tuple[_Run, ...]
"""Paragraphs that stay together."""


def pdf(notice: Notice, paper: Paper = "A4") -> bytes:
    """The sign as PDF of one page with its fonts inside. Equal notices give equal bytes.

    Raises DataError where the languages don't fit on that paper, or the font lacks a letter of what the shop wrote.
    """
    told = [tell(notice, language) for language in notice.languages]
    check_letters((notice.store, notice.controller, notice.address, notice.contact, notice.page, *notice.purpose.values()))
    with _page(notice, told[0], paper) as page:
        _compose(page, notice, told, PAPERS[paper])
        return bytes(page.output())


def _compose(page: "FPDF", notice: Notice, told: Sequence[Told], scale: float) -> None:
    languages = [_chunks(one, titled=place > 0) for place, one in enumerate(told)]  # the band has the first one's title
    columns = _fitted(page, languages, scale)
    _band(page, told[0], scale)
    for column, top, chunk in columns.pieces:
        _draw(page, chunk, columns.points, (columns.left(column), top, columns.width))
    _footer(page, notice, told, scale)


def png(notice: Notice, paper: Paper = "A4", dpi: int = PRINT_DPI) -> bytes:
    """The same page as a picture, `dpi` pixels an inch. Raises DataError as `pdf` does."""
    return rendered(pdf(notice, paper), dpi)


def rendered(document: bytes, dpi: int) -> bytes:
    """The first page of a PDF as PNG."""
    import pypdfium2  # type: ignore[import-untyped]

    opened = pypdfium2.PdfDocument(document)
    try:
        picture = opened[0].render(scale=dpi / 72).to_pil()
    finally:
        opened.close()
    out = io.BytesIO()
    picture.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()


@functools.lru_cache(maxsize=32)
def code(address: str) -> tuple[tuple[bool, ...], ...]:
    """The QR code's modules without border, rows of dark (True) and light; error correction M, 15 %."""
    import segno

    return tuple(tuple(bool(module) for module in row) for row in segno.make(address, error="m", micro=False).matrix)


# ---- what stands there ----------------------------------------------------------------------------------------------


def _chunks(told: Told, *, titled: bool) -> tuple[Chunk, ...]:
    """The paragraphs of a language, a heading together with what follows it."""
    title = (_Run(told.title, "B", _TITLE, 0.3),) if titled else ()
    chunks = [(*title, _Run(told.lead, after=0.6))]
    for part in told.short:
        first, *rest = part.paragraphs
        chunks += [(_Run(part.head, "B", after=0.05), _Run(first)), *((_Run(text),) for text in rest)]
        chunks[-1] = (*chunks[-1][:-1], replace(chunks[-1][-1], after=0.6))
    return tuple(chunks)


# ---- where it stands ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Columns:
    """Pieces with their places, (column, top in mm) each, in columns of that width (mm), at so many points."""

    points: float
    width: float
    pieces: tuple[tuple[int, float, Chunk], ...]
    scale: float

    def left(self, column: int) -> float:
        return _MARGIN * self.scale + column * (self.width + _GAP * self.scale)


def _fitted(page: "FPDF", languages: Sequence[Sequence[Chunk]], scale: float) -> _Columns:
    """The text as large as fits, found by halving the range of sizes."""
    best = None
    low, high = 0, int((_LARGEST - _SMALLEST) / _STEP)
    while low <= high:
        middle = (low + high) // 2
        found = _at_size(page, languages, (_SMALLEST + middle * _STEP) * scale, scale)
        best, low, high = (found, middle + 1, high) if found else (best, low, middle - 1)
    if best is None:
        raise DataError(f"{len(languages)} languages don't fit on one page; choose fewer, or shorten your own words")
    return best


def _at_size(page: "FPDF", languages: Sequence[Sequence[Chunk]], points: float, scale: float) -> _Columns | None:
    """The text at that size in the fewest columns that hold it; None where none do.

    A few languages stay in one piece each; of many, each goes on in the next column where a column ends.
    """
    gap = points * _PT * 1.1
    for n in range(1, min(_MOST_COLUMNS, len(languages)) + 1):
        width = ((_WIDTH - 2 * _MARGIN - (n - 1) * _GAP) * scale) / n
        measured = [[(chunk, _height(page, chunk, points, width)) for chunk in language] for language in languages]
        if len(languages) <= _MOST_COLUMNS:
            measured = [[(sum((chunk for chunk, _ in one), ()), sum(height for _, height in one))] for one in measured]
        pieces = [(chunk, height, gap if not place else 0.0) for one in measured for place, (chunk, height) in enumerate(one)]
        room = (_HEIGHT - _HEADER - _FOOTER - 8) * scale
        places = _filled([height for _, height, _ in pieces], [before for *_, before in pieces], n, room)
        if places:
            top = (_HEADER + 6) * scale
            placed = tuple((c, top + y, chunk) for (c, y), (chunk, *_) in zip(places, pieces, strict=True))
            return _Columns(points, width, placed, scale)
    return None


def _filled(heights: Sequence[float], before: Sequence[float], n: int, room: float) -> list[tuple[int, float]] | None:
    """Columns and tops in reading order; as even as that lets them be. `before`: the space above, but at a column's top."""
    share = (sum(heights) + sum(before)) / n
    for limit in (min(room, share * 1.08 + 1e-6), room):
        places, column, y = list[tuple[int, float]](), 0, 0.0
        for height, space in zip(heights, before, strict=True):
            if y and y + space + height > limit:
                column, y = column + 1, 0.0
            y += space if y else 0.0
            places.append((column, y))
            y += height
        if column < n and max(heights) <= room:
            return places
    return None


def _height(page: "FPDF", chunk: Chunk, points: float, width: float) -> float:
    return sum(_write(page, run, points, width, dry=True) + run.after * points * _PT for run in chunk)


# ---- drawing --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _page(notice: Notice, told: Told, paper: Paper) -> "Iterator[FPDF]":
    """An empty page; fpdf2 leaves the fonts' files open, which are closed at the end."""
    from fpdf import FPDF
    from fpdf.fonts import TTFFont

    page = FPDF(unit="mm", format=paper)
    page.set_creation_date(datetime(2000, 1, 1, tzinfo=UTC))  # the moment of printing is nobody's business
    page.set_auto_page_break(False)
    page.c_margin = 0
    for style in FILES:
        page.add_font(FAMILY, style, font_file(style))
    page.set_title(told.title)
    page.set_author(notice.controller)
    page.set_lang(told.language)
    page.add_page()
    try:
        yield page
    finally:
        for font in page.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()


def _write(page: "FPDF", run: _Run, points: float, width: float, *, dry: bool) -> float:
    """The paragraph at the cursor, or only measured; its height in mm."""
    from fpdf.enums import Align, MethodReturnValue, XPos, YPos

    size = points * run.size
    page.set_font(FAMILY, run.style, size)
    height = page.multi_cell(
        width, size * _PT * _LEADING, run.text, align=Align.L, new_x=XPos.LEFT, new_y=YPos.NEXT, dry_run=dry,
        output=MethodReturnValue.HEIGHT,
    )  # fmt: skip
    return float(height)  # type: ignore[arg-type]


def _draw(page: "FPDF", chunk: Chunk, points: float, place: tuple[float, float, float]) -> None:
    left, top, width = place
    page.set_xy(left, top)
    for run in chunk:
        page.set_text_color(*_DARK)
        _write(page, run, points, width, dry=False)
        page.set_xy(left, page.get_y() + run.after * points * _PT)


def _band(page: "FPDF", told: Told, scale: float) -> None:
    """The dark band with the camera, which says from afar what this is about."""
    page.set_fill_color(*_BAND)
    page.rect(0, 0, _WIDTH * scale, _HEADER * scale, style="F")
    _camera(page, _MARGIN * scale, 8 * scale, scale)
    page.set_text_color(255, 255, 255)
    page.set_xy((_MARGIN + 26) * scale, 0)
    width = (_WIDTH - 2 * _MARGIN - 26) * scale
    run = next(
        run for run in (_Run(told.title, "B", size) for size in (22, 20, 18, 16, 14, 12)) if _fits(page, run, width, scale)
    )
    height = _write(page, run, scale, width, dry=True)
    page.set_xy((_MARGIN + 26) * scale, (_HEADER * scale - height) / 2)
    _write(page, run, scale, width, dry=False)


def _fits(page: "FPDF", run: _Run, width: float, scale: float) -> bool:
    return run.size == 12 or _write(page, run, scale, width, dry=True) <= (_HEADER - 8) * scale


def _camera(page: "FPDF", x: float, y: float, scale: float) -> None:
    """A camera, 20 × 14 mm, as simple shapes."""
    page.set_fill_color(255, 255, 255)
    page.rect(x, y, 14 * scale, 14 * scale, style="F", round_corners=True, corner_radius=2.5 * scale)
    page.polygon(((x + 14.8 * scale, y + 6 * scale), (x + 20 * scale, y + 2 * scale),
                  (x + 20 * scale, y + 12 * scale), (x + 14.8 * scale, y + 8 * scale)), style="F")  # fmt: skip
    page.set_fill_color(*_BAND)
    page.circle(x + 7 * scale, y + 7 * scale, 3.6 * scale, style="F")


def _footer(page: "FPDF", notice: Notice, told: Sequence[Told], scale: float) -> None:
    top, left = (_HEIGHT - _FOOTER + 4) * scale, _MARGIN * scale
    page.set_draw_color(*_QUIET)
    page.set_line_width(0.3 * scale)
    page.line(left, top - 3 * scale, (_WIDTH - _MARGIN) * scale, top - 3 * scale)
    side = _QR * scale
    _draw_code(page, notice.page, ((_WIDTH - _MARGIN) * scale - side, top, side))
    width = (_WIDTH - 2 * _MARGIN) * scale - side - _GAP * scale
    lines = [
        _Run(_who(notice), "B", 12, 1.5), _Run(", ".join(notice.address.splitlines()), "", 9.5, 1.5),
        _Run(notice.contact, "", 9.5, 3), _Run(" · ".join(one.more for one in told), "B", 8.5, 2), _Run(notice.page, "", 8, 0),
    ]  # fmt: skip
    page.set_xy(left, top)
    for run in lines:
        if run.text:
            page.set_text_color(*_DARK)
            _write(page, run, scale, width, dry=False)
            page.set_xy(left, page.get_y() + run.after * scale)


def _draw_code(page: "FPDF", address: str, place: tuple[float, float, float]) -> None:
    """Black squares, runs of a row in one piece; place: left, top and side (mm) with the white border."""
    left, top, side = place
    rows = code(address)
    unit = side / (len(rows) + 2 * QR_BORDER)
    page.set_fill_color(0, 0, 0)
    for y, row in enumerate(rows):
        for x, length in _dark_runs(row):
            page.rect(left + (x + QR_BORDER) * unit, top + (y + QR_BORDER) * unit, length * unit, unit * 1.01, style="F")


def _dark_runs(row: Sequence[bool]) -> list[tuple[int, int]]:
    """(start, length) of the dark modules in a row."""
    found = list[tuple[int, int]]()
    for x, dark in enumerate(row):
        if dark and found and sum(found[-1]) == x:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif dark:
            found.append((x, 1))
    return found


def _who(notice: Notice) -> str:
    """The shop, by the name that a visitor needs to object, and who is responsible for it."""
    same = notice.store.casefold() == notice.controller.casefold()
    return notice.controller if same else f"{notice.store} · {notice.controller}"
