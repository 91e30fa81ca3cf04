#!/usr/bin/env python3
"""The manual page of MMDF's smtpd, point by point.  Each row of the table in
smtpd(8), "MMDF", has the name of a function of this file; each of these is in
one row."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from nsd import Nsd

SMTPSRVR = program("smtpsrvr")
PAGE = "man8/smtpd.8"
# Two clients of one channel, one of another, and one that no table has.
CONF = """\
table "here" { type = "list"  rows = {"example.org", "inlet.example"} }
table "lan" { type = "list"  rows = {"127.2.0.1", "127.2.0.2"} }
table "more" { type = "list"  rows = {"127.2.0.2", "127.2.0.3"} }
table "people" { type = "list"  rows = {"user", "postmaster"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "lan" { table = "lan"  relay = yes }
channel "more" { table = "more" }
channel "world" { }
"""
ROWS = []


def row(test):
    """It is a row of the table."""
    ROWS.append(test)
    return test


def greetings(port, count, **more):
    """The codes that so many clients hear who are there at the same time."""
    clients = [Client(("127.0.0.1", port), **more) for _ in range(count)]
    codes = [c.greeting.code for c in clients]
    for c in clients:
        c.close()
    return codes


def resident(server):
    """Started, whatever it says to us."""
    server.start_smtpd()
    wait_for(lambda: '"serving"' in server.scratch.log_text()
             + server.stderr(), 15, "its being ready")
    return server


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


# ------------------------------------------------- of one connection


def connected(server, command, source=None, **more):
    """A client, and a program that has its connection on 0 and 1."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        address = (source, 0) if source else None
        theirs = socket.create_connection(s.getsockname(),
                                          source_address=address)
        ours, _address = s.accept()
    process = spawn(command, stdin=ours, stdout=ours, stderr=ours,
                    **{**server.as_user(), **more})
    ours.close()
    return process, theirs


def heard(server, lines, command, source=None, **more):
    process, client = connected(server, command, source, **more)
    said = b""
    with client, client.makefile("rb") as f:
        client.settimeout(slow(60))
        for line in lines + [b""]:
            said += (reply := f.readline())
            while reply[3:4] == b"-":
                said += (reply := f.readline())
            if not reply:
                break
            client.sendall(line)
    process.wait(slow(60))
    return said.decode("latin-1")


def smtpd(server, *args):
    return server.command("smtpd", *server.where()) + list(args)


def smtpsrvr(server, *operands):
    return server.command("smtpsrvr", *server.where()) + list(operands)


def envelope(to="user@example.org"):
    return [b"EHLO c.test\r\n", b"MAIL FROM:<s@elsewhere.test>\r\n",
            b"RCPT TO:<%s>\r\n" % to.encode()]


MESSAGE = [b"DATA\r\n", b"Subject: a\r\n\r\nb\r\n.\r\n", b"QUIT\r\n"]


def server_for_one(conf=CONF, **more):
    """An ordinary user's session wants a resident submit."""
    server = Server(conf, deliver=False, **more)
    if not server.scratch.root:
        server.start()
    return server


def end(server):
    if server.smtpd is not None:
        ok(server.stop(), "the resident server ends cleanly")

# ------------------------------------------------------------- the rows


@row
def form_42():
    most("smtpd smtpsrvr channels", 4, [SMTPSRVR, "local,world"])
    most("smtpd -n 2 smtpsrvr channels", 2,
         ["-n", "2", SMTPSRVR, "local,world"])
    most("the file says how many", 3, [SMTPSRVR, "local,world"],
         {"max-connections": "3"})
    most("channels left out", 4, [SMTPSRVR])


@row
def form_41():
    port = free_port()
    server = Server(deliver=False, args=[
        SMTPSRVR, "local,world", str(port), "2", "localhost"])
    with resident(server):
        eq(greetings(port, 3), [220, 220, 421],
           "port and maxconnects are operands")
        ok(happens(lambda: greetings(port, 1) == [220], 10), "it serves")

        def greeting():     # the one before may be counted for a moment
            with Client(("127.0.0.1", port)) as c:
                return str(c.greeting)
        like(greeting, r"^220 localhost ESMTP",
             "network is the name that it greets as")


@row
def form_43():
    server = server_for_one()
    like(heard(server, [b"QUIT\r\n"], smtpd(server, SMTPSRVR, "local,world")),
         r"\A220 [^\n]*\n221 [^\n]*\n\Z", "smtpd smtpsrvr channels")
    like(heard(server, [], smtpd(server, "-f", SMTPSRVR, "local")),
         r"\A554 5\.7\.1 ", "smtpd -f smtpsrvr channels")
    like(heard(server, [], smtpd(server, os.path.join(
        server.scratch.path, "none"), "local")),
         r"\A421 4\.3\.0 [^\n]*\n\Z", "no such smtpsrvr: 421 and no more")
    end(server)


@row
def form_sun():
    server = server_for_one(DEFAULT_CONF + 'channel "smtp" { }\n')
    like(heard(server, envelope() + MESSAGE, smtpd(server, "c0000207.1025")),
         r"^250 2\.0\.0 Queued as ", "a message")
    ok(happens(lambda: re.search(
        r"accept ip=127\.0\.0\.1 chan=smtp ", server.scratch.log_text()), 10),
       "from channel smtp, and the address is the kernel's")
    end(server)
    server = server_for_one()
    like(heard(server, [], smtpd(server, "c0000207.1025")), r"\A421 ",
         "no channel smtp: 421")
    end(server)


@row
def form_smtpsrvr():
    server = server_for_one()
    like(heard(server, envelope() + MESSAGE, smtpsrvr(
        server, "127.0.0.1", "inlet.example", "local,lan,more,world")),
         r"^250 2\.0\.0 Queued as ", "smtpsrvr remotehost localhost channels")
    like(heard(server, [], smtpsrvr(server, "127.0.0.1")), "(?i)usage",
         "fewer operands: its usage")
    end(server)


def called(server, name, **more):
    """With channels that do not hold it; by that name."""
    command = smtpsrvr(server, "127.0.0.1", "inlet.example", "local,more")
    return heard(server, [b"QUIT\r\n"], [name] + command[1:],
                 executable=command[0], **more)


@row
def form_rsmtpsrvr():
    server = server_for_one()
    for name in ("rsmtpsrvr", "/usr/lib/mmdf/chans/rsmtpsrvr", "r"):
        like(called(server, name), r"\A554 5\.7\.1 ", name + " refuses")
    for name in ("smtpsrvr", "/r/smtpsrvr", "-rsmtpsrvr"):
        like(called(server, name), r"\A220 ", name + " does not")
    like(called(server, "rsmtpsrvr", source="127.2.0.3"), r"\A220 ",
         "rsmtpsrvr takes a host that a table has")
    end(server)


@row
def two_programs():
    """The session is another process, without root, that smtpd forked or
    that took its place."""
    with Server(deliver=False) as server, server.client() as c:
        c.hello()
        session = wait_for(lambda: server.role("session"), 10, "a session")
        ok(session[0].pid != server.smtpd.pid, "a process for the connection")
        if server.scratch.root:
            eq(uid_of(session[0].pid)[0], SESSION, "which is not root's")


@row
def by_submit():
    """smtpsrvr cannot write the queue: without submit nothing is taken."""
    with Server(CONF, deliver=False) as server:
        eq(server.send("text\n").code, 250, "a message")
        eq(len(server.scratch.queue()), 1, "is in the queue")
        with server.client() as c:
            c.hello()
            c.envelope()
            c.cmd("DATA")
            submit = server.role("submit")[0].pid
            os.kill(submit, signal.SIGSTOP)
            c.send(b"text\r\n.\r\n")
            c.wait_read()
            eq(len(server.scratch.queue()), 1, "submit stopped: no second")
            os.kill(submit, signal.SIGCONT)
            eq(c.reply().code, 250, "it goes on")
        eq(len(server.scratch.queue()), 2, "and there it is")


@row
def limits_of_inetd():
    server = server_for_one(settings={"max-connections": "2"})
    pairs = [connected(server, smtpd(server, SMTPSRVR, "local,world"))
             for _ in range(3)]
    codes = []
    for process, client in pairs:
        with client, client.makefile("rb") as f:
            client.settimeout(slow(60))
            codes.append(f.readline()[:3])
        process.wait(slow(60))
    eq(codes, [b"220"] * 3, "three at a time where the limit is two")
    end(server)


@row
def option_d():
    server = Server(deliver=False, args=["-d", SMTPSRVR, "local,world"])
    with resident(server):
        eq(greetings(server.port, 1), [220], "it serves")
        ok(happens(lambda: '"serving"' in server.stderr(), 10),
           "-d: the log is on standard error")
        ok(not os.path.exists(server.scratch.log), "and not in its file")
    with Server(deliver=False, args=[SMTPSRVR, "local,world"]) as server:
        ok('"serving"' not in server.stderr(), "without -d it is not")


FINICKY = (  # what says so: options, text of the file; is 127.0.0.1 let in?
    ("nobody", [], "", True),
    ("-f", ["-f"], "", False),
    ("the server", [], "finicky = yes\n", False),
    ("the listener", [], "L", False),
    ("the last channel", [], 'channel "last" { finicky = yes }\n', False),
    ("a channel before it", [], 'channel "c" { finicky = yes }\n'
     'channel "last" { }\n', True),
    ("the listener, and its last channel not", [],
     'channel "last" { finicky = no }\nL', True),
    ("-f, and its last channel not", ["-f"],
     'channel "last" { finicky = no }\n', False),
    ("-f, and the listener not", ["-f"], "M", False))
LISTEN = 'listen "smtp" { address = {"127.0.0.1"}  port = @port@ %s }\n'


@row
def option_f():
    """Every way to say it has one meaning; smtpd, a session and submit, and
    inlet explain."""
    for who, args, text, let_in in FINICKY:
        text = CONF.replace('channel "world" { }\n', "") + text
        text = text.replace("L", LISTEN % "finicky = yes") \
            if text.endswith("L") else text
        text = text.replace("M", LISTEN % "finicky = no") \
            if text.endswith("M") else text
        server = Server(text, deliver=False, args=args)
        with resident(server):
            with server.client() as c:
                eq(c.greeting.code, 220 if let_in else 554,
                   "finicky is %s: a host of no table" % who)
            with server.client(source="127.2.0.3") as c:
                eq(c.message("text\n").code, 250,
                   "finicky is %s: a host of a table" % who)
            p = server.inlet(*server.where(), *(args and ["explain", "-f"] or
                                                ["explain"]), "127.0.0.1",
                             "a@b.test", "user@example.org")
            eq(p.returncode, 0 if let_in else 1,
               "finicky is %s: explain agrees" % who)


@row
def finicky_by_name():
    """smtpd -f executes rsmtpsrvr."""
    server = Server(CONF, deliver=False)
    at = server.scratch.write("smtpsrvr", "#!/bin/bash\nread -d '' -r name "
                              "</proc/$PPID/cmdline\n", 0o755)
    source = server.scratch.write("show.c", """\
#include <stdio.h>
int
main(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		printf("%s\\n", argv[i]);
	return 0;
}
""")
    compiler = tool(os.environ.get("CC", "cc").split()[0]) or tool("gcc")
    if compiler is None:
        skip("no compiler")
        return
    os.unlink(at)
    subprocess.run([compiler, "-o", at, source], check=True)
    for option, name in (([], "smtpsrvr"), (["-f"], "rsmtpsrvr")):
        process, client = connected(server, smtpd(server, *option, at,
                                                  "local,world"))
        with client, client.makefile() as f:
            client.settimeout(slow(60))
            words = f.read().split("\n")
        process.wait(slow(60))
        eq(words[0], name, "smtpd %s: argv[0]" % " ".join(option))
        eq(words[-4:], ["127.0.0.1", "127.0.0.1", "local,world", ""],
           "remotehost, localhost, channels")


@row
def option_n():
    most("-n 3", 3, ["-n", "3", SMTPSRVR, "local,world"],
         {"max-connections": "2"})
    server = Server(deliver=False)
    for value in ("0", "-1", "x", "3x", ""):
        done = subprocess.run(
            smtpd(server, "-n", value, SMTPSRVR, "local"),
            stdin=subprocess.DEVNULL, capture_output=True, timeout=slow(20),
            **server.as_user())
        eq(done.returncode, 64, "-n '%s' is refused" % value)


@row
def default_of_4():
    most("with the operand smtpsrvr", 4, [SMTPSRVR])
    with Server(deliver=False) as server:
        ok(happens(lambda: greetings(server.port, 6) == [220] * 6, 10),
           "without it, more")


@row
def operand_smtpsrvr():
    """A relative path begins where smtpd was started."""
    folder, name = os.path.split(SMTPSRVR)
    for path in (SMTPSRVR, "./" + name, name):
        server = Server(deliver=False)
        with open(server.scratch.at("stderr"), "ab") as out:
            server.smtpd = spawn(
                [program("smtpd"), "-C", server.scratch.conf, path,
                 "local,world"], stdout=out, stderr=out, cwd=folder,
                **server.as_user())
        with server:
            server.wait_ready()
            ok(True, "all programs are found beside " + path)


def channel_of(server, source, to="user@example.org"):
    """Which channel submit or the session says that the client is of."""
    with server.client(source=source) as c:
        c.hello()
        code = c.envelope(to)[-1].code
        c.cmd("RSET")
        c.envelope("x@far.test", "nobody@far.test")
        c.cmd("NONSENSE")
    line = wait_for(lambda: [
        l for l in server.scratch.log_lines("refuse")
        if "ip=%s " % source in l], 10, "a log line")[-1]
    return re.search(r" chan=(\S+)", line).group(1), code


@row
def operand_channels():
    """The list's order decides, and hosts that it does not have do not
    count."""
    for operand, wanted in (("local,lan,more,world", "lan"),
                            ("local,more,lan,world", "more"),
                            ("local,world", "world"),
                            ("more,lan", "more"), ("lan", "lan")):
        with Server(CONF, deliver=False, args=[SMTPSRVR, operand]) as server:
            eq(channel_of(server, "127.2.0.2")[0], wanted,
               "%s: a host that two tables have" % operand)


@row
def words_of_channels():
    """No word of a list is passed over; more of them: 25-kinds.py."""
    server = Server(CONF, deliver=False)
    for operand, word in (("local,nope", '"nope"'), ("local,,lan", "empty"),
                          ("local, lan", '" lan"'),
                          ("lan,lan", '"lan" is there twice'),
                          ("", "an empty name")):
        for name, command in (
                ("smtpd", smtpd(server, SMTPSRVR, operand)),
                ("smtpsrvr", smtpsrvr(server, "127.0.0.1", "inlet.example",
                                      operand))):
            done = subprocess.run(
                command, input="", capture_output=True, timeout=slow(20),
                text=True, **server.as_user())
            eq(done.returncode, 78, "%s %r: exit 78" % (name, operand))
            like(done.stderr.replace('\\"', '"'), "channels: .*" + word,
                 "%s %r: the word is named" % (name, operand))


@row
def source_channel():
    """submit goes by the channel that the host was found in."""
    with Server(CONF, deliver=False,
                args=[SMTPSRVR, "local,lan,more,world"]) as server:
        for source, channel, code in (("127.2.0.1", "lan", 250),
                                      ("127.2.0.3", "more", 550)):
            with server.client(source=source) as c:
                c.hello()
                eq(c.envelope("x@far.test")[-1].code, code if code != 250
                   else 550, "nobody sends to hosts of no channel")
            with server.client(source=source) as c:
                eq(c.message("text\n").code, 250, "a message")
            ok(happens(lambda: server.scratch.log_lines(
                "accept", ip=source, chan=channel), 10),
               "submit has it from channel " + channel)
    conf = CONF + 'table "out" { type = "list"  rows = {"far.test"} }\n' \
        'channel "out" { table = "out"  program = "local" ' \
        'accept-from = {"lan"} }\n'
    with Server(conf, deliver=False,
                args=[SMTPSRVR, "local,lan,more,world"]) as server:
        for source, code in (("127.2.0.1", 250), ("127.2.0.3", 550)):
            with server.client(source=source) as c:
                c.hello()
                eq(c.envelope("postmaster@far.test")[-1].code, code,
                   "from %s to a channel for lan: %d" % (source, code))


@row
def finicky_rejects():
    server = Server(CONF, deliver=False, args=["-f", SMTPSRVR, "lan,more"])
    with resident(server):
        with server.client() as c:
            says(c.greeting, "UNKNOWN_HOST", "a host of no table")
            ok(c.closed(), "and that is all that it hears")
        with server.client(source="127.2.0.1") as c:
            eq(c.greeting.code, 220, "a host of a table is let in")
        ok(happens(lambda: server.scratch.log_lines(
            "refuse", ip="127.0.0.1", reason="unknown-host"), 10),
           "the log has it")


@row
def last_channel():
    for operand, last in (("lan,more,world", "world"), ("world,lan", "lan")):
        with Server(CONF, deliver=False, args=[SMTPSRVR, operand]) as server:
            eq(channel_of(server, "127.0.0.1")[0], last,
               "%s: a host of no table is of the last" % operand)


@row
def local_in_finicky():
    """A finicky list without the machine's own addresses refuses it."""
    conf = CONF.replace('rows = {"example.org", "inlet.example"}',
                        'rows = {"example.org", "127.0.0.1"}')
    for operand, code in (("lan,more", 554), ("local,lan,more", 220)):
        server = Server(conf, deliver=False, args=["-f", SMTPSRVR, operand])
        with resident(server), server.client() as c:
            eq(c.greeting.code, code, "-f %s: the machine itself" % operand)
    if not tool("nsd"):
        skip("no nsd")
        return
    served = Nsd({"127.in-addr.arpa.": "1.0.0 PTR inlet.example.\n"
                  "9.0.0 PTR far.test.\n",
                  "inlet.example.": "@ A 127.0.0.1\n",
                  "far.test.": "@ A 127.0.0.9\n"})
    conf = CONF + 'table "dns" { type = "nameserver" }\n' \
        'channel "dns" { table = "dns" }\n'
    for operand, code in (("dns", 554), ("local,dns", 220)):
        server = Server(conf, deliver=False, args=["-f", SMTPSRVR, operand],
                        settings={"dns-servers": '{"%s"}' % served.at,
                                  "lookup-names": '"auto"'})
        with resident(server):
            with server.client() as c:
                eq(c.greeting.code, code, "-f %s, dns of kind nameserver: the "
                   "machine itself" % operand)
            with server.client(source="127.0.0.9") as c:
                eq(c.greeting.code, 220, "and another host")


@row
def trusted_callers():
    """The resident submit believes what a session that an ordinary user
    started says, only if it may."""
    if not ROOT:
        skip("only root can start a server for others")
        return
    trusted = {"trusted-users": '{"%d"}' % NOBODY}
    for settings, code, what in (({}, "4", "nobody"),
                                 (trusted, "2", "one of trusted-users")):
        with Server(CONF, deliver=False, settings=settings) as server:
            said = heard(server, envelope() + MESSAGE, smtpsrvr(
                server, "127.0.0.1", "inlet.example", "local,world"),
                user=NOBODY, group=NOBODY, extra_groups=[])
            last = said.splitlines()[-2]
            like(last, r"\A%s\d\d " % code, "smtpsrvr by %s: %s.." % (
                what, code))


@row
def no_other_form():
    server = Server(deliver=False)
    for args, status in ((["a", "b", "c"], 64), (["-x"], 64),
                         (["-p", "70000"], 64), (["a", "b", "c", "d", "e",
                                                 "f"], 64)):
        done = subprocess.run(smtpd(server, *args),
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=slow(20), **server.as_user())
        eq(done.returncode, status, "smtpd %s: exit %d" % (
            " ".join(args), status))
        ok(done.stderr, "and it says why")


def table_of_page():
    """The rows of the table in smtpd(8), and nothing else, are tested."""
    text = text_of(PAGE)
    part = re.search(r'(?s)\.\\" MMDF BEGIN\n(.*)\.\\" MMDF END\n', text)
    if not ok(part, "smtpd(8) has the table"):
        return
    names = re.findall(r"(?m)^\.It (\w+) Ta \S", part.group(1))
    eq(sorted(names), sorted(f.__name__ for f in ROWS),
       "each row has its test, and each test its row")


need_built("smtpd", "smtpsrvr", "submit", "logger")
run(table_of_page, *ROWS, seconds=240)
