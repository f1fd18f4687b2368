"""What .ci/e2e shows, item by item, each as a line with its seconds. Run by .ci/e2e, with its scratch folder."""

import base64
import collections
import contextlib
import datetime
import gzip
import hashlib
import hmac
import json
import os
import pathlib
import secrets
import ssl
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request
import uuid

import boto3

WORK = pathlib.Path(sys.argv[1])
STACK, SECOND_STACK = "yardstick-e2e", "two-yards"
CODE = "deployments"  # the bucket that SAM uploads to
ACCOUNTS = ("main", "north-yard")
MIDNIGHT_SECONDS = 420  # a run that could reach into the next day waits for it to begin

cloudformation, functions, s3 = boto3.client("cloudformation"), boto3.client("lambda"), boto3.client("s3")
vault, logs, iam = boto3.client("secretsmanager"), boto3.client("logs"), boto3.client("iam")
machines = boto3.client("stepfunctions")
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
    return done.stdout + done.stderr


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
        environment={"SAM_CLI_TELEMETRY": "0", "SAM_CLI_ENABLE_LANGUAGE_EXTENSIONS": "1"})
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
        pages = vault.get_paginator("list_secret_version_ids").paginate(SecretId=s["ARN"], IncludeDeprecated=True)
        for v in [v for page in pages for v in page["Versions"]]:
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


# The items. Each answers what it showed.


class Story:
    def __init__(self):
        self.today = datetime.datetime.now(datetime.timezone.utc).date()
        self.start = self.today - datetime.timedelta(3)
        self.bucket = "e2e-reporting"
        self.listings = [self.today.isoformat()]
        self.daily = days(self.start, self.today)
        # The schedules fire in every minute. No alarms: the emulator's CloudFormation refuses metric math. No rotation:
        # it knows no AWS::SecretsManager::RotationSchedule.
        self.parameters = {
            "BucketName": self.bucket, "ScrapRightUrl": vendors["scrapright"]["main"]["url"],
            "ScrunchUrl": vendors["scrunch"]["main"]["url"], "Start": self.start.isoformat(), "Webhook": "on", "Tables": "on",
            "Alarms": "off", "ScheduleWindowMinutes": "0",
            "ScrapRightSchedule": "cron(* * * * ? *)", "ScrunchSchedule": "cron(* * * * ? *)",
            "ScrapRightScheduleState": "DISABLED", "ScrunchScheduleState": "DISABLED"}
        self.signing_key = secrets.token_bytes(32)

    def deployment(self):
        self.outputs = deploy(STACK, self.parameters)
        kinds = collections.Counter(r["ResourceType"] for page in
                                    cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK)
                                    for r in page["StackResourceSummaries"])
        for kind in ("AWS::Lambda::Function", "AWS::Scheduler::Schedule", "AWS::StepFunctions::StateMachine", "AWS::Lambda::Url"):
            expect(kinds[kind], f"the stack has no {kind}: {kinds}")
        return f"sam deploy makes {sum(kinds.values())} resources"

    def keys(self):
        put_keys(STACK, ["main"])
        coded = base64.b64encode(self.signing_key).decode()
        vault.put_secret_value(SecretId="yardstick/webhook", SecretString=json.dumps({"secrets": [f"whsec_{coded}"]}))
        expect(not runs(self.bucket), f"there was a run already: {runs(self.bucket)}")
        tried = lambda: sum('message="API key verified"' in x for x in log_lines(f"/aws/lambda/{STACK}-verify-key"))  # noqa: E731
        wait(30, "verify-key, which the event of a new key invokes", lambda: tried() == 2)
        return "yardstick secret put stores the keys and a first session, and verify-key is told of them"

    def schedules(self):
        deploy(STACK, {**self.parameters, "ScrapRightScheduleState": "ENABLED", "ScrunchScheduleState": "ENABLED"})

        def both():
            found = list(runs(self.bucket).values())
            return {r["source"] for r in found} == {"scrapright", "scrunch"} and found

        # The emulator leaves <aws.scheduler.scheduled-time> as it is; the functions take the hour of their own clock then.
        first = wait(100, "a scheduled export of both vendors", both)
        expect(all(r["status"] == "complete" for r in first), json.dumps(first))
        deploy(STACK, self.parameters)
        wait(30, "the end of the scheduled exports", lambda: at_rest(STACK))
        return "they export both vendors, and are disabled then"

    def read_back(self):
        return compare(self.bucket, ["main"], self.daily, self.listings) + ", as the vendors have them, and in the ledger"

    def check(self):
        said = yardstick(STACK, "check", "--stack", STACK)
        expect("No fault found" in said and "CREATE_COMPLETE" in said or "UPDATE_COMPLETE" in said, said)
        return said.strip().splitlines()[-1]

    def follow_logs(self):
        followed = subprocess.Popen(["make", "-s", "logs", f"STACK={STACK}", "F=scrapright-export"], text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            lines = []
            for line in followed.stdout:
                lines.append(line)
                if "run ended" in line:
                    return "make logs shows how a run ended"
            raise Failed("make logs: " + "".join(lines))
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(followed.pid, 15)
            followed.wait()

    def webhook(self):
        before = len(runs(self.bucket))
        body = json.dumps({"source": "scrapright", "datasets": ["businesses"], "force": True}).encode()
        now, stranger = time.time(), secrets.token_bytes(32)
        claims = lambda: len(listed(self.bucket, "_yardstick/webhooks/"))  # noqa: E731
        for what, status, sent in (("forged", 401, self.send("msg_1", body, now, key=stranger)),
                                   ("changed on its way", 401, self.send("msg_1", body, now, sent=body + b" ")),
                                   ("7 minutes old", 401, self.send("msg_1", body, now - 420))):
            expect(sent[0] == status, f"a webhook that is {what}: {sent}, expected {status}")
        expect(claims() == 0, "a refused webhook left a claim")
        first = self.send("msg_1", body, now)
        expect(first[0] == 202 and f"{STACK}-scrapright-export" in first[1], f"a signed webhook: {first}")
        wait(30, "the export that a webhook starts", lambda: len(runs(self.bucket)) > before)
        result = list(runs(self.bucket).values())[-1]
        expect(result["status"] == "complete" and total(result, "rows") == 30, result)
        again = self.send("msg_1", body, now), self.send("msg_1", body, now + 1)
        expect(all(a == first for a in again), f"a replayed webhook: {again}, expected {first}")
        time.sleep(3)  # what would have been started shows within one
        expect(at_rest(STACK) and len(runs(self.bucket)) == before + 1 and claims() == 1,
               f"{len(runs(self.bucket)) - before} runs by one webhook, {claims()} claims")
        return "a signed one starts an export; a forged, a changed, an old and a replayed one start nothing"

    def send(self, identity, body, at, key=None, sent=None):
        """Posts a webhook as Standard Webhooks signs it. The emulator knows a function's URL by the host."""
        host, seconds = self.outputs["WebhookUrl"].split("/")[2], str(int(at))
        mac = hmac.new(key or self.signing_key, f"{identity}.{seconds}.".encode() + body, hashlib.sha256).digest()
        request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + "/", data=sent or body, headers={
            "Host": host, "webhook-id": identity, "webhook-timestamp": seconds, "Content-Type": "application/json",
            "webhook-signature": "v1," + base64.b64encode(mac).decode()})
        try:
            with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def backfill(self):
        first, last = self.start - datetime.timedelta(4), self.start - datetime.timedelta(1)
        begun = machines.start_execution(stateMachineArn=self.outputs["Backfill"],
                                         input=json.dumps({"from": first.isoformat(), "to": last.isoformat()}))["executionArn"]
        ended = wait(120, "the backfill", lambda: (e := machines.describe_execution(executionArn=begun))["status"] != "RUNNING" and e)
        expect(ended["status"] == "SUCCEEDED", f"the backfill {ended['status']}: {ended.get('cause')}")
        reports = {(r["source"], r["account"]): r for r in json.loads(ended["output"])}
        expect(set(reports) == {("scrapright", "main"), ("scrunch", "main")}, reports)
        # At its border the machine refuses what makes no sense, and runs nothing.
        refused = machines.start_execution(stateMachineArn=self.outputs["Backfill"], input='{"from":"2026-02-30"}')["executionArn"]
        failed = wait(30, "the end of a backfill with a wrong day",
                      lambda: (e := machines.describe_execution(executionArn=refused))["status"] != "RUNNING" and e)
        expect((failed["status"], failed.get("error")) == ("FAILED", "EventInvalid"), failed)
        self.daily = days(first, self.today)
        return f"the state machine brings {(last - first).days + 1} earlier days: " + compare(
            self.bucket, ["main"], self.daily, self.listings)

    def rotation(self):
        name, function = "yardstick/scrapright/main/session", f"{STACK}-rotate-session"
        # The emulator's RotateSecret calls no function: it only turns rotation on, and makes a copy of AWSCURRENT the
        # current version. A version without a value, which Secrets Manager makes for a rotation, there is not either;
        # the emulator lets createSecret overwrite this one.
        vault.rotate_secret(SecretId=name, RotateImmediately=False, RotationRules={"AutomaticallyAfterDays": 30},
                            RotationLambdaARN=functions.get_function_configuration(FunctionName=function)["FunctionArn"])
        token = str(uuid.uuid4())
        vault.put_secret_value(SecretId=name, ClientRequestToken=token, SecretString="{}", VersionStages=["AWSPENDING"])
        before = vault.get_secret_value(SecretId=name)
        outcomes = []
        for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
            expect(vault.get_secret_value(SecretId=name)["VersionId"] == before["VersionId"], f"AWSCURRENT moved before {step}")
            outcomes.append(invoke(function, {"Step": step, "SecretId": before["ARN"], "ClientRequestToken": token})["outcome"])
        after = vault.get_secret_value(SecretId=name)
        expect(after["VersionId"] == token and after["SecretString"] != before["SecretString"], f"AWSCURRENT is {after['VersionId']}")
        expect(json.loads(after["SecretString"])["obtained_by"] == "rotation", "AWSCURRENT is not the session of the rotation")
        vault.cancel_rotate_secret(SecretId=name)
        asks = asked("main")
        result = export(STACK, "scrapright", {"datasets": ["customers"], "force": True})
        expect(result["accounts"][0]["session"] == "cached" and asked("main") == asks,
               f"the export used another session: {result}, {asks}, {asked('main')}")
        return f"{', '.join(outcomes)}; AWSCURRENT moves, and the next export uses it"

    def update(self):
        """Changes functions, and the resources of bucket and secrets themselves."""
        wait(30, "rest", lambda: at_rest(STACK))
        before = state(self.bucket)
        deploy(STACK, {**self.parameters, "NoncurrentDays": "31", "LogRetentionDays": "30", "ScheduleTimezone": "America/Chicago"}, [
            ("MemorySize: 256", "MemorySize: 320"), ("written by yardstick alone", "which yardstick alone writes"),
            ("API key, written by people", "API key, which people write")])
        memory = functions.get_function_configuration(FunctionName=f"{STACK}-scrapright-export")["MemorySize"]
        described = vault.describe_secret(SecretId="yardstick/scrapright/main/session")["Description"]
        rules = {r["ID"]: r for r in s3.get_bucket_lifecycle_configuration(Bucket=self.bucket)["Rules"]}
        noncurrent = rules["noncurrent-versions"]["NoncurrentVersionExpiration"]["NoncurrentDays"]
        expect(memory == 320 and "which yardstick" in described and noncurrent == 31,
               f"the deployment did not change what it is about: {memory}, {described}, {noncurrent}")
        return unchanged(before, state(self.bucket))

    def again(self):
        """Deletes the stack, and deploys it over what stays."""
        before, asks = state(self.bucket), asked("main")
        said = run("make", "-s", "delete", f"STACK={STACK}", text="y\ny\n")
        expect("The bucket and the secrets stay" in said, said)
        gone(STACK)
        unchanged(before, state(self.bucket))
        policy = json.loads(s3.get_bucket_policy(Bucket=self.bucket)["Policy"])
        expect(policy["Statement"][0]["Sid"] == "TLSOnly", f"the bucket that stays has lost its policy: {policy}")
        self.outputs = deploy(STACK, {**self.parameters, "NewBucket": "no", "NewSecrets": "no"})
        unchanged(before, state(self.bucket))
        told = []
        for source in ("scrapright", "scrunch"):
            result = export(STACK, source, {})
            expect(total(result, "written") == 0 and total(result, "unchanged") > 0, f"{source}: {json.dumps(result)}")
            told.append(f"{total(result, 'unchanged')} unchanged")
        expect(result["warnings"] == [] and asked("main") == asks and asks["refused"] == asks["sent_twice"] == 0,
               f"the yard's tokens: {asks} before, {asked('main')} after")
        unchanged({k: v for k, v in before.items() if "_yardstick/" not in k},
                  {k: v for k, v in state(self.bucket).items() if "_yardstick/" not in k})
        return f"all stays; over it, exports write nothing ({', '.join(told)}) and no token is lost"

    def two_accounts(self):
        """In an empty AWS account: as in the first deployment, secrets are made, and there may be none of that name."""
        run("make", "-s", "delete", f"STACK={STACK}", text="y\ny\n")
        gone(STACK)
        for s in vault.list_secrets()["SecretList"]:
            vault.delete_secret(SecretId=s["ARN"], ForceDeleteWithoutRecovery=True)
        bucket = "two-yards-reporting"
        accounts = [(source, account) for source in ("scrapright", "scrunch") for account in ACCOUNTS]
        config = {"version": 1, "bucket": bucket, "prefix": "", "scrapright": [], "scrunch": []}
        for source, account in accounts:
            entry = {"account": account, "url": vendors[source][account]["url"], "start": self.start.isoformat(),
                     "api_key_secret": f"yardstick/{source}/{account}/api-key"}
            if source == "scrapright":
                entry["session_secret"] = f"yardstick/{source}/{account}/session"
            config[source].append(entry)
        s3.put_object(Bucket=CODE, Key="yardstick.yaml", Body=json.dumps(config).encode())
        out = deploy(SECOND_STACK, {"BucketName": bucket, "Accounts": ",".join(ACCOUNTS), "ConfigObject": f"{CODE}/yardstick.yaml",
                                    "Alarms": "off", "ScrapRightScheduleState": "DISABLED", "ScrunchScheduleState": "DISABLED"})
        made = {s["Name"] for s in vault.list_secrets()["SecretList"]}
        want = {f"yardstick/{s}/{a}/api-key" for s, a in accounts} | {f"yardstick/scrapright/{a}/session" for a in ACCOUNTS}
        expect(made == want, f"secrets: {made}, expected {want}")
        os.environ["YARDSTICK_CONFIG"] = ""
        put_keys(SECOND_STACK, ACCOUNTS)
        for source in ("scrapright", "scrunch"):
            export(SECOND_STACK, source, {})
        told = compare(out["Bucket"], ACCOUNTS, days(self.start, self.today), self.listings)
        self.roles(out)
        return f"secrets of both are made, and exported: {told}; no role may read a third one's"

    def roles(self, out):
        """The roles name the two accounts and no other; and what is not named is refused."""
        name = functions.get_function_configuration(FunctionName=out["ScrapRightExport"])["Role"].split("/")[-1]
        policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
        expect({p for p in policies if p.startswith("secrets-")} == {f"secrets-{a}" for a in ACCOUNTS}, policies)
        arn = iam.get_role(RoleName=name)["Role"]["Arn"]
        for account, want in [(a, "allowed") for a in ACCOUNTS] + [("south-yard", "implicitDeny")]:
            secret = f"arn:aws:secretsmanager:us-east-1:000000000000:secret:yardstick/scrapright/{account}/api-key-AbCdEf"
            got = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=["secretsmanager:GetSecretValue"],
                                                ResourceArns=[secret])["EvaluationResults"][0]["EvalDecision"]
            expect(got == want, f"{name} and the key of {account}: {got}, expected {want}")
        taken = iam.get_role_policy(RoleName=name, PolicyName="secrets-north-yard")["PolicyDocument"]
        iam.delete_role_policy(RoleName=name, PolicyName="secrets-north-yard")
        answer = functions.invoke(FunctionName=out["ScrapRightExport"], Payload=b'{"force":true,"datasets":["businesses"]}')
        body = answer["Payload"].read().decode()
        expect("FunctionError" in answer and "scrapright/north-yard" in body and "scrapright/main" not in body,
               f"an export without the right to read the second account's secrets: {body}")
        iam.put_role_policy(RoleName=name, PolicyName="secrets-north-yard", PolicyDocument=json.dumps(taken))
        export(SECOND_STACK, "scrapright", {"force": True, "datasets": ["businesses"]})

    def clean_up(self):
        run(".tools/venv-sam/bin/sam", "delete", "--no-prompts", "--stack-name", SECOND_STACK)
        gone(SECOND_STACK)
        return "no function, role, log group, schedule, queue or state machine is left"


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


def main():
    now = datetime.datetime.now(datetime.timezone.utc)
    left = 86400 - (now.hour * 3600 + now.minute * 60 + now.second)
    if left < MIDNIGHT_SECONDS:
        raise SystemExit(f"e2e: the UTC day ends in {left} s, and days are counted here; start again after that")
    s3.create_bucket(Bucket=CODE)
    s = Story()
    for what, item in (("deploy", s.deployment), ("keys", s.keys), ("schedules", s.schedules), ("objects", s.read_back),
                       ("check", s.check), ("logs", s.follow_logs), ("webhook", s.webhook), ("backfill", s.backfill),
                       ("rotation", s.rotation), ("update", s.update), ("delete and deploy", s.again),
                       ("two accounts", s.two_accounts), ("clean up", s.clean_up)):
        began = time.monotonic()
        try:
            told = item()
        except Exception as failure:
            tell_logs()
            if not isinstance(failure, Failed):
                traceback.print_exc()
            print(f"e2e: {what} FAILED after {time.monotonic() - began:.1f} s: {failure}", flush=True)
            raise SystemExit(1) from None
        print(f"e2e: {time.monotonic() - began:5.1f} s  {what}: {told}", flush=True)


main()
