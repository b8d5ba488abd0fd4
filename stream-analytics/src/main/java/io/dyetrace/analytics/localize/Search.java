package io.dyetrace.analytics.localize;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Finds the set of failed components that explains a trace best: adds the best component as long as
 * its evidence is worth its price, and goes over the set again and again, taking each component out
 * to see whether another explains its losses better, or none is needed. The background is estimated
 * from what the set leaves unexplained, and the search repeated until that no longer changes it.
 */
final class Search {
  private static final int MAX_ROUNDS = 6;
  private static final int MAX_SWEEPS = 4;
  private static final int REFINED = 4;
  private static final int MAX_REFINED = 8;

  /** Loss rates that are tried for a failed component when others change, over that of now. */
  private static final double[] REFIT = {0.3, 0.5, 0.7, 0.85, 1, 1.15, 1.4, 1.8, 2.5};

  /** Bend of a likelihood from one grid point to the next from which the grid is too coarse. */
  private static final double SHARP = 3;

  /** Components of a little less than even odds stay in the set, to be ranked. */
  private static final double SLACK_NATS = 1;

  /** A smaller change of the background, as a logarithm, changes nothing else. */
  private static final double SETTLED = 0.15;

  private final Evidence evidence;
  private final Parameters parameters;
  private final EvidenceIndex index;
  private final int links;
  private final int components;
  private final boolean[] observable;
  private final double logObservable;
  private Likelihood likelihood;
  private double[] logFailed = new double[0];
  private double[] logHealthy = new double[0];

  /** Failed components and their weights. */
  private final Map<Integer, Double> failed = new HashMap<>();

  Search(Evidence evidence, Parameters parameters) {
    this.evidence = evidence;
    this.parameters = parameters;
    index = new EvidenceIndex(evidence);
    links = evidence.topology.links();
    components = evidence.topology.components();
    observable = new boolean[components];
    int count = 0;
    for (int c = 0; c < components; c++) {
      boolean met =
          evidence.passed[c] > 0
              || index.rowsOf[c].length > 0
              || index.setsOf[c].length > 0
              || index.lossyOf[c].length > 0;
      count += met ? 1 : 0;
      // A node with one neighbour cannot be told from the link to it.
      observable[c] = met && (c < links || evidence.topology.neighbours(c - links) > 1);
    }
    logObservable = Math.log(Math.max(2, count));
    likelihood = build(background(evidence.lost));
  }

  /**
   * A component that may be what failed.
   *
   * @param evidence what speaks for it, against a loss of exactly the mean background
   * @param healthy what speaks for a somewhat higher background of it
   */
  record Candidate(int component, double evidence, double healthy, double weight) {
    /** What speaks for a failure against health. */
    double surplus() {
      return evidence - healthy;
    }
  }

  /** What one failed component was weighed against. */
  record Slot(Candidate chosen, List<Candidate> alternatives, double none) {}

  Likelihood likelihood() {
    return likelihood;
  }

  Map<Integer, Double> failed() {
    return failed;
  }

  /** How many components the observations meet. */
  double logObservable() {
    return logObservable;
  }

  /** What the n-th failed component costs, in nats. */
  double price(int n) {
    return logObservable - Math.log(n + 1.0) + parameters.cautionNats();
  }

  /**
   * By how much the evidence for some failure, whichever, exceeds what it takes to say anything at
   * all: below 0 the trace passes for a quiet one.
   */
  double surplus(List<Slot> slots) {
    double surplus = -parameters.quietNats();
    for (Slot slot : slots) {
      surplus += Math.max(0, slot.chosen().evidence() - slot.none());
    }
    return surplus;
  }

  void run() {
    if (evidence.lost == 0) {
      return;
    }
    for (int round = 0; round < MAX_ROUNDS; round++) {
      grow();
      for (int sweep = 0; sweep < MAX_SWEEPS && exchange(); sweep++) {
        grow();
      }
      double next = background(likelihood.backgroundLosses());
      if (Math.abs(Math.log(next / likelihood.background)) < SETTLED) {
        return;
      }
      likelihood = build(next);
    }
    sweep();
  }

  /** Whether an exchange of failed components for others made the set better. */
  private boolean exchange() {
    boolean one = sweep();
    boolean several = merge();
    return one || several;
  }

  /** For each failed component, what else might have failed instead. */
  List<Slot> slots() {
    double[] before = new double[components];
    for (int c = 0; c < components; c++) {
      before[c] = roughEvidence(c);
    }
    List<Slot> slots = new ArrayList<>();
    Map<Integer, Integer> owners = owners();
    for (int c : failed.keySet().stream().sorted().toList()) {
      if (owners.containsKey(c)) {
        continue;
      }
      Map<Integer, Double> group = new TreeMap<>();
      group.put(c, likelihood.weight(c));
      owners.forEach(
          (member, owner) -> {
            if (owner == c) {
              group.put(member, likelihood.weight(member));
            }
          });
      group.keySet().forEach(member -> likelihood.set(member, 0));
      Map<Integer, Double> others = new TreeMap<>(failed);
      others.keySet().removeAll(group.keySet());
      refit(others.keySet(), c);
      Candidate chosen = refine(c);
      double healthy = chosen.healthy();
      List<Candidate> alternatives = new ArrayList<>();
      for (Candidate candidate : best(64)) {
        int other = candidate.component();
        if (group.containsKey(other) || candidate.evidence() < chosen.evidence() - 12) {
          continue;
        }
        double gain = candidate.evidence() - before[other];
        if (gain > 0) {
          healthy = Math.max(healthy, candidate.healthy());
          alternatives.add(
              new Candidate(
                  other,
                  candidate.evidence() + Math.log(-Math.expm1(-gain) + 1e-12),
                  candidate.healthy(),
                  candidate.weight()));
        }
      }
      others.forEach(this::fit);
      group.forEach(likelihood::set);
      slots.add(new Slot(chosen, alternatives, price(failed.size()) + healthy));
    }
    return slots;
  }

  /**
   * Failed links that touch a failed device, and that device: they say that it loses more there
   * than elsewhere.
   */
  private Map<Integer, Integer> owners() {
    Map<Integer, Integer> owners = new TreeMap<>();
    Topology topology = evidence.topology;
    for (int c : failed.keySet()) {
      if (c < links && failed.containsKey(links + topology.from(c))) {
        owners.put(c, links + topology.from(c));
      } else if (c < links && failed.containsKey(links + topology.to(c))) {
        owners.put(c, links + topology.to(c));
      }
    }
    return owners;
  }

  private Likelihood build(double background) {
    Likelihood fresh = new Likelihood(evidence, index, parameters, background, failed.keySet());
    logFailed = new double[fresh.grid.length];
    logHealthy = new double[fresh.grid.length];
    double sum = 0;
    for (int j = fresh.failedFrom; j < fresh.grid.length; j++) {
      sum += rateWeight(fresh.grid[j]);
    }
    for (int j = fresh.failedFrom; j < fresh.grid.length; j++) {
      logFailed[j] = Math.log(rateWeight(fresh.grid[j]) / sum);
    }
    for (int j = 0; j < fresh.failedFrom; j++) {
      logHealthy[j] = Math.log(parameters.elevatedShare()[j]);
    }
    for (Map.Entry<Integer, Double> entry : failed.entrySet()) {
      fresh.set(entry.getKey(), entry.getValue());
    }
    return fresh;
  }

  /** How often a failed component has this weight, relative to others. */
  private double rateWeight(double weight) {
    boolean soft = weight >= parameters.softLow() && weight <= parameters.softHigh();
    return soft ? parameters.softTimes() : 1;
  }

  /** The background for so many losses, drawn towards what is expected of one. */
  private double background(double losses) {
    double prior = parameters.expectedLosses();
    double rate =
        (losses + prior) / (evidence.linkPackets + prior / parameters.expectedBackground());
    return Math.min(parameters.highestBackground(), Math.max(parameters.lowestBackground(), rate));
  }

  /** Adds components while they are worth their price. */
  private void grow() {
    while (failed.size() < components) {
      List<Candidate> best = best(REFINED);
      if (best.isEmpty() || best.get(0).surplus() < price(failed.size() + 1) - SLACK_NATS) {
        return;
      }
      Candidate chosen = best.get(0);
      fail(chosen);
      refit(failed.keySet(), chosen.component());
    }
  }

  private void fail(Candidate candidate) {
    failed.put(candidate.component(), candidate.weight());
    likelihood.set(candidate.component(), candidate.weight());
  }

  private void heal(int c) {
    failed.remove(c);
    likelihood.set(c, 0);
  }

  /** Fits the weights of these components again where they meet another. */
  private void refit(Collection<Integer> others, int c) {
    for (int other : others.stream().sorted().toList()) {
      double now = likelihood.weight(other);
      if (other == c || !meet(c, other)) {
        continue;
      }
      double[] weights = new double[REFIT.length];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = now * REFIT[i];
      }
      double[] values = likelihood.profileAgain(other, weights);
      int best = REFIT.length / 2;
      for (int i = 0; i < values.length; i++) {
        best = values[i] > values[best] + 1 ? i : best;
      }
      fit(other, weights[best]);
    }
  }

  private void fit(int c, double weight) {
    failed.put(c, weight);
    likelihood.set(c, weight);
  }

  /** Whether some lossy observation or set meets both. */
  private boolean meet(int a, int b) {
    return Numbers.intersect(index.rowsOf[a], index.rowsOf[b])
        || Numbers.intersect(index.setsOf[a], index.setsOf[b])
        || index.lossyOf[a].length > 0
        || index.lossyOf[b].length > 0;
  }

  /**
   * Takes each failed component out and puts back what explains its losses best: itself with its
   * loss rate fitted again, another, or nothing.
   */
  private boolean sweep() {
    boolean changed = false;
    for (int c : failed.keySet().stream().sorted().toList()) {
      double price = price(failed.size()) - SLACK_NATS;
      heal(c);
      Map<Integer, Double> before = new TreeMap<>(failed);
      refit(before.keySet(), c);
      Candidate self = refine(c);
      List<Candidate> best = best(REFINED);
      Candidate top = best.isEmpty() ? self : best.get(0);
      if (top.component() != c && top.evidence() < self.evidence() + 0.1) {
        top = self;
      }
      if (top.surplus() < price) {
        changed = true;
        continue;
      }
      before.forEach(this::fit);
      changed |= top.component() != c;
      fail(top);
    }
    return changed;
  }

  /**
   * Puts a device in the place of two or more failed links that touch it where it explains their
   * losses better than they do together: no exchange of one component for one leads there.
   */
  private boolean merge() {
    boolean changed = false;
    for (int device = links; device < components; device++) {
      List<Integer> touching = new ArrayList<>();
      for (int link : evidence.topology.linksOf(device - links)) {
        if (failed.containsKey(link)) {
          touching.add(link);
        }
      }
      if (touching.size() > 1 && observable[device] && !failed.containsKey(device)) {
        changed |= merge(device, touching);
      }
    }
    return changed;
  }

  private boolean merge(int device, List<Integer> touching) {
    Map<Integer, Double> before = new TreeMap<>(failed);
    touching.forEach(this::heal);
    double apart = 0;
    for (int link : touching) {
      apart += refine(link).surplus() - price(failed.size() + 1);
      fit(link, before.getOrDefault(link, 0.0));
    }
    touching.forEach(this::heal);
    Candidate whole = refine(device);
    if (whole.surplus() - price(failed.size() + 1) > apart) {
      fail(whole);
      return true;
    }
    touching.forEach(link -> fit(link, before.getOrDefault(link, 0.0)));
    return false;
  }

  /** The most evident components that have not failed, best first. */
  List<Candidate> best(int count) {
    double[] top = new double[count];
    int[] which = new int[count];
    int found = 0;
    for (int c = 0; c < components; c++) {
      if (!observable[c] || failed.containsKey(c)) {
        continue;
      }
      double rough = roughEvidence(c);
      if (rough <= 0 || (found == count && rough <= top[count - 1])) {
        continue;
      }
      int at = found < count ? found++ : count - 1;
      while (at > 0 && top[at - 1] < rough) {
        top[at] = top[at - 1];
        which[at] = which[at - 1];
        at--;
      }
      top[at] = rough;
      which[at] = c;
    }
    List<Candidate> candidates = new ArrayList<>();
    int refined = 0;
    double correction = 0;
    for (int i = 0; i < found && top[i] > top[0] - 30 - 0.1 * top[0]; i++) {
      boolean twin = i > 0 && Math.abs(top[i] - top[i - 1]) < 1e-7 * (1 + top[0]);
      if (twin || refined == MAX_REFINED) {
        // What the data cannot tell apart need not be fitted twice.
        double weight = candidates.get(i - 1).weight();
        candidates.add(new Candidate(which[i], top[i] + correction, healthy(which[i]), weight));
      } else {
        Candidate candidate = refine(which[i]);
        correction = candidate.evidence() - top[i];
        candidates.add(candidate);
        refined++;
      }
    }
    candidates.sort((a, b) -> Double.compare(b.evidence(), a.evidence()));
    return candidates;
  }

  /** The evidence for a failure by the grid alone; 0 when nothing speaks for one. */
  private double roughEvidence(int c) {
    int n = likelihood.grid.length;
    double most = Double.NEGATIVE_INFINITY;
    int at = likelihood.failedFrom;
    for (int j = likelihood.failedFrom; j < n; j++) {
      double score = likelihood.score(c, j) + logFailed[j];
      if (score > most) {
        most = score;
        at = j;
      }
    }
    if (most < 0) {
      return 0;
    }
    double sum = 0;
    for (int j = likelihood.failedFrom; j < n; j++) {
      double s = likelihood.score(c, j) + logFailed[j] - most;
      if (s > -30) {
        sum += Math.exp(s);
      }
    }
    double evidence = most + Math.log(sum);
    if (at > likelihood.failedFrom && at < n - 1) {
      double left = likelihood.score(c, at - 1);
      double right = likelihood.score(c, at + 1);
      double bend = 2 * likelihood.score(c, at) - left - right;
      if (bend > SHARP) {
        // Narrower than the grid: the parabola through three points instead of their sum.
        double slope = (right - left) / 2;
        evidence = most + slope * slope / (2 * bend) + 0.5 * Math.log(2 * Math.PI / bend);
      }
    }
    return evidence - handicap(c);
  }

  private double handicap(int c) {
    return c < links ? 0 : parameters.deviceNats();
  }

  /** How well a healthy component with some elevated background does. */
  private double healthy(int c) {
    double[] parts = new double[likelihood.failedFrom + 1];
    double rest = 1;
    for (int j = 0; j < likelihood.failedFrom; j++) {
      parts[j] = logHealthy[j] + likelihood.score(c, j);
      rest -= parameters.elevatedShare()[j];
    }
    parts[likelihood.failedFrom] = Math.log(rest);
    return Numbers.logSum(parts);
  }

  /** The evidence for a failure with the loss rate fitted. */
  private Candidate refine(int c) {
    double[] grid = likelihood.grid;
    int at = likelihood.failedFrom;
    double[] scores = new double[grid.length - likelihood.failedFrom];
    for (int j = likelihood.failedFrom; j < grid.length; j++) {
      scores[j - likelihood.failedFrom] = likelihood.score(c, j) + logFailed[j];
      if (likelihood.score(c, j) > likelihood.score(c, at)) {
        at = j;
      }
    }
    double low = Math.log(grid[Math.max(likelihood.failedFrom, at - 1)]);
    double high = Math.log(grid[Math.min(grid.length - 1, at + 1)]);
    double best = Math.log(grid[at]);
    double peak = likelihood.score(c, at);
    double curvature = 0;
    double[] weights = new double[7];
    for (int zoom = 0; zoom < 2; zoom++) {
      double step = (high - low) / (weights.length - 1);
      for (int i = 0; i < weights.length; i++) {
        weights[i] = Math.exp(low + i * step);
      }
      double[] values = likelihood.profile(c, weights);
      int most = 0;
      for (int i = 0; i < values.length; i++) {
        most = values[i] > values[most] ? i : most;
      }
      best = low + most * step;
      peak = values[most];
      int mid = Math.min(weights.length - 2, Math.max(1, most));
      double bend = 2 * values[mid] - values[mid - 1] - values[mid + 1];
      if (zoom == 0) {
        curvature = bend / (step * step);
      } else if (most == mid && bend > 0) {
        // The top of the parabola through the best point and its neighbours.
        double slope = (values[mid + 1] - values[mid - 1]) / 2;
        best += step * slope / bend;
        peak += slope * slope / (2 * bend);
      }
      low = Math.max(low, best - step);
      high = Math.min(high, best + step);
    }
    double failedEvidence = Numbers.logSum(scores);
    if (curvature > 10) {
      double step = Math.log(grid[grid.length - 1] / grid[grid.length - 2]);
      failedEvidence =
          peak + 0.5 * Math.log(2 * Math.PI / curvature) + logFailed[at] - Math.log(step);
    }
    return new Candidate(c, failedEvidence - handicap(c), healthy(c), Math.exp(best));
  }
}
