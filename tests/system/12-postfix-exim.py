#!/usr/bin/env python3
"""Real Postfix (by SMTP and LMTP) and real Exim (by DATA and BDAT) relay to it, each from a configuration and a
queue of its own in the scratch directory; bytes arrive as they sent them.
They are the machine's, or those that tests/peers.sh has unpacked into
INLET_PEERS."""
import grp
import os
import pwd
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

PEERS = os.path.join(os.environ.get("INLET_PEERS", "/nonexistent"), "root")
HEAD = (b"From: s@elsewhere.test\nTo: u@example.org\nSubject: relayed\n"
        b"Message-Id: <1@elsewhere.test>\n"
        b"Date: Fri, 20 Nov 2026 12:00:00 +0000\n\n")
TEXTS = [HEAD + b"plain\n.\n..\n.text\n",
         HEAD + b"caf\xc3\xa9 \xe2\x82\xac\n",
         HEAD + b"x" * 900 + b"\n" + b"0123456789abcdef\n" * 60000]


def place(path):
    """A file of the machine, or of the unpacked packages."""
    for root in ("", PEERS):
        if os.path.exists(root + path):
            return root, root + path
    return None, None


def environment(root):
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
    if root:
        env["LD_LIBRARY_PATH"] = ":".join(
            root + d for d in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/postfix",
                               "/lib/x86_64-linux-gnu", "/usr/lib"))
    return env


def compare(server, recorder, name):
    """Every message of TEXTS is in the mailbox as the relay sent it."""
    stored = server.deliveries("user@example.org", len(TEXTS), 90)
    sent = recorder.messages()
    eq(len(sent), len(TEXTS), name + " sent each message once")
    for text in sent:
        match = [s for s in stored if added(s, text) is not None]
        ok(len(match) == 1 and only_trace(added(match[0], text)),
           "%s: %d bytes arrived unchanged" % (name, len(text)))
    ok(all(any(s.endswith(t) for s in stored) for t in TEXTS),
       name + ": the texts are those that it was given")
    like(lambda: "".join(server.scratch.log_lines("accept")), "from=",
         name + ": the log says accept")


LISTEN = """\
listen "smtp" { address = {"127.0.0.1"}  port = @port@ }
listen "inside" { address = {"127.0.0.1"}  port = @port2@
    protocol = "lmtp" }
"""


def postfix(lmtp=False):
    name = "Postfix, by LMTP" if lmtp else "Postfix"
    root, master = place("/usr/lib/postfix/sbin/master")
    if master is None or not ROOT:
        skip("no Postfix" if master is None else "Postfix wants root")
        return
    try:
        owner, drop = "postfix", "postdrop"
        pwd.getpwnam(owner), grp.getgrnam(drop)
    except KeyError:
        # Two ids that are surely in the passwd file and not root's.
        owner, drop = "mail", "lp"
    with Server(listen=LISTEN, settings={
            "xforward": '{"127.0.0.1"}'}) as server, \
            Recorder(server.ports["2" if lmtp else "1"]) as recorder:
        base = server.scratch.at("postfix")
        conf, queue, data = (os.path.join(base, d)
                             for d in ("conf", "queue", "data"))
        for d in (base, conf, queue, data):
            os.mkdir(d)
            os.chmod(d, 0o755)
        os.chown(data, pwd.getpwnam(owner).pw_uid, -1)
        port = free_port()
        server.scratch.write(conf + "/main.cf", """\
compatibility_level = 3.6
import_environment = MAIL_CONFIG LD_LIBRARY_PATH TZ LANG=C
    POSTLOG_SERVICE POSTLOG_HOSTNAME
queue_directory = %s
data_directory = %s
command_directory = %s/usr/sbin
daemon_directory = %s/usr/lib/postfix/sbin
shlib_directory = %s/usr/lib/postfix
meta_directory = %s
mail_owner = %s
setgid_group = %s
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
%s
disable_dns_lookups = yes
smtp_tls_security_level = none
maillog_file_prefixes = %s
maillog_file = %s/log
smtp_send_xforward_command = yes
lmtp_send_xforward_command = yes
smtp_line_length_limit = 0
message_size_limit = 50000000
""" % (queue, data, root, root, root, conf, owner, drop, "default_transport = lmtp:inet:127.0.0.1:%d" %
       recorder.port if lmtp else "relayhost = [127.0.0.1]:%d" % recorder.port,
       base, base))
        services = """\
127.0.0.1:%d inet n - n - - smtpd
pickup unix n - n 60 1 pickup
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
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
""" % port
        server.scratch.write(conf + "/master.cf", services)
        # What postfix-files would make, for a queue of our own.
        uid = pwd.getpwnam(owner).pw_uid
        for d in ("active", "bounce", "corrupt", "defer", "deferred", "flush",
                  "hold", "incoming", "private", "saved", "trace"):
            os.mkdir(os.path.join(queue, d), 0o700)
            os.chown(os.path.join(queue, d), uid, -1)
        for d in ("maildrop", "public"):
            os.mkdir(os.path.join(queue, d), 0o700)
            os.chown(os.path.join(queue, d), uid, grp.getgrnam(drop).gr_gid)
            os.chmod(os.path.join(queue, d), 0o730 if d == "maildrop"
                     else 0o710)
        os.mkdir(os.path.join(queue, "pid"), 0o755)
        env = environment(root)
        env.update(MAIL_CONFIG=conf)
        out = open(base + "/out", "wb")
        daemon = spawn([master, "-c", conf, "-d"], stdout=out, stderr=out,
                       env=env, cwd=queue)
        out.close()

        def words():
            text = ""
            for name in ("out", "log"):
                with contextlib.suppress(OSError):
                    text += open(os.path.join(base, name), "rb").read() \
                        .decode("latin-1")
            return text

        def ready():
            if daemon.poll() is not None:
                raise Late("Postfix ended:\n" + words())
            try:
                with Client(("127.0.0.1", port), timeout=5):
                    return True
            except (OSError, Late, EOFError):
                return False
        try:
            wait_for(ready, 30, "Postfix's greeting")
            for text in TEXTS:
                with Client(("127.0.0.1", port)) as c:
                    like(c.message(text), "^250", "Postfix takes a message")
            compare(server, recorder, name)
            like(server.scratch.maildir("user@example.org")[0],
                 r"with E?%s id" % ("LMTP" if lmtp else "SMTP"),
                 name + ": Received: says how")
            lines = [r'addr="127\.0\.0\.1"',
                     'helo="client.test" ident="[0-9A-Za-z]+"']
            ok(happens(lambda: all(any(re.search(w, x) for x in
                                       server.scratch.log_lines(
                                           "xforward", ip="127.0.0.1"))
                                   for w in lines)),
               name + ": XFORWARD says where its mail came from")
        except Late as e:
            ok(False, name + " relays")
            diag(e)
            diag(words()[-4000:])
        finally:
            daemon.terminate()
            daemon.wait(slow(60))


def with_user(scratch, name, number):
    """A prefix of commands that lets them see one more user: Debian's Exim
    wants its own by name, and we add none to the machine."""
    try:
        pwd.getpwnam(name)
        return []
    except KeyError:
        pass
    passwd = scratch.write("passwd", open("/etc/passwd").read()
                           + "%s:x:%d:%d::/:/bin/false\n"
                           % (name, number, number))
    group = scratch.write("group", open("/etc/group").read()
                          + "%s:x:%d:\n" % (name, number))
    prefix = ["unshare", "--mount", "sh", "-c",
              "mount --bind %s /etc/passwd && mount --bind %s /etc/group && "
              "exec \"$@\"" % (passwd, group), "sh"]
    if subprocess.run(prefix + ["id", name], capture_output=True).returncode:
        return None
    return prefix


def postfix_lmtp():
    postfix(lmtp=True)


def exim(chunking=False):
    name = "Exim, by BDAT" if chunking else "Exim"
    root, binary = place("/usr/sbin/exim4")
    if binary is None or not ROOT:
        skip("no Exim" if binary is None else "Exim wants root")
        return
    with Server() as server, Recorder(server.port) as recorder:
        base = server.scratch.at("exim")
        os.mkdir(base)
        prefix = with_user(server.scratch, "Debian-exim", 64199)
        if prefix is None:
            skip("no mount namespaces: Exim cannot find its user")
            return
        path = server.scratch.write(base + "/exim.conf", """\
primary_hostname = relay.test
never_users =
exim_path = %s
spool_directory = %s/spool
log_file_path = %s/%%slog
tls_advertise_hosts =
keep_environment =
disable_ipv6 = true
message_size_limit = 50M
begin routers
inlet:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = inlet
begin transports
inlet:
  driver = smtp
  port = %d
  hosts_try_chunking = %s
  hosts_try_prdr =
  hosts_avoid_tls = *
  message_linelength_limit = 100000
begin retry
* * F,1h,1m
""" % (binary, base, base, recorder.port, "*" if chunking else ""))
        owner = int(subprocess.run(prefix + ["id", "-u", "Debian-exim"],
                                   capture_output=True).stdout)
        for d in (base, base + "/spool"):
            os.makedirs(d, exist_ok=True)
            os.chown(d, owner, owner)
        env = environment(root)
        # In the foreground: the message is sent before exim ends.
        for text in TEXTS:
            done = subprocess.run(
                prefix + [binary, "-C", path, "-odf", "-oi", "-f", "s@elsewhere.test",
                 "user@example.org"], input=text, capture_output=True,
                env=env, timeout=slow(60), cwd=base)
            if not eq(done.returncode, 0, "Exim takes a message"):
                diag((done.stdout + done.stderr).decode("latin-1"))
        try:
            compare(server, recorder, name)
            commands = b"".join(recorder.sent)
            eq((b"\nBDAT " in commands, b"\nDATA\r\n" in commands),
               (chunking, not chunking), name + ": that is how it sends")
            log = open(base + "/mainlog").read()
            eq(len(re.findall(r" => user@example.org .* K ", log)),
               len(TEXTS) if chunking else 0, name + ": its log says so")
        except Late as e:
            ok(False, name + " relays")
            diag(e)
            for name in ("mainlog", "paniclog"):
                with contextlib.suppress(OSError):
                    diag(open(os.path.join(base, name)).read()[-3000:])


def exim_bdat():
    exim(chunking=True)


need_built("smtpd", "smtpsrvr", "submit", "deliver", "ch_local")
run(postfix, postfix_lmtp, exim, exim_bdat, seconds=400)
