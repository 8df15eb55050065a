"""The two workbooks: .xlsx by gptables, in the form that government statistics ask for, and .ods with the same sheets. The same bytes when made again.

A cover, the contents, and one table a sheet, its header on a row of its own, no merged and no empty cell.
"""

import io
import math
import warnings
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, Final, cast

from parties.publication.places import Row
from parties.publication.released import NOTE, Released
from parties.publication.wording import ENGLISH

EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip file has: made again, it is the same bytes
NO_MARK: Final = "[none]"  # no cell is empty
ODS_TYPE: Final = "application/vnd.oasis.opendocument.spreadsheet"
LINE: Final = 85  # characters, the width of a cover
ROW_HEIGHT: Final = 16  # points
NOTES: Final = ("sure", "compare")
HEADER: Final = ("code", "place", "level", "value", "lower", "upper", "mark")


def xlsx(released: Released) -> bytes:
    """Return the workbook for spreadsheets of Microsoft."""
    import pandas as pd

    gptables = _gptables()

    def sheet(name: str, title: str, rows: Sequence[Row]) -> Any:
        table = pd.DataFrame([_cells(row) for row in rows], columns=[ENGLISH[column] for column in HEADER])
        said = [ENGLISH["period"].format(opens=released.opens, closes=released.closes), f"{ENGLISH['table_caption']} $$sure$$ $$compare$$"]
        return gptables.GPTable(
            table=table, table_name=name, title=title, subtitles=said, scope=ENGLISH["nation"], source="Kinlink", index_columns={1: 0}
        )

    made = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.Pandas4Warning)  # gptables sorts in place
        workbook = gptables.produce_workbook(
            filename=made,  # handed to XlsxWriter, which takes a file, too
            sheets={name: sheet(name.lower(), title, rows) for name, title, rows in _tables(released)},
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
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

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
    add("Contents", [[name, title] for name, title, _ in _tables(released)])
    add("Notes", [[ENGLISH[name], ENGLISH[f"{name}_text"]] for name in NOTES])
    for name, _, rows in _tables(released):
        add(name, [[ENGLISH[column] for column in HEADER], *map(_cells, rows)])
    made = io.BytesIO()
    document.write(made)
    return _repacked(made.getvalue(), first="mimetype")


def _tables(released: Released) -> list[tuple[str, str, Sequence[Row]]]:
    return [
        ("Counts", ENGLISH["title"], released.rows),
        ("Measurements", f"{ENGLISH['title']}: as measured, unbiased, maybe negative, not adding up", released.measured),
    ]


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
    return [row.place.code, row.place.name, str(row.level), row.value, row.lower, row.upper, row.mark or NO_MARK]


def _repacked(content: bytes, first: str = "") -> bytes:
    """Return a zip file with the same members in a fixed order, of a fixed date; `first` is stored uncompressed, as OpenDocument wants its type."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(made, "w") as sink:
        for name in sorted(source.namelist(), key=lambda name: (name != first, name)):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_STORED if name == first else zipfile.ZIP_DEFLATED
            sink.writestr(entry, source.read(name))
    return made.getvalue()
