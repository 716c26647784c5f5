#!/usr/bin/python3
"""Checks the model of the update feed protocol (feed.pml) with spin.

    run.py [--long] [NAME...]

    --long   larger bounds, for runs by hand: half an hour and up to 16 GB
    NAME     only these scenarios, guards and things to be reached

Each scenario must hold, searched to its end. Without any one of its guards it must not, and what is to be reachable must be
reached: else the model would prove nothing.
"""
import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile
import time

MODEL = pathlib.Path(__file__).resolve().parent / "feed.pml"
AT_ONCE = 2

# What stands in feed.pml under "Bounds and faults": short, and what is larger in the long form.
SCENARIOS = {
    "memory": ("VERSIONS=2 EVENTS=2 REVALIDATE=1 PURGE=1 UNSAFE=1", "VERSIONS=3 EVENTS=3 LATECOMERS=1"),
    "replicas": ("VERSIONS=2 EVENTS=2 REVALIDATE=1 REPLICAS=1", "VERSIONS=3 EVENTS=3 RESTART=1"),
    "trim": ("VERSIONS=1 EVENTS=2 OTHERS=1 TRIM=1 BATCH=1 REVALIDATE=1 RESTART=1", "VERSIONS=2 EVENTS=3 LEASE=2"),
    "failover": ("VERSIONS=1 EVENTS=2 OTHERS=1 FAILOVERS=1", "VERSIONS=2 TRIM=1 REVALIDATE=1"),
    "wait": ("VERSIONS=1 EVENTS=2 OTHERS=1 TRIM=1 BATCH=1 WAIT=1 RESTART=1", "FAILOVERS=1"),
    "alone": ("VERSIONS=1 EVENTS=1 WAIT=1 LATECOMERS=1", "VERSIONS=2 EVENTS=2 LEASE=2"),
    "forgotten": ("VERSIONS=1 EVENTS=1 WAIT=1 FAILOVERS=1", "EVENTS=2 OTHERS=1 RESTART=1"),
    "deposed": ("VERSIONS=1 EVENTS=1 WAIT=1 FAILOVERS=1 DEPOSED=1 OTHERS=1", "EVENTS=2"),
    "two": ("NODES=2 VERSIONS=1 EVENTS=1 WAIT=1", "EVENTS=2 TRIM=1"),
    "twoF": ("NODES=2 VERSIONS=1 EVENTS=1 WAIT=1 FAILOVERS=1", "EVENTS=2 TRIM=1"),
}

# Guards that are taken out one by one, and the scenario that must then fail.
GUARDS = {
    "R1_EVENT": "memory",
    "R1_PURGE": "memory",
    "R1_UNSAFE": "memory",
    "R1_JOIN": "memory",
    "R2_304": "memory",
    "R3_VOID": "memory",
    "R3_ORDER": "memory",
    "R4": "replicas",
    "R4_MAXIMUM": "replicas",
    "R5_ANSWER": "memory",
    "R5_HERE": "memory",
    "R6": "wait",
    "R6_LEASE": "trim",
    "R7": "failover",
    "R8": "deposed",
    "R9": "trim",
    "R10_IDENTITY": "failover",
    "R10_COUNT": "trim",
    "R10_GENERATION": "trim",
    "R11": "trim",
    "R13_SENT": "trim",
    "R13_TIMER": "trim",
    "R13_BOOTTIME": "trim",
    "R14": "trim",
    "R14_SENT": "trim",
    "R15_REGISTERED": "alone",
    "R15_SINCE": "alone",
    "R15_JOIN": "alone",
    "R15_AFTER": "alone",
    "R16": "trim",
    "R17_EXCHANGE": "wait",
    "R18_EVERY": "two", "R17_LONGEST":"wait", "R16_STALE":"trim", "R11_JOIN":"wait",
    "R18_IDENTITY": "forgotten",
    "R18_LAG_LEASE": "deposed",
    "R18_LAG_IDENTITY": "deposed",
    "R19": "deposed", "R19_ID":"deposed","R8_LOOK":"deposed","R17_LEAVE":"wait",
}

REACHED = {
    "HIT": "trim",
    "REPAIR": "trim",
    "ACKNOWLEDGEMENT": "two",
    "ALONE": "alone",
    "HOLD": "alone",
}


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--long", action="store_true")
    options.add_argument("names", nargs="*")
    options = options.parse_args()
    runs = [(name, name, None) for name in SCENARIOS] + [(n, s, f"WITHOUT_{n}") for n, s in GUARDS.items()]
    runs += [(n, s, f"REACH_{n}") for n, s in REACHED.items()]
    runs = [r for r in runs if not options.names or r[0] in options.names or r[1] in options.names and r[2] is None]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for line in pool.map(lambda r: one(pathlib.Path(folder), r, options.long), runs):
            print(line, flush=True)


def one(folder, run, is_long):
    name, scenario, macro = run
    place = folder / f"{name}-{scenario}"
    place.mkdir()
    short, more = SCENARIOS[scenario]
    defines = [f"-D{d}" for d in ((short + " " + more).split() if is_long else short.split())] if not is_long else list({d.split("=")[0]: f"-D{d}" for d in (short + " " + more).split()}.values())
    if macro: defines.append(f"-D{macro}")
    began = time.monotonic()
    def call(*a):
        return subprocess.run(a, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    r = call("spin", "-a", *defines, str(MODEL))
    if r.returncode or "rror" in r.stdout: return f"{name}: {r.stdout}"
    r = call("gcc", "-O2", "-w", "-DSAFETY", "-DNOREDUCE", "-DNOCLAIM", "-DMEMLIM=%d" % (16000 if is_long else 4000), "-o", "pan", "pan.c")
    if r.returncode: return f"{name}: {r.stdout[:400]}"
    r = call("nice", "-n", "10", "./pan", "-E", "-m2000000", "-w24" if not is_long else "-w28")
    states = re.search(r"(\d+) states, stored", r.stdout)
    errors = re.search(r"errors: (\d+)", r.stdout)
    said = re.search(r"pan:1: (.*)", r.stdout)
    depth = re.search(r"depth reached (\d+)", r.stdout)
    return f"{name:18} {scenario:10} states {states and states.group(1):>10} errors {errors and errors.group(1)} depth {depth and depth.group(1)} {time.monotonic()-began:.1f}s {said and said.group(1)}"


main()
