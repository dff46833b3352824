#!/usr/bin/python3
"""operations.py PIC PIC_SERVER UNIT ALERTS CONF: what whoever runs the service relies on.

Settings and where they come from, what watches it, the datagrams that systemd waits for, the lines
of its log, the exposure of its unit, the key that systemd hands over.
"""
import http.client
import json
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import stage as s

EXPOSURE_MAX = 2.0
NAMES = (s.ASSOCIATION, "ADCM", "Méricourt", "127.0.0.1", "Goûter")


def get(port: int, path: str, method: str = "GET") -> tuple[int, str]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=s.PATIENCE)
    line.request(method, path)
    answer = line.getresponse()
    text = answer.read().decode()
    line.close()
    return answer.status, text


def settings(stage: s.Stage, conf: Path) -> None:
    server = stage.server
    own = stage.base / "server.conf"

    def origin(key: str, *words: str) -> tuple[str, str]:
        rows = server.ok("--json", *words, "config", "verifier").json()
        return next((r["valeur"], r["origine"]) for r in rows if r["reglage"] == key)

    s.equal("a default", origin("travailleurs"), ("8", "défaut"))
    server.environment["PIC_SERVER_CONF"] = str(own)
    own.write_text("# essai\n\n travailleurs = 3 # trois\ninvitation_jours=2\n")
    s.equal("from the file", origin("travailleurs"), ("3", "fichier"))
    server.environment["PIC_SERVER_TRAVAILLEURS"] = "5"
    s.equal("from the environment", origin("travailleurs"), ("5", "environnement"))
    s.equal("the folder", origin("dossier")[1], "option")
    for text, code, says in (("travaileurs = 3\n", "U-07", "travailleurs"),
                             ("travailleurs = 0\n", "U-06", "1 à 64"),
                             ("sauvegarde_heure = 25:00\n", "U-06", "02:30"),
                             ("sauvegarde_garde = 4s\n", "U-06", "7j 4s 12m"),
                             ("\nrien\n", "U-07", "ligne 2")):
        own.write_text(text)
        done = server.run("config", "verifier").ended(2)
        s.check(f"{text!r}: {done.err}", code in done.err and says in done.err)
    own.unlink()
    server.run("config", "verifier").ended(1)
    shutil.copy(conf, own)
    s.equal("the example is read", origin("sauvegarde_dossier"), ("/var/backups/pic", "fichier"))
    server.environment.clear()


def watched(stage: s.Stage, alerts: Path) -> None:
    """A service that systemd starts, with its key handed over."""
    server = stage.server
    laptop = s.Laptop(stage, "bureau")
    notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notices.bind(str(stage.base / "notify"))
    notices.settimeout(s.PATIENCE)
    credentials = stage.base / "credentials"
    credentials.mkdir()
    (server.folder / "identity.key").rename(credentials / "identity.key")
    port = s.free_port()
    server.environment = {"NOTIFY_SOCKET": str(stage.base / "notify"),
                          "CREDENTIALS_DIRECTORY": str(credentials),
                          "PIC_SERVER_METRIQUES": f"127.0.0.1:{port}"}
    server.serve()
    heard = [notices.recv(100) for _ in range(3)]
    s.equal("told systemd", (heard[0], heard[1:]), (b"READY=1", [b"WATCHDOG=1"] * 2))
    laptop.enrol()
    laptop.project("Goûter")
    laptop.sync_until_quiet()
    server.ok("verifier", "--tout")
    server.ok("sauvegarder", "--vers", stage.base / "copies")
    server.ok("restaurer-essai", "--de", stage.base / "copies")
    s.equal("healthz", get(port, "/healthz"), (200, "ok\n"))
    s.equal("readyz", get(port, "/readyz"), (200, "ok\n"))
    s.equal("elsewhere", get(port, "/etc/passwd")[0], 404)
    s.equal("not by POST", get(port, "/metrics", "POST")[0], 405)
    status, text = get(port, "/metrics")
    s.equal("metrics", status, 200)
    values = dict(re.findall(r"^(pic_\S+) (\S+)$", text, re.M))
    for name, least in (('pic_agents{etat="actif"}', 1), ("pic_ops_received_total", 1),
                        ("pic_receipts_issued_total", 1),
                        ('pic_sessions_total{resultat="recue"}', 2),
                        ("pic_ingest_duration_seconds_count", 2), ("pic_database_bytes", 10000),
                        ("pic_disk_free_bytes", 1)):
        s.check(f"{name} = {values.get(name)}", float(values.get(name, -1)) >= least)
    for name in ("verify", "backup", "restore_test"):
        age = time.time() - float(values[f"pic_{name}_last_success_timestamp_seconds"])
        s.check(f"{name}: {age} s", -1 <= age < s.PATIENCE)
    s.check("no personal data", not any(name in text for name in NAMES))
    said = server.ok("metriques").out
    s.check("the command tells the same", "pic_ops_received_total" in said)
    named = set(re.findall(r"\bpic_\w+", re.sub(r"alert:.*", "", alerts.read_text())))
    s.equal("alerts on what is not measured", {n for n in named if n not in text and
                                               n != "pic_ops_quarantined"}, set())
    server.environment["PIC_SERVER_ESPACE_MINIMAL_MO"] = "1000000000"
    server.stop()
    server.serve()
    s.equal("too little room", get(port, "/readyz")[0], 503)
    server.stop()
    server.environment.clear()
    (credentials / "identity.key").rename(server.folder / "identity.key")
    events = [json.loads(line) for line in server.errors.read_text().splitlines()]
    s.check("events", {"debut", "inscription", "fin"} <= {e["ev"] for e in events})
    s.check("each says when and how grave", all({"t", "niv", "ev"} <= set(e) for e in events))
    s.check("no personal data", not any(n in server.errors.read_text() for n in NAMES))
    outside = server.run("serve", "--metriques", "0.0.0.0:9477", "--ecoute", "tcp://127.0.0.1:0")
    s.check(f"only this machine: {outside.err}", outside.code == 17 and "D-29" in outside.err)
    print(f"# {len(values)} values at /metrics, {len(events)} lines of log, no name in them")


def exposure(unit: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        print("# no systemd-analyze here: the exposure is not measured")
        return
    said = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
                          capture_output=True, text=True, check=False)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said.stdout)
    s.check(said.stdout[-500:] + said.stderr, found)
    assert found is not None
    s.check(f"exposure {found[1]}", float(found[1]) <= EXPOSURE_MAX)
    print(f"# exposure {found[1]}, at most {EXPOSURE_MAX}")


def test(stage: s.Stage, arguments: list[str]) -> None:
    unit, alerts, conf = (Path(a) for a in arguments)
    stage.open()
    settings(stage, conf)
    print("ok - settings")
    watched(stage, alerts)
    print("ok - watched")
    exposure(unit)
    print("ok - exposure")


if __name__ == "__main__":
    s.main(test)
