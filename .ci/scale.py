"""What 1, 100 and 10,000 accounts ask, take and cost in a month of hourly runs, and where AWS's limits lie, as Markdown.

Usage: scale.py prints it; scale.py --check FILE fails unless that is what FILE has between its lines <!-- scale --> and
<!-- /scale -->; scale.py --write FILE puts it there.

Requests come from the budgets that tests hold: pkg/app/cost_test.go has a day's, pkg/app/budget_test.go those of one run. An
account is here what docs/operations.md reckons with: a yard at ScrapRight and an organization of three brands at Scrunch."""

import argparse
import math
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ACCOUNTS = (1, 100, 10_000)
RUNS = 24 * 30  # a month, of each source
BEGIN, END = "<!-- scale -->", "<!-- /scale -->"

# Assumed, in seconds: what a run takes beside its answers, cold start and compression at a seventh of a processor included.
BESIDE = 1.0
# Assumed, in bytes: a run's log, and an account's snapshots.
LOG, STORED = 35_000, 1e9

# List prices of us-east-1 in USD, as in docs/operations.md: the pages "Pricing" of AWS Secrets Manager, Amazon S3, AWS Lambda
# (arm64) and Amazon CloudWatch.
SECRET = 0.40           # each, a month
SECRET_CALL = 0.05 / 10_000
PUT, GET = 0.005 / 1000, 0.0004 / 1000  # a listing costs as much as a put
STORAGE = 0.023 / 1e9   # a byte, a month
GB_SECOND, INVOCATION = 0.0000133334, 0.20 / 1e6
LOG_BYTE = 0.50 / 1e9
METRIC, ALARM = 0.30, 0.10  # each, a month; 10 of each are free
METRICS, ALARMS = 15, 10    # metrics of an AWS account, alarms of a stack

# Quotas of a region as AWS documents them.
CONCURRENCY = 1000              # docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
SECRET_READS, SECRET_WRITES = 10_000, 50  # docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html, a second
SECRETS = 500_000               # the same page
PREFIX_WRITES = 3500            # docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html, a second and prefix
ROLES = 1000                    # docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, of an AWS account
STACKS = 2000                   # docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html


class Failed(Exception):
    """Something that the table cannot be made from."""


def found(pattern, path, what):
    matches = re.findall(pattern, (ROOT / path).read_text(), re.S | re.M)
    if len(matches) != 1:
        raise Failed(f"{path} has {what} {len(matches)} times, expected once; say in .ci/scale.py where it is now")
    return matches[0]


def counts(literal):
    return {name: int(n) for name, n in re.findall(r"(\w+): (\d+)", literal)}


def a_day(test):
    return counts(found(rf"^func {test}\b[^\n]*\n(?:(?!^}}).)*?daily{{([^}}]*)}}", "pkg/app/cost_test.go", f"the day of {test}"))


def a_run(test, name):
    return counts(found(rf"^func {test}\b[^\n]*\n(?:(?!^}}).)*?\"{name}[^\"]*\", calls{{([^}}]*)}}", "pkg/app/budget_test.go", f"{name} in {test}"))


def takes(name):
    """How long an answer is taken to need, in seconds."""
    return int(found(rf"^\s*{name}\s*= (\d+) \* time\.Millisecond", "pkg/app/tell_cost_test.go", name)) / 1000


class Figures:
    def __init__(self):
        self.yard, self.brands = a_day("TestADayOfHourlyRunsOfAYardMakesFewCallsToAWS"), a_day("TestADayOfHourlyRunsOfThreeBrandsMakesFewCallsToAWS")
        yard, brands = "TestTheCallsOfARunOfAYardStayWithinTheirBudget", "TestTheCallsOfARunOfThreeBrandsStayWithinTheirBudget"
        self.runs = {"a yard, idle": a_run(yard, "an idle run"), "a yard, with new purchases": a_run(yard, "an ordinary run"),
                     "three brands, idle": a_run(brands, "an idle run")}
        self.memory = int(found(r"^    MemorySize: (\d+)", "template.yaml", "MemorySize")) / 1024
        self.window = int(found(r"^  ScheduleWindowMinutes:\n(?:    [^D][^\n]*\n|    Description[^\n]*\n)*    Default: (\d+)", "template.yaml", "ScheduleWindowMinutes")) * 60
        self.roles = len(re.findall(r"^    Type: AWS::IAM::Role$", (ROOT / "template.yaml").read_text(), re.M))
        self.timeout = int(found(r"^    Timeout: (\d+)", "template.yaml", "Globals' Timeout"))
        self.stack = int(found(r"that is about (\d+) accounts", "docs/operations.md", "the accounts of a stack"))
        answer, read, write = takes("yardTakes"), takes("readTakes"), takes("writeTakes")
        self.seconds = {name: BESIDE + (of["vendor"] * answer + of["puts"] * write + (of["gets"] + of["secrets"]) * read) / 24
                        for name, of in (("yard", self.yard), ("brands", self.brands))}

    def month(self, accounts):
        days = lambda name: 30 * accounts * (self.yard[name] + self.brands[name])
        m = {"stacks": math.ceil(accounts / self.stack), "runs": 2 * RUNS * accounts, "yard": 30 * accounts * self.yard["vendor"],
             "brands": 30 * accounts * self.brands["vendor"], "puts": days("puts"), "gets": days("gets"), "calls": days("secrets"),
             "seconds": RUNS * accounts * sum(self.seconds.values()), "secrets": 3 * accounts}
        m["usd"] = {"Secrets": m["secrets"] * SECRET, "Secrets Manager's calls": m["calls"] * SECRET_CALL, "S3's requests": m["puts"] * PUT + m["gets"] * GET,
                    "S3's storage": accounts * STORED * STORAGE, "Lambda": m["seconds"] * self.memory * GB_SECOND + m["runs"] * INVOCATION,
                    "Logs": m["runs"] * LOG * LOG_BYTE, "Metrics and alarms": (METRICS - 10) * METRIC + (m["stacks"] * ALARMS - 10) * ALARM}
        return m


def line(*cells):
    return "| " + " | ".join(cells) + " |"


def number(n):
    return f"{n:,.0f}"


def money(usd):
    return f"{usd:,.0f}" if usd >= 1000 else f"{usd:,.2f}"


def run_table(f):
    yield line("Requests of a run", "to the vendor", "to S3", "to Secrets Manager")
    yield "|---|---|---|---|"
    for name, of in f.runs.items():
        yield line(name, number(of["vendor"]), number(of["s3"]), number(of["secrets"]))


def month_table(months):
    yield line("In a month", *(f"{number(n)} account{'s' if n > 1 else ''}" for n in ACCOUNTS))
    yield "|---|---|---|---|"
    for key, name in (("runs", "Runs, each of one account and source"), ("yard", "Requests to ScrapRight"), ("brands", "Requests to Scrunch"),
                      ("puts", "S3, puts and listings"), ("gets", "S3, gets"), ("calls", "Secrets Manager's calls"), ("seconds", "Lambda, seconds"),
                      ("secrets", "Secrets"), ("stacks", "Stacks")):
        yield line(name, *(number(m[key]) for m in months))
    for name in months[0]["usd"]:
        yield line(f"{name}, USD", *(money(m["usd"][name]) for m in months))
    sums = [sum(m["usd"].values()) for m in months]
    yield line("**Sum, USD**", *(f"**{money(usd)}**" for usd in sums))
    yield line("An account, USD", *(money(usd / n) for usd, n in zip(sums, ACCOUNTS)))


def at_once(f, accounts, window):
    """Runs at the same time on average, where those of an hour begin within so many seconds."""
    return accounts * max(f.seconds.values()) / window


def limit_table(f, months):
    most, big = ACCOUNTS[-1], months[-1]
    a_second = lambda n: n / f.window  # of what each account does once in its run
    idle = f.runs["a yard, with new purchases"]
    puts = max(f.yard["puts"], f.brands["puts"]) / 24
    first = most * f.timeout / 3600  # at work on average, where each hourly run takes its full time
    yield line("Limit", "", f"At {number(most)} accounts", "What to do there")
    yield "|---|---|---|---|"
    yield line("A role's policies", f"10,240 characters, {f.stack} accounts", f"{number(big['stacks'])} stacks",
               f"a stack for each {f.stack} accounts; one right on `yardstick/scrapright/*` in place of one policy for each account lifts it, and lets each run read all keys")
    yield line("Roles of an AWS account", number(ROLES), f"{number(big['stacks'] * f.roles)}, {f.roles} a stack",
               f"from {number(ROLES // f.roles * f.stack)} accounts on: ask for more, or several AWS accounts")
    yield line("Stacks in a region", number(STACKS), number(big["stacks"]), f"enough for {number(STACKS * f.stack)} accounts")
    yield line("Lambda, runs at once", number(CONCURRENCY), f"{number(at_once(f, most, f.window))} in the {f.window // 60} minutes of a schedule",
               f"enough; but first exports and backfills take {f.timeout // 60} minutes each, {number(first)} at once where each account has a run of its own: begin some accounts a day, "
               "set `ReservedConcurrency`, or ask for more")
    yield line("Lambda, length of a run", f"{f.timeout} s", f"{max(f.seconds.values()):.0f} s",
               f"a stack's accounts run 8 side by side in one invocation; where {f.stack} do not end in time, the next run goes on, or events "
               "name one `account` each")
    yield line("Secrets Manager, reads a second", number(SECRET_READS), number(a_second(most * idle["secrets"])), "enough")
    yield line("Secrets Manager, writes a second", number(SECRET_WRITES), number(a_second(most)),
               f"a yard's session is stored once an hour. {number(most / 60)} a second if all began in one minute: "
               "keep `ScheduleWindowMinutes`, and give stacks minutes of their own")
    yield line("Secrets in a region", number(SECRETS), number(big["secrets"]), "enough")
    yield line("S3, writes a second under a prefix", number(PREFIX_WRITES), f"{number(a_second(most * puts))} in all",
               "enough; keys of each account and dataset are a prefix of their own")
    yield line("The vendors", "10 requests a minute and yard", "the same", "each account has a pace of its own: more accounts slow nobody")


def text():
    f = Figures()
    months = [f.month(n) for n in ACCOUNTS]
    return "\n\n".join("\n".join(table) for table in (run_table(f), month_table(months), limit_table(f, months))) + "\n"


def parts(path):
    whole = path.read_text()
    if whole.count(BEGIN + "\n") != 1 or whole.count(END + "\n") != 1:
        raise Failed(f"{path} has not one line {BEGIN} and one line {END}")
    before, _, rest = whole.partition(BEGIN + "\n")
    there, _, after = rest.partition(END + "\n")
    return before, there, after


def main():
    parser = argparse.ArgumentParser(prog="scale.py", description=__doc__.splitlines()[0])
    parser.add_argument("--check", type=pathlib.Path, metavar="FILE", help="fail unless FILE has it")
    parser.add_argument("--write", type=pathlib.Path, metavar="FILE", help="put it into FILE")
    wanted, now = parser.parse_args(), text()
    if wanted.write:
        before, _, after = parts(wanted.write)
        wanted.write.write_text(before + BEGIN + "\n" + now + END + "\n" + after)
    elif wanted.check:
        _, there, _ = parts(wanted.check)
        if there != now:
            raise Failed(f"{wanted.check} does not say what the tests hold; python3 .ci/scale.py --write {wanted.check} brings it up to date")
    else:
        print(now, end="")


if __name__ == "__main__":
    try:
        main()
    except Failed as fault:
        sys.exit(f"scale: {fault}")
