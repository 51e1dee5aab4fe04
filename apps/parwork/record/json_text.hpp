// Bytes in JSON: as text where they are UTF-8, else in base64 under another name.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// RFC 4648, with padding.
[[nodiscard]] std::string base64(std::string_view bytes);

/// Throws cli::error for what is no base64.
[[nodiscard]] std::string from_base64(std::string_view text);

/// 16 hexadecimal digits.
[[nodiscard]] std::string hex(std::uint64_t number);

/// Sets `object[name]`, or `object[name + "_b64"]` where the bytes are no UTF-8.
void put_bytes(nlohmann::ordered_json& object, const std::string& name, std::string_view bytes);

/// The same of a list: all of it in base64 where one of its strings needs it.
void put_all(nlohmann::ordered_json& object, const std::string& name,
             const std::vector<std::string>& strings);

/// What put_bytes and put_all have set. Throw nlohmann's exceptions where it is missing.
[[nodiscard]] std::string get_bytes(const nlohmann::ordered_json& object, const std::string& name);
[[nodiscard]] std::vector<std::string> get_all(const nlohmann::ordered_json& object,
                                               const std::string& name);

}  // namespace cli
