/** Removes what an agent, a prober or the mesh receiver sent twice. */
@NullMarked
package io.dyetrace.analytics.dedup;

import org.jspecify.annotations.NullMarked;
