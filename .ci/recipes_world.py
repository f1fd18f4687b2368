"""The bucket that the recipes of docs/reporting.md are run over, and what is in it, read by nothing but Python."""

import datetime
import glob
import gzip
import json
import os
import re
import shutil
import sys
from decimal import Decimal

WORK = os.path.abspath(sys.argv[1])
BUCKET = "yardstick-demo"
CONFIG = f"""
version: 1
bucket: {BUCKET}
scrapright: [{{account: main, url: "http://127.0.0.1:9", api_key_secret: yard, session_secret: session}}, {{account: north, url: "http://127.0.0.1:9", api_key_secret: yard-north, session_secret: session-north}}]
scrunch: [{{account: main, url: "http://127.0.0.1:9/v1", api_key_secret: brands}}, {{account: north, url: "http://127.0.0.1:9/v1", api_key_secret: brands-north}}]
"""


def fail(message):
    print("recipes: " + message, file=sys.stderr)
    sys.exit(1)


def load(path):
    return [json.loads(line, parse_float=Decimal) for line in gzip.open(path, "rt", encoding="utf-8")]


def store(path, records):
    """Writes records as the vendor's lines are: no spaces."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=float) + "\n")


class World:
    """A bucket: the demo's, with what it lacks. Its lines are read here by nothing but Python."""

    def __init__(self, name, today):
        self.today = today
        self.folder = f"{WORK}/recipes/{name}"
        self.root = f"{self.folder}/s3/{BUCKET}/"
        shutil.copytree(f"{WORK}/demo", self.folder)
        self.cover, self.changes = self.covered(), self.changed()

    def day(self, before):
        return self.today - datetime.timedelta(days=before)

    def files(self, dataset, below=""):
        """The files of a dataset, with account, day and part."""
        for path in sorted(glob.glob(f"{self.root}{below}{dataset}/**/*.json.gz", recursive=True)):
            keys = dict(re.findall(r"/(account|dt)=([^/]+)", path[len(self.root):]))
            dt = datetime.date.fromisoformat(keys["dt"]) if "dt" in keys else None
            yield path, keys["account"], dt, os.path.basename(path).removesuffix(".json.gz")

    def records(self, dataset, first=datetime.date.min, last=datetime.date.max, below=""):
        for path, account, dt, _ in self.files(dataset, below):
            if dt is None or first <= dt <= last:
                for record in load(path):
                    yield account, dt, record

    def path(self, dataset, account, day, part):
        return f"{self.root}{dataset}/account={account}/dt={day}/{part}.json.gz"

    def ledgers(self):
        """What the ledgers say of each part of each day."""
        for path in glob.glob(f"{self.root}_yardstick/ledger/*/*/*/*.json"):
            ledger = json.load(open(path, encoding="utf-8"))
            for day, parts in ledger["days"].items():
                for part, e in parts.items():
                    yield {"day": day, "source": ledger["source"], "dataset": ledger["dataset"], "account": ledger["account"], "part": part}, e

    def covered(self):
        """The rows of the coverage that runs wrote, which have to be the ledger's. Where the last runs found no change, times of reading
        may be those of the last that did."""
        rows = [name | {"rows": e["rows"], "settled": e["settled"], "fetched_at": e["fetched_at"],
                        "unreadable": e.get("unreadable", {}).get("records", 0)} for name, e in self.ledgers()]
        written = [row for path in glob.glob(f"{self.root}about/coverage/*/*.json.gz") for row in load(path)]

        def ordered(some):
            return sorted(some, key=lambda row: (row["source"], row["account"], row["dataset"], row["day"], row["part"]))

        if len(written) != len(rows):
            fail(f"the demo's coverage has {len(written)} rows, its ledger {len(rows)}")
        for told, row in zip(ordered(written), ordered(rows)):
            late = told["fetched_at"] < row["fetched_at"] and not row["settled"]
            if told != row | ({"fetched_at": told["fetched_at"]} if late else {}):
                fail(f"the demo's coverage has {told}, its ledger {row}")
        return written

    def changed(self):
        """The rows of the changes that runs wrote, which have to be the ledger's, and those corrections that were made."""
        rows = []
        for name, e in self.ledgers():
            replaced = e.get("revised", []) + [e]
            rows += [name | {"changed_at": a["at"], "run": a["run"], "rows_before": a["rows"], "rows_after": b["rows"], "sha256_before": a["sha256"],
                             "sha256_after": b["sha256"]} for a, b in zip(replaced, replaced[1:])]
        written = []
        for path in glob.glob(f"{self.root}about/changes/account=*/month=*/*.json.gz"):
            keys, source = dict(re.findall(r"/(account|month)=([^/]+)", path)), os.path.basename(path).removesuffix(".json.gz")
            for row in load(path):
                if (row["account"], row["day"][:7], row["source"]) != (keys["account"], keys["month"], source):
                    fail(f"{path} has a row of another table: {row}")
                written.append(row)
        if sorted(map(str, written)) != sorted(map(str, rows)):
            fail(f"the demo's changes and its ledger differ: {written} and {rows}")
        made = json.load(open(f"{WORK}/corrections.json", encoding="utf-8"))
        if sorted(map(str, made)) != sorted(str({k: row[k] for k in made[0]}) for row in rows):
            fail(f"the corrections were {made}, and the changes are {rows}")
        return written

    def cover_again(self):
        """Writes the coverage of what there is."""
        self.cover = rows = [row for row in self.cover if os.path.exists(self.path(f"{row['source']}/{row['dataset']}", row["account"], row["day"], row["part"]))]
        for source in ("scrapright", "scrunch"):
            for account in sorted({row["account"] for row in rows}):
                store(f"{self.root}about/coverage/account={account}/{source}.json.gz",
                      [row for row in rows if (row["source"], row["account"]) == (source, account)])

    def remove(self, dataset, before, part):
        os.remove(self.path(dataset, "main", self.day(before), part))

    def add_listings(self):
        """Two older listings of customers: people moved, came and went since."""
        [(path, _, day, part)] = self.files("scrapright/customers")
        now = load(path)
        for age, offset in ((7, 3), (14, 5)):
            then = [dict(record) for record in now[:-offset]]
            for record in then[offset:40:9]:
                record["Address"] = record["Address"] | {"City": f"Formerly {age}"}
            then[1]["Phone"], then[1]["Active"] = None, False
            del then[2]["Vehicle"]
            then.append(now[0] | {"Id": 990000 + age})
            store(self.path("scrapright/customers", "main", day - datetime.timedelta(days=age), part), then)

    def add_account(self):
        """Another account with the same ids and other days: what is joined without the account comes out wrong."""
        for dataset in ("scrapright/purchases", "scrunch/platform_daily", "scrunch/brand_daily", "scrunch/prompt_daily", "scrunch/responses"):
            for path, _, day, part in list(self.files(dataset)):
                if self.day(20) < day < self.today:
                    self.cover_as(dataset, day + datetime.timedelta(days=1), part, len(load(path)))
                    target = self.path(dataset, "north", day + datetime.timedelta(days=1), part)
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    shutil.copy(path, target)
        [path] = glob.glob(f"{self.root}latest/scrapright/customers/account=main/*.gz")
        store(self.path("scrapright/customers", "north", self.day(4), "customers"),
              [record | {"Address": record["Address"] | {"City": "North " + record["Address"]["City"]}} for record in load(path)])
        shutil.copytree(f"{self.root}scrapright/customers/account=main/dt={self.listed('main') - datetime.timedelta(days=7)}",
                        f"{self.root}scrapright/customers/account=north/dt={self.listed('main') - datetime.timedelta(days=7)}")
        for path in glob.glob(f"{self.root}latest/scrunch/prompts/account=main/*.gz"):
            there = [p | {"text": "north: " + p["text"], "status": "archived"} for p in load(path)[1:]]
            there += [p | {"brand_id": p["brand_id"] ^ 1, "text": "another brand's"} for p in there]
            store(path.replace("account=main", "account=north"), there)
        day = self.day(70).replace(day=1)
        month = day.month
        while day.month == month:  # a month without purchases, which is closed
            store(self.path("scrapright/purchases", "north", day, "purchases"), [])
            self.cover_as("scrapright/purchases", day, "purchases", 0, settled=True)
            day += datetime.timedelta(days=1)
        self.add_changes()

    def add_changes(self):
        """Changes of the other account: of days that it has, and of some that it has not. Half are from before its months were closed."""
        for number, row in enumerate(list(self.changes)):
            at = datetime.datetime.combine(self.day(40 if number % 2 else 1), datetime.time(3, 4, number))
            self.changes.append(row | {"account": "north", "changed_at": at.isoformat() + "Z", "rows_before": row["rows_before"] + 5})
        for source, month in {(row["source"], row["day"][:7]) for row in self.changes}:
            store(f"{self.root}about/changes/account=north/month={month}/{source}.json.gz",
                  [row for row in self.changes if (row["account"], row["source"], row["day"][:7]) == ("north", source, month)])

    def listed(self, account):
        """The day of the newest listing of customers."""
        return max(dt for _, a, dt, _ in self.files("scrapright/customers") if a == account)

    def cover_as(self, dataset, day, part, rows, settled=None):
        source, name = dataset.split("/")
        self.cover.append({"day": str(day), "source": source, "dataset": name, "account": "north", "part": part, "rows": rows,
                           "settled": day.day % 3 == 0 if settled is None else settled, "fetched_at": f"{self.today}T01:02:03Z",
                           "unreadable": int(day.day % 7 == 0)})
