package io.dyetrace.lab.fault;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FlowLimitTest {
  @Test
  void shouldLimitTheNodeAndNoVip() {
    assertThat(FlowLimit.limit(8)).hasToString("{\"command\":\"node-limits-set\",\"sessions\":8}");
  }
}
