#!/usr/bin/env python3
"""A flood from 200 addresses in ten prefixes: each limit holds exactly, every
refusal that a client saw is in the log with its limit and no other is, and
others are served as fast as before, within a bound.

INLET_FULL floods longer."""
import collections
import os
import resource
import selectors
import statistics
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

SOURCES = ["127.0.%d.%d" % (1 + i % 10, 1 + i // 10) for i in range(200)]
HONEST = "127.1.0.1"
ROUNDS = 5 if FULL else 2       # connections of each address
AT_ONCE = 64
# A message of an honest client may take so many times as long in a flood.
SLOWER = 8
LEAST = 0.03                    # of what is shorter that is no measure

WIDE = {"max-connections": "2000", "max-connections-per-address": "2000",
        "max-connections-per-prefix": "2000", "backlog": "2048"}


class Flood:
    """Connections from many addresses: what each was told first."""

    def __init__(self, port):
        self.port = port
        self.inside = []        # sockets that were greeted
        self.refused = collections.Counter()    # by limit

    def connect(self, sources, hold):
        """One connection from each, AT_ONCE at a time; hold: those that
        are let in stay."""
        waiting = list(reversed(sources))
        with selectors.DefaultSelector() as chosen:
            while waiting or chosen.get_map():
                while waiting and len(chosen.get_map()) < AT_ONCE:
                    s = socket.socket()
                    s.bind((waiting.pop(), 0))
                    s.setblocking(False)
                    s.connect_ex(("127.0.0.1", self.port))
                    chosen.register(s, selectors.EVENT_READ, bytearray())
                ready = chosen.select(slow(20))
                if not ready:
                    raise Late("%d connections hear nothing"
                               % len(chosen.get_map()))
                for key, _events in ready:
                    self.hear(chosen, key, hold)
        return self

    def hear(self, chosen, key, hold):
        data = key.fileobj.recv(4096)
        key.data.extend(data)
        if data and not key.data.endswith(b"\n"):
            return
        chosen.unregister(key.fileobj)
        line = key.data.decode("latin-1")
        if line.startswith("220 ") and hold:
            self.inside.append(key.fileobj)
            return
        if line.startswith("220 "):
            self.inside.append(None)
        else:
            said = re.match(r"421 4\.[37]\.\d .*too busy \(([^)]*)\)", line)
            self.refused[said.group(1) if said else line] += 1
        key.fileobj.close()

    def close(self):
        for s in self.inside:
            if s is not None:
                s.close()


def logged(server, count):
    """The refusals of the log, by limit; waits for so many."""
    def lines():
        found = server.scratch.log_lines("refuse", reason="limit")
        return found if len(found) >= count else None
    found = wait_for(lines, 10, "%d refusals in the log" % count)
    for line in found:
        if not re.search(r"limit=\S+ .*key=\S+ .*value=\d+ most=\d+", line):
            ok(False, "a refusal without its limit: " + line)
    return found


def flooded(limit, inside, settings, hold=True, rounds=ROUNDS, word=None):
    with Server(deliver=False, settings={**WIDE, **settings}) as server:
        # The one that waited for the server must be gone.
        wait_for(lambda: not server.role("session"), 10, "nobody inside")
        flood = Flood(server.port)
        for _ in range(rounds):
            flood.connect(SOURCES, hold)
        eq(len(flood.inside), inside,
           limit + ": so many of %d got in, and no more"
           % (rounds * len(SOURCES)))
        away = rounds * len(SOURCES) - inside
        eq(dict(flood.refused), {word or limit: away},
           limit + ": all others heard why")
        lines = logged(server, away)
        eq(len(lines), away, limit + ": each of them is in the log, once")
        eq(len([l for l in lines if "limit=" + limit in l]), away,
           limit + ": with its limit")
        flood.close()


def by_address():
    flooded("max-connections-per-address", 200,
            {"max-connections-per-address": "1"})


def by_prefix():
    flooded("max-connections-per-prefix", 150,
            {"max-connections-per-prefix": "15"})


def in_total():
    flooded("max-connections", 100, {"max-connections": "100"})


def rate_of_addresses():
    # The first connection of each is let in, and ends.
    flooded("rates", 200,
            {"rates": '{"connections per address 1/1h"}'}, hold=False,
            word="connections per address 1/1h")


def rate_of_prefixes():
    flooded("rates", 170,
            {"rates": '{"connections per prefix 17/1h"}'}, hold=False,
            word="connections per prefix 17/1h")


def rate_of_messages():
    """All have passed MAIL and RCPT before any message counts."""
    with Server(deliver=False, settings={
            **WIDE, "rates": '{"messages per prefix 12/1h"}'}) as server:
        flood = Flood(server.port).connect(SOURCES, True)
        clients = []
        for s in flood.inside:
            c = Client.__new__(Client)
            c.sock, c.buffer, c.timeout = s, b"", slow(20)
            s.settimeout(c.timeout)
            clients.append(c)
            c.send(b"EHLO c.test\r\nMAIL FROM:<a@b.test>\r\n"
                   b"RCPT TO:<user@example.org>\r\nDATA\r\n")
        eq({c.replies(4)[3].code for c in clients}, {354}, "200 may send")
        for c in clients:
            c.send(b"Subject: x\r\n\r\nx\r\n.\r\n")
        codes = collections.Counter(c.reply().code for c in clients)
        eq(codes, {250: 120, 450: 80}, "twelve of each prefix are accepted")
        eq(len(server.scratch.queue()), 120, "and queued")
        lines = wait_for(lambda: (lambda l: l if len(l) >= 80 else None)(
            server.scratch.log_lines("refuse", verb="DATA", reason="rates")),
            10, "80 refusals in the log")
        eq(len([l for l in lines if "limit=messages-per-prefix" in l and
                "value=12 most=12" in l]), 80, "the others are in the log")
        flood.close()


def one_message(server):
    start = time.monotonic()
    with server.client(source=HONEST) as c:
        code = c.message(b"Subject: honest\n\ntext\n").code
        c.quit()
    return time.monotonic() - start, code


def others():
    """What an honest client waits for a message, without and with a flood
    that holds all it may and comes again all the time.  What the logger
    cannot take then is counted, and the next line says how many."""
    messages = 60 if FULL else 20
    with Server(deliver=False, settings={
            **WIDE, "max-connections": "100",
            "max-connections-per-prefix": "8",
            "rates": '{"connections per address %d/1h"}' % (3 * messages),
            }) as server:
        before = [one_message(server)[0] for _ in range(messages)]
        done, told = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(done)
            flooder(server.port, told)
        os.close(told)
        os.read(done, 1)        # its places are taken
        found = [one_message(server) for _ in range(messages)]
        during = [t for t, _code in found]
        os.kill(pid, signal.SIGUSR1)
        seen = int(os.read(done, 100))
        os.close(done)
        os.waitpid(pid, 0)
        eq({code for _t, code in found}, {250},
           "every honest message is taken meanwhile")
        after = [one_message(server)[0] for _ in range(messages)]
        # The machine may have become slower or quicker meanwhile.
        was = max(statistics.median(before), statistics.median(after))
        is_ = statistics.median(during)
        diag("a message takes %.1f ms, in a flood of %d refused connections "
             "%.1f ms" % (was * 1000, seen, is_ * 1000))
        ok(seen > 2 * messages, "it was a flood")
        ok(is_ < SLOWER * max(was, LEAST),
           "and does not take %d times as long" % SLOWER)

    def told_of():
        lines = [l for l in server.scratch.log_lines("refuse")
                 if " reason=limit " in l]
        return len(lines) + sum(int(n) for n in re.findall(
            r": .* lost=(\d+)", server.scratch.log_text()))
    eq(told_of, seen, "every refusal that the flood saw is in the log, or in "
       "its count of lost lines")


def flooder(port, told):
    """In a child: takes what it can get, then comes again until SIGUSR1."""
    stop = []
    signal.signal(signal.SIGUSR1, lambda *_: stop.append(1))
    signal.alarm(slow(200))
    flood = Flood(port)
    try:
        flood.connect(SOURCES, True)
        os.write(told, b"x")
        while not stop:
            flood.connect(SOURCES[:AT_ONCE], True)
    finally:
        os.write(told, b"%d" % sum(flood.refused.values()))
        os._exit(0)


need_built("smtpd", "smtpsrvr", "submit")
files = ROUNDS * len(SOURCES) + 200
limit = resource.getrlimit(resource.RLIMIT_NOFILE)
if limit[1] != resource.RLIM_INFINITY and limit[1] < files:
    skip_all("only %d open files" % limit[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (max(limit[0], files), limit[1]))
run(by_address, by_prefix, in_total, rate_of_addresses, rate_of_prefixes,
    rate_of_messages, others)
