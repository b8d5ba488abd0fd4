/** The lab: the whole of Dyetrace on real packets, on one machine, in network namespaces. */
@NullMarked
package io.dyetrace.lab;

import org.jspecify.annotations.NullMarked;
