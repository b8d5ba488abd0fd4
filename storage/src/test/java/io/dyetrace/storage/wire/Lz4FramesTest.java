package io.dyetrace.storage.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class Lz4FramesTest {
  private static final long SEED = 20_260_801;

  private static byte[] unpack(byte[] frames) throws IOException {
    return Lz4Frames.unpacking(new ByteArrayInputStream(frames)).readAllBytes();
  }

  private static byte[] random(int bytes, int range) {
    Random random = new Random(SEED);
    byte[] data = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      data[i] = (byte) random.nextInt(range);
    }
    return data;
  }

  @Test
  void shouldUnpackWhatItPacks() throws IOException {
    for (int bytes : new int[] {0, 1, 1_000, 256 * 1024, 256 * 1024 + 1, 3_000_000}) {
      byte[] data = random(bytes, bytes % 2 == 0 ? 4 : 256);
      assertThat(unpack(Lz4Frames.pack(data, bytes))).as("%d bytes", bytes).isEqualTo(data);
    }
  }

  @Test
  void shouldUnpackWhatAStreamPacks() throws IOException {
    byte[] data = random(700_001, 16);
    ByteArrayOutputStream frames = new ByteArrayOutputStream();
    try (OutputStream out = Lz4Frames.packing(frames)) {
      out.write(data, 0, 1);
      out.write(data[1]);
      out.write(data, 2, data.length - 2);
    }
    assertThat(unpack(frames.toByteArray())).isEqualTo(data);
  }

  @Test
  void shouldRefuseDamagedFrames() {
    byte[] frames = Lz4Frames.pack(random(5_000, 16), 5_000);
    byte[] flipped = frames.clone();
    flipped[40] ^= 1;
    assertThatThrownBy(() -> unpack(flipped)).hasMessageContaining("checksum");
    assertThatThrownBy(() -> unpack(Arrays.copyOf(frames, frames.length - 1)))
        .isInstanceOf(EOFException.class);
    assertThatThrownBy(() -> unpack(Arrays.copyOf(frames, 7))).isInstanceOf(EOFException.class);
    byte[] zstd = frames.clone();
    zstd[16] = (byte) 0x90;
    assertThatThrownBy(() -> unpack(zstd)).hasMessageContaining("0x90");
    byte[] huge = frames.clone();
    huge[24] = 0x7f;
    assertThatThrownBy(() -> unpack(huge)).hasMessageContaining("out of range");
  }
}
