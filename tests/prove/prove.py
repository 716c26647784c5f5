#!/usr/bin/python3
"""Runs three nodes with readers and writers through faults, and holds every answer to what was promised.

    prove.py [--reads N] [--faults N] [--seed S] [--only NAME[,NAME]] [--rate R] [--lease MS] [--keep] [--deaf] [--no-feed]

    --reads     go on until so many answers were judged (200000)
    --faults    and until so many faults were done; 0: each at least once (12)
    --seed      by which everything random is chosen (random, and printed)
    --only      these faults alone; tests/prove/faults.py has them all
    --rate      reads a second, 0: as many as will go (0)
    --lease     of the nodes, in ms (1000)
    --keep      leaves the folder with the logs of all processes
    --deaf      nodes that do not hear the feed: violations must be found, or this proves nothing
    --no-feed   every node is told of every update by its admin port; no faults of Redis
"""
import argparse
import collections
import contextlib
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from farm import COMPLAINTS, Farm, wait_until  # noqa: E402
from faults import FAULTS, WITHOUT_FEED, Stage  # noqa: E402

RECOVERY = 20  # Seconds within which every node is well again by itself.
DEAF_READS = 20_000


def main():
    # So that every process is ended, also when this one is.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options = parse_options()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2 ** 32)
    print(f"prove: seed {seed}, {options.reads} reads, lease {options.lease} ms", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="prove-"))
    try:
        return prove_deaf(folder, seed) if options.deaf else prove(folder, seed, options)
    finally:
        if options.keep:
            print(f"prove: logs are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def parse_options():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--reads", type=int, default=200_000)
    options.add_argument("--faults", type=int, default=12)
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--only", default=None)
    options.add_argument("--rate", type=int, default=0)
    options.add_argument("--lease", type=int, default=1000)
    options.add_argument("--keep", action="store_true")
    options.add_argument("--deaf", action="store_true")
    options.add_argument("--no-feed", action="store_true")
    return options.parse_args()


def prove(folder, seed, options):
    chance = random.Random(seed)
    feed = "none" if options.no_feed else "redis"
    done = collections.Counter()
    with Farm(folder, seed, lease_ms=options.lease, registry_ms=3 * options.lease, feed=feed,
              prover=["--rate", options.rate]) as farm:
        farm.prover.order("origin slow 20 0 20")
        stage = Stage(farm, chance)
        with CommandLine(farm, seed) if feed == "redis" else contextlib.nullcontext():
            for name in schedule(chance, options, feed):
                run_fault(stage, name, done)
                enough = sum(done.values()) >= (options.faults or len(FAULTS))
                if enough and farm.prover.order("stats")["reads"] >= options.reads:
                    break
        summary, _ = farm.prover.finish()
        complaints = end_nodes(farm)
    return report(seed, done, summary, complaints)


def schedule(chance, options, feed):
    """Rounds without end, each with every fault once."""
    names = list(FAULTS) if feed == "redis" else list(WITHOUT_FEED)
    if options.only:
        names = options.only.split(",")
    while True:
        chance.shuffle(names)
        yield from names


def run_fault(stage, name, done):
    began = time.monotonic()
    stage.order("disturbed on")
    note = FAULTS[name](stage) or ""
    lasted = time.monotonic() - began
    took, ailments = stage.farm.await_health(RECOVERY)
    if ailments:
        stage.order(f"violation unrecovered {RECOVERY} s after {name}: {ailments}")
    stage.order("disturbed off")
    done[name] += 1
    stats = stage.order("stats")
    well = "not well in time" if ailments else f"well {took:.2f} s later"
    print(f"prove: {sum(done.values()):3} {name:34} {lasted:5.1f} s, {well}; {stats['reads']} reads, "
          f"{stats['commits']} commits, {sum(stats['violations'].values())} violations  {note}", flush=True)


class CommandLine:
    """Publishes with `avatar-edge update --wait`, by any node's configuration, one after the other."""

    def __init__(self, farm, seed):
        self.farm, self.chance = farm, random.Random(seed + 1)
        self.is_ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.is_ending.set()
        self.thread.join(30)

    def run(self):
        while not self.is_ending.wait(0.5):
            node = self.chance.choice(self.farm.nodes)
            avatar = 50 * self.chance.randrange(20) + 49
            version = self.farm.prover.order(f"commit {avatar}")
            try:
                ended = node.run("update", "--avatar", str(avatar), "--version", str(version), "--wait", "10s",
                                 check=False)
            except subprocess.TimeoutExpired:
                continue
            if ended.returncode == 0:
                self.farm.prover.order(f"acknowledged {avatar} {version}")


def end_nodes(farm):
    """Ends the nodes as an operator would; what was wrong with that, or in their logs."""
    complaints = []
    for number, node in enumerate(farm.nodes):
        try:
            node.stop()
        except AssertionError as wrong:
            complaints.append(f"node {number}: {wrong}")
        complaints += [f"node {number}: {line}" for line in node.log().splitlines() if COMPLAINTS.search(line)]
    return complaints


def report(seed, done, summary, complaints):
    print(f"prove: {summary['reads']} reads ({summary['hits']} hits, p50 {summary['hit_ms']['p50']:.2f} ms, p99 "
          f"{summary['hit_ms']['p99']:.2f} ms), {summary['commits']} commits, {summary['events']} events seen published, "
          f"{summary['acknowledged']} acknowledged (p50 {summary['acknowledging_ms']['p50']:.1f} ms, p99 "
          f"{summary['acknowledging_ms']['p99']:.1f} ms), {summary['passed']} passed through, {summary['fences']} fences, "
          f"{summary['excused']} errors excused")
    print("prove: faults: " + ", ".join(f"{name} {count}" for name, count in sorted(done.items())))
    print("prove: violations: " + ", ".join(f"{kind} {count}" for kind, count in summary["violations"].items()))
    for complaint in complaints:
        print(f"prove: {complaint}")
    failed = any(summary["violations"].values()) or bool(complaints)
    print(f"prove: {'FAILED, seed ' + str(seed) if failed else 'all promises kept'}", flush=True)
    return 1 if failed else 0


def prove_deaf(folder, seed):
    """The harness must find what nodes without a feed do wrong."""
    with Farm(folder, seed, lease_ms=300, feed="deaf", prover=["--rate", 10000]) as farm:
        farm.prover.tells = False
        wait_until(lambda: farm.prover.order("stats")["reads"] >= DEAF_READS, "reads")
        summary, _ = farm.prover.finish()
    found = summary["violations"]
    print("prove: of deaf nodes: " + ", ".join(f"{kind} {count}" for kind, count in found.items()))
    if found["bounded"] == 0:
        print("prove: FAILED: nodes that hear nothing of updates pass for good ones", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
