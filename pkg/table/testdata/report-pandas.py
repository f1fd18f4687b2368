# Table scrunch_brand_daily for pandas: pip install pandas fsspec s3fs
# Its types take all lines looked at so far: 1, with those that were read again. Numbers that no double
# holds are text, those within lists and objects decimal.Decimal.
import json
from decimal import Decimal

import fsspec
import pandas as pd

files = "s3://acme-reporting/yards/scrunch/brand_daily/account=*/dt=*/*.json.gz"
columns = [  # name, member of a line, type
    ("brand_id", "brand_id", "Int64"),
    ("brand_name", "brand_name", "string"),
    ("date", "date", "string"),
    ("responses", "responses", "Float64"),
    ("brand_presence_percentage", "brand_presence_percentage", "Float64"),
    ("brand_position_score", "brand_position_score", "Float64"),
    ("brand_sentiment_score", "brand_sentiment_score", "Float64"),
    ("brand_citation_rate", "brand_citation_rate", "Float64"),
    ("brand_citation_share_of_voice", "brand_citation_share_of_voice", "Float64"),
    ("citation_count", "citation_count", "Int64"),
    ("citation_unique_responses", "citation_unique_responses", "Int64"),
    ("citation_unique_domains", "citation_unique_domains", "Int64"),
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
scrunch_brand_daily = pd.concat([pd.DataFrame(data), keys], axis=1)
