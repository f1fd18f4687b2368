"""Runs the snippets of `yardstick tables` and compares what each reader makes of the lines with the lines and the ledger.

Usage: readers.py WORK, a folder with the program (yardstick) and a bucket of the demo (demo/), of .ci/trouble.
"""

import glob
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from decimal import Decimal

import duckdb
import pandas
import pyarrow.json

WORK = sys.argv[1]
BUCKET = "yardstick-demo"
CONFIG = f"""
version: 1
bucket: {BUCKET}
scrapright: [{{account: main, url: "http://127.0.0.1:9", api_key_secret: yard, session_secret: session}}]
scrunch: [{{account: main, url: "http://127.0.0.1:9/v1", api_key_secret: brands}}]
"""
DAY = "2026-11-19"

# All that a reader may stumble over. The purchases of the demo have none of it. What JSON itself knows no way to say, a
# text that is no UTF-8, is in a record of its own, which DuckDB leaves out.
ODD = rb"""
{"Id":9007199254740993,"id":7,"account":"x","dt":"y","we\"ird`\n'$":"q","Long":99999999999999999999,"Exact":12.34567890123456789,"Mixed":1840.40,"Lines":[{"Exact":0.10000000000000000001,"N":1}],"a.b":1,"a/b":2,"a~b":4,"":3,"Text":"a","Number":1,"Deep":{"Exact":1.50,"Pair":[1.5,null],"a'\"`b":1},"'); --":1,"\\":2,"\\'":3,"\u2028":4,"*/%s{x}":5,"\r\t":6,"$.a[0]":7,"0":8,"filename":"f","~1":9}
{"Id":2,"Exact":1.50,"Mixed":{"x":1.50,"y":[1,"z"]},"Text":"\ud83d\ude00 \\ud800 \"Exact\":1.50,","Lines":[],"Number":2.5}
{"Id":3,"Twice":1,"Twice":2,"Mixed":"t","Lines":null,"Number":null,"Exact":1e400,"Deep":null}
{"Id":9223372036854775807,"Mixed":[1],"Text":"caf\u00e9 \u00e9","b":true,"Number":0.1,"Long":-5}
{"Id":5,"Mixed":true,"Text":"none","Exact":-0.00012345678901234567890}
""".lstrip()
DIGITS = b'{"Id":1,"Exact":12.34567890123456789,"Text":"\\"Exact\\":1.5"}\n'  # and nothing else that is hard
TWICE = b'{"Id":1,"Twice":1,"Twice":2,"In":{"N":1,"N":2}}\n'
HALF = b'{"Id":6,"Half":"a\\ud800b"}\n'
BYTES = b'{"Id":8,"Bytes":"\xff"}\n'


def fail(message):
    print("readers: " + message, file=sys.stderr)
    sys.exit(1)


def yardstick(folder, *arguments):
    """What a command prints about a bucket. The vendors are down, as it should not matter to those who read."""
    config = os.path.join(WORK, "config.yaml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(CONFIG)
    done = subprocess.run([f"{WORK}/yardstick", *arguments, "--local", folder, "--config", config], capture_output=True, check=False)
    if done.returncode:
        fail(f"{arguments[0]} ended with {done.returncode}: {done.stdout.decode()} {done.stderr.decode()}")
    return done.stdout.decode()


def tables(folder):
    """What `yardstick tables --json` tells of a bucket."""
    return [json.loads(line) for line in yardstick(folder, "tables", "--json").splitlines()]


def bucket(folder):
    return f"{folder}/s3/{BUCKET}"


def several_members(folder):
    """Writes the demo's customers as a listing that was read in four goes, each of which ended a gzip member."""
    [path] = glob.glob(f"{bucket(folder)}/scrapright/customers/account=main/dt=*/customers.json.gz")
    lines = gzip.open(path).read().splitlines(keepends=True)
    parts = [lines[:100], lines[100:101], [], lines[101:]]
    for copy in [path, f"{bucket(folder)}/latest/scrapright/customers/account=main/customers.json.gz"]:
        with open(copy, "wb") as file:
            file.writelines(gzip.compress(b"".join(part)) for part in parts)


def odd_bucket(folder, lines):
    """Makes a bucket with one day of purchases, as an export leaves it."""
    key = f"scrapright/purchases/account=main/dt={DAY}/purchases.json.gz"
    entry = {"key": key, "rows": lines.count(b"\n"), "pages": 1, "bytes": len(lines), "sha256": hashlib.sha256(lines).hexdigest(), "etag": "",
             "fetched_at": f"{DAY}T12:00:00Z", "settled": True, "window": [DAY, DAY], "spec": "", "total": None}
    ledger = {"version": 1, "source": "scrapright", "dataset": "purchases", "account": "main", "month": DAY[:7],
              "days": {DAY: {"purchases": entry}}}
    for name, data in {key: gzip.compress(lines),
                       f"_yardstick/ledger/scrapright/purchases/account=main/{DAY[:7]}.json": json.dumps(ledger).encode()}.items():
        path = f"{bucket(folder)}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)


def sent(folder, table):
    """A table's records as they lie in the bucket: digits as they were sent."""
    below = f"{'latest/' if table['latest'] else ''}{table['source']}/{table['dataset']}"
    rows = []
    for path in sorted(glob.glob(f"{bucket(folder)}/{below}/**/*.json.gz", recursive=True)):
        keys = dict(re.findall(r"/(account|dt)=([^/]+)", path[len(bucket(folder)):]))
        for line in gzip.open(path):
            rows.append((json.loads(line.decode("utf-8", "replace"), parse_float=Decimal), keys))
    return rows


def ledger_rows(folder, table):
    """How many rows the ledger has of a table; of the newest copies, those of each part's newest day."""
    newest, rows = {}, 0
    for path in sorted(glob.glob(f"{bucket(folder)}/_yardstick/ledger/{table['source']}/{table['dataset']}/account=*/*.json")):
        for day, parts in sorted(json.load(open(path, encoding="utf-8"))["days"].items()):
            for part, entry in parts.items():
                rows += entry["rows"]
                newest[path.split("account=")[1].split("/")[0], part] = entry["rows"]
    return sum(newest.values()) if table["latest"] else rows


def plain(value, texts=lambda text: ["text", text]):
    """A value in one spelling, whichever reader has it: numbers by their exact value, what is null left out of objects."""
    if value is None or value is pandas.NA:
        return None
    if isinstance(value, bool):
        return ["true", value]
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, (int, Decimal)):
        return ["number", format(Decimal(value).normalize(), "f") if abs(Decimal(value)) < 1e30 else str(Decimal(value).normalize())]
    if isinstance(value, dict):
        return ["object", sorted([k, plain(v, texts)] for k, v in value.items() if plain(v) is not None)]
    if isinstance(value, str):
        return texts(value)
    return ["array", [plain(v, texts) for v in value]]


def spelt(text):
    """A text, which may have been a number, an object or a list when it was sent: by what it says."""
    try:
        return plain(json.loads(text, parse_float=Decimal), spelt)
    except ValueError:
        return plain(text)


def column(values, kind):
    """A column, in an order that no reader decides."""
    texts = {"texts": spelt} if "string" in kind else {}
    return sorted(json.dumps(plain(v, **texts)) for v in values)


def compare(reader, table, names, rows, folder, skip=(), left_out=0):
    """names: the reader's columns, in the table's order; rows: name -> values."""
    expected = sent(folder, table)
    counted = ledger_rows(folder, table)
    where = f"{reader}: {table['table']}"
    for name in names:
        if len(rows[name]) != counted - left_out:
            fail(f"{where} has {len(rows[name])} rows, the ledger {counted}, of which {left_out} are left out")
    for c, name in zip(table["columns"], names, strict=True):
        if c["member"] in skip:
            continue
        want = [record.get(c["member"]) for record, _ in expected if not (left_out and "Bytes" in record)]
        if c["type"] == "bigint":
            if sum(v for v in want if v is not None) != sum(int(v) for v in rows[name] if v is not None and v is not pandas.NA):
                fail(f"{where}: the sum of {name} differs")
        if (a := column(want, c["type"])) != (b := column(rows[name], c["type"])):
            i = next(i for i in range(len(a)) if a[i] != b[i])
            fail(f"{where}: column {name} ({c['type']}): sent {a[i]}, read {b[i]}")
    for key in ("account", "dt"):
        if key in rows and sorted(keys[key] for record, keys in expected if not (left_out and "Bytes" in record)) != sorted(str(v) for v in rows[key]):
            fail(f"{where}: {key} differs")


def by_duckdb(table, folder, view=None, **how):
    connection = duckdb.connect()
    connection.execute(view or table["duckdb"])
    result = connection.execute(f'SELECT * FROM "{table["table"]}"')
    names = [d[0] for d in result.description]
    data = list(zip(*result.fetchall(), strict=True)) or [[] for _ in names]
    compare("DuckDB", table, names[:len(table["columns"])], dict(zip(names, data, strict=True)), folder, **how)


def written_view(table, folder):
    """The view that runs wrote."""
    with open(f"{bucket(folder)}/about/tables/duckdb/{table['table']}.sql", encoding="utf-8") as file:
        return file.read()


def by_pandas(table, folder, **how):
    variables = {}
    exec(compile(table["pandas"], table["table"] + ".py", "exec"), variables)  # the very program that people run
    frame = variables[table["table"]]
    compare("pandas", table, list(frame.columns)[:len(table["columns"])], {name: frame[name].tolist() for name in frame.columns}, folder, **how)
    kinds = {"bigint": "Int64", "double": "Float64", "boolean": "boolean", "string": "str"}
    for c, name in zip(table["columns"], frame.columns):
        if not str(frame[name].dtype).startswith(kinds.get(c["type"], "object")):
            fail(f"pandas: {table['table']}: {name} has type {frame[name].dtype} for {c['type']}")


def by_pyarrow(table, folder):
    """pyarrow's own inference, file by file: it is given no types."""
    rows, sums = 0, {}
    below = f"{'latest/' if table['latest'] else ''}{table['source']}/{table['dataset']}"
    for path in sorted(glob.glob(f"{bucket(folder)}/{below}/**/*.json.gz", recursive=True)):
        if not gzip.open(path).read(1):
            continue  # it knows no table without columns
        read = pyarrow.json.read_json(path)
        rows += read.num_rows
        for c in table["columns"]:
            if c["type"] == "bigint" and c["member"] in read.column_names:
                sums[c["member"]] = sums.get(c["member"], 0) + sum(v or 0 for v in read[c["member"]].to_pylist())
    if rows != ledger_rows(folder, table):
        fail(f"pyarrow: {table['table']} has {rows} rows, the ledger {ledger_rows(folder, table)}")
    for member, total in sums.items():
        if total != sum(record.get(member) or 0 for record, _ in sent(folder, table)):
            fail(f"pyarrow: {table['table']}: the sum of {member} differs")


def main():
    began = time.monotonic()
    demo = f"{WORK}/demo"
    several_members(demo)
    told = tables(demo)
    rows = 0
    for table in told:
        by_duckdb(table, demo)
        by_duckdb(table, demo, written_view(table, demo))
        by_pandas(table, demo)
        by_pyarrow(table, demo)
        rows += 0 if table["latest"] else ledger_rows(demo, table)
    if len(told) < 19 or rows < 20_000:
        fail(f"the demo has {len(told)} tables and {rows} rows: that is not all of it")
    for name, lines, left_out in (("digits", DIGITS, 0), ("twice", TWICE, 0), ("odd", ODD, 0), ("half", ODD + HALF, 0), ("bytes", ODD + HALF + BYTES, 1)):
        odd_bucket(f"{WORK}/{name}", lines)
        table = next(t for t in tables(f"{WORK}/{name}") if t["table"] == "scrapright_purchases")
        types = {c["member"]: c["type"] for c in table["columns"]}
        for member, kind in {"Id": "bigint", "id": "bigint", "Long": "string", "Exact": "string", "Mixed": "string", "Number": "double", "b": "boolean",
                             "Deep": "struct<exact:double,pair:array<double>,a___b:bigint>", "Lines": "array<struct<exact:string,n:bigint>>"}.items():
            if types.get(member, kind) != kind:
                fail(f"{name}: {member} is {types[member]}, expected {kind}")
        skip = {"Twice", "In", "Half", "Bytes"}  # each reader has its own way with these
        by_duckdb(table, f"{WORK}/{name}", skip=skip, left_out=left_out)
        by_pandas(table, f"{WORK}/{name}", skip=skip)
    print(f"readers: duckdb {duckdb.__version__}, pandas {pandas.__version__} and pyarrow {pyarrow.__version__} agree with the ledger on "
          f"{len(told)} tables and {rows} rows, {time.monotonic() - began:.0f}s")


main()
