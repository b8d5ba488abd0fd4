package io.dyetrace.analytics.localize.bench;

import java.util.Set;
import java.util.TreeSet;

/** A published method, with its parameters set. */
interface Baseline {
  /** What it says of a trace; links and nodes by position. */
  Accused accuse(LabelledTrace trace);

  /** The method and its parameters. */
  String name();

  /** What a method accuses. */
  record Accused(Set<Integer> links, Set<Integer> devices) {
    static Accused none() {
      return new Accused(new TreeSet<>(), new TreeSet<>());
    }
  }
}
