#!/usr/bin/env python3
"""includes: the rules of the house that a compiler does not check.

One direction of dependence, one room for each library, no module or room that includes itself round
a corner, a first comment in each header that says its idea, and nothing left over from a workshop.
Long functions and files are warnings: they are shown and do not fail.
"""
import os
import re
import sys

from tree import TOP, all_files, c_files, includes, text

# What each floor may include; tests stand above the house and may include anything.
FLOORS = {
    "protocol": {"protocol"},
    "schema": {"protocol", "schema"},
    "agent": {"protocol", "schema", "agent"},
    "server": {"protocol", "schema", "server"},
}

# The only rooms that include a library's headers.
LIBRARIES = {
    "sodium.h": ("protocol/crypto/",),
    "sodium/": ("protocol/crypto/",),
    "zlib.h": ("protocol/log/",),
    "nng/": ("protocol/net/",),
    "utf8proc.h": ("protocol/base/",),
    "sqlite3.h": ("schema/",),
    "qrencode.h": ("schema/face/qr/",),
    "microhttpd.h": ("schema/face/",),
    "expat.h": ("server/bank/format_camt053.",),
}

FUNCTION_LINES, FILE_LINES = 60, 500
LEFT_OVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")

faults, warnings = [], []


def floor(name):
    return name.split("/")[0]


def room(name):
    return os.path.dirname(name)


def module(name):
    return os.path.splitext(name)[0]


def check_edges(name):
    """The floors and the libraries: what one file includes by itself."""
    ours, system = includes(name)
    for target in ours:
        if not (TOP / target).is_file():
            faults.append(f"{name}: \"{target}\" is not a path from the top of the house")
        elif floor(name) in FLOORS and floor(target) not in FLOORS[floor(name)]:
            faults.append(f"{name}: {floor(name)}/ must not include {target}")
    if floor(name) == "tests":
        return
    for target in system:
        for header, homes in LIBRARIES.items():
            if target.startswith(header) and not name.startswith(homes):
                faults.append(f"{name}: <{target}> belongs to {' '.join(homes)}")


def cycle(graph):
    """A closed walk in {node: set of nodes}, or nothing."""
    state = {}

    def visit(node, path):
        state[node] = "open"
        for to in sorted(graph.get(node, ())):
            if state.get(to) == "open":
                return path[path.index(to):] + [to]
            if to not in state:
                found = visit(to, path + [to])
                if found:
                    return found
        state[node] = "done"
        return None

    for node in sorted(graph):
        if node not in state:
            found = visit(node, [node])
            if found:
                return found
    return None


def unit(name):
    """What may not include itself round a circle: a module; but one test program is one unit."""
    return room(name) if name.startswith("tests/simulation/") else module(name)


def check_cycles(names):
    """Modules never include each other; nor do the rooms of the two libraries."""
    modules, rooms = {}, {}
    for name in names:
        for target in includes(name)[0]:
            if unit(target) != unit(name):
                modules.setdefault(unit(name), set()).add(unit(target))
            if room(target) != room(name) and floor(name) in ("protocol", "schema"):
                rooms.setdefault(room(name), set()).add(room(target))
    for kind, graph in (("modules", modules), ("rooms", rooms)):
        found = cycle(graph)
        if found:
            faults.append(f"{kind} that include each other: " + " -> ".join(found))


def check_header(name):
    idea = f"/* {os.path.basename(module(name))}: "
    if not text(name).startswith(idea):
        faults.append(f"{name}: the first comment must begin with \"{idea}\" and say the module's idea")


def check_lengths(name):
    lines = text(name).splitlines()
    if len(lines) > FILE_LINES:
        warnings.append(f"{name}: {len(lines)} lines")
    opened = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            opened = number - 1
        elif line == "}" and opened is not None:
            if number - opened + 1 > FUNCTION_LINES:
                warnings.append(f"{name}:{opened}: a function of {number - opened + 1} lines")
            opened = None


def check_left_over():
    """No unfinished work, and no path of the machine that the house was built on."""
    places = re.compile("|".join([re.escape(str(TOP)) + r"\b", r"(?<![\w.])/(?:home|root|Users)/\w"]))
    for name in all_files():
        try:
            content = text(name)
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(content.splitlines(), 1):
            if LEFT_OVER.search(line):
                faults.append(f"{name}:{number}: unfinished: {line.strip()}")
            if places.search(line):
                faults.append(f"{name}:{number}: a path of one machine: {line.strip()}")


def main():
    names = c_files()
    for name in names:
        check_edges(name)
        check_lengths(name)
        if name.endswith(".h"):
            check_header(name)
    check_cycles(names)
    check_left_over()
    for warning in warnings:
        print("warning:", warning)
    for fault in faults:
        print("fault:", fault)
    print(f"{len(names)} files, {len(faults)} faults, {len(warnings)} warnings")
    return 1 if faults or not names else 0


if __name__ == "__main__":
    sys.exit(main())
