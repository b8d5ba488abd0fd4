package io.dyetrace.storage;

import io.dyetrace.common.config.ConfigException;
import io.dyetrace.storage.client.ClickHouseClient;
import io.dyetrace.storage.client.ClickHouseException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code ./dyetrace sql "SELECT …"}: runs one statement and prints its result, as a table or, with
 * {@code --json}, one JSON object a row.
 */
@Command(
    name = "dyetrace sql",
    mixinStandardHelpOptions = true,
    description = "Runs one statement in ClickHouse and prints its result.",
    footer = {
      "",
      "The rows go to standard output, how many and how long to standard error.",
      "A statement that ends in FORMAT … is printed as ClickHouse formats it.",
      "Exit status: 0 done, 1 ClickHouse refused it or does not answer, 2 wrong options.",
      "",
      "  ./dyetrace sql \"SELECT point, count() FROM trace_points GROUP BY point\"",
      "  ./dyetrace sql --json \"SELECT * FROM verdicts_current\""
    })
public final class SqlMain implements Callable<Integer> {
  private static final int MAX_TABLE_ROWS = 10_000;

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Parameters(paramLabel = "STATEMENT", description = "in ClickHouse's SQL; - reads standard input")
  private String statement = "";

  @Option(names = "--json", description = "one JSON object a row, a line each")
  private boolean json;

  private SqlMain() {}

  /** Starts it. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new SqlMain()).execute(args));
  }

  @Override
  public Integer call() throws InterruptedException {
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    try {
      String sql =
          statement.equals("-")
              ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8)
              : statement;
      ConnectionOptions.Connection to = connection.connection();
      int status = run(to.client(), sql, out);
      out.flush();
      return status;
    } catch (ConfigException e) {
      System.err.println("dyetrace sql: " + e.getMessage());
      return 2;
    } catch (ClickHouseException e) {
      out.flush();
      System.err.println("dyetrace sql: " + e.getMessage());
      if (e.code() == 81) {
        System.err.println("dyetrace sql: './dyetrace migrate' makes the database and its tables");
      }
      return 1;
    } catch (IOException e) {
      out.flush();
      System.err.println("dyetrace sql: " + e.getMessage());
      System.err.println(
          "dyetrace sql: is ClickHouse running? './dyetrace lab up' starts the lab's,"
              + " --url or DYETRACE_CLICKHOUSE_URL names another");
      return 1;
    }
  }

  private int run(ClickHouseClient client, String sql, PrintStream out)
      throws IOException, InterruptedException {
    long startedNs = System.nanoTime();
    Map<String, String> settings = new LinkedHashMap<>();
    if (json) {
      // Plain numbers: a 64-bit value in quotes would be text to the program that reads it.
      settings.put("output_format_json_quote_64bit_integers", "0");
    }
    String format = json ? "JSONEachRow" : "TabSeparatedWithNamesAndTypes";
    settings.put("default_format", format);
    long rows = -1;
    try (ClickHouseClient.Result result = client.stream(sql, settings);
        InputStream body = result.body()) {
      if (!result.format().equals(format)) {
        body.transferTo(out);
      } else if (json) {
        rows = copyLines(body, out);
      } else {
        rows = new TextTable(MAX_TABLE_ROWS).print(reader(body), out);
      }
    }
    out.flush();
    double seconds = (System.nanoTime() - startedNs) / 1e9;
    System.err.printf(
        rows < 0 ? "done in %2$.3f s%n" : rows == 1 ? "%d row in %.3f s%n" : "%d rows in %.3f s%n",
        rows,
        seconds);
    return 0;
  }

  private static BufferedReader reader(InputStream body) {
    return new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
  }

  private static long copyLines(InputStream body, PrintStream out) throws IOException {
    BufferedReader lines = reader(body);
    long rows = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      out.println(line);
      rows++;
    }
    return rows;
  }
}
