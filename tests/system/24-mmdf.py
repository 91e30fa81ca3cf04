#!/usr/bin/env python3
"""Every command line of MMDF's smtpd(8) does what ours says of it: 4.2, 4.1
and 5.2, 4.3 from inetd, sun; the finicky name; four connections unless said."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

SMTPSRVR = program("smtpsrvr")


def greetings(port, count):
    """The codes that so many clients hear who are there at the same time."""
    clients = [Client(("127.0.0.1", port)) for _ in range(count)]
    codes = [c.greeting.code for c in clients]
    for c in clients:
        c.close()
    return codes


def most(what, want, args, settings=None):
    """One more than want clients: the last one is told 421."""
    server = Server(deliver=False, args=args, settings=settings)
    with server:
        # The one that asked whether it serves may not be counted out yet.
        ok(happens(lambda: greetings(server.port, want + 1) ==
                   [220] * want + [421], 10), what)
        ok(happens(lambda: server.scratch.log_lines(
            "refuse", limit="max-connections", most=str(want)), 10),
           what + ": the log says which limit")


def limits():
    most("4.2: four connections, and a fifth hears 421", 4,
         [SMTPSRVR, "local,world"])
    most("4.2, -n", 2, ["-n", "2", SMTPSRVR, "local,world"])
    most("4.2, the file says how many", 3, [SMTPSRVR, "local,world"],
         {"max-connections": "3"})
    most("4.2, channels left out", 4, [SMTPSRVR])


def finicky():
    server = Server(deliver=False, args=["-f", SMTPSRVR, "local"])
    server.start_smtpd()
    with server:
        wait_for(lambda: '"serving"' in server.scratch.log_text(), 15, "it")
        c = Client(("127.0.0.1", server.port))
        eq(c.greeting.code, 554, "4.2, -f: a host of no channel is refused")
        c.close()


def positional():
    port = free_port()
    server = Server(deliver=False, args=[
        SMTPSRVR, "local,world", str(port), "2", "localhost"])
    server.start_smtpd()
    with server:
        wait_for(lambda: '"serving"' in server.scratch.log_text(), 15, "it")
        eq(greetings(port, 3), [220, 220, 421],
           "5.2: port and maxconnects are operands")
        ok(happens(lambda: greetings(port, 1) == [220], 10), "5.2: it serves")
        with Client(("127.0.0.1", port)) as c:
            like(str(c.greeting), r"^220 localhost ESMTP",
                 "5.2: network is the name that it greets as")


def from_here():
    """A relative path of smtpsrvr begins where smtpd was started."""
    folder, name = os.path.split(SMTPSRVR)
    server = Server(deliver=False)
    out = open(server.scratch.at("stderr"), "ab")
    server.smtpd = spawn(
        [program("smtpd"), "-C", server.scratch.conf, "./" + name,
         "local,world"], stdout=out, stderr=out, cwd=folder,
        **server.as_user())
    out.close()
    with server:
        server.wait_ready()
        ok(True, "smtpsrvr beside us: all programs are found")


def connection(server, *args):
    """What the client of one connection hears on descriptor 0."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        theirs = socket.create_connection(s.getsockname())
        ours, _address = s.accept()
    process = spawn(server.command("smtpd", *server.where()) + list(args),
                    stdin=ours, stdout=ours, stderr=ours,
                    **server.as_user())
    ours.close()
    return process, theirs


def heard(server, lines, *args):
    process, client = connection(server, *args)
    said = b""
    with client, client.makefile("rb") as f:
        client.settimeout(slow(20))
        for line in lines + [b""]:
            row = f.readline()
            while row[3:4] == b"-":
                row = f.readline()
            said += row
            if not row:
                break
            client.sendall(line)
    process.wait(slow(20))
    return said.decode("latin-1")


TALK = [b"EHLO c.test\r\n", b"MAIL FROM:<s@elsewhere.test>\r\n",
        b"RCPT TO:<user@example.org>\r\n", b"DATA\r\n",
        b"Subject: a\r\n\r\nb\r\n.\r\n", b"QUIT\r\n"]


def one_connection():
    server = Server(DEFAULT_CONF + 'channel "smtp" { }\n', deliver=False)
    if not server.scratch.root:
        server.start()
    like(heard(server, [b"QUIT\r\n"], SMTPSRVR, "local,world"),
         r"^220 [^\n]*\n221 ", "4.3: a session")
    like(heard(server, [], "-f", SMTPSRVR, "local"), r"\A554 5\.7\.1 ",
         "4.3, -f: a host of no channel is refused")
    like(heard(server, TALK, "c0000207.1025"), r"^250 2\.0\.0 Queued as ",
         "sun: a message")
    ok(happens(lambda: re.search(
        r"accept ip=127\.0\.0\.1 chan=smtp ", server.scratch.log_text()), 10),
       "sun: from channel smtp, and the address is the kernel's")
    like(heard(server, [], os.path.join(server.scratch.path, "none"), "local"),
         r"\A421 4\.3\.0 [^\n]*\n\Z", "no such smtpsrvr: 421 and no more")
    if server.smtpd is not None:
        ok(server.stop(), "the resident server ends cleanly")


def mistakes():
    server = Server(deliver=False)
    for args, status in ((["a", "b", "c"], 64), (["-x"], 64), (["-n", "0"], 64),
                         (["-p", "70000"], 64), ([SMTPSRVR, "nope"], 78),
                         ([SMTPSRVR, "local,,world"], 78)):
        done = subprocess.run(server.command("smtpd", *server.where()) + args,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=slow(20), **server.as_user())
        eq(done.returncode, status, "smtpd %s: exit %d" % (
            " ".join(a for a in args if a != SMTPSRVR), status))
        ok(done.stderr, "and it says why")


need_built("smtpd", "smtpsrvr", "submit", "logger")
run(limits, finicky, positional, from_here, one_connection, mistakes,
    seconds=240)
