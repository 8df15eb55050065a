"""The two workbooks: .xlsx by gptables, in the form that government statistics ask for, and .ods with the same sheets. The same bytes when made again.

A cover, the contents, and one table a sheet, its header on a row of its own, no merged and no empty cell.
"""

import io
import math
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, Final, NamedTuple, cast

from parties.publication.evidence import qualities
from parties.publication.places import Row
from parties.publication.plain import CORRECTED, LEDGER, LINKS, corrected_cells, ledger_cells, links_cells
from parties.publication.released import NOTE, Released
from parties.publication.wording import ENGLISH
from schemas.aggregate import Age

EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip file has: made again, it is the same bytes
NO_MARK: Final = "[none]"  # no cell is empty
NO_ROUND: Final = "[lost]"
ODS_TYPE: Final = "application/vnd.oasis.opendocument.spreadsheet"
LINE: Final = 85  # characters, the width of a cover
ROW_HEIGHT: Final = 16  # points
NOTES: Final = ("sure", "compare")
HEADER: Final = ("code", "place", "level", "age", "value", "lower", "upper", "mark")


def xlsx(released: Released) -> bytes:
    """Return the workbook for spreadsheets of Microsoft."""
    import pandas as pd

    gptables = _gptables()

    def sheet(made: _Sheet) -> Any:
        table = pd.DataFrame(made.rows, columns=made.header)
        said = [ENGLISH["period"].format(opens=released.opens, closes=released.closes), f"{made.caption} $$sure$$ $$compare$$"]
        return gptables.GPTable(
            table=table,
            table_name=made.name.lower(),
            title=made.title,
            subtitles=said,
            scope=ENGLISH["nation"],
            source="Kinlink",
            index_columns={1: 0},
        )

    made = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.Pandas4Warning)  # gptables sorts in place
        workbook = gptables.produce_workbook(
            filename=made,  # handed to XlsxWriter, which takes a file, too
            sheets={item.name: sheet(item) for item in _sheets(released)},
            cover=gptables.Cover(title=ENGLISH["title"], intro=_cover(released), about=[NOTE]),
            notes_table=pd.DataFrame([[name, ENGLISH[f"{name}_text"]] for name in NOTES], columns=["Note reference", "Note text"]),
            workbook_options={"in_memory": True},
        )
    _make_room(workbook.get_worksheet_by_name("Cover"), 2, [*_cover(released), "", NOTE])
    notes = workbook.get_worksheet_by_name("Notes")
    notes.set_column(1, 1, LINE)
    _make_room(notes, 3, [ENGLISH[f"{name}_text"] for name in NOTES])
    for worksheet in workbook.worksheets():  # printed on paper as wide as it is
        worksheet.set_landscape()
        worksheet.fit_to_pages(1, 0)
    workbook.set_properties({"created": datetime(*EPOCH, tzinfo=UTC).replace(tzinfo=None), "title": ENGLISH["title"]})
    workbook.close()
    return _repacked(made.getvalue())


def _make_room(worksheet: Any, first: int, texts: Sequence[str]) -> None:
    """Make rows as high as their texts are, from row `first` on: not every program does so by itself."""
    for number, text in enumerate(texts):
        worksheet.set_row(first + number, ROW_HEIGHT * max(1, math.ceil(len(text) / LINE)))


def _gptables() -> ModuleType:
    """Return the library, which leaves files open while it is loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        import gptables
    return cast("ModuleType", gptables)


def ods(released: Released) -> bytes:
    """Return the same sheets as an OpenDocument spreadsheet."""
    from odf.element import Element
    from odf.namespaces import nsdict
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    Element.namespaces.update(nsdict)  # the library names in a file what it has met in this process: so that is the same in all
    document = OpenDocumentSpreadsheet()

    def add(name: str, rows: Sequence[Sequence[str | int]]) -> None:
        table = Table(name=name)
        for row in rows:
            line = TableRow()
            for cell in row:
                kind = {"valuetype": "float", "value": cell} if isinstance(cell, int) else {"valuetype": "string"}
                made = TableCell(**kind)
                made.addElement(P(text=str(cell)))
                line.addElement(made)
            table.addElement(line)
        document.spreadsheet.addElement(table)

    add("Cover", [[line] for line in (ENGLISH["title"], *_cover(released), NOTE)])
    add("Contents", [[item.name, item.title] for item in _sheets(released)])
    add("Notes", [[ENGLISH[name], ENGLISH[f"{name}_text"]] for name in NOTES])
    for item in _sheets(released):
        add(item.name, [item.header, *item.rows])
    made = io.BytesIO()
    document.write(made)
    return _repacked(made.getvalue(), first="mimetype")


class _Sheet(NamedTuple):
    """One table of the workbooks."""

    name: str
    title: str
    caption: str
    header: list[str]
    rows: list[list[str | int]]


def _sheets(released: Released) -> list[_Sheet]:
    title, caption, header = ENGLISH["title"], ENGLISH["table_caption"], [ENGLISH[column] for column in HEADER]
    sheets = [
        _Sheet("Counts", title, caption, header, [*map(_cells, released.rows)]),
        _Sheet("Ages", f"{title}, by age", caption, header, [*map(_cells, released.by_age)]),
        _Sheet(
            "Measurements",
            f"{title}: as measured, unbiased, maybe negative, not adding up",
            caption,
            header,
            [*map(_cells, released.measured)],
        ),
    ]
    if released.published_evidence:
        rows = [_with_age(corrected_cells(item), CORRECTED, item.row.age) for item in released.corrected]
        said = ENGLISH["corrected_text"].format(**released.published_evidence.model_dump())
        header = [ENGLISH[f"corrected {column}"] for column in CORRECTED]
        sheets.append(_Sheet("Corrected", f"{title}: {ENGLISH['corrected']}", said, header, rows))
        rows = [_with_age(links_cells(item), LINKS, item.age) for item in qualities(released.published_evidence)]
        header = [ENGLISH[f"links {column}"] for column in LINKS]
        sheets.append(_Sheet("Links", ENGLISH["links"], ENGLISH["links_text"], header, rows))
    if released.drawn:
        header = [ENGLISH[f"ledger {column}"] for column in LEDGER]
        rows = [[cell if cell != "" else NO_ROUND for cell in row] for row in ledger_cells(released)]
        sheets.append(_Sheet("Privacy", ENGLISH["ledger"], ENGLISH["ledger_text"], header, rows))
    return sheets


def _with_age(cells: Iterable[str | int], columns: Iterable[str], age: Age) -> list[str | int]:
    """Return cells with the age in words; names of levels are plain text."""
    said = dict(zip(columns, cells, strict=True)) | {"age": ENGLISH[age or "all ages"]}
    return [str(cell) if isinstance(cell, str) else cell for cell in said.values()]


def _cover(released: Released) -> list[str]:
    table = released.table
    return [
        f"{ENGLISH['round']} {table.round_id}",
        ENGLISH["period"].format(opens=released.opens, closes=released.closes),
        ENGLISH["what_text"],
        ENGLISH["sure_text"],
        ENGLISH["privacy_text"].format(unit=table.unit, cap=table.cap, mechanism=table.mechanism, rho=released.metadata()["rho"]),
        *(f"{ENGLISH[item.name]}: {ENGLISH['holds' if item.holds else 'fails']}" for item in released.criteria),
    ]


def _cells(row: Row) -> list[str | int]:
    return [
        row.place.code,
        row.place.name,
        str(row.level),
        ENGLISH[row.age or "all ages"],
        row.value,
        row.lower,
        row.upper,
        row.mark or NO_MARK,
    ]


def _repacked(content: bytes, first: str = "") -> bytes:
    """Return a zip file with the same members in a fixed order, of a fixed date; `first` is stored uncompressed, as OpenDocument wants its type."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(made, "w") as sink:
        for name in sorted(source.namelist(), key=lambda name: (name != first, name)):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_STORED if name == first else zipfile.ZIP_DEFLATED
            sink.writestr(entry, source.read(name))
    return made.getvalue()
