package io.weft.examples;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Code in the documents is code that the build has compiled: each Java block stands, white space
/// aside, in a source file of this module, or is a whole program, which [ReadmeTest] runs.
final class DocumentsTest {

  private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  @ParameterizedTest
  @ValueSource(strings = {"../README.md", "../docs/guide.md"})
  void showsCompiledCode(String document) throws IOException {
    List<String> sources = new ArrayList<>();
    try (Stream<Path> files = Files.walk(Path.of("src"))) {
      for (Path file : files.filter(name -> name.toString().endsWith(".java")).toList()) {
        sources.add(squeezed(Files.readString(file)));
      }
    }
    List<String> blocks =
        BLOCK
            .matcher(Files.readString(Path.of(document)))
            .results()
            .map(MatchResult::group)
            .map(block -> block.substring("```java\n".length(), block.length() - "```".length()))
            .filter(block -> !block.contains("void main()"))
            .toList();
    assertTrue(!blocks.isEmpty(), "it shows code");
    for (String block : blocks) {
      assertTrue(
          sources.stream().anyMatch(source -> source.contains(squeezed(block))),
          document + " shows code that is in no example:\n" + block);
    }
  }

  private static String squeezed(String code) {
    return code.replaceAll("\\s+", "");
  }
}
