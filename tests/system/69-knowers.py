#!/usr/bin/env python3
"""Logins through sessions with each back end, and the real thing behind it:
what a right password, a wrong one and nobody's hear (RFC 4954 6); 454 4.7.0
where the back end is down or says nothing in time; meanwhile others log in,
and nothing of it stays.  Tokens: RFC 7628 3.2.3."""
import http.server
import os
import signal
import sys
import urllib.parse
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from authpeer import *
import behind

CONF = """\
%s
auth-file = "@dir@/passwords"
auth-worker-time = "%ds"
auth-workers = 32
auth-delay = "10ms"
auth-failures = {"address 1000/10m"}
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "users" { }
listen "submission" { address = {"127.0.0.1"}  port = @port@
  auth = required  auth-clear = yes
  auth-mechanisms = {"PLAIN", "XOAUTH2", "OAUTHBEARER"} }
"""
ANNA = "AUTH PLAIN " + plain("anna", "of the file")
# A program that is slow has a child, in a session of its own.
SLOW = """\
#!/bin/sh
if [ -e "$0.slow" ]; then
    setsid sleep 1000 & echo $! $$ >"$0.pids"; wait
fi
[ ! -e "$0.down" ] || exit %d
"""
CHECKPASSWORD = SLOW % 111 + """\
tr '\\0' '\\n' <&3 | {
    read login; read password
    [ "$login$password" = janepencil ]
} && exec "$@"
"""
PIPE = SLOW % 75 + """\
read password
[ "$1$password" = janepencil ]
"""
QMAIL_LDAP = SLOW % 111 + """\
tr '\\0' '\\n' | {
    read kind; read login; read password
    if [ "$login" = "$(printf jane | base64)" ] &&
        [ "$password" = "$(printf pencil | base64)" ]; then
        printf Kjane
    else
        printf D
    fi
}
"""


class Knower:
    """A back end, the server that asks it, and means to trouble it.  Behind
    the file, which has anna."""
    name = None
    before = ()
    owner = AUTH

    def __init__(self, scratch):
        self.scratch = scratch

    def slow(self):
        """From now on it does not answer; quick: it does again."""

    def serve(self, time):
        """time: how many seconds an answer may take."""
        rows = ['auth-backends = {"file", "%s"}' % self.name
                if self.name != "file" else 'auth-backends = {"file"}']
        server = Apart(CONF % ("\n".join(rows + self.settings()), slow(time)),
                       scratch=self.scratch, deliver=False)
        server.before = list(self.before)
        write_passwords(self.scratch.at("passwords"), [
            row("anna", "of the file")] + ([row("jane", "pencil")] if
                                           self.name == "file" else []),
                        self.owner if ROOT else None)
        self.server = server
        server.start(wait=False)


class Apart(Server):
    before = ()

    def command(self, name, *args):
        return list(self.before) + super().command(name, *args)


class File(Knower):
    name = "file"

    def settings(self):
        return []

    def down(self):
        os.chmod(self.scratch.at("passwords"), 0o644)


class Program(Knower):
    def __init__(self, scratch):
        super().__init__(scratch)
        self.path = scratch.write(self.name, self.text, 0o755)
        # Its user is another one.
        os.chmod(scratch.make("seen"), 0o777)

    text = None

    def settings(self):
        return ['auth-%s = {"%s"%s}' % (
            self.name, self.path, ', "/bin/true"'
            if self.name == "checkpassword" else "")]

    def mark(self, what, on):
        path = self.path + "." + what
        if on:
            self.scratch.write(path, "")
        else:
            os.unlink(path)

    def slow(self):
        self.scratch.write(self.path + ".pids", "", 0o666)
        self.mark("slow", True)

    def quick(self):
        self.mark("slow", False)

    def down(self):
        self.mark("down", True)

    def left(self):
        with open(self.path + ".pids", encoding="ascii") as f:
            pids = f.read().split()
        return [p for p in pids if alive(int(p))] if len(pids) == 2 else pids


class Checkpassword(Program):
    name, text = "checkpassword", CHECKPASSWORD


class Pipe(Program):
    name, text = "pipe", PIPE


class QmailLdap(Program):
    name, text = "qmail-ldap", QMAIL_LDAP


class Daemon(Knower):
    """One that is stopped to be slow; its family is all of it."""

    def family(self):
        return [self.daemon.process.pid] + [
            p.pid for p in descendants(self.daemon.process.pid)]

    def signal(self, sig):
        for pid in self.family():
            os.kill(pid, sig)

    def slow(self):
        self.signal(signal.SIGSTOP)

    def quick(self):
        self.signal(signal.SIGCONT)

    def down(self):
        self.daemon.stop()


class Ldap(Daemon):
    name = "ldap"

    def __init__(self, scratch):
        super().__init__(scratch)
        self.daemon = behind.Slapd()

    def settings(self):
        return ['auth-ldap-uri = "%s"' % self.daemon.uri,
                'auth-ldap-dn = "uid=%u,ou=people,dc=example,dc=org"']


class Saslauthd(Daemon):
    name = "saslauthd"

    def __init__(self, scratch):
        super().__init__(scratch)
        self.daemon = behind.Saslauthd(behind.Slapd())

    def settings(self):
        return ['auth-saslauthd = "%s"' % self.daemon.path]


class Dovecot(Daemon):
    name = "dovecot"

    def __init__(self, scratch, oauth2=None):
        super().__init__(scratch)
        self.daemon = behind.Dovecot(Scratch(), oauth2)

    def settings(self):
        return ['auth-dovecot = "%s"' % self.daemon.path]


class Pam(Knower):
    """pam_unix, which reads /etc/shadow: its user is root."""
    name = "pam"
    owner = 0

    def __init__(self, scratch):
        super().__init__(scratch)
        self.pam = behind.Pam(scratch)
        self.before = self.pam.before

    def settings(self):
        return ['auth-user = "root"']

    def service(self, text):
        self.scratch.write(os.path.join(self.pam.services, "smtp"), text)

    def slow(self):
        path = self.scratch.write("slow", "#!/bin/sh\nsleep 1000\n", 0o755)
        self.was = text_of(os.path.join(self.pam.services, "smtp"))
        self.service("auth required pam_exec.so %s\n"
                     "account required pam_permit.so\n" % path)

    def quick(self):
        self.service(self.was)

    def down(self):
        self.service(text_of(os.path.join(self.pam.services, "broken")))


def here():
    yield File
    yield Checkpassword
    yield Pipe
    yield QmailLdap
    if behind.ldap_ready():
        yield Ldap
        if tool("saslauthd"):
            yield Saslauthd
        else:
            skip("no saslauthd")
    if tool("dovecot"):
        yield Dovecot
    else:
        skip("no dovecot")
    if not ROOT or not behind.built("PAM"):
        skip("PAM: it needs root, and to be built")
    else:
        yield Pam


def greeted(k):
    c = k.server.client()
    c.hello()
    return c


def asked(k, login, password):
    with greeted(k) as c:
        return c.cmd("AUTH PLAIN " + plain(login, password))


def good_and_bad(k):
    with greeted(k) as c:
        says(c.cmd("MAIL FROM:<jane@example.org>"), "NEED_AUTH",
             k.name + ": no mail without a login")
        says(c.cmd("AUTH PLAIN " + plain("jane", "pen")), "AUTH_FAILED",
             k.name + ": a wrong password")
        says(c.cmd("AUTH PLAIN " + plain("eve", "pencil")), "AUTH_FAILED",
             k.name + ": nobody")
        says(c.cmd("AUTH PLAIN " + plain("jane", "pencil")), "AUTH_OK",
             k.name + ": the right one")
        qid = k.server.queue_id(c.message("Subject: x\n\ntext\n",
                                          hello=False))
    eq(lambda: len(k.scratch.log_lines("accept", qid=qid, login="jane")), 1,
       k.name + ": its mail is jane's")
    eq(lambda: len(k.scratch.log_lines("auth", outcome="ok", backend=k.name,
                                       login="jane")), 1,
       k.name + ": the log says who knew it")


def workers(k):
    return [p for p in k.server.role("authworker")
            if p.parent != k.server.smtpd.pid]


def unanswered(some):
    """None of them answers: each costs its own time, and nobody else's."""
    waiting = []
    for k in some:
        k.workers = len(workers(k))
        k.slow()
        c = greeted(k)
        c.line("AUTH PLAIN " + plain("jane", "pencil"))
        waiting.append((k, c))
    for k in some:
        says(asked(k, "anna", "of the file"), "AUTH_OK",
             k.name + " says nothing: others log in")
    for k, c in waiting:
        says(c.reply(), "AUTH_LATER", k.name + ": and who waits hears later")
        k.quick()
        says(c.cmd("AUTH PLAIN " + plain("jane", "pencil")), "AUTH_OK",
             k.name + ": now it answers, in the same session")
        c.close()
        like(lambda k=k: "\n".join(k.scratch.log_lines(
            "auth", outcome="later")), "login=\"?jane",
             k.name + ": the log has it")
        eq(lambda k=k: len(workers(k)), k.workers,
           k.name + ": no worker is left")
        if isinstance(k, Program):
            eq(k.left, [], k.name + ": nor what it started")
        elif isinstance(k, Pam):
            eq(lambda k=k: [p.args for p in processes().values()
                            if k.scratch.at("slow") in p.args], [],
               k.name + ": nor what it started")


def gone(k):
    k.down()
    with greeted(k) as c:
        says(c.cmd("AUTH PLAIN " + plain("jane", "pencil")), "AUTH_LATER",
             k.name + " is down: later")
        says(c.cmd("AUTH PLAIN " + plain("eve", "pencil")), "AUTH_LATER",
             k.name + " is down: nobody is refused for that")
        if k.name != "file":
            says(c.cmd(ANNA), "AUTH_OK", k.name + " is down: others log in")


def ended(k):
    ok(k.server.stop(), k.name + ": the server ends, and leaves nothing")
    if failures():
        k.server.dump()


def backends():
    some = [kind(Scratch()) for kind in here()]
    for k in some:
        k.serve(6)
    for k in some:
        k.server.wait_ready()
    for k in some:
        good_and_bad(k)
    unanswered([k for k in some if k.name != "file"])
    for k in some:
        gone(k)
    for k in some:
        ended(k)


# --------------------------------------------------------------------- tokens

def bearer(token, login="jane"):
    return b64("n,a=%s,\1host=x\1port=587\1auth=Bearer %s\1\1" % (
        login, token))


def google(token, login="jane"):
    return b64("user=%s\1auth=Bearer %s\1\1" % (login, token))


def refused(k, *cases):
    """Each (mechanism, response, what it is, the client's answer): it hears
    why, in JSON, answers with anything, and has failed.  All at once:
    Dovecot takes its time for each."""
    waiting = []
    for mechanism, text, what, answer in cases:
        c = greeted(k)
        c.line("AUTH %s %s" % (mechanism, text))
        waiting.append((c, "%s, %s" % (mechanism, what), answer))
    for c, what, answer in waiting:
        r = c.reply()
        eq(r.code, 334, what + ": it is told")
        like(unb64(r.text[4:]), r'^\{.*"status":"\w+"', what + ": and why")
        says(c.cmd(answer), "AUTH_CANCELLED" if answer == "*" else
             "AUTH_FAILED", what + ": and refused")
        says(c.cmd(ANNA), "AUTH_OK", what + ": and may try something else")
        c.close()


def taken(k, mechanism, text):
    with greeted(k) as c:
        eq(c.cmd("AUTH " + mechanism).raw, b"334 \r\n",
           mechanism + " without an initial response")
        says(c.cmd(text), "AUTH_OK", mechanism + ": a good token")
        r = c.message("Subject: x\n\ntext\n", hello=False)
        eq(lambda: len(k.scratch.log_lines(
            "accept", qid=k.server.queue_id(r), login="jane")), 1,
           "its mail is jane's")


def tokens():
    """Made and signed by who gives them, which Dovecot looks at itself."""
    if not tool("dovecot"):
        skip("no dovecot")
        return
    k = Dovecot(Scratch())
    k.serve(60)
    k.server.wait_ready()
    cases = []
    for mechanism, text in (("XOAUTH2", google), ("OAUTHBEARER", bearer)):
        good = behind.token("jane")
        taken(k, mechanism, text(good))
        other = text(behind.token("jane", b"other"))
        late = text(behind.token("jane", until=-60))
        cases += [(mechanism, other, "of somebody else", b64("\1")),
                  (mechanism, other, "answered with nothing", ""),
                  (mechanism, other, "given up", "*"),
                  (mechanism, late, "that has expired", ""),
                  (mechanism, text(good, "otto"), "of another login", "")]
        with greeted(k) as c:
            says(c.cmd("AUTH %s =" % mechanism), "AUTH_GARBLED", "nothing")
            says(c.cmd("AUTH %s %s" % (mechanism, b64("rubbish"))),
                 "AUTH_FAILED", "what is no token")
            c.line("AUTH %s %s" % (mechanism, other))
    refused(k, *cases)
    # All that failed was counted, given up or not.
    eq(lambda: len(k.scratch.log_lines("auth", outcome="failed")), 14,
       "each failure is in the log")
    text = k.scratch.log_text()
    ok(good not in text and google(good) not in text, "no token is")
    ended(k)


class Giver(http.server.BaseHTTPRequestHandler):
    """Who gives tokens, asked about them (RFC 7662 2)."""

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        form = urllib.parse.parse_qs(self.rfile.read(size).decode())
        good = form.get("token") == ["opaque-token"]
        text = b'{"active": true, "sub": "jane"}' if good else \
            b'{"active": false}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


OAUTH2 = """\
introspection_mode = post
introspection_url = http://127.0.0.1:%d/introspect
active_attribute = active
active_value = true
username_attribute = sub
timeout_msecs = 2000
"""


def opaque():
    """Tokens that say nothing: Dovecot asks who gives them."""
    if not tool("dovecot"):
        skip("no dovecot")
        return
    giver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Giver)
    threading.Thread(target=giver.serve_forever, daemon=True).start()
    k = Dovecot(Scratch(), OAUTH2 % giver.server_address[1])
    k.serve(60)
    k.server.wait_ready()
    taken(k, "XOAUTH2", google("opaque-token"))
    refused(k, ("OAUTHBEARER", bearer("another"), "unknown", b64("\1")))
    giver.shutdown()
    giver.server_close()
    with greeted(k) as c:
        says(c.cmd("AUTH XOAUTH2 " + google("yet-another")), "AUTH_LATER",
             "who gives them is down: later")
        says(c.cmd(ANNA), "AUTH_OK", "and others log in")
    ended(k)


need_built("smtpd", "smtpsrvr", "submit", "authworker")
run(backends, tokens, opaque)
