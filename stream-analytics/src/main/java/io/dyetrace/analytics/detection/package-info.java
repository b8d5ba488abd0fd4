/** The operator around the detector, and what tells it that it has read everything. */
@NullMarked
package io.dyetrace.analytics.detection;

import org.jspecify.annotations.NullMarked;
