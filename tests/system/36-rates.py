#!/usr/bin/env python3
"""Rates, shares, reserved places, penalties and the limits of channels: who
is over one hears which and for how long, the log says the same, and nobody
else notices.  Counts outlive reloads and templates."""
import os
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

LAN = """\
table "here" { type = "list"  rows = {"example.org", "inlet.example"} }
table "people" { type = "list"  rows = {"user", "postmaster"} }
table "lan-hosts" { type = "list"  rows = {"127.0.5.0/24", "127.0.6.0/24"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "lan" { table = "lan-hosts"  %s }
channel "world" { }
"""
MANY = {"max-connections-per-address": 500, "max-connections-per-prefix": 500}


def greeted(server, source, **more):
    """The code with which a connection from there is greeted."""
    with server.client(source=source, **more) as c:
        return c.greeting.code


def refusals(server, **fields):
    return server.scratch.log_lines("refuse", **fields)


def logged(server, pattern, what, **fields):
    def text():
        return "\n".join(refusals(server, **fields))
    happens(lambda: re.search(pattern, text()))
    like(text(), pattern, what)


def free(server, source):
    """Until whoever was there before is counted out."""
    server.enter(source=source).close()


def per_address():
    rule = "connections per address 3/1h"
    with Server(settings={"rates": '{"%s"}' % rule},
                deliver=False) as server:
        eq([greeted(server, "127.0.1.1") for _ in range(3)], [220] * 3,
           "three in an hour")
        with server.client(source="127.0.1.1") as c:
            like(str(c.greeting), r"^421 4\.7\.0 inlet\.example too busy "
                 r"\(%s\), try again in (3600|359\d) s$" % rule,
                 "the fourth hears the rule, and when it may come again")
            ok(c.closed(), "and the connection is closed")
        logged(server, r'ip=127\.0\.1\.1 listener=smtp code=421 enh=4\.7\.0 '
               r'reason=limit limit=rates key=127\.0\.1\.1 value=3 most=3 '
               r'free-ms=3[56]\d{5} rule="%s"' % rule,
               "the log says rule, key, value, maximum and time",
               ip="127.0.1.1")
        eq(greeted(server, "127.0.1.2"), 220, "another address gets in")
        eq([greeted(server, "127.0.1.2") for _ in range(4)],
           [220, 220, 421, 421], "three times")
        server.reload(settings={"rates": '{"connections per address 4/1h"}'})
        wait_for(lambda: "new settings are in force" in
                 server.scratch.log_text(), 10, "the new settings")
        eq([greeted(server, "127.0.1.1") for _ in range(2)], [220, 421],
           "counts outlive settings and template; what was refused was not "
           "counted")


def window():
    with Server(settings={"rates": '{"connections per address 2/2s"}'},
                deliver=False) as server:
        eq(greeted(server, "127.0.1.1"), 220, "one")
        began = time.monotonic()
        eq(greeted(server, "127.0.1.1"), 220, "two")
        if greeted(server, "127.0.1.1") != 421 and \
                time.monotonic() - began < 2:
            ok(False, "a third within two seconds")
        ok(happens(lambda: greeted(server, "127.0.1.1") == 220, 10),
           "when they are over it may come")
        ok(1.8 < time.monotonic() - began, "and not before")


def per_prefix_and_all():
    with Server(settings={"rates": '{"connections per prefix 4/1h", '
                          '"connections per channel 9/1h"}'},
                deliver=False) as server:
        codes = [greeted(server, "127.0.2.%d" % i) for i in range(1, 6)]
        eq(codes, [220] * 4 + [421], "four of a prefix")
        logged(server, r"key=127\.0\.2\.0/24 value=4 most=4",
               "the log names the prefix", ip="127.0.2.5")
        # wait_ready() was let in at least once.
        codes = [greeted(server, "127.0.3.%d" % i) for i in range(1, 5)]
        codes += [greeted(server, "127.0.4.%d" % i) for i in range(1, 5)]
        ok(codes == sorted(codes) and codes[-1] == 421,
           "so many of everybody, and no more: %s" % codes)
        logged(server, r'key=all value=9 most=9 .*rule="connections per '
               r'channel 9/1h"', "of all together", ip="127.0.4.4")


def listener_rule():
    conf = DEFAULT_CONF + (
        'listen "smtp" { address = {"127.0.0.1"}  port = @port@ }\n'
        'listen "other" { address = {"127.0.0.1"}  port = @port2@\n'
        '    rates = {"connections per address 1/1h"} }\n')
    with Server(conf, settings={"rates": '{"connections per address 2/1h"}'},
                deliver=False) as server:
        other = {"port": server.ports["2"]}
        eq([greeted(server, "127.0.1.1", **other) for _ in range(2)],
           [220, 421], "a listener's rules stand in place of the server's")
        logged(server, "listener=other .*most=1 of=other ",
               "the log says whose", ip="127.0.1.1")
        eq([greeted(server, "127.0.1.1") for _ in range(3)], [220, 220, 421],
           "and count by themselves")


def listener_limits():
    for name, sources in (
            ("max-connections-per-address", ["127.0.1.1"] * 3),
            ("max-connections-per-prefix", ["127.0.1.%d" % i
                                            for i in (1, 2, 3)])):
        conf = DEFAULT_CONF + (
            'listen "smtp" { address = {"127.0.0.1"}  port = @port@ }\n'
            'listen "other" { address = {"127.0.0.1"}  port = @port2@\n'
            '    %s = 2 }\n' % name)
        with Server(conf, deliver=False) as server:
            other = {"port": server.ports["2"]}
            inside = [server.enter(source=s, **other) for s in sources[:2]]
            eq(greeted(server, sources[2], **other), 421,
               name + ": the third through a listener")
            logged(server, r"listener=other .*limit=%s .*value=2 most=2 "
                   "of=other" % name, "the log says so", ip=sources[2])
            eq(greeted(server, sources[2]), 220, "another one lets it in")
            for c in inside:
                c.close()


def channel_limits():
    limits = {"max-connections": ["127.0.5.1", "127.0.6.1", "127.0.5.2"],
              "max-connections-per-address": ["127.0.5.1"] * 3,
              "max-connections-per-prefix": ["127.0.5.1", "127.0.5.2",
                                             "127.0.5.3"]}
    for name, sources in limits.items():
        with Server(LAN % (name + " = 2"), deliver=False) as server:
            inside = [server.enter(source=s) for s in sources[:2]]
            with server.client(source=sources[2]) as c:
                says(c.greeting, "BUSY", name + ": the third of a channel")
                like(str(c.greeting), r"\(%s\)" % name, "hears which it is")
            logged(server, r'chan=lan verb=CONNECT .*code=421 enh=4\.3\.2 '
                   r'reason=limits .*limit=%s value=2 most=2' % name,
                   "and the log says so", ip=sources[2])
            eq(greeted(server, "127.0.0.9"), 220, "others are let in")
            inside.pop().close()
            free(server, sources[1])
            again = server.enter(source=sources[1])
            eq(greeted(server, sources[2]), 421,
               "who leaves makes room for exactly one")
            again.close()
            for c in inside:
                c.close()


def channel_rule():
    with Server(LAN % 'rates = {"connections per address 2/1h"}',
                deliver=False) as server:
        eq([greeted(server, "127.0.5.1") for _ in range(2)], [220, 220],
           "two of a channel's address")
        with server.client(source="127.0.5.1") as c:
            says(c.greeting, "TOO_OFTEN", "the third is too much")
            like(str(c.greeting), "connections per address 2/1h",
                 "by this rule")
        eq([greeted(server, "127.0.9.1") for _ in range(3)], [220] * 3,
           "other channels have other rules")


def channel_after_reload():
    """Channels get other numbers; sessions keep theirs by name."""
    with Server(LAN % "max-connections = 2", deliver=False) as server:
        inside = [server.enter(source="127.0.5.1") for _ in range(2)]
        text = LAN.replace('channel "lan"', 'channel "new" { }\nchannel "lan"')
        server.reload(text % "max-connections = 2")
        wait_for(lambda: "new settings are in force" in
                 server.scratch.log_text(), 10, "the new settings")
        eq(greeted(server, "127.0.5.1"), 421, "the channel is still full")
        for c in inside:
            c.close()
        free(server, "127.0.5.1")
        inside = [server.enter(source="127.0.5.1") for _ in range(2)]
        eq(greeted(server, "127.0.5.1"), 421, "who left is counted no more")
        for c in inside:
            c.close()


def bad_commands(server, source, n, word="VRFY"):
    """So many refused commands; the connection stays open."""
    c = server.enter(source=source)
    c.hello()
    for _ in range(n):
        c.cmd(word)
    return c


def errors():
    with Server(settings={"rates": '{"errors per address 20/1h", '
                          '"unknown-commands per prefix 5/1h"}',
                          "max-errors": 100}, deliver=False) as server:
        c = bad_commands(server, "127.0.1.1", 33, "MAIL FROM:<")
        ok(happens(lambda: greeted(server, "127.0.1.1") == 421),
           "errors count while the session goes on")
        logged(server, r'limit=rates key=127\.0\.1\.1 value=\d+ most=20 .*'
               r'rule="errors per address 20/1h"', "by their rule",
               ip="127.0.1.1")
        eq(greeted(server, "127.0.1.2"), 220, "a neighbour made none")
        c.close()
        bad_commands(server, "127.0.2.1", 5, "XYZZY").close()
        ok(happens(lambda: greeted(server, "127.0.2.2") == 421),
           "unknown commands count at the end")
        logged(server, r'key=127\.0\.2\.0/24 value=5 most=5 .*'
               r'rule="unknown-commands per prefix 5/1h"', "by theirs",
               ip="127.0.2.2")
        with server.client(source="127.0.3.1") as c:
            c.hello()
            c.message(b"x\r\n")
        eq(greeted(server, "127.0.3.1"), 220, "a good session counts nothing")


def channel_errors():
    with Server(LAN % 'rates = {"errors per address 3/1h"}',
                deliver=False) as server:
        bad_commands(server, "127.0.5.1", 3, "MAIL FROM:<").close()
        bad_commands(server, "127.0.9.1", 3, "MAIL FROM:<").close()
        ok(happens(lambda: greeted(server, "127.0.5.1") == 421),
           "errors by a channel's rule")
        eq(greeted(server, "127.0.9.1"), 220, "and by none elsewhere")


def garbage(server, source):
    c = server.enter(source=source)
    c.send(b"NOOP\n")
    says(c.reply(), "BARE_LF_COMMAND", "a bare LF")
    c.close()


def penalties():
    settings = {"penalty-points": '{"garbage 40"}', "penalty-limit": 100,
                "penalty-half-life": '"1h"',
                "reserved-peers": '{"127.0.8.0/24"}'}
    with Server(LAN % "trusted = yes", settings=settings,
                deliver=False) as server:
        for _ in range(3):
            garbage(server, "127.0.1.1")
            garbage(server, "127.0.5.1")
            garbage(server, "127.0.8.1")
        ok(happens(lambda: greeted(server, "127.0.1.1") == 421),
           "over the limit")
        with server.client(source="127.0.1.1") as c:
            like(str(c.greeting), r"^421 4\.7\.0 .*\(penalty-limit\), try "
                 r"again in \d+ s", "it hears so")
        logged(server, r"limit=penalty-limit key=127\.0\.1\.1 value=1\d\d "
               r"most=100 free-ms=", "the log, too", code=421)
        eq(greeted(server, "127.0.1.2"), 220, "a neighbour does not")
        eq(greeted(server, "127.0.5.1"), 220,
           "nor does a trusted channel's host")
        eq(greeted(server, "127.0.8.1"), 220, "nor a reserved peer")


def decay():
    with Server(settings={"penalty-points": '{"garbage 200"}',
                          "penalty-limit": 100, "penalty-half-life": '"2s"'},
                deliver=False) as server:
        garbage(server, "127.0.1.1")
        garbage(server, "127.0.1.1")
        ok(happens(lambda: greeted(server, "127.0.1.1") == 421),
           "a score above its limit")
        ok(happens(lambda: greeted(server, "127.0.1.1") == 220),
           "decays")


def crashes():
    with Server(settings={"penalty-points": '{"crash 60"}',
                          "penalty-limit": 100}, deliver=False) as server:
        for i in range(2):
            template = [p.pid for p in server.role("template")]
            c = server.enter(source="127.0.1.1")
            one = wait_for(lambda: (lambda all: len(all) == 1 and all)(
                server.role("session")), what="one session")
            os.kill(one[0].pid, signal.SIGKILL)
            ok(c.closed(), "a session is killed")
            c.close()
            # The next one is to be a child of the template that comes now.
            wait_for(lambda: len(server.role("template")) == 1 and
                     [p.pid for p in server.role("template")] != template,
                     10, "another template")
        ok(happens(lambda: greeted(server, "127.0.1.1") == 421),
           "its client is charged")
        for _ in range(3):
            c = server.enter(source="127.0.1.2")
            c.hello()
            c.close()
        eq(greeted(server, "127.0.1.2"), 220,
           "who ends in any other way is not")


def shares():
    with Server(settings=dict(MANY, **{
            "max-connections": 8, "max-prefix-share": 50,
            "reserved-connections": 2,
            "reserved-peers": '{"127.0.8.0/24", "127.0.9.1"}'}),
            deliver=False) as server:
        inside = [server.enter(source="127.0.1.%d" % i) for i in range(1, 5)]
        eq(greeted(server, "127.0.1.9"), 421, "a prefix has half of all")
        logged(server, r"limit=max-prefix-share key=127\.0\.1\.0/24 value=4 "
               "most=4", "the log says so", ip="127.0.1.9")
        inside += [server.enter(source="127.0.2.%d" % i) for i in (1, 2)]
        eq(greeted(server, "127.0.2.3"), 421, "the rest is reserved")
        logged(server, r"limit=reserved-connections key=all value=6 most=6",
               "the log says so, too", ip="127.0.2.3")
        inside += [server.enter(source="127.0.9.1") for _ in range(2)]
        eq(greeted(server, "127.0.8.1"), 421, "all is all")
        logged(server, r"limit=max-connections key=all value=8 most=8",
               "says the log", ip="127.0.8.1")
        for c in inside:
            c.close()


def load():
    """A libc that says what the file says."""
    scratch = Scratch()
    library = scratch.at("load.so")
    compiler = (os.environ.get("CC") or "cc").split()
    source = os.path.join(SRC, "tests", "crash", "failing.c")
    if subprocess.run(
            compiler + ["-shared", "-fPIC", "-Wl,-init,failing_begin", "-o",
                        library, source],
            stderr=subprocess.DEVNULL).returncode != 0:
        skip("cannot make a library")
        return
    os.chmod(library, 0o755)
    told = scratch.write("load", "150")
    server = Server(scratch=scratch, deliver=False, settings={
        "max-load": 2, "reserved-peers": '{"127.0.8.0/24"}'})
    os.environ.update(LD_PRELOAD=library, FAILING_LOAD=told)
    try:
        server.start()
    except Late:
        skip("no library can be loaded first")
        return
    finally:
        del os.environ["LD_PRELOAD"], os.environ["FAILING_LOAD"]
    with server:
        eq(greeted(server, "127.0.1.1"), 220, "a load of 1.5")
        scratch.write("load", "260")
        ok(happens(lambda: greeted(server, "127.0.1.1") == 421),
           "2.6 is too much")
        logged(server, r"limit=max-load key=all value=3 most=2",
               "the log says so", ip="127.0.1.1")
        eq(greeted(server, "127.0.8.1"), 220, "a reserved peer gets in")
        scratch.write("load", "190")
        ok(happens(lambda: greeted(server, "127.0.1.1") == 220),
           "and everybody when it is over")


def mistakes():
    for name, value, pattern in (
            ("rates", '{"conections per address 1/1s"}',
             r'rates: "conections" .*did you mean connections\?'),
            ("rates", '{"errors per address 1/1s", "errors per address 2/1s"}',
             "rates: two rules of errors per address"),
            ("penalty-points", '{"crush 1"}', r"did you mean crash\?"),
            ("penalty-points", '{"crash 1", "crash 2"}', "the second"),
            ("reserved-peers", '{"192.0.2.1/24"}',
             r'reserved-peers: "192\.0\.2\.1/24" is not'),
            ("reserved-connections", "5", "there are no reserved-peers"),
            ("reserved-connections", "500", "nothing of max-connections")):
        scratch = Scratch()
        server = Server(scratch=scratch, settings={name: value})
        done = subprocess.run(
            server.command("smtpd", *server.where()), capture_output=True,
            text=True, timeout=slow(60), stdin=subprocess.DEVNULL)
        like(done.stderr, r"inlet\.conf:\d+: .*" + pattern,
             "%s = %s" % (name, value))
        eq(done.returncode, 78, "smtpd does not start")


need_built("smtpd", "smtpsrvr", "submit")
run(per_address, window, per_prefix_and_all, listener_rule, listener_limits,
    channel_limits, channel_rule, channel_after_reload, errors,
    channel_errors, penalties, decay, crashes, shares, load, mistakes)
