"""machine - real mail servers on both sides of us: Postfix, Exim, OpenSMTPD,
Dovecot and Cyrus, as tests/peers.sh has unpacked them into INLET_PEERS, each
in a mount namespace where that is over /usr, with users, hosts and a /var of
its own.  Nothing of the machine is touched, and nothing needs a name server."""
import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile

from harness import ROOT, Client, Late, Scratch, descendants, slow, spawn, \
    text_of, wait_for

PEERS = os.path.join(os.environ.get("INLET_PEERS", "/nonexistent"), "root")
USERS = {"postfix": 64201, "Debian-exim": 64202, "opensmtpd": 64203,
         "opensmtpq": 64204, "dovecot": 64205, "dovenull": 64206,
         "cyrus": 64208}
# What 127.0.0.1 is called there: by its name, and by another.
NAME, OTHER = "mx.inlet.test", "mx.other.test"


class Machine:
    def __init__(self, program, trusted=None):
        """trusted: certificates of authorities, in place of the system's."""
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
        self.write("hosts", "".join("127.0.0.1 %s\n" % n for n in (
            NAME, OTHER, "localhost")))
        self.write("resolv.conf", "lookup file\nnameserver 127.0.0.1\n")
        # Their helpers are said with their full names: nothing else is hidden.
        self.script = "mount -t overlay overlay -o lowerdir=%s/usr:/usr /usr" \
            " && " % PEERS + "".join(
                "mount --bind %s/%s /etc/%s && " % (self.base, name, name)
                for name in ("passwd", "group", "hosts", "resolv.conf")) + \
            "mount -t tmpfs tmpfs /var/spool && " \
            "mount -t tmpfs tmpfs /var/lib && " \
            "mount -t tmpfs tmpfs /run && "
        if trusted:
            self.script += "mount -t tmpfs tmpfs /etc/ssl/certs && cp %s " \
                "/etc/ssl/certs/ca-certificates.crt && " % trusted

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.base, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
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
        done = subprocess.run(self.command("true"), capture_output=True,
                              check=False)
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
        """What it has said of itself, as far as it is the end of a file."""
        text = ""
        for folder, _folders, names in os.walk(self.base):
            for name in names:
                if name in ("out", "log", "mainlog", "paniclog"):
                    with open(os.path.join(folder, name), "rb") as f:
                        text += f.read().decode("latin-1")[-20000:]
        return text

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            for p in reversed(descendants(self.process.pid)):
                with contextlib.suppress(OSError):
                    os.kill(p.pid, signal.SIGTERM)
            self.process.terminate()
            self.process.wait(slow(20))


class Authority:
    """One that signs: ca.pem, and for each name given a NAME.pem (with the
    authority's own behind it) and NAME.key, for the host names said; the key
    is RSA where the name begins so, else P-256."""

    def __init__(self, **names):
        self.dir = tempfile.mkdtemp(prefix="inlet-ca-")
        os.chmod(self.dir, 0o755)
        self.openssl("ec", "-subj", "/CN=authority", "-keyout", self.at("ca.key"),
                     "-out", self.at("ca.pem"))
        for name, hosts in names.items():
            self.openssl("rsa" if name.startswith("rsa") else "ec",
                         "-subj", "/CN=" + name, "-addext",
                         "subjectAltName=" + hosts, "-CA", self.at("ca.pem"),
                         "-CAkey", self.at("ca.key"), "-addext",
                         "basicConstraints=critical,CA:FALSE", "-keyout",
                         self.at(name + ".key"), "-out",
                         self.at(name + ".pem"))
            with open(self.at(name + ".pem"), "a", encoding="ascii") as f:
                f.write(text_of(self.at("ca.pem")))

    @staticmethod
    def openssl(kind, *words):
        subprocess.run(
            ["openssl", "req", "-x509", "-nodes", "-days", "30", "-newkey",
             kind, "-pkeyopt", "ec_paramgen_curve:P-256" if kind == "ec" else
             "rsa_keygen_bits:2048", *words],
            check=True, capture_output=True, timeout=slow(30))

    def at(self, name):
        return os.path.join(self.dir, name)

    def give(self, m, name, mode=0o644):
        """A copy that the machine's daemon may read."""
        return m.write(name, text_of(self.at(name)), mode)

    def end(self):
        shutil.rmtree(self.dir, True)


# Each of these starts one at a port.  routes: what goes where, (domain, port,
# more), "*" for all that is left; instead of a port it may be (host, port);
# more is in its own language.

def hop(route):
    return route[1] if isinstance(route[1], tuple) else (NAME, route[1])


SERVICES = """\
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
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def postfix(m, port, routes, more="smtp_tls_security_level = none\n"):
    """more: of main.cf; of a route: options of its smtp service."""
    conf = os.path.join(m.base, "conf")
    os.mkdir(conf)
    os.chmod(conf, 0o755)
    hops = ["r%d:[%s]:%d" % (n, *hop(r)) for n, r in enumerate(routes)]
    maps = ", ".join("{ %s = %s }" % (r[0], to) for r, to in
                     zip(routes, hops) if r[0] != "*")
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
myhostname = postfix.test
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
transport_maps = %s
default_transport = %s
disable_dns_lookups = yes
smtp_host_lookup = native
message_size_limit = 50000000
maillog_file_prefixes = %s
maillog_file = %s/log
""" % (conf, "inline:{ %s }" % maps if maps else "",
       dict(zip([r[0] for r in routes], hops)).get("*", "error:no"), m.base,
       m.base) + more)
    m.write("conf/master.cf", SERVICES % port + "".join(
        "r%d unix - - n - - smtp%s\n" % (
            n, "".join("\n  -o { %s }" % o for o in r[2:]))
        for n, r in enumerate(routes)))
    m.start("cd /var/spool && mkdir postfix /var/lib/postfix && "
            "chown postfix /var/lib/postfix && cd postfix && "
            "mkdir -m 700 active bounce corrupt defer deferred flush hold "
            "incoming private saved trace && chown postfix * && "
            "mkdir -m 730 maildrop && mkdir -m 710 public && "
            "chown postfix:postdrop maildrop public && mkdir pid && "
            "MAIL_CONFIG=%s exec /usr/lib/postfix/sbin/master -c %s -d"
            % (conf, conf), port)


def exim(m, port, routes, more="tls_advertise_hosts =\n"):
    """more: of the main section; of a route: of its transport."""
    routers = "".join("""\
r%d:
  driver = manualroute
  route_list = %s %s byname
  self = send
  transport = t%d
""" % (n, r[0], hop(r)[0], n) for n, r in enumerate(routes))
    transports = "".join("""\
t%d:
  driver = smtp
  port = %d
  dnssec_request_domains =
%s""" % (n, hop(r)[1], "".join("  %s\n" % o for o in r[2:] or
                          ["hosts_avoid_tls = *"]))
        for n, r in enumerate(routes))
    path = m.write("exim.conf", """\
primary_hostname = exim.test
never_users =
spool_directory = /var/spool/exim
log_file_path = %s/%%slog
keep_environment =
disable_ipv6 = true
message_size_limit = 50M
local_interfaces = 127.0.0.1
daemon_smtp_ports = %d
chunking_advertise_hosts = *
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
acl_smtp_rcpt = accept
acl_smtp_data = accept
smtp_accept_queue_per_connection = 0
host_lookup =
rfc1413_hosts =
%sbegin acl
accept:
  accept
begin routers
%sbegin transports
%sbegin retry
* * F,1h,1m
""" % (m.base, port, more, routers, transports))
    os.chown(m.base, m.number("Debian-exim"), -1)
    m.start("mkdir -p /var/spool/exim && chown Debian-exim /var/spool/exim && "
            "exec /usr/sbin/exim4 -C %s -bdf" % path, port)


def opensmtpd(m, port, routes, more="", listen=""):
    """more: lines before all; listen: words; of a route: its URL's scheme,
    and words."""
    actions = "".join('action "r%d" relay host "%s://%s:%d" %s\n' % (
        n, r[2] if len(r) > 2 else "smtp", *hop(r), " ".join(r[3:]))
        for n, r in enumerate(routes))
    matches = "".join('match from any for %s action "r%d"\n' % (
        "any" if r[0] == "*" else 'domain "%s"' % r[0], n)
        for n, r in enumerate(routes))
    path = m.write("smtpd.conf", """\
%ssmtp max-message-size "35M"
listen on 127.0.0.1 port %d hostname opensmtpd.test %s
""" % (more, port, listen) + actions + matches)
    m.start("mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd && "
            "chmod 711 /var/spool/smtpd && "
            "exec /usr/sbin/smtpd -d -v -f %s" % path, port)


def dovecot(m, port):
    """LMTP there and at the socket lmtp; Maildirs below the folder mail."""
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
    m.start("mkdir -p /var/lib/dovecot && "
            "exec /usr/sbin/dovecot -F -c %s" % path, port)


def cyrus(m, port):
    """LMTP there; a mailbox for everybody below the folder mail, each message
    a file of it, named N."""
    at = {"base": m.base, "port": port}
    conf = m.write("imapd.conf", """\
configdirectory: /var/lib/cyrus
defaultpartition: default
partition-default: %(base)s/mail
admins: cyrus
sasl_pwcheck_method: auxprop
sasl_mech_list: PLAIN
allowplaintext: yes
unixhierarchysep: yes
altnamespace: yes
virtdomains: userid
lmtp_downcase_rcpt: yes
autocreate_quota: 0
autocreate_post: yes
duplicatesuppression: no
syslog_prefix: cyrus
servername: cyrus.test
""" % at)
    rules = m.write("cyrus.conf", """\
START {
  recover cmd="ctl_cyrusdb -C %(conf)s -r"
}
SERVICES {
  lmtp cmd="lmtpd -a -C %(conf)s" listen="127.0.0.1:%(port)d" prefork=1
}
EVENTS {
}
""" % dict(at, conf=conf))
    os.mkdir(os.path.join(m.base, "mail"))
    os.chown(os.path.join(m.base, "mail"), m.number("cyrus"), -1)
    m.start("mount -t tmpfs tmpfs /run && mkdir -p /run/cyrus/socket && "
            "cd /var/lib && mkdir cyrus && cd cyrus && mkdir db log msg proc "
            "quota socket user && chown -R cyrus . /run/cyrus && "
            "exec /usr/sbin/cyrmaster -D -C %s -M %s" % (conf, rules), port)
