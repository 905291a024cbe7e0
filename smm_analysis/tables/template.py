"""A folder to fill in (빈 양식): a header-only CSV a table, dataset.toml, and a workbook that explains every column."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smm_analysis.tables.contract import CONTRACT, Column, Table
from smm_analysis.terms import term

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

WORKBOOK = "smm_template.xlsx"
ROWS = ("column 열", "한국어", "English", "unit 단위", "allowed 허용", "required 필수", "meaning 뜻", "example 예")
STEPS = (
    "1. Fill in the tables that you have, one row each below the header. You need not have them all.",
    "   가진 표만 채웁니다. 머리글 아래 한 줄에 한 행씩. 모두 있을 필요는 없습니다.",
    "2. Delete the CSV files that you leave empty, and columns marked 'may be absent' that you do not have.",
    "   비워 둔 CSV 파일은 지웁니다. '없어도 됨'으로 표시된 열도 없으면 지웁니다.",
    f"3. {WORKBOOK} explains every column, with an example. You may fill in its sheets instead, below the",
    f"   explanations, column A empty: then delete the CSV files and smm import {WORKBOOK} --out THIS_FOLDER",
    f"   {WORKBOOK}에 모든 열의 설명과 예가 있습니다. CSV 대신 그 시트의 설명 아래에(A열은 비움) 채워도",
    f"   됩니다. 그때는 CSV를 지우고 smm import {WORKBOOK} --out 이_폴더 를 실행합니다.",
    "4. Correct dataset.toml: your brand, currency, time zone, and until when the data was watched.",
    "   dataset.toml을 고칩니다: 브랜드, 통화, 시간대, 언제까지 관찰했는지.",
    "5. smm check THIS_FOLDER    says file, line and column of everything that is not in order.",
    "   smm check 이_폴더         고칠 곳의 파일, 줄, 열을 알려 줍니다.",
    "In Excel save as 'CSV UTF-8'. Ids are text: format the column as Text before you paste, or Excel shortens them.",
    "엑셀에서는 'CSV UTF-8'로 저장합니다. 식별자 열은 붙여 넣기 전에 '텍스트' 서식으로 바꾸세요.",
)
DATASET = """\
{steps}

name = "my brand"                 # free · 자유롭게
currency = "KRW"                  # ISO 4217, three capitals · 통화 코드
timezone = "Asia/Seoul"           # IANA name; times without an offset are in it · 시간대
observed_until = 2024-12-31       # last day watched, included · 관찰한 마지막 날(포함)
language = "ko"                   # of the texts · 글의 언어
synthetic = false                 # true only for simulated data · 모의 자료만 true

[brand.mybrand]                   # a section a brand; `mybrand` is what stands in the column brand · 브랜드마다 한 절
market_size = 500000              # people who could ever buy · 살 가능성이 있는 사람 수
central_medium = "blog"           # one of the media below · 아래 미디어 가운데 중심 미디어
# account_route = "page"          # page, person or person-then-page; may be absent · 없어도 됨

# [brand.mybrand.presence]        # checklist: true, false or 0 to 1; may be absent · 점검표, 없어도 됨
# profile_complete = true
# clear_identity = 0.5

[medium.blog]                     # a section a medium · 미디어마다 한 절
kind = "blog"                     # sns, blog, video, cafe or site
side = "firm"                     # firm or customer: whose medium it is · 누구의 미디어인지

[medium.sns]
kind = "sns"
side = "firm"
"""


def write_template(out: str | Path) -> list[Path]:
    """Write an empty data set to fill in and return the files written (빈 양식 만들기).

    The CSV files hold their header alone, in UTF-8 with a BOM so that Excel keeps Korean; `check` asks to fill in or
    delete each. Nothing is overwritten: FileExistsError names the first file that is already there.
    """
    out = Path(out)
    paths = [out / "dataset.toml", out / WORKBOOK, *(out / f"{name}.csv" for name in CONTRACT)]
    for path in paths:
        if path.exists():
            raise FileExistsError(f"{path} is already there and is not overwritten; give a new folder")
    out.mkdir(parents=True, exist_ok=True)
    steps = "\n".join(f"# {line}" for line in STEPS)
    paths[0].write_text(DATASET.format(steps=steps), encoding="utf-8", newline="\n")
    _workbook().save(paths[1])
    for path, table in zip(paths[2:], CONTRACT.values(), strict=True):
        path.write_text(",".join(table.names) + "\n", encoding="utf-8-sig", newline="\n")
    return paths


def explained(column: Column) -> tuple[str, ...]:
    """Return what there is to say about a column, in the order of `ROWS`."""
    word = term(column.name)
    unit = f"{word.unit_en} · {word.unit_ko}" if word.unit_en else ""
    need = "required 필수" if column.required else "may be absent 없어도 됨"
    meaning = f"{word.definition_en}\n{word.definition_ko}"
    return column.name, word.ko, word.en, unit, column.allowed, need, meaning, column.example


def _workbook() -> Workbook:
    from openpyxl import Workbook

    book = Workbook()
    guide = book.active
    guide.title = "읽어 두기 Read me"
    guide.column_dimensions["A"].width = 110
    for line in STEPS:
        guide.append([line])
    for table in CONTRACT.values():
        _sheet(book.create_sheet(table.name), table)
    return book


def _sheet(sheet: Worksheet, table: Table) -> None:
    """Fill one table's sheet: a column a column, the words about it below each other."""
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    columns = [ROWS, *map(explained, table.columns)]
    for row in zip(*columns, strict=True):
        sheet.append(row)
    sheet.append([])
    sheet.append([f"a row is 한 행은: {table.row_en} · {table.row_ko}"])
    if table.key:
        sheet.append([f"each {' + '.join(table.key)} once 한 번씩만"])
    for number, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = 16 if number == 1 else max(24, len(column[-1]) + 2)
    for row in sheet.iter_rows(max_row=len(ROWS)):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=cell.row == 1 or cell.column == 1)
            cell.number_format = "@"
    sheet.freeze_panes = "B2"
