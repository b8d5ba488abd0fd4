package io.dyetrace.analytics.localize;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The first line of a trace. */
record TopologyHeader(String trace, Topology topology) {

  /** Makes the error for a field. */
  interface Errors {
    BadInputException bad(String field, String message);
  }

  /** Parses it. */
  static final class Parser {
    private final Errors errors;
    private String field = "header";
    private final Map<Integer, Integer> nodeIndex = new HashMap<>();
    private final List<Integer> nodeIds = new ArrayList<>();
    private final List<String> kinds = new ArrayList<>();
    private final List<int[]> links = new ArrayList<>();
    private final Map<Integer, Set<Integer>> nodeLinks = new HashMap<>();

    Parser(Errors errors) {
      this.errors = errors;
    }

    /** The field that was being read. */
    String field() {
      return field;
    }

    TopologyHeader parse(JsonParser json) throws IOException, BadInputException {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw bad("not a JSON object");
      }
      Set<String> seen = new HashSet<>();
      String trace = "";
      boolean undirected = false;
      String name = json.nextFieldName();
      while (name != null) {
        field = name;
        seen.add(name);
        switch (name) {
          case "format" -> {
            String format = text(json);
            if (!format.equals(TraceReader.FORMAT)) {
              throw bad("'" + format + "' is not " + TraceReader.FORMAT);
            }
          }
          case "trace" -> trace = text(json);
          case "topology", "mode" -> text(json);
          case "undirected" -> {
            JsonToken token = json.nextToken();
            if (token != JsonToken.VALUE_TRUE && token != JsonToken.VALUE_FALSE) {
              throw bad("not true or false");
            }
            undirected = token == JsonToken.VALUE_TRUE;
          }
          case "nodes" -> nodes(json);
          case "links" -> links(json);
          case "node_links" -> nodeLinks(json);
          default -> {
            json.nextToken();
            json.skipChildren();
          }
        }
        name = json.nextFieldName();
      }
      for (String required : List.of("format", "trace", "nodes", "links")) {
        if (!seen.contains(required)) {
          field = required;
          throw bad("missing");
        }
      }
      Topology topology = build(undirected);
      if (seen.contains("node_links")) {
        check(topology);
      }
      return new TopologyHeader(trace, topology);
    }

    private void nodes(JsonParser json) throws IOException, BadInputException {
      startArray(json);
      while (json.nextToken() == JsonToken.START_OBJECT) {
        int id = -1;
        String kind = "";
        String name = json.nextFieldName();
        while (name != null) {
          switch (name) {
            case "id" -> id = id(json);
            case "kind" -> kind = text(json);
            default -> {
              json.nextToken();
              json.skipChildren();
            }
          }
          name = json.nextFieldName();
        }
        if (id < 0) {
          throw bad("a node has no id");
        }
        if (nodeIndex.put(id, nodeIds.size()) != null) {
          throw bad("node " + id + " given twice");
        }
        nodeIds.add(id);
        kinds.add(kind);
      }
      endArray(json);
    }

    private void links(JsonParser json) throws IOException, BadInputException {
      startArray(json);
      while (json.nextToken() == JsonToken.START_ARRAY) {
        int[] link = {id(json), id(json), id(json)};
        endArray(json.nextToken());
        links.add(link);
      }
      endArray(json);
    }

    private void nodeLinks(JsonParser json) throws IOException, BadInputException {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw bad("not an object");
      }
      String name = json.nextFieldName();
      while (name != null) {
        int node;
        try {
          node = Integer.parseInt(name);
        } catch (NumberFormatException e) {
          throw bad("'" + name + "' is not a node id");
        }
        Set<Integer> ids = new HashSet<>();
        startArray(json);
        JsonToken token = json.nextToken();
        while (token == JsonToken.VALUE_NUMBER_INT) {
          ids.add(json.getIntValue());
          token = json.nextToken();
        }
        endArray(token);
        nodeLinks.put(node, ids);
        name = json.nextFieldName();
      }
    }

    private Topology build(boolean undirected) throws BadInputException {
      field = "links";
      int[] ids = new int[links.size()];
      int[] from = new int[ids.length];
      int[] to = new int[ids.length];
      Set<Integer> seen = new HashSet<>();
      for (int l = 0; l < ids.length; l++) {
        int[] link = links.get(l);
        ids[l] = link[0];
        if (!seen.add(link[0])) {
          throw bad("link " + link[0] + " given twice");
        }
        from[l] = node(link[0], link[1]);
        to[l] = node(link[0], link[2]);
      }
      return new Topology(
          nodeIds.stream().mapToInt(Integer::intValue).toArray(),
          kinds.toArray(new String[0]),
          ids,
          from,
          to,
          undirected);
    }

    private int node(int link, int id) throws BadInputException {
      Integer index = nodeIndex.get(id);
      if (index == null) {
        throw bad("link " + link + " touches node " + id + ", which is not in nodes");
      }
      return index;
    }

    /** What a node's links are is known from the links; the header must not contradict itself. */
    private void check(Topology topology) throws BadInputException {
      field = "node_links";
      for (Map.Entry<Integer, Set<Integer>> entry : nodeLinks.entrySet()) {
        Integer node = nodeIndex.get(entry.getKey());
        if (node == null) {
          throw bad("node " + entry.getKey() + " is not in nodes");
        }
        Set<Integer> expected = new HashSet<>();
        Arrays.stream(topology.linksOf(node)).forEach(l -> expected.add(topology.linkId(l)));
        for (int id : entry.getValue()) {
          if (!expected.contains(id)) {
            throw bad("node " + entry.getKey() + " is given link " + id + ", which is elsewhere");
          }
        }
      }
    }

    private String text(JsonParser json) throws IOException, BadInputException {
      if (json.nextToken() != JsonToken.VALUE_STRING) {
        throw bad("not a string");
      }
      return json.getText();
    }

    private int id(JsonParser json) throws IOException, BadInputException {
      if (json.nextToken() != JsonToken.VALUE_NUMBER_INT) {
        throw bad("not a number where an id belongs");
      }
      int id = json.getIntValue();
      if (id < 0) {
        throw bad("the id " + id + " is negative");
      }
      return id;
    }

    private void startArray(JsonParser json) throws IOException, BadInputException {
      if (json.nextToken() != JsonToken.START_ARRAY) {
        throw bad("not an array");
      }
    }

    private void endArray(JsonParser json) throws BadInputException {
      endArray(json.currentToken());
    }

    private void endArray(JsonToken token) throws BadInputException {
      if (token != JsonToken.END_ARRAY) {
        throw bad("an element of the wrong type or length");
      }
    }

    private BadInputException bad(String message) {
      return errors.bad(field, message);
    }
  }
}
