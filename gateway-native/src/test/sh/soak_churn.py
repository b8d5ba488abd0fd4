#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Changes a gateway's configuration as fast as it answers, for soak_test.sh.

soak_churn.py SOCKET SECONDS SEED [names]: one client makes all the changes and knows what each must answer; others ask, send halves and
nonsense, and stay silent. One line of JSON at the end; exit status 1 when an answer was wrong.
"""
import collections
import json
import os
import random
import socket
import sys
import time

PATH, SECONDS, SEED, USE_UP = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), len(sys.argv) > 4
STABLE = {  # of soak_test.sh: name → its spare backend's address
    "v44": "198.18.131.3",
    "v46": "2001:db8:131::3",
    "v66": "2001:db8:131::3",
    "u44": "198.18.131.3",
    "u46": "2001:db8:131::3",
    "u66": "2001:db8:131::3",
}
CHURNED = [f"c{n}" for n in range(8)]
SERVERS = ["198.18.131.2", "198.18.131.3", "2001:db8:131::2", "2001:db8:131::3"]
errors = []


class Client:
    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(PATH)  # waits while others wait
        self.socket.settimeout(15)
        self.rest = b""

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        while b"\n" not in self.rest:
            chunk = self.socket.recv(1 << 16)
            if not chunk:
                raise EOFError("the gateway hung up")
            self.rest += chunk
        line, self.rest = self.rest.split(b"\n", 1)
        return json.loads(line)

    def ask(self, command, **keys):
        self.send(json.dumps(dict(command=command, **keys)).encode() + b"\n")
        return self.line()

    def close(self):
        self.socket.close()


class Churn:
    """The one who changes; it knows the configuration."""

    def __init__(self, rng):
        self.rng, self.client = rng, Client()
        self.version = self.client.ask("status")["config_version"]
        self.done, self.vips, self.black = collections.Counter(), {}, {}
        self.spare, self.named = {name: None for name in STABLE}, set()
        self.slowest, self.again = 0.0, 0

    def change(self, expect, command, **keys):
        """expect: None (taken) or a part of the complaint."""
        started = time.monotonic()
        answer = self.client.ask(command, **keys)
        self.slowest = max(self.slowest, time.monotonic() - started)
        ok = answer.get("ok") is True
        if ok:
            self.version += 1
        wrong = ok != (expect is None) or (ok and answer["config_version"] != self.version)
        if not ok and expect is not None and expect not in answer.get("error", ""):
            wrong = True
        if wrong:
            errors.append(f"{command} {json.dumps(keys)[:300]}: expected {expect}, version {self.version}: {answer}")
        self.done[command if ok else "refused"] += 1

    def backends(self):
        count = self.rng.choice((0, 1, 2, 3, 40))
        return [{"name": f"s{n}", "address": self.rng.choice(SERVERS), "port": 8000 + n % 3,
                 "weight": self.rng.randrange(0, 5), "enabled": self.rng.random() < 0.9} for n in range(count)]

    def vip(self, name):
        rng, n = self.rng, CHURNED.index(name)
        vip = {
            "name": name, "address": f"198.19.101.{n + 1}" if n % 2 == 0 else f"2001:db8:f01::{n + 1}",
            "port": 8000 if rng.random() < 0.8 else rng.randrange(1, 65536), "protocol": rng.choice(("tcp", "udp", "udp")),
            "scheduler": rng.choice(("maglev", "round-robin", "least-connections")),
            "slow_start": rng.choice(("0s", "1s", "30s")), "enabled": rng.random() < 0.9, "backends": self.backends(),
            "limits": {"packets_per_second": rng.choice((0, 0, 100)), "bits_per_second": rng.choice((0, 0, 100000)),
                       "sessions": rng.choice((0, 0, 3))}, "new_connection_limit": rng.choice((0, 0, 5)),
        }
        mode = rng.choice(("full-nat", "full-nat", "dnat", "tunnel"))
        vip["mode"] = mode
        family = 4 if n % 2 == 0 else 6
        if mode != "full-nat":
            vip["backends"] = [b for b in vip["backends"] if (":" in b["address"]) == (family == 6) or mode == "tunnel"]
        if mode == "tunnel":
            vip["tunnel"] = {"kind": rng.choice(("vxlan", "gre", "gue")), "local": "198.18.121.2", "id": 77}
            if vip["tunnel"]["kind"] == "gue":
                del vip["tunnel"]["id"]
            vip["backends"] = [b for b in vip["backends"] if ":" not in b["address"]]
            for b in vip["backends"]:
                b["port"] = vip["port"]
        seen, kept = set(), []
        for b in vip["backends"]:
            if (b["address"], b["port"]) not in seen:
                seen.add((b["address"], b["port"]))
                kept.append(b)
        vip["backends"] = kept
        return vip

    def churn_vip(self):
        name = self.rng.choice(CHURNED)
        if name not in self.vips:
            if self.rng.random() < 0.1:
                self.change("no VIP", self.rng.choice(("vip-remove", "vip-enable", "vip-disable")), name=name)
                return
            self.vips[name] = self.vip(name)
            self.named.add(name)
            self.again += 1
            self.change(None, "vip-add", vip=self.vips[name])
            return
        what = self.rng.random()
        if what < 0.5:
            del self.vips[name]
            self.again += 1
            self.change(None, "vip-remove", name=name)
        elif what < 0.7:
            self.vips[name] = self.vip(name)
            self.change(None, "vip-set", vip=self.vips[name])
        elif what < 0.8:
            self.change("exists", "vip-add", vip=self.vips[name])
        elif what < 0.9:
            self.change(None, self.rng.choice(("vip-disable", "vip-enable")), name=name)
        else:
            self.change(None, "limits-set", vip=name, new_connection_limit=self.rng.randrange(100))

    def churn_backend(self):
        """The spare of a stable VIP comes, changes and goes; its first backend stays."""
        name = self.rng.choice(list(STABLE))
        spare = {"name": f"spare-{name}", "address": STABLE[name], "port": 8000, "weight": self.rng.randrange(0, 101)}
        key = {"vip": name, "backend": spare["name"]}
        if not self.spare[name]:
            self.change(None, "backend-add", vip=name, backend=spare)
            self.spare[name] = True
            return
        what = self.rng.choice(("remove", "disable", "enable", "drain", "undrain", "weight", "again"))
        if what == "remove":
            self.spare[name] = None
            self.change(None, "backend-remove", **key)
        elif what == "weight":
            self.change(None, "backend-set", vip=name, backend=spare)
        elif what == "again":
            self.change("has another backend", "backend-add", vip=name, backend=spare)
        elif what == "undrain":
            self.change(None, "backend-drain", draining=False, **key)
        else:
            self.change(None, f"backend-{what}", **key)

    def churn_limits(self):
        if self.rng.random() < 0.2:
            self.change(None, "node-limits-set", sessions=self.rng.choice((0, 60000)))
            return
        name = self.rng.choice(list(STABLE))
        limits = {"packets_per_second": self.rng.choice((0, 1000000)), "sessions": self.rng.choice((0, 100000))}
        self.change(None, "limits-set", vip=name, limits=limits, new_connection_limit=self.rng.choice((0, 100000)))

    def churn_blacklist(self):
        """Of prefixes that nobody uses: some thousands at a time, most run out by themselves."""
        what = self.rng.random()
        if what < 0.3:
            entries = []
            for _ in range(self.rng.choice((1, 10, 2000))):
                v6 = self.rng.random() < 0.3
                bits = self.rng.randrange(24, 33)
                prefix = f"2001:db8:bad:{self.rng.randrange(65536):x}::/64" if v6 else \
                    f"100.{64 + self.rng.randrange(64)}.{self.rng.randrange(256)}.{self.rng.randrange(256)}/{bits}"
                entries.append({"prefix": prefix, "expires_after": f"{self.rng.randrange(1, 8)}s"})
            self.change(None, "blacklist-add", entries=entries)
        elif what < 0.6 or not self.black:
            prefix = f"203.0.113.{self.rng.randrange(256)}/32"
            self.black[prefix] = True
            self.change(None, "blacklist-add", entry={"prefix": prefix})
        elif what < 0.9:
            prefix = self.rng.choice(list(self.black))
            del self.black[prefix]
            self.change(None, "blacklist-remove", prefix=prefix)
        else:
            self.change("no entry", "blacklist-remove", prefix="192.0.2.1/32")

    def refuse(self):
        expect, command, keys = self.rng.choice((
            ("tier", "eip-add", {"eip": {"public": "203.0.113.1", "private": "10.0.0.1"}}),
            ("tier", "eip-remove", {"public": "203.0.113.1"}),
            ("tier", "eip-list", {}),
            ("is not within", "limits-set", {"vip": "v44", "limits": {"sessions": -1}}),
            ("unknown", "vip-ad", {}),
            ("no VIP", "backend-remove", {"vip": "none", "backend": "b"}),
            ("is not within", "vip-add", {"vip": {"name": "x", "address": "198.19.9.9", "port": 0, "protocol": "tcp"}}),
            ("is missing", "vip-remove", {}),
            ("unknown key", "status", {"x": 1}),
            ("has no backend", "backend-drain", {"vip": "v66", "backend": "nobody"}),
        ))
        self.change(expect, command, **keys)

    def run(self, until):
        kinds = [self.churn_vip] * 10 + [self.churn_backend] * 5 + [self.churn_limits, self.churn_blacklist, self.refuse]
        while time.monotonic() < until and len(errors) < 5:
            self.rng.choice(kinds)()

    def use_up_names(self, until):
        """A process can name so many VIPs in its life; then a new name is refused, and the known ones go on."""
        named = len(STABLE) + len({name for name in CHURNED if name in self.named})
        for n in range(5000):
            vip = {"name": f"n{n}", "address": "198.19.102.1", "port": 8000, "protocol": "tcp", "backends": []}
            answer = self.client.ask("vip-add", vip=vip)
            if not answer["ok"]:
                break
            self.version += 1
            self.done["vip-add"] += 1
            self.change(None, "vip-remove", name=vip["name"])
            if time.monotonic() > until:
                return "not used up: out of time"
        limit = f"vip.name: 'n{n}' gets no slot: No space left on device; 4096 names is the limit of a process"
        if answer.get("error") != limit or n + named != 4096:
            errors.append(f"{named} names and {n} more: {answer}")
        return answer.get("error")

    def clear(self):
        for name in list(self.vips):
            self.change(None, "vip-remove", name=name)
        for name in STABLE:
            if self.spare[name]:
                self.change(None, "backend-remove", vip=name, backend=f"spare-{name}")
        for prefix in self.black:
            self.change(None, "blacklist-remove", prefix=prefix)


def read_all(until, _):
    """Asks everything, again and again; notes the longest poll gap."""
    client, count, longest = Client(), 0, 0
    while time.monotonic() < until:
        for command in ("status", "counters", "workers", "rings", "drops", "vip-list", "config", "sessions", "tunnels"):
            answer = client.ask(command)
            count += 1
            if answer.get("ok") is not True:
                errors.append(f"{command}: {answer}")
            if command == "workers":
                longest = max([longest] + [w["longest_poll_gap_ns"] for w in answer["workers"]])
        for command in ("sessions", "blacklist-list"):
            cursor, pages = 0, 0
            while cursor is not None and pages < 200:
                answer = client.ask(command, limit=500, cursor=cursor)
                cursor, pages, count = answer.get("cursor"), pages + 1, count + 1
        time.sleep(0.02)
    return {"questions": count, "longest_poll_gap_ms": round(longest / 1e6, 1)}


NONSENSE = [b"\n", b"{}\n", b"[]\n", b"null\n", b"{\n", b"\0\n", b"\xff\xfe\n", b'"status"\n', b'{"command":null}\n', b"[" * 5000 + b"\n",
            b'{"command":"status","command":"status"}\n', b'{"command":"vip\\u0000add"}\n', b'{"command":"vip-add","vip":[]}\n',
            b'{"command":"blacklist-add","entries":[' + b"{}," * 1000 + b"{}]}\n", b'{"command":"\\u001b[31mred"}\n']


def annoy(until, rng):
    """Nonsense, halves, silence, crowds, and one who asks and never listens: none may keep the others waiting."""
    count = collections.Counter()
    status = b'{"command":"status"}\n'
    while time.monotonic() < until:
        client = Client()
        for data in rng.sample(NONSENSE, 8):
            client.send(data)
            if data != b"\n" and client.line().get("ok") is not False:
                errors.append(f"{data[:80]} was taken")
            count["nonsense"] += 1
        client.send(status[:9])
        time.sleep(0.01)
        client.send(status[9:])
        if client.line().get("ok") is not True:
            errors.append("a request in two halves is not answered")
        client.send(status * 100)
        if any(client.line().get("ok") is not True for _ in range(100)):
            errors.append("not every line of 100 is answered")
        client.send(status[:9])
        client.close()
        long = Client()
        try:
            long.send(b'{"command":"' + b"x" * (2 << 20))
        except OSError:
            pass
        if "longer than 1 MiB" not in long.line().get("error", ""):
            errors.append("an endless line is not refused")
        long.close()
        deaf = Client()
        deaf.socket.settimeout(0.2)
        try:
            for _ in range(20000):
                deaf.send(b'{"command":"config"}\n' * 100)
        except OSError:
            count["deaf"] += 1
        silent = [Client() for _ in range(8)]
        for s in silent:
            s.send(status[:5])
        crowd = [Client() for _ in range(40)]
        for c in crowd:
            c.send(status)
        for c in crowd:
            if c.line().get("ok") is not True:
                errors.append("one of a crowd is not answered")
            c.close()
            count["crowd"] += 1
        for s in silent + [deaf]:
            s.close()
        time.sleep(0.3)
    return dict(count)


def beside(function, until, rng):
    """In a process of its own; its result comes through the pipe."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            result = function(until, rng)
        except Exception as e:  # pylint: disable=broad-except
            result = {}
            errors.append(f"{function.__name__}: {e!r}")
        os.write(writing, json.dumps([result, errors[:5]]).encode())
        os._exit(0)
    os.close(writing)
    return os.fdopen(reading)


def main():
    rng, start = random.Random(SEED), time.monotonic()
    end = start + SECONDS
    others = [beside(f, end - 1, random.Random(SEED + n)) for n, f in enumerate((read_all, annoy))]
    churn = Churn(rng)
    churn.run(start + SECONDS * 0.4)
    full = churn.use_up_names(start + SECONDS * 0.9) if USE_UP else None
    churn.run(end)
    churn.clear()
    if SECONDS >= 300 and (churn.again < 10000 or "limit" not in full):
        errors.append(f"only {churn.again} changes of the same few names, or names are left: {full}")
    result = {"seed": SEED, "config_version": churn.version, "changes": sum(churn.done.values()) - churn.done["refused"],
              "slowest_ms": round(churn.slowest * 1000, 1), "names": full, "again": churn.again, **churn.done}
    for other in others:
        more, wrong = json.load(other)
        result.update(more)
        errors.extend(wrong)
    print(json.dumps(result))
    for error in errors[:10]:
        print(error, file=sys.stderr)
    sys.exit(1 if errors else 0)


main()
