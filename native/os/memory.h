// Memory that may lack. The standard library throws where there is none; this is where such an exception
// ends. What it passes through owns everything by RAII.
#pragma once

#include <new>

namespace ipvs {

// Runs `work`. False where it found no memory for what it wanted, and was left in its midst.
template <typename Work>
bool FindsMemory(const Work& work) {
  try {
    work();
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

}  // namespace ipvs
