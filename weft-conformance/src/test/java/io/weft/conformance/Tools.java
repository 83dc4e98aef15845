package io.weft.conformance;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// The programs that tests need beside a JDK, and the folders of this module.
///
/// `./check` names each by a system property: a path, or nothing (`-Dweft.node=`) if it is missing
/// here. Then the test that needs it is skipped, and says so; under `CI=true` it fails instead.
final class Tools {

  private Tools() {}

  static Path chromium() {
    return find("weft.chromium", "/usr/bin/chromium");
  }

  static Path chromedriver() {
    return find("weft.chromedriver", "/usr/bin/chromedriver");
  }

  static Path python() {
    return find("weft.python", "/usr/bin/python3");
  }

  static Path node() {
    return find("weft.node", "/usr/bin/node");
  }

  /// A script of `src/test/node`, beside the packages that `npm ci` installs there.
  static Path nodeScript(String name) {
    Path home = module().resolve("src/test/node");
    need(
        Files.isDirectory(home.resolve("node_modules/ws")),
        "what `npm ci --ignore-scripts` installs in " + home);
    return home.resolve(name);
  }

  static Path openssl() {
    return find("weft.openssl", "/usr/bin/openssl");
  }

  static Path curl() {
    return find("weft.curl", "/usr/bin/curl");
  }

  static Path tinyproxy() {
    return find("weft.tinyproxy", "/usr/bin/tinyproxy");
  }

  static Path microsocks() {
    return find("weft.microsocks", "/usr/bin/microsocks");
  }

  static Path bash() {
    return find("weft.bash", "/usr/bin/bash");
  }

  static Path zsh() {
    return find("weft.zsh", "/usr/bin/zsh");
  }

  static Path fish() {
    return find("weft.fish", "/usr/bin/fish");
  }

  static Path tmux() {
    return find("weft.tmux", "/usr/bin/tmux");
  }

  /// The JVM of this process, for children that need one.
  static Path java() {
    return Path.of(System.getProperty("java.home"), "bin", "java");
  }

  /// The root of this module.
  static Path module() {
    return Path.of(System.getProperty("basedir", ".")).toAbsolutePath().normalize();
  }

  /// The folder for what tests write.
  static Path target() {
    return module().resolve("target");
  }

  /// Goes on if `there`; else skips the test, or fails it where nothing may be skipped.
  static void need(boolean there, String what) {
    if (!there) {
      String reason = what + " is missing here";
      if ("true".equals(System.getenv("CI"))) {
        fail(reason);
      }
      abort(reason);
    }
  }

  private static Path find(String property, String usual) {
    String given = System.getProperty(property, usual);
    Path path = Path.of(given);
    need(!given.isBlank() && Files.isExecutable(path), property + " (" + given + ")");
    return path;
  }

  /// A port of 127.0.0.1 that was free a moment ago, for programs that must be told one.
  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /// Deletes a folder with all that is in it; what another process deletes meanwhile is fine.
  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> deepestFirst;
    try (Stream<Path> all = Files.walk(folder)) {
      deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
    } catch (UncheckedIOException vanished) {
      throw vanished.getCause();
    }
    for (Path path : deepestFirst) {
      Files.deleteIfExists(path);
    }
  }
}
