package io.dyetrace.lab.fault;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.process.Component;
import io.dyetrace.lab.process.Readiness;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A process in the client's namespace that sends what a fault needs: {@code lab COMMAND --rate N
 * --seconds N …}. It ends by itself when the fault's time is up.
 */
record Traffic(Lab lab, String name) {
  /** Sends so many a second. */
  void start(String command, int rate, Duration limit, List<String> options) {
    List<String> line = new ArrayList<>();
    line.add(lab.paths().home().resolve("dyetrace").toString());
    line.addAll(List.of("lab", command));
    line.addAll(List.of("--rate", Integer.toString(rate)));
    line.addAll(List.of("--seconds", Long.toString(limit.toSeconds())));
    line.addAll(options);
    lab.supervisor()
        .start(
            new Component(
                name,
                lab.plan().client().namespace(),
                line,
                Map.of("DYETRACE_JAVA_OPTS", "-Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"),
                Component.Scheduling.NORMAL,
                new Readiness.Ends(),
                List.of(),
                List.of(),
                false));
  }

  void stop() {
    lab.supervisor().stop(name);
  }
}
