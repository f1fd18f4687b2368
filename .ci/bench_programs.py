"""The programs that .ci/bench.py compares. Each run is a process of its own."""

import dataclasses
import gzip
import json
import os
import queue
import shutil
import subprocess
import time
import urllib.parse

from bench_world import BUCKET, ROOT, Failed, RuntimeAPI, expect, peak_of

TIMEOUT = 900  # seconds


@dataclasses.dataclass
class Run:
    wall: float  # seconds, from the start of the process to its end, or to a function's answer
    cpu: float   # seconds, user and system
    peak: int    # bytes resident
    size: int    # of what was written, in bytes
    requests: int
    consumer: float = 0  # CPU seconds of a process beside it that compresses what the program says


def ended(process):
    """Wait for a process, and answer its CPU time with that of the children it waited for."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


class Program:
    foreign = False  # not of this project, and slow
    unshelved = 0    # requests that the vendor's simulator answers itself

    def __init__(self, world, level, settings):
        self.world, self.level, self.settings, self.count = world, level, settings, 0

    def folder(self):
        self.count += 1
        folder = self.world.work / f"{self.name}-{self.count}"
        folder.mkdir()
        return folder

    def environment(self, folder):
        return {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"}


class Yardstick(Program):
    """The function's binary under Lambda's Runtime API: one cold invocation, the proof, the ledger and the upload among it."""
    name = "yardstick"

    def run(self, job, verify=False):
        folder = self.folder()
        prefix = f"{folder.name}/"
        config = {"version": 1, "bucket": BUCKET, "prefix": prefix, job.source: [{"account": "main", "url": job.url,
                  "api_key_secret": f"{job.source}/key", **({"session_secret": "scrapright/session"} if job.source == "scrapright" else {})}]}
        event = {"account": "main", "datasets": [job.dataset], "from": job.first, "to": job.last}
        with RuntimeAPI(event, TIMEOUT) as api, open(folder / "log", "wb") as log:
            environment = self.environment(folder) | {
                "AWS_LAMBDA_RUNTIME_API": api.address, "AWS_LAMBDA_FUNCTION_NAME": job.function, "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO",
                "AWS_ENDPOINT_URL": self.world.endpoint, "YARDSTICK_CONFIG": json.dumps(config)} | self.settings
            began = time.monotonic()
            process = subprocess.Popen([self.world.work / job.function / "bootstrap"], env=environment, stdout=log, stderr=log, close_fds=True)
            try:
                how, body, answered = api.answers.get(timeout=TIMEOUT)
                peak = peak_of(process.pid)
            except queue.Empty:
                raise Failed(f"{job.function} did not answer within {TIMEOUT} s") from None
            finally:
                process.kill()
                cpu = ended(process)
        expect(how == "response", f"{job.function} answered {how}: {body.decode()}")
        result = json.loads(body)
        done = result["accounts"][0]["datasets"]
        expect(result["status"] == "complete" and sum(d["rows"] for d in done) == job.rows and not result["warnings"],
               f"{job.function} did not export {job.rows} rows: {body.decode()}")
        objects = sorted((self.world.folder / "s3" / BUCKET / prefix / job.source / job.dataset).rglob("*.json.gz"))
        if verify:
            self.verify(job, objects)
        size = sum(path.stat().st_size for path in objects)
        shutil.rmtree(self.world.folder / "s3" / BUCKET / folder.name)
        return Run(answered - began, cpu, peak, size, result["accounts"][0]["requests"])

    @staticmethod
    def verify(job, objects):
        """Each record is there, once."""
        lines, distinct = 0, set()
        for path in objects:
            with gzip.open(path) as text:
                for line in text:
                    lines += 1
                    distinct.add(hash(line))
        expect(lines == job.rows == len(distinct), f"{job.name}: the objects hold {lines} lines, {len(distinct)} of them distinct; expected {job.rows}")


class Floor(Program):
    """The least that an export can do: the pages fetched one after another, and compressed into a file."""
    name = "floor"

    def run(self, job, verify=False):
        folder = self.folder()
        out = folder / "pages.gz"
        (folder / "urls").write_text("\n".join(job.pages))
        command = [self.world.work / "floor", "-header", ":".join(job.header), "-level", self.level, "-out", out]
        with open(folder / "urls") as urls:
            began = time.monotonic()
            process = subprocess.Popen(command, env=self.environment(folder), stdin=urls, stdout=subprocess.PIPE)
            told = process.stdout.read()
            cpu = ended(process)
            wall = time.monotonic() - began
        expect(process.returncode == 0, f"the floor ended with code {process.returncode}")
        told = json.loads(told)
        expect(told["requests"] == len(job.pages) and told["bytes"] == job.size,
               f"the floor fetched {told['requests']} pages of {told['bytes']} bytes, expected {len(job.pages)} of {job.size}")
        size = out.stat().st_size
        shutil.rmtree(folder)
        return Run(wall, cpu, told["peak"], size, told["requests"])


class Python(Program):
    """A program that runs in a virtual environment of its own, imports and all."""
    foreign = True
    unshelved = 2  # an empty page may end the list

    def version(self):
        ask = f"import importlib.metadata; print(importlib.metadata.version({self.name!r}))"
        return subprocess.check_output([ROOT / ".tools" / f"venv-{self.venv}" / "bin/python", "-c", ask], text=True).strip()

    def arrange(self, job):
        """A folder with the job as these programs take it: the same questions that yardstick asks."""
        folder = self.folder()
        (folder / "out").mkdir()
        url = urllib.parse.urlsplit(job.pages[0])
        asked = [dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page).query)) for page in job.pages]
        paged = "page" in asked[0]
        changing = {"page"} if paged else {"start_date", "end_date"}
        days = [] if paged else [question["start_date"] for question in asked]
        expect(paged or len(set(days)) == len(days), f"{job.name}: yardstick asks for a day in several pages; say in {__file__} how the others do")
        described = {"base": f"{url.scheme}://{url.netloc}", "path": url.path, "dataset": job.dataset, "headers": dict([job.header]), "paged": paged,
                     "days": days, "params": {name: value for name, value in asked[0].items() if name not in changing}}
        (folder / "job.json").write_text(json.dumps(described))
        return folder

    def run(self, job, verify=False):
        folder = self.arrange(job)
        before = self.world.shelf()["asked"]
        command = [ROOT / ".tools" / f"venv-{self.venv}" / "bin/python", ROOT / ".ci" / self.script, folder / "job.json", folder / "out"]
        with open(folder / "log", "wb") as log:
            began = time.monotonic()
            process, consumer = self.start(command, folder, log)
            cpu = ended(process)
            wall = time.monotonic() - began
        beside = ended(consumer) if consumer else 0
        if process.returncode != 0:
            raise Failed(f"{self.name} ended with code {process.returncode}:\n" + (folder / "log").read_text(errors="replace")[-4000:])
        if verify:
            rows = self.rows(folder, job)
            expect(rows == job.rows, f"{self.name} wrote {rows} rows, expected {job.rows}")
        peak, size = int((folder / "out/peak").read_text()), sum(path.stat().st_size for path in folder.rglob("*.gz"))
        requests = self.world.shelf()["asked"] - before
        expect(requests >= len(job.pages), f"{self.name} asked for {requests} pages, expected {len(job.pages)}")
        shutil.rmtree(folder)
        return Run(wall, cpu, peak, size, requests, beside)


def lines(paths):
    for path in paths:
        with gzip.open(path) as text:
            yield from text


class DLT(Python):
    """dlt with its filesystem destination: compressed JSON lines in a folder."""
    name, venv, script = "dlt", "dlt", "bench_dlt.py"

    def start(self, command, folder, log):
        return subprocess.Popen(command, env=self.environment(folder), cwd=folder, stdout=log, stderr=log), None

    def rows(self, folder, job):
        return sum(1 for _ in lines((folder / "out/bucket/bench" / job.dataset).glob("*.gz")))


class Airbyte(Python):
    """The Airbyte CDK's `read`, whose messages another process compresses into a file. That one's CPU time is
    told beside and not among its own; a destination takes more."""
    name, venv, script = "airbyte-cdk", "airbyte", "bench_airbyte.py"

    def start(self, command, folder, log):
        with open(folder / "messages.gz", "wb") as out:
            process = subprocess.Popen(command, env=self.environment(folder), cwd=folder, stdout=subprocess.PIPE, stderr=log)
            consumer = subprocess.Popen(["gzip", "-c"], stdin=process.stdout, stdout=out)
        process.stdout.close()  # it is the consumer's
        return process, consumer

    def rows(self, folder, _):
        return sum(1 for line in lines([folder / "messages.gz"]) if b'"type":"RECORD"' in line)


ALL = (Yardstick, Floor, DLT, Airbyte)
