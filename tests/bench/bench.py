#!/usr/bin/env python3
"""bench: ours and the rival in turn, on the same records, and the medians of several runs.

usage: bench.py BUILD_DIR [--runs N] [--records N] [--edits N] [--laptops N] [--devices N]
                [--haul N] [--long]

Prints a table for people, then one line a figure: "ratio NAME X" is ours divided by the rival's,
"value NAME X" is ours alone. Checks that what was pulled is what was recorded; asserts no timing.
"""
import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import scenes

FAN_IN_RECORDS = 200
STOP_SECONDS = 20


class Rival:
    """JSON lines, zlib, TCP and SQLite."""

    def __init__(self, build, folder, _laptops):
        self.programs, self.folder = build / "tests/bench", folder
        self.server = subprocess.Popen([self.programs / "rival_server", folder / "server.db"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = self.server.stdout.readline().strip()

    def client(self, mode, records, extra):
        done = subprocess.run([self.programs / "rival_client", mode, self.port,
                               str(self.server.pid), self.folder, str(records), str(extra)],
                              stdout=subprocess.PIPE, text=True, check=True)
        return scenes.parse(done.stdout)

    def stop(self):
        self.server.stdin.close()
        self.server.wait(STOP_SECONDS)

    def disk_bytes(self):
        return (self.folder / "server.db").stat().st_size


class Ours:
    """The laptops' library against a real `pic-server serve`."""

    def __init__(self, build, folder, laptops, serve=()):
        self.build, self.folder, self.store = build, folder, folder / "server"
        if not self.store.exists():
            self.create(laptops)
        self.server = subprocess.Popen([*self.program(), "serve", "--ecoute", "tcp://127.0.0.1:0",
                                        *serve],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = self.server.stdout.readline().split()[-1]

    def create(self, laptops):
        self.command("init", "--nom", "Banc", "--adresse", "tcp://127.0.0.1:1",
                     "--autorite-sortie", self.folder / "authority")
        carrier, _fund = self.add_association("du banc")
        for number in range(laptops):
            self.command("association", "inviter", carrier, "--role", "saisie",
                         "--fichier", self.folder / f"{number}.picx")

    def program(self):
        return self.build / "server/pic-server", "--dossier", self.store

    def command(self, *words):
        done = subprocess.run([*self.program(), "--json", *words], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def add(self, entity, *options):
        """Its number, such as 1-204."""
        return json.loads(self.command(entity, "ajouter", *options))["numero"]

    def add_association(self, name):
        """The numbers of an association and of its fund."""
        carrier = self.add("organisme", "--nature", "association", "--nom", f"Association {name}")
        return carrier, self.add("fonds", "--nom", f"Fonds {name}", "--cadre", "pic", "--annee",
                                 "2026", "--gestionnaire", carrier)

    def client(self, mode, records, extra):
        done = subprocess.run([self.build / "tests/bench/ours_agent", mode,
                               f"tcp://127.0.0.1:{self.port}", str(self.server.pid), self.folder,
                               str(records), str(extra)],
                              stdout=subprocess.PIPE, text=True, check=True)
        return scenes.parse(done.stdout)

    def stop(self):
        self.server.terminate()
        self.server.wait(STOP_SECONDS)

    def disk_bytes(self):
        """Journal and state; keys and documents are not rows."""
        return sum(f.stat().st_size for f in self.store.glob("*.db*"))


def one_run(side, build, options):
    """Every figure of one side, measured once: one laptop's day, then a crowd on a fresh server."""
    figures = {}
    for modes in ((("push", options.records, options.edits), ("pull", options.records, options.edits)),
                  (("crowd", FAN_IN_RECORDS, options.laptops),)):
        with tempfile.TemporaryDirectory(prefix="pic-bench-") as folder:
            run = side(build, Path(folder), options.laptops)
            try:
                for mode in modes:
                    for key, value in run.client(*mode).items():
                        figures[key] = max(figures.get(key, 0), value)
                rss = scenes.peak_rss_mib(run.server.pid)
            finally:
                run.stop()
            figures["server_rss_mib"] = max(rss, figures.get("server_rss_mib", 0))
            figures.setdefault("server_disk_bytes", run.disk_bytes())
    for name, records in (("first_push", options.records), ("pull", options.records),
                          ("fan_in", FAN_IN_RECORDS * options.laptops)):
        figures[f"{name}.records_per_s"] = records / figures[f"{name}.wall_ms"] * 1e3
    return figures


def medians(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def spread(runs, key):
    return f"{min(run[key] for run in runs):.4g}-{max(run[key] for run in runs):.4g}"


def table(results):
    """One line a figure, one column a side: the median, then the least and greatest."""
    print(f"{'median (least-greatest)':30}" + "".join(f"{name:>32}" for name in results))
    for key in sorted({key for runs in results.values() for run in runs for key in run if run[key]}):
        cells = [f"{medians(runs)[key]:.6g} ({spread(runs, key)})" if key in runs[0] else ""
                 for runs in results.values()]
        print(f"{key:30}" + "".join(f"{cell:>32}" for cell in cells))


RATIOS = {
    "first_push_bytes": "first_push.up",
    "first_push_wall": "first_push.wall_ms",
    "first_push_server_cpu": "first_push.server_cpu_ms",
    "edits_bytes": "edits.up",
    "pull_wall": "pull.wall_ms",
    "fan_in_throughput": "fan_in.records_per_s",
    "server_disk": "server_disk_bytes",
}


def summary(ours, rival):
    for name, key in RATIOS.items():
        print(f"ratio {name} {ours[key] / rival[key]:.3f}")
    print(f"value one_change_up_bytes {ours['one_change.up']:.0f}")
    print(f"value one_change_down_bytes {ours['one_change.down']:.0f}")
    print(f"value idle_bytes {ours['idle.up'] + ours['idle.down']:.0f}")
    print(f"value agent_rss_mib {ours['agent_rss_mib']:.2f}")
    print(f"value server_rss_mib {ours['server_rss_mib']:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--records", type=int, default=10000)
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--laptops", type=int, default=50)
    parser.add_argument("--devices", type=int, default=2000)
    parser.add_argument("--haul", type=int, default=100_000)
    parser.add_argument("--long", action="store_true",
                        help="a haul of a million changes, a journal of ten million")
    options = parser.parse_args()
    sides = {"ours": Ours, "rival": Rival}
    results = {name: [] for name in sides}
    for number in range(options.runs):
        print(f"run {number + 1} of {options.runs}", file=sys.stderr)
        for name, side in sides.items():
            results[name].append(one_run(side, options.build, options))
    seen = scenes.play(Ours, options)
    table(results)
    print()
    scenes.table(seen)
    print()
    summary(medians(results["ours"]), medians(results["rival"]))
    scenes.summary(seen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
