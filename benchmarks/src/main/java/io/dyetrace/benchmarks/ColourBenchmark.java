package io.dyetrace.benchmarks;

import io.dyetrace.common.colour.Colour;
import io.dyetrace.common.colour.ColourKey;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What a colour costs the prober: made once for each probe and once for its reset. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class ColourBenchmark {
  private static final byte[] PROBER = {(byte) 198, 18, 11, 2};
  private static final byte[] VIP = {(byte) 198, 19, 0, 1};
  private static final long EPOCH = 58_907_520;

  private final ColourKey key = ColourKey.ofHex("000102030405060708090a0b0c0d0e0f").derive(1);
  private final byte[] option = Colour.of(0, 1, 7).sealed(key, EPOCH, PROBER, 20_000, 42).encode();
  private int sequence;

  /** The option of a SYN. */
  @Benchmark
  public byte[] sealAndEncode() {
    return Colour.of(0, 1, sequence++).sealed(key, EPOCH, PROBER, 20_000, 42).encode();
  }

  /** The initial sequence number of a SYN. */
  @Benchmark
  public int initialSequenceNumber() {
    return key.isn(PROBER, 20_000 + (sequence++ & 511), VIP, 80, EPOCH);
  }

  /** What a receiver does with an option. */
  @Benchmark
  public boolean decodeAndVerify() {
    @Nullable Colour colour = Colour.decode(option);
    return colour != null && colour.verifies(key, EPOCH, PROBER, 20_000, 42);
  }
}
