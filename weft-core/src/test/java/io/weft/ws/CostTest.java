package io.weft.ws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.weft.bytes.Chunk;
import io.weft.bytes.Holder;
import io.weft.bytes.Outbox;
import io.weft.bytes.Pool;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What a connection costs in memory: idle, while a message arrives, and for each message; counted
/// by the JVM, not timed.
final class CostTest {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /// What the JVM may allocate on a thread for itself.
  private static final int NOISE_BYTES = 100_000;

  private interface Work {
    void run() throws ProtocolException;
  }

  @Test
  void anEchoOfWholeFramesAllocatesNothing() throws ProtocolException {
    Engine server = Wire.engine(Role.SERVER);
    var out = new Outbox(new Pool(Pool.CHUNK_BYTES, 1 << 20), 1 << 18, 1 << 20);
    byte[] wire = Wire.frames(Role.CLIENT, "82:" + "5a".repeat(100) + " 89:01 82: 8a:02");
    Chunk in = Chunk.ofSize(wire.length);
    Work echo =
        () -> {
          for (int i = 0; i < 100_000; i++) {
            in.buffer.clear().put(wire).flip();
            for (Event event = server.next(in); event != null; event = server.next(in)) {
              switch (event) {
                case BINARY -> server.binary(server.payload(), out);
                case PING -> server.pong(server.payload(), out);
                default -> assertEquals(Event.PONG, event);
              }
            }
            out.clear();
          }
        };
    long allocated = Long.MAX_VALUE;
    for (int round = 0; round < 20 && allocated >= NOISE_BYTES; round++) {
      allocated = allocated(echo); // less once it is compiled
    }
    assertTrue(allocated < NOISE_BYTES, allocated + " bytes for 400,000 frames");
  }

  @Test
  void aMessageIsHeldInWhatHasComeOfIt() throws ProtocolException {
    Engine engine = Wire.engine(Role.CLIENT);
    Chunk header = Chunk.copyOf(Wire.hex("827f0000000000100000")); // 1 MiB is announced
    Chunk some = Chunk.copyOf(new byte[10]);
    long allocated =
        allocated(() -> {
          assertNull(engine.next(header));
          assertNull(engine.next(some));
        });
    assertTrue(engine.isMidMessage());
    assertTrue(allocated < NOISE_BYTES, allocated + " bytes for 10");
  }

  @Test
  void memoryAtMostDoubles() throws ProtocolException {
    var message =
        new Assembly(new Bounds(1000, 1, 0), Holder.uncounted(Wire.POOL), Opcode.BINARY, null);
    assertEquals(0, message.capacity());
    Chunk one = Chunk.copyOf(new byte[1]);
    for (int size = 1; size <= 1000; size++) {
      message.append(one, 0, 1);
      assertTrue(message.capacity() < 2 * size, message.capacity() + " bytes for " + size);
    }
  }

  /// Were anything copied again for each read, this would allocate a terabyte.
  @Test
  void aFrameInReadsOfOneByteCostsWhatItsBytesCost() throws ProtocolException {
    int length = 1 << 20;
    byte[] wire = Wire.frame(Role.SERVER, 0x82, new byte[length]);
    Chunk in = Chunk.ofSize(1);
    Engine engine = Wire.engine(Role.CLIENT);
    long allocated =
        allocated(() -> {
          for (int i = 0; i < wire.length - 1; i++) {
            in.buffer.clear().put(wire[i]).flip();
            assertNull(engine.next(in));
          }
          in.buffer.clear().put(wire[0]).flip();
          assertEquals(Event.BINARY, engine.next(in));
        });
    assertEquals(length, engine.payload().remaining());
    assertTrue(allocated < 5L * length, allocated + " bytes for " + length);
  }

  /// A message is charged for before its memory is there, and has what its holder may hold: also
  /// where the pool would have had more to spare.
  @Test
  void aMessageIsChargedFor() throws ProtocolException {
    var pool = new Pool(Pool.CHUNK_BYTES, 1 << 20);
    var holder = new Charged(pool);
    Engine.Terms terms = new Engine.Terms(Role.SERVER, new Bounds(100_000, 2, 0), () -> 0);
    Engine engine = new Engine(terms, holder, null);
    byte[] wire = Wire.frame(Role.CLIENT, 0x82, new byte[60_000]);
    pool.giveArray(pool.takeArray(60_000, 0)); // there is one to spare, of 65,536 bytes
    holder.most = 40_000;
    assertNull(engine.next(Chunk.copyOf(Arrays.copyOf(wire, 1_000))));
    assertEquals(1_024, holder.held, "what it needs, and not what there is to spare");
    holder.most = 1 << 20;
    assertNull(engine.next(Chunk.copyOf(Arrays.copyOfRange(wire, 1_000, 3_000))));
    assertEquals(65_536, holder.held, "what there is to spare");
    engine.release();
    assertEquals(0, holder.held);
    Engine other = new Engine(terms, holder, null);
    holder.most = 40_000;
    assertNull(other.next(Chunk.copyOf(Arrays.copyOf(wire, 20_000))));
    assertEquals(32_768, holder.held);
    Chunk more = Chunk.copyOf(Arrays.copyOfRange(wire, 20_000, 40_000));
    var breach = assertThrows(ProtocolException.class, () -> other.next(more));
    assertEquals(CloseCode.TRY_AGAIN_LATER, breach.closeCode);
    assertEquals(0, holder.held);
  }

  private static final class Charged implements Holder {
    private final Pool pool;
    private int most;
    private int held;

    Charged(Pool pool) {
      this.pool = pool;
    }

    @Override
    public Pool pool() {
      return pool;
    }

    @Override
    public boolean hold(int bytes) {
      if (held + bytes > most) {
        return false;
      }
      held += bytes;
      return true;
    }

    @Override
    public void letGo(int bytes) {
      held -= bytes;
    }
  }

  /// The memory of a message has been another's before.
  @Test
  void aMessageShowsNothingOfTheOneBefore() throws ProtocolException {
    Engine engine = Wire.engine(Role.CLIENT);
    Chunk first = Chunk.copyOf(Wire.frames(Role.SERVER, "02: 80:" + "61".repeat(40_000)));
    assertEquals(Event.BINARY, engine.next(first));
    assertNull(engine.next(first));
    Chunk second = Chunk.copyOf(Wire.frames(Role.SERVER, "02: 80:" + "62".repeat(20_000)));
    assertEquals(Event.BINARY, engine.next(second));
    assertEquals(20_000, engine.payload().clear().remaining());
  }

  @Test
  void aMillionFragmentsOfOneByteCostWhatTheirBytesCost() throws ProtocolException {
    int count = 1_000_000;
    Engine engine = Wire.engine(Role.CLIENT, new Bounds(count, count, 0), null);
    Chunk in = Chunk.copyOf(Wire.frames(Role.SERVER, "00:61"));
    long allocated =
        allocated(() -> {
          for (int i = 1; i <= count; i++) {
            int first = i == 1 ? 0x01 : i == count ? 0x80 : 0x00;
            in.buffer.put(0, (byte) first).rewind();
            assertEquals(i == count ? Event.TEXT : null, engine.next(in));
          }
        });
    assertEquals(count, engine.text().length());
    assertFalse(engine.isMidMessage(), "it is whole, and stays until the next pull");
    assertTrue(allocated < 5L * count, allocated + " bytes for " + count);
  }

  @Test
  void anIdleEngineHoldsNothingAndIsSmall() throws ReflectiveOperationException {
    Engine engine = Wire.engine(Role.SERVER);
    Wire.hear(engine, Wire.frames(Role.CLIENT, "81:61 02:62 89:63 80:64 8a:65"), 1, 9, 20, 31);
    List<String> held = new ArrayList<>();
    for (Field field : Engine.class.getDeclaredFields()) {
      field.setAccessible(true);
      boolean shared = List.of("terms", "holder", "closing", "opcode").contains(field.getName());
      if (!Modifier.isStatic(field.getModifiers())
          && !field.getType().isPrimitive()
          && !shared
          && field.get(engine) != null) {
        held.add(field.getName());
      }
    }
    assertEquals(List.of(), held, "beside what is shared");
    assertEquals(64, bytes(Engine.class));
  }

  /// The size of an object with compressed class pointers and references, as HotSpot lays it out.
  private static int bytes(Class<?> type) {
    int bytes = 12;
    for (Field field : type.getDeclaredFields()) {
      if (!Modifier.isStatic(field.getModifiers())) {
        Class<?> of = field.getType();
        bytes += of == long.class ? 8 : of == boolean.class ? 1 : 4;
      }
    }
    return (bytes + 7) / 8 * 8;
  }

  private static long allocated(Work work) throws ProtocolException {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    work.run();
    return THREADS.getCurrentThreadAllocatedBytes() - before;
  }
}
