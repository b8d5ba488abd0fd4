package io.dyetrace.prober;

import java.io.EOFException;
import java.sql.Timestamp;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.pcap4j.core.BpfProgram.BpfCompileMode;
import org.pcap4j.core.NotOpenException;
import org.pcap4j.core.PcapHandle;
import org.pcap4j.core.PcapHandle.BlockingMode;
import org.pcap4j.core.PcapHandle.TimestampPrecision;
import org.pcap4j.core.PcapNativeException;
import org.pcap4j.core.PcapNetworkInterface.PromiscuousMode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A wire on a network interface. One handle sends and another captures, because a handle does not
 * see what it sends itself: so the SYN's time comes from the same capture as its reply's. A handle
 * that breaks (the interface went away) is opened again each second.
 */
final class PcapWire implements Wire {
  /** Enough for an ICMP error with the longest headers that it can quote. */
  static final int CAPTURE_BYTES = 256;

  private static final Logger LOG = LoggerFactory.getLogger(PcapWire.class);
  private static final int CAPTURE_BUFFER_BYTES = 4 << 20;
  private static final int WAIT_MS = 1;
  private static final long REOPEN_NS = TimeUnit.SECONDS.toNanos(1);
  private static final long STATISTICS_NS = TimeUnit.SECONDS.toNanos(1);

  /** An experimental EtherType nobody sends: the sending handle must not fill a capture ring. */
  private static final String NOTHING = "ether proto 0x88b5";

  private final String interfaceName;
  private final String filter;
  private @Nullable PcapHandle sender;
  private @Nullable PcapHandle capture;
  private @Nullable String failure;
  private @Nullable String untoldFailure;
  private long reopenAtNs;
  private long statisticsAtNs;
  private long droppedBefore;
  private volatile long dropped;

  private PcapWire(String interfaceName, String filter) {
    this.interfaceName = interfaceName;
    this.filter = filter;
  }

  /**
   * Opens the interface.
   *
   * @throws PcapNativeException when it is not there or the privilege is missing
   */
  static PcapWire open(String interfaceName, String filter) throws PcapNativeException {
    PcapWire wire = new PcapWire(interfaceName, filter);
    try {
      wire.openHandles();
    } catch (PcapNativeException e) {
      wire.close();
      throw e;
    }
    return wire;
  }

  /** The capture filter of a prober: its own SYNs, TCP to its ports, and ICMP. */
  static String filter(String address, int firstPort, int lastPort) {
    String range = firstPort + "-" + lastPort;
    return "(ip src host "
        + address
        + " and tcp src portrange "
        + range
        + " and tcp[tcpflags] == tcp-syn)"
        + " or (ip dst host "
        + address
        + " and tcp dst portrange "
        + range
        + ")"
        + " or (ip dst host "
        + address
        + " and icmp)";
  }

  private void openHandles() throws PcapNativeException {
    try {
      PcapHandle opened = builder().snaplen(CAPTURE_BYTES).bufferSize(CAPTURE_BUFFER_BYTES).build();
      capture = opened;
      // In immediate mode a blocking read ignores its time limit, and close() waits for it.
      opened.setBlockingMode(BlockingMode.NONBLOCKING);
      opened.setFilter(filter, BpfCompileMode.OPTIMIZE);
      PcapHandle sending = builder().snaplen(64).bufferSize(64 << 10).build();
      sender = sending;
      sending.setFilter(NOTHING, BpfCompileMode.OPTIMIZE);
    } catch (NotOpenException e) {
      throw new PcapNativeException(e);
    }
  }

  private PcapHandle.Builder builder() {
    return new PcapHandle.Builder(interfaceName)
        .promiscuousMode(PromiscuousMode.NONPROMISCUOUS)
        .immediateMode(true)
        .timestampPrecision(TimestampPrecision.NANO)
        .timeoutMillis(WAIT_MS);
  }

  @Override
  public @Nullable String send(byte[] frame, int length) {
    PcapHandle handle = sender;
    if (handle == null) {
      return failure == null ? interfaceName + " is not open" : failure;
    }
    try {
      handle.sendPacket(frame, length);
      return null;
    } catch (PcapNativeException | NotOpenException e) {
      return interfaceName + ": " + e.getMessage();
    }
  }

  @Override
  public boolean receive(Frame into) {
    PcapHandle handle = capture;
    if (handle == null) {
      reopen();
      idle();
      return false;
    }
    try {
      countDropped(handle);
      byte[] data = handle.getNextRawPacketEx();
      Timestamp time = handle.getTimestamp();
      into.data = data;
      into.length = data.length;
      into.timestampNs = Math.floorDiv(time.getTime(), 1_000L) * 1_000_000_000L + time.getNanos();
      return true;
    } catch (TimeoutException e) {
      idle();
      return false;
    } catch (PcapNativeException | NotOpenException | EOFException e) {
      fail("capture on " + interfaceName + " broke down: " + e.getMessage());
      return false;
    }
  }

  private static void idle() {
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(WAIT_MS));
  }

  private void fail(String reason) {
    LOG.warn("{}; opening it again each second", reason);
    failure = reason;
    untoldFailure = reason;
    droppedBefore = dropped;
    closeHandles();
    reopenAtNs = System.nanoTime() + REOPEN_NS;
  }

  private void reopen() {
    if (System.nanoTime() - reopenAtNs < 0) {
      return;
    }
    try {
      openHandles();
      failure = null;
      LOG.info("{} is open again", interfaceName);
    } catch (PcapNativeException e) {
      failure = interfaceName + " cannot be opened: " + e.getMessage();
      closeHandles();
      reopenAtNs = System.nanoTime() + REOPEN_NS;
    }
  }

  private void countDropped(PcapHandle handle) throws PcapNativeException, NotOpenException {
    long nowNs = System.nanoTime();
    if (nowNs - statisticsAtNs >= 0) {
      statisticsAtNs = nowNs + STATISTICS_NS;
      dropped = droppedBefore + handle.getStats().getNumPacketsDropped();
    }
  }

  @Override
  public @Nullable String takeCaptureFailure() {
    String told = untoldFailure;
    untoldFailure = null;
    return told;
  }

  @Override
  public long captureDropped() {
    return dropped;
  }

  private void closeHandles() {
    if (capture != null) {
      capture.close();
      capture = null;
    }
    if (sender != null) {
      sender.close();
      sender = null;
    }
  }

  @Override
  public void close() {
    closeHandles();
  }
}
