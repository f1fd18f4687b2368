"""Measures exports side by side and prints a table. Run by .ci/bench, with its scratch folder as first argument."""

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys

import bench_programs
from bench_world import ROOT, Failed, World, build, compression_level, cpu_of, runtime_settings

MOST_OVER_FLOOR = 1.25   # wall and CPU time of yardstick
LEAST_UNDER_OTHERS = 15  # CPU time of dlt and of the Airbyte CDK over yardstick's


def arguments():
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("work", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="yardstick and the floor only, three rounds")
    parser.add_argument("--check", action="store_true", help="fail where yardstick is slower or larger than it may be")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write every figure into a file")
    parser.add_argument("--job", action="append", choices=("purchases", "report"), help="only this one")
    parser.add_argument("--rounds", type=int, help="of yardstick and the floor; 7, and 3 with --quick")
    parser.add_argument("--others", type=int, default=3, metavar="N", help="rounds in which dlt and the Airbyte CDK run too (3)")
    return parser.parse_args()


def measure(world, programs, job, rounds, others):
    """The runs of each program, taken in turns: A B C D A B C D ..."""
    runs = {program.name: [] for program in programs}
    beside = {program.name: [] for program in programs}
    for number in range(rounds):
        for program in programs:
            if program.foreign and number >= others:
                continue
            made, serving = world.shelf()["made"], cpu_of(world.vendor.pid)
            runs[program.name].append(program.run(job, verify=number == 0))
            beside[program.name].append(cpu_of(world.vendor.pid) - serving)
            if (fresh := world.shelf()["made"] - made) > program.unshelved:
                raise Failed(f"{job.name}: the vendor had to make {fresh} answers while {program.name} ran; expected all on the shelf")
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return runs, beside


def summary(job, runs, beside):
    """A row for each program: medians."""
    rows = {}
    for name, of in runs.items():
        middle = lambda figures: statistics.median(list(figures))
        rows[name] = {"job": job.name, "program": name, "runs": len(of), "wall": middle(r.wall for r in of), "cpu": middle(r.cpu + r.consumer for r in of),
                      "peak": max(r.peak for r in of), "size": of[-1].size, "requests": of[-1].requests,
                      "wall_best": min(r.wall for r in of), "cpu_best": min(r.cpu + r.consumer for r in of), "vendor_cpu": middle(beside[name]),
                      "consumer_cpu": middle(r.consumer for r in of)}
    for row in rows.values():
        row["wall_ratio"], row["cpu_ratio"] = row["wall"] / rows["floor"]["wall"], row["cpu"] / rows["floor"]["cpu"]
    return rows


HEAD = ("job", "program", "runs", "wall s", "best", "CPU s", "best", "peak MiB", "wall/floor", "CPU/floor", "written MB", "requests", "vendor CPU s")


def table(rows):
    lines = [HEAD] + [(r["job"], r["program"], str(r["runs"]), f"{r['wall']:.2f}", f"{r['wall_best']:.2f}", f"{r['cpu']:.2f}", f"{r['cpu_best']:.2f}",
                       f"{r['peak'] / 2**20:.0f}", f"{r['wall_ratio']:.2f}", f"{r['cpu_ratio']:.2f}", f"{r['size'] / 1e6:.1f}", str(r["requests"]),
                       f"{r['vendor_cpu']:.2f}") for r in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    return "\n".join("  ".join(c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths))).rstrip() for line in lines)


def faults(rows):
    """What is worse than it may be."""
    own = rows["yardstick"]
    for what, ratio, unit in (("wall time", "wall_ratio", "wall"), ("CPU time", "cpu_ratio", "cpu")):
        if own[ratio] > MOST_OVER_FLOOR:
            yield (f"{own['job']}: yardstick's {what} is {own[unit]:.2f} s, {own[ratio]:.2f} times the floor's {rows['floor'][unit]:.2f} s; "
                   f"expected at most {MOST_OVER_FLOOR} times")
    for name in rows.keys() - {"yardstick", "floor"}:
        other = rows[name]
        if other["cpu"] < LEAST_UNDER_OTHERS * own["cpu"]:
            yield (f"{own['job']}: {name} takes {other['cpu']:.1f} s of CPU, {other['cpu'] / own['cpu']:.1f} times yardstick's {own['cpu']:.2f} s; "
                   f"expected at least {LEAST_UNDER_OTHERS} times")
        if other["peak"] <= own["peak"]:
            yield f"{own['job']}: {name} has {other['peak'] >> 20} MiB at most, and yardstick {own['peak'] >> 20} MiB; expected less of yardstick"


def machine():
    model = re.search(r"^model name\s*:\s*(.+)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return {"processor": model[1] if model else platform.machine(), "cores": len(os.sched_getaffinity(0)), "load": round(os.getloadavg()[0], 1),
            "system": platform.release(), "go": subprocess.check_output(["go", "env", "GOVERSION"], text=True, cwd=ROOT).strip(), "python": platform.python_version()}


def compare(world, programs, job, wanted):
    """Run the programs over a job, print what they took, and answer all that is known."""
    programs[0].run(job, verify=True)  # has the vendor make its pages, and shows that the work is right
    world.learn(job)
    print(f"{job.name}: {job.rows} rows on {len(job.pages)} pages, {job.size / 1e6:.1f} MB; yardstick's objects hold each row once")
    runs, beside = measure(world, programs, job, wanted.rounds or (3 if wanted.quick else 7), wanted.others)
    rows = summary(job, runs, beside)
    print(table(rows.values()))
    for row in rows.values():
        if row["consumer_cpu"]:
            print(f"{row['program']}: of its CPU, {row['consumer_cpu']:.2f} s are those of what compresses its messages")
    print()
    return {"job": job.name, "rows": job.rows, "pages": len(job.pages), "bytes": job.size, "summary": rows, "faults": list(faults(rows)),
            "runs": {name: [dataclasses.asdict(run) for run in of] for name, of in runs.items()}}


def main():
    wanted = arguments()
    build(wanted.work)
    level, settings = compression_level(), runtime_settings()
    with World(wanted.work) as world:
        programs = [kind(world, level, settings) for kind in bench_programs.ALL if not (wanted.quick and kind.foreign)]
        on = machine() | {program.name: program.version() for program in programs if program.foreign}
        print(", ".join(f"{name} {value}" for name, value in on.items()) + f"; {level}, " + ", ".join(f"{name}={value}" for name, value in settings.items()))
        done = [compare(world, programs, job, wanted) for job in world.jobs.values() if not wanted.job or job.name in wanted.job]
    if wanted.json:
        wanted.json.write_text(json.dumps({"machine": on, "level": level, "runtime": settings, "jobs": done}, indent=1) + "\n")
    complaints = [fault for job in done for fault in job["faults"]]
    for complaint in complaints:
        print(("bench: " if wanted.check else "note: ") + complaint, file=sys.stderr)
    if wanted.check and complaints:
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except Failed as fault:
        sys.exit(f"bench: {fault}")
