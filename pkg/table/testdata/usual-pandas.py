# Table scrapright_purchases for pandas: pip install pandas fsspec s3fs
# Its types take all lines looked at so far: 1, with those that were read again. Numbers that no double
# holds are text, those within lists and objects decimal.Decimal.
import json
from decimal import Decimal

import fsspec
import pandas as pd

files = "s3://acme-reporting/yards/scrapright/purchases/account=*/dt=*/*.json.gz"
columns = [  # name, member of a line, type
    ("Id", "Id", "Int64"),
    ("TicketNumber", "TicketNumber", "string"),
    ("BusinessId", "BusinessId", "string"),
    ("Lines", "Lines", "object"),
    ("Seller", "Seller", "string"),
    ("IsVoid", "IsVoid", "boolean"),
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
