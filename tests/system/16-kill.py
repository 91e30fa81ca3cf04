#!/usr/bin/env python3
"""kill -9 of any one process under load: no message that got its 250 is lost
or delivered twice, slots stay exact, and service is back within a second."""
import os
import random
import sys
import threading
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

CLIENTS = 6
# An argument: how many rounds.
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 12 if FULL else 4
SETTINGS = {"max-connections": 12, "log-level": '"info"', "retry-first": "1s",
            "retry-most": "1s"}


KILLS, LOST = [], []


class Load:
    """Clients that send one marked message after the other."""

    def __init__(self, server):
        self.server = server
        self.accepted, self.doubtful = set(), set()
        self.stopping = False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.client, args=(i,))
                        for i in range(CLIENTS)]
        for t in self.threads:
            t.start()

    def client(self, number):
        count = 0
        while not self.stopping:
            count += 1
            mark = "mark-%d-%d" % (number, count)
            sent = False
            try:
                with self.server.client(timeout=30) as c:
                    if c.greeting.code != 220:
                        time.sleep(0.01)
                        continue
                    sent = True
                    reply = c.message(b"Subject: " + mark.encode() +
                                      b"\r\n\r\nx\r\n", "user@example.org")
                    with self.lock:
                        if reply.code == 250:
                            self.accepted.add(mark)
                        elif sent:
                            self.doubtful.add(mark)
            except (OSError, EOFError, Late):
                if sent:
                    with self.lock:
                        self.doubtful.add(mark)

    def stop(self):
        self.stopping = True
        for t in self.threads:
            t.join(slow(60))

    def served_again(self):
        """Seconds until one more message was accepted."""
        with self.lock:
            before = len(self.accepted)
        start = time.monotonic()
        wait_for(lambda: len(self.accepted) > before, what="a message")
        return time.monotonic() - start


def back(times, role):
    """A busy machine takes its time with any of them, but not with each."""
    KILLS.extend(times)
    diag("%s: back after %s ms" % (role, ", ".join(
        "%.0f" % (t * 1000) for t in times[:20])))
    ok(min(times) < slow(1.0), role + " killed: served within a second")


def marks_in(server):
    found = {}
    for message in server.scratch.maildir("user@example.org"):
        mark = re.search(rb"^Subject: (mark-\d+-\d+)$", message, re.M)
        if mark:
            name = mark.group(1).decode()
            found[name] = found.get(name, 0) + 1
    return found


def settle(server, load):
    """Until all is delivered, or nothing more is."""
    before = -1
    while len(server.scratch.queue()) != before:
        before = len(server.scratch.queue())
        if happens(lambda: not server.scratch.queue() and
                   load.accepted <= set(marks_in(server)), 30):
            break
    return marks_in(server)


def judge(server, load, what):
    found = settle(server, load)
    lost = load.accepted - set(found)
    LOST.append((len(load.accepted), len(lost) +
                 len([m for m, n in found.items() if n > 1])))
    eq(len(lost), 0, what + ": of %d accepted none is lost" %
       len(load.accepted))
    eq([m for m, n in found.items() if n > 1], [],
       what + ": none is delivered twice")
    ok(set(found) <= load.accepted | load.doubtful,
       what + ": nothing else is delivered")


def exact(server, most, what):
    """All slots are free: most get in, and not one more."""
    inside = []

    def fill():
        while len(inside) < most:
            try:
                c = server.client()
            except (OSError, EOFError, Late):
                return False        # it is only just starting again
            if c.greeting.code != 220:
                c.close()
                return False
            inside.append(c)
        return True
    ok(happens(fill), what + ": all slots are free again")
    with server.client() as c:
        eq(c.greeting.code, 421, what + ": and no more than all")
    for c in inside:
        c.close()


def children():
    with Server(settings=SETTINGS) as server:
        load = Load(server)
        took = {}
        for _ in range(ROUNDS):
            for role in ("template", "submit", "lookup", "logger", "session",
                         "deliver", "ch_local"):
                load.served_again()
                try:
                    server.kill(role)
                except (LookupError, ProcessLookupError):
                    continue
                took.setdefault(role, []).append(load.served_again())
                if role == "deliver":
                    server.deliver.wait(slow(30))
                    server.start_deliver()
                time.sleep(random.random() * 0.05)
        load.stop()
        for role, times in sorted(took.items()):
            back(times, role)
        judge(server, load, "children killed")
        exact(server, 12, "children killed")


def the_daemon():
    """smtpd itself: whoever supervises it starts it again."""
    with Server(settings=SETTINGS) as server:
        load = Load(server)
        took = []
        for _ in range(ROUNDS):
            load.served_again()
            server.smtpd.kill()
            server.smtpd.wait()
            server.start_smtpd()
            took.append(load.served_again())
        load.stop()
        # What was served last may have been a session of the one before.
        server.wait_ready()
        back(took, "smtpd")
        judge(server, load, "smtpd killed")
        exact(server, 12, "smtpd killed")
        ok(happens(lambda: not orphans(server)),
           "smtpd killed: its children have ended")


def orphans(server):
    """Processes of the scratch server that are nobody's now."""
    reap()
    mine = {p.pid for p in descendants(server.smtpd.pid)}
    mine |= {server.smtpd.pid, server.deliver.pid}
    mine |= {p.pid for p in descendants(server.deliver.pid)}
    return [p for p in descendants(os.getpid()) if p.pid not in mine and
            p.name in ("smtpsrvr", "submit", "lookup", "logger")]


def figure():
    times = sorted(KILLS)
    diag("figure G5: %d kills of one process, %d messages, %d lost or doubled; "
         "served again after %.0f ms (median), %.0f ms (longest)" % (
             len(times), sum(n for n, _ in LOST), sum(n for _, n in LOST),
             1000 * times[len(times) // 2], 1000 * times[-1]))


if __name__ == "__main__":
    become_subreaper()
    run(children, the_daemon, figure, seconds=400 + 20 * ROUNDS)
