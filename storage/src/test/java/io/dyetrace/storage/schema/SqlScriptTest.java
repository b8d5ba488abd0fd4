package io.dyetrace.storage.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SqlScriptTest {
  @Test
  void shouldSplitAtSemicolonsOutsideQuotesAndDropComments() {
    assertThat(
            SqlScript.statements(
                "-- first; not a statement\nSELECT ';';\nSELECT 'it''s; \\'fine', `a;b`;\n;\n-- end\n"))
        .containsExactly("SELECT ';'", "SELECT 'it''s; \\'fine', `a;b`");
  }

  @Test
  void shouldRefuseAnOpenQuote() {
    assertThatThrownBy(() -> SqlScript.statements("SELECT 'x"))
        .hasMessageContaining("does not close");
  }
}
