package io.dyetrace.analytics.localize.bench;

import java.util.Set;

/** Precision and recall over the traces of a family. */
final class Score {
  private double precision;
  private double recall;
  private int traces;
  private int accusedQuiet;

  void add(LabelledTrace trace, Set<Integer> links, Set<Integer> devices) {
    traces++;
    int failures = trace.failedLinks.size() + trace.failedDevices.size();
    int accused = links.size() + devices.size();
    if (failures == 0 && accused > 0) {
      accusedQuiet++;
    }
    double right = 0;
    double found = 0;
    for (int device : devices) {
      if (trace.failedDevices.contains(device)) {
        right++;
        found++;
      }
    }
    for (int link : links) {
      if (trace.failedLinks.contains(link)) {
        right++;
        found++;
        continue;
      }
      boolean ofFailed = false;
      for (int end : new int[] {trace.topology.from(link), trace.topology.to(link)}) {
        if (trace.failedDevices.contains(end)) {
          ofFailed = true;
          if (!devices.contains(end)) {
            found += 1.0 / trace.topology.degree(end);
          }
        }
      }
      right += ofFailed ? 1 : 0;
    }
    precision += accused == 0 ? 1 : right / accused;
    recall += failures == 0 ? 1 : found / failures;
  }

  double precision() {
    return precision / traces;
  }

  double recall() {
    return recall / traces;
  }

  double f() {
    double p = precision();
    double r = recall();
    return p + r == 0 ? 0 : 2 * p * r / (p + r);
  }

  int traces() {
    return traces;
  }

  /** Traces without a failure in which something was accused. */
  int accusedQuiet() {
    return accusedQuiet;
  }
}
