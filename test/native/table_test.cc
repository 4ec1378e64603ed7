// Tables as kernels of every age report them, through the reader and a sampler.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <random>

#include "native/table/sampler.h"
#include "native/table/table_readers.h"
#include "test/native/calls.h"
#include "test/native/rows.h"
#include "test/native/scripted_kernel.h"
#include "test/native/test.h"

using ipvs::TableReaders;
using ipvs::WhenTorn;

namespace {

struct Client {
  explicit Client(ScriptedKernel* kernel)
      : connection({}, kernel->link()), readers(&connection, &interrupted) {}

  std::atomic<bool> interrupted = false;
  ipvs::Connection connection;
  TableReaders readers;
};

// A dump of these rows in one datagram, and its end.
ScriptedKernel::Turn Listing(std::vector<Attributes> rows) {
  return [rows = std::move(rows)](const Sent& sent) {
    Answer answer;
    Datagram datagram;
    for (const Attributes& row : rows) datagram.Row(sent.sequence(), row);
    if (!rows.empty()) answer.Then(datagram);
    return answer.Then(Datagram().Done(sent.sequence()));
  };
}

ScriptedKernel::Turn Answering(Attributes row) {
  return [row = std::move(row)](const Sent& sent) {
    return Answer().Then(Datagram().Row(sent.sequence(), row));
  };
}

ScriptedKernel::Turn Refusing(int error) {
  return [=](const Sent& sent) { return Answer().Then(Datagram().Ack(sent.sequence(), error)); };
}

std::vector<uint32_t> PortsOf(const std::vector<ipvs::ServiceRow>& rows) {
  std::vector<uint32_t> ports;
  ports.reserve(rows.size());
  for (const ipvs::ServiceRow& row : rows) ports.push_back(row.config.port);
  return ports;
}

// Each destination as its service's row and its port.
std::vector<uint32_t> PlacesOf(const std::vector<ipvs::DestinationRow>& rows) {
  std::vector<uint32_t> places;
  places.reserve(rows.size());
  for (const ipvs::DestinationRow& row : rows) places.push_back(row.service * 100000 + row.config.port);
  return places;
}

ipvs::ServiceRecord TcpService(uint16_t port) {
  ipvs::ServiceRecord service = {};
  service.family = AF_INET;
  service.protocol = IPPROTO_TCP;
  service.port = port;
  std::memcpy(service.address, kServiceAddress, sizeof kServiceAddress);
  return service;
}

}  // namespace

TEST_CASE("A snapshot comes in parts of whole services, whose destinations count from 0 in each") {
  ScriptedKernel kernel;
  Client client(&kernel);
  kernel.On(Listing({ServiceRow(1), ServiceRow(2), ServiceRow(3)}))
      .On(Listing({DestinationRow(11), DestinationRow(12)}))
      .On(Listing({DestinationRow(21)}))
      .On(Listing({DestinationRow(31)}));
  std::vector<std::vector<uint32_t>> parts;
  ipvs::Table rest;
  const auto emit = [&](const ipvs::Table& part) {
    parts.push_back(PortsOf(part.services));
    parts.push_back(PlacesOf(part.destinations));
  };
  REQUIRE(client.readers.Snapshot(4, emit, &rest) == ipvs::kOk);
  REQUIRE(parts.size() == 2);
  CHECK(parts[0] == std::vector<uint32_t>{1, 2});
  CHECK(parts[1] == std::vector<uint32_t>{11, 12, 100021});
  CHECK(PortsOf(rest.services) == std::vector<uint32_t>{3});
  CHECK(PlacesOf(rest.destinations) == std::vector<uint32_t>{31});
}

TEST_CASE("A service that is removed while a snapshot is read is left out, and its place goes to the next") {
  ScriptedKernel kernel;
  Client client(&kernel);
  // Of a service that is not there the kernel dumps an empty list, as of one without destinations.
  kernel.On(Listing({ServiceRow(1), ServiceRow(2), ServiceRow(3)}))
      .On(Listing({DestinationRow(11)}))
      .On(Listing({}))
      .On(Refusing(ESRCH))
      .On(Listing({}))
      .On(Answering(ServiceRow(3)));
  ipvs::Table table;
  REQUIRE(client.readers.Snapshot(
              SIZE_MAX, [](const ipvs::Table&) {}, &table) == ipvs::kOk);
  CHECK(PortsOf(table.services) == std::vector<uint32_t>{1, 3});
  CHECK(PlacesOf(table.destinations) == std::vector<uint32_t>{11});
}

TEST_CASE(
    "Destinations that were cut off by their service's removal are not listed, nor left in a snapshot") {
  // Pages that are full to the last row, all alike, as from a kernel whose memory is scattered.
  const auto pages = [](const Sent& sent) {
    Answer answer;
    for (uint16_t page = 0; page < 3; ++page) {
      Datagram datagram;
      for (uint16_t row = 1; row <= 10; ++row) {
        datagram.Row(sent.sequence(), DestinationRow(static_cast<uint16_t>(100 * page + row)));
      }
      answer.Then(datagram);
    }
    return answer.Then(Datagram().Done(sent.sequence()));
  };
  ScriptedKernel kernel;
  Client client(&kernel);
  kernel.On(Listing({ServiceRow(1), ServiceRow(2)})).On(pages).On(pages).On(pages);
  kernel.On([](const Sent& sent) {
    CHECK(sent.requests[0].command == IPVS_CMD_GET_SERVICE);
    return Answer().Then(Datagram().Ack(sent.sequence(), ESRCH));
  });
  kernel.On(Listing({DestinationRow(21)}));
  ipvs::Table table;
  REQUIRE(client.readers.Snapshot(
              SIZE_MAX, [](const ipvs::Table&) {}, &table) == ipvs::kOk);
  CHECK(PortsOf(table.services) == std::vector<uint32_t>{2});
  CHECK(PlacesOf(table.destinations) == std::vector<uint32_t>{21});
}

TEST_CASE("A snapshot ends with the first error, of its services or of their destinations") {
  ScriptedKernel kernel;
  Client client(&kernel);
  ipvs::Table table;
  const auto emit = [](const ipvs::Table&) {};
  kernel.On(Refusing(EPERM));
  CHECK(client.readers.Snapshot(1, emit, &table) == EPERM);
  kernel.On(Listing({ServiceRow(1), ServiceRow(2)})).On(Refusing(ENOMEM));
  CHECK(client.readers.Snapshot(1, emit, &table) == ENOMEM);
  CHECK(kernel.turns_left() == 0);
}

TEST_CASE("Destinations of a kernel before 3.18 have their service's family, and its counters of 32 bits") {
  ScriptedKernel kernel;
  Client client(&kernel);
  const uint8_t address[16] = {192, 0, 2, 2};
  const Attributes old = Attributes()
                             .Put(IPVS_DEST_ATTR_ADDR, address, sizeof address)
                             .U16(IPVS_DEST_ATTR_PORT, htons(80))
                             .U32(IPVS_DEST_ATTR_WEIGHT, 3)
                             .Nest(IPVS_DEST_ATTR_STATS, Stats32(7));
  kernel.On(Listing({DestinationRow(old)}));
  const ipvs::ServiceRecord service = TcpService(80);
  std::vector<ipvs::DestinationRow> rows;
  REQUIRE(client.readers.first().Destinations(WhenTorn::kFail, service, KeyOf(service), 0, &rows) ==
          ipvs::kOk);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].config.family == AF_INET);
  CHECK(rows[0].config.weight == 3);
  CHECK(rows[0].counters[0] == 7);
  CHECK(rows[0].counters[9] == 16);
  CHECK(rows[0].key == KeyOf(rows[0].config));
}

TEST_CASE("A message of a list that holds no row is passed over") {
  ScriptedKernel kernel;
  Client client(&kernel);
  kernel.On(Listing({ServiceRow(1), Attributes(), DestinationRow(9), ServiceRow(2)}));
  std::vector<ipvs::ServiceRow> services;
  REQUIRE(client.readers.first().Services(WhenTorn::kFail, &services) == ipvs::kOk);
  CHECK(PortsOf(services) == std::vector<uint32_t>{1, 2});
  kernel.On(Listing({Attributes(), DestinationRow(9), ServiceRow(2)}));
  std::vector<ipvs::DestinationRow> destinations;
  const ipvs::ServiceRecord service = TcpService(80);
  REQUIRE(client.readers.first().Destinations(WhenTorn::kFail, service, KeyOf(service), 4, &destinations) ==
          ipvs::kOk);
  CHECK(PlacesOf(destinations) == std::vector<uint32_t>{400009});
}

TEST_CASE("Each word of a sample's destinations stands in the column of its name") {
  ScriptedKernel kernel;
  Client client(&kernel);
  ipvs::Sampler sampler;
  kernel.On(Listing({ServiceRow(1), ServiceRow(2)}))
      .On(Listing({DestinationRow(11)}))
      .On(Listing({DestinationRow(21, 5)}));
  ipvs::Sample sample;
  const uint32_t parts = ipvs::kSampleCounters | ipvs::kSampleDestinations;
  REQUIRE(sampler.Read(&client.readers, parts, {}, &sample) == ipvs::kOk);
  CHECK(sample.services.rows == 2);
  REQUIRE(sample.destinations.rows == 2);
  const size_t words_at = sizeof(uint64_t) * 2 * ipvs::kSampleCounterColumns;
  REQUIRE(sample.destinations.bytes == words_at + sizeof(uint32_t) * 2 * ipvs::kSampleWords);
  const auto word = [&](ipvs::SampleWord column, size_t row) {
    uint32_t number = 0;
    std::memcpy(&number,
                sample.destinations.data.get() + words_at + (size_t{column} * 2 + row) * sizeof number,
                sizeof number);
    return number;
  };
  CHECK(word(ipvs::kSampleService, 0) == 0);
  CHECK(word(ipvs::kSampleService, 1) == 1);
  for (const size_t row : {size_t{0}, size_t{1}}) {
    CHECK(word(ipvs::kSampleWeight, row) == 0x7fffffff);
    CHECK(word(ipvs::kSampleActive, row) == 5);
    CHECK(word(ipvs::kSampleInactive, row) == 6);
    CHECK(word(ipvs::kSamplePersistent, row) == 7);
  }
  uint64_t counter = 0;
  std::memcpy(&counter, sample.destinations.data.get() + sizeof counter, sizeof counter);
  CHECK(counter == 5);  // the first column's second row
}

TEST_CASE("A sampler of chosen services asks for these alone, and one that is not there has no row") {
  ScriptedKernel kernel;
  Client client(&kernel);
  ipvs::Sampler sampler;
  sampler.Choose(TcpService(1));
  sampler.Choose(TcpService(2));
  sampler.Choose(TcpService(1));  // twice is once
  kernel.On(Refusing(ESRCH)).On(Answering(ServiceRow(2, 9)));
  ipvs::Sample sample;
  REQUIRE(sampler.Read(&client.readers, ipvs::kSampleCounters | ipvs::kSampleChosen, {}, &sample) ==
          ipvs::kOk);
  REQUIRE(sample.services.rows == 1);
  uint64_t counter = 0;
  std::memcpy(&counter, sample.services.data.get(), sizeof counter);
  CHECK(counter == 9);
  CHECK(kernel.sent.size() == 2);
  REQUIRE(sample.keys != nullptr);
  CHECK(sample.keys->services.services.rows == 1);
}

TEST_CASE("A sampler weighs what it keeps of its rows") {
  ScriptedKernel kernel;
  Client client(&kernel);
  ipvs::Sampler sampler;
  const size_t empty = sampler.bytes();
  std::vector<Attributes> rows;
  for (uint16_t port = 1; port <= 100; ++port) rows.push_back(ServiceRow(port));
  kernel.On(Listing(rows));
  ipvs::Sample sample;
  REQUIRE(sampler.Read(&client.readers, ipvs::kSampleCounters, {}, &sample) == ipvs::kOk);
  // Five counters and rates each, and the row itself.
  CHECK(sampler.bytes() >= empty + 100 * (10 * sizeof(uint64_t) + sizeof(ipvs::ServiceRow)));
}

TEST_CASE("A sampler that writes over its samples takes at most one and a half times its columns") {
  const uint32_t parts = ipvs::kSampleColumnParts | ipvs::kSampleDestinations | ipvs::kSampleReuse;
  for (const uint16_t length : {3, 9}) {
    ScriptedKernel kernel;
    Client client(&kernel);
    ipvs::Sampler sampler;
    const auto read = [&](uint16_t destinations) {
      std::vector<Attributes> services;
      std::vector<Attributes> rows;
      for (uint16_t port = 1; port <= 60; ++port) services.push_back(ServiceRow(port));
      for (uint16_t port = 1; port <= destinations; ++port) rows.push_back(DestinationRow(port));
      kernel.On(Listing(services));
      for (size_t service = 0; service < services.size(); ++service) kernel.On(Listing(rows));
      ipvs::Sample sample;
      REQUIRE(sampler.Read(&client.readers, parts, {}, &sample) == ipvs::kOk);
      REQUIRE(sample.destinations.rows == size_t{60} * destinations);
    };
    read(9);
    read(length);
    // The services' own rows, and one service's destinations as they were decoded.
    const size_t beside =
        60 * (sizeof(ipvs::ServiceRow) + 160) + size_t{2} * 9 * sizeof(ipvs::DestinationRow);
    const size_t columns = size_t{60} * length * (15 * sizeof(uint64_t) + 5 * sizeof(uint32_t));
    CHECK(sampler.bytes() <= columns * 3 / 2 + beside);  // nobody else holds a sample now
    CHECK(sampler.bytes() >= columns);
  }
}

TEST_CASE("Identities that were handed out stay as they were when the table empties and fills again") {
  ScriptedKernel kernel;
  Client client(&kernel);
  ipvs::Sampler sampler;
  const auto read = [&](const std::vector<Attributes>& destinations) {
    kernel.On(Listing({ServiceRow(1)})).On(Listing(destinations));
    if (destinations.empty()) kernel.On(Answering(ServiceRow(1)));
    ipvs::Sample sample;
    REQUIRE(sampler.Read(&client.readers, ipvs::kSampleDestinations, {}, &sample) == ipvs::kOk);
    REQUIRE(sample.keys != nullptr);
    CHECK(sample.keys->destinations.rows == destinations.size());
    return sample.keys->destinations;
  };
  const ipvs::IdentityBlock first = read({DestinationRow(11)});
  read({});
  const ipvs::IdentityBlock third = read({DestinationRow(12)});
  CHECK(first.data.get()[0].port == 11);
  CHECK(third.data.get()[0].port == 12);
}

TEST_CASE("A destination of two services has a row of each, known by its address") {
  ScriptedKernel kernel;
  Client client(&kernel);
  ipvs::Sampler sampler;
  ipvs::Sample sample;
  const auto read = [&](const std::vector<Attributes>& first, const std::vector<Attributes>& second) {
    kernel.On(Listing({ServiceRow(1), ServiceRow(2)})).On(Listing(first)).On(Listing(second));
    const uint32_t parts = ipvs::kSampleCounters | ipvs::kSampleDestinations;
    REQUIRE(sampler.Read(&client.readers, parts, {}, &sample) == ipvs::kOk);
  };
  const auto counter = [&](size_t row) {
    uint64_t number = 0;
    std::memcpy(&number, sample.destinations.data.get() + row * sizeof number, sizeof number);
    return number;
  };
  read({DestinationRow(11, 5), DestinationRow(12, 6)}, {DestinationRow(11, 7)});
  REQUIRE(sample.destinations.rows == 3);
  CHECK(counter(0) == 5);
  CHECK(counter(1) == 6);
  CHECK(counter(2) == 7);
  read({DestinationRow(12, 8)}, {DestinationRow(11, 9)});
  REQUIRE(sample.destinations.rows == 2);
  CHECK(counter(0) == 8);
  CHECK(counter(1) == 9);
  REQUIRE(sample.keys != nullptr);
  REQUIRE(sample.keys->destinations.rows == 2);
  CHECK(sample.keys->destinations.data.get()[0].port == 12);
  CHECK(sample.keys->destinations.data.get()[1].port == 11);
}

TEST_CASE("A sampler that forgot what it read is of another generation, though it reads an empty table") {
  ScriptedKernel kernel;
  Client client(&kernel);
  ipvs::Sampler sampler;
  ipvs::Sample sample;
  const auto read = [&](const std::vector<Attributes>& services) {
    kernel.On(Listing(services));
    sample = {};
    REQUIRE(sampler.Read(&client.readers, ipvs::kSampleCounters, {}, &sample) == ipvs::kOk);
  };
  read({ServiceRow(1)});
  const uint32_t before = sample.generation;
  sampler.Forget();
  read({});
  CHECK(sample.generation == before + 1);
  CHECK(sample.keys != nullptr);
  read({});
  CHECK(sample.generation == before + 1);
  CHECK(sample.keys == nullptr);
}

TEST_CASE("What came between two reads is in the delta, though a read in between failed half-way") {
  ScriptedKernel kernel;
  Client client(&kernel);
  ipvs::Sampler sampler;
  const uint32_t parts = ipvs::kSampleDeltas | ipvs::kSampleDestinations;
  ipvs::Sample sample;
  const auto list = [&](uint64_t count) {
    kernel.On(Listing({ServiceRow(1), ServiceRow(2)})).On(Listing({DestinationRow(11, count)}));
  };
  const auto delta = [&] {
    double found = 0;
    std::memcpy(&found, sample.destinations.data.get(), sizeof found);
    return found;
  };
  list(100);
  kernel.On(Listing({DestinationRow(21, 100)}));
  REQUIRE(sampler.Read(&client.readers, parts, {}, &sample) == ipvs::kOk);
  CHECK(delta() == 0);
  list(130);
  kernel.On(Refusing(EPERM));
  CHECK(sampler.Read(&client.readers, parts, {}, &sample) == EPERM);
  list(150);
  kernel.On(Listing({DestinationRow(21, 100)}));
  REQUIRE(sampler.Read(&client.readers, parts, {}, &sample) == ipvs::kOk);
  CHECK(delta() == 50);
}

TEST_CASE("A sampler's memory is written over only while it is held and the rows are the same") {
  ScriptedKernel kernel;
  Client client(&kernel);
  ipvs::Sampler sampler;
  const uint32_t parts = ipvs::kSampleCounters | ipvs::kSampleReuse;
  const auto read = [&](const std::vector<Attributes>& services, const ipvs::HeldBlocks& held) {
    ipvs::Sample sample;
    kernel.On(Listing(services));
    REQUIRE(sampler.Read(&client.readers, parts, held, &sample) == ipvs::kOk);
    return sample;
  };
  const ipvs::Sample first = read({ServiceRow(1, 1)}, {});
  CHECK_FALSE(first.services.same);
  CHECK(first.keys != nullptr);
  const ipvs::Sample second = read({ServiceRow(1, 2)}, {first.services.data.get(), nullptr});
  CHECK(second.services.same);
  CHECK(second.services.data.get() == first.services.data.get());
  CHECK(second.generation == first.generation);
  CHECK(second.keys == nullptr);
  const ipvs::Sample third = read({ServiceRow(1, 2)}, {});  // the caller has let it go
  CHECK_FALSE(third.services.same);
  CHECK_FALSE(
      read({ServiceRow(1, 2)}, {first.services.data.get(), nullptr}).services.same);  // or holds another
  const ipvs::Sample before = read({ServiceRow(1, 2)}, {});
  const ipvs::Sample fourth = read({ServiceRow(2)}, {before.services.data.get(), nullptr});
  CHECK_FALSE(fourth.services.same);
  CHECK(fourth.generation == first.generation + 1);
  CHECK(fourth.keys != nullptr);
}

TEST_CASE(
    "A sample's keys name each destination's service by its row, in whatever order services are listed") {
  ScriptedKernel kernel;
  Client client(&kernel);
  ipvs::Sampler sampler;
  const auto read = [&](uint16_t first, uint16_t second) {
    kernel.On(Listing({ServiceRow(first), ServiceRow(second)}))
        .On(Listing({DestinationRow(static_cast<uint16_t>(10 * first))}))
        .On(Listing({DestinationRow(static_cast<uint16_t>(10 * second))}));
    ipvs::Sample sample;
    const uint32_t parts = ipvs::kSampleDestinations | ipvs::kSampleKeys;
    REQUIRE(sampler.Read(&client.readers, parts, {}, &sample) == ipvs::kOk);
    REQUIRE(sample.keys != nullptr);
    const ipvs::ListView services(sample.keys->services.services.data.get(), 2, ipvs::kServiceWords, 0);
    REQUIRE(sample.keys->destinations.rows == 2);
    std::vector<uint32_t> found;
    for (const size_t row : {size_t{0}, size_t{1}}) {
      found.push_back(services.Word(ipvs::kServicePort, row));
      found.push_back(sample.keys->destinations.data.get()[row].port);
      uint32_t service = 0;
      std::memcpy(&service, sample.destinations.data.get() + row * sizeof service, sizeof service);
      found.push_back(service);
    }
    return found;
  };
  CHECK(read(1, 2) == std::vector<uint32_t>{1, 10, 0, 2, 20, 1});
  CHECK(read(2, 1) == std::vector<uint32_t>{1, 10, 0, 2, 20, 1});
}

TEST_CASE(
    "A sampler leaves out a service that is removed between the list of services and its destinations") {
  ScriptedKernel kernel;
  Client client(&kernel);
  ipvs::Sampler sampler;
  kernel.On(Listing({ServiceRow(1), ServiceRow(2)}))
      .On(Listing({}))
      .On(Refusing(ESRCH))
      .On(Listing({DestinationRow(21)}));
  ipvs::Sample sample;
  REQUIRE(sampler.Read(&client.readers, ipvs::kSampleCounters | ipvs::kSampleDestinations, {}, &sample) ==
          ipvs::kOk);
  CHECK(sample.services.rows == 1);
  CHECK(sample.destinations.rows == 1);
  REQUIRE(sample.keys != nullptr);
  const ipvs::ListView keys(sample.keys->services.services.data.get(), 1, ipvs::kServiceWords, 0);
  CHECK(keys.Word(ipvs::kServicePort, 0) == 2);
}

TEST_CASE(
    "Whatever is answered, in whatever order and mutilated, every call comes to an end within its memory") {
  std::mt19937 random(3);
  const auto answers = [&](const Sent& sent) {
    std::vector<Datagram> datagrams;
    for (uint32_t n = random() % 4; n > 0; --n) {
      Datagram datagram;
      for (uint32_t row = random() % 4; row > 0; --row) {
        datagram.Row(sent.sequence(), random() % 2 == 0 ? ServiceRow(static_cast<uint16_t>(row))
                                                        : DestinationRow(static_cast<uint16_t>(row)));
      }
      datagrams.push_back(datagram);
    }
    datagrams.push_back(
        Datagram().Ack(sent.sequence(sent.requests.size() - 1), random() % 3 == 0 ? ESRCH : 0));
    datagrams.push_back(Datagram().Done(sent.sequence()));
    std::shuffle(datagrams.begin(), datagrams.end(), random);
    Answer answer;
    for (const Datagram& datagram : datagrams) {
      Bytes bytes = datagram.bytes();
      for (uint32_t n = random() % 4; n > 0 && !bytes.empty(); --n) {
        bytes[random() % bytes.size()] = static_cast<uint8_t>(random() % 4 == 0 ? 0xff : random());
      }
      if (random() % 8 == 0) bytes.resize(random() % (bytes.size() + 1));
      if (random() % 8 == 0) bytes.resize(bytes.size() + 4000);
      answer.Then(Datagram().Raw(bytes));
      if (random() % 16 == 0) answer.ThenFail(random() % 2 == 0 ? ENOBUFS : EINTR);
    }
    return answer;
  };
  for (int i = 0; i < 300; ++i) {
    ScriptedKernel kernel;
    kernel.OnEverySend(answers);
    Client client(&kernel);
    ipvs::Sampler sampler;
    for (int turn = 0; turn < 3; ++turn) {
      std::vector<ipvs::ServiceRow> services;
      client.readers.first().Services(WhenTorn::kFail, &services);
      std::vector<ipvs::DestinationRow> destinations;
      const ipvs::ServiceRecord service = TcpService(1);
      client.readers.first().Destinations(WhenTorn::kTake, service, KeyOf(service), 0, &destinations);
      ipvs::Table table;
      client.readers.Snapshot(
          2, [](const ipvs::Table& part) { ipvs::ToColumns(part.services, part.destinations); }, &table);
      ipvs::Sample sample;
      sampler.Read(&client.readers, 0x3f, {}, &sample);
      Execute(&client.connection, {CallAbout(ipvs::kNewDest, 1), CallAbout(ipvs::kNewService, 2)});
      if (client.connection.open()) client.connection.Write(CallAbout(ipvs::kDelDest, 1));
    }
  }
}
