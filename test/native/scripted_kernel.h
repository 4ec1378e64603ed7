// A kernel that answers by a script, turn by turn, and so does what no booted one does on demand: it loses
// answers, tears dumps, or changes the family's id.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "native/netlink/connection.h"
#include "test/native/messages.h"

// One message that was sent to the kernel.
struct Request {
  nlmsghdr header;
  uint8_t command;
  Bytes attributes;

  uint32_t sequence() const { return header.nlmsg_seq; }
};

// One send: the messages in it, and the socket it went to (counted from 0 in the order of opening).
struct Sent {
  size_t socket;
  std::vector<Request> requests;

  uint32_t sequence(size_t request = 0) const { return requests.at(request).sequence(); }
};

// The kernel's answer to a send: an errno of send() itself, or the socket's queue for the receives that
// follow.
class Answer {
 public:
  static Answer Refuse(int error) {
    Answer answer;
    answer.send_error_ = error;
    return answer;
  }
  // A datagram.
  Answer& Then(const Datagram& datagram) {
    queue_.push_back({0, false, datagram.bytes()});
    return *this;
  }
  // A receive that fails.
  Answer& ThenFail(int error) {
    queue_.push_back({error, false, {}});
    return *this;
  }
  // An empty queue, until a wait: it ends with `error`, or finds what comes next.
  Answer& ThenWait(int error = 0) {
    queue_.push_back({error, true, {}});
    return *this;
  }

 private:
  friend class ScriptedKernel;
  struct Item {
    int error;
    bool wait;
    Bytes datagram;
  };
  int send_error_ = 0;
  std::deque<Item> queue_;
};

// Not thread-safe, but for the numbers of sockets. Outlives the links it gave out.
class ScriptedKernel {
 public:
  // Scripts the turn of the next send that has none yet. A send without a turn fails the test.
  using Turn = std::function<Answer(const Sent& sent)>;
  ScriptedKernel& On(Turn turn) {
    turns_.push_back(std::move(turn));
    return *this;
  }
  // Scripts every send that has no turn of its own.
  void OnEverySend(Turn turn) { otherwise_ = std::move(turn); }

  ipvs::Link link();

  // The family's id, or the errno that the kernel answers with when it is asked for. Such questions take no
  // turn and do not count as sent; the next ones can have a turn of their own.
  uint16_t family = 30;
  int family_error = 0;
  ScriptedKernel& OnFamily(Turn turn) {
    family_turns_.push_back(std::move(turn));
    return *this;
  }
  // The errno of opening a socket; 0: it succeeds.
  int open_error = 0;
  // The modules that are loaded, and whether one that is asked for comes to be.
  std::set<std::string> modules;
  bool modules_load = true;

  // The record of what was done so far.
  int families_asked = 0;
  std::vector<std::string> modules_asked_for;
  std::vector<int> pauses_ms;
  std::atomic<int> sockets_opened = 0;
  std::atomic<int> sockets_closed = 0;
  std::vector<Sent> sent;
  std::vector<size_t> receive_sizes;  // the buffer of each receive
  std::vector<int> waits_ms;          // the timeout of each wait
  size_t turns_left() const { return turns_.size(); }

 private:
  class ScriptedSocket;

  Answer AnswerTo(const Sent& sent);
  Answer AnswerToFamily(const Sent& sent);

  std::deque<Turn> turns_;
  Turn otherwise_;
  std::deque<Turn> family_turns_;
};

// A refusal of each message that was sent: statuses[i] of requests[i]; 0 is success.
ScriptedKernel::Turn Refusing(std::vector<int> statuses);
