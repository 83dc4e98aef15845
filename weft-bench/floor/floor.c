/*
 * The floor: what the kernel takes for an echo over WebSocket, whoever writes the server. It does only what no
 * server can leave out: reads, unmasks where the bytes lie, and hands the kernel the same memory. It judges no
 * UTF-8, no limit, and of a handshake only the key. One thread; loopback only; no library but the C library.
 *
 *   floor epoll    BUFFER_BYTES             one buffer for all reads
 *   floor io_uring BUFFER_BYTES BUFFERS     a ring of buffers, one request a read (BUFFERS: a power of two)
 *   floor multishot BUFFER_BYTES BUFFERS    the same, with requests that go on reading
 *
 * It prints its port and what it is in one line, and ends when its standard input does. A frame that a read cuts
 * is completed where it began if the buffer has the room, and read to its end straight into its place.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_FDS = 65536, HEAD_BYTES = 8192, MAX_HEADER = 14 };

/* A connection. What it has to send lies at `out`, and is a part of `buffer` or of memory of its own. */
struct conn {
  int fd;
  int open;       /* whether the handshake is done */
  int buffer;     /* number of the ring's buffer that it holds; -1 for none */
  int sending;    /* whether a send is under way (io_uring), or waits for room (epoll) */
  int receiving;  /* whether a receive is under way (io_uring) */
  int closing;
  unsigned char *out;
  size_t sent, to_send;
  unsigned char *part; /* a frame that has come in part; null for none */
  size_t have, need;   /* of it: bytes that are there, bytes of the whole; need is 0 while the header is cut */
  unsigned char *own;  /* memory of its own for frames that fit into no buffer */
  size_t own_bytes;
};

static struct conn *conns[MAX_FDS];
static unsigned char *memory; /* the buffers, one after the other */
static size_t buffer_bytes;
static unsigned buffers;

static void die(const char *what) {
  perror(what);
  exit(1);
}

/* ---- Handshake (RFC 6455 section 4.2.2) ---- */

static uint32_t rol(uint32_t v, int by) { return v << by | v >> (32 - by); }

/* SHA-1 of at most 119 bytes (FIPS 180-4). */
static void sha1(const unsigned char *data, size_t bytes, unsigned char digest[20]) {
  unsigned char block[128] = {0};
  size_t blocks = bytes + 9 <= 64 ? 1 : 2;
  memcpy(block, data, bytes);
  block[bytes] = 0x80;
  for (int i = 0; i < 8; i++) block[blocks * 64 - 1 - i] = (unsigned char)((uint64_t)bytes * 8 >> (8 * i));
  uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  for (size_t b = 0; b < blocks; b++) {
    uint32_t w[80], v[5];
    for (int i = 0; i < 16; i++) {
      const unsigned char *p = block + b * 64 + i * 4;
      w[i] = (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
    }
    for (int i = 16; i < 80; i++) w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    memcpy(v, h, sizeof v);
    for (int i = 0; i < 80; i++) {
      uint32_t f = i < 20   ? ((v[1] & v[2]) | (~v[1] & v[3])) + 0x5A827999
                   : i < 40 ? (v[1] ^ v[2] ^ v[3]) + 0x6ED9EBA1
                   : i < 60 ? ((v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3])) + 0x8F1BBCDC
                            : (v[1] ^ v[2] ^ v[3]) + 0xCA62C1D6;
      uint32_t next = rol(v[0], 5) + f + v[4] + w[i];
      v[4] = v[3], v[3] = v[2], v[2] = rol(v[1], 30), v[1] = v[0], v[0] = next;
    }
    for (int i = 0; i < 5; i++) h[i] += v[i];
  }
  for (int i = 0; i < 20; i++) digest[i] = (unsigned char)(h[i / 4] >> (24 - 8 * (i % 4)));
}

/* Answers the request at p; false if it has no key. */
static int shake(struct conn *c, const unsigned char *p, size_t bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *key = memmem(p, bytes, "Sec-WebSocket-Key: ", 19);
  if (!key || p + bytes - key < 19 + 24) return 0;
  unsigned char text[60], digest[21] = {0};
  memcpy(text, key + 19, 24);
  memcpy(text + 24, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
  sha1(text, 60, digest);
  char accept[29] = {0}, answer[256];
  for (int i = 0; i < 28; i++) {
    int bit = i * 6;
    accept[i] = digits[(digest[bit / 8] << 8 | digest[bit / 8 + 1]) >> (10 - bit % 8) & 63];
  }
  accept[27] = '=';
  int length = snprintf(answer, sizeof answer,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
  c->open = 1;
  return write(c->fd, answer, length) == length;
}

/* ---- Frames (RFC 6455 section 5.2) ---- */

/* Bytes of the header at p, without the masking key; 0 if it is cut. The payload's length goes to *payload. */
static size_t header(const unsigned char *p, size_t bytes, uint64_t *payload) {
  if (bytes < 2) return 0;
  size_t length = p[1] & 127, head = length < 126 ? 2 : length == 126 ? 4 : 10;
  if (bytes < head) return 0;
  *payload = length;
  if (head > 2) {
    *payload = 0;
    for (size_t i = 2; i < head; i++) *payload = *payload << 8 | p[i];
  }
  return head;
}

/* Unmasks from `from` to `to`, which may overlap if it lies before. */
static void unmask(unsigned char *to, const unsigned char *from, size_t bytes, const unsigned char key[4]) {
  uint32_t four;
  memcpy(&four, key, 4);
  uint64_t eight = (uint64_t)four << 32 | four;
  size_t i = 0;
  if (from - to >= 64 || to == from) {
    for (; i + 64 <= bytes; i += 64) {
      uint64_t v[8];
      memcpy(v, from + i, 64);
      for (int k = 0; k < 8; k++) v[k] ^= eight;
      memcpy(to + i, v, 64);
    }
  }
  for (; i + 8 <= bytes; i += 8) {
    uint64_t v;
    memcpy(&v, from + i, 8);
    v ^= eight;
    memcpy(to + i, &v, 8);
  }
  for (; i < bytes; i++) to[i] = from[i] ^ key[i & 3];
}

/*
 * Makes the server's frames of the client's, from p on. Payloads are unmasked where they lie, and the header is
 * written in front of them; with several frames in a read those behind the first move up by what is saved.
 * Gives the bytes used; *made are the bytes to send, from *start on. *cut is the length of the frame that follows
 * in part, or 0 if not even its header is there.
 */
static size_t frames(unsigned char *p, size_t bytes, unsigned char **start, size_t *made, size_t *cut) {
  size_t at = 0;
  unsigned char *to = NULL;
  *start = NULL, *cut = 0;
  while (at < bytes) {
    uint64_t payload;
    size_t head = header(p + at, bytes - at, &payload), whole = head + 4 + payload;
    if (!head) break;
    if (bytes - at < whole) {
      *cut = whole;
      break;
    }
    unsigned char key[4], h[MAX_HEADER], *from = p + at + head + 4;
    memcpy(h, p + at, head);
    memcpy(key, p + at + head, 4);
    h[1] &= 127;
    if (!to) to = *start = p + at + 4; /* the first stays where it is, its header four bytes later */
    unmask(to + head, from, payload, key);
    memcpy(to, h, head);
    to += head + payload;
    at += whole;
  }
  *made = to ? (size_t)(to - *start) : 0;
  return at;
}

static void own(struct conn *c, size_t bytes) {
  if (c->own_bytes < bytes) {
    c->own_bytes = bytes < HEAD_BYTES ? HEAD_BYTES : bytes;
    c->own = realloc(c->own, c->own_bytes);
  }
}

/* Keeps the beginning of a frame in memory of the connection's own. */
static void keep(struct conn *c, const unsigned char *p, size_t bytes, size_t cut) {
  own(c, cut ? cut : HEAD_BYTES);
  memmove(c->own, p, bytes);
  c->part = c->own, c->have = bytes, c->need = cut;
}

/* More of a part has come: finds out how long the frame is, if that was not known. */
static void learn(struct conn *c) {
  uint64_t payload;
  size_t head;
  if (!c->need && (head = header(c->part, c->have, &payload))) {
    c->need = head + 4 + payload;
    if (c->part == c->own) own(c, c->need), c->part = c->own;
  }
}

/* How many bytes to read for a part, so that nothing of the next frame comes with it. */
static size_t wanted(const struct conn *c) {
  if (c->need) return c->need - c->have;
  size_t length = c->have < 2 ? 0 : c->part[1] & 127;
  return (c->have < 2 ? 2 : length == 126 ? 4 : 10) - c->have;
}

/* ---- Sockets ---- */

static int listener(int *port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof at;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* accepted sockets have it from here */
  if (bind(fd, (void *)&at, sizeof at) || listen(fd, 4096) || getsockname(fd, (void *)&at, &length)) die("listen");
  *port = ntohs(at.sin_port);
  return fd;
}

static struct conn *accepted(int fd) {
  if (fd >= MAX_FDS) {
    close(fd);
    return NULL;
  }
  struct conn *c = calloc(1, sizeof *c);
  c->fd = fd, c->buffer = -1;
  return conns[fd] = c;
}

static void *until_stdin_ends(void *nothing) {
  char ignored[64];
  while (read(0, ignored, sizeof ignored) > 0) {
  }
  _exit(0);
  return nothing;
}

/* ---- epoll ---- */

static int poll_fd;

static void watch(struct conn *c, int op) {
  struct epoll_event e = {.events = c->sending ? EPOLLOUT : EPOLLIN, .data.fd = c->fd};
  epoll_ctl(poll_fd, op, c->fd, &e);
}

static void drop_polled(struct conn *c) {
  conns[c->fd] = NULL;
  close(c->fd);
  free(c->own);
  free(c);
}

/* Sends; what the kernel does not take waits, and is copied if it lies in the buffer that all share. */
static int send_polled(struct conn *c, unsigned char *p, size_t bytes) {
  ssize_t sent = send(c->fd, p, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN) return 0;
  size_t left = bytes - (sent > 0 ? sent : 0);
  if (left) {
    if (p >= memory && p < memory + buffer_bytes) {
      c->out = malloc(left); /* memory of its own, which a part may need */
      memcpy(c->out, p + bytes - left, left);
      c->sent = 0, c->to_send = left, c->buffer = 1; /* 1: to be freed */
    } else {
      c->out = p, c->sent = bytes - left, c->to_send = bytes, c->buffer = -1;
    }
    if (!c->sending) {
      c->sending = 1;
      watch(c, EPOLL_CTL_MOD);
    }
  }
  return 1;
}

static int writable(struct conn *c) {
  ssize_t sent = send(c->fd, c->out + c->sent, c->to_send - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) return errno == EAGAIN;
  c->sent += sent;
  if (c->sent == c->to_send) {
    if (c->buffer == 1) free(c->out);
    c->buffer = -1, c->sending = 0;
    watch(c, EPOLL_CTL_MOD);
  }
  return 1;
}

static int readable(struct conn *c) {
  unsigned char *start;
  size_t made, cut;
  if (c->part) {
    ssize_t got = recv(c->fd, c->part + c->have, wanted(c), MSG_DONTWAIT);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    c->have += got;
    learn(c);
    if (c->have != c->need) return 1;
    frames(c->part, c->have, &start, &made, &cut);
    c->part = NULL;
    return send_polled(c, start, made);
  }
  ssize_t got = recv(c->fd, memory, buffer_bytes, MSG_DONTWAIT);
  if (got <= 0) return got < 0 && errno == EAGAIN;
  if (!c->open) return shake(c, memory, got);
  size_t used = frames(memory, got, &start, &made, &cut);
  if (made && !send_polled(c, start, made)) return 0;
  if (used < (size_t)got) keep(c, memory + used, got - used, cut);
  return 1;
}

static void run_epoll(int listening) {
  memory = malloc(buffer_bytes);
  poll_fd = epoll_create1(0);
  struct epoll_event e = {.events = EPOLLIN, .data.fd = listening}, ready[1024];
  epoll_ctl(poll_fd, EPOLL_CTL_ADD, listening, &e);
  for (;;) {
    int n = epoll_wait(poll_fd, ready, 1024, -1);
    for (int i = 0; i < n; i++) {
      int fd = ready[i].data.fd;
      struct conn *c = conns[fd];
      if (fd == listening) {
        int new = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
        if (new >= 0 && (c = accepted(new))) watch(c, EPOLL_CTL_ADD);
      } else if (c && !(c->sending ? writable(c) : readable(c))) {
        drop_polled(c);
      }
    }
  }
}

/* ---- io_uring ---- */

enum { ENTRIES = 1024, COMPLETIONS = 8192 };
enum { ACCEPT = 1, RECEIVE, SEND };

static int ring_fd, multishot;
static unsigned char *rings;
static struct io_uring_sqe *sqes;
static struct io_uring_cqe *cqes;
static struct io_uring_buf_ring *provided;
static _Atomic uint32_t *sq_head, *sq_tail, *cq_head, *cq_tail;
static uint32_t tail, submitted, completed;
static uint16_t provided_tail;

static int ring_register(int what, void *with, unsigned count) {
  return syscall(SYS_io_uring_register, ring_fd, what, with, count);
}

static void enter(unsigned wait) {
  atomic_store_explicit(sq_tail, tail, memory_order_release);
  int n = syscall(SYS_io_uring_enter, 0, tail - submitted, wait,
                  IORING_ENTER_GETEVENTS | IORING_ENTER_REGISTERED_RING, NULL, 0);
  if (n > 0) submitted += n;
}

static struct io_uring_sqe *request(int op, int kind, int fd) {
  while (tail - submitted == ENTRIES) enter(0);
  struct io_uring_sqe *s = &sqes[tail++ & (ENTRIES - 1)];
  memset(s, 0, sizeof *s);
  s->opcode = op, s->fd = fd, s->user_data = (uint64_t)kind << 32 | (uint32_t)fd;
  return s;
}

static void give_back(int buffer) {
  struct io_uring_buf *b = &provided->bufs[provided_tail++ & (buffers - 1)];
  b->addr = (uintptr_t)(memory + buffer * buffer_bytes), b->len = buffer_bytes, b->bid = buffer;
  __atomic_store_n(&provided->tail, provided_tail, __ATOMIC_RELEASE);
}

static void receive(struct conn *c) {
  if (c->receiving || c->closing) return;
  c->receiving = 1;
  struct io_uring_sqe *s = request(IORING_OP_RECV, RECEIVE, c->fd);
  if (c->part && !multishot) {
    s->addr = (uintptr_t)(c->part + c->have), s->len = wanted(c);
    if (c->need) s->msg_flags = MSG_WAITALL;
  } else {
    s->flags = IOSQE_BUFFER_SELECT;
    if (multishot) s->ioprio = IORING_RECV_MULTISHOT;
    else s->ioprio = IORING_RECVSEND_POLL_FIRST;
  }
}

static void send_on(struct conn *c) {
  struct io_uring_sqe *s = request(IORING_OP_SEND, SEND, c->fd);
  s->addr = (uintptr_t)(c->out + c->sent), s->len = c->to_send - c->sent, s->msg_flags = MSG_NOSIGNAL;
  c->sending = 1;
}

static void start_send(struct conn *c, unsigned char *p, size_t bytes, int buffer) {
  c->out = p, c->sent = 0, c->to_send = bytes, c->buffer = buffer;
  send_on(c);
}

static int in_ring(const unsigned char *p) { return p >= memory && p < memory + buffers * buffer_bytes; }

static void drop_ring(struct conn *c) {
  if (!c->closing) shutdown(c->fd, SHUT_RDWR);
  c->closing = 1;
  if (c->sending || c->receiving) return;
  if (c->buffer >= 0) give_back(c->buffer);
  if (c->part && in_ring(c->part)) give_back((int)((c->part - memory) / buffer_bytes));
  conns[c->fd] = NULL;
  close(c->fd);
  free(c->own);
  free(c);
}

/* Bytes have come for a part that is read straight into its place. */
static void got_part(struct conn *c, int bytes) {
  unsigned char *start;
  size_t made, cut;
  c->have += bytes;
  learn(c);
  if (c->have == c->need) {
    int buffer = in_ring(c->part) ? (int)((c->part - memory) / buffer_bytes) : -1;
    frames(c->part, c->have, &start, &made, &cut);
    c->part = NULL;
    start_send(c, start, made, buffer);
  }
}

/* Sends what is whole of a part that lies in memory of the connection's own. */
static void send_own(struct conn *c) {
  unsigned char *start;
  size_t made, cut, used = frames(c->own, c->have, &start, &made, &cut), left = c->have - used;
  c->part = left ? c->own : NULL;
  if (made) {
    unsigned char *out = malloc(made);
    memcpy(out, start, made);
    memmove(c->own, c->own + used, left);
    c->have = left;
    start_send(c, out, made, -2); /* -2: to be freed */
  } else if (cut) {
    own(c, cut);
    c->part = c->own;
  }
}

/* Bytes have come that nobody could tell where to go (multishot), behind a part or a send under way. */
static void got_more(struct conn *c, const unsigned char *p, size_t bytes) {
  size_t have = c->part ? c->have : 0;
  own(c, have + bytes);
  memcpy(c->own + have, p, bytes);
  c->part = c->own, c->have = have + bytes, c->need = 0;
  if (!c->sending) send_own(c);
}

static void got(struct conn *c, int buffer, size_t bytes) {
  unsigned char *p = memory + buffer * buffer_bytes, *start;
  size_t made, cut;
  if (!c->open) {
    if (!shake(c, p, bytes)) drop_ring(c);
    give_back(buffer);
    return;
  }
  if (c->part || c->sending) {
    got_more(c, p, bytes);
    give_back(buffer);
    return;
  }
  size_t used = frames(p, bytes, &start, &made, &cut), left = bytes - used;
  if (!made && !multishot && cut && cut <= buffer_bytes) {
    c->part = p, c->have = left, c->need = cut; /* the frame will be whole where it began */
    return;
  }
  if (left) keep(c, p + used, left, cut);
  if (made) start_send(c, start, made, buffer);
  else give_back(buffer);
}

static void received(struct conn *c, const struct io_uring_cqe *q) {
  int buffer = q->flags & IORING_CQE_F_BUFFER ? (int)(q->flags >> IORING_CQE_BUFFER_SHIFT) : -1;
  if (!(q->flags & IORING_CQE_F_MORE)) c->receiving = 0;
  if (c->closing || (q->res <= 0 && q->res != -ENOBUFS)) {
    if (buffer >= 0) give_back(buffer);
    drop_ring(c);
    return;
  }
  if (buffer >= 0) got(c, buffer, q->res);
  else if (q->res > 0) got_part(c, q->res);
  if (conns[c->fd] == c && (multishot || !c->sending)) receive(c);
}

static void sent(struct conn *c, int bytes) {
  c->sending = 0;
  if (c->closing || bytes <= 0) {
    drop_ring(c);
    return;
  }
  c->sent += bytes;
  if (c->sent < c->to_send) {
    send_on(c);
    return;
  }
  if (c->buffer >= 0) give_back(c->buffer);
  if (c->buffer == -2) free(c->out);
  c->buffer = -1;
  if (multishot && c->part) send_own(c);
  receive(c);
}

static void start_ring(void) {
  struct io_uring_params p = {
      .flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, .cq_entries = COMPLETIONS};
  if ((ring_fd = syscall(SYS_io_uring_setup, ENTRIES, &p)) < 0) die("io_uring_setup");
  size_t bytes = p.cq_off.cqes + COMPLETIONS * sizeof(struct io_uring_cqe) + ENTRIES * sizeof(uint32_t);
  rings = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring_fd, IORING_OFF_SQ_RING);
  sqes = mmap(NULL, ENTRIES * sizeof *sqes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring_fd, IORING_OFF_SQES);
  if (rings == MAP_FAILED || (void *)sqes == MAP_FAILED) die("mmap");
  sq_head = (void *)(rings + p.sq_off.head), sq_tail = (void *)(rings + p.sq_off.tail);
  cq_head = (void *)(rings + p.cq_off.head), cq_tail = (void *)(rings + p.cq_off.tail);
  cqes = (void *)(rings + p.cq_off.cqes);
  for (uint32_t i = 0; i < ENTRIES; i++) ((uint32_t *)(rings + p.sq_off.array))[i] = i;
  struct io_uring_rsrc_update update = {.offset = -1U, .data = ring_fd};
  if (ring_register(IORING_REGISTER_RING_FDS, &update, 1) != 1 || update.offset) die("register the ring");
  size_t ring_bytes = buffers * sizeof(struct io_uring_buf);
  provided = mmap(NULL, ring_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  memory = mmap(NULL, buffers * buffer_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct io_uring_buf_reg reg = {.ring_addr = (uintptr_t)provided, .ring_entries = buffers};
  if (ring_register(IORING_REGISTER_PBUF_RING, &reg, 1)) die("register buffers");
  for (unsigned i = 0; i < buffers; i++) give_back(i);
}

static void run_ring(int listening) {
  start_ring();
  request(IORING_OP_ACCEPT, ACCEPT, listening)->ioprio = IORING_ACCEPT_MULTISHOT;
  for (;;) {
    enter(1);
    uint32_t to = atomic_load_explicit(cq_tail, memory_order_acquire);
    for (; completed != to; completed++) {
      struct io_uring_cqe *q = &cqes[completed & (COMPLETIONS - 1)];
      int kind = q->user_data >> 32, fd = (int)q->user_data;
      struct conn *c;
      if (kind == ACCEPT) {
        if (q->res >= 0 && (c = accepted(q->res))) receive(c);
        if (!(q->flags & IORING_CQE_F_MORE)) request(IORING_OP_ACCEPT, ACCEPT, fd)->ioprio = IORING_ACCEPT_MULTISHOT;
      } else if ((c = conns[fd])) {
        if (kind == RECEIVE) received(c, q);
        else sent(c, q->res);
      }
    }
    atomic_store_explicit(cq_head, completed, memory_order_release);
  }
}

int main(int count, char **args) {
  int port;
  pthread_t watcher;
  if (count < 3) {
    fprintf(stderr, "usage: floor epoll|io_uring|multishot BUFFER_BYTES [BUFFERS]\n");
    return 64;
  }
  buffer_bytes = strtoul(args[2], NULL, 10);
  buffers = count > 3 ? strtoul(args[3], NULL, 10) : 64;
  multishot = !strcmp(args[1], "multishot");
  signal(SIGPIPE, SIG_IGN);
  int listening = listener(&port);
  printf("%d %s %zu x %u\n", port, args[1], buffer_bytes, !strcmp(args[1], "epoll") ? 1 : buffers);
  fflush(stdout);
  pthread_create(&watcher, NULL, until_stdin_ends, NULL);
  if (!strcmp(args[1], "epoll")) run_epoll(listening);
  else run_ring(listening);
  return 0;
}
