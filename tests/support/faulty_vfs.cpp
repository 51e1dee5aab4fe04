#include "support/faulty_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <new>
#include <utility>

namespace faulty_vfs {

namespace {

struct fault_plan {
  std::mutex lock;
  operation what = operation::write;
  how fault = how::once;
  int left = 0;  // until the fault; 0: none is set
  bool failing = false;
  bool happened = false;
};
fault_plan plan;

enum class verdict { well, broken, torn, full };

verdict next(operation what) {
  const std::lock_guard guard(plan.lock);
  if (what != plan.what) return verdict::well;
  if (plan.left > 0 && --plan.left == 0) plan.failing = true;
  if (!plan.failing) return verdict::well;
  if (plan.fault == how::once) plan.failing = false;
  const bool first = !plan.happened;
  plan.happened = true;
  if (plan.fault == how::full) return verdict::full;
  return plan.fault == how::torn && first ? verdict::torn : verdict::broken;
}

sqlite3_vfs* underneath = nullptr;

// --- Power ---

struct disk_model {
  std::mutex lock;
  std::function<void(std::vector<disk_image>)> told;
  std::mt19937 random;
  disk_image written, synced;

  // Everything that was written, but of the sectors that were not synced some alone.
  disk_image torn() {
    disk_image some = written;
    for (auto& [name, bytes] : some) {
      const std::string& before = synced[name];
      constexpr std::size_t sector = 512;
      if (random() % 2 == 0) bytes.resize(before.size());
      for (std::size_t at = 0; at < bytes.size(); at += sector) {
        if (random() % 2 == 0) continue;
        const std::size_t size = std::min(sector, bytes.size() - at);
        std::string old = at < before.size() ? before.substr(at, size) : std::string();
        old.resize(size);
        bytes.replace(at, size, old);
      }
    }
    return some;
  }
};
disk_model disk;

std::string plain_name(const char* name) {
  const std::string whole = name;
  return whole.substr(whole.rfind('/') + 1);
}

// The wrapped file stands behind this one in the same memory.
struct file {
  sqlite3_file base;
  const char* name;  // SQLite's own; null for a temporary file
  [[nodiscard]] sqlite3_file* real() noexcept { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* real(sqlite3_file* f) { return reinterpret_cast<file*>(f)->real(); }
const sqlite3_io_methods* methods(sqlite3_file* f) { return real(f)->pMethods; }

const char* name_of(sqlite3_file* f) { return reinterpret_cast<file*>(f)->name; }

void note_write(sqlite3_file* f, const void* bytes, int size, sqlite3_int64 at) {
  const std::lock_guard guard(disk.lock);
  if (!disk.told || name_of(f) == nullptr) return;
  std::string& all = disk.written[plain_name(name_of(f))];
  const auto from = static_cast<std::size_t>(at), count = static_cast<std::size_t>(size);
  if (all.size() < from + count) all.resize(from + count);
  all.replace(from, count, static_cast<const char*>(bytes), count);
}

void note_size(sqlite3_file* f, sqlite3_int64 size) {
  const std::lock_guard guard(disk.lock);
  if (!disk.told || name_of(f) == nullptr) return;
  disk.written[plain_name(name_of(f))].resize(static_cast<std::size_t>(size));
}

void note_sync(sqlite3_file* f) {
  const std::lock_guard guard(disk.lock);
  if (!disk.told || name_of(f) == nullptr) return;
  std::vector<disk_image> possible{disk.synced, disk.torn(), disk.torn()};
  const std::string name = plain_name(name_of(f));
  disk.synced[name] = disk.written[name];
  possible.push_back(disk.synced);
  possible.push_back(disk.torn());
  disk.told(std::move(possible));
}

int remove(sqlite3_vfs*, const char* name, int sync_folder) {
  {
    const std::lock_guard guard(disk.lock);
    disk.written.erase(plain_name(name));
    disk.synced.erase(plain_name(name));
  }
  return underneath->xDelete(underneath, name, sync_folder);
}

int write(sqlite3_file* f, const void* bytes, int size, sqlite3_int64 at) {
  note_write(f, bytes, size, at);
  switch (next(operation::write)) {
    case verdict::well:
      return methods(f)->xWrite(real(f), bytes, size, at);
    case verdict::torn:
      (void)methods(f)->xWrite(real(f), bytes, size / 2, at);
      return SQLITE_IOERR_WRITE;
    case verdict::broken:
      return SQLITE_IOERR_WRITE;
    case verdict::full:
      return SQLITE_FULL;
  }
  return SQLITE_ERROR;
}

int sync(sqlite3_file* f, int flags) {
  note_sync(f);
  return next(operation::sync) == verdict::well ? methods(f)->xSync(real(f), flags)
                                                : SQLITE_IOERR_FSYNC;
}

const sqlite3_io_methods wrapped = {
    3,
    [](sqlite3_file* f) { return methods(f)->xClose(real(f)); },
    [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
      return methods(f)->xRead(real(f), to, size, at);
    },
    write,
    [](sqlite3_file* f, sqlite3_int64 size) {
      note_size(f, size);
      return methods(f)->xTruncate(real(f), size);
    },
    sync,
    [](sqlite3_file* f, sqlite3_int64* size) { return methods(f)->xFileSize(real(f), size); },
    [](sqlite3_file* f, int level) { return methods(f)->xLock(real(f), level); },
    [](sqlite3_file* f, int level) { return methods(f)->xUnlock(real(f), level); },
    [](sqlite3_file* f, int* held) { return methods(f)->xCheckReservedLock(real(f), held); },
    [](sqlite3_file* f, int op, void* about) {
      return methods(f)->xFileControl(real(f), op, about);
    },
    [](sqlite3_file* f) { return methods(f)->xSectorSize(real(f)); },
    [](sqlite3_file* f) { return methods(f)->xDeviceCharacteristics(real(f)); },
    [](sqlite3_file* f, int page, int size, int extend, void volatile** at) {
      return methods(f)->xShmMap(real(f), page, size, extend, at);
    },
    [](sqlite3_file* f, int offset, int n, int flags) {
      return methods(f)->xShmLock(real(f), offset, n, flags);
    },
    [](sqlite3_file* f) { methods(f)->xShmBarrier(real(f)); },
    [](sqlite3_file* f, int remove) { return methods(f)->xShmUnmap(real(f), remove); },
    [](sqlite3_file* f, sqlite3_int64 at, int size, void** to) {
      return methods(f)->xFetch(real(f), at, size, to);
    },
    [](sqlite3_file* f, sqlite3_int64 at, void* from) {
      return methods(f)->xUnfetch(real(f), at, from);
    }};

int open(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* given) {
  const int code = underneath->xOpen(underneath, name, real(f), flags, given);
  reinterpret_cast<file*>(f)->name = name;
  // Null: there is nothing to close.
  f->pMethods = real(f)->pMethods == nullptr ? nullptr : &wrapped;
  return code;
}

}  // namespace

void install() {
  static sqlite3_vfs vfs = [] {
    underneath = sqlite3_vfs_find(nullptr);
    sqlite3_vfs copy = *underneath;
    copy.szOsFile += static_cast<int>(sizeof(file));
    copy.zName = "faulty";
    copy.pNext = nullptr;
    copy.xOpen = open;
    copy.xDelete = remove;
    return copy;
  }();
  sqlite3_vfs_register(&vfs, 1);
}

void watch_power(std::function<void(std::vector<disk_image>)> told, unsigned seed) {
  const std::lock_guard guard(disk.lock);
  disk.told = std::move(told);
  disk.random.seed(seed);
  disk.written.clear();
  disk.synced.clear();
}

void fail(operation what, int nth, how fault) {
  const std::lock_guard guard(plan.lock);
  plan.what = what;
  plan.fault = fault;
  plan.left = nth;
  plan.failing = plan.happened = false;
}

bool heal() {
  const std::lock_guard guard(plan.lock);
  plan.left = 0;
  plan.failing = false;
  return plan.happened;
}

}  // namespace faulty_vfs
