"""harness - what the system tests share.

TAP (ok, eq, like, skip, run), a scratch tree, the server in it, a raw SMTP
client whose segments and deadlines the test decides, and the means to look
at processes, Maildirs and the queue.  Everything is on loopback, on free
ports, below one directory made by mkdtemp; only processes that this test
started are ever signalled.

    import os, sys
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
    from harness import *

    def greets():
        with Server() as s:
            c = s.client()
            like(c.greeting, r"^220 ", "it greets")

    run(greets)

The programs are those in tests/bin of the build tree; with INLET_PREFIX set,
those installed under that prefix.
"""

import atexit
import collections
import contextlib
import ctypes
import hashlib
import os
import random
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import journal                                  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.environ.get("top_srcdir") or os.path.dirname(HERE)
ROOT = os.geteuid() == 0
FULL = bool(os.environ.get("INLET_FULL"))
# So many seconds after they were written a test sees lines of the log: what
# reads them without waiting is found.
LATE = float(os.environ.get("INLET_LATE") or 0)
# Users of the scratch server; numbers, so that no passwd entry is needed.
SUBMIT, SESSION, LOOKUP, LOGGER, KEYS, AUTH = range(64101, 64107)
NOBODY = 65534
CRLF = b"\r\n"


def build_directory():
    for d in (os.environ.get("top_builddir"), ".", os.path.join(SRC, "build"),
              SRC):
        if d and os.path.isdir(os.path.join(d, "tests", "bin")):
            return os.path.abspath(d)
    return os.path.abspath(os.environ.get("top_builddir") or ".")


BUILD = build_directory()

# ---------------------------------------------------------------------- TAP

_count = 0
_failed = 0


def _line(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def diag(text):
    for line in str(text).splitlines() or [""]:
        _line("# " + line)


def ok(good, what):
    global _count, _failed
    _count += 1
    what = " ".join(str(what).split()).replace("#", "\\#")
    _line("%sok %d - %s" % ("" if good else "not ", _count, what))
    if not good:
        _failed += 1
        frame = sys._getframe(1)
        while frame.f_back and frame.f_code.co_filename == __file__:
            frame = frame.f_back
        diag("at %s:%d" % (frame.f_code.co_filename, frame.f_lineno))
    return bool(good)


def failures():
    return _failed


def _short(value):
    text = repr(value)
    return text if len(text) < 600 else text[:600] + "..."


# Who hands eq or like a function has it asked again until its value is
# right, for what is there only a moment after the answer that we have: a line
# of the log, a message in its mailbox, a process.

def eq(got, want, what):
    if callable(got):
        got = settled(got, lambda value: value == want)
    if not ok(got == want, what):
        diag("got  " + _short(got))
        diag("want " + _short(want))
        return False
    return True


def like(got, pattern, what):
    def shows(value):
        return re.search(pattern, value.decode("latin-1") if
                         isinstance(value, bytes) else str(value),
                         re.S | re.M) is not None
    if callable(got):
        got = settled(got, shows)
    text = got.decode("latin-1") if isinstance(got, bytes) else str(got)
    if not ok(shows(text), what):
        diag("got  " + _short(text))
        diag("want " + pattern)
        return False
    return True


def skip(why):
    global _count
    _count += 1
    _line("ok %d # SKIP %s" % (_count, why))


def skip_all(why):
    _line("1..0 # SKIP " + why)
    sys.exit(0)


def bail(why):
    _line("Bail out! " + why)
    sys.exit(1)


class Late(Exception):
    """Something did not happen in time."""


def sanitized():
    """Built with sanitizers: there is no filter then, and more memory."""
    with open(os.path.join(BUILD, "config.h")) as f:
        return re.search(r"^#define SANITIZERS 1", f.read(), re.M)


def run(*tests, seconds=240):
    """Runs each function; what it raises is a failure of it alone.

    The whole test may take so many seconds (four times as many with
    INLET_SLOW, for sanitizers and loaded machines)."""
    if os.environ.get("INLET_SLOW"):
        seconds *= 4

    def too_long(_signal, _frame):
        raise Late("the whole test took over %d s" % seconds)
    signal.signal(signal.SIGALRM, too_long)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.alarm(seconds)
    become_subreaper()
    try:
        for test in tests:
            try:
                test()
            except Exception:       # a broken test is a failed test
                ok(False, "%s ends without an exception" % test.__name__)
                diag(traceback.format_exc())
            finally:
                clean_up()
    finally:
        signal.alarm(0)
        clean_up()
        _line("1..%d" % _count)
    # A thread that waits for something must not keep us.
    atexit._run_exitfuncs()
    os._exit(0)


def need(*programs):
    """Skips the whole test where a program is missing."""
    for name in programs:
        if not shutil.which(name, path=os.environ.get("PATH", "")
                            + ":/usr/sbin:/sbin"):
            skip_all("no " + name)


def need_built(*programs):
    """Skips the whole test where one of ours is not in the tree."""
    for name in programs:
        if not (os.path.isdir(program_directory()) and
                os.path.exists(program(name))):
            skip_all(name + " is not built")


def tool(name):
    return shutil.which(name, path=os.environ.get("PATH", "")
                        + ":/usr/sbin:/sbin")

# ------------------------------------------------------------------ waiting


# The least that a condition is waited for: a loaded machine may let a process
# wait for seconds, and where the condition comes patience costs nothing.
PATIENCE = 30


def slow(seconds):
    return seconds * 4 if os.environ.get("INLET_SLOW") else seconds


def wait_for(condition, seconds=PATIENCE, what="it"):
    """Polls until condition() is true and returns its value, or raises."""
    seconds = max(seconds, PATIENCE)
    end = time.monotonic() + slow(seconds)
    pause = 0.001
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Late("%s did not happen in %g s" % (what, seconds))
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def happens(condition, seconds=PATIENCE):
    """As wait_for, but false instead of an exception."""
    try:
        return wait_for(condition, seconds)
    except Late:
        return False


def settled(read, good):
    """The value of read() as soon as it is good, or the last one."""
    value = None

    def is_good():
        nonlocal value
        value = read()
        return good(value)
    happens(is_good)
    return value

# ---------------------------------------------------------------- processes

Process = collections.namedtuple("Process", "pid parent name args state")


def processes():
    """Every process of the machine that /proc shows, by pid."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % entry, "rb") as f:
                text = f.read().decode("latin-1")
            with open("/proc/%s/cmdline" % entry, "rb") as f:
                args = f.read().decode("latin-1").split("\0")[:-1]
        except OSError:
            continue
        name = text[text.index("(") + 1:text.rindex(")")]
        rest = text[text.rindex(")") + 2:].split()
        pid = int(entry)
        found[pid] = Process(pid, int(rest[1]), name, args, rest[0])
    return found


def descendants(pid):
    """Children, their children and so on; zombies left out."""
    every = processes()
    found, more = [], [pid]
    while more:
        parent = more.pop()
        for p in every.values():
            if p.parent == parent:
                more.append(p.pid)
                if p.state != "Z":
                    found.append(p)
    return found


def alive(pid):
    p = processes().get(pid)
    return p is not None and p.state != "Z"


def uid_of(pid):
    """(real uid, gid, supplementary groups) of a process."""
    with open("/proc/%d/status" % pid) as f:
        text = f.read()
    uid = int(re.search(r"^Uid:\s+(\d+)", text, re.M).group(1))
    gid = int(re.search(r"^Gid:\s+(\d+)", text, re.M).group(1))
    groups = re.search(r"^Groups:(.*)$", text, re.M).group(1).split()
    return uid, gid, [int(g) for g in groups]


def heeds(pid, sig):
    """Has it said what to do about that signal?  Around a fork of its all are
    blocked for a moment."""
    try:
        with open("/proc/%d/status" % pid) as f:
            masks = dict(re.findall(r"^Sig(Blk|Cgt):\s+(\S+)", f.read(), re.M))
    except OSError:
        return False

    def has(mask, number):
        return int(masks[mask], 16) >> (number - 1) & 1
    return has("Cgt", sig) or has("Blk", sig) and \
        not has("Blk", signal.SIGUSR2)


def become_subreaper():
    """Orphans of our children come to us, so that none escapes clean_up."""
    pr_set_child_subreaper = 36
    ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def reap():
    """Collects orphans that ended; not the children that Popen knows."""
    known = {p.pid for p in _started}
    for p in processes().values():
        if p.parent == os.getpid() and p.state == "Z" and p.pid not in known:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(p.pid, os.WNOHANG)


def alone():
    """Waits until nothing that we started, or it did, is alive."""
    wait_for(lambda: (reap(), not descendants(os.getpid()))[1],
             what="the end of all")


_started = []       # every Popen of ours
_scratches = []


def spawn(args, **more):
    """Popen that clean_up knows of; descriptor 0 is /dev/null by default."""
    more.setdefault("stdin", subprocess.DEVNULL)
    more.setdefault("close_fds", True)
    process = subprocess.Popen([str(a) for a in args], **more)
    _started.append(process)
    return process


def clean_up():
    """Ends every process that we started and removes the scratch trees."""
    for process in descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    for process in _started:
        with contextlib.suppress(Exception):
            process.wait(PATIENCE)
    del _started[:]
    reap()
    while _scratches:
        _scratches.pop().remove()
    while _ports:
        _ports.pop().close()


def spawn_with(fds, args, user):
    """A program with these descriptors as 3, 4, ..."""
    high = [os.dup2(fd, 100 + i) for i, fd in enumerate(fds)]
    try:
        def place():
            for i in range(len(fds)):
                os.dup2(100 + i, 3 + i)
            os.closerange(3 + len(fds), 200)
            if user is not None:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)
        return spawn(args, close_fds=False, preexec_fn=place)
    finally:
        for fd in high:
            os.close(fd)


# ------------------------------------------------------------------ scratch

_copied = None


def program_directory():
    """Where the programs are, for every user.

    Sessions run as another user, who may be unable to enter the directory
    that the tree was built in; then the programs are copied."""
    global _copied
    prefix = os.environ.get("INLET_PREFIX")
    if prefix:
        return os.path.join(prefix, "libexec", "inlet")
    place = os.path.join(BUILD, "tests", "bin")
    if not ROOT or reachable(place):
        return place
    if _copied is None:
        _copied = tempfile.mkdtemp(prefix="inlet-bin.")
        atexit.register(shutil.rmtree, _copied, True)
        os.chmod(_copied, 0o755)
        for name in os.listdir(place):
            if name != ".made":
                shutil.copy(os.path.join(place, name), _copied)
    return _copied


def reachable(directory):
    """May everybody enter it?"""
    d = os.path.realpath(directory)
    while True:
        if not os.stat(d).st_mode & stat.S_IXOTH:
            return False
        if d == "/":
            return True
        d = os.path.dirname(d)


def program(name):
    prefix = os.environ.get("INLET_PREFIX")
    if prefix:
        for place in ("sbin", "bin", "libexec/inlet"):
            path = os.path.join(prefix, place, name)
            if os.path.exists(path):
                return path
    return os.path.join(program_directory(), name)


_ports = []         # sockets that keep other tests from the ports of this one


def free_port(address="127.0.0.1"):
    """A port that nobody listens at; below those that the kernel gives to
    clients, and until clean_up of this test alone: nobody else can take it
    before whoever is told of it listens there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for _ in range(200):
        port = random.SystemRandom().randint(10240, 32000)
        mine = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with socket.socket(family) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                mine.bind("\0inlet-test-port-%d" % port)
                s.bind((address, port))
            except OSError:
                mine.close()
                continue
        _ports.append(mine)
        return port
    raise Late("no free port")


class Scratch:
    """A directory with everything a server needs, owned as it wants it.

    user: run as this ordinary user (by number) although we are root."""

    def __init__(self, user=None):
        self.user = user if ROOT else None
        self.root = ROOT and user is None
        self.path = tempfile.mkdtemp(prefix="inlet.")
        os.chmod(self.path, 0o755)
        self.keep = bool(os.environ.get("INLET_KEEP"))
        self.conf = self.at("inlet.conf")
        self.spool = self.make("spool", SUBMIT, 0o700)
        self.run = self.make("run", None, 0o755)
        self.mail = self.make("mail", SUBMIT, 0o755)
        self.logs = self.make("log", LOGGER, 0o755)
        self.log = os.path.join(self.logs, "inlet.log")
        if self.user is not None:
            os.chown(self.path, self.user, self.user)
        if LATE:
            self.sizes = [(0, 0)]
            threading.Thread(target=self.watch_log, daemon=True).start()
        _scratches.append(self)

    def at(self, *names):
        return os.path.join(self.path, *names)

    def make(self, name, owner=None, mode=0o755):
        path = self.at(name)
        os.mkdir(path)
        os.chmod(path, mode)
        if self.user is not None:
            os.chown(path, self.user, self.user)
        elif ROOT and owner is not None:
            os.chown(path, owner, owner)
        return path

    def write(self, name, data, mode=0o644):
        path = name if os.path.isabs(name) else self.at(name)
        with open(path, "wb") as f:
            f.write(data.encode() if isinstance(data, str) else data)
        os.chmod(path, mode)
        if self.user is not None:
            os.chown(path, self.user, self.user)
        return path

    def log_text(self):
        try:
            with open(self.log, "rb") as f:
                return f.read(self.seen(f)).decode("latin-1")
        except OSError:
            return ""

    def seen(self, f):
        """How much of the log may be seen yet; -1: all of it."""
        if not LATE:
            return -1
        return min(self.sizes[0][1], os.fstat(f.fileno()).st_size)

    def log_ended(self):
        """Who wrote to it has ended: nothing is late any more."""
        if LATE:
            self.sizes = [(0, os.path.getsize(self.log))]

    def watch_log(self):
        while os.path.isdir(self.path):
            with contextlib.suppress(OSError):
                now = time.monotonic()
                self.sizes.append((now, os.path.getsize(self.log)))
                while len(self.sizes) > 1 and \
                        self.sizes[1][0] < now - LATE:
                    self.sizes.pop(0)
            time.sleep(LATE / 10)

    def log_lines(self, event=None, **fields):
        """Whole lines of the log; only those of an event with these fields."""
        found = []
        for line in self.log_text().rpartition("\n")[0].splitlines():
            words = re.sub(r'"(\\.|[^"\\])*"', '""', line)
            if event and not re.search(r": %s( |$)" % re.escape(event), words):
                continue
            if all(re.search(r'[ ]%s="?%s"?( |$)'
                             % (re.escape(k), re.escape(str(v))), line)
                   for k, v in fields.items()):
                found.append(line)
        return found

    def maildir(self, address):
        """The messages of DOMAIN/USER (new first, then cur), as bytes."""
        user, _, domain = address.partition("@")
        found = []
        for folder in ("new", "cur"):
            place = os.path.join(self.mail, domain or user,
                                 user if domain else "", folder)
            if not os.path.isdir(place):
                continue
            for name in sorted(os.listdir(place)):
                try:
                    with open(os.path.join(place, name), "rb") as f:
                        found.append(f.read())
                except FileNotFoundError:
                    pass
        return found

    def queue(self, folder="queue"):
        """Names of the entries in one folder of the spool; those of the
        journal that are not done are in the folder queue, too."""
        try:
            names = set(os.listdir(os.path.join(self.spool, folder)))
        except FileNotFoundError:
            names = set()
        if folder == "queue":
            names |= set(journal.entries(self.spool))
        return sorted(names)

    def entries(self):
        """The bytes of all of them, by name: the journal is read once."""
        found = journal.entries(self.spool)
        for name in os.listdir(os.path.join(self.spool, "queue")):
            found[name] = self.entry(name)
        return found

    def entry(self, name):
        """The bytes of an entry of the queue, wherever it is."""
        try:
            with open(os.path.join(self.spool, "queue", name), "rb") as f:
                return f.read()
        except FileNotFoundError:
            return journal.entries(self.spool, True)[name]

    def empty(self):
        return not self.queue() and not self.queue("tmp")

    def remove(self):
        if self.keep:
            diag("kept " + self.path)
            return
        # In a namespace of our own: no directory goes that is mounted on.
        mounted = [row.split()[1] for row in open("/proc/self/mounts")]
        for place in reversed(mounted):
            if place.startswith(self.path + "/"):
                subprocess.run(["umount", "-l", place], check=False)
        shutil.rmtree(self.path, True)

# ------------------------------------------------------------------- server

DEFAULT_CONF = """\
table "here" { type = "list"  rows = {"example.org", "inlet.example"} }
table "people" { type = "list"
    rows = {"user", "other", "third", "a.b", "postmaster"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "world" { }
"""


def merge_settings(text, settings):
    """Adds or replaces server-wide settings at the top of a text."""
    for name, value in settings.items():
        text = re.sub(r"(?m)^%s\s*=.*\n" % re.escape(name), "", text)
        text = "%s = %s\n" % (name, value) + text
    return text


class Server:
    """smtpd and, unless told otherwise, deliver.

    conf: the configuration without directories, users, log; listeners may
    say @port@, @port2@ (free ports) and @dir@ (the scratch directory); where
    there is none, one at 127.0.0.1 is added.  settings: server-wide ones
    that win over it.  args: further operands and options of smtpd.  env:
    variables of its environment."""

    def __init__(self, conf=None, deliver=True, args=(), user=None,
                 settings=None, scratch=None, options=(), listen=None,
                 env=None):
        self.env = dict(os.environ, **env) if env else None
        self.scratch = scratch or Scratch(user)
        self.ports = {}
        self.text = DEFAULT_CONF if conf is None else conf
        self.settings = dict(settings or {})
        self.listen = listen or 'listen "smtp" { address = {"127.0.0.1"}' \
            '  port = @port@ }\n'
        self.with_deliver = deliver
        self.args = list(args)
        self.options = list(options)
        self.smtpd = self.deliver = None
        self.expect_exit = 0
        self.write_conf()

    # configuration

    def fill(self, text):
        def port(match):
            name = match.group(1) or "1"
            if name not in self.ports:
                self.ports[name] = free_port()
            return str(self.ports[name])
        text = re.sub(r"@port(\d*)@", port, text)
        return text.replace("@dir@", self.scratch.path)

    def prelude(self):
        s = self.scratch
        rows = [("hostname", '"inlet.example"'),
                ("spool-directory", '"%s"' % s.spool),
                ("run-directory", '"%s"' % s.run),
                ("mail-directory", '"%s"' % s.mail),
                ("table-directory", '"%s"' % s.path),
                ("log", '"%s"' % s.log),
                ("log-level", '"debug"'),
                ("drain-time", '"2s"'),
                ("min-free-space", '"0"'),
                ("min-free-inodes", "0"),
                ("lookup-names", '"never"'),
                ("dns-servers", '{"127.0.0.1:9"}'),
                ("dns-timeout", '"3s"'),
                ("hosts-allow", '"%s"' % s.at("hosts.allow")),
                ("hosts-deny", '"%s"' % s.at("hosts.deny"))]
        rows.append(("journal-size", '"8M"'))
        if os.environ.get("INLET_STORE"):
            rows.append(("queue-store", '"%s"' % os.environ["INLET_STORE"]))
        if not os.environ.get("INLET_PREFIX"):
            rows.append(("program-directory", '"%s"' % program_directory()))
        if s.root:
            rows += [("submit-user", '"%d"' % SUBMIT),
                     ("session-user", '"%d"' % SESSION),
                     ("lookup-user", '"%d"' % LOOKUP),
                     ("logger-user", '"%d"' % LOGGER),
                     ("key-user", '"%d"' % KEYS),
                     ("auth-user", '"%d"' % AUTH)]
        return rows

    def write_conf(self, text=None, settings=None):
        """The file anew; a test that wants SIGHUP to see it calls reload."""
        if text is not None:
            self.text = text
        if settings is not None:
            self.settings = dict(settings)
        body = merge_settings(self.text, self.settings)
        if not re.search(r"^\s*listen\b", body, re.M):
            body += self.listen
        top = "".join("%s = %s\n" % (name, value)
                      for name, value in self.prelude()
                      if not re.search(r"(?m)^%s\s*=" % re.escape(name), body))
        self.scratch.write("inlet.conf", self.fill(top + body))

    @property
    def port(self):
        return self.ports["1"]

    # life

    def command(self, name, *args):
        return [program(name), "-C", self.scratch.conf] + list(args)

    def as_user(self):
        """Arguments of Popen and run for the user that the server has."""
        if self.scratch.user is None:
            return {}
        return {"user": self.scratch.user, "group": self.scratch.user,
                "extra_groups": []}

    def where(self):
        return [] if os.environ.get("INLET_PREFIX") \
            else ["-L", program_directory()]

    def start_smtpd(self):
        out = open(self.scratch.at("stderr"), "ab")
        self.smtpd = spawn(
            self.command("smtpd", *self.where(), *self.options, *self.args),
            stdout=out, stderr=out, cwd="/", env=self.env, **self.as_user())
        out.close()

    def start(self, wait=True):
        self.start_smtpd()
        if wait:
            self.wait_ready()
        if self.with_deliver:
            self.start_deliver()
        return self

    def start_deliver(self):
        out = open(self.scratch.at("stderr"), "ab")
        self.deliver = spawn(self.command("deliver", *self.where()),
                             stdout=out, stderr=out, cwd="/",
                             **self.as_user())
        out.close()
        wait_for(lambda: heeds(self.deliver.pid, signal.SIGTERM)
                 or self.deliver.poll() is not None, 10, "deliver's start")

    def wait_ready(self, seconds=PATIENCE):
        """Until it greets, and has all of its children ready."""
        def greets():
            if self.smtpd.poll() is not None:
                raise Late("smtpd ended with %d\n%s" % (
                    self.smtpd.returncode, self.stderr()))
            try:
                with Client(("127.0.0.1", self.port), timeout=20) as c:
                    return c.greeting.code == 220
            except (OSError, Late, EOFError):
                return False
        try:
            wait_for(greets, seconds, "a greeting")
            wait_for(lambda: '"serving"' in self.scratch.log_text()
                     + self.stderr(), seconds, "a log line of being ready")
        except Late:
            self.dump()
            raise

    def stop(self, sig=signal.SIGTERM, seconds=PATIENCE):
        """Ends both; true if they ended as they should and left nothing."""
        good = True
        family = []
        for process, name in ((self.deliver, "deliver"),
                              (self.smtpd, "smtpd")):
            if process is None:
                continue
            family += descendants(process.pid)
            if process.poll() is None:
                process.send_signal(sig)
            try:
                status = process.wait(slow(seconds))
            except subprocess.TimeoutExpired:
                diag("%s did not end within %d s" % (name, seconds))
                process.kill()
                status = process.wait()
            if status != self.expect_exit:
                diag("%s ended with %d" % (name, status))
                good = False
        self.smtpd = self.deliver = None
        left = happens(lambda: (reap(), not [
            p for p in family if alive(p.pid)])[1])
        if not left:
            diag("left running: " + ", ".join(
                "%d %s" % (p.pid, " ".join(p.args))
                for p in family if alive(p.pid)))
            good = False
        alarm = self.sanitizer()
        if alarm:
            diag(alarm)
            good = False
        return good

    def sanitizer(self):
        """What a sanitizer or panic said, "" if nothing."""
        text = self.stderr() + self.scratch.log_text()
        found = re.search(r"(?s)(==\d+==ERROR|runtime error:|: panic ).*",
                          text)
        return found.group(0)[:6000] if found else ""

    def reload(self, text=None, settings=None):
        if text is not None or settings is not None:
            self.write_conf(text, settings)
        self.smtpd.send_signal(signal.SIGHUP)

    def stderr(self):
        try:
            with open(self.scratch.at("stderr"), "rb") as f:
                return f.read().decode("latin-1")
        except OSError:
            return ""

    def dump(self, lines=60):
        for name, text in (("inlet.conf", open(self.scratch.conf).read()),
                           ("stderr", self.stderr()),
                           ("log", self.scratch.log_text())):
            diag("---- " + name)
            for line in text.splitlines()[-lines:]:
                diag(line)

    def __enter__(self):
        return self.start() if self.smtpd is None else self

    def __exit__(self, kind, _value, _trace):
        before = _failed
        if self.smtpd is not None or self.deliver is not None:
            good = self.stop()
            if kind is None:
                ok(good, "the server ends cleanly and leaves no process")
        if kind is not None or _failed > before:
            self.dump()
        return False

    # looking at it

    def role(self, name):
        """Processes of one role: smtpd, template, session, submit, lookup,
        logger, deliver, ch_local and so on."""
        if name == "smtpd":
            return [processes()[self.smtpd.pid]]
        if name == "deliver":
            return [processes()[self.deliver.pid]]
        family = []
        for process in (self.smtpd, self.deliver):
            if process is not None:
                family += descendants(process.pid)
        by_pid = {p.pid: p for p in family}
        if name in ("template", "session"):
            servers = [p for p in family if self.is_program(p, "smtpsrvr")]
            inner = [p for p in servers if p.parent in by_pid and
                     self.is_program(by_pid[p.parent], "smtpsrvr")]
            return inner if name == "session" else \
                [p for p in servers if p not in inner]
        return [p for p in family if self.is_program(p, name)]

    @staticmethod
    def is_program(process, name):
        return process.name == name[:15] or (
            process.args and
            os.path.basename(process.args[0].split(":")[0]) == name)

    def kill(self, role, sig=signal.SIGKILL):
        """Signals one process of that role; gives its pid."""
        found = self.role(role)
        if not found:
            raise LookupError("no process is " + role)
        os.kill(found[0].pid, sig)
        return found[0].pid

    # using it

    def client(self, **more):
        more.setdefault("port", self.port)
        port = more.pop("port")
        return Client((more.pop("address", "127.0.0.1"), port), **more)

    def enter(self, **more):
        """A client that got in: the place of one that has just ended may
        still be counted for a moment."""
        def try_it():
            c = self.client(**more)
            if c.greeting.code == 220:
                return c
            c.close()
            return None
        return wait_for(try_it, 10, "being let in")

    def send(self, message, to="user@example.org", sender="s@elsewhere.test"):
        """One message by our own client; gives the reply to its end."""
        with self.client() as c:
            return c.message(message, to, sender)

    def queue_id(self, reply):
        return re.search(r"Queued as ([0-9A-Z]{20})", reply.text).group(1)

    def deliveries(self, address, count, seconds=PATIENCE):
        """Waits until a mailbox holds so many messages; gives them."""
        wait_for(lambda: len(self.scratch.maildir(address)) >= count, seconds,
                 "%d messages for %s" % (count, address))
        return self.scratch.maildir(address)

    def inlet(self, *args, **more):
        """Runs inlet(8); gives the finished process with text output."""
        return subprocess.run(
            self.command("inlet") + list(args), capture_output=True,
            text=True, timeout=slow(60), stdin=subprocess.DEVNULL,
            **self.as_user(), **more)

# ------------------------------------------------------------------- client


class Reply:
    """One SMTP reply: code, lines (without code), text (all of it)."""

    def __init__(self, raw):
        self.raw = raw
        lines = raw.decode("latin-1").split("\r\n")[:-1]
        self.code = int(lines[-1][:3])
        self.lines = [line[4:] for line in lines]
        self.text = "\n".join(lines)

    def __str__(self):
        return self.text

    __repr__ = __str__

    def __eq__(self, other):
        return self.code == other if isinstance(other, int) \
            else str(self) == str(other)


class Client:
    """A connection to an SMTP server; nothing is sent unless asked for.

    Every wait ends after timeout seconds with Late; the end of the
    connection in the middle of a reply is EOFError."""

    def __init__(self, address, timeout=60, source=None, greet=True,
                 receive_buffer=None):
        self.timeout = slow(timeout)
        family = socket.AF_UNIX if isinstance(address, str) else \
            socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.sock = socket.socket(family)
        self.sock.settimeout(self.timeout)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                 receive_buffer)
        try:
            if source:
                self.sock.bind((source, 0))
            self.sock.connect(address)
            if family != socket.AF_UNIX:
                self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY,
                                     1)
            self.buffer = b""
            self.greeting = self.reply() if greet else None
        except BaseException:
            self.sock.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def reset(self):
        """Closes with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    # sending

    def send(self, data):
        if isinstance(data, str):
            data = data.encode("latin-1")
        try:
            self.sock.sendall(data)
        except socket.timeout:
            raise Late("the server did not read") from None

    def line(self, text):
        self.send((text.encode() if isinstance(text, str) else text) + CRLF)

    def segments(self, pieces):
        """Each piece in a segment of its own, sent when the one before was
        read by the server."""
        for piece in pieces:
            if piece:
                self.send(piece)
                self.wait_read()

    def wait_read(self):
        """Until the other end's receive queue is empty (IPv4, this host)."""
        address, port = self.sock.getsockname()[:2]
        there = self.sock.getpeername()[:2]

        def hexed(a, p):
            return "%08X:%04X" % (int.from_bytes(socket.inet_aton(a),
                                                 sys.byteorder), p)
        wanted = hexed(*there) + " " + hexed(address, port)

        def was_read():
            with open("/proc/net/tcp") as f:
                for row in f:
                    if wanted in row:
                        return row.split()[4].endswith(":00000000")
            return True         # closed: nobody will read it
        try:
            wait_for(was_read, self.timeout, "reading")
        except Late:
            pass

    def shutdown(self):
        self.sock.shutdown(socket.SHUT_WR)

    # receiving

    def more(self):
        """Reads once; false at the end of the connection."""
        try:
            data = self.sock.recv(65536)
        except socket.timeout:
            raise Late("no reply within %g s; so far %r"
                       % (self.timeout, self.buffer[-200:])) from None
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return bool(data)

    def reply(self, timeout=None):
        if timeout is not None:
            self.sock.settimeout(slow(timeout))
        try:
            raw = b""
            while True:
                at = self.buffer.find(CRLF)
                if at < 0:
                    if not self.more():
                        raise EOFError("closed; got %r" % (raw + self.buffer))
                    continue
                line, self.buffer = self.buffer[:at + 2], self.buffer[at + 2:]
                if not re.match(rb"\d\d\d[ -]|\d\d\d\r\n", line):
                    raise ValueError("not a reply: %r" % line)
                raw += line
                if line[3:4] != b"-":
                    return Reply(raw)
        finally:
            if timeout is not None:
                self.sock.settimeout(self.timeout)

    def replies(self, count):
        return [self.reply() for _ in range(count)]

    def rest(self):
        """Everything up to the end of the connection."""
        while self.more():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def closed(self):
        """Waits for the end; true if nothing more came before it."""
        return self.rest() == b""

    # talking

    def cmd(self, text):
        self.line(text)
        return self.reply()

    def hello(self, name="client.test", verb="EHLO"):
        return self.cmd("%s %s" % (verb, name))

    def envelope(self, to="user@example.org", sender="s@elsewhere.test",
                 parameters=""):
        """MAIL and every RCPT; gives the replies."""
        to = [to] if isinstance(to, str) else to
        return [self.cmd("MAIL FROM:<%s>%s" % (
            sender, " " + parameters if parameters else ""))] + \
            [self.cmd("RCPT TO:<%s>" % r) for r in to]

    def message(self, data, to="user@example.org", sender="s@elsewhere.test",
                hello=True):
        """A whole message, dots stuffed; gives the last reply."""
        if hello:
            self.hello()
        for reply in self.envelope(to, sender):
            if reply.code >= 400:
                return reply
        reply = self.cmd("DATA")
        if reply.code != 354:
            return reply
        self.send(stuffed(data))
        return self.reply()

    def quit(self):
        reply = self.cmd("QUIT")
        self.close()
        return reply


def stuffed(data):
    """As DATA wants it: CRLF, dots doubled, the end."""
    if isinstance(data, str):
        data = data.encode()
    data = re.sub(rb"\r?\n", b"\r\n", data)
    data = re.sub(rb"(?m)^\.", b"..", data)
    if data and not data.endswith(CRLF):
        data += CRLF
    return data + b".\r\n"


TRACE = (b"return-path:", b"delivered-to:", b"received:")


def untraced(message, fields=TRACE):
    """The message without the trace fields at its top."""
    lines = message.split(b"\n")
    at = 0
    while at < len(lines):
        if lines[at].lower().startswith(tuple(fields)):
            at += 1
            while at < len(lines) and lines[at][:1] in (b" ", b"\t"):
                at += 1
        else:
            break
    return b"\n".join(lines[at:])

# ------------------------------------------------------------ the four tables


def text_of(path):
    with open(os.path.join(SRC, path), encoding="latin-1") as f:
        return f.read()


def table_rows(path, macro):
    """The arguments of every MACRO( ... ) of a table, strings kept whole."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"),
                  text_of(path), flags=re.S)
    found = []
    for start in re.finditer(r"(?m)^%s\(" % macro, text):
        at, depth, arguments, now = start.end(), 1, [], ""
        while depth:
            if text[at] == '"':
                string = re.compile(r'"(\\.|[^"\\])*"').match(text, at)
                now += string.group()
                at = string.end()
                continue
            c = text[at]
            depth += (c in "([{") - (c in ")]}")
            if c == "," and depth == 1:
                arguments.append(now.strip())
                now = ""
            elif depth:
                now += c
            at += 1
        arguments.append(now.strip())
        found.append(arguments)
    return found


def unquoted(text):
    return "".join(re.findall(r'"((?:\\.|[^"\\])*)"', text))


REPLIES = {row[0]: (row[1], unquoted(row[2]), unquoted(row[3]))
           for row in table_rows("lib/replies.def", "REPLY")}


def reply_pattern(name):
    """A regular expression for one row of replies.def."""
    code, enhanced, text = REPLIES[name]
    text = text.replace('\\"', '"').replace("\\\\", "\\")
    text = re.escape(text)
    text = text.replace("%lld", r"-?\d+").replace("%s", ".*")
    # Every refusal carries the session's identifier; smtpd's own has none.
    session = "" if code < "400" else r" \([0-9a-z]+\)"
    if code == "421":
        session = "(?:%s)?" % session
    return "%s[ -]%s%s%s" % (code, re.escape(enhanced + " ") if enhanced
                             else "", text, session)


def says(reply, name, what):
    """The reply is that of replies.def."""
    return like(str(reply), "^" + reply_pattern(name), what)

# ----------------------------------------------------------- what was sent


class Recorder:
    """Between a client and a server: forwards, and keeps what the client
    sent, so that what arrived can be compared with it."""

    def __init__(self, port):
        self.to = port
        self.sent = []          # bytes of each connection
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # A thread that waits in accept is not woken by close alone.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
                server = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            record = bytearray()
            self.sent.append(record)
            threading.Thread(target=self.copy, daemon=True,
                             args=(client, server, record)).start()
            threading.Thread(target=self.copy, daemon=True,
                             args=(server, client, None)).start()

    @staticmethod
    def copy(source, sink, record):
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(65536)
                if not data:
                    break
                if record is not None:
                    record += data
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def messages(self):
        """The texts of all DATA and BDAT commands: the dots of DATA taken
        away, CR LF as LF."""
        found = []
        for record in self.sent:
            rest, text = bytes(record), b""
            while True:
                start = re.search(rb"(?i)(?:^|\n)(?:DATA|BDAT (\d+)( LAST)?)"
                                  rb"[ \t]*\r\n", rest)
                if not start:
                    break
                rest = rest[start.end():]
                if start.group(1):
                    size = int(start.group(1))
                    text, rest = text + rest[:size], rest[size:]
                    if not start.group(2):
                        continue
                else:
                    end = re.search(rb"(?:^|\r\n)\.\r\n", rest)
                    if not end:
                        break
                    text = rest[:end.start()]
                    if end.group().startswith(CRLF):
                        text += CRLF
                    rest = rest[end.end():]
                    text = re.sub(rb"(^|\r\n)\.", rb"\1", text)
                found.append(text.replace(CRLF, b"\n"))
                text = b""
        return found


def added(stored, sent):
    """What stands before the message as it was sent; None if that changed."""
    if hashlib.sha256(stored[len(stored) - len(sent):]).digest() != \
            hashlib.sha256(sent).digest() or len(stored) < len(sent):
        return None
    return stored[:len(stored) - len(sent)]


def only_trace(fields):
    """Whether a head consists of trace fields, each at most once."""
    names = [line.split(b":")[0].lower() for line in fields.split(b"\n")
             if line and line[:1] not in b" \t"]
    return fields.endswith(b"\n") and b"received" in names and \
        len(set(names)) == len(names) and \
        set(names) <= {b"received", b"return-path", b"delivered-to"}
