import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassFile.StackMapsOption;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/// Rewrites the classes of a jar that were compiled for Java 5 or before as ones of Java 8. The JVM
/// keeps no class below Java 6 (class file version 50) in an AOT cache, and picocli, which takes
/// most of the time of a start, is one of Java 5.
///
///     java -cp weft.jar NewerClasses.java weft.jar newer.jar
final class NewerClasses {

  private static final int JAVA_6 = 50;
  private static final int JAVA_8 = 52;

  /// Since Java 6 a method says what is on its stack wherever a jump leads.
  private static final ClassFile CLASSES =
      ClassFile.of(
          StackMapsOption.GENERATE_STACK_MAPS,
          ClassHierarchyResolverOption.of(
              ClassHierarchyResolver.ofResourceParsing(ClassLoader.getSystemClassLoader())));

  private static final ClassTransform NEWER =
      (to, element) -> {
        switch (element) {
          case ClassFileVersion old -> to.withVersion(JAVA_8, 0);
          case MethodModel method ->
              to.transformMethod(method, MethodTransform.transformingCode(CodeTransform.ACCEPT_ALL));
          default -> to.with(element);
        }
      };

  private NewerClasses() {}

  public static void main(String[] args) throws IOException {
    try (InputStream from = Files.newInputStream(Path.of(args[0]));
        OutputStream to = Files.newOutputStream(Path.of(args[1]));
        ZipInputStream in = new ZipInputStream(from);
        ZipOutputStream out = new ZipOutputStream(to)) {
      for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        byte[] bytes = in.readAllBytes();
        ZipEntry copy = new ZipEntry(entry.getName());
        copy.setTimeLocal(entry.getTimeLocal());
        out.putNextEntry(copy);
        out.write(isOld(entry, bytes) ? newer(bytes) : bytes);
      }
    }
  }

  private static boolean isOld(ZipEntry entry, byte[] bytes) {
    return entry.getName().endsWith(".class") && (bytes[6] << 8 | bytes[7] & 0xFF) < JAVA_6;
  }

  private static byte[] newer(byte[] old) {
    return CLASSES.transformClass(CLASSES.parse(old), NEWER);
  }
}
