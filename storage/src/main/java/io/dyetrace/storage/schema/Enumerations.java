package io.dyetrace.storage.schema;

import com.google.protobuf.Descriptors.EnumDescriptor;
import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.NodeState;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.VerdictState;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * ClickHouse's types of the enumerations that columns hold: those of the registry, generated beside
 * the migrations, and those of the records. They only ever grow; the migration runner adds to the
 * columns what is new.
 */
final class Enumerations {
  private static final Pattern VALUE = Pattern.compile("'([A-Z0-9_]+)' = (-?\\d+)");
  private static final String UNKNOWN = "UNKNOWN";
  private static final Map<String, Enumeration> ALL = all();

  private Enumerations() {}

  /** An enumeration: its type in ClickHouse and its names by code. */
  record Enumeration(String type, Map<Integer, String> names, int unknownCode) {
    /**
     * The code to store: UNKNOWN's for one that this version does not know, which ClickHouse could
     * not read back.
     */
    int storable(int code) {
      return names.containsKey(code) ? code : unknownCode;
    }

    String nameOf(int code) {
      return names.getOrDefault(code, "CODE_" + code);
    }
  }

  /** The enumeration of a name as the migrations write it. */
  static Enumeration named(String name) {
    Enumeration found = ALL.get(name);
    if (found == null) {
      throw new IllegalArgumentException(
          "no enumeration '" + name + "'; there are " + ALL.keySet());
    }
    return found;
  }

  private static Map<String, Enumeration> all() {
    Map<String, Enumeration> all = new LinkedHashMap<>();
    for (String name : List.of("trace_point", "drop_reason", "direction", "tier", "fault_class")) {
      String type = resource("/dyetrace/storage/enum_" + name + ".sql");
      if (!type.contains("'" + UNKNOWN + "'")) {
        // Of drop reasons 0 says that nothing was dropped.
        type = type.replaceFirst("\\(", "('" + UNKNOWN + "' = -1, ");
      }
      all.put(name, parse(type));
    }
    for (EnumDescriptor descriptor :
        List.of(
            ProbeOutcome.getDescriptor(),
            ProbeKeyState.getDescriptor(),
            NodeState.getDescriptor(),
            ComponentKind.getDescriptor(),
            VerdictState.getDescriptor())) {
      all.put(descriptor.getName(), parse(typeOf(descriptor)));
    }
    return Collections.unmodifiableMap(all);
  }

  private static String typeOf(EnumDescriptor descriptor) {
    List<String> values = new ArrayList<>();
    for (var value : descriptor.getValues()) {
      String name = value.getName().endsWith("_UNSPECIFIED") ? "UNKNOWN" : value.getName();
      values.add("'" + name + "' = " + value.getNumber());
    }
    return "Enum8(" + String.join(", ", values) + ")";
  }

  private static Enumeration parse(String type) {
    Map<Integer, String> names = new LinkedHashMap<>();
    Matcher m = VALUE.matcher(type);
    while (m.find()) {
      names.put(Integer.parseInt(m.group(2)), m.group(1));
    }
    int unknownCode = 0;
    for (Map.Entry<Integer, String> value : names.entrySet()) {
      if (value.getValue().equals(UNKNOWN)) {
        unknownCode = value.getKey();
      }
    }
    return new Enumeration(type.strip(), Collections.unmodifiableMap(names), unknownCode);
  }

  private static String resource(String path) {
    try (InputStream in = Enumerations.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new IllegalStateException("resource " + path + " is missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
