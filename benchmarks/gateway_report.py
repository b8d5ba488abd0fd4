#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes gateway.md and gateway.json of the runs of gateway.sh: the quietest run of each case, beside its floor and its goals."""
import json
import sys

METRICS = {
    "ns_per_packet": "ns",
    "new_connection_ns_per_packet": "ns, a new connection",
    "limited_syn_ns_per_packet": "ns, a SYN over its limit",
    "coloured_instructions_ratio": "times the instructions of the same packets uncoloured",
    "box_p99_us": "µs in the box, p99",
}


def value(run, metric):
    if metric == "box_p99_us":
        return run["box_time_us"]["p99"]
    return run[metric]


def best(runs, metric):
    return min(value(run, metric) for run in runs)


def read(path):
    cases = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            case = cases.setdefault(entry["case"], {**entry, "runs": []})
            case["runs"].append(entry["result"])
    return cases


def judge(case):
    goals = []
    for goal in case["goals"].split():
        metric, limit = goal.split("<=")
        measured = best(case["runs"], metric)
        goals.append({"metric": metric, "limit": float(limit), "measured": measured, "met": measured <= float(limit)})
    return goals


def number(run, key, digits=1):
    found = run.get(key)
    return "–" if found is None else f"{found:.{digits}f}"


def row(name, run, goals):
    said = "; ".join(
        f"{'**met**' if g['met'] else 'not met'}: {g['measured']:.4g} ≤ {g['limit']:.4g} {METRICS[g['metric']]}" for g in goals
    )
    columns = [
        name,
        number(run, "ns_per_packet"),
        number(run, "ns_per_packet_min"),
        number(run, "floor_port_ns"),
        number(run, "floor_lookup_ns"),
        number(run, "ratio_to_floor"),
        number(run, "instructions_per_packet", 0),
        number(run, "l1_misses_per_packet"),
        number(run, "cache_misses_per_packet", 2),
        said,
    ]
    return "| " + " | ".join(columns) + " |"


def main():
    runs_path, out, *about = sys.argv[1:]
    facts = dict(fact.split("=", 1) for fact in about)
    report = {**facts, "cases": []}
    table, more = [], []
    for name, case in read(runs_path).items():
        run = min(case["runs"], key=lambda r: r["ns_per_packet"])
        goals = judge(case)
        report["cases"].append({"case": name, "command": case["command"], "goals": goals, "result": run, "runs": len(case["runs"])})
        table.append(row(name, run, goals))
        box = run.get("box_time_us")
        extra = [name, number(run, "new_connection_ns_per_packet"), number(run, "new_connection_instructions_per_packet", 0)]
        extra += [number(run, "limited_syn_ns_per_packet"), number(run, "limited_syn_instructions_per_packet", 0)]
        extra += [number(run, "coloured_instructions_ratio", 3)]
        extra += ["–", "–"] if not box else [f"{box['p50']:.1f} / {box['p99']:.1f}", f"{100 * box['left_out_share']:.1f} %"]
        more.append("| " + " | ".join(extra) + " |")
    with open(out + ".json", "w", encoding="utf-8") as f:
        json.dump(report, f, indent=1, ensure_ascii=False)
        f.write("\n")
    with open(out + ".md", "w", encoding="utf-8") as f:
        f.write("# What a packet costs the gateway\n\n")
        for key in ("command", "commit", "date", "machine", "load"):
            f.write(f"- {key}: {facts[key]}\n")
        f.write("\nOne core, bursts of 32, 64 B where nothing else is said, without a card: packets stand ready in a DPDK ring port, 512 at a\n")
        f.write("time. ns: the median over the fills of the quietest of some runs, and its least. Floors, of the same run: the bare port\n")
        f.write("loop, and a bare look-up of as many keys; ratio: to their sum. Instructions and misses are the processor's, in user mode.\n\n")
        f.write("| case | ns | least | port floor | look-up floor | ratio | instructions | L1 misses | cache misses | goals |\n")
        f.write("|---" * 10 + "|\n" + "\n".join(table) + "\n\n")
        f.write("New connections are SYNs that make a session of their own; a SYN over its limit is dropped. Box time: from when a packet was due\n")
        f.write("to when it was sent, at half the load; bursts in which the kernel took the core are left out, by the share named.\n\n")
        f.write("| case | new connection, ns | instructions | SYN over its limit, ns | instructions | coloured ÷ plain | box p50 / p99, µs | left out |\n")
        f.write("|---" * 8 + "|\n" + "\n".join(more) + "\n")
    print(f"wrote {out}.md and {out}.json")


if __name__ == "__main__":
    main()
