#!/usr/bin/env python3
"""The units for systemd: what they expose, and that everything works below
what they forbid (unitlike.py)."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from secured import *
from authpeer import *

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT_UNIT, USER_UNIT = "inlet.service", "inlet-unprivileged.service"
# What systemd-analyze says may be at most this.  Where six users are kept
# apart, becoming them counts, and the namespace of sessions.
MOST = {USER_UNIT: 2.0, ROOT_UNIT: 3.0}
SYSTEMD = tool("systemd-analyze")
CONF = """\
certificates = %s
auth-backends = {"file"}
auth-file = "@dir@/passwords"
greylist-directory = "@dir@/spool/greylist"
listen "smtp" { address = {"127.0.0.1"}  port = @port@
  auth = "offered"  auth-clear = yes }
listen "other" { address = {"127.0.0.1"}  port = @port2@ }
table "here" { type = "list"  rows = {"example.org"} }
table "users" { type = "list"  rows = {"user"} }
channel "local" { table = "here"  program = "local"  mailboxes = "users" }
channel "world" { }
"""


def unit(name):
    prefix = os.environ.get("INLET_PREFIX")
    if prefix:
        return os.path.join(prefix, "lib/systemd/system", name)
    return os.path.join(BUILD, "etc", name)


def exposure():
    if not SYSTEMD:
        skip("no systemd-analyze")
        return
    found = {}
    for name, most in MOST.items():
        text = subprocess.run(
            [SYSTEMD, "security", "--offline=true", "--no-pager", unit(name)],
            capture_output=True, text=True, env=dict(
                os.environ, LC_ALL="C.UTF-8", COLUMNS="200")).stdout
        got = re.search(r"exposure level for \S+: ([0-9.]+)", text)
        if not ok(got and float(got.group(1)) <= most,
                  "%s: at most %s" % (name, most)):
            diag(text)
        found[name] = got.group(1) if got else "?"
    diag("figure G31: exposure %s (%s), %s (%s)" % (
        found[USER_UNIT], USER_UNIT, found[ROOT_UNIT], ROOT_UNIT))


def well_formed():
    """Nothing that systemd does not know, and the paths are those of here."""
    for name in MOST:
        text = text_of(unit(name))
        ok("@" not in re.sub(r"(?m)^#.*|@[a-z-]+(?=[ \n])", "", text),
           name + ": nothing is left to fill in")
        if not SYSTEMD:
            skip("no systemd-analyze")
            continue
        said = subprocess.run([SYSTEMD, "verify", unit(name)],
                              capture_output=True, text=True).stderr
        said = [line for line in said.splitlines() if name in line and
                not re.search(r"not executable|'man |inlet.socket", line)]
        eq(said, [], name + ": systemd understands it")


def users():
    """sysusers.d has the users that are the settings' defaults."""
    made = re.findall(r"(?m)^u\s+(\S+)", text_of(
        "etc/sysusers.d/inlet.conf"))
    wanted = [unquoted(r[2]) for r in table_rows("lib/settings.def", "SETTING")
              if r[0].endswith("_user") and unquoted(r[2])]
    eq(sorted(made), sorted(wanted), "sysusers.d has every user")
    for path, owner in re.findall(r"(?m)^d\s+(\S+)\s+\d+\s+(\S+)", text_of(
            "etc/tmpfiles.d/inlet.conf")):
        ok(owner in made + ["root"], "tmpfiles.d: %s is a user's" % path)


class Manager:
    """Who started us and waits for a word."""

    def __init__(self, s):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.path = s.scratch.at("notify")
        self.sock.bind(self.path)
        os.chmod(self.path, 0o666)
        self.sock.settimeout(slow(PATIENCE))

    def hears(self):
        return self.sock.recv(200)


def listening(port):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(100)
    return sock


def start(s, name, user=None):
    """inlet start as the unit's command, below all that it forbids."""
    manager = Manager(s)
    sockets = [] if user is None else [
        listening(int(s.ports[p])) for p in ("1", "2")]
    args = [sys.executable, os.path.join(HERE, "unitlike.py"), unit(name),
            "-w", s.scratch.path, "-s", str(len(sockets))]
    if user is not None:
        args += ["-u", str(user)]
    args += ["--"] + s.command("inlet", *s.where(), "start", "--foreground")
    high = [os.dup2(sock.fileno(), 100 + i) for i, sock in enumerate(sockets)]

    def place():
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i)
    with open(s.scratch.at("stderr"), "ab") as out:
        s.smtpd = spawn(args, stdout=out, stderr=out, cwd="/",
                        close_fds=False, preexec_fn=place,
                        env=dict(os.environ, NOTIFY_SOCKET=manager.path))
    for fd in high + [sock.detach() for sock in sockets]:
        os.close(fd)
    return manager


def capable(s):
    """Names of processes that have a capability; of inlet start, and below."""
    names = set()
    for p in [processes()[s.smtpd.pid]] + descendants(s.smtpd.pid):
        with contextlib.suppress(OSError):
            text = text_of("/proc/%d/status" % p.pid)
            if int(re.search(r"CapPrm:\s+(\w+)", text).group(1), 16):
                names.add(p.name)
    return names


def converse(s, what):
    """STARTTLS, a login, a message; another listener; a reload."""
    with s.client() as c:
        c.hello()
        eq(c.cmd("STARTTLS").code, 220, what + ": STARTTLS")
        context = ssl._create_unverified_context()
        c.sock = context.wrap_socket(c.sock, server_hostname="mx.example.org")
        c.hello()
        eq(c.cmd("AUTH PLAIN " + plain("anna", "secret")).code, 235,
           what + ": a login")
        eq(c.message(b"Subject: 1\r\n\r\nx\r\n").code, 250,
           what + ": a message")
    s.deliveries("user@example.org", 1)
    ok(True, what + ": it is delivered")
    with s.client(port=int(s.ports["2"])) as c:
        eq(c.greeting.code, 220, what + ": the second listener")
    s.write_conf(settings={"greeting": '"anew"'})
    s.smtpd.send_signal(signal.SIGHUP)

    def anew():
        with s.client() as c:
            return " anew" in c.greeting.text
    ok(happens(anew), what + ": a reload")


def below(name, user):
    what = name.split(".")[0]
    s = Server(CONF % certificates().setting("ec"), user=user)
    s.write_conf()
    write_passwords(s.scratch.at("passwords"), [row("anna", "secret")],
                    user or AUTH)
    if user is not None:
        for folder, _, files in os.walk(certificates().dir):
            for path in [folder] + [os.path.join(folder, f) for f in files]:
                os.chown(path, user, user)
    manager = start(s, name, user)
    try:
        eq(manager.hears(), b"READY=1", what + ": says when it serves")
        converse(s, what)
        # Of a reload some may have begun a moment ago.
        eq(lambda: capable(s), {"inlet", "smtpd"} if user is None else set(),
           what + ": who has a capability")
        namespaces = user is None or subprocess.run(
            ["unshare", "-Un", "true"], capture_output=True).returncode == 0
        if namespaces:
            ok("less confined" not in s.scratch.log_text() + s.stderr(),
               what + ": sessions have all of their layers")
    except (Late, OSError):
        s.dump()
        raise
    finally:
        s.smtpd.send_signal(signal.SIGTERM)
        status = s.smtpd.wait(slow(60))
        s.smtpd = None
    eq(manager.hears(), b"STOPPING=1", what + ": says that it stops")
    if not eq(status, 0, what + ": ends with 0"):
        s.dump()
    bad = re.findall(r"(?m)^.*(?:Bad system call|signal 31|not permitted).*$",
                     s.scratch.log_text() + s.stderr())
    eq(bad, [], what + ": no call that the unit forbids")


def confined():
    if not ROOT or not SYSTEMD:
        skip("as root with systemd-analyze alone")
        return
    if sanitized():
        skip("a sanitizer makes calls of its own")
        return
    try:
        ctypes.CDLL("libseccomp.so.2")
    except OSError:
        skip("no libseccomp")
        return
    if subprocess.run(["unshare", "-m", "true"],
                      capture_output=True).returncode != 0:
        skip("no mount namespace")
        return
    below(ROOT_UNIT, None)
    below(USER_UNIT, SUBMIT)


def given_sockets():
    """Several sockets go to the listeners that have their addresses."""
    s = Server(CONF.replace("certificates = %s\n", ""))
    s.write_conf()
    write_passwords(s.scratch.at("passwords"), [row("anna", "secret")],
                    AUTH if ROOT else None)
    mine = [listening(int(s.ports[p])) for p in ("2", "1")]
    stray = listening(free_port())
    for sockets, serves in ((mine + [stray], False), (mine, True)):
        high = [os.dup2(k.fileno(), 100 + i) for i, k in enumerate(sockets)]

        def place():
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)
        with open(s.scratch.at("stderr"), "ab") as out:
            s.smtpd = spawn(
                ["sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=%d exec \"$@\"" %
                 len(high), "sh"] + s.command("smtpd", *s.where()),
                stdout=out, stderr=out, cwd="/", close_fds=False,
                preexec_fn=place)
        for fd in high:
            os.close(fd)
        if not serves:
            eq(s.smtpd.wait(slow(60)), 78, "one that nobody listens at: 78")
            like(s.stderr(), r"socket for port %d was given, but no listener"
                 % stray.getsockname()[1], "and it is said")
    for sock in mine + [stray]:
        sock.close()
    s.wait_ready()
    for port in ("1", "2"):
        with s.client(port=int(s.ports[port])) as c:
            eq(c.greeting.code, 220, "its listener serves")
    s.smtpd.send_signal(signal.SIGHUP)
    ok(happens(lambda: s.scratch.log_lines(
        "note", text="new settings are in force")), "a reload keeps them")
    with s.client(port=int(s.ports["2"])) as c:
        eq(c.greeting.code, 220, "and they serve")
    s.deliver = None
    ok(s.stop(), "the server ends")


run(exposure, well_formed, users, given_sockets, confined)
