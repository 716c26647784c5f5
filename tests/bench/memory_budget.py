#!/usr/bin/env python3
"""Whether the budget holds: asks a real edge for far more than fits, and prints what its process came to.

    memory_budget.py [--budget 64] [--total 1024]        both in MiB; needs nginx and wrk

Sizes are from 1 to 300 KiB; every URL is asked for once, and every tenth again.
"""
import argparse
import os
import pathlib
import random
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
from edge import Edge  # noqa: E402
from nginx import Nginx  # noqa: E402

SIZES_KIB = [1, 2, 4, 4, 8, 8, 16, 16, 30, 64, 120, 300]

SCRIPT = """
local seed = tonumber(os.getenv("SEED"))
local at, urls, sizes = seed * 1000000, tonumber(os.getenv("URLS")), {%s}
math.randomseed(seed)
request = function()
  at = at + 1
  local n = at %% 10 == 0 and math.max(1, at - math.random(1, 200)) or at
  return wrk.format("GET", "/avatars/" .. (n %% urls) .. "/" .. sizes[n %% #sizes + 1])
end
"""


def resident_mib(edge):
    for line in pathlib.Path(f"/proc/{edge.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=int, default=64)
    parser.add_argument("--total", type=int, default=1024)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        locations = "location ~ ^/avatars/[0-9]+/([0-9]+)$ { expires 1h; try_files /$1 =404; }"
        origin = Nginx(pathlib.Path(folder) / "nginx", locations)
        for size in set(SIZES_KIB):
            origin.write(f"/{size}", random.randbytes(size << 10))
        place = pathlib.Path(folder) / "edge"
        place.mkdir()
        edge = Edge(place, [origin.url], {"cache": {"memory": f"{args.budget}MiB"}, "log": {"access": "off"}})
        script = pathlib.Path(folder) / "ask.lua"
        script.write_text(SCRIPT % ", ".join(map(str, SIZES_KIB)))
        empty = resident_mib(edge)
        peak, seed, bytes_before = empty, 0, 0
        while True:
            seed += 1
            subprocess.run(["wrk", "-t1", "-c32", "-d2s", "-s", script, f"http://127.0.0.1:{edge.port}"],
                           env=dict(os.environ, SEED=str(seed), URLS="100000000"), capture_output=True, check=True)
            peak = max(peak, resident_mib(edge))
            metrics = edge.metrics()
            fetched = metrics("origin_response_body_bytes_total") / (1 << 20)
            if fetched >= args.total or fetched == bytes_before:
                break
            bytes_before = fetched
        print(f"fetched from the origin {fetched:.0f} MiB; budget {args.budget} MiB, charged "
              f"{metrics('cache_bytes') / (1 << 20):.1f} MiB in {metrics('cache_stored_responses'):.0f} responses")
        limit = args.budget * 1.1 + empty
        print(f"resident: {empty:.1f} MiB empty, {peak:.1f} MiB at most; budget + empty + 10 % is {limit:.1f} MiB: "
              f"{'within' if peak <= limit else 'EXCEEDED'}")
        edge.stop()
        origin.stop()
        return 0 if peak <= limit else 1


if __name__ == "__main__":
    sys.exit(main())
