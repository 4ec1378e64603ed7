// Readings of a list, and what two of them prove together.
//
// A list longer than one chunk of a dump is not read at one moment. The kernel begins each chunk anew: it
// walks its table from the start and skips as many rows as it has listed so far (cb->args[0] in
// ip_vs_genl_dump_services() and _dests()). So between two chunks
//   - rows removed among those that were listed move the rest up: as many are missed, right at that place;
//   - rows added there move it down: as many come twice;
//   - a service that is removed ends the dump of its destinations as if the list ended.
// Up to 6.12 the services of all network namespaces stand in one table and are counted, so that what another
// namespace changes moves ours. IPVS never says that any of this happened (NLM_F_DUMP_INTR).
//
// What holds nevertheless: rows that stay keep their order. A destination is added before all others
// (list_add), a service before those of its hash bucket (hlist_add_head), and nothing moves either. Within
// one chunk no such row is left out between two others: up to 6.12 a mutex is held while a chunk is made,
// from 7.x on an RCU walk sees every row that is there from its start to its end. Thus a chunk is a stretch
// of the list without a gap, and what a reading may miss lies between its last row x and the first row y of
// the next: at a seam. If an earlier reading has x and y in one chunk, it has everything that stood between
// them, and a row that was there all the time is either in the later reading or among those few. This is what
// Bridge() looks for. The beginning of the list, which every dump starts from, is as good as a row, and so is
// the end of a dump whose last chunk had room left.
//
// Only a resize of 7.x' table of services breaks the order, all of it at once and at random (the hash has a
// new key), between two chunks but never within one (svc_resize_sem). Nor does a row that is removed and
// added again keep its place. So a seam is only bridged where kAnchors rows on each side of it stand in one
// chunk of the earlier reading and in the same order: after a resize eight rows do so by chance once in
// 40,000 times even where there are only two chunks, and what went astray with it is in the earlier reading
// unless that was torn at another resize. The next reading decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ipvs {

// The keys of a list as one dump gave them, repeated ones too.
struct Reading {
  std::vector<uint64_t> keys;
  std::vector<size_t> ends;  // how many there were when each chunk ended
  bool ended = false;        // the last chunk had room left: the list ended there
};

// A row of the earlier reading that stands at a seam of the later one and is not in it: missed, or gone.
struct Doubt {
  size_t row;     // in the earlier reading
  size_t before;  // the row of the later reading that it stands before
};

// What an earlier reading shows about a later one.
struct Bridged {
  bool seams = false;          // every seam of the later one is bridged: what it misses is known
  std::vector<Doubt> doubts;   // the rows that it may have missed, if nothing but seams went wrong
  std::vector<size_t> absent;  // all rows of the earlier reading that are not in the later one
};

Bridged Bridge(const Reading& earlier, const Reading& later);

}  // namespace ipvs
