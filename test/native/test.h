// doctest, and how a list of numbers or names looks when a check of it fails.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <type_traits>
#include <vector>

template <typename Item>
struct doctest::StringMaker<std::vector<Item>> {
  static doctest::String convert(const std::vector<Item>& items) {
    std::string text;
    for (const Item& item : items) {
      if (!text.empty()) text += ", ";
      if constexpr (std::is_same_v<Item, std::string>) {
        text += item;
      } else {
        text += std::to_string(item);
      }
    }
    return ("{" + text + "}").c_str();
  }
};
