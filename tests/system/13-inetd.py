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


def arrived(server, way, address="127.0.0.1"):
    """The message is in the queue, with its address as its source."""
    found = happens(lambda: [
        n for n in server.scratch.queue()
        if b"Subject: by " + way.encode() in server.scratch.entry(n)], 10)
    if ok(found, way + ": the message is queued"):
        like(server.scratch.entry(found[0]),
             r"Received: from [^\n]*(\n[^\n]*)?\[%s\]"
             % re.escape(address), way + ": it came from " + address)


def inetd(server, name, command):
    path = server.scratch.write("inetd.conf", "127.0.0.1:@port9@ stream tcp "
                                "nowait root %s %s\n" % (
                                    command[0], " ".join(
                                        [name] + command[1:])))
    with open(path) as f:
        text = server.fill(f.read())
    server.scratch.write("inetd.conf", text)
    return [tool("inetd"), "-i", path]


def by_inetd(server):
    return inetd(server, "smtpsrvr", session(server))


def by_inetd_smtpd(server):
    return inetd(server, "smtpd", server.command("smtpd", *server.where()) + [
        program("smtpsrvr"), "local,world"])


def by_systemd(server):
    return [tool("systemd-socket-activate"), "--inetd", "--accept", "-l",
            server.fill("127.0.0.1:@port9@")] + session(server)


def by_systemd_smtpd(server):
    return [tool("systemd-socket-activate"), "-l",
            server.fill("127.0.0.1:@port9@")] + server.command(
                "smtpd", *server.where())


def by_tcpserver(server):
    return [tool("tcpserver"), "-HRDl0", "127.0.0.1",
            server.fill("@port9@")] + session(server)


def session(server):
    """smtpsrvr as MMDF has it: remotehost localhost channels."""
    return server.command("smtpsrvr", *server.where()) + [
        "127.0.0.1", "inlet.example", "local,world"]


def a_way(name, needs, arguments, user, resident):
    """Starts somebody who starts us; a message, and the end."""
    if not tool(needs):
        skip("no " + needs)
        return
    server = Server(deliver=False, user=user)
    if resident and not server.scratch.root:
        # An ordinary user's session wants a resident submit; root's has
        # one of its own.
        server.start()
    before = failures()
    out = open(server.scratch.at("stderr"), "ab")
    process = spawn(arguments(server), stdout=out, stderr=out,
                    **server.as_user())
    out.close()
    way = name + (", as an ordinary user" if server.scratch.user else "")
    if conversation(server.ports["9"], way):
        arrived(server, way)
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(slow(30))
    if server.smtpd is not None:
        ok(server.stop(), way + ": the resident server ends cleanly")
    if failures() > before:
        server.dump()


def each_way(user):
    if ROOT and user is None:
        a_way("inetd and smtpsrvr", "inetd", by_inetd, user, True)
        a_way("inetd and smtpd", "inetd", by_inetd_smtpd, user, True)
    else:
        skip("inetd wants root")
    a_way("systemd-socket-activate --inetd", "systemd-socket-activate",
          by_systemd, user, True)
    a_way("systemd-socket-activate, and smtpd adopts the socket",
          "systemd-socket-activate", by_systemd_smtpd, user, False)
    a_way("tcpserver", "tcpserver", by_tcpserver, user, True)


def as_we_are():
    each_way(None)


def as_ordinary_user():
    if ROOT:
        each_way(NOBODY)
    else:
        skip("we are an ordinary user already")


def piped(server, name, operands, lines):
    """smtpsrvr on two pipes, each line sent when the last one's reply is
    there; the replies, and the exit status."""
    command = server.command("smtpsrvr", *server.where()) + operands
    process = spawn([name] + command[1:], executable=command[0],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=open(server.scratch.at("stderr"), "ab"))
    replies = []
    for line in [None] + lines:
        if line is not None:
            process.stdin.write(line)
            process.stdin.flush()
        while True:
            row = process.stdout.readline().decode("latin-1")
            if not row or row[3:4] != "-":
                break
        replies.append(row)
        if not row:
            break
    process.stdin.close()
    return replies, process.wait(slow(60))


def adopts_all():
    """A socket for both families is all that the first listener has, though
    its section names an address for each."""
    if not tool("systemd-socket-activate"):
        skip("no systemd-socket-activate")
        return
    before = failures()
    port = free_port()
    server = Server(DEFAULT_CONF + 'listen "smtp" { port = %d }\n' % port,
                    deliver=False)
    with open(server.scratch.at("stderr"), "ab") as out:
        process = spawn([
            tool("systemd-socket-activate"), "-l", "[::]:%d" % port]
            + server.command("smtpd", *server.where()),
            stdout=out, stderr=out)
    conversation(port, "both families")
    process.send_signal(signal.SIGHUP)
    happens(lambda: "new settings are in force" in server.scratch.log_text(),
            10)
    conversation(port, "both families, after SIGHUP")
    if failures() > before:
        server.dump()
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(slow(30))


def by_hand():
    """No socket: the operand names the host, from root."""
    if not ROOT:
        skip("only root is believed to name a host")
        return
    server = Server(deliver=False)
    replies, status = piped(
        server, "smtpsrvr", ["192.0.2.7", "inlet.example", "local,world"],
        [b"EHLO client.test\r\n", b"MAIL FROM:<s@elsewhere.test>\r\n",
         b"RCPT TO:<user@example.org>\r\n", b"DATA\r\n",
         b"Subject: by by hand\r\n\r\ntext\r\n.\r\n", b"QUIT\r\n"])
    eq([r[:3] for r in replies], "220 250 250 250 354 250 221".split(),
       "by hand: a whole session on two pipes")
    eq(status, 0, "by hand: it exits 0")
    arrived(server, "by hand", "192.0.2.7")
    server.write_conf(settings={"rates": '{"recipients per address 1/1h"}'})
    replies, _ = piped(
        server, "smtpsrvr", ["192.0.2.7", "inlet.example", "local,world"],
        [b"EHLO client.test\r\n", b"MAIL FROM:<s@elsewhere.test>\r\n",
         b"RCPT TO:<user@example.org>\r\n",
         b"RCPT TO:<other@example.org>\r\n", b"QUIT\r\n"])
    eq([r[:3] for r in replies], "220 250 250 250 450 221".split(),
       "by hand: no rule is counted there, but one more may never come")
    server.dump(20) if failures() else None


def by_name():
    """The operand may be a name; -d shows the events of submit, too."""
    if not ROOT:
        skip("only root is believed to name a host")
        return
    server = Server("""\
table "here" { type = list  rows = {"example.org"} }
table "ours" { type = list  rows = {".lan.test"} }
channel "local" { table = "here"  program = "local" }
channel "lan" { table = "ours"  max-message-size = 9K }
channel "world" { }
""", deliver=False)
    replies, status = piped(
        server, "smtpsrvr", ["-d", "mail.lan.test", "inlet.example"],
        [b"EHLO client.test\r\n", b"MAIL FROM:<s@elsewhere.test>\r\n",
         b"RCPT TO:<postmaster@example.org>\r\n", b"DATA\r\n",
         b"Subject: x\r\n\r\ntext\r\n.\r\n", b"QUIT\r\n"])
    eq([r[:3] for r in replies], "220 250 250 250 354 250 221".split(),
       "by name: a whole session")
    eq(status, 0, "by name: it exits 0")
    ok(happens(lambda: re.search(
        r"submit\[[1-9]\d*\]: accept ip=- chan=lan ",
        text_of(server.scratch.at("stderr"))), 10),
       "by name: it is of channel lan, as standard error says")


def client_is_spared():
    """A mistake of ours is not told to the client, who is standard error."""
    server = Server(deliver=False)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = spawn(server.command("smtpsrvr", *server.where())
                        + ["192.0.2.7", "inlet.example", "nope"],
                        stdin=theirs, stdout=theirs, stderr=theirs)
        theirs.close()
        heard = b""
        while True:
            got = ours.recv(4096)
            if not got:
                break
            heard += got
    like(heard, r"\A421 4\.3\.0 [^\n]*\r\n\Z", "the client hears 421 alone")
    eq(process.wait(slow(60)), 78, "and it exits 78")


def finicky():
    """argv[0] that begins with r: hosts of no channel are refused."""
    if not ROOT:
        skip("only root is believed to name a host")
        return
    server = Server(deliver=False)
    replies, _status = piped(
        server, "rsmtpsrvr", ["192.0.2.7", "inlet.example", "local"], [])
    ok(re.match(reply_pattern("UNRESOLVED_HOST"), replies[0]) or
       re.match(reply_pattern("UNKNOWN_HOST"), replies[0]),
       "rsmtpsrvr refuses a host of no channel: " + replies[0])
    replies, _status = piped(
        server, "smtpsrvr", ["192.0.2.7", "inlet.example", "local"], [])
    like(replies[0], "^220 ", "smtpsrvr takes it as the last channel's")


def without_submit():
    """An ordinary user's session without a resident submit says 421."""
    server = Server(deliver=False, user=NOBODY if ROOT else None)
    done = subprocess.run(session(server), input=b"", capture_output=True,
                          timeout=slow(20), **server.as_user())
    like(done.stdout, r"^421 4\.3\.0 ", "no submit: 421")
    ok(done.returncode != 0, "no submit: it does not exit 0")


need_built("smtpd", "smtpsrvr", "submit", "logger")
run(as_we_are, as_ordinary_user, adopts_all, by_hand, by_name,
    client_is_spared, finicky, without_submit, seconds=240)
