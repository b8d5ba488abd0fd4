package io.dyetrace.prober;

import com.google.protobuf.ByteString;
import io.dyetrace.common.colour.Colour;
import io.dyetrace.common.colour.ColourKey;
import io.dyetrace.common.colour.Epochs;
import io.dyetrace.common.record.ProbeOutcome;
import io.dyetrace.common.record.ProbeResult;
import java.util.ArrayDeque;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends probes when they are due and finds out what became of them. One thread calls {@link
 * #doWork}; nothing here waits but the wire.
 *
 * <p>Time-outs are judged in capture time: not before every frame that was captured by then has
 * been read. A SYN-ACK that came in time and is read late, because the process was stopped, is a
 * SYN-ACK.
 */
final class ProbeEngine implements Publisher.Vitals {
  private static final Logger LOG = LoggerFactory.getLogger(ProbeEngine.class);

  /** Frames of two processors may stand in the capture in another order than their times. */
  private static final long CAPTURE_DISORDER_NS = TimeUnit.MILLISECONDS.toNanos(5);

  /** How much longer than the monotonic clock says a round trip may seem to take. */
  private static final long CLOCK_STEP_NS = TimeUnit.MILLISECONDS.toNanos(20);

  /** How long an orphan's reset waits for a next hop. */
  private static final long ORPHAN_PATIENCE_NS = TimeUnit.SECONDS.toNanos(10);

  private final Clock clock;
  private final Wire wire;
  private final NextHop nextHop;
  private final ResultLog log;
  private final ProberMetrics metrics;
  private final int proberId;
  private final int keyId;
  private final ColourKey key;
  private final byte[] source;
  private final ByteString sourceRecord;
  private final FrameWriter writer;
  private final FrameReader reader;
  private final Resetter resetter;
  private final ProbeTable table;
  private final ArrayDeque<ProbeTable.Orphan> orphans;
  private final Wire.Frame frame = new Wire.Frame();
  private final long pacingNs;
  private final long bornNs;
  private int nextSequence;
  private long nextSendNs;
  private long capturedUntilNs;
  private volatile boolean sending = true;
  private final AtomicLong probesSent = new AtomicLong();
  private final AtomicInteger inFlight = new AtomicInteger();

  ProbeEngine(
      ProberConfig config,
      byte[] sourceMac,
      Clock clock,
      Wire wire,
      NextHop nextHop,
      ResultLog log,
      ProberMetrics metrics,
      Random random) {
    this.clock = clock;
    this.wire = wire;
    this.nextHop = nextHop;
    this.log = log;
    this.metrics = metrics;
    this.proberId = config.proberId();
    this.keyId = config.colour().keyId();
    this.key = config.colour().colourKey();
    int sourceAddress = Ipv4.parse("source_address", config.sourceAddress());
    this.source = Ipv4.bytes(sourceAddress);
    this.sourceRecord = ByteString.copyFrom(source);
    this.writer = new FrameWriter(sourceMac, sourceAddress);
    this.reader = new FrameReader(sourceAddress, PcapWire.CAPTURE_BYTES);
    this.resetter = new Resetter(config, clock, wire, nextHop, writer, metrics);
    this.table = new ProbeTable(config, clock, random);
    table.targets().forEach(metrics::addTarget);
    this.pacingNs = (long) (0.5e9 / config.probesPerSecond());
    this.bornNs = clock.monotonicNs();
    this.nextSendNs = bornNs;
    this.capturedUntilNs = bornNs;
    this.nextSequence = (int) TimeUnit.NANOSECONDS.toMillis(clock.realtimeNs());
    Journal.Recovered left = log.journal().recovered();
    for (Journal.Send send : left.sends()) {
      int after = send.probe().getProbeSequence() + 1;
      nextSequence = after - nextSequence > 0 ? after : nextSequence;
    }
    this.orphans = new ArrayDeque<>(table.restore(left));
    if (!orphans.isEmpty()) {
      LOG.info("{} probes were in flight when the prober was killed", orphans.size());
    }
  }

  /** One turn: reads a frame, judges time-outs, sends a probe that is due. */
  void doWork() {
    long nowNs = clock.monotonicNs();
    long realNs = clock.realtimeNs();
    if (wire.receive(frame)) {
      onFrame();
      long capturedNs = monotonic(frame.timestampNs) - CAPTURE_DISORDER_NS;
      capturedUntilNs = Math.max(capturedUntilNs, Math.min(capturedNs, nowNs));
    } else {
      capturedUntilNs = nowNs;
    }
    String blind = wire.takeCaptureFailure();
    if (blind != null) {
      abandonAll(blind);
    }
    long openSinceNs = judgeTimeouts();
    if (!orphans.isEmpty()) {
      openSinceNs = Math.min(openSinceNs, adoptOrphan());
    }
    if (sending) {
      sendDue(clock.monotonicNs());
    }
    log.completeUntil(Math.min(openSinceNs, realNs));
  }

  /** No new probes from now on. */
  void stopSending() {
    sending = false;
  }

  /** Whether every probe sent is accounted for. */
  boolean idle() {
    return inFlight.get() == 0;
  }

  ProbeTable table() {
    return table;
  }

  @Override
  public long probesSent() {
    return probesSent.get();
  }

  @Override
  public int inFlight() {
    return inFlight.get();
  }

  @Override
  public long captureDropped() {
    return wire.captureDropped();
  }

  // Sending

  private void sendDue(long nowNs) {
    ProbeTarget due = null;
    for (ProbeTarget target : table.targets()) {
      if (target.schedule.dueNs() - nowNs <= 0
          && (due == null || target.schedule.dueNs() - due.schedule.dueNs() < 0)) {
        due = target;
      }
    }
    if (due == null || nowNs - nextSendNs < 0) {
      return;
    }
    metrics.skipped(due.schedule.skipMissed(nowNs));
    metrics.lag(nowNs - due.schedule.dueNs());
    long round = due.schedule.round();
    due.schedule.advance();
    ProbeFlow flow = due.nextFlow(nowNs);
    if (flow == null || flow.state == ProbeFlow.State.IN_FLIGHT) {
      metrics.skipped(1);
      return;
    }
    nextSendNs = nowNs + pacingNs;
    send(flow, round);
  }

  private void send(ProbeFlow flow, long round) {
    ProbeTarget target = flow.target;
    flow.state = ProbeFlow.State.IN_FLIGHT;
    flow.sequence = nextSequence++;
    flow.round = round;
    flow.paddingBytes = target.nextPadding();
    flow.resets = 0;
    flow.startedNs = clock.realtimeNs();
    flow.sentNs = flow.startedNs;
    long epoch = Epochs.of(flow.startedNs);
    flow.isn = key.isn(source, flow.sourcePort, target.addressBytes, target.port, epoch);
    log.sent(flow.isn, record(flow).build());
    flow.startedMonotonicNs = clock.monotonicNs();
    flow.deadlineMonotonicNs = flow.startedMonotonicNs + target.timeoutNs;
    target.inFlight.add(flow);
    inFlight.incrementAndGet();
    probesSent.incrementAndGet();

    byte[] mac = nextHop.macTowards(target.address);
    String refused;
    if (mac == null) {
      refused = "the next hop towards " + Ipv4.text(target.address) + " has no known address";
    } else {
      Colour colour = Colour.of(keyId, proberId, flow.sequence);
      if (target.probe.stampEveryStage()) {
        colour = colour.stampingEveryStage();
      }
      byte[] option = colour.sealed(key, epoch, source, flow.sourcePort, flow.isn).encode();
      int length =
          writer.syn(
              mac,
              target.address,
              flow.sourcePort,
              target.port,
              flow.isn,
              option,
              flow.paddingBytes);
      refused = wire.send(writer.frame(), length);
    }
    if (refused != null) {
      resolve(flow, record(flow).setOutcome(ProbeOutcome.SEND_ERROR).setError(refused));
    }
  }

  // What comes back

  private void onFrame() {
    FrameReader.Kind kind = reader.read(frame.data, frame.length);
    if (kind != FrameReader.Kind.SENT
        && kind != FrameReader.Kind.TCP
        && kind != FrameReader.Kind.ICMP_ERROR) {
      metrics.ignored(kind);
      return;
    }
    ProbeFlow flow = table.flow(reader.peerAddress, reader.peerPort, reader.proberPort);
    if (flow == null || flow.state == ProbeFlow.State.UNUSED) {
      metrics.unmatched();
      return;
    }
    switch (kind) {
      case SENT -> onSent(flow);
      case TCP -> onSegment(flow);
      default -> onIcmp(flow);
    }
  }

  private void onSent(ProbeFlow flow) {
    if ((reader.flags & FrameReader.FLAG_SYN) == 0
        || reader.sequence != flow.isn
        || flow.state != ProbeFlow.State.IN_FLIGHT) {
      return;
    }
    flow.sentNs = frame.timestampNs;
    long leftNs = Math.max(monotonic(frame.timestampNs), flow.startedMonotonicNs);
    flow.deadlineMonotonicNs = leftNs + flow.target.timeoutNs;
  }

  private void onSegment(ProbeFlow flow) {
    boolean acknowledged = reader.acknowledgement == flow.isn + 1;
    boolean ack = (reader.flags & FrameReader.FLAG_ACK) != 0;
    boolean syn = (reader.flags & FrameReader.FLAG_SYN) != 0;
    if ((reader.flags & FrameReader.FLAG_RST) != 0) {
      if (flow.state == ProbeFlow.State.IN_FLIGHT && ack && acknowledged) {
        resolve(flow, received(flow, ProbeOutcome.RST));
      } else {
        metrics.unmatched();
      }
    } else if (ack && syn && acknowledged) {
      onSynAck(flow);
    } else if (ack && (flow.state == ProbeFlow.State.IN_FLIGHT || !acknowledged)) {
      boolean reset = resetter.reset(flow, reader.acknowledgement);
      if (flow.state == ProbeFlow.State.IN_FLIGHT) {
        resolve(flow, received(flow, ProbeOutcome.CHALLENGE_ACK).setResetSent(reset));
      }
    } else {
      metrics.unmatched();
    }
  }

  private void onSynAck(ProbeFlow flow) {
    ProbeResult.Builder result = null;
    if (flow.state == ProbeFlow.State.IN_FLIGHT) {
      result = received(flow, ProbeOutcome.SYN_ACK);
      if (result.getRttNs() > flow.target.timeoutNs) {
        timeOut(flow);
      }
    }
    boolean reset = resetter.reset(flow);
    if (flow.state == ProbeFlow.State.TIMED_OUT) {
      flow.state = ProbeFlow.State.DONE;
      add(flow, received(flow, ProbeOutcome.LATE_SYN_ACK).setResetSent(reset));
    } else if (result != null) {
      resolve(flow, result.setResetSent(reset));
    } else {
      metrics.repeated();
    }
  }

  private void onIcmp(ProbeFlow flow) {
    if (flow.state != ProbeFlow.State.IN_FLIGHT || reader.sequence != flow.isn) {
      metrics.unmatched();
      return;
    }
    ProbeResult.Builder result =
        received(flow, ProbeOutcome.ICMP_UNREACHABLE)
            .setIcmpSender(ByteString.copyFrom(Ipv4.bytes(reader.icmpSender)))
            .setIcmpType(reader.icmpType)
            .setIcmpCode(reader.icmpCode);
    resolve(flow, result.setResetSent(resetter.reset(flow)));
  }

  // Outcomes

  /** Returns the time before which no probe is open. */
  private long judgeTimeouts() {
    long openSinceNs = Long.MAX_VALUE;
    for (ProbeTarget target : table.targets()) {
      ProbeFlow oldest = target.inFlight.peekFirst();
      while (oldest != null) {
        if (oldest.state == ProbeFlow.State.IN_FLIGHT) {
          if (oldest.deadlineMonotonicNs - capturedUntilNs > 0) {
            openSinceNs = Math.min(openSinceNs, oldest.startedNs);
            break;
          }
          timeOut(oldest);
        }
        target.inFlight.removeFirst();
        oldest = target.inFlight.peekFirst();
      }
    }
    return openSinceNs;
  }

  private void timeOut(ProbeFlow flow) {
    boolean reset = resetter.reset(flow);
    resolve(flow, record(flow).setOutcome(ProbeOutcome.TIMEOUT).setResetSent(reset));
    flow.state = ProbeFlow.State.TIMED_OUT;
  }

  /** The capture was blind: whatever is open may have been answered unseen. */
  private void abandonAll(String reason) {
    for (ProbeTarget target : table.targets()) {
      for (ProbeFlow flow : target.inFlight) {
        if (flow.state == ProbeFlow.State.IN_FLIGHT) {
          boolean reset = resetter.reset(flow);
          ProbeResult.Builder result = record(flow).setOutcome(ProbeOutcome.ABANDONED);
          resolve(flow, result.setResetSent(reset).setError(reason));
        }
      }
    }
  }

  /** Deals with one probe of a killed prober. Returns the time before which none is open. */
  private long adoptOrphan() {
    ProbeTable.Orphan orphan = orphans.getFirst();
    ProbeFlow flow = orphan.flow();
    if (flow != null
        && !resetter.canReach(flow)
        && clock.monotonicNs() - bornNs < ORPHAN_PATIENCE_NS) {
      return orphan.probe().getSentTimeNs();
    }
    orphans.removeFirst();
    boolean current = flow != null && flow.sequence == orphan.probe().getProbeSequence();
    boolean reset = flow != null && current && resetter.reset(flow);
    log.add(
        orphan.probe().toBuilder()
            .setOutcome(ProbeOutcome.ABANDONED)
            .setResetSent(reset)
            .setError("the prober was killed before the outcome was known")
            .build());
    return orphans.isEmpty() ? Long.MAX_VALUE : orphans.getFirst().probe().getSentTimeNs();
  }

  private void resolve(ProbeFlow flow, ProbeResult.Builder result) {
    flow.state = ProbeFlow.State.DONE;
    inFlight.decrementAndGet();
    add(flow, result);
  }

  private void add(ProbeFlow flow, ProbeResult.Builder result) {
    ProbeResult complete = result.build();
    metrics.result(flow.target, complete);
    log.add(complete);
  }

  private ProbeResult.Builder received(ProbeFlow flow, ProbeOutcome outcome) {
    long rttNs = frame.timestampNs - flow.sentNs;
    long mostNs = clock.monotonicNs() - flow.startedMonotonicNs;
    if (rttNs < 0 || rttNs > mostNs + CLOCK_STEP_NS) {
      metrics.clockStep();
      rttNs = mostNs;
    }
    return record(flow).setOutcome(outcome).setReceivedTimeNs(frame.timestampNs).setRttNs(rttNs);
  }

  private ProbeResult.Builder record(ProbeFlow flow) {
    return ProbeResult.newBuilder()
        .setProbeSequence(flow.sequence)
        .setRound(flow.round)
        .setTarget(flow.target.name)
        .setTargetAddress(flow.target.addressRecord)
        .setTargetPort(flow.target.port)
        .setSourceAddress(sourceRecord)
        .setSourcePort(flow.sourcePort)
        .setSentTimeNs(flow.sentNs)
        .setPaddingBytes(flow.paddingBytes);
  }

  /**
   * When the monotonic clock showed what the realtime clock shows in a capture: never later than
   * now.
   */
  private long monotonic(long realtimeNs) {
    long agoNs = Math.max(0, clock.realtimeNs() - realtimeNs);
    return clock.monotonicNs() - agoNs;
  }
}
