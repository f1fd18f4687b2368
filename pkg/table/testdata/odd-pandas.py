# Table scrapright_purchases for pandas: pip install pandas fsspec s3fs
# Its types take all lines looked at so far: 4, with those that were read again. Numbers that no double
# holds are text, those within lists and objects decimal.Decimal.
# Records with a member twice: 1. The last of the values counts.
# Members that differ only in case, each in a column of its own: "Id", "id".
# Records with a text of half a character (a lone surrogate): 1. It reads as ?.
# Records with a text that is no UTF-8: 1. It reads as U+FFFD.
import json
from decimal import Decimal

import fsspec
import pandas as pd

files = "s3://acme-reporting/yards/scrapright/purchases/account=*/dt=*/*.json.gz"
columns = [  # name, member of a line, type
    ("Bytes", "Bytes", "string"),
    ("Id", "Id", "Int64"),
    ("Text", "Text", "string"),
    ("id_2", "id", "Int64"),
    ("Twice", "Twice", "Int64"),
    ("dt_2", "dt", "string"),
    ("we\"ird`\n'$", "we\"ird`\n'$", "string"),
    ("Long", "Long", "string"),
    ("Exact", "Exact", "string"),
    ("Mixed", "Mixed", "string"),
    ("Lines", "Lines", "object"),
]


def text(value):
    if not isinstance(value, (str, int, Decimal)) or isinstance(value, bool):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return str(value).encode("utf-8", "replace").decode("utf-8")


make = {"Int64": int, "Float64": float, "boolean": bool, "string": text, "object": lambda value: value}
partitions, rows = [], []
for file in sorted(fsspec.open_files(files, "rt", compression="gzip", encoding="utf-8", errors="replace"), key=lambda f: f.path):
    partition = [part.split("=", 1)[1] for part in file.path.split("/")[:-1] if part.startswith(("account=", "dt="))][-2:]
    with file as lines:
        for line in lines:
            rows.append(json.loads(line, parse_float=Decimal))
            partitions.append(partition)

keys = pd.DataFrame(partitions, columns="account, dt".split(", "), dtype="string")
data = {}
for name, member, kind in columns:
    values = (row.get(member) for row in rows)
    data[name] = pd.Series([None if value is None else make[kind](value) for value in values], dtype=kind)
scrapright_purchases = pd.concat([pd.DataFrame(data), keys], axis=1)
