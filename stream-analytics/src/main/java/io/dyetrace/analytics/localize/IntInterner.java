package io.dyetrace.analytics.localize;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Gives equal int arrays one number each, counted from 0. */
final class IntInterner {
  private final List<int[]> values = new ArrayList<>();
  private int[] table = new int[1024];

  /** The number of these {@code length} ints; they are copied when they are new. */
  int intern(int[] buffer, int length) {
    if (2 * values.size() >= table.length) {
      grow();
    }
    int mask = table.length - 1;
    int slot = hash(buffer, length) & mask;
    while (table[slot] != 0) {
      int[] value = values.get(table[slot] - 1);
      if (value.length == length && Arrays.equals(value, 0, length, buffer, 0, length)) {
        return table[slot] - 1;
      }
      slot = (slot + 1) & mask;
    }
    values.add(Arrays.copyOf(buffer, length));
    table[slot] = values.size();
    return values.size() - 1;
  }

  int[] get(int number) {
    return values.get(number);
  }

  int size() {
    return values.size();
  }

  private void grow() {
    int[] larger = new int[table.length * 2];
    int mask = larger.length - 1;
    for (int i = 0; i < values.size(); i++) {
      int[] value = values.get(i);
      int slot = hash(value, value.length) & mask;
      while (larger[slot] != 0) {
        slot = (slot + 1) & mask;
      }
      larger[slot] = i + 1;
    }
    table = larger;
  }

  private static int hash(int[] buffer, int length) {
    int hash = length * 0x9E3779B9;
    for (int i = 0; i < length; i++) {
      hash = (hash ^ buffer[i]) * 0x85EBCA6B;
      hash ^= hash >>> 15;
    }
    hash *= 0xC2B2AE35;
    return hash ^ (hash >>> 16);
  }
}
