/** One Kafka broker (KRaft, controller and broker in one process) from Kafka's own jars. */
@NullMarked
package io.dyetrace.broker;

import org.jspecify.annotations.NullMarked;
