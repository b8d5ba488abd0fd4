/** Many labelled faults on real packets, and how well the verdicts fit them. */
@NullMarked
package io.dyetrace.lab.campaign;

import org.jspecify.annotations.NullMarked;
