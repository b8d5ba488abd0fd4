#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Judges replays as a stranger would, from the documents and the RFCs: GATEWAY=BINARY judge_test.py [SEED]

Every flow of every mode, family and protocol both ways; then the same packets broken at random: nothing vanishes, nothing leaves wrong,
and any number of workers gives the same answers.
"""
import collections
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unittest

from packet import SCTP, TCP, UDP, Packet, frame, ip, packet, read_capture, transport, with_header_checksum, write_capture

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else random.SystemRandom().randrange(10**6)
START = 1_700_000_000 * 10**9
NAMES = {TCP: "tcp", UDP: "udp", SCTP: "sctp"}
SYN, ACK = 2, 16
BROKEN = 3000


def vip(number, family, protocol, mode, backend_family):
    return {
        "name": f"v{number}",
        "address": f"198.19.0.{number}" if family == 4 else f"2001:db8:f00::{number:x}",
        "port": 443,
        "protocol": NAMES[protocol],
        "mode": mode,
        "backends": [
            {"name": f"b{number}-{n}", "address": f"198.18.3{n}.{number}" if backend_family == 4 else f"2001:db8:3{n}::{number:x}", "port": 8443}
            for n in range(1, 4)
        ],
    }


def configuration():
    kinds = [(f, p, "full-nat", b) for f in (4, 6) for p in NAMES for b in (4, 6)]
    kinds += [(f, p, "dnat", f) for f in (4, 6) for p in NAMES]
    port = {"name": "p", "address": "198.18.21.2/24", "gateway": "198.18.21.1", "address6": "2001:db8:21::2/64", "gateway6": "2001:db8:21::1"}
    return {
        "version": 1,
        "node": "gw-1",
        "tier": "clb",
        "ports": [port],
        "local_addresses": ["198.18.21.16", "2001:db8:21::16"],
        "sessions": {"capacity": 4096},
        "vips": [vip(n, *kind) for n, kind in enumerate(kinds, 1)],
    }


class Replay:
    """What became of each packet: replay.sent[time] and replay.dropped[time]."""

    def __init__(self, config, records, workers=1):
        with tempfile.TemporaryDirectory() as folder:
            paths = {name: str(pathlib.Path(folder, name)) for name in ("config", "in", "out", "points")}
            config = dict(config, control_socket=folder + "/s", telemetry={"directory": folder})
            pathlib.Path(paths["config"]).write_text(json.dumps(config))
            write_capture(paths["in"], records)
            command = [os.environ["GATEWAY"], "--config", paths["config"], "--replay", paths["in"], "--out", paths["out"]]
            done = subprocess.run(command + ["--points", paths["points"], "--workers", str(workers)], capture_output=True, text=True, timeout=60)
            if done.returncode:
                raise AssertionError(f"exit status {done.returncode}: {done.stderr}")
            self.out = read_capture(paths["out"])
            self.points = [json.loads(line) for line in pathlib.Path(paths["points"]).read_text().splitlines()]
        self.sent, self.dropped = collections.defaultdict(list), collections.defaultdict(list)
        for time, data in self.out:
            self.sent[time].append(data)
        for point in self.points:
            self.dropped[point["time_ns"]].append(point["reason"])


def segment(rng, protocol, source_port, destination_port, first, reply=False):
    body = rng.randbytes(rng.choice([0, 1, 2, 99, 600]))
    if protocol == SCTP:
        chunk = (2 if reply else 1) if first else 0
        body = (bytes(4) if first and not reply else b"\0\0\0\7") + struct.pack("!BBH", chunk, 0, 16) + bytes(12) + body
    return transport(protocol, source_port, destination_port, body, (SYN | (ACK if reply else 0)) if first else ACK)


class Flow:
    def __init__(self, rng, service):
        self.service, self.vip = service, ip(service["address"])
        self.protocol = {name: number for number, name in NAMES.items()}[service["protocol"]]
        client = rng.randrange(1, 250)
        self.client = f"10.0.{rng.randrange(256)}.{client}" if len(self.vip) == 4 else f"2001:db8:c::{client:x}"
        self.port = rng.randrange(1, 65536)
        self.inside = None  # (backend, its port, our address, our port), once a packet was seen there

    def request(self, rng, first):
        s = segment(rng, self.protocol, self.port, self.service["port"], first)
        return packet(self.client, self.service["address"], self.protocol, s, *around(rng))

    def reply(self, rng, first):
        backend, backend_port, local, local_port = self.inside
        s = segment(rng, self.protocol, backend_port, local_port, first, True)
        return packet(text(backend), text(local), self.protocol, s, *around(rng))


def with_options(segment, options):
    return segment[:12] + bytes([(20 + len(options)) // 4 << 4]) + segment[13:20] + options + segment[20:]


def client_addresses(segment):
    """What a server that reads TOA is told: (address, port) of each such option."""
    at, end, found = 20, (segment[12] >> 4) * 4, []
    while at < end and segment[at]:
        length = 1 if segment[at] == 1 else segment[at + 1]
        if segment[at] == 254 and length in (8, 20):
            found.append((segment[at + 4 : at + length], struct.unpack("!H", segment[at + 2 : at + 4])[0]))
        at += length
    return found


def text(address):
    return ".".join(map(str, address)) if len(address) == 4 else ":".join(address.hex()[i : i + 4] for i in range(0, 32, 4))


def around(rng):
    """TTL, traffic class and options."""
    return rng.choice([2, 64, 255]), rng.choice([0, 0xB8, 3]), rng.choice([b"", b"", b"\1\1\1\0"])


def broken(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5])):
        at = rng.randrange(min(len(data), 90))
        change = rng.random()
        if change < 0.4:
            data[at] ^= 1 << rng.randrange(8)
        elif change < 0.7:
            data[at] = rng.choice([0, 1, 4, 6, 17, 41, 44, 47, 58, 60, 127, 132, 255])
        elif change < 0.8:
            del data[max(at, 1) :]
        elif change < 0.9:
            data[at:at] = rng.randbytes(rng.choice([1, 4, 40]))
        else:
            data += rng.randbytes(rng.choice([1, 10, 2000]))
    words = (data[14] & 15) * 4 if len(data) > 14 else 0
    if rng.random() < 0.8 and words >= 20 and len(data) >= 14 + words and data[14] >> 4 == 4:
        data[14 : 14 + words] = with_header_checksum(bytes(data[14 : 14 + words]))
    return bytes(data)


class JudgeTest(unittest.TestCase):
    def setUp(self):
        self.rng = random.Random(SEED)
        self.config = configuration()
        self.flows = [Flow(self.rng, service) for service in self.config["vips"] for _ in range(4)]
        self.records = []

    def put(self, data):
        self.records.append((START + (len(self.records) + 1) * 1_000_003, data))

    def test_should_translate_every_flow_both_ways(self):
        for first in (True, False):
            for flow in self.flows:
                self.put(frame(flow.request(self.rng, first)))
        replay = Replay(self.config, self.records)
        for (time, data), flow in zip(self.records, self.flows * 2):
            self.judge_request(flow, data, self.only(replay, time))
        self.assertEqual(len({f.inside for f in self.flows}), len(self.flows), "two flows look alike to a backend")
        for flow in self.flows:
            self.put(frame(flow.reply(self.rng, True)))
        replay = Replay(self.config, self.records)
        for (time, data), flow in zip(self.records[2 * len(self.flows) :], self.flows):
            after = self.only(replay, time)
            self.same(Packet(data[14:]), after)
            self.assertEqual((after.source, after.ports[0]), (flow.vip, flow.service["port"]))
            self.assertEqual((after.destination, after.ports[1]), (ip(flow.client), flow.port))

    def test_should_tell_servers_who_the_client_is_and_let_no_client_lie(self):
        flows = [f for f in self.flows if f.protocol == TCP]
        lies = [b"\xfe\x08\0\x01\x09\x09\x09\x09", b"\xfe\x14\0\x01" + bytes(16)]
        for flow in flows:
            flow.service["toa"] = flow.service["mode"] == "full-nat" and self.rng.random() < 0.5
        for flags in (SYN, ACK, ACK):
            for flow in flows:
                options = b"\1\1\x08\x0a" + self.rng.randbytes(8) + self.rng.choice([b"", lies[0], lies[0] + lies[0], lies[1]])
                s = with_options(transport(TCP, flow.port, flow.service["port"], b"x" * (flags == ACK), flags), options)
                self.put(frame(packet(flow.client, flow.service["address"], TCP, s)))
        replay = Replay(self.config, self.records)
        for n, ((time, data), flow) in enumerate(zip(self.records, flows * 3)):
            with self.subTest(packet=data.hex()):
                after = self.only(replay, time)
                self.same(Packet(data[14:]), after)
                told = [(ip(flow.client), flow.port)] if flow.service["toa"] and n < 2 * len(flows) else []
                self.assertEqual(client_addresses(after.segment), told)

    def only(self, replay, time):
        self.assertEqual((len(replay.sent[time]), replay.dropped[time]), (1, []))
        return Packet(replay.sent[time][0][14:])

    def judge_request(self, flow, data, after):
        self.same(Packet(data[14:]), after)
        inside = (after.destination, after.ports[1], after.source, after.ports[0])
        self.assertIn(inside[:2], [(ip(b["address"]), b["port"]) for b in flow.service["backends"]])
        if flow.service["mode"] == "dnat":
            self.assertEqual(inside[2:], (ip(flow.client), flow.port))
        else:
            self.assertIn(text(inside[2]), [text(ip(a)) for a in self.config["local_addresses"]])
        self.assertIn(flow.inside, (None, inside), "one flow, two backends")
        flow.inside = inside

    def same(self, before, after):
        self.assertTrue(after.ok, "what was sent cannot be read")
        self.assertEqual((before.protocol, before.ttl - 1, before.traffic_class), (after.protocol, after.ttl, after.traffic_class))
        self.assertEqual((before.payload(), before.error(), b""), (after.payload(), after.error(), after.rest))

    def test_should_lose_nothing_of_what_is_broken(self):
        whole = [frame(f.request(self.rng, first)) for first in (True, False) for f in self.flows]
        for data in whole:
            self.put(data)
        for _ in range(BROKEN):
            self.put(broken(self.rng, self.rng.choice(whole)))
        replay = Replay(self.config, self.records)
        self.assertEqual([p["sequence"] for p in replay.points], list(range(1, len(replay.points) + 1)))
        for time, data in self.records:
            with self.subTest(packet=data.hex()):
                self.judge_anything(data, replay.sent[time], replay.dropped[time])
        again = Replay(self.config, self.records)
        self.assertEqual((replay.out, replay.points), (again.out, again.points))
        for workers in (2, 4):
            other = Replay(self.config, self.records, workers)
            for time, data in self.records:
                with self.subTest(workers=workers, packet=data.hex()):
                    self.assertEqual((len(replay.sent[time]), replay.dropped[time]), (len(other.sent[time]), other.dropped[time]))

    def judge_anything(self, data, sent, dropped):
        if data[12:14] == b"\x08\x06":
            return
        self.assertEqual(len(sent) + len(dropped) - (bool(sent) and dropped in (["TTL_EXCEEDED"], ["MTU_EXCEEDED"])), 1, (sent, dropped))
        before = Packet(data[14:])
        for after in (Packet(f[14:]) for f in sent):
            self.assertTrue(after.ok, "what was sent cannot be read")
            if not dropped and after.protocol in NAMES:
                self.same(before, after)


if __name__ == "__main__":
    print(f"JUDGE_TEST_SEED={SEED}")
    unittest.main(argv=sys.argv[:1])
