/**
 * Receives request-duration histograms over OTLP/gRPC and hands them to Kafka as mesh latency
 * records.
 */
package io.dyetrace.mesh;
