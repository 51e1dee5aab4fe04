// How submitters and workers reach each other, and what they are told on the way.
//
// Thread safety: values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace parwork::nats {

/// Who one is to the server. One kind at most: user and password, a token, a file with the seed of
/// an nkey, or a file of credentials (a JWT and its key). All empty: nobody.
struct credentials {
  std::string user = {};
  std::string password = {};
  std::string token = {};
  std::string nkey_seed_file = {};
  std::string credentials_file = {};
};

/// Files in PEM. Any of them, or a URL that begins with `tls://`: the connection is encrypted, and
/// the server's certificate is always verified.
struct tls_files {
  std::string ca = {};           ///< who signs the server's certificate; empty: the system's
  std::string certificate = {};  ///< one's own, with `key`; empty: none
  std::string key = {};
  std::string server_name = {};  ///< in the server's certificate; empty: the host of the URL
};

/// Something that happened to the workers or the connection of a submitter.
struct event {
  enum class kind {
    worker_joined,
    worker_left,   ///< it said goodbye
    worker_lost,   ///< it does not answer any more: what it held is done elsewhere
    disconnected,  ///< from the server
    reconnected,
    no_workers,  ///< none has been there for 3 s
  };
  kind what;
  std::string worker;  ///< its id: 32 hexadecimal digits; empty where it is about no worker
  std::string host;
  std::string text;  ///< a sentence for people
};

/// One worker, as a submitter sees it.
struct worker_info {
  std::string id;  ///< 32 hexadecimal digits, others with each start
  std::string host;
  std::vector<std::string> labels;
  unsigned pid = 0;
  unsigned threads = 0;
  std::size_t held = 0;    ///< items, of all submitters
  std::uint64_t done = 0;  ///< items since it started, of all submitters
  double items_per_second = 0;
  std::chrono::nanoseconds silent_for{0};  ///< since it was last heard of
};

/// Names (jobs, works, labels, prefixes) are 1 to 64 letters, digits, `_` and `-`.
struct cluster_options {
  std::string url =
      "nats://127.0.0.1:4222";  ///< several, separated by commas: nodes of one cluster
  /// Of this name one submitter is there at a time; it takes over what workers kept of the one
  /// before. Empty: a name of its own, and nothing to come back to.
  std::string job = {};
  credentials login = {};
  tls_files tls = {};
  std::string prefix = "pw";  ///< first token of every subject: one for each team
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds(4);
  std::chrono::nanoseconds heartbeat = std::chrono::seconds(1);  ///< between polls of a worker
  /// A worker that answers no poll for so long is lost. REQUIRES: `heartbeat` or longer.
  std::chrono::nanoseconds lost_after = std::chrono::seconds(10);
  /// Without a server, or without any worker, for so long: the run ends by `disconnected`. 0: it
  /// waits for ever.
  std::chrono::nanoseconds give_up_after{0};
  /// Executions of an item that end with the loss of its worker, before it is abandoned: 1 to 100.
  unsigned max_attempts = 3;
  /// Called for each event, one call at a time, on a thread of the cluster. What it throws ends the
  /// run.
  std::function<void(const event&)> on_event = {};
};

/// One work of a submitter, as it says itself. Counts are of items.
struct job_info {
  std::string id;   ///< 32 hexadecimal digits, others with each start
  std::string job;  ///< empty where it has no name
  std::string work;
  std::string host;
  unsigned pid = 0;
  std::uint64_t pending = 0;  ///< with no worker
  std::uint64_t held = 0;     ///< by workers
  std::uint64_t done = 0;     ///< failed ones included
  std::uint64_t failed = 0;
  double items_per_second = 0;
  std::uint64_t total = 0;  ///< 0: not known
};

/// How work goes to workers of other machines.
struct remote_options {
  std::vector<std::string> needs = {};  ///< labels: only workers that offer all of them
  std::chrono::nanoseconds timeout{0};  ///< of an execution, on the worker; 0: none
  std::size_t max_batch = 4096;         ///< items in a message, at most: 1 to 65,536
};

/// Where a worker finds its work, and how long it waits for what.
struct worker_options {
  std::string url = "nats://127.0.0.1:4222";  ///< as in cluster_options, here and below
  credentials login = {};
  tls_files tls = {};
  std::string prefix = "pw";
  unsigned workers = 0;                  ///< threads; 0: available_cpus()
  std::vector<std::string> labels = {};  ///< what it offers
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds(4);
  std::chrono::nanoseconds give_up_after{
      0};                                 ///< without a server: run throws disconnected; 0: never
  std::chrono::nanoseconds idle_exit{0};  ///< without work: run returns; 0: never
  /// How long what runs may go on after a stop.
  std::chrono::nanoseconds leave_within = std::chrono::seconds(30);
  /// How long results are kept that no submitter is there to take.
  std::chrono::nanoseconds keep_results = std::chrono::hours(1);
  std::size_t keep_bytes = std::size_t{256} << 20;  ///< of them, at most; the oldest go first
};

}  // namespace parwork::nats
