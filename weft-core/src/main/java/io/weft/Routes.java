package io.weft;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which path leads where. A template is a path whose segments are literal or one `{parameter}`
/// each; a slash at the end of a template or a path makes no difference. Of two templates that fit,
/// the one that is literal at the first place where they differ wins.
final class Routes {

  private final List<Route> routes;

  /// A template and what stands there: an endpoint, a handler, or both.
  static final class Route {
    final String template;
    final List<String> segments;
    @Nullable Endpoint endpoint;
    Server.@Nullable Handler handler;

    /// What a path matches if the template has no parameters: one for all connections.
    private final Match literal = new Match(this, List.of());

    Route(String template) {
      this.template = template;
      this.segments = segments(template);
    }

    boolean isParameter(int at) {
      return segments.get(at).startsWith("{");
    }

    /// @param path segments that fit
    private Match match(List<String> path) {
      List<String> values = new ArrayList<>(0);
      for (int at = 0; at < path.size(); at++) {
        if (isParameter(at)) {
          values.add(path.get(at));
        }
      }
      return values.isEmpty() ? literal : new Match(this, List.copyOf(values));
    }

    /// The shape that two templates share if no path can tell them apart.
    String shape() {
      return segments.stream().map(s -> s.startsWith("{") ? "{}" : s).toList().toString();
    }
  }

  /// A route and the values of its parameters, in order.
  record Match(Route route, List<String> values) {

    String param(String name) {
      int value = 0;
      for (int at = 0; at < route.segments.size(); at++) {
        if (route.isParameter(at)) {
          if (route.segments.get(at).equals("{" + name + "}")) {
            return values.get(value);
          }
          value++;
        }
      }
      throw new IllegalArgumentException(
          "the route " + route.template + " has no parameter {" + name + "}");
    }
  }

  private Routes(List<Route> routes) {
    this.routes = routes;
  }

  /// Finds the route of a path that is decoded and in normal form.
  @Nullable Match match(String path) {
    List<String> segments = segments(path);
    Route best = null;
    for (Route route : routes) {
      if (fits(route, segments) && (best == null || isMoreLiteral(route, best))) {
        best = route;
      }
    }
    return best == null ? null : best.match(segments);
  }

  private static boolean fits(Route route, List<String> segments) {
    if (route.segments.size() != segments.size()) {
      return false;
    }
    for (int at = 0; at < segments.size(); at++) {
      if (!route.isParameter(at) && !route.segments.get(at).equals(segments.get(at))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isMoreLiteral(Route one, Route other) {
    for (int at = 0; at < one.segments.size(); at++) {
      if (one.isParameter(at) != other.isParameter(at)) {
        return other.isParameter(at);
      }
    }
    return false;
  }

  private static List<String> segments(String path) {
    String inner = path.substring(1);
    if (inner.endsWith("/")) {
      inner = inner.substring(0, inner.length() - 1);
    }
    return inner.isEmpty() ? List.of() : List.of(inner.split("/", -1));
  }

  /// Collects routes for a server that is being built.
  static final class Builder {
    private final List<Route> routes = new ArrayList<>();

    void endpoint(String template, Endpoint endpoint) {
      Route route = route(template);
      if (route.endpoint != null) {
        throw new IllegalArgumentException("the path " + template + " has an endpoint already");
      }
      route.endpoint = endpoint;
    }

    void handler(String template, Server.Handler handler) {
      Route route = route(template);
      if (route.handler != null) {
        throw new IllegalArgumentException("the path " + template + " has a handler already");
      }
      route.handler = handler;
    }

    private Route route(String template) {
      check(template);
      Route made = new Route(template);
      for (Route route : routes) {
        if (route.segments.equals(made.segments)) {
          return route;
        }
        if (route.shape().equals(made.shape())) {
          throw new IllegalArgumentException(
              "no path could tell " + template + " from " + route.template);
        }
      }
      routes.add(made);
      return made;
    }

    private static void check(String template) {
      if (!template.startsWith("/")) {
        throw new IllegalArgumentException("the path " + template + " does not begin with /");
      }
      List<String> names = new ArrayList<>();
      for (String segment : Routes.segments(template)) {
        checkNoTrap(template, segment);
        boolean parameter = segment.matches("\\{[A-Za-z_][A-Za-z0-9_]*}");
        if (segment.isEmpty() || (!parameter && segment.matches(".*[{}?#].*"))) {
          throw new IllegalArgumentException(
              "the path " + template + " has a bad segment: '" + segment + "'");
        }
        if (parameter && names.contains(segment)) {
          throw new IllegalArgumentException(
              "the path " + template + " names " + segment + " twice");
        }
        names.add(segment);
      }
    }

    /// Refuses what means something elsewhere, and here would be a literal that no path is meant to
    /// be.
    private static void checkNoTrap(String template, String segment) {
      String hint = "";
      if (segment.indexOf('*') >= 0) {
        hint = "there are no wildcards: write {name} for one segment, and a route for each depth";
      } else if (segment.startsWith(":")) {
        hint = "write {" + segment.substring(1) + "} for a parameter";
      } else if (segment.indexOf('%') >= 0) {
        hint = "paths are matched decoded: write the character itself";
      } else if (segment.equals(".") || segment.equals("..")) {
        hint = "no path that is served has dot segments";
      }
      if (!hint.isEmpty()) {
        throw new IllegalArgumentException(
            "the path " + template + " has the segment '" + segment + "', and " + hint);
      }
    }

    Routes build() {
      return new Routes(List.copyOf(routes));
    }
  }
}
