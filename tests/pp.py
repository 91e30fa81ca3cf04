"""pp - headers of the PROXY protocol, as proxies make them: for tests."""
import socket
import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def v1(client, server="127.0.0.1", ports=(4711, 25)):
    return b"PROXY TCP%d %s %s %d %d\r\n" % (
        6 if ":" in client else 4, client.encode(), server.encode(), *ports)


def raw(command, family, block):
    return SIGNATURE + struct.pack(">BBH", command, family, len(block)) + block


def tlv(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def v2(client, server="127.0.0.1", ports=(4711, 25), tlvs=b"", crc=False,
       transport=1):
    six = ":" in client
    family = socket.AF_INET6 if six else socket.AF_INET
    block = b"".join(socket.inet_pton(family, a) for a in (client, server))
    block += struct.pack(">HH", *ports) + tlvs
    at = len(block)
    if crc:
        block += tlv(3, b"\0\0\0\0")
    data = raw(0x21, (0x20 if six else 0x10) | transport, block)
    if crc:
        at += 16 + 3
        data = data[:at] + struct.pack(">I", crc32c(data)) + data[at + 4:]
    return data


def local():
    return raw(0x20, 0, b"")


def unix(path=b"/run/x"):
    return raw(0x21, 0x31, path.ljust(108, b"\0") * 2)
