#!/usr/bin/python3
"""faults.py PIC PIC_SERVER [--points N]: system calls that fail, in both programs.

strace makes the n-th call of a kind fail once, for n = 1, 2, …, until a run has no such call. What was
told as done is there afterwards, what failed says so with a code of its own, and both sides verify.
"""
import shutil
import subprocess
import sys

import stage as s

SKIPPED, POINTS = 77, 6
DISK, SERVED = {1, 2, 13, 16}, {0, 3, 14, 16}
FAULTS = (("fsync,fdatasync", "EIO"), ("pwrite64", "ENOSPC"), ("rename,link", "EIO"),
          ("pwrite64", "EIO"), ("write", "ENOSPC"))


def injected(program: s.Program, calls: str, error: str, n: int, *words: object) -> s.Done:
    plain = program.command
    program.command = ["strace", "-f", "-qq", "-o", str(program.stage.base / "trace"), "-e",
                       f"trace={calls}", "-e", f"inject={calls}:error={error}:when={n}", *plain]
    try:
        return program.run(*words)
    finally:
        program.command = plain


def reached(stage: s.Stage) -> bool:
    return "(INJECTED)" in (stage.base / "trace").read_text()


def test(stage: s.Stage, arguments: list[str]) -> None:
    points = int(arguments[arguments.index("--points") + 1]) if "--points" in arguments else POINTS
    if shutil.which("strace") is None or subprocess.run(
            ["strace", "-qq", "-o", stage.base / "trace", "true"], check=False).returncode != 0:
        print("# no strace may be used here")
        sys.exit(SKIPPED)
    stage.environment["ASAN_OPTIONS"] = "detect_leaks=0" # LeakSanitizer cannot live with strace
    server = stage.open()
    server.serve()
    laptop = s.Laptop(stage, "bureau").enrol()
    told, tried, hit = {}, 0, 0
    acts = {
        "record": (laptop, lambda: ("--json", "projet", "ajouter", "--fonds", s.FUND, "--titre",
                                    f"Essai {tried}")),
        "sync": (laptop, lambda: ("sync",)),
        "copy": (laptop, lambda: ("sauvegarder", stage.base / f"copie-{tried}")),
        "office": (server, lambda: ("--json", "organisme", "ajouter", "--nature", "association",
                                    "--nom", f"Organisme {tried}")),
        "backup": (server, lambda: ("sauvegarder", "--vers", stage.base / "sauvegardes")),
    }
    for name, (program, words) in acts.items():
        for calls, error in FAULTS:
            if calls == "write" and name in ("sync", "record", "office"):
                continue # nng ends a program whose wake-up cannot be written; others only print
            for n in range(1, points + 1):
                tried += 1
                what = words()
                done = injected(program, calls, error, n, *what)
                s.check(f"{name} {calls} {error} {n}: {done.code} {done.err}",
                        done.code in DISK | SERVED)
                if not reached(stage):
                    break
                hit += 1
                if done.code == 0 and name in ("record", "office"):
                    told[done.json()["numero"]] = what[-1]
    laptop.sync_until_quiet()
    here = {r["numero"]: r["titre"] for r in laptop.rows("projet")}
    there = {r["numero"]: r["titre"] for r in server.rows("projet")}
    there |= {r["numero"]: r["nom"] for r in server.rows("organisme")}
    for number, name in told.items():
        s.equal(f"{number} that was told", there.get(number), name)
    s.check("the laptop and the server agree", all(there[n] == t for n, t in here.items()))
    server.verify()
    server.ok("sauvegarder", "--vers", stage.base / "sauvegardes")
    server.ok("restaurer-essai", "--de", stage.base / "sauvegardes")
    s.equal("halves", [*stage.base.glob("*.partiel"),
                       *(stage.base / "sauvegardes").glob(".partiel*")], [])
    print(f"# {hit} faults in {tried} runs; {len(told)} entries told all the same, all there")


if __name__ == "__main__":
    s.main(test)
