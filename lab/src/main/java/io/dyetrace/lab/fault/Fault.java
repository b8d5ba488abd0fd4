package io.dyetrace.lab.fault;

import java.util.Optional;

/** One fault on one target. */
interface Fault {
  /** Measures what is normal, before; fails when the target is not healthy now. */
  void measureBefore();

  /** The injecting call. */
  void inject();

  /** Measures the effect once; a sentence when it is real, empty when it is not yet. */
  Optional<String> prove();

  /** Undoes it. Must also work when {@link #inject} was not called or broke off. */
  void heal();

  /** Why the target is not yet as before; empty when it is. */
  String whyNotHealed();
}
