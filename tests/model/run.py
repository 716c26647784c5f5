#!/usr/bin/python3
"""Checks the models of the update feed (feed.pml) and of the Redis tier (tier.pml) with spin.

    run.py [--long] [NAME...]

    --long   with the larger bounds, for runs by hand
    NAME     only these scenarios, guards, and things to be reached

Each scenario must hold, searched to its end. With any one of its guards taken out it must not; and what has to be
possible must be found possible, for a model in which nothing happens holds too.
"""
import argparse
import collections
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile
import time

FOLDER = pathlib.Path(__file__).resolve().parent
AT_ONCE = 2
MEMORY_MIB = 4000  # Of one search; none of the short form needs a quarter of it.
DEPTH = 2_000_000

# Bounds and faults, which the models explain: those of the short form, and what is otherwise in the long one.
FEED = {
    "memory": ("VERSIONS=2 EVENTS=2 REVALIDATE=1 PURGE=1 UNSAFE=1", "VERSIONS=3 EVENTS=3"),
    "replicas": ("VERSIONS=2 EVENTS=2 REVALIDATE=1 REPLICAS=1", "VERSIONS=3 EVENTS=3"),
    "trim": ("VERSIONS=1 EVENTS=2 OTHERS=1 TRIM=1 BATCH=1 REVALIDATE=1 RESTART=1", "VERSIONS=2 EVENTS=3"),
    "failover": ("VERSIONS=1 EVENTS=2 OTHERS=1 FAILOVERS=1", "TRIM=1 REVALIDATE=1"),
    "wait": ("VERSIONS=1 EVENTS=2 OTHERS=1 TRIM=1 BATCH=1 WAIT=1 RESTART=1", "FAILOVERS=1 OTHERS=0"),
    "alone": ("VERSIONS=1 EVENTS=1 WAIT=1 LATECOMERS=1", "LEASE=2"),
    "forgotten": ("VERSIONS=1 EVENTS=1 WAIT=1 FAILOVERS=1", "EVENTS=2 OTHERS=1"),
    "deposed": ("VERSIONS=1 EVENTS=1 OTHERS=1 WAIT=1 FAILOVERS=1 DEPOSED=1", "EVENTS=2"),
    "two": ("NODES=2 VERSIONS=1 EVENTS=1 WAIT=1", "EVENTS=2 OTHERS=1"),
}
TIER = {
    "tier": ("EVENTS=1 READS=1 LATE=1", "EVENTS=2 VERSIONS=2 LATE=0"),
    "versions": ("VERSIONS=2 EVENTS=2 PUTTERS=1", "READS=1 PUTTERS=2"),
    "full": ("EVENTS=2 OTHERS=1 PUTTERS=1 OLD_ONLY=1 FORGET=1", "OLD_ONLY=0 READS=1"),
    "fenced": ("EVENTS=1 PUTTERS=1 FENCE=1 FAILOVERS=1 EPOCHS=2", "OTHERS=1"),
    "evicted": ("EVENTS=1 PUTTERS=1 EVICT=9", "PUTTERS=2"),
    "urls": ("EVENTS=1 PUTTERS=1 EVICT=1 URLS=2 RESTART=1", "EVICT=9 FORGET=1"),
    "rewound": ("EVENTS=1 PUTTERS=1 OLD_ONLY=1 EVICT=1 REWIND=1", "RESTART=1 EVICT=9"),
    "trimmed": ("EVENTS=1 OTHERS=1 PUTTERS=1 TRIM=1 EPOCHS=2", "READS=1"),
    "replaced": ("EVENTS=1 OTHERS=1 PUTTERS=1 OLD_ONLY=1 FAILOVERS=1 EPOCHS=2 READS=1", "OLD_ONLY=0"),
    "mixed": ("EVENTS=1 OTHERS=1 PUTTERS=1 OLD_ONLY=1 FAILOVERS=1 EVICT=1", "EVICT=2"),
}
SCENARIOS = FEED | TIER

# What is taken out of the models, and the scenario that must not hold then.
GUARDS = {
    "R1_EVENT": "memory", "R1_PURGE": "memory", "R1_UNSAFE": "memory", "R1_JOIN": "memory", "R2_304": "memory",
    "R3_VOID": "memory", "R3_ORDER": "memory", "R4": "replicas", "R4_MAXIMUM": "replicas", "R5_ANSWER": "memory",
    "R5_HERE": "memory", "R6": "wait", "R6_LEASE": "trim", "R7": "failover", "R8": "deposed", "R8_LOOK": "deposed",
    "R9": "trim", "R10_IDENTITY": "failover", "R10_COUNT": "trim", "R10_GENERATION": "trim", "R11": "trim",
    "R11_JOIN": "wait", "R13_SENT": "trim", "R13_TIMER": "trim", "R13_BOOTTIME": "trim", "R14": "trim",
    "R14_SENT": "trim", "R15_REGISTERED": "alone", "R15_JOIN": "alone", "R15_AFTER": "alone", "R16": "trim",
    "R16_STALE": "trim", "R17_EXCHANGE": "wait", "R17_LEAVE": "wait", "R17_LONGEST": "wait", "R18_EVERY": "two",
    "R18_IDENTITY": "forgotten", "R18_POSITION": "deposed", "R18_LAG_LEASE": "deposed", "R18_LAG_IDENTITY": "deposed",
    "R19": "deposed", "R19_ID": "deposed",
    "R10_CLOSE": "replaced", "R12": "full", "R20_ONCE": "tier", "R20_FLOOR": "tier", "R20_MARK": "rewound",
    "R20_GENERATION": "replaced", "R21": "replaced", "R22_FLOOR": "tier", "R22_MARK": "evicted",
    "R22_TOGETHER": "replaced", "R23": "evicted", "R23_ONCE": "tier", "R24_MARK": "evicted", "R24_BIRTH": "rewound",
    "R24_GET": "evicted", "R24_ENTRIES": "urls", "R25_GET": "mixed", "R25_PUT": "mixed", "R25_APPLY": "mixed",
    "R26": "tier", "R26_REACH": "trimmed", "R26_IDENTITY": "replaced", "R28": "full", "R29": "full", "R30": "fenced",
    "R30_GAP": "fenced",
}

# What must be possible, and the scenario in which it is looked for.
POSSIBLE = {
    "HIT": "trim", "REPAIR": "trim", "ACKNOWLEDGEMENT": "two", "ALONE": "alone", "HOLD": "alone",
    "TIER_HIT": "tier", "REPLAY": "tier", "ADOPT": "replaced", "OLDER": "versions",
    "OUTGROWN": "fenced",
}

Run = collections.namedtuple("Run", "kind name scenario defines")
Outcome = collections.namedtuple("Outcome", "run states seconds is_expected verdict")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--long", action="store_true")
    options.add_argument("names", nargs="*", metavar="NAME")
    options = options.parse_args()
    runs = [run for run in all_runs(options.long) if not options.names or run.name in options.names]
    if not runs or set(options.names) - {run.name for run in runs}:
        print(f"model: not all of {' '.join(options.names)} are known", file=sys.stderr)
        return 2
    good, unexpected = collections.Counter(), 0
    print("model: scenario    without            states      time", flush=True)
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for outcome in pool.map(lambda run: check(pathlib.Path(folder), run, options.long), runs):
            run = outcome.run
            name = "" if run.kind == "hold" else run.name
            print(f"model: {run.scenario:11} {name:16} {outcome.states:>9} {outcome.seconds:>7.1f} s  {outcome.verdict}",
                  flush=True)
            good[run.kind] += outcome.is_expected
            unexpected += not outcome.is_expected
    if unexpected:
        print(f"model: {unexpected} of {len(runs)} are NOT as expected")
    print(f"model: {good['hold']} scenarios hold, {good['bite']} guards bite, {good['reach']} things reachable")
    return 1 if unexpected else 0


def all_runs(is_long):
    for scenario in SCENARIOS:
        yield Run("hold", scenario, scenario, defines_of(scenario, is_long))
    # To miss a guard the short form is enough.
    for guard, scenario in GUARDS.items():
        yield Run("bite", guard, scenario, [*defines_of(scenario, False), f"-DWITHOUT_{guard}"])
    for thing, scenario in POSSIBLE.items():
        yield Run("reach", thing, scenario, [*defines_of(scenario, False), f"-DREACH_{thing}"])


def defines_of(scenario, is_long):
    short, more = SCENARIOS[scenario]
    bounds = dict(bound.split("=") for bound in short.split())
    if is_long:
        bounds |= dict(bound.split("=") for bound in more.split())
    return [f"-D{name}={value}" for name, value in bounds.items()]


def check(folder, run, is_long):
    began = time.monotonic()
    place = folder / f"{run.kind}-{run.name}"
    place.mkdir()
    model = "tier.pml" if run.scenario in TIER else "feed.pml"
    is_large = is_long and run.kind == "hold"
    # Every step touches what all see, so partial order reduction has nothing to reduce. What is to be found is found sooner
    # when the rarer steps, which stand last, are tried first.
    flags = ["-O2"] if is_large else ["-O1"] if run.kind == "hold" else ["-O1", "-DREVERSE", "-DT_REVERSE"]
    said = call(place, "spin", "-a", *run.defines, str(FOLDER / model))
    if not (place / "pan.c").exists() or "rror:" in said:
        return Outcome(run, "-", time.monotonic() - began, False, "spin: " + " ".join(said.split()))
    said = call(place, "gcc", *flags, "-w", "-DSAFETY", "-DNOREDUCE", "-DNOCLAIM", f"-DMEMLIM={MEMORY_MIB}", "-o", "pan",
                "pan.c")
    if not (place / "pan").exists():
        return Outcome(run, "-", time.monotonic() - began, False, "gcc: " + " ".join(said.split())[:200])
    said = call(place, "./pan", "-E", f"-m{DEPTH}", "-w26" if is_large else "-w22")
    states = re.search(r"^ *(\S+) states, stored", said, re.M)
    seconds = time.monotonic() - began
    return Outcome(run, str(int(float(states.group(1)))) if states else "-", seconds, *judge(run, said))


def judge(run, said):
    """Whether it came out as it should, and what to say of it."""
    errors = re.search(r"errors: (\d+)", said)
    broken = re.search(r"^pan:\d+: assertion violated (.*) \(at depth", said, re.M)
    # Whatever made the search less than exhaustive: out of memory, too deep, stopped.
    is_whole = errors and not re.search(r"Search not completed|max search depth too small|out of memory|memory limit|"
                                        r"interrupted", said)
    if broken:
        what = {"hold": "DOES NOT HOLD: ", "bite": "fails, as it must: ", "reach": "can happen: "}[run.kind]
        return run.kind != "hold", what + broken.group(1).strip()
    if not is_whole or errors.group(1) != "0":
        return False, "SEARCH NOT COMPLETED: " + " ".join(said.split())[-200:]
    return run.kind == "hold", {"hold": "holds", "bite": "HOLDS WITHOUT IT", "reach": "CANNOT HAPPEN"}[run.kind]


def call(place, *command):
    return subprocess.run(command, cwd=place, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False).stdout


if __name__ == "__main__":
    sys.exit(main())
