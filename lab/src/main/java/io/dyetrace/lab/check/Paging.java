package io.dyetrace.lab.check;

import com.fasterxml.jackson.databind.JsonNode;
import io.dyetrace.lab.Lab;
import io.dyetrace.lab.demo.Calm;
import io.dyetrace.lab.demo.FaultOutcome;
import io.dyetrace.lab.demo.Trial;
import io.dyetrace.lab.demo.VerdictWatch;
import io.dyetrace.lab.fault.FaultKind;
import io.dyetrace.lab.observe.HttpJson;
import io.dyetrace.lab.system.Pause;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** What reaches the on-call engineer. */
final class Paging implements Check {
  private static final String NODE = "gw-1";
  private static final Duration LIMIT = Duration.ofSeconds(15);
  private static final int ALERT_SECONDS = 60;

  @Override
  public String name() {
    return "paging";
  }

  @Override
  public String claim() {
    return "Prometheus scrapes every process and has its rules; a verdict is an alert in"
        + " Alertmanager while it lasts";
  }

  @Override
  public CheckResult run(Lab lab) {
    CheckResult.Builder result = CheckResult.builder();
    List<String> down = new ArrayList<>();
    int targets = 0;
    for (JsonNode target :
        HttpJson.get("http://127.0.0.1:9090/api/v1/targets").at("/data/activeTargets")) {
      targets++;
      if (!target.path("health").asText().equals("up")) {
        down.add(target.path("scrapeUrl").asText() + ": " + target.path("lastError").asText());
      }
    }
    int rules = 0;
    for (JsonNode group : HttpJson.get("http://127.0.0.1:9090/api/v1/rules").at("/data/groups")) {
      rules += group.path("rules").size();
    }
    result
        .measured("scrape_targets", targets)
        .measured("rules", rules)
        .require(targets > 0 && down.isEmpty(), "targets are down: %s", down)
        .require(rules > 0, "no rules are loaded");

    try (VerdictWatch watch = new VerdictWatch(lab.console()).start()) {
      new Calm(lab).await(Duration.ofSeconds(120));
      CompletableFuture<Boolean> seen = CompletableFuture.supplyAsync(() -> awaitAlerts(true));
      FaultOutcome outcome = new Trial(lab, watch).run(FaultKind.NODE_CRASH, NODE, LIMIT);
      result
          .measured("verdict", outcome)
          .require(outcome.right(), "%s", outcome)
          .require(seen.join(), "no alert on %s came", NODE)
          .require(awaitAlerts(false), "the alert on %s did not end", NODE);
    }
    return result.build();
  }

  /** Waits until Alertmanager has an active alert on the node, or has none. */
  private static boolean awaitAlerts(boolean wanted) {
    for (int i = 0; i < ALERT_SECONDS * 4; i++) {
      boolean found = false;
      for (JsonNode alert :
          HttpJson.get("http://127.0.0.1:9093/api/v2/alerts?filter=fault_class%3DNODE_CRASH")) {
        found |= alert.at("/labels/component").asText().equals(NODE);
      }
      if (found == wanted) {
        return true;
      }
      Pause.seconds(0.25);
    }
    return false;
  }
}
