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

from recipes_world import CONFIG, WORK, World, fail, load

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs", "reporting.md")
SHOWN = 12  # rows of a result in the document
LONG = 40  # characters of a text there


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
