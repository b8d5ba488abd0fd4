/** The machine: commands, processes, prerequisites, the console. */
@NullMarked
package io.dyetrace.lab.system;

import org.jspecify.annotations.NullMarked;
