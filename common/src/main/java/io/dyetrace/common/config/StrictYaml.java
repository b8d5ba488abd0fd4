package io.dyetrace.common.config;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Reads a YAML document into a record, strictly: an unknown key, a repeated key, a number or
 * boolean that is missing, or a value of another type is an error that names file, line and key.
 *
 * <pre>{@code
 * ProberConfig config = StrictYaml.read(Path.of("prober.yaml"), ProberConfig.class);
 * }</pre>
 *
 * Keys are snake_case. A {@link Duration} is a string with a unit: {@code 250us}, {@code 300ms},
 * {@code 5s}, {@code 10m}, {@code 2h}. Defaults and ranges belong into the record's compact
 * constructor, which throws {@link IllegalArgumentException} or {@link ConfigException} (see {@link
 * Check}).
 */
public final class StrictYaml {
  private static final YAMLMapper MAPPER =
      YAMLMapper.builder(
              YAMLFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                  .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
                  .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
                  .build())
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .addModule(
              new SimpleModule()
                  .addDeserializer(
                      Duration.class, new TextDeserializer<>(Duration.class, Durations::parse))
                  // Jackson's own would ask the resolver.
                  .addDeserializer(
                      InetAddress.class,
                      new TextDeserializer<>(InetAddress.class, IpAddresses::parse))
                  .addDeserializer(
                      HostPort.class, new TextDeserializer<>(HostPort.class, HostPort::parse)))
          .build();

  private StrictYaml() {}

  /**
   * Reads a file.
   *
   * @throws ConfigException when the file cannot be read or does not fit the type
   */
  public static <T> T read(Path file, Class<T> type) {
    String text;
    try {
      text = Files.readString(file);
    } catch (IOException e) {
      throw new ConfigException(file + ": cannot be read: " + e.getMessage(), e);
    }
    return parse(text, file.toString(), type);
  }

  /**
   * Reads a text.
   *
   * @param origin what error messages call the text
   * @throws ConfigException when it does not fit the type
   */
  public static <T> T parse(String text, String origin, Class<T> type) {
    try {
      T value = MAPPER.readValue(text, type);
      if (value == null) {
        throw new ConfigException(origin + ": the document is empty");
      }
      return value;
    } catch (JacksonException e) {
      throw new ConfigException(describe(origin, e), e);
    }
  }

  /**
   * One block of a document as a document of its own; an empty one when it is not there.
   *
   * @throws ConfigException when the text is no mapping
   */
  public static String block(String text, String origin, String key) {
    JsonNode block = mapping(text, origin).get(key);
    return write(origin, block == null || block.isNull() ? MAPPER.createObjectNode() : block);
  }

  /**
   * Several documents as one: what a later one says stands in place of what an earlier one does,
   * key by key. A key without a value says nothing.
   *
   * @throws ConfigException when a text is no mapping
   */
  public static String merge(List<String> texts, String origin) {
    ObjectNode merged = MAPPER.createObjectNode();
    for (String text : texts) {
      merge(merged, mapping(text, origin));
    }
    return write(origin, merged);
  }

  private static void merge(ObjectNode into, ObjectNode from) {
    for (Map.Entry<String, JsonNode> entry : from.properties()) {
      JsonNode value = entry.getValue();
      if (value instanceof ObjectNode block) {
        JsonNode before = into.get(entry.getKey());
        merge(before instanceof ObjectNode o ? o : into.putObject(entry.getKey()), block);
      } else if (!value.isNull()) {
        into.set(entry.getKey(), value);
      }
    }
  }

  private static ObjectNode mapping(String text, String origin) {
    try {
      JsonNode tree = MAPPER.readTree(text);
      if (tree instanceof ObjectNode mapping) {
        return mapping;
      }
      throw new ConfigException(origin + ": a mapping is expected");
    } catch (JacksonException e) {
      throw new ConfigException(describe(origin, e), e);
    }
  }

  private static String write(String origin, JsonNode tree) {
    try {
      return MAPPER.writeValueAsString(tree);
    } catch (JacksonException e) {
      throw new ConfigException(describe(origin, e), e);
    }
  }

  private static String describe(String origin, JacksonException e) {
    JsonLocation location = e.getLocation();
    String where = location == null ? origin : origin + ":" + location.getLineNr();
    String key = "";
    if (e instanceof JsonMappingException mapping && !mapping.getPath().isEmpty()) {
      key =
          mapping.getPath().stream()
              .map(
                  r -> r.getFieldName() == null ? "[" + r.getIndex() + "]" : "." + r.getFieldName())
              .collect(Collectors.joining());
      key = (key.startsWith(".") ? key.substring(1) : key) + ": ";
    }
    if (e instanceof UnrecognizedPropertyException unknown) {
      return where + ": " + key + "unknown key; known here: " + unknown.getKnownPropertyIds();
    }
    Throwable cause = e.getCause();
    if (cause instanceof ConfigException || cause instanceof IllegalArgumentException) {
      return where + ": " + key + cause.getMessage();
    }
    if (e.getOriginalMessage().startsWith("Cannot map `null` into type")) {
      return where + ": " + key + "missing";
    }
    return where + ": " + key + e.getOriginalMessage();
  }

  /** Reads a scalar whose text has a form of its own. */
  private static final class TextDeserializer<T> extends StdDeserializer<T> {
    private static final long serialVersionUID = 1L;

    private final transient Function<String, T> form;

    TextDeserializer(Class<T> type, Function<String, T> form) {
      super(type);
      this.form = form;
    }

    @Override
    public T deserialize(JsonParser parser, DeserializationContext context) throws IOException {
      if (!parser.currentToken().isScalarValue()) {
        throw JsonMappingException.from(parser, "one value is expected here");
      }
      try {
        return form.apply(parser.getText());
      } catch (ConfigException | IllegalArgumentException e) {
        throw JsonMappingException.from(parser, e.getMessage(), e);
      }
    }
  }
}
