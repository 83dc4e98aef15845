package io.weft.http;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a request is for, in its one normal form: what a route or a file is looked up by. Whatever
/// could be read as another path by the next in line has none and is refused: `//`, `.` and `..`
/// segments, encoded slashes, backslashes and control characters, escapes that are not UTF-8. The
/// query decides no route: it is what browsers send, percent signs that begin no escape too.
///
/// @param path decoded; begins with a slash, and each slash in it parts two segments, of which only
///   the last may be empty
/// @param query as it was sent, or null if there is none
public record Target(String path, @Nullable String query) {

  /// Reads a request's target.
  ///
  /// @param target an absolute path and perhaps a query, percent-encoded: [Head#target()]
  /// @throws HttpException with status 400, if it has no normal form
  public static Target of(String target) throws HttpException {
    int mark = target.indexOf('?');
    String path = mark < 0 ? target : target.substring(0, mark);
    String query = mark < 0 ? null : target.substring(mark + 1);
    try {
      Url.requireLegal(target, 0, target.length());
      return new Target(normal(path), query);
    } catch (Url.Malformed malformed) {
      throw new HttpException(400, "RFC 9112 §3.2", "the target: " + malformed.getMessage());
    }
  }

  /// The value of the first parameter of that name in the query, as of [#queries]; null if there is
  /// none.
  public @Nullable String query(String name) {
    List<String> values = queries(name);
    return values.isEmpty() ? null : values.getFirst();
  }

  /// The values of all parameters of that name in the query, in order, decoded as browsers do: a
  /// plus is a blank, a percent sign that begins no escape is one, and a parameter without `=` has
  /// an empty value. One whose escapes are not UTF-8 is given as it was sent.
  public List<String> queries(String name) {
    return Percent.values(query, name);
  }

  private static String normal(String path) {
    String[] segments = path.split("/", -1);
    if (segments.length == 1 || !segments[0].isEmpty()) {
      throw new Url.Malformed(0, "it does not begin with a slash (RFC 9112 §3.2.1)");
    }
    StringBuilder normal = new StringBuilder();
    int at = 1;
    for (int index = 1; index < segments.length; index++) {
      String segment = Percent.decode(segments[index]);
      boolean last = index == segments.length - 1;
      if (segment.isEmpty() && !last) {
        throw new Url.Malformed(at, "a segment of the path is empty");
      }
      if (segment.equals(".") || segment.equals("..")) {
        throw new Url.Malformed(at, "the path has a dot segment (RFC 3986 §3.3)");
      }
      if (segment.chars().anyMatch(Target::isAmbiguous)) {
        throw new Url.Malformed(at, "a slash or control character is encoded (RFC 3986 §2.2)");
      }
      normal.append('/').append(segment);
      at += 1 + segments[index].length();
    }
    return normal.toString();
  }

  private static boolean isAmbiguous(int character) {
    return character == '/' || character == '\\' || Character.isISOControl(character);
  }
}
