package io.dyetrace.gateway.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dyetrace.common.record.NodeActions;
import io.dyetrace.common.record.Point;
import io.dyetrace.common.record.ProbeKeyState;
import io.dyetrace.gateway.Ringtool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TelemetryFileTest {
  @TempDir private Path directory;
  private final RecordBurst burst = new RecordBurst(512);

  @BeforeAll
  static void needTheLibrary() {
    Ringtool.assumeBuilt();
  }

  @Test
  void shouldReadWhatTheGatewayWrote() throws IOException {
    try (Ringtool gateway = produce(100);
        TelemetryFile file = TelemetryFile.open(gateway.file())) {
      assertThat(file.bootId()).isEqualTo(42);
      assertThat(file.ringCount()).isEqualTo(3);
      assertThat(file.head(1)).isEqualTo(100);
      assertThat(file.capacity(1)).isEqualTo(1024);
      assertThat(file.lost(1)).isZero();
      assertThat(file.alive()).isTrue();

      file.read(1, 0, burst);

      assertThat(burst.size()).isEqualTo(100);
      Point point = burst.point(6, file);
      assertThat(burst.type(6)).isEqualTo(RecordBurst.Type.POINT);
      assertThat(point.getRingSequence()).isEqualTo(7);
      assertThat(point.getWorker()).isEqualTo(1);
      assertThat(point.getProbeSequence()).isEqualTo(7);
      assertThat(point.getProberId()).isEqualTo(1);
      assertThat(point.getKeyState()).isEqualTo(ProbeKeyState.KEY_VERIFIED);
      assertThat(point.getVip()).isEqualTo("vip-web");
      assertThat(point.getBackend()).isEqualTo("rs-1-web");
      assertThat(point.getSourceAddress().toByteArray())
          .containsExactly((byte) 198, (byte) 18, (byte) 11, (byte) 2);
      assertThat(point.getDestinationAddress().toByteArray())
          .containsExactly((byte) 198, (byte) 19, (byte) 0, (byte) 1);
      assertThat(point.getSourcePort()).isEqualTo(20_007);
      assertThat(point.getDestinationPort()).isEqualTo(80);
      assertThat(point.getPacketBytes()).isEqualTo(74);
      assertThat(point.getDwellNs()).isEqualTo(1_500);
      assertThat(point.getTcpFlags()).isEqualTo(2);
      assertThat(point.getTimeNs()).isGreaterThan(1_700_000_000_000_000_000L);
    }
  }

  @Test
  void shouldReadCountersOfEveryKind() throws IOException {
    try (Ringtool gateway = produce(10);
        TelemetryFile file = TelemetryFile.open(gateway.file())) {
      file.read(2, 0, burst);

      int last =
          burst.size() - 5; // the counters after the last point: node, VIP, drop, two workers
      assertThat(burst.type(last - 1)).isEqualTo(RecordBurst.Type.NODE_ACTIONS);
      assertThat(burst.timeNs(last - 1)).isEqualTo(burst.node(last).getTimeNs());
      assertThat(burst.actions(last - 1))
          .isEqualTo(
              NodeActions.newBuilder()
                  .setColourRecognised(10)
                  .setHandedOver(20)
                  .setIcmpErrorsSent(3)
                  .setPacketsMade(4)
                  .setPacketsConsumed(5)
                  .setToaTold(60)
                  .setToaLate(7)
                  .setToaUntold(8)
                  .build());
      assertThat(burst.node(last).getColourVerified()).isEqualTo(10);
      assertThat(burst.node(last).getSessionCapacity()).isEqualTo(1_024);
      assertThat(burst.vip(last + 1, file).getVip()).isEqualTo("vip-web");
      assertThat(burst.vip(last + 1, file).getBytes()).isEqualTo(740);
      assertThat(burst.drop(last + 2, file).getVip()).isEmpty();
      assertThat(burst.drop(last + 2, file).getReason()).isEqualTo(12);
      assertThat(burst.worker(last + 4).getWorker()).isEqualTo(1);
      assertThat(burst.worker(last + 4).getPointsWritten()).isEqualTo(10);
      assertThat(burst.worker(last + 4).getLongestPollGapNs()).isEqualTo(100_000);
    }
  }

  @Test
  void shouldGoOnWhereTheConsumerBeforeLeftOff() throws IOException {
    try (Ringtool gateway = produce(100)) {
      try (TelemetryFile file = TelemetryFile.open(gateway.file())) {
        file.commit(0, 60);
      }
      try (TelemetryFile file = TelemetryFile.open(gateway.file())) {
        assertThat(file.tail(0)).isEqualTo(60);
        file.read(0, 60, burst);
        assertThat(burst.size()).isEqualTo(40);
        assertThat(burst.sequence(0)).isEqualTo(61);
      }
    }
  }

  @Test
  void shouldTellThatTheGatewayIsGone() throws IOException {
    try (Ringtool gateway = produce(1);
        TelemetryFile file = TelemetryFile.open(gateway.file())) {
      gateway.kill();
      assertThat(file.alive()).isFalse();
    }
  }

  @Test
  void shouldLetOneConsumerInAtATime() throws IOException {
    try (Ringtool gateway = produce(1);
        TelemetryFile file = TelemetryFile.open(gateway.file())) {
      assertThat(file.ringCount()).isEqualTo(3);
      assertThatThrownBy(() -> TelemetryFile.open(gateway.file()))
          .isInstanceOf(TelemetryFileBusyException.class);
    }
  }

  @Test
  void shouldRefuseArgumentsOutOfRange() throws IOException {
    try (Ringtool gateway = produce(10);
        TelemetryFile file = TelemetryFile.open(gateway.file())) {
      assertThatThrownBy(() -> file.read(3, 0, burst)).hasMessageContaining("ring 3");
      assertThatThrownBy(() -> file.read(-1, 0, burst)).hasMessageContaining("ring -1");
      assertThatThrownBy(() -> file.read(0, 11, burst)).hasMessageContaining("out of range");
      assertThatThrownBy(() -> file.read(0, -1, burst)).hasMessageContaining("out of range");
      assertThatThrownBy(() -> file.commit(0, 11)).hasMessageContaining("out of range");
      assertThat(file.vipName(-1)).isEmpty();
      assertThat(file.vipName(4_096)).isEmpty();
      file.read(0, 0, burst);
      assertThatThrownBy(() -> burst.sequence(10)).isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void shouldValidateOnTheNativeSideToo() throws IOException {
    try (Ringtool gateway = produce(10)) {
      long handle = TelemetryNative.open(gateway.file());
      ByteBuffer small = ByteBuffer.allocateDirect(100);
      assertThatThrownBy(() -> TelemetryNative.read(handle, 0, 0, small, 1))
          .hasMessageContaining("out of range");
      assertThatThrownBy(() -> TelemetryNative.read(handle, 0, 0, ByteBuffer.allocate(1_024), 1))
          .hasMessageContaining("out of range");
      assertThatThrownBy(() -> TelemetryNative.read(handle, 0, 0, burst.buffer(), -1))
          .hasMessageContaining("out of range");
      assertThatThrownBy(
              () -> TelemetryNative.read(handle, 0, 0, burst.buffer(), Integer.MAX_VALUE))
          .hasMessageContaining("out of range");
      assertThatThrownBy(() -> TelemetryNative.status(handle, small))
          .hasMessageContaining("out of range");
      assertThatThrownBy(() -> TelemetryNative.name(handle, 2, 0, small))
          .hasMessageContaining("out of range");
      TelemetryNative.close(handle);
    }
  }

  @Test
  void shouldNotBeUsedAfterItWasClosed() throws IOException {
    try (Ringtool gateway = produce(10)) {
      TelemetryFile file = TelemetryFile.open(gateway.file());
      file.close();
      file.close();
      assertThatThrownBy(file::refresh).hasMessageContaining("closed");
      assertThatThrownBy(() -> file.read(0, 0, burst)).hasMessageContaining("closed");
      assertThatThrownBy(file::alive).hasMessageContaining("closed");
    }
  }

  @Test
  void shouldRefuseAHostileFile() throws IOException {
    Path file = directory.resolve("gw-1-00000000000000000001.rings");
    assertThatThrownBy(() -> TelemetryFile.open(file)).isInstanceOf(NoSuchFileException.class);
    Files.write(file, new byte[10]);
    assertThatThrownBy(() -> TelemetryFile.open(file)).isInstanceOf(TelemetryFileException.class);
    Files.write(file, new byte[4 << 20]);
    assertThatThrownBy(() -> TelemetryFile.open(file)).isInstanceOf(TelemetryFileException.class);
  }

  @Test
  void shouldNoticeAFileThatIsCutShort() throws IOException {
    try (Ringtool gateway = produce(10);
        TelemetryFile file = TelemetryFile.open(gateway.file())) {
      gateway.kill();
      try (FileChannel channel = FileChannel.open(gateway.file(), StandardOpenOption.WRITE)) {
        channel.truncate(4_096);
      }
      assertThatThrownBy(file::refresh).isInstanceOf(TelemetryFileException.class);
      assertThatThrownBy(() -> file.read(0, 0, burst)).isInstanceOf(TelemetryFileException.class);
      assertThatThrownBy(() -> file.vipName(0)).isInstanceOf(TelemetryFileException.class);
    }
  }

  private Ringtool produce(int points) {
    return Ringtool.produce(
            directory,
            "gw-1",
            "--workers=2",
            "--ring-records=1024",
            "--boot-id=42",
            "--count=" + points)
        .awaitWritten();
  }
}
