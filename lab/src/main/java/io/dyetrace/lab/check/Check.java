package io.dyetrace.lab.check;

import io.dyetrace.lab.Lab;

/** One thing that must be so, measured against a running lab; leaves the lab healthy. */
public interface Check {
  /** As the command line has it. */
  String name();

  /** What must be so. */
  String claim();

  /** Measures it. */
  CheckResult run(Lab lab);
}
