// An option is one entry: names, value, default, help, completion, its part of the manual and of
// the overview, and what it does. All texts about options are made from these.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// What a shell completes an option's value with, where it has no choices.
enum class completion : std::uint8_t { nothing, files };

/// A line of the overview: both empty where another option's line names this one.
struct overview_line {
  std::string_view names, text;
};

struct option_info {
  std::string_view names;           // "-j,--workers"
  std::string_view value = {};      // "N|N%"; empty: it is a flag
  std::string_view help = {};       // one line
  std::string_view otherwise = {};  // the default, where that is worth a word
  std::string_view choices = {};    // "group line raw"
  completion completes = completion::nothing;
  std::string_view manual_value = {};  // where the manual names the value in another way
  std::string_view manual = {};        // in the language of man(7)
  overview_line overview = {};
  std::string_view section = {};  // set by the list it is in

  /// With their dashes; empty where it has none.
  [[nodiscard]] std::string short_name() const;
  [[nodiscard]] std::string long_name() const;
};

/// `Request`: what the options of a subcommand are made into.
template <class Request>
struct option {
  option_info about;
  void (*use)(Request& to, const std::string& value);  // throws cli::error
};

/// Options under a heading of the help.
template <class Request>
struct option_section {
  std::string_view name;
  std::vector<option<Request>> options;
};

/// Those of all sections, in order.
template <class Request>
[[nodiscard]] std::vector<option_info> all_of(
    const std::vector<option_section<Request>>& sections) {
  std::vector<option_info> all;
  for (const auto& section : sections) {
    for (const auto& each : section.options) {
      all.push_back(each.about);
      all.back().section = section.name;
    }
  }
  return all;
}

/// -h,--help of any subcommand.
template <class Request>
constexpr option<Request> help_option{
    {.names = "-h,--help", .help = "This text", .manual = "Show the options."},
    [](Request& to, const std::string& /*no value*/) { to.help = true; }};

}  // namespace cli
