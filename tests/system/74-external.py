#!/usr/bin/env python3
"""EXTERNAL (RFC 4422 appendix A): logins that go by a client's certificate,
to whom it is offered, whose word counts, and real clients that use it."""
import base64
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from authpeer import *
from secured import *

SERVERS = ("rsa", "ec", "other")
NAMES = ("self", "kin", "boss", "stranger")
CONF = DEFAULT_CONF + """\
listen "smtp" { address = {"127.0.0.1"}  port = @port@ }
table "far" { type = "list"  rows = {"far.example"} }
channel "far" { table = "far"  program = "smtp" }
table "who" { type = "list"  rows = {@rows@} }
"""


def make():
    c = certificates()
    for name in NAMES:
        c.make(name, "ec", name + ".example")
    # A second of boss's name, for which nobody stands.
    c.make("false", "ec", "boss.example")
    return c


def digest(name):
    return hashlib.sha256(certificates().digest(name)).hexdigest()


def key(name):
    der = openssl("pkey", "-in", certificates().key(name), "-pubout",
                  "-outform", "DER").stdout
    return hashlib.sha256(der).hexdigest()


def theirs(name):
    ctx = context()
    if name:
        ctx.load_cert_chain(certificates().chain(name),
                            certificates().key(name))
    return ctx


def started(**more):
    rows = ", ".join('"%s"' % r for r in (
        digest("self") + ": Anna", key("kin") + ": otto",
        "CN=boss.example: boss"))
    return server(CONF.replace("@rows@", rows), **{
        "tls_client": '"asked"',
        "tls_client_ca": '"%s"' % certificates().chain("boss"),
        "auth": '"offered"', "auth_certificates": '"who"',
        "auth_mechanisms": '{"EXTERNAL"}', "auth_delay": '"0s"', **more})


def offered(c):
    return re.findall(r"AUTH (.*)", c.hello().text)


def word(text):
    return base64.b64encode(text.encode()).decode() or "="


def logins(s):
    for name, login in (("self", "anna"), ("kin", "otto"), ("boss", "boss")):
        with over_tls(s, ctx=theirs(name)) as c:
            ok("EXTERNAL" in " ".join(offered(c)), "offered to " + name)
            says(c.cmd("AUTH EXTERNAL ="), "AUTH_OK", "and taken")
            c.hello()
            c.cmd("MAIL FROM:<a@b.example>")
            eq(c.cmd("RCPT TO:<x@far.example>").code, 250,
               "who has logged in may relay")
            c.cmd("DATA")
            c.send(b"Subject: x\r\n\r\ntext\r\n.\r\n")
            id_ = s.queue_id(c.reply())
            ok(b" with ESMTPSA " in s.scratch.entry(id_), "with ESMTPSA")
        logged(s, "auth ip=127.0.0.1 sid=.* outcome=ok mechanism=EXTERNAL "
               "tls=yes backend=certificate .*login=\"%s\"" % login)
    for name in ("stranger", "false", None):
        with over_tls(s, ctx=theirs(name)) as c:
            ok(not offered(c), "not offered to %s" % name)
            says(c.cmd("AUTH EXTERNAL ="), "AUTH_UNABLE", "nor taken")
            eq(c.cmd("MAIL FROM:<a@b.example>").code, 250, "it goes on")
            eq(c.cmd("RCPT TO:<x@far.example>").code, 550, "as nobody")
    with s.client() as c:
        ok(not offered(c), "nor in the clear")


def identities(s):
    """RFC 4954 4, RFC 4422 A.1: an identity is empty or one's own."""
    for said, good in (("", True), ("anna", True), ("ANNA", True),
                       ("otto", False), ("anna\0x", False), ("\0", False),
                       ("a" * 300, False)):
        with over_tls(s, ctx=theirs("self")) as c:
            c.hello()
            says(c.cmd("AUTH EXTERNAL " + word(said)),
                 "AUTH_OK" if good else "AUTH_FAILED",
                 "at once: %r" % said[:10])
        with over_tls(s, ctx=theirs("self")) as c:
            c.hello()
            eq(c.cmd("AUTH EXTERNAL").text.strip(), "334", "asked")
            says(c.cmd("" if said == "" else word(said)),
                 "AUTH_OK" if good else "AUTH_FAILED", "and says %r" %
                 said[:10])
    with over_tls(s, ctx=theirs("self")) as c:
        c.hello()
        c.cmd("AUTH EXTERNAL")
        says(c.cmd("*"), "AUTH_CANCELLED", "given up")
        says(c.cmd("AUTH EXTERNAL !"), "AUTH_GARBLED", "no base64")


def program(s, name, *words):
    found = subprocess.run(words, input=b"Subject: x\r\n\r\ntext\r\n",
                           capture_output=True, timeout=slow(60),
                           check=False)
    eq(found.returncode, 0, "%s: %s" % (name, found.stderr.decode()[-200:]
                                        if found.returncode else "sent"))


def programs(s):
    cert, private = (f("kin") for f in (certificates().chain,
                                        certificates().key))
    port = str(s.port)
    if there("curl"):
        program(s, "curl", "curl", "-sS", "--ssl-reqd", "-k", "--cert", cert,
                "--key", private, "--login-options", "AUTH=EXTERNAL",
                "--user", "otto:", "--mail-from", "a@b.example",
                "--mail-rcpt", "x@far.example", "-T", "-",
                "smtp://127.0.0.1:" + port)
    if there("msmtp"):
        program(s, "msmtp", "msmtp", "--file=/dev/null", "--host=127.0.0.1",
                "--port=" + port, "--tls=on", "--tls-certcheck=off",
                "--tls-cert-file=" + cert, "--tls-key-file=" + private,
                "--auth=external", "--user=otto", "--from=a@b.example",
                "x@far.example")
    found = openssl("s_client", "-quiet", "-starttls", "smtp", "-connect",
                    "127.0.0.1:" + port, "-cert", cert, "-key", private,
                    input=b"EHLO x\r\nAUTH EXTERNAL =\r\nQUIT\r\n").stdout
    ok(b"\n235 2.7.0" in found, "openssl s_client")


def session():
    with started() as s:
        for part in (logins, identities, programs):
            part(s)


def unreadable():
    """What auth-user may not read: other mechanisms go on without it."""
    if not ROOT:
        skip("only root has files that auth-user cannot read")
        return
    with started(auth_mechanisms='{"EXTERNAL", "PLAIN"}',
                 auth_backends='{"file"}') as s:
        path = s.scratch.at("passwords")
        write_passwords(path, [row("anna", "secret")], AUTH)
        table = s.scratch.write("bearers", ("%s: anna\n" %
                                            digest("self")).encode())
        os.chmod(table, 0o600)
        settings = {
            "certificates": certificates().setting(*SERVERS),
            "tls-client": '"asked"', "auth": '"offered"',
            "auth-certificates": '"bearers"', "auth-file": '"%s"' % path,
            "auth-mechanisms": '{"EXTERNAL", "PLAIN"}',
            "auth-backends": '{"file"}'}
        text = CONF.replace("@rows@", '"x: x"') + \
            'table "bearers" { type = "text"  file = "%s" }\n' % table
        before = len(s.scratch.log_text())
        s.reload(text, settings)
        wait_for(lambda: "auth-certificates: " in
                 s.scratch.log_text()[before:], 20, "what is wrong")
        wait_for(lambda: external_says(s) == 454, 20, "454 for EXTERNAL")
        with over_tls(s) as c:
            c.hello()
            says(c.cmd("AUTH PLAIN " + word("\0anna\0secret")), "AUTH_OK",
                 "passwords are checked")
        found = s.inlet(*s.where(), "check")
        wrong = "auth-user may not read it"
        ok(wrong in found.stdout + found.stderr, "inlet check says so")
        os.chmod(table, 0o644)
        found = s.inlet(*s.where(), "check")
        ok(wrong not in found.stdout + found.stderr, "nor if it may")
        s.reload()
        wait_for(lambda: external_says(s) == 235, 20, "EXTERNAL again")
        ok(True, "after a reload it is read")


def external_says(s):
    with over_tls(s, ctx=theirs("self")) as c:
        c.hello()
        return c.cmd("AUTH EXTERNAL =").code


def off():
    """It is only there where it is wanted."""
    with started(auth_mechanisms='{"PLAIN"}', auth_backends='{"file"}') as s:
        with over_tls(s, ctx=theirs("self")) as c:
            ok("EXTERNAL" not in " ".join(offered(c)),
               "only where it is wanted")
            says(c.cmd("AUTH EXTERNAL ="), "AUTH_UNABLE", "nor taken")
        before = len(s.scratch.log_text())
        s.reload(settings={"certificates": certificates().setting("ec"),
                           "auth-mechanisms": '{"EXTERNAL"}'})
        wait_for(lambda: "EXTERNAL, but no auth-certificates" in
                 s.scratch.log_text()[before:], 20, "what is wrong")
        ok(True, "it needs auth-certificates")


def there(name):
    if shutil.which(name):
        return True
    skip("no " + name)
    return False


need("openssl")
need_built("smtpd", "smtpsrvr", "submit", "keysrvr", "authsrvr")
make()
run(session, unreadable, off)
