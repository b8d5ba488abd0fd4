/**
 * Reads the Grafana dashboards as what they are, queries, so that tests and the lab can run every
 * one of them.
 */
package io.dyetrace.dashboards;
