package io.weft.bench.peer;

import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;

/// The process of one server. It prints its port and its version in one line, then answers
/// questions, a line each, and ends when its standard input does:
///
/// - `allocated`: bytes that all its threads have allocated on the heap so far;
/// - `memory`: bytes on the heap after collection; of them, in objects of classes that are not the
///   JDK's; and native bytes beside heap and classes (0 without native memory tracking);
/// - `libraries`: bytes that native libraries have of the C library, which the JVM knows nothing
///   of; 0 without native memory tracking, or where that is not glibc.
public final class PeerMain {

  private static final Map<String, Peer> PEERS = new LinkedHashMap<>();

  static {
    PEERS.put("weft-nio", WeftPeer::nio);
    PEERS.put("weft-io_uring", WeftPeer::uring);
    PEERS.put("weft-straight", WeftPeer::straightLine);
    PEERS.put("weft-shared", WeftPeer::shared);
    PEERS.put("weft-takeover", WeftPeer::takeover);
    PEERS.put("weft-dedicated", WeftPeer::dedicated);
    PEERS.put("netty-nio", NettyPeer::nio);
    PEERS.put("netty-epoll", NettyPeer::epoll);
    PEERS.put("netty-io_uring", NettyPeer::uring);
    PEERS.put("netty-tcnative", NettyPeer::tcnative);
    PEERS.put("undertow", UndertowPeer::start);
    PEERS.put("jetty", JettyPeer::start);
    PEERS.put("vertx", VertxPeer::start);
    PEERS.put("tomcat", TomcatPeer::start);
    PEERS.put("helidon", HelidonPeer::start);
    PEERS.put("java-websocket", JavaWebSocketPeer::start);
  }

  /// In what glibc's `malloc_info` says of all its heaps together.
  private static final Pattern MALLOC_TOTAL =
      Pattern.compile("<(?:total|system) type=\"(fast|rest|mmap|current)\"[^>]* size=\"(\\d+)\"/>");

  /// In the summary of native memory tracking, ahead of the categories.
  private static final Pattern MALLOC_OF_JVM = Pattern.compile("malloc: (\\d+) #");

  private static final Pattern VERSION_IN_JAR = Pattern.compile("-(\\d[^/]*)\\.jar$");

  private PeerMain() {}

  /// Runs one.
  ///
  /// @param args its name, the largest message that will be sent to it, in bytes, whether it is to
  ///   compress, and the key store if it is to speak TLS
  public static void main(String[] args) throws Exception {
    Logger.getLogger("").setLevel(Level.SEVERE);
    Peer peer = PEERS.get(args[0]);
    if (peer == null) {
      throw new IllegalArgumentException("no server is called " + args[0] + ": " + PEERS.keySet());
    }
    Path keyStore = args.length > 3 ? Path.of(args[3]) : null;
    Peer.Order order =
        new Peer.Order(Integer.parseInt(args[1]), Boolean.parseBoolean(args[2]), keyStore);
    Peer.Started started = peer.start(order);
    System.out.println(started.port() + " " + version(started.library()));
    answer();
    System.exit(0);
  }

  private static void answer() throws IOException, JMException {
    BufferedReader asks =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    for (String ask = asks.readLine(); ask != null; ask = asks.readLine()) {
      System.out.println(
          switch (ask) {
            case "allocated" -> Long.toString(threads.getTotalThreadAllocatedBytes());
            case "memory" -> memory();
            case "libraries" -> Long.toString(libraries());
            default -> "unknown: " + ask;
          });
    }
  }

  /// As the name of its jar says; `(classes)` if it came from a folder.
  private static String version(Class<?> library) {
    var source = library.getProtectionDomain().getCodeSource();
    Matcher jar = VERSION_IN_JAR.matcher(source == null ? "" : source.getLocation().getPath());
    return jar.find() ? jar.group(1) : "(classes)";
  }

  private static String memory() throws JMException {
    for (int n = 0; n < 3; n++) {
      System.gc();
    }
    long heap = 0;
    long own = 0;
    for (String line : diagnose("gcClassHistogram").lines().toList()) {
      String[] columns = line.strip().split("\\s+", -1);
      if (columns.length >= 4 && columns[0].endsWith(":")) {
        long bytes = Long.parseLong(columns[2]);
        heap += bytes;
        own += columns[3].matches("(java|javax|jdk|sun|com\\.sun)\\..*|\\[.*") ? 0 : bytes;
      }
    }
    return heap + " " + own + " " + nativeBytes();
  }

  private static long nativeBytes() throws JMException {
    long bytes = 0;
    for (String line : diagnose("vmNativeMemory", "summary", "scale=b").lines().toList()) {
      if (line.startsWith("-") && (line.contains("Other (") || line.contains("NIO ("))) {
        bytes += Long.parseLong(line.replaceAll(".*committed=(\\d+).*", "$1"));
      }
    }
    return bytes;
  }

  /// All that is allocated, less what the JVM has allocated.
  private static long libraries() throws JMException {
    Matcher tracked = MALLOC_OF_JVM.matcher(diagnose("vmNativeMemory", "summary", "scale=b"));
    String report = diagnose("systemNativeHeapInfo", new Object[0], new String[0]);
    Matcher total = MALLOC_TOTAL.matcher(report.substring(report.lastIndexOf("</heap>") + 1));
    long bytes = 0;
    if (!tracked.find()) {
      return 0;
    }
    while (total.find()) {
      boolean isFree = total.group(1).equals("fast") || total.group(1).equals("rest");
      bytes += (isFree ? -1 : 1) * Long.parseLong(total.group(2));
    }
    return bytes - Long.parseLong(tracked.group(1));
  }

  private static String diagnose(String command, String... arguments) throws JMException {
    return diagnose(command, new Object[] {arguments}, new String[] {String[].class.getName()});
  }

  private static String diagnose(String command, Object[] arguments, String[] types)
      throws JMException {
    return (String)
        ManagementFactory.getPlatformMBeanServer()
            .invoke(
                new ObjectName("com.sun.management:type=DiagnosticCommand"),
                command,
                arguments,
                types);
  }
}
