// ipvs-quick's command lines, and what comes of them when the kernel refuses or an answer is lost.
// test/kernel/cli-quick.test.ts compares all that it does with what Node.js does.
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "native/cli/rule_words.h"
#include "native/cli/saved_rules.h"
#include "native/cli/usual_answer.h"
#include "native/cli/usual_command.h"
#include "native/table/columns.h"
#include "test/native/rows.h"
#include "test/native/scripted_kernel.h"
#include "test/native/test.h"

using ipvs::UsualCommand;

namespace {

std::optional<UsualCommand> Read(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const size_t blank = line.find(' ');
    words.push_back(line.substr(0, blank));
    line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
  }
  return ipvs::ReadUsualCommand(words);
}

ipvs::CallRecord Write(std::string_view line) {
  CAPTURE(line);
  const std::optional<UsualCommand> command = Read(line);
  REQUIRE(command.has_value());
  CHECK(command->kind == UsualCommand::kWrite);
  return command->call;
}

std::optional<ipvs::UsualAnswer> Ask(ScriptedKernel* kernel, std::string_view line) {
  ipvs::Connection connection({}, kernel->link());
  return AnswerUsual(*Read(line), &connection);
}

}  // namespace

TEST_CASE("A usual -A says all of a service") {
  const ipvs::ServiceRecord service =
      Write("-A -u [fd00::9]:53 -s sh -b sh-port,flag-3 -p 60 -M 64 --pe sip -o").service;
  CHECK(service.family == AF_INET6);
  CHECK(service.protocol == IPPROTO_UDP);
  CHECK(service.port == 53);
  CHECK(service.address[0] == 0xfd);
  CHECK(service.address[15] == 9);
  CHECK(service.flags == (IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_ONEPACKET | 0x30));
  CHECK(service.flags_mask == UINT32_MAX);
  CHECK(service.timeout == 60);
  CHECK(service.netmask == 64);
  CHECK(std::string(service.scheduler) == "sh");
  CHECK(std::string(service.engine) == "sip");
  const ipvs::ServiceRecord bare = Write("--add-service --fwmark-service 4294967295 -6 -p").service;
  CHECK(bare.fwmark == 4294967295);
  CHECK(bare.family == AF_INET6);
  CHECK(bare.timeout == 360);
  CHECK(bare.netmask == 128);
  CHECK(std::string(bare.scheduler) == "wlc");
}

TEST_CASE("A usual -a says all of a destination, at its service's port where it has none of its own") {
  const ipvs::CallRecord call = Write("-a -t 10.0.0.1:80 -r 10.1.0.2:8080 -m -w 0 -x 100 -y 50");
  CHECK(call.operation == ipvs::kNewDest);
  CHECK(call.service.port == 80);
  CHECK(call.destination.port == 8080);
  CHECK(call.destination.forwarding == IP_VS_CONN_F_MASQ);
  CHECK(call.destination.weight == 0);
  CHECK(call.destination.upper_threshold == 100);
  CHECK(call.destination.lower_threshold == 50);
  CHECK(Write("-a -t 10.0.0.1:80 -r 10.1.0.2 -m").destination.port == 80);
  CHECK(Write("-a -t 10.0.0.1:80 -r 10.1.0.2:8080").destination.port == 80);  // -g keeps the port
  CHECK(Write("-a -f 1 -r 10.1.0.2:8080").destination.port == 8080);
  CHECK(Write("-a -f 1 -r 10.1.0.2").destination.weight == 1);
  const ipvs::DestinationRecord tunnel =
      Write("-e -f 1 -r [::1] -i --tun-type gue --tun-port 6080 --tun-remcsum").destination;
  CHECK(tunnel.family == AF_INET6);
  CHECK(tunnel.tunnel_type == 1);
  CHECK(tunnel.tunnel_port == 6080);
  CHECK(tunnel.tunnel_flags == 2);
}

TEST_CASE("A usual -Z zeroes one service where one is named, and all of them where none is") {
  CHECK(Write("-Z -f 7").extent == ipvs::kOneService);
  CHECK(Write("-Z -f 7").service.fwmark == 7);
  CHECK(Write("-Z").extent == 0);
}

TEST_CASE("Nothing is usual that has a name, is odd, wrong or to be warned of, or leaves room for doubt") {
  for (const std::string_view line : {
           "",
           "-L",
           "-Lnc",
           "-Ln --tun-info",
           "-Ln -n",
           "-Ln --stats --rate",
           "-Ln -t 10.0.0.1:http",
           "-S",
           "-R",
           "-A",
           "-A -t 10.0.0.1:80 -t 10.0.0.1:80",
           "-A -t 10.0.0.1:80 -u 10.0.0.1:80",
           "-A -t host:80",
           "-A -t 10.0.0.01:80",
           "-A -t 10.0.0.1:080",
           "-A -t 10.0.0.1:65536",
           "-A -t 10.0.0.1:",
           "-A -t 10.0.0.1:80x",
           "-A -t [fd00::1]80",
           "-A -t fd00::1",
           "-A -t 10.0.0.1",
           "-A -t 10.0.0.1:80 -o",
           "-A -t 10.0.0.1:80 -6",
           "-A -6 -f 1",
           "-A -f 0",
           "-A -f 4294967296",
           "-A -f 18446744073709551617",
           "-A -f 1 -s",
           "-A -f 1 -s -p",
           "-A -f 1 -s 0123456789abcdef",
           "-A -f 1 -s wrr -b sh-port",
           "-A -f 1 -s sh -b sh-port,",
           "-A -f 1 -M 255.255.255.0",
           "-A -f 1 -p 0",
           "-A -f 1 -p 2678401",
           "-A -f 1 -p 60 -M 24",
           "-A -f 1 -p 60 -M 0.0.0.24",
           "-A -f 1 --pe sip",
           "-A -f 1 -r 10.1.0.1",
           "-a -f 1",
           "-a -f 1 -r 10.1.0.1 -m -g",
           "-a -f 1 -r 10.1.0.1 -w -1",
           "-a -f 1 -r 10.1.0.1 -w 2147483648",
           "-a -f 1 -r 10.1.0.1 -y 1",
           "-a -f 1 -r [fd00::1]",
           "-A -t [0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]:80",
           "-a -f 1 -r 10.1.0.1 --tun-csum",
           "-a -f 1 -r 10.1.0.1 --tun-type gre",
           "-a -f 1 -r 10.1.0.1 -i --tun-csum",
           "-a -f 1 -r 10.1.0.1 -i --tun-nocsum",
           "-a -f 1 -r 10.1.0.1 -i --tun-type gue",
           "-a -f 1 -r 10.1.0.1 -i --tun-type gre --tun-remcsum",
           "-d -f 1 -r 10.1.0.1 -m",
           "-D -f 1 --as-is",
           "-C x",
           "-Z -r 10.1.0.1",
       }) {
    CAPTURE(line);
    CHECK(!Read(line).has_value());
  }
  CHECK(!ipvs::ReadUsualCommand({"-A", "-f", "1", "-p", ""}).has_value());
}

TEST_CASE("A usual write that the kernel refuses is sent once and left to others") {
  for (const int error : {EEXIST, ESRCH, EINVAL, EPERM}) {
    ScriptedKernel kernel;
    kernel.On([=](const Sent& sent) { return Answer().Then(Datagram().Ack(sent.sequence(), error)); });
    CHECK(!Ask(&kernel, "-D -f 1").has_value());
    CHECK(kernel.sent.size() == 1);
  }
}

TEST_CASE("A usual write whose answer is lost is never made again, and that is said") {
  ScriptedKernel kernel;
  kernel.On([](const Sent&) { return Answer().ThenFail(ENOBUFS); });
  const std::optional<ipvs::UsualAnswer> answer = Ask(&kernel, "-a -f 1 -r 10.1.0.1");
  REQUIRE(answer.has_value());
  CHECK(answer->status == 255);
  CHECK(answer->complaint.find("answer was lost") != std::string::npos);
  CHECK(kernel.sent.size() == 1);
}

TEST_CASE("A table that cannot be read is left to others, and not shown as far as it was") {
  const auto info = [](const Sent& sent) {
    return Answer().Then(Datagram().Row(
        sent.sequence(),
        Attributes().U32(IPVS_INFO_ATTR_VERSION, 0x010201).U32(IPVS_INFO_ATTR_CONN_TAB_SIZE, 4096)));
  };
  const auto refusing = [](const Sent& sent) {
    return Answer().Then(Datagram().Ack(sent.sequence(), EPERM));
  };
  const auto listing = [](const Sent& sent) {
    return Answer()
        .Then(Datagram().Row(sent.sequence(), ServiceRow(80)))
        .Then(Datagram().Done(sent.sequence()));
  };
  const auto none = [](const Sent& sent) { return Answer().Then(Datagram().Done(sent.sequence())); };
  {
    ScriptedKernel kernel;
    kernel.On(info).On(listing).On(refusing);
    CHECK(!Ask(&kernel, "-L -n").has_value());
    CHECK(kernel.sent.size() == 3);
  }
  {
    ScriptedKernel kernel;
    kernel.On(refusing);
    CHECK(!Ask(&kernel, "-S -n").has_value());
  }
  {
    ScriptedKernel kernel;
    kernel.On(refusing);
    CHECK(!Ask(&kernel, "-L -n").has_value());
    CHECK(kernel.sent.size() == 1);
  }
  ScriptedKernel kernel;
  kernel.On(info).On(none);
  const std::optional<ipvs::UsualAnswer> answer = Ask(&kernel, "-L -n");
  REQUIRE(answer.has_value());
  CHECK(answer->output.find("version 1.2.1 (size=4096)") != std::string::npos);
}

TEST_CASE("Rules that ipvsadm has no words for are not saved as something else") {
  using Change = void (*)(ipvs::ServiceRow*, ipvs::DestinationRow*);
  const auto saved = [](Change change) {
    ipvs::ServiceRow service = {};
    service.config = Write("-A -t 10.0.0.1:80 -s wrr -p 60").service;
    ipvs::DestinationRow destination = {};
    destination.config = Write("-a -t 10.0.0.1:80 -r 10.1.0.1 -m -w 5").destination;
    change(&service, &destination);
    const ipvs::Columns columns = ipvs::ToColumns({service}, {destination});
    return ipvs::SavedRules(
        {columns.services.data.get(), columns.services.rows, ipvs::kServiceWords},
        {columns.destinations.data.get(), columns.destinations.rows, ipvs::kDestinationWords}, columns.names);
  };
  CHECK(saved([](auto*, auto*) {}) ==
        "-A -t 10.0.0.1:80 -s wrr -p 60\n-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 5\n");
  for (const Change odd : std::initializer_list<Change>{
           [](auto*service, auto*) { service->config.protocol = 50; },
           [](auto*service, auto*) { service->config.flags = 0; },  // keeps its timeout
           [](auto*service, auto*) { service->config.flags |= 0x40; },
           [](auto*service, auto*) { service->config.flags |= IP_VS_SVC_F_ONEPACKET; },
           [](auto*service, auto*) { service->config.timeout = 0; },
           [](auto*service, auto*) { service->config.timeout = ipvs::kLongestPersistence + 1; },
           [](auto*service, auto*) {
             service->config.flags = 0, service->config.timeout = 0, service->config.port = 0;
           },
           [](auto*service, auto*) { std::strcpy(service->config.scheduler, "a'b"); },
           [](auto*service, auto*) { std::strcpy(service->config.engine, "a b"); },
           [](auto*, auto*destination) { destination->config.forwarding = 1; },
           [](auto*, auto*destination) { destination->config.forwarding = 3, destination->config.port = 1; },
           [](auto*, auto*destination) { destination->config.weight = 0x80000000; },
           [](auto*, auto*destination) { destination->config.upper_threshold = 0x80000000; },
           [](auto*, auto*destination) { destination->config.lower_threshold = 0x80000000; },
           [](auto*, auto*destination) { destination->config.tunnel_type = 1; },
           [](auto*, auto*destination) {
             destination->config.forwarding = 2, destination->config.tunnel_type = 1;
           },
           [](auto*, auto*destination) {
             destination->config.forwarding = 2, destination->config.tunnel_type = 3;
           },
       }) {
    CHECK(!saved(odd).has_value());
  }
}
