"""Stands for the process that runs experiments; the name of each says how it ends."""

import json
import os
import signal
import sys
from pathlib import Path


def main():
    order = json.loads(sys.stdin.readline())
    told = {}
    for part in order["parts"]:
        name = part["name"]
        print(f"log of {name}", flush=True)
        if name == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "silent":
            return 3
        if name == "waits":
            sys.stdin.read()
            Path("saved").write_text("whole")
            return 130
        if name == "stubborn":
            sys.stdin.read()
            signal.pause()
        if name == "environment":
            Path("environment").write_text(json.dumps(dict(os.environ)))
        if "results" in order:
            (Path(order["results"]) / "pictures").mkdir(parents=True)
            (Path(order["results"]) / "pictures" / "kept.webp").write_bytes(b"image")
        told[name] = "no such file" if name == "bad" else None
        Path(order["told"]).write_text(json.dumps(told))
    return int(any(told.values()))


if __name__ == "__main__":
    sys.exit(main())
