#!/usr/bin/env python3
"""The PROXY protocol: whose connection it is after a header, who may send
one, what is closed without a word, and that each client counts by itself."""
import json
import os
import ssl
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
import pp

CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user", "other"} }
table "lan" { type = "list"  rows = {"192.0.2.0/24", "2001:db8::/32"} }
table "proxy" { type = "list"  rows = {"127.0.0.1"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "lan" { table = "lan" }
channel "own" { table = "proxy" }
channel "world" { }
listen "plain" { address = {"127.0.0.1"}  port = @port@
    log-level = "error" }
listen "front" { address = {"127.0.0.1"}  port = @port2@
    proxy-protocol = yes  proxies = {"127.0.0.1", "127.0.7.0/24"}
    greeting = {"%c %i"} }
listen "quick" { address = {"127.0.0.1"}  port = @port3@
    proxy-protocol = yes  proxies = {"127.0.0.1"}  proxy-timeout = "200ms" }
"""
CLIENT = "192.0.2.7"
TLVS = pp.tlv(2, b"mx.example") + pp.tlv(1, b"smtp") + pp.tlv(4, b"xx") + \
    pp.tlv(5, b"id\x00\"\xff") + pp.tlv(0x30, b"blue") + pp.tlv(
        0x20, b"\x07\0\0\0\x13" + pp.tlv(0x21, b"TLSv1.3") +
        pp.tlv(0x22, b"cn.example")) + pp.tlv(0xea, b"vpc")
HEADERS = {
    "version 1": (pp.v1(CLIENT), CLIENT, "lan"),
    "version 1, IPv6": (pp.v1("2001:db8::7", "::1"), "2001:db8::7", "lan"),
    "version 2": (pp.v2(CLIENT), CLIENT, "lan"),
    "version 2, IPv6": (pp.v2("2001:db8::7", "::1"), "2001:db8::7", "lan"),
    "IPv4 in IPv6": (pp.v2("::ffff:192.0.2.7", "::1"), CLIENT, "lan"),
    "another channel's": (pp.v2("198.51.100.1"), "198.51.100.1", "world"),
    "TLVs": (pp.v2(CLIENT, tlvs=TLVS), CLIENT, "lan"),
    "a checksum": (pp.v2(CLIENT, tlvs=TLVS, crc=True), CLIENT, "lan"),
    "a long one": (pp.v2(CLIENT, tlvs=pp.tlv(4, b"x" * 9000)), CLIENT, "lan"),
    "UNKNOWN": (b"PROXY UNKNOWN\r\n", "127.0.0.1", "own"),
    "UNKNOWN with more": (b"PROXY UNKNOWN a b c d\r\n", "127.0.0.1", "own"),
    "LOCAL": (pp.local(), "127.0.0.1", "own"),
    "no family": (pp.raw(0x21, 0, b""), "127.0.0.1", "own"),
    "a unix socket": (pp.unix(), "127.0.0.1", "own"),
}
GOOD = pp.v2(CLIENT, tlvs=TLVS, crc=True)
BAD = {
    "no header": (b"EHLO client.test\r\n", "signature"),
    "a bare LF": (b"PROXY TCP4 192.0.2.7 127.0.0.1 1 1\n", "line"),
    "leading zeros": (b"PROXY TCP4 192.0.2.07 127.0.0.1 1 1\r\n", "address"),
    "a port too high": (b"PROXY TCP4 192.0.2.7 127.0.0.1 65536 1\r\n",
                        "port"),
    "two blanks": (b"PROXY TCP4 192.0.2.7  127.0.0.1 1 1\r\n", "words"),
    "another family": (b"PROXY TCP5 192.0.2.7 127.0.0.1 1 1\r\n", "family"),
    "too long a line": (b"PROXY UNKNOWN " + b"x" * 100 + b"\r\n", "too-long"),
    "datagrams": (pp.v2(CLIENT, transport=2), "transport"),
    "a bad family": (pp.raw(0x21, 0x41, b"x" * 12), "family"),
    "a bad command": (pp.raw(0x22, 0x11, b"x" * 12), "command"),
    "a bad version": (pp.raw(0x11, 0x11, b"x" * 12), "version"),
    "too short": (pp.raw(0x21, 0x21, b"x" * 35), "too-short"),
    "longer than is taken": (pp.raw(0x20, 0, b"x" * 16369), "too-long"),
    "half a TLV": (pp.v2(CLIENT, tlvs=b"\x01\0\x09x"), "tlv"),
    "a wrong checksum": (GOOD[:20] + b"\xff" + GOOD[21:], "checksum"),
}
RELOADED = "new settings are in force"
server = None


def front(header, source="127.0.0.1", greet=True, port="2", cut=False):
    c = server.client(port=server.ports[port], source=source, greet=False)
    if cut:
        c.segments([bytes([b]) for b in header])
    else:
        c.send(header)
    if greet:
        c.greeting = c.reply()
    return c


def events(event, n=1, **fields):
    """So many lines of the log, once they are there."""
    if not happens(lambda: len(server.scratch.log_lines(event, **fields))
                   >= n, 5):
        diag("log: %s" % server.scratch.log_text()[-3000:])
    return server.scratch.log_lines(event, **fields)


def headers():
    for name, (header, ip, channel) in HEADERS.items():
        with front(header) as c:
            eq(c.greeting.lines[-1].split()[-2:], [channel, ip],
               name + ": whose it is, and of which channel")
            qid = server.queue_id(c.message("text\n"))
            told = ip != "127.0.0.1"
            where = {"proxy": "127.0.0.1"} if told else {}
            line = events("accept", qid=qid, ip=ip, chan=channel, **where)
            ok(len(line) == 1 and ("proxy=" in line[0]) == told,
               name + ": in the log")
            text = server.scratch.entry(qid).decode("latin-1")
            like(text, r"Received: from [^;]*\[(IPv6:)?%s\]" % re.escape(ip),
                 name + ": in the trace")
            ok("A%s%s\0" % (chr(len(ip) + 1) + "\0\0\0", ip) in text,
               name + ": and in the entry")
    line = events("proxy", proxy="127.0.0.1", authority="mx.example")[0]
    for sign in ('alpn="smtp"', r'unique-id="id\x00\x22\xff"', 'netns="blue"',
                 "ssl-client=7", "ssl-verify=19", 'ssl-version="TLSv1.3"',
                 'ssl-cn="cn.example"', 'tlv-ea="vpc"', "kind=tcp4",
                 "version=2"):
        ok(sign in line.replace(r"\"", r"\x22"), "a TLV: " + sign)


def pieces():
    for header in (pp.v1(CLIENT), pp.v2(CLIENT)):
        with front(header, cut=True) as c:
            eq(c.greeting.lines[-1].split()[-1], CLIENT, "byte by byte")
        more = b"EHLO a.test\r\nMAIL FROM:<a@b.test>\r\n" \
            b"RCPT TO:<user@example.org>\r\nDATA\r\n"
        with front(header + more) as c:
            eq([r.code for r in c.replies(4)], [250, 250, 250, 354],
               "what follows at once is lost neither nor taken early")
            c.send(b"x\r\n.\r\n")
            says(c.reply(), "QUEUED", "and is a message")
    with front(pp.v2(CLIENT) + pp.v2("192.0.2.9")) as c:
        ok(c.reply().code >= 500, "a second header is no command")


def refused():
    for name, (data, why) in BAD.items():
        n = len(server.scratch.log_lines("refuse", detail=why))
        with front(data, greet=False) as c:
            ok(c.closed(), name + ": closed without a word")
        line = events("refuse", n + 1, detail=why)[-1]
        ok(" verb=PROXY " in line and " reason=proxy-header " in line and
           " ip=127.0.0.1 " in line, name + ": and why is in the log")
    with front(GOOD[:-1], greet=False) as c:
        c.shutdown()
        ok(c.closed(), "a cut one")
    events("refuse", detail="cut")
    with front(GOOD[:-1], greet=False, port="3") as c:
        ok(c.closed(), "one that does not come in time")
    events("refuse", detail="timeout")


def strangers():
    for data in (b"", GOOD, pp.v1(CLIENT), pp.local(), b"EHLO x\r\n"):
        with front(data, source="127.0.0.9", greet=False) as c:
            ok(c.closed(), "no proxy, whatever it says")
    lines = events("refuse", 5, reason="no-proxy")
    ok(len(lines) == 5 and all(" ip=127.0.0.9 " in x for x in lines),
       "is in the log by its own address")
    with front(GOOD, source="127.0.7.200") as c:
        like(c.greeting.text, CLIENT, "by prefix one is a proxy")
    with server.client() as c:
        eq(c.cmd("PROXY TCP4 192.0.2.7 127.0.0.1 1 1").code, 500,
           "no command elsewhere")
    with server.client(greet=False) as c:
        c.send(GOOD)
        like(c.reply().text, "^220", "nor is it waited for there")


def silent():
    """Health checks: nothing that anybody would have to read."""
    settle()
    before = server.scratch.log_text()

    def looks():
        for data in (b"", b"PROXY UNKNOWN\r\n", pp.local()):
            c = front(data, greet=bool(data))
            c.close()
            front(data, greet=bool(data)).reset()
        with front(pp.local()) as c:
            c.hello()
        with front(pp.local()) as c:
            c.hello()
            c.quit()
    for _ in range(3):
        looks()
    sessions = len(server.scratch.log_lines("proxy", kind="local"))
    settle()
    new = server.scratch.log_text()[len(before):].splitlines()
    other = [x for x in new if " ip=" in x and ": proxy " not in x and
             "ip=203.0.113.99" not in x]
    eq(other, [], "no line of any of them")
    ok(sessions > 0, "but for who wants to see everything")
    eq(limits()["penalties"], [], "and no penalty")


def settle():
    """Nobody is connected, and all that was to be logged is."""
    wait_for(lambda: limits()["connections"]["value"] == 0, 10, "their end")
    n = len(server.scratch.log_lines("end", ip="203.0.113.99"))
    with front(pp.v2("203.0.113.99")) as c:
        c.hello()
    events("end", n + 1, ip="203.0.113.99")


def reloaded(times):
    wait_for(lambda: server.scratch.log_text().count(RELOADED) >= times, 10,
             "the new settings")


def limits(*args):
    p = server.inlet(*server.where(), "limits", "--json", *args)
    return json.loads(p.stdout)


def inside(address, **more):
    return front(pp.v2(address), **more)


def counted():
    server.reload(settings={
        "max-connections-per-address": "2", "max-connections-per-prefix": "3",
        "rates": '{"connections per address 6/1h"}',
        "penalty-points": '{"garbage 40"}', "penalty-limit": "100"})

    def got(c):
        with c:
            return c.greeting.code
    reloaded(1)
    two = [wait_in("192.0.2.20") for _ in range(2)]
    third = inside("192.0.2.20")
    like(third.greeting.text, r"^421 4\.3\.2 .*max-connections-per-address",
         "a third of one client")
    ok(third.closed(), "is closed")
    line = events("refuse", ip="192.0.2.20", code=421)[0]
    ok("limit=max-connections-per-address value=2 most=2" in line and
       " proxy=127.0.0.1 " in line, "and both are in the log")
    other = wait_in("192.0.2.21")
    eq(got(inside("192.0.2.22")), 421, "a fourth of its prefix")
    far = wait_in("203.0.113.1")
    c = limits()["connections"]
    eq({r["key"]: r["value"] for r in c["addresses"]},
       {"192.0.2.20": 2, "192.0.2.21": 1, "203.0.113.1": 1},
       "by client, and not by proxy")
    ok(happens(lambda: limits()["connections"]["value"] == 4),
       "four in all")
    looks = [front(pp.local()) for _ in range(5)]
    ok(all(x.greeting.code == 220 for x in looks),
       "a proxy itself has no such limit")
    eq({r["key"] for r in limits()["connections"]["addresses"]},
       {"192.0.2.20", "192.0.2.21", "203.0.113.1"}, "nor does it count")
    waiting = server.client(port=server.ports["2"], greet=False)
    wait_for(lambda: limits()["connections"]["value"] == 10, 10, "one more")
    eq(len(limits()["connections"]["addresses"]), 3,
       "nor who has not said yet")
    server.reload()
    reloaded(2)
    eq(got(inside("192.0.2.20")), 421, "a reload counts the same")
    for x in two + looks + [other, far, waiting]:
        x.close()
    wait_for(lambda: limits()["connections"]["value"] == 0, 10, "the end")


def wait_in(address):
    """In, though one that has just ended may still be counted."""
    def try_it():
        c = inside(address)
        if c.greeting.code == 220:
            return c
        c.close()
        return None
    return wait_for(try_it, 10, "being let in")


def rates():
    """Rules and penalties are the client's own."""
    for _ in range(6):
        with wait_in("198.51.100.50") as c:
            c.quit()
    with inside("198.51.100.50") as c:
        like(c.greeting.text, r"^421 4\.7\.0 .*connections per address",
             "a seventh within the hour")
    with wait_in("198.51.100.51") as c:
        c.send(b"GET / HTTP/1.0\r\n")
        c.rest()
        for _ in range(2):
            with wait_in("198.51.100.51") as again:
                again.send(b"GET / HTTP/1.0\r\n")
                again.rest()
    wait_for(lambda: any(r["key"] == "198.51.100.51"
                         for r in limits()["penalties"]), 10, "the charge")
    with inside("198.51.100.51") as c:
        like(c.greeting.text, r"^421 4\.7\.0 .*penalty-limit",
             "three times garbage")
    with front(pp.local()) as c:
        eq(c.greeting.code, 220, "the proxy is charged nothing")
    eq({r["key"] for r in limits()["penalties"]}, {"198.51.100.51"},
       "nor anybody else")


def settings():
    """libwrap and a channel's gate are asked about the client."""
    s = server.scratch
    s.write("hosts.deny", "smtpd: 198.51.100.66\n")
    s.write("hosts.allow", "")
    server.reload(settings={"libwrap": '"on"'})
    reloaded(3)

    def denied():
        with inside("198.51.100.66") as c:
            return c.greeting.code == 554
    wait_for(denied, 10, "libwrap's no to the client")
    with inside("198.51.100.67") as c:
        eq(c.greeting.code, 220, "and to nobody else")


def whole():
    global server
    with Server(CONF, deliver=False, settings={
            "max-connections-per-prefix": "400"}) as s:
        server = s
        headers()
        pieces()
        refused()
        strangers()
        silent()
        counted()
        rates()
        settings()


def agree():
    """inlet explain --proxy, and a session behind a proxy."""
    global server
    with Server(CONF, deliver=False) as s:
        server = s
        n = 0
        for proxy in ("127.0.0.1", "127.0.7.3", "127.0.0.9"):
            for client in (CLIENT, "198.51.100.9", None):
                for to in ("user@example.org", "x@far.test", "no@example.org"):
                    n += one(s, proxy, client, to)
        eq(n, 27, "27 cases: explain and a session agree")
        p = s.inlet(*s.where(), "explain", "--proxy", "127.0.0.1", CLIENT,
                    "a@b.test", "user@example.org")
        eq(p.returncode, 64, "a listener that takes no headers")
        like(p.stderr, "no proxy may name a client", "is said")
        p = s.inlet(*s.where(), "explain", "--listener", "front", "--proxy",
                    "127.0.0.1", CLIENT, "a@b.test", "user@example.org")
        like(p.stdout, r"^client 192\.0\.2\.7, as the proxy 127\.0\.0\.1 says"
             r"[^\0]*check +proxy: passed[^\0]*proxy-protocol = yes",
             "both addresses, and the check")


def one(s, proxy, client, to):
    """client None: the proxy speaks for itself."""
    args = ["--proxy", proxy, client] if client else [proxy]
    p = s.inlet(*s.where(), "explain", "--json", "--listener", "front", *args,
                "a@b.test", to)
    said = json.loads(p.stdout)
    with front(pp.v2(client) if client else pp.local(), source=proxy,
               greet=False) as c:
        try:
            reply = c.reply()
            for line in ("EHLO " + said["helo"], "MAIL FROM:<a@b.test>",
                         "RCPT TO:<%s>" % to):
                if reply.code < 400:
                    reply = c.cmd(line)
            real = re.sub(r" \([0-9a-z]+\)$", "",
                          reply.text.split("\n")[-1])
        except EOFError:
            real = None
    want = None if "said" in said else " ".join(
        str(x) for x in (said["code"], said["enhanced"], said["text"]) if x)
    if real != want or (client and said["proxy"] != proxy):
        diag("%s %s %s: session %r, explain %r" % (proxy, client, to, real,
                                                  want))
        return 0
    return 1


def by_exec():
    """A session that somebody else starts: the server's settings hold, and
    a listener's own over them."""
    global server
    settings = {"proxy-protocol": "yes", "proxies": '{"127.0.0.1"}',
                "proxy-timeout": '"5m"'}
    with Server(CONF.replace("port = @port@", "port = @port@\n"
                             "    proxy-protocol = no"),
                deliver=False, settings=settings) as s:
        server = s
        args = s.command("smtpsrvr", *s.where()) + ["x", "y"]
        with socket.socket() as at:
            at.bind(("127.0.0.1", 0))
            at.listen(5)

            def connect(data, source="127.0.0.1"):
                c = Client(at.getsockname(), source=source, greet=False)
                there, _ = at.accept()
                p = spawn(args, stdin=there, stdout=there, **s.as_user())
                there.close()
                c.send(data)
                return c, p
            c, p = connect(pp.v2(CLIENT))
            with c:
                like(c.reply().text, "^220", "a header, then the greeting")
                qid = s.queue_id(c.message("text\n"))
                eq(c.quit().code, 221, "a message")
            eq(p.wait(slow(20)), 0, "and its end")
            like(s.scratch.entry(qid), r"\[192\.0\.2\.7\]", "is the client's")
            line = events("accept", qid=qid)[0]
            ok(" ip=%s chan=lan " % CLIENT in line, "of its channel")
            c, p = connect(pp.v2(CLIENT), "127.0.0.9")
            with c:
                ok(c.closed(), "who is no proxy is closed")
            p.wait(slow(20))
            events("refuse", reason="no-proxy", ip="127.0.0.9")
        with front(GOOD, source="127.0.7.3") as c:
            like(c.greeting.text, CLIENT, "a listener's own proxies")
        with front(GOOD[:-1], greet=False, port="3") as c:
            ok(c.closed(), "and its own time")


TLS = """\
listen "smtps" { address = {"127.0.0.1"}  port = @port4@  tls-implicit = yes
    proxy-protocol = yes  proxies = {"127.0.0.1"}  greeting = {"%c %i"} }
"""


def hidden(c, prefix):
    """TLS from the start: what the client sends first, in one segment with
    prefix.  Gives functions to send and to read the next line."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(come, go)

    def do(what, *args):
        nonlocal prefix
        while True:
            try:
                got = what(*args)
                break
            except ssl.SSLWantReadError:
                c.send(prefix + go.read())
                prefix = b""
                if not c.more():
                    raise EOFError("closed") from None
                come.write(c.buffer)
                c.buffer = b""
        c.send(go.read())
        return got

    def line():
        text = b""
        while not text.endswith(b"\r\n"):
            text += do(tls.read, 1)
        return text.decode()
    do(tls.do_handshake)
    return lambda text: do(tls.write, text.encode()), line


def before_tls():
    """The header comes first, and not a byte of what follows is taken."""
    global server
    if not tool("openssl"):
        skip("no openssl")
        return
    folder = tempfile.mkdtemp(prefix="inlet-tls-")
    chain, key = (os.path.join(folder, n) for n in ("chain", "key"))
    try:
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-days", "30",
                        "-subj", "/CN=inlet.example", "-newkey", "ec",
                        "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", key,
                        "-out", chain], check=True, capture_output=True,
                       timeout=slow(60))
        with Server(CONF + TLS, deliver=False, settings={
                "certificates": '{"%s %s"}' % (chain, key)}) as s:
            server = s
            for header in (pp.v1(CLIENT), pp.v2(CLIENT),
                           pp.v1("2001:db8::7", "::1"),
                           pp.v2(CLIENT, tlvs=TLVS, crc=True),
                           pp.v1("1.1.1.1", "2.2.2.2", (1, 1))):
                with s.client(port=s.ports["4"], greet=False) as c:
                    say, line = hidden(c, header)
                    like(line(), r"^220 .* (192\.0\.2\.7|2001:db8::7|"
                         r"1\.1\.1\.1)\r\n", "a header and a ClientHello in "
                         "one segment")
                    say("QUIT\r\n")
                    like(line(), "^221 ", "and TLS behind it")
    finally:
        shutil.rmtree(folder, True)


def checked():
    """inlet check: whoever may say any address is told of."""
    s = Server(CONF.replace('proxies = {"127.0.0.1"}',
                            'proxies = {"128.0.0.0/1"}  xclient = {"::/0"}'))
    p = s.inlet(*s.where(), "check")
    for name, net in (("proxies", "128.0.0.0/1"), ("xclient", "::/0")):
        like(p.stdout, r"^error .*%s: who is in \"%s\" may say that he is "
             r"anybody" % (name, re.escape(net)), "inlet check: %s" % name)
    p = Server(CONF).inlet(*s.where(), "check")
    ok("may say that" not in p.stdout, "and not of those that are meant")


HAPROXY = """\
global
    maxconn 100
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
listen one
    bind 127.0.0.1:%(one)d
    server inlet 127.0.0.1:%(inlet)d send-proxy
listen two
    bind 127.0.0.1:%(two)d
    server inlet 127.0.0.1:%(inlet)d send-proxy-v2 proxy-v2-options crc32c
listen connects
    bind 127.0.0.1:%(three)d
    server inlet 127.0.0.1:%(inlet)d send-proxy-v2 check inter 50ms
listen looks
    bind 127.0.0.1:%(four)d
    option tcp-check
    tcp-check connect send-proxy
    tcp-check expect rstring ^220
    server inlet 127.0.0.1:%(inlet)d send-proxy-v2 check inter 50ms
"""


def haproxy():
    """The real one, and its checks."""
    global server
    if not tool("haproxy"):
        skip("no haproxy")
        return
    with Server(CONF, deliver=False) as s:
        server = s
        ports = {name: free_port() for name in ("one", "two", "three",
                                                "four")}
        path = s.scratch.write("haproxy.cfg", HAPROXY % dict(
            ports, inlet=s.ports["2"]))
        out = open(s.scratch.at("haproxy.log"), "wb")
        proxy = spawn([tool("haproxy"), "-db", "-f", path], stdout=out,
                      stderr=out)

        def through(port, n):
            c = Client(("127.0.0.1", port), source="127.0.0.%d" % n)
            like(c.greeting.text, r" world 127\.0\.0\.%d$" % n,
                 "haproxy says who its client is")
            return c
        for n, name in enumerate(ports, 30):
            def up():
                with contextlib.suppress(OSError, EOFError):
                    return through(ports[name], n)
                return None
            with wait_for(up, 15, "haproxy") as c:
                qid = s.queue_id(c.message("text\n"))
                like(s.scratch.entry(qid), r"\[127\.0\.0\.%d\]" % n,
                     name + ": a message")
        wait_for(lambda: s.scratch.log_text().count("kind=local") > 10, 15,
                 "checks")
        proxy.terminate()
        proxy.wait(slow(20))
        settle()
        lines = [x for x in s.scratch.log_text().splitlines()
                 if (" ip=127.0.0.1 " in x and ": proxy " not in x)
                 or "reason=proxy-header" in x]
        eq(lines[:3], [], "its checks leave no line")
        eq(limits()["penalties"], [], "nor a penalty")


run(whole, agree, checked, by_exec, before_tls, haproxy, seconds=400)
