#!/usr/bin/env python3
"""keysrvr by itself, asked by whoever could have taken a session over: it
signs what a handshake has signed, and nothing that could be a secret."""
import hashlib
import os
import struct
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

PADDED, PSS, ECDSA, SEAL, OPEN = 1, 2, 3, 4, 5
VERSION = 2
# DigestInfo of SHA-256 (RFC 8017 9.2).
INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def openssl(*words, **more):
    return subprocess.run(["openssl", *words], check=False,
                          capture_output=True, timeout=slow(60), **more)


class Keys:
    def __init__(self):
        self.scratch = Scratch()
        at = self.scratch.at
        for name, more in (("rsa", ["rsa:2048"]), ("ec", [
                "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])):
            openssl("req", "-x509", "-nodes", "-subj", "/CN=x.example",
                    "-newkey", *more, "-keyout", at(name + ".key"),
                    "-out", at(name + ".pem"))
            openssl("pkey", "-in", at(name + ".key"), "-pubout", "-out",
                    at(name + ".pub"))
            if ROOT:
                os.chown(at(name + ".key"), KEYS, KEYS)
        pairs = ",".join("%s %s" % (at(n + ".pem"), at(n + ".key"))
                         for n in ("rsa", "ec"))
        with open(at("record"), "w+b") as f:
            subprocess.run([os.path.join(BUILD, "tests/system/record"),
                            "certificates=" + pairs], stdout=f, check=True)
        record = os.open(at("record"), os.O_RDONLY)
        self.log, log = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.control, control = socket.socketpair(socket.AF_UNIX,
                                                  socket.SOCK_SEQPACKET)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listening.bind(at("keys"))
        listening.listen(64)
        self.process = spawn_with(
            [record, control.fileno(), log.fileno(), listening.fileno()],
            [program("keysrvr")], KEYS if ROOT else None)
        for s in (control, log, listening):
            s.close()
        os.close(record)
        self.control.settimeout(slow(20))
        eq(self.control.recv(10), b"R", "keysrvr is ready")
        self.sock = self.connect()

    def connect(self):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.connect(self.scratch.at("keys"))
        s.settimeout(slow(20))
        return s

    def digest(self, name):
        return hashlib.sha256(openssl(
            "pkey", "-pubin", "-in", self.scratch.at(name + ".pub"),
            "-outform", "DER").stdout).digest()

    def ask(self, op, key, data, version=VERSION):
        """The signature; b"" where it was refused."""
        self.sock.send(struct.pack("=HHI32s", version, op, len(data), key)
                       + data)
        got = self.sock.recv(4096)
        return got[4:] if got else None

    def verifies(self, name, text, signature, *more):
        at = self.scratch.at
        with open(at("sig"), "wb") as f:
            f.write(signature)
        p = openssl("dgst", "-sha256", "-verify", at(name + ".pub"), *more,
                    "-signature", at("sig"), input=text)
        return b"Verified OK" in p.stdout


def mask(seed, length):
    made = b""
    for i in range(length // 32 + 1):
        made += hashlib.sha256(seed + struct.pack(">I", i)).digest()
    return made[:length]


def pss(text, salt=b"s" * 32, length=256):
    """RFC 8017 9.1.1, for a key of 2048 bits."""
    h = hashlib.sha256(bytes(8) + hashlib.sha256(text).digest()
                       + salt).digest()
    db = bytes(length - len(salt) - 34) + b"\1" + salt
    masked = bytearray(a ^ b for a, b in zip(db, mask(h, len(db))))
    masked[0] &= 0x7f
    return bytes(masked) + h + b"\xbc"


def signs():
    k = Keys()
    rsa, ec, text = k.digest("rsa"), k.digest("ec"), b"a transcript"
    digest = hashlib.sha256(text).digest()
    ok(k.verifies("rsa", text, k.ask(PADDED, rsa, INFO + digest)),
       "RSA with the padding of PKCS #1")
    ok(k.verifies("rsa", text, k.ask(PSS, rsa, pss(text)), "-sigopt",
                  "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"),
       "RSA with PSS")
    ok(k.verifies("ec", text, k.ask(ECDSA, ec, digest)), "ECDSA")
    refuses(k, rsa, ec, text)
    tickets(k)
    ends(k)


def refuses(k, rsa, ec, text):
    secret = k.scratch.write("secret", "a master secret")
    hidden = openssl("pkeyutl", "-encrypt", "-pubin", "-inkey",
                     k.scratch.at("rsa.pub"), "-in", secret).stdout
    eq(len(hidden), 256, "something encrypted to the key")
    eq(k.ask(PSS, rsa, hidden), b"", "is not decrypted")
    good = pss(text)
    for what, block in (
            ("zeros", bytes(256)), ("one byte short", good[1:]),
            ("another end", good[:-1] + b"\xbb"),
            ("a top bit", bytes([good[0] | 0x80]) + good[1:]),
            ("another salt's length", pss(text, b"s" * 20)),
            ("a byte changed", good[:9] + bytes([good[9] ^ 1]) + good[10:])):
        eq(k.ask(PSS, rsa, block), b"", "PSS: " + what)
    eq(k.ask(PADDED, rsa, b"x" * 250), b"", "no room for the padding")
    eq(k.ask(ECDSA, rsa, text), b"", "an RSA key for ECDSA")
    eq(k.ask(PADDED, ec, text), b"", "an EC key for RSA")
    eq(k.ask(ECDSA, ec, b"x" * 65), b"", "no digest is so long")
    eq(k.ask(ECDSA, bytes(32), text), b"", "a key that is not there")
    eq(k.ask(9, rsa, text), b"", "no such operation")
    for what, send in (
            ("another version", lambda: k.ask(PSS, rsa, text, 9)),
            ("a short message", lambda: k.sock.send(b"x") and
             k.sock.recv(10) or None),
            ("a length that lies", lambda: k.sock.send(struct.pack(
                "=HHI32s", VERSION, PSS, 100, rsa) + b"x") and
             k.sock.recv(10) or None)):
        try:
            closed = send() is None
        except (BrokenPipeError, ConnectionResetError):
            closed = True
        ok(closed, what + " ends the connection")
        k.sock = k.connect()


def tickets(k):
    none, here, there = bytes(32), b"h" * 32, b"t" * 32
    one, two = (k.ask(SEAL, none, here + bytes(16)) for _ in range(2))
    eq((len(one), len(two)), (80, 80), "a ticket's name and its two keys")
    ok(len({one[16:48], one[48:], two[16:48], two[48:]}) == 4,
       "each has its own")
    eq(k.ask(OPEN, none, here + one[:16]), one, "it is opened")
    other = k.ask(OPEN, none, there + one[:16])
    ok(other[16:48] != one[16:48] and other[48:] != one[48:],
       "not where it is bound to something else")
    other = k.ask(OPEN, none, here + one[:8] + b"x" * 8)
    ok(other[16:48] != one[16:48], "nor by another name")
    eq(k.ask(OPEN, none, here + b"x" * 16), b"", "nor one of others")
    eq(k.ask(SEAL, none, here), b"", "nothing without a name")
    eq(k.ask(OPEN, none, here + one), b"", "nor with more")
    # A second keysrvr has nothing in common with the first.
    last = Keys()
    eq(last.ask(OPEN, none, here + one[:16]), b"", "nor another keysrvr's")
    last.control.close()
    last.process.wait(slow(20))


def ends(k):
    k.control.send(b"x")
    ok(k.ask(ECDSA, k.digest("ec"), bytes(32)),
       "what is written to its control means nothing")
    if not ROOT:
        skip("only root sees what is not dumpable")
    elif sanitized():
        skip("a sanitizer needs more")
    else:
        with open("/proc/%d/status" % k.process.pid) as f:
            text = f.read()
        ok(re.search(r"Seccomp:\s+2", text) and
           re.search(r"NoNewPrivs:\s+1", text), "it is confined")
    k.control.close()
    eq(k.process.wait(slow(20)), 0, "the end of its template is its end")


need("openssl")
need_built("keysrvr")
run(signs)
