package io.dyetrace.lab.fault;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dyetrace.common.registry.DropReason;
import io.dyetrace.lab.Lab;
import io.dyetrace.lab.LabException;
import io.dyetrace.lab.plan.ConfigFiles;
import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.Vip;
import io.dyetrace.lab.system.ControlSocket;
import java.time.Duration;
import java.util.Optional;

/** One node loses one VIP from its configuration. */
final class ConfigError implements Fault {
  private final Host node;
  private final Host sibling;
  private final Vip vip;
  private final PathProbe probe;
  private final ControlSocket control;
  private final DropCounts drops;
  private long dropsBefore;

  ConfigError(Lab lab, Host node, Vip vip) {
    this.node = node;
    this.vip = vip;
    this.sibling = Siblings.of(lab.plan().tierOf(node), node);
    this.probe = new PathProbe(lab.plan());
    this.control = new ControlSocket(lab.paths().controlSocket(node));
    this.drops = new DropCounts(control);
  }

  @Override
  public void measureBefore() {
    String why = whyNotHealed();
    if (!why.isEmpty()) {
      throw LabException.failed(node.name() + " is not healthy before the fault: " + why);
    }
    dropsBefore = drops.of(DropReason.NO_VIP);
  }

  @Override
  public void inject() {
    control.ask(ControlSocket.request("vip-remove").put("name", vip.name()));
  }

  @Override
  public Optional<String> prove() {
    PathProbe.Outcome through = probe.through(node, vip, Duration.ofMillis(500));
    PathProbe.Outcome beside = probe.through(sibling, vip, Duration.ofSeconds(2));
    long dropped = drops.of(DropReason.NO_VIP) - dropsBefore;
    if (through.connected() || !beside.answered() || dropped <= 0) {
      return Optional.empty();
    }
    return Optional.of(
        "%s counts %d more drops for NO_VIP, a connection to %s through it fails (%s), one through %s takes %.1f ms"
            .formatted(
                node.name(),
                dropped,
                vip.name(),
                through.error(),
                sibling.name(),
                beside.connectMs()));
  }

  @Override
  public void heal() {
    if (isConfigured()) {
      return;
    }
    try {
      var request = ControlSocket.request("vip-add");
      request.set("vip", new ObjectMapper().readTree(ConfigFiles.gatewayVipJson(vip)));
      control.ask(request);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private boolean isConfigured() {
    return control.ask("vip-list").findValuesAsText("name").contains(vip.name());
  }

  @Override
  public String whyNotHealed() {
    PathProbe.Outcome through = probe.through(node, vip, Duration.ofSeconds(2));
    return through.answered()
        ? ""
        : "no connection to " + vip.name() + " through it: " + through.error();
  }
}
