#include "options/option_table.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "options/habits.hpp"
#include "support/error.hpp"

namespace cli {
namespace {

// How many letters have to be changed, added or left out (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t k = 0; k < b.size(); ++k) {
      const std::size_t changed = diagonal + (a[i] == b[k] ? 0 : 1);
      diagonal = row[k + 1];
      row[k + 1] = std::min({changed, row[k] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string most_similar(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t least = word.size() / 3 + 2;  // from here on they are different words
  for (const std::string& each : known) {
    const bool begins_so = word.size() > 3 && each.starts_with(word);
    const std::size_t difference = begins_so ? 0 : distance(word, each);
    if (difference < least) {
      least = difference;
      best = each;
    }
  }
  return best;
}

option_table::option_table(std::string name)
    : app_(std::make_unique<CLI::App>(std::string(), std::move(name))) {
  app_->set_help_flag();
}

void option_table::add(std::string_view section, const option_info& about,
                       std::function<void(const std::string&)> use) {
  const bool takes_value = !about.value.empty();
  std::string described(about.help);
  if (!about.otherwise.empty()) {
    described.append(" (default: ").append(about.otherwise).append(")");
  }
  const std::string help = described;  // CLI11 would take one that can be changed for a variable
  const std::string names(about.names);
  CLI::Option* const option =
      takes_value ? app_->add_option(names, help) : app_->add_flag(names, help);
  if (takes_value) option->type_name(std::string(about.value));
  option->group(std::string(section));
  const entry what{takes_value, std::move(use)};
  if (const auto name = about.short_name(); !name.empty()) entries_.emplace(name, what);
  entries_.emplace(about.long_name(), what);
}

const option_table::entry& option_table::find(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found != entries_.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [each, ignored] : entries_) {
    if (each.starts_with("--")) known.push_back(each);
  }
  const std::string similar = name.starts_with("--") ? most_similar(name, known) : std::string();
  if (const auto here = habit_of(name); !here.empty()) {
    throw error("there is no option " + name + "; here: " + std::string(here));
  }
  throw error("there is no option " + name +
              (similar.empty() ? std::string() : "; did you mean " + similar + "?") + " ('" +
              app_->get_name() +
              " --help' lists them; put -- before a command that begins "
              "with a dash)");
}

void option_table::use(const std::string& name, const std::string& value) {
  try {
    const entry& option = find(name);
    option.use(value);
    used_options_.push_back({name, value, option.takes_value});
  } catch (const error& fault) {
    throw error(name + ": " + fault.what());
  }
}

const std::string& option_table::following_value(const std::vector<std::string>& words,
                                                 const std::string& name) {
  if (used_ == words.size()) throw error(name + " needs a value");
  return words[used_++];
}

void option_table::parse_long(const std::vector<std::string>& words) {
  const std::string& word = words[used_++];
  const std::size_t equals = word.find('=');
  const std::string name = word.substr(0, equals);
  const bool takes_value = find(name).takes_value;
  if (equals != std::string::npos) {
    if (!takes_value) throw error(name + " takes no value");
    use(name, word.substr(equals + 1));
  } else {
    use(name, takes_value ? following_value(words, name) : std::string());
  }
}

// "-kj4": flags, and at the end one with a value.
void option_table::parse_short(const std::vector<std::string>& words) {
  const std::string& word = words[used_++];
  for (std::size_t i = 1; i < word.size(); ++i) {
    const std::string name{'-', word[i]};
    if (find(name).takes_value) {
      use(name, i + 1 < word.size() ? word.substr(i + 1) : following_value(words, name));
      return;
    }
    use(name, {});
  }
}

std::vector<std::string> option_table::parse(const std::vector<std::string>& words) {
  used_ = 0;
  while (used_ < words.size()) {
    const std::string& word = words[used_];
    if (word == "--") {
      ++used_;
      break;
    }
    if (word.size() < 2 || word.front() != '-') break;
    if (word[1] == '-') {
      parse_long(words);
    } else {
      parse_short(words);
    }
  }
  return {words.begin() + static_cast<std::ptrdiff_t>(used_), words.end()};
}

std::string option_table::parse_with_operand(const std::vector<std::string>& words,
                                             const char* only_one) {
  std::string operand;
  std::vector<std::string> rest;
  for (std::vector<std::string> ahead = words; !ahead.empty(); ahead = rest) {
    rest = parse(ahead);
    if (rest.empty()) break;
    if (!operand.empty()) throw error(only_one);
    operand = rest.front();
    rest.erase(rest.begin());
  }
  return operand;
}

std::vector<std::string> option_table::used_but(const std::vector<std::string>& names) const {
  std::vector<std::string> words;
  for (const used_option& each : used_options_) {
    if (std::ranges::find(names, each.name) != names.end()) continue;
    words.push_back(each.name);
    if (each.takes_value) words.push_back(each.value);
  }
  return words;
}

std::string option_table::help(const std::string& usage, const std::string& footer) {
  class formatter : public CLI::Formatter {
   public:
    explicit formatter(std::string usage) : usage_(std::move(usage)) {}
    std::string make_usage(const CLI::App* /*app*/, std::string /*name*/) const override {
      return usage_;
    }

   private:
    std::string usage_;
  };
  const auto ours = std::make_shared<formatter>(usage);
  ours->column_width(34);
  app_->formatter(ours);
  app_->footer(footer);
  return app_->help();
}

std::string help_of(const std::string& name, const std::vector<option_info>& options,
                    const std::string& usage, const std::string& footer) {
  option_table table(name);
  for (const option_info& each : options) table.add(each.section, each, {});
  return table.help(usage, footer);
}

}  // namespace cli
