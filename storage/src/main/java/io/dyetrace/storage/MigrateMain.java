package io.dyetrace.storage;

import io.dyetrace.common.config.Check;
import io.dyetrace.common.config.ConfigException;
import io.dyetrace.storage.client.ClickHouseClient;
import io.dyetrace.storage.schema.Migrations;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ./dyetrace migrate}: brings the ClickHouse schema up to date. */
@Command(
    name = "dyetrace migrate",
    mixinStandardHelpOptions = true,
    description = "Brings the ClickHouse schema up to date; safe to run at any time.")
public final class MigrateMain implements Callable<Integer> {
  private static final long POLL_MS = 200;

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--retention-days",
      paramLabel = "DAYS",
      defaultValue = "90",
      description = "raw rows may go after so many days (default: ${DEFAULT-VALUE})")
  private int retentionDays;

  @Option(
      names = "--wait-seconds",
      paramLabel = "SECONDS",
      defaultValue = "30",
      description = "wait so long for ClickHouse to answer (default: ${DEFAULT-VALUE})")
  private int waitSeconds;

  private MigrateMain() {}

  /** Starts it. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new MigrateMain()).execute(args));
  }

  @Override
  public Integer call() throws InterruptedException {
    ConnectionOptions.Connection to;
    try {
      to = connection.connection();
      Check.range("--retention-days", retentionDays, 1, Migrations.MAX_RETENTION_DAYS);
    } catch (ConfigException e) {
      System.err.println("dyetrace migrate: " + e.getMessage());
      return 2;
    }
    ClickHouseClient client = to.client();
    try {
      awaitReachable(client);
      int run = new Migrations(client, to.database(), retentionDays).run();
      System.err.println(
          "dyetrace migrate: database "
              + to.database()
              + " at "
              + to.url()
              + " is up to date, "
              + run
              + " migrations run");
      return 0;
    } catch (IOException e) {
      System.err.println("dyetrace migrate: " + e.getMessage());
      return 1;
    }
  }

  private void awaitReachable(ClickHouseClient client) throws IOException, InterruptedException {
    long deadlineNs = System.nanoTime() + waitSeconds * 1_000_000_000L;
    while (!client.isReachable()) {
      if (System.nanoTime() - deadlineNs > 0) {
        // The error that says why.
        client.inDatabase("").query("SELECT 1");
        return;
      }
      Thread.sleep(POLL_MS);
    }
  }
}
