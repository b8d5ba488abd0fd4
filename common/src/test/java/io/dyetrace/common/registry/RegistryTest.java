package io.dyetrace.common.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tables, and the files generated from them. */
class RegistryTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Path TABLES = Path.of("common/src/main/registry");
  @TempDir static Path compiled;

  @TempDir Path copy;

  /** Once, instead of at each start from source. */
  @BeforeAll
  static void compileTheGenerator() {
    String source = ROOT.resolve(TABLES).resolve("GenerateRegistry.java").toString();
    int result =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, "-d", compiled.toString(), source);
    assertThat(result).isZero();
  }

  @Test
  void shouldFindEveryGeneratedFileUpToDate() throws Exception {
    Run run = generate(ROOT, "--check");

    assertThat(run.output()).isEmpty();
    assertThat(run.exitCode()).isZero();
  }

  @Test
  void shouldReportAStaleFile() throws Exception {
    copyTables();
    assertThat(generate(copy).exitCode()).isZero();
    Files.writeString(copy.resolve("docs/reference/drop-reasons.md"), "edited by hand");

    Run run = generate(copy, "--check");

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.output()).contains("docs/reference/drop-reasons.md is stale");
  }

  @Test
  void shouldRefuseACodeThatIsThereTwice() throws Exception {
    append("tiers.tsv", "2\tOTHER\tanother tier");
    assertRefused("tiers.tsv", "code 2 is there twice");
  }

  @Test
  void shouldRefuseANameThatIsThereTwice() throws Exception {
    append("tiers.tsv", "3\tCLB\tanother tier");
    assertRefused("tiers.tsv", "name CLB is there twice");
  }

  @Test
  void shouldRefuseAGapInTheCodes() throws Exception {
    append("tiers.tsv", "4\tOTHER\tanother tier");
    assertRefused("tiers.tsv", "OTHER has code 4, 3 is next");
  }

  @Test
  void shouldRefuseAReasonSflowDoesNotKnow() throws Exception {
    int next = DropReason.values().length;
    append("drop_reasons.tsv", next + "\tNEW_ONE\tbox\tno_such_reason\ta new reason");
    assertRefused("drop_reasons.tsv", "sFlow knows no reason 'no_such_reason'");
  }

  @Test
  void shouldRefuseARowWithAColumnMissing() throws Exception {
    append("trace_points.tsv", "10\tNEW_ONE\ta new point");
    assertRefused("trace_points.tsv", "3 columns, 4 expected");
  }

  @Test
  void shouldFindAConstantByItsCode() {
    for (DropReason reason : DropReason.values()) {
      assertThat(DropReason.fromCode(reason.code())).isSameAs(reason);
    }
    assertThat(TracePoint.fromCode(9)).isSameAs(TracePoint.TX);
    assertThat(FaultClass.fromCode(10)).isSameAs(FaultClass.NO_DATA);
    assertThat(Direction.fromCode(2)).isSameAs(Direction.REPLY);
    assertThat(Tier.fromCode(1)).isSameAs(Tier.EIP);
  }

  @Test
  void shouldReturnNullForACodeOfALaterVersion() {
    assertThat(DropReason.fromCode(-1)).isNull();
    assertThat(DropReason.fromCode(30_000)).isNull();
    assertThat(TracePoint.fromCode(0)).isNull();
    assertThat(TracePoint.nameOf(77)).isEqualTo("CODE_77");
  }

  @Test
  void shouldCarryTheOtherColumns() {
    assertThat(DropReason.NO_VIP.group()).isEqualTo("config");
    assertThat(DropReason.NO_VIP.sflow()).isEqualTo("dst_host_unknown");
    assertThat(DropReason.MIGRATING.sflow()).isNull();
    assertThat(TracePoint.NAT.stamped()).isEqualTo("detail");
    assertThat(FaultClass.NODE_CRASH.severity()).isEqualTo("critical");
  }

  private void assertRefused(String file, String message) throws Exception {
    Run run = generate(copy);

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.output()).contains(file).contains(message);
    assertThat(copy.resolve("docs")).doesNotExist();
  }

  private void append(String table, String line) throws IOException {
    copyTables();
    Path file = copy.resolve(TABLES).resolve(table);
    Files.writeString(file, Files.readString(file) + line + "\n");
  }

  private void copyTables() throws IOException {
    Files.createDirectories(copy.resolve(TABLES));
    try (Stream<Path> files = Files.list(ROOT.resolve(TABLES))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".tsv")).toList()) {
        Files.copy(file, copy.resolve(TABLES).resolve(file.getFileName()));
      }
    }
  }

  private record Run(int exitCode, String output) {}

  private static Run generate(Path root, String... arguments)
      throws IOException, InterruptedException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> command =
        Stream.concat(
                Stream.of(java, "-Xshare:auto", "-cp", compiled.toString(), "GenerateRegistry"),
                Stream.of(arguments))
            .toList();
    Process process =
        new ProcessBuilder(command).directory(root.toFile()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(process.waitFor(), output);
  }
}
