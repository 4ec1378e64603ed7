#include "native/cli/row_order.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <numeric>

namespace ipvs {

namespace {

// What a row is sorted by.
struct Key {
  // How many of `words` are compared before the port. Where two keys differ in this, the left one's count
  // applies, as in ipvsadm.
  unsigned count = 0;
  std::array<uint32_t, 7> words = {};
  uint32_t port = 0;
};

// Of what ipvsadm subtracts it looks at the sign only, so its comparisons contradict one another: 100.0.0.0 <
// 192.0.0.0 < 10.0.0.0 < 100.0.0.0.
bool IsAfter(const Key& a, const Key& b) {
  for (unsigned i = 0; i < a.count; ++i) {
    if (a.words[i] != b.words[i]) return static_cast<int32_t>(a.words[i] - b.words[i]) > 0;
  }
  return a.port > b.port;
}

// Sorts as glibc's qsort() does (stdlib/msort.c), comparison by comparison, as the result depends on who is
// compared with whom.
void MergeSort(const std::vector<Key>& keys, uint32_t* begin, uint32_t* end, std::vector<uint32_t>* spare) {
  const ptrdiff_t count = end - begin;
  if (count < 2) return;
  uint32_t* const middle = begin + count / 2;
  MergeSort(keys, begin, middle, spare);
  MergeSort(keys, middle, end, spare);
  spare->assign(begin, middle);
  auto left = spare->begin();
  const uint32_t* right = middle;
  while (left != spare->end() && right != end)
    *begin++ = IsAfter(keys[*left], keys[*right]) ? *right++ : *left++;
  std::copy(left, spare->end(), begin);
}

std::vector<uint32_t> Numbered(size_t rows) {
  std::vector<uint32_t> order(rows);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

void PutAddress(const ListView& list, size_t row, uint32_t* words) {
  std::memcpy(words, list.Address(row), kAddressBytes);
  for (int i = 0; i < 4; ++i) words[i] = ntohl(words[i]);
}

std::vector<uint32_t> SortedServices(const ListView& list) {
  std::vector<Key> keys(list.rows());
  for (size_t row = 0; row < keys.size(); ++row) {
    Key& key = keys[row];
    key.count = 7;
    key.words[0] = list.Word(kServiceMark, row);
    key.words[1] = list.Word(kServiceFamily, row);
    key.words[2] = list.Word(kServiceProtocol, row);
    PutAddress(list, row, &key.words[3]);
    key.port = list.Word(kServicePort, row);
  }
  std::vector<uint32_t> order = Numbered(list.rows());
  std::vector<uint32_t> spare;
  MergeSort(keys, order.data(), order.data() + order.size(), &spare);
  return order;
}

std::vector<uint32_t> SortedDestinations(const ListView& list, const std::vector<uint32_t>& services) {
  std::vector<Key> keys(list.rows());
  std::vector<size_t> ends(services.size(), 0);  // of each service's rows, which the kernel lists together
  for (size_t row = 0; row < keys.size(); ++row) {
    Key& key = keys[row];
    key.count = list.Word(kDestinationFamily, row) == AF_INET6 ? 4 : 1;
    PutAddress(list, row, key.words.data());
    key.port = list.Word(kDestinationPort, row);
    const uint32_t service = list.Word(kDestinationService, row);
    if (service < ends.size()) ends[service] = row + 1;
  }
  std::vector<uint32_t> order;
  std::vector<uint32_t> spare;
  order.reserve(keys.size());
  for (const uint32_t service : services) {
    size_t row = ends[service];
    while (row > 0 && list.Word(kDestinationService, row - 1) == service) --row;
    const size_t start = order.size();
    for (; row < ends[service]; ++row) order.push_back(static_cast<uint32_t>(row));
    MergeSort(keys, order.data() + start, order.data() + order.size(), &spare);
  }
  return order;
}

}  // namespace

TableOrder KernelOrder(const ListView& services, const ListView& destinations) {
  return {Numbered(services.rows()), Numbered(destinations.rows())};
}

TableOrder SortedOrder(const ListView& services, const ListView& destinations) {
  TableOrder order;
  order.services = SortedServices(services);
  order.destinations = SortedDestinations(destinations, order.services);
  return order;
}

}  // namespace ipvs
