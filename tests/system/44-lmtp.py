#!/usr/bin/env python3
"""LMTP (RFC 2033 4): a listener that speaks it, and its clients; each recipient
has the reply that is its own, and the message is queued once."""
import os
import smtplib
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

LISTEN = """\
listen "smtp" { address = {"127.0.0.1"}  port = @port@ }
listen "inside" { address = {"127.0.0.1"}  port = @port2@
    protocol = "lmtp" }
"""
TEXT = b"Subject: by lmtp\n\n.text\n"


def begin(client, to):
    client.hello(verb="LHLO")
    return [r.code for r in client.envelope(to)[1:]]


def lmtp(server):
    return server.client(port=server.ports["2"], timeout=60)


def many():
    """More recipients than anything between the programs holds at once."""
    users = ["u%d" % i for i in range(700)]
    conf = DEFAULT_CONF.replace('"user", "other"', ", ".join(
        '"%s"' % u for u in ["user", "other"] + users))
    with Server(conf, listen=LISTEN) as server:
        with lmtp(server) as c:
            to = [u + "@example.org" for u in users]
            eq(set(begin(c, to)), {250}, "700 recipients")
            c.cmd("DATA")
            c.send(stuffed(TEXT))
            eq([r.code for r in c.replies(700)], [250] * 700,
               "have a reply each")
            eq(c.cmd("NOOP").code, 250, "and no more")
            # Streamed, and on the same connection to submit.
            begin(c, ["user@example.org", "other@example.org"])
            c.cmd("DATA")
            c.send(stuffed(TEXT + b"x" * 500000 + b"\n"))
            eq([r.code for r in c.replies(2)], [250] * 2, "a large message")
        server.deliveries("user@example.org", 1, 60)
        server.deliveries("u699@example.org", 1, 60)
        server.deliveries("u0@example.org", 1, 60)
        got = server.scratch.maildir("u0@example.org")
        eq(len(got), 1, "each has it once")
        like(got[0], r"with LMTP id", "Received: says so")
        eq(untraced(got[0]), TEXT, "as it was sent")


def own_replies():
    """The settings change below a session: submit has the new ones, and what
    it says is said of the recipient that it is true of."""
    with Server(deliver=False, listen=LISTEN) as server:
        with lmtp(server) as c:
            eq(begin(c, ["user@example.org", "other@example.org",
                         "third@example.org"]), [250] * 3, "three are taken")
            # One that is replaced before it has recovered does not say so.
            wait_for(lambda: "recovered" in server.scratch.log_text(),
                     what="the first submit")
            old = server.role("submit")[0].pid
            server.reload(text=server.text.replace('"other", ', ""))
            wait_for(lambda: server.scratch.log_text().count("recovered") ==
                     2 and old not in [p.pid for p in server.role("submit")],
                     15, "a new submit")
            c.send("BDAT 6 LAST\r\ntext\r\n")
            eq([r.code for r in c.replies(3)], [250, 451, 250],
               "the one that is no more is refused by itself")
            eq(c.cmd("NOOP").code, 250, "and no more is said")
        eq(len(server.scratch.queue()), 1, "one message is queued")
        entry = server.scratch.entry(server.scratch.queue()[0])
        ok(b"third@example.org" in entry and b"other@" not in entry,
           "for the two others")
        ok(happens(lambda: server.scratch.log_lines("disagree")),
           "it is logged")
        with lmtp(server) as c:
            begin(c, ["user@example.org", "third@example.org"])
            server.kill("submit")
            c.cmd("DATA")
            c.send(stuffed(TEXT))
            wait_for(lambda: server.role("submit"), 10, "a new submit")
            codes = {r.code for r in c.replies(2)}
            ok(codes in ({451}, {250}), "one verdict for both: %s" % codes)


def clients():
    with Server(listen=LISTEN) as server:
        with smtplib.LMTP("127.0.0.1", server.ports["2"]) as client:
            # It reads one reply, however many recipients it gave.
            refused = client.sendmail(
                "s@elsewhere.test", ["no@example.org", "other@example.org"],
                TEXT.decode())
            eq(list(refused), ["no@example.org"], "smtplib.LMTP")
        server.deliveries("other@example.org", 1)
        if tool("swaks"):
            done = subprocess.run(
                ["swaks", "--protocol", "LMTP", "--server",
                 "127.0.0.1:%d" % server.ports["2"], "--from",
                 "s@elsewhere.test", "--to",
                 "user@example.org,other@example.org"],
                stdout=subprocess.PIPE, timeout=slow(60))
            eq(done.returncode, 0, "swaks --protocol LMTP")
            eq(done.stdout.count(b"Queued as"), 2, "hears two replies")
            server.deliveries("other@example.org", 2)
        else:
            skip("no swaks")
        with server.client() as c:
            says(c.cmd("LHLO client.test"), "UNKNOWN_COMMAND",
                 "the listener beside it speaks SMTP")


def unix_socket():
    """A unix socket, alone and beside an address; who has no address is of
    the last channel of the listener."""
    conf = DEFAULT_CONF.replace('channel "world"', 'channel "ours" { relay = '
                                'yes }\nchannel "world"')
    listen = LISTEN + """\
listen "local" { socket = "@dir@/lmtp"  protocol = "lmtp"
    channels = {"ours"}  socket-mode = 600 }
"""
    with Server(conf, listen=listen) as server:
        path = server.scratch.at("lmtp")
        eq(stat.S_IMODE(os.stat(path).st_mode), 0o600, "socket-mode")
        with Client(path) as c:
            eq(begin(c, ["user@example.org", "other@example.org"]),
               [250] * 2, "two recipients by a unix socket")
            c.cmd("DATA")
            c.send(stuffed(TEXT))
            eq([r.code for r in c.replies(2)], [250] * 2, "two replies")
        got = server.deliveries("user@example.org", 1)[0]
        like(got, r"^Received: from client\.test\n\tby inlet\.example "
             r"\(Inlet\) with LMTP id", "Received: has no address")
        eq(untraced(got), TEXT, "the message arrives")
        ok(happens(lambda: server.scratch.log_lines(
            "accept", ip="-", chan="ours")),
           "it comes from the listener's channel")
        before = os.stat(path).st_ino
        server.listen = listen.replace("socket-mode = 600",
                                       "greeting = \"anew\"")
        server.reload(text=server.text)
        wait_for(lambda: Client(path).greeting.text.endswith("anew"), 15,
                 "new settings")
        eq(os.stat(path).st_ino, before, "the same socket after SIGHUP")
        server.listen = listen.replace("@dir@/lmtp", "@dir@/other")
        server.reload(text=server.text)
        wait_for(lambda: os.path.exists(server.scratch.at("other")), 15,
                 "the other socket")
        with Client(server.scratch.at("other")) as c:
            eq(c.greeting.code, 220, "another place after SIGHUP")
        try:
            Client(path).close()
            ok(False, "nobody listens at the old one")
        except ConnectionRefusedError:
            ok(True, "nobody listens at the old one")


def explained():
    """inlet explain speaks what the listener does."""
    server = Server(listen=LISTEN)
    for listener, verb in (("smtp", "EHLO"), ("inside", "LHLO")):
        done = server.inlet(*server.where(), "explain", "--listener",
                            listener, "127.0.0.1", "a@b.test",
                            "user@example.org")
        eq(done.returncode, 0, "inlet explain at " + listener)
        like(done.stdout, "(?m)^%s " % verb, "says " + verb)


def by_hand():
    """-P lmtp: by exec, without a listener."""
    server = Server(deliver=False, listen=LISTEN)
    if not server.scratch.root:
        server.start()
    with socket.create_server(("127.0.0.1", 0)) as door:
        c = Client(door.getsockname(), greet=False)
        there = door.accept()[0]
    process = spawn(server.command("smtpsrvr", *server.where()) +
                    ["-P", "lmtp", "127.0.0.1", "inlet.example",
                     "local,world"], stdin=there, stdout=there,
                    **server.as_user())
    there.close()
    with c:
        eq(c.reply().code, 220, "it greets")
        eq(begin(c, ["user@example.org", "other@example.org"]), [250] * 2,
           "-P lmtp speaks it")
        c.cmd("DATA")
        c.send(stuffed(TEXT))
        eq([r.code for r in c.replies(2)], [250] * 2, "a reply each")
        c.quit()
    process.wait(slow(60))
    eq(len(server.scratch.queue()), 1, "it is queued")
    if server.smtpd is not None:
        ok(server.stop(), "the resident server ends cleanly")


need_built("smtpd", "smtpsrvr", "submit", "deliver", "ch_local", "inlet")
run(many, own_replies, clients, unix_socket, explained, by_hand)
