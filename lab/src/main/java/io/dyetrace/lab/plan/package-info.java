/** What the lab consists of: names, addresses, files. No code here touches the machine. */
@NullMarked
package io.dyetrace.lab.plan;

import org.jspecify.annotations.NullMarked;
