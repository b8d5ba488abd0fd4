/** Bytes on the wire to and from ClickHouse: row format and compressed frames. */
@NullMarked
package io.dyetrace.storage.wire;

import org.jspecify.annotations.NullMarked;
