#!/usr/bin/env python3
"""Each mechanism of AUTH with each real client that has it, over STARTTLS and
TLS from the start: the right secret is a login, whose message is queued with
its name; a wrong one is 535 5.7.8 (RFC 4954 6), and nothing is queued.  With
EXTERNAL the secret is a client certificate's key, and to a certificate that no
login goes by it is not offered."""
import json
import os
import pwd
import smtplib
import ssl
import sys
from urllib.parse import quote
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
import authpeer
import behind
from machine import Authority

NODE = os.path.join(os.environ.get("INLET_PEERS", "/nonexistent"),
                    "node_modules")
TOKENS = ("XOAUTH2", "OAUTHBEARER")
CONF = """\
certificates = {"%(cert)s.pem %(cert)s.key"}
auth-backends = {%(backends)s}
auth-file = "@dir@/passwords"
auth-dovecot = "%(dovecot)s"
auth-delay = "10ms"
auth-failures = {"address 10000/10m"}
auth-mechanisms = {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1",
    "CRAM-MD5", "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"}
auth-certificates = "bearers"
table "bearers" { type = "list"  rows = {%(bearers)s} }
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "users" { }
listen "submission" { address = {"127.0.0.1"}  port = @port@
    auth = required  tls = required  helo-required = no }
listen "submissions" { address = {"127.0.0.1"}  port = @port2@
    auth = required  tls-implicit = yes }
listen "tokens" { address = {"127.0.0.1"}  port = @port3@
    auth = required  tls = required  auth-mechanisms = {"XOAUTH2"} }
listen "bearer" { address = {"127.0.0.1"}  port = @port4@  auth = required
    tls = required  helo-required = no
    tls-client = asked  auth-mechanisms = {"EXTERNAL"} }
listen "bearers" { address = {"127.0.0.1"}  port = @port5@  auth = required
    tls-implicit = yes  tls-client = asked  auth-mechanisms = {"EXTERNAL"} }
"""
STRANGER = "stranger"
# curl takes OAUTHBEARER where there is a choice.
ONLY = {("curl", "XOAUTH2"): "3"}
# They go, without an answer, when they are told why a token is not good.
LEAVE = {("curl", "XOAUTH2"), ("s-nail", "XOAUTH2")}


class Try:
    """One client, mechanism and secret at one of the two ports."""

    def __init__(self, server, ca, client, mechanism, implicit, good):
        self.client, self.mechanism = client, mechanism
        self.implicit, self.good, self.ca = implicit, good, ca.at("ca.pem")
        self.server, self.scratch = server, server.scratch
        self.external = mechanism == "EXTERNAL"
        self.port = server.ports[ONLY.get(
            (client, mechanism), "45"[implicit] if self.external else
            "12"[implicit])]
        self.login = login_of(client, mechanism)
        self.sender = "%s.%d%d@client.test" % (self.login, implicit, good)
        if self.external:
            self.cert, self.key = (ca.at(
                (self.login if good else STRANGER) + end)
                for end in (".pem", ".key"))
            self.secret = text_of(self.key)
        elif mechanism in TOKENS:
            self.secret = behind.token(self.login, b"key" if good else b"yek")
        else:
            self.secret = password_of(self.login) + ("" if good else "x")
        self.text = "Subject: %s\r\n\r\ntext\r\n" % self.login
        self.what = "%s, %s, %s, %s" % (
            client, mechanism, "TLS" if implicit else "STARTTLS",
            "right" if good else "wrong")

    def paths(self, cert, key):
        """A client's words for the files of its certificate."""
        return [cert, self.cert, key, self.key] if self.external else []

    def file(self, text, name="message"):
        return self.scratch.write(name, text, 0o600)

    def run(self, args, stdin="", **more):
        """What a command says, and how it ends."""
        p = subprocess.run([str(a) for a in args], input=stdin.encode(),
                           capture_output=True, timeout=slow(60),
                           check=False, **more)
        return (p.stdout + p.stderr).decode("utf-8", "replace"), p.returncode


def login_of(client, mechanism):
    return "%s-%s" % (client, mechanism.lower())


def password_of(login):
    """With what has to be quoted somewhere; smtplib knows ASCII alone."""
    return "p%sss %%41\"w\\rd:@'" % (
        "a" if login.startswith("smtplib") else "\u00e4")


def swaks(t):
    return t.run([
        "swaks", "--server", "localhost", "--port", t.port,
        "--tlsc" if t.implicit else "--tls", "--tls-verify", "--tls-ca-path",
        t.ca, "--helo", "client.test", "--auth", t.mechanism, "--auth-user",
        t.login, "--auth-password", t.secret, "--from", t.sender, "--to",
        "user@example.org"])


def curl(t):
    words = ["--user", "%s:%s" % (t.login, t.secret)]
    if t.mechanism in TOKENS:
        words = ["--user", t.login + ":", "--oauth2-bearer", t.secret]
    if t.external:
        words = ["--user", t.login + ":", *t.paths("--cert", "--key")]
    return t.run([
        "curl", "-sS", "-v", "--cacert", t.ca, "--ssl-reqd", *words,
        "--login-options", "AUTH=" + t.mechanism, "--mail-from", t.sender,
        "--mail-rcpt", "user@example.org", "--upload-file", t.file(t.text),
        "smtp%s://localhost:%d/client.test" % (
            "s" if t.implicit else "", t.port)])


def msmtp(t):
    conf = t.file("""\
account default
host localhost
port %d
tls on
tls_starttls %s
tls_trust_file %s
auth %s
user %s
from %s
%s %s
%s %s
""" % (t.port, "off" if t.implicit else "on", t.ca, t.mechanism.lower(),
       t.login, t.sender, *(
           t.paths("tls_cert_file", "tls_key_file") or
           ("passwordeval", "cat " + t.file(t.secret + "\n", "secret"), "#",
            ""))), "msmtprc")
    return t.run(["msmtp", "-d", "-C", conf, "user@example.org"], t.text)


def snail(t):
    """What it calls oauthbearer is XOAUTH2."""
    url = "smtp%s://%s%s@localhost:%d" % (
        "s" if t.implicit else "", quote(t.login, ""),
        "" if t.external else ":" + quote(t.secret, ""), t.port)
    return t.run([
        "s-nail", "-:/", "-vv", "-r", t.sender, "-s", "x", "-S", "v15-compat",
        "-S", "ttycharset=utf-8", "-S", "hostname=client.test", "-S",
        "sendwait", "-S", "mta=" + url, *(
            () if t.implicit else ("-S", "smtp-use-starttls")), *(
            ("-S", "tls-config-pairs=Certificate=%s,PrivateKey=%s" % (
                t.cert, t.key)) if t.external else ()),
        "-S", "smtp-auth=" + t.mechanism.lower().replace(
            "xoauth2", "oauthbearer"), "-S", "tls-ca-file=" + t.ca,
        "-S", "tls-ca-no-defaults", "-S", "tls-verify=strict", "-S", "nosave",
        "user@example.org"], "text\n",
        env={"PATH": os.environ["PATH"], "HOME": t.scratch.path,
             "LC_ALL": "C.UTF-8"})


def gsasl(t):
    """It logs in and sends nothing.  Where it may bind to TLS it must."""
    return t.run([
        "gsasl", "--client", "--smtp", "--starttls", "--verbose", "--connect",
        "localhost:%d" % t.port, "--mechanism", t.mechanism, "--hostname",
        "localhost", *(
            ("--authorization-id", t.login) if t.external else
            ("--authentication-id", t.login, "--password", t.secret)),
        *t.paths("--x509-cert-file", "--x509-key-file"),
        "--x509-ca-file", t.ca, *(
            () if t.mechanism.endswith("-PLUS") else ("--no-cb",))],
        env=dict(os.environ, LC_ALL="C.UTF-8"))


def own(t):
    """What auth() of smtplib is given for mechanisms that are not its own."""
    if t.external:
        return lambda said=None: t.login
    if t.mechanism == "XOAUTH2":
        return lambda said=None: "" if said else \
            "user=%s\1auth=Bearer %s\1\1" % (t.login, t.secret)
    if t.mechanism == "OAUTHBEARER":
        return lambda said=None: "\1" if said else \
            "n,a=%s,\1auth=Bearer %s\1\1" % (t.login, t.secret)
    kind = re.fullmatch(r"SCRAM-(SHA-\d+)", t.mechanism)
    if kind is None:
        return None
    x = authpeer.Scram(kind.group(1), t.login, t.secret)

    def scram(said=None):
        if said is None:
            return x.gs2 + x.bare
        if said.startswith(b"v="):
            return "" if x.good(authpeer.b64(said)) else "*"
        return authpeer.unb64(x.final(authpeer.b64(said))).decode()
    return scram


def by_smtplib(t):
    context = ssl.create_default_context(cafile=t.ca)
    if t.external:
        context.load_cert_chain(t.cert, t.key)
    kind, more = smtplib.SMTP, {}
    if t.implicit:
        kind, more = smtplib.SMTP_SSL, {"context": context}
    with kind("localhost", t.port, "client.test", timeout=slow(60),
              **more) as c:
        if not t.implicit:
            c.starttls(context=context)
        c.ehlo()
        c.user, c.password = t.login, t.secret
        try:
            code, said = c.auth(t.mechanism, own(t) or getattr(
                c, "auth_" + t.mechanism.lower().replace("-", "_")))
            c.sendmail(t.sender, ["user@example.org"], t.text)
        except smtplib.SMTPResponseException as e:
            return "%d %s" % (e.smtp_code, e.smtp_error.decode()), 1
    return "%d %s" % (code, said.decode()), 0


SCRIPT = """\
const {transport, mail} = JSON.parse(require('fs').readFileSync(0));
require('nodemailer').createTransport(transport).sendMail(mail).then(
    r => console.log(r.response),
    e => { console.log(e.response || e); process.exitCode = 1; });
"""


def nodemailer(t):
    auth = {"user": t.login, "pass": t.secret}
    if t.mechanism == "XOAUTH2":
        auth = {"type": "OAuth2", "user": t.login, "accessToken": t.secret}
    return t.run(["node", "-e", SCRIPT], json.dumps({
        "transport": {
            "host": "127.0.0.1", "port": t.port, "name": "node.test",
            "secure": t.implicit, "requireTLS": not t.implicit,
            "tls": {"ca": text_of(t.ca), "servername": "localhost"},
            "auth": auth, "authMethod": t.mechanism},
        "mail": {"from": t.sender, "to": "user@example.org", "text": "t"}}),
        env=dict(os.environ, NODE_PATH=NODE))


# What each of them has, as Debian builds it; swaks and nodemailer have no
# EXTERNAL.
CLIENTS = {
    "swaks": (swaks, "PLAIN LOGIN CRAM-MD5"),
    "curl": (curl, "PLAIN LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER EXTERNAL"),
    "msmtp": (msmtp, "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 XOAUTH2 "
              "OAUTHBEARER EXTERNAL"),
    "s-nail": (snail, "PLAIN LOGIN CRAM-MD5 XOAUTH2 EXTERNAL"),
    "gsasl": (gsasl, "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 "
              "SCRAM-SHA-256-PLUS EXTERNAL"),
    "smtplib": (by_smtplib, "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 "
                "XOAUTH2 OAUTHBEARER EXTERNAL"),
    "nodemailer": (nodemailer, "PLAIN LOGIN CRAM-MD5 XOAUTH2"),
}


def lacks(client):
    """Why it cannot be tried, or nothing."""
    if client == "nodemailer":
        return "" if tool("node") and os.path.isdir(NODE) else \
            "not unpacked by tests/peers.sh"
    if client == "s-nail":
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            return "it wants a user with a name"
    return "" if client == "smtplib" or tool(client) else "it is not here"


def tries(server, ca, client, mechanism, n):
    """Right at the one port and wrong at the other; with INLET_FULL both at
    both."""
    alone = client == "gsasl" or (client, mechanism) in ONLY
    for good in (True, False):
        for implicit in (False, True):
            if not (implicit if alone else not FULL and
                    (implicit + good + n) % 2):
                yield Try(server, ca, client, mechanism, implicit, good)


def answered(t, said, status):
    if t.good:
        # nodemailer has but the last reply to tell.
        good = status == 0 and ("235 2.7.0" in said or
                                t.client == "nodemailer" and
                                said.startswith("250 2.0.0 Queued as "))
    elif t.external:
        # Some ask all the same, some go on, some go; gsasl calls it no error.
        good = (status != 0 or t.client == "gsasl") and \
            "235 2.7.0" not in said and re.search(
                "504 5.5.4|530 5.7.0|not support|Cannot find mech", said)
    else:
        good = status != 0 and (
            "535 5.7.8" in said or (t.client, t.mechanism) in LEAVE and
            "334 " + authpeer.b64('{"status":"401"')[:18] in said)
    if not ok(good, t.what):
        diag("exit %s" % status)
        diag(said[-3000:])


def all_of(done):
    """Each client goes through its own, all clients at once; what came of
    them, in the order of done."""
    results = {}

    def go(client):
        for t in done:
            if t.client == client:
                try:
                    results[t] = CLIENTS[client][0](t)
                except Exception:       # is that pair's failure
                    results[t] = traceback.format_exc(), None
    threads = [threading.Thread(target=go, args=(client,))
               for client in {t.client for t in done}]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [results[t] for t in done]


def remembered(server, done):
    """The log and the queue have each login, and of the others nothing."""
    def outcomes(t):
        return server.scratch.log_lines(
            "auth", outcome="ok" if t.good else "failed", login=t.login,
            mechanism=t.mechanism, tls="yes")
    for client, mechanism in sorted({(t.client, t.mechanism) for t in done}):
        mine = [t for t in done if (t.client, t.mechanism) == (
            client, mechanism)]
        for good in (True, False):
            some = [t for t in mine if t.good == good]
            # nodemailer tries a token that was not good once more; where
            # nothing was offered nothing failed.
            eq(lambda some=some: len(outcomes(some[0])), len(some) * (
                1 if good else {("nodemailer", "XOAUTH2"): 2,
                                (client, "EXTERNAL"): 0}.get(
                                    (client, mechanism), 1)),
               "%s, %s: what the log says of %s secrets" % (
                   client, mechanism, "right" if good else "wrong"))
    eq(lambda: len(server.scratch.log_lines(
        "tls", subject="CN=" + STRANGER)), len(
            [t for t in done if t.external and not t.good]),
       "the log has each certificate that no login goes by")
    wanted = sorted(t.sender for t in done if t.good and t.client != "gsasl")
    entries = server.scratch.entries()
    found = {}
    for entry in entries.values():
        sender = re.search(rb"S[^\0]\0\0\0([^\0]*)\0", entry).group(1).decode()
        found[sender] = sender.partition(".")[0].encode() in \
            entry.replace(sender.encode(), b"")
    eq(sorted(found), wanted, "one message of each login, and no other")
    eq([s for s in found if not found[s]], [], "with the login")
    text = server.scratch.log_text()
    ok(not any(t.secret in text or authpeer.b64(t.secret) in text
               for t in done), "no password or token is in the log")


def digest(path):
    """The SHA-256 of the file's first certificate."""
    der = ssl.PEM_cert_to_DER_cert(text_of(path).partition("-----END")[0] +
                                   ssl.PEM_FOOTER)
    return hashlib.sha256(der).hexdigest()


def mechanisms():
    here = []
    for client, (_, words) in CLIENTS.items():
        why = lacks(client)
        if why:
            skip("%s: %s" % (client, why))
        else:
            here += [(client, m) for m in words.split()]
    backends = ['"file"']
    dovecot = None
    if tool("dovecot"):
        dovecot = behind.Dovecot(Scratch())
        backends.append('"dovecot"')
    else:
        skip("tokens: no dovecot")
        here = [pair for pair in here if pair[1] not in TOKENS]
    bearers = [login_of(*pair) for pair in here if pair[1] == "EXTERNAL"]
    a = Authority(here="DNS:localhost,IP:127.0.0.1", **{
        name: "DNS:client.test" for name in [*bearers, STRANGER]})
    atexit.register(a.end)
    server = Server(CONF % {
        "bearers": ", ".join('"%s: %s"' % (digest(a.at(name + ".pem")), name)
                             for name in bearers),
        "cert": a.at("here"), "backends": ", ".join(backends),
        "dovecot": dovecot.path if dovecot else "/nonexistent"},
        deliver=False)
    authpeer.write_passwords(server.scratch.at("passwords"), [
        authpeer.row(login, password_of(login), clear=True)
        for login in (login_of(*pair) for pair in here)],
        AUTH if ROOT else None)
    with server:
        done = [t for n, pair in enumerate(here)
                for t in tries(server, a, *pair, n)]
        for t, result in zip(done, all_of(done)):
            answered(t, *result)
        remembered(server, done)


need("openssl")
need_built("smtpd", "smtpsrvr-tls", "submit", "authworker")
run(mechanisms)
