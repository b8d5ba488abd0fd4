/** Packets as the lab's own checks see and make them: bytes in, records out. */
@NullMarked
package io.dyetrace.lab.packet;

import org.jspecify.annotations.NullMarked;
