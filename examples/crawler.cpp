// crawler: fetches every page that can be reached by links, from a copy of web sites on the disk.
//
// Shows: `keyed`, so that a host has one request at a time, however many workers there are;
// `context::spawn`, for the links that a page turns out to have; and a pace for all requests.
//
// `paced` is for generators: it would pace the first pages, and none that is spawned. So here its
// clock ticks inside of work, in a stage of its own. The stage is limited to one page at a time,
// which is what a paced generator needs. Pages that wait for their turn behind it, or for their
// host, hold no worker.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <parwork/parwork.hpp>
#include <ranges>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

#include "common/ending.hpp"
#include "common/interrupt.hpp"
#include "common/program.hpp"

namespace fs = std::filesystem;

namespace {

constexpr std::string_view usage =
    R"(usage: crawler [--rate N] [--workers N] [--] SITES URL...

Fetches the pages at the URLs and all that they lead to by <a href="...">, each once. A URL is
http://HOST/PATH, and its page the file SITES/HOST/PATH, as `wget --mirror` leaves them; a path that
ends in / means the file index.html there. Links are taken as they are written: nothing in them is
decoded, and what stands behind # or ? is dropped. Prints pages and bytes of each host.

  --rate N      requests a second, of all hosts together (default: 100)
  --workers N   requests at once, each to another host (default: the CPUs that may be used)

Exit status: 0 all pages were fetched; 1 some could not be; 2 bad usage; 130 interrupted.
)";

struct page {
  std::string host;
  std::string path;       // begins with /
  std::string from = {};  // the page that has the link; empty for those of the command line

  std::string url() const { return std::string("http://").append(host).append(path); }
};

// --- Links ---

bool is_host(std::string_view text) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '.'; };
  return !text.empty() && text.front() != '.' && std::ranges::all_of(text, fits);
}

/// Nothing for links to what is no page: other schemes, places in the same page.
std::optional<page> target_of(std::string_view link, const page& on) {
  link = link.substr(0, link.find_first_of("#?"));
  if (link.empty()) return std::nullopt;
  page to{.host = on.host, .path = {}, .from = on.host.empty() ? std::string() : on.url()};
  std::string path(link);
  const std::size_t scheme = link.find("//");
  if (scheme == 0 || link.starts_with("http://") || link.starts_with("https://")) {
    const std::string_view rest = link.substr(scheme + 2);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    to.host = rest.substr(0, slash);
    path = rest.substr(slash);
  } else if (link.find(':') < link.find('/')) {
    return std::nullopt;  // mailto: and the like
  } else if (!link.starts_with('/')) {
    path.insert(0, on.path.substr(0, on.path.rfind('/') + 1));
  }
  if (!is_host(to.host)) return std::nullopt;
  if (path.empty()) path = "/";
  to.path = fs::path(path).lexically_normal().string();  // .. leads nowhere above the host's folder
  return to;
}

/// Finds `wanted`, which is in small letters; a space in it stands for any white space.
std::string_view from_match(std::string_view html, std::string_view wanted) {
  const auto alike = [](unsigned char c, char other) {
    return other == ' ' ? std::isspace(c) != 0 : std::tolower(c) == other;
  };
  const auto found = std::ranges::search(html, wanted, alike);
  return {found.begin(), html.end()};
}

/// The value of an attribute, ` name=` as from_match takes it, without quotation marks.
std::string_view value_of(std::string_view tag, std::string_view attribute) {
  std::string_view value = from_match(tag, attribute);
  if (value.empty()) return {};
  value.remove_prefix(attribute.size());
  if (!value.starts_with('"') && !value.starts_with('\'')) {
    return value.substr(0, value.find_first_of(" \t\r\n"));
  }
  const std::size_t end = value.find(value.front(), 1);
  return value.substr(1, end == std::string_view::npos ? end : end - 1);
}

std::vector<page> links_of(std::string_view html, const page& on) {
  constexpr std::string_view anchor = "<a ";
  std::vector<page> links;
  for (html = from_match(html, anchor); !html.empty(); html = from_match(html, anchor)) {
    const std::string_view tag = html.substr(0, html.find('>'));
    if (auto link = target_of(value_of(tag, " href="), on)) links.push_back(std::move(*link));
    html.remove_prefix(anchor.size());
  }
  return links;
}

// --- Pages ---

// [once]
/// Pages that somebody has taken already. All workers ask.
class seen_pages {
 public:
  /// Whether nobody has asked for this one before.
  bool add(const page& next) {
    const std::scoped_lock lock(mutex_);
    return urls_.insert(next.url()).second;
  }

 private:
  std::mutex mutex_;
  std::unordered_set<std::string> urls_;
};
// [/once]

std::expected<std::string, std::string> read_page(const fs::path& sites, const page& next) {
  fs::path file = sites / next.host / next.path.substr(1);
  if (next.path.ends_with('/')) file /= "index.html";
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    return std::unexpected(error ? error.message() : std::string("is no file"));
  }
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::unexpected(std::string("cannot be read"));
  return std::string(std::istreambuf_iterator<char>(in), {});
}

struct tally {
  std::uint64_t pages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t failed = 0;
};
using tallies = std::map<std::string, tally>;

void complain(const page& missing, const parwork::failure& why) {
  std::string text = missing.url().append(": ").append(why.message());
  if (!missing.from.empty()) text.append(", linked from ").append(missing.from);
  std::fprintf(stderr, "crawler: %s\n", text.c_str());
}

int print(const tallies& hosts, const parwork::summary& summary) {
  for (const auto& [host, found] : hosts) {
    std::printf("%s %llu pages, %llu bytes, %llu failed\n", host.c_str(),
                static_cast<unsigned long long>(found.pages),
                static_cast<unsigned long long>(found.bytes),
                static_cast<unsigned long long>(found.failed));
  }
  return examples::end_with(summary);
}

int body(examples::arguments& words) {
  const examples::interrupt ctrl_c;
  const std::uint64_t rate = words.number("--rate", 100, 1, 1'000'000'000);
  const auto workers = static_cast<unsigned>(words.number("--workers", 0, 0, parwork::max_workers));
  const std::vector<std::string> operands = words.operands();
  if (operands.size() < 2) throw examples::usage_error("no folder and URL given");
  const fs::path sites = operands.front();
  if (!fs::is_directory(sites)) throw examples::usage_error(sites.string() + ": no directory");
  seen_pages seen;
  std::vector<page> first;
  for (const std::string& url : operands | std::views::drop(1)) {
    std::optional<page> start = target_of(url, {});
    if (!start) throw examples::usage_error(url + ": not of the form http://HOST/PATH");
    if (seen.add(*start)) first.push_back(std::move(*start));
  }

  tallies hosts;
  const auto collect = [&](const parwork::completion<page, std::size_t>& done) {
    tally& host = hosts[done.item.host];
    if (done.result) {
      ++host.pages;
      host.bytes += *done.result;
    } else if (done.result.error().kind() != parwork::failure_kind::cancelled) {
      ++host.failed;
      complain(done.item, done.result.error());
    }
  };
  // [crawl]
  auto turns = parwork::paced(std::views::iota(std::uint64_t{0}), static_cast<double>(rate));
  const auto wait_for_turn = [&](const page& next, parwork::context& context) {
    std::ignore = turns(context.stop_token());  // a stop ends the wait, and then the run
    return next;
  };
  const auto fetch = [&](const page& next,
                         parwork::context& context) -> std::expected<std::size_t, std::string> {
    const auto text = read_page(sites, next);
    if (!text) return std::unexpected(text.error());
    for (page& link : links_of(*text, next)) {
      if (seen.add(link)) context.spawn(std::move(link));
    }
    return text->size();
  };
  const auto host_of = [](const page& next) { return next.host; };
  const auto requests = parwork::stages(parwork::limited(wait_for_turn, 1), fetch);
  const parwork::summary summary =
      parwork::process(first, parwork::keyed(requests, host_of), collect,
                       {.workers = workers,
                        .stop = ctrl_c.token(),
                        .on_progress = parwork::progress_bar(stderr, "pages")});
  // [/crawl]
  return print(hosts, summary);
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }
