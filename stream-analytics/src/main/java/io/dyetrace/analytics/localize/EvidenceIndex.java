package io.dyetrace.analytics.localize;

/** Which observations meet which component; the same for every background. */
final class EvidenceIndex {
  final int[][] rowsOf;
  final int[][] setsOf;
  final int[][] lossyOf;
  final int[][] lossyOfSet;

  EvidenceIndex(Evidence evidence) {
    int components = evidence.topology.components();
    rowsOf = Numbers.invert(evidence.rowComponents, components);
    int[][] setComponents = new int[evidence.sets.length][];
    for (int s = 0; s < setComponents.length; s++) {
      setComponents[s] = evidence.sets[s].components;
    }
    setsOf = Numbers.invert(setComponents, components);
    lossyOf = Numbers.invert(evidence.lossyShared, components);
    int[][] setOf = new int[evidence.lossySet.length][];
    for (int o = 0; o < setOf.length; o++) {
      setOf[o] = new int[] {evidence.lossySet[o]};
    }
    lossyOfSet = Numbers.invert(setOf, evidence.sets.length);
  }
}
