/** Sends coloured half-open TCP probes, receives what comes back and accounts for every one. */
@NullMarked
package io.dyetrace.prober;

import org.jspecify.annotations.NullMarked;
