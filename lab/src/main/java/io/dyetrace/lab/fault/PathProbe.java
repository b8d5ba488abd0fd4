package io.dyetrace.lab.fault;

import io.dyetrace.lab.plan.Host;
import io.dyetrace.lab.plan.LabPlan;
import io.dyetrace.lab.plan.Vip;
import io.dyetrace.lab.system.Command;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The lab's own measurement, which shares nothing with the product: an ordinary HTTP request by
 * curl from the client, from an address whose packets the router sends through one chosen node.
 */
public final class PathProbe {
  private final LabPlan plan;

  public PathProbe(LabPlan plan) {
    this.plan = plan;
  }

  /**
   * One request.
   *
   * @param connectMs time to an established connection; meaningless unless connected
   */
  public record Outcome(boolean connected, boolean answered, double connectMs, String error) {}

  /** One request through this node. */
  public Outcome through(Host node, Vip vip, Duration limit) {
    return request(
        plan.client().namespace(),
        List.of("--interface", plan.pinnedClientAddress(node)),
        plan.addressThrough(node, vip),
        vip.port(),
        limit);
  }

  /** One request from this host, by whatever way the router chooses. */
  public Outcome from(Host source, String address, int port, Duration limit) {
    return request(source.namespace(), List.of(), address, port, limit);
  }

  private static Outcome request(
      String namespace, List<String> options, String address, int port, Duration limit) {
    List<String> words = new ArrayList<>(List.of("curl", "--silent", "--show-error"));
    words.addAll(options);
    words.addAll(
        List.of(
            "--output",
            "/dev/null",
            "--noproxy",
            "*",
            "--max-time",
            String.valueOf(limit.toMillis() / 1000.0),
            "--write-out",
            "%{time_connect} %{http_code}",
            "http://" + address + ":" + port + "/"));
    Command.Result result = Command.of(words).in(namespace).timeout(limit.plusSeconds(5)).run();
    String[] fields = result.output().strip().split(" ");
    double connectMs = fields.length == 2 ? Double.parseDouble(fields[0]) * 1e3 : 0;
    boolean answered = result.ok() && fields.length == 2 && fields[1].equals("200");
    return new Outcome(connectMs > 0, answered, connectMs, result.error().strip());
  }

  /** Requests through a node at a steady pace, whether or not earlier ones are done. */
  public List<Outcome> paced(Host node, Vip vip, int count, Duration pace, Duration limit) {
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      List<CompletableFuture<Outcome>> outcomes = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        outcomes.add(
            CompletableFuture.supplyAsync(
                () -> through(node, vip, limit),
                CompletableFuture.delayedExecutor(
                    pace.toNanos() * i, TimeUnit.NANOSECONDS, threads)));
      }
      return outcomes.stream().map(CompletableFuture::join).toList();
    } finally {
      threads.shutdown();
    }
  }
}
