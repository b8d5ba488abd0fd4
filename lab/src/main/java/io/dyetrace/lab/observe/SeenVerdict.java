package io.dyetrace.lab.observe;

import com.google.protobuf.InvalidProtocolBufferException;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.registry.FaultClass;
import io.dyetrace.lab.LabException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.record.TimestampType;

/**
 * A verdict and when the broker took it.
 *
 * @param appendedMs the broker's clock, Unix milliseconds
 */
public record SeenVerdict(Verdict verdict, long appendedMs) {
  static SeenVerdict of(ConsumerRecord<String, byte[]> record) {
    if (record.timestampType() != TimestampType.LOG_APPEND_TIME) {
      throw LabException.failed(
          "the topic " + record.topic() + " does not carry the broker's append time");
    }
    try {
      return new SeenVerdict(Verdict.parseFrom(record.value()), record.timestamp());
    } catch (InvalidProtocolBufferException e) {
      throw LabException.failed("a verdict does not parse: " + e.getMessage());
    }
  }

  /** {@code NODE_CRASH}. */
  public String faultClass() {
    return FaultClass.nameOf(verdict.getFaultClass());
  }

  public String component() {
    return verdict.getComponent();
  }

  public boolean resolved() {
    return verdict.getState() == VerdictState.RESOLVED;
  }

  /** For people: class, component, state, how sure, and why. */
  public String describe() {
    return "%s %s %s, confidence %.2f: %s"
        .formatted(
            verdict.getState(),
            faultClass(),
            component(),
            verdict.getConfidence(),
            verdict.getEvidenceList().stream()
                .map(Evidence::getSummary)
                .collect(Collectors.joining("; ")));
  }
}
