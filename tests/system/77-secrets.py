#!/usr/bin/env python3
"""What root never reads, and what sessions of one template have in common:
bytes of clients in smtpd's memory; addresses of memory before and after a
template is renewed."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *


def memory(pid):
    """All that a process has in its memory and may be read."""
    found = []
    with open("/proc/%d/maps" % pid) as maps, \
            open("/proc/%d/mem" % pid, "rb") as mem:
        for line in maps:
            at, rights = line.split()[:2]
            if not rights.startswith("r") or "[v" in line:
                continue
            first, last = (int(x, 16) for x in at.split("-"))
            with contextlib.suppress(OSError, ValueError, OverflowError):
                mem.seek(first)
                found.append(mem.read(last - first))
    return b"".join(found)


def untouched():
    if not ROOT:
        skip("only root may look into smtpd's memory")
        return
    if sanitized():
        skip("a sanitizer's shadow is too large to be read")
        return
    mark = b"Tainted%d" % (os.getpid() * 7919)
    with Server(settings={"max-errors": "100"}) as s:
        fds = "/proc/%d/fd" % s.smtpd.pid
        before, clients = len(os.listdir(fds)), []
        for i in range(30):
            c = s.client()
            c.hello(mark.decode() + ".example")
            c.cmd(mark.decode())
            clients.append(c)
        wait_for(lambda: len(os.listdir(fds)) <= before + 30,
                 what="one descriptor each")
        ok(True, "a connection costs smtpd one descriptor")
        c = clients[0]
        c.envelope(sender=mark.decode() + "@elsewhere.test")
        eq(c.message(b"Subject: " + mark + b"\r\n\r\n" + mark).code, 250,
           "a message")
        ok(any(mark in memory(p.pid) for p in s.role("session")),
           "a session has the mark in its memory")
        eq(memory(s.smtpd.pid).count(mark), 0, "smtpd has not")
        for c in clients:
            c.close()
        diag("figure G27: 0 marks of 30 clients in smtpd's memory, one "
             "descriptor a connection")


def bases(s):
    """Where heap and stack of the template are."""
    with open("/proc/%d/maps" % s.role("template")[0].pid) as f:
        return tuple(re.findall(r"(?m)^(\w+)-.*\[(?:heap|stack)\]", f.read()))


def another(s, old):
    """Is there a template, one, and not that?"""
    now = [p.pid for p in s.role("template")]
    return len(now) == 1 and now != [old]


def renewed():
    if not ROOT:
        skip("only root may look into a template")
        return
    with Server(settings={"template-connections": "20"}) as s:
        seen = {bases(s)}
        for turn in range(3):
            old = s.role("template")[0].pid
            for _ in range(21):
                s.enter().quit()
            wait_for(lambda: another(s, old), what="a new one")
            seen.add(bases(s))
        eq(len(seen), 4, "each template has its own addresses")
        old = s.role("template")[0].pid
        with s.client() as c:
            c.hello()
            s.kill("session", signal.SIGSEGV)
        wait_for(lambda: another(s, old), what="a new one")
        ok(bases(s) not in seen, "and so has the one after a crash")
        defaults = {r[0]: r[2] for r in table_rows("lib/settings.def",
                                                   "SETTING")}
        diag("figure G30: 4 templates, no addresses in common; by default "
             "renewed every %s connections or %s, and after a crash" % (
                 defaults["template_connections"],
                 defaults["template_age"]))


run(untouched, renewed)
