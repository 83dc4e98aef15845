package io.weft;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.net.IDN;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The walls of the house (docs/architecture.md): who may know whom, and who may touch the world.
final class ArchitectureTest {

  private static final JavaClasses CODE =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.weft");

  @Test
  void needsNothingButTheJdk() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "io.weft..",
            "java..",
            "javax.net.ssl..",
            "javax.security.auth.x500..",
            "org.jspecify.annotations")
        .check(CODE);
  }

  @Test
  void bytesKnowNobody() {
    mayKnow("io.weft.bytes");
  }

  @Test
  void httpKnowsBytes() {
    mayKnow("io.weft.http", "io.weft.bytes");
  }

  @Test
  void zlibKnowsNobody() {
    mayKnow("io.weft.zlib");
  }

  @Test
  void wsKnowsBytesHttpAndZlib() {
    mayKnow("io.weft.ws", "io.weft.bytes", "io.weft.http", "io.weft.zlib");
  }

  @Test
  void tlsKnowsBytes() {
    mayKnow("io.weft.tls", "io.weft.bytes", "javax.net.ssl..");
  }

  @Test
  void netKnowsBytesAndTls() {
    mayKnow("io.weft.net", "io.weft.bytes", "io.weft.tls", "javax.net.ssl..");
  }

  @Test
  void nothingGoesInCircles() {
    slices().matching("io.weft.(*)..").should().beFreeOfCycles().check(CODE);
  }

  /// The engine is a value machine: no I/O, clock, thread or chance; they are arguments. Of the
  /// network's package there is one function of a text.
  @Test
  void protocolsTouchNoWorld() {
    noClasses()
        .that()
        .resideInAnyPackage("io.weft.http", "io.weft.ws", "io.weft.tls")
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                    "java.net..",
                    "java.nio.channels..",
                    "java.util.concurrent..",
                    "java.lang.foreign..",
                    "java.time..",
                    "java.util.random..")
                .and(not(type(IDN.class))))
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.Thread")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.util.Random")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.security.SecureRandom")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.System$Logger")
        .orShould()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .check(CODE);
  }

  /// Nothing above the transport knows which one runs, but for the one line that chooses it.
  @Test
  void onlyOneClassNamesAPoller() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.weft.net")
        .and()
        .doNotHaveFullyQualifiedName("io.weft.Loops")
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("io.weft.net.Nio")
        .orShould()
        .dependOnClassesThat()
        .haveNameMatching("io\\.weft\\.net\\.Uring.*")
        .check(CODE);
    noClasses()
        .that()
        .resideOutsideOfPackage("io.weft.net")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("java.nio.channels..")
        .check(CODE);
  }

  /// Native memory is for the operating system, for the buffers that it fills, and for zlib.
  @Test
  void onlyMemoryAndTransportAreForeign() {
    noClasses()
        .that()
        .resideOutsideOfPackages("io.weft.net", "io.weft.bytes", "io.weft.zlib")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("java.lang.foreign..")
        .check(CODE);
  }

  /// What a user sees names nothing that a user does not see, nor anything outside of java.base.
  /// This stands here since javac's lint for it ("exports") also wants annotations to be seen.
  @Test
  void theApiNamesNothingThatIsHidden() {
    List<String> hidden = new ArrayList<>();
    int shown = 0;
    for (JavaClass imported : CODE) {
      Class<?> type = imported.reflect();
      if (type.getPackageName().equals("io.weft") && isShown(type)) {
        shown++;
        for (Type named : namedBy(type)) {
          TYPE_NAME
              .matcher(named.getTypeName())
              .results()
              .map(MatchResult::group)
              .filter(name -> !name.startsWith("java.") && !isShown(name))
              .forEach(name -> hidden.add(type.getName() + " names " + name));
        }
      }
    }
    assertTrue(shown > 20, "the public classes were looked at: " + shown);
    assertEquals(List.of(), hidden);
  }

  private static final Pattern TYPE_NAME = Pattern.compile("[a-z]\\w*(\\.[\\w$]+)+");

  private static boolean isShown(String name) {
    Class<?> type = CODE.contain(name) ? CODE.get(name).reflect() : null;
    return name.startsWith("javax.net.ssl.")
        || (type != null && type.getPackageName().equals("io.weft") && isShown(type));
  }

  private static boolean isShown(Class<?> type) {
    return isShown(type.getModifiers())
        && (type.getDeclaringClass() == null || isShown(type.getDeclaringClass()));
  }

  private static boolean isShown(int modifiers) {
    return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
  }

  /// The types in the declaration of a class and of its members that are shown.
  private static List<Type> namedBy(Class<?> type) {
    List<Type> named = new ArrayList<>(List.of(type.getGenericInterfaces()));
    if (type.getGenericSuperclass() != null) {
      named.add(type.getGenericSuperclass());
    }
    for (Field field : type.getDeclaredFields()) {
      if (isShown(field.getModifiers())) {
        named.add(field.getGenericType());
      }
    }
    List<Executable> code = new ArrayList<>(List.of(type.getDeclaredConstructors()));
    for (Method method : type.getDeclaredMethods()) {
      if (isShown(method.getModifiers())) {
        named.add(method.getGenericReturnType());
        code.add(method);
      }
    }
    for (Executable each : code) {
      if (isShown(each.getModifiers())) {
        named.addAll(List.of(each.getGenericParameterTypes()));
        named.addAll(List.of(each.getGenericExceptionTypes()));
      }
    }
    return named;
  }

  private static void mayKnow(String who, String... whom) {
    String[] allowed = new String[whom.length + 3];
    System.arraycopy(whom, 0, allowed, 0, whom.length);
    allowed[whom.length] = who;
    allowed[whom.length + 1] = "java..";
    allowed[whom.length + 2] = "org.jspecify.annotations";
    classes()
        .that()
        .resideInAPackage(who)
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(allowed)
        .check(CODE);
  }
}
