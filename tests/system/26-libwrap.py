#!/usr/bin/env python3
"""hosts.allow and hosts.deny: addresses, names, daemon and channel, files
that are missing, cannot be read or cannot be followed, and that change."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from names import Names

REVERSE = {"10.0.0.127.in-addr.arpa": "good.friend.test",
           "11.0.0.127.in-addr.arpa": "liar.friend.test",
           "12.0.0.127.in-addr.arpa": "stranger.test"}
FORWARD = {"good.friend.test": "127.0.0.10", "liar.friend.test": "192.0.2.1",
           "stranger.test": "127.0.0.12"}
ADDRESS, FRIEND, LIAR, STRANGER, NAMELESS, FAILING, LAN = (
    "127.0.0.9", "127.0.0.10", "127.0.0.11", "127.0.0.12", "127.0.0.13",
    "127.0.1.1", "127.0.2.1")
CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user"} }
table "net" { type = "list"  rows = {"127.0.2.0/24"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "lan" { table = "net"  @lan@ }
channel "world" { }
"""
# The harness asks for a greeting from there.
HARNESS = "ALL: 127.0.0.1\n"


def built():
    """Is there libwrap in it?  lookup alone links it."""
    listed = subprocess.run(["ldd", program("lookup")], capture_output=True,
                            text=True, check=False).stdout
    return "libwrap" in listed


def server_with(allow, deny, names=None, lan="", **settings):
    settings = {k.replace("_", "-"): '"%s"' % v for k, v in settings.items()}
    if names:
        settings["dns-servers"] = '{"127.0.0.1:%d"}' % names.port
    s = Server(CONF.replace("@lan@", lan), deliver=False, settings=settings)
    rules(s, allow, deny)
    return s


def rules(s, allow, deny):
    for name, text in (("hosts.allow", allow), ("hosts.deny", deny)):
        path = s.scratch.at(name)
        if text is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        else:       # as an editor does it: a new file, renamed
            s.scratch.write(name + ".new", text)
            os.rename(path + ".new", path)


def greeting(s, source):
    with s.client(source=source) as c:
        return c.greeting.text


def logs(s, pattern, what):
    """lookup's line may come after the session's reply."""
    ok(happens(lambda: re.search(pattern, s.scratch.log_text())), what)


def code(s, source):
    with s.client(source=source) as c:
        return c.greeting.code


def addresses():
    with server_with(HARNESS, "smtpd: 127.0.0.9\n") as s:
        # RFC 5321 3.1: with what there is to know
        like(greeting(s, ADDRESS), r"^554 5\.7\.1 Access denied to "
             r"'127\.0\.0\.9'", "a denied host hears why")
        with s.client(source=ADDRESS) as c:
            says(c.greeting, "ACCESS_DENIED", "in the words of the table")
        eq(code(s, FRIEND), 220, "another does not")
        line = wait_for(lambda: s.scratch.log_lines("refuse",
                                                    reason="libwrap"))[-1]
        like(line, r'ip=127\.0\.0\.9 .*detail="daemon=smtpd"',
             "the log says under which name")
        # The same server: the files are read for every connection.
        for allow, deny, denied, what in (
                ("", "ALL: ALL\n", (ADDRESS, FRIEND), "ALL: ALL"),
                ("smtpd world: 127.0.0.9\n", "ALL: ALL\n", (FRIEND,),
                 "one allowed, all others denied"),
                ("", "smtpd: 127.0.0.8/30\n", (ADDRESS, FRIEND), "a prefix"),
                ("", "smtpd: 127.0.0.0/255.255.255.0 EXCEPT 127.0.0.10\n",
                 (ADDRESS,), "a mask and EXCEPT"),
                ("", "ALL EXCEPT smtpd world: ALL\n", (), "EXCEPT us"),
                ("", "sshd: ALL\n", (), "rules for others"),
                ("smtpd: 127.0.0.9: deny\n", "", (ADDRESS,),
                 "the option deny"),
                (None, "smtpd: 127.0.0.9\n", (ADDRESS,), "no hosts.allow"),
                ("smtpd: 127.0.0.9\n", None, (), "no hosts.deny")):
            rules(s, HARNESS + allow if allow is not None else None, deny)
            eq({a for a in (ADDRESS, FRIEND) if code(s, a) == 554},
               set(denied), what)


def channels():
    with server_with(HARNESS, "lan: ALL\n") as s:
        eq((code(s, LAN), code(s, ADDRESS)), (554, 220),
           "a rule for one channel")
        like(wait_for(lambda: s.scratch.log_lines("refuse"))[-1],
             r'chan=lan .*detail="daemon=lan"', "which the log names")
        rules(s, HARNESS + "smtpd: ALL\n", "ALL: ALL\n")
        eq((code(s, LAN), code(s, ADDRESS)), (554, 554),
           "the channel's name must be allowed, too")
        rules(s, HARNESS + "smtpd lan: ALL\n", "ALL: ALL\n")
        eq((code(s, LAN), code(s, ADDRESS)), (220, 554),
           "and then is, for that channel")


def by_setting():
    with server_with(HARNESS, "ALL: ALL\n", libwrap="off") as s:
        eq(code(s, ADDRESS), 220, "off: nobody asks")
        wait_for(lambda: s.scratch.log_lines("note"))
    with server_with(HARNESS, "post: ALL\nworld: 127.0.0.9\n", lan='libwrap-'
                     'daemon = "post"  libwrap-denial = "defer"') as s:
        like(greeting(s, LAN), r"^421 4\.7\.0 Access denied for now",
             "a channel's own daemon name and its 421")
        with s.client(source=LAN) as c:
            says(c.greeting, "DENIED_FOR_NOW", "in the words of the table")
        like(greeting(s, ADDRESS), r"^554 ", "others keep 554")
        eq(code(s, FRIEND), 220, "and their own name")


def empty_at_first():
    with server_with("# nothing\n", None) as s:
        rules(s, None, "smtpd: 127.0.0.9\n")
        eq(code(s, ADDRESS), 220, "auto: a first rule does not count at once")
        s.reload()
        ok(happens(lambda: code(s, ADDRESS) == 554), "but after SIGHUP")
    with server_with(None, None, libwrap="on") as s:
        eq(code(s, ADDRESS), 220, "on: no files, no rules")
        rules(s, None, "smtpd: 127.0.0.9\n")
        eq(code(s, ADDRESS), 554, "and the first rule counts at once")


def by_name():
    names = Names(REVERSE, FORWARD, r"\.1\.0\.127\.")
    with server_with(HARNESS, "smtpd: .friend.test\n", names) as s:
        eq([code(s, a) for a in (FRIEND, LIAR, STRANGER, NAMELESS)],
           [554, 220, 220, 220], "only a name that confirms counts")
        asked = len(names.asked)
        like(greeting(s, FAILING), r"^421 4\.4\.3 ",
             "a look-up that fails is no verdict")
        rules(s, HARNESS, "smtpd: 127.0.0.\n")
        del names.asked[:]
        eq(code(s, "127.0.0.77"), 554, "no rule wants the name")
        ok(asked > 0 and not names.asked, "so it is not asked for")
        rules(s, HARNESS, "smtpd: PARANOID\n")
        eq([code(s, a) for a in (FRIEND, LIAR, STRANGER, NAMELESS)],
           [220, 554, 220, 220], "PARANOID: a name that points elsewhere")
        rules(s, HARNESS, "smtpd: UNKNOWN\n")
        eq([code(s, a) for a in (FRIEND, NAMELESS)], [220, 554],
           "UNKNOWN: no name")
        rules(s, HARNESS + "smtpd world: .friend.test\n", "ALL: ALL\n")
        eq([code(s, a) for a in (FRIEND, LIAR, STRANGER, NAMELESS)],
           [220, 554, 554, 554], "a name that is allowed")


def trouble():
    with server_with(HARNESS, "smtpd: 127.0.0.9\n") as s:
        before = [p.pid for p in descendants(s.smtpd.pid)
                  if p.name == "lookup"]
        deny, touched = s.scratch.at("hosts.deny"), s.scratch.at("touched")
        for rule, answer, pattern, what in (
                ("smtpd: ALL: aclexec touch %s" % touched, 421, "aclexec",
                 "an option that decides by a command"),
                ("smtpd: ALL: umask 022", 421, "umask", "one that changes us"),
                ("smtpd: @staff", 421, "@staff", "a netgroup"),
                ("smtpd 127.0.0.9", 421, "colon", "a rule without its colon"),
                ("smtpd: %s" % s.scratch.at("none"), 421, "none",
                 "a file of patterns that is missing"),
                ("smtpd: ALL: spawn touch %s" % touched, 554, "spawn",
                 "spawn: the verdict, not the command"),
                ("smtpd: ALL: twist touch %s" % touched, 554, "twist",
                 "twist: the same"),
                ("smtpd: 127.0.0.0/nonsense", 421, "nonsense", "a bad mask")):
            rules(s, HARNESS, "# one\n%s\n" % rule)
            eq(code(s, ADDRESS), answer, what)
            logs(s, re.escape(deny) + ":2: .*" + re.escape(pattern),
                 "  file, line and word in the log")
        ok(not os.path.exists(touched), "nothing was run")
        rules(s, HARNESS, "sshd: ALL: spawn x\nsshd: ALL: aclexec y\n")
        eq(code(s, ADDRESS), 220, "what others' rules do is not for us")
        eq([p.pid for p in descendants(s.smtpd.pid) if p.name == "lookup"],
           before, "lookup lived through all of it")


def unreadable():
    with server_with(HARNESS, "smtpd: 127.0.0.9\n") as s:
        path = s.scratch.at("hosts.allow")
        if not s.scratch.root:
            skip("lookup is who owns the files")
            return
        os.chmod(path, 0)
        like(greeting(s, FRIEND), r"^421 4\.3\.0 ",
             "a file that lookup may not read")
        logs(s, re.escape(path) + ": Permission denied",
             "is named in the log")
        p = s.inlet(*s.where(), "check")
        eq(p.returncode, 78, "inlet check: an error")
        like(p.stdout, r"^error .*lookup .* cannot read " + re.escape(path),
             "and says so")
        os.chmod(path, 0o644)
        eq(code(s, FRIEND), 220, "mended, it is read at once")


def checked():
    s = server_with("smtpd: ALL: spawn x\n\n",
                    "sshd: ALL: twist\n# x\nlan, x: ALL: banners /x\n"
                    "world: @staff\n")
    p = s.inlet(*s.where(), "check")
    eq(p.returncode, 78, "inlet check refuses what is not done")
    for pattern in (r"hosts\.allow:1: the option spawn is not done",
                    r"hosts\.deny:3: the option banners is not done",
                    r"hosts\.deny:4: netgroups \(@staff\)"):
        like(p.stdout, r"^error .*" + pattern, "file, line and word")
    ok("twist" not in p.stdout, "not what others' rules do")
    like(p.stdout, r"^ok .*hosts\.deny, 3 rules, 2 about us", "the count")
    rules(s, "smtpd lan: ALL\n", "# x\nALL: ALL\n")
    p = s.inlet(*s.where(), "check")
    eq(p.returncode, 0, "all are denied, and one name is not allowed")
    like(p.stdout, r'^warning .*hosts\.deny:2: all hosts are denied for the '
         r'channel "world", and \S+hosts\.allow has no rule', "a warning")
    ok('channel "lan"' not in "".join(
        line for line in p.stdout.splitlines() if "denied" in line) and
        "the daemon" not in p.stdout, "not of names that are allowed")
    rules(s, "smtpd: ALL\n", None)
    p = s.inlet(*s.where(), "check")
    eq(p.returncode, 0, "good files are good")
    for allow, deny, is_open in (
            ("ALL: ALL: setenv RELAYCLIENT\n", "", True),
            ("world: ALL: nice : setenv RELAYCLIENT @gw.example\n", "", True),
            ("", "smtpd: ALL: setenv = RELAYCLIENT x : allow\n", True),
            ("", "smtpd: ALL: setenv RELAYCLIENT\n", False),
            ("smtpd: ALL: setenv RELAYCLIENT : deny\n", "", False),
            ("smtpd: 10.: setenv RELAYCLIENT\n", "", False),
            ("lan: ALL: setenv RELAYCLIENT\n", "", False),
            ("smtpd: ALL: setenv RELAYCLIENTS\n", "", False)):
        rules(s, allow, deny)
        p = s.inlet(*s.where(), "check")
        eq((p.returncode, "OPEN RELAY: setenv RELAYCLIENT" in p.stdout),
           (78, True) if is_open else (0, False), allow + deny)
    s.write_conf(settings={"libwrap-daemon": '"a b"',
                           "hosts-deny": '"hosts.deny"'})
    p = s.inlet(*s.where(), "check")
    eq(p.returncode, 78, "bad settings")
    like(p.stdout + p.stderr, r'libwrap-daemon: "a b" is not made of',
         "a daemon's name with a blank")
    like(p.stdout + p.stderr, r'hosts-deny must be an absolute path',
         "a relative file")


if not built():
    skip_all("built without libwrap")
run(addresses, channels, by_setting, empty_at_first, by_name, trouble,
    unreadable, checked)
