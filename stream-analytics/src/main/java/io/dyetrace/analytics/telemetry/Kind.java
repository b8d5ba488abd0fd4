package io.dyetrace.analytics.telemetry;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.dyetrace.common.record.CounterBatch;
import io.dyetrace.common.record.MeshBatch;
import io.dyetrace.common.record.PointBatch;
import io.dyetrace.common.record.ProbeBatch;
import io.dyetrace.common.record.Schema;
import io.dyetrace.common.record.Verdict;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a topic carries. */
public enum Kind {
  PROBES(Schema.TOPIC_PROBES, ProbeBatch.parser()),
  POINTS(Schema.TOPIC_POINTS, PointBatch.parser()),
  COUNTERS(Schema.TOPIC_COUNTERS, CounterBatch.parser()),
  MESH(Schema.TOPIC_MESH, MeshBatch.parser()),
  VERDICTS(Schema.TOPIC_VERDICTS, Verdict.parser()),
  PARAMETERS(Schema.TOPIC_PARAMETERS, null);

  private static final Map<String, Kind> BY_TOPIC =
      Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(Kind::topic, kind -> kind));

  private final String topic;
  private final @Nullable Parser<? extends Message> parser;

  Kind(String topic, @Nullable Parser<? extends Message> parser) {
    this.topic = topic;
    this.parser = parser;
  }

  public String topic() {
    return topic;
  }

  /** Of those that carry messages: changes of parameters are texts. */
  Parser<? extends Message> parser() {
    return Objects.requireNonNull(parser);
  }

  /** The kind that a topic carries. */
  public static Optional<Kind> of(String topic) {
    return Optional.ofNullable(BY_TOPIC.get(topic));
  }
}
