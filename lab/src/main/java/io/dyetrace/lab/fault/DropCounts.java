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

  private static long sum(JsonNode node, DropReason reason) {
    if (node.isObject() && node.path("reason").asText().equals(reason.name())) {
      return node.path("packets").asLong();
    }
    long total = 0;
    for (JsonNode child : node) {
      total += sum(child, reason);
    }
    return total;
  }
}
