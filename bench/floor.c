// The floor: the time that a program needs at least to talk to the kernel's IPVS. Raw netlink, no library but
// libc, no check that costs time, no result kept longer than it takes to write it down. The benchmark
// compares this package with it.
//
// read   The whole table: one dump of the services, then one of each service's destinations (GET_DEST). Every
// attribute of every row is decoded, by its type and not by its place, into columns that were allocated
// before. The kernel allocates a dump's chunk, and another for its end mark, at the size of the longest
// receive the socket ever made (netlink_dump()), and most distributions zero what is allocated: so each list
// is read through a socket whose history gives it the smallest of four chunks that holds it, 3,776 bytes to
// 32 KiB. One read before the first round makes that history, and maps the memory.
//
// services   The first of those dumps alone.
//
// fit   The destinations of the first service, through sockets of all four histories in turn.
//
// add   Adds the table, each service followed by its destinations, in batches of 150 messages a send. Only
// the last of a batch asks for an ack: errors come unasked. Messages are copied from templates that only need
// addresses and numbers.
//
// one   The same, one message a send, each asking for its ack and waiting for it.
//
// bare   The same without acks: the kernel works inside send() and queues errors there, so that no answer
// means success.
//
// lone   Changes one destination's weight as in bare, each time after a pause of 10 ms, when no cache holds
// anything any more, as for a program that writes now and then.
//
// flush   Removes all services.
//
// churn   Changes every destination's weight, in batches as above, and reads the table, again and again until
// it is killed: another program's load.
//
// usage: floor MODE SERVICES DESTINATIONS [ROUNDS], DESTINATIONS counted per service. ROUNDS may be "-" for
// read and services: a round for each line of standard input, so that somebody else's turn can come between.
// Prints a line a round, MODE WALL CPU COUNT, times in nanoseconds and COUNT rows or messages; fit's MODE is
// "fit BYTES". At the end: peak KIB.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  kChunks = 4,
  kServiceBytes = 320,
  kDestinationBytes = 356,
  kBatch = 150,
  kCounters = 10,
  kAddress = 16,
  kLongestMessage = 256,
};

// The size of a chunk: a power of two, less the kernel's own overhead.
static const unsigned chunks[kChunks] = {3776, 7872, 16064, 32448};

// The columns of services and of destinations, one for each attribute.
struct services {
  uint16_t *family, *protocol, *port;
  uint32_t *fwmark, *flags, *timeout, *netmask;
  uint8_t (*address)[kAddress];
  char (*scheduler)[kAddress], (*engine)[kAddress];
  uint64_t* counters[kCounters];
};

struct destinations {
  uint16_t *family, *port, *tunnel_port, *tunnel_flags;
  uint8_t* tunnel_type;
  uint32_t *service, *forwarding, *weight, *upper, *lower, *active, *inactive, *persistent;
  uint8_t (*address)[kAddress];
  uint64_t* counters[kCounters];
};

struct channel {
  int fd;
  uint32_t sequence;
  size_t length;  // of each receive
  uint8_t* buffer;
};

union buffer {
  struct nlmsghdr message;
  uint8_t bytes[kLongestMessage];
};

// A message that is sent many times, each time with other addresses.
struct template {
  size_t length;
  size_t service;      // offset of the service's address
  size_t destination;  // offset of the destination's
  size_t weight;
  union buffer buffer;
};

static uint16_t family;
static struct services services;
static struct destinations destinations;
static size_t service_rows, destination_rows, service_room, destination_room;

static void die(const char* what) {
  fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void die_of(const char* what, int error) {
  errno = error;
  die(what);
}

static uint64_t clock_of(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// The smallest chunk that holds a list, or the largest there is.
static size_t fitting(size_t bytes) {
  unsigned c = 0;
  while (c + 1 < kChunks && chunks[c] < bytes) ++c;
  return chunks[c];
}

static struct channel open_channel(size_t length) {
  struct channel channel = {.length = length, .buffer = malloc(1 << 16)};
  channel.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
  const struct sockaddr_nl self = {.nl_family = AF_NETLINK};
  if (channel.fd < 0 || bind(channel.fd, (const struct sockaddr*)&self, sizeof self) != 0)
    die("netlink socket");
  const int room = 1 << 20;
  const int on = 1;
  setsockopt(channel.fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  setsockopt(channel.fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  return channel;
}

static void transmit(struct channel* channel, const void* data, size_t length) {
  const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  if (sendto(channel->fd, data, length, 0, (const struct sockaddr*)&kernel, sizeof kernel) != (ssize_t)length)
    die("send");
}

static size_t receive(struct channel* channel) {
  const ssize_t length = recv(channel->fd, channel->buffer, channel->length, MSG_TRUNC);
  if (length < 0) die("receive");
  if ((size_t)length > channel->length) die_of("receive", EMSGSIZE);
  return (size_t)length;
}

// Building messages. Attributes are appended, and nests and messages get their length when they end. All that
// lies behind the message's own header is copied in, since C forbids writing bytes of one type through a
// pointer to another.

static struct nlmsghdr* begin(void* at, uint16_t type, uint8_t command, uint16_t flags) {
  const struct genlmsghdr generic = {.cmd = command, .version = 1};
  struct nlmsghdr* message = at;
  *message = (struct nlmsghdr){
      .nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags};
  memcpy(NLMSG_DATA(message), &generic, sizeof generic);
  return message;
}

// Returns the offset of the value.
static size_t put(struct nlmsghdr* message, uint16_t type, const void* value, size_t length) {
  const struct nlattr header = {.nla_len = (uint16_t)(NLA_HDRLEN + length), .nla_type = type};
  uint8_t* at = (uint8_t*)message + message->nlmsg_len;
  memset(at, 0, NLA_ALIGN(header.nla_len));
  memcpy(at, &header, sizeof header);
  if (length > 0) memcpy(at + NLA_HDRLEN, value, length);
  message->nlmsg_len += NLA_ALIGN(header.nla_len);
  return (size_t)(at - (uint8_t*)message) + NLA_HDRLEN;
}

static size_t put16(struct nlmsghdr* message, uint16_t type, uint16_t value) {
  return put(message, type, &value, sizeof value);
}

static size_t put32(struct nlmsghdr* message, uint16_t type, uint32_t value) {
  return put(message, type, &value, sizeof value);
}

static void end_nest(struct nlmsghdr* message, size_t start) {
  const uint16_t length = (uint16_t)(message->nlmsg_len - start + NLA_HDRLEN);
  memcpy((uint8_t*)message + start - NLA_HDRLEN, &length, sizeof length);
}

static size_t put_service(struct nlmsghdr* message, bool whole) {
  const size_t nest = put(message, IPVS_CMD_ATTR_SERVICE, NULL, 0);
  put16(message, IPVS_SVC_ATTR_AF, AF_INET);
  put16(message, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
  const size_t address = put32(message, IPVS_SVC_ATTR_ADDR, 0);
  put16(message, IPVS_SVC_ATTR_PORT, htons(80));
  if (whole) {
    const struct ip_vs_flags flags = {0, ~0u};
    put(message, IPVS_SVC_ATTR_SCHED_NAME, "wlc", sizeof "wlc");
    put(message, IPVS_SVC_ATTR_FLAGS, &flags, sizeof flags);
    put32(message, IPVS_SVC_ATTR_TIMEOUT, 0);
    put32(message, IPVS_SVC_ATTR_NETMASK, ~0u);
  }
  end_nest(message, nest);
  return address;
}

static struct template template_of(uint8_t command, uint16_t flags) {
  struct template made = {0};
  struct nlmsghdr* message = begin(&made.buffer, family, command, flags);
  made.service = put_service(message, command == IPVS_CMD_NEW_SERVICE);
  if (command == IPVS_CMD_NEW_DEST || command == IPVS_CMD_SET_DEST) {
    const size_t nest = put(message, IPVS_CMD_ATTR_DEST, NULL, 0);
    made.destination = put32(message, IPVS_DEST_ATTR_ADDR, 0);
    put16(message, IPVS_DEST_ATTR_PORT, htons(8080));
    put32(message, IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_MASQ);
    made.weight = put32(message, IPVS_DEST_ATTR_WEIGHT, 1);
    put32(message, IPVS_DEST_ATTR_U_THRESH, 0);
    put32(message, IPVS_DEST_ATTR_L_THRESH, 0);
    end_nest(message, nest);
  }
  made.length = message->nlmsg_len;
  return made;
}

// The table's addresses, as the benchmark's other contestants have them: services from 10.0.0.1 on, each with
// the same destinations, from 10.128.0.1 on.
static uint32_t service_address(uint32_t i) {
  return htonl(0x0a000001u + i);
}
static uint32_t destination_address(uint32_t i) {
  return htonl(0x0a800001u + i);
}

// Decoding. The kernel's own lengths are trusted.

static uint16_t get16(const struct nlattr* attribute) {
  uint16_t value;
  memcpy(&value, attribute + 1, sizeof value);
  return value;
}

static uint32_t get32(const struct nlattr* attribute) {
  uint32_t value;
  memcpy(&value, attribute + 1, sizeof value);
  return value;
}

static void get_bytes(const struct nlattr* attribute, void* to) {
  const size_t length = attribute->nla_len - (size_t)NLA_HDRLEN;
  memcpy(to, attribute + 1, length < kAddress ? length : kAddress);
}

#define EACH(at, start, end)                                                                     \
  for (const struct nlattr* at = (const void*)(start); (const uint8_t*)at + NLA_HDRLEN <= (end); \
       at = (const void*)((const uint8_t*)at + NLA_ALIGN(at->nla_len)))

static const uint8_t* end_of(const struct nlattr* nest) {
  return (const uint8_t*)nest + nest->nla_len;
}

static void get_counters(const struct nlattr* nest, uint64_t* const* columns, size_t row) {
  EACH(at, nest + 1, end_of(nest)) {
    const unsigned type = at->nla_type - IPVS_STATS_ATTR_CONNS;
    if (type < kCounters) memcpy(&columns[type][row], at + 1, sizeof(uint64_t));
  }
}

static void get_service(const struct nlattr* nest) {
  const size_t row = service_rows++;
  services.fwmark[row] = 0;
  services.engine[row][0] = 0;
  EACH(at, nest + 1, end_of(nest)) {
    switch (at->nla_type) {
      case IPVS_SVC_ATTR_AF:
        services.family[row] = get16(at);
        break;
      case IPVS_SVC_ATTR_PROTOCOL:
        services.protocol[row] = get16(at);
        break;
      case IPVS_SVC_ATTR_ADDR:
        get_bytes(at, services.address[row]);
        break;
      case IPVS_SVC_ATTR_PORT:
        services.port[row] = ntohs(get16(at));
        break;
      case IPVS_SVC_ATTR_FWMARK:
        services.fwmark[row] = get32(at);
        break;
      case IPVS_SVC_ATTR_SCHED_NAME:
        get_bytes(at, services.scheduler[row]);
        break;
      case IPVS_SVC_ATTR_PE_NAME:
        get_bytes(at, services.engine[row]);
        break;
      case IPVS_SVC_ATTR_FLAGS:
        services.flags[row] = get32(at);
        break;
      case IPVS_SVC_ATTR_TIMEOUT:
        services.timeout[row] = get32(at);
        break;
      case IPVS_SVC_ATTR_NETMASK:
        services.netmask[row] = get32(at);
        break;
      case IPVS_SVC_ATTR_STATS64:
        get_counters(at, services.counters, row);
        break;
      default:
        break;
    }
  }
}

static void get_destination(const struct nlattr* nest, uint32_t service) {
  const size_t row = destination_rows++;
  destinations.service[row] = service;
  EACH(at, nest + 1, end_of(nest)) {
    switch (at->nla_type) {
      case IPVS_DEST_ATTR_ADDR_FAMILY:
        destinations.family[row] = get16(at);
        break;
      case IPVS_DEST_ATTR_ADDR:
        get_bytes(at, destinations.address[row]);
        break;
      case IPVS_DEST_ATTR_PORT:
        destinations.port[row] = ntohs(get16(at));
        break;
      case IPVS_DEST_ATTR_FWD_METHOD:
        destinations.forwarding[row] = get32(at);
        break;
      case IPVS_DEST_ATTR_WEIGHT:
        destinations.weight[row] = get32(at);
        break;
      case IPVS_DEST_ATTR_U_THRESH:
        destinations.upper[row] = get32(at);
        break;
      case IPVS_DEST_ATTR_L_THRESH:
        destinations.lower[row] = get32(at);
        break;
      case IPVS_DEST_ATTR_ACTIVE_CONNS:
        destinations.active[row] = get32(at);
        break;
      case IPVS_DEST_ATTR_INACT_CONNS:
        destinations.inactive[row] = get32(at);
        break;
      case IPVS_DEST_ATTR_PERSIST_CONNS:
        destinations.persistent[row] = get32(at);
        break;
      case IPVS_DEST_ATTR_TUN_TYPE:
        destinations.tunnel_type[row] = *(const uint8_t*)(at + 1);
        break;
      case IPVS_DEST_ATTR_TUN_PORT:
        destinations.tunnel_port[row] = ntohs(get16(at));
        break;
      case IPVS_DEST_ATTR_TUN_FLAGS:
        destinations.tunnel_flags[row] = get16(at);
        break;
      case IPVS_DEST_ATTR_STATS64:
        get_counters(at, destinations.counters, row);
        break;
      default:
        break;
    }
  }
}

#define ALLOCATE(column, rows) (column = calloc((rows) + 1, sizeof *(column)))

static void allocate(size_t n, size_t m) {
  service_room = n;
  destination_room = m;
  ALLOCATE(services.family, n), ALLOCATE(services.protocol, n), ALLOCATE(services.port, n);
  ALLOCATE(services.fwmark, n), ALLOCATE(services.flags, n), ALLOCATE(services.timeout, n);
  ALLOCATE(services.netmask, n), ALLOCATE(services.address, n), ALLOCATE(services.scheduler, n);
  ALLOCATE(services.engine, n);
  ALLOCATE(destinations.family, m), ALLOCATE(destinations.port, m), ALLOCATE(destinations.tunnel_port, m);
  ALLOCATE(destinations.tunnel_flags, m), ALLOCATE(destinations.tunnel_type, m),
      ALLOCATE(destinations.service, m);
  ALLOCATE(destinations.forwarding, m), ALLOCATE(destinations.weight, m), ALLOCATE(destinations.upper, m);
  ALLOCATE(destinations.lower, m), ALLOCATE(destinations.active, m), ALLOCATE(destinations.inactive, m);
  ALLOCATE(destinations.persistent, m), ALLOCATE(destinations.address, m);
  for (int i = 0; i < kCounters; ++i)
    ALLOCATE(services.counters[i], n), ALLOCATE(destinations.counters[i], m);
}

// Runs one dump; rows of destinations are marked with `service`.
static void dump(struct channel* channel, struct nlmsghdr* request, uint32_t service) {
  request->nlmsg_seq = ++channel->sequence;
  transmit(channel, request, request->nlmsg_len);
  while (true) {
    const uint8_t* end = channel->buffer + receive(channel);
    for (const uint8_t* at = channel->buffer; at < end;) {
      const struct nlmsghdr* message = (const void*)at;
      if (message->nlmsg_type == NLMSG_DONE) return;
      if (message->nlmsg_type == NLMSG_ERROR) die_of("dump", -*(const int*)NLMSG_DATA(message));
      const struct nlattr* row = (const void*)(at + NLMSG_LENGTH(GENL_HDRLEN));
      if (row->nla_type == IPVS_CMD_ATTR_SERVICE) {
        if (service_rows == service_room) die_of("more services than said", E2BIG);
        get_service(row);
      } else {
        if (destination_rows == destination_room) die_of("more destinations than said", E2BIG);
        get_destination(row, service);
      }
      at += NLMSG_ALIGN(message->nlmsg_len);
    }
  }
}

static void read_services(struct channel* channel) {
  union buffer all;
  service_rows = destination_rows = 0;
  dump(channel, begin(&all, family, IPVS_CMD_GET_SERVICE, NLM_F_DUMP), 0);
}

static void read_destinations(struct channel* channel, struct template* ask) {
  for (uint32_t i = 0; i < service_rows; ++i) {
    memcpy(ask->buffer.bytes + ask->service, services.address[i], sizeof(uint32_t));
    dump(channel, &ask->buffer.message, i);
  }
}

// Sending messages to the kernel.
struct writer {
  struct channel channel;
  uint8_t* bytes;
  size_t length;
  unsigned count;
  struct nlmsghdr* last;
};

static void check_acks(struct writer* writer) {
  const uint32_t last = writer->channel.sequence;
  while (true) {
    const uint8_t* end = writer->channel.buffer + receive(&writer->channel);
    for (const uint8_t* at = writer->channel.buffer; at < end;) {
      const struct nlmsghdr* message = (const void*)at;
      const int error = *(const int*)NLMSG_DATA(message);
      if (error != 0) die_of("write", -error);
      if (message->nlmsg_seq == last) return;
      at += NLMSG_ALIGN(message->nlmsg_len);
    }
  }
}

static void send_batch(struct writer* writer) {
  if (writer->count == 0) return;
  writer->last->nlmsg_flags |= NLM_F_ACK;
  transmit(&writer->channel, writer->bytes, writer->length);
  check_acks(writer);
  writer->length = writer->count = 0;
}

static void send_bare(struct writer* writer) {
  transmit(&writer->channel, writer->bytes, writer->length);
  const ssize_t length =
      recv(writer->channel.fd, writer->channel.buffer, writer->channel.length, MSG_DONTWAIT);
  if (length >= 0) die_of("write", -*(const int*)NLMSG_DATA(writer->channel.buffer));
  if (errno != EAGAIN) die("receive");
  writer->length = writer->count = 0;
}

static void append(struct writer* writer, const struct template* template, uint32_t service,
                   uint32_t destination, uint32_t weight) {
  uint8_t* at = writer->bytes + writer->length;
  memcpy(at, template->buffer.bytes, template->length);
  const uint32_t service_bytes = service_address(service);
  memcpy(at + template->service, &service_bytes, sizeof service_bytes);
  if (template->destination != 0) {
    const uint32_t destination_bytes = destination_address(destination);
    memcpy(at + template->destination, &destination_bytes, sizeof destination_bytes);
    memcpy(at + template->weight, &weight, sizeof weight);
  }
  writer->last = (struct nlmsghdr*)at;
  writer->last->nlmsg_seq = ++writer->channel.sequence;
  writer->length += template->length;
  ++writer->count;
}

static struct writer open_writer(void) {
  return (struct writer){.channel = open_channel(chunks[0]),
                         .bytes = malloc((size_t)kBatch * kLongestMessage)};
}

static uint64_t add_table(struct writer* writer, unsigned n, unsigned m, unsigned batch, bool bare) {
  const struct template new_service = template_of(IPVS_CMD_NEW_SERVICE, 0);
  const struct template new_destination = template_of(IPVS_CMD_NEW_DEST, 0);
  void (*const flush)(struct writer*) = bare ? send_bare : send_batch;
  for (uint32_t i = 0; i < n; ++i) {
    append(writer, &new_service, i, 0, 1);
    if (writer->count == batch) flush(writer);
    for (uint32_t k = 0; k < m; ++k) {
      append(writer, &new_destination, i, k, 1);
      if (writer->count == batch) flush(writer);
    }
  }
  if (writer->count > 0) flush(writer);
  return (uint64_t)n * (m + 1);
}

static uint64_t flush_table(struct writer* writer) {
  writer->last = begin(writer->bytes, family, IPVS_CMD_FLUSH, 0);
  writer->last->nlmsg_seq = ++writer->channel.sequence;
  writer->length = writer->last->nlmsg_len;
  writer->count = 1;
  send_batch(writer);
  return 1;
}

static void change_weights(struct writer* writer, unsigned n, unsigned m, uint32_t weight) {
  const struct template set_destination = template_of(IPVS_CMD_SET_DEST, 0);
  for (uint32_t i = 0; i < n; ++i) {
    for (uint32_t k = 0; k < m; ++k) {
      append(writer, &set_destination, i, k, weight);
      if (writer->count == kBatch) send_batch(writer);
    }
  }
  send_batch(writer);
}

static void resolve_family(void) {
  struct channel channel = open_channel(1 << 16);
  union buffer request;
  struct nlmsghdr* message = begin(&request, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
  put(message, CTRL_ATTR_FAMILY_NAME, IPVS_GENL_NAME, sizeof IPVS_GENL_NAME);
  transmit(&channel, message, message->nlmsg_len);
  const uint8_t* end = channel.buffer + receive(&channel);
  message = (struct nlmsghdr*)channel.buffer;
  if (message->nlmsg_type == NLMSG_ERROR) die_of("no IPVS in this kernel", -*(const int*)NLMSG_DATA(message));
  EACH(at, (uint8_t*)message + NLMSG_LENGTH(GENL_HDRLEN), end) {
    if (at->nla_type == CTRL_ATTR_FAMILY_ID) family = get16(at);
  }
  close(channel.fd);
}

static uint64_t wall, cpu;

static void start(void) {
  cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID);
  wall = clock_of(CLOCK_MONOTONIC);
}

static void stop(const char* label, uint64_t count) {
  wall = clock_of(CLOCK_MONOTONIC) - wall;
  cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  printf("%s %llu %llu %llu\n", label, (unsigned long long)wall, (unsigned long long)cpu,
         (unsigned long long)count);
  fflush(stdout);
}

// Not getrusage(), which remembers what the process was before exec().
static void print_peak(void) {
  FILE* status = fopen("/proc/self/status", "r");
  char line[128];
  long peak = 0;
  while (status != NULL && fgets(line, sizeof line, status) != NULL) {
    if (sscanf(line, "VmHWM: %ld", &peak) == 1) break;
  }
  printf("peak %ld\n", peak);
}

static void fit(unsigned rounds, struct template* ask) {
  struct channel channels[kChunks];
  const uint32_t address = service_address(0);
  memcpy(ask->buffer.bytes + ask->service, &address, sizeof address);
  for (unsigned c = 0; c < kChunks; ++c) channels[c] = open_channel(chunks[c]);
  for (unsigned round = 0; round <= rounds; ++round) {
    for (unsigned c = 0; c < kChunks; ++c) {
      char label[32];
      snprintf(label, sizeof label, "fit %u", chunks[c]);
      start();
      // Short lists take microseconds: several a round.
      uint64_t rows = 0;
      do {
        destination_rows = 0;
        dump(&channels[c], &ask->buffer.message, 0);
        rows += destination_rows;
      } while (destination_rows > 0 && rows < 1000);
      if (round > 0) stop(label, rows);
    }
  }
}

// Waits for a line of standard input; false at its end.
static bool told(void) {
  char line[16];
  return fgets(line, sizeof line, stdin) != NULL;
}

static bool is(const char* mode, const char* name) {
  return strcmp(mode, name) == 0;
}

static void change_alone(struct writer* writer, unsigned rounds) {
  const struct template set_destination = template_of(IPVS_CMD_SET_DEST, 0);
  const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
  for (unsigned round = 0; round < rounds; ++round) {
    nanosleep(&pause, NULL);
    start();
    append(writer, &set_destination, 0, 0, 1 + round % 9);
    send_bare(writer);
    stop("lone", 1);
  }
}

int main(int argc, char** argv) {
  if (argc < 4) {
    fprintf(
        stderr,
        "usage: floor read|services|fit|add|one|bare|lone|flush|churn SERVICES DESTINATIONS [ROUNDS|-]\n");
    return 2;
  }
  const char* mode = argv[1];
  const unsigned n = (unsigned)strtoul(argv[2], NULL, 10);
  const unsigned m = (unsigned)strtoul(argv[3], NULL, 10);
  const unsigned rounds = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 1;
  resolve_family();
  struct template ask = template_of(IPVS_CMD_GET_DEST, NLM_F_DUMP);
  if (is(mode, "fit")) {
    allocate(n, (size_t)n * m);
    fit(rounds, &ask);
  } else if (is(mode, "read") || is(mode, "services") || is(mode, "churn")) {
    const bool churn = is(mode, "churn");
    const bool in_turn = argc > 4 && is(argv[4], "-");
    struct writer writer = open_writer();
    struct channel of_services = open_channel(fitting((size_t)n * kServiceBytes));
    struct channel of_destinations = open_channel(fitting((size_t)m * kDestinationBytes));
    allocate(n, (size_t)n * m);
    for (unsigned round = 0; churn || in_turn || round <= rounds; ++round) {
      if (in_turn && round > 0 && !told()) break;
      if (churn) change_weights(&writer, n, m, 1 + round % 2);
      start();
      read_services(&of_services);
      if (!is(mode, "services")) read_destinations(&of_destinations, &ask);
      if (!churn && round > 0) stop(mode, service_rows + destination_rows);
    }
  } else if (is(mode, "lone")) {
    struct writer writer = open_writer();
    change_alone(&writer, rounds);
  } else {
    struct writer writer = open_writer();
    start();
    if (is(mode, "flush")) {
      stop(mode, flush_table(&writer));
    } else {
      const unsigned batch = is(mode, "add") ? kBatch : 1;
      stop(mode, add_table(&writer, n, m, batch, is(mode, "bare")));
    }
  }
  print_peak();
  return 0;
}
