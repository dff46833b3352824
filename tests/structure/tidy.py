#!/usr/bin/env python3
"""tidy: clang-tidy has nothing to say about any C file. Skipped (77) where the tool is missing.

usage: tidy.py BUILD_DIR

A file that was found clean is remembered under BUILD_DIR/tidy by a hash of all that the verdict
depends on: the tool, its settings, how the file is compiled, the file and what it includes of ours.
"""
import hashlib
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tree import TOP, closure

TOOL = ["clang-tidy", "--quiet", "--extra-arg=-Wno-unknown-warning-option"]


def compiled(build):
    """{file from the top of the house: compile command} for the files of the house."""
    commands = json.loads((build / "compile_commands.json").read_text())
    return {os.path.relpath(c["file"], TOP): c.get("command", "") for c in commands
            if not Path(c["file"]).is_relative_to(build)}


def verdict_key(name, command, common):
    h = hashlib.sha256(common + command.encode())
    for part in closure(name):
        h.update(part.encode() + b"\0" + (TOP / part).read_bytes() + b"\0")
    return h.hexdigest()


def main():
    if shutil.which("clang-tidy") is None:
        print("clang-tidy is not installed")
        return 77
    build = Path(sys.argv[1]).resolve()
    clean = build / "tidy"
    clean.mkdir(exist_ok=True)
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    common = version + (TOP / ".clang-tidy").read_bytes() + " ".join(TOOL).encode()

    def check(item):
        name, command = item
        mark = clean / verdict_key(name, command, common)
        if mark.exists():
            return None
        done = subprocess.run([*TOOL, "-p", str(build), name], cwd=TOP, capture_output=True,
                              text=True, check=False)
        if done.returncode == 0:
            mark.touch()
            return None
        return done.stdout.strip() or done.stderr.strip()

    files = compiled(build)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        complaints = [c for c in pool.map(check, sorted(files.items())) if c]
    for complaint in complaints:
        print(complaint)
    print(f"{len(files)} files, {len(complaints)} with complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
