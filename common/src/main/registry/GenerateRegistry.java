import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Writes the Java enums, the C header, the ClickHouse types and the reference pages of the registry
 * from the tables beside this file.
 *
 * <pre>{@code
 * java common/src/main/registry/GenerateRegistry.java          # from the repository's root
 * java common/src/main/registry/GenerateRegistry.java --check  # exit 1 when a file is stale
 * }</pre>
 */
public final class GenerateRegistry {
  private static final String SOURCE = "common/src/main/registry/";
  private static final String NOTICE = "Generated from " + SOURCE + "%s by 'make registry'.";
  private static final int COLUMNS = 100;

  /** A table: its file, the Java type, the C prefix, the C and SQL name, what code 0 means. */
  private record Table(
      String file,
      String javaType,
      String cPrefix,
      String snake,
      String zeroName,
      String zeroDescription,
      String javadoc,
      List<String> columns,
      List<Row> rows) {
    List<Row> rowsWithZero() {
      List<Row> all = new ArrayList<>();
      List<String> zero = new ArrayList<>(List.of("0", zeroName));
      columns.subList(2, columns.size() - 1).forEach(c -> zero.add("-"));
      zero.add(zeroDescription);
      all.add(new Row(zero));
      all.addAll(rows);
      return all;
    }
  }

  private record Row(List<String> cells) {
    int code() {
      return Integer.parseInt(cells.get(0));
    }

    String name() {
      return cells.get(1);
    }

    String description() {
      return cells.get(cells.size() - 1);
    }
  }

  private GenerateRegistry() {}

  public static void main(String[] args) throws IOException {
    boolean check = args.length == 1 && args[0].equals("--check");
    if (args.length > 1 || (args.length == 1 && !check)) {
      System.err.println("usage: GenerateRegistry [--check]");
      System.exit(2);
    }
    Map<Path, String> files;
    try {
      files = generate(Path.of(SOURCE));
    } catch (IllegalArgumentException e) {
      System.err.println("registry: " + e.getMessage());
      System.exit(1);
      return;
    }
    int stale = 0;
    for (Map.Entry<Path, String> file : files.entrySet()) {
      Path path = file.getKey();
      String now = Files.exists(path) ? Files.readString(path) : "";
      if (now.equals(file.getValue())) {
        continue;
      }
      stale++;
      if (check) {
        System.err.println("registry: " + path + " is stale; run 'make registry'");
      } else {
        Files.createDirectories(path.getParent());
        Files.writeString(path, file.getValue());
        System.out.println("registry: wrote " + path);
      }
    }
    if (check && stale > 0) {
      System.exit(1);
    }
  }

  private static Map<Path, String> generate(Path source) throws IOException {
    Map<String, String> sflow = new HashMap<>();
    for (Row row : readRows(source.resolve("sflow_reasons.tsv"), 2)) {
      sflow.put(row.name(), row.cells().get(0));
    }
    Table drops =
        read(
            source,
            "drop_reasons.tsv",
            "DropReason",
            "DT_DROP",
            "drop_reason",
            "NONE",
            "not dropped: a trace point",
            "Why a packet died in the gateway.",
            List.of("code", "name", "group", "sflow", "description"));
    for (Row row : drops.rows()) {
      String name = row.cells().get(3);
      if (!name.equals("-") && !sflow.containsKey(name)) {
        throw new IllegalArgumentException(
            "drop_reasons.tsv: " + row.name() + ": sFlow knows no reason '" + name + "'");
      }
    }
    Table points =
        read(
            source,
            "trace_points.tsv",
            "TracePoint",
            "DT_TP",
            "trace_point",
            "UNKNOWN",
            "not known",
            "Where in the gateway a coloured packet was stamped.",
            List.of("code", "name", "stamped", "description"));
    Table directions =
        read(
            source,
            "directions.tsv",
            "Direction",
            "DT_DIR",
            "direction",
            "UNKNOWN",
            "not known",
            "Which way a packet travelled.",
            List.of("code", "name", "description"));
    Table tiers =
        read(
            source,
            "tiers.tsv",
            "Tier",
            "DT_TIER",
            "tier",
            "UNKNOWN",
            "not known",
            "A stage of the gateway a packet passes.",
            List.of("code", "name", "description"));
    Table faults =
        read(
            source,
            "fault_classes.tsv",
            "FaultClass",
            "DT_FAULT",
            "fault_class",
            "UNKNOWN",
            "not known",
            "What a verdict says is broken.",
            List.of("code", "name", "severity", "description"));

    Map<Path, String> files = new LinkedHashMap<>();
    for (Table table : List.of(points, drops, directions, tiers, faults)) {
      files.put(
          Path.of("common/src/main/java/io/dyetrace/common/registry", table.javaType() + ".java"),
          java(table));
      files.put(
          Path.of("storage/src/main/resources/dyetrace/storage", "enum_" + table.snake() + ".sql"),
          sql(table));
    }
    files.put(
        Path.of("gateway-native/src/main/c/telemetry/registry.h"),
        header(List.of(points, drops, directions, tiers)));
    files.put(
        Path.of("docs/reference/drop-reasons.md"),
        page(
            "Drop reasons",
            "Why a packet died in the gateway: the `reason` of a drop point and of a drop counter. Codes never"
                + " change meaning.\n`group` says what a surge of the reason points at; `sFlow` is the standard"
                + " reason an sFlow collector shows for it.",
            List.of(drops),
            row ->
                row.size() > 3 && sflow.containsKey(row.get(3))
                    ? replaced(row, 3, row.get(3) + " (" + sflow.get(row.get(3)) + ")")
                    : row));
    files.put(
        Path.of("docs/reference/trace-points.md"),
        page(
            "Trace points",
            "Where a coloured packet is stamped on its way through the gateway. Codes never change meaning.\n"
                + "`always` is stamped on every coloured packet, `detail` only when the colour asks for every"
                + " stage.",
            List.of(points, directions, tiers),
            Function.identity()));
    files.put(
        Path.of("docs/reference/fault-classes.md"),
        page(
            "Fault classes",
            "What a verdict says is broken. Codes never change meaning.",
            List.of(faults),
            Function.identity()));
    return files;
  }

  private static List<String> replaced(List<String> row, int index, String value) {
    List<String> copy = new ArrayList<>(row);
    copy.set(index, value);
    return copy;
  }

  private static Table read(
      Path source,
      String file,
      String javaType,
      String cPrefix,
      String snake,
      String zeroName,
      String zeroDescription,
      String javadoc,
      List<String> columns)
      throws IOException {
    List<Row> rows = readRows(source.resolve(file), columns.size());
    int expected = 1;
    for (Row row : rows) {
      if (row.code() != expected) {
        throw new IllegalArgumentException(
            file + ": " + row.name() + " has code " + row.code() + ", " + expected + " is next");
      }
      expected++;
    }
    return new Table(
        file, javaType, cPrefix, snake, zeroName, zeroDescription, javadoc, columns, rows);
  }

  private static List<Row> readRows(Path file, int columns) throws IOException {
    List<Row> rows = new ArrayList<>();
    Set<Integer> codes = new HashSet<>();
    Set<String> names = new HashSet<>();
    int number = 0;
    for (String line : Files.readAllLines(file)) {
      number++;
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      String where = file.getFileName() + ":" + number + ": ";
      Row row = new Row(List.of(line.split("\t", -1)));
      if (row.cells().size() != columns) {
        throw new IllegalArgumentException(
            where + row.cells().size() + " columns, " + columns + " expected");
      }
      if (!row.cells().get(0).matches("[0-9]{1,4}")) {
        throw new IllegalArgumentException(
            where + "code '" + row.cells().get(0) + "' is no number");
      }
      if (!row.name().matches("[A-Za-z][A-Za-z0-9_]*")) {
        throw new IllegalArgumentException(where + "name '" + row.name() + "' is no identifier");
      }
      if (row.cells().stream().anyMatch(c -> c.isBlank() || c.contains("\"") || c.contains("|"))) {
        throw new IllegalArgumentException(where + "a cell is empty or holds a quote or a bar");
      }
      if (!codes.add(row.code())) {
        throw new IllegalArgumentException(where + "code " + row.code() + " is there twice");
      }
      if (!names.add(row.name())) {
        throw new IllegalArgumentException(where + "name " + row.name() + " is there twice");
      }
      rows.add(row);
    }
    return rows;
  }

  // ---- Java

  private static String java(Table table) {
    // Only a drop reason has a meaningful zero in Java: a trace point's reason.
    boolean withZero = table.zeroName().equals("NONE");
    List<Row> rows = withZero ? table.rowsWithZero() : table.rows();
    List<String> extra = table.columns().subList(2, table.columns().size() - 1);
    String type = table.javaType();
    StringBuilder out = new StringBuilder();
    out.append("// ").append(NOTICE.formatted(table.file())).append('\n');
    out.append("package io.dyetrace.common.registry;\n\n");
    out.append("import org.jspecify.annotations.Nullable;\n\n");
    out.append("/** ").append(table.javadoc()).append(" Codes never change meaning. */\n");
    out.append("public enum ").append(type).append(" {\n");
    for (int i = 0; i < rows.size(); i++) {
      Row row = rows.get(i);
      out.append(javadoc(sentence(row.description())));
      out.append(constant(row, extra)).append(i == rows.size() - 1 ? ";\n" : ",\n");
    }
    out.append("\n  private static final @Nullable ")
        .append(type)
        .append("[] BY_CODE = byCode();\n\n");
    out.append("  private final int code;\n");
    for (String column : extra) {
      out.append("  private final ").append(javaType(column)).append(column).append(";\n");
    }
    out.append("  private final String description;\n\n");
    String parameters =
        "int code, "
            + extra.stream().map(c -> javaType(c) + c + ", ").collect(Collectors.joining())
            + "String description";
    out.append("  ").append(type).append('(').append(parameters).append(") {\n");
    out.append("    this.code = code;\n");
    for (String column : extra) {
      out.append("    this.").append(column).append(" = ").append(column).append(";\n");
    }
    out.append("    this.description = description;\n  }\n\n");
    out.append(
        """
          /** The number that records, the telemetry file and ClickHouse carry. */
          public int code() {
            return code;
          }

        """
            .indent(0));
    for (String column : extra) {
      out.append("  /** ").append(columnDoc(column)).append(" */\n");
      out.append("  public ").append(javaType(column)).append(column).append("() {\n");
      out.append("    return ").append(column).append(";\n  }\n\n");
    }
    out.append(
        """
          /** What it means, in words an operator can read. */
          public String description() {
            return description;
          }

          /**
           * Returns the constant with a code, or null when there is none: a record may come from a newer
           * version.
           */
          public static @Nullable TYPE fromCode(int code) {
            return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
          }

          /** Returns the name for a code, or {@code CODE_57} for one this version does not know. */
          public static String nameOf(int code) {
            TYPE known = fromCode(code);
            return known == null ? "CODE_" + code : known.name();
          }

          private static @Nullable TYPE[] byCode() {
            @Nullable TYPE[] all = new @Nullable TYPE[LENGTH];
            for (TYPE value : values()) {
              all[value.code] = value;
            }
            return all;
          }
        }
        """
            .replace("TYPE", type)
            .replace("LENGTH", Integer.toString(table.rows().size() + 1)));
    return out.toString();
  }

  private static String javaType(String column) {
    return column.equals("sflow") ? "@Nullable String " : "String ";
  }

  private static String columnDoc(String column) {
    return switch (column) {
      case "group" ->
          "What a surge of it points at: packet, config, limit, backend, tunnel, box or planned.";
      case "sflow" -> "The drop reason of the sFlow standard that fits, or null.";
      case "stamped" -> "{@code always}, or {@code detail}: only when the colour asks for it.";
      case "severity" -> "{@code critical} or {@code warning}.";
      default -> throw new IllegalArgumentException("no text for column " + column);
    };
  }

  /** A Javadoc comment as google-java-format lays it out. */
  private static String javadoc(String text) {
    String line = "  /** " + text + " */\n";
    if (line.length() <= COLUMNS + 1) {
      return line;
    }
    StringBuilder out = new StringBuilder("  /**\n");
    String rest = "   * " + text;
    while (rest.length() > COLUMNS) {
      int cut = rest.lastIndexOf(' ', COLUMNS);
      out.append(rest, 0, cut).append('\n');
      rest = "   * " + rest.substring(cut + 1);
    }
    return out.append(rest).append("\n   */\n").toString();
  }

  /** An enum constant as google-java-format lays it out. */
  private static String constant(Row row, List<String> extra) {
    List<String> arguments = new ArrayList<>();
    arguments.add(row.cells().get(0));
    for (int i = 0; i < extra.size(); i++) {
      String cell = row.cells().get(2 + i);
      boolean none = cell.equals("-") && extra.get(i).equals("sflow");
      arguments.add(none ? "null" : quoted(cell));
    }
    arguments.add(quoted(row.description()));
    String joined = String.join(", ", arguments);
    String line = "  " + row.name() + "(" + joined + ")";
    if (line.length() < COLUMNS) {
      return line;
    }
    if (joined.length() + 6 + 2 <= COLUMNS) {
      return "  " + row.name() + "(\n      " + joined + ")";
    }
    String last = arguments.get(arguments.size() - 1);
    if (last.length() + 6 + 2 > COLUMNS) {
      int cut = last.lastIndexOf(' ', 80) + 1;
      last = last.substring(0, cut) + "\"\n          + \"" + last.substring(cut);
      arguments.set(arguments.size() - 1, last);
    }
    return "  " + row.name() + "(\n      " + String.join(",\n      ", arguments) + ")";
  }

  private static String quoted(String text) {
    return '"' + text + '"';
  }

  private static String sentence(String description) {
    return Character.toUpperCase(description.charAt(0)) + description.substring(1) + ".";
  }

  // ---- C

  private static String header(List<Table> tables) {
    StringBuilder out = new StringBuilder();
    out.append("// SPDX-License-Identifier: Apache-2.0\n//\n");
    out.append("// ").append(NOTICE.formatted("*.tsv")).append('\n');
    out.append("// Codes never change meaning.\n");
    out.append("#ifndef DYETRACE_REGISTRY_H\n#define DYETRACE_REGISTRY_H\n\n");
    out.append("#include <stdint.h>\n");
    for (Table table : tables) {
      List<Row> rows = table.rowsWithZero();
      String prefix = table.cPrefix();
      out.append("\n// ").append(table.javadoc()).append("\nenum dt_").append(table.snake());
      out.append(" {\n");
      for (Row row : rows) {
        out.append("\t// ").append(row.description()).append('\n');
        out.append('\t').append(prefix).append('_').append(row.name()).append(" = ");
        out.append(row.code()).append(",\n");
      }
      out.append(
              "};\n\n// One more than the highest code: the length of an array by code.\n#define ")
          .append(prefix)
          .append("_COUNT ")
          .append(rows.size());
      out.append("\n\n// The name of a code, \"UNKNOWN\" for one that is not in the table.\n");
      out.append("static inline const char *dt_").append(table.snake());
      out.append("_name(uint16_t code)\n{\n");
      out.append("\tstatic const char *const names[").append(prefix).append("_COUNT] = {\n");
      for (Row row : rows) {
        out.append("\t\t[").append(prefix).append('_').append(row.name()).append("] = ");
        out.append(quoted(row.name())).append(",\n");
      }
      out.append("\t};\n\treturn code < ").append(prefix);
      out.append("_COUNT ? names[code] : \"UNKNOWN\";\n}\n");
    }
    return out.append("\n#endif\n").toString();
  }

  // ---- ClickHouse

  private static String sql(Table table) {
    String type = table.snake().equals("drop_reason") ? "Enum16" : "Enum8";
    return table.rowsWithZero().stream()
        .map(r -> "'" + r.name() + "' = " + r.code())
        .collect(Collectors.joining(", ", type + "(", ")\n"));
  }

  // ---- Reference pages

  private static String page(
      String title, String intro, List<Table> tables, Function<List<String>, List<String>> edit) {
    StringBuilder out = new StringBuilder("# " + title + "\n\n" + intro + "\n");
    for (Table table : tables) {
      if (tables.size() > 1 && table != tables.get(0)) {
        String heading = table.snake().replace('_', ' ') + "s";
        out.append("\n## ").append(Character.toUpperCase(heading.charAt(0)));
        out.append(heading.substring(1)).append('\n');
      }
      out.append("\n| ").append(String.join(" | ", table.columns()).replace("sflow", "sFlow"));
      out.append(" |\n|").append(" --- |".repeat(table.columns().size())).append('\n');
      for (Row row : table.rows()) {
        List<String> cells = edit.apply(replaced(row.cells(), 1, "`" + row.name() + "`"));
        out.append("| ").append(String.join(" | ", cells)).append(" |\n");
      }
    }
    out.append("\n<!-- ");
    out.append(
        NOTICE.formatted(tables.stream().map(Table::file).collect(Collectors.joining(", "))));
    return out.append(" -->\n").toString();
  }
}
