package io.dyetrace.benchmarks.campaign;

import static io.dyetrace.analytics.sim.Simulation.MS;
import static io.dyetrace.analytics.sim.Simulation.SECOND;

import io.dyetrace.analytics.sim.LinkLoss;
import io.dyetrace.analytics.sim.LinkLoss.Way;
import io.dyetrace.analytics.sim.Simulation;
import io.dyetrace.analytics.sim.Simulation.ProberFailure;
import io.dyetrace.common.registry.FaultClass;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The kinds of faults a campaign injects: every class of the design's table in its varieties. */
enum Scenario {
  CRASH(FaultClass.NODE_CRASH) {
    @Override
    Label inject(Simulation sim, Site at) {
      String node = at.node();
      sim.crash(node, at.fromNs(), at.toNs());
      return at.label(this, "the process dies", node);
    }
  },
  HANG(FaultClass.NODE_CRASH) {
    @Override
    Label inject(Simulation sim, Site at) {
      String node = at.node();
      sim.hang(node, at.fromNs(), at.toNs());
      return at.label(this, "the process stands still for good", node);
    }
  },
  MACHINE_DOWN(FaultClass.NODE_CRASH) {
    @Override
    Label inject(Simulation sim, Site at) {
      String node = at.node();
      powerOff(sim, at, node);
      return at.label(this, "gateway and agent are gone", node);
    }
  },
  JITTER(FaultClass.NODE_JITTER) {
    @Override
    Label inject(Simulation sim, Site at) {
      return jitter(sim, at, this);
    }
  },
  JITTER_UNSEEN(FaultClass.NODE_JITTER) {
    @Override
    Label inject(Simulation sim, Site at) {
      sim.withoutPollGaps();
      return jitter(sim, at, this);
    }
  },
  NODE_OVERLOAD(FaultClass.NODE_OVERLOAD) {
    @Override
    Label inject(Simulation sim, Site at) {
      String node = at.balancer();
      sim.nodeOverload(node, at.fromNs(), at.toNs());
      return at.label(this, "its session table is full", node);
    }
  },
  VIP_OVERLOAD(FaultClass.VIP_OVERLOAD) {
    @Override
    Label inject(Simulation sim, Site at) {
      String vip = at.vip().name();
      sim.overload(vip, at.fromNs(), at.toNs());
      return at.label(this, "70 % of new connections over the limit", vip);
    }
  },
  VIP_ATTACK(FaultClass.VIP_ATTACK) {
    @Override
    Label inject(Simulation sim, Site at) {
      String vip = at.vip().name();
      sim.attack(vip, at.fromNs(), at.toNs());
      return at.label(this, "200 to 300 malformed packets/s a node", vip);
    }
  },
  CONFIG_VIP_ON_NODE(FaultClass.CONFIG_ERROR) {
    @Override
    Label inject(Simulation sim, Site at) {
      String node = at.balancer();
      String vip = at.pick(at.topology().vipsOf(node)).name();
      sim.vipMissing(vip, node, at.fromNs(), at.toNs());
      return at.label(this, "one VIP is missing on one node", vip + "@" + node);
    }
  },
  CONFIG_NODE(FaultClass.CONFIG_ERROR) {
    @Override
    Label inject(Simulation sim, Site at) {
      String node = at.balancer();
      at.topology()
          .vipsOf(node)
          .forEach(v -> sim.vipMissing(v.name(), node, at.fromNs(), at.toNs()));
      return at.label(this, "all VIPs are missing on one node", node);
    }
  },
  CONFIG_VIP(FaultClass.CONFIG_ERROR) {
    @Override
    Label inject(Simulation sim, Site at) {
      var vip = at.vip();
      vip.nodes().forEach(n -> sim.vipMissing(vip.name(), n, at.fromNs(), at.toNs()));
      return at.label(this, "one VIP is missing on all nodes", vip.name());
    }
  },
  BACKEND_SILENT(FaultClass.BACKEND_DOWN) {
    @Override
    Label inject(Simulation sim, Site at) {
      String host = at.host();
      sim.backendSilent(host, at.fromNs(), at.toNs());
      return at.label(this, "answers nothing", host);
    }
  },
  BACKEND_REFUSES(FaultClass.BACKEND_DOWN) {
    @Override
    Label inject(Simulation sim, Site at) {
      String host = at.host();
      sim.backendRefuses(host, at.fromNs(), at.toNs());
      return at.label(this, "answers RST", host);
    }
  },
  PROBER_CANNOT_SEND(FaultClass.PROBER_FAULT) {
    @Override
    Label inject(Simulation sim, Site at) {
      return prober(sim, at, this, ProberFailure.CANNOT_SEND);
    }
  },
  PROBER_SENDS_INTO_NOTHING(FaultClass.PROBER_FAULT) {
    @Override
    Label inject(Simulation sim, Site at) {
      return prober(sim, at, this, ProberFailure.SENDS_INTO_NOTHING);
    }
  },
  PROBER_HEARS_NOTHING(FaultClass.PROBER_FAULT) {
    @Override
    Label inject(Simulation sim, Site at) {
      return prober(sim, at, this, ProberFailure.HEARS_NOTHING);
    }
  },
  NO_DATA_NODE(FaultClass.NO_DATA) {
    @Override
    Label inject(Simulation sim, Site at) {
      String node = at.node();
      sim.outage("agent/" + node, at.fromNs(), at.toNs());
      return at.label(this, "one node's agent is away", node);
    }
  },
  NO_DATA_PROBER(FaultClass.NO_DATA) {
    @Override
    Label inject(Simulation sim, Site at) {
      String prober = at.prober();
      sim.outage(prober, at.fromNs(), at.toNs());
      return at.label(this, "a prober is away", prober);
    }
  },
  NO_DATA_CLUSTER(FaultClass.NO_DATA) {
    @Override
    Label inject(Simulation sim, Site at) {
      sim.outage("agent", at.fromNs(), at.toNs());
      return at.label(this, "all agents are away", at.cluster());
    }
  },
  LINK_BUCKET(FaultClass.LINK_LOSS) {
    @Override
    Label inject(Simulation sim, Site at) {
      var vip = at.vip();
      int buckets = 4 * vip.nodes().size();
      int bucket = at.random().nextInt(buckets);
      sim.linkLoss(LinkLoss.ofBucket(vip.name(), buckets, bucket, at.fromNs(), at.toNs()));
      return at.label(this, "1 of " + buckets + " ECMP buckets loses all", vip.name());
    }
  },
  LINK_TO_NODE(FaultClass.LINK_LOSS) {
    @Override
    Label inject(Simulation sim, Site at) {
      return link(sim, at, this, Way.TO_NODE, 0.1 + 0.5 * at.random().nextDouble());
    }
  },
  LINK_FROM_NODE(FaultClass.LINK_LOSS) {
    @Override
    Label inject(Simulation sim, Site at) {
      return link(sim, at, this, Way.FROM_NODE, 0.1 + 0.5 * at.random().nextDouble());
    }
  },
  LINK_TO_BACKENDS(FaultClass.LINK_LOSS) {
    @Override
    Label inject(Simulation sim, Site at) {
      return link(sim, at, this, Way.TO_BACKEND, 0.1 + 0.5 * at.random().nextDouble());
    }
  },
  PARTIAL_LOSS(FaultClass.LINK_LOSS) {
    @Override
    Label inject(Simulation sim, Site at) {
      return link(sim, at, this, Way.TO_NODE, at.share());
    }

    @Override
    long lastsNs(FaultCase fault) {
      double bound =
          LossCurve.boundSeconds(fault.share(), LossCurve.LEAST_USUAL, fault.density() / 5);
      return (long) (2.5 * bound * SECOND) + 30 * SECOND;
    }
  },
  WEAK_JITTER(FaultClass.NODE_JITTER) {
    @Override
    Label inject(Simulation sim, Site at) {
      String node = at.node();
      long stopped = 60 * MS + (long) (140 * MS * at.random().nextDouble());
      sim.jitter(node, at.fromNs(), at.toNs(), stopped, 1500 * MS);
      return at.label(this, "stopped for %d of 1500 ms".formatted(stopped / MS), node);
    }

    @Override
    long lastsNs(FaultCase fault) {
      return 120 * SECOND;
    }
  },
  RACK_DOWN(FaultClass.NODE_CRASH) {
    @Override
    Label inject(Simulation sim, Site at) {
      String rack = at.rack();
      at.nodesOfRack(rack).forEach(n -> powerOff(sim, at, n));
      return at.ofPlace(this, "every node of a rack is gone", rack, at.nodesOfRack(rack));
    }
  },
  RACK_GATEWAYS_DIE(FaultClass.NODE_CRASH) {
    @Override
    Label inject(Simulation sim, Site at) {
      String rack = at.rack();
      at.nodesOfRack(rack).forEach(n -> sim.crash(n, at.fromNs(), at.toNs()));
      return at.ofPlace(this, "every gateway of a rack dies", rack, at.nodesOfRack(rack));
    }
  },
  RACK_JITTER(FaultClass.NODE_JITTER) {
    @Override
    Label inject(Simulation sim, Site at) {
      String rack = at.rack();
      long period = 400 * MS + (long) (600 * MS * at.random().nextDouble());
      long stopped = Math.min(period - 40 * MS, period / 2 + 50 * MS);
      for (String node : at.nodesOfRack(rack)) {
        long lateNs = (long) (period * at.random().nextDouble());
        sim.jitter(node, at.fromNs() + lateNs, at.toNs(), stopped, period);
      }
      return at.ofPlace(this, "every node of a rack jitters", rack, at.nodesOfRack(rack));
    }
  },
  RACK_HALF(FaultClass.NODE_CRASH) {
    @Override
    Label inject(Simulation sim, Site at) {
      List<String> nodes = at.nodesOfRack(at.rack());
      List<String> gone = nodes.subList(0, Math.max(1, nodes.size() / 2));
      gone.forEach(n -> powerOff(sim, at, n));
      return at.label(this, "half of a rack is gone, the others are well", gone);
    }
  },
  ZONE_DOWN(FaultClass.NODE_CRASH) {
    @Override
    Label inject(Simulation sim, Site at) {
      String zone = at.zone();
      at.nodesOfZone(zone).forEach(n -> powerOff(sim, at, n));
      return at.ofPlace(this, "every node of a zone is gone", zone, at.nodesOfZone(zone));
    }
  },
  ALL_REPLIES_CUT(FaultClass.LINK_LOSS) {
    @Override
    Label inject(Simulation sim, Site at) {
      sim.linkLoss(LinkLoss.of(Way.FROM_NODE, "", 1, at.fromNs(), at.toNs()));
      return at.label(this, "no reply comes back to any prober", at.ofPath("gateways->probers"));
    }
  },
  ALL_PROBES_CUT(FaultClass.LINK_LOSS) {
    @Override
    Label inject(Simulation sim, Site at) {
      sim.linkLoss(LinkLoss.of(Way.TO_NODE, "", 1, at.fromNs(), at.toNs()));
      return at.label(this, "no probe reaches any gateway", at.ofPath("probers->gateways"));
    }
  },
  ALL_BACKENDS_CUT(FaultClass.LINK_LOSS) {
    @Override
    Label inject(Simulation sim, Site at) {
      sim.linkLoss(LinkLoss.of(Way.TO_BACKEND, "", 1, at.fromNs(), at.toNs()));
      return at.label(this, "nothing reaches the rack that all servers stand in", "rack-s");
    }
  };

  /** Faults that the detection does not claim to know yet: they are counted apart. */
  private static final List<Scenario> UNKNOWN = List.of(WEAK_JITTER);

  private final FaultClass faultClass;

  Scenario(FaultClass faultClass) {
    this.faultClass = faultClass;
  }

  /** Breaks something, and says what. */
  abstract Label inject(Simulation sim, Site at);

  FaultClass faultClass() {
    return faultClass;
  }

  boolean known() {
    return !UNKNOWN.contains(this);
  }

  /** How long the fault lasts. */
  long lastsNs(FaultCase fault) {
    return switch (this) {
      case LINK_BUCKET -> 120 * SECOND;
      case LINK_TO_NODE, LINK_FROM_NODE, LINK_TO_BACKENDS -> 60 * SECOND;
      default -> faultClass == FaultClass.NO_DATA || !known() ? 45 * SECOND : 30 * SECOND;
    };
  }

  /**
   * How much longer just after a start: of a loss before the first stamp nobody knows which node it
   * was to meet until its source port is met again.
   */
  long untilPortsAreKnownNs() {
    return switch (this) {
      case LINK_BUCKET -> 340 * SECOND;
      case LINK_TO_NODE, LINK_FROM_NODE, PARTIAL_LOSS -> 180 * SECOND;
      default -> 0;
    };
  }

  /** Its name as arguments and reports have it. */
  String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static Scenario of(String word) {
    return Arrays.stream(values())
        .filter(s -> s.word().equals(word))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no kind of fault is called '%s'; there are %s"
                        .formatted(word, Arrays.stream(values()).map(Scenario::word).toList())));
  }

  /** At least half of the probes are delayed by 50 ms or more, as the design defines it. */
  private static Label jitter(Simulation sim, Site at, Scenario scenario) {
    String node = at.node();
    long period = 400 * MS + (long) (600 * MS * at.random().nextDouble());
    // Of a stop of length s in a period p, what comes in its first s - 50 ms is delayed by 50 ms.
    double share = 0.5 + 0.25 * at.random().nextDouble();
    long stopped = Math.min(period - 40 * MS, (long) (share * period) + 50 * MS);
    sim.jitter(node, at.fromNs(), at.toNs(), stopped, period);
    return at.label(scenario, "stopped for %d of %d ms".formatted(stopped / MS, period / MS), node);
  }

  private static void powerOff(Simulation sim, Site at, String node) {
    sim.crash(node, at.fromNs(), at.toNs()).outage("agent/" + node, at.fromNs(), at.toNs());
  }

  private static Label prober(Simulation sim, Site at, Scenario scenario, ProberFailure failure) {
    String prober = at.prober();
    sim.proberFault(prober, failure, at.fromNs(), at.toNs());
    return at.label(scenario, failure.name().toLowerCase(Locale.ROOT), prober);
  }

  private static Label link(Simulation sim, Site at, Scenario scenario, Way way, double share) {
    String node = at.balancer();
    sim.linkLoss(LinkLoss.of(way, node, share, at.fromNs(), at.toNs()));
    String severity = String.format(Locale.ROOT, "%.1f %% of the packets are lost", 100 * share);
    return at.label(scenario, severity, node).ofShare(share);
  }
}
