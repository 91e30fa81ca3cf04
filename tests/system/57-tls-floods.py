#!/usr/bin/env python3
"""TLS that costs the server more than the client: KeyUpdate and empty records
without end, data a byte at a time, handshakes in crumbs, renegotiation.  The
records that no library sends are made here, with the keys of the client's."""
import hmac
import os
import struct
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from secured import *


def block(key, counter, nonce):
    """ChaCha20 (RFC 8439 2.3)."""
    start = list(struct.unpack("<4I", b"expand 32-byte k")) + \
        list(struct.unpack("<8I", key)) + [counter] + \
        list(struct.unpack("<3I", nonce))
    x = list(start)
    for _ in range(10):
        for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14),
                           (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12),
                           (2, 7, 8, 13), (3, 4, 9, 14)):
            for i, j, k, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8),
                               (c, d, b, 7)):
                x[i] = (x[i] + x[j]) & 0xffffffff
                v = x[k] ^ x[i]
                x[k] = (v << n | v >> (32 - n)) & 0xffffffff
    return struct.pack("<16I", *((p + q) & 0xffffffff
                                 for p, q in zip(x, start)))


def sealed(key, nonce, text, extra):
    """ChaCha20-Poly1305 (RFC 8439 2.8), of at most 64 bytes."""
    stream = block(key, 1, nonce)
    hidden = bytes(a ^ b for a, b in zip(text, stream))
    once = block(key, 0, nonce)
    r = int.from_bytes(once[:16], "little") & \
        0x0ffffffc0ffffffc0ffffffc0fffffff
    mac = b"".join(p + bytes(-len(p) % 16) for p in (extra, hidden)) + \
        struct.pack("<QQ", len(extra), len(hidden))
    sum_ = 0
    for i in range(0, len(mac), 16):
        sum_ = (sum_ + int.from_bytes(mac[i:i + 16] + b"\1", "little")) * r \
            % (2 ** 130 - 5)
    sum_ += int.from_bytes(once[16:32], "little")
    return hidden + (sum_ & (2 ** 128 - 1)).to_bytes(16, "little")


def label(secret, name, length):
    """HKDF-Expand-Label (RFC 8446 7.1), of at most 32 bytes."""
    name = b"tls13 " + name
    info = struct.pack(">HB", length, len(name)) + name + b"\0"
    return hmac.digest(secret, info + b"\1", "sha256")[:length]


class Raw:
    """A TLS 1.3 client that sends what records it likes."""

    def __init__(self, s):
        file = s.scratch.at("keys-%d" % random.randrange(1 << 60))
        ctx = context(keylog_filename=file)
        self.client = over_tls(s, "mx.example.org", ctx)
        found = re.search("CLIENT_TRAFFIC_SECRET_0 [0-9a-f]+ ([0-9a-f]+)",
                          text_of(file))
        self.sock = socket.socket(fileno=self.client.sock.detach())
        self.sock.settimeout(slow(20))
        self.rekey(bytes.fromhex(found.group(1)))

    def rekey(self, secret):
        self.secret, self.n = secret, 0
        self.key = label(secret, b"key", 32)
        self.iv = int.from_bytes(label(secret, b"iv", 12), "big")

    def record(self, kind, text):
        head = struct.pack(">BHH", 23, 0x303, len(text) + 17)
        nonce = (self.iv ^ self.n).to_bytes(12, "big")
        self.n += 1
        return head + sealed(self.key, nonce, text + bytes([kind]), head)

    def key_update(self):
        made = self.record(22, b"\x18\0\0\1\1")
        self.rekey(label(self.secret, b"traffic upd", 32))
        return made

    def data(self, text):
        return self.record(23, text)

    def answers(self):
        """Some record comes."""
        return self.sock.recv(1) == b"\x17"

    def send(self, *records):
        try:
            self.sock.sendall(b"".join(records))
        except ConnectionError:
            pass


def ends(sock):
    """Does the server end it?  The rest may get lost in a reset."""
    try:
        while sock.recv(65536):
            pass
    except ConnectionError:
        pass
    except OSError:
        return False
    return True


CHACHA = '"TLS_CHACHA20_POLY1305_SHA256"'
LIMITS = {name: int(value) for name, value in re.findall(
    r"#define (TLS_\w+) (\d+)",
    text_of(os.path.join(SRC, "smtpsrvr/tls_over.h")))}


def without_data():
    with server(tls_suites=CHACHA) as s:
        for what, make in (("KeyUpdate", lambda r: r.key_update()),
                           ("an empty record", lambda r: r.data(b""))):
            r = Raw(s)
            r.send(*(make(r) for _ in range(20)), r.data(b"NOOP\r\n"))
            ok(r.answers(), "%s twenty times is nothing" % what)
            r.sock.close()
            r = Raw(s)
            r.send(*(make(r) for _ in range(LIMITS["TLS_EMPTY_MOST"] + 2)))
            ok(ends(r.sock), "%s without end ends the connection" % what)
            r.sock.close()
        logged(s, 'end ip=.* why="too many records without data"')
        logged(s, 'end ip=.* why="record too small"')


def between_data():
    """No trick helps: all records count."""
    with server(log_level='"info"') as s:
        with over_tls(s, "mx.example.org") as c:
            c.hello()
            c.cmd("MAIL FROM:<a@b.example>")
            c.cmd("RCPT TO:<user@example.org>")
            c.cmd("DATA")
            sent = 0
            try:
                # Each write is a record of its own.
                for _ in range(LIMITS["TLS_RECORDS_FREE"] * 5 // 4):
                    c.sock.sendall(b"x")
                    sent += 1
                c.sock.settimeout(slow(20))
                ended = c.sock.recv(1) == b""
            except (ssl.SSLError, ConnectionError):
                ended = True
            ok(ended, "data a byte at a time: not without end")
            ok(sent > 1000, "but for a while")
        logged(s, 'end ip=.* why="too many small records"')
        with over_tls(s, "mx.example.org") as c:
            c.hello()
            c.cmd("MAIL FROM:<a@b.example>")
            c.cmd("RCPT TO:<user@example.org>")
            c.cmd("DATA")
            for _ in range(LIMITS["TLS_RECORDS_FREE"] * 5 // 4):
                c.sock.sendall(b"a line of text\r\n")
            c.sock.sendall(b".\r\n")
            eq(c.reply().code, 250, "a line at a time is as good as any way")


def crumbs():
    """A handshake in records of one byte each: as far as it goes."""
    long = context()
    long.set_alpn_protocols(["smtp"] + ["x" * 200 + str(i) for i in
                                        range(60)])
    with server() as s:
        for ctx, size, good in ((context(), 1, True), (context(), 50, True),
                                (long, 100, True), (long, 1, False)):
            hello = hello_of(ctx)
            parts = [hello[i:i + size] for i in range(0, len(hello), size)]
            with s.client() as c:
                c.hello()
                c.cmd("STARTTLS")
                try:
                    for p in parts:
                        c.sock.sendall(b"\x16\3\1" + struct.pack(
                            ">H", len(p)) + p)
                    first = c.sock.recv(1)
                except ConnectionError:
                    first = b""
                ok(first == b"\x16" if good else ends(c.sock),
                   "ClientHello in %d records %s" % (
                       len(parts), "is taken" if good else "is its end"))
        logged(s, 'tls-failed ip=.* why="too many records in the handshake"')
        ok("session-crashed" not in s.scratch.log_text(), "no session died")


def hello_of(ctx):
    """The handshake message of a ClientHello."""
    come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        ctx.wrap_bio(come, go, server_hostname="mx.example.org").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return go.read()[5:]


need("openssl")
need_built("smtpd", "smtpsrvr", "submit", "keysrvr")
run(without_data, between_data, crumbs)
