#!/usr/bin/env python3
"""How smtpd was started makes no difference: file mode mask, ignored signals,
descriptors left open, a second smtpd.  And each process has the descriptors
that ARCHITECTURE.md names, and no other."""
import fcntl
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

MESSAGE = b"Subject: a\r\n\r\nb\r\n"


@contextlib.contextmanager
def mask(bits):
    old = os.umask(bits)
    try:
        yield
    finally:
        os.umask(old)


def masks():
    for bits in (0o077, 0):
        server = Server(deliver=False)
        with mask(bits):
            server.start_smtpd()
        server.wait_ready()
        eq(server.send(MESSAGE).code, 250, "umask %03o: a message" % bits)
        modes = [stat.S_IMODE(os.lstat(os.path.join(
            server.scratch.run, name)).st_mode)
            for name in (".", "jail", "smtpd.pid")]
        eq([oct(m) for m in modes], ["0o755", "0o755", "0o644"],
           "and the modes are as documented")
        server.stop()


def ignored_signals():
    server = Server(deliver=False)
    old = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    out = open(server.scratch.at("stderr"), "ab")
    try:
        server.smtpd = spawn(server.command("smtpd", *server.where()),
                             stdout=out, stderr=out, restore_signals=False)
    finally:
        signal.signal(signal.SIGCHLD, old)
        out.close()
    server.wait_ready()
    before = server.kill("lookup")
    ok(happens(lambda: [p.pid for p in server.role("lookup")
                        if p.pid != before]),
       "SIGCHLD was ignored: a child that ends is started again all the same")
    server.stop()


def second():
    with Server(deliver=False) as server:
        again = subprocess.run(
            server.command("smtpd", *server.where(), "-p",
                           str(free_port())),
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=slow(60))
        eq(again.returncode, 73, "a second smtpd in the run directory ends")
        like(again.stderr, r"smtpd\.pid: another smtpd", "and says why")
        eq(server.send(MESSAGE).code, 250, "the first takes mail as before")
        server.smtpd.kill()
        server.smtpd.wait()
        server.start()
        eq(server.send(MESSAGE).code, 250, "killed, it leaves no lock behind")


def given(server, *sockets):
    """smtpd, started with these from descriptor 3 on; it is to end."""
    code = ("import os,sys\n"
            "n = int(sys.argv[1])\n"
            "for i in range(n):\n"
            "    os.dup2(int(sys.argv[2 + i]), 3 + i)\n"
            "os.environ.update(LISTEN_PID=str(os.getpid()),"
            " LISTEN_FDS=str(n))\n"
            "os.execv(sys.argv[2 + n], sys.argv[2 + n:])\n")
    numbers = [fcntl.fcntl(s.fileno(), fcntl.F_DUPFD, 20) for s in sockets]
    try:
        return subprocess.run(
            [sys.executable, "-c", code, str(len(numbers))] +
            [str(n) for n in numbers] +
            server.command("smtpd", *server.where()), pass_fds=numbers,
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            timeout=slow(20))
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess([], None, stderr=b"it serves")
    finally:
        for n in numbers:
            os.close(n)


def given_sockets():
    server = Server(deliver=False)
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    end = given(server, *sockets)
    eq(end.returncode, 78, "a socket that is no listener's: smtpd ends")
    like(end.stderr, r"a socket for port %d was given, but no listener has its "
         "address" % sockets[0].getsockname()[1], "and says which")
    good = socket.create_server(("127.0.0.1", server.port))
    deaf = socket.socket()
    datagrams = socket.socket(type=socket.SOCK_DGRAM)
    file = open("/dev/null", "rb")
    for s in deaf, datagrams:
        s.bind(("127.0.0.1", 0))
    for what, all_, bad in (("datagrams", (good, datagrams), 4),
                            ("does not listen", (good, deaf), 4),
                            ("does not listen, first", (deaf, good), 3),
                            ("does not listen, alone", (deaf,), 3),
                            ("is no socket", (good, file), 4)):
        end = given(server, *all_)
        eq(end.returncode, 78, "one that %s: smtpd ends" % what)
        like(end.stderr, "descriptor %d, that was given, is no stream socket "
             "that listens" % bad, "and says which")
    sockets += [good, deaf, datagrams, file]
    for s in sockets:
        s.close()


def descriptors(pid):
    """What is behind each, without the numbers of inodes."""
    found = {}
    for name in os.listdir("/proc/%d/fd" % pid):
        with contextlib.suppress(FileNotFoundError):
            to = os.readlink("/proc/%d/fd/%s" % (pid, name))
            found[int(name)] = re.sub(r":\[\d+\]$| \(deleted\)$", "", to)
    return found


def inherited():
    """Under load, and with descriptors open that are nobody's."""
    if not ROOT:
        skip("only root sees the descriptors of confined processes")
        return
    server = Server(deliver=False)
    strays = [os.open("/dev/zero", os.O_RDONLY) for _ in range(30)]
    out = open(server.scratch.at("stderr"), "ab")
    server.smtpd = spawn(server.command("smtpd", *server.where()),
                         stdout=out, stderr=out, pass_fds=strays)
    out.close()
    server.wait_ready()
    clients = [server.client() for _ in range(5)]
    for c in clients:
        eq(c.message(MESSAGE).code, 250, "a message of several clients")
    standard = {0: "/dev/null", 1: "/dev/null", 2: server.scratch.at("stderr")}
    socket_, memory = "socket", "/memfd:inlet"
    epoll, event = "anon_inode:[eventpoll]", "anon_inode:[eventfd]"

    def has(role, most, *others):
        """The standard ones, those with numbers, and others anywhere."""
        want = {**standard, **most}

        def found(pid):
            got = descriptors(pid)
            return ({k: got.get(k) for k in want},
                    sorted(v for k, v in got.items() if k not in want))
        for p in server.role(role):
            eq(lambda p=p: found(p.pid), (want, sorted(others)),
               "descriptors of " + role)
    numbered = {3: memory, 4: socket_, 5: socket_}
    has("logger", {**numbered, 6: socket_}, server.scratch.log)
    has("lookup", {**numbered, 6: socket_}, epoll)
    journal = [v for p in server.role("submit")
               for v in descriptors(p.pid).values()
               if v.startswith(server.scratch.spool + "/journal/")]
    eq(sorted({os.path.basename(v) for v in journal} -
              {"ends", "freed", "s00"}), [], "of the journal, what it needs")
    # Where the kernel has it.
    pressure = sorted({v for p in server.role("submit")
                       for v in descriptors(p.pid).values()
                       if v.startswith("/proc/pressure/")})
    has("submit", {**numbered, 6: memory + "-rows", 7: socket_,
                   8: socket_},
        *[os.path.join(server.scratch.spool, name).rstrip("/") for name in
          ("", "tmp", "queue", "marks", "bad", "journal")],
        *journal, *pressure, "anon_inode:[signalfd]", epoll, event, *[socket_] * len(clients))
    has("template", {4: socket_, 64: socket_},
        "anon_inode:[landlock-ruleset]")
    # The one that asked whether smtpd serves may still be ending.
    wait_for(lambda: len(server.role("session")) == len(clients),
             what="its end")
    # Connection, lifetime socket, its own connection to submit.
    has("session", {64: socket_}, *[socket_] * 3)
    ok("/dev/zero" not in descriptors(server.smtpd.pid).values(),
       "smtpd keeps none that it was not meant to have")
    for c in clients:
        c.close()
    for fd in strays:
        os.close(fd)
    server.stop()


def by_exec():
    """A session of its own, as inetd starts it, and with strays."""
    if not ROOT:
        skip("only root sees the descriptors of confined processes")
        return
    for resident in (True, False):
        server = Server(deliver=False)
        if resident:
            server.start()
        strays = [os.open("/dev/zero", os.O_RDONLY) for _ in range(5)]
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                process = spawn(server.command("smtpsrvr", *server.where(),
                                               "192.0.2.7", "localhost"),
                                stdin=theirs, stdout=theirs, stderr=theirs,
                                pass_fds=strays)
            with ours.makefile("rwb") as f:
                like(f.readline(), "^220 ", "by exec: the greeting")
                got = descriptors(process.pid)
                helpers = descendants(process.pid)
                # submit; the end that holds lookup, if it is our own.
                few = sorted(v for k, v in got.items() if k > 2 and k != 64)
                eq((got[0], got[1], got[2], got[64], few),
                   ("socket", "socket", "/dev/null", "socket",
                    ["socket"] * (1 if resident else 2)),
                   "by exec: what the session has open")
                f.write(b"QUIT\r\n")
                f.flush()
                like(f.readline(), "^221 ", "by exec: QUIT")
        eq(process.wait(slow(60)), 0, "by exec: it ends")
        ok(happens(lambda: not any(alive(p.pid) for p in helpers)),
           "by exec: and its %d helpers do" % len(helpers))
        for fd in strays:
            os.close(fd)
        if resident:
            server.stop()


need_built("smtpd", "smtpsrvr", "submit")
run(masks, ignored_signals, second, given_sockets, inherited, by_exec)
