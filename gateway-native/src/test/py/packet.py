# SPDX-License-Identifier: Apache-2.0
"""Packets and captures as the RFCs have them. Nothing here is shared with the gateway's own code, so that both are not wrong alike."""
import socket
import struct

TCP, UDP, SCTP = 6, 17, 132
CHECKSUM_AT = {TCP: 16, UDP: 6}
EXTENSIONS = (0, 43, 60)


def ip(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def total(data):
    """The ones' complement sum of 16-bit words; 0xffff over data with a right checksum."""
    data += b"\0" * (len(data) % 2)
    result = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while result >> 16:
        result = (result & 0xFFFF) + (result >> 16)
    return result


def pseudo_header(source, destination, protocol, length):
    if len(source) == 4:
        return source + destination + struct.pack("!BBH", 0, protocol, length)
    return source + destination + struct.pack("!IHBB", length, 0, 0, protocol)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def transport(protocol, source_port, destination_port, body, flags=0):
    """A segment without its checksum. flags: TCP's; SCTP's body begins with the verification tag."""
    ports = struct.pack("!HH", source_port, destination_port)
    if protocol == TCP:
        return ports + struct.pack("!IIBBHHH", 1000, 0, 0x50, flags, 65535, 0, 0) + body
    if protocol == UDP:
        return ports + struct.pack("!HH", 8 + len(body), 0) + body
    return ports + body[:4] + bytes(4) + body[4:]


def with_checksum(segment, protocol, source, destination):
    if protocol == SCTP:
        return segment[:8] + struct.pack("<I", crc32c(segment)) + segment[12:]
    at = CHECKSUM_AT[protocol]
    value = ~total(pseudo_header(source, destination, protocol, len(segment)) + segment) & 0xFFFF
    return segment[:at] + struct.pack("!H", value or 0xFFFF) + segment[at + 2 :]


def packet(source, destination, protocol, segment, ttl=64, traffic_class=0, options=b""):
    """options: whole words; of IPv6 an extension header of destination options."""
    source, destination = ip(source), ip(destination)
    segment = with_checksum(segment, protocol, source, destination)
    if len(source) == 16:
        extension = bytes([protocol, 0, 1, 4, 0, 0, 0, 0]) if options else b""
        head = struct.pack("!IHBB", 0x60012345 | traffic_class << 20, len(extension + segment), 60 if options else protocol, ttl)
        return head + source + destination + extension + segment
    words = 5 + len(options) // 4
    length = words * 4 + len(segment)
    head = struct.pack("!BBHHHBBH", 0x40 | words, traffic_class, length, 77, 0x4000, ttl, protocol, 0) + source + destination + options
    return with_header_checksum(head) + segment


def with_header_checksum(head):
    head = head[:10] + b"\0\0" + head[12:]
    return head[:10] + struct.pack("!H", ~total(head) & 0xFFFF) + head[12:]


def frame(l3):
    f = bytes.fromhex("020100000001020000000099") + (b"\x86\xdd" if l3[0] >> 4 == 6 else b"\x08\x00") + l3
    return f + bytes(max(0, 60 - len(f)))


class Packet:
    """As much of an IP packet as can be read; `ok` is false when it cannot. What stands behind the IP packet is in `rest`."""

    def __init__(self, l3):
        self.ok, self.is_fragment = False, False
        version = l3[0] >> 4 if l3 else 0
        if version == 4 and len(l3) >= 20:
            head = (l3[0] & 15) * 4
            end, self.flags = struct.unpack("!H2xH", l3[2:8])
            self.ttl, self.protocol, self.traffic_class = l3[8], l3[9], l3[1]
            self.source, self.destination = l3[12:16], l3[16:20]
            self.is_fragment = self.flags & 0x3FFF != 0
            self.ok = 20 <= head <= end <= len(l3) and total(l3[:head]) == 0xFFFF
        elif version == 6 and len(l3) >= 40:
            head, end = 40, 40 + struct.unpack("!H", l3[4:6])[0]
            self.protocol, self.ttl, self.traffic_class = l3[6], l3[7], (l3[0] & 15) << 4 | l3[1] >> 4
            self.source, self.destination = l3[8:24], l3[24:40]
            while self.protocol in EXTENSIONS and head + 8 <= len(l3):
                self.protocol, head = l3[head], head + (l3[head + 1] + 1) * 8
            self.is_fragment = self.protocol == 44
            self.ok = head <= end <= len(l3)
        if self.ok:
            self.segment, self.rest = l3[head:end], l3[end:]
            self.ports = struct.unpack("!HH", self.segment[:4]) if len(self.segment) >= 4 else (0, 0)

    def payload(self):
        if self.protocol == TCP:
            return self.segment[(self.segment[12] >> 4) * 4 :]
        return self.segment[{UDP: 8, SCTP: 12}[self.protocol] :]

    def error(self):
        """How wrong the transport checksum is, 0 for right: what a gateway must neither mend nor make worse."""
        if self.protocol == SCTP:
            return crc32c(self.segment[:8] + bytes(4) + self.segment[12:]) ^ struct.unpack("<I", self.segment[8:12])[0]
        segment = self.segment
        if self.protocol == UDP:
            segment = segment[: struct.unpack("!H", segment[4:6])[0]]
            if segment[6:8] == b"\0\0":
                return 0
        return total(pseudo_header(self.source, self.destination, self.protocol, len(segment)) + segment) % 0xFFFF


def write_capture(path, records):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHIIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for time_ns, data in records:
            file.write(struct.pack("<IIII", time_ns // 10**9, time_ns % 10**9, len(data), len(data)) + data)


def read_capture(path):
    with open(path, "rb") as file:
        data = file.read()
    at, records = 24, []
    while at < len(data):
        seconds, nanoseconds, captured, _ = struct.unpack("<IIII", data[at : at + 16])
        records.append((seconds * 10**9 + nanoseconds, data[at + 16 : at + 16 + captured]))
        at += 16 + captured
    return records
