#!/usr/bin/env python3
"""STARTTLS (RFC 3207 4, RFC 3207 4.2) and TLS from the start (RFC 8314 3, RFC 8314
3.3), with
stock clients: which certificate is whose, what each setting does, that nothing
of the clear text before survives, that what is cut short is not mail, and that
no key is where a client is."""
import json
import os
import smtplib
import ssl
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from secured import *

def fails(s, ctx):
    try:
        with over_tls(s, "mx.example.org", ctx):
            return False
    except (ssl.SSLError, OSError, EOFError, Late):
        return True


def names():
    certs = certificates()
    with server() as s:
        for name, want in (("mx.example.org", "ec"), ("MX.Example.Org", "ec"),
                           ("a.wild.example", "ec"), ("other.example",
                            "other"), ("nobody.example", "ec"), (None, "ec"),
                           ("a.b.wild.example", "ec")):
            with over_tls(s, name) as c:
                eq(c.sock.getpeercert(True), certs.digest(want),
                   "the certificate for %s" % name)
        # A client without ECDSA gets RSA for the same name.
        for more in ([], ["-tls1_2"]):
            p = subprocess.run(
                ["openssl", "s_client", "-starttls", "smtp", "-connect",
                 "127.0.0.1:%d" % s.port, "-brief", "-sigalgs",
                 "RSA-PSS+SHA256:RSA+SHA256", *more], input=b"QUIT\r\n",
                capture_output=True, timeout=slow(20), check=False)
            ok(b"RSA" in re.search(rb"Signature type: .*", p.stderr).group(0),
               "RSA for who has nothing else " + " ".join(more))


def session():
    """RFC 3207 4.2: what was known before is forgotten."""
    with server() as s:
        with s.client() as c:
            c.hello()
            ok("STARTTLS" in c.cmd("EHLO a.example").text, "it is offered")
            eq(c.cmd("STARTTLS now").code, 501, "it has no argument")
            c.cmd("MAIL FROM:<a@b.example>")
            ok(is_reply(c.cmd("STARTTLS"), "IN_TRANSACTION"),
               "not in a transaction")
            c.cmd("RSET")
            secure(c, "mx.example.org")
            eq(c.cmd("MAIL FROM:<a@b.example>").code, 503,
               "EHLO is forgotten")
            ok("STARTTLS" not in c.cmd("EHLO a.example").text,
               "it is not offered twice")
            ok(is_reply(c.cmd("STARTTLS"), "TLS_ALREADY"), "nor taken twice")
            id_ = s.queue_id(c.message("Subject: x\n\ntext\n"))
            found = s.scratch.entry(id_)
            ok(b" with ESMTPS " in found, "with ESMTPS")
            ok(re.search(rb"\n\tfor <user@example.org>\n\ttls TLS_\w+; ",
                         found), "tls and the cipher (RFC 8314 4.3)")
            logged(s, r'accept ip=.* tls="TLSv1\.3 TLS_AES_256_GCM_SHA384 '
                   r'mx.example.org"')
            ok("TLSv1.3" in s.inlet(*s.where(), "queue", "show", id_).stdout,
               "inlet queue show has it")
        logged(s, r"tls ip=127\.0\.0\.1 .* tls=TLSv1\.3 cipher=TLS_AES_")
        with s.client() as c:
            eq(c.cmd("STARTTLS").code, 503, "not before EHLO")
    with Server(CONF, deliver=False) as s, s.client() as c:
        ok("STARTTLS" not in c.cmd("EHLO a.example").text,
           "without certificates it is not offered")
        eq(c.cmd("STARTTLS").code, 502, "nor taken")


def required():
    with server(tls='"required"') as s:
        with s.client() as c:
            c.hello()
            ok(is_reply(c.cmd("MAIL FROM:<a@b.example>"), "NEED_TLS"),
               "MAIL wants TLS")
            eq(c.cmd("RCPT TO:<user@example.org>").code, 503, "RCPT, too")
            secure(c)
            c.hello()
            c.envelope(["user@example.org"])
        p = s.inlet(*s.where(), "explain", "192.0.2.1", "a@b.example",
                    "user@example.org")
        ok("530" in p.stdout, "inlet explain says so")
    for place in range(3):
        values = ['"off"' if i < place else '"required"' if i == place else
                  None for i in range(3)]
        with server(sectioned("tls", values)) as s, s.client() as c:
            ok("STARTTLS" in c.cmd("EHLO a.example").text and
               c.cmd("MAIL FROM:<a@b.example>").code == 530,
               "tls of the " + SECTIONS[place])


RELAY = """\
table "far" { type = "list"  rows = {"far.example"} }
channel "far" { table = "far"  program = "smtp"  accept-from = {"world"}
    relay-hosts = {"127.0.0.1:%d"}  relay-tls = "verified"
    relay-tls-ca = "%s"  relay-tls-names = {"mx.example.org"}
    retry-first = "1s" }
"""


def sent_on(there, what):
    """A message with REQUIRETLS, through one server to another."""
    # Only root sees into the folder of the keys.
    ca = there.scratch.write("ca.pem", text_of(certificates().chain("ec")))
    conf = RELAY % (there.port, ca) + CONF
    s = server(conf)
    s.with_deliver = True
    with s:
        with over_tls(s, "mx.example.org") as c:
            ok("REQUIRETLS" in c.hello().text, "REQUIRETLS over TLS")
            c.cmd("MAIL FROM:<user@example.org> REQUIRETLS RET=FULL")
            eq(c.cmd("RCPT TO:<x@far.example>").code, 250, what)
            c.cmd("DATA")
            c.send(b"Subject: x\r\n\r\ntext\r\n.\r\n")
            s.queue_id(c.reply())
        if what == "without":
            text = s.deliveries("user@example.org", 1)[0]
            ok(b"5.7.30" in text, "RFC 8689 4.2.1: it comes back")
            ok(b"Subject: x" in text and b"\ntext\n" not in text,
               "RFC 8689 5: without its text")
            eq(there.scratch.queue(), [], "and went nowhere")
            return
        wait_for(lambda: len(there.scratch.queue()) == 1, 20, "the message")
        id_ = there.scratch.queue()[0]
        found = json.loads(there.inlet(*there.where(), "queue", "show", id_,
                                       "--json").stdout)
        eq((found["requiretls"], found["with"]), (True, "ESMTPS"),
           "it goes on with what was asked for")
        notice_back(s, there)


def notice_back(s, there):
    """What a notice is about, it is itself."""
    with over_tls(s, "mx.example.org") as c:
        c.hello()
        c.cmd("MAIL FROM:<x@far.example> REQUIRETLS")
        c.cmd("RCPT TO:<nobody@far.example>")
        c.cmd("DATA")
        c.send(b"Subject: x\r\n\r\ntext\r\n.\r\n")
        s.queue_id(c.reply())
    wait_for(lambda: len(there.scratch.queue()) == 2, 20, "the notice")
    found = [json.loads(there.inlet(*there.where(), "queue", "show", id_,
                                    "--json").stdout)
             for id_ in there.scratch.queue()]
    eq([f["requiretls"] for f in found if f["sender"] == ""], [True],
       "RFC 8689 5: the notice asks for it, too")


def requiretls():
    """RFC 8689 2: never in the clear, from here on."""
    there = DEFAULT_CONF.replace('rows = {"example.org"',
                                 'rows = {"far.example", "example.org"')
    there = there.replace('"postmaster"}', '"postmaster", "x"}') + \
        'listen "smtp" { address = {"127.0.0.1"}  port = @port@\n%s}\n'
    with server(there % "") as t:
        with t.client() as c:
            ok("REQUIRETLS" not in c.hello().text, "not in the clear")
            eq(c.cmd("MAIL FROM:<a@b.example> REQUIRETLS").code, 555,
               "nor taken")
        sent_on(t, "with")
    with server(there % '    ehlo-keywords-off = {"REQUIRETLS"}\n') as t:
        sent_on(t, "without")


def implicit():
    conf = CONF + 'listen "smtps" { address = {"127.0.0.1"}  port = @port2@' \
        '  tls-implicit = yes }\n'
    with server(conf) as s:
        with smtplib.SMTP_SSL("127.0.0.1", s.ports["2"], context=context(),
                              timeout=slow(20)) as c:
            eq(c.sendmail("a@b.example", ["user@example.org"],
                          "Subject: x\n\ntext\n"), {}, "a message at 465")
            ok(not c.has_extn("starttls"), "no STARTTLS there")
        wait_for(lambda: len(s.scratch.queue()) == 1, what="the message")
        with socket.create_connection(("127.0.0.1", s.ports["2"])) as plain:
            plain.settimeout(slow(20))
            plain.sendall(b"EHLO a.example\r\n")
            got = b""
            try:
                while True:
                    part = plain.recv(1000)
                    if not part:
                        break
                    got += part
            except OSError:
                pass
            ok(b"220" not in got and b"250" not in got,
               "in the clear nothing is said")
        for event in ("tls", "tls-failed"):
            like(lambda event=event: "".join(s.scratch.log_lines(event)),
                 r"verb=CONNECT ", "nobody said STARTTLS: %s" % event)


# What each setting does, and what a client must see of it:
# setting: (value, contexts that get on, contexts that do not).
CHOICES = {
    "tls-least": ('"1.3"', {}, {"maximum_version": ssl.TLSVersion.TLSv1_2}),
    "tls-ciphers": ('"ECDHE+AES128+AESGCM"',
                    {"maximum_version": ssl.TLSVersion.TLSv1_2,
                     "ciphers": "ECDHE+AES128"},
                    {"maximum_version": ssl.TLSVersion.TLSv1_2,
                     "ciphers": "ECDHE+AES256"}),
}


def settings():
    weak = {"tls-least": '"1.2"', "tls-ciphers": '"ECDHE+AESGCM"'}
    for name, (value, good, bad) in CHOICES.items():
        for place in range(3):
            values = [weak[name] if i < place else value if i == place
                      else None for i in range(3)]
            with server(sectioned(name, values)) as s:
                ok(not fails(s, context(**good)),
                   "%s of the %s: one that fits" % (name, SECTIONS[place]))
                ok(fails(s, context(**bad)),
                   "%s of the %s: one that does not"
                   % (name, SECTIONS[place]))


def lists():
    """tls-suites and tls-groups, over the weaker sections; and old ones."""
    for place in range(3):
        values = ['"TLS_AES_256_GCM_SHA384"' if i < place else
                  '"TLS_CHACHA20_POLY1305_SHA256"' if i == place else None
                  for i in range(3)]
        with server(sectioned("tls-suites", values)) as s:
            ok("CHACHA20" in tried(s), "tls-suites of the " + SECTIONS[place])
            ok(not tried(s, "-ciphersuites", "TLS_AES_128_GCM_SHA256"),
               "and no other")
        values = ['"P-256"' if i < place else '"P-384"' if i == place else
                  None for i in range(3)]
        with server(sectioned("tls-groups", values)) as s:
            ok(re.search("Temp Key: ECDH, (secp384r1|P-384)", tried(s)),
               "tls-groups of the " + SECTIONS[place])
            ok(not tried(s, "-groups", "X25519"), "and no other")
    old = ["-tls1", "-cipher", "ALL:@SECLEVEL=0"]
    with server() as s:
        ok(not tried(s, *old), "TLS 1.0 is not spoken")
        ok(not tried(s, "-tls1_2", "-cipher", "AES128-SHA"),
           "nor are keys exchanged without forward secrecy")
    with server(tls_least='"1.0"', tls_ciphers='"ECDHE+AES:@SECLEVEL=0"',
                names=("rsa",)) as s:
        ok("TLSv1" in tried(s, *old), "but where it is wanted")


def refused_by_tls():
    with server() as s:
        for word in ("h2", "http/1.1"):
            ok(not tried(s, "-alpn", word), "ALPN %s is cut" % word)
        ok(tried(s, "-alpn", "h2,smtp"), "ALPN with smtp is not")
        p = subprocess.run(
            ["openssl", "s_client", "-starttls", "smtp", "-connect",
             "127.0.0.1:%d" % s.port, "-tls1_2"], input=b"R\nNOOP\r\n",
            capture_output=True, timeout=slow(20), check=False)
        ok(b"no renegotiation" in p.stderr, "no renegotiation")


def slow_handshake():
    """tls-time, of server, listener and channel."""
    for place in range(3):
        values = ['"100s"' if i < place else '"1s"' if i == place else None
                  for i in range(3)]
        with server(sectioned("tls-time", values)) as s, s.client() as c:
            c.hello()
            c.cmd("STARTTLS")
            c.send(b"\x16\x03\x01")
            ok(c.closed(), "tls-time of the %s" % SECTIONS[place])
            logged(s, 'tls-failed .* why="tls-time"')


def client_hello():
    """What a client begins its handshake with."""
    out = ssl.MemoryBIO()
    tls = context().wrap_bio(ssl.MemoryBIO(), out)
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return out.read()


def executed(c):
    """Does the server say, before the end, a reply of SMTP?"""
    got = b""
    with contextlib.suppress(OSError):
        c.sock.shutdown(socket.SHUT_WR)
        while part := c.sock.recv(4096):
            got += part
    return re.search(rb"[245]\d\d[ -]\d\.\d\.\d", got) is not None


def injected():
    """CVE-2011-0411 and its like: clear text behind STARTTLS (RFC 3207 6)."""
    lengths = range(1, 4097) if FULL else \
        [n for n in range(1, 4097) if n < 9 or n % 256 < 2 or n > 4094]
    later = lengths if FULL else lengths[::8]
    bad, wrong = 0, []
    with server(max_connections="100", log_level='"warning"') as s:
        for n in lengths:
            text = (b"RSET\r\n" * (n // 6 + 1))[:n]
            with s.client() as c:
                c.hello()
                c.send(b"STARTTLS\r\n" + text)
                r = c.reply()
                if r.code != 554 or not c.closed():
                    wrong.append(n)
        eq(wrong, [], "behind it in one segment: refused, %d lengths"
           % len(lengths))
        for n in later:
            with s.client() as c:
                c.hello()
                c.cmd("STARTTLS")
                c.send((b"MAIL FROM:<a@b.example>\r\n" * n)[:n])
                bad += executed(c)
        eq(bad, 0, "in a later one: never executed")
        begin = client_hello()
        for n in later:
            with s.client() as c:
                c.hello()
                c.cmd("STARTTLS")
                place = n % (len(begin) + 1)
                with contextlib.suppress(OSError):
                    for part in (begin[:place], (b"RSET\r\n" * n)[:n],
                                 begin[place:]):
                        c.sock.sendall(part)
                bad += executed(c)
        eq(bad, 0, "in the midst of the client's first message: neither")
        with s.client() as c:
            c.hello()
            c.send(b"RSET\r\n")
            ok(executed(c), "what is executed is seen")
        diag("figure G14: clear text of %d lengths behind STARTTLS: %d not "
             "refused; at two later times: %d of %d executed" % (
                 len(lengths), len(wrong), bad, 2 * len(later)))
        eq(s.scratch.queue(), [], "and nothing is queued")


POINTS = [b"", b"EH", b"EHLO a.example\r\n",
          b"EHLO a.example\r\nMAIL FROM:<a@b.example>\r\n",
          b"EHLO a.example\r\nMAIL FROM:<a@b.example>\r\n"
          b"RCPT TO:<user@example.org>\r\n"]
TEXTS = [b"", b"Subj", b"Subject: x\r\n\r\n", b"Subject: x\r\n\r\ntext\r\n",
         b"Subject: x\r\n\r\ntext\r\n.", b"Subject: x\r\n\r\ntext\r\n.\r"]


# With BDAT: how much is announced, and what of it comes.
CHUNKS = [(b"BDAT 20 LAST\r\n", b""), (b"BDAT 20 LAST\r\n", b"Subject: x\r\n"),
          (b"BDAT 4\r\nSubjBDAT 16 LAST\r\n", b"ect: x\r\n"),
          (b"BDAT 20\r\n", b"Subject: x\r\n\r\ntext\r\n")]


TEXT = b"Subject: x\r\n\r\n" + b"text of what is cut short\r\n" * 3 + b".\r"
CHUNK = TEXT[:60]


def points():
    """Up to where all is sent: lines, text or none, and the verb before it."""
    if not FULL:
        return [(sent, None, b"") for sent in POINTS] + \
            [(POINTS[-1], text, b"DATA\r\n") for text in TEXTS] + \
            [(POINTS[-1], text, verb) for verb, text in CHUNKS]
    return [(POINTS[-1][:n], None, b"") for n in range(len(POINTS[-1]))] + \
        [(POINTS[-1], TEXT[:n], b"DATA\r\n")
         for n in range(len(TEXT) + 1)] + \
        [(POINTS[-1], CHUNK[:n], b"BDAT 60 LAST\r\n") for n in range(60)] + \
        [(POINTS[-1], text, verb) for verb, text in CHUNKS]


def cut(s, sent, text, verb, how):
    """Everything up to a point; then the end, in one of several ways."""
    with over_tls(s) as c:
        for line in sent.splitlines(True):
            c.send(line)
            if line.endswith(b"\n"):
                c.reply()
        if text is not None:
            c.send(verb)
            if verb[:4] == b"DATA":
                c.reply()
            c.send(text)
        tls = c.sock
        if how == "notify":
            try:
                c.sock = tls.unwrap()
            except (ssl.SSLError, OSError):
                return
        else:
            c.sock = socket.socket(fileno=tls.detach())
        try:
            if how == "reset":
                c.reset()
                return
            if how != "fin":
                c.sock.sendall(b"\r\n.\r\nQUIT\r\n")
            c.sock.shutdown(socket.SHUT_WR)
            c.sock.settimeout(slow(20))
            while c.sock.recv(4096):
                pass
        except OSError:
            pass


def truncated():
    """An end, and clear text behind it, at each point: never a message."""
    with server(command_timeout='"5s"') as s:
        for how in ("fin", "clear", "notify", "reset"):
            for point in points():
                cut(s, *point, how)
            # All sessions are over: nothing can come later.
            wait_for(lambda: not s.role("session"), 20, "their ends")
            eq((s.scratch.queue(), s.scratch.queue("tmp")), ([], []),
               "%s at %d points: nothing is queued"
               % (how, len(points())))
        diag("figure G14: TLS cut at %d points in four ways: nothing queued"
             % len(points()))
        eq(s.sanitizer(), "", "and nothing crashed")
        ok("session-crashed" not in s.scratch.log_text(), "no session died")


def primes(name):
    """A prime of the key, as OpenSSL has it in memory and in files."""
    text = openssl("rsa", "-in", certificates().key(name), "-noout",
                   "-text").stdout.decode()
    found = re.search(r"prime1:\n((?:    .*\n)+)", text).group(1)
    n = bytes.fromhex(re.sub(r"[\s:]", "", found)).lstrip(b"\0")
    return n, n[::-1]


def scan(s, keysrvr):
    wanted = primes("rsa")
    ok(memory_has(keysrvr, wanted), "keysrvr has the key")
    found = 0
    for role in ("template", "session"):
        has = [memory_has(p.pid, wanted) for p in s.role(role)]
        eq(has, [False], "the %s has not" % role)
        found += sum(has)
    diag("figure G29: a prime of the key in %d of one session and its template"
         % found)
    ok(not memory_has(s.smtpd.pid, wanted), "nor has smtpd")


def places(s):
    """Who has said STARTTLS, or is over TLS, takes no place of keysrvr's."""
    keys = [p for p in descendants(s.smtpd.pid) if p.args[:1] == ["keysrvr"]]

    def used():
        return len(os.listdir("/proc/%d/fd" % keys[0].pid))
    before = used()
    held = [over_tls(s) for _ in range(5)]
    begun = [s.client() for _ in range(5)]
    for c in begun:
        c.hello()
        c.cmd("STARTTLS")
    ok(happens(lambda: used() <= before),
       "ten sessions, and %d descriptors as before" % before)
    for c in held + begun:
        c.close()


def keys_apart():
    if not ROOT:
        skip("an ordinary user may not look at memory")
        return
    with server() as s, over_tls(s, "mx.example.org") as c:
        c.hello()
        found = [p for p in descendants(s.smtpd.pid)
                 if p.args and p.args[0] == "keysrvr"]
        eq([uid_of(p.pid)[0] for p in found], [KEYS],
           "one keysrvr, which is the key user")
        places(s)
        if sanitized():
            skip("a sanitizer has more memory than can be read")
        else:
            scan(s, found[0].pid)
        other = s.client()
        other.hello()
        os.kill(found[0].pid, signal.SIGKILL)
        wait_for(lambda: not alive(found[0].pid), 10, "its end")
        eq(c.cmd("NOOP").code, 250, "a session goes on without it")
        ok(is_reply(other.cmd("STARTTLS"), "TLS_FAILED"),
           "and one that would begin now hears why not")
        other.close()
        wait_for(lambda: not fails(s, context()), 20, "a new keysrvr")
        ok(True, "one that is killed is replaced")


def replaced():
    certs = certificates()
    with server() as s:
        for name in ("ec", "rsa"):
            shutil.copy(certs.chain(name), certs.chain(name) + ".old")
            shutil.copy(certs.key(name), certs.key(name) + ".old")
        before = certs.digest("ec")
        held = s.client()
        held.hello()
        with open(certs.key("ec"), "w", encoding="ascii") as f:
            f.write("no key\n")
        s.reload()
        logged(s, "the old one stays")
        with over_tls(s, "mx.example.org") as c:
            eq(c.sock.getpeercert(True), before,
               "a key that is none: the old one stays")
        certs.make("ec", "ec", "mx.example.org", "*.wild.example")
        s.reload()
        logged(s, "new settings are in force")
        with over_tls(s, "mx.example.org") as c:
            eq(c.sock.getpeercert(True), certs.digest("ec"), "a new one")
        secure(held, "mx.example.org")
        eq(held.sock.getpeercert(True), before,
           "a session that was there has the old one, and its key")
        held.close()
        shutil.copy(certs.key("rsa"), certs.key("ec"))
        s.reload()
        logged(s, "its private key is not in the file beside it")
        ok(not fails(s, context()), "a key of another one: the old one stays")
        certs.make("ec", "ec", "mx.example.org", "*.wild.example")


def looked_at():
    certs = certificates()
    certs.make("rsa", "rsa:2048", "mx.example.org", "*.wild.example")
    with server() as s:
        p = s.inlet(*s.where(), "tls", "--json")
        found = json.loads(p.stdout)
        eq([(c["names"], c["days"] in (29, 30)) for c in found][:2],
           [(["mx.example.org", "*.wild.example"], True)] * 2,
           "inlet tls: names and days")
        spki = openssl("pkey", "-in", certs.key("ec"), "-pubout", "-outform",
                       "DER").stdout
        eq((found[1]["sha256"], found[1]["tlsa"]),
           (hashlib.sha256(certs.digest("ec")).hexdigest(),
            "3 1 1 " + hashlib.sha256(spki).hexdigest()),
           "fingerprint and TLSA record")
        ok(re.search("days left (29|30)\n", s.inlet(*s.where(), "tls").stdout), "as text")

        def checked():
            return s.inlet(*s.where(), "check").stdout
        ok(re.search("(29|30) days left", checked()), "inlet check is content")
        certs.make("other", "ec", "other.example", days=5)
        ok(re.search("warning .*other.pem ends in [45] days", checked()),
           "a warning before it ends")
        certs.end("other")
        ok(re.search("error .*other.pem has ended", checked()), "or has")
        eq(s.inlet(*s.where(), "tls").returncode, 1, "inlet tls says it, too")
        shutil.copy(certs.key("rsa"), certs.key("other"))
        os.chmod(certs.key("other"), 0o644)
        found = checked()
        ok("is not the key of" in found, "a key of another")
        ok("everybody may use" in found, "one that all may read")
        os.remove(certs.key("other"))
        ok("No such file" in checked(), "or none")
        os.remove(certs.chain("other"))
        eq(s.inlet(*s.where(), "tls").returncode, 66, "no certificate")
    certs.make("other", "ec", "other.example")


def hook():
    """What certbot runs when there is a new certificate."""
    certs = certificates()
    with server() as s:
        certs.make("ec", "ec", "mx.example.org", "*.wild.example")
        subprocess.run(["sh", os.path.join(SRC, "etc/certbot-deploy"),
                        os.path.join(s.scratch.run, "smtpd.pid")], check=True)
        logged(s, "new settings are in force")
        with over_tls(s, "mx.example.org") as c:
            eq(c.sock.getpeercert(True), certs.digest("ec"),
               "etc/certbot-deploy: the new one")


def clients():
    mail = ["--from", "a@b.example", "--to", "user@example.org"]
    with server() as s:
        where = "127.0.0.1:%d" % s.port
        text = s.scratch.write("mail.txt", "Subject: x\n\ntext\n")
        for words in (["swaks", "--server", where, "-tls", *mail],
                      ["curl", "-sS", "-k", "--crlf", "--ssl-reqd", "smtp://" + where,
                       "--mail-from", "a@b.example", "--mail-rcpt",
                       "user@example.org", "-T", text],
                      ["msmtp", "--host=127.0.0.1", "--port=%d" % s.port,
                       "--tls=on", "--tls-certcheck=off", "--from=a@b.example",
                       "user@example.org"]):
            if not tool(words[0]):
                skip("no " + words[0])
                continue
            before = len(s.scratch.queue())
            with open(text, "rb") as f:
                p = subprocess.run(words, stdin=f, capture_output=True,
                                   timeout=slow(30), check=False)
            if p.returncode != 0:
                diag(p.stderr.decode())
            if p.returncode != 0:
                diag(p.stderr.decode())
            ok(p.returncode == 0 and
               happens(lambda n=before: len(s.scratch.queue()) == n + 1, 5),
               "a message by %s" % words[0])


def by_exec():
    """inetd's form: a keysrvr of its own, which ends with it."""
    if not ROOT:
        skip("only root reads a key that is root's")
        return
    s = server()
    ours, theirs = socket.socketpair()
    p = spawn(s.command("smtpsrvr", *s.where(), "192.0.2.1", "127.0.0.1"),
              stdin=theirs, stdout=theirs, cwd="/")
    theirs.close()
    c = Client.__new__(Client)
    c.sock, c.buffer, c.timeout = ours, b"", slow(20)
    ours.settimeout(c.timeout)
    eq(c.reply().code, 220, "a session by exec")
    c.hello()
    secure(c, "mx.example.org")
    ok("STARTTLS" not in c.cmd("EHLO a.example").text, "is over TLS")
    c.close()
    eq(p.wait(slow(20)), 0, "it ends")
    ok(happens(lambda: not [q for q in processes().values()
                            if q.args[:1] == ["keysrvr"] and
                            q.parent == os.getpid()], 10), "and so do keys")


need("openssl")
need_built("smtpd", "smtpsrvr", "submit", "keysrvr")
run(names, session, required, requiretls, implicit, settings, lists, refused_by_tls,
    slow_handshake, injected, truncated, keys_apart, replaced, looked_at,
    hook, clients,
    by_exec, seconds=600 if FULL else 300)
