package io.weft.cli;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// JSON as the demos speak it: one object a message, with its `type` first.
final class Json {

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private Json() {}

  /// Has the JVM load what reading and writing need, which takes longer than a loop may be kept
  /// busy.
  static void load() {
    if (object(of("load").toString()) == null) {
      throw new IllegalStateException("JSON that was written cannot be read");
    }
  }

  /// An object with its type.
  static ObjectNode of(String type) {
    return MAPPER.createObjectNode().put("type", type);
  }

  /// Reads one object.
  ///
  /// @return null if the text is anything else
  static @Nullable ObjectNode object(String text) {
    try {
      return MAPPER.readTree(text) instanceof ObjectNode object ? object : null;
    } catch (JacksonException e) {
      return null;
    }
  }

  /// The string under a key; null if there is none.
  static @Nullable String string(ObjectNode object, String key) {
    JsonNode value = object.get(key);
    return value != null && value.isString() ? value.stringValue() : null;
  }
}
