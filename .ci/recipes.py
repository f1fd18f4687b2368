"""Runs the recipes of docs/reporting.md over the demo's bucket, and compares each with a count of the lines in plain Python.

Usage: recipes.py WORK [--update], a folder with the program (yardstick), a bucket of the demo (demo/), and what of it was corrected
after it was settled (corrections.json), both of .ci/trouble.
With --update it writes what came out into the document.
"""

import collections
import datetime
import glob
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import time
from decimal import Decimal
from fractions import Fraction

import duckdb

WORK = os.path.abspath(sys.argv[1])
DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs", "reporting.md")
BUCKET = "yardstick-demo"
CONFIG = f"""
version: 1
bucket: {BUCKET}
scrapright: [{{account: main, url: "http://127.0.0.1:9", api_key_secret: yard, session_secret: session}}, {{account: north, url: "http://127.0.0.1:9", api_key_secret: yard-north, session_secret: session-north}}]
scrunch: [{{account: main, url: "http://127.0.0.1:9/v1", api_key_secret: brands}}, {{account: north, url: "http://127.0.0.1:9/v1", api_key_secret: brands-north}}]
"""
SHOWN = 12  # rows of a result in the document
LONG = 40  # characters of a text there


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


def monday(day):
    return day - datetime.timedelta(days=day.weekday())


def ranked(rows, *keys):
    """Rows in the order of some of their columns; a column with a minus falls."""
    for k in reversed(keys):
        rows = sorted(rows, key=lambda row: row[abs(k) - 1], reverse=k < 0)
    return rows


def ratio(pairs):
    """What was counted of how many, as a fraction."""
    return Fraction(sum(Fraction(p) for p, _ in pairs), sum(w for _, w in pairs)) if pairs else None


def present(record):
    """How many answers of a row name the brand: a whole number, of which the vendor sends the share."""
    return round(record["brand_presence_percentage"] * record["responses"])


# One function for each recipe: the rows that it has to give, in their order. A fraction is compared as it is rounded.

def rates(w):
    for account, dt, brand in ranked(list(w.records("scrunch/brand_daily", w.day(1), w.day(1))), 1):
        rows = [r for a, d, r in w.records("scrunch/platform_daily", dt, dt) if (a, r["brand_id"]) == (account, brand["brand_id"])]
        if not rows:
            continue
        yield (account, brand["brand_id"], brand["brand_name"], ratio([(r["brand_presence_percentage"], 1) for r in rows]),
               ratio([(present(r), r["responses"]) for r in rows]), Fraction(present(brand), brand["responses"]),
               sum(r["citation_unique_domains"] for r in rows), brand["citation_unique_domains"])


def of_brands(w, dataset, first, last=datetime.date.max):
    groups = collections.defaultdict(list)
    for account, dt, record in w.records(dataset, first, last):
        groups[account, record["brand_id"]].append((dt, record))
    return sorted(groups.items())


SCORES = {"top": 100, "middle": 50, "bottom": 0, "positive": 100, "mixed": 50, "negative": 0}


def responses(w):
    def score(rows, member):
        return ratio([(SCORES[r[member]], 1) for _, r in rows if r[member] in SCORES])
    for (account, brand), rows in of_brands(w, "scrunch/responses", w.day(7), w.day(1)):
        yield (account, brand, rows[-1][1]["brand_name"], len(rows), ratio([(r["brand_present"] is True, 1) for _, r in rows]),
               score(rows, "brand_position"), score(rows, "brand_sentiment"))


def domains(w):
    days = dict(of_brands(w, "scrunch/brand_daily", w.day(7), w.day(1)))
    for key, rows in of_brands(w, "scrunch/responses", w.day(7), w.day(1)):
        cited = [c["domain"] for _, r in rows for c in r["citations"]]
        yield (*key, len(cited), len(set(cited)), sum(r["citation_unique_domains"] for _, r in days[key]))


def metals(w):
    groups = collections.defaultdict(lambda: [set(), Decimal(0), Decimal(0)])
    for account, dt, p in w.records("scrapright/purchases", monday(w.today) - datetime.timedelta(days=21)):
        for line in p["Lines"] if not p["IsVoid"] else []:
            group = groups[account, monday(dt), line["Material"], line["Unit"]]
            group[0].add(p["Id"])
            group[1] += line["Net"]
            group[2] += line["Amount"]
    return ranked([(*key, len(ids), net, amount, Fraction(amount) / Fraction(net)) for key, (ids, net, amount) in groups.items()], 1, 2, -7, 3, 4)


def presence(w):
    groups = collections.defaultdict(list)
    for account, dt, r in w.records("scrunch/responses", monday(w.today) - datetime.timedelta(days=21)):  # not the report: the answers
        if os.path.exists(w.path("scrunch/platform_daily", account, dt, f"brand-{r['brand_id']}")):
            groups[account, r["brand_id"], r["brand_name"], PLATFORMS[r["platform"]], monday(dt)].append((dt, r["brand_present"] is True))
    return [(*key, len({dt for dt, _ in rows}), len(rows), ratio([(p, 1) for _, p in rows])) for key, rows in sorted(groups.items())]


PLATFORMS = {"chatgpt": "ChatGPT", "perplexity": "Perplexity", "google_ai_overviews": "Google AI Overviews",
             "google_gemini": "Google Gemini"}


def customers_as_of(w):
    listed = collections.defaultdict(list)
    for account, dt, c in w.records("scrapright/customers"):  # by day
        listed[account, c["Id"]].append((dt, c["Address"]["City"]))
    groups = collections.defaultdict(list)
    for account, dt, p in w.records("scrapright/purchases", w.day(21)):
        if p["CustomerId"] is not None and not p["IsVoid"]:
            cities = [city for day, city in listed[account, p["CustomerId"]] if day <= dt]
            groups[account, cities[-1] if cities else "not listed by then"].append(p["TotalAmount"])
    return ranked([(*key, len(amounts), sum(amounts)) for key, amounts in groups.items()], 1, -4, 2)


def prompts(w):
    listing = {(account, p["brand_id"], p["id"]): p for account, _, p in w.records("scrunch/prompts", below="latest/")}
    groups = collections.defaultdict(list)
    for account, _, r in w.records("scrunch/prompt_daily", w.day(28)):
        groups[account, r["brand_id"], r["prompt_id"]].append(r)
    rows = []
    for key, days in groups.items():
        p = listing.get(key)
        rows.append((*key, p["text"] if p else max(d["prompt"] for d in days), p["status"] if p else "not listed",
                     ", ".join(p["topics"]) if p else None, sum(d["responses"] for d in days), ratio([(present(d), d["responses"]) for d in days])))
    return ranked(rows, 1, 2, 3)


def customers_compared(w):
    listings = collections.defaultdict(lambda: collections.defaultdict(dict))
    for path, account, dt, _ in w.files("scrapright/customers"):
        for line in gzip.open(path, "rt", encoding="utf-8").read().splitlines():
            listings[account][dt][json.loads(line)["Id"]] = line
    rows = []
    for account, days in listings.items():
        newest = max(days)
        older = [day for day in days if (newest - day).days >= 7]
        if not older:
            continue
        a, b = days[max(older)], days[newest]
        for i in sorted(a.keys() | b.keys()):
            if a.get(i) != b.get(i):
                if i not in a or i not in b:
                    rows.append((account, i, "new" if i not in a else "gone", None))
                    continue
                old, new = json.loads(a[i]), json.loads(b[i])
                rows.append((account, i, "changed", sorted(k for k in old.keys() | new.keys() if k not in old or k not in new or old[k] != new[k])))
    return ranked(rows, 1, 3, 2)


def missing(w):
    there = collections.defaultdict(dict)
    for dataset in ("scrapright/purchases", "scrunch/platform_daily"):
        for path, account, dt, part in w.files(dataset):
            there[(*dataset.split("/"), account, part)][dt] = len(load(path))
    for (source, dataset, account, part), days in sorted(there.items(), key=lambda item: (item[0][0], item[0][2], item[0][1], item[0][3])):
        day = min(days)
        while day < w.today:
            if not days.get(day):
                yield source, account, dataset, part, day, "none" if day in days else "not exported"
            day += datetime.timedelta(days=1)


def missing_files(w):
    return [(account, day) for _, account, dataset, _, day, what in missing(w) if (dataset, what) == ("purchases", "not exported")]


def month(w):
    groups = collections.defaultdict(list)
    for row in w.cover:
        day = datetime.date.fromisoformat(row["day"])
        if row["dataset"] == "purchases":
            groups[row["source"], row["account"], row["dataset"], row["part"], day.replace(day=1)].append(row)
    for key, days in sorted(groups.items()):
        length = ((key[-1] + datetime.timedelta(days=31)).replace(day=1) - key[-1]).days
        unsettled = sum(not row["settled"] for row in days)
        yield (*key, len(days), length, unsettled, sum(row["rows"] for row in days),
               datetime.datetime.fromisoformat(max(row["fetched_at"] for row in days)).replace(tzinfo=None), len(days) - unsettled == length)


def moment(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=None)


def changes(w):
    rows = [(row["source"], row["account"], row["dataset"], row["part"], datetime.date.fromisoformat(row["day"]), moment(row["changed_at"]),
             row["rows_before"], row["rows_after"]) for row in w.changes]
    return ranked([row for row in rows if row[5].date() >= w.day(30)], 1, 2, 3, 4, 5, 6)


def closed(w):
    """By month, what was there 30 days ago, and what is now: each part of a day by itself."""
    groups = collections.defaultdict(lambda: [0, 0, 0])
    for row in w.cover:
        since = [c for c in w.changes if all(c[k] == row[k] for k in ("source", "account", "dataset", "part", "day"))
                 and moment(c["changed_at"]).date() >= w.day(30)]
        group = groups[row["source"], row["account"], row["dataset"], datetime.date.fromisoformat(row["day"]).replace(day=1)]
        group[0] += bool(since)
        group[1] += min(since, key=lambda c: c["changed_at"])["rows_before"] if since else row["rows"]
        group[2] += row["rows"]
    return sorted((*key, *group) for key, group in groups.items() if group[0])


def unreadable(w):
    return sorted((row["source"], row["account"], row["dataset"], row["part"], datetime.date.fromisoformat(row["day"]), row["rows"], row["unreadable"])
                  for row in w.cover if row["unreadable"])


def drift(w):
    """The runs of the demo saw a member come, in two spellings, and told of it in their results."""
    rows = []
    for path in glob.glob(f"{w.root}_yardstick/runs/*/*.json"):
        run = json.load(open(path, encoding="utf-8"))
        for account in run["accounts"]:
            rows += [(run["source"], dataset["dataset"], account["account"], moment(run["time"]), d["path"], d["change"], sorted(d["before"]), sorted(d["after"]))
                     for dataset in account["datasets"] for d in dataset.get("drift", [])]
    return ranked(rows, -4, 1, 2, 3, 5)


RECIPES = {"rates": rates, "responses": responses, "domains": domains, "metals": metals, "presence": presence,
           "customers-as-of": customers_as_of, "prompts": prompts, "customers-compared": customers_compared, "missing": missing,
           "missing-files": missing_files, "month": month, "changes": changes, "closed": closed, "drift": drift, "unreadable": unreadable}


def equal(name, expected, got):
    if not isinstance(expected, Fraction):
        return expected == got
    digits = 2 if name.endswith("_score") else 4
    return -Decimal(repr(got)).as_tuple().exponent <= digits and abs(Fraction(repr(got)) - expected) <= Fraction(1, 2 * 10 ** digits) + Fraction(1, 10 ** 9)


def compare(recipe, where, names, expected, got):
    if not expected:
        fail(f"{recipe} over {where}: nothing is expected, so that nothing is compared")
    if len(expected) != len(got):
        fail(f"{recipe} over {where}: {len(got)} rows, expected {len(expected)}; the first that is not in both: "
             f"{next((row for row in got if row[:2] not in [e[:2] for e in expected]), got[-1:])}")
    for number, (want, row) in enumerate(zip(expected, got), 1):
        if len(want) != len(row) or not all(map(equal, names, want, row)):
            fail(f"{recipe} over {where}: row {number} is {row}, expected {tuple(float(v) if isinstance(v, Fraction) else v for v in want)}")


def read_document():
    """The recipes: name -> SQL, as they are printed; a block that has neither a name nor is said to be Athena's is counted."""
    text = open(DOCUMENT, encoding="utf-8").read()
    blocks = dict(re.findall(r"<!-- recipe: ([\w-]+) -->\n```sql\n(.*?)```", text, re.DOTALL))
    others = len(re.findall(r"<!-- athena[^>]*-->\n```sql\n", text)) + 1  # the one that prepares DuckDB for S3
    if text.count("```sql\n") != len(blocks) + others:
        fail(f"docs/reporting.md has {text.count('```sql')} blocks of SQL, of which {len(blocks)} are recipes and {others} are not run: the rest has no mark")
    if blocks.keys() != RECIPES.keys() | {"views"}:
        fail(f"docs/reporting.md and recipes.py differ in {sorted(blocks.keys() ^ (RECIPES.keys() | {'views'}))}")
    return text, blocks


def shown(value):
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return value if len(value) <= LONG else value[:LONG - 1] + "…"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    return f"[{', '.join(value)}]" if isinstance(value, list) else str(value)  # as DuckDB shows it


def table(names, rows):
    """A result as text."""
    cells = [names] + [[shown(v) for v in row] for row in rows[:SHOWN]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
    right = [all(isinstance(row[i], (int, float, Decimal)) and not isinstance(row[i], bool) for row in rows) for i in range(len(names))]
    lines = ["  ".join(cell.rjust(n) if r else cell.ljust(n) for cell, n, r in zip(row, widths, right)).rstrip() for row in cells]
    return "\n".join(lines + ([f"... ({len(rows)} rows)"] if len(rows) > SHOWN else []))


def headings(text, name):
    """The columns that the document shows of a recipe's result."""
    found = re.search(rf"<!-- output: {name} -->\n```text\n(.*)\n", text)
    return found and found[1].split()


def added_up(world):
    """Holds the table of what may be added up to the demo: platforms, and prompts, of a day against the brand's own report."""
    counts = ["responses", "citation_count", "citation_unique_responses"]
    means = [("brand_presence_percentage", "responses"), ("brand_citation_rate", "responses"), ("brand_citation_share_of_voice", "citation_unique_responses")]
    finer = collections.defaultdict(list)
    for dataset in ("platform_daily", "prompt_daily"):
        for account, dt, r in world.records("scrunch/" + dataset):
            finer[dataset, account, dt, r["brand_id"]].append(r)
    apart = collections.Counter()
    for account, dt, brand in world.records("scrunch/brand_daily"):
        for dataset in ("platform_daily", "prompt_daily"):
            rows = finer[dataset, account, dt, brand["brand_id"]]
            where = f"{dataset} of brand {brand['brand_id']} on {dt}"
            for count in counts if rows else []:
                if sum(r[count] for r in rows) != brand[count]:
                    fail(f"{where}: {count} does not add up to the brand's")
            for rate, weight in means if rows else []:
                mean = sum(Fraction(r[rate]) * r[weight] for r in rows if r[rate] is not None) / sum(r[weight] for r in rows if r[rate] is not None)
                if abs(mean - Fraction(brand[rate])) > Fraction(1, 10 ** 9):
                    fail(f"{where}: the mean of {rate}, weighted by {weight}, is not the brand's")
                apart[rate] += abs(ratio([(r[rate], 1) for r in rows if r[rate] is not None]) - Fraction(brand[rate])) > Fraction(1, 10 ** 4)
            apart["citation_unique_domains"] += bool(rows) and sum(r["citation_unique_domains"] for r in rows) != brand["citation_unique_domains"]
    for name in [rate for rate, _ in means] + ["citation_unique_domains"]:
        if not apart[name]:
            fail(f"{name}: where docs/reporting.md warns of adding it up, or of its plain mean, the demo shows no difference")


def tables(world):
    """The views of `yardstick tables`."""
    config = f"{WORK}/recipes/config.yaml"
    with open(config, "w", encoding="utf-8") as file:
        file.write(CONFIG)
    done = subprocess.run([f"{WORK}/yardstick", "tables", "--for", "duckdb", "--local", world.folder, "--config", config], capture_output=True, check=False)
    if done.returncode:
        fail(f"tables ended with {done.returncode}: {done.stderr.decode()}")
    return done.stdout.decode()


def run(world, where, setup, blocks):
    """Runs all recipes in the bucket's folder, compares them, and gives what came out."""
    connection = duckdb.connect()
    os.chdir(world.root)
    connection.execute(setup)
    results = {}
    for name, expect in RECIPES.items():
        connection.execute("BEGIN")  # within which current_date stands still
        [(world.today,)] = connection.execute("SELECT current_date").fetchall()
        cursor = connection.execute(blocks[name])
        names, rows = [d[0] for d in cursor.description], cursor.fetchall()
        connection.execute("COMMIT")
        compare(name, where, names, list(expect(world)), rows)
        results[name] = names, rows
    return results


def main():
    began = time.monotonic()
    text, blocks = read_document()
    [(today,)] = duckdb.sql("SELECT current_date").fetchall()
    shutil.rmtree(f"{WORK}/recipes", ignore_errors=True)
    world = World("one", today)
    world.add_listings()
    for dataset, before, part in (("scrapright/purchases", 12, "purchases"), ("scrapright/purchases", 5, "purchases"), ("scrunch/platform_daily", 9, "brand-102")):
        world.remove(dataset, before, part)
    world.cover_again()
    results = run(world, "one account", blocks["views"], blocks)
    added_up(world)

    world.add_account()
    world.cover_again()
    run(world, "two accounts", blocks["views"], blocks)
    run(world, "the views of yardstick tables", blocks["views"] + tables(world), blocks)

    if "--update" in sys.argv:
        for name, (names, rows) in results.items():
            text = re.sub(rf"<!-- output: {name} -->\n(```text\n.*?```\n)?", lambda _: f"<!-- output: {name} -->\n```text\n{table(names, rows)}\n```\n", text, flags=re.DOTALL)
        with open(DOCUMENT, "w", encoding="utf-8") as file:
            file.write(text)
    for name, (names, _) in results.items():
        if headings(text, name) != names:
            fail(f"docs/reporting.md shows {headings(text, name)} as the result of {name}, which has {names}; run recipes.py with --update")
    print(f"recipes: {len(RECIPES)} recipes of docs/reporting.md agree with the lines, {sum(len(rows) for _, rows in results.values())} rows, "
          f"{time.monotonic() - began:.0f}s")


main()
