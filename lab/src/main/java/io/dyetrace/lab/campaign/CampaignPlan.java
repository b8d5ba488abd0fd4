package io.dyetrace.lab.campaign;

import io.dyetrace.lab.fault.FaultKind;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.LabPlan;
import io.dyetrace.lab.plan.Vip;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Which faults, in which order, on whom: every kind as often as the others, the rest at random. */
public final class CampaignPlan {
  private static final int SHORTEST_PAUSE_SECONDS = 5;
  private static final int LONGEST_PAUSE_SECONDS = 20;

  private CampaignPlan() {}

  /** The same for the same seed, lab and kinds. */
  public static List<Planned> of(LabPlan lab, List<FaultKind> kinds, int faults, long seed) {
    Random random = new Random(seed);
    List<Planned> plan = new ArrayList<>();
    List<FaultKind> round = new ArrayList<>();
    while (plan.size() < faults) {
      if (round.isEmpty()) {
        round.addAll(kinds);
        Collections.shuffle(round, random);
      }
      FaultKind kind = round.remove(0);
      int pause =
          SHORTEST_PAUSE_SECONDS
              + random.nextInt(LONGEST_PAUSE_SECONDS - SHORTEST_PAUSE_SECONDS + 1);
      List<String> targets = targets(lab, kind);
      String target = targets.get(random.nextInt(targets.size()));
      plan.add(new Planned(kind, target, Duration.ofSeconds(pause)));
    }
    return List.copyOf(plan);
  }

  /** Whom the lab can break in this way. */
  static List<String> targets(LabPlan lab, FaultKind kind) {
    return switch (kind) {
      case NODE_CRASH, NODE_JITTER -> names(lab.nodes());
      case BACKEND_DOWN -> names(lab.servers());
      case PROBER_FAULT -> names(lab.probers());
      case FLOW_LIMIT -> names(lab.balancers());
      case VIP_OVERLOAD ->
          lab.vips().stream().filter(v -> v.newConnectionLimit() > 0).map(Vip::name).toList();
      case MALFORMED -> probed(lab);
      case CONFIG_ERROR -> {
        List<String> pairs = new ArrayList<>();
        probed(lab).forEach(v -> lab.balancers().forEach(n -> pairs.add(v + "@" + n.name())));
        yield pairs;
      }
    };
  }

  /** VIPs that are probed on their own port: what the faults' own measurements need too. */
  private static List<String> probed(LabPlan lab) {
    return lab.probedVips().stream().filter(v -> v.probePort() == 0).map(Vip::name).toList();
  }

  private static List<String> names(List<Host> hosts) {
    return hosts.stream().map(Host::name).toList();
  }
}
