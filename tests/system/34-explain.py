#!/usr/bin/env python3
"""inlet explain and a real session say the same, in hundreds of cases; and
what else the command is for: why, and what another configuration changes."""
import glob
import json
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from names import Names
from nsd import Nsd

CASES = 20000 if FULL else 2000

CONF = """\
table "here" { type = "list"  rows = {"example.org", ".example.org",
    "!not.example.org", "[127.0.0.1]", "other.example", "far.test"} }
table "people" { type = "text"  file = "people" }
table "aliases" { type = "text"  file = "aliases" }
table "networks" { type = "cidr"  file = "networks" }
table "friends" { type = "gdbm"  file = "friends.db" }
table "far" { type = "list"  rows = {"far.test", ".far.test"} }
table "backup" { type = "list"  rows = {"backup.test", "127.9.0.1"} }
table "one" { type = "list"  rows = {"127.0.0.1", "::1"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people"
    aliases = "aliases" }
channel "friends" { table = "friends"  max-message-size = "2K"
    greylist-delay = "1s" }
channel "lan" { table = "networks"  relay = yes }
channel "backup" { table = "backup"  program = "x"  trusted = yes
    accept-from = {"world", "friends"} }
channel "far" { table = "far"  program = "x" }
channel "own" { table = "one"  relay = yes }
channel "office" { table = "office"  authorise = {"in-block", "in-log"}
    insrc = "office-in"  indest = "office-to"  authorise-table = "users" }
channel "guests" { table = "guests"  relay = yes  authorise = {"in-warn"}
    indest = "office-to" }
channel "depot" { table = "depot"  program = "x"
    authorise = {"out-block", "host-and-user"}  outsrc = "depot-from"
    outdest = "depot-to"  authorise-table = "users" }
channel "depot2" { table = "depot"  program = "x"  accept-from = {"guests"} }
channel "world" { }
table "office" { type = "list"  rows = {"127.10.0.0/24", "127.2.0.9"} }
table "office-in" { type = "text"  file = "office-in" }
table "office-to" { type = "list"  rows = {"far: h9.friend.test",
    "backup: 127.10.0.3, 127.11.0.3", "depot"} }
table "guests" { type = "list"  rows = {"127.11.0.0/24", ".stranger.test"} }
table "depot" { type = "list"  rows = {".depot.test", "depot.test",
    "[127.0.0.3]"} }
table "depot-from" { type = "list"  rows = {"lan", "office",
    "office 127.10.0.5: in.depot.test", "friends: depot.test"} }
table "depot-to" { type = "list"  rows = {"free.depot.test",
    "in.depot.test: world, guests, 127.3.3.3", "x.depot.test: nowhere"} }
table "users" { type = "text"  file = "users" }
table "badhelo" { type = "glob"  file = "badhelo" }
table "bad" { type = "text"  file = "bad" }
table "hosts" { type = "text"  file = "hosts" }
listen "smtp" { address = {ADDRESSES}  port = @port@  sender-own = "exists"
    helo-refuse = "badhelo"  sender-domain = "resolves"
    sender-refuse = "bad"  dnslists = LISTS  dnslist-refuse = 4
    dnslist-greylist = 1  spf = "both"
    spf-actions = {"fail refuse", "temperror refuse", "permerror refuse"} }
listen "finicky" { address = {ADDRESSES}  port = @port2@  finicky = yes
    max-message-size = "1M"  delay-refusals = no  helo-syntax = "strict"
    helo-literal = "own"  helo-resolve = "match"  sender-literal = "refuse"
    sender-own = "refuse"  host-settings = "hosts"  dnslists = LISTS
    spf = "sender"  spf-actions = {"softfail refuse"}  greylist = on
    greylist-spare = {"spf", "dnslists"} }
listen "some" { address = {ADDRESSES}  port = @port3@  lookup-names = "never"
    channels = {"own", "lan", "world"}  max-command-line = 600
    helo-own = "refuse"  helo-syntax = "full"  unqualified = "complete"
    recipient-refuse = "bad"  sender-domain = "full"
    host-settings = "hosts"  spf = "both"  spf-helo-actions = {}
    rehearse = {"spf"}  greylist = on  greylist-spare = {"spf"} }
listen "strict" { address = {ADDRESSES}  port = @port4@  finicky = yes
    channels = {"friends", "lan"}  lookup-names = "always"
    helo-resolve = "exists"  sender-null = "refuse"  greylist = on }
greylist-delay = "1d"
greylist-passes = 1
prefix-length-ipv4 = 24
"""
LISTS = """{"bl.test weight 2", "bl.test weight 2 answers 127.0.0.4",
    "wl.test allow", "names.test of name weight 3",
    "dbl.test of sender weight 4", "dbl.test of helo", "fail.test weight 9",
    "error.test weight 9"}"""
LISTENERS = {"smtp": "1", "finicky": "2", "some": "3", "strict": "4"}

REVERSE = {"%d.0.2.127.in-addr.arpa" % n: "h%d.friend.test" % n
           for n in range(1, 20)}
REVERSE.update({"%d.0.7.127.in-addr.arpa" % n: "h%d.stranger.test" % n
                for n in range(1, 20)})
FORWARD = {name: "127.2.0." + re.match(r"h(\d+)", name).group(1)
           for name in REVERSE.values() if "friend" in name}
# Of the others half have a name that does not point back.
FORWARD.update({name: "127.7.0." + re.match(r"h(\d+)", name).group(1)
                for name in REVERSE.values() if "stranger" in name and
                int(re.match(r"h(\d+)", name).group(1)) % 2})
FORWARD.update({"elsewhere.test": "127.99.0.1", "client.test": "127.0.0.1"})
# What lists have: 127.0.0.4 for every fourth address, 127.0.0.2 for a third.
for net in ("2.0", "7.0", "3.3", "10.0", "11.0"):
    for n in range(1, 20):
        name = "%d.%s.127.%%s.test" % (n, ".".join(reversed(net.split("."))))
        if n % 3 == 0 or n % 4 == 0:
            FORWARD[name % "bl"] = "127.0.0.%d" % (2 if n % 3 == 0 else 4)
        if n % 5 == 0:
            FORWARD[name % "wl"] = "127.0.0.2"
        FORWARD[name % "error"] = "127.255.255.254"
FORWARD.update({"h4.friend.test.names.test": "127.0.0.2",
                "h5.stranger.test.names.test": "127.0.0.2",
                "listed.test.dbl.test": "127.0.0.2",
                "x.dsl.test.dbl.test": "127.0.0.9",
                "listed.test": "127.0.0.1", "pass.test": "127.0.0.1",
                "127.2.0.7.ok.test": "127.0.0.2"})
TEXT = {"mail.test": "v=spf1 ip4:127.3.0.0/16 ip4:127.2.0.0/16 -all",
        "soft.test": "v=spf1 ~all", "pass.test": "v=spf1 +all",
        "listed.test": ["v=spf1 +all", "another record"],
        "elsewhere.test": "v=spf1 include:mail.test ?all",
        "two.test": ["v=spf1 +all", "v=spf1 -all"],
        "macro.test": "v=spf1 exists:%{i}.ok.test include:pass.%{d2} -all",
        "pass.macro.test": "v=spf1 a -all",
        "late.test": "v=spf1 include:fail.test -all",
        "h2.friend.test": "v=spf1 a -all",
        "client.test": "v=spf1 ip4:127.0.0.1 ip6:::1 -all"}
MAIL = {**dict.fromkeys(("mail.test", "pass.test", "two.test", "macro.test",
                         "late.test", "soft.test"), "elsewhere.test"),
        "null.test": ""}
FAILING = r"\.8\.127\.|(^|\.)fail\.test$"

FILES = {
    "badhelo": "!good.dsl.*\n*.dsl.*  no such names\nunder*\n",
    "bad": "spam@mail.test: no spam\n!ann@example.org\n"
           "@all.example.org\n.friend.test\n",
    "hosts": "127.3.3.0/24: relay=no max-message-size=2K\n"
             "127.4.4.4: nonsense=1\n127.5.0.1: relay=yes max-messages=1\n"
             ".stranger.test: relay=yes sender-null=refuse\n"
             "127.11.0.0/24: helo-syntax=full sender-domain=full\n"
             "127.11.0.3: relay=yes relay-suffix=.far.test\n",
    "people": "user\nann@example.org\nbob+list@example.org\nbob\n"
              "folder: Team/Box\nevil: ../x\n@all.example.org\n",
    "aliases": "two: user, ann@example.org\nout: x@far.test\n"
               "lost: x@nowhere.test\nhalf: lost, user, |prog\n"
               "loop1: loop2\nloop2: loop1\nself: self\n"
               "bob: bob@example.org\n@moved.example.org: user\n"
               "backup: x@backup.test\n",
    "networks": "127.3.0.0/16\n!127.3.4.0/24\n127.4.4.4\n::2\n",
    "office-in": "127.10.0.1\n127.10.0.2: far, depot.test\n"
                 "127.10.0.4: world local\n127.10.0.6: 127.0.0.3 .depot.test"
                 "\nh9.friend.test: depot\n",
    "users": "ann@lan.test: both\nbob@lan.test: send office, recv depot\n"
             "joe@lan.test: \"Ask the postmaster\" depot\n"
             "old@lan.test: expire\n@all.test: send depot\n"
             "list@depot.test: list\ngone@depot.test: expire depot\n"
             "@free.depot.test: recv\nodd@lan.test: odd row\n",
    "friends": ".friend.test\n!h3.friend.test\n127.5.0.1\nfriend.test\n",
}

LOCAL = ["user", "ann", "bob", "bob+list", "bob+x", "two", "out", "lost",
         "half", "loop1", "self", "folder", "evil", "backup", "nobody",
         "postmaster", "PostMaster", "USER", '"user"', '"a b"', '"a@b"',
         "user%far.test", "far.test!user", "a..b", ".a", "a.", "b\u00fc",
         "x" * 64, "x" * 65, '"\\"', "+x", "user+a+b", "a/b", "@x.test:user"]
DOMAIN = ["example.org", "Example.ORG", "sub.example.org", "not.example.org",
          "x.not.example.org", "all.example.org", "moved.example.org",
          "other.example", "far.test", "a.far.test", "backup.test",
          "nowhere.test", "friend.test", "[127.0.0.1]", "[127.0.0.2]",
          "[IPv6:::1]", "[IPv6:2001:db8::1]", "[300.0.0.1]", "inlet.example",
          "-bad.test", "b\u00fc.test", "a" * 64 + ".test", "x..test", ""]
WHOLE = ["", "<>", "<postmaster>", "<user>", "user", "<user@example.org",
         "user@example.org>", "<@a.test,@b.test:user@example.org>", "<<a@b>>",
         "<user@example.org> X", "<user@example.org>X=Y", "<a b@example.org>",
         "<user@example.org> NOTIFY=NEVER", "<" + "y" * 1200 + "@a.test>",
         "<user@example.org>  ", "< user@example.org>", "\a", "<a\0b@c.test>"]
USERS = ["ann@lan.test", "bob@lan.test", "joe@lan.test", "old@lan.test",
         "x@all.test", "odd@lan.test"]
DEPOT = ["depot.test", "free.depot.test", "in.depot.test", "x.depot.test",
         "y.depot.test", "[127.0.0.3]"]
PARAMETERS = ["SIZE=1000", "SIZE=3000", "SIZE=2000000", "SIZE=99999999",
              "SIZE=x", "SIZE=", "BODY=8BITMIME", "BODY=7BIT", "BODY=x",
              "SIZE=10 SIZE=10", "RET=FULL", "X-UNKNOWN=1", "SIZE",
              "body=8bitmime size=5", "SMTPUTF8", "SMTPUTF8 SIZE=5",
              "ENVID=x RET=HDRS", "ENVID=+0A", "BY=5;R", "MT-PRIORITY=3"]
HELO = ["client.test", "a", "[127.0.0.1]", "[nonsense]", "a b", "under_score",
        "b\u00fc", "x" * 300, "[IPv6:::1]", "-", ".", "x.dsl.test",
        "inlet.example", "Sub.example.org", "h2.friend.test", "fail.test",
        "127.0.0.1", "mail.test", "[127.2.0.1]", "absent.test"]
SENDER = ["a@elsewhere.test", "a@mail.test", "a@null.test", "a@fail.test",
          "a@absent.test", "spam@mail.test", "user@example.org",
          "nobody@example.org", "a@[127.9.9.9]", "a@local", "<>", "user",
          "a@pass.test", "b@pass.test", "a@listed.test", "a@two.test",
          "a@macro.test", "a@soft.test", "a@late.test", "a@elsewhere.test"]


def six():
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as s:
        s.bind(("::1", 0))
        return True
    return False


def generate(r):
    """(listener, address, from, to, helo); helo may be empty."""
    address = r.choice(["127.0.0.1", "127.2.0.%d" % r.randint(1, 19),
                        "127.7.0.%d" % r.randint(1, 19),
                        "127.3.%d.%d" % (r.randint(3, 5), r.randint(1, 9)),
                        "127.4.4.%d" % r.randint(3, 5), "127.5.0.1",
                        "127.8.0.%d" % r.randint(1, 5), "127.9.0.1",
                        "127.200.1.1", "::1"])
    if address == "::1" and not six():
        address = "127.0.0.2"

    def path(odd):
        if r.random() < odd:
            return r.choice(WHOLE)
        text = "%s@%s" % (r.choice(LOCAL), r.choice(DOMAIN))
        return text if r.random() < 0.5 else "<%s>" % text
    sender = r.choice(["a@elsewhere.test", r.choice(SENDER), path(0.3),
                       r.choice(USERS)])
    if r.random() < 0.3:
        sender = ("<%s>" % sender if sender[:1] != "<" else sender) \
            + " " + r.choice(PARAMETERS)
    to = path(0.1)
    if r.random() < 0.4:
        to = r.choice(LOCAL[:16]) + "@" + r.choice(DOMAIN[:13])
    if r.random() < 0.3:
        to = r.choice(["user", "list", "gone", "ann"]) + "@" + r.choice(DEPOT)
    if r.random() < 0.3:
        address = "127.1%d.0.%d" % (r.randint(0, 1), r.randint(1, 7))
    helo = r.choice(HELO) if r.random() < 0.2 else ""
    return (r.choice(list(LISTENERS)), address, sender, to, helo)


def gate_case(r):
    """One that gets as far as lists, SPF and the greylist."""
    return (r.choice(["smtp", "finicky", "some", "strict"]),
            r.choice(["127.2.0.%d", "127.7.0.%d", "127.99.0.%d",
                      "127.11.0.%d"]) % r.randint(1, 19),
            r.choice(SENDER[-8:] + SENDER[:2]),
            r.choice(["user@example.org"] * 9 + ["postmaster@example.org"]),
            r.choice(["", "", "client.test", "h2.friend.test", "x.dsl.test",
                      "mail.test", "pass.test"]))


def generated():
    """Some that every run must have, and what a fixed seed gives."""
    r = random.Random(34)
    cases = [(l, a, "a@elsewhere.test", to, "") for l in LISTENERS
             for a in ("127.0.0.1", "127.2.0.1", "127.2.0.3", "127.7.0.1",
                       "127.7.0.2", "127.8.0.1", "127.3.3.3", "127.3.4.4")
             for to in ("user@example.org", "x@far.test", "x@backup.test")]
    cases += [gate_case(r) for _ in range(CASES // 4)]
    while len(cases) < CASES:
        case = generate(r)
        # No line of a batch can have these; and the client cannot say them.
        if not any(c in "".join(case) for c in "\t\n\0"):
            cases.append(case)
    return cases


def bracket(path):
    return path if path[:1] == "<" else "<%s>" % path


def literal(address):
    return "[IPv6:%s]" % address if ":" in address else "[%s]" % address


def dialogue(server, case):
    """The first refusal of a real session, or the reply to RCPT."""
    listener, address, sender, to, helo = case
    port = int(server.ports[LISTENERS[listener]])
    there = "::1" if ":" in address else "127.0.0.1"
    with server.client(address=there, port=port, source=address) as c:
        reply = c.greeting
        for line in ("EHLO " + (helo or literal(address)),
                     "MAIL FROM:" + bracket(sender),
                     "RCPT TO:" + bracket(to)):
            if reply.code >= 400:
                break
            c.line(line)
            reply = c.reply()
        # In a log the session has its name, and here it has none.
        return re.sub(r" \([0-9a-z]+\)$", "", reply.text.split("\n")[-1])


def batch(s, cases, *args):
    lines = "".join("\t".join(case) + "\n" for case in cases)
    p = subprocess.run(
        s.command("inlet") + s.where() + ["explain", *args, "-"],
        input=lines.encode(), capture_output=True, timeout=slow(100),
        **s.as_user())
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def explain(s, cases):
    """What explain says of them, and the exit codes, by listener."""
    found, codes = {}, {}
    for listener in LISTENERS:
        mine = [c for c in cases if c[0] == listener]
        if not mine:
            continue
        code, out, err = batch(s, [c[1:] for c in mine], "--json",
                               "--listener", listener)
        eq(err, "", "listener %s: nothing on standard error" % listener)
        for case, answer in zip(mine, json.loads(out)):
            found[case] = answer
        codes[listener] = code
    return found, codes


def final(answer):
    return " ".join(str(word) for word in (
        answer["code"], answer["enhanced"], answer["text"]) if word)


def make(names):
    addresses = '"127.0.0.1"' + (', "::1"' if six() else "")
    scratch = Scratch()
    s = Server(CONF.replace("ADDRESSES", addresses).replace("LISTS", LISTS),
               scratch=scratch, deliver=False, settings={
        "dns-servers": '{"127.0.0.1:%d"}' % names.port,
        "lookup-names": '"auto"',
        "greylist-directory": '"%s"' % scratch.make(
            "grey", LOOKUP if ROOT else None, 0o700),
        "max-connections-per-prefix": "200"})
    for name, text in FILES.items():
        s.scratch.write(name, text)
    subprocess.run([program("dbmbuild"), s.scratch.at("friends"),
                    s.scratch.at("friends.db")], check=True,
                   capture_output=True, **s.as_user())
    return s


def prove(s, address):
    """A network of friends comes again, and is known from now on."""
    def came():
        # Another sender each time would never have come again.
        return dialogue(s, ("strict", address, "again@elsewhere.test",
                            "user@example.org", "h1.friend.test"))
    like(came(), "^451 4.7.1 You are new here", "a friend, once")
    wait_for(lambda: came()[:3] == "250", 20, "and again")


def timeless(text):
    """How long a stranger has to wait is less with each moment."""
    return re.sub(r"(try again in )\d+ s", r"\1", text)


def compare(s, cases):
    found, codes = explain(s, cases)
    real = {case: dialogue(s, case) for case in cases}
    wrong = [case for case in cases
             if timeless(final(found[case])) != timeless(real[case])]
    ok(not wrong, "%d cases: explain and a session agree" % len(cases))
    for case in wrong[:10]:
        diag("%s\n  session %s\n  explain %s" % (case, real[case],
                                               final(found[case])))
    return found, codes


def shape(found, codes):
    """The cases were worth it, and explain told why."""
    replies = {a["code"]: 0 for a in found.values()}
    for a in found.values():
        replies[a["code"]] += 1
    diag("replies: %s" % sorted(replies.items()))
    ok(min(replies.get(c, 0) for c in (250, 421, 451, 501, 550, 554)) >= 5,
       "accepted and refused in many ways")
    sources = {(a["source"].get("channel"), a["source"]["uncertain"])
               for a in found.values()}
    ok({("friends", False), ("lan", False), ("world", True),
        (None, False)} <= sources, "from known, unknown and uncertain hosts")
    eq(codes["smtp"], 1, "a batch with refusals exits with 1")
    good = [a for a in found.values() if a["verdict"] == "accept"]
    ok(good and all(a["submit-agrees"] and a["routes"] for a in good),
       "what is accepted has a route, and submit agrees")
    bad = [a for a in found.values() if a["verdict"] != "accept"]
    ok(all(a["routes"] == [] and a["reason"] for a in bad),
       "what is refused has a reason and no route")
    modes(found)
    gate(found)


def gate(found):
    """Lists, SPF and the greylist had their say, alone and together."""
    said = [e for a in found.values() for e in a["events"]
            if e["event"] == "check" and e["verdict"] != "pass"]
    count = collections.Counter((e["check"], e["verdict"]) for e in said)
    diag("gate: %s" % sorted(count.items()))
    for check in ("dnslists", "spf", "spf_helo", "greylist"):
        ok(count[check, "refuse"] >= 5, check + " refused often")
    ok(count["spf", "would-refuse"] >= 5, "and was rehearsed")
    answers = collections.Counter(
        (re.sub(r"[ ,].*", "", e["question"]),
         re.sub(r"^(listed), .*", r"\1", e["answer"]))
        for a in found.values() for e in a["events"]
        if e["event"] == "lookup")
    ok(all(answers["whether", a] for a in (
        "no, and may come again later",
        "its network has come again often enough")), "new and known networks")
    ok(all(answers[zone + ".test", a] for zone, a in (
        ("bl", "listed"), ("bl", "not listed"), ("wl", "listed"),
        ("dbl", "listed"), ("error", "an error"),
        ("fail", "no answer in time"))), "what lists can say")
    ok({"softfail", "fail", "permerror", "temperror"} <= {
        m for a in found.values() for m in re.findall(
            r"spf=(\w+)", a.get("detail", ""))}, "what SPF can say")


def modes(found):
    """Authorisation said yes and no in many ways."""
    hits = {e["table"] for a in found.values() for e in a["events"]
            if e["event"] == "table" and e["answer"] == "found"}
    ok({"office-in", "office-to", "depot-from", "depot-to", "users"} <= hits,
       "each table of authorisation was found in")
    ok("hosts" in hits, "and so was that of settings for hosts")
    rules = {tuple(re.findall(r"(?:rule|table)=(\S+)",
                              a.get("detail", "")))
             for a in found.values() if a.get("reason") == "not-authorized"}
    diag("refused by: %s" % sorted(rules))
    ok({("*I", "-"), ("*O", "-"), ("OH", "users")} <= rules,
       "and refused: in, out, by a user's row")
    accepted = [a for a in found.values() if a["verdict"] == "accept"]
    ok({"depot", "depot2"} <= {r["channel"] for a in accepted
                               for r in a["routes"]},
       "a channel that refuses is followed by the next")


def agree():
    names = Names(REVERSE, FORWARD, FAILING, MAIL, TEXT)
    s = make(names)
    cases = list(dict.fromkeys(generated()))
    ok(len(cases) >= 500, "%d cases" % len(cases))
    with s:
        prove(s, "127.2.0.1")
        prove(s, "127.5.0.1")
        found, codes = compare(s, cases)
        shape(found, codes)
        asked = len(names.asked)
        explain(s, cases[:20])
        eq([n for _, n in names.asked[asked:] if "error" not in n and
            not re.search(FAILING, n)], [], "the resident lookup remembers")
    # Nobody serves now: a lookup of its own.
    some = [c for c in cases if c[1].startswith("127.2.")][:40]
    alone, _ = explain(s, some)
    ok(len(names.asked) > asked, "without a server it asks by itself")
    eq([final(alone[c]) for c in some], [final(found[c]) for c in some],
       "and hears the same")

    def left():
        """Another test's may be there for a moment."""
        with contextlib.suppress(FileNotFoundError):
            return [p for p in glob.glob("/tmp/inlet-lookup.*")
                    if os.stat(p).st_uid == os.geteuid()]
    eq(left, [], "nothing of it is left")


TWO = """\
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "text"  file = "people" }
table "net" { type = "text"  file = "net" }
channel "local" { table = "here"  program = "local"
    mailboxes = "people" }
channel "lan" { table = "net"
    relay = yes }
channel "world" { max-recipients = 200 }
listen "smtp" { port = 10025 }
listen "strict" { port = 10026
    finicky = yes }
"""


def small(user=None):
    s = Server(TWO, user=user)
    s.scratch.write("people", "# our users\nuser\n")
    s.scratch.write("net", "192.0.2.0/24\n!192.0.2.66\n")
    return s


def run_explain(s, *args):
    p = s.inlet(*s.where(), "explain", *args)
    return p.returncode, p.stdout, p.stderr


def line_of(s, text):
    with open(s.scratch.conf) as f:
        return next(n for n, line in enumerate(f, 1) if text in line)


def why(user=None):
    s = small(user)
    who = "as a user: " if user else ""
    code, out, err = run_explain(s, "192.0.2.7", "a@b.test",
                                 "User@example.org")
    eq((code, err), (0, ""), who + "accepted: exit 0")
    like(out, r'"net" of channel "lan": "192.0.2.7" found as '
         r'"192.0.2.0/24", \S+/net:1$', "table, key, row, file and line")
    like(out, r'"User" found as "user", \S+/people:2$', "the user's row")
    like(out, r"check +recipients: passed \(\d+ us\)\n +max-recipients = "
         r"1000 +# default", "a check, its time and its setting's default")
    like(out, r"relay = yes +# channel \"lan\", \S+inlet.conf:%d$"
         % line_of(s, "relay = yes"), "a setting's file and line")
    like(out, r'route +channel "local", User@example.org, '
         r"mailbox example.org/user$", "where it goes")
    like(out, r"\naccepted: 250 2\.1\.5 .*\(\d+ us\)\n$", "the final reply")
    code, out, _ = run_explain(s, "198.51.100.1", "", "x@far.test")
    eq(code, 1, who + "refused for good: exit 1")
    like(out, r"source +channel \"world\", the last of the list", "whose")
    like(out, r"check +route: refused, ", "the check that refuses")
    like(out, r"log +refuse ip=198.51.100.1 .* reason=", "its log line")
    like(out, r"max-recipients = 200 +# \S+:%d$"
         % line_of(s, "max-recipients"), "the channel's own setting")
    code, out, _ = run_explain(s, "192.0.2.66", "a@b.test", "x@far.test")
    like(out, r'"192.0.2.66" not found, because of "!192.0.2.66", \S+/net:2$',
         "a negated key is named")
    code, out, _ = run_explain(s, "--listener", "strict", "198.51.100.1",
                               "a@b.test", "user@example.org")
    like(out, r"CONNECT\n.*source +not let in\n.*\nrefused: 554 5\.7\.1",
         "a finicky listener")
    like(out, r"finicky = yes +# \S+inlet.conf:%d$" % line_of(s, "finicky"),
         "and where it is set")
    ok("MAIL" not in out, "there it ends")
    code, out, _ = run_explain(s, "-f", "198.51.100.1", "a@b.test",
                               "user@example.org")
    like(out, r"finicky = yes +# -f.*\nrefused: 554 5\.7\.1",
         "with smtpd's -f")
    s.write_conf(TWO.replace("max-recipients = 200", "finicky = yes"))
    code, out, _ = run_explain(s, "198.51.100.1", "a@b.test",
                               "user@example.org")
    like(out, r"finicky = yes +# \S+inlet.conf:%d\n([^\n]*\n)*refused: 554"
         % line_of(s, '"world"'), "the last channel's finicky")
    s.write_conf(TWO.replace("relay = yes", 'rates = '
                             '{"messages per address 9/1m"}'),
                 settings={"rates": '{"recipients per prefix 8/1h"}'})
    for address, rule in (("192.0.2.7", "messages per address 9/1m"),
                          ("198.51.100.1", "recipients per prefix 8/1h")):
        out = run_explain(s, address, "a@b.test", "user@example.org")[1]
        for step in ("MAIL", "RCPT"):
            like(out, r'(?s)\n%s [^\n]*\n.*check +rates: passed [^\n]*\n +'
                 r'rates = \{"%s"\} +# \S+inlet.conf:%d\n'
                 % (step, rule, line_of(s, rule)),
                 "%s: the rules in force, and where they stand" % step)
    s.write_conf(TWO)
    s.scratch.write("net", "host.test\n192.0.2.0/24\n")
    s.write_conf(settings={"lookup-names": '"auto"'})
    code, out, _ = run_explain(s, "198.51.100.1", "a@b.test", "x@far.test")
    eq(code, 75, "a name that nobody can find out: exit 75")
    like(out, r"name +could not be found out .*\(a lookup of our own",
         "and it is said")


def as_a_user():
    if not ROOT:
        skip("this is an ordinary user")
        return
    why(NOBODY)


def libwrap():
    """What lookup was asked, what it said, and how long it took."""
    s = Server(DEFAULT_CONF, deliver=False)
    s.scratch.write("hosts.deny", "smtpd: 192.0.2.7\nworld: 192.0.2.8\n")
    case = "192.0.2.7", "a@b.test", "user@example.org"
    code, out, _ = run_explain(s, *case)
    if "\n  lookup " not in out:
        skip("built without libwrap")
        return
    eq(code, 1, "libwrap: a denied host")
    like(out, r"^  lookup +hosts.allow and hosts.deny, for smtpd and world, "
         r"of 192.0.2.7: denied for smtpd \(a lookup of our own, \d+ us\)\n"
         r"  check +libwrap: refused, libwrap, daemon=smtpd \(\d+ us\)\n"
         r" +libwrap = auto +# default\n", "question, answer and time")
    with s:
        code, out, _ = run_explain(s, "--json", "192.0.2.8", *case[1:])
        events = [e for e in json.loads(out)["events"]
                  if e["event"] == "lookup"]
        eq([e["answer"] for e in events], ["denied for world"],
           "under the channel's name, as JSON")
        ok(events[0]["us"] > 0, "with a time")
        code, out, _ = run_explain(s, "127.0.0.1", *case[1:])
        like(out, r"of 127.0.0.1: allowed \(lookup, \d+ us\)\n", "allowed")
    eq(code, 0, "libwrap: an allowed host")


def against():
    s = small()
    with open(s.scratch.conf) as f:
        text = f.read()
    other = s.scratch.write("other.conf", text.replace("relay = yes",
                                                       "relay = no"))
    same = ("198.51.100.1", "a@b.test", "user@example.org")
    eq(run_explain(s, "--against", other, *same), (0, "", ""),
       "nothing would change: 0, and nothing is printed")
    code, out, _ = run_explain(s, "--against", other, "192.0.2.7", "a@b.test",
                               "x@far.test")
    eq(code, 1, "something would: 1")
    like(out, r"^- reply RCPT: 5.*\n([^\n]*\n)*\+ reply RCPT: 5", "now and then")
    ok("us)" not in out and "CONNECT" not in out, "only what changes")
    limit = s.scratch.write("limit.conf", text.replace(
        "max-recipients = 200", "max-recipients = 300"))
    code, out, _ = run_explain(s, "--against", limit, *same)
    eq((code, out), (1, "- setting max-recipients: 200\n"
                     "+ setting max-recipients: 300\n"),
       "a setting of the session, too")
    lines = [("192.0.2.7", "a@b.test", "x@far.test"), same]
    code, out, _ = batch(s, lines, "--against", other)
    eq(code, 1, "many: 1 if any would change")
    eq(len(re.findall(r"^\d", out, re.M)), 1, "with whom it is about")
    code, out, _ = batch(s, lines, "--against", other, "--json")
    eq([bool(a["changes"]) for a in json.loads(out)], [True, False],
       "as JSON")
    broken = s.scratch.write("broken.conf", text + "nonsense = 1\n")
    eq(run_explain(s, "--against", broken, *same)[0], 78,
       "a mistake in the other configuration: 78")


def mistakes():
    s = small()
    for args, what in (
            (("x", "a@b.test", "c@d.test"), "no address"),
            (("192.0.2.1", "a@b.test"), "too few operands"),
            (("192.0.2.1",), "neither a case nor -"),
            (("--listener", "nosuch", "192.0.2.1", "a@b", "c@d"),
             "no such listener"),
            (("192.0.2.1", "a\nRCPT TO:<x@y>", "c@d"), "a line feed"),
            (("--helo", "x" * 70000, "192.0.2.1", "a@b.test", "c@d.test"),
             "a name that is too long")):
        code, out, err = run_explain(s, *args)
        eq((code, out), (64, ""), what + ": 64")
        like(err, r"^(usage: )?inlet explain", what + ": it is said")
    code, out, err = batch(s, [("192.0.2.1", "a@b.test", "user@example.org"),
                               ("no", "a@b.test", "c@d.test"),
                               ("192.0.2.1", "a@b.test")], "--json")
    eq((code, len(json.loads(out))), (64, 1), "a bad line of a batch: 64")
    like(err, r"line 2: .*\n.*line 3: ", "with its number")
    code, out, _ = run_explain(s, "192.0.2.1", "\x1b[2J@b.test", "c@d.test")
    ok("\x1b" not in out and r"\x1b" in out, "what is typed is escaped")
    s.write_conf(settings={"hostnam": '"x"'})
    eq(run_explain(s, "192.0.2.1", "a@b", "c@d")[0], 78, "a mistake: 78")


ZONES = {"mx.test.": """
client A 127.0.0.10
client2 A 127.0.0.11
mail MX 10 client
null MX 0 .
best MX 10 inlet
worse MX 10 client
worse MX 20 inlet
inlet A 127.0.0.20
circle CNAME circle2
circle2 CNAME circle
""", "127.in-addr.arpa.": """
10.0.0 PTR client.mx.test.
11.0.0 PTR client2.mx.test.
12.0.0 PTR absent.mx.test.
20.0.0 PTR inlet.mx.test.
"""}
SERVICE = """\
hostname = "inlet.mx.test"
table "here" { type = "list"  rows = {"inlet.mx.test", "example.org"} }
table "people" { type = "list"  rows = {"user"} }
table "inside" { type = "list"  rows = {"127.0.0.2"} }
table "dns" { type = "nameserver" }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "inside" { table = "inside"  relay = yes }
channel "mx" { table = "dns"  program = "smtp" }
channel "world" { }
listen "smtp" { address = {"127.0.0.1"}  port = @port@ }
listen "finicky" { address = {"127.0.0.1"}  port = @port2@  finicky = yes
    channels = {"inside", "mx"} }
"""


def answers(answer):
    return {e["question"].split(": ")[1]: e["answer"]
            for e in answer["events"] if e["event"] == "lookup"}


def name_service():
    """Tables of kind nameserver, by a real one."""
    if not tool("nsd"):
        skip("no nsd")
        return
    served = Nsd(ZONES)
    s = Server(SERVICE, deliver=False, settings={
        "dns-servers": '{"%s"}' % served.at,
        "lookup-names": '"auto"'})
    names = ("mail", "null", "best", "worse", "inlet", "absent", "circle",
             "client")
    cases = [(listener, source, "a@b.test", "user@%s.mx.test" % name, "")
             for listener in ("smtp", "finicky") for name in names
             for source in ("127.0.0.2", "127.0.0.10", "127.0.0.12",
                            "127.0.0.20")]
    cases += [(listener, source, "<>", "user@example.org", "")
              for listener in ("smtp", "finicky")
              for source in ("127.0.0.%d" % n for n in range(2, 22))]
    with s:
        found, _ = compare(s, cases)
    for name, answer in (
            ("mail", "yes"), ("absent", "no"), ("worse", "yes"),
            ("null", "no, it says that it takes none"),
            ("best", "no, this one is the best"),
            ("circle", "could not be found out in time")):
        eq(answers(found[("smtp", "127.0.0.2", "a@b.test",
                          "user@%s.mx.test" % name, "")]).get(
            name + ".mx.test"), answer, "the name service on %s: %s" % (
                name, answer))
    eq(answers(found[("finicky", "127.0.0.10", "<>", "user@example.org", "")])[
        "client.mx.test"], "yes", "and on a source host")
    out = run_explain(s, "127.0.0.2", "a@b.test", "x@mail.mx.test")[1]
    like(out, r"(?m)^  lookup +a domain whose mail another host takes: "
         r"mail\.mx\.test: yes \(.*, \d+ us\)\n  table +\"dns\" of channel "
         r"\"mx\": \"mail\.mx\.test\" found, \S+inlet\.conf:\d+$",
         "its text, with the time")


need_built("inlet", "smtpd", "smtpsrvr", "submit", "lookup", "tailor",
           "dbmbuild")
run(agree, name_service, why, as_a_user, libwrap, against, mistakes)
