"""One of the benchmark's exports by the Airbyte CDK. Usage: bench_airbyte.py JOB.json OUT; run with the Python of its virtual
environment.

A low-code source, as its documentation has it: a requester, a selector, a paginator (or a partition for each day), and
`read`, whose messages go to standard output. The schema names no member, which spares the CDK work on them."""

import json
import pathlib
import sys

from airbyte_cdk.entrypoint import launch
from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

from bench_peak import tell

job_file, out = sys.argv[1:]
job = json.load(open(job_file))


def retriever():
    requester = {"type": "HttpRequester", "url_base": job["base"], "path": job["path"], "http_method": "GET",
                 "request_headers": {name: f"{{{{ config['{name}'] }}}}" for name in job["headers"]}, "request_parameters": dict(job["params"])}
    paginator, more = {"type": "NoPagination"}, {}
    if job["paged"]:
        paginator = {"type": "DefaultPaginator", "page_token_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "page"},
                     "pagination_strategy": {"type": "PageIncrement", "start_from_page": 1, "page_size": 100, "inject_on_first_request": True}}
    else:
        requester["request_parameters"] |= {name: "{{ stream_partition['day'] }}" for name in ("start_date", "end_date")}
        more["partition_router"] = {"type": "ListPartitionRouter", "values": job["days"], "cursor_field": "day"}
    extractor = {"type": "DpathExtractor", "field_path": ["Data"] if job["paged"] else []}
    return {"type": "SimpleRetriever", "requester": requester, "paginator": paginator,
            "record_selector": {"type": "RecordSelector", "extractor": extractor}, **more}


schema = {"$schema": "http://json-schema.org/schema#", "type": "object", "properties": {}, "additionalProperties": True}
manifest = {
    "version": "6.0.0", "type": "DeclarativeSource", "check": {"type": "CheckStream", "stream_names": [job["dataset"]]},
    "streams": [{"type": "DeclarativeStream", "name": job["dataset"], "primary_key": [], "retriever": retriever(),
                 "schema_loader": {"type": "InlineSchemaLoader", "schema": schema}}],
    "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}, "additionalProperties": True}}}
catalog = {"streams": [{"stream": {"name": job["dataset"], "json_schema": schema, "supported_sync_modes": ["full_refresh"]},
                        "sync_mode": "full_refresh", "destination_sync_mode": "append"}]}

config_file, catalog_file = (pathlib.Path(out) / name for name in ("config.json", "catalog.json"))
config_file.write_text(json.dumps(job["headers"]))
catalog_file.write_text(json.dumps(catalog))
source = ConcurrentDeclarativeSource(catalog=ConfiguredAirbyteCatalogSerializer.load(catalog), config=job["headers"], state=[], source_config=manifest)
launch(source, ["read", "--config", str(config_file), "--catalog", str(catalog_file)])
tell(out)
