#!/usr/bin/env python3
"""Every setting that a listener or a channel may say otherwise: the channel's
value acts over the listener's, and that over the server's.  A row of
settings.def without an observation here fails."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from names import Names

# Hosts: of no table (the channel "usual"), and of the channel "special".
USUAL, SPECIAL = "127.0.0.2", "127.0.0.9"
CONF = """\
%(server)s
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user", "other", "third"} }
table "few" { type = "list"  rows = {"127.0.0.9"} }
table "one" { type = "list"  rows = {"one.test", "@one.test"} }
table "two" { type = "list"  rows = {"two.test", "@two.test"} }
table "three" { type = "list"  rows = {"three.test", "@three.test"} }
table "row-1" { type = "list"  rows = {"127.0.0.0/8: max-command-line=512"} }
table "row-2" { type = "list"  rows = {"127.0.0.0/8: max-command-line=700"} }
table "row-3" { type = "list"  rows = {"127.0.0.0/8: max-command-line=600"} }
table "no-user" { type = "list"  rows = {"user@example.org"} }
table "no-other" { type = "list"  rows = {"other@example.org"} }
table "no-third" { type = "list"  rows = {"third@example.org"} }
listen "plain" { address = {"127.0.0.1"}  port = @port@ }
listen "own" { address = {"127.0.0.1"}  port = @port2@
%(listener)s
}
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "special" { table = "few"
%(channel)s
}
channel "usual" { }
"""
TIMES = "tests/smtpsrvr/t_times.c"
PIPE = "tests/system/46-pipe.py"
RELAY = "tests/system/50-relay.py"
RATES = "tests/system/36-rates.py"
TURNS = "tests/system/49-destinations.py"
PROXY = "tests/system/43-proxy.py"
LOGIN_RATES = "tests/system/59-login-rates.py"
HEADER = "tests/system/58-header.py"
SUBMISSION = "tests/system/57-submission.py"
XCLIENT = "tests/system/44-xclient.py"
# Shown with a clock of their own, or with clients enough; and those of a channel alone, which nothing
# is over: what shows that they act.
TLS = "tests/system/50-tls.py"
AUTHS = "tests/system/61-auth.py"
TICKETS = "tests/system/55-tickets.py"
CLIENTS = "tests/system/56-tls-clients.py"
CERTIFICATES = "tests/system/58-certificates.py"
PACE = "tests/system/55-pace.py"
ELSEWHERE = {
    "command-timeout": TIMES, "data-timeout": TIMES, "message-time": TIMES,
    "reply-timeout": TIMES, "session-time": TIMES,
    "protocol": "tests/system/44-lmtp.py",
    "socket": "tests/system/44-lmtp.py",
    "socket-mode": "tests/system/44-lmtp.py",
    "table": "tests/system/18-source.py",
    "program": "tests/system/30-deliver.py",
    "relay": "tests/system/18-source.py",
    "relay-suffix": "tests/system/38-layers.py",
    "accept-from": "tests/system/34-explain.py",
    "authorise": "tests/system/34-authorise.py",
    "insrc": "tests/system/34-authorise.py",
    "indest": "tests/tables/t_authorise.c",
    "outsrc": "tests/system/34-authorise.py",
    "outdest": "tests/system/34-authorise.py",
    "authorise-table": "tests/system/34-authorise.py",
    "etrn": "tests/system/46-etrn.py",
    "mailboxes": "tests/system/18-source.py",
    "aliases": "tests/tables/t_route.c",
    "extension": "tests/tables/t_route.c",
    "max-connections-per-address": RATES,
    "max-connections-per-prefix": RATES,
    "rates": RATES,
    "trusted": RATES,
    "proxy-protocol": PROXY, "proxies": PROXY, "proxy-timeout": PROXY,
    "xclient": XCLIENT, "xforward": XCLIENT,
    "delivery-processes": "tests/system/30-deliver.py",
    "delivery-timeout": "tests/system/30-deliver.py",
    "relay-login": "tests/system/53-relay-login.py",
    **{"relay-" + name: "tests/system/52-relay-tls.py" for name in (
        "tls", "tls-ca", "tls-names")},
    **{"relay-" + name: RELAY for name in (
        "hosts", "port", "helo", "source", "connect-time", "reply-time",
        "data-time", "end-time", "message-time", "reuse", "idle")},
    "pipe-command": PIPE,
    "pipe-per": PIPE,
    "pipe-user": "tests/system/46-pipe-user.py",
    "pipe-group": "tests/system/46-pipe-user.py",
    "pipe-timeout": PIPE,
    "pipe-directory": PIPE,
    "pipe-header": PIPE,
    "pipe-seven-bit": PIPE,
    "pipe-memory": PIPE,
    "destination": TURNS, "delivery-per-destination": TURNS,
    "pause-first": TURNS, "pause-most": TURNS, "expire-notices": TURNS,
    "warn-after": TURNS,
    **dict.fromkeys((
        "greeting-delay", "tarpit-growth", "tarpit-most", "tarpit-count",
        "tarpit-delay", "stress-timeout", "stress-rate"), PACE),
    **dict.fromkeys(("dnslists", "dnslist-refuse", "dnslist-mark",
                     "dnslist-time"), "tests/system/57-dnslists.py"),
    **dict.fromkeys(("greylist-spare", "dnslist-greylist"),
                    "tests/system/59-gate.py"),
    **dict.fromkeys(("spf", "spf-actions", "spf-helo-actions", "spf-time",
                     "results", "authserv-id"), "tests/system/58-spf.py"),
    **dict.fromkeys(("tls", "tls-implicit", "tls-least", "tls-ciphers",
                     "tls-suites", "tls-groups", "tls-time"), TLS),
    "tls-tickets": TICKETS, "tls-profile": CERTIFICATES,
    "tls-client": CLIENTS, "tls-clients": CLIENTS,
    "tls-client-relay": CLIENTS,
}
ELSEWHERE.update(dict.fromkeys((
    "auth", "auth-mechanisms", "auth-clear", "auth-relay", "auth-time"),
    AUTHS))
ELSEWHERE.update(dict.fromkeys((
    "default-domain", "sender-logins", "sender-unlisted", "hide-client"),
    SUBMISSION))
ELSEWHERE.update(dict.fromkeys((
    "mend-header", "header-addresses", "header-from", "mend-for"), HEADER))
AUTH_PARAMETER = "tests/system/63-auth-parameter.py"
ELSEWHERE["believe-auth"] = AUTH_PARAMETER
ELSEWHERE["over-login-rates"] = LOGIN_RATES
# Tests that show a listener's or a channel's over the server's.
OVERRIDDEN = {
    "tests/system/57-dnslists.py", "tests/system/58-spf.py",
    "tests/system/59-gate.py",
    TIMES, RATES, PROXY, XCLIENT, TURNS, TLS,
    SUBMISSION, HEADER, LOGIN_RATES, AUTH_PARAMETER,
    PACE,
    TICKETS, CLIENTS, CERTIFICATES, AUTHS,
}
shown = set()


def server_with(values, **more):
    """values: setting to what server, listener and channel say of it."""
    sections = [["    %s = %s" % (name, said[place])
                 for name, said in values.items() if said[place] is not None]
                for place in range(3)]
    server, listener, channel = ("\n".join(lines) for lines in sections)
    return Server(CONF % {"server": server.replace("    ", ""),
                          "listener": listener, "channel": channel}, **more)


class Place:
    """From where a client sees the value of the server, of a listener, of a
    channel."""

    def __init__(self, server, index):
        self.server = server
        self.name = ("server", "listener", "channel")[index]
        self.port = "2" if index > 0 else "1"
        self.source = SPECIAL if index == 2 else USUAL

    def client(self, hello=True):
        c = self.server.client(port=self.server.ports[self.port],
                               source=self.source)
        if hello:
            c.hello()
        return c


# Observations: what a client at a place sees.

def first_word(place):
    with place.client(False) as c:
        return c.greeting.lines[0].split()[0]


def greeting(place):
    with place.client(False) as c:
        return c.greeting.lines[-1]


def own_help(place):
    with place.client() as c:
        return c.cmd("HELP").lines[-2].split()[-1]


def keywords_missing(place):
    with place.client(False) as c:
        words = {line.split()[0] for line in c.hello().lines[1:]}
        return {"SIZE", "8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES",
                "HELP"} - words


def verbs_missing(place):
    with place.client() as c:
        return {v for v in ("VRFY", "EXPN", "HELP") if c.cmd(
            v + " user").text.find("is not offered") >= 0}


def size(place):
    with place.client(False) as c:
        return next(int(line.split()[1]) for line in c.hello().lines
                    if line.startswith("SIZE"))


def until(place, line, code, most=2000):
    """How many times a line is taken until one gets that code."""
    with place.client() as c:
        c.envelope([])
        for n in range(1, most):
            if c.cmd(line).code == code:
                return n
    return None


def transactions(place):
    """How many are begun until one gets 421."""
    with place.client() as c:
        c.hello()
        for n in range(1, 100):
            if c.cmd("MAIL FROM:<a@b.test>").code == 421:
                return n
            c.cmd("RSET")
    return None


def argument(place, keyword):
    with place.client(False) as c:
        return next(line.partition(" ")[2] for line in c.hello().lines
                    if line.split()[0] == keyword)


def limit_of(place, keyword, parameter):
    """What EHLO says, where MAIL takes that and not one more, or less."""
    said = int(argument(place, keyword).split()[0])
    with place.client() as c:
        codes = []
        for n in (said - 1, said, said + 1):
            codes.append(c.cmd("MAIL FROM:<a@b.test> " + parameter % n).code)
            c.cmd("RSET")
    return said if codes in ([555, 250, 250], [250, 250, 501]) else codes


def priority(place):
    with place.client() as c:
        text = c.cmd("MAIL FROM:<a@b.test> MT-PRIORITY=9").text
        return int(re.search(r"(\d) is the priority", text).group(1))


def recipients(place):
    return until(place, "RCPT TO:<user@example.org>", 452) - 1


def messages(place):
    with place.client() as c:
        for n in range(10):
            if c.cmd("MAIL FROM:<>").code == 421:
                return n
            c.cmd("RSET")
            c.message("text\n", hello=False)
    return None


def command_line(place):
    """The longest line that is taken, with its CRLF."""
    with place.client() as c:
        return max(n for n in (512, 513, 600, 601, 700, 701)
                   if c.cmd("NOOP " + "x" * (n - 7)).code == 250)


def hops(place):
    def refused(n):
        with place.client() as c:
            return c.message("Received: x\n" * n + "\ntext\n").code == 554
    return next(n for n in range(24, 30) if refused(n))


def bare(place):
    with place.client() as c:
        c.envelope()
        c.cmd("DATA")
        c.send(b"a\nb\r\n.\r\n")
        return c.reply().code


def received(place):
    with place.client() as c:
        qid = place.server.queue_id(c.message("text\n"))
    text = place.server.scratch.entry(qid).decode("latin-1")
    line = re.search(r"Received: [^;]*;", text).group(0)
    found = {"helo": "from client.test", "address": "[127.", "id": " id ",
             "with": " with ", "software": "(Inlet", "for": " for "}
    return {word for word, sign in found.items()
            if sign in line.replace("\n\t", " ")}


def behind_hello(place):
    """The last reply to EHLO and NOOP in one segment."""
    with place.client(False) as c:
        c.send("EHLO a.test\r\nNOOP\r\n")
        code = c.reply().code
        return code if code == 554 else c.reply().code


def waited(place):
    with place.client(False) as c:
        sid = re.search(r"\((\w+)\)$", c.cmd("NOPE").text).group(1)
    lines = wait_for(lambda: place.server.scratch.log_lines(
        "refuse", sid=sid), 10, "a refusal")
    return re.search(r" tarpit=(\d+)", lines[0]).group(1)


def logged(place):
    """The events of one session, told by the name that the log gives it."""
    with place.client() as c:
        sid = re.search(r"sid=(\S+)", c.greeting.text).group(1)
        c.cmd("VRFY")
        c.message("text\n", hello=False)
    # What another session ends with is logged after all that this one said.
    log = place.server.scratch
    with Place(place.server, 2).client() as c:
        other = re.search(r"sid=(\S+)", c.greeting.text).group(1)
    wait_for(lambda: log.log_lines("end", sid=other), 10, "the other one")
    return {event for event in ("refuse", "accept", "end") if [
        l for l in log.log_lines(event) if "sid=%s" % sid in l.split()]}


# Those that go together: setting, what the three say, what is seen of each.
TOGETHER = {
    "hostname": ('"s.example"', '"l.example"', '"c.example"', first_word,
                 ("s.example", "l.example", "c.example")),
    "greeting": ('{"ESMTP", "s sid=%s"}', '{"x sid=%s", "l"}',
                 '{"x sid=%s", "", "%c"}', lambda p: greeting(p)[:7].split(
                     " sid")[0], ("s", "l", "special")),
    "help": ('{"s"}', '{"l"}', '{"c"}', own_help, ("s", "l", "c")),
    "ehlo-keywords-off": (
        '{"8BITMIME"}', '{"ENHANCEDSTATUSCODES"}', "{}", keywords_missing,
        ({"8BITMIME"}, {"ENHANCEDSTATUSCODES"}, set())),
    "verbs-off": ('{"VRFY"}', '{"EXPN"}', '{"VRFY", "EXPN"}', verbs_missing,
                  ({"VRFY"}, {"EXPN"}, {"VRFY", "EXPN"})),
    "received": ('{"helo"}', '{"address", "with"}',
                 '{"id", "for", "software"}', received,
                 ({"helo"}, {"address", "with"}, {"id", "for", "software"})),
    "max-message-size": ("1M", "3M", "2M", size,
                         (1 << 20, 3 << 20, 2 << 20)),
    "max-recipients": ("100", "102", "101", recipients, (100, 102, 101)),
    "max-messages": ("1", "3", "2", messages, (1, 3, 2)),
    "hold-most": ("5s", "7s", "6s", lambda p: limit_of(
        p, "FUTURERELEASE", "HOLDFOR=%d"), (5, 7, 6)),
    "deliver-by-least": ("5s", "7s", "6s", lambda p: limit_of(
        p, "DELIVERBY", "BY=%d;R"), (5, 7, 6)),
    "mt-priority": ('"on"', '"NSEP"', '"MIXER"', lambda p: argument(
        p, "MT-PRIORITY"), ("", "NSEP", "MIXER")),
    "priority-most": ("2", "4", "3", priority, (2, 4, 3)),
    "max-errors": ("6", "8", "7", lambda p: until(p, "HELO", 421),
                   (6, 8, 7)),
    "max-refused-recipients": (
        "2", "4", "3", lambda p: until(p, "RCPT TO:<x@example.org>", 421),
        (2, 4, 3)),
    "max-unknown-commands": ("2", "4", "3", lambda p: until(p, "FOO", 421),
                             (2, 4, 3)),
    "max-empty-transactions": ("2", "4", "3", transactions, (3, 5, 4)),
    # EHLO is one of them.
    "max-idle-commands": ("20", "22", "21", lambda p: until(p, "NOOP", 421),
                          (20, 22, 21)),
    "early-talkers": ("refuse", "accept", "refuse", behind_hello,
                      (554, 250, 554)),
    "max-command-line": ("512", "700", "600", command_line, (512, 700, 600)),
    "max-hops": ("25", "27", "26", hops, (25, 27, 26)),
    "bare-newline": ("reject", "defer", "reject", bare, (550, 451, 550)),
    "log-level": ("notice", "error", "info", logged,
                  ({"refuse"}, set(), {"refuse", "accept", "end"})),
}


def grey_folder():
    """Where any user of ours may remember whom it met."""
    path = Scratch().make("grey")
    os.chmod(path, 0o777)
    return path


def greylisted(place):
    with place.client() as c:
        return c.envelope()[1].code == 451


def greylist_delay(place):
    with place.client() as c:
        text = c.envelope(sender="other@elsewhere.test")[1].text
        seconds = int(re.search(r"in (\d+) s", text).group(1))
        return 300 if 200 < seconds <= 300 else 3600 if seconds > 3000 else 0


def hello_refused(*names):
    """Which of the names behind EHLO are refused."""
    def observe(place):
        with place.client(False) as c:
            return {n for n in names if c.hello(n).code >= 400}
    return observe


def sender_refused(*paths):
    def observe(place):
        with place.client() as c:
            codes = {p: c.cmd("MAIL FROM:<%s>" % p).code
                     for p in paths if c.cmd("RSET")}
            return {p for p, code in codes.items() if code >= 400}
    return observe


def recipients_refused(place):
    with place.client() as c:
        c.envelope([])
        return {u for u in ("user", "other", "third") if c.cmd(
            "RCPT TO:<%s@example.org>" % u).code >= 400}


def when_refused(place):
    with place.client(False) as c:
        if c.hello("one.test").code >= 400:
            return "EHLO"
        return "MAIL" if c.envelope([])[0].code >= 400 else "RCPT"


def without_hello(place):
    with place.client(False) as c:
        return c.envelope([])[0].code


def bounce_recipients(place):
    with place.client() as c:
        c.envelope([], "")
        return [c.cmd("RCPT TO:<user@example.org>").code
                for _ in range(5)].index(550)


ONE_TWO_THREE = ('"one"', '"two"', '"three"')
TESTS = ("one.test", "two.test", "three.test")
ACCEPT_REFUSE = ("accept", "refuse", "accept")
# What is refused, at once.
REFUSED = {
    "host-settings": ('"row-1"', '"row-2"', '"row-3"', command_line,
                      (512, 700, 600)),
    "helo-syntax": ("loose", "strict", "full",
                    hello_refused("a_b.test", "single", "d.test"),
                    (set(), {"a_b.test"}, {"a_b.test", "single"})),
    "helo-refuse": (*ONE_TWO_THREE, hello_refused(*TESTS),
                    ({"one.test"}, {"two.test"}, {"three.test"})),
    "helo-own": (*ACCEPT_REFUSE, hello_refused("example.org"),
                 (set(), {"example.org"}, set())),
    "helo-literal": (
        "any", "none", "own",
        hello_refused("[192.0.2.99]", "[%s]" % USUAL, "[%s]" % SPECIAL),
        (set(), {"[192.0.2.99]", "[%s]" % USUAL, "[%s]" % SPECIAL},
         {"[192.0.2.99]", "[%s]" % USUAL})),
    "unqualified": ("refuse", "complete", "refuse", sender_refused("a"),
                    ({"a"}, set(), {"a"})),
    "sender-null": (*ACCEPT_REFUSE, sender_refused(""),
                    (set(), {""}, set())),
    "sender-refuse": (*ONE_TWO_THREE,
                      sender_refused(*("a@" + n for n in TESTS)),
                      ({"a@one.test"}, {"a@two.test"}, {"a@three.test"})),
    "sender-literal": (*ACCEPT_REFUSE, sender_refused("a@[192.0.2.1]"),
                       (set(), {"a@[192.0.2.1]"}, set())),
    "sender-own": ("accept", "refuse", "exists",
                   sender_refused("user@example.org", "no@example.org"),
                   (set(), {"user@example.org", "no@example.org"},
                    {"no@example.org"})),
    "recipient-refuse": ('"no-user"', '"no-other"', '"no-third"',
                         recipients_refused,
                         ({"user"}, {"other"}, {"third"})),
}
# What is refused because of what the name service says.
RESOLVED = {
    "helo-resolve": ("no", "match", "exists",
                     hello_refused("other.test", "absent.test"),
                     (set(), {"other.test", "absent.test"}, {"absent.test"})),
    "sender-domain": ("any", "full", "resolves",
                      sender_refused("a@single", "a@absent.test"),
                      (set(), {"a@single"}, {"a@single", "a@absent.test"})),
}
# And what says when, and how often.
WHEN = {
    "delay-refusals": ("yes", "no", "yes", when_refused,
                       ("RCPT", "EHLO", "RCPT")),
    "helo-required": ("yes", "no", "yes", without_hello, (503, 250, 503)),
    "tarpit": ('"1ms"', '"3ms"', '"2ms"', waited, ("1", "3", "2")),
    "max-bounce-recipients": ("1", "3", "2", bounce_recipients, (1, 3, 2)),
}


def compare(server, name, observe, want):
    shown.add(name)
    for i, value in enumerate(want):
        if value is not None:
            place = Place(server, i)
            eq(observe(place), value, "%s: what the %s says" % (
                name, place.name))


def all_of(rows, **settings):
    with server_with(rows, deliver=False, settings=settings) as server:
        for name, row in rows.items():
            compare(server, name, row[3], row[4])


def together():
    all_of(TOGETHER)


def policy():
    all_of(REFUSED, **{"delay-refusals": "no"})
    names = Names({}, {"client.test": USUAL, "other.test": "127.7.7.7"},
                  r"^$")
    all_of(RESOLVED, **{"delay-refusals": "no",
                        "dns-servers": '{"127.0.0.1:%d"}' % names.port})
    all_of(WHEN, **{"helo-refuse": '"one"'})
    all_of({"greylist": ("on", "off", "on", greylisted, (True, False, True)),
            "greylist-delay": ('"5m"', None, '"1h"', greylist_delay,
                               (300, None, 3600))},
           **{"greylist-directory": '"%s"' % grey_folder()})
    all_of({"rehearse": ('{"helo-refuse"}', "{}", '{"all"}',
                         hello_refused("one.test"),
                         (set(), {"one.test"}, set()))},
           **{"helo-refuse": '"one"', "delay-refusals": "no"})


def libwrap():
    if "libwrap" not in subprocess.run(
            ["ldd", program("lookup")], capture_output=True, text=True,
            check=False).stdout:
        shown.update(("libwrap", "libwrap-daemon", "libwrap-denial"))
        skip("built without libwrap")
        return

    def code(place):
        with place.client(False) as c:
            return c.greeting.code

    def daemon(place):
        log = place.server.scratch
        before = len(log.log_lines("refuse"))
        code(place)
        line = wait_for(lambda: log.log_lines("refuse")[before:], 10,
                        "the refusal")[0]
        return re.search(r"daemon=(\w+)", line).group(1)

    deny = "ALL: %s %s\n" % (USUAL, SPECIAL)
    server = server_with({"libwrap": ("off", "on", "off")}, deliver=False)
    server.scratch.write("hosts.deny", deny)
    with server:
        compare(server, "libwrap", code, (220, 554, 220))
    server = server_with({
        "libwrap": ("on", None, None),
        "libwrap-daemon": ('"ds"', '"dl"', '"dc"'),
        "libwrap-denial": ("reject", "defer", "reject")}, deliver=False)
    server.scratch.write("hosts.deny", deny.replace("ALL", "ds dl dc"))
    with server:
        compare(server, "libwrap-daemon", daemon, ("ds", "dl", "dc"))
        compare(server, "libwrap-denial", code, (554, 421, 554))


def source():
    """What is asked before the channel is known, or decides which it is."""
    def name(place):
        with place.client(False) as c:
            return c.greeting.lines[0].split()[1]

    def code(place):
        with place.client(False) as c:
            return c.greeting.code

    asked = Names({"2.0.0.127.in-addr.arpa": "two.test"},
                  {"two.test": "127.0.0.2"}, r"^$")
    server = server_with({
        "dns-servers": ('{"127.0.0.1:%d"}' % asked.port, None, None),
        "greeting": ('"%n %c"', None, None),
        "lookup-names": ("never", "always", None)}, deliver=False)
    with server:
        compare(server, "lookup-names", name, ("[127.0.0.2]", "two.test"))
    # Asked of the last channel of the list: "usual" here.
    rows = {"finicky": ("no", "yes", None)}
    server = server_with(rows, deliver=False)
    with server:
        compare(server, "finicky", code, (220, 554))
    server = server_with(rows, deliver=False)
    server.write_conf(server.text.replace('channel "usual" {',
                                          'channel "usual" { finicky = no'))
    with server:
        compare(server, "finicky", code, (220, 220))


def listeners():
    """What only a listener may say, and what is counted for it."""
    def most(place):
        clients = [place.client(False) for _ in range(6)]
        codes = [c.greeting.code for c in clients]
        for c in clients:
            c.close()
        wait_for(lambda: not place.server.role("session"), 10, "their end")
        return codes.count(220)

    def channel(place):
        with place.client(False) as c:
            return c.greeting.lines[0].split()[1]

    server = server_with({
        "max-connections": ("4", "2", None), "greeting": ('"%c"', None, None),
        "channels": (None, '{"local", "special"}', None)}, deliver=False)
    server.write_conf(server.text.replace(
        '"own" { address = {"127.0.0.1"}', '"own" { address = {"127.0.0.3"}'))
    with server:
        wait_for(lambda: not server.role("session"), 10, "the first one's end")
        eq(most(Place(server, 0)), 4, "max-connections: what the server says")
        own = Place(server, 1)
        own.client = lambda hello=True: server.client(
            address="127.0.0.3", port=server.ports["2"], source=USUAL)
        eq(most(own), 2, "max-connections: what the listener says")
        eq(channel(Place(server, 0)), "usual", "channels: all of them")
        eq(channel(own), "special", "channels: the listener's")
        try:
            server.client(port=server.ports["2"]).close()
            refused = False
        except ConnectionRefusedError:
            refused = True
        ok(refused, "address and port: the listener's, and no other")
    shown.update(("max-connections", "channels", "address", "port"))


DELIVERY = """\
table "t1" { type = "list"  rows = {"s.example"} }
table "t2" { type = "list"  rows = {"first.example"} }
table "t3" { type = "list"  rows = {"most.example"} }
table "t4" { type = "list"  rows = {"expire.example"} }
table "t5" { type = "list"  rows = {"there.example"} }
table "all" { type = "list"  rows = {"@s.example", "@first.example",
    "@most.example", "@expire.example", "@there.example"} }
mail-directory = "@dir@/nowhere"
retry-first = "1s"
retry-most = "1s"
channel "s" { table = "t1"  program = "local"  mailboxes = "all" }
channel "first" { table = "t2"  program = "local"  mailboxes = "all"
    retry-first = "50s"  retry-most = "50s" }
channel "most" { table = "t3"  program = "local"  mailboxes = "all"
    retry-most = "2s" }
channel "expire" { table = "t4"  program = "local"  mailboxes = "all"
    retry-first = "100s"  retry-most = "100s"  expire = "60s" }
channel "there" { table = "t5"  program = "local"  mailboxes = "all"
    mail-directory = "@dir@/mail" }
channel "world" { }
"""


def delivery():
    """Of the destination channel; mail cannot be delivered, but for one."""
    with Server(DELIVERY) as server:
        to = ["u@%s.example" % c for c in "s first most expire there".split()]
        eq(server.send("text\n", to).code, 250, "a message for all of them")

        def next_try(channel, tries):
            found = wait_for(lambda: server.scratch.log_lines(
                "later", chan=channel, tries=str(tries)), 20,
                "try %d for %s" % (tries, channel))
            return re.search(r" next=(\d+)s", found[0]).group(1)

        eq(next_try("s", 1), "1", "retry-first: what the server says")
        like(next_try("first", 1), "^(4[4-9]|50)$",
             "retry-first: what the channel says")
        eq(next_try("s", 3), "1", "retry-most: what the server says")
        eq(next_try("most", 3), "2", "retry-most: what the channel says")
        like(next_try("expire", 1), "^(5[0-9]|60)$",
             "expire: what the channel says; the server would wait 100 s")
        server.deliveries("u@there.example", 1)
        ok(True, "mail-directory: what the channel says")
    shown.update(("retry-first", "retry-most", "expire", "mail-directory"))


def complete():
    """Nothing that may be said in two places is without its observation."""
    for name, _type, _default, _least, _most, scope, *_ in table_rows(
            "lib/settings.def", "SETTING"):
        name = name.replace("_", "-")
        if "LISTENER" not in scope and "CHANNEL" not in scope:
            continue
        if name in ELSEWHERE:
            ok(name in text_of(os.path.join(SRC, ELSEWHERE[name])),
               "%s: %s" % (name, ELSEWHERE[name]))
            if ELSEWHERE[name] not in OVERRIDDEN:
                ok("SERVER" not in scope,
                   "%s: there is nothing that it could be over" % name)
        else:
            ok(name in shown, "%s is shown here" % name)


need_built("smtpd", "smtpsrvr", "submit", "lookup", "deliver")
run(together, policy, libwrap, source, listeners, delivery, complete)
