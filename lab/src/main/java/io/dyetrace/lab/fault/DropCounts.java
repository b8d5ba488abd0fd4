package io.dyetrace.lab.fault;

import com.fasterxml.jackson.databind.JsonNode;
import io.dyetrace.common.registry.DropReason;
import io.dyetrace.lab.system.ControlSocket;

/** Drops by reason since a gateway's start, from its control socket. */
final class DropCounts {
  private final ControlSocket control;

  DropCounts(ControlSocket control) {
    this.control = control;
  }

  /** Packets dropped for this reason, all VIPs together. */
  long of(DropReason reason) {
    return sum(control.ask("counters"), reason);
  }

  /** The answer has an object reason → packets per VIP, and one for packets that met none. */
  private static long sum(JsonNode node, DropReason reason) {
    long total = node.path(reason.name()).asLong();
    for (JsonNode child : node) {
      total += sum(child, reason);
    }
    return total;
  }
}
