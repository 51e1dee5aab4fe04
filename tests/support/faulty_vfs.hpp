// SQLite's files, with faults: the n-th write or sync fails, once or from then on.
//
// Thread safety: SQLite may use it from any thread; the fault is set while no file is open.
#pragma once

#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace faulty_vfs {

/// What the disk may hold when the power goes: files by their names without the folder.
using disk_image = std::map<std::string, std::string>;

/// From now on, at each sync `told` gets what the disk may hold before it and after it: what was
/// synced, and of every 512 bytes that were written since the new or the old ones, at random; once
/// with none of them. Called by the thread that syncs. Empty: no more. Set while no file is open.
void watch_power(std::function<void(std::vector<disk_image>)> told, unsigned seed = 1);

enum class operation { write, sync };

enum class how {
  once,      // the n-th fails with an I/O error, the disk is well again afterwards
  for_good,  // so do all that follow
  torn,      // the n-th writes half of its bytes and fails, as do all that follow
  full,      // no room from the n-th on
};

/// Makes these files the default for every connection that is opened from now on.
void install();

/// The `nth` operation, counted from now on and from 1, fails.
void fail(operation what, int nth, how fault);
/// No fault any more. Returns whether there was one.
bool heal();

}  // namespace faulty_vfs
