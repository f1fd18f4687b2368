"""What stands round the programs that .ci/bench.py measures: the vendors, the bucket, and Lambda's Runtime API, each on
loopback and in a process of its own (the Runtime API in the benchmark's)."""

import contextlib
import dataclasses
import http.server
import json
import os
import pathlib
import queue
import re
import subprocess
import sys
import threading
import time
import urllib.request
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUCKET = "bench"


class Failed(Exception):
    """Something that makes the figures worthless, told to whoever runs the benchmark."""


def expect(condition, message):
    if not condition:
        raise Failed(message)


def build(work):
    """The functions by the recipe of the Makefile, for this machine, and what the benchmark brings along."""
    goos, goarch = subprocess.check_output(["go", "env", "GOOS", "GOARCH"], text=True, cwd=ROOT).split()
    own = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}
    commands = [["make", "--no-print-directory", "--silent", f"build-{function}", f"ARTIFACTS_DIR={work / folder}", f"GOOS={goos}", f"GOARCH={goarch}"]
                for function, folder in (("ScrapRightExport", "scrapright-export"), ("ScrunchExport", "scrunch-export"))]
    commands += [["go", "build", "-trimpath", "-o", work / program, f"./.ci/bench.d/{program}"] for program in ("vendor", "cloud", "floor")]
    for command in commands:
        expect(subprocess.run(command, cwd=ROOT, env=own).returncode == 0, f"{command[-1] if command[0] == 'go' else command[3]} does not build")


def compression_level():
    """The level that the spool compresses with. The floor has to use the same level of the same library."""
    sources = [path.read_text() for path in sorted((ROOT / "pkg/snapshot").glob("*.go")) if not path.name.endswith("_test.go")]
    found = [(level, text) for text in sources for level in re.findall(r"^\s*(?:const )?gzipLevel\s*=\s*(gzip\.\w+|-?\d+)", text, re.M)]
    expect(len(found) == 1, f"pkg/snapshot has {len(found)} constants gzipLevel, expected one; say in .ci/bench_world.py where the level is now")
    level, text = found[0]
    expect('"github.com/klauspost/compress/gzip"' in text,
           "the file with gzipLevel does not import klauspost's gzip any more; .ci/bench.d/floor has to use the same library")
    return level


def runtime_settings():
    """What the template sets of Go's runtime for the export functions, as environment variables."""
    settings = {}
    for name in "GOMEMLIMIT", "GOGC":
        found = set(re.findall(rf"^\s*{name}:\s*'?(\w+)", (ROOT / "template.yaml").read_text(), re.M))
        expect(len(found) == 1, f"template.yaml has {name} {sorted(found)}, expected one value")
        settings[name] = found.pop()
    return settings


def cpu_of(pid):
    """User and system time of a running process, in seconds."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_of(pid):
    """The most memory that a running process ever had resident, in bytes. Not ru_maxrss: that counts what the parent had
    when it forked."""
    return int(re.search(r"^VmHWM:\s*(\d+) kB$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)[1]) << 10


@dataclasses.dataclass
class Job:
    """What is exported."""
    name: str
    function: str  # folder of the function
    source: str
    dataset: str
    url: str
    key: str
    first: str  # first and last day
    last: str
    rows: int
    pages: list = dataclasses.field(default_factory=list)  # URLs of the pages with records, as yardstick asked for them
    size: int = 0  # of the pages
    header: tuple = ()  # name and value of the credential

    def is_page(self, name, size):
        if self.name == "purchases":
            return name.startswith("/api/v1/purchase?") and size > 1000
        return "/query?" in name and "&limit=1&" not in name

    @property
    def expected_pages(self):
        return self.rows // (100 if self.name == "purchases" else 50_000)


class World:
    """The vendors and the bucket. Use it in a with statement."""

    def __init__(self, work):
        self.work, self.stack = work, contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.vendor, line = self._start(stack, self.work / "vendor")
            told = json.loads(line)
            self.folder = self.work / "cloud-data"
            self.cloud, line = self._start(stack, self.work / "cloud", self.folder)
            self.endpoint, self.shelf_url = line.strip(), told["shelf"]
            self.jobs = {}
            for name, source, dataset in (("purchases", "scrapright", "purchases"), ("report", "scrunch", "prompt_daily")):
                at = told[source]
                self.jobs[name] = Job(name, f"{source}-export", source, dataset, at["url"], at["key"], at["from"], at["to"], at["rows"])
                self._secret(f"{source}/key", at["key"])
            self._secret("scrapright/session")
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    @staticmethod
    def _start(stack, *command):
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        stack.callback(process.wait)
        stack.callback(process.stdin.close)
        line = process.stdout.readline()
        expect(line, f"{command[0].name} did not start")
        return process, line

    def _secret(self, name, value=None):
        self.secrets("CreateSecret", Name=name, ClientRequestToken=str(uuid.uuid4()), **({"SecretString": value} if value else {}))

    def secrets(self, operation, **arguments):
        signed = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0"
        request = urllib.request.Request(self.endpoint + "/", data=json.dumps(arguments).encode(), headers={
            "X-Amz-Target": f"secretsmanager.{operation}", "Content-Type": "application/x-amz-json-1.1", "Authorization": signed})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def shelf(self):
        """What the vendors were asked for so far."""
        with urllib.request.urlopen(self.shelf_url) as answer:
            return json.load(answer)

    def learn(self, job):
        """Take what yardstick asked for as the pages that all programs ask for."""
        host = re.match(r"https?://[^/]+", job.url)[0]
        pages = [page for page in self.shelf()["pages"] if job.is_page(page["name"], page["bytes"])]
        job.pages, job.size = [host + page["name"] for page in pages], sum(page["bytes"] for page in pages)
        expect(len(job.pages) == job.expected_pages, f"{job.name}: yardstick asked for {len(job.pages)} pages with records, expected {job.expected_pages}")
        if job.source == "scrunch":
            job.header = ("Authorization", "Bearer " + job.key)
        else:
            session = json.loads(self.secrets("GetSecretValue", SecretId="scrapright/session")["SecretString"])
            job.header = ("X-Access-Token", session["access_token"])


class RuntimeAPI:
    """Lambda's Runtime API (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) for one invocation of a function."""

    def __init__(self, event, timeout):
        self.answers, self.over = queue.Queue(), threading.Event()
        event, fetched = json.dumps(event).encode(), threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(handler):
                if fetched.is_set():  # there is no second invocation: the function is killed while it waits
                    self.over.wait()
                    return
                fetched.set()
                handler.send_response(200)
                handler.send_header("Lambda-Runtime-Aws-Request-Id", "11111111-2222-3333-4444-555555555555")
                handler.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + timeout) * 1000)))
                handler.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:bench")
                handler.send_header("Content-Length", str(len(event)))
                handler.end_headers()
                handler.wfile.write(event)

            def do_POST(handler):
                body = handler.body()
                ended = time.monotonic()
                handler.send_response(202)
                handler.send_header("Content-Length", "0")
                handler.end_headers()
                self.answers.put((handler.path.rpartition("/")[2], body, ended))

            def body(handler):
                if "Content-Length" in handler.headers:
                    return handler.rfile.read(int(handler.headers["Content-Length"]))
                parts = []
                while size := int(handler.rfile.readline(), 16):  # chunks
                    parts.append(handler.rfile.read(size))
                    handler.rfile.readline()
                handler.rfile.readline()
                return b"".join(parts)

            def log_message(handler, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(server, request, client_address):
                if not isinstance(sys.exc_info()[1], ConnectionResetError):  # a function that was killed says no more
                    super().handle_error(request, client_address)

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self.server.server_port

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.server.shutdown()
        self.server.socket.close()
