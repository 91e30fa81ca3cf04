#!/usr/bin/env python3
"""Who is not there and who has another password hear it after the same time,
within 5 %: measured, with what the differences are by chance.

    tests/long/login-times.py [PAIRS]

Of each kind of row, and each way to ask, so many pairs (1,000) by turns: of a
login that there is, and of one that there is not, both with a wrong password.
What is compared is the medians; how far apart they are by chance is estimated
by drawing from what was measured again and again (95 of 100).  First authworker
alone is asked, for what the check takes; then a server, whose answer comes when
auth-delay is over.  On a machine that has nothing else to do."""
import ctypes
import os
import statistics
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "system"))
from harness import *
from authpeer import *
import backends

PAIRS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
MOST = 0.05
DRAWS = 1000
CONF = """\
auth-backends = {"file"}
auth-file = "@dir@/passwords"
auth-failures = {"address 1000000/1h"}
listen "smtp" { address = {"127.0.0.1"}  port = @port@
  auth = "offered"  auth-clear = yes  max-errors = 10000
  max-idle-commands = 100000 }
table "here" { type = "list"  rows = {"example.org"} }
table "users" { type = "list"  rows = {"user"} }
channel "local" { table = "here"  program = "local"  mailboxes = "users" }
channel "world" { }
"""


def rows(scheme):
    """Four logins; their passwords are none that is tried."""
    names = ["anna", "bert", "carl", "dora"]
    if scheme == "scram":
        return [row(name, "secret of " + name) for name in names]
    if scheme == "clear":
        return ["%s:{PLAIN}secret of %s\n" % (n, n) for n in names]
    crypt = ctypes.CDLL("libcrypt.so.1").crypt
    crypt.restype = ctypes.c_char_p
    return ["%s:{CRYPT}%s\n" % (n, crypt(
        b"secret", b"$y$j9T$" + n.encode() * 4).decode()) for n in names]


def verdict(what, there, nobody):
    """Medians, and how far their ratio is from 1, at most, by chance."""
    ratio = statistics.median(nobody) / statistics.median(there)
    drawn = sorted(statistics.median(random.choices(nobody, k=PAIRS)) /
                   statistics.median(random.choices(there, k=PAIRS))
                   for _ in range(DRAWS))
    low, high = drawn[DRAWS // 40], drawn[-DRAWS // 40]
    diag("%s: %.3f ms, nobody %.3f ms: %+.2f %% (%+.2f to %+.2f)" % (
        what, statistics.median(there) * 1000,
        statistics.median(nobody) * 1000, 100 * (ratio - 1),
        100 * (low - 1), 100 * (high - 1)))
    ok(abs(ratio - 1) <= MOST, "%s: within 5 %%" % what)


def by_turns(ask):
    times = {True: [], False: []}
    for i in range(2 * PAIRS):
        known = (i + i // 2) % 2 == 0           # there, not, not, there
        begun = time.perf_counter()
        ask("anna" if known else "mary")
        times[known].append(time.perf_counter() - begun)
    return times[True], times[False]


def worker(scheme):
    """One authworker after the other, without sessions."""
    s = Scratch()
    write_passwords(s.at("passwords"), rows(scheme))
    p = spawn([backends.need_asker(), "program-directory=" +
               program_directory(), "auth-backends=file", "auth-file=" +
               s.at("passwords")], stdin=subprocess.PIPE,
              stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(login):
        p.stdin.write("%s\twrong\n" % login)
        p.stdin.flush()
        assert p.stdout.readline().startswith("NO")
    ask("anna")
    verdict("authworker, " + scheme, *by_turns(ask))
    p.stdin.close()
    p.wait()


def session(scheme, delay, mechanism):
    with Server(CONF, deliver=False,
                settings={"auth-delay": '"%s"' % delay}) as s:
        write_passwords(s.scratch.at("passwords"), rows(scheme),
                        AUTH if ROOT else None)
        with s.client() as c:
            c.hello()

            def ask(login):
                if mechanism == "PLAIN":
                    says = c.cmd("AUTH PLAIN " + plain(login, "wrong"))
                else:
                    says = scram_login(c, mechanism, login, "wrong")[0]
                assert says.code == 535, says
            ask("anna")
            verdict("session, %s, %s, auth-delay %s" % (
                scheme, mechanism, delay), *by_turns(ask))


def workers():
    for scheme in ("scram", "yescrypt", "clear"):
        worker(scheme)


def sessions():
    for scheme in ("scram", "yescrypt", "clear"):
        session(scheme, "0", "PLAIN")
    session("scram", "0", "SCRAM-SHA-256")
    global PAIRS
    PAIRS = max(PAIRS // 20, 10)                # its failures wait 16 times it
    session("scram", "10ms", "PLAIN")


run(workers, sessions, seconds=3600)
