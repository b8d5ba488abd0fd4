package io.dyetrace.analytics.localize;

/** Arithmetic that several classes here need. */
final class Numbers {
  private Numbers() {}

  /** ln of the sum of exponentials. */
  static double logSum(double... values) {
    double most = Double.NEGATIVE_INFINITY;
    for (double value : values) {
      most = Math.max(most, value);
    }
    if (most == Double.NEGATIVE_INFINITY) {
      return most;
    }
    double sum = 0;
    for (double value : values) {
      sum += Math.exp(value - most);
    }
    return most + Math.log(sum);
  }

  /** Turns "members of i" into "the i that have member m"; members repeat in no list. */
  static int[][] invert(int[][] members, int size) {
    int[] counts = new int[size];
    for (int[] list : members) {
      for (int m : list) {
        counts[m]++;
      }
    }
    int[][] inverse = new int[size][];
    for (int m = 0; m < size; m++) {
      inverse[m] = new int[counts[m]];
      counts[m] = 0;
    }
    for (int i = 0; i < members.length; i++) {
      for (int m : members[i]) {
        inverse[m][counts[m]++] = i;
      }
    }
    return inverse;
  }

  /** Whether two ascending lists have a member in common. */
  static boolean intersect(int[] a, int[] b) {
    int i = 0;
    int j = 0;
    while (i < a.length && j < b.length) {
      if (a[i] == b[j]) {
        return true;
      }
      if (a[i] < b[j]) {
        i++;
      } else {
        j++;
      }
    }
    return false;
  }
}
