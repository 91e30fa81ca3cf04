#!/usr/bin/env python3
"""Started by others: openbsd-inetd, systemd-socket-activate, tcpserver, and
by hand; smtpsrvr for one connection, and smtpd in inetd's way (MMDF's
installation manual, 4.3)."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

MESSAGE = b"Subject: by %s\n\ntext\n"


class Prepared(Server):
    """The resident part of an installation, without a listening smtpd of its
    own: submit is the session's child."""


def conversation(port, way, wait=True):
    """A message through whatever listens there."""
    def greets():
        try:
            return Client(("127.0.0.1", port), timeout=10)
        except (OSError, EOFError, Late):
            return None
    try:
        c = wait_for(greets, 15, "a greeting")
    except Late as e:
        ok(False, way + ": it greets")
        diag(e)
        return False
    with c:
        says(c.greeting, "GREETING", way + ": it greets")
        says(c.message(MESSAGE % way.encode()), "QUEUED",
             way + ": it takes a message")
        c.cmd("MAIL FROM:<a@b.test>")
        says(c.cmd("RCPT TO:<x@far.test>"), "RELAY_DENIED",
             way + ": it does not relay")
        says(c.quit(), "CLOSING", way + ": it says goodbye")
    return True


def arrived(server, way):
    """The message is in the queue, with our address as its source."""
    found = happens(lambda: [
        n for n in server.scratch.queue()
        if b"Subject: by " + way.encode() in open(os.path.join(
            server.scratch.spool, "queue", n), "rb").read()], 10)
    if ok(found, way + ": the message is queued"):
        with open(os.path.join(server.scratch.spool, "queue", found[0]),
                  "rb") as f:
            like(f.read(), r"Received: from [^\n]*(\n[^\n]*)?\[127\.0\.0\.1\]",
                 way + ": it came from 127.0.0.1")


def start_listener(server, args, **more):
    out = open(server.scratch.at("stderr"), "ab")
    process = spawn(args, stdout=out, stderr=out, **more)
    out.close()
    return process


def stop(process):
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)


def ways(server):
    """name, port, arguments of each way to start one session."""
    smtpsrvr = server.command("smtpsrvr", *server.where())
    smtpd = server.command("smtpd", *server.where())
    conf = server.scratch.conf
    if tool("inetd") and ROOT:
        for name, command in (("inetd, smtpsrvr", smtpsrvr),
                              ("inetd, smtpd", smtpd + [
                                  "-f", "smtpsrvr", "local,world"])):
            port = free_port()
            if "smtpsrvr" in command[0]:
                command = command + ["127.0.0.1", "inlet.example",
                                     "local,world"]
            path = server.scratch.write(
                "inetd.conf.%d" % port,
                "127.0.0.1:%d stream tcp nowait root %s %s\n" % (
                    port, command[0], " ".join(
                        [os.path.basename(command[0])] + command[1:])))
            yield name, port, [tool("inetd"), "-i", path], {}
    else:
        skip("no inetd" if ROOT else "inetd wants root")
    if tool("systemd-socket-activate"):
        port = free_port()
        yield "systemd-socket-activate --inetd", port, [
            tool("systemd-socket-activate"), "--inetd", "--accept", "-l",
            "127.0.0.1:%d" % port] + smtpsrvr + [
            "127.0.0.1", "inlet.example", "local,world"], {}
        port = free_port()
        yield "systemd-socket-activate, smtpd adopts", port, [
            tool("systemd-socket-activate"), "-l", "127.0.0.1:%d" % port] \
            + smtpd, {}
    else:
        skip("no systemd-socket-activate")
    if tool("tcpserver"):
        port = free_port()
        yield "tcpserver", port, [
            tool("tcpserver"), "-HRDl0", "127.0.0.1", str(port)] + smtpsrvr \
            + ["127.0.0.1", "inlet.example", "local,world"], {}
        del conf
    else:
        skip("no tcpserver")


def one_by_one(user):
    server = Server(deliver=False, user=user)
    whose = "as uid %d" % user if user else "as we are"
    if server.scratch.root:
        # Nothing else of an installation runs: the session's own submit
        # makes what is missing.
        pass
    else:
        # An ordinary user's session wants a resident submit.
        server.start()
    for name, port, args, more in ways(server):
        way = name + (" " + whose if user else "")
        process = start_listener(server, args, **server.as_user(), **more)
        if conversation(port, way):
            arrived(server, way)
        if failures():
            server.dump()
        stop(process)
    if server.smtpd is not None:
        ok(server.stop(), "the resident server ends cleanly")


def as_we_are():
    one_by_one(None)


def as_ordinary_user():
    if not ROOT:
        skip("we are an ordinary user already")
        return
    one_by_one(NOBODY)


def by_hand():
    """On two pipes: no socket, so the operand names the host."""
    server = Server(deliver=False)
    if not server.scratch.root:
        server.start()
    done = subprocess.run(
        server.command("smtpsrvr", *server.where())
        + ["192.0.2.7", "inlet.example", "local,world"],
        input=b"EHLO client.test\r\nMAIL FROM:<s@elsewhere.test>\r\n"
        b"RCPT TO:<user@example.org>\r\nDATA\r\nSubject: by hand\r\n\r\n"
        b"text\r\n.\r\nQUIT\r\n", capture_output=True, timeout=slow(30))
    text = done.stdout.decode("latin-1")
    like(text, "^220 inlet.example ", "by hand: it greets")
    if like(text, r"^250 2\.0\.0 Queued as ", "by hand: it takes a message"):
        name = server.scratch.queue()[0]
        with open(os.path.join(server.scratch.spool, "queue", name),
                  "rb") as f:
            like(f.read(), r"Received: from [^\n]*(\n[^\n]*)?\[192\.0\.2\.7\]",
                 "by hand: the operand names the host")
    like(text, r"^221 2\.0\.0 ", "by hand: it says goodbye")
    eq(done.returncode, 0, "by hand: it exits 0")
    if failures():
        diag(done.stderr.decode("latin-1"))
        server.dump()
    if server.smtpd is not None:
        ok(server.stop(), "the resident server ends cleanly")


def finicky():
    """A name beginning with r is finicky: strangers are refused."""
    server = Server(DEFAULT_CONF.replace("channel \"world\" { }",
                                         "channel \"world\" { }"),
                    deliver=False)
    if not server.scratch.root:
        server.start()
    path = server.command("smtpsrvr", *server.where())
    done = subprocess.run(
        ["rsmtpsrvr"] + path[1:] + ["192.0.2.7", "inlet.example", "local"],
        executable=path[0], input=b"QUIT\r\n", capture_output=True,
        timeout=slow(30))
    like(done.stdout, r"^(554 5\.7\.1|421 4\.4\.3) ",
         "argv[0] rsmtpsrvr refuses a host of no channel")
    if failures():
        diag(done.stderr.decode("latin-1"))
        server.dump()
    if server.smtpd is not None:
        ok(server.stop(), "the resident server ends cleanly")


need_built("smtpd", "smtpsrvr", "submit", "logger")
run(as_we_are, as_ordinary_user, by_hand, finicky, seconds=240)
