"""One of the benchmark's exports by dlt. Usage: bench_dlt.py JOB.json OUT; run with the Python of its virtual environment.

As its documentation has it for an API: a RESTClient with a paginator, a resource that yields pages, a pipeline to the
filesystem destination, compressed JSON lines. max_table_nesting=0 keeps a record in one line, as the other programs do, and
spares dlt the tables of its lists; telemetry is off. All else is as it comes."""

import json
import os
import sys

os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "WARNING"}

import dlt  # noqa: E402  its settings are read when it is imported
from dlt.destinations import filesystem  # noqa: E402
from dlt.sources.helpers.rest_client import RESTClient  # noqa: E402
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator, SinglePagePaginator  # noqa: E402

from bench_peak import tell  # noqa: E402

job_file, out = sys.argv[1:]
job = json.load(open(job_file))
client = RESTClient(base_url=job["base"], headers=job["headers"])


@dlt.resource(name=job["dataset"], max_table_nesting=0, write_disposition="append")
def records():
    if job["paged"]:
        yield from client.paginate(job["path"], params=job["params"], data_selector="Data",
                                   paginator=PageNumberPaginator(base_page=1, page_param="page", total_path=None))
        return
    for day in job["days"]:
        yield from client.paginate(job["path"], params=job["params"] | {"start_date": day, "end_date": day}, paginator=SinglePagePaginator())


pipeline = dlt.pipeline(pipeline_name="bench", pipelines_dir=os.path.join(out, "pipelines"), dataset_name="bench",
                        destination=filesystem(bucket_url="file://" + os.path.join(out, "bucket")))
pipeline.run(records(), loader_file_format="jsonl").raise_on_failed_jobs()
tell(out)
