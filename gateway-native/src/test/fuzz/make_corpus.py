#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzz targets into corpus/: one input of every kind they tell apart."""
import json
import pathlib
import struct
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "corpus")


def seed(target, name, *parts):
    folder = ROOT / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"".join(bytes(p) for p in parts))


def be16(value):
    return struct.pack("!H", value)


def be32(value):
    return struct.pack("!I", value)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return be16(~total & 0xFFFF)


def ipv4(protocol, payload, source=(198, 51, 100, 7), destination=(192, 0, 2, 80), fragment=0):
    header = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(payload), 1, fragment, 64, protocol)
    addresses = bytes(source) + bytes(destination)
    return header + checksum(header + b"\0\0" + addresses) + addresses + payload


V6_SOURCE = bytes.fromhex("20010db8000000000000000000000007")
V6_DESTINATION = bytes.fromhex("20010db8000100000000000000000080")


def ipv6(protocol, payload, source=V6_SOURCE, destination=V6_DESTINATION):
    return be32(6 << 28) + be16(len(payload)) + bytes([protocol, 64]) + source + destination + payload


def udp(port, payload, source=40000):
    return be16(source) + be16(port) + be16(8 + len(payload)) + b"\0\0" + payload


def tcp(flags, options=b"", payload=b""):
    words = (20 + len(options)) // 4
    return struct.pack("!HHIIBBHHH", 40000, 443, 1, 0, words << 4, flags, 1024, 0, 0) + options + payload


MSS = bytes.fromhex("020405b4")
LINUX_SYN = bytes.fromhex("020405b40402080a000000010000000001030307")
COLOUR = bytes([253, 20]) + bytes.fromhex("44590100") + be16(7) + be32(1) + bytes(8)
TOA = bytes([254, 8]) + be16(40000) + bytes([198, 51, 100, 7])
INNER = ipv4(6, tcp(2, MSS))
INNER6 = ipv6(17, udp(53, b"query"))


def tunnels():
    ethernet = bytes.fromhex("020000000009 0200c0000201")
    gre = {
        "gre": b"\0\0\x08\0",
        "gre_key": b"\x20\0\x08\0" + be32(77),
        "gre_sequence": b"\x10\0\x08\0" + be32(1),
        "gre_bridge": b"\0\0\x65\x58",
        "gre_routing": b"\x40\0\x08\0",
    }
    summed = b"\xb0\0\x08\0" + b"\0\0\0\0" + be32(77) + be32(1) + INNER
    gre_all = summed[:4] + checksum(summed) + summed[6:]
    outer = ipv4(0, b"")
    for name, header in gre.items():
        seed("tunnel", name, [0, 0, 20], outer, header, INNER)
    seed("tunnel", "gre_all", [0, 0, 20], outer, gre_all)
    seed("tunnel", "gre6", [0, 0, 20], outer, b"\0\0\x86\xdd", INNER6)
    seed("tunnel", "ipip", [0, 2, 20], outer, INNER)
    seed("tunnel", "ip6ip", [0, 3, 20], outer, INNER6)
    seed("tunnel", "no_tunnel", [0, 4, 20], outer, tcp(2))
    for name, header in {
        "gue": b"\0\4\0\0",
        "gue_control": b"\x20\0\0\0",
        "gue_extension": b"\1\4\x80\0\0\0\0\0",
        "gue_direct": b"",
    }.items():
        seed("tunnel", name, [0, 1, 20], outer, udp(6080, header + INNER))
    seed("tunnel", "gue6", [0, 1, 20], outer, udp(6080, b"\0\x29\0\0" + INNER6))
    vxlan = b"\x08\0\0\0\0\x12\x34\0" + ethernet
    seed("tunnel", "vxlan", [0, 1, 20], outer, udp(4789, vxlan + b"\x08\0" + INNER))
    seed("tunnel", "vxlan6", [0, 1, 40], ipv6(17, b""), udp(4789, vxlan + b"\x86\xdd" + INNER6))
    seed("tunnel", "vxlan_arp", [0, 1, 20], outer, udp(4789, vxlan + b"\x08\x06" + bytes(28)))
    seed("tunnel", "dns", [0, 1, 20], outer, udp(53, b"query"))
    for kind in range(4):
        for outer_v6 in (0, 2):
            mode = 1 | outer_v6 | 8 | kind << 4
            seed("tunnel", f"write_{kind}_{outer_v6}", [mode, 64], V6_SOURCE, V6_DESTINATION, be32(77 << 8),
                 ethernet[:6], [0], be32(0x12345678), INNER)


def tcp_options():
    for name, options in {
        "none": b"",
        "mss": MSS,
        "odd_mss": b"\1" + MSS + b"\1\1\0",
        "linux": LINUX_SYN,
        "colour": MSS + COLOUR,
        "colour_and_end": MSS + COLOUR + b"\0\0\0\0",
        "erased": MSS + b"\1" * 20,
        "toa": MSS + TOA,
        "two_toas": TOA + MSS + TOA,
        "end": MSS + b"\0" * 12,
        "broken": b"\3\1" + b"\1" * 6,
        "cut": MSS + b"\1\1\1\x22",
        "full": b"\x1e\x28" + bytes(38),
        "strange_colour": MSS + bytes([253, 8]) + bytes.fromhex("445901000001"),
    }.items():
        for family in (0, 1):
            seed("tcp_option", f"{name}_{family}", [family], be16(536), [2, len(options) // 4], V6_SOURCE, options,
                 b"payload")


def quic():
    key = bytes.fromhex("8f95f09245765f80256934e50c66207f")
    long_header = bytes.fromhex("c000000001")
    for name, cid in {"1": "6b59c0ffffffffff", "2": "bf12345678ffffff", "3": "c0deadbeefffffff"}.items():
        cid = bytes.fromhex(cid)
        seed("quic", f"katran_{name}", [2, 0], key, b"\x40", cid, bytes(20))
        seed("quic", f"katran_long_{name}", [2, 0], key, b"\xe0", long_header[1:], [8], cid, [0], bytes(20))
    seed("quic", "initial", [2, 0], key, long_header, [8], bytes(8), [0], bytes(20))
    seed("quic", "version_2", [2, 0], key, bytes.fromhex("f06b3343cf08c0deadbeefffffff00"), bytes(20))
    seed("quic", "unknown_version", [2, 0], key, bytes.fromhex("e01a2a3a4a08c0deadbeefffffff00"), bytes(20))
    seed("quic", "cut", [2, 0], key, long_header, [8], bytes(3))
    seed("quic", "no_layout", [0, 0], key, b"\x40", bytes(20))
    for name, rotation, lengths, with_key, cid in (
        ("plain", 0, 0x03, 0, "07c4605e4504cc4f"),
        ("four_passes", 0, 0x03, 8, "0720b1d07b359d3c"),
        ("long_server_id", 1, 0x1A, 8, "2fcc381bc74cb4fbad2823a3d1f8fed2"),
        ("one_pass", 2, 0x48, 8, "504dd2d05a7b0de9b2b9907afb5ecf8cc3"),
        ("longest", 0, 0x59, 8, "125779c9cc86beb3a3a4a3ca96fce4bfe0cdbc"),
        ("unroutable", 0, 0x03, 0, "e7c4605e4504cc4f"),
    ):
        mode = 4 | with_key | rotation << 5
        seed("quic", f"lb_{name}", [mode, lengths], key, b"\x40", bytes.fromhex(cid), bytes(20))
        seed("quic", f"lb_encode_{name}", [mode | 1, lengths], key, bytes(range(33)))


def icmp_errors():
    echo = b"\x08\0\0\0\0\1\0\1" + bytes(16)
    unreachable = b"\3\3\0\0\0\0\0\0" + INNER
    for name, packet, offset, protocol, mode in (
        ("tcp", INNER, 20, 6, 0),
        ("tcp_too_big", INNER + bytes(1400), 20, 6, 1),
        ("udp6_too_big", INNER6 + bytes(1400), 40, 17, 3),
        ("echo", ipv4(1, echo), 20, 1, 0),
        ("unreachable", ipv4(1, unreachable), 20, 1, 0),
        ("echo6", ipv6(58, b"\x80" + bytes(15)), 40, 58, 2),
        ("too_big6", ipv6(58, b"\2" + bytes(15)), 40, 58, 2),
        ("first_fragment", INNER, 20, 6, 4),
        ("later_fragment", INNER, 20, 6, 8),
        ("multicast", ipv4(17, udp(53, b""), destination=(224, 0, 0, 5)), 20, 17, 0),
        ("loopback", ipv4(17, udp(53, b""), source=(127, 0, 0, 1)), 20, 17, 0),
    ):
        seed("icmp_error", name, [mode], be32(1450), [offset, protocol], packet)


def frames():
    ethernet = bytes.fromhex("020000000001 020000000002")
    syn = tcp(2, MSS + COLOUR)
    checked = udp(443, b"\x40" + bytes(30))[:6] + b"\x12\x34" + b"\x40" + bytes(30)
    extension = lambda following, units=0: bytes([following, units]) + bytes(6 + 8 * units)
    packets = {
        "syn": ipv4(6, syn),
        "syn6": ipv6(6, syn),
        "udp": ipv4(17, udp(443, b"\x40" + bytes(30))),
        "udp6": ipv6(17, checked),
        "sctp": ipv4(132, be16(40000) + be16(80) + bytes(8) + b"\1\0\0\x14" + bytes(16)),
        "echo": ipv4(1, b"\x08\0" + bytes(14)),
        "unreachable": ipv4(1, b"\3\3" + bytes(6) + ipv4(6, syn)[:28]),
        "too_big6": ipv6(58, b"\2\0" + bytes(6) + ipv6(17, checked)),
        "solicitation": ipv6(58, b"\x87\0" + bytes(6) + V6_DESTINATION + b"\1\1\2\0\0\0\0\1"),
        "first_fragment": ipv4(17, udp(53, bytes(16)), fragment=0x2000),
        "later_fragment": ipv4(17, bytes(16), fragment=3),
        "fragment6": ipv6(44, bytes([17, 0, 0, 1, 0, 0, 0, 7]) + checked),
        "later_fragment6": ipv6(44, bytes([17, 0, 0, 8, 0, 0, 0, 7]) + bytes(16)),
        "extensions": ipv6(0, extension(60) + extension(43, 1) + extension(6) + syn),
        "ipip": ipv4(4, ipv4(6, syn)),
        "gre_in_gre": ipv4(47, b"\x20\0\x08\0" + be32(1) + ipv4(47, b"\0\0\x86\xdd" + ipv6(6, syn))),
        "gue": ipv4(17, udp(6080, b"\0\4\0\0" + ipv4(6, syn))),
        "vxlan6": ipv6(17, udp(4789, b"\x08\0\0\0\0\0\1\0" + ethernet + b"\x08\0" + ipv4(6, syn))),
    }
    for name, packet in packets.items():
        kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\0"
        seed("parse", name, [0], ethernet, kind, packet)
        seed("parse", f"{name}_ip", [1], packet)
        if packet[9] == 1 or packet[6] == 58:
            seed("icmp_quote", f"{name}_v4", [0], bytes(range(12)), packet)
            seed("icmp_quote", f"{name}_v6", [1], bytes(range(12)), packet)
        seed("translate", f"{name}_source", [0], V6_DESTINATION, packet)
        seed("translate", f"{name}_destination", [1], V6_DESTINATION, packet)
    seed("parse", "vlan", [0], ethernet, b"\x81\0\0\x64\x08\0", packets["syn"])
    seed("parse", "qinq", [0], ethernet, b"\x88\xa8\0\x64\x81\0\0\7\x86\xdd", packets["syn6"])
    arp = bytes.fromhex("0001080006040001") + ethernet[6:] + bytes([192, 0, 2, 1]) + bytes(6) + bytes([192, 0, 2, 2])
    seed("parse", "arp", [0], ethernet, b"\x08\6", arp)
    seed("parse", "padded", [0], ethernet, b"\x08\0", ipv4(6, tcp(16)), bytes(6))
    seed("parse", "bad_checksum", [2], ethernet, b"\x08\0", packets["syn"][:10], b"\0\0", packets["syn"][12:])


def settings():
    examples = pathlib.Path(__file__).parent.parent.parent / "main" / "config"
    for example in sorted(examples.glob("*.yaml")):
        lines = (line.split("   #")[0].rstrip() for line in example.read_text().splitlines())
        text = "\n".join(line for line in lines if line and not line.startswith("#"))
        seed("settings", example.stem, [0], text.encode())
    seed("settings", "anchors", [0], b"a: &a [1, 1]\nb: [*a, *a]\nc: !!str 1\n? d\n: |\n  text\n")
    seed("settings", "line_break", [0], b'version: 1\nnode: "gw\\n1"\n')
    vip = {
        "name": "vip-web", "address": "198.19.0.1", "port": 80, "protocol": "tcp", "enabled": True, "mode": "full-nat",
        "scheduler": "weighted-round-robin", "toa": True, "mss_clamp": 1400, "slow_start": "10s",
        "new_connection_limit": 100, "limits": {"packets_per_second": 10, "bits_per_second": 10, "sessions": 5},
        "backends": [{"name": "b1", "address": "2001:db8::1", "port": 80, "weight": 3, "draining": False}],
    }
    quic = {
        "name": "vip-quic", "address": "2001:db8::2", "port": 443, "protocol": "udp", "mode": "tunnel",
        "tunnel": {"kind": "gue", "local": "2001:db8::3", "port": 6080},
        "quic": {"layout": "quic-lb", "configs": [{"id": 0, "server_id_bytes": 3, "nonce_bytes": 4, "key": "0" * 32}]},
        "backends": [{"name": "b1", "address": "2001:db8::1", "server_id": "c4605e"}],
    }
    eip = {"name": "e1", "public": "203.0.113.1", "private": "10.0.0.1", "enabled": True}
    entry = {"prefix": "2001:db8:bad::/48", "expires_after": "24h"}
    for name, which, value in (
        ("vip", 0, vip), ("quic", 0, quic), ("limits", 1, vip["limits"]), ("eip", 2, eip), ("entry", 3, entry),
        ("backend", 4, vip["backends"][0]), ("whole", 5, {"version": 1, "node": "gw-1", "vips": [vip]}),
    ):
        seed("settings", f"request_{name}", [1 | which << 1], json.dumps(value).encode())


def control():
    """One request of every command, and some that are wrong."""
    backend = {"name": "b3", "address": "198.18.33.2", "port": 8080, "weight": 2, "enabled": True, "draining": False}
    vip = {"name": "vip-web", "address": "198.19.0.1", "port": 80, "protocol": "tcp", "backends": [backend]}
    full = dict(vip, name="vip-dns", port=53, protocol="udp", scheduler="round-robin", slow_start="10s", toa=False)
    tunnel = dict(vip, name="vip-t", port=443, protocol="udp", mode="tunnel",
                  tunnel={"kind": "gue", "local": "198.18.21.2", "port": 6080},
                  quic={"layout": "quic-lb",
                        "configs": [{"id": 0, "server_id_bytes": 2, "nonce_bytes": 6, "key": "0" * 32}]},
                  backends=[{"name": "b4", "address": "198.18.34.2", "server_id": "0x0002"}])
    eip = {"public": "203.0.113.2", "private": "10.1.0.2", "name": "e2", "tunnel": "t1", "enabled": True}
    one = {"vip": "vip-web", "backend": "b1"}
    requests = {
        "vip-add": {"vip": full}, "vip-set": {"vip": vip}, "config": {"secrets": True}, "state": {"state": "DRAINING"},
        "backend-add": {"vip": "vip-web", "backend": backend},
        "backend-set": {"vip": "vip-web", "backend": dict(backend, name="b1")},
        "backend-drain": dict(one, draining=True), "drops": {"vip": "vip-web"}, "vip-list": {"secrets": False},
        "limits-set": {"vip": "vip-web", "limits": {"packets_per_second": 9, "bits_per_second": 8, "sessions": 7},
                       "new_connection_limit": 6},
        "node-limits-set": {"sessions": 50},
        "sessions": {"vip": "vip-web", "client": "198.18.41.2", "limit": 50, "cursor": 3},
        "blacklist-add": {"entry": {"prefix": "203.0.113.0/24", "expires_after": "1s"}},
        "blacklist-remove": {"prefix": "203.0.113.0/24"}, "blacklist-list": {"limit": 1, "cursor": 0},
        "eip-add": {"eip": eip}, "eip-set": {"eip": dict(eip, public="203.0.113.1")},
        "eip-list": {"public": "203.0.113.1"},
    }
    for name in ("status", "tunnels", "counters", "workers", "rings"):
        requests[name] = {}
    for name in ("backend-remove", "backend-enable", "backend-disable"):
        requests[name] = one
    for name in ("vip-remove", "vip-enable", "vip-disable"):
        requests[name] = {"name": "vip-web"}
    for name in ("eip-remove", "eip-enable", "eip-disable"):
        requests[name] = {"public": "203.0.113.1"}
    lines = {name: json.dumps(dict(command=name, **keys)).encode() for name, keys in requests.items()}
    for name, line in lines.items():
        seed("control", name, [name.startswith("eip")], line)
    many = {"command": "blacklist-add", "entries": [{"prefix": f"10.{n}.0.0/16"} for n in range(70)]}
    eips = {"command": "eip-add", "eips": [eip, dict(eip, public="2001:db8::7", private="fd00::7")]}
    seed("control", "blacklist-many", [0], json.dumps(many).encode())
    seed("control", "eips", [1], json.dumps(eips).encode())
    seed("control", "vip-tunnel", [0], json.dumps({"command": "vip-add", "vip": tunnel}).encode())
    seed("control", "all", [0], b"\n".join(lines.values()))
    seed("control", "all-eip", [1], b"\n".join(lines.values()))
    seed("control", "wrong", [0], b'{"command":"vip\\n"}\n{\n[]\n{"command":1}\n{"command":"status","x":1}\n\n{"command":"' +
         b"a" * 59 + "\u00e9".encode() + b'"}')


def short_way():
    client, probe = (198, 51, 100, 7), (198, 18, 11, 2)

    def frame(packet, ethertype=b"\x08\0"):
        body = bytes.fromhex("020000000002") + ethertype + packet
        return bytes([1, len(body)]) + body

    def vxlan(packet):
        inner = b"\x08\0\0\0\0\0\x64\0" + bytes(12) + b"\x08\0" + packet
        return ipv4(17, udp(4789, inner), (198, 18, 70, 1), (198, 18, 61, 2))

    def to_vip(flags, options=b""):
        return ipv4(6, tcp(flags, options)[:2] + be16(80) + tcp(flags, options)[4:], client, (203, 0, 113, 1))

    eips = {
        "plain": ipv4(6, tcp(0x10), client, (203, 0, 113, 1)),
        "into_vxlan": ipv4(6, tcp(0x18, payload=b"data"), client, (203, 0, 113, 2)),
        "into_gue": ipv4(17, udp(53, b"query"), client, (203, 0, 113, 5)),
        "out": ipv4(6, tcp(0x10), (10, 1, 0, 1), client),
        "out_of_vxlan": vxlan(ipv4(17, udp(53, b"query"), (10, 1, 0, 2), client)),
        "syn": ipv4(6, tcp(2, MSS + COLOUR), probe, (203, 0, 113, 2)),
        "fragment": ipv4(17, udp(53, b"query"), client, (203, 0, 113, 2), fragment=0x2000),
    }
    for name, packet in eips.items():
        seed("short_way", f"eip_{name}", [1], frame(packet))
    seed("short_way", "eip_all", [1], *(frame(packet) * 2 for packet in eips.values()))
    seed("short_way", "eip_v6", [1], frame(INNER6, b"\x86\xdd"), frame(eips["plain"]))
    seed("short_way", "clb_session", [0], frame(to_vip(2, MSS)), frame(to_vip(0x10)) * 3, frame(to_vip(0x11)))
    seed("short_way", "clb_colour", [0], frame(to_vip(2, MSS + COLOUR)), frame(to_vip(0x18)))


control()
short_way()
frames()
settings()
tunnels()
tcp_options()
quic()
icmp_errors()
