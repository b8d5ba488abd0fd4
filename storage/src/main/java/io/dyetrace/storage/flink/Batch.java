package io.dyetrace.storage.flink;

import io.dyetrace.storage.schema.StorageTable;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Locale;

/**
 * Rows of one table that go to ClickHouse together.
 *
 * @param token no other batch has it, in this or any other run of the job
 * @param checkpointId the batch may leave when this checkpoint is complete
 * @param rows how many
 * @param leastTimeNs the earliest row's time
 * @param mostTimeNs the latest row's time
 * @param checkKeys rows may be in the table already: only those whose key is not there are inserted
 * @param frames the rows in RowBinary, in ClickHouse's compressed frames
 */
record Batch(
    String token,
    StorageTable table,
    long checkpointId,
    int rows,
    long leastTimeNs,
    long mostTimeNs,
    boolean checkKeys,
    byte[] frames) {
  private static final int VERSION = 1;

  /** The same batch, after it may have been sent once: its rows may be there. */
  Batch suspected() {
    return checkKeys
        ? this
        : new Batch(token, table, checkpointId, rows, leastTimeNs, mostTimeNs, true, frames);
  }

  /** As the operator's state holds it. */
  byte[] toBytes() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(frames.length + 128);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      out.writeUTF(token);
      out.writeUTF(table.tableName());
      out.writeLong(checkpointId);
      out.writeInt(rows);
      out.writeLong(leastTimeNs);
      out.writeLong(mostTimeNs);
      out.writeBoolean(checkKeys);
      out.writeInt(frames.length);
      out.write(frames);
    }
    return bytes.toByteArray();
  }

  /** From the operator's state. */
  static Batch fromBytes(byte[] bytes) throws IOException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int version = in.readUnsignedByte();
      if (version != VERSION) {
        throw new IOException(
            "a waiting batch of format " + version + "; this version reads " + VERSION);
      }
      String token = in.readUTF();
      StorageTable table = StorageTable.valueOf(in.readUTF().toUpperCase(Locale.ROOT));
      long checkpointId = in.readLong();
      int rows = in.readInt();
      long leastTimeNs = in.readLong();
      long mostTimeNs = in.readLong();
      boolean checkKeys = in.readBoolean();
      byte[] frames = new byte[in.readInt()];
      in.readFully(frames);
      return new Batch(
          token, table, checkpointId, rows, leastTimeNs, mostTimeNs, checkKeys, frames);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Batch b && b.token.equals(token);
  }

  @Override
  public int hashCode() {
    return token.hashCode();
  }

  @Override
  public String toString() {
    return rows + " rows of " + table.tableName() + " (" + token + ")";
  }
}
