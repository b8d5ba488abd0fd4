/** The lab's processes: what they are, how they are started, watched and ended. */
@NullMarked
package io.dyetrace.lab.process;

import org.jspecify.annotations.NullMarked;
