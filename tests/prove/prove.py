#!/usr/bin/python3
"""Runs three nodes with readers and writers through faults, and holds every answer to what was promised.

    prove.py [--tier shared|apart|none] [--reads N] [--faults N] [--seed S] [--only NAME[,NAME]] [--rate R]
             [--lease MS] [--keep] [--deaf] [--no-feed] [--verify]

    --tier      shared: in the Redis of the feed; apart: in one of its own; none (shared)
    --reads     go on until so many answers were judged (200000)
    --faults    and until so many faults were done; 0: each at least once (12)
    --seed      by which everything random is chosen (random, and printed)
    --only      these faults alone; faults.py and tier_faults.py have them all
    --rate      reads a second, 0: as many as will go (0)
    --lease     of the nodes, in ms (1000)
    --keep      leaves the folder with the logs of all processes
    --deaf      nodes that do not hear the feed: violations must be found, or this proves nothing
    --no-feed   every node is told of every update by its admin port; no tier, no faults of Redis
    --verify    no faults, but `avatar-edge verify` beside, which must find nothing
"""
import argparse
import collections
import contextlib
import json
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
from farm import COMPLAINTS, Farm, Node, wait_until  # noqa: E402
from faults import FAULTS, WITHOUT_FEED, Stage  # noqa: E402
import tier_faults  # noqa: E402

RECOVERY = 20  # Seconds within which every node is well again by itself.
DEAF_READS = 20_000


def main():
    # So that every process is ended, also when this one is.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options = parse_options()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2 ** 32)
    print(f"prove: seed {seed}, {options.reads} reads, lease {options.lease} ms, tier {options.tier}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="prove-"))
    try:
        if options.deaf:
            return prove_deaf(folder, seed)
        return prove(folder, seed, options)
    finally:
        if options.keep:
            print(f"prove: logs are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def parse_options():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tier", choices=["shared", "apart", "none"], default="shared")
    options.add_argument("--reads", type=int, default=200_000)
    options.add_argument("--faults", type=int, default=12)
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--only", default=None)
    options.add_argument("--rate", type=int, default=0)
    options.add_argument("--lease", type=int, default=1000)
    options.add_argument("--keep", action="store_true")
    options.add_argument("--deaf", action="store_true")
    options.add_argument("--no-feed", action="store_true")
    options.add_argument("--verify", action="store_true")
    chosen = options.parse_args()
    if chosen.no_feed:
        chosen.tier = "none"
    if chosen.verify:
        chosen.lease = max(chosen.lease, 5000)  # In calm nothing may be refused, however busy the machine is.
    return chosen


def prove(folder, seed, options):
    chance = random.Random(seed)
    feed = "none" if options.no_feed else "redis"
    config, load = smallness(chance, options.tier)
    # Else versions keep out much of what the tier is to be kept from by other rules.
    has_versions = options.tier == "none" or chance.random() < 0.5
    faults = faults_for(feed, options.tier)
    # Versions count for as long as the floor that has them is known (PROTOCOL R4).
    if not has_versions or "floors_max" in config.get("cache", {}):
        faults.pop("origin_lags", None)
    print(f"prove: answers {'with' if has_versions else 'without'} versions, nodes with {json.dumps(config)}", flush=True)
    done = collections.Counter()
    with Farm(folder, seed, lease_ms=options.lease, registry_ms=3 * options.lease, feed=feed, tier=options.tier,
              config=config, prover=["--rate", options.rate, *load]) as farm:
        farm.prover.order("origin slow 20 0 20")
        farm.prover.order(f"origin versions {'on' if has_versions else 'off'}")
        stage = Stage(farm, chance)
        with CommandLine(farm, seed) if feed == "redis" else contextlib.nullcontext():
            complaints = verify_beside(farm, options.reads) if options.verify else []
            for name in schedule(chance, options, faults):
                run_fault(stage, faults[name], name, done)
                enough = sum(done.values()) >= (options.faults or len(faults))
                if enough and farm.prover.order("stats")["reads"] >= options.reads:
                    break
        summary, _ = farm.prover.finish()
        complaints += end_nodes(farm)
    if options.tier != "none" and summary["from_tier"] == 0:
        complaints.append("the tier has answered nothing")
    return report(seed, done, summary, complaints)


def smallness(chance, tier):
    """So that a tier is used, memory holds a part of what is asked for only; and it may know few floors."""
    # Every answer, or none, is sent on while it comes.
    cache = {"stream_from": chance.choice(["1B", "64KiB"])}
    if tier == "none":
        return {"cache": cache}, []
    cache |= {"memory": chance.choice(["1MiB", "2MiB", "4MiB"]), "object_max": "64KiB"}
    if chance.random() < 0.5:
        cache["floors_max"] = 1000
    # What is pushed is put into the tier at once; without it the tier is asked for more.
    config = {"workers": chance.choice([1, 2]), "cache": cache, "updates": {"push": chance.choice(["0s", "60s"])}}
    return config, ["--tier", "--avatars", 2000]


def faults_for(feed, tier):
    if feed != "redis":
        return {name: FAULTS[name] for name in WITHOUT_FEED}
    return FAULTS | {"shared": tier_faults.SHARED, "apart": tier_faults.APART, "none": {}}[tier]


def schedule(chance, options, faults):
    """Rounds without end, each with every fault once."""
    if options.verify:
        return
    names = options.only.split(",") if options.only else list(faults)
    while True:
        chance.shuffle(names)
        yield from names


def verify_beside(farm, reads):
    """Asks the nodes from outside, as an operator would, while nothing goes wrong; what it has found."""
    edges = ",".join(f"node-{number}=http://127.0.0.1:{node.port}" for number, node in enumerate(farm.nodes))
    with open(farm.folder / "verify.log", "wb") as log:
        verify = subprocess.Popen(
            [Node.program(), "verify", "--config", farm.nodes[0].file, "--edges", edges, "--url", "/avatars/{avatar}/132",
             "--after", "50ms,200ms,1s,5s", "--rate", "300"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            while verify.poll() is None and farm.prover.order("stats")["reads"] < reads:
                time.sleep(0.5)
            verify.send_signal(signal.SIGINT)
            status = verify.wait(60)
        finally:
            verify.kill()
    lines = (farm.folder / "verify.log").read_text().splitlines()
    found = [line for line in lines if "verify.inconsistent" in line]
    print("prove: verify: " + "\nprove: verify: ".join(found[:5] + [line for line in lines if line not in found]))
    return [] if status == 0 else [f"verify found {len(found)} inconsistent answers, exit status {status}"]


def run_fault(stage, does, name, done):
    began = time.monotonic()
    stage.order("disturbed on")
    note = does(stage) or ""
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
    print(f"prove: answered by memory {share(summary, summary['hits'] - summary['from_tier'])}, by the tier "
          f"{share(summary, summary['from_tier'])}, by the origin {share(summary, summary['misses'])}; {summary['receded']} receded")
    print("prove: faults: " + ", ".join(f"{name} {count}" for name, count in sorted(done.items())))
    print("prove: violations: " + ", ".join(f"{kind} {count}" for kind, count in summary["violations"].items()))
    for complaint in complaints:
        print(f"prove: {complaint}")
    failed = any(summary["violations"].values()) or bool(complaints)
    print(f"prove: {'FAILED, seed ' + str(seed) if failed else 'all promises kept'}", flush=True)
    return 1 if failed else 0


def share(summary, part):
    return f"{part} ({100 * part / max(1, summary['reads']):.1f} %)"


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
