"""A data error as a person reads it in a notebook (사람이 읽는 오류): what to do, in both languages, no traceback."""

from __future__ import annotations

import re

HEAD = "데이터를 이대로 쓸 수 없습니다. 이렇게 고치십시오. · These data cannot be used as they are. How to mend them:"
# a sentence for each mistake that beginners make, by what the English message says of it
_KOREAN = (
    (
        r"not there\. Allowed: a folder",
        "그런 폴더가 없습니다. `dataset.toml`이 있는 폴더의 경로를 `data`에 적으십시오.",
    ),
    (
        r"a folder without dataset\.toml",
        "폴더에 `dataset.toml`이 없습니다. `smm template 폴더`가 채워 넣을 폴더를 만들어 줍니다.",
    ),
    (r"a file\. Allowed: a folder", "파일이 아니라 폴더를 적어야 합니다. 파일 하나는 `smm import`로 가져옵니다."),
    (r"a data set without tables", "폴더에 표가 하나도 없습니다. `weekly.csv` 같은 파일을 넣으십시오."),
    (
        r"Korean Windows",
        "한국어 Windows의 인코딩(CP949)입니다. 엑셀에서 'CSV UTF-8'로 저장하거나 `smm import`로 가져오십시오.",
    ),
    (r"the table \w+ is missing", "이 노트북에 필요한 표가 없습니다. 아래에 적힌 열을 담은 파일을 폴더에 넣으십시오."),
    (
        r"no such column",
        "열이 빠졌습니다. 머리글의 철자를 확인하거나 열을 더하십시오(`data/README.md`에 뜻이 있습니다).",
    ),
    (r"an Excel file", "엑셀 파일은 바로 읽지 않습니다. 폴더에서 꺼낸 뒤 `smm import 파일 --out 폴더`로 가져오십시오."),
    (r"is not in the data set; there are", "데이터에 그런 브랜드가 없습니다. 아래 이름 가운데 하나를 적으십시오."),
    (r"is not a date", "날짜가 아닙니다. 2024-03-04처럼 적으십시오."),
    (r"not there\. Allowed: a file", "그런 파일이 없습니다. 경로를 확인하십시오."),
    (r"is no export that is known", "어느 도구에서 내보낸 파일인지 알 수 없습니다. `source`에 이름을 적으십시오."),
)


def told(message: str) -> list[str]:
    """Return the lines that stand in a notebook for a data error (오류 안내).

    >>> for line in told("since='soon' is not a date; allowed: an ISO date")[1:]: print(line)
    • 날짜가 아닙니다. 2024-03-04처럼 적으십시오.
    • since='soon' is not a date; allowed: an ISO date
    """
    korean = [f"• {sentence}" for pattern, sentence in _KOREAN if re.search(pattern, message)]
    first, *rest = message.splitlines()
    return [HEAD, *korean, f"• {first}", *rest]
