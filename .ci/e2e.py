"""What .ci/e2e shows, item by item, each as a line with its seconds. Run by .ci/e2e, with its scratch folder."""

import base64
import collections
import contextlib
import datetime
import hashlib
import hmac
import json
import os
import secrets
import ssl
import subprocess
import threading
import time
import traceback
import urllib.error
import urllib.request
import uuid

import boto3
import botocore.config

from e2e_world import (
    CODE, Failed, about, asked, at_rest, cloudformation, compare, days, deploy, expect, export, functions, glue, gone, iam, invoke,
    lines, listed, log_lines, logs, machines, put_keys, queried, rows, run, runs, s3, state, tell_logs, total, unchanged, vault, vendors,
    wait, yardstick)

STACK, SECOND_STACK = "yardstick-e2e", "two-yards"
ACCOUNTS = ("main", "north-yard")
# What is summed up by SQL: each dataset's ids, and of reports their responses.
KEYS = {"purchases": "Id", "customers": "Id", "businesses": "Id", "brands": "id", "prompts": "id", "competitors": "id", "personas": "id",
        "responses": "id"}


class Story:
    """The items, in their order. Each answers what it showed."""

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
        wait(60, "verify-key, which the event of a new key invokes", lambda: tried() == 2)
        return "yardstick secret put stores the keys and a first session, and verify-key is told of them"

    def schedules(self):
        deploy(STACK, {**self.parameters, "ScrapRightScheduleState": "ENABLED", "ScrunchScheduleState": "ENABLED"})

        def both():
            found = list(runs(self.bucket).values())
            return {r["source"] for r in found} == {"scrapright", "scrunch"} and found

        # The emulator leaves <aws.scheduler.scheduled-time> as it is; the functions take the hour of their own clock then.
        first = wait(180, "a scheduled export of both vendors", both)
        expect(all(r["status"] == "complete" for r in first), json.dumps(first))
        deploy(STACK, self.parameters)
        wait(60, "the end of the scheduled exports", lambda: at_rest(STACK))
        return "they export both vendors, and are disabled then"

    def read_back(self):
        return compare(self.bucket, ["main"], self.daily, self.listings) + ", as the vendors have them, and in the ledger"

    def about(self):
        return about(STACK, self.bucket, ["main"]) + ", as ledgers, results and objects have them"

    def tables(self):
        """Rows and a sum by SQL, table for table: of the stack's tables, and of those that runs made of the lines. The emulator
        reads files as it sees fit and not by the declared types, which the readers' tests look at."""
        database, workgroup, total = self.outputs["Database"], self.outputs["Workgroup"], 0
        names = [t["Name"] for page in glue.get_paginator("get_tables").paginate(DatabaseName=database) for t in page["TableList"]]
        glue.create_database(DatabaseInput={"Name": "typed"})
        typed = {key.rsplit("/", 1)[1].removesuffix(".sql"): key for key in listed(self.bucket, "about/tables/athena/")}
        for name in sorted(names):
            found = self.by_sql(workgroup, database, name)
            total += found
            if found:
                queried(workgroup, "typed", s3.get_object(Bucket=self.bucket, Key=typed.pop(name))["Body"].read().decode())
                self.by_sql(workgroup, "typed", name)
        expect(len(names) == 22 and total > 0 and not typed, f"{len(names)} tables, {total} rows, left {sorted(typed)}")
        return f"{len(names)} tables, and those of the runs; by SQL they have the rows of today, {total:,}, and their sums"

    def by_sql(self, workgroup, database, name):
        """How many rows a table has of today, once that and a sum are what the ledger and the lines have."""
        source, dataset = name.removesuffix("_latest").split("_", 1)
        day, latest = self.today.isoformat(), name.endswith("_latest")
        prefix = f"latest/{source}/{dataset}/account=main/" if latest else f"{source}/{dataset}/account=main/dt={day}/"
        if not (objects := listed(self.bucket, prefix)):
            return 0  # off by default
        key = KEYS.get(dataset, "responses")
        column = key.lower() if database == "typed" or source == "scrunch" else f"json_extract(record, '$.{key}')"
        where = "account = 'main'" + ("" if latest else f" AND dt = '{day}'")
        said = queried(workgroup, database, f"SELECT concat(count(*), ' ', coalesce(sum(CAST({column} AS bigint)), 0)) FROM {name} WHERE {where}")
        there = [record for key in objects for record in lines(self.bucket, key)]
        wanted = f"{rows(self.bucket, prefix)} {sum(record[key] for record in there)}"
        expect(said == wanted and len(there) == rows(self.bucket, prefix), f"{database}.{name}: {said} by SQL, {wanted} in the bucket")
        return len(there)

    def check(self):
        said = yardstick(STACK, "check", "--stack", STACK)
        expect("No fault found" in said and "CREATE_COMPLETE" in said or "UPDATE_COMPLETE" in said, said)
        return said.strip().splitlines()[-1]

    def follow_logs(self):
        followed = subprocess.Popen(["make", "-s", "logs", f"STACK={STACK}", "F=scrapright-export"], text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        late = threading.Timer(60, os.killpg, (followed.pid, 15))
        late.start()
        try:
            lines = []
            for line in followed.stdout:
                lines.append(line)
                if "run ended" in line:
                    return "make logs shows how a run ended"
            raise Failed("make logs: " + "".join(lines))
        finally:
            late.cancel()
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
        wait(60, "the export that a webhook starts", lambda: len(runs(self.bucket)) > before)
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
        failed = wait(60, "the end of a backfill with a wrong day",
                      lambda: (e := machines.describe_execution(executionArn=refused))["status"] != "RUNNING" and e)
        expect((failed["status"], failed.get("error")) == ("FAILED", "EventInvalid"), failed)
        self.daily = days(first, self.today)
        found = compare(self.bucket, ["main"], self.daily, self.listings)
        about(STACK, self.bucket, ["main"])
        return f"the state machine brings {(last - first).days + 1} earlier days: {found}, and about/ tells of them"

    def rotation(self):
        name, function = "yardstick/scrapright/main/session", f"{STACK}-rotate-session"
        # The emulator's RotateSecret calls no function: it turns rotation on, and makes a copy of AWSCURRENT the current
        # version. Nor does it make the pending version that has no value yet, which it takes as an empty text.
        vault.rotate_secret(SecretId=name, RotateImmediately=False, RotationRules={"AutomaticallyAfterDays": 30},
                            RotationLambdaARN=functions.get_function_configuration(FunctionName=function)["FunctionArn"])
        token = str(uuid.uuid4())
        boto3.client("secretsmanager", config=botocore.config.Config(parameter_validation=False)).put_secret_value(
            SecretId=name, ClientRequestToken=token, SecretString="", VersionStages=["AWSPENDING"])
        before = vault.get_secret_value(SecretId=name)
        outcomes = []
        for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
            expect(vault.get_secret_value(SecretId=name)["VersionId"] == before["VersionId"], f"AWSCURRENT moved before {step}")
            outcomes.append(invoke(function, {"Step": step, "SecretId": before["ARN"], "ClientRequestToken": token})["outcome"])
        after = vault.get_secret_value(SecretId=name)
        expect(after["VersionId"] == token and after["SecretString"] != before["SecretString"], 
               f"{outcomes}: AWSCURRENT is {after['VersionId']}, expected {token} with another value")
        expect(json.loads(after["SecretString"])["obtained_by"] == "rotation", "AWSCURRENT is not the session of the rotation")
        asks = asked("main")
        result = export(STACK, "scrapright", {"datasets": ["customers"], "force": True})
        expect(result["accounts"][0]["session"] == "cached" and asked("main") == asks,
               f"the export used another session: {result}, {asks}, {asked('main')}")
        return f"{', '.join(outcomes)}; AWSCURRENT moves, and the next export uses it"

    def update(self):
        """Changes functions, and the resources of bucket and secrets themselves."""
        wait(60, "rest", lambda: at_rest(STACK))
        before = state(self.bucket)
        deploy(STACK, {**self.parameters, "NoncurrentDays": "31", "LogRetentionDays": "30", "ScheduleTimezone": "America/Chicago"}, [
            ("MemorySize: 256", "MemorySize: 320"), ("written by yardstick alone", "which yardstick alone writes"),
            ("API key, written by people", "API key, which people write")])
        memory = functions.get_function_configuration(FunctionName=f"{STACK}-scrapright-export")["MemorySize"]
        described = vault.describe_secret(SecretId="yardstick/scrapright/main/session")["Description"]
        group = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{STACK}-verify-key")["logGroups"][0]
        expect(memory == 320 and "which yardstick" in described and group["retentionInDays"] == 30,
               f"the deployment did not change what it is about: {memory}, {described}, {group}")
        return unchanged(before, state(self.bucket))

    def again(self):
        """Deletes the stack, and deploys it over what stays."""
        before, asks = state(self.bucket), asked("main")
        said = run("make", "-s", "delete", f"STACK={STACK}", text="y\ny\n")
        expect("bucket and secrets stay" in said and "delete-secret" in said, said)
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
        about(STACK, self.bucket, ["main"])
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
        put_keys(SECOND_STACK, ACCOUNTS)
        for source in ("scrapright", "scrunch"):
            export(SECOND_STACK, source, {})
        told = compare(out["Bucket"], ACCOUNTS, days(self.start, self.today), self.listings)
        about(SECOND_STACK, bucket, ACCOUNTS)
        self.roles(out)
        about(SECOND_STACK, bucket, ACCOUNTS)
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


def main():
    s3.create_bucket(Bucket=CODE)
    s = Story()
    for what, item in (("deploy", s.deployment), ("keys", s.keys), ("schedules", s.schedules), ("objects", s.read_back), ("about", s.about),
                       ("tables", s.tables), ("check", s.check), ("logs", s.follow_logs), ("webhook", s.webhook), ("backfill", s.backfill),
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
