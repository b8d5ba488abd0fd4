package io.dyetrace.benchmarks.job;

import com.sun.management.ThreadMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.TreeMap;

/** What the job's task threads have used so far, and the collector. */
record TaskThreads(Map<String, Usage> byTask, long gcMs, long timeNs) {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Of one task. */
  record Usage(long cpuNs, long allocatedBytes) {
    Usage minus(Usage other) {
      return new Usage(cpuNs - other.cpuNs, allocatedBytes - other.allocatedBytes);
    }

    Usage plus(Usage other) {
      return new Usage(cpuNs + other.cpuNs, allocatedBytes + other.allocatedBytes);
    }
  }

  static final Usage NOTHING = new Usage(0, 0);

  static TaskThreads now() {
    Map<String, Usage> byTask = new TreeMap<>();
    Thread[] threads = new Thread[Thread.activeCount() * 2 + 100];
    int count = Thread.currentThread().getThreadGroup().enumerate(threads, true);
    for (int i = 0; i < count; i++) {
      ThreadGroup group = threads[i].getThreadGroup();
      if (group != null && group.getName().equals("Flink Task Threads")) {
        long id = threads[i].getId();
        // "rows (1/1)#0" → "rows"
        String task = threads[i].getName().replaceAll(" \\(\\d+/\\d+\\)#\\d+$", "");
        Usage usage = new Usage(THREADS.getThreadCpuTime(id), THREADS.getThreadAllocatedBytes(id));
        byTask.merge(task, usage, Usage::plus);
      }
    }
    long gcMs =
        ManagementFactory.getGarbageCollectorMXBeans().stream()
            .mapToLong(GarbageCollectorMXBean::getCollectionTime)
            .sum();
    return new TaskThreads(byTask, gcMs, System.nanoTime());
  }

  TaskThreads since(TaskThreads before) {
    Map<String, Usage> difference = new TreeMap<>();
    byTask.forEach(
        (task, usage) ->
            difference.put(task, usage.minus(before.byTask.getOrDefault(task, NOTHING))));
    return new TaskThreads(difference, gcMs - before.gcMs, timeNs - before.timeNs);
  }
}
