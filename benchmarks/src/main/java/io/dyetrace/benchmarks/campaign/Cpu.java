package io.dyetrace.benchmarks.campaign;

import java.lang.management.ManagementFactory;

/** CPU time. */
final class Cpu {
  private Cpu() {}

  /** What the current thread has used. */
  static long ofThreadNs() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }
}
