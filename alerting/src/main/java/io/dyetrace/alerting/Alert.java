package io.dyetrace.alerting;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.dyetrace.common.record.Alternative;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.record.ProbeKey;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.registry.FaultClass;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One alert of Alertmanager's API v2 ({@code postableAlert}). Labels are the alert's identity and
 * hold nothing that changes while the fault lasts; whatever is measured stands in the annotations.
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record Alert(
    Map<String, String> labels,
    Map<String, String> annotations,
    String startsAt,
    String endsAt,
    @Nullable String generatorURL) {

  /**
   * An open verdict's alert ends {@code lifetime} from now unless it is sent again, so that pages
   * end by themselves if the notifier dies for good; a resolved one ends when the fault did.
   */
  static Alert of(Verdict verdict, long nowNs, Duration lifetime, @Nullable String generatorUrl) {
    boolean resolved = verdict.getState() == VerdictState.RESOLVED;
    long endNs = resolved ? verdict.getResolvedNs() : nowNs + lifetime.toNanos();
    return new Alert(
        labels(verdict),
        annotations(verdict),
        time(verdict.getFirstBadNs()),
        time(endNs),
        generatorUrl);
  }

  private static Map<String, String> labels(Verdict v) {
    Map<String, String> labels = new TreeMap<>();
    String className = className(v.getFaultClass());
    labels.put("alertname", "Dyetrace_" + className);
    labels.put("fault_class", className);
    labels.put("component", v.getComponent());
    labels.put("component_kind", v.getComponentKind().name().toLowerCase(Locale.ROOT));
    labels.put("severity", severity(v.getFaultClass()));
    labels.put("source", "dyetrace");
    putIfSet(labels, "region", v.getRegion());
    putIfSet(labels, "zone", v.getZone());
    putIfSet(labels, "rack", v.getRack());
    putIfSet(labels, "cluster", v.getCluster());
    return labels;
  }

  private static Map<String, String> annotations(Verdict v) {
    Map<String, String> notes = new TreeMap<>();
    notes.put("summary", v.getComponent() + ": " + description(v.getFaultClass()));
    notes.put("occurrence", v.getOccurrenceId());
    notes.put("revision", Integer.toString(v.getRevision()));
    notes.put("confidence", String.format(Locale.ROOT, "%.3f", v.getConfidence()));
    notes.put("first_bad", time(v.getFirstBadNs()));
    notes.put("detected", time(v.getDetectedNs()));
    putIfSet(
        notes,
        "evidence",
        v.getEvidenceList().stream().map(Evidence::getSummary).collect(Collectors.joining("\n")));
    putIfSet(
        notes,
        "alternatives",
        v.getAlternativesList().stream().map(Alert::alternative).collect(Collectors.joining("\n")));
    putIfSet(notes, "affected_vips", String.join(", ", v.getAffectedVipsList()));
    notes.put(
        "affected_probes", String.format(Locale.ROOT, "%.1f %%", 100 * v.getAffectedProbeShare()));
    putIfSet(notes, "healthy_siblings", String.join(", ", v.getHealthySiblingsList()));
    putIfSet(notes, "sample_probes", sampleProbes(v.getSampleProbesList()));
    putIfSet(notes, "evidence_sql", v.getEvidenceSql());
    return notes;
  }

  private static String alternative(Alternative a) {
    return String.format(
        Locale.ROOT,
        "%s %s (%.3f)",
        className(a.getFaultClass()),
        a.getComponent(),
        a.getConfidence());
  }

  private static String sampleProbes(List<ProbeKey> keys) {
    return keys.stream()
        .map(k -> k.getProberId() + "/" + Integer.toUnsignedString(k.getProbeSequence()))
        .collect(Collectors.joining(", "));
  }

  private static void putIfSet(Map<String, String> map, String key, String value) {
    if (!value.isEmpty()) {
      map.put(key, value);
    }
  }

  /** A class this build does not know (written by a later one) is still an alert. */
  static String className(int code) {
    @Nullable FaultClass known = FaultClass.fromCode(code);
    return known == null ? "CLASS_" + code : known.name();
  }

  private static String severity(int code) {
    @Nullable FaultClass known = FaultClass.fromCode(code);
    return known == null ? "critical" : known.severity();
  }

  private static String description(int code) {
    @Nullable FaultClass known = FaultClass.fromCode(code);
    return known == null ? "a fault of a class this version does not know" : known.description();
  }

  private static String time(long ns) {
    return Instant.ofEpochSecond(0, ns).toString();
  }
}
