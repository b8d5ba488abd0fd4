/** Which probe a reply belongs to that carries no key: told from the flow alone. */
@NullMarked
package io.dyetrace.analytics.flow;

import org.jspecify.annotations.NullMarked;
