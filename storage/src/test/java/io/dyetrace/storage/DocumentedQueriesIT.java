package io.dyetrace.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.dyetrace.storage.client.ClickHouseClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Every query that the documentation shows runs. */
class DocumentedQueriesIT {
  private static final Pattern SQL = Pattern.compile("```sql\n(.*?)```", Pattern.DOTALL);

  @Test
  void shouldRunEveryQueryOfTheHowTo() throws IOException, InterruptedException {
    ClickHouseClient client = TestClickHouse.migrated("it_docs");
    Matcher m = SQL.matcher(Files.readString(Path.of("../docs/how-to/query-drop-reasons.md")));
    int queries = 0;
    while (m.find()) {
      client.query(m.group(1));
      queries++;
    }
    assertThat(queries).isGreaterThanOrEqualTo(5);
  }
}
