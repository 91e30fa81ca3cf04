#!/usr/bin/env python3
"""testssl and nmap's ssl scripts at STARTTLS and at TLS from the start, as an
operator would run them (INLET_FULL): what they find of the default settings is
nothing above LOW.  Findings of the certificate itself are of this test's."""
import json
import os
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *
from machine import Authority, NAME

CONF = """\
certificates = {"%(dir)s/ours.pem %(dir)s/ours.key",
    "%(dir)s/rsa.pem %(dir)s/rsa.key"}
""" + DEFAULT_CONF + """\
listen "smtp" { address = {"127.0.0.1"}  port = @port@ }
listen "smtps" { address = {"127.0.0.1"}  port = @port2@
    tls-implicit = yes }
"""
# Protocols, certificates, and after STARTTLS forward secrecy, preferences and
# all vulnerabilities that it knows: the two listeners differ in nothing else.
CHECKS = {"starttls": ["-p", "-S", "-f", "-P", "-U"],
          "implicit": ["-p", "-S", "-H", "-R"]}
FINE = ("OK", "INFO", "LOW", "DEBUG", "WARN")


def testssl(s, a, port, found, name, *how):
    out = s.scratch.at("testssl-%d.json" % port)
    subprocess.run(
        ["testssl", "--nodns", "none", "--quiet", "--color", "0",
         "--warnings", "off", "--add-ca", a.at("ca.pem"), "--jsonfile", out,
         *CHECKS[name], *how, "127.0.0.1:%d" % port], check=False,
        capture_output=True, stdin=subprocess.DEVNULL, timeout=slow(400))
    with open(out, encoding="utf-8") as f:
        found[port] = json.load(f)


def by_testssl(s, a):
    found = {}
    both = [threading.Thread(target=testssl, args=(s, a, port, found, *how))
            for port, *how in (
                (s.port, "starttls", "--starttls", "smtp"),
                (s.ports["2"], "implicit"))]
    for t in both:
        t.start()
    for t in both:
        t.join()
    for port in (s.port, s.ports["2"]):
        rows = found.get(port, [])
        by_id = {r["id"]: r["finding"] for r in rows}
        eq((by_id.get("TLS1_2"), by_id.get("TLS1_3"), "secure_renego" in by_id,
            "LUCKY13" in by_id),
           ("offered", "offered with final", True, port == s.port),
           "testssl got through: %d findings" % len(rows))
        eq([(r["id"], r["severity"], r["finding"]) for r in rows
            if r["severity"] not in FINE and
            not r["id"].startswith("cert_")], [], "nothing above LOW")


def by_nmap(s):
    """It begins STARTTLS by itself at a port that it knows as smtp."""
    for port in (s.port, s.ports["2"]):
        p = subprocess.run(
            ["nmap", "-n", "-Pn", "-sV", "-p", str(port), "--script",
             "ssl-enum-ciphers,ssl-cert", "127.0.0.1"], check=False,
            capture_output=True, text=True, timeout=slow(400),
            stdin=subprocess.DEVNULL)
        like(p.stdout, "TLSv1.2:.*TLSv1.3:", "nmap finds both versions")
        ok(not re.search(r"SSLv3|TLSv1\.[01]:", p.stdout),
           "and no older one (RFC 8314 4.1)")
        eq(sorted(set(re.findall(r"TLS_\w+ .* - ([A-F])\b", p.stdout))),
           ["A"], "all ciphers are of strength A")
        like(p.stdout, "least strength: A", "nmap says so, too")
        like(p.stdout, "Subject Alternative Name: DNS:" + re.escape(NAME),
             "ssl-cert shows whose it is")
        ok("warnings:" not in p.stdout, "without a warning")
        if failures():
            diag(p.stdout)


def scanners():
    names = "DNS:%s,IP:127.0.0.1" % NAME
    a = Authority(ours=names, rsa=names)
    try:
        with Server(CONF % {"dir": a.dir}, deliver=False) as s:
            if tool("nmap"):
                by_nmap(s)
            else:
                skip("no nmap")
            if tool("testssl"):
                by_testssl(s, a)
            else:
                skip("no testssl")
    finally:
        a.end()


if not FULL:
    skip_all("takes two minutes: INLET_FULL")
need("openssl")
need_built("smtpd", "smtpsrvr", "submit", "keysrvr")
run(scanners, seconds=900)
