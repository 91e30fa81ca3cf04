#!/usr/bin/env python3
"""Programs that hang or fail where smtpd waits for them: it kills what is
stuck, tells the client, keeps the old settings, and does not run in circles.
In the place of a program stands one that does what the test wants of it."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

# What it finds in the file beside it, it does; without one, it is the real one.
FAKE = """#!%s -I
import os, socket, sys, time
me, real = %r, %r
try:
    mode = open(me + ".mode").read()
except FileNotFoundError:
    mode = ""
if mode == "fail":
    sys.exit(71)
if mode in ("deaf", "keep", "hang") and "-T" in sys.argv:
    with open(me + ".pid", "w") as f:
        f.write(str(os.getpid()))
if mode == "hang":
    time.sleep(1000)
if mode == "slow":
    time.sleep(1)
if mode in ("deaf", "keep"):
    smtpd = socket.socket(fileno=4)
    smtpd.send(b"R")
    while mode == "keep":
        # As if it had forked a session that hangs.
        data, fds, flags, address = socket.recv_fds(smtpd, 1024, 4)
        if not data:
            sys.exit(0)
        if os.fork() == 0:
            os.close(4)
            smtpd.detach()
            time.sleep(1000)
        for fd in fds:
            os.close(fd)
    time.sleep(1000)
os.execv(real, sys.argv)
"""


class Faked(Server):
    """A server with a fake program in the place of one."""

    def __init__(self, name, **more):
        settings = {"start-time": "%ds" % slow(2), "drain-time": "20s"}
        settings.update(more.pop("settings", {}))
        scratch = Scratch()
        self.programs = scratch.make("programs")
        for each in os.listdir(program_directory()):
            if each != name and not each.startswith("."):
                os.symlink(os.path.join(program_directory(), each),
                           os.path.join(self.programs, each))
        self.fake = os.path.join(self.programs, name)
        scratch.write("programs/" + name, (FAKE % (
            shutil.which("python3", path="/usr/bin:/bin") or sys.executable,
            self.fake, program(name))).encode(), 0o755)
        settings["program-directory"] = '"%s"' % self.programs
        super().__init__(deliver=False, scratch=scratch, settings=settings,
                         **more)

    def where(self):
        return ["-L", self.programs]

    def mode(self, mode):
        """Which one every program that starts from now on has."""
        path = self.fake + ".mode"
        if mode:
            with open(path + ".new", "w") as f:
                f.write(mode)
            os.chmod(path + ".new", 0o644)
            os.rename(path + ".new", path)
        elif os.path.exists(path):
            os.unlink(path)

    def said(self, text):
        return (self.stderr() + self.scratch.log_text()).count(text)

    def template_is(self, mode):
        """The template dies; the next one has that mode."""
        self.mode(mode)
        old = [p.pid for p in self.role("template")]
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        def there():
            with contextlib.suppress(FileNotFoundError):
                pid = text_of(self.fake + ".pid")
                return pid and int(pid) not in old
        wait_for(there, 10, "the fake")


def reload_hangs():
    for name in ("smtpsrvr", "tailor"):
        with Faked(name) as server:
            server.mode("hang")
            server.reload()
            ok(happens(lambda: server.said("the old one stays")),
               "%s hangs at SIGHUP: it is killed, the old one stays" % name)
            eq(server.send(b"a: b\r\n\r\n").code, 250, "and serves")
            server.mode("")
            server.reload()
            ok(happens(lambda: server.said("new settings are in force")),
               "the next SIGHUP brings new settings")


def template_is_deaf():
    with Faked("smtpsrvr") as server:
        server.template_is("deaf")
        c = server.client(greet=False)
        server.mode("")
        ok(happens(lambda: server.said("the template is stuck")),
           "a template that takes nobody is killed")
        eq(c.reply().code, 220, "its client gets the next one")
        c.close()


def template_fails_long():
    """A connection that waited long is not the fault of the one that gets
    it then."""
    with Faked("smtpsrvr") as server:
        server.template_is("deaf")
        c = server.client(greet=False)
        server.mode("fail")
        wait_for(lambda: server.said("the template is stuck"), 10, "the end")
        wait_for(lambda: server.said("program=template") >= 6, 20, "its ends")
        ends = server.said("program=template")
        server.mode("")
        eq(c.reply().code, 220, "who waited for a template is served")
        ok(server.said("program=template") <= ends + 1 and
           server.said("the template is stuck") == 1,
           "and the new template is not killed for it")
        c.close()


def session_hangs():
    with Faked("smtpsrvr") as server:
        server.template_is("keep")
        with server.client(greet=False) as c:
            server.mode("")
            eq(c.reply().code, 421, "a session that does not begin: 421")
            ok(c.closed(), "and the end")
        eq(server.said("the template is stuck"), 1,
           "the template is killed once")
        eq(server.send(b"a: b\r\n\r\n").code, 250, "others are served")
        for p in descendants(os.getpid()):      # the session that hangs
            if server.fake in p.args:
                os.kill(p.pid, signal.SIGKILL)


def renewal_fails():
    with Faked("smtpsrvr", settings={"template-connections": "1"}) as server:
        server.mode("fail")
        codes, begin = set(), time.monotonic()
        while time.monotonic() < begin + 2 or not server.said(
                "could not start"):         # smtpd has much to look after
            with server.client() as c:
                codes.add(c.greeting.code)
        eq(codes, {220}, "the old template serves")
        ok(server.said("could not start") <=
           1 + (time.monotonic() - begin) // 5,
           "a renewal that fails is not tried again at once")


def stops_while_one_waits():
    with Faked("smtpsrvr") as server:
        server.template_is("deaf")
        c = server.client(greet=False)
        server.template_is("hang")
        server.smtpd.send_signal(signal.SIGTERM)
        eq(c.reply().code, 421, "SIGTERM: who waits for a template gets 421")
        for p in descendants(server.smtpd.pid):
            if server.fake in p.args:
                os.kill(p.pid, signal.SIGKILL)
        eq(server.smtpd.wait(slow(60)), 0, "and smtpd ends")


def stops_while_it_reloads():
    with Faked("tailor", settings={"start-time": "20s"}) as server:
        busy = server.client()
        busy.hello()
        busy.envelope()
        server.mode("slow")
        server.reload()
        server.smtpd.send_signal(signal.SIGTERM)
        ok(happens(lambda: server.said("smtpd is stopping")),
           "settings that come while smtpd stops are left alone")
        try:
            socket.create_connection(("127.0.0.1", server.port), 5).close()
            ok(False, "and nothing listens any more")
        except ConnectionRefusedError:
            ok(True, "and nothing listens any more")
        eq(busy.cmd("RSET").code, 250, "the busy session goes on")
        eq(busy.reply().code, 421, "and is told then")
        busy.close()        # its session waits for that
        eq(server.smtpd.wait(slow(60)), 0, "smtpd ends")


def hup_at_the_start():
    server = Faked("tailor", settings={"start-time": "20s"})
    server.mode("slow")
    server.start_smtpd()
    wait_for(lambda: [p for p in descendants(server.smtpd.pid)
                      if server.fake in p.args], 10, "tailor")
    server.smtpd.send_signal(signal.SIGHUP)
    server.wait_ready()
    ok(happens(lambda: server.said("new settings are in force")),
       "SIGHUP while smtpd starts waits for its turn")
    server.stop()


need_built("smtpd", "smtpsrvr", "submit")
run(reload_hangs, template_is_deaf, template_fails_long, session_hangs,
    renewal_fails, stops_while_one_waits, stops_while_it_reloads,
    hup_at_the_start)
