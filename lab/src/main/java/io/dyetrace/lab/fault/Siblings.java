package io.dyetrace.lab.fault;

import io.dyetrace.lab.plan.Host;
import java.util.List;

/** Another one of the same kind, for comparison. */
final class Siblings {
  private Siblings() {}

  static Host of(List<Host> hosts, Host one) {
    return hosts.stream().filter(h -> !h.equals(one)).findFirst().orElseThrow();
  }
}
