#!/usr/bin/env python3
"""From a client through us to a real Postfix, Exim or OpenSMTPD, and from there
to a server of the test: bytes arrive as they were sent.  And through ch_lmtp
into the Maildirs of a real Dovecot.  They are those that tests/peers.sh has
unpacked into INLET_PEERS, each in a mount namespace where that is over /usr."""
import os
import pwd
import shutil
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *
from peer import Peer, KEYWORDS

PEERS = os.path.join(os.environ.get("INLET_PEERS", "/nonexistent"), "root")
HEAD = (b"From: s@elsewhere.test\nTo: u@example.com\nSubject: relayed\n"
        b"Message-Id: <1@elsewhere.test>\n"
        b"Date: Fri, 20 Nov 2026 12:00:00 +0000\n\n")
TEXTS = [HEAD + b"plain\n.\n..\n.text\n\n.\n",
         HEAD + b"caf\xc3\xa9 \xe2\x82\xac\n",
         HEAD + b"0123456789abcdef\n" * 60000]
USERS = {"postfix": 64201, "Debian-exim": 64202, "opensmtpd": 64203,
         "opensmtpq": 64204, "dovecot": 64205, "dovenull": 64206}
CONF = """\
table "here" { type = "list"  rows = {"inlet.example"} }
table "all" { type = "list"  rows = {"example.com"} }
table "inside" { type = "list"  rows = {"127.0.0.1"} }
channel "local" { table = "here"  program = "local" }
channel "inside" { table = "inside"  relay = yes }
channel "out" { table = "all"  program = "%s"  relay-hosts = {"%s"}
    retry-first = "2s" }
"""


class Machine:
    """A mount namespace: the unpacked programs, users of theirs, and /var of
    its own."""

    def __init__(self, program):
        self.program = program
        self.base = Scratch().make("peer")
        self.process = None
        passwd, group = text_of("/etc/passwd"), text_of("/etc/group")
        for name, number in USERS.items():
            if name not in [p.pw_name for p in pwd.getpwall()]:
                passwd += "%s:x:%d:%d::/:/bin/false\n" % (name, number, number)
                group += "%s:x:%d:\n" % (name, number)
        group += "" if "postdrop:" in group else "postdrop:x:64207:\n"
        self.write("passwd", passwd)
        self.write("group", group)
        # Their helpers are said with their full names: nothing else is hidden.
        self.script = (
            "mount -t overlay overlay -o lowerdir=%s/usr:/usr /usr && "
            "mount --bind %s/passwd /etc/passwd && "
            "mount --bind %s/group /etc/group && "
            "mount -t tmpfs tmpfs /var/spool && "
            "mount -t tmpfs tmpfs /var/lib && " % (
                PEERS, self.base, self.base))

    def write(self, name, text):
        path = os.path.join(self.base, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o644)
        return path

    def number(self, name):
        return int(re.search("(?m)^%s:x:(\\d+):" % name, text_of(
            os.path.join(self.base, "passwd"))).group(1))

    def missing(self):
        """Why it cannot be, or null."""
        if not ROOT:
            return "it wants root"
        if not os.path.exists(PEERS + self.program):
            return "it is not unpacked"
        done = subprocess.run(self.command("true"), capture_output=True)
        return None if done.returncode == 0 else "no mount namespaces"

    def command(self, rest):
        return ["unshare", "--mount", "sh", "-c", self.script + rest]

    def start(self, rest, port):
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
               "LD_LIBRARY_PATH": "/usr/lib/postfix:/usr/lib/dovecot"}
        with open(os.path.join(self.base, "out"), "ab") as out:
            self.process = spawn(self.command(rest), stdout=out, stderr=out,
                                 env=env, cwd="/")

        def ready():
            if self.process.poll() is not None:
                raise Late("it ended:\n" + self.words())
            try:
                with Client(("127.0.0.1", port), timeout=5):
                    return True
            except (OSError, Late, EOFError):
                return False
        wait_for(ready, 40, "its greeting")

    def words(self):
        text = ""
        for folder, _folders, names in os.walk(self.base):
            for name in names:
                if name in ("out", "log", "mainlog", "paniclog"):
                    text += open(os.path.join(folder, name), "rb").read() \
                        .decode("latin-1")[-4000:]
        return text

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            for p in reversed(descendants(self.process.pid)):
                with contextlib.suppress(OSError):
                    os.kill(p.pid, signal.SIGTERM)
            self.process.terminate()
            self.process.wait(20)


def postfix(m, port, sink):
    conf = os.path.join(m.base, "conf")
    os.mkdir(conf)
    os.chmod(conf, 0o755)
    m.write("conf/main.cf", """\
compatibility_level = 3.6
import_environment = MAIL_CONFIG LD_LIBRARY_PATH LANG=C
    POSTLOG_SERVICE POSTLOG_HOSTNAME
queue_directory = /var/spool/postfix
data_directory = /var/lib/postfix
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
meta_directory = %s
mail_owner = postfix
setgid_group = postdrop
default_privs = nobody
myhostname = relay.test
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
relayhost = [127.0.0.1]:%d
disable_dns_lookups = yes
smtp_tls_security_level = none
maillog_file_prefixes = %s
maillog_file = %s/log
""" % (conf, sink.port, m.base, m.base))
    m.write("conf/master.cf", """\
127.0.0.1:%d inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
""" % port)
    m.start("cd /var/spool && mkdir postfix /var/lib/postfix && "
            "chown postfix /var/lib/postfix && cd postfix && "
            "mkdir -m 700 active bounce corrupt defer deferred flush hold "
            "incoming private saved trace && chown postfix * && "
            "mkdir -m 730 maildrop && mkdir -m 710 public && "
            "chown postfix:postdrop maildrop public && mkdir pid && "
            "MAIL_CONFIG=%s exec /usr/lib/postfix/sbin/master -c %s -d"
            % (conf, conf), port)


def exim(m, port, sink):
    path = m.write("exim.conf", """\
primary_hostname = relay.test
never_users =
spool_directory = /var/spool/exim
log_file_path = %s/%%slog
tls_advertise_hosts =
keep_environment =
disable_ipv6 = true
message_size_limit = 50M
local_interfaces = 127.0.0.1
daemon_smtp_ports = %d
chunking_advertise_hosts = *
dsn_advertise_hosts = *
acl_smtp_rcpt = accept
acl_smtp_data = accept
begin acl
accept:
  accept
begin routers
sink:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = sink
begin transports
sink:
  driver = smtp
  port = %d
  hosts_avoid_tls = *
""" % (m.base, port, sink.port))
    os.chown(m.base, m.number("Debian-exim"), -1)
    m.start("mkdir -p /var/spool/exim && chown Debian-exim /var/spool/exim && "
            "exec /usr/sbin/exim4 -C %s -bdf" % path, port)


def opensmtpd(m, port, sink):
    path = m.write("smtpd.conf", """\
smtp max-message-size "35M"
listen on 127.0.0.1 port %d hostname relay.test
action "on" relay host "smtp://127.0.0.1:%d"
match from any for any action "on"
""" % (port, sink.port))
    m.start("mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd && "
            "chmod 711 /var/spool/smtpd && "
            "exec /usr/sbin/smtpd -d -f %s" % path, port)


def trace(head):
    """Are these Received fields, one of each host on the way?"""
    names = re.findall(rb"(?m)^([^\s:]+):", head)
    return len(names) >= 2 and set(names) == {b"Received"}


def relayed(name, program, prepare):
    m = Machine(program)
    why = m.missing()
    if why:
        skip("%s: %s" % (name, why))
        return
    sink, port = Peer(KEYWORDS + ("SMTPUTF8",)), free_port()
    try:
        prepare(m, port, sink)
        with Server(CONF % ("smtp", "127.0.0.1:%d" % port),
                    settings={"pause-first": '"1s"'}) as server:
            for n, text in enumerate(TEXTS):
                with server.client() as c:
                    like(c.message(text, to="u%d@example.com" % n), "^250",
                         "we take it")
            ok(happens(lambda: len(sink.messages) >= len(TEXTS), 60),
               name + " passed all of it on")
            for text in TEXTS:
                want = text.replace(b"\n", b"\r\n")
                got = [x.data for x in sink.messages
                       if x.data.endswith(want)]
                ok(len(got) == 1 and trace(got[0][:-len(want)]),
                   "%s: %d bytes arrived unchanged" % (name, len(want)))
            ok(happens(lambda: not server.scratch.queue()),
               "nothing is left here")
            diag("\n".join(server.scratch.log_lines("delivered"))[:600])
    except Late as e:
        ok(False, name + " relays")
        diag(e)
    finally:
        if failures():
            diag(m.words())
        m.stop()
        sink.close()


def through_postfix():
    relayed("Postfix", "/usr/lib/postfix/sbin/master", postfix)


def through_exim():
    relayed("Exim", "/usr/sbin/exim4", exim)


def through_opensmtpd():
    relayed("OpenSMTPD", "/usr/sbin/smtpd", opensmtpd)


def dovecot():
    m = Machine("/usr/lib/dovecot/lmtp")
    why = m.missing()
    if why:
        skip("Dovecot: " + why)
        return
    port = free_port()
    mail = os.path.join(m.base, "mail")
    os.mkdir(mail)
    os.chown(mail, 64199, 64199)
    path = m.write("dovecot.conf", """\
protocols = lmtp
base_dir = %(base)s/run
state_dir = /var/lib/dovecot
default_internal_user = dovecot
default_internal_group = dovecot
default_login_user = dovenull
log_path = %(base)s/log
ssl = no
first_valid_uid = 1
mail_location = maildir:%(mail)s/%%u
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=64199 gid=64199 home=%(mail)s/%%u allow_all_users=yes
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = %(port)d
  }
  unix_listener %(base)s/lmtp {
    mode = 0666
  }
}
""" % {"base": m.base, "mail": mail, "port": port})
    try:
        m.start("mkdir -p /var/lib/dovecot && "
                "exec /usr/sbin/dovecot -F -c %s" % path, port)
        for at in ("127.0.0.1:%d" % port, "unix:%s/lmtp" % m.base):
            user = "u" + at[0] + "@example.com"
            with Server(CONF % ("lmtp", at),
                        settings={"pause-first": '"1s"'}) as server:
                for text in TEXTS:
                    with server.client() as c:
                        like(c.message(text, to=[user, "x" + user]), "^250",
                             "we take it")
                ok(happens(lambda: not server.scratch.queue(), 60),
                   "Dovecot has all of it")
                for name in (user, "x" + user):
                    new = os.path.join(mail, name, "new")
                    stored = [open(os.path.join(new, f), "rb").read()
                              for f in os.listdir(new)]
                    eq(len(stored), len(TEXTS), "each message once")
                    ok(all(any(s.endswith(t) for s in stored)
                           for t in TEXTS), "byte for byte (%s)" % at[:4])
                if failures():
                    diag("\n".join(server.scratch.log_lines("later")))
    except Late as e:
        ok(False, "Dovecot takes mail")
        diag(e)
    finally:
        if failures():
            diag(m.words())
        m.stop()


need_built("smtpd", "smtpsrvr", "submit", "deliver", "ch_smtp", "ch_lmtp")
run(through_postfix, through_exim, through_opensmtpd, dovecot, seconds=300)
