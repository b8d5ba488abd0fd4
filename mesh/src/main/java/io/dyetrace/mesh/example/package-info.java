/** A small service for the lab on the OpenTelemetry SDK: answers requests and calls a peer. */
package io.dyetrace.mesh.example;
