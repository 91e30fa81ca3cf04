#!/usr/bin/env python3
"""Guesses at passwords from many addresses: what they cost is bounded, who is
over a limit hears 421, and everybody else logs in as ever.  With INLET_FULL
10,000 guesses from 1,000 addresses; else a tenth of both."""
import collections
import os
import select
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from authpeer import *

# The limits are those of a configuration that says nothing of them.
CONF = """\
auth-backends = {"file"}
auth-file = "@dir@/passwords"
auth-workers = 4
table "here" { type = "list"  rows = {"example.org"} }
table "users" { type = "list"  rows = {"user"} }
listen "smtp" { address = {"127.0.0.1"}  port = @port@
  auth = "offered"  auth-clear = yes  max-errors = 100 }
channel "local" { table = "here"  program = "local"  mailboxes = "users" }
channel "outside" { }
"""
ADDRESS, PREFIX, LOGIN, LOGIN_PREFIX = 20, 60, 60, 10
WORKERS = 4
PASSWORDS = {"anna": "secret of anna", "otto": "secret of otto"}
NAMES = ["anna", "otto", "root", "info", "admin"]
PREFIXES, HOSTS = (50, 20) if FULL else (10, 10)
GUESSES = 10                    # of each address
AT_ONCE = 8
server = None


def started(**settings):
    s = Server(CONF, settings=settings, deliver=False)
    write_passwords(s.scratch.at("passwords"), [
        row(*pair) for pair in PASSWORDS.items()], AUTH if ROOT else None)
    return s


def guess(c, login, password="wrong"):
    return c.cmd("AUTH PLAIN " + plain(login, password))


def greeted(source, s=None):
    c = (s or server).client(source=source)
    c.hello()
    return c


class Attack(threading.Thread):
    """Takes addresses until there are none, and guesses from each."""

    def __init__(self, sources, heard):
        super().__init__(daemon=True)
        self.sources, self.heard = sources, heard

    def run(self):
        try:
            while True:
                self.come_from(self.sources.pop())
        except IndexError:
            return
        except Exception as e:          # the test says what it was
            self.heard.append(repr(e))

    def come_from(self, source):
        c = None
        for i in range(GUESSES):
            c = c or greeted(source)
            login = NAMES[(i + hash(source)) % len(NAMES)]
            r = guess(c, login)
            self.heard.append(r.text.split()[1] if r.code != 421 else "421")
            if r.code == 421:
                c.close()
                c = None
        if c:
            c.close()


def memory(pid):
    """KiB that are its own."""
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"^RssAnon:\s+(\d+)", f.read(), re.M).group(1))


def honest(n):
    """Logs in as one of those who are guessed at, and sends; from elsewhere."""
    login = ("anna", "otto")[n % 2]
    with greeted("127.200.%d.1" % (n % 100)) as c:
        return (guess(c, login, PASSWORDS[login]).code,
                c.message("Subject: x\n\n", hello=False).code)


def attacked():
    """Until the attack is over, and once more: logins, the number of workers
    and the memory that is seen meanwhile."""
    sources = ["127.%d.%d.%d" % (10 + p, p, 1 + h)
               for p in range(PREFIXES) for h in range(HOSTS)]
    random.shuffle(sources)
    heard, seen, most, n = [], set(), 0, 0
    authsrvr = server.role("authsrvr")[0].pid
    honest(0)
    before = memory(authsrvr)
    threads = [Attack(sources, heard) for _ in range(AT_ONCE)]
    for t in threads:
        t.start()
    going = True
    while going:
        going = any(t.is_alive() for t in threads)
        seen.add(honest(n))
        n += 1
        most = max(most, sum(p.parent != authsrvr for p in
                             server.role("authworker")))
    diag("%d honest logins meanwhile" % n)
    eq(seen, {(235, 250)}, "the right password is good, and mail is taken")
    eq([p.pid for p in server.role("authsrvr")], [authsrvr],
       "authsrvr is the same")
    ok(most <= WORKERS, "%d workers at once" % most)
    after = memory(authsrvr)
    diag("KiB of authsrvr: %d, then %d" % (before, after))
    # What is counted is in a table, of a size that was there before.
    ok(sanitized() or after - before < 512, "its memory has not grown")
    return heard


def outcomes(guesses):
    """Of the log: how often which outcome for which login and address."""
    def lines():
        return re.findall(
            r"^.* auth .*ip=(127\.\d+\.\d+\.\d+) .*outcome=(failed|barred) "
            r'.*login="?(\w*)', server.scratch.log_text(), re.M)
    wait_for(lambda: len(lines()) >= guesses, what="lines of all guesses")
    return lines()


def bounded(heard):
    guesses = PREFIXES * HOSTS * GUESSES
    eq(len(heard), guesses, "%d guesses were answered" % guesses)
    eq(set(heard), {"5.7.8", "421"}, "by 535 5.7.8 or 421")
    failed = [(ip, login) for ip, outcome, login in outcomes(guesses)
              if outcome == "failed"]
    diag("figure: %d of %d guesses were looked at" % (len(failed), guesses))
    eq(len(failed), heard.count("5.7.8"), "the log has each that was tried")
    # Those that are under way together are not counted yet.
    for name, most, key in (
            ("address", ADDRESS, lambda ip, _: ip),
            ("prefix", PREFIX, lambda ip, _: ip.rpartition(".")[0]),
            ("login", LOGIN + PREFIXES, lambda _, login: login),
            ("login and prefix", LOGIN_PREFIX,
             lambda ip, login: (ip.rpartition(".")[0], login))):
        top = max(collections.Counter(key(*f) for f in failed).values())
        ok(top <= most + AT_ONCE, "at most %d of one %s: %d" % (
            most, name, top))
    ok(len(failed) <= len(NAMES) * (LOGIN + PREFIXES + AT_ONCE),
       "and so many in all")


def storm():
    global server
    with started(**{"auth-delay": '"1ms"'}) as server:
        bounded(attacked())


def last_limit(s):
    wait_for(lambda: s.scratch.log_lines("auth", outcome="barred"),
             what="a line of who was barred")
    return s.scratch.log_lines("auth", outcome="barred")[-1]


def each_limit():
    """421 4.7.0 over each limit, and for nobody else."""
    for limits, sources, names, want in (
            ('"address 3/10m"', ["127.10.1.1"], ["a", "b", "c"], "address"),
            ('"prefix 3/10m"', ["127.10.1.1", "127.10.1.2", "127.10.1.3"],
             ["a", "b", "c"], "prefix"),
            ('"login-prefix 3/10m"', ["127.10.1.1", "127.10.1.2"],
             ["anna"] * 3, "login-prefix"),
            ('"login 3/10m"', ["127.10.1.1", "127.10.2.1", "127.10.3.1"],
             ["anna"] * 3, "login-prefix")):
        with started(**{"auth-delay": '"1ms"',
                        "auth-failures": "{%s}" % limits}) as s:
            for i, name in enumerate(names):
                with greeted(sources[i % len(sources)], s) as c:
                    says(guess(c, name), "AUTH_FAILED", "a failure")
            with greeted(sources[-1], s) as c:
                says(guess(c, names[-1], PASSWORDS["anna"]), "AUTH_BARRED",
                     "over " + limits)
                ok(c.closed(), "and that was all")
            like(lambda: last_limit(s), r"limit=%s " % want, "as the log says")
            with greeted("127.11.1.1", s) as c:
                says(guess(c, "anna", PASSWORDS["anna"]), "AUTH_OK",
                     "from elsewhere the password is good")


def delays():
    """Each failure waits longer, and for nobody but itself."""
    with started(**{"auth-delay": '"20ms"'}) as s:
        with greeted("127.10.1.1", s) as c:
            for i in range(5):
                begun = time.monotonic()
                says(guess(c, "anna"), "AUTH_FAILED", "a failure")
                # The server's clock counts whole milliseconds.
                ok(time.monotonic() - begun >= 0.02 * 2 ** i - 0.002,
                   "that takes %d ms at least" % (20 * 2 ** i))
    with started(**{"auth-delay": '"60s"'}) as s:
        with greeted("127.10.1.1", s) as c, greeted("127.10.1.1", s) as d:
            c.line("AUTH PLAIN " + plain("anna", "wrong"))
            wait_for(lambda: s.scratch.log_lines("auth", outcome="failed"),
                     what="a line of the failure")
            says(guess(d, "anna", PASSWORDS["anna"]), "AUTH_OK",
                 "while one waits for its answer, others have theirs")
            eq(select.select([c.sock], [], [], 0)[0], [],
               "and it waits still")
            s.smtpd.send_signal(signal.SIGTERM)
            says(c.reply(), "SHUTTING_DOWN", "but not when the server ends")
            eq(s.smtpd.wait(slow(60)), 0, "which waits for no such answer")


run(storm, each_limit, delays)
