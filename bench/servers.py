"""servers - starts servers, loads them, and reads what that cost."""
import contextlib
import glob
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
TICK = os.sysconf("SC_CLK_TCK")


def read(path):
    with contextlib.suppress(OSError), open(path) as f:
        return f.read()
    return ""


class Cgroup:
    """CPU time and members of everything that a peer has started."""

    def __init__(self, name):
        self.path = None
        for top in ("/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup"):
            path = os.path.join(top, "inlet-bench-" + name)
            with contextlib.suppress(OSError):
                os.makedirs(path, exist_ok=True)
                if os.path.exists(path + "/cgroup.procs"):
                    self.path = path
                    return

    def enter(self):
        if self.path:
            with open(self.path + "/cgroup.procs", "w") as f:
                f.write("0")

    def pids(self):
        return [int(p) for p in read(self.path + "/cgroup.procs").split()] \
            if self.path else []

    def cpu(self):
        """Seconds, or None."""
        if not self.path:
            return None
        used = read(self.path + "/cpuacct.usage")
        if used:
            return int(used) / 1e9
        found = re.search(r"usage_usec (\d+)", read(self.path + "/cpu.stat"))
        return int(found.group(1)) / 1e6 if found else None

    def remove(self):
        if self.path:
            with contextlib.suppress(OSError):
                os.rmdir(self.path)


class Peer:
    """spec: NAME or NAME+SETTING=VALUE; tag: of several with one spec."""

    def __init__(self, spec, args, tag=""):
        self.spec = spec
        self.name, *settings = spec.split("+")
        self.script = os.path.join(HERE, "peers", self.name + ".sh")
        if not os.path.exists(self.script):
            sys.exit("there is no " + self.script)
        # Names of sockets below it have 107 bytes.
        word = re.sub(r"[^a-z0-9]+", "-", (spec + tag).lower())
        if len(word) > 30:
            word = "%s-%x" % (word[:20], zlib.crc32(word.encode()))
        self.dir = os.path.join(args.directory, word)
        self.cgroup = Cgroup(word)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.env = dict(os.environ, BENCH_DIR=self.dir,
                        BENCH_PORT=str(self.port),
                        INLET_SETTINGS="\n".join(settings))
        self.env.setdefault("INLET_BIN", args.bin)
        os.makedirs(self.dir, exist_ok=True)
        os.chmod(self.dir, 0o755)

    def call(self, verb, **env):
        return subprocess.run(["bash", self.script, verb], text=True,
                              env={**self.env, **env}, check=False,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)

    def there(self, **env):
        return self.call("info", **env).returncode == 0

    def start(self, clean=True, **env):
        """Until it greets; clean: with an empty queue."""
        self.stop()
        if clean:
            self.call("clean", **env)
        self.count_env = env
        subprocess.run(["bash", self.script, "start"], check=True,
                       env={**self.env, **env}, stdin=subprocess.DEVNULL,
                       preexec_fn=self.cgroup.enter)
        for _ in range(300):
            with contextlib.suppress(OSError):
                with socket.create_connection(("127.0.0.1", self.port),
                                              5) as s:
                    if s.recv(4) == b"220 ":
                        s.sendall(b"QUIT\r\n")
                        while s.recv(512):
                            pass
                        return
            time.sleep(0.05)
        sys.exit(self.spec + " does not answer; see " + self.dir)

    def stop(self):
        self.call("stop")
        for sig, turns in ((0, 60), (signal.SIGTERM, 60),
                           (signal.SIGKILL, 100)):
            for _ in range(turns):
                pids = self.cgroup.pids()
                if not pids:
                    return
                if sig:
                    for pid in pids:
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(pid, sig)
                    sig = 0
                time.sleep(0.05)

    def end(self):
        self.stop()
        self.call("clean")
        self.cgroup.remove()

    def count(self):
        return int(self.call("count", **self.count_env).stdout or 0)

    def pss(self):
        return self.memory()[0]

    def memory(self):
        """KiB: its share of what is shared, and what is nobody else's."""
        shares = private = 0
        for pid in self.cgroup.pids():
            for name, value in re.findall(
                    r"(?m)^(Pss|Private_Clean|Private_Dirty): +(\d+)",
                    read("/proc/%d/smaps_rollup" % pid)):
                if name == "Pss":
                    shares += int(value)
                else:
                    private += int(value)
        return shares, private


def certificate(args):
    """What scripts of peers want to know for TLS: ECDSA with P-256."""
    names = [os.path.join(args.directory, "bench." + end)
             for end in ("pem", "key")]
    if not os.path.exists(names[0]):
        subprocess.run(
            ["openssl", "req", "-x509", "-nodes", "-days", "30", "-newkey",
             "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj",
             "/CN=mx.test.example", "-addext",
             "subjectAltName=DNS:mx.test.example", "-out", names[0],
             "-keyout", names[1]], check=True, stderr=subprocess.DEVNULL)
    return {"BENCH_CERT": names[0], "BENCH_KEY": names[1]}


def load(args, host, port, n, options, stdin=None):
    command = [os.path.join(args.build, "bench/load"), "-n", str(n),
               *options, host, str(port)]
    if stdin:
        return subprocess.Popen(command, stdin=stdin, text=True,
                                stdout=subprocess.PIPE)
    r = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                       check=False)
    return json.loads(r.stdout)


def device(path):
    """The kernel's name of the disk below path, or None."""
    number = os.stat(path).st_dev
    link = "/sys/dev/block/%d:%d" % (os.major(number), os.minor(number))
    return os.path.realpath(link) if os.path.exists(link) else None


def counters(path):
    """Of the whole machine, and of the disk below path."""
    stat = read("/proc/stat")
    busy = stat.split("\n", 1)[0].split()[1:]
    c = {"switches": int(re.search(r"^ctxt (\d+)", stat, re.M).group(1)),
         "forks": int(re.search(r"^processes (\d+)", stat, re.M).group(1)),
         "busy": sum(int(busy[i]) for i in (0, 1, 2, 5, 6)) / TICK}
    disk = device(path)
    fields = read(disk + "/stat").split() if disk else []
    if len(fields) > 15:
        c["flushes"] = int(fields[15])
    return c


def children_cpu():
    u = os.times()
    return u.children_user + u.children_system


@contextlib.contextmanager
def disk(args):
    """A file system of its own below args.directory, if one is wanted."""
    if not args.image:
        yield
        return
    image = tempfile.NamedTemporaryFile(prefix="inlet-bench.",
                                        suffix=".img")
    inodes = ["-i", "4096"] if args.sparse else []
    if args.sparse:
        os.truncate(image.name, args.image << 20)
    else:
        subprocess.run(["dd", "if=/dev/zero", "of=" + image.name, "bs=1M",
                        "count=%d" % args.image, "status=none"], check=True)
    loop = subprocess.run(["losetup", "--direct-io=on", "-f", "--show",
                           image.name], stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()
    try:
        subprocess.run(["mkfs.ext4", "-q", *inodes, "-E", "lazy_itable_init=0,"
                        "lazy_journal_init=0", loop], check=True)
        subprocess.run(["mount", loop, args.directory], check=True)
        os.chmod(args.directory, 0o755)
        yield
    finally:
        subprocess.run(["umount", args.directory], check=False)
        subprocess.run(["losetup", "-d", loop], check=False)
        image.close()


def peers_of(args, words):
    if words == "all":
        names = sorted(os.path.basename(p)[:-3] for p in
                       glob.glob(os.path.join(HERE, "peers", "*.sh")))
        return [p for p in (Peer(n, args) for n in names) if p.there()]
    peers = [Peer(n, args) for n in words.split(",")]
    for peer in peers:
        if not peer.there():
            sys.exit("%s is not on this machine" % peer.spec)
    return peers
