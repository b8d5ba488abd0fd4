package io.dyetrace.lab.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FaultBookTest {
  @TempDir Path directory;

  @Test
  void shouldRememberFaultsForLaterCommands() {
    Path file = directory.resolve("faults.json");
    InjectedFault crash = new InjectedFault("node-crash", "gw-2", 1, 2, "gone");
    new FaultBook(file).add(crash);

    FaultBook later = new FaultBook(file);

    assertThat(later.all()).containsExactly(crash);
    assertThat(later.holdsDown("gw-2")).isTrue();
    assertThat(later.holdsDown("gw-3")).isFalse();
    later.remove("node-crash", "gw-2");
    assertThat(new FaultBook(file).all()).isEmpty();
  }

  @Test
  void shouldReplaceAFaultThatIsProvenNow() {
    FaultBook book = new FaultBook(directory.resolve("faults.json"));
    book.add(new InjectedFault("node-jitter", "gw-3", 1, 0, "not proven"));
    book.add(new InjectedFault("node-jitter", "gw-3", 1, 9, "slow"));

    assertThat(book.all()).hasSize(1);
    assertThat(book.all().get(0).proof()).isEqualTo("slow");
  }

  @Test
  void shouldNameWhatAVerdictWillAccuse() {
    assertThat(new InjectedFault("config-error", "gw-4", 1, 2, "").expectedComponent())
        .isEqualTo("vip-web@gw-4");
    assertThat(new InjectedFault("config-error", "vip-api@gw-4", 1, 2, "").expectedComponent())
        .isEqualTo("vip-api@gw-4");
    assertThat(new InjectedFault("node-crash", "gw-2", 1, 2, "").expectedComponent())
        .isEqualTo("gw-2");
  }
}
