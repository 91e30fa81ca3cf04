#!/usr/bin/env python3
"""Session tickets (RFC 8446 4.6.1): who comes back is known without a
signature, where that is wanted and to the same service; and the keys that
tickets are sealed with are in keysrvr alone."""
import hmac
import os
import struct
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from secured import *

NAME = "mx.example.org"


def comes(s, ctx, session=None, name=NAME, port=None):
    """Was it known?  And what it would come back with."""
    with s.client(port=port or s.port) as c:
        c.hello()
        r = c.cmd("STARTTLS")
        if r.code != 220:
            raise Late("STARTTLS: %s" % r.text)
        tls = c.sock = ctx.wrap_socket(c.sock, server_hostname=name,
                                       session=session)
        c.buffer = b""
        c.hello()
        return tls.session_reused, tls.session


def again(s, ctx=None, **more):
    """Two connections, the second with the ticket of the first."""
    ctx = ctx or context()
    _, ticket = comes(s, ctx)
    return comes(s, ctx, ticket, **more)[0]


def wanted():
    with server() as s:
        ok(not again(s), "without the setting none is known")
    for place in range(3):
        values = ["no" if i < place else "yes" if i == place else None
                  for i in range(3)]
        with server(sectioned("tls-tickets", values)) as s:
            ok(again(s), "tls-tickets of the " + SECTIONS[place])
            logged(s, "tls ip=.* resumed=yes")


def bound():
    other = CONF + 'listen "other" { address = {"127.0.0.1"}  ' \
        'port = @port2@  tls-groups = "P-256" }\n'
    with server(other, tls_tickets="yes") as s:
        ctx = context()
        _, first = comes(s, ctx)
        known, second = comes(s, ctx, first)
        ok(known and comes(s, ctx, second)[0], "a new one each time")
        ok(not comes(s, ctx, second, name="other.example")[0],
           "not for another name")
        ok(not comes(s, ctx, second, port=s.ports["2"])[0],
           "not where TLS is to be another")
        ok(not again(s, context(maximum_version=ssl.TLSVersion.TLSv1_2)),
           "not in TLS 1.2")
        old = s.role("template")[0].pid
        s.reload()
        wait_for(lambda: [p.pid for p in s.role("template")] not in
                 ([], [old]), 20, "a new template")
        ok(happens(lambda: not comes(s, ctx, second)[0], 20),
           "not with the next template: a full handshake instead")
        ok(again(s, ctx), "which gives its own")
    with server(tls_tickets="yes", tls_ticket_time='"1s"') as s:
        ctx = context()
        _, ticket = comes(s, ctx)
        ok(happens(lambda: not comes(s, ctx, ticket)[0], 20),
           "tls-ticket-time: not too late")


def taken(s):
    """A ticket as it is, the session that it came with, and still that."""
    file = s.scratch.at("session")
    p = subprocess.Popen(
        ["openssl", "s_client", "-starttls", "smtp", "-connect",
         "127.0.0.1:%d" % s.port, "-servername", NAME, "-sess_out", file,
         "-ign_eof"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    wanted = "TLS session ticket:\n((?: +[0-9a-f]{4} - .*\n)+)"

    def shown():
        # Not there yet, or not all of it: openssl fails.
        return subprocess.run(
            ["openssl", "sess_id", "-in", file, "-noout", "-text"],
            capture_output=True, timeout=slow(20),
            check=False).stdout.decode()
    text = wait_for(lambda: re.search(wanted, shown()) and shown(),
                    what="a whole ticket")
    dump = re.search(wanted, text)
    ticket = b"".join(bytes.fromhex(re.sub("[ -]", "", line[11:58])) for line
                      in dump.group(1).splitlines())
    return ticket, text, p, file


def early():
    with server(tls_tickets="yes") as s:
        _, text, p, file = taken(s)
        p.communicate(b"QUIT\r\n", timeout=slow(20))
        ok("Max Early Data: 0" in text or "Max Early Data" not in text,
           "RFC 8446 4.2.10: a ticket allows no early data")
        before = s.scratch.write("early", "RSET\r\n")
        p = subprocess.run(
            ["openssl", "s_client", "-starttls", "smtp", "-connect",
             "127.0.0.1:%d" % s.port, "-servername", NAME, "-sess_in", file,
             "-early_data", before], input=b"QUIT\r\n", capture_output=True,
            timeout=slow(20), check=False)
        ok(b"Reused, TLSv1.3" in p.stdout and
           b"Early data was not sent" in p.stdout, "nor is any taken")


def binding():
    """What ticket and key are bound to, as tls_ticket.c has it."""
    rows = {r[0]: unquoted(r[2]) for r in table_rows("lib/settings.def",
                                                     "SETTING")}
    service = struct.pack("=qqqq", 0, 0, 2, 0) + b"".join(
        v.encode() + b"\0" for v in ("mx.example.org", *(
            rows["tls_" + n] for n in ("ciphers", "suites", "groups"))))
    name = NAME.encode()
    asked = struct.pack(">HBH", len(name) + 3, 0, len(name)) + name
    return hashlib.sha256(hashlib.sha256(service).digest() + asked).digest()


def key_of(pid, ticket):
    """The key in a process that the ticket was sealed with, found by what it
    does: its tag stands before it."""
    name, mac, bound_to = ticket[:16], ticket[-32:], binding()
    for data in memory(pid):
        at = data.find(name[:8])
        while at >= 0:
            key = data[at + 8:at + 40]
            one = hmac.digest(key, b"m" + name + bound_to, "sha256")
            if hmac.digest(one, ticket[:-32], "sha256") == mac:
                return key
            at = data.find(name[:8], at + 1)
    return None


def apart():
    if not ROOT:
        skip("an ordinary user may not look at memory")
        return
    if sanitized():
        skip("a sanitizer has more memory than can be read")
        return
    with server(tls_tickets="yes", hostname='"mx.example.org"') as s:
        ticket, _, p, _ = taken(s)
        keysrvr = [q.pid for q in descendants(s.smtpd.pid)
                   if q.args[:1] == ["keysrvr"]]
        key = key_of(keysrvr[0], ticket)
        ok(key is not None, "keysrvr has the key of a ticket")
        for role in ("template", "session"):
            eq([memory_has(q.pid, [key]) for q in s.role(role)], [False],
               "the %s has not" % role)
        ok(not memory_has(s.smtpd.pid, [key]), "nor has smtpd")
        p.communicate(b"QUIT\r\n", timeout=slow(20))


need("openssl")
need_built("smtpd", "smtpsrvr", "submit", "keysrvr")
run(wanted, bound, early, apart)
