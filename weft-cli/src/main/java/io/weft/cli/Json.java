package io.weft.cli;

import java.io.StringWriter;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// JSON as the demos speak it: one object a message, with its `type` first.
final class Json {

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final JsonMapper INDENTED =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

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

  /// An empty object.
  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  /// A JSON text on several lines, indented; every value of it, every key, and their order stay as
  /// they are written.
  ///
  /// @return null if the text is no JSON
  static @Nullable String pretty(String text) {
    StringWriter out = new StringWriter();
    try (JsonParser from = INDENTED.createParser(text);
        JsonGenerator to = INDENTED.createGenerator(out)) {
      if (from.nextToken() == null) {
        return null;
      }
      int depth = 0;
      do {
        if (depth == 0 && from.streamReadContext().getCurrentIndex() > 0) {
          return null; // more than one value
        }
        JsonToken token = from.currentToken();
        depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
        if (token.isNumeric()) {
          to.writeNumber(from.getString());
        } else {
          to.copyCurrentEvent(from);
        }
      } while (from.nextToken() != null);
    } catch (JacksonException e) {
      return null;
    }
    return out.toString();
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
