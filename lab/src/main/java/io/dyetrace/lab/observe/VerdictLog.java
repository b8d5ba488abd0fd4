package io.dyetrace.lab.observe;

import io.dyetrace.common.record.Schema;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All verdicts since the lab came up, in the order in which the broker took them. */
public final class VerdictLog implements AutoCloseable {
  private final Topic topic = Topic.fromStart(Schema.TOPIC_VERDICTS);
  private final List<SeenVerdict> seen = new ArrayList<>();

  /** What is new, waiting at most so long. */
  public List<SeenVerdict> poll(Duration wait) {
    List<SeenVerdict> fresh = topic.poll(wait).stream().map(SeenVerdict::of).toList();
    seen.addAll(fresh);
    return fresh;
  }

  /** Reads on to the end as it is now. */
  public VerdictLog readToEnd() {
    topic.readToEnd().stream().map(SeenVerdict::of).forEach(seen::add);
    return this;
  }

  /** Everything read so far. */
  public List<SeenVerdict> seen() {
    return List.copyOf(seen);
  }

  /** The newest revision of each fault's newest occurrence, where that is not resolved. */
  public List<SeenVerdict> open() {
    Map<String, SeenVerdict> newest = new LinkedHashMap<>();
    for (SeenVerdict v : seen) {
      newest.merge(
          v.verdict().getFaultId(),
          v,
          (known, now) ->
              now.verdict().getFirstBadNs() >= known.verdict().getFirstBadNs() ? now : known);
    }
    return newest.values().stream().filter(v -> !v.resolved()).toList();
  }

  @Override
  public void close() {
    topic.close();
  }
}
