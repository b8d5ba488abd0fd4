package io.dyetrace.prober;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PortRotationTest {
  private static final long REST_NS = 120;

  @Test
  void shouldGiveEveryPortOnceAPassAndNeverEarlierThanTheDistance() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int run = 0; run < 50; run++) {
      int count = 1 + random.nextInt(600);
      int distance = 1 + random.nextInt(count);
      PortRotation rotation = new PortRotation(count, distance, 0, random);
      int[] last = new int[count];
      Arrays.fill(last, -distance);
      for (int pass = 0; pass < 5; pass++) {
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < count; i++) {
          int draw = pass * count + i;
          int port = rotation.next(draw);
          assertThat(draw - last[port])
              .as("seed %d, count %d, distance %d", seed, count, distance)
              .isGreaterThanOrEqualTo(distance);
          last[port] = draw;
          seen.add(port);
        }
        assertThat(seen).as("seed %d", seed).hasSize(count);
      }
    }
  }

  @Test
  void shouldGiveAnotherOrderEachPass() {
    PortRotation rotation = new PortRotation(512, 386, 0, new Random(1));
    int[] first = new int[512];
    int[] second = new int[512];
    Arrays.setAll(first, i -> rotation.next(i));
    Arrays.setAll(second, i -> rotation.next(512 + i));
    assertThat(second).isNotEqualTo(first);
  }

  @Test
  void shouldGiveNoPortThatHasNotRestedByTheClock() {
    PortRotation rotation = new PortRotation(3, 1, REST_NS, new Random(1));
    Set<Integer> given = Set.of(rotation.next(0), rotation.next(1), rotation.next(2));
    assertThat(given).containsExactlyInAnyOrder(0, 1, 2);
    assertThat(rotation.next(119)).isEqualTo(-1);
    assertThat(rotation.next(120)).isNotEqualTo(-1);
    assertThat(rotation.next(120)).isEqualTo(-1);
  }

  @Test
  void shouldLetPortsOfAnEarlierProberRestFirst() {
    PortRotation rotation = new PortRotation(4, 3, REST_NS, new Random(1));
    rotation.restore(new long[] {-10, PortRotation.NEVER, -110, -60});
    assertThat(rotation.next(0)).isEqualTo(1);
    assertThat(rotation.next(5)).isEqualTo(-1);
    assertThat(rotation.next(10)).isEqualTo(2);
  }

  @Test
  void shouldRefuseADistanceThatThePortsCannotKeep() {
    assertThatThrownBy(() -> new PortRotation(10, 11, 0, new Random(1)))
        .hasMessageContaining("11 is not within 1 and 10");
  }
}
