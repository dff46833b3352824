"""scenes: what only ours is asked to withstand, each on a fresh server.

    burst   2,000 devices with one change each, at once
    flood   2,000 connections that send a frame of 60 KB each, at once
    haul    one laptop pushes its season while 20 others sync one change every 100 ms
    journal 20 laptops sync on a journal of 10 thousand changes, and (--long) of 10 million

Latencies are those of the clients, on the same machine; asserts no timing.
"""
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

OTHERS = 20
ALONE_SECONDS = 10
FLOOD_BYTES = 60_000
SERVE = ("--connexions-par-adresse", "0")
HAUL_LONG = 1_000_000
JOURNALS = 10_000, 10_000_000


def memory_mib(pid, name):
    """VmHWM, the peak, or VmRSS, now."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {name} for process {pid}")


def peak_rss_mib(pid):
    return memory_mib(pid, "VmHWM")


def parse(output):
    """{"first_push.wall_ms": 102.5, …, "agent_rss_mib": 7.1} from what a client prints."""
    figures = {}
    for line in output.splitlines():
        name, *rest = line.split()
        if len(rest) == 1:
            figures[name] = float(rest[0])
        else:
            figures.update({f"{name}.{key}": float(x) for key, x in zip(rest[::2], rest[1::2])})
    return figures


@contextmanager
def server(side, options, laptops=0):
    """A fresh one."""
    with tempfile.TemporaryDirectory(prefix="pic-bench-") as folder:
        run = side(options.build, Path(folder), laptops, SERVE)
        try:
            yield run
        finally:
            run.stop()


def fleet(run, *words, **pipes):
    return subprocess.Popen([run.build / "tests/bench/fleet", *map(str, words)],
                            stdout=subprocess.PIPE, text=True, **pipes)


def stock(run, mode, *words):
    return subprocess.run([run.build / "tests/bench/stock", mode, run.store, *map(str, words)],
                          stdout=subprocess.PIPE, text=True, check=True).stdout


def together(run, mode, number, devices, codes=""):
    words = mode, f"tcp://127.0.0.1:{run.port}", run.server.pid, number, devices
    """Everybody at once; what the server held before, and at most."""
    before = memory_mib(run.server.pid, "VmRSS")
    with fleet(run, *words, stdin=subprocess.PIPE) as process:
        figures = parse(process.communicate(codes)[0])
    if process.returncode != 0:
        raise RuntimeError(f"{mode} failed")
    figures[f"{mode}.server_rss_before_mib"] = before
    figures[f"{mode}.server_rss_mib"] = peak_rss_mib(run.server.pid)
    return figures


def burst(side, options):
    with server(side, options) as run:
        association, fund = run.add_association("de la rafale")
        codes = stock(run, "invite", association, options.devices)
        return together(run, "burst", fund, options.devices, codes)


def flood(side, options):
    with server(side, options) as run:
        return together(run, "flood", FLOOD_BYTES, options.devices)


def tell(process, line="\n"):
    process.stdin.write(line)
    process.stdin.flush()


def haul(side, options):
    """The others alone, then beside the haul; they are another association's."""
    changes = HAUL_LONG if options.long else options.haul
    with server(side, options, laptops=1) as run:
        url = f"tcp://127.0.0.1:{run.port}"
        association, fund = run.add_association("des autres")
        codes = stock(run, "invite", association, OTHERS)
        one = subprocess.Popen([run.build / "tests/bench/ours_agent", "haul", url,
                                str(run.server.pid), run.folder, str(changes), "0"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        one.stdout.readline()  # it has recorded and sealed
        others = fleet(run, "steady", url, run.server.pid, fund, OTHERS, stdin=subprocess.PIPE)
        with one, others:
            tell(others, codes)
            others.stdout.readline()
            time.sleep(ALONE_SECONDS)
            tell(others)
            alone = parse(others.stdout.readline())
            tell(one)
            figures = parse(one.stdout.readline())
            tell(others)
            beside = parse(others.stdout.readline())
            others.stdin.close()
        if one.returncode != 0 or others.returncode != 0:
            raise RuntimeError("haul failed")
        figures.update({f"alone.{key.split('.')[1]}": x for key, x in alone.items()})
        figures.update({f"beside.{key.split('.')[1]}": x for key, x in beside.items()})
        figures["haul.changes"] = changes
        figures["haul.server_rss_mib"] = peak_rss_mib(run.server.pid)
        return figures


def journal(side, options, changes):
    """The store is made once, under the build folder, and used again."""
    folder = options.build / f"bench-journal-{changes}"
    fresh = not (folder / "filled").exists()
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    run = side(options.build, folder, 0, SERVE)
    figures, name = {}, f"journal_{changes}"
    try:
        if fresh:
            begin = time.monotonic()
            stock(run, "fill", *run.add_association("du journal"), changes)
            figures[f"{name}.fill_s"] = time.monotonic() - begin
        begin = time.monotonic()
        run.command("vue")  # waits until the state is brought forward
        figures[f"{name}.catch_up_s"] = time.monotonic() - begin
        (folder / "filled").touch()
    finally:
        run.stop()
    run = side(options.build, folder, 0, SERVE)
    try:
        association, fund = run.add_association("des autres")
        codes = stock(run, "invite", association, OTHERS)
        with fleet(run, "steady", f"tcp://127.0.0.1:{run.port}", run.server.pid, fund, OTHERS,
                   stdin=subprocess.PIPE) as others:
            tell(others, codes)
            others.stdout.readline()
            time.sleep(ALONE_SECONDS)
            tell(others)
            for key, value in parse(others.stdout.readline()).items():
                figures[f"{name}.sync_{key.split('.')[1]}"] = value
            others.stdin.close()
        begin = time.monotonic()
        run.command("vue")
        figures[f"{name}.vue_ms"] = (time.monotonic() - begin) * 1e3
        figures[f"{name}.server_rss_mib"] = peak_rss_mib(run.server.pid)
        figures[f"{name}.disk_mib"] = run.disk_bytes() / 2**20
        return figures
    finally:
        run.stop()


def play(side, options):
    figures = {}
    for scene in burst, flood, haul:
        figures.update(scene(side, options))
    for changes in JOURNALS if options.long else ():
        figures.update(journal(side, options, changes))
    return figures


def table(figures):
    for key, value in figures.items():
        print(f"{key:30}{value:>16.6g}")


SUMMARY = {
    "burst_wall_ms": "burst.wall_ms",
    "burst_worst_ms": "burst.worst_ms",
    "burst_retries_most": "burst.retries_most",
    "flood_server_rss_mib": "flood.server_rss_mib",
    "haul_wall_ms": "haul.wall_ms",
    "others_alone_median_ms": "alone.median_ms",
    "others_alone_worst_ms": "alone.worst_ms",
    "others_beside_median_ms": "beside.median_ms",
    "others_beside_worst_ms": "beside.worst_ms",
}


def summary(figures):
    for name, key in SUMMARY.items():
        print(f"value {name} {figures[key]:.2f}")
