package io.dyetrace.analytics.detect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SnapshotOutputTest {
  private static final long NOW_NS = 1_790_000_000_000_000_000L;

  private interface Writing {
    void to(SnapshotOutput out) throws IOException;
  }

  private static byte[] written(Writing writing) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    SnapshotOutput out = new SnapshotOutput(bytes, NOW_NS);
    writing.to(out);
    out.flush();
    return bytes.toByteArray();
  }

  @Test
  void shouldGiveBackEveryLong() throws IOException {
    long[] values = {
      0,
      1,
      -1,
      NOW_NS,
      NOW_NS - 14_000_000_000L,
      NOW_NS + 1,
      -NOW_NS,
      1L << 60,
      -(1L << 60),
      (1L << 60) - 1,
      Long.MAX_VALUE,
      Long.MIN_VALUE,
      Long.MIN_VALUE + 1,
      Long.MAX_VALUE - 1
    };
    long[] random = new SplittableRandom(7).longs(1000).toArray();
    for (int i = 0; i < random.length; i++) {
      random[i] >>= i % Long.SIZE; // of every size
    }
    for (long[] all : new long[][] {values, random}) {
      byte[] bytes =
          written(
              out -> {
                for (long v : all) {
                  out.writeLong(v);
                }
              });
      SnapshotInput in = new SnapshotInput(bytes, 0);
      for (long v : all) {
        assertThat(in.readLong()).isEqualTo(v);
      }
    }
  }

  @Test
  void shouldGiveBackEverythingElseInItsOrder() throws IOException {
    byte[] bytes =
        written(
            out -> {
              out.writeUTF("gw-1");
              out.writeInt(Integer.MIN_VALUE);
              out.writeUTF("");
              out.writeUTF("gw-1");
              out.writeBoolean(true);
              out.writeDouble(-0.1);
              out.write(new byte[] {1, 2, 3});
              out.writeUTF("");
              out.writeInt(65_535);
              out.writeByte(-2);
              out.writeShort(-3);
              out.writeChar('\uffff');
              out.writeFloat(0.5f);
            });
    SnapshotInput in = new SnapshotInput(bytes, 0);
    assertThat(in.readUTF()).isEqualTo("gw-1");
    assertThat(in.readInt()).isEqualTo(Integer.MIN_VALUE);
    assertThat(in.readUTF()).isEmpty();
    assertThat(in.readUTF()).isEqualTo("gw-1");
    assertThat(in.readBoolean()).isTrue();
    assertThat(in.readDouble()).isEqualTo(-0.1);
    byte[] three = new byte[3];
    in.readFully(three);
    assertThat(three).containsExactly(1, 2, 3);
    assertThat(in.readUTF()).isEmpty();
    assertThat(in.readInt()).isEqualTo(65_535);
    assertThat(in.readByte()).isEqualTo((byte) -2);
    assertThat(in.readShort()).isEqualTo((short) -3);
    assertThat(in.readChar()).isEqualTo('\uffff');
    assertThat(in.readFloat()).isEqualTo(0.5f);
  }

  @Test
  void shouldWriteANameOnceAndATimeThatIsNearInFewBytes() throws IOException {
    byte[] one = written(out -> out.writeUTF("a-node-with-quite-a-long-name"));
    byte[] thousand =
        written(
            out -> {
              for (int i = 0; i < 1000; i++) {
                out.writeUTF("a-node-with-quite-a-long-name");
                out.writeLong(NOW_NS - i * 1_000_000L);
              }
            });
    assertThat(thousand.length - one.length).isLessThanOrEqualTo(1000 * (1 + 5));
  }

  @Test
  void shouldTellWhereItIsCutShort() throws IOException {
    byte[] whole =
        written(
            out -> {
              out.writeUTF("gw-1");
              out.writeLong(Long.MAX_VALUE);
              out.writeDouble(1);
            });
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(
              () -> {
                SnapshotInput in = new SnapshotInput(cut, 0);
                in.readUTF();
                in.readLong();
                in.readDouble();
              })
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void shouldRefuseANameThatWasNotWrittenAndANumberOfNoKind() throws IOException {
    byte[] name = written(out -> out.writeInt(-1)); // as bytes: name 1, and none came before
    assertThatThrownBy(() -> new SnapshotInput(name, 0).readUTF())
        .hasMessageContaining("name 1 where there were 0");
    byte[] number = written(out -> out.writeInt(-2)); // as bytes: 3, which is no mode
    assertThatThrownBy(() -> new SnapshotInput(number, 0).readLong())
        .hasMessageContaining("unknown kind 3");
  }
}
