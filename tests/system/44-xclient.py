#!/usr/bin/env python3
"""XCLIENT (Postfix): the session begins anew as that of another client, for
everybody who looks; and XFORWARD, of which only the log hears."""
import base64
import json
import os
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from names import Names

CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user", "other"} }
table "lan" { type = "list"  rows = {"192.0.2.0/24", "2001:db8::/32",
    ".known.test"} }
table "far" { type = "list"  rows = {"far.test"} }
table "own" { type = "list"  rows = {"127.0.0.0/8"} }
table "rows" { type = "list"
    rows = {"192.0.2.9: max-message-size=2K  greeting=nine"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "lan" { table = "lan"  relay = yes  host-settings = "rows"
    max-connections-per-address = 2 }
channel "far" { table = "far"  program = "x" }
channel "own" { table = "own" }
channel "world" { }
listen "smtp" { address = {"127.0.0.1"}  port = @port@
    greeting = {"%c %i"} }
listen "front" { address = {"127.0.0.1"}  port = @port2@
    xclient = {"127.0.0.1", "127.0.7.0/24"}  xforward = {"127.0.0.8"}
    greeting = {"%c %i"} }
listen "strict" { address = {"127.0.0.1"}  port = @port3@  finicky = yes
    channels = {"own", "lan"}  xclient = {"127.0.0.1"}  hostname = "s.test" }
"""
CLIENT = "192.0.2.7"
ADDR = "XCLIENT NAME=[UNAVAILABLE] ADDR=%s PORT=4711"
server = None


def front(*attributes, source="127.0.0.1", port="2", hello=True):
    """A connection, and what XCLIENT with these gets."""
    c = server.client(port=server.ports[port], source=source)
    if hello:
        c.hello()
    c.said = c.cmd("XCLIENT " + " ".join(attributes)) if attributes else None
    return c


def events(event, n=1, **fields):
    if not happens(lambda: len(server.scratch.log_lines(event, **fields))
                   >= n, 5):
        diag("log: %s" % server.scratch.log_text()[-3000:])
    return server.scratch.log_lines(event, **fields)


def limits():
    p = server.inlet(*server.where(), "limits", "--json")
    return json.loads(p.stdout)["connections"]


def another():
    """Everything is the other client's."""
    with front("NAME=a.example", "ADDR=" + CLIENT, "PORT=4711",
               "LOGIN=ann@example.org") as c:
        eq(c.said.lines, ["inlet.example lan 192.0.2.7"], "a new greeting")
        eq(c.cmd("MAIL FROM:<a@b.test>").code, 503, "EHLO is wanted again")
        qid = server.queue_id(c.message("text\n", to="x@far.test"))
        ok(True, "it may what its channel may")
        line = events("accept", qid=qid)[0]
        for sign in ("ip=192.0.2.7", "chan=lan", "proxy=127.0.0.1",
                     'login="ann@example.org"'):
            ok(sign in line.split(), "in the log: " + sign)
        text = server.scratch.entry(qid).decode("latin-1")
        like(text, r"Received: from [^;]*\[192\.0\.2\.7\]", "in the trace")
        ok("L\x10\0\0\0ann@example.org\0" in text, "and its login's entry")
        # Of the same connection, and the same way to submit.
        says(c.cmd("XCLIENT ADDR=198.51.100.1 LOGIN=[UNAVAILABLE]"),
             "GREETING", "then another")
        c.hello()
        says(c.message("text\n", to="x@far.test", hello=False),
             "RELAY_DENIED", "who may not")
        c.cmd("RSET")
        qid = server.queue_id(c.message("text\n", hello=False))
        line = events("accept", qid=qid)[0]
        ok(" ip=198.51.100.1 chan=world " in line and "login=" not in line,
           "is none of the first")
    with front("ADDR=IPV6:2001:db8::7") as c:
        eq(c.said.lines[-1].split()[-2:], ["lan", "2001:db8::7"], "of IPv6")
    with front("ADDR=[UNAVAILABLE]") as c:
        eq(c.said.lines[-1].split()[-2:], ["world", "-"],
           "without an address it is nobody")
        ok(c.message("x\n").code == 250, "who may send to us")
        says(c.message("x\n", to="x@far.test"), "RELAY_DENIED",
             "and nowhere else")
    with front("ADDR=192.0.2.9") as c:
        eq(c.said.lines[-1].split()[-1], "nine", "settings of its own")
        ok(any(x == "SIZE 2048" for x in c.hello().lines), "and limits")
        says(c.cmd("XCLIENT ADDR=192.0.2.10"), "GREETING", "the next one")
        ok(any(x == "SIZE 52428800" for x in c.hello().lines),
           "has not those")
    with front("HELO=h.example", "PROTO=ESMTP", hello=False) as c:
        eq(c.said.lines[-1].split()[-2:], ["own", "127.0.0.1"],
           "without ADDR the address is the same")


def others():
    """Who may not, cannot."""
    for source, port in (("127.0.0.9", "2"), ("127.0.0.1", "1")):
        with front(source=source, port=port) as c:
            ok(c.cmd("XCLIENT ADDR=" + CLIENT).code in (550, 502),
               "%s at %s: refused" % (source, port))
            ok("XCLIENT" not in c.hello().text, "nor is it announced")
            qid = server.queue_id(c.message("text\n", hello=False))
            ok(" ip=%s " % source in events("accept", qid=qid)[0],
               "nor believed")
    with front("ADDR=" + CLIENT, source="127.0.7.9") as c:
        eq(c.said.code, 220, "by prefix one may")


def gates():
    """libwrap, a finicky list and the channel's limits are asked again."""
    with front("ADDR=198.51.100.1", port="3") as c:
        says(c.said, "UNRESOLVED_HOST", "a finicky listener's no")
        ok(c.closed(), "ends it")
    with front("ADDR=" + CLIENT, port="3") as c:
        eq(c.said.code, 220, "and its yes")
    with front("ADDR=198.51.100.66") as c:
        says(c.said, "ACCESS_DENIED", "hosts.deny")
        ok(c.closed(), "ends it")
    two = [front("ADDR=" + CLIENT) for _ in range(2)]
    ok(all(c.said.code == 220 for c in two), "two of a client")
    wait_for(lambda: {r["key"]: r["value"] for r in limits()["addresses"]}
             == {CLIENT: 2}, 10, "both counted as its own")
    eq({r["section"]: r["value"] for r in limits()["channels"]
        if r["section"] == "lan"}, {"lan": 2}, "in its channel")
    with front("ADDR=" + CLIENT) as c:
        says(c.said, "BUSY", "its channel's limit")
    with front("ADDR=192.0.2.8") as c:
        eq(c.said.code, 220, "another has room")
    eq(two[0].cmd("XCLIENT ADDR=192.0.2.30").code, 220, "one goes")
    with front("ADDR=" + CLIENT) as c:
        eq(c.said.code, 220, "then there is room")
    for c in two:
        c.close()


def names():
    """What NAME says is not believed: the name is looked up."""
    with front("NAME=x.known.test", "ADDR=198.51.100.7") as c:
        like(c.said.text, "world 198.51.100.7", "a name that it only says")
    with front("ADDR=198.51.100.8") as c:
        like(c.said.text, "lan 198.51.100.8", "one that it has")
        qid = server.queue_id(c.message("text\n", to="x@far.test"))
        like(server.scratch.entry(qid), "h8.known.test",
             "submit finds it, too")


def forward():
    with server.client(port=server.ports["2"], source="127.0.0.8") as c:
        ok(any(x == "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"
               for x in c.hello().lines), "XFORWARD is announced")
        says(c.cmd("XFORWARD NAME=a.example ADDR=%s IDENT=1A+20B" % CLIENT),
             "OK", "and taken")
        qid = server.queue_id(c.message("text\n", hello=False))
        ok(" ip=127.0.0.8 " in events("accept", qid=qid)[0],
           "the client stays who it is")
        line = events("xforward", ip="127.0.0.8")[0]
        ok('name="a.example"' in line and 'addr="192.0.2.7"' in line and
           'ident="1A B"' in line, "the log has it")


def explained():
    n = 0
    for proxy in ("127.0.0.1", "127.0.0.9"):
        for client in (CLIENT, "198.51.100.8", "198.51.100.1"):
            for to in ("user@example.org", "x@far.test"):
                p = server.inlet(*server.where(), "explain", "--json",
                                 "--listener", "front", "--proxy", proxy,
                                 client, "a@b.test", to)
                said = json.loads(p.stdout)
                with front("ADDR=" + client, source=proxy) as c:
                    reply = c.said
                    for line in ("EHLO " + said["helo"],
                                 "MAIL FROM:<a@b.test>",
                                 "RCPT TO:<%s>" % to):
                        if reply.code < 400:
                            reply = c.cmd(line)
                real = re.sub(r" \([0-9a-z]+\)$", "",
                              reply.text.split("\n")[-1])
                want = " ".join((str(said["code"]), said["enhanced"],
                                 said["text"]))
                n += real == want
                if real != want:
                    diag("%s %s %s: %s, explain %s" % (proxy, client, to,
                                                       real, want))
    eq(n, 12, "12 cases: explain and a session agree")


def swaks():
    if not tool("swaks"):
        skip("no swaks")
        return
    p = subprocess.run([tool("swaks"), "--server", "127.0.0.1", "--port",
                        str(server.ports["2"]), "--from", "a@b.test", "--to",
                        "user@example.org", "--local-interface", "127.0.0.1",
                        "--xclient-addr", CLIENT, "--xclient-name",
                        "a.example", "--xclient-helo", "h.example",
                        "--silent", "2"], capture_output=True, text=True,
                       timeout=slow(60), stdin=subprocess.DEVNULL)
    eq((p.returncode, p.stdout + p.stderr), (0, ""), "swaks --xclient")
    ok(any("proxy=127.0.0.1" in x for x in events("accept", ip=CLIENT)),
       "sends for another")


NGINX = """\
%(module)s
daemon off;
master_process off;
pid %(dir)s/nginx.pid;
error_log %(dir)s/nginx.log info;
events { worker_connections 64; }
mail {
    server_name front.test;
    auth_http 127.0.0.1:%(auth)d/;
    proxy_timeout 60s;
    xclient on;
    server { listen 127.0.0.1:%(port)d; protocol smtp; smtp_auth none; }
    server { listen 127.0.0.1:%(plain)d; protocol smtp;
             smtp_auth plain login; }
}
"""


def auth_server(port_of_inlet):
    """What nginx asks where to go; anybody may."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(8)

    def serve():
        while True:
            try:
                c, _ = sock.accept()
            except OSError:
                return
            data = b""
            while b"\r\n\r\n" not in data:
                more = c.recv(4096)
                if not more:
                    break
                data += more
            c.sendall(b"HTTP/1.0 200 OK\r\nAuth-Status: OK\r\n"
                      b"Auth-Server: 127.0.0.1\r\nAuth-Port: %d\r\n\r\n"
                      % port_of_inlet)
            c.close()
    threading.Thread(target=serve, daemon=True).start()
    return sock


def nginx():
    """nginx as a mail proxy: it says XCLIENT before its client's EHLO."""
    module = "/usr/lib/nginx/modules/ngx_mail_module.so"
    if not tool("nginx") or not os.path.exists(module):
        skip("no nginx with mail")
        return
    folder = server.scratch.make("nginx")
    auth = auth_server(server.ports["2"])
    ports = {"port": free_port(), "plain": free_port()}
    path = server.scratch.write("nginx.conf", NGINX % dict(
        ports, module="load_module %s;" % module, dir=folder,
        auth=auth.getsockname()[1]))
    out = open(server.scratch.at("nginx.out"), "wb")
    spawn([tool("nginx"), "-c", path, "-p", folder, "-e",
           os.path.join(folder, "nginx.log")], stdout=out, stderr=out)

    def through(port, before=()):
        def up():
            with contextlib.suppress(OSError, EOFError):
                return Client(("127.0.0.1", port), source="127.0.7.77")
            return None
        with wait_for(up, 15, "nginx") as c:
            c.hello()
            for line in before:
                ok(c.cmd(line).code in (235, 250), "nginx: " + line[:4])
            return server.queue_id(c.message("text\n", hello=False))
    qid = through(ports["port"])
    line = events("accept", qid=qid)[0]
    ok(" ip=127.0.7.77 " in line and " proxy=127.0.0.1 " in line,
       "nginx says whose client it is")
    token = base64.b64encode(b"\0ann\0secret").decode()
    qid = through(ports["plain"], ["AUTH PLAIN " + token])
    ok('login="ann"' in events("accept", qid=qid)[0],
       "and who that is, if it asked for a password")
    auth.close()


def by_exec():
    """A session that somebody else starts, with one submit for all."""
    args = server.command("smtpsrvr", *server.where()) + ["x", "y"]
    server.reload(settings=dict(SETTINGS, xclient='{"127.0.0.1"}',
                                xforward='{"127.0.0.9"}'))

    def everywhere():
        with server.client(source="127.0.0.9") as c:
            return "XFORWARD" in c.hello().text
    wait_for(everywhere, 10, "what the server has")
    with server.client() as c:
        ok("XCLIENT" in c.hello().text, "the server's xclient")
    with server.client(port=server.ports["2"], source="127.0.0.9") as c:
        ok("XFORWARD" not in c.hello().text, "a listener's own xforward")
    with server.client(port=server.ports["2"], source="127.0.7.9") as c:
        ok("XCLIENT" in c.hello().text, "and xclient")
    with socket.socket() as at:
        at.bind(("127.0.0.1", 0))
        at.listen(5)
        c = Client(at.getsockname(), source="127.0.0.1", greet=False)
        there, _ = at.accept()
        p = spawn(args, stdin=there, stdout=there, **server.as_user())
        there.close()
        with c:
            c.reply()
            ids = [server.queue_id(c.message("text\n"))]
            for ip in (CLIENT, "198.51.100.1"):
                c.cmd("XCLIENT ADDR=" + ip)
                ids.append(server.queue_id(c.message("text\n")))
            c.quit()
        eq(p.wait(slow(20)), 0, "its end")
    eq([re.search(r" ip=(\S+) chan=(\S+)", events("accept", qid=q)[0])
        .groups() for q in ids],
       [("127.0.0.1", "own"), (CLIENT, "lan"), ("198.51.100.1", "world")],
       "by exec: three clients of one connection, each by itself")


SETTINGS = {}


def whole():
    global server
    with contextlib.ExitStack() as stack:
        ns = Names({"8.100.51.198.in-addr.arpa": "h8.known.test",
                    "7.100.51.198.in-addr.arpa": "y.elsewhere.test"},
                   {"h8.known.test": "198.51.100.8",
                    "x.known.test": "198.51.100.7"}, "^$", {})
        stack.callback(getattr(ns, "close", lambda: None))
        SETTINGS.update({
            "max-connections-per-prefix": "400", "libwrap": '"on"',
            "dns-servers": '{"127.0.0.1:%d"}' % ns.port,
            "lookup-names": '"auto"'})
        s = Server(CONF, deliver=False, settings=SETTINGS)
        s.scratch.write("hosts.allow", "")
        s.scratch.write("hosts.deny", "smtpd: 198.51.100.66\n")
        stack.enter_context(s)
        server = s
        another()
        others()
        gates()
        names()
        forward()
        explained()
        swaks()
        nginx()
        by_exec()


run(whole, seconds=300)
