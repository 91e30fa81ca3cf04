"""nsd - a real name server on loopback, with the zones of a test."""
import os
import socket
import subprocess

from harness import Scratch, free_port, spawn, tool, wait_for

CONF = """
server:
  ip-address: %(address)s@%(port)d
  username: ""
  chroot: ""
  zonesdir: "%(dir)s"
  pidfile: "%(dir)s/nsd.pid"
  xfrdfile: "%(dir)s/xfrd.state"
  xfrdir: "%(dir)s"
  zonelistfile: "%(dir)s/zone.list"
  database: ""
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
%(zones)s
"""

SOA = """$ORIGIN %s
$TTL 300
@ SOA ns.example.org. hostmaster.example.org. 1 3600 600 86400 120
@ NS ns.example.org.
"""


class Nsd:
    """zones: text by name; missing: names of zones that fail (SERVFAIL)."""

    def __init__(self, zones, missing=(), address="127.0.0.1", port=None):
        self.dir = Scratch().make("nsd")
        self.address, self.port = address, port or free_port()
        self.at = "%s:%d" % (self.address, self.port)
        for name, text in zones.items():
            with open(os.path.join(self.dir, name + "zone"), "w") as f:
                f.write(SOA % name + text)
        served = "".join('zone:\n  name: "%s"\n  zonefile: "%szone"\n'
                         % (name, name) for name in [*zones, *missing])
        self.conf = os.path.join(self.dir, "nsd.conf")
        with open(self.conf, "w") as f:
            f.write(CONF % {"port": self.port, "dir": self.dir,
                            "address": address, "zones": served})
        self.probe = b"".join(bytes([len(part)]) + part.encode()
                              for part in next(iter(zones)).split("."))
        self.start()

    def start(self):
        self.process = spawn([tool("nsd"), "-d", "-c", self.conf],
                             stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        wait_for(self.answers, what="nsd's first answer")

    def answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.2)
            try:
                s.connect((self.address, self.port))
                s.send(b"\0\1\0\0\0\1\0\0\0\0\0\0" + self.probe + b"\0\6\0\1")
                return len(s.recv(512)) > 12
            except OSError:
                return False

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
