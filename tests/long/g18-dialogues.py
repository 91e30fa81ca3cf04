#!/usr/bin/env python3
"""G18: the same dialogues with us and with Postfix, Exim and OpenSMTPD (and
sendmail), as tests/peers.sh has unpacked them into INLET_PEERS.

    g18-dialogues.py [share [peer ...]]

What clients say is taken from tests/talks, from edge values, and from all
sequences of three commands; with a share of N, each Nth of them but the talks
(default 15, and only with INLET_FULL).
Each dialogue is compared up to the first reply that differs in its first
digit, or in whether the connection ends, or in that none comes.  What differs
is in g18-differences.txt, once, with what it is: a difference that is not
there fails."""
import concurrent.futures
import glob
import itertools
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "system"))
import machine
from harness import *

FROZEN = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "g18-differences.txt")
CLASSES = ("stricter", "sloppy", "design", "wrong")
WAIT = 2            # seconds without a reply are none
PEOPLE = ["user", "other", "third", "a.b", "postmaster"]
DOMAINS = ["example.org", "inlet.example"]

# ---- the peers, each with the same domains and people

POSTFIX = """\
mynetworks = 192.0.2.255
relay_domains = %s
relay_recipient_maps = inline:{ %s }
relay_transport = discard:
default_transport = discard:
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_limit = 1000
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_client_connection_count_limit = 0
smtpd_timeout = 20s
smtp_tls_security_level = none
""" % (" ".join(DOMAINS), " ".join(
    "{ %s@%s = x }" % (p, d) for p in PEOPLE for d in DOMAINS))

EXIM = """\
primary_hostname = inlet.example
qualify_domain = inlet.example
spool_directory = /var/spool/exim
log_file_path = %s/%%slog
keep_environment =
never_users =
disable_ipv6 = true
queue_only = true
message_size_limit = 50M
local_interfaces = 127.0.0.1
daemon_smtp_ports = %d
chunking_advertise_hosts = *
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
tls_advertise_hosts =
host_lookup =
rfc1413_hosts =
smtp_accept_max = 100
smtp_max_unknown_commands = 1000
smtp_max_synprot_errors = 1000
smtp_accept_max_nonmail = 1000
acl_smtp_rcpt = check
acl_smtp_data = all
begin acl
check:
  accept domains = %s
         local_parts = %s
  deny message = no such user
all:
  accept
begin routers
none:
  driver = accept
  transport = none
begin transports
none:
  driver = appendfile
  file = /dev/null
"""

OPENSMTPD = """\
table people { %s }
smtp max-message-size "50M"
listen on 127.0.0.1 port %d hostname inlet.example
action "none" relay host "smtp://127.0.0.1:9"
match from any for rcpt-to <people> action "none"
"""

SENDMAIL = """\
divert(0)dnl
include(`%(root)s/usr/share/sendmail/cf/m4/cf.m4')
OSTYPE(`linux')
define(`confPRIVACY_FLAGS', `')
define(`confDOMAIN_NAME', `inlet.example')
define(`confBAD_RCPT_THROTTLE', `0')
define(`confCONNECTION_RATE_THROTTLE', `0')
define(`confDELIVERY_MODE', `q')
define(`confDONT_PROBE_INTERFACES', `True')
define(`confMAX_MESSAGE_SIZE', `52428800')
define(`QUEUE_DIR', `/var/spool/mqueue')
define(`confPID_FILE', `/run/sendmail.pid')
define(`STATUS_FILE', `/run/sendmail.st')
define(`ALIAS_FILE', `/run/aliases')
FEATURE(`accept_unresolvable_domains')
FEATURE(`accept_unqualified_senders')
DAEMON_OPTIONS(`Port=%(port)d, Addr=127.0.0.1, Name=MTA')
MAILER(`local')
MAILER(`smtp')
LOCAL_CONFIG
Cwexample.org inlet.example
"""


def postfix(port):
    m = machine.Machine("/usr/lib/postfix/sbin/master")
    if not m.missing():
        machine.postfix(m, port, [], POSTFIX)
    return m


def exim(port):
    m = machine.Machine("/usr/sbin/exim4")
    if m.missing():
        return m
    path = m.write("exim.conf", EXIM % (m.base, port, " : ".join(DOMAINS),
                                        " : ".join(PEOPLE)))
    os.chown(m.base, m.number("Debian-exim"), -1)
    m.start("mkdir -p /var/spool/exim && chown Debian-exim /var/spool/exim && "
            "exec /usr/sbin/exim4 -C %s -bdf" % path, port)
    return m


def opensmtpd(port):
    m = machine.Machine("/usr/sbin/smtpd")
    if m.missing():
        return m
    path = m.write("smtpd.conf", OPENSMTPD % (", ".join(
        '"%s@%s"' % (p, d) for p in PEOPLE for d in DOMAINS), port))
    m.start("mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd && "
            "chmod 711 /var/spool/smtpd && "
            "exec /usr/sbin/smtpd -d -f %s" % path, port)
    return m


def sendmail(port):
    m = machine.Machine("/usr/libexec/sendmail/sendmail")
    if m.missing() or not tool("m4"):
        return m
    mc = m.write("sendmail.mc", SENDMAIL % {"root": machine.PEERS,
                                            "port": port})
    with open(m.write("sendmail.cf", ""), "wb") as f:
        subprocess.run(["m4", "-D_CF_DIR_=%s/usr/share/sendmail/cf/" %
                        machine.PEERS, mc], stdout=f, check=True,
                       stderr=subprocess.DEVNULL)
    m.write("aliases", "".join("%s: /dev/null\n" % p for p in PEOPLE))
    m.start("chmod 755 /var/spool /run && mkdir -p /var/spool/mqueue && "
            "chmod 700 /var/spool/mqueue && cp %s/aliases /run/aliases && cp %s/sendmail.cf /run/sm.cf && "
            "S=/usr/libexec/sendmail/sendmail && $S -C /run/sm.cf -bi && "
            "exec $S -C /run/sm.cf -bD" % (m.base, m.base), port)
    return m


PEERS = {"postfix": postfix, "exim": exim, "opensmtpd": opensmtpd,
         "sendmail": sendmail}

# ---- what clients say: (family, [(bytes, replies, only behind 354)])


def talk_bytes(mark, rest):
    if mark == "C:":
        return rest.encode() + b"\r\n"
    text = re.sub(r"\\\((.*?)\*(\d+)\)",
                  lambda m: m.group(1) * int(m.group(2)), rest)
    return re.sub(rb"\\(r|n|t|0|\\|x[0-9a-f]{2})", lambda m: {
        b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}.get(
            m.group(1)) or bytes([int(m.group(1)[1:], 16)]), text.encode())


def talks():
    """The client's side of tests/talks of SMTP with our usual settings."""
    for path in sorted(glob.glob(os.path.join(SRC, "tests/talks/*.talk"))):
        with open(path, encoding="utf-8") as f:
            lines = f.read().splitlines()
        if any(line.startswith("@") for line in lines):
            continue
        name = os.path.basename(path)[:-5]
        steps = None
        for line in lines + ["# end"]:
            mark, rest = line[:2], line[3:]
            if line.startswith("# "):
                if steps:
                    yield "talk", name, steps
                steps = []
            elif mark in ("C:", "C<", "C/"):
                more = talk_bytes(mark, rest)
                if steps and steps[-1][1] == 0:
                    more = steps.pop()[0] + more
                steps.append([more, 0, False])
            elif re.match(r"S[:\d]", line) and steps:
                steps[-1][1] += int(mark[1]) if mark[1].isdigit() else 1


COMMANDS = {
    "EHLO": b"EHLO client.test\r\n", "HELO": b"HELO client.test\r\n",
    "MAIL": b"MAIL FROM:<s@elsewhere.test>\r\n",
    "BADMAIL": b"MAIL FROM:<s@>\r\n",
    "RCPT": b"RCPT TO:<user@example.org>\r\n",
    "BADRCPT": b"RCPT TO:<nosuch@example.org>\r\n", "DATA": b"DATA\r\n",
    "BDAT": b"BDAT 6\r\ntext\r\n", "LAST": b"BDAT 6 LAST\r\ntext\r\n",
    "RSET": b"RSET\r\n", "VRFY": b"VRFY user@example.org\r\n",
    "NOOP": b"NOOP\r\n", "XYZZY": b"XYZZY\r\n", "QUIT": b"QUIT\r\n"}


def sequences():
    for way in ([], ["EHLO"], ["EHLO", "MAIL", "RCPT"]):
        for names in itertools.product(COMMANDS, repeat=3 if way else 2):
            steps = []
            for name in way + list(names):
                steps.append([COMMANDS[name], 1, False])
                if name == "DATA":
                    steps.append([b"Subject: x\r\n\r\ntext\r\n.\r\n", 1,
                                  True])
            yield "order", " ".join(names), steps


def edges():
    def after(way, line):
        return [[COMMANDS[w], 1, False] for w in way] + [[line, 1, False]]
    hello, mail, rcpt = ["EHLO"], ["EHLO", "MAIL"], ["EHLO", "MAIL", "RCPT"]
    for byte in list(range(0x20)) + list(range(0x7f, 0x100, 3)):
        c = bytes([byte])
        yield "character", "HELO", after([], b"EHLO a" + c + b"b.test\r\n")
        yield "character", "MAIL", after(hello, b"MAIL FROM:<a" + c +
                                         b"b@c.test>\r\n")
        yield "character", "RCPT", after(mail, b"RCPT TO:<a" + c +
                                         b"b@example.org>\r\n")
    for text in ("SIZE=0", "SIZE=-1", "SIZE=+1", "SIZE=", "SIZE=99999999999",
                 "SIZE=18446744073709551616", "SIZE=1 SIZE=1", "SIZE=0x1",
                 "BODY=9BIT", "BODY=", "RET=SOME", "RET=FULL RET=HDRS",
                 "ENVID=a+0D+0Ab", "ENVID=+", "ENVID=a=b", "X=1", "X", "=",
                 "AUTH=a+0Ab", "ENVID=" + "a" * 101, "SMTPUTF8=1"):
        yield "parameter", text, after(hello, b"MAIL FROM:<a@b.test> " +
                                       text.encode() + b"\r\n")
    for text in ("NOTIFY=", "NOTIFY=NEVER,FAILURE", "NOTIFY=X",
                 "NOTIFY=SUCCESS NOTIFY=SUCCESS", "ORCPT=a@b.test",
                 "ORCPT=rfc822;a+0Ab", "ORCPT=rfc822;+", "X=1", "SIZE=1"):
        yield "parameter", text, after(mail, b"RCPT TO:<user@example.org> " +
                                       text.encode() + b"\r\n")
    for text in ('""@example.org', '"\\"@example.org', 'a"b@example.org', "@",
                 "", "a@", "@example.org", "user@example.org.",
                 "user@example..org", ".user@example.org", "us er@example.org",
                 "user.@example.org", "a@b@example.org", "user@-example.org",
                 "user@[127.0.0.1", "user@[1.2.3]", "user@exam_ple.org",
                 '"user"@example.org', '"us\\er"@example.org',
                 "@a.test:user@example.org", "@a.test,user@example.org",
                 "a" * 65 + "@example.org", ";id;", "|id", "/etc/passwd",
                 ":include:/etc/passwd", "user%far.test@example.org",
                 "far.test!user@example.org", "postmaster", "user"):
        for verb, way in ((b"MAIL FROM:<", hello), (b"RCPT TO:<", mail)):
            yield "address", text, after(way, verb + text.encode() + b">\r\n")
    for text in (b"BDAT -1", b"BDAT", b"BDAT 5 LAST x", b"BDAT LAST",
                 b"BDAT 18446744073709551616", b"BDAT 99999999999",
                 b"BDAT 0x5", b"BDAT +1", b"BDAT 4294967296 LAST"):
        yield "octets", text, after(rcpt, text + b"\r\n")
    for text in (b"NOOP\n", b"\n", b"NOOP\r\r\n", b"NO\rOP\r\n",
                 b"NOOP " + b"a" * 600 + b"\r\n",
                 b"NOOP " + b"a" * 5000 + b"\r\n", b"\r\n", b" NOOP\r\n",
                 b"NOOP\0\r\n", b"RSET x\r\n", b"QUIT x\r\n", b"DATA x\r\n",
                 b"GET / HTTP/1.1\r\n", b"EHLO\r\n", b"HELO\r\n", b"VRFY\r\n",
                 b"MAIL\r\n", b"MAIL FROM\r\n", b"MAIL FROM: <a@b.test>\r\n",
                 b"MAIL FROM:a@b.test\r\n", b"MAIL FROM:<a@b.test\r\n",
                 b"NOOP \t\r\n", b"HELP MAIL\r\n", b"TURN\r\n",
                 b"EHLO a b\r\n", b"EHLO a;b\r\n", b"EHLO [1.2.3.4\r\n"):
        yield "line", text, after(hello, text)
    ends = [b"\n", b"\r", b"\r\n", b"\r\r\n", b"\n\r", b"\r\0\n", b"\x8d\x8a"]
    for front, behind in itertools.product(ends, repeat=2):
        steps = [[COMMANDS[w], 1, False] for w in rcpt + ["DATA"]]
        steps.append([b"a: b\r\n\r\nx" + front + b"." + behind +
                      b"MAIL FROM:<a@b.test>\r\nRSET\r\n.\r\n", 1, True])
        yield "ending", repr(front + b"." + behind), steps


def dialogues():
    return list(talks()) + list(edges()) + list(sequences())

# ---- comparing


def verb_of(data):
    word = re.match(rb"[A-Za-z]{3,8}(?=[ \r\n])|MAIL|RCPT", data)
    word = word.group().upper().decode() if word else "?"
    return word if word in ("EHLO", "HELO", "MAIL", "RCPT", "DATA", "BDAT",
                            "RSET", "NOOP", "QUIT", "VRFY", "EXPN",
                            "HELP") else "other"


def play(port, steps, wait=WAIT):
    """For each step the first digits of the replies to it, X for the end and
    W where none came, however long it was waited for."""
    heard = once(port, steps, wait)
    if wait == WAIT and any("W" in h or h[0] == "?" for h in heard):
        heard = once(port, steps, 4 * WAIT)
    return heard


def once(port, steps, wait):
    heard = []
    try:
        with Client(("127.0.0.1", port), timeout=wait) as c:
            last = None
            for data, count, behind in steps:
                if behind and last != 354:
                    heard.append("-")
                    continue
                got = ""
                try:
                    c.send(data)
                    for _ in range(max(count, 1)):
                        last = c.reply().code
                        got += str(last)[0]
                        if last in (221, 421):
                            break
                except Late:
                    got += "W"
                except (EOFError, OSError):
                    got += "X"
                heard.append(got)
                if got[-1] in "WX" or last in (221, 421):
                    return heard
    except (Late, EOFError, OSError, ValueError) as e:
        heard.append("?" + type(e).__name__)
    return heard


def difference(family, steps, ours, theirs):
    """family, verb, ours, theirs of the first step that differs; or null."""
    for (data, _, behind), a, b in zip(steps, ours, theirs):
        if a != b:
            n = len(os.path.commonprefix([a, b]))
            return "%s %s %s %s" % (family, "text" if behind else
                                    verb_of(data), a[n:n + 1] or "-",
                                    b[n:n + 1] or "-")
    return None


def frozen():
    """Signature and peer, and what it is."""
    known = {}
    if not os.path.exists(FROZEN):
        return known
    with open(FROZEN, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            if line.startswith("#") or not line.strip():
                continue
            fields = [x.strip() for x in line.split("|")]
            if len(fields) != 4 or fields[2] not in CLASSES:
                ok(False, "%s:%d is a row" % (FROZEN, number))
                continue
            for peer in fields[1].split():
                known[(" ".join(fields[0].split()), peer)] = fields[2]
    return known


def offered(port, every):
    """What asks for no extension that is not offered there."""
    with Client(("127.0.0.1", port)) as c:
        words = c.hello().text
    lacks = [text for keyword, text in (
        ("CHUNKING", b"BDAT"), ("CHUNKING", b"BINARYMIME"),
        ("SMTPUTF8", b"SMTPUTF8"), ("DSN", b"RET="), ("DSN", b"ENVID="),
        ("DSN", b"NOTIFY="), ("DSN", b"ORCPT=")) if keyword not in words]
    return [n for n, (_, _, steps) in enumerate(every)
            if not any(text in step[0] for text in lacks for step in steps)]


def compared(name, every, ours, theirs, known, again):
    new, classes, same = {}, dict.fromkeys(CLASSES, 0), 0
    for (family, what, steps), a, b in zip(every, ours, theirs):
        found = difference(family, steps, a, b)
        for _ in range(3):      # an end may come before its reply or after
            if found is None or (found, name) in known:
                break
            b = again(steps)
            found = difference(family, steps, a, b)
        if found is None:
            same += 1
        elif (found, name) in known:
            classes[known[(found, name)]] += 1
        else:
            new.setdefault(found, []).append((what, steps, a, b))
    if not ok(not new, "%s: each difference in %d dialogues is classified" %
              (name, len(every))):
        for found, cases in sorted(new.items()):
            what, steps, a, b = cases[0]
            diag("NEW %s | %s | %d of them, as %s: %r: %s %s" % (
                found, name, len(cases), what,
                b"".join(s[0] for s in steps)[-70:], " ".join(a),
                " ".join(b)))
    eq(classes["wrong"], 0, "%s: nowhere are we wrong" % name)
    diag("figure G18: %d dialogues beside %s: %d the same, %s; %d new" % (
        len(every), name, same, ", ".join(
            "%d %s" % (classes[c], c) for c in CLASSES), len(new)))


def all_of(port, every):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda d: play(port, d[2]), every))


def beside(share, names):
    every = dialogues()
    if share > 1:       # a talk that is new need not be classified at once
        every = [d for d in every if d[0] != "talk"][::share]
    diag("%d dialogues" % len(every))
    known = frozen()
    with Server(deliver=False, settings={
            "max-connections-per-address": "200", "tarpit": '"0s"',
            "max-connections": "300"}) as server:
        ours = all_of(server.port, every)
    for name in names:
        port, m = free_port(), None
        try:
            m = PEERS[name](port)
            why = m.missing()
        except Late as e:
            why = "it does not start: %s" % str(e)[:1000]
        if why:
            skip("%s: %s" % (name, " ".join(why.split())))
            continue
        try:
            some = offered(port, every)
            there = [every[n] for n in some]
            compared(name, there, [ours[n] for n in some],
                     all_of(port, there), known,
                     lambda steps, port=port: play(port, steps))
        except Late as e:
            ok(False, "%s answers: %s" % (name, str(e)[:2000]))
        finally:
            if m is not None:
                m.stop()


need_built("smtpd", "smtpsrvr", "submit")
if "INLET_PEERS" not in os.environ:
    skip_all("no INLET_PEERS")
if len(sys.argv) == 1 and not FULL:
    skip_all("only with INLET_FULL")
share = int(sys.argv[1]) if len(sys.argv) > 1 else 15
run(lambda: beside(share, sys.argv[2:] or list(PEERS)), seconds=3000)
