/** Faults: each one injects itself, proves that it is real, and heals. */
@NullMarked
package io.dyetrace.lab.fault;

import org.jspecify.annotations.NullMarked;
