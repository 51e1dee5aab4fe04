// Options of one subcommand: CLI11 knows them and prints the help; words are told apart here.
//
// CLI11 does not take the words apart, because here options end at the first word that is none,
// and values are bytes that may look like anything ("-d -", "-c '[a]'").
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "options/option.hpp"

namespace cli {

class option_table {
 public:
  explicit option_table(std::string name);

  /// `to`: what the options are made into; lives longer than this.
  template <class Request>
  option_table(std::string name, const std::vector<option_section<Request>>& sections, Request& to)
      : option_table(std::move(name)) {
    for (const auto& section : sections) {
      for (const option<Request>& each : section.options) {
        add(section.name, each.about,
            [use = each.use, &to](const std::string& value) { use(to, value); });
      }
    }
  }

  /// What `use` throws is prefixed by the option.
  void add(std::string_view section, const option_info& about,
           std::function<void(const std::string&)> use);

  /// Uses the options at the front of the words; returns the words behind them. Throws cli::error.
  std::vector<std::string> parse(const std::vector<std::string>& words);

  /// The same for options that stand before and behind one other word, which is returned; empty:
  /// there is none. `only_one`: what is said where there are two.
  std::string parse_with_operand(const std::vector<std::string>& words, const char* only_one);

  /// How many words parse has used, "--" included.
  [[nodiscard]] std::size_t used() const noexcept { return used_; }

  /// What parse has used, one word for each option and value, but for the options named here.
  [[nodiscard]] std::vector<std::string> used_but(const std::vector<std::string>& names) const;

  [[nodiscard]] std::string help(const std::string& usage, const std::string& footer);

 private:
  struct entry {
    bool takes_value;
    std::function<void(const std::string&)> use;
  };

  void parse_long(const std::vector<std::string>& words);
  void parse_short(const std::vector<std::string>& words);
  void use(const std::string& name, const std::string& value);
  const entry& find(const std::string& name) const;
  const std::string& following_value(const std::vector<std::string>& words,
                                     const std::string& name);

  std::unique_ptr<CLI::App> app_;
  std::map<std::string, entry> entries_;  // by name, with dashes
  std::size_t used_ = 0;
  struct used_option {
    std::string name, value;
    bool takes_value;
  };
  std::vector<used_option> used_options_;
};

/// The help of options that nobody parses.
[[nodiscard]] std::string help_of(const std::string& name, const std::vector<option_info>& options,
                                  const std::string& usage, const std::string& footer);

/// The known word that is most like another one, or nothing where none is.
[[nodiscard]] std::string most_similar(std::string_view word,
                                       const std::vector<std::string>& known);

}  // namespace cli
