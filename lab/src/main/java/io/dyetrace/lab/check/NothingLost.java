package io.dyetrace.lab.check;

import io.dyetrace.lab.Lab;
import io.dyetrace.lab.observe.ClickHouse;
import io.dyetrace.lab.observe.Ledger;

/** The books, after whatever happened to the lab so far. */
final class NothingLost implements Check {
  /** What Kafka took less than so long ago need not be stored yet. */
  static final int GRACE_SECONDS = 15;

  @Override
  public String name() {
    return "nothing-lost";
  }

  @Override
  public String claim() {
    return "every probe and point row is in ClickHouse exactly once";
  }

  @Override
  public CheckResult run(Lab lab) {
    CheckResult.Builder result = CheckResult.builder();
    audit(result);
    return result.build();
  }

  static void audit(CheckResult.Builder result) {
    Ledger ledger = Ledger.close(new ClickHouse(), GRACE_SECONDS);
    result
        .measured("probe_rows", ledger.probes())
        .measured("point_rows", ledger.points())
        .measured("lost", ledger.lost().size())
        .measured("doubled", ledger.doubled().size())
        .measured("invented", ledger.invented().size())
        .measured("gaps", ledger.gaps().size())
        .require(ledger.probes() > 0 && ledger.points() > 0, "nothing is stored at all")
        .require(ledger.lost().isEmpty(), "lost: %s", Ledger.some(ledger.lost()))
        .require(ledger.doubled().isEmpty(), "doubled: %s", Ledger.some(ledger.doubled()))
        .require(ledger.invented().isEmpty(), "invented: %s", Ledger.some(ledger.invented()))
        .require(ledger.gaps().isEmpty(), "gaps: %s", Ledger.some(ledger.gaps()));
  }
}
