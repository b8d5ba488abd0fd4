package io.dyetrace.alerting;

import io.dyetrace.common.record.ComponentKind;
import io.dyetrace.common.record.Evidence;
import io.dyetrace.common.record.Verdict;
import io.dyetrace.common.record.VerdictState;
import io.dyetrace.common.registry.FaultClass;

/** Verdicts as the analytics would write them. */
final class Verdicts {
  static final long FIRST_BAD_NS = 1_700_000_000_000_000_000L;

  private Verdicts() {}

  static Verdict.Builder nodeCrash(String node, int revision, VerdictState state) {
    return Verdict.newBuilder()
        .setSchemaVersion(1)
        .setFaultId("NODE_CRASH/" + node)
        .setOccurrenceId("NODE_CRASH/" + node + "/" + FIRST_BAD_NS)
        .setRevision(revision)
        .setFaultClass(FaultClass.NODE_CRASH.code())
        .setComponentKind(ComponentKind.NODE)
        .setComponent(node)
        .setState(state)
        .setFirstBadNs(FIRST_BAD_NS)
        .setDetectedNs(FIRST_BAD_NS + 5_000_000_000L)
        .setConfidence(0.99)
        .addEvidence(
            Evidence.newBuilder()
                .setSummary("8 of 8 probes through " + node + " lost since 10:00:00"))
        .addHealthySiblings("gw-1")
        .addAffectedVips("vip-web")
        .setAffectedProbeShare(0.25)
        .setRegion("lab")
        .setZone("lab-a")
        .setRack("rack-1")
        .setCluster("lab");
  }
}
