#!/usr/bin/env python3
"""inlet(8): check, settings, queue, table, start, as an operator has them."""

import fcntl
import json
import os
import subprocess
import sys
import termios

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *   # noqa: E402,F403

need_built("inlet", "smtpd", "smtpsrvr", "submit", "deliver", "ch_local",
           "tailor", "lookup", "logger")

TWO = """\
table "here" { type = "list"  rows = {"example.org", "inlet.example"} }
table "people" { type = "list"  rows = {"user", "other"} }
table "net" { type = "list"  rows = {"198.51.100.0/24"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "lan" { table = "net"  relay = yes }
channel "world" { }
"""


def inlet(s, *args):
    return s.inlet(*s.where(), *args)


def check(s, *args):
    p = inlet(s, *args, "check")
    return p.returncode, p.stdout, p.stderr


def namespaces():
    """May a process of ours have its own network?"""
    return subprocess.run(["unshare", "-n" if ROOT else "-Un", "true"],
                          capture_output=True).returncode == 0


def clean():
    s = Server(TWO)
    code, out, err = check(s)
    eq((code, err), (0, ""), "a good configuration: 0, nothing on stderr")
    # Where namespaces are forbidden, that is a warning, and rightly one.
    words = ("ok", "note") + (() if namespaces() else ("warning",))
    like(out, r"^0 errors, \d+ warnings?, \d+ notes?, \d+ ok$", "the count")
    like(out, r"^ok .*strangers cannot relay: \d\d+ recipients", "the test")
    like(out, r"^note .*inlet.conf:\d+: listener \"smtp\".*\"world\"",
         "what unknown hosts become")
    like(out, r"^ok .*sandbox: ", "the sandbox")
    static = subprocess.run(
        ["readelf", "-d", program("smtpsrvr")], capture_output=True,
        text=True, check=True).stdout.count("NEEDED") == 0
    like(out, r"^ok .*sessions: linked %s" % (
        "statically" if static else "dynamically"),
         "how its sessions are linked")
    ok(all(line.split()[0] in words for line in
           out.splitlines()[:-1]), "one finding a line")


def finds(conf, pattern, what, code=78, change=None, server=None):
    s = server or Server(conf)
    if change:
        change(s)
    got, out, err = check(s)
    good = eq(got, code, what + ": exit %d" % code)
    good = like(out + err, pattern, what) and good
    if not good:
        diag(s.text)
        diag(out + err)


def line_of(s, text):
    with open(s.scratch.conf) as f:
        for n, line in enumerate(f, 1):
            if text in line:
                return n
    return 0


def open_relay():
    s = Server(TWO.replace('channel "world" { }',
                           'channel "world" {\n\trelay = yes\n}'))
    n = line_of(s, "\trelay = yes")
    finds(None, r"^error   \S*inlet.conf:%d: OPEN RELAY: listener \"smtp\": "
          r"a stranger .*\"world\"" % n, "relay for the last channel",
          server=s)
    for net in ("0.0.0.0/0", "128.0.0.0/1", "2000::/3"):
        s = Server(TWO.replace("198.51.100.0/24", net))
        finds(None, r"^error .*inlet.conf:%d: OPEN RELAY: .*\"lan\""
              % line_of(s, "relay = yes"), net + " as our own network",
              server=s)
    finds(TWO.replace('"198.51.100.0/24"', '".com"'),
          r"^error .*OPEN RELAY: .*inlet-relay-check.com.*\"lan\"",
          "hosts by a name under a top level")
    finds(TWO.replace('channel "lan" { table = "net"  relay = yes }',
                      'channel "out" { table = "net" program = "local2"\n'
                      '  accept-from = {"world"} }')
          .replace('"198.51.100.0/24"', '".net"'),
          r"^error .*OPEN RELAY: .*user@inlet-relay-check.net.*\"out\"",
          "a channel that strangers may use holds a top level")
    like(check(Server(TWO.replace(
        'channel "lan" { table = "net"  relay = yes }',
        'channel "out" { table = "net" program = "local2"\n'
        '  accept-from = {"world"} }')
        .replace('"198.51.100.0/24"', '"[198.51.100.25]"')))[1],
        r"OPEN RELAY: .*\[198.51.100.25\]", "an address literal")
    finds(TWO, r"finicky.*\n([^\n]*\n)*ok .*some strangers not let in",
          "finicky", 0, lambda s: s.write_conf(settings={"finicky": "yes"}))
    finds(TWO.replace('channel "world" {', 'channel "world" { finicky = yes'),
          r"hosts in none of its tables are refused", "a finicky last channel",
          0)
    finds(TWO.replace('channel "lan" {', 'channel "lan" { finicky = yes'),
          r"^warning .*\"lan\": its finicky means nothing",
          "a finicky channel that is not the last", 0)
    backup = TWO.replace('"lan" { table = "net"  relay = yes }',
                         '"out" { table = "net"  program = "local"\n'
                         '  accept-from = {"world"} }')
    finds(backup, r"^0 errors", "a channel for one domain is none", 0)


def rfc():
    """What RFC 5321 speaks against is warned of, with its section."""
    text = TWO.replace('channel "lan" {', 'channel "lan" {\n'
                       'helo-resolve = match\n') \
        .replace('channel "world" {', 'channel "world" {\n'
                 'helo-resolve = exists\n')
    s = Server(text, settings={"sender-null": "refuse",
                               "helo-literal": '"own"'})
    code, out, _ = check(s)
    eq(code, 0, "settings that RFC 5321 speaks against: exit 0")
    for mark, words in (
            ("sender-null", r"sender-null = refuse: RFC 5321 4\.5\.5 "),
            ("helo-literal", r"helo-literal = own: RFC 5321 4\.1\.4 "),
            ("helo-resolve = match", r'channel "lan": helo-resolve = match: '
             r"RFC 5321 4\.1\.4 ")):
        like(out, r"^warning \S*inlet\.conf:%d: %s" % (line_of(s, mark), words),
             "a warning: " + mark)
    eq(out.count("RFC 5321"), 3, "and no other")


def passed_on():
    """Mail for a domain of ours that another host has: not a relay here."""
    text = TWO.replace('"lan" { table = "net"  relay = yes }',
                       '"out" { table = "net"  program = "x"\n'
                       '  accept-from = {"world"} }') \
        .replace('"198.51.100.0/24"', '"backup.example"')
    code, out, _ = check(Server(text))
    like(out, r"^note .*strangers may send to the domains of channel \"out\"",
         "accept-from is told")
    like(out, r"^note .*user%domain are passed on", "so is percent")
    ok("OPEN RELAY" not in out, "but it is no open relay")
    like(out, r"^error .*channel \"out\", program: .*/ch_x: No such file",
         "a channel's program that is missing")
    eq(code, 78, "which is an error")


def places():
    def spoil(name, mode):
        return lambda s: os.chmod(s.scratch.at(name), mode)
    finds(TWO, r"^error .*spool-directory: others may write to .*chmod",
          "a spool that all may write to", 78, spoil("spool", 0o777))
    finds(TWO, r"^error .*run-directory: others may write",
          "a run directory that all may write to", 78, spoil("run", 0o777))
    finds(TWO, r"^error .*mail-directory: .* not there; try: install -d",
          "no mail directory", 78, lambda s: os.rmdir(s.scratch.mail))
    finds(TWO, r"^note .*spool-directory: .* it will be made",
          "a spool that can be made", 0,
          lambda s: (os.rmdir(s.scratch.spool),
                     ROOT and os.chown(s.scratch.path, SUBMIT, SUBMIT)))
    if ROOT:
        finds(TWO, r"^error .*spool-directory: .* belongs to user 0, not "
              r"64101", "a spool of another user", 78,
              lambda s: os.chown(s.scratch.spool, 0, 0))
        finds(TWO, r"^error .*log: user 64104 cannot write",
              "a log that logger cannot write", 78,
              lambda s: os.chown(s.scratch.logs, 0, 0))
        finds(TWO, r"^error .*spool-directory: .* not there, and cannot be made",
              "a spool that cannot be made", 78,
              lambda s: os.rmdir(s.scratch.spool))
        finds(TWO, r"^warning .*lookup and logger run as the same user",
              "two programs as one user", 0, lambda s: s.write_conf(
                  settings={"lookup-user": '"64104"'}))
    finds(TWO, r"^error .*inlet.conf: everybody may write", "the file itself",
          78, lambda s: os.chmod(s.scratch.conf, 0o666))
    if os.path.isdir("/dev/shm"):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as d:
            os.chmod(d, 0o755)
            os.mkdir(d + "/spool", 0o700)
            if ROOT:
                os.chown(d + "/spool", SUBMIT, SUBMIT)
            finds(TWO, r"^warning .*spool-directory: .*tmpfs", "tmpfs", 0,
                  lambda s: s.write_conf(settings={
                      "spool-directory": '"%s/spool"' % d}))


def tables():
    def file(name, text, mode=0o644):
        return lambda s: s.scratch.write(name, text, mode)
    text = TWO.replace('type = "list"  rows = {"user", "other"}',
                       'type = "text"  file = "people"')
    finds(text, r"^error .*/people: No such file", "a table's file missing")
    finds(text, r"^error .*/people:2: ", "a bad line, by its number", 78,
          file("people", "user\n192.0.2.1/24: x\n"))
    finds(text, r"^error .*everybody may write to .*/people", "its mode", 78,
          file("people", "user\n", 0o666))
    finds(text, r"^ok .*table \"people\": 2 rows", "good", 0,
          file("people", "user\nother\n"))
    finds(TWO.replace('type = "list"  rows = {"198.51.100.0/24"}',
                      'type = "text"  file = "net"'),
          r"^warning .*table \"net\" is empty", "an empty table", 0,
          file("net", "# nobody\n"))
    finds(TWO + 'table "spare" { type = "list" rows = {"a"} }\n',
          r"^note .*table \"spare\": no setting names it", "unused", 0)
    finds(TWO.replace('mailboxes = "people"', ""),
          r"^note .*channel \"local\": without mailboxes only postmaster",
          "no mailboxes", 0)
    finds(TWO.replace('table = "net"  ', ""), r"^warning .*channel \"lan\": "
          r"without a table", "a channel that nobody can be in", 0)


def broken():
    s = Server(TWO + "nonsense = 1\n")
    code, out, err = check(s)
    eq(code, 78, "a configuration with a mistake: 78")
    like(err, r"inlet.conf:\d+: .*nonsense", "tailor's line is shown")
    like(out, r"^1 error, ", "and counted")
    for args in (["settings"], ["queue"], ["table", "get", "here", "x"],
                 ["start", "--foreground"]):
        p = inlet(s, *args)
        eq((p.returncode, p.stdout), (78, ""), " ".join(args) + ": the same")
    eq(inlet(s, "-C", s.scratch.at("none"), "check").returncode, 78,
       "no such file")


def settings():
    s = Server(TWO, settings={"log-level": "notice", "max-errors": "7"})
    s.text += "channel \"more\" { max-errors = 9 }\n"
    s.write_conf()
    out = inlet(s, "settings").stdout
    n = line_of(s, "max-errors = 7")
    like(out, r"^max-errors = 7 +# \S+/inlet.conf:%d$" % n, "file and line")
    like(out, r"^max-hops = 100 +# default$", "or default")
    like(out, r"^channel \"more\" \{  # .*\n(    [^\n]*\n)*"
         r"    max-errors = 9 +# .*inlet.conf:\d+$", "in a channel's section")
    changed = inlet(s, "settings", "--changed").stdout
    ok("# default" not in changed and "max-errors = 7" in changed,
       "--changed: nothing that is a default")
    s.scratch.write("again.conf", out)
    again = inlet(s, "settings", "-C", s.scratch.at("again.conf"))
    eq(again.returncode, 0, "what is shown can be read back")

    def plain(text):
        return re.sub(r" *#.*", "", text)
    eq(plain(again.stdout), plain(out), "and is the same")


def settings_effective():
    s = Server(TWO, settings={"max-errors": "7"})
    s.text += "channel \"more\" { max-errors = 9 }\n"
    s.text += 'listen "smtp" { address = {"127.0.0.1"} port = @port@\n' \
        '  max-errors = 8 max-hops = 50 }\n'
    s.write_conf()
    for args, value, where in (
            (["--listener", "smtp"], 8, "  max-errors = 8"),
            (["--listener", "smtp", "--channel", "more"], 9, '"more"'),
            (["--channel", "more"], 9, '"more"'),
            (["--channel", "world"], 7, "max-errors = 7")):
        what = " ".join(args)
        out = inlet(s, "settings", *args).stdout
        like(out, r"^max-errors = %d +# \S+:%d$" % (value, line_of(s, where)),
             what)
        found = json.loads(inlet(s, "settings", "--json", *args).stdout)
        eq(found["settings"]["max-errors"],
           {"value": value, "default": False, "file": s.scratch.conf,
            "line": line_of(s, where)}, what + ", as JSON")
    found = json.loads(inlet(s, "settings", "--json").stdout)
    eq(found["server"]["finicky"], {"value": False, "default": True},
       "a default in JSON")
    eq(found["table"]["people"]["rows"]["value"], ["user", "other"], "a list")
    eq(found["listen"]["smtp"]["max-hops"]["value"], 50, "a listener's")
    p = inlet(s, "settings", "--channel", "none")
    eq(p.returncode, 64, "no such channel")
    p = inlet(s, "settings", "--listener", "none")
    eq(p.returncode, 64, "no such listener")


def table():
    s = Server(TWO.replace('"example.org", "inlet.example"',
                           '"example.org", ".example.net: v1", '
                           '"host.example.net: v2"'))
    s.text += 'table "file" { type = "text" file = "f" }\n'
    s.scratch.write("f", "# rows\nuser@example.org: some where\n"
                         "192.0.2.0/24: doc\n2001:db8::/32: six\n"
                         "!192.0.2.16/28\n!2001:db8::7\n")
    s.text += ('table "set" { type = "cidr" file = "c" }\n'
               'table "not" { type = "list" rows = {".example", '
               '"!no.example"} }\n')
    s.scratch.write("c", "10.0.0.0/8: ten\n!10.1.0.0/16\n")
    s.write_conf()

    def get(name, key):
        p = inlet(s, "table", "get", name, key)
        return p.returncode, p.stdout
    eq(get("here", "a.b.example.net"), (0, "v1\n%s:%d: .example.net\n" % (
        s.scratch.conf, line_of(s, '"here"'))), "through a parent domain")
    like(get("here", "Host.Example.NET")[1], r"\Av2\n.*host.example.net$",
         "the name itself first")
    eq(get("here", "example.net"), (1, "not found\n"), "not found: 1")
    path = s.scratch.at("f")
    eq(get("file", "192.0.2.9"), (0, "doc\n%s:3: 192.0.2.0/24\n" % path),
       "an address through its prefix")
    eq(get("file", "2001:db8::1"), (0, "six\n%s:4: 2001:db8::/32\n" % path),
       "IPv6 too")
    eq(get("file", "USER@example.org"),
       (0, "some where\n%s:2: user@example.org\n" % path), "a mailbox")
    eq(get("file", "other@example.org")[0], 1, "another mailbox")
    negated = "not found: a negated key\n"
    eq(get("file", "192.0.2.17"), (1, negated + "%s:5: !192.0.2.16/28\n" % path),
       "a negated prefix: 1, and which row")
    eq(get("file", "2001:DB8::7"), (1, negated + "%s:6: !2001:db8::7\n" % path),
       "a negated address")
    eq(get("not", "no.example"), (1, negated + "%s:%d: !no.example\n" % (
        s.scratch.conf, line_of(s, '"not"'))), "a negated name of a list")
    eq(get("set", "10.2.3.4"), (0, "ten\n%s:1: 10.0.0.0/8\n"
                                % s.scratch.at("c")), "CIDR: the prefix")
    eq(get("set", "10.1.2.3"), (1, negated + "%s:2: !10.1.0.0/16\n"
                                % s.scratch.at("c")), "CIDR: a negated one")
    eq(get("none", "x")[0], 64, "no such table")
    eq(sorted(inlet(s, "table", "list", "file").stdout.splitlines()),
       ["!192.0.2.16/28", "!2001:db8::7", "192.0.2.0/24: doc",
        "2001:db8::/32: six",
        "user@example.org: some where"], "list")
    eq(inlet(s, "table", "get", "file").returncode, 64, "no key")
    eq(inlet(s, "table", "put", "file", "x").returncode, 64, "no such word")
    s.scratch.write("f", "192.0.2.1/24: x\n")
    eq(get("file", "x")[0], 75, "a table that does not open: 75")


def damaged_gdbm():
    need = program("dbmbuild")
    if not os.path.exists(need):
        skip("no dbmbuild")
        return
    s = Server(TWO + 'table "g" { type = "gdbm" file = "g.db" }\n')
    s.scratch.write("g", "example.com: v\n.example.net: w\n")
    p = subprocess.run([need, s.scratch.at("g"), s.scratch.at("g.db")],
                       capture_output=True, text=True)
    eq((p.returncode, p.stderr), (0, ""), "dbmbuild")
    p = inlet(s, "table", "get", "g", "x.example.net")
    eq((p.returncode, p.stdout),
       (0, "w\n%s: .example.net\n" % s.scratch.at("g.db")), "GDBM: the key")
    with open(s.scratch.at("g.db"), "r+b") as f:
        f.seek(-100, os.SEEK_END)
        f.write(b"xxxx")
    eq(inlet(s, "table", "get", "g", "example.com").returncode, 75,
       "damaged: 75")
    finds(None, r"^error .*g\.db", "check finds it, too", server=s)


def queue():
    s = Server(TWO, deliver=False)
    eq(inlet(s, "queue").stdout, "the queue is empty\n", "nothing yet")
    with s:
        eq(json.loads(inlet(s, "queue", "--json").stdout), [],
           "nothing, as JSON")
        with s.client() as c:
            id_ = s.queue_id(c.message(
                b"Subject: \x1b[31mred\n\nlines\n\x07bell \xc3\xa9\n",
                ["user@example.org", "other@example.org"],
                "s@elsewhere.test"))
        out = inlet(s, "queue").stdout
        like(out, r"\A%s  \d+s  \d+ bytes  <s@elsewhere.test>\n"
             r"    waiting   <user@example.org> channel local\n"
             r"    waiting   <other@example.org> channel local\n"
             r"1 message\n\Z" % id_, "list")
        eq(inlet(s, "queue", "list").stdout.splitlines()[1:],
           out.splitlines()[1:], "list may be said")
        p = inlet(s, "queue", "show", id_)
        like(p.stdout, r"\Aid +%s\narrived +\w\w\w, .*\nsender +<s@else.*\n"
             r"([^\n]*\n)*channel +world\nclient +127.0.0.1\n([^\n]*\n)*recipients\n"
             % id_, "show: the envelope")
        ok("\n\nReceived: " in p.stdout and "\x07bell" in p.stdout,
           "and the message, as it is where no terminal is")
        found = json.loads(inlet(s, "queue", "--json").stdout)
        eq([(e["id"], e["sender"], e["channel"], len(e["recipients"]),
             e["recipients"][1]["address"], e["recipients"][1]["state"])
            for e in found],
           [(id_, "s@elsewhere.test", "world", 2, "other@example.org",
             "waiting")], "as JSON")
        one = json.loads(inlet(s, "queue", "show", id_, "--json").stdout)
        ok(one["message"].endswith("\x07bell \u00c3\u00a9\n"), "with text")
        eq(inlet(s, "queue", "show", "DC000000000000000000").returncode, 66,
           "no such message")
        eq(inlet(s, "queue", "show", "../x").returncode, 66, "no such name")
        eq(inlet(s, "queue", "drop").returncode, 64, "no such word")
        terminal(s, id_)
        deferred(s, id_)
    damaged(s)


def terminal(s, id_):
    """On a terminal nothing of the message gets through unescaped."""
    master, slave = os.openpty()
    p = spawn(s.command("inlet", *s.where(), "queue", "show", id_),
              stdout=slave, stderr=slave)
    os.close(slave)
    out = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        out += part
    os.close(master)
    p.wait()
    ok(b"\\x1b[31mred" in out and b"\\x07bell \\xc3\\xa9" in out,
       "on a terminal the message is escaped")
    ok(not re.search(rb"[^\r\n\t\x20-\x7e]", out), "all of it")


def deferred(s, id_):
    """What deliver could not do stands there with its reason."""
    os.chmod(s.scratch.mail, 0o555)
    if s.scratch.root:
        os.chown(s.scratch.mail, 0, 0)
    s.start_deliver()
    wait_for(lambda: inlet(s, "queue").stdout.count("deferred") == 2, 10,
             "two recipients deferred")
    like(inlet(s, "queue").stdout, r"^    deferred  <user@example.org> "
         r"channel local, tried 1 time, next in [1-5]m: 4\.\d+\.\d+ \w+",
         "deferred: tries, next try, reason")
    found = json.loads(inlet(s, "queue", "--json").stdout)
    r = found[0]["recipients"][0]
    ok(r["state"] == "deferred" and r["tries"] == 1 and
       r["next"] > time.time() and r["code"].startswith("4."),
       "the same in JSON")


def damaged(s):
    path = os.path.join(s.scratch.spool, "queue", s.scratch.queue()[0])
    with open(path, "r+b") as f:
        f.seek(-40, os.SEEK_END)
        f.write(b"\x00\x00")
    os.mkdir(os.path.join(s.scratch.spool, "queue", "x\x1by"))
    p = inlet(s, "queue")
    like(p.stdout, r"^%s  damaged: \w+" % os.path.basename(path),
         "a damaged entry is told")
    like(p.stdout, r"^2 messages, 2 of them damaged$|^x\\x1by  damaged",
         "and so is what is no entry")
    eq(p.returncode, 0, "and is not fatal")
    found = json.loads(inlet(s, "queue", "--json").stdout)
    ok("damage" in found[0], "in JSON, too")


def start():
    s = Server(TWO)
    p = inlet(s, "start")
    eq(p.returncode, 64, "start without --foreground: 64")
    like(p.stderr, "--foreground", "and says so")
    s.smtpd = keeper(s)
    s.wait_ready()
    s.send("Subject: 1\n\nx\n")
    s.deliveries("user@example.org", 1)
    ok(True, "smtpd and deliver serve")
    for name in ("smtpd", "deliver"):
        comes_back(s, name)
    old = [p.pid for p in descendants(s.smtpd.pid)]
    s.write_conf(settings={"greeting": '"new"'})
    s.smtpd.send_signal(signal.SIGHUP)
    wait_for(lambda: " new" in greeting(s), 10, "the new greeting")
    ok(True, "SIGHUP is passed on")
    ok(happens(lambda: s.scratch.log_lines("note", text="new configuration")),
       "to deliver, too") or diag(s.scratch.log_text())
    ok(alive(s.smtpd.pid) and set(old) & {
        p.pid for p in descendants(s.smtpd.pid)}, "and nothing restarted")
    ok(s.stop(), "SIGTERM: both end, exit 0, nothing is left")


def greeting(s):
    with s.client() as c:
        return c.greeting.text


def keeper(s, *args):
    out = open(s.scratch.at("stderr"), "ab")
    p = spawn(s.command("inlet", *s.where(), "start", "--foreground", *args),
              stdout=out, stderr=out, cwd="/", **s.as_user())
    out.close()
    return p


def child(s, name):
    found = [p.pid for p in descendants(s.smtpd.pid)
             if p.name == name and p.parent == s.smtpd.pid]
    return found[0] if found else None


def comes_back(s, name):
    """A busy machine takes its time, but not each time."""
    took = []
    while not took or min(took) >= slow(1) and len(took) < 4:
        took.append(back_after(s, name))
    diag("%s: back after %s" % (name, took))
    ok(min(took) < slow(1), "%s killed: service is back within a second" % name)


def back_after(s, name):
    before = len(s.scratch.maildir("user@example.org"))
    old = child(s, name)
    os.kill(old, signal.SIGKILL)
    begin = time.monotonic()
    wait_for(lambda: child(s, name) not in (None, old), 5, name)

    def taken():
        try:
            return s.send("Subject: 2\n\nx\n").code == 250
        except (OSError, EOFError):
            return False
    wait_for(taken, 5, "a message")
    took = time.monotonic() - begin
    s.deliveries("user@example.org", before + 1)
    return took


def start_fails():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        s = Server(TWO)
        s.ports["1"] = taken.getsockname()[1]
        s.write_conf()
        p = inlet(s, "start", "--foreground")
        eq(p.returncode, 71, "smtpd that cannot start: its exit code")
        like(p.stderr, r"cannot listen", "and its reason")
    p = inlet(s, "start", "--foreground", "-p", "nonsense")
    eq(p.returncode, 64, "-p is passed on, and judged")


def start_options():
    s = Server(TWO)
    s.ports["1"] = free_port()
    s.smtpd = keeper(s, "-d", "-f", "-n", "1", "-p", str(s.ports["1"]))
    wait_for(lambda: refused(s), what="a refusal")
    ok(True, "-f and -p are passed on")
    ok(s.stop(signal.SIGINT), "SIGINT ends it, too")


def interrupted():
    """Control-C ends it in good order: a session may finish."""
    s = Server(TWO, settings={"drain-time": "20s"})
    master, slave = os.openpty()

    def own_terminal():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    s.smtpd = spawn(s.command("inlet", *s.where(), "start", "--foreground"),
                    stdin=slave, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL, cwd="/",
                    preexec_fn=own_terminal)
    os.close(slave)
    s.wait_ready()
    with s.client() as c:
        c.hello()
        c.envelope()
        c.cmd("DATA")
        os.write(master, b"\x03")
        wait_for(lambda: [line for line in s.scratch.log_lines("note")
                          if 'text="stopping, ' in line], what="stopping")
        c.send("Subject: x\r\n\r\nx\r\n.\r\n")
        eq(c.reply().code, 250, "control-C: a message under way is finished")
    eq(s.smtpd.wait(slow(60)), 0, "and then it ends")
    os.close(master)
    s.smtpd = None


def refused(s):
    try:
        with s.client(greet=False) as c:
            return c.reply().code == 554
    except (OSError, EOFError, Late):
        return False


def session_and_smtpd():
    s = Server(TWO)
    s.smtpd = keeper(s)
    s.wait_ready()
    with s.client() as c:
        c.hello()
        old = child(s, "smtpd")
        os.kill(old, signal.SIGKILL)
        wait_for(lambda: child(s, "smtpd") not in (None, old), 5, "smtpd")
        ok(c.cmd("NOOP").code in (250, 421),
           "a session without its smtpd gets a true answer")
    ok(s.stop(), "and it all ends")


def as_process_1():
    """In a pid namespace it reaps orphans and obeys SIGTERM."""
    if not ROOT or not tool("unshare") or subprocess.run(
            ["unshare", "--pid", "--fork", "true"],
            capture_output=True).returncode != 0:
        skip("no pid namespace")
        return
    s = Server(TWO)
    out = open(s.scratch.at("stderr"), "ab")
    s.smtpd = spawn(["unshare", "--pid", "--fork"] + s.command(
        "inlet", *s.where(), "start", "--foreground"), stdout=out,
        stderr=out, cwd="/")
    s.wait_ready()
    one = [p.pid for p in descendants(s.smtpd.pid) if p.name == "inlet"][0]
    smtpd = [p.pid for p in descendants(one) if p.name == "smtpd"][0]
    os.kill(smtpd, signal.SIGKILL)
    s.wait_ready()

    def zombies():
        return [p for p in processes().values()
                if p.parent == one and p.state == "Z"]
    ok(happens(lambda: not zombies()), "as process 1 it reaps orphans")
    os.kill(one, signal.SIGTERM)
    eq(s.smtpd.wait(slow(60)), 0, "and ends with 0")
    s.smtpd = None


def words():
    s = Server(TWO)
    eq(inlet(s).returncode, 64, "no command: 64")
    like(inlet(s, "help").stdout, r"usage: .*\n([^\n]*\n)*    start ", "help")
    like(inlet(s, "help", "table").stdout, r"get name key", "help table")
    like(inlet(s, "chek").stderr, r"is check meant\?", "a slip")
    eq(inlet(s, "check", "x").returncode, 64, "too many operands")
    with open("/dev/full", "w") as full:
        p = subprocess.run(s.command("inlet", *s.where(), "settings"),
                           stdout=full, stderr=subprocess.DEVNULL)
        eq(p.returncode, 74, "a full disk is no success")


def ordinary():
    """Everything for somebody who is not root."""
    if not ROOT:
        skip("we are that already")
        return
    s = Server(TWO, scratch=Scratch(user=NOBODY))
    code, out, err = check(s)
    eq((code, err), (0, ""), "check as an ordinary user")
    like(out, r"^note .*not root: all programs run as user 65534", "says so")
    eq(inlet(s, "queue").stdout, "the queue is empty\n", "queue")
    s.smtpd = keeper(s)
    s.wait_ready()
    s.send("Subject: 1\n\nx\n")
    s.deliveries("user@example.org", 1)
    ok(s.stop(), "start, a message, stop")
    other = Server(TWO, deliver=False)
    with other:
        other.send("Subject: 1\n\nx\n")
    p = subprocess.run(other.command("inlet", *other.where(), "queue"),
                       capture_output=True, text=True, user=NOBODY,
                       group=NOBODY, extra_groups=[])
    eq(p.returncode, 77, "another's queue may not be read: 77")


run(words, clean, open_relay, rfc, passed_on, places, tables, broken, settings,
    settings_effective, table, damaged_gdbm, queue, start, start_fails,
    start_options, interrupted, session_and_smtpd, as_process_1, ordinary)
