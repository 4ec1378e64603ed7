// Memory that may lack. The standard library throws where there is none; this is where such an exception
// ends. What it passes through owns everything by RAII.
#pragma once

#include <chrono>
#include <new>
#include <thread>

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

// Waits before memory is looked for again. For threads that owe an answer: others may free some meanwhile.
inline void PauseForMemory() {
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

}  // namespace ipvs
