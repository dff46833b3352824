"""tree: the C files of the house and who includes whom, as the checks of this folder see them."""
import os
import re
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
ROOMS = ("protocol", "schema", "agent", "server", "tests")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def all_files():
    """Every file that belongs to the project: what git tracks, or everything but build/."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                cwd=TOP, capture_output=True, check=True).stdout.decode().split("\0")
        return sorted(f for f in listed if f and (TOP / f).is_file())
    except (OSError, subprocess.CalledProcessError):
        return sorted(str((Path(folder) / f).relative_to(TOP)) for folder, below, files in os.walk(TOP)
                      if not below.clear() or Path(folder) != TOP / "build" for f in files)


def c_files():
    return [f for f in all_files() if f.endswith((".c", ".h")) and f.split("/")[0] in ROOMS]


def text(name):
    return (TOP / name).read_text(encoding="utf-8")


def includes(name):
    """(project files, system headers) that a file includes, as it spells them."""
    ours, system = [], []
    for bracket, target in INCLUDE.findall(text(name)):
        (ours if bracket == '"' else system).append(target)
    return ours, system


def closure(name):
    """A file and every project file it includes, directly or not."""
    seen, todo = set(), [name]
    while todo:
        at = todo.pop()
        if at in seen or not (TOP / at).is_file():
            continue
        seen.add(at)
        todo += includes(at)[0]
    return sorted(seen)
