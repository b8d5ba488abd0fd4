package io.dyetrace.benchmarks.campaign;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Runs a plan on a few threads. Of a run that is over only its result is kept, so memory is that of
 * the runs under way.
 */
final class Campaign {
  private final Plan plan;
  private final int threads;
  private final PrintStream progress;
  private final long startedNs = System.nanoTime();
  private final List<FaultResult> faults = new ArrayList<>();
  private final List<QuietResult> quiet = new ArrayList<>();
  private volatile boolean stopped;

  /** What has been found, complete or not. */
  record Outcome(
      Plan plan,
      List<FaultResult> faults,
      List<QuietResult> quiet,
      boolean complete,
      double seconds) {}

  Campaign(Plan plan, int threads, PrintStream progress) {
    this.plan = plan;
    this.threads = threads;
    this.progress = progress;
  }

  /** Lets the runs under way end early and the rest undone. */
  void stop() {
    stopped = true;
  }

  /** Runs all of it, or until it is stopped. */
  Outcome run() throws ExecutionException, InterruptedException {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      ExecutorCompletionService<Object> runs = new ExecutorCompletionService<>(pool);
      List<FaultCase> cases = plan.cases();
      List<QuietCase> hours = plan.quiet();
      cases.forEach(c -> runs.submit(() -> stopped ? c : fault(c)));
      hours.forEach(q -> runs.submit(() -> stopped ? q : quiet(q)));
      int all = cases.size() + hours.size();
      for (int done = 1; done <= all; done++) {
        Future<Object> next = runs.take();
        take(next.get(), done, all);
      }
    } finally {
      pool.shutdownNow();
    }
    return new Outcome(plan, faults, quiet, !stopped, (System.nanoTime() - startedNs) / 1e9);
  }

  private Object fault(FaultCase c) throws Exception {
    try {
      return new FaultRun(() -> stopped, (at, v) -> {}).run(c);
    } catch (InterruptedException e) {
      return c;
    }
  }

  private Object quiet(QuietCase q) throws Exception {
    return new QuietRun(() -> stopped, (at, v) -> {}).run(q, 1);
  }

  private void take(Object result, int done, int all) {
    if (result instanceof FaultResult r) {
      faults.add(r);
      report(done, all, r.fault().id(), r.clean() ? "right" : seen(r));
    } else if (result instanceof QuietResult q) {
      quiet.add(q);
      report(done, all, q.quiet().id(), q.wrong().isEmpty() ? "quiet" : "" + q.wrong());
    }
  }

  private static String seen(FaultResult r) {
    return r.label().components().get(0) + ": " + (r.opened().isEmpty() ? "none" : r.opened());
  }

  private void report(int done, int all, String id, String what) {
    double minutes = (System.nanoTime() - startedNs) / 60e9;
    progress.println(
        String.format(
            Locale.ROOT, "campaign: %d of %d, %.1f min: %s: %s", done, all, minutes, id, what));
  }
}
