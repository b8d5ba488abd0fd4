package io.dyetrace.analytics.detect;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One component's sequential test: a cumulative sum of the log-likelihood ratio of its losing the
 * share it lost since some loss, whichever makes the sum largest, against losing what its siblings
 * lose. A packet that passes costs a count; only a loss costs more.
 */
final class LossTest {
  /** Losses kept: ten at 2 nats each prove the smallest share worth a verdict. */
  private static final int MOST_LOSSES = 40;

  /** Whatever it loses less than this often is healthy. */
  private static final double LEAST_SHARE = 1e-3;

  private static final double MOST_SHARE = 0.999;

  /** The same component of everybody: what is usual. */
  static final class Family {
    /** Nobody is better than this: a test that never saw a loss would believe the first. */
    private static final double LEAST_USUAL = 1e-4;

    private static final double MOST_USUAL = 1e-2;

    /** What is usual before anything was seen, and how many packets that counts as. */
    private static final double PRIOR_LOST = 0.3;

    private static final double PRIOR_CROSSED = 1000;

    double crossed;
    double lost;

    /** The share that the others lose. */
    double usual(double ownCrossed, double ownLost) {
      double share =
          (Math.max(0, lost - ownLost) + PRIOR_LOST)
              / (Math.max(0, crossed - ownCrossed) + PRIOR_CROSSED);
      return Math.min(MOST_USUAL, Math.max(LEAST_USUAL, share));
    }
  }

  /** A loss, and how many packets had crossed until it, itself included. */
  private record Entry(Loss loss, long at) {}

  /**
   * The losses that together are the strongest evidence.
   *
   * @param crossed packets that crossed from the first of them until now
   * @param sinceLast of these, after the last loss
   * @param older it is older than what is kept of it
   */
  record Run(List<Loss> losses, long crossed, long sinceLast, double nats, boolean older) {
    static final Run NONE = new Run(List.of(), 0, 0, 0, false);

    /** Lost until the last of them. */
    double share() {
      return losses.isEmpty() ? 0 : Math.min(1, (double) losses.size() / (crossed - sinceLast));
    }

    Loss first() {
      return losses.get(0);
    }

    long lastNs() {
      return losses.stream().mapToLong(Loss::sentNs).max().orElse(Long.MIN_VALUE);
    }

    /**
     * How probable, in nats, it is that it still loses what it lost and the last packets passed.
     */
    double healedNats() {
      return -sinceLast * Math.log1p(-Math.min(MOST_SHARE, share()));
    }
  }

  final LossSide side;
  final String name;
  final Family family;
  private final List<LossTest> parts;
  private final List<Entry> losses = new ArrayList<>();
  private long crossed;

  /** Some of its losses were dropped, to keep the newest. */
  private boolean dropped;

  private double ownCrossed;
  private double ownLost;

  /** It stands accused, or did when last looked at. */
  boolean accused;

  /**
   * Begins with nothing.
   *
   * @param parts the tests of its parts, if it has any
   */
  LossTest(LossSide side, String name, Family family, List<LossTest> parts) {
    this.parts = parts;
    this.side = side;
    this.name = name;
    this.family = family;
  }

  void passed() {
    crossed++;
    ownCrossed++;
    family.crossed++;
  }

  void lost(Loss loss) {
    crossed++;
    ownCrossed++;
    family.crossed++;
    losses.add(new Entry(loss, crossed));
    if (losses.size() > MOST_LOSSES) {
      losses.remove(0);
      dropped = true;
    }
  }

  /** Counts a loss among what is usual, or takes it back. */
  void usually(int lost) {
    ownLost += lost;
    family.lost += lost;
  }

  /** What its siblings lose; of a component of two parts what those of the worse part do. */
  double usual() {
    double usual = 0;
    for (LossTest part : parts) {
      usual = Math.max(usual, part.usual());
    }
    return parts.isEmpty() ? family.usual(ownCrossed, ownLost) : usual;
  }

  boolean isEmpty() {
    return losses.isEmpty();
  }

  List<Loss> losses() {
    return losses.stream().map(Entry::loss).toList();
  }

  /** The strongest evidence among its losses without those that something else explains. */
  Run strongest(Predicate<Loss> explained) {
    double usual = usual();
    double least = Math.max(LEAST_SHARE, 2 * usual);
    int count = 0;
    int from = -1;
    int losses = 0;
    long crossedSince = 0;
    double most = 0;
    for (int i = this.losses.size() - 1; i >= 0; i--) {
      Entry e = this.losses.get(i);
      if (explained.test(e.loss)) {
        continue;
      }
      count++;
      long n = crossed - e.at + 1;
      double share = Math.min(MOST_SHARE, Math.max(least, (double) count / n));
      double nats =
          count * Math.log(share / usual)
              + Math.max(0, n - count) * (Math.log1p(-share) - Math.log1p(-usual));
      if (nats > most) {
        most = nats;
        from = i;
        losses = count;
        crossedSince = n;
      }
    }
    return from < 0 ? Run.NONE : run(from, losses, crossedSince, most, explained);
  }

  private Run run(int from, int count, long n, double nats, Predicate<Loss> explained) {
    List<Loss> run = new ArrayList<>(count);
    long last = crossed;
    for (Entry e : losses.subList(from, losses.size())) {
      if (!explained.test(e.loss)) {
        run.add(e.loss);
        last = e.at;
      }
    }
    return new Run(run, n, crossed - last, nats, dropped && from == 0);
  }

  /** Whether it may have lost this one too, since it began to. */
  boolean explains(Run run, Loss loss) {
    return loss.tests().contains(this) && (run.older || loss.sentNs() >= run.first().sentNs());
  }

  void forget(Predicate<Loss> some) {
    losses.removeIf(e -> some.test(e.loss));
    dropped &= !losses.isEmpty();
  }

  void expire(long oldestNs) {
    losses.removeIf(e -> e.loss.sentNs() < oldestNs);
  }

  /** Makes what is usual half as old as it was: it may change over hours. */
  void age() {
    ownCrossed /= 2;
    ownLost /= 2;
  }

  void write(DataOutput out, Map<Loss, Integer> numbers) throws IOException {
    out.writeLong(crossed);
    out.writeDouble(ownCrossed);
    out.writeDouble(ownLost);
    out.writeBoolean(accused);
    out.writeBoolean(dropped);
    out.writeInt(losses.size());
    for (Entry e : losses) {
      out.writeInt(numbers.getOrDefault(e.loss, -1));
      out.writeLong(e.at);
    }
  }

  /** Reads it; what nobody will ask for again takes no loss. */
  void read(DataInput in, List<Loss> numbered, boolean known) throws IOException {
    crossed = in.readLong();
    ownCrossed = in.readDouble();
    ownLost = in.readDouble();
    accused = in.readBoolean();
    dropped = in.readBoolean();
    for (int n = in.readInt(); n > 0; n--) {
      int number = in.readInt();
      long at = in.readLong();
      @Nullable Loss loss = number >= 0 && number < numbered.size() ? numbered.get(number) : null;
      if (loss != null && known) {
        losses.add(new Entry(loss, at));
        loss.tests().add(this);
      }
    }
  }
}
