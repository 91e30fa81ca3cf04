#!/usr/bin/env python3
"""Over a limit: each of many clients that come faster than they could be served
reads a whole 421 and then the end, at once; nobody hears nothing, and nobody's
connection is reset, though he spoke before he was spoken to and looks late
(scorecard G34).

    71-surplus.py [CLIENTS [A_SECOND]]

The full form is 71-surplus.py 20000 2000."""
import errno
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from attackers import *

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 1200
RATE = int(sys.argv[2]) if len(sys.argv) > 2 else 600
LARGE = COUNT >= 20000
PROCESSES = 2
IN_TIME = 200           # milliseconds for the line
GIVE_UP = 20            # seconds, for the end
LATE_READER = 1.3       # seconds until some look what they were told

WIDE = {"max-connections": "4000", "max-connections-per-address": "4000",
        "max-connections-per-prefix": "4000", "backlog": "4096",
        "log-level": '"info"'}
LIMITS = {
    "max-connections": {"max-connections": "1"},
    "max-connections-per-prefix": {"max-connections-per-prefix": "1",
                                   "prefix-length-ipv4": "8"},
    "rates": {"rates": '{"connections per channel 1/1h"}'},
}


class Visit:
    """A client that wants to know what it hears, and when."""
    __slots__ = ("sock", "begin", "line", "text", "how", "looks")

    def __init__(self, number, port, early, late):
        self.begin = time.monotonic()
        self.looks = self.begin + (LATE_READER if late else 0)
        self.line = None
        self.text, self.how = b"", "nothing"
        self.sock = socket.socket()
        self.sock.bind((source(number), 0))
        self.sock.setblocking(False)
        self.sock.connect_ex(("127.0.0.1", port))
        if early:
            with contextlib.suppress(OSError):
                self.sock.send(b"EHLO a.test\r\nMAIL FROM:<a@b.test>\r\n")

    def hear(self):
        """True when it is over."""
        try:
            data = self.sock.recv(4096)
        except BlockingIOError:
            return False
        except OSError as e:
            self.how = errno.errorcode.get(e.errno, "error")
            return True
        self.text += data
        if self.line is None and b"\n" in self.text:
            self.line = time.monotonic()
        if not data:
            # A reset behind the end shows here alone, and only on Linux.
            error = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self.how = errno.errorcode[error] if error else "end"
        return not data


def visits(stop, port, numbers, rate):
    """All of numbers, at rate a second; [seconds to the line or null, how it
    ended, text] of each."""
    poll = select.epoll()
    inside, later, found = {}, collections.deque(), []
    waiting = list(reversed(numbers))
    begin = time.monotonic()
    last = begin + len(numbers) / rate + slow(GIVE_UP)

    def over(v):
        v.sock.close()
        found.append([v.line and v.line - v.begin, v.how,
                      v.text.decode("latin-1")])

    while (waiting or inside) and not asked(stop) and \
            time.monotonic() < last:
        while waiting and time.monotonic() >= \
                begin + (len(numbers) - len(waiting)) / rate:
            n = waiting.pop()
            v = Visit(n, port, early=n % 4 > 1, late=n % 8 > 5)
            inside[v.sock.fileno()] = v
            if v.looks == v.begin:
                poll.register(v.sock.fileno(), select.EPOLLIN)
            else:
                later.append(v)
        while later and later[0].looks <= time.monotonic():
            poll.register(later.popleft().sock.fileno(), select.EPOLLIN)
        for fd, _events in poll.poll(0.001 if waiting else 0.1):
            if inside[fd].hear():
                over(inside.pop(fd))
    for v in inside.values():
        over(v)
    return found


def cpu(pid):
    """Seconds that a process has used."""
    with open("/proc/%d/stat" % pid) as f:
        words = f.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def surplus(limit, settings):
    with Server(deliver=False, settings={**WIDE, **settings}) as s:
        wait_for(lambda: not s.role("session"), 10, "nobody inside")
        one = None if limit == "rates" else s.enter()
        before = cpu(s.smtpd.pid)
        crowd = [Apart(visits, s.port, range(i, COUNT, PROCESSES),
                       RATE / PROCESSES) for i in range(PROCESSES)]
        found = [f for c in crowd for f in c.value()]
        spent = (cpu(s.smtpd.pid) - before) / COUNT
        told = [f for f in found if re.fullmatch(
            r"421 4\.[37]\.\d [^\r\n]* too busy \([^)]*\)[^\r\n]*\r\n", f[2])]
        eq(len(told), COUNT, limit + ": each hears why, in one whole line")
        eq(collections.Counter(f[1] for f in found), {"end": COUNT},
           "and reads the end, no reset")
        # Those that looked late cannot say when it was there.
        took = [1000 * f[0] for f in told if f[0] < LATE_READER] or [0]
        late = sum(t > IN_TIME for t in took)
        diag("figure G34: %s: %d of %d heard 421, %d late; p99 %.1f ms, most "
             "%.1f ms; smtpd %.0f us each" % (
                 limit, len(told), COUNT, late, percentile(took, 99),
                 max(took), 1e6 * spent))
        if LARGE:
            eq(late, 0, "within %d ms" % IN_TIME)
        if one:
            eq(one.cmd("NOOP").code, 250, "who was inside is served")
            one.close()


def limit_test(limit, settings):
    def test():
        surplus(limit, settings)
    test.__name__ = limit
    return test


need_built("smtpd", "smtpsrvr", "submit")
if not files(COUNT + 1000):
    skip_all("too few open files")
run(*(limit_test(*l) for l in LIMITS.items()))
