#include "record/json_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "support/error.hpp"
#include "support/units.hpp"

namespace cli {
namespace {

constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const bool there = i + k < bytes.size();
      group = group << 8U | (there ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      const bool there = i + k <= bytes.size();
      text += there ? digits[group >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return text;
}

std::string from_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned count = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (const char c : text) {
    const std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos) throw error("this is no base64: " + std::string(text));
    bits = bits << 6U | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xffU);
    }
  }
  return bytes;
}

std::string hex(std::uint64_t number) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(number));
  return text.data();
}

void put_bytes(nlohmann::ordered_json& object, const std::string& name, std::string_view bytes) {
  if (is_utf8(bytes)) {
    object[name] = bytes;
  } else {
    object[name + "_b64"] = base64(bytes);
  }
}

void put_all(nlohmann::ordered_json& object, const std::string& name,
             const std::vector<std::string>& strings) {
  if (std::ranges::all_of(strings, is_utf8)) {
    object[name] = strings;
    return;
  }
  auto& list = object[name + "_b64"] = nlohmann::ordered_json::array();
  for (const std::string& each : strings) list.push_back(base64(each));
}

std::string get_bytes(const nlohmann::ordered_json& object, const std::string& name) {
  if (object.contains(name)) return object.at(name).get<std::string>();
  return from_base64(object.at(name + "_b64").get<std::string>());
}

std::vector<std::string> get_all(const nlohmann::ordered_json& object, const std::string& name) {
  if (object.contains(name)) return object.at(name).get<std::vector<std::string>>();
  std::vector<std::string> strings;
  for (const auto& each : object.at(name + "_b64"))
    strings.push_back(from_base64(each.get<std::string>()));
  return strings;
}

}  // namespace cli
