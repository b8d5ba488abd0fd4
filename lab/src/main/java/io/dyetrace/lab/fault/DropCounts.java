package io.dyetrace.lab.fault;

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
    return control.ask("counters").path("counters").path("drops").path(reason.name()).asLong();
  }
}
