"""What tests of TLS share: certificates, servers that have them, clients that
speak it."""
import os
import ssl
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

CONF = DEFAULT_CONF + """\
listen "smtp" { address = {"127.0.0.1"}  port = @port@ }
"""


def openssl(*words, **more):
    return subprocess.run(["openssl", *words], check=True,
                          capture_output=True, timeout=slow(60), **more)


class Certificates:
    """Made once for all tests: chains and keys below a directory that is
    root's alone, as a real one is."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="inlet-tls-")
        atexit.register(shutil.rmtree, self.dir, True)
        self.make("rsa", "rsa:2048", "mx.example.org", "*.wild.example")
        self.make("ec", "ec", "mx.example.org", "*.wild.example")
        self.make("other", "ec", "other.example")

    def make(self, name, kind, *names, days=30):
        more = ["-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else []
        openssl("req", "-x509", "-nodes", "-days", str(days), "-subj",
                "/CN=" + names[0], "-addext", "subjectAltName=" + ",".join(
                    "DNS:" + n for n in names), "-newkey", kind, *more,
                "-keyout", self.key(name), "-out", self.chain(name))

    def end(self, name):
        """Makes it one that ended yesterday."""
        text = openssl("req", "-new", "-key", self.key(name), "-subj",
                       "/CN=" + name).stdout
        openssl("x509", "-req", "-signkey", self.key(name), "-days", "-1",
                "-out", self.chain(name), input=text)

    def chain(self, name):
        return os.path.join(self.dir, name + ".pem")

    def key(self, name):
        return os.path.join(self.dir, name + ".key")

    def digest(self, name):
        return ssl.PEM_cert_to_DER_cert(text_of(self.chain(name)))

    def setting(self, *names):
        return "{%s}" % ", ".join('"%s %s"' % (self.chain(n), self.key(n))
                                  for n in names)


made = []


def certificates():
    if not made:
        made.append(Certificates())
    return made[0]


def is_reply(reply, name):
    """Is it the one of replies.def?"""
    row = [r for r in table_rows("lib/replies.def", "REPLY")
           if r[0] == name][0]
    return reply.text.startswith("%s %s %s" % (row[1], unquoted(row[2]),
                                               unquoted(row[3])))


def server(conf=CONF, names=("rsa", "ec", "other"), **settings):
    c = certificates()
    if not ROOT:
        os.chmod(c.dir, 0o700)
    return Server(conf, deliver=False, settings=dict(
        {"certificates": c.setting(*names)}, **{
            k.replace("_", "-"): v for k, v in settings.items()}))


def context(**more):
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found.check_hostname = False
    found.verify_mode = ssl.CERT_NONE
    # Old versions are wanted by some tests; the server's choice is tested.
    found.set_ciphers(more.pop("ciphers", "ALL:@SECLEVEL=0"))
    for name, value in more.items():
        setattr(found, name, value)
    return found


def secure(c, name=None, ctx=None):
    """STARTTLS and the handshake on a client that said EHLO."""
    r = c.cmd("STARTTLS")
    if not is_reply(r, "READY_TLS"):
        raise Late("STARTTLS: %s" % r.text)
    c.sock = (ctx or context()).wrap_socket(c.sock, server_hostname=name)
    c.buffer = b""


def logged(s, pattern):
    wait_for(lambda: re.search(pattern, s.scratch.log_text()), 20,
             "a line of the log: " + pattern)


def over_tls(s, name=None, ctx=None):
    c = s.client()
    c.hello()
    secure(c, name, ctx)
    return c


SECTIONS = ("server", "listener", "channel")


def sectioned(name, values):
    """values: what server, listener and channel say, or None."""
    said = ["    %s = %s\n" % (name, v) if v else "" for v in values]
    return (said[0].strip() + "\n" +
            DEFAULT_CONF.replace('channel "world" { }',
                                 'channel "world" {\n%s}' % said[2]) +
            'listen "smtp" { address = {"127.0.0.1"}  port = @port@\n%s}\n'
            % said[1])


def tried(s, *words):
    p = subprocess.run(
        ["openssl", "s_client", "-starttls", "smtp", "-connect",
         "127.0.0.1:%d" % s.port, "-brief", *words], input=b"QUIT\r\n",
        capture_output=True, timeout=slow(20), check=False)
    return p.stderr.decode() if b"ESTABLISHED" in p.stderr else ""


def memory(pid):
    """All that the process can write, a mapping at a time."""
    with open("/proc/%d/maps" % pid) as f:
        maps = f.read().splitlines()
    with open("/proc/%d/mem" % pid, "rb") as mem:
        for line in maps:
            m = re.match(r"(\w+)-(\w+) rw", line)
            if not m or "[v" in line:
                continue
            start, end = int(m.group(1), 16), int(m.group(2), 16)
            try:
                mem.seek(start)
                yield mem.read(end - start)
            except OSError:
                continue


def memory_has(pid, wanted):
    return any(w in data for data in memory(pid) for w in wanted)
