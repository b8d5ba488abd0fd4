package io.dyetrace.storage.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class SqlTextTest {
  private static SqlText of(String sql) {
    return SqlText.of(sql.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void shouldFindTheFormatAtTheEnd() {
    assertThat(of("SELECT 1 FORMAT JSON").format()).isEqualTo("JSON");
    assertThat(of("select 1 format JSONEachRow ;\n").format()).isEqualTo("JSONEachRow");
    assertThat(of("SELECT 1 FORMAT TSV SETTINGS max_threads = 1").format()).isEqualTo("TSV");
    assertThat(of("SELECT 1 FORMAT JSON -- as text").format()).isEqualTo("JSON");
  }

  @Test
  void shouldNotTakeLiteralsNamesOrCommentsForAFormat() {
    assertThat(of("SELECT 'FORMAT JSON'").format()).isNull();
    assertThat(of("SELECT 1 -- FORMAT JSON").format()).isNull();
    assertThat(of("SELECT 1 /* FORMAT JSON */").format()).isNull();
    assertThat(of("SELECT 'it\\'s FORMAT JSON'").mentionsFormat()).isFalse();
    assertThat(of("SELECT format, x FROM t").format()).isNull();
    assertThat(of("SELECT format, x FROM t").mentionsFormat()).isTrue();
  }

  @Test
  void shouldTellKindsOfStatements() {
    assertThat(of(" /* a */ -- b\n (SELECT 1)").isSelect()).isTrue();
    assertThat(of("WITH 1 AS x SELECT x").isSelect()).isTrue();
    assertThat(of("insert into t values (1)").isInsert()).isTrue();
    assertThat(of("  -- nothing\n").isEmpty()).isTrue();
  }

  private static String insertOf(String sql) {
    SqlText.InsertWithData insert = of(sql).insertWithData();
    return insert == null
        ? "none"
        : sql.substring(0, insert.statementBytes()).strip()
            + "|"
            + insert.format()
            + "|"
            + sql.substring(insert.dataOffset());
  }

  @Test
  void shouldFindWhereTheDataOfAnInsertBegins() {
    assertThat(insertOf("INSERT INTO t FORMAT TSV\n\n1\n")).isEqualTo("INSERT INTO t|TSV|\n1\n");
    assertThat(insertOf("INSERT INTO t FORMAT RowBinary\n ;\n"))
        .isEqualTo("INSERT INTO t|RowBinary| ;\n");
    assertThat(insertOf("insert into t (format, values) settings a=1 format CSV 1,2"))
        .isEqualTo("insert into t (format, values) settings a=1|CSV|1,2");
    assertThat(insertOf("INSERT INTO `format` VALUES (1), (2)"))
        .isEqualTo("INSERT INTO `format`|Values| (1), (2)");
    assertThat(insertOf("INSERT INTO t SELECT 1 FORMAT JSON")).isEqualTo("none");
    assertThat(insertOf("INSERT INTO t WITH 1 AS x SELECT x")).isEqualTo("none");
  }

  @Test
  void shouldTellSeveralStatements() {
    assertThat(of("SELECT 1; SELECT 2").isSeveral()).isTrue();
    assertThat(of("SELECT ';a' ; -- end\n").isSeveral()).isFalse();
  }

  @Test
  void shouldSeeThatAStatementWouldTouchFilesOfTheHost() {
    assertThat(of("SELECT 1 INTO  OUTFILE '/etc/x'").touchesHostFiles()).isTrue();
    assertThat(of("INSERT INTO t FROM INFILE 'x' FORMAT CSV").touchesHostFiles()).isTrue();
    assertThat(of("SELECT 1 INTO/**/OUTFILE '/etc/x'").touchesHostFiles()).isTrue();
    assertThat(of("SELECT 'INTO OUTFILE'").touchesHostFiles()).isFalse();
  }
}
