#include "native/table/table_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <set>
#include <string>

#include "test/native/model_kernel.h"
#include "test/native/test.h"

using ipvs::Connection;
using ipvs::TableReader;
using ipvs::WhenTorn;

namespace {

constexpr uint32_t kPool = 1'000'000;  // a service with destinations

// A client of the model.
struct Client {
  explicit Client(ModelKernel* kernel) : connection({}, kernel->link()), reader(&connection, &interrupted) {}

  std::atomic<bool> interrupted = false;
  Connection connection;
  TableReader reader;
};

struct List {
  int status = ipvs::kOk;
  std::vector<uint32_t> rows;  // marks or ports, as they came
};

List Services(Client* client, WhenTorn torn = WhenTorn::kFail) {
  List list;
  std::vector<ipvs::ServiceRow> rows;
  list.status = client->reader.Services(torn, &rows);
  if (list.status != ipvs::kOk) return list;
  for (const ipvs::ServiceRow& row : rows) list.rows.push_back(row.config.fwmark);
  return list;
}

List Destinations(Client* client, WhenTorn torn = WhenTorn::kFail) {
  List list;
  ipvs::ServiceRecord service = {};
  service.family = 2;
  service.fwmark = kPool;
  std::vector<ipvs::DestinationRow> rows(3);  // those of other services
  list.status = client->reader.Destinations(torn, service, KeyOf(service), 7, &rows);
  if (list.status != ipvs::kOk) return list;
  REQUIRE(rows.size() >= 3);
  for (size_t i = 3; i < rows.size(); ++i) {
    CHECK(rows[i].service == 7);
    list.rows.push_back(rows[i].config.port);
  }
  return list;
}

std::set<uint32_t> SetOf(const List& list) {
  return {list.rows.begin(), list.rows.end()};
}

// Calls `work` in the kernel's given turn, counted from now on from 1, and never again.
void InTurn(ModelKernel* kernel, int turn, std::function<void()> work) {
  kernel->others = [kernel, turn, work = std::move(work)]() mutable {
    if (--turn > 0) return;
    const auto now = std::move(work);
    kernel->others = [] {};
    now();
  };
}

void AddServices(ModelKernel* kernel, uint32_t count) {
  for (uint32_t mark = 1; mark <= count; ++mark) kernel->Add(mark);
}

// A service whose destinations' list is `count`, ..., 2, 1.
void AddPool(ModelKernel* kernel, uint32_t count) {
  kernel->Add(kPool);
  for (uint32_t port = 1; port <= count; ++port) kernel->AddDestination(kPool, port);
}

// The fault of a list, or an empty text. A list must have the rows that were there from `since` on until now,
// no row that was not there after `begun`, and none twice.
std::string WrongWith(const List& list, const std::map<uint32_t, ModelKernel::Life>& lives, uint64_t since,
                      uint64_t begun) {
  const std::set<uint32_t> rows = SetOf(list);
  if (rows.size() != list.rows.size()) return "a row is there twice";
  for (const auto& [row, life] : lives) {
    if (life.since != 0 && life.since <= since && rows.count(row) == 0)
      return std::to_string(row) + " is missing";
    if (life.since == 0 && life.gone <= begun && rows.count(row) > 0)
      return std::to_string(row) + " was not there";
  }
  for (const uint32_t row : rows) {
    if (lives.count(row) == 0) return std::to_string(row) + " was never there";
  }
  return "";
}

}  // namespace

TEST_CASE("A list that nobody writes to is read twice when it is unknown, and once from then on") {
  for (const bool one_table : {true, false}) {
    ModelKernel kernel({one_table, !one_table}, 1);
    AddServices(&kernel, 5000);
    AddPool(&kernel, 2000);
    Client client(&kernel);
    CHECK(Services(&client).rows.size() == 5001);
    CHECK(kernel.dumps == 2);
    CHECK(Services(&client).rows.size() == 5001);
    CHECK(kernel.dumps == 3);
    const std::vector<uint32_t> ports = kernel.ports(kPool);
    CHECK(Destinations(&client).rows == ports);
    CHECK(kernel.dumps == 5);
    CHECK(Destinations(&client).rows == ports);
    CHECK(kernel.dumps == 6);
    CHECK(kernel.questions == 0);
  }
}

TEST_CASE("A list that fits one chunk is read once") {
  ModelKernel kernel({}, 1);
  AddServices(&kernel, 5);
  AddPool(&kernel, 5);
  Client client(&kernel);
  CHECK(Services(&client).rows.size() == 6);
  CHECK(Destinations(&client).rows == std::vector<uint32_t>{5, 4, 3, 2, 1});
  CHECK(kernel.dumps == 2);
}

TEST_CASE("A list that fills its chunk to the last row is read in larger ones, and the next like it once") {
  ModelKernel kernel({}, 1);
  AddPool(&kernel, 10);
  Client client(&kernel);
  CHECK(Destinations(&client).rows.size() == 10);
  CHECK(kernel.dumps == 3);
  // Other lists are expected to be like it.
  for (int list = 0; list < 3; ++list) {
    kernel.Remove(kPool);
    AddPool(&kernel, 10);
    kernel.RemoveDestination(kPool, 1);
    kernel.AddDestination(kPool, 100 + list);
    const int before = kernel.dumps;
    CHECK(Destinations(&client).rows.size() == 10);
    CHECK(kernel.dumps <= before + 3);
  }
}

TEST_CASE("A row that one reading misses, as another was removed, is in the list") {
  // The removal of a row before it can come at each of these moments.
  for (int turn = 1; turn <= 60; ++turn) {
    ModelKernel kernel({}, 1);
    AddServices(&kernel, 450);
    AddPool(&kernel, 450);
    Client client(&kernel);
    REQUIRE(client.connection.Ready() == ipvs::kOk);
    uint64_t begun = kernel.now();
    InTurn(&kernel, turn, [&] {
      kernel.Remove(3);
      kernel.Remove(200);
    });
    const List services = Services(&client);
    CHECK(services.status == ipvs::kOk);
    CHECK(WrongWith(services, kernel.lives(), begun, begun) == "");

    begun = kernel.now();
    InTurn(&kernel, turn, [&] {
      kernel.RemoveDestination(kPool, 448);
      kernel.RemoveDestination(kPool, 200);
    });
    const List destinations = Destinations(&client);
    CHECK(destinations.status == ipvs::kOk);
    CHECK(WrongWith(destinations, kernel.destination_lives(kPool), begun, begun) == "");
    CHECK(std::is_sorted(destinations.rows.rbegin(), destinations.rows.rend()));
  }
}

TEST_CASE("A destination that the last reading misses is put where it stood") {
  int missed = 0;
  for (const uint32_t count : {250, 350, 450}) {
    // Removed behind one of the dump's chunks, the newest makes the next chunk begin a row too late.
    for (int chunk = 2; chunk <= 5; ++chunk) {
      ModelKernel kernel({}, 1);
      AddPool(&kernel, count - 1);
      Client client(&kernel);
      REQUIRE(Destinations(&client).rows.size() == count - 1);
      kernel.AddDestination(kPool, count);  // so that a list which is known is read twice
      const int last = kernel.dumps + 2;
      int chunks = 0;
      kernel.others = [&] {
        if (kernel.dumps == last && ++chunks == chunk) kernel.RemoveDestination(kPool, count);
      };
      const uint64_t begun = kernel.now();
      const List list = Destinations(&client);
      CHECK(list.status == ipvs::kOk);
      CHECK(WrongWith(list, kernel.destination_lives(kPool), begun, begun) == "");
      CHECK(std::is_sorted(list.rows.rbegin(), list.rows.rend()));
      if (kernel.dumps == last && chunks > chunk) ++missed;
    }
  }
  CHECK(missed > 3);
}

TEST_CASE("A list of which most went away is read again, not asked for row by row") {
  ModelKernel kernel({}, 1);
  AddServices(&kernel, 1000);
  Client client(&kernel);
  kernel.others = [&] {
    if (kernel.dumps != 2 || !kernel.Has(400)) return;
    for (uint32_t mark = 1; mark <= 400; ++mark) kernel.Remove(mark);
  };
  CHECK(Services(&client).rows.size() == 600);
  CHECK(kernel.questions == 0);
  CHECK(kernel.dumps == 3);
}

TEST_CASE("A row that comes twice, as another was added, is in the list once") {
  for (int turn = 1; turn <= 60; ++turn) {
    ModelKernel kernel({}, 1);
    AddServices(&kernel, 450);
    AddPool(&kernel, 450);
    Client client(&kernel);
    REQUIRE(client.connection.Ready() == ipvs::kOk);
    uint64_t begun = kernel.now();
    InTurn(&kernel, turn, [&] { kernel.Add(1000); });
    CHECK(WrongWith(Services(&client), kernel.lives(), begun, begun) == "");
    begun = kernel.now();
    InTurn(&kernel, turn, [&] { kernel.AddDestination(kPool, 1000); });
    CHECK(WrongWith(Destinations(&client), kernel.destination_lives(kPool), begun, begun) == "");
  }
}

TEST_CASE("What another namespace adds and removes all the time changes no list") {
  ModelKernel kernel({}, 1);
  for (uint32_t mark = 2001; mark <= 2100; ++mark) kernel.Add(mark, true);
  AddServices(&kernel, 150);
  std::mt19937 random(1);
  kernel.others = [&] {
    for (int change = 0; change < 10; ++change) {
      const auto mark = static_cast<uint32_t>(2001 + random() % 100);
      if (kernel.Has(mark)) {
        kernel.Remove(mark);
      } else {
        kernel.Add(mark, true);
      }
    }
  };
  for (int read = 0; read < 50; ++read) {
    Client client(&kernel);
    const List list = Services(&client);
    CHECK(list.status == ipvs::kOk);
    CHECK(list.rows.size() == 150);
  }
}

TEST_CASE("A table that is resized in the middle of a dump is listed whole") {
  for (int turn = 1; turn <= 30; ++turn) {
    for (uint32_t seed = 1; seed <= 5; ++seed) {
      ModelKernel kernel({false, true}, seed);
      AddServices(&kernel, 260);
      Client client(&kernel);
      REQUIRE(client.connection.Ready() == ipvs::kOk);
      const uint64_t begun = kernel.now();
      InTurn(&kernel, turn, [&] {
        kernel.Resize();
        InTurn(&kernel, 3, [&] { kernel.Resize(); });
      });
      const List list = Services(&client);
      CHECK(list.status == ipvs::kOk);
      CHECK(WrongWith(list, kernel.lives(), begun, begun) == "");
    }
  }
}

TEST_CASE("Destinations of a service that is removed meanwhile are all there, or none and ESRCH") {
  for (const uint32_t count : {5, 10, 11, 22, 91, 92, 182, 300}) {
    for (int turn = 1; turn <= 40; ++turn) {
      ModelKernel kernel({}, 1);
      AddPool(&kernel, count);
      Client client(&kernel);
      REQUIRE(client.connection.Ready() == ipvs::kOk);
      InTurn(&kernel, turn, [&] { kernel.Remove(kPool); });
      const List list = Destinations(&client);
      if (list.status == ESRCH) continue;
      CHECK(list.status == ipvs::kOk);
      CHECK(list.rows.size() == count);
    }
  }
  ModelKernel kernel({}, 1);
  Client client(&kernel);
  CHECK(Destinations(&client).status == ESRCH);
}

TEST_CASE("A list that ends where its chunk ends lacks no row, though one was removed right then") {
  for (const uint32_t count : {10, 11, 22, 23, 91, 92}) {
    for (int turn = 1; turn <= 12; ++turn) {
      ModelKernel kernel({}, 1);
      AddPool(&kernel, count);
      Client client(&kernel);
      REQUIRE(client.connection.Ready() == ipvs::kOk);
      const uint64_t begun = kernel.now();
      InTurn(&kernel, turn, [&] { kernel.RemoveDestination(kPool, count); });
      const List list = Destinations(&client);
      CHECK(list.status == ipvs::kOk);
      CHECK(WrongWith(list, kernel.destination_lives(kPool), begun, begun) == "");
    }
  }
}

TEST_CASE("A list of 20,000 services settles while another program changes one every few chunks") {
  for (const bool one_table : {true, false}) {
    ModelKernel kernel({one_table, !one_table, 256}, 1);
    AddServices(&kernel, 20'000);
    uint32_t turn = 0;
    kernel.others = [&] {
      if (++turn % 10 != 0) return;
      const uint32_t mark = 30'000 + turn / 10 % 7;
      if (kernel.Has(mark)) {
        kernel.Remove(mark);
      } else {
        kernel.Add(mark);
      }
      if (turn % 30 == 0) kernel.Remove(turn / 30);
    };
    Client client(&kernel);
    for (int read = 0; read < 3; ++read) {
      const uint64_t begun = kernel.now();
      const int dumps = kernel.dumps;
      const List list = Services(&client);
      CHECK(list.status == ipvs::kOk);
      CHECK(WrongWith(list, kernel.lives(), begun, begun) == "");
      CHECK(kernel.dumps <= dumps + 3);
    }
  }
}

TEST_CASE("A list that changes altogether is given up, and a sampler takes what there was") {
  ModelKernel kernel({}, 1);
  uint32_t next = 1;
  AddServices(&kernel, 300);
  kernel.others = [&] {
    for (int change = 0; change < 150; ++change) {
      kernel.Remove(next);
      kernel.Add(next + 300);
      ++next;
    }
  };
  Client client(&kernel);
  CHECK(Services(&client).status == ipvs::kUnstable);
  CHECK(kernel.dumps == 10);
  const uint64_t begun = kernel.now();
  const List taken = Services(&client, WhenTorn::kTake);
  CHECK(taken.status == ipvs::kOk);
  CHECK(WrongWith(taken, kernel.lives(), 0, begun) == "");
  CHECK(kernel.dumps == 13);
}

TEST_CASE("Where memory is too scattered for chunks longer than a page, three readings alike are a list") {
  ModelKernel kernel({true, false, 64, true}, 1);
  AddServices(&kernel, 100);
  AddPool(&kernel, 100);
  Client client(&kernel);
  CHECK(Services(&client).rows.size() == 101);
  CHECK(kernel.dumps == 3);
  CHECK(Destinations(&client).rows == kernel.ports(kPool));
  CHECK(kernel.dumps == 6);
}

TEST_CASE("A read that is given up asks for none of the rows that one reading had alone") {
  ModelKernel kernel({}, 1);
  AddServices(&kernel, 200);
  Client client(&kernel);
  REQUIRE(client.connection.Ready() == ipvs::kOk);
  // Three services go after they were listed, so that the second reading lacks them.
  kernel.others = [&] {
    if (kernel.dumps == 2) {
      for (uint32_t mark = 1; mark <= 3; ++mark) {
        if (kernel.Has(mark)) kernel.Remove(mark);
      }
    }
    if (kernel.questions == 1) client.interrupted = true;
  };
  CHECK(Services(&client).status == ipvs::kCancelled);
  CHECK(kernel.questions == 2);
}

TEST_CASE("A read that is given up asks for no further row") {
  ModelKernel kernel({}, 1);
  AddServices(&kernel, 1000);
  Client client(&kernel);
  REQUIRE(client.connection.Ready() == ipvs::kOk);
  for (int turn = 1; turn <= 20; ++turn) {
    InTurn(&kernel, turn, [&] {
      client.interrupted = true;
      kernel.others = [] {};
    });
    const int chunks = kernel.chunks;
    CHECK(Services(&client).status == ipvs::kCancelled);
    CHECK(kernel.chunks <= chunks + turn + 1);
    client.interrupted = false;
  }
}

// Random tables under random changes. IPVS_CASES=100000 IPVS_SEED=7 for a long search.
TEST_CASE(
    "Lists of random tables under random changes lack nothing that stayed and hold nothing that was gone") {
  // NOLINTBEGIN(concurrency-mt-unsafe): no other thread runs here.
  const char* const cases_text = std::getenv("IPVS_CASES");
  const char* const seed_text = std::getenv("IPVS_SEED");
  // NOLINTEND(concurrency-mt-unsafe)
  const int cases = cases_text != nullptr ? std::atoi(cases_text) : 100;
  const int first_seed = seed_text != nullptr ? std::atoi(seed_text) : 1;
  int given_up = 0;
  int lists = 0;
  for (int number = 0; number < cases; ++number) {
    const auto seed = static_cast<uint32_t>(first_seed + number);
    std::mt19937 random(seed);
    const auto below = [&](uint32_t limit) { return static_cast<uint32_t>(random() % limit); };
    ModelRules rules;
    rules.random_order = below(2) == 0;
    rules.one_table = !rules.random_order;
    rules.buckets = 1 + below(300);
    ModelKernel kernel(rules, seed);
    const uint32_t stable = below(400);
    const uint32_t flapping = 1 + below(60);
    const uint32_t percent = std::vector<uint32_t>{0, 5, 30, 100, 300}[below(5)];  // changes in a turn
    for (uint32_t mark = 1; mark <= stable; ++mark) kernel.Add(mark);
    AddPool(&kernel, stable);
    for (uint32_t mark = 0; mark < below(200); ++mark) kernel.Add(2'000'000 + mark, true);
    const auto change = [&] {
      const uint32_t row = 1 + below(stable + flapping);
      const uint32_t foreign = 2'000'000 + below(200);
      switch (below(9)) {
        case 0:
          return kernel.Add(row);
        case 1:
          return kernel.Remove(row);
        case 2:
          return kernel.Add(foreign, true);
        case 3:
          return kernel.Remove(foreign);
        case 4:
          return kernel.AddDestination(kPool, row);
        case 5:
          return kernel.RemoveDestination(kPool, row);
        case 6:
          // One and the same, again and again.
          return kernel.Has(stable + 1) ? kernel.Remove(stable + 1) : kernel.Add(stable + 1);
        case 7:
          kernel.RemoveDestination(kPool, stable + 1);
          return kernel.AddDestination(kPool, stable + 1);
        default:
          if (below(10) == 0) kernel.Resize();
      }
    };
    const auto others = [&] {
      for (uint32_t left = percent; left > 0; left -= std::min<uint32_t>(left, 100)) {
        if (below(100) < left) change();
      }
    };
    Client client(&kernel);
    REQUIRE(client.connection.Ready() == ipvs::kOk);
    uint64_t services_before = 0;
    uint64_t destinations_before = 0;
    for (int read = 0; read < 6; ++read) {
      kernel.others = others;
      const WhenTorn torn = below(4) == 0 ? WhenTorn::kTake : WhenTorn::kFail;
      const bool services = below(2) == 0;
      const uint64_t begun = kernel.now();
      const int dumps = kernel.dumps;
      const List list = services ? Services(&client, torn) : Destinations(&client, torn);
      kernel.others = [] {};
      uint64_t& before = services ? services_before : destinations_before;
      // A list that equals the one before it was read once, so that rows added since are not proved.
      const uint64_t since = torn == WhenTorn::kTake && kernel.dumps == dumps + 3 ? 0
                             : kernel.dumps == dumps + 1                          ? before
                                                                                  : begun;
      before = begun;
      ++lists;
      CAPTURE(seed);
      CAPTURE(read);
      CAPTURE(services);
      CAPTURE(percent);
      if (list.status == ipvs::kUnstable) {
        ++given_up;
        CHECK(torn == WhenTorn::kFail);
        CHECK(percent >= 100);
        continue;
      }
      CHECK(list.status == ipvs::kOk);
      const auto& lives = services ? kernel.lives() : kernel.destination_lives(kPool);
      CHECK(WrongWith(list, lives, since, begun) == "");
      for (int between = 0; between < 3; ++between) change();
    }
  }
  if (cases_text != nullptr) MESSAGE(lists, " lists, ", given_up, " given up");
}
