// doctest, and how a list of numbers looks when a check of it fails.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

template <typename Number>
struct doctest::StringMaker<std::vector<Number>> {
  static doctest::String convert(const std::vector<Number>& numbers) {
    std::string text;
    for (const Number& number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
    return ("{" + text + "}").c_str();
  }
};
