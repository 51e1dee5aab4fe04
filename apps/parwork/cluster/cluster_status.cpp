// `parwork status`: runs and workers behind a server, as a table or as JSON.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cluster/cluster.hpp"
#include "cluster/connection.hpp"
#include "parwork/nats.hpp"
#include "support/error.hpp"
#include "support/units.hpp"

namespace cli {
namespace {

using json = nlohmann::ordered_json;
using parwork::nats::job_info;
using parwork::nats::worker_info;

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& each : words) all += (all.empty() ? "" : ",") + each;
  return all.empty() ? "-" : all;
}

std::string rate_of(double items_per_second) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f/s", items_per_second);
  return text.data();
}

// Columns as wide as their widest cell; the last one is not filled up.
std::string table_of(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - row[i].size() + 2, ' ');
    }
    text += '\n';
  }
  return text;
}

json json_of(const worker_info& each) {
  return {{"id", each.id},           {"host", each.host},
          {"pid", each.pid},         {"labels", each.labels},
          {"threads", each.threads}, {"held", each.held},
          {"done", each.done},       {"items_per_second", each.items_per_second}};
}

json json_of(const job_info& each) {
  json line{{"id", each.id},     {"job", each.job},   {"work", each.work},
            {"host", each.host}, {"pid", each.pid},   {"pending", each.pending},
            {"held", each.held}, {"done", each.done}, {"items_per_second", each.items_per_second}};
  if (each.total > 0) line["total"] = each.total;
  return line;
}

std::string text_of(const std::vector<worker_info>& workers) {
  if (workers.empty()) return "no workers\n";
  std::vector<std::vector<std::string>> rows{
      {"WORKER", "HOST", "PID", "THREADS", "HELD", "DONE", "RATE", "LABELS"}};
  for (const worker_info& each : workers) {
    rows.push_back({each.id.substr(0, 8), each.host, std::to_string(each.pid),
                    std::to_string(each.threads), std::to_string(each.held),
                    std::to_string(each.done), rate_of(each.items_per_second),
                    joined(each.labels)});
  }
  return table_of(rows);
}

// When what it has in hand is done.
std::string rest_of(const job_info& each) {
  const std::uint64_t left = each.total > each.done ? each.total - each.done : 0;
  if (left == 0 || each.items_per_second <= 0) return "-";
  return readable_duration(nanoseconds_of(static_cast<double>(left) / each.items_per_second));
}

std::string text_of(const std::vector<job_info>& jobs) {
  if (jobs.empty()) return "no runs\n";
  std::vector<std::vector<std::string>> rows{
      {"RUN", "HOST", "PID", "PENDING", "HELD", "DONE", "RATE", "LEFT"}};
  for (const job_info& each : jobs) {
    rows.push_back({each.job.empty() ? each.id.substr(0, 8) : each.job, each.host,
                    std::to_string(each.pid), std::to_string(each.pending),
                    std::to_string(each.held), std::to_string(each.done),
                    rate_of(each.items_per_second), rest_of(each)});
  }
  return table_of(rows);
}

template <class Info>
json all_of(const std::vector<Info>& infos) {
  json all = json::array();
  for (const Info& each : infos) all.push_back(json_of(each));
  return all;
}

}  // namespace

std::string cluster_status(const status_settings& settings) {
  const parwork::nats::cluster cluster({.url = settings.url,
                                        .login = credentials_of(settings.login),
                                        .tls = tls_of(settings.login)});
  auto workers = cluster.workers();
  std::ranges::sort(workers, {},
                    [](const worker_info& each) { return std::pair(each.host, each.pid); });
  auto jobs = cluster.jobs();
  if (!settings.job.empty()) {
    std::erase_if(jobs, [&](const job_info& each) { return each.job != settings.job; });
  }
  std::ranges::sort(jobs, {}, [](const job_info& each) { return std::pair(each.job, each.id); });
  if (!settings.json) return text_of(jobs) + '\n' + text_of(workers);
  const json all{{"runs", all_of(jobs)}, {"workers", all_of(workers)}};
  return all.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

}  // namespace cli
