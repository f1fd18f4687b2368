"""What the items of .ci/e2e.py look at and with: the stack, what there is in the emulated account, and what the vendors hold."""

import contextlib
import datetime
import gzip
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import boto3

WORK = pathlib.Path(sys.argv[1])
CODE = "deployments"  # the bucket that SAM uploads to

cloudformation, functions, s3 = boto3.client("cloudformation"), boto3.client("lambda"), boto3.client("s3")
vault, logs, iam = boto3.client("secretsmanager"), boto3.client("logs"), boto3.client("iam")
machines, athena, glue = boto3.client("stepfunctions"), boto3.client("athena"), boto3.client("glue")
vendors = json.loads((WORK / "vendors.json").read_text())
stacks = []  # that are there, for the logs of a failure


class Failed(Exception):
    """Something that does not hold."""


def expect(holds, *told):
    if not holds:
        raise Failed(" ".join(str(t) for t in told))


def wait(seconds, what, found):
    """What found() answers once it is true."""
    end = time.monotonic() + seconds
    while not (answer := found()):
        expect(time.monotonic() < end, f"{what}: not within {seconds} s")
        time.sleep(0.2)
    return answer


def run(*command, text="", environment=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, env={**os.environ, **(environment or {})})
    expect(done.returncode == 0, f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout or done.stderr


# The stack


def deploy(stack, parameters, edits=()):
    """sam deploy, as samconfig.toml has it but for the questions and the bucket. edits are made to the template first."""
    text = (WORK / "build/template.yaml").read_text()
    for old, new in edits:
        expect(old in text, f"the built template has no {old!r}")
        text = text.replace(old, new)
    template, values = WORK / f"build/{stack}.yaml", WORK / f"{stack}.yaml"
    template.write_text(text)
    values.write_text(json.dumps(parameters))
    if stack not in stacks:
        stacks.append(stack)
    run(".tools/venv-sam/bin/sam", "deploy", "--config-file", os.path.abspath("samconfig.toml"), "--template-file", template,
        "--stack-name", stack, "--no-resolve-s3", "--s3-bucket", CODE, "--no-confirm-changeset",
        "--parameter-overrides", f"file://{values}",
        environment={"SAM_CLI_TELEMETRY": "0"})
    return outputs(stack)


def outputs(stack):
    return {o["OutputKey"]: o["OutputValue"]
            for o in cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]}


def invoke(function, event):
    answer = functions.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    body = answer["Payload"].read().decode()
    expect("FunctionError" not in answer, f"{function} with {event}: {body}")
    return json.loads(body)


def export(stack, source, event):
    result = invoke(f"{stack}-{source}-export", event)
    expect(result["status"] == "complete" and result["remaining"] == 0, f"{source}: {json.dumps(result)}")
    return result


def total(result, member):
    return sum(d[member] for a in result["accounts"] for d in a["datasets"])


def configuration(stack):
    """The text that the functions were given."""
    f = functions.get_function_configuration(FunctionName=f"{stack}-scrapright-export")
    return f["Environment"]["Variables"]["YARDSTICK_CONFIG"]


def yardstick(stack, *arguments, text=""):
    # AWS_CA_BUNDLE is for Python's SDK; Go has SSL_CERT_FILE.
    return run(WORK / "yardstick", *arguments, text=text,
               environment={"AWS_CA_BUNDLE": "", "YARDSTICK_CONFIG": configuration(stack)})


def put_keys(stack, accounts):
    for source in ("scrapright", "scrunch"):
        for account in accounts:
            said = yardstick(stack, "secret", "put", f"yardstick/{source}/{account}/api-key", text=vendors[source][account]["key"])
            expect("holds the key" in said, said)


# What there is


def log_lines(group):
    return [e["message"] for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group) for e in page["events"]]


def at_rest(stack):
    """No function of the stack is at work."""
    for source in ("scrapright", "scrunch"):
        lines = log_lines(f"/aws/lambda/{stack}-{source}-export")
        if sum(x.startswith("START ") for x in lines) != sum(x.startswith("END ") for x in lines):
            return False
    return True


def listed(bucket, prefix):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [o["Key"] for page in pages for o in page.get("Contents", [])]


def rows(bucket, prefix):
    """How many rows the objects under a prefix have, by their metadata."""
    return sum(int(s3.head_object(Bucket=bucket, Key=key)["Metadata"]["rows"]) for key in listed(bucket, prefix))


def lines(bucket, key):
    """The records of an object."""
    return [json.loads(line) for line in gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()).splitlines()]


def queried(workgroup, database, sql):
    """The one value that a query answers; None where it answers none."""
    query = athena.start_query_execution(QueryString=sql, WorkGroup=workgroup, QueryExecutionContext={"Database": database})["QueryExecutionId"]
    state = lambda: athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]  # noqa: E731
    wait(60, sql, lambda: state()["State"] not in ("QUEUED", "RUNNING"))
    expect(state()["State"] == "SUCCEEDED", f"{sql}: {state()}")
    answered = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    return answered[1]["Data"][0]["VarCharValue"] if len(answered) > 1 else None


def runs(bucket):
    """The results that lie in the bucket, by their keys."""
    return {key: json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in listed(bucket, "_yardstick/runs/")}


def objects(bucket):
    """Every version of every object: what it holds, what is said about it, and whether it is the newest."""
    found = {}
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for v in page.get("Versions", []):
            o = s3.get_object(Bucket=bucket, Key=v["Key"], VersionId=v["VersionId"])
            found[f"{v['Key']} version {v['VersionId']}"] = {
                "bytes": hashlib.sha256(o["Body"].read()).hexdigest(), "etag": v["ETag"], "size": v["Size"],
                "metadata": o["Metadata"], "newest": v["IsLatest"]}
        for v in page.get("DeleteMarkers", []):
            found[f"{v['Key']} version {v['VersionId']}"] = {"deleted": True, "newest": v["IsLatest"]}
    expect(len(found) > 50, f"{bucket} holds {len(found)} versions of objects")
    return found


def credentials():
    """Every version of every secret: its labels and a digest of its value, so that a difference can be told."""
    found = {}
    for s in [s for page in vault.get_paginator("list_secrets").paginate() for s in page["SecretList"]]:
        versions = vault.list_secret_version_ids(SecretId=s["ARN"], IncludeDeprecated=True, MaxResults=100)
        expect("NextToken" not in versions, f"{s['Name']} has more than 100 versions")
        for v in versions["Versions"]:
            value = vault.get_secret_value(SecretId=s["ARN"], VersionId=v["VersionId"])
            kept = value.get("SecretString", "").encode() + value.get("SecretBinary", b"")
            found[f"{s['ARN']} version {v['VersionId']}"] = {
                "name": s["Name"], "labels": sorted(v.get("VersionStages", [])), "value": hashlib.sha256(kept).hexdigest()}
    return found


def state(bucket):
    return {**objects(bucket), **credentials()}


def unchanged(before, after):
    """Fails with the differences of two states."""
    told = [f"gone: {name}" for name in before.keys() - after.keys()] + [f"new: {name}" for name in after.keys() - before.keys()]
    for name in before.keys() & after.keys():
        members = [m for m in before[name].keys() | after[name].keys() if before[name].get(m) != after[name].get(m)]
        told += [f"{m} differs: {name}" for m in members]
    expect(not told, f"{len(told)} differences:\n" + "\n".join(sorted(told)[:40]))
    return f"{len(before)} versions of objects and secrets as they were"


def truth(path, **query):
    with urllib.request.urlopen(f"{vendors['truth']}/{path}?{urllib.parse.urlencode(query)}") as answer:
        return json.load(answer) or []  # Go's empty list may be null


def asked(account):
    """What the yard of an account was asked for since it began."""
    return truth("asked", account=account)


LISTINGS = {"scrapright": ("customers", "businesses"), "scrunch": ("brands", "prompts", "competitors", "personas")}
DAILY = {"scrapright": ("purchases",), "scrunch": (
    "brand_daily", "platform_daily", "prompt_daily", "competitor_daily", "citation_daily", "responses")}
ANSWERS = ("brand_daily", "platform_daily", "prompt_daily")  # the reports that count each answer once


def days(first, last):
    return [(first + datetime.timedelta(n)).isoformat() for n in range((last - first).days + 1)]


def brands(account):
    rows = [json.loads(row) for row in truth("records", source="scrunch", dataset="brands", brand=0)]
    return {b["id"]: b["name"] for b in rows if account == "main" or b["id"] == 102}


def expected_keys(account, daily, listings):
    """The data objects of an account, if these days were exported and the listings read on those."""
    for source in ("scrapright", "scrunch"):
        for dataset, on in [(d, daily) for d in DAILY[source]] + [(d, listings) for d in LISTINGS[source]]:
            files = [dataset] if source == "scrapright" or dataset == "brands" else [f"brand-{b}" for b in brands(account)]
            for day in on:
                for file in files:
                    yield f"{source}/{dataset}/account={account}/dt={day}/{file}.json.gz"


def compare(bucket, accounts, daily, listings):
    """Holds every data object against the vendors, its metadata and the ledger; answers how many there are and their lines."""
    have = {key for source in ("scrapright", "scrunch") for key in listed(bucket, source + "/")}
    want = {key for account in accounts for key in expected_keys(account, daily, listings)}
    expect(have == want, f"missing: {sorted(want - have)}, and not expected: {sorted(have - want)}")
    ledgers = {key: json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in listed(bucket, "_yardstick/ledger/")}
    rows = 0
    for key in sorted(have):
        source, dataset, account, day, file = key.split("/")
        account, day, part = account.removeprefix("account="), day.removeprefix("dt="), file.removesuffix(".json.gz")
        o = s3.get_object(Bucket=bucket, Key=key)
        text = gzip.decompress(o["Body"].read())
        lines = text.decode().split("\n")
        expect(lines.pop() == "", f"{key}: the last line does not end")
        digest = hashlib.sha256(text).hexdigest()
        entry = ledgers[f"_yardstick/ledger/{source}/{dataset}/account={account}/{day[:7]}.json"]["days"][day][part]
        expect(o["Metadata"]["rows"] == str(len(lines)) and o["Metadata"]["sha256"] == digest, f"{key}: {len(lines)} lines, "
               f"and its metadata say {o['Metadata']}")
        expect((entry["key"], entry["rows"], entry["sha256"]) == (key, len(lines), digest), f"{key}: the ledger says {entry}")
        if dataset in LISTINGS[source]:
            latest = s3.get_object(Bucket=bucket, Key=f"latest/{source}/{dataset}/account={account}/{file}")
            expect(gzip.decompress(latest["Body"].read()) == text, f"{key}: latest/ holds something else")
        is_what_the_vendor_has(key, source, dataset, account, day, part, lines)
        rows += len(lines)
    return f"{len(have)} objects, {rows:,} lines"


def is_what_the_vendor_has(key, source, dataset, account, day, part, lines):
    if source == "scrapright":
        want = truth("records", source=source, account=account, dataset=dataset, day=day if dataset == "purchases" else "")
        expect(lines == want, f"{key}: {len(lines)} lines, and the yard has {len(want)} records")
        return
    name = brands(account)
    if dataset == "brands":
        rows = truth("records", source=source, dataset=dataset, brand=0)
        want = [row for row in rows if json.loads(row)["id"] in name]
        expect(lines == want, f"{key}: {len(lines)} lines, and Scrunch has {len(want)} brands")
        return
    brand = int(part.removeprefix("brand-"))
    begin = f'{{"brand_id":{brand},"brand_name":{json.dumps(name[brand])},'
    expect(all(x.startswith(begin) for x in lines), f"{key}: a line does not begin with {begin}")
    if dataset in LISTINGS[source] or dataset == "responses":
        rows = truth("records", source=source, dataset=dataset, brand=brand, day=day if dataset == "responses" else "")
        want = [begin + row[1:] for row in rows]
        expect(sorted(lines) == sorted(want), f"{key}: {len(lines)} lines, and Scrunch has {len(want)} records, or others")
        return
    answers = len(truth("records", source=source, dataset="responses", brand=brand, day=day))
    counted = sum(json.loads(x)["responses"] for x in lines)
    expect(lines and (dataset not in ANSWERS or counted == answers), f"{key}: {counted} answers counted, of {answers}")


def read(bucket, key):
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def about(stack, bucket, accounts):
    """Holds what runs tell under about/, all of it written under the functions' roles, against ledgers, results and objects;
    answers how many objects it is."""
    for source in DAILY:
        behind = [x for x in log_lines(f"/aws/lambda/{stack}-{source}-export")
                  if "the status page is behind" in x or "the schemas are behind" in x]
        expect(not behind, "a run could not tell what it did:", *behind)
    accounts = sorted(accounts)
    entries = {(e["source"], e["dataset"], e["account"], day, part): entry
               for e in (json.loads(read(bucket, key)) for key in listed(bucket, "_yardstick/ledger/"))
               for day, parts in e["days"].items() for part, entry in parts.items()}
    coverage = {f"about/coverage/account={a}/{s}.json.gz" for a in accounts for s in DAILY}
    expect(set(listed(bucket, "about/coverage/")) == coverage, f"{listed(bucket, 'about/coverage/')}, expected {sorted(coverage)}")
    covered = {}
    for key in coverage:
        for row in map(json.loads, gzip.decompress(read(bucket, key)).splitlines()):
            expect(key == f"about/coverage/account={row['account']}/{row['source']}.json.gz", f"{key} has {row}")
            covered[row["source"], row["dataset"], row["account"], row["day"], row["part"]] = row["rows"], row["settled"]
    known = {name: (entry["rows"], entry["settled"]) for name, entry in entries.items()}
    expect(covered == known, f"covered and not in the ledger, or otherwise: {dict(covered.items() - known.items())}; "
           f"in the ledger alone: {dict(known.items() - covered.items())}")
    about_status(bucket, accounts, entries)
    datasets = {(source, dataset) for source, dataset, _, _, _ in entries}
    for source, dataset in sorted(datasets):
        about_dataset(bucket, accounts, source, dataset)
    return f"{len(listed(bucket, 'about/'))} objects under about/ tell of {len(entries)} day parts and {len(datasets)} datasets"


def about_status(bucket, accounts, entries):
    status = json.loads(read(bucket, "about/status.json"))
    expect(status["version"] == 1 and status["faults"] == [] and [s["source"] for s in status["sources"]] == ["scrapright", "scrunch"],
           f"about/status.json: {json.dumps(status)[:2000]}")
    page = s3.get_object(Bucket=bucket, Key="about/index.html")
    text = page["Body"].read().decode()
    expect(page["ContentType"].startswith("text/html") and text.startswith("<!DOCTYPE html>") and text.rstrip().endswith("</html>"), text[:500])
    results = {r["run"]: r for r in runs(bucket).values()}
    for source in status["sources"]:
        name = source["source"]
        for run in source["runs"]:
            expect(run["run"] in results and run["status"] == results[run["run"]]["status"], f"about/status.json has the run {run}")
        expect(source["runs"] and sorted(a["account"] for a in source["accounts"]) == accounts, f"{name}: {json.dumps(source)[:2000]}")
        for a in source["accounts"]:
            expect((a["error"], a["stale"], a["backlog"]["missing"]) == (None, False, 0), f"{name}/{a['account']}: {json.dumps(a)[:2000]}")
            for d in a["datasets"]:
                days = {}
                for (s, dataset, account, day, _), entry in entries.items():
                    if (s, dataset, account) == (name, d["dataset"], a["account"]):
                        days[day] = days.get(day, 0) + entry["rows"]
                have = {f"{m['month']}-{n:02}": rows for m in d["months"] for n, rows in enumerate(m["rows"], 1) if rows}
                expect(have == {day: rows for day, rows in days.items() if rows}, f"{name}/{a['account']} {d['dataset']}: {have}, "
                       f"and the ledger has {days}")
                expect(d["dataset"] in text and a["account"] in text, f"the page does not name {a['account']} {d['dataset']}")


def about_dataset(bucket, accounts, source, dataset):
    """The schema has every member of the newest lines, and each reader's file names the table and where it lies."""
    objects = [key for a in accounts for key in listed(bucket, f"{source}/{dataset}/account={a}/")]
    lines = [line for key in objects[-2:] for line in gzip.decompress(read(bucket, key)).splitlines()]
    if not lines:
        return
    schema = json.loads(read(bucket, f"about/schema/{source}/{dataset}.json"))
    members = {name for line in lines for name in json.loads(line)} - {m["name"] for m in schema["members"]}
    expect(not members and schema["records"] > 0 and sorted(schema["accounts"]) == accounts and schema["drift"] == [],
           f"about/schema/{source}/{dataset}.json lacks {members}: {json.dumps(schema)[:2000]}")
    names = [(f"{source}_{dataset}", f"{source}/{dataset}/")]
    if dataset in LISTINGS[source]:
        names.append((f"{source}_{dataset}_latest", f"latest/{source}/{dataset}/"))
    for name, place in names:
        files = [f"athena/{name}.sql", f"duckdb/{name}.sql", f"pandas/{name}.py"]
        for file in files + [f"quicksight/{name}.json"] * name.endswith("_latest"):
            text = read(bucket, f"about/tables/{file}").decode()
            expect(f"s3://{bucket}/{place}" in text and (name in text or file.startswith("quicksight/")), f"about/tables/{file}: {text}")
        ddl = read(bucket, f"about/tables/athena/{name}.sql").decode()
        expect(f"CREATE EXTERNAL TABLE `{name}` (" in ddl and f"'projection.account.values' = '{','.join(accounts)}'" in ddl, ddl)


def gone(stack):
    """Nothing of a stack is left but bucket and secrets."""
    if stack in stacks:
        stacks.remove(stack)
    left = [f["FunctionName"] for f in functions.list_functions()["Functions"]]
    left += [r["RoleName"] for r in iam.list_roles()["Roles"]]
    left += [g["logGroupName"] for g in logs.describe_log_groups()["logGroups"]]
    left += [s["Name"] for s in boto3.client("scheduler").list_schedules()["Schedules"]]
    left += boto3.client("sqs").list_queues().get("QueueUrls", [])
    left += [m["name"] for m in machines.list_state_machines()["stateMachines"]]
    left += [r["Name"] for r in boto3.client("events").list_rules()["Rules"]]
    left += [d["Name"] for d in boto3.client("glue").get_databases()["DatabaseList"]]
    expect(not [x for x in left if stack in x], f"the deleted stack left {left}")


def tell_logs():
    """What helps where something does not hold: how the stacks stand and what their functions wrote last."""
    for stack in stacks:
        with contextlib.suppress(Exception):
            for e in cloudformation.describe_stack_events(StackName=stack)["StackEvents"]:
                if "FAILED" in e["ResourceStatus"]:
                    print(f"{stack}: {e['LogicalResourceId']} {e['ResourceStatus']} {e.get('ResourceStatusReason', '')}")
        for group in logs.describe_log_groups()["logGroups"]:
            lines = log_lines(group["logGroupName"])
            if stack in group["logGroupName"] and lines:
                print(f"--- {group['logGroupName']}, the last lines of {len(lines)}", *lines[-15:], sep="\n")
    print("--- the emulator", *(WORK / "ministack.log").read_text().splitlines()[-20:], sep="\n")
